/* commands.h - the rows that the table lists; private to this room. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cache/cache.h"
#include "cli/cli.h"

extern const struct command command_init;
extern const struct command command_list;
extern const struct command command_doctor;
extern const struct command command_help;
extern const struct command command_version;
extern const struct command command_completion;
extern const struct command command_plugin_list;
extern const struct command command_plugin_new;
extern const struct command command_make_migration;
extern const struct command command_migrate_run;
extern const struct command command_migrate_rollback;
extern const struct command command_migrate_status;
extern const struct command command_migrate_reset;
extern const struct command command_migrate_fresh;
extern const struct command command_migrate_redo;
extern const struct command command_migrate_baseline;
extern const struct command command_migrate_validate;
extern const struct command command_migrate_repair;
extern const struct command command_migrate_unlock;
extern const struct command command_db_stamp;
extern const struct command command_db_seed;
extern const struct command command_db_seed_precheck;
extern const struct command command_db_migrate;
extern const struct command command_db_backup;
extern const struct command command_db_backup_list;
extern const struct command command_db_backup_verify;
extern const struct command command_db_restore;
extern const struct command command_audit_show;
extern const struct command command_audit_verify;
extern const struct command command_cache_stats;
extern const struct command command_cache_clear;

/* ---- what the migrate:* handlers share (migrating.c) ----------------------- */

/* Loads the migrator; a folder that does not exist is STATUS_CONFIG. */
enum status migrating_load(struct run *run, struct target *target, enum history_verify verify,
			   struct error *error) MUST_CHECK;
/* The work of every command that carries out steps: says each as it is done and
 * puts "applied", "reverted" and "pending" into the result. */
enum status migrating_work(struct run *run, struct target *target, struct error *error) MUST_CHECK;
/* --dry-run: prints the statements that the steps would run. */
enum status migrating_preview(struct run *run, struct target *target, struct error *error) MUST_CHECK;
/* Before seeds: migrations applied, files and history consistent, no connection's
 * database another one's. The hint is the line that mends it. */
enum status seeding_precheck(struct run *run, struct target *target, struct error *error) MUST_CHECK;
/* Puts the selected steps into the result as "pending" and sets idle. */
void migrating_selected(struct run *run, struct target *target, const char *nothing);

/* ---- what commands that replace a database's content share (caching.c) -------
 * What was cached of it is no longer true. Both do nothing where the INI chooses no
 * chain for this environment. */

/* In check: can the chain be used at all? Nothing is opened for good. */
enum status caching_check(struct run *run, struct error *error) MUST_CHECK;
/* After the work, whatever came of it: empties the cache, says so, and puts "cache" into
 * the result. `status` is the work's, which stays when it is a failure; a cache that could
 * not be emptied is STATUS_FAILED, and says what stands ("the migrations are done"). */
enum status caching_clear(struct run *run, struct target *target, const char *stands,
			  enum status status, struct error *error) MUST_CHECK;
/* One store's part of a document. */
json_t *caching_cleared_json(const struct cache_report *report);

#endif
