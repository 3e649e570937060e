/* actor.c - who acts: the first variable that names somebody, else the user that
 * the process runs as. It stands in the history and in the audit trail. */
#include "config/private.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ACCOUNTS "/etc/passwd"
#define LINE_CAP 4096

static void stream_close(FILE **stream)
{
	if (*stream)
		fclose(*stream);
}

/* The file, and not getpwuid: the C library's name service loads modules of others into the
 * process, and ends it when memory is short. A directory's users are numbers here. */
const char *actor_of_user(struct arena *arena, uid_t user)
{
	CLEANUP(stream_close) FILE *accounts = fopen(ACCOUNTS, "re");
	char *line = arena_alloc(arena, LINE_CAP);
	struct passwd entry;
	struct passwd *found = NULL;

	while (accounts && fgetpwent_r(accounts, &entry, line, LINE_CAP, &found) == 0)
		if (found->pw_uid == user && found->pw_name[0] &&
		    utf8_valid(found->pw_name, strlen(found->pw_name), NULL))
			return found->pw_name;
	return arena_printf(arena, "uid %lld", (long long)user);
}

enum status actor_read(struct loader *loader, struct error *error)
{
	static const char *const names[] = {"ELOQUENT_ACTOR", "GITHUB_ACTOR", "GITLAB_USER_LOGIN",
					    "CI_ACTOR", "USER"};
	struct project *project = loader->project;

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct setting found;
		enum status status = environment_find(loader, names[i], false, &found, error);

		if (status)
			return status;
		if (!found.value || found.value[0] == '\0') /* nobody is called "" */
			continue;
		project->actor = found.value;
		if (i > 0)
			ARENA_PUSH(loader->arena, &project->resolved, found);
		return STATUS_OK;
	}
	project->actor = actor_of_user(loader->arena, geteuid());
	return STATUS_OK;
}
