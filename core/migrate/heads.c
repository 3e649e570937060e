/* heads.c - the heads of the audit trail that a database has seen: each event
 * carries the one that the trail had when its run began to write. */
#include "migrate/private.h"

#include <string.h>

struct heads {
	struct arena *arena;
	const char *connection;
	struct audit_head *items;
	size_t count;
	size_t capacity;
	bool full;
};

static const char *text_of(struct arena *arena, struct elq_str str, const char *none)
{
	return str.data ? arena_copy(arena, str.data, (size_t)str.size) : none;
}

/* The events of one run mostly stand together and carry one head. */
static int32_t take_event(void *context, const struct elq_event *event)
{
	struct heads *heads = context;
	struct audit_head head = {0};
	size_t size = event->audit_head.data ? (size_t)event->audit_head.size : 0;

	if (size == 0)
		return 0;
	memcpy(head.hash, event->audit_head.data, size < HASH_TEXT ? size : HASH_TEXT - 1);
	if (heads->count && strcmp(heads->items[heads->count - 1].hash, head.hash) == 0)
		return 0;
	heads->full = heads->count == HISTORY_HEADS_CAP;
	if (heads->full)
		return 1;
	head.seen = arena_printf(
		heads->arena, "event %lld of %s's history (run %s, %s on %s, %s)",
		(long long)event->sequence, heads->connection, text_of(heads->arena, event->run, "?"),
		text_of(heads->arena, event->actor, "nobody"), text_of(heads->arena, event->host, "?"),
		text_of(heads->arena, event->at, "?"));
	VEC_PUSH(heads, head);
	return 0;
}

enum status history_heads(struct database *database, const char *connection, struct arena *arena,
			  struct audit_head **ret, size_t *ret_count, struct error *error)
{
	struct heads heads = {.arena = arena, .connection = connection};
	enum status status = database_history_read(database, 0, take_event, &heads, error);

	if (heads.full)
		status = error_set(error, STATUS_CORRUPT,
				   "the history of %s carries more than %zu heads of audit trails",
				   connection, HISTORY_HEADS_CAP);
	if (!status) {
		*ret = arena_alloc(arena, (heads.count ? heads.count : 1) * sizeof(*heads.items));
		if (heads.count)
			memcpy(*ret, heads.items, heads.count * sizeof(*heads.items));
		*ret_count = heads.count;
	}
	mem_free(heads.items);
	return status;
}
