/* plugin.h - the identity of a plugin, in two stages: an ELF note that is read
 * without running any of its code, and the manifest behind its one exported
 * function, which must agree with the note.
 *
 * A plugin says, once, at file scope:
 *
 *     static const struct elq_manifest manifest = { ... };
 *     ELQ_PLUGIN_NOTE(ELQ_KIND_DRIVER, "sqlite", "1.0.0", "sql", "sqlite sqlite3", "sql")
 *     ELQ_PLUGIN_ENTRY(driver, sqlite, &manifest)
 *
 * The note's format follows the ELF specification (System V ABI, "Note
 * Section"): namesz, descsz, type, then the name and the descriptor, each
 * padded to 4 bytes.
 */
#ifndef ELOQUENT_PLUGIN_H
#define ELOQUENT_PLUGIN_H

#include <eloquent/host.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ELQ_KIND_DRIVER 1
#define ELQ_KIND_SEEDER 2
#define ELQ_KIND_CACHE 3

#define ELQ_NOTE_NAME "eloquent" /* 9 bytes with its zero */
#define ELQ_NOTE_TYPE 1
#define ELQ_NOTE_MAGIC 0x454c514eu     /* "ELQN" */
#define ELQ_MANIFEST_MAGIC 0x454c514du /* "ELQM" */

/* The note's descriptor. Text members are zero-terminated and zero-padded. */
struct elq_note {
	uint32_t magic;
	uint32_t struct_size;
	uint16_t abi_major;
	uint16_t abi_minor;
	uint32_t kind;     /* ELQ_KIND_* */
	char name[36];     /* [a-z][a-z0-9_]{0,31} */
	char version[32];  /* the plugin's own */
	char family[16];   /* drivers: "sql", "document", "other"; else empty */
	char schemes[96];  /* drivers: URL schemes it claims, separated by spaces */
	char language[16]; /* drivers: its migration files' language, "sql" or "json" */
};
ELQ_STATIC_ASSERT(sizeof(struct elq_note) == 212, "elq_note layout");

struct elq_note_record {
	uint32_t name_size;
	uint32_t desc_size;
	uint32_t type;
	char name[12];
	struct elq_note note;
};
ELQ_STATIC_ASSERT(sizeof(struct elq_note_record) == 236, "elq_note_record layout");

/* One parameter that a plugin accepts: a connection's key in the INI, or, with
 * ELQ_PARAM_MIGRATION, an option on a migration's directive line. */
#define ELQ_PARAM_TEXT 1
#define ELQ_PARAM_INTEGER 2
#define ELQ_PARAM_BOOL 3     /* arrives as "yes" or "no" */
#define ELQ_PARAM_DURATION 4 /* arrives as decimal microseconds */
#define ELQ_PARAM_PATH 5     /* arrives absolute */
#define ELQ_PARAM_SIZE 6     /* arrives as decimal bytes */
#define ELQ_PARAM_SECRET 1u  /* never shown; has a <name>_file form */
#define ELQ_PARAM_REQUIRED 2u
#define ELQ_PARAM_MIGRATION 4u

struct elq_param {
	uint32_t struct_size;
	uint32_t type;  /* ELQ_PARAM_TEXT ... */
	uint32_t flags; /* ELQ_PARAM_SECRET ... */
	uint32_t reserved;
	struct elq_str name;
	struct elq_str default_value; /* no value: none */
	struct elq_str help;          /* one line */
};

/* What the plugin can do at all; describe() says what a connection can. */
#define ELQ_CAP_HISTORY (UINT64_C(1) << 0)
#define ELQ_CAP_LOCK (UINT64_C(1) << 1)
#define ELQ_CAP_BATCH (UINT64_C(1) << 2)
#define ELQ_CAP_LOAD (UINT64_C(1) << 3)
#define ELQ_CAP_RECORD (UINT64_C(1) << 4)
#define ELQ_CAP_SCHEMA (UINT64_C(1) << 5)
#define ELQ_CAP_DDL (UINT64_C(1) << 6)
#define ELQ_CAP_REVIEW (UINT64_C(1) << 7)
#define ELQ_CAP_DIGEST (UINT64_C(1) << 8)
#define ELQ_CAP_BACKUP (UINT64_C(1) << 9)
#define ELQ_CAP_SCRATCH (UINT64_C(1) << 10)
#define ELQ_CAP_HEALTH (UINT64_C(1) << 11)

struct elq_manifest {
	uint32_t magic;
	uint32_t struct_size;
	uint16_t abi_major;
	uint16_t abi_minor;
	uint32_t kind;
	uint64_t caps;  /* ELQ_CAP_*; unknown bits are ignored */
	uint64_t needs; /* features the host must know; unknown bits refuse the plugin */
	struct elq_str name;
	struct elq_str version;
	const struct elq_param *params; /* stride params[0].struct_size */
	uint64_t param_count;
	/* [load] Once per process, before any other slot; never undone. NULL: nothing to do. The
	 * call is for errors and logs; no connection stands behind it. */
	int32_t (*process_init)(const struct elq_call *call);
	const void *ops; /* the kind's vtable: struct elq_driver, elq_seeder, elq_cache */
};
ELQ_STATIC_ASSERT(offsetof(struct elq_manifest, caps) == 16, "elq_manifest layout");
ELQ_STATIC_ASSERT(offsetof(struct elq_manifest, ops) == 88, "elq_manifest layout");

/* The one exported symbol. Pure, repeatable, allocates nothing. [load] */
typedef const struct elq_manifest *elq_plugin_fn(uint32_t host_abi);
#define ELQ_ENTRY_SYMBOL "elq_plugin_v1"

/* With ELQ_BUILTIN the same source is linked into the host: the note is plain data
 * that the entry hands out, and the entry has a name of its own, which the host lists
 * in a static table. ELQ_PLUGIN_NOTE stands before ELQ_PLUGIN_ENTRY, in one file. */
#ifdef __clang__ /* its AddressSanitizer would pad the record and align it anew */
#define ELQ_NOTE_BARE_ __attribute__((no_sanitize("address")))
#else
#define ELQ_NOTE_BARE_
#endif
#ifdef ELQ_BUILTIN
#define ELQ_NOTE_PLACE_ static
#else
#define ELQ_NOTE_PLACE_                                                                                \
	extern __attribute__((visibility("hidden"))) const struct elq_note_record elq_note_record_;    \
	ELQ_NOTE_BARE_ __attribute__((section(".note.eloquent.plugin"), used, aligned(4)))
#endif

#define ELQ_PLUGIN_NOTE(kind_, name_, version_, family_, schemes_, language_)                          \
	ELQ_NOTE_PLACE_ const struct elq_note_record elq_note_record_ = {                              \
		9,                                                                                     \
		(uint32_t)sizeof(struct elq_note),                                                     \
		ELQ_NOTE_TYPE,                                                                         \
		ELQ_NOTE_NAME,                                                                         \
		{ELQ_NOTE_MAGIC, (uint32_t)sizeof(struct elq_note), ELQ_ABI_MAJOR, ELQ_ABI_MINOR,      \
		 kind_, name_, version_, family_, schemes_, language_}};

#ifdef __cplusplus
#define ELQ_EXTERN_C extern "C"
#else
#define ELQ_EXTERN_C
#endif

#ifdef ELQ_BUILTIN
#define ELQ_PLUGIN_ENTRY(kind_, name_, manifest_)                                                      \
	ELQ_EXTERN_C const struct elq_note *elq_builtin_note_##kind_##_##name_(void);                  \
	ELQ_EXTERN_C const struct elq_note *elq_builtin_note_##kind_##_##name_(void)                   \
	{                                                                                              \
		return &elq_note_record_.note;                                                         \
	}                                                                                              \
	ELQ_EXTERN_C const struct elq_manifest *elq_builtin_##kind_##_##name_(uint32_t host_abi);      \
	ELQ_EXTERN_C const struct elq_manifest *elq_builtin_##kind_##_##name_(uint32_t host_abi)       \
	{                                                                                              \
		(void)host_abi;                                                                        \
		return manifest_;                                                                      \
	}
#else
#define ELQ_PLUGIN_ENTRY(kind_, name_, manifest_)                                                      \
	ELQ_EXTERN_C __attribute__((visibility("default"))) const struct elq_manifest *elq_plugin_v1(  \
		uint32_t host_abi);                                                                    \
	ELQ_EXTERN_C const struct elq_manifest *elq_plugin_v1(uint32_t host_abi)                       \
	{                                                                                              \
		(void)host_abi;                                                                        \
		return manifest_;                                                                      \
	}
#endif

#ifdef __cplusplus
}
#endif
#endif
