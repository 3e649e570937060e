/* steps.c - the list of what is to be done, and the check that all of it, or all
 * that the folder holds, can be sent. Who chooses the steps stands in select.c and rollback.c. */
#include "migrate/private.h"

#include <string.h>

void steps_clear(struct migrator *migrator)
{
	migrator->step_count = 0;
	migrator->steps_done = 0;
	migrator->wipe = false;
}

void steps_add(struct migrator *migrator, const struct row *row, bool down)
{
	if (migrator->step_count == migrator->step_capacity) {
		size_t capacity = migrator->step_capacity ? migrator->step_capacity * 2 : 16;
		migrator->steps =
			mem_resize(migrator->steps, migrator->step_capacity * sizeof(*migrator->steps),
				   capacity * sizeof(*migrator->steps));
		migrator->step_capacity = capacity;
	}
	bool resumes = row->state == ROW_PARTIAL && row->entry->down == down;
	migrator->steps[migrator->step_count++] = (struct step){
		.file = row->file,
		.entry = row->entry,
		.down = down,
		.resume_at = resumes ? row->entry->statements_done : 0,
	};
}

/* Never those whose file does not apply here: they have a row only while they stand. */
void steps_add_repeatables(struct migrator *migrator, bool every)
{
	for (size_t i = 0; i < migrator->row_count; i++) {
		const struct row *row = &migrator->rows[i];
		bool due = row->state == ROW_PENDING || row->state == ROW_STALE ||
			   row->state == ROW_FAILED || row->state == ROW_PARTIAL;
		if (row->file && row->file->repeatable && row->file->applies && (every || due))
			steps_add(migrator, row, false);
	}
}

/* Findings about files add up; what else fails (a signal, the disk) ends the looking. */
static bool goes_on(const struct error *all)
{
	return !all->status || status_exit(all->status) == status_exit(STATUS_MALFORMED);
}

/* Adds what is wrong with these sections of one file. */
static void file_check(struct migrator *migrator, const struct migration *file,
		       const struct section *const *sections, size_t count, struct script *script,
		       struct error *all)
{
	ERROR_CLEANUP struct error found = {0};
	enum status status = script_load(migrator, file, script, &found);
	error_add(all, &found);
	for (size_t i = 0; i < count && !status; i++) {
		if (!sections[i]->present)
			continue;
		if (options_check(migrator->database, file, sections[i], &found))
			error_add(all, &found);
		if (script_split(migrator->database, file, sections[i], script, &found))
			error_add(all, &found);
	}
}

enum status steps_check(struct migrator *migrator, struct error *error)
{
	SCRIPT_CLEANUP struct script script = {0};
	struct error all = {0};
	for (size_t i = 0; i < migrator->step_count && goes_on(&all); i++) {
		const struct step *step = &migrator->steps[i];
		const struct section *section = step_section(step);
		file_check(migrator, step->file, &section, 1, &script, &all);
	}
	if (!all.status)
		return STATUS_OK;
	error_move(error, &all);
	return error->status;
}

enum status migrator_find_more(struct migrator *migrator, struct error *error)
{
	SCRIPT_CLEANUP struct script script = {0};
	struct error found = {0};
	if (migrator_check_consistent(migrator, &found))
		error_add(error, &found);
	for (size_t i = 0; i < migrator->folder.count && goes_on(error); i++) {
		const struct migration *file = &migrator->folder.items[i];
		const struct section *const sections[] = {&file->up, &file->down};
		if (!file->broken)
			file_check(migrator, file, sections, COUNT_OF(sections), &script, error);
	}
	return error->status;
}
