/* load_plan.c - what a load is about to do, checked against the table, and the
 * statements for it.
 *
 * Many rows go in one INSERT. With a unique index such a statement would copy every
 * page that it touches into a statement journal, to be able to take back its own
 * rows alone. INSERT OR ROLLBACK needs none: a row that breaks a rule rolls back the
 * whole transaction, and all or nothing is what a load promises. Inside a migration
 * without a transaction it would roll back what is not ours, so there, and where
 * triggers or replacing make the journal due anyway, rows go one by one. */
#include "sqlite/load.h"

#include "sqlite/values.h"

#include <string.h>

/* A name of the host's as a string; NULL: it is empty, holds a zero, or no memory. */
static char *name_of(const struct elq_str *str)
{
	if (!str->data || str->size == 0 || str->size > 4096 ||
	    memchr(str->data, '\0', (size_t)str->size))
		return NULL;
	char *name = sqlite3_malloc64(str->size + 1);
	if (name) {
		memcpy(name, str->data, (size_t)str->size);
		name[str->size] = '\0';
	}
	return name;
}

static int32_t refuse_name(struct elq_connection *connection, const struct elq_str *str,
			   const char *what)
{
	if (str->data && str->size && str->size <= 4096 && !memchr(str->data, '\0', (size_t)str->size))
		return failure_no_memory(connection->call);
	return sqlkit_fail(connection->call, ELQ_ERR_INVALID, NULL, "a load names a %s that is no name",
			   what);
}

/* ---- the table ------------------------------------------------------------------ */

static int32_t take_text(void *context, sqlite3_stmt *statement)
{
	char **text = context;
	*text = sqlite3_mprintf("%s", (const char *)sqlite3_column_text(statement, 0));
	return 1;
}

static int32_t no_table(struct elq_connection *connection, const char *name)
{
	return sqlkit_fail(connection->call, ELQ_ERR_NOT_FOUND,
			   "look at the name, and whether the migration that makes it has run",
			   "the database has no table \"%s\"", name);
}

int32_t load_find_table(struct elq_connection *connection, const struct elq_str *name, char **ret,
			bool *ret_rowids)
{
	char *table = name_of(name);
	char *type = NULL;
	if (!table)
		return refuse_name(connection, name, "table");
	int32_t status = ELQ_OK;
	if (connection->exists)
		status = statement_query(
			connection,
			sqlite3_mprintf("SELECT type || iif(wr, ' without rowid', '') "
					"FROM pragma_table_list(%Q) WHERE schema = 'main'",
					table),
			take_text, &type);
	if (status == ELQ_OK && !type)
		status = no_table(connection, table);
	else if (status == ELQ_OK && strcmp(type, "view") == 0)
		status = sqlkit_fail(connection->call, ELQ_ERR_NOT_FOUND, "name the table behind it",
				     "\"%s\" is a view, and rows go into tables", table);
	if (status == ELQ_OK)
		*ret = table;
	else
		sqlite3_free(table);
	if (ret_rowids)
		*ret_rowids = type && strcmp(type, "table") == 0;
	sqlite3_free(type);
	return status;
}

struct column_list {
	struct names names;
	sqlite3_str *shown;
	bool no_memory;
};

static int32_t take_column_name(void *context, sqlite3_stmt *statement)
{
	struct column_list *list = context;
	const char *name = (const char *)sqlite3_column_text(statement, 0);
	if (list->names.count < 50)
		sqlite3_str_appendf(list->shown, "%s%s", list->names.count ? ", " : "it has ", name);
	list->no_memory = !name || !names_add(&list->names, name);
	return list->no_memory;
}

static int32_t check_columns(struct elq_load *load, const struct column_list *known, const char *shown)
{
	const struct elq_call *call = load->connection->call;
	for (int i = 0; i < load->columns; i++) {
		if (!names_contain(&known->names, load->names[i]))
			return sqlkit_fail(call, ELQ_ERR_NOT_FOUND, shown,
					   "the table \"%s\" has no column \"%s\"", load->table,
					   load->names[i]);
		for (int j = 0; j < i; j++)
			if (sqlite3_stricmp(load->names[i], load->names[j]) == 0)
				return sqlkit_fail(call, ELQ_ERR_INVALID, "name each column once",
						   "a load into \"%s\" names the column \"%s\" twice",
						   load->table, load->names[i]);
	}
	return ELQ_OK;
}

static int32_t look_at_columns(struct elq_load *load)
{
	struct elq_connection *connection = load->connection;
	struct column_list list = {.shown = sqlite3_str_new(NULL)};
	int32_t status = statement_query(
		connection,
		sqlite3_mprintf("SELECT name FROM pragma_table_xinfo(%Q, 'main')", load->table),
		take_column_name, &list);
	char *shown = sqlite3_str_finish(list.shown);
	if (status == ELQ_OK && (list.no_memory || !shown))
		status = failure_no_memory(connection->call);
	if (status == ELQ_OK)
		status = check_columns(load, &list, shown);
	sqlite3_free(shown);
	names_free(&list.names);
	return status;
}

static int32_t take_yes(void *context, sqlite3_stmt *statement)
{
	(void)statement;
	*(bool *)context = true;
	return 1;
}

/* Triggers do more than one change per row, so that SQLite keeps a journal anyway. */
static int32_t has_triggers(struct elq_load *load, bool *ret)
{
	return statement_query(
		load->connection,
		sqlite3_mprintf("SELECT 1 FROM main.sqlite_schema WHERE type = 'trigger' "
				"AND tbl_name = %Q COLLATE NOCASE",
				load->table),
		take_yes, ret);
}

/* ---- the text --------------------------------------------------------------------- */

static bool is_key(const char *name, const struct elq_load_plan *plan)
{
	for (uint64_t i = 0; i < plan->key_count; i++)
		if (strlen(name) == plan->key[i].size &&
		    sqlite3_strnicmp(name, plan->key[i].data, (int)plan->key[i].size) == 0)
			return true;
	return false;
}

static void add_names(sqlite3_str *text, const struct elq_load *load)
{
	for (int i = 0; i < load->columns; i++)
		sqlite3_str_appendf(text, "%s\"%w\"", i ? ", " : "", load->names[i]);
}

static void add_rows(sqlite3_str *text, const struct elq_load *load, uint64_t rows)
{
	for (uint64_t row = 0; row < rows; row++) {
		sqlite3_str_appendall(text, row ? ", (" : "(");
		for (int i = 0; i < load->columns; i++)
			sqlite3_str_appendall(text, i ? ", ?" : "?");
		sqlite3_str_appendall(text, ")");
	}
}

/* The counting function is called for a row that is there, and for no other. */
static void add_conflict(sqlite3_str *text, const struct elq_load *load,
			 const struct elq_load_plan *plan)
{
	const char *before = " DO UPDATE SET ";
	if (load->mode == ELQ_LOAD_INSERT)
		return;
	sqlite3_str_appendall(text, " ON CONFLICT (");
	for (uint64_t i = 0; i < plan->key_count; i++) {
		const struct elq_str *key = &plan->key[i];
		char *name = name_of(key);
		sqlite3_str_appendf(text, "%s\"%w\"", i ? ", " : "", name ? name : "");
		sqlite3_free(name);
	}
	sqlite3_str_appendall(text, ")");
	for (int i = 0; load->mode == ELQ_LOAD_UPSERT && i < load->columns; i++) {
		if (is_key(load->names[i], plan))
			continue;
		sqlite3_str_appendf(text, "%s\"%w\" = excluded.\"%w\"", before, load->names[i],
				    load->names[i]);
		before = ", ";
	}
	sqlite3_str_appendall(text, before[0] == ',' ? " WHERE eloquent_replaced()" : " DO NOTHING");
}

static int32_t prepare(struct elq_load *load, const struct elq_load_plan *plan, uint64_t rows,
		       sqlite3_stmt **ret)
{
	struct elq_connection *connection = load->connection;
	sqlite3_str *text = sqlite3_str_new(connection->db);
	bool whole = !connection->unit.nested;
	sqlite3_str_appendf(text, "INSERT %sINTO main.\"%w\" (", whole ? "OR ROLLBACK " : "",
			    load->table);
	add_names(text, load);
	sqlite3_str_appendall(text, ") VALUES ");
	add_rows(text, load, rows);
	add_conflict(text, load, plan);
	int size = sqlite3_str_length(text);
	char *sql = sqlite3_str_finish(text);
	if (!sql)
		return failure_no_memory(connection->call);
	int32_t status = statement_prepare_load(connection, sql, (uint64_t)size, ret);
	sqlite3_free(sql);
	return status;
}

/* ---- the plan ---------------------------------------------------------------------- */

static int32_t take_names(struct elq_load *load, const struct elq_load_plan *plan)
{
	struct elq_connection *connection = load->connection;
	if (plan->column_count == 0 || plan->column_count > 2000)
		return sqlkit_fail(connection->call, ELQ_ERR_INVALID, NULL,
				   "a load into \"%s\" names %llu columns", load->table,
				   (unsigned long long)plan->column_count);
	load->names = sqlite3_malloc64(plan->column_count * sizeof(*load->names));
	if (!load->names)
		return failure_no_memory(connection->call);
	for (uint64_t i = 0; i < plan->column_count; i++) {
		const struct elq_column *column =
			(const void *)((const char *)plan->columns + i * plan->columns[0].struct_size);
		load->names[i] = name_of(&column->name);
		if (!load->names[i])
			return refuse_name(connection, &column->name, "column");
		load->columns = (int)i + 1;
	}
	return ELQ_OK;
}

static int32_t check_key(struct elq_load *load, const struct elq_load_plan *plan)
{
	const struct elq_call *call = load->connection->call;
	if (load->mode == ELQ_LOAD_INSERT)
		return ELQ_OK;
	if (plan->key_count == 0)
		return sqlkit_fail(call, ELQ_ERR_INVALID, "name the columns that tell rows apart",
				   "a load into \"%s\" that skips or replaces rows has no key",
				   load->table);
	for (uint64_t i = 0; i < plan->key_count; i++) {
		const struct elq_str *key = &plan->key[i];
		bool found = false;
		for (int j = 0; j < load->columns && key->data; j++)
			found = found ||
				(strlen(load->names[j]) == key->size &&
				 sqlite3_strnicmp(load->names[j], key->data, (int)key->size) == 0);
		if (!found)
			return sqlkit_fail(call, ELQ_ERR_INVALID, "load the key's columns too",
					   "the key column \"%.*s\" is none of the columns that are "
					   "loaded into \"%s\"",
					   (int)key->size, key->data ? key->data : "", load->table);
	}
	return ELQ_OK;
}

/* How many rows one statement takes. */
static int32_t choose_rows(struct elq_load *load)
{
	struct elq_connection *connection = load->connection;
	bool triggers = false;
	int32_t status = has_triggers(load, &triggers);
	int limit = sqlite3_limit(connection->db, SQLITE_LIMIT_VARIABLE_NUMBER, -1);
	load->rows = (uint64_t)(limit / load->columns);
	if (load->rows > LOAD_ROWS)
		load->rows = LOAD_ROWS;
	if (triggers || load->mode == ELQ_LOAD_UPSERT || connection->unit.nested || load->rows == 0)
		load->rows = 1;
	return status;
}

int32_t load_prepare(struct elq_load *load, const struct elq_load_plan *plan)
{
	int32_t status = load_find_table(load->connection, &plan->table, &load->table, &load->told);
	if (status == ELQ_OK)
		status = take_names(load, plan);
	if (status == ELQ_OK)
		status = look_at_columns(load);
	if (status == ELQ_OK)
		status = check_key(load, plan);
	if (status == ELQ_OK)
		status = choose_rows(load);
	if (status == ELQ_OK) {
		load->scratch = sqlite3_malloc64(load->rows * (uint64_t)load->columns * VALUES_SCRATCH);
		status = load->scratch ? ELQ_OK : failure_no_memory(load->connection->call);
	}
	if (status == ELQ_OK)
		status = prepare(load, plan, 1, &load->one);
	if (status == ELQ_OK && load->rows > 1)
		status = prepare(load, plan, load->rows, &load->many);
	return status;
}
