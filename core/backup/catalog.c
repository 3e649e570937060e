/* catalog.c - which backups there are. The manifests are the catalog: no other file
 * says the same a second time. */
#include "backup/private.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define NAMED_IN_HINT 5

static struct backup *add(struct backups *list)
{
	VEC_RESERVE(list);
	struct backup *backup = &list->items[list->count++];
	*backup = (struct backup){0};
	return backup;
}

/* A manifest says what was written; what is no longer there counts for nothing. */
static void look_at_dump(const char *folder, struct arena *arena, struct backup *backup)
{
	struct stat found;
	const char *path = path_join(arena, folder, backup->file);
	const char *wrong = NULL;
	if (lstat(path, &found) != 0)
		wrong = arena_printf(arena, "cannot look at %s: %s", path, strerror(errno));
	else if (!S_ISREG(found.st_mode))
		wrong = arena_printf(arena, "%s is no regular file", path);
	else if (found.st_size != backup->stored_size)
		wrong = arena_printf(arena, "%s is %lld bytes long instead of %lld", path,
				     (long long)found.st_size, (long long)backup->stored_size);
	if (!wrong)
		return;
	backup->level = BACKUP_FAILED;
	backup->message = wrong;
}

/* A manifest that cannot be read stays in the list, with the reason. */
static void read_one(const struct backup_store *store, const char *folder, const char *id,
		     struct backups *list)
{
	ERROR_CLEANUP struct error error = {0};
	TEXT_CLEANUP struct text bytes = {0};
	struct backup *backup = add(list);
	const char *path = arena_printf(&list->arena, "%s/%s" MANIFEST_SUFFIX, folder, id);
	enum status status = file_read(path, MANIFEST_CAP, &bytes, &error);
	if (!status)
		status = manifest_parse(text_string(&bytes), bytes.size, &list->arena, backup, &error);
	if (!status &&
	    (strcmp(backup->id, id) != 0 || strcmp(backup->connection, store->connection) != 0))
		status = error_set(&error, STATUS_CORRUPT,
				   "the manifest belongs to the backup %s of the connection \"%s\"",
				   backup->id, backup->connection);
	if (!status) {
		look_at_dump(folder, &list->arena, backup);
		return;
	}
	*backup = (struct backup){
		.id = arena_text(&list->arena, id),
		.began_us = backup_id_moment_us(id),
		.level = BACKUP_UNREADABLE,
		.message = arena_text(&list->arena, error.message),
	};
}

static int compare(int64_t left, int64_t right)
{
	return left < right ? -1 : left > right;
}

/* Newest first; what claims to come from the future stands last. Ids begin with their
 * second; the manifest knows the microsecond. */
static int newest_first(const void *a, const void *b, void *context)
{
	const struct backup *left = a;
	const struct backup *right = b;
	int64_t latest = *(const int64_t *)context;
	int by_sense = (left->began_us > latest) - (right->began_us > latest);
	int by_time = compare(right->began_us, left->began_us);
	return by_sense ? by_sense : by_time ? by_time : strcmp(right->id, left->id);
}

static void read_folder(const struct backup_store *store, const char *folder, DIR *listing,
			struct backups *list)
{
	struct dirent *entry;
	while ((entry = readdir(listing)) != NULL) {
		CLEANUP(mem_free_text) char *id = mem_text(entry->d_name);
		if (!text_ends(id, MANIFEST_SUFFIX))
			continue;
		id[strlen(id) - strlen(MANIFEST_SUFFIX)] = '\0';
		if (backup_id_valid(id))
			read_one(store, folder, id, list);
	}
}

enum status backups_list(const struct backup_store *store, struct backups *ret, struct error *error)
{
	struct backups list = {0};
	int64_t latest = clock_wall_us() + CLOCKS_DIFFER_US;
	const char *folder = store_folder(store, &list.arena);
	DIR *listing = opendir(folder);
	if (!listing && errno != ENOENT) {
		error_set(error, STATUS_IO, "cannot read the folder of the backups %s: %s", folder,
			  strerror(errno));
		backups_free(&list);
		return STATUS_IO;
	}
	if (listing) {
		read_folder(store, folder, listing, &list);
		closedir(listing);
	}
	if (list.count)
		qsort_r(list.items, list.count, sizeof(*list.items), newest_first, &latest);
	*ret = list;
	return STATUS_OK;
}

void backups_free(struct backups *backups)
{
	mem_free(backups->items);
	arena_free(&backups->arena);
	*backups = (struct backups){0};
}

static enum status unknown(const struct backups *backups, const char *id, struct error *error)
{
	TEXT_CLEANUP struct text known = {0};
	for (size_t i = 0; i < backups->count && i < NAMED_IN_HINT; i++)
		text_printf(&known, "%s%s (%s)", i ? ", " : "", backups->items[i].id,
			    backup_level_name(backups->items[i].level));
	error_set(error, STATUS_UNKNOWN_NAME,
		  strcmp(id, "latest") == 0 ? "there is no verified backup"
					    : "there is no backup \"%s\"",
		  id);
	if (known.size)
		error_hint(error, "the newest are: %s; eloquent db:backup:list shows all",
			   text_string(&known));
	else
		error_hint(error, "there is none yet; eloquent db:backup takes one");
	return STATUS_UNKNOWN_NAME;
}

/* A restore that is tried again must not put back the accident that it kept a copy of. */
static bool is_latest(const struct backup *backup, const char *database_id)
{
	bool copy = backup->reason && text_starts(backup->reason, BACKUP_BEFORE_RESTORE);
	return backup->level == BACKUP_RESTORED && !copy &&
	       (!database_id || text_equal(backup->database_id, database_id));
}

/* Where the database cannot say who it is, a backup of an emptied file is the last choice. */
static const char *latest_id(const struct backups *backups, const char *database_id)
{
	for (size_t i = 0; i < backups->count && !database_id; i++)
		if (backups->items[i].database_id && is_latest(&backups->items[i], NULL))
			database_id = backups->items[i].database_id;
	return database_id;
}

enum status backups_find(const struct backups *backups, const char *database_id, const char *id,
			 const struct backup **ret, struct error *error)
{
	bool latest = strcmp(id, "latest") == 0;
	if (latest)
		database_id = latest_id(backups, database_id);
	for (size_t i = 0; i < backups->count; i++) {
		const struct backup *backup = &backups->items[i];
		if (latest ? !is_latest(backup, database_id) : strcmp(backup->id, id) != 0)
			continue;
		if (backup->level == BACKUP_UNREADABLE)
			return error_set(error, STATUS_CORRUPT, "the backup %s cannot be used: %s", id,
					 backup->message);
		*ret = backup;
		return STATUS_OK;
	}
	return unknown(backups, id, error);
}

int64_t backup_rows(const struct backup *backup)
{
	int64_t rows = 0;
	for (size_t i = 0; i < backup->table_count; i++)
		rows += backup->tables[i].ours ? 0 : backup->tables[i].rows;
	return rows;
}

const char *backup_path(const struct backup_store *store, const struct backup *backup,
			struct arena *arena)
{
	return arena_printf(arena, "%s/%s", store_folder(store, arena),
			    backup->file ? backup->file
					 : arena_printf(arena, "%s" MANIFEST_SUFFIX, backup->id));
}
