/* text.c - the growing byte string. Questions about words stand in words.c. */
#include "base/text.h"

#include <stdio.h>
#include <string.h>

/* Room for `more` bytes and the zero behind them. */
static void text_reserve(struct text *text, size_t more)
{
	size_t needed;
	size_t capacity = text->capacity ? text->capacity : 64;

	if (more > TEXT_CAP - text->size)
		mem_exhausted();
	needed = text->size + more + 1;
	if (needed <= text->capacity)
		return;
	while (capacity < needed)
		capacity *= 2;
	text->data = mem_resize(text->data, text->capacity, capacity);
	text->capacity = capacity;
}

void text_append(struct text *text, const char *data, size_t size)
{
	text_reserve(text, size);
	if (size)
		memcpy(text->data + text->size, data, size);
	text->size += size;
	text->data[text->size] = '\0';
}

void text_add(struct text *text, const char *string)
{
	if (string)
		text_append(text, string, strlen(string));
}

void text_add_char(struct text *text, char c)
{
	text_append(text, &c, 1);
}

void text_vprintf(struct text *text, const char *format, va_list args)
{
	va_list again;
	int size;

	va_copy(again, args);
	size = vsnprintf(NULL, 0, format, args);
	if (size < 0)
		mem_exhausted();
	text_reserve(text, (size_t)size);
	vsnprintf(text->data + text->size, (size_t)size + 1, format, again);
	text->size += (size_t)size;
	va_end(again);
}

void text_printf(struct text *text, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	text_vprintf(text, format, args);
	va_end(args);
}

const char *text_string(const struct text *text)
{
	return text->data ? text->data : "";
}

void text_clear(struct text *text)
{
	text_cut(text, 0);
}

void text_cut(struct text *text, size_t size)
{
	if (size >= text->size)
		return;
	text->size = size;
	text->data[size] = '\0';
}

char *text_take(struct text *text)
{
	char *data = text->data ? text->data : mem_copy("", 0);

	*text = (struct text){0};
	return data;
}

void text_free(struct text *text)
{
	mem_free(text->data);
	*text = (struct text){0};
}
