/* doctor.h - what doctor looks at, and how it tells; private to cmd_doctor.c and the
 * doctor_*.c beside it. Nothing here changes anything. */
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include "cli/cli.h"

enum finding_level {
	FINDING_FINE,    /* as it should be */
	FINDING_ADVICE,  /* works; could be better */
	FINDING_PROBLEM, /* something will fail, or is not safe: exit 4 */
};

struct doctor {
	struct run *run;
	json_t *findings; /* array; owned by the result */
	json_t *drivers;  /* likewise: those that were loaded, with their parameters */
	size_t problems;
	size_t advice;
};

/* One finding: where, what, and what to do (NULL: nothing). Shown at once. */
void doctor_tell(struct doctor *doctor, enum finding_level level, const char *area, const char *remedy,
		 const char *format, ...) PRINTF(5, 6);
/* The same for a failure of ours that is a finding here. */
void doctor_tell_error(struct doctor *doctor, const char *area, const struct error *error);

/* Why nothing can be written into the folder, or made where it would be; NULL: it can. */
const char *doctor_unwritable(struct doctor *doctor, const char *folder);

/* A problem if everybody can write it: the command that takes that away, behind `first` ("read it")
 * or alone. false: nobody else can, or it is not there. */
bool doctor_written_by_others(struct doctor *doctor, const char *area, const char *path,
			      const char *first);

/* The chapters, in the order in which they are shown. */
void doctor_configuration(struct doctor *doctor); /* every value that is not a default, and its place */
void doctor_files(struct doctor *doctor);   /* who can write them, secrets, the trail, the backups, the
					       migrations */
void doctor_plugins(struct doctor *doctor); /* what is installed, what is refused */
void doctor_cache(struct doctor *doctor);   /* the stores of this environment's chain */
void doctor_connection(struct doctor *doctor, const struct connection *connection);
void doctor_parameters(struct doctor *doctor, const struct driver *driver); /* once per driver */
void doctor_stamp(struct doctor *doctor, const struct connection *connection, struct database *database,
		  const char *area); /* part of a connection's */

#endif
