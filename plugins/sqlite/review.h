/* review.h - what the files of elq.review share. Nothing outside them.
 *
 * The review looks at each statement from two sides: SQLite itself prepares it on a
 * clone of the schema (clone.c) while an authorizer takes down what it would touch,
 * and the lexer reads what the authorizer cannot see (sqlkit/review.h). What the
 * plan itself made, and what it copied before, is kept in known.c. review.c says
 * what follows. */
#ifndef SQLITE_REVIEW_H
#define SQLITE_REVIEW_H

#include "sqlite/internal.h"

#include "sqlkit/review.h"

#include <eloquent/review.h>

/* ---- what a statement would touch ------------------------------------------- */

/* One call of the authorizer. */
struct event {
	int action;  /* SQLITE_DELETE, ... */
	char *first; /* as SQLite gives them; "" for NULL */
	char *second;
	char *trigger; /* whose program it is; NULL: the statement's own */
};
struct events {
	struct event *items;
	uint64_t count;
	uint64_t capacity;
	bool recording;
	bool no_memory;
};

/* ---- known.c: the tables of the clone, and what is in them on the real database ----- */

struct known {
	int64_t row;        /* of sqlite_schema: it stays when the table is renamed */
	char *name;         /* now */
	char *origin;       /* what the database calls the rows that it holds */
	bool born;          /* made by the plan: nothing of before is in it */
	bool module;        /* a virtual table */
	struct names fresh; /* columns that the plan added: nothing of before is in them */
	/* The rows of another table, copied into this one: both lists in the same order. */
	int64_t copy_of;        /* that table's row; 0: none */
	struct names kept_from; /* its columns */
	struct names kept_as;   /* this table's columns that hold them */
};
struct known_tables {
	struct known *items;
	uint64_t count;
	uint64_t capacity;
};
struct elq_review;

struct known *known_find(struct known_tables *tables, const char *name); /* or NULL */
/* All below: false when memory ran out. */
bool known_add(struct known_tables *tables, int64_t row, const char *name, bool module, bool born);
void known_remove(struct known_tables *tables, struct known *table);
bool known_rename(struct known *table, const char *name);
/* The rows of `from` stand in `into` too, in columns that the two lists pair. */
bool known_keep(struct known *table, const char *from, const char *as);
/* A column of the plan's own is gone, or called otherwise: its name is free again. */
void known_unfresh(struct known *table, const char *column);
/* A column of a copy is no longer what it was. */
void known_lose(struct known *table, const char *as);
void known_forget_copy(struct known *table);
/* Nobody holds a copy of this table any more. */
void known_forget_copies_of(struct known_tables *tables, const struct known *table);
struct known *known_copy_of(struct known_tables *tables, const struct known *table); /* or NULL */
/* `table` is dropped and `copy` holds its rows: it is what `table` was. */
bool known_inherit(struct known *copy, const struct known *table);
/* Nothing counts as the plan's own any more. */
void known_distrust(struct known_tables *tables);
void known_free(struct known_tables *tables);

/* ---- clone.c ------------------------------------------------------------------- */

struct elq_review {
	struct elq_connection *connection;
	sqlite3 *clone;
	struct known_tables tables;
	struct names missing; /* tables, views and indexes that could not be cloned */
	struct names blind;   /* tables with a trigger that could not be cloned */
	struct events events; /* of the statement that is prepared now */
	int64_t steps_left;   /* of the statement that runs on the clone */
	uint64_t next;        /* number of the next statement */
	bool autocommit;      /* the unit has no transaction */
	bool lost;            /* something could not be judged */
};

/* The schema of the connection in memory, without a row. */
int32_t clone_open(struct elq_review *review);
void clone_close(struct elq_review *review);
/* Prepares one statement under the authorizer. *ret_why: NULL, or why it cannot be judged
 * (for `free` by sqlite3_free); *ret then is NULL. */
int32_t clone_prepare(struct elq_review *review, const struct elq_str *text, sqlite3_stmt **ret,
		      char **ret_why);
/* Runs a prepared statement to its end, within limits. */
int32_t clone_run(struct elq_review *review, sqlite3_stmt *statement, char **ret_why);
/* A statement of ours on the clone, composed with sqlite3_mprintf and freed here. */
int32_t clone_query(struct elq_review *review, char *text,
		    int32_t (*row)(void *context, sqlite3_stmt *statement), void *context);
/* The first value of a query of ours; *ret is NULL when there is no row. */
int32_t clone_text(struct elq_review *review, char *query, char **ret);
/* The text that a table or a trigger was made with; *ret is NULL when there is none. */
int32_t clone_sql(struct elq_review *review, const char *type, const char *name, char **ret);
/* Clean settings and no temporary object: the next unit begins. */
int32_t clone_reset(struct elq_review *review, bool foreign_keys);

/* ---- columns (columns.c) ------------------------------------------------------- */

enum affinity { AFFINITY_NONE, AFFINITY_TEXT, AFFINITY_NUMERIC, AFFINITY_REAL };
struct column {
	char *name;
	enum affinity affinity;
	bool generated;
};
struct columns {
	struct column *items;
	uint64_t count;
	uint64_t capacity;
};
/* Of a table of the clone, in order. */
int32_t columns_read(struct elq_review *review, const char *table, struct columns *ret);
const struct column *columns_find(const struct columns *columns, const char *name); /* or NULL */
void columns_free(struct columns *columns);
/* INSERT INTO ... SELECT or CREATE TABLE ... AS SELECT: takes down what of the source stands
 * in the target as it was, if that is proven. */
int32_t columns_take_copy(struct elq_review *review, const struct elq_str *text);

/* ---- one statement ------------------------------------------------------------ */

/* One statement on its way. */
struct judging {
	struct elq_review *review;
	const struct elq_str *text;
	struct sqlkit_shape shape;
	const struct elq_finding_sink *sink;
	uint64_t number;
	bool enough; /* the sink wants no more of it */
};

/* findings.c */
int32_t review_no_memory(const struct elq_review *review);
/* "users" or "users.email" as review.h of the ABI wants it; column may be NULL. NULL: no
 * memory. sqlite3_free frees it. */
char *object_of(const char *table, const char *column);
/* object may be NULL and is freed here; named: then there is no memory. */
int32_t report(struct judging *judging, uint32_t severity, const char *rule, char *object, bool named,
	       const char *format, ...) __attribute__((format(printf, 6, 7)));
/* DESTROYS: "<what> users.email<how>". */
int32_t report_loss(struct judging *judging, const char *rule, const char *table, const char *column,
		    const char *what, const char *how);
/* OPAQUE: "<what><why>". Nothing counts as the plan's own any more: what the statement did
 * to the schema is not known. */
int32_t report_opaque(struct judging *judging, const char *rule, const char *what, const char *why);

/* rows.c: INSERT, UPDATE or DELETE on a table, whoever does it. */
int32_t judge_rows(struct judging *judging, const struct event *event);
/* drops.c: all that a DROP takes with it. */
int32_t judge_drop(struct judging *judging);
/* definitions.c: runs CREATE, ALTER, DROP and ANALYZE on the clone and learns what came of
 * it; other statements are not run. */
int32_t run_definition(struct judging *judging, sqlite3_stmt *statement);

#endif
