/* A line is a record when it has exactly the form of docs/audit-format.md. */
#include "trail.h"

static char memory[AUDIT_LINE_CAP];

static void format(const struct audit_record *record, const char *key, struct text *ret)
{
	char zeros[HASH_TEXT];
	struct audit_line line = {.sequence = 7,
				  .wall_us = INT64_C(1767323045678901),
				  .pid = 4711,
				  .host = "host-a",
				  .previous = zeros,
				  .key = key,
				  .record = record};

	snprintf(zeros, sizeof(zeros), "%064d", 0);
	audit_line_format(&line, ret);
	assert_int_equal(ret->data[ret->size - 1], '\n');
	text_cut(ret, ret->size - 1);
}

static bool is_record(const char *line, size_t size)
{
	struct audit_entry entry;

	return audit_line_parse(line, size, memory, &entry);
}

static void what_was_written_is_what_is_read(void **state)
{
	TEXT_CLEANUP struct text line = {0};
	struct audit_record record = intent;
	struct audit_entry entry;

	(void)state;
	record.database = "9b1d";
	record.duration_us = 48210;
	record.exit_code = 143;
	record.message = "a\n\t\"q\" \\ \x1b[31m \xc2\x9b \xc3\xa9 \xf0\x9f\x90\x98 \xff";
	format(&record, NULL, &line);
	assert_true(audit_line_parse(line.data, line.size, memory, &entry));
	assert_int_equal(entry.sequence, 7);
	assert_string_equal(entry.time, "2026-01-02T03:04:05.678901Z");
	assert_string_equal(entry.run, intent.run);
	assert_int_equal(entry.pid, 4711);
	assert_string_equal(entry.host, "host-a");
	assert_string_equal(entry.actor, "ada");
	assert_string_equal(entry.command, "migrate:run");
	assert_string_equal(entry.connection, "sqlite");
	assert_string_equal(entry.database, "9b1d");
	assert_string_equal(entry.class_name, "writes");
	assert_string_equal(entry.verdict, "allowed");
	assert_string_equal(entry.phase, "intent");
	assert_int_equal(entry.duration_us, 48210);
	assert_int_equal(entry.exit_code, 143);
	assert_string_equal(entry.message,
			    "a\n\t\"q\" \\ \x1b[31m \xc2\x9b \xc3\xa9 \xf0\x9f\x90\x98 \xef\xbf\xbd");
	assert_int_equal(strspn(entry.previous, "0"), 64);
	assert_null(entry.hmac);
}

static void what_is_null_is_none(void **state)
{
	TEXT_CLEANUP struct text line = {0};
	struct audit_record record = intent;
	struct audit_entry entry;

	(void)state;
	record.connection = NULL;
	format(&record, NULL, &line);
	assert_true(audit_line_parse(line.data, line.size, memory, &entry));
	assert_null(entry.connection);
	assert_null(entry.database);
	assert_null(entry.message);
	assert_int_equal(entry.duration_us, -1);
	assert_int_equal(entry.exit_code, -1);
}

static void a_line_with_bytes_missing_or_added_is_no_record(void **state)
{
	static const char *const keys[] = {NULL, "0123456789abcdef"};

	(void)state;
	for (size_t k = 0; k < COUNT_OF(keys); k++) {
		TEXT_CLEANUP struct text line = {0};

		format(&intent, keys[k], &line);
		assert_true(is_record(line.data, line.size));
		for (size_t i = 0; i < line.size; i++)
			assert_false(is_record(line.data, i));
		assert_false(is_record(line.data + 1, line.size - 1));
		text_add_char(&line, ' ');
		assert_false(is_record(line.data, line.size));
	}
}

/* `from` occurs once and is replaced. */
static bool is_record_with(const char *from, const char *to)
{
	TEXT_CLEANUP struct text line = {0};
	TEXT_CLEANUP struct text changed = {0};
	const char *at;

	format(&intent, NULL, &line);
	at = strstr(line.data, from);
	assert_non_null(at);
	text_append(&changed, line.data, (size_t)(at - line.data));
	text_add(&changed, to);
	text_add(&changed, at + strlen(from));
	return is_record(changed.data, changed.size);
}

static void another_form_is_no_record(void **state)
{
	(void)state;
	assert_true(is_record_with("\"seq\":7", "\"seq\":9223372036854775807"));
	assert_false(is_record_with("\"seq\":7", "\"seq\":9223372036854775808"));
	assert_false(is_record_with("\"seq\":7", "\"seq\":0"));
	assert_false(is_record_with("\"seq\":7", "\"seq\":07"));
	assert_false(is_record_with("\"seq\":7", "\"seq\":-7"));
	assert_false(is_record_with("\"seq\":7", "\"seq\": 7"));
	assert_false(is_record_with("05.678901Z", "05.67890Z"));
	assert_false(is_record_with("T03:", " 03:"));
	assert_true(is_record_with("\"ada\"", "\"\\u0061da\""));
	assert_false(is_record_with("\"ada\"", "\"\\u0000da\""));
	assert_false(is_record_with("\"ada\"", "\"\\ud83d\\udc18\""));
	assert_false(is_record_with("\"ada\"", "\"a\\da\""));
	assert_false(is_record_with("\"ada\"", "\"a\x01\""));
	assert_false(is_record_with("\"ada\"", "\"a\xff\""));
	assert_false(is_record_with("\"ada\"", "null"));
	assert_false(is_record_with("\"exit\":null", "\"exit\":256"));
	assert_false(is_record_with("\"message\":null", "\"message\":1"));
	assert_false(is_record_with("\"message\":null", "\"message\":null,\"more\":1"));
	assert_false(is_record_with("\"actor\":\"ada\",", ""));
	assert_false(is_record_with("00000000\"}", "0000000g\"}"));
	assert_false(is_record_with("00000000\"}", "000000000\"}"));
	assert_false(is_record_with("00000000\"}", "00000000\",\"hmac\":\"0\"}"));
}

static void the_hmac_covers_the_line_up_to_itself(void **state)
{
	static const char key[] = "0123456789abcdef";
	TEXT_CLEANUP struct text plain = {0};
	TEXT_CLEANUP struct text line = {0};
	struct audit_entry entry;
	char hmac[HASH_TEXT];

	(void)state;
	format(&intent, NULL, &plain);
	format(&intent, key, &line);
	assert_true(audit_line_parse(line.data, line.size, memory, &entry));
	assert_memory_equal(line.data, plain.data, plain.size - 1);
	assert_int_equal(entry.covered, plain.size - 1);
	hash_hmac(key, strlen(key), plain.data, plain.size - 1, hmac);
	assert_string_equal(entry.hmac, hmac);
	assert_int_equal(audit_signature_check(&entry, line.data, key), AUDIT_HMAC_RIGHT);
	assert_int_equal(audit_signature_check(&entry, line.data, "another key of ours"),
			 AUDIT_HMAC_WRONG);
	assert_int_equal(audit_signature_check(&entry, line.data, NULL), AUDIT_HMAC_UNCHECKED);
	line.data[10] ^= 1;
	assert_int_equal(audit_signature_check(&entry, line.data, key), AUDIT_HMAC_WRONG);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_what_is_read),
		cmocka_unit_test(what_is_null_is_none),
		cmocka_unit_test(a_line_with_bytes_missing_or_added_is_no_record),
		cmocka_unit_test(another_form_is_no_record),
		cmocka_unit_test(the_hmac_covers_the_line_up_to_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
