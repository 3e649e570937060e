/* cmd_doctor.c - doctor: the whole set-up looked at, each finding with its remedy. */
#include "cli/commands.h"
#include "cli/doctor.h"

#include <stdarg.h>

static const char *level_word(enum finding_level level)
{
	static const char *const words[] = {
		[FINDING_FINE] = "fine", [FINDING_ADVICE] = "advice", [FINDING_PROBLEM] = "problem"};
	return words[level];
}

static const char *level_mark(struct run *run, enum finding_level level)
{
	if (level == FINDING_PROBLEM)
		return run_paint(run, &run->arena, PAINT_RED, "problem");
	if (level == FINDING_ADVICE)
		return run_paint(run, &run->arena, PAINT_YELLOW, "advice ");
	return run_paint(run, &run->arena, PAINT_GREEN, "fine   ");
}

void doctor_tell(struct doctor *doctor, enum finding_level level, const char *area, const char *remedy,
		 const char *format, ...)
{
	struct run *run = doctor->run;
	TEXT_CLEANUP struct text what = {0};
	va_list args;
	va_start(args, format);
	text_vprintf(&what, format, args);
	va_end(args);
	doctor->problems += level == FINDING_PROBLEM;
	doctor->advice += level == FINDING_ADVICE;
	run_say(run, "  %s  %s", level_mark(run, level), text_string(&what));
	if (remedy)
		run_say(run, "           %s", remedy);
	json_array_append_new(doctor->findings,
			      json_pack("{s:s, s:s, s:s, s:s?}", "level", level_word(level), "area",
					area, "message", text_string(&what), "remedy", remedy));
}

void doctor_tell_error(struct doctor *doctor, const char *area, const struct error *error)
{
	doctor_tell(doctor, FINDING_PROBLEM, area, error->hint, "%s", error->message);
}

/* The connections that were chosen; without a choice all of them. */
static void connections(struct doctor *doctor)
{
	struct run *run = doctor->run;
	const struct project *project = &run->project;
	if (connections_named(run->invocation))
		for (size_t i = 0; i < run->target_count; i++)
			doctor_connection(doctor, run->targets[i].connection);
	else
		for (size_t i = 0; i < project->connection_count; i++)
			doctor_connection(doctor, &project->connections[i]);
}

static enum status doctor_local(struct run *run, struct error *error)
{
	struct doctor doctor = {.run = run, .findings = json_array(), .drivers = json_array()};
	run_result(run, "findings", doctor.findings);
	run_result(run, "drivers", doctor.drivers);
	doctor_configuration(&doctor);
	doctor_files(&doctor);
	doctor_plugins(&doctor);
	doctor_cache(&doctor);
	connections(&doctor);
	run_result(run, "problems", json_integer((json_int_t)doctor.problems));
	run_result(run, "advice", json_integer((json_int_t)doctor.advice));
	if (!doctor.problems)
		return STATUS_OK;
	return error_set(error, STATUS_CHECK_FAILED, "%zu problem%s found", doctor.problems,
			 doctor.problems == 1 ? "" : "s");
}

static const enum option doctor_options[] = {OPTION_COUNT};

const struct command command_doctor = {
	.name = "doctor",
	.group = "Start",
	.summary = "look at the whole set-up; each finding with its remedy",
	.arguments = "",
	.options = doctor_options,
	.guard = {.class_ = GUARD_SAFE},
	.flags = COMMAND_CHOOSES | COMMAND_NAMED | COMMAND_NO_DRY_RUN,
	.notes =
		"Configuration and where each value comes from (--verbose: defaults and the drivers'\n"
		"parameters, too), secrets in files that others can read or that git tracks, plugins,\n"
		"permissions, every connection. Nothing is changed. Exit 4 when there is a problem.",
	.local = doctor_local,
};
