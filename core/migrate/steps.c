/* steps.c - the list of what is to be done, and the check that all of it can be
 * sent. Who chooses the steps stands in select.c and rollback.c. */
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

enum status steps_check(struct migrator *migrator, struct error *error)
{
	SCRIPT_CLEANUP struct script script = {0};
	for (size_t i = 0; i < migrator->step_count; i++) {
		const struct step *step = &migrator->steps[i];
		const struct section *section = step_section(step);
		enum status status = options_check(migrator->database, step->file, section, error);
		if (!status)
			status = script_load(migrator, step->file, &script, error);
		if (!status)
			status = script_split(migrator->database, step->file, section, &script, error);
		if (status)
			return status;
	}
	return STATUS_OK;
}

enum status migrator_check_files(struct migrator *migrator, struct error *error)
{
	SCRIPT_CLEANUP struct script script = {0};
	for (size_t i = 0; i < migrator->folder.count; i++) {
		const struct migration *file = &migrator->folder.items[i];
		const struct section *sections[] = {&file->up, &file->down};
		enum status status = script_load(migrator, file, &script, error);
		for (size_t j = 0; j < COUNT_OF(sections) && !status; j++) {
			if (!sections[j]->present)
				continue;
			status = options_check(migrator->database, file, sections[j], error);
			if (!status)
				status = script_split(migrator->database, file, sections[j], &script,
						      error);
		}
		if (status)
			return status;
	}
	return STATUS_OK;
}
