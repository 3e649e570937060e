/* migration.c - a new migration file with empty sections, named so that it sorts
 * behind every file that is there. */
#include "generate/generate.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define WORDS_CAP 160
#define STAMP_DIGITS 14

struct language {
	const char *name;
	const char *text;
};

static const struct language languages[] = {
	{"sql", "-- migrate:up\n\n\n-- migrate:down\n\n"},
	{"json", "{\n  \"up\": [],\n  \"down\": []\n}\n"},
};

static const struct language *language_find(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(languages); i++)
		if (text_equal(languages[i].name, name))
			return &languages[i];
	return NULL;
}

static enum status words_check(struct arena *arena, const char *words, const char **ret,
			       struct error *error)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
	char *clean = arena_text(arena, words);
	for (char *at = clean; *at; at++)
		if (*at == ' ')
			*at = '_';
	if (!*clean || clean[strspn(clean, allowed)] || strlen(clean) > WORDS_CAP) {
		error_set(error, STATUS_USAGE, "\"%s\" cannot be a migration's name", words);
		error_hint(error, "use at most %d letters, digits, _ and -, for example create_users",
			   WORDS_CAP);
		return STATUS_USAGE;
	}
	*ret = clean;
	return STATUS_OK;
}

/* Numbers of any length, without leading zeros. */
static int number_compare(const char *a, const char *b)
{
	size_t a_size = strlen(a);
	size_t b_size = strlen(b);
	if (a_size != b_size)
		return a_size < b_size ? -1 : 1;
	return strcmp(a, b);
}

static void dir_close(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* The largest version in the folder, whatever the files' language; NULL: none. */
static enum status newest_version(struct arena *arena, const char *folder, const char **ret,
				  struct error *error)
{
	CLEANUP(dir_close) DIR *dir = opendir(folder);
	const char *newest = NULL;
	if (!dir)
		return error_set(error, STATUS_IO, "cannot list the folder %s: %s", folder,
				 strerror(errno));
	for (;;) {
		errno = 0;
		const struct dirent *found = readdir(dir);
		if (!found && errno)
			return error_set(error, STATUS_IO, "cannot list the folder %s: %s", folder,
					 strerror(errno));
		if (!found)
			break;
		const char *digits = found->d_name + strspn(found->d_name, "0");
		const char *number = arena_copy(arena, digits, strspn(digits, "0123456789"));
		if (*number && (!newest || number_compare(number, newest) > 0))
			newest = number;
	}
	*ret = newest;
	return STATUS_OK;
}

static int two_digits(const char *text)
{
	return (text[0] - '0') * 10 + (text[1] - '0');
}

/* One second after a UTC stamp; false when it is not one. */
static bool stamp_next(const char *stamp, char ret[CLOCK_TEXT])
{
	char again[CLOCK_TEXT];
	if (strlen(stamp) != STAMP_DIGITS)
		return false;
	struct tm time = {
		.tm_year = two_digits(stamp) * 100 + two_digits(stamp + 2) - 1900,
		.tm_mon = two_digits(stamp + 4) - 1,
		.tm_mday = two_digits(stamp + 6),
		.tm_hour = two_digits(stamp + 8),
		.tm_min = two_digits(stamp + 10),
		.tm_sec = two_digits(stamp + 12),
	};
	int64_t seconds = timegm(&time);
	clock_format_compact(seconds * 1000000, again);
	if (!text_equal(again, stamp))
		return false;
	clock_format_compact((seconds + 1) * 1000000, ret);
	return strlen(ret) == STAMP_DIGITS;
}

/* A version that is no time: the next number. */
static const char *number_next(struct arena *arena, const char *number)
{
	char *next = arena_printf(arena, "0%s", number);
	for (size_t at = strlen(next); at > 0; at--) {
		if (next[at - 1] != '9') {
			next[at - 1]++;
			break;
		}
		next[at - 1] = '0';
	}
	return *next == '0' ? next + 1 : next;
}

static const char *version_choose(struct arena *arena, const char *newest)
{
	char stamp[CLOCK_TEXT];
	char next[CLOCK_TEXT];
	clock_format_compact(clock_wall_us(), stamp);
	if (!newest || number_compare(stamp, newest) > 0)
		return arena_text(arena, stamp);
	return stamp_next(newest, next) ? arena_text(arena, next) : number_next(arena, newest);
}

enum status generate_migration(struct arena *arena, const char *folder, const char *words,
			       const char *language, const char **ret_path, struct error *error)
{
	const struct language *template = language_find(language);
	const char *clean = NULL;
	const char *newest = NULL;
	enum status status = words_check(arena, words, &clean, error);
	if (status)
		return status;
	if (!template)
		return error_set(error, STATUS_UNSUPPORTED,
				 "there is no template for migrations in \"%s\"", language);
	status = folder_create(folder, 0777, error);
	if (!status)
		status = newest_version(arena, folder, &newest, error);
	if (status)
		return status;
	const char *name =
		arena_printf(arena, "%s_%s.%s", version_choose(arena, newest), clean, language);
	const char *path = path_join(arena, folder, name);
	status = file_create(path, 0666, template->text, strlen(template->text), error);
	if (!status)
		*ret_path = path;
	return status;
}
