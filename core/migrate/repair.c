/* repair.c - what a person knows goes into the history: repair and baseline. They
 * append events; no statement of a migration runs. */
#include "migrate/private.h"

#include <string.h>

static const char *entry_word(const struct entry *entry)
{
	switch (entry->state) {
	case ENTRY_APPLIED:
		return "applied";
	case ENTRY_BASELINED:
		return "baselined";
	case ENTRY_PARTIAL:
		return entry->down ? "half rolled back" : "half applied";
	case ENTRY_FAILED:
		return entry->down ? "applied, rolling back failed" : "failed, not applied";
	case ENTRY_REVERTED:
		return "not applied";
	}
	return "unknown";
}

/* "applied, checksum 12ab..., its file is gone" */
static const char *describe(struct migrator *migrator, const struct repair *repair)
{
	const struct entry *entry = repair->entry;
	const char *checksum = entry && entry_stands(entry) ? entry->checksum : NULL;
	const char *file = "";
	if (!repair->file)
		file = ", its file is gone";
	else if (checksum && !text_equal(checksum, repair->file->checksum))
		file = ", its file was edited";
	return arena_printf(&migrator->arena, "%s%s%s%s", entry ? entry_word(entry) : "not applied",
			    checksum ? ", checksum " : "", checksum ? checksum : "", file);
}

static enum status nothing_to_repair(const struct repair *repair, const char *what, const char *hint,
				     struct error *error)
{
	error_set(error, STATUS_CHECK_FAILED, "%s is %s: %s", repair->name, repair->before, what);
	error_hint(error, "%s", hint);
	return STATUS_CHECK_FAILED;
}

static enum status accept_check(const struct repair *repair, struct error *error)
{
	const struct entry *entry = repair->entry;
	if (!repair->file)
		return nothing_to_repair(repair, "there is no text to accept",
					 "bring the file back, or use migrate:repair --forget", error);
	if (!entry || !entry_stands(entry))
		return nothing_to_repair(repair, "its file may be edited freely",
					 "run it with eloquent migrate:run", error);
	if (entry->state == ENTRY_PARTIAL)
		return nothing_to_repair(
			repair, "a new text cannot go on where the old one stopped",
			"finish or undo it by hand, then migrate:repair --mark applied|reverted",
			error);
	if (text_equal(entry->checksum, repair->file->checksum))
		return nothing_to_repair(repair, "its file is what was applied", "nothing to do",
					 error);
	return STATUS_OK;
}

static enum status forget_check(const struct repair *repair, struct error *error)
{
	if (repair->file)
		return nothing_to_repair(repair, "its file is there",
					 "--forget is for files that are gone; eloquent "
					 "migrate:rollback undoes a migration",
					 error);
	return STATUS_OK;
}

static enum status mark_check(const struct repair *repair, struct error *error)
{
	const struct entry *entry = repair->entry;
	bool stands = entry && entry_stands(entry);
	bool half = entry && entry->state == ENTRY_PARTIAL;
	if (repair->kind == REPAIR_MARK_APPLIED && stands && !half)
		return nothing_to_repair(repair, "it counts as applied already", "nothing to do",
					 error);
	if (repair->kind == REPAIR_MARK_REVERTED && !stands)
		return nothing_to_repair(repair, "it counts as not applied already", "nothing to do",
					 error);
	return STATUS_OK;
}

static const char *describe_after(struct migrator *migrator, const struct repair *repair)
{
	if (repair->kind == REPAIR_FORGET || repair->kind == REPAIR_MARK_REVERTED)
		return "not applied";
	return arena_printf(&migrator->arena, "%s, checksum %s",
			    repair->entry && repair->entry->state == ENTRY_BASELINED ? "baselined"
										     : "applied",
			    repair->file ? repair->file->checksum : repair->entry->checksum);
}

enum status migrator_select_repair(struct migrator *migrator, struct repair *repair,
				   struct error *error)
{
	const struct row *row = NULL;
	enum status status = row_require(migrator, repair->name, &row, error);
	if (status)
		return status;
	repair->file = row->file;
	repair->entry = row->entry;
	repair->before = describe(migrator, repair);
	switch (repair->kind) {
	case REPAIR_ACCEPT:
		status = accept_check(repair, error);
		break;
	case REPAIR_FORGET:
		status = forget_check(repair, error);
		break;
	case REPAIR_MARK_APPLIED:
	case REPAIR_MARK_REVERTED:
		status = mark_check(repair, error);
		break;
	}
	if (!status)
		repair->after = describe_after(migrator, repair);
	return status;
}

static const char *repair_word(enum repair_kind kind)
{
	switch (kind) {
	case REPAIR_ACCEPT:
		return "accept";
	case REPAIR_FORGET:
		return "forget";
	case REPAIR_MARK_APPLIED:
		return "mark applied";
	case REPAIR_MARK_REVERTED:
		return "mark reverted";
	}
	return "unknown";
}

/* The file's words count, where there is one. */
static void record_name(struct record *record, const struct repair *repair)
{
	if (repair->file) {
		record->version = repair->file->version;
		record->name = repair->file->name;
		record->checksum = repair->file->checksum;
	} else if (repair->entry) {
		record->version = repair->entry->version;
		record->name = repair->entry->name;
		record->checksum = repair->entry->checksum;
	}
}

static enum status repair_body(struct unit *unit, struct error *error)
{
	const struct repair *repair = unit->context;
	const struct entry *entry = repair->entry;
	bool up = repair->kind == REPAIR_ACCEPT || repair->kind == REPAIR_MARK_APPLIED;
	bool known = entry && entry_stands(entry);
	TEXT_CLEANUP struct text detail = {0};
	detail_add_text(&detail, "action", repair_word(repair->kind));
	detail_add_text(&detail, "before", repair->before);
	detail_add_text(&detail, "after", repair->after);
	struct record record = {
		.event = "repaired",
		.direction = up ? "up" : "down",
		.batch = known ? entry->batch : unit->migrator->history.last_batch + 1,
		.statement = -1,
		.detail = detail_close(&detail),
		.duration_us = -1,
		.rows = -1,
	};
	record_name(&record, repair);
	enum status status = journal_append(unit->migrator, &unit->chain, &record, error);
	return status ? status : journal_checkpoint(unit->migrator, &unit->chain, error);
}

enum status migrator_repair(struct migrator *migrator, const struct repair *repair, struct error *error)
{
	struct repair copy = *repair;
	struct unit unit = {.migrator = migrator, .body = repair_body, .context = &copy};
	return unit_run(&unit, error);
}

static enum status baseline_body(struct unit *unit, struct error *error)
{
	struct migrator *migrator = unit->migrator;
	enum status status = STATUS_OK;
	for (size_t i = 0; i < migrator->step_count && !status; i++) {
		struct record record =
			record_of(&migrator->steps[i], "baselined", migrator->history.last_batch + 1);
		status = journal_append(migrator, &unit->chain, &record, error);
	}
	return status ? status : journal_checkpoint(migrator, &unit->chain, error);
}

enum status migrator_baseline(struct migrator *migrator, struct error *error)
{
	struct unit unit = {.migrator = migrator, .body = baseline_body};
	if (!migrator->step_count)
		return STATUS_OK;
	enum status status = unit_run(&unit, error);
	if (!status)
		migrator->steps_done = migrator->step_count;
	return status;
}

/* ---- restored ------------------------------------------------------------------------- */

enum status migrator_record_restored(struct migrator *migrator, const char *backup, const char *copy,
				     struct error *error)
{
	TEXT_CLEANUP struct text detail = {0};
	detail_add_text(&detail, "backup", backup);
	if (copy)
		detail_add_text(&detail, "copy", copy);
	struct record record = {
		.event = "restored",
		.batch = -1,
		.statement = -1,
		.detail = detail_close(&detail),
		.duration_us = -1,
		.rows = -1,
	};
	return journal_record(migrator, &record, error);
}
