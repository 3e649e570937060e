/* values.c - the host's tagged values as SQLite's, and back.
 *
 * SQLite has five types. What has no type of its own there is stored as the
 * text that its date functions read (dates, times: UTC where there is a zone),
 * as text (decimals, JSON) or as bytes (UUIDs, documents). */
#include "sqlite/values.h"

#include <time.h>

#define DAY_SECONDS 86400
#define MICROS 1000000

/* Divides rounding down, so that moments before 1970 keep their day. */
static int64_t floor_div(int64_t value, int64_t by)
{
	return value / by - (value % by < 0);
}

static int bind_printed(sqlite3_stmt *statement, int at, char *text)
{
	return text ? sqlite3_bind_text(statement, at, text, -1, sqlite3_free) : SQLITE_NOMEM;
}

static int bind_time(sqlite3_stmt *statement, int at, uint32_t type, int64_t value)
{
	struct tm tm;
	int64_t micros = 0;
	int64_t seconds = 0;
	if (type == ELQ_TYPE_DATE) {
		if (value > INT64_MAX / DAY_SECONDS || value < INT64_MIN / DAY_SECONDS)
			return SQLITE_RANGE;
		seconds = value * DAY_SECONDS;
	} else {
		seconds = floor_div(value, MICROS);
		micros = value - seconds * MICROS;
	}
	time_t when = seconds;
	if (!gmtime_r(&when, &tm))
		return SQLITE_RANGE;
	if (type == ELQ_TYPE_TIME)
		return bind_printed(statement, at,
				    sqlite3_mprintf("%02d:%02d:%02d.%06lld", tm.tm_hour, tm.tm_min,
						    tm.tm_sec, (long long)micros));
	char *date = sqlite3_mprintf("%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
	if (type == ELQ_TYPE_DATE || !date)
		return bind_printed(statement, at, date);
	char *moment =
		sqlite3_mprintf("%s %02d:%02d:%02d.%06lld%s", date, tm.tm_hour, tm.tm_min, tm.tm_sec,
				(long long)micros, type == ELQ_TYPE_TIMESTAMPTZ ? "Z" : "");
	sqlite3_free(date);
	return bind_printed(statement, at, moment);
}

static int bind_one(sqlite3_stmt *statement, int at, const struct elq_value *value)
{
	const void *data = value->as.data ? value->as.data : "";
	switch (value->type) {
	case ELQ_TYPE_NULL:
		return sqlite3_bind_null(statement, at);
	case ELQ_TYPE_BOOL:
	case ELQ_TYPE_I64:
		return sqlite3_bind_int64(statement, at, value->as.i64);
	case ELQ_TYPE_U64:
		return value->as.u64 > INT64_MAX
			       ? SQLITE_RANGE
			       : sqlite3_bind_int64(statement, at, (int64_t)value->as.u64);
	case ELQ_TYPE_F64:
		return sqlite3_bind_double(statement, at, value->as.f64);
	case ELQ_TYPE_DECIMAL:
	case ELQ_TYPE_TEXT:
	case ELQ_TYPE_JSON:
		return sqlite3_bind_text64(statement, at, data, value->size, SQLITE_STATIC,
					   SQLITE_UTF8);
	case ELQ_TYPE_BYTES:
	case ELQ_TYPE_UUID:
	case ELQ_TYPE_DOCUMENT:
		return sqlite3_bind_blob64(statement, at, data, value->size, SQLITE_STATIC);
	case ELQ_TYPE_DATE:
	case ELQ_TYPE_TIME:
	case ELQ_TYPE_TIMESTAMP:
	case ELQ_TYPE_TIMESTAMPTZ:
		return bind_time(statement, at, value->type, value->as.i64);
	default:
		return SQLITE_MISMATCH;
	}
}

int32_t values_bind(struct elq_connection *connection, sqlite3_stmt *statement,
		    const struct elq_value *params, uint64_t count)
{
	int wanted = sqlite3_bind_parameter_count(statement);
	if ((uint64_t)wanted != count)
		return sqlkit_fail(connection->call, ELQ_ERR_INVALID,
				   "write the values themselves; a migration has no parameters",
				   "the statement has %d parameters and got %llu values", wanted,
				   (unsigned long long)count);
	for (int i = 0; i < wanted; i++) {
		switch (bind_one(statement, i + 1, &params[i])) {
		case SQLITE_OK:
			break;
		case SQLITE_RANGE:
		case SQLITE_MISMATCH:
			return sqlkit_fail(connection->call, ELQ_ERR_INVALID, NULL,
					   "SQLite cannot store value %d (type %u)", i + 1,
					   (unsigned)params[i].type);
		default:
			return failure_report(connection, connection->db);
		}
	}
	return ELQ_OK;
}

static bool sink_has(const struct elq_sink *sink, bool columns)
{
	return columns ? ELQ_REACHES(sink->struct_size, struct elq_sink, columns) && sink->columns
		       : ELQ_REACHES(sink->struct_size, struct elq_sink, row) && sink->row;
}

int32_t values_columns(struct elq_connection *connection, sqlite3_stmt *statement,
		       const struct elq_sink *sink, struct values *ret)
{
	uint64_t count = (uint64_t)sqlite3_column_count(statement);
	ret->items = sqlite3_malloc64((count + 1) * sizeof(*ret->items));
	ret->count = count;
	if (!ret->items)
		return failure_no_memory(connection->call);
	if (!sink_has(sink, true))
		return ELQ_OK;
	struct elq_column *columns = sqlite3_malloc64((count + 1) * sizeof(*columns));
	if (!columns)
		return failure_no_memory(connection->call);
	for (uint64_t i = 0; i < count; i++)
		columns[i] = (struct elq_column){
			.struct_size = sizeof(columns[i]),
			.type = ELQ_TYPE_NULL, /* a column of SQLite's holds any type */
			.name = sqlkit_str(sqlite3_column_name(statement, (int)i)),
		};
	int32_t enough = sink->columns(sink->context, columns, count);
	sqlite3_free(columns);
	return enough ? ELQ_ERR_STOPPED : ELQ_OK;
}

static void take_column(sqlite3_stmt *statement, int i, struct elq_value *ret)
{
	*ret = (struct elq_value){.type = ELQ_TYPE_NULL};
	switch (sqlite3_column_type(statement, i)) {
	case SQLITE_INTEGER:
		ret->type = ELQ_TYPE_I64;
		ret->as.i64 = sqlite3_column_int64(statement, i);
		break;
	case SQLITE_FLOAT:
		ret->type = ELQ_TYPE_F64;
		ret->as.f64 = sqlite3_column_double(statement, i);
		break;
	case SQLITE_TEXT:
		ret->type = ELQ_TYPE_TEXT;
		ret->as.data = sqlite3_column_text(statement, i);
		ret->size = (uint64_t)sqlite3_column_bytes(statement, i);
		break;
	case SQLITE_BLOB:
		ret->type = ELQ_TYPE_BYTES;
		ret->as.data = sqlite3_column_blob(statement, i);
		ret->size = (uint64_t)sqlite3_column_bytes(statement, i);
		if (!ret->as.data)
			ret->as.data = ""; /* SQLite has no address for no bytes */
		break;
	default:
		break;
	}
}

int32_t values_row(struct elq_connection *connection, sqlite3_stmt *statement,
		   const struct elq_sink *sink, struct values *values)
{
	if (!sink_has(sink, false))
		return ELQ_OK;
	for (uint64_t i = 0; i < values->count; i++) {
		take_column(statement, (int)i, &values->items[i]);
		if (values->items[i].type == ELQ_TYPE_TEXT && !values->items[i].as.data)
			return failure_no_memory(connection->call);
	}
	return sink->row(sink->context, values->items, values->count) ? ELQ_ERR_STOPPED : ELQ_OK;
}

void values_free(struct values *values)
{
	sqlite3_free(values->items);
	*values = (struct values){0};
}
