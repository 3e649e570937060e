/* observe.h - what leaves the process about itself: the log, progress, the redactor that
 * stands before every sink, and the audit trail.
 *
 * struct observer is part of main's context. All functions are [any thread];
 * the observer locks itself. */
#ifndef OBSERVE_OBSERVE_H
#define OBSERVE_OBSERVE_H

#include "base/base.h"
#include "observe/audit.h"

#include <stdatomic.h>

struct observer;

enum log_level { LOG_DEBUG = 10, LOG_INFO = 20, LOG_WARN = 30, LOG_ERROR = 40 };
enum log_format { LOG_TEXT, LOG_JSON };

struct observer *observer_new(void);
void observer_free(struct observer *observer);

/* ---- log: lines on standard error ---------------------------------------- */

bool log_level_parse(const char *word, enum log_level *ret);
bool log_format_parse(const char *word, enum log_format *ret);
void log_configure(struct observer *observer, enum log_level level, enum log_format format);
void log_set_command(struct observer *observer, const char *command, const char *run);
/* Text: "eloquent: warning: MESSAGE". JSON: one object per line (time, level,
 * message, command, run, pid). Redacted, control characters escaped. A line
 * is one write(). Each warning is also kept for the JSON document. */
void log_write(struct observer *observer, enum log_level level, const char *format, ...) PRINTF(3, 4);
/* A line that is ours word for word, whatever the level and the format. */
void log_notice(struct observer *observer, const char *line);
/* The warnings so far, oldest first; valid until the next log_write. */
const char *const *log_warnings(struct observer *observer, size_t *ret_count);

/* ---- progress: a line on the terminal while long work lasts ---------------- */

/* One piece of work; begun, stepped and ended by one thread. It is not moved meanwhile. */
struct progress {
	struct observer *observer; /* NULL: nobody looks, or it has ended */
	struct progress *next;
	const char *unit;
	struct text what;
	int64_t began_ns;
	int64_t total;
	_Atomic int64_t done;
};
/* Standard error is a terminal, and progress is wanted there. Before any other thread starts. */
void progress_enable(struct observer *observer);
/* Shown once work has lasted for a second. unit NULL: bytes; otherwise a static plural such as
 * "tables". total 0: unknown. The text says what is done: "backing up main". Where nobody
 * looks, and with observer NULL, this and what follows is nearly nothing. */
void progress_begin(struct progress *progress, struct observer *observer, const char *unit,
		    int64_t total, const char *format, ...) PRINTF(5, 6);
void progress_step(struct progress *progress, int64_t done); /* NULL is accepted */
/* It is counted in another unit, or up to another total: as for progress_begin. */
void progress_measure(struct progress *progress, const char *unit, int64_t total);
void progress_end(struct progress *progress); /* so is one that was never begun, zeroed */
/* Around what else writes to the terminal; log_write does it itself. */
void progress_hide(struct observer *observer);
void progress_show(struct observer *observer);
/* The process is about to die: takes no lock, allocates nothing. The line goes for good. */
void progress_abandon(struct observer *observer);
/* All work is over; the line is gone. */
void progress_stop(struct observer *observer);

/* ---- redaction ------------------------------------------------------------ */

#define REDACTED "[REDACTED]"

/* Registers a secret. From 6 bytes on it is masked wherever it appears: plain,
 * percent-encoded, JSON-escaped, shell-quoted, base64 (at its three
 * alignments), hex (both cases). Shorter values are masked only where
 * credentials stand: URL user part, key=value, JSON key. */
void redact_add(struct observer *observer, const char *secret, size_t size);
/* Does a URL hold secrets: before the '@' of scheme://user:THIS@host, or in
 * ?password=THIS and keys that end like it (password, secret, token)? Registers each, as it
 * stands and decoded; with observer NULL it only answers. */
bool redact_add_url(struct observer *observer, const char *url);
/* Appends the masked form of data. Besides registered secrets, masks what
 * stands where credentials stand: scheme://user:THIS@host (the last '@' before the path ends it),
 * password=THIS, "password":"THIS", Authorization: Bearer THIS. A whole JSON document
 * stays one; time is linear in size. */
void redact(struct observer *observer, const char *data, size_t size, struct text *ret);

#endif
