/* reading.h - one reader of text under test: what it passes on, and what it refuses with
 * which line. The test says what it reads as (FILE_NAME) and how (parse). */
#ifndef TESTS_UNIT_CONFIG_READING_H
#define TESTS_UNIT_CONFIG_READING_H

#include "support.h"

/* Writes what is passed on, one line per key, into `text`. */
static enum status parse(const char *data, size_t size, struct text *text, struct error *error);

static void reads_as(const char *data, const char *expected)
{
	TEXT_CLEANUP struct text text = {0};
	ERROR_CLEANUP struct error error = {0};

	if (parse(data, strlen(data), &text, &error))
		fail_msg("refused: %s", error.message);
	assert_string_equal(text_string(&text), expected);
}

static void refuses_bytes(const char *data, size_t size, int64_t line, const char *word)
{
	TEXT_CLEANUP struct text text = {0};
	ERROR_CLEANUP struct error error = {0};
	char place[32];

	assert_int_equal(parse(data, size, &text, &error), STATUS_CONFIG);
	snprintf(place, sizeof(place), FILE_NAME ":%lld: ", (long long)line);
	if (!text_starts(error.message, place) || !strstr(error.message, word))
		fail_msg("not \"%s...%s\": %s", place, word, error.message);
	assert_int_equal(error.line, line);
	assert_string_equal(error.file, FILE_NAME);
	assert_string_equal(text_string(&text), ""); /* nothing was passed on of a refused text */
}

static void refuses(const char *data, int64_t line, const char *word)
{
	refuses_bytes(data, strlen(data), line, word);
}

#endif
