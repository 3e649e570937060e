/* private.h - the stations of a command's life, in the order in which run.c
 * visits them; private to this room. */
#ifndef RUN_PRIVATE_H
#define RUN_PRIVATE_H

#include "run/run.h"

/* Is this target still going to be worked on? */
static inline bool target_goes(const struct target *target)
{
	return !target->idle && !target->skipped && target->status == STATUS_OK;
}

/* select.c: does the command line mean the test twins? */
bool select_wants_twins(const struct run *run);
/* Fills run->targets from the command line, the environment and the
 * INI. STATUS_USAGE, STATUS_UNKNOWN_NAME. */
enum status select_targets(struct run *run, struct error *error) MUST_CHECK;

/* facts.c: facts that need no database; facts that do. Reading one again
 * replaces it. */
void facts_local(const struct run *run, struct target *target);
enum status facts_of_database(const struct run *run, struct target *target,
			      struct error *error) MUST_CHECK;
/* Answers the facts that the verdict asked for and that cost a look. */
enum status facts_look(const struct run *run, struct target *target, uint32_t reasons,
		       struct error *error) MUST_CHECK;
struct guard_command facts_command(const struct run *run);
/* Is any member of `policy` weaker than of `stored`? */
bool policy_weaker(struct policy policy, struct policy stored);
/* After opening: no twin is its application, no two targets are one database. */
enum status facts_identities(struct run *run, struct target *target, struct error *error) MUST_CHECK;

/* refusal.c: the sentences of a refusal; and, once every target was asked, the commands
 * that would pass. */
enum status refusal_set(const struct run *run, const struct target *target, struct error *error);
void refusal_remedies(struct run *run);
void refusal_warn(const struct run *run, const struct target *target);

/* ask.c: what does the person at the terminal say? Sets the answers of every target that
 * must be asked. */
enum status ask_person(struct run *run, struct error *error) MUST_CHECK;

/* locks.c: takes the lock of one target; waits as --wait says. */
enum status lock_take(struct run *run, struct target *target, struct error *error) MUST_CHECK;
/* Takes the locks of all targets that go, in the order of the databases'
 * identities: names are each project's own, and two projects that wait for each
 * other in different orders would wait for ever. */
/* Does the command write, and under locks? */
bool run_takes_locks(const struct run *run);
enum status locks_take(struct run *run) MUST_CHECK;
/* Is the lock held by somebody else right now? STATUS_LOCKED names the holder. */
enum status lock_probe(const struct run *run, struct target *target, struct error *error) MUST_CHECK;

/* backups.c: does a backup count as the fresh one? Also finds target->last_backup. */
enum status backups_look(const struct run *run, struct target *target, enum fact *ret,
			 struct error *error) MUST_CHECK;
/* Before anybody is asked: is there a folder for the backup that this run will take? */
enum status backups_foresee(const struct run *run, struct target *target,
			    struct error *error) MUST_CHECK;
/* Behind the intent: the backup that the guard asks for, when this command takes it itself. */
bool backups_due(const struct run *run, const struct target *target);
enum status backups_take_due(struct run *run, struct target *target, struct error *error) MUST_CHECK;

/* A migrator of the target's folder, over its database or what is to become it; nothing is
 * read yet. */
struct migrator target_migrator(struct run *run, struct target *target, struct database *database);

/* first_write.c: our tables and the stamp. */
enum status first_write(struct run *run, struct target *target, struct error *error) MUST_CHECK;
/* A database beside the target's: the run's word and an id of its own. */
enum status stamp_another(struct run *run, struct target *target, struct database *database,
			  struct error *error) MUST_CHECK;

/* outcome.c: the audit records around the work. */
bool outcome_recorded(const struct run *run, const struct target *target);
enum status outcome_intent(struct run *run, struct target *target, struct error *error) MUST_CHECK;
void outcome_record(struct run *run, struct target *target);
void outcome_refusal(struct run *run, const struct target *target, const struct error *refusal);

/* prefetch.c: the migration files, read while the database opens. take waits for
 * the thread and hands over what it read; false: nothing was read ahead. */
void prefetch_start(struct run *run, struct target *target);
bool prefetch_take(struct target *target, struct folder *ret, enum status *ret_status,
		   struct error *error);
void prefetch_drop(struct target *target);

/* pool.c: calls `job` for every target that still goes, on up
 * to `jobs` threads. */
void pool_run(struct run *run, int64_t jobs, void (*job)(struct run *run, struct target *target));

/* signals.c: the thread that turns signals into run->stop. stop_wait sleeps up
 * to `ms` and returns early, with true, when a signal came. */
enum status signals_start(struct run *run, struct error *error) MUST_CHECK;
void signals_stop(struct run *run);
int signals_fd(const struct run *run); /* readable once a signal came; -1: not started */
bool stop_wait(const struct run *run, int64_t ms);

/* stations.c, in the order in which run.c calls them; each for one target. A
 * failure stays with its target. */
enum status station_verdict_local(struct run *run, struct target *target,
				  struct error *error) MUST_CHECK;
enum status station_load_driver(struct run *run, struct target *target, struct error *error) MUST_CHECK;
enum status station_choose(struct run *run, struct target *target, struct error *error) MUST_CHECK;
enum status station_open_database(struct run *run, struct target *target,
				  struct error *error) MUST_CHECK;
enum status station_wait_turn(struct run *run, struct target *target, struct error *error) MUST_CHECK;
enum status station_verdict_of_database(struct run *run, struct target *target,
					struct error *error) MUST_CHECK;
enum status station_check_capable(struct run *run, struct target *target,
				  struct error *error) MUST_CHECK;
enum status station_check_target(struct run *run, struct target *target,
				 struct error *error) MUST_CHECK;
enum status station_verdict_on_content(struct run *run, struct target *target,
				       struct error *error) MUST_CHECK;
enum status station_preview_target(struct run *run, struct target *target,
				   struct error *error) MUST_CHECK;
enum status station_verdict_on_answer(struct run *run, struct target *target,
				      struct error *error) MUST_CHECK;
enum status station_check_again(struct run *run, struct target *target, struct error *error) MUST_CHECK;
enum status station_verdict_under_lock(struct run *run, struct target *target,
				       struct error *error) MUST_CHECK;
enum status station_write_intent(struct run *run, struct target *target,
				 struct error *error) MUST_CHECK;
enum status station_back_up(struct run *run, struct target *target, struct error *error) MUST_CHECK;
void station_work_target(struct run *run, struct target *target);

/* say.c */
void target_flush(struct run *run, struct target *target);

#endif
