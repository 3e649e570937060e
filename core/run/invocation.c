/* invocation.c - what handlers ask of a parsed command line, and whether the
 * values in it are what their options take. */
#include "run/run.h"

#include <string.h>

static const struct {
	const char *name;
	int arity;
	const char *argument;
} rows[OPTION_COUNT] = {
#define X(id, name, arity, argument, help) {name, arity, argument},
	OPTION_TABLE(X)
#undef X
};

bool option_given(const struct invocation *invocation, enum option option)
{
	return invocation->options[option].count > 0;
}

const char *option_value(const struct invocation *invocation, enum option option)
{
	const struct option_values *values = &invocation->options[option];
	return values->count ? values->items[values->count - 1] : NULL;
}

enum value_kind { VALUE_WORD, VALUE_COUNT, VALUE_DURATION, VALUE_DATE };

static enum value_kind kind_of(const char *argument)
{
	if (strcmp(argument, "N") == 0)
		return VALUE_COUNT;
	if (strcmp(argument, "DATE") == 0)
		return VALUE_DATE;
	return strcmp(argument, "DURATION") == 0 ? VALUE_DURATION : VALUE_WORD;
}

static enum status value_check(const char *name, const char *argument, const char *value,
			       struct error *error)
{
	int64_t number = 0;
	enum value_kind kind = kind_of(argument);
	if (kind == VALUE_COUNT && (!parse_integer(value, &number) || number < 1))
		return error_set(error, STATUS_USAGE, "--%s takes a whole number from 1, not \"%s\"",
				 name, value);
	if (kind == VALUE_DURATION && (!parse_duration_us(value, &number) || number < 0))
		return error_set(error, STATUS_USAGE,
				 "--%s takes a duration such as 30s or 5m, not \"%s\"", name, value);
	if (kind == VALUE_DATE && !parse_date(value))
		return error_set(error, STATUS_USAGE, "--%s takes a day such as 2026-01-31, not \"%s\"",
				 name, value);
	return STATUS_OK;
}

enum status option_values_check(const struct invocation *invocation, struct error *error)
{
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const char *value = option_value(invocation, (enum option)i);
		bool alone = rows[i].arity == 2 && value && !*value; /* --wait */
		if (!value || alone)
			continue;
		enum status status = value_check(rows[i].name, rows[i].argument, value, error);
		if (status)
			return status;
	}
	return STATUS_OK;
}

int64_t option_count(const struct invocation *invocation, enum option option, int64_t otherwise)
{
	const char *value = option_value(invocation, option);
	int64_t number = otherwise;
	return value && parse_integer(value, &number) ? number : otherwise;
}

int64_t option_duration_us(const struct invocation *invocation, enum option option, int64_t otherwise)
{
	const char *value = option_value(invocation, option);
	int64_t us = otherwise;
	return value && *value && parse_duration_us(value, &us) ? us : otherwise;
}

bool connections_named(const struct invocation *invocation)
{
	return invocation->connections.count || option_given(invocation, OPTION_ALL_CONNECTIONS) ||
	       option_given(invocation, OPTION_TEST);
}

const char *argument(const struct invocation *invocation, size_t index)
{
	return index < invocation->arguments.count ? invocation->arguments.items[index] : NULL;
}

static void add_option(struct text *text, enum option option, const char *value)
{
	text_printf(text, " --%s", rows[option].name);
	if (rows[option].arity == 0 || (rows[option].arity == 2 && !*value))
		return;
	text_add_char(text, rows[option].arity == 2 ? '=' : ' ');
	text_add_shell_quoted(text, value);
}

void invocation_add_words(const struct invocation *invocation, struct text *text)
{
	text_add(text, invocation->command->name);
	for (size_t i = 0; i < invocation->arguments.count; i++) {
		text_add_char(text, ' ');
		text_add_shell_quoted(text, invocation->arguments.items[i]);
	}
	for (enum option option = 0; option < OPTION_COUNT; option++) {
		const struct option_values *values = &invocation->options[option];
		if (option == OPTION_CONNECTION || option == OPTION_ALL_CONNECTIONS ||
		    option == OPTION_TEST || option == OPTION_FORCE || option == OPTION_YES)
			continue;
		for (size_t i = 0; i < values->count; i++)
			add_option(text, option, values->items[i]);
	}
}
