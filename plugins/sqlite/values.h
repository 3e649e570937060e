/* values.h - the host's tagged values as SQLite's, and back. */
#ifndef SQLITE_VALUES_H
#define SQLITE_VALUES_H

#include "sqlite/internal.h"

/* Room for one row, used again for each. */
struct values {
	struct elq_value *items;
	uint64_t count;
};

#define VALUES_SCRATCH 40 /* bytes of the longest value that is written as text here */

/* Binds one value. What is written as text stands in `scratch`, kept as `keep` says
 * (SQLITE_STATIC: until the statement is reset); bytes and texts are borrowed. An SQLite
 * code; SQLITE_RANGE and SQLITE_MISMATCH: this value cannot be stored. */
int values_bind_one(sqlite3_stmt *statement, int at, const struct elq_value *value,
		    char scratch[VALUES_SCRATCH], sqlite3_destructor_type keep);
/* Binds by position. ELQ_ERR_INVALID when the statement wants another number
 * of values. What is bound is borrowed until the statement is reset. */
int32_t values_bind(struct elq_connection *connection, sqlite3_stmt *statement,
		    const struct elq_value *params, uint64_t count);
/* Tells the sink the columns and makes room for rows. ELQ_ERR_STOPPED. */
int32_t values_columns(struct elq_connection *connection, sqlite3_stmt *statement,
		       const struct elq_sink *sink, struct values *ret);
/* Pours the row the statement stands on. ELQ_ERR_STOPPED. */
int32_t values_row(struct elq_connection *connection, sqlite3_stmt *statement,
		   const struct elq_sink *sink, struct values *values);
void values_free(struct values *values);

#endif
