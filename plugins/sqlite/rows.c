/* rows.c - what happens to rows: by a statement itself, by a trigger, or by an enforced
 * foreign key. The authorizer says who is touched; whether that deletes, overwrites or
 * replaces something says the text. */
#include "sqlite/review.h"

#include "sqlite/dialect.h"

#include <string.h>

/* How a loss comes about, when the statement does not say it. */
static char *through(const struct event *event)
{
	return event->trigger ? sqlite3_mprintf(" through the trigger %s", event->trigger)
			      : sqlite3_mprintf("");
}

static int32_t destroys_by(struct judging *judging, const struct event *event, const char *rule,
			   const struct known *table, const char *column, const char *what)
{
	char *how = through(event);
	if (!how)
		return review_no_memory(judging->review);
	int32_t status = report_loss(judging, rule, table->origin, column, what, how);
	sqlite3_free(how);
	return status;
}

/* REPLACE in the statement reaches into its triggers; or the trigger says it; or the
 * table's own definition does. The authorizer sees an INSERT each time. */
static int32_t replaces(struct judging *judging, const struct event *event, const struct known *table,
			bool *ret)
{
	struct elq_review *review = judging->review;
	const struct sqlkit_lexer *lexer = &sqlite_splitter.lexer;
	char *sql = NULL;
	*ret = judging->shape.replaces;
	if (*ret)
		return ELQ_OK;
	int32_t status = clone_sql(review, "table", table->name, &sql);
	*ret = sql && sqlkit_says(lexer, sql, strlen(sql), "CONFLICT", "REPLACE");
	sqlite3_free(sql);
	if (status != ELQ_OK || *ret || !event->trigger)
		return status;
	struct sqlkit_shape shape = {0};
	status = clone_sql(review, "trigger", event->trigger, &sql);
	if (sql)
		sqlkit_shape_read(lexer, sql, strlen(sql), &shape);
	*ret = shape.replaces;
	sqlite3_free(sql);
	return status;
}

static int32_t judge_insert(struct judging *judging, const struct event *event, struct known *table)
{
	struct elq_review *review = judging->review;
	bool replacing = false;
	int32_t status = replaces(judging, event, table, &replacing);
	if (status != ELQ_OK)
		return status;
	known_forget_copies_of(&review->tables, table);
	if (replacing)
		known_forget_copy(table);
	if (table->born)
		return ELQ_OK;
	if (table->module)
		return report_opaque(judging, "virtual_table",
				     "its module decides what an INSERT does to ", table->origin);
	return replacing ? destroys_by(judging, event, "replace", table, NULL,
				       "replaces the rows that collide in")
			 : ELQ_OK;
}

/* UPDATE t SET c = ... WHERE c IS NULL overwrites nothing. */
static bool only_fills(const struct judging *judging, const struct event *event)
{
	struct sqlkit_fill fill;
	const char *text = judging->text->data;
	return !event->trigger &&
	       sqlkit_fill_read(&sqlite_splitter.lexer, text, judging->text->size, "main", &fill) &&
	       sqlkit_token_is(&fill.table, text, event->first, strlen(event->first)) &&
	       sqlkit_token_is(&fill.column, text, event->second, strlen(event->second));
}

static int32_t judge_update(struct judging *judging, const struct event *event, struct known *table)
{
	bool replacing = false;
	int32_t status = replaces(judging, event, table, &replacing);
	if (status != ELQ_OK)
		return status;
	known_forget_copies_of(&judging->review->tables, table);
	known_lose(table, event->second);
	if (replacing)
		known_forget_copy(table);
	if (table->born)
		return ELQ_OK;
	if (replacing)
		status = destroys_by(judging, event, "replace", table, NULL,
				     "replaces the rows that collide in");
	if (status != ELQ_OK || names_contain(&table->fresh, event->second) ||
	    only_fills(judging, event))
		return status;
	return destroys_by(judging, event, "update", table, event->second, "overwrites values of");
}

static int32_t judge_delete(struct judging *judging, const struct event *event, struct known *table)
{
	known_forget_copies_of(&judging->review->tables, table);
	known_forget_copy(table);
	if (table->born)
		return ELQ_OK;
	/* The first one is the statement's own; foreign keys add theirs behind it. */
	bool own = event == judging->review->events.items;
	bool all = own && judging->shape.verb == SQLKIT_VERB_DELETE && !judging->shape.where;
	return all ? destroys_by(judging, event, "delete_all", table, NULL, "deletes every row of")
		   : destroys_by(judging, event, "delete_rows", table, NULL, "deletes rows of");
}

/* Definitions and ANALYZE write SQLite's own tables; the counters of AUTOINCREMENT
 * are the user's when a statement names them. */
static bool is_internal(const struct judging *judging, const char *table)
{
	enum sqlkit_verb verb = judging->shape.verb;
	bool rows = verb == SQLKIT_VERB_INSERT || verb == SQLKIT_VERB_REPLACE ||
		    verb == SQLKIT_VERB_UPDATE || verb == SQLKIT_VERB_DELETE;
	if (sqlite3_strnicmp(table, "sqlite_", 7) != 0)
		return false;
	return !rows || sqlite3_stricmp(table, "sqlite_sequence") != 0;
}

int32_t judge_rows(struct judging *judging, const struct event *event)
{
	struct known *table = known_find(&judging->review->tables, event->first);
	if (is_internal(judging, event->first))
		return ELQ_OK;
	if (names_contain(&judging->review->blind, event->first))
		return report_opaque(judging, "cannot_run", "a trigger that cannot be tried runs on ",
				     event->first);
	if (!table) /* a view: what its triggers do comes as events of their own */
		return ELQ_OK;
	if (event->action == SQLITE_INSERT)
		return judge_insert(judging, event, table);
	if (event->action == SQLITE_UPDATE)
		return judge_update(judging, event, table);
	return judge_delete(judging, event, table);
}
