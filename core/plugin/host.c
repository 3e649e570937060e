/* host.c - what a plugin may ask of the program during a call. The context of each
 * call is its struct caller; the plugin reaches nothing else of ours. */
#include "plugin/private.h"

#include <string.h>

#define MESSAGE_CAP ((size_t)16 << 10)
#define FIELD_CAP ((size_t)1 << 10)
#define FIELD_COUNT_CAP 64u

/* Guards against a plugin that makes its own call up. */
static struct caller *context(const struct elq_call *call)
{
	return call != NULL && call->host == &host_table ? call->context : NULL;
}

static void add_fields(struct text *line, const struct elq_field *fields, uint64_t count)
{
	uint32_t stride = fields != NULL && count > 0 ? fields[0].struct_size : 0;
	if (!ELQ_REACHES(stride, struct elq_field, value) || count > FIELD_COUNT_CAP)
		return;
	text_add(line, " (");
	for (uint64_t i = 0; i < count; i++) {
		struct elq_field field;
		sized_copy(&field, sizeof(field), (const char *)fields + i * stride, stride);
		text_add(line, i > 0 ? ", " : "");
		foreign_text(line, field.name, FIELD_CAP);
		text_add_char(line, '=');
		if ((field.flags & ELQ_FIELD_SECRET) != 0)
			text_add(line, REDACTED);
		else
			foreign_text(line, field.value, FIELD_CAP);
	}
	text_add_char(line, ')');
}

static enum log_level level_of(int32_t level)
{
	if (level < ELQ_LOG_INFO)
		return LOG_DEBUG;
	if (level < ELQ_LOG_WARN)
		return LOG_INFO;
	return level < ELQ_LOG_ERROR ? LOG_WARN : LOG_ERROR;
}

static void host_log(const struct elq_call *call, int32_t level, const char *message, uint64_t size,
		     const struct elq_field *fields, uint64_t field_count)
{
	TEXT_CLEANUP struct text line = {0};
	struct caller *caller = context(call);
	if (caller == NULL)
		return;
	foreign_text(&line, (struct elq_str){message, size}, MESSAGE_CAP);
	add_fields(&line, fields, field_count);
	log_write(caller->observer, level_of(level), "%s%s(%s %s): %s",
		  caller->name != NULL ? caller->name : "", caller->name != NULL ? " " : "",
		  kind_name(caller->plugin->note.kind), caller->plugin->name, text_string(&line));
}

/* The sinks redact too; here what is kept is clean from the start. */
static void keep_text(const struct caller *caller, struct elq_str text, struct text *ret)
{
	TEXT_CLEANUP struct text clean = {0};
	foreign_text(&clean, text, MESSAGE_CAP);
	text_clear(ret);
	if (clean.size > 0)
		redact(caller->observer, clean.data, clean.size, ret);
}

static void host_set_error(const struct elq_call *call, const struct elq_error *error)
{
	struct caller *caller = context(call);
	if (caller == NULL || error == NULL ||
	    !ELQ_REACHES(error->struct_size, struct elq_error, message))
		return;
	struct slot_error *kept = &caller->slot_error;
	kept->set = true;
	sized_copy(&kept->fixed, sizeof(kept->fixed), error, error->struct_size);
	keep_text(caller, kept->fixed.message, &kept->message);
	keep_text(caller, kept->fixed.hint, &kept->hint);
}

static void host_add_secret(const struct elq_call *call, const char *value, uint64_t size)
{
	struct caller *caller = context(call);
	if (caller != NULL && value != NULL && size > 0 && size <= TEXT_CAP / 16)
		redact_add(caller->observer, value, (size_t)size);
}

static int32_t host_cancelled(const struct elq_call *call)
{
	struct caller *caller = context(call);
	return caller != NULL && caller_cancelled(caller) && !atomic_load(&caller->shielded);
}

static int64_t host_now_ns(const struct elq_call *call)
{
	(void)call;
	return clock_monotonic_ns();
}

static int64_t host_wall_us(const struct elq_call *call)
{
	(void)call;
	return clock_wall_us();
}

static void host_progress(const struct elq_call *call, uint64_t done, uint64_t total, const char *unit,
			  uint64_t unit_size)
{
	TEXT_CLEANUP struct text word = {0};
	const struct caller *caller = context(call);
	if (caller == NULL || caller->progress == NULL)
		return;
	foreign_text(&word, (struct elq_str){unit, unit_size}, FIELD_CAP);
	caller->progress(caller->progress_context, done, total, text_string(&word));
}

/* There are no further services yet. */
static const void *host_get_extension(const struct elq_call *call, const char *name, uint64_t size)
{
	(void)call;
	(void)name;
	(void)size;
	return NULL;
}

const struct elq_host host_table = {
	.struct_size = sizeof(struct elq_host),
	.abi_major = ELQ_ABI_MAJOR,
	.abi_minor = ELQ_ABI_MINOR,
	.log = host_log,
	.set_error = host_set_error,
	.add_secret = host_add_secret,
	.cancelled = host_cancelled,
	.now_ns = host_now_ns,
	.wall_us = host_wall_us,
	.progress = host_progress,
	.get_extension = host_get_extension,
};
