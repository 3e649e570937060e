/* driver.c - the SQLite driver as the host sees it: manifest, parameters, slots.
 * Each slot enters the connection, hands over to the file that does the work,
 * and leaves. */
#include "sqlite/internal.h"

#include "sqlite/dialect.h"

#include <eloquent/plugin.h>

#include <string.h>

/* ---- entering and leaving ------------------------------------------------------ */

void connection_enter(struct elq_connection *connection, const struct elq_call *call)
{
	connection->call = call;
	connection->stopped = ELQ_OK;
	atomic_store(&connection->cancelled, 0);
}

int32_t connection_leave(struct elq_connection *connection, int32_t status)
{
	connection->call = NULL;
	return status;
}

/* ---- the core slots -------------------------------------------------------------- */

static int32_t slot_open(const struct elq_call *call, const struct elq_setting *settings,
			 uint64_t setting_count, uint32_t flags, struct elq_connection **ret_connection)
{
	*ret_connection = NULL;
	if (sqlite3_libversion_number() < SQLITE_OLDEST)
		return sqlkit_fail(call, ELQ_ERR_UNSUPPORTED, "install SQLite 3.37 or newer",
				   "the SQLite library here is %s, which is too old",
				   sqlite3_libversion());
	if (!sqlite3_threadsafe())
		return sqlkit_fail(call, ELQ_ERR_UNSUPPORTED, "install a library built with threads",
				   "the SQLite library here was built without threads");
	return connection_open(call, settings, setting_count, flags, ret_connection);
}

static void slot_close(const struct elq_call *call, struct elq_connection *connection)
{
	(void)call;
	connection_close(connection);
}

static int32_t slot_describe(const struct elq_call *call, struct elq_connection *connection,
			     struct elq_description *ret)
{
	connection_enter(connection, call);
	return connection_leave(connection, connection_describe(connection, ret));
}

static int32_t slot_execute(const struct elq_call *call, struct elq_connection *connection,
			    const struct elq_statement *statement, const struct elq_sink *sink,
			    struct elq_result *ret_result)
{
	struct elq_statement own = {0};
	memcpy(&own, statement,
	       statement->struct_size < sizeof(own) ? statement->struct_size : sizeof(own));
	connection_enter(connection, call);
	return connection_leave(connection, statement_execute(connection, &own, sink, ret_result));
}

static int32_t slot_begin(const struct elq_call *call, struct elq_connection *connection,
			  const struct elq_begin *begin)
{
	connection_enter(connection, call);
	return connection_leave(connection, transaction_begin(connection, begin));
}

static int32_t slot_commit(const struct elq_call *call, struct elq_connection *connection)
{
	connection_enter(connection, call);
	return connection_leave(connection, transaction_commit(connection));
}

static int32_t slot_rollback(const struct elq_call *call, struct elq_connection *connection)
{
	connection_enter(connection, call);
	return connection_leave(connection, transaction_rollback(connection));
}

static void slot_cancel(struct elq_connection *connection)
{
	waiting_cancel(connection);
}

/* ---- splitting --------------------------------------------------------------------- */

/* The line of `offset`: counted on from where the last call on this script
 * stopped, so that a script is counted once and not once per statement. */
static uint64_t line_of(struct elq_connection *connection, const char *script, uint64_t size,
			uint64_t offset)
{
	uint64_t line = 0;
	if (connection && offset > 0) {
		pthread_mutex_lock(&connection->swap);
		if (connection->memo.script == script && connection->memo.size == size &&
		    connection->memo.next == offset)
			line = connection->memo.line;
		pthread_mutex_unlock(&connection->swap);
	}
	return line ? line : 1 + sqlkit_count_lines(script, 0, offset);
}

static void remember_line(struct elq_connection *connection, const char *script, uint64_t size,
			  const struct elq_span *span)
{
	if (!connection)
		return;
	uint64_t line = span->line + sqlkit_count_lines(script, span->start, span->next);
	pthread_mutex_lock(&connection->swap);
	connection->memo.script = script;
	connection->memo.size = size;
	connection->memo.next = span->next;
	connection->memo.line = line;
	pthread_mutex_unlock(&connection->swap);
}

static int32_t slot_next_statement(const struct elq_call *call, struct elq_connection *connection,
				   const char *script, uint64_t size, uint64_t offset,
				   struct elq_span *ret)
{
	struct elq_span span;
	const char *reason = NULL;
	if (offset > size)
		return sqlkit_fail(call, ELQ_ERR_INVALID, NULL, "the offset lies behind the script");
	uint64_t line = line_of(connection, script, size, offset);
	int32_t status =
		sqlkit_splitter_next(&sqlite_splitter, script, size, offset, line, &span, &reason);
	if (status == ELQ_OK)
		remember_line(connection, script, size, &span);
	span.struct_size = ret->struct_size;
	memcpy(ret, &span, span.struct_size < sizeof(span) ? span.struct_size : sizeof(span));
	if (status == ELQ_OK)
		return ELQ_OK;
	return sqlkit_fail(call, status, "close it, or end the statement before it", "%s", reason);
}

/* ---- the plugin ------------------------------------------------------------------------- */

static const void *slot_get_extension(const char *name, uint64_t size)
{
	static const struct {
		const char *name;
		const void *vtable;
	} extensions[] = {
		{ELQ_EXT_HISTORY, &sqlite_history}, {ELQ_EXT_LOCK, &sqlite_lock},
		{ELQ_EXT_SCHEMA, &sqlite_schema},   {ELQ_EXT_DIGEST, &sqlite_digest},
		{ELQ_EXT_BACKUP, &sqlite_backup},   {ELQ_EXT_SCRATCH, &sqlite_scratch},
		{ELQ_EXT_LOAD, &sqlite_load},       {ELQ_EXT_REVIEW, &sqlite_review},
	};
	for (size_t i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++)
		if (strlen(extensions[i].name) == size &&
		    memcmp(extensions[i].name, name, (size_t)size) == 0)
			return extensions[i].vtable;
	return NULL;
}

static const struct elq_driver driver = {
	.struct_size = sizeof(driver),
	.open = slot_open,
	.close = slot_close,
	.describe = slot_describe,
	.next_statement = slot_next_statement,
	.execute = slot_execute,
	.begin = slot_begin,
	.commit = slot_commit,
	.rollback = slot_rollback,
	.cancel = slot_cancel,
	.get_extension = slot_get_extension,
};

#define STR(literal)                                                                                   \
	{                                                                                              \
		.data = (literal), .size = sizeof(literal) - 1                                         \
	}

static const struct elq_param params[] = {
	{
		.struct_size = sizeof(struct elq_param),
		.type = ELQ_PARAM_PATH,
		.name = STR("path"),
		.help = STR("the database file; its folder must exist"),
	},
	{
		.struct_size = sizeof(struct elq_param),
		.type = ELQ_PARAM_TEXT,
		.flags = ELQ_PARAM_SECRET,
		.name = STR("url"),
		.help = STR("instead of path: sqlite:relative/path or sqlite:///absolute/path"),
	},
	{
		.struct_size = sizeof(struct elq_param),
		.type = ELQ_PARAM_DURATION,
		.name = STR("lock_timeout"),
		.default_value = STR("5s"),
		.help = STR("how long to wait for other programs' locks on the file"),
	},
	{
		.struct_size = sizeof(struct elq_param),
		.type = ELQ_PARAM_BOOL,
		.flags = ELQ_PARAM_MIGRATION,
		.name = STR("foreign_keys"),
		.default_value = STR("no"),
		.help = STR("enforce foreign keys while this migration runs"),
	},
};

static const struct elq_manifest manifest = {
	.magic = ELQ_MANIFEST_MAGIC,
	.struct_size = sizeof(manifest),
	.abi_major = ELQ_ABI_MAJOR,
	.abi_minor = ELQ_ABI_MINOR,
	.kind = ELQ_KIND_DRIVER,
	.caps = SQLITE_CAPS,
	.name = STR("sqlite"),
	.version = STR("0.1.0"),
	.params = params,
	.param_count = sizeof(params) / sizeof(params[0]),
	.ops = &driver,
};

ELQ_PLUGIN_NOTE(ELQ_KIND_DRIVER, "sqlite", "0.1.0", "sql", "sqlite sqlite3", "sql")
ELQ_PLUGIN_ENTRY(driver, sqlite, &manifest)
