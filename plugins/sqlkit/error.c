/* error.c - how a driver reports what it found out by itself. */
#include "sqlkit/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct elq_str sqlkit_str(const char *text)
{
	return (struct elq_str){.data = text, .size = text ? strlen(text) : 0};
}

int32_t sqlkit_fail(const struct elq_call *call, int32_t code, const char *hint, const char *format,
		    ...)
{
	char message[SQLKIT_MESSAGE_CAP];
	va_list args;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	struct elq_error error = {
		.struct_size = sizeof(error),
		.code = code,
		.statement = -1,
		.offset = -1,
		.message = sqlkit_str(message),
		.hint = sqlkit_str(hint),
	};
	call->host->set_error(call, &error);
	return code;
}

void sqlkit_warn(const struct elq_call *call, const char *format, ...)
{
	char message[SQLKIT_MESSAGE_CAP];
	va_list args;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	call->host->log(call, ELQ_LOG_WARN, message, strlen(message), NULL, 0);
}
