/* refusal.c - what a refused person reads: every missing condition that would
 * help, how the database stands, and the exact command to run. */
#include "run/private.h"

#include <string.h>

/* ---- the command that would pass ---------------------------------------------------- */

#define REMEDY_FORCE 1u
#define REMEDY_CONTRACT 2u
#define REMEDY_APP_ENV 4u
#define REMEDY_ALLOW_FLAG 8u

/* What words on a command line can add for this target; 0: nothing that would let it pass. */
static unsigned remedy_of(const struct run *run, const struct target *target)
{
	uint32_t reasons = guard_reasons_shown(target->verdict.reasons);
	uint32_t words = GUARD_REASON_ALLOW_VARIABLE | GUARD_REASON_FORCE | GUARD_REASON_YES |
			 GUARD_REASON_NOT_PRODUCTION | GUARD_REASON_ALLOW_FLAG;
	unsigned allow_flag = reasons & GUARD_REASON_ALLOW_FLAG ? REMEDY_ALLOW_FLAG : 0;
	if (target->status != STATUS_REFUSED || !(reasons & words) ||
	    (reasons & GUARD_REASON_FORBIDDEN))
		return 0;
	if (reasons & GUARD_REASON_NOT_PRODUCTION)
		return REMEDY_FORCE | REMEDY_CONTRACT | REMEDY_APP_ENV;
	if (run->project.production || target->connection->production)
		return REMEDY_FORCE | REMEDY_CONTRACT | allow_flag;
	return REMEDY_FORCE | allow_flag;
}

static void add_line(struct text *text, const struct run *run, unsigned remedy)
{
	if (remedy & REMEDY_APP_ENV)
		text_add(text, "APP_ENV=production ");
	if (remedy & REMEDY_CONTRACT)
		text_add(text, "ELOQUENT_ALLOW_PROD_DESTRUCTIVE=true ");
	text_add(text, "eloquent ");
	invocation_add_words(run->invocation, text);
}

static void add_contract(struct text *text, unsigned remedy)
{
	text_add(text, remedy & REMEDY_CONTRACT ? " --force --yes" : " --force");
	text_add(text, remedy & REMEDY_ALLOW_FLAG ? " --allow-destructive" : "");
}

/* One command for every connection that was chosen. */
static void add_choice(struct text *text, const struct run *run)
{
	if (option_given(run->invocation, OPTION_ALL_CONNECTIONS)) {
		text_add(text, " --all-connections");
		text_add(text, select_wants_twins(run) ? " --test" : "");
		return;
	}
	for (size_t i = 0; i < run->target_count; i++)
		text_printf(text, " -c %s", run->targets[i].connection->name);
}

/* Do the same words help every target that is refused? */
static bool remedies_agree(const struct run *run)
{
	const struct target *first = NULL;
	for (size_t i = 0; i < run->target_count; i++) {
		const struct target *target = &run->targets[i];
		if (target->status != STATUS_REFUSED)
			continue;
		if (!first)
			first = target;
		else if (remedy_of(run, target) != remedy_of(run, first))
			return false;
	}
	return true;
}

void refusal_remedies(struct run *run)
{
	bool agree = remedies_agree(run);
	for (size_t i = 0; i < run->target_count; i++) {
		struct target *target = &run->targets[i];
		unsigned remedy = remedy_of(run, target);
		TEXT_CLEANUP struct text line = {0};
		if (!remedy)
			continue;
		add_line(&line, run, remedy);
		if (agree)
			add_choice(&line, run);
		else
			text_printf(&line, " -c %s", target->connection->name);
		add_contract(&line, remedy);
		target->remedy = arena_text(&target->arena, text_string(&line));
	}
}

/* ---- the sentences ------------------------------------------------------------------- */

/* Where "production" comes from, for this target. */
static void add_production_source(struct text *text, const struct run *run, const struct target *target)
{
	const struct project *project = &run->project;
	if (project->production)
		text_printf(text, " (%s says production)", project->production_source);
	else if (target->connection && target->connection->production)
		text_printf(text, " ([connection:%s] production = yes)", target->connection->name);
	else if (target->stamp.present && word_is_production(target->stamp.word))
		text_printf(text, " (the database is stamped %s, the environment says %s)",
			    target->stamp.word, project->word);
}

/* "stamped development; never migrated; last verified backup: none" */
static void add_state(struct text *text, const struct run *run, const struct target *target)
{
	if (!target->database || target->facts.stamped == FACT_UNKNOWN)
		return;
	text_printf(text, "the database: %s, %s%s", target->info->location,
		    target->stamp.present ? "stamped " : "no stamp",
		    target->stamp.present ? target->stamp.word : "");
	if (target->migrator_loaded) {
		size_t pending = 0;
		for (size_t i = 0; i < target->migrator.row_count; i++)
			pending += !row_is_applied(&target->migrator.rows[i]);
		text_printf(text, ", %zu pending", pending);
	}
	text_printf(text, ", last verified backup: %s",
		    target->last_backup ? target->last_backup : "none");
	if (target->stamp.has_policy && policy_weaker(run->project.policy, target->stamp.policy))
		text_add(text, "; the policy stored in it is stricter than eloquent.ini's [guard], and "
			       "counts (db:stamp stores another)");
}

#define LOSSES_SHOWN 10

/* "0001_x:3: drops the table users and all its rows: -- eloquent:destroys users" */
static void add_losses(struct text *text, const struct target *target)
{
	size_t shown = 0;
	if (!target->reviewed)
		return;
	const struct review *review = &target->review;
	for (size_t i = 0; i < review->count && shown < LOSSES_SHOWN; i++) {
		const struct finding *finding = &review->items[i];
		if (finding->severity == ELQ_FINDING_NOTE)
			continue;
		text_printf(text, "%s%s:%lld: %s", shown ? "; " : "", finding->migration,
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
		text_printf(text, "; and %zu more (--dry-run shows all)", review->losses - shown);
	if (shown)
		text_add(text, "; ");
}

/* A copy that still says production: the line that says otherwise. */
static void add_restamp(struct text *text, const struct run *run, const struct target *target)
{
	if (run->command->guard.class_ == GUARD_STAMP)
		return;
	text_printf(
		text,
		"%sif it is not production (a copy, say), restamp it first, at a terminal: "
		"APP_ENV=production ELOQUENT_ALLOW_PROD_DESTRUCTIVE=true eloquent db:stamp %s -c %s "
		"--force --yes",
		text->size ? "; " : "", target->word, target->connection->name);
}

/* The command that does both under one lock. */
static void add_backup(struct text *text, const struct target *target)
{
	text_printf(text,
		    "%seloquent db:migrate -c %s takes and verifies one, then runs the migrations",
		    text->size ? "; " : "", target->connection->name);
}

enum status refusal_set(const struct run *run, const struct target *target, struct error *error)
{
	TEXT_CLEANUP struct text message = {0};
	TEXT_CLEANUP struct text hint = {0};
	uint32_t reasons = guard_reasons_shown(target->verdict.reasons);
	bool mismatch = (reasons & GUARD_REASON_STAMP_MISMATCH) != 0;
	text_printf(&message, "%s is refused", run->command->name);
	if (!mismatch) /* its own sentence says both */
		add_production_source(&message, run, target);
	const char *separator = ": ";
	for (unsigned i = 0; i < GUARD_REASON_COUNT; i++) {
		if (!(reasons & (1u << i)))
			continue;
		text_printf(&message, "%s%s", separator, guard_reason_text(i));
		separator = "; ";
	}
	text_add(&message, ". Nothing was changed");
	error_set(error, STATUS_REFUSED, "%s", text_string(&message));
	add_losses(&hint, target);
	add_state(&hint, run, target);
	if (mismatch)
		add_restamp(&hint, run, target);
	if (reasons & GUARD_REASON_BACKUP)
		add_backup(&hint, target);
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
