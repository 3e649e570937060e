/* review.c - elq.review: what a migration's statements would destroy. The rules are
 * docs/destructive-statements.md, one by one; how they look at a statement says
 * review.h. */
#include "sqlite/review.h"

#include "sqlite/dialect.h"

#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* ---- the statement -------------------------------------------------------------------------- */

static int32_t judge_prepared(struct judging *judging, sqlite3_stmt *statement)
{
	const struct events *events = &judging->review->events;
	int32_t status = ELQ_OK;
	if (judging->shape.verb == SQLKIT_VERB_DROP)
		status = judge_drop(judging);
	else if (judging->shape.verb != SQLKIT_VERB_ALTER)
		for (uint64_t i = 0; status == ELQ_OK && i < events->count; i++)
			status = judge_rows(judging, &events->items[i]);
	if (status == ELQ_OK)
		status = run_definition(judging, statement);
	return status == ELQ_OK ? columns_take_copy(judging->review, judging->text) : status;
}

static int32_t judge_by_running(struct judging *judging)
{
	sqlite3_stmt *statement = NULL;
	char *why = NULL;
	int32_t status = clone_prepare(judging->review, judging->text, &statement, &why);
	if (status == ELQ_OK && why)
		status = report_opaque(judging, "cannot_run",
				       "it cannot be tried on a copy of the schema: ", why);
	else if (status == ELQ_OK && statement && sqlite3_stmt_isexplain(statement) == 0)
		status = judge_prepared(judging, statement);
	sqlite3_finalize(statement);
	sqlite3_free(why);
	return status;
}

/* ---- PRAGMA ---------------------------------------------------------------------------------- */

/* With an argument these ask, or set what no row depends on. */
static const char *const harmless[] = {
	"analysis_limit",
	"application_id",
	"auto_vacuum",
	"automatic_index",
	"busy_timeout",
	"cache_size",
	"cache_spill",
	"case_sensitive_like",
	"cell_size_check",
	"checkpoint_fullfsync",
	"defer_foreign_keys",
	"foreign_key_check",
	"foreign_key_list",
	"fullfsync",
	"ignore_check_constraints",
	"incremental_vacuum",
	"index_info",
	"index_list",
	"index_xinfo",
	"integrity_check",
	"journal_mode",
	"journal_size_limit",
	"locking_mode",
	"max_page_count",
	"mmap_size",
	"optimize",
	"page_size",
	"quick_check",
	"read_uncommitted",
	"reverse_unordered_selects",
	"secure_delete",
	"synchronous",
	"table_info",
	"table_list",
	"table_xinfo",
	"temp_store",
	"threads",
	"trusted_schema",
	"user_version",
	"wal_autocheckpoint",
	"wal_checkpoint",
};

/* These change what later statements do: the clone follows them. */
static const char *const followed[] = {"foreign_keys", "legacy_alter_table", "recursive_triggers"};

static bool is_one_of(const struct sqlkit_token *name, const char *text, const char *const *list,
		      size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (sqlkit_token_is(name, text, list[i], strlen(list[i])))
			return true;
	return false;
}

/* Without an argument a pragma asks. */
static int32_t judge_pragma(struct judging *judging)
{
	const struct sqlkit_lexer *lexer = &sqlite_splitter.lexer;
	const char *text = judging->text->data;
	uint64_t size = judging->text->size;
	struct sqlkit_token name = sqlkit_lexer_skip(lexer, text, size, judging->shape.rest);
	struct sqlkit_token next = sqlkit_lexer_skip(lexer, text, size, name.start + name.size);
	if (next.kind == SQLKIT_TOKEN_OTHER && text[next.start] == '.') {
		name = sqlkit_lexer_skip(lexer, text, size, next.start + next.size);
		next = sqlkit_lexer_skip(lexer, text, size, name.start + name.size);
	}
	if (next.kind == SQLKIT_TOKEN_END || next.kind == SQLKIT_TOKEN_SEMICOLON ||
	    is_one_of(&name, text, harmless, COUNT_OF(harmless)))
		return ELQ_OK;
	if (!is_one_of(&name, text, followed, COUNT_OF(followed)))
		return report_opaque(judging, "pragma", "what comes of this PRAGMA cannot be told", "");
	sqlite3_stmt *statement = NULL;
	char *why = NULL;
	int32_t status = clone_prepare(judging->review, judging->text, &statement, &why);
	if (status == ELQ_OK && statement)
		status = clone_run(judging->review, statement, &why);
	if (status == ELQ_OK && why)
		status = report_opaque(judging, "pragma",
				       "it cannot be followed on a copy of the schema: ", why);
	sqlite3_finalize(statement);
	sqlite3_free(why);
	return status;
}

static int32_t judge(struct judging *judging)
{
	switch (judging->shape.verb) {
	case SQLKIT_VERB_OTHER:
		return report_opaque(judging, "unknown_statement",
				     "it is no statement that the rules know", "");
	case SQLKIT_VERB_TRANSACTION:
		return report_opaque(judging, "transaction_control",
				     "it ends or takes back what stands before it in this file", "");
	case SQLKIT_VERB_ATTACH:
	case SQLKIT_VERB_DETACH:
		return report_opaque(judging, "attach", "what is in another database cannot be told",
				     "");
	case SQLKIT_VERB_VACUUM:
		if (judging->shape.into)
			return report_opaque(judging, "vacuum_into", "it writes another file", "");
		return report(judging, ELQ_FINDING_NOTE, "vacuum", NULL, false,
			      "VACUUM writes the whole file anew, and nobody else writes meanwhile");
	case SQLKIT_VERB_PRAGMA:
		return judge_pragma(judging);
	default:
		return judge_by_running(judging);
	}
}

/* ---- the slots ---------------------------------------------------------------------------------- */

static void slot_end(const struct elq_call *call, struct elq_review *review)
{
	(void)call;
	if (!review)
		return;
	clone_close(review);
	sqlite3_free(review);
}

static int32_t slot_begin(const struct elq_call *call, struct elq_connection *connection,
			  struct elq_review **ret)
{
	*ret = NULL;
	struct elq_review *review = sqlite3_malloc64(sizeof(*review));
	if (!review)
		return failure_no_memory(call);
	memset(review, 0, sizeof(*review));
	review->connection = connection;
	connection_enter(connection, call);
	int32_t status = connection->unit.open ? ELQ_OK : connection_refresh(connection);
	if (status == ELQ_OK)
		status = clone_open(review);
	connection_leave(connection, status);
	if (status == ELQ_OK)
		*ret = review;
	else
		slot_end(call, review);
	return status;
}

static int32_t slot_unit(const struct elq_call *call, struct elq_review *review,
			 const struct elq_begin *begin)
{
	struct elq_begin own = {.lock_timeout_us = -1};
	memcpy(&own, begin, begin->struct_size < sizeof(own) ? begin->struct_size : sizeof(own));
	bool foreign_keys = !(own.flags & ELQ_BEGIN_MIGRATION); /* as when the unit begins */
	connection_enter(review->connection, call);
	int32_t status = transaction_options(review->connection, &own, &foreign_keys);
	/* Between two units other programs may have written: no copy is whole any more. */
	for (uint64_t i = 0; i < review->tables.count; i++)
		known_forget_copy(&review->tables.items[i]);
	review->autocommit = (own.flags & ELQ_BEGIN_AUTOCOMMIT) != 0;
	if (status == ELQ_OK)
		status = clone_reset(review, foreign_keys);
	return connection_leave(review->connection, status);
}

static int32_t slot_feed(const struct elq_call *call, struct elq_review *review,
			 const struct elq_str *statement, const struct elq_finding_sink *sink)
{
	struct judging judging = {
		.review = review,
		.text = statement,
		.sink = sink,
		.number = review->next++,
	};
	sqlkit_shape_read(&sqlite_splitter.lexer, statement->data, statement->size, &judging.shape);
	connection_enter(review->connection, call);
	return connection_leave(review->connection, judge(&judging));
}

const struct elq_review_ops sqlite_review = {
	.struct_size = sizeof(sqlite_review),
	.begin = slot_begin,
	.unit = slot_unit,
	.feed = slot_feed,
	.end = slot_end,
};
