/* load.h - an open load: what load_plan.c prepares and load.c carries out. */
#ifndef SQLITE_LOAD_H
#define SQLITE_LOAD_H

#include "sqlite/internal.h"

/* Rows per INSERT. More than this measured no faster, and fewer do not hide what a
 * statement costs. */
#define LOAD_ROWS 32

struct elq_load {
	struct elq_connection *connection;
	char *table;
	uint32_t mode;
	int columns;
	char **names;       /* of the columns */
	sqlite3_stmt *many; /* `rows` rows; NULL: row by row */
	sqlite3_stmt *one;  /* one row */
	uint64_t rows;      /* of `many` */
	char *scratch;      /* VALUES_SCRATCH bytes for each parameter */
	int64_t seen;       /* rows since begin() */
	int64_t statement;  /* rows that the running statement has inserted so far */
	int64_t replaced;   /* upsert: rows that were there, ever */
	int64_t inserted;   /* rows that the statements say they changed */
	int64_t cache;      /* PRAGMA cache_size as it was; valid with `widened` */
	bool widened;
	bool told; /* SQLite calls back for each row that goes into this table */
	bool over; /* its unit ended, or it failed */
};

/* Looks at the table, checks the plan against it and prepares the statements.
 * ELQ_ERR_NOT_FOUND, ELQ_ERR_INVALID. What it made is the load's, also on failure. */
int32_t load_prepare(struct elq_load *load, const struct elq_load_plan *plan);

/* The table of this name in main, as text that the caller frees with sqlite3_free:
 * ELQ_ERR_NOT_FOUND when there is none, or when it is a view. *ret_rowids (may be NULL): its
 * rows have row ids. */
int32_t load_find_table(struct elq_connection *connection, const struct elq_str *name, char **ret,
			bool *ret_rowids);

#endif
