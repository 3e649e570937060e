/* folder.c - every migration of one folder, read, hashed, parsed and in order.
 * Of files that are not called *.sql only those are ours that look like a migration
 * all the same: they are refused, because they would never run. */
#include "migrate/private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static void dir_close(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* Names go into the history, into messages and to terminals. */
static bool name_is_clean(const char *name)
{
	for (const char *at = name; *at; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			return false;
	return utf8_valid(name, strlen(name), NULL);
}

/* Ends in this, in whatever letters. */
static bool ends_like(const char *name, const char *end)
{
	size_t size = strlen(name);
	return size > strlen(end) && strcasecmp(name + size - strlen(end), end) == 0;
}

/* A migration's name but for its ending: another language's, or .SQL. */
static bool is_stray(const char *name)
{
	static const char *const endings[] = {".sql", ".json", ".js", ".mjs", ".cjs",
					      ".ts",  ".py",   ".rb", ".php"};
	size_t digits = strspn(name, "0123456789");
	bool named = text_starts(name, "R_") || (digits && name[digits] == '_');
	for (size_t i = 0; i < COUNT_OF(endings) && named; i++)
		if (ends_like(name, endings[i]))
			return true;
	return false;
}

static enum status name_check(struct folder *folder, const char *file_name, struct error *error)
{
	if (!name_is_clean(file_name))
		return malformed(error, folder->path, 0, "rename it",
				 "a file's name holds control characters or is not UTF-8");
	if (migration_name_parse(NULL, file_name, NULL, NULL, NULL))
		return STATUS_OK;
	if (is_stray(file_name))
		return malformed(error, path_join(&folder->arena, folder->path, file_name), 0,
				 "write it as SQL and let its name end in .sql, or move it elsewhere",
				 "it is named like a migration, but this connection's end in .sql: it "
				 "would never run");
	/* A forgotten version would otherwise mean that the file never runs, and nobody says so. */
	return malformed(
		error, path_join(&folder->arena, folder->path, file_name), 0,
		"call it <UTC YYYYMMDDHHMMSS>_<words>.sql or R_<words>.sql, or move it elsewhere",
		"the file's name is not a migration's");
}

struct reading {
	int fd;
	int64_t max_size;
	const char *word;
	struct text text; /* one buffer for all files */
};

static void reading_free(struct reading *reading)
{
	text_free(&reading->text);
}

/* The history may know it: it is not missing. */
static void folder_add_broken(struct folder *folder, const char *file_name)
{
	struct migration migration = {.path = path_join(&folder->arena, folder->path, file_name),
				      .broken = true};
	if (migration_name_parse(&folder->arena, file_name, &migration.version, &migration.name,
				 &migration.repeatable))
		VEC_PUSH(folder, migration);
}

static enum status folder_add(struct folder *folder, struct reading *reading, const char *file_name,
			      struct error *error)
{
	enum status status = name_check(folder, file_name, error);
	if (status)
		return status;
	TEXT_CLEANUP struct text path = {0};
	text_printf(&path, "%s%s%s", folder->path, text_ends(folder->path, "/") ? "" : "/", file_name);
	status = migration_read(reading->fd, file_name, path.data, reading->max_size, &reading->text,
				error);
	struct migration migration;
	if (!status)
		status = migration_parse(&folder->arena, path.data, file_name,
					 text_string(&reading->text), reading->text.size, reading->word,
					 &migration, error);
	if (!status)
		VEC_PUSH(folder, migration);
	return status;
}

/* Hidden files are editors' and version control's. */
static bool is_ours(const char *file_name)
{
	return file_name[0] != '.' && (text_ends(file_name, ".sql") || is_stray(file_name));
}

/* Names first: which of two bad files is named must not depend on the disk's order. */
static enum status names_list(struct folder *folder, DIR *dir, struct names *names, struct error *error)
{
	for (;;) {
		errno = 0;
		const struct dirent *found = readdir(dir);
		if (!found && errno)
			return error_set(error, STATUS_IO, "cannot list %s: %s", folder->path,
					 strerror(errno));
		if (!found)
			break;
		if (is_ours(found->d_name))
			names_add(names, found->d_name);
	}
	names_sort(names);
	return STATUS_OK;
}

static enum status folder_fill(struct folder *folder, DIR *dir, struct reading *reading,
			       struct error *error)
{
	CLEANUP(names_free) struct names names = {0};
	enum status status = names_list(folder, dir, &names, error);
	if (status || !names.count)
		return status;
	folder->items = mem_alloc(names.count * sizeof(*folder->items));
	folder->capacity = names.count;
	for (size_t i = 0; i < names.count; i++) {
		ERROR_CLEANUP struct error wrong = {0};
		if (!folder_add(folder, reading, names.items[i], &wrong))
			continue;
		folder_add_broken(folder, names.items[i]);
		error_add(&folder->wrong, &wrong);
	}
	return STATUS_OK;
}

static int migration_compare(const void *left, const void *right)
{
	const struct migration *a = left;
	const struct migration *b = right;
	if (a->repeatable != b->repeatable)
		return a->repeatable ? 1 : -1;
	int order = version_compare(a->version, b->version);
	return order ? order : strcmp(a->name, b->name);
}

static void duplicates_find(struct folder *folder)
{
	for (size_t i = 1; i < folder->count; i++) {
		struct migration *a = &folder->items[i - 1];
		struct migration *b = &folder->items[i];
		if (b->repeatable)
			break;
		if (version_compare(a->version, b->version) != 0)
			continue;
		ERROR_CLEANUP struct error wrong = {0};
		error_set(&wrong, STATUS_DUPLICATE_VERSION, "two files have the version %s: %s and %s",
			  a->version, a->path, b->path);
		error_hint(&wrong, "a version is a migration's identity: give the one that ran nowhere "
				   "yet a newer one");
		error_at(&wrong, b->path, 0, 0);
		error_add(&folder->wrong, &wrong);
		a->ambiguous = true;
		b->ambiguous = true;
	}
}

enum status folder_read(const char *path, int64_t max_size, const char *word, struct folder *ret,
			struct error *error)
{
	struct folder folder = {0};
	folder.path = arena_text(&folder.arena, path);
	CLEANUP(dir_close) DIR *dir = opendir(path);
	if (!dir && errno != ENOENT) {
		int reason = errno;
		arena_free(&folder.arena);
		error_set(error, STATUS_IO, "cannot list the migrations in %s: %s", path,
			  strerror(reason));
		error_hint(error, reason == ENOTDIR
					  ? "put a folder in that place, or set [project] migrations"
					  : "give this user the right to read that folder");
		return STATUS_IO;
	}
	folder.exists = dir != NULL;
	CLEANUP(reading_free) struct reading reading = {.max_size = max_size, .word = word};
	enum status status = STATUS_OK;
	if (dir) {
		reading.fd = dirfd(dir);
		status = folder_fill(&folder, dir, &reading, error);
	}
	if (status) {
		folder_free(&folder);
		return status;
	}
	if (folder.count) {
		qsort(folder.items, folder.count, sizeof(*folder.items), migration_compare);
		duplicates_find(&folder);
	}
	*ret = folder;
	return STATUS_OK;
}

void folder_free(struct folder *folder)
{
	mem_free(folder->items);
	error_clear(&folder->wrong);
	arena_free(&folder->arena);
	*folder = (struct folder){0};
}
