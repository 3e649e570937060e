/* fuzz_seed_header.c - any bytes as a seed script: what is accepted has environments of
 * words that can be compared, from a line of the script that is a directive; what is
 * refused names a line, a reason and a remedy. */
#include "check.h"

#include "seed_sql/header.h"

/* The seeder exports nothing but its entry; this part of it is compiled in here. */
#include "seed_sql/header.c"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t lines_of(const uint8_t *data, size_t size)
{
	uint64_t lines = 1;
	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	return lines;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct header header;
	struct header_problem problem;
	/* A copy of exactly this size: reading beyond it is seen. */
	char *text = malloc(size ? size : 1);
	CHECK(text != NULL);
	for (size_t i = 0; i < size; i++)
		text[i] = (char)data[i];
	uint64_t lines = lines_of(data, size);
	if (header_parse(text, size, &header, &problem)) {
		size_t length = strlen(header.environments);
		CHECK(length < HEADER_ENVIRONMENTS_CAP && header.line <= lines);
		CHECK(length == 0 || header.line > 0);
		CHECK(strspn(header.environments, "abcdefghijklmnopqrstuvwxyz0123456789_- ") == length);
		CHECK(length == 0 ||
		      (header.environments[0] != ' ' && header.environments[length - 1] != ' '));
		CHECK(strstr(header.environments, "  ") == NULL);
	} else {
		CHECK(problem.line >= 1 && problem.line <= lines);
		CHECK(problem.what[0] && problem.remedy != NULL);
	}
	free(text);
	return 0;
}
