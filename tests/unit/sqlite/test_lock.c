/* test_lock.c - one run at a time: who holds the lock, what a dead holder
 * leaves, and that the lock file is never somebody else's file. */
#include "../skip.h"
#include "harness.h"

static struct elq_lock_holder owner_named(const char *id)
{
	return (struct elq_lock_holder){
		.struct_size = sizeof(struct elq_lock_holder),
		.pid = getpid(),
		.id = str(id),
		.actor = str("ada"),
		.host = str("machine"),
		.command = str("migrate:run"),
		.since = str("2026-01-02T03:04:05Z"),
	};
}

static int32_t try_lock(struct elq_connection *connection, const char *id, struct elq_lock **ret)
{
	struct elq_lock_holder owner = owner_named(id);
	return lock_ops->acquire(&call, connection, &owner, ret);
}

static struct elq_lock_holder inspect(struct elq_connection *connection)
{
	struct elq_lock_holder holder = {.struct_size = sizeof(holder)};
	if (lock_ops->inspect(&call, connection, &holder) != ELQ_OK)
		fail_msg("%s", seen.message);
	return holder;
}

static bool str_is(struct elq_str text, const char *wanted)
{
	return text.data && text.size == strlen(wanted) && memcmp(text.data, wanted, text.size) == 0;
}

static int32_t take_over(struct elq_connection *connection, const char *id)
{
	struct elq_str wanted = str(id);
	return lock_ops->take_over(&call, connection, &wanted);
}

static void two_connections_of_one_process_exclude_each_other(void **state)
{
	(void)state;
	struct elq_connection *first = open_write();
	struct elq_connection *second = open_write();
	struct elq_lock *lock = NULL;
	struct elq_lock *other = NULL;
	assert_int_equal(try_lock(first, "a", &lock), ELQ_OK);
	assert_int_equal(try_lock(second, "b", &other), ELQ_ERR_LOCKED);
	assert_int_equal(try_lock(first, "a", &other), ELQ_ERR_LOCKED);
	assert_null(other);
	lock_ops->release(&call, lock);
	assert_int_equal(try_lock(second, "b", &other), ELQ_OK);
	lock_ops->release(&call, other);
	lock_ops->release(&call, NULL);
	close_connection(first);
	close_connection(second);
}

static void the_holder_is_named_to_whoever_asks(void **state)
{
	(void)state;
	struct elq_connection *first = open_write();
	struct elq_connection *second = open_for(database, 0);
	struct elq_lock *lock = NULL;
	assert_int_equal(try_lock(first, "a", &lock), ELQ_OK);
	struct elq_lock_holder holder = inspect(second);
	assert_int_equal(holder.held, 1);
	assert_true(str_is(holder.id, "a"));
	assert_true(str_is(holder.actor, "ada"));
	assert_true(str_is(holder.host, "machine"));
	assert_true(str_is(holder.command, "migrate:run"));
	assert_true(str_is(holder.since, "2026-01-02T03:04:05Z"));
	assert_int_equal(holder.pid, getpid());
	lock_ops->release(&call, lock);
	close_connection(first);
	close_connection(second);
}

static void after_a_clean_release_nobody_was_there(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	struct elq_lock *lock = NULL;
	assert_int_equal(try_lock(connection, "a", &lock), ELQ_OK);
	assert_int_equal(lock_ops->renew(&call, lock), ELQ_OK);
	lock_ops->release(&call, lock);
	struct elq_lock_holder holder = inspect(connection);
	assert_int_equal(holder.held, 0);
	assert_null(holder.id.data);
	assert_true(exists(in_folder("app.db.eloquent-lock")));
	close_connection(connection);
}

static void die_holding(const char *id)
{
	pid_t pid = fork();
	if (pid == 0) {
		struct elq_lock *lock = NULL;
		_exit(try_lock(open_write(), id, &lock) == ELQ_OK ? 0 : 1);
	}
	int status = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void a_dead_holder_is_not_a_holder_but_is_remembered(void **state)
{
	(void)state;
	die_holding("dead");
	struct elq_connection *connection = open_write();
	struct elq_lock_holder holder = inspect(connection);
	assert_int_equal(holder.held, 0);
	assert_true(str_is(holder.id, "dead"));
	struct elq_lock *lock = NULL;
	assert_int_equal(try_lock(connection, "next", &lock), ELQ_OK); /* no lease to wait for */
	holder = inspect(connection);
	assert_int_equal(holder.held, 1);
	assert_true(str_is(holder.id, "next"));
	lock_ops->release(&call, lock);
	close_connection(connection);
}

static void take_over_removes_a_dead_holder_of_that_id_only(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	assert_int_equal(take_over(connection, "dead"), ELQ_ERR_NOT_FOUND);
	die_holding("dead");
	assert_int_equal(take_over(connection, "other"), ELQ_ERR_NOT_FOUND);
	assert_int_equal(take_over(connection, "dea"), ELQ_ERR_NOT_FOUND);
	assert_true(str_is(inspect(connection).id, "dead"));
	assert_int_equal(take_over(connection, "dead"), ELQ_OK);
	assert_null(inspect(connection).id.data);
	assert_int_equal(take_over(connection, "dead"), ELQ_ERR_NOT_FOUND);
	close_connection(connection);
}

static void a_living_holder_is_not_taken_over(void **state)
{
	(void)state;
	struct elq_connection *first = open_write();
	struct elq_connection *second = open_write();
	struct elq_lock *lock = NULL;
	assert_int_equal(try_lock(first, "a", &lock), ELQ_OK);
	assert_int_equal(take_over(second, "a"), ELQ_ERR_LOCKED);
	assert_true(str_is(inspect(second).id, "a"));
	lock_ops->release(&call, lock);
	close_connection(first);
	close_connection(second);
}

static void the_lock_file_is_never_somebody_elses_file(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	int fd = open(in_folder("precious"), O_CREAT | O_WRONLY, 0644);
	assert_int_equal(write(fd, "data", 4), 4);
	close(fd);
	assert_int_equal(symlink("precious", in_folder("app.db.eloquent-lock")), 0);
	struct elq_lock *lock = NULL;
	assert_int_equal(try_lock(connection, "a", &lock), ELQ_ERR_FAILED);
	assert_string_equal(seen.hint, "remove that link; the lock file must be a file of its own");
	struct stat file;
	assert_int_equal(stat(in_folder("precious"), &file), 0);
	assert_int_equal(file.st_size, 4);
	unlink(in_folder("app.db.eloquent-lock"));
	assert_int_equal(mkfifo(in_folder("app.db.eloquent-lock"), 0644), 0);
	assert_int_equal(try_lock(connection, "a", &lock), ELQ_ERR_FAILED);
	assert_non_null(strstr(seen.message, "not a regular file"));
	unlink(in_folder("app.db.eloquent-lock"));
	assert_int_equal(link(in_folder("precious"), in_folder("app.db.eloquent-lock")), 0);
	assert_int_equal(try_lock(connection, "a", &lock), ELQ_ERR_FAILED);
	assert_int_equal(stat(in_folder("precious"), &file), 0);
	assert_int_equal(file.st_size, 4);
	close_connection(connection);
}

static mode_t mode_of(const char *name)
{
	struct stat file;
	assert_int_equal(stat(in_folder(name), &file), 0);
	return file.st_mode & 07777;
}

static void lock_once(struct elq_connection *connection)
{
	struct elq_lock *lock = NULL;
	assert_int_equal(try_lock(connection, "a", &lock), ELQ_OK);
	lock_ops->release(&call, lock);
}

/* As a new file, and as one that is there with another mode; under any umask. */
static void who_may_write_the_database_may_lock_it(void **state)
{
	(void)state;
	static const mode_t modes[][2] = {{0660, 0660}, {0644, 0644}, {0600, 0600},
					  {0666, 0666}, {0664, 0664}, {0770, 0660}};
	struct elq_connection *connection = open_write();
	begin(connection, MIGRATION);
	execute(connection, "CREATE TABLE t(x)");
	commit(connection);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		assert_int_equal(chmod(database, modes[i][0]), 0);
		mode_t before = umask(i % 2 ? 077 : 022);
		lock_once(connection);
		assert_int_equal(mode_of("app.db.eloquent-lock"), modes[i][1]);
		unlink(in_folder("app.db.eloquent-lock"));
		lock_once(connection);
		assert_int_equal(mode_of("app.db.eloquent-lock"), modes[i][1]);
		umask(before);
	}
	close_connection(connection);
}

/* A group that this user is in beside its own; 0 when there is none. */
static gid_t second_group(void)
{
	gid_t groups[64];
	int count = getgroups(64, groups);
	for (int i = 0; i < count; i++)
		if (groups[i] != getegid())
			return groups[i];
	return geteuid() == 0 ? 12345 : 0;
}

static void the_lock_file_is_of_the_databases_group(void **state)
{
	(void)state;
	struct stat file;
	gid_t group = second_group();
	if (!group)
		SKIP_BECAUSE("this needs root, or a user of two groups");
	struct elq_connection *connection = open_write();
	begin(connection, MIGRATION);
	execute(connection, "CREATE TABLE t(x)");
	commit(connection);
	assert_int_equal(chown(database, (uid_t)-1, group), 0);
	assert_int_equal(chmod(database, 0660), 0);
	lock_once(connection);
	assert_int_equal(stat(in_folder("app.db.eloquent-lock"), &file), 0);
	assert_int_equal(file.st_gid, group);
	assert_int_equal(file.st_mode & 07777, 0660);
	close_connection(connection);
}

static void beside_an_absent_database_the_lock_file_is_as_that_will_be(void **state)
{
	(void)state;
	mode_t before = umask(027);
	struct elq_connection *connection = open_write();
	lock_once(connection);
	begin(connection, MIGRATION);
	execute(connection, "CREATE TABLE t(x)");
	commit(connection);
	umask(before);
	assert_int_equal(mode_of("app.db.eloquent-lock"), mode_of("app.db"));
	close_connection(connection);
}

static void a_lock_file_that_was_removed_is_noticed_by_renew(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	struct elq_lock *lock = NULL;
	assert_int_equal(try_lock(connection, "a", &lock), ELQ_OK);
	unlink(in_folder("app.db.eloquent-lock"));
	assert_int_equal(lock_ops->renew(&call, lock), ELQ_ERR_LOST);
	lock_ops->release(&call, lock);
	close_connection(connection);
}

static void a_value_cannot_forge_a_line(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	struct elq_lock_holder owner = owner_named("a");
	owner.actor = str("x\nid=forged");
	owner.command = (struct elq_str){NULL, 0};
	struct elq_lock *lock = NULL;
	assert_int_equal(lock_ops->acquire(&call, connection, &owner, &lock), ELQ_OK);
	struct elq_lock_holder holder = inspect(connection);
	assert_true(str_is(holder.id, "a"));
	assert_true(str_is(holder.actor, "x id=forged"));
	assert_null(holder.command.data);
	lock_ops->release(&call, lock);
	close_connection(connection);
}

static void a_torn_or_foreign_lock_file_is_read_without_harm(void **state)
{
	(void)state;
	static const char *const contents[] = {"id=half", "\n\n=\nid=\n",
					       "pid=99999999999999999999\nid=x\n",
					       "future=1\nid=y\npid=-4\n"};
	struct elq_connection *connection = open_write();
	for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
		int fd = open(in_folder("app.db.eloquent-lock"), O_CREAT | O_TRUNC | O_WRONLY, 0644);
		assert_true(write(fd, contents[i], strlen(contents[i])) > 0);
		close(fd);
		assert_int_equal(inspect(connection).held, 0);
	}
	assert_true(str_is(inspect(connection).id, "y"));
	close_connection(connection);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(two_connections_of_one_process_exclude_each_other),
		TEST(the_holder_is_named_to_whoever_asks),
		TEST(after_a_clean_release_nobody_was_there),
		TEST(a_dead_holder_is_not_a_holder_but_is_remembered),
		TEST(take_over_removes_a_dead_holder_of_that_id_only),
		TEST(a_living_holder_is_not_taken_over),
		TEST(the_lock_file_is_never_somebody_elses_file),
		TEST(who_may_write_the_database_may_lock_it),
		TEST(the_lock_file_is_of_the_databases_group),
		TEST(beside_an_absent_database_the_lock_file_is_as_that_will_be),
		TEST(a_lock_file_that_was_removed_is_noticed_by_renew),
		TEST(a_value_cannot_forge_a_line),
		TEST(a_torn_or_foreign_lock_file_is_read_without_harm),
	};
	return cmocka_run_group_tests(tests, load_plugin, NULL);
}
