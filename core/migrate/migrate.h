/* migrate.h - migration files, the history of what was applied, the plan that
 * follows from both, and the engine that carries it out on one database.
 *
 * A migrator belongs to one database and one thread at a time. It knows no
 * guard, no lock, no prompt: run/ has settled those before. The history's
 * byte format is docs/history-format.md, the files' docs/migration-files.md. */
#ifndef MIGRATE_MIGRATE_H
#define MIGRATE_MIGRATE_H

#include "base/base.h"
#include "config/config.h"
#include "plugin/plugin.h"

#include <stdatomic.h>

#define STATEMENT_CAP ((size_t)8 << 20) /* bytes of one statement */

/* ---- files (file.c, folder.c) ---------------------------------------------- */

/* One section of a file; offsets are bytes of the whole file. */
struct section {
	bool present;
	size_t start;
	size_t size;
	int64_t line;            /* of start, from 1 */
	bool transaction;        /* transaction:true, the default */
	int64_t timeout_us;      /* per statement; 0: none */
	int64_t lock_timeout_us; /* < 0: the connection's */
	struct settings options; /* the driver's own, e.g. foreign_keys */
};

/* One object of a line `-- eloquent:destroys OBJECT...`, in the form that findings
 * name it in (declare.c). */
struct declaration {
	const char *object;
	int64_t line;
};
struct declarations {
	struct declaration *items;
	size_t count;
	size_t capacity;
};

/* What `-- eloquent:...` and `-- migrate:...` lines say. Lives in an arena. */
struct migration {
	const char *version; /* leading digits as written; "" for repeatables */
	const char *name;    /* file name without its extension: how people name it */
	const char *path;
	bool repeatable;
	bool applies; /* its `only` condition holds; otherwise treated as absent */
	char checksum[HASH_TEXT];
	size_t size;
	struct section up;
	struct section down;
	struct declarations destroys; /* declared losses */
	const char *opaque;           /* reason, or NULL */
	bool broken;    /* it could not be read or parsed: only name and version are known */
	bool ambiguous; /* another file has its version */
};

struct folder {
	struct arena arena;
	const char *path;
	bool exists;
	struct migration *items; /* versioned ones by version, then repeatables by name */
	size_t count;
	size_t capacity;
	struct error wrong; /* every finding about a file; while there is one, no step is chosen */
};

/* Parses the text of one SQL migration file into *ret (strings in the arena).
 * path is for messages, file_name gives version and name. STATUS_MALFORMED
 * with file, line and remedy: not UTF-8, empty, no up section, two, text
 * before the first directive, unknown or repeated option, ... */
enum status migration_parse(struct arena *arena, const char *path, const char *file_name,
			    const char *data, size_t size, const char *word, struct migration *ret,
			    struct error *error) MUST_CHECK;
/* Does this file name name a migration? ret_version may be NULL. */
bool migration_name_parse(struct arena *arena, const char *file_name, const char **ret_version,
			  const char **ret_name, bool *ret_repeatable);
/* <0, 0, >0 as numbers of any length. */
int version_compare(const char *a, const char *b);

/* Reads, hashes and parses every migration of a folder. A folder that is not
 * there is not an error (exists = false); one that cannot be listed is. What is
 * malformed, cannot be read or has another file's version (both are named)
 * stands in ret->wrong, all of it. */
enum status folder_read(const char *path, int64_t max_size, const char *word, struct folder *ret,
			struct error *error) MUST_CHECK;
void folder_free(struct folder *folder);

/* ---- history (history.c, event.c) ------------------------------------------- */

/* The canonical bytes of docs/history-format.md, hashed. */
void event_hash(const struct elq_event *event, char ret_hash[HASH_TEXT]);
#define HISTORY_GENESIS "0000000000000000000000000000000000000000000000000000000000000000"

/* A migration as the events say: the fold since the last `wiped`. */
enum entry_state {
	ENTRY_APPLIED,
	ENTRY_BASELINED, /* applied, never rolled back */
	ENTRY_PARTIAL,   /* started without a transaction, statements_done stand */
	ENTRY_FAILED,    /* the last try failed and left nothing */
	ENTRY_REVERTED,
};
struct entry {
	const char *version; /* "" for repeatables */
	const char *name;
	const char *checksum;
	enum entry_state state;
	bool down; /* PARTIAL or FAILED: it was going down */
	int64_t batch;
	int64_t sequence;        /* of the deciding event */
	int64_t statements_done; /* PARTIAL */
	const char *at;
	const char *actor;
	int64_t duration_us;
	const char *detail;
};
struct history {
	struct arena arena;
	struct entry *items; /* in order of their first event since the last `wiped` */
	size_t count;
	size_t capacity;
	int64_t head_sequence; /* 0: no event */
	char head_hash[HASH_TEXT];
	int64_t last_batch;
	int64_t checkpoint_sequence; /* verified up to here; 0: none */
	char checkpoint_hash[HASH_TEXT];
	uint32_t *slots; /* hash table over items: index + 1; 0: free */
	size_t slot_count;
};
enum history_verify { VERIFY_NOTHING, VERIFY_TAIL, VERIFY_ALL };
/* Reads and folds. A gap, and an end before the checkpoint, is STATUS_HISTORY_BROKEN naming
 * the sequence number; with VERIFY_TAIL and VERIFY_ALL a wrong previous or own hash as well. */
enum status history_read(struct database *database, enum history_verify verify, struct history *ret,
			 struct error *error) MUST_CHECK;
void history_free(struct history *history);
const struct entry *history_find(const struct history *history, const char *version, const char *name);

/* The heads of the audit trail that this database's events carry, each with the
 * first event that does, for audit_verify. In the arena; STATUS_CORRUPT when there
 * are more than HISTORY_HEADS_CAP. */
#define HISTORY_HEADS_CAP ((size_t)1000000)
enum status history_heads(struct database *database, const char *connection, struct arena *arena,
			  struct audit_head **ret, size_t *ret_count, struct error *error) MUST_CHECK;

/* ---- the migrator ------------------------------------------------------------ */

enum row_state {
	ROW_APPLIED,
	ROW_PENDING,
	ROW_MODIFIED,     /* applied, the file was edited */
	ROW_MISSING,      /* applied, the file is gone */
	ROW_OUT_OF_ORDER, /* pending, older than the newest applied */
	ROW_FAILED,       /* pending, the last try failed */
	ROW_PARTIAL,      /* pending, some statements stand */
	ROW_BASELINED,
	ROW_STALE, /* a repeatable whose checksum changed: runs again */
};
#define ROW_STATES (ROW_STALE + 1)
const char *row_state_name(enum row_state state); /* "applied", "out of order" */

/* One line of migrate:status: file, entry or both. */
struct row {
	enum row_state state;
	const struct migration *file; /* NULL: missing */
	const struct entry *entry;    /* NULL: never applied */
	const char *name;
	const char *version;
};
/* Does the database hold all that this migration made? Whether its file was edited
 * since, or is gone, does not change that. */
bool row_is_applied(const struct row *row);

/* One thing to do: a section of a file. */
struct step {
	const struct migration *file;
	const struct entry *entry; /* or NULL */
	bool down;
	int64_t resume_at; /* statements that stand already */
};

/* What a step did; handed to `report` as it happens. */
enum step_phase { STEP_STARTED, STEP_DONE, STEP_FAILED };
struct step_report {
	enum step_phase phase;
	const struct step *step;
	size_t index; /* from 0, of count */
	size_t count;
	int64_t duration_us;
	int64_t batch;
	int64_t statements; /* that ran */
};

struct migrator {
	/* set by the caller before migrator_load; borrowed */
	struct observer *observer;
	struct database *database;
	const char *folder_path;
	int64_t max_size;
	const char *word; /* of this connection: "production", "staging", ... */
	const char *run;  /* run id */
	const char *actor;
	const char *tool;       /* "eloquent 0.1.0" */
	const char *audit_head; /* set before the first write; "" when there is no trail */
	const atomic_int *stop; /* non-zero: stop at the next statement boundary (a signal's number) */
	int64_t lock_timeout_us;
	bool allow_missing; /* --allow-missing: run out-of-order files, pass over missing ones */
	void (*report)(void *context, const struct step_report *report);
	void *report_context;

	/* true: folder was read already (folder_read with the members above); it is the
	 * migrator's from then on. migrator_load sets it back */
	bool folder_is_read;

	/* filled by migrator_load */
	struct arena arena;
	struct folder folder;
	struct history history;
	struct row *rows;
	size_t row_count;

	/* filled by migrator_select_* */
	struct step *steps;
	size_t step_count;
	size_t step_capacity;
	bool wipe; /* fresh: drop everything first */

	size_t steps_done;
};

/* Reads folder and history and lays them side by side. No judgement yet. What is wrong
 * with the files or the chain is one error with all findings; what could be read is there
 * all the same, for migrator_find_more. */
enum status migrator_load(struct migrator *migrator, enum history_verify verify,
			  struct error *error) MUST_CHECK;
void migrator_free(struct migrator *migrator); /* keeps the caller's members */

/* Has anything appeared in the history since migrator_load? */
enum status migrator_is_current(struct migrator *migrator, bool *ret, struct error *error) MUST_CHECK;

/* Edited, missing, out of order: every reason why no writing command may run, each as
 * an error that names every such file. */
enum status migrator_check_consistent(const struct migrator *migrator, struct error *error) MUST_CHECK;

/* The same, and nothing pending: STATUS_PENDING names what is. */
enum status migrator_check_applied(const struct migrator *migrator, struct error *error) MUST_CHECK;

struct run_selection {
	int64_t step;     /* at most N; 0: all */
	const char *to;   /* inclusive; or NULL */
	const char *only; /* NAME alone; or NULL */
};
/* The pending ones. Checks consistency, and splits every script it selects:
 * transaction control, client commands, caps, unterminated: STATUS_MALFORMED
 * with file, line, statement, for all that it finds. Unknown names: STATUS_UNKNOWN_NAME. */
enum status migrator_select_run(struct migrator *migrator, const struct run_selection *selection,
				struct error *error) MUST_CHECK;

struct rollback_selection {
	int64_t step;   /* the last N migrations; 0: not given */
	int64_t batch;  /* the migrations of batch N; 0: not given */
	const char *to; /* NAME stays applied; or NULL */
	bool all;
};
/* The last batch when nothing is given. A missing down section or file is
 * STATUS_DOWN_MISSING / STATUS_MISSING before anything runs. */
enum status migrator_select_rollback(struct migrator *migrator,
				     const struct rollback_selection *selection,
				     struct error *error) MUST_CHECK;
/* The last N applied: down in reverse order, then up again. */
enum status migrator_select_redo(struct migrator *migrator, int64_t step,
				 struct error *error) MUST_CHECK;
/* Everything, from an empty schema: wipe, then all files. */
enum status migrator_select_fresh(struct migrator *migrator, struct error *error) MUST_CHECK;

/* Calls back for each statement that the steps would run, in order. */
enum status migrator_preview(struct migrator *migrator,
			     void (*statement)(void *context, const struct step *step, const char *text,
					       size_t size),
			     void *context, struct error *error) MUST_CHECK;

/* ---- what the steps would destroy (review.c) --------------------------------- */

struct finding {
	uint32_t severity;     /* ELQ_FINDING_* */
	const char *rule;      /* "drop_table" */
	const char *object;    /* "users.email", or NULL */
	const char *message;   /* one sentence */
	const char *migration; /* its name */
	const char *path;
	int64_t line;
	int64_t statement; /* within the section, from 1; 0: none */
	bool declared;     /* the file says that this is meant */
};
struct review {
	struct arena arena;
	struct finding *items; /* in order of the steps */
	size_t count;
	size_t capacity;
	size_t losses;     /* what destroys, and what nobody can judge */
	size_t undeclared; /* of these */
};
/* Lets the driver judge every statement that the selected steps would send; sends none.
 * Under a driver that cannot, nobody can judge any. *ret is emptied first. */
enum status migrator_review(struct migrator *migrator, struct review *ret,
			    struct error *error) MUST_CHECK;
void review_free(struct review *review);
const char *finding_severity_name(uint32_t severity); /* "destroys", "opaque", "note" */

/* Carries out the steps. Our tables exist. On failure the error's message says
 * what failed and its hint what stands; steps_done counts the finished ones. */
enum status migrator_execute(struct migrator *migrator, struct error *error) MUST_CHECK;

/* Marks every file up to and including NAME as applied without running it. */
enum status migrator_select_baseline(struct migrator *migrator, const char *name,
				     struct error *error) MUST_CHECK;
enum status migrator_baseline(struct migrator *migrator, struct error *error) MUST_CHECK;

enum repair_kind { REPAIR_ACCEPT, REPAIR_FORGET, REPAIR_MARK_APPLIED, REPAIR_MARK_REVERTED };
struct repair {
	enum repair_kind kind;
	const char *name;
	/* filled by migrator_select_repair, in the migrator's arena */
	const struct migration *file;
	const struct entry *entry;
	const char *before; /* "modified, checksum 12ab..." */
	const char *after;
};
/* STATUS_UNKNOWN_NAME, STATUS_CHECK_FAILED when there is nothing to repair. */
enum status migrator_select_repair(struct migrator *migrator, struct repair *repair,
				   struct error *error) MUST_CHECK;
enum status migrator_repair(struct migrator *migrator, const struct repair *repair,
			    struct error *error) MUST_CHECK;

/* What migrate:validate adds to migrator_load(VERIFY_ALL), whether that found something
 * or not: files against history, and every section of every file split. Adds to *error;
 * returns its status. */
enum status migrator_find_more(struct migrator *migrator, struct error *error) MUST_CHECK;

/* After a backup became the database: its history goes on with one event that says so.
 * The migrator was loaded since. copy: the id of the backup of what was there, or NULL. */
enum status migrator_record_restored(struct migrator *migrator, const char *backup, const char *copy,
				     struct error *error) MUST_CHECK;

#endif
