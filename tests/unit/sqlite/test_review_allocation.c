/* test_review_allocation.c - the n-th allocation fails during a review, for growing n
 * until a whole one succeeds: what fails is reported, nothing leaks, and what is
 * missing was never taken for harmless. */
#include "memory.h"

#include <eloquent/review.h>

static const struct elq_review_ops *review_ops;

static const char *const statements[] = {
	"CREATE TABLE users_new (id INTEGER PRIMARY KEY, name TEXT, nick TEXT)",
	"INSERT INTO users_new (id, name) SELECT id, name FROM users",
	"DROP TABLE users",
	"ALTER TABLE users_new RENAME TO users",
	"UPDATE users SET name = 'x'",
	"INSERT INTO posts VALUES (1, 2)",
	"CREATE TEMP TABLE work (a)",
	"SELECT nobody(1)",
};
static const char expected[] = "drop_column users.email;update users.name;replace log;cannot_run ;";

static int32_t on_finding(void *context, const struct elq_finding *finding)
{
	char *found = context;
	if (finding->severity == ELQ_FINDING_NOTE)
		return 0;
	size_t size = strlen(found);
	snprintf(found + size, 256 - size, "%.*s %.*s;", (int)finding->rule.size, finding->rule.data,
		 (int)finding->object.size, finding->object.data ? finding->object.data : "");
	return 0;
}

static int32_t review_all(struct elq_connection *connection, char found[256])
{
	struct elq_review *review = NULL;
	struct elq_begin begin = {.struct_size = sizeof(begin), .flags = ELQ_BEGIN_MIGRATION};
	struct elq_finding_sink sink = {
		.struct_size = sizeof(sink), .context = found, .finding = on_finding};
	int32_t status = review_ops->begin(&call, connection, &review);
	if (status == ELQ_OK)
		status = review_ops->unit(&call, review, &begin);
	for (size_t i = 0; status == ELQ_OK && i < sizeof(statements) / sizeof(statements[0]); i++) {
		struct elq_str text = str(statements[i]);
		status = review_ops->feed(&call, review, &text, &sink);
	}
	if (status == ELQ_OK)
		status = review_ops->unit(&call, review, &begin);
	review_ops->end(&call, review);
	return status;
}

static void a_review_without_memory_fails_and_takes_nothing_for_harmless(void **state)
{
	(void)state;
	shell(database,
	      "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, email TEXT);"
	      "CREATE TABLE posts (id INTEGER PRIMARY KEY, a); CREATE TABLE log (a PRIMARY KEY);"
	      "CREATE TRIGGER t AFTER INSERT ON posts BEGIN INSERT OR REPLACE INTO log VALUES (1); END;"
	      "CREATE VIRTUAL TABLE f USING fts5(a); ANALYZE;");
	struct elq_connection *connection = open_write();
	bool whole = false;
	/* Every one of the first fifty, then every fiftieth part. */
	for (int64_t n = 1; !whole; n += 1 + n / 50) {
		char found[256] = "";
		countdown = n;
		has_failed = false;
		int32_t status = review_all(connection, found);
		whole = countdown > 0; /* it never came to the n-th */
		countdown = 0;
		if (status == ELQ_OK)
			assert_string_equal(found, expected);
		else
			assert_int_equal(status, ELQ_ERR_NOMEM);
		assert_true(n < 100000);
	}
	close_connection(connection);
}

static int load(void **state)
{
	if (memory_install(state) != 0)
		return -1;
	review_ops = driver->get_extension(ELQ_EXT_REVIEW, strlen(ELQ_EXT_REVIEW));
	return review_ops ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_review_without_memory_fails_and_takes_nothing_for_harmless, make_folder,
			remove_folder),
	};
	return cmocka_run_group_tests(tests, load, NULL);
}
