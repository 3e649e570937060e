/* columns.c - the columns of a review's tables, and the proof that a statement
 * copied rows as they were.
 *
 * The proof is narrow on purpose: every row (no WHERE, no other table, no conflict
 * clause, no trigger), into a table that the plan made, inside one transaction; and a
 * column is kept when it is selected by its name alone into a column of the same
 * affinity. Everything else is a loss until a person says otherwise. */
#include "sqlite/review.h"

#include "sqlite/dialect.h"

#include <string.h>

#define NAME_CAP 512 /* longer names are not proven */

/* ---- reading ------------------------------------------------------------------------ */

static bool says(const char *type, const char *part)
{
	size_t size = strlen(part);
	for (; *type; type++)
		if (sqlite3_strnicmp(type, part, (int)size) == 0)
			return true;
	return false;
}

/* sqlite.org/datatype3.html, 3.1. INTEGER and NUMERIC store the same. */
static enum affinity affinity_of(const char *type, bool strict)
{
	if (strict && sqlite3_stricmp(type, "ANY") == 0)
		return AFFINITY_NONE;
	if (says(type, "INT"))
		return AFFINITY_NUMERIC;
	if (says(type, "CHAR") || says(type, "CLOB") || says(type, "TEXT"))
		return AFFINITY_TEXT;
	if (!*type || says(type, "BLOB"))
		return AFFINITY_NONE;
	if (says(type, "REAL") || says(type, "FLOA") || says(type, "DOUB"))
		return AFFINITY_REAL;
	return AFFINITY_NUMERIC;
}

struct reading {
	struct columns *columns;
	bool no_memory;
};

static int32_t take_column(void *context, sqlite3_stmt *row)
{
	struct reading *reading = context;
	struct columns *columns = reading->columns;
	if (columns->count == columns->capacity) {
		uint64_t capacity = columns->capacity ? columns->capacity * 2 : 16;
		struct column *items = sqlite3_realloc64(columns->items, capacity * sizeof(*items));
		if (!items) {
			reading->no_memory = true;
			return 1;
		}
		columns->items = items;
		columns->capacity = capacity;
	}
	const char *name = (const char *)sqlite3_column_text(row, 0);
	const char *type = (const char *)sqlite3_column_text(row, 1);
	int hidden = sqlite3_column_int(row, 2);
	struct column column = {
		.name = name && type ? sqlite3_mprintf("%s", name) : NULL,
		.affinity = affinity_of(type ? type : "", sqlite3_column_int(row, 3) != 0),
		.generated = hidden == 2 || hidden == 3,
	};
	if (!column.name) {
		reading->no_memory = true;
		return 1;
	}
	columns->items[columns->count++] = column;
	return 0;
}

int32_t columns_read(struct elq_review *review, const char *table, struct columns *ret)
{
	struct reading reading = {.columns = ret};
	int32_t status = clone_query(
		review,
		sqlite3_mprintf(
			"SELECT c.name, c.type, c.hidden, (SELECT strict FROM pragma_table_list(%Q) "
			"WHERE schema = 'main') FROM pragma_table_xinfo(%Q, 'main') AS c "
			"WHERE c.hidden <> 1 ORDER BY c.cid",
			table, table),
		take_column, &reading);
	return status == ELQ_OK && reading.no_memory ? failure_no_memory(review->connection->call)
						     : status;
}

const struct column *columns_find(const struct columns *columns, const char *name)
{
	for (uint64_t i = 0; i < columns->count; i++)
		if (sqlite3_stricmp(columns->items[i].name, name) == 0)
			return &columns->items[i];
	return NULL;
}

void columns_free(struct columns *columns)
{
	for (uint64_t i = 0; i < columns->count; i++)
		sqlite3_free(columns->items[i].name);
	sqlite3_free(columns->items);
	*columns = (struct columns){0};
}

/* ---- the copy -------------------------------------------------------------------------- */

static struct known *table_of(struct elq_review *review, const struct sqlkit_token *token,
			      const char *text)
{
	char name[NAME_CAP];
	if (sqlkit_token_name(token, text, name, sizeof(name)) >= sizeof(name))
		return NULL;
	return known_find(&review->tables, name);
}

static int32_t take_presence(void *context, sqlite3_stmt *row)
{
	(void)row;
	*(bool *)context = true;
	return 1;
}

/* Does a plain INSERT into this table take every row or fail? And do the names mean what
 * they say: a temporary object would come before one of the database. */
static int32_t inserts_surely(struct elq_review *review, const struct known *table, bool *ret)
{
	bool other = false;
	char *sql = NULL;
	int32_t status = clone_query(
		review,
		sqlite3_mprintf(
			"SELECT 1 FROM main.sqlite_schema WHERE type = 'trigger' AND tbl_name = %Q "
			"COLLATE NOCASE UNION ALL SELECT 1 FROM temp.sqlite_schema",
			table->name),
		take_presence, &other);
	if (status == ELQ_OK)
		status = clone_sql(review, "table", table->name, &sql);
	*ret = !other && sql &&
	       !sqlkit_says(&sqlite_splitter.lexer, sql, strlen(sql), "ON", "CONFLICT");
	sqlite3_free(sql);
	return status;
}

/* The two lists of a copy as pairs of columns. */
struct pairing {
	struct elq_review *review;
	struct known *target;
	const struct known *source;
	struct columns into;
	struct columns from;
	const char *text;
	const struct sqlkit_copy *copy;
	uint64_t column_at; /* in the list of the target's columns */
	uint64_t next;      /* without that list: the next column of the target */
};

/* The target's column for the next value; NULL: not known, or none is left. */
static const struct column *next_target(struct pairing *pairing)
{
	const struct sqlkit_copy *copy = pairing->copy;
	if (copy->columns == copy->columns_end) {
		while (pairing->next < pairing->into.count &&
		       pairing->into.items[pairing->next].generated)
			pairing->next++;
		return pairing->next < pairing->into.count ? &pairing->into.items[pairing->next++]
							   : NULL;
	}
	char name[NAME_CAP];
	struct sqlkit_item item = sqlkit_item_next(&sqlite_splitter.lexer, pairing->text,
						   copy->columns_end, &pairing->column_at);
	if (item.kind != SQLKIT_ITEM_NAME ||
	    sqlkit_token_name(&item.name, pairing->text, name, sizeof(name)) >= sizeof(name))
		return NULL;
	return columns_find(&pairing->into, name);
}

/* Under another column's name a value is there, and nobody would find it. */
static bool is_misplaced(const struct pairing *pairing, const struct column *from,
			 const struct column *into)
{
	return sqlite3_stricmp(from->name, into->name) != 0 &&
	       columns_find(&pairing->from, into->name) != NULL;
}

static int32_t pair(struct pairing *pairing, const struct column *from, const struct column *into)
{
	if (!from || !into || from->generated || is_misplaced(pairing, from, into) ||
	    (into->affinity != AFFINITY_NONE && into->affinity != from->affinity))
		return ELQ_OK;
	return known_keep(pairing->target, from->name, into->name)
		       ? ELQ_OK
		       : failure_no_memory(pairing->review->connection->call);
}

static int32_t pair_all(struct pairing *pairing)
{
	const struct sqlkit_copy *copy = pairing->copy;
	int32_t status = ELQ_OK;
	uint64_t offset = copy->items;
	pairing->column_at = copy->columns;
	while (status == ELQ_OK) {
		struct sqlkit_item item = sqlkit_item_next(&sqlite_splitter.lexer, pairing->text,
							   copy->items_end, &offset);
		if (item.kind == SQLKIT_ITEM_END)
			break;
		if (item.kind == SQLKIT_ITEM_STAR) {
			for (uint64_t i = 0; status == ELQ_OK && i < pairing->from.count; i++)
				status = pair(pairing, &pairing->from.items[i], next_target(pairing));
			continue;
		}
		char name[NAME_CAP];
		const struct column *into = next_target(pairing);
		const struct column *from = NULL;
		if (item.kind == SQLKIT_ITEM_NAME &&
		    sqlkit_token_name(&item.name, pairing->text, name, sizeof(name)) < sizeof(name))
			from = columns_find(&pairing->from, name);
		status = pair(pairing, from, into);
	}
	return status;
}

int32_t columns_take_copy(struct elq_review *review, const struct elq_str *text)
{
	struct sqlkit_copy copy;
	bool surely = false;
	if (review->autocommit || review->lost ||
	    !sqlkit_copy_read(&sqlite_splitter.lexer, text->data, text->size, "main", &copy))
		return ELQ_OK;
	struct known *target = table_of(review, &copy.target, text->data);
	struct known *source = table_of(review, &copy.source, text->data);
	if (!target || !source || target == source || !target->born || target->module ||
	    target->copy_of || source->module || source->born)
		return ELQ_OK;
	int32_t status = inserts_surely(review, target, &surely);
	if (status != ELQ_OK || !surely)
		return status;
	struct pairing pairing = {
		.review = review,
		.target = target,
		.source = source,
		.text = text->data,
		.copy = &copy,
	};
	status = columns_read(review, target->name, &pairing.into);
	if (status == ELQ_OK)
		status = columns_read(review, source->name, &pairing.from);
	target->copy_of = source->row;
	if (status == ELQ_OK)
		status = pair_all(&pairing);
	columns_free(&pairing.into);
	columns_free(&pairing.from);
	return status;
}
