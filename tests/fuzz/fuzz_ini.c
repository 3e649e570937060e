/* fuzz_ini.c - the INI reader on arbitrary bytes, and its promises on what it
 * accepts. */
#include "check.h"

#include "config/config.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	int64_t section_line;
	int64_t line;
	char section[64];
};

static enum status take_section(void *context, const char *section, int64_t line, struct error *error)
{
	struct seen *seen = context;

	(void)error;
	CHECK(strlen(section) >= 1 && strlen(section) <= 49);
	CHECK(strcmp(section, seen->section) != 0);
	CHECK(line > seen->line);
	seen->line = line;
	memcpy(seen->section, section, strlen(section) + 1);
	return STATUS_OK;
}

static enum status take_key(void *context, const char *section, const char *key, const char *value,
			    int64_t line, struct error *error)
{
	struct seen *seen = context;

	(void)error;
	CHECK(strcmp(section, seen->section) == 0);
	CHECK(strlen(key) >= 1 && strlen(key) <= 49 && !strpbrk(key, " \t=:;#[]\"'"));
	CHECK(strlen(value) <= INI_LINE_CAP && !strpbrk(value, "\r\n"));
	CHECK(utf8_valid(value, strlen(value), NULL));
	CHECK(line > seen->line);
	seen->line = line;
	return STATUS_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen seen = {0};
	struct ini_handler handler = {&seen, take_section, take_key};
	ERROR_CLEANUP struct error error = {0};
	enum status status = ini_parse_text("fuzz.ini", (const char *)data, size, &handler, &error);

	CHECK(status == STATUS_OK || (status == STATUS_CONFIG && error.message && error.line > 0));
	return 0;
}
