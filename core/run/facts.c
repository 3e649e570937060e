/* facts.c - where each of the guard's facts comes from. A fact that cannot be
 * found out stays unknown, and unknown never counts as permission. */
#include "run/private.h"

#include <string.h>

static enum fact fact_of(bool yes)
{
	return yes ? FACT_YES : FACT_NO;
}

struct guard_command facts_command(const struct run *run)
{
	struct guard_command command = run->command->guard;
	const struct command *row = run->command;
	if (run->dry_run || (row->spares && row->spares(run->invocation)))
		command = (struct guard_command){.class_ = GUARD_SAFE};
	return command;
}

void facts_local(const struct run *run, struct target *target)
{
	const struct project *project = &run->project;
	struct guard_facts *facts = &target->facts;
	const struct connection *connection = target->connection;
	bool production = project->production || (connection && connection->production);
	facts->production = fact_of(production);
	facts->allow_destructive = fact_of(project->allow_destructive);
	facts->force = fact_of(option_given(run->invocation, OPTION_FORCE));
	facts->yes = fact_of(option_given(run->invocation, OPTION_YES));
	facts->terminal = fact_of(ask_terminal_present());
	facts->twin = fact_of(connection && connection->twin);
	facts->content_allowed = fact_of(option_given(run->invocation, OPTION_ALLOW_DESTRUCTIVE));
	facts->role_wrong =
		fact_of(connection && connection->role_credentials && !project->role_migration);
	if (!connection) /* no database stands behind it that could say anything else */
		facts->stamped = facts->stamp_production = facts->holds_rows = FACT_NO;
	/* What the INI alone makes strict, no database can loosen. */
	facts->forbid = project->policy.forbid ? FACT_YES : FACT_UNKNOWN;
	facts->require_backup = project->policy.require_backup ? FACT_YES : FACT_UNKNOWN;
}

/* ---- the stamp and the stored policy ----------------------------------------- */

struct stamp_reading {
	struct arena *arena;
	struct stamp *stamp;
};

static void stamp_take(void *opaque, const char *key, const char *value)
{
	const struct stamp_reading *reading = opaque;
	struct arena *arena = reading->arena;
	struct stamp *stamp = reading->stamp;
	if (strcmp(key, "stamp.word") == 0) {
		stamp->present = true;
		stamp->word = arena_text(arena, value);
	} else if (strcmp(key, "stamp.id") == 0) {
		stamp->id = arena_text(arena, value);
	} else if (strcmp(key, "stamp.at") == 0) {
		stamp->at = arena_text(arena, value);
	} else if (strcmp(key, "stamp.actor") == 0) {
		stamp->actor = arena_text(arena, value);
	} else if (strcmp(key, "policy") == 0) {
		stamp->has_policy = policy_parse(value, &stamp->policy);
		/* A policy that cannot be read is taken as the strictest. */
		if (!stamp->has_policy) {
			stamp->has_policy = true;
			stamp->policy = (struct policy){.forbid = true, .require_backup = true};
		}
	}
}

enum status stamp_read(struct database *database, struct arena *arena, struct stamp *ret,
		       struct error *error)
{
	struct stamp_reading reading = {.arena = arena, .stamp = ret};
	*ret = (struct stamp){0};
	return database_meta_read(database, stamp_take, &reading, error);
}

bool policy_weaker(struct policy policy, struct policy stored)
{
	struct policy strict = policy_stricter(policy, stored);
	return strict.forbid != policy.forbid || strict.require_backup != policy.require_backup ||
	       strict.backup_max_age_us != policy.backup_max_age_us;
}

/* db:stamp: does it take the production stamp away, or weaken the policy? */
static bool stamp_loosens(const struct run *run, const struct target *target)
{
	const struct stamp *stamp = &target->stamp;
	const char *word = argument(run->invocation, 0);
	if (stamp->present && word_is_production(stamp->word) && !(word && word_is_production(word)))
		return true;
	return stamp->has_policy && policy_weaker(run->project.policy, stamp->policy);
}

/* A command that takes its backup by itself promises one until its intent is on record;
 * then only the one that stands counts (station_back_up). */
static enum fact backup_promised(const struct run *run)
{
	return run->command->flags & COMMAND_BACKS_UP ? FACT_YES : FACT_UNKNOWN;
}

/* What a damaged database says of itself cannot be read. It may hold rows, and it was what
 * the backup that is restored over it says it was. */
static enum status read_stamp(const struct run *run, struct target *target, struct error *error)
{
	enum status status = STATUS_OK;
	if (!target->damaged)
		status = stamp_read(target->database, &target->arena, &target->stamp, error);
	if (status == STATUS_CORRUPT && (run->command->flags & COMMAND_DAMAGED_TOO)) {
		log_write(run->observer, LOG_DEBUG, "%s: %s", target->connection->name, error->message);
		error_clear(error);
		status = STATUS_OK;
		target->damaged = true;
	}
	if (target->damaged)
		target->stamp = target->stamp_chosen;
	return status;
}

enum status facts_of_database(const struct run *run, struct target *target, struct error *error)
{
	struct guard_facts *facts = &target->facts;
	facts->stamped = facts->stamp_production = FACT_UNKNOWN;
	facts->content_destroys = facts->content_undeclared = FACT_UNKNOWN;
	enum status status = read_stamp(run, target, error);
	if (status)
		return status;
	facts->holds_rows = target->damaged ? FACT_YES : FACT_UNKNOWN;
	const struct stamp *stamp = &target->stamp;
	target->policy = run->project.policy;
	if (stamp->has_policy)
		target->policy = policy_stricter(target->policy, stamp->policy);
	facts->stamped = fact_of(stamp->present);
	facts->stamp_production = fact_of(stamp->present && word_is_production(stamp->word));
	facts->forbid = fact_of(target->policy.forbid);
	facts->require_backup = fact_of(target->policy.require_backup);
	facts->backup_fresh = backup_promised(run);
	facts->loosens =
		fact_of(run->command->guard.class_ == GUARD_STAMP && stamp_loosens(run, target));
	return STATUS_OK;
}

static enum status look_for_rows(struct target *target, struct error *error)
{
	if (target->damaged)
		return STATUS_OK;
	bool rows = true;
	enum status status = database_holds_rows(target->database, &rows, error);
	if (status == STATUS_UNSUPPORTED) { /* the fact stays unknown, and the guard says so */
		error_clear(error);
		return STATUS_OK;
	}
	if (!status)
		target->facts.holds_rows = fact_of(rows);
	return status;
}

/* Only a plan can be judged: until one is made the facts stay unknown. */
static enum status look_at_content(struct target *target, struct error *error)
{
	if (!target->planned)
		return STATUS_OK;
	enum status status = target_review(target, error);
	if (status)
		return status;
	target->facts.content_destroys = fact_of(target->review.losses > 0);
	target->facts.content_undeclared = fact_of(target->review.undeclared > 0);
	return STATUS_OK;
}

enum status facts_look(const struct run *run, struct target *target, uint32_t reasons,
		       struct error *error)
{
	enum status status = STATUS_OK;
	if (reasons & GUARD_REASON_UNKNOWN_BACKUP)
		status = backups_look(run, target, &target->facts.backup_fresh, error);
	if (!status && (reasons & GUARD_REASON_UNKNOWN_ROWS))
		status = look_for_rows(target, error);
	if (!status && (reasons & GUARD_REASON_UNKNOWN_CONTENT))
		status = look_at_content(target, error);
	return status;
}

/* ---- identities -------------------------------------------------------------- */

/* The application's identity, found by opening it for reading. *ret is in the
 * target's arena, or NULL when nothing answers at its address. */
static enum status application_identity(struct run *run, struct target *target, const char **ret,
					struct error *error)
{
	const struct connection *application =
		project_connection(&run->project, target->connection->application);
	const struct driver *driver = NULL;
	struct database *database = NULL;
	*ret = NULL;
	if (!application)
		return STATUS_OK;
	enum status status =
		driver_load(run->observer, &run->project, application->driver, &driver, error);
	if (status)
		return status;
	status = database_open(run->observer, &run->project, application, driver, false, &database,
			       error);
	if (status == STATUS_CONNECT) {
		log_write(run->observer, LOG_WARN,
			  "%s: its application \"%s\" cannot be opened, so only their settings could "
			  "be compared",
			  target->connection->name, application->name);
		error_clear(error);
		return STATUS_OK;
	}
	if (status)
		return status;
	*ret = arena_text(&target->arena, database_info(database)->identity);
	database_close(database);
	return STATUS_OK;
}

static enum status same_database(struct target *target, enum status status, const char *what,
				 struct error *error)
{
	error_set(error, status, "\"%s\" is the same database as %s: %s", target->connection->name,
		  what, target->info->location);
	error_hint(error, "nothing was written; give each connection a database of its own");
	return status;
}

enum status facts_identities(struct run *run, struct target *target, struct error *error)
{
	if (target->connection->twin && target->connection->application) {
		const char *identity = NULL;
		enum status status = application_identity(run, target, &identity, error);
		if (status)
			return status;
		if (text_equal(identity, target->info->identity))
			return same_database(target, STATUS_TWIN_IS_APPLICATION,
					     "the application that it is the twin of", error);
	}
	if (facts_command(run).class_ == GUARD_SAFE)
		return STATUS_OK;
	for (struct target *other = run->targets; other < target; other++)
		if (other->info && text_equal(other->info->identity, target->info->identity))
			return same_database(
				target, STATUS_CHECK_FAILED,
				arena_printf(&target->arena, "\"%s\"", other->connection->name), error);
	return STATUS_OK;
}
