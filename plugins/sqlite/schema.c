/* schema.c - elq.schema: what is in the database beside our own tables. */
#include "sqlite/internal.h"

#include "sqlkit/ours.h"

#include <string.h>

/* An object of the user's: not SQLite's, not one of our tables. */
#define NOT_OURS "name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND lower(name) NOT IN (" SQLKIT_OURS_LIST ")"
/* The same for everything that belongs to a table, indexes of our own among them. */
#define NOT_OF_OURS NOT_OURS " AND (type <> 'index' OR lower(tbl_name) NOT IN (" SQLKIT_OURS_LIST "))"

/* ---- describe ------------------------------------------------------------------ */

/* Virtual tables are described by their text: asking them for columns would
 * run their module, which may be missing. */
#define ORDINARY "m.type = 'table' AND m.sql NOT LIKE 'create virtual%'"
#define OBJECTS "(SELECT * FROM main.sqlite_schema WHERE " NOT_OF_OURS ") AS m"

static const char records[] =
	"SELECT kind, path, attribute, value FROM ("
	"SELECT m.type AS kind, m.name AS path, 'sql' AS attribute, m.sql AS value FROM " OBJECTS
	" WHERE m.sql IS NOT NULL"
	" UNION ALL SELECT m.type, m.name, 'table', m.tbl_name FROM " OBJECTS
	" WHERE m.type IN ('index', 'trigger')"
	" UNION ALL SELECT 'column', m.name || '.' || c.name, a.name, CASE a.name"
	" WHEN 'type' THEN c.type WHEN 'default' THEN c.dflt_value"
	" WHEN 'not_null' THEN CAST(c.\"notnull\" AS TEXT) WHEN 'primary_key' THEN CAST(c.pk AS TEXT)"
	" WHEN 'hidden' THEN CAST(c.hidden AS TEXT) ELSE CAST(c.cid AS TEXT) END"
	" FROM " OBJECTS ", pragma_table_xinfo(m.name, 'main') AS c,"
	" (SELECT 'type' AS name UNION ALL SELECT 'default' UNION ALL SELECT 'not_null'"
	"  UNION ALL SELECT 'primary_key' UNION ALL SELECT 'hidden' UNION ALL SELECT 'position') AS a"
	" WHERE " ORDINARY " UNION ALL SELECT 'foreign_key', m.name || '.' || f.id, 'references',"
	" f.\"table\" || ' (' || group_concat(f.\"from\" || coalesce(' -> ' || f.\"to\", ''), ', ')"
	" || ') on update ' || lower(f.on_update) || ' on delete ' || lower(f.on_delete)"
	" FROM " OBJECTS ", pragma_foreign_key_list(m.name, 'main') AS f WHERE " ORDINARY
	" GROUP BY m.name, f.id"
	" UNION ALL SELECT 'index_of', m.name || '.' || i.name, 'columns', i.origin || ' ' ||"
	" CASE i.\"unique\" WHEN 1 THEN 'unique ' ELSE '' END ||"
	" (SELECT group_concat(coalesce(x.name, '(expression)'), ', ') FROM pragma_index_info(i.name, "
	"'main') AS x)"
	" FROM " OBJECTS ", pragma_index_list(m.name, 'main') AS i WHERE " ORDINARY
	") WHERE value IS NOT NULL ORDER BY kind, path, attribute, value";

int32_t schema_describe(struct elq_connection *connection, const struct elq_sink *sink)
{
	return statement_run_into(connection, records, sink);
}

static int32_t slot_describe(const struct elq_call *call, struct elq_connection *connection,
			     const struct elq_sink *sink)
{
	connection_enter(connection, call);
	int32_t status = connection->unit.open ? ELQ_OK : connection_refresh(connection);
	if (status == ELQ_OK)
		status = schema_describe(connection, sink);
	return connection_leave(connection, status);
}

/* ---- lists of objects ------------------------------------------------------------ */

struct object {
	char *type;
	char *name;
};
struct objects {
	struct object *items;
	uint64_t count;
	uint64_t capacity;
	bool no_memory;
};

static int32_t take_object(void *context, sqlite3_stmt *statement)
{
	struct objects *objects = context;
	if (objects->count == objects->capacity) {
		uint64_t capacity = objects->capacity ? objects->capacity * 2 : 64;
		struct object *items = sqlite3_realloc64(objects->items, capacity * sizeof(*items));
		if (!items) {
			objects->no_memory = true;
			return 1;
		}
		objects->items = items;
		objects->capacity = capacity;
	}
	struct object *object = &objects->items[objects->count++];
	object->type = sqlite3_mprintf("%s", sqlite3_column_text(statement, 0));
	object->name = sqlite3_mprintf("%s", sqlite3_column_text(statement, 1));
	objects->no_memory = !object->type || !object->name;
	return objects->no_memory;
}

static void free_objects(struct objects *objects)
{
	for (uint64_t i = 0; i < objects->count; i++) {
		sqlite3_free(objects->items[i].type);
		sqlite3_free(objects->items[i].name);
	}
	sqlite3_free(objects->items);
	*objects = (struct objects){0};
}

static int32_t list_objects(struct elq_connection *connection, const char *text, struct objects *ret)
{
	int32_t status = statement_query(connection, sqlite3_mprintf("%s", text), take_object, ret);
	return status == ELQ_OK && ret->no_memory ? failure_no_memory(connection->call) : status;
}

static int32_t take_presence(void *context, sqlite3_stmt *statement)
{
	(void)statement;
	*(int32_t *)context = 1;
	return 1;
}

/* ---- holds_rows, holds_objects ---------------------------------------------------- */

/* Shadow tables belong to their virtual table and hold rows when that is empty. */
#define TABLES_OF_USERS                                                                                \
	"SELECT type, name FROM pragma_table_list WHERE schema = 'main' "                              \
	"AND type IN ('table', 'virtual') AND " NOT_OURS

static int32_t holds_rows(struct elq_connection *connection, int32_t *ret)
{
	struct objects tables = {0};
	int32_t found = 0;
	int32_t status = connection_refresh(connection);
	if (status == ELQ_OK)
		status = list_objects(connection, TABLES_OF_USERS, &tables);
	for (uint64_t i = 0; status == ELQ_OK && !found && i < tables.count; i++) {
		const struct object *table = &tables.items[i];
		status = statement_query(
			connection, sqlite3_mprintf("SELECT 1 FROM main.\"%w\" LIMIT 1", table->name),
			take_presence, &found);
		/* A virtual table that cannot be asked (its module is missing) may hold anything. */
		if (status == ELQ_ERR_FAILED && strcmp(table->type, "virtual") == 0) {
			status = ELQ_OK;
			found = 1;
		}
	}
	free_objects(&tables);
	if (status == ELQ_OK)
		*ret = found;
	return status;
}

static int32_t slot_holds_rows(const struct elq_call *call, struct elq_connection *connection,
			       int32_t *ret)
{
	connection_enter(connection, call);
	return connection_leave(connection, holds_rows(connection, ret));
}

static int32_t slot_holds_objects(const struct elq_call *call, struct elq_connection *connection,
				  int32_t *ret)
{
	int32_t found = 0;
	connection_enter(connection, call);
	int32_t status = connection_refresh(connection);
	if (status == ELQ_OK)
		status = statement_query(
			connection,
			sqlite3_mprintf("%s", "SELECT 1 FROM main.sqlite_schema WHERE " NOT_OF_OURS
					      " LIMIT 1"),
			take_presence, &found);
	if (status == ELQ_OK)
		*ret = found;
	return connection_leave(connection, status);
}

/* ---- wipe ---------------------------------------------------------------------------- */

/* What depends on others first. Shadow tables go with their virtual table; what
 * remains of the list is passed over by IF EXISTS. */
#define OBJECTS_TO_DROP                                                                                \
	"SELECT type, name FROM main.sqlite_schema WHERE sql IS NOT NULL AND " NOT_OURS                \
	" ORDER BY CASE WHEN type = 'trigger' THEN 0 WHEN type = 'view' THEN 1 "                       \
	"WHEN type = 'table' AND sql LIKE 'create virtual%' THEN 2 "                                   \
	"WHEN type = 'table' THEN 3 ELSE 4 END, rowid DESC"

static int32_t drop_all(struct elq_connection *connection, const struct objects *objects)
{
	int32_t status = ELQ_OK;
	for (uint64_t i = 0; status == ELQ_OK && i < objects->count; i++)
		status = statement_run_once(connection, sqlite3_mprintf("DROP %s IF EXISTS main.\"%w\"",
									objects->items[i].type,
									objects->items[i].name));
	return status;
}

static int32_t wipe(struct elq_connection *connection, int64_t *ret_dropped)
{
	struct objects objects = {0};
	int32_t status = transaction_require(connection);
	if (status == ELQ_OK)
		status = list_objects(connection, OBJECTS_TO_DROP, &objects);
	if (status == ELQ_OK) {
		/* Enforced, each DROP would first delete rows one by one and might be refused.
		 * The PRAGMA is deaf inside a transaction, this interface is not. */
		sqlite3_db_config(connection->db, SQLITE_DBCONFIG_ENABLE_FKEY, 0, NULL);
		status = drop_all(connection, &objects);
		sqlite3_db_config(connection->db, SQLITE_DBCONFIG_ENABLE_FKEY,
				  (int)connection->unit.foreign_keys, NULL);
		foreign_keys_forget(connection);
	}
	if (status == ELQ_OK)
		*ret_dropped = (int64_t)objects.count;
	free_objects(&objects);
	return status;
}

static int32_t slot_wipe(const struct elq_call *call, struct elq_connection *connection,
			 int64_t *ret_dropped)
{
	connection_enter(connection, call);
	return connection_leave(connection, wipe(connection, ret_dropped));
}

const struct elq_schema sqlite_schema = {
	.struct_size = sizeof(sqlite_schema),
	.describe = slot_describe,
	.holds_rows = slot_holds_rows,
	.holds_objects = slot_holds_objects,
	.wipe = slot_wipe,
};
