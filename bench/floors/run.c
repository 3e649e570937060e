/* run.c - the floor of migrate:run: executes the same statements, one
 * transaction per file, with one insert into a table of the tracker's shape in
 * each. Statements of its own are prepared once; journal mode and syncing are
 * SQLite's defaults, as they are for the program.
 *
 *     bench_run DATABASE FOLDER TRACKER.sql
 *
 * TRACKER.sql holds the CREATE statements of the program's own tables, taken
 * from a database that it made, so that the shapes cannot drift apart. The
 * files are those that bench/run writes: a statement ends at a semicolon
 * that ends its line. */
#include "floor.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

struct run {
	sqlite3 *database;
	sqlite3_stmt *begin;
	sqlite3_stmt *insert;
	sqlite3_stmt *commit;
	int sequence_at; /* parameters of insert; 0: the table has no such column */
	int version_at;
	int name_at;
};

/* What a column of the tracker holds when nothing better is known: text as
 * long as the program's. */
static const struct {
	const char *column;
	const char *value;
} samples[] = {
	{"run", "0123456789abcdef0123456789abcdef"},
	{"batch", "1"},
	{"checksum", HASH},
	{"direction", "up"},
	{"event", "applied"},
	{"statement", NULL},
	{"actor", "somebody"},
	{"host", "localhost"},
	{"tool", "eloquent 0.1.0"},
	{"audit_head", HASH},
	{"detail", NULL},
	{"previous", HASH},
	{"hash", HASH},
	{"duration_us", "1000"},
	{"rows", "0"},
	{"rows_changed", "0"},
	{"at", "2026-01-02T03:04:05.678901Z"},
};

static sqlite3_stmt *prepare(struct run *run, const char *text)
{
	sqlite3_stmt *statement = NULL;

	if (sqlite3_prepare_v3(run->database, text, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL))
		floor_fail("%s: %s", text, sqlite3_errmsg(run->database));
	return statement;
}

static void step(struct run *run, sqlite3_stmt *statement)
{
	if (sqlite3_step(statement) != SQLITE_DONE)
		floor_fail("%s: %s", sqlite3_sql(statement), sqlite3_errmsg(run->database));
	sqlite3_reset(statement);
}

static void bind_sample(struct run *run, int at, const char *column)
{
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		if (strcmp(samples[i].column, column) == 0) {
			sqlite3_bind_text(run->insert, at, samples[i].value, -1, SQLITE_STATIC);
			return;
		}
	}
	floor_fail("the tracker has a column that this floor does not know: %s", column);
}

/* One parameter per column that the table does not fill by itself. */
static void prepare_insert(struct run *run)
{
	sqlite3_stmt *columns = prepare(run, "SELECT name FROM pragma_table_info('eloquent_history') "
					     "WHERE dflt_value IS NULL ORDER BY cid");
	sqlite3_str *names = sqlite3_str_new(run->database);
	sqlite3_str *marks = sqlite3_str_new(run->database);
	char *text;
	int count = 0;

	while (sqlite3_step(columns) == SQLITE_ROW) {
		sqlite3_str_appendf(names, "%s\"%w\"", count ? ", " : "",
				    (const char *)sqlite3_column_text(columns, 0));
		sqlite3_str_appendf(marks, "%s?", count ? ", " : "");
		count++;
	}
	sqlite3_reset(columns);
	text = sqlite3_mprintf("INSERT INTO main.eloquent_history (%s) VALUES (%s)",
			       sqlite3_str_value(names), sqlite3_str_value(marks));
	run->insert = prepare(run, text);
	for (int at = 1; sqlite3_step(columns) == SQLITE_ROW; at++) {
		const char *column = (const char *)sqlite3_column_text(columns, 0);

		if (strcmp(column, "sequence") == 0)
			run->sequence_at = at;
		else if (strcmp(column, "version") == 0)
			run->version_at = at;
		else if (strcmp(column, "name") == 0)
			run->name_at = at;
		else
			bind_sample(run, at, column);
	}
	sqlite3_finalize(columns);
	sqlite3_free(sqlite3_str_finish(names));
	sqlite3_free(sqlite3_str_finish(marks));
	sqlite3_free(text);
}

static void open_database(struct run *run, const char *path, const char *tracker)
{
	struct floor_buffer schema = {0};
	char *message = NULL;

	floor_read(AT_FDCWD, tracker, &schema);
	if (sqlite3_open_v2(path, &run->database,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) ||
	    sqlite3_exec(run->database, schema.data, NULL, NULL, &message))
		floor_fail("%s: %s", path, message ? message : sqlite3_errmsg(run->database));
	free(schema.data);
	run->begin = prepare(run, "BEGIN IMMEDIATE");
	run->commit = prepare(run, "COMMIT");
	prepare_insert(run);
}

/* The statements between the up and the down directive, one by one. */
static void apply_statements(struct run *run, const char *name, char *text)
{
	char *end = strstr(text, "\n-- migrate:down");
	char *statement = strchr(text, '\n');

	if (!end || !statement)
		floor_fail("%s: not a file of bench/run", name);
	*end = '\0';
	while (statement && *statement) {
		char *stop = strstr(statement, ";\n");
		int size = stop ? (int)(stop - statement) : (int)strlen(statement);
		sqlite3_stmt *prepared = NULL;

		if (sqlite3_prepare_v2(run->database, statement, size, &prepared, NULL))
			floor_fail("%s: %s", name, sqlite3_errmsg(run->database));
		if (prepared) {
			step(run, prepared);
			sqlite3_finalize(prepared);
		}
		statement = stop ? stop + 2 : NULL;
	}
}

static void apply_file(struct run *run, int number, const char *name, char *text)
{
	step(run, run->begin);
	apply_statements(run, name, text);
	sqlite3_bind_int(run->insert, run->sequence_at, number);
	sqlite3_bind_text(run->insert, run->version_at, name, (int)strcspn(name, "_"), SQLITE_STATIC);
	sqlite3_bind_text(run->insert, run->name_at, name, (int)strlen(name) - 4, SQLITE_STATIC);
	step(run, run->insert);
	step(run, run->commit);
}

int main(int argc, char **argv)
{
	struct floor_buffer buffer = {0};
	struct floor_names names;
	struct run run = {0};
	int folder;

	if (argc != 4)
		floor_fail("usage: bench_run DATABASE FOLDER TRACKER.sql");
	folder = open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		floor_fail("%s: %s", argv[2], strerror(errno));
	open_database(&run, argv[1], argv[3]);
	names = floor_list(folder);
	for (size_t i = 0; i < names.count; i++) {
		floor_read(folder, names.items[i], &buffer);
		apply_file(&run, (int)i + 1, names.items[i], buffer.data);
	}
	sqlite3_finalize(run.begin);
	sqlite3_finalize(run.insert);
	sqlite3_finalize(run.commit);
	sqlite3_close(run.database);
	return 0;
}
