/* fuzz_git_index.c - git_index_read on any bytes: it answers within them, and says why
 * exactly when it cannot tell. */
#include "check.h"

#include "config/private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t sizes[] = {20, 32};
	TEXT_CLEANUP struct text index = {0};
	text_append(&index, (const char *)data, size);
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		enum git_answer answer = GIT_CANNOT_BE_TOLD;
		const char *why = NULL;
		if (git_index_read(&index, sizes[i], ".env", &answer, &why))
			CHECK(answer == GIT_TRACKS || (answer == GIT_CANNOT_BE_TOLD) == (why != NULL));
	}
	return 0;
}
