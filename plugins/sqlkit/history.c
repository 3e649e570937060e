/* history.c - elq.history for any SQL driver. */
#include "sqlkit/history.h"

#include "sqlkit/error.h"
#include "sqlkit/ours.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* The columns, in the order of struct elq_event's members. */
static const struct column {
	const char *name;
	bool integer;
	size_t offset; /* of its member in struct elq_event */
} columns[] = {
	{"sequence", true, offsetof(struct elq_event, sequence)},
	{"run", false, offsetof(struct elq_event, run)},
	{"batch", true, offsetof(struct elq_event, batch)},
	{"version", false, offsetof(struct elq_event, version)},
	{"name", false, offsetof(struct elq_event, name)},
	{"checksum", false, offsetof(struct elq_event, checksum)},
	{"direction", false, offsetof(struct elq_event, direction)},
	{"event", false, offsetof(struct elq_event, event)},
	{"statement", true, offsetof(struct elq_event, statement)},
	{"actor", false, offsetof(struct elq_event, actor)},
	{"host", false, offsetof(struct elq_event, host)},
	{"tool", false, offsetof(struct elq_event, tool)},
	{"audit_head", false, offsetof(struct elq_event, audit_head)},
	{"detail", false, offsetof(struct elq_event, detail)},
	{"previous", false, offsetof(struct elq_event, previous)},
	{"hash", false, offsetof(struct elq_event, hash)},
	{"duration_us", true, offsetof(struct elq_event, duration_us)},
	{"rows", true, offsetof(struct elq_event, rows)},
	{"at", false, offsetof(struct elq_event, at)},
};
#define COLUMN_COUNT (sizeof(columns) / sizeof(columns[0]))
#define WRITTEN_COUNT (COLUMN_COUNT - 1) /* "at" is the server's */

/* ---- the statements ------------------------------------------------------- */

/* Appends to a text of fixed capacity, which compose() chose large enough. */
__attribute__((format(printf, 3, 4))) static void add(char *text, size_t capacity, const char *format,
						      ...)
{
	size_t used = strlen(text);
	va_list args;
	va_start(args, format);
	vsnprintf(text + used, capacity - used, format, args);
	va_end(args);
}

/* `table` ("h." or "") before each name: SQLite reads a lone "name" that it does
 * not know as a string, and a foreign table of our name would pass for ours. */
static void add_columns(char *text, size_t capacity, char quote, const char *table, size_t count)
{
	for (size_t i = 0; i < count; i++)
		add(text, capacity, "%s%s%c%s%c", i ? ", " : "", table, quote, columns[i].name, quote);
}

static void add_parameters(char *text, size_t capacity, const char *parameter, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (parameter[0] == '?')
			add(text, capacity, "%s?", i ? ", " : "");
		else
			add(text, capacity, "%s%s%zu", i ? ", " : "", parameter, i + 1);
}

static void compose_history(struct sqlkit_history *history,
			    const struct sqlkit_history_dialect *dialect)
{
	const char q = dialect->quote;
	char *text = history->create_history;
	size_t capacity = sizeof(history->create_history);
	add(text, capacity, "CREATE TABLE IF NOT EXISTS %s" SQLKIT_HISTORY_TABLE " (\n",
	    dialect->schema);
	for (size_t i = 0; i < COLUMN_COUNT; i++) {
		add(text, capacity, "  %c%s%c %s", q, columns[i].name, q,
		    columns[i].integer ? dialect->integer : dialect->text);
		if (i == 0)
			add(text, capacity, " PRIMARY KEY NOT NULL");
		if (i + 1 == COLUMN_COUNT)
			add(text, capacity, " NOT NULL DEFAULT (%s)", dialect->now);
		add(text, capacity, i + 1 < COLUMN_COUNT ? ",\n" : "\n)");
	}

	text = history->append;
	capacity = sizeof(history->append);
	add(text, capacity, "INSERT INTO %s" SQLKIT_HISTORY_TABLE " (", dialect->schema);
	add_columns(text, capacity, q, "", WRITTEN_COUNT);
	add(text, capacity, ") VALUES (");
	add_parameters(text, capacity, dialect->parameter, WRITTEN_COUNT);
	add(text, capacity, ")");

	text = history->read;
	capacity = sizeof(history->read);
	add(text, capacity, "SELECT ");
	add_columns(text, capacity, q, "h.", COLUMN_COUNT);
	add(text, capacity, " FROM %s" SQLKIT_HISTORY_TABLE " AS h WHERE h.%csequence%c > ",
	    dialect->schema, q, q);
	add_parameters(text, capacity, dialect->parameter, 1);
	add(text, capacity, " ORDER BY h.%csequence%c", q, q);
}

static void compose_meta(struct sqlkit_history *history, const struct sqlkit_history_dialect *dialect)
{
	const char q = dialect->quote;
	snprintf(history->create_meta, sizeof(history->create_meta),
		 "CREATE TABLE IF NOT EXISTS %s" SQLKIT_META_TABLE " (\n"
		 "  %ckey%c %s PRIMARY KEY NOT NULL,\n"
		 "  %cvalue%c %s NOT NULL\n)",
		 dialect->schema, q, q, dialect->key, q, q, dialect->text);
	snprintf(history->read_meta, sizeof(history->read_meta),
		 "SELECT m.%ckey%c, m.%cvalue%c FROM %s" SQLKIT_META_TABLE " AS m ORDER BY m.%ckey%c",
		 q, q, q, q, dialect->schema, q, q);
	add(history->remove_meta, sizeof(history->remove_meta),
	    "DELETE FROM %s" SQLKIT_META_TABLE " WHERE %ckey%c = ", dialect->schema, q, q);
	add_parameters(history->remove_meta, sizeof(history->remove_meta), dialect->parameter, 1);
	add(history->insert_meta, sizeof(history->insert_meta),
	    "INSERT INTO %s" SQLKIT_META_TABLE " (%ckey%c, %cvalue%c) VALUES (", dialect->schema, q, q,
	    q, q);
	add_parameters(history->insert_meta, sizeof(history->insert_meta), dialect->parameter, 2);
	add(history->insert_meta, sizeof(history->insert_meta), ")");
}

void sqlkit_history_compose(struct sqlkit_history *history,
			    const struct sqlkit_history_dialect *dialect)
{
	history->create_history[0] = history->append[0] = history->read[0] = '\0';
	history->remove_meta[0] = history->insert_meta[0] = '\0';
	compose_history(history, dialect);
	compose_meta(history, dialect);
}

/* ---- running them --------------------------------------------------------- */

static struct elq_value text_value(const struct elq_str *text)
{
	if (!text->data)
		return (struct elq_value){.type = ELQ_TYPE_NULL};
	return (struct elq_value){.type = ELQ_TYPE_TEXT, .as.data = text->data, .size = text->size};
}

static struct elq_value integer_value(int64_t integer)
{
	if (integer < 0)
		return (struct elq_value){.type = ELQ_TYPE_NULL};
	return (struct elq_value){.type = ELQ_TYPE_I64, .as.i64 = integer};
}

static int32_t run(const struct sqlkit_history *history, const struct elq_call *call,
		   struct elq_connection *connection, const char *text, const struct elq_value *params,
		   uint64_t param_count, const struct elq_sink *sink)
{
	struct elq_statement statement = {
		.struct_size = sizeof(statement),
		.flags = ELQ_EXECUTE_OURS,
		.text = sqlkit_str(text),
		.params = params,
		.param_count = param_count,
	};
	return history->execute(call, connection, &statement, sink, NULL);
}

/* Is what stands there under our names really ours? It is a table, and reading
 * no row of it succeeds. */
static int32_t check_shape(const struct sqlkit_history *history, const struct elq_call *call,
			   struct elq_connection *connection, const char *table, const char *read,
			   uint64_t param_count)
{
	struct elq_value last = {.type = ELQ_TYPE_I64, .as.i64 = INT64_MAX};
	int32_t there = 0;
	int32_t status = history->exists(call, connection, table, &there);
	if (status == ELQ_OK && there)
		status = run(history, call, connection, read, &last, param_count, NULL);
	bool ours = status == ELQ_OK && there;
	if (ours || (status != ELQ_OK && status != ELQ_ERR_FAILED))
		return status; /* done, or a trouble that says nothing about the table */
	return sqlkit_fail(call, ELQ_ERR_CORRUPT,
			   "rename that object; this name is reserved for the history of migrations",
			   "something named %s exists, and it is not the table that eloquent made",
			   table);
}

int32_t sqlkit_history_create(const struct sqlkit_history *history, const struct elq_call *call,
			      struct elq_connection *connection)
{
	int32_t status = run(history, call, connection, history->create_history, NULL, 0, NULL);
	if (status == ELQ_OK)
		status = run(history, call, connection, history->create_meta, NULL, 0, NULL);
	if (status == ELQ_OK)
		status = check_shape(history, call, connection, SQLKIT_HISTORY_TABLE, history->read, 1);
	if (status == ELQ_OK)
		status = check_shape(history, call, connection, SQLKIT_META_TABLE, history->read_meta,
				     0);
	return status;
}

int32_t sqlkit_history_append(const struct sqlkit_history *history, const struct elq_call *call,
			      struct elq_connection *connection, const struct elq_event *event)
{
	struct elq_event own = {0};
	memcpy(&own, event, event->struct_size < sizeof(own) ? event->struct_size : sizeof(own));
	struct elq_value values[WRITTEN_COUNT];
	for (size_t i = 0; i < WRITTEN_COUNT; i++) {
		const char *member = (const char *)&own + columns[i].offset;
		values[i] = columns[i].integer
				    ? integer_value(*(const int64_t *)(const void *)member)
				    : text_value((const struct elq_str *)(const void *)member);
	}
	if (own.sequence < 1)
		return sqlkit_fail(call, ELQ_ERR_INVALID, NULL, "an event's sequence begins with 1");
	return run(history, call, connection, history->append, values, WRITTEN_COUNT, NULL);
}

/* ---- reading -------------------------------------------------------------- */

struct reading {
	const struct elq_call *call;
	const struct elq_event_sink *sink;
	int32_t failure; /* of ours, while the driver believes that the sink had enough */
};

static bool value_fits(const struct elq_value *value, bool integer)
{
	return value->type == ELQ_TYPE_NULL ||
	       value->type == (integer ? (uint32_t)ELQ_TYPE_I64 : (uint32_t)ELQ_TYPE_TEXT);
}

static int32_t take_row(void *context, const struct elq_value *values, uint64_t count)
{
	struct reading *reading = context;
	struct elq_event event = {.struct_size = sizeof(event)};
	for (size_t i = 0; i < COLUMN_COUNT && i < count; i++) {
		char *member = (char *)&event + columns[i].offset;
		bool absent = values[i].type == ELQ_TYPE_NULL;
		if (!value_fits(&values[i], columns[i].integer)) {
			reading->failure =
				sqlkit_fail(reading->call, ELQ_ERR_CORRUPT,
					    "somebody wrote to the history; compare it with a backup",
					    "column %s of event %lld in " SQLKIT_HISTORY_TABLE
					    " holds a value of another type",
					    columns[i].name, (long long)values[0].as.i64);
			return 1;
		}
		if (columns[i].integer) {
			int64_t integer = absent ? -1 : values[i].as.i64;
			memcpy(member, &integer, sizeof(integer));
		} else {
			struct elq_str text = {absent ? NULL : values[i].as.data, values[i].size};
			memcpy(member, &text, sizeof(text));
		}
	}
	return reading->sink->event(reading->sink->context, &event);
}

int32_t sqlkit_history_read(const struct sqlkit_history *history, const struct elq_call *call,
			    struct elq_connection *connection, int64_t after,
			    const struct elq_event_sink *sink)
{
	int32_t there = 0;
	int32_t status = history->exists(call, connection, SQLKIT_HISTORY_TABLE, &there);
	if (status != ELQ_OK || !there)
		return status;
	struct reading reading = {.call = call, .sink = sink, .failure = ELQ_OK};
	struct elq_sink rows = {.struct_size = sizeof(rows), .context = &reading, .row = take_row};
	struct elq_value value = {.type = ELQ_TYPE_I64, .as.i64 = after};
	status = run(history, call, connection, history->read, &value, 1, &rows);
	return reading.failure != ELQ_OK ? reading.failure : status;
}

int32_t sqlkit_history_read_meta(const struct sqlkit_history *history, const struct elq_call *call,
				 struct elq_connection *connection, const struct elq_sink *sink)
{
	int32_t there = 0;
	int32_t status = history->exists(call, connection, SQLKIT_META_TABLE, &there);
	if (status != ELQ_OK)
		return status;
	if (there)
		return run(history, call, connection, history->read_meta, NULL, 0, sink);
	if (!ELQ_REACHES(sink->struct_size, struct elq_sink, columns) || !sink->columns)
		return ELQ_OK;
	const struct elq_column none[] = {
		{sizeof(none[0]), ELQ_TYPE_TEXT, sqlkit_str("key")},
		{sizeof(none[0]), ELQ_TYPE_TEXT, sqlkit_str("value")},
	};
	return sink->columns(sink->context, none, 2) ? ELQ_ERR_STOPPED : ELQ_OK;
}

int32_t sqlkit_history_write_meta(const struct sqlkit_history *history, const struct elq_call *call,
				  struct elq_connection *connection, const struct elq_str *key,
				  const struct elq_str *value)
{
	if (!key->data)
		return sqlkit_fail(call, ELQ_ERR_INVALID, NULL, "metadata needs a key");
	struct elq_value values[2] = {text_value(key)};
	int32_t status = run(history, call, connection, history->remove_meta, values, 1, NULL);
	if (status != ELQ_OK || !value || !value->data)
		return status;
	values[1] = text_value(value);
	return run(history, call, connection, history->insert_meta, values, 2, NULL);
}
