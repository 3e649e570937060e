/* keys.c - the one table of keys and variables: it drives validation, doctor
 * and the reference page (docs/configuration.md). What a value means is
 * known where it is used. */
#include "config/private.h"

#include <string.h>

#define MICROSECONDS_MAX INT64_MAX
#define DAY_US (24 * 3600 * INT64_C(1000000))
#define MIB (INT64_C(1) << 20)

#define HOOK(name_, help_)                                                                             \
	{                                                                                              \
		"hooks", name_, KEY_ARGUMENTS, NULL, KEY_PROGRAM | KEY_LATER, help_, NULL, NULL, 0, 0  \
	}

const struct key config_keys[] = {
	{"project", "name", KEY_TEXT, NULL, 0, "the project's name; default: its folder's", NULL, NULL,
	 0, 0},
	{"project", "default", KEY_TEXT, NULL, 0,
	 "the connection that is meant when none is named; default: the only one of the file", NULL,
	 "DB_CONNECTION", 0, 0},
	{"project", "migrations", KEY_PATH, "database/migrations", 0,
	 "one folder per connection below it; a test twin uses its application's", NULL, NULL, 0, 0},
	{"project", "models", KEY_PATH, "models", KEY_LATER, "model files", NULL, NULL, 0, 0},
	{"project", "factories", KEY_PATH, "database/factories", KEY_LATER, "factory files", NULL, NULL,
	 0, 0},
	{"project", "seeds", KEY_PATH, "database/seeds", 0, "the folder of the seeds", NULL, NULL, 0,
	 0},
	{"project", "max_migration", KEY_SIZE, "16MiB", 0, "the largest migration file that is read",
	 NULL, NULL, 1, 48 * MIB},

	{"plugins", "dir", KEY_PATH, NULL, KEY_PROGRAM | KEY_ABSOLUTE,
	 "the plugin folder; default: the installed one", NULL, NULL, 0, 0},
	{"plugins", "enable", KEY_LIST, NULL, 0,
	 "kind/name words; nothing else may load; default: all of the folder", NULL, NULL, 0, 0},

	{"plugin:", "kind", KEY_CHOICE, NULL, KEY_PROGRAM, "what it is; required",
	 "driver seeder cache", NULL, 0, 0},
	{"plugin:", "path", KEY_PATH, NULL, KEY_PROGRAM | KEY_ABSOLUTE,
	 "its file; default: in the plugin folder", NULL, NULL, 0, 0},
	{"plugin:", "sha256", KEY_TEXT, NULL, KEY_PROGRAM,
	 "the file's SHA-256; another file is refused", NULL, NULL, 0, 0},

	{"connection:", "driver", KEY_TEXT, NULL, KEY_OURS,
	 "the driver plugin's name; default: the convention's for a conventional name", NULL, NULL, 0,
	 0},
	{"connection:", "url", KEY_TEXT, NULL, KEY_ENDPOINT | KEY_SECRET, "the endpoint as one URL",
	 NULL, NULL, 0, 0},
	{"connection:", "host", KEY_TEXT, NULL, KEY_ENDPOINT, "the server's name or address", NULL,
	 NULL, 0, 0},
	{"connection:", "port", KEY_INTEGER, NULL, KEY_ENDPOINT, "the server's port", NULL, NULL, 1,
	 65535},
	{"connection:", "socket", KEY_TEXT, NULL, KEY_ENDPOINT, "the server's local socket", NULL, NULL,
	 0, 0},
	{"connection:", "database", KEY_TEXT, NULL, KEY_ENDPOINT, "the database's name on the server",
	 NULL, NULL, 0, 0},
	{"connection:", "path", KEY_PATH, NULL, KEY_ENDPOINT, "the database's file", NULL, NULL, 0, 0},
	{"connection:", "user", KEY_TEXT, NULL, KEY_CREDENTIAL, "who connects", NULL, NULL, 0, 0},
	{"connection:", "password", KEY_TEXT, NULL, KEY_CREDENTIAL | KEY_SECRET, "the password", NULL,
	 NULL, 0, 0},
	{"connection:", "password_file", KEY_PATH, NULL, KEY_CREDENTIAL,
	 "the file that holds the password", NULL, NULL, 0, 0},
	{"connection:", "password_command", KEY_ARGUMENTS, NULL,
	 KEY_CREDENTIAL | KEY_OURS | KEY_PROGRAM | KEY_LATER, "the program that prints the password",
	 NULL, NULL, 0, 0},
	{"connection:", "production", KEY_BOOL, "no", KEY_OURS,
	 "this connection is production, whatever APP_ENV says", NULL, NULL, 0, 0},
	{"connection:", "test", KEY_TEXT, NULL, KEY_OURS,
	 "its test twin; default: the connection NAME_test", NULL, NULL, 0, 0},
	{"connection:", "history_schema", KEY_TEXT, NULL, 0,
	 "the schema that holds our tables; default: the current one", NULL, NULL, 0, 0},
	{"connection:", "lock_timeout", KEY_DURATION, NULL, 0,
	 "how long to wait for the database's own locks", NULL, NULL, 0, MICROSECONDS_MAX},

	{"guard", "production", KEY_CHOICE, "contract", 0, "destructive commands in production",
	 "contract forbid", NULL, 0, 0},
	{"guard", "require_backup", KEY_BOOL, "yes", 0,
	 "a fresh verified backup before the schema changes in production", NULL, NULL, 0, 0},
	{"guard", "backup_max_age", KEY_DURATION, "1h", 0, "how old that backup may be", NULL, NULL, 1,
	 36500 * DAY_US},
	{"guard", "require_rehearsal", KEY_BOOL, "no", KEY_LATER,
	 "a rehearsal of exactly this plan, in production", NULL, NULL, 0, 0},
	{"guard", "require_plan", KEY_BOOL, "no", KEY_LATER, "a signed plan, in production", NULL, NULL,
	 0, 0},
	{"guard", "require_ci", KEY_BOOL, "no", KEY_LATER, "production writes only from CI", NULL, NULL,
	 0, 0},
	{"guard", "destructive_statements", KEY_CHOICE, "block", 0,
	 "statements that destroy data in production, unless declared and allowed; the only value",
	 "block", NULL, 0, 0},
	{"guard", "approvers", KEY_LIST, NULL, KEY_LATER, "public keys that may sign plans", NULL, NULL,
	 0, 0},

	{"backup", "dir", KEY_PATH, ".eloquent/backups", 0,
	 "where backups lie; in production it must be set", NULL, NULL, 0, 0},
	{"backup", "keep", KEY_INTEGER, "10", 0, "how many verified ones are kept", NULL, NULL, 1,
	 1000000},
	{"backup", "compress", KEY_CHOICE, "zstd:3", 0, "method and level",
	 "zstd:1 zstd:2 zstd:3 zstd:4 zstd:5 zstd:6 zstd:7 zstd:8 zstd:9 zstd:10 zstd:11 zstd:12 "
	 "zstd:13 zstd:14 zstd:15 zstd:16 zstd:17 zstd:18 zstd:19",
	 NULL, 0, 0},
	{"backup", "gate", KEY_CHOICE, "restored", KEY_LATER, "when a backup counts as verified",
	 "restored restored-daily", NULL, 0, 0},
	{"backup", "scratch", KEY_TEXT, NULL, KEY_LATER,
	 "the connection that may create scratch databases; default: the same server", NULL, NULL, 0,
	 0},
	{"backup", "tools", KEY_PATH, NULL, KEY_PROGRAM | KEY_ABSOLUTE | KEY_LATER,
	 "the native tools' folder; default: the newest that is not older than the server", NULL, NULL,
	 0, 0},
	{"backup", "recipients", KEY_LIST, NULL, KEY_REFUSED,
	 "public keys that a backup is sealed for; this version cannot seal", NULL, NULL, 0, 0},
	{"backup", "after_write", KEY_ARGUMENTS, NULL, KEY_PROGRAM | KEY_LATER,
	 "a program that must succeed before a backup counts", NULL, NULL, 0, 0},

	{"audit", "path", KEY_PATH, ".eloquent/audit.jsonl", 0, "the audit trail's file", NULL,
	 "ELOQUENT_AUDIT_PATH", 0, 0},
	{"audit", "max_size", KEY_SIZE, "64MiB", 0,
	 "a file that would grow beyond it is kept under a numbered name", NULL, NULL, 65536,
	 INT64_MAX},
	{"audit", "key_file", KEY_PATH, NULL, 0,
	 "a file with the secret whose HMAC each record then carries; at least 16 bytes", NULL, NULL, 0,
	 0},

	{"cache", "prefix", KEY_TEXT, NULL, 0,
	 "what our keys begin with, at most 128 bytes; default: eloquent:PROJECT:ENVIRONMENT", NULL,
	 NULL, 0, 0},
	{"cache", "development", KEY_LIST, "memory", 0,
	 "stores tried in order; any word of APP_ENV may be a key", NULL, NULL, 0, 0},
	{"cache", "staging", KEY_LIST, "file", 0, "the same for staging", NULL, NULL, 0, 0},
	{"cache", "production", KEY_LIST, "redis file memory", 0, "the same for production", NULL, NULL,
	 0, 0},

	{"cache:", "dir", KEY_PATH, NULL, 0,
	 "the folder of the store file; default: .eloquent/cache; the variable CACHE_DIR stands above "
	 "it",
	 NULL, NULL, 0, 0},
	{"cache:", "max_size", KEY_SIZE, NULL, 0, "how much the store file may hold; default: 256MiB",
	 NULL, NULL, 4 * MIB, INT64_C(1) << 42},

	HOOK("maintenance_on", "before the schema changes in production"),
	HOOK("maintenance_off", "after it"),
	HOOK("before_migrate", "before migrations run"),
	HOOK("after_migrate", "after them; its failure undoes nothing"),
	HOOK("notify", "told of each outcome"),
	HOOK("on_schema_change", "after a schema changed"),
	HOOK("on_backup_failure", "after a backup failed"),
};
const size_t config_key_count = COUNT_OF(config_keys);

#define VARIABLE(name_, type_, default_, flags_, help_, choices_)                                      \
	{                                                                                              \
		"environment", name_, type_, default_, flags_, help_, choices_, name_, 0, 0            \
	}

const struct key config_variables[] = {
	VARIABLE("APP_ENV", KEY_TEXT, "development", 0, "the environment's word", NULL),
	VARIABLE("NODE_ENV", KEY_TEXT, NULL, 0, "only `production` counts", NULL),
	VARIABLE("ELOQUENT_ALLOW_PROD_DESTRUCTIVE", KEY_BOOL, "no", 0,
		 "part of the production contract", NULL),
	VARIABLE("ELOQUENT_DB_ROLE", KEY_CHOICE, "runtime", 0, "whose credentials connect",
		 "runtime migration"),
	VARIABLE("DB_TEST_CONNECTION", KEY_TEXT, NULL, 0, "the default connection with --test", NULL),
	VARIABLE("DATABASE_URL", KEY_TEXT, NULL, KEY_SECRET, "the default connection's endpoint", NULL),
	VARIABLE("ELOQUENT_LOG_FORMAT", KEY_CHOICE, "text", 0, "how log lines look", "text json"),
	VARIABLE("ELOQUENT_LOG_LEVEL", KEY_CHOICE, "info", 0, "which log lines appear",
		 "debug info warn error"),
	VARIABLE("ELOQUENT_AUDIT_ENABLED", KEY_BOOL, "yes", 0, "off only outside production", NULL),
	VARIABLE("ELOQUENT_ACTOR", KEY_TEXT, NULL, 0,
		 "who acts; then GITHUB_ACTOR, GITLAB_USER_LOGIN, CI_ACTOR, USER, the process's user",
		 NULL),
	VARIABLE("CACHE_DIR", KEY_PATH, NULL, 0, "the file cache's folder", NULL),
	VARIABLE("REDIS_URL", KEY_TEXT, NULL, KEY_SECRET | KEY_LATER, "the Redis cache", NULL),
	VARIABLE("MEMCACHED_HOST", KEY_TEXT, NULL, KEY_LATER, "the Memcached cache", NULL),
	{"environment", "MEMCACHED_PORT", KEY_INTEGER, NULL, KEY_LATER, "its port", NULL,
	 "MEMCACHED_PORT", 1, 65535},
};
const size_t config_variable_count = COUNT_OF(config_variables);

/* "connection:" of "connection:pg", and "guard" of "guard". */
static size_t section_size(const char *section)
{
	const char *colon = strchr(section, ':');

	return colon ? (size_t)(colon - section) + 1 : strlen(section);
}

static bool same_section(const struct key *key, const char *section)
{
	size_t size = section_size(section);

	return strlen(key->section) == size && memcmp(key->section, section, size) == 0;
}

const struct key *key_find(const char *section, const char *name)
{
	for (size_t i = 0; i < config_key_count; i++) {
		if (same_section(&config_keys[i], section) && strcmp(config_keys[i].name, name) == 0)
			return &config_keys[i];
	}
	return NULL;
}

const char *key_nearest(const char *section, const char *name)
{
	const char *names[COUNT_OF(config_keys)];
	size_t count = 0;

	for (size_t i = 0; i < config_key_count; i++) {
		if (same_section(&config_keys[i], section))
			names[count++] = config_keys[i].name;
	}
	return text_nearest(name, names, count);
}

size_t key_value_size(const char *name)
{
	static const char *const endings[] = {"_file", "_command"};
	size_t size = strlen(name);

	for (size_t i = 0; i < COUNT_OF(endings); i++) {
		char base[64];
		size_t base_size = size - strlen(endings[i]);

		if (!text_ends(name, endings[i]) || base_size >= sizeof(base))
			continue;
		memcpy(base, name, base_size);
		base[base_size] = '\0';
		if (key_is_secret(base))
			return base_size;
	}
	return size;
}

unsigned key_connection_flags(const char *name)
{
	const struct key *row = key_find("connection:", name);

	if (row)
		return row->flags;
	/* A driver's own secret goes where its endpoint leads, as a password does. */
	return key_is_secret(name) || key_value_size(name) < strlen(name) ? KEY_CREDENTIAL : 0;
}

/* Two neighbours the wrong way round: "paht". */
static bool is_swapped(const char *word, const char *known)
{
	size_t size = strlen(known);
	size_t first = 0;

	if (strlen(word) != size)
		return false;
	while (first < size && word[first] == known[first])
		first++;
	return first + 1 < size && word[first] == known[first + 1] && word[first + 1] == known[first] &&
	       strcmp(word + first + 2, known + first + 2) == 0;
}

/* "pasword"; in a short word a missing letter makes another word. */
static bool lacks_letter(const char *word, const char *known)
{
	size_t first = 0;

	if (strlen(known) < 6 || strlen(word) + 1 != strlen(known))
		return false;
	while (word[first] && word[first] == known[first])
		first++;
	return strcmp(word + first, known + first + 1) == 0;
}

const char *key_mistyped(const char *section, const char *name)
{
	for (size_t i = 0; i < config_key_count; i++) {
		const char *known = config_keys[i].name;

		if (same_section(&config_keys[i], section) &&
		    (is_swapped(name, known) || lacks_letter(name, known)))
			return known;
	}
	return NULL;
}
