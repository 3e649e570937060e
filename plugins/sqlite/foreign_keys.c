/* foreign_keys.c - what a migration did to foreign keys, checked before COMMIT.
 *
 * Migrations run without enforcement, so that a table can be rebuilt without
 * its children's rows being deleted. Instead SQLite's own foreign_key_check
 * runs for the tables that the authorizer saw touched and for the children of
 * those; a map from child to parent is kept in memory, because asking for every
 * table each time costs more than the migration.
 *
 * A find need not be the migration's fault. What stood before is counted per
 * child, parent and columns: not knowing it, the unit is given back to be rolled
 * back and run once more (ELQ_ERROR_RETRYABLE), and counted at its begin. Then
 * only more violations than before fail it. Counts stay valid until somebody
 * else writes, so that old violations cost one repetition and not one each. */
#include "sqlite/internal.h"

#include "sqlite/violations.h"

#include <string.h>

/* ---- the map ------------------------------------------------------------------ */

static void free_key(struct foreign_key *key)
{
	sqlite3_free(key->child);
	sqlite3_free(key->parent);
	sqlite3_free(key->columns);
}

static void clear_map(struct foreign_keys *keys)
{
	for (uint64_t i = 0; i < keys->count; i++)
		free_key(&keys->items[i]);
	keys->count = 0;
	keys->loaded = false;
}

static void remove_child(struct foreign_keys *keys, const char *child)
{
	uint64_t kept = 0;
	for (uint64_t i = 0; i < keys->count; i++) {
		if (sqlite3_stricmp(keys->items[i].child, child) == 0)
			free_key(&keys->items[i]);
		else
			keys->items[kept++] = keys->items[i];
	}
	keys->count = kept;
}

struct loading {
	struct foreign_keys *keys;
	const char *child; /* NULL: a column of the row says it */
	bool no_memory;
};

static struct foreign_key *append_key(struct foreign_keys *keys)
{
	if (!keys->items || keys->count == keys->capacity) {
		uint64_t capacity = keys->capacity ? keys->capacity * 2 : 16;
		struct foreign_key *items = sqlite3_realloc64(keys->items, capacity * sizeof(*items));
		if (!items)
			return NULL;
		keys->items = items;
		keys->capacity = capacity;
	}
	struct foreign_key *key = &keys->items[keys->count++];
	*key = (struct foreign_key){0};
	return key;
}

/* A row (id, seq, parent, column, ..., child): PRAGMA foreign_key_list's, the
 * columns of one constraint in a row. */
static int32_t take_key(void *context, sqlite3_stmt *statement)
{
	struct loading *loading = context;
	struct foreign_keys *keys = loading->keys;
	const char *child =
		loading->child ? loading->child : (const char *)sqlite3_column_text(statement, 4);
	const char *parent = (const char *)sqlite3_column_text(statement, 2);
	const char *column = (const char *)sqlite3_column_text(statement, 3);
	int64_t id = sqlite3_column_int64(statement, 0);
	struct foreign_key *last = keys->count ? &keys->items[keys->count - 1] : NULL;
	bool more = last && last->id == id && child && sqlite3_stricmp(last->child, child) == 0;
	if (more) {
		char *columns = sqlite3_mprintf("%s, %s", last->columns, column);
		if (columns) {
			sqlite3_free(last->columns);
			last->columns = columns;
		}
		loading->no_memory = !columns;
	} else {
		struct foreign_key *key = append_key(keys);
		if (key)
			*key = (struct foreign_key){.child = sqlite3_mprintf("%s", child),
						    .parent = sqlite3_mprintf("%s", parent),
						    .columns = sqlite3_mprintf("%s", column),
						    .id = id};
		loading->no_memory = !key || !key->child || !key->parent || !key->columns;
	}
	return loading->no_memory;
}

static int32_t load_keys(struct elq_connection *connection, const char *child, char *text)
{
	struct loading loading = {.keys = &connection->foreign_keys, .child = child};
	int32_t status = statement_query(connection, text, take_key, &loading);
	if (status == ELQ_OK && loading.no_memory)
		status = failure_no_memory(connection->call);
	if (status != ELQ_OK)
		clear_map(&connection->foreign_keys);
	return status;
}

/* instr() and not LIKE, whose meaning a PRAGMA of the migration can change. */
#define ALL_KEYS                                                                                       \
	"SELECT f.id, f.seq, f.\"table\", f.\"from\", m.name FROM main.sqlite_schema AS m, "           \
	"pragma_foreign_key_list(m.name, 'main') AS f "                                                \
	"WHERE m.type = 'table' AND instr(lower(m.sql), 'references') ORDER BY m.name, f.id, f.seq"
/* The pager's own count: moves with every commit, ours and others'. */
static uint32_t data_version(struct elq_connection *connection)
{
	uint32_t version = 0;
	sqlite3_file_control(connection->db, "main", SQLITE_FCNTL_DATA_VERSION, &version);
	return version;
}

/* Brings the map up to what the unit has made of the schema. */
static int32_t refresh_map(struct elq_connection *connection)
{
	struct foreign_keys *keys = &connection->foreign_keys;
	const struct seen *seen = &connection->seen;
	if (seen->altered)
		clear_map(keys); /* a renamed parent renames itself in its children */
	if (!keys->loaded) {
		int32_t status = load_keys(connection, NULL, sqlite3_mprintf("%s", ALL_KEYS));
		keys->loaded = status == ELQ_OK;
		return status;
	}
	int32_t status = ELQ_OK;
	for (uint64_t i = 0; status == ELQ_OK && i < seen->redefined.count; i++) {
		const char *name = seen->redefined.items[i];
		remove_child(keys, name);
		if (seen->references) /* without that word no statement makes a key */
			status = load_keys(
				connection, name,
				sqlite3_mprintf("PRAGMA main.foreign_key_list(\"%w\")", name));
	}
	return status;
}

static bool is_child(const struct foreign_keys *keys, const char *name)
{
	for (uint64_t i = 0; i < keys->count; i++)
		if (sqlite3_stricmp(keys->items[i].child, name) == 0)
			return true;
	return false;
}

/* The children whose rows may no longer have their parents. */
static int32_t collect_children(struct elq_connection *connection, struct names *children)
{
	const struct foreign_keys *keys = &connection->foreign_keys;
	const struct names *touched = &connection->seen.touched;
	for (uint64_t i = 0; i < keys->count; i++) {
		const struct foreign_key *key = &keys->items[i];
		if (!names_contain(touched, key->child) && !names_contain(touched, key->parent))
			continue;
		if (!names_add(children, key->child))
			return failure_no_memory(connection->call);
	}
	return ELQ_OK;
}

/* ---- begin ---------------------------------------------------------------------- */

int32_t foreign_keys_begin(struct elq_connection *connection)
{
	struct foreign_keys *keys = &connection->foreign_keys;
	if (keys->loaded && data_version(connection) != keys->data_version)
		foreign_keys_forget(connection);
	if (keys->retry.count == 0)
		return ELQ_OK;
	int32_t status = refresh_map(connection);
	for (uint64_t i = 0; status == ELQ_OK && i < keys->retry.count; i++) {
		const char *child = keys->retry.items[i];
		violations_remove(&keys->standing, child);
		if (is_child(keys, child)) /* the unit may be what makes it one */
			status = violations_count(connection, child, false, &keys->standing);
		if (status == ELQ_OK && !names_add(&keys->counted, child))
			status = failure_no_memory(connection->call);
	}
	names_clear(&keys->retry);
	return status;
}

/* ---- commit ---------------------------------------------------------------------- */

/* Nothing is known of these children: the unit is to be run once more. */
static int32_t ask_again(struct elq_connection *connection, const struct violations *found)
{
	struct names *retry = &connection->foreign_keys.retry;
	for (uint64_t i = 0; i < found->count; i++)
		if (!names_add(retry, found->items[i].child))
			return failure_no_memory(connection->call);
	static const char message[] = "rows refer to rows that do not exist; whether they did before "
				      "the migration is not known yet";
	struct elq_error error = {
		.struct_size = sizeof(error),
		.code = ELQ_ERR_CONSTRAINT,
		.flags = ELQ_ERROR_RETRYABLE,
		.statement = -1,
		.offset = -1,
		.message = sqlkit_str(message),
	};
	connection->call->host->set_error(connection->call, &error);
	return ELQ_ERR_CONSTRAINT;
}

static int32_t fail_with(struct elq_connection *connection, const struct violations *found)
{
	char *text = violations_describe(found);
	if (!text)
		return failure_no_memory(connection->call);
	sqlkit_fail(connection->call, ELQ_ERR_CONSTRAINT, "mend the rows in the migration itself",
		    "foreign keys are broken by this migration: %s", text);
	sqlite3_free(text);
	return ELQ_ERR_CONSTRAINT;
}

/* Moves the counts of `now` into what stands; they are true once we commit. */
static int32_t remember(struct elq_connection *connection, const struct names *children,
			struct violations *now)
{
	struct foreign_keys *keys = &connection->foreign_keys;
	for (uint64_t i = 0; i < children->count; i++) {
		violations_remove(&keys->standing, children->items[i]);
		if (!names_add(&keys->counted, children->items[i]))
			return failure_no_memory(connection->call);
	}
	return violations_move(now, &keys->standing) ? ELQ_OK : failure_no_memory(connection->call);
}

/* Counts `children` now, and divides what is new into the certain and the unknown. */
static int32_t judge(struct elq_connection *connection, const struct names *children)
{
	struct foreign_keys *keys = &connection->foreign_keys;
	struct violations now = {0};
	struct violations unknown = {0};
	struct violations more = {0};
	int32_t status = ELQ_OK;
	for (uint64_t i = 0; status == ELQ_OK && i < children->count; i++) {
		const char *child = children->items[i];
		bool known = names_contain(&keys->counted, child);
		status = violations_count(connection, child, !known, known ? &now : &unknown);
	}
	if (status == ELQ_OK && !violations_compare(&now, &keys->standing, &more))
		status = failure_no_memory(connection->call);
	if (status == ELQ_OK && more.count)
		status = fail_with(connection, &more);
	else if (status == ELQ_OK && unknown.count)
		status = ask_again(connection, &unknown);
	else if (status == ELQ_OK)
		status = remember(connection, children, &now);
	violations_free(&now);
	violations_free(&unknown);
	violations_free(&more);
	return status;
}

int32_t foreign_keys_check(struct elq_connection *connection)
{
	if (connection->seen.touched.count == 0)
		return ELQ_OK;
	struct names children = {0};
	int32_t status = refresh_map(connection);
	if (status == ELQ_OK)
		status = collect_children(connection, &children);
	if (status == ELQ_OK && children.count)
		status = judge(connection, &children);
	names_free(&children);
	return status;
}

void foreign_keys_committed(struct elq_connection *connection)
{
	connection->foreign_keys.data_version = data_version(connection);
}

int32_t foreign_keys_warn(struct elq_connection *connection)
{
	const struct elq_call *call = connection->call;
	struct names children = {0};
	struct violations found = {0};
	clear_map(&connection->foreign_keys);
	int32_t status = connection->seen.touched.count ? refresh_map(connection) : ELQ_OK;
	if (status == ELQ_OK)
		status = collect_children(connection, &children);
	for (uint64_t i = 0; status == ELQ_OK && i < children.count; i++)
		status = violations_count(connection, children.items[i], false, &found);
	char *text = status == ELQ_OK && found.count ? violations_describe(&found) : NULL;
	char *message = text ? sqlite3_mprintf("foreign keys do not hold: %s", text) : NULL;
	if (message)
		call->host->log(call, ELQ_LOG_WARN, message, strlen(message), NULL, 0);
	sqlite3_free(message);
	sqlite3_free(text);
	violations_free(&found);
	names_free(&children);
	return status;
}

/* ---- dropping under enforcement ---------------------------------------------------- */

static int32_t take_text(void *context, sqlite3_stmt *statement)
{
	const char *text = (const char *)sqlite3_column_text(statement, 0);
	*(char **)context = text ? sqlite3_mprintf("%s", text) : NULL;
	return 1;
}

static int32_t take_presence(void *context, sqlite3_stmt *statement)
{
	(void)statement;
	*(bool *)context = true;
	return 1;
}

/* Does the key act on delete, and does a row refer by it? */
static int32_t key_would_act(struct elq_connection *connection, const struct foreign_key *key,
			     bool *ret)
{
	char *question = NULL;
	bool refers = false;
	int32_t status = statement_query(
		connection,
		sqlite3_mprintf("SELECT printf('SELECT 1 FROM main.\"%%w\" WHERE %%s LIMIT 1', %Q, "
				"group_concat(printf('\"%%w\" IS NOT NULL', \"from\"), ' AND ')) "
				"FROM pragma_foreign_key_list(%Q, 'main') WHERE id = %lld "
				"AND on_delete NOT IN ('NO ACTION', 'RESTRICT') GROUP BY id",
				key->child, key->child, (long long)key->id),
		take_text, &question);
	if (status == ELQ_OK && question)
		status = statement_query(connection, question, take_presence, &refers);
	if (status == ELQ_OK)
		*ret = refers;
	return status;
}

/* With enforcement a DROP TABLE first deletes the table's rows, and ON DELETE
 * CASCADE or SET NULL then reaches the children, silently. NO ACTION and
 * RESTRICT are refused by SQLite itself. */
int32_t foreign_keys_check_drop(struct elq_connection *connection, const char *table)
{
	clear_map(&connection->foreign_keys); /* the unit may have made keys */
	int32_t status = refresh_map(connection);
	const struct foreign_keys *keys = &connection->foreign_keys;
	for (uint64_t i = 0; status == ELQ_OK && i < keys->count; i++) {
		const struct foreign_key *key = &keys->items[i];
		if (sqlite3_stricmp(key->parent, table) != 0 || sqlite3_stricmp(key->child, table) == 0)
			continue;
		bool acts = false;
		status = key_would_act(connection, key, &acts);
		if (status == ELQ_OK && acts)
			return sqlkit_fail(
				connection->call, ELQ_ERR_CONSTRAINT,
				"empty or rebuild the child first, or leave out foreign_keys:on",
				"not run: dropping %s with foreign keys enforced would delete or "
				"change the rows of %s that refer to it (%s)",
				table, key->child, key->columns);
	}
	return status;
}

/* ---- the end ------------------------------------------------------------------------- */

void foreign_keys_forget(struct elq_connection *connection)
{
	struct foreign_keys *keys = &connection->foreign_keys;
	clear_map(keys);
	names_clear(&keys->counted);
	violations_clear(&keys->standing);
}

void foreign_keys_free(struct foreign_keys *keys)
{
	clear_map(keys);
	sqlite3_free(keys->items);
	names_free(&keys->counted);
	names_free(&keys->retry);
	violations_free(&keys->standing);
	*keys = (struct foreign_keys){0};
}
