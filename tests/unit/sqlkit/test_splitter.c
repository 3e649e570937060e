/* test_splitter.c - splitting by a dialect that is data. SQLite's own dialect
 * is compared with SQLite itself in tests/unit/sqlite/test_splitter.c. */
#include "sqlkit/splitter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct sqlkit_rule rules[] = {
	{"START TRANSACTION", ELQ_STATEMENT_BEGIN, NULL},
	{"SET ? . names =", ELQ_STATEMENT_NO_TRANSACTION, "a hint"},
	{"ROLLBACK TO", ELQ_STATEMENT_SAVEPOINT, NULL},
	{"ROLLBACK", ELQ_STATEMENT_ROLLBACK, NULL},
};

/* A dialect without trigger bodies, client lines and brackets. */
static const struct sqlkit_splitter simple = {
	.lexer = {.quotes = "'\"", .nested_comments = true},
	.rules = rules,
	.rule_count = sizeof(rules) / sizeof(rules[0]),
};

static struct elq_span first(const char *script)
{
	struct elq_span span;
	const char *reason = NULL;
	assert_int_equal(sqlkit_splitter_next(&simple, script, strlen(script), 0, 1, &span, &reason),
			 ELQ_OK);
	return span;
}

static void the_first_rule_that_fits_gives_the_kind(void **state)
{
	(void)state;
	assert_int_equal(first("start /* x */ transaction;").kind, ELQ_STATEMENT_BEGIN);
	assert_int_equal(first("start;").kind, ELQ_STATEMENT_PLAIN);
	assert_int_equal(first("rollback to a;").kind, ELQ_STATEMENT_SAVEPOINT);
	assert_int_equal(first("rollback;").kind, ELQ_STATEMENT_ROLLBACK);
	assert_int_equal(first("rollback").kind, ELQ_STATEMENT_ROLLBACK);
}

static void a_question_mark_stands_for_any_one_token(void **state)
{
	(void)state;
	struct elq_span span = first("SET session.names = 'x';");
	assert_int_equal(span.kind, ELQ_STATEMENT_NO_TRANSACTION);
	assert_int_equal(span.hint.size, 6);
	assert_memory_equal(span.hint.data, "a hint", 6);
	assert_int_equal(first("SET .names = 'x';").kind, ELQ_STATEMENT_PLAIN);
	assert_int_equal(first("SET a.names;").kind, ELQ_STATEMENT_PLAIN);
}

static void bodies_and_client_lines_are_the_dialects(void **state)
{
	(void)state;
	assert_int_equal(first("CREATE TRIGGER t BEGIN a; END;").next, 25);
	assert_int_equal(first(".tables").kind, ELQ_STATEMENT_PLAIN);
}

static void nested_comments_hide_semicolons(void **state)
{
	(void)state;
	struct elq_span span = first("/* /* ; */ ; */ a; b");
	assert_int_equal(span.start, 16);
	assert_int_equal(span.size, 1);
	assert_int_equal(span.next, 18);
}

static void lines_go_on_from_the_line_given(void **state)
{
	(void)state;
	static const char script[] = "a;\n\nb;";
	struct elq_span span;
	const char *reason = NULL;
	assert_int_equal(sqlkit_splitter_next(&simple, script, 6, 2, 10, &span, &reason), ELQ_OK);
	assert_int_equal(span.line, 12);
	assert_int_equal(sqlkit_count_lines(script, 0, 6), 2);
	assert_int_equal(sqlkit_count_lines(script, 3, 3), 0);
	assert_int_equal(sqlkit_count_lines(script, 2, 3), 1);
}

static void a_reason_comes_with_malformed(void **state)
{
	(void)state;
	struct elq_span span;
	const char *reason = NULL;
	assert_int_equal(sqlkit_splitter_next(&simple, "a\n'b", 4, 0, 1, &span, &reason),
			 ELQ_ERR_MALFORMED);
	assert_string_equal(reason, "a string or quoted name begins here and is not closed");
	assert_int_equal(span.start, 2);
	assert_int_equal(span.line, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_rule_that_fits_gives_the_kind),
		cmocka_unit_test(a_question_mark_stands_for_any_one_token),
		cmocka_unit_test(bodies_and_client_lines_are_the_dialects),
		cmocka_unit_test(nested_comments_hide_semicolons),
		cmocka_unit_test(lines_go_on_from_the_line_given),
		cmocka_unit_test(a_reason_comes_with_malformed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
