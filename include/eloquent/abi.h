/* abi.h - what every plugin and every host agree on: versions, status codes,
 * strings, and the rules by which structs grow.
 *
 * Rules of this border (all of include/eloquent/):
 *  - Fixed-width types only. No enum, bool, long, size_t, time_t, bitfield,
 *    varargs, FILE or struct passed by value crosses it.
 *  - Every struct leads with struct_size and grows only at its end. Whoever
 *    reads the other side's struct copies min(both sizes) into a zeroed one
 *    of its own; an absent member therefore reads as 0 / NULL.
 *  - Strings are pointer + length in bytes, UTF-8, not terminated unless said.
 *  - Inputs are borrowed for the call. Outputs go to host sinks. Nobody frees
 *    the other side's memory.
 *  - Each slot carries a threads tag: [load] once under the host's plugin
 *    lock; [conn] serialized per connection; [any] from any thread.
 *
 * Draft: abi major 0. A plugin of another draft number (minor) is refused.
 */
#ifndef ELOQUENT_ABI_H
#define ELOQUENT_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define ELQ_STATIC_ASSERT(condition, text) static_assert(condition, text)
extern "C" {
#else
#define ELQ_STATIC_ASSERT(condition, text) _Static_assert(condition, text)
#endif

#define ELQ_ABI_MAJOR 0
#define ELQ_ABI_MINOR 2 /* the draft number, one for all headers */

/* host_abi as the entry point receives it: major in the high 16 bits. */
#define ELQ_ABI_VERSION ((uint32_t)(((uint32_t)ELQ_ABI_MAJOR << 16) | (uint32_t)ELQ_ABI_MINOR))

/* The name of an extension of this draft: ELQ_EXT("history"). */
#define ELQ_EXT(name) "elq." name "/draft-" ELQ_TEXT_OF(ELQ_ABI_MINOR)
#define ELQ_TEXT_OF(token) ELQ_TEXT_OF_(token)
#define ELQ_TEXT_OF_(token) #token

/* Does the (other side's) struct reach as far as this member? */
#define ELQ_REACHES(size, type, member) ((size) >= offsetof(type, member) + sizeof(((type *)0)->member))

/* A borrowed string or byte range. data == NULL means "no value" (SQL NULL);
 * an empty value has data != NULL and size 0. */
struct elq_str {
	const char *data;
	uint64_t size; /* bytes */
};
ELQ_STATIC_ASSERT(offsetof(struct elq_str, size) == 8, "elq_str layout");

/* What slots return. Details go to elq_host.set_error before returning. */
#define ELQ_OK 0
#define ELQ_ERR_FAILED 1      /* the statement or the work failed */
#define ELQ_ERR_NOMEM 2       /* an allocation failed; the object is usable for close */
#define ELQ_ERR_INVALID 3     /* the caller's input is wrong (value, setting, order of calls) */
#define ELQ_ERR_UNSUPPORTED 4 /* this driver or this server cannot do that */
#define ELQ_ERR_CONNECT 5     /* cannot connect or open */
#define ELQ_ERR_LOCKED 6      /* somebody else holds the lock */
#define ELQ_ERR_CANCELLED 7   /* stopped by cancel() or the call's cancellation */
#define ELQ_ERR_TIMEOUT 8     /* the call's deadline passed */
#define ELQ_ERR_CONSTRAINT 9  /* the data breaks a rule (foreign keys before commit, unique) */
#define ELQ_ERR_CORRUPT 10    /* the database or file is damaged */
#define ELQ_ERR_STOPPED 11    /* a sink asked to stop; not an error of the callee */
#define ELQ_ERR_NOT_FOUND 12  /* no such object */
#define ELQ_ERR_LOST 13       /* the connection broke; the outcome may be unknown */
#define ELQ_ERR_MALFORMED 14  /* a script cannot be split: unterminated string, comment, body */
#define ELQ_ERR_MAX 14

#ifdef __cplusplus
}
#endif
#endif
