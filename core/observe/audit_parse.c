/* audit_parse.c - is this line a record, and what does it say? Exactly the form
 * that audit_line.c writes: the same members in the same order, nothing between
 * them. What is not that is no record, whoever wrote it. */
#include "observe/audit_private.h"

#include <string.h>

struct scan {
	const char *at;
	const char *end;
	char *memory; /* where the next string goes */
};

static bool scan_literal(struct scan *scan, const char *literal)
{
	size_t size = strlen(literal);

	if ((size_t)(scan->end - scan->at) < size || memcmp(scan->at, literal, size) != 0)
		return false;
	scan->at += size;
	return true;
}

/* Decimal, without a sign and without leading zeros. */
static bool scan_number(struct scan *scan, int64_t *ret)
{
	const char *start = scan->at;
	int64_t number = 0;

	for (; scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9'; scan->at++) {
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, *scan->at - '0', &number))
			return false;
	}
	if (scan->at == start || (*start == '0' && scan->at - start > 1))
		return false;
	*ret = number;
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* XXXX behind \u: U+0001 to U+FFFF without surrogates; four bytes that become one to three. */
static bool scan_code_point(struct scan *scan)
{
	unsigned code = 0;

	if (scan->end - scan->at < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		int digit = hex_digit(*scan->at++);

		if (digit < 0)
			return false;
		code = code << 4 | (unsigned)digit;
	}
	if (code == 0 || (code >= 0xd800 && code < 0xe000))
		return false;
	if (code < 0x80) {
		*scan->memory++ = (char)code;
	} else if (code < 0x800) {
		*scan->memory++ = (char)(0xc0 | code >> 6);
		*scan->memory++ = (char)(0x80 | (code & 0x3f));
	} else {
		*scan->memory++ = (char)(0xe0 | code >> 12);
		*scan->memory++ = (char)(0x80 | (code >> 6 & 0x3f));
		*scan->memory++ = (char)(0x80 | (code & 0x3f));
	}
	return true;
}

static bool scan_escape(struct scan *scan)
{
	static const char letters[] = "\"\\bfnrt";
	static const char meanings[] = "\"\\\b\f\n\r\t";
	const char *found;
	char letter;

	if (scan->at == scan->end)
		return false;
	letter = *scan->at++;
	if (letter == 'u')
		return scan_code_point(scan);
	found = letter ? strchr(letters, letter) : NULL;
	if (!found)
		return false;
	*scan->memory++ = meanings[found - letters];
	return true;
}

static bool scan_string(struct scan *scan, const char **ret)
{
	char *start = scan->memory;

	if (!scan_literal(scan, "\""))
		return false;
	while (scan->at < scan->end && *scan->at != '"') {
		unsigned char c = (unsigned char)*scan->at++;

		if (c < 0x20 || c == 0x7f || (c == '\\' && !scan_escape(scan)))
			return false;
		if (c != '\\')
			*scan->memory++ = (char)c;
	}
	if (!scan_literal(scan, "\""))
		return false;
	*scan->memory++ = '\0'; /* two quotes made room for it */
	*ret = start;
	return true;
}

static bool scan_text(struct scan *scan, const char *name, const char **ret)
{
	return scan_literal(scan, name) && scan_string(scan, ret);
}

static bool scan_nullable(struct scan *scan, const char *name, const char **ret)
{
	*ret = NULL;
	if (!scan_literal(scan, name))
		return false;
	return scan_literal(scan, "null") || scan_string(scan, ret);
}

static bool scan_count(struct scan *scan, const char *name, int64_t *ret)
{
	*ret = -1;
	if (!scan_literal(scan, name))
		return false;
	return scan_literal(scan, "null") || scan_number(scan, ret);
}

/* ---- what values may be ------------------------------------------------------------ */

static bool is_hash(const char *text)
{
	size_t at = 0;

	while (hex_digit(text[at]) >= 0)
		at++;
	return at == HASH_TEXT - 1 && text[at] == '\0';
}

static bool is_time(const char *text)
{
	static const char shape[] = "0000-00-00T00:00:00.000000Z";

	for (size_t i = 0; i < sizeof(shape); i++) {
		bool digit = text[i] >= '0' && text[i] <= '9';

		if (shape[i] == '0' ? !digit : text[i] != shape[i])
			return false;
	}
	return true;
}

static bool scan_members(struct scan *scan, struct audit_entry *entry)
{
	int64_t exit_code;

	if (!scan_number(scan, &entry->sequence) || entry->sequence < 1 ||
	    !scan_text(scan, ",\"time\":", &entry->time) || !is_time(entry->time) ||
	    !scan_text(scan, ",\"run\":", &entry->run) || !scan_literal(scan, ",\"pid\":") ||
	    !scan_number(scan, &entry->pid) || !scan_text(scan, ",\"host\":", &entry->host) ||
	    !scan_text(scan, ",\"actor\":", &entry->actor) ||
	    !scan_text(scan, ",\"command\":", &entry->command) ||
	    !scan_nullable(scan, ",\"connection\":", &entry->connection) ||
	    !scan_nullable(scan, ",\"database\":", &entry->database) ||
	    !scan_text(scan, ",\"class\":", &entry->class_name) ||
	    !scan_text(scan, ",\"verdict\":", &entry->verdict) ||
	    !scan_text(scan, ",\"phase\":", &entry->phase) ||
	    !scan_count(scan, ",\"duration_us\":", &entry->duration_us) ||
	    !scan_count(scan, ",\"exit\":", &exit_code) || exit_code > 255 ||
	    !scan_nullable(scan, ",\"message\":", &entry->message))
		return false;
	entry->exit_code = (int)exit_code;
	return scan_text(scan, ",\"previous\":", &entry->previous) && is_hash(entry->previous);
}

bool audit_line_parse(const char *line, size_t size, char *memory, struct audit_entry *ret)
{
	struct scan scan = {.at = line, .end = line + size};
	struct audit_entry entry = {0};

	scan.memory = memory;
	if (size >= AUDIT_LINE_CAP || !scan_literal(&scan, "{\"seq\":") || !scan_members(&scan, &entry))
		return false;
	entry.covered = (size_t)(scan.at - line);
	if (!scan_literal(&scan, "}") && !(scan_text(&scan, ",\"hmac\":", &entry.hmac) &&
					   is_hash(entry.hmac) && scan_literal(&scan, "}")))
		return false;
	if (scan.at != scan.end || !utf8_valid(line, size, NULL))
		return false;
	*ret = entry;
	return true;
}

enum audit_signature audit_signature_check(const struct audit_entry *entry, const char *line,
					   const char *key)
{
	char right[HASH_TEXT];

	if (!entry->hmac)
		return AUDIT_HMAC_NONE;
	if (!key)
		return AUDIT_HMAC_UNCHECKED;
	hash_hmac(key, strlen(key), line, entry->covered, right);
	return strcmp(right, entry->hmac) == 0 ? AUDIT_HMAC_RIGHT : AUDIT_HMAC_WRONG;
}
