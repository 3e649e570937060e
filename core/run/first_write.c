/* first_write.c - the first time that we write to a database: our tables, and
 * the stamp that says which environment it is, in one transaction. */
#include "run/private.h"

/* Inside an open unit. */
static enum status write_stamp(struct run *run, struct target *target, struct database *database,
			       const char *word, const struct policy *policy, struct error *error)
{
	char now[CLOCK_TEXT], id[RANDOM_ID_TEXT];
	clock_format(clock_wall_us(), now);
	random_id(id);
	enum status status = database_meta_write(database, "stamp.word", word, error);
	if (!status && !target->stamp.id)
		status = database_meta_write(database, "stamp.id", id, error);
	if (!status)
		status = database_meta_write(database, "stamp.at", now, error);
	if (!status)
		status = database_meta_write(database, "stamp.actor", run->project.actor, error);
	if (!status && policy)
		status = database_meta_write(database, "policy", policy_format(&target->arena, policy),
					     error);
	if (!status && !target->stamp.id)
		target->stamp.id = arena_text(&target->arena, id);
	return status;
}

enum status target_stamp(struct run *run, struct target *target, struct database *database,
			 const char *word, const struct policy *policy, struct error *error)
{
	enum status status = database_begin(database, 0, NULL, 0, -1, error);
	if (status)
		return status;
	status = database_history_create(database, error);
	if (!status)
		status = write_stamp(run, target, database, word, policy, error);
	if (!status)
		status = database_commit(database, error);
	ERROR_CLEANUP struct error second = {0};
	if (status && database_rollback(database, &second))
		error_hint(error, "rolling back failed too: %s", second.message);
	return status;
}

enum status first_write(struct run *run, struct target *target, struct error *error)
{
	if (target->stamp.present || (run->command->flags & COMMAND_STAMPS) || !run_takes_locks(run))
		return STATUS_OK;
	return target_stamp(run, target, target->database, target->word, NULL, error);
}
