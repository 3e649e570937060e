/* seed.h - the seeds of a project, which of them are for a connection, and how they are
 * sown into its database: all in one unit of work, or nothing of them stands.
 *
 * What a seed is and how it is written is a seeder plugin's business; what it does to a
 * database goes through the target of this room, which has the transaction, the
 * splitting, the bulk load and the files. No guard, no lock, no prompt stands here. */
#ifndef SEED_SEED_H
#define SEED_SEED_H

#include "base/base.h"
#include "config/config.h"
#include "plugin/plugin.h"

#include <stdatomic.h>

/* ---- what there is (seeds.c) ------------------------------------------------- */

/* One seed; strings in its seeds' arena. */
struct seed {
	const char *name;         /* without a trailing "Seeder" */
	const char *listed;       /* as its seeder gave it */
	const char *file;         /* below the seeds folder, or NULL */
	const char *environments; /* words separated by blanks; NULL: all but production */
	int64_t line;             /* where the environments stand; 0: nowhere */
	uint32_t storage;         /* ELQ_STORAGE_* */
	const struct seeder_plugin *seeder;
};
struct seeds {
	struct arena arena;
	const char *folder; /* absolute */
	struct seed *items; /* by the digits before their files' names, then by file, then name */
	size_t count;
	size_t capacity;
};
/* Asks every seeder plugin that may be loaded what it finds in [project] seeds. A plugin
 * that is refused is left out with a warning. STATUS_PLUGIN_MISSING without any seeder;
 * STATUS_CONFIG without the folder; STATUS_MALFORMED naming the file, or both of two seeds
 * with one name. Freed by seeds_free, also after a failure. */
enum status seeds_list(struct observer *observer, const struct project *project, struct seeds *ret,
		       struct error *error) MUST_CHECK;
void seeds_free(struct seeds *seeds);
/* "User" and "UserSeeder" are one name. NULL: there is none. */
const struct seed *seeds_find(const struct seeds *seeds, const char *name);
/* STATUS_UNKNOWN_NAME with the nearest name and the known ones. */
enum status seeds_require(const struct seeds *seeds, const char *name, const struct seed **ret,
			  struct error *error) MUST_CHECK;
/* Why this seed is not for a database of this family in this environment, in the arena;
 * NULL: it is. word: "production", "staging", ... */
const char *seed_unfit(const struct seed *seed, const char *family, const char *word,
		       struct arena *arena);

/* ---- sowing (sow.c) ------------------------------------------------------------ */

/* What a seed came to. */
struct sown {
	const struct seed *seed;
	int64_t statements;
	int64_t rows; /* inserted, updated, deleted; < 0: the backend does not say */
	int64_t duration_us;
};

enum sow_mode {
	SOW_CHECK, /* split the scripts, judge them; send nothing. A seed is only asked up to its
		    * first rows, unless the sowing is guarded */
	SOW_SHOW,  /* call `statement` and `load` instead of doing anything */
	SOW_WRITE,
};

/* The caller fills it; all borrowed. */
struct sowing {
	struct observer *observer;
	struct database *database;
	const struct seeds *seeds;
	const struct seed *const *chosen; /* in order */
	size_t chosen_count;
	const char *family; /* of the driver */
	const char *word;
	bool guarded;      /* in production: a seed that destroys data is refused */
	const char *count; /* what was given on the command line, checked; NULL: not given */
	const char *seed;
	const char *as_of;
	const atomic_int *stop; /* non-zero: stop at the next statement or batch */
	void *context;
	void (*statement)(void *context, const struct seed *seed, const char *text, size_t size);
	void (*load)(void *context, const struct seed *seed, const char *table, int64_t rows);
	/* In order. SOW_WRITE: once all of them stand. */
	void (*done)(void *context, const struct sown *sown);
	/* filled by sow: did any seeder ask for it? */
	bool asked_count;
	bool asked_seed;
	bool asked_as_of;
};
/* Sows the chosen seeds, one after the other. SOW_WRITE: in one unit, which is committed
 * at the end; the first failure rolls it back, its message names file, line, statement
 * and the database's words, its hint says what stands. A guarded sowing refuses what destroys
 * data or cannot be judged: STATUS_REFUSED by SOW_CHECK, a failure of SOW_WRITE. */
enum status sow(struct sowing *sowing, enum sow_mode mode, struct error *error) MUST_CHECK;

#endif
