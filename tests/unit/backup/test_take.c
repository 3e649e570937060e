/* Taking, verifying and putting back, on real SQLite databases. */
#include "support.h"

#define BLOG                                                                                           \
	"CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);"                                      \
	"CREATE TABLE posts (id INTEGER PRIMARY KEY, author INTEGER REFERENCES users (id));"           \
	"INSERT INTO users VALUES (1, 'ann'), (2, 'bob'); INSERT INTO posts VALUES (1, 1), (2, 9);"

static void blog(struct yard *yard)
{
	yard_sql(yard, BLOG);
	yard_open(yard);
}

static void a_backup_is_restored_compared_and_on_the_disk(void **state)
{
	struct yard *yard = *state;
	struct stat found;
	blog(yard);
	struct backup backup = yard_take(yard);
	assert_int_equal(backup.level, BACKUP_RESTORED);
	assert_int_equal(backup.table_count, 2);
	assert_string_equal(backup.tables[0].name, "posts");
	assert_int_equal(backup.tables[0].orphans, 1);
	assert_int_equal(backup.tables[1].rows, 2);
	assert_string_equal(yard_names(yard, yard->folder),
			    arena_printf(&yard->arena, "%s.json %s.sqlite.zst", backup.id, backup.id));
	for (const char *const *name =
		     (const char *const[]){backup.file,
					   arena_printf(&yard->arena, "%s.json", backup.id), NULL};
	     *name; name++) {
		assert_int_equal(stat(path_join(&yard->arena, yard->folder, *name), &found), 0);
		assert_int_equal(found.st_mode & 07777, 0600);
	}
	yard_is_clean(yard);
	struct backups list = yard_list(yard);
	assert_int_equal(list.count, 1);
	assert_int_equal(list.items[0].level, BACKUP_RESTORED);
	assert_int_equal(stat(yard->file, &found), 0);
	assert_int_equal(list.items[0].size, found.st_size);
	backups_free(&list);
}

static void it_is_verified_again_from_the_disk_alone(void **state)
{
	struct yard *yard = *state;
	blog(yard);
	yard_take(yard);
	struct backups list = yard_list(yard);
	struct backup backup = list.items[0];
	yard_must(yard, backup_verify(&yard->store, yard->database, &yard->arena, &backup, NULL,
				      &yard->error));
	assert_true(backup.verified_us > list.items[0].verified_us);
	backups_free(&list);
	yard_is_clean(yard);
}

static void what_is_put_back_is_what_was_there(void **state)
{
	struct yard *yard = *state;
	struct restored *restored = NULL;
	blog(yard);
	const char *before = yard_sql(yard, ".dump");
	struct backup backup = yard_take(yard);
	yard_sql(yard, "DELETE FROM users; DROP TABLE posts; CREATE TABLE late (x);");
	yard_must(yard, backup_verify(&yard->store, yard->database, &yard->arena, &backup, &restored,
				      &yard->error));
	yard_must(yard, database_promote(restored_database(restored), yard->database, &yard->error));
	restored_free(restored);
	assert_string_equal(yard_sql(yard, ".dump"), before);
	yard_is_clean(yard);
}

/* ---- the differences that verification must see ----------------------------------------- */

typedef void change(struct backup *backup, struct table_facts *tables);

static void other_schema(struct backup *backup, struct table_facts *tables)
{
	(void)tables;
	backup->schema_sha256 = backup->sha256;
}
static void other_records(struct backup *backup, struct table_facts *tables)
{
	(void)tables;
	backup->schema_records++;
}
static void fewer_tables(struct backup *backup, struct table_facts *tables)
{
	(void)tables;
	backup->table_count--;
}
static void other_name(struct backup *backup, struct table_facts *tables)
{
	(void)backup;
	tables[0].name = "articles";
}
static void more_rows(struct backup *backup, struct table_facts *tables)
{
	(void)backup;
	tables[1].rows++;
}
static void other_content(struct backup *backup, struct table_facts *tables)
{
	(void)backup;
	tables[1].digest = tables[0].digest;
}
static void no_orphans(struct backup *backup, struct table_facts *tables)
{
	(void)backup;
	tables[0].orphans = 0;
}
static void other_bytes(struct backup *backup, struct table_facts *tables)
{
	(void)tables;
	backup->sha256 = backup->stored_sha256;
}
static void longer(struct backup *backup, struct table_facts *tables)
{
	(void)tables;
	backup->size++;
}

static void any_difference_fails_the_backup_and_is_named(void **state)
{
	struct yard *yard = *state;
	static const struct {
		change *make;
		const char *says;
	} cases[] = {
		{other_schema, "the schema is another one"},
		{other_records, "the schema is another one"},
		{fewer_tables, "2 tables instead of 1"},
		{other_name, "the table posts instead of articles"},
		{more_rows, "the table users holds 2 rows instead of 3"},
		{other_content, "the rows of the table users have another content"},
		{no_orphans, "1 rows of the table posts break a foreign key instead of 0"},
		{other_bytes, "what it decompresses to is not what the manifest says"},
		{longer, "what it decompresses to is not what the manifest says"},
	};
	blog(yard);
	struct backup taken = yard_take(yard);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct backup backup = taken;
		struct table_facts tables[2] = {taken.tables[0], taken.tables[1]};
		backup.tables = tables;
		cases[i].make(&backup, tables);
		yard_fails(yard,
			   backup_verify(&yard->store, yard->database, &yard->arena, &backup, NULL,
					 &yard->error),
			   STATUS_CORRUPT, cases[i].says);
		struct backups list = yard_list(yard);
		assert_int_equal(list.items[0].level, BACKUP_FAILED);
		assert_non_null(strstr(list.items[0].message, cases[i].says));
		backups_free(&list);
		yard_is_clean(yard);
	}
}

static void one_that_failed_counts_again_once_it_is_verified(void **state)
{
	struct yard *yard = *state;
	blog(yard);
	struct backup taken = yard_take(yard);
	struct backup backup = taken;
	backup.schema_records++;
	yard_fails(
		yard,
		backup_verify(&yard->store, yard->database, &yard->arena, &backup, NULL, &yard->error),
		STATUS_CORRUPT, "schema");
	yard_must(yard, backup_verify(&yard->store, yard->database, &yard->arena, &taken, NULL,
				      &yard->error));
	struct backups list = yard_list(yard);
	assert_int_equal(list.items[0].level, BACKUP_RESTORED);
	assert_null(list.items[0].message);
	backups_free(&list);
}

static void one_that_was_removed_meanwhile_does_not_come_back(void **state)
{
	struct yard *yard = *state;
	blog(yard);
	struct backup backup = yard_take(yard);
	const char *manifest = arena_printf(&yard->arena, "%s/%s.json", yard->folder, backup.id);
	struct place living; /* keeps the dump from being swept */
	yard_must(yard, place_open(&yard->store, backup.id, &living, &yard->error));
	assert_int_equal(unlink(manifest), 0);
	yard_fails(
		yard,
		backup_verify(&yard->store, yard->database, &yard->arena, &backup, NULL, &yard->error),
		STATUS_CHECK_FAILED, "it was removed meanwhile");
	assert_false(file_exists(manifest));
	place_close(&living);
}

/* ---- stopping and refusing ----------------------------------------------------------------- */

static void a_signal_leaves_nothing(void **state)
{
	struct yard *yard = *state;
	struct backup backup;
	const struct backup_request request = {.reason = "test"};
	blog(yard);
	atomic_store(&yard->stop, SIGINT);
	yard_fails(yard,
		   backup_take(&yard->store, yard->database, &request, &yard->arena, &backup,
			       &yard->error),
		   STATUS_INTERRUPTED, "no backup was made: interrupted");
	assert_string_equal(yard_names(yard, yard->folder), "");
	yard_is_clean(yard);
}

static void a_signal_while_verifying_says_nothing_about_the_backup(void **state)
{
	struct yard *yard = *state;
	blog(yard);
	struct backup backup = yard_take(yard);
	atomic_store(&yard->stop, SIGTERM);
	yard_fails(
		yard,
		backup_verify(&yard->store, yard->database, &yard->arena, &backup, NULL, &yard->error),
		STATUS_TERMINATED, "terminated");
	struct backups list = yard_list(yard);
	assert_int_equal(list.items[0].level, BACKUP_RESTORED);
	backups_free(&list);
	yard_is_clean(yard);
}

static void a_damaged_databases_bytes_are_kept_and_never_verified(void **state)
{
	struct yard *yard = *state;
	struct backup backup;
	const struct backup_request request = {.reason = "test", .raw = true};
	char junk[10000];
	memset(junk, 'x', sizeof(junk));
	yard_must(yard, file_create(yard->file, 0600, junk, sizeof(junk), &yard->error));
	yard_open(yard);
	assert_true(database_info(yard->database)->flags & ELQ_CONN_DAMAGED);
	yard_must(yard, backup_take_verified(&yard->store, yard->database, &request, &yard->arena,
					     &backup, &yard->error));
	assert_int_equal(backup.level, BACKUP_RAW);
	assert_int_equal(backup.size, sizeof(junk));
	assert_string_equal(backup.sha256, yard_hash(yard, yard->file));
	yard_fails(
		yard,
		backup_verify(&yard->store, yard->database, &yard->arena, &backup, NULL, &yard->error),
		STATUS_CHECK_FAILED, "it cannot be verified");
}

/* ---- databases of every shape ----------------------------------------------------------------- */

static void a_database_of_any_shape_is_backed_up_and_put_back(void **state)
{
	static const char *const shapes[] = {
		"VACUUM",
		"PRAGMA encoding = 'UTF-16le'; CREATE TABLE t (a); INSERT INTO t VALUES ('h\xc3\xa9'), "
		"(1.5), "
		"(NULL), (x'00ff')",
		"PRAGMA page_size = 65536; PRAGMA auto_vacuum = 2; CREATE TABLE t (a); INSERT INTO t "
		"VALUES "
		"(zeroblob(300000)); DELETE FROM t",
		"PRAGMA page_size = 512; PRAGMA auto_vacuum = 1; CREATE TABLE t (a); INSERT INTO t "
		"VALUES "
		"(randomblob(5000))",
		"PRAGMA journal_mode = WAL; CREATE TABLE t (a); INSERT INTO t VALUES (1)",
		"CREATE TABLE w (a PRIMARY KEY, b) WITHOUT ROWID; INSERT INTO w VALUES (1, 2)",
		"CREATE VIRTUAL TABLE f USING fts5 (a); INSERT INTO f VALUES ('hello'); CREATE VIRTUAL "
		"TABLE r "
		"USING rtree (i, a, b); INSERT INTO r VALUES (1, 2, 3)",
		"CREATE TABLE g (a, v AS (a * 2) VIRTUAL, s AS (a * 3) STORED); INSERT INTO g (a) "
		"VALUES (7)",
		"CREATE TABLE s (a TEXT) STRICT; INSERT INTO s VALUES ('x'); CREATE VIEW v AS SELECT * "
		"FROM s; "
		"CREATE TRIGGER t AFTER INSERT ON s BEGIN DELETE FROM s; END",
		"CREATE TABLE a (i INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO a VALUES (5); "
		"ANALYZE",
		"CREATE TABLE \"a b\"\"c'd\" (\"x\ny\"); INSERT INTO \"a b\"\"c'd\" VALUES "
		"(CAST(x'ff00fe' AS "
		"TEXT))",
		"CREATE TABLE n (a REFERENCES nowhere (b)); INSERT INTO n VALUES (1)",
		"PRAGMA foreign_keys = 0; CREATE TABLE p (a PRIMARY KEY); CREATE TABLE c (a REFERENCES "
		"p); INSERT "
		"INTO c VALUES (1), (2)",
		"CREATE TABLE t (a DEFAULT 9e999); INSERT INTO t VALUES (9e999), (-9e999), (1e-320), "
		"(9223372036854775807), (-0.0)",
	};
	for (size_t i = 0; i < COUNT_OF(shapes); i++) {
		struct restored *restored = NULL;
		void *one = NULL;
		assert_int_equal(yard_setup(&one), 0);
		struct yard *yard = one;
		yard_sql(yard, shapes[i]);
		const char *before = yard_sql(yard, ".dump");
		const char *digest = yard_sql(yard, ".sha3sum --schema");
		yard_open(yard);
		struct backup backup = yard_take(yard);
		yard_sql(yard,
			 "DROP VIEW IF EXISTS v; CREATE TABLE late (x); INSERT INTO late VALUES (1)");
		yard_must(yard, backup_verify(&yard->store, yard->database, &yard->arena, &backup,
					      &restored, &yard->error));
		yard_must(yard,
			  database_promote(restored_database(restored), yard->database, &yard->error));
		restored_free(restored);
		assert_string_equal(yard_sql(yard, ".dump"), before);
		assert_string_equal(yard_sql(yard, ".sha3sum --schema"), digest);
		assert_string_equal(yard_sql(yard, "PRAGMA integrity_check"), "ok");
		yard_is_clean(yard);
		yard_teardown(&one);
	}
	(void)state;
}

static void a_file_of_no_bytes_is_a_database(void **state)
{
	struct yard *yard = *state;
	yard_must(yard, file_create(yard->file, 0600, "", 0, &yard->error));
	yard_open(yard);
	struct backup backup = yard_take(yard);
	assert_int_equal(backup.table_count, 0);
}

/* The live database changed its page size, and went to a write-ahead log, since. */
static void pages_of_another_size_go_over_any_journal_mode(void **state)
{
	static const char *const modes[] = {"DELETE", "WAL", "TRUNCATE", "PERSIST"};
	for (size_t i = 0; i < COUNT_OF(modes); i++) {
		struct restored *restored = NULL;
		void *one = NULL;
		assert_int_equal(yard_setup(&one), 0);
		struct yard *yard = one;
		yard_sql(yard, "PRAGMA page_size = 1024; " BLOG);
		const char *before = yard_sql(yard, ".dump");
		yard_open(yard);
		struct backup backup = yard_take(yard);
		database_close(yard->database);
		yard->database = NULL;
		yard_sql(yard,
			 arena_printf(
				 &yard->arena,
				 "PRAGMA page_size = 16384; VACUUM; PRAGMA journal_mode = %s; DELETE "
				 "FROM users",
				 modes[i]));
		yard_open(yard);
		yard_must(yard, backup_verify(&yard->store, yard->database, &yard->arena, &backup,
					      &restored, &yard->error));
		yard_must(yard,
			  database_promote(restored_database(restored), yard->database, &yard->error));
		restored_free(restored);
		assert_string_equal(yard_sql(yard, ".dump"), before);
		assert_string_equal(yard_sql(yard, "PRAGMA page_size"), "1024");
		yard_teardown(&one);
	}
	(void)state;
}

static void what_was_written_meanwhile_is_not_in_the_backup_or_wholly(void **state)
{
	struct yard *yard = *state;
	yard_sql(yard, "PRAGMA journal_mode = WAL; CREATE TABLE a (x); CREATE TABLE b (x);");
	yard_open(yard);
	const char *const words[] = {
		"/usr/bin/sqlite3",
		"-cmd",
		".timeout 5000",
		yard->file,
		"WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 30000) "
		"INSERT INTO a "
		"SELECT n FROM c;"
		"BEGIN; INSERT INTO a VALUES (0); INSERT INTO b VALUES (0); COMMIT;"
		"BEGIN; INSERT INTO a VALUES (0); INSERT INTO b VALUES (0); COMMIT;"
		"BEGIN; INSERT INTO a VALUES (0); INSERT INTO b VALUES (0); COMMIT;",
		NULL};
	char *const none[] = {NULL};
	pid_t child = 0;
	int outcome = 0;
	assert_int_equal(
		posix_spawn(&child, words[0], NULL, NULL, (char *const *)(uintptr_t)words, none), 0);
	for (int i = 0; i < 5; i++) {
		struct backup backup = yard_take(yard);
		int64_t extra = backup.tables[0].rows - (backup.tables[1].rows ? 30000 : 0);
		assert_true(extra == backup.tables[1].rows ||
			    (extra == 30000 && !backup.tables[1].rows));
	}
	waitpid(child, &outcome, 0);
	assert_int_equal(outcome, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_backup_is_restored_compared_and_on_the_disk),
		CASE(it_is_verified_again_from_the_disk_alone),
		CASE(what_is_put_back_is_what_was_there),
		CASE(any_difference_fails_the_backup_and_is_named),
		CASE(one_that_failed_counts_again_once_it_is_verified),
		CASE(one_that_was_removed_meanwhile_does_not_come_back),
		CASE(a_signal_leaves_nothing),
		CASE(a_signal_while_verifying_says_nothing_about_the_backup),
		CASE(a_damaged_databases_bytes_are_kept_and_never_verified),
		CASE(a_database_of_any_shape_is_backed_up_and_put_back),
		CASE(a_file_of_no_bytes_is_a_database),
		CASE(pages_of_another_size_go_over_any_journal_mode),
		CASE(what_was_written_meanwhile_is_not_in_the_backup_or_wholly),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
