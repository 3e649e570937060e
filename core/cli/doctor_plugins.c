/* doctor_plugins.c - what is installed, by the plugins' notes: none of their code runs. */
#include "cli/doctor.h"

static void tell_candidate(struct doctor *doctor, const struct candidate *candidate)
{
	const struct elq_note *note = &candidate->note;
	const char *kind = candidate->has_note ? kind_name(note->kind) : NULL;
	if (candidate->refusal)
		doctor_tell(doctor, FINDING_PROBLEM, "plugins",
			    "mend that, or take the file away; eloquent plugin:list shows all",
			    "%s is refused: %s", candidate->path, candidate->refusal);
	else
		doctor_tell(doctor, FINDING_FINE, "plugins", NULL, "%s %s %s  %s",
			    kind ? kind : "plugin", note->name, note->version, candidate->path);
}

void doctor_plugins(struct doctor *doctor)
{
	struct run *run = doctor->run;
	struct candidates candidates = {0};
	ERROR_CLEANUP struct error error = {0};
	run_say(run, "plugins");
	if (candidates_list(&run->project, &candidates, &error)) {
		doctor_tell_error(doctor, "plugins", &error);
		return;
	}
	for (size_t i = 0; i < candidates.count; i++)
		tell_candidate(doctor, &candidates.items[i]);
	if (!candidates.count)
		doctor_tell(doctor, FINDING_PROBLEM, "plugins",
			    "install eloquent's plugins, or set [plugins] dir",
			    "there is no plugin in %s", run->project.plugin_dir);
	candidates_free(&candidates);
}
