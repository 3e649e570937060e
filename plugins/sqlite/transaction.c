/* transaction.c - the unit of work: one migration's transaction, one of ours,
 * or a migration that asked for none.
 *
 * A unit starts on a clean session: what an earlier migration set (PRAGMA,
 * ATTACH, temporary objects) is dropped by opening the file anew, and only then,
 * because opening costs several times as much as a small migration. On an absent
 * database the transaction, and with it the file, waits for the first statement.
 *
 * Inside a migration without a transaction, begin() without ELQ_BEGIN_MIGRATION
 * opens a nested unit for our own tables: a transaction, or a savepoint of the
 * migration's own transaction when it has one open. The session is kept. */
#include "sqlite/internal.h"

#include <string.h>

#define SAVEPOINT_OPEN "SAVEPOINT eloquent"
#define SAVEPOINT_KEEP "RELEASE eloquent"
#define SAVEPOINT_DROP "ROLLBACK TO eloquent"

/* ---- begin -------------------------------------------------------------------- */

static bool str_is(const struct elq_str *str, const char *text)
{
	return str->size == strlen(text) && memcmp(str->data, text, str->size) == 0;
}

int32_t transaction_options(struct elq_connection *connection, const struct elq_begin *begin,
			    bool *ret_foreign_keys)
{
	uint64_t stride = begin->option_count ? begin->options[0].struct_size : 0;
	for (uint64_t i = 0; i < begin->option_count; i++) {
		const struct elq_setting *option =
			(const void *)((const char *)begin->options + i * stride);
		bool yes = str_is(&option->value, "yes");
		if (!str_is(&option->name, "foreign_keys") || (!yes && !str_is(&option->value, "no")))
			return sqlkit_fail(
				connection->call, ELQ_ERR_INVALID, "the option is foreign_keys:on",
				"SQLite migrations have no option %.*s=%.*s", (int)option->name.size,
				option->name.data, (int)option->value.size, option->value.data);
		*ret_foreign_keys = yes;
	}
	return ELQ_OK;
}

/* By the C interface: the PRAGMA does nothing inside a transaction, silently. */
static int32_t enforce_foreign_keys(struct elq_connection *connection, bool on)
{
	if (sqlite3_db_config(connection->db, SQLITE_DBCONFIG_ENABLE_FKEY, (int)on, NULL) != SQLITE_OK)
		return failure_report(connection, connection->db);
	return ELQ_OK;
}

/* Opens the unit's transaction on the file. */
static int32_t start(struct elq_connection *connection)
{
	struct unit *unit = &connection->unit;
	int32_t status = enforce_foreign_keys(connection, unit->foreign_keys);
	if (status != ELQ_OK)
		return status;
	if (!unit->autocommit) {
		status = statement_run(connection, "BEGIN IMMEDIATE");
		if (status == ELQ_OK && unit->migration)
			status = foreign_keys_begin(connection);
		if (status != ELQ_OK) {
			waiting_set_deaf(connection, true);
			if (!sqlite3_get_autocommit(connection->db))
				statement_run(connection, "ROLLBACK");
			waiting_set_deaf(connection, false);
			return status;
		}
	}
	unit->started = true;
	return ELQ_OK;
}

static int32_t begin_nested(struct elq_connection *connection)
{
	struct unit *unit = &connection->unit;
	if (!unit->autocommit || unit->nested)
		return sqlkit_fail(connection->call, ELQ_ERR_INVALID, NULL,
				   "a unit of work is open already");
	int32_t status = transaction_ready(connection);
	bool joins = !sqlite3_get_autocommit(connection->db);
	if (status == ELQ_OK)
		status = statement_run(connection, joins ? SAVEPOINT_OPEN : "BEGIN IMMEDIATE");
	if (status == ELQ_OK) {
		unit->nested = true;
		unit->savepoint = joins;
	}
	return status;
}

static void end(struct elq_connection *connection)
{
	connection->unit = (struct unit){0};
	connection->wait_us = connection->location.lock_timeout_us;
	seen_clear(&connection->seen);
	load_unit_ended(connection);
	reserve_forget(connection);
}

static int32_t begin_outer(struct elq_connection *connection, const struct elq_begin *begin)
{
	struct unit unit = {
		.open = true,
		.migration = (begin->flags & ELQ_BEGIN_MIGRATION) != 0,
		.autocommit = (begin->flags & ELQ_BEGIN_AUTOCOMMIT) != 0,
	};
	unit.foreign_keys =
		!unit.migration; /* SQLite's own default is off, and what migrations expect */
	int32_t status = transaction_options(connection, begin, &unit.foreign_keys);
	if (status == ELQ_OK)
		status = connection_refresh(connection);
	if (status == ELQ_OK)
		status = connection_check_writable(connection);
	if (status == ELQ_OK)
		status = connection->seen.dirty ? connection_reopen(connection)
						: connection_check_place(connection);
	if (status != ELQ_OK)
		return status;
	connection->wait_us = begin->lock_timeout_us >= 0 ? begin->lock_timeout_us
							  : connection->location.lock_timeout_us;
	seen_clear(&connection->seen);
	connection->unit = unit;
	status = connection->exists ? start(connection) : ELQ_OK;
	if (status != ELQ_OK)
		end(connection);
	if (!unit.migration)
		names_clear(&connection->foreign_keys.retry); /* only the same unit is run once more */
	return status;
}

int32_t transaction_begin(struct elq_connection *connection, const struct elq_begin *begin)
{
	struct elq_begin own = {.lock_timeout_us = -1};
	memcpy(&own, begin, begin->struct_size < sizeof(own) ? begin->struct_size : sizeof(own));
	bool nested = connection->unit.open && !(own.flags & ELQ_BEGIN_MIGRATION);
	if (connection->unit.open && !nested)
		return sqlkit_fail(connection->call, ELQ_ERR_INVALID, NULL,
				   "a unit of work is open already");
	return nested ? begin_nested(connection) : begin_outer(connection, &own);
}

/* ---- between ------------------------------------------------------------------- */

/* The alarm behind the splitter: a transaction that something else has ended
 * (INSERT OR ROLLBACK, RAISE(ROLLBACK)) must not go on as single statements. */
static int32_t check_alive(struct elq_connection *connection)
{
	const struct unit *unit = &connection->unit;
	bool ours = !unit->autocommit || unit->nested;
	if (unit->spoiled)
		return sqlkit_fail(connection->call, ELQ_ERR_FAILED, "roll it back",
				   "a load failed in this unit of work; its rows are not complete, and "
				   "it cannot go on");
	if (!unit->started || !ours || !sqlite3_get_autocommit(connection->db))
		return ELQ_OK;
	return sqlkit_fail(
		connection->call, ELQ_ERR_FAILED,
		"look for OR ROLLBACK and RAISE(ROLLBACK, ...) in its statements and in triggers",
		"the transaction was ended by one of its statements and rolled back");
}

int32_t transaction_ready(struct elq_connection *connection)
{
	struct unit *unit = &connection->unit;
	if (!unit->open)
		return connection_refresh(connection);
	if (unit->started)
		return check_alive(connection);
	int32_t status = connection_create(connection);
	return status == ELQ_OK ? start(connection) : status;
}

int32_t transaction_require(struct elq_connection *connection)
{
	if (connection->unit.open)
		return transaction_ready(connection);
	return sqlkit_fail(connection->call, ELQ_ERR_INVALID, NULL,
			   "the history is written inside a unit of work only");
}

/* ---- the end --------------------------------------------------------------------- */

static int32_t commit_nested(struct elq_connection *connection)
{
	struct unit *unit = &connection->unit;
	int32_t status = statement_run(connection, unit->savepoint ? SAVEPOINT_KEEP : "COMMIT");
	if (status == ELQ_OK) {
		unit->nested = unit->savepoint = false;
		load_unit_ended(connection);
	}
	return status;
}

/* A migration without a transaction of ours: its own must be closed. */
static int32_t commit_autocommit(struct elq_connection *connection)
{
	if (!sqlite3_get_autocommit(connection->db))
		return sqlkit_fail(
			connection->call, ELQ_ERR_FAILED, "close it with COMMIT",
			"the migration left a transaction of its own open; what it did since "
			"its BEGIN is rolled back");
	int32_t status = foreign_keys_warn(connection);
	foreign_keys_forget(connection);
	if (status == ELQ_OK)
		end(connection);
	return status;
}

int32_t transaction_commit(struct elq_connection *connection)
{
	struct unit *unit = &connection->unit;
	if (!unit->open)
		return sqlkit_fail(connection->call, ELQ_ERR_INVALID, NULL, "no unit of work is open");
	if (!unit->started) { /* an absent database, and nothing to write */
		end(connection);
		return ELQ_OK;
	}
	int32_t status = check_alive(connection);
	if (status != ELQ_OK)
		return status;
	if (unit->nested)
		return commit_nested(connection);
	if (unit->autocommit)
		return commit_autocommit(connection);
	if (unit->migration)
		status = foreign_keys_check(connection);
	else if (connection->seen.touched.count)
		foreign_keys_forget(connection);
	if (status == ELQ_OK)
		status = statement_run(connection, "COMMIT");
	if (status == ELQ_OK) {
		/* A unit of ours did not look at what others wrote before it. */
		if (unit->migration)
			foreign_keys_committed(connection);
		end(connection);
	}
	return status;
}

static int32_t rollback_nested(struct elq_connection *connection)
{
	struct unit *unit = &connection->unit;
	int32_t status = ELQ_OK;
	if (sqlite3_get_autocommit(connection->db)) {
		/* SQLite rolled everything back by itself. */
	} else if (unit->savepoint) {
		status = statement_run(connection, SAVEPOINT_DROP);
		if (status == ELQ_OK)
			status = statement_run(connection, SAVEPOINT_KEEP);
	} else {
		status = statement_run(connection, "ROLLBACK");
	}
	unit->nested = unit->savepoint = unit->spoiled = false;
	load_unit_ended(connection);
	return status;
}

static int32_t rollback_outer(struct elq_connection *connection)
{
	/* What SQLite rolled back by itself needs nothing more. */
	int32_t status = ELQ_OK;
	if (connection->exists && !sqlite3_get_autocommit(connection->db))
		status = statement_run(connection, "ROLLBACK");
	foreign_keys_forget(connection); /* it may know what is no longer so */
	end(connection);
	return status;
}

int32_t transaction_rollback(struct elq_connection *connection)
{
	if (!connection->unit.open)
		return ELQ_OK;
	waiting_set_deaf(connection, true); /* neither Ctrl-C nor a deadline may leave it half done */
	int32_t status =
		connection->unit.nested ? rollback_nested(connection) : rollback_outer(connection);
	waiting_set_deaf(connection, false);
	return status;
}
