/* rollback.c - which migrations go down, newest first: rollback, reset and the
 * first half of redo. It decides and checks; nothing is sent. */
#include "migrate/private.h"

#include <stdlib.h>
#include <string.h>

/* Applied by a run, and so may be rolled back; baselined ones never are. */
static bool can_go_down(const struct row *row)
{
	const struct entry *entry = row->entry;
	return entry && *row->version && entry_stands(entry) && entry->state != ENTRY_BASELINED &&
	       !(entry->state == ENTRY_PARTIAL && !entry->down);
}

static bool is_half_up(const struct row *row)
{
	return row->entry && *row->version && row->entry->state == ENTRY_PARTIAL && !row->entry->down;
}

static enum status half_up_refuse(const struct migrator *migrator, struct error *error)
{
	TEXT_CLEANUP struct text names = {0};
	const struct row *first = NULL;
	if (!rows_name(migrator, is_half_up, &names, &first))
		return STATUS_OK;
	error_set(error, STATUS_CHECK_FAILED, "half applied: %s (%lld statements stand)",
		  text_string(&names), (long long)first->entry->statements_done);
	error_hint(error,
		   "finish it with eloquent migrate:run, or undo those statements by hand and say so "
		   "with eloquent migrate:repair --mark reverted %s",
		   first->name);
	return STATUS_CHECK_FAILED;
}

struct standing {
	struct row *items;
	size_t count;
	size_t capacity;
};

static void standing_free(struct standing *standing)
{
	mem_free(standing->items);
}

static int newest_first(const void *left, const void *right)
{
	int64_t a = ((const struct row *)left)->entry->sequence;
	int64_t b = ((const struct row *)right)->entry->sequence;
	return (a < b) - (a > b);
}

/* In reverse order of what happened, which --allow-missing makes another order than
 * that of versions. */
static void standing_collect(const struct migrator *migrator, struct standing *ret)
{
	for (size_t i = 0; i < migrator->row_count; i++)
		if (can_go_down(&migrator->rows[i]))
			VEC_PUSH(ret, migrator->rows[i]);
	if (ret->count)
		qsort(ret->items, ret->count, sizeof(*ret->items), newest_first);
}

/* What `selection` says, resolved against the database. */
struct bounds {
	int64_t step;  /* at most; 0: all */
	int64_t batch; /* this one; < 0: every one */
	int64_t after; /* only what was applied after this sequence */
};

static enum status bounds_of_to(const struct migrator *migrator, const char *to, struct bounds *ret,
				struct error *error)
{
	const struct row *row = NULL;
	enum status status = row_require(migrator, to, &row, error);
	if (status)
		return status;
	if (!row->entry || !*row->version || !entry_stands(row->entry)) {
		error_set(error, STATUS_CHECK_FAILED,
			  "%s is not an applied versioned migration: it cannot stay applied",
			  row->name);
		error_hint(error, "--to names the migration that stays; eloquent migrate:status shows "
				  "the applied ones");
		return STATUS_CHECK_FAILED;
	}
	*ret = (struct bounds){.batch = -1, .after = row->entry->sequence};
	return STATUS_OK;
}

static enum status bounds_of(const struct migrator *migrator,
			     const struct rollback_selection *selection,
			     const struct standing *standing, struct bounds *ret, struct error *error)
{
	if (selection->to)
		return bounds_of_to(migrator, selection->to, ret, error);
	*ret = (struct bounds){.batch = -1};
	if (selection->all)
		return STATUS_OK;
	if (selection->step > 0) {
		ret->step = selection->step;
		return STATUS_OK;
	}
	if (selection->batch <= 0) {
		for (size_t i = 0; i < standing->count; i++)
			if (standing->items[i].entry->batch > ret->batch)
				ret->batch = standing->items[i].entry->batch;
		return STATUS_OK;
	}
	ret->batch = selection->batch;
	for (size_t i = 0; i < standing->count; i++)
		if (standing->items[i].entry->batch == selection->batch)
			return STATUS_OK;
	error_set(error, STATUS_UNKNOWN_NAME,
		  "no migration of a batch %lld is applied and can be rolled back",
		  (long long)selection->batch);
	error_hint(error, "eloquent migrate:status shows the batches");
	return STATUS_UNKNOWN_NAME;
}

static void steps_add_down(struct migrator *migrator, const struct standing *standing,
			   const struct bounds *bounds)
{
	for (size_t i = 0; i < standing->count; i++) {
		const struct entry *entry = standing->items[i].entry;
		if (bounds->step && (int64_t)migrator->step_count >= bounds->step)
			break;
		if (entry->sequence > bounds->after &&
		    (bounds->batch < 0 || entry->batch == bounds->batch))
			steps_add(migrator, &standing->items[i], true);
	}
}

static enum status down_missing(const struct migrator *migrator, struct error *error)
{
	TEXT_CLEANUP struct text names = {0};
	const struct migration *first = NULL;
	for (size_t i = 0; i < migrator->step_count; i++) {
		const struct step *step = &migrator->steps[i];
		if (!step->file)
			return error_set(error, STATUS_MISSING,
					 "%s cannot be rolled back: its file is not in %s",
					 step->entry->name, migrator->folder_path);
		if (step->file->down.present)
			continue;
		text_printf(&names, "%s%s", first ? ", " : "", step->file->name);
		first = first ? first : step->file;
	}
	if (!first)
		return STATUS_OK;
	error_set(error, STATUS_DOWN_MISSING,
		  "no -- migrate:down section in %s; nothing was rolled back", text_string(&names));
	error_hint(error,
		   "write a new migration that undoes it; or add the section, record the new text with "
		   "eloquent migrate:repair --accept %s, and roll back again",
		   first->name);
	error_at(error, first->path, 0, 0);
	return STATUS_DOWN_MISSING;
}

enum status migrator_select_rollback(struct migrator *migrator,
				     const struct rollback_selection *selection, struct error *error)
{
	CLEANUP(standing_free) struct standing standing = {0};
	struct bounds bounds;
	steps_clear(migrator);
	enum status status = migrator_check_consistent(migrator, error);
	if (!status)
		status = half_up_refuse(migrator, error);
	if (status)
		return status;
	standing_collect(migrator, &standing);
	status = bounds_of(migrator, selection, &standing, &bounds, error);
	if (status)
		return status;
	steps_add_down(migrator, &standing, &bounds);
	status = down_missing(migrator, error);
	return status ? status : steps_check(migrator, error);
}

/* Undoing the last versioned one resets the repeatables, so they are due again. */
static bool undoes_all(const struct migrator *migrator)
{
	size_t count = 0;
	for (size_t i = 0; i < migrator->row_count; i++)
		count += can_go_down(&migrator->rows[i]);
	return count == migrator->step_count;
}

enum status migrator_select_redo(struct migrator *migrator, int64_t step, struct error *error)
{
	struct rollback_selection selection = {.step = step > 0 ? step : 1};
	enum status status = migrator_select_rollback(migrator, &selection, error);
	if (status)
		return status;
	size_t down = migrator->step_count;
	bool every = down && undoes_all(migrator);
	for (size_t i = down; i > 0; i--) {
		const struct migration *file = migrator->steps[i - 1].file;
		struct row row = {.state = ROW_PENDING, .file = file};
		if (!file->applies) {
			error_set(error, STATUS_CHECK_FAILED,
				  "%s is not for this environment (%s): it would be undone and not run "
				  "again",
				  file->path, migrator->word);
			error_hint(error, "eloquent migrate:rollback undoes it");
			return STATUS_CHECK_FAILED;
		}
		steps_add(migrator, &row, false);
	}
	if (every)
		steps_add_repeatables(migrator, true);
	return steps_check(migrator, error);
}
