/* check.h - what must hold of any input: otherwise the line is said, and the run ends. */
#ifndef TESTS_FUZZ_CHECK_H
#define TESTS_FUZZ_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition)                                                                               \
	do {                                                                                           \
		if (!(condition)) {                                                                    \
			fprintf(stderr, "line %d: %s\n", __LINE__, #condition);                        \
			abort();                                                                       \
		}                                                                                      \
	} while (0)

#endif
