/* script.c - a section as the statements that will be sent, found by the
 * driver's own rules; and the refusal of what must not be sent. Transaction
 * control inside a migration would end our transaction under our feet: that it is
 * refused here, before anything runs, is what atomic migrations rest on. */
#include "migrate/private.h"

#include <fcntl.h>
#include <string.h>

bool section_is_transactional(struct database *database, const struct section *section)
{
	return section->transaction && database_info(database)->flags & ELQ_CONN_TRANSACTIONAL_DDL;
}

void script_free(struct script *script)
{
	text_free(&script->text);
	mem_free(script->items);
	*script = (struct script){0};
}

enum status script_load(const struct migrator *migrator, const struct migration *file,
			struct script *script, struct error *error)
{
	char checksum[HASH_TEXT];
	enum status status = migration_read(AT_FDCWD, file->path, file->path, migrator->max_size,
					    &script->text, error);
	if (status)
		return status;
	hash_bytes(text_string(&script->text), script->text.size, checksum);
	if (text_equal(checksum, file->checksum))
		return STATUS_OK;
	error_set(error, STATUS_MODIFIED,
		  "%s changed while it was being checked; nothing of it was sent", file->path);
	error_hint(error, "run the command again when the file is finished");
	error_at(error, file->path, 0, 0);
	return STATUS_MODIFIED;
}

/* A section on its way through the driver's splitter. */
struct splitting {
	struct database *database;
	const struct migration *file;
	const struct section *section;
	struct script *script;
	struct error *error;
	struct elq_span span; /* the current statement */
	size_t number;        /* its number, from 1 */
	int64_t line;         /* its line in the file */
	bool wrapped;         /* the first one was BEGIN */
	size_t end_number;    /* the COMMIT that closes the wrapping, if it is the last; 0: none */
	int64_t end_line;
};

static const char control_remedy[] = "take it out: a migration runs in one transaction of its own, and "
				     "only a whole section may be wrapped in BEGIN and COMMIT";

static enum status refuse(const struct splitting *splitting, const char *what, const char *remedy)
{
	error_set(splitting->error, STATUS_MALFORMED, "%s:%lld: statement %zu: %s",
		  splitting->file->path, (long long)splitting->line, splitting->number, what);
	error_hint(splitting->error, "%s", remedy);
	error_at(splitting->error, splitting->file->path, splitting->line, (int64_t)splitting->number);
	return STATUS_MALFORMED;
}

/* The driver knows better than we what to write instead. */
static enum status refuse_as_driver(const struct splitting *splitting, const char *what,
				    const char *remedy)
{
	struct elq_str hint = splitting->span.hint;
	CLEANUP(mem_free_text) char *theirs = hint.size ? mem_copy(hint.data, (size_t)hint.size) : NULL;
	return refuse(splitting, what, theirs ? theirs : remedy);
}

/* The whole section in BEGIN ... COMMIT is how people write it for a native client: it
 * runs in our transaction instead, without those two. */
static enum status control_judge(struct splitting *splitting)
{
	uint32_t kind = splitting->span.kind;
	if (kind == ELQ_STATEMENT_BEGIN && splitting->number == 1) {
		splitting->wrapped = true;
		return STATUS_OK;
	}
	if (kind == ELQ_STATEMENT_COMMIT && splitting->wrapped) {
		splitting->end_number = splitting->number;
		splitting->end_line = splitting->line;
		return STATUS_OK;
	}
	return refuse(splitting, "transaction control inside a migration", control_remedy);
}

static enum status statement_judge(struct splitting *splitting)
{
	switch (splitting->span.kind) {
	case ELQ_STATEMENT_NO_TRANSACTION:
		if (!section_is_transactional(splitting->database, splitting->section))
			return STATUS_OK;
		return refuse_as_driver(splitting,
					"it cannot run, or does nothing, inside a transaction",
					"put it into a file of its own that begins with -- migrate:up "
					"transaction:false");
	case ELQ_STATEMENT_CLIENT_ONLY:
		return refuse_as_driver(splitting,
					"this is a command of the native client, not of the database",
					"write it as a statement of the database");
	default:
		return STATUS_OK;
	}
}

static bool kind_is_control(uint32_t kind)
{
	return kind == ELQ_STATEMENT_BEGIN || kind == ELQ_STATEMENT_COMMIT ||
	       kind == ELQ_STATEMENT_ROLLBACK || kind == ELQ_STATEMENT_SAVEPOINT;
}

/* With transaction:false the file's own transaction control is its business: it is a
 * statement like any other. */
static enum status statement_take(struct splitting *splitting)
{
	const struct elq_span *span = &splitting->span;
	struct script *script = splitting->script;
	splitting->number++;
	splitting->line = splitting->section->line + (int64_t)span->line - 1;
	if (splitting->end_number) {
		splitting->number = splitting->end_number;
		splitting->line = splitting->end_line;
		return refuse(splitting, "transaction control inside a migration", control_remedy);
	}
	if (span->size > STATEMENT_CAP)
		return refuse(splitting, "the statement is larger than 8 MiB",
			      "split it into smaller ones");
	bool control = kind_is_control(span->kind);
	enum status status = STATUS_OK;
	if (!control)
		status = statement_judge(splitting);
	else if (splitting->section->transaction)
		return control_judge(splitting);
	script->controls = script->controls || control;
	if (status)
		return status;
	struct statement statement = {
		.start = splitting->section->start + (size_t)span->start,
		.size = (size_t)span->size,
		.line = splitting->line,
	};
	VEC_PUSH(script, statement);
	return STATUS_OK;
}

static enum status split_failed(const struct splitting *splitting, enum status status)
{
	struct error *error = splitting->error;
	int64_t line = splitting->section->line + (error->line > 0 ? error->line - 1 : 0);
	error_prefix(error, "%s:%lld: statement %zu", splitting->file->path, (long long)line,
		     splitting->number + 1);
	error_at(error, splitting->file->path, line, (int64_t)splitting->number + 1);
	return status;
}

enum status script_split(struct database *database, const struct migration *file,
			 const struct section *section, struct script *script, struct error *error)
{
	struct splitting splitting = {
		.database = database,
		.file = file,
		.section = section,
		.script = script,
		.error = error,
	};
	const char *text = text_string(&script->text) + section->start;
	script->count = 0;
	script->controls = false;
	for (size_t offset = 0; offset < section->size;) {
		splitting.span = (struct elq_span){.struct_size = sizeof(splitting.span)};
		enum status status = database_next_statement(database, text, section->size, offset,
							     &splitting.span, error);
		if (status)
			return split_failed(&splitting, status);
		if (splitting.span.kind != ELQ_STATEMENT_EMPTY)
			status = statement_take(&splitting);
		if (status)
			return status;
		offset = (size_t)splitting.span.next;
	}
	if (!splitting.wrapped || splitting.end_number)
		return STATUS_OK;
	splitting.number = 1;
	splitting.line = script->count ? script->items[0].line : section->line;
	return refuse(&splitting, "no COMMIT at the end of the section that starts with BEGIN",
		      control_remedy);
}
