/* private.h - what the files of this room share: the loader that carries a
 * project while it is built, and one declaration block per file. Everything
 * allocated here lies in the project's arena. */
#ifndef CONFIG_PRIVATE_H
#define CONFIG_PRIVATE_H

#include "config/config.h"

#include <sys/types.h>

/* VEC_PUSH for a vector whose memory is an arena's: the old array stays behind. */
#define ARENA_PUSH(arena, vec, value)                                                                  \
	do {                                                                                           \
		if ((vec)->count == (vec)->capacity) {                                                 \
			size_t grown_ = (vec)->capacity ? (vec)->capacity * 2 : 8;                     \
			void *items_ = arena_alloc(arena, grown_ * sizeof(*(vec)->items));             \
			if ((vec)->count)                                                              \
				memcpy(items_, (vec)->items, (vec)->count * sizeof(*(vec)->items));    \
			(vec)->items = items_;                                                         \
			(vec)->capacity = grown_;                                                      \
		}                                                                                      \
		(vec)->items[(vec)->count++] = (value);                                                \
	} while (0)

#define CONFIG_FILE_CAP ((size_t)1 << 20) /* bytes of an INI or .env */

/* ---- the INI as read, nothing interpreted ----------------------------------- */

struct entry {
	const char *section;
	const char *key;
	const char *value;
	int64_t line;
};
struct entries {
	struct entry *items;
	size_t count;
	size_t capacity;
};
struct section {
	const char *name;
	int64_t line;
};
struct sections {
	struct section *items;
	size_t count;
	size_t capacity;
};

/* ---- variables ---------------------------------------------------------------- */

struct variable {
	const char *name;
	const char *value;
	int64_t order; /* of two with one name, the smaller counts */
	struct origin origin;
};
struct variables {
	struct variable *items; /* sorted by name, order */
	size_t count;
	size_t capacity;
};

/* A secret that stands in a file in plain words (exposed.c). */
struct exposure {
	struct origin origin;
	const char *connection; /* or NULL: the project's */
};
struct exposures {
	struct exposure *items;
	size_t count;
	size_t capacity;
};

struct loader {
	struct observer *observer;
	const struct config_input *input;
	struct project *project;
	struct arena *arena; /* the project's */
	struct sections sections;
	struct entries entries;
	struct variables real;   /* LAYER_ENVIRONMENT */
	struct variables dotenv; /* LAYER_DOTENV */
	struct exposures exposures;
	const char *connection; /* whose values are being read, or NULL: the project's */
};

/* STATUS_CONFIG with "<origin>: " before the message, and its file and line. */
enum status config_error(struct error *error, const struct origin *origin, const char *format, ...)
	PRINTF(3, 4);

/* ---- lines.c -------------------------------------------------------------------- */

struct line {
	const char *data;
	size_t size;
	int64_t number;
};
struct lines {
	const char *path; /* for messages */
	const char *at;
	const char *end;
	int64_t number;
};
void lines_open(struct lines *lines, const char *path, const char *data, size_t size);
/* The next line without its end; *ret_more is false behind the last. STATUS_CONFIG
 * for what no line of ours may hold: NUL, control characters, bytes that are not UTF-8. */
enum status lines_next(struct lines *lines, struct line *ret, bool *ret_more,
		       struct error *error) MUST_CHECK;
enum status lines_error(const char *path, int64_t line, struct error *error, const char *format, ...)
	PRINTF(4, 5);
bool is_blank(char c);
void trim_end(const char *data, size_t *size);

/* A name that must not come twice in its group. */
struct mark {
	size_t group;
	const char *name;
	int64_t line;
};
/* Is there a second one? The earliest such, and the line of the first. Sorts. */
bool marks_repeat(struct mark *marks, size_t count, struct mark *ret_again, int64_t *ret_first);

/* ---- environment.c --------------------------------------------------------------- */

/* Sorts the real environment, reads .env (unless the real environment says
 * production) and the --env-file files. Needs project->root. */
enum status environment_load(struct loader *loader, struct error *error) MUST_CHECK;
bool environment_has(const struct loader *loader, enum layer layer, const char *name);
bool environment_has_prefix(const struct loader *loader, enum layer layer, const char *prefix);
/* What one layer says for a variable. A secret may stand in the file that NAME_FILE names;
 * both set is an error. ret->value is NULL when it is unset; ret->key is NAME. */
enum status environment_read(struct loader *loader, enum layer layer, const char *name, bool secret,
			     struct setting *ret, struct error *error) MUST_CHECK;
/* The same over both layers, the stronger first. */
enum status environment_find(struct loader *loader, const char *name, bool secret, struct setting *ret,
			     struct error *error) MUST_CHECK;
/* actor.c: who acts. */
enum status actor_read(struct loader *loader, struct error *error) MUST_CHECK;
/* A user's name, or "uid N" where there is none; in the arena. */
const char *actor_of_user(struct arena *arena, uid_t user);
/* The folder from which a layer's relative paths go. */
const char *layer_folder(const struct loader *loader, enum layer layer);
/* ${NAME} and $$ in a value of the INI. */
enum status value_substitute(struct loader *loader, const char *value, const struct origin *origin,
			     const char **ret, struct error *error) MUST_CHECK;

/* ---- values.c ---------------------------------------------------------------------- */

/* Checks a value against its row and brings it to the form that is passed on: words trimmed,
 * choices in the row's spelling, paths absolute. label is what the person wrote. */
enum status value_check(const struct loader *loader, const struct key *key, const char *label,
			struct setting *setting, struct error *error) MUST_CHECK;
/* An absolute path by the setting's layer. Empty ones and a driver's own words (":...") stay. */
void value_make_absolute(const struct loader *loader, struct setting *setting);

/* ---- keys.c ------------------------------------------------------------------------- */

/* The row of a key, or NULL. section is the INI's ("connection:pg" finds "connection:"). */
const struct key *key_find(const char *section, const char *name);
/* Nearest name in a section, for messages; or NULL. */
const char *key_nearest(const char *section, const char *name);
/* The known key of which `name` is a slip that no other word of a driver's could be: two
 * neighbours swapped, or one letter missing; or NULL. */
const char *key_mistyped(const char *section, const char *name);
/* password, secret, token, url, and what ends in _password, _secret, _token */
bool key_is_secret(const char *name);
/* How much of a key names the value: of "password_file" and "password_command" the size of
 * "password"; of a key that is no form of a secret all of it. */
size_t key_value_size(const char *name);
/* KEY_ENDPOINT, KEY_CREDENTIAL ... of a connection's key, the driver's own ones included. */
unsigned key_connection_flags(const char *name);

/* ---- sections.c ----------------------------------------------------------------------- */

/* Reads the INI into loader->sections and entries; refuses what the table does not know,
 * and keys that name programs in a file that others may write. */
enum status sections_load(struct loader *loader, struct error *error) MUST_CHECK;
/* "connection:pg" -> "pg" for the prefix "connection:"; else NULL. */
const char *section_name(const char *section, const char *prefix);
const struct entry *entry_find(const struct loader *loader, const char *section, const char *key);
struct origin entry_origin(const struct loader *loader, const struct entry *entry);
/* "migration.user" -> "user" and *ret_role "migration"; without a prefix the key itself, NULL. */
const char *key_without_role(const char *key, const char **ret_role);

/* ---- rows.c ---------------------------------------------------------------------------- */

/* Resolves every plain key and variable into project->resolved. */
enum status rows_resolve(struct loader *loader, struct error *error) MUST_CHECK;
/* A resolved value; each of these keys has a default. */
const struct setting *row_setting(const struct loader *loader, const char *key);
bool row_bool(const struct loader *loader, const char *key);

/* ---- plugins.c --------------------------------------------------------------------------- */

/* plugin_dir, enable and the [plugin:NAME] sections. */
enum status plugins_build(struct loader *loader, struct error *error) MUST_CHECK;

/* ---- caches.c ---------------------------------------------------------------------------- */

/* project->cache. Needs the project's name and the environment's word. */
enum status caches_build(struct loader *loader, struct error *error) MUST_CHECK;

/* ---- conventions.c ---------------------------------------------------------------------- */

struct convention_variable {
	const char *key;      /* "host" */
	const char *stems[4]; /* "HOST"; further ones are other spellings; NULL ends */
};
struct convention_set {
	const char *connection;                  /* "pg" */
	const char *prefix;                      /* "PG" */
	struct convention_variable variables[6]; /* key NULL ends */
};
extern const struct convention_set convention_sets[];
extern const size_t convention_set_count;
/* A variable that is a key of a cache store. */
struct cache_variable {
	const char *variable; /* "CACHE_DIR" */
	const char *store;    /* "file" */
	const char *key;      /* "dir" */
};
extern const struct cache_variable cache_variables[];
extern const size_t cache_variable_count;
/* For "pg" and "pg_test"; NULL for other names. */
const struct convention_set *convention_set_find(const char *connection);
const struct convention *convention_find(const char *connection); /* likewise */
/* "PG_RUNTIME_HOST"; role may be NULL. */
const char *convention_variable_name(const struct convention_set *set, bool twin, const char *role,
				     const char *stem, struct arena *arena);

/* ---- layers.c ------------------------------------------------------------------------------ */

/* Fills connection->settings and role_credentials from the environment's variables and the
 * section [connection:NAME]. */
enum status layers_resolve(struct loader *loader, struct connection *connection,
			   struct error *error) MUST_CHECK;
/* Does a variable of the connection's own exist, for the role that counts? */
bool layers_variable_exists(struct loader *loader, const char *connection);

/* ---- connections.c, twins.c ----------------------------------------------------------------- */

/* The sections' and the environment's connections, sorted. Needs defaults_read. */
enum status connections_build(struct loader *loader, struct error *error) MUST_CHECK;
enum status twins_link(struct loader *loader, struct error *error) MUST_CHECK;

/* ---- defaults.c -------------------------------------------------------------------------------- */

/* The default connections' names and DATABASE_URL. */
enum status defaults_read(struct loader *loader, struct error *error) MUST_CHECK;
/* With the connections known: the only one of the INI; a default of the INI that does not
 * exist; DATABASE_URL beside another endpoint. */
enum status defaults_check(struct loader *loader, struct error *error) MUST_CHECK;

/* ---- secrets.c, exposed.c --------------------------------------------------------------------- */

/* Registers a secret, and the passwords inside of it when it is a URL. */
void secret_register(const struct loader *loader, const char *value);
/* Notes that a file holds this secret in plain words, if it is one: a URL without a
 * password and a value that comes from ${NAME} are none. Of loader->connection. */
void exposure_note(struct loader *loader, const char *key, const char *written,
		   const struct origin *origin);
/* Notes a file that holds one secret alone (PG_PASSWORD_FILE); once each. */
void secret_file_note(struct loader *loader, const char *path);
/* In production: a file of passwords is readable by its owner and group only, and not in git. */
enum status exposures_check(struct loader *loader, struct error *error) MUST_CHECK;
/* The same for a file that holds one secret alone: "the audit trail's key". */
enum status exposed_file_check(struct loader *loader, const char *path, const char *what,
			       struct error *error) MUST_CHECK;

/* ---- git_index.c -------------------------------------------------------------------------------- */

enum git_answer {
	GIT_TRACKS_NOT,
	GIT_TRACKS,
	GIT_CANNOT_BE_TOLD,
};
/* What an index says of the path, its objects' ids being of that size (20 or 32). false: it is no
 * such index. *ret_why is static: why it cannot be told, or NULL. */
bool git_index_read(const struct text *index, size_t id_size, const char *path, enum git_answer *ret,
		    const char **ret_why);
/* Does git track the file? No work tree around it: it does not. *ret_why, in the arena or static:
 * why it cannot be told. */
enum git_answer git_tracks(struct arena *arena, const char *path, const char **ret_why);

/* ---- words.c ------------------------------------------------------------------------------------ */

char *word_normal(struct arena *arena, const char *word); /* trimmed, lower case */
/* Within two letters of "production". */
bool word_is_near_production(const char *word);

#endif
