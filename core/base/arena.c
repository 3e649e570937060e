/* arena.c - memory that is freed together, in blocks that only grow in number.
 * Nothing is ever given back one by one. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define ALIGNMENT ((size_t)16)
#define FIRST_BLOCK ((size_t)1 << 10)
#define LARGEST_BLOCK ((size_t)64 << 10)

struct arena_block {
	struct arena_block *next;
	size_t used;
	size_t size;
	_Alignas(16) char data[];
};

/* Under AddressSanitizer each allocation is a block of its own, because it sees
 * an overrun only at a block's end. */
#if defined(__SANITIZE_ADDRESS__)
#define ARENA_APART 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_APART 1
#endif
#endif
#ifndef ARENA_APART
#define ARENA_APART 0
#endif

static struct arena_block *block_new(size_t size)
{
	struct arena_block *block;

	if (size > SIZE_MAX - sizeof(*block))
		mem_exhausted();
	block = mem_alloc(sizeof(*block) + size);
	block->size = size;
	return block;
}

/* A block of its own goes behind the first one, whose rest stays in use. */
static void *alloc_apart(struct arena *arena, size_t size)
{
	struct arena_block *block = block_new(size);

	block->used = size;
	if (arena->blocks) {
		block->next = arena->blocks->next;
		arena->blocks->next = block;
	} else {
		arena->blocks = block;
	}
	return block->data;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	struct arena_block *block = arena->blocks;
	size_t needed;
	void *pointer;

	if (size > SIZE_MAX - ALIGNMENT)
		mem_exhausted();
	needed = size ? (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT : ALIGNMENT;
	if (ARENA_APART || needed > LARGEST_BLOCK / 4)
		return alloc_apart(arena, size ? size : 1);
	if (!block || needed > block->size - block->used) {
		size_t larger = block ? block->size * 2 : FIRST_BLOCK;

		if (larger > LARGEST_BLOCK)
			larger = LARGEST_BLOCK;
		if (larger < needed)
			larger = needed;
		block = block_new(larger);
		block->next = arena->blocks;
		arena->blocks = block;
	}
	pointer = block->data + block->used;
	block->used += needed;
	return pointer;
}

char *arena_copy(struct arena *arena, const char *data, size_t size)
{
	char *copy;

	if (size == SIZE_MAX)
		mem_exhausted();
	copy = arena_alloc(arena, size + 1);
	if (size)
		memcpy(copy, data, size);
	return copy;
}

char *arena_text(struct arena *arena, const char *text)
{
	return text ? arena_copy(arena, text, strlen(text)) : NULL;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args;
	va_list again;
	char *text;
	int size;

	va_start(args, format);
	va_copy(again, args);
	size = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (size < 0)
		mem_exhausted();
	text = arena_alloc(arena, (size_t)size + 1);
	vsnprintf(text, (size_t)size + 1, format, again);
	va_end(again);
	return text;
}

void arena_free(struct arena *arena)
{
	struct arena_block *block = arena->blocks;

	while (block) {
		struct arena_block *next = block->next;

		mem_free(block);
		block = next;
	}
	arena->blocks = NULL;
}
