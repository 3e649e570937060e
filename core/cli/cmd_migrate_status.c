/* cmd_migrate_status.c - migrate:status and migrate:validate: what stands, and
 * whether files, history and chain agree. Both read only. */
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

static json_t *row_json(const struct row *row)
{
	json_t *object = json_pack("{s:s, s:s, s:s}", "name", row->name, "version", row->version,
				   "state", row_state_name(row->state));
	const struct entry *entry = row->entry;
	if (entry && entry->state != ENTRY_REVERTED) {
		json_object_set_new(object, "batch", json_integer(entry->batch));
		json_object_set_new(object, "at", entry->at ? json_string(entry->at) : json_null());
		json_object_set_new(object, "actor",
				    entry->actor ? json_string(entry->actor) : json_null());
		json_object_set_new(object, "duration_us",
				    entry->duration_us < 0 ? json_null()
							   : json_integer(entry->duration_us));
	}
	return object;
}

static enum paint row_paint(enum row_state state)
{
	switch (state) {
	case ROW_APPLIED:
	case ROW_BASELINED:
		return PAINT_GREEN;
	case ROW_PENDING:
	case ROW_STALE:
		return PAINT_YELLOW;
	default:
		return PAINT_RED;
	}
}

/* text, padded with blanks to `width`, then two blanks */
static void add_cell(struct text *line, const char *text, size_t width)
{
	static const char blanks[] = "                                                                ";
	size_t size = strlen(text);
	text_append(line, text, size);
	text_append(line, blanks, (size < width ? width - size : 0) + 2);
}

/* Thousands of these are shown at once: cells are appended, not formatted. */
static void row_say(struct run *run, struct target *target, const struct row *row, struct text *line,
		    size_t width)
{
	const struct entry *entry =
		row->entry && row->entry->state != ENTRY_REVERTED ? row->entry : NULL;
	const char *state = row_state_name(row->state);
	char cell[32];
	text_clear(line);
	if (run->colour) { /* the colour's own bytes are no part of the width */
		state = arena_printf(&target->arena, "%-12s", state);
		state = run_paint(run, &target->arena, row_paint(row->state), state);
	}
	add_cell(line, state, 12);
	if (!entry) {
		text_add(line, row->name);
		target_say_line(run, target, line);
		return;
	}
	add_cell(line, row->name, width);
	(void)snprintf(cell, sizeof(cell), "batch %lld", (long long)entry->batch);
	add_cell(line, cell, 9);
	text_append(line, entry->at ? entry->at : "", entry->at ? strnlen(entry->at, 19) : 0);
	text_add(line, "  ");
	add_cell(line, entry->actor ? entry->actor : "", 0);
	if (entry->duration_us >= 0) {
		int64_t us = entry->duration_us;
		(void)snprintf(cell, sizeof(cell), "%lld.%lld ms", (long long)(us / 1000),
			       (long long)(us / 100 % 10));
		text_add(line, cell);
	}
	target_say_line(run, target, line);
}

static const enum row_state states_named_apart[] = {ROW_MODIFIED,     ROW_MISSING, ROW_STALE,
						    ROW_OUT_OF_ORDER, ROW_FAILED,  ROW_PARTIAL};

/* "3 applied (1 modified, 1 missing)": those of the states that are not plain. */
static size_t add_count(struct text *line, const struct migrator *migrator, bool applied)
{
	size_t counts[ROW_STATES] = {0};
	size_t total = 0;
	for (size_t i = 0; i < migrator->row_count; i++) {
		const struct row *row = &migrator->rows[i];
		if (row_is_applied(row) != applied)
			continue;
		counts[row->state]++;
		total++;
	}
	text_printf(line, "%zu %s", total, applied ? "applied" : "pending");
	const char *before = " (";
	for (size_t i = 0; i < COUNT_OF(states_named_apart); i++) {
		enum row_state state = states_named_apart[i];
		if (!counts[state])
			continue;
		text_printf(line, "%s%zu %s", before, counts[state], row_state_name(state));
		before = ", ";
	}
	text_add(line, *before == ',' ? ")" : "");
	return total;
}

static void status_say_counts(struct run *run, struct target *target)
{
	TEXT_CLEANUP struct text line = {0};
	size_t applied = add_count(&line, &target->migrator, true);
	text_add(&line, ", ");
	size_t pending = add_count(&line, &target->migrator, false);
	target_say_line(run, target, &line);
	target_result(target, "applied", json_integer((json_int_t)applied));
	target_result(target, "pending", json_integer((json_int_t)pending));
}

static void status_say_rows(struct run *run, struct target *target)
{
	const struct migrator *migrator = &target->migrator;
	size_t width = 0;
	TEXT_CLEANUP struct text line = {0};
	target_list(run, target, "migrations");
	for (size_t i = 0; i < migrator->row_count; i++)
		if (strlen(migrator->rows[i].name) > width)
			width = strlen(migrator->rows[i].name);
	for (size_t i = 0; i < migrator->row_count; i++) {
		if (!run->json && !run->quiet)
			row_say(run, target, &migrator->rows[i], &line, width > 60 ? 60 : width);
		if (run->json)
			target_list_add(run, target, "migrations", row_json(&migrator->rows[i]));
	}
}

static enum status status_check(struct run *run, struct target *target, struct error *error)
{
	enum status status = target_load_migrator(run, target, VERIFY_NOTHING, error);
	if (status)
		return status;
	const struct migrator *migrator = &target->migrator;
	bool never = migrator->history.head_sequence == 0;
	target_result(target, "never_migrated", json_boolean(never));
	target_result(target, "database", json_string(target->info->location));
	target_result(target, "stamp",
		      target->stamp.present ? json_string(target->stamp.word) : json_null());
	if (never)
		target_say(run, target, "%s: never migrated", target->info->location);
	if (!migrator->folder.exists)
		log_write(run->observer, LOG_WARN, "%s: the migrations folder %s does not exist",
			  target->connection->name, migrator->folder_path);
	status_say_rows(run, target);
	status_say_counts(run, target);
	return option_given(run->invocation, OPTION_EXIT_CODE) ? migrator_check_applied(migrator, error)
							       : STATUS_OK;
}

static const enum option status_options[] = {OPTION_EXIT_CODE, OPTION_ALL_MIGRATIONS,
					     OPTION_CONNECT_WAIT, OPTION_COUNT};

const struct command command_migrate_status = {
	.name = "migrate:status",
	.group = "Migrate",
	.summary = "what is applied, pending, edited, missing or failed",
	.arguments = "",
	.options = status_options,
	.guard = {.class_ = GUARD_SAFE},
	.flags = COMMAND_MIGRATES,
	.check = status_check,
};

/* What the pending files would destroy: shown, and no reason to fail. What keeps them from
 * being judged was found before, or stands between two commands (a half rollback). */
static enum status validate_review(struct run *run, struct target *target, struct error *error)
{
	const struct run_selection pending = {0};
	struct error found = {0};
	enum status status = migrator_select_run(&target->migrator, &pending, &found);
	if (!status)
		status = target_review(target, &found);
	if (status && status_exit(status) != status_exit(STATUS_CHECK_FAILED))
		return error_add(error, &found);
	if (status && !error->status)
		log_write(run->observer, LOG_WARN,
			  "%s: what the pending files would destroy cannot be judged: %s",
			  target->connection->name, found.message);
	error_clear(&found);
	target_findings(run, target, true);
	return error->status;
}

static enum status validate_check(struct run *run, struct target *target, struct error *error)
{
	enum status status = migrating_load(run, target, VERIFY_ALL, error);
	struct migrator *migrator = &target->migrator;
	bool loaded = !status;
	target_list(run, target, "findings");
	/* All findings at once: who mends one file wants to know of the others. */
	if (!status || status_exit(status) == status_exit(STATUS_CHECK_FAILED))
		status = migrator_find_more(migrator, error);
	if (loaded && (!status || status_exit(status) == status_exit(STATUS_CHECK_FAILED)))
		status = validate_review(run, target, error);
	if (status)
		return status;
	target_result(target, "files", json_integer((json_int_t)migrator->folder.count));
	target_result(target, "events", json_integer(migrator->history.head_sequence));
	target_result(target, "head", json_string(migrator->history.head_hash));
	target_say(run, target, "%zu files and %lld history events agree; the chain is whole",
		   migrator->folder.count, (long long)migrator->history.head_sequence);
	return STATUS_OK;
}

static const enum option validate_options[] = {OPTION_CONNECT_WAIT, OPTION_COUNT};

const struct command command_migrate_validate = {
	.name = "migrate:validate",
	.group = "Migrate",
	.summary = "check every file, every history event and the chain that ties them",
	.arguments = "",
	.options = validate_options,
	.guard = {.class_ = GUARD_SAFE},
	.flags = COMMAND_MIGRATES,
	.check = validate_check,
};
