/* private.h - what the files of this room share and the other rooms do not see. */
#ifndef MIGRATE_PRIVATE_H
#define MIGRATE_PRIVATE_H

#include "migrate/migrate.h"

/* ---- names (name.c) ---------------------------------------------------------- */

/* Is `typed` this migration's name, with or without the file's extension? */
bool name_matches(const char *name, const char *typed);
/* The error for a word that names nothing, with the nearest name that files or
 * history know. */
void name_unknown(const struct migrator *migrator, const char *typed, struct error *error);

/* ---- files (options.c, read.c) ------------------------------------------------ */

/* STATUS_MALFORMED at a line of a file, with a remedy (which may be NULL). */
enum status malformed(struct error *error, const char *path, int64_t line, const char *remedy,
		      const char *format, ...) PRINTF(5, 6);

/* Reads the options behind `-- migrate:up`: blank-separated name:value pairs. */
enum status options_parse(struct arena *arena, const char *path, int64_t line, const char *text,
			  size_t size, struct section *section, struct error *error) MUST_CHECK;
/* Reads the objects behind `-- eloquent:destroys` and adds them (declare.c). */
enum status declarations_parse(struct arena *arena, const char *path, int64_t line, const char *text,
			       struct declarations *ret, struct error *error) MUST_CHECK;
/* Asks the driver about those of a file's options that are its own. */
enum status options_check(struct database *database, const struct migration *file,
			  const struct section *section, struct error *error) MUST_CHECK;

/* Reads one migration file below an open folder (or AT_FDCWD) into the emptied
 * text. STATUS_MALFORMED above the cap, and when what has that name cannot be read; STATUS_IO
 * when the disk fails. */
enum status migration_read(int folder_fd, const char *name, const char *path, int64_t cap,
			   struct text *text, struct error *error) MUST_CHECK;

/* ---- the scripts in a file (script.c) ------------------------------------------ */

struct statement {
	size_t start; /* bytes of the file */
	size_t size;
	int64_t line; /* of the file */
	bool alone;   /* it cannot share a transaction with its event */
};

/* A section, split. Reused from step to step; script_free frees it. */
struct script {
	struct text text; /* the whole file */
	struct statement *items;
	size_t count;
	size_t capacity;
	bool controls; /* without a transaction of ours: it opens or ends its own */
};
#define SCRIPT_CLEANUP CLEANUP(script_free)

/* Does this section run as one transaction on this database? */
bool section_is_transactional(struct database *database, const struct section *section);
/* Reads the file again; STATUS_MODIFIED when it is not the one that was checked. */
enum status script_load(const struct migrator *migrator, const struct migration *file,
			struct script *script, struct error *error) MUST_CHECK;
/* Splits a section of the loaded file and refuses what must not be sent: all of it. */
enum status script_split(struct database *database, const struct migration *file,
			 const struct section *section, struct script *script,
			 struct error *error) MUST_CHECK;
void script_free(struct script *script);

static inline const struct section *step_section(const struct step *step)
{
	return step->down ? &step->file->down : &step->file->up;
}

/* ---- history (event.c, entries.c, fold.c) -------------------------------------------------- */

/* event_hash with a buffer that is used again. */
void event_hash_buffered(const struct elq_event *event, struct text *buffer, char ret_hash[HASH_TEXT]);

/* Follows the events in order and keeps history's entries up to date. */
struct fold {
	struct history *history;
	size_t standing;   /* versioned entries that are applied and could be rolled back */
	const char *actor; /* the last one, in the arena: few people, many events */
};
/* STATUS_HISTORY_BROKEN for an event that this version does not know. */
enum status fold_event(struct fold *fold, const struct elq_event *event,
		       struct error *error) MUST_CHECK;
bool str_equals(struct elq_str str, const char *text);

/* The entry of this identity; a new one is not applied. Moves the other entries. */
struct entry *entries_take(struct history *history, struct elq_str version, struct elq_str name);
void entries_clear(struct history *history);
/* Does the database hold what this entry's migration made, or a part of it? */
bool entry_stands(const struct entry *entry);

/* Lays files and entries side by side. */
void rows_build(struct migrator *migrator);

/* ---- what may be done (steps.c, select.c) ------------------------------------------- */

void steps_clear(struct migrator *migrator);
void steps_add(struct migrator *migrator, const struct row *row, bool down);
/* Adds the repeatables that are due, or every one. */
void steps_add_repeatables(struct migrator *migrator, bool every);
/* Splits the scripts of all steps and checks their options. */
enum status steps_check(struct migrator *migrator, struct error *error) MUST_CHECK;
/* By the file's name or by the one that the history knows; NULL. */
const struct row *row_find(const struct migrator *migrator, const char *typed);
/* STATUS_UNKNOWN_NAME says why there is none. */
enum status row_require(const struct migrator *migrator, const char *typed, const struct row **ret,
			struct error *error) MUST_CHECK;
/* "a, b" of the rows that `wanted` chooses, and how many; the first one is untouched without any. */
size_t rows_name(const struct migrator *migrator, bool (*wanted)(const struct row *row),
		 struct text *ret, const struct row **ret_first);

/* ---- writing (unit.c, journal.c) ---------------------------------------------------- */

/* The end of the chain as it will be when the open unit commits. */
struct chain {
	int64_t sequence;
	char hash[HASH_TEXT];
};

/* One event as this room knows it; journal.c adds who, where and the chain. */
struct record {
	const char *event;
	const char *direction; /* or NULL */
	const char *version;   /* or NULL, as the next two */
	const char *name;
	const char *checksum;
	int64_t batch;       /* < 0: none */
	int64_t statement;   /* < 0: none */
	const char *detail;  /* JSON, or NULL */
	int64_t duration_us; /* < 0: none */
	int64_t rows;        /* < 0: unknown */
};
struct record record_of(const struct step *step, const char *event, int64_t batch);
/* Appends inside the open unit and moves the chain on. */
enum status journal_append(const struct migrator *migrator, struct chain *chain,
			   const struct record *record, struct error *error) MUST_CHECK;

/* A unit of work: begin, body, commit; rolled back on failure, run once more when
 * the driver says that this may help, looked up when nobody knows. */
struct unit {
	struct migrator *migrator;
	uint32_t flags;                /* ELQ_BEGIN_*, DATABASE_BEGIN_STATEMENT */
	const struct section *section; /* options and lock timeout, or NULL */
	enum status (*body)(struct unit *unit, struct error *error);
	void *context;
	struct chain chain; /* for body: as of the unit's begin */
	bool stuck;         /* and could not be rolled back */
	bool looked_up;     /* its commit lost the connection, and did happen */
};
enum status unit_run(struct unit *unit, struct error *error) MUST_CHECK;
/* One event in a unit of its own. */
enum status journal_record(struct migrator *migrator, const struct record *record,
			   struct error *error) MUST_CHECK;
struct chain chain_of(const struct history *history);
/* A migration's own ROLLBACK takes our events back as well. Reads again where the chain
 * ends behind `base`, and the last `statement` event's number there (0: none). */
enum status journal_sync(struct migrator *migrator, const struct chain *base, int64_t *ret_statement,
			 struct error *error) MUST_CHECK;
/* The chain is verified up to its end. Inside an open unit. */
enum status journal_checkpoint(const struct migrator *migrator, const struct chain *chain,
			       struct error *error) MUST_CHECK;

/* JSON object text for `detail`. */
void detail_add_text(struct text *detail, const char *key, const char *value); /* NULL adds nothing */
void detail_add_number(struct text *detail, const char *key, int64_t value);
const char *detail_close(struct text *detail); /* the object; "{}" when nothing was added */

/* ---- one step (execute.c, work.c, nontransactional.c) ---------------------------------- */

struct work {
	struct migrator *migrator;
	const struct step *step;
	const struct section *section;
	struct script *script;
	bool transactional;
	int64_t batch;
	int64_t started_ns;
	int64_t rows;      /* changed so far; -1: unknown */
	size_t ran;        /* statements that ran in this try */
	size_t standing;   /* without a transaction: statements that stand and are recorded */
	size_t failed;     /* the statement that failed, from 1; 0: none did */
	size_t unrecorded; /* without a transaction: this one stands or may stand, unrecorded */
	bool begun;        /* something of it reached the database */
	bool stuck;        /* whether all of it is gone is unknown; the hint says why */
	bool session_lost; /* without a transaction: the connection broke in a commit that happened */
	bool finished;     /* without a transaction: all of it stands, and is recorded so */
};
/* Runs statement `index` (from 0); the error names file, line and number. */
enum status work_statement(struct work *work, size_t index, struct error *error) MUST_CHECK;
/* Puts "FILE:LINE: statement N of M WHAT" before the error; the statement counts as failed. */
void work_place(struct work *work, size_t index, int64_t line, const char *what, struct error *error);
/* Without a transaction around the section: do statement `index` and its event stand
 * together or not at all? */
bool work_is_atomic(const struct work *work, size_t index);
/* STATUS_INTERRUPTED or STATUS_TERMINATED once the run is asked to stop. */
enum status migrator_stop_status(const struct migrator *migrator);
/* The same as an error; `done` statements ran before. */
enum status work_check_stop(struct work *work, size_t done, struct error *error) MUST_CHECK;
/* The event that ends a step: applied or reverted. */
struct record work_finish(const struct work *work);
/* Makes the hint of a failed step: what stands now, and what to do. */
void work_explain(const struct work *work, struct error *error);
/* Puts on record that the step failed; a failure of that is only logged. */
void work_record_failure(const struct work *work, const struct error *failure);
enum status nontransactional_run(struct work *work, struct error *error) MUST_CHECK;

#endif
