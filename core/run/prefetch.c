/* prefetch.c - reads and hashes the migration files on a thread of its own
 * while the database is being opened: the two wait for different things, and
 * with a thousand files each takes half of a command's time. What it finds is
 * judged where the migrator is loaded, as if it had been read there. */
#include "run/private.h"

struct prefetch {
	pthread_t thread;
	const char *path;
	int64_t max_size;
	const char *word;
	struct folder folder;
	enum status status;
	struct error error;
};

static void *read_folder(void *opaque)
{
	struct prefetch *prefetch = opaque;
	prefetch->status = folder_read(prefetch->path, prefetch->max_size, prefetch->word,
				       &prefetch->folder, &prefetch->error);
	return NULL;
}

/* Without a thread there is nothing ahead: the migrator reads for itself. */
void prefetch_start(struct run *run, struct target *target)
{
	if (!(run->command->flags & COMMAND_MIGRATES) || target->prefetch)
		return;
	struct prefetch *prefetch = mem_alloc(sizeof(*prefetch));
	prefetch->path = target_migrations(run, target->connection, &target->arena);
	prefetch->max_size = run->project.max_migration;
	prefetch->word = target->word;
	if (pthread_create(&prefetch->thread, NULL, read_folder, prefetch) == 0)
		target->prefetch = prefetch;
	else
		mem_free(prefetch);
}

bool prefetch_take(struct target *target, struct folder *ret, enum status *ret_status,
		   struct error *error)
{
	struct prefetch *prefetch = target->prefetch;
	if (!prefetch)
		return false;
	pthread_join(prefetch->thread, NULL);
	*ret = prefetch->folder;
	*ret_status = prefetch->status;
	error_move(error, &prefetch->error);
	mem_free(prefetch);
	target->prefetch = NULL;
	return true;
}

void prefetch_drop(struct target *target)
{
	struct folder folder = {0};
	enum status status = STATUS_OK;
	ERROR_CLEANUP struct error error = {0};
	if (prefetch_take(target, &folder, &status, &error))
		folder_free(&folder);
}
