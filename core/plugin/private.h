/* private.h - what the files of plugin/ share and nobody else sees. */
#ifndef PLUGIN_PRIVATE_H
#define PLUGIN_PRIVATE_H

#include "plugin/plugin.h"

#include <pthread.h>

/* ---- growth (sized.c) ------------------------------------------------------- */

/* The one way to read a struct of the other side: min(both sizes) into a zeroed one. */
void sized_copy(void *ret, size_t size, const void *theirs, uint64_t their_size);

/* A slot of a vtable, to say which one is missing. */
struct slot {
	const char *name;
	size_t offset;
};
/* The first slot that is NULL in a copied table, or NULL. */
const char *sized_missing_slot(const void *table, const struct slot *slots, size_t count);

/* Text from the other side as a C string: what is not UTF-8, and zeros, become
 * '?'; cut at cap. No value adds nothing. */
void foreign_text(struct text *ret, struct elq_str text, size_t cap);

/* ---- files (verify.c) -------------------------------------------------------- */

/* Opens a plugin's file along its absolute path without following any link.
 * STATUS_PLUGIN_MISSING; STATUS_PLUGIN_REFUSED when a part of the path may be
 * changed by somebody else. The caller closes *ret_fd. */
enum status verify_open(const char *path, int *ret_fd, struct error *error) MUST_CHECK;

/* Copies the file into sealed memory and compares the copy's SHA-256 with the
 * section's pin. The caller closes *ret_fd. */
enum status verify_pin(int fd, const char *path, const struct plugin_config *section, int *ret_fd,
		       struct error *error) MUST_CHECK;

/* ---- built in (builtin.c) ------------------------------------------------------ */

/* The i-th built-in plugin, or NULL. */
const struct builtin *builtin_at(size_t index);
const struct builtin *builtin_find(uint32_t kind, const char *name); /* or NULL */

/* ---- which file (source.c) ----------------------------------------------------- */

/* Where a plugin of a kind and name must lie: in the file that its section names, else
 * in the program, else in the plugin folder. */
struct source {
	uint32_t kind;
	const char *name;
	const char *path;                    /* absolute; BUILTIN_PATH */
	const struct plugin_config *section; /* or NULL */
	const struct builtin *builtin;       /* or NULL: it is a file */
};
void source_find(const struct project *project, struct arena *arena, uint32_t kind, const char *name,
		 struct source *ret);
/* dir/elq_<kind>_<name>.so, in the arena. */
const char *source_folder_path(const struct project *project, struct arena *arena, uint32_t kind,
			       const char *name);

/* Does [plugins] enable let it run? */
enum status source_check_enabled(const struct project *project, const struct source *source,
				 struct error *error) MUST_CHECK;

struct examined {
	bool has_note;
	struct elq_note note;
	int fd; /* -1, or what to load: the file, or its sealed copy when pinned */
};
/* Every check that runs no code of the plugin. *ret is filled as far as it came,
 * also on failure; the caller closes ret->fd. Messages begin with "PATH: ". */
enum status source_examine(const struct project *project, const struct source *source,
			   struct examined *ret, struct error *error) MUST_CHECK;

/* ---- after dlopen (manifest.c, explain.c, exports.c) ---------------------------------------- */

/* Which of them it is says plugin.note.kind. */
union any_plugin {
	struct plugin plugin;
	struct driver driver;
	struct seeder_plugin seeder;
	struct cache_plugin cache;
};

typedef int32_t process_init_fn(const struct elq_call *call);

/* Checks the manifest against the note and fills ret from it, in the arena. Runs
 * none of the plugin's functions; *ret_init is NULL when it has nothing to do. */
enum status manifest_adopt(const struct elq_manifest *theirs, const struct elq_note *note,
			   const char *path, struct arena *arena, union any_plugin *ret,
			   process_init_fn **ret_init, struct error *error) MUST_CHECK;

/* Fetches and checks the extensions that a driver's manifest declares by its bits. */
enum status manifest_adopt_extensions(struct driver *driver, struct error *error) MUST_CHECK;

/* Makes of a failure to load the one error that lists every candidate. */
void explain_refusal(const struct project *project, const struct source *source, struct error *error);
/* Adds which plugins of the kind the plugin folder has, nearest first. */
void explain_missing(const struct project *project, uint32_t kind, const char *name,
		     struct error *error);

/* A symbol that a loaded plugin exports besides its entry, or NULL. */
const char *exports_extra(void *handle);

/* ---- settings (params.c, settings.c, url.c) --------------------------------- */

/* What open() receives, in the arena. owner, for messages: "the connection "pg"". */
enum status settings_resolve(struct observer *observer, const struct project *project,
			     const char *owner, const struct settings *settings,
			     const struct plugin *plugin, struct arena *arena, struct elq_setting **ret,
			     size_t *ret_count, struct error *error) MUST_CHECK;
/* One value as its type says; NULL: `*ret_expected` says what belongs there. */
const char *setting_convert(const struct elq_param *param, const char *value, const char *folder,
			    struct arena *arena, const char **ret_expected);
/* The parameter, among the connection's keys or (flag) the migrations' options. */
const struct elq_param *param_find(const struct plugin *plugin, const char *name, size_t size,
				   uint32_t migration);
/* "did you mean ...? The driver knows: ..." */
void param_hint(const struct plugin *plugin, const char *name, uint32_t migration, struct error *error);

/* Does DATABASE_URL stand for this connection's endpoint? When its scheme is that of
 * another installed driver it does not, and a warning says so; when it is nobody's that is
 * STATUS_CONFIG. */
enum status url_applies(struct observer *observer, const struct project *project,
			const struct connection *connection, const struct driver *driver, bool *ret,
			struct error *error) MUST_CHECK;

/* ---- one call across the border (call.c, host.c) ------------------------------------ */

extern const struct elq_host host_table;

/* What set_error() left, the last one of a call. */
struct slot_error {
	bool set;
	struct elq_error fixed; /* its strings are not used */
	struct text message;
	struct text hint;
};

/* Who calls a plugin: the context of its calls, to which their errors, log lines,
 * progress and cancellation belong. One thread at a time; cancelling is free. */
struct caller {
	struct observer *observer;
	const struct plugin *plugin;
	const char *name; /* whose work it is, before log lines; NULL: nobody's */
	/* Whose cancellation is also this one's, or NULL. */
	const struct caller *follows;
	void (*progress)(void *context, uint64_t done, uint64_t total, const char *unit);
	void *progress_context; /* progress NULL: nobody looks */
	bool opening;
	int64_t deadline_ns;
	struct slot_error slot_error;
	atomic_bool cancelled;
	atomic_bool shielded;  /* the running call must not be cancelled */
	pthread_mutex_t guard; /* of what follows, against who cancels */
	bool running;          /* a call is inside the plugin */
};
void caller_init(struct caller *caller, struct observer *observer, const struct plugin *plugin,
		 const char *name);
void caller_done(struct caller *caller);
bool caller_cancelled(const struct caller *caller);

/* Every slot is called between these two. A shielded call goes on after a
 * cancellation and has no deadline; any other is refused then. */
enum status call_enter(struct caller *caller, bool shielded, struct elq_call *ret,
		       struct error *error) MUST_CHECK;
/* Makes an error of a slot's answer: of what set_error said, or a sentence that
 * names plugin and slot. */
enum status call_leave(struct caller *caller, int32_t code, const char *slot,
		       struct error *error) MUST_CHECK;
/* A slot that broke the contract: STATUS_INTERNAL, naming plugin and slot. */
enum status call_broken(struct caller *caller, const char *slot, const char *what,
			struct error *error) MUST_CHECK;

struct database {
	struct caller caller;
	struct arena arena;
	struct observer *observer;
	const struct driver *driver;
	const struct connection *connection;
	struct database_info info;
	struct elq_lock *lock;
	struct elq_load *load;
	bool ours;                     /* inside a unit begun without ELQ_BEGIN_MIGRATION */
	struct elq_connection *handle; /* under caller.guard */
};

/* The same for a slot of an extension: STATUS_UNSUPPORTED when driver or connection lack it. */
enum status database_enter(struct database *database, uint64_t cap, const char *extension,
			   bool shielded, struct elq_call *ret, struct error *error) MUST_CHECK;
/* Without a handle yet; the caller fills it in and closes the database. */
struct database *database_new(struct observer *observer, const struct driver *driver,
			      const struct connection *connection);

/* A unit's options as the driver gets them, in the arena; *ret is untouched without any. */
enum status unit_options(const struct driver *driver, const struct setting *options, size_t count,
			 struct arena *arena, struct elq_setting **ret, struct error *error) MUST_CHECK;

#endif
