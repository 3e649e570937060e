/* text.h - a growing byte string with a hard cap.
 *
 * Invariant: data is NULL (empty, never used) or points to size bytes followed
 * by a zero. Going over the cap (TEXT_CAP, 64 MiB) ends the process as
 * exhausted memory does: nothing that we print or read may come near it. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/mem.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#define TEXT_CAP ((size_t)64 << 20)

struct text {
	char *data;
	size_t size;
	size_t capacity;
};
#define TEXT_CLEANUP CLEANUP(text_free)

void text_append(struct text *text, const char *data, size_t size);
void text_add(struct text *text, const char *string); /* NULL adds nothing */
void text_add_char(struct text *text, char c);
void text_printf(struct text *text, const char *format, ...) PRINTF(2, 3);
void text_vprintf(struct text *text, const char *format, va_list args) PRINTF(2, 0);
const char *text_string(const struct text *text); /* never NULL */
void text_clear(struct text *text);               /* keeps the memory */
void text_cut(struct text *text, size_t size);    /* to its first size bytes */
char *text_take(struct text *text);               /* caller frees with mem_free; never NULL */
void text_free(struct text *text);

bool text_equal(const char *a, const char *b); /* NULL equals only NULL */
bool text_starts(const char *text, const char *prefix);
bool text_ends(const char *text, const char *suffix);
bool utf8_valid(const char *data, size_t size, size_t *ret_bad_offset);

/* Appends what a terminal may be shown: bytes that are no UTF-8 become U+FFFD, and so do
 * control characters other than newline and tab; with `colours`, the sequences
 * ESC [ digits m stay. */
void text_add_visible(struct text *text, const char *data, size_t size, bool colours);

/* The entry of `words` that is nearest to `word` by edit distance (at most a
 * third of its length, at least 1), or NULL. */
const char *text_nearest(const char *word, const char *const *words, size_t count);

/* `word` as a person may paste it into a shell: quoted where needed. */
void text_add_shell_quoted(struct text *text, const char *word);

#endif
