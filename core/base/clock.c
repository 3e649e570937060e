/* clock.c - the two clocks, and time as text. UTC only: no time zone is read. */
#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#define US_PER_SECOND 1000000

static int64_t clock_read(clockid_t clock, int64_t per_second)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * per_second + now.tv_nsec / (1000000000 / per_second);
}

int64_t clock_monotonic_ns(void)
{
	return clock_read(CLOCK_MONOTONIC, 1000000000);
}

int64_t clock_wall_us(void)
{
	return clock_read(CLOCK_REALTIME, US_PER_SECOND);
}

/* Splits into broken-down UTC time and microseconds; before 1970 rounds down. */
static unsigned clock_split(int64_t wall_us, struct tm *ret)
{
	time_t seconds = wall_us / US_PER_SECOND;
	int64_t rest = wall_us % US_PER_SECOND;

	if (rest < 0) {
		rest += US_PER_SECOND;
		seconds--;
	}
	gmtime_r(&seconds, ret);
	return (unsigned)rest;
}

void clock_format(int64_t wall_us, char ret_text[CLOCK_TEXT])
{
	struct tm tm;
	unsigned us = clock_split(wall_us, &tm);
	size_t size = strftime(ret_text, CLOCK_TEXT, "%Y-%m-%dT%H:%M:%S", &tm);

	snprintf(ret_text + size, CLOCK_TEXT - size, ".%06uZ", us);
}

void clock_format_compact(int64_t wall_us, char ret_text[CLOCK_TEXT])
{
	struct tm tm;

	clock_split(wall_us, &tm);
	strftime(ret_text, CLOCK_TEXT, "%Y%m%d%H%M%S", &tm);
}

void clock_sleep_ms(int64_t milliseconds)
{
	int64_t until = clock_monotonic_ns() + milliseconds * 1000000;
	struct timespec end = {.tv_sec = until / 1000000000, .tv_nsec = until % 1000000000};

	if (milliseconds <= 0)
		return;
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL) == EINTR)
		;
}
