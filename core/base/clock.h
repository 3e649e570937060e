/* clock.h - the two clocks, and RFC 3339 UTC text. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

int64_t clock_monotonic_ns(void);
int64_t clock_wall_us(void); /* microseconds since 1970-01-01T00:00:00Z */

#define CLOCK_TEXT 32
void clock_format(int64_t wall_us, char ret_text[CLOCK_TEXT]); /* 2026-01-02T03:04:05.678901Z */
bool clock_parse(const char *text, int64_t *ret_wall_us);      /* exactly what clock_format writes */
void clock_format_compact(int64_t wall_us, char ret_text[CLOCK_TEXT]); /* 20260102030405 */
void clock_sleep_ms(int64_t milliseconds);

#endif
