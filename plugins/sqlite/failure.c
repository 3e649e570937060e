/* failure.c - SQLite's errors as the host's: which code, whose words, and what
 * a person can do about it. */
#include "sqlite/internal.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int32_t failure_no_memory(const struct elq_call *call)
{
	return sqlkit_fail(call, ELQ_ERR_NOMEM, NULL, "SQLite's driver ran out of memory");
}

/* What could not be opened while the database itself was opened before, a journal or
 * another database, is the statement's failure. */
static int32_t code_of(const struct elq_connection *connection, int primary)
{
	switch (primary) {
	case SQLITE_INTERRUPT:
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		if (connection->stopped != ELQ_OK)
			return connection->stopped;
		return primary == SQLITE_INTERRUPT ? ELQ_ERR_CANCELLED : ELQ_ERR_LOCKED;
	case SQLITE_NOMEM:
		return ELQ_ERR_NOMEM;
	case SQLITE_CONSTRAINT:
		return ELQ_ERR_CONSTRAINT;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return ELQ_ERR_CORRUPT;
	default:
		return ELQ_ERR_FAILED;
	}
}

static const char *hint_of(int extended)
{
	switch (extended & 0xff) {
	case SQLITE_BUSY:
		return "another program is using this database; wait until it is done, or raise "
		       "lock_timeout";
	case SQLITE_FULL:
		return "free some space on the disk that holds it, then run again";
	case SQLITE_IOERR:
		return "look at the disk that holds it: its space, its limits, its log";
	case SQLITE_READONLY:
		return "give this user the right to write the database file and its folder";
	case SQLITE_CORRUPT:
		return "restore a backup, or look at the file with sqlite3's .recover";
	case SQLITE_NOTADB:
		return "check the path; if it is the right one, restore a backup";
	case SQLITE_CANTOPEN:
		return "check that the folder exists and that this user may write in it";
	default:
		return NULL;
	}
}

/* A database with a write-ahead log keeps an index of it beside the file, also for reading. */
static const char *hint_of_opening(const struct elq_connection *connection, int extended)
{
	int primary = extended & 0xff;
	if ((primary != SQLITE_CANTOPEN && primary != SQLITE_READONLY) ||
	    faccessat(AT_FDCWD, connection->location.folder, W_OK, AT_EACCESS) == 0)
		return hint_of(extended);
	return "its folder cannot be written here, and a database with a write-ahead log (WAL) needs "
	       "that even for reading: give this user the right to write the folder, or read a copy "
	       "of the database that lies where it can be written";
}

static const char *hint_of_statement(const struct elq_connection *connection, int extended)
{
	if ((extended & 0xff) != SQLITE_CANTOPEN || connection->ours || !connection->seen.attaches)
		return hint_of(extended);
	return "a migration attaches a file that exists, under its real path, and creates none: a "
	       "mistyped path would become an empty database; if it is meant to be a new one, make "
	       "an empty file there first (touch)";
}

/* SQLite's words, with the system's where the disk is to blame. */
static char *words_of(const struct elq_connection *connection, sqlite3 *db, int extended, bool opening)
{
	int primary = extended & 0xff;
	int system = sqlite3_system_errno(db);
	bool of_system = system != 0 && (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN ||
					 primary == SQLITE_FULL);
	char reason[128] = "";
	if (of_system)
		sqlite3_snprintf(sizeof(reason), reason, " (%s)", strerrordesc_np(system));
	if (opening)
		return sqlite3_mprintf("cannot open %s: %s%s", connection->location.path,
				       sqlite3_errmsg(db), reason);
	return sqlite3_mprintf("%s%s", sqlite3_errmsg(db), reason);
}

/* What a caller knows beside SQLite's words. */
struct more {
	bool opening;
	int64_t row; /* -1: none */
	const char *hint;
};

static int32_t report(struct elq_connection *connection, sqlite3 *db, struct more more)
{
	int extended = sqlite3_extended_errcode(db);
	int32_t code = code_of(connection, extended & 0xff);
	if (more.opening && code == ELQ_ERR_FAILED)
		code = ELQ_ERR_CONNECT;
	char *message = words_of(connection, db, extended, more.opening);
	if (!message)
		return failure_no_memory(connection->call);
	const char *hint = more.opening ? hint_of_opening(connection, extended)
					: hint_of_statement(connection, extended);
	if (more.hint)
		hint = more.hint;
	if (code == ELQ_ERR_TIMEOUT)
		hint = "it was stopped at its time limit; raise timeout if it needs longer";
	else if (code == ELQ_ERR_CANCELLED)
		hint = NULL;
	struct elq_error error = {
		.struct_size = sizeof(error),
		.code = code,
		.native = extended,
		.statement = more.row,
		.offset = -1,
		.message = sqlkit_str(message),
		.hint = sqlkit_str(hint),
	};
#if SQLITE_VERSION_NUMBER >= 3038000
	error.offset = sqlite3_error_offset(db);
#endif
	connection->call->host->set_error(connection->call, &error);
	sqlite3_free(message);
	return code;
}

int32_t failure_report(struct elq_connection *connection, sqlite3 *db)
{
	return report(connection, db, (struct more){.row = -1});
}

int32_t failure_report_open(struct elq_connection *connection, sqlite3 *db)
{
	return report(connection, db, (struct more){.opening = true, .row = -1});
}

int32_t failure_report_row(struct elq_connection *connection, int64_t row, const char *hint)
{
	return report(connection, connection->db, (struct more){.row = row, .hint = hint});
}
