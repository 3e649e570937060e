/* connections.c - which connections there are: one per [connection:NAME], and
 * the conventional ones that a variable of their own makes. Their settings
 * come from layers.c, their twins from twins.c. */
#include "config/private.h"

#include <stdlib.h>
#include <string.h>

static const char prefix[] = "connection:";

/* One of our own keys of the section; ret->value is NULL when it is not there. */
static enum status own_value(struct loader *loader, const char *connection, const char *key,
			     struct setting *ret, struct error *error)
{
	const char *section = arena_printf(loader->arena, "%s%s", prefix, connection);
	const struct entry *entry = entry_find(loader, section, key);
	enum status status;

	*ret = (struct setting){.key = arena_printf(loader->arena, "%s.%s", section, key)};
	if (!entry)
		return STATUS_OK;
	ret->origin = entry_origin(loader, entry);
	status = value_substitute(loader, entry->value, &ret->origin, &ret->value, error);
	if (!status)
		status = value_check(loader, key_find(section, key), key, ret, error);
	if (!status)
		ARENA_PUSH(loader->arena, &loader->project->resolved, *ret);
	return status;
}

static const char *family_of(const char *driver)
{
	for (size_t i = 0; i < convention_count; i++) {
		if (strcmp(conventions[i].driver, driver) == 0)
			return conventions[i].family;
	}
	return NULL;
}

static enum status driver_choose(struct loader *loader, struct connection *connection,
				 struct error *error)
{
	const struct convention *convention = convention_find(connection->name);
	struct setting driver;
	enum status status = own_value(loader, connection->name, "driver", &driver, error);

	if (status)
		return status;
	if (!driver.value && !convention) {
		config_error(error, &connection->origin, "[connection:%s] has no driver",
			     connection->name);
		error_hint(error, "add driver = NAME; `eloquent plugin:list` shows what is installed");
		return STATUS_CONFIG;
	}
	connection->driver = driver.value ? driver.value : convention->driver;
	if (!parse_name(connection->driver)) {
		config_error(error, &driver.origin, "driver = \"%.60s\" cannot be a plugin's name",
			     connection->driver);
		error_hint(
			error,
			"names are a-z, 0-9 and _, begin with a letter, and have at most 32 letters");
		return STATUS_CONFIG;
	}
	connection->family = family_of(connection->driver);
	return STATUS_OK;
}

static enum status connection_build(struct loader *loader, const char *name,
				    const struct section *section, struct error *error)
{
	struct project *project = loader->project;
	struct connection connection = {.name = arena_text(loader->arena, name)};
	struct setting production = {0};
	enum status status;

	if (section)
		connection.origin = (struct origin){LAYER_INI, project->ini, section->line};
	status = driver_choose(loader, &connection, error);
	if (!status)
		status = own_value(loader, name, "production", &production, error);
	if (!status && production.value)
		parse_bool(production.value, &connection.production);
	if (!status)
		status = layers_resolve(loader, &connection, error);
	if (status)
		return status;
	if (!section)
		connection.origin = connection.settings.count ? connection.settings.items[0].origin
							      : project->database_url_origin;
	project->connections[project->connection_count++] = connection;
	return STATUS_OK;
}

static const struct section *section_of(const struct loader *loader, const char *connection)
{
	for (size_t i = 0; i < loader->sections.count; i++) {
		const char *name = section_name(loader->sections.items[i].name, prefix);

		if (name && strcmp(name, connection) == 0)
			return &loader->sections.items[i];
	}
	return NULL;
}

/* A conventional connection without a section: made by a variable of its own, or, as the
 * default one, by DATABASE_URL. */
static enum status conventional_build(struct loader *loader, const char *name, struct error *error)
{
	const struct project *project = loader->project;
	bool by_url = project->database_url && text_equal(project->default_connection, name);

	if (section_of(loader, name) || (!by_url && !layers_variable_exists(loader, name)))
		return STATUS_OK;
	return connection_build(loader, name, NULL, error);
}

static int connection_compare(const void *a, const void *b)
{
	return strcmp(((const struct connection *)a)->name, ((const struct connection *)b)->name);
}

enum status connections_build(struct loader *loader, struct error *error)
{
	struct project *project = loader->project;
	size_t most = loader->sections.count + 2 * convention_count;
	enum status status = STATUS_OK;

	project->connections = arena_alloc(loader->arena, most * sizeof(*project->connections));
	for (size_t i = 0; !status && i < loader->sections.count; i++) {
		const char *name = section_name(loader->sections.items[i].name, prefix);

		if (name)
			status = connection_build(loader, name, &loader->sections.items[i], error);
	}
	for (size_t i = 0; !status && i < convention_count; i++) {
		const char *name = conventions[i].connection;

		status = conventional_build(loader, name, error);
		if (!status)
			status = conventional_build(
				loader, arena_printf(loader->arena, "%s_test", name), error);
	}
	if (project->connection_count)
		qsort(project->connections, project->connection_count, sizeof(*project->connections),
		      connection_compare);
	return status;
}
