/* journal.c - writes history events: who, where, and the chain. What an event
 * means is the caller's; when it is durable is unit.c's. */
#include "migrate/private.h"

#include <string.h>
#include <unistd.h>

static struct elq_str str_of(const char *text)
{
	return (struct elq_str){text, text ? strlen(text) : 0};
}

struct record record_of(const struct step *step, const char *event, int64_t batch)
{
	return (struct record){
		.event = event,
		.direction = step->down ? "down" : "up",
		.version = step->file->version,
		.name = step->file->name,
		.checksum = step->file->checksum,
		.batch = batch,
		.statement = -1,
		.duration_us = -1,
		.rows = -1,
	};
}

enum status journal_append(const struct migrator *migrator, struct chain *chain,
			   const struct record *record, struct error *error)
{
	char host[256] = "";
	char hash[HASH_TEXT];
	if (gethostname(host, sizeof(host) - 1))
		host[0] = 0;
	struct elq_event event = {
		.struct_size = sizeof(event),
		.sequence = chain->sequence + 1,
		.run = str_of(migrator->run),
		.batch = record->batch,
		.version = str_of(record->version),
		.name = str_of(record->name),
		.checksum = str_of(record->checksum),
		.direction = str_of(record->direction),
		.event = str_of(record->event),
		.statement = record->statement,
		.actor = str_of(migrator->actor),
		.host = str_of(host),
		.tool = str_of(migrator->tool),
		.audit_head = str_of(migrator->audit_head ? migrator->audit_head : ""),
		.detail = str_of(record->detail),
		.previous = str_of(chain->hash),
		.duration_us = record->duration_us,
		.rows = record->rows,
	};
	event_hash(&event, hash);
	event.hash = str_of(hash);
	enum status status = database_history_append(migrator->database, &event, error);
	if (status)
		return status;
	chain->sequence++;
	memcpy(chain->hash, hash, sizeof(hash));
	return STATUS_OK;
}

static enum status record_body(struct unit *unit, struct error *error)
{
	return journal_append(unit->migrator, &unit->chain, unit->context, error);
}

enum status journal_record(struct migrator *migrator, const struct record *record, struct error *error)
{
	struct record copy = *record;
	struct unit unit = {.migrator = migrator, .body = record_body, .context = &copy};
	return unit_run(&unit, error);
}

struct sync {
	const struct chain *base;
	struct chain chain;
	int64_t statement;
};

static int32_t on_event(void *context, const struct elq_event *event)
{
	struct sync *sync = context;
	sync->chain.sequence = event->sequence;
	if (event->hash.size == HASH_TEXT - 1)
		memcpy(sync->chain.hash, event->hash.data, HASH_TEXT - 1);
	sync->statement = str_equals(event->event, "statement") ? event->statement : 0;
	return 0;
}

static enum status sync_body(struct unit *unit, struct error *error)
{
	struct sync *sync = unit->context;
	sync->chain = *sync->base;
	sync->statement = 0;
	enum status status = database_history_read(unit->migrator->database, sync->base->sequence,
						   on_event, sync, error);
	unit->chain = sync->chain;
	return status;
}

enum status journal_sync(struct migrator *migrator, const struct chain *base, int64_t *ret_statement,
			 struct error *error)
{
	struct sync sync = {.base = base};
	struct unit unit = {.migrator = migrator, .body = sync_body, .context = &sync};
	enum status status = unit_run(&unit, error);
	if (!status)
		*ret_statement = sync.statement;
	return status;
}

enum status journal_checkpoint(const struct migrator *migrator, const struct chain *chain,
			       struct error *error)
{
	CLEANUP(arena_free) struct arena arena = {0};
	const char *value = arena_printf(&arena, "%lld %s", (long long)chain->sequence, chain->hash);
	return database_meta_write(migrator->database, "checkpoint", value, error);
}

static void detail_key(struct text *detail, const char *key)
{
	text_printf(detail, "%s\"%s\":", detail->size ? "," : "{", key);
}

/* JSON takes no control characters as they are, and UTF-8 only; error messages of a
 * database may hold anything. */
static void detail_quote(struct text *detail, const char *value)
{
	size_t size = strlen(value);
	size_t good = 0;
	for (size_t at = 0; at < size; at++) {
		if (at >= good) {
			size_t bad = size - at;
			good = utf8_valid(value + at, size - at, &bad) ? size : at + bad;
		}
		unsigned char c = (unsigned char)value[at];
		if (at >= good)
			text_add(detail, "\\ufffd");
		else if (c == '"' || c == '\\')
			text_printf(detail, "\\%c", c);
		else if (c < 0x20)
			text_printf(detail, "\\u%04x", c);
		else
			text_add_char(detail, (char)c);
	}
}

void detail_add_text(struct text *detail, const char *key, const char *value)
{
	if (!value)
		return;
	detail_key(detail, key);
	text_add_char(detail, '"');
	detail_quote(detail, value);
	text_add_char(detail, '"');
}

void detail_add_number(struct text *detail, const char *key, int64_t value)
{
	detail_key(detail, key);
	text_printf(detail, "%lld", (long long)value);
}

const char *detail_close(struct text *detail)
{
	text_add(detail, detail->size ? "}" : "{}");
	return text_string(detail);
}
