/* keeper.c - a whole driver, in memory, with elq.digest, elq.backup and elq.scratch: its
 * database is a text, and the setting `mode` chooses what it does wrong.
 *
 *   deaf         goes on writing after the host said no, and says that all went well
 *   stops        says that the host stopped it, which the host did not
 *   digest_short, rows_negative, narrow_row, name_bytes, older_table
 *                facts of a wrong shape, or of an older one
 *   scratch_null makes no scratch database and says that it did
 *   again_null   opens it no second time and says that it did
 *   promote_fails
 *   finding      integrity finds one thing */
#include <eloquent/backup.h>
#include <eloquent/plugin.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "marker.h"

#define CONTENT_CAP 256
#define DIGEST "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define STR(text)                                                                                      \
	{                                                                                              \
		text, sizeof(text) - 1                                                                 \
	}

struct elq_connection {
	char mode[32];
	char content[CONTENT_CAP];
	char workplace[512];
};

static int is(const struct elq_connection *connection, const char *mode)
{
	return strcmp(connection->mode, mode) == 0;
}

static int32_t fail(const struct elq_call *call, int32_t code, const char *message)
{
	const struct elq_error error = {
		.struct_size = sizeof(error),
		.code = code,
		.statement = -1,
		.offset = -1,
		.message = {message, strlen(message)},
	};
	call->host->set_error(call, &error);
	return code;
}

/* ---- the core slots ------------------------------------------------------------------- */

static int32_t keeper_open(const struct elq_call *call, const struct elq_setting *settings,
			   uint64_t setting_count, uint32_t flags, struct elq_connection **ret)
{
	struct elq_connection *connection = calloc(1, sizeof(*connection));
	(void)call;
	(void)flags;
	if (connection == NULL)
		return ELQ_ERR_NOMEM;
	for (uint64_t i = 0; i < setting_count; i++) {
		const struct elq_setting *setting =
			(const struct elq_setting *)((const char *)settings +
						     i * settings[0].struct_size);
		if (setting->name.size == 4 && memcmp(setting->name.data, "mode", 4) == 0)
			snprintf(connection->mode, sizeof(connection->mode), "%.*s",
				 (int)setting->value.size, setting->value.data);
	}
	snprintf(connection->content, sizeof(connection->content), "what the keeper keeps");
	*ret = connection;
	return ELQ_OK;
}

static void keeper_close(const struct elq_call *call, struct elq_connection *connection)
{
	(void)call;
	free(connection);
}

static int32_t keeper_describe(const struct elq_call *call, struct elq_connection *connection,
			       struct elq_description *ret)
{
	(void)call;
	ret->flags = ELQ_CONN_EXISTS;
	ret->caps = ELQ_CAP_DIGEST | ELQ_CAP_BACKUP | ELQ_CAP_SCRATCH;
	ret->product = (struct elq_str)STR("Keeper");
	ret->version = (struct elq_str)STR("1");
	ret->identity = (struct elq_str)STR("keeper:1");
	ret->database = (struct elq_str){connection->content, strlen(connection->content)};
	ret->location = (struct elq_str){connection->workplace, strlen(connection->workplace)};
	return ELQ_OK;
}

static int32_t keeper_next(const struct elq_call *call, struct elq_connection *connection,
			   const char *script, uint64_t size, uint64_t offset, struct elq_span *ret)
{
	(void)call;
	(void)connection;
	(void)script;
	(void)offset;
	ret->kind = ELQ_STATEMENT_EMPTY;
	ret->start = ret->next = size;
	ret->size = 0;
	ret->line = 1;
	return ELQ_OK;
}

static int32_t keeper_execute(const struct elq_call *call, struct elq_connection *connection,
			      const struct elq_statement *statement, const struct elq_sink *sink,
			      struct elq_result *ret_result)
{
	(void)connection;
	(void)statement;
	(void)sink;
	(void)ret_result;
	return fail(call, ELQ_ERR_UNSUPPORTED, "the keeper executes nothing");
}

static int32_t keeper_begin(const struct elq_call *call, struct elq_connection *connection,
			    const struct elq_begin *begin)
{
	(void)call;
	(void)connection;
	(void)begin;
	return ELQ_OK;
}

static int32_t keeper_end(const struct elq_call *call, struct elq_connection *connection)
{
	(void)call;
	(void)connection;
	return ELQ_OK;
}

static void keeper_cancel(struct elq_connection *connection)
{
	(void)connection;
}

/* ---- elq.digest --------------------------------------------------------------------------- */

static int32_t tell_table(const struct elq_connection *connection, const struct elq_table_sink *sink)
{
	struct elq_table table = {
		.struct_size = sizeof(table),
		.flags = ELQ_TABLE_OURS,
		.name = STR("words"),
		.rows = (int64_t)strlen(connection->content),
		.digest = STR(DIGEST),
		.orphans = 3,
	};
	if (is(connection, "digest_short"))
		table.digest.size = 63;
	if (is(connection, "rows_negative"))
		table.rows = -1;
	if (is(connection, "name_bytes"))
		table.name = (struct elq_str)STR("w\xff");
	if (is(connection, "older_table"))
		table.struct_size = offsetof(struct elq_table, orphans);
	return sink->table(sink->context, &table) != 0 && !is(connection, "deaf") ? ELQ_ERR_STOPPED
										  : ELQ_OK;
}

static int32_t keeper_tables(const struct elq_call *call, struct elq_connection *connection,
			     const struct elq_table_sink *sink)
{
	(void)call;
	return tell_table(connection, sink);
}

static int32_t keeper_integrity(const struct elq_call *call, struct elq_connection *connection,
				const struct elq_sink *sink)
{
	const struct elq_value values[2] = {
		{.type = ELQ_TYPE_TEXT, .as.data = "words", .size = 5},
		{.type = ELQ_TYPE_TEXT, .as.data = "torn", .size = 4},
	};
	(void)call;
	if (!is(connection, "finding") && !is(connection, "narrow_row"))
		return ELQ_OK;
	return sink->row(sink->context, values, is(connection, "narrow_row") ? 1 : 2) ? ELQ_ERR_STOPPED
										      : ELQ_OK;
}

/* ---- elq.backup --------------------------------------------------------------------------- */

static int32_t keeper_dump(const struct elq_call *call, struct elq_connection *connection,
			   const struct elq_dump *dump)
{
	if (is(connection, "stops"))
		return fail(call, ELQ_ERR_STOPPED, "the keeper was stopped, it says");
	for (size_t i = 0; connection->content[i] != '\0'; i++)
		if (dump->stream->write(dump->stream->context, connection->content + i, 1) != 0 &&
		    !is(connection, "deaf"))
			return fail(call, ELQ_ERR_STOPPED, "somebody stopped the keeper");
	return dump->tables != NULL ? tell_table(connection, dump->tables) : ELQ_OK;
}

static int32_t keeper_restore(const struct elq_call *call, struct elq_connection *scratch,
			      const struct elq_reader *stream)
{
	uint64_t size = 0;
	for (;;) {
		uint64_t got = 0;
		if (stream->read(stream->context, scratch->content + size, 4, &got) != 0 &&
		    !is(scratch, "deaf"))
			return fail(call, ELQ_ERR_STOPPED, "somebody stopped the keeper");
		size += got;
		if (got == 0)
			break;
	}
	scratch->content[size] = '\0';
	return ELQ_OK;
}

/* ---- elq.scratch --------------------------------------------------------------------------- */

static int32_t keeper_create(const struct elq_call *call, struct elq_connection *beside,
			     const struct elq_workplace *workplace, struct elq_connection **ret)
{
	if (is(beside, "scratch_null"))
		return ELQ_OK;
	struct elq_connection *connection = calloc(1, sizeof(*connection));
	(void)call;
	if (connection == NULL)
		return ELQ_ERR_NOMEM;
	memcpy(connection->mode, beside->mode, sizeof(connection->mode));
	snprintf(connection->content, sizeof(connection->content), "nothing yet");
	snprintf(connection->workplace, sizeof(connection->workplace), "%.*s|%.*s",
		 (int)workplace->folder.size, workplace->folder.data, (int)workplace->id.size,
		 workplace->id.data);
	*ret = connection;
	return ELQ_OK;
}

static int32_t keeper_open_again(const struct elq_call *call, struct elq_connection *scratch,
				 struct elq_connection **ret)
{
	(void)call;
	if (is(scratch, "again_null"))
		return ELQ_OK;
	*ret = calloc(1, sizeof(**ret));
	if (*ret == NULL)
		return ELQ_ERR_NOMEM;
	**ret = *scratch;
	return ELQ_OK;
}

static int32_t keeper_list(const struct elq_call *call, struct elq_connection *connection,
			   const struct elq_sink *sink)
{
	(void)call;
	(void)connection;
	(void)sink;
	return ELQ_OK;
}

static int32_t keeper_drop(const struct elq_call *call, struct elq_connection *connection,
			   const struct elq_str *name)
{
	(void)connection;
	(void)name;
	return fail(call, ELQ_ERR_NOT_FOUND, "there is no such scratch database");
}

static int32_t keeper_promote(const struct elq_call *call, struct elq_connection *scratch,
			      struct elq_connection *live)
{
	if (is(live, "promote_fails"))
		return fail(call, ELQ_ERR_LOCKED, "somebody reads it");
	memcpy(live->content, scratch->content, sizeof(live->content));
	return ELQ_OK;
}

static const struct elq_digest digest = {
	.struct_size = sizeof(digest),
	.tables = keeper_tables,
	.integrity = keeper_integrity,
};

static const struct elq_backup backup = {
	.struct_size = sizeof(backup),
	.format = STR("keeper\xff"),
	.suffix = STR("no/suffix"),
	.dump = keeper_dump,
	.restore = keeper_restore,
};

static const struct elq_scratch scratch = {
	.struct_size = sizeof(scratch),
	.create = keeper_create,
	.list = keeper_list,
	.drop = keeper_drop,
	.promote = keeper_promote,
	.open_again = keeper_open_again,
};

static const void *keeper_extension(const char *name, uint64_t size)
{
	if (size == strlen(ELQ_EXT_DIGEST) && memcmp(name, ELQ_EXT_DIGEST, size) == 0)
		return &digest;
	if (size == strlen(ELQ_EXT_BACKUP) && memcmp(name, ELQ_EXT_BACKUP, size) == 0)
		return &backup;
	if (size == strlen(ELQ_EXT_SCRATCH) && memcmp(name, ELQ_EXT_SCRATCH, size) == 0)
		return &scratch;
	return NULL;
}

static const struct elq_driver keeper = {
	.struct_size = sizeof(keeper),
	.open = keeper_open,
	.close = keeper_close,
	.describe = keeper_describe,
	.next_statement = keeper_next,
	.execute = keeper_execute,
	.begin = keeper_begin,
	.commit = keeper_end,
	.rollback = keeper_end,
	.cancel = keeper_cancel,
	.get_extension = keeper_extension,
};

static const struct elq_param params[] = {
	{sizeof(params[0]), ELQ_PARAM_TEXT, 0, 0, STR("mode"), {NULL, 0}, STR("what it does wrong")},
};

static const struct elq_manifest manifest = {
	.magic = ELQ_MANIFEST_MAGIC,
	.struct_size = sizeof(manifest),
	.abi_major = ELQ_ABI_MAJOR,
	.abi_minor = ELQ_ABI_MINOR,
	.kind = ELQ_KIND_DRIVER,
	.caps = ELQ_CAP_DIGEST | ELQ_CAP_BACKUP | ELQ_CAP_SCRATCH,
	.name = STR("keeper"),
	.version = STR("1.0.0"),
	.params = params,
	.param_count = sizeof(params) / sizeof(params[0]),
	.ops = &keeper,
};

ELQ_PLUGIN_NOTE(ELQ_KIND_DRIVER, "keeper", "1.0.0", "other", "keeper", "sql")
ELQ_PLUGIN_ENTRY(driver, keeper, &manifest)
