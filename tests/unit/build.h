/* build.h - where the build folder is: that of the program that runs. */
#ifndef TESTS_UNIT_BUILD_H
#define TESTS_UNIT_BUILD_H

#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

/* A path below it, as in "plugins/sqlite". This program is tests/unit_x. */
static inline const char *build_path(struct arena *arena, const char *path)
{
	char self[4096] = "";
	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	return path_join(arena, path_folder(arena, path_folder(arena, self)), path);
}

#endif
