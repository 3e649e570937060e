/* history.c - reads the events and verifies the chain that ties them. What they
 * mean together is fold.c's. */
#include "migrate/private.h"

#include <string.h>

struct reading {
	struct history *history;
	struct fold fold;
	enum history_verify verify;
	struct text buffer; /* canonical bytes, used again for each event */
	enum status status; /* why we stopped, with the error below */
	struct error error;
};

static enum status broken(struct reading *reading, int64_t sequence, const char *what)
{
	error_set(&reading->error, STATUS_HISTORY_BROKEN, "event %lld of the history %s",
		  (long long)sequence, what);
	error_hint(&reading->error, "somebody or something changed the history, which is only ever "
				    "appended to: look at it, and restore a backup");
	return STATUS_HISTORY_BROKEN;
}

/* Looked at even where nothing is verified: what follows from a part of the events is
 * another state than the database has. */
static enum status event_follows(struct reading *reading, const struct elq_event *event)
{
	int64_t expected = reading->history->head_sequence + 1;
	return event->sequence == expected ? STATUS_OK : broken(reading, expected, "is missing");
}

static enum status event_verify(struct reading *reading, const struct elq_event *event)
{
	struct history *history = reading->history;
	bool trusted =
		reading->verify == VERIFY_TAIL && event->sequence <= history->checkpoint_sequence;
	if (!trusted) {
		char hash[HASH_TEXT];
		if (!str_equals(event->previous, history->head_hash))
			return broken(reading, event->sequence, "does not follow the one before it");
		event_hash_buffered(event, &reading->buffer, hash);
		if (!str_equals(event->hash, hash))
			return broken(reading, event->sequence, "was changed: its hash does not fit");
	}
	if (event->sequence == history->checkpoint_sequence &&
	    !str_equals(event->hash, history->checkpoint_hash))
		return broken(reading, event->sequence, "is not the one that was verified before");
	return STATUS_OK;
}

static int32_t on_event(void *context, const struct elq_event *event)
{
	struct reading *reading = context;
	struct history *history = reading->history;
	reading->status = event_follows(reading, event);
	if (!reading->status && reading->verify != VERIFY_NOTHING)
		reading->status = event_verify(reading, event);
	if (!reading->status)
		reading->status = fold_event(&reading->fold, event, &reading->error);
	if (reading->status)
		return 1;
	size_t size = event->hash.size < HASH_TEXT - 1 ? (size_t)event->hash.size : HASH_TEXT - 1;
	history->head_sequence = event->sequence;
	if (size)
		memcpy(history->head_hash, event->hash.data, size);
	history->head_hash[size] = 0;
	return 0;
}

/* "<sequence> <hash>". Anything else is as good as none: then all is verified. */
static void checkpoint_parse(struct history *history, const char *value)
{
	const char *blank = strchr(value, ' ');
	if (!blank || strlen(blank + 1) != HASH_TEXT - 1)
		return;
	CLEANUP(mem_free_text) char *digits = mem_copy(value, (size_t)(blank - value));
	int64_t sequence = 0;
	if (!parse_integer(digits, &sequence) || sequence < 1)
		return;
	history->checkpoint_sequence = sequence;
	memcpy(history->checkpoint_hash, blank + 1, HASH_TEXT);
}

static void on_meta(void *context, const char *key, const char *value)
{
	if (text_equal(key, "checkpoint"))
		checkpoint_parse(context, value);
}

static enum status events_read(struct database *database, struct reading *reading, struct error *error)
{
	struct history *history = reading->history;
	enum status status = database_history_read(database, 0, on_event, reading, error);
	/* Looked at even where nothing is verified: a history that was emptied must not read
	 * as a database that was never migrated. */
	if (!status && !reading->status && history->head_sequence < history->checkpoint_sequence)
		reading->status = broken(reading, history->head_sequence + 1,
					 "is missing: the history was verified beyond it before");
	/* A reason of ours counts more than how the driver calls the stop. */
	if (reading->status) {
		status = reading->status;
		error_move(error, &reading->error);
	}
	return status;
}

enum status history_read(struct database *database, enum history_verify verify, struct history *ret,
			 struct error *error)
{
	struct history history = {.head_hash = HISTORY_GENESIS};
	struct reading reading = {
		.history = &history,
		.fold = {.history = &history},
		.verify = verify,
	};
	enum status status = database_meta_read(database, on_meta, &history, error);
	if (!status)
		status = events_read(database, &reading, error);
	text_free(&reading.buffer);
	if (status) {
		history_free(&history);
		return status;
	}
	*ret = history;
	return STATUS_OK;
}

void history_free(struct history *history)
{
	mem_free(history->items);
	mem_free(history->slots);
	arena_free(&history->arena);
	*history = (struct history){0};
}
