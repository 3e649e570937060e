/* json_text.c - bytes as a JSON string, or as visible text on one line. What a
 * database says may hold anything; a terminal or a reader of lines must not be
 * steered by it. Not a JSON library: documents are built by jansson. */
#include "observe/private.h"

#include <string.h>

/* The code point of a control character at data that must not be shown, its
 * length in *ret_size; 0x110000 when the byte there is none. */
#define NOT_CONTROL 0x110000u

static unsigned control_at(const char *data, size_t size, size_t *ret_size)
{
	unsigned char byte = (unsigned char)data[0];

	*ret_size = 1;
	if (byte < 0x20 || byte == 0x7f)
		return byte;
	if (byte == 0xc2 && size > 1 && (unsigned char)data[1] >= 0x80 &&
	    (unsigned char)data[1] < 0xa0) {
		*ret_size = 2;
		return (unsigned char)data[1];
	}
	return NOT_CONTROL;
}

static const char *short_escape(unsigned code)
{
	switch (code) {
	case '\b':
		return "\\b";
	case '\f':
		return "\\f";
	case '\n':
		return "\\n";
	case '\r':
		return "\\r";
	case '\t':
		return "\\t";
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	default:
		return NULL;
	}
}

/* Up to which byte can the text be copied as it is? Valid UTF-8 ends at `valid`. */
static size_t plain_run(const char *data, size_t valid, bool json)
{
	size_t at = 0;
	size_t size;

	while (at < valid && control_at(data + at, valid - at, &size) == NOT_CONTROL &&
	       !(json && (data[at] == '"' || data[at] == '\\')))
		at++;
	return at;
}

static void add_escaped(struct text *text, const char *data, size_t size, bool json)
{
	while (size) {
		size_t valid = size;
		size_t run;
		size_t width;
		unsigned code;

		utf8_valid(data, size, &valid);
		while (valid) {
			run = plain_run(data, valid, json);
			text_append(text, data, run);
			data += run;
			size -= run;
			valid -= run;
			if (!valid)
				break;
			code = control_at(data, valid, &width);
			if (code == NOT_CONTROL)
				code = (unsigned char)data[0];
			if (short_escape(code))
				text_add(text, short_escape(code));
			else
				text_printf(text, json ? "\\u%04x" : "\\x%02x", code);
			data += width;
			size -= width;
			valid -= width;
		}
		if (size) {
			if (json)
				text_add(text, "\\ufffd");
			else
				text_printf(text, "\\x%02x", (unsigned char)*data);
			data++;
			size--;
		}
	}
}

void json_text_string(struct text *text, const char *data, size_t size)
{
	text_add_char(text, '"');
	add_escaped(text, data, size, true);
	text_add_char(text, '"');
}

void json_text_nullable(struct text *text, const char *string)
{
	if (string)
		json_text_string(text, string, strlen(string));
	else
		text_add(text, "null");
}

void json_text_visible(struct text *text, const char *data, size_t size)
{
	add_escaped(text, data, size, false);
}
