/* forged.h - backups that nobody took: a manifest and a dump of its length, of any moment
 * and level, for the rules that look at manifests alone. */
#ifndef TESTS_BACKUP_FORGED_H
#define TESTS_BACKUP_FORGED_H

#include "support.h"

static inline struct backup forged(struct yard *yard, int64_t began_us, enum backup_level level)
{
	char id[32];
	backup_id_make(began_us, id);
	return (struct backup){
		.id = arena_text(&yard->arena, id),
		.connection = "sqlite",
		.driver = "sqlite",
		.product = "SQLite",
		.server = "3.40.1",
		.tool = "eloquent test",
		.run = yard->store.run,
		.actor = "ada",
		.host = "host-a",
		.reason = "forged",
		.database = "app.sqlite",
		.identity = "sqlite:1:2",
		.database_id = "9b1d4e7a2c5f8036e1d4b7a0c3f69258",
		.stamp = "production",
		.began_us = began_us,
		.ended_us = began_us + SECOND_US,
		.file = arena_printf(&yard->arena, "%s.sqlite.zst", id),
		.format = "sqlite3",
		.codec = "zstd:3",
		.size = 4096,
		.sha256 = "aa",
		.stored_size = 4,
		.stored_sha256 = "bb",
		.schema_sha256 = "cc",
		.level = level,
		.verified_us = level == BACKUP_RESTORED ? began_us + 2 * SECOND_US : 0,
	};
}

/* Puts it into the catalog; returns its id. */
static inline const char *forged_put(struct yard *yard, const struct backup *backup)
{
	TEXT_CLEANUP struct text bytes = {0};
	const char *manifest = arena_printf(&yard->arena, "%s/%s.json", yard->folder, backup->id);
	const char *dump = path_join(&yard->arena, yard->folder, backup->file);
	yard_must(yard, folder_create(yard->folder, 0700, &yard->error));
	yard_must(yard, folder_create(yard_work(yard), 0700, &yard->error));
	yard_must(yard, manifest_format(backup, &bytes, &yard->error));
	yard_must(yard, file_create(manifest, 0600, bytes.data, bytes.size, &yard->error));
	yard_must(yard, file_create(dump, 0600, "dump", 4, &yard->error));
	return backup->id;
}

/* `age` seconds old. */
static inline const char *forged_add(struct yard *yard, int64_t age, enum backup_level level,
				     bool pinned)
{
	struct backup backup = forged(yard, clock_wall_us() - age * SECOND_US, level);
	backup.pinned = pinned;
	return forged_put(yard, &backup);
}

static inline bool forged_is_there(struct yard *yard, const char *id)
{
	bool manifest = manifest_exists(&yard->store, id);
	bool dump = file_exists(arena_printf(&yard->arena, "%s/%s.sqlite.zst", yard->folder, id));
	assert_int_equal(manifest, dump);
	return manifest;
}

#endif
