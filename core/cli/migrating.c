/* migrating.c - what the handlers of the migrate:* commands share: loading, the
 * work with its lines and its JSON, and the preview of --dry-run. */
#include "cli/commands.h"

enum status migrating_load(struct run *run, struct target *target, enum history_verify verify,
			   struct error *error)
{
	enum status status = target_load_migrator(run, target, verify, error);
	if (status || target->migrator.folder.exists)
		return status;
	error_set(error, STATUS_CONFIG, "the migrations folder %s does not exist",
		  target->migrator.folder_path);
	error_hint(error, "make the first one with eloquent make:migration NAME --sql, or set "
			  "[project] migrations in eloquent.ini");
	return STATUS_CONFIG;
}

/* The steps that are still to be done. */
static void list_pending(struct run *run, struct target *target)
{
	const struct migrator *migrator = &target->migrator;
	target_list(run, target, "pending");
	for (size_t i = migrator->steps_done; run->json && i < migrator->step_count; i++)
		target_list_add(run, target, "pending", json_string(migrator->steps[i].file->name));
}

void migrating_selected(struct run *run, struct target *target, const char *nothing)
{
	struct migrator *migrator = &target->migrator;
	target_list(run, target, "applied");
	target_list(run, target, "reverted");
	list_pending(run, target);
	if (migrator->wipe)
		target_result(target, "wipes", json_true());
	target->idle = migrator->step_count == 0 && !migrator->wipe;
	if (target->idle)
		target_say(run, target, "%s", nothing);
}

struct work_context {
	struct run *run;
	struct target *target;
	struct progress progress;
};

static const char *duration_text(struct arena *arena, int64_t us)
{
	if (us < 1000)
		return arena_printf(arena, "%lld us", (long long)us);
	if (us < 1000000)
		return arena_printf(arena, "%.1f ms", (double)us / 1e3);
	return arena_printf(arena, "%.1f s", (double)us / 1e6);
}

static void report_done(struct work_context *context, const struct step_report *report)
{
	struct target *target = context->target;
	const struct step *step = report->step;
	target_say(context->run, target, "%s %s  (%s)",
		   run_paint(context->run, &target->arena, step->down ? PAINT_YELLOW : PAINT_GREEN,
			     step->down ? "reverted" : "applied "),
		   step->file->name, duration_text(&target->arena, report->duration_us));
	if (context->run->json)
		target_list_add(context->run, target, step->down ? "reverted" : "applied",
				json_pack("{s:s, s:s, s:I, s:I, s:I}", "name", step->file->name,
					  "version", step->file->version, "batch",
					  (json_int_t)report->batch, "statements",
					  (json_int_t)report->statements, "duration_us",
					  (json_int_t)report->duration_us));
}

/* "3 of 20  create_users", and which connection where there are several */
static void show_step(struct work_context *context, const struct step_report *report)
{
	bool several = context->run->target_count > 1;
	progress_begin(&context->progress, context->run->observer, NULL, 0, "%zu of %zu  %s%s%s",
		       report->index + 1, report->count, report->step->file->name,
		       several ? " on " : "", several ? context->target->connection->name : "");
}

static void work_report(void *opaque, const struct step_report *report)
{
	struct work_context *context = opaque;
	if (report->phase == STEP_STARTED)
		show_step(context, report);
	else
		progress_end(&context->progress);
	if (report->phase == STEP_DONE)
		report_done(context, report);
}

enum status migrating_work(struct run *run, struct target *target, struct error *error)
{
	struct work_context context = {.run = run, .target = target};
	struct migrator *migrator = &target->migrator;
	target_findings(run, target, true);
	migrator->report = work_report;
	migrator->report_context = &context;
	enum status status = migrator_execute(migrator, error);
	migrator->report = NULL;
	list_pending(run, target);
	if (!status)
		target_say(run, target, "%zu migration%s done", migrator->steps_done,
			   migrator->steps_done == 1 ? "" : "s");
	return status;
}

struct preview_context {
	struct run *run;
	struct target *target;
	const struct step *step;
};

static void preview_statement(void *opaque, const struct step *step, const char *text, size_t size)
{
	struct preview_context *context = opaque;
	if (context->step != step)
		target_say(context->run, context->target, "-- %s (%s)", step->file->name,
			   step->down ? "down" : "up");
	context->step = step;
	target_say(context->run, context->target, "%.*s;", (int)size, text);
	if (context->run->json)
		target_list_add(context->run, context->target, "statements",
				json_pack("{s:s, s:s, s:s%}", "migration", step->file->name,
					  "direction", step->down ? "down" : "up", "text", text, size));
}

enum status migrating_preview(struct run *run, struct target *target, struct error *error)
{
	struct preview_context context = {run, target, NULL};
	target_list(run, target, "statements");
	if (target->migrator.wipe)
		target_say(run, target, "-- everything in %s is dropped first", target->info->location);
	return migrator_preview(&target->migrator, preview_statement, &context, error);
}
