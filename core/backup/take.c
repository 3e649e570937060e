/* take.c - a backup is made: dump -> zstd -> a file in the run's own folder -> sync ->
 * rename -> sync the folder -> the manifest last. Until the manifest stands there is
 * no backup, and whoever comes next removes the rest. */
#include "backup/private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What is known before the first byte. */
static void describe(const struct backup_store *store, struct database *database,
		     const struct backup_request *request, struct arena *arena, struct backup *ret)
{
	char host[256] = "";
	char id[32];
	const struct database_info *info = database_info(database);
	(void)gethostname(host, sizeof(host) - 1);
	int64_t now = clock_wall_us();
	do
		backup_id_make(now, id);
	while (manifest_exists(store, id));
	*ret = (struct backup){
		.id = arena_text(arena, id),
		.connection = arena_text(arena, store->connection),
		.driver = arena_text(arena, database_driver(database)->plugin.name),
		.product = manifest_text(store, arena, info->product),
		.server = manifest_text(store, arena, info->version),
		.tool = arena_text(arena, store->tool),
		.run = arena_text(arena, store->run),
		.actor = manifest_text(store, arena, store->actor),
		.host = manifest_text(store, arena, host),
		.reason = manifest_text(store, arena, request->reason),
		.pinned = request->pinned,
		.database = manifest_text(store, arena, info->name),
		.identity = arena_text(arena, info->identity),
		.database_id = arena_text(arena, request->database_id),
		.stamp = arena_text(arena, request->stamp),
		.began_us = now,
		.format = database_dump_format(database, arena),
		.codec = arena_printf(arena, CODEC_NAME ":%lld", (long long)store->level),
		.level = request->raw ? BACKUP_RAW : BACKUP_WRITTEN,
	};
	ret->file = arena_printf(arena, "%s.%s.zst", id, database_dump_suffix(database, arena));
}

static enum status write_dump(const struct backup_store *store, struct database *database,
			      const struct place *place, bool raw, const char *path,
			      struct arena *arena, struct backup *backup, struct error *error)
{
	struct facts facts;
	struct pack *pack = NULL;
	enum status status = pack_open(store, path, &pack, error);
	if (status)
		return status;
	facts_begin(&facts, arena);
	const struct dump dump = {
		.workplace = place->workplace,
		.raw = raw,
		.sink = pack_sink(pack),
		.context = &facts,
		.table = raw ? NULL : facts_take_table,
		.record = raw ? NULL : facts_take_record,
	};
	status = database_dump(database, &dump, error);
	if (!status)
		status = pack_finish(pack, arena, backup, error);
	pack_free(pack);
	if (!status && !raw)
		facts_end(&facts, backup);
	return status;
}

static enum status publish(const struct backup_store *store, const struct place *place,
			   const char *draft, struct backup *backup, struct error *error)
{
	CLEANUP(arena_free) struct arena arena = {0};
	const char *folder = store_folder(store, &arena);
	const char *path = path_join(&arena, folder, backup->file);
	if (rename(draft, path) != 0)
		return store_fail("write", path, errno, error);
	backup->ended_us = clock_wall_us();
	enum status status = folder_sync(folder, error);
	if (!status)
		status = manifest_write(store, place, backup, error);
	if (status)
		(void)unlink(path);
	return status;
}

enum status backup_take(const struct backup_store *store, struct database *database,
			const struct backup_request *request, struct arena *arena, struct backup *ret,
			struct error *error)
{
	CLEANUP(place_close) struct place place = {.lock_fd = -1};
	struct backup backup;
	describe(store, database, request, arena, &backup);
	enum status status = place_open(store, backup.id, &place, error);
	if (status)
		return status;
	const char *draft = path_join(&place.arena, place.workplace.folder, "dump");
	status = write_dump(store, database, &place, request->raw, draft, arena, &backup, error);
	if (!status)
		status = publish(store, &place, draft, &backup, error);
	if (status)
		error_prefix(error, "no backup was made");
	else
		*ret = backup;
	return status;
}

enum status backup_take_verified(const struct backup_store *store, struct database *database,
				 const struct backup_request *request, struct arena *arena,
				 struct backup *ret, struct error *error)
{
	enum status status = backup_take(store, database, request, arena, ret, error);
	if (status || request->raw)
		return status;
	status = backup_verify(store, database, arena, ret, NULL, error);
	if (status && status != STATUS_CORRUPT) {
		backup_discard(store, ret);
		*ret = (struct backup){0};
	}
	return status;
}
