/* workplace.c - a run's own folder below the backups, and what killed runs left.
 *
 * The folder's lock file is locked as long as its process lives. A folder whose
 * lock nobody holds is a dead run's: it is removed with all that lies in it, and
 * so is a dump that stands without a manifest, because its run died between the
 * two renames. Only names that this file makes are touched. */
#include "backup/private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOCK_NAME "lock"
/* A folder without a lock file is being made, or its run died at that moment. */
#define YOUNG_S 60

const char *store_folder(const struct backup_store *store, struct arena *arena)
{
	return path_join(arena, store->dir, store->connection);
}

static const char *work_folder(const struct backup_store *store, struct arena *arena)
{
	return path_join(arena, store->dir, "work");
}

enum status store_check_stop(const struct backup_store *store, struct error *error)
{
	int number = store->stop ? atomic_load(store->stop) : 0;
	if (!number)
		return STATUS_OK;
	return error_set(error, number == SIGINT ? STATUS_INTERRUPTED : STATUS_TERMINATED,
			 "%s while the backup was at work; what was begun is removed",
			 number == SIGINT ? "interrupted" : "terminated");
}

/* ---- removing ---------------------------------------------------------------------------- */

static void remove_entries(int folder)
{
	DIR *listing = fdopendir(dup(folder));
	struct dirent *entry;
	if (!listing)
		return;
	while ((entry = readdir(listing)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			(void)unlinkat(folder, entry->d_name, 0);
	closedir(listing);
}

static bool is_young(int folder)
{
	struct stat found;
	return fstat(folder, &found) == 0 && time(NULL) - found.st_mtime < YOUNG_S;
}

/* Is some process at work in it? */
static bool is_alive(int folder)
{
	CLEANUP(fd_close) int lock = openat(folder, LOCK_NAME, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (lock < 0)
		return errno != ENOENT || is_young(folder);
	return flock(lock, LOCK_EX | LOCK_NB) != 0;
}

static void sweep_one(int work, const char *id)
{
	CLEANUP(fd_close)
	int folder = openat(work, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder < 0 || is_alive(folder))
		return;
	remove_entries(folder);
	(void)unlinkat(work, id, AT_REMOVEDIR);
}

static void each_entry(const char *path, void (*visit)(int folder, const char *name, void *context),
		       void *context)
{
	DIR *listing = opendir(path);
	struct dirent *entry;
	if (!listing)
		return;
	while ((entry = readdir(listing)) != NULL)
		visit(dirfd(listing), entry->d_name, context);
	closedir(listing);
}

static void sweep_workplace(int folder, const char *name, void *context)
{
	(void)context;
	if (backup_id_valid(name))
		sweep_one(folder, name);
}

/* ID.suffix.zst without ID.json, and without a workplace of that id. */
static void sweep_dump(int folder, const char *name, void *context)
{
	const struct backup_store *store = context;
	CLEANUP(arena_free) struct arena arena = {0};
	const char *dot = strchr(name, '.');
	if (!dot || !text_ends(name, ".zst"))
		return;
	const char *id = arena_copy(&arena, name, (size_t)(dot - name));
	if (!backup_id_valid(id) || file_exists(path_join(&arena, work_folder(store, &arena), id)) ||
	    faccessat(folder, arena_printf(&arena, "%s" MANIFEST_SUFFIX, id), F_OK, 0) == 0)
		return;
	if (unlinkat(folder, name, 0) == 0)
		log_write(store->observer, LOG_INFO, "removed %s/%s, which a killed run left",
			  store_folder(store, &arena), name);
}

static void sweep(const struct backup_store *store, struct arena *arena)
{
	each_entry(work_folder(store, arena), sweep_workplace, NULL);
	each_entry(store_folder(store, arena), sweep_dump, (void *)store);
}

/* The id as a driver may put it into a name on a server: [a-z0-9]. */
static const char *server_word(struct arena *arena, const char *id)
{
	char *word = arena_text(arena, id);
	char *to = word;
	for (const char *from = id; *from; from++)
		if (*from != '-')
			*to++ = *from >= 'A' && *from <= 'Z' ? (char)(*from | 0x20) : *from;
	*to = '\0';
	return word;
}

/* ---- one run's place ------------------------------------------------------------------------ */

static enum status fail(const char *doing, const char *path, struct error *error)
{
	int reason = errno;
	error_set(error, STATUS_IO, "cannot %s %s: %s", doing, path, strerror(reason));
	if (reason == EACCES || reason == EPERM || reason == EROFS)
		error_hint(error, "give this user the right to write there, or set [backup] dir");
	return STATUS_IO;
}

static enum status make_and_lock(struct place *place, struct error *error)
{
	const char *folder = place->workplace.folder;
	if (mkdir(folder, 0700) != 0)
		return fail("create the folder", folder, error);
	const char *lock = path_join(&place->arena, folder, LOCK_NAME);
	place->lock_fd = open(lock, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (place->lock_fd < 0 || flock(place->lock_fd, LOCK_EX | LOCK_NB) != 0)
		return fail("lock", lock, error);
	return STATUS_OK;
}

enum status place_open(const struct backup_store *store, const char *id, struct place *ret,
		       struct error *error)
{
	struct place place = {.lock_fd = -1};
	const char *work = work_folder(store, &place.arena);
	enum status status = folder_create(store_folder(store, &place.arena), 0700, error);
	if (!status)
		status = folder_create(work, 0700, error);
	if (status) {
		error_hint(error, "[backup] dir names the folder of the backups");
		arena_free(&place.arena);
		return status;
	}
	sweep(store, &place.arena);
	place.workplace.id = server_word(&place.arena, id);
	place.workplace.folder = path_join(&place.arena, work, id);
	status = make_and_lock(&place, error);
	if (status)
		place_close(&place);
	else
		*ret = place;
	return status;
}

void place_close(struct place *place)
{
	const char *path = place->workplace.folder;
	if (path) {
		CLEANUP(fd_close)
		int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (folder >= 0)
			remove_entries(folder);
		(void)rmdir(path);
		fd_close(&place->lock_fd);
	}
	arena_free(&place->arena);
	*place = (struct place){.lock_fd = -1};
}
