/* scratch.c - elq.scratch: a database in the workplace, to try a backup out in, and
 * its way into the live file.
 *
 * promote() goes through SQLite's online backup API: the live file is never
 * exchanged (programs that have it open would go on writing to the old one), its
 * pages are replaced in one transaction under its own journal. Killed at any
 * moment, it is rolled back by whoever opens it next. */
#include "sqlite/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int32_t create(struct elq_connection *beside, const struct elq_workplace *workplace,
		      struct elq_connection **ret)
{
	char *path = NULL;
	int32_t status = workplace_path(beside->call, workplace, "scratch", &path);
	if (status == ELQ_OK)
		status = connection_open_path(beside->call, path, ELQ_OPEN_WRITE, ret);
	if (status == ELQ_OK)
		(*ret)->scratch = true;
	sqlite3_free(path);
	return status;
}

static int32_t slot_create(const struct elq_call *call, struct elq_connection *beside,
			   const struct elq_workplace *workplace, struct elq_connection **ret)
{
	*ret = NULL;
	connection_enter(beside, call);
	return connection_leave(beside, create(beside, workplace, ret));
}

static int32_t slot_open_again(const struct elq_call *call, struct elq_connection *scratch,
			       struct elq_connection **ret)
{
	*ret = NULL;
	connection_enter(scratch, call);
	return connection_leave(scratch, connection_open_path(call, scratch->location.path, 0, ret));
}

/* They lie in the workplace's folder, which the host removes. */
static int32_t slot_list(const struct elq_call *call, struct elq_connection *connection,
			 const struct elq_sink *sink)
{
	(void)call;
	(void)connection;
	(void)sink;
	return ELQ_OK;
}

static int32_t slot_drop(const struct elq_call *call, struct elq_connection *connection,
			 const struct elq_str *name)
{
	(void)connection;
	return sqlkit_fail(call, ELQ_ERR_NOT_FOUND, NULL, "there is no scratch database \"%.*s\"",
			   (int)name->size, name->data);
}

/* ---- promote ----------------------------------------------------------------------------- */

/* Without readable pages there is nothing to go by: SQLite is told to take the file for an
 * empty one, and overwrites it. */
static int32_t set_reset(struct elq_connection *live, int on)
{
	if (sqlite3_db_config(live->db, SQLITE_DBCONFIG_RESET_DATABASE, on, NULL) == SQLITE_OK)
		return ELQ_OK;
	return failure_report(live, live->db);
}

struct shape {
	int64_t page_size;
	bool wal;
};

static int32_t take_page_size(void *context, sqlite3_stmt *statement)
{
	((struct shape *)context)->page_size = sqlite3_column_int64(statement, 0);
	return 0;
}

static int32_t take_mode(void *context, sqlite3_stmt *statement)
{
	const char *mode = (const char *)sqlite3_column_text(statement, 0);
	((struct shape *)context)->wal = mode && strcmp(mode, "wal") == 0;
	return 0;
}

static int32_t look_at_shape(struct elq_connection *connection, struct shape *ret)
{
	int32_t status = statement_query(connection, sqlite3_mprintf("PRAGMA main.page_size"),
					 take_page_size, ret);
	return status == ELQ_OK
		       ? statement_query(connection, sqlite3_mprintf("PRAGMA main.journal_mode"),
					 take_mode, ret)
		       : status;
}

/* Behind a write-ahead log the size of pages cannot change; a rollback journal lets it. */
static int32_t fit_page_size(struct elq_connection *scratch, struct elq_connection *live)
{
	struct shape from = {0};
	struct shape to = {0};
	int32_t status = look_at_shape(scratch, &from);
	if (status == ELQ_OK)
		status = look_at_shape(live, &to);
	if (status == ELQ_OK && to.wal && from.page_size != to.page_size)
		status = statement_query(live, sqlite3_mprintf("PRAGMA main.journal_mode = DELETE"),
					 take_mode, &to);
	return status;
}

static int32_t replace_pages(struct elq_connection *scratch, struct elq_connection *live)
{
	if (!live->damaged) {
		int32_t status = fit_page_size(scratch, live);
		return status == ELQ_OK ? pages_copy(live, scratch->db, live->db) : status;
	}
	int32_t status = set_reset(live, 1);
	if (status != ELQ_OK)
		return status;
	status = pages_copy(live, scratch->db, live->db);
	int32_t ended = set_reset(live, 0);
	return status == ELQ_OK ? ended : status;
}

/* What is restored may be production's, and nothing says which mode the file that is gone had:
 * its owner's alone. Nobody has it open yet, so that closing it drops no lock. */
static int32_t make_private(struct elq_connection *live)
{
	const char *path = live->location.path;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 && errno != EEXIST)
		return failure_of_file(live, "create", path);
	if (fd >= 0)
		close(fd);
	return connection_create(live);
}

static int32_t promote(struct elq_connection *scratch, struct elq_connection *live)
{
	if (live->unit.open || scratch->unit.open || !scratch->exists)
		return sqlkit_fail(live->call, ELQ_ERR_INVALID, NULL,
				   "a scratch database is promoted outside any unit of work");
	int32_t status = connection_check_writable(live);
	if (status == ELQ_OK)
		status = live->exists ? connection_check_place(live) : make_private(live);
	if (status != ELQ_OK)
		return status;
	statement_cache_clear(live);
	statement_cache_clear(scratch);
	live->wait_us = live->location.lock_timeout_us;
	status = replace_pages(scratch, live);
	if (status != ELQ_OK)
		return status;
	live->damaged = false;
	/* What was known of the old content went with it. */
	return connection_reopen(live);
}

static int32_t slot_promote(const struct elq_call *call, struct elq_connection *scratch,
			    struct elq_connection *live)
{
	connection_enter(scratch, call);
	connection_enter(live, call);
	int32_t status = promote(scratch, live);
	connection_leave(scratch, status);
	return connection_leave(live, status);
}

static int32_t slot_keep(const struct elq_call *call, struct elq_connection *beside,
			 struct elq_connection *scratch, const struct elq_str *name)
{
	connection_enter(beside, call);
	if (scratch)
		connection_enter(scratch, call);
	int32_t status = scratch_keep(beside, scratch, name);
	if (scratch)
		connection_leave(scratch, status);
	return connection_leave(beside, status);
}

const struct elq_scratch sqlite_scratch = {
	.struct_size = sizeof(sqlite_scratch),
	.flags = ELQ_SCRATCH_ATOMIC,
	.create = slot_create,
	.list = slot_list,
	.drop = slot_drop,
	.promote = slot_promote,
	.open_again = slot_open_again,
	.keep = slot_keep,
};
