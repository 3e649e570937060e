/* violations.h - rows that refer to rows that do not exist, counted per child,
 * parent and columns: what is compared before and after a migration. */
#ifndef SQLITE_VIOLATIONS_H
#define SQLITE_VIOLATIONS_H

#include "sqlite/internal.h"

struct violation {
	const char *child;
	const char *parent;  /* "": the check itself cannot be made */
	const char *columns; /* of the child; SQLite's words when it cannot be made */
	int64_t rows;
};

/* Counts those of one child, by SQLite's foreign_key_check, behind what `ret`
 * holds. first_only: one is enough. The map of foreign keys is up to date. */
int32_t violations_count(struct elq_connection *connection, const char *child, bool first_only,
			 struct violations *ret);
/* What `now` has more of than `before`, into `ret`. false: no memory. */
bool violations_compare(const struct violations *now, const struct violations *before,
			struct violations *ret);
bool violations_move(struct violations *from, struct violations *to); /* false: no memory */
void violations_remove(struct violations *violations, const char *child);
/* "2 rows of orders refer to missing rows of users (user_id)"; sqlite3_free; NULL: no memory */
char *violations_describe(const struct violations *violations);
void violations_clear(struct violations *violations);
void violations_free(struct violations *violations);

#endif
