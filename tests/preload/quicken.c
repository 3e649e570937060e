/* quicken.c - preloaded into the program under test: its monotonic clock runs QUICKEN times as
 * fast as time does, from the start of the process on, and who waits on a condition until a
 * moment of that clock waits for that moment. The wall clock is left alone. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS INT64_C(1000000000)

static int64_t began_ns;
static int64_t factor = 1;

static int64_t of(const struct timespec *time)
{
	return (int64_t)time->tv_sec * SECOND_NS + time->tv_nsec;
}

static struct timespec to(int64_t ns)
{
	return (struct timespec){.tv_sec = ns / SECOND_NS, .tv_nsec = ns % SECOND_NS};
}

__attribute__((constructor)) static void read_wish(void)
{
	struct timespec now;
	const char *wish = getenv("QUICKEN");
	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
	began_ns = of(&now);
	factor = wish ? strtol(wish, NULL, 10) : 1;
}

int clock_gettime(clockid_t clock, struct timespec *ret)
{
	int result = (int)syscall(SYS_clock_gettime, clock, ret);
	if (result == 0 && clock == CLOCK_MONOTONIC)
		*ret = to(began_ns + (of(ret) - began_ns) * factor);
	return result;
}

int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *lock,
			   const struct timespec *until)
{
	int (*wait)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
	/* POSIX's own way from an object to a function. */
	*(void **)&wait = dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
	struct timespec real = to(began_ns + (of(until) - began_ns) / factor);
	return wait(condition, lock, &real);
}
