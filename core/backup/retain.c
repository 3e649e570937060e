/* retain.c - which backups are kept. Verified ones are only ever displaced by verified
 * ones: ten failed runs evict nothing. */
#include "backup/private.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* The manifest first: what is left without one is no backup, and is swept up. */
static enum status remove_one(const struct backup_store *store, const struct backup *backup,
			      struct error *error)
{
	CLEANUP(arena_free) struct arena arena = {0};
	const char *folder = store_folder(store, &arena);
	const char *manifest = arena_printf(&arena, "%s/%s" MANIFEST_SUFFIX, folder, backup->id);
	const char *dump = path_join(&arena, folder, backup->file);
	if (unlink(manifest) != 0 && errno != ENOENT)
		return error_set(error, STATUS_IO, "cannot remove %s: %s", manifest, strerror(errno));
	if (unlink(dump) != 0 && errno != ENOENT)
		return error_set(error, STATUS_IO, "cannot remove %s: %s", dump, strerror(errno));
	return STATUS_OK;
}

/* Newest first: the first `keep` verified ones stay, and so does every pinned one. What is
 * not verified stays until as many verified ones are newer. */
static bool is_surplus(const struct backup *backup, int64_t verified_before, int64_t keep)
{
	if (backup->pinned || backup->level == BACKUP_UNREADABLE)
		return false;
	return verified_before >= keep;
}

enum status backups_retain(const struct backup_store *store, int64_t *ret_removed, struct error *error)
{
	struct backups list;
	int64_t verified = 0;
	int64_t removed = 0;
	int64_t keep = store->keep > 0 ? store->keep : 1;
	CLEANUP(fd_close) int guard = -1;
	enum status status = guard_take(store, &guard, error);
	if (!status)
		status = backups_list(store, &list, error);
	if (status)
		return status;
	for (size_t i = 0; i < list.count && !status; i++) {
		const struct backup *backup = &list.items[i];
		if (is_surplus(backup, verified, keep)) {
			status = remove_one(store, backup, error);
			removed += !status;
		}
		verified += backup->level == BACKUP_RESTORED;
	}
	backups_free(&list);
	*ret_removed = removed;
	return status;
}
