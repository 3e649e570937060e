/* internal.h - what the files of this driver share: the connection, and what
 * each file promises to the others. Nothing here is seen outside the plugin.
 *
 * Reading order: driver.c (the slots), connection.c, statement.c,
 * transaction.c, authorizer.c, foreign_keys.c, lock.c, schema.c, digest.c, bytes.c,
 * backup.c, raw.c, scratch.c, load.c.
 *
 * Memory is SQLite's allocator throughout, so that one seam makes every
 * allocation of this driver fail. Functions that can fail return ELQ_OK or
 * ELQ_ERR_* and have reported through connection->call. */
#ifndef SQLITE_INTERNAL_H
#define SQLITE_INTERNAL_H

#include "sqlkit/error.h"
#include "sqlkit/history.h"

#include <eloquent/backup.h>
#include <eloquent/driver.h>
#include <eloquent/load.h>
#include <eloquent/plugin.h>
#include <eloquent/review.h>

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/stat.h>

/* What every connection of this driver can do. */
#define SQLITE_CAPS                                                                                    \
	(ELQ_CAP_HISTORY | ELQ_CAP_LOCK | ELQ_CAP_SCHEMA | ELQ_CAP_DIGEST | ELQ_CAP_BACKUP |           \
	 ELQ_CAP_SCRATCH | ELQ_CAP_LOAD | ELQ_CAP_REVIEW)

#define SQLITE_OLDEST 3037000 /* the first with SQLITE_OPEN_EXRESCODE */

/* ---- names.c: a set of names as SQLite compares them ------------------------ */

struct names {
	char **items;
	uint64_t count;
	uint64_t capacity;
};
bool names_add(struct names *names, const char *name);    /* once each; false: no memory */
bool names_append(struct names *names, const char *name); /* without looking for it */
bool names_contain(const struct names *names, const char *name);
void names_clear(struct names *names); /* keeps the room */
void names_free(struct names *names);

/* ---- location.c: the settings, and the place that they name ----------------- */

struct location {
	char *path; /* absolute, every link resolved; the last component may be absent */
	char *folder;
	const char *name; /* inside path */
	int64_t lock_timeout_us;
};
int32_t location_read(const struct elq_call *call, const struct elq_setting *settings,
		      uint64_t setting_count, struct location *ret);
void location_free(struct location *location);

/* ---- the connection --------------------------------------------------------- */

/* The unit of work that is open. */
struct unit {
	bool open;
	bool migration;    /* ELQ_BEGIN_MIGRATION */
	bool autocommit;   /* ELQ_BEGIN_AUTOCOMMIT: there is no transaction of ours */
	bool foreign_keys; /* enforced */
	bool started;      /* its transaction is open; false while the database is absent */
	bool nested;       /* a second unit, for our own tables, inside an autocommit one */
	bool savepoint;    /* nested, and the user's own transaction was open */
	bool spoiled;      /* a load failed in it: rows are missing, it can only be rolled back */
};

/* What the authorizer saw; authorizer.c. */
struct seen {
	struct names touched;   /* tables of main whose rows or definition changed in this unit */
	struct names redefined; /* those whose definition did */
	bool altered;           /* ALTER TABLE: other tables' definitions may have changed too */
	bool references;        /* a statement of the unit holds that word: it may make foreign keys */
	bool dirty;             /* the session was changed: PRAGMA, ATTACH, temporary object */
	char *dropped;          /* by the statement that is prepared now */
	bool attaches;          /* that statement is an ATTACH */
	const char *refusal;    /* why the statement that is prepared now is refused; static */
	bool no_memory;
};

struct foreign_key {
	char *child;
	char *parent;
	char *columns; /* of the child: "a, b" */
	int64_t id;    /* SQLite's number of it within the child */
};
struct violations { /* violations.c */
	struct violation *items;
	uint64_t count;
	uint64_t capacity;
};
/* What is known about foreign keys between two units; foreign_keys.c. */
struct foreign_keys {
	bool loaded;
	uint32_t data_version; /* behind our last commit; moved: somebody else has written since */
	struct foreign_key *items;
	uint64_t count;
	uint64_t capacity;
	struct names counted; /* children whose violations `standing` holds */
	struct violations standing;
	struct names retry; /* children to count at the next unit's begin */
};

#define STATEMENT_CACHE 10
struct cached_statement {
	char *text;
	uint64_t size;
	sqlite3_stmt *statement;
	uint64_t used;
};

struct elq_connection {
	const struct elq_call *call; /* of the slot that runs now; NULL between slots */
	struct location location;
	bool writable;  /* ELQ_OPEN_WRITE */
	bool exists;    /* false: db is an empty stand-in in memory */
	bool read_only; /* the file or its folder cannot be written */
	bool replaces;  /* ELQ_OPEN_REPLACE: a damaged file is opened too */
	bool damaged;   /* and this one is: only dump(RAW), lock and promote are of use */
	bool scratch;   /* made by elq.scratch */
	dev_t device;   /* of the file, while it exists */
	ino_t inode;

	pthread_mutex_t swap; /* held while db is exchanged and while cancel() uses it */
	sqlite3 *db;
	atomic_int cancelled; /* cancel() came during this slot */
	bool deaf;            /* rolling back: neither cancellation nor deadline counts; under swap */
	int32_t stopped;      /* ELQ_ERR_CANCELLED or _TIMEOUT, as the handlers found; else ELQ_OK */
	int64_t wait_us;      /* how long to wait for the database's locks */
	int64_t wait_since_ns;
	bool ours; /* the statement that is prepared or run now is not the user's */

	struct unit unit;
	struct elq_load *load;     /* the open one, or NULL */
	struct reserved *reserved; /* ids handed out in this unit */
	struct seen seen;
	struct foreign_keys foreign_keys;
	struct cached_statement cache[STATEMENT_CACHE];
	uint64_t cache_clock;
	struct sqlkit_history history;

	/* Where the splitter stopped last, so that a script's lines are counted
	 * once. Any thread may split: under `swap`. */
	struct {
		const char *script;
		uint64_t size;
		uint64_t next;
		uint64_t line;
	} memo;

	char identity[512]; /* of describe() */
	char holder[8192];  /* of inspect(): the lock file's text, cut into strings */
};

/* ---- connection.c ------------------------------------------------------------ */

int32_t connection_open(const struct elq_call *call, const struct elq_setting *settings,
			uint64_t setting_count, uint32_t flags, struct elq_connection **ret);
void connection_close(struct elq_connection *connection); /* NULL is accepted */
int32_t connection_describe(struct elq_connection *connection, struct elq_description *ret);
/* Looks whether an absent database has come into being; then opens it. */
int32_t connection_refresh(struct elq_connection *connection);
/* Creates the absent database: the first write. */
int32_t connection_create(struct elq_connection *connection);
/* A new session on the same file, without what the old one had set. */
int32_t connection_reopen(struct elq_connection *connection);
/* Is the file still the one that was opened, and known by one name only? */
int32_t connection_check_place(struct elq_connection *connection);
/* May this connection write at all? */
int32_t connection_check_writable(struct elq_connection *connection);

/* ---- leftover.c: a log or journal whose database is gone ---------------------- */

/* Called when the database's file is absent or empty. ELQ_ERR_CONNECT when beside it lies a
 * log, or a journal with pages of a database, which SQLite would delete. */
int32_t leftover_check(struct elq_connection *connection);

/* ---- waiting.c: busy and progress handlers, cancellation --------------------- */

void waiting_install(struct elq_connection *connection, sqlite3 *db);
bool waiting_is_over(struct elq_connection *connection); /* cancelled, or past the deadline */
void waiting_cancel(struct elq_connection *connection);  /* from any thread */
void waiting_set_deaf(struct elq_connection *connection, bool deaf);

/* ---- failure.c: SQLite's errors as the host's ---------------------------------- */

/* Reports what `db` says about its last call. Returns the code. */
int32_t failure_report(struct elq_connection *connection, sqlite3 *db);
/* The same of row `row` (from 0; -1: not known); a hint of the caller's, or NULL. */
int32_t failure_report_row(struct elq_connection *connection, int64_t row, const char *hint);
/* The same while the file is opened: "cannot open /x/y: ...". */
int32_t failure_report_open(struct elq_connection *connection, sqlite3 *db);
int32_t failure_no_memory(const struct elq_call *call);

/* ---- authorizer.c --------------------------------------------------------------- */

void authorizer_install(struct elq_connection *connection, sqlite3 *db);
void seen_clear(struct seen *seen); /* all but dirty */
void seen_free(struct seen *seen);

/* ---- statement.c ---------------------------------------------------------------- */

/* The slot. */
int32_t statement_execute(struct elq_connection *connection, const struct elq_statement *statement,
			  const struct elq_sink *sink, struct elq_result *ret_result);
/* Stand only blanks, comments and semicolons at `tail` and behind it? */
bool statement_is_single(const char *text, uint64_t size, const char *tail);
/* One statement of ours that stays prepared ("COMMIT"). */
int32_t statement_run(struct elq_connection *connection, const char *text);
int32_t statement_run_into(struct elq_connection *connection, const char *text,
			   const struct elq_sink *sink);
/* The same, run once, composed with sqlite3_mprintf and freed here; NULL: no memory. */
int32_t statement_run_once(struct elq_connection *connection, char *text);
/* Prepares and steps a query of ours; `row` is called per row, non-zero stops. The text is
 * freed here. ELQ_OK also when stopped. */
int32_t statement_query(struct elq_connection *connection, char *text,
			int32_t (*row)(void *context, sqlite3_stmt *statement), void *context);
/* A load's own statement, which the authorizer sees as a user's: triggers and names come
 * from outside. The caller finalizes it. */
int32_t statement_prepare_load(struct elq_connection *connection, const char *text, uint64_t size,
			       sqlite3_stmt **ret);
void statement_cache_clear(struct elq_connection *connection);

/* ---- transaction.c ---------------------------------------------------------------- */

int32_t transaction_begin(struct elq_connection *connection, const struct elq_begin *begin);
/* The options of a migration; *ret_foreign_keys is untouched without the option. */
int32_t transaction_options(struct elq_connection *connection, const struct elq_begin *begin,
			    bool *ret_foreign_keys);
int32_t transaction_commit(struct elq_connection *connection);
int32_t transaction_rollback(struct elq_connection *connection);
/* Before a statement of a unit: creates an absent database, opens the unit's
 * transaction if that was put off, and raises when the transaction is gone. */
int32_t transaction_ready(struct elq_connection *connection);
/* For writes to our tables: there must be a unit, too. */
int32_t transaction_require(struct elq_connection *connection);

/* ---- foreign_keys.c ----------------------------------------------------------------- */

int32_t foreign_keys_begin(struct elq_connection *connection);
/* Before COMMIT: violations that the unit made. */
int32_t foreign_keys_check(struct elq_connection *connection);
void foreign_keys_committed(struct elq_connection *connection); /* what is known holds from here */
/* After a unit without a transaction: says in the log what stands. */
int32_t foreign_keys_warn(struct elq_connection *connection);
/* Would dropping this table delete or change rows of another one? Then it is refused. */
int32_t foreign_keys_check_drop(struct elq_connection *connection, const char *table);
void foreign_keys_forget(struct elq_connection *connection); /* but not what to retry */
void foreign_keys_free(struct foreign_keys *foreign_keys);

/* ---- load.c, reserve.c ------------------------------------------------------------------ */

extern const struct elq_load_ops sqlite_load;
int32_t load_begin(struct elq_connection *connection, const struct elq_load_plan *plan,
		   struct elq_load **ret);
int32_t load_write(struct elq_load *load, const struct elq_value *values, uint64_t row_count);
int32_t load_finish(struct elq_load *load, struct elq_load_result *ret);
void load_abandon(struct elq_load *load); /* NULL is accepted */
struct elq_connection *load_connection(const struct elq_load *load);
/* The unit is over: an open load writes nothing more. */
void load_unit_ended(struct elq_connection *connection);
int32_t reserve_ids(struct elq_connection *connection, const struct elq_str *table, uint64_t count,
		    int64_t *ret_first);
void reserve_forget(struct elq_connection *connection);
/* ---- bytes.c -------------------------------------------------------------------------- */

/* Hands out the file's bytes in order; what is not ELQ_OK ends it and is the answer. They are
 * a database while a read transaction is open and there is no write-ahead log. */
typedef int32_t bytes_taker(void *context, const char *data, uint64_t size);
int32_t bytes_read(struct elq_connection *connection, bytes_taker *take, void *context);

/* ---- digest.c, backup.c, scratch.c ---------------------------------------------------- */

/* Tells the sink every stored table, in order of name. The caller sees to the snapshot. */
int32_t digest_tables(struct elq_connection *connection, const struct elq_table_sink *sink);
/* elq.schema's records, of the connection as it stands. */
int32_t schema_describe(struct elq_connection *connection, const struct elq_sink *sink);
/* A connection to a file of ours in the workplace. */
int32_t connection_open_path(const struct elq_call *call, const char *path, uint32_t flags,
			     struct elq_connection **ret);
/* A path there that nobody has, without links; freed with sqlite3_free. */
int32_t workplace_path(const struct elq_call *call, const struct elq_workplace *workplace,
		       const char *what, char **ret);
/* Replaces the content of `to` by that of `from`, in one transaction of `to`. Errors,
 * cancellation and waiting are `connection`'s. */
int32_t pages_copy(struct elq_connection *connection, sqlite3 *from, sqlite3 *to);
/* The connection's pages in a new file that its owner alone can read; not synced. */
int32_t pages_copy_out(struct elq_connection *connection, const char *path);
/* ELQ_ERR_FAILED with errno's reason: "cannot DOING PATH: ..." */
int32_t failure_of_file(struct elq_connection *connection, const char *doing, const char *path);
int32_t file_write(struct elq_connection *connection, int fd, const char *path, const char *data,
		   uint64_t size);
/* The file's bytes, to the stream. */
int32_t file_stream(struct elq_connection *connection, const char *path,
		    const struct elq_writer *stream);
/* The live file's bytes in a new file that its owner alone can read; not synced. */
int32_t bytes_copy_out(struct elq_connection *connection, const char *path);
/* A damaged database's bytes, and what its write-ahead log holds: raw.c */
int32_t raw_dump(struct elq_connection *connection, const struct elq_dump *dump);
/* elq_scratch.keep: scratch_keep.c */
int32_t scratch_keep(struct elq_connection *beside, struct elq_connection *scratch,
		     const struct elq_str *name);

extern const struct elq_digest sqlite_digest;
extern const struct elq_backup sqlite_backup;
extern const struct elq_scratch sqlite_scratch;

/* ---- history.c, lock.c, schema.c, driver.c --------------------------------------------------------
 */

extern const struct elq_lock_ops sqlite_lock;
extern const struct elq_schema sqlite_schema;
extern const struct elq_history sqlite_history;
extern const struct elq_review_ops sqlite_review; /* review.c */
void history_prepare(struct elq_connection *connection);

/* Every slot [conn] begins and ends with these. */
void connection_enter(struct elq_connection *connection, const struct elq_call *call);
int32_t connection_leave(struct elq_connection *connection, int32_t status);

#endif
