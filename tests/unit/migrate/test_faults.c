/* Whatever call to the driver fails, is cut off by kill -9 or leaves its outcome
 * unknown: the next run completes, each migration counts once, the chain is whole.
 * The driver is the real one; a shim stands before its slots. */
#include "support.h"

#include <eloquent/host.h>
#include <pthread.h>

enum fault { FAULT_NONE, FAULT_FAIL, FAULT_KILL_BEFORE, FAULT_KILL_AFTER };

/* What the shim does at the `at`-th call, counted from 1. */
static struct {
	enum fault fault;
	size_t at;
	size_t calls;
	size_t executes;
	size_t stop_after; /* statements of the user's; 0: never */
	size_t cancel_at;  /* two signals while this statement runs */
	struct database *database;
	size_t unknown_at;    /* this commit loses its answer */
	bool unknown_commits; /* and commits */
	size_t commits;
	bool append_only; /* count history.append only */
	atomic_int *stop;
	struct elq_driver ops;
	struct elq_history history;
} shim;

static int32_t inject(const struct elq_call *call, int32_t code, uint32_t flags, const char *words)
{
	struct elq_error error = {
		.struct_size = sizeof(error),
		.code = code,
		.flags = flags,
		.statement = -1,
		.offset = -1,
		.message = {words, strlen(words)},
	};
	call->host->set_error(call, &error);
	return code;
}

static bool due(bool append)
{
	if (shim.append_only && !append)
		return false;
	return ++shim.calls == shim.at;
}

/* Runs `real` at the place where a fault may come. */
#define PASS(append, real)                                                                             \
	do {                                                                                           \
		bool now = due(append);                                                                \
		if (now && shim.fault == FAULT_FAIL)                                                   \
			return inject(call, ELQ_ERR_FAILED, 0, "injected failure");                    \
		if (now && shim.fault == FAULT_KILL_BEFORE)                                            \
			kill(getpid(), SIGKILL);                                                       \
		int32_t code = (real);                                                                 \
		if (now && shim.fault == FAULT_KILL_AFTER)                                             \
			kill(getpid(), SIGKILL);                                                       \
		return code;                                                                           \
	} while (0)

static int32_t shim_begin(const struct elq_call *call, struct elq_connection *connection,
			  const struct elq_begin *begin)
{
	PASS(false, shim.ops.begin(call, connection, begin));
}

static void *cancel_soon(void *unused)
{
	(void)unused;
	clock_sleep_ms(50);
	atomic_store(shim.stop, SIGTERM);
	database_cancel(shim.database);
	return NULL;
}

static int32_t execute_cancelled(const struct elq_call *call, struct elq_connection *connection,
				 const struct elq_statement *statement)
{
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, cancel_soon, NULL), 0);
	int32_t code = shim.ops.execute(call, connection, statement, NULL, NULL);
	pthread_join(thread, NULL);
	return code;
}

static int32_t shim_execute(const struct elq_call *call, struct elq_connection *connection,
			    const struct elq_statement *statement, const struct elq_sink *sink,
			    struct elq_result *result)
{
	if (++shim.executes == shim.stop_after)
		atomic_store(shim.stop, SIGINT);
	if (shim.executes == shim.cancel_at)
		return execute_cancelled(call, connection, statement);
	PASS(false, shim.ops.execute(call, connection, statement, sink, result));
}

static int32_t shim_commit(const struct elq_call *call, struct elq_connection *connection)
{
	if (++shim.commits == shim.unknown_at) {
		if (shim.unknown_commits)
			assert_int_equal(shim.ops.commit(call, connection), ELQ_OK);
		return inject(call, ELQ_ERR_LOST, ELQ_ERROR_OUTCOME_UNKNOWN, "the server went away");
	}
	PASS(false, shim.ops.commit(call, connection));
}

static int32_t shim_append(const struct elq_call *call, struct elq_connection *connection,
			   const struct elq_event *event)
{
	PASS(true, shim.history.append(call, connection, event));
}

static void shim_install(struct place *place)
{
	/* The table is a host-side copy; the loader hands it out as const. */
	struct driver *driver = (struct driver *)(uintptr_t)place->driver;
	if (!shim.ops.begin) {
		shim.ops = driver->ops;
		shim.history = driver->history;
	}
	driver->ops.begin = shim_begin;
	driver->ops.execute = shim_execute;
	driver->ops.commit = shim_commit;
	driver->history.append = shim_append;
}

static void shim_reset(struct place *place)
{
	struct elq_driver ops = shim.ops;
	struct elq_history history = shim.history;
	memset(&shim, 0, sizeof(shim));
	shim.ops = ops;
	shim.history = history;
	shim.stop = &place->stop;
}

static int setup(void **state)
{
	int failed = place_setup(state);
	if (failed)
		return failed;
	shim_reset(*state);
	shim_install(*state);
	return 0;
}

/* Statements that must not run twice, with a transaction or without. */
static void put_project(struct place *place)
{
	place_write(place, "1_a.sql",
		    "-- migrate:up\nCREATE TABLE a (id);\nINSERT INTO a VALUES (1);\n"
		    "-- migrate:down\nDROP TABLE a;\n");
	place_write(place, "2_b.sql",
		    "-- migrate:up transaction:false\nCREATE TABLE b (id);\nVACUUM;\n"
		    "INSERT INTO b VALUES (1);\nCREATE INDEX b_id ON b (id);\n"
		    "-- migrate:down transaction:false\nDROP INDEX b_id;\nVACUUM;\nDROP TABLE b;\n");
	place_write(place, "3_c.sql",
		    "-- migrate:up\nINSERT INTO a VALUES (3);\n-- migrate:down\nDELETE FROM a WHERE id "
		    "= 3;\n");
	place_write(place, "R_v.sql",
		    "-- migrate:up\nDROP VIEW IF EXISTS v;\nCREATE VIEW v AS SELECT id FROM a;\n");
}

static void expect_complete(struct place *place)
{
	expect_rows(place, "1_a applied, 2_b applied, 3_c applied, R_v applied");
	expect_sql(place, "SELECT group_concat(id) FROM v", "1,3");
	expect_sql(place, "SELECT count(*) FROM b", "1");
	expect_sql(place,
		   "SELECT max(n) FROM (SELECT count(*) AS n FROM eloquent_history WHERE event = "
		   "'applied' "
		   "GROUP BY name)",
		   "1");
	expect_chain(place);
}

static void start_anew(struct place *place)
{
	migrator_free(&place->migrator);
	database_close(place->database);
	atomic_store(&place->stop, 0);
	unlink(place->file);
	place_open(place);
}

/* Counts the calls of a clean run. */
static size_t clean_run(struct place *place)
{
	shim_reset(place);
	place_run(place);
	size_t calls = shim.calls;
	expect_complete(place);
	return calls;
}

static void after_any_failing_call_the_next_run_completes(void **state)
{
	struct place *place = *state;
	put_project(place);
	size_t calls = clean_run(place);
	assert_true(calls > 20);
	for (size_t at = 4; at <= calls; at++) { /* the first three make our tables */
		start_anew(place);
		shim_reset(place);
		shim.fault = FAULT_FAIL;
		shim.at = at;
		enum status status = place_try_run(place, (struct run_selection){0});
		shim_reset(place);
		if (!status)
			fail_msg("call %zu of %zu failed, and the run says that all is well", at,
				 calls);
		assert_non_null(strstr(place->error.message, "injected failure"));
		expect_chain(place);
		place_run(place);
		expect_complete(place);
	}
}

/* The child has a connection and a life of its own. */
static void run_in_child(struct place *place, bool down)
{
	pid_t child = fork();
	if (child == 0) {
		place_open(place);
		place->migrator.report = NULL;
		enum status status =
			down ? place_try_rollback(place, (struct rollback_selection){.all = true})
			     : place_try_run(place, (struct run_selection){0});
		_exit(status ? 1 : 0);
	}
	int outcome = 0;
	assert_int_equal(waitpid(child, &outcome, 0), child);
	assert_true(WIFSIGNALED(outcome) && WTERMSIG(outcome) == SIGKILL);
}

static void kill_at_every_call(struct place *place, enum fault fault)
{
	put_project(place);
	size_t calls = clean_run(place);
	for (size_t at = 1; at <= calls; at++) {
		start_anew(place);
		database_close(place->database);
		place->database = NULL;
		shim_reset(place);
		shim.fault = fault;
		shim.at = at;
		run_in_child(place, false);
		shim_reset(place);
		place_open(place);
		place_run(place);
		expect_complete(place);
	}
}

static void killed_before_any_call_the_next_run_completes(void **state)
{
	kill_at_every_call(*state, FAULT_KILL_BEFORE);
}

static void killed_after_any_call_the_next_run_completes(void **state)
{
	kill_at_every_call(*state, FAULT_KILL_AFTER);
}

static void killed_while_going_down_the_next_rollback_completes(void **state)
{
	struct place *place = *state;
	put_project(place);
	place_run(place);
	shim_reset(place);
	place_rollback(place, (struct rollback_selection){.all = true});
	size_t calls = shim.calls;
	for (size_t at = 4; at <= calls; at++) {
		start_anew(place);
		shim_reset(place);
		place_run(place);
		database_close(place->database);
		place->database = NULL;
		shim_reset(place);
		shim.fault = FAULT_KILL_AFTER;
		shim.at = at;
		run_in_child(place, true);
		shim_reset(place);
		place_open(place);
		place_rollback(place, (struct rollback_selection){.all = true});
		expect_rows(place, "1_a pending, 2_b pending, 3_c pending, R_v pending");
		expect_chain(place);
	}
}

static void stopped_between_two_statements_it_rolls_back_and_says_so(void **state)
{
	struct place *place = *state;
	place_write(
		place, "1_a.sql",
		"-- migrate:up\nCREATE TABLE a (id);\nCREATE TABLE b (id);\nCREATE TABLE c (id);\n");
	shim.stop_after = 2;
	expect_error(place, place_try_run(place, (struct run_selection){0}), STATUS_INTERRUPTED,
		     "1_a.sql, before statement 3 of 3");
	expect_hint(place, "nothing of this migration stands");
	expect_sql(place, "SELECT count(*) FROM sqlite_schema WHERE length(name) = 1", "0");
	expect_sql(place, "SELECT event, detail ->> 'code' FROM eloquent_history",
		   "failed|interrupted");
	expect_chain(place);
}

static void stopped_in_its_last_statement_it_commits_and_stops_before_the_next(void **state)
{
	struct place *place = *state;
	place_write(place, "1_a.sql", "-- migrate:up\nCREATE TABLE a (id);\n");
	place_write(place, "2_b.sql", "-- migrate:up\nCREATE TABLE b (id);\n");
	shim.stop_after = 1;
	expect_error(place, place_try_run(place, (struct run_selection){0}), STATUS_INTERRUPTED,
		     "2_b.sql was begun");
	expect_rows(place, "1_a applied, 2_b pending");
	expect_chain(place);
}

static void stopped_in_the_last_statement_of_all_nothing_is_left_to_stop(void **state)
{
	struct place *place = *state;
	place_write(place, "1_a.sql", "-- migrate:up\nCREATE TABLE a (id);\n");
	shim.stop_after = 1;
	place_run(place);
	expect_rows(place, "1_a applied");
}

static void stopped_without_a_transaction_it_keeps_what_ran(void **state)
{
	struct place *place = *state;
	place_write(place, "1_a.sql",
		    "-- migrate:up transaction:false\nCREATE TABLE a (id);\nCREATE TABLE b "
		    "(id);\nCREATE TABLE c (id);\n");
	shim.stop_after = 2;
	expect_error(place, place_try_run(place, (struct run_selection){0}), STATUS_INTERRUPTED,
		     "before statement 3 of 3");
	expect_hint(place, "2 of 3 statements");
	expect_rows(place, "1_a partial");
	atomic_store(&place->stop, 0);
	shim_reset(place);
	place_run(place);
	assert_int_equal(shim.executes, 1);
	expect_rows(place, "1_a applied");
	expect_chain(place);
}

static void a_cancelled_statement_ends_the_run_and_is_on_record(void **state)
{
	struct place *place = *state;
	place_write(place, "1_a.sql",
		    "-- migrate:up\nCREATE TABLE a (id);\nWITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "
		    "SELECT i + 1 FROM n) SELECT count(*) FROM n;\n");
	shim.cancel_at = 2;
	shim.database = place->database;
	expect_error(place, place_try_run(place, (struct run_selection){0}), STATUS_TERMINATED,
		     "1_a.sql:3: statement 2 of 2");
	expect_hint(place, "nothing of this migration stands");
	expect_sql(place, "SELECT count(*) FROM sqlite_schema WHERE length(name) = 1", "0");
	expect_sql(place, "SELECT event, detail ->> 'code', statement FROM eloquent_history",
		   "failed|terminated|2");
}

static void an_unknown_commit_that_happened_counts(void **state)
{
	struct place *place = *state;
	put_project(place);
	place_tables(place);
	shim_reset(place);
	shim.unknown_at = 2; /* the first is our tables' */
	shim.unknown_commits = true;
	place_run(place);
	expect_complete(place);
}

static void an_unknown_commit_that_did_not_happen_fails_and_is_not_repeated(void **state)
{
	struct place *place = *state;
	put_project(place);
	place_tables(place);
	shim_reset(place);
	shim.unknown_at = 2;
	expect_error(place, place_try_run(place, (struct run_selection){0}), STATUS_FAILED,
		     "did not happen");
	expect_hint(place, "nothing of this migration stands");
	shim_reset(place);
	place_run(place);
	expect_complete(place);
}

static void a_failure_that_cannot_be_recorded_does_not_hide_the_first_error(void **state)
{
	struct place *place = *state;
	place_write(place, "1_a.sql", "-- migrate:up\nbroken;\n");
	place_tables(place);
	shim_reset(place);
	shim.append_only = true;
	shim.fault = FAULT_FAIL;
	shim.at = 1;
	expect_error(place, place_try_run(place, (struct run_selection){0}), STATUS_STATEMENT_FAILED,
		     "broken");
	size_t count = 0;
	const char *const *warnings = log_warnings(place->observer, &count);
	assert_int_equal(count, 1);
	assert_non_null(strstr(warnings[0], "injected failure"));
}

static void expect_unrecorded(struct place *place, size_t append, const char *hint, const char *rows)
{
	start_anew(place);
	place_tables(place);
	shim_reset(place);
	shim.append_only = true;
	shim.fault = FAULT_FAIL;
	shim.at = append;
	expect_error(place, place_try_run(place, (struct run_selection){0}), STATUS_STATEMENT_FAILED,
		     "could not be recorded");
	expect_hint(place, hint);
	assert_null(strstr(place->error.hint, "nothing of this migration stands"));
	shim_reset(place);
	expect_rows(place, rows);
	expect_chain(place);
}

/* VACUUM shares no transaction with its event. */
static void a_statement_that_ran_unrecorded_is_not_said_to_be_gone(void **state)
{
	struct place *place = *state;
	const char *root = place->root;
	place_write(place, "1_a.sql",
		    arena_printf(&place->arena,
				 "-- migrate:up transaction:false\nVACUUM INTO '%s/a';\nVACUUM INTO "
				 "'%s/b';\n",
				 root, root));
	expect_unrecorded(place, 2,
			  "0 of 2 statements of its up section stand and are recorded; statement 1 may",
			  "1_a partial");
	assert_int_equal(unlink(path_join(&place->arena, root, "a")), 0);
	expect_unrecorded(place, 3,
			  "1 of 2 statements of its up section stand and are recorded; statement 2 may",
			  "1_a partial");
	expect_error(place, place_try_run(place, (struct run_selection){0}), STATUS_STATEMENT_FAILED,
		     "already exists");
	expect_hint(place, "statement 2 may stand too, unrecorded: look");
}

static void a_statement_that_cannot_be_recorded_is_undone(void **state)
{
	struct place *place = *state;
	place_write(place, "1_a.sql",
		    "-- migrate:up transaction:false\nCREATE TABLE a (id);\nCREATE TABLE b (id);\n");
	place_tables(place);
	for (size_t append = 3; append > 1; append--) {
		start_anew(place);
		place_tables(place);
		shim_reset(place);
		shim.append_only = true;
		shim.fault = FAULT_FAIL;
		shim.at = append;
		expect_error(place, place_try_run(place, (struct run_selection){0}),
			     STATUS_STATEMENT_FAILED, "was undone: it could not be recorded");
		assert_null(strstr(place->error.hint, "may stand"));
		shim_reset(place);
		expect_sql(place, "SELECT count(*) FROM sqlite_schema WHERE length(name) = 1",
			   append == 3 ? "1" : "0");
		expect_rows(place, append == 3 ? "1_a partial" : "1_a failed");
		place_run(place);
		expect_rows(place, "1_a applied");
		expect_chain(place);
	}
}

static enum status run_with_unknown_commit(struct place *place, size_t at, bool commits)
{
	start_anew(place);
	place_tables(place);
	shim_reset(place);
	shim.unknown_at = at + 1; /* the first makes our tables once more */
	shim.unknown_commits = commits;
	enum status status = place_try_run(place, (struct run_selection){0});
	shim_reset(place);
	return status;
}

/* Commit 1 is of `started`, 2 and 3 are of the statements. A lost session is not gone on with. */
static void an_unknown_commit_of_a_single_statement_is_looked_up_and_it_never_runs_twice(void **state)
{
	struct place *place = *state;
	place_write(place, "1_a.sql",
		    "-- migrate:up transaction:false\nCREATE TABLE a (id);\nCREATE TABLE b (id);\n");
	for (size_t at = 2; at <= 3; at++) {
		expect_error(place, run_with_unknown_commit(place, at, false), STATUS_FAILED,
			     "the commit did not happen");
		place_run(place);
		expect_rows(place, "1_a applied");
	}
	expect_error(place, run_with_unknown_commit(place, 2, true), STATUS_FAILED,
		     "the connection was lost behind statement 1");
	expect_hint(place, "1 of 2 statements of its up section stand and are recorded");
	expect_hint(place, "goes on with statement 2");
	place_run(place);
	expect_rows(place, "1_a applied");
	must(place, run_with_unknown_commit(place, 3, true));
	expect_rows(place, "1_a applied");
	expect_chain(place);
}

static void foreign_keys_that_were_broken_before_do_not_stop_a_migration(void **state)
{
	struct place *place = *state;
	place_write(place, "1_a.sql",
		    "-- migrate:up\nCREATE TABLE p (id INTEGER PRIMARY KEY);\n"
		    "CREATE TABLE c (p INTEGER REFERENCES p (id));\n");
	place_run(place);
	place_sql(place, "INSERT INTO c VALUES (1)");
	place_write(place, "2_b.sql",
		    "-- migrate:up\nINSERT INTO p VALUES (2);\nINSERT INTO c VALUES (2);\n");
	shim_reset(place);
	place_run(place);
	assert_int_equal(shim.executes, 4); /* both statements once more */
	expect_rows(place, "1_a applied, 2_b applied");
	place_write(place, "3_c.sql", "-- migrate:up\nINSERT INTO c VALUES (77);\n");
	expect_error(place, place_try_run(place, (struct run_selection){0}), STATUS_STATEMENT_FAILED,
		     "3_c.sql");
	expect_sql(place, "SELECT group_concat(p) FROM c", "1,2");
	expect_chain(place);
}

int main(void)
{
#define FAULT_CASE(name) cmocka_unit_test_setup_teardown(name, setup, place_teardown)
	const struct CMUnitTest tests[] = {
		FAULT_CASE(after_any_failing_call_the_next_run_completes),
		FAULT_CASE(killed_before_any_call_the_next_run_completes),
		FAULT_CASE(killed_after_any_call_the_next_run_completes),
		FAULT_CASE(killed_while_going_down_the_next_rollback_completes),
		FAULT_CASE(stopped_between_two_statements_it_rolls_back_and_says_so),
		FAULT_CASE(stopped_in_its_last_statement_it_commits_and_stops_before_the_next),
		FAULT_CASE(stopped_in_the_last_statement_of_all_nothing_is_left_to_stop),
		FAULT_CASE(stopped_without_a_transaction_it_keeps_what_ran),
		FAULT_CASE(a_cancelled_statement_ends_the_run_and_is_on_record),
		FAULT_CASE(an_unknown_commit_that_happened_counts),
		FAULT_CASE(an_unknown_commit_that_did_not_happen_fails_and_is_not_repeated),
		FAULT_CASE(a_failure_that_cannot_be_recorded_does_not_hide_the_first_error),
		FAULT_CASE(a_statement_that_ran_unrecorded_is_not_said_to_be_gone),
		FAULT_CASE(a_statement_that_cannot_be_recorded_is_undone),
		FAULT_CASE(
			an_unknown_commit_of_a_single_statement_is_looked_up_and_it_never_runs_twice),
		FAULT_CASE(foreign_keys_that_were_broken_before_do_not_stop_a_migration),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
