/* shelf.c - LMDB's environment of a folder: opened once per process, because a second
 * open in the same process would drop the locks of the first; and its transactions. */
#include "cache_file/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define READERS 1024
#define WAIT_NS 2000000L
#define RESIZE_TRIES 3
#define CHECK_TRIES 20

static struct {
	pthread_mutex_t lock;
	struct shelf *first;
} shelves = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- one writer at a time -------------------------------------------------------------- */

static int32_t writer_wait(const struct elq_call *call, struct elq_cache_store *store)
{
	const struct timespec pause = {0, WAIT_NS};
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	while (fcntl(store->shelf->writer, F_OFD_SETLK, &lock) != 0) {
		if (errno != EAGAIN && errno != EACCES && errno != EINTR)
			return fail_lmdb(call, store, errno, "locked");
		if (call->host->cancelled(call))
			return ELQ_ERR_CANCELLED;
		if (call->deadline_ns != 0 && call->host->now_ns(call) >= call->deadline_ns)
			return fail(call, ELQ_ERR_TIMEOUT, "another process writes; try again",
				    "the cache in %s was written by another process for too long",
				    store->dir);
		nanosleep(&pause, NULL);
	}
	return ELQ_OK;
}

static void writer_done(const struct shelf *shelf)
{
	struct flock lock = {.l_type = F_UNLCK, .l_whence = SEEK_SET};
	(void)fcntl(shelf->writer, F_OFD_SETLK, &lock);
}

/* ---- opening ----------------------------------------------------------------------------- */

static void shelf_free(struct shelf *shelf)
{
	if (shelf->env != NULL)
		mdb_env_close(shelf->env);
	if (shelf->writer >= 0)
		close(shelf->writer);
	pthread_mutex_destroy(&shelf->lock);
	free(shelf->dir);
	free(shelf);
}

/* A quarter beside what may be held: removing needs pages too. */
static uint64_t map_size(uint64_t max_size)
{
	return (max_size + max_size / 4 + (UINT64_C(4) << 20)) & ~UINT64_C(0xffff);
}

static int open_tree(struct shelf *shelf)
{
	MDB_txn *txn;
	MDB_stat stat;
	int rc = mdb_txn_begin(shelf->env, NULL, MDB_RDONLY, &txn);
	if (rc != 0)
		return rc;
	rc = mdb_dbi_open(txn, NULL, 0, &shelf->tree);
	if (rc == 0)
		rc = mdb_stat(txn, shelf->tree, &stat);
	if (rc == 0) {
		shelf->page_size = stat.ms_psize;
		rc = check_tree(shelf, txn);
	}
	if (rc == 0)
		return mdb_txn_commit(txn);
	mdb_txn_abort(txn);
	return rc;
}

static int open_checked(struct shelf *shelf)
{
	int rc = EAGAIN;
	for (int i = 0; i < CHECK_TRIES && rc == EAGAIN; i++)
		rc = open_tree(shelf);
	return rc == EAGAIN ? MDB_CORRUPTED : rc;
}

static int open_env(struct shelf *shelf)
{
	int dead;
	int rc = mdb_env_create(&shelf->env);
	if (rc == 0)
		rc = mdb_env_set_mapsize(shelf->env, map_size(shelf->max_size));
	if (rc == 0)
		rc = mdb_env_set_maxreaders(shelf->env, READERS);
	if (rc == 0)
		rc = mdb_env_open(shelf->env, shelf->dir, MDB_NOTLS | MDB_NOMETASYNC, 0600);
	if (rc == 0) /* slots of killed readers would keep old pages for ever */
		rc = mdb_reader_check(shelf->env, &dead);
	return rc == 0 ? open_checked(shelf) : rc;
}

static int stat_data(int folder, struct stat *ret)
{
	return fstatat(folder, "data.mdb", ret, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : errno;
}

/* A file that is not there, or empty, is LMDB's to begin. */
static int check_file(int folder)
{
	struct stat info;
	int fd = openat(folder, "data.mdb", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? 0 : errno;
	int rc = fstat(fd, &info) != 0 ? errno : 0;
	if (rc == 0 && info.st_size > 0)
		rc = check_metas(fd);
	close(fd);
	return rc;
}

static int32_t open_new(const struct elq_call *call, struct elq_cache_store *store, int folder)
{
	struct stat data;
	struct shelf *shelf = calloc(1, sizeof(*shelf));
	if (shelf == NULL)
		return fail_memory(call);
	shelf->users = 1;
	shelf->max_size = store->max_size;
	shelf->dir = strdup(store->dir);
	pthread_mutex_init(&shelf->lock, NULL);
	shelf->writer = openat(folder, "writer", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int rc = shelf->writer < 0 ? errno : shelf->dir == NULL ? ENOMEM : check_file(folder);
	if (rc == 0)
		rc = open_env(shelf);
	if (rc == 0)
		rc = stat_data(folder, &data);
	if (rc != 0) {
		shelf_free(shelf);
		return fail_lmdb(call, store, rc, "opened");
	}
	shelf->device = data.st_dev;
	shelf->inode = data.st_ino;
	store->shelf = shelf;
	shelf->next = shelves.first;
	shelves.first = shelf;
	return ELQ_OK;
}

static struct shelf *find(const struct stat *data)
{
	for (struct shelf *shelf = shelves.first; shelf != NULL; shelf = shelf->next)
		if (shelf->device == data->st_dev && shelf->inode == data->st_ino)
			return shelf;
	return NULL;
}

static void drop_locked(struct elq_cache_store *store)
{
	struct shelf *shelf = store->shelf;
	store->shelf = NULL;
	if (shelf == NULL || --shelf->users > 0)
		return;
	for (struct shelf **at = &shelves.first; *at != NULL; at = &(*at)->next) {
		if (*at == shelf) {
			*at = shelf->next;
			break;
		}
	}
	shelf_free(shelf);
}

void shelf_drop(struct elq_cache_store *store)
{
	pthread_mutex_lock(&shelves.lock);
	drop_locked(store);
	pthread_mutex_unlock(&shelves.lock);
}

/* Somebody may have removed the folder, or made it anew. */
static int32_t enter_locked(const struct elq_call *call, struct elq_cache_store *store, bool create,
			    int folder)
{
	struct stat data;
	int rc = folder < 0 ? ENOENT : stat_data(folder, &data);
	if (store->shelf != NULL &&
	    (rc != 0 || data.st_dev != store->shelf->device || data.st_ino != store->shelf->inode)) {
		drop_locked(store);
		counters_drop(store);
	}
	if (store->shelf != NULL)
		return ELQ_OK;
	if (rc != 0 && rc != ENOENT)
		return fail_lmdb(call, store, rc, "opened");
	if (rc == ENOENT && !create)
		return ELQ_OK;
	store->shelf = rc == 0 ? find(&data) : NULL;
	if (store->shelf == NULL)
		return open_new(call, store, folder);
	store->shelf->users++;
	return ELQ_OK;
}

int32_t shelf_enter(const struct elq_call *call, struct elq_cache_store *store, bool create,
		    struct shelf **ret)
{
	int folder;
	*ret = NULL;
	int32_t code = folder_open(call, store, create, &folder);
	if (code != ELQ_OK)
		return code;
	pthread_mutex_lock(&shelves.lock);
	code = enter_locked(call, store, create, folder);
	pthread_mutex_unlock(&shelves.lock);
	if (folder >= 0)
		close(folder);
	if (code == ELQ_OK && store->shelf != NULL) {
		pthread_mutex_lock(&store->shelf->lock);
		*ret = store->shelf;
	}
	return code;
}

void shelf_leave(struct shelf *shelf)
{
	if (shelf != NULL)
		pthread_mutex_unlock(&shelf->lock);
}

/* ---- transactions -------------------------------------------------------------------------- */

/* Another process may hold more than this one's map covers, or dead readers all slots. */
static int begin(struct shelf *shelf, unsigned flags, MDB_txn **ret)
{
	int dead;
	int rc = mdb_txn_begin(shelf->env, NULL, flags, ret);
	for (int i = 0; i < RESIZE_TRIES && (rc == MDB_MAP_RESIZED || rc == MDB_READERS_FULL); i++) {
		if (rc == MDB_MAP_RESIZED)
			rc = mdb_env_set_mapsize(shelf->env, 0);
		else
			rc = mdb_reader_check(shelf->env, &dead);
		if (rc == 0)
			rc = mdb_txn_begin(shelf->env, NULL, flags, ret);
	}
	return rc;
}

int32_t shelf_read(const struct elq_call *call, struct elq_cache_store *store, MDB_txn **ret)
{
	int rc = begin(store->shelf, MDB_RDONLY, ret);
	return rc == 0 ? ELQ_OK : fail_lmdb(call, store, rc, "read");
}

int32_t shelf_write(const struct elq_call *call, struct elq_cache_store *store, MDB_txn **ret)
{
	int32_t code = writer_wait(call, store);
	if (code != ELQ_OK)
		return code;
	int rc = begin(store->shelf, 0, ret);
	if (rc == 0)
		return ELQ_OK;
	writer_done(store->shelf);
	return fail_lmdb(call, store, rc, "written");
}

int32_t shelf_commit(const struct elq_call *call, struct elq_cache_store *store, MDB_txn *txn)
{
	int rc = mdb_txn_commit(txn);
	writer_done(store->shelf);
	return rc == 0 ? ELQ_OK : fail_lmdb(call, store, rc, "written");
}

void shelf_abort(struct elq_cache_store *store, MDB_txn *txn)
{
	mdb_txn_abort(txn);
	writer_done(store->shelf);
}

/* LMDB's own list of free pages is its tree number 0: a count, then so many numbers. */
int shelf_used(const struct shelf *shelf, MDB_txn *txn, uint64_t *ret)
{
	MDB_envinfo info;
	MDB_cursor *cursor;
	MDB_val key, value;
	uint64_t unused = 0;
	int rc = mdb_env_info(shelf->env, &info);
	if (rc == 0)
		rc = mdb_cursor_open(txn, 0, &cursor);
	if (rc != 0)
		return rc;
	while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
		size_t count;
		if (value.mv_size < sizeof(count))
			break;
		memcpy(&count, value.mv_data, sizeof(count));
		unused += count;
	}
	mdb_cursor_close(cursor);
	if (rc != MDB_NOTFOUND)
		return rc == 0 ? MDB_CORRUPTED : rc;
	uint64_t pages = (uint64_t)info.me_last_pgno + 1;
	*ret = (pages > unused ? pages - unused : 0) * shelf->page_size;
	return 0;
}
