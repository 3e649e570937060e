/* leaky.c - a whole driver, in memory, that puts its password into every error,
 * log line and description, plain and in five disguises. What the program shows
 * of it must not hold the password in any of them. The password is a setting of its
 * own, or stands in the URL, before the '@' or behind `password=`. It has no extensions. */
#include <eloquent/driver.h>
#include <eloquent/plugin.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "marker.h"
#include "semicolons.h"

#define PASSWORD_CAP 128
#define LEAK_CAP (PASSWORD_CAP * 20)
#define STR(text)                                                                                      \
	{                                                                                              \
		text, sizeof(text) - 1                                                                 \
	}

struct elq_connection {
	char password[PASSWORD_CAP];
	char leak[LEAK_CAP];
	uint64_t units;
};

/* ---- the disguises ------------------------------------------------------------------ */

static void add(char *line, const char *text)
{
	size_t used = strlen(line);
	snprintf(line + used, LEAK_CAP - used, "%s", text);
}

static void add_char(char *line, char c)
{
	char text[2] = {c, '\0'};
	add(line, text);
}

static void add_percent(char *line, const char *text)
{
	char code[4];
	for (; *text != '\0'; text++) {
		snprintf(code, sizeof(code), "%%%02X", (unsigned)(unsigned char)*text);
		add(line, code);
	}
}

static void add_hex(char *line, const char *text)
{
	char code[3];
	for (; *text != '\0'; text++) {
		snprintf(code, sizeof(code), "%02x", (unsigned)(unsigned char)*text);
		add(line, code);
	}
}

static void add_base64(char *line, const char *text)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t size = strlen(text);
	for (size_t i = 0; i < size; i += 3) {
		unsigned value = 0;
		for (size_t k = 0; k < 3; k++)
			value = value << 8 | (i + k < size ? (unsigned char)text[i + k] : 0u);
		for (unsigned k = 0; k < 4; k++)
			add_char(line, i + k > size ? '=' : digits[value >> (18 - 6 * k) & 63]);
	}
}

static void add_json(char *line, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			add_char(line, '\\');
		add_char(line, *text);
	}
}

static void add_shell(char *line, const char *text)
{
	add_char(line, '\'');
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			add(line, "'\\'");
		add_char(line, *text);
	}
	add_char(line, '\'');
}

static void build_leak(struct elq_connection *connection)
{
	char *line = connection->leak;
	const char *password = connection->password;
	add(line, "plain ");
	add(line, password);
	add(line, " percent ");
	add_percent(line, password);
	add(line, " json \"");
	add_json(line, password);
	add(line, "\" shell ");
	add_shell(line, password);
	add(line, " base64 ");
	add_base64(line, password);
	add(line, " hex ");
	add_hex(line, password);
}

/* ---- the slots ------------------------------------------------------------------------ */

static int32_t leak_error(const struct elq_call *call, const struct elq_connection *connection,
			  int32_t code)
{
	const struct elq_error error = {
		.struct_size = sizeof(error),
		.code = code,
		.statement = -1,
		.offset = -1,
		.message = {connection->leak, strlen(connection->leak)},
		.hint = {connection->leak, strlen(connection->leak)},
	};
	call->host->set_error(call, &error);
	return code;
}

static void leak_log(const struct elq_call *call, const struct elq_connection *connection,
		     const char *slot)
{
	const struct elq_field fields[] = {
		{sizeof(fields[0]), 0, STR("leak"), {connection->leak, strlen(connection->leak)}},
		{sizeof(fields[0]),
		 ELQ_FIELD_SECRET,
		 STR("said"),
		 {connection->password, strlen(connection->password)}},
	};
	char line[LEAK_CAP + 64];
	snprintf(line, sizeof(line), "%s: %s", slot, connection->leak);
	call->host->log(call, ELQ_LOG_WARN, line, strlen(line), fields, 2);
}

static unsigned hex_digit(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

/* To the first of `stops`, without percent escapes. */
static void take_password(struct elq_connection *connection, const char *from, const char *stops)
{
	size_t used = 0;
	size_t size = strcspn(from, stops);
	for (size_t i = 0; i < size && used + 1 < PASSWORD_CAP; i++) {
		char c = from[i];
		if (c == '%' && i + 2 < size) {
			c = (char)(hex_digit(from[i + 1]) << 4 | hex_digit(from[i + 2]));
			i += 2;
		}
		connection->password[used++] = c;
	}
}

static void take_url(struct elq_connection *connection, struct elq_str value)
{
	char url[PASSWORD_CAP * 4] = "";
	memcpy(url, value.data, value.size < sizeof(url) ? value.size : sizeof(url) - 1);
	const char *query = strstr(url, "password=");
	const char *place = strstr(url, "://");
	const char *colon = place != NULL ? strchr(place + 3, ':') : NULL;
	if (query != NULL)
		take_password(connection, query + strlen("password="), "&");
	else if (colon != NULL)
		take_password(connection, colon + 1, "@");
}

static int equals(struct elq_str text, const char *word)
{
	return text.size == strlen(word) && memcmp(text.data, word, text.size) == 0;
}

static int32_t leaky_open(const struct elq_call *call, const struct elq_setting *settings,
			  uint64_t setting_count, uint32_t flags,
			  struct elq_connection **ret_connection)
{
	struct elq_connection *connection = calloc(1, sizeof(*connection));
	int fails = 0;
	(void)flags;
	if (connection == NULL)
		return ELQ_ERR_NOMEM;
	for (uint64_t i = 0; i < setting_count; i++) {
		const struct elq_setting *setting =
			(const struct elq_setting *)((const char *)settings +
						     i * settings[0].struct_size);
		if (equals(setting->name, "password") && setting->value.size < PASSWORD_CAP)
			memcpy(connection->password, setting->value.data, setting->value.size);
		if (equals(setting->name, "url"))
			take_url(connection, setting->value);
		fails |= equals(setting->name, "fail") && equals(setting->value, "open");
	}
	build_leak(connection);
	leak_log(call, connection, "open");
	if (fails) {
		int32_t code = leak_error(call, connection, ELQ_ERR_CONNECT);
		free(connection);
		return code;
	}
	*ret_connection = connection;
	return ELQ_OK;
}

static void leaky_close(const struct elq_call *call, struct elq_connection *connection)
{
	if (connection == NULL)
		return;
	leak_log(call, connection, "close");
	free(connection);
}

static int32_t leaky_describe(const struct elq_call *call, struct elq_connection *connection,
			      struct elq_description *ret)
{
	struct elq_str leak = {connection->leak, strlen(connection->leak)};
	(void)call;
	ret->flags = ELQ_CONN_EXISTS;
	ret->product = leak;
	ret->version = leak;
	ret->identity = (struct elq_str)STR("leaky");
	ret->database = leak;
	ret->location = leak;
	return ELQ_OK;
}

static int32_t leaky_next(const struct elq_call *call, struct elq_connection *connection,
			  const char *script, uint64_t size, uint64_t offset, struct elq_span *ret)
{
	(void)call;
	(void)connection;
	while (offset < size && (script[offset] == '\n' || script[offset] == ' '))
		offset++;
	semicolons_next(script, size, offset, ret);
	return ELQ_OK;
}

static int32_t leaky_execute(const struct elq_call *call, struct elq_connection *connection,
			     const struct elq_statement *statement, const struct elq_sink *sink,
			     struct elq_result *ret_result)
{
	(void)statement;
	(void)sink;
	(void)ret_result;
	leak_log(call, connection, "execute");
	return leak_error(call, connection, ELQ_ERR_FAILED);
}

static int32_t leaky_begin(const struct elq_call *call, struct elq_connection *connection,
			   const struct elq_begin *begin)
{
	(void)begin;
	leak_log(call, connection, "begin");
	connection->units++;
	return ELQ_OK;
}

static int32_t leaky_commit(const struct elq_call *call, struct elq_connection *connection)
{
	leak_log(call, connection, "commit");
	return leak_error(call, connection, ELQ_ERR_FAILED);
}

static int32_t leaky_rollback(const struct elq_call *call, struct elq_connection *connection)
{
	leak_log(call, connection, "rollback");
	connection->units = 0;
	return ELQ_OK;
}

static void leaky_cancel(struct elq_connection *connection)
{
	(void)connection;
}

static const void *leaky_extension(const char *name, uint64_t size)
{
	(void)name;
	(void)size;
	return NULL;
}

static const struct elq_driver leaky = {
	.struct_size = sizeof(leaky),
	.open = leaky_open,
	.close = leaky_close,
	.describe = leaky_describe,
	.next_statement = leaky_next,
	.execute = leaky_execute,
	.begin = leaky_begin,
	.commit = leaky_commit,
	.rollback = leaky_rollback,
	.cancel = leaky_cancel,
	.get_extension = leaky_extension,
};

static const struct elq_param params[] = {
	{sizeof(params[0]),
	 ELQ_PARAM_TEXT,
	 ELQ_PARAM_SECRET,
	 0,
	 STR("password"),
	 {NULL, 0},
	 STR("what it leaks")},
	{sizeof(params[0]),
	 ELQ_PARAM_TEXT,
	 ELQ_PARAM_SECRET,
	 0,
	 STR("url"),
	 {NULL, 0},
	 STR("leaky://...")},
	{sizeof(params[0]), ELQ_PARAM_TEXT, 0, 0, STR("fail"), {NULL, 0}, STR("open: opening fails")},
};

static const struct elq_manifest manifest = {
	.magic = ELQ_MANIFEST_MAGIC,
	.struct_size = sizeof(manifest),
	.abi_major = ELQ_ABI_MAJOR,
	.abi_minor = ELQ_ABI_MINOR,
	.kind = ELQ_KIND_DRIVER,
	.name = STR("leaky"),
	.version = STR("1.0.0"),
	.params = params,
	.param_count = sizeof(params) / sizeof(params[0]),
	.ops = &leaky,
};

ELQ_PLUGIN_NOTE(ELQ_KIND_DRIVER, "leaky", "1.0.0", "other", "leaky", "sql")
ELQ_PLUGIN_ENTRY(driver, leaky, &manifest)
