/* support.h - a project of its own for a test: a folder with migrations, a real
 * database behind the real loader, and a migrator on it. What the database holds is
 * asked of the native client, not of ourselves. */
#ifndef TESTS_MIGRATE_SUPPORT_H
#define TESTS_MIGRATE_SUPPORT_H

#include "../build.h"
#include "../native.h"
#include "migrate/private.h"

#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct place {
	struct arena arena;
	char root[64];
	const char *folder; /* of the migrations */
	const char *file;   /* the database */
	struct observer *observer;
	struct project project;
	const struct driver *driver;
	struct database *database;
	struct migrator migrator;
	struct error error;
	atomic_int stop;
	int64_t reports;
	struct text reported; /* "+1_a -1_a !2_b" */
	size_t stop_at;       /* SIGINT once so many steps are done; 0: never */
};

static inline void place_remove(const char *path)
{
	const char *const words[] = {"rm", "-rf", "--", path, NULL};
	char *const none[] = {NULL};
	pid_t child = 0;
	assert_int_equal(
		posix_spawn(&child, "/bin/rm", NULL, NULL, (char *const *)(uintptr_t)words, none), 0);
	waitpid(child, NULL, 0);
}

static inline void place_write(struct place *place, const char *name, const char *text)
{
	const char *path = path_join(&place->arena, place->folder, name);
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	assert_int_equal(fclose(file), 0);
}

/* A migration that makes a table and takes it away again. */
static inline void put_table(struct place *place, const char *name, const char *table)
{
	TEXT_CLEANUP struct text text = {0};
	text_printf(&text,
		    "-- migrate:up\nCREATE TABLE %s (id INTEGER);\n\n-- migrate:down\nDROP TABLE %s;\n",
		    table, table);
	place_write(place, name, text.data);
}

static inline void place_unlink(struct place *place, const char *name)
{
	assert_int_equal(unlink(path_join(&place->arena, place->folder, name)), 0);
}

static inline const char *place_sql(struct place *place, const char *statement)
{
	return native_sql(&place->arena, place->file, statement);
}

static inline void expect_sql(struct place *place, const char *statement, const char *answer)
{
	assert_string_equal(place_sql(place, statement), answer);
}

static inline void place_project(struct place *place)
{
	struct arena *arena = &place->arena;
	static const char *const environ[] = {NULL};
	const char *ini = arena_printf(
		arena,
		"[project]\ndefault = sqlite\nmigrations = m\n\n[plugins]\ndir = %s\n\n"
		"[connection:sqlite]\ndriver = sqlite\npath = app.sqlite\nlock_timeout = 200ms\n",
		build_path(arena, "plugins/sqlite"));
	const char *path = path_join(arena, place->root, "eloquent.ini");
	assert_int_equal(file_create(path, 0600, ini, strlen(ini), &place->error), STATUS_OK);
	struct config_input input = {.config = path,
				     .environ = environ,
				     .cwd = place->root,
				     .installed_plugins = "/nowhere"};
	if (project_load(place->observer, &input, &place->project, &place->error))
		fail_msg("%s", place->error.message);
	if (driver_load(place->observer, &place->project, "sqlite", &place->driver, &place->error))
		fail_msg("%s", place->error.message);
}

static inline void place_open(struct place *place)
{
	const struct connection *connection = project_connection(&place->project, "sqlite");
	if (database_open(place->observer, &place->project, connection, place->driver, true,
			  &place->database, &place->error))
		fail_msg("%s", place->error.message);
	place->migrator.database = place->database;
}

static inline void place_report(void *context, const struct step_report *report)
{
	struct place *place = context;
	place->reports++;
	if (report->phase == STEP_STARTED)
		return;
	text_printf(&place->reported, "%s%s%s", place->reported.size ? " " : "",
		    report->phase == STEP_FAILED ? "!"
		    : report->step->down         ? "-"
						 : "+",
		    report->step->file->name);
	if (place->stop_at && place->migrator.steps_done + 1 == place->stop_at)
		atomic_store(&place->stop, SIGINT);
}

static inline int place_setup(void **state)
{
	struct place *place = mem_alloc(sizeof(*place));
	*state = place;
	/* In memory where that is possible: these tests are not about the disk's speed. */
	bool memory = access("/dev/shm", W_OK | X_OK) == 0;
	snprintf(place->root, sizeof(place->root), "%s/elq-migrate-XXXXXX",
		 memory ? "/dev/shm" : "/tmp");
	if (!mkdtemp(place->root))
		return -1;
	place->folder = path_join(&place->arena, place->root, "m/sqlite");
	place->file = path_join(&place->arena, place->root, "app.sqlite");
	if (folder_create(place->folder, 0700, &place->error))
		return -1;
	place->observer = observer_new();
	place_project(place);
	place->migrator = (struct migrator){
		.observer = place->observer,
		.folder_path = place->folder,
		.max_size = 1 << 20,
		.word = "development",
		.run = "0123456789abcdef0123456789abcdef",
		.actor = "ada",
		.tool = "eloquent test",
		.audit_head = "",
		.stop = &place->stop,
		.lock_timeout_us = -1,
		.report = place_report,
		.report_context = place,
	};
	place_open(place);
	return 0;
}

static inline int place_teardown(void **state)
{
	struct place *place = *state;
	migrator_free(&place->migrator);
	database_close(place->database);
	project_free(&place->project);
	observer_free(place->observer);
	error_clear(&place->error);
	text_free(&place->reported);
	place_remove(place->root);
	arena_free(&place->arena);
	mem_free(place);
	return 0;
}

/* Our tables, as run/ makes them before any work. */
static inline void place_tables(struct place *place)
{
	struct error *error = &place->error;
	assert_int_equal(database_begin(place->database, 0, NULL, 0, -1, error), STATUS_OK);
	assert_int_equal(database_history_create(place->database, error), STATUS_OK);
	assert_int_equal(database_commit(place->database, error), STATUS_OK);
}

static inline void must(struct place *place, enum status status)
{
	if (status)
		fail_msg("%s (%s)", place->error.message, status_code(status));
	assert_null(place->error.message);
}

static inline void place_load(struct place *place)
{
	error_clear(&place->error);
	must(place, migrator_load(&place->migrator, VERIFY_TAIL, &place->error));
}

static inline enum status place_execute(struct place *place)
{
	place_tables(place);
	text_clear(&place->reported);
	return migrator_execute(&place->migrator, &place->error);
}

/* migrate:run and migrate:rollback, as the commands do it. */
static inline enum status place_try_run(struct place *place, struct run_selection selection)
{
	error_clear(&place->error);
	enum status status = migrator_load(&place->migrator, VERIFY_TAIL, &place->error);
	if (!status)
		status = migrator_select_run(&place->migrator, &selection, &place->error);
	return status ? status : place_execute(place);
}

static inline void place_run(struct place *place)
{
	must(place, place_try_run(place, (struct run_selection){0}));
}

static inline enum status place_try_rollback(struct place *place, struct rollback_selection selection)
{
	error_clear(&place->error);
	enum status status = migrator_load(&place->migrator, VERIFY_TAIL, &place->error);
	if (!status)
		status = migrator_select_rollback(&place->migrator, &selection, &place->error);
	return status ? status : place_execute(place);
}

static inline void place_rollback(struct place *place, struct rollback_selection selection)
{
	must(place, place_try_rollback(place, selection));
}

static inline void expect_error(struct place *place, enum status got, enum status expected,
				const char *part)
{
	assert_string_equal(status_code(got), status_code(expected));
	assert_int_equal(place->error.status, expected);
	if (!place->error.message || !strstr(place->error.message, part))
		fail_msg("\"%s\" does not say \"%s\"", place->error.message ? place->error.message : "",
			 part);
}

static inline void expect_hint(struct place *place, const char *part)
{
	if (!place->error.hint || !strstr(place->error.hint, part))
		fail_msg("\"%s\" does not say \"%s\"", place->error.hint ? place->error.hint : "",
			 part);
}

static inline void expect_reported(struct place *place, const char *reported)
{
	assert_string_equal(text_string(&place->reported), reported);
}

/* "1_a applied, 2_b pending" */
static inline void expect_rows(struct place *place, const char *rows)
{
	TEXT_CLEANUP struct text text = {0};
	place_load(place);
	for (size_t i = 0; i < place->migrator.row_count; i++)
		text_printf(&text, "%s%s %s", i ? ", " : "", place->migrator.rows[i].name,
			    row_state_name(place->migrator.rows[i].state));
	assert_string_equal(text_string(&text), rows);
}

/* The chain is whole, by our own full check. */
static inline void expect_chain(struct place *place)
{
	struct history history = {0};
	error_clear(&place->error);
	must(place, history_read(place->database, VERIFY_ALL, &history, &place->error));
	history_free(&history);
}

/* The chain counts as verified up to its last event. */
static inline void expect_checkpoint_at_the_end(struct place *place)
{
	expect_sql(place,
		   "SELECT value = (SELECT sequence || ' ' || hash FROM eloquent_history ORDER BY "
		   "sequence DESC LIMIT 1) FROM eloquent_meta WHERE key = 'checkpoint'",
		   "1");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

#endif
