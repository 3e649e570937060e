/* definitions.c - CREATE, ALTER, DROP and ANALYZE on the clone, and what is known of the
 * tables behind them. */
#include "sqlite/review.h"

#include <string.h>

struct learning {
	struct elq_review *review;
	int32_t status;
};

static int32_t learn_table(void *context, sqlite3_stmt *row)
{
	struct learning *learning = context;
	struct elq_review *review = learning->review;
	const char *name = (const char *)sqlite3_column_text(row, 1);
	bool born = name && !review->lost && !names_contain(&review->missing, name);
	if (name && known_add(&review->tables, sqlite3_column_int64(row, 0), name,
			      sqlite3_column_int(row, 2) != 0, born))
		return 0;
	learning->status = review_no_memory(review);
	return 1;
}

static int32_t take_number(void *context, sqlite3_stmt *row)
{
	*(int64_t *)context = sqlite3_column_int64(row, 0);
	return 1;
}

/* CREATE, ANALYZE: the tables that are new. */
static int32_t learn_created(struct elq_review *review, int64_t last)
{
	struct learning learning = {.review = review};
	int32_t status = clone_query(
		review,
		sqlite3_mprintf(
			"SELECT rowid, name, sql LIKE 'create virtual%%' FROM main.sqlite_schema "
			"WHERE type = 'table' AND rowid > %lld",
			last),
		learn_table, &learning);
	return status == ELQ_OK ? learning.status : status;
}

/* The name that a table has now; *ret is NULL when it is gone. */
static int32_t name_of(struct elq_review *review, const struct known *table, char **ret)
{
	return clone_text(review,
			  sqlite3_mprintf("SELECT name FROM main.sqlite_schema WHERE rowid = %lld AND "
					  "type = 'table'",
					  table->row),
			  ret);
}

/* Names that ALTER changed and tables that DROP took away. A virtual table's shadows
 * follow it, so all are looked at. */
static int32_t learn_changed(struct elq_review *review)
{
	for (uint64_t i = review->tables.count; i > 0; i--) {
		struct known *table = &review->tables.items[i - 1];
		char *name = NULL;
		int32_t status = name_of(review, table, &name);
		if (status != ELQ_OK)
			return status;
		bool known = true;
		if (!name)
			known_remove(&review->tables, table);
		else if (strcmp(name, table->name) != 0)
			known = (!names_contain(&review->blind, table->name) ||
				 names_add(&review->blind, name)) &&
				known_rename(table, name);
		sqlite3_free(name);
		if (!known)
			return review_no_memory(review);
	}
	return ELQ_OK;
}

/* ALTER TABLE changes one column: it is gone, new, or called otherwise. */
static int32_t judge_columns(struct judging *judging, struct known *table, const struct columns *before,
			     const struct columns *after)
{
	struct elq_review *review = judging->review;
	for (uint64_t i = 0; i < before->count; i++) {
		const struct column *column = &before->items[i];
		bool fresh = table->born || names_contain(&table->fresh, column->name);
		if (columns_find(after, column->name))
			continue;
		known_forget_copies_of(&review->tables, table);
		known_lose(table, column->name);
		known_unfresh(table, column->name);
		if (before->count == after->count) {
			bool named =
				!fresh || table->born || names_add(&table->fresh, after->items[i].name);
			return named ? ELQ_OK : review_no_memory(review);
		}
		return fresh || column->generated
			       ? ELQ_OK
			       : report_loss(judging, "drop_column", table->origin, column->name,
					     "drops the column", " and all its values");
	}
	for (uint64_t i = 0; i < after->count; i++)
		if (!columns_find(before, after->items[i].name) && !review->lost &&
		    !names_add(&table->fresh, after->items[i].name))
			return review_no_memory(review);
	return ELQ_OK;
}

static int32_t run_alter(struct judging *judging, sqlite3_stmt *statement, char **ret_why)
{
	struct elq_review *review = judging->review;
	struct columns before = {0};
	struct columns after = {0};
	struct known *table = NULL;
	for (uint64_t i = 0; i < review->events.count && !table; i++)
		if (review->events.items[i].action == SQLITE_ALTER_TABLE)
			table = known_find(&review->tables, review->events.items[i].second);
	int32_t status = table ? columns_read(review, table->name, &before) : ELQ_OK;
	if (status == ELQ_OK)
		status = clone_run(review, statement, ret_why);
	if (status == ELQ_OK && !*ret_why)
		status = learn_changed(review);
	/* ALTER drops no table: the pointer stays. */
	if (status == ELQ_OK && !*ret_why && table)
		status = columns_read(review, table->name, &after);
	if (status == ELQ_OK && !*ret_why && table)
		status = judge_columns(judging, table, &before, &after);
	columns_free(&before);
	columns_free(&after);
	return status;
}

static int32_t run_create(struct judging *judging, sqlite3_stmt *statement, char **ret_why)
{
	struct elq_review *review = judging->review;
	int64_t last = 0;
	int32_t status =
		clone_query(review, sqlite3_mprintf("SELECT max(rowid) FROM main.sqlite_schema"),
			    take_number, &last);
	if (status == ELQ_OK)
		status = clone_run(review, statement, ret_why);
	return status == ELQ_OK && !*ret_why ? learn_created(review, last) : status;
}

static int32_t run_drop(struct judging *judging, sqlite3_stmt *statement, char **ret_why)
{
	int32_t status = clone_run(judging->review, statement, ret_why);
	return status == ELQ_OK && !*ret_why ? learn_changed(judging->review) : status;
}

/* Statements of rows are not run: the clone has none, and what they do there says
 * nothing. Definitions are. */
int32_t run_definition(struct judging *judging, sqlite3_stmt *statement)
{
	char *why = NULL;
	int32_t status = ELQ_OK;
	switch (judging->shape.verb) {
	case SQLKIT_VERB_CREATE:
	case SQLKIT_VERB_ANALYZE:
		status = run_create(judging, statement, &why);
		break;
	case SQLKIT_VERB_ALTER:
		status = run_alter(judging, statement, &why);
		break;
	case SQLKIT_VERB_DROP:
		status = run_drop(judging, statement, &why);
		break;
	default:
		break;
	}
	if (status == ELQ_OK && why)
		status = report_opaque(judging, "cannot_run",
				       "it cannot be tried on a copy of the schema: ", why);
	sqlite3_free(why);
	return status;
}
