/* test_open.c - opening a database: where it may be, what is refused, and that
 * reading never creates or changes anything. */
#include "harness.h"

static struct elq_description describe(struct elq_connection *connection)
{
	struct elq_description description = {.struct_size = sizeof(description)};
	assert_int_equal(driver->describe(&call, connection, &description), ELQ_OK);
	return description;
}

static bool str_is(struct elq_str text, const char *wanted)
{
	return text.size == strlen(wanted) && memcmp(text.data, wanted, text.size) == 0;
}

static void refused(const char *path, uint32_t flags, int32_t code, const char *words)
{
	struct elq_connection *connection = (void *)1;
	assert_int_equal(try_open(path, flags, &connection), code);
	assert_null(connection);
	if (!strstr(seen.message, words))
		fail_msg("\"%s\" does not say \"%s\"", seen.message, words);
}

static void description_names_file_product_and_place(void **state)
{
	(void)state;
	shell(database, "CREATE TABLE t(x);");
	struct elq_connection *connection = open_write();
	struct elq_description is = describe(connection);
	struct stat file;
	char identity[128];
	assert_int_equal(stat(database, &file), 0);
	snprintf(identity, sizeof(identity), "sqlite:%llu:%llu", (unsigned long long)file.st_dev,
		 (unsigned long long)file.st_ino);
	assert_true(str_is(is.identity, identity));
	assert_true(str_is(is.product, "SQLite"));
	assert_true(str_is(is.database, "app.db"));
	assert_true(str_is(is.location, database));
	assert_int_equal(is.flags, ELQ_CONN_EXISTS | ELQ_CONN_TRANSACTIONAL_DDL | ELQ_CONN_PERSISTENT);
	assert_int_equal(is.caps, ELQ_CAP_HISTORY | ELQ_CAP_LOCK | ELQ_CAP_SCHEMA | ELQ_CAP_DIGEST |
					  ELQ_CAP_BACKUP | ELQ_CAP_SCRATCH | ELQ_CAP_LOAD |
					  ELQ_CAP_REVIEW);
	close_connection(connection);
}

static void an_absent_database_stays_absent_while_it_is_read(void **state)
{
	(void)state;
	for (uint32_t flags = 0; flags <= ELQ_OPEN_WRITE; flags++) {
		struct elq_connection *connection = open_for(database, flags);
		assert_int_equal(describe(connection).flags & ELQ_CONN_EXISTS, 0);
		int32_t rows = 7;
		assert_int_equal(schema->holds_rows(&call, connection, &rows), ELQ_OK);
		assert_int_equal(rows, 0);
		struct elq_event_sink sink = {.struct_size = sizeof(sink)};
		assert_int_equal(history->read(&call, connection, 0, &sink), ELQ_OK);
		assert_string_equal(ask(connection, "SELECT count(*) FROM sqlite_schema"), "0");
		struct elq_lock_holder holder = {.struct_size = sizeof(holder)};
		assert_int_equal(lock_ops->inspect(&call, connection, &holder), ELQ_OK);
		assert_null(holder.id.data);
		close_connection(connection);
		assert_false(exists(database));
		assert_false(exists(in_folder("app.db.eloquent-lock")));
	}
}

static void an_absent_database_stays_absent_when_a_unit_ends_without_a_statement(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	begin(connection, MIGRATION);
	rollback(connection);
	begin(connection, 0);
	commit(connection);
	close_connection(connection);
	assert_false(exists(database));
}

static void an_absent_database_stays_absent_when_its_first_write_is_refused(void **state)
{
	(void)state;
	struct elq_connection *connection = open_for(database, 0);
	assert_int_equal(try_begin(connection, 0), ELQ_ERR_INVALID);
	assert_int_equal(try_execute(connection, "CREATE TABLE t(x)"), ELQ_ERR_FAILED);
	close_connection(connection);
	assert_false(exists(database));
}

static void the_first_write_creates_the_database(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	make_tables(connection);
	assert_true(describe(connection).flags & ELQ_CONN_EXISTS);
	close_connection(connection);
	assert_string_equal(shell(database, ".tables"), "eloquent_history  eloquent_meta   ");
}

static void a_write_outside_a_unit_creates_the_database_too(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	execute(connection, "CREATE TABLE t(x)");
	close_connection(connection);
	assert_string_equal(shell(database, ".tables"), "t");
}

static void a_database_that_comes_into_being_meanwhile_is_seen(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	assert_int_equal(describe(connection).flags & ELQ_CONN_EXISTS, 0);
	shell(database, "CREATE TABLE t(x); INSERT INTO t VALUES(1);");
	int32_t rows = 0;
	assert_int_equal(schema->holds_rows(&call, connection, &rows), ELQ_OK);
	assert_int_equal(rows, 1);
	assert_true(describe(connection).flags & ELQ_CONN_EXISTS);
	close_connection(connection);
}

static void an_empty_file_is_an_empty_database(void **state)
{
	(void)state;
	close(open(database, O_CREAT | O_WRONLY, 0644));
	struct elq_connection *connection = open_write();
	assert_true(describe(connection).flags & ELQ_CONN_EXISTS);
	migrate(connection, "CREATE TABLE t(x)");
	close_connection(connection);
	assert_string_equal(shell(database, ".tables"), "t");
}

static void the_folder_must_exist(void **state)
{
	(void)state;
	refused(in_folder("no/such/app.db"), ELQ_OPEN_WRITE, ELQ_ERR_CONNECT, "does not exist");
	refused(in_folder("no/such/app.db"), 0, ELQ_ERR_CONNECT, "does not exist");
	assert_string_equal(seen.hint, "create it, or correct the path");
}

static void what_is_no_database_file_is_refused(void **state)
{
	(void)state;
	assert_int_equal(mkfifo(in_folder("pipe"), 0644), 0);
	refused(folder, 0, ELQ_ERR_CONNECT, "is a folder");
	refused(in_folder(""), 0, ELQ_ERR_CONNECT, "is a folder");
	refused(in_folder("pipe"), 0, ELQ_ERR_CONNECT, "not a regular file");
	refused("", 0, ELQ_ERR_INVALID, "empty path");
	refused(":memory:", 0, ELQ_ERR_INVALID, "in memory");
	refused(in_folder(":memory:"), 0, ELQ_ERR_INVALID, "in memory");
}

static void overwrite(const char *path, off_t offset, const char *bytes, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0644);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, size, offset), (ssize_t)size);
	close(fd);
}

static void a_damaged_database_is_refused_with_sqlites_words(void **state)
{
	(void)state;
	char text[4096];
	memset(text, 'x', sizeof(text));
	overwrite(database, 0, text, sizeof(text));
	refused(database, 0, ELQ_ERR_CORRUPT, "file is not a database");
	unlink(database);
	shell(database, "CREATE TABLE t(x);");
	overwrite(database, 100, text, 2000); /* the schema's page, behind the header */
	refused(database, ELQ_OPEN_WRITE, ELQ_ERR_CORRUPT, "malformed");
}

static void a_second_hard_link_is_refused_for_writing_and_not_for_reading(void **state)
{
	(void)state;
	shell(database, "CREATE TABLE t(x);");
	assert_int_equal(link(database, in_folder("twin.db")), 0);
	refused(database, ELQ_OPEN_WRITE, ELQ_ERR_CONNECT, "has 2 hard links");
	close_connection(open_for(database, 0));
}

static void a_hard_link_made_later_stops_the_next_unit(void **state)
{
	(void)state;
	shell(database, "CREATE TABLE t(x);");
	struct elq_connection *connection = open_write();
	assert_int_equal(link(database, in_folder("twin.db")), 0);
	assert_int_equal(try_begin(connection, MIGRATION), ELQ_ERR_CONNECT);
	close_connection(connection);
}

static void a_file_exchanged_under_us_is_not_written_to(void **state)
{
	(void)state;
	shell(database, "CREATE TABLE t(x);");
	struct elq_connection *connection = open_write();
	assert_int_equal(rename(database, in_folder("old.db")), 0);
	assert_int_equal(try_begin(connection, MIGRATION), ELQ_ERR_CONNECT);
	assert_non_null(strstr(seen.message, "removed"));
	shell(database, "CREATE TABLE other(x);");
	assert_int_equal(try_begin(connection, MIGRATION), ELQ_ERR_CONNECT);
	assert_non_null(strstr(seen.message, "replaced"));
	struct elq_lock *lock = NULL;
	struct elq_lock_holder owner = {.struct_size = sizeof(owner), .id = str("a")};
	assert_int_equal(lock_ops->acquire(&call, connection, &owner, &lock), ELQ_ERR_CONNECT);
	close_connection(connection);
}

static void links_lead_to_one_identity_and_one_lock_file(void **state)
{
	(void)state;
	assert_int_equal(mkdir(in_folder("real"), 0755), 0);
	shell(in_folder("real/app.db"), "CREATE TABLE t(x);");
	assert_int_equal(symlink("real/app.db", in_folder("link.db")), 0);
	struct elq_connection *direct = open_for(in_folder("real/app.db"), ELQ_OPEN_WRITE);
	struct elq_connection *linked = open_for(in_folder("link.db"), ELQ_OPEN_WRITE);
	struct elq_description is = describe(linked);
	assert_true(str_is(is.location, in_folder("real/app.db")));
	assert_true(str_is(is.database, "app.db"));
	struct elq_description direct_is = describe(direct);
	assert_int_equal(is.identity.size, direct_is.identity.size);
	assert_memory_equal(is.identity.data, direct_is.identity.data, is.identity.size);
	struct elq_lock *lock = NULL;
	struct elq_lock_holder owner = {.struct_size = sizeof(owner), .id = str("a")};
	assert_int_equal(lock_ops->acquire(&call, linked, &owner, &lock), ELQ_OK);
	assert_true(exists(in_folder("real/app.db.eloquent-lock")));
	lock_ops->release(&call, lock);
	close_connection(direct);
	close_connection(linked);
}

static void a_link_to_nothing_names_the_database_it_would_be(void **state)
{
	(void)state;
	assert_int_equal(symlink("app.db", in_folder("link.db")), 0);
	struct elq_connection *direct = open_write();
	struct elq_connection *linked = open_for(in_folder("link.db"), ELQ_OPEN_WRITE);
	struct elq_description a = describe(direct);
	struct elq_description b = describe(linked);
	assert_int_equal(a.identity.size, b.identity.size);
	assert_memory_equal(a.identity.data, b.identity.data, a.identity.size);
	migrate(linked, "CREATE TABLE t(x)");
	assert_string_equal(ask(direct, "SELECT name FROM sqlite_schema"), "t");
	close_connection(direct);
	close_connection(linked);
	assert_int_equal(symlink("loop.db", in_folder("loop.db")), 0);
	refused(in_folder("loop.db"), 0, ELQ_ERR_CONNECT, "too many links");
}

static int32_t open_url(const char *url, struct elq_connection **ret)
{
	struct elq_setting setting = {sizeof(setting), ELQ_PARAM_SECRET, str("url"), str(url), {0}};
	return driver->open(&call, &setting, 1, 0, ret);
}

static void a_url_names_a_relative_or_absolute_path(void **state)
{
	(void)state;
	static const char *const forms[] = {"sqlite:%s", "sqlite://%s", "sqlite3:%s", "SQLITE:%s",
					    NULL};
	shell(database, "CREATE TABLE t(x);");
	for (const char *const *form = forms; *form; form++) {
		char url[256];
		struct elq_connection *connection = NULL;
		size_t mark = strcspn(*form, "%");
		snprintf(url, sizeof(url), "%.*s%s", (int)mark, *form, database);
		assert_int_equal(open_url(url, &connection), ELQ_OK);
		assert_true(str_is(describe(connection).location, database));
		close_connection(connection);
	}
	char before[PATH_MAX];
	assert_non_null(getcwd(before, sizeof(before)));
	assert_int_equal(chdir(folder), 0);
	struct elq_connection *connection = NULL;
	assert_int_equal(open_url("sqlite:%61pp.db", &connection), ELQ_OK);
	assert_true(str_is(describe(connection).location, database));
	close_connection(connection);
	assert_int_equal(chdir(before), 0);
}

static void a_bad_url_is_refused_and_not_repeated(void **state)
{
	(void)state;
	static const struct {
		const char *url;
		const char *words;
	} cases[] = {
		{"postgres://x/s3cret", "begins with sqlite:"},
		{"s3cret", "begins with sqlite:"},
		{"sqlite://host/s3cret", "names no host"},
		{"sqlite:s3cret?mode=ro", "no options"},
		{"sqlite:s3cret%zz", "broken % sequence"},
		{"sqlite:s3cret%00", "broken % sequence"},
		{"sqlite::memory:", "in memory"},
		{"sqlite:", "empty path"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct elq_connection *connection = NULL;
		assert_int_equal(open_url(cases[i].url, &connection), ELQ_ERR_INVALID);
		if (!strstr(seen.message, cases[i].words))
			fail_msg("%s: %s", cases[i].url, seen.message);
		assert_null(strstr(seen.message, "s3cret"));
	}
}

static void settings_are_one_place_and_known_keys(void **state)
{
	(void)state;
	struct elq_connection *connection = NULL;
	struct elq_setting both[] = {{sizeof(both[0]), 0, str("path"), str(database), {0}},
				     {sizeof(both[0]), 0, str("url"), str("sqlite:x"), {0}}};
	assert_int_equal(driver->open(&call, both, 2, 0, &connection), ELQ_ERR_INVALID);
	assert_int_equal(driver->open(&call, NULL, 0, 0, &connection), ELQ_ERR_INVALID);
	struct elq_setting unknown[] = {{sizeof(unknown[0]), 0, str("path"), str(database), {0}},
					{sizeof(unknown[0]), 0, str("sslmode"), str("x"), {0}}};
	assert_int_equal(driver->open(&call, unknown, 2, 0, &connection), ELQ_ERR_INVALID);
	assert_non_null(strstr(seen.message, "sslmode"));
	unknown[1].name = str("lock_timeout");
	assert_int_equal(driver->open(&call, unknown, 2, 0, &connection), ELQ_ERR_INVALID);
}

static void the_journal_mode_is_left_as_it_is(void **state)
{
	(void)state;
	shell(database, "PRAGMA journal_mode=wal; CREATE TABLE t(x);");
	struct elq_connection *connection = open_write();
	make_tables(connection);
	migrate(connection, "CREATE TABLE u(x)");
	close_connection(connection);
	assert_string_equal(shell(database, "PRAGMA journal_mode;"), "wal");
}

static void the_manifest_names_what_the_host_may_set(void **state)
{
	(void)state;
	assert_int_equal(manifest->magic, ELQ_MANIFEST_MAGIC);
	assert_int_equal(manifest->param_count, 4);
	static const char *const names[] = {"path", "url", "lock_timeout", "foreign_keys"};
	for (uint64_t i = 0; i < manifest->param_count; i++)
		assert_true(str_is(manifest->params[i].name, names[i]));
	assert_int_equal(manifest->params[1].flags, ELQ_PARAM_SECRET);
	assert_int_equal(manifest->params[3].flags, ELQ_PARAM_MIGRATION);
	assert_null(driver->get_extension("elq.none/1", 10));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(description_names_file_product_and_place),
		TEST(an_absent_database_stays_absent_while_it_is_read),
		TEST(an_absent_database_stays_absent_when_a_unit_ends_without_a_statement),
		TEST(an_absent_database_stays_absent_when_its_first_write_is_refused),
		TEST(the_first_write_creates_the_database),
		TEST(a_write_outside_a_unit_creates_the_database_too),
		TEST(a_database_that_comes_into_being_meanwhile_is_seen),
		TEST(an_empty_file_is_an_empty_database),
		TEST(the_folder_must_exist),
		TEST(what_is_no_database_file_is_refused),
		TEST(a_damaged_database_is_refused_with_sqlites_words),
		TEST(a_second_hard_link_is_refused_for_writing_and_not_for_reading),
		TEST(a_hard_link_made_later_stops_the_next_unit),
		TEST(a_file_exchanged_under_us_is_not_written_to),
		TEST(links_lead_to_one_identity_and_one_lock_file),
		TEST(a_link_to_nothing_names_the_database_it_would_be),
		TEST(a_url_names_a_relative_or_absolute_path),
		TEST(a_bad_url_is_refused_and_not_repeated),
		TEST(settings_are_one_place_and_known_keys),
		TEST(the_journal_mode_is_left_as_it_is),
		TEST(the_manifest_names_what_the_host_may_set),
	};
	return cmocka_run_group_tests(tests, load_plugin, NULL);
}
