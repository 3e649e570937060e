/* plugin.h - find, verify, load and query plugins of all kinds; and what the rest
 * of the core sees of them: `struct database`, a driver's connection; `struct
 * sower`, a seeder at work; `struct store`, a cache's handle. No ABI types leave
 * this module but the plain data structs of the public headers. */
#ifndef PLUGIN_PLUGIN_H
#define PLUGIN_PLUGIN_H

#include "base/base.h"
#include "config/config.h"
#include "observe/observe.h"

#include <eloquent/backup.h>
#include <eloquent/cache.h>
#include <eloquent/driver.h>
#include <eloquent/load.h>
#include <eloquent/plugin.h>
#include <eloquent/review.h>
#include <eloquent/seeder.h>

#include <stdatomic.h>

/* ---- identity without running code ---------------------------------------- */

/* Reads the note of an open ELF file through its descriptor. STATUS_PLUGIN_REFUSED
 * with one sentence: not ELF, truncated, no note, two notes, bad magic, ... */
enum status note_read(int fd, const char *path, struct elq_note *ret, struct error *error) MUST_CHECK;

const char *kind_name(uint32_t kind); /* "driver"; NULL: unknown */
bool kind_parse(const char *word, uint32_t *ret);

/* ---- plugins that are part of the program (builtin.c) ---------------------- */

struct builtin {
	const struct elq_note *(*note)(void); /* data; runs nothing of the plugin's */
	elq_plugin_fn *entry;
};
/* Written by CMake from ELOQUENT_BUILTIN, in the program alone; ends with a NULL row. */
extern const struct builtin builtin_plugins[];
/* Says which they are, once, by main before anything else of plugin/ is called. */
void builtin_set(const struct builtin *table);
#define BUILTIN_PATH "(built in)" /* stands where a plugin's path would */

/* One file that might be a plugin, and what became of it. */
struct candidate {
	const char *path;
	bool has_note;
	struct elq_note note;
	const char *refusal; /* NULL: acceptable */
};
struct candidates {
	struct arena arena;
	struct candidate *items; /* built-in ones, the folder's files by name, [plugin:] sections */
	size_t count;
	size_t capacity;
};
/* What is built in, everything in the plugin folder and every [plugin:] section; runs
 * none of their code. Fails only when the folder cannot be listed though it exists. */
enum status candidates_list(const struct project *project, struct candidates *ret,
			    struct error *error) MUST_CHECK;
void candidates_free(struct candidates *candidates);

/* ---- loading ---------------------------------------------------------------- */

/* What every loaded plugin has: host-side copies, valid until the process ends. It
 * is the first member of the three kinds below. */
struct plugin {
	const char *name;
	const char *version;
	const char *path;
	struct elq_note note; /* its kind says which of the three this is */
	uint64_t caps;
	const struct elq_param *params; /* host-side copies */
	size_t param_count;
};

struct driver {
	struct plugin plugin;
	struct elq_driver ops;      /* min(sizes) copied, required slots checked */
	struct elq_history history; /* likewise; all zero without the capability's bit */
	struct elq_lock_ops lock;
	struct elq_schema schema;
	struct elq_digest digest;
	struct elq_backup backup;
	struct elq_scratch scratch;
	struct elq_load_ops load;
	struct elq_review_ops review;
};
struct seeder_plugin {
	struct plugin plugin;
	struct elq_seeder ops;
};
struct cache_plugin {
	struct plugin plugin;
	struct elq_cache ops;
};

/* The one process-wide table, under its lock; loads what is not loaded yet. The
 * order of checks is docs/internals/loading.md. STATUS_PLUGIN_MISSING or
 * _REFUSED with every candidate and its reason, the linker's words included. */
enum status driver_load(struct observer *observer, const struct project *project, const char *name,
			const struct driver **ret, struct error *error) MUST_CHECK;
enum status seeder_load(struct observer *observer, const struct project *project, const char *name,
			const struct seeder_plugin **ret, struct error *error) MUST_CHECK;
enum status cache_load(struct observer *observer, const struct project *project, const char *name,
		       const struct cache_plugin **ret, struct error *error) MUST_CHECK;
/* The note alone, no code run. */
enum status driver_note(const struct project *project, const char *name, struct elq_note *ret,
			struct error *error) MUST_CHECK;
/* The extension of the lowest bit among `caps`: "elq.backup". */
const char *capability_name(uint64_t caps);
const struct elq_param *plugin_param(const struct plugin *plugin, const char *name, size_t size);

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
 * connection. connection and driver outlive the database.
 * flags: ELQ_OPEN_*. [one thread per database] */
enum status database_open(struct observer *observer, const struct project *project,
			  const struct connection *connection, const struct driver *driver,
			  uint32_t flags, struct database **ret, struct error *error) MUST_CHECK;
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
/* A flag beside ELQ_BEGIN_*, which the driver does not see: the unit inside a session holds
 * a statement of the user's, and its begin and commit can be cancelled like a migration's. */
#define DATABASE_BEGIN_STATEMENT 0x80000000u
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

/* elq.schema. Records: kind, path, attribute, value; sorted. */
typedef enum status texts_taker(void *context, const char *const *texts, struct error *error);
enum status database_schema(struct database *database, texts_taker *take, void *context,
			    struct error *error) MUST_CHECK;
enum status database_holds_rows(struct database *database, bool *ret, struct error *error) MUST_CHECK;
enum status database_holds_objects(struct database *database, bool *ret,
				   struct error *error) MUST_CHECK;
enum status database_wipe(struct database *database, int64_t *ret_dropped,
			  struct error *error) MUST_CHECK;

/* elq.load, inside an open unit. One load is open at a time; it belongs to the database:
 * rollback and close abandon it. After a failure the unit is good for rollback only;
 * error.statement is then the row since begin, from 1, where the driver knows it.
 * Unknown table or column: STATUS_UNKNOWN_NAME. */
enum status database_load_begin(struct database *database, const struct elq_load_plan *plan,
				struct error *error) MUST_CHECK;
/* row_count rows, row after row; borrowed. Hundreds at once are fast, single ones are not. */
enum status database_load_write(struct database *database, const struct elq_value *values,
				uint64_t row_count, struct error *error) MUST_CHECK;
/* Ends the load, also when it fails. */
enum status database_load_finish(struct database *database, struct elq_load_result *ret,
				 struct error *error) MUST_CHECK;
void database_load_abandon(struct database *database); /* without an open one nothing */
/* Ids of the table's integer key: *ret_first ... *ret_first + count - 1. */
enum status database_reserve_ids(struct database *database, const struct elq_str *table, uint64_t count,
				 int64_t *ret_first, struct error *error) MUST_CHECK;

/* elq.digest. Strings live for the call back; a failure of a taker ends the call and
 * is its outcome. */
struct table_facts {
	const char *name;
	const char *digest; /* 64 hex digits */
	int64_t rows;
	int64_t orphans; /* rows that break a foreign key; <0: not known */
	bool ours;
};
typedef enum status table_taker(void *context, const struct table_facts *table, struct error *error);
enum status database_tables(struct database *database, table_taker *take, void *context,
			    struct error *error) MUST_CHECK;
/* Findings: object (may be empty), message. None: sound. */
enum status database_integrity(struct database *database, texts_taker *take, void *context,
			       struct error *error) MUST_CHECK;

/* elq.backup */
struct byte_sink {
	void *context;
	enum status (*write)(void *context, const void *data, size_t size, struct error *error);
};
struct byte_source { /* *ret_size 0: the end */
	void *context;
	enum status (*read)(void *context, void *buffer, size_t capacity, size_t *ret_size,
			    struct error *error);
};
struct workplace { /* a folder of this run's own, and a word for names on a server */
	const char *folder;
	const char *id;
};
struct dump {
	struct workplace workplace;
	bool raw; /* the bytes of a damaged database as they are */
	struct byte_sink sink;
	void *context;       /* of the two below, each of which may be NULL */
	table_taker *table;  /* of the dump's snapshot */
	texts_taker *record; /* its schema */
};
enum status database_dump(struct database *database, const struct dump *dump,
			  struct error *error) MUST_CHECK;
enum status database_restore(struct database *scratch, const struct byte_source *source,
			     struct error *error) MUST_CHECK;
/* "sqlite3", "sqlite"; in the arena. */
const char *database_dump_format(const struct database *database, struct arena *arena);
const char *database_dump_suffix(const struct database *database, struct arena *arena);

/* elq.scratch: an empty database of ours, closed with database_close before `beside`
 * is, and cancelled with it. */
enum status database_scratch(struct database *beside, const struct workplace *workplace,
			     struct database **ret, struct error *error) MUST_CHECK;
/* A second connection to it, for reading from another thread; closed before the first. */
enum status database_scratch_again(struct database *scratch, struct database **ret,
				   struct error *error) MUST_CHECK;
/* The live database gets the scratch's content. Killed on the way, it is as before or
 * wholly new where promote is atomic. */
bool database_promote_is_atomic(const struct database *database);
enum status database_promote(struct database *scratch, struct database *live,
			     struct error *error) MUST_CHECK;

/* ---- a seeder at work ----------------------------------------------------------- */

struct sower;

/* follows: the database whose cancellation ends the seeder's calls as well, or NULL; it
 * and the plugin outlive the sower. [one thread per sower] */
struct sower *sower_new(struct observer *observer, const struct seeder_plugin *seeder,
			const struct database *follows);
void sower_free(struct sower *sower);
/* unit is the seeder's word, redacted and clean; total 0: unknown. */
void sower_on_progress(struct sower *sower,
		       void (*progress)(void *context, uint64_t done, uint64_t total, const char *unit),
		       void *context);
/* Calls back per seed of this seeder in the folder; a seed's strings live until the
 * callback returns, each name is UTF-8 text without zeros. Non-zero stops, which is no
 * failure. STATUS_MALFORMED with the file. */
enum status sower_list(struct sower *sower, const char *folder,
		       int32_t (*seed)(void *context, const struct elq_seed *seed), void *context,
		       struct error *error) MUST_CHECK;
/* Sows one seed that sower_list gave. The target's slots may have failed before: their
 * error, which the target keeps, is then the better one. */
enum status sower_run(struct sower *sower, const struct elq_seed *seed,
		      const struct elq_seed_target *target, struct error *error) MUST_CHECK;

/* ---- a cache's handle ----------------------------------------------------------- */

struct store;

struct store_stats {    /* of our prefix only; < 0: not known */
	uint32_t flags; /* ELQ_CACHE_* */
	int64_t entries;
	int64_t bytes;
	int64_t hits;
	int64_t misses;
	int64_t evictions;
	int64_t errors;
	const char *location; /* lives as long as the store */
};

/* Resolves `given` against the plugin's table, as for a connection (owner names the
 * section in messages), and opens. prefix: what this handle's keys begin with. The plugin
 * outlives the store. [one thread per store] */
enum status store_open(struct observer *observer, const struct project *project, const char *owner,
		       const struct settings *given, const struct cache_plugin *plugin,
		       const char *prefix, struct store **ret, struct error *error) MUST_CHECK;
void store_close(struct store *store);
const struct cache_plugin *store_plugin(const struct store *store);
/* Deadline for each slot that follows, in microseconds from its start; 0: none. */
void store_set_timeout(struct store *store, int64_t timeout_us);
/* Appends the value to *ret. Not there, or its time is over: *ret_found is false. */
enum status store_get(struct store *store, struct elq_str key, struct text *ret, bool *ret_found,
		      struct error *error) MUST_CHECK;
/* ttl_us 0: no end. */
enum status store_set(struct store *store, struct elq_str key, struct elq_str value, int64_t ttl_us,
		      struct error *error) MUST_CHECK;
enum status store_remove(struct store *store, struct elq_str key, bool *ret_removed,
			 struct error *error) MUST_CHECK;
/* prefix begins with the handle's own. */
enum status store_clear(struct store *store, const char *prefix, int64_t *ret_removed,
			struct error *error) MUST_CHECK;
enum status store_get_stats(struct store *store, struct store_stats *ret,
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
