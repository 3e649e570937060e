/* audit_files.c - the names of a trail's files: PATH is appended to, PATH.N was
 * rotated away and ends in record N. N never comes twice, so that no file is ever
 * renamed again and none can be mistaken for another. */
#include "observe/audit_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bytes of the file that are locked, whatever stands in them. Writers wait for the door
 * one at a time, at the gate: whoever has just let go of the door would otherwise take it
 * again before a waiting one looks the next time, and one of many could wait for ever. */
enum lock_place { DOOR, GATE };

static int place_lock(int fd, short type, enum lock_place place, int64_t end)
{
	struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = place, .l_len = 1};

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

int audit_lock(int fd, short type)
{
	int64_t end = clock_monotonic_ns() + AUDIT_LOCK_WAIT_NS;
	bool writes = type == F_WRLCK;

	if (writes && place_lock(fd, F_WRLCK, GATE, end) != 0)
		return -1;
	int result = place_lock(fd, type, DOOR, end);
	int reason = errno;
	if (writes)
		(void)place_lock(fd, F_UNLCK, GATE, end);
	errno = reason;
	return result;
}

/* The number N of "NAME.N"; 0: it is no rotated file of this trail. */
static int64_t number_of(const char *entry, const char *name)
{
	size_t size = strlen(name);
	const char *digits = entry + size + 1;
	int64_t number = 0;

	if (strncmp(entry, name, size) != 0 || entry[size] != '.' || digits[0] == '0' ||
	    strspn(digits, "0123456789") != strlen(digits) || !parse_integer(digits, &number))
		return 0;
	return number;
}

static int by_number(const void *a, const void *b)
{
	const struct audit_file *left = a;
	const struct audit_file *right = b;

	return left->last < right->last ? -1 : left->last > right->last;
}

static enum status folder_scan(DIR *open, const char *path, struct audit_files *files,
			       struct error *error)
{
	const char *name = path_name(path);
	struct dirent *entry;

	while (errno = 0, (entry = readdir(open)) != NULL) {
		struct audit_file file = {.last = number_of(entry->d_name, name)};

		if (file.last == 0)
			continue;
		if (files->count == AUDIT_FILES_CAP)
			return error_set(error, STATUS_IO, "the audit trail %s has more than %zu files",
					 path, AUDIT_FILES_CAP);
		file.path = arena_printf(&files->arena, "%s.%lld", path, (long long)file.last);
		VEC_PUSH(files, file);
	}
	if (errno != 0)
		return error_set(error, STATUS_IO, "cannot read the folder of %s: %s", path,
				 strerror(errno));
	return STATUS_OK;
}

enum status audit_files_list(const char *path, struct audit_files *ret, struct error *error)
{
	struct audit_files files = {0};
	const char *folder = path_folder(&files.arena, path);
	DIR *open = opendir(folder);
	enum status status = STATUS_OK;

	if (!open && errno != ENOENT)
		status = error_set(error, STATUS_IO, "cannot read the folder %s: %s", folder,
				   strerror(errno));
	if (open) {
		status = folder_scan(open, path, &files, error);
		closedir(open);
	}
	if (status) {
		audit_files_free(&files);
		return status;
	}
	if (files.count)
		qsort(files.items, files.count, sizeof(*files.items), by_number);
	*ret = files;
	return STATUS_OK;
}

void audit_files_free(struct audit_files *files)
{
	mem_free(files->items);
	arena_free(&files->arena);
	*files = (struct audit_files){0};
}

int audit_file_rename(const char *path, const char *numbered)
{
	struct stat found;

	if (renameat2(AT_FDCWD, path, AT_FDCWD, numbered, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	/* A file system that cannot refuse by itself: we hold the trail's lock. */
	if (lstat(numbered, &found) == 0) {
		errno = EEXIST;
		return -1;
	}
	return errno == ENOENT ? rename(path, numbered) : -1;
}
