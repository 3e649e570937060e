/* error.c - the error object and the questions about an outcome. Sentences are
 * written where the error happens, never here. */
#include "base/error.h"
#include "base/text.h"

#include <stdarg.h>
#include <string.h>

struct status_row {
	int exit_code;
	const char *code;
	const char *text;
};

static const struct status_row status_rows[STATUS_COUNT] = {
#define X(name, exit_code, code, text) {exit_code, code, text},
	STATUS_TABLE(X)
#undef X
};

static const struct status_row *status_row(enum status status)
{
	return &status_rows[(unsigned)status < STATUS_COUNT ? status : STATUS_INTERNAL];
}

int status_exit(enum status status)
{
	return status_row(status)->exit_code;
}

const char *status_code(enum status status)
{
	return status_row(status)->code;
}

const char *status_text(enum status status)
{
	return status_row(status)->text;
}

static size_t status_weight(enum status status)
{
	/* Weakest first. 2 and 3 say that nothing was changed and stand alone; should
	 * one meet an outcome of work, the outcome is the stronger. */
	static const int weakest_first[] = {0, 4, 2, 3, 5, 6, 1, 130, 143};
	size_t weight = 0;

	while (weight < COUNT_OF(weakest_first) && weakest_first[weight] != status_exit(status))
		weight++;
	return weight;
}

enum status status_stronger(enum status a, enum status b)
{
	return status_weight(b) > status_weight(a) ? b : a;
}

void error_clear(struct error *error)
{
	mem_free(error->message);
	mem_free(error->hint);
	mem_free(error->file);
	for (size_t i = 0; i < error->more_count; i++)
		error_clear(&error->more[i]);
	mem_free(error->more);
	*error = (struct error){0};
}

enum status error_set(struct error *error, enum status status, const char *format, ...)
{
	struct text message = {0};
	va_list args;

	/* The arguments may point into the error that is being replaced. */
	va_start(args, format);
	text_vprintf(&message, format, args);
	va_end(args);
	error_clear(error);
	error->status = status;
	error->message = text_take(&message);
	return status;
}

void error_hint(struct error *error, const char *format, ...)
{
	struct text hint = {0};
	va_list args;

	va_start(args, format);
	text_vprintf(&hint, format, args);
	va_end(args);
	mem_free(error->hint);
	error->hint = text_take(&hint);
}

void error_at(struct error *error, const char *file, int64_t line, int64_t statement)
{
	char *copy = mem_text(file);

	mem_free(error->file);
	error->file = copy;
	error->line = line;
	error->statement = statement;
}

void error_prefix(struct error *error, const char *format, ...)
{
	struct text message = {0};
	va_list args;

	va_start(args, format);
	text_vprintf(&message, format, args);
	va_end(args);
	text_add(&message, ": ");
	text_add(&message, error->message);
	mem_free(error->message);
	error->message = text_take(&message);
}

void error_move(struct error *to, struct error *from)
{
	if (to == from)
		return;
	error_clear(to);
	*to = *from;
	*from = (struct error){0};
}

static void more_push(struct error *all, struct error *one)
{
	if (all->more_count == all->more_capacity) {
		size_t capacity = all->more_capacity ? all->more_capacity * 2 : 4;
		all->more = mem_resize(all->more, all->more_capacity * sizeof(*all->more),
				       capacity * sizeof(*all->more));
		all->more_capacity = capacity;
	}
	all->more[all->more_count++] = *one;
	*one = (struct error){0};
}

/* The list that hangs on one error, taken off it. */
static struct error more_take(struct error *from)
{
	struct error list = {
		.more = from->more,
		.more_count = from->more_count,
		.more_capacity = from->more_capacity,
	};
	from->more = NULL;
	from->more_count = 0;
	from->more_capacity = 0;
	return list;
}

enum status error_add(struct error *all, struct error *found)
{
	if (!found->status)
		return all->status;
	struct error behind = more_take(found);
	if (!all->status) {
		error_move(all, found);
	} else if (status_stronger(all->status, found->status) == all->status) {
		more_push(all, found);
	} else {
		struct error list = more_take(all);
		struct error first = *all;
		*all = (struct error){0};
		error_move(all, found);
		more_push(all, &first);
		for (size_t i = 0; i < list.more_count; i++)
			more_push(all, &list.more[i]);
		mem_free(list.more);
	}
	for (size_t i = 0; i < behind.more_count; i++)
		error_add(all, &behind.more[i]);
	mem_free(behind.more);
	return all->status;
}
