/* statement.c - one statement: prepared, bound, stepped, its rows poured out.
 *
 * A user's statement is prepared once, run and forgotten. Ours stay prepared in
 * a small cache; SQLite prepares them anew by itself when the schema changed. */
#include "sqlite/internal.h"

#include "sqlite/dialect.h"
#include "sqlite/values.h"

#include <limits.h>
#include <string.h>

/* ---- preparing ---------------------------------------------------------------- */

/* What a refused or failed preparation is reported as. */
static int32_t report_prepare(struct elq_connection *connection)
{
	struct seen *seen = &connection->seen;
	if (!connection->ours && seen->no_memory)
		return failure_no_memory(connection->call);
	if (!connection->ours && seen->refusal)
		return sqlkit_fail(connection->call, ELQ_ERR_FAILED, NULL, "not run: %s",
				   seen->refusal);
	return failure_report(connection, connection->db);
}

static int32_t prepare(struct elq_connection *connection, const char *text, uint64_t size,
		       unsigned flags, sqlite3_stmt **ret, const char **ret_tail)
{
	if (size > INT_MAX)
		return sqlkit_fail(connection->call, ELQ_ERR_INVALID, NULL,
				   "a statement of %llu bytes is too long", (unsigned long long)size);
	struct seen *seen = &connection->seen;
	seen->refusal = NULL;
	seen->no_memory = false;
	sqlite3_free(seen->dropped);
	seen->dropped = NULL;
	seen->attaches = false;
	int result = sqlite3_prepare_v3(connection->db, text, (int)size, flags, ret, ret_tail);
	return result == SQLITE_OK ? ELQ_OK : report_prepare(connection);
}

/* What SQLite leaves unread (a zero byte ends its reading) would be dropped silently. */
bool statement_is_single(const char *text, uint64_t size, const char *tail)
{
	uint64_t offset = (uint64_t)(tail - text);
	struct sqlkit_token token = {0};
	do {
		token = sqlkit_lexer_skip(&sqlite_splitter.lexer, text, size, offset);
		offset = token.start + token.size;
	} while (token.kind == SQLKIT_TOKEN_SEMICOLON);
	return token.kind == SQLKIT_TOKEN_END;
}

/* *ret stays NULL when there is nothing to run: blanks and comments. */
static int32_t prepare_user(struct elq_connection *connection, const struct elq_str *text,
			    sqlite3_stmt **ret)
{
	const char *tail = text->data;
	int32_t status = prepare(connection, text->data, text->size, 0, ret, &tail);
	if (status != ELQ_OK || statement_is_single(text->data, text->size, tail))
		return status;
	sqlite3_finalize(*ret);
	*ret = NULL;
	return sqlkit_fail(connection->call, ELQ_ERR_INVALID, "send one statement at a time",
			   "text was left behind the end of the statement");
}

void statement_cache_clear(struct elq_connection *connection)
{
	for (int i = 0; i < STATEMENT_CACHE; i++) {
		sqlite3_finalize(connection->cache[i].statement);
		sqlite3_free(connection->cache[i].text);
		connection->cache[i] = (struct cached_statement){0};
	}
}

/* The place of this text in the cache: where it is, or the one least used. */
static struct cached_statement *find_cached(struct elq_connection *connection, const char *text,
					    uint64_t size)
{
	struct cached_statement *oldest = &connection->cache[0];
	for (int i = 0; i < STATEMENT_CACHE; i++) {
		struct cached_statement *cached = &connection->cache[i];
		if (cached->statement && cached->size == size &&
		    memcmp(cached->text, text, (size_t)size) == 0)
			return cached;
		if (cached->used < oldest->used)
			oldest = cached;
	}
	return oldest;
}

/* A prepared statement of ours. *ret_once: it is not in the cache (a row's
 * receiver runs the same statement again) and is to be finalized. */
static int32_t prepare_ours(struct elq_connection *connection, const struct elq_str *text,
			    sqlite3_stmt **ret, bool *ret_once)
{
	struct cached_statement *cached = find_cached(connection, text->data, text->size);
	bool same = cached->statement && cached->size == text->size &&
		    memcmp(cached->text, text->data, (size_t)text->size) == 0;
	*ret_once = cached->statement && sqlite3_stmt_busy(cached->statement);
	if (same && !*ret_once) {
		cached->used = ++connection->cache_clock;
		*ret = cached->statement;
		return ELQ_OK;
	}
	sqlite3_stmt *statement = NULL;
	unsigned flags = *ret_once ? 0 : SQLITE_PREPARE_PERSISTENT;
	int32_t status = prepare(connection, text->data, text->size, flags, &statement, NULL);
	if (status != ELQ_OK || *ret_once) {
		*ret = statement;
		return status;
	}
	char *copy = sqlite3_malloc64(text->size + 1);
	if (!copy) {
		sqlite3_finalize(statement);
		return failure_no_memory(connection->call);
	}
	memcpy(copy, text->data, (size_t)text->size);
	sqlite3_finalize(cached->statement);
	sqlite3_free(cached->text);
	*cached = (struct cached_statement){copy, text->size, statement, ++connection->cache_clock};
	*ret = statement;
	return ELQ_OK;
}

/* ---- stepping ------------------------------------------------------------------- */

/* Runs to the end. A sink that had enough is ELQ_ERR_STOPPED. */
static int32_t step_all(struct elq_connection *connection, sqlite3_stmt *statement,
			const struct elq_sink *sink)
{
	struct values values = {0};
	int32_t status = sink ? values_columns(connection, statement, sink, &values) : ELQ_OK;
	while (status == ELQ_OK) {
		int result = sqlite3_step(statement);
		if (result == SQLITE_DONE)
			break;
		if (result != SQLITE_ROW)
			status = report_prepare(connection); /* a step may prepare anew */
		else if (sink)
			status = values_row(connection, statement, sink, &values);
	}
	values_free(&values);
	return status;
}

/* What must hold of a user's statement before it runs. */
static int32_t check_user(struct elq_connection *connection, sqlite3_stmt *statement)
{
	bool reads = sqlite3_stmt_readonly(statement) != 0;
	if (!connection->writable && !reads)
		return connection_check_writable(connection);
	bool enforced = connection->unit.open && connection->unit.foreign_keys;
	if (!connection->seen.dropped || !enforced)
		return ELQ_OK;
	char *dropped = connection->seen.dropped; /* the check prepares statements of its own */
	connection->seen.dropped = NULL;
	int32_t status = foreign_keys_check_drop(connection, dropped);
	sqlite3_free(dropped);
	return status;
}

static void set_result(struct elq_result *ret, int64_t rows)
{
	struct elq_result own = {.struct_size = ret->struct_size, .rows_changed = rows};
	memcpy(ret, &own, own.struct_size < sizeof(own) ? own.struct_size : sizeof(own));
}

static int32_t run_prepared(struct elq_connection *connection, sqlite3_stmt *statement,
			    const struct elq_statement *given, const struct elq_sink *sink,
			    struct elq_result *ret_result)
{
	int32_t status = values_bind(connection, statement, given->params, given->param_count);
	sqlite3_int64 before = sqlite3_total_changes64(connection->db);
	if (status == ELQ_OK)
		status = step_all(connection, statement, sink);
	if (status == ELQ_OK && ret_result) {
		/* changes64() keeps the count of the last statement that had one. */
		bool changed = sqlite3_total_changes64(connection->db) != before;
		set_result(ret_result, changed ? sqlite3_changes64(connection->db) : 0);
	}
	return status;
}

static int32_t execute_ours(struct elq_connection *connection, const struct elq_statement *statement,
			    const struct elq_sink *sink, struct elq_result *ret_result)
{
	sqlite3_stmt *prepared = NULL;
	bool once = false;
	bool outer = connection->ours;
	connection->ours = true;
	int32_t status = prepare_ours(connection, &statement->text, &prepared, &once);
	if (status == ELQ_OK && prepared)
		status = run_prepared(connection, prepared, statement, sink, ret_result);
	if (once) {
		sqlite3_finalize(prepared);
	} else if (prepared) {
		sqlite3_reset(prepared);
		sqlite3_clear_bindings(prepared);
	}
	connection->ours = outer;
	return status;
}

/* VACUUM runs statements of its own, on all tables, ours among them. */
static bool is_vacuum(const struct elq_str *text)
{
	struct sqlkit_token token =
		sqlkit_lexer_skip(&sqlite_splitter.lexer, text->data, text->size, 0);
	return token.kind == SQLKIT_TOKEN_WORD && sqlkit_token_is(&token, text->data, "VACUUM", 6);
}

/* Does the text hold the word that every foreign key is made with? */
static bool says_references(const struct elq_str *text)
{
	static const char word[] = "references";
	const uint64_t size = sizeof(word) - 1;
	for (uint64_t i = 0; i + size <= text->size; i++)
		if ((text->data[i] | 0x20) == 'r' &&
		    sqlite3_strnicmp(text->data + i, word, (int)size) == 0)
			return true;
	return false;
}

static int32_t execute_user(struct elq_connection *connection, const struct elq_statement *statement,
			    const struct elq_sink *sink, struct elq_result *ret_result)
{
	sqlite3_stmt *prepared = NULL;
	struct seen *seen = &connection->seen;
	int32_t status = prepare_user(connection, &statement->text, &prepared);
	seen->references = seen->references || says_references(&statement->text);
	if (status == ELQ_OK && prepared && !connection->exists && !sqlite3_stmt_readonly(prepared)) {
		/* The first write, outside a unit. */
		sqlite3_finalize(prepared);
		prepared = NULL;
		status = connection_check_writable(connection);
		if (status == ELQ_OK)
			status = connection_create(connection);
		if (status == ELQ_OK)
			status = prepare_user(connection, &statement->text, &prepared);
	}
	if (status == ELQ_OK && prepared)
		status = check_user(connection, prepared);
	connection->ours = connection->writable && is_vacuum(&statement->text);
	if (status == ELQ_OK && prepared)
		status = run_prepared(connection, prepared, statement, sink, ret_result);
	else if (status == ELQ_OK && ret_result)
		set_result(ret_result, 0); /* blanks and comments */
	sqlite3_finalize(prepared);
	connection->ours = false;
	return status;
}

int32_t statement_execute(struct elq_connection *connection, const struct elq_statement *statement,
			  const struct elq_sink *sink, struct elq_result *ret_result)
{
	int32_t status = transaction_ready(connection);
	if (status != ELQ_OK)
		return status;
	if (statement->flags & ELQ_EXECUTE_OURS)
		return execute_ours(connection, statement, sink, ret_result);
	if (!connection->unit.open) /* only migrations run without enforcement */
		sqlite3_db_config(connection->db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
	return execute_user(connection, statement, sink, ret_result);
}

/* ---- for the other files ----------------------------------------------------------- */

int32_t statement_run_into(struct elq_connection *connection, const char *text,
			   const struct elq_sink *sink)
{
	struct elq_statement statement = {
		.struct_size = sizeof(statement), .flags = ELQ_EXECUTE_OURS, .text = sqlkit_str(text)};
	return execute_ours(connection, &statement, sink, NULL);
}

int32_t statement_run(struct elq_connection *connection, const char *text)
{
	return statement_run_into(connection, text, NULL);
}

int32_t statement_query(struct elq_connection *connection, char *text,
			int32_t (*row)(void *context, sqlite3_stmt *statement), void *context)
{
	if (!text)
		return failure_no_memory(connection->call);
	sqlite3_stmt *prepared = NULL;
	bool outer = connection->ours;
	connection->ours = true;
	int32_t status = prepare(connection, text, strlen(text), 0, &prepared, NULL);
	while (status == ELQ_OK) {
		int result = sqlite3_step(prepared);
		if (result == SQLITE_DONE || (result == SQLITE_ROW && row && row(context, prepared)))
			break;
		if (result != SQLITE_ROW)
			status = failure_report(connection, connection->db);
	}
	sqlite3_finalize(prepared);
	sqlite3_free(text);
	connection->ours = outer;
	return status;
}

int32_t statement_prepare_load(struct elq_connection *connection, const char *text, uint64_t size,
			       sqlite3_stmt **ret)
{
	return prepare(connection, text, size, SQLITE_PREPARE_PERSISTENT, ret, NULL);
}

int32_t statement_run_once(struct elq_connection *connection, char *text)
{
	return statement_query(connection, text, NULL, NULL);
}
