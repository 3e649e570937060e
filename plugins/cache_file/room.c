/* room.c - what has to go: entries whose time is over, and, when the folder is full,
 * others. LMDB gives no age, so which of the living go is left to chance. */
#include "cache_file/internal.h"

#include <string.h>

#define SWEEP 8
#define BATCH 4096 /* entries per transaction: each makes pages of its own */

/* ---- a few at each write ------------------------------------------------------------------ */

int room_sweep(const struct elq_call *call, struct elq_cache_store *store, MDB_txn *txn)
{
	MDB_cursor *cursor;
	MDB_val value, key = {store->sweep_size, store->sweep};
	if (store->sweep_size == 0)
		key = (MDB_val){store->prefix_size, store->prefix};
	int rc = mdb_cursor_open(txn, store->shelf->tree, &cursor);
	if (rc != 0)
		return rc;
	rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
	for (int i = 0; i < SWEEP && rc == 0 && entry_ours(store, &key); i++) {
		if (entry_ended(call, &value))
			rc = mdb_cursor_del(cursor, 0);
		if (rc == 0)
			rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
	}
	store->sweep_size = 0;
	if (rc == 0 && entry_ours(store, &key) && key.mv_size <= KEY_CAP) {
		memcpy(store->sweep, key.mv_data, key.mv_size);
		store->sweep_size = key.mv_size;
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* ---- when it is full ----------------------------------------------------------------------- */

/* One round: from a key on, up to BATCH entries, one transaction. */
struct round {
	unsigned char from[KEY_CAP];
	size_t from_size;
	bool living;     /* take the living of this prefix too */
	uint64_t wanted; /* bytes still to go; the round ends with 0 */
	uint64_t evicted;
	bool done; /* the end of the tree was reached */
};

static bool may_go(const struct elq_call *call, const struct elq_cache_store *store,
		   const struct round *round, const MDB_val *key, const MDB_val *value)
{
	if (entry_ended(call, value))
		return true;
	return round->living && entry_counts(store, key);
}

static int pass(const struct elq_call *call, struct elq_cache_store *store, MDB_txn *txn,
		struct round *round)
{
	MDB_cursor *cursor;
	MDB_val value, key = {round->from_size, round->from};
	int removed = 0;
	int rc = mdb_cursor_open(txn, store->shelf->tree, &cursor);
	if (rc != 0)
		return rc;
	rc = mdb_cursor_get(cursor, &key, &value, round->from_size > 0 ? MDB_SET_RANGE : MDB_FIRST);
	while (rc == 0 && removed < BATCH && round->wanted > 0) {
		if (may_go(call, store, round, &key, &value)) {
			uint64_t size = key.mv_size + value.mv_size;
			round->evicted += !entry_ended(call, &value);
			round->wanted -= size < round->wanted ? size : round->wanted;
			rc = mdb_cursor_del(cursor, 0);
			removed++;
		}
		if (rc == 0)
			rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
	}
	if (rc == 0 && key.mv_size <= KEY_CAP) {
		memcpy(round->from, key.mv_data, key.mv_size);
		round->from_size = key.mv_size;
	}
	mdb_cursor_close(cursor);
	round->done = rc == MDB_NOTFOUND;
	return round->done ? 0 : rc;
}

static int32_t rounds(const struct elq_call *call, struct elq_cache_store *store, struct round *round)
{
	while (round->wanted > 0 && !round->done) {
		MDB_txn *txn;
		int32_t code = shelf_write(call, store, &txn);
		if (code != ELQ_OK)
			return code;
		round->evicted = 0;
		int rc = pass(call, store, txn, round);
		if (rc != 0) {
			shelf_abort(store, txn);
			return fail_lmdb(call, store, rc, "written");
		}
		code = shelf_commit(call, store, txn);
		if (code != ELQ_OK)
			return code;
		struct counters *counters = counters_of(call, store, true);
		if (counters != NULL)
			atomic_fetch_add(&counters->evictions, round->evicted);
		if (call->host->cancelled(call))
			return ELQ_ERR_CANCELLED;
	}
	return ELQ_OK;
}

/* Somewhere among this prefix's keys, another place each time. */
static void begin_anywhere(const struct elq_call *call, const struct elq_cache_store *store,
			   struct round *round)
{
	uint64_t mix = (uint64_t)call->host->now_ns(call) * UINT64_C(0x9e3779b97f4a7c15);
	memcpy(round->from, store->prefix, store->prefix_size);
	round->from[store->prefix_size] = (unsigned char)(0x21 + (mix >> 56) % 0x5e);
	round->from_size = store->prefix_size + 1;
}

static int32_t measure(const struct elq_call *call, struct elq_cache_store *store, uint64_t *ret_used)
{
	MDB_txn *txn;
	int32_t code = shelf_read(call, store, &txn);
	if (code != ELQ_OK)
		return code;
	int rc = shelf_used(store->shelf, txn, ret_used);
	mdb_txn_abort(txn);
	return rc == 0 ? ELQ_OK : fail_lmdb(call, store, rc, "read");
}

int32_t room_make(const struct elq_call *call, struct elq_cache_store *store, uint64_t size)
{
	uint64_t used, limit = store->max_size;
	int32_t code = measure(call, store, &used);
	if (code != ELQ_OK || used + size <= limit)
		return code;
	const uint64_t wanted = used + size - limit + limit / 10;
	struct round round = {.wanted = wanted};
	code = rounds(call, store, &round);
	if (code == ELQ_OK && round.wanted > 0) {
		round.living = true;
		round.done = false;
		begin_anywhere(call, store, &round);
		code = rounds(call, store, &round);
	}
	if (code == ELQ_OK && round.wanted > 0) {
		round.done = false;
		round.from_size = 0;
		code = rounds(call, store, &round);
	}
	if (code == ELQ_OK && round.wanted == wanted)
		return fail(call, ELQ_ERR_FAILED, "raise the store's max_size, or clear the cache",
			    "the cache in %s is full, and nothing in it is of this prefix", store->dir);
	return code;
}
