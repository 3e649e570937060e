/* lock_file.h - the file beside the database that the lock is taken on. */
#ifndef SQLITE_LOCK_FILE_H
#define SQLITE_LOCK_FILE_H

#include "sqlite/internal.h"

#define LOCK_SUFFIX ".eloquent-lock"

enum lock_file_use { LOCK_FILE_READ, LOCK_FILE_WRITE, LOCK_FILE_CREATE };
/* *ret_fd is -1 when the file is absent and not to be created. */
int32_t lock_file_open(struct elq_connection *connection, enum lock_file_use use, int *ret_fd);
/* Is the open file still the one of that name? Otherwise its lock locks nothing. */
int32_t lock_file_in_place(const struct elq_connection *connection, int fd, bool *ret);
/* Who may write the database may lock it: gives the file the database's mode and group
 * where we may. Under the lock. */
void lock_file_share(const struct elq_connection *connection, int fd);
/* Reports errno. */
int32_t lock_file_fail(struct elq_connection *connection, const char *doing);

#endif
