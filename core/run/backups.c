/* backups.c - backups around a command: does one count, and taking one before what
 * could lose data.
 *
 * A backup is on record twice: its manifest lies in [backup] dir, and the database's own
 * eloquent_meta says the same in a line, because a CI runner's disk is thrown away. */
#include "run/private.h"

#include <inttypes.h>
#include <string.h>

#define META_KEY "backup"
#define MINUTE_US ((int64_t)60 * 1000000)

/* ---- where -------------------------------------------------------------------------- */

static bool is_production(const struct run *run, const struct target *target)
{
	return run->project.production || target->connection->production ||
	       (target->stamp.present && word_is_production(target->stamp.word));
}

static struct backup_store store_of(const struct run *run, const struct target *target)
{
	const struct backup_config *config = &run->project.backup;
	return (struct backup_store){
		.observer = run->observer,
		.dir = config->dir,
		.connection = target->connection->name,
		.keep = config->keep,
		.level = config->level,
		.run = run->id,
		.actor = run->project.actor,
		.tool = run->tool,
		.stop = &run->stop,
	};
}

enum status target_store(const struct run *run, const struct target *target, struct backup_store *ret,
			 struct error *error)
{
	if (is_production(run, target) && !run->project.backup.dir_is_given) {
		error_set(error, STATUS_CONFIG,
			  "in production [backup] dir must say where backups lie: what lies in the "
			  "project's folder is lost with it");
		error_hint(error, "set it in eloquent.ini, for example dir = /var/backups/%s",
			   run->project.name);
		return STATUS_CONFIG;
	}
	*ret = store_of(run, target);
	return STATUS_OK;
}

/* ---- the record in the database -------------------------------------------------------- */

struct record {
	json_t *root; /* owns the strings of `backup` */
	struct backup backup;
	bool found;
};

static void take_record(void *context, const char *key, const char *value)
{
	struct record *record = context;
	json_int_t at = 0, sequence = 0;
	const char *id, *head, *identity;
	if (strcmp(key, META_KEY) != 0)
		return;
	json_decref(record->root);
	*record = (struct record){.root = json_loads(value, JSON_REJECT_DUPLICATES, NULL)};
	record->found =
		json_unpack(record->root, "{s:s, s:I, s:I, s:s, s:s !}", "id", &id, "at_us", &at,
			    "sequence", &sequence, "head", &head, "identity", &identity) == 0;
	if (!record->found)
		return;
	record->backup = (struct backup){
		.level = BACKUP_RESTORED,
		.id = id,
		.began_us = at,
		.head_sequence = sequence,
		.head = head,
		.identity = identity,
	};
}

static void record_free(struct record *record)
{
	json_decref(record->root);
}

/* The backup is there; the error says what else was to be done and could not be. */
static enum status stands(const struct backup *backup, const char *but, struct error *error)
{
	error_prefix(error, "the backup %s stands and is verified, but %s", backup->id, but);
	return error->status;
}

static enum status write_record(struct run *run, struct target *target, const struct backup *backup,
				struct error *error)
{
	struct database *database = target->database;
	enum status status = database_begin(database, 0, NULL, 0, -1, error);
	if (status)
		return status;
	json_t *record =
		json_pack("{s:s, s:I, s:I, s:s, s:s}", "id", backup->id, "at_us",
			  (json_int_t)backup->began_us, "sequence", (json_int_t)backup->head_sequence,
			  "head", backup->head ? backup->head : "", "identity", backup->identity);
	char *line = json_dumps(record, JSON_COMPACT);
	json_decref(record);
	status = database_meta_write(database, META_KEY, line, error);
	mem_free(line); /* main hands jansson our allocator */
	if (!status)
		status = database_commit(database, error);
	ERROR_CLEANUP struct error second = {0};
	if (status && database_rollback(database, &second))
		log_write(run->observer, LOG_WARN, "%s", second.message);
	return status;
}

/* Where there are tables of ours, and they can be written; from a shell that does not say
 * production a production database is not. The backup stands in any case. */
static enum status put_on_record(struct run *run, struct target *target, const struct backup *backup,
				 struct error *error)
{
	bool foreign = target->stamp.present && word_is_production(target->stamp.word) &&
		       !run->project.production && !target->connection->production;
	if (!target->stamp.present || foreign || target->info->flags & ELQ_CONN_READ_ONLY)
		return STATUS_OK;
	enum status status = write_record(run, target, backup, error);
	return status ? stands(backup, "it is not on record in the database itself", error) : STATUS_OK;
}

/* ---- does one count? ---------------------------------------------------------------------- */

static const char *age_text(struct arena *arena, int64_t age_us, const char *id)
{
	int64_t minutes = age_us / MINUTE_US;
	if (minutes < 120)
		return arena_printf(arena, "%" PRId64 " min ago (%s)", minutes, id);
	if (minutes < 48 * 60)
		return arena_printf(arena, "%" PRId64 " h ago (%s)", minutes / 60, id);
	return arena_printf(arena, "%" PRId64 " days ago (%s)", minutes / (24 * 60), id);
}

static bool look_into_catalog(struct target *target, const struct backups *list,
			      const struct backup_wanted *wanted)
{
	bool counts = false;
	for (size_t i = 0; i < list->count; i++) {
		const struct backup *backup = &list->items[i];
		if (backup->level == BACKUP_RESTORED && backup_is_of(backup, wanted) &&
		    !target->last_backup)
			target->last_backup =
				age_text(&target->arena, wanted->now_us - backup->began_us, backup->id);
		counts = counts || backup_counts(backup, wanted);
	}
	return counts;
}

static bool is_listed(const struct backups *list, const char *id)
{
	for (size_t i = 0; i < list->count; i++)
		if (text_equal(list->items[i].id, id))
			return true;
	return false;
}

/* Of a backup whose manifest lies here, the manifest speaks: it knows what became of it. */
static enum status look_into_database(struct target *target, const struct backups *list,
				      const struct backup_wanted *wanted, bool *ret,
				      struct error *error)
{
	CLEANUP(record_free) struct record record = {0};
	struct backup *backup = &record.backup;
	enum status status = database_meta_read(target->database, take_record, &record, error);
	/* A copy of another database carries its record. */
	if (status || !record.found || !text_equal(backup->identity, wanted->identity) ||
	    is_listed(list, backup->id))
		return status;
	backup->database_id = wanted->database_id;
	if (!target->last_backup)
		target->last_backup =
			age_text(&target->arena, wanted->now_us - backup->began_us, backup->id);
	*ret = *ret || backup_counts(backup, wanted);
	return STATUS_OK;
}

enum status backups_look(const struct run *run, struct target *target, enum fact *ret,
			 struct error *error)
{
	struct backups list;
	struct history_head head;
	struct backup_store store = store_of(run, target);
	enum status status = history_head_read(target->database, &head, error);
	if (status)
		return status;
	const struct backup_wanted wanted = {
		.database_id = target->stamp.id,
		.identity = target->info->identity,
		.head = &head,
		.now_us = clock_wall_us(),
		.max_age_us = target->policy.backup_max_age_us,
	};
	status = backups_list(&store, &list, error);
	if (status)
		return status;
	bool counts = look_into_catalog(target, &list, &wanted);
	status = look_into_database(target, &list, &wanted, &counts, error);
	backups_free(&list);
	if (!status)
		*ret = counts ? FACT_YES : FACT_NO;
	return status;
}

/* ---- taking one ------------------------------------------------------------------------------ */

json_t *backup_json(const struct backup *backup)
{
	char began[CLOCK_TEXT];
	if (backup->level == BACKUP_UNREADABLE)
		return json_pack("{s:s, s:s, s:s}", "id", backup->id, "level",
				 backup_level_name(backup->level), "message", backup->message);
	clock_format(backup->began_us, began);
	int64_t dump_us = backup->ended_us - backup->began_us; /* by a clock that may have been set */
	return json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:b, s:I, s:I, s:i, s:I, s:s?, s:s?, s:I, s:I, s:s?}", "id",
		backup->id, "level", backup_level_name(backup->level), "at", began, "file",
		backup->file, "reason", backup->reason, "pinned", backup->pinned, "size",
		(json_int_t)backup->size, "stored_size", (json_int_t)backup->stored_size, "tables",
		(int)backup->table_count, "rows", (json_int_t)backup_rows(backup), "database_id",
		backup->database_id, "stamp", backup->stamp, "dump_duration_us",
		(json_int_t)(dump_us > 0 ? dump_us : 0), "verify_duration_us",
		(json_int_t)backup->verify_duration_us, "message", backup->message);
}

static void say_taken(struct run *run, struct target *target, const struct backup_store *store,
		      const struct backup *backup)
{
	target_say(run, target, "%s %s  (%zu tables, %lld bytes, restored and compared in %.1f s)",
		   run_paint(run, &target->arena, PAINT_GREEN, "backup"),
		   backup_path(store, backup, &target->arena), backup->table_count,
		   (long long)backup->stored_size, (double)backup->verify_duration_us / 1e6);
	target_result(target, "backup", backup_json(backup));
}

enum status target_back_up(struct run *run, struct target *target, const char *reason, bool pinned,
			   struct backup *ret, struct error *error)
{
	struct backup_store store;
	const struct backup_request request = {
		.reason = reason,
		.pinned = pinned,
		.database_id = target->stamp.id,
		.stamp = target->stamp.present ? target->stamp.word : NULL,
	};
	enum status status = target_store(run, target, &store, error);
	if (!status)
		status = backup_take_verified(&store, target->database, &request, &target->arena, ret,
					      error);
	if (status)
		return status;
	say_taken(run, target, &store, ret);
	return put_on_record(run, target, ret, error);
}

enum status target_make_room(struct run *run, struct target *target, const struct backup *backup,
			     struct error *error)
{
	struct backup_store store;
	int64_t removed = 0;
	enum status status = target_store(run, target, &store, error);
	if (!status)
		status = backups_retain(&store, &removed, error);
	return status ? stands(backup, "older ones could not be removed", error) : STATUS_OK;
}

/* Will this run take one, as far as can be told before its lock? */
static enum status is_needed(const struct run *run, struct target *target, bool *ret,
			     struct error *error)
{
	*ret = (run->command->flags & COMMAND_BACKS_UP_ALWAYS) != 0;
	if (*ret || !is_production(run, target) || !target->policy.require_backup)
		return STATUS_OK;
	enum status status = STATUS_OK;
	if (target->facts.holds_rows == FACT_UNKNOWN)
		status = facts_look(run, target, GUARD_REASON_UNKNOWN_ROWS, error);
	*ret = target->facts.holds_rows != FACT_NO;
	return status;
}

enum status backups_foresee(const struct run *run, struct target *target, struct error *error)
{
	struct backup_store store;
	bool needed = false;
	if (!(run->command->flags & COMMAND_BACKS_UP) || !(target->info->flags & ELQ_CONN_EXISTS))
		return STATUS_OK;
	enum status status = is_needed(run, target, &needed, error);
	return !status && needed ? target_store(run, target, &store, error) : status;
}

bool backups_due(const struct run *run, const struct target *target)
{
	if (!(run->command->flags & COMMAND_BACKS_UP) || target->backed_up ||
	    !(target->info->flags & ELQ_CONN_EXISTS))
		return false;
	if (run->command->flags & COMMAND_BACKS_UP_ALWAYS && target->verdict.decision == GUARD_ALLOW)
		return true;
	return target->verdict.decision == GUARD_REFUSE &&
	       target->verdict.reasons == GUARD_REASON_BACKUP;
}

enum status backups_take_due(struct run *run, struct target *target, struct error *error)
{
	struct backup backup = {0};
	ERROR_CLEANUP struct error room = {0};
	const char *reason = arena_printf(&target->arena, "before %s", run->command->name);
	enum status status = target_back_up(run, target, reason, false, &backup, error);
	if (status && backup.id && backup.level == BACKUP_RESTORED)
		error_hint(error, "%s; %s has changed nothing else",
			   error->hint ? error->hint : "mend that and run it again",
			   run->command->name);
	if (status)
		return status;
	/* One too many loses nothing. */
	if (target_make_room(run, target, &backup, &room))
		log_write(run->observer, LOG_WARN, "%s: %s", target->connection->name, room.message);
	target->backed_up = true;
	target->facts.backup_fresh = FACT_YES;
	return STATUS_OK;
}
