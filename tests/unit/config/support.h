/* support.h - a project folder of a test's own, and project_load on it. Real
 * files, a real observer; the environment is only what the test names. */
#ifndef TESTS_UNIT_CONFIG_SUPPORT_H
#define TESTS_UNIT_CONFIG_SUPPORT_H

#include "config/config.h"

#include <fcntl.h>
#include <ftw.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define UNUSED __attribute__((unused))

struct fixture {
	struct arena arena;
	struct observer *observer;
	struct config_input input;
	struct project project;
	struct error error;
	enum status status;
	char folder[64];
};

/* Who acts when no variable says so. */
static UNUSED const char *process_user(struct fixture *fixture)
{
	FILE *accounts = fopen("/etc/passwd", "re");
	const struct passwd *user;

	assert_non_null(accounts);
	do
		user = fgetpwent(accounts);
	while (user && user->pw_uid != geteuid());
	fclose(accounts);
	return user ? arena_text(&fixture->arena, user->pw_name)
		    : arena_printf(&fixture->arena, "uid %lld", (long long)geteuid());
}

static UNUSED int fixture_setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	memcpy(fixture->folder, "/tmp/eloquent-config-XXXXXX", sizeof("/tmp/eloquent-config-XXXXXX"));
	if (!mkdtemp(fixture->folder))
		return -1;
	fixture->observer = observer_new();
	log_configure(fixture->observer, LOG_WARN, LOG_TEXT);
	fixture->input.cwd = fixture->folder;
	fixture->input.installed_plugins = "/usr/lib/eloquent/plugins";
	*state = fixture;
	return 0;
}

static int remove_one(const char *path, const struct stat *found UNUSED, int kind UNUSED,
		      struct FTW *where UNUSED)
{
	return remove(path);
}

static UNUSED int fixture_teardown(void **state)
{
	struct fixture *fixture = *state;

	nftw(fixture->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	project_free(&fixture->project);
	error_clear(&fixture->error);
	observer_free(fixture->observer);
	arena_free(&fixture->arena);
	free(fixture);
	return 0;
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

static UNUSED const char *in_folder(struct fixture *fixture, const char *name)
{
	return arena_printf(&fixture->arena, "%s/%s", fixture->folder, name);
}

static UNUSED const char *put_bytes(struct fixture *fixture, const char *name, const char *data,
				    size_t size, mode_t mode)
{
	const char *path = in_folder(fixture, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, data, size), STATUS_OK);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
	return path;
}

static UNUSED const char *put(struct fixture *fixture, const char *name, const char *text)
{
	return put_bytes(fixture, name, text, strlen(text), 0600);
}

static UNUSED const char *put_ini(struct fixture *fixture, const char *text)
{
	return put(fixture, "eloquent.ini", text);
}

static UNUSED void put_folder(struct fixture *fixture, const char *name)
{
	assert_int_equal(mkdir(in_folder(fixture, name), 0700), 0);
}

/* The words behind the fixture are the whole environment; NULL ends. */
static UNUSED __attribute__((sentinel)) enum status load(struct fixture *fixture, ...)
{
	static const char *environment[32];
	va_list args;
	size_t count = 0;

	va_start(args, fixture);
	do
		environment[count] = va_arg(args, const char *);
	while (environment[count++]);
	va_end(args);
	project_free(&fixture->project);
	error_clear(&fixture->error);
	fixture->input.environ = environment;
	fixture->status =
		project_load(fixture->observer, &fixture->input, &fixture->project, &fixture->error);
	/* One sentence per failure, none per success, and nothing half built. */
	assert_true((fixture->status == STATUS_OK) == (fixture->error.message == NULL));
	if (fixture->status)
		assert_null(fixture->project.root);
	return fixture->status;
}

static UNUSED void must(struct fixture *fixture)
{
	if (fixture->status)
		fail_msg("refused: %s", fixture->error.message);
}

/* It was refused with exit 2, and message or hint hold each of these words. */
static UNUSED __attribute__((sentinel)) void refused(struct fixture *fixture, ...)
{
	va_list args;
	const char *whole = arena_printf(&fixture->arena, "%s\n%s",
					 fixture->error.message ? fixture->error.message : "(no error)",
					 fixture->error.hint ? fixture->error.hint : "");

	assert_int_equal(status_exit(fixture->status), 2);
	va_start(args, fixture);
	for (const char *word; (word = va_arg(args, const char *)) != NULL;) {
		if (!strstr(whole, word))
			fail_msg("\"%s\" is not in: %s", word, whole);
	}
	va_end(args);
}

static UNUSED const struct connection *connection(struct fixture *fixture, const char *name)
{
	must(fixture);
	return project_connection(&fixture->project, name);
}

/* A setting's value, or NULL. */
static UNUSED const char *value(struct fixture *fixture, const char *name, const char *key)
{
	const struct connection *found = connection(fixture, name);
	const struct setting *setting;

	assert_non_null(found);
	setting = settings_find(&found->settings, key);
	return setting ? setting->value : NULL;
}

static UNUSED void value_is(struct fixture *fixture, const char *name, const char *key,
			    const char *expected)
{
	const char *found = value(fixture, name, key);

	if (!text_equal(found, expected))
		fail_msg("%s.%s is %s, not %s", name, key, found ? found : "unset",
			 expected ? expected : "unset");
}

static UNUSED const struct setting *resolved(struct fixture *fixture, const char *key)
{
	must(fixture);
	return settings_find(&fixture->project.resolved, key);
}

/* Is this text masked wherever it leaves the process? */
static UNUSED bool masked(struct fixture *fixture, const char *secret)
{
	TEXT_CLEANUP struct text text = {0};
	const char *sentence = arena_printf(&fixture->arena, "before %s after", secret);

	redact(fixture->observer, sentence, strlen(sentence), &text);
	return strstr(text_string(&text), secret) == NULL;
}

static UNUSED bool warned(struct fixture *fixture, const char *word)
{
	size_t count = 0;
	const char *const *warnings = log_warnings(fixture->observer, &count);

	for (size_t i = 0; i < count; i++) {
		if (strstr(warnings[i], word))
			return true;
	}
	return false;
}

#endif
