/* cmd_db_backup.c - db:backup, db:backup:list and db:backup:verify. */
#include "cli/commands.h"

/* ---- db:backup ------------------------------------------------------------------------ */

static enum status backup_check(struct run *run, struct target *target, struct error *error)
{
	struct backup_store store;
	return target_store(run, target, &store, error);
}

/* Nothing there is nothing to back up, which is no reason to leave the others without one. */
static enum status check_exists(const struct target *target, struct error *error)
{
	if (target->info->flags & ELQ_CONN_EXISTS)
		return STATUS_OK;
	return error_set(error, STATUS_CHECK_FAILED, "there is no database at %s yet",
			 target->info->location);
}

static enum status backup_preview(struct run *run, struct target *target, struct error *error)
{
	struct backup_store store;
	enum status status = check_exists(target, error);
	if (!status)
		status = target_store(run, target, &store, error);
	if (!status)
		target_say(run, target, "%s would be backed up into %s/%s", target->info->location,
			   store.dir, store.connection);
	return status;
}

/* The bytes of a damaged database are kept as they are, for whoever may mend them. */
static enum status keep_damaged(struct run *run, struct target *target, struct error *error)
{
	struct backup backup;
	struct backup_store store;
	const struct backup_request request = {
		.reason = "the database is damaged",
		.database_id = target->stamp.id,
		.stamp = target->stamp.present ? target->stamp.word : NULL,
		.pinned = true,
		.raw = true,
	};
	enum status status = target_store(run, target, &store, error);
	if (!status)
		status =
			backup_take(&store, target->database, &request, &target->arena, &backup, error);
	if (status)
		return status;
	target_result(target, "backup", backup_json(&backup));
	error_set(error, STATUS_CORRUPT,
		  "%s is damaged; its bytes were kept as they are, which is no verified backup: %s",
		  target->info->location, backup_path(&store, &backup, &target->arena));
	error_hint(error,
		   "eloquent db:backup:list shows the verified ones; eloquent db:restore ID puts "
		   "one back");
	return STATUS_CORRUPT;
}

/* Behind a backup that stands. Whoever holds the database meanwhile may hold it for long, and
 * need not be waited for: that alone is no failure. Room is made even where the record failed:
 * the disk may be the full one. */
static enum status settle(struct run *run, struct target *target, const struct backup *backup,
			  enum status status, struct error *error)
{
	ERROR_CLEANUP struct error second = {0};
	if (status == STATUS_LOCKED) {
		log_write(run->observer, LOG_WARN, "%s: %s", target->connection->name, error->message);
		error_clear(error);
		status = STATUS_OK;
	}
	enum status room = target_make_room(run, target, backup, &second);
	if (room && status)
		log_write(run->observer, LOG_WARN, "%s: %s", target->connection->name, second.message);
	else if (room)
		error_move(error, &second);
	if ((room || status) && !error->hint)
		error_hint(error,
			   "mend that and run it again; eloquent db:backup:list shows what is there");
	return status ? status : room;
}

static enum status backup_work(struct run *run, struct target *target, struct error *error)
{
	struct backup backup = {0};
	const char *reason = option_value(run->invocation, OPTION_REASON);
	enum status status = check_exists(target, error);
	if (status)
		return status;
	if (target->damaged)
		return keep_damaged(run, target, error);
	status = target_back_up(run, target, reason ? reason : "by hand",
				option_given(run->invocation, OPTION_PIN), &backup, error);
	if (status == STATUS_CORRUPT && !backup.id) {
		error_clear(error); /* met while its pages were read */
		return keep_damaged(run, target, error);
	}
	return backup.level == BACKUP_RESTORED ? settle(run, target, &backup, status, error) : status;
}

/* A reason stands in a line of db:backup:list, and must not be able to look like another one.
 * Control characters are below the blank, DEL, and U+0080 to U+009F. */
static enum status backup_usage(const struct invocation *invocation, struct error *error)
{
	const char *reason = option_value(invocation, OPTION_REASON);
	for (const unsigned char *at = (const unsigned char *)reason; at && *at; at++)
		if (*at < 0x20 || *at == 0x7f || (*at == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0)) {
			error_set(error, STATUS_USAGE, "--reason holds a control character");
			error_hint(error, "write it as one line of plain text");
			return STATUS_USAGE;
		}
	return STATUS_OK;
}

static const enum option backup_options[] = {OPTION_REASON, OPTION_PIN, OPTION_CONNECT_WAIT,
					     OPTION_COUNT};

const struct command command_db_backup = {
	.name = "db:backup",
	.group = "Database",
	.summary = "take a backup and prove it by restoring it into a scratch database",
	.arguments = "",
	.options = backup_options,
	.guard = {.class_ = GUARD_SAFE},
	.flags = COMMAND_DAMAGED_TOO | COMMAND_RECORDS,
	.needs = ELQ_CAP_BACKUP | ELQ_CAP_SCRATCH | ELQ_CAP_DIGEST | ELQ_CAP_SCHEMA,
	.notes = "A backup counts only once it was restored and compared: schema, rows, content and\n"
		 "foreign keys of each table. Of a damaged database the bytes are kept as they are.",
	.usage = backup_usage,
	.check = backup_check,
	.preview = backup_preview,
	.work = backup_work,
};

/* ---- db:backup:list --------------------------------------------------------------------- */

static const char *size_text(struct arena *arena, int64_t size)
{
	if (size < 10 << 10)
		return arena_printf(arena, "%lld B", (long long)size);
	if (size < 10 << 20)
		return arena_printf(arena, "%lld KiB", (long long)(size >> 10));
	return arena_printf(arena, "%lld MiB", (long long)(size >> 20));
}

static void say_backup(struct run *run, struct target *target, const struct backup *backup)
{
	enum paint paint = backup->level == BACKUP_RESTORED ? PAINT_GREEN : PAINT_RED;
	const char *level = arena_printf(&target->arena, "%-10s", backup_level_name(backup->level));
	if (backup->level == BACKUP_UNREADABLE)
		target_say(run, target, "%s  %s  %s", backup->id,
			   run_paint(run, &target->arena, paint, level), backup->message);
	else
		target_say(run, target, "%s  %s  %9s  %10lld rows  %s%s%s%s", backup->id,
			   run_paint(run, &target->arena, paint, level),
			   size_text(&target->arena, backup->stored_size),
			   (long long)backup_rows(backup), backup->reason,
			   backup->pinned ? ", pinned" : "", backup->message ? ": " : "",
			   backup->message ? backup->message : "");
}

static enum status list_target(struct run *run, struct target *target, struct error *error)
{
	struct backups list;
	struct backup_store store;
	enum status status = target_store(run, target, &store, error);
	if (!status)
		status = backups_list(&store, &list, error);
	if (status)
		return status;
	target_list(run, target, "backups");
	target_result(target, "folder",
		      json_string(path_join(&target->arena, store.dir, store.connection)));
	for (size_t i = 0; i < list.count; i++) {
		say_backup(run, target, &list.items[i]);
		if (run->json)
			target_list_add(run, target, "backups", backup_json(&list.items[i]));
	}
	if (!list.count)
		target_say(run, target, "no backups in %s/%s", store.dir, store.connection);
	backups_free(&list);
	return STATUS_OK;
}

static enum status list_local(struct run *run, struct error *error)
{
	enum status status = STATUS_OK;
	for (size_t i = 0; i < run->target_count && !status; i++)
		status = list_target(run, &run->targets[i], error);
	return status;
}

static const enum option no_options[] = {OPTION_COUNT};

const struct command command_db_backup_list = {
	.name = "db:backup:list",
	.group = "Database",
	.summary = "the backups there are, newest first, and which of them are verified",
	.arguments = "",
	.options = no_options,
	.guard = {.class_ = GUARD_SAFE},
	.flags = COMMAND_CHOOSES,
	.notes = "Reads the manifests only; the database is not opened.",
	.local = list_local,
};

/* ---- db:backup:verify --------------------------------------------------------------------- */

/* Without an ID the newest. */
static enum status verify_work(struct run *run, struct target *target, struct error *error)
{
	struct backups list;
	struct backup_store store;
	const struct backup *found = NULL;
	const char *id = argument(run->invocation, 0);
	enum status status = target_store(run, target, &store, error);
	if (!status)
		status = backups_list(&store, &list, error);
	if (status)
		return status;
	if (!id && list.count)
		id = list.items[0].id;
	status = backups_find(&list, target->stamp.id, id ? id : "latest", &found, error);
	if (!status) {
		struct backup backup = *found;
		status = backup_verify(&store, target->database, &target->arena, &backup, NULL, error);
		target_result(target, "backup", backup_json(&backup));
		if (!status)
			target_say(run, target, "%s %s  (%zu tables, %.1f s)",
				   run_paint(run, &target->arena, PAINT_GREEN, "verified"), backup.id,
				   backup.table_count, (double)backup.verify_duration_us / 1e6);
	}
	backups_free(&list);
	return status;
}

static enum status verify_check(struct run *run, struct target *target, struct error *error)
{
	struct backup_store store;
	return target_store(run, target, &store, error);
}

static const enum option verify_options[] = {OPTION_CONNECT_WAIT, OPTION_COUNT};

const struct command command_db_backup_verify = {
	.name = "db:backup:verify",
	.group = "Database",
	.summary = "restore a backup into a scratch database and compare everything again",
	.arguments = "[ID]",
	.arguments_max = 1,
	.options = verify_options,
	.guard = {.class_ = GUARD_SAFE},
	.flags = COMMAND_DAMAGED_TOO | COMMAND_NO_DRY_RUN,
	.needs = ELQ_CAP_BACKUP | ELQ_CAP_SCRATCH | ELQ_CAP_DIGEST | ELQ_CAP_SCHEMA,
	.notes = "Without ID the newest. \"latest\" is the newest verified one. Every byte is read.",
	.check = verify_check,
	.work = verify_work,
};
