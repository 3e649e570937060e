/* database.c - one open database: a driver's connection, its core slots, and the
 * unit of work. Together with its extensions (database_*.c) the only place that calls a
 * driver's slots. */
#include "plugin/private.h"

#include <string.h>

#define DESCRIPTION_CAP ((size_t)4 << 10)

/* ---- opening and closing ---------------------------------------------------------- */

static const char *own_text(struct database *database, struct elq_str text, bool shown)
{
	TEXT_CLEANUP struct text clean = {0};
	TEXT_CLEANUP struct text masked = {0};
	foreign_text(&clean, text, DESCRIPTION_CAP);
	if (!shown || clean.size == 0)
		return arena_text(&database->arena, text_string(&clean));
	redact(database->observer, clean.data, clean.size, &masked);
	return arena_text(&database->arena, text_string(&masked));
}

enum status database_describe(struct database *database, struct error *error)
{
	struct elq_call call;
	struct elq_description said = {.struct_size = sizeof(said)};
	enum status status = call_enter(&database->caller, false, &call, error);
	if (status != STATUS_OK)
		return status;
	int32_t code = database->driver->ops.describe(&call, database->handle, &said);
	status = call_leave(&database->caller, code, "describe", error);
	if (status != STATUS_OK)
		return status;
	if (said.identity.data == NULL || said.identity.size == 0 || said.database.data == NULL ||
	    said.database.size == 0)
		return call_broken(&database->caller, "describe", "it gives no identity or no name",
				   error);
	database->info = (struct database_info){
		.flags = said.flags,
		.caps = said.caps & database->driver->plugin.caps,
		.product = own_text(database, said.product, true),
		.version = own_text(database, said.version, true),
		.identity = own_text(database, said.identity, false),
		.name = own_text(database, said.database, true),
		.location = own_text(database, said.location, true),
	};
	return STATUS_OK;
}

static enum status open_handle(struct database *database, const struct elq_setting *settings,
			       size_t count, uint32_t flags, struct error *error)
{
	struct elq_call call;
	struct elq_connection *handle = NULL;
	enum status status = call_enter(&database->caller, false, &call, error);
	if (status != STATUS_OK)
		return status;
	int32_t code = database->driver->ops.open(&call, settings, count, flags, &handle);
	status = call_leave(&database->caller, code, "open", error);
	if (status == STATUS_OK && handle == NULL)
		status = call_broken(&database->caller, "open", "it succeeded without a connection",
				     error);
	if (status != STATUS_OK)
		return status;
	pthread_mutex_lock(&database->caller.guard);
	database->handle = handle;
	pthread_mutex_unlock(&database->caller.guard);
	return database_describe(database, error);
}

static enum status open_database(struct database *database, const struct project *project,
				 uint32_t flags, struct error *error)
{
	/* Freed as soon as the driver has them: secrets are among them. */
	CLEANUP(arena_free) struct arena arena = {0};
	struct elq_setting *settings;
	size_t count;
	const struct connection *connection = database->connection;
	struct settings given = connection->settings;
	bool by_url = false;
	enum status status =
		url_applies(database->observer, project, connection, database->driver, &by_url, error);
	if (status != STATUS_OK)
		return status;
	if (by_url)
		given = connection_settings_with_url(project, connection, &arena);
	status = settings_resolve(database->observer, project,
				  arena_printf(&arena, "the connection \"%s\"", connection->name),
				  &given, &database->driver->plugin, &arena, &settings, &count, error);
	if (status != STATUS_OK)
		return status;
	database->caller.opening = true;
	status = open_handle(database, settings, count, flags, error);
	database->caller.opening = false;
	if (status != STATUS_OK)
		error_prefix(error, "the connection \"%s\" cannot be opened",
			     database->connection->name);
	return status;
}

struct database *database_new(struct observer *observer, const struct driver *driver,
			      const struct connection *connection)
{
	struct database *database = mem_alloc(sizeof(*database));
	database->observer = observer;
	database->driver = driver;
	database->connection = connection;
	caller_init(&database->caller, observer, &driver->plugin, connection->name);
	return database;
}

enum status database_open(struct observer *observer, const struct project *project,
			  const struct connection *connection, const struct driver *driver,
			  uint32_t flags, struct database **ret, struct error *error)
{
	struct database *database = database_new(observer, driver, connection);
	enum status status = open_database(database, project, flags, error);
	if (status != STATUS_OK) {
		database_close(database);
		return status;
	}
	*ret = database;
	return STATUS_OK;
}

/* Rolls back before it unlocks: nobody else may see a half-done unit. */
static void close_handle(struct database *database)
{
	ERROR_CLEANUP struct error ignored = {0};
	struct elq_call call;
	if (database_rollback(database, &ignored) != STATUS_OK)
		log_write(database->observer, LOG_WARN, "rolling back before closing \"%s\" failed: %s",
			  database->connection->name, ignored.message);
	database_unlock(database);
	pthread_mutex_lock(&database->caller.guard);
	struct elq_connection *handle = database->handle;
	database->handle = NULL;
	pthread_mutex_unlock(&database->caller.guard);
	error_clear(&ignored);
	if (call_enter(&database->caller, true, &call, &ignored) != STATUS_OK)
		return;
	database->driver->ops.close(&call, handle);
	(void)!call_leave(&database->caller, ELQ_OK, "close", &ignored);
}

void database_close(struct database *database)
{
	if (database == NULL)
		return;
	if (database->handle != NULL)
		close_handle(database);
	caller_done(&database->caller);
	arena_free(&database->arena);
	mem_free(database);
}

const struct database_info *database_info(const struct database *database)
{
	return &database->info;
}

const struct driver *database_driver(const struct database *database)
{
	return database->driver;
}

void database_cancel(struct database *database)
{
	struct caller *caller = &database->caller;
	atomic_store(&caller->cancelled, true);
	pthread_mutex_lock(&caller->guard);
	if (caller->running && database->handle != NULL && !atomic_load(&caller->shielded))
		database->driver->ops.cancel(database->handle);
	pthread_mutex_unlock(&caller->guard);
}

bool database_cancelled(const struct database *database)
{
	return atomic_load(&database->caller.cancelled);
}

void database_set_timeout(struct database *database, int64_t timeout_us)
{
	int64_t now = clock_monotonic_ns();
	if (timeout_us <= 0)
		database->caller.deadline_ns = 0;
	else if (timeout_us > (INT64_MAX - now) / 1000)
		database->caller.deadline_ns = INT64_MAX;
	else
		database->caller.deadline_ns = now + timeout_us * 1000;
}

/* ---- statements ------------------------------------------------------------------------ */

static int64_t count_lines(const char *text, size_t size)
{
	int64_t lines = 0;
	for (const char *at = text, *end = text + size; at < end; at++) {
		at = memchr(at, '\n', (size_t)(end - at));
		if (at == NULL)
			break;
		lines++;
	}
	return lines;
}

/* What is wrong with a span, or NULL. A splitter that does not move on would
 * otherwise keep us for ever. */
static const char *check_span(const struct elq_span *span, size_t size, size_t offset)
{
	if (span->start < offset || span->start > size || span->size > size - span->start)
		return "the statement lies outside the script";
	if (span->next > size || span->next < span->start + span->size ||
	    (span->next == offset && offset < size))
		return "it does not move on";
	if (span->kind > ELQ_STATEMENT_CLIENT_ONLY)
		return "the statement's kind is unknown";
	return NULL;
}

enum status database_next_statement(struct database *database, const char *script, size_t size,
				    size_t offset, struct elq_span *ret, struct error *error)
{
	struct elq_call call;
	struct elq_span span = {.struct_size = sizeof(span)};
	enum status status = call_enter(&database->caller, false, &call, error);
	if (status != STATUS_OK)
		return status;
	int32_t code = database->driver->ops.next_statement(&call, database->handle, script, size,
							    offset, &span);
	status = call_leave(&database->caller, code, "next_statement", error);
	if (status == STATUS_MALFORMED && span.line > 0 && span.line <= INT64_MAX)
		error->line = (int64_t)span.line;
	if (status != STATUS_OK)
		return status;
	const char *wrong = check_span(&span, size, offset);
	if (wrong != NULL)
		return call_broken(&database->caller, "next_statement", wrong, error);
	*ret = span;
	return STATUS_OK;
}

enum status database_execute(struct database *database, const char *text, size_t size,
			     int64_t *ret_rows_changed, struct error *error)
{
	struct elq_call call;
	struct elq_result result = {.struct_size = sizeof(result), .rows_changed = -1};
	struct elq_statement statement = {.struct_size = sizeof(statement), .text = {text, size}};
	enum status status = call_enter(&database->caller, false, &call, error);
	if (status != STATUS_OK)
		return status;
	int32_t code =
		database->driver->ops.execute(&call, database->handle, &statement, NULL, &result);
	status = call_leave(&database->caller, code, "execute", error);
	if (status == STATUS_OK) {
		if (ret_rows_changed != NULL)
			*ret_rows_changed = result.rows_changed;
		return STATUS_OK;
	}
	const struct slot_error *said = &database->caller.slot_error;
	if (said->set && said->fixed.offset >= 0 && (uint64_t)said->fixed.offset <= size &&
	    ELQ_REACHES(said->fixed.struct_size, struct elq_error, offset))
		error->line = 1 + count_lines(text, (size_t)said->fixed.offset);
	return status;
}

/* ---- the unit of work -------------------------------------------------------------------- */

static enum status convert_option(const struct driver *driver, const char *name, const char *value,
				  struct arena *arena, struct elq_setting *ret, struct error *error)
{
	const char *expected = NULL;
	const struct elq_param *param =
		param_find(&driver->plugin, name, strlen(name), ELQ_PARAM_MIGRATION);
	if (param == NULL) {
		error_set(error, STATUS_MALFORMED,
			  "the driver %s knows no option \"%s\" for migrations", driver->plugin.name,
			  name);
		param_hint(&driver->plugin, name, ELQ_PARAM_MIGRATION, error);
		return STATUS_MALFORMED;
	}
	const char *converted = setting_convert(param, value, "/", arena, &expected);
	if (converted == NULL)
		return error_set(error, STATUS_MALFORMED, "the option \"%s\" is \"%s\", not %s", name,
				 value, expected);
	*ret = (struct elq_setting){
		.struct_size = sizeof(*ret),
		.name = param->name,
		.value = {.data = converted, .size = strlen(converted)},
	};
	return STATUS_OK;
}

enum status unit_options(const struct driver *driver, const struct setting *options, size_t count,
			 struct arena *arena, struct elq_setting **ret, struct error *error)
{
	enum status status = STATUS_OK;
	if (count == 0)
		return STATUS_OK;
	struct elq_setting *converted = arena_alloc(arena, count * sizeof(*converted));
	for (size_t i = 0; i < count && status == STATUS_OK; i++)
		status = convert_option(driver, options[i].key, options[i].value, arena, &converted[i],
					error);
	if (status == STATUS_OK)
		*ret = converted;
	return status;
}

enum status database_check_option(struct database *database, const char *name, const char *value,
				  struct error *error)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct elq_setting ignored;
	return convert_option(database->driver, name, value, &arena, &ignored, error);
}

enum status database_begin(struct database *database, uint32_t flags, const struct setting *options,
			   size_t option_count, int64_t lock_timeout_us, struct error *error)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct elq_call call;
	struct elq_setting *converted = NULL;
	enum status status =
		unit_options(database->driver, options, option_count, &arena, &converted, error);
	if (status != STATUS_OK)
		return status;
	bool ours = (flags & (ELQ_BEGIN_MIGRATION | DATABASE_BEGIN_STATEMENT)) == 0;
	struct elq_begin begin = {
		.struct_size = sizeof(begin),
		.flags = flags & ~DATABASE_BEGIN_STATEMENT,
		.options = converted,
		.option_count = option_count,
		.lock_timeout_us = lock_timeout_us,
	};
	status = call_enter(&database->caller, ours, &call, error);
	if (status != STATUS_OK)
		return status;
	int32_t code = database->driver->ops.begin(&call, database->handle, &begin);
	status = call_leave(&database->caller, code, "begin", error);
	if (status == STATUS_OK)
		database->ours = ours;
	return status;
}

enum status database_commit(struct database *database, struct error *error)
{
	struct elq_call call;
	enum status status = call_enter(&database->caller, database->ours, &call, error);
	if (status != STATUS_OK)
		return status;
	int32_t code = database->driver->ops.commit(&call, database->handle);
	status = call_leave(&database->caller, code, "commit", error);
	if (status == STATUS_OK)
		database->ours = false;
	return status;
}

enum status database_rollback(struct database *database, struct error *error)
{
	struct elq_call call;
	database_load_abandon(database);
	enum status status = call_enter(&database->caller, true, &call, error);
	if (status != STATUS_OK)
		return status;
	int32_t code = database->driver->ops.rollback(&call, database->handle);
	status = call_leave(&database->caller, code, "rollback", error);
	database->ours = false;
	return status;
}
