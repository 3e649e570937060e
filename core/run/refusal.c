/* refusal.c - what a refused person reads: every missing condition at once, how
 * the database stands, and the exact command to run. */
#include "run/private.h"

#include <string.h>

/* Where "production" comes from, for this target. */
static void add_production_source(struct text *text, const struct run *run, const struct target *target)
{
	const struct project *project = &run->project;
	if (project->production)
		text_printf(text, " (%s says production)", project->production_source);
	else if (target && target->connection->production)
		text_printf(text, " ([connection:%s] production = yes)", target->connection->name);
	else if (target && target->stamp.present && word_is_production(target->stamp.word))
		text_printf(text, " (the database is stamped %s, the environment says %s)",
			    target->stamp.word, project->word);
}

const char *run_command_line(const struct run *run, const struct target *target, struct arena *arena,
			     const char *command)
{
	TEXT_CLEANUP struct text line = {0};
	text_printf(&line, "eloquent %s", command);
	for (size_t i = 0; i < run->invocation->arguments.count; i++) {
		text_add_char(&line, ' ');
		text_add_shell_quoted(&line, run->invocation->arguments.items[i]);
	}
	if (target)
		text_printf(&line, " -c %s", target->connection->name);
	return arena_text(arena, text_string(&line));
}

/* The command as it would pass, as far as words on a line can make it pass. */
static void add_remedy(struct text *text, const struct run *run, const struct target *target,
		       const struct guard_verdict *verdict)
{
	uint32_t words = GUARD_REASON_ALLOW_VARIABLE | GUARD_REASON_FORCE | GUARD_REASON_YES |
			 GUARD_REASON_NOT_PRODUCTION | GUARD_REASON_ALLOW_FLAG;
	bool contract = run->project.production || (target && target->connection->production) ||
			(verdict->reasons & GUARD_REASON_NOT_PRODUCTION);
	struct arena arena = {0};
	/* Where environment and stamp disagree no words help. */
	if (!(verdict->reasons & words) || (verdict->reasons & GUARD_REASON_STAMP_MISMATCH))
		return;
	text_add(text, text->size ? "; the command: " : "the command: ");
	if (verdict->reasons & GUARD_REASON_NOT_PRODUCTION)
		text_add(text, "APP_ENV=production ");
	if (contract)
		text_add(text, "ELOQUENT_ALLOW_PROD_DESTRUCTIVE=true ");
	text_add(text, run_command_line(run, target, &arena, run->command->name));
	text_add(text, contract ? " --force --yes" : " --force");
	if (target && target->facts.content_destroys == FACT_YES)
		text_add(text, " --allow-destructive");
	arena_free(&arena);
}

/* "stamped development; never migrated; last verified backup: none" */
static void add_state(struct text *text, const struct run *run, const struct target *target)
{
	if (!target || !target->database || target->facts.stamped == FACT_UNKNOWN)
		return;
	text_printf(text, "the database: %s, %s%s", target->info->location,
		    target->stamp.present ? "stamped " : "no stamp",
		    target->stamp.present ? target->stamp.word : "");
	if (target->migrator_loaded) {
		size_t pending = 0;
		for (size_t i = 0; i < target->migrator.row_count; i++)
			pending += target->migrator.rows[i].state != ROW_APPLIED &&
				   target->migrator.rows[i].state != ROW_BASELINED;
		text_printf(text, ", %zu pending", pending);
	}
	text_add(text, ", last verified backup: none");
	if (target->stamp.has_policy && policy_weaker(run->project.policy, target->stamp.policy))
		text_add(text, "; the policy stored in it is stricter than eloquent.ini's [guard], and "
			       "counts (db:stamp stores another)");
}

#define LOSSES_SHOWN 10

/* "0001_x:3: drops the table users and all its rows: -- eloquent:destroys users" */
static void add_losses(struct text *text, const struct target *target)
{
	size_t shown = 0;
	if (!target || !target->reviewed)
		return;
	const struct review *review = &target->review;
	for (size_t i = 0; i < review->count && shown < LOSSES_SHOWN; i++) {
		const struct finding *finding = &review->items[i];
		if (finding->severity == ELQ_FINDING_NOTE)
			continue;
		text_printf(text, "%s%s:%lld: %s", text->size ? "; " : "", finding->migration,
			    (long long)finding->line, finding->message);
		if (finding->declared)
			text_add(text, " (declared)");
		else if (finding->severity == ELQ_FINDING_DESTROYS && finding->object)
			text_printf(text, ": -- eloquent:destroys %s", finding->object);
		else
			text_add(text, ": -- eloquent:opaque REASON");
		shown++;
	}
	if (review->losses > shown)
		text_printf(text, "; and %zu more (migrate:run --dry-run shows all)",
			    review->losses - shown);
}

enum status refusal_set(const struct run *run, const struct target *target,
			const struct guard_verdict *verdict, struct error *error)
{
	TEXT_CLEANUP struct text message = {0};
	TEXT_CLEANUP struct text hint = {0};
	text_printf(&message, "%s is refused", run->command->name);
	add_production_source(&message, run, target);
	const char *separator = ": ";
	for (unsigned i = 0; i < GUARD_REASON_COUNT; i++) {
		if (!(verdict->reasons & (1u << i)))
			continue;
		text_printf(&message, "%s%s", separator, guard_reason_text(i));
		separator = "; ";
	}
	text_add(&message, ". Nothing was changed");
	error_set(error, STATUS_REFUSED, "%s", text_string(&message));
	add_losses(&hint, target);
	if (hint.size)
		text_add(&hint, "; ");
	add_state(&hint, run, target);
	add_remedy(&hint, run, target, verdict);
	if (hint.size)
		error_hint(error, "%s", text_string(&hint));
	return STATUS_REFUSED;
}

void refusal_warn(const struct run *run, const struct target *target)
{
	const char *name = target->connection->name;
	uint32_t warnings = target->verdict.warnings;
	if (warnings & GUARD_WARN_STAMP_MISMATCH)
		log_write(run->observer, LOG_WARN,
			  "%s: this database is stamped %s, but the environment says %s", name,
			  target->stamp.word, run->project.word);
	if (warnings & GUARD_WARN_OTHER_STAMP)
		log_write(run->observer, LOG_WARN,
			  "%s: the environment says production, but this database is stamped %s", name,
			  target->stamp.word ? target->stamp.word : "nothing");
	if (warnings & GUARD_WARN_ROLE)
		log_write(run->observer, LOG_WARN,
			  "%s: this changes the schema with the runtime role's credentials; set "
			  "ELOQUENT_DB_ROLE=migration",
			  name);
}
