/* candidates.c - the list of everything that might be a plugin, each with its
 * note or the reason why it would be refused. Runs no code of any. */
#include "plugin/private.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FILE_COUNT_CAP 4096u

static void close_folder(DIR **folder)
{
	if (*folder != NULL)
		closedir(*folder);
}

static enum status list_folder(const char *path, struct names *names, struct error *error)
{
	CLEANUP(close_folder) DIR *folder = opendir(path);
	if (folder == NULL && errno == ENOENT)
		return STATUS_OK;
	if (folder == NULL)
		return error_set(error, STATUS_CONFIG, "the plugin folder %s cannot be listed: %s",
				 path, strerror(errno));
	for (;;) {
		errno = 0;
		const struct dirent *entry = readdir(folder);
		if (entry == NULL && errno != 0)
			return error_set(error, STATUS_CONFIG,
					 "the plugin folder %s cannot be listed: %s", path,
					 strerror(errno));
		if (entry == NULL)
			break;
		if (text_equal(entry->d_name, ".") || text_equal(entry->d_name, ".."))
			continue;
		if (names->count == FILE_COUNT_CAP)
			return error_set(error, STATUS_CONFIG,
					 "the plugin folder %s holds more than %u files; it is not one",
					 path, FILE_COUNT_CAP);
		names_add(names, entry->d_name);
	}
	names_sort(names);
	return STATUS_OK;
}

/* "elq_driver_sqlite.so" -> driver, "sqlite" (in the arena). */
static bool split_name(const char *file, struct arena *arena, uint32_t *ret_kind, const char **ret_name)
{
	if (!text_starts(file, "elq_") || !text_ends(file, ".so"))
		return false;
	const char *start = file + strlen("elq_");
	const char *middle = strchr(start, '_');
	const char *end = file + strlen(file) - strlen(".so");
	if (middle == NULL || middle >= end)
		return false;
	const char *name = arena_copy(arena, middle + 1, (size_t)(end - middle - 1));
	uint32_t kind;
	if (!kind_parse(arena_copy(arena, start, (size_t)(middle - start)), &kind) || !parse_name(name))
		return false;
	*ret_kind = kind;
	*ret_name = name;
	return true;
}

static struct candidate *add(struct candidates *list, const char *path)
{
	VEC_PUSH(list, ((struct candidate){.path = arena_text(&list->arena, path)}));
	return &list->items[list->count - 1];
}

/* The path stands beside the reason in every list. */
static const char *reason_of(struct arena *arena, const char *path, const struct error *error)
{
	const char *reason = error->message;
	size_t size = strlen(path);
	if (text_starts(reason, path) && text_starts(reason + size, ": "))
		reason += size + 2;
	return arena_text(arena, reason);
}

static void examine(const struct project *project, const struct source *source, struct candidates *list)
{
	ERROR_CLEANUP struct error reason = {0};
	struct candidate *candidate = add(list, source->path);
	struct examined examined;
	enum status status = source_examine(project, source, &examined, &reason);
	fd_close(&examined.fd);
	candidate->has_note = examined.has_note;
	candidate->note = examined.note;
	if (status != STATUS_OK)
		candidate->refusal = reason_of(&list->arena, source->path, &reason);
}

/* Why something is not used that could be: another one of its name is. */
static const char *passed_over(const struct source *chosen, struct candidates *list)
{
	if (chosen->builtin != NULL)
		return "passed over: the one that is built in is used";
	return arena_printf(&list->arena, "passed over: [plugin:%s] names another file", chosen->name);
}

static void examine_file(const struct project *project, const char *file, struct candidates *list)
{
	const char *path = path_join(&list->arena, project->plugin_dir, file);
	struct source source = {.path = path};
	if (!split_name(file, &list->arena, &source.kind, &source.name)) {
		add(list, path)->refusal = "its name is not of the form elq_<kind>_<name>.so";
		return;
	}
	struct source chosen;
	source_find(project, &list->arena, source.kind, source.name, &chosen);
	if (text_equal(chosen.path, path)) {
		examine(project, &chosen, list);
		return;
	}
	examine(project, &source, list);
	struct candidate *candidate = &list->items[list->count - 1];
	if (candidate->refusal == NULL)
		candidate->refusal = passed_over(&chosen, list);
}

static void examine_builtin(const struct project *project, const struct builtin *builtin,
			    struct candidates *list)
{
	const struct elq_note *note = builtin->note();
	struct source source = {
		.kind = note->kind, .name = note->name, .path = BUILTIN_PATH, .builtin = builtin};
	struct source chosen;
	source_find(project, &list->arena, note->kind, note->name, &chosen);
	examine(project, &source, list);
	struct candidate *candidate = &list->items[list->count - 1];
	if (candidate->refusal == NULL && chosen.builtin != builtin)
		candidate->refusal = passed_over(&chosen, list);
}

/* Is the section's file one that the folder's listing has shown already? */
static bool listed(const struct candidates *list, const char *path)
{
	for (size_t i = 0; i < list->count; i++)
		if (text_equal(list->items[i].path, path))
			return true;
	return false;
}

static void examine_section(const struct project *project, const struct plugin_config *section,
			    struct candidates *list)
{
	struct source source;
	uint32_t kind;
	if (!kind_parse(section->kind, &kind)) {
		add(list, section->path != NULL ? section->path : section->name)->refusal =
			arena_printf(&list->arena, "[plugin:%s] names the unknown kind \"%s\"",
				     section->name, section->kind);
		return;
	}
	source_find(project, &list->arena, kind, section->name, &source);
	if (!listed(list, source.path))
		examine(project, &source, list);
}

enum status candidates_list(const struct project *project, struct candidates *ret, struct error *error)
{
	CLEANUP(names_free) struct names names = {0};
	enum status status = list_folder(project->plugin_dir, &names, error);
	if (status != STATUS_OK)
		return status;
	struct candidates list = {0};
	for (size_t i = 0; builtin_at(i) != NULL; i++)
		examine_builtin(project, builtin_at(i), &list);
	for (size_t i = 0; i < names.count; i++)
		examine_file(project, names.items[i], &list);
	for (size_t i = 0; i < project->plugin_count; i++)
		examine_section(project, &project->plugins[i], &list);
	*ret = list;
	return STATUS_OK;
}

void candidates_free(struct candidates *candidates)
{
	mem_free(candidates->items);
	arena_free(&candidates->arena);
	*candidates = (struct candidates){0};
}
