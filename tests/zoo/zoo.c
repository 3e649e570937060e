/* zoo.c - one plugin of the kind ZOO_KIND that does nothing, wrong in one way per
 * ZOO_<CASE> definition. The loader must refuse each politely, with its own sentence,
 * or accept it where growth is meant to be harmless. */
#include <eloquent/plugin.h>

#include <string.h>

#include "marker.h"

/* ---- the note -------------------------------------------------------------------- */

#ifndef ZOO_NOTE_NAME
#define ZOO_NOTE_NAME ZOO_NAME
#endif
#ifndef ZOO_NOTE_MAGIC
#define ZOO_NOTE_MAGIC ELQ_NOTE_MAGIC
#endif
#ifndef ZOO_NOTE_KIND
#define ZOO_NOTE_KIND ZOO_KIND
#endif
#ifndef ZOO_NOTE_MAJOR
#define ZOO_NOTE_MAJOR ELQ_ABI_MAJOR
#endif
#ifndef ZOO_NOTE_MINOR
#define ZOO_NOTE_MINOR ELQ_ABI_MINOR
#endif
#ifndef ZOO_NOTE_SIZE
#define ZOO_NOTE_SIZE sizeof(struct elq_note)
#endif
#ifndef ZOO_NOTE_FAMILY
#if ZOO_KIND == ELQ_KIND_DRIVER
#define ZOO_NOTE_FAMILY "other"
#define ZOO_NOTE_SCHEMES "zoo zoo+tls"
#define ZOO_NOTE_LANGUAGE "sql"
#else
#define ZOO_NOTE_FAMILY ""
#endif
#endif
#ifndef ZOO_NOTE_SCHEMES
#define ZOO_NOTE_SCHEMES ""
#define ZOO_NOTE_LANGUAGE ""
#endif

#define ZOO_NOTE(symbol)                                                                               \
	__attribute__((section(".note.eloquent.plugin"), used,                                         \
		       aligned(4))) static const struct elq_note_record symbol = {                     \
		9,                                                                                     \
		(uint32_t)sizeof(struct elq_note),                                                     \
		ELQ_NOTE_TYPE,                                                                         \
		ELQ_NOTE_NAME,                                                                         \
		{ZOO_NOTE_MAGIC, (uint32_t)(ZOO_NOTE_SIZE), ZOO_NOTE_MAJOR, ZOO_NOTE_MINOR,            \
		 ZOO_NOTE_KIND, ZOO_NOTE_NAME, "1.0.0", ZOO_NOTE_FAMILY, ZOO_NOTE_SCHEMES,             \
		 ZOO_NOTE_LANGUAGE}};

#ifndef ZOO_NO_NOTE
ZOO_NOTE(zoo_note)
#endif
#ifdef ZOO_TWO_NOTES
ZOO_NOTE(zoo_second_note)
#endif

/* ---- its table of functions ---------------------------------------------------------- */

#if ZOO_KIND == ELQ_KIND_SEEDER
#include "zoo_seeder.h"
#elif ZOO_KIND == ELQ_KIND_CACHE
#include "zoo_cache.h"
#else
#include "zoo_driver.h"
#endif

/* ---- the manifest -------------------------------------------------------------------- */

#ifndef ZOO_PARAM_TYPE
#define ZOO_PARAM_TYPE ELQ_PARAM_TEXT
#endif
#ifndef ZOO_SECOND_PARAM
#define ZOO_SECOND_PARAM "two"
#endif
#define STR(text)                                                                                      \
	{                                                                                              \
		text, sizeof(text) - 1                                                                 \
	}

static const struct elq_param params[] = {
	{.struct_size = sizeof(struct elq_param), .type = ZOO_PARAM_TYPE, .name = STR("one")},
	{.struct_size = sizeof(struct elq_param),
	 .type = ELQ_PARAM_TEXT,
	 .name = STR(ZOO_SECOND_PARAM)},
};

#ifdef ZOO_UNDEFINED_SYMBOL
extern int32_t zoo_symbol_that_nobody_has(const struct elq_call *call);
#define ZOO_INIT zoo_symbol_that_nobody_has
#else
/* Once per process: a second call fails. */
static int32_t zoo_init(const struct elq_call *call)
{
	static int32_t calls;
#ifdef ZOO_INIT_FAILS
	const char *why = "the moon is not full";
	const struct elq_error error = {
		.struct_size = sizeof(error), .statement = -1, .message = {why, strlen(why)}};
	call->host->set_error(call, &error);
	return ELQ_ERR_UNSUPPORTED;
#else
	(void)call;
#endif
	return calls++ == 0 ? ELQ_OK : ELQ_ERR_FAILED;
}
#define ZOO_INIT zoo_init
#endif

#ifndef ZOO_MANIFEST_MAGIC
#define ZOO_MANIFEST_MAGIC ELQ_MANIFEST_MAGIC
#endif
#ifndef ZOO_MANIFEST_NAME
#define ZOO_MANIFEST_NAME ZOO_NOTE_NAME
#endif
#ifndef ZOO_MANIFEST_VERSION
#define ZOO_MANIFEST_VERSION "1.0.0"
#endif
#ifndef ZOO_MANIFEST_KIND
#define ZOO_MANIFEST_KIND ZOO_NOTE_KIND
#endif
#ifndef ZOO_MANIFEST_MINOR
#define ZOO_MANIFEST_MINOR ZOO_NOTE_MINOR
#endif
#ifndef ZOO_MANIFEST_CAPS
#define ZOO_MANIFEST_CAPS (UINT64_C(1) << 63) /* a bit of the future: ignored */
#endif
#ifndef ZOO_MANIFEST_NEEDS
#define ZOO_MANIFEST_NEEDS 0
#endif

struct newer_manifest {
	struct elq_manifest known;
	uint64_t later[4];
};

#ifdef ZOO_MANIFEST_SHORT
#define ZOO_MANIFEST_SIZE offsetof(struct elq_manifest, ops)
#elif defined(ZOO_NEWER)
#define ZOO_MANIFEST_SIZE sizeof(struct newer_manifest)
#else
#define ZOO_MANIFEST_SIZE sizeof(struct elq_manifest)
#endif

#define ZOO_MANIFEST                                                                                   \
	{                                                                                              \
		.known =                                                                               \
			{                                                                              \
				.magic = ZOO_MANIFEST_MAGIC,                                           \
				.struct_size = (uint32_t)ZOO_MANIFEST_SIZE,                            \
				.abi_major = ZOO_NOTE_MAJOR,                                           \
				.abi_minor = ZOO_MANIFEST_MINOR,                                       \
				.kind = ZOO_MANIFEST_KIND,                                             \
				.caps = ZOO_MANIFEST_CAPS,                                             \
				.needs = ZOO_MANIFEST_NEEDS,                                           \
				.name = STR(ZOO_MANIFEST_NAME),                                        \
				.version = STR(ZOO_MANIFEST_VERSION),                                  \
				.params = params,                                                      \
				.param_count = sizeof(params) / sizeof(params[0]),                     \
				.process_init = ZOO_INIT,                                              \
				.ops = ZOO_OPS,                                                        \
			},                                                                             \
		.later = {1, 2, 3, 4},                                                                 \
	}

#ifdef ZOO_NULL_OPS
#define ZOO_OPS NULL
#else
#define ZOO_OPS &ops
#endif

static const struct newer_manifest manifests[2] = {ZOO_MANIFEST, ZOO_MANIFEST};

static const struct elq_manifest *zoo_manifest(void)
{
#ifdef ZOO_MANIFEST_NULL
	return NULL;
#elif defined(ZOO_MANIFEST_CHANGES)
	static unsigned calls;
	return &manifests[calls++ % 2].known;
#else
	return &manifests[0].known;
#endif
}

#ifndef ZOO_NO_ENTRY
ELQ_PLUGIN_ENTRY(driver, zoo, zoo_manifest())
#else
extern const struct elq_manifest *zoo_unreachable(void);
const struct elq_manifest *zoo_unreachable(void)
{
	return zoo_manifest();
}
#endif

#ifdef ZOO_TWO_EXPORTS
extern __attribute__((visibility("default"))) int32_t zoo_second_export(void);
int32_t zoo_second_export(void)
{
	return 2;
}
#endif

/* What a case leaves out is still used. */
extern const void *const zoo_used[];
const void *const zoo_used[] = {&manifests, &ops};
extern void (*const zoo_used_slot)(void);
void (*const zoo_used_slot)(void) = (void (*)(void))ZOO_OPTIONAL_SLOT;
