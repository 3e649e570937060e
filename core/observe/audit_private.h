/* observe/audit_private.h - what the files of the audit trail share: one line,
 * the files of a trail, its tail. Not for neighbours; the room's own unit tests
 * and fuzz target include it. */
#ifndef OBSERVE_AUDIT_PRIVATE_H
#define OBSERVE_AUDIT_PRIVATE_H

#include "observe/observe.h"

#define AUDIT_LINE_CAP ((size_t)64 << 10)   /* bytes with the newline */
#define AUDIT_TORN_CAP (4 * AUDIT_LINE_CAP) /* bytes that one `recovered` may close */
#define AUDIT_FILES_CAP ((size_t)100000)    /* files of one trail */
#define AUDIT_LOCK_WAIT_NS INT64_C(10000000000)

/* ---- one line (audit_line.c, audit_parse.c) ------------------------------------- */

struct audit_line {
	int64_t sequence;
	int64_t wall_us;
	int64_t pid;
	const char *host;
	const char *previous; /* 64 hex digits */
	const char *key;      /* of the HMAC, or NULL */
	const struct audit_record *record;
};

/* Appends the record's line with its newline: at most AUDIT_LINE_CAP bytes, long
 * texts are cut. record->message and ->actor are masked by the caller. */
void audit_line_format(const struct audit_line *line, struct text *ret);

/* Is this a whole record? line is without its newline; memory has room for `size`
 * bytes and holds the entry's strings. Place, hash and signature are not set. */
bool audit_line_parse(const char *line, size_t size, char *memory, struct audit_entry *ret);

/* The message of a `recovered` record. */
void audit_recovered_format(size_t torn, const char *hash, struct text *ret);

/* Compares the entry's HMAC with what the key gives for its line. */
enum audit_signature audit_signature_check(const struct audit_entry *entry, const char *line,
					   const char *key);

/* ---- the files (audit_files.c) ----------------------------------------------------- */

/* The rotated files PATH.N, where N is the number of their last record, by N. */
struct audit_files {
	struct arena arena;
	struct audit_file {
		const char *path;
		int64_t last; /* N */
	} * items;
	size_t count;
	size_t capacity;
};

/* STATUS_IO. A folder that does not exist holds none. */
enum status audit_files_list(const char *path, struct audit_files *ret, struct error *error) MUST_CHECK;
void audit_files_free(struct audit_files *files);
/* Gives the file its numbered name, unless something has it. 0, or -1 with errno. */
int audit_file_rename(const char *path, const char *numbered);

/* Takes F_RDLCK or F_WRLCK of the trail; 0, or -1 with errno; closing the file lets go.
 * Polled, not waited for: a process that was stopped inside an append must not hold up
 * everybody for ever (ETIMEDOUT). Of several writers each has its turn. */
int audit_lock(int fd, short type);

/* ---- the tail (audit_tail.c) --------------------------------------------------------- */

/* The file that is appended to, and where its chain stands. */
struct trail {
	const char *path;
	const char *key;
	int fd;
	int64_t size;
	bool holds_record;
	int64_t sequence;         /* of the trail's last record; 0: none yet */
	char previous[HASH_TEXT]; /* hash of its line */
	enum audit_signature signature;
	size_t torn; /* bytes behind it that are no record */
	char torn_hash[HASH_TEXT];
	bool open_ended; /* the last byte is no newline */
};

/* Fills what stands below `size`. A file without a record continues the newest
 * rotated one. STATUS_AUDIT_UNWRITABLE. */
enum status trail_read_tail(struct trail *trail, struct error *error) MUST_CHECK;
/* "the audit trail PATH cannot be written: REASON", and what to do. */
enum status trail_fail(const struct trail *trail, struct error *error, const char *format, ...)
	PRINTF(3, 4);

/* ---- reading (audit_read.c) ------------------------------------------------------------ */

/* Cuts one file's bytes, as they come, into records and gaps. */
struct audit_feed {
	const struct audit_reader *reader;
	const char *key; /* or NULL */
	const char *path;
	int64_t line;
	bool within;      /* a line that is longer than its cap: what follows is its rest */
	struct text text; /* an unfinished line */
	char *memory;     /* of AUDIT_LINE_CAP bytes */
};

enum status audit_feed(struct audit_feed *feed, const char *data, size_t size,
		       struct error *error) MUST_CHECK;
/* Behind the file's last byte. */
enum status audit_feed_end(struct audit_feed *feed, struct error *error) MUST_CHECK;
void audit_feed_free(struct audit_feed *feed);

/* ---- verifying (audit_judge.c, audit_verify.c, audit_report.c) ------------------------- */

/* Where something stands; order counts the files from 1. */
struct place {
	const char *path; /* in the report's arena */
	int64_t line;
	size_t order;
	size_t size; /* bytes of a gap */
};

/* What the judge keeps of a record. */
struct link {
	int64_t sequence;
	char previous[HASH_TEXT];
	char hash[HASH_TEXT];
	const char *path;
	int64_t line;
	size_t order;
	enum audit_signature signature;
	bool ended;
	bool gap; /* bytes that are no record stand before it, and it does not close them */
	struct place gap_at;
};

/* Numbers that no record had before this line. */
struct range {
	int64_t first;
	int64_t last;
	const char *path;
	int64_t line;
	size_t order;
};

struct judge {
	struct audit_report *report;
	struct progress progress;
	const char *key;
	struct audit_head *heads; /* sorted */
	size_t head_count;
	const char *path; /* of the file at work */
	size_t order;

	bool holds; /* a record waits for its successor's word */
	struct link held;

	int64_t expected;     /* the next record's number */
	char head[HASH_TEXT]; /* hash of the last record in its place */
	struct link last;     /* that record; sequence 0: none */
	bool doubted;         /* it was reported, or was never read: its hash says nothing */
	struct ranges {
		struct range *items;
		size_t count;
		size_t capacity;
	} missing;
	struct links {
		struct link *items;
		size_t count;
		size_t capacity;
	} aside;           /* records ahead of their place, which may be asked for later */
	bool aside_before; /* the last record was put aside */

	struct text torn; /* the gap so far; not all of one that is too large to be closed */
	size_t torn_size;
	struct place torn_at;

	bool signed_before;
	int64_t unsigned_first; /* numbers of a row of records without HMAC; 0: none */
	int64_t unsigned_last;
	struct link unsigned_at; /* where the row begins */
};

void judge_begin(struct judge *judge, struct audit_report *report, const char *key,
		 struct audit_head *heads, size_t head_count);
/* As an audit_reader's functions; context is the judge. */
enum status judge_record(void *context, const struct audit_entry *entry, struct error *error);
enum status judge_gap(void *context, const struct audit_gap *gap, struct error *error);
/* Behind the last record: completes the report, frees what the judge holds. */
void judge_end(struct judge *judge);

/* One record between the one before it, which the judge knows, and next (or NULL). */
void judge_link_between(struct judge *judge, const struct link *link, const struct link *next);
void judge_links_end(struct judge *judge);

void report_add(struct audit_report *report, const struct audit_finding *finding, const char *format,
		...) PRINTF(3, 4);
void report_sort(struct audit_report *report);

#endif
