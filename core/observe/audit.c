/* audit.c - appends to the audit trail: one lock, one look at the tail, one
 * write. What a line holds is audit_line.c's, where the chain stands audit_tail.c's;
 * when a record is written is run/'s.
 *
 * The lock is an open file description's (F_OFD_SETLK) on the trail itself: it
 * excludes other processes and other threads, and dies with its holder. */
#include "observe/audit_private.h"
#include "observe/private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OPEN_TRIES 1000 /* twenty processes may each rotate it before our turn comes */

enum status trail_fail(const struct trail *trail, struct error *error, const char *format, ...)
{
	TEXT_CLEANUP struct text reason = {0};
	va_list args;

	va_start(args, format);
	text_vprintf(&reason, format, args);
	va_end(args);
	error_set(error, STATUS_AUDIT_UNWRITABLE, "the audit trail %s cannot be written: %s",
		  trail->path, text_string(&reason));
	error_hint(error,
		   "make it writable, or name another file with ELOQUENT_AUDIT_PATH or [audit] path");
	return STATUS_AUDIT_UNWRITABLE;
}

/* The same when error already says why. */
static enum status trail_fail_more(const struct trail *trail, struct error *error)
{
	CLEANUP(mem_free_text) char *reason = mem_text(error->message);

	return trail_fail(trail, error, "%s", reason);
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
		return trail_fail(trail, error, "%s", strerror(errno));
	return STATUS_OK;
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
			return trail_fail(trail, error, "%s", strerror(errno));
		if (!S_ISREG(held.st_mode))
			return trail_fail(trail, error, "it is not a regular file");
		if (audit_lock(trail->fd, F_WRLCK) != 0)
			return trail_fail(trail, error, "%s",
					  errno == ETIMEDOUT
						  ? "another process has held its lock for 10 s"
						  : strerror(errno));
		if (fstat(trail->fd, &held) != 0)
			return trail_fail(trail, error, "%s", strerror(errno));
		if (lstat(trail->path, &named) == 0 && named.st_dev == held.st_dev &&
		    named.st_ino == held.st_ino) {
			trail->size = held.st_size;
			return STATUS_OK;
		}
		fd_close(&trail->fd);
	}
	return trail_fail(trail, error, "it is replaced again and again");
}

/* ---- what is written -------------------------------------------------------------------- */

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
		.key = trail->key,
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

	audit_recovered_format(trail->torn, trail->torn_hash, &message);
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
	return trail_fail(trail, error, "%s", reason);
}

/* A new file's name has to survive a lost machine as its records do. */
static enum status trail_sync_name(const struct trail *trail, struct error *error)
{
	struct arena arena = {0};
	enum status status = folder_sync(path_folder(&arena, trail->path), error);

	arena_free(&arena);
	return status == STATUS_OK ? status : trail_fail_more(trail, error);
}

/* Whoever has another key, or none, must not go on with an authenticated chain:
 * its records would be told apart from forged ones never again. */
static enum status trail_check_key(const struct trail *trail, struct error *error)
{
	const char *why = NULL;

	if (trail->signature == AUDIT_HMAC_UNCHECKED)
		why = "its records carry an HMAC, and no [audit] key_file is configured";
	else if (trail->signature == AUDIT_HMAC_WRONG)
		why = "its last record was not written with the key of [audit] key_file";
	if (!why)
		return STATUS_OK;
	trail_fail(trail, error, "%s", why);
	error_hint(error, "configure the key that the trail was begun with; eloquent audit:verify says "
			  "which records it fits; with a new key begin a new trail");
	return STATUS_AUDIT_UNWRITABLE;
}

/* ---- rotation ------------------------------------------------------------------------- */

/* A torn tail is closed in the file that it stands in. */
static bool trail_is_full(const struct trail *trail, const struct audit *audit, size_t more)
{
	return audit->max_size > 0 && trail->holds_record && !trail->torn && !trail->open_ended &&
	       trail->size > audit->max_size - (int64_t)more;
}

/* Gives the full file its number. Killed behind this, the next append finds no
 * file, makes one, and continues what it finds in the numbered one. */
static enum status trail_rotate(struct trail *trail, int64_t last, struct error *error)
{
	TEXT_CLEANUP struct text numbered = {0};

	text_printf(&numbered, "%s.%lld", trail->path, (long long)last);
	/* The records must not be lost behind a name that is not. */
	if (fd_sync(trail->fd) == 0 && audit_file_rename(trail->path, numbered.data) == 0)
		return STATUS_OK;
	trail_fail(trail, error, "it is full and cannot be renamed to %s: %s", numbered.data,
		   strerror(errno));
	error_hint(error, "let the folder be writable and the name free, or raise [audit] max_size");
	return STATUS_AUDIT_UNWRITABLE;
}

/* ---- the append ------------------------------------------------------------------------ */

/* Opens the file and formats what is to be added to it. *ret_full: it has no room
 * for that, and was rotated away. */
static enum status trail_prepare(struct trail *trail, const struct audit *audit,
				 const struct audit_record *record, struct text *lines, bool *ret_full,
				 struct error *error)
{
	enum status status = trail_take(trail, error);
	int64_t last;

	if (!status)
		status = trail_read_tail(trail, error);
	if (!status)
		status = trail_check_key(trail, error);
	if (!status && !trail->holds_record)
		status = trail_sync_name(trail, error);
	if (status)
		return status;
	if (trail->sequence > INT64_MAX - 2)
		return trail_fail(trail, error, "its sequence numbers are used up");
	last = trail->sequence;
	if (trail->torn || trail->open_ended)
		trail_add_recovered(trail, record, lines);
	trail_add(trail, record, lines);
	*ret_full = trail_is_full(trail, audit, lines->size);
	return *ret_full ? trail_rotate(trail, last, error) : STATUS_OK;
}

static enum status trail_append(struct trail *trail, const struct audit *audit,
				const struct audit_record *record, bool sync, struct error *error)
{
	TEXT_CLEANUP struct text lines = {0};

	for (int tries = 0; tries < OPEN_TRIES; tries++) {
		bool full = false;
		enum status status = trail_prepare(trail, audit, record, &lines, &full, error);

		if (status)
			return status;
		if (!full)
			return trail_write(trail, &lines, sync, error);
		fd_close(&trail->fd);
		text_clear(&lines);
	}
	return trail_fail(trail, error, "it is rotated again and again");
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
	struct trail trail = {.path = audit->path, .key = audit->key, .fd = -1};
	enum status status;

	if (!audit->enabled) {
		if (ret_head)
			ret_head[0] = '\0';
		return STATUS_OK;
	}
	safe.actor = masked(observer, record->actor, &actor);
	safe.message = masked(observer, record->message, &message);
	status = trail_append(&trail, audit, &safe, sync, error);
	fd_close(&trail.fd);
	if (status == STATUS_OK && ret_head)
		memcpy(ret_head, trail.previous, HASH_TEXT);
	return status;
}
