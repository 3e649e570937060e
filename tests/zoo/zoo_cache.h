/* zoo_cache.h - the table of zoo.c's caches. */
#ifndef ZOO_CACHE_H
#define ZOO_CACHE_H

#include <eloquent/cache.h>

#define ZOO_OPTIONAL_SLOT zoo_clear

static int32_t zoo_open(const struct elq_call *call, const struct elq_setting *settings,
			uint64_t setting_count, const struct elq_str *prefix,
			struct elq_cache_store **ret)
{
	(void)call;
	(void)settings;
	(void)setting_count;
	(void)prefix;
	(void)ret;
	return ELQ_ERR_CONNECT;
}

static void zoo_close(const struct elq_call *call, struct elq_cache_store *store)
{
	(void)call;
	(void)store;
}

static int32_t zoo_get(const struct elq_call *call, struct elq_cache_store *store,
		       const struct elq_str *key, void *context,
		       void (*value)(void *context, const void *data, uint64_t size))
{
	(void)call;
	(void)store;
	(void)key;
	(void)context;
	(void)value;
	return ELQ_ERR_NOT_FOUND;
}

static int32_t zoo_set(const struct elq_call *call, struct elq_cache_store *store,
		       const struct elq_str *key, const struct elq_str *value, int64_t ttl_us)
{
	(void)call;
	(void)store;
	(void)key;
	(void)value;
	(void)ttl_us;
	return ELQ_ERR_UNSUPPORTED;
}

/* remove() and clear() alike. */
static int32_t zoo_clear(const struct elq_call *call, struct elq_cache_store *store,
			 const struct elq_str *key, int64_t *ret_removed)
{
	(void)call;
	(void)store;
	(void)key;
	(void)ret_removed;
	return ELQ_ERR_UNSUPPORTED;
}

static int32_t zoo_stats(const struct elq_call *call, struct elq_cache_store *store,
			 struct elq_cache_stats *ret)
{
	(void)call;
	(void)store;
	(void)ret;
	return ELQ_ERR_UNSUPPORTED;
}

#define ZOO_TABLE struct elq_cache
#define ZOO_LAST_SLOT stats
#include "zoo_size.h"

static const struct newer_ops ops = {
	.known =
		{
			.struct_size = (uint32_t)ZOO_OPS_SIZE,
			.open = zoo_open,
			.close = zoo_close,
			.get = zoo_get,
			.set = zoo_set,
			.remove = zoo_clear,
#ifndef ZOO_MISSING_SLOT
			.clear = zoo_clear,
#endif
			.stats = zoo_stats,
		},
};

#endif
