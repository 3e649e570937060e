/* run.h - one command's life:
 *
 *   select -> local verdict -> load drivers -> open -> facts -> verdict ->
 *   check -> ask -> lock -> (check again) -> facts again -> verdict ->
 *   intent -> (backup -> verdict) -> first write -> work, in parallel ->
 *   outcome -> one exit code
 *
 * Handlers are called from `check`, `work` and `preview` only and hold no
 * guard, lock or audit code. One refusal, failed check or unreachable
 * connection means that nothing runs anywhere (--keep-going goes on with the
 * ones that can be reached). Threads: everything up to the lock and after the
 * work on the calling thread; `work` on up to --jobs worker threads, one
 * target each; a signal thread that sets run->stop. */
#ifndef RUN_RUN_H
#define RUN_RUN_H

#include "backup/backup.h"
#include "base/base.h"
#include "config/config.h"
#include "guard/guard.h"
#include "migrate/migrate.h"
#include "plugin/plugin.h"
#include "run/command.h"

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>

/* What the database's eloquent_meta says. Strings in the target's arena. */
struct stamp {
	bool present;
	const char *word;
	const char *id; /* the database's random id */
	const char *at;
	const char *actor;
	bool has_policy;
	struct policy policy;
};

/* A list of the result that may be long: kept as its items' JSON text, masked and
 * separated by commas, because a tree of ten thousand objects is ten times as
 * large. Only --json fills it. */
struct result_list {
	const char *key; /* static */
	struct text items;
};
#define RESULT_LISTS 5

/* One selected connection, from selection to outcome. */
struct target {
	struct arena arena;
	const struct connection *connection; /* NULL: a writing command without any (run.c) */
	const struct driver *driver;         /* NULL until loaded */
	/* NULL until opened, then the same to the end. Atomic: a signal that cancels may come
	 * while others are still being opened. */
	struct database *_Atomic database;
	const struct database_info *info;
	struct elq_note note; /* of its driver */
	const char *word;     /* "production" or the environment's word */
	struct stamp stamp;
	struct stamp stamp_chosen; /* of the backup that goes over a damaged database */
	struct policy policy;      /* the stricter of INI and stored */
	struct guard_facts facts;
	struct guard_verdict verdict;
	bool asked; /* a person answered on the strength of the facts */
	bool locked;
	struct migrator migrator; /* loaded by the migrate:* handlers' check */
	bool migrator_loaded;
	bool planned;         /* check succeeded: the migrator's steps are what would run */
	struct review review; /* of these steps; empty unless reviewed */
	bool reviewed;
	struct prefetch *prefetch;                   /* the files, on their way; or NULL */
	void *handler_data;                          /* the handler's own, in the arena */
	void (*handler_free)(struct target *target); /* what handler_data holds beside it; or NULL */
	bool damaged;            /* it was found damaged, and the command works on that too */
	const char *about;       /* what a question names beside the database; or NULL */
	bool backed_up;          /* this run took and verified a backup, under the lock */
	const char *last_backup; /* "20 min ago (ID)", or NULL: none known */
	bool idle;               /* check found nothing to do */
	bool skipped;            /* unreachable under --keep-going, or never came to work */
	bool worked;
	bool intended;    /* its intent is on record */
	bool check_later; /* another run was in the way: check under the lock */
	char audit_head[HASH_TEXT];
	int64_t started_ns;
	/* the outcome */
	enum status status;
	struct error error;
	const char *remedy; /* of a refusal: the command that would pass, or NULL; in the arena */
	json_t *result;     /* object, owned: the short members */
	struct result_list lists[RESULT_LISTS]; /* the long ones; the first without a key ends them */
	struct text lines;                      /* its text output, until it is flushed */
};

struct run {
	struct arena arena;
	struct observer *observer;     /* borrowed from main */
	struct invocation *invocation; /* borrowed */
	const struct command *command;
	struct project project;
	bool project_loaded;
	char id[RANDOM_ID_TEXT];
	const char *tool;       /* "eloquent 0.1.0" */
	struct target *targets; /* sorted by connection name */
	size_t target_count;
	atomic_int stop;         /* 0, or the signal that asks to stop */
	int64_t began_ns;        /* --wait counts from here */
	struct signals *signals; /* the signal thread, or NULL */
	bool dry_run;
	bool verbose;
	bool json;
	bool quiet;
	bool colour; /* standard output is a terminal that may be coloured */
	/* Local commands and failures before any target. */
	enum status status;
	struct error error;
	json_t *result; /* object, owned; may be NULL */
	struct text lines;
	/* Called with text that is ready to be shown, from one thread at a time. */
	void (*show)(void *context, const char *text, size_t size);
	void *show_context;
	pthread_mutex_t show_lock;
	const char *const *environ;
	const char *installed_plugins;
};

/* Runs the invocation; everything that came of it stands in *run. Returns the
 * deciding status. */
enum status run_execute(struct run *run);
void run_init(struct run *run, struct observer *observer, struct invocation *invocation,
	      const char *const *variables, const char *installed_plugins);
void run_free(struct run *run);

/* ---- for handlers ------------------------------------------------------------- */

/* A line of text output (a newline is added). With one target it is shown at
 * once, with several when the target is done: output stays grouped. */
void target_say(struct run *run, struct target *target, const char *format, ...) PRINTF(3, 4);
/* The same, for a line that is ready. */
void target_say_line(struct run *run, struct target *target, const struct text *line);
/* text in a colour, or as it is; in the arena. */
enum paint { PAINT_GREEN = 32, PAINT_RED = 31, PAINT_YELLOW = 33, PAINT_DIM = 2 };
const char *run_paint(const struct run *run, struct arena *arena, enum paint paint, const char *text);
void run_say(struct run *run, const char *format, ...) PRINTF(2, 3);
/* result[key] = value (steals the reference). */
void target_result(struct target *target, const char *key, json_t *value);
void run_result(struct run *run, const char *key, json_t *value);
/* result[key] = [], and one item more for it (steals the reference). Without --json
 * both do nothing: hand NULL for the item then, or do not make it at all. */
void target_list(struct run *run, struct target *target, const char *key);
void target_list_add(struct run *run, struct target *target, const char *key, json_t *item);
/* What a handler put into the result is forgotten: it will be called again. */
void target_result_clear(struct target *target);

/* The target's migrator, set up for this run and loaded. Loading again after
 * another run wrote is run/'s business. */
enum status target_load_migrator(struct run *run, struct target *target, enum history_verify verify,
				 struct error *error) MUST_CHECK;
/* Lets the driver judge what the migrator's steps would destroy: target->review. */
enum status target_review(struct target *target, struct error *error) MUST_CHECK;
/* Shows target->review: the result's list "findings" and, with `say`, a line for each. */
void target_findings(struct run *run, struct target *target, bool say);
/* The folder of this connection's migrations (a twin uses its application's). */
const char *target_migrations(const struct run *run, const struct connection *connection,
			      struct arena *arena);
/* As the guard sees it: the environment, the connection or the stamp says so. */
bool target_in_production(const struct target *target);
/* Is there a terminal at which somebody can be asked? */
bool ask_terminal_present(void);
/* Which backup? Asks on the terminal, the newest verified ones first. STATUS_USAGE when there
 * is none to offer, STATUS_REFUSED when the person chooses none. */
enum status ask_backup(const struct run *run, const struct target *target,
		       const struct backups *backups, const char **ret, struct error *error) MUST_CHECK;
/* Where this target's backups lie. In production the folder must have been chosen:
 * STATUS_CONFIG. */
enum status target_store(const struct run *run, const struct target *target, struct backup_store *ret,
			 struct error *error) MUST_CHECK;
/* Takes and verifies one, says so and records it in the database. When only the record fails
 * *ret is filled and verified, and the error names it. */
enum status target_back_up(struct run *run, struct target *target, const char *reason, bool pinned,
			   struct backup *ret, struct error *error) MUST_CHECK;
/* Removes those that are one too many now; an error names the backup that stands. */
enum status target_make_room(struct run *run, struct target *target, const struct backup *backup,
			     struct error *error) MUST_CHECK;
/* STATUS_INTERRUPTED or _TERMINATED once a signal came; asked where nothing is written yet. */
enum status stop_status(const struct run *run, struct error *error);
json_t *backup_json(const struct backup *backup);
/* Our tables, the stamp and the policy (NULL: none) in one transaction of the target's
 * database, or of what is to become it. */
enum status target_stamp(struct run *run, struct target *target, struct database *database,
			 const char *word, const struct policy *policy, struct error *error) MUST_CHECK;
enum status stamp_read(struct database *database, struct arena *arena, struct stamp *ret,
		       struct error *error) MUST_CHECK;
/* What a backup, restored and open for writing, must say before it becomes the target's
 * database: the live one's stamp and policy where they are the stricter ones, and an event in
 * its history. copy: the id of the backup of what was there, or NULL. */
enum status target_carry_over(struct run *run, struct target *target, struct database *restored,
			      const struct backup *backup, const char *copy,
			      struct error *error) MUST_CHECK;
/* The same for a database beside it, of another name: the run's word, an id of its own, and the
 * event. Of the live one nothing is taken over. */
enum status target_carry_beside(struct run *run, struct target *target, struct database *restored,
				const struct backup *backup, struct error *error) MUST_CHECK;

#endif
