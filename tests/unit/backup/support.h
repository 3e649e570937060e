/* support.h - a yard for backups: a folder of its own, a real SQLite database behind the
 * real loader, a store beside it. What a database holds is asked of the native client. */
#ifndef TESTS_BACKUP_SUPPORT_H
#define TESTS_BACKUP_SUPPORT_H

#include "../build.h"
#include "../native.h"
#include "backup/private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define SECOND_US ((int64_t)1000000)

struct yard {
	struct arena arena;
	char root[64];
	const char *file;   /* the database */
	const char *folder; /* of the connection's backups */
	struct observer *observer;
	struct project project;
	const struct driver *driver;
	struct database *database;
	struct backup_store store;
	struct error error;
	atomic_int stop;
};

static inline void yard_run(const char *const *words)
{
	char *const none[] = {NULL};
	pid_t child = 0;
	int outcome = 0;
	assert_int_equal(
		posix_spawn(&child, words[0], NULL, NULL, (char *const *)(uintptr_t)words, none), 0);
	waitpid(child, &outcome, 0);
	assert_int_equal(outcome, 0);
}

static inline const char *yard_sql(struct yard *yard, const char *statement)
{
	return native_sql(&yard->arena, yard->file, statement);
}

static inline void yard_project(struct yard *yard)
{
	static const char *const environ[] = {NULL};
	const char *ini = arena_printf(&yard->arena,
				       "[project]\ndefault = sqlite\n\n[plugins]\ndir = %s\n\n"
				       "[connection:sqlite]\ndriver = sqlite\npath = app.sqlite\n"
				       "lock_timeout = 200ms\n",
				       build_path(&yard->arena, "plugins/sqlite"));
	const char *path = path_join(&yard->arena, yard->root, "eloquent.ini");
	assert_int_equal(file_create(path, 0600, ini, strlen(ini), &yard->error), STATUS_OK);
	struct config_input input = {
		.config = path, .environ = environ, .cwd = yard->root, .installed_plugins = "/nowhere"};
	if (project_load(yard->observer, &input, &yard->project, &yard->error) ||
	    driver_load(yard->observer, &yard->project, "sqlite", &yard->driver, &yard->error))
		fail_msg("%s", yard->error.message);
}

static inline int yard_setup(void **state)
{
	struct yard *yard = mem_alloc(sizeof(*yard));
	*state = yard;
	/* In memory where that is possible: these tests are not about the disk's speed. */
	snprintf(yard->root, sizeof(yard->root), "%s/elq-backup-XXXXXX",
		 access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp");
	if (!mkdtemp(yard->root))
		return -1;
	yard->file = path_join(&yard->arena, yard->root, "app.sqlite");
	yard->observer = observer_new();
	yard->store = (struct backup_store){
		.observer = yard->observer,
		.dir = path_join(&yard->arena, yard->root, "backups"),
		.connection = "sqlite",
		.keep = 10,
		.level = 3,
		.run = "0123456789abcdef0123456789abcdef",
		.actor = "ada",
		.tool = "eloquent test",
		.stop = &yard->stop,
	};
	yard->folder = path_join(&yard->arena, yard->store.dir, "sqlite");
	return 0;
}

/* Opens the database as it is now. */
static inline void yard_open(struct yard *yard)
{
	if (!yard->driver)
		yard_project(yard);
	if (database_open(yard->observer, &yard->project, project_connection(&yard->project, "sqlite"),
			  yard->driver, ELQ_OPEN_WRITE | ELQ_OPEN_REPLACE, &yard->database,
			  &yard->error))
		fail_msg("%s", yard->error.message);
}

static inline int yard_teardown(void **state)
{
	struct yard *yard = *state;
	database_close(yard->database);
	if (yard->driver)
		project_free(&yard->project);
	observer_free(yard->observer);
	error_clear(&yard->error);
	const char *const words[] = {"/bin/rm", "-rf", "--", yard->root, NULL};
	yard_run(words);
	arena_free(&yard->arena);
	mem_free(yard);
	return 0;
}

static inline void yard_must(struct yard *yard, enum status status)
{
	if (status)
		fail_msg("%s (%s)", yard->error.message, status_code(status));
	assert_null(yard->error.message);
}

/* The failure that was expected, and a part of what it says. */
static inline void yard_fails(struct yard *yard, enum status got, enum status expected,
			      const char *part)
{
	assert_string_equal(status_code(got), status_code(expected));
	if (!yard->error.message || !strstr(yard->error.message, part))
		fail_msg("\"%s\" does not say \"%s\"", yard->error.message ? yard->error.message : "",
			 part);
	error_clear(&yard->error);
}

static inline struct backup yard_take(struct yard *yard)
{
	struct backup backup;
	const struct backup_request request = {.reason = "test"};
	yard_must(yard, backup_take_verified(&yard->store, yard->database, &request, &yard->arena,
					     &backup, &yard->error));
	return backup;
}

static inline struct backups yard_list(struct yard *yard)
{
	struct backups list;
	yard_must(yard, backups_list(&yard->store, &list, &yard->error));
	return list;
}

/* Names in a folder but for . and .., sorted, a blank between them. */
static inline int yard_by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static inline const char *yard_names(struct yard *yard, const char *folder)
{
	const char *names[256];
	size_t count = 0;
	TEXT_CLEANUP struct text text = {0};
	DIR *listing = opendir(folder);
	struct dirent *entry;
	while (listing && (entry = readdir(listing)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 && count < 256)
			names[count++] = arena_text(&yard->arena, entry->d_name);
	if (listing)
		closedir(listing);
	if (count)
		qsort(names, count, sizeof(*names), yard_by_name);
	for (size_t i = 0; i < count; i++)
		text_printf(&text, "%s%s", i ? " " : "", names[i]);
	return arena_text(&yard->arena, text_string(&text));
}

static inline const char *yard_work(struct yard *yard)
{
	return path_join(&yard->arena, yard->store.dir, ".work");
}

/* No run's folder is left. */
static inline void yard_is_clean(struct yard *yard)
{
	assert_string_equal(yard_names(yard, yard_work(yard)), "guard");
}

/* The hash of a file's bytes. */
static inline const char *yard_hash(struct yard *yard, const char *path)
{
	TEXT_CLEANUP struct text bytes = {0};
	char hash[HASH_TEXT];
	yard_must(yard, file_read(path, TEXT_CAP, &bytes, &yard->error));
	hash_bytes(text_string(&bytes), bytes.size, hash);
	return arena_text(&yard->arena, hash);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, yard_setup, yard_teardown)

#endif
