/* plugin.c - a new plugin's project: the templates of its kind with its name in
 * them. The project is written beside its place and moved there as a whole. */
#include "generate/private.h"
#include "plugin/plugin.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct writing {
	const char *kind;
	const char *name;
	const char *folder; /* where it is written first */
	struct arena *arena;
	struct error *error;
};

static const char *word_of(const struct writing *writing, const char *placeholder, size_t size)
{
	const struct {
		const char *placeholder;
		const char *word;
	} words[] = {{"KIND", writing->kind}, {"NAME", writing->name}, {"VERSION", ELOQUENT_VERSION}};
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (strlen(words[i].placeholder) == size &&
		    memcmp(words[i].placeholder, placeholder, size) == 0)
			return words[i].word;
	return NULL;
}

/* The template with its words filled in. A lone '@' stays. */
static void fill(const struct writing *writing, const char *template, struct text *ret)
{
	for (const char *at = template; *at;) {
		const char *end = *at == '@' ? strchr(at + 1, '@') : NULL;
		const char *word = end ? word_of(writing, at + 1, (size_t)(end - at - 1)) : NULL;
		if (word) {
			text_add(ret, word);
			at = end + 1;
		} else {
			text_add_char(ret, *at++);
		}
	}
}

static enum status write_one(struct writing *writing, const struct template *template)
{
	TEXT_CLEANUP struct text text = {0};
	const char *path = path_join(writing->arena, writing->folder, template->path);
	enum status status = folder_create(path_folder(writing->arena, path), 0777, writing->error);
	fill(writing, template->text, &text);
	if (!status)
		status = file_create(path, 0666, text.data, text.size, writing->error);
	return status;
}

static bool is_of(const struct template *template, const char *kind)
{
	return text_equal(template->kind, "every") || text_equal(template->kind, kind);
}

static enum status write_all(struct writing *writing)
{
	enum status status = folder_create(writing->folder, 0777, writing->error);
	for (size_t i = 0; i < plugin_template_count && !status; i++)
		if (is_of(&plugin_templates[i], writing->kind))
			status = write_one(writing, &plugin_templates[i]);
	return status;
}

/* What write_all() has written so far, the folders behind their files. */
static void remove_all(struct writing *writing)
{
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < plugin_template_count; i++) {
			const char *path =
				path_join(writing->arena, writing->folder, plugin_templates[i].path);
			if (pass == 0)
				unlink(path);
			else
				rmdir(path_folder(writing->arena, path));
		}
	}
	rmdir(writing->folder);
}

static enum status check_words(const char *kind, const char *name, struct error *error)
{
	uint32_t number;
	if (!kind_parse(kind, &number)) {
		error_set(error, STATUS_USAGE, "\"%s\" is no kind of plugin", kind);
		error_hint(error, "a plugin is a driver, a seeder or a cache");
		return STATUS_USAGE;
	}
	if (!parse_name(name)) {
		error_set(error, STATUS_USAGE, "\"%s\" cannot be a plugin's name", name);
		error_hint(error, "use at most 32 of a-z, 0-9 and _, beginning with a letter: acme");
		return STATUS_USAGE;
	}
	return STATUS_OK;
}

/* Moves it to its place, where nothing or an empty folder may be. */
static enum status move_there(const struct writing *writing, const char *folder)
{
	if (rename(writing->folder, folder) == 0)
		return folder_sync(path_folder(writing->arena, folder), writing->error);
	if (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR) {
		error_set(writing->error, STATUS_USAGE,
			  "%s is there already, and is not an empty folder", folder);
		error_hint(writing->error, "name another folder behind the plugin's name");
		return STATUS_USAGE;
	}
	return error_set(writing->error, STATUS_IO, "cannot make the folder %s: %s", folder,
			 strerror(errno));
}

enum status generate_plugin(struct arena *arena, const char *kind, const char *name, const char *folder,
			    struct generated *ret, struct error *error)
{
	struct generated made = {0};
	struct writing writing = {.kind = kind, .name = name, .arena = arena, .error = error};
	enum status status = check_words(kind, name, error);
	if (status)
		return status;
	size_t size = strlen(folder);
	while (size > 1 && folder[size - 1] == '/')
		size--;
	folder = arena_copy(arena, folder, size);
	writing.folder = arena_printf(arena, "%s.new-%ld", folder, (long)getpid());
	status = write_all(&writing);
	if (!status)
		status = move_there(&writing, folder);
	if (status) {
		remove_all(&writing);
		return status;
	}
	made.folder = folder;
	for (size_t i = 0; i < plugin_template_count; i++)
		if (is_of(&plugin_templates[i], kind) && made.count < COUNT_OF(made.files))
			made.files[made.count++] = plugin_templates[i].path;
	*ret = made;
	return STATUS_OK;
}
