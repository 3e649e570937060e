/* cmd_plugin_list.c - plugin:list: every file that might be a plugin, and why
 * a refused one was refused. Reads notes only; runs no plugin code. */
#include "cli/commands.h"

static json_t *candidate_json(const struct candidate *candidate)
{
	json_t *object = json_pack("{s:s, s:b, s:s?}", "path", candidate->path, "accepted",
				   !candidate->refusal, "refusal", candidate->refusal);
	if (candidate->has_note) {
		const struct elq_note *note = &candidate->note;
		const char *kind = kind_name(note->kind);
		json_object_set_new(object, "kind", json_string(kind ? kind : "unknown"));
		json_object_set_new(object, "name", json_string(note->name));
		json_object_set_new(object, "version", json_string(note->version));
		json_object_set_new(object, "abi",
				    json_sprintf("%u.%u", note->abi_major, note->abi_minor));
		json_object_set_new(object, "family", json_string(note->family));
		json_object_set_new(object, "schemes", json_string(note->schemes));
	}
	return object;
}

static void candidate_say(struct run *run, const struct candidate *candidate)
{
	const struct elq_note *note = &candidate->note;
	if (candidate->has_note) {
		const char *kind = kind_name(note->kind);
		run_say(run, "%-7s %-12s %-10s abi %u.%u  %s", kind ? kind : "?", note->name,
			note->version, note->abi_major, note->abi_minor, candidate->path);
	} else {
		run_say(run, "%-7s %-12s %-10s %-8s %s", "?", "?", "?", "", candidate->path);
	}
	if (candidate->refusal)
		run_say(run, "        %s",
			run_paint(run, &run->arena, PAINT_RED,
				  arena_printf(&run->arena, "refused: %s", candidate->refusal)));
}

static enum status plugin_list_local(struct run *run, struct error *error)
{
	struct candidates candidates = {0};
	enum status status = candidates_list(&run->project, &candidates, error);
	if (status)
		return status;
	json_t *list = json_array();
	for (size_t i = 0; i < candidates.count; i++) {
		candidate_say(run, &candidates.items[i]);
		json_array_append_new(list, candidate_json(&candidates.items[i]));
	}
	if (!candidates.count)
		run_say(run, "no plugins in %s", run->project.plugin_dir);
	run_result(run, "folder", json_string(run->project.plugin_dir));
	run_result(run, "plugins", list);
	candidates_free(&candidates);
	return STATUS_OK;
}

const struct command command_plugin_list = {
	.name = "plugin:list",
	.group = "Plugins",
	.summary = "what is installed, and why something is refused",
	.arguments = "",
	.guard = {.class_ = GUARD_SAFE},
	.notes = "Reads the plugins' notes only: none of their code runs.",
	.local = plugin_list_local,
};
