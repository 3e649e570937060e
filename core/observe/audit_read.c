/* audit_read.c - reads a trail's files in order and cuts them into records and
 * gaps. It judges nothing: what a gap means, and whether the chain holds, is
 * audit_judge.c's. */
#include "observe/audit_private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_STEP ((size_t)64 << 10)

/* ---- bytes to lines ------------------------------------------------------------- */

/* A whole line, with its newline where `ended`. */
static enum status feed_line(struct audit_feed *feed, const char *data, size_t size, bool ended,
			     struct error *error)
{
	struct audit_gap gap = {feed->path, feed->line, data, size};
	struct audit_entry entry;

	if (!feed->memory)
		feed->memory = mem_alloc(AUDIT_LINE_CAP);
	if (feed->within || !audit_line_parse(data, size - ended, feed->memory, &entry))
		return feed->reader->gap(feed->reader->context, &gap, error);
	entry.path = feed->path;
	entry.line = feed->line;
	entry.ended = ended;
	entry.signature = audit_signature_check(&entry, data, feed->key);
	if (ended) {
		hash_bytes(data, size, entry.hash);
	} else { /* the newline that the next append adds is the line's */
		text_add_char(&feed->text, '\n');
		hash_bytes(feed->text.data, feed->text.size, entry.hash);
	}
	return feed->reader->record(feed->reader->context, &entry, error);
}

/* A part of a line that is too long for a record. */
static enum status feed_part(struct audit_feed *feed, struct error *error)
{
	struct audit_gap gap = {feed->path, feed->line, feed->text.data, feed->text.size};
	enum status status = feed->reader->gap(feed->reader->context, &gap, error);

	feed->within = true;
	text_clear(&feed->text);
	return status;
}

static enum status feed_to_newline(struct audit_feed *feed, const char *data, size_t size,
				   struct error *error)
{
	enum status status;

	feed->line++;
	if (feed->text.size == 0) {
		status = feed_line(feed, data, size, true, error);
	} else {
		text_append(&feed->text, data, size);
		status = feed_line(feed, feed->text.data, feed->text.size, true, error);
		text_clear(&feed->text);
	}
	feed->within = false;
	return status;
}

enum status audit_feed(struct audit_feed *feed, const char *data, size_t size, struct error *error)
{
	enum status status = STATUS_OK;

	while (size > 0 && !status) {
		size_t room = AUDIT_LINE_CAP - feed->text.size;
		size_t look = size < room ? size : room;
		const char *newline = memchr(data, '\n', look);
		size_t taken = newline ? (size_t)(newline - data) + 1 : look;

		if (newline) {
			status = feed_to_newline(feed, data, taken, error);
		} else {
			text_append(&feed->text, data, taken);
			if (feed->text.size == AUDIT_LINE_CAP) {
				feed->line++;
				status = feed_part(feed, error);
				feed->line--;
			}
		}
		data += taken;
		size -= taken;
	}
	return status;
}

enum status audit_feed_end(struct audit_feed *feed, struct error *error)
{
	enum status status = STATUS_OK;

	feed->line++;
	if (feed->text.size > 0)
		status = feed_line(feed, feed->text.data, feed->text.size, false, error);
	text_clear(&feed->text);
	feed->within = false;
	return status;
}

void audit_feed_free(struct audit_feed *feed)
{
	text_free(&feed->text);
	mem_free(feed->memory);
	feed->memory = NULL;
}

/* ---- files ------------------------------------------------------------------------- */

static enum status unreadable(struct error *error, const char *path, const char *why)
{
	error_set(error, STATUS_IO, "cannot read the audit trail %s: %s", path, why);
	error_hint(error, "read it as the user who writes it, or name another with "
			  "ELOQUENT_AUDIT_PATH or [audit] path");
	error_at(error, path, 0, 0);
	return STATUS_IO;
}

/* *ret_fd is -1 when there is no such file. */
static enum status file_open(const char *path, int *ret_fd, struct stat *ret_found, struct error *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
	enum status status = STATUS_OK;

	if (fd < 0 && errno == ENOENT) {
		*ret_fd = -1;
		return STATUS_OK;
	}
	if (fd < 0 && errno == ELOOP)
		return unreadable(error, path, "it is a symbolic link");
	if (fd < 0 || fstat(fd, ret_found) != 0)
		status = unreadable(error, path, strerror(errno));
	else if (!S_ISREG(ret_found->st_mode))
		status = unreadable(error, path, "it is not a regular file");
	if (status)
		fd_close(&fd);
	else
		*ret_fd = fd;
	return status;
}

static enum status file_feed(int fd, int64_t size, struct audit_feed *feed, struct error *error)
{
	CLEANUP(mem_free_text) char *buffer = mem_alloc(READ_STEP);
	enum status status = STATUS_OK;

	while (size > 0 && !status) {
		size_t step = size < (int64_t)READ_STEP ? (size_t)size : READ_STEP;
		ssize_t got = read(fd, buffer, step);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return unreadable(error, feed->path, strerror(errno));
		if (got == 0)
			break;
		size -= got;
		status = audit_feed(feed, buffer, (size_t)got, error);
	}
	return status ? status : audit_feed_end(feed, error);
}

/* The trail at one moment. */
struct moment {
	int fd; /* of the file that is appended to; -1: there is none */
	int64_t size;
	struct audit_files files;
};

/* Under a shared lock no append is half done and no rotation under way. */
static enum status moment_take(const char *path, struct moment *ret, struct error *error)
{
	for (;;) {
		struct stat found;
		struct stat named;
		int fd = -1;
		enum status status = file_open(path, &fd, &found, error);

		if (!status && fd >= 0 && audit_lock(fd, F_RDLCK) != 0)
			status = unreadable(error, path,
					    errno == ETIMEDOUT
						    ? "another process has held its lock for 10 s"
						    : strerror(errno));
		if (!status && fd >= 0 &&
		    (fstat(fd, &found) != 0 || lstat(path, &named) != 0 ||
		     named.st_dev != found.st_dev || named.st_ino != found.st_ino)) {
			fd_close(&fd); /* rotated while we waited */
			continue;
		}
		if (!status)
			status = audit_files_list(path, &ret->files, error);
		if (status) {
			fd_close(&fd);
			return status;
		}
		ret->fd = fd;
		ret->size = fd >= 0 ? found.st_size : 0;
		if (fd >= 0)
			(void)audit_lock(fd, F_UNLCK);
		return STATUS_OK;
	}
}

static enum status rotated_feed(const struct audit_file *file, struct audit_feed *feed,
				struct error *error)
{
	CLEANUP(fd_close) int fd = -1;
	struct stat found;
	enum status status = file_open(file->path, &fd, &found, error);

	if (status)
		return status;
	if (fd < 0)
		return unreadable(error, file->path, "it was removed a moment ago");
	feed->path = file->path;
	feed->line = 0;
	return file_feed(fd, found.st_size, feed, error);
}

enum status audit_read(const struct audit *audit, bool newest, const struct audit_reader *reader,
		       size_t *ret_files, struct error *error)
{
	struct audit_feed feed = {.reader = reader, .key = audit->key};
	struct moment moment = {.fd = -1};
	enum status status = moment_take(audit->path, &moment, error);

	if (status)
		return status;
	for (size_t i = 0; i < moment.files.count && !newest && !status; i++)
		status = rotated_feed(&moment.files.items[i], &feed, error);
	if (!status && moment.fd >= 0) {
		feed.path = audit->path;
		feed.line = 0;
		status = file_feed(moment.fd, moment.size, &feed, error);
	}
	if (!status && ret_files)
		*ret_files = moment.files.count + (moment.fd >= 0);
	fd_close(&moment.fd);
	audit_files_free(&moment.files);
	audit_feed_free(&feed);
	return status;
}
