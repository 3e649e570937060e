/* invocation.c - what handlers ask of a parsed command line. */
#include "run/run.h"

bool option_given(const struct invocation *invocation, enum option option)
{
	return invocation->options[option].count > 0;
}

const char *option_value(const struct invocation *invocation, enum option option)
{
	const struct option_values *values = &invocation->options[option];
	return values->count ? values->items[values->count - 1] : NULL;
}

static const char *option_name(enum option option)
{
	static const char *const names[] = {
#define X(id, name, arity, argument, help) name,
		OPTION_TABLE(X)
#undef X
	};
	return names[option];
}

enum status option_count(const struct invocation *invocation, enum option option, int64_t *ret,
			 struct error *error)
{
	const char *value = option_value(invocation, option);
	int64_t number = 0;
	if (!value)
		return STATUS_OK;
	if (!parse_integer(value, &number) || number < 1) {
		error_set(error, STATUS_USAGE, "--%s takes a whole number from 1, not \"%s\"",
			  option_name(option), value);
		return STATUS_USAGE;
	}
	*ret = number;
	return STATUS_OK;
}

enum status option_duration(const struct invocation *invocation, enum option option, int64_t *ret_us,
			    struct error *error)
{
	const char *value = option_value(invocation, option);
	if (!value || !*value)
		return STATUS_OK;
	int64_t us = 0;
	if (!parse_duration_us(value, &us) || us < 0) {
		error_set(error, STATUS_USAGE, "--%s takes a duration such as 30s or 5m, not \"%s\"",
			  option_name(option), value);
		return STATUS_USAGE;
	}
	*ret_us = us;
	return STATUS_OK;
}

const char *argument(const struct invocation *invocation, size_t index)
{
	return index < invocation->arguments.count ? invocation->arguments.items[index] : NULL;
}
