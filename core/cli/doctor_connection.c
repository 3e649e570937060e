/* doctor_connection.c - one connection: can it be opened, what is it stamped, does
 * somebody hold its lock, what of its backups. Opened for reading only. */
#include "cli/doctor.h"

#include <string.h>

struct stamp_seen {
	char word[64];
	bool policy;
};

static void take_meta(void *context, const char *key, const char *value)
{
	struct stamp_seen *seen = context;
	if (strcmp(key, "stamp.word") == 0)
		(void)snprintf(seen->word, sizeof(seen->word), "%s", value);
	seen->policy = seen->policy || strcmp(key, "policy") == 0;
}

static void tell_stamp(struct doctor *doctor, const struct connection *connection,
		       struct database *database, const char *area)
{
	struct run *run = doctor->run;
	struct stamp_seen seen = {0};
	ERROR_CLEANUP struct error error = {0};
	const char *word = connection_word(&run->project, connection);
	if (database_meta_read(database, take_meta, &seen, &error)) {
		doctor_tell_error(doctor, area, &error);
		return;
	}
	if (!seen.word[0])
		doctor_tell(doctor, FINDING_ADVICE, area,
			    arena_printf(&run->arena,
					 "eloquent db:stamp %s -c %s says what it is (the first write "
					 "does, too)",
					 word, connection->name),
			    "it carries no stamp");
	else if (word_is_production(seen.word) && !word_is_production(word))
		doctor_tell(doctor, FINDING_ADVICE, area,
			    "run with APP_ENV=production if that is meant",
			    "it is stamped %s, but the environment says %s: only safe commands run",
			    seen.word, word);
	else if (!word_is_production(seen.word) && word_is_production(word))
		doctor_tell(doctor, FINDING_ADVICE, area,
			    arena_printf(&run->arena,
					 "if it is production: eloquent db:stamp production -c %s; if "
					 "not, say so with APP_ENV",
					 connection->name),
			    "it is stamped %s, but the environment says %s, which counts", seen.word,
			    word);
	else
		doctor_tell(doctor, FINDING_FINE, area, NULL, "stamped %s%s", seen.word,
			    seen.policy ? ", with a [guard] policy of its own" : "");
}

static void tell_lock(struct doctor *doctor, struct database *database, const char *area)
{
	struct run *run = doctor->run;
	struct lock_holder holder = {0};
	ERROR_CLEANUP struct error error = {0};
	if (database_lock_inspect(database, &run->arena, &holder, &error)) {
		doctor_tell_error(doctor, area, &error);
		return;
	}
	if (holder.held)
		doctor_tell(doctor, FINDING_FINE, area, NULL,
			    "%s by %s on %s (pid %lld) holds its lock since %s", holder.command,
			    holder.actor, holder.host, (long long)holder.pid, holder.since);
	else if (holder.id)
		doctor_tell(
			doctor, FINDING_ADVICE, area,
			arena_printf(&run->arena, "eloquent migrate:unlock %s removes it", holder.id),
			"run %s (%s) left its name in the lock; it is no longer held", holder.id,
			holder.command);
}

/* The role: where it has credentials per role, which of them are in use. */
static void tell_role(struct doctor *doctor, const struct connection *connection, const char *area)
{
	const struct project *project = &doctor->run->project;
	if (connection->role_credentials)
		doctor_tell(doctor, FINDING_FINE, area, NULL, "the role is %s",
			    project->role_migration ? "migration" : "runtime");
	else if (project->production || connection->production)
		doctor_tell(doctor, FINDING_ADVICE, area,
			    "give it migration.user and migration.password beside the application's, "
			    "where the database knows users",
			    "it has one set of credentials for the application and for migrations");
}

static void tell_backups(struct doctor *doctor, const struct connection *connection, const char *area)
{
	struct run *run = doctor->run;
	struct backups list;
	size_t verified = 0;
	ERROR_CLEANUP struct error error = {0};
	const struct backup_store store = {.observer = run->observer,
					   .dir = run->project.backup.dir,
					   .connection = connection->name};
	bool production = run->project.production || connection->production;
	if (production && !run->project.backup.dir_is_given)
		return; /* none can be taken before that is mended, which the files' chapter says */
	const char *folder = path_join(&run->arena, store.dir, store.connection);
	const char *reason = file_exists(folder) ? doctor_unwritable(doctor, folder) : NULL;
	if (reason)
		doctor_tell(doctor, FINDING_PROBLEM, area, "give this user the right to write there",
			    "its backups cannot be written (%s)", reason);
	if (backups_list(&store, &list, &error)) {
		doctor_tell_error(doctor, area, &error);
		return;
	}
	for (size_t i = 0; i < list.count; i++) {
		const struct backup *backup = &list.items[i];
		verified += backup->level == BACKUP_RESTORED;
		if (backup->level == BACKUP_UNREADABLE || backup->level == BACKUP_FAILED)
			doctor_tell(doctor, FINDING_PROBLEM, area,
				    "do not rely on it; remove it when another one is verified",
				    "the backup %s: %s", backup->id, backup->message);
	}
	if (verified)
		doctor_tell(doctor, FINDING_FINE, area, NULL, "%zu verified backup%s", verified,
			    verified == 1 ? "" : "s");
	else
		doctor_tell(doctor, FINDING_ADVICE, area,
			    arena_printf(&run->arena, "eloquent db:backup -c %s takes one",
					 connection->name),
			    "there is no verified backup");
	backups_free(&list);
}

static void tell_database(struct doctor *doctor, const struct connection *connection,
			  struct database *database, const char *area)
{
	const struct database_info *info = database_info(database);
	if (!(info->flags & ELQ_CONN_EXISTS)) {
		doctor_tell(doctor, FINDING_FINE, area, NULL,
			    "there is no database at %s yet; the first write makes it", info->location);
		return;
	}
	doctor_tell(doctor, FINDING_FINE, area, NULL, "%s %s, %s", info->product, info->version,
		    info->location);
	if (info->flags & ELQ_CONN_READ_ONLY)
		doctor_tell(doctor, FINDING_PROBLEM, area,
			    "give this user the right to write the database and its folder",
			    "it can only be read");
	if (info->caps & ELQ_CAP_HISTORY)
		tell_stamp(doctor, connection, database, area);
	if (info->caps & ELQ_CAP_LOCK)
		tell_lock(doctor, database, area);
	tell_role(doctor, connection, area);
	if (info->caps & ELQ_CAP_BACKUP)
		tell_backups(doctor, connection, area);
}

void doctor_connection(struct doctor *doctor, const struct connection *connection)
{
	struct run *run = doctor->run;
	const struct driver *driver = NULL;
	struct database *database = NULL;
	ERROR_CLEANUP struct error error = {0};
	const char *area = arena_printf(&run->arena, "connection %s", connection->name);
	run_say(run, "%s (%s)", area, connection->driver);
	enum status status =
		driver_load(run->observer, &run->project, connection->driver, &driver, &error);
	if (!status)
		status = database_open(run->observer, &run->project, connection, driver, 0, &database,
				       &error);
	if (status)
		doctor_tell_error(doctor, area, &error);
	else
		tell_database(doctor, connection, database, area);
	database_close(database);
}
