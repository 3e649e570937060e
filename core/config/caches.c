/* caches.c - which stores the cache has in this environment, the prefix of its keys,
 * and each store's settings: [cache], [cache:NAME] and the variables above them.
 * What a setting means, the store's plugin knows. */
#include "config/private.h"

#include <string.h>

/* ---- the chain --------------------------------------------------------------------- */

/* The INI's key for the word itself; else, in production, its key; else the table's. */
static const struct setting *chain_setting(const struct loader *loader)
{
	const struct project *project = loader->project;
	const char *key = arena_printf(loader->arena, "cache.%s", project->word);
	const struct setting *setting = NULL;

	if (strcmp(project->word, "prefix") != 0)
		setting = row_setting(loader, key);
	if (project->production && (!setting || setting->origin.layer == LAYER_DEFAULT))
		setting = row_setting(loader, "cache.production");
	return setting ? setting : row_setting(loader, "cache.development");
}

static enum status store_refuse(const struct setting *setting, const char *why, const char *word,
				struct error *error)
{
	config_error(error, &setting->origin, "%s = %s: %s: \"%s\"", setting->key, setting->value, why,
		     word);
	error_hint(error, "write the stores' names, separated by blanks, each once, at most %u",
		   CACHE_STORES_CAP);
	return STATUS_CONFIG;
}

static enum status chain_build(struct loader *loader, struct error *error)
{
	struct cache_chain *chain = &loader->project->cache;
	const struct setting *setting = chain_setting(loader);
	char *rest = arena_text(loader->arena, setting->value);

	chain->origin = setting->origin;
	chain->stores = arena_alloc(loader->arena, CACHE_STORES_CAP * sizeof(*chain->stores));
	for (char *word; (word = strsep(&rest, " \t")) != NULL;) {
		if (word[0] == '\0')
			continue;
		if (!parse_name(word))
			return store_refuse(setting, "this is no store's name", word, error);
		for (size_t i = 0; i < chain->store_count; i++)
			if (strcmp(chain->stores[i], word) == 0)
				return store_refuse(setting, "this store stands there twice", word,
						    error);
		if (chain->store_count == CACHE_STORES_CAP)
			return store_refuse(setting, "this store is one too many", word, error);
		chain->stores[chain->store_count++] = word;
	}
	chain->chosen = setting->origin.layer != LAYER_DEFAULT && chain->store_count > 0;
	return STATUS_OK;
}

/* ---- the prefix -------------------------------------------------------------------- */

/* Names of projects are free: what would end the part, or no store takes, is %XX. */
static void add_part(struct text *text, const char *part)
{
	for (; *part; part++) {
		unsigned char c = (unsigned char)*part;

		if (c > 0x20 && c < 0x7f && c != ':' && c != '%')
			text_add_char(text, (char)c);
		else
			text_printf(text, "%%%02X", c);
	}
}

static enum status prefix_build(struct loader *loader, struct error *error)
{
	struct project *project = loader->project;
	const struct setting *setting = row_setting(loader, "cache.prefix");
	TEXT_CLEANUP struct text text = {0};

	if (setting) {
		text_add(&text, setting->value);
	} else {
		text_add(&text, "eloquent:");
		add_part(&text, project->name);
		text_add_char(&text, ':');
		add_part(&text, project->cache.word);
		text_cut(&text, text.size < CACHE_PREFIX_CAP ? text.size : CACHE_PREFIX_CAP - 1);
	}
	for (size_t i = 0; i < text.size; i++)
		if ((unsigned char)text.data[i] <= 0x20 || text.data[i] == 0x7f)
			return config_error(error, &setting->origin,
					    "prefix: it holds a blank or a control character");
	if (setting && (text.size == 0 || text.size > CACHE_PREFIX_CAP))
		return config_error(error, &setting->origin, "prefix: it has %zu bytes, not 1 to %u",
				    text.size, CACHE_PREFIX_CAP);
	if (!text_ends(text.data, ":"))
		text_add_char(&text, ':');
	project->cache.prefix = arena_text(loader->arena, text_string(&text));
	return STATUS_OK;
}

/* ---- the stores' settings ------------------------------------------------------------ */

static struct cache_config *config_of(struct loader *loader, const char *name)
{
	struct cache_chain *chain = &loader->project->cache;

	for (size_t i = 0; i < chain->config_count; i++)
		if (strcmp(chain->configs[i].name, name) == 0)
			return &chain->configs[i];
	chain->configs[chain->config_count].name = name;
	return &chain->configs[chain->config_count++];
}

static void settings_put(struct loader *loader, const char *name, const struct setting *setting)
{
	struct cache_config *config = config_of(loader, name);
	struct setting shown = *setting;

	ARENA_PUSH(loader->arena, &config->settings, *setting);
	shown.key = arena_printf(loader->arena, "cache:%s.%s", name, setting->key);
	ARENA_PUSH(loader->arena, &loader->project->resolved, shown);
}

/* A variable takes the place of the INI's key and of its file form. */
static enum status variables_take(struct loader *loader, struct error *error)
{
	for (size_t i = 0; i < cache_variable_count; i++) {
		const struct cache_variable *row = &cache_variables[i];
		const struct setting *found = row_setting(loader, row->variable);

		if (!found)
			continue;
		if (found->value[0] == '\0') {
			config_error(error, &found->origin, "%s is empty", row->variable);
			error_hint(error, "give it a value, or take it away; empty is not the same as "
					  "unset");
			return STATUS_CONFIG;
		}
		settings_put(loader, row->store,
			     &(struct setting){row->key, found->value, found->origin, found->secret});
	}
	return STATUS_OK;
}

static bool replaced(struct loader *loader, const char *name, const char *key)
{
	const struct cache_config *config = config_of(loader, name);
	size_t size = key_value_size(key);

	for (size_t i = 0; i < config->settings.count; i++) {
		const char *other = config->settings.items[i].key;

		if (config->settings.items[i].origin.layer != LAYER_INI && strlen(other) == size &&
		    memcmp(other, key, size) == 0)
			return true;
	}
	return false;
}

static enum status entry_take(struct loader *loader, const struct entry *entry, struct error *error)
{
	const char *name = section_name(entry->section, "cache:");
	const struct key *row = key_find(entry->section, entry->key);
	struct setting setting = {.key = entry->key,
				  .origin = entry_origin(loader, entry),
				  .secret = key_is_secret(entry->key)};
	enum status status =
		value_substitute(loader, entry->value, &setting.origin, &setting.value, error);

	if (status)
		return status;
	if (setting.secret) {
		exposure_note(loader, entry->key, entry->value, &setting.origin);
		secret_register(loader, setting.value);
	}
	if (row)
		status = value_check(loader, row, entry->key, &setting, error);
	else if (text_ends(entry->key, "_file"))
		value_make_absolute(loader, &setting);
	if (!status && !replaced(loader, name, entry->key))
		settings_put(loader, name, &setting);
	return status;
}

static enum status settings_build(struct loader *loader, struct error *error)
{
	struct cache_chain *chain = &loader->project->cache;
	size_t most = loader->sections.count + cache_variable_count;
	enum status status;

	chain->configs = arena_alloc(loader->arena, (most + 1) * sizeof(*chain->configs));
	status = variables_take(loader, error);
	for (size_t i = 0; !status && i < loader->entries.count; i++) {
		const struct entry *entry = &loader->entries.items[i];

		if (section_name(entry->section, "cache:"))
			status = entry_take(loader, entry, error);
	}
	return status;
}

enum status caches_build(struct loader *loader, struct error *error)
{
	struct project *project = loader->project;
	enum status status;

	project->cache.word = project->production ? "production" : project->word;
	status = chain_build(loader, error);
	if (!status)
		status = prefix_build(loader, error);
	return status ? status : settings_build(loader, error);
}

struct settings project_cache_settings(const struct project *project, const char *store)
{
	for (size_t i = 0; i < project->cache.config_count; i++)
		if (strcmp(project->cache.configs[i].name, store) == 0)
			return project->cache.configs[i].settings;
	return (struct settings){0};
}
