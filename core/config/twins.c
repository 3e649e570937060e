/* twins.c - which connection is whose test twin: X_test is X's, unless
 * `test = NAME` says another. That a twin is another database than its
 * application is looked at where it is opened. */
#include "config/private.h"

#include <string.h>

static struct connection *find(struct project *project, const char *name)
{
	return (struct connection *)project_connection(project, name);
}

static const struct entry *test_entry(const struct loader *loader, const struct connection *connection)
{
	return entry_find(loader, arena_printf(loader->arena, "connection:%s", connection->name),
			  "test");
}

/* `test = NAME` */
static enum status twin_by_key(struct loader *loader, struct connection *connection,
			       struct error *error)
{
	const struct entry *entry = test_entry(loader, connection);
	struct connection *twin;
	struct setting setting = {0};
	enum status status;

	if (!entry)
		return STATUS_OK;
	setting.origin = entry_origin(loader, entry);
	status = value_substitute(loader, entry->value, &setting.origin, &setting.value, error);
	if (status)
		return status;
	twin = find(loader->project, setting.value);
	if (!twin) {
		config_error(error, &setting.origin, "test = \"%.60s\" names no connection",
			     setting.value);
		error_hint(error, "%s", project_connection_names(loader->project, loader->arena));
		return STATUS_CONFIG;
	}
	if (twin == connection)
		return config_error(error, &setting.origin, "connection %s cannot be its own test twin",
				    twin->name);
	if (twin->application)
		return config_error(error, &setting.origin,
				    "connection %s is the test twin of %s already", twin->name,
				    twin->application);
	twin->twin = true;
	twin->application = connection->name;
	connection->test = twin->name;
	setting.key = arena_printf(loader->arena, "connection:%s.test", connection->name);
	ARENA_PUSH(loader->arena, &loader->project->resolved, setting);
	return STATUS_OK;
}

/* A twin has no twin: --test would otherwise depend on how often it is applied. */
static enum status twin_of_twin(struct loader *loader, const struct connection *connection,
				struct error *error)
{
	const struct entry *entry = connection->twin ? test_entry(loader, connection) : NULL;
	struct origin origin;

	if (!entry)
		return STATUS_OK;
	origin = entry_origin(loader, entry);
	config_error(error, &origin, "connection %s is a test twin and cannot have one itself",
		     connection->name);
	error_hint(error, "remove test = ... from [connection:%s]", connection->name);
	return STATUS_CONFIG;
}

static void twin_by_name(struct loader *loader, struct connection *twin)
{
	size_t size = strlen(twin->name) - strlen("_test");
	struct connection *application;

	if (!text_ends(twin->name, "_test"))
		return;
	application = find(loader->project, arena_copy(loader->arena, twin->name, size));
	if (!application)
		return;
	if (twin->application && strcmp(twin->application, application->name) != 0)
		return; /* another's, by its key; one database is never the twin of two */
	twin->application = application->name;
	if (!application->test && !application->twin)
		application->test = twin->name;
}

enum status twins_link(struct loader *loader, struct error *error)
{
	struct project *project = loader->project;
	enum status status = STATUS_OK;

	for (size_t i = 0; i < project->connection_count; i++)
		project->connections[i].twin = text_ends(project->connections[i].name, "_test");
	for (size_t i = 0; !status && i < project->connection_count; i++)
		status = twin_by_key(loader, &project->connections[i], error);
	for (size_t i = 0; !status && i < project->connection_count; i++)
		status = twin_of_twin(loader, &project->connections[i], error);
	for (size_t i = 0; !status && i < project->connection_count; i++)
		twin_by_name(loader, &project->connections[i]);
	return status;
}
