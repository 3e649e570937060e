/* backup.c - elq.backup: a dump is a file of SQLite's own format, so that a
 * backup can be opened with nothing but zstd and sqlite3.
 *
 * dump() copies the live database into the workplace, inside one read transaction: other
 * programs' writers wait for that copy only, not for compressing and hashing it. With a
 * rollback journal the file's bytes are the database, and are copied as they are; with a
 * write-ahead log SQLite's online backup API puts the pages together. Bytes and facts are
 * then taken from the copy, which nobody else knows. */
#include "sqlite/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STEP_PAGES 4096 /* between two looks at cancellation */
#define BUFFER_SIZE ((uint64_t)256 << 10)
#define MAGIC "SQLite format 3" /* and its zero: 16 bytes, the file format's first */

/* ---- a connection of our own to a file ------------------------------------------------ */

int32_t connection_open_path(const struct elq_call *call, const char *path, uint32_t flags,
			     struct elq_connection **ret)
{
	const struct elq_setting setting = {
		.struct_size = sizeof(setting),
		.name = sqlkit_str("path"),
		.value = sqlkit_str(path),
	};
	return connection_open(call, &setting, 1, flags, ret);
}

int32_t workplace_path(const struct elq_call *call, const struct elq_workplace *workplace,
		       const char *what, char **ret)
{
	uint64_t number;
	char *folder = sqlite3_mprintf("%.*s", (int)workplace->folder.size, workplace->folder.data);
	if (!folder)
		return failure_no_memory(call);
	char *real = realpath(folder, NULL); /* files are opened without following links */
	int reason = errno;
	sqlite3_randomness(sizeof(number), &number);
	if (real)
		*ret = sqlite3_mprintf("%s/%s-%016llx.sqlite", real, what, (unsigned long long)number);
	int32_t status = ELQ_OK;
	if (!real)
		status = sqlkit_fail(call, ELQ_ERR_FAILED, NULL, "cannot use the folder %s: %s", folder,
				     strerrordesc_np(reason));
	else if (!*ret)
		status = failure_no_memory(call);
	free(real);
	sqlite3_free(folder);
	return status;
}

int32_t failure_of_file(struct elq_connection *connection, const char *doing, const char *path)
{
	int reason = errno;
	return sqlkit_fail(connection->call, ELQ_ERR_FAILED,
			   reason == ENOSPC || reason == EDQUOT || reason == EFBIG
				   ? "free some space on the disk that holds it, then run again"
				   : NULL,
			   "cannot %s %s: %s", doing, path, strerrordesc_np(reason));
}

int32_t file_write(struct elq_connection *connection, int fd, const char *path, const char *data,
		   uint64_t size)
{
	while (size > 0) {
		ssize_t written = write(fd, data, size);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return failure_of_file(connection, "write", path);
		data += written;
		size -= (uint64_t)written;
	}
	return ELQ_OK;
}

/* ---- copying pages --------------------------------------------------------------------- */

int32_t pages_copy(struct elq_connection *connection, sqlite3 *from, sqlite3 *to)
{
	sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
	if (!backup)
		return failure_report(connection, to);
	int result = SQLITE_OK;
	while (result == SQLITE_OK && !waiting_is_over(connection))
		result = sqlite3_backup_step(backup, STEP_PAGES);
	int finished = sqlite3_backup_finish(backup); /* rolls `to` back unless all was copied */
	if (result == SQLITE_OK)
		return sqlkit_fail(connection->call, connection->stopped, NULL,
				   "the copy was stopped before it was whole");
	if (result == SQLITE_DONE && finished == SQLITE_OK)
		return ELQ_OK;
	return failure_report(connection, to);
}

/* Nobody reads the copy before it is whole, and a killed run's is thrown away: no journal
 * and no syncing. */
static int32_t open_copy(struct elq_connection *connection, const char *path, sqlite3 **ret)
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
			  SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_NOFOLLOW;
	sqlite3 *db = NULL;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return failure_of_file(connection, "create", path);
	close(fd);
	int result = sqlite3_open_v2(path, &db, flags, NULL);
	if (result == SQLITE_OK)
		result = sqlite3_exec(db,
				      "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; "
				      "PRAGMA locking_mode = EXCLUSIVE",
				      NULL, NULL, NULL);
	if (result == SQLITE_OK) {
		*ret = db;
		return ELQ_OK;
	}
	int32_t status = db ? failure_report(connection, db) : failure_no_memory(connection->call);
	sqlite3_close(db);
	return status;
}

int32_t pages_copy_out(struct elq_connection *connection, const char *path)
{
	sqlite3 *copy = NULL;
	int32_t status = open_copy(connection, path, &copy);
	if (status != ELQ_OK)
		return status;
	status = pages_copy(connection, connection->db, copy);
	if (sqlite3_close(copy) != SQLITE_OK && status == ELQ_OK)
		status = sqlkit_fail(connection->call, ELQ_ERR_FAILED, NULL,
				     "the copy %s could not be closed", path);
	return status;
}

struct copying {
	struct elq_connection *connection;
	const char *path;
	int fd;
};

static int32_t take_copied(void *context, const char *data, uint64_t size)
{
	const struct copying *copying = context;
	return file_write(copying->connection, copying->fd, copying->path, data, size);
}

int32_t bytes_copy_out(struct elq_connection *connection, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return failure_of_file(connection, "create", path);
	struct copying copying = {connection, path, fd};
	int32_t status = bytes_read(connection, take_copied, &copying);
	if (close(fd) != 0 && status == ELQ_OK)
		status = failure_of_file(connection, "write", path);
	return status;
}

static int32_t take_wal(void *context, sqlite3_stmt *statement)
{
	const char *mode = (const char *)sqlite3_column_text(statement, 0);
	*(bool *)context = mode && strcmp(mode, "wal") == 0;
	return 0;
}

/* The source as of one moment: its read transaction is open before the first page is
 * copied and ends behind the last. */
static int32_t snapshot(struct elq_connection *connection, const char *path)
{
	bool wal = false;
	int32_t status = statement_run(connection, "BEGIN");
	if (status != ELQ_OK)
		return status;
	status = statement_run(connection, "SELECT 1 FROM main.sqlite_schema LIMIT 1");
	if (status == ELQ_OK)
		status = statement_query(connection, sqlite3_mprintf("PRAGMA main.journal_mode"),
					 take_wal, &wal);
	if (status == ELQ_OK)
		status = wal ? pages_copy_out(connection, path) : bytes_copy_out(connection, path);
	int32_t ended = statement_run(connection, "ROLLBACK");
	return status == ELQ_OK ? ended : status;
}

/* ---- bytes out ---------------------------------------------------------------------------- */

static int32_t stream_fd(struct elq_connection *connection, int fd, const char *path,
			 const struct elq_writer *stream)
{
	int32_t status = ELQ_OK;
	char *buffer = sqlite3_malloc64(BUFFER_SIZE);
	if (!buffer)
		return failure_no_memory(connection->call);
	for (;;) {
		ssize_t got = read(fd, buffer, BUFFER_SIZE);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			status = failure_of_file(connection, "read the copy", path);
		if (got <= 0)
			break;
		if (waiting_is_over(connection))
			status = sqlkit_fail(connection->call, connection->stopped, NULL,
					     "the dump was stopped");
		else if (stream->write(stream->context, buffer, (uint64_t)got))
			status = ELQ_ERR_STOPPED;
		if (status != ELQ_OK)
			break;
	}
	sqlite3_free(buffer);
	return status;
}

int32_t file_stream(struct elq_connection *connection, const char *path,
		    const struct elq_writer *stream)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return failure_of_file(connection, "open the copy", path);
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	int32_t status = stream_fd(connection, fd, path, stream);
	close(fd);
	return status;
}

static int32_t tell_facts(struct elq_connection *connection, const char *path,
			  const struct elq_dump *dump)
{
	struct elq_connection *copy = NULL;
	int32_t status = connection_open_path(connection->call, path, 0, &copy);
	if (status != ELQ_OK)
		return status;
	connection_enter(copy, connection->call);
	if (dump->tables)
		status = digest_tables(copy, dump->tables);
	if (status == ELQ_OK && dump->schema)
		status = schema_describe(copy, dump->schema);
	connection_leave(copy, status);
	connection_close(copy);
	return status;
}

static int32_t dump_snapshot(struct elq_connection *connection, const struct elq_dump *dump)
{
	char *path = NULL;
	int32_t status = workplace_path(connection->call, &dump->workplace, "snapshot", &path);
	if (status != ELQ_OK || !path)
		return status;
	status = snapshot(connection, path);
	if (status == ELQ_OK)
		status = file_stream(connection, path, dump->stream);
	if (status == ELQ_OK && (dump->tables || dump->schema))
		status = tell_facts(connection, path, dump);
	(void)unlink(path); /* the host empties the workplace after us */
	sqlite3_free(path);
	return status;
}

/* ---- which of them ------------------------------------------------------------------------- */

static int32_t dump_any(struct elq_connection *connection, const struct elq_dump *dump)
{
	if (connection->unit.open)
		return sqlkit_fail(connection->call, ELQ_ERR_INVALID, NULL,
				   "a dump begins outside any unit of work");
	/* Where there are pages, a copy of them holds what the write-ahead log knows, too. */
	if (dump->flags & ELQ_DUMP_RAW && connection->damaged)
		return raw_dump(connection, dump);
	int32_t status = connection_refresh(connection);
	if (status == ELQ_OK && !connection->exists)
		status = sqlkit_fail(connection->call, ELQ_ERR_NOT_FOUND, NULL,
				     "there is no database at %s yet", connection->location.path);
	if (status == ELQ_OK && connection->damaged)
		status = sqlkit_fail(connection->call, ELQ_ERR_CORRUPT, NULL, "%s is damaged",
				     connection->location.path);
	return status == ELQ_OK ? dump_snapshot(connection, dump) : status;
}

static int32_t slot_dump(const struct elq_call *call, struct elq_connection *connection,
			 const struct elq_dump *dump)
{
	struct elq_dump own = {0};
	memcpy(&own, dump, dump->struct_size < sizeof(own) ? dump->struct_size : sizeof(own));
	connection_enter(connection, call);
	return connection_leave(connection, dump_any(connection, &own));
}

/* ---- restore: bytes in ------------------------------------------------------------------------ */

/* Reads until the buffer is full or the stream ends, so that the first piece holds the
 * file's magic however small the host's pieces are. */
static int32_t fill(const struct elq_reader *stream, char *buffer, uint64_t *ret_size)
{
	uint64_t size = 0;
	while (size < BUFFER_SIZE) {
		uint64_t got = 0;
		if (stream->read(stream->context, buffer + size, BUFFER_SIZE - size, &got) ||
		    got > BUFFER_SIZE - size)
			return ELQ_ERR_STOPPED;
		if (got == 0)
			break;
		size += got;
	}
	*ret_size = size;
	return ELQ_OK;
}

static int32_t receive(struct elq_connection *connection, int fd, const struct elq_reader *stream)
{
	int32_t status = ELQ_OK;
	uint64_t size = 0;
	char *buffer = sqlite3_malloc64(BUFFER_SIZE);
	if (!buffer)
		return failure_no_memory(connection->call);
	for (bool first = true; status == ELQ_OK; first = false) {
		status = fill(stream, buffer, &size);
		if (status == ELQ_OK && first && size > 0 &&
		    (size < sizeof(MAGIC) || memcmp(buffer, MAGIC, sizeof(MAGIC)) != 0))
			status = sqlkit_fail(connection->call, ELQ_ERR_CORRUPT, NULL,
					     "the dump is no SQLite database");
		if (status == ELQ_OK && waiting_is_over(connection))
			status = sqlkit_fail(connection->call, connection->stopped, NULL,
					     "the restore was stopped");
		if (status == ELQ_OK)
			status = file_write(connection, fd, connection->location.path, buffer, size);
		if (size < BUFFER_SIZE)
			break;
	}
	sqlite3_free(buffer);
	return status;
}

static int32_t restore(struct elq_connection *scratch, const struct elq_reader *stream)
{
	const char *path = scratch->location.path;
	if (scratch->exists || !scratch->scratch)
		return sqlkit_fail(scratch->call, ELQ_ERR_INVALID, NULL,
				   "%s is no empty scratch database", path);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return failure_of_file(scratch, "create", path);
	int32_t status = receive(scratch, fd, stream);
	if (close(fd) != 0 && status == ELQ_OK)
		status = failure_of_file(scratch, "write", path);
	return status == ELQ_OK ? connection_refresh(scratch) : status;
}

static int32_t slot_restore(const struct elq_call *call, struct elq_connection *scratch,
			    const struct elq_reader *stream)
{
	connection_enter(scratch, call);
	return connection_leave(scratch, restore(scratch, stream));
}

const struct elq_backup sqlite_backup = {
	.struct_size = sizeof(sqlite_backup),
	.format = {.data = "sqlite3", .size = 7},
	.suffix = {.data = "sqlite", .size = 6},
	.dump = slot_dump,
	.restore = slot_restore,
};
