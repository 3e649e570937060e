/* defaults.c - which connection is meant when none is named, and what
 * DATABASE_URL says about it. Choosing for one command is run's. */
#include "config/private.h"

#include <string.h>

static enum status default_read(struct loader *loader, const char *key, const char *variable,
				const char **ret_name, struct origin *ret_origin, struct error *error)
{
	const struct setting *setting = row_setting(loader, key);

	if (!setting)
		return STATUS_OK;
	if (!parse_name(setting->value)) {
		config_error(error, &setting->origin, "%s = \"%.60s\" cannot be a connection's name",
			     setting->origin.layer == LAYER_INI ? "default" : variable, setting->value);
		error_hint(error, "give one name: a-z, 0-9 and _, beginning with a letter");
		return STATUS_CONFIG;
	}
	*ret_name = setting->value;
	*ret_origin = setting->origin;
	return STATUS_OK;
}

enum status defaults_read(struct loader *loader, struct error *error)
{
	struct project *project = loader->project;
	const struct setting *url = row_setting(loader, "DATABASE_URL");
	struct origin unused;
	enum status status =
		default_read(loader, "project.default", "DB_CONNECTION", &project->default_connection,
			     &project->default_origin, error);

	if (!status)
		status = default_read(loader, "DB_TEST_CONNECTION", "DB_TEST_CONNECTION",
				      &project->default_test_connection, &unused, error);
	if (status || !url)
		return status;
	if (url->value[0] == '\0')
		return config_error(error, &url->origin,
				    "DATABASE_URL is empty; unset it, or name a database");
	project->database_url = url->value;
	project->database_url_origin = url->origin;
	return STATUS_OK;
}

/* The INI's only connection, twins left out. Of several none is guessed, and what variables
 * alone make was not written down as this project's. */
static void default_only(struct loader *loader)
{
	struct project *project = loader->project;
	const struct connection *only = NULL;

	for (size_t i = 0; i < project->connection_count; i++) {
		const struct connection *connection = &project->connections[i];

		if (connection->twin || connection->origin.layer != LAYER_INI)
			continue;
		if (only)
			return;
		only = connection;
	}
	if (!only)
		return;
	project->default_connection = only->name;
	project->default_origin = (struct origin){
		LAYER_DEFAULT, arena_printf(loader->arena, "the only connection of %s", project->ini),
		0};
}

/* Both would be the endpoint, and neither is the weaker one. */
static enum status database_url_check(struct loader *loader, struct error *error)
{
	const struct project *project = loader->project;
	const struct connection *connection = NULL;

	if (project->default_connection)
		connection = project_connection(project, project->default_connection);
	for (size_t i = 0; connection && i < connection->settings.count; i++) {
		const struct setting *setting = &connection->settings.items[i];
		const struct key *row = key_find("connection:", setting->key);

		if (!row || !(row->flags & KEY_ENDPOINT) ||
		    setting->origin.layer < project->database_url_origin.layer)
			continue;
		config_error(error, &project->database_url_origin,
			     "DATABASE_URL stands beside the %s of the default connection %s (%s)",
			     setting->key, connection->name,
			     origin_text(&setting->origin, loader->arena));
		error_hint(error, "both say where %s leads; unset one of them", connection->name);
		return STATUS_CONFIG;
	}
	return STATUS_OK;
}

enum status defaults_check(struct loader *loader, struct error *error)
{
	struct project *project = loader->project;

	if (!project->default_connection)
		default_only(loader);
	else if (project->default_origin.layer == LAYER_INI &&
		 !project_connection(project, project->default_connection)) {
		config_error(error, &project->default_origin, "default = %s names no connection",
			     project->default_connection);
		error_hint(error, "%s", project_connection_names(project, loader->arena));
		return STATUS_CONFIG;
	}
	if (!project->database_url)
		return STATUS_OK;
	if (!project->default_connection)
		log_write(loader->observer, LOG_WARN,
			  "DATABASE_URL is not used, because there is no default connection; set "
			  "DB_CONNECTION");
	return database_url_check(loader, error);
}
