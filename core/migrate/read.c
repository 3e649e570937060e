/* read.c - one migration file from the disk, whole. It does not know what
 * stands in it. */
#include "migrate/private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* What a person put there is a finding, like a malformed text; a disk that fails is not. */
static enum status unreadable(struct error *error, const char *path, int reason)
{
	const char *remedy = NULL;
	switch (reason) {
	case EACCES:
	case EPERM:
		remedy = "give this user the right to read it";
		break;
	case ENOENT:
	case ELOOP:
		remedy = "it is a link that leads nowhere, or was removed at this moment: mend the "
			 "link, or remove it";
		break;
	case EISDIR:
	case ENXIO: /* a socket */
		return malformed(error, path, 0, "put a file in its place, or move it elsewhere",
				 "it has a migration's name, but is not a regular file");
	default:
		break;
	}
	if (remedy)
		return malformed(error, path, 0, remedy, "it cannot be read: %s", strerror(reason));
	error_set(error, STATUS_IO, "cannot read %s: %s", path, strerror(reason));
	error_hint(error, "look at the disk and the limits of this process, then run again");
	error_at(error, path, 0, 0);
	return STATUS_IO;
}

enum status migration_read(int folder_fd, const char *name, const char *path, int64_t cap,
			   struct text *text, struct error *error)
{
	/* Non-blocking: a pipe in the place of a file is refused, not waited for. */
	CLEANUP(fd_close)
	int fd = openat(folder_fd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat found;
	if (fd < 0 || fstat(fd, &found) != 0)
		return unreadable(error, path, errno);
	if (!S_ISREG(found.st_mode))
		return unreadable(error, path, EISDIR);
	if (cap > (int64_t)TEXT_CAP / 2)
		cap = (int64_t)TEXT_CAP / 2;
	text_clear(text);
	if (fd_read_all(fd, found.st_size, (size_t)cap, text) == 0)
		return STATUS_OK;
	if (errno != EFBIG)
		return unreadable(error, path, errno);
	return malformed(error, path, 0, "split it, or raise [project] max_migration in eloquent.ini",
			 "the file is larger than %lld bytes", (long long)cap);
}
