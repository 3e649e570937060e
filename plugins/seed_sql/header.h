/* header.h - what a seed script says of itself, above its first statement:
 *
 *     -- eloquent:seed environments=development,staging storage=sql
 *
 * Without it a seed is for every environment but production. */
#ifndef SEED_SQL_HEADER_H
#define SEED_SQL_HEADER_H

#include <stdbool.h>
#include <stdint.h>

#define HEADER_ENVIRONMENTS_CAP 1024

struct header {
	char environments[HEADER_ENVIRONMENTS_CAP]; /* words separated by blanks; "": not said */
	uint64_t line;                              /* of the directive; 0: none */
};

/* Why a script is refused. */
struct header_problem {
	uint64_t line; /* from 1 */
	char what[256];
	const char *remedy; /* static */
};

/* false: *ret_problem says why; *ret is then of no use. Looks at every line: a directive
 * below the first statement would be a comment, and what it restricts would run. */
bool header_parse(const char *data, uint64_t size, struct header *ret,
		  struct header_problem *ret_problem);

/* The name that a script goes by: its file's, without .sql and without the digits that
 * put it in order ("01_UserSeeder.sql": UserSeeder). NULL: it has none; else `ret_size` bytes
 * of file_name. */
const char *header_name(const char *file_name, uint64_t *ret_size);

#endif
