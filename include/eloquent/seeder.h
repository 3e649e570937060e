/* seeder.h - the vtable of a seeder: named seeds, and how one is sown into a
 * target. The target is the host's: what a seeder does to a database goes
 * through it, so that progress, dry runs, transactions and audit work for
 * every seeder. */
#ifndef ELOQUENT_SEEDER_H
#define ELOQUENT_SEEDER_H

#include <eloquent/host.h>
#include <eloquent/load.h>
#include <eloquent/value.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ELQ_STORAGE_ANY 0
#define ELQ_STORAGE_SQL 1
#define ELQ_STORAGE_DOCUMENT 2

/* One seed, as list() finds it. */
struct elq_seed {
	uint32_t struct_size;
	uint32_t storage;            /* ELQ_STORAGE_*: the driver families it can be sown into */
	struct elq_str name;         /* exact; a trailing "Seeder" makes no difference */
	struct elq_str file;         /* below the seeds folder, relative */
	struct elq_str environments; /* words separated by spaces; no value: every one but
				      * production, which must be named */
	uint64_t line;               /* of what the environments were read from; 0: none */
};

struct elq_seed_sink {
	uint32_t struct_size;
	uint32_t reserved;
	void *context;
	int32_t (*seed)(void *context, const struct elq_seed *seed);
};

/* Where a seed goes: one connection inside one unit of work, or, when the host only checks
 * or shows what would be done, nowhere. All slots are [conn], return ELQ_* and report errors
 * themselves: a seeder hands their codes on, at once. After the first failure no slot does
 * anything more, and the unit is rolled back whatever run() returns. ELQ_ERR_STOPPED is no
 * failure: a check is not interested in rows. In production it is, because what stands behind
 * them is judged too: a script that destroys data, or a load by ELQ_LOAD_UPSERT, is refused. */
struct elq_seed_target {
	uint32_t struct_size;
	uint32_t storage; /* ELQ_STORAGE_SQL or _DOCUMENT */
	void *context;
	/* Splits a script by the database's rules and runs it; transaction control in it is
	 * refused before anything is sent. `file` and `line` say where the script begins, for
	 * errors. */
	int32_t (*script)(void *context, const struct elq_str *file, uint64_t line,
			  const struct elq_str *script);
	/* Rows, as elq.load's slots; one load at a time; load_end writes what is left. A load
	 * that is open when run() returns is an error. */
	int32_t (*load_begin)(void *context, const struct elq_load_plan *plan);
	int32_t (*load_write)(void *context, const struct elq_value *values, uint64_t row_count);
	int32_t (*load_end)(void *context, struct elq_load_result *ret);
	int32_t (*reserve_ids)(void *context, const struct elq_str *table, uint64_t count,
			       int64_t *ret_first);
	/* A file below the seeds folder, whole; never another one: no absolute path, no "..", no
	 * link. Lives until the seed ends. */
	int32_t (*file)(void *context, const struct elq_str *path, struct elq_str *ret);
	/* "count", "seed", "as-of", "environment"; no value: not given. */
	int32_t (*param)(void *context, const struct elq_str *name, struct elq_str *ret);
	/* Further services by name, or NULL. */
	const void *(*get_extension)(void *context, const char *name, uint64_t size);
};

struct elq_seeder {
	uint32_t struct_size;
	uint32_t reserved;
	/* [conn] The seeds in the folder that are this seeder's. Reads files, runs nothing.
	 * ELQ_ERR_MALFORMED with the file and what is wrong. */
	int32_t (*list)(const struct elq_call *call, const struct elq_str *folder,
			const struct elq_seed_sink *sink);
	/* [conn] Sows one seed that list() named. What it wrote when it fails is rolled back by
	 * the host. Called more than once for one command: to check, to show, to write, and again
	 * when the database asks for the unit once more. */
	int32_t (*run)(const struct elq_call *call, const struct elq_seed *seed,
		       const struct elq_seed_target *target);
	/* [any] Further services by name, or NULL. May be absent. */
	const void *(*get_extension)(const char *name, uint64_t size);
};
ELQ_STATIC_ASSERT(offsetof(struct elq_seeder, get_extension) == 24, "elq_seeder layout");

#ifdef __cplusplus
}
#endif
#endif
