/* manifest.c - what a loaded plugin says about itself, compared with its note
 * and copied to our side: older and newer plugins have other struct sizes. */
#include "plugin/private.h"

#include <inttypes.h>
#include <string.h>

#define PARAM_COUNT_CAP 256u
#define PARAM_TEXT_CAP ((uint64_t)4096)

/* Feature bits of elq_manifest.needs that this program knows: none yet. */
#define KNOWN_NEEDS UINT64_C(0)

#define SLOT(type, member)                                                                             \
	{                                                                                              \
#member, offsetof(struct type, member)                                                 \
	}

static const struct slot driver_slots[] = {
	SLOT(elq_driver, open),           SLOT(elq_driver, close),    SLOT(elq_driver, describe),
	SLOT(elq_driver, next_statement), SLOT(elq_driver, execute),  SLOT(elq_driver, begin),
	SLOT(elq_driver, commit),         SLOT(elq_driver, rollback), SLOT(elq_driver, cancel),
	SLOT(elq_driver, get_extension),
};
static const struct slot seeder_slots[] = {
	SLOT(elq_seeder, list),
	SLOT(elq_seeder, run),
};
static const struct slot cache_slots[] = {
	SLOT(elq_cache, open),   SLOT(elq_cache, close), SLOT(elq_cache, get),   SLOT(elq_cache, set),
	SLOT(elq_cache, remove), SLOT(elq_cache, clear), SLOT(elq_cache, stats),
};
static const struct slot history_slots[] = {
	SLOT(elq_history, create),    SLOT(elq_history, append),     SLOT(elq_history, read),
	SLOT(elq_history, read_meta), SLOT(elq_history, write_meta),
};
static const struct slot lock_slots[] = {
	SLOT(elq_lock_ops, acquire), SLOT(elq_lock_ops, release),   SLOT(elq_lock_ops, renew),
	SLOT(elq_lock_ops, inspect), SLOT(elq_lock_ops, take_over),
};
static const struct slot schema_slots[] = {
	SLOT(elq_schema, describe),
	SLOT(elq_schema, holds_rows),
	SLOT(elq_schema, holds_objects),
	SLOT(elq_schema, wipe),
};
static const struct slot digest_slots[] = {
	SLOT(elq_digest, tables),
	SLOT(elq_digest, integrity),
};
static const struct slot backup_slots[] = {
	SLOT(elq_backup, dump),
	SLOT(elq_backup, restore),
};
static const struct slot scratch_slots[] = {
	SLOT(elq_scratch, create),  SLOT(elq_scratch, list),       SLOT(elq_scratch, drop),
	SLOT(elq_scratch, promote), SLOT(elq_scratch, open_again),
};
static const struct slot load_slots[] = {
	SLOT(elq_load_ops, begin),   SLOT(elq_load_ops, write),       SLOT(elq_load_ops, finish),
	SLOT(elq_load_ops, abandon), SLOT(elq_load_ops, reserve_ids),
};
static const struct slot review_slots[] = {
	SLOT(elq_review_ops, begin),
	SLOT(elq_review_ops, unit),
	SLOT(elq_review_ops, feed),
	SLOT(elq_review_ops, end),
};

/* A kind's table of functions; its other slots may be absent. */
static const struct {
	const struct slot *slots;
	size_t slot_count;
	size_t offset; /* of the copy in union any_plugin */
	size_t size;
} tables[] = {
	[ELQ_KIND_DRIVER] = {driver_slots, COUNT_OF(driver_slots),
			     offsetof(union any_plugin, driver.ops), sizeof(struct elq_driver)},
	[ELQ_KIND_SEEDER] = {seeder_slots, COUNT_OF(seeder_slots),
			     offsetof(union any_plugin, seeder.ops), sizeof(struct elq_seeder)},
	[ELQ_KIND_CACHE] = {cache_slots, COUNT_OF(cache_slots), offsetof(union any_plugin, cache.ops),
			    sizeof(struct elq_cache)},
};

static const struct {
	uint64_t cap;
	const char *name;
	const struct slot *slots;
	size_t slot_count;
	size_t offset; /* of the copy in struct driver */
	size_t size;
} extensions[] = {
	{ELQ_CAP_HISTORY, ELQ_EXT_HISTORY, history_slots, COUNT_OF(history_slots),
	 offsetof(struct driver, history), sizeof(struct elq_history)},
	{ELQ_CAP_LOCK, ELQ_EXT_LOCK, lock_slots, COUNT_OF(lock_slots), offsetof(struct driver, lock),
	 sizeof(struct elq_lock_ops)},
	{ELQ_CAP_SCHEMA, ELQ_EXT_SCHEMA, schema_slots, COUNT_OF(schema_slots),
	 offsetof(struct driver, schema), sizeof(struct elq_schema)},
	{ELQ_CAP_DIGEST, ELQ_EXT_DIGEST, digest_slots, COUNT_OF(digest_slots),
	 offsetof(struct driver, digest), sizeof(struct elq_digest)},
	{ELQ_CAP_BACKUP, ELQ_EXT_BACKUP, backup_slots, COUNT_OF(backup_slots),
	 offsetof(struct driver, backup), sizeof(struct elq_backup)},
	{ELQ_CAP_SCRATCH, ELQ_EXT_SCRATCH, scratch_slots, COUNT_OF(scratch_slots),
	 offsetof(struct driver, scratch), sizeof(struct elq_scratch)},
	{ELQ_CAP_LOAD, ELQ_EXT_LOAD, load_slots, COUNT_OF(load_slots), offsetof(struct driver, load),
	 sizeof(struct elq_load_ops)},
	{ELQ_CAP_REVIEW, ELQ_EXT_REVIEW, review_slots, COUNT_OF(review_slots),
	 offsetof(struct driver, review), sizeof(struct elq_review_ops)},
};

static enum status disagree_number(const char *path, const char *member, uint64_t note,
				   uint64_t manifest, struct error *error)
{
	return error_set(error, STATUS_PLUGIN_REFUSED,
			 "%s: its note and its manifest disagree: %s is %" PRIu64
			 " in the note and %" PRIu64 " in the manifest",
			 path, member, note, manifest);
}

static enum status compare_text(const char *path, const char *member, const char *note,
				struct elq_str text, struct error *error)
{
	if (text.data != NULL && text.size == strlen(note) && memcmp(text.data, note, text.size) == 0)
		return STATUS_OK;
	TEXT_CLEANUP struct text shown = {0};
	foreign_text(&shown, text, 64);
	return error_set(error, STATUS_PLUGIN_REFUSED,
			 "%s: its note and its manifest disagree: %s is \"%s\" in the note and \"%s\" "
			 "in the manifest",
			 path, member, note, text_string(&shown));
}

static enum status compare(const char *path, const struct elq_note *note,
			   const struct elq_manifest *manifest, struct error *error)
{
	if (manifest->abi_major != note->abi_major)
		return disagree_number(path, "abi_major", note->abi_major, manifest->abi_major, error);
	if (manifest->abi_minor != note->abi_minor)
		return disagree_number(path, "abi_minor", note->abi_minor, manifest->abi_minor, error);
	if (manifest->kind != note->kind)
		return disagree_number(path, "kind", note->kind, manifest->kind, error);
	enum status status = compare_text(path, "name", note->name, manifest->name, error);
	if (status == STATUS_OK)
		status = compare_text(path, "version", note->version, manifest->version, error);
	return status;
}

static enum status copy_manifest(const struct elq_manifest *theirs, const char *path,
				 struct elq_manifest *ret, struct error *error)
{
	if (theirs == NULL)
		return error_set(error, STATUS_PLUGIN_REFUSED, "%s: its %s returned no manifest", path,
				 ELQ_ENTRY_SYMBOL);
	if (theirs->magic != ELQ_MANIFEST_MAGIC)
		return error_set(error, STATUS_PLUGIN_REFUSED,
				 "%s: its manifest begins with 0x%08x instead of 0x%08x", path,
				 (unsigned)theirs->magic, (unsigned)ELQ_MANIFEST_MAGIC);
	if (!ELQ_REACHES(theirs->struct_size, struct elq_manifest, ops))
		return error_set(error, STATUS_PLUGIN_REFUSED,
				 "%s: its manifest has %u bytes; %zu are needed", path,
				 (unsigned)theirs->struct_size, sizeof(struct elq_manifest));
	sized_copy(ret, sizeof(*ret), theirs, theirs->struct_size);
	return STATUS_OK;
}

static struct elq_str own_text(struct elq_str text, struct arena *arena)
{
	if (text.data != NULL)
		text.data = arena_copy(arena, text.data, (size_t)text.size);
	return text;
}

/* What is wrong with a parameter, or NULL. */
static const char *check_param(const struct elq_param *param, const struct elq_param *before,
			       size_t count)
{
	if (param->name.data == NULL || param->name.size == 0)
		return "no name";
	if (param->name.size > PARAM_TEXT_CAP || param->help.size > PARAM_TEXT_CAP ||
	    param->default_value.size > PARAM_TEXT_CAP)
		return "a text that is too long";
	if (param->type < ELQ_PARAM_TEXT || param->type > ELQ_PARAM_SIZE)
		return "a type that this program does not know";
	for (size_t i = 0; i < count; i++)
		if (before[i].name.size == param->name.size &&
		    memcmp(before[i].name.data, param->name.data, param->name.size) == 0 &&
		    ((before[i].flags ^ param->flags) & ELQ_PARAM_MIGRATION) == 0)
			return "the name of another one";
	return NULL;
}

static enum status copy_params(const struct elq_manifest *manifest, const char *path,
			       struct arena *arena, struct plugin *ret, struct error *error)
{
	uint64_t count = manifest->param_count;
	if (count == 0)
		return STATUS_OK;
	if (manifest->params == NULL || count > PARAM_COUNT_CAP)
		return error_set(error, STATUS_PLUGIN_REFUSED,
				 "%s: its manifest says that it has %" PRIu64
				 " parameters (the cap is %u)",
				 path, count, PARAM_COUNT_CAP);
	uint32_t stride = manifest->params[0].struct_size;
	struct elq_param *params = arena_alloc(arena, (size_t)count * sizeof(*params));
	for (size_t i = 0; i < count; i++) {
		const char *theirs = (const char *)manifest->params + i * stride;
		const char *wrong = "another size than the first one";
		uint32_t size;
		memcpy(&size, theirs, sizeof(size));
		if (size == stride && ELQ_REACHES(size, struct elq_param, help)) {
			sized_copy(&params[i], sizeof(params[i]), theirs, size);
			wrong = check_param(&params[i], params, i);
		}
		if (wrong != NULL)
			return error_set(error, STATUS_PLUGIN_REFUSED, "%s: its parameter %zu has %s",
					 path, i + 1, wrong);
		params[i].name = own_text(params[i].name, arena);
		params[i].default_value = own_text(params[i].default_value, arena);
		params[i].help = own_text(params[i].help, arena);
	}
	ret->params = params;
	ret->param_count = (size_t)count;
	return STATUS_OK;
}

static enum status copy_ops(const struct elq_manifest *manifest, const char *path,
			    union any_plugin *ret, struct error *error)
{
	if (manifest->ops == NULL)
		return error_set(error, STATUS_PLUGIN_REFUSED,
				 "%s: its manifest has no table of functions", path);
	uint32_t size, kind = manifest->kind;
	void *copy = (char *)ret + tables[kind].offset;
	memcpy(&size, manifest->ops, sizeof(size));
	sized_copy(copy, tables[kind].size, manifest->ops, size);
	const char *missing = sized_missing_slot(copy, tables[kind].slots, tables[kind].slot_count);
	if (missing != NULL)
		return error_set(error, STATUS_PLUGIN_REFUSED,
				 "%s: its table of functions lacks the required slot \"%s\"", path,
				 missing);
	return STATUS_OK;
}

enum status manifest_adopt(const struct elq_manifest *theirs, const struct elq_note *note,
			   const char *path, struct arena *arena, union any_plugin *ret,
			   process_init_fn **ret_init, struct error *error)
{
	struct elq_manifest manifest = {0};
	union any_plugin any = {0};
	enum status status = copy_manifest(theirs, path, &manifest, error);
	if (status == STATUS_OK)
		status = compare(path, note, &manifest, error);
	if (status != STATUS_OK)
		return status;
	if ((manifest.needs & ~KNOWN_NEEDS) != 0)
		return error_set(error, STATUS_PLUGIN_REFUSED,
				 "%s: needs features 0x%" PRIx64 " that this program does not have",
				 path, manifest.needs & ~KNOWN_NEEDS);
	status = copy_params(&manifest, path, arena, &any.plugin, error);
	if (status == STATUS_OK)
		status = copy_ops(&manifest, path, &any, error);
	if (status != STATUS_OK)
		return status;
	any.plugin.note = *note;
	any.plugin.path = path;
	any.plugin.name = arena_text(arena, note->name);
	any.plugin.version = arena_text(arena, note->version);
	any.plugin.caps = manifest.caps;
	*ret = any;
	*ret_init = manifest.process_init;
	return STATUS_OK;
}

const char *capability_name(uint64_t caps)
{
	static const char *const names[] = {
		"elq.history", "elq.lock",   "elq.batch",  "elq.load",   "elq.record",  "elq.schema",
		"elq.ddl",     "elq.review", "elq.digest", "elq.backup", "elq.scratch", "elq.health",
	};
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (caps & (UINT64_C(1) << i))
			return names[i];
	return "an extension";
}

enum status manifest_adopt_extensions(struct driver *driver, struct error *error)
{
	for (size_t i = 0; i < COUNT_OF(extensions); i++) {
		const char *name = extensions[i].name;
		void *copy = (char *)driver + extensions[i].offset;
		if ((driver->plugin.caps & extensions[i].cap) == 0)
			continue;
		const void *theirs = driver->ops.get_extension(name, strlen(name));
		if (theirs == NULL)
			return error_set(error, STATUS_PLUGIN_REFUSED,
					 "%s: declares the extension %s and does not have it",
					 driver->plugin.path, name);
		uint32_t size;
		memcpy(&size, theirs, sizeof(size));
		sized_copy(copy, extensions[i].size, theirs, size);
		const char *missing =
			sized_missing_slot(copy, extensions[i].slots, extensions[i].slot_count);
		if (missing != NULL)
			return error_set(error, STATUS_PLUGIN_REFUSED,
					 "%s: its extension %s lacks the required slot \"%s\"",
					 driver->plugin.path, name, missing);
	}
	return STATUS_OK;
}
