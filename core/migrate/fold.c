/* fold.c - what the events say together: one entry per migration, from the last
 * `wiped` on. It verifies nothing and reads nothing; history.c does. */
#include "migrate/private.h"

#include <string.h>

bool str_equals(struct elq_str str, const char *text)
{
	return str.data && str.size == strlen(text) && memcmp(str.data, text, (size_t)str.size) == 0;
}

static const char *keep(struct fold *fold, struct elq_str str)
{
	return str.data ? arena_copy(&fold->history->arena, str.data, (size_t)str.size) : NULL;
}

static const char *keep_actor(struct fold *fold, struct elq_str actor)
{
	if (!fold->actor || !str_equals(actor, fold->actor))
		fold->actor = keep(fold, actor);
	return fold->actor;
}

/* Versioned and standing by a run of ours: what a reset takes away. */
static bool counts(const struct entry *entry)
{
	return *entry->version && entry->state != ENTRY_BASELINED && entry_stands(entry);
}

static void entry_become(struct fold *fold, struct entry *entry, enum entry_state state, bool down)
{
	fold->standing -= counts(entry);
	entry->state = state;
	entry->down = down;
	fold->standing += counts(entry);
}

static void entry_note(struct fold *fold, struct entry *entry, const struct elq_event *event)
{
	entry->at = keep(fold, event->at);
	entry->actor = keep_actor(fold, event->actor);
	entry->duration_us = event->duration_us;
	entry->detail = keep(fold, event->detail);
}

static void entry_settle(struct fold *fold, struct entry *entry, const struct elq_event *event,
			 enum entry_state state)
{
	entry_become(fold, entry, state, false);
	entry->checksum = keep(fold, event->checksum);
	entry->batch = event->batch < 0 ? 0 : event->batch;
	entry->sequence = event->sequence;
	entry->statements_done = 0;
	if (!str_equals(event->name, entry->name))
		entry->name = keep(fold, event->name);
	entry_note(fold, entry, event);
}

static void on_applied(struct fold *fold, struct entry *entry, const struct elq_event *event)
{
	entry_settle(fold, entry, event, ENTRY_APPLIED);
}

static void on_baselined(struct fold *fold, struct entry *entry, const struct elq_event *event)
{
	entry_settle(fold, entry, event, ENTRY_BASELINED);
}

/* Nothing versioned is left: whatever the repeatables made went with it, or will not
 * fit what comes next, so they run again. */
static void repeatables_reset(struct fold *fold)
{
	struct history *history = fold->history;
	for (size_t i = 0; i < history->count; i++)
		if (!*history->items[i].version)
			history->items[i].state = ENTRY_REVERTED;
}

static void entry_undo(struct fold *fold, struct entry *entry, const struct elq_event *event)
{
	entry_become(fold, entry, ENTRY_REVERTED, false);
	entry->sequence = event->sequence;
	entry->statements_done = 0;
	entry_note(fold, entry, event);
}

static void on_reverted(struct fold *fold, struct entry *entry, const struct elq_event *event)
{
	entry_undo(fold, entry, event);
	if (!fold->standing)
		repeatables_reset(fold);
}

/* Going down keeps batch, time and place of what is still applied. */
static void on_started(struct fold *fold, struct entry *entry, const struct elq_event *event)
{
	if (!str_equals(event->direction, "down")) {
		entry_settle(fold, entry, event, ENTRY_PARTIAL);
		return;
	}
	entry_become(fold, entry, ENTRY_PARTIAL, true);
	entry->checksum = keep(fold, event->checksum);
	entry->statements_done = 0;
}

static void on_statement(struct fold *fold, struct entry *entry, const struct elq_event *event)
{
	(void)fold;
	entry->statements_done = event->statement;
}

/* A failure leaves nothing, unless statements without a transaction stand. */
static void on_failed(struct fold *fold, struct entry *entry, const struct elq_event *event)
{
	bool down = str_equals(event->direction, "down");
	bool partial = entry->state == ENTRY_PARTIAL && entry->statements_done > 0;
	if (down) {
		if (!partial && entry_stands(entry) && entry->state != ENTRY_BASELINED)
			entry_become(fold, entry, ENTRY_FAILED, true);
		entry->detail = keep(fold, event->detail);
		return;
	}
	bool settled =
		*entry->version && (entry->state == ENTRY_APPLIED || entry->state == ENTRY_BASELINED);
	if (!partial && !settled)
		entry_settle(fold, entry, event, ENTRY_FAILED);
	else
		entry->detail = keep(fold, event->detail);
}

/* What a person says stands: up is applied with this checksum, down is not applied. A
 * new checksum does not make a baselined migration one that can be rolled back, nor an
 * old one the newest. */
static void on_repaired(struct fold *fold, struct entry *entry, const struct elq_event *event)
{
	if (str_equals(event->direction, "down")) {
		entry_undo(fold, entry, event);
		return;
	}
	struct entry before = *entry;
	bool stood = entry_stands(entry) && !(before.state == ENTRY_PARTIAL && !before.down);
	entry_settle(fold, entry, event,
		     before.state == ENTRY_BASELINED ? ENTRY_BASELINED : ENTRY_APPLIED);
	if (!stood)
		return;
	entry->sequence = before.sequence;
	entry->at = before.at;
	entry->actor = before.actor;
	entry->duration_us = before.duration_us;
}

struct fold_row {
	const char *event;
	void (*apply)(struct fold *fold, struct entry *entry, const struct elq_event *event);
};

/* NULL: it says nothing about one migration. */
static const struct fold_row fold_rows[] = {
	{"applied", on_applied},     {"statement", on_statement}, {"started", on_started},
	{"reverted", on_reverted},   {"failed", on_failed},       {"repaired", on_repaired},
	{"baselined", on_baselined}, {"adopted", on_applied},     {"wiped", NULL},
	{"restored", NULL},          {"taken_over", NULL},
};

enum status fold_event(struct fold *fold, const struct elq_event *event, struct error *error)
{
	const struct fold_row *row = NULL;
	for (size_t i = 0; i < COUNT_OF(fold_rows) && !row; i++)
		if (str_equals(event->event, fold_rows[i].event))
			row = &fold_rows[i];
	if (!row) {
		error_set(error, STATUS_HISTORY_BROKEN,
			  "event %lld of the history is a \"%.*s\", which is unknown",
			  (long long)event->sequence,
			  (int)(event->event.size < 40 ? event->event.size : 40),
			  event->event.data ? event->event.data : "");
		error_hint(error, "a newer eloquent may have written it: use that one");
		return STATUS_HISTORY_BROKEN;
	}
	if (event->batch > fold->history->last_batch)
		fold->history->last_batch = event->batch;
	if (row->apply)
		row->apply(fold, entries_take(fold->history, event->version, event->name), event);
	if (str_equals(event->event, "wiped")) {
		entries_clear(fold->history);
		fold->standing = 0;
	}
	return STATUS_OK;
}
