/* folder.h - the scripts in the seeds folder, and the text of one. */
#ifndef SEED_SQL_FOLDER_H
#define SEED_SQL_FOLDER_H

#include <eloquent/host.h>

#include <stdbool.h>

#define SCRIPT_CAP ((uint64_t)16 << 20) /* bytes of one script */

struct scripts {
	char **names; /* of the files that end in .sql, sorted; hidden ones left out */
	uint64_t count;
	uint64_t capacity;
	int folder;       /* open, or -1: there is none */
	const char *path; /* for messages; borrowed */
};
/* Opens and lists. A folder that is not there holds none. Freed by scripts_free, also
 * after a failure. */
int32_t scripts_list(const struct elq_call *call, const char *path, struct scripts *ret);
void scripts_free(struct scripts *scripts);
/* A whole regular file, no link; the caller frees *ret with free(). */
int32_t script_read(const struct elq_call *call, const struct scripts *scripts, const char *name,
		    char **ret, uint64_t *ret_size);

#endif
