/* trust.c - may this configuration file name programs? Only when nobody but
 * root and the user who runs us can have written it. */
#include "config/private.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *owner_text(uid_t owner, struct arena *arena)
{
	char buffer[4096];
	struct passwd entry;
	struct passwd *found = NULL;

	if (getpwuid_r(owner, &entry, buffer, sizeof(buffer), &found) == 0 && found)
		return arena_printf(arena, "%s (uid %u)", found->pw_name, (unsigned)owner);
	return arena_printf(arena, "uid %u", (unsigned)owner);
}

enum status config_file_trusted(const char *path, struct error *error)
{
	struct arena arena = {0};
	TEXT_CLEANUP struct text quoted = {0};
	struct stat found;
	bool owned;

	if (stat(path, &found) != 0)
		return error_set(error, STATUS_CONFIG, "cannot look at %s: %s", path, strerror(errno));
	owned = found.st_uid == 0 || found.st_uid == geteuid();
	if (owned && !(found.st_mode & (S_IWGRP | S_IWOTH)))
		return STATUS_OK;
	text_add_shell_quoted(&quoted, path);
	error_set(error, STATUS_CONFIG,
		  "%s belongs to %s with mode %04o, so others may have written it: it must belong to "
		  "root or to "
		  "you, and be writable by its owner only",
		  path, owner_text(found.st_uid, &arena), (unsigned)(found.st_mode & 07777));
	if (owned)
		error_hint(error, "run: chmod go-w %s", text_string(&quoted));
	else
		error_hint(error, "read it, then run: sudo chown %u %s && chmod go-w %s",
			   (unsigned)geteuid(), text_string(&quoted), text_string(&quoted));
	error_at(error, path, 0, 0);
	arena_free(&arena);
	return STATUS_CONFIG;
}
