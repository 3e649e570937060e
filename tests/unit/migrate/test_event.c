/* The canonical bytes of an event, by the worked example of docs/history-format.md. */
#include "migrate/private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define EXAMPLE_HASH "8b0642408b0f4c03f65177d4b2a25a697e9b932f577731a3450d9a3cabc4b9be"
#define SECOND_HASH "6bcd07543974eb358ebbb171b90cad14aee1919f0196a7966d971dfb8e1c0c35"

static struct elq_str str(const char *text)
{
	return (struct elq_str){text, text ? strlen(text) : 0};
}

static struct elq_event example(void)
{
	return (struct elq_event){
		.struct_size = sizeof(struct elq_event),
		.sequence = 1,
		.run = str("0123456789abcdef0123456789abcdef"),
		.batch = 1,
		.version = str("20260102030405"),
		.name = str("20260102030405_create_users"),
		.checksum = str("8c1d8829aa075a46399e2c086adadc3be0ef1fe09fa769e9a6fa806a061d90e6"),
		.direction = str("up"),
		.event = str("applied"),
		.statement = -1,
		.actor = str("ada"),
		.host = str("build-7"),
		.tool = str("eloquent 0.1.0"),
		.audit_head = str(""),
		.previous = str(HISTORY_GENESIS),
		.duration_us = -1,
		.rows = -1,
	};
}

static void the_worked_example_has_the_documented_hash(void **state)
{
	(void)state;
	char hash[HASH_TEXT];
	struct elq_event event = example();
	event_hash(&event, hash);
	assert_string_equal(hash, EXAMPLE_HASH);
}

static void the_documentation_shows_the_same_hash(void **state)
{
	(void)state;
	TEXT_CLEANUP struct text page = {0};
	ERROR_CLEANUP struct error error = {0};
	assert_int_equal(file_read(TEST_SOURCE_DIR "/docs/history-format.md", 1 << 20, &page, &error),
			 STATUS_OK);
	assert_non_null(strstr(page.data, EXAMPLE_HASH));
}

static void the_next_event_is_tied_to_it(void **state)
{
	(void)state;
	char hash[HASH_TEXT];
	struct elq_event event = example();
	event.sequence = 2;
	event.direction = str("down");
	event.event = str("failed");
	event.statement = 1;
	event.detail = str("{\"code\":\"statement_failed\"}");
	event.previous = str(EXAMPLE_HASH);
	event_hash(&event, hash);
	assert_string_equal(hash, SECOND_HASH);
}

static void expect_change(const struct elq_event *event, bool changed)
{
	char before[HASH_TEXT];
	char hash[HASH_TEXT];
	const struct elq_event unchanged = example();
	event_hash(&unchanged, before);
	event_hash(event, hash);
	if (changed)
		assert_string_not_equal(hash, before);
	else
		assert_string_equal(hash, before);
}

static void every_field_up_to_previous_is_covered(void **state)
{
	(void)state;
	const size_t strings[] = {
		offsetof(struct elq_event, run),       offsetof(struct elq_event, version),
		offsetof(struct elq_event, name),      offsetof(struct elq_event, checksum),
		offsetof(struct elq_event, direction), offsetof(struct elq_event, event),
		offsetof(struct elq_event, actor),     offsetof(struct elq_event, host),
		offsetof(struct elq_event, tool),      offsetof(struct elq_event, audit_head),
		offsetof(struct elq_event, detail),    offsetof(struct elq_event, previous),
	};
	const size_t numbers[] = {offsetof(struct elq_event, sequence),
				  offsetof(struct elq_event, batch),
				  offsetof(struct elq_event, statement)};
	for (size_t i = 0; i < COUNT_OF(strings); i++) {
		struct elq_event event = example();
		*(struct elq_str *)((char *)&event + strings[i]) = str("another");
		expect_change(&event, true);
	}
	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		struct elq_event event = example();
		*(int64_t *)((char *)&event + numbers[i]) = 77;
		expect_change(&event, true);
	}
}

static void what_the_server_fills_in_is_not_covered(void **state)
{
	(void)state;
	struct elq_event event = example();
	event.duration_us = 1234;
	event.rows = 5;
	event.at = str("2026-01-02T03:04:05Z");
	event.hash = str("x");
	expect_change(&event, false);
}

static void no_value_and_an_empty_one_differ(void **state)
{
	(void)state;
	struct elq_event event = example();
	event.audit_head = str(NULL);
	expect_change(&event, true);
	event = example();
	event.detail = str("");
	expect_change(&event, true);
}

static void bytes_cannot_move_from_one_field_to_the_next(void **state)
{
	(void)state;
	char first[HASH_TEXT];
	char second[HASH_TEXT];
	struct elq_event event = example();
	event.actor = str("ab");
	event.host = str("c");
	event_hash(&event, first);
	event.actor = str("a");
	event.host = str("bc");
	event_hash(&event, second);
	assert_string_not_equal(first, second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_worked_example_has_the_documented_hash),
		cmocka_unit_test(the_documentation_shows_the_same_hash),
		cmocka_unit_test(the_next_event_is_tied_to_it),
		cmocka_unit_test(every_field_up_to_previous_is_covered),
		cmocka_unit_test(what_the_server_fills_in_is_not_covered),
		cmocka_unit_test(no_value_and_an_empty_one_differ),
		cmocka_unit_test(bytes_cannot_move_from_one_field_to_the_next),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
