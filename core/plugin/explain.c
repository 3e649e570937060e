/* explain.c - the one error of a plugin that cannot be loaded: every file that might
 * have been it, each with its reason, and what the program and its plugin folder have instead.
 * Opens none of them. */
#include "plugin/private.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_COUNT_CAP 64u

/* What the folder's files call themselves. */
static void list_kind(const struct project *project, uint32_t kind, struct names *ret)
{
	char start[32];
	snprintf(start, sizeof(start), "elq_%s_", kind_name(kind));
	size_t prefix = strlen(start), suffix = strlen(".so");
	DIR *folder = opendir(project->plugin_dir);
	if (folder == NULL)
		return;
	for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
		const char *file = entry->d_name;
		if (text_starts(file, start) && text_ends(file, ".so") &&
		    strlen(file) > prefix + suffix && ret->count < NAME_COUNT_CAP)
			VEC_PUSH(ret, mem_copy(file + prefix, strlen(file) - prefix - suffix));
	}
	closedir(folder);
	names_sort(ret);
}

/* "; built in: a, b", and their names behind the folder's. */
static void add_builtins(uint32_t kind, struct names *names, struct text *ret)
{
	const struct builtin *builtin;
	for (size_t i = 0; (builtin = builtin_at(i)) != NULL; i++) {
		const struct elq_note *note = builtin->note();
		if (note->kind != kind || names->count == NAME_COUNT_CAP)
			continue;
		names_add(names, note->name);
		text_printf(ret, "%s%s", ret->size > 0 ? ", " : "; built in: ", note->name);
	}
}

void explain_missing(const struct project *project, uint32_t kind, const char *name,
		     struct error *error)
{
	CLEANUP(names_free) struct names names = {0};
	TEXT_CLEANUP struct text line = {0};
	TEXT_CLEANUP struct text builtins = {0};
	list_kind(project, kind, &names);
	size_t in_folder = names.count;
	add_builtins(kind, &names, &builtins);
	const char *nearest = text_nearest(name, (const char *const *)names.items, names.count);
	if (nearest != NULL)
		text_printf(&line, "did you mean \"%s\"? ", nearest);
	if (in_folder == 0)
		text_printf(&line,
			    "%s has no %ss: install the plugin, or set [plugins] dir to where it is",
			    project->plugin_dir, kind_name(kind));
	else
		text_printf(&line, "%s has the %ss: ", project->plugin_dir, kind_name(kind));
	for (size_t i = 0; i < in_folder; i++)
		text_printf(&line, "%s%s", i > 0 ? ", " : "", names.items[i]);
	error_hint(error, "%s%s", text_string(&line), text_string(&builtins));
}

void explain_refusal(const struct project *project, const struct source *source, struct error *error)
{
	CLEANUP(arena_free) struct arena arena = {0};
	ERROR_CLEANUP struct error reason = {0};
	TEXT_CLEANUP struct text line = {0};
	error_move(&reason, error);
	const char *passed_over = source_folder_path(project, &arena, source->kind, source->name);
	text_printf(&line, "the %s \"%s\" cannot be loaded: %s", kind_name(source->kind), source->name,
		    reason.message);
	if (source->builtin == NULL && !text_equal(passed_over, source->path) &&
	    file_exists(passed_over))
		text_printf(&line, "; %s: passed over, because [plugin:%s] names another file",
			    passed_over, source->name);
	error_set(error, reason.status, "%s", text_string(&line));
	if (reason.hint != NULL)
		error_hint(error, "%s", reason.hint);
	else if (reason.status == STATUS_PLUGIN_MISSING)
		explain_missing(project, source->kind, source->name, error);
}
