/* internal.h - the file store's inside: a shelf is one folder with LMDB's files in
 * it, opened once per process; a handle is one prefix on a shelf.
 *
 *   <dir>/data.mdb, lock.mdb     LMDB's; all prefixes share one tree of keys
 *   <dir>/writer                 locked by who writes: LMDB's own lock cannot be waited
 *                                for with a deadline
 *   <dir>/counters.<hash>        a prefix's counters, mapped by all processes
 *
 * A value in the tree: a head (struct head, in this machine's byte order), then the
 * bytes. LMDB has no checksums, so the head has one.
 *
 * Reading creates nothing: without a folder, or without data.mdb in it, a store is
 * empty. */
#ifndef CACHE_FILE_INTERNAL_H
#define CACHE_FILE_INTERNAL_H

#include <eloquent/cache.h>
#include <eloquent/plugin.h>

#include <lmdb.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#define KEY_CAP 511u
#define SIZE_MIN (UINT64_C(4) << 20)
#define SIZE_MAX_ (UINT64_C(1) << 42)

struct head {
	int64_t until; /* microseconds since 1970; 0: it never ends */
	uint32_t size; /* of the bytes behind */
	uint32_t sum;  /* over all of it */
};
#define HEADER sizeof(struct head)

/* ---- shelf.c ---------------------------------------------------------------------------- */

struct shelf {
	struct shelf *next;
	unsigned users;
	pthread_mutex_t lock; /* one slot at a time on a shelf */
	char *dir;
	dev_t device; /* of data.mdb */
	ino_t inode;
	MDB_env *env;
	MDB_dbi tree;
	int writer;
	uint64_t max_size;
	uint64_t page_size;
};

struct counters {
	_Atomic uint64_t hits;
	_Atomic uint64_t misses;
	_Atomic uint64_t evictions;
	_Atomic uint64_t errors;
};

struct elq_cache_store {
	char *dir;
	char *prefix;
	size_t prefix_size;
	uint64_t max_size;
	struct shelf *shelf;       /* NULL: not opened yet */
	struct counters *counters; /* NULL: not mapped */
	void *mapping;
	bool counters_broken;         /* said already */
	unsigned char sweep[KEY_CAP]; /* where the search for what has ended goes on */
	size_t sweep_size;
};

/* Opens the store's shelf, or keeps it if it is still the folder's. `create`: makes folder
 * and files; without it *ret is NULL when there are none. Locked on success. */
int32_t shelf_enter(const struct elq_call *call, struct elq_cache_store *store, bool create,
		    struct shelf **ret);
void shelf_leave(struct shelf *shelf); /* NULL is accepted */
void shelf_drop(struct elq_cache_store *store);

/* A transaction on an entered shelf. Writing waits for its turn until the call's deadline
 * or cancellation. ELQ_OK, or an error that is set. */
int32_t shelf_read(const struct elq_call *call, struct elq_cache_store *store, MDB_txn **ret);
int32_t shelf_write(const struct elq_call *call, struct elq_cache_store *store, MDB_txn **ret);
int32_t shelf_commit(const struct elq_call *call, struct elq_cache_store *store, MDB_txn *txn);
void shelf_abort(struct elq_cache_store *store, MDB_txn *txn);
/* Bytes of pages that hold something. */
int shelf_used(const struct shelf *shelf, MDB_txn *txn, uint64_t *ret);

/* ---- check.c ------------------------------------------------------------------------------ */

/* Before LMDB opens the file: are its first two pages such that it can be opened? */
int check_metas(int fd);
/* Looks at every page that the transaction can reach: 0, MDB_CORRUPTED, or why the file
 * cannot be read. EAGAIN: others have written twice since the transaction began, so try with
 * a new one. Time grows with the file. */
int check_tree(const struct shelf *shelf, MDB_txn *txn);

/* ---- folder.c --------------------------------------------------------------------------- */

/* The store's folder: ours, and writable by nobody else. *ret_fd is -1 when it is not there
 * and was not to be created. */
int32_t folder_open(const struct elq_call *call, struct elq_cache_store *store, bool create,
		    int *ret_fd);

/* ---- counters.c ------------------------------------------------------------------------- */

/* Maps the prefix's counters; NULL when they are not there (and not to be created) or
 * cannot be used, which is said once and fails nothing. */
struct counters *counters_of(const struct elq_call *call, struct elq_cache_store *store, bool create);
void counters_drop(struct elq_cache_store *store);

/* ---- room.c ----------------------------------------------------------------------------- */

/* Makes room for `size` bytes more, when the shelf is full: what has ended goes first, then
 * entries of this prefix. */
int32_t room_make(const struct elq_call *call, struct elq_cache_store *store, uint64_t size);
/* Inside a write: looks at a few entries further, and removes what has ended. */
int room_sweep(const struct elq_call *call, struct elq_cache_store *store, MDB_txn *txn);

/* ---- entries.c --------------------------------------------------------------------------- */

/* Is it an entry of this prefix, as counts mean it? The host's own keys are none. */
bool entry_counts(const struct elq_cache_store *store, const MDB_val *key);
bool entry_ours(const struct elq_cache_store *store, const MDB_val *key);
/* Is its time over? What has no sound head is over too. */
bool entry_ended(const struct elq_call *call, const MDB_val *value);

int32_t entries_get(const struct elq_call *call, struct elq_cache_store *store,
		    const struct elq_str *key, void *context,
		    void (*value)(void *context, const void *data, uint64_t size));
int32_t entries_set(const struct elq_call *call, struct elq_cache_store *store,
		    const struct elq_str *key, const struct elq_str *value, int64_t ttl_us);
int32_t entries_remove(const struct elq_call *call, struct elq_cache_store *store,
		       const struct elq_str *key, int64_t *ret_removed);
int32_t entries_clear(const struct elq_call *call, struct elq_cache_store *store,
		      const struct elq_str *prefix, int64_t *ret_removed);
int32_t entries_stats(const struct elq_call *call, struct elq_cache_store *store,
		      struct elq_cache_stats *ret);

/* ---- failure.c ---------------------------------------------------------------------------- */

__attribute__((format(printf, 4, 5))) int32_t fail(const struct elq_call *call, int32_t code,
						   const char *hint, const char *format, ...);
/* LMDB's or the system's answer, as a sentence about `what` ("read", "written"). */
int32_t fail_lmdb(const struct elq_call *call, struct elq_cache_store *store, int rc, const char *what);
int32_t fail_memory(const struct elq_call *call);

#endif
