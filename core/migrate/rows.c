/* rows.c - files and history side by side, one row for each migration that is on
 * disk or in the database. It says what is so, not what may be done. */
#include "migrate/private.h"

#include <stdlib.h>
#include <string.h>

const char *row_state_name(enum row_state state)
{
	switch (state) {
	case ROW_APPLIED:
		return "applied";
	case ROW_PENDING:
		return "pending";
	case ROW_MODIFIED:
		return "modified";
	case ROW_MISSING:
		return "missing";
	case ROW_OUT_OF_ORDER:
		return "out of order";
	case ROW_FAILED:
		return "failed";
	case ROW_PARTIAL:
		return "partial";
	case ROW_BASELINED:
		return "baselined";
	case ROW_STALE:
		return "stale";
	}
	return "unknown";
}

bool row_is_applied(const struct row *row)
{
	switch (row->state) {
	case ROW_APPLIED:
	case ROW_BASELINED:
	case ROW_STALE:
		return true;
	case ROW_MODIFIED:
	case ROW_MISSING:
		return row->entry->state != ENTRY_PARTIAL;
	case ROW_PENDING:
	case ROW_OUT_OF_ORDER:
	case ROW_FAILED:
	case ROW_PARTIAL:
		return false;
	}
	return false;
}

/* An entry without a checksum was taken over from elsewhere: nothing to compare. */
static bool is_same(const struct migration *file, const struct entry *entry)
{
	return !entry->checksum || !*entry->checksum || text_equal(file->checksum, entry->checksum);
}

static enum row_state state_of_pending(const struct migration *file, const struct entry *entry,
				       const char *newest)
{
	if (newest && version_compare(file->version, newest) < 0)
		return ROW_OUT_OF_ORDER;
	return entry && entry->state == ENTRY_FAILED ? ROW_FAILED : ROW_PENDING;
}

static enum row_state state_of_versioned(const struct migration *file, const struct entry *entry,
					 const char *newest)
{
	if (!entry || !entry_stands(entry))
		return state_of_pending(file, entry, newest);
	if (!is_same(file, entry))
		return ROW_MODIFIED;
	if (entry->state == ENTRY_PARTIAL)
		return ROW_PARTIAL;
	return entry->state == ENTRY_BASELINED ? ROW_BASELINED : ROW_APPLIED;
}

static enum row_state state_of_repeatable(const struct migration *file, const struct entry *entry)
{
	if (!entry || entry->state == ENTRY_REVERTED)
		return ROW_PENDING;
	if (entry->state == ENTRY_FAILED)
		return ROW_FAILED;
	if (!is_same(file, entry))
		return file->applies ? ROW_STALE : ROW_APPLIED;
	if (entry->state == ENTRY_PARTIAL)
		return ROW_PARTIAL;
	return entry->state == ENTRY_BASELINED ? ROW_BASELINED : ROW_APPLIED;
}

/* The newest version that stands, file or not. */
static const char *newest_version(const struct history *history)
{
	const char *newest = NULL;
	for (size_t i = 0; i < history->count; i++) {
		const struct entry *entry = &history->items[i];
		if (*entry->version && entry_stands(entry) &&
		    (!newest || version_compare(entry->version, newest) > 0))
			newest = entry->version;
	}
	return newest;
}

static void row_add(struct migrator *migrator, enum row_state state, const struct migration *file,
		    const struct entry *entry)
{
	migrator->rows[migrator->row_count++] = (struct row){
		.state = state,
		.file = file,
		.entry = entry,
		.name = file ? file->name : entry->name,
		.version = file ? file->version : entry->version,
	};
}

/* A file whose condition does not hold is absent, unless what it made stands here. Of one
 * that is broken or ambiguous nothing can be said, but that it is not missing. */
static void rows_add_file(struct migrator *migrator, const struct migration *file, const char *newest,
			  bool *matched)
{
	const struct history *history = &migrator->history;
	const struct entry *entry = history_find(history, file->version, file->name);
	if (entry)
		matched[entry - history->items] = true;
	if (file->broken || file->ambiguous)
		return;
	if (!file->applies && (!entry || !entry_stands(entry)))
		return;
	enum row_state state = file->repeatable ? state_of_repeatable(file, entry)
						: state_of_versioned(file, entry, newest);
	row_add(migrator, state, file, entry);
}

static int row_compare(const void *left, const void *right)
{
	const struct row *a = left;
	const struct row *b = right;
	bool a_repeatable = !*a->version;
	bool b_repeatable = !*b->version;
	if (a_repeatable != b_repeatable)
		return a_repeatable ? 1 : -1;
	int order = version_compare(a->version, b->version);
	return order ? order : strcmp(a->name, b->name);
}

void rows_build(struct migrator *migrator)
{
	const struct history *history = &migrator->history;
	size_t most = migrator->folder.count + history->count;
	bool *matched = mem_alloc(history->count + 1);
	const char *newest = newest_version(history);
	migrator->rows = arena_alloc(&migrator->arena, (most + 1) * sizeof(*migrator->rows));
	migrator->row_count = 0;
	for (size_t i = 0; i < migrator->folder.count; i++)
		rows_add_file(migrator, &migrator->folder.items[i], newest, matched);
	for (size_t i = 0; i < history->count; i++)
		if (!matched[i] && entry_stands(&history->items[i]))
			row_add(migrator, ROW_MISSING, NULL, &history->items[i]);
	mem_free(matched);
	qsort(migrator->rows, migrator->row_count, sizeof(*migrator->rows), row_compare);
}
