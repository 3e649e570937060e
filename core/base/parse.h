/* parse.h - words of a configuration as values. Each refuses what it does not
 * know; none guesses. Surrounding blanks are the caller's to remove. */
#ifndef BASE_PARSE_H
#define BASE_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool parse_bool(const char *text, bool *ret);           /* 1/0 true/false yes/no on/off, any case */
bool parse_integer(const char *text, int64_t *ret);     /* decimal, optional '-', no overflow */
bool parse_duration_us(const char *text, int64_t *ret); /* 250ms 5s 10m 1h 7d; a bare number: seconds */
bool parse_date(const char *text);                      /* is it a day of the calendar, 2026-01-31? */
bool parse_size(const char *text, int64_t *ret);        /* bytes; 64KiB 16MiB 2GiB */
/* [a-z][a-z0-9_]{0,31} */
bool parse_name(const char *text);

#endif
