/* exposed.c - secrets in plain words in a file that others can read or that git
 * tracks. In production that is an error; elsewhere doctor says so. */
#include "config/private.h"

#include <string.h>
#include <sys/stat.h>

#define INDEX_CAP ((size_t)32 << 20)
#define POINTER_CAP ((size_t)4 << 10)
#define INDEX_HEADER 12 /* "DIRC", version, entries */
#define INDEX_ENTRY 62  /* bytes before an entry's path */

void exposure_note(struct loader *loader, const char *key, const char *written,
		   const struct origin *origin)
{
	bool url = strcmp(key, "url") == 0 || text_ends(key, "_URL") || text_ends(key, "_URI");
	struct exposure exposure = {*origin, loader->connection};

	if (written[0] == '\0' || strstr(written, "${") || (url && !redact_add_url(NULL, written)))
		return;
	ARENA_PUSH(loader->arena, &loader->exposures, exposure);
}

/* ---- git's index (gitformat-index): is there an entry of this path? ------------- */

static uint32_t big_endian(const char *data, size_t bytes)
{
	uint32_t value = 0;

	for (size_t i = 0; i < bytes; i++)
		value = value << 8 | (unsigned char)data[i];
	return value;
}

/* Versions 2 and 3; 4 compresses its paths, and is left to git's own tools. */
static bool index_holds(const struct text *index, const char *path)
{
	size_t at = INDEX_HEADER;
	uint32_t version;
	uint32_t count;

	if (index->size < INDEX_HEADER || memcmp(index->data, "DIRC", 4) != 0)
		return false;
	version = big_endian(index->data + 4, 4);
	count = big_endian(index->data + 8, 4);
	if (version != 2 && version != 3)
		return false;
	for (uint32_t i = 0; i < count && index->size - at > INDEX_ENTRY + 2; i++) {
		bool extended = big_endian(index->data + at + 60, 2) & 0x4000;
		size_t start = at + INDEX_ENTRY + (extended ? 2 : 0);
		const char *end = memchr(index->data + start, '\0', index->size - start);

		if (!end)
			return false;
		if (strcmp(index->data + start, path) == 0)
			return true;
		/* One to eight zeros fill the entry up to a multiple of eight. */
		at += ((size_t)(end - index->data) - at + 8) / 8 * 8;
		if (at > index->size)
			return false;
	}
	return false;
}

/* The index of the work tree at folder, or NULL: in .git, or where the file .git of a linked
 * work tree or submodule points to. */
static const char *index_of(struct arena *arena, const char *folder)
{
	static const char pointer[] = "gitdir: ";
	const char *git = path_join(arena, folder, ".git");
	const char *index = path_join(arena, git, "index");
	TEXT_CLEANUP struct text text = {0};
	struct error ignored = {0};

	if (file_exists(index))
		return index;
	if (file_read(git, POINTER_CAP, &text, &ignored)) {
		error_clear(&ignored);
		return NULL;
	}
	if (!text_starts(text_string(&text), pointer))
		return NULL;
	text.data[strcspn(text.data, "\r\n")] = '\0';
	git = path_join(arena, folder, text.data + strlen(pointer));
	return path_join(arena, git, "index");
}

/* The index of the work tree that holds path, and path below that tree. */
static bool git_index(struct arena *arena, const char *path, const char **ret_index,
		      const char **ret_below)
{
	const char *folder = path_folder(arena, path);

	for (;;) {
		const char *index = index_of(arena, folder);

		if (index) {
			*ret_index = index;
			*ret_below = path + strlen(folder) + !text_ends(folder, "/");
			return true;
		}
		if (strcmp(folder, "/") == 0 || strcmp(folder, ".") == 0)
			return false;
		folder = path_folder(arena, folder);
	}
}

static bool git_tracks(struct arena *arena, const char *path)
{
	TEXT_CLEANUP struct text text = {0};
	struct error ignored = {0};
	const char *index = NULL;
	const char *below = NULL;

	if (!git_index(arena, path, &index, &below))
		return false;
	if (file_read(index, INDEX_CAP, &text, &ignored)) {
		error_clear(&ignored);
		return false;
	}
	return index_holds(&text, below);
}

/* ---- the check ------------------------------------------------------------------------- */

/* What is wrong with a file that holds a secret: *ret_danger NULL when nothing is. */
static void look_at(struct arena *arena, const char *path, const char **ret_danger,
		    const char **ret_remedy)
{
	TEXT_CLEANUP struct text quoted = {0};
	struct stat found;

	text_add_shell_quoted(&quoted, path);
	if (stat(path, &found) == 0 && (found.st_mode & S_IROTH)) {
		*ret_danger = arena_printf(arena, "everybody can read the file (mode %04o)",
					   (unsigned)(found.st_mode & 07777));
		*ret_remedy = arena_printf(arena, "run: chmod o-r %s", text_string(&quoted));
	} else if (git_tracks(arena, path)) {
		*ret_danger = "git tracks the file";
		*ret_remedy =
			arena_printf(arena,
				     "change it, take it from a variable or a file outside of the "
				     "tree, and run: git rm --cached %s",
				     text_string(&quoted));
	} else {
		*ret_danger = NULL;
	}
}

/* Kept for doctor; in production it is an error. what: "a password" */
static enum status expose(struct loader *loader, const struct exposed_secret *exposed, bool production,
			  struct error *error)
{
	ARENA_PUSH(loader->arena, &loader->project->exposed, *exposed);
	if (!production)
		return STATUS_OK;
	config_error(error, &exposed->origin, "%s stands here, in production, and %s", exposed->what,
		     exposed->danger);
	error_hint(error, "%s", exposed->remedy);
	return STATUS_CONFIG;
}

enum status exposed_file_check(struct loader *loader, const char *path, const char *what,
			       struct error *error)
{
	const struct project *project = loader->project;
	struct exposed_secret exposed = {.origin = {LAYER_INI, path, 0}, .what = what};
	bool production = project->production;

	for (size_t i = 0; i < project->connection_count; i++)
		production |= project->connections[i].production;
	look_at(loader->arena, path, &exposed.danger, &exposed.remedy);
	return exposed.danger ? expose(loader, &exposed, production, error) : STATUS_OK;
}

static bool is_production(const struct project *project, const char *connection)
{
	const struct connection *found = NULL;

	if (connection)
		found = project_connection(project, connection);
	return project->production || (found && found->production);
}

enum status exposures_check(struct loader *loader, struct error *error)
{
	struct exposed_secret exposed = {.what = "a password"};
	enum status status = STATUS_OK;

	for (size_t i = 0; i < loader->exposures.count && !status; i++) {
		const struct exposure *exposure = &loader->exposures.items[i];

		if (!text_equal(exposed.origin.name,
				exposure->origin.name)) /* one look per file, mostly */
			look_at(loader->arena, exposure->origin.name, &exposed.danger, &exposed.remedy);
		exposed.origin = exposure->origin;
		if (exposed.danger)
			status = expose(loader, &exposed,
					is_production(loader->project, exposure->connection), error);
	}
	return status;
}
