/* database_ext.c - the extensions of an open database: history, lock, schema. A
 * connection counts as having one when its driver has it and describe() says
 * so; otherwise the error names driver and extension. */
#include "plugin/private.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define META_CAP ((size_t)1 << 20)
#define HOLDER_CAP ((size_t)4 << 10)

static enum status need(const struct database *database, uint64_t cap, const char *extension,
			struct error *error)
{
	if ((database->info.caps & cap) != 0)
		return STATUS_OK;
	bool driver_has = (database->driver->plugin.caps & cap) != 0;
	return error_set(error, STATUS_UNSUPPORTED, "the driver %s %s %s, which this command needs",
			 database->driver->plugin.name,
			 driver_has ? "cannot offer on this connection" : "does not have the extension",
			 extension);
}

enum status database_enter(struct database *database, uint64_t cap, const char *extension,
			   bool shielded, struct elq_call *ret, struct error *error)
{
	enum status status = need(database, cap, extension, error);
	return status != STATUS_OK ? status : call_enter(&database->caller, shielded, ret, error);
}

/* ---- history -------------------------------------------------------------------- */

static enum status enter_history(struct database *database, struct elq_call *ret, struct error *error)
{
	return database_enter(database, ELQ_CAP_HISTORY, ELQ_EXT_HISTORY, database->ours, ret, error);
}

enum status database_history_create(struct database *database, struct error *error)
{
	struct elq_call call;
	enum status status = enter_history(database, &call, error);
	if (status != STATUS_OK)
		return status;
	int32_t code = database->driver->history.create(&call, database->handle);
	return call_leave(&database->caller, code, "history.create", error);
}

enum status database_history_append(struct database *database, const struct elq_event *event,
				    struct error *error)
{
	struct elq_call call;
	struct elq_event sized = *event;
	sized.struct_size = sizeof(sized);
	enum status status = enter_history(database, &call, error);
	if (status != STATUS_OK)
		return status;
	int32_t code = database->driver->history.append(&call, database->handle, &sized);
	return call_leave(&database->caller, code, "history.append", error);
}

struct event_reader {
	int32_t (*event)(void *context, const struct elq_event *event);
	void *context;
	bool stopped;
};

static int32_t take_event(void *context, const struct elq_event *event)
{
	struct event_reader *reader = context;
	struct elq_event copy;
	sized_copy(&copy, sizeof(copy), event, event->struct_size);
	reader->stopped = reader->event(reader->context, &copy) != 0;
	return reader->stopped;
}

enum status database_history_read(struct database *database, int64_t after,
				  int32_t (*event)(void *context, const struct elq_event *event),
				  void *context, struct error *error)
{
	struct elq_call call;
	struct event_reader reader = {event, context, false};
	const struct elq_event_sink sink = {
		.struct_size = sizeof(sink), .context = &reader, .event = take_event};
	enum status status = enter_history(database, &call, error);
	if (status != STATUS_OK)
		return status;
	int32_t code = database->driver->history.read(&call, database->handle, after, &sink);
	if (code == ELQ_ERR_STOPPED && reader.stopped)
		code = ELQ_OK;
	return call_leave(&database->caller, code, "history.read", error);
}

struct meta_reader {
	void (*pair)(void *context, const char *key, const char *value);
	void *context;
	const char *broken;
};

/* A text value as a string; NULL when it is none. */
static char *meta_text(const struct elq_value *value)
{
	if (value->type != ELQ_TYPE_TEXT || value->size > META_CAP ||
	    (value->size > 0 && !value->as.data) ||
	    (value->size > 0 && memchr(value->as.data, '\0', (size_t)value->size) != NULL))
		return NULL;
	return mem_copy(value->size > 0 ? value->as.data : "", (size_t)value->size);
}

static int32_t take_pair(void *context, const struct elq_value *values, uint64_t count)
{
	struct meta_reader *reader = context;
	if (count < 2) {
		reader->broken = "a row of metadata has no key and value";
		return 1;
	}
	CLEANUP(mem_free_text) char *key = meta_text(&values[0]);
	CLEANUP(mem_free_text) char *value = meta_text(&values[1]);
	if (key == NULL || value == NULL) {
		reader->broken = "a row of metadata is not text";
		return 1;
	}
	reader->pair(reader->context, key, value);
	return 0;
}

enum status database_meta_read(struct database *database,
			       void (*pair)(void *context, const char *key, const char *value),
			       void *context, struct error *error)
{
	struct elq_call call;
	struct meta_reader reader = {pair, context, NULL};
	const struct elq_sink sink = {
		.struct_size = sizeof(sink), .context = &reader, .row = take_pair};
	enum status status = enter_history(database, &call, error);
	if (status != STATUS_OK)
		return status;
	int32_t code = database->driver->history.read_meta(&call, database->handle, &sink);
	status = call_leave(&database->caller, reader.broken != NULL ? ELQ_OK : code,
			    "history.read_meta", error);
	if (status == STATUS_OK && reader.broken != NULL)
		return call_broken(&database->caller, "history.read_meta", reader.broken, error);
	return status;
}

static struct elq_str str_of(const char *text)
{
	return (struct elq_str){text, text != NULL ? strlen(text) : 0};
}

enum status database_meta_write(struct database *database, const char *key, const char *value,
				struct error *error)
{
	struct elq_call call;
	const struct elq_str name = str_of(key), content = str_of(value);
	enum status status = enter_history(database, &call, error);
	if (status != STATUS_OK)
		return status;
	int32_t code = database->driver->history.write_meta(&call, database->handle, &name, &content);
	return call_leave(&database->caller, code, "history.write_meta", error);
}

/* ---- lock ----------------------------------------------------------------------- */

enum status database_lock(struct database *database, const struct lock_owner *owner,
			  struct error *error)
{
	struct elq_call call;
	char host[256] = "";
	char since[CLOCK_TEXT];
	struct elq_lock *lock = NULL;
	if (database->lock != NULL)
		return error_set(error, STATUS_INTERNAL, "the connection \"%s\" holds its lock already",
				 database->connection->name);
	(void)gethostname(host, sizeof(host) - 1);
	clock_format(clock_wall_us(), since);
	const struct elq_lock_holder holder = {
		.struct_size = sizeof(holder),
		.pid = getpid(),
		.id = str_of(owner->id),
		.actor = str_of(owner->actor),
		.host = str_of(host),
		.command = str_of(owner->command),
		.since = str_of(since),
	};
	enum status status = database_enter(database, ELQ_CAP_LOCK, ELQ_EXT_LOCK, false, &call, error);
	if (status != STATUS_OK)
		return status;
	int32_t code = database->driver->lock.acquire(&call, database->handle, &holder, &lock);
	status = call_leave(&database->caller, code, "lock.acquire", error);
	if (status == STATUS_OK && lock == NULL)
		return call_broken(&database->caller, "lock.acquire", "it succeeded without a lock",
				   error);
	if (status == STATUS_OK)
		database->lock = lock;
	return status;
}

enum status database_lock_renew(struct database *database, struct error *error)
{
	struct elq_call call;
	if (database->lock == NULL)
		return error_set(error, STATUS_INTERNAL, "the connection \"%s\" holds no lock",
				 database->connection->name);
	enum status status = database_enter(database, ELQ_CAP_LOCK, ELQ_EXT_LOCK, false, &call, error);
	if (status != STATUS_OK)
		return status;
	int32_t code = database->driver->lock.renew(&call, database->lock);
	return call_leave(&database->caller, code, "lock.renew", error);
}

void database_unlock(struct database *database)
{
	ERROR_CLEANUP struct error ignored = {0};
	struct elq_call call;
	struct elq_lock *lock = database->lock;
	if (lock == NULL || call_enter(&database->caller, true, &call, &ignored) != STATUS_OK)
		return;
	database->lock = NULL;
	database->driver->lock.release(&call, lock);
	(void)!call_leave(&database->caller, ELQ_OK, "lock.release", &ignored);
}

static const char *holder_text(struct arena *arena, struct elq_str text)
{
	TEXT_CLEANUP struct text clean = {0};
	if (text.data == NULL)
		return NULL;
	foreign_text(&clean, text, HOLDER_CAP);
	return arena_text(arena, text_string(&clean));
}

enum status database_lock_inspect(struct database *database, struct arena *arena,
				  struct lock_holder *ret, struct error *error)
{
	struct elq_call call;
	struct elq_lock_holder said = {.struct_size = sizeof(said)};
	enum status status = database_enter(database, ELQ_CAP_LOCK, ELQ_EXT_LOCK, false, &call, error);
	if (status != STATUS_OK)
		return status;
	int32_t code = database->driver->lock.inspect(&call, database->handle, &said);
	status = call_leave(&database->caller, code, "lock.inspect", error);
	if (status != STATUS_OK)
		return status;
	*ret = (struct lock_holder){
		.held = said.held != 0,
		.id = holder_text(arena, said.id),
		.actor = holder_text(arena, said.actor),
		.host = holder_text(arena, said.host),
		.command = holder_text(arena, said.command),
		.since = holder_text(arena, said.since),
		.pid = said.pid,
	};
	return STATUS_OK;
}

enum status database_lock_take_over(struct database *database, const char *id, struct error *error)
{
	struct elq_call call;
	const struct elq_str holder = str_of(id);
	enum status status = database_enter(database, ELQ_CAP_LOCK, ELQ_EXT_LOCK, false, &call, error);
	if (status != STATUS_OK)
		return status;
	int32_t code = database->driver->lock.take_over(&call, database->handle, &holder);
	return call_leave(&database->caller, code, "lock.take_over", error);
}

/* ---- schema ---------------------------------------------------------------------- */

static enum status enter_schema(struct database *database, struct elq_call *ret, struct error *error)
{
	return database_enter(database, ELQ_CAP_SCHEMA, ELQ_EXT_SCHEMA, false, ret, error);
}

/* A yes-or-no question; any other answer is a broken contract, not a yes. */
static enum status leave_question(struct database *database, int32_t code, int32_t answer,
				  const char *slot, bool *ret, struct error *error)
{
	enum status status = call_leave(&database->caller, code, slot, error);
	if (status != STATUS_OK)
		return status;
	if (answer != 0 && answer != 1)
		return call_broken(&database->caller, slot, "its answer is neither 0 nor 1", error);
	*ret = answer == 1;
	return STATUS_OK;
}

enum status database_holds_rows(struct database *database, bool *ret, struct error *error)
{
	struct elq_call call;
	int32_t answer = -1;
	enum status status = enter_schema(database, &call, error);
	if (status != STATUS_OK)
		return status;
	int32_t code = database->driver->schema.holds_rows(&call, database->handle, &answer);
	return leave_question(database, code, answer, "schema.holds_rows", ret, error);
}

enum status database_holds_objects(struct database *database, bool *ret, struct error *error)
{
	struct elq_call call;
	int32_t answer = -1;
	enum status status = enter_schema(database, &call, error);
	if (status != STATUS_OK)
		return status;
	int32_t code = database->driver->schema.holds_objects(&call, database->handle, &answer);
	return leave_question(database, code, answer, "schema.holds_objects", ret, error);
}

enum status database_wipe(struct database *database, int64_t *ret_dropped, struct error *error)
{
	struct elq_call call;
	int64_t dropped = 0;
	enum status status = enter_schema(database, &call, error);
	if (status != STATUS_OK)
		return status;
	int32_t code = database->driver->schema.wipe(&call, database->handle, &dropped);
	status = call_leave(&database->caller, code, "schema.wipe", error);
	if (status == STATUS_OK && ret_dropped != NULL)
		*ret_dropped = dropped;
	return status;
}
