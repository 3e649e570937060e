/* doctor_parameters.c - the parameters of each driver that was loaded, as its plugin declares
 * them: what may stand in [connection:NAME], and on a migration's directive line. */
#include "cli/doctor.h"

static const char *type_word(uint32_t type)
{
	static const char *const words[] = {
		[ELQ_PARAM_TEXT] = "text", [ELQ_PARAM_INTEGER] = "integer",
		[ELQ_PARAM_BOOL] = "bool", [ELQ_PARAM_DURATION] = "duration",
		[ELQ_PARAM_PATH] = "path", [ELQ_PARAM_SIZE] = "size",
	};
	return type < COUNT_OF(words) && words[type] ? words[type] : "unknown";
}

static const char *string_of(struct arena *arena, const struct elq_str *string)
{
	return string->data ? arena_copy(arena, string->data, string->size) : NULL;
}

static const char *place_word(const struct elq_param *param)
{
	return param->flags & ELQ_PARAM_MIGRATION ? "migration" : "connection";
}

static void say(struct doctor *doctor, const struct elq_param *param)
{
	struct arena *arena = &doctor->run->arena;
	TEXT_CLEANUP struct text line = {0};
	const char *otherwise = string_of(arena, &param->default_value);
	const char *help = string_of(arena, &param->help);
	text_printf(&line, "  %-16s %-8s  %-10s", string_of(arena, &param->name),
		    type_word(param->type), place_word(param));
	if (param->flags & ELQ_PARAM_SECRET)
		text_add(&line, "  (secret)");
	if (param->flags & ELQ_PARAM_REQUIRED)
		text_add(&line, "  (required)");
	if (otherwise)
		text_printf(&line, "  (default %s)", otherwise);
	run_say(doctor->run, "%s  %s", text_string(&line), help ? help : "");
}

static json_t *parameter_json(struct arena *arena, const struct elq_param *param)
{
	return json_pack("{s:s, s:s, s:s, s:b, s:b, s:s?, s:s?}", "name",
			 string_of(arena, &param->name), "type", type_word(param->type), "place",
			 place_word(param), "secret", (param->flags & ELQ_PARAM_SECRET) != 0,
			 "required", (param->flags & ELQ_PARAM_REQUIRED) != 0, "default",
			 string_of(arena, &param->default_value), "help",
			 string_of(arena, &param->help));
}

static bool is_told(const struct doctor *doctor, const char *name)
{
	for (size_t i = 0; i < json_array_size(doctor->drivers); i++) {
		const json_t *driver = json_array_get(doctor->drivers, i);
		if (text_equal(json_string_value(json_object_get(driver, "name")), name))
			return true;
	}
	return false;
}

void doctor_parameters(struct doctor *doctor, const struct driver *driver)
{
	const struct plugin *plugin = &driver->plugin;
	if (is_told(doctor, plugin->name))
		return;
	json_t *parameters = json_array();
	if (doctor->run->verbose)
		run_say(doctor->run, "parameters of the driver %s", plugin->name);
	for (size_t i = 0; i < plugin->param_count; i++) {
		if (doctor->run->verbose)
			say(doctor, &plugin->params[i]);
		json_array_append_new(parameters,
				      parameter_json(&doctor->run->arena, &plugin->params[i]));
	}
	json_array_append_new(doctor->drivers,
			      json_pack("{s:s, s:o}", "name", plugin->name, "parameters", parameters));
}
