/* migrator.c - a migrator's life: loaded, current or overtaken, freed; and the
 * check that files and history agree. */
#include "migrate/private.h"

#include <string.h>

enum status migrator_load(struct migrator *migrator, enum history_verify verify, struct error *error)
{
	struct folder ahead = migrator->folder_is_read ? migrator->folder : (struct folder){0};
	enum status status = STATUS_OK;
	if (migrator->folder_is_read)
		migrator->folder = (struct folder){0};
	migrator_free(migrator);
	if (migrator->folder_is_read)
		migrator->folder = ahead;
	else
		status = folder_read(migrator->folder_path, migrator->max_size, migrator->word,
				     &migrator->folder, error);
	migrator->folder_is_read = false;
	if (status)
		return status;
	ERROR_CLEANUP struct error broken = {0};
	status = history_read(migrator->database, verify, &migrator->history, &broken);
	if (!status)
		rows_build(migrator);
	error_move(error, &migrator->folder.wrong);
	return error_add(error, &broken);
}

void migrator_free(struct migrator *migrator)
{
	folder_free(&migrator->folder);
	history_free(&migrator->history);
	mem_free(migrator->steps);
	arena_free(&migrator->arena);
	migrator->rows = NULL;
	migrator->row_count = 0;
	migrator->steps = NULL;
	migrator->step_count = 0;
	migrator->step_capacity = 0;
	migrator->wipe = false;
	migrator->steps_done = 0;
}

struct head_context {
	const struct history *history;
	size_t seen;
	bool same;
};

/* Reading begins at our last event: it must be there still, and be the last. */
static int32_t on_event(void *opaque, const struct elq_event *event)
{
	struct head_context *context = opaque;
	context->same = event->sequence == context->history->head_sequence &&
			str_equals(event->hash, context->history->head_hash);
	return ++context->seen > 1;
}

enum status migrator_is_current(struct migrator *migrator, bool *ret, struct error *error)
{
	int64_t head = migrator->history.head_sequence;
	struct head_context context = {.history = &migrator->history};
	ERROR_CLEANUP struct error failure = {0};
	enum status status = database_history_read(migrator->database, head ? head - 1 : 0, on_event,
						   &context, &failure);
	/* Stopping at the second event is our own doing. */
	if (status && context.seen < 2) {
		error_move(error, &failure);
		return status;
	}
	*ret = head ? context.seen == 1 && context.same : context.seen == 0;
	return STATUS_OK;
}

size_t rows_name(const struct migrator *migrator, bool (*wanted)(const struct row *row),
		 struct text *ret, const struct row **ret_first)
{
	size_t count = 0;
	for (size_t i = 0; i < migrator->row_count; i++) {
		const struct row *row = &migrator->rows[i];
		if (!wanted(row))
			continue;
		if (!count++)
			*ret_first = row;
		else
			text_add(ret, ", ");
		text_add(ret, row->name);
	}
	return count;
}

static bool is_modified(const struct row *row)
{
	return row->state == ROW_MODIFIED;
}

static bool is_missing(const struct row *row)
{
	return row->state == ROW_MISSING;
}

static bool is_out_of_order(const struct row *row)
{
	return row->state == ROW_OUT_OF_ORDER;
}

static void find_modified(const struct migrator *migrator, struct error *error)
{
	TEXT_CLEANUP struct text names = {0};
	const struct row *first = NULL;
	size_t count = rows_name(migrator, is_modified, &names, &first);
	if (!count)
		return;
	error_set(error, STATUS_MODIFIED, "%s edited after %s applied: %s",
		  count == 1 ? "a migration's file was" : "migrations' files were",
		  count == 1 ? "it was" : "they were", text_string(&names));
	if (first->entry->state == ENTRY_PARTIAL)
		error_hint(error,
			   "%lld of its statements stand in the database and it cannot go on with "
			   "another text: put the file back as it was, or finish or undo it by hand "
			   "and say so with eloquent migrate:repair --mark applied|reverted %s",
			   (long long)first->entry->statements_done, first->name);
	else
		error_hint(error,
			   "put the file back as it was and write the change as a new migration; or, "
			   "if the new text is what stands in the database, record that with eloquent "
			   "migrate:repair --accept %s",
			   first->name);
	error_at(error, first->file->path, 0, 0);
}

static void find_missing(const struct migrator *migrator, struct error *error)
{
	TEXT_CLEANUP struct text names = {0};
	const struct row *first = NULL;
	size_t count = rows_name(migrator, is_missing, &names, &first);
	if (!count)
		return;
	error_set(error, STATUS_MISSING, "%s applied, but %s not in %s: %s",
		  count == 1 ? "a migration is" : "migrations are",
		  count == 1 ? "its file is" : "their files are", migrator->folder_path,
		  text_string(&names));
	error_hint(error,
		   "bring the file back; if it is gone for good, eloquent migrate:repair --forget %s; "
		   "migrate:run passes over it with --allow-missing",
		   first->name);
}

static void find_out_of_order(const struct migrator *migrator, struct error *error)
{
	TEXT_CLEANUP struct text names = {0};
	const struct row *first = NULL;
	size_t count = rows_name(migrator, is_out_of_order, &names, &first);
	if (!count)
		return;
	error_set(error, STATUS_OUT_OF_ORDER, "%s older than the newest applied one: %s",
		  count == 1 ? "a pending migration is" : "pending migrations are",
		  text_string(&names));
	error_hint(error, "rename the file to a newer version, or run it as it is with eloquent "
			  "migrate:run --allow-missing");
	error_at(error, first->file->path, 0, 0);
}

enum status migrator_check_consistent(const struct migrator *migrator, struct error *error)
{
	static void (*const finders[])(const struct migrator *, struct error *) = {
		find_modified, find_missing, find_out_of_order};
	size_t count = migrator->allow_missing ? 1 : COUNT_OF(finders);
	struct error all = {0};
	for (size_t i = 0; i < count; i++) {
		ERROR_CLEANUP struct error found = {0};
		finders[i](migrator, &found);
		error_add(&all, &found);
	}
	if (!all.status)
		return STATUS_OK;
	error_move(error, &all);
	return error->status;
}

/* What migrate:run would run: a repeatable that changed is applied, and runs again. */
static bool is_to_be_run(const struct row *row)
{
	switch (row->state) {
	case ROW_PENDING:
	case ROW_FAILED:
	case ROW_PARTIAL:
	case ROW_STALE:
		return true;
	default:
		return false;
	}
}

enum status migrator_check_applied(const struct migrator *migrator, struct error *error)
{
	TEXT_CLEANUP struct text names = {0};
	const struct row *first = NULL;
	enum status status = migrator_check_consistent(migrator, error);
	if (status)
		return status;
	size_t count = rows_name(migrator, is_to_be_run, &names, &first);
	if (!count)
		return STATUS_OK;
	error_set(error, STATUS_PENDING, "%zu migration%s to be run: %s", count,
		  count == 1 ? " is" : "s are", text_string(&names));
	error_hint(error, "run %s with eloquent migrate:run", count == 1 ? "it" : "them");
	return STATUS_PENDING;
}
