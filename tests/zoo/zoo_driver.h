/* zoo_driver.h - the table of zoo.c's drivers: it opens nothing. */
#ifndef ZOO_DRIVER_H
#define ZOO_DRIVER_H

#include <eloquent/driver.h>

#include <string.h>

#define ZOO_OPTIONAL_SLOT zoo_end

static int32_t zoo_open(const struct elq_call *call, const struct elq_setting *settings,
			uint64_t setting_count, uint32_t flags, struct elq_connection **ret_connection)
{
	(void)call;
	(void)settings;
	(void)setting_count;
	(void)flags;
	(void)ret_connection;
	return ELQ_ERR_CONNECT;
}

static void zoo_close(const struct elq_call *call, struct elq_connection *connection)
{
	(void)call;
	(void)connection;
}

static int32_t zoo_describe(const struct elq_call *call, struct elq_connection *connection,
			    struct elq_description *ret)
{
	(void)call;
	(void)connection;
	(void)ret;
	return ELQ_ERR_UNSUPPORTED;
}

static int32_t zoo_next(const struct elq_call *call, struct elq_connection *connection,
			const char *script, uint64_t size, uint64_t offset, struct elq_span *ret)
{
	(void)call;
	(void)connection;
	(void)script;
	(void)size;
	(void)offset;
	(void)ret;
	return ELQ_ERR_UNSUPPORTED;
}

static int32_t zoo_execute(const struct elq_call *call, struct elq_connection *connection,
			   const struct elq_statement *statement, const struct elq_sink *sink,
			   struct elq_result *ret_result)
{
	(void)call;
	(void)connection;
	(void)statement;
	(void)sink;
	(void)ret_result;
	return ELQ_ERR_UNSUPPORTED;
}

static int32_t zoo_begin(const struct elq_call *call, struct elq_connection *connection,
			 const struct elq_begin *begin)
{
	(void)call;
	(void)connection;
	(void)begin;
	return ELQ_ERR_UNSUPPORTED;
}

static int32_t zoo_end(const struct elq_call *call, struct elq_connection *connection)
{
	(void)call;
	(void)connection;
	return ELQ_OK;
}

static void zoo_cancel(struct elq_connection *connection)
{
	(void)connection;
}

static const void *zoo_extension(const char *name, uint64_t size)
{
	(void)name;
	(void)size;
#ifdef ZOO_BROKEN_EXTENSION
	static const struct elq_history history = {.struct_size = sizeof(history)};
	if (size == strlen(ELQ_EXT_HISTORY) && memcmp(name, ELQ_EXT_HISTORY, size) == 0)
		return &history;
#endif
	return NULL;
}

#define ZOO_TABLE struct elq_driver
#include "zoo_size.h"

static const struct newer_ops ops = {
	.known =
		{
			.struct_size = (uint32_t)ZOO_OPS_SIZE,
			.open = zoo_open,
			.close = zoo_close,
			.describe = zoo_describe,
			.next_statement = zoo_next,
			.execute = zoo_execute,
			.begin = zoo_begin,
#ifndef ZOO_MISSING_SLOT
			.commit = zoo_end,
#endif
			.rollback = zoo_end,
			.cancel = zoo_cancel,
			.get_extension = zoo_extension,
		},
};

#endif
