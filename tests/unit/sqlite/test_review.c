/* test_review.c - elq.review of the built driver against tests/review/sqlite.txt,
 * which was written by hand; and what the session itself promises. */
#include "harness.h"

#include <eloquent/review.h>

static const struct elq_review_ops *review_ops;

static int load(void **state)
{
	if (load_plugin(state) != 0)
		return -1;
	review_ops = driver->get_extension(ELQ_EXT_REVIEW, strlen(ELQ_EXT_REVIEW));
	return review_ops ? 0 : -1;
}

/* ---- findings as lines ------------------------------------------------------------ */

struct found {
	char lines[16384];
	size_t size;
	uint64_t last; /* the last finding's statement */
	bool stop;     /* enough after the first */
};

static int32_t on_finding(void *context, const struct elq_finding *finding)
{
	static const char *const severities[] = {"?", "destroys", "opaque", "note"};
	struct found *found = context;
	assert_true(finding->severity >= 1 && finding->severity <= 3);
	assert_true(finding->message.size > 0 && finding->rule.size > 0);
	assert_true(finding->statement >= found->last);
	found->last = finding->statement;
	found->size += (size_t)snprintf(found->lines + found->size, sizeof(found->lines) - found->size,
					"%s %.*s %.*s\n", severities[finding->severity],
					(int)finding->rule.size, finding->rule.data,
					finding->object.data ? (int)finding->object.size : 1,
					finding->object.data ? finding->object.data : "-");
	assert_true(found->size < sizeof(found->lines));
	return found->stop;
}

static struct elq_review *review_begin(struct elq_connection *connection)
{
	struct elq_review *review = NULL;
	if (review_ops->begin(&call, connection, &review) != ELQ_OK)
		fail_msg("review.begin: %s", seen.message);
	return review;
}

static int32_t try_unit(struct elq_review *review, bool autocommit, bool foreign_keys)
{
	struct elq_setting option = {sizeof(option), 0, str("foreign_keys"), str("yes"), {0}};
	struct elq_begin begin = {
		.struct_size = sizeof(begin),
		.flags = ELQ_BEGIN_MIGRATION | (autocommit ? ELQ_BEGIN_AUTOCOMMIT : 0),
		.options = foreign_keys ? &option : NULL,
		.option_count = foreign_keys,
		.lock_timeout_us = -1,
	};
	return review_ops->unit(&call, review, &begin);
}

static void unit(struct elq_review *review, bool autocommit, bool foreign_keys)
{
	if (try_unit(review, autocommit, foreign_keys) != ELQ_OK)
		fail_msg("review.unit: %s", seen.message);
}

static int32_t try_feed(struct elq_review *review, struct elq_str statement, struct found *found)
{
	struct elq_finding_sink sink = {
		.struct_size = sizeof(sink), .context = found, .finding = on_finding};
	return review_ops->feed(&call, review, &statement, &sink);
}

static void feed(struct elq_review *review, const char *statement, struct found *found)
{
	if (try_feed(review, str(statement), found) != ELQ_OK)
		fail_msg("%s: %s", statement, seen.message);
}

/* Each statement of a script, as the core does it. */
static void feed_script(struct elq_review *review, const char *script, struct found *found)
{
	uint64_t size = strlen(script);
	for (uint64_t offset = 0; offset < size;) {
		struct elq_span span = {.struct_size = sizeof(span)};
		if (driver->next_statement(&call, NULL, script, size, offset, &span) != ELQ_OK)
			fail_msg("%s: %s", script, seen.message);
		offset = span.next;
		if (span.kind == ELQ_STATEMENT_EMPTY)
			continue;
		if (try_feed(review, (struct elq_str){script + span.start, span.size}, found) != ELQ_OK)
			fail_msg("%.*s: %s", (int)span.size, script + span.start, seen.message);
	}
}

/* ---- the corpus ---------------------------------------------------------------------- */

#define SCHEMA_CAP 32
#define SCRIPT_CAP 16384

struct schema_text {
	char name[64];
	char sql[SCRIPT_CAP];
};
struct one_case {
	char heading[256];
	char schema[64];
	char script[SCRIPT_CAP];
	char expected[SCRIPT_CAP];
	unsigned line;
};
static struct schema_text schemas[SCHEMA_CAP];
static size_t schema_count;
static size_t case_count;
static size_t wrong_count;

static const char *schema_sql(const char *name)
{
	for (size_t i = 0; i < schema_count; i++)
		if (strcmp(schemas[i].name, name) == 0)
			return schemas[i].sql;
	fail_msg("the corpus has no schema \"%s\"", name);
	return "";
}

/* The units of a case, divided by lines "-- unit ...". */
static void feed_units(struct elq_review *review, const char *script, struct found *found)
{
	static char part[SCRIPT_CAP];
	size_t size = 0;
	unit(review, false, false);
	for (const char *at = script; *at;) {
		size_t length = strcspn(at, "\n");
		if (strncmp(at, "-- unit", 7) == 0) {
			part[size] = '\0';
			feed_script(review, part, found);
			size = 0;
			char line[128];
			snprintf(line, sizeof(line), "%.*s", (int)length, at);
			unit(review, strstr(line, "transaction:false") != NULL,
			     strstr(line, "foreign_keys:on") != NULL);
		} else {
			memcpy(part + size, at, length);
			size += length;
			part[size++] = '\n';
		}
		at += length + (at[length] == '\n');
	}
	part[size] = '\0';
	feed_script(review, part, found);
}

static void try_case(const struct one_case *one)
{
	static char path[4][256];
	static int turn;
	char *file = path[turn++ % 4];
	struct found found = {.size = 0};
	snprintf(file, sizeof(path[0]), "%s/%zu.db", folder, case_count++);
	shell(file, schema_sql(one->schema));
	struct elq_connection *connection = open_for(file, ELQ_OPEN_WRITE);
	struct elq_review *review = review_begin(connection);
	feed_units(review, one->script, &found);
	review_ops->end(&call, review);
	close_connection(connection);
	unlink(file);
	if (strcmp(found.lines, one->expected) == 0)
		return;
	wrong_count++;
	fprintf(stderr, "sqlite.txt:%u: %s\n%sexpected:\n%sfound:\n%s\n", one->line, one->heading,
		one->script, one->expected, found.lines);
}

static void append(char *to, size_t capacity, const char *text)
{
	size_t size = strlen(to);
	assert_true(size + strlen(text) < capacity);
	memcpy(to + size, text, strlen(text) + 1);
}

/* "== a sentence (schema)!" */
static void read_heading(struct one_case *one, const char *text, unsigned line)
{
	const char *open = strrchr(text, '(');
	*one = (struct one_case){.line = line};
	assert_non_null(open);
	snprintf(one->heading, sizeof(one->heading), "%.*s", (int)sizeof(one->heading) - 1, text);
	snprintf(one->schema, sizeof(one->schema), "%.*s", (int)strcspn(open + 1, ")"), open + 1);
}

static void each_case_of_the_corpus_has_exactly_its_findings(void **state)
{
	(void)state;
	static struct one_case one;
	static char line[SCRIPT_CAP];
	struct schema_text *making = NULL;
	bool open = false;
	unsigned number = 0;
	FILE *file = fopen(TEST_SOURCE_DIR "/tests/review/sqlite.txt", "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		number++;
		if (line[0] == '#')
			continue;
		if (strncmp(line, "== ", 3) == 0) {
			if (open)
				try_case(&one);
			open = strncmp(line, "== schema ", 10) != 0;
			if (open) {
				making = NULL;
				read_heading(&one, line + 3, number);
				continue;
			}
			assert_true(schema_count < SCHEMA_CAP);
			making = &schemas[schema_count++];
			snprintf(making->name, sizeof(making->name), "%.*s",
				 (int)strcspn(line + 10, "\n"), line + 10);
		} else if (strncmp(line, "--> ", 4) == 0) {
			assert_true(open);
			if (strcmp(line, "--> nothing\n") != 0)
				append(one.expected, sizeof(one.expected), line + 4);
		} else if (making) {
			append(making->sql, sizeof(making->sql), line);
		} else if (open) {
			append(one.script, sizeof(one.script), line);
		}
	}
	if (open)
		try_case(&one);
	fclose(file);
	assert_true(case_count >= 150);
	assert_int_equal(wrong_count, 0);
}

/* ---- the session ----------------------------------------------------------------------- */

static const char *const users = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);"
				 "INSERT INTO users VALUES (1, 'ann');";

static void the_real_database_is_never_written(void **state)
{
	(void)state;
	struct found found = {.size = 0};
	shell(database, users);
	struct elq_connection *connection = open_write();
	struct elq_review *review = review_begin(connection);
	unit(review, false, false);
	feed(review, "INSERT INTO users VALUES (2, 'bob')", &found);
	feed(review, "CREATE TABLE other (a)", &found);
	feed(review, "DROP TABLE users", &found);
	feed(review, "PRAGMA user_version = 7", &found);
	review_ops->end(&call, review);
	close_connection(connection);
	assert_string_equal(found.lines, "destroys drop_table users\n");
	assert_string_equal(shell(database, "SELECT id, name FROM users; SELECT count(*) FROM "
					    "sqlite_schema; PRAGMA user_version;"),
			    "1|ann\n1\n0");
}

static void a_database_that_is_not_there_has_nothing_to_lose(void **state)
{
	(void)state;
	struct found found = {.size = 0};
	struct elq_connection *connection = open_write();
	struct elq_review *review = review_begin(connection);
	unit(review, false, false);
	feed(review, "CREATE TABLE users (a)", &found);
	feed(review, "DELETE FROM users", &found);
	feed(review, "DROP TABLE users", &found);
	review_ops->end(&call, review);
	close_connection(connection);
	assert_string_equal(found.lines, "");
	assert_false(exists(database));
}

static void a_session_starts_from_the_schema_of_now(void **state)
{
	(void)state;
	struct found found = {.size = 0};
	shell(database, users);
	struct elq_connection *connection = open_write();
	shell(database, "CREATE TABLE later (a);");
	struct elq_review *review = review_begin(connection);
	unit(review, false, false);
	feed(review, "DROP TABLE later", &found);
	review_ops->end(&call, review);
	close_connection(connection);
	assert_string_equal(found.lines, "destroys drop_table later\n");
}

static void a_connection_for_reading_can_review_too(void **state)
{
	(void)state;
	struct found found = {.size = 0};
	shell(database, users);
	struct elq_connection *connection = open_for(database, 0);
	struct elq_review *review = review_begin(connection);
	unit(review, false, false);
	feed(review, "DROP TABLE users", &found);
	review_ops->end(&call, review);
	close_connection(connection);
	assert_string_equal(found.lines, "destroys drop_table users\n");
}

static void a_sink_that_has_enough_hears_no_more_of_the_statement(void **state)
{
	(void)state;
	struct found found = {.stop = true};
	shell(database, users);
	struct elq_connection *connection = open_write();
	struct elq_review *review = review_begin(connection);
	unit(review, false, false);
	feed(review, "UPDATE users SET id = 1, name = 'x'", &found);
	assert_string_equal(found.lines, "destroys update users.id\n");
	feed(review, "DROP TABLE users", &found);
	review_ops->end(&call, review);
	close_connection(connection);
	assert_string_equal(found.lines, "destroys update users.id\ndestroys drop_table users\n");
}

static void a_statement_without_an_end_is_stopped_and_opaque(void **state)
{
	(void)state;
	struct found found = {.size = 0};
	struct elq_connection *connection = open_write();
	struct elq_review *review = review_begin(connection);
	unit(review, false, false);
	feed(review,
	     "CREATE TABLE endless AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
	     "SELECT i FROM n",
	     &found);
	review_ops->end(&call, review);
	close_connection(connection);
	assert_string_equal(found.lines, "opaque cannot_run -\n");
}

static void a_cancelled_review_is_an_error_and_no_judgement(void **state)
{
	(void)state;
	struct found found = {.size = 0};
	struct elq_connection *connection = open_write();
	struct elq_review *review = review_begin(connection);
	unit(review, false, false);
	atomic_store(&seen.cancelled, 1);
	int32_t status = try_feed(
		review,
		str("CREATE TABLE endless AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 "
		    "FROM n) SELECT i FROM n"),
		&found);
	atomic_store(&seen.cancelled, 0);
	assert_int_equal(status, ELQ_ERR_CANCELLED);
	assert_string_equal(found.lines, "");
	review_ops->end(&call, review);
	close_connection(connection);
}

static void an_option_that_the_driver_does_not_know_is_refused(void **state)
{
	(void)state;
	struct elq_setting option = {sizeof(option), 0, str("sideways"), str("yes"), {0}};
	struct elq_begin begin = {.struct_size = sizeof(begin),
				  .flags = ELQ_BEGIN_MIGRATION,
				  .options = &option,
				  .option_count = 1};
	struct elq_connection *connection = open_write();
	struct elq_review *review = review_begin(connection);
	assert_int_equal(review_ops->unit(&call, review, &begin), ELQ_ERR_INVALID);
	review_ops->end(&call, review);
	close_connection(connection);
}

/* ---- a schema that nobody can clone as a whole ------------------------------------------- */

static void what_could_not_be_cloned_is_opaque_and_never_new(void **state)
{
	(void)state;
	struct found found = {.size = 0};
	shell(database,
	      "CREATE TABLE plain (a);"
	      "PRAGMA writable_schema = ON;"
	      "INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql) VALUES "
	      "('table', 'ghost', 'ghost', 0, 'CREATE VIRTUAL TABLE ghost USING nowhere (x)');");
	struct elq_connection *connection = open_write();
	struct elq_review *review = review_begin(connection);
	unit(review, false, false);
	feed(review, "CREATE TABLE IF NOT EXISTS ghost (x)", &found);
	feed(review, "DROP TABLE ghost", &found);
	feed(review, "INSERT INTO plain VALUES (1)", &found);
	review_ops->end(&call, review);
	close_connection(connection);
	assert_string_equal(found.lines, "destroys drop_table ghost\n");
}

static void a_tampered_schema_runs_nothing_behind_its_definitions(void **state)
{
	(void)state;
	struct found found = {.size = 0};
	const char *other = in_folder("other.db");
	char sql[1024];
	snprintf(sql, sizeof(sql),
		 "CREATE TABLE plain (a); PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = "
		 "sql "
		 "|| '; ATTACH ''%s'' AS o; CREATE TABLE o.made (x)';",
		 other);
	shell(database, sql);
	struct elq_connection *connection = NULL;
	if (try_open(database, ELQ_OPEN_WRITE, &connection) == ELQ_OK) {
		struct elq_review *review = NULL;
		if (review_ops->begin(&call, connection, &review) == ELQ_OK) {
			unit(review, false, false);
			feed(review, "SELECT 1", &found);
		}
		review_ops->end(&call, review);
		close_connection(connection);
	}
	assert_false(exists(other));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
	const struct CMUnitTest tests[] = {
		CASE(each_case_of_the_corpus_has_exactly_its_findings),
		CASE(the_real_database_is_never_written),
		CASE(a_database_that_is_not_there_has_nothing_to_lose),
		CASE(a_session_starts_from_the_schema_of_now),
		CASE(a_connection_for_reading_can_review_too),
		CASE(a_sink_that_has_enough_hears_no_more_of_the_statement),
		CASE(a_statement_without_an_end_is_stopped_and_opaque),
		CASE(a_cancelled_review_is_an_error_and_no_judgement),
		CASE(an_option_that_the_driver_does_not_know_is_refused),
		CASE(what_could_not_be_cloned_is_opaque_and_never_new),
		CASE(a_tampered_schema_runs_nothing_behind_its_definitions),
	};
	return cmocka_run_group_tests(tests, load, NULL);
}
