/* audit_tail.c - where a trail's chain stands: the last record, found by reading
 * backwards from the end, and what was torn behind it. Never the whole file. */
#include "observe/audit_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TAIL_STEP ((size_t)4 << 10)

/* A wrong path must not get our lines. */
static enum status tail_foreign(const struct trail *trail, struct error *error)
{
	trail_fail(trail, error, "it does not end in audit records");
	error_hint(error,
		   "name another file with ELOQUENT_AUDIT_PATH or [audit] path, or move this one away");
	return STATUS_AUDIT_UNWRITABLE;
}

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
	char *memory = mem_alloc(end - start);
	struct audit_entry entry;
	bool is_record = audit_line_parse(data + start, end - 1 - start, memory, &entry);

	if (is_record) {
		trail->holds_record = true;
		trail->sequence = entry.sequence;
		trail->signature = audit_signature_check(&entry, data + start, trail->key);
		hash_bytes(data + start, end - start, trail->previous);
	}
	mem_free(memory);
	return is_record;
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

/* ---- a file without a record ------------------------------------------------------ */

/* The chain goes on where the newest rotated file ends. */
static enum status base_read(struct trail *trail, const struct audit_file *file, struct error *error)
{
	struct trail base = {.path = file->path, .key = trail->key, .fd = -1};
	struct stat found;
	enum status status;

	base.fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
	if (base.fd < 0 || fstat(base.fd, &found) != 0) {
		status = trail_fail(trail, error, "cannot read %s: %s", file->path, strerror(errno));
		fd_close(&base.fd);
		return status;
	}
	base.size = S_ISREG(found.st_mode) ? found.st_size : 0;
	status = base.size ? trail_read_tail(&base, error)
			   : trail_fail(trail, error, "%s holds no record", file->path);
	fd_close(&base.fd);
	if (status)
		return status;
	if (base.torn || base.open_ended || base.sequence != file->last)
		return trail_fail(trail, error, "%s does not end in record %lld", file->path,
				  (long long)file->last);
	trail->sequence = base.sequence;
	trail->signature = base.signature;
	memcpy(trail->previous, base.previous, HASH_TEXT);
	return STATUS_OK;
}

static enum status base_find(struct trail *trail, struct error *error)
{
	ERROR_CLEANUP struct error why = {0};
	struct audit_files files;
	enum status status = STATUS_OK;

	trail->sequence = 0;
	trail->signature = AUDIT_HMAC_NONE;
	memset(trail->previous, '0', HASH_TEXT - 1);
	trail->previous[HASH_TEXT - 1] = '\0';
	if (audit_files_list(trail->path, &files, &why))
		return trail_fail(trail, error, "%s", why.message);
	if (files.count)
		status = base_read(trail, &files.items[files.count - 1], error);
	audit_files_free(&files);
	return status;
}

/* Such a file is empty, or holds a first append that was torn (of which a lost
 * machine may leave zeros). Anything else is not ours. */
static enum status tail_begin(struct trail *trail, const char *data, size_t size, struct error *error)
{
	enum status status = base_find(trail, error);
	char start[48];
	size_t start_size;
	size_t zeros = 0;

	if (status)
		return status;
	start_size = (size_t)snprintf(start, sizeof(start), "{\"seq\":%lld,",
				      (long long)trail->sequence + 1);
	while (zeros < size && data[zeros] == '\0')
		zeros++;
	if (zeros < size && memcmp(data, start, size < start_size ? size : start_size) != 0)
		return tail_foreign(trail, error);
	trail->torn = size;
	hash_bytes(data, size, trail->torn_hash);
	return STATUS_OK;
}

enum status trail_read_tail(struct trail *trail, struct error *error)
{
	size_t size = TAIL_STEP;

	trail->holds_record = false;
	for (;;) {
		CLEANUP(mem_free_text) char *data = NULL;
		bool whole = (int64_t)size >= trail->size;

		if (whole)
			size = (size_t)trail->size;
		data = mem_alloc(size + 1);
		if (tail_read(trail, data, size) != 0)
			return trail_fail(trail, error, "%s", strerror(errno));
		data[size] = '\n';
		trail->open_ended = size > 0 && data[size - 1] != '\n';
		if (tail_find(trail, data, size, whole))
			return STATUS_OK;
		if (whole)
			return tail_begin(trail, data, size, error);
		if (size >= AUDIT_TORN_CAP)
			return tail_foreign(trail, error);
		size *= 4;
	}
}
