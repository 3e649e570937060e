/* A driver that puts its password into everything it says: nothing of it leaves
 * the process in any of the six forms, neither in what the core hands on nor on
 * standard error. */
#include "scene.h"

#include <sys/mman.h>

/* With characters that each disguise treats differently. */
#define PASSWORD "c'n\"ry\\%s-7*"

static const char *const forms[] = {
	PASSWORD,
	"%63%27%6E%22%72%79%5C%25%73%2D%37%2A",
	"c'n\\\"ry\\\\%s-7*",
	"c'\\''n\"ry\\%s-7*",
	"YyduInJ5XCVzLTcq",
	"63276e2272795c25732d372a",
};

static void assert_clean(const char *text)
{
	for (size_t i = 0; i < COUNT_OF(forms); i++)
		if (strstr(text, forms[i]) != NULL)
			fail_msg("\"%s\" holds \"%s\"", text, forms[i]);
}

static void assert_error_clean(const struct error *error)
{
	assert_non_null(strstr(error->message, "plain " REDACTED));
	assert_clean(error->message);
	assert_clean(error->hint);
}

struct leak {
	struct scene scene;
	struct setting items[2];
	struct connection connection;
	const struct driver *driver;
	int log; /* what standard error receives */
	int saved;
};

static void leak_open(struct leak *leak, const char *fail)
{
	*leak = (struct leak){0};
	scene_open(&leak->scene);
	scene_install(&leak->scene, "leaky");
	assert_int_equal(driver_load(leak->scene.observer, &leak->scene.project, "leaky", &leak->driver,
				     &leak->scene.error),
			 STATUS_OK);
	leak->items[0] = (struct setting){.key = "password", .value = PASSWORD};
	leak->items[1] = (struct setting){.key = "fail", .value = fail};
	leak->connection = (struct connection){.name = "main", .driver = "leaky"};
	leak->connection.settings = (struct settings){leak->items, 2, 2};
	fflush(stderr);
	leak->log = memfd_create("log", MFD_CLOEXEC);
	leak->saved = dup(STDERR_FILENO);
	assert_int_equal(dup2(leak->log, STDERR_FILENO), STDERR_FILENO);
}

/* Gives standard error back and looks at what it got. */
static void leak_close(struct leak *leak)
{
	char buffer[65536] = "";
	size_t count;
	fflush(stderr);
	dup2(leak->saved, STDERR_FILENO);
	close(leak->saved);
	assert_true(pread(leak->log, buffer, sizeof(buffer) - 1, 0) > 0);
	close(leak->log);
	assert_non_null(strstr(buffer, "open: plain " REDACTED));
	assert_clean(buffer);
	const char *const *warnings = log_warnings(leak->scene.observer, &count);
	assert_true(count > 0);
	for (size_t i = 0; i < count; i++)
		assert_clean(warnings[i]);
	scene_close(&leak->scene);
}

static void nothing_of_an_open_connection_leaks(void **state)
{
	struct leak leak;
	struct database *database = NULL;
	struct error *error = &leak.scene.error;
	(void)state;
	leak_open(&leak, "");
	assert_int_equal(database_open(leak.scene.observer, &leak.scene.project, &leak.connection,
				       leak.driver, true, &database, error),
			 STATUS_OK);
	const struct database_info *info = database_info(database);
	assert_clean(info->product);
	assert_clean(info->version);
	assert_clean(info->name);
	assert_clean(info->location);
	assert_int_equal(database_begin(database, ELQ_BEGIN_MIGRATION, NULL, 0, -1, error), STATUS_OK);
	assert_int_equal(database_execute(database, "x", 1, NULL, error), STATUS_STATEMENT_FAILED);
	assert_error_clean(error);
	assert_int_equal(database_commit(database, error), STATUS_STATEMENT_FAILED);
	assert_error_clean(error);
	assert_int_equal(database_rollback(database, error), STATUS_OK);
	database_close(database);
	leak_close(&leak);
}

static void a_failure_to_open_leaks_nothing_either(void **state)
{
	struct leak leak;
	struct database *database = NULL;
	(void)state;
	leak_open(&leak, "open");
	assert_int_equal(database_open(leak.scene.observer, &leak.scene.project, &leak.connection,
				       leak.driver, true, &database, &leak.scene.error),
			 STATUS_CONNECT);
	assert_error_clean(&leak.scene.error);
	leak_close(&leak);
}

/* It has none at all: the sentence is the one without a connection in it. */
static void a_driver_without_extensions_says_so(void **state)
{
	struct leak leak;
	struct database *database = NULL;
	(void)state;
	leak_open(&leak, "");
	assert_int_equal(database_open(leak.scene.observer, &leak.scene.project, &leak.connection,
				       leak.driver, true, &database, &leak.scene.error),
			 STATUS_OK);
	assert_int_equal(database_history_create(database, &leak.scene.error), STATUS_UNSUPPORTED);
	assert_says(&leak.scene, "the driver leaky does not have the extension elq.history/draft-2");
	database_close(database);
	leak_close(&leak);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_of_an_open_connection_leaks),
		cmocka_unit_test(a_failure_to_open_leaks_nothing_either),
		cmocka_unit_test(a_driver_without_extensions_says_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
