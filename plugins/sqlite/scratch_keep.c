/* scratch_keep.c - a scratch database becomes a file beside, of a name that a person chose.
 *
 * The copy is made under a name that nobody has and gets its own by link(), which never
 * replaces anything: NAME is whole when it appears. Killed before, what was copied so far
 * stays as NAME.<16 digits>.partial. */
#include "sqlite/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* SQLite deletes what bears the name of another database's journal. */
static int32_t check_name(struct elq_connection *beside, const char *path)
{
	static const char *const endings[] = {"-journal", "-wal", "-shm"};
	size_t size = strlen(path);
	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
		size_t tail = strlen(endings[i]);
		if (size >= tail && strcmp(path + size - tail, endings[i]) == 0)
			return sqlkit_fail(beside->call, ELQ_ERR_CONSTRAINT, "choose another name",
					   "%s cannot be a database: SQLite takes names that end in %s "
					   "for another one's journal",
					   path, endings[i]);
	}
	return ELQ_OK;
}

/* A journal of some older file of that name would be played into the new one. */
static int32_t check_free(struct elq_connection *beside, const char *path)
{
	static const char *const endings[] = {"", "-journal", "-wal"};
	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
		struct stat found;
		char *taken = sqlite3_mprintf("%s%s", path, endings[i]);
		if (!taken)
			return failure_no_memory(beside->call);
		int result = lstat(taken, &found);
		int32_t status = ELQ_OK;
		if (result == 0)
			status = sqlkit_fail(
				beside->call, ELQ_ERR_CONSTRAINT,
				"choose a name that is free: nothing that is there is replaced",
				"%s exists already", taken);
		else if (errno != ENOENT)
			status = sqlkit_fail(beside->call, ELQ_ERR_CONSTRAINT,
					     "name a file in a folder that is there and yours",
					     "%s cannot be a database: %s", taken,
					     strerrordesc_np(errno));
		sqlite3_free(taken);
		if (status != ELQ_OK)
			return status;
	}
	return ELQ_OK;
}

/* "." for a name without one. */
static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	if (!slash)
		return sqlite3_mprintf(".");
	return sqlite3_mprintf("%.*s", slash == path ? 1 : (int)(slash - path), path);
}

static int32_t check_folder(struct elq_connection *beside, const char *folder)
{
	if (access(folder, W_OK | X_OK) == 0)
		return ELQ_OK;
	return sqlkit_fail(beside->call, ELQ_ERR_CONSTRAINT,
			   "name a file in a folder that is there and yours",
			   "no file can be made in the folder %s: %s", folder, strerrordesc_np(errno));
}

static int32_t sync_path(struct elq_connection *beside, const char *path, int flags)
{
	int fd = open(path, flags | O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return failure_of_file(beside, "open", path);
	int32_t status = fsync(fd) == 0 ? ELQ_OK : failure_of_file(beside, "write", path);
	close(fd);
	return status;
}

/* Beside `path`, by the folder's real name: files are opened without following links. */
static int32_t partial_path(struct elq_connection *beside, const char *path, const char *folder,
			    char **ret)
{
	uint64_t number;
	const char *slash = strrchr(path, '/');
	char *real = realpath(folder, NULL);
	sqlite3_randomness(sizeof(number), &number);
	if (!real)
		return failure_of_file(beside, "use", folder);
	*ret = sqlite3_mprintf("%s/%s.%016llx.partial", real, slash ? slash + 1 : path,
			       (unsigned long long)number);
	free(real);
	return *ret ? ELQ_OK : failure_no_memory(beside->call);
}

static int32_t copy_to(struct elq_connection *beside, struct elq_connection *scratch, const char *path,
		       const char *folder)
{
	char *partial = NULL;
	int32_t status = partial_path(beside, path, folder, &partial);
	if (!partial)
		return status;
	status = pages_copy_out(scratch, partial);
	if (status == ELQ_OK)
		status = sync_path(beside, partial, O_NOFOLLOW);
	if (status == ELQ_OK && link(partial, path) != 0)
		status = failure_of_file(beside, "make", path);
	bool named = status == ELQ_OK;
	if (named)
		status = sync_path(beside, folder, O_DIRECTORY);
	if (named && status != ELQ_OK)
		(void)unlink(path);
	(void)unlink(partial);
	sqlite3_free(partial);
	return status;
}

static int32_t keep(struct elq_connection *beside, struct elq_connection *scratch, const char *path,
		    const char *folder)
{
	int32_t status = check_name(beside, path);
	if (status == ELQ_OK)
		status = check_folder(beside, folder);
	if (status == ELQ_OK)
		status = check_free(beside, path);
	return status == ELQ_OK && scratch ? copy_to(beside, scratch, path, folder) : status;
}

int32_t scratch_keep(struct elq_connection *beside, struct elq_connection *scratch,
		     const struct elq_str *name)
{
	char *path = sqlite3_mprintf("%.*s", (int)name->size, name->data);
	char *folder = path ? folder_of(path) : NULL;
	int32_t status =
		path && folder ? keep(beside, scratch, path, folder) : failure_no_memory(beside->call);
	sqlite3_free(folder);
	sqlite3_free(path);
	return status;
}
