/* params.c - a plugin's parameter table: which parameter a word means, and a
 * word's value in the form that the plugin receives. */
#include "plugin/private.h"

#include <inttypes.h>
#include <string.h>

const struct elq_param *param_find(const struct plugin *plugin, const char *name, size_t size,
				   uint32_t migration)
{
	for (size_t i = 0; i < plugin->param_count; i++) {
		const struct elq_param *param = &plugin->params[i];
		if ((param->flags & ELQ_PARAM_MIGRATION) == migration && param->name.size == size &&
		    memcmp(param->name.data, name, size) == 0)
			return param;
	}
	return NULL;
}

const struct elq_param *plugin_param(const struct plugin *plugin, const char *name, size_t size)
{
	const struct elq_param *param = param_find(plugin, name, size, 0);
	return param != NULL ? param : param_find(plugin, name, size, ELQ_PARAM_MIGRATION);
}

void param_hint(const struct plugin *plugin, const char *name, uint32_t migration, struct error *error)
{
	TEXT_CLEANUP struct text known = {0};
	const char *kind = kind_name(plugin->note.kind);
	const char **names = mem_alloc((plugin->param_count + 1) * sizeof(*names));
	size_t count = 0;
	for (size_t i = 0; i < plugin->param_count; i++) {
		if ((plugin->params[i].flags & ELQ_PARAM_MIGRATION) != migration)
			continue;
		names[count++] = plugin->params[i].name.data;
		text_printf(&known, "%s%s", known.size > 0 ? ", " : "", plugin->params[i].name.data);
	}
	const char *nearest = text_nearest(name, names, count);
	if (count == 0)
		error_hint(error, "the %s %s has none", kind, plugin->name);
	else if (nearest != NULL)
		error_hint(error, "did you mean \"%s\"? The %s %s knows: %s", nearest, kind,
			   plugin->name, text_string(&known));
	else
		error_hint(error, "the %s %s knows: %s", kind, plugin->name, text_string(&known));
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
	case ELQ_PARAM_SIZE:
		if (parse_size(value, &number))
			return arena_printf(arena, "%" PRId64, number);
		*ret_expected = "a size such as 512KiB or 16MiB";
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
