/* folder.c - the folder that holds the cache: what lies in it is believed, so it is
 * ours, and nobody else may write in it. */
#include "cache_file/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* mkdir -p with 0700; those that are there stay as they are. */
static int make_path(const char *path)
{
	char *copy = strdup(path);
	int result = 0;
	if (copy == NULL)
		return ENOMEM;
	for (char *at = copy + 1; result == 0; at++) {
		char was = *at;
		if (was != '/' && was != '\0')
			continue;
		*at = '\0';
		if (mkdir(copy, 0700) != 0 && errno != EEXIST)
			result = errno;
		*at = was;
		if (was == '\0')
			break;
	}
	free(copy);
	return result;
}

static int32_t check(const struct elq_call *call, const struct elq_cache_store *store, int fd)
{
	struct stat info;
	if (fstat(fd, &info) != 0)
		return fail(call, ELQ_ERR_CONNECT, NULL, "the cache folder %s cannot be looked at: %s",
			    store->dir, strerror(errno));
	if (info.st_uid != geteuid())
		return fail(call, ELQ_ERR_CONNECT,
			    "run as that user, or set the store's dir to a folder of your own",
			    "the cache folder %s belongs to the user %u, not to %u", store->dir,
			    (unsigned)info.st_uid, (unsigned)geteuid());
	if ((info.st_mode & 022) != 0)
		return fail(call, ELQ_ERR_CONNECT, "run: chmod 700 on that folder",
			    "the cache folder %s can be written by others (mode %04o)", store->dir,
			    (unsigned)(info.st_mode & 07777));
	return ELQ_OK;
}

int32_t folder_open(const struct elq_call *call, struct elq_cache_store *store, bool create,
		    int *ret_fd)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = open(store->dir, flags);
	*ret_fd = -1;
	if (fd < 0 && errno == ENOENT) {
		if (!create)
			return ELQ_OK;
		int rc = make_path(store->dir);
		if (rc != 0)
			return fail(call, ELQ_ERR_CONNECT, NULL,
				    "the cache folder %s cannot be made: %s", store->dir, strerror(rc));
		fd = open(store->dir, flags);
	}
	if (fd < 0)
		return fail(call, ELQ_ERR_CONNECT, "the store's dir names a folder, and no link to one",
			    "the cache folder %s cannot be opened: %s", store->dir, strerror(errno));
	int32_t code = check(call, store, fd);
	if (code != ELQ_OK) {
		close(fd);
		return code;
	}
	*ret_fd = fd;
	return ELQ_OK;
}
