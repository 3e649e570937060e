/* select.c - which migrations go up: run, fresh and baseline. It decides and
 * checks; nothing is sent. What goes down stands in rollback.c. */
#include "migrate/private.h"

#include <string.h>

const struct row *row_find(const struct migrator *migrator, const char *typed)
{
	for (size_t i = 0; i < migrator->row_count; i++) {
		const struct row *row = &migrator->rows[i];
		if (name_matches(row->name, typed) ||
		    (row->entry && name_matches(row->entry->name, typed)))
			return row;
	}
	return NULL;
}

enum status row_require(const struct migrator *migrator, const char *typed, const struct row **ret,
			struct error *error)
{
	const struct row *row = row_find(migrator, typed);
	if (row) {
		*ret = row;
		return STATUS_OK;
	}
	for (size_t i = 0; i < migrator->folder.count; i++) {
		const struct migration *file = &migrator->folder.items[i];
		if (file->applies || !name_matches(file->name, typed))
			continue;
		error_set(error, STATUS_UNKNOWN_NAME, "%s is not for this environment (%s)", file->path,
			  migrator->word);
		error_hint(error, "its -- eloquent:only line says where it runs");
		return STATUS_UNKNOWN_NAME;
	}
	name_unknown(migrator, typed, error);
	return STATUS_UNKNOWN_NAME;
}

/* `to` and baseline mean a place in the order of versions; a repeatable has none. */
static enum status row_require_versioned(const struct migrator *migrator, const char *typed,
					 const struct row **ret, struct error *error)
{
	const struct row *row = NULL;
	enum status status = row_require(migrator, typed, &row, error);
	if (status)
		return status;
	if (!*row->version) {
		error_set(error, STATUS_UNKNOWN_NAME,
			  "%s is repeatable and has no place in the order of versions", row->name);
		error_hint(error, "name a migration that has a version");
		return STATUS_UNKNOWN_NAME;
	}
	*ret = row;
	return STATUS_OK;
}

static bool is_pending(const struct row *row)
{
	if (!row->file || !*row->version)
		return false;
	switch (row->state) {
	case ROW_PENDING:
	case ROW_FAILED:
	case ROW_OUT_OF_ORDER:
	case ROW_PARTIAL:
		return true;
	default:
		return false;
	}
}

static bool is_half_down(const struct row *row)
{
	return row->state == ROW_PARTIAL && row->entry->down;
}

static enum status half_down_refuse(const struct migrator *migrator, struct error *error)
{
	TEXT_CLEANUP struct text names = {0};
	const struct row *first = NULL;
	if (!rows_name(migrator, is_half_down, &names, &first))
		return STATUS_OK;
	error_set(error, STATUS_CHECK_FAILED,
		  "half rolled back: %s (%lld statements of the down section stand)",
		  text_string(&names), (long long)first->entry->statements_done);
	error_hint(error,
		   "finish it with eloquent migrate:rollback, or say what stands with eloquent "
		   "migrate:repair --mark applied|reverted %s",
		   first->name);
	return STATUS_CHECK_FAILED;
}

/* Adds the pending versioned ones; returns how many of them stay pending. */
static size_t steps_add_pending(struct migrator *migrator, int64_t step, const char *to)
{
	size_t left = 0;
	for (size_t i = 0; i < migrator->row_count; i++) {
		const struct row *row = &migrator->rows[i];
		if (!is_pending(row))
			continue;
		bool beyond = (to && version_compare(row->version, to) > 0) ||
			      (step > 0 && (int64_t)migrator->step_count >= step);
		if (beyond)
			left++;
		else
			steps_add(migrator, row, false);
	}
	return left;
}

static size_t count_pending(const struct migrator *migrator)
{
	size_t count = 0;
	for (size_t i = 0; i < migrator->row_count; i++)
		count += is_pending(&migrator->rows[i]);
	return count;
}

static enum status select_only(struct migrator *migrator, const char *name, struct error *error)
{
	const struct row *row = NULL;
	enum status status = row_require(migrator, name, &row, error);
	if (status)
		return status;
	if (*row->version) {
		if (is_pending(row))
			steps_add(migrator, row, false);
		return STATUS_OK;
	}
	size_t pending = count_pending(migrator);
	bool due = row->file && row->state != ROW_APPLIED && row->state != ROW_BASELINED;
	if (due && pending) {
		error_set(error, STATUS_CHECK_FAILED,
			  "%s is repeatable and runs only when nothing versioned is pending; %zu %s",
			  row->name, pending, pending == 1 ? "migration is" : "migrations are");
		error_hint(error, "eloquent migrate:run runs them and it");
		return STATUS_CHECK_FAILED;
	}
	if (due)
		steps_add(migrator, row, false);
	return STATUS_OK;
}

enum status migrator_select_run(struct migrator *migrator, const struct run_selection *selection,
				struct error *error)
{
	steps_clear(migrator);
	enum status status = migrator_check_consistent(migrator, error);
	if (!status)
		status = half_down_refuse(migrator, error);
	if (status)
		return status;
	const struct row *to = NULL;
	if (selection->only) {
		status = select_only(migrator, selection->only, error);
	} else {
		if (selection->to)
			status = row_require_versioned(migrator, selection->to, &to, error);
		if (!status && !steps_add_pending(migrator, selection->step, to ? to->version : NULL))
			steps_add_repeatables(migrator, false);
	}
	return status ? status : steps_check(migrator, error);
}

/* Edited, missing or late files do not stop it: after the wipe nothing is applied. */
enum status migrator_select_fresh(struct migrator *migrator, struct error *error)
{
	steps_clear(migrator);
	migrator->wipe = true;
	for (size_t i = 0; i < migrator->folder.count; i++) {
		const struct migration *file = &migrator->folder.items[i];
		struct row row = {.state = ROW_PENDING,
				  .file = file,
				  .name = file->name,
				  .version = file->version};
		if (file->applies)
			steps_add(migrator, &row, false);
	}
	return steps_check(migrator, error);
}

static enum status baseline_refuse(const struct migrator *migrator, struct error *error)
{
	for (size_t i = 0; i < migrator->history.count; i++) {
		const struct entry *entry = &migrator->history.items[i];
		if (!entry_stands(entry))
			continue;
		error_set(error, STATUS_CHECK_FAILED,
			  "%s is applied here already: a baseline is for a database whose history is "
			  "empty",
			  entry->name);
		error_hint(error,
			   "eloquent migrate:repair --mark applied NAME records single migrations");
		return STATUS_CHECK_FAILED;
	}
	bool holds = false;
	enum status status = database_holds_objects(migrator->database, &holds, error);
	if (status || holds)
		return status;
	error_set(error, STATUS_CHECK_FAILED,
		  "%s is empty: there is no schema that a baseline could stand for",
		  database_info(migrator->database)->location);
	error_hint(error, "eloquent migrate:run makes the schema");
	return STATUS_CHECK_FAILED;
}

enum status migrator_select_baseline(struct migrator *migrator, const char *name, struct error *error)
{
	steps_clear(migrator);
	const struct row *to = NULL;
	enum status status = row_require_versioned(migrator, name, &to, error);
	if (!status)
		status = baseline_refuse(migrator, error);
	if (status)
		return status;
	for (size_t i = 0; i < migrator->row_count; i++) {
		const struct row *row = &migrator->rows[i];
		if (is_pending(row) && version_compare(row->version, to->version) <= 0)
			steps_add(migrator, row, false);
	}
	return STATUS_OK;
}
