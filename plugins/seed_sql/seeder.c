/* seeder.c - the seeder of SQL scripts: each .sql file in the seeds folder is a seed. It
 * reads files and hands their text to the target; what is a statement, and whether it may
 * run, is the host's and the driver's business. */
#include "seed_sql/folder.h"
#include "seed_sql/header.h"
#include "sqlkit/error.h"

#include <eloquent/plugin.h>
#include <eloquent/seeder.h>

#include <stdlib.h>
#include <string.h>

static int32_t refuse_name(const struct elq_call *call, const char *path, const char *name)
{
	return sqlkit_fail(call, ELQ_ERR_MALFORMED,
			   "name it like 01_Users.sql: letters, digits, _ and -, with a letter first "
			   "behind the digits that put it in order",
			   "%s/%s: from this file's name no seed's name follows", path, name);
}

static int32_t list_one(const struct elq_call *call, const struct scripts *scripts, const char *file,
			const struct elq_seed_sink *sink)
{
	struct header header;
	struct header_problem problem;
	struct elq_seed seed = {.struct_size = sizeof(seed), .storage = ELQ_STORAGE_SQL};
	char *data = NULL;
	uint64_t size = 0;
	seed.name.data = header_name(file, &seed.name.size);
	if (!seed.name.data)
		return refuse_name(call, scripts->path, file);
	int32_t status = script_read(call, scripts, file, &data, &size);
	if (status != ELQ_OK)
		return status;
	bool good = header_parse(data, size, &header, &problem);
	free(data);
	if (!good)
		return sqlkit_fail(call, ELQ_ERR_MALFORMED, problem.remedy, "%s/%s:%llu: %s",
				   scripts->path, file, (unsigned long long)problem.line, problem.what);
	seed.file = sqlkit_str(file);
	if (header.environments[0])
		seed.environments = sqlkit_str(header.environments);
	seed.line = header.line;
	return sink->seed(sink->context, &seed) ? ELQ_ERR_STOPPED : ELQ_OK;
}

static int32_t slot_list(const struct elq_call *call, const struct elq_str *folder,
			 const struct elq_seed_sink *sink)
{
	struct scripts scripts = {.folder = -1};
	char *path = strndup(folder->data, (size_t)folder->size);
	if (!path)
		return sqlkit_fail(call, ELQ_ERR_NOMEM, NULL, "the seeder sql ran out of memory");
	int32_t status = scripts_list(call, path, &scripts);
	for (uint64_t i = 0; i < scripts.count && status == ELQ_OK; i++)
		status = list_one(call, &scripts, scripts.names[i], sink);
	scripts_free(&scripts);
	free(path);
	return status;
}

static int32_t slot_run(const struct elq_call *call, const struct elq_seed *seed,
			const struct elq_seed_target *target)
{
	struct elq_str script;
	(void)call;
	int32_t status = target->file(target->context, &seed->file, &script);
	return status == ELQ_OK ? target->script(target->context, &seed->file, 1, &script) : status;
}

static const struct elq_seeder seeder = {
	.struct_size = sizeof(seeder),
	.list = slot_list,
	.run = slot_run,
};

#define STR(literal)                                                                                   \
	{                                                                                              \
		.data = (literal), .size = sizeof(literal) - 1                                         \
	}

static const struct elq_manifest manifest = {
	.magic = ELQ_MANIFEST_MAGIC,
	.struct_size = sizeof(manifest),
	.abi_major = ELQ_ABI_MAJOR,
	.abi_minor = ELQ_ABI_MINOR,
	.kind = ELQ_KIND_SEEDER,
	.name = STR("sql"),
	.version = STR("0.1.0"),
	.ops = &seeder,
};

ELQ_PLUGIN_NOTE(ELQ_KIND_SEEDER, "sql", "0.1.0", "", "", "")
ELQ_PLUGIN_ENTRY(seeder, sql, &manifest)
