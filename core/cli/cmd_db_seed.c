/* cmd_db_seed.c - db:seed: the seeds of the project, into each chosen connection. */
#include "cli/commands.h"

#include "seed/seed.h"

/* What check settles and work carries out; in the target's arena. */
struct seeding {
	struct run *run;
	struct target *target;
	struct seeds seeds;
	const struct seed **chosen;
	struct sowing sowing;
	const struct seed *shown; /* whose heading --dry-run has printed */
};

static void seeding_free(struct target *target)
{
	struct seeding *seeding = target->handler_data;
	seeds_free(&seeding->seeds);
}

/* ---- what is shown ------------------------------------------------------------------ */

static void say_heading(struct seeding *seeding, const struct seed *seed)
{
	if (seeding->shown != seed)
		target_say(seeding->run, seeding->target, "-- %s%s%s%s", seed->name,
			   seed->file ? " (" : "", seed->file ? seed->file : "", seed->file ? ")" : "");
	seeding->shown = seed;
}

static void show_statement(void *context, const struct seed *seed, const char *text, size_t size)
{
	struct seeding *seeding = context;
	say_heading(seeding, seed);
	target_say(seeding->run, seeding->target, "%.*s;", (int)size, text);
	if (seeding->run->json)
		target_list_add(seeding->run, seeding->target, "statements",
				json_pack("{s:s, s:s%}", "seed", seed->name, "text", text, size));
}

static void show_load(void *context, const struct seed *seed, const char *table, int64_t rows)
{
	struct seeding *seeding = context;
	say_heading(seeding, seed);
	target_say(seeding->run, seeding->target, "-- %lld rows into %s", (long long)rows, table);
}

static void report(void *context, const struct sown *sown)
{
	struct seeding *seeding = context;
	struct run *run = seeding->run;
	struct target *target = seeding->target;
	if (run->json)
		target_list_add(
			run, target, "seeds",
			json_pack("{s:s, s:s?, s:I, s:o, s:I}", "name", sown->seed->name, "file",
				  sown->seed->file, "statements", (json_int_t)sown->statements, "rows",
				  sown->rows < 0 ? json_null() : json_integer((json_int_t)sown->rows),
				  "duration_us", (json_int_t)sown->duration_us));
	if (run->dry_run) {
		say_heading(seeding, sown->seed);
		return;
	}
	TEXT_CLEANUP struct text line = {0};
	text_printf(&line, "%s %s  (", run_paint(run, &target->arena, PAINT_GREEN, "sown"),
		    sown->seed->name);
	if (sown->rows >= 0)
		text_printf(&line, "%lld row%s, ", (long long)sown->rows, sown->rows == 1 ? "" : "s");
	text_printf(&line, "%.1f ms)", (double)sown->duration_us / 1e3);
	target_say_line(run, target, &line);
}

static void say_left_out(struct seeding *seeding, const struct seed *seed, const char *why)
{
	target_say(seeding->run, seeding->target, "%s %s: %s",
		   run_paint(seeding->run, &seeding->target->arena, PAINT_YELLOW, "left out"),
		   seed->name, why);
	if (seeding->run->json)
		target_list_add(seeding->run, seeding->target, "left_out",
				json_pack("{s:s, s:s}", "name", seed->name, "reason", why));
}

/* ---- choosing ------------------------------------------------------------------------ */

static enum status choose_one(struct seeding *seeding, const char *name, struct error *error)
{
	const struct seed *seed = NULL;
	struct target *target = seeding->target;
	enum status status = seeds_require(&seeding->seeds, name, &seed, error);
	if (status)
		return status;
	const char *why =
		seed_unfit(seed, target->driver->plugin.note.family, target->word, &target->arena);
	if (why) {
		error_set(error, STATUS_CHECK_FAILED, "the seed %s is not for this connection: %s",
			  seed->name, why);
		error_hint(error, "its -- eloquent:seed line says where it runs; without one it is for "
				  "every environment but production");
		if (seed->file && seed->line)
			error_at(error, path_join(&target->arena, seeding->seeds.folder, seed->file),
				 seed->line, 0);
		return STATUS_CHECK_FAILED;
	}
	seeding->chosen[seeding->sowing.chosen_count++] = seed;
	return STATUS_OK;
}

static void choose_all(struct seeding *seeding)
{
	struct target *target = seeding->target;
	for (size_t i = 0; i < seeding->seeds.count; i++) {
		const struct seed *seed = &seeding->seeds.items[i];
		const char *why = seed_unfit(seed, target->driver->plugin.note.family, target->word,
					     &target->arena);
		if (why)
			say_left_out(seeding, seed, why);
		else
			seeding->chosen[seeding->sowing.chosen_count++] = seed;
	}
}

static enum status choose(struct seeding *seeding, struct error *error)
{
	struct run *run = seeding->run;
	struct target *target = seeding->target;
	const char *name = option_value(run->invocation, OPTION_CLASS);
	seeding->chosen =
		arena_alloc(&target->arena, (seeding->seeds.count + 1) * sizeof(*seeding->chosen));
	target_list(run, target, "seeds");
	target_list(run, target, "left_out");
	if (name)
		return choose_one(seeding, name, error);
	choose_all(seeding);
	target->idle = seeding->sowing.chosen_count == 0;
	if (target->idle)
		target_say(run, target, "nothing to sow: %s holds no seed for this connection",
			   seeding->seeds.folder);
	return STATUS_OK;
}

/* ---- the handler ---------------------------------------------------------------------- */

static enum status check_there(const struct target *target, struct error *error)
{
	if (target->info->flags & ELQ_CONN_EXISTS)
		return STATUS_OK;
	error_set(error, STATUS_CHECK_FAILED, "%s does not exist yet, so nothing can be sown into it",
		  target->info->location);
	error_hint(error, "eloquent migrate:run -c %s makes it", target->connection->name);
	return STATUS_CHECK_FAILED;
}

static struct seeding *make_seeding(struct run *run, struct target *target)
{
	struct seeding *seeding = target->handler_data;
	if (seeding)
		seeding_free(target);
	else
		target->handler_data = seeding = arena_alloc(&target->arena, sizeof(*seeding));
	*seeding = (struct seeding){.run = run, .target = target};
	seeding->sowing = (struct sowing){
		.observer = run->observer,
		.database = target->database,
		.seeds = &seeding->seeds,
		.family = target->driver->plugin.note.family,
		.word = target->word,
		.guarded = target_in_production(target),
		.count = option_value(run->invocation, OPTION_COUNT_OF_ROWS),
		.seed = option_value(run->invocation, OPTION_SEED),
		.as_of = option_value(run->invocation, OPTION_AS_OF),
		.stop = &run->stop,
		.context = seeding,
		.statement = show_statement,
		.load = show_load,
		.done = report,
	};
	return seeding;
}

static enum status seed_check(struct run *run, struct target *target, struct error *error)
{
	struct seeding *seeding = make_seeding(run, target);
	target->handler_free = seeding_free;
	enum status status = seeds_list(run->observer, &run->project, &seeding->seeds, error);
	if (!status)
		status = choose(seeding, error);
	if (!status && option_given(run->invocation, OPTION_ALL_CONNECTIONS))
		status = seeding_precheck(run, target, error);
	if (status || target->idle)
		return status;
	status = check_there(target, error);
	seeding->sowing.chosen = seeding->chosen;
	return status ? status : sow(&seeding->sowing, SOW_CHECK, error);
}

/* An option that no seed looked at did nothing. */
static void warn_unasked(struct run *run, const struct sowing *sowing)
{
	const struct {
		const char *name;
		bool given;
		bool asked;
	} options[] = {
		{"count", sowing->count != NULL, sowing->asked_count},
		{"seed", sowing->seed != NULL, sowing->asked_seed},
		{"as-of", sowing->as_of != NULL, sowing->asked_as_of},
	};
	for (size_t i = 0; i < COUNT_OF(options); i++)
		if (options[i].given && !options[i].asked)
			log_write(run->observer, LOG_WARN, "none of these seeds makes use of --%s",
				  options[i].name);
}

static enum status seed_preview(struct run *run, struct target *target, struct error *error)
{
	struct seeding *seeding = target->handler_data;
	target_list(run, target, "statements");
	enum status status = sow(&seeding->sowing, SOW_SHOW, error);
	if (!status)
		warn_unasked(run, &seeding->sowing);
	return status;
}

static enum status seed_work(struct run *run, struct target *target, struct error *error)
{
	struct seeding *seeding = target->handler_data;
	enum status status = sow(&seeding->sowing, SOW_WRITE, error);
	if (status)
		return status;
	warn_unasked(run, &seeding->sowing);
	target_say(run, target, "%zu seed%s done", seeding->sowing.chosen_count,
		   seeding->sowing.chosen_count == 1 ? "" : "s");
	return STATUS_OK;
}

static const enum option seed_options[] = {OPTION_CLASS, OPTION_COUNT_OF_ROWS, OPTION_SEED,
					   OPTION_AS_OF, OPTION_WAIT,          OPTION_CONNECT_WAIT,
					   OPTION_COUNT};

const struct command command_db_seed = {
	.name = "db:seed",
	.group = "Database",
	.summary = "sow the seeds: rows that a database begins with",
	.arguments = "",
	.options = seed_options,
	.guard = {.class_ = GUARD_WRITES},
	.notes =
		"All seeds of a run share one transaction per connection: all of them stand, or none.\n"
		"With --all-connections every connection must pass db:seed:precheck first.",
	.check = seed_check,
	.preview = seed_preview,
	.work = seed_work,
};
