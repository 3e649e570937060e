/* database_backup.c - elq.digest, elq.backup and elq.scratch of an open database. What
 * the host's side of a stream or a list says goes through unchanged: a full disk
 * met while a driver dumps is told as a full disk, not as a driver that stopped. */
#include "plugin/private.h"

#include <string.h>

#define NAME_CAP ((size_t)4 << 10)
#define VALUE_CAP ((size_t)16 << 20)

static struct elq_str str_of(const char *text)
{
	return (struct elq_str){text, strlen(text)};
}

static const char *own_name(struct text *into, struct elq_str text, size_t cap)
{
	text_clear(into);
	foreign_text(into, text, cap);
	return text_string(into);
}

/* Our side of a call: what a callback of ours found wrong ends the call, and is its
 * outcome whatever the driver makes of it. */
struct ours {
	enum status status;
	struct error error;
};

static enum status leave(struct database *database, int32_t code, const char *slot, struct ours *ours,
			 struct error *error)
{
	ERROR_CLEANUP struct error theirs = {0};
	enum status status = call_leave(&database->caller, code, slot, ours->status ? &theirs : error);
	if (!ours->status)
		return status;
	error_move(error, &ours->error);
	return ours->status;
}

/* ---- tables ------------------------------------------------------------------------------ */

struct table_relay {
	struct ours ours;
	table_taker *take;
	void *context;
};

static bool is_digest(const char *text)
{
	return strlen(text) == HASH_TEXT - 1 && strspn(text, "0123456789abcdef") == HASH_TEXT - 1;
}

static int32_t relay_table(void *context, const struct elq_table *theirs)
{
	struct table_relay *relay = context;
	TEXT_CLEANUP struct text name = {0};
	TEXT_CLEANUP struct text digest = {0};
	struct elq_table table;
	sized_copy(&table, sizeof(table), theirs, theirs->struct_size);
	const struct table_facts facts = {
		.name = own_name(&name, table.name, NAME_CAP),
		.digest = own_name(&digest, table.digest, HASH_TEXT),
		.rows = table.rows,
		.orphans = table.orphans,
		.ours = (table.flags & ELQ_TABLE_OURS) != 0,
	};
	if (facts.rows < 0 || !is_digest(facts.digest))
		relay->ours.status =
			error_set(&relay->ours.error, STATUS_INTERNAL,
				  "a driver's table %s comes with %lld rows and the digest \"%s\"",
				  facts.name, (long long)facts.rows, facts.digest);
	else
		relay->ours.status = relay->take(relay->context, &facts, &relay->ours.error);
	return relay->ours.status != STATUS_OK;
}

static struct elq_table_sink table_sink(struct table_relay *relay)
{
	return (struct elq_table_sink){
		.struct_size = sizeof(struct elq_table_sink), .context = relay, .table = relay_table};
}

enum status database_tables(struct database *database, table_taker *take, void *context,
			    struct error *error)
{
	struct elq_call call;
	struct table_relay relay = {.take = take, .context = context};
	const struct elq_table_sink sink = table_sink(&relay);
	enum status status =
		database_enter(database, ELQ_CAP_DIGEST, ELQ_EXT_DIGEST, false, &call, error);
	if (status)
		return status;
	int32_t code = database->driver->digest.tables(&call, database->handle, &sink);
	return leave(database, code, "digest.tables", &relay.ours, error);
}

/* ---- rows of text: schema records, findings ------------------------------------------------ */

#define TEXTS_MAX 4

struct text_relay {
	struct ours ours;
	size_t width;
	texts_taker *take;
	void *context;
};

static int32_t relay_texts(void *context, const struct elq_value *values, uint64_t count)
{
	struct text_relay *relay = context;
	struct text clean[TEXTS_MAX] = {0};
	const char *texts[TEXTS_MAX];
	if (count < relay->width) {
		relay->ours.status = error_set(&relay->ours.error, STATUS_INTERNAL,
					       "a driver's row has %llu values instead of %zu",
					       (unsigned long long)count, relay->width);
		return 1;
	}
	for (size_t i = 0; i < relay->width; i++) {
		bool text = values[i].type == ELQ_TYPE_TEXT;
		const struct elq_str value = {text ? values[i].as.data : NULL, values[i].size};
		texts[i] = own_name(&clean[i], value, VALUE_CAP);
	}
	relay->ours.status = relay->take(relay->context, texts, &relay->ours.error);
	for (size_t i = 0; i < relay->width; i++)
		text_free(&clean[i]);
	return relay->ours.status != STATUS_OK;
}

static struct elq_sink text_sink(struct text_relay *relay)
{
	return (struct elq_sink){
		.struct_size = sizeof(struct elq_sink), .context = relay, .row = relay_texts};
}

enum status database_integrity(struct database *database, texts_taker *take, void *context,
			       struct error *error)
{
	struct elq_call call;
	struct text_relay relay = {.width = 2, .take = take, .context = context};
	const struct elq_sink sink = text_sink(&relay);
	enum status status =
		database_enter(database, ELQ_CAP_DIGEST, ELQ_EXT_DIGEST, false, &call, error);
	if (status)
		return status;
	int32_t code = database->driver->digest.integrity(&call, database->handle, &sink);
	return leave(database, code, "digest.integrity", &relay.ours, error);
}

enum status database_schema(struct database *database, texts_taker *take, void *context,
			    struct error *error)
{
	struct elq_call call;
	struct text_relay relay = {.width = 4, .take = take, .context = context};
	const struct elq_sink sink = text_sink(&relay);
	enum status status =
		database_enter(database, ELQ_CAP_SCHEMA, ELQ_EXT_SCHEMA, false, &call, error);
	if (status)
		return status;
	int32_t code = database->driver->schema.describe(&call, database->handle, &sink);
	return leave(database, code, "schema.describe", &relay.ours, error);
}

/* ---- dump and restore ------------------------------------------------------------------------ */

struct byte_relay {
	struct ours ours;
	const struct byte_sink *sink;
	const struct byte_source *source;
};

static int32_t relay_write(void *context, const void *data, uint64_t size)
{
	struct byte_relay *relay = context;
	relay->ours.status =
		relay->sink->write(relay->sink->context, data, (size_t)size, &relay->ours.error);
	return relay->ours.status != STATUS_OK;
}

static int32_t relay_read(void *context, void *buffer, uint64_t capacity, uint64_t *ret_size)
{
	struct byte_relay *relay = context;
	size_t size = 0;
	relay->ours.status = relay->source->read(relay->source->context, buffer, (size_t)capacity,
						 &size, &relay->ours.error);
	*ret_size = size;
	return relay->ours.status != STATUS_OK;
}

static struct elq_workplace workplace_of(const struct workplace *place)
{
	return (struct elq_workplace){.struct_size = sizeof(struct elq_workplace),
				      .folder = str_of(place->folder),
				      .id = str_of(place->id)};
}

/* Of three callbacks the first failure counts. */
static void merge(struct ours *into, struct ours *from)
{
	if (!into->status && from->status) {
		into->status = from->status;
		error_move(&into->error, &from->error);
	}
	error_clear(&from->error);
}

enum status database_dump(struct database *database, const struct dump *dump, struct error *error)
{
	struct elq_call call;
	struct byte_relay bytes = {.sink = &dump->sink};
	struct table_relay tables = {.take = dump->table, .context = dump->context};
	struct text_relay schema = {.width = 4, .take = dump->record, .context = dump->context};
	const struct elq_table_sink tables_to = table_sink(&tables);
	const struct elq_sink schema_to = text_sink(&schema);
	const struct elq_writer writer = {
		.struct_size = sizeof(writer), .context = &bytes, .write = relay_write};
	const struct elq_dump theirs = {
		.struct_size = sizeof(theirs),
		.flags = dump->raw ? ELQ_DUMP_RAW : 0,
		.workplace = workplace_of(&dump->workplace),
		.stream = &writer,
		.tables = dump->table ? &tables_to : NULL,
		.schema = dump->record ? &schema_to : NULL,
	};
	enum status status =
		database_enter(database, ELQ_CAP_BACKUP, ELQ_EXT_BACKUP, false, &call, error);
	if (status)
		return status;
	int32_t code = database->driver->backup.dump(&call, database->handle, &theirs);
	merge(&bytes.ours, &tables.ours);
	merge(&bytes.ours, &schema.ours);
	return leave(database, code, "backup.dump", &bytes.ours, error);
}

enum status database_restore(struct database *scratch, const struct byte_source *source,
			     struct error *error)
{
	struct elq_call call;
	struct byte_relay relay = {.source = source};
	const struct elq_reader reader = {
		.struct_size = sizeof(reader), .context = &relay, .read = relay_read};
	enum status status =
		database_enter(scratch, ELQ_CAP_BACKUP, ELQ_EXT_BACKUP, false, &call, error);
	if (status)
		return status;
	int32_t code = scratch->driver->backup.restore(&call, scratch->handle, &reader);
	status = leave(scratch, code, "backup.restore", &relay.ours, error);
	return status ? status : database_describe(scratch, error);
}

const char *database_dump_format(const struct database *database, struct arena *arena)
{
	TEXT_CLEANUP struct text clean = {0};
	return arena_text(arena, own_name(&clean, database->driver->backup.format, 32));
}

const char *database_dump_suffix(const struct database *database, struct arena *arena)
{
	TEXT_CLEANUP struct text clean = {0};
	const char *suffix = own_name(&clean, database->driver->backup.suffix, 16);
	return arena_text(arena, parse_name(suffix) ? suffix : "dump");
}

/* ---- scratch databases -------------------------------------------------------------------------- */

/* A handle that `from`'s driver has just made becomes a database that is cancelled with it. */
static enum status adopt(struct database *from, struct elq_connection *handle, int32_t code,
			 const char *slot, struct database **ret, struct error *error)
{
	enum status status = call_leave(&from->caller, code, slot, error);
	if (!status && !handle)
		status = call_broken(&from->caller, slot, "it succeeded without a connection", error);
	if (status)
		return status;
	struct database *database = database_new(from->observer, from->driver, from->connection);
	database->caller.follows = &from->caller;
	database->handle = handle;
	status = database_describe(database, error);
	if (status)
		database_close(database);
	else
		*ret = database;
	return status;
}

enum status database_scratch(struct database *beside, const struct workplace *workplace,
			     struct database **ret, struct error *error)
{
	struct elq_call call;
	struct elq_connection *handle = NULL;
	const struct elq_workplace theirs = workplace_of(workplace);
	enum status status =
		database_enter(beside, ELQ_CAP_SCRATCH, ELQ_EXT_SCRATCH, false, &call, error);
	if (status)
		return status;
	int32_t code = beside->driver->scratch.create(&call, beside->handle, &theirs, &handle);
	return adopt(beside, handle, code, "scratch.create", ret, error);
}

enum status database_scratch_again(struct database *scratch, struct database **ret, struct error *error)
{
	struct elq_call call;
	struct elq_connection *handle = NULL;
	enum status status =
		database_enter(scratch, ELQ_CAP_SCRATCH, ELQ_EXT_SCRATCH, false, &call, error);
	if (status)
		return status;
	int32_t code = scratch->driver->scratch.open_again(&call, scratch->handle, &handle);
	return adopt(scratch, handle, code, "scratch.open_again", ret, error);
}

bool database_promote_is_atomic(const struct database *database)
{
	return (database->driver->scratch.flags & ELQ_SCRATCH_ATOMIC) != 0;
}

enum status database_promote(struct database *scratch, struct database *live, struct error *error)
{
	struct elq_call call;
	enum status status =
		database_enter(live, ELQ_CAP_SCRATCH, ELQ_EXT_SCRATCH, false, &call, error);
	if (status)
		return status;
	int32_t code = live->driver->scratch.promote(&call, scratch->handle, live->handle);
	status = call_leave(&live->caller, code, "scratch.promote", error);
	return status ? status : database_describe(live, error);
}
