/* doctor_files.c - the files around the databases: a configuration that others can write,
 * passwords that others can read, the audit trail, the folder of the backups, the migrations. Looked at
 * with stat() and access() alone. */
#include "cli/doctor.h"

#include <errno.h>
#include <stdlib.h>
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

/* Whoever can write a file of the configuration says which databases are meant, and what
 * protects them. */
static void tell_written_by_others(struct doctor *doctor, const char *path)
{
	struct arena *arena = &doctor->run->arena;
	TEXT_CLEANUP struct text quoted = {0};
	struct stat found;
	if (!path || stat(path, &found) != 0 || !(found.st_mode & S_IWOTH))
		return;
	text_add_shell_quoted(&quoted, path);
	doctor_tell(doctor, FINDING_PROBLEM, "configuration",
		    arena_printf(arena, "read it, then run: chmod o-w %s", text_string(&quoted)),
		    "everybody can write %s (mode %04o)", path, (unsigned)(found.st_mode & 07777));
}

static void tell_configuration(struct doctor *doctor)
{
	const struct project *project = &doctor->run->project;
	tell_written_by_others(doctor, project->ini);
	tell_written_by_others(doctor, path_join(&doctor->run->arena, project->root, ".env"));
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

const char *doctor_unwritable(struct doctor *doctor, const char *folder)
{
	struct arena *arena = &doctor->run->arena;
	const char *above = existing_above(arena, folder);
	struct stat found;
	if (stat(above, &found) == 0 && !S_ISDIR(found.st_mode))
		return arena_printf(arena, "%s: it is no folder", above);
	if (access(above, W_OK | X_OK) == 0)
		return NULL;
	return arena_printf(arena, "%s: %s", above, strerror(errno));
}

static bool others_may_enter(const char *path, mode_t *ret)
{
	struct stat found;
	if (stat(path, &found) != 0 || !S_ISDIR(found.st_mode))
		return false;
	*ret = found.st_mode & 07777;
	return (found.st_mode & (S_IROTH | S_IWOTH | S_IWGRP)) != 0;
}

static bool has_production(const struct project *project)
{
	bool production = project->production;
	for (size_t i = 0; i < project->connection_count; i++)
		production |= project->connections[i].production;
	return production;
}

/* Links count as where they lead, and a folder that is not there as where it would be made. */
static bool lies_in(struct arena *arena, const char *path, const char *folder)
{
	char *real = realpath(existing_above(arena, path), NULL);
	char *above = realpath(folder, NULL);
	size_t size = above ? strlen(above) : 0;
	bool inside = real && above && strncmp(real, above, size) == 0 &&
		      (real[size] == '/' || real[size] == '\0');
	free(real);
	free(above);
	return inside;
}

/* Was something said about the place? */
static bool tell_backup_place(struct doctor *doctor)
{
	struct run *run = doctor->run;
	const struct backup_config *backup = &run->project.backup;
	const char *remedy = "set [backup] dir, best to another disk than the databases'";
	if (!has_production(&run->project))
		return false;
	if (!backup->dir_is_given)
		doctor_tell(doctor, FINDING_PROBLEM, "backup", remedy,
			    "in production [backup] dir must say where backups lie");
	else if (lies_in(&run->arena, backup->dir, run->project.root))
		doctor_tell(doctor, FINDING_PROBLEM, "backup", remedy,
			    "[backup] dir %s lies in the project's folder, and is lost with it",
			    backup->dir);
	else
		return false;
	return true;
}

static void tell_backups(struct doctor *doctor)
{
	struct run *run = doctor->run;
	const struct backup_config *backup = &run->project.backup;
	const char *reason = doctor_unwritable(doctor, backup->dir);
	mode_t mode = 0;
	bool misplaced = tell_backup_place(doctor);
	if (misplaced && !backup->dir_is_given)
		return; /* of the default's folder nothing is used there */
	if (reason)
		doctor_tell(doctor, FINDING_PROBLEM, "backup",
			    "give this user the right to write there, or set [backup] dir",
			    "backups cannot be written to %s (%s)", backup->dir, reason);
	else if (others_may_enter(backup->dir, &mode))
		doctor_tell(doctor, FINDING_ADVICE, "backup",
			    arena_printf(&run->arena, "run: chmod 0700 %s", backup->dir),
			    "others can look into the backups' folder %s (mode %04o)", backup->dir,
			    (unsigned)mode);
	else if (!misplaced)
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
	tell_configuration(doctor);
	tell_secrets(doctor);
	tell_trail(doctor);
	tell_backups(doctor);
	tell_migrations(doctor);
}
