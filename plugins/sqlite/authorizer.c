/* authorizer.c - what a user's statement is about to touch, as SQLite itself
 * reports it while preparing: which tables (for the foreign key check), and
 * whether the session is no longer clean.
 *
 * It observes. What it refuses is little: our own tables, a transaction that is
 * ours to end, settings of the whole process, and on a connection for reading
 * everything that does not read. Statements of ours pass unseen. */
#include "sqlite/internal.h"

#include "sqlkit/ours.h"

#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static bool is_one_of(const char *name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (sqlite3_stricmp(name, list[i]) == 0)
			return true;
	return false;
}

static int refuse(struct seen *seen, const char *reason)
{
	seen->refusal = reason;
	return SQLITE_DENY;
}

static int no_memory(struct seen *seen)
{
	seen->no_memory = true;
	return SQLITE_DENY;
}

/* ---- pragmas ---------------------------------------------------------------- */

/* With an argument these still only ask, or change the file and not the session. */
static const char *const harmless[] = {
	"application_id", "foreign_key_check", "foreign_key_list", "incremental_vacuum",
	"index_info",     "index_list",        "index_xinfo",      "integrity_check",
	"optimize",       "quick_check",       "table_info",       "table_list",
	"table_xinfo",    "user_version",      "wal_checkpoint",
};

/* These reach every connection of the process. */
static const char *const process_wide[] = {
	"data_store_directory",
	"hard_heap_limit",
	"soft_heap_limit",
	"temp_store_directory",
};

/* On a connection for reading: what asks. */
static const char *const asking[] = {
	"foreign_key_check", "foreign_key_list", "index_info", "index_list", "index_xinfo",
	"integrity_check",   "quick_check",      "table_info", "table_list", "table_xinfo",
};

static int see_pragma(struct seen *seen, const char *name, const char *argument)
{
	if (!argument || is_one_of(name, harmless, COUNT_OF(harmless)))
		return SQLITE_OK;
	if (is_one_of(name, process_wide, COUNT_OF(process_wide)))
		return refuse(seen, "this PRAGMA would change every database of the process");
	if (sqlite3_stricmp(name, "query_only") == 0)
		return refuse(seen, "PRAGMA query_only would stop eloquent's own record");
	seen->dirty = true;
	return SQLITE_OK;
}

/* ---- tables ------------------------------------------------------------------ */

static int refuse_ours(struct seen *seen)
{
	return refuse(seen, "eloquent_history, eloquent_meta and eloquent_lock belong to eloquent; "
			    "nothing else may change them");
}

static int see_table(struct seen *seen, const char *table, const char *schema, bool definition)
{
	if (sqlkit_name_is_ours(table))
		return refuse_ours(seen);
	if (!table || sqlite3_strnicmp(table, "sqlite_", 7) == 0)
		return SQLITE_OK;
	if (schema && sqlite3_stricmp(schema, "temp") == 0) {
		seen->dirty = true;
		return SQLITE_OK;
	}
	if (schema && sqlite3_stricmp(schema, "main") != 0)
		return SQLITE_OK; /* attached: not ours to check */
	if (!names_add(&seen->touched, table))
		return no_memory(seen);
	if (definition && !names_add(&seen->redefined, table))
		return no_memory(seen);
	return SQLITE_OK;
}

static int see_drop(struct seen *seen, const char *table, const char *schema)
{
	sqlite3_free(seen->dropped);
	seen->dropped = sqlite3_mprintf("%s", table);
	return seen->dropped ? see_table(seen, table, schema, true) : no_memory(seen);
}

static int see_temporary(struct seen *seen, const char *name, const char *table)
{
	seen->dirty = true;
	/* A temporary trigger on our table, or a temporary table of its name. */
	return sqlkit_name_is_ours(name) || sqlkit_name_is_ours(table) ? refuse_ours(seen) : SQLITE_OK;
}

static int see_transaction(struct elq_connection *connection)
{
	const struct unit *unit = &connection->unit;
	if (!unit->open || (unit->autocommit && !unit->nested))
		return SQLITE_OK;
	return refuse(&connection->seen, "this runs in a transaction of eloquent's; "
					 "take BEGIN, COMMIT and ROLLBACK out of it");
}

/* ---- the callback --------------------------------------------------------------- */

/* The last name but one is the schema; which of the first two is the table
 * depends on the action (sqlite.org/c3ref/c_alter_table.html). */
static int see(struct elq_connection *connection, int action, const char *first, const char *second,
	       const char *schema)
{
	struct seen *seen = &connection->seen;
	switch (action) {
	case SQLITE_INSERT:
	case SQLITE_UPDATE:
	case SQLITE_DELETE:
		return see_table(seen, first, schema, false);
	case SQLITE_CREATE_TABLE:
	case SQLITE_CREATE_VTABLE:
	case SQLITE_DROP_VTABLE:
	case SQLITE_CREATE_VIEW:
	case SQLITE_DROP_VIEW:
		return see_table(seen, first, schema, true);
	case SQLITE_DROP_TABLE:
		return see_drop(seen, first, schema);
	case SQLITE_DROP_INDEX: /* it may have been the parent's key */
		return see_table(seen, second, schema, false);
	case SQLITE_CREATE_INDEX:
	case SQLITE_CREATE_TRIGGER:
	case SQLITE_DROP_TRIGGER: /* change no row of the table */
		return sqlkit_name_is_ours(second) ? refuse_ours(seen) : SQLITE_OK;
	case SQLITE_ALTER_TABLE:
		seen->altered = true;
		return see_table(seen, second, first, true);
	case SQLITE_CREATE_TEMP_TABLE:
	case SQLITE_CREATE_TEMP_VIEW:
	case SQLITE_DROP_TEMP_TABLE:
	case SQLITE_DROP_TEMP_VIEW:
	case SQLITE_CREATE_TEMP_INDEX:
	case SQLITE_DROP_TEMP_INDEX:
	case SQLITE_CREATE_TEMP_TRIGGER:
	case SQLITE_DROP_TEMP_TRIGGER:
		return see_temporary(seen, first, second);
	case SQLITE_PRAGMA:
		return see_pragma(seen, first, second);
	case SQLITE_ATTACH:
	case SQLITE_DETACH:
		seen->dirty = true;
		seen->attaches = action == SQLITE_ATTACH;
		return SQLITE_OK;
	case SQLITE_TRANSACTION:
		return see_transaction(connection);
	default:
		return SQLITE_OK;
	}
}

/* A connection for reading. query_only stands behind this. */
static int see_reading(struct seen *seen, int action, const char *name, const char *argument)
{
	switch (action) {
	case SQLITE_SELECT:
	case SQLITE_READ:
	case SQLITE_FUNCTION:
	case SQLITE_RECURSIVE:
		return SQLITE_OK;
	case SQLITE_PRAGMA:
		if (!argument || is_one_of(name, asking, COUNT_OF(asking)))
			return SQLITE_OK;
		break;
	default:
		break;
	}
	return refuse(seen, "this connection was opened for reading only");
}

static int authorize(void *context, int action, const char *first, const char *second,
		     const char *schema, const char *trigger)
{
	struct elq_connection *connection = context;
	(void)trigger;
	if (connection->ours)
		return SQLITE_OK;
	if (!connection->writable)
		return see_reading(&connection->seen, action, first, second);
	return see(connection, action, first, second, schema);
}

void authorizer_install(struct elq_connection *connection, sqlite3 *db)
{
	sqlite3_set_authorizer(db, authorize, connection);
}

void seen_clear(struct seen *seen)
{
	names_clear(&seen->touched);
	names_clear(&seen->redefined);
	sqlite3_free(seen->dropped);
	seen->dropped = NULL;
	seen->attaches = false;
	seen->altered = false;
	seen->references = false;
	seen->refusal = NULL;
	seen->no_memory = false;
}

void seen_free(struct seen *seen)
{
	seen_clear(seen);
	names_free(&seen->touched);
	names_free(&seen->redefined);
}
