/* workplace.c - a run's own folder below the backups, and what killed runs left.
 *
 * The folder's lock file is locked as long as its process lives. A folder whose
 * lock nobody holds is a dead run's: it is removed with all that lies in it, and
 * so is the dump of that id where it stands without a manifest: its run died between
 * the two renames. A dump whose manifest went any other way is not ours to remove.
 *
 * Folders are made, and dead ones told from living ones, under the guard: one lock
 * for all of them, held for moments. */
#include "backup/private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORK_NAME ".work" /* no connection has such a name */
#define LOCK_NAME "lock"
#define GUARD_NAME "guard"
#define GUARD_WAIT_MS 10000
#define GUARD_STEP_MS 5
#define DEPTH_MAX 16 /* of folders that a driver makes in a workplace */

const char *store_folder(const struct backup_store *store, struct arena *arena)
{
	return path_join(arena, store->dir, store->connection);
}

static const char *work_folder(const struct backup_store *store, struct arena *arena)
{
	return path_join(arena, store->dir, WORK_NAME);
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

/* ---- the guard ----------------------------------------------------------------------------- */

#define ELSEWHERE "copy the backups to another disk and set [backup] dir to it"

enum status store_fail(const char *doing, const char *path, int reason, struct error *error)
{
	error_set(error, STATUS_IO, "[backup] dir cannot be written: cannot %s %s: %s", doing, path,
		  strerror(reason));
	if (reason == EACCES || reason == EPERM || reason == EROFS)
		error_hint(error, "give this user the right to write there, or " ELSEWHERE);
	else if (reason == ENOSPC || reason == EDQUOT || reason == EFBIG)
		error_hint(error,
			   "free some space there, or " ELSEWHERE "; earlier backups are as they were");
	return STATUS_IO;
}

static enum status fail(const char *doing, const char *path, struct error *error)
{
	return store_fail(doing, path, errno, error);
}

void backup_hint_elsewhere(struct error *error)
{
	if (error->status != STATUS_IO && error->status != STATUS_STATEMENT_FAILED)
		return;
	if (!error->hint)
		error_hint(error, "[backup] dir needs room and this user the right to write there; "
				  "or " ELSEWHERE);
	else if (!strstr(error->hint, ELSEWHERE))
		error_hint(error, "%s; or " ELSEWHERE, error->hint);
}

enum status guard_take(const struct backup_store *store, int *ret_fd, struct error *error)
{
	CLEANUP(arena_free) struct arena arena = {0};
	const char *path = path_join(&arena, work_folder(store, &arena), GUARD_NAME);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (fd < 0)
		return fail("open", path, error);
	enum status status = STATUS_OK;
	for (int waited = 0; !status && flock(fd, LOCK_EX | LOCK_NB) != 0; waited += GUARD_STEP_MS) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			status = fail("lock", path, error);
		else if (waited >= GUARD_WAIT_MS)
			status =
				error_set(error, STATUS_LOCKED,
					  "another run has held %s for too long; is it stopped?", path);
		else
			status = store_check_stop(store, error);
		clock_sleep_ms(GUARD_STEP_MS);
	}
	if (status)
		close(fd);
	else
		*ret_fd = fd;
	return status;
}

/* ---- removing ---------------------------------------------------------------------------- */

static void remove_entries(int folder, int depth);

static void remove_entry(int folder, const char *name, int depth)
{
	if (unlinkat(folder, name, 0) == 0 || depth == DEPTH_MAX)
		return;
	CLEANUP(fd_close)
	int inner = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (inner < 0)
		return;
	remove_entries(inner, depth + 1);
	(void)unlinkat(folder, name, AT_REMOVEDIR);
}

static void remove_entries(int folder, int depth)
{
	int own = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *listing = own < 0 ? NULL : fdopendir(own);
	struct dirent *entry;
	if (!listing) {
		fd_close(&own);
		return;
	}
	while ((entry = readdir(listing)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			remove_entry(folder, entry->d_name, depth);
	closedir(listing);
}

/* Is some process at work in it? Without a lock file: it died before it made one, or ends
 * just now. */
static bool is_alive(int folder)
{
	CLEANUP(fd_close)
	int lock = openat(folder, LOCK_NAME, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (lock < 0)
		return errno != ENOENT;
	return flock(lock, LOCK_EX | LOCK_NB) != 0;
}

static void each_entry(int folder, void (*visit)(int folder, const char *name, void *context),
		       void *context)
{
	int own = folder < 0 ? -1 : openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *listing = own < 0 ? NULL : fdopendir(own);
	struct dirent *entry;
	if (!listing) {
		fd_close(&own);
		return;
	}
	while ((entry = readdir(listing)) != NULL)
		visit(folder, entry->d_name, context);
	closedir(listing);
}

struct sweeping {
	const struct backup_store *store;
	int work;
	const char *dead; /* the id of a run that died, or NULL: only say what lies about */
};

/* The id of a dump that stands without its manifest: copied, for mem_free; or NULL. */
static char *orphan_id(int folder, const char *name)
{
	const char *dot = strchr(name, '.');
	if (!dot || !text_ends(name, ".zst"))
		return NULL;
	char *id = mem_copy(name, (size_t)(dot - name));
	TEXT_CLEANUP struct text manifest = {0};
	text_printf(&manifest, "%s" MANIFEST_SUFFIX, id);
	if (backup_id_valid(id) && faccessat(folder, text_string(&manifest), F_OK, 0) != 0 &&
	    errno == ENOENT)
		return id;
	mem_free(id);
	return NULL;
}

/* It may be the one that is missed tomorrow: its manifest may lie elsewhere still. */
static void sweep_orphan(int folder, const char *name, void *context)
{
	const struct sweeping *sweeping = context;
	CLEANUP(mem_free_text) char *id = orphan_id(folder, name);
	if (!id)
		return;
	if (sweeping->dead && strcmp(id, sweeping->dead) == 0)
		(void)unlinkat(folder, name, 0);
	else if (!sweeping->dead && faccessat(sweeping->work, id, F_OK, 0) != 0)
		log_write(sweeping->store->observer, LOG_WARN,
			  "%s/%s/%s has no manifest and counts for nothing; put %s" MANIFEST_SUFFIX
			  " back beside it, or remove it",
			  sweeping->store->dir, sweeping->store->connection, name, id);
}

static void sweep_orphans_of(int dir, const char *name, void *context)
{
	CLEANUP(fd_close) int folder = -1;
	if (name[0] != '.')
		folder = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	each_entry(folder, sweep_orphan, context);
}

/* Its dump first: as long as the folder stands, whoever comes next knows of it. */
static void sweep_workplace(int work, const char *id, void *context)
{
	struct sweeping sweeping = *(const struct sweeping *)context;
	CLEANUP(fd_close) int folder = -1;
	CLEANUP(fd_close) int dir = -1;
	if (backup_id_valid(id))
		folder = openat(work, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder < 0 || is_alive(folder))
		return;
	sweeping.dead = id;
	dir = open(sweeping.store->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	each_entry(dir, sweep_orphans_of, &sweeping);
	remove_entries(folder, 0);
	(void)unlinkat(work, id, AT_REMOVEDIR);
}

static void sweep(const struct backup_store *store, struct arena *arena)
{
	CLEANUP(fd_close)
	int work = open(work_folder(store, arena), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(fd_close)
	int folder = open(store_folder(store, arena), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct sweeping sweeping = {.store = store, .work = work};
	each_entry(work, sweep_workplace, &sweeping);
	each_entry(folder, sweep_orphan, &sweeping);
}

const char *removal_begin(const struct backup_store *store, const char *id, struct arena *arena)
{
	const char *folder = path_join(arena, work_folder(store, arena), id);
	return mkdir(folder, 0700) == 0 ? folder : NULL;
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

static enum status make_and_lock(struct place *place, struct error *error)
{
	const char *folder = place->workplace.folder;
	if (mkdir(folder, 0700) != 0) {
		place->workplace.folder = NULL; /* whatever is there is not ours to remove */
		return fail("create the folder", folder, error);
	}
	const char *lock = path_join(&place->arena, folder, LOCK_NAME);
	place->lock_fd = open(lock, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (place->lock_fd < 0 || flock(place->lock_fd, LOCK_EX | LOCK_NB) != 0)
		return fail("lock", lock, error);
	return STATUS_OK;
}

/* A folder that was made now must survive a lost machine with what is put into it. */
static enum status make_folders(const struct backup_store *store, struct arena *arena,
				struct error *error)
{
	const char *folder = store_folder(store, arena);
	const char *work = work_folder(store, arena);
	bool there = file_exists(folder);
	enum status status = there ? STATUS_OK : folder_create(folder, 0700, error);
	if (!status && !file_exists(work))
		status = folder_create(work, 0700, error);
	if (!status && !there)
		status = folder_sync(store->dir, error);
	if (!status && !there)
		status = folder_sync(path_folder(arena, store->dir), error);
	if (status) {
		error_prefix(error, "[backup] dir cannot be written");
		backup_hint_elsewhere(error);
	}
	return status;
}

enum status place_open(const struct backup_store *store, const char *id, struct place *ret,
		       struct error *error)
{
	CLEANUP(fd_close) int guard = -1;
	struct place place = {.lock_fd = -1};
	enum status status = make_folders(store, &place.arena, error);
	if (!status)
		status = guard_take(store, &guard, error);
	if (!status) {
		sweep(store, &place.arena);
		place.workplace.id = server_word(&place.arena, id);
		place.workplace.folder = path_join(&place.arena, work_folder(store, &place.arena), id);
		status = make_and_lock(&place, error);
	}
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
			remove_entries(folder, 0);
		(void)rmdir(path);
	}
	fd_close(&place->lock_fd);
	arena_free(&place->arena);
	*place = (struct place){.lock_fd = -1};
}
