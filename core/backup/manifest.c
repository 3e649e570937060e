/* manifest.c - a manifest's bytes: one JSON object in one line, whose last member is
 * the SHA-256 of every byte before that member's comma. docs/backup-format.md
 * shows one. */
#include "backup/private.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FORMAT "eloquent-backup/1"
#define HASH_MEMBER ",\"hash\":\""
#define HASH_END "\"}\n"
#define TAIL_SIZE (sizeof(HASH_MEMBER) - 1 + HASH_TEXT - 1 + sizeof(HASH_END) - 1)

/* ---- ids --------------------------------------------------------------------------------- */

bool backup_id_valid(const char *id)
{
	static const char shape[] = "ddddddddTddddddZ-xxxxxx";
	if (strlen(id) != sizeof(shape) - 1)
		return false;
	for (size_t i = 0; shape[i]; i++) {
		bool digit = id[i] >= '0' && id[i] <= '9';
		bool letter = id[i] >= 'a' && id[i] <= 'f';
		bool fits = shape[i] == 'd'   ? digit
			    : shape[i] == 'x' ? digit || letter
					      : id[i] == shape[i];
		if (!fits)
			return false;
	}
	return true;
}

void backup_id_make(int64_t wall_us, char ret[32])
{
	char random[RANDOM_ID_TEXT];
	char moment[CLOCK_TEXT]; /* YYYYMMDDHHMMSS */
	random_id(random);
	clock_format_compact(wall_us, moment);
	snprintf(ret, 32, "%.8sT%.6sZ-%.6s", moment, moment + 8, random);
}

int64_t backup_id_moment_us(const char *id)
{
	char moment[CLOCK_TEXT];
	int64_t us = 0;
	snprintf(moment, sizeof(moment), "%.4s-%.2s-%.2sT%.2s:%.2s:%.2s.000000Z", id, id + 4, id + 6,
		 id + 9, id + 11, id + 13);
	return clock_parse(moment, &us) ? us : 0;
}

const char *backup_level_name(enum backup_level level)
{
	static const char *const names[] = {
		[BACKUP_UNREADABLE] = "unreadable",
		[BACKUP_FAILED] = "failed",
		[BACKUP_RAW] = "raw",
		[BACKUP_WRITTEN] = "written",
		[BACKUP_RESTORED] = "restored",
	};
	return names[level];
}

/* ---- writing -------------------------------------------------------------------------------- */

static json_t *text_or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}

static json_t *moment(int64_t us)
{
	char text[CLOCK_TEXT];
	if (us <= 0)
		return json_null();
	clock_format(us, text);
	return json_string(text);
}

static json_t *tables_json(const struct backup *backup)
{
	json_t *tables = json_array();
	for (size_t i = 0; i < backup->table_count; i++) {
		const struct table_facts *table = &backup->tables[i];
		json_array_append_new(
			tables, json_pack("{s:s, s:b, s:I, s:s, s:I}", "name", table->name, "ours",
					  table->ours, "rows", (json_int_t)table->rows, "sha256",
					  table->digest, "orphans", (json_int_t)table->orphans));
	}
	return tables;
}

static json_t *manifest_json(const struct backup *backup)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b,"
			 " s:{s:s, s:s, s:o, s:o}, s:o, s:o,"
			 " s:{s:s, s:s, s:s, s:I, s:s, s:I, s:s}, s:{s:o, s:I}, s:o,"
			 " s:{s:s, s:o, s:I, s:o}, s:{s:I, s:o}}",
			 "format", FORMAT, "id", backup->id, "connection", backup->connection, "driver",
			 backup->driver, "product", backup->product, "server", backup->server, "tool",
			 backup->tool, "run", backup->run, "actor", backup->actor, "host", backup->host,
			 "reason", backup->reason, "pinned", backup->pinned,
			 /* */
			 "database", "name", backup->database, "identity", backup->identity, "id",
			 text_or_null(backup->database_id), "stamp", text_or_null(backup->stamp),
			 "began", moment(backup->began_us), "ended", moment(backup->ended_us),
			 /* */
			 "dump", "file", backup->file, "format", backup->format, "codec", backup->codec,
			 "size", (json_int_t)backup->size, "sha256", backup->sha256, "stored_size",
			 (json_int_t)backup->stored_size, "stored_sha256", backup->stored_sha256,
			 /* */
			 "schema", "sha256", text_or_null(backup->schema_sha256), "records",
			 (json_int_t)backup->schema_records, "tables", tables_json(backup),
			 /* */
			 "verification", "level", backup_level_name(backup->level), "at",
			 moment(backup->verified_us), "duration_us",
			 (json_int_t)backup->verify_duration_us, "message",
			 text_or_null(backup->message), "head", "sequence",
			 (json_int_t)backup->head_sequence, "hash", text_or_null(backup->head));
}

const char *manifest_text(const struct backup_store *store, struct arena *arena, const char *text)
{
	TEXT_CLEANUP struct text masked = {0};
	TEXT_CLEANUP struct text visible = {0};
	if (!text)
		return NULL;
	redact(store->observer, text, strlen(text), &masked);
	text_add_visible(&visible, text_string(&masked), masked.size, false);
	return arena_text(arena, text_string(&visible));
}

enum status manifest_format(const struct backup *backup, struct text *ret, struct error *error)
{
	char hash[HASH_TEXT];
	json_t *root = manifest_json(backup);
	char *text = json_dumps(root, JSON_COMPACT);
	json_decref(root);
	size_t size = text ? strlen(text) : 0;
	enum status status = STATUS_OK;
	if (!size)
		status = error_set(error, STATUS_INTERNAL, "the manifest of %s cannot be written",
				   backup->id);
	else if (size + TAIL_SIZE > MANIFEST_CAP)
		status = error_set(error, STATUS_FAILED,
				   "the manifest would be larger than %zu MiB: %zu tables are too many",
				   MANIFEST_CAP >> 20, backup->table_count);
	if (!status) {
		text_append(ret, text, size - 1); /* without its brace */
		hash_bytes(ret->data, ret->size, hash);
		text_printf(ret, HASH_MEMBER "%s" HASH_END, hash);
	}
	mem_free(text); /* main hands jansson our allocator */
	return status;
}

enum status manifest_write(const struct backup_store *store, const struct place *place,
			   const struct backup *backup, struct error *error)
{
	TEXT_CLEANUP struct text bytes = {0};
	CLEANUP(arena_free) struct arena arena = {0};
	const char *folder = store_folder(store, &arena);
	const char *path = arena_printf(&arena, "%s/%s" MANIFEST_SUFFIX, folder, backup->id);
	const char *draft = path_join(&arena, place->workplace.folder, "manifest");
	enum status status = manifest_format(backup, &bytes, error);
	(void)unlink(draft);
	if (!status)
		status = file_create(draft, 0600, bytes.data, bytes.size, error);
	if (status == STATUS_IO)
		backup_hint_elsewhere(error);
	if (status)
		return status;
	if (rename(draft, path) != 0)
		return store_fail("write", path, errno, error);
	return folder_sync(folder, error);
}

bool manifest_exists(const struct backup_store *store, const char *id)
{
	CLEANUP(arena_free) struct arena arena = {0};
	return file_exists(
		arena_printf(&arena, "%s/%s" MANIFEST_SUFFIX, store_folder(store, &arena), id));
}

/* ---- reading --------------------------------------------------------------------------------- */

static enum status damaged(struct error *error, const char *what)
{
	return error_set(error, STATUS_CORRUPT, "the manifest is damaged: %s", what);
}

/* Every byte counts: those before the hash by the hash, the rest by its exact shape. */
static enum status check_hash(const char *data, size_t size, struct error *error)
{
	char hash[HASH_TEXT];
	TEXT_CLEANUP struct text tail = {0};
	if (size <= TAIL_SIZE)
		return damaged(error, "it is cut off");
	hash_bytes(data, size - TAIL_SIZE, hash);
	text_printf(&tail, HASH_MEMBER "%s" HASH_END, hash);
	if (memcmp(tail.data, data + size - TAIL_SIZE, TAIL_SIZE) != 0)
		return damaged(error, "its hash does not fit");
	return STATUS_OK;
}

static bool read_moment(const json_t *value, int64_t *ret_us)
{
	const char *text = json_string_value(value);
	*ret_us = 0;
	return json_is_null(value) || (text && clock_parse(text, ret_us) && *ret_us > 0);
}

static bool read_level(const char *name, enum backup_level *ret)
{
	for (enum backup_level level = BACKUP_FAILED; level <= BACKUP_RESTORED; level++)
		if (strcmp(name, backup_level_name(level)) == 0) {
			*ret = level;
			return true;
		}
	return false;
}

static bool read_tables(const json_t *array, struct arena *arena, struct backup *ret)
{
	size_t i;
	json_t *item;
	ret->tables = arena_alloc(arena, (json_array_size(array) + 1) * sizeof(*ret->tables));
	ret->table_count = json_array_size(array);
	json_array_foreach(array, i, item)
	{
		struct table_facts *table = &ret->tables[i];
		const char *name, *digest;
		json_int_t rows, orphans;
		int ours;
		if (json_unpack(item, "{s:s, s:b, s:I, s:s, s:I !}", "name", &name, "ours", &ours,
				"rows", &rows, "sha256", &digest, "orphans", &orphans) != 0)
			return false;
		*table = (struct table_facts){
			.name = arena_text(arena, name),
			.digest = arena_text(arena, digest),
			.rows = rows,
			.orphans = orphans,
			.ours = ours != 0,
		};
	}
	return json_is_array(array);
}

/* The strings of `backup` point into the JSON tree: into the arena with them. */
static void own_strings(struct backup *backup, struct arena *arena)
{
	const char **members[] = {
		&backup->id,      &backup->connection, &backup->driver,        &backup->product,
		&backup->server,  &backup->tool,       &backup->run,           &backup->actor,
		&backup->host,    &backup->reason,     &backup->database,      &backup->identity,
		&backup->stamp,   &backup->file,       &backup->database_id,   &backup->format,
		&backup->codec,   &backup->sha256,     &backup->stored_sha256, &backup->schema_sha256,
		&backup->message, &backup->head,
	};
	for (size_t i = 0; i < COUNT_OF(members); i++)
		*members[i] = arena_text(arena, *members[i]);
}

/* A path or a shape that this program does not write. */
static bool is_ours(const struct backup *backup)
{
	return backup_id_valid(backup->id) && text_starts(backup->file, backup->id) &&
	       !strchr(backup->file, '/') && backup->size >= 0 && backup->stored_size >= 0;
}

/* Text, or null. */
static bool read_text(const json_t *value, const char **ret)
{
	*ret = json_string_value(value);
	return *ret || json_is_null(value);
}

struct members { /* as they stand in the file, before they are read */
	const char *format;
	const char *level;
	const json_t *database_id, *stamp, *began, *ended, *schema, *tables, *at, *message, *head;
	json_int_t size, stored, records, duration, sequence;
	int pinned;
};

static bool unpack_members(json_t *root, struct members *m, struct backup *b)
{
	const char *hash;
	return json_unpack(root,
			   "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b,"
			   " s:{s:s, s:s, s:o, s:o !}, s:o, s:o,"
			   " s:{s:s, s:s, s:s, s:I, s:s, s:I, s:s !}, s:{s:o, s:I !}, s:o,"
			   " s:{s:s, s:o, s:I, s:o !}, s:{s:I, s:o !}, s:s !}",
			   "format", &m->format, "id", &b->id, "connection", &b->connection, "driver",
			   &b->driver, "product", &b->product, "server", &b->server, "tool", &b->tool,
			   "run", &b->run, "actor", &b->actor, "host", &b->host, "reason", &b->reason,
			   "pinned", &m->pinned,
			   /* */
			   "database", "name", &b->database, "identity", &b->identity, "id",
			   &m->database_id, "stamp", &m->stamp, "began", &m->began, "ended", &m->ended,
			   /* */
			   "dump", "file", &b->file, "format", &b->format, "codec", &b->codec, "size",
			   &m->size, "sha256", &b->sha256, "stored_size", &m->stored, "stored_sha256",
			   &b->stored_sha256,
			   /* */
			   "schema", "sha256", &m->schema, "records", &m->records, "tables", &m->tables,
			   /* */
			   "verification", "level", &m->level, "at", &m->at, "duration_us",
			   &m->duration, "message", &m->message, "head", "sequence", &m->sequence,
			   "hash", &m->head,
			   /* */
			   "hash", &hash) == 0;
}

static bool read_members(json_t *root, struct arena *arena, struct backup *ret)
{
	struct members m;
	struct backup b = {0};
	if (!unpack_members(root, &m, &b) || strcmp(m.format, FORMAT) != 0 ||
	    !read_text(m.database_id, &b.database_id) || !read_text(m.stamp, &b.stamp) ||
	    !read_text(m.schema, &b.schema_sha256) || !read_text(m.message, &b.message) ||
	    !read_text(m.head, &b.head) || !read_moment(m.began, &b.began_us) ||
	    !read_moment(m.ended, &b.ended_us) || !read_moment(m.at, &b.verified_us) ||
	    !read_level(m.level, &b.level) || !read_tables(m.tables, arena, &b))
		return false;
	b.pinned = m.pinned != 0;
	b.size = m.size;
	b.stored_size = m.stored;
	b.schema_records = m.records;
	b.verify_duration_us = m.duration;
	b.head_sequence = m.sequence;
	if (!is_ours(&b))
		return false;
	own_strings(&b, arena);
	*ret = b;
	return true;
}

/* The hash anybody can compute. Written again it must be these bytes: then nothing stands in
 * it that was not read, and nothing was read otherwise than it stands there. */
static bool is_as_written(const struct backup *backup, const char *data, size_t size)
{
	TEXT_CLEANUP struct text again = {0};
	ERROR_CLEANUP struct error error = {0};
	return manifest_format(backup, &again, &error) == STATUS_OK && again.size == size &&
	       memcmp(again.data, data, size) == 0;
}

enum status manifest_parse(const char *data, size_t size, struct arena *arena, struct backup *ret,
			   struct error *error)
{
	struct backup backup;
	enum status status = check_hash(data, size, error);
	if (status)
		return status;
	json_t *root = json_loadb(data, size, JSON_REJECT_DUPLICATES, NULL);
	bool read = root && read_members(root, arena, &backup);
	json_decref(root);
	if (!read || !is_as_written(&backup, data, size))
		return damaged(error, "it is none of this program's");
	*ret = backup;
	return STATUS_OK;
}
