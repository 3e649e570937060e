/* violations.c - rows that refer to rows that do not exist, counted. */
#include "sqlite/violations.h"

#define DESCRIBED_MAX 5 /* that a message names; the rest is counted */

static struct violation *find(const struct violations *violations, const struct violation *wanted)
{
	for (uint64_t i = violations->count; i > 0; i--) {
		struct violation *item = &violations->items[i - 1];
		if (sqlite3_stricmp(item->child, wanted->child) == 0 &&
		    sqlite3_stricmp(item->parent, wanted->parent) == 0 &&
		    sqlite3_stricmp(item->columns, wanted->columns) == 0)
			return item;
	}
	return NULL;
}

static void free_item(struct violation *item)
{
	sqlite3_free((void *)item->child);
	sqlite3_free((void *)item->parent);
	sqlite3_free((void *)item->columns);
}

static bool reserve(struct violations *violations)
{
	if (violations->count < violations->capacity)
		return true;
	uint64_t capacity = violations->capacity ? violations->capacity * 2 : 8;
	struct violation *items = sqlite3_realloc64(violations->items, capacity * sizeof(*items));
	if (!items)
		return false;
	violations->items = items;
	violations->capacity = capacity;
	return true;
}

/* Adds `more->rows` to the item of the same names; copies the names. */
static bool add(struct violations *violations, const struct violation *more)
{
	struct violation *item = find(violations, more);
	if (item) {
		item->rows += more->rows;
		return true;
	}
	if (!reserve(violations))
		return false;
	struct violation copy = {.child = sqlite3_mprintf("%s", more->child),
				 .parent = sqlite3_mprintf("%s", more->parent),
				 .columns = sqlite3_mprintf("%s", more->columns),
				 .rows = more->rows};
	if (!copy.child || !copy.parent || !copy.columns) {
		free_item(&copy);
		return false;
	}
	violations->items[violations->count++] = copy;
	return true;
}

/* ---- counting ------------------------------------------------------------------ */

struct counting {
	const struct foreign_keys *keys;
	const char *child;
	bool first_only;
	int64_t last_id; /* of the key whose violation `last` points to */
	struct violation *last;
	struct violations *result;
	bool no_memory;
};

static const struct foreign_key *find_key(const struct foreign_keys *keys, const char *child,
					  int64_t id)
{
	for (uint64_t i = 0; i < keys->count; i++)
		if (keys->items[i].id == id && sqlite3_stricmp(keys->items[i].child, child) == 0)
			return &keys->items[i];
	return NULL;
}

/* A row (child, rowid, parent, number of the key). */
static int32_t take_row(void *context, sqlite3_stmt *statement)
{
	struct counting *counting = context;
	int64_t id = sqlite3_column_int64(statement, 3);
	if (counting->last && counting->last_id == id) {
		counting->last->rows++;
		return 0;
	}
	const struct foreign_key *key = find_key(counting->keys, counting->child, id);
	char *parent = sqlite3_mprintf("%s", sqlite3_column_text(statement, 2));
	struct violation one = {counting->child, parent, key ? key->columns : "", 1};
	counting->no_memory = !parent || !add(counting->result, &one);
	if (!counting->no_memory) {
		counting->last = find(counting->result, &one);
		counting->last_id = id;
	}
	sqlite3_free(parent);
	return counting->no_memory || counting->first_only;
}

static int32_t take_presence(void *context, sqlite3_stmt *statement)
{
	(void)statement;
	*(bool *)context = true;
	return 1;
}

/* "foreign key mismatch": the parent has no such key. Nothing is broken while
 * the child is empty (the parent's index may come in the next migration);
 * otherwise this is a state that is compared like any other. It must not stop a
 * migration that did not cause it. */
static int32_t count_mismatch(struct elq_connection *connection, const char *child,
			      struct counting *counting)
{
	bool rows = false;
	char *words = sqlite3_mprintf("%s", sqlite3_errmsg(connection->db));
	struct violation broken = {child, "", words, 1};
	int32_t status =
		statement_query(connection, sqlite3_mprintf("SELECT 1 FROM main.\"%w\" LIMIT 1", child),
				take_presence, &rows);
	counting->no_memory = !words || (rows && !add(counting->result, &broken));
	sqlite3_free(words);
	return status;
}

int32_t violations_count(struct elq_connection *connection, const char *child, bool first_only,
			 struct violations *ret)
{
	struct counting counting = {.keys = &connection->foreign_keys,
				    .child = child,
				    .first_only = first_only,
				    .result = ret};
	int32_t status = statement_query(
		connection, sqlite3_mprintf("PRAGMA main.foreign_key_check(\"%w\")", child), take_row,
		&counting);
	if (status == ELQ_ERR_FAILED)
		status = count_mismatch(connection, child, &counting);
	return status == ELQ_OK && counting.no_memory ? failure_no_memory(connection->call) : status;
}

/* ---- comparing ------------------------------------------------------------------- */

bool violations_compare(const struct violations *now, const struct violations *before,
			struct violations *ret)
{
	for (uint64_t i = 0; i < now->count; i++) {
		struct violation item = now->items[i];
		const struct violation *stood = find(before, &item);
		item.rows -= stood ? stood->rows : 0;
		if (item.rows > 0 && !add(ret, &item))
			return false;
	}
	return true;
}

bool violations_move(struct violations *from, struct violations *to)
{
	for (uint64_t i = 0; i < from->count; i++)
		if (!add(to, &from->items[i]))
			return false;
	violations_clear(from);
	return true;
}

void violations_remove(struct violations *violations, const char *child)
{
	uint64_t kept = 0;
	for (uint64_t i = 0; i < violations->count; i++) {
		if (sqlite3_stricmp(violations->items[i].child, child) == 0)
			free_item(&violations->items[i]);
		else
			violations->items[kept++] = violations->items[i];
	}
	violations->count = kept;
}

char *violations_describe(const struct violations *violations)
{
	sqlite3_str *text = sqlite3_str_new(NULL);
	for (uint64_t i = 0; i < violations->count && i < DESCRIBED_MAX; i++) {
		const struct violation *item = &violations->items[i];
		sqlite3_str_appendall(text, i ? "; " : "");
		if (*item->parent == '\0')
			sqlite3_str_appendf(text, "%s cannot be checked (%s)", item->child,
					    item->columns);
		else
			sqlite3_str_appendf(text, "%lld %s of %s %s to missing rows of %s (%s)",
					    (long long)item->rows, item->rows == 1 ? "row" : "rows",
					    item->child, item->rows == 1 ? "refers" : "refer",
					    item->parent, item->columns);
	}
	if (violations->count > DESCRIBED_MAX)
		sqlite3_str_appendf(text, "; and %lld more keys",
				    (long long)(violations->count - DESCRIBED_MAX));
	return sqlite3_str_finish(text);
}

void violations_clear(struct violations *violations)
{
	for (uint64_t i = 0; i < violations->count; i++)
		free_item(&violations->items[i]);
	violations->count = 0;
}

void violations_free(struct violations *violations)
{
	violations_clear(violations);
	sqlite3_free(violations->items);
	*violations = (struct violations){0};
}
