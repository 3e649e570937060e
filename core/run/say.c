/* say.c - text output and JSON results of a run. Nothing is written here: what
 * is ready goes to run->show, one thread at a time. */
#include "run/private.h"

#include <stdarg.h>

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

void target_result_row(struct target *target, const char *key, json_t *row)
{
	char *dumped = json_dumps(row, JSON_COMPACT | JSON_ENSURE_ASCII);
	target->rows_key = key;
	if (target->rows.size)
		text_add_char(&target->rows, ',');
	text_add(&target->rows, dumped);
	mem_free(dumped); /* main hands jansson our allocator */
	json_decref(row);
}

void run_result(struct run *run, const char *key, json_t *value)
{
	if (!run->result)
		run->result = json_object();
	json_object_set_new(run->result, key, value);
}
