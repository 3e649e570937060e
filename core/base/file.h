/* file.h - paths and small files. Nothing here may be used on a database file:
 * a second open and close in the process would drop SQLite's locks. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>

/* "a" + "b" -> "a/b"; an absolute b stands alone. In the arena. */
char *path_join(struct arena *arena, const char *folder, const char *path);
char *path_folder(struct arena *arena, const char *path); /* "." when it has none */
const char *path_name(const char *path);                  /* behind the last '/' */
char *path_working_directory(struct arena *arena);        /* absolute; "." when it was deleted */

/* Reads a whole regular file into *text (appended; untouched on failure). STATUS_IO
 * when it cannot be read or is larger than cap; the message names path, reason and cap. */
enum status file_read(const char *path, size_t cap, struct text *text, struct error *error) MUST_CHECK;
/* The same below an open folder. path is used in messages only. */
enum status file_read_at(int folder_fd, const char *name, const char *path, size_t cap,
			 struct text *text, struct error *error) MUST_CHECK;

/* Creates a file that must not exist (O_EXCL), writes, syncs and closes it. A
 * failure removes what was written. STATUS_FAILED when it exists. */
enum status file_create(const char *path, unsigned mode, const char *data, size_t size,
			struct error *error) MUST_CHECK;

/* mkdir -p with this mode for what is missing. */
enum status folder_create(const char *path, unsigned mode, struct error *error) MUST_CHECK;
/* Makes sure that the names in this folder survive a lost machine. */
enum status folder_sync(const char *path, struct error *error) MUST_CHECK;

bool file_exists(const char *path);                              /* of any kind, links followed */
enum status fd_write_all(int fd, const char *data, size_t size); /* retries EINTR and short writes */
/* Appends everything from here to the end. `expected` is the size that the file had when
 * it was opened: once that much has come there is no need to ask for an end that is known.
 * 0, or -1 with errno and *text as it was; EFBIG says that more than cap came. */
int fd_read_all(int fd, int64_t expected, size_t cap, struct text *text) MUST_CHECK;
/* fsync that goes on after a signal. An error is final: what was lost is not known
 * to the next call. 0, or -1 with errno. */
int fd_sync(int fd) MUST_CHECK;
void fd_close(int *fd); /* for CLEANUP; -1 is nothing */

#endif
