/* zoo.c - one driver plugin that does nothing, wrong in one way per ZOO_<CASE>
 * definition. The loader must refuse each politely, with its own sentence, or
 * accept it where growth is meant to be harmless. */
#include <eloquent/driver.h>
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
#define ZOO_NOTE_KIND ELQ_KIND_DRIVER
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
#define ZOO_NOTE_FAMILY "other"
#endif

#define ZOO_NOTE(symbol)                                                                               \
	__attribute__((section(".note.eloquent.plugin"), used,                                         \
		       aligned(4))) static const struct elq_note_record symbol = {                     \
		9,                                                                                     \
		(uint32_t)sizeof(struct elq_note),                                                     \
		ELQ_NOTE_TYPE,                                                                         \
		ELQ_NOTE_NAME,                                                                         \
		{ZOO_NOTE_MAGIC, (uint32_t)(ZOO_NOTE_SIZE), ZOO_NOTE_MAJOR, ZOO_NOTE_MINOR,            \
		 ZOO_NOTE_KIND, ZOO_NOTE_NAME, "1.0.0", ZOO_NOTE_FAMILY, "zoo zoo+tls", "sql"}};

#ifndef ZOO_NO_NOTE
ZOO_NOTE(zoo_note)
#endif
#ifdef ZOO_TWO_NOTES
ZOO_NOTE(zoo_second_note)
#endif

/* ---- the driver -------------------------------------------------------------------- */

static int32_t zoo_open(const struct elq_call *call, const struct elq_setting *settings,
			uint64_t setting_count, uint32_t flags, struct elq_connection **ret_connection)
{
	(void)call;
	(void)settings;
	(void)setting_count;
	(void)flags;
	(void)ret_connection;
	return ELQ_ERR_CONNECT;
}

static void zoo_close(const struct elq_call *call, struct elq_connection *connection)
{
	(void)call;
	(void)connection;
}

static int32_t zoo_describe(const struct elq_call *call, struct elq_connection *connection,
			    struct elq_description *ret)
{
	(void)call;
	(void)connection;
	(void)ret;
	return ELQ_ERR_UNSUPPORTED;
}

static int32_t zoo_next(const struct elq_call *call, struct elq_connection *connection,
			const char *script, uint64_t size, uint64_t offset, struct elq_span *ret)
{
	(void)call;
	(void)connection;
	(void)script;
	(void)size;
	(void)offset;
	(void)ret;
	return ELQ_ERR_UNSUPPORTED;
}

static int32_t zoo_execute(const struct elq_call *call, struct elq_connection *connection,
			   const struct elq_statement *statement, const struct elq_sink *sink,
			   struct elq_result *ret_result)
{
	(void)call;
	(void)connection;
	(void)statement;
	(void)sink;
	(void)ret_result;
	return ELQ_ERR_UNSUPPORTED;
}

static int32_t zoo_begin(const struct elq_call *call, struct elq_connection *connection,
			 const struct elq_begin *begin)
{
	(void)call;
	(void)connection;
	(void)begin;
	return ELQ_ERR_UNSUPPORTED;
}

static int32_t zoo_end(const struct elq_call *call, struct elq_connection *connection)
{
	(void)call;
	(void)connection;
	return ELQ_OK;
}

static void zoo_cancel(struct elq_connection *connection)
{
	(void)connection;
}

static const void *zoo_extension(const char *name, uint64_t size)
{
	(void)name;
	(void)size;
#ifdef ZOO_BROKEN_EXTENSION
	static const struct elq_history history = {.struct_size = sizeof(history)};
	if (size == strlen(ELQ_EXT_HISTORY) && memcmp(name, ELQ_EXT_HISTORY, size) == 0)
		return &history;
#endif
	return NULL;
}

/* Longer than the host's: what a later edition looks like. */
struct newer_ops {
	struct elq_driver known;
	int32_t (*later)(void);
};

#ifdef ZOO_OLDER_OPS
#define ZOO_OPS_SIZE offsetof(struct elq_driver, get_extension)
#elif defined(ZOO_NEWER)
#define ZOO_OPS_SIZE sizeof(struct newer_ops)
#else
#define ZOO_OPS_SIZE sizeof(struct elq_driver)
#endif

static const struct newer_ops ops = {
	.known =
		{
			.struct_size = (uint32_t)ZOO_OPS_SIZE,
			.open = zoo_open,
			.close = zoo_close,
			.describe = zoo_describe,
			.next_statement = zoo_next,
			.execute = zoo_execute,
			.begin = zoo_begin,
#ifndef ZOO_MISSING_SLOT
			.commit = zoo_end,
#endif
			.rollback = zoo_end,
			.cancel = zoo_cancel,
			.get_extension = zoo_extension,
		},
};

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
extern int32_t zoo_symbol_that_nobody_has(void);
#define ZOO_INIT zoo_symbol_that_nobody_has
#else
/* Once per process: a second call fails. */
static int32_t zoo_init(void)
{
	static int32_t calls;
#ifdef ZOO_INIT_FAILS
	return ELQ_ERR_UNSUPPORTED;
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
extern int32_t (*const zoo_used_slot)(const struct elq_call *, struct elq_connection *);
int32_t (*const zoo_used_slot)(const struct elq_call *, struct elq_connection *) = zoo_end;
