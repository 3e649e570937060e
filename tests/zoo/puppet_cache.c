/* puppet_cache.c - a whole cache, in memory, that does what a test tells it. What is
 * written lives as long as the process and is shared by all handles of one `name`.
 * The file `switch`, where it exists, holds a word that every slot obeys:
 *
 *   fail CODE      sets an error and returns CODE
 *   mute CODE      returns CODE and says nothing
 *   twice          get() gives its value twice
 *   silent         get() succeeds and gives no value
 *   lie            remove() and clear() count -1
 *   null           open() succeeds without a handle */
#include <eloquent/cache.h>
#include <eloquent/plugin.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "marker.h"

#define ENTRY_CAP 64
#define STR(text)                                                                                      \
	{                                                                                              \
		text, sizeof(text) - 1                                                                 \
	}

/* The memory of one name; prefixes share it as tenants of a server do. */
struct entry {
	char name[32];
	char key[600];
	char value[256];
	uint64_t key_size;
	uint64_t value_size;
	int64_t until_ns; /* 0: no end */
};
static struct entry entries[ENTRY_CAP]; /* key_size 0: free */

struct elq_cache_store {
	char name[32];
	char prefix[128];
	char control[512];
	int64_t hits;
	int64_t misses;
};

static int32_t obey(const struct elq_call *call, const struct elq_cache_store *store, char word[16])
{
	char line[64] = "";
	int code = 0;
	word[0] = '\0';
	FILE *file = store->control[0] != '\0' ? fopen(store->control, "re") : NULL;
	if (file == NULL)
		return ELQ_OK;
	if (fgets(line, sizeof(line), file) == NULL)
		line[0] = '\0';
	fclose(file);
	if (sscanf(line, "%15s %d", word, &code) < 1)
		word[0] = '\0';
	if (strcmp(word, "fail") == 0) {
		const struct elq_error error = {.struct_size = sizeof(error),
						.code = code,
						.statement = -1,
						.offset = -1,
						.message = STR("the puppet drops everything"),
						.hint = STR("pick it up")};
		call->host->set_error(call, &error);
	}
	return code;
}

static bool same(const struct entry *entry, const struct elq_cache_store *store, struct elq_str key)
{
	return entry->key_size == key.size && strcmp(entry->name, store->name) == 0 &&
	       memcmp(entry->key, key.data, key.size) == 0;
}

static struct entry *find(const struct elq_call *call, const struct elq_cache_store *store,
			  struct elq_str key)
{
	for (size_t i = 0; i < ENTRY_CAP; i++) {
		struct entry *entry = &entries[i];
		if (entry->key_size == 0 || !same(entry, store, key))
			continue;
		if (entry->until_ns == 0 || entry->until_ns > call->host->now_ns(call))
			return entry;
		entry->key_size = 0;
	}
	return NULL;
}

/* The host's own keys are no entries, hits or misses. */
static bool counts(const struct elq_cache_store *store, const char *key, uint64_t size)
{
	size_t prefix_size = strlen(store->prefix);
	return size > prefix_size && memcmp(key, store->prefix, prefix_size) == 0 &&
	       key[prefix_size] != 1;
}

static void keep(char *ret, size_t size, const struct elq_str *text)
{
	snprintf(ret, size, "%.*s", (int)text->size, text->data);
}

static int32_t puppet_open(const struct elq_call *call, const struct elq_setting *settings,
			   uint64_t setting_count, const struct elq_str *prefix,
			   struct elq_cache_store **ret)
{
	char word[16];
	struct elq_cache_store *store = calloc(1, sizeof(*store));
	if (store == NULL)
		return ELQ_ERR_NOMEM;
	keep(store->prefix, sizeof(store->prefix), prefix);
	for (uint64_t i = 0; i < setting_count; i++) {
		const struct elq_setting *setting =
			(const struct elq_setting *)((const char *)settings +
						     i * settings[0].struct_size);
		if (setting->name.size == 4 && memcmp(setting->name.data, "name", 4) == 0)
			keep(store->name, sizeof(store->name), &setting->value);
		else
			keep(store->control, sizeof(store->control), &setting->value);
	}
	int32_t code = obey(call, store, word);
	if (code == ELQ_OK && strcmp(word, "null") != 0)
		*ret = store;
	else
		free(store);
	return code;
}

static void puppet_close(const struct elq_call *call, struct elq_cache_store *store)
{
	(void)call;
	free(store);
}

static int32_t puppet_get(const struct elq_call *call, struct elq_cache_store *store,
			  const struct elq_str *key, void *context,
			  void (*value)(void *context, const void *data, uint64_t size))
{
	char word[16];
	int32_t code = obey(call, store, word);
	if (code != ELQ_OK)
		return code;
	const struct entry *entry = find(call, store, *key);
	if (strcmp(word, "silent") == 0)
		return ELQ_OK;
	if (entry == NULL) {
		store->misses += counts(store, key->data, key->size);
		return ELQ_ERR_NOT_FOUND;
	}
	store->hits += counts(store, key->data, key->size);
	value(context, entry->value, entry->value_size);
	if (strcmp(word, "twice") == 0)
		value(context, entry->value, entry->value_size);
	return ELQ_OK;
}

static int32_t puppet_set(const struct elq_call *call, struct elq_cache_store *store,
			  const struct elq_str *key, const struct elq_str *value, int64_t ttl_us)
{
	char word[16];
	int32_t code = obey(call, store, word);
	if (code != ELQ_OK)
		return code;
	struct entry *entry = find(call, store, *key);
	for (size_t i = 0; i < ENTRY_CAP && entry == NULL; i++)
		if (entries[i].key_size == 0)
			entry = &entries[i];
	if (entry == NULL || key->size > sizeof(entry->key) || value->size > sizeof(entry->value))
		return ELQ_ERR_INVALID;
	snprintf(entry->name, sizeof(entry->name), "%s", store->name);
	memcpy(entry->key, key->data, key->size);
	memcpy(entry->value, value->data, value->size);
	entry->key_size = key->size;
	entry->value_size = value->size;
	entry->until_ns = ttl_us == 0 ? 0 : call->host->now_ns(call) + ttl_us * 1000;
	return ELQ_OK;
}

static int32_t puppet_remove(const struct elq_call *call, struct elq_cache_store *store,
			     const struct elq_str *key, int64_t *ret_removed)
{
	char word[16];
	int32_t code = obey(call, store, word);
	if (code != ELQ_OK)
		return code;
	struct entry *entry = find(call, store, *key);
	*ret_removed = strcmp(word, "lie") == 0 ? -1 : entry != NULL;
	if (entry != NULL)
		entry->key_size = 0;
	return ELQ_OK;
}

static int32_t puppet_clear(const struct elq_call *call, struct elq_cache_store *store,
			    const struct elq_str *prefix, int64_t *ret_removed)
{
	char word[16];
	int32_t code = obey(call, store, word);
	if (code != ELQ_OK)
		return code;
	*ret_removed = 0;
	for (size_t i = 0; i < ENTRY_CAP; i++) {
		if (entries[i].key_size < prefix->size || strcmp(entries[i].name, store->name) != 0 ||
		    memcmp(entries[i].key, prefix->data, prefix->size) != 0 || entries[i].key_size == 0)
			continue;
		*ret_removed += counts(store, entries[i].key, entries[i].key_size);
		entries[i].key_size = 0;
	}
	if (strcmp(word, "lie") == 0)
		*ret_removed = -1;
	return ELQ_OK;
}

static int32_t puppet_stats(const struct elq_call *call, struct elq_cache_store *store,
			    struct elq_cache_stats *ret)
{
	char word[16];
	int32_t code = obey(call, store, word);
	if (code != ELQ_OK)
		return code;
	ret->flags = 0;
	ret->entries = ret->bytes = 0;
	for (size_t i = 0; i < ENTRY_CAP; i++) {
		if (strcmp(entries[i].name, store->name) != 0 ||
		    !counts(store, entries[i].key, entries[i].key_size))
			continue;
		ret->entries++;
		ret->bytes += (int64_t)(entries[i].key_size + entries[i].value_size);
	}
	ret->hits = store->hits;
	ret->misses = store->misses;
	ret->location = (struct elq_str){store->name, strlen(store->name)};
	return ELQ_OK;
}

static const struct elq_cache ops = {
	.struct_size = sizeof(ops),
	.open = puppet_open,
	.close = puppet_close,
	.get = puppet_get,
	.set = puppet_set,
	.remove = puppet_remove,
	.clear = puppet_clear,
	.stats = puppet_stats,
};

static const struct elq_param params[] = {
	{.struct_size = sizeof(struct elq_param),
	 .type = ELQ_PARAM_TEXT,
	 .name = STR("name"),
	 .default_value = STR(ZOO_NAME),
	 .help = STR("whose memory it is")},
	{.struct_size = sizeof(struct elq_param),
	 .type = ELQ_PARAM_PATH,
	 .name = STR("switch"),
	 .help = STR("the file that says what is wrong")},
};

static const struct elq_manifest manifest = {
	.magic = ELQ_MANIFEST_MAGIC,
	.struct_size = sizeof(manifest),
	.abi_major = ELQ_ABI_MAJOR,
	.abi_minor = ELQ_ABI_MINOR,
	.kind = ELQ_KIND_CACHE,
	.name = STR(ZOO_NAME),
	.version = STR("1.0.0"),
	.params = params,
	.param_count = sizeof(params) / sizeof(params[0]),
	.ops = &ops,
};

ELQ_PLUGIN_NOTE(ELQ_KIND_CACHE, ZOO_NAME, "1.0.0", "", "", "")
ELQ_PLUGIN_ENTRY(cache, puppet, &manifest)
