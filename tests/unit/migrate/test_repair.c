/* migrate:repair, migrate:baseline and migrate:validate's file check. */
#include "support.h"

static struct repair repair;

static enum status try_repair(struct place *place, enum repair_kind kind, const char *name)
{
	repair = (struct repair){.kind = kind, .name = name};
	error_clear(&place->error);
	place_load(place);
	enum status status = migrator_select_repair(&place->migrator, &repair, &place->error);
	return status ? status : migrator_repair(&place->migrator, &repair, &place->error);
}

static void accept_records_the_new_checksum(void **state)
{
	struct place *place = *state;
	put_table(place, "1_a.sql", "a");
	put_table(place, "2_b.sql", "b");
	place_run(place);
	put_table(place, "1_a.sql", "a2");
	must(place, try_repair(place, REPAIR_ACCEPT, "1_a"));
	assert_non_null(strstr(repair.before, "edited"));
	assert_true(text_starts(repair.after, "applied, checksum "));
	expect_rows(place, "1_a applied, 2_b applied");
	expect_sql(place,
		   "SELECT event, direction, batch, detail ->> 'action' FROM eloquent_history WHERE "
		   "sequence = 3",
		   "repaired|up|1|accept");
	expect_chain(place);
	place_rollback(place, (struct rollback_selection){.step = 1});
	expect_reported(place, "-2_b");
}

static void accept_needs_an_edited_applied_file(void **state)
{
	struct place *place = *state;
	put_table(place, "1_a.sql", "a");
	expect_error(place, try_repair(place, REPAIR_ACCEPT, "1_a"), STATUS_CHECK_FAILED,
		     "1_a is not applied");
	place_run(place);
	expect_error(place, try_repair(place, REPAIR_ACCEPT, "1_a"), STATUS_CHECK_FAILED,
		     "what was applied");
	place_unlink(place, "1_a.sql");
	expect_error(place, try_repair(place, REPAIR_ACCEPT, "1_a"), STATUS_CHECK_FAILED,
		     "file is gone");
	expect_error(place, try_repair(place, REPAIR_ACCEPT, "9_z"), STATUS_UNKNOWN_NAME, "9_z");
}

static void accept_leaves_a_baselined_migration_baselined(void **state)
{
	struct place *place = *state;
	put_table(place, "1_a.sql", "a");
	place_sql(place, "CREATE TABLE a (id)");
	place_load(place);
	must(place, migrator_select_baseline(&place->migrator, "1_a", &place->error));
	place_tables(place);
	must(place, migrator_baseline(&place->migrator, &place->error));
	put_table(place, "1_a.sql", "other");
	must(place, try_repair(place, REPAIR_ACCEPT, "1_a"));
	expect_rows(place, "1_a baselined");
}

static void a_repair_moves_the_checkpoint(void **state)
{
	struct place *place = *state;
	put_table(place, "1_a.sql", "a");
	place_run(place);
	must(place, try_repair(place, REPAIR_MARK_REVERTED, "1_a"));
	expect_checkpoint_at_the_end(place);
}

static void forget_takes_what_has_no_file_out_of_the_way(void **state)
{
	struct place *place = *state;
	put_table(place, "1_a.sql", "a");
	put_table(place, "2_b.sql", "b");
	place_run(place);
	expect_error(place, try_repair(place, REPAIR_FORGET, "1_a"), STATUS_CHECK_FAILED,
		     "its file is there");
	place_unlink(place, "1_a.sql");
	must(place, try_repair(place, REPAIR_FORGET, "1_a.sql"));
	assert_string_equal(repair.after, "not applied");
	expect_rows(place, "2_b applied");
	place_run(place);
	expect_chain(place);
}

static void mark_applied_records_what_was_done_by_hand(void **state)
{
	struct place *place = *state;
	put_table(place, "1_a.sql", "a");
	place_sql(place, "CREATE TABLE a (id)");
	place_tables(place);
	must(place, try_repair(place, REPAIR_MARK_APPLIED, "1_a"));
	assert_string_equal(repair.before, "not applied");
	expect_rows(place, "1_a applied");
	expect_error(place, try_repair(place, REPAIR_MARK_APPLIED, "1_a"), STATUS_CHECK_FAILED,
		     "applied already");
	place_rollback(place, (struct rollback_selection){0});
	expect_rows(place, "1_a pending");
}

static void mark_reverted_records_what_was_undone_by_hand(void **state)
{
	struct place *place = *state;
	put_table(place, "1_a.sql", "a");
	place_run(place);
	place_sql(place, "DROP TABLE a");
	must(place, try_repair(place, REPAIR_MARK_REVERTED, "1_a"));
	expect_rows(place, "1_a pending");
	expect_error(place, try_repair(place, REPAIR_MARK_REVERTED, "1_a"), STATUS_CHECK_FAILED,
		     "not applied already");
	place_run(place);
	expect_rows(place, "1_a applied");
}

static void half_applied(struct place *place)
{
	place_write(place, "1_a.sql",
		    "-- migrate:up transaction:false\nCREATE TABLE a (id);\nbroken;\n"
		    "-- migrate:down\nDROP TABLE a;\n");
	expect_error(place, place_try_run(place, (struct run_selection){0}), STATUS_STATEMENT_FAILED,
		     "broken");
}

static void a_half_applied_migration_is_marked_either_way(void **state)
{
	struct place *place = *state;
	half_applied(place);
	must(place, try_repair(place, REPAIR_MARK_REVERTED, "1_a"));
	assert_true(text_starts(repair.before, "half applied"));
	expect_rows(place, "1_a pending");
	place_sql(place, "DROP TABLE a");
	expect_error(place, place_try_run(place, (struct run_selection){0}), STATUS_STATEMENT_FAILED,
		     "broken");
	place_write(place, "1_a.sql",
		    "-- migrate:up transaction:false\nCREATE TABLE a (id);\n-- migrate:down\nDROP "
		    "TABLE a;\n");
	expect_error(place, try_repair(place, REPAIR_ACCEPT, "1_a"), STATUS_CHECK_FAILED,
		     "half applied");
	must(place, try_repair(place, REPAIR_MARK_APPLIED, "1_a"));
	expect_rows(place, "1_a applied");
	expect_chain(place);
}

static enum status try_baseline(struct place *place, const char *name)
{
	error_clear(&place->error);
	place_load(place);
	enum status status = migrator_select_baseline(&place->migrator, name, &place->error);
	if (status)
		return status;
	place_tables(place);
	return migrator_baseline(&place->migrator, &place->error);
}

static void baseline_marks_everything_up_to_the_name(void **state)
{
	struct place *place = *state;
	place_sql(place, "CREATE TABLE a (id); CREATE TABLE b (id)");
	put_table(place, "1_a.sql", "a");
	put_table(place, "2_b.sql", "b");
	put_table(place, "3_c.sql", "c");
	place_write(place, "R_v.sql", "-- migrate:up\n");
	must(place, try_baseline(place, "2_b"));
	expect_rows(place, "1_a baselined, 2_b baselined, 3_c pending, R_v pending");
	place_run(place);
	expect_reported(place, "+3_c +R_v");
	place_rollback(place, (struct rollback_selection){.all = true});
	expect_reported(place, "-3_c");
	expect_rows(place, "1_a baselined, 2_b baselined, 3_c pending, R_v pending");
	expect_chain(place);
}

static void a_baseline_moves_the_checkpoint(void **state)
{
	struct place *place = *state;
	place_sql(place, "CREATE TABLE a (id)");
	put_table(place, "1_a.sql", "a");
	must(place, try_baseline(place, "1_a"));
	expect_checkpoint_at_the_end(place);
}

static void baseline_needs_a_schema(void **state)
{
	struct place *place = *state;
	put_table(place, "1_a.sql", "a");
	expect_error(place, try_baseline(place, "1_a"), STATUS_CHECK_FAILED, "is empty");
	expect_hint(place, "migrate:run");
	assert_int_equal(access(place->file, F_OK), -1);
}

static void baseline_needs_a_history_without_applied_migrations(void **state)
{
	struct place *place = *state;
	put_table(place, "1_a.sql", "a");
	place_run(place);
	put_table(place, "2_b.sql", "b");
	expect_error(place, try_baseline(place, "2_b"), STATUS_CHECK_FAILED, "1_a is applied");
	place_rollback(place, (struct rollback_selection){0});
	place_sql(place, "CREATE TABLE x (id)");
	must(place, try_baseline(place, "2_b"));
	expect_rows(place, "1_a baselined, 2_b baselined");
}

static void baseline_takes_a_versioned_name(void **state)
{
	struct place *place = *state;
	place_write(place, "R_v.sql", "-- migrate:up\n");
	place_sql(place, "CREATE TABLE a (id)");
	expect_error(place, try_baseline(place, "R_v"), STATUS_UNKNOWN_NAME, "R_v is repeatable");
	expect_error(place, try_baseline(place, "1_a"), STATUS_UNKNOWN_NAME, "1_a");
}

static void a_file_older_than_the_baseline_is_out_of_order(void **state)
{
	struct place *place = *state;
	place_sql(place, "CREATE TABLE b (id)");
	put_table(place, "2_b.sql", "b");
	must(place, try_baseline(place, "2_b"));
	put_table(place, "1_a.sql", "a");
	expect_rows(place, "1_a out of order, 2_b baselined");
}

static void validate_splits_every_section_of_every_file(void **state)
{
	struct place *place = *state;
	put_table(place, "1_a.sql", "a");
	place_run(place);
	place_load(place);
	must(place, migrator_find_more(&place->migrator, &place->error));
	place_write(place, "2_b.sql",
		    "-- eloquent:only env=staging\n-- migrate:up\n-- migrate:down\nSELECT 'open;\n");
	place_load(place);
	expect_error(place, migrator_find_more(&place->migrator, &place->error), STATUS_MALFORMED,
		     "2_b.sql:4");
	place_write(place, "2_b.sql", "-- migrate:up what:ever\n");
	place_load(place);
	expect_error(place, migrator_find_more(&place->migrator, &place->error), STATUS_MALFORMED,
		     "2_b.sql:1");
}

/* What one look finds: files, then the chain, then both against each other, then the scripts. */
static void validate_finds_everything_in_one_look(void **state)
{
	struct place *place = *state;
	TEXT_CLEANUP struct text found = {0};
	put_table(place, "1_a.sql", "a");
	put_table(place, "2_b.sql", "b");
	put_table(place, "4_d.sql", "d");
	put_table(place, "5_e.sql", "e");
	place_run(place);
	place_write(place, "1_a.sql", "broken");
	place_write(place, "2_b.sql",
		    "-- migrate:up\nCOMMIT;\n\nVACUUM;\n-- migrate:down\n.read x\nSELECT 'open;\n");
	place_write(place, "3_c.sql", "-- migrate:up what:ever\nCOMMIT;\n");
	place_unlink(place, "4_d.sql");
	place_write(place, "05_x.sql", "-- migrate:up\n");
	struct error *error = &place->error;
	assert_int_equal(migrator_load(&place->migrator, VERIFY_ALL, error), STATUS_MALFORMED);
	assert_int_equal(migrator_find_more(&place->migrator, error), STATUS_MALFORMED);
	text_printf(&found, "%s %lld", status_code(error->status), (long long)error->line);
	for (size_t i = 0; i < error->more_count; i++)
		text_printf(&found, ", %s %lld", status_code(error->more[i].status),
			    (long long)error->more[i].line);
	assert_string_equal(text_string(&found),
			    "malformed 1, duplicate_version 0, modified 0, missing 0, "
			    "out_of_order 0, malformed 2, malformed 4, malformed 6, malformed 7, "
			    "malformed 1, malformed 2");
}

static void a_section_full_of_refusals_is_looked_at_only_so_far(void **state)
{
	struct place *place = *state;
	TEXT_CLEANUP struct text text = {0};
	text_add(&text, "-- migrate:up\n");
	for (int i = 0; i < 1000; i++)
		text_add(&text, "COMMIT;\n");
	place_write(place, "1_a.sql", text_string(&text));
	place_load(place);
	assert_int_equal(migrator_find_more(&place->migrator, &place->error), STATUS_MALFORMED);
	assert_int_equal(place->error.more_count, 19);
	expect_hint(place, "after 20 findings");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(accept_records_the_new_checksum),
		CASE(accept_needs_an_edited_applied_file),
		CASE(accept_leaves_a_baselined_migration_baselined),
		CASE(a_repair_moves_the_checkpoint),
		CASE(forget_takes_what_has_no_file_out_of_the_way),
		CASE(mark_applied_records_what_was_done_by_hand),
		CASE(mark_reverted_records_what_was_undone_by_hand),
		CASE(a_half_applied_migration_is_marked_either_way),
		CASE(baseline_marks_everything_up_to_the_name),
		CASE(a_baseline_moves_the_checkpoint),
		CASE(baseline_needs_a_schema),
		CASE(baseline_needs_a_history_without_applied_migrations),
		CASE(baseline_takes_a_versioned_name),
		CASE(a_file_older_than_the_baseline_is_out_of_order),
		CASE(validate_splits_every_section_of_every_file),
		CASE(validate_finds_everything_in_one_look),
		CASE(a_section_full_of_refusals_is_looked_at_only_so_far),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
