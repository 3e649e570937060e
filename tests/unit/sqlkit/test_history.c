/* test_history.c - the history's statements in dialects that have no driver
 * yet. What they do to a database is tested where there is one:
 * tests/unit/sqlite/test_history.c. */
#include "sqlkit/history.h"
#include "sqlkit/ours.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* Long enough to meet every buffer's end, were it too small. */
static const struct sqlkit_history_dialect numbered = {
	.schema = "\"a_schema_name_as_long_as_postgresql_lets_one_be_which_is_63_byte\".",
	.quote = '"',
	.integer = "bigint",
	.text = "text",
	.key = "text",
	.now = "to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')",
	.parameter = "$",
};
static const struct sqlkit_history_dialect backquoted = {
	.schema = "",
	.quote = '`',
	.integer = "BIGINT",
	.text = "LONGTEXT CHARACTER SET utf8mb4",
	.key = "VARCHAR(190) CHARACTER SET utf8mb4",
	.now = "date_format(utc_timestamp(6), '%Y-%m-%dT%H:%i:%s.%fZ')",
	.parameter = "?",
};

static bool ends(const char *text, const char *end)
{
	size_t size = strlen(text);
	return size >= strlen(end) && strcmp(text + size - strlen(end), end) == 0;
}

static void statements_are_whole_in_every_dialect(void **state)
{
	(void)state;
	const struct sqlkit_history_dialect *const dialects[] = {&numbered, &backquoted};
	for (size_t i = 0; i < 2; i++) {
		struct sqlkit_history history;
		memset(&history, 'x', sizeof(history));
		sqlkit_history_compose(&history, dialects[i]);
		assert_true(ends(history.create_history, ")\n)"));
		assert_true(ends(history.create_meta, " NOT NULL\n)"));
		assert_true(ends(history.append, i == 0 ? ", $18)" : ", ?)"));
		assert_true(ends(history.read,
				 i == 0 ? "ORDER BY h.\"sequence\"" : "ORDER BY h.`sequence`"));
		assert_true(
			ends(history.read_meta, i == 0 ? "ORDER BY m.\"key\"" : "ORDER BY m.`key`"));
		assert_true(ends(history.remove_meta, i == 0 ? "\"key\" = $1" : "`key` = ?"));
		assert_true(ends(history.insert_meta, i == 0 ? "VALUES ($1, $2)" : "VALUES (?, ?)"));
	}
}

static void an_append_writes_every_column_but_the_servers(void **state)
{
	(void)state;
	struct sqlkit_history history;
	sqlkit_history_compose(&history, &backquoted);
	int marks = 0;
	for (const char *mark = history.append; (mark = strchr(mark, '?')); mark++)
		marks++;
	assert_int_equal(marks, 18);
	assert_null(strstr(history.append, "`at`"));
	assert_non_null(strstr(history.read, "h.`at`"));
}

static void our_names_are_known_in_any_case(void **state)
{
	(void)state;
	assert_true(sqlkit_name_is_ours("eloquent_history"));
	assert_true(sqlkit_name_is_ours("ELOQUENT_Meta"));
	assert_true(sqlkit_name_is_ours("eloquent_lock"));
	assert_false(sqlkit_name_is_ours("eloquent_history2"));
	assert_false(sqlkit_name_is_ours("users"));
	assert_false(sqlkit_name_is_ours(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statements_are_whole_in_every_dialect),
		cmocka_unit_test(an_append_writes_every_column_but_the_servers),
		cmocka_unit_test(our_names_are_known_in_any_case),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
