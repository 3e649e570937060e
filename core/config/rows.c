/* rows.c - every plain key of the table and every variable, resolved into
 * project->resolved: variable, else INI, else default. Connections have rules
 * of their own (layers.c). */
#include "config/private.h"

#include <string.h>

/* The INI's value with its ${NAME} parts, or ret->value NULL. */
static enum status row_from_ini(struct loader *loader, const struct key *row, struct setting *ret,
				struct error *error)
{
	const struct entry *entry = entry_find(loader, row->section, row->name);

	if (!entry)
		return STATUS_OK;
	ret->origin = entry_origin(loader, entry);
	return value_substitute(loader, entry->value, &ret->origin, &ret->value, error);
}

static enum status row_resolve(struct loader *loader, const struct key *row, struct error *error)
{
	bool secret = row->flags & KEY_SECRET;
	bool plain = strcmp(row->section, "environment") != 0;
	struct setting setting = {.secret = secret};
	const char *label = row->variable;
	enum status status = STATUS_OK;

	if (row->variable)
		status = environment_find(loader, row->variable, secret, &setting, error);
	if (!status && !setting.value && plain) {
		label = row->name;
		status = row_from_ini(loader, row, &setting, error);
	}
	if (!status && !setting.value) {
		setting.origin = (struct origin){LAYER_DEFAULT, NULL, 0};
		setting.value = row->default_value;
	}
	if (status || !setting.value)
		return status;
	status = value_check(loader, row, label, &setting, error);
	setting.key = plain ? arena_printf(loader->arena, "%s.%s", row->section, row->name) : row->name;
	if (!status)
		ARENA_PUSH(loader->arena, &loader->project->resolved, setting);
	return status;
}

/* Cache chains of environment words that the table does not know. */
static enum status words_resolve(struct loader *loader, struct error *error)
{
	for (size_t i = 0; i < loader->entries.count; i++) {
		const struct entry *entry = &loader->entries.items[i];
		struct setting setting = {.origin = entry_origin(loader, entry)};
		enum status status;

		if (strcmp(entry->section, "cache") != 0 || key_find("cache", entry->key))
			continue;
		setting.key = arena_printf(loader->arena, "cache.%s", entry->key);
		status = value_substitute(loader, entry->value, &setting.origin, &setting.value, error);
		if (status)
			return status;
		ARENA_PUSH(loader->arena, &loader->project->resolved, setting);
	}
	return STATUS_OK;
}

enum status rows_resolve(struct loader *loader, struct error *error)
{
	for (size_t i = 0; i < config_key_count; i++) {
		enum status status = STATUS_OK;

		if (!text_ends(config_keys[i].section, ":"))
			status = row_resolve(loader, &config_keys[i], error);
		if (status)
			return status;
	}
	for (size_t i = 0; i < config_variable_count; i++) {
		enum status status = row_resolve(loader, &config_variables[i], error);

		if (status)
			return status;
	}
	return words_resolve(loader, error);
}

const struct setting *row_setting(const struct loader *loader, const char *key)
{
	return settings_find(&loader->project->resolved, key);
}

bool row_bool(const struct loader *loader, const char *key)
{
	const struct setting *setting = row_setting(loader, key);
	bool yes = false;

	return setting && parse_bool(setting->value, &yes) && yes;
}
