/* cache.h - the vtable of a cache store: bytes under keys, for a while. */
#ifndef ELOQUENT_CACHE_H
#define ELOQUENT_CACHE_H

#include <eloquent/driver.h>

#ifdef __cplusplus
extern "C" {
#endif

struct elq_cache_store; /* opaque, the plugin's */

#define ELQ_CACHE_SHARED 1u     /* other processes see what is written */
#define ELQ_CACHE_PERSISTENT 2u /* it outlives the process */

/* Of our prefix only; <0: not known. */
struct elq_cache_stats {
	uint32_t struct_size;
	uint32_t flags; /* ELQ_CACHE_* */
	int64_t entries;
	int64_t bytes; /* of keys and values */
	int64_t hits;  /* since the counters began, over all processes where PERSISTENT */
	int64_t misses;
	int64_t evictions;
	int64_t errors;
	struct elq_str location; /* for messages; holds no secret; lives until close */
};

/* Handles are serialized by the host; a store that several handles of one process
 * share locks itself. A key is 1 to 511 bytes, any but zero, and begins with the
 * handle's prefix, which ends in ':'. A key whose first byte behind the prefix is 1
 * is the host's own: it is read, written and cleared as any other, but is no entry,
 * no hit and no miss in the counts. */
struct elq_cache {
	uint32_t struct_size;
	uint32_t reserved;
	/* [conn] Settings as for a driver's open(), by the plugin's parameter table. prefix: what
	 * this handle's keys begin with; nothing else is ever touched.
	 * ELQ_ERR_CONNECT, ELQ_ERR_INVALID, ELQ_ERR_CORRUPT. */
	int32_t (*open)(const struct elq_call *call, const struct elq_setting *settings,
			uint64_t setting_count, const struct elq_str *prefix,
			struct elq_cache_store **ret);
	/* [conn] NULL is accepted. */
	void (*close)(const struct elq_call *call, struct elq_cache_store *store);
	/* [conn] Calls value->write once with the whole value. ELQ_ERR_NOT_FOUND: no such key, or
	 * its time is over; that counts as a miss. */
	int32_t (*get)(const struct elq_call *call, struct elq_cache_store *store,
		       const struct elq_str *key, void *context,
		       void (*value)(void *context, const void *data, uint64_t size));
	/* [conn] ttl_us 0: no end. */
	int32_t (*set)(const struct elq_call *call, struct elq_cache_store *store,
		       const struct elq_str *key, const struct elq_str *value, int64_t ttl_us);
	/* [conn] *ret_removed: 1 or 0. */
	int32_t (*remove)(const struct elq_call *call, struct elq_cache_store *store,
			  const struct elq_str *key, int64_t *ret_removed);
	/* [conn] Removes the keys that begin with `prefix`, which begins with the handle's own. */
	int32_t (*clear)(const struct elq_call *call, struct elq_cache_store *store,
			 const struct elq_str *prefix, int64_t *ret_removed);
	/* [conn] Counts nothing as a hit. */
	int32_t (*stats)(const struct elq_call *call, struct elq_cache_store *store,
			 struct elq_cache_stats *ret);
	/* [any] Further services by name, or NULL. May be absent. */
	const void *(*get_extension)(const char *name, uint64_t size);
};
ELQ_STATIC_ASSERT(offsetof(struct elq_cache, get_extension) == 64, "elq_cache layout");

#ifdef __cplusplus
}
#endif
#endif
