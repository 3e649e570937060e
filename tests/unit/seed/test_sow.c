/* test_sow.c - what a seeder can do to a database through the target, and what stands
 * when it fails. */
#include "garden.h"
#include "observe/private.h"

#include <pthread.h>

static void scripts_and_rows_share_one_unit(void **state)
{
	struct garden garden;
	(void)state;
	garden_open(&garden);
	garden_plant(&garden,
		     "script INSERT INTO t VALUES (100, 'a'); INSERT INTO t VALUES (101, 'b')");
	garden_plant(&garden, "load t");
	garden_must(&garden, garden_sow(&garden, SOW_WRITE));
	assert_non_null(strstr(text_string(&garden.told), " 2 2)(load t 0 10)"));
	garden_expect_rows(&garden, 12);
	garden_close(&garden);
}

static void a_later_seed_that_fails_takes_the_earlier_ones_back(void **state)
{
	static const struct {
		const char *seed;
		enum status status;
		const char *said;
	} cases[] = {
		{"same t", STATUS_STATEMENT_FAILED,
		 "seed same t: row 2 of t: UNIQUE constraint failed: t.name"},
		{"load nobody", STATUS_UNKNOWN_NAME, "the database has no table \"nobody\""},
		{"half t", STATUS_INTERNAL, "left a load open"},
		{"twice t", STATUS_INTERNAL, "begins a load while another one is open"},
		{"deaf t", STATUS_STATEMENT_FAILED, "UNIQUE constraint failed"},
		{"mute", STATUS_FAILED, "seed mute"},
		{"words of its own", STATUS_FAILED,
		 "seed words of its own: words of its own | ask the puppet"},
		{"script INSERT INTO t VALUES (1, 2); INSERT INTO u VALUES (1)",
		 STATUS_STATEMENT_FAILED, "statement 2 of 2 failed: no such table: u"},
		{"script INSERT INTO t VALUES (1, 2); COMMIT", STATUS_MALFORMED,
		 "statement 2: transaction control inside a seed"},
		{"read ../outside.sql", STATUS_MALFORMED, "leads out of the folder"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct garden garden;
		garden_open(&garden);
		garden_plant(&garden, "script INSERT INTO t VALUES (100, 'earlier')");
		garden_plant(&garden, cases[i].seed);
		assert_int_equal(garden_sow(&garden, SOW_WRITE), cases[i].status);
		garden_says(&garden, cases[i].said);
		garden_says(&garden, "nothing of this run's seeds stands here");
		garden_expect_rows(&garden, 0);
		garden_close(&garden);
	}
}

static void a_failing_statement_is_told_with_file_line_and_number(void **state)
{
	struct garden garden;
	(void)state;
	garden_open(&garden);
	garden_write(
		&garden, "a.sql",
		"-- first\nINSERT INTO t VALUES (1, 'x');\n\nINSERT INTO t\n VALUES (2, nosuch);\n");
	garden_plant(&garden, "read a.sql");
	assert_int_equal(garden_sow(&garden, SOW_WRITE), STATUS_STATEMENT_FAILED);
	garden_says(&garden, "seeds/a.sql:5: statement 2 of 2 failed");
	assert_int_equal(garden.error.line, 5);
	assert_int_equal(garden.error.statement, 2);
	assert_true(text_ends(garden.error.file, "seeds/a.sql"));
	garden_close(&garden);
}

static void *sow_aside(void *context)
{
	struct garden *garden = context;
	assert_int_not_equal(garden_sow(garden, SOW_WRITE), STATUS_OK);
	return NULL;
}

/* What the line of progress would say now. */
static bool line_says(struct garden *garden, const char *wanted)
{
	struct ticker *ticker = &garden->observer->ticker;
	TEXT_CLEANUP struct text line = {0};
	pthread_mutex_lock(&ticker->lock);
	if (ticker->works)
		progress_format(ticker->works, 0, &line);
	pthread_mutex_unlock(&ticker->lock);
	return text_starts(text_string(&line), wanted);
}

static void what_a_seeder_says_of_its_progress_is_the_seeds(void **state)
{
	struct garden garden;
	pthread_t thread;
	bool said = false;
	(void)state;
	garden_open(&garden);
	progress_enable(garden.observer);
	garden_plant(&garden, "progress and wait");
	assert_int_equal(pthread_create(&thread, NULL, sow_aside, &garden), 0);
	for (int i = 0; i < 10000 && !said; i++) {
		said = line_says(&garden, "3 of 7 boxes  sowing progress and wait, 1 of 1");
		clock_sleep_ms(1);
	}
	database_cancel(garden.database);
	pthread_join(thread, NULL);
	assert_true(said);
	progress_stop(garden.observer);
	garden_close(&garden);
}

static void checking_splits_scripts_and_writes_nothing(void **state)
{
	struct garden garden;
	(void)state;
	garden_open(&garden);
	garden_plant(&garden, "script INSERT INTO t VALUES (1, 'a')");
	garden_plant(&garden, "load t"); /* is not asked further than its rows */
	garden_must(&garden, garden_sow(&garden, SOW_CHECK));
	garden_expect_rows(&garden, 0);
	garden_plant(&garden, "script INSERT INTO t VALUES (2, 'open");
	assert_int_equal(garden_sow(&garden, SOW_CHECK), STATUS_MALFORMED);
	garden_says(&garden, "statement 1");
	assert_int_equal(garden.told.size, 0);
	garden_close(&garden);
}

static void showing_calls_back_and_writes_nothing(void **state)
{
	struct garden garden;
	(void)state;
	garden_open(&garden);
	garden_plant(&garden, "script SELECT 1; SELECT 2");
	garden_plant(&garden, "load t");
	garden_must(&garden, garden_sow(&garden, SOW_SHOW));
	assert_string_equal(text_string(&garden.told),
			    "[script SELECT 1; SELECT 2: SELECT 1][script SELECT 1; SELECT 2: SELECT 2]"
			    "(script SELECT 1; SELECT 2 2 0)[load t: 10 into t](load t 0 0)");
	garden_expect_rows(&garden, 0);
	garden_close(&garden);
}

static void a_parameter_reaches_the_seed_and_is_noted_as_asked_for(void **state)
{
	struct garden garden;
	size_t count = 0;
	(void)state;
	garden_open(&garden);
	garden.sowing.count = "12";
	garden.sowing.seed = "7";
	garden_plant(&garden, "param count");
	garden_plant(&garden, "param environment");
	garden_plant(&garden, "param as-of");
	garden_plant(&garden, "param nothing");
	garden_must(&garden, garden_sow(&garden, SOW_WRITE));
	const char *const *said = log_warnings(garden.observer, &count);
	assert_int_equal(count, 2);
	assert_non_null(strstr(said[0], "12"));
	assert_non_null(strstr(said[1], "staging"));
	assert_true(garden.sowing.asked_count);
	assert_true(garden.sowing.asked_as_of);
	assert_false(garden.sowing.asked_seed);
	garden_close(&garden);
}

static void a_run_that_is_asked_to_stop_stops_and_nothing_stands(void **state)
{
	struct garden garden;
	(void)state;
	garden_open(&garden);
	garden_plant(&garden, "load t");
	atomic_store(&garden.stop, SIGINT);
	assert_int_equal(garden_sow(&garden, SOW_WRITE), STATUS_INTERRUPTED);
	atomic_store(&garden.stop, 0);
	garden_expect_rows(&garden, 0);
	garden_close(&garden);
}

static void a_deferred_rule_that_fails_at_the_commit_leaves_nothing(void **state)
{
	struct garden garden;
	(void)state;
	garden_open(&garden);
	garden_execute(&garden, "CREATE TABLE c (t REFERENCES t DEFERRABLE INITIALLY DEFERRED)");
	garden_plant(&garden, "load t");
	garden_plant(&garden, "script INSERT INTO c VALUES (99)");
	assert_int_equal(garden_sow(&garden, SOW_WRITE), STATUS_STATEMENT_FAILED);
	garden_says(&garden, "committing the seeds failed: FOREIGN KEY constraint failed");
	assert_int_equal(garden.told.size, 0); /* nothing is said to be sown */
	garden_expect_rows(&garden, 0);
	garden_close(&garden);
}

/* What a plugin hands over is judged like a file. */
static void a_guarded_sowing_refuses_what_destroys_data_before_anything_is_sent(void **state)
{
	static const struct {
		const char *seed;
		const char *said;
	} cases[] = {
		{"script INSERT INTO t VALUES (2, 'b');\n DELETE FROM t",
		 ":2: statement 2: deletes every row of t (delete_all), and in production a seed "
		 "destroys nothing | the place for it is a migration that says so: "
		 "-- eloquent:destroys t"},
		{"script UPDATE t SET name = 'x' WHERE id = 1", "eloquent:destroys t.name"},
		{"script INSERT OR REPLACE INTO t VALUES (100, 'x')", " (replace), and in production"},
		{"script SELECT nobody_has_this()",
		 "(cannot_run), and in production a seed holds nothing that nobody can judge"},
		{"script SELECT nobody_has_this()", "-- eloquent:opaque REASON"},
		{"then t DROP TABLE t", "(drop_table), and in production"},
		{"upsert t",
		 "seed upsert t: rows that are there already in t are overwritten (update)"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct garden garden;
		garden_open(&garden);
		garden.sowing.guarded = true;
		garden_plant(&garden, "script INSERT INTO t VALUES (100, 'earlier')");
		garden_plant(&garden, cases[i].seed);
		assert_int_equal(garden_sow(&garden, SOW_CHECK), STATUS_REFUSED);
		garden_says(&garden, cases[i].said);
		garden_expect_rows(&garden, 0);
		assert_int_equal(garden_sow(&garden, SOW_WRITE), STATUS_FAILED);
		garden_says(&garden, "in production a seed ");
		garden_says(&garden, "nothing of this run's seeds stands here");
		garden_expect_rows(&garden, 0);
		assert_int_equal(garden.told.size, 0);
		garden_close(&garden);
	}
}

static void a_guarded_sowing_lets_pass_what_only_adds(void **state)
{
	struct garden garden;
	(void)state;
	garden_open(&garden);
	garden.sowing.guarded = true;
	garden_plant(&garden, "script CREATE TABLE own (x); INSERT INTO own VALUES (1); "
			      "UPDATE own SET x = 2; DELETE FROM own");
	garden_plant(&garden, "then t INSERT OR IGNORE INTO t VALUES (1, 'x')");
	garden_plant(&garden, "script INSERT INTO own VALUES (3); DROP TABLE own");
	garden_must(&garden, garden_sow(&garden, SOW_CHECK));
	garden_must(&garden, garden_sow(&garden, SOW_WRITE));
	garden_expect_rows(&garden, 10);
	garden_close(&garden);
}

static void a_guarded_sowing_sends_no_script_that_nobody_can_judge(void **state)
{
	struct garden garden;
	(void)state;
	garden_open(&garden);
	garden.sowing.guarded = true;
	/* As a driver without elq.review says it. */
	((struct database_info *)(uintptr_t)database_info(garden.database))->caps &= ~ELQ_CAP_REVIEW;
	garden_plant(&garden, "load t"); /* rows are added, whoever judges */
	garden_must(&garden, garden_sow(&garden, SOW_CHECK));
	garden_plant(&garden, "script INSERT INTO t VALUES (100, 'a')");
	assert_int_equal(garden_sow(&garden, SOW_CHECK), STATUS_REFUSED);
	garden_says(&garden,
		    "statement 1: the driver sqlite cannot judge statements (not_reviewed), and "
		    "in production a seed holds nothing that nobody can judge");
	assert_int_equal(garden_sow(&garden, SOW_WRITE), STATUS_FAILED);
	garden_expect_rows(&garden, 0);
	garden_close(&garden);
}

static void an_unguarded_sowing_destroys_what_it_is_told_to(void **state)
{
	struct garden garden;
	(void)state;
	garden_open(&garden);
	garden_plant(&garden, "then t DELETE FROM t");
	garden_plant(&garden, "upsert t");
	garden_must(&garden, garden_sow(&garden, SOW_CHECK));
	garden_must(&garden, garden_sow(&garden, SOW_WRITE));
	garden_expect_rows(&garden, 10);
	garden_close(&garden);
}

/* A cascade reaches what the seed did not make: seeds run with foreign keys enforced. */
static void a_guarded_sowing_sees_a_cascade(void **state)
{
	struct garden garden;
	(void)state;
	garden_open(&garden);
	garden_execute(&garden, "CREATE TABLE child (own REFERENCES own (id) ON DELETE CASCADE, what)");
	garden.sowing.guarded = true;
	garden_plant(&garden, "script CREATE TABLE own (id PRIMARY KEY); DELETE FROM own WHERE id = 1");
	assert_int_equal(garden_sow(&garden, SOW_CHECK), STATUS_REFUSED);
	garden_says(&garden, "-- eloquent:destroys child");
	garden_close(&garden);
}

static void a_byte_order_mark_is_no_part_of_the_first_statement(void **state)
{
	struct garden garden;
	(void)state;
	garden_open(&garden);
	garden_plant(&garden, "script \xef\xbb\xbfSELECT 1");
	garden_must(&garden, garden_sow(&garden, SOW_SHOW));
	assert_non_null(strstr(text_string(&garden.told), ": SELECT 1]"));
	garden_plant(&garden, "script \xef\xbb\xbf"
			      "COMMIT");
	assert_int_equal(garden_sow(&garden, SOW_CHECK), STATUS_MALFORMED);
	garden_says(&garden, "transaction control inside a seed");
	garden_close(&garden);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scripts_and_rows_share_one_unit),
		cmocka_unit_test(a_later_seed_that_fails_takes_the_earlier_ones_back),
		cmocka_unit_test(a_failing_statement_is_told_with_file_line_and_number),
		cmocka_unit_test(what_a_seeder_says_of_its_progress_is_the_seeds),
		cmocka_unit_test(checking_splits_scripts_and_writes_nothing),
		cmocka_unit_test(showing_calls_back_and_writes_nothing),
		cmocka_unit_test(a_parameter_reaches_the_seed_and_is_noted_as_asked_for),
		cmocka_unit_test(a_run_that_is_asked_to_stop_stops_and_nothing_stands),
		cmocka_unit_test(a_deferred_rule_that_fails_at_the_commit_leaves_nothing),
		cmocka_unit_test(a_guarded_sowing_refuses_what_destroys_data_before_anything_is_sent),
		cmocka_unit_test(a_guarded_sowing_lets_pass_what_only_adds),
		cmocka_unit_test(a_guarded_sowing_sends_no_script_that_nobody_can_judge),
		cmocka_unit_test(an_unguarded_sowing_destroys_what_it_is_told_to),
		cmocka_unit_test(a_guarded_sowing_sees_a_cascade),
		cmocka_unit_test(a_byte_order_mark_is_no_part_of_the_first_statement),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
