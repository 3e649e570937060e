/* load.c - the table of loaded plugins, the one piece of state that belongs to the
 * process: a loaded plugin is never unloaded, so its table outlives every
 * project. What happens in which order is docs/internals/loading.md. */
#include "plugin/private.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* One plugin whose code has been mapped. Its refusal is final: process_init is
 * never called twice. */
struct loaded {
	struct loaded *next;
	uint32_t kind;
	const char *name;
	const char *path;
	const struct builtin *builtin; /* or NULL */
	const char *sha256;            /* the pin, or NULL: a pinned one comes from its own memory */
	int fd;                        /* of the sealed copy; open for ever: a reused number in
					* /proc/self/fd/N would make the linker return this plugin */
	const char *refusal;
	union any_plugin any;
};

static struct {
	pthread_mutex_t lock;
	struct arena arena;
	struct loaded *first;
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct loaded *table_find(const struct source *source)
{
	const char *sha256 = source->section != NULL ? source->section->sha256 : NULL;
	for (struct loaded *loaded = table.first; loaded != NULL; loaded = loaded->next)
		if (loaded->kind == source->kind && text_equal(loaded->name, source->name) &&
		    text_equal(loaded->path, source->path) && text_equal(loaded->sha256, sha256))
			return loaded;
	return NULL;
}

static struct loaded *table_add(const struct source *source)
{
	struct loaded *loaded = arena_alloc(&table.arena, sizeof(*loaded));
	loaded->kind = source->kind;
	loaded->name = arena_text(&table.arena, source->name);
	loaded->path = arena_text(&table.arena, source->path);
	loaded->builtin = source->builtin;
	loaded->sha256 =
		arena_text(&table.arena, source->section != NULL ? source->section->sha256 : NULL);
	loaded->fd = -1;
	loaded->next = table.first;
	table.first = loaded;
	return loaded;
}

static const char *linker_words(void)
{
	const char *words = dlerror();
	return words != NULL ? words : "the dynamic linker gives no reason";
}

static enum status map_file(const struct loaded *loaded, void **ret_handle, struct error *error)
{
	char sealed[64];
	const char *path = loaded->path;
	if (loaded->fd >= 0) {
		snprintf(sealed, sizeof(sealed), "/proc/self/fd/%d", loaded->fd);
		path = sealed;
	}
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	if (handle == NULL)
		return error_set(error, STATUS_PLUGIN_REFUSED, "%s: the dynamic linker refuses it: %s",
				 loaded->path, linker_words());
	*ret_handle = handle;
	return STATUS_OK;
}

/* *ret_handle stays NULL for a built-in plugin. */
static enum status find_entry(const struct loaded *loaded, void **ret_handle, elq_plugin_fn **ret_entry,
			      struct error *error)
{
	if (loaded->builtin != NULL) {
		*ret_entry = loaded->builtin->entry;
		return STATUS_OK;
	}
	void *handle = NULL;
	elq_plugin_fn *entry;
	enum status status = map_file(loaded, &handle, error);
	if (status != STATUS_OK)
		return status;
	void *symbol = dlsym(handle, ELQ_ENTRY_SYMBOL);
	if (symbol == NULL) {
		error_set(error, STATUS_PLUGIN_REFUSED, "%s: does not export %s: %s", loaded->path,
			  ELQ_ENTRY_SYMBOL, linker_words());
		return STATUS_PLUGIN_REFUSED;
	}
	memcpy(&entry, &symbol, sizeof(entry));
	*ret_entry = entry;
	*ret_handle = handle;
	return STATUS_OK;
}

/* Asks twice: a function that allocates or counts is not what was agreed on. */
static enum status ask_manifest(const char *path, elq_plugin_fn *entry, const struct elq_manifest **ret,
				struct error *error)
{
	const struct elq_manifest *first = entry(ELQ_ABI_VERSION);
	if (first != entry(ELQ_ABI_VERSION))
		return error_set(error, STATUS_PLUGIN_REFUSED,
				 "%s: its %s returns another manifest at each call", path,
				 ELQ_ENTRY_SYMBOL);
	*ret = first;
	return STATUS_OK;
}

/* Whatever it answers, the plugin is of no use then. */
static enum status run_process_init(struct observer *observer, process_init_fn *init,
				    const struct plugin *plugin, struct error *error)
{
	struct caller caller;
	struct elq_call call;
	if (init == NULL)
		return STATUS_OK;
	caller_init(&caller, observer, plugin, NULL);
	enum status status = call_enter(&caller, true, &call, error);
	if (status == STATUS_OK)
		status = call_leave(&caller, init(&call), "process_init", error);
	caller_done(&caller);
	if (status == STATUS_OK)
		return STATUS_OK;
	return error_set(error, STATUS_PLUGIN_REFUSED, "%s: its process_init failed: %s", plugin->path,
			 error->message);
}

static enum status start(struct observer *observer, struct loaded *loaded, const struct elq_note *note,
			 struct error *error)
{
	void *handle = NULL;
	elq_plugin_fn *entry = NULL;
	const struct elq_manifest *manifest = NULL;
	process_init_fn *init = NULL;
	enum status status = find_entry(loaded, &handle, &entry, error);
	if (status == STATUS_OK)
		status = ask_manifest(loaded->path, entry, &manifest, error);
	if (status == STATUS_OK)
		status = manifest_adopt(manifest, note, loaded->path, &table.arena, &loaded->any, &init,
					error);
	if (status == STATUS_OK)
		status = run_process_init(observer, init, &loaded->any.plugin, error);
	if (status == STATUS_OK && note->kind == ELQ_KIND_DRIVER)
		status = manifest_adopt_extensions(&loaded->any.driver, error);
	if (status != STATUS_OK)
		return status;
	const char *extra = handle != NULL ? exports_extra(handle) : NULL;
	if (extra != NULL)
		log_write(observer, LOG_WARN, "the plugin %s exports more than %s: %s", loaded->path,
			  ELQ_ENTRY_SYMBOL, extra);
	return STATUS_OK;
}

static enum status load_locked(struct observer *observer, const struct project *project,
			       const struct source *source, const union any_plugin **ret,
			       struct error *error)
{
	struct examined examined;
	struct loaded *loaded = table_find(source);
	if (loaded == NULL) {
		enum status status = source_examine(project, source, &examined, error);
		if (status != STATUS_OK) {
			fd_close(&examined.fd);
			return status;
		}
		loaded = table_add(source);
		if (loaded->sha256 != NULL)
			loaded->fd = examined.fd;
		else
			fd_close(&examined.fd);
		if (start(observer, loaded, &examined.note, error) != STATUS_OK)
			loaded->refusal = arena_text(&table.arena, error->message);
	}
	if (loaded->refusal != NULL)
		return error_set(error, STATUS_PLUGIN_REFUSED, "%s", loaded->refusal);
	*ret = &loaded->any;
	return STATUS_OK;
}

static enum status load(struct observer *observer, const struct project *project, uint32_t kind,
			const char *name, const union any_plugin **ret, struct error *error)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct source source;
	if (!parse_name(name)) {
		error_set(error, STATUS_PLUGIN_MISSING, "\"%s\" is not a %s's name ([a-z][a-z0-9_]*)",
			  name, kind_name(kind));
		explain_missing(project, kind, name, error);
		return STATUS_PLUGIN_MISSING;
	}
	source_find(project, &arena, kind, name, &source);
	enum status status = source_check_enabled(project, &source, error);
	if (status == STATUS_OK) {
		pthread_mutex_lock(&table.lock);
		status = load_locked(observer, project, &source, ret, error);
		pthread_mutex_unlock(&table.lock);
	}
	if (status != STATUS_OK)
		explain_refusal(project, &source, error);
	return status;
}

enum status driver_load(struct observer *observer, const struct project *project, const char *name,
			const struct driver **ret, struct error *error)
{
	const union any_plugin *any = NULL;
	enum status status = load(observer, project, ELQ_KIND_DRIVER, name, &any, error);
	if (status == STATUS_OK)
		*ret = &any->driver;
	return status;
}

enum status seeder_load(struct observer *observer, const struct project *project, const char *name,
			const struct seeder_plugin **ret, struct error *error)
{
	const union any_plugin *any = NULL;
	enum status status = load(observer, project, ELQ_KIND_SEEDER, name, &any, error);
	if (status == STATUS_OK)
		*ret = &any->seeder;
	return status;
}

enum status cache_load(struct observer *observer, const struct project *project, const char *name,
		       const struct cache_plugin **ret, struct error *error)
{
	const union any_plugin *any = NULL;
	enum status status = load(observer, project, ELQ_KIND_CACHE, name, &any, error);
	if (status == STATUS_OK)
		*ret = &any->cache;
	return status;
}
