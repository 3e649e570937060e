/* sections.c - what may stand in an eloquent.ini: every section and key is
 * known to the table or is a driver's, and keys that name programs count only
 * in a file that nobody else may write. Values are looked at elsewhere. */
#include "config/private.h"

#include <string.h>

static const char connection_prefix[] = "connection:";
static const char plugin_prefix[] = "plugin:";
static const char cache_prefix[] = "cache:";

const char *section_name(const char *section, const char *prefix)
{
	return text_starts(section, prefix) ? section + strlen(prefix) : NULL;
}

const struct entry *entry_find(const struct loader *loader, const char *section, const char *key)
{
	for (size_t i = 0; i < loader->entries.count; i++) {
		const struct entry *entry = &loader->entries.items[i];

		if (strcmp(entry->section, section) == 0 && strcmp(entry->key, key) == 0)
			return entry;
	}
	return NULL;
}

struct origin entry_origin(const struct loader *loader, const struct entry *entry)
{
	return (struct origin){LAYER_INI, loader->project->ini, entry->line};
}

const char *key_without_role(const char *key, const char **ret_role)
{
	static const char *const roles[] = {"migration", "runtime"};

	*ret_role = NULL;
	for (size_t i = 0; i < COUNT_OF(roles); i++) {
		size_t size = strlen(roles[i]);

		if (strncmp(key, roles[i], size) == 0 && key[size] == '.') {
			*ret_role = roles[i];
			return key + size + 1;
		}
	}
	return key;
}

/* ---- sections --------------------------------------------------------------------- */

static bool section_is_plain(const char *section)
{
	for (size_t i = 0; i < config_key_count; i++) {
		if (strcmp(config_keys[i].section, section) == 0 && !text_ends(section, ":"))
			return true;
	}
	return false;
}

/* "connection:" for "conection:pg"; else what the whole name is near to. */
static const char *section_nearest(const char *section, struct arena *arena)
{
	const char *names[16];
	size_t count = 0;
	const char *colon = strchr(section, ':');
	const char *word = colon ? arena_copy(arena, section, (size_t)(colon - section)) : section;

	for (size_t i = 0; i < config_key_count && count < COUNT_OF(names); i++) {
		const char *name = config_keys[i].section;
		size_t size = strlen(name);
		bool named = text_ends(name, ":");

		if (i > 0 && strcmp(name, config_keys[i - 1].section) == 0)
			continue;
		if (named || !colon)
			names[count++] = arena_copy(arena, name, named ? size - 1 : size);
	}
	word = text_nearest(word, names, count);
	if (!word)
		return NULL;
	if (strcmp(word, "connection") == 0 || strcmp(word, "plugin") == 0 ||
	    (colon && strcmp(word, "cache") == 0))
		return arena_printf(arena, "%s:%s", word, colon && colon[1] ? colon + 1 : "NAME");
	return word;
}

static enum status section_take(void *context, const char *section, int64_t line, struct error *error)
{
	struct loader *loader = context;
	struct origin origin = {LAYER_INI, loader->project->ini, line};
	bool named = text_starts(section, connection_prefix) || text_starts(section, plugin_prefix) ||
		     text_starts(section, cache_prefix);
	const char *name = named ? strchr(section, ':') + 1 : "";
	const char *nearest;

	if (named && !parse_name(name)) {
		config_error(error, &origin, "[%s]: \"%s\" cannot be a name", section, name);
		error_hint(
			error,
			"names are a-z, 0-9 and _, begin with a letter, and have at most 32 letters");
		return STATUS_CONFIG;
	}
	if (!named && !section_is_plain(section)) {
		nearest = section_nearest(section, loader->arena);
		config_error(error, &origin, "there is no section [%s]", section);
		if (nearest)
			error_hint(error, "did you mean [%s]?", nearest);
		else
			error_hint(error, "sections: project, plugins, plugin:NAME, connection:NAME, "
					  "guard, backup, "
					  "audit, cache, cache:NAME, hooks");
		return STATUS_CONFIG;
	}
	ARENA_PUSH(loader->arena, &loader->sections,
		   ((struct section){arena_text(loader->arena, section), line}));
	return STATUS_OK;
}

/* ---- keys ----------------------------------------------------------------------------- */

static enum status key_refuse(const struct origin *origin, const char *section, const char *key,
			      struct error *error)
{
	const char *nearest = key_nearest(section, key);

	config_error(error, origin, "there is no key \"%s\" in [%s]", key, section);
	if (nearest)
		error_hint(error, "did you mean %s?", nearest);
	else
		error_hint(error, "docs/configuration.md lists the keys of each section");
	return STATUS_CONFIG;
}

/* Everything that is not ours is the driver's, and only it can judge that when it is
 * opened; a mistyped key of ours is told at once, `production` above all. */
static enum status connection_key_check(const struct origin *origin, const char *section,
					const char *key, struct error *error)
{
	const char *role;
	const char *name = key_without_role(key, &role);
	const struct key *row = key_find(section, name);

	if (role && row && (row->flags & KEY_OURS) && !(row->flags & KEY_CREDENTIAL)) {
		config_error(error, origin, "\"%s\" cannot differ by role", name);
		error_hint(error, "write %s = ... without \"%s.\"", name, role);
		return STATUS_CONFIG;
	}
	if (strchr(name, '.') || name[0] == '\0') {
		config_error(error, origin, "there is no key \"%s\" in [%s]", key, section);
		error_hint(error, "before the dot stands a role: migration or runtime");
		return STATUS_CONFIG;
	}
	if (!row && (word_is_near_production(name) || key_mistyped(section, name)))
		return key_refuse(origin, section, name, error);
	return STATUS_OK;
}

static enum status key_check(const struct origin *origin, const char *section, const char *key,
			     struct error *error)
{
	if (text_starts(section, connection_prefix))
		return connection_key_check(origin, section, key, error);
	if (key_find(section, key))
		return STATUS_OK;
	/* What a store knows, its plugin says when it is opened. */
	if (text_starts(section, cache_prefix) && !key_mistyped(section, key))
		return STATUS_OK;
	/* A cache chain is chosen by the environment's word, and words are free. */
	if (strcmp(section, "cache") == 0 && word_valid(key) && !key_nearest(section, key))
		return STATUS_OK;
	return key_refuse(origin, section, key, error);
}

static bool key_names_program(const char *section, const char *key)
{
	const char *role;
	const struct key *row = key_find(section, key_without_role(key, &role));

	return row && (row->flags & KEY_PROGRAM);
}

static enum status key_take(void *context, const char *section, const char *key, const char *value,
			    int64_t line, struct error *error)
{
	struct loader *loader = context;
	struct origin origin = {LAYER_INI, loader->project->ini, line};
	enum status status = key_check(&origin, section, key, error);

	if (!status && key_names_program(section, key)) {
		status = config_file_trusted(loader->project->ini, error);
		if (status) {
			error_prefix(error, "%s:%lld: \"%s\" in [%s] names a program",
				     loader->project->ini, (long long)line, key, section);
			error_at(error, loader->project->ini, line, 0);
		}
	}
	if (status)
		return status;
	ARENA_PUSH(loader->arena, &loader->entries,
		   ((struct entry){arena_text(loader->arena, section), arena_text(loader->arena, key),
				   arena_text(loader->arena, value), line}));
	return STATUS_OK;
}

static enum status later_refuse(const struct loader *loader, const struct entry *entry,
				struct error *error)
{
	const struct origin origin = entry_origin(loader, entry);

	config_error(error, &origin,
		     "[%s] %s is not built yet: this version cannot do what it promises",
		     entry->section, entry->key);
	error_hint(error, "take the line away, and see to it by other means");
	return STATUS_CONFIG;
}

/* Nobody must believe in what only a later version does. */
static enum status later_check(const struct loader *loader, struct error *error)
{
	TEXT_CLEANUP struct text text = {0};

	for (size_t i = 0; i < loader->entries.count; i++) {
		const struct entry *entry = &loader->entries.items[i];
		const char *role;
		const struct key *row = key_find(entry->section, key_without_role(entry->key, &role));

		if (row && (row->flags & KEY_REFUSED) && entry->value[0])
			return later_refuse(loader, entry, error);
		if (!row || !(row->flags & KEY_LATER) || text_equal(entry->value, row->default_value))
			continue;
		text_printf(&text, "%s[%s] %s (line %lld)", text.size ? ", " : "", entry->section,
			    entry->key, (long long)entry->line);
	}
	if (text.size)
		log_write(loader->observer, LOG_WARN, "%s: this version does not act on %s yet",
			  loader->project->ini, text_string(&text));
	return STATUS_OK;
}

enum status sections_load(struct loader *loader, struct error *error)
{
	struct ini_handler handler = {loader, section_take, key_take};
	const char *path = loader->project->ini;
	TEXT_CLEANUP struct text text = {0};
	enum status status;

	if (!path)
		return STATUS_OK;
	if (file_read(path, CONFIG_FILE_CAP, &text, error)) {
		error->status = STATUS_CONFIG;
		error_hint(
			error,
			"the configuration is a readable text file of at most 1 MiB; `eloquent init` "
			"writes a first one");
		error_at(error, path, 0, 0);
		return STATUS_CONFIG;
	}
	status = ini_parse_text(path, text_string(&text), text.size, &handler, error);
	return status ? status : later_check(loader, error);
}
