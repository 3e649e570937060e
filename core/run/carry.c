/* carry.c - what a restored backup must say before it becomes the live database. A backup
 * from before the database was stamped production would take the stamp away, and with it
 * every protection: what is stricter stays, and what is restored in production is production. All of it
 * is written while the backup is still a scratch database, so that it arrives with the swap or not at
 * all.
 *
 * Under another name it becomes another database: stamped with the word of the run that restores it,
 * with an id of its own, so that no backup of one counts for the other. */
#include "run/private.h"

static bool is_production(const struct stamp *stamp)
{
	return stamp->present && word_is_production(stamp->word);
}

static enum status carry_stamp(struct run *run, struct target *target, struct database *restored,
			       struct error *error)
{
	struct stamp theirs;
	const struct stamp *ours = &target->stamp;
	enum status status = stamp_read(restored, &target->arena, &theirs, error);
	if (status)
		return status;
	bool here = run->project.production || target->connection->production;
	bool word_stays = (here || is_production(ours)) && !is_production(&theirs);
	const char *word = is_production(ours) ? ours->word : target->word;
	bool policy_stays =
		ours->has_policy && (!theirs.has_policy || policy_weaker(theirs.policy, ours->policy));
	if (!word_stays && !policy_stays)
		return STATUS_OK;
	struct policy policy = ours->policy;
	if (theirs.has_policy)
		policy = policy_stricter(policy, theirs.policy);
	if (word_stays)
		target_say(run, target, "the stamp %s stays; the backup said %s", word,
			   theirs.present ? theirs.word : "nothing");
	if (policy_stays)
		target_say(run, target, "the policy that db:stamp stored stays");
	if (!target->stamp.id)
		target->stamp.id = theirs.id; /* of a database that is missing or damaged */
	return target_stamp(run, target, restored, word_stays || !theirs.present ? word : theirs.word,
			    policy_stays ? &policy : NULL, error);
}

/* The restored history goes on: one event says where it came from. A history that is broken
 * cannot, and is no reason to leave the rows where they are. */
static enum status record_event(struct run *run, struct target *target, struct database *restored,
				const struct backup *backup, const char *copy, struct error *error)
{
	if (!backup->head_sequence)
		return STATUS_OK; /* never migrated: there is no history to go on */
	struct migrator migrator = target_migrator(run, target, restored);
	migrator.folder_is_read = true; /* empty: which files there are is beside the point */
	enum status status = migrator_load(&migrator, VERIFY_TAIL, error);
	if (!status)
		status = migrator_record_restored(&migrator, backup->id, copy, error);
	migrator_free(&migrator);
	if (status != STATUS_HISTORY_BROKEN)
		return status;
	log_write(run->observer, LOG_WARN,
		  "%s: the backup's history does not say that it was restored: %s",
		  target->connection->name, error->message);
	error_clear(error);
	return STATUS_OK;
}

enum status target_carry_beside(struct run *run, struct target *target, struct database *restored,
				const struct backup *backup, struct error *error)
{
	struct stamp theirs;
	enum status status = stamp_read(restored, &target->arena, &theirs, error);
	if (!status)
		status = stamp_another(run, target, restored, error);
	if (!status)
		status = record_event(run, target, restored, backup, NULL, error);
	if (!status)
		target_say(run, target, "it is a database of its own, stamped %s; the backup said %s",
			   target->word, theirs.present ? theirs.word : "nothing");
	return status;
}

enum status target_carry_over(struct run *run, struct target *target, struct database *restored,
			      const struct backup *backup, const char *copy, struct error *error)
{
	enum status status = carry_stamp(run, target, restored, error);
	return status ? status : record_event(run, target, restored, backup, copy, error);
}
