/* floor.c - see floor.h. Plain system calls: no stdio on the files, no mmap
 * (both were measured slower for files of one kilobyte). */
#include "floor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Noreturn void floor_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("floor: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

struct floor_names floor_list(int folder)
{
	struct floor_names names = {0};
	size_t capacity = 0;
	DIR *stream = fdopendir(dup(folder));
	const struct dirent *entry;

	if (!stream)
		floor_fail("cannot list the folder: %s", strerror(errno));
	while ((entry = readdir(stream))) {
		size_t size = strlen(entry->d_name);

		if (size < 4 || memcmp(entry->d_name + size - 4, ".sql", 4) != 0)
			continue;
		if (names.count == capacity) {
			capacity = capacity ? capacity * 2 : 256;
			names.items = realloc(names.items, capacity * sizeof(*names.items));
		}
		if (!names.items || !(names.items[names.count++] = strdup(entry->d_name)))
			floor_fail("out of memory");
	}
	closedir(stream);
	if (names.count)
		qsort(names.items, names.count, sizeof(*names.items), compare);
	return names;
}

void floor_read(int folder, const char *name, struct floor_buffer *buffer)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t got;

	if (fd < 0)
		floor_fail("%s: %s", name, strerror(errno));
	buffer->size = 0;
	do {
		if (buffer->capacity - buffer->size < 4096) {
			buffer->capacity += 65536;
			buffer->data = realloc(buffer->data, buffer->capacity);
			if (!buffer->data)
				floor_fail("out of memory");
		}
		got = read(fd, buffer->data + buffer->size, buffer->capacity - buffer->size - 1);
		if (got < 0)
			floor_fail("%s: %s", name, strerror(errno));
		buffer->size += (size_t)got;
	} while (got > 0);
	buffer->data[buffer->size] = '\0';
	close(fd);
}
