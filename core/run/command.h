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
 * as --name=VALUE and otherwise a flag. */
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
	X(KEEP_GOING, "keep-going", 0, "", "go on with the connections that can be reached")           \
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
	X(MARK, "mark", 1, "STATE", "applied or reverted, then NAME: record what stands")

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
/* A number >= 1; not given: *ret untouched, OK. STATUS_USAGE. */
enum status option_count(const struct invocation *invocation, enum option option, int64_t *ret,
			 struct error *error) MUST_CHECK;
/* A duration; not given, or --wait alone: *ret untouched, OK. STATUS_USAGE. */
enum status option_duration(const struct invocation *invocation, enum option option, int64_t *ret_us,
			    struct error *error) MUST_CHECK;
const char *argument(const struct invocation *invocation, size_t index); /* or NULL */

#define COMMAND_CONNECTS 1u    /* works on the selected connections */
#define COMMAND_CREATES 2u     /* a writing command that may create a missing database */
#define COMMAND_NO_PROJECT 4u  /* reads no configuration (list, version, help, init) */
#define COMMAND_STAMPS 8u      /* stamps by itself (db:stamp) */
#define COMMAND_LOCKLESS 16u   /* a writing command that takes no lock (migrate:unlock) */
#define COMMAND_CHOOSES 32u    /* takes --connection and its kin, but opens nothing */
#define COMMAND_MIGRATES 128u  /* reads the migration files of each target */
#define COMMAND_NO_DRY_RUN 64u /* has nothing to show instead of doing it */

/* One row. Exactly one of `local` and `check` is set. */
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

	/* A command without connections. */
	enum status (*local)(struct run *run, struct error *error);

	/* For each connection: reads and judges, writes nothing; sets target->idle when there
	 * is nothing to do. Called again when the history changed before the lock was ours. */
	enum status (*check)(struct run *run, struct target *target, struct error *error);
	/* Under --dry-run instead of work: shows. NULL: check's answer is all. */
	enum status (*preview)(struct run *run, struct target *target, struct error *error);
	/* Does it. NULL: a reading command, check did all. Runs on a worker thread. */
	enum status (*work)(struct run *run, struct target *target, struct error *error);
};

#endif
