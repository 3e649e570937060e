/* backup.h - three extensions of a driver: elq.backup (a consistent dump, and
 * its way back), elq.scratch (databases of ours to try it out in), elq.digest
 * (what a database holds, in a form that can be compared).
 *
 * A backup counts only once it was restored into a scratch database and
 * compared. The host does that with these slots alone:
 *
 *   dump(live)                    -> bytes, and from the same snapshot its facts
 *   create scratch, restore into it -> facts again, integrity -> equal?
 *   promote(scratch, live)        -> only for db:restore
 */
#ifndef ELOQUENT_BACKUP_H
#define ELOQUENT_BACKUP_H

#include <eloquent/driver.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes out of the plugin, in order. Non-zero: the host cannot take more (disk
 * full, cancelled); the plugin stops and returns ELQ_ERR_STOPPED. */
struct elq_writer {
	uint32_t struct_size;
	uint32_t reserved;
	void *context;
	int32_t (*write)(void *context, const void *data, uint64_t size);
};

/* Bytes into the plugin, in order: up to `capacity` at once, *ret_size 0 at the
 * end. Non-zero: the host cannot give more (the file is damaged); the plugin
 * stops and returns ELQ_ERR_STOPPED. */
struct elq_reader {
	uint32_t struct_size;
	uint32_t reserved;
	void *context;
	int32_t (*read)(void *context, void *buffer, uint64_t capacity, uint64_t *ret_size);
};

/* A private place of this run's. The folder is made and later removed, with all
 * that lies in it, by the host, also when an earlier run was killed. */
struct elq_workplace {
	uint32_t struct_size;
	uint32_t reserved;
	struct elq_str folder; /* absolute, mode 0700; for files of a driver that works on files */
	struct elq_str id;     /* [a-z0-9]+; for names on a server: part of every scratch name */
};

/* ---- elq.digest: what a database holds -------------------------------------- */

#define ELQ_TABLE_OURS 1u /* eloquent_* */

struct elq_table {
	uint32_t struct_size;
	uint32_t flags;      /* ELQ_TABLE_* */
	struct elq_str name; /* as the schema's records name it */
	int64_t rows;
	struct elq_str digest; /* 64 hex digits; independent of the order of rows; the driver's own
				* definition, the same for equal content in every version of it */
	int64_t orphans;       /* rows that break a foreign key of this table; <0: not known */
};

/* Receives tables in order of name. Non-zero: enough. */
struct elq_table_sink {
	uint32_t struct_size;
	uint32_t reserved;
	void *context;
	int32_t (*table)(void *context, const struct elq_table *table);
};

#define ELQ_EXT_DIGEST ELQ_EXT("digest")
struct elq_digest {
	uint32_t struct_size;
	uint32_t reserved;
	/* [conn] Every table's rows and digest, as of one snapshot. Views are no tables. */
	int32_t (*tables)(const struct elq_call *call, struct elq_connection *connection,
			  const struct elq_table_sink *sink);
	/* [conn] The backend's own check of the whole database. Pours (object, message) text
	 * rows, one per finding; none: sound. */
	int32_t (*integrity)(const struct elq_call *call, struct elq_connection *connection,
			     const struct elq_sink *sink);
};

/* ---- elq.backup: out and in again --------------------------------------------- */

/* dump(): the database is damaged: give its bytes as they are, no facts. */
#define ELQ_DUMP_RAW 1u

struct elq_dump {
	uint32_t struct_size;
	uint32_t flags; /* ELQ_DUMP_* */
	struct elq_workplace workplace;
	const struct elq_writer *stream;
	/* Facts of the same snapshot, after the last byte; either may be NULL. */
	const struct elq_table_sink *tables;
	const struct elq_sink *schema; /* as elq_schema.describe */
};

#define ELQ_EXT_BACKUP ELQ_EXT("backup")
struct elq_backup {
	uint32_t struct_size;
	uint32_t reserved;
	struct elq_str format; /* what the stream is: "sqlite3", a file of that format; static */
	struct elq_str suffix; /* a file name's ending for it: "sqlite"; static */
	/* [conn] Streams everything, ours included, as of one moment. Writers of the live
	 * database are held up as short as the backend allows. */
	int32_t (*dump)(const struct elq_call *call, struct elq_connection *connection,
			const struct elq_dump *dump);
	/* [conn] Makes an empty scratch database what the stream says. After a failure it is
	 * good for close and drop only. ELQ_ERR_CORRUPT: the stream is none of the format. */
	int32_t (*restore)(const struct elq_call *call, struct elq_connection *scratch,
			   const struct elq_reader *stream);
};

/* ---- elq.scratch: databases of ours -------------------------------------------- */

#define ELQ_SCRATCH_ATOMIC 1u /* promote: killed at any point, live is as before or wholly new */

#define ELQ_EXT_SCRATCH ELQ_EXT("scratch")
struct elq_scratch {
	uint32_t struct_size;
	uint32_t flags; /* ELQ_SCRATCH_*: what promote promises */
	/* [conn] Makes an empty database, marked as ours and as this workplace's, and opens it for
	 * writing with the settings of `beside` where they matter. The host closes it, then drops
	 * it by name. */
	int32_t (*create)(const struct elq_call *call, struct elq_connection *beside,
			  const struct elq_workplace *workplace, struct elq_connection **ret);
	/* [conn] Pours (name, workplace id) text rows: what create() made and nobody dropped. A
	 * driver whose scratch databases lie in the workplace's folder has none. */
	int32_t (*list)(const struct elq_call *call, struct elq_connection *connection,
			const struct elq_sink *sink);
	/* [conn] Drops one that list() named. ELQ_ERR_LOCKED: somebody is connected to it. */
	int32_t (*drop)(const struct elq_call *call, struct elq_connection *connection,
			const struct elq_str *name);
	/* [conn] Gives the live database the scratch's content, outside any unit; both stay open.
	 * The live one may be damaged when it was opened with ELQ_OPEN_REPLACE. */
	int32_t (*promote)(const struct elq_call *call, struct elq_connection *scratch,
			   struct elq_connection *live);
	/* [conn] A second connection to a scratch database, for reading: the host asks two
	 * questions at once. Closed before the first one is. */
	int32_t (*open_again)(const struct elq_call *call, struct elq_connection *scratch,
			      struct elq_connection **ret);
};

#ifdef __cplusplus
}
#endif
#endif
