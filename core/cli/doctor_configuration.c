/* doctor_configuration.c - every value that somebody set, and where it came from.
 * Secrets are named, never shown. */
#include "cli/doctor.h"

static json_t *setting_json(struct run *run, const struct setting *setting)
{
	return json_pack("{s:s, s:s, s:s}", "key", setting->key, "value",
			 setting->secret ? REDACTED : setting->value, "from",
			 origin_text(&setting->origin, &run->arena));
}

static void tell_settings(struct run *run, const struct settings *settings, json_t *list)
{
	for (size_t i = 0; i < settings->count; i++) {
		const struct setting *setting = &settings->items[i];
		bool chosen = setting->origin.layer != LAYER_DEFAULT;
		if (chosen || run->verbose)
			run_say(run, "  %s = %s  %s", setting->key,
				setting->secret ? REDACTED : setting->value,
				run_paint(run, &run->arena, PAINT_DIM,
					  origin_text(&setting->origin, &run->arena)));
		json_array_append_new(list, setting_json(run, setting));
	}
}

void doctor_configuration(struct doctor *doctor)
{
	struct run *run = doctor->run;
	const struct project *project = &run->project;
	json_t *list = json_array();
	run_say(run, "configuration (%s)", project->ini ? project->ini : "no eloquent.ini was found");
	tell_settings(run, &project->resolved, list);
	run_result(run, "configuration", list);
	run_say(run, "environment");
	if (project->production)
		doctor_tell(doctor, FINDING_FINE, "environment", NULL, "production (%s says so)",
			    project->production_source);
	else
		doctor_tell(doctor, FINDING_FINE, "environment", NULL, "%s, not production",
			    project->word);
	if (!project->ini)
		doctor_tell(doctor, FINDING_ADVICE, "configuration", "eloquent init writes one",
			    "there is no eloquent.ini here or above");
	if (!project->connection_count)
		doctor_tell(doctor, FINDING_PROBLEM, "configuration",
			    "add [connection:NAME] to eloquent.ini, or set its variables",
			    "there is no connection");
}
