/* words.c - questions about finished strings: equal, begins, valid, nearest;
 * and a word as a shell reads it back. Growing strings stand in text.c. */
#include "base/text.h"

#include <string.h>

/* Longer words are not compared: nobody mistypes one of ours that far. */
#define NEAREST_CAP ((size_t)64)

bool text_equal(const char *a, const char *b)
{
	if (!a || !b)
		return a == b;
	return strcmp(a, b) == 0;
}

bool text_starts(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_ends(const char *text, const char *suffix)
{
	size_t size = strlen(text);
	size_t tail = strlen(suffix);

	return size >= tail && memcmp(text + size - tail, suffix, tail) == 0;
}

/* The length of the well-formed sequence (RFC 3629) at data, or 0. The second
 * byte's range keeps out overlong forms, surrogates and what lies above U+10FFFF. */
static size_t utf8_sequence(const unsigned char *data, size_t size)
{
	unsigned char first = data[0];
	unsigned char low = 0x80;
	unsigned char high = 0xbf;
	size_t length;

	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	if (length > size)
		return 0;
	if (first == 0xe0)
		low = 0xa0;
	else if (first == 0xed)
		high = 0x9f;
	else if (first == 0xf0)
		low = 0x90;
	else if (first == 0xf4)
		high = 0x8f;
	if (data[1] < low || data[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++) {
		if ((data[i] & 0xc0) != 0x80)
			return 0;
	}
	return length;
}

/* How many of the bytes from data on are ASCII, looked at eight at a time. */
static size_t ascii_run(const char *data, size_t size)
{
	size_t at = 0;
	uint64_t eight;

	while (size - at >= sizeof(eight)) {
		memcpy(&eight, data + at, sizeof(eight));
		if (eight & UINT64_C(0x8080808080808080))
			break;
		at += sizeof(eight);
	}
	return at;
}

bool utf8_valid(const char *data, size_t size, size_t *ret_bad_offset)
{
	size_t at = 0;

	while (at < size) {
		at += ascii_run(data + at, size - at);
		if (at == size)
			break;
		size_t length = utf8_sequence((const unsigned char *)data + at, size - at);

		if (length == 0) {
			if (ret_bad_offset)
				*ret_bad_offset = at;
			return false;
		}
		at += length;
	}
	return true;
}

#define REPLACEMENT "\xef\xbf\xbd"

/* The length of ESC [ digits m at data, or 0. */
static size_t colour_sequence(const char *data, size_t size)
{
	size_t at = 2;

	if (size < 3 || data[0] != '\033' || data[1] != '[')
		return 0;
	while (at < size && at < 5 && data[at] >= '0' && data[at] <= '9')
		at++;
	return at < size && data[at] == 'm' ? at + 1 : 0;
}

/* How many bytes from data on may be shown as they are; 0: the first may not. */
static size_t visible_run(const char *data, size_t size, bool colours)
{
	unsigned char first = (unsigned char)data[0];

	if (first >= 0x20 && first != 0x7f) {
		size_t length = utf8_sequence((const unsigned char *)data, size);
		/* U+0080 to U+009F are control characters too. */
		bool control = length == 2 && first == 0xc2 && (unsigned char)data[1] < 0xa0;

		return control ? 0 : length;
	}
	if (first == '\n' || first == '\t')
		return 1;
	return colours ? colour_sequence(data, size) : 0;
}

void text_add_visible(struct text *text, const char *data, size_t size, bool colours)
{
	size_t at = 0;

	while (at < size) {
		size_t end = at;
		size_t run;

		while (end < size && (run = visible_run(data + end, size - end, colours)) > 0)
			end += run;
		text_append(text, data + at, end - at);
		if (end < size) {
			text_add(text, REPLACEMENT);
			end++;
		}
		at = end;
	}
}

static unsigned smallest(unsigned a, unsigned b, unsigned c)
{
	unsigned least = a < b ? a : b;

	return least < c ? least : c;
}

/* Insertions, deletions, replacements and swaps of neighbours that turn a into
 * b. Both are at most NEAREST_CAP long. */
static unsigned edit_distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
	unsigned rows[3][NEAREST_CAP + 1];
	unsigned *before = rows[0]; /* two letters of a ago: what a swap looks back to */
	unsigned *last = rows[1];
	unsigned *now = rows[2];

	for (size_t j = 0; j <= b_size; j++) {
		before[j] = 0;
		last[j] = (unsigned)j;
	}
	for (size_t i = 1; i <= a_size; i++) {
		unsigned *spare = before;

		now[0] = (unsigned)i;
		for (size_t j = 1; j <= b_size; j++) {
			unsigned replaced = last[j - 1] + (a[i - 1] != b[j - 1]);

			now[j] = smallest(last[j] + 1, now[j - 1] + 1, replaced);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < now[j])
				now[j] = before[j - 2] + 1;
		}
		before = last;
		last = now;
		now = spare;
	}
	return last[b_size];
}

const char *text_nearest(const char *word, const char *const *words, size_t count)
{
	size_t size = strlen(word);
	size_t limit = size / 3 > 1 ? size / 3 : 1;
	const char *nearest = NULL;

	if (size == 0 || size > NEAREST_CAP)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		size_t other = strlen(words[i]);
		unsigned distance;

		if (other > NEAREST_CAP || other > size + limit || size > other + limit)
			continue;
		distance = edit_distance(word, size, words[i], other);
		/* Of equals the first stays. */
		if (distance < limit || (distance == limit && !nearest)) {
			nearest = words[i];
			if (distance == 0)
				break;
			limit = distance;
		}
	}
	return nearest;
}

void text_add_shell_quoted(struct text *text, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_@%+=:,./-";

	if (word[0] && word[strspn(word, plain)] == '\0') {
		text_add(text, word);
		return;
	}
	text_add_char(text, '\'');
	for (const char *at = word; *at; at++) {
		if (*at == '\'')
			text_add(text, "'\\''");
		else
			text_add_char(text, *at);
	}
	text_add_char(text, '\'');
}
