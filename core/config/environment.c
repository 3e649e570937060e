/* environment.c - the two layers of variables: the real environment, and .env
 * with the --env-file files. Which variable means what is known elsewhere. */
#include "config/private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int variable_compare(const void *left, const void *right)
{
	const struct variable *a = left;
	const struct variable *b = right;
	int names = strcmp(a->name, b->name);

	return names ? names : (a->order > b->order) - (a->order < b->order);
}

static void variables_sort(struct variables *variables)
{
	if (variables->count)
		qsort(variables->items, variables->count, sizeof(*variables->items), variable_compare);
}

/* Where `name` stands or would stand. */
static size_t variables_place(const struct variables *variables, const char *name)
{
	size_t low = 0;
	size_t high = variables->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(variables->items[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The first of its name, which is the one that counts; or NULL. */
static const struct variable *variables_find(const struct variables *variables, const char *name)
{
	size_t place = variables_place(variables, name);

	if (place < variables->count && strcmp(variables->items[place].name, name) == 0)
		return &variables->items[place];
	return NULL;
}

static const struct variables *layer_variables(const struct loader *loader, enum layer layer)
{
	return layer == LAYER_ENVIRONMENT ? &loader->real : &loader->dotenv;
}

static const struct variable *layer_variable(const struct loader *loader, enum layer layer,
					     const char *name)
{
	return variables_find(layer_variables(loader, layer), name);
}

bool environment_has(const struct loader *loader, enum layer layer, const char *name)
{
	return layer_variable(loader, layer, name) != NULL;
}

bool environment_has_prefix(const struct loader *loader, enum layer layer, const char *prefix)
{
	const struct variables *variables = layer_variables(loader, layer);
	size_t place = variables_place(variables, prefix);

	return place < variables->count && text_starts(variables->items[place].name, prefix);
}

const char *layer_folder(const struct loader *loader, enum layer layer)
{
	bool typed = layer == LAYER_ENVIRONMENT || layer == LAYER_COMMAND_LINE;

	return typed ? loader->input->cwd : loader->project->root;
}

/* ---- reading one ------------------------------------------------------------- */

static enum status secret_from_file(struct loader *loader, const struct variable *file,
				    struct setting *ret, struct error *error)
{
	const char *path =
		path_join(loader->arena, layer_folder(loader, file->origin.layer), file->value);
	enum status status;

	if (file->value[0] == '\0')
		return config_error(error, &file->origin,
				    "%s is empty; it names the file that holds the secret", file->name);
	secret_file_note(loader, path);
	status = secret_file_read(loader->observer, loader->arena, path, &ret->value, error);
	if (status)
		error_prefix(error, "%s", file->name);
	ret->origin = file->origin;
	return status;
}

enum status environment_read(struct loader *loader, enum layer layer, const char *name, bool secret,
			     struct setting *ret, struct error *error)
{
	const struct variable *variable = layer_variable(loader, layer, name);
	const struct variable *file = NULL;

	*ret = (struct setting){.key = name, .secret = secret};
	if (secret)
		file = layer_variable(loader, layer, arena_printf(loader->arena, "%s_FILE", name));
	if (variable && file) {
		config_error(error, &variable->origin, "%s and %s are both set (%s)", variable->name,
			     file->name, origin_text(&file->origin, loader->arena));
		error_hint(error, "unset one of them");
		return STATUS_CONFIG;
	}
	if (file)
		return secret_from_file(loader, file, ret, error);
	if (!variable)
		return STATUS_OK;
	if (secret)
		secret_register(loader, variable->value);
	if (secret && layer == LAYER_DOTENV)
		exposure_note(loader, name, variable->value, &variable->origin);
	if (!utf8_valid(variable->value, strlen(variable->value), NULL))
		return config_error(error, &variable->origin, "the value of %s is not UTF-8", name);
	ret->value = variable->value;
	ret->origin = variable->origin;
	return STATUS_OK;
}

enum status environment_find(struct loader *loader, const char *name, bool secret, struct setting *ret,
			     struct error *error)
{
	enum status status = environment_read(loader, LAYER_ENVIRONMENT, name, secret, ret, error);

	if (status || ret->value)
		return status;
	return environment_read(loader, LAYER_DOTENV, name, secret, ret, error);
}

/* ---- ${NAME} ----------------------------------------------------------------- */

static enum status substitute_one(struct loader *loader, const char *start, const char *close,
				  const struct origin *origin, struct text *text, struct error *error)
{
	const char *name = arena_copy(loader->arena, start, (size_t)(close - start));
	struct setting found;
	enum status status;

	if (name[0] == '\0' ||
	    strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789") !=
		    strlen(name))
		return config_error(error, origin,
				    "${%s} does not name a variable; write $$ for a dollar", name);
	status = environment_find(loader, name, false, &found, error);
	if (status)
		return status;
	if (!found.value) {
		config_error(error, origin, "${%s}: the variable %s is not set", name, name);
		error_hint(error, "set %s in the environment or in .env (an empty value is a value)",
			   name);
		return STATUS_CONFIG;
	}
	text_add(text, found.value);
	return STATUS_OK;
}

enum status value_substitute(struct loader *loader, const char *value, const struct origin *origin,
			     const char **ret, struct error *error)
{
	TEXT_CLEANUP struct text text = {0};

	for (const char *at = value; *at; at++) {
		if (at[0] == '$' && at[1] == '$') {
			text_add_char(&text, *at++);
		} else if (at[0] == '$' && at[1] == '{') {
			const char *close = strchr(at, '}');
			enum status status;

			if (!close)
				return config_error(error, origin,
						    "a ${ without its }; write $$ for a dollar");
			status = substitute_one(loader, at + 2, close, origin, &text, error);
			if (status)
				return status;
			at = close;
		} else {
			text_add_char(&text, *at);
		}
		if (text.size > CONFIG_FILE_CAP)
			return config_error(error, origin,
					    "the value grows above 1 MiB by its ${NAME} parts");
	}
	*ret = arena_copy(loader->arena, text_string(&text), text.size);
	return STATUS_OK;
}

/* ---- loading ----------------------------------------------------------------- */

static void environment_take_real(struct loader *loader)
{
	const char *const *environ_ = loader->input->environ;

	for (int64_t i = 0; environ_ && environ_[i]; i++) {
		const char *equals = strchr(environ_[i], '=');
		struct variable variable = {.order = i, .origin = {LAYER_ENVIRONMENT, NULL, 0}};

		if (!equals)
			continue;
		variable.name = arena_copy(loader->arena, environ_[i], (size_t)(equals - environ_[i]));
		variable.value = arena_text(loader->arena, equals + 1);
		variable.origin.name = variable.name;
		ARENA_PUSH(loader->arena, &loader->real, variable);
	}
	variables_sort(&loader->real);
}

struct dotenv_file {
	struct loader *loader;
	const char *path;
	int64_t order;
};

static enum status take_pair(void *context, const char *name, const char *value, int64_t line,
			     struct error *error)
{
	const struct dotenv_file *file = context;
	struct arena *arena = file->loader->arena;
	struct variable variable = {arena_text(arena, name),
				    arena_text(arena, value),
				    file->order,
				    {LAYER_DOTENV, file->path, line}};

	(void)error;
	ARENA_PUSH(arena, &file->loader->dotenv, variable);
	return STATUS_OK;
}

static enum status dotenv_take(struct loader *loader, const char *path, int64_t order,
			       struct error *error)
{
	struct dotenv_file file = {loader, path, order};
	struct dotenv_handler handler = {&file, take_pair};
	TEXT_CLEANUP struct text text = {0};

	if (file_read(path, CONFIG_FILE_CAP, &text, error)) {
		error->status = STATUS_CONFIG;
		error_hint(error, "a file of variables is a readable text file with lines NAME=VALUE, "
				  "at most 1 MiB");
		error_at(error, path, 0, 0);
		return STATUS_CONFIG;
	}
	return dotenv_parse_text(path, text_string(&text), text.size, &handler, error);
}

/* Only what the real environment says counts here: .env must not decide whether it is read. */
static bool real_says_production(const struct loader *loader)
{
	const struct variable *app = variables_find(&loader->real, "APP_ENV");
	const struct variable *node = variables_find(&loader->real, "NODE_ENV");

	if (app && word_is_production(app->value))
		return true;
	return node && strcmp(word_normal(loader->arena, node->value), "production") == 0;
}

enum status environment_load(struct loader *loader, struct error *error)
{
	const struct config_input *input = loader->input;
	const char *beside = path_join(loader->arena, loader->project->root, ".env");
	enum status status = STATUS_OK;

	environment_take_real(loader);
	if (access(beside, F_OK) == 0 || errno != ENOENT) {
		if (real_says_production(loader))
			log_write(loader->observer, LOG_DEBUG,
				  "%s is not read, because the environment says production", beside);
		else
			status = dotenv_take(loader, beside, 0, error);
	}
	/* A later --env-file stands above an earlier one, and each above .env. */
	for (size_t i = 0; !status && i < input->env_file_count; i++)
		status = dotenv_take(loader, path_join(loader->arena, input->cwd, input->env_files[i]),
				     -1 - (int64_t)i, error);
	variables_sort(&loader->dotenv);
	return status;
}
