/* script.c - a seed's script as the statements that will be sent, found by the driver's
 * own rules. All of it is judged before the first statement is sent: transaction control
 * in it would end the unit that all seeds share. */
#include "seed/private.h"

#include <string.h>

struct statement {
	size_t start;
	size_t size;
	int64_t line; /* of the file */
};
struct statements {
	struct statement *items;
	size_t count;
	size_t capacity;
};

static void statements_free(struct statements *statements)
{
	mem_free(statements->items);
}

/* Without the byte order mark at its start: to a database it would be part of a word. */
static void skip_mark(const char **text, size_t *size)
{
	if (*size < 3 || memcmp(*text, "\xef\xbb\xbf", 3) != 0)
		return;
	*text += 3;
	*size -= 3;
}

/* Where in which file. */
struct place {
	struct bed *bed;
	const char *path;
	int64_t line; /* of the script's first line */
};

static enum status refuse(const struct place *place, int64_t line, size_t number, const char *what,
			  const char *remedy)
{
	struct error *error = &place->bed->error;
	error_set(error, STATUS_MALFORMED, "%s:%lld: statement %zu: %s", place->path, (long long)line,
		  number, what);
	error_hint(error, "%s", remedy);
	error_at(error, place->path, line, (int64_t)number);
	return STATUS_MALFORMED;
}

/* The driver knows better than we what to write instead. */
static enum status refuse_as_driver(const struct place *place, const struct elq_span *span,
				    int64_t line, size_t number, const char *what, const char *remedy)
{
	CLEANUP(mem_free_text)
	char *theirs = span->hint.size ? mem_copy(span->hint.data, (size_t)span->hint.size) : NULL;
	return refuse(place, line, number, what, theirs ? theirs : remedy);
}

static enum status judge(const struct place *place, const struct elq_span *span, size_t number)
{
	int64_t line = place->line + (int64_t)span->line - 1;
	if (span->size > SEED_STATEMENT_CAP)
		return refuse(place, line, number, "the statement is larger than 8 MiB",
			      "split it into smaller ones");
	switch (span->kind) {
	case ELQ_STATEMENT_BEGIN:
	case ELQ_STATEMENT_COMMIT:
	case ELQ_STATEMENT_ROLLBACK:
	case ELQ_STATEMENT_SAVEPOINT:
		return refuse(place, line, number, "transaction control inside a seed",
			      "take it out: all seeds of a run share one transaction");
	case ELQ_STATEMENT_NO_TRANSACTION:
		return refuse(place, line, number,
			      "it cannot run, or does nothing, inside a transaction",
			      "take it out: all seeds of a run share one transaction");
	case ELQ_STATEMENT_CLIENT_ONLY:
		return refuse_as_driver(place, span, line, number,
					"this is a command of the native client, not of the database",
					"write it as a statement of the database");
	default:
		return STATUS_OK;
	}
}

static enum status split(const struct place *place, const char *text, size_t size,
			 struct statements *ret)
{
	struct error *error = &place->bed->error;
	enum status status = STATUS_OK;
	for (size_t offset = 0; offset < size && !status;) {
		struct elq_span span = {.struct_size = sizeof(span)};
		status = database_next_statement(place->bed->sowing->database, text, size, offset,
						 &span, error);
		if (status) {
			int64_t line = place->line + (error->line > 0 ? error->line - 1 : 0);
			error_prefix(error, "%s:%lld: statement %zu", place->path, (long long)line,
				     ret->count + 1);
			error_at(error, place->path, line, (int64_t)ret->count + 1);
			return status;
		}
		offset = (size_t)span.next;
		if (span.kind == ELQ_STATEMENT_EMPTY)
			continue;
		status = judge(place, &span, ret->count + 1);
		struct statement statement = {.start = (size_t)span.start,
					      .size = (size_t)span.size,
					      .line = place->line + (int64_t)span.line - 1};
		VEC_PUSH(ret, statement);
	}
	return status;
}

static enum status review_all(const struct place *place, const char *text,
			      const struct statements *statements)
{
	enum status status = STATUS_OK;
	for (size_t i = 0; i < statements->count && !status; i++) {
		const struct statement *statement = &statements->items[i];
		const struct seed_place at = {place->path, statement->line, i + 1};
		status =
			bed_review_statement(place->bed, &at, text + statement->start, statement->size);
	}
	return status;
}

static enum status run_one(const struct place *place, const char *text,
			   const struct statements *statements, size_t index)
{
	struct bed *bed = place->bed;
	const struct statement *statement = &statements->items[index];
	struct error *error = &bed->error;
	int64_t rows = -1;
	enum status status = bed_check_stop(bed);
	if (status)
		return status;
	status = database_execute(bed->sowing->database, text + statement->start, statement->size,
				  &rows, error);
	if (!status) {
		bed->statements++;
		bed_add_rows(bed, rows);
		bed_step(bed, "statements", (int64_t)statements->count, (int64_t)index + 1);
		return STATUS_OK;
	}
	int64_t line = statement->line + (error->line > 0 ? error->line - 1 : 0);
	error_prefix(error, "%s:%lld: statement %zu of %zu failed", place->path, (long long)line,
		     index + 1, statements->count);
	error_at(error, place->path, line, (int64_t)index + 1);
	return status;
}

enum status bed_script(struct bed *bed, const char *path, int64_t line, const char *text, size_t size)
{
	CLEANUP(statements_free) struct statements statements = {0};
	const struct place place = {bed, path, line};
	size_t bad = 0;
	if (!utf8_valid(text, size, &bad) || memchr(text, '\0', size))
		return refuse(&place, line, 1, "the script is no UTF-8 text", "save it as UTF-8");
	skip_mark(&text, &size);
	enum status status = split(&place, text, size, &statements);
	if (!status)
		status = review_all(&place, text, &statements);
	for (size_t i = 0; i < statements.count && !status && bed->mode == SOW_WRITE; i++)
		status = run_one(&place, text, &statements, i);
	for (size_t i = 0; i < statements.count && !status && bed->mode == SOW_SHOW; i++) {
		bed->statements++;
		bed->sowing->statement(bed->sowing->context, bed->seed,
				       text + statements.items[i].start, statements.items[i].size);
	}
	return status;
}
