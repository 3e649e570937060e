/* fuzz_dotenv.c - the .env reader on arbitrary bytes, and its promises on what
 * it accepts. */
#include "check.h"

#include "config/config.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum status take_pair(void *context, const char *name, const char *value, int64_t line,
			     struct error *error)
{
	int64_t *last = context;
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";

	(void)error;
	CHECK(name[0] && !(name[0] >= '0' && name[0] <= '9') && strspn(name, letters) == strlen(name));
	CHECK(strlen(value) <= INI_LINE_CAP && !strpbrk(value, "\r\n"));
	CHECK(utf8_valid(value, strlen(value), NULL));
	CHECK(line > *last);
	*last = line;
	return STATUS_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int64_t last = 0;
	struct dotenv_handler handler = {&last, take_pair};
	ERROR_CLEANUP struct error error = {0};
	enum status status = dotenv_parse_text(".env", (const char *)data, size, &handler, &error);

	CHECK(status == STATUS_OK || (status == STATUS_CONFIG && error.message && error.line > 0));
	return 0;
}
