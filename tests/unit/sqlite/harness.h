/* harness.h - the SQLite driver under test: the built plugin, loaded as the
 * program loads it, behind a tiny host of the test's own; and the native tools
 * that judge it (the sqlite3 shell, and the library for a second writer).
 *
 * One header, because each test program is one source file. */
#ifndef TEST_SQLITE_HARNESS_H
#define TEST_SQLITE_HARNESS_H

#include <eloquent/driver.h>
#include <eloquent/plugin.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

extern char **environ;

/* ---- the host ----------------------------------------------------------------- */

/* What one call left behind. */
struct seen_by_host {
	int32_t code;
	uint32_t flags;
	int64_t native;
	int64_t offset;
	int64_t statement;
	char message[4096];
	char hint[1024];
	char log[4096];
	atomic_int cancelled;
};

static inline void host_copy(char *to, size_t capacity, const struct elq_str *text)
{
	snprintf(to, capacity, "%.*s", (int)text->size, text->data ? text->data : "");
}

static inline void host_log(const struct elq_call *call, int32_t level, const char *message,
			    uint64_t size, const struct elq_field *fields, uint64_t field_count)
{
	struct seen_by_host *seen = call->context;
	(void)level, (void)fields, (void)field_count;
	snprintf(seen->log, sizeof(seen->log), "%.*s", (int)size, message);
}

static inline void host_set_error(const struct elq_call *call, const struct elq_error *error)
{
	struct seen_by_host *seen = call->context;
	seen->code = error->code;
	seen->flags = error->flags;
	seen->native = error->native;
	seen->offset = error->offset;
	seen->statement = error->statement;
	host_copy(seen->message, sizeof(seen->message), &error->message);
	host_copy(seen->hint, sizeof(seen->hint), &error->hint);
}

static inline int32_t host_cancelled(const struct elq_call *call)
{
	struct seen_by_host *seen = call->context;
	return atomic_load(&seen->cancelled);
}

static inline int64_t host_now_ns(const struct elq_call *call)
{
	struct timespec now;
	(void)call;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static const struct elq_host test_host = {
	.struct_size = sizeof(test_host),
	.abi_major = ELQ_ABI_MAJOR,
	.abi_minor = ELQ_ABI_MINOR,
	.log = host_log,
	.set_error = host_set_error,
	.cancelled = host_cancelled,
	.now_ns = host_now_ns,
};

static struct seen_by_host seen; /* by every call of the test's main thread */
static struct elq_call call = {.struct_size = sizeof(call), .host = &test_host, .context = &seen};

/* ---- the plugin ----------------------------------------------------------------- */

static const struct elq_manifest *manifest;
static const struct elq_driver *driver;
static const struct elq_history *history;
static const struct elq_lock_ops *lock_ops;
static const struct elq_schema *schema;

static inline const char *plugin_path(void)
{
	static char path[PATH_MAX + 64];
#ifdef TEST_PLUGIN_DIR
	snprintf(path, sizeof(path), "%s/elq_driver_sqlite.so", TEST_PLUGIN_DIR);
	if (access(path, R_OK) == 0)
		return path;
#endif
	/* Beside this program in the build folder: tests/unit_x, plugins/sqlite/. */
	char self[PATH_MAX];
	ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);
	assert_true(size > 0);
	self[size] = '\0';
	*strrchr(self, '/') = '\0';
	snprintf(path, sizeof(path), "%s/../plugins/sqlite/elq_driver_sqlite.so", self);
	return path;
}

static inline int load_plugin(void **state)
{
	(void)state;
	void *handle = dlopen(plugin_path(), RTLD_NOW | RTLD_LOCAL);
	if (!handle) {
		fprintf(stderr, "%s\n", dlerror());
		return -1;
	}
	elq_plugin_fn *entry = NULL;
	void *symbol = dlsym(handle, ELQ_ENTRY_SYMBOL);
	memcpy(&entry, &symbol, sizeof(entry));
	manifest = entry ? entry(ELQ_ABI_VERSION) : NULL;
	if (!manifest)
		return -1;
	driver = manifest->ops;
	history = driver->get_extension(ELQ_EXT_HISTORY, strlen(ELQ_EXT_HISTORY));
	lock_ops = driver->get_extension(ELQ_EXT_LOCK, strlen(ELQ_EXT_LOCK));
	schema = driver->get_extension(ELQ_EXT_SCHEMA, strlen(ELQ_EXT_SCHEMA));
	return history && lock_ops && schema ? 0 : -1;
}

/* ---- a folder per test ------------------------------------------------------------ */

static char folder[64];
static char database[128]; /* folder/app.db, not created */

static inline int make_folder(void **state)
{
	(void)state;
	memset(&seen, 0, sizeof(seen));
	call.deadline_ns = 0;
	snprintf(folder, sizeof(folder), "/tmp/elq-sqlite-XXXXXX");
	if (!mkdtemp(folder) || chmod(folder, 0755) != 0)
		return -1;
	snprintf(database, sizeof(database), "%s/app.db", folder);
	return 0;
}

static inline const char *in_folder(const char *name)
{
	static char path[4][256];
	static int turn;
	turn = (turn + 1) % 4;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", folder, name);
	return path[turn];
}

static inline bool exists(const char *path)
{
	struct stat file;
	return lstat(path, &file) == 0;
}

/* Runs a native tool; its standard output, cut at the capacity. NULL input: none. */
static inline int run_tool(char *const argv[], const char *input, size_t input_size, char *ret,
			   size_t capacity)
{
	int in[2];
	int out[2];
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	posix_spawn_file_actions_t actions;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in[0], 0);
	posix_spawn_file_actions_adddup2(&actions, out[1], 1);
	pid_t pid = 0;
	assert_int_equal(posix_spawn(&pid, argv[0], &actions, NULL, argv, environ), 0);
	posix_spawn_file_actions_destroy(&actions);
	close(in[0]);
	close(out[1]);
	/* Scripts are small next to a pipe's 64 KiB. */
	if (input)
		assert_int_equal(write(in[1], input, input_size), (ssize_t)input_size);
	close(in[1]);
	size_t used = 0;
	ssize_t got = 0;
	char rest[4096];
	while (used + 1 < capacity && (got = read(out[0], ret + used, capacity - 1 - used)) > 0)
		used += (size_t)got;
	while (read(out[0], rest, sizeof(rest)) > 0)
		;
	ret[used] = '\0';
	close(out[0]);
	int status = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline void remove_tree(const char *path)
{
	char *argv[] = {(char *)"/bin/rm", (char *)"-rf", (char *)path, NULL};
	char out[16];
	run_tool(argv, NULL, 0, out, sizeof(out));
}

static inline int remove_folder(void **state)
{
	(void)state;
	chmod(folder, 0755);
	remove_tree(folder);
	return 0;
}

/* The sqlite3 shell on the database: what it prints, without the last newline. */
static inline const char *shell(const char *path, const char *sql)
{
	static char out[1 << 20];
	char *argv[] = {(char *)"/usr/bin/sqlite3", (char *)"-batch", (char *)path, NULL};
	int code = run_tool(argv, sql, strlen(sql), out, sizeof(out));
	if (code != 0)
		fail_msg("sqlite3 %s: %s: exit %d", path, sql, code);
	size_t size = strlen(out);
	if (size && out[size - 1] == '\n')
		out[size - 1] = '\0';
	return out;
}

/* ---- the driver in few words ---------------------------------------------------------- */

static inline struct elq_str str(const char *text)
{
	return (struct elq_str){text, text ? strlen(text) : 0};
}

static inline int32_t try_open(const char *path, uint32_t flags, struct elq_connection **ret)
{
	struct elq_setting settings[] = {
		{sizeof(settings[0]), 0, str("path"), str(path), {0}},
		{sizeof(settings[0]), 0, str("lock_timeout"), str("200000"), {0}},
	};
	return driver->open(&call, settings, 2, flags, ret);
}

static inline struct elq_connection *open_for(const char *path, uint32_t flags)
{
	struct elq_connection *connection = NULL;
	if (try_open(path, flags, &connection) != ELQ_OK)
		fail_msg("open %s: %s", path, seen.message);
	return connection;
}

static inline struct elq_connection *open_write(void)
{
	return open_for(database, ELQ_OPEN_WRITE);
}

static inline void close_connection(struct elq_connection *connection)
{
	driver->close(&call, connection);
}

static inline int32_t try_execute(struct elq_connection *connection, const char *sql)
{
	struct elq_statement statement = {.struct_size = sizeof(statement), .text = str(sql)};
	return driver->execute(&call, connection, &statement, NULL, NULL);
}

static inline void execute(struct elq_connection *connection, const char *sql)
{
	if (try_execute(connection, sql) != ELQ_OK)
		fail_msg("%s: %s", sql, seen.message);
}

static inline int32_t try_begin(struct elq_connection *connection, uint32_t flags)
{
	struct elq_begin begin = {.struct_size = sizeof(begin), .flags = flags, .lock_timeout_us = -1};
	return driver->begin(&call, connection, &begin);
}

static inline void begin(struct elq_connection *connection, uint32_t flags)
{
	if (try_begin(connection, flags) != ELQ_OK)
		fail_msg("begin: %s", seen.message);
}

static inline void commit(struct elq_connection *connection)
{
	if (driver->commit(&call, connection) != ELQ_OK)
		fail_msg("commit: %s", seen.message);
}

static inline void rollback(struct elq_connection *connection)
{
	if (driver->rollback(&call, connection) != ELQ_OK)
		fail_msg("rollback: %s", seen.message);
}

#define MIGRATION ELQ_BEGIN_MIGRATION
#define ALONE (ELQ_BEGIN_MIGRATION | ELQ_BEGIN_AUTOCOMMIT)

/* One migration: begin, the statement, commit. */
static inline void migrate(struct elq_connection *connection, const char *sql)
{
	begin(connection, MIGRATION);
	execute(connection, sql);
	commit(connection);
}

static inline struct elq_event event_of(int64_t sequence)
{
	return (struct elq_event){
		.struct_size = sizeof(struct elq_event),
		.sequence = sequence,
		.run = str("run"),
		.batch = 1,
		.version = str("20260101000000"),
		.name = str("20260101000000_x"),
		.checksum = str("c"),
		.direction = str("up"),
		.event = str("applied"),
		.statement = -1,
		.previous = str("p"),
		.hash = str("h"),
		.duration_us = 7,
		.rows = -1,
	};
}

static inline int32_t try_append(struct elq_connection *connection, int64_t sequence)
{
	struct elq_event event = event_of(sequence);
	return history->append(&call, connection, &event);
}

static inline void make_tables(struct elq_connection *connection)
{
	begin(connection, 0);
	if (history->create(&call, connection) != ELQ_OK)
		fail_msg("create: %s", seen.message);
	commit(connection);
}

/* The first column of the first row, as text. */
static inline int32_t take_first(void *context, const struct elq_value *values, uint64_t count)
{
	char *text = context;
	if (count == 0 || text[0] != '\0')
		return 0;
	if (values[0].type == ELQ_TYPE_I64)
		snprintf(text, 256, "%lld", (long long)values[0].as.i64);
	else if (values[0].type == ELQ_TYPE_TEXT)
		snprintf(text, 256, "%.*s", (int)values[0].size, (const char *)values[0].as.data);
	return 0;
}

static inline const char *ask(struct elq_connection *connection, const char *sql)
{
	static char text[256];
	text[0] = '\0';
	struct elq_statement statement = {.struct_size = sizeof(statement), .text = str(sql)};
	struct elq_sink sink = {.struct_size = sizeof(sink), .context = text, .row = take_first};
	if (driver->execute(&call, connection, &statement, &sink, NULL) != ELQ_OK)
		fail_msg("%s: %s", sql, seen.message);
	return text;
}

/* ---- SQLite's library, for a second program and a second opinion ------------------------ */

struct sqlite3;
static inline void *library(const char *name)
{
	static void *handle;
	if (!handle)
		handle = dlopen("libsqlite3.so.0", RTLD_NOW | RTLD_LOCAL);
	assert_non_null(handle);
	void *symbol = dlsym(handle, name);
	assert_non_null(symbol);
	return symbol;
}

static inline struct sqlite3 *other_open(const char *path)
{
	int (*open_)(const char *, struct sqlite3 **) = NULL;
	void *symbol = library("sqlite3_open");
	memcpy(&open_, &symbol, sizeof(open_));
	struct sqlite3 *db = NULL;
	assert_int_equal(open_(path, &db), 0);
	return db;
}

static inline int other_execute(struct sqlite3 *db, const char *sql)
{
	int (*exec)(struct sqlite3 *, const char *, void *, void *, void *) = NULL;
	void *symbol = library("sqlite3_exec");
	memcpy(&exec, &symbol, sizeof(exec));
	return exec(db, sql, NULL, NULL, NULL);
}

static inline void other_close(struct sqlite3 *db)
{
	int (*close_)(struct sqlite3 *) = NULL;
	void *symbol = library("sqlite3_close");
	memcpy(&close_, &symbol, sizeof(close_));
	assert_int_equal(close_(db), 0);
}

/* ---- rights --------------------------------------------------------------------------- */

/* Permissions say nothing to root: runs the check in a child that is nobody.
 * The child leaves with _exit so that its parent's state stays its parent's. */
static inline int as_nobody(int (*check)(void))
{
	pid_t pid = fork();
	if (pid == 0) {
		if (geteuid() == 0 &&
		    (setresgid(65534, 65534, 65534) != 0 || setresuid(65534, 65534, 65534) != 0))
			_exit(99);
		_exit(check());
	}
	int status = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_folder, remove_folder)

#endif
