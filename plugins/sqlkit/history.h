/* history.h - elq.history for any SQL driver: the tables eloquent_history and
 * eloquent_meta, written and read through the driver's own execute.
 *
 * The driver gives its dialect as data and two callbacks; it keeps for itself
 * what only it knows: whether a unit is open and still ours. Events are stored
 * verbatim: text without value and negative integers become NULL and come back
 * as text without value and -1. */
#ifndef SQLKIT_HISTORY_H
#define SQLKIT_HISTORY_H

#include <eloquent/driver.h>

struct sqlkit_history_dialect {
	const char *schema;    /* stands before each table's name: "main." */
	char quote;            /* of column names: '"' or '`' */
	const char *integer;   /* type of a 64-bit integer */
	const char *text;      /* type of text of any length */
	const char *key;       /* type of text that is a primary key */
	const char *now;       /* default of "at": the server's clock, RFC 3339 UTC, as text */
	const char *parameter; /* "?": anonymous; "$": followed by its number */
};

/* The statements of one dialect, composed once per connection. Texts keep their
 * address and content, so that a driver may cache what it prepared for them. */
struct sqlkit_history {
	char create_history[1536];
	char create_meta[512];
	char append[1024];
	char read[1024];
	char read_meta[256];
	char remove_meta[256];
	char insert_meta[256];
	/* Runs a statement of ours: the slot execute() of driver.h. */
	int32_t (*execute)(const struct elq_call *call, struct elq_connection *connection,
			   const struct elq_statement *statement, const struct elq_sink *sink,
			   struct elq_result *ret_result);
	/* *ret = 1 when the table (a name of ours.h) is there, else 0. */
	int32_t (*exists)(const struct elq_call *call, struct elq_connection *connection,
			  const char *table, int32_t *ret);
};

void sqlkit_history_compose(struct sqlkit_history *history,
			    const struct sqlkit_history_dialect *dialect);

/* The slots of elq.history, with the same contracts and one argument more.
 * create: ELQ_ERR_CORRUPT when something else has the name of one of our
 * tables. read: ELQ_ERR_CORRUPT when a row is not one that append wrote. */
int32_t sqlkit_history_create(const struct sqlkit_history *history, const struct elq_call *call,
			      struct elq_connection *connection);
int32_t sqlkit_history_append(const struct sqlkit_history *history, const struct elq_call *call,
			      struct elq_connection *connection, const struct elq_event *event);
int32_t sqlkit_history_read(const struct sqlkit_history *history, const struct elq_call *call,
			    struct elq_connection *connection, int64_t after,
			    const struct elq_event_sink *sink);
int32_t sqlkit_history_read_meta(const struct sqlkit_history *history, const struct elq_call *call,
				 struct elq_connection *connection, const struct elq_sink *sink);
int32_t sqlkit_history_write_meta(const struct sqlkit_history *history, const struct elq_call *call,
				  struct elq_connection *connection, const struct elq_str *key,
				  const struct elq_str *value);

#endif
