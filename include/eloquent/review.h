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
	uint32_t severity;   /* ELQ_FINDING_* */
	uint64_t statement;  /* index since begin(), from 0 */
	struct elq_str rule; /* [a-z_]+: "drop_table"; static */
	/* "users", "users.email": as the database calls it before the plan. A part that is not
	 * letters, digits and '_' only, or begins with a digit, stands in double quotes, with those
	 * inside doubled. May have no value. */
	struct elq_str object;
	struct elq_str message; /* one sentence */
};

/* Receives findings in order of statement. Non-zero: no more of this statement's. */
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
	/* [conn] The statements that follow are one unit, begun like this: with these options of
	 * the driver's own, in one transaction or (ELQ_BEGIN_AUTOCOMMIT) in none. Between two units
	 * other programs may write, and what one sets for its session does not reach the next. */
	int32_t (*unit)(const struct elq_call *call, struct elq_review *review,
			const struct elq_begin *begin);
	/* [conn] The next statement of the plan (any kind but EMPTY and CLIENT_ONLY). Later ones are
	 * judged as if it had run. A statement that cannot be run on the copy is OPAQUE, not an
	 * error; so is transaction control of the unit's own. */
	int32_t (*feed)(const struct elq_call *call, struct elq_review *review,
			const struct elq_str *statement, const struct elq_finding_sink *sink);
	/* [conn] Frees the session; NULL is accepted. */
	void (*end)(const struct elq_call *call, struct elq_review *review);
};

#ifdef __cplusplus
}
#endif
#endif
