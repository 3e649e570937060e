/* observe.h - what leaves the process about itself: the log, progress, the redactor that
 * stands before every sink, and the audit trail.
 *
 * struct observer is part of main's context. All functions are [any thread];
 * the observer locks itself. */
#ifndef OBSERVE_OBSERVE_H
#define OBSERVE_OBSERVE_H

#include "base/base.h"
#include "observe/audit.h"

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
/* The warnings so far, oldest first; valid until the next log_write. */
const char *const *log_warnings(struct observer *observer, size_t *ret_count);

/* ---- progress: a line on the terminal while long work lasts ---------------- */

/* One piece of work, one thread at a time. */
struct progress {
	struct observer *observer; /* NULL: nobody looks, and every call is cheap */
	const char *what;          /* "backing up pg"; borrowed */
	int64_t began_ns;
	int64_t drawn_ns; /* 0: not yet */
};
/* Standard error is a terminal, and progress is wanted there. Before any other thread starts. */
void progress_enable(struct observer *observer);
struct progress progress_begin(struct observer *observer, const char *what);
/* Bytes; total 0: unknown. Draws from one second on, at most ten times a second. */
void progress_step(struct progress *progress, int64_t done, int64_t total);
void progress_end(const struct progress *progress);
/* The line goes, so that something else can be written there; the next step draws it again. */
void progress_erase(struct observer *observer);

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
