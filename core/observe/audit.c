/* audit.c - appends to the audit trail: one lock, one look at the tail, one
 * write. What a line holds is audit_line.c's; when a record is written is run/'s.
 *
 * The lock is an open file description's (F_OFD_SETLK) on the trail itself: it
 * excludes other processes and other threads, and dies with its holder. The
 * trail's last bytes are read backwards, never the whole file. */
#include "observe/private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How far back a record is looked for: a torn append of three lines at most. */
#define TAIL_STEP ((size_t)4 << 10)
#define TAIL_CAP (4 * AUDIT_LINE_CAP)
#define OPEN_TRIES 16
#define LOCK_WAIT_NS INT64_C(10000000000)

struct trail {
	const char *path;
	int fd;
	int64_t size;
	int64_t sequence;         /* of the last record; 0: none yet */
	char previous[HASH_TEXT]; /* hash of its line */
	size_t torn;              /* bytes behind it that are no record */
	char torn_hash[HASH_TEXT];
	bool open_ended; /* the last byte is no newline */
};

static enum status trail_fail(const struct trail *trail, struct error *error, const char *reason)
{
	error_set(error, STATUS_AUDIT_UNWRITABLE, "the audit trail %s cannot be written: %s",
		  trail->path, reason);
	error_hint(error,
		   "make it writable, or name another file with ELOQUENT_AUDIT_PATH or [audit] path");
	return STATUS_AUDIT_UNWRITABLE;
}

/* The same when error already says why. */
static enum status trail_fail_more(const struct trail *trail, struct error *error)
{
	CLEANUP(mem_free_text) char *reason = mem_text(error->message);

	return trail_fail(trail, error, reason);
}

/* ---- open and lock ------------------------------------------------------------- */

/* Opens the file, makes it and its folder where they are missing. */
static enum status trail_open(struct trail *trail, struct error *error)
{
	const int flags = O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK;
	struct arena arena = {0};
	enum status status;

	trail->fd = open(trail->path, flags | O_CREAT, 0600);
	if (trail->fd < 0 && errno == ENOENT) {
		status = folder_create(path_folder(&arena, trail->path), 0700, error);
		arena_free(&arena);
		if (status != STATUS_OK)
			return trail_fail_more(trail, error);
		trail->fd = open(trail->path, flags | O_CREAT, 0600);
	}
	if (trail->fd < 0 && errno == ELOOP)
		return trail_fail(trail, error, "it is a symbolic link");
	if (trail->fd < 0)
		return trail_fail(trail, error, strerror(errno));
	return STATUS_OK;
}

/* Polled, not waited for: a process that was stopped inside an append must not
 * hold up everybody for ever. */
static int trail_lock(int fd)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int64_t end = clock_monotonic_ns() + LOCK_WAIT_NS;

	for (;;) {
		if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
			return 0;
		if (errno != EAGAIN && errno != EACCES && errno != EINTR)
			return -1;
		if (clock_monotonic_ns() >= end) {
			errno = ETIMEDOUT;
			return -1;
		}
		clock_sleep_ms(1);
	}
}

/* Opens and locks the file that has the name: a rotation may have renamed the
 * one that was opened while its lock was waited for. */
static enum status trail_take(struct trail *trail, struct error *error)
{
	for (int tries = 0; tries < OPEN_TRIES; tries++) {
		struct stat held;
		struct stat named;
		enum status status = trail_open(trail, error);

		if (status != STATUS_OK)
			return status;
		if (fstat(trail->fd, &held) != 0)
			return trail_fail(trail, error, strerror(errno));
		if (!S_ISREG(held.st_mode))
			return trail_fail(trail, error, "it is not a regular file");
		if (trail_lock(trail->fd) != 0)
			return trail_fail(trail, error,
					  errno == ETIMEDOUT
						  ? "another process has held its lock for 10 s"
						  : strerror(errno));
		if (fstat(trail->fd, &held) != 0)
			return trail_fail(trail, error, strerror(errno));
		if (lstat(trail->path, &named) == 0 && named.st_dev == held.st_dev &&
		    named.st_ino == held.st_ino) {
			trail->size = held.st_size;
			return STATUS_OK;
		}
		fd_close(&trail->fd);
	}
	return trail_fail(trail, error, "it is replaced again and again");
}

/* ---- the tail --------------------------------------------------------------------- */

static int tail_read(const struct trail *trail, char *data, size_t size)
{
	off_t offset = trail->size - (off_t)size;
	size_t done = 0;

	while (done < size) {
		ssize_t got = pread(trail->fd, data + done, size - done, offset + (off_t)done);

		if (got == 0)
			errno = EIO;
		if (got == 0 || (got < 0 && errno != EINTR))
			return -1;
		if (got > 0)
			done += (size_t)got;
	}
	return 0;
}

/* Takes the line at data + start, which ends with the newline before `end`, as
 * the last record, if it is one. */
static bool tail_take(struct trail *trail, const char *data, size_t start, size_t end)
{
	if (!audit_line_parse(data + start, end - 1 - start, &trail->sequence))
		return false;
	hash_bytes(data + start, end - start, trail->previous);
	return true;
}

/* Looks for the last record in the file's last bytes. `whole`: they are all of
 * it. What stands behind the record was torn. data[size] is a newline of ours:
 * a record that lacks nothing but its own is a record. */
static bool tail_find(struct trail *trail, const char *data, size_t size, bool whole)
{
	size_t end = trail->open_ended ? size + 1 : size; /* behind a newline */

	while (end > 0) {
		const char *before = end > 1 ? memrchr(data, '\n', end - 1) : NULL;
		size_t start = before ? (size_t)(before - data) + 1 : 0;

		if (!before && !whole)
			return false;
		if (tail_take(trail, data, start, end)) {
			trail->torn = end > size ? 0 : size - end;
			hash_bytes(data + size - trail->torn, trail->torn, trail->torn_hash);
			return true;
		}
		end = start;
	}
	return false;
}

/* Without any record the file is empty, or holds a first append that was torn
 * (of which a lost machine may leave zeros). Anything else is not ours. */
static bool tail_begins(struct trail *trail, const char *data, size_t size)
{
	static const char start[] = "{\"seq\":1,";
	size_t zeros = 0;

	while (zeros < size && data[zeros] == '\0')
		zeros++;
	if (zeros < size &&
	    memcmp(data, start, size < sizeof(start) - 1 ? size : sizeof(start) - 1) != 0)
		return false;
	trail->sequence = 0;
	memset(trail->previous, '0', HASH_TEXT - 1);
	trail->torn = size;
	hash_bytes(data, size, trail->torn_hash);
	return true;
}

static enum status trail_read_tail(struct trail *trail, struct error *error)
{
	size_t size = TAIL_STEP;

	for (;;) {
		CLEANUP(mem_free_text) char *data = NULL;
		bool whole = (int64_t)size >= trail->size;

		if (whole)
			size = (size_t)trail->size;
		data = mem_alloc(size + 1);
		if (tail_read(trail, data, size) != 0)
			return trail_fail(trail, error, strerror(errno));
		data[size] = '\n';
		trail->open_ended = size > 0 && data[size - 1] != '\n';
		if (tail_find(trail, data, size, whole) || (whole && tail_begins(trail, data, size)))
			return STATUS_OK;
		if (whole || size >= TAIL_CAP)
			break;
		size *= 4;
	}
	trail_fail(trail, error, "it does not end in audit records");
	error_hint(error,
		   "name another file with ELOQUENT_AUDIT_PATH or [audit] path, or move this one away");
	return STATUS_AUDIT_UNWRITABLE;
}

/* ---- the append --------------------------------------------------------------------- */

/* Formats the next record behind what ret holds, and moves the chain on. */
static void trail_add(struct trail *trail, const struct audit_record *record, struct text *ret)
{
	char host[HOST_NAME_MAX + 1] = "";
	size_t start = ret->size;
	struct audit_line line = {
		.sequence = ++trail->sequence,
		.wall_us = clock_wall_us(),
		.pid = getpid(),
		.host = host,
		.previous = trail->previous,
		.record = record,
	};

	if (gethostname(host, HOST_NAME_MAX) != 0)
		host[0] = '\0';
	audit_line_format(&line, ret);
	hash_bytes(ret->data + start, ret->size - start, trail->previous);
}

static void trail_add_recovered(struct trail *trail, const struct audit_record *record,
				struct text *ret)
{
	TEXT_CLEANUP struct text message = {0};
	struct audit_record recovered = {
		.run = record->run,
		.actor = record->actor,
		.command = record->command,
		.class_name = "recovery",
		.verdict = "allowed",
		.phase = "recovered",
		.duration_us = -1,
		.exit_code = -1,
	};

	text_printf(&message, "closed %zu torn bytes, sha256 %s", trail->torn, trail->torn_hash);
	recovered.message = text_string(&message);
	if (trail->open_ended)
		text_add_char(ret, '\n');
	trail_add(trail, &recovered, ret);
}

/* One write(). What was written in part is taken back. */
static enum status trail_write(const struct trail *trail, const struct text *lines, bool sync,
			       struct error *error)
{
	char reason[128];
	ssize_t wrote;

	do {
		wrote = write(trail->fd, lines->data, lines->size);
	} while (wrote < 0 && errno == EINTR);
	if (wrote == (ssize_t)lines->size && (!sync || fd_sync(trail->fd) == 0))
		return STATUS_OK;
	if (wrote < 0 || wrote == (ssize_t)lines->size)
		snprintf(reason, sizeof(reason), "%s", strerror(errno));
	else
		snprintf(reason, sizeof(reason), "only %zd of %zu bytes found room", wrote,
			 lines->size);
	/* Should this fail too, the next append closes what is left as torn. */
	if (wrote > 0 && ftruncate(trail->fd, trail->size) == 0)
		(void)!fd_sync(trail->fd);
	return trail_fail(trail, error, reason);
}

/* A new file's name has to survive a lost machine as its records do. */
static enum status trail_sync_name(const struct trail *trail, struct error *error)
{
	struct arena arena = {0};
	enum status status = folder_sync(path_folder(&arena, trail->path), error);

	arena_free(&arena);
	return status == STATUS_OK ? status : trail_fail_more(trail, error);
}

static enum status trail_append(struct trail *trail, const struct audit_record *record, bool sync,
				struct error *error)
{
	TEXT_CLEANUP struct text lines = {0};
	enum status status = trail_read_tail(trail, error);

	if (status != STATUS_OK)
		return status;
	if (trail->sequence == 0) {
		status = trail_sync_name(trail, error);
		if (status != STATUS_OK)
			return status;
	}
	if (trail->sequence > INT64_MAX - 2)
		return trail_fail(trail, error, "its sequence numbers are used up");
	if (trail->torn || trail->open_ended)
		trail_add_recovered(trail, record, &lines);
	trail_add(trail, record, &lines);
	return trail_write(trail, &lines, sync, error);
}

static const char *masked(struct observer *observer, const char *string, struct text *text)
{
	if (!string)
		return NULL;
	redact(observer, string, strlen(string), text);
	return text_string(text);
}

enum status audit_append(struct observer *observer, const struct audit *audit,
			 const struct audit_record *record, bool sync, char ret_head[HASH_TEXT],
			 struct error *error)
{
	TEXT_CLEANUP struct text actor = {0};
	TEXT_CLEANUP struct text message = {0};
	struct audit_record safe = *record;
	struct trail trail = {.path = audit->path, .fd = -1};
	enum status status;

	if (!audit->enabled) {
		if (ret_head)
			ret_head[0] = '\0';
		return STATUS_OK;
	}
	safe.actor = masked(observer, record->actor, &actor);
	safe.message = masked(observer, record->message, &message);
	status = trail_take(&trail, error);
	if (status == STATUS_OK)
		status = trail_append(&trail, &safe, sync, error);
	fd_close(&trail.fd);
	if (status == STATUS_OK && ret_head)
		memcpy(ret_head, trail.previous, HASH_TEXT);
	return status;
}
