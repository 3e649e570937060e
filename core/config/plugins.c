/* plugins.c - which plugins may load and where they lie: [plugins] and the
 * [plugin:NAME] sections. Whether a file is one is the plugin room's. */
#include "config/private.h"

#include <string.h>

static const char *next_word(char **rest)
{
	char *word;

	do
		word = strsep(rest, " \t");
	while (word && word[0] == '\0');
	return word;
}

/* "<kind>/<name>" */
static bool enable_valid(const char *word, struct arena *arena)
{
	const struct key *kinds = key_find("plugin:", "kind");
	const char *slash = strchr(word, '/');
	char *rest = arena_text(arena, kinds->choices);

	if (!slash || !parse_name(slash + 1))
		return false;
	for (const char *kind; (kind = next_word(&rest)) != NULL;) {
		if (strlen(kind) == (size_t)(slash - word) && strncmp(kind, word, strlen(kind)) == 0)
			return true;
	}
	return false;
}

static enum status enable_build(struct loader *loader, struct error *error)
{
	struct project *project = loader->project;
	const struct setting *setting = row_setting(loader, "plugins.enable");
	char *rest;

	if (!setting)
		return STATUS_OK;
	project->enable_set = true;
	project->enable =
		arena_alloc(loader->arena, (strlen(setting->value) / 2 + 1) * sizeof(*project->enable));
	rest = arena_text(loader->arena, setting->value);
	for (const char *word; (word = next_word(&rest)) != NULL;) {
		if (!enable_valid(word, loader->arena)) {
			config_error(error, &setting->origin, "enable: \"%s\" is no kind/name", word);
			error_hint(error,
				   "write for example driver/%s; kinds are driver, seeder and cache",
				   conventions[0].driver);
			return STATUS_CONFIG;
		}
		project->enable[project->enable_count++] = word;
	}
	return STATUS_OK;
}

/* One key of a [plugin:NAME]; *ret stays NULL when it is not there. */
static enum status plugin_value(struct loader *loader, const char *section, const char *name,
				const char **ret, struct error *error)
{
	const struct entry *entry = entry_find(loader, section, name);
	struct setting setting = {0};
	enum status status;

	if (!entry)
		return STATUS_OK;
	setting.origin = entry_origin(loader, entry);
	status = value_substitute(loader, entry->value, &setting.origin, &setting.value, error);
	if (!status)
		status = value_check(loader, key_find(section, name), name, &setting, error);
	if (status)
		return status;
	setting.key = arena_printf(loader->arena, "%s.%s", section, name);
	ARENA_PUSH(loader->arena, &loader->project->resolved, setting);
	*ret = setting.value;
	return STATUS_OK;
}

static enum status sha256_check(struct loader *loader, const char *section,
				struct plugin_config *plugin, struct error *error)
{
	char *digits = arena_text(loader->arena, plugin->sha256);
	struct origin origin = entry_origin(loader, entry_find(loader, section, "sha256"));

	if (strlen(digits) != 64 || strspn(digits, "0123456789abcdefABCDEF") != 64) {
		config_error(error, &origin, "sha256: a SHA-256 has 64 hex digits");
		error_hint(error, "run: sha256sum FILE");
		return STATUS_CONFIG;
	}
	plugin->sha256 = word_normal(loader->arena, digits);
	return STATUS_OK;
}

static enum status plugin_build(struct loader *loader, const struct section *section,
				struct plugin_config *ret, struct error *error)
{
	struct plugin_config plugin = {.name = section_name(section->name, "plugin:"),
				       .origin = {LAYER_INI, loader->project->ini, section->line}};
	enum status status = plugin_value(loader, section->name, "kind", &plugin.kind, error);

	if (!status)
		status = plugin_value(loader, section->name, "path", &plugin.path, error);
	if (!status)
		status = plugin_value(loader, section->name, "sha256", &plugin.sha256, error);
	if (!status && !plugin.kind) {
		config_error(error, &plugin.origin, "[%s] has no kind", section->name);
		error_hint(error, "add kind = driver (or seeder, cache)");
		return STATUS_CONFIG;
	}
	if (!status && plugin.sha256)
		status = sha256_check(loader, section->name, &plugin, error);
	if (!status)
		*ret = plugin;
	return status;
}

enum status plugins_build(struct loader *loader, struct error *error)
{
	struct project *project = loader->project;
	const struct setting *dir = row_setting(loader, "plugins.dir");
	enum status status = enable_build(loader, error);

	project->plugin_dir =
		dir ? dir->value : arena_text(loader->arena, loader->input->installed_plugins);
	if (!dir && project->plugin_dir)
		ARENA_PUSH(
			loader->arena, &project->resolved,
			((struct setting){
				"plugins.dir", project->plugin_dir, {LAYER_DEFAULT, NULL, 0}, false}));
	project->plugins =
		arena_alloc(loader->arena, (loader->sections.count + 1) * sizeof(*project->plugins));
	for (size_t i = 0; !status && i < loader->sections.count; i++) {
		if (!section_name(loader->sections.items[i].name, "plugin:"))
			continue;
		status = plugin_build(loader, &loader->sections.items[i],
				      &project->plugins[project->plugin_count], error);
		if (!status)
			project->plugin_count++;
	}
	return status;
}
