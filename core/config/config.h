/* config.h - from the command line, the environment, .env and eloquent.ini to
 * one struct project that says, for every value, where it came from.
 *
 * Precedence: command line > environment > .env and --env-file > INI > default.
 * Nothing here connects, loads or asks. A project is built by one thread, and
 * read-only afterwards. */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "base/base.h"
#include "observe/observe.h"

enum layer { LAYER_DEFAULT, LAYER_INI, LAYER_DOTENV, LAYER_ENVIRONMENT, LAYER_COMMAND_LINE };

struct origin {
	enum layer layer;
	const char *name; /* file, variable or option */
	int64_t line;     /* in a file; 0: none */
};

/* One resolved value. A secret one is registered with the redactor. */
struct setting {
	const char *key;
	const char *value;
	struct origin origin;
	bool secret;
};

struct settings {
	struct setting *items;
	size_t count;
	size_t capacity;
};

/* The [guard] policy. The stricter of INI and database counts. */
struct policy {
	bool forbid; /* production = forbid */
	bool require_backup;
	int64_t backup_max_age_us;
};

/* [backup]. */
struct backup_config {
	const char *dir;   /* absolute */
	bool dir_is_given; /* not the default: in production it must be */
	int64_t keep;      /* verified ones */
	int64_t level;     /* of zstd, 1 to 19 */
};

/* One [connection:NAME], or one that the environment alone makes. */
struct connection {
	const char *name;
	const char *driver;      /* plugin name */
	const char *family;      /* of a convention ("sql", "document"); NULL: read the plugin's note */
	bool production;         /* production = yes */
	bool twin;               /* its name ends in _test, or another's `test =` names it */
	const char *test;        /* its twin's name, or NULL */
	const char *application; /* a twin's application connection, or NULL */
	bool role_credentials;   /* it has values per role */
	struct settings settings; /* the driver's keys; endpoint whole from one layer; *_file
				   * forms of convention variables read, INI *_file keys not yet */
	struct origin origin;
};

/* A password in plain words in a file that others see. In production it is an error, but in a file
 * that holds a secret alone. */
struct exposed_secret {
	struct origin origin;
	const char *what;   /* "a password" */
	const char *danger; /* "git tracks the file" */
	const char *remedy;
	bool advice; /* it may be meant, or cannot be told */
};
struct exposed_secrets {
	struct exposed_secret *items;
	size_t count;
	size_t capacity;
};

/* Files that hold one secret alone: password_file, PG_PASSWORD_FILE. */
struct secret_files {
	const char **items; /* absolute, once each */
	size_t count;
	size_t capacity;
};

/* A [plugin:NAME] section. */
struct plugin_config {
	const char *name;
	const char *kind;   /* "driver" ... */
	const char *path;   /* absolute, or NULL: in the plugin folder */
	const char *sha256; /* or NULL */
	struct origin origin;
};

/* A [cache:NAME] section and the variables that stand above it. */
struct cache_config {
	const char *name;         /* of the store and of its plugin */
	struct settings settings; /* the plugin's keys */
};

/* How many stores a chain may have. */
#define CACHE_STORES_CAP 8u
#define CACHE_PREFIX_CAP 128u

/* The cache of this environment: its chain of stores, tried in order. */
struct cache_chain {
	const char *word;    /* the environment's, that chose it */
	const char *prefix;  /* of every key, with a ':' at its end */
	const char **stores; /* names */
	size_t store_count;
	bool chosen; /* the INI names it; otherwise it is the default */
	struct origin origin;
	struct cache_config *configs;
	size_t config_count;
};

struct project {
	struct arena arena; /* owns everything below */
	const char *root;   /* the INI's folder, or the working directory */
	const char *ini;    /* path, or NULL: none found */
	const char *name;
	const char *default_connection; /* or NULL */
	const char *default_test_connection;
	struct origin default_origin;
	/* for the default connection's endpoint, or NULL (registered secret) */
	const char *database_url;
	struct origin database_url_origin;
	const char *migrations; /* absolute folder */
	int64_t max_migration;  /* bytes */
	const char *seeds;      /* absolute folder */

	const char *plugin_dir; /* absolute */
	const char **enable;    /* "driver/sqlite"; */
	size_t enable_count;
	bool enable_set;
	struct plugin_config *plugins;
	size_t plugin_count;

	struct connection *connections; /* sorted by name */
	size_t connection_count;

	struct cache_chain cache;

	/* The environment. */
	const char *word; /* APP_ENV's, lower case; "development" when unset */
	struct origin word_origin;
	bool production;               /* APP_ENV or NODE_ENV says so */
	const char *production_source; /* "APP_ENV", "NODE_ENV" */
	bool allow_destructive;        /* ELOQUENT_ALLOW_PROD_DESTRUCTIVE */
	bool role_migration;           /* ELOQUENT_DB_ROLE = migration */
	const char *actor;

	struct policy policy;
	struct backup_config backup;
	struct audit audit;
	enum log_level log_level;
	enum log_format log_format;

	struct settings resolved; /* every value with its origin, for doctor and --verbose */
	struct exposed_secrets exposed;
	struct secret_files secret_files;
};

struct config_input {
	const char *config;           /* --config, or NULL */
	const char *const *env_files; /* --env-file, in order */
	size_t env_file_count;
	const char *log_level; /* --log-level, or NULL */
	const char *log_format;
	const char *const *environ;    /* NULL-terminated NAME=VALUE */
	const char *cwd;               /* absolute */
	const char *installed_plugins; /* the compiled-in plugin folder */
};

/* Builds the project; project_free frees it. STATUS_CONFIG with file and line,
 * STATUS_IO. On failure *ret is empty. */
enum status project_load(struct observer *observer, const struct config_input *input,
			 struct project *ret, struct error *error) MUST_CHECK;
void project_free(struct project *project);

/* The settings of a store; empty when nothing is set. */
struct settings project_cache_settings(const struct project *project, const char *store);
/* By name, or NULL. */
const struct connection *project_connection(const struct project *project, const char *name);
/* "known: pg, sqlite" for messages; in the arena of the caller. */
const char *project_connection_names(const struct project *project, struct arena *arena);
const struct setting *settings_find(const struct settings *settings, const char *key);
/* "/p/eloquent.ini:12", "the variable PG_HOST", "--log-level", "the default"; in the arena. */
const char *origin_text(const struct origin *origin, struct arena *arena);

/* The default connection's settings when its driver claims the scheme of
 * project->database_url, which then stands for the endpoint: `url` takes the place of the
 * endpoint keys, and credentials from a weaker layer than DATABASE_URL's stay behind, so
 * that no password is sent to another host. In the arena. That DATABASE_URL stands beside
 * no endpoint variable of the same or a stronger layer was checked by project_load. */
struct settings connection_settings_with_url(const struct project *project,
					     const struct connection *connection, struct arena *arena);

/* The word that counts for a connection: "production" or project->word. */
const char *connection_word(const struct project *project, const struct connection *connection);
/* Does a word mean production? (prefixes prod, prd, live; near misses of "production") */
bool word_is_production(const char *word);
/* [a-z0-9_-]+ */
bool word_valid(const char *word);

/* Of two policies, member by member, the stricter. */
struct policy policy_stricter(struct policy a, struct policy b);
/* Canonical text for eloquent_meta and back. Unknown members are kept out. */
char *policy_format(struct arena *arena, const struct policy *policy);
bool policy_parse(const char *text, struct policy *ret);

/* Reads a secret file (one trailing newline removed, cap 64 KiB). */
/* For doctor: adds to project->exposed which of the secret files others see. No error, in
 * production either: containers are handed their secrets in files that everybody can read. */
void secret_files_look(struct project *project);
enum status secret_file_read(struct observer *observer, struct arena *arena, const char *path,
			     const char **ret, struct error *error) MUST_CHECK;

/* Is this file safe to take program names from: owned by root or the effective
 * user, not writable by group or others? STATUS_CONFIG with owner, mode and
 * the mending command. */
enum status config_file_trusted(const char *path, struct error *error) MUST_CHECK;

/* ---- the conventions: the only place in core that names drivers ---------- */

struct convention {
	const char *connection; /* "pg"; also the flag --pg */
	const char *driver;     /* "postgres" */
	const char *family;     /* "sql" */
	const char *flag_help;  /* "the connection pg" */
};
extern const struct convention conventions[];
extern const size_t convention_count;

/* ---- the key table -------------------------------------------------------- */

enum key_type {
	KEY_TEXT,
	KEY_BOOL,
	KEY_INTEGER,
	KEY_SIZE,
	KEY_DURATION,
	KEY_PATH,
	KEY_LIST, /* words separated by blanks */
	KEY_CHOICE,
	KEY_ARGUMENTS, /* a JSON array of strings: a program and its arguments */
};

#define KEY_PROGRAM 1u     /* names a program or plugin: counts only in a trusted INI */
#define KEY_LATER 2u       /* accepted and checked; used by a later part of the tool */
#define KEY_SECRET 4u      /* never shown; as a variable it has a _FILE form */
#define KEY_ABSOLUTE 8u    /* a path that must be absolute */
#define KEY_ENDPOINT 16u   /* of a connection: part of where it leads */
#define KEY_CREDENTIAL 32u /* of a connection: part of who asks */
#define KEY_OURS 64u       /* of a connection: the core's own, never the driver's */
#define KEY_REFUSED 128u   /* promises what is not built yet and must not be believed in: an error */

struct key {
	/* "guard"; "connection:" for [connection:NAME]; "environment": a variable */
	const char *section;
	const char *name;
	enum key_type type;
	const char *default_value; /* or NULL */
	unsigned flags;
	const char *help;
	const char *choices;  /* of a KEY_CHOICE, separated by blanks */
	const char *variable; /* which stands above the INI's key, or NULL */
	int64_t minimum;      /* of a number, size (bytes) or duration (us) ... */
	int64_t maximum;      /* ... and both 0: any */
};
extern const struct key config_keys[];
extern const size_t config_key_count;
/* The variables that no key of the INI stands for; section "environment". */
extern const struct key config_variables[];
extern const size_t config_variable_count;
/* "yes or no", "duration" ... for the reference page. */
const char *key_type_text(enum key_type type);

/* ---- the parsers, for tests and fuzzing ----------------------------------- */

/* Receives each key of an INI text; value keeps inner blanks. Non-OK stops. */
struct ini_handler {
	void *context;
	enum status (*section)(void *context, const char *section, int64_t line, struct error *error);
	enum status (*key)(void *context, const char *section, const char *key, const char *value,
			   int64_t line, struct error *error);
};
/* Bytes of one value; a longer one is an error with its line. */
#define INI_LINE_CAP ((size_t)64 << 10)
enum status ini_parse_text(const char *path, const char *data, size_t size,
			   const struct ini_handler *handler, struct error *error) MUST_CHECK;

struct dotenv_handler {
	void *context;
	enum status (*pair)(void *context, const char *name, const char *value, int64_t line,
			    struct error *error);
};
enum status dotenv_parse_text(const char *path, const char *data, size_t size,
			      const struct dotenv_handler *handler, struct error *error) MUST_CHECK;

#endif
