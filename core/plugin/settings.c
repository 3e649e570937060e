/* settings.c - from the keys of a section, as the configuration left them, to what
 * a plugin's open() receives: known keys only, converted, secrets read from
 * their files, defaults filled in. */
#include "plugin/private.h"

#include <inttypes.h>
#include <string.h>

struct resolution {
	struct observer *observer;
	const struct project *project;
	const char *owner; /* "the connection \"pg\"" */
	const struct plugin *plugin;
	struct arena *arena;
	struct elq_setting *out;
	size_t count;
};

static void mark_place(const struct origin *origin, struct error *error)
{
	if (origin->layer == LAYER_INI || origin->layer == LAYER_DOTENV)
		error_at(error, origin->name, origin->line, 0);
}

/* The folder from which a relative path of this origin counts. */
static const char *base_folder(const struct resolution *resolution, enum layer layer)
{
	if (layer == LAYER_ENVIRONMENT || layer == LAYER_COMMAND_LINE)
		return path_working_directory(resolution->arena);
	return resolution->project->root;
}

static enum status put(struct resolution *resolution, const struct elq_param *param, const char *value,
		       const struct origin *origin, struct error *error)
{
	const char *expected = NULL;
	const char *folder = base_folder(resolution, origin->layer);
	const char *converted = setting_convert(param, value, folder, resolution->arena, &expected);
	bool secret = (param->flags & ELQ_PARAM_SECRET) != 0;
	if (converted == NULL) {
		error_set(error, STATUS_CONFIG, "%s: the key \"%s\" of %s is \"%s\", not %s",
			  origin_text(origin, resolution->arena), param->name.data, resolution->owner,
			  secret ? REDACTED : value, expected);
		if (value[0])
			error_hint(error, "give it %s", expected);
		else
			error_hint(
				error,
				"give it a value: %s, or take it away; empty is not the same as unset",
				expected);
		mark_place(origin, error);
		return STATUS_CONFIG;
	}
	if (secret && converted[0] != '\0') {
		redact_add(resolution->observer, converted, strlen(converted));
		(void)redact_add_url(resolution->observer, converted);
	}
	resolution->out[resolution->count++] = (struct elq_setting){
		.struct_size = sizeof(struct elq_setting),
		.flags = secret ? ELQ_PARAM_SECRET : 0,
		.name = param->name,
		.value = {.data = converted, .size = strlen(converted)},
		.folder = {.data = folder, .size = strlen(folder)},
	};
	return STATUS_OK;
}

/* `password_file`, where the driver has a secret `password`. */
static const struct elq_param *file_form(const struct plugin *plugin, const char *key)
{
	if (!text_ends(key, "_file"))
		return NULL;
	const struct elq_param *param = param_find(plugin, key, strlen(key) - strlen("_file"), 0);
	return param != NULL && (param->flags & ELQ_PARAM_SECRET) != 0 ? param : NULL;
}

static enum status put_file(struct resolution *resolution, const struct settings *settings,
			    const struct elq_param *param, const struct setting *setting,
			    struct error *error)
{
	const struct setting *plain = settings_find(settings, param->name.data);
	if (plain != NULL) {
		error_set(error, STATUS_CONFIG, "%s: %s has both %s and %s (from %s)",
			  origin_text(&setting->origin, resolution->arena), resolution->owner,
			  setting->key, plain->key, origin_text(&plain->origin, resolution->arena));
		mark_place(&setting->origin, error);
		error_hint(error, "keep one of the two");
		return STATUS_CONFIG;
	}
	const char *folder = base_folder(resolution, setting->origin.layer);
	const char *path = path_join(resolution->arena, folder, setting->value);
	const char *value;
	enum status status =
		secret_file_read(resolution->observer, resolution->arena, path, &value, error);
	if (status != STATUS_OK) {
		error_prefix(error, "%s: the key \"%s\" of %s",
			     origin_text(&setting->origin, resolution->arena), setting->key,
			     resolution->owner);
		mark_place(&setting->origin, error);
		return status;
	}
	return put(resolution, param, value, &setting->origin, error);
}

static enum status refuse_unknown(const struct resolution *resolution, const struct setting *setting,
				  struct error *error)
{
	error_set(error, STATUS_CONFIG, "%s: the %s %s of %s knows no key \"%s\"",
		  origin_text(&setting->origin, resolution->arena),
		  kind_name(resolution->plugin->note.kind), resolution->plugin->name, resolution->owner,
		  setting->key);
	mark_place(&setting->origin, error);
	param_hint(resolution->plugin, setting->key, 0, error);
	return STATUS_CONFIG;
}

static enum status put_given(struct resolution *resolution, const struct settings *settings,
			     struct error *error)
{
	for (size_t i = 0; i < settings->count; i++) {
		const struct setting *setting = &settings->items[i];
		const struct elq_param *param =
			param_find(resolution->plugin, setting->key, strlen(setting->key), 0);
		const struct elq_param *from_file =
			param == NULL ? file_form(resolution->plugin, setting->key) : NULL;
		enum status status;
		if (param != NULL)
			status = put(resolution, param, setting->value, &setting->origin, error);
		else if (from_file != NULL)
			status = put_file(resolution, settings, from_file, setting, error);
		else
			status = refuse_unknown(resolution, setting, error);
		if (status != STATUS_OK)
			return status;
	}
	return STATUS_OK;
}

static bool given(const struct resolution *resolution, const struct elq_param *param)
{
	for (size_t i = 0; i < resolution->count; i++)
		if (resolution->out[i].name.data == param->name.data)
			return true;
	return false;
}

static enum status put_defaults(struct resolution *resolution, struct error *error)
{
	const struct origin origin = {.layer = LAYER_DEFAULT};
	for (size_t i = 0; i < resolution->plugin->param_count; i++) {
		const struct elq_param *param = &resolution->plugin->params[i];
		if ((param->flags & ELQ_PARAM_MIGRATION) != 0 || given(resolution, param))
			continue;
		if (param->default_value.data != NULL) {
			enum status status =
				put(resolution, param, param->default_value.data, &origin, error);
			if (status != STATUS_OK)
				return status;
			continue;
		}
		if ((param->flags & ELQ_PARAM_REQUIRED) == 0)
			continue;
		error_set(error, STATUS_CONFIG, "%s has no \"%s\", which its %s %s needs",
			  resolution->owner, param->name.data, kind_name(resolution->plugin->note.kind),
			  resolution->plugin->name);
		if (param->help.data != NULL)
			error_hint(error, "%s: %s", param->name.data, param->help.data);
		return STATUS_CONFIG;
	}
	return STATUS_OK;
}

enum status settings_resolve(struct observer *observer, const struct project *project,
			     const char *owner, const struct settings *settings,
			     const struct plugin *plugin, struct arena *arena, struct elq_setting **ret,
			     size_t *ret_count, struct error *error)
{
	struct resolution resolution = {observer, project, owner, plugin, arena, NULL, 0};
	size_t most = settings->count + plugin->param_count;
	resolution.out = arena_alloc(arena, (most + 1) * sizeof(*resolution.out));
	enum status status = put_given(&resolution, settings, error);
	if (status == STATUS_OK)
		status = put_defaults(&resolution, error);
	if (status != STATUS_OK)
		return status;
	*ret = resolution.out;
	*ret_count = resolution.count;
	return STATUS_OK;
}
