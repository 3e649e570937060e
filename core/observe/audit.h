/* audit.h - the audit trail: JSON lines in one hash chain, over one file that is
 * appended to and the older ones that were rotated away. Appending, reading and
 * verifying; the format is docs/audit-format.md. Neighbours get this header
 * through observe.h. All functions are [any thread]. */
#ifndef OBSERVE_AUDIT_H
#define OBSERVE_AUDIT_H

#include "base/base.h"

struct observer;

struct audit {
	const char *path; /* absolute; borrowed, like the key */
	bool enabled;
	const char *key;  /* of the HMAC; NULL: records carry none */
	int64_t max_size; /* bytes: a file that would grow beyond it is rotated; 0: never */
};

/* ---- appending (audit.c) ------------------------------------------------------ */

struct audit_record {
	const char *run; /* run id */
	const char *actor;
	const char *command;
	const char *connection; /* or NULL */
	const char *database;   /* the database's stamped id, or NULL */
	const char *class_name; /* "destructive" */
	const char *verdict;    /* "allowed", "refused" */
	const char *phase;      /* "intent", "outcome", "refusal" */
	int64_t duration_us;    /* < 0: none */
	int exit_code;          /* < 0: none */
	const char *message;    /* error or reasons; redacted by the trail; or NULL */
};

/* Appends one record under the file's lock: creates file (0600) and folder
 * (0700), closes a torn tail with a "recovered" record, rotates a full file,
 * chains by the SHA-256 of the previous line, writes with one write() and, when
 * `sync`, fsyncs. The new head (hash of the line written) is stored in ret_head,
 * which may be NULL; a disabled trail writes nothing and stores "". A failure is
 * STATUS_AUDIT_UNWRITABLE and names the path; nothing half written stays. */
enum status audit_append(struct observer *observer, const struct audit *audit,
			 const struct audit_record *record, bool sync, char ret_head[HASH_TEXT],
			 struct error *error) MUST_CHECK;

/* ---- reading (audit_read.c) ------------------------------------------------------ */

enum audit_signature {
	AUDIT_HMAC_NONE,      /* it carries no HMAC */
	AUDIT_HMAC_UNCHECKED, /* it carries one, and we have no key */
	AUDIT_HMAC_RIGHT,
	AUDIT_HMAC_WRONG,
};

/* One record as it was read. Strings live until the handler returns, path as long
 * as the call that reads. */
struct audit_entry {
	const char *path;
	int64_t line; /* in that file, from 1 */
	int64_t sequence;
	const char *time; /* RFC 3339 UTC, microseconds */
	const char *run;
	int64_t pid;
	const char *host;
	const char *actor;
	const char *command;
	const char *connection; /* or NULL */
	const char *database;   /* or NULL */
	const char *class_name;
	const char *verdict;
	const char *phase;
	int64_t duration_us; /* < 0: none */
	int exit_code;       /* < 0: none */
	const char *message; /* or NULL */
	const char *previous;
	const char *hmac;     /* or NULL */
	size_t covered;       /* bytes of the line that the HMAC covers */
	char hash[HASH_TEXT]; /* of the line with its newline */
	enum audit_signature signature;
	bool ended; /* its newline is there */
};

/* Bytes that are no record: one line, or a part of a very long one. */
struct audit_gap {
	const char *path;
	int64_t line;
	const char *data;
	size_t size; /* with the newline, if there is one */
};

struct audit_reader {
	void *context;
	/* In the trail's order. Anything but STATUS_OK ends the reading. */
	enum status (*record)(void *context, const struct audit_entry *entry, struct error *error);
	enum status (*gap)(void *context, const struct audit_gap *gap, struct error *error);
};

/* Reads every file of the trail, the oldest first, as they were at one moment: a
 * lock is held while the files are listed, not while they are read. `newest`: only
 * the file that is appended to now. No file at all is no error. ret_files may be
 * NULL. STATUS_IO names the file. */
enum status audit_read(const struct audit *audit, bool newest, const struct audit_reader *reader,
		       size_t *ret_files, struct error *error) MUST_CHECK;

/* ---- showing (audit_collect.c) ------------------------------------------------------ */

#define AUDIT_RECORDS_CAP 10000 /* that are shown at once */

/* Oldest first; the entries own their strings. */
struct audit_records {
	struct audit_entry *items;
	size_t count;
	size_t capacity;
	size_t left_out; /* lines that are no records and that no record closes */
};

/* The newest `last` records (1 to AUDIT_RECORDS_CAP). run: of the one run whose id
 * begins with it, or NULL. STATUS_UNKNOWN_NAME: no such run; STATUS_USAGE: several;
 * STATUS_IO. The caller frees *ret, which is untouched on failure. */
enum status audit_collect(const struct audit *audit, const char *run, size_t last,
			  struct audit_records *ret, struct error *error) MUST_CHECK;
void audit_records_free(struct audit_records *records);

/* ---- verifying (audit_verify.c) ----------------------------------------------------- */

/* What is wrong with a trail. X(NAME, word) */
#define AUDIT_PROBLEMS(X)                                                                              \
	X(ABSENT, "absent")       /* there is no record at all: nothing was verified */                \
	X(CHANGED, "changed")     /* its bytes are not those that were written */                      \
	X(MISSING, "missing")     /* records that should stand before this line */                     \
	X(MOVED, "moved")         /* it stands in another's place */                                   \
	X(ADDED, "added")         /* its number was there already */                                   \
	X(DAMAGED, "damaged")     /* bytes that are no record, and that no record closes */            \
	X(CUT, "cut")             /* the trail ends in the middle of a line */                         \
	X(UNSIGNED, "unsigned")   /* no HMAC where there has to be one */                              \
	X(HEAD_LOST, "head_lost") /* a database has seen a head that no record has */

enum audit_problem {
#define X(name, word) AUDIT_PROBLEM_##name,
	AUDIT_PROBLEMS(X)
#undef X
		AUDIT_PROBLEM_COUNT
};
const char *audit_problem_word(enum audit_problem problem);

struct audit_finding {
	enum audit_problem problem;
	int64_t first; /* the records' numbers; 0: of none */
	int64_t last;
	const char *path; /* NULL: in no file (HEAD_LOST, ABSENT) */
	int64_t line;
	const char *message; /* one sentence */
	size_t order;        /* of the file among the files; for sorting */
};

struct audit_recovery {
	int64_t sequence;
	const char *path;
	int64_t line;
	const char *message; /* "closed 32 torn bytes, ..." */
};

#define AUDIT_FINDINGS_CAP 1000 /* of each list; the counts go on */

struct audit_report {
	struct arena arena;             /* owns what follows */
	struct audit_finding *findings; /* in the trail's order */
	size_t finding_count;
	size_t finding_total;
	size_t finding_capacity;
	struct audit_recovery *recoveries;
	size_t recovery_count;
	size_t recovery_total;
	size_t recovery_capacity;
	size_t files;
	int64_t records;
	int64_t signatures;   /* records whose HMAC is right */
	char head[HASH_TEXT]; /* of the last record; 64 zeros: none */
};

/* Heads that a database has seen: each has to be the hash of some record. */
struct audit_head {
	char hash[HASH_TEXT];
	const char *seen; /* "event 7 (run ..., ada on host-b)"; borrowed */
	bool found;       /* set by audit_verify */
};

/* Walks the chain over all files and says what is wrong with which record. heads
 * are sorted and marked. STATUS_OK whatever was found; STATUS_IO as audit_read. The
 * observer shows how far it is; NULL: nobody looks.
 * The caller frees *ret, which is empty on failure. */
enum status audit_verify(struct observer *observer, const struct audit *audit, struct audit_head *heads,
			 size_t head_count, struct audit_report *ret, struct error *error) MUST_CHECK;
void audit_report_free(struct audit_report *report);

#endif
