/* driver.h - the vtable of a driver: how the host talks to one database.
 *
 * A connection is an opaque handle. Its life as the host runs it:
 *   open -> describe -> (extensions: history, lock, schema) ->
 *   { begin -> execute ... -> commit | rollback } ... -> close
 */
#ifndef ELOQUENT_DRIVER_H
#define ELOQUENT_DRIVER_H

#include <eloquent/host.h>
#include <eloquent/value.h>

#ifdef __cplusplus
extern "C" {
#endif

struct elq_connection; /* opaque, the driver's */

/* One key of the connection, checked and converted by the host against the
 * driver's parameter table (see elq_param.type for what arrives). */
struct elq_setting {
	uint32_t struct_size;
	uint32_t flags; /* ELQ_PARAM_SECRET */
	struct elq_str name;
	struct elq_str value;
	struct elq_str folder; /* absolute; relative paths inside a value such as a url count
				* from here (ELQ_PARAM_PATH values arrive absolute) */
};

/* open(): ELQ_OPEN_WRITE: the command may write. Without it the driver makes
 * sure that no statement can, and never creates anything. With it a database
 * that does not exist may be created, but only at the first write: until then
 * the connection behaves as one to an empty database. */
#define ELQ_OPEN_WRITE 1u
/* With WRITE: the command gives the database new content as a whole. A damaged
 * one is opened too; describe() then says ELQ_CONN_DAMAGED, and only dump(RAW),
 * lock and promote() are of use. */
#define ELQ_OPEN_REPLACE 2u

#define ELQ_CONN_EXISTS 1u            /* flags of elq_description: the database is there */
#define ELQ_CONN_READ_ONLY 2u         /* it cannot be written (permissions, standby) */
#define ELQ_CONN_TRANSACTIONAL_DDL 4u /* schema changes roll back with the transaction */
#define ELQ_CONN_PERSISTENT 8u        /* what is written outlives the connection */
#define ELQ_CONN_DAMAGED 16u          /* it cannot be read as a database; see ELQ_OPEN_REPLACE */

struct elq_description {
	uint32_t struct_size;
	uint32_t flags;          /* ELQ_CONN_* */
	uint64_t caps;           /* ELQ_CAP_*: what this connection can do */
	struct elq_str product;  /* "SQLite" */
	struct elq_str version;  /* "3.40.1" */
	struct elq_str identity; /* equal text = the same database, however it was named */
	struct elq_str database; /* the name a person types to confirm */
	struct elq_str location; /* for messages; holds no secret */
};

#define ELQ_STATEMENT_PLAIN 0
#define ELQ_STATEMENT_EMPTY 1 /* only blanks and comments */
#define ELQ_STATEMENT_BEGIN 2
#define ELQ_STATEMENT_COMMIT 3
#define ELQ_STATEMENT_ROLLBACK 4
#define ELQ_STATEMENT_SAVEPOINT 5      /* and its release */
#define ELQ_STATEMENT_NO_TRANSACTION 6 /* cannot run, or does nothing, inside a transaction */
#define ELQ_STATEMENT_CLIENT_ONLY 7    /* a command of the native client, not of the server */

/* One statement of a script, as next_statement() finds it. */
struct elq_span {
	uint32_t struct_size;
	uint32_t kind;       /* ELQ_STATEMENT_* */
	uint64_t start;      /* byte offset of its first token (of the comment, if empty) */
	uint64_t size;       /* bytes, without the terminator */
	uint64_t next;       /* where to look for the next one */
	uint64_t line;       /* of start, counted from 1 at offset 0 of the script */
	struct elq_str hint; /* for NO_TRANSACTION and CLIENT_ONLY: what to do; static */
};

#define ELQ_EXECUTE_OURS 1u /* the host's or an extension's statement, not the user's */

struct elq_statement {
	uint32_t struct_size;
	uint32_t flags; /* ELQ_EXECUTE_* */
	struct elq_str text;
	const struct elq_value *params; /* stride sizeof(struct elq_value) */
	uint64_t param_count;
};

struct elq_result {
	uint32_t struct_size;
	uint32_t reserved;
	int64_t rows_changed; /* -1: the backend does not say */
};

#define ELQ_BEGIN_MIGRATION                                                                            \
	1u                      /* what follows is one migration's; the session starts clean, and      \
				 * what it sets reaches neither the next one nor our own tables */
#define ELQ_BEGIN_AUTOCOMMIT 2u /* with MIGRATION: no transaction is opened (transaction:false) */

struct elq_begin {
	uint32_t struct_size;
	uint32_t flags;
	const struct elq_setting *options; /* ELQ_PARAM_MIGRATION ones; stride options[0].struct_size */
	uint64_t option_count;
	int64_t lock_timeout_us; /* how long to wait for the database's own locks; <0: the connection's
				  */
};

struct elq_driver {
	uint32_t struct_size;
	uint32_t reserved;

	/* [conn] Opens. On failure *ret_connection is NULL and nothing is left open.
	 * ELQ_ERR_CONNECT, ELQ_ERR_INVALID (a setting), ELQ_ERR_CORRUPT, ELQ_ERR_NOMEM. */
	int32_t (*open)(const struct elq_call *call, const struct elq_setting *settings,
			uint64_t setting_count, uint32_t flags, struct elq_connection **ret_connection);

	/* [conn] Rolls back what is open and frees the handle; NULL is accepted. Never fails. */
	void (*close)(const struct elq_call *call, struct elq_connection *connection);

	/* [conn] Fills *ret (struct_size set by the caller). Strings live until close or the
	 * next describe. */
	int32_t (*describe)(const struct elq_call *call, struct elq_connection *connection,
			    struct elq_description *ret);

	/* [any] Finds the statement that begins at or after offset in a script, by the
	 * dialect's own rules. connection may be NULL. At the end of the script: ELQ_OK with
	 * kind EMPTY and next == size. ELQ_ERR_MALFORMED: unterminated; ret->start and
	 * ret->line say where the open construct began. */
	int32_t (*next_statement)(const struct elq_call *call, struct elq_connection *connection,
				  const char *script, uint64_t size, uint64_t offset,
				  struct elq_span *ret);

	/* [conn] Runs exactly one statement. sink may be NULL; ret_result may be NULL. */
	int32_t (*execute)(const struct elq_call *call, struct elq_connection *connection,
			   const struct elq_statement *statement, const struct elq_sink *sink,
			   struct elq_result *ret_result);

	/* [conn] Opens the unit of work; non-zero: nothing was opened. A MIGRATION | AUTOCOMMIT
	 * unit is the session of one migration without a transaction, from its first statement
	 * to its last; inside it begin(flags 0) ... commit may nest, which does not clean the
	 * session and, with TRANSACTIONAL_DDL, may hold a PLAIN statement of the migration's
	 * beside our event: they commit together. */
	int32_t (*begin)(const struct elq_call *call, struct elq_connection *connection,
			 const struct elq_begin *begin);

	/* [conn] Commits. Non-zero: nothing was committed and rollback() is still due, unless
	 * the error carries ELQ_ERROR_OUTCOME_UNKNOWN. With ELQ_ERROR_RETRYABLE the host
	 * rolls back and runs the same unit once more. */
	int32_t (*commit)(const struct elq_call *call, struct elq_connection *connection);

	/* [conn] Rolls back; without an open unit it does nothing and succeeds. */
	int32_t (*rollback)(const struct elq_call *call, struct elq_connection *connection);

	/* [any] Ends the statement that runs now, if any. Must not block, and is safe against
	 * a handle that begin() reopens at the same moment; never called after close(). */
	void (*cancel)(struct elq_connection *connection);

	/* [any] A vtable by name (ELQ_EXT), or NULL. Lives as long as the plugin. */
	const void *(*get_extension)(const char *name, uint64_t size);
};
ELQ_STATIC_ASSERT(offsetof(struct elq_driver, get_extension) == 80, "elq_driver layout");

/* ---- elq.history: the append-only events and the metadata ---------------- */

/* An event. Members up to previous are what the hash covers, in this order
 * (docs/history-format.md); the driver stores them verbatim. "No value" is a
 * str without data; an integer that has no value is negative. */
struct elq_event {
	uint32_t struct_size;
	uint32_t reserved;
	int64_t sequence; /* from 1, no gaps */
	struct elq_str run;
	int64_t batch;
	struct elq_str version;
	struct elq_str name;
	struct elq_str checksum;  /* 64 hex digits */
	struct elq_str direction; /* "up", "down" */
	struct elq_str event;     /* "applied", ... */
	int64_t statement;        /* from 1 */
	struct elq_str actor;
	struct elq_str host;
	struct elq_str tool;
	struct elq_str audit_head;
	struct elq_str detail;   /* JSON */
	struct elq_str previous; /* 64 hex digits */
	struct elq_str hash;     /* 64 hex digits */
	/* Beside the hash: */
	int64_t duration_us; /* as the client measured it; <0: none */
	int64_t rows;        /* rows changed; <0: unknown */
	struct elq_str at;   /* reading only: the server's clock, RFC 3339 UTC */
};

/* Receives events in order of sequence. Non-zero: enough. */
struct elq_event_sink {
	uint32_t struct_size;
	uint32_t reserved;
	void *context;
	int32_t (*event)(void *context, const struct elq_event *event);
};

#define ELQ_EXT_HISTORY ELQ_EXT("history")
struct elq_history {
	uint32_t struct_size;
	uint32_t reserved;
	/* [conn] Creates our tables if they are not there. Inside an open unit. */
	int32_t (*create)(const struct elq_call *call, struct elq_connection *connection);
	/* [conn] Appends one event inside the open unit; a taken sequence number is
	 * ELQ_ERR_CONSTRAINT; a transaction that is no longer ours is ELQ_ERR_FAILED. */
	int32_t (*append)(const struct elq_call *call, struct elq_connection *connection,
			  const struct elq_event *event);
	/* [conn] Reads the events with sequence > after. No tables: no events, ELQ_OK. */
	int32_t (*read)(const struct elq_call *call, struct elq_connection *connection, int64_t after,
			const struct elq_event_sink *sink);
	/* [conn] Pours (key, value) rows of eloquent_meta into the sink, sorted by key. */
	int32_t (*read_meta)(const struct elq_call *call, struct elq_connection *connection,
			     const struct elq_sink *sink);
	/* [conn] Sets one; no value removes it. Inside an open unit. */
	int32_t (*write_meta)(const struct elq_call *call, struct elq_connection *connection,
			      const struct elq_str *key, const struct elq_str *value);
};

/* ---- elq.lock: one writer at a time -------------------------------------- */

struct elq_lock; /* opaque, the driver's */

struct elq_lock_holder {
	uint32_t struct_size;
	uint32_t held; /* 1: somebody holds it now */
	int64_t pid;
	struct elq_str id; /* the run's id */
	struct elq_str actor;
	struct elq_str host;
	struct elq_str command;
	struct elq_str since; /* RFC 3339 UTC */
};

#define ELQ_EXT_LOCK ELQ_EXT("lock")
struct elq_lock_ops {
	uint32_t struct_size;
	uint32_t reserved;
	/* [conn] Tries once, at most the driver's own short wait. ELQ_ERR_LOCKED: somebody
	 * else holds it, inspect() says who. owner.held is ignored. */
	int32_t (*acquire)(const struct elq_call *call, struct elq_connection *connection,
			   const struct elq_lock_holder *owner, struct elq_lock **ret_lock);
	/* [conn] Frees the lock; NULL is accepted. */
	void (*release)(const struct elq_call *call, struct elq_lock *lock);
	/* [conn] Prolongs a lease; drivers without leases return ELQ_OK. */
	int32_t (*renew)(const struct elq_call *call, struct elq_lock *lock);
	/* [conn] Fills *ret; strings live until the next slot on this connection.
	 * Nobody ever: held 0 and id without value; a holder that died: held 0 and its id. */
	int32_t (*inspect)(const struct elq_call *call, struct elq_connection *connection,
			   struct elq_lock_holder *ret);
	/* [conn] Removes what the holder `id` left, when it is provably gone.
	 * ELQ_ERR_LOCKED: it lives. ELQ_ERR_NOT_FOUND: another id, or nobody. */
	int32_t (*take_over)(const struct elq_call *call, struct elq_connection *connection,
			     const struct elq_str *id);
};

/* ---- elq.schema: what is in the database --------------------------------- */

#define ELQ_EXT_SCHEMA ELQ_EXT("schema")
struct elq_schema {
	uint32_t struct_size;
	uint32_t reserved;
	/* [conn] Sorted records (kind, path, attribute, value), all text; ours left out. */
	int32_t (*describe)(const struct elq_call *call, struct elq_connection *connection,
			    const struct elq_sink *sink);
	/* [conn] *ret = 1 when any table that is not ours holds a row, else 0. */
	int32_t (*holds_rows)(const struct elq_call *call, struct elq_connection *connection,
			      int32_t *ret);
	/* [conn] *ret = 1 when anything that is not ours exists in the schema, else 0. */
	int32_t (*holds_objects)(const struct elq_call *call, struct elq_connection *connection,
				 int32_t *ret);
	/* [conn] Drops everything that is not ours, inside the open unit where DDL is
	 * transactional; the unit was begun with ELQ_BEGIN_MIGRATION, so that the driver could
	 * prepare its session. *ret_dropped counts the objects. */
	int32_t (*wipe)(const struct elq_call *call, struct elq_connection *connection,
			int64_t *ret_dropped);
};

#ifdef __cplusplus
}
#endif
#endif
