/* doctor_files.c - the files around the databases: passwords that others can read,
 * the audit trail, the folder of the backups, the migrations. Looked at with stat()
 * and access() alone. */
#include "cli/doctor.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void tell_secrets(struct doctor *doctor)
{
	struct run *run = doctor->run;
	const struct exposed_secrets *exposed = &run->project.exposed;
	for (size_t i = 0; i < exposed->count; i++)
		doctor_tell(doctor, FINDING_PROBLEM, "secrets", exposed->items[i].remedy,
			    "%s stands in %s, and %s", exposed->items[i].what,
			    origin_text(&exposed->items[i].origin, &run->arena),
			    exposed->items[i].danger);
	if (!exposed->count)
		doctor_tell(doctor, FINDING_FINE, "secrets", NULL,
			    "no password in a file that others can read or that git tracks");
}

/* The nearest folder above that exists: there the missing ones would be made. */
static const char *existing_above(struct arena *arena, const char *path)
{
	while (!file_exists(path) && strcmp(path, "/") != 0 && strcmp(path, ".") != 0)
		path = path_folder(arena, path);
	return path;
}

static void tell_trail(struct doctor *doctor)
{
	struct run *run = doctor->run;
	const struct audit *audit = &run->project.audit;
	const char *above = existing_above(&run->arena, audit->path);
	if (!audit->enabled)
		doctor_tell(doctor, FINDING_ADVICE, "audit", "unset ELOQUENT_AUDIT_ENABLED",
			    "the audit trail is switched off");
	else if (access(above, W_OK) == 0)
		doctor_tell(doctor, FINDING_FINE, "audit", NULL, "the trail %s can be written",
			    audit->path);
	else
		doctor_tell(doctor, FINDING_PROBLEM, "audit",
			    "give this user the right to write there, or set [audit] path",
			    "the trail %s cannot be written (%s: %s), and nothing that destroys data "
			    "will run",
			    audit->path, above, strerror(errno));
}

static bool others_may_enter(const char *path, mode_t *ret)
{
	struct stat found;
	if (stat(path, &found) != 0 || !S_ISDIR(found.st_mode))
		return false;
	*ret = found.st_mode & 07777;
	return (found.st_mode & (S_IROTH | S_IWOTH | S_IWGRP)) != 0;
}

static void tell_backups(struct doctor *doctor)
{
	struct run *run = doctor->run;
	const struct backup_config *backup = &run->project.backup;
	const char *above = existing_above(&run->arena, backup->dir);
	mode_t mode = 0;
	if (run->project.production && !backup->dir_is_given)
		doctor_tell(doctor, FINDING_PROBLEM, "backup",
			    "set [backup] dir, best to another disk than the databases'",
			    "in production [backup] dir must say where backups lie");
	else if (access(above, W_OK) != 0)
		doctor_tell(doctor, FINDING_PROBLEM, "backup",
			    "give this user the right to write there, or set [backup] dir",
			    "backups cannot be written to %s (%s: %s)", backup->dir, above,
			    strerror(errno));
	else if (others_may_enter(backup->dir, &mode))
		doctor_tell(doctor, FINDING_ADVICE, "backup",
			    arena_printf(&run->arena, "run: chmod 0700 %s", backup->dir),
			    "others can look into the backups' folder %s (mode %04o)", backup->dir,
			    (unsigned)mode);
	else
		doctor_tell(doctor, FINDING_FINE, "backup", NULL, "backups go to %s", backup->dir);
}

static void tell_migrations(struct doctor *doctor)
{
	const char *folder = doctor->run->project.migrations;
	struct stat found;
	if (stat(folder, &found) == 0 && S_ISDIR(found.st_mode))
		doctor_tell(doctor, FINDING_FINE, "migrations", NULL, "they lie in %s", folder);
	else
		doctor_tell(doctor, FINDING_ADVICE, "migrations",
			    "eloquent make:migration NAME --sql makes the first one",
			    "there is no folder %s", folder);
}

void doctor_files(struct doctor *doctor)
{
	run_say(doctor->run, "files");
	tell_secrets(doctor);
	tell_trail(doctor);
	tell_backups(doctor);
	tell_migrations(doctor);
}
