/* puppet_seeder.c - a whole seeder that does what a test tells it: the folder's last
 * part chooses what list() finds, a seed's name what run() does.
 *
 * list: "two" gives one seed for SQL and one for anything, "empty" none; "unnamed",
 *   "short" and "bytes" give a seed that breaks the contract; "fails" fails.
 * run:  "script TEXT" hands TEXT to the target, "param NAME" logs it, "log" logs,
 *   "progress" reports 3 of 7 rows, "wait" lasts until cancelled(), "mute" says nothing,
 *   "load TABLE" loads ten rows (id, name) with reserved ids, "same TABLE" ten rows of one
 *   name, "upsert TABLE" ten that may replace others, "then TABLE TEXT" loads ten and hands
 *   TEXT to the target, "half TABLE" leaves its load open, "twice TABLE" begins a second one, "deaf
 * TABLE" is "same" and passes over what the target says, "read PATH" hands a file to the target as a
 * script; everything else fails with its name as message. */
#include <eloquent/plugin.h>
#include <eloquent/seeder.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "marker.h"

#define STR(text)                                                                                      \
	{                                                                                              \
		text, sizeof(text) - 1                                                                 \
	}

static int32_t fail(const struct elq_call *call, int32_t code, struct elq_str message)
{
	const struct elq_error error = {.struct_size = sizeof(error),
					.code = code,
					.statement = -1,
					.offset = -1,
					.message = message,
					.hint = STR("ask the puppet")};
	call->host->set_error(call, &error);
	return code;
}

static int is(const struct elq_str *text, const char *word)
{
	size_t size = strlen(word);
	return text->size >= size && memcmp(text->data + text->size - size, word, size) == 0;
}

static int32_t puppet_list(const struct elq_call *call, const struct elq_str *folder,
			   const struct elq_seed_sink *sink)
{
	struct elq_seed seed = {.struct_size = sizeof(seed),
				.storage = ELQ_STORAGE_SQL,
				.name = STR("User"),
				.file = STR("User.puppet"),
				.environments = STR("development staging"),
				.line = 3};
	const struct elq_str nothing = {NULL, 0}, bytes = STR("\xff\xfe");
	if (is(folder, "fails"))
		return fail(call, ELQ_ERR_MALFORMED, *folder);
	if (is(folder, "empty"))
		return ELQ_OK;
	if (is(folder, "unnamed"))
		seed.name = nothing;
	if (is(folder, "bytes"))
		seed.name = bytes;
	if (is(folder, "short"))
		seed.struct_size = offsetof(struct elq_seed, environments);
	if (sink->seed(sink->context, &seed) != 0)
		return ELQ_ERR_STOPPED;
	const struct elq_seed other = {.struct_size = sizeof(other),
				       .storage = ELQ_STORAGE_ANY,
				       .name = STR("Post"),
				       .file = STR("Post.puppet")};
	return sink->seed(sink->context, &other) != 0 ? ELQ_ERR_STOPPED : ELQ_OK;
}

static int32_t wait_for_cancel(const struct elq_call *call)
{
	const struct timespec tick = {0, 1000000};
	for (int i = 0; i < 10000; i++) {
		if (call->host->cancelled(call))
			return ELQ_ERR_CANCELLED;
		nanosleep(&tick, NULL);
	}
	return ELQ_ERR_TIMEOUT;
}

static int starts(const struct elq_str *text, const char *word, struct elq_str *ret_rest)
{
	size_t size = strlen(word);
	if (text->size < size || memcmp(text->data, word, size) != 0)
		return 0;
	*ret_rest = (struct elq_str){text->data + size, text->size - size};
	return 1;
}

/* Ten rows in two batches; a name of a row is "row N" or always the same one. */
static int32_t load_as(const struct elq_seed_target *target, const struct elq_str *table, uint32_t mode,
		       int same, int end)
{
	const struct elq_str key = STR("id");
	const struct elq_column columns[] = {
		{.struct_size = sizeof(columns[0]), .name = STR("id")},
		{.struct_size = sizeof(columns[0]), .name = STR("name")},
	};
	const struct elq_load_plan plan = {.struct_size = sizeof(plan),
					   .mode = mode,
					   .table = *table,
					   .columns = columns,
					   .column_count = 2,
					   .key = mode == ELQ_LOAD_INSERT ? NULL : &key,
					   .key_count = mode != ELQ_LOAD_INSERT};
	struct elq_load_result result = {.struct_size = sizeof(result)};
	struct elq_value values[20];
	char names[10][8];
	int64_t first = 0;
	int32_t code = target->reserve_ids(target->context, table, 10, &first);
	if (code == ELQ_OK)
		code = target->load_begin(target->context, &plan);
	for (int i = 0; i < 10; i++) {
		snprintf(names[i], sizeof(names[i]), "row %d", same ? 0 : i);
		values[2 * i] = (struct elq_value){.type = ELQ_TYPE_I64, .as.i64 = first + i};
		values[2 * i + 1] = (struct elq_value){
			.type = ELQ_TYPE_TEXT, .as.data = names[i], .size = strlen(names[i])};
	}
	if (code == ELQ_OK)
		code = target->load_write(target->context, values, 7);
	if (code == ELQ_OK)
		code = target->load_write(target->context, values + 14, 3);
	if (code == ELQ_OK && end)
		code = target->load_end(target->context, &result);
	return code;
}

static int32_t load_rows(const struct elq_seed_target *target, const struct elq_str *table, int same,
			 int end)
{
	return load_as(target, table, ELQ_LOAD_INSERT, same, end);
}

/* words: "TABLE TEXT". */
static int32_t load_then_script(const struct elq_seed *seed, const struct elq_seed_target *target,
				const struct elq_str *words)
{
	const char *blank = memchr(words->data, ' ', (size_t)words->size);
	if (blank == NULL)
		return ELQ_ERR_INVALID;
	const struct elq_str table = {words->data, (uint64_t)(blank - words->data)};
	const struct elq_str text = {blank + 1, words->size - table.size - 1};
	int32_t code = load_rows(target, &table, 0, 1);
	return code == ELQ_OK ? target->script(target->context, &seed->file, 1, &text) : code;
}

/* *ret is what came of it; 0: not one of these. */
static int run_load(const struct elq_seed *seed, const struct elq_seed_target *target, int32_t *ret)
{
	struct elq_str rest, content;
	if (starts(&seed->name, "load ", &rest)) {
		*ret = load_rows(target, &rest, 0, 1);
	} else if (starts(&seed->name, "same ", &rest)) {
		*ret = load_rows(target, &rest, 1, 1);
	} else if (starts(&seed->name, "upsert ", &rest)) {
		*ret = load_as(target, &rest, ELQ_LOAD_UPSERT, 0, 1);
	} else if (starts(&seed->name, "then ", &rest)) {
		*ret = load_then_script(seed, target, &rest);
	} else if (starts(&seed->name, "half ", &rest)) {
		*ret = load_rows(target, &rest, 0, 0);
	} else if (starts(&seed->name, "twice ", &rest)) {
		(void)load_rows(target, &rest, 0, 0);
		*ret = load_rows(target, &rest, 0, 0);
	} else if (starts(&seed->name, "deaf ", &rest)) {
		(void)load_rows(target, &rest, 1, 1);
		*ret = ELQ_OK;
	} else if (starts(&seed->name, "read ", &rest)) {
		*ret = target->file(target->context, &rest, &content);
		if (*ret == ELQ_OK)
			*ret = target->script(target->context, &rest, 1, &content);
	} else {
		return 0;
	}
	return 1;
}

static int32_t puppet_run(const struct elq_call *call, const struct elq_seed *seed,
			  const struct elq_seed_target *target)
{
	struct elq_str rest, value = {NULL, 0};
	int32_t loaded;
	if (run_load(seed, target, &loaded))
		return loaded;
	if (starts(&seed->name, "script ", &rest))
		return target->script(target->context, &seed->file, seed->line, &rest);
	if (starts(&seed->name, "param ", &rest)) {
		int32_t code = target->param(target->context, &rest, &value);
		if (code == ELQ_OK && value.data != NULL)
			call->host->log(call, ELQ_LOG_WARN, value.data, value.size, NULL, 0);
		return code;
	}
	if (is(&seed->name, "log")) {
		call->host->log(call, ELQ_LOG_WARN, "sown", 4, NULL, 0);
		return ELQ_OK;
	}
	if (is(&seed->name, "progress")) {
		call->host->progress(call, 3, 7, "rows", 4);
		return ELQ_OK;
	}
	if (is(&seed->name, "progress and wait")) {
		call->host->progress(call, 3, 7, "boxes", 5);
		return wait_for_cancel(call);
	}
	if (is(&seed->name, "wait"))
		return wait_for_cancel(call);
	if (is(&seed->name, "mute"))
		return ELQ_ERR_FAILED;
	return fail(call, ELQ_ERR_FAILED, seed->name);
}

static const struct elq_seeder ops = {
	.struct_size = sizeof(ops),
	.list = puppet_list,
	.run = puppet_run,
};

static const struct elq_manifest manifest = {
	.magic = ELQ_MANIFEST_MAGIC,
	.struct_size = sizeof(manifest),
	.abi_major = ELQ_ABI_MAJOR,
	.abi_minor = ELQ_ABI_MINOR,
	.kind = ELQ_KIND_SEEDER,
	.name = STR(ZOO_NAME),
	.version = STR("1.0.0"),
	.ops = &ops,
};

ELQ_PLUGIN_NOTE(ELQ_KIND_SEEDER, ZOO_NAME, "1.0.0", "", "", "")
ELQ_PLUGIN_ENTRY(seeder, puppet, &manifest)
