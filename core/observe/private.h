/* observe/private.h - what the files of this room share: the observer itself,
 * spans and views of the redactor, JSON text. Not for neighbours;
 * the room's own unit tests include it. */
#ifndef OBSERVE_PRIVATE_H
#define OBSERVE_PRIVATE_H

#include "observe/observe.h"

#include <pthread.h>

/* ---- the observer (observer.c) --------------------------------------------- */

/* One spelling of a secret that is looked for. */
struct pattern {
	char *data;
	size_t size;
	size_t period;       /* the smallest shift by which it overlaps itself */
	bool partial_before; /* base64: the neighbouring digit holds some of its bits too */
	bool partial_after;
};

struct patterns {
	struct pattern *items;
	size_t count;
	size_t capacity;
};

struct warnings {
	char **items;
	size_t count;
	size_t capacity;
};

/* The line of progress, and who draws it (progress.c). */
struct ticker {
	bool wanted;            /* set before there are threads; the next two live with it */
	pthread_mutex_t lock;   /* wake to ends */
	pthread_cond_t wake;    /* it shall end */
	struct progress *works; /* under way, the oldest first */
	int64_t since_ns;       /* there has been some; 0: there is none */
	int64_t every_ns;       /* no terminal: a line of the log so often; 0: a terminal */
	int64_t said_ns;        /* the last of these lines; at first the beginning */
	pthread_t thread;
	bool runs;
	bool ends;
	atomic_bool drawn; /* the line stands on the terminal; log_lock, but for dying */
	atomic_int hidden; /* > 0: it must not */
};

struct observer {
	pthread_mutex_t log_lock; /* level to warnings */
	enum log_level level;
	enum log_format format;
	char *command; /* or NULL */
	char *run;     /* or NULL */
	struct warnings warnings;
	struct ticker ticker;
	pthread_rwlock_t secrets_lock; /* patterns */
	struct patterns patterns;
};

/* "34 %, 340 MiB, 85 MiB/s, 8 s left  verifying X" */
void progress_format(const struct progress *progress, int64_t elapsed_ns, struct text *ret);
/* Holding log_lock. */
void progress_erase_locked(struct observer *observer);
void log_done(struct observer *observer);
void redact_done(struct observer *observer);

/* ---- spans: what is to be masked (redact.c) -------------------------------- */

struct span {
	size_t start;
	size_t end;
	bool number; /* a bare JSON number: its mask needs quotes */
};

struct spans {
	struct span *items;
	size_t count;
	size_t capacity;
};

/* ---- views: the same bytes, unescaped (redact_view.c) ----------------------- */

enum view_kind { VIEW_PLAIN, VIEW_PERCENT, VIEW_JSON, VIEW_QUOTES, VIEW_BACKSLASH, VIEW_COUNT };

/* data[i] came from the source's bytes map[i] to map[i + 1]; several decoded
 * bytes of one escape have the same map entry. A plain view has no map. */
struct view {
	const char *data;
	size_t size;
	size_t base;   /* without a map: where data stands in the source */
	char *decoded; /* owned, or NULL */
	uint32_t *map; /* owned unless a part's, size + 1 entries, or NULL */
};

/* False (and nothing to free): this kind of escape does not occur. */
bool view_build(enum view_kind kind, const char *data, size_t size, struct view *ret);
void view_free(struct view *view);
/* Adds the source's bytes behind the view's [start, end). */
void view_add_span(const struct view *view, size_t start, size_t end, bool number, struct spans *spans);
/* Widens a span of the source so that it cuts no escape of this view in two. */
void view_widen_span(const struct view *view, struct span *span);
/* The view of the source's bytes [start, end); borrows, is not freed. */
struct view view_part(const struct view *view, size_t start, size_t end);

/* ---- where credentials stand (redact_place.c, redact_key.c) ------------------ */

enum place_key {
	PLACE_NONE,
	PLACE_SECRET, /* password, secret, api_key: masked in every notation */
	PLACE_TOKEN,  /* token, session: words of prose too, masked behind '=' and as JSON key only */
	PLACE_HEADER, /* authorization, cookie: the rest of the line is theirs */
};

enum place_key place_key_kind(const char *key, size_t size);
void place_find(const struct view *view, struct spans *spans);

/* ---- JSON documents (redact_document.c) --------------------------------------- */

enum token_kind { TOKEN_KEY, TOKEN_STRING, TOKEN_NUMBER, TOKEN_BORDER };

struct token {
	enum token_kind kind;
	size_t start; /* strings: between their quotes */
	size_t end;
};

struct tokens {
	struct token *items;
	size_t count;
	size_t capacity;
};

/* False: it is no whole JSON document. ret->items is the caller's to free. */
bool document_read(const char *data, size_t size, struct tokens *ret);
/* place_find for each string apart, and the values of keys. view: plain or JSON. */
void document_find_places(const struct tokens *tokens, const struct view *view, struct spans *spans);
/* Cuts sorted spans down to what can be masked: in strings, and whole numbers. */
void document_clip(const struct tokens *tokens, struct spans *spans);

/* ---- JSON text (json_text.c) ------------------------------------------------ */

/* A JSON string with its quotes. Control characters (C1 and DEL too, which
 * terminals obey) are escaped; bytes that are not UTF-8 become U+FFFD. */
void json_text_string(struct text *text, const char *data, size_t size);
/* The same or null. */
void json_text_nullable(struct text *text, const char *string);
/* Prose for a terminal's line: control characters as \n or \x1b, other bytes as \xff. */
void json_text_visible(struct text *text, const char *data, size_t size);

#endif
