/* audit_line.c - one record of the audit trail as one line. The format is
 * docs/audit-format.md; the members' order is part of it. Reading one is
 * audit_parse.c's; files, locks and the chain are audit.c's. */
#include "observe/audit_private.h"
#include "observe/private.h"

#include <string.h>

/* Bytes of one text before escaping, which makes at most six of one. Together
 * they keep the longest line under AUDIT_LINE_CAP. */
#define FIELD_CAP ((size_t)256)
#define MESSAGE_CAP ((size_t)7 << 10)
#define CUT_MARK " [cut]"

static void add_member(struct text *ret, const char *name, const char *value, size_t cap)
{
	TEXT_CLEANUP struct text cut = {0};
	size_t size = value ? strlen(value) : 0;

	text_printf(ret, ",\"%s\":", name);
	if (size <= cap) {
		json_text_nullable(ret, value);
		return;
	}
	size = cap - strlen(CUT_MARK);
	while (size > 0 && ((unsigned char)value[size] & 0xc0) == 0x80)
		size--;
	text_append(&cut, value, size);
	text_add(&cut, CUT_MARK);
	json_text_string(ret, cut.data, cut.size);
}

static void add_number(struct text *ret, const char *name, int64_t value)
{
	if (value < 0)
		text_printf(ret, ",\"%s\":null", name);
	else
		text_printf(ret, ",\"%s\":%lld", name, (long long)value);
}

void audit_line_format(const struct audit_line *line, struct text *ret)
{
	const struct audit_record *record = line->record;
	size_t start = ret->size;
	char now[CLOCK_TEXT];
	char hmac[HASH_TEXT];

	clock_format(line->wall_us, now);
	text_printf(ret, "{\"seq\":%lld,\"time\":\"%s\"", (long long)line->sequence, now);
	add_member(ret, "run", record->run, FIELD_CAP);
	text_printf(ret, ",\"pid\":%lld", (long long)line->pid);
	add_member(ret, "host", line->host, FIELD_CAP);
	add_member(ret, "actor", record->actor, FIELD_CAP);
	add_member(ret, "command", record->command, FIELD_CAP);
	add_member(ret, "connection", record->connection, FIELD_CAP);
	add_member(ret, "database", record->database, FIELD_CAP);
	add_member(ret, "class", record->class_name, FIELD_CAP);
	add_member(ret, "verdict", record->verdict, FIELD_CAP);
	add_member(ret, "phase", record->phase, FIELD_CAP);
	add_number(ret, "duration_us", record->duration_us);
	add_number(ret, "exit", record->exit_code);
	add_member(ret, "message", record->message, MESSAGE_CAP);
	text_printf(ret, ",\"previous\":\"%s\"", line->previous);
	if (line->key) {
		hash_hmac(line->key, strlen(line->key), ret->data + start, ret->size - start, hmac);
		text_printf(ret, ",\"hmac\":\"%s\"", hmac);
	}
	text_add(ret, "}\n");
}

void audit_recovered_format(size_t torn, const char *hash, struct text *ret)
{
	text_printf(ret, "closed %zu torn bytes, sha256 %s", torn, hash);
}
