/* clone.c - the schema of a database, without a row, in a database of our own that nobody
 * else sees (in memory, as long as it is not large): what a review prepares statements on
 * and runs definitions on. It has an authorizer that takes down what a statement would
 * touch, and limits on steps and pages.
 *
 * What cannot be cloned (a module or a function that is not here) is kept by name:
 * a statement that needs it cannot be judged. */
#include "sqlite/review.h"

#include <limits.h>
#include <string.h>

#define STEPS_BETWEEN 2000       /* virtual machine steps between two looks */
#define LOOKS_PER_STATEMENT 2500 /* five million steps: seconds */
#define CLONE_PAGES "65536"      /* of 4 KiB */
#define CLONE_CACHE "-4096"      /* KiB of them in memory; more goes into a temporary file */
#define TEXT_CAP (16 << 20)      /* of one text or blob; a statement has 8 MiB */

/* ---- what a statement would touch ------------------------------------------------ */

static bool event_same(const struct event *event, int action, const char *first, const char *second,
		       const char *trigger)
{
	return event->action == action && strcmp(event->first, first) == 0 &&
	       strcmp(event->second, second) == 0 && (event->trigger == NULL) == (trigger == NULL) &&
	       (!trigger || strcmp(event->trigger, trigger) == 0);
}

static void event_clear(struct event *event)
{
	sqlite3_free(event->first);
	sqlite3_free(event->second);
	sqlite3_free(event->trigger);
}

static void events_clear(struct events *events)
{
	for (uint64_t i = 0; i < events->count; i++)
		event_clear(&events->items[i]);
	events->count = 0;
	events->no_memory = false;
}

static bool events_add(struct events *events, int action, const char *first, const char *second,
		       const char *trigger)
{
	/* From the end: UPDATE and DELETE name a table several times in a row. */
	for (uint64_t i = events->count; i > 0; i--)
		if (event_same(&events->items[i - 1], action, first, second, trigger))
			return true;
	if (events->count == events->capacity) {
		uint64_t capacity = events->capacity ? events->capacity * 2 : 16;
		struct event *items = sqlite3_realloc64(events->items, capacity * sizeof(*items));
		if (!items)
			return false;
		events->items = items;
		events->capacity = capacity;
	}
	struct event event = {.action = action};
	event.first = sqlite3_mprintf("%s", first);
	event.second = sqlite3_mprintf("%s", second);
	event.trigger = trigger ? sqlite3_mprintf("%s", trigger) : NULL;
	if (!event.first || !event.second || (trigger && !event.trigger)) {
		event_clear(&event);
		return false;
	}
	events->items[events->count++] = event;
	return true;
}

/* Reading destroys nothing, and it is most of what is seen. */
static bool is_of_interest(int action)
{
	switch (action) {
	case SQLITE_INSERT:
	case SQLITE_UPDATE:
	case SQLITE_DELETE:
	case SQLITE_DROP_TABLE:
	case SQLITE_DROP_VTABLE:
	case SQLITE_DROP_VIEW:
	case SQLITE_DROP_TRIGGER:
	case SQLITE_ALTER_TABLE:
		return true;
	default:
		return false;
	}
}

/* The clone's own safety; what a statement of these kinds means is review.c's. */
static bool is_denied(int action, const char *second)
{
	return action == SQLITE_ATTACH || action == SQLITE_DETACH ||
	       (action == SQLITE_FUNCTION && second && sqlite3_stricmp(second, "load_extension") == 0);
}

static int authorize(void *context, int action, const char *first, const char *second,
		     const char *schema, const char *trigger)
{
	struct elq_review *review = context;
	struct events *events = &review->events;
	if (is_denied(action, second))
		return SQLITE_DENY;
	if (!events->recording || !is_of_interest(action))
		return SQLITE_OK;
	/* ALTER TABLE names the schema first. Temporary tables end with the session. */
	const char *place = action == SQLITE_ALTER_TABLE ? first : schema;
	if (place && sqlite3_stricmp(place, "main") != 0)
		return SQLITE_OK;
	if (events_add(events, action, first ? first : "", second ? second : "", trigger))
		return SQLITE_OK;
	events->no_memory = true;
	return SQLITE_DENY;
}

/* ---- preparing and running ---------------------------------------------------------- */

static int progress(void *context)
{
	struct elq_review *review = context;
	return waiting_is_over(review->connection) || review->steps_left-- <= 0;
}

/* What SQLite says about its last failure is why; what is no judgement is an error. */
static int32_t take_failure(struct elq_review *review, char **ret_why)
{
	struct elq_connection *connection = review->connection;
	int code = sqlite3_errcode(review->clone) & 0xff;
	if (code == SQLITE_NOMEM || review->events.no_memory)
		return failure_no_memory(connection->call);
	if (connection->stopped != ELQ_OK)
		return sqlkit_fail(connection->call, connection->stopped, NULL,
				   "the review was stopped");
	*ret_why = sqlite3_mprintf("%s", code == SQLITE_INTERRUPT ? "it takes too long there"
								  : sqlite3_errmsg(review->clone));
	return *ret_why ? ELQ_OK : failure_no_memory(connection->call);
}

int32_t clone_prepare(struct elq_review *review, const struct elq_str *text, sqlite3_stmt **ret,
		      char **ret_why)
{
	const char *tail = text->data;
	*ret = NULL;
	*ret_why = NULL;
	events_clear(&review->events);
	review->steps_left = LOOKS_PER_STATEMENT;
	int size = text->size > INT_MAX ? INT_MAX : (int)text->size;
	review->events.recording = true;
	int result = sqlite3_prepare_v3(review->clone, text->data, size, 0, ret, &tail);
	review->events.recording = false;
	if (result != SQLITE_OK)
		return take_failure(review, ret_why);
	if (statement_is_single(text->data, text->size, tail))
		return ELQ_OK;
	sqlite3_finalize(*ret);
	*ret = NULL;
	*ret_why = sqlite3_mprintf("text is left behind the end of the statement");
	return *ret_why ? ELQ_OK : failure_no_memory(review->connection->call);
}

int32_t clone_run(struct elq_review *review, sqlite3_stmt *statement, char **ret_why)
{
	*ret_why = NULL;
	review->steps_left = LOOKS_PER_STATEMENT;
	int result = sqlite3_step(statement);
	while (result == SQLITE_ROW)
		result = sqlite3_step(statement);
	return result == SQLITE_DONE ? ELQ_OK : take_failure(review, ret_why);
}

int32_t clone_query(struct elq_review *review, char *text,
		    int32_t (*row)(void *context, sqlite3_stmt *statement), void *context)
{
	const struct elq_call *call = review->connection->call;
	sqlite3_stmt *prepared = NULL;
	if (!text)
		return failure_no_memory(call);
	review->steps_left = INT64_MAX;
	int result = sqlite3_prepare_v2(review->clone, text, -1, &prepared, NULL);
	if (result == SQLITE_OK)
		result = sqlite3_step(prepared);
	while (result == SQLITE_ROW && row && !row(context, prepared))
		result = sqlite3_step(prepared);
	sqlite3_finalize(prepared);
	int32_t status = ELQ_OK;
	if (result != SQLITE_ROW && result != SQLITE_DONE) {
		char *why = NULL;
		status = take_failure(review, &why);
		if (status == ELQ_OK)
			status = sqlkit_fail(call, ELQ_ERR_FAILED, NULL,
					     "the clone of the schema does not answer: %s", why);
		sqlite3_free(why);
	}
	sqlite3_free(text);
	return status;
}

/* ---- a clean session ------------------------------------------------------------------ */

struct dropping {
	struct elq_review *review;
	char *text; /* DROP ... of one temporary object, or NULL */
	bool no_memory;
};

static int32_t take_temporary(void *context, sqlite3_stmt *row)
{
	struct dropping *dropping = context;
	dropping->text = sqlite3_mprintf("DROP %s IF EXISTS temp.\"%w\"", sqlite3_column_text(row, 0),
					 sqlite3_column_text(row, 1));
	dropping->no_memory = dropping->text == NULL;
	return 1;
}

static int32_t drop_temporary(struct elq_review *review)
{
	for (;;) {
		struct dropping dropping = {.review = review};
		int32_t status = clone_query(
			review,
			sqlite3_mprintf(
				"%s", "SELECT type, name FROM temp.sqlite_schema WHERE sql IS NOT NULL "
				      "ORDER BY type = 'table', rowid DESC LIMIT 1"),
			take_temporary, &dropping);
		if (status != ELQ_OK || (!dropping.text && !dropping.no_memory))
			return status;
		status = clone_query(review, dropping.text, NULL, NULL);
		if (status != ELQ_OK)
			return status;
	}
}

int32_t clone_reset(struct elq_review *review, bool foreign_keys)
{
	int32_t status = drop_temporary(review);
	if (status == ELQ_OK)
		status = clone_query(review, sqlite3_mprintf("PRAGMA recursive_triggers = 0"), NULL,
				     NULL);
	if (status == ELQ_OK)
		status = clone_query(review, sqlite3_mprintf("PRAGMA legacy_alter_table = 0"), NULL,
				     NULL);
	if (status == ELQ_OK)
		status = clone_query(review,
				     sqlite3_mprintf("PRAGMA foreign_keys = %d", (int)foreign_keys),
				     NULL, NULL);
	return status;
}

/* ---- cloning ---------------------------------------------------------------------------- */

/* Shadow tables come with their virtual table; what belongs to a table comes behind all
 * of them, triggers last. */
#define OBJECTS                                                                                        \
	"SELECT type, name, tbl_name, sql FROM main.sqlite_schema WHERE sql IS NOT NULL "              \
	"AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT IN (SELECT name FROM "                \
	"pragma_table_list WHERE schema = 'main' AND type = 'shadow') "                                \
	"ORDER BY CASE WHEN type = 'table' AND sql NOT LIKE 'create virtual%' THEN 0 "                 \
	"WHEN type = 'table' THEN 1 WHEN type = 'index' THEN 2 WHEN type = 'view' THEN 3 ELSE 4 END, " \
	"rowid"

struct cloning {
	struct elq_review *review;
	int32_t status;
};

static int32_t clone_object(void *context, sqlite3_stmt *row)
{
	struct cloning *cloning = context;
	struct elq_review *review = cloning->review;
	const char *type = (const char *)sqlite3_column_text(row, 0);
	const char *name = (const char *)sqlite3_column_text(row, 1);
	const char *table = (const char *)sqlite3_column_text(row, 2);
	const char *sql = (const char *)sqlite3_column_text(row, 3);
	bool whole = type && name && table && sql;
	sqlite3_stmt *made = NULL;
	char *why = NULL;
	review->steps_left = LOOKS_PER_STATEMENT;
	/* One statement, whatever a tampered schema holds behind it. */
	if (whole && sqlite3_prepare_v2(review->clone, sql, -1, &made, NULL) != SQLITE_OK)
		cloning->status = take_failure(review, &why);
	else if (whole)
		cloning->status = clone_run(review, made, &why);
	bool cloned = whole && cloning->status == ELQ_OK && !why;
	sqlite3_finalize(made);
	sqlite3_free(why);
	if (cloned)
		return 0;
	if (cloning->status != ELQ_OK)
		return 1;
	bool trigger = whole && strcmp(type, "trigger") == 0;
	if (!whole || !names_add(trigger ? &review->blind : &review->missing, trigger ? table : name))
		cloning->status = failure_no_memory(review->connection->call);
	return cloning->status != ELQ_OK;
}

static int32_t take_presence(void *context, sqlite3_stmt *row)
{
	(void)row;
	*(bool *)context = true;
	return 1;
}

/* Tables of statistics can be made by ANALYZE alone. */
static int32_t clone_statistics(struct elq_review *review)
{
	bool there = false;
	int32_t status = statement_query(
		review->connection,
		sqlite3_mprintf("%s",
				"SELECT 1 FROM main.sqlite_schema WHERE name LIKE 'sqlite\\_stat%' "
				"ESCAPE '\\' LIMIT 1"),
		take_presence, &there);
	return status == ELQ_OK && there ? clone_query(review, sqlite3_mprintf("ANALYZE"), NULL, NULL)
					 : status;
}

static int32_t take_table(void *context, sqlite3_stmt *row)
{
	struct cloning *cloning = context;
	if (known_add(&cloning->review->tables, sqlite3_column_int64(row, 0),
		      (const char *)sqlite3_column_text(row, 1), sqlite3_column_int(row, 2) != 0,
		      false))
		return 0;
	cloning->status = failure_no_memory(cloning->review->connection->call);
	return 1;
}

static int32_t fill(struct elq_review *review)
{
	struct cloning cloning = {.review = review};
	int32_t status = clone_query(review, sqlite3_mprintf("BEGIN"), NULL, NULL);
	if (status == ELQ_OK)
		status = statement_query(review->connection, sqlite3_mprintf("%s", OBJECTS),
					 clone_object, &cloning);
	if (status == ELQ_OK)
		status = cloning.status;
	if (status == ELQ_OK)
		status = clone_statistics(review);
	if (status == ELQ_OK)
		status = clone_query(review, sqlite3_mprintf("COMMIT"), NULL, NULL);
	if (status == ELQ_OK)
		status = clone_query(review,
				     sqlite3_mprintf("%s",
						     "SELECT rowid, name, sql LIKE 'create virtual%' "
						     "FROM main.sqlite_schema WHERE type = 'table'"),
				     take_table, &cloning);
	return status == ELQ_OK ? cloning.status : status;
}

int32_t clone_open(struct elq_review *review)
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
			  SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_PRIVATECACHE;
	static const char *const settings[] = {"cache_size = " CLONE_CACHE, "journal_mode = MEMORY",
					       "synchronous = OFF", "max_page_count = " CLONE_PAGES};
	if (sqlite3_open_v2("", &review->clone, flags, NULL) != SQLITE_OK)
		return failure_no_memory(review->connection->call);
	sqlite3_limit(review->clone, SQLITE_LIMIT_LENGTH, TEXT_CAP);
	sqlite3_progress_handler(review->clone, STEPS_BETWEEN, progress, review);
	sqlite3_set_authorizer(review->clone, authorize, review);
	int32_t status = ELQ_OK;
	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings) && status == ELQ_OK; i++)
		status = clone_query(review, sqlite3_mprintf("PRAGMA %s", settings[i]), NULL, NULL);
	if (status == ELQ_OK)
		status = fill(review);
	if (status != ELQ_OK)
		return status;
	/* As the real connection is. */
	sqlite3_db_config(review->clone, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	return ELQ_OK;
}

void clone_close(struct elq_review *review)
{
	sqlite3_close(review->clone);
	review->clone = NULL;
	events_clear(&review->events);
	sqlite3_free(review->events.items);
	known_free(&review->tables);
	names_free(&review->missing);
	names_free(&review->blind);
}

/* ---- texts --------------------------------------------------------------------------------- */

struct one_text {
	char *text;
	bool no_memory;
};

static int32_t take_text(void *context, sqlite3_stmt *row)
{
	struct one_text *one = context;
	const unsigned char *text = sqlite3_column_text(row, 0);
	one->text = text ? sqlite3_mprintf("%s", text) : NULL;
	one->no_memory = one->text == NULL;
	return 1;
}

int32_t clone_text(struct elq_review *review, char *query, char **ret)
{
	struct one_text one = {0};
	int32_t status = clone_query(review, query, take_text, &one);
	*ret = one.text;
	return status == ELQ_OK && one.no_memory ? failure_no_memory(review->connection->call) : status;
}

int32_t clone_sql(struct elq_review *review, const char *type, const char *name, char **ret)
{
	return clone_text(
		review,
		sqlite3_mprintf("SELECT coalesce(sql, '') FROM (SELECT type, name, sql FROM "
				"main.sqlite_schema UNION ALL SELECT type, name, sql FROM "
				"temp.sqlite_schema) WHERE type = %Q AND name = %Q COLLATE NOCASE",
				type, name),
		ret);
}
