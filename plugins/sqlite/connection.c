/* connection.c - opening a database file, standing in for an absent one,
 * describing it, and exchanging the handle for a clean one.
 *
 * What SQLite itself must do to a file (roll back the hot journal of a killed
 * run, keep locks, find damage) is left to SQLite: the file is opened by its
 * library only, for reading commands too, and looked at by stat() alone. A
 * second open() and close() of ours would drop SQLite's locks. The journal mode
 * is never changed. */
#include "sqlite/internal.h"

#include <eloquent/plugin.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Handles are opened for this much and made safe in configure(). No mutexes:
 * the host serializes a connection's slots. No links: the path is resolved. */
#define OPEN_FLAGS                                                                                     \
	(SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |                         \
	 SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_NOFOLLOW)

/* ---- one handle ----------------------------------------------------------- */

/* Reads the schema, so that damage shows here. A file that is locked at this moment
 * is no damage and is not waited for: whoever holds our own lock can only be named
 * through an open connection. */
static int32_t check_readable(struct elq_connection *connection, sqlite3 *db)
{
	int64_t wait_us = connection->wait_us;
	connection->wait_us = 0;
	int result = sqlite3_exec(db, "SELECT 1 FROM main.sqlite_schema LIMIT 1", NULL, NULL, NULL);
	connection->wait_us = wait_us;
	if (result == SQLITE_OK || (result & 0xff) == SQLITE_BUSY)
		return ELQ_OK;
	bool damage = (result & 0xff) == SQLITE_NOTADB || (result & 0xff) == SQLITE_CORRUPT;
	connection->damaged = damage;
	/* Whoever closes last would put the log into the file: it stays as it was found. */
	if (damage)
		(void)sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	return damage && connection->replaces ? ELQ_OK : failure_report_open(connection, db);
}

/* Makes the handle what the rest expects of it, read-only where it has to be. */
static int32_t configure(struct elq_connection *connection, sqlite3 *db, bool stand_in)
{
	waiting_install(connection, db);
	/* Whatever a migration says: no writing to sqlite_schema or shadow tables behind
	 * SQLite's back. Extensions stay off, which is the library's default. */
	if (sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) != SQLITE_OK)
		return failure_report_open(connection, db);
	bool sealed = stand_in || !connection->writable;
	if (sealed && sqlite3_exec(db, "PRAGMA query_only = 1", NULL, NULL, NULL) != SQLITE_OK)
		return failure_report_open(connection, db);
	int32_t status = check_readable(connection, db);
	if (status == ELQ_OK)
		authorizer_install(connection, db);
	return status;
}

/* Opens a handle: on the file, or (path NULL) on nothing, in memory. */
static int32_t handle_open(struct elq_connection *connection, const char *path, int more_flags,
			   sqlite3 **ret)
{
	sqlite3 *db = NULL;
	int32_t status = ELQ_OK;
	connection->wait_us = connection->location.lock_timeout_us;
	int flags = OPEN_FLAGS | (path ? more_flags : SQLITE_OPEN_MEMORY | SQLITE_OPEN_CREATE);
	if (sqlite3_open_v2(path ? path : ":memory:", &db, flags, NULL) != SQLITE_OK) {
		status = db ? failure_report_open(connection, db) : failure_no_memory(connection->call);
	} else {
		status = configure(connection, db, !path);
	}
	if (status == ELQ_OK)
		*ret = db;
	else
		sqlite3_close(db);
	return status;
}

/* From now on `db` is the handle. What belonged to the old one goes with it. */
static void handle_swap(struct elq_connection *connection, sqlite3 *db)
{
	statement_cache_clear(connection);
	pthread_mutex_lock(&connection->swap);
	sqlite3 *old = connection->db;
	connection->db = db;
	pthread_mutex_unlock(&connection->swap);
	sqlite3_close(old);
	connection->seen.dirty = false;
	foreign_keys_forget(connection);
}

/* ---- the file ------------------------------------------------------------- */

static int32_t refuse_kind(struct elq_connection *connection, mode_t mode)
{
	return sqlkit_fail(connection->call, ELQ_ERR_CONNECT, "correct the path",
			   "%s is %s, not an SQLite database", connection->location.path,
			   S_ISDIR(mode) ? "a folder" : "not a regular file");
}

static int32_t check_links(struct elq_connection *connection, const struct stat *file)
{
	if (!connection->writable || file->st_nlink == 1)
		return ELQ_OK;
	return sqlkit_fail(connection->call, ELQ_ERR_CONNECT,
			   "remove the other names; two names mean two lock files and two journals",
			   "%s has %llu hard links, and such a database is not written to",
			   connection->location.path, (unsigned long long)file->st_nlink);
}

/* Looks at the path. *ret_there is false when nothing is there. Nothing, or an empty file,
 * beside a log or journal is refused. */
static int32_t look(struct elq_connection *connection, struct stat *ret, bool *ret_there)
{
	const char *path = connection->location.path;
	struct stat file;
	if (lstat(path, &file) != 0) {
		if (errno != ENOENT)
			return sqlkit_fail(connection->call, ELQ_ERR_CONNECT, NULL,
					   "cannot look at %s: %s", path, strerrordesc_np(errno));
		*ret_there = false;
		return leftover_check(connection);
	}
	if (!S_ISREG(file.st_mode))
		return refuse_kind(connection, file.st_mode);
	if (file.st_size == 0) {
		int32_t status = leftover_check(connection);
		if (status != ELQ_OK)
			return status;
	}
	*ret = file;
	*ret_there = true;
	return check_links(connection, &file);
}

/* Does the path still name the file that this handle has open? */
static bool has_moved(sqlite3 *db)
{
	int moved = 0;
	return sqlite3_file_control(db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved;
}

static void note_file(struct elq_connection *connection, const struct stat *file)
{
	connection->exists = true;
	connection->device = file->st_dev;
	connection->inode = file->st_ino;
}

/* It can be written when SQLite opened it so and its journal can be made. */
static void note_rights(struct elq_connection *connection)
{
	bool folder = faccessat(AT_FDCWD, connection->location.folder, W_OK, AT_EACCESS) == 0;
	connection->read_only = !folder || sqlite3_db_readonly(connection->db, "main") == 1;
}

/* Opens what `file` is, and makes sure that it is what was opened. */
static int32_t open_file(struct elq_connection *connection, int more_flags)
{
	sqlite3 *db = NULL;
	struct stat file = {0};
	bool there = false;
	int32_t status = handle_open(connection, connection->location.path, more_flags, &db);
	if (status == ELQ_OK)
		status = look(connection, &file, &there);
	if (status == ELQ_OK && (!there || has_moved(db)))
		status = sqlkit_fail(connection->call, ELQ_ERR_CONNECT, "run again",
				     "%s was exchanged while it was opened", connection->location.path);
	if (status != ELQ_OK) {
		sqlite3_close(db);
		return status;
	}
	handle_swap(connection, db);
	note_file(connection, &file);
	note_rights(connection);
	return ELQ_OK;
}

static int32_t open_first(struct elq_connection *connection)
{
	struct stat file = {0};
	bool there = false;
	int32_t status = look(connection, &file, &there);
	if (status != ELQ_OK)
		return status;
	if (there)
		return open_file(connection, 0);
	sqlite3 *db = NULL;
	status = handle_open(connection, NULL, 0, &db);
	if (status != ELQ_OK)
		return status;
	handle_swap(connection, db);
	note_rights(connection);
	return ELQ_OK;
}

int32_t connection_refresh(struct elq_connection *connection)
{
	if (connection->exists)
		return ELQ_OK;
	struct stat file = {0};
	bool there = false;
	int32_t status = look(connection, &file, &there);
	return status == ELQ_OK && there ? open_file(connection, 0) : status;
}

/* Opened once more without the right to create: ATTACH would inherit it, and make an
 * empty database of a mistyped path. */
int32_t connection_create(struct elq_connection *connection)
{
	if (connection->exists)
		return ELQ_OK;
	int32_t status = open_file(connection, SQLITE_OPEN_CREATE);
	return status == ELQ_OK ? open_file(connection, 0) : status;
}

int32_t connection_reopen(struct elq_connection *connection)
{
	if (!connection->exists)
		return ELQ_OK;
	int32_t status = connection_check_place(connection);
	return status == ELQ_OK ? open_file(connection, 0) : status;
}

int32_t connection_check_place(struct elq_connection *connection)
{
	if (!connection->exists)
		return ELQ_OK;
	struct stat file = {0};
	bool there = false;
	int32_t status = look(connection, &file, &there);
	if (status != ELQ_OK)
		return status;
	if (there && file.st_dev == connection->device && file.st_ino == connection->inode)
		return ELQ_OK;
	return sqlkit_fail(connection->call, ELQ_ERR_CONNECT,
			   "run again, to work on the file that is there now",
			   "%s was %s since it was opened", connection->location.path,
			   there ? "replaced" : "removed");
}

int32_t connection_check_writable(struct elq_connection *connection)
{
	if (!connection->writable)
		return sqlkit_fail(connection->call, ELQ_ERR_INVALID, NULL,
				   "%s was opened for reading only", connection->location.path);
	if (connection->read_only)
		return sqlkit_fail(connection->call, ELQ_ERR_FAILED,
				   "give this user the right to write the file and its folder",
				   "%s cannot be written", connection->location.path);
	return ELQ_OK;
}

/* ---- open, close, describe -------------------------------------------------- */

int32_t connection_open(const struct elq_call *call, const struct elq_setting *settings,
			uint64_t setting_count, uint32_t flags, struct elq_connection **ret)
{
	struct elq_connection *connection = sqlite3_malloc64(sizeof(*connection));
	if (!connection)
		return failure_no_memory(call);
	memset(connection, 0, sizeof(*connection));
	pthread_mutex_init(&connection->swap, NULL);
	connection->writable = (flags & ELQ_OPEN_WRITE) != 0;
	connection->replaces = (flags & ELQ_OPEN_REPLACE) != 0;
	connection_enter(connection, call);
	history_prepare(connection);
	int32_t status = location_read(call, settings, setting_count, &connection->location);
	if (status == ELQ_OK)
		status = open_first(connection);
	connection_leave(connection, status);
	if (status == ELQ_OK)
		*ret = connection;
	else
		connection_close(connection);
	return status;
}

void connection_close(struct elq_connection *connection)
{
	if (!connection)
		return;
	load_abandon(connection->load);
	reserve_forget(connection);
	handle_swap(connection, NULL); /* rolls back what is open */
	foreign_keys_free(&connection->foreign_keys);
	seen_free(&connection->seen);
	location_free(&connection->location);
	pthread_mutex_destroy(&connection->swap);
	sqlite3_free(connection);
}

/* Device and inode are the database, whatever it is called. One that is absent
 * is the place where it would be. */
static bool write_identity(struct elq_connection *connection)
{
	char *text = connection->identity;
	const int size = (int)sizeof(connection->identity);
	if (connection->exists) {
		sqlite3_snprintf(size, text, "sqlite:%llu:%llu", (unsigned long long)connection->device,
				 (unsigned long long)connection->inode);
		return true;
	}
	struct stat folder;
	if (stat(connection->location.folder, &folder) != 0)
		return false;
	sqlite3_snprintf(size, text, "sqlite:%llu:%llu:%s", (unsigned long long)folder.st_dev,
			 (unsigned long long)folder.st_ino, connection->location.name);
	return true;
}

int32_t connection_describe(struct elq_connection *connection, struct elq_description *ret)
{
	int32_t status = connection_refresh(connection);
	if (status != ELQ_OK)
		return status;
	if (!write_identity(connection))
		return sqlkit_fail(connection->call, ELQ_ERR_CONNECT, NULL,
				   "cannot look at the folder %s: %s", connection->location.folder,
				   strerrordesc_np(errno));
	struct elq_description own = {
		.struct_size = ret->struct_size,
		.flags = ELQ_CONN_TRANSACTIONAL_DDL | ELQ_CONN_PERSISTENT,
		.caps = SQLITE_CAPS,
		.product = sqlkit_str("SQLite"),
		.version = sqlkit_str(sqlite3_libversion()),
		.identity = sqlkit_str(connection->identity),
		.database = sqlkit_str(connection->location.name),
		.location = sqlkit_str(connection->location.path),
	};
	if (connection->exists)
		own.flags |= ELQ_CONN_EXISTS;
	if (connection->read_only)
		own.flags |= ELQ_CONN_READ_ONLY;
	if (connection->damaged)
		own.flags |= ELQ_CONN_DAMAGED;
	memcpy(ret, &own, ret->struct_size < sizeof(own) ? ret->struct_size : sizeof(own));
	return ELQ_OK;
}
