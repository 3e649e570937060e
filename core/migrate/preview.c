/* preview.c - shows the statements that the steps would send. Sends none. */
#include "migrate/private.h"

enum status migrator_preview(struct migrator *migrator,
			     void (*statement)(void *context, const struct step *step, const char *text,
					       size_t size),
			     void *context, struct error *error)
{
	SCRIPT_CLEANUP struct script script = {0};
	for (size_t i = 0; i < migrator->step_count; i++) {
		const struct step *step = &migrator->steps[i];
		enum status status = script_load(migrator, step->file, &script, error);
		if (!status)
			status = script_split(migrator->database, step->file, step_section(step),
					      &script, error);
		if (status)
			return status;
		for (size_t j = (size_t)step->resume_at; j < script.count; j++)
			statement(context, step, script.text.data + script.items[j].start,
				  script.items[j].size);
	}
	return STATUS_OK;
}
