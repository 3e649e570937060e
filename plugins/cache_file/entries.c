/* entries.c - the entries of a prefix: read, written, removed, cleared, counted. */
#include "cache_file/internal.h"

#include <limits.h>
#include <string.h>

#define CLEAR_BATCH 8192 /* entries per transaction */

/* ---- what an entry is ----------------------------------------------------------------------- */

static bool starts(const MDB_val *key, const void *prefix, size_t size)
{
	return key->mv_size >= size && memcmp(key->mv_data, prefix, size) == 0;
}

bool entry_ours(const struct elq_cache_store *store, const MDB_val *key)
{
	return starts(key, store->prefix, store->prefix_size);
}

bool entry_counts(const struct elq_cache_store *store, const MDB_val *key)
{
	return entry_ours(store, key) && key->mv_size > store->prefix_size &&
	       ((const char *)key->mv_data)[store->prefix_size] != 1;
}

static uint32_t sum_of(const struct head *head, const void *data)
{
	uint32_t sum = UINT32_C(0x811c9dc5) ^ (uint32_t)head->until ^ (uint32_t)(head->until >> 32);
	for (uint32_t i = 0; i < head->size; i++) /* FNV-1a */
		sum = (sum ^ ((const unsigned char *)data)[i]) * UINT32_C(0x01000193);
	return sum ^ head->size;
}

/* false: it is not what was written. */
static bool read_head(const MDB_val *value, struct head *ret)
{
	if (value->mv_size < HEADER)
		return false;
	memcpy(ret, value->mv_data, HEADER);
	return ret->until >= 0 && ret->size == value->mv_size - HEADER;
}

bool entry_ended(const struct elq_call *call, const MDB_val *value)
{
	struct head head;
	return !read_head(value, &head) || (head.until != 0 && head.until <= call->host->wall_us(call));
}

static int32_t check_key(const struct elq_call *call, const struct elq_cache_store *store,
			 const struct elq_str *key, MDB_val *ret)
{
	*ret = (MDB_val){(size_t)key->size, (void *)key->data};
	if (key->size > KEY_CAP || key->size <= store->prefix_size || !entry_ours(store, ret))
		return fail(call, ELQ_ERR_INVALID, NULL,
			    "a key of the cache begins with its prefix and has at most %u bytes",
			    KEY_CAP);
	return ELQ_OK;
}

static void count(const struct elq_call *call, struct elq_cache_store *store, const MDB_val *key,
		  bool hit)
{
	struct counters *counters = entry_counts(store, key) ? counters_of(call, store, true) : NULL;
	if (counters != NULL)
		atomic_fetch_add(hit ? &counters->hits : &counters->misses, 1);
}

/* ---- reading -------------------------------------------------------------------------------- */

static int32_t get(const struct elq_call *call, struct elq_cache_store *store, MDB_val *key,
		   void *context, void (*value)(void *context, const void *data, uint64_t size))
{
	MDB_txn *txn;
	MDB_val found;
	struct head head;
	int32_t code = shelf_read(call, store, &txn);
	if (code != ELQ_OK)
		return code;
	int rc = mdb_get(txn, store->shelf->tree, key, &found);
	const char *data = rc == 0 ? (const char *)found.mv_data + HEADER : NULL;
	if (rc == 0 && (!read_head(&found, &head) || head.sum != sum_of(&head, data)))
		rc = MDB_CORRUPTED;
	if (rc == 0 && entry_ended(call, &found))
		rc = MDB_NOTFOUND;
	if (rc == 0)
		value(context, data, head.size);
	mdb_txn_abort(txn);
	if (rc != 0 && rc != MDB_NOTFOUND)
		return fail_lmdb(call, store, rc, "read");
	return rc == 0 ? ELQ_OK : ELQ_ERR_NOT_FOUND;
}

int32_t entries_get(const struct elq_call *call, struct elq_cache_store *store,
		    const struct elq_str *key, void *context,
		    void (*value)(void *context, const void *data, uint64_t size))
{
	MDB_val name;
	struct shelf *shelf;
	int32_t code = check_key(call, store, key, &name);
	if (code == ELQ_OK)
		code = shelf_enter(call, store, false, &shelf);
	if (code != ELQ_OK)
		return code;
	code = shelf != NULL ? get(call, store, &name, context, value) : ELQ_ERR_NOT_FOUND;
	if (code == ELQ_OK || code == ELQ_ERR_NOT_FOUND)
		count(call, store, &name, code == ELQ_OK);
	shelf_leave(shelf);
	return code;
}

static int tally(const struct elq_call *call, struct elq_cache_store *store, MDB_txn *txn,
		 struct elq_cache_stats *ret)
{
	MDB_cursor *cursor;
	MDB_val value, key = {store->prefix_size, store->prefix};
	int rc = mdb_cursor_open(txn, store->shelf->tree, &cursor);
	if (rc != 0)
		return rc;
	rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
	for (; rc == 0 && entry_ours(store, &key);
	     rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
		if (!entry_counts(store, &key) || entry_ended(call, &value))
			continue;
		ret->entries++;
		ret->bytes += (int64_t)(key.mv_size + value.mv_size - HEADER);
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* The counters begin with the folder. */
static void add_counters(const struct elq_call *call, struct elq_cache_store *store,
			 struct elq_cache_stats *ret)
{
	const struct counters *counters = counters_of(call, store, false);
	int64_t none = store->counters_broken ? -1 : 0;
	ret->hits = counters != NULL ? (int64_t)atomic_load(&counters->hits) : none;
	ret->misses = counters != NULL ? (int64_t)atomic_load(&counters->misses) : none;
	ret->evictions = counters != NULL ? (int64_t)atomic_load(&counters->evictions) : none;
	ret->errors = counters != NULL ? (int64_t)atomic_load(&counters->errors) : none;
}

int32_t entries_stats(const struct elq_call *call, struct elq_cache_store *store,
		      struct elq_cache_stats *ret)
{
	struct shelf *shelf;
	MDB_txn *txn;
	int rc = 0;
	int32_t code = shelf_enter(call, store, false, &shelf);
	if (code != ELQ_OK)
		return code;
	ret->flags = ELQ_CACHE_SHARED | ELQ_CACHE_PERSISTENT;
	ret->entries = ret->bytes = 0;
	ret->location = (struct elq_str){store->dir, strlen(store->dir)};
	if (shelf != NULL) {
		code = shelf_read(call, store, &txn);
		if (code == ELQ_OK) {
			rc = tally(call, store, txn, ret);
			mdb_txn_abort(txn);
		}
		if (rc != 0)
			code = fail_lmdb(call, store, rc, "read");
	}
	add_counters(call, store, ret);
	shelf_leave(shelf);
	return code;
}

/* ---- writing --------------------------------------------------------------------------------- */

static int put(const struct elq_call *call, struct elq_cache_store *store, MDB_txn *txn, MDB_val *key,
	       const struct elq_str *value, int64_t until)
{
	MDB_val room = {HEADER + (size_t)value->size, NULL};
	int rc = mdb_put(txn, store->shelf->tree, key, &room, MDB_RESERVE);
	if (rc != 0)
		return rc;
	struct head head = {.until = until, .size = (uint32_t)value->size};
	head.sum = sum_of(&head, value->data);
	memcpy(room.mv_data, &head, HEADER);
	if (value->size > 0)
		memcpy((char *)room.mv_data + HEADER, value->data, (size_t)value->size);
	return room_sweep(call, store, txn);
}

/* Free pages may lie too far apart for a large value: then more has to go, once. */
static int32_t set(const struct elq_call *call, struct elq_cache_store *store, MDB_val *key,
		   const struct elq_str *value, int64_t until)
{
	uint64_t size = key->mv_size + value->size + HEADER;
	for (int tries = 0;; tries++) {
		MDB_txn *txn;
		int32_t code = room_make(call, store, size);
		if (code == ELQ_OK)
			code = shelf_write(call, store, &txn);
		if (code != ELQ_OK)
			return code;
		int rc = put(call, store, txn, key, value, until);
		if (rc == 0)
			return shelf_commit(call, store, txn);
		shelf_abort(store, txn);
		if (rc != MDB_MAP_FULL || tries > 0)
			return fail_lmdb(call, store, rc, "written");
		size = store->max_size / 4 + size;
	}
}

int32_t entries_set(const struct elq_call *call, struct elq_cache_store *store,
		    const struct elq_str *key, const struct elq_str *value, int64_t ttl_us)
{
	MDB_val name;
	struct shelf *shelf;
	int64_t now = call->host->wall_us(call), until = 0;
	int32_t code = check_key(call, store, key, &name);
	if (code != ELQ_OK)
		return code;
	if (ttl_us < 0 || value->size > store->max_size / 4 || value->size > UINT32_MAX / 2)
		return fail(call, ELQ_ERR_INVALID, NULL,
			    "a value of the cache has at most a quarter of max_size, and no time "
			    "before now");
	if (ttl_us > 0)
		until = ttl_us < INT64_MAX - now ? now + ttl_us : INT64_MAX;
	code = shelf_enter(call, store, true, &shelf);
	if (code != ELQ_OK)
		return code;
	code = set(call, store, &name, value, until);
	shelf_leave(shelf);
	return code;
}

/* Removes one key inside a transaction; *ret_removed: was it an entry that had not ended? */
static int take_out(const struct elq_call *call, struct elq_cache_store *store, MDB_txn *txn,
		    MDB_val *key, int64_t *ret_removed)
{
	MDB_val found;
	int rc = mdb_get(txn, store->shelf->tree, key, &found);
	if (rc != 0)
		return rc;
	int64_t living = !entry_ended(call, &found);
	rc = mdb_del(txn, store->shelf->tree, key, NULL);
	if (rc == 0)
		*ret_removed = living;
	return rc;
}

/* Most invalidations find nothing, and cost no write. */
static int32_t is_there(const struct elq_call *call, struct elq_cache_store *store, MDB_val *key,
			bool *ret)
{
	MDB_txn *txn;
	MDB_val found;
	int32_t code = shelf_read(call, store, &txn);
	if (code != ELQ_OK)
		return code;
	int rc = mdb_get(txn, store->shelf->tree, key, &found);
	mdb_txn_abort(txn);
	*ret = rc == 0;
	return rc == 0 || rc == MDB_NOTFOUND ? ELQ_OK : fail_lmdb(call, store, rc, "read");
}

int32_t entries_remove(const struct elq_call *call, struct elq_cache_store *store,
		       const struct elq_str *key, int64_t *ret_removed)
{
	MDB_val name;
	MDB_txn *txn;
	struct shelf *shelf;
	bool there = false;
	int64_t removed = 0;
	int32_t code = check_key(call, store, key, &name);
	if (code == ELQ_OK)
		code = shelf_enter(call, store, false, &shelf);
	if (code != ELQ_OK)
		return code;
	if (shelf != NULL)
		code = is_there(call, store, &name, &there);
	if (code == ELQ_OK && there)
		code = shelf_write(call, store, &txn);
	if (code == ELQ_OK && there) {
		int rc = take_out(call, store, txn, &name, &removed);
		if (rc == 0 || rc == MDB_NOTFOUND) {
			code = shelf_commit(call, store, txn);
		} else {
			shelf_abort(store, txn);
			code = fail_lmdb(call, store, rc, "written");
		}
	}
	shelf_leave(shelf);
	if (code == ELQ_OK)
		*ret_removed = removed;
	return code;
}

/* ---- clearing -------------------------------------------------------------------------------- */

static int clear_some(const struct elq_call *call, struct elq_cache_store *store, MDB_txn *txn,
		      const struct elq_str *prefix, int64_t *removed, bool *ret_done)
{
	MDB_cursor *cursor;
	MDB_val value, key = {(size_t)prefix->size, (void *)prefix->data};
	int gone = 0;
	int rc = mdb_cursor_open(txn, store->shelf->tree, &cursor);
	if (rc != 0)
		return rc;
	rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
	while (rc == 0 && gone < CLEAR_BATCH && starts(&key, prefix->data, (size_t)prefix->size)) {
		*removed += entry_counts(store, &key) && !entry_ended(call, &value);
		gone++;
		rc = mdb_cursor_del(cursor, 0);
		if (rc == 0)
			rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	*ret_done = gone < CLEAR_BATCH;
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int32_t clear(const struct elq_call *call, struct elq_cache_store *store,
		     const struct elq_str *prefix, int64_t *removed)
{
	for (bool done = false; !done;) {
		MDB_txn *txn;
		int64_t before = *removed;
		if (call->host->cancelled(call))
			return ELQ_ERR_CANCELLED;
		int32_t code = shelf_write(call, store, &txn);
		if (code != ELQ_OK)
			return code;
		int rc = clear_some(call, store, txn, prefix, removed, &done);
		if (rc != 0) {
			*removed = before;
			shelf_abort(store, txn);
			return fail_lmdb(call, store, rc, "written");
		}
		code = shelf_commit(call, store, txn);
		if (code != ELQ_OK)
			return code;
	}
	return ELQ_OK;
}

int32_t entries_clear(const struct elq_call *call, struct elq_cache_store *store,
		      const struct elq_str *prefix, int64_t *ret_removed)
{
	struct shelf *shelf;
	int64_t removed = 0;
	const MDB_val name = {(size_t)prefix->size, (void *)prefix->data};
	if (prefix->size > KEY_CAP || !entry_ours(store, &name))
		return fail(call, ELQ_ERR_INVALID, NULL,
			    "only keys that begin with the cache's own prefix can be cleared");
	int32_t code = shelf_enter(call, store, false, &shelf);
	if (code == ELQ_OK && shelf != NULL)
		code = clear(call, store, prefix, &removed);
	shelf_leave(shelf);
	if (code == ELQ_OK)
		*ret_removed = removed;
	return code;
}
