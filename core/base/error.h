/* error.h - one object that says what went wrong, where, and what to do; and
 * the one table of error kinds, from which exit codes, JSON error codes, docs
 * (docs/exit-codes.md) and tests come.
 *
 * A function that can fail returns enum status (STATUS_OK is 0) and fills the
 * struct error that it was given exactly once, at the place that knows most.
 * Outputs named ret_* are untouched on failure. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>

/* X(name, exit code, JSON code, what it means) */
#define STATUS_TABLE(X)                                                                                \
	X(OK, 0, "ok", "done")                                                                         \
	X(NO_MEMORY, 1, "no_memory", "memory was exhausted")                                           \
	X(IO, 1, "io", "a file could not be read or written, or the output is gone")                   \
	X(STATEMENT_FAILED, 1, "statement_failed", "the database refused a statement")                 \
	X(TIMEOUT, 1, "timeout", "a statement or a wait took longer than allowed")                     \
	X(OUTCOME_UNKNOWN, 1, "outcome_unknown", "the connection broke while committing")              \
	X(CORRUPT, 1, "corrupt", "the database or our tables in it are damaged")                       \
	X(FAILED, 1, "failed", "the work failed")                                                      \
	X(INTERNAL, 1, "internal", "a mistake in this program or in a plugin")                         \
	X(USAGE, 2, "usage", "the command line is wrong")                                              \
	X(CONFIG, 2, "config", "the configuration is wrong")                                           \
	X(UNKNOWN_NAME, 2, "unknown_name", "nothing has this name")                                    \
	X(PLUGIN_REFUSED, 2, "plugin_refused", "a plugin was found and refused")                       \
	X(PLUGIN_MISSING, 2, "plugin_missing", "no such plugin")                                       \
	X(UNSUPPORTED, 2, "unsupported", "this driver or server cannot do that")                       \
	X(PROHIBITED, 2, "prohibited", "the command does not exist here, for safety")                  \
	X(REFUSED, 3, "refused", "the guard refused; nothing was changed")                             \
	X(AUDIT_UNWRITABLE, 3, "audit_unwritable", "the audit trail cannot be written")                \
	X(TWIN_IS_APPLICATION, 3, "twin_is_application",                                               \
	  "the test twin is the application's database")                                               \
	X(FACTS_CHANGED, 3, "facts_changed", "the database changed between question and answer")       \
	X(MALFORMED, 4, "malformed", "a migration or seed file is malformed or refused")               \
	X(DUPLICATE_VERSION, 4, "duplicate_version", "two migration files have one version")           \
	X(MODIFIED, 4, "modified", "an applied migration file was edited")                             \
	X(MISSING, 4, "missing", "an applied migration's file is gone")                                \
	X(OUT_OF_ORDER, 4, "out_of_order", "a pending file is older than an applied one")              \
	X(DOWN_MISSING, 4, "down_missing", "a migration has no down section")                          \
	X(HISTORY_BROKEN, 4, "history_broken", "the chain of history events does not verify")          \
	X(PENDING, 4, "pending",                                                                       \
	  "there are pending migrations (asked with --exit-code, or before seeding)")                  \
	X(CHECK_FAILED, 4, "check_failed", "a check found something")                                  \
	X(LOCKED, 5, "locked", "another run holds the lock")                                           \
	X(CONNECT, 6, "connect", "cannot connect or open")                                             \
	X(INTERRUPTED, 130, "interrupted", "interrupted; stopped at a statement boundary")             \
	X(TERMINATED, 143, "terminated", "terminated; stopped at a statement boundary")

enum status {
#define X(name, exit_code, code, text) STATUS_##name,
	STATUS_TABLE(X)
#undef X
		STATUS_COUNT
};

int status_exit(enum status status);         /* 0..143 */
const char *status_code(enum status status); /* "statement_failed" */
const char *status_text(enum status status); /* "the database refused ..." */

/* Of two connections' outcomes, the one that decides the exit code:
 * 143/130, then 1, 6, 5, 4, 0. */
enum status status_stronger(enum status a, enum status b);

struct error {
	enum status status;
	char *message;     /* one clear sentence: what and where */
	char *hint;        /* what to do, or NULL */
	char *file;        /* of the user's, or NULL */
	int64_t line;      /* 0: none */
	int64_t statement; /* counted from 1; 0: none */
	char sqlstate[8];
	int64_t native;
	bool retryable; /* everything was rolled back; the same work may be tried once more */
	bool outcome_unknown;
	struct error *more; /* what else was found by the same look (error_add) */
	size_t more_count;
	size_t more_capacity;
};
#define ERROR_CLEANUP CLEANUP(error_clear)

/* Fills (a second call replaces the first) and returns `status`. */
enum status error_set(struct error *error, enum status status, const char *format, ...) PRINTF(3, 4);
void error_hint(struct error *error, const char *format, ...) PRINTF(2, 3);
void error_at(struct error *error, const char *file, int64_t line, int64_t statement);
/* Puts "text: " before the message. */
void error_prefix(struct error *error, const char *format, ...) PRINTF(2, 3);
void error_move(struct error *to, struct error *from); /* from is empty after */
/* Adds a finding to what was found before; the strongest, of equals the first, stands in
 * front and decides. `found` is empty after. Returns the status in front. */
enum status error_add(struct error *all, struct error *found);
void error_clear(struct error *error);

#endif
