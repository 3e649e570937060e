/* audit_line.c - one record of the audit trail as one line, and a line's check.
 * The format is docs/audit-format.md; the members' order is part of it. Files,
 * locks and the chain are audit.c's. */
#include "observe/private.h"

#include <string.h>

/* Bytes of one text before escaping, which makes at most six of one. Together
 * they keep the longest line under AUDIT_LINE_CAP. */
#define FIELD_CAP ((size_t)256)
#define MESSAGE_CAP ((size_t)7 << 10)
#define CUT_MARK " [cut]"

#define LINE_START "{\"seq\":"
#define AFTER_SEQUENCE ",\"time\":\""
#define BEFORE_PREVIOUS ",\"previous\":\""
#define LINE_END "\"}"

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
	char now[CLOCK_TEXT];

	clock_format(line->wall_us, now);
	text_printf(ret, LINE_START "%lld" AFTER_SEQUENCE "%s\"", (long long)line->sequence, now);
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
	text_printf(ret, BEFORE_PREVIOUS "%s" LINE_END "\n", line->previous);
}

/* Both ends of a line are ours alone: no text can hold an unescaped quote. */
bool audit_line_parse(const char *line, size_t size, int64_t *ret_sequence)
{
	static const char digits[] = "0123456789abcdef";
	size_t tail = strlen(BEFORE_PREVIOUS) + HASH_TEXT - 1 + strlen(LINE_END);
	size_t at = strlen(LINE_START);
	int64_t sequence = 0;
	const char *end;

	if (size < at + tail || size >= AUDIT_LINE_CAP || memcmp(line, LINE_START, at) != 0 ||
	    memchr(line, '\0', size))
		return false;
	for (; at < size - tail && line[at] >= '0' && line[at] <= '9'; at++) {
		if (__builtin_mul_overflow(sequence, 10, &sequence) ||
		    __builtin_add_overflow(sequence, line[at] - '0', &sequence))
			return false;
	}
	if (sequence < 1 || size - at < strlen(AFTER_SEQUENCE) + tail ||
	    memcmp(line + at, AFTER_SEQUENCE, strlen(AFTER_SEQUENCE)) != 0)
		return false;
	end = line + size - tail;
	if (memcmp(end, BEFORE_PREVIOUS, strlen(BEFORE_PREVIOUS)) != 0)
		return false;
	end += strlen(BEFORE_PREVIOUS);
	for (size_t i = 0; i < HASH_TEXT - 1; i++) {
		if (!memchr(digits, end[i], sizeof(digits) - 1))
			return false;
	}
	if (memcmp(end + HASH_TEXT - 1, LINE_END, strlen(LINE_END)) != 0)
		return false;
	*ret_sequence = sequence;
	return true;
}
