/* first_write.c - the first time that we write to a database: our tables, and
 * the stamp that says which environment it is, in one transaction. */
#include "run/private.h"

/* Inside an open unit. id: a new one, or NULL: the one that is there stays. */
static enum status write_stamp(struct run *run, struct arena *arena, struct database *database,
			       const char *word, const char *id, const struct policy *policy,
			       struct error *error)
{
	char now[CLOCK_TEXT];
	clock_format(clock_wall_us(), now);
	enum status status = database_meta_write(database, "stamp.word", word, error);
	if (!status && id)
		status = database_meta_write(database, "stamp.id", id, error);
	if (!status)
		status = database_meta_write(database, "stamp.at", now, error);
	if (!status)
		status = database_meta_write(database, "stamp.actor", run->project.actor, error);
	if (!status && policy)
		status = database_meta_write(database, "policy", policy_format(arena, policy), error);
	return status;
}

static enum status stamp(struct run *run, struct arena *arena, struct database *database,
			 const char *word, const char *id, const struct policy *policy,
			 struct error *error)
{
	enum status status = database_begin(database, 0, NULL, 0, -1, error);
	if (status)
		return status;
	status = database_history_create(database, error);
	if (!status)
		status = write_stamp(run, arena, database, word, id, policy, error);
	if (!status)
		status = database_commit(database, error);
	ERROR_CLEANUP struct error second = {0};
	if (status && database_rollback(database, &second))
		error_hint(error, "rolling back failed too: %s", second.message);
	return status;
}

enum status target_stamp(struct run *run, struct target *target, struct database *database,
			 const char *word, const struct policy *policy, struct error *error)
{
	char id[RANDOM_ID_TEXT];
	bool anew = !target->stamp.id;
	random_id(id);
	enum status status =
		stamp(run, &target->arena, database, word, anew ? id : NULL, policy, error);
	if (!status && anew)
		target->stamp.id = arena_text(&target->arena, id);
	return status;
}

enum status stamp_another(struct run *run, struct target *target, struct database *database,
			  struct error *error)
{
	char id[RANDOM_ID_TEXT];
	random_id(id);
	return stamp(run, &target->arena, database, target->word, id, NULL, error);
}

enum status first_write(struct run *run, struct target *target, struct error *error)
{
	if (target->stamp.present || (run->command->flags & COMMAND_STAMPS) || !run_takes_locks(run))
		return STATUS_OK;
	return target_stamp(run, target, target->database, target->word, NULL, error);
}
