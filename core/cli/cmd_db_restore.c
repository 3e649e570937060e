/* cmd_db_restore.c - db:restore ID: a backup becomes the live database, or with --into a new one.
 *
 * choose -> read every byte of it, restore it beside, compare -> back up what is there ->
 * swap -> say so in the history and the audit trail. The swap is the driver's; killed
 * on the way the live database is as before or wholly new. */
#include "cli/commands.h"

struct restoring {
	struct backup_store store;
	struct backups list;
	struct backup backup;
	struct backup copy; /* of what was there; id NULL: none */
};

static void restoring_free(struct target *target)
{
	struct restoring *restoring = target->handler_data;
	backups_free(&restoring->list);
}

static bool restore_spares(const struct invocation *invocation)
{
	return option_given(invocation, OPTION_INTO);
}

static enum status restore_usage(const struct invocation *invocation, struct error *error)
{
	const char *into = option_value(invocation, OPTION_INTO);
	if (!argument(invocation, 0) && !ask_terminal_present()) {
		error_set(error, STATUS_USAGE, "db:restore needs the id of a backup");
		error_hint(error, "eloquent db:backup:list shows them; or say latest");
		return STATUS_USAGE;
	}
	if (into && !*into)
		return error_set(error, STATUS_USAGE, "--into needs the name of a database");
	if (into && option_given(invocation, OPTION_WITHOUT_COPY))
		return error_set(
			error, STATUS_USAGE,
			"--without-copy says nothing beside --into: what is there stays as it is");
	return STATUS_OK;
}

/* Whose backups are meant by "latest": a database that cannot say so has no id. */
static enum status database_id(struct target *target, struct stamp *ret, struct error *error)
{
	if (!(target->info->flags & ELQ_CONN_EXISTS) || target->damaged)
		return STATUS_OK;
	enum status status = stamp_read(target->database, &target->arena, ret, error);
	if (status != STATUS_CORRUPT)
		return status;
	error_clear(error);
	return STATUS_OK;
}

/* A database that was stamped production once is one, whatever it was when this backup was
 * taken. */
static const char *strictest_stamp(const struct backups *list, const struct backup *chosen)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct backup *other = &list->items[i];
		if (other->stamp && word_is_production(other->stamp) && chosen->database_id &&
		    text_equal(other->database_id, chosen->database_id))
			return other->stamp;
	}
	return chosen->stamp;
}

/* What the database will be. Its stamp speaks for a database that is too damaged to. */
static enum status restore_choose(struct run *run, struct target *target, struct error *error)
{
	struct restoring *restoring = arena_alloc(&target->arena, sizeof(*restoring));
	const struct backup *found = NULL;
	struct stamp stamp = {0};
	char began[CLOCK_TEXT];
	enum status status = target_store(run, target, &restoring->store, error);
	if (!status)
		status = backups_list(&restoring->store, &restoring->list, error);
	if (status)
		return status;
	target->handler_data = restoring;
	target->handler_free = restoring_free;
	const char *id = argument(run->invocation, 0);
	if (!id)
		status = ask_backup(run, target, &restoring->list, &id, error);
	if (!status)
		status = database_id(target, &stamp, error);
	if (!status)
		status = backups_find(&restoring->list, stamp.id, id, &found, error);
	if (status)
		return status;
	restoring->backup = *found;
	clock_format(found->began_us, began);
	target->about = arena_printf(&target->arena, "the backup %s, taken %s%s%s%s", found->id, began,
				     found->reason ? " (" : "", found->reason ? found->reason : "",
				     found->reason ? ")" : "");
	target->stamp_chosen = (struct stamp){
		.present = found->stamp != NULL,
		.word = strictest_stamp(&restoring->list, found),
		.id = found->database_id,
	};
	return STATUS_OK;
}

static enum status restore_check(struct run *run, struct target *target, struct error *error)
{
	const struct restoring *restoring = target->handler_data;
	const struct backup *backup = &restoring->backup;
	const char *into = option_value(run->invocation, OPTION_INTO);
	if (into && run->target_count > 1)
		return error_set(
			error, STATUS_USAGE,
			"--into names one database, and %zu connections are chosen: choose one",
			run->target_count);
	if (backup->level == BACKUP_RAW) {
		error_set(error, STATUS_CHECK_FAILED,
			  "the backup %s holds the bytes of a damaged database and cannot be restored",
			  backup->id);
		error_hint(error, "choose another: eloquent db:backup:list");
		return STATUS_CHECK_FAILED;
	}
	if (!into && target->stamp.id && !text_equal(target->stamp.id, backup->database_id)) {
		error_set(error, STATUS_CHECK_FAILED,
			  "the backup %s is of another database (%s, id %s)", backup->id,
			  backup->database, backup->database_id ? backup->database_id : "none");
		error_hint(error,
			   "choose a backup of this one: eloquent db:backup:list; or, if what is "
			   "there was made anew in its place, move it aside and run again");
		return STATUS_CHECK_FAILED;
	}
	target_say(run, target, "%s, for %s", target->about, into ? into : target->info->location);
	target_result(target, "backup", backup_json(backup));
	return into ? database_keep(target->database, NULL, into, error) : STATUS_OK;
}

/* Of a database that is damaged inside no backup can be verified: its bytes are kept, and the
 * way to a sound one is not barred. */
static enum status take_copy(struct run *run, struct target *target, struct error *error)
{
	struct restoring *restoring = target->handler_data;
	struct backup_request request = {
		.reason =
			arena_printf(&target->arena, BACKUP_BEFORE_RESTORE " %s", restoring->backup.id),
		.database_id = target->stamp.id,
		.stamp = target->stamp.present ? target->stamp.word : NULL,
		.pinned = true,
		.raw = target->damaged,
	};
	enum status status = backup_take_verified(&restoring->store, target->database, &request,
						  &target->arena, &restoring->copy, error);
	if (status != STATUS_CORRUPT)
		return status;
	log_write(run->observer, LOG_WARN, "%s: what is there is damaged and kept as it is: %s",
		  target->connection->name, error->message);
	error_clear(error);
	request.raw = true;
	return restoring->copy.id ? STATUS_OK
				  : backup_take(&restoring->store, target->database, &request,
						&target->arena, &restoring->copy, error);
}

/* That it fails must not keep anybody from restoring, but it must be said twice. */
static enum status copy_what_is_there(struct run *run, struct target *target, struct error *error)
{
	if (!(target->info->flags & ELQ_CONN_EXISTS))
		return STATUS_OK;
	enum status status = take_copy(run, target, error);
	bool signalled = status == STATUS_INTERRUPTED || status == STATUS_TERMINATED;
	if (status && !signalled && option_given(run->invocation, OPTION_WITHOUT_COPY)) {
		log_write(run->observer, LOG_WARN, "%s: what is there could not be backed up: %s",
			  target->connection->name, error->message);
		error_clear(error);
		return STATUS_OK;
	}
	if (status)
		error_prefix(error,
			     "what is there could not be backed up first, and nothing was changed");
	if (status && !signalled)
		error_hint(error, "%s; or give --without-copy if what is there may be lost",
			   error->hint ? error->hint : "mend that");
	return status;
}

/* Of what is there still, nobody needs a copy. */
static void drop_copy(struct target *target)
{
	struct restoring *restoring = target->handler_data;
	if (restoring->copy.id)
		backup_discard(&restoring->store, &restoring->copy);
	restoring->copy = (struct backup){0};
}

static void say_undo(const struct target *target, struct error *error)
{
	const struct restoring *restoring = target->handler_data;
	if (restoring->copy.id)
		error_hint(error, "what was there is kept as the backup %s", restoring->copy.id);
}

static enum status swap(struct run *run, struct target *target, struct restored *restored,
			struct error *error)
{
	struct progress progress;
	const struct restoring *restoring = target->handler_data;
	struct database *database = restored_database(restored);
	enum status status =
		target_carry_over(run, target, database, &restoring->backup, restoring->copy.id, error);
	bool whole = status || database_promote_is_atomic(target->database);
	if (status) {
		error_prefix(error, "the restored database below %s", restoring->store.dir);
		backup_hint_elsewhere(error);
	}
	if (!status) {
		progress_begin(&progress, run->observer, NULL, 0, "putting %s back",
			       restoring->backup.id);
		status = database_promote(database, target->database, error);
		progress_end(&progress);
	}
	if (!status)
		return STATUS_OK;
	error_prefix(error, "%s",
		     whole ? "nothing was changed" : "the live database may be half replaced");
	if (whole)
		drop_copy(target);
	else
		say_undo(target, error);
	return status;
}

static enum status replace(struct run *run, struct target *target, struct restored *restored,
			   struct error *error)
{
	const struct restoring *restoring = target->handler_data;
	enum status status = copy_what_is_there(run, target, error);
	if (!status && stop_status(run, error)) { /* the last moment at which it is nothing */
		drop_copy(target);
		return error->status;
	}
	if (!status)
		status = swap(run, target, restored, error);
	if (status || !restoring->copy.id)
		return status;
	target_say(run, target, "what was there is kept as %s",
		   backup_path(&restoring->store, &restoring->copy, &target->arena));
	target_result(target, "copy", backup_json(&restoring->copy));
	return STATUS_OK;
}

/* A copy to look into: the history in it does not go on, and the live database knows nothing. */
static enum status keep(struct target *target, struct restored *restored, const char *into,
			struct error *error)
{
	enum status status = database_keep(target->database, restored_database(restored), into, error);
	if (!status)
		target_result(target, "into", json_string(into));
	return status;
}

static enum status restore_work(struct run *run, struct target *target, struct error *error)
{
	struct restoring *restoring = target->handler_data;
	struct restored *restored = NULL;
	const char *into = option_value(run->invocation, OPTION_INTO);
	enum status status = backup_verify(&restoring->store, target->database, &target->arena,
					   &restoring->backup, &restored, error);
	if (!status)
		target_result(target, "backup", backup_json(&restoring->backup));
	if (!status)
		status = stop_status(run, error);
	if (!status)
		status = into ? keep(target, restored, into, error)
			      : replace(run, target, restored, error);
	restored_free(restored);
	if (!status)
		target_say(run, target, "%s %s",
			   run_paint(run, &target->arena, PAINT_GREEN, "restored"),
			   restoring->backup.id);
	return status;
}

static const enum option restore_options[] = {OPTION_INTO, OPTION_WITHOUT_COPY, OPTION_FORCE,
					      OPTION_YES,  OPTION_WAIT,         OPTION_CONNECT_WAIT,
					      OPTION_COUNT};

const struct command command_db_restore = {
	.name = "db:restore",
	.group = "Database",
	.summary = "put a backup back; what is there is backed up first",
	.arguments = "[ID]",
	.arguments_max = 1,
	.options = restore_options,
	.guard = {.class_ = GUARD_RECOVERY, .confirms = true},
	.flags = COMMAND_DAMAGED_TOO | COMMAND_STAMPS,
	.needs = ELQ_CAP_BACKUP | ELQ_CAP_SCRATCH | ELQ_CAP_DIGEST | ELQ_CAP_SCHEMA,
	.notes = "ID as eloquent db:backup:list shows it, or latest: the newest verified one. Without "
		 "ID\n"
		 "the terminal asks. The backup is restored beside and compared before anything is "
		 "changed. With --into that is all: NAME, which must be free, is a new database with\n"
		 "what the backup holds, to look into: a file, or a database beside the live one.",
	.usage = restore_usage,
	.spares = restore_spares,
	.choose = restore_choose,
	.check = restore_check,
	.work = restore_work,
};
