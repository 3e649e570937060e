/* ours.c - the names of our own tables. */
#include "sqlkit/ours.h"

#include <strings.h>

bool sqlkit_name_is_ours(const char *name)
{
	return name &&
	       (strcasecmp(name, SQLKIT_HISTORY_TABLE) == 0 ||
		strcasecmp(name, SQLKIT_META_TABLE) == 0 || strcasecmp(name, SQLKIT_LOCK_TABLE) == 0);
}
