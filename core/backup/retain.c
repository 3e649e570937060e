/* retain.c - which backups are kept. Verified ones are only ever displaced by verified
 * ones: ten failed runs evict nothing. */
#include "backup/private.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* The manifest first: what is left without one is no backup. */
static enum status remove_one(const struct backup_store *store, const struct backup *backup,
			      struct error *error)
{
	CLEANUP(arena_free) struct arena arena = {0};
	const char *folder = store_folder(store, &arena);
	const char *manifest = arena_printf(&arena, "%s/%s" MANIFEST_SUFFIX, folder, backup->id);
	const char *dump = path_join(&arena, folder, backup->file);
	const char *mark = removal_begin(store, backup->id, &arena);
	const char *stays = NULL;
	if (unlink(manifest) != 0 && errno != ENOENT)
		stays = manifest;
	else if (unlink(dump) != 0 && errno != ENOENT)
		stays = dump;
	if (stays)
		error_set(error, STATUS_IO, "cannot remove %s: %s", stays, strerror(errno));
	if (mark && !stays)
		(void)rmdir(mark);
	return stays ? STATUS_IO : STATUS_OK;
}

void backup_discard(const struct backup_store *store, const struct backup *backup)
{
	CLEANUP(fd_close) int guard = -1;
	ERROR_CLEANUP struct error error = {0};
	enum status status = guard_take(store, &guard, &error);
	if (!status)
		status = remove_one(store, backup, &error);
	if (status)
		log_write(store->observer, LOG_WARN, "the backup %s stays, and is not verified: %s",
			  backup->id, error.message);
}

/* One connection may have led to several databases, and a file may be emptied: what is of
 * another database displaces nothing. Nor does what is pinned: else a restore that fails again
 * and again would push out what it is to put back. */
static int64_t verified_before(const struct backups *list, size_t index)
{
	int64_t count = 0;
	for (size_t i = 0; i < index; i++)
		count += list->items[i].level == BACKUP_RESTORED && !list->items[i].pinned &&
			 text_equal(list->items[i].database_id, list->items[index].database_id);
	return count;
}

/* Newest first: the first `keep` verified ones stay, and so does every pinned one. What is
 * not verified stays until as many verified ones are newer. */
static bool is_surplus(const struct backups *list, size_t index, int64_t keep)
{
	const struct backup *backup = &list->items[index];
	if (backup->pinned || backup->level == BACKUP_UNREADABLE)
		return false;
	return verified_before(list, index) >= keep;
}

enum status backups_retain(const struct backup_store *store, int64_t *ret_removed, struct error *error)
{
	struct backups list;
	int64_t removed = 0;
	int64_t keep = store->keep > 0 ? store->keep : 1;
	CLEANUP(fd_close) int guard = -1;
	enum status status = guard_take(store, &guard, error);
	if (!status)
		status = backups_list(store, &list, error);
	if (status)
		return status;
	for (size_t i = 0; i < list.count && !status; i++) {
		if (!is_surplus(&list, i, keep))
			continue;
		status = remove_one(store, &list.items[i], error);
		removed += !status;
	}
	backups_free(&list);
	*ret_removed = removed;
	return status;
}
