/* words.c - the words for environments: which are well formed, and which mean
 * production. When in doubt a word means production: a typo must not open a
 * database that the right spelling would have protected. */
#include "config/private.h"

#include <ctype.h>
#include <string.h>

#define PRODUCTION "production"
#define NEAR 2 /* letters that may be wrong, missing or too many */

char *word_normal(struct arena *arena, const char *word)
{
	size_t size;
	char *copy;

	while (isspace((unsigned char)*word))
		word++;
	size = strlen(word);
	while (size > 0 && isspace((unsigned char)word[size - 1]))
		size--;
	copy = arena_copy(arena, word, size);
	for (char *at = copy; *at; at++) {
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at - 'A' + 'a');
	}
	return copy;
}

/* Letters inserted, removed or replaced on the way from word to "production".
 * (A swap of neighbours counts 2, which NEAR still covers.) */
static size_t production_distance(const char *word, size_t size)
{
	enum { TARGET = sizeof(PRODUCTION) - 1 };
	size_t row[TARGET + 1];

	for (size_t j = 0; j <= TARGET; j++)
		row[j] = j;
	for (size_t i = 1; i <= size; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= TARGET; j++) {
			size_t best = corner + (word[i - 1] != PRODUCTION[j - 1]);

			corner = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[TARGET];
}

bool word_is_near_production(const char *word)
{
	size_t size = strlen(word);

	if (size + NEAR < strlen(PRODUCTION) || size > strlen(PRODUCTION) + NEAR)
		return false;
	return production_distance(word, size) <= NEAR;
}

bool word_is_production(const char *word)
{
	static const char *const prefixes[] = {"prod", "prd", "live"};
	struct arena arena = {0};
	const char *normal = word_normal(&arena, word);
	bool found = word_is_near_production(normal);

	for (size_t i = 0; i < COUNT_OF(prefixes); i++)
		found |= text_starts(normal, prefixes[i]);
	arena_free(&arena);
	return found;
}

bool word_valid(const char *word)
{
	return word[0] != '\0' && word[strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_-")] == '\0';
}

const char *connection_word(const struct project *project, const struct connection *connection)
{
	return project->production || connection->production ? PRODUCTION : project->word;
}
