/* error.h - how a driver reports what it found out by itself: one sentence,
 * and what to do. Errors that carry a backend's own numbers (SQLSTATE, native
 * code, offset) are built by the driver, which knows them. */
#ifndef SQLKIT_ERROR_H
#define SQLKIT_ERROR_H

#include <eloquent/host.h>

#define SQLKIT_MESSAGE_CAP 2048 /* bytes; a longer message is cut, never split */

/* A C string as it crosses the border; NULL has no value. */
struct elq_str sqlkit_str(const char *text);

/* Reports and returns `code`. hint may be NULL. [any] */
int32_t sqlkit_fail(const struct elq_call *call, int32_t code, const char *hint, const char *format,
		    ...) __attribute__((format(printf, 4, 5)));
/* What the caller should know although nothing failed: one warning in the log. [any] */
void sqlkit_warn(const struct elq_call *call, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
