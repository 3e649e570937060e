/* fuzz_ini.c - the INI reader on arbitrary bytes, and its promises on what it
 * accepts. */
#include "config/config.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	int64_t section_line;
	int64_t line;
	char section[64];
};

#define PROMISE(condition)                                                                             \
	do {                                                                                           \
		if (!(condition))                                                                      \
			abort();                                                                       \
	} while (0)

static enum status take_section(void *context, const char *section, int64_t line, struct error *error)
{
	struct seen *seen = context;

	(void)error;
	PROMISE(strlen(section) >= 1 && strlen(section) <= 49);
	PROMISE(strcmp(section, seen->section) != 0);
	PROMISE(line > seen->line);
	seen->line = line;
	memcpy(seen->section, section, strlen(section) + 1);
	return STATUS_OK;
}

static enum status take_key(void *context, const char *section, const char *key, const char *value,
			    int64_t line, struct error *error)
{
	struct seen *seen = context;

	(void)error;
	PROMISE(strcmp(section, seen->section) == 0);
	PROMISE(strlen(key) >= 1 && strlen(key) <= 49 && !strpbrk(key, " \t=:;#[]\"'"));
	PROMISE(strlen(value) <= INI_LINE_CAP && !strpbrk(value, "\r\n"));
	PROMISE(utf8_valid(value, strlen(value), NULL));
	PROMISE(line > seen->line);
	seen->line = line;
	return STATUS_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen seen = {0};
	struct ini_handler handler = {&seen, take_section, take_key};
	ERROR_CLEANUP struct error error = {0};
	enum status status = ini_parse_text("fuzz.ini", (const char *)data, size, &handler, &error);

	PROMISE(status == STATUS_OK || (status == STATUS_CONFIG && error.message && error.line > 0));
	return 0;
}
