/* store.c - one cache's open handle: the only file that calls a cache's slots. Which
 * store is asked when is the cache room's. */
#include "plugin/private.h"

#include <string.h>

#define LOCATION_CAP ((size_t)4 << 10)
#define VALUE_CAP (TEXT_CAP / 2)

struct store {
	struct caller caller;
	struct arena arena;
	const struct cache_plugin *plugin;
	struct elq_cache_store *handle;
	int64_t timeout_us;
};

static enum status enter(struct store *store, struct elq_call *ret, struct error *error)
{
	store->caller.deadline_ns =
		store->timeout_us > 0 ? clock_monotonic_ns() + store->timeout_us * 1000 : 0;
	return call_enter(&store->caller, false, ret, error);
}

static enum status open_handle(struct store *store, const struct elq_setting *settings, size_t count,
			       const char *prefix, struct error *error)
{
	struct elq_call call;
	const struct elq_str text = {prefix, strlen(prefix)};
	enum status status = enter(store, &call, error);
	if (status != STATUS_OK)
		return status;
	int32_t code = store->plugin->ops.open(&call, settings, count, &text, &store->handle);
	status = call_leave(&store->caller, code, "open", error);
	if (status != STATUS_OK)
		store->handle = NULL;
	else if (store->handle == NULL)
		return call_broken(&store->caller, "open", "it succeeded without a handle", error);
	return status;
}

enum status store_open(struct observer *observer, const struct project *project, const char *owner,
		       const struct settings *given, const struct cache_plugin *plugin,
		       const char *prefix, struct store **ret, struct error *error)
{
	/* Freed as soon as the plugin has them: secrets are among them. */
	CLEANUP(arena_free) struct arena arena = {0};
	struct elq_setting *settings;
	size_t count;
	enum status status = settings_resolve(observer, project, owner, given, &plugin->plugin, &arena,
					      &settings, &count, error);
	if (status != STATUS_OK)
		return status;
	struct store *store = mem_alloc(sizeof(*store));
	store->plugin = plugin;
	caller_init(&store->caller, observer, &plugin->plugin, NULL);
	store->caller.opening = true;
	status = open_handle(store, settings, count, prefix, error);
	store->caller.opening = false;
	if (status != STATUS_OK) {
		store_close(store);
		return status;
	}
	*ret = store;
	return STATUS_OK;
}

void store_close(struct store *store)
{
	ERROR_CLEANUP struct error ignored = {0};
	struct elq_call call;
	if (store == NULL)
		return;
	if (store->handle != NULL && call_enter(&store->caller, true, &call, &ignored) == STATUS_OK) {
		store->plugin->ops.close(&call, store->handle);
		(void)!call_leave(&store->caller, ELQ_OK, "close", &ignored);
	}
	caller_done(&store->caller);
	arena_free(&store->arena);
	mem_free(store);
}

const struct cache_plugin *store_plugin(const struct store *store)
{
	return store->plugin;
}

void store_set_timeout(struct store *store, int64_t timeout_us)
{
	store->timeout_us = timeout_us;
}

struct value_reader {
	struct text value;
	unsigned count;
	const char *broken;
};

static void take_value(void *context, const void *data, uint64_t size)
{
	struct value_reader *reader = context;
	reader->count++;
	if (size > VALUE_CAP || (size > 0 && data == NULL))
		reader->broken = "its value is no value, or too large";
	else if (reader->count == 1)
		text_append(&reader->value, data, (size_t)size);
}

enum status store_get(struct store *store, struct elq_str key, struct text *ret, bool *ret_found,
		      struct error *error)
{
	struct elq_call call;
	struct value_reader reader = {0};
	enum status status = enter(store, &call, error);
	if (status != STATUS_OK)
		return status;
	int32_t code = store->plugin->ops.get(&call, store->handle, &key, &reader, take_value);
	bool found = code == ELQ_OK;
	status = call_leave(&store->caller, code == ELQ_ERR_NOT_FOUND ? ELQ_OK : code, "get", error);
	if (status == STATUS_OK && reader.broken == NULL && reader.count != (found ? 1u : 0u))
		reader.broken = found ? "it gave no value, or several" : "it gave what it did not find";
	if (status == STATUS_OK && reader.broken != NULL)
		status = call_broken(&store->caller, "get", reader.broken, error);
	if (status == STATUS_OK) {
		text_append(ret, reader.value.data, reader.value.size);
		*ret_found = found;
	}
	text_free(&reader.value);
	return status;
}

enum status store_set(struct store *store, struct elq_str key, struct elq_str value, int64_t ttl_us,
		      struct error *error)
{
	struct elq_call call;
	enum status status = enter(store, &call, error);
	if (status != STATUS_OK)
		return status;
	int32_t code = store->plugin->ops.set(&call, store->handle, &key, &value, ttl_us);
	return call_leave(&store->caller, code, "set", error);
}

enum status store_remove(struct store *store, struct elq_str key, bool *ret_removed,
			 struct error *error)
{
	struct elq_call call;
	int64_t removed = 0;
	enum status status = enter(store, &call, error);
	if (status != STATUS_OK)
		return status;
	int32_t code = store->plugin->ops.remove(&call, store->handle, &key, &removed);
	status = call_leave(&store->caller, code, "remove", error);
	if (status == STATUS_OK && removed != 0 && removed != 1)
		return call_broken(&store->caller, "remove", "it removed neither 0 nor 1", error);
	if (status == STATUS_OK)
		*ret_removed = removed == 1;
	return status;
}

enum status store_clear(struct store *store, const char *prefix, int64_t *ret_removed,
			struct error *error)
{
	struct elq_call call;
	const struct elq_str text = {prefix, strlen(prefix)};
	int64_t removed = 0;
	enum status status = enter(store, &call, error);
	if (status != STATUS_OK)
		return status;
	int32_t code = store->plugin->ops.clear(&call, store->handle, &text, &removed);
	status = call_leave(&store->caller, code, "clear", error);
	if (status == STATUS_OK && removed < 0)
		return call_broken(&store->caller, "clear", "it removed fewer than none", error);
	if (status == STATUS_OK)
		*ret_removed = removed;
	return status;
}

static const char *own_text(struct store *store, struct elq_str text)
{
	TEXT_CLEANUP struct text clean = {0};
	TEXT_CLEANUP struct text masked = {0};
	foreign_text(&clean, text, LOCATION_CAP);
	if (clean.size > 0)
		redact(store->caller.observer, clean.data, clean.size, &masked);
	return arena_text(&store->arena, text_string(&masked));
}

enum status store_get_stats(struct store *store, struct store_stats *ret, struct error *error)
{
	struct elq_call call;
	struct elq_cache_stats said = {.struct_size = sizeof(said),
				       .entries = -1,
				       .bytes = -1,
				       .hits = -1,
				       .misses = -1,
				       .evictions = -1,
				       .errors = -1};
	enum status status = enter(store, &call, error);
	if (status != STATUS_OK)
		return status;
	int32_t code = store->plugin->ops.stats(&call, store->handle, &said);
	status = call_leave(&store->caller, code, "stats", error);
	if (status != STATUS_OK)
		return status;
	*ret = (struct store_stats){
		.flags = said.flags,
		.entries = said.entries,
		.bytes = said.bytes,
		.hits = said.hits,
		.misses = said.misses,
		.evictions = said.evictions,
		.errors = said.errors,
		.location = own_text(store, said.location),
	};
	return STATUS_OK;
}
