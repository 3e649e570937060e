/* event.c - the canonical bytes of a history event and their hash, as
 * docs/history-format.md defines them. Changing one byte here breaks the chain
 * of every database there is. */
#include "migrate/private.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FORMAT_BYTE 1

static void canonical_size(struct text *bytes, uint64_t size)
{
	char little[8];
	for (int i = 0; i < 8; i++)
		little[i] = (char)(size >> (8 * i) & 0xff);
	text_append(bytes, little, sizeof(little));
}

static void canonical_str(struct text *bytes, struct elq_str str)
{
	if (!str.data) {
		canonical_size(bytes, UINT64_MAX);
		return;
	}
	canonical_size(bytes, str.size);
	text_append(bytes, str.data, (size_t)str.size);
}

/* A negative number is "no value". */
static void canonical_integer(struct text *bytes, int64_t value)
{
	char digits[24];
	int size = snprintf(digits, sizeof(digits), "%" PRId64, value);
	canonical_str(bytes, (struct elq_str){value < 0 ? NULL : digits, (uint64_t)size});
}

void event_hash_buffered(const struct elq_event *event, struct text *buffer, char ret_hash[HASH_TEXT])
{
	text_clear(buffer);
	text_add_char(buffer, FORMAT_BYTE);
	canonical_integer(buffer, event->sequence);
	canonical_str(buffer, event->run);
	canonical_integer(buffer, event->batch);
	canonical_str(buffer, event->version);
	canonical_str(buffer, event->name);
	canonical_str(buffer, event->checksum);
	canonical_str(buffer, event->direction);
	canonical_str(buffer, event->event);
	canonical_integer(buffer, event->statement);
	canonical_str(buffer, event->actor);
	canonical_str(buffer, event->host);
	canonical_str(buffer, event->tool);
	canonical_str(buffer, event->audit_head);
	canonical_str(buffer, event->detail);
	canonical_str(buffer, event->previous);
	hash_bytes(buffer->data, buffer->size, ret_hash);
}

void event_hash(const struct elq_event *event, char ret_hash[HASH_TEXT])
{
	TEXT_CLEANUP struct text buffer = {0};
	event_hash_buffered(event, &buffer, ret_hash);
}
