/* load.h - elq.load: rows into a table at the speed of the backend's own bulk
 * path. Seeders, factories and restores of rows go through it. */
#ifndef ELOQUENT_LOAD_H
#define ELOQUENT_LOAD_H

#include <eloquent/driver.h>

#ifdef __cplusplus
extern "C" {
#endif

struct elq_load; /* opaque, the driver's */

#define ELQ_LOAD_INSERT 0 /* a row that breaks a rule fails the whole unit */
#define ELQ_LOAD_SKIP 1   /* a row whose key is there already is left out and counted */
#define ELQ_LOAD_UPSERT 2 /* a row whose key is there already replaces its other columns */

struct elq_load_plan {
	uint32_t struct_size;
	uint32_t mode; /* ELQ_LOAD_* */
	struct elq_str table;
	const struct elq_column *columns; /* stride columns[0].struct_size */
	uint64_t column_count;
	const struct elq_str *key; /* SKIP, UPSERT: columns that tell one row from another; stride
				    * sizeof(struct elq_str) */
	uint64_t key_count;
};

struct elq_load_result {
	uint32_t struct_size;
	uint32_t reserved;
	int64_t inserted;
	int64_t skipped;
	int64_t updated;
};

#define ELQ_EXT_LOAD ELQ_EXT("load")
struct elq_load_ops {
	uint32_t struct_size;
	uint32_t reserved;
	/* [conn] Inside an open unit. Unknown table or column: ELQ_ERR_NOT_FOUND naming it. Only
	 * one load is open per connection. */
	int32_t (*begin)(const struct elq_call *call, struct elq_connection *connection,
			 const struct elq_load_plan *plan, struct elq_load **ret);
	/* [conn] row_count rows of column_count values, row after row; borrowed for the call.
	 * Hundreds of rows at once are fast, single ones need not be.
	 * Rows may be held back until finish(). On failure the unit is good for rollback only
	 * (error.statement: the index of the row since begin(), where it is known). */
	int32_t (*write)(const struct elq_call *call, struct elq_load *load,
			 const struct elq_value *values, uint64_t row_count);
	/* [conn] Writes what is held back, advances sequences past explicit ids, frees the load,
	 * also on failure. */
	int32_t (*finish)(const struct elq_call *call, struct elq_load *load,
			  struct elq_load_result *ret);
	/* [conn] Frees the load; the unit is to be rolled back. NULL is accepted. */
	void (*abandon)(const struct elq_call *call, struct elq_load *load);
	/* [conn] Inside an open unit. *ret_first ... *ret_first + count - 1: ids of the table's
	 * integer key that nobody has, and that no other call gets while the unit is open.
	 * ELQ_ERR_NOT_FOUND: no such table; ELQ_ERR_UNSUPPORTED: it has no such key. */
	int32_t (*reserve_ids)(const struct elq_call *call, struct elq_connection *connection,
			       const struct elq_str *table, uint64_t count, int64_t *ret_first);
};

#ifdef __cplusplus
}
#endif
#endif
