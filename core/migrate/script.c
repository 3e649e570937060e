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
	struct error found;   /* everything that is refused */
	struct elq_span span; /* the current statement */
	size_t number;        /* its number, from 1 */
	int64_t line;         /* its line in the file */
	bool wrapped;         /* the first one was BEGIN */
	int64_t begin_line;
	size_t end_number; /* the COMMIT that closes the wrapping, if it is the last; 0: none */
	int64_t end_line;
};

/* A dump of another tool may hold nothing but refusals; more than these help nobody. */
#define FINDINGS_MAX 20

static const char control_remedy[] = "take it out: a migration runs in one transaction of its own, and "
				     "only a whole section may be wrapped in BEGIN and COMMIT";

static void refuse_at(struct splitting *splitting, size_t number, int64_t line, const char *what,
		      const char *remedy)
{
	struct error error = {0};
	const char *path = splitting->file->path;
	error_set(&error, STATUS_MALFORMED, "%s:%lld: statement %zu: %s", path, (long long)line, number,
		  what);
	error_hint(&error, "%s", remedy);
	error_at(&error, path, line, (int64_t)number);
	error_add(&splitting->found, &error);
}

static void refuse(struct splitting *splitting, const char *what, const char *remedy)
{
	refuse_at(splitting, splitting->number, splitting->line, what, remedy);
}

/* The driver knows better than we what to write instead. */
static void refuse_as_driver(struct splitting *splitting, const char *what, const char *remedy)
{
	struct elq_str hint = splitting->span.hint;
	CLEANUP(mem_free_text) char *theirs = hint.size ? mem_copy(hint.data, (size_t)hint.size) : NULL;
	refuse(splitting, what, theirs ? theirs : remedy);
}

static void refuse_control(struct splitting *splitting)
{
	refuse(splitting, "transaction control inside a migration", control_remedy);
}

/* The whole section in BEGIN ... COMMIT is how people write it for a native client: it
 * runs in our transaction instead, without those two. */
static void control_judge(struct splitting *splitting)
{
	uint32_t kind = splitting->span.kind;
	if (kind == ELQ_STATEMENT_BEGIN && splitting->number == 1) {
		splitting->wrapped = true;
		splitting->begin_line = splitting->line;
	} else if (kind == ELQ_STATEMENT_COMMIT && splitting->wrapped) {
		splitting->end_number = splitting->number;
		splitting->end_line = splitting->line;
	} else {
		refuse_control(splitting);
	}
}

/* What we took for the end of the wrapping stands in the middle. */
static void refuse_end(struct splitting *splitting)
{
	refuse_at(splitting, splitting->end_number, splitting->end_line,
		  "transaction control inside a migration", control_remedy);
	splitting->wrapped = false;
	splitting->end_number = 0;
}

static void statement_judge(struct splitting *splitting)
{
	switch (splitting->span.kind) {
	case ELQ_STATEMENT_NO_TRANSACTION:
		if (section_is_transactional(splitting->database, splitting->section))
			refuse_as_driver(splitting,
					 "it cannot run, or does nothing, inside a transaction",
					 "put it into a file of its own that begins with -- migrate:up "
					 "transaction:false");
		break;
	case ELQ_STATEMENT_CLIENT_ONLY:
		refuse_as_driver(splitting,
				 "this is a command of the native client, not of the database",
				 "write it as a statement of the database");
		break;
	default:
		break;
	}
	if (splitting->span.size > STATEMENT_CAP)
		refuse(splitting, "the statement is larger than 8 MiB", "split it into smaller ones");
}

static bool kind_is_control(uint32_t kind)
{
	return kind == ELQ_STATEMENT_BEGIN || kind == ELQ_STATEMENT_COMMIT ||
	       kind == ELQ_STATEMENT_ROLLBACK || kind == ELQ_STATEMENT_SAVEPOINT;
}

/* With transaction:false the file's own transaction control is its business: it is a
 * statement like any other. */
static void statement_take(struct splitting *splitting)
{
	const struct elq_span *span = &splitting->span;
	struct script *script = splitting->script;
	bool control = kind_is_control(span->kind);
	splitting->number++;
	splitting->line = splitting->section->line + (int64_t)span->line - 1;
	if (splitting->end_number)
		refuse_end(splitting);
	if (control && splitting->section->transaction) {
		control_judge(splitting);
		return;
	}
	statement_judge(splitting);
	script->controls = script->controls || control;
	struct statement statement = {
		.start = splitting->section->start + (size_t)span->start,
		.size = (size_t)span->size,
		.line = splitting->line,
		.alone = span->kind != ELQ_STATEMENT_PLAIN,
	};
	VEC_PUSH(script, statement);
}

/* Behind what the splitter cannot read, it cannot go on. */
static void split_failed(struct splitting *splitting, struct error *error)
{
	int64_t line = splitting->section->line + (error->line > 0 ? error->line - 1 : 0);
	error_prefix(error, "%s:%lld: statement %zu", splitting->file->path, (long long)line,
		     splitting->number + 1);
	error_at(error, splitting->file->path, line, (int64_t)splitting->number + 1);
	error_add(&splitting->found, error);
}

static void split_all(struct splitting *splitting)
{
	const struct section *section = splitting->section;
	const char *text = text_string(&splitting->script->text) + section->start;
	for (size_t offset = 0; offset < section->size;) {
		ERROR_CLEANUP struct error error = {0};
		splitting->span = (struct elq_span){.struct_size = sizeof(splitting->span)};
		if (database_next_statement(splitting->database, text, section->size, offset,
					    &splitting->span, &error)) {
			split_failed(splitting, &error);
			return;
		}
		if (splitting->span.kind != ELQ_STATEMENT_EMPTY)
			statement_take(splitting);
		if (splitting->found.more_count + 1 >= FINDINGS_MAX) {
			error_hint(&splitting->found,
				   "%s; after %d findings the rest of the section was not looked at",
				   splitting->found.hint, FINDINGS_MAX);
			return;
		}
		offset = (size_t)splitting->span.next;
	}
	if (splitting->wrapped && !splitting->end_number)
		refuse_at(splitting, 1, splitting->begin_line,
			  "no COMMIT at the end of the section that starts with BEGIN", control_remedy);
}

enum status script_split(struct database *database, const struct migration *file,
			 const struct section *section, struct script *script, struct error *error)
{
	struct splitting splitting = {
		.database = database,
		.file = file,
		.section = section,
		.script = script,
	};
	script->count = 0;
	script->controls = false;
	split_all(&splitting);
	if (!splitting.found.status)
		return STATUS_OK;
	error_move(error, &splitting.found);
	return error->status;
}
