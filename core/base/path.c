/* path.c - paths as text, and the folder that we stand in. It looks at no file;
 * file.c does. */
#include "base/file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

char *path_join(struct arena *arena, const char *folder, const char *path)
{
	if (path[0] == '/' || folder[0] == '\0')
		return arena_text(arena, path);
	if (path[0] == '\0')
		return arena_text(arena, folder);
	return arena_printf(arena, "%s%s%s", folder, text_ends(folder, "/") ? "" : "/", path);
}

char *path_folder(struct arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t size;

	if (!slash)
		return arena_text(arena, ".");
	size = (size_t)(slash - path);
	while (size > 0 && path[size - 1] == '/')
		size--;
	return size ? arena_copy(arena, path, size) : arena_text(arena, "/");
}

const char *path_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

char *path_working_directory(struct arena *arena)
{
	size_t size = 256;

	while (size <= 65536) {
		char *buffer = arena_alloc(arena, size);

		/* The kernel marks a folder outside our root as "(unreachable)/...". */
		if (getcwd(buffer, size))
			return buffer[0] == '/' ? buffer : arena_text(arena, ".");
		if (errno != ERANGE)
			break;
		size *= 2;
	}
	return arena_text(arena, ".");
}
