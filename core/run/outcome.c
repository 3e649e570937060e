/* outcome.c - the audit records of a run: refusals, the intent before the first
 * write, the outcome after the last. Handlers know nothing of it. */
#include "run/private.h"

bool target_in_production(const struct target *target)
{
	return target->facts.production == FACT_YES || target->facts.stamp_production == FACT_YES;
}

/* The row's own class: what only copies (db:restore --into) is judged as a safe command, but is
 * on record as what it is. */
static enum guard_class class_on_record(const struct run *run)
{
	return run->dry_run ? GUARD_SAFE : run->command->guard.class_;
}

/* Safe commands are not recorded, generators in production only. */
bool outcome_recorded(const struct run *run, const struct target *target)
{
	enum guard_class class_ = class_on_record(run);
	if (class_ == GUARD_SAFE)
		return false;
	return class_ != GUARD_GENERATOR || target_in_production(target);
}

static bool must_be_durable(const struct run *run, const struct target *target)
{
	enum guard_class class_ = facts_command(run).class_;
	return class_ == GUARD_DESTRUCTIVE || class_ == GUARD_RECOVERY || class_ == GUARD_STAMP ||
	       target_in_production(target);
}

static struct audit_record record_of(const struct run *run, const struct target *target,
				     const char *phase)
{
	return (struct audit_record){
		.run = run->id,
		.actor = run->project.actor,
		.command = run->command->name,
		.connection = target->connection ? target->connection->name : NULL,
		.database = target->stamp.id,
		.class_name = guard_class_name(class_on_record(run)),
		.verdict = "allowed",
		.phase = phase,
		.duration_us = -1,
		.exit_code = -1,
	};
}

enum status outcome_intent(struct run *run, struct target *target, struct error *error)
{
	if (!outcome_recorded(run, target))
		return STATUS_OK;
	struct audit_record record = record_of(run, target, "intent");
	bool durable = must_be_durable(run, target);
	enum status status = audit_append(run->observer, &run->project.audit, &record, durable,
					  target->audit_head, error);
	target->intended = status == STATUS_OK;
	if (!status || durable)
		return status;
	log_write(run->observer, LOG_WARN, "%s", error->message);
	error_clear(error);
	return STATUS_OK;
}

void outcome_record(struct run *run, struct target *target)
{
	if (!target->intended)
		return;
	ERROR_CLEANUP struct error error = {0};
	struct audit_record record = record_of(run, target, "outcome");
	record.duration_us = (clock_monotonic_ns() - target->started_ns) / 1000;
	record.exit_code = status_exit(target->status);
	record.message = target->worked || target->status ? target->error.message
							  : "not run: another connection failed";
	if (audit_append(run->observer, &run->project.audit, &record, must_be_durable(run, target),
			 NULL, &error))
		log_write(run->observer, LOG_WARN, "the outcome is not on record: %s", error.message);
}

void outcome_refusal(struct run *run, const struct target *target, const struct error *refusal)
{
	if (!outcome_recorded(run, target) || target->intended) /* then the outcome says it */
		return;
	ERROR_CLEANUP struct error error = {0};
	struct audit_record record = record_of(run, target, "refusal");
	record.verdict = "refused";
	record.exit_code = status_exit(refusal->status);
	record.message = refusal->message;
	if (audit_append(run->observer, &run->project.audit, &record, false, NULL, &error))
		log_write(run->observer, LOG_WARN, "the refusal is not on record: %s", error.message);
}
