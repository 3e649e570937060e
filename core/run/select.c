/* select.c - which connections a command works on. Nothing is guessed: an
 * unknown name is an error, a twin never falls back to its application. */
#include "run/private.h"

#include <stdlib.h>
#include <string.h>

/* Is this connection's driver of the family `sql`? The convention says so, or
 * the plugin's note, which is read without running it. */
static enum status family_is_sql(const struct run *run, const struct connection *connection, bool *ret,
				 struct error *error)
{
	if (connection->family) {
		*ret = text_equal(connection->family, "sql");
		return STATUS_OK;
	}
	struct elq_note note;
	enum status status = driver_note(&run->project, connection->driver, &note, error);
	if (!status)
		*ret = text_equal(note.family, "sql");
	return status;
}

static enum status names_of_all(const struct run *run, struct names *names, struct error *error)
{
	for (size_t i = 0; i < run->project.connection_count; i++) {
		const struct connection *connection = &run->project.connections[i];
		bool sql = false;
		if (connection->twin)
			continue;
		enum status status = family_is_sql(run, connection, &sql, error);
		if (status)
			return status;
		if (sql)
			names_add(names, connection->name);
	}
	if (names->count)
		return STATUS_OK;
	return error_set(error, STATUS_CONFIG, "--all-connections: no SQL connection is configured");
}

static enum status name_by_default(const struct run *run, bool test, struct names *names,
				   struct error *error)
{
	const struct project *project = &run->project;
	const char *name = project->default_connection;
	if (test && project->default_test_connection)
		name = project->default_test_connection;
	if (!name) {
		error_set(error, STATUS_CONFIG, "no connection is chosen, and there is no default");
		error_hint(error,
			   "add -c NAME, set DB_CONNECTION, or set [project] default in eloquent.ini "
			   "(eloquent init writes one)");
		return STATUS_CONFIG;
	}
	names_add(names, name);
	return STATUS_OK;
}

static enum status names_chosen(const struct run *run, bool test, struct names *names,
				struct error *error)
{
	const struct invocation *invocation = run->invocation;
	bool all = option_given(invocation, OPTION_ALL_CONNECTIONS);
	if (all && invocation->connections.count) {
		error_set(error, STATUS_USAGE,
			  "--all-connections does not go together with a named one (%s)",
			  invocation->connections.items[0]);
		error_hint(error, "give one or the other");
		return STATUS_USAGE;
	}
	if (all)
		return names_of_all(run, names, error);
	for (size_t i = 0; i < invocation->connections.count; i++)
		if (!names_have(names, invocation->connections.items[i]))
			names_add(names, invocation->connections.items[i]);
	return names->count ? STATUS_OK : name_by_default(run, test, names, error);
}

static const struct connection *find_or_refuse(const struct run *run, const char *name,
					       struct error *error)
{
	const struct connection *connection = project_connection(&run->project, name);
	if (connection)
		return connection;
	struct arena arena = {0};
	error_set(error, STATUS_UNKNOWN_NAME, "there is no connection \"%s\"; %s", name,
		  project_connection_names(&run->project, &arena));
	arena_free(&arena);
	error_hint(error, "connections come from [connection:NAME] sections and from the variables of "
			  "docs/configuration.md");
	return NULL;
}

static const struct connection *twin_of(const struct run *run, const struct connection *connection,
					struct error *error)
{
	if (connection->twin)
		return connection;
	if (connection->test)
		return find_or_refuse(run, connection->test, error);
	error_set(error, STATUS_UNKNOWN_NAME, "connection \"%s\" has no test twin", connection->name);
	error_hint(error,
		   "add [connection:%s_test], or `test = NAME` in [connection:%s]; --test never "
		   "falls back to the application's database",
		   connection->name, connection->name);
	return NULL;
}

/* What names a database: equal in all of them means the same one. */
static bool same_endpoint(const struct connection *a, const struct connection *b)
{
	static const char *const keys[] = {"url", "host", "port", "socket", "database", "path"};
	bool any = false;
	if (!text_equal(a->driver, b->driver))
		return false;
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		const struct setting *left = settings_find(&a->settings, keys[i]);
		const struct setting *right = settings_find(&b->settings, keys[i]);
		if (!text_equal(left ? left->value : NULL, right ? right->value : NULL))
			return false;
		any |= left != NULL;
	}
	return any;
}

static enum status check_twin(const struct run *run, const struct connection *connection,
			      struct error *error)
{
	const struct connection *application = NULL;
	if (connection->twin && connection->application)
		application = project_connection(&run->project, connection->application);
	if (!application || !same_endpoint(connection, application))
		return STATUS_OK;
	error_set(error, STATUS_CONFIG,
		  "the test twin \"%s\" names the same database as its application \"%s\"",
		  connection->name, application->name);
	error_hint(error, "give the twin a database of its own");
	return STATUS_CONFIG;
}

static int target_compare(const void *a, const void *b)
{
	return strcmp(((const struct target *)a)->connection->name,
		      ((const struct target *)b)->connection->name);
}

static bool target_exists(const struct run *run, const struct connection *connection)
{
	for (size_t i = 0; i < run->target_count; i++)
		if (run->targets[i].connection == connection)
			return true;
	return false;
}

bool select_wants_twins(const struct run *run)
{
	return option_given(run->invocation, OPTION_TEST) ||
	       (run->command->alias && text_equal(run->invocation->typed_name, run->command->alias));
}

enum status select_targets(struct run *run, struct error *error)
{
	CLEANUP(names_free) struct names names = {0};
	bool test = select_wants_twins(run);
	enum status status = names_chosen(run, test, &names, error);
	if (status)
		return status;
	run->targets = arena_alloc(&run->arena, names.count * sizeof(*run->targets));
	for (size_t i = 0; i < names.count; i++) {
		const struct connection *connection = find_or_refuse(run, names.items[i], error);
		if (connection && test)
			connection = twin_of(run, connection, error);
		if (!connection)
			return error->status;
		status = check_twin(run, connection, error);
		if (status)
			return status;
		if (target_exists(run, connection))
			continue;
		struct target *target = &run->targets[run->target_count++];
		target->connection = connection;
		target->word = connection_word(&run->project, connection);
		target->result = json_object();
	}
	qsort(run->targets, run->target_count, sizeof(*run->targets), target_compare);
	return STATUS_OK;
}
