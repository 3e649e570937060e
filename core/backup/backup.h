/* backup.h - backups of one connection's database: taken, verified, kept, put back.
 *
 * A backup is two files in `<dir>/<connection>/`:
 *
 *   ID.<suffix>.zst   the driver's dump, compressed with zstd
 *   ID.json           the manifest, written last: what is in the dump, and the
 *                     hashes of every byte of it; its own last member is the hash of
 *                     all that stands before it
 *
 * A backup counts only once it was restored into a scratch database and everything
 * compared there with what the dump's snapshot held: level BACKUP_RESTORED. The
 * format is docs/backup-format.md.
 *
 * While a run works it has a folder of its own, `<dir>/.work/ID`, locked as long as
 * the process lives. Whoever comes next removes what a killed run left.
 *
 * Threads: functions of one store from one thread at a time; several stores at
 * once, also of several processes on one folder. */
#ifndef BACKUP_BACKUP_H
#define BACKUP_BACKUP_H

#include "base/base.h"
#include "observe/observe.h"
#include "plugin/plugin.h"

#include <stdatomic.h>

/* Where backups lie and who acts; all borrowed. */
struct backup_store {
	struct observer *observer;
	const char *dir;        /* absolute: [backup] dir */
	const char *connection; /* its name */
	int64_t keep;           /* verified ones, [backup] keep */
	int64_t level;          /* of zstd, [backup] compress */
	const char *run;
	const char *actor;
	const char *tool;
	const atomic_int *stop; /* non-zero: a signal came; give up at the next block */
};

enum backup_level {
	BACKUP_UNREADABLE, /* its manifest is damaged; only id and message hold */
	BACKUP_FAILED,     /* verification found a difference, or its dump is gone or cut off */
	BACKUP_RAW,        /* the bytes of a damaged database; cannot be verified */
	BACKUP_WRITTEN,    /* whole on the disk, not verified */
	BACKUP_RESTORED,   /* verified */
};
const char *backup_level_name(enum backup_level level); /* "restored" */

/* One manifest. Strings live in the arena of what holds it; NULL: no value. */
struct backup {
	const char *id; /* 20260102T030405Z-1a2b3c: of the moment it was begun, UTC */
	const char *connection;
	const char *driver;
	const char *product; /* "SQLite" */
	const char *server;  /* its version */
	const char *tool;
	const char *run;
	const char *actor;
	const char *host;
	const char *reason;
	bool pinned;

	const char *database;    /* its name */
	const char *identity;    /* the driver's */
	const char *database_id; /* the stamped id */
	const char *stamp;       /* the stamped word */

	int64_t began_us; /* wall clock; what it holds is not older */
	int64_t ended_us;

	const char *file;   /* beside the manifest */
	const char *format; /* "sqlite3" */
	const char *codec;  /* "zstd:3" */
	int64_t size;       /* bytes of the dump */
	const char *sha256;
	int64_t stored_size; /* bytes of the file */
	const char *stored_sha256;

	const char *schema_sha256;
	int64_t schema_records;
	struct table_facts *tables; /* sorted by name */
	size_t table_count;

	enum backup_level level;
	int64_t verified_us; /* wall clock; 0: never */
	int64_t verify_duration_us;
	const char *message; /* why it is damaged or failed */

	/* The history as verification read it in the scratch database: the last event that
	 * changed something; 0 and NULL: never migrated, or not verified. */
	int64_t head_sequence;
	const char *head;
};

/* ---- the catalog ------------------------------------------------------------------- */

struct backups {
	struct arena arena;
	struct backup *items; /* newest first */
	size_t count;
	size_t capacity;
};
/* Everything there is; a folder that does not exist holds nothing. Those of a moment that
 * is still to come stand last: a clock was wrong. A damaged manifest is BACKUP_UNREADABLE,
 * and one whose dump is not there in its whole length BACKUP_FAILED, not a failure.
 * STATUS_IO. */
enum status backups_list(const struct backup_store *store, struct backups *ret,
			 struct error *error) MUST_CHECK;
void backups_free(struct backups *backups);
/* The reason of a copy that db:restore makes of what it replaces begins so. */
#define BACKUP_BEFORE_RESTORE "before db:restore"
/* By id; or for "latest" the newest verified one of this database (its stamped id; NULL: of
 * any, and rather of one that has an id) that is no copy which a restore made. STATUS_UNKNOWN_NAME,
 * which names the newest ones there are. */
enum status backups_find(const struct backups *backups, const char *database_id, const char *id,
			 const struct backup **ret, struct error *error) MUST_CHECK;
int64_t backup_rows(const struct backup *backup); /* in all tables but ours; RAW: 0 */
/* For messages: in the arena. */
const char *backup_path(const struct backup_store *store, const struct backup *backup,
			struct arena *arena);

/* ---- taking, verifying ---------------------------------------------------------------- */

struct backup_request {
	const char *reason;
	const char *database_id; /* of the stamp, or NULL */
	const char *stamp;
	bool pinned;
	bool raw; /* a damaged database's bytes */
};
/* Dumps, compresses, hashes, writes; then BACKUP_WRITTEN (or _RAW). Nothing of it stays
 * after a failure. Strings of *ret in the arena. STATUS_IO (disk full), STATUS_CORRUPT,
 * STATUS_LOCKED, STATUS_INTERRUPTED, the driver's own. */
enum status backup_take(const struct backup_store *store, struct database *database,
			const struct backup_request *request, struct arena *arena, struct backup *ret,
			struct error *error) MUST_CHECK;

/* A backup in a scratch database, compared and sound. */
struct restored;

/* Restores into a scratch database beside `database`, reads every byte, compares schema,
 * rows, content and orphans per table, runs the backend's own check, and writes the outcome
 * into the manifest. *backup is brought up to date. STATUS_CORRUPT names the first
 * difference. ret_restored may be NULL; otherwise the caller promotes or frees it. */
enum status backup_verify(const struct backup_store *store, struct database *database,
			  struct arena *arena, struct backup *backup, struct restored **ret_restored,
			  struct error *error) MUST_CHECK;
struct database *restored_database(struct restored *restored); /* open until restored_free */
void restored_free(struct restored *restored);                 /* NULL is accepted */
/* Adds to a failure in [backup] dir, or in the scratch database there, that the backups can be
 * taken to another disk. Of what the disk has no part in, nothing is added. */
void backup_hint_elsewhere(struct error *error);

/* Take and verify. What verification finds damaged stays, and does not count; what could not
 * be verified to the end (a full disk, a signal) is removed. */
enum status backup_take_verified(const struct backup_store *store, struct database *database,
				 const struct backup_request *request, struct arena *arena,
				 struct backup *ret, struct error *error) MUST_CHECK;

/* Removes one that nobody is to count on; what cannot be removed is warned about. */
void backup_discard(const struct backup_store *store, const struct backup *backup);

/* Removes what [backup] keep does not keep, for each database (stamped id) by itself: the
 * oldest verified ones beyond it, never the last verified, never a pinned one, which does not count
 * either; unverified ones only behind as many newer verified ones. *ret_removed counts. */
enum status backups_retain(const struct backup_store *store, int64_t *ret_removed,
			   struct error *error) MUST_CHECK;

/* ---- does one count? -------------------------------------------------------------------- */

/* The last event of a history that changed the database (not `failed`, not
 * `taken_over`). Never migrated: 0 and "". */
struct history_head {
	int64_t sequence;
	char hash[HASH_TEXT];
};
enum status history_head_read(struct database *database, struct history_head *ret,
			      struct error *error) MUST_CHECK;

struct backup_wanted {
	const char *database_id; /* or NULL: never stamped */
	const char *identity;
	const struct history_head *head;
	int64_t now_us;
	int64_t max_age_us;
};
/* Is it of this very database: stamp and place? */
bool backup_is_of(const struct backup *backup, const struct backup_wanted *wanted);
/* Verified, of this database, as it is now migrated, young enough, not from the future. */
bool backup_counts(const struct backup *backup, const struct backup_wanted *wanted);

#endif
