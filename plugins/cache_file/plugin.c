/* plugin.c - the cache store "file": bytes under keys in an LMDB file, shared by the
 * processes of one machine. Its settings, and its handle. */
#include "cache_file/internal.h"

#include <stdlib.h>
#include <string.h>

#define STR(text)                                                                                      \
	{                                                                                              \
		text, sizeof(text) - 1                                                                 \
	}

static const struct elq_param params[] = {
	{.struct_size = sizeof(struct elq_param),
	 .type = ELQ_PARAM_PATH,
	 .name = STR("dir"),
	 .default_value = STR(".eloquent/cache"),
	 .help = STR("the folder that holds it; made with mode 0700")},
	{.struct_size = sizeof(struct elq_param),
	 .type = ELQ_PARAM_SIZE,
	 .name = STR("max_size"),
	 .default_value = STR("256MiB"),
	 .help = STR("how much it may hold, 4MiB to 4096GiB; then entries are evicted")},
};

static bool is(const struct elq_str *name, const char *word)
{
	return name->size == strlen(word) && memcmp(name->data, word, name->size) == 0;
}

static int32_t take(const struct elq_call *call, const struct elq_setting *setting,
		    struct elq_cache_store *store)
{
	if (is(&setting->name, "dir")) {
		free(store->dir);
		store->dir = strndup(setting->value.data, (size_t)setting->value.size);
		return store->dir != NULL ? ELQ_OK : fail_memory(call);
	}
	if (!is(&setting->name, "max_size"))
		return ELQ_OK;
	char digits[32] = "";
	if (setting->value.size < sizeof(digits))
		memcpy(digits, setting->value.data, (size_t)setting->value.size);
	store->max_size = strtoull(digits, NULL, 10);
	if (store->max_size < SIZE_MIN || store->max_size > SIZE_MAX_)
		return fail(call, ELQ_ERR_INVALID, "write a size such as 256MiB",
			    "the file cache's max_size lies between 4MiB and 4096GiB");
	return ELQ_OK;
}

static void file_close(const struct elq_call *call, struct elq_cache_store *store)
{
	(void)call;
	if (store == NULL)
		return;
	shelf_drop(store);
	counters_drop(store);
	free(store->dir);
	free(store->prefix);
	free(store);
}

static int32_t file_open(const struct elq_call *call, const struct elq_setting *settings,
			 uint64_t setting_count, const struct elq_str *prefix,
			 struct elq_cache_store **ret)
{
	int32_t code = ELQ_OK;
	struct elq_cache_store *store = calloc(1, sizeof(*store));
	if (store == NULL)
		return fail_memory(call);
	for (uint64_t i = 0; i < setting_count && code == ELQ_OK; i++)
		code = take(call,
			    (const struct elq_setting *)((const char *)settings +
							 i * settings[0].struct_size),
			    store);
	store->prefix = strndup(prefix->data, (size_t)prefix->size);
	store->prefix_size = (size_t)prefix->size;
	if (code == ELQ_OK && (store->prefix == NULL || store->dir == NULL))
		code = fail_memory(call);
	if (code == ELQ_OK && (store->prefix_size == 0 || store->prefix_size >= KEY_CAP))
		code = fail(call, ELQ_ERR_INVALID, NULL, "the cache's prefix is empty, or too long");
	if (code == ELQ_OK)
		*ret = store;
	else
		file_close(call, store);
	return code;
}

static const struct elq_cache ops = {
	.struct_size = sizeof(ops),
	.open = file_open,
	.close = file_close,
	.get = entries_get,
	.set = entries_set,
	.remove = entries_remove,
	.clear = entries_clear,
	.stats = entries_stats,
};

static const struct elq_manifest manifest = {
	.magic = ELQ_MANIFEST_MAGIC,
	.struct_size = sizeof(manifest),
	.abi_major = ELQ_ABI_MAJOR,
	.abi_minor = ELQ_ABI_MINOR,
	.kind = ELQ_KIND_CACHE,
	.name = STR("file"),
	.version = STR("0.1.0"),
	.params = params,
	.param_count = sizeof(params) / sizeof(params[0]),
	.ops = &ops,
};

ELQ_PLUGIN_NOTE(ELQ_KIND_CACHE, "file", "0.1.0", "", "", "")
ELQ_PLUGIN_ENTRY(cache, file, &manifest)
