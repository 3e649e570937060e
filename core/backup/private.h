/* private.h - what the files of backup/ share and nobody else sees. */
#ifndef BACKUP_PRIVATE_H
#define BACKUP_PRIVATE_H

#include "backup/backup.h"

#include <nettle/sha2.h>

/* Clocks of two machines differ a little; a backup from further ahead is a mistake. */
#define CLOCKS_DIFFER_US ((int64_t)60 * 1000000)

/* ---- workplace.c: a run's own folder --------------------------------------------------- */

struct place {
	struct arena arena;
	struct workplace workplace; /* folder and id */
	int lock_fd;
};
/* Makes and locks `<dir>/.work/<id>`, after removing what killed runs left there and among
 * the backups; a dump without a manifest that none of them left is warned about. STATUS_IO, and
 * guard_take's. */
enum status place_open(const struct backup_store *store, const char *id, struct place *ret,
		       struct error *error) MUST_CHECK;
void place_close(struct place *place); /* removes it; a zeroed one is nothing */
/* One process at a time makes a workplace, sweeps, evicts, or rewrites a manifest that
 * another could be evicting. Closing the descriptor gives it back. STATUS_LOCKED after ten
 * seconds, STATUS_IO. The folder `<dir>/.work` must be there. */
enum status guard_take(const struct backup_store *store, int *ret_fd, struct error *error) MUST_CHECK;
/* Before a backup's two files are removed, under the guard: its id is marked as a dead run's, so
 * that a dump whose removal is cut short is swept up. What is returned is removed with rmdir
 * afterwards; NULL: it could not be made, and the backup is removed all the same. */
const char *removal_begin(const struct backup_store *store, const char *id, struct arena *arena);
/* The folder of the connection's backups. */
const char *store_folder(const struct backup_store *store, struct arena *arena);
/* STATUS_IO for a file or folder below [backup] dir that cannot be written: what, where, why (an
 * errno), and what to do. */
enum status store_fail(const char *doing, const char *path, int reason, struct error *error);
/* STATUS_INTERRUPTED or _TERMINATED once a signal came. */
enum status store_check_stop(const struct backup_store *store, struct error *error) MUST_CHECK;

/* ---- stream.c: bytes to a file and back ------------------------------------------------- */

#define CODEC_NAME "zstd"

/* A file being written: compressed, hashed before and after. */
struct pack;
enum status pack_open(const struct backup_store *store, const char *path, struct pack **ret,
		      struct error *error) MUST_CHECK;
struct byte_sink pack_sink(struct pack *pack);
/* Ends the frame, syncs, closes. Fills size, sha256, stored_size and stored_sha256. */
enum status pack_finish(struct pack *pack, struct arena *arena, struct backup *ret,
			struct error *error) MUST_CHECK;
void pack_free(struct pack *pack); /* NULL is accepted; the file stays */

/* A file being read. At its end every length and hash is compared with the backup's:
 * STATUS_CORRUPT, and the end is never reported. */
struct unpack;
enum status unpack_open(const struct backup_store *store, const char *path, const struct backup *backup,
			struct unpack **ret, struct error *error) MUST_CHECK;
struct byte_source unpack_source(struct unpack *unpack);
/* Did everything arrive and agree? */
bool unpack_is_whole(const struct unpack *unpack);
void unpack_free(struct unpack *unpack);

/* ---- facts.c: what a database holds ------------------------------------------------------- */

struct facts {
	struct arena *arena;
	struct table_facts *tables;
	size_t count;
	size_t capacity;
	struct sha256_ctx schema;
	int64_t records;
	struct progress *progress; /* steps with each table; or NULL */
};
void facts_begin(struct facts *facts, struct arena *arena);
table_taker facts_take_table;
texts_taker facts_take_record;
/* Into the backup's members. */
void facts_end(struct facts *facts, struct backup *ret);
/* Reads them from an open database. */
enum status facts_read(struct database *database, struct progress *progress, struct arena *arena,
		       struct backup *ret, struct error *error) MUST_CHECK;
/* STATUS_CORRUPT names the first difference. */
enum status facts_compare(const struct backup *expected, const struct backup *found,
			  struct error *error) MUST_CHECK;

/* ---- manifest.c ------------------------------------------------------------------------------ */

#define MANIFEST_SUFFIX ".json"
#define MANIFEST_CAP ((size_t)32 << 20)

/* The file's bytes, hash included. STATUS_FAILED: over the cap. */
enum status manifest_format(const struct backup *backup, struct text *ret,
			    struct error *error) MUST_CHECK;
/* Only bytes that manifest_format writes are a manifest. STATUS_CORRUPT: what is wrong with it.
 * Strings in the arena. */
enum status manifest_parse(const char *data, size_t size, struct arena *arena, struct backup *ret,
			   struct error *error) MUST_CHECK;
/* Writes it in the workplace, syncs, and renames it into the connection's folder. */
enum status manifest_write(const struct backup_store *store, const struct place *place,
			   const struct backup *backup, struct error *error) MUST_CHECK;
bool manifest_exists(const struct backup_store *store, const char *id);
/* [0-9]{8}T[0-9]{6}Z-[0-9a-f]{6} */
bool backup_id_valid(const char *id);
void backup_id_make(int64_t wall_us, char ret[32]);
/* The moment that an id names, to the second; 0 when it is none of the calendar. */
int64_t backup_id_moment_us(const char *id);
/* Text from outside as a manifest may hold it: valid UTF-8 without control characters,
 * secrets masked. In the arena; NULL stays NULL. */
const char *manifest_text(const struct backup_store *store, struct arena *arena, const char *text);

#endif
