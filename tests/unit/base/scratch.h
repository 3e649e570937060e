/* scratch.h - a folder of its own for a test, and small helpers around files.
 * For unit tests; every failure here fails the test. */
#ifndef TESTS_SCRATCH_H
#define TESTS_SCRATCH_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/base.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct scratch {
	struct arena arena;
	char folder[64];
};

static inline int scratch_setup(void **state)
{
	struct scratch *scratch = mem_alloc(sizeof(*scratch));

	snprintf(scratch->folder, sizeof(scratch->folder), "/tmp/eloquent-unit-XXXXXX");
	if (!mkdtemp(scratch->folder) || chmod(scratch->folder, 0777) != 0)
		return -1;
	*state = scratch;
	return 0;
}

static inline void scratch_empty(const char *folder)
{
	DIR *open = opendir(folder);
	struct dirent *entry;

	while (open && (entry = readdir(open))) {
		TEXT_CLEANUP struct text path = {0};

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		text_printf(&path, "%s/%s", folder, entry->d_name);
		if (unlink(path.data) != 0) {
			chmod(path.data, 0700);
			scratch_empty(path.data);
			rmdir(path.data);
		}
	}
	if (open)
		closedir(open);
}

static inline int scratch_teardown(void **state)
{
	struct scratch *scratch = *state;

	scratch_empty(scratch->folder);
	rmdir(scratch->folder);
	arena_free(&scratch->arena);
	mem_free(scratch);
	return 0;
}

static inline const char *scratch_path(struct scratch *scratch, const char *name)
{
	return path_join(&scratch->arena, scratch->folder, name);
}

static inline void scratch_write(const char *path, const char *data, size_t size)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

/* The file's bytes; lives as long as the scratch folder. */
static inline const char *scratch_read(struct scratch *scratch, const char *path, size_t *ret_size)
{
	struct text text = {0};
	struct error error = {0};
	const char *copy;

	assert_int_equal(file_read(path, TEXT_CAP, &text, &error), STATUS_OK);
	copy = arena_copy(&scratch->arena, text_string(&text), text.size);
	if (ret_size)
		*ret_size = text.size;
	text_free(&text);
	return copy;
}

/* How many entries the folder has. */
static inline int scratch_count(const char *folder)
{
	DIR *open = opendir(folder);
	int count = 0;

	assert_non_null(open);
	while (readdir(open))
		count++;
	closedir(open);
	return count - 2;
}

/* Runs body in a child and returns its wait status. The child must not return to
 * cmocka: its result is the exit code. */
static inline int in_child(int (*body)(void *context), void *context)
{
	pid_t pid;
	int status = -1;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(body(context));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/* The superuser may write everywhere; a child that tests refusals is somebody else. */
static inline int become_nobody(void)
{
	if (geteuid() != 0)
		return 0;
	return setgid(65534) != 0 || setuid(65534) != 0 ? -1 : 0;
}

#endif
