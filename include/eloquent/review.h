/* review.h - elq.review: what statements would destroy, judged without touching
 * the live database. */
#ifndef ELOQUENT_REVIEW_H
#define ELOQUENT_REVIEW_H

#include <eloquent/driver.h>

#ifdef __cplusplus
extern "C" {
#endif

struct elq_review; /* opaque, the driver's */

#define ELQ_FINDING_DESTROYS 1 /* rows or columns that hold data would be gone */
#define ELQ_FINDING_OPAQUE 2   /* nobody can tell without running it on the real database */
#define ELQ_FINDING_NOTE 3     /* worth knowing (a lock, a rewrite); never blocks */

struct elq_finding {
	uint32_t struct_size;
	uint32_t severity;      /* ELQ_FINDING_* */
	uint64_t statement;     /* index since begin(), from 0 */
	struct elq_str rule;    /* [a-z_]+: "drop_table"; static */
	struct elq_str object;  /* "users", "users.email"; may have no value */
	struct elq_str message; /* one sentence */
};

/* Receives findings in order of statement. Non-zero: enough. */
struct elq_finding_sink {
	uint32_t struct_size;
	uint32_t reserved;
	void *context;
	int32_t (*finding)(void *context, const struct elq_finding *finding);
};

#define ELQ_EXT_REVIEW ELQ_EXT("review")
struct elq_review_ops {
	uint32_t struct_size;
	uint32_t reserved;
	/* [conn] A session that starts from the schema the connection has now. It never writes to
	 * the database of the connection. */
	int32_t (*begin)(const struct elq_call *call, struct elq_connection *connection,
			 struct elq_review **ret);
	/* [conn] The next statement of the plan (kinds PLAIN and NO_TRANSACTION). Later ones are
	 * judged as if it had run. A statement that cannot be run on the copy is OPAQUE, not an
	 * error. */
	int32_t (*feed)(const struct elq_call *call, struct elq_review *review,
			const struct elq_str *statement, const struct elq_finding_sink *sink);
	/* [conn] Frees the session; NULL is accepted. */
	void (*end)(const struct elq_call *call, struct elq_review *review);
};

#ifdef __cplusplus
}
#endif
#endif
