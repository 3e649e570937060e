/* source.c - from a plugin's kind and name to the one file it may come from, and
 * every check of that file that runs none of its code. The order of the checks
 * is docs/internals/loading.md. */
#include "plugin/private.h"

#include <string.h>

const char *source_folder_path(const struct project *project, struct arena *arena, uint32_t kind,
			       const char *name)
{
	return path_join(arena, project->plugin_dir,
			 arena_printf(arena, "elq_%s_%s.so", kind_name(kind), name));
}

void source_find(const struct project *project, struct arena *arena, uint32_t kind, const char *name,
		 struct source *ret)
{
	*ret = (struct source){.kind = kind, .name = arena_text(arena, name)};
	for (size_t i = 0; i < project->plugin_count; i++) {
		const struct plugin_config *section = &project->plugins[i];
		if (text_equal(section->name, name) && text_equal(section->kind, kind_name(kind)))
			ret->section = section;
	}
	const struct plugin_config *section = ret->section;
	if (section == NULL || (section->path == NULL && section->sha256 == NULL))
		ret->builtin = builtin_find(kind, name);
	if (ret->builtin != NULL)
		ret->path = BUILTIN_PATH;
	else if (section != NULL && section->path != NULL)
		ret->path = section->path;
	else
		ret->path = source_folder_path(project, arena, kind, name);
}

enum status source_check_enabled(const struct project *project, const struct source *source,
				 struct error *error)
{
	const char *kind = kind_name(source->kind);
	size_t kind_size = strlen(kind);
	if (!project->enable_set)
		return STATUS_OK;
	for (size_t i = 0; i < project->enable_count; i++) {
		const char *entry = project->enable[i];
		if (text_starts(entry, kind) && entry[kind_size] == '/' &&
		    text_equal(entry + kind_size + 1, source->name))
			return STATUS_OK;
	}
	error_set(error, STATUS_PLUGIN_REFUSED, "%s: [plugins] enable does not name %s/%s",
		  source->path, kind, source->name);
	error_hint(error, "add %s/%s to enable, if it is meant to run", kind, source->name);
	return STATUS_PLUGIN_REFUSED;
}

static enum status check_abi(const struct source *source, const struct elq_note *note,
			     struct error *error)
{
	if (note->abi_major != ELQ_ABI_MAJOR)
		error_set(error, STATUS_PLUGIN_REFUSED,
			  "%s: was built for the plugin ABI %u.%u; this program speaks %u.%u",
			  source->path, note->abi_major, note->abi_minor, ELQ_ABI_MAJOR, ELQ_ABI_MINOR);
	else if (note->abi_minor != ELQ_ABI_MINOR)
		error_set(error, STATUS_PLUGIN_REFUSED,
			  "%s: was built for draft %u of the plugin ABI; this program speaks draft %u",
			  source->path, note->abi_minor, ELQ_ABI_MINOR);
	else
		return STATUS_OK;
	error_hint(error, "install the release of the plugin that belongs to this program");
	return STATUS_PLUGIN_REFUSED;
}

/* Is the note the wanted plugin's, and of our ABI? */
static enum status check_note(const struct source *source, const struct elq_note *note,
			      struct error *error)
{
	enum status status = check_abi(source, note, error);
	if (status != STATUS_OK)
		return status;
	const char *kind = kind_name(note->kind);
	if (kind == NULL)
		return error_set(error, STATUS_PLUGIN_REFUSED,
				 "%s: is a plugin of the kind %u, which this program does not know",
				 source->path, (unsigned)note->kind);
	if (note->kind != source->kind)
		return error_set(error, STATUS_PLUGIN_REFUSED, "%s: is a %s, not a %s", source->path,
				 kind, kind_name(source->kind));
	if (!text_equal(note->name, source->name)) {
		error_set(error, STATUS_PLUGIN_REFUSED, "%s: is the %s \"%s\", not \"%s\"",
			  source->path, kind, note->name, source->name);
		error_hint(error, "a plugin's file or [plugin:] section bears the plugin's own name");
		return STATUS_PLUGIN_REFUSED;
	}
	return STATUS_OK;
}

enum status source_examine(const struct project *project, const struct source *source,
			   struct examined *ret, struct error *error)
{
	*ret = (struct examined){.fd = -1};
	if (source->builtin != NULL) {
		ret->has_note = true;
		ret->note = *source->builtin->note();
		return source_check_enabled(project, source, error);
	}
	enum status status = verify_open(source->path, &ret->fd, error);
	if (status != STATUS_OK)
		return status;
	if (source->section != NULL && source->section->sha256 != NULL) {
		CLEANUP(fd_close) int file = ret->fd;
		ret->fd = -1;
		status = verify_pin(file, source->path, source->section, &ret->fd, error);
		if (status != STATUS_OK)
			return status;
	}
	status = note_read(ret->fd, source->path, &ret->note, error);
	if (status != STATUS_OK)
		return status;
	ret->has_note = true;
	status = check_note(source, &ret->note, error);
	if (status != STATUS_OK)
		return status;
	return source_check_enabled(project, source, error);
}

enum status driver_note(const struct project *project, const char *name, struct elq_note *ret,
			struct error *error)
{
	CLEANUP(arena_free) struct arena arena = {0};
	if (!parse_name(name))
		return error_set(error, STATUS_PLUGIN_MISSING,
				 "\"%s\" is not a driver's name ([a-z][a-z0-9_]*)", name);
	struct source source;
	struct examined examined;
	source_find(project, &arena, ELQ_KIND_DRIVER, name, &source);
	enum status status = source_examine(project, &source, &examined, error);
	fd_close(&examined.fd);
	if (status == STATUS_OK)
		*ret = examined.note;
	else
		error_prefix(error, "the driver \"%s\" cannot be used", name);
	return status;
}
