/* phase.h - the page that phase.c shares with the trial; support.py reads the same
 * four numbers. */
#ifndef SOAK_PHASE_H
#define SOAK_PHASE_H

#include <stdint.h>

enum phase {
	PHASE_OUTSIDE = 0,   /* no transaction: before, between and after migrations */
	PHASE_BETWEEN = 1,   /* in the transaction, between two statements */
	PHASE_STATEMENT = 2, /* inside a statement of the migration */
	PHASE_OURS = 3,      /* inside a statement of the tool's own */
	PHASE_COMMIT = 4,    /* inside COMMIT */
};

struct phase_page {
	uint32_t phase;
	uint32_t statements;   /* of migrations, finished */
	uint32_t commits;      /* finished */
	uint32_t commit_calls; /* writes, syncs and unlinks inside COMMIT */
};

#endif
