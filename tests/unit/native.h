/* native.h - the judge of what a database holds: SQLite's own shell. */
#ifndef TESTS_UNIT_NATIVE_H
#define TESTS_UNIT_NATIVE_H

#include "base/base.h"

#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* What it answers; one line per row, the last newline removed. */
static inline const char *native_sql(struct arena *arena, const char *file, const char *statement)
{
	int ends[2];
	TEXT_CLEANUP struct text answer = {0};
	char buffer[4096];
	pid_t child = 0;
	int outcome = 0;
	posix_spawn_file_actions_t actions;
	const char *const words[] = {"sqlite3", "-batch", "-bail", file, statement, NULL};
	char *const none[] = {NULL};
	assert_int_equal(pipe(ends), 0);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
	posix_spawn_file_actions_addclose(&actions, ends[0]);
	assert_int_equal(posix_spawn(&child, "/usr/bin/sqlite3", &actions, NULL,
				     (char *const *)(uintptr_t)words, none),
			 0);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	for (ssize_t got; (got = read(ends[0], buffer, sizeof(buffer))) > 0;)
		text_append(&answer, buffer, (size_t)got);
	close(ends[0]);
	waitpid(child, &outcome, 0);
	assert_int_equal(outcome, 0);
	if (answer.size && answer.data[answer.size - 1] == '\n')
		text_cut(&answer, answer.size - 1);
	return arena_text(arena, text_string(&answer));
}

#endif
