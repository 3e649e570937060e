/* project.c - project_load: the order in which a project comes about. Each
 * step stands in a file of its own. */
#include "config/private.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define INI_NAME "eloquent.ini"
#define AUDIT_KEY_MIN 16 /* bytes */

/* ---- where ------------------------------------------------------------------- */

/* --config, else the nearest eloquent.ini upwards. Whatever has that name counts: a folder
 * or an unreadable file is an error later, not a reason to take another's INI. */
static const char *ini_find(struct loader *loader)
{
	const struct config_input *input = loader->input;
	const char *folder = input->cwd;

	if (input->config)
		return path_join(loader->arena, input->cwd, input->config);
	for (;;) {
		const char *path = path_join(loader->arena, folder, INI_NAME);
		struct stat found;

		if (lstat(path, &found) == 0)
			return path;
		if (strcmp(folder, "/") == 0 || strcmp(folder, ".") == 0)
			return NULL;
		folder = path_folder(loader->arena, folder);
	}
}

static enum status root_find(struct loader *loader, struct error *error)
{
	struct project *project = loader->project;

	if (loader->input->config && loader->input->config[0] == '\0')
		return error_set(error, STATUS_USAGE, "--config is empty; name a file");
	project->ini = ini_find(loader);
	project->root = project->ini ? path_folder(loader->arena, project->ini)
				     : arena_text(loader->arena, loader->input->cwd);
	return STATUS_OK;
}

/* ---- the environment's word ------------------------------------------------------ */

static enum status word_read(struct loader *loader, struct error *error)
{
	struct project *project = loader->project;
	const struct setting *app = row_setting(loader, "APP_ENV");
	const struct setting *node = row_setting(loader, "NODE_ENV");

	project->word = word_normal(loader->arena, app->value);
	project->word_origin = app->origin;
	if (!word_valid(project->word)) {
		config_error(error, &app->origin, "APP_ENV = \"%.60s\" is no word for an environment",
			     app->value);
		error_hint(
			error,
			"write a word such as development, staging or production: a-z, 0-9, _ and -");
		return STATUS_CONFIG;
	}
	if (word_is_production(project->word)) {
		project->production = true;
		project->production_source = "APP_ENV";
	} else if (node && strcmp(word_normal(loader->arena, node->value), "production") == 0) {
		project->production = true;
		project->production_source = "NODE_ENV";
	}
	project->allow_destructive = row_bool(loader, "ELOQUENT_ALLOW_PROD_DESTRUCTIVE");
	project->role_migration =
		strcmp(row_setting(loader, "ELOQUENT_DB_ROLE")->value, "migration") == 0;
	return STATUS_OK;
}

/* What [backup] says; choices and ranges were checked when it was read. */
static void backup_values(struct loader *loader)
{
	struct backup_config *backup = &loader->project->backup;
	const struct setting *dir = row_setting(loader, "backup.dir");

	backup->dir = dir->value;
	backup->dir_is_given = dir->origin.layer != LAYER_DEFAULT;
	parse_integer(row_setting(loader, "backup.keep")->value, &backup->keep);
	parse_integer(strchr(row_setting(loader, "backup.compress")->value, ':') + 1, &backup->level);
}

/* ---- plain values ----------------------------------------------------------------- */

static void project_values(struct loader *loader)
{
	struct project *project = loader->project;
	const struct setting *name = row_setting(loader, "project.name");

	project->name = name ? name->value : arena_text(loader->arena, path_name(project->root));
	if (project->name[0] == '\0') /* the root folder itself */
		project->name = "project";
	if (!name)
		ARENA_PUSH(loader->arena, &project->resolved,
			   ((struct setting){
				   "project.name", project->name, {LAYER_DEFAULT, NULL, 0}, false}));
	project->migrations = row_setting(loader, "project.migrations")->value;
	project->seeds = row_setting(loader, "project.seeds")->value;
	parse_size(row_setting(loader, "project.max_migration")->value, &project->max_migration);
	project->policy.forbid = strcmp(row_setting(loader, "guard.production")->value, "forbid") == 0;
	project->policy.require_backup = row_bool(loader, "guard.require_backup");
	parse_duration_us(row_setting(loader, "guard.backup_max_age")->value,
			  &project->policy.backup_max_age_us);
	backup_values(loader);
	project->audit.path = row_setting(loader, "audit.path")->value;
	project->audit.enabled = row_bool(loader, "ELOQUENT_AUDIT_ENABLED");
	parse_size(row_setting(loader, "audit.max_size")->value, &project->audit.max_size);
}

static struct setting *setting_of(struct project *project, const char *key)
{
	return (struct setting *)settings_find(&project->resolved, key);
}

/* --log-level and --log-format stand above the variables. */
static enum status log_read(struct loader *loader, struct error *error)
{
	const struct config_input *input = loader->input;
	struct project *project = loader->project;
	struct setting *level = setting_of(project, "ELOQUENT_LOG_LEVEL");
	struct setting *format = setting_of(project, "ELOQUENT_LOG_FORMAT");

	if (input->log_level)
		*level = (struct setting){level->key,
					  arena_text(loader->arena, input->log_level),
					  {LAYER_COMMAND_LINE, "--log-level", 0},
					  false};
	if (input->log_format)
		*format = (struct setting){format->key,
					   arena_text(loader->arena, input->log_format),
					   {LAYER_COMMAND_LINE, "--log-format", 0},
					   false};
	if (!log_level_parse(level->value, &project->log_level)) {
		error_set(error, STATUS_USAGE, "--log-level %s: unknown word", level->value);
		error_hint(error, "write debug, info, warn or error");
		return STATUS_USAGE;
	}
	if (!log_format_parse(format->value, &project->log_format)) {
		error_set(error, STATUS_USAGE, "--log-format %s: unknown word", format->value);
		error_hint(error, "write text or json");
		return STATUS_USAGE;
	}
	return STATUS_OK;
}

/* The trail's key is a secret as passwords are; one that can be guessed is none. */
static enum status audit_key_read(struct loader *loader, struct error *error)
{
	const struct setting *file = row_setting(loader, "audit.key_file");
	struct project *project = loader->project;
	const char *key = NULL;
	enum status status;

	if (!file)
		return STATUS_OK;
	status = secret_file_read(loader->observer, loader->arena, file->value, &key, error);
	if (status) {
		error_prefix(error, "%s: key_file", origin_text(&file->origin, loader->arena));
		error_at(error, file->origin.name, file->origin.line, 0);
		return status;
	}
	if (strlen(key) < AUDIT_KEY_MIN) {
		config_error(error, &file->origin, "key_file: %s holds %zu bytes, which is too few",
			     file->value, strlen(key));
		error_hint(error, "a key has at least %d bytes; make one with: openssl rand -hex 32",
			   AUDIT_KEY_MIN);
		return STATUS_CONFIG;
	}
	project->audit.key = key;
	return exposed_file_check(loader, file->value, "the audit trail's key", error);
}

/* What is done to a production database is on record, always. */
static enum status audit_check(struct loader *loader, struct error *error)
{
	const struct project *project = loader->project;
	const struct setting *enabled = row_setting(loader, "ELOQUENT_AUDIT_ENABLED");
	const char *why = project->production ? project->production_source : NULL;

	for (size_t i = 0; !why && i < project->connection_count; i++) {
		if (project->connections[i].production)
			why = arena_printf(loader->arena, "[connection:%s]",
					   project->connections[i].name);
	}
	if (project->audit.enabled || !why)
		return STATUS_OK;
	config_error(
		error, &enabled->origin,
		"ELOQUENT_AUDIT_ENABLED = %s: the audit trail cannot be off where %s says production",
		enabled->value, why);
	error_hint(error, "unset ELOQUENT_AUDIT_ENABLED");
	return STATUS_CONFIG;
}

/* ---- the whole --------------------------------------------------------------------- */

static enum status loader_run(struct loader *loader, struct error *error)
{
	static enum status (*const steps[])(struct loader *, struct error *) = {
		root_find,     environment_load,  sections_load, rows_resolve,
		word_read,     actor_read,        log_read,      plugins_build,
		defaults_read, connections_build, twins_link,    defaults_check,
	};
	enum status status;

	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		status = steps[i](loader, error);
		if (status)
			return status;
	}
	project_values(loader);
	status = caches_build(loader, error);
	if (!status)
		status = exposures_check(loader, error);
	if (!status)
		status = audit_key_read(loader, error);
	return status ? status : audit_check(loader, error);
}

enum status project_load(struct observer *observer, const struct config_input *input,
			 struct project *ret, struct error *error)
{
	struct project project = {0};
	struct loader loader = {
		.observer = observer, .input = input, .project = &project, .arena = &project.arena};
	enum status status = loader_run(&loader, error);

	*ret = (struct project){0};
	if (status)
		arena_free(&project.arena);
	else
		*ret = project;
	return status;
}

void project_free(struct project *project)
{
	arena_free(&project->arena);
	*project = (struct project){0};
}
