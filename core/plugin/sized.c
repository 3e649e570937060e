/* sized.c - reading what the other side of the ABI owns: structs that may be
 * older or newer than ours, and text that may be anything. It judges nothing. */
#include "plugin/private.h"

#include <string.h>

void sized_copy(void *ret, size_t size, const void *theirs, uint64_t their_size)
{
	memset(ret, 0, size);
	memcpy(ret, theirs, their_size < size ? (size_t)their_size : size);
}

const char *sized_missing_slot(const void *table, const struct slot *slots, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		void (*slot)(void);
		memcpy(&slot, (const char *)table + slots[i].offset, sizeof(slot));
		if (slot == NULL)
			return slots[i].name;
	}
	return NULL;
}

/* Cuts before the cap, but never inside a character. */
static size_t cut_size(const char *data, uint64_t size, size_t cap)
{
	if (size <= cap)
		return (size_t)size;
	size_t cut = cap;
	while (cut > 0 && ((unsigned char)data[cut] & 0xc0) == 0x80)
		cut--;
	return cut;
}

void foreign_text(struct text *ret, struct elq_str text, size_t cap)
{
	if (text.data == NULL)
		return;
	size_t size = cut_size(text.data, text.size, cap);
	size_t start = ret->size;
	for (size_t at = 0; at < size;) {
		size_t bad = size - at;
		bool valid = utf8_valid(text.data + at, size - at, &bad);
		size_t good = valid ? size - at : bad;
		text_append(ret, text.data + at, good);
		at += good;
		if (!valid) {
			text_add_char(ret, '?');
			at++;
		}
	}
	for (size_t i = start; i < ret->size; i++)
		if (ret->data[i] == '\0')
			ret->data[i] = '?';
}
