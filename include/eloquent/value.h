/* value.h - one tagged value, and the sink that rows are poured into.
 * The same shape serves parameters, rows, loading, records and history. */
#ifndef ELOQUENT_VALUE_H
#define ELOQUENT_VALUE_H

#include <eloquent/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ELQ_TYPE_NULL 0
#define ELQ_TYPE_BOOL 1         /* as.i64: 0 or 1 */
#define ELQ_TYPE_I64 2          /* as.i64 */
#define ELQ_TYPE_U64 3          /* as.u64 */
#define ELQ_TYPE_F64 4          /* as.f64 */
#define ELQ_TYPE_DECIMAL 5      /* as.data: decimal text, '-'? digits ('.' digits)? */
#define ELQ_TYPE_TEXT 6         /* as.data: UTF-8 */
#define ELQ_TYPE_BYTES 7        /* as.data */
#define ELQ_TYPE_DATE 8         /* as.i64: days since 1970-01-01 */
#define ELQ_TYPE_TIME 9         /* as.i64: microseconds since midnight */
#define ELQ_TYPE_TIMESTAMP 10   /* as.i64: microseconds since 1970-01-01T00:00:00, no zone */
#define ELQ_TYPE_TIMESTAMPTZ 11 /* as.i64: microseconds since 1970-01-01T00:00:00Z */
#define ELQ_TYPE_UUID 12        /* as.data: 16 bytes */
#define ELQ_TYPE_JSON 13        /* as.data: UTF-8 JSON text */
#define ELQ_TYPE_DOCUMENT 14    /* as.data: a backend's own document encoding */

struct elq_value {
	uint32_t type;  /* ELQ_TYPE_* */
	uint32_t flags; /* 0 */
	union {
		int64_t i64;
		uint64_t u64;
		double f64;
		const void *data; /* size bytes; borrowed */
	} as;
	uint64_t size; /* bytes behind as.data; 0 for the scalar types */
};
ELQ_STATIC_ASSERT(sizeof(struct elq_value) == 24, "elq_value layout");

struct elq_column {
	uint32_t struct_size;
	uint32_t type; /* ELQ_TYPE_*, as declared by the server; ELQ_TYPE_NULL: unknown */
	struct elq_str name;
};

/* Where rows go. The host owns it; the plugin calls columns() once before the
 * first row (also when no row follows), row() per row, in order. A non-zero
 * answer means "enough": the plugin stops and returns ELQ_ERR_STOPPED.
 * Values are borrowed until row() returns. Absent slots are skipped. */
struct elq_sink {
	uint32_t struct_size;
	uint32_t reserved;
	void *context;
	int32_t (*columns)(void *context, const struct elq_column *columns, uint64_t count);
	int32_t (*row)(void *context, const struct elq_value *values, uint64_t count);
};

#ifdef __cplusplus
}
#endif
#endif
