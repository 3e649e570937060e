/* output_json.c - the one JSON document that --json prints, on failure too.
 * Its members are described by the schemas in docs/json/. */
#include "cli/cli.h"

#include <string.h>

static json_t *json_text(const char *text)
{
	return text ? json_string(text) : json_null();
}

/* Which conditions a refusal names, as the words of tests/guard/verdicts.csv. */
static json_t *reasons_json(uint32_t reasons)
{
	json_t *words = json_array();
	for (unsigned i = 0; i < GUARD_REASON_COUNT; i++)
		if (reasons & (1u << i))
			json_array_append_new(words, json_string(guard_reason_word(i)));
	return words;
}

static json_t *error_json(const struct error *error, const struct guard_verdict *verdict)
{
	if (error->status == STATUS_OK)
		return json_null();
	json_t *object = json_object();
	json_object_set_new(object, "code", json_string(status_code(error->status)));
	json_object_set_new(object, "message", json_text(error->message));
	json_object_set_new(object, "hint", json_text(error->hint));
	json_object_set_new(object, "sqlstate", json_text(error->sqlstate[0] ? error->sqlstate : NULL));
	json_object_set_new(object, "native", json_integer(error->native));
	json_object_set_new(object, "file", json_text(error->file));
	json_object_set_new(object, "line", error->line ? json_integer(error->line) : json_null());
	json_object_set_new(object, "statement",
			    error->statement ? json_integer(error->statement) : json_null());
	if (verdict && verdict->decision != GUARD_ALLOW && verdict->reasons)
		json_object_set_new(object, "reasons", reasons_json(verdict->reasons));
	return object;
}

/* Appends the object's members, without its braces; takes the reference. */
static void add_members(struct text *text, json_t *object)
{
	char *dumped = json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII);
	size_t size = dumped ? strlen(dumped) : 0;
	if (size > 2)
		text_append(text, dumped + 1, size - 2);
	mem_free(dumped); /* main hands jansson our allocator */
	json_decref(object);
}

/* The result's members, and behind them the rows that are text already. */
static void add_result(struct text *text, const struct target *target)
{
	text_add(text, "\"result\":{");
	add_members(text, json_incref(target->result));
	if (target->rows_key) {
		text_printf(text, "%s\"%s\":[", json_object_size(target->result) ? "," : "",
			    target->rows_key);
		text_append(text, text_string(&target->rows), target->rows.size);
		text_add_char(text, ']');
	}
	text_add_char(text, '}');
}

static void add_target(struct text *text, const struct target *target)
{
	json_t *object = json_object();
	json_object_set_new(object, "name", json_string(target->connection->name));
	json_object_set_new(object, "driver", json_string(target->connection->driver));
	json_object_set_new(object, "ok", json_boolean(!target->status && !target->skipped));
	json_object_set_new(object, "exit", json_integer(status_exit(target->status)));
	json_object_set_new(object, "skipped", json_boolean(target->skipped));
	json_object_set_new(object, "error", error_json(&target->error, &target->verdict));
	text_add_char(text, '{');
	add_members(text, object);
	text_add_char(text, ',');
	add_result(text, target);
	text_add_char(text, '}');
}

static json_t *warnings_json(struct observer *observer)
{
	size_t count = 0;
	const char *const *warnings = log_warnings(observer, &count);
	json_t *array = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_string(warnings[i]));
	return array;
}

static json_t *head_json(const struct run *run)
{
	json_t *object = json_object();
	json_object_set_new(object, "schema", json_string("eloquent/1"));
	json_object_set_new(object, "command", json_text(run->command ? run->command->name : NULL));
	json_object_set_new(object, "ok", json_boolean(run->status == STATUS_OK));
	json_object_set_new(object, "exit", json_integer(status_exit(run->status)));
	json_object_set_new(object, "run", json_string(run->id));
	return object;
}

static json_t *tail_json(const struct run *run)
{
	json_t *object = json_object();
	json_object_set_new(object, "result", run->result ? json_incref(run->result) : json_null());
	json_object_set_new(object, "error", error_json(&run->error, &run->verdict));
	json_object_set_new(object, "warnings", warnings_json(run->observer));
	return object;
}

void output_json(const struct run *run, struct text *ret)
{
	TEXT_CLEANUP struct text plain = {0};
	text_add_char(&plain, '{');
	add_members(&plain, head_json(run));
	text_add(&plain, ",\"connections\":[");
	for (size_t i = 0; i < run->target_count; i++) {
		if (i)
			text_add_char(&plain, ',');
		add_target(&plain, &run->targets[i]);
	}
	text_add(&plain, "],");
	add_members(&plain, tail_json(run));
	text_add(&plain, "}\n");
	redact(run->observer, plain.data, plain.size, ret);
}
