/* file.c - small files, read whole and created whole. Never a database's file:
 * opening and closing one here would drop SQLite's locks. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_STEP ((size_t)32 << 10)

void fd_close(int *fd)
{
	int kept = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = kept;
}

int fd_sync(int fd)
{
	int result;

	do {
		result = fsync(fd);
	} while (result != 0 && errno == EINTR);
	return result;
}

enum status fd_write_all(int fd, const char *data, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t wrote = write(fd, data + done, size - done);

		if (wrote > 0) {
			done += (size_t)wrote;
		} else if (wrote < 0 && errno == EAGAIN) {
			/* A terminal or pipe that another program made non-blocking. */
			struct pollfd ready = {.fd = fd, .events = POLLOUT};

			if (poll(&ready, 1, -1) < 0 && errno != EINTR)
				return STATUS_IO;
		} else if (wrote == 0 || errno != EINTR) {
			return STATUS_IO;
		}
	}
	return STATUS_OK;
}

int fd_read_all(int fd, int64_t expected, size_t cap, struct text *text)
{
	char buffer[READ_STEP];
	size_t before = text->size;

	for (;;) {
		ssize_t got = read(fd, buffer, sizeof(buffer));

		if (got == 0)
			return 0;
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 || (size_t)got > cap - (text->size - before)) {
			int reason = got < 0 ? errno : EFBIG;

			text_cut(text, before);
			errno = reason;
			return -1;
		}
		text_append(text, buffer, (size_t)got);
		if ((int64_t)(text->size - before) == expected)
			return 0;
	}
}

enum status file_read_at(int folder_fd, const char *name, const char *path, size_t cap,
			 struct text *text, struct error *error)
{
	/* Non-blocking: a pipe in the place of a file is refused, not waited for. */
	CLEANUP(fd_close)
	int fd = openat(folder_fd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat found;

	if (fd < 0 || fstat(fd, &found) != 0)
		return error_set(error, STATUS_IO, "cannot read %s: %s", path, strerror(errno));
	if (!S_ISREG(found.st_mode))
		return error_set(error, STATUS_IO, "cannot read %s: it is not a regular file", path);
	if (cap > TEXT_CAP - text->size)
		cap = TEXT_CAP - text->size;
	if (fd_read_all(fd, found.st_size, cap, text) == 0)
		return STATUS_OK;
	if (errno == EFBIG)
		return error_set(error, STATUS_IO, "%s is larger than %zu bytes", path, cap);
	return error_set(error, STATUS_IO, "cannot read %s: %s", path, strerror(errno));
}

enum status file_read(const char *path, size_t cap, struct text *text, struct error *error)
{
	return file_read_at(AT_FDCWD, path, path, cap, text, error);
}

enum status folder_sync(const char *path, struct error *error)
{
	CLEANUP(fd_close) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	/* Some file systems know no sync of a folder; their names are safe otherwise. */
	if (fd < 0 || (fd_sync(fd) != 0 && errno != EINVAL))
		return error_set(error, STATUS_IO, "cannot sync the folder %s: %s", path,
				 strerror(errno));
	return STATUS_OK;
}

static enum status file_fill(int *fd, const char *path, const char *data, size_t size,
			     struct error *error)
{
	struct arena arena = {0};
	enum status status;

	if (fd_write_all(*fd, data, size) != STATUS_OK || fd_sync(*fd) != 0)
		return error_set(error, STATUS_IO, "cannot write %s: %s", path, strerror(errno));
	/* A network file system may say only now that it is full. */
	if (close(*fd) != 0) {
		*fd = -1;
		return error_set(error, STATUS_IO, "cannot write %s: %s", path, strerror(errno));
	}
	*fd = -1;
	status = folder_sync(path_folder(&arena, path), error);
	arena_free(&arena);
	return status;
}

enum status file_create(const char *path, unsigned mode, const char *data, size_t size,
			struct error *error)
{
	CLEANUP(fd_close)
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, (mode_t)mode);
	enum status status;

	if (fd < 0 && errno == EEXIST)
		return error_set(error, STATUS_FAILED, "%s exists already", path);
	if (fd < 0)
		return error_set(error, STATUS_IO, "cannot create %s: %s", path, strerror(errno));
	status = file_fill(&fd, path, data, size, error);
	if (status != STATUS_OK)
		unlink(path);
	return status;
}

/* One folder; that it is there already is fine. */
static enum status folder_make(const char *path, unsigned mode, struct error *error)
{
	struct arena arena = {0};
	ERROR_CLEANUP struct error ignored = {0};

	if (mkdir(path, (mode_t)mode) == 0) {
		/* Best effort: a parent that may not be read cannot be synced. */
		(void)!folder_sync(path_folder(&arena, path), &ignored);
		arena_free(&arena);
		return STATUS_OK;
	}
	if (errno == EEXIST)
		return STATUS_OK;
	return error_set(error, STATUS_IO, "cannot create the folder %s: %s", path, strerror(errno));
}

enum status folder_create(const char *path, unsigned mode, struct error *error)
{
	CLEANUP(mem_free_text) char *part = mem_text(path);
	struct stat found;
	enum status status;

	for (char *at = part; *at; at++) {
		if (*at != '/' || at == part)
			continue;
		*at = '\0';
		status = folder_make(part, mode, error);
		if (status != STATUS_OK)
			return status;
		*at = '/';
	}
	status = folder_make(path, mode, error);
	if (status != STATUS_OK)
		return status;
	if (stat(path, &found) != 0)
		return error_set(error, STATUS_IO, "cannot use the folder %s: %s", path,
				 strerror(errno));
	if (!S_ISDIR(found.st_mode))
		return error_set(error, STATUS_IO, "cannot create the folder %s: a file has this name",
				 path);
	return STATUS_OK;
}

bool file_exists(const char *path)
{
	struct stat found;

	return stat(path, &found) == 0;
}
