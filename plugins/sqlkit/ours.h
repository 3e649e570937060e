/* ours.h - the names of our own tables in a user's database, in one place. */
#ifndef SQLKIT_OURS_H
#define SQLKIT_OURS_H

#include <stdbool.h>

#define SQLKIT_HISTORY_TABLE "eloquent_history"
#define SQLKIT_META_TABLE "eloquent_meta"
#define SQLKIT_LOCK_TABLE "eloquent_lock" /* reserved everywhere, used where locks are rows */

/* The same as the inside of an SQL list: name NOT IN (SQLKIT_OURS_LIST). */
#define SQLKIT_OURS_LIST "'" SQLKIT_HISTORY_TABLE "', '" SQLKIT_META_TABLE "', '" SQLKIT_LOCK_TABLE "'"

/* Is this the name of one of them (ASCII case does not matter)? NULL is not. */
bool sqlkit_name_is_ours(const char *name);

#endif
