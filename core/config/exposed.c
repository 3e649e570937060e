/* exposed.c - secrets in plain words in a file that others can read or that git
 * tracks. In production that is an error; elsewhere, and of files that hold a secret alone, doctor
 * says so. Where git's index cannot tell, production is warned. */
#include "config/private.h"

#include <string.h>
#include <sys/stat.h>

void exposure_note(struct loader *loader, const char *key, const char *written,
		   const struct origin *origin)
{
	bool url = strcmp(key, "url") == 0 || text_ends(key, "_URL") || text_ends(key, "_URI");
	struct exposure exposure = {*origin, loader->connection};

	if (written[0] == '\0' || strstr(written, "${") || (url && !redact_add_url(NULL, written)))
		return;
	ARENA_PUSH(loader->arena, &loader->exposures, exposure);
}

/* ---- the check ------------------------------------------------------------------------- */

static const char *shell_quoted(struct arena *arena, const char *path)
{
	TEXT_CLEANUP struct text quoted = {0};

	text_add_shell_quoted(&quoted, path);
	return arena_text(arena, text_string(&quoted));
}

static bool look_at_mode(struct arena *arena, const char *path, struct exposed_secret *ret)
{
	struct stat found;

	if (stat(path, &found) != 0 || !(found.st_mode & S_IROTH))
		return false;
	ret->danger = arena_printf(arena, "everybody can read the file (mode %04o)",
				   (unsigned)(found.st_mode & 07777));
	ret->remedy = arena_printf(arena, "run: chmod o-r %s", shell_quoted(arena, path));
	return true;
}

static bool look_at_git(struct arena *arena, const char *path, struct exposed_secret *ret)
{
	const char *why = NULL;
	const char *quoted = shell_quoted(arena, path);
	enum git_answer answer = git_tracks(arena, path, &why);

	if (answer == GIT_TRACKS_NOT)
		return false;
	ret->advice = answer == GIT_CANNOT_BE_TOLD;
	if (ret->advice) {
		ret->danger =
			arena_printf(arena, "whether git tracks the file cannot be told: %s", why);
		ret->remedy =
			arena_printf(arena, "ask git itself: git -C %s ls-files --error-unmatch %s",
				     shell_quoted(arena, path_folder(arena, path)), quoted);
	} else {
		ret->danger = "git tracks the file";
		ret->remedy =
			arena_printf(arena,
				     "change it, take it from a variable or a file outside of the "
				     "tree, and run: git rm --cached %s",
				     quoted);
	}
	return true;
}

/* What is wrong with a file that holds a secret: ret->danger NULL when nothing is. */
static void look_at(struct arena *arena, const char *path, struct exposed_secret *ret)
{
	ret->advice = false;
	if (!look_at_mode(arena, path, ret) && !look_at_git(arena, path, ret))
		ret->danger = NULL;
}

/* Kept for doctor; in production it is an error, and what cannot be told a warning. what: "a
 * password" */
static enum status expose(struct loader *loader, const struct exposed_secret *exposed, bool production,
			  struct error *error)
{
	ARENA_PUSH(loader->arena, &loader->project->exposed, *exposed);
	if (!production)
		return STATUS_OK;
	if (exposed->advice) {
		log_write(loader->observer, LOG_WARN, "%s: %s stands here, in production, and %s; %s",
			  origin_text(&exposed->origin, loader->arena), exposed->what, exposed->danger,
			  exposed->remedy);
		return STATUS_OK;
	}
	config_error(error, &exposed->origin, "%s stands here, in production, and %s", exposed->what,
		     exposed->danger);
	error_hint(error, "%s", exposed->remedy);
	return STATUS_CONFIG;
}

enum status exposed_file_check(struct loader *loader, const char *path, const char *what,
			       struct error *error)
{
	const struct project *project = loader->project;
	struct exposed_secret exposed = {.origin = {LAYER_INI, path, 0}, .what = what};
	bool production = project->production;

	for (size_t i = 0; i < project->connection_count; i++)
		production |= project->connections[i].production;
	look_at(loader->arena, path, &exposed);
	return exposed.danger ? expose(loader, &exposed, production, error) : STATUS_OK;
}

/* ---- files that hold one secret alone ---------------------------------------------------- */

void secret_file_note(struct loader *loader, const char *path)
{
	struct secret_files *files = &loader->project->secret_files;

	for (size_t i = 0; i < files->count; i++) {
		if (strcmp(files->items[i], path) == 0)
			return;
	}
	ARENA_PUSH(loader->arena, files, path);
}

/* The INI's own: "password_file" and what else is the form of a secret. */
static void note_settings(struct loader *loader)
{
	const struct settings *resolved = &loader->project->resolved;

	for (size_t i = 0; i < resolved->count; i++) {
		const struct setting *setting = &resolved->items[i];
		const char *dot = strrchr(setting->key, '.');
		const char *folder = layer_folder(loader, setting->origin.layer);

		if (dot && setting->value && setting->value[0] && text_ends(dot, "_file") &&
		    key_value_size(dot + 1) < strlen(dot + 1))
			secret_file_note(loader, path_join(loader->arena, folder, setting->value));
	}
}

void secret_files_look(struct project *project)
{
	struct arena *arena = &project->arena;

	for (size_t i = 0; i < project->secret_files.count; i++) {
		const char *path = project->secret_files.items[i];
		struct exposed_secret exposed = {.origin = {LAYER_INI, path, 0}, .what = "a secret"};
		bool tracked = look_at_git(arena, path, &exposed) && !exposed.advice;

		if (!tracked && look_at_mode(arena, path, &exposed)) {
			exposed.advice = true;
			exposed.remedy = arena_printf(
				arena, "where that is not how secrets are handed out here, %s",
				exposed.remedy);
		}
		if (exposed.danger)
			ARENA_PUSH(arena, &project->exposed, exposed);
	}
}

/* ---- all of them ------------------------------------------------------------------------- */

static bool is_production(const struct project *project, const char *connection)
{
	const struct connection *found = NULL;

	if (connection)
		found = project_connection(project, connection);
	return project->production || (found && found->production);
}

enum status exposures_check(struct loader *loader, struct error *error)
{
	struct exposed_secret exposed = {.what = "a password"};
	enum status status = STATUS_OK;

	for (size_t i = 0; i < loader->exposures.count && !status; i++) {
		const struct exposure *exposure = &loader->exposures.items[i];

		if (!text_equal(exposed.origin.name,
				exposure->origin.name)) /* one look per file, mostly */
			look_at(loader->arena, exposure->origin.name, &exposed);
		exposed.origin = exposure->origin;
		if (exposed.danger)
			status = expose(loader, &exposed,
					is_production(loader->project, exposure->connection), error);
	}
	note_settings(loader);
	return status;
}
