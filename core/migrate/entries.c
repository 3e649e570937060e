/* entries.c - the entries of a history, found by identity: a versioned
 * migration by its version (under whatever name), a repeatable one by its name. */
#include "migrate/private.h"

#include <string.h>

/* Leading zeros do not tell versions apart. */
static struct elq_str version_key(const char *version, size_t size)
{
	while (size && *version == '0') {
		version++;
		size--;
	}
	return (struct elq_str){version, size};
}

struct identity {
	bool repeatable;
	struct elq_str text;
};

static struct identity identity_of(struct elq_str version, struct elq_str name)
{
	if (version.size)
		return (struct identity){false, version_key(version.data, (size_t)version.size)};
	return (struct identity){true, name};
}

static struct elq_str str_of(const char *text)
{
	return (struct elq_str){text, text ? strlen(text) : 0};
}

static struct identity identity_of_entry(const struct entry *entry)
{
	return identity_of(str_of(entry->version), str_of(entry->name));
}

static bool identity_equal(const struct identity *a, const struct identity *b)
{
	return a->repeatable == b->repeatable && a->text.size == b->text.size &&
	       (!a->text.size || memcmp(a->text.data, b->text.data, (size_t)a->text.size) == 0);
}

/* FNV-1a, 32 bits */
static size_t identity_slot(const struct history *history, const struct identity *key)
{
	uint32_t hash = 2166136261u + key->repeatable;
	for (uint64_t i = 0; i < key->text.size; i++)
		hash = (hash ^ (unsigned char)key->text.data[i]) * 16777619u;
	return hash & (history->slot_count - 1);
}

/* The slot that holds the key, or the free one where it belongs. */
static uint32_t *slot_find(const struct history *history, const struct identity *key)
{
	size_t at = identity_slot(history, key);
	for (;; at = (at + 1) & (history->slot_count - 1)) {
		uint32_t *slot = &history->slots[at];
		if (!*slot)
			return slot;
		struct identity other = identity_of_entry(&history->items[*slot - 1]);
		if (identity_equal(key, &other))
			return slot;
	}
}

static void slots_grow(struct history *history)
{
	mem_free(history->slots);
	history->slot_count = history->slot_count ? history->slot_count * 2 : 64;
	history->slots = mem_alloc(history->slot_count * sizeof(*history->slots));
	for (size_t i = 0; i < history->count; i++) {
		struct identity key = identity_of_entry(&history->items[i]);
		*slot_find(history, &key) = (uint32_t)(i + 1);
	}
}

static const struct entry *entries_look(const struct history *history, const struct identity *key)
{
	if (!history->slot_count)
		return NULL;
	uint32_t slot = *slot_find(history, key);
	return slot ? &history->items[slot - 1] : NULL;
}

const struct entry *history_find(const struct history *history, const char *version, const char *name)
{
	struct identity key = identity_of(str_of(version), str_of(name));
	return entries_look(history, &key);
}

struct entry *entries_take(struct history *history, struct elq_str version, struct elq_str name)
{
	struct identity key = identity_of(version, name);
	const struct entry *known = entries_look(history, &key);
	if (known)
		return &history->items[known - history->items];
	struct entry entry = {
		.version = arena_copy(&history->arena, version.data, (size_t)version.size),
		.name = arena_copy(&history->arena, name.data, (size_t)name.size),
		.state = ENTRY_REVERTED,
		.duration_us = -1,
	};
	VEC_PUSH(history, entry);
	if (history->count * 2 > history->slot_count)
		slots_grow(history);
	else
		*slot_find(history, &key) = (uint32_t)history->count;
	return &history->items[history->count - 1];
}

void entries_clear(struct history *history)
{
	history->count = 0;
	if (history->slot_count)
		memset(history->slots, 0, history->slot_count * sizeof(*history->slots));
}

bool entry_stands(const struct entry *entry)
{
	switch (entry->state) {
	case ENTRY_APPLIED:
	case ENTRY_BASELINED:
	case ENTRY_PARTIAL:
		return true;
	case ENTRY_FAILED:
		return entry->down;
	case ENTRY_REVERTED:
		return false;
	}
	return false;
}
