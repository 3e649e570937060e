/* puppet.c - a whole driver, in memory, that does what a test tells it: the setting
 * `mode` and the texts of statements choose each answer, right or wrong.
 *
 *   is NAME VALUE      fails unless the setting NAME arrived as VALUE
 *   fail CODE FLAGS TEXT   sets an error and returns CODE
 *   mute CODE          returns CODE and says nothing
 *   at OFFSET          fails with this byte offset
 *   bytes              fails with a message that is not UTF-8
 *   wait               until cancelled() or the deadline
 *   wait cancel        until the slot cancel was called
 *   log                logs a line with an open and a secret field
 *   rows N             changes N rows
 *   find SEVERITY RULE OBJECT   the review's finding of this statement; "-": no object
 *   find_beyond, find_mute      one of a statement that was not fed; one that says nothing */
#include <eloquent/driver.h>
#include <eloquent/plugin.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "marker.h"
#include "semicolons.h"

#define SETTING_CAP 16
#define EVENT_CAP 64
#define STR(text)                                                                                      \
	{                                                                                              \
		text, sizeof(text) - 1                                                                 \
	}

struct pair {
	char name[64];
	char value[256];
};

struct elq_connection {
	struct pair settings[SETTING_CAP];
	size_t setting_count;
	char all[SETTING_CAP * 330];
	char mode[32];
	char options[256];
	int64_t sequences[EVENT_CAP];
	size_t event_count;
	struct pair meta[SETTING_CAP];
	size_t meta_count;
	char holder[64];
	atomic_bool cancelled;
};

static int32_t fail(const struct elq_call *call, int32_t code, uint32_t flags, int64_t offset,
		    const char *message)
{
	const struct elq_error error = {
		.struct_size = sizeof(error),
		.code = code,
		.flags = flags,
		.sqlstate = "ZZ001",
		.native = 77,
		.statement = -1,
		.offset = offset,
		.message = {message, strlen(message)},
		.hint = STR("ask the puppet"),
	};
	call->host->set_error(call, &error);
	return code;
}

static int mode_is(const struct elq_connection *connection, const char *mode)
{
	return strcmp(connection->mode, mode) == 0;
}

/* A warning per slot, so that a test sees their order. */
static void trace(const struct elq_call *call, const struct elq_connection *connection,
		  const char *slot)
{
	if (mode_is(connection, "trace"))
		call->host->log(call, ELQ_LOG_WARN, slot, strlen(slot), NULL, 0);
}

/* ---- core slots --------------------------------------------------------------------- */

static void keep(struct pair *pair, struct elq_str name, struct elq_str value)
{
	snprintf(pair->name, sizeof(pair->name), "%.*s", (int)name.size, name.data);
	snprintf(pair->value, sizeof(pair->value), "%.*s", (int)value.size, value.data);
}

static void keep_settings(struct elq_connection *connection, const struct elq_setting *settings,
			  uint64_t count)
{
	for (uint64_t i = 0; i < count && i < SETTING_CAP; i++) {
		const struct elq_setting *setting =
			(const struct elq_setting *)((const char *)settings +
						     i * settings[0].struct_size);
		struct pair *pair = &connection->settings[connection->setting_count++];
		size_t used = strlen(connection->all);
		keep(pair, setting->name, setting->value);
		snprintf(connection->all + used, sizeof(connection->all) - used, "%s%s%s=%s",
			 used ? " " : "", (setting->flags & ELQ_PARAM_SECRET) != 0 ? "!" : "",
			 pair->name, pair->value);
		if (strcmp(pair->name, "mode") == 0)
			snprintf(connection->mode, sizeof(connection->mode), "%.31s", pair->value);
	}
}

static int32_t puppet_open(const struct elq_call *call, const struct elq_setting *settings,
			   uint64_t setting_count, uint32_t flags,
			   struct elq_connection **ret_connection)
{
	struct elq_connection *connection = calloc(1, sizeof(*connection));
	int32_t code = 0;
	if (connection == NULL)
		return ELQ_ERR_NOMEM;
	keep_settings(connection, settings, setting_count);
	if ((flags & ELQ_OPEN_WRITE) != 0)
		snprintf(connection->options, sizeof(connection->options), "write");
	if (sscanf(connection->mode, "open_fails_%d", &code) == 1)
		fail(call, code, 0, -1, "the strings are cut");
	else if (!mode_is(connection, "open_null"))
		*ret_connection = connection;
	if (code != 0 || mode_is(connection, "open_null"))
		free(connection);
	return code;
}

static void puppet_close(const struct elq_call *call, struct elq_connection *connection)
{
	if (connection == NULL)
		return;
	trace(call, connection, "close");
	free(connection);
}

static int32_t puppet_describe(const struct elq_call *call, struct elq_connection *connection,
			       struct elq_description *ret)
{
	(void)call;
	ret->flags = connection->meta_count > 0 ? ELQ_CONN_EXISTS : 0;
	ret->caps = mode_is(connection, "no_caps") ? 0 : UINT64_MAX;
	if (mode_is(connection, "no_review"))
		ret->caps &= ~ELQ_CAP_REVIEW;
	ret->product = (struct elq_str)STR("Puppet");
	ret->version = (struct elq_str)STR("0.1\xff");
	if (!mode_is(connection, "no_identity"))
		ret->identity = (struct elq_str)STR("puppet:1");
	ret->database = (struct elq_str)STR("stage");
	ret->location = (struct elq_str){connection->all, strlen(connection->all)};
	return ELQ_OK;
}

static int32_t puppet_next(const struct elq_call *call, struct elq_connection *connection,
			   const char *script, uint64_t size, uint64_t offset, struct elq_span *ret)
{
	(void)connection;
	semicolons_next(script, size, offset, ret);
	if (size - offset >= 4 && memcmp(script + offset, "OPEN", 4) == 0)
		return fail(call, ELQ_ERR_MALFORMED, 0, -1, "the quote is never closed");
	if (size - offset >= 5 && memcmp(script + offset, "STUCK", 5) == 0)
		ret->next = ret->start + (ret->size = 0);
	if (size - offset >= 6 && memcmp(script + offset, "BEYOND", 6) == 0)
		ret->size = UINT64_MAX;
	if (size - offset >= 4 && memcmp(script + offset, "KIND", 4) == 0)
		ret->kind = 99;
	return ELQ_OK;
}

static int32_t wait_for(const struct elq_call *call, struct elq_connection *connection, int by_slot)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	for (;;) {
		if (by_slot ? atomic_load(&connection->cancelled) : call->host->cancelled(call) != 0)
			return fail(call, ELQ_ERR_CANCELLED, 0, -1, "cancelled");
		if (call->deadline_ns != 0 && call->host->now_ns(call) > call->deadline_ns)
			return fail(call, ELQ_ERR_TIMEOUT, 0, -1, "too late");
		nanosleep(&pause, NULL);
	}
}

static int32_t write_log(const struct elq_call *call)
{
	const struct elq_field fields[] = {
		{sizeof(fields[0]), 0, STR("open"), STR("seen")},
		{sizeof(fields[0]), ELQ_FIELD_SECRET, STR("shut"), STR("unseen")},
	};
	call->host->log(call, ELQ_LOG_WARN, "a line", 6, fields, 2);
	return ELQ_OK;
}

static int32_t check_setting(const struct elq_call *call, const struct elq_connection *connection,
			     const char *name, const char *value)
{
	for (size_t i = 0; i < connection->setting_count; i++)
		if (strcmp(connection->settings[i].name, name) == 0)
			return strcmp(connection->settings[i].value, value) == 0
				       ? ELQ_OK
				       : fail(call, ELQ_ERR_FAILED, 0, -1, "another value");
	return fail(call, ELQ_ERR_FAILED, 0, -1, "no such setting");
}

static int32_t puppet_execute(const struct elq_call *call, struct elq_connection *connection,
			      const struct elq_statement *statement, const struct elq_sink *sink,
			      struct elq_result *ret_result)
{
	char text[512], a[128] = "", b[256] = "";
	int code = 0;
	unsigned flags = 0;
	long long number = 0;
	(void)sink;
	snprintf(text, sizeof(text), "%.*s", (int)statement->text.size, statement->text.data);
	if (sscanf(text, "is %127s %255[^\n]", a, b) >= 1)
		return check_setting(call, connection, a, b);
	if (sscanf(text, "fail %d %u %255[^\n]", &code, &flags, b) == 3)
		return fail(call, code, flags, -1, b);
	if (sscanf(text, "mute %d", &code) == 1)
		return code;
	if (sscanf(text, "at %lld", &number) == 1)
		return fail(call, ELQ_ERR_FAILED, 0, number, "here");
	if (sscanf(text, "rows %lld", &number) == 1 && ret_result != NULL) {
		ret_result->rows_changed = number;
		return ELQ_OK;
	}
	if (strcmp(text, "log") == 0)
		return write_log(call);
	if (strcmp(text, "bytes") == 0)
		return fail(call, ELQ_ERR_FAILED, 0, -1, "bad \xff\xfe \xc3\xa9 end");
	if (strcmp(text, "wait") == 0)
		return wait_for(call, connection, 0);
	if (strcmp(text, "wait cancel") == 0)
		return wait_for(call, connection, 1);
	if (strcmp(text, "options") == 0)
		return fail(call, ELQ_ERR_FAILED, 0, -1, connection->options);
	return fail(call, ELQ_ERR_FAILED, 0, -1, "what?");
}

static int32_t stop_if_cancelled(const struct elq_call *call)
{
	if (call->host->cancelled(call) != 0)
		return fail(call, ELQ_ERR_CANCELLED, 0, -1, "cancelled");
	if (call->deadline_ns != 0 && call->host->now_ns(call) > call->deadline_ns)
		return fail(call, ELQ_ERR_TIMEOUT, 0, -1, "too late");
	return ELQ_OK;
}

static void keep_options(struct elq_connection *connection, const struct elq_begin *begin)
{
	connection->options[0] = '\0';
	for (uint64_t i = 0; i < begin->option_count; i++) {
		const struct elq_setting *option =
			(const struct elq_setting *)((const char *)begin->options +
						     i * begin->options[0].struct_size);
		size_t used = strlen(connection->options);
		snprintf(connection->options + used, sizeof(connection->options) - used, "%s%.*s=%.*s",
			 i ? " " : "", (int)option->name.size, option->name.data,
			 (int)option->value.size, option->value.data);
	}
}

static int32_t puppet_begin(const struct elq_call *call, struct elq_connection *connection,
			    const struct elq_begin *begin)
{
	keep_options(connection, begin);
	return stop_if_cancelled(call);
}

static int32_t puppet_commit(const struct elq_call *call, struct elq_connection *connection)
{
	(void)connection;
	return stop_if_cancelled(call);
}

static int32_t puppet_rollback(const struct elq_call *call, struct elq_connection *connection)
{
	trace(call, connection, "rollback");
	if (mode_is(connection, "rollback_fails"))
		return fail(call, ELQ_ERR_LOST, 0, -1, "gone");
	return stop_if_cancelled(call);
}

static void puppet_cancel(struct elq_connection *connection)
{
	atomic_store(&connection->cancelled, true);
}

/* ---- history -------------------------------------------------------------------------- */

static int32_t puppet_create(const struct elq_call *call, struct elq_connection *connection)
{
	(void)connection;
	return stop_if_cancelled(call);
}

static int32_t puppet_append(const struct elq_call *call, struct elq_connection *connection,
			     const struct elq_event *event)
{
	if (event->struct_size != sizeof(*event))
		return fail(call, ELQ_ERR_INVALID, 0, -1, "an event of another size");
	if (connection->event_count == EVENT_CAP)
		return ELQ_ERR_NOMEM;
	connection->sequences[connection->event_count++] = event->sequence;
	return stop_if_cancelled(call);
}

/* An older driver's event ends early: what it does not have arrives as zero. */
static int32_t puppet_read(const struct elq_call *call, struct elq_connection *connection,
			   int64_t after, const struct elq_event_sink *sink)
{
	for (size_t i = 0; i < connection->event_count; i++) {
		struct elq_event event = {
			.struct_size = mode_is(connection, "old_events")
					       ? offsetof(struct elq_event, hash)
					       : sizeof(event),
			.sequence = connection->sequences[i],
			.run = STR("run"),
			.hash = STR("hash"),
		};
		if (event.sequence > after && sink->event(sink->context, &event) != 0)
			return ELQ_ERR_STOPPED;
	}
	if (mode_is(connection, "stops"))
		return ELQ_ERR_STOPPED;
	return stop_if_cancelled(call);
}

static int32_t puppet_read_meta(const struct elq_call *call, struct elq_connection *connection,
				const struct elq_sink *sink)
{
	for (size_t i = 0; i < connection->meta_count; i++) {
		struct elq_value row[2] = {
			{.type = ELQ_TYPE_TEXT,
			 .as.data = connection->meta[i].name,
			 .size = strlen(connection->meta[i].name)},
			{.type = ELQ_TYPE_TEXT,
			 .as.data = connection->meta[i].value,
			 .size = strlen(connection->meta[i].value)},
		};
		if (mode_is(connection, "meta_number"))
			row[1] = (struct elq_value){.type = ELQ_TYPE_I64, .as.i64 = 5};
		if (sink->row(sink->context, row, mode_is(connection, "meta_single") ? 1 : 2) != 0)
			return ELQ_ERR_STOPPED;
	}
	return stop_if_cancelled(call);
}

static int32_t puppet_write_meta(const struct elq_call *call, struct elq_connection *connection,
				 const struct elq_str *key, const struct elq_str *value)
{
	if (value->data == NULL)
		connection->meta_count = 0;
	else if (connection->meta_count < SETTING_CAP)
		keep(&connection->meta[connection->meta_count++], *key, *value);
	return stop_if_cancelled(call);
}

/* ---- schema ------------------------------------------------------------------------------ */

static int32_t puppet_records(const struct elq_call *call, struct elq_connection *connection,
			      const struct elq_sink *sink)
{
	(void)call;
	(void)connection;
	(void)sink;
	return ELQ_OK;
}

static int32_t puppet_holds(const struct elq_call *call, struct elq_connection *connection,
			    int32_t *ret)
{
	(void)call;
	if (mode_is(connection, "maybe"))
		*ret = 7;
	else if (!mode_is(connection, "no_answer"))
		*ret = mode_is(connection, "full");
	return ELQ_OK;
}

static int32_t puppet_wipe(const struct elq_call *call, struct elq_connection *connection,
			   int64_t *ret_dropped)
{
	(void)call;
	(void)connection;
	*ret_dropped = 3;
	return ELQ_OK;
}

#include "puppet_load.h"
#include "puppet_lock.h"
#include "puppet_review.h"

static const struct elq_history history = {
	.struct_size = sizeof(history),
	.create = puppet_create,
	.append = puppet_append,
	.read = puppet_read,
	.read_meta = puppet_read_meta,
	.write_meta = puppet_write_meta,
};
static const struct elq_schema schema = {
	.struct_size = sizeof(schema),
	.describe = puppet_records,
	.holds_rows = puppet_holds,
	.holds_objects = puppet_holds,
	.wipe = puppet_wipe,
};

static const void *puppet_extension(const char *name, uint64_t size)
{
	if (size == strlen(ELQ_EXT_HISTORY) && memcmp(name, ELQ_EXT_HISTORY, size) == 0)
		return &history;
	if (size == strlen(ELQ_EXT_LOCK) && memcmp(name, ELQ_EXT_LOCK, size) == 0)
		return &lock_ops;
	if (size == strlen(ELQ_EXT_SCHEMA) && memcmp(name, ELQ_EXT_SCHEMA, size) == 0)
		return &schema;
	if (size == strlen(ELQ_EXT_LOAD) && memcmp(name, ELQ_EXT_LOAD, size) == 0)
		return &load_ops;
	if (size == strlen(ELQ_EXT_REVIEW) && memcmp(name, ELQ_EXT_REVIEW, size) == 0)
		return &review_ops;
	return NULL;
}

static const struct elq_driver puppet = {
	.struct_size = sizeof(puppet),
	.open = puppet_open,
	.close = puppet_close,
	.describe = puppet_describe,
	.next_statement = puppet_next,
	.execute = puppet_execute,
	.begin = puppet_begin,
	.commit = puppet_commit,
	.rollback = puppet_rollback,
	.cancel = puppet_cancel,
	.get_extension = puppet_extension,
};

#define PARAM(name_, type_, flags_, default_)                                                          \
	{                                                                                              \
		.struct_size = sizeof(struct elq_param), .type = type_, .flags = flags_,               \
		.name = STR(name_), .default_value = default_, .help = STR("for tests")                \
	}

static const struct elq_param params[] = {
	PARAM("database", ELQ_PARAM_TEXT, ELQ_PARAM_REQUIRED, {0}),
	PARAM("mode", ELQ_PARAM_TEXT, 0, {0}),
	PARAM("host", ELQ_PARAM_TEXT, 0, {0}),
	PARAM("user", ELQ_PARAM_TEXT, 0, {0}),
	PARAM("path", ELQ_PARAM_PATH, 0, {0}),
	PARAM("port", ELQ_PARAM_INTEGER, 0, {0}),
	PARAM("verify", ELQ_PARAM_BOOL, 0, {0}),
	PARAM("wait", ELQ_PARAM_DURATION, 0, STR("5s")),
	PARAM("password", ELQ_PARAM_TEXT, ELQ_PARAM_SECRET, {0}),
	PARAM("url", ELQ_PARAM_TEXT, ELQ_PARAM_SECRET, {0}),
	PARAM("pin", ELQ_PARAM_INTEGER, ELQ_PARAM_SECRET, {0}),
	PARAM("foreign_keys", ELQ_PARAM_BOOL, ELQ_PARAM_MIGRATION, {0}),
	PARAM("retries", ELQ_PARAM_INTEGER, ELQ_PARAM_MIGRATION, {0}),
};

static const struct elq_manifest manifest = {
	.magic = ELQ_MANIFEST_MAGIC,
	.struct_size = sizeof(manifest),
	.abi_major = ELQ_ABI_MAJOR,
	.abi_minor = ELQ_ABI_MINOR,
	.kind = ELQ_KIND_DRIVER,
	.caps = ELQ_CAP_HISTORY | ELQ_CAP_LOCK | ELQ_CAP_SCHEMA | ELQ_CAP_LOAD | ELQ_CAP_REVIEW,
	.name = STR("puppet"),
	.version = STR("1.0.0"),
	.params = params,
	.param_count = sizeof(params) / sizeof(params[0]),
	.ops = &puppet,
};

ELQ_PLUGIN_NOTE(ELQ_KIND_DRIVER, "puppet", "1.0.0", "other", "puppet puppet+tls", "sql")
ELQ_PLUGIN_ENTRY(driver, puppet, &manifest)
