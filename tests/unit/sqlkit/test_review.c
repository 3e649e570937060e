/* test_review.c - what a statement says on its face. The dialect is SQLite's lexer; what
 * follows from the answers is tested with the driver. */
#include "sqlkit/review.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct sqlkit_lexer lexer = {.quotes = "'\"`", .brackets = true};

static struct sqlkit_shape shape_of(const char *text)
{
	struct sqlkit_shape shape;
	sqlkit_shape_read(&lexer, text, strlen(text), &shape);
	return shape;
}

static void the_verb_is_found_behind_comments_explain_and_with(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum sqlkit_verb verb;
	} cases[] = {
		{"", SQLKIT_VERB_OTHER},
		{"'DROP'", SQLKIT_VERB_OTHER},
		{"\"DROP\" TABLE x", SQLKIT_VERB_OTHER},
		{" /* a */ drop -- b\n table x", SQLKIT_VERB_DROP},
		{"EXPLAIN QUERY PLAN DELETE FROM x", SQLKIT_VERB_DELETE},
		{"with a as (select 1), delete_ as (delete) update x set a = 1", SQLKIT_VERB_UPDATE},
		{"WITH replace AS (SELECT 1) DELETE FROM x", SQLKIT_VERB_DELETE},
		{"WITH a AS (SELECT 1) REPLACE INTO x SELECT * FROM a", SQLKIT_VERB_REPLACE},
		{"WITH a AS (SELECT 1", SQLKIT_VERB_OTHER},
		{"VALUES (1)", SQLKIT_VERB_SELECT},
		{"savepoint x", SQLKIT_VERB_TRANSACTION},
		{"MERGE INTO x", SQLKIT_VERB_OTHER},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(shape_of(cases[i].text).verb, cases[i].verb);
}

static void where_and_into_count_outside_parentheses_only(void **state)
{
	(void)state;
	assert_true(shape_of("DELETE FROM x WHERE a").where);
	assert_true(shape_of("DELETE FROM x LIMIT 1").where);
	assert_false(shape_of("DELETE FROM x RETURNING (SELECT 1 WHERE 1)").where);
	assert_false(shape_of("WITH a AS (SELECT 1 WHERE 1) DELETE FROM x").where);
	assert_false(shape_of("DELETE FROM x -- WHERE a").where);
	assert_false(shape_of("DELETE FROM \"WHERE\"").where);
	assert_true(shape_of("VACUUM main INTO 'x'").into);
	assert_false(shape_of("VACUUM").into);
}

static void replace_is_a_clause_and_no_function(void **state)
{
	(void)state;
	static const char *const yes[] = {
		"REPLACE INTO x VALUES (1)",
		"INSERT OR REPLACE INTO x VALUES (1)",
		"UPDATE OR REPLACE x SET a = 1",
		"INSERT or/**/replace into x VALUES (1)",
		"CREATE TRIGGER t AFTER INSERT ON x BEGIN INSERT OR REPLACE INTO y VALUES (1); END",
	};
	static const char *const no[] = {
		"SELECT replace(a, 'b', 'c')",
		"SELECT a OR replace(a, 'b', 'c')",
		"INSERT INTO x VALUES ('OR REPLACE INTO')",
		"INSERT INTO x (\"OR\", \"REPLACE\") VALUES (1, 2)",
		"-- INSERT OR REPLACE INTO x\nSELECT 1",
	};
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		assert_true(shape_of(yes[i]).replaces);
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		assert_false(shape_of(no[i]).replaces);
}

static void two_words_are_found_side_by_side(void **state)
{
	(void)state;
	const char *text = "a TEXT UNIQUE on /* x */ CONFLICT ignore";
	assert_true(sqlkit_says(&lexer, text, strlen(text), "ON", "CONFLICT"));
	assert_false(sqlkit_says(&lexer, text, strlen(text), "CONFLICT", "REPLACE"));
	assert_false(sqlkit_says(&lexer, text, strlen(text), "UNIQUE", "CONFLICT"));
}

static bool is_copy(const char *text)
{
	struct sqlkit_copy copy;
	return sqlkit_copy_read(&lexer, text, strlen(text), "main", &copy);
}

static void a_copy_is_one_whole_form_and_nothing_else(void **state)
{
	(void)state;
	static const char *const yes[] = {
		"INSERT INTO a SELECT * FROM b",
		"INSERT INTO main.a (x, \"y\") SELECT ALL x, f(1, 2) FROM \"main\".[b] ; ;",
		"CREATE TABLE a AS SELECT x FROM b -- all",
	};
	static const char *const no[] = {
		"INSERT OR IGNORE INTO a SELECT * FROM b",
		"INSERT INTO other.a SELECT * FROM b",
		"INSERT INTO a SELECT * FROM other.b",
		"INSERT INTO a SELECT DISTINCT * FROM b",
		"INSERT INTO a SELECT * FROM b WHERE x",
		"INSERT INTO a SELECT * FROM b, c",
		"INSERT INTO a SELECT * FROM b c",
		"INSERT INTO a SELECT * FROM b LIMIT 1",
		"INSERT INTO a SELECT * FROM b UNION SELECT * FROM c",
		"INSERT INTO a SELECT * FROM (SELECT * FROM b)",
		"INSERT INTO a SELECT * FROM b RETURNING x",
		"INSERT INTO a SELECT x IS DISTINCT FROM b, y FROM c",
		"INSERT INTO a SELECT (SELECT 1 FROM b)",
		"INSERT INTO a VALUES (1)",
		"INSERT INTO 'a' SELECT * FROM b",
		"INSERT INTO a SELECT * FROM 'b'",
		"INSERT INTO \"a\"\"b\" SELECT * FROM b",
		"WITH b AS (SELECT 1) INSERT INTO a SELECT * FROM b",
		"CREATE TEMP TABLE a AS SELECT * FROM b",
		"CREATE TABLE IF NOT EXISTS a AS SELECT * FROM b",
		"CREATE TABLE a (x)",
		"INSERT INTO a SELECT * FROM b; DROP TABLE b",
		"INSERT INTO a SELECT * FROM",
		"INSERT INTO a (x, (y)) SELECT * FROM b",
	};
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		assert_true(is_copy(yes[i]));
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		assert_false(is_copy(no[i]));
}

static void an_item_is_a_column_by_its_name_alone(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum sqlkit_item_kind kind;
		const char *name;
	} cases[] = {
		{"a", SQLKIT_ITEM_NAME, "a"},
		{" \"a b\" ", SQLKIT_ITEM_NAME, "a b"},
		{"t.[a]", SQLKIT_ITEM_NAME, "a"},
		{"a AS b", SQLKIT_ITEM_NAME, "a"},
		{"*", SQLKIT_ITEM_STAR, ""},
		{"t.*", SQLKIT_ITEM_OTHER, ""},
		{"'a'", SQLKIT_ITEM_OTHER, ""},
		{"NULL", SQLKIT_ITEM_OTHER, ""},
		{"current_timestamp", SQLKIT_ITEM_OTHER, ""},
		{"1", SQLKIT_ITEM_OTHER, ""},
		{"-a", SQLKIT_ITEM_OTHER, ""},
		{"a || b", SQLKIT_ITEM_OTHER, ""},
		{"lower(a)", SQLKIT_ITEM_OTHER, ""},
		{"(a)", SQLKIT_ITEM_OTHER, ""},
		{"a COLLATE nocase", SQLKIT_ITEM_OTHER, ""},
		{"a AS 'b'", SQLKIT_ITEM_OTHER, ""},
		{"\"a\"\"b\"", SQLKIT_ITEM_OTHER, ""},
		{"", SQLKIT_ITEM_END, ""},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t offset = 0;
		char name[32] = "";
		struct sqlkit_item item =
			sqlkit_item_next(&lexer, cases[i].text, strlen(cases[i].text), &offset);
		assert_int_equal(item.kind, cases[i].kind);
		assert_int_equal(offset, strlen(cases[i].text));
		if (item.kind == SQLKIT_ITEM_NAME)
			sqlkit_token_name(&item.name, cases[i].text, name, sizeof(name));
		assert_string_equal(name, cases[i].name);
	}
}

static void a_list_is_divided_at_its_own_commas(void **state)
{
	(void)state;
	const char *text = "a, f(b, c), d";
	uint64_t offset = 0;
	assert_int_equal(sqlkit_item_next(&lexer, text, strlen(text), &offset).kind, SQLKIT_ITEM_NAME);
	assert_int_equal(sqlkit_item_next(&lexer, text, strlen(text), &offset).kind, SQLKIT_ITEM_OTHER);
	assert_int_equal(sqlkit_item_next(&lexer, text, strlen(text), &offset).kind, SQLKIT_ITEM_NAME);
	assert_int_equal(sqlkit_item_next(&lexer, text, strlen(text), &offset).kind, SQLKIT_ITEM_END);
}

static bool is_fill(const char *text)
{
	struct sqlkit_fill fill;
	return sqlkit_fill_read(&lexer, text, strlen(text), "main", &fill);
}

static void a_fill_is_one_whole_form_and_nothing_else(void **state)
{
	(void)state;
	static const char *const yes[] = {
		"UPDATE t SET c = 1 WHERE c IS NULL",
		"update main.t set \"c\" = (SELECT a FROM b WHERE x, y) where C is null;",
	};
	static const char *const no[] = {
		"UPDATE t SET c = 1",
		"UPDATE t SET c = 1 WHERE d IS NULL",
		"UPDATE t SET c = 1 WHERE c IS NOT NULL",
		"UPDATE t SET c = 1 WHERE c IS NULL OR 1",
		"UPDATE t SET c = 1 WHERE c IS NULL LIMIT 1",
		"UPDATE t SET c = 1, d = 2 WHERE c IS NULL",
		"UPDATE t SET (c) = (1) WHERE c IS NULL",
		"UPDATE t SET c = 1 FROM u WHERE c IS NULL",
		"UPDATE OR IGNORE t SET c = 1 WHERE c IS NULL",
		"UPDATE other.t SET c = 1 WHERE c IS NULL",
		"UPDATE t AS u SET c = 1 WHERE c IS NULL",
		"UPDATE t SET c = 1 WHERE t.c IS NULL",
		"UPDATE t SET c = 1 WHERE 'c' IS NULL",
		"UPDATE t SET c = 1; WHERE c IS NULL",
		"WITH x AS (SELECT 1) UPDATE t SET c = 1 WHERE c IS NULL",
	};
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		assert_true(is_fill(yes[i]));
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		assert_false(is_fill(no[i]));
}

static void a_part_of_an_objects_name_is_quoted_when_it_must_be(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"users", "users"},
		{"_a1", "_a1"},
		{"gr\xc3\xb6\xc3\x9f"
		 "e",
		 "gr\xc3\xb6\xc3\x9f"
		 "e"},
		{"1st", "\"1st\""},
		{"a b", "\"a b\""},
		{"a\"b", "\"a\"\"b\""},
		{"a.b", "\"a.b\""},
		{"", "\"\""},
		{"a$", "\"a$\""},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char part[32] = {0};
		uint64_t size = sqlkit_object_part(cases[i][0], part, sizeof(part));
		assert_int_equal(size, strlen(cases[i][1]));
		assert_string_equal(part, cases[i][1]);
		assert_int_equal(sqlkit_object_part(cases[i][0], NULL, 0), size);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_verb_is_found_behind_comments_explain_and_with),
		cmocka_unit_test(where_and_into_count_outside_parentheses_only),
		cmocka_unit_test(replace_is_a_clause_and_no_function),
		cmocka_unit_test(two_words_are_found_side_by_side),
		cmocka_unit_test(a_copy_is_one_whole_form_and_nothing_else),
		cmocka_unit_test(an_item_is_a_column_by_its_name_alone),
		cmocka_unit_test(a_list_is_divided_at_its_own_commas),
		cmocka_unit_test(a_fill_is_one_whole_form_and_nothing_else),
		cmocka_unit_test(a_part_of_an_objects_name_is_quoted_when_it_must_be),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
