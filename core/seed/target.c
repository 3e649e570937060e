/* target.c - the seed target: what a seeder can do to a database. Its slots report errors
 * themselves, into the bed; a seeder hands their codes on. After the first failure no
 * slot does anything more, whatever the seeder makes of it. */
#include "seed/private.h"

#include <string.h>

/* ---- the bed ---------------------------------------------------------------------- */

void bed_free(struct bed *bed)
{
	progress_end(&bed->progress);
	error_clear(&bed->error);
	text_free(&bed->table);
	arena_free(&bed->arena);
}

int32_t bed_fail(struct bed *bed, enum status status)
{
	if (!bed->error.status)
		bed->error.status = status;
	switch (status) {
	case STATUS_INTERRUPTED:
	case STATUS_TERMINATED:
		return ELQ_ERR_CANCELLED;
	case STATUS_UNKNOWN_NAME:
		return ELQ_ERR_NOT_FOUND;
	case STATUS_MALFORMED:
		return ELQ_ERR_MALFORMED;
	case STATUS_UNSUPPORTED:
		return ELQ_ERR_UNSUPPORTED;
	case STATUS_TIMEOUT:
		return ELQ_ERR_TIMEOUT;
	case STATUS_CORRUPT:
		return ELQ_ERR_CORRUPT;
	default:
		return ELQ_ERR_FAILED;
	}
}

enum status bed_check_stop(struct bed *bed)
{
	const atomic_int *stop = bed->sowing->stop;
	if (!stop || !atomic_load(stop))
		return STATUS_OK;
	return error_set(&bed->error, STATUS_INTERRUPTED, "stopped in the seed %s", bed->seed->name);
}

void bed_add_rows(struct bed *bed, int64_t rows)
{
	if (rows < 0)
		bed->rows = -1;
	else if (bed->rows >= 0)
		bed->rows += rows;
}

void bed_step(struct bed *bed, const char *unit, int64_t total, int64_t done)
{
	if (bed->unit)
		return;
	progress_measure(&bed->progress, unit, total);
	progress_step(&bed->progress, done);
}

const char *bed_path(struct bed *bed, const struct elq_str *file)
{
	const char *name = bed->seed->file;
	if (file && file->data && file->size)
		name = arena_copy(&bed->arena, file->data, (size_t)file->size);
	return path_join(&bed->arena, bed->sowing->seeds->folder, name ? name : bed->seed->name);
}

/* ---- the slots -------------------------------------------------------------------- */

static int32_t slot_script(void *context, const struct elq_str *file, uint64_t line,
			   const struct elq_str *script)
{
	struct bed *bed = context;
	if (bed->error.status)
		return bed_fail(bed, bed->error.status);
	int64_t first = line > 0 && line < INT64_MAX / 2 ? (int64_t)line : 1;
	enum status status = bed_script(bed, bed_path(bed, file), first,
					script->data ? script->data : "", (size_t)script->size);
	return status ? bed_fail(bed, status) : ELQ_OK;
}

static int32_t slot_file(void *context, const struct elq_str *path, struct elq_str *ret)
{
	struct bed *bed = context;
	TEXT_CLEANUP struct text content = {0};
	if (bed->error.status)
		return bed_fail(bed, bed->error.status);
	const char *name = arena_copy(&bed->arena, path->data ? path->data : "",
				      path->data ? (size_t)path->size : 0);
	if (strlen(name) != path->size)
		name = ""; /* holds a zero; no file has such a name */
	enum status status =
		seed_file_read(bed->sowing->seeds->folder, name, SEED_FILE_CAP, &content, &bed->error);
	if (status)
		return bed_fail(bed, status);
	ret->data = arena_copy(&bed->arena, text_string(&content), content.size);
	ret->size = content.size;
	return ELQ_OK;
}

static int32_t slot_param(void *context, const struct elq_str *name, struct elq_str *ret)
{
	struct bed *bed = context;
	struct sowing *sowing = bed->sowing;
	const struct {
		const char *name;
		const char *value;
		bool *asked;
	} params[] = {
		{"count", sowing->count, &sowing->asked_count},
		{"seed", sowing->seed, &sowing->asked_seed},
		{"as-of", sowing->as_of, &sowing->asked_as_of},
		{"environment", sowing->word, NULL},
	};
	*ret = (struct elq_str){NULL, 0};
	for (size_t i = 0; i < COUNT_OF(params); i++) {
		if (strlen(params[i].name) != name->size ||
		    memcmp(params[i].name, name->data, (size_t)name->size) != 0)
			continue;
		if (params[i].asked)
			*params[i].asked = true;
		if (params[i].value)
			*ret = (struct elq_str){params[i].value, strlen(params[i].value)};
	}
	return ELQ_OK;
}

static const void *slot_extension(void *context, const char *name, uint64_t size)
{
	(void)context, (void)name, (void)size;
	return NULL;
}

struct elq_seed_target bed_target(struct bed *bed)
{
	return (struct elq_seed_target){
		.struct_size = sizeof(struct elq_seed_target),
		.storage = text_equal(bed->sowing->family, "document") ? ELQ_STORAGE_DOCUMENT
								       : ELQ_STORAGE_SQL,
		.context = bed,
		.script = slot_script,
		.load_begin = bed_load_begin,
		.load_write = bed_load_write,
		.load_end = bed_load_end,
		.reserve_ids = bed_reserve_ids,
		.file = slot_file,
		.param = slot_param,
		.get_extension = slot_extension,
	};
}
