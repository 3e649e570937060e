/* plugin.h - find, verify, load and query plugins; and `struct database`, a
 * driver's connection as the rest of the core sees it: no ABI types beyond
 * this module's neighbours but the plain data structs of driver.h. */
#ifndef PLUGIN_PLUGIN_H
#define PLUGIN_PLUGIN_H

#include "base/base.h"
#include "config/config.h"
#include "observe/observe.h"

#include <eloquent/backup.h>
#include <eloquent/driver.h>
#include <eloquent/load.h>
#include <eloquent/plugin.h>
#include <eloquent/review.h>

#include <stdatomic.h>

/* ---- identity without running code ---------------------------------------- */

/* Reads the note of an open ELF file through its descriptor. STATUS_PLUGIN_REFUSED
 * with one sentence: not ELF, truncated, no note, two notes, bad magic, ... */
enum status note_read(int fd, const char *path, struct elq_note *ret, struct error *error) MUST_CHECK;

const char *kind_name(uint32_t kind); /* "driver"; NULL: unknown */
bool kind_parse(const char *word, uint32_t *ret);

/* One file that might be a plugin, and what became of it. */
struct candidate {
	const char *path;
	bool has_note;
	struct elq_note note;
	const char *refusal; /* NULL: acceptable */
};
struct candidates {
	struct arena arena;
	struct candidate *items; /* folder's files by name, then [plugin:] sections */
	size_t count;
	size_t capacity;
};
/* Everything in the plugin folder and every [plugin:] section; runs none of
 * their code. Fails only when the folder cannot be listed though it exists. */
enum status candidates_list(const struct project *project, struct candidates *ret,
			    struct error *error) MUST_CHECK;
void candidates_free(struct candidates *candidates);

/* ---- loading ---------------------------------------------------------------- */

/* A loaded driver: host-side copies, valid until the process ends. */
struct driver {
	const char *name;
	const char *version;
	const char *path;
	struct elq_note note;
	uint64_t caps;
	struct elq_driver ops;      /* min(sizes) copied, required slots checked */
	struct elq_history history; /* likewise; all zero without the capability's bit */
	struct elq_lock_ops lock;
	struct elq_schema schema;
	struct elq_digest digest;
	struct elq_backup backup;
	struct elq_scratch scratch;
	struct elq_load_ops load;
	struct elq_review_ops review;
	const struct elq_param *params; /* host-side copies */
	size_t param_count;
};

/* The one process-wide table, under its lock; loads what is not loaded yet. The
 * order of checks is docs/internals/loading.md. STATUS_PLUGIN_MISSING or
 * _REFUSED with every candidate and its reason, the linker's words included. */
enum status driver_load(struct observer *observer, const struct project *project, const char *name,
			const struct driver **ret, struct error *error) MUST_CHECK;
/* The note alone, no code run. */
enum status driver_note(const struct project *project, const char *name, struct elq_note *ret,
			struct error *error) MUST_CHECK;
const struct elq_param *driver_param(const struct driver *driver, const char *name, size_t size);

/* ---- a database -------------------------------------------------------------- */

struct database;

struct database_info {  /* copies, live as long as the database */
	uint32_t flags; /* ELQ_CONN_* */
	uint64_t caps;  /* ELQ_CAP_* */
	const char *product;
	const char *version;
	const char *identity;
	const char *name; /* what a person types */
	const char *location;
};

/* Resolves the connection's settings against the driver's table (types,
 * defaults, *_file keys, DATABASE_URL when it applies, unknown keys:
 * STATUS_CONFIG) and opens. STATUS_CONNECT, STATUS_CONFIG; the message names the
 * connection. connection and driver outlive the database. [one thread per database] */
enum status database_open(struct observer *observer, const struct project *project,
			  const struct connection *connection, const struct driver *driver, bool write,
			  struct database **ret, struct error *error) MUST_CHECK;
void database_close(struct database *database);
/* The pointer stays; what it points to is replaced by database_describe. */
const struct database_info *database_info(const struct database *database);
/* Asks again: is it still the same database, is it there by now? Strings of the
 * old answer stay valid. */
enum status database_describe(struct database *database, struct error *error) MUST_CHECK;
const struct driver *database_driver(const struct database *database);

/* From any thread: what runs now ends with STATUS_INTERRUPTED, what starts
 * later ends at once. Left alone are rollback, unlock and close, and a unit of
 * our own (begun without ELQ_BEGIN_MIGRATION): the outcome can still be recorded. */
void database_cancel(struct database *database);
bool database_cancelled(const struct database *database);
/* Deadline for the slots that follow, in microseconds from now; 0: none. What
 * database_cancel leaves alone has none either. */
void database_set_timeout(struct database *database, int64_t timeout_us);

/* A statement of a script. STATUS_MALFORMED with line (of the script). */
enum status database_next_statement(struct database *database, const char *script, size_t size,
				    size_t offset, struct elq_span *ret,
				    struct error *error) MUST_CHECK;
/* On failure error.line is the line within `text`, from 1, where the driver knows
 * it, else 0. ret_rows_changed may be NULL; -1: the backend does not say. */
enum status database_execute(struct database *database, const char *text, size_t size,
			     int64_t *ret_rows_changed, struct error *error) MUST_CHECK;
/* options: the migration's driver options, already checked by
 * database_check_option. lock_timeout_us < 0: the connection's. */
enum status database_begin(struct database *database, uint32_t flags, const struct setting *options,
			   size_t option_count, int64_t lock_timeout_us,
			   struct error *error) MUST_CHECK;
enum status database_commit(struct database *database, struct error *error) MUST_CHECK;
enum status database_rollback(struct database *database, struct error *error) MUST_CHECK;
/* Is name=value an option of this driver's migrations? STATUS_MALFORMED. */
enum status database_check_option(struct database *database, const char *name, const char *value,
				  struct error *error) MUST_CHECK;

/* elq.history. A driver without it: STATUS_UNSUPPORTED naming driver,
 * extension; likewise below. */
enum status database_history_create(struct database *database, struct error *error) MUST_CHECK;
enum status database_history_append(struct database *database, const struct elq_event *event,
				    struct error *error) MUST_CHECK;
enum status database_history_read(struct database *database, int64_t after,
				  int32_t (*event)(void *context, const struct elq_event *event),
				  void *context, struct error *error) MUST_CHECK;
/* Calls back per (key, value); both zero-terminated. */
enum status database_meta_read(struct database *database,
			       void (*pair)(void *context, const char *key, const char *value),
			       void *context, struct error *error) MUST_CHECK;
/* value NULL removes. */
enum status database_meta_write(struct database *database, const char *key, const char *value,
				struct error *error) MUST_CHECK;

/* elq.lock. The database owns the lock; closing releases it. */
struct lock_owner {
	const char *id;
	const char *actor;
	const char *command;
};
struct lock_holder { /* in the arena given */
	bool held;
	const char *id; /* NULL: nobody ever */
	const char *actor;
	const char *host;
	const char *command;
	const char *since;
	int64_t pid;
};
/* STATUS_LOCKED when somebody else holds it (message without the holder). */
enum status database_lock(struct database *database, const struct lock_owner *owner,
			  struct error *error) MUST_CHECK;
void database_unlock(struct database *database);
/* Is it still ours? Prolongs a lease where the driver has one. */
enum status database_lock_renew(struct database *database, struct error *error) MUST_CHECK;
enum status database_lock_inspect(struct database *database, struct arena *arena,
				  struct lock_holder *ret, struct error *error) MUST_CHECK;
enum status database_lock_take_over(struct database *database, const char *id,
				    struct error *error) MUST_CHECK;

/* elq.schema */
enum status database_holds_rows(struct database *database, bool *ret, struct error *error) MUST_CHECK;
enum status database_holds_objects(struct database *database, bool *ret,
				   struct error *error) MUST_CHECK;
enum status database_wipe(struct database *database, int64_t *ret_dropped,
			  struct error *error) MUST_CHECK;

/* elq.review: a session that starts from the schema of now, and never writes. Unlike
 * the other extensions its absence is no error of the command: ask first. */
bool database_can_review(const struct database *database);
struct review_session;
struct review_finding {     /* strings live during the call */
	uint32_t severity;  /* ELQ_FINDING_* */
	size_t statement;   /* of this session, from 0 */
	const char *rule;   /* "drop_table" */
	const char *object; /* "users.email", or NULL */
	const char *message;
};
enum status database_review_begin(struct database *database, struct review_session **ret,
				  struct error *error) MUST_CHECK;
/* What follows is one unit of work, begun with ELQ_BEGIN_* and these options. */
enum status database_review_unit(struct review_session *session, uint32_t flags,
				 const struct setting *options, size_t option_count,
				 struct error *error) MUST_CHECK;
enum status database_review_feed(struct review_session *session, const char *text, size_t size,
				 void (*finding)(void *context, const struct review_finding *finding),
				 void *context, struct error *error) MUST_CHECK;
void database_review_end(struct review_session *session); /* NULL is accepted */

#endif
