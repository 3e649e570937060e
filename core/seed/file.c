/* file.c - files below the seeds folder, and none elsewhere: a seeder names a path, and
 * what the path leads to is settled here, one part at a time. */
#include "seed/private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_CAP 4096

static enum status unreadable(struct error *error, const char *folder, const char *path,
			      const char *why)
{
	error_set(error, STATUS_IO, "cannot read %s/%s: %s", folder, path, why);
	error_at(error, path, 0, 0);
	return STATUS_IO;
}

static enum status outside(struct error *error, const char *path, const char *why)
{
	error_set(error, STATUS_MALFORMED, "a seed asks for the file \"%s\": %s", path, why);
	error_hint(error, "files of seeds lie in the seeds folder themselves");
	return STATUS_MALFORMED;
}

static bool part_is(const char *part, size_t size, const char *word)
{
	return size == strlen(word) && memcmp(part, word, size) == 0;
}

/* NULL: every part leads down. */
static const char *path_problem(const char *path)
{
	if (!*path || strlen(path) >= PATH_CAP)
		return "it has no name, or a long one";
	if (*path == '/')
		return "the path is absolute";
	for (const char *part = path; *part; part += *part == '/') {
		size_t size = strcspn(part, "/");
		if (size == 0 || part_is(part, size, "."))
			return "the path has an empty part";
		if (part_is(part, size, ".."))
			return "the path leads out of the folder";
		part += size;
	}
	return NULL;
}

/* Opens the part of a path; *ret stays -1 on failure. */
static int open_part(int folder, const char *part, size_t size, bool last)
{
	char name[PATH_CAP];
	memcpy(name, part, size);
	name[size] = '\0';
	/* Non-blocking: a pipe in the place of a file is refused, not waited for. */
	int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
	return openat(folder, name, last ? flags : flags | O_DIRECTORY);
}

static int open_below(const char *folder, const char *path)
{
	int at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while (at >= 0 && *path) {
		size_t size = strcspn(path, "/");
		int next = open_part(at, path, size, path[size] == '\0');
		int why = errno;
		close(at);
		errno = why;
		at = next;
		path += size + (path[size] == '/');
	}
	return at;
}

enum status seed_file_read(const char *folder, const char *path, size_t cap, struct text *ret,
			   struct error *error)
{
	struct stat found;
	const char *problem = path_problem(path);
	if (problem)
		return outside(error, path, problem);
	CLEANUP(fd_close) int fd = open_below(folder, path);
	/* A link says "too many links", or, in the place of a folder, "not a folder". */
	if (fd < 0 && errno == ELOOP)
		return outside(error, path, "it is a link");
	if (fd < 0 || fstat(fd, &found) != 0)
		return unreadable(error, folder, path, strerror(errno));
	if (!S_ISREG(found.st_mode))
		return unreadable(error, folder, path, "it is not a regular file");
	if (fd_read_all(fd, found.st_size, cap, ret) == 0)
		return STATUS_OK;
	if (errno != EFBIG)
		return unreadable(error, folder, path, strerror(errno));
	error_set(error, STATUS_MALFORMED, "%s/%s is larger than %zu bytes", folder, path, cap);
	error_hint(error, "split it");
	return STATUS_MALFORMED;
}
