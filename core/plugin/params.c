/* params.c - a driver's parameter table: which parameter a word means, and a
 * word's value in the form that the driver receives. */
#include "plugin/private.h"

#include <inttypes.h>
#include <string.h>

const struct elq_param *param_find(const struct driver *driver, const char *name, size_t size,
				   uint32_t migration)
{
	for (size_t i = 0; i < driver->param_count; i++) {
		const struct elq_param *param = &driver->params[i];
		if ((param->flags & ELQ_PARAM_MIGRATION) == migration && param->name.size == size &&
		    memcmp(param->name.data, name, size) == 0)
			return param;
	}
	return NULL;
}

const struct elq_param *driver_param(const struct driver *driver, const char *name, size_t size)
{
	const struct elq_param *param = param_find(driver, name, size, 0);
	return param != NULL ? param : param_find(driver, name, size, ELQ_PARAM_MIGRATION);
}

void param_hint(const struct driver *driver, const char *name, uint32_t migration, struct error *error)
{
	TEXT_CLEANUP struct text known = {0};
	const char **names = mem_alloc((driver->param_count + 1) * sizeof(*names));
	size_t count = 0;
	for (size_t i = 0; i < driver->param_count; i++) {
		if ((driver->params[i].flags & ELQ_PARAM_MIGRATION) != migration)
			continue;
		names[count++] = driver->params[i].name.data;
		text_printf(&known, "%s%s", known.size > 0 ? ", " : "", driver->params[i].name.data);
	}
	const char *nearest = text_nearest(name, names, count);
	if (count == 0)
		error_hint(error, "the driver %s has none", driver->name);
	else if (nearest != NULL)
		error_hint(error, "did you mean \"%s\"? The driver %s knows: %s", nearest, driver->name,
			   text_string(&known));
	else
		error_hint(error, "the driver %s knows: %s", driver->name, text_string(&known));
	mem_free(names);
}

const char *setting_convert(const struct elq_param *param, const char *value, const char *folder,
			    struct arena *arena, const char **ret_expected)
{
	int64_t number;
	bool truth;
	switch (param->type) {
	case ELQ_PARAM_INTEGER:
		if (parse_integer(value, &number))
			return arena_printf(arena, "%" PRId64, number);
		*ret_expected = "a whole number";
		return NULL;
	case ELQ_PARAM_BOOL:
		if (parse_bool(value, &truth))
			return truth ? "yes" : "no";
		*ret_expected = "yes or no";
		return NULL;
	case ELQ_PARAM_DURATION:
		if (parse_duration_us(value, &number))
			return arena_printf(arena, "%" PRId64, number);
		*ret_expected = "a duration such as 250ms, 5s or 10m";
		return NULL;
	case ELQ_PARAM_PATH:
		if (value[0] != '\0')
			return path_join(arena, folder, value);
		*ret_expected = "a path";
		return NULL;
	default:
		return value;
	}
}
