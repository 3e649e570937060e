/* raw.c - the bytes of a database that is too damaged to be read, and what its write-ahead log
 * holds: what a reader of the live files would see of them.
 *
 * Beside a log a copy of both files is made in the workplace, and SQLite itself puts the log's
 * committed pages into the copy. The live files are only read. */
#include "sqlite/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define HEAD_SIZE 32 /* of a log: magic, page size, and the salts that change when it begins anew */
#define PAGE_SIZE_AT 8
#define PIECE ((uint64_t)256 << 10)
#define TRIES 3

struct head {
	unsigned char bytes[HEAD_SIZE];
	ssize_t size; /* 0: there is no log, or an empty one */
};

struct copies {
	const char *live; /* the live log */
	const char *database;
	const char *log; /* beside the copy, by the name that SQLite looks for */
};

/* Nobody locks this file: closing it drops nothing. */
static int open_log(const struct copies *copies)
{
	return open(copies->live, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

static int32_t read_head(struct elq_connection *connection, const struct copies *copies,
			 struct head *ret)
{
	int fd = open_log(copies);
	*ret = (struct head){.size = 0};
	if (fd < 0)
		return errno == ENOENT ? ELQ_OK : failure_of_file(connection, "open", copies->live);
	ret->size = pread(fd, ret->bytes, HEAD_SIZE, 0);
	int32_t status = ret->size < 0 ? failure_of_file(connection, "read", copies->live) : ELQ_OK;
	close(fd);
	return status;
}

static int32_t copy_pieces(struct elq_connection *connection, const struct copies *copies, int from,
			   int to, char *buffer)
{
	for (;;) {
		ssize_t got = read(from, buffer, PIECE);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return failure_of_file(connection, "read", copies->live);
		if (got == 0)
			return ELQ_OK;
		if (waiting_is_over(connection))
			return sqlkit_fail(connection->call, connection->stopped, NULL,
					   "reading %s was stopped", copies->live);
		int32_t status = file_write(connection, to, copies->log, buffer, (uint64_t)got);
		if (status != ELQ_OK)
			return status;
	}
}

static int32_t copy_log(struct elq_connection *connection, const struct copies *copies)
{
	int32_t status = ELQ_OK;
	int from = open_log(copies);
	if (from < 0)
		return failure_of_file(connection, "open", copies->live);
	int to = open(copies->log, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	char *buffer = sqlite3_malloc64(PIECE);
	if (to < 0)
		status = failure_of_file(connection, "create", copies->log);
	else if (!buffer)
		status = failure_no_memory(connection->call);
	else
		status = copy_pieces(connection, copies, from, to, buffer);
	sqlite3_free(buffer);
	close(from);
	if (to >= 0 && close(to) != 0 && status == ELQ_OK)
		status = failure_of_file(connection, "write", copies->log);
	return status;
}

static void remove_copies(const struct copies *copies)
{
	char *index = sqlite3_mprintf("%s-shm", copies->database);
	(void)unlink(copies->database);
	(void)unlink(copies->log);
	if (index)
		(void)unlink(index);
	sqlite3_free(index);
}

/* The log last: as long as it was not begun anew meanwhile it holds every page that somebody put
 * into the database's file while that was copied. */
static int32_t copy_both(struct elq_connection *connection, const struct copies *copies,
			 const struct head *head)
{
	struct head after;
	struct head before = *head;
	for (int i = 0; i < TRIES; i++) {
		int32_t status = bytes_copy_out(connection, copies->database);
		if (status == ELQ_OK)
			status = copy_log(connection, copies);
		if (status == ELQ_OK)
			status = read_head(connection, copies, &after);
		if (status != ELQ_OK)
			return status;
		if (after.size == before.size && memcmp(after.bytes, before.bytes, HEAD_SIZE) == 0)
			return ELQ_OK;
		remove_copies(copies);
		before = after;
	}
	return sqlkit_fail(connection->call, ELQ_ERR_LOCKED,
			   "stop the programs that use this database, then run again",
			   "%s changed while it was copied", copies->live);
}

/* SQLite opens the log when it is asked for a page, whatever it finds there. */
static int put_in(sqlite3 *copy, const struct head *head)
{
	const unsigned char *at = head->bytes + PAGE_SIZE_AT;
	unsigned page_size =
		(unsigned)at[0] << 24 | (unsigned)at[1] << 16 | (unsigned)at[2] << 8 | at[3];
	char pragma[64];
	sqlite3_snprintf(sizeof(pragma), pragma, "PRAGMA page_size = %u", page_size);
	(void)sqlite3_exec(copy, pragma, NULL, NULL, NULL);
	(void)sqlite3_exec(copy, "SELECT 1 FROM sqlite_schema", NULL, NULL, NULL);
	return sqlite3_wal_checkpoint_v2(copy, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
}

static int32_t merge(struct elq_connection *connection, const struct copies *copies,
		     const struct head *head)
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
			  SQLITE_OPEN_NOFOLLOW;
	struct stat left;
	sqlite3 *copy = NULL;
	int result = sqlite3_open_v2(copies->database, &copy, flags, NULL);
	if (result == SQLITE_OK)
		result = put_in(copy, head);
	if (result == SQLITE_OK && stat(copies->log, &left) == 0 && left.st_size > 0)
		result = SQLITE_CORRUPT;
	sqlite3_close(copy);
	if (result == SQLITE_OK)
		return ELQ_OK;
	return sqlkit_fail(connection->call, ELQ_ERR_FAILED,
			   "copy that file and the database's file to a safe place by hand",
			   "what %s holds cannot be kept with the bytes of %s: %s", copies->live,
			   connection->location.path, sqlite3_errstr(result));
}

static int32_t dump_both(struct elq_connection *connection, const struct copies *copies,
			 const struct head *head, const struct elq_writer *stream)
{
	int32_t status = copy_both(connection, copies, head);
	if (status == ELQ_OK)
		status = merge(connection, copies, head);
	if (status == ELQ_OK)
		status = file_stream(connection, copies->database, stream);
	remove_copies(copies);
	return status;
}

static int32_t take_streamed(void *context, const char *data, uint64_t size)
{
	const struct elq_writer *stream = context;
	return stream->write(stream->context, data, size) ? ELQ_ERR_STOPPED : ELQ_OK;
}

static int32_t dump_live(struct elq_connection *connection, const struct copies *copies,
			 const struct elq_writer *stream)
{
	struct head head;
	int32_t status = read_head(connection, copies, &head);
	if (status != ELQ_OK)
		return status;
	return head.size ? dump_both(connection, copies, &head, stream)
			 : bytes_read(connection, take_streamed, (void *)(uintptr_t)stream);
}

int32_t raw_dump(struct elq_connection *connection, const struct elq_dump *dump)
{
	char *path = NULL;
	char *live = sqlite3_mprintf("%s-wal", connection->location.path);
	int32_t status = workplace_path(connection->call, &dump->workplace, "raw", &path);
	char *log = path ? sqlite3_mprintf("%s-wal", path) : NULL;
	const struct copies copies = {live, path, log};
	if (live && path && log)
		status = dump_live(connection, &copies, dump->stream);
	else if (status == ELQ_OK)
		status = failure_no_memory(connection->call);
	sqlite3_free(log);
	sqlite3_free(path);
	sqlite3_free(live);
	return status;
}
