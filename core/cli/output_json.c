/* output_json.c - the one JSON document that --json prints, on failure too.
 * Its members are described by the schemas in docs/json/. */
#include "cli/cli.h"

#include <string.h>

/* A command line and a file's name may hold any bytes; a document may not. */
static json_t *json_text(const char *text)
{
	if (!text)
		return json_null();
	if (utf8_valid(text, strlen(text), NULL))
		return json_string(text);
	TEXT_CLEANUP struct text valid = {0};
	text_add_visible(&valid, text, strlen(text), false);
	return json_string(text_string(&valid));
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

/* What to do, and of a refusal the command. */
static json_t *hint_json(const struct error *error, const char *remedy)
{
	TEXT_CLEANUP struct text text = {0};
	if (!remedy)
		return json_text(error->hint);
	if (error->hint)
		text_printf(&text, "%s; ", error->hint);
	text_printf(&text, "the command: %s", remedy);
	return json_text(text_string(&text));
}

static json_t *error_members(const struct error *error, const char *remedy)
{
	json_t *object = json_object();
	json_object_set_new(object, "code", json_string(status_code(error->status)));
	json_object_set_new(object, "message", json_text(error->message));
	json_object_set_new(object, "hint", hint_json(error, remedy));
	json_object_set_new(object, "sqlstate", json_text(error->sqlstate[0] ? error->sqlstate : NULL));
	json_object_set_new(object, "native", json_integer(error->native));
	json_object_set_new(object, "file", json_text(error->file));
	json_object_set_new(object, "line", error->line ? json_integer(error->line) : json_null());
	json_object_set_new(object, "statement",
			    error->statement ? json_integer(error->statement) : json_null());
	return object;
}

/* target: whose error it is, or NULL. */
static json_t *error_json(const struct error *error, const struct target *target)
{
	if (error->status == STATUS_OK)
		return json_null();
	uint32_t reasons = target ? guard_reasons_shown(target->verdict.reasons) : 0;
	json_t *object = error_members(error, target ? target->remedy : NULL);
	json_t *more = error->more_count ? json_array() : NULL;
	for (size_t i = 0; i < error->more_count; i++)
		json_array_append_new(more, error_members(&error->more[i], NULL));
	if (more)
		json_object_set_new(object, "more", more);
	if (error->status == STATUS_REFUSED && reasons)
		json_object_set_new(object, "reasons", reasons_json(reasons));
	return object;
}

/* Appends the text of a value, masked. With `open` an object stays open at its end. */
static void add_value(struct run *run, struct text *text, json_t *value, bool open)
{
	char *dumped = json_dumps(value, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ENCODE_ANY);
	size_t size = dumped ? strlen(dumped) : 0;
	redact(run->observer, dumped, open && size ? size - 1 : size, text);
	mem_free(dumped); /* main hands jansson our allocator */
	json_decref(value);
}

static json_t *target_head(struct target *target)
{
	json_t *object = json_object();
	json_object_set_new(object, "name", json_string(target->connection->name));
	json_object_set_new(object, "driver", json_string(target->connection->driver));
	json_object_set_new(object, "ok", json_boolean(!target->status && !target->skipped));
	json_object_set_new(object, "exit", json_integer(status_exit(target->status)));
	json_object_set_new(object, "skipped", json_boolean(target->skipped));
	json_object_set_new(object, "error", error_json(&target->error, target));
	return object;
}

static void add_target(struct run *run, struct target *target, struct document *ret)
{
	add_value(run, &ret->text, target_head(target), true);
	text_add(&ret->text, ",\"result\":");
	bool first = json_object_size(target->result) == 0;
	add_value(run, &ret->text, json_incref(target->result), true);
	for (size_t i = 0; i < RESULT_LISTS && target->lists[i].key; i++) {
		const struct result_list *list = &target->lists[i];
		text_printf(&ret->text, "%s\"%s\":[", first ? "" : ",", list->key);
		struct splice splice = {ret->text.size, &list->items};
		VEC_PUSH(ret, splice);
		text_add_char(&ret->text, ']');
		first = false;
	}
	text_add(&ret->text, "}}");
}

static json_t *warnings_json(struct observer *observer)
{
	size_t count = 0;
	const char *const *warnings = log_warnings(observer, &count);
	json_t *array = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_text(warnings[i]));
	return array;
}

void output_json(struct run *run, struct document *ret)
{
	json_t *head = json_object();
	json_object_set_new(head, "schema", json_string("eloquent/1"));
	json_object_set_new(head, "command", json_text(run->command ? run->command->name : NULL));
	json_object_set_new(head, "ok", json_boolean(run->status == STATUS_OK));
	json_object_set_new(head, "exit", json_integer(status_exit(run->status)));
	json_object_set_new(head, "run", json_string(run->id));
	add_value(run, &ret->text, head, true);
	text_add(&ret->text, ",\"connections\":[");
	for (size_t i = 0; i < run->target_count; i++) {
		text_add(&ret->text, i ? "," : "");
		add_target(run, &run->targets[i], ret);
	}
	text_add(&ret->text, "],\"result\":");
	add_value(run, &ret->text, run->result ? json_incref(run->result) : json_null(), false);
	text_add(&ret->text, ",\"error\":");
	add_value(run, &ret->text, error_json(&run->error, NULL), false);
	text_add(&ret->text, ",\"warnings\":");
	add_value(run, &ret->text, warnings_json(run->observer), false);
	text_add(&ret->text, "}\n");
}

enum status document_write(const struct document *document, int fd)
{
	const struct text *text = &document->text;
	size_t at = 0;
	enum status status = STATUS_OK;
	for (size_t i = 0; i < document->count && !status; i++) {
		const struct splice *splice = &document->items[i];
		status = fd_write_all(fd, text->data + at, splice->at - at);
		if (!status && splice->items->size)
			status = fd_write_all(fd, splice->items->data, splice->items->size);
		at = splice->at;
	}
	return status ? status : fd_write_all(fd, text->data + at, text->size - at);
}

void document_free(struct document *document)
{
	text_free(&document->text);
	mem_free(document->items);
}
