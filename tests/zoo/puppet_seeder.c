/* puppet_seeder.c - a whole seeder that does what a test tells it: the folder's last
 * part chooses what list() finds, a seed's name what run() does.
 *
 * list: "two" gives one seed for SQL and one for anything, "empty" none; "unnamed",
 *   "short" and "bytes" give a seed that breaks the contract; "fails" fails.
 * run:  "script TEXT" hands TEXT to the target, "param NAME" logs it, "log" logs,
 *   "progress" reports 3 of 7 rows, "wait" lasts until cancelled(), "mute" says nothing,
 *   everything else fails with its name as message. */
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

static int32_t puppet_run(const struct elq_call *call, const struct elq_seed *seed,
			  const struct elq_seed_target *target)
{
	struct elq_str rest, value = {NULL, 0};
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
