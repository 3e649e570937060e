/* unit.c - a unit of work that either stands whole or not at all: begin, body,
 * commit; rolled back on failure; run once more when the driver says that this
 * may help; looked up in the history when nobody knows. */
#include "migrate/private.h"

#include <string.h>

struct chain chain_of(const struct history *history)
{
	struct chain chain = {.sequence = history->head_sequence};
	memcpy(chain.hash, history->head_hash, sizeof(chain.hash));
	return chain;
}

static void chain_keep(struct history *history, const struct chain *chain)
{
	history->head_sequence = chain->sequence;
	memcpy(history->head_hash, chain->hash, sizeof(history->head_hash));
}

static enum status unit_begin(struct unit *unit, struct error *error)
{
	const struct section *section = unit->section;
	const struct settings none = {0};
	const struct settings *options = section ? &section->options : &none;
	int64_t lock = section && section->lock_timeout_us >= 0 ? section->lock_timeout_us
								: unit->migrator->lock_timeout_us;
	return database_begin(unit->migrator->database, unit->flags, options->items, options->count,
			      lock, error);
}

/* The first error is the one that counts; that the rollback failed as well goes into
 * its hint, because nobody may be told that nothing stands. */
static void unit_rollback(struct unit *unit, struct error *error)
{
	ERROR_CLEANUP struct error second = {0};
	if (!database_rollback(unit->migrator->database, &second))
		return;
	unit->stuck = true;
	error_hint(error,
		   "rolling back failed too (%s): see eloquent migrate:status before anything else",
		   second.message);
}

static enum status unit_try(struct unit *unit, struct error *error)
{
	struct database *database = unit->migrator->database;
	unit->chain = chain_of(&unit->migrator->history);
	enum status status = unit_begin(unit, error);
	if (status)
		return status; /* nothing was opened; a session around it stays */
	status = unit->body(unit, error);
	database_set_timeout(database, 0);
	if (!status)
		status = database_commit(database, error);
	if (status)
		unit_rollback(unit, error);
	return status;
}

struct look {
	const struct chain *chain;
	bool found;
};

static int32_t on_event(void *context, const struct elq_event *event)
{
	struct look *look = context;
	look->found = look->found || (event->sequence == look->chain->sequence &&
				      str_equals(event->hash, look->chain->hash));
	return look->found;
}

/* The connection broke inside commit: our last event is there, or nothing is. */
static enum status unit_look(struct unit *unit, enum status status, struct error *error)
{
	struct history *history = &unit->migrator->history;
	struct look look = {.chain = &unit->chain};
	ERROR_CLEANUP struct error second = {0};
	if (unit->chain.sequence == history->head_sequence)
		return status;
	if (database_history_read(unit->migrator->database, history->head_sequence, on_event, &look,
				  &second)) {
		error_hint(error,
			   "whether it was committed is unknown, and looking failed too (%s): see "
			   "eloquent migrate:status before anything else",
			   second.message);
		unit->stuck = true;
		return status;
	}
	if (!look.found) {
		unit->stuck = false;
		error->outcome_unknown = false;
		error->status = STATUS_FAILED;
		error_prefix(error, "the commit did not happen");
		return STATUS_FAILED;
	}
	unit->looked_up = true;
	error_clear(error);
	return STATUS_OK;
}

enum status unit_run(struct unit *unit, struct error *error)
{
	enum status status = unit_try(unit, error);
	if (status && error->retryable && !unit->stuck) {
		log_write(unit->migrator->observer, LOG_DEBUG, "once more: %s", error->message);
		error_clear(error);
		status = unit_try(unit, error);
	}
	if (status && error->outcome_unknown)
		status = unit_look(unit, status, error);
	if (!status)
		chain_keep(&unit->migrator->history, &unit->chain);
	return status;
}
