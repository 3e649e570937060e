/* clock.c - the two clocks, and time as text. UTC only: no time zone is read. */
#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
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

/* Two or more digits at `at`; anything else makes the text another than clock_format's. */
static int digits(const char *text, size_t at, size_t count)
{
	int value = 0;
	for (size_t i = at; i < at + count; i++)
		value = value * 10 + (text[i] - '0');
	return value;
}

bool clock_parse(const char *text, int64_t *ret_wall_us)
{
	static const char shape[] = "0000-00-00T00:00:00.000000Z";
	char again[CLOCK_TEXT];
	if (strlen(text) != sizeof(shape) - 1)
		return false;
	for (size_t i = 0; shape[i]; i++)
		if (shape[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != shape[i])
			return false;
	struct tm parts = {
		.tm_year = digits(text, 0, 4) - 1900,
		.tm_mon = digits(text, 5, 2) - 1,
		.tm_mday = digits(text, 8, 2),
		.tm_hour = digits(text, 11, 2),
		.tm_min = digits(text, 14, 2),
		.tm_sec = digits(text, 17, 2),
	};
	int64_t us = (int64_t)timegm(&parts) * 1000000 + digits(text, 20, 6);
	clock_format(us, again); /* the 30th of February comes back as a day in March */
	if (strcmp(again, text) != 0)
		return false;
	*ret_wall_us = us;
	return true;
}
