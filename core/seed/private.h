/* private.h - what the files of seed/ share and nobody else sees. */
#ifndef SEED_PRIVATE_H
#define SEED_PRIVATE_H

#include "seed/seed.h"

#define SEED_FILE_CAP (TEXT_CAP / 2)         /* bytes of one file */
#define SEED_STATEMENT_CAP ((size_t)8 << 20) /* bytes of one statement */

/* ---- one seed at work (target.c) ------------------------------------------------ */

/* Behind a target's context: one seed, on one database. */
struct bed {
	struct sowing *sowing;
	const struct seed *seed;
	enum sow_mode mode;
	struct review_session *review; /* borrowed; NULL: nothing is judged, or nobody can */
	struct arena arena;            /* files that were handed out */
	struct error error;            /* of the first slot that failed; the others then do nothing */
	bool enough; /* SOW_CHECK: the seed came to its rows, and they do not matter */
	bool loading;
	struct text table; /* of the open load */
	size_t columns;
	int64_t load_rows; /* handed over since load_begin */
	int64_t next_id;   /* what reserve_ids answers when nothing is written */
	int64_t statements;
	int64_t rows; /* -1: unknown */
	struct progress progress;
	const char *unit; /* what the seeder counts in, once it has said so; or NULL */
};
/* The slots that the seeder gets; lives as long as the bed. */
struct elq_seed_target bed_target(struct bed *bed);
void bed_free(struct bed *bed);
/* Keeps the first failure and answers with its ELQ_* code. */
int32_t bed_fail(struct bed *bed, enum status status);
/* STATUS_INTERRUPTED once the run is asked to stop; fills the bed's error. */
enum status bed_check_stop(struct bed *bed);
void bed_add_rows(struct bed *bed, int64_t rows); /* < 0: unknown */
/* How far the seed is, as the target sees it. What its seeder says of that counts more. */
void bed_step(struct bed *bed, const char *unit, int64_t total, int64_t done);
/* The path of a file below the seeds folder, for messages; in the bed's arena. */
const char *bed_path(struct bed *bed, const struct elq_str *file);

/* ---- scripts (script.c) ------------------------------------------------------------ */

/* Splits, refuses what must not be sent, then does what the bed's mode says. `path` and
 * `line` (of the script's first) are for messages. The error is the bed's. */
enum status bed_script(struct bed *bed, const char *path, int64_t line, const char *text, size_t size);

/* ---- what a seed may do in production (review.c) -------------------------------------- */

/* The session that judges a pass over all seeds, ended by database_review_end, also after a
 * failure. *ret is NULL where nothing is judged, or the driver cannot. */
enum status bed_review_begin(struct sowing *sowing, enum sow_mode mode, struct review_session **ret,
			     struct error *error) MUST_CHECK;
/* Where a statement stands: for messages. */
struct seed_place {
	const char *path;
	int64_t line;
	size_t number; /* of the statement in its script, from 1 */
};
/* May this statement, or this load, be sent? The error is the bed's: STATUS_REFUSED, or
 * STATUS_FAILED in SOW_WRITE. Always, when the sowing is not guarded. */
enum status bed_review_statement(struct bed *bed, const struct seed_place *place, const char *text,
				 size_t size);
enum status bed_review_load(struct bed *bed, const struct elq_load_plan *plan);

/* ---- rows (rows.c) ------------------------------------------------------------------ */

int32_t bed_load_begin(void *context, const struct elq_load_plan *plan);
int32_t bed_load_write(void *context, const struct elq_value *values, uint64_t row_count);
int32_t bed_load_end(void *context, struct elq_load_result *ret);
int32_t bed_reserve_ids(void *context, const struct elq_str *table, uint64_t count, int64_t *ret_first);

/* ---- files (file.c) ------------------------------------------------------------------ */

/* Reads a regular file below the folder whole, going down part by part: no link, no "..",
 * no absolute path leads anywhere else. STATUS_IO, STATUS_MALFORMED. */
enum status seed_file_read(const char *folder, const char *path, size_t cap, struct text *ret,
			   struct error *error) MUST_CHECK;

#endif
