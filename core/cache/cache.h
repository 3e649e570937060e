/* cache.h - the cache of one environment: a chain of stores, tried in order.
 *
 * The first store that is up is the active one: it answers reads and takes
 * writes. A write goes to all others too, as a removal, so that none keeps what
 * is no longer true. A store that fails is down: the next one takes over.
 *
 * What a store missed while it was down is what the generation is for, a number
 * that each store keeps for the prefix. Who writes while a store is down raises it
 * in those that are up; a store that is behind another has missed something, and
 * is emptied and raised before it is used again, by whoever meets it first. So a
 * store may come back in another process, or another day.
 *
 * Nothing here knows what a store is. One thread at a time per cache. */
#ifndef CACHE_CACHE_H
#define CACHE_CACHE_H

#include "base/base.h"
#include "config/config.h"
#include "observe/observe.h"
#include "plugin/plugin.h"

/* Bytes of a key, without the prefix. */
#define CACHE_KEY_CAP 380u
/* Bytes of a value. */
#define CACHE_VALUE_CAP ((size_t)1 << 20)

struct cache;

/* Loads the plugins of the project's chain. A store whose plugin is missing or refused,
 * or whose settings are wrong, ends it with that error (exit 2); of the default chain, stores
 * without settings whose plugins are missing are left out while one remains. One that cannot be opened
 * is down, and tried again. project outlives the cache. */
enum status cache_open(struct observer *observer, const struct project *project, struct cache **ret,
		       struct error *error) MUST_CHECK;
void cache_close(struct cache *cache);

size_t cache_store_count(const struct cache *cache);
const char *cache_store_name(const struct cache *cache, size_t index);
/* STATUS_UNKNOWN_NAME lists the chain's stores. */
enum status cache_find_store(const struct cache *cache, const char *name, size_t *ret,
			     struct error *error) MUST_CHECK;

/* ---- using it ------------------------------------------------------------------------
 * STATUS_INTERNAL: no key (1 to CACHE_KEY_CAP bytes, none of them 0, the first not 1), or
 * a value above its cap.
 * STATUS_FAILED: every store is down; the message names each with its reason. */

/* Appends the value to *ret. */
enum status cache_get(struct cache *cache, const char *key, struct text *ret, bool *ret_found,
		      struct error *error) MUST_CHECK;
/* ttl_us 0: no end. */
enum status cache_set(struct cache *cache, const char *key, const char *value, size_t size,
		      int64_t ttl_us, struct error *error) MUST_CHECK;
/* *ret_removed: did any store have it? */
enum status cache_remove(struct cache *cache, const char *key, bool *ret_removed,
			 struct error *error) MUST_CHECK;

/* ---- looking at it, emptying it -------------------------------------------------------- */

/* What became of one store. Strings live as long as the cache. */
struct cache_report {
	const char *name;
	enum status status;  /* of this store's work */
	const char *message; /* why it failed, or NULL */
	const char *hint;    /* or NULL */
	/* stats */
	bool active; /* it answers reads now */
	bool behind; /* it missed writes, and is emptied before it is used again */
	struct store_stats stats;
	/* clear */
	int64_t removed;
};

/* Asks every store, and writes nothing. `only` narrows to one store, or NULL. Reports are
 * cache_store_count() long; those of other stores have no name. */
void cache_stats(struct cache *cache, const size_t *only, struct cache_report *reports);

/* How many entries and bytes each store holds under `prefix` (behind ours), in the reports'
 * stats; writes nothing. */
void cache_count(struct cache *cache, const char *prefix, const size_t *only,
		 struct cache_report *reports);

/* Removes our keys that begin with `prefix` (behind ours; "" all of them) from every store,
 * or one. A store that cannot be emptied stands in its report; the answer is then
 * STATUS_FAILED, and what the others had is gone. */
enum status cache_clear(struct cache *cache, const char *prefix, const size_t *only,
			struct cache_report *reports, struct error *error) MUST_CHECK;

#endif
