/* What a migration's file may hold: it is split and judged before anything of it is sent,
 * and what is sent is what was judged. */
#include "support.h"

#define UP "-- migrate:up\n"

static void a_wholly_wrapped_file_runs_in_our_transaction(void **state)
{
	struct place *place = *state;
	place_write(place, "1_a.sql",
		    UP "BEGIN;\nCREATE TABLE a (id);\nCREATE TABLE b (id);\nCOMMIT;\n-- end\n");
	place_run(place);
	expect_sql(place, "SELECT count(*) FROM sqlite_schema WHERE name IN ('a', 'b')", "2");
	expect_sql(place, "SELECT group_concat(event) FROM eloquent_history", "applied");
}

static void expect_malformed(struct place *place, const char *text, const char *part)
{
	place_write(place, "1_a.sql", text);
	place_load(place);
	enum status status =
		migrator_select_run(&place->migrator, &(struct run_selection){0}, &place->error);
	expect_error(place, status, STATUS_MALFORMED, part);
	assert_non_null(place->error.hint);
	assert_int_equal(access(place->file, F_OK), -1);
}

static void transaction_control_in_the_middle_is_refused_before_anything_is_sent(void **state)
{
	struct place *place = *state;
	expect_malformed(place, UP "CREATE TABLE a (id);\nCOMMIT;\nCREATE TABLE b (id);\n",
			 "1_a.sql:3: statement 2");
	expect_malformed(place, UP "BEGIN;\nCREATE TABLE a (id);\nCOMMIT;\nSELECT 1;\n",
			 "1_a.sql:4: statement 3");
	expect_malformed(place, UP "BEGIN;\nCREATE TABLE a (id);\n", "no COMMIT at the end");
	expect_malformed(place, UP "BEGIN;\nSELECT 1;\nCOMMIT;\nCOMMIT;\n", "1_a.sql:4: statement 3");
	expect_malformed(place, UP "SELECT 1;\nROLLBACK;\n", "statement 2");
	expect_malformed(place, UP "SAVEPOINT x;\nRELEASE x;\n", "statement 1");
	expect_malformed(place, UP "BEGIN;\nSELECT 1;\nROLLBACK;\n", "1_a.sql:4");
}

static void what_cannot_run_in_a_transaction_is_refused_with_a_remedy(void **state)
{
	struct place *place = *state;
	expect_malformed(place, UP "VACUUM;\n", "1_a.sql:2: statement 1");
	expect_hint(place, "transaction:false");
}

static void client_commands_are_refused(void **state)
{
	struct place *place = *state;
	expect_malformed(place, UP "SELECT 1;\n.read other.sql\n", "1_a.sql:3");
}

static void unterminated_constructs_are_refused_at_their_line(void **state)
{
	struct place *place = *state;
	expect_malformed(place, UP "SELECT 1;\n\nSELECT 'open;\n", "1_a.sql:4: statement 2");
	assert_int_equal(place->error.line, 4);
	expect_malformed(place, UP "SELECT 1;\n/* open\n", "1_a.sql:3");
}

static void put_statement(struct place *place, size_t size, struct text *text)
{
	text_clear(text);
	text_add(text, UP "SELECT '");
	while (text->size < strlen(UP) + size - 1)
		text_add_char(text, 'x');
	text_add(text, "';\n");
	place->migrator.max_size = 16 << 20;
	place_write(place, "1_a.sql", text->data);
}

static void a_statement_above_the_cap_is_refused(void **state)
{
	struct place *place = *state;
	TEXT_CLEANUP struct text text = {0};
	put_statement(place, STATEMENT_CAP + 1, &text);
	expect_malformed(place, text.data, "larger than 8 MiB");
	put_statement(place, STATEMENT_CAP, &text);
	place_run(place);
	expect_rows(place, "1_a applied");
}

/* How long the migration waits while somebody else writes, in milliseconds. */
static int64_t wait_for_writer(struct place *place, const char *directive)
{
	struct database *other = NULL;
	const struct connection *connection = project_connection(&place->project, "sqlite");
	place_write(place, "1_a.sql",
		    arena_printf(&place->arena, "%s\nCREATE TABLE a (id);\n", directive));
	place_tables(place);
	place_load(place);
	must(place, migrator_select_run(&place->migrator, &(struct run_selection){0}, &place->error));
	must(place, database_open(place->observer, &place->project, connection, place->driver, true,
				  &other, &place->error));
	must(place, database_begin(other, 0, NULL, 0, -1, &place->error));
	int64_t before = clock_monotonic_ns();
	expect_error(place, migrator_execute(&place->migrator, &place->error), STATUS_LOCKED,
		     "1_a.sql");
	int64_t waited = clock_monotonic_ns() - before;
	expect_hint(place, "nothing of this migration stands");
	database_close(other);
	return waited / 1000000;
}

static void lock_timeout_says_how_long_to_wait_for_other_writers(void **state)
{
	struct place *place = *state;
	assert_true(wait_for_writer(place, "-- migrate:up lock_timeout:0") < 150);
	assert_true(wait_for_writer(place, "-- migrate:up") >= 190);
	assert_true(wait_for_writer(place, "-- migrate:up lock_timeout:500ms") >= 490);
	assert_true(wait_for_writer(place, "-- migrate:up transaction:false lock_timeout:0") < 900);
	expect_sql(place, "SELECT count(*) FROM eloquent_history", "0");
	place_run(place);
	expect_rows(place, "1_a applied");
}

static void unknown_options_are_refused_with_their_line(void **state)
{
	struct place *place = *state;
	expect_malformed(place, "\n-- migrate:up forein_keys:on\nSELECT 1;\n", "1_a.sql:2");
	expect_hint(place, "foreign_keys");
	expect_hint(place, "transaction, timeout and lock_timeout");
	expect_malformed(place, "-- migrate:up foreign_keys:perhaps\nSELECT 1;\n", "foreign_keys");
}

static void a_later_file_is_split_before_an_earlier_one_is_sent(void **state)
{
	struct place *place = *state;
	put_table(place, "0_first.sql", "a");
	expect_malformed(place, UP "SELECT 1;\nCOMMIT;\nSELECT 2;\n", "1_a.sql:3");
}

static void a_file_that_changes_between_check_and_work_is_not_sent(void **state)
{
	struct place *place = *state;
	put_table(place, "1_a.sql", "a");
	place_load(place);
	must(place, migrator_select_run(&place->migrator, &(struct run_selection){0}, &place->error));
	put_table(place, "1_a.sql", "b");
	expect_error(place, place_execute(place), STATUS_MODIFIED, "1_a.sql changed");
	expect_sql(place, "SELECT count(*) FROM eloquent_history", "0");
	expect_sql(place, "SELECT count(*) FROM sqlite_schema WHERE name IN ('a', 'b')", "0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_wholly_wrapped_file_runs_in_our_transaction),
		CASE(transaction_control_in_the_middle_is_refused_before_anything_is_sent),
		CASE(what_cannot_run_in_a_transaction_is_refused_with_a_remedy),
		CASE(client_commands_are_refused),
		CASE(unterminated_constructs_are_refused_at_their_line),
		CASE(a_statement_above_the_cap_is_refused),
		CASE(lock_timeout_says_how_long_to_wait_for_other_writers),
		CASE(unknown_options_are_refused_with_their_line),
		CASE(a_later_file_is_split_before_an_earlier_one_is_sent),
		CASE(a_file_that_changes_between_check_and_work_is_not_sent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
