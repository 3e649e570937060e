/* verify.c - the only proof that a backup is one: it is restored into a scratch database,
 * and what is there is compared with what the dump's snapshot held. Exit codes lie; a
 * truncated dump restores "successfully". */
#include "backup/private.h"

#include <pthread.h>
#include <string.h>

struct restored {
	struct place place;
	struct database *scratch;
};

struct database *restored_database(struct restored *restored)
{
	return restored->scratch;
}

void restored_free(struct restored *restored)
{
	if (!restored)
		return;
	database_close(restored->scratch);
	place_close(&restored->place);
	mem_free(restored);
}

/* ---- the steps ---------------------------------------------------------------------------- */

static enum status bring_in(const struct backup_store *store, const struct backup *backup,
			    struct restored *restored, struct error *error)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct unpack *unpack = NULL;
	const char *path = backup_path(store, backup, &arena);
	enum status status = unpack_open(store, path, backup, &unpack, error);
	if (status)
		return status;
	const struct byte_source source = unpack_source(unpack);
	status = database_restore(restored->scratch, &source, error);
	if (!status && !unpack_is_whole(unpack))
		status = error_set(error, STATUS_CORRUPT, "%s: the driver left part of the dump unread",
				   path);
	unpack_free(unpack);
	return status;
}

struct finding {
	size_t count;
	struct text first;
};

static enum status take_finding(void *context, const char *const *texts, struct error *error)
{
	struct finding *finding = context;
	(void)error;
	if (finding->count++ == 0)
		text_printf(&finding->first, "%s%s%s", texts[0], texts[0][0] ? ": " : "", texts[1]);
	return STATUS_OK;
}

static enum status check_sound(struct database *scratch, struct error *error)
{
	struct finding finding = {0};
	enum status status = database_integrity(scratch, take_finding, &finding, error);
	if (!status && finding.count)
		status = error_set(
			error, STATUS_CORRUPT, "the restored database is damaged: %s (%zu finding%s)",
			text_string(&finding.first), finding.count, finding.count == 1 ? "" : "s");
	text_free(&finding.first);
	return status;
}

/* The backend's own check, on a connection and a thread of its own, while the rows are
 * compared: both read the whole database. */
struct check {
	struct database *database;
	pthread_t thread;
	enum status status;
	struct error error;
};

static void *check_run(void *context)
{
	struct check *check = context;
	check->status = check_sound(check->database, &check->error);
	return NULL;
}

static enum status check_start(struct database *scratch, struct check *check, struct error *error)
{
	enum status status = database_scratch_again(scratch, &check->database, error);
	if (status)
		return status;
	int reason = pthread_create(&check->thread, NULL, check_run, check);
	if (!reason)
		return STATUS_OK;
	database_close(check->database);
	return error_set(error, STATUS_FAILED,
			 "the thread that checks the restored database cannot be "
			 "started: %s",
			 strerror(reason));
}

/* `status`: of what ran beside it. A failure there ends the check, and is the one to tell. */
static enum status check_end(struct check *check, enum status status, struct error *error)
{
	if (status)
		database_cancel(check->database);
	pthread_join(check->thread, NULL);
	database_close(check->database);
	if (!status && check->status) {
		status = check->status;
		error_move(error, &check->error);
	}
	error_clear(&check->error);
	return status;
}

static enum status compare_facts(struct database *scratch, struct progress *progress,
				 struct arena *arena, struct backup *backup, struct error *error)
{
	struct backup found = {0};
	struct history_head head;
	enum status status = facts_read(scratch, progress, arena, &found, error);
	if (!status)
		status = facts_compare(backup, &found, error);
	if (!status)
		status = history_head_read(scratch, &head, error);
	if (status)
		return status;
	backup->head_sequence = head.sequence;
	backup->head = head.sequence ? arena_text(arena, head.hash) : NULL;
	return STATUS_OK;
}

static enum status compare(const struct backup_store *store, struct database *scratch,
			   struct arena *arena, struct backup *backup, struct error *error)
{
	struct check check = {0};
	struct progress progress;
	enum status status = check_start(scratch, &check, error);
	if (status)
		return status;
	progress_begin(&progress, store->observer, "tables", (int64_t)backup->table_count,
		       "comparing %s", backup->id);
	status = compare_facts(scratch, &progress, arena, backup, error);
	status = check_end(&check, status, error);
	progress_end(&progress);
	return status;
}

static enum status prove(const struct backup_store *store, struct database *database,
			 struct arena *arena, struct backup *backup, struct restored *restored,
			 struct error *error)
{
	enum status status =
		database_scratch(database, &restored->place.workplace, &restored->scratch, error);
	if (!status)
		status = bring_in(store, backup, restored, error);
	if (!status)
		status = compare(store, restored->scratch, arena, backup, error);
	return status;
}

/* ---- the outcome ------------------------------------------------------------------------------ */

/* Only damage is the backup's fault: a full disk or a signal says nothing about it. Who
 * made room meanwhile removed it; writing its manifest would bring half of it back. */
static enum status write_outcome(const struct backup_store *store, const struct place *place,
				 struct arena *arena, struct backup *backup, enum status outcome,
				 const struct error *why, struct error *error)
{
	CLEANUP(fd_close) int guard = -1;
	if (outcome != STATUS_OK && outcome != STATUS_CORRUPT)
		return STATUS_OK;
	enum status status = guard_take(store, &guard, error);
	if (status)
		return status;
	if (!manifest_exists(store, backup->id))
		return error_set(error, STATUS_CHECK_FAILED, "it was removed meanwhile");
	backup->level = outcome ? BACKUP_FAILED : BACKUP_RESTORED;
	backup->message = outcome ? manifest_text(store, arena, why->message) : NULL;
	return manifest_write(store, place, backup, error);
}

enum status backup_verify(const struct backup_store *store, struct database *database,
			  struct arena *arena, struct backup *backup, struct restored **ret_restored,
			  struct error *error)
{
	char id[32];
	struct restored *restored = NULL;
	int64_t began_ns = clock_monotonic_ns();
	if (backup->level == BACKUP_RAW)
		return error_set(error, STATUS_CHECK_FAILED,
				 "the backup %s holds the bytes of a damaged database; it cannot be "
				 "verified",
				 backup->id);
	backup_id_make(clock_wall_us(), id);
	restored = mem_alloc(sizeof(*restored));
	restored->place.lock_fd = -1;
	enum status status = place_open(store, id, &restored->place, error);
	if (status) {
		restored_free(restored);
		return status;
	}
	status = prove(store, database, arena, backup, restored, error);
	ERROR_CLEANUP struct error second = {0};
	backup->verified_us = clock_wall_us();
	backup->verify_duration_us = (clock_monotonic_ns() - began_ns) / 1000;
	if (write_outcome(store, &restored->place, arena, backup, status, error, &second)) {
		log_write(store->observer, LOG_WARN, "the outcome of verifying %s is not on record: %s",
			  backup->id, second.message);
		if (!status) {
			status = second.status;
			error_move(error, &second);
		}
	}
	if (status) {
		error_prefix(error, "the backup %s is not verified", backup->id);
		backup_hint_elsewhere(error);
	}
	if (status || !ret_restored)
		restored_free(restored);
	else
		*ret_restored = restored;
	return status;
}
