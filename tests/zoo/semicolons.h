/* semicolons.h - a driver's idea of a script that is enough for the zoo: a statement ends
 * at ';', whatever stands around it. */
#ifndef ZOO_SEMICOLONS_H
#define ZOO_SEMICOLONS_H

#include <eloquent/driver.h>

#include <string.h>

static void semicolons_next(const char *script, uint64_t size, uint64_t offset, struct elq_span *ret)
{
	const char *end = offset < size ? memchr(script + offset, ';', size - offset) : NULL;
	ret->kind = offset < size ? ELQ_STATEMENT_PLAIN : ELQ_STATEMENT_EMPTY;
	ret->start = offset;
	ret->size = end != NULL ? (uint64_t)(end - script) - offset : size - offset;
	ret->next = end != NULL ? (uint64_t)(end - script) + 1 : size;
	ret->line = 1;
	for (uint64_t i = 0; i < offset; i++)
		ret->line += script[i] == '\n';
}

#endif
