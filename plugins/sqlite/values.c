/* values.c - the host's tagged values as SQLite's, and back.
 *
 * SQLite has five types. What has no type of its own there is stored as the
 * text that its date functions read (dates, times: UTC where there is a zone),
 * as text (decimals, JSON, UUIDs) or as bytes (documents). Always six digits of
 * a second, so that texts sort as moments do. */
#include "sqlite/values.h"

#include <math.h>
#include <string.h>

#define DAY_MICROS (INT64_C(86400) * 1000000)
/* SQLite's date functions know the years 0000 to 9999. */
#define FIRST_DAY (-719528)
#define LAST_DAY 2932896

/* Writes `digits` decimal digits; returns what is behind them. */
static char *put_number(char *to, int64_t value, int digits)
{
	for (int i = digits - 1; i >= 0; i--) {
		to[i] = (char)('0' + value % 10);
		value /= 10;
	}
	return to + digits;
}

/* The civil calendar from days, counted in eras of 400 years that begin in March
 * (Howard Hinnant, "chrono-compatible low-level date algorithms"). */
static char *put_date(char *to, int64_t days)
{
	int64_t shifted = days + 719468;
	int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
	int64_t of_era = shifted - era * 146097;
	int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t month = (5 * of_year + 2) / 153;
	int64_t day = of_year - (153 * month + 2) / 5 + 1;
	month = month < 10 ? month + 3 : month - 9;
	to = put_number(to, year_of_era + era * 400 + (month <= 2), 4);
	*to++ = '-';
	to = put_number(to, month, 2);
	*to++ = '-';
	return put_number(to, day, 2);
}

static char *put_time(char *to, int64_t micros)
{
	int64_t seconds = micros / 1000000;
	to = put_number(to, seconds / 3600, 2);
	*to++ = ':';
	to = put_number(to, seconds / 60 % 60, 2);
	*to++ = ':';
	to = put_number(to, seconds % 60, 2);
	*to++ = '.';
	return put_number(to, micros % 1000000, 6);
}

/* 0: SQLite's functions would not read it. */
static size_t format_time(uint32_t type, int64_t value, char *text)
{
	if (type == ELQ_TYPE_TIME)
		return value < 0 || value >= DAY_MICROS ? 0 : (size_t)(put_time(text, value) - text);
	/* Rounds down, so that moments before 1970 keep their day. */
	int64_t days = type == ELQ_TYPE_DATE ? value : value / DAY_MICROS - (value % DAY_MICROS < 0);
	if (days < FIRST_DAY || days > LAST_DAY)
		return 0;
	char *end = put_date(text, days);
	if (type != ELQ_TYPE_DATE) {
		*end++ = ' ';
		end = put_time(end, value - days * DAY_MICROS);
		if (type == ELQ_TYPE_TIMESTAMPTZ)
			*end++ = 'Z';
	}
	return (size_t)(end - text);
}

/* 8-4-4-4-12 hexadecimal digits, lower case. */
static size_t format_uuid(const unsigned char *bytes, char *text)
{
	static const char digits[] = "0123456789abcdef";
	char *to = text;
	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*to++ = '-';
		*to++ = digits[bytes[i] >> 4];
		*to++ = digits[bytes[i] & 15];
	}
	return (size_t)(to - text);
}

static int bind_formatted(sqlite3_stmt *statement, int at, const char *text, size_t size,
			  sqlite3_destructor_type keep)
{
	return size ? sqlite3_bind_text(statement, at, text, (int)size, keep) : SQLITE_RANGE;
}

int values_bind_one(sqlite3_stmt *statement, int at, const struct elq_value *value,
		    char scratch[VALUES_SCRATCH], sqlite3_destructor_type keep)
{
	const void *data = value->as.data ? value->as.data : "";
	switch (value->type) {
	case ELQ_TYPE_NULL:
		return sqlite3_bind_null(statement, at);
	case ELQ_TYPE_BOOL:
		return sqlite3_bind_int64(statement, at, value->as.i64 != 0);
	case ELQ_TYPE_I64:
		return sqlite3_bind_int64(statement, at, value->as.i64);
	case ELQ_TYPE_U64:
		return value->as.u64 > INT64_MAX
			       ? SQLITE_RANGE
			       : sqlite3_bind_int64(statement, at, (int64_t)value->as.u64);
	case ELQ_TYPE_F64: /* SQLite would store NULL for what is no number */
		return isnan(value->as.f64) ? SQLITE_RANGE
					    : sqlite3_bind_double(statement, at, value->as.f64);
	case ELQ_TYPE_DECIMAL:
	case ELQ_TYPE_TEXT:
	case ELQ_TYPE_JSON:
		return sqlite3_bind_text64(statement, at, data, value->size, SQLITE_STATIC,
					   SQLITE_UTF8);
	case ELQ_TYPE_BYTES:
	case ELQ_TYPE_DOCUMENT:
		return sqlite3_bind_blob64(statement, at, data, value->size, SQLITE_STATIC);
	case ELQ_TYPE_UUID:
		return bind_formatted(statement, at, scratch,
				      value->size == 16 ? format_uuid(data, scratch) : 0, keep);
	case ELQ_TYPE_DATE:
	case ELQ_TYPE_TIME:
	case ELQ_TYPE_TIMESTAMP:
	case ELQ_TYPE_TIMESTAMPTZ:
		return bind_formatted(statement, at, scratch,
				      format_time(value->type, value->as.i64, scratch), keep);
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
				   "write the values themselves; a script has no parameters",
				   "the statement has %d parameters and got %llu values", wanted,
				   (unsigned long long)count);
	for (int i = 0; i < wanted; i++) {
		char scratch[VALUES_SCRATCH];
		switch (values_bind_one(statement, i + 1, &params[i], scratch, SQLITE_TRANSIENT)) {
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
