/* say.c - text output and JSON results of a run. Nothing is written here: what
 * is ready goes to run->show, one thread at a time. */
#include "run/private.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static bool say_anything(const struct run *run)
{
	return run->show && !run->json && !run->quiet;
}

static void show(struct run *run, const char *text, size_t size)
{
	pthread_mutex_lock(&run->show_lock);
	run->show(run->show_context, text, size);
	pthread_mutex_unlock(&run->show_lock);
}

void run_say(struct run *run, const char *format, ...)
{
	if (!say_anything(run))
		return;
	TEXT_CLEANUP struct text line = {0};
	va_list args;
	va_start(args, format);
	text_vprintf(&line, format, args);
	va_end(args);
	text_add_char(&line, '\n');
	show(run, line.data, line.size);
}

/* Lines of a single target appear as they come, but a long table in few writes. */
static void line_done(struct run *run, struct target *target)
{
	text_add_char(&target->lines, '\n');
	if (run->target_count == 1 && (target->worked || target->lines.size > 4096))
		target_flush(run, target);
}

void target_say(struct run *run, struct target *target, const char *format, ...)
{
	if (!say_anything(run))
		return;
	va_list args;
	va_start(args, format);
	text_vprintf(&target->lines, format, args);
	va_end(args);
	line_done(run, target);
}

void target_say_line(struct run *run, struct target *target, const struct text *line)
{
	if (!say_anything(run))
		return;
	text_append(&target->lines, text_string(line), line->size);
	line_done(run, target);
}

void target_flush(struct run *run, struct target *target)
{
	if (!target->lines.size)
		return;
	TEXT_CLEANUP struct text block = {0};
	if (run->target_count > 1)
		text_printf(&block, "[%s]\n", target->connection->name);
	text_append(&block, target->lines.data, target->lines.size);
	text_clear(&target->lines);
	show(run, block.data, block.size);
}

const char *run_paint(const struct run *run, struct arena *arena, enum paint paint, const char *text)
{
	if (!run->colour)
		return text;
	return arena_printf(arena, "\033[%dm%s\033[0m", (int)paint, text);
}

void target_result(struct target *target, const char *key, json_t *value)
{
	json_object_set_new(target->result, key, value);
}

void run_result(struct run *run, const char *key, json_t *value)
{
	if (!run->result)
		run->result = json_object();
	json_object_set_new(run->result, key, value);
}

static struct result_list *list_find(struct target *target, const char *key)
{
	for (size_t i = 0; i < RESULT_LISTS; i++) {
		struct result_list *list = &target->lists[i];
		if (!list->key || strcmp(list->key, key) == 0)
			return list;
	}
	abort(); /* a handler with more lists than RESULT_LISTS */
}

void target_list(struct run *run, struct target *target, const char *key)
{
	if (!run->json)
		return;
	struct result_list *list = list_find(target, key);
	list->key = key;
	text_clear(&list->items);
}

void target_list_add(struct run *run, struct target *target, const char *key, json_t *item)
{
	if (!item)
		return;
	char *text =
		run->json ? json_dumps(item, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ENCODE_ANY) : NULL;
	json_decref(item);
	if (!text)
		return;
	struct text *items = &list_find(target, key)->items;
	if (items->size)
		text_add_char(items, ',');
	redact(run->observer, text, strlen(text), items);
	mem_free(text); /* main hands jansson our allocator */
}

void target_result_clear(struct target *target)
{
	json_object_clear(target->result);
	for (size_t i = 0; i < RESULT_LISTS; i++) {
		target->lists[i].key = NULL;
		text_clear(&target->lists[i].items);
	}
}
