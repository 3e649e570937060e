/* host.h - what the host gives a plugin, and what every slot receives first. */
#ifndef ELOQUENT_HOST_H
#define ELOQUENT_HOST_H

#include <eloquent/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

struct elq_host;

/* The call: errors, logs, progress and cancellation belong to it, because many
 * connections run at once. Borrowed for the slot's duration; never kept. */
struct elq_call {
	uint32_t struct_size;
	uint32_t reserved;
	const struct elq_host *host; /* lives as long as the process */
	void *context;               /* the host's own */
	int64_t deadline_ns;         /* on now_ns()'s clock; 0: none */
};
ELQ_STATIC_ASSERT(offsetof(struct elq_call, deadline_ns) == 24, "elq_call layout");

#define ELQ_ERROR_RETRYABLE 1u /* everything was rolled back; the same work may be tried once more */
#define ELQ_ERROR_OUTCOME_UNKNOWN 2u /* the server may or may not have done it */
#define ELQ_ERROR_SECRET 4u /* message holds data of the user's; the host shortens it in logs */

/* An error, copied by the host inside set_error(). The last one set before a
 * slot returns non-zero is the slot's error. */
struct elq_error {
	uint32_t struct_size;
	int32_t code;   /* ELQ_ERR_* */
	uint32_t flags; /* ELQ_ERROR_* */
	uint32_t reserved;
	char sqlstate[8];       /* five characters and zeros; all zeros: none */
	int64_t native;         /* the backend's own number; 0: none */
	int64_t statement;      /* index of the statement in a batch, from 0; -1: none */
	int64_t offset;         /* byte offset in the statement's text; -1: unknown */
	struct elq_str message; /* the backend's own words where it has some */
	struct elq_str hint;    /* what to do; may have no value */
};
ELQ_STATIC_ASSERT(offsetof(struct elq_error, native) == 24, "elq_error layout");
ELQ_STATIC_ASSERT(offsetof(struct elq_error, hint) == 64, "elq_error layout");

#define ELQ_LOG_DEBUG 10
#define ELQ_LOG_INFO 20
#define ELQ_LOG_WARN 30
#define ELQ_LOG_ERROR 40

#define ELQ_FIELD_SECRET 1u /* the value is never shown */

struct elq_field {
	uint32_t struct_size;
	uint32_t flags;
	struct elq_str name;
	struct elq_str value;
};

/* All slots are [any] and never fail. The table lives as long as the process. */
struct elq_host {
	uint32_t struct_size;
	uint16_t abi_major;
	uint16_t abi_minor;
	void (*log)(const struct elq_call *call, int32_t level, const char *message, uint64_t size,
		    const struct elq_field *fields, uint64_t field_count);
	void (*set_error)(const struct elq_call *call, const struct elq_error *error);
	/* Mask this value in every sink from now on. */
	void (*add_secret)(const struct elq_call *call, const char *value, uint64_t size);
	/* Non-zero once the person or the host wants this call to end. */
	int32_t (*cancelled)(const struct elq_call *call);
	int64_t (*now_ns)(const struct elq_call *call);  /* monotonic clock */
	int64_t (*wall_us)(const struct elq_call *call); /* microseconds since 1970-01-01T00:00:00Z */
	void (*progress)(const struct elq_call *call, uint64_t done, uint64_t total, const char *unit,
			 uint64_t unit_size); /* total 0: unknown */
	/* Further services by name, or NULL. */
	const void *(*get_extension)(const struct elq_call *call, const char *name, uint64_t size);
};

#ifdef __cplusplus
}
#endif
#endif
