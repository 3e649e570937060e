/* test_review.c - what the selected steps would destroy: where each finding stands, and
 * whether its file declares it. What is a loss at all is the driver's to say
 * (tests/review/). */
#include "support.h"

#define UP "-- migrate:up\n"

/* "1_a:3:1 destroys users +|": migration, line, statement, severity, object, declared. */
static const char *reviewed(struct place *place)
{
	struct review review = {0};
	TEXT_CLEANUP struct text text = {0};
	place_load(place);
	must(place, migrator_select_run(&place->migrator, &(struct run_selection){0}, &place->error));
	must(place, migrator_review(&place->migrator, &review, &place->error));
	for (size_t i = 0; i < review.count; i++) {
		const struct finding *finding = &review.items[i];
		text_printf(&text, "%s:%lld:%lld %s %s %s|", finding->migration,
			    (long long)finding->line, (long long)finding->statement,
			    finding_severity_name(finding->severity),
			    finding->object ? finding->object : "-", finding->declared ? "+" : "");
	}
	text_printf(&text, "%zu of %zu", review.undeclared, review.losses);
	review_free(&review);
	return arena_text(&place->arena, text_string(&text));
}

static void a_finding_names_file_line_and_statement(void **state)
{
	struct place *place = *state;
	place_sql(place, "CREATE TABLE users (id INTEGER); CREATE TABLE posts (id INTEGER);");
	place_write(place, "1_a.sql", UP "SELECT 1;\n\nDROP TABLE users;\n");
	place_write(place, "2_b.sql", UP "DELETE FROM posts;\n");
	assert_string_equal(reviewed(place), "1_a:4:2 destroys users |2_b:2:1 destroys posts |2 of 2");
}

static void a_declaration_counts_for_its_object_in_its_file(void **state)
{
	struct place *place = *state;
	place_sql(place, "CREATE TABLE users (id INTEGER, a); CREATE TABLE posts (id INTEGER);");
	place_write(place, "1_a.sql",
		    UP "-- eloquent:destroys users\nDROP TABLE users;\nDELETE FROM posts;\n");
	place_write(place, "2_b.sql", UP "-- eloquent:destroys \"posts\"\nDROP TABLE posts;\n");
	assert_string_equal(reviewed(place), "1_a:3:1 destroys users +|1_a:4:2 destroys posts |2_b:3:1 "
					     "destroys posts +|1 of 3");
}

static void a_table_declares_none_of_its_columns_and_no_column_its_table(void **state)
{
	struct place *place = *state;
	place_sql(place, "CREATE TABLE users (id INTEGER, a); CREATE TABLE posts (id INTEGER);");
	place_write(
		place, "1_a.sql",
		UP "-- eloquent:destroys users posts.id\nUPDATE users SET a = 1;\nDROP TABLE posts;\n");
	assert_string_equal(reviewed(place),
			    "1_a:3:1 destroys users.a |1_a:4:2 destroys posts |1_a:2:0 note users "
			    "|1_a:2:0 note posts.id |2 of 2");
}

static void opaque_declares_what_nobody_can_judge_and_no_loss(void **state)
{
	struct place *place = *state;
	place_sql(place, "CREATE TABLE users (id INTEGER);");
	place_write(place, "1_a.sql",
		    UP "-- eloquent:opaque because\nSELECT nobody();\nDROP TABLE users;\n");
	place_write(place, "2_b.sql", UP "SELECT nobody();\n");
	assert_string_equal(reviewed(place),
			    "1_a:3:1 opaque - +|1_a:4:2 destroys users |2_b:2:1 opaque - "
			    "|2 of 3");
}

static void later_files_are_judged_as_if_the_earlier_had_run(void **state)
{
	struct place *place = *state;
	place_write(place, "1_a.sql", UP "CREATE TABLE a (x);\n");
	place_write(place, "2_b.sql", UP "ALTER TABLE a ADD COLUMN y;\nUPDATE a SET y = x;\n");
	place_write(place, "3_c.sql", UP "DROP TABLE a;\n");
	assert_string_equal(reviewed(place), "0 of 0");
	assert_int_equal(access(place->file, F_OK), -1);
}

static void the_options_of_a_section_reach_the_driver(void **state)
{
	struct place *place = *state;
	place_sql(place, "CREATE TABLE users (id INTEGER PRIMARY KEY); CREATE TABLE posts (u INTEGER "
			 "REFERENCES users ON DELETE CASCADE);");
	place_write(place, "1_a.sql",
		    "-- migrate:up foreign_keys:on\nDELETE FROM users WHERE id = 1;\n");
	place_write(place, "2_b.sql", UP "DELETE FROM users WHERE id = 1;\n");
	assert_string_equal(reviewed(place), "1_a:2:1 destroys users |1_a:2:1 destroys posts |2_b:2:1 "
					     "destroys users |3 of 3");
}

static void a_file_that_changed_since_it_was_read_is_not_judged(void **state)
{
	struct place *place = *state;
	struct review review = {0};
	place_write(place, "1_a.sql", UP "SELECT 1;\n");
	place_load(place);
	must(place, migrator_select_run(&place->migrator, &(struct run_selection){0}, &place->error));
	place_write(place, "1_a.sql", UP "SELECT 2;\n");
	assert_int_equal(migrator_review(&place->migrator, &review, &place->error), STATUS_MODIFIED);
	assert_int_equal(review.count, 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)
	const struct CMUnitTest tests[] = {
		CASE(a_finding_names_file_line_and_statement),
		CASE(a_declaration_counts_for_its_object_in_its_file),
		CASE(a_table_declares_none_of_its_columns_and_no_column_its_table),
		CASE(opaque_declares_what_nobody_can_judge_and_no_loss),
		CASE(later_files_are_judged_as_if_the_earlier_had_run),
		CASE(the_options_of_a_section_reach_the_driver),
		CASE(a_file_that_changed_since_it_was_read_is_not_judged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
