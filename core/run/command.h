/* command.h - what a row of the command table is, and what a person typed.
 * The rows themselves stand in cli/, beside their handlers. */
#ifndef RUN_COMMAND_H
#define RUN_COMMAND_H

#include "base/base.h"
#include "guard/guard.h"

struct run;
struct target;

/* Every option of every command, one arity each.
 * X(ID, name, arity, argument, help); arity: 0 flag, 1 value, 2 value only
 * as --name=VALUE and otherwise a flag. Where the argument is N the value is a
 * whole number from 1, where it is DURATION a duration. */
#define OPTION_TABLE(X)                                                                                \
	X(CONFIG, "config", 1, "FILE", "read this INI instead of the nearest eloquent.ini")            \
	X(ENV_FILE, "env-file", 1, "FILE", "read variables from this file too (repeatable)")           \
	X(JSON, "json", 0, "", "print exactly one JSON document")                                      \
	X(QUIET, "quiet", 0, "", "no progress, no results; failures stay (also --silent)")             \
	X(SILENT, "silent", 0, "", "the same as --quiet")                                              \
	X(VERBOSE, "verbose", 0, "", "say more")                                                       \
	X(NO_COLOR, "no-color", 0, "", "no colour, even on a terminal (also NO_COLOR)")                \
	X(LOG_LEVEL, "log-level", 1, "LEVEL", "debug, info, warn or error")                            \
	X(LOG_FORMAT, "log-format", 1, "FORMAT", "text or json")                                       \
	X(JOBS, "jobs", 1, "N", "connections at work at once (default 4)")                             \
	X(KEEP_GOING, "keep-going", 0, "", "leave out connections that cannot be opened (exit 6)")     \
	X(DRY_RUN, "dry-run", 0, "", "show what would run; change nothing")                            \
	X(VERSION, "version", 0, "", "print the version")                                              \
	X(HELP, "help", 0, "", "print this command's page")                                            \
	X(CONNECTION, "connection", 1, "NAME", "this connection (repeatable; also -c NAME)")           \
	X(ALL_CONNECTIONS, "all-connections", 0, "", "every SQL connection, test twins left out")      \
	X(TEST, "test", 0, "", "the test twin of each connection")                                     \
	X(FORCE, "force", 0, "", "part of the contract for destructive commands")                      \
	X(YES, "yes", 0, "", "part of the contract for destructive commands")                          \
	X(SQL, "sql", 0, "", "an SQL file with empty up and down sections")                            \
	X(STEP, "step", 1, "N", "at most N migrations")                                                \
	X(TO, "to", 1, "NAME", "up to and including NAME (run); NAME stays applied (rollback)")        \
	X(BATCH, "batch", 1, "N", "the migrations of batch N")                                         \
	X(ALL_MIGRATIONS, "all-migrations", 0, "", "all migrations")                                   \
	X(WAIT, "wait", 2, "DURATION", "wait for the lock instead of failing with 5")                  \
	X(CONNECT_WAIT, "connect-wait", 1, "DURATION", "try to connect for this long")                 \
	X(ALLOW_MISSING, "allow-missing", 0, "", "run files that are older than applied ones")         \
	X(ALLOW_DESTRUCTIVE, "allow-destructive", 0, "",                                               \
	  "in production: run files that destroy data and declare it")                                 \
	X(EXIT_CODE, "exit-code", 0, "", "exit 4 when something is pending or wrong")                  \
	X(ACCEPT, "accept", 1, "NAME", "the edited file is right: record its new checksum")            \
	X(FORGET, "forget", 1, "NAME", "its file is gone for good: no longer applied")                 \
	X(MARK, "mark", 1, "STATE", "applied or reverted, then NAME: record what stands")              \
	X(CLASS, "class", 1, "NAME", "this seed alone; UserSeeder and User are one name")              \
	X(COUNT_OF_ROWS, "count", 1, "N", "how many rows a seed makes, where it makes them up")        \
	X(SEED, "seed", 1, "N", "the number that made-up rows follow from")                            \
	X(AS_OF, "as-of", 1, "DATE", "the day that counts as today: 2026-01-31")                       \
	X(REASON, "reason", 1, "TEXT", "why it is taken; shown with it")                               \
	X(PIN, "pin", 0, "", "never removed to make room for others")                                  \
	X(WITHOUT_COPY, "without-copy", 0, "", "go on when what is there cannot be backed up first")   \
	X(RUN, "run", 1, "ID", "everything about one run; its first 4 digits or more")                 \
	X(LAST, "last", 1, "N", "the newest N records (default 20)")                                   \
	X(PREFIX, "prefix", 1, "P", "only keys that begin with P, behind the cache's own prefix")      \
	X(STORE, "store", 1, "NAME", "only this store of the cache")

enum option {
#define X(id, name, arity, argument, help) OPTION_##id,
	OPTION_TABLE(X)
#undef X
		OPTION_COUNT
};

struct option_values {
	const char **items; /* "" for a flag; argv's own strings */
	size_t count;
	size_t capacity;
};

/* A parsed command line. */
struct invocation {
	const struct command *command;
	const char *typed_name; /* as typed: an alias says so */
	struct option_values options[OPTION_COUNT];
	struct option_values arguments;
	struct option_values connections; /* -c, --connection and --pg ... in order */
};
bool option_given(const struct invocation *invocation, enum option option);
const char *option_value(const struct invocation *invocation, enum option option); /* last, or NULL */
/* Are the given values what their options take? STATUS_USAGE. Asked once, by the parser:
 * the two below rely on it. */
enum status option_values_check(const struct invocation *invocation, struct error *error) MUST_CHECK;
/* The value of an option that takes N; `otherwise` when it is not given. */
int64_t option_count(const struct invocation *invocation, enum option option, int64_t otherwise);
/* The value of an option that takes a DURATION, in microseconds; `otherwise` when it is
 * not given, or given without a value (--wait). */
int64_t option_duration_us(const struct invocation *invocation, enum option option, int64_t otherwise);
const char *argument(const struct invocation *invocation, size_t index); /* or NULL */
bool connections_named(const struct invocation *invocation); /* does a word choose connections? */
/* The command and its words as they can be typed again, quoted for a shell: all but the
 * options that choose connections and --force and --yes, which the caller adds. */
void invocation_add_words(const struct invocation *invocation, struct text *text);

/* A command works on the selected connections when it has a `check`; no flag says so again. */
#define COMMAND_NO_PROJECT 1u  /* reads no configuration (list, version, help, init) */
#define COMMAND_STAMPS 2u      /* stamps by itself (db:stamp) */
#define COMMAND_LOCKLESS 4u    /* a writing command that takes no lock (migrate:unlock) */
#define COMMAND_CHOOSES 8u     /* takes --connection and its kin, but opens nothing */
#define COMMAND_NO_DRY_RUN 16u /* has nothing to show instead of doing it */
#define COMMAND_MIGRATES 32u   /* reads the migration files of each target */
#define COMMAND_BACKS_UP 64u   /* takes the backup that the guard asks for by itself, under the lock */
#define COMMAND_BACKS_UP_ALWAYS 128u /* with BACKS_UP: takes one whatever the policy says */
#define COMMAND_DAMAGED_TOO 256u     /* opens a damaged database too */
#define COMMAND_RECORDS 512u         /* safe, but leaves a record in the database when it can */

/* Connections count only when they were named: `check` is for those, `local` for none; with
 * CHOOSES `local` is for both. */
#define COMMAND_NAMED 1024u

/* One row. Exactly one of `local` and `check` is set; both with COMMAND_NAMED. */
struct command {
	const char *name;
	const char *alias;     /* or NULL */
	const char *group;     /* heading in `list` */
	const char *summary;   /* one line */
	const char *arguments; /* "[NAME]", "NAME", "" */
	size_t arguments_min;
	size_t arguments_max;
	const enum option *options; /* besides the global ones; ends with OPTION_COUNT */
	struct guard_command guard;
	unsigned flags;
	const char *notes; /* paragraphs of the help page, or NULL */

	/* Do the words go together, as far as the command line alone can tell? Asked before any
	 * configuration is read. NULL: all that the parser lets through do. STATUS_USAGE. */
	enum status (*usage)(const struct invocation *invocation, struct error *error);

	/* A command without connections. */
	enum status (*local)(struct run *run, struct error *error);

	/* Capabilities (ELQ_CAP_*) that the driver must have, besides history and lock. */
	uint64_t needs;
	/* Before the facts are read: what the command is about, when they depend on it (db:restore's
	 * backup). NULL: they do not. */
	enum status (*choose)(struct run *run, struct target *target, struct error *error);
	/* For each connection: reads and judges, writes nothing; sets target->idle when there
	 * is nothing to do. Called again when the history changed before the lock was ours. */
	enum status (*check)(struct run *run, struct target *target, struct error *error);
	/* Under --dry-run instead of work: shows. NULL: check's answer is all. */
	enum status (*preview)(struct run *run, struct target *target, struct error *error);
	/* Does it. NULL: a reading command, check did all. Runs on a worker thread. */
	enum status (*work)(struct run *run, struct target *target, struct error *error);
};

#endif
