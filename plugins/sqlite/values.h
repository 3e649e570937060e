/* values.h - the host's tagged values as SQLite's, and back. */
#ifndef SQLITE_VALUES_H
#define SQLITE_VALUES_H

#include "sqlite/internal.h"

/* Room for one row, used again for each. */
struct values {
	struct elq_value *items;
	uint64_t count;
};

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
