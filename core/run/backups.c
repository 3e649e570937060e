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
	char id[40];
	int64_t at_us;
	int64_t sequence;
	char head[HASH_TEXT];
	char identity[512];
	bool found;
};

/* Copies what stands behind `prefix` at *at, up to `end`, and steps behind that. */
static bool cut(const char **at, const char *prefix, char end, char *ret, size_t capacity)
{
	if (!text_starts(*at, prefix))
		return false;
	const char *from = *at + strlen(prefix);
	const char *to = end ? strchr(from, end) : from + strlen(from);
	if (!to || (size_t)(to - from) >= capacity)
		return false;
	memcpy(ret, from, (size_t)(to - from));
	ret[to - from] = '\0';
	*at = end ? to + 1 : to;
	return true;
}

/* As write_record writes it. */
static bool read_record(const char *line, struct record *ret)
{
	char moment[24], sequence[24];
	if (!cut(&line, "id=", ' ', ret->id, sizeof(ret->id)) ||
	    !cut(&line, "at_us=", ' ', moment, sizeof(moment)) ||
	    !cut(&line, "head=", ':', sequence, sizeof(sequence)) ||
	    !cut(&line, "", ' ', ret->head, sizeof(ret->head)) ||
	    !cut(&line, "of=", '\0', ret->identity, sizeof(ret->identity)))
		return false;
	if (strcmp(ret->head, "-") == 0)
		ret->head[0] = '\0';
	return parse_integer(moment, &ret->at_us) && parse_integer(sequence, &ret->sequence);
}

static void take_record(void *context, const char *key, const char *value)
{
	struct record *record = context;
	if (strcmp(key, META_KEY) != 0)
		return;
	*record = (struct record){0};
	record->found = read_record(value, record);
}

static enum status write_record(struct run *run, struct target *target, const struct backup *backup,
				struct error *error)
{
	struct database *database = target->database;
	const char *line =
		arena_printf(&target->arena, "id=%s at_us=%" PRId64 " head=%" PRId64 ":%s of=%s",
			     backup->id, backup->began_us, backup->head_sequence,
			     backup->head ? backup->head : "-", backup->identity);
	enum status status = database_begin(database, 0, NULL, 0, -1, error);
	if (status)
		return status;
	status = database_meta_write(database, META_KEY, line, error);
	if (!status)
		status = database_commit(database, error);
	ERROR_CLEANUP struct error second = {0};
	if (status && database_rollback(database, &second))
		log_write(run->observer, LOG_WARN, "%s", second.message);
	return status;
}

/* Where there are tables of ours, and they can be written. The backup counts without. */
static void put_on_record(struct run *run, struct target *target, const struct backup *backup)
{
	ERROR_CLEANUP struct error error = {0};
	if (!target->stamp.present || target->info->flags & ELQ_CONN_READ_ONLY)
		return;
	if (write_record(run, target, backup, &error))
		log_write(run->observer, LOG_WARN,
			  "%s: the backup is not on record in the database itself: %s",
			  target->connection->name, error.message);
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

static enum status look_into_catalog(const struct run *run, struct target *target,
				     const struct backup_wanted *wanted, bool *ret, struct error *error)
{
	struct backups list;
	struct backup_store store = store_of(run, target);
	enum status status = backups_list(&store, &list, error);
	if (status)
		return status;
	for (size_t i = 0; i < list.count; i++) {
		const struct backup *backup = &list.items[i];
		if (backup->level == BACKUP_RESTORED && !target->last_backup)
			target->last_backup =
				age_text(&target->arena, wanted->now_us - backup->began_us, backup->id);
		*ret = *ret || backup_counts(backup, wanted);
	}
	backups_free(&list);
	return STATUS_OK;
}

static enum status look_into_database(struct target *target, const struct backup_wanted *wanted,
				      bool *ret, struct error *error)
{
	struct record record = {0};
	enum status status = database_meta_read(target->database, take_record, &record, error);
	if (status || !record.found)
		return status;
	const struct backup recorded = {
		.level = BACKUP_RESTORED,
		.identity = record.identity,
		.database_id = wanted->database_id,
		.began_us = record.at_us,
		.head_sequence = record.sequence,
		.head = record.head,
	};
	if (!text_equal(record.identity, wanted->identity))
		return STATUS_OK; /* a copy of another database carries its record */
	if (!target->last_backup)
		target->last_backup = age_text(&target->arena, wanted->now_us - record.at_us,
					       arena_text(&target->arena, record.id));
	*ret = *ret || backup_counts(&recorded, wanted);
	return STATUS_OK;
}

enum status backups_look(const struct run *run, struct target *target, enum fact *ret,
			 struct error *error)
{
	bool counts = false;
	struct history_head head;
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
	status = look_into_catalog(run, target, &wanted, &counts, error);
	if (!status)
		status = look_into_database(target, &wanted, &counts, error);
	if (!status)
		*ret = counts ? FACT_YES : FACT_NO;
	return status;
}

/* ---- taking one ------------------------------------------------------------------------------ */

json_t *backup_json(const struct backup *backup)
{
	char began[CLOCK_TEXT];
	json_int_t rows = 0;
	if (backup->level == BACKUP_UNREADABLE)
		return json_pack("{s:s, s:s, s:s}", "id", backup->id, "level",
				 backup_level_name(backup->level), "message", backup->message);
	for (size_t i = 0; i < backup->table_count; i++)
		rows += backup->tables[i].ours ? 0 : backup->tables[i].rows;
	clock_format(backup->began_us, began);
	int64_t dump_us = backup->ended_us - backup->began_us; /* by a clock that may have been set */
	return json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:b, s:I, s:I, s:i, s:I, s:s?, s:s?, s:I, s:I, s:s?}", "id",
		backup->id, "level", backup_level_name(backup->level), "at", began, "file",
		backup->file, "reason", backup->reason, "pinned", backup->pinned, "size",
		(json_int_t)backup->size, "stored_size", (json_int_t)backup->stored_size, "tables",
		(int)backup->table_count, "rows", rows, "database_id", backup->database_id, "stamp",
		backup->stamp, "dump_duration_us", (json_int_t)(dump_us > 0 ? dump_us : 0),
		"verify_duration_us", (json_int_t)backup->verify_duration_us, "message",
		backup->message);
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
	int64_t removed = 0;
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
	put_on_record(run, target, ret);
	ERROR_CLEANUP struct error second = {0};
	if (backups_retain(&store, &removed, &second))
		log_write(run->observer, LOG_WARN, "old backups could not be removed: %s",
			  second.message);
	return STATUS_OK;
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
	struct backup backup;
	const char *reason = arena_printf(&target->arena, "before %s", run->command->name);
	enum status status = target_back_up(run, target, reason, false, &backup, error);
	if (status)
		return status;
	target->backed_up = true;
	target->facts.backup_fresh = FACT_YES;
	return STATUS_OK;
}
