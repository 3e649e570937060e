/* git_index.c - does git track a file? Read from the index of the work tree that holds it
 * (gitformat-index: versions 2 to 4, SHA-1 and SHA-256). What an index alone cannot tell, because
 * it is split or sparse, is left to git's own tools: the answer is then that it is not known. */
#include "config/private.h"

#include <stdlib.h>
#include <string.h>

#define INDEX_CAP ((size_t)32 << 20)
#define POINTER_CAP ((size_t)4 << 10)
#define INDEX_HEADER 12 /* "DIRC", version, entries */
#define ENTRY_STAT 40   /* bytes before an entry's object id; two bytes of flags follow it */
#define FLAG_EXTENDED 0x4000
#define NAME_MASK 0xFFF

static uint32_t big_endian(const char *data, size_t bytes)
{
	uint32_t value = 0;
	for (size_t i = 0; i < bytes; i++)
		value = value << 8 | (unsigned char)data[i];
	return value;
}

/* ---- the index ------------------------------------------------------------------------- */

struct walk {
	const char *data;
	size_t end; /* where the checksum begins */
	size_t id_size;
	uint32_t version;
	size_t at;
	struct text path; /* of the entry that was read last */
};

/* Version 4: how many bytes of the last path the next one goes without. */
static bool read_stripped(struct walk *walk, size_t *at, size_t *ret)
{
	size_t value = 0;
	for (size_t i = 0; i < 4 && *at < walk->end; i++) {
		unsigned char byte = (unsigned char)walk->data[(*at)++];
		value = (value << 7) + (byte & 0x7F);
		if (!(byte & 0x80)) {
			*ret = value;
			return value <= walk->path.size;
		}
		value++;
	}
	return false;
}

/* false: these bytes are no entry. */
static bool read_entry(struct walk *walk)
{
	size_t start = walk->at, stripped = walk->path.size;
	size_t at = start + ENTRY_STAT + walk->id_size + 2;
	if (at >= walk->end)
		return false;
	uint32_t flags = big_endian(walk->data + at - 2, 2);
	if (flags & FLAG_EXTENDED)
		at += 2;
	if ((flags & FLAG_EXTENDED && walk->version == 2) || at >= walk->end)
		return false;
	if (walk->version == 4 && !read_stripped(walk, &at, &stripped))
		return false;
	const char *name = walk->data + at;
	const char *nul = memchr(name, '\0', walk->end - at);
	if (!nul)
		return false;
	text_cut(&walk->path, walk->path.size - stripped);
	text_append(&walk->path, name, (size_t)(nul - name));
	size_t past = (size_t)(nul - walk->data);
	/* One to eight zeros fill the entry up to a multiple of eight. */
	walk->at = walk->version == 4 ? past + 1 : start + (past - start + 8) / 8 * 8;
	size_t size = walk->path.size < NAME_MASK ? walk->path.size : NAME_MASK;
	return (flags & NAME_MASK) == size && walk->at <= walk->end;
}

/* Extensions behind the entries: one in small letters changes what the entries mean.
 * false: they are none. */
static bool read_extensions(struct walk *walk, const char **ret_why)
{
	while (walk->at + 8 <= walk->end) {
		const char *name = walk->data + walk->at;
		size_t size = big_endian(name + 4, 4);
		if (size > walk->end - walk->at - 8)
			return false;
		if (memcmp(name, "link", 4) == 0)
			*ret_why = "its index is split";
		else if (memcmp(name, "sdir", 4) == 0)
			*ret_why = "its index is sparse";
		else if (name[0] < 'A' || name[0] > 'Z')
			*ret_why = "its index is of a later kind";
		walk->at += 8 + size;
	}
	return walk->at == walk->end;
}

bool git_index_read(const struct text *index, size_t id_size, const char *path, enum git_answer *ret,
		    const char **ret_why)
{
	struct walk walk = {.data = index->data, .id_size = id_size, .at = INDEX_HEADER};
	const char *why = NULL;
	if (index->size < INDEX_HEADER + id_size || memcmp(index->data, "DIRC", 4) != 0)
		return false;
	walk.end = index->size - id_size;
	walk.version = big_endian(index->data + 4, 4);
	uint32_t count = big_endian(index->data + 8, 4);
	bool sound = walk.version >= 2 && walk.version <= 4;
	bool found = false;
	for (uint32_t i = 0; sound && i < count; i++) {
		sound = read_entry(&walk);
		found = found || (sound && strcmp(text_string(&walk.path), path) == 0);
	}
	sound = sound && read_extensions(&walk, &why);
	text_free(&walk.path);
	if (!sound)
		return false;
	*ret = found ? GIT_TRACKS : why ? GIT_CANNOT_BE_TOLD : GIT_TRACKS_NOT;
	*ret_why = why;
	return true;
}

/* ---- where it lies --------------------------------------------------------------------- */

/* The index of the work tree at folder, or NULL: in .git, or where the file .git of a linked
 * work tree or submodule points to. */
static const char *index_of(struct arena *arena, const char *folder)
{
	static const char pointer[] = "gitdir: ";
	const char *git = path_join(arena, folder, ".git");
	const char *index = path_join(arena, git, "index");
	TEXT_CLEANUP struct text text = {0};
	ERROR_CLEANUP struct error ignored = {0};
	if (file_exists(index))
		return index;
	if (file_read(git, POINTER_CAP, &text, &ignored))
		return NULL;
	if (!text_starts(text_string(&text), pointer))
		return NULL;
	text.data[strcspn(text.data, "\r\n")] = '\0';
	git = path_join(arena, folder, text.data + strlen(pointer));
	index = path_join(arena, git, "index");
	return file_exists(index) ? index : NULL;
}

/* The index of the work tree that holds path, and path below that tree. */
static bool find_index(struct arena *arena, const char *path, const char **ret_index,
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

/* The folder's real name with the file's own behind it: git knows links, not where they lead. */
static const char *real_path(struct arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = realpath(path_folder(arena, path), NULL);
	if (!folder || !slash) {
		free(folder);
		return path;
	}
	path = path_join(arena, arena_text(arena, folder), slash + 1);
	free(folder);
	return path;
}

enum git_answer git_tracks(struct arena *arena, const char *path, const char **ret_why)
{
	TEXT_CLEANUP struct text text = {0};
	ERROR_CLEANUP struct error error = {0};
	enum git_answer answer = GIT_CANNOT_BE_TOLD;
	const char *index = NULL;
	const char *below = NULL;
	*ret_why = NULL;
	if (!find_index(arena, real_path(arena, path), &index, &below))
		return GIT_TRACKS_NOT;
	if (file_read(index, INDEX_CAP, &text, &error))
		*ret_why = arena_text(arena, error.message);
	else if (!git_index_read(&text, 20, below, &answer, ret_why) &&
		 !git_index_read(&text, 32, below, &answer, ret_why))
		*ret_why = arena_printf(arena, "%s cannot be understood", index);
	return answer;
}
