/* guard.h - the pure decision "may this run?".
 *
 * guard_decide reads nothing but its arguments: no I/O, no environment, no
 * clock. run/ asks it with the local facts before anything is opened, with the
 * database's facts before a person is asked, and again under the lock before
 * the first write. The expected verdicts stand in tests/guard/verdicts.csv,
 * written by hand. */
#ifndef GUARD_GUARD_H
#define GUARD_GUARD_H

#include <stdbool.h>
#include <stdint.h>

enum guard_class {
	GUARD_SAFE,
	GUARD_WRITES,
	GUARD_DESTRUCTIVE,
	GUARD_RECOVERY,
	GUARD_GENERATOR,
	GUARD_STAMP, /* db:stamp: writes, unless it loosens */
};

/* A fact is yes, no or unknown; unknown never counts as permission. */
enum fact { FACT_UNKNOWN, FACT_NO, FACT_YES };

/* What the command's row says. */
struct guard_command {
	enum guard_class class_;
	bool changes_schema; /* needs a fresh verified backup and the role `migration` in production */
	bool confirms;       /* destructive ones that ask outside production too */
};

struct guard_facts {
	/* local, per connection where it says so */
	enum fact production;        /* APP_ENV, NODE_ENV or the connection's key say so */
	enum fact allow_destructive; /* ELOQUENT_ALLOW_PROD_DESTRUCTIVE */
	enum fact force;             /* --force */
	enum fact yes;               /* --yes */
	enum fact terminal;          /* a person can be asked */
	enum fact twin;              /* the connection is a test twin */
	enum fact content_allowed;   /* --allow-destructive */
	enum fact role_wrong;        /* it has credentials per role, and the role is not migration */
	/* of the database */
	enum fact stamped;          /* it carries a stamp */
	enum fact stamp_production; /* and that is `production` */
	enum fact holds_rows;       /* a table that is not ours holds a row */
	enum fact backup_fresh;     /* a verified backup, younger than [guard] backup_max_age */
	enum fact forbid;           /* the stricter policy: production = forbid */
	enum fact require_backup;   /* the stricter policy */
	enum fact loosens;          /* db:stamp: away from production, or a weaker policy */
	/* of the files that would run, judged on the database's schema */
	enum fact content_destroys;   /* a statement destroys data, or nobody can judge it */
	enum fact content_undeclared; /* and its file does not say that this is meant */
	/* answers; unknown: not asked yet */
	enum fact typed_destroy; /* DESTROY_DATA */
	enum fact typed_name;    /* the database's name */
};

enum guard_decision {
	GUARD_ALLOW,
	GUARD_ASK,    /* allowed when the person types what `asks` says */
	GUARD_LOOK,   /* a fact that is needed is unknown: `reasons` names it */
	GUARD_REFUSE, /* `reasons` names every missing condition at once */
};

#define GUARD_ASK_DESTROY 1u
#define GUARD_ASK_NAME 2u

/* Bits of verdict.reasons. X(NAME, word in verdicts.csv) */
#define GUARD_REASONS(X)                                                                               \
	X(STAMP_MISMATCH, "stamp_mismatch") /* stamped production, said otherwise */                   \
	X(UNSTAMPED, "unstamped")           /* production, rows, no stamp */                           \
	X(ALLOW_VARIABLE, "allow_variable") /* the contract's three parts */                           \
	X(FORCE, "force")                                                                              \
	X(YES, "yes")                                                                                  \
	X(FORBIDDEN, "forbidden") /* [guard] production = forbid */                                    \
	X(BACKUP, "backup")                                                                            \
	X(ROLE, "role")                                                                                \
	X(UNDECLARED, "undeclared")         /* content that destroys, and the file does not say so */  \
	X(ALLOW_FLAG, "allow_flag")         /* content that destroys, without --allow-destructive */   \
	X(NOT_PRODUCTION, "not_production") /* loosening needs APP_ENV=production */                   \
	X(TERMINAL, "terminal")             /* a person must type the name */                          \
	X(ANSWER, "answer")                 /* a person said no */                                     \
	X(UNKNOWN_PRODUCTION, "unknown_production")                                                    \
	X(UNKNOWN_STAMP, "unknown_stamp")                                                              \
	X(UNKNOWN_ROWS, "unknown_rows")                                                                \
	X(UNKNOWN_BACKUP, "unknown_backup")                                                            \
	X(UNKNOWN_POLICY, "unknown_policy")                                                            \
	X(UNKNOWN_LOOSENS, "unknown_loosens")                                                          \
	X(UNKNOWN_ROLE, "unknown_role")                                                                \
	X(UNKNOWN_CONTENT, "unknown_content")

enum guard_reason_index {
#define X(name, word) GUARD_INDEX_##name,
	GUARD_REASONS(X)
#undef X
		GUARD_REASON_COUNT
};
enum guard_reason {
#define X(name, word) GUARD_REASON_##name = 1 << GUARD_INDEX_##name,
	GUARD_REASONS(X)
#undef X
};

#define GUARD_WARN_STAMP_MISMATCH 1u /* safe command on a production database, said otherwise */
#define GUARD_WARN_OTHER_STAMP 2u    /* production said, stamp says another word */
#define GUARD_WARN_ROLE 4u           /* role runtime on a command that changes the schema */

struct guard_verdict {
	enum guard_decision decision;
	uint32_t reasons;  /* GUARD_REASON_* */
	uint32_t asks;     /* GUARD_ASK_* */
	uint32_t warnings; /* GUARD_WARN_* */
	/* GUARD_REASON_UNKNOWN_*: the facts that are needed and unknown, beside a refusal too.
	 * Whoever can look them up may name more missing conditions at once by asking again. */
	uint32_t unknown;
};

struct guard_verdict guard_decide(const struct guard_command *command, const struct guard_facts *facts);

const char *guard_class_name(enum guard_class class_); /* "destructive" */
const char *guard_reason_word(unsigned index);         /* "allow_variable" */
/* The sentence that names one missing condition. */
const char *guard_reason_text(unsigned index);
/* Of a refusal's reasons those that a person is told: where environment and stamp disagree
 * nothing else helps, and of the conditions for loosening one says so already. */
uint32_t guard_reasons_shown(uint32_t reasons);
/* Facts that differ make a person's answer worthless. */
bool guard_facts_equal(const struct guard_facts *a, const struct guard_facts *b);

#endif
