/* measure.c - runs one command and prints what it cost, on one line:
 *
 *     wall_ns user_us system_us peak_kib exit
 *
 * A program of its own because the measuring side must be small: the peak
 * memory that the kernel reports for a child begins with that of the process
 * it was started from, so that no child of an interpreter can be seen below
 * the interpreter's own size. The child's standard output goes to the file in
 * BENCH_OUTPUT (default /dev/null), its standard input is empty. */
#include "floor.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int main(int argc, char **argv)
{
	const char *output = getenv("BENCH_OUTPUT");
	posix_spawn_file_actions_t actions;
	struct rusage usage;
	int64_t start;
	int64_t wall;
	int status;
	pid_t child;

	if (argc < 2)
		floor_fail("usage: bench_measure COMMAND [ARGUMENT...]");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 1, output ? output : "/dev/null",
					 O_WRONLY | O_CREAT | O_TRUNC, 0600);
	start = now_ns();
	errno = posix_spawn(&child, argv[1], &actions, NULL, argv + 1, environ);
	if (errno)
		floor_fail("%s: %s", argv[1], strerror(errno));
	if (wait4(child, &status, 0, &usage) != child)
		floor_fail("wait4: %s", strerror(errno));
	wall = now_ns() - start;
	posix_spawn_file_actions_destroy(&actions);
	printf("%" PRId64 " %ld %ld %ld %d\n", wall,
	       usage.ru_utime.tv_sec * 1000000 + usage.ru_utime.tv_usec,
	       usage.ru_stime.tv_sec * 1000000 + usage.ru_stime.tv_usec, usage.ru_maxrss,
	       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return 0;
}
