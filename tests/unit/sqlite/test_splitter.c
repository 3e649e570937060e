/* test_splitter.c - where statements end, judged by SQLite itself: for every
 * prefix of every script the splitter and sqlite3_complete() agree, and a script
 * that goes through splitter and driver has the effect it has in the shell. */
#include "harness.h"
#include "scripts.h"

static int32_t next(const char *script, uint64_t size, uint64_t offset, struct elq_span *ret)
{
	*ret = (struct elq_span){.struct_size = sizeof(*ret)};
	return driver->next_statement(&call, NULL, script, size, offset, ret);
}

static int sqlite_complete(const char *text)
{
	static int (*complete)(const char *);
	if (!complete) {
		void *symbol = library("sqlite3_complete");
		memcpy(&complete, &symbol, sizeof(complete));
	}
	return complete(text);
}

/* SQLite's question, answered by the splitter: is there a statement, and does
 * nothing but blanks and comments follow the last semicolon that ends one? */
static int splitter_complete(const char *text, uint64_t size)
{
	uint64_t offset = 0;
	bool complete = false;
	while (offset < size) {
		struct elq_span span;
		if (next(text, size, offset, &span) != ELQ_OK)
			return 0;
		assert_true(span.next > offset && span.next <= size);
		bool terminated = span.start + span.size < span.next && text[span.next - 1] == ';';
		if (terminated)
			complete = true;
		else if (span.kind != ELQ_STATEMENT_EMPTY)
			complete = false;
		offset = span.next;
	}
	return complete;
}

static void agree_on_every_prefix(const char *script)
{
	size_t size = strlen(script);
	for (size_t cut = 0; cut <= size; cut++) {
		char *prefix = malloc(cut + 1); /* of its exact size, for the sanitizers */
		memcpy(prefix, script, cut);
		prefix[cut] = '\0';
		/* The lexer sees no terminating zero: it is given only `cut` bytes. */
		int theirs = sqlite_complete(prefix);
		int ours = splitter_complete(prefix, cut);
		if (ours != theirs)
			fail_msg("\"%s\": ours %d, SQLite's %d", prefix, ours, theirs);
		free(prefix);
	}
}

static void every_prefix_of_every_script_is_judged_as_sqlite_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++)
		agree_on_every_prefix(scripts[i]);
	for (size_t i = 0; i < sizeof(fragments) / sizeof(fragments[0]); i++)
		agree_on_every_prefix(fragments[i]);
	assert_true(sizeof(scripts) / sizeof(scripts[0]) >= 60);
}

static void execute_script(struct elq_connection *connection, const char *script)
{
	uint64_t size = strlen(script);
	for (uint64_t offset = 0; offset < size;) {
		struct elq_span span;
		if (next(script, size, offset, &span) != ELQ_OK)
			fail_msg("%s: %s", script, seen.message);
		offset = span.next;
		if (span.kind == ELQ_STATEMENT_EMPTY)
			continue;
		struct elq_statement statement = {.struct_size = sizeof(statement),
						  .text = {script + span.start, span.size}};
		if (driver->execute(&call, connection, &statement, NULL, NULL) != ELQ_OK)
			fail_msg("%s: %.*s: %s", script, (int)span.size, script + span.start,
				 seen.message);
	}
}

static void every_script_has_the_effect_it_has_in_the_shell(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		unlink(database);
		unlink(in_folder("native.db"));
		struct elq_connection *connection = open_write();
		begin(connection, ALONE);
		execute_script(connection, scripts[i]);
		commit(connection);
		close_connection(connection);
		shell(in_folder("native.db"), scripts[i]);
		char *native = strdup(shell(in_folder("native.db"), ".dump\nPRAGMA user_version;"));
		const char *ours = shell(database, ".dump\nPRAGMA user_version;");
		if (strcmp(native, ours) != 0)
			fail_msg("%s\nnative:\n%s\nours:\n%s", scripts[i], native, ours);
		free(native);
	}
}

/* ---- kinds ----------------------------------------------------------------------------- */

static void a_statements_kind_is_told_by_its_first_words(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint32_t kind;
	} cases[] = {
		{"SELECT 1;", ELQ_STATEMENT_PLAIN},
		{"", ELQ_STATEMENT_EMPTY},
		{" -- x", ELQ_STATEMENT_EMPTY},
		{"/* x */;", ELQ_STATEMENT_EMPTY},
		{"begin", ELQ_STATEMENT_BEGIN},
		{"/* x */ Begin Immediate Transaction;", ELQ_STATEMENT_BEGIN},
		{"COMMIT;", ELQ_STATEMENT_COMMIT},
		{"END TRANSACTION;", ELQ_STATEMENT_COMMIT},
		{"ROLLBACK;", ELQ_STATEMENT_ROLLBACK},
		{"ROLLBACK TRANSACTION;", ELQ_STATEMENT_ROLLBACK},
		{"ROLLBACK TO a;", ELQ_STATEMENT_SAVEPOINT},
		{"ROLLBACK TRANSACTION TO SAVEPOINT a;", ELQ_STATEMENT_SAVEPOINT},
		{"ROLLBACK /* x */ TO a;", ELQ_STATEMENT_SAVEPOINT},
		{"SAVEPOINT a;", ELQ_STATEMENT_SAVEPOINT},
		{"RELEASE a;", ELQ_STATEMENT_SAVEPOINT},
		{"VACUUM;", ELQ_STATEMENT_NO_TRANSACTION},
		{"VACUUM INTO 'x';", ELQ_STATEMENT_NO_TRANSACTION},
		{"ATTACH 'x' AS y;", ELQ_STATEMENT_NO_TRANSACTION},
		{"DETACH y;", ELQ_STATEMENT_NO_TRANSACTION},
		{"PRAGMA foreign_keys = OFF;", ELQ_STATEMENT_NO_TRANSACTION},
		{"PRAGMA foreign_keys=off", ELQ_STATEMENT_NO_TRANSACTION},
		{"pragma Foreign_Keys(0);", ELQ_STATEMENT_NO_TRANSACTION},
		{"PRAGMA main.foreign_keys = 1;", ELQ_STATEMENT_NO_TRANSACTION},
		{"PRAGMA \"foreign_keys\" = 1;", ELQ_STATEMENT_NO_TRANSACTION},
		{"PRAGMA/**/main . [foreign_keys]--\n= 1;", ELQ_STATEMENT_NO_TRANSACTION},
		{"PRAGMA foreign_keys;", ELQ_STATEMENT_PLAIN},
		{"PRAGMA journal_mode = wal;", ELQ_STATEMENT_NO_TRANSACTION},
		{"PRAGMA synchronous = off;", ELQ_STATEMENT_NO_TRANSACTION},
		{"PRAGMA wal_checkpoint;", ELQ_STATEMENT_NO_TRANSACTION},
		{"PRAGMA user_version = 3;", ELQ_STATEMENT_PLAIN},
		{"PRAGMA foreign_keys_x = 3;", ELQ_STATEMENT_PLAIN},
		{"EXPLAIN COMMIT;", ELQ_STATEMENT_PLAIN},
		{"EXPLAIN QUERY PLAN SELECT 1;", ELQ_STATEMENT_PLAIN},
		{"beginning;", ELQ_STATEMENT_PLAIN},
		{"\"BEGIN\";", ELQ_STATEMENT_BEGIN}, /* errs on the refusing side */
		{".tables", ELQ_STATEMENT_CLIENT_ONLY},
		{"  .mode csv", ELQ_STATEMENT_CLIENT_ONLY},
		{".5;", ELQ_STATEMENT_PLAIN},
		{".", ELQ_STATEMENT_PLAIN},
		{"CREATE TRIGGER t AFTER INSERT ON x BEGIN SELECT 1; END;", ELQ_STATEMENT_PLAIN},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct elq_span span;
		assert_int_equal(next(cases[i].text, strlen(cases[i].text), 0, &span), ELQ_OK);
		if (span.kind != cases[i].kind)
			fail_msg("%s: kind %u", cases[i].text, (unsigned)span.kind);
		bool hinted = span.kind == ELQ_STATEMENT_NO_TRANSACTION ||
			      span.kind == ELQ_STATEMENT_CLIENT_ONLY;
		assert_int_equal(hinted, span.hint.size > 0);
	}
}

static void hints_say_what_to_write_instead(void **state)
{
	(void)state;
	struct elq_span span;
	assert_int_equal(next("PRAGMA foreign_keys=ON;", 23, 0, &span), ELQ_OK);
	assert_non_null(strstr(span.hint.data, "foreign_keys:on"));
	assert_int_equal(next("VACUUM;", 7, 0, &span), ELQ_OK);
	assert_non_null(strstr(span.hint.data, "transaction:false"));
}

static void a_shell_command_ends_with_its_line(void **state)
{
	(void)state;
	static const char script[] = "\n.mode csv ; x\nSELECT 1;";
	struct elq_span span;
	assert_int_equal(next(script, sizeof(script) - 1, 0, &span), ELQ_OK);
	assert_int_equal(span.kind, ELQ_STATEMENT_CLIENT_ONLY);
	assert_int_equal(span.start, 1);
	assert_int_equal(span.size, 13);
	assert_int_equal(span.line, 2);
	assert_int_equal(next(script, sizeof(script) - 1, span.next, &span), ELQ_OK);
	assert_int_equal(span.line, 3);
	assert_int_equal(span.kind, ELQ_STATEMENT_PLAIN);
}

/* ---- places ------------------------------------------------------------------------------ */

static void a_span_begins_at_its_first_word_and_ends_before_the_semicolon(void **state)
{
	(void)state;
	static const char script[] = "-- a\n\n/* b\n*/ SELECT\n 1 /* c */ ;\n\n  SELECT 2  \n -- d\n";
	struct elq_span span;
	assert_int_equal(next(script, sizeof(script) - 1, 0, &span), ELQ_OK);
	assert_memory_equal(script + span.start, "SELECT\n 1 /* c */ ", span.size);
	assert_int_equal(span.size, 18);
	assert_int_equal(span.line, 4);
	assert_int_equal(next(script, sizeof(script) - 1, span.next, &span), ELQ_OK);
	assert_memory_equal(script + span.start, "SELECT 2  \n -- d", span.size);
	assert_int_equal(span.size, 16);
	assert_int_equal(span.line, 7);
	assert_int_equal(span.next, sizeof(script) - 1);
	assert_int_equal(next(script, sizeof(script) - 1, span.next, &span), ELQ_OK);
	assert_int_equal(span.kind, ELQ_STATEMENT_EMPTY);
	assert_int_equal(span.next, sizeof(script) - 1);
	assert_int_equal(next(script, sizeof(script) - 1, sizeof(script), &span), ELQ_ERR_INVALID);
}

static void what_is_not_closed_is_named_with_its_line(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint64_t start;
		uint64_t line;
		const char *words;
	} cases[] = {
		{"SELECT 1;\nSELECT 'open;\n", 17, 2,
		 "a string or quoted name begins here and is not closed"},
		{"SELECT \"open", 7, 1, "a string or quoted name begins here and is not closed"},
		{"SELECT [open", 7, 1, "a string or quoted name begins here and is not closed"},
		{"SELECT `open", 7, 1, "a string or quoted name begins here and is not closed"},
		{"\n\n /* open", 3, 3, "a comment begins here and is not closed"},
		{"SELECT 1;\n\nCREATE TRIGGER t AFTER INSERT ON x BEGIN\nSELECT 1;\n", 11, 3,
		 "a trigger begins here whose body is not closed by END"},
		{"CREATE TEMP TRIGGER t AFTER INSERT ON x BEGIN SELECT 1", 0, 1,
		 "a trigger begins here whose body is not closed by END"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct elq_span span = {0};
		uint64_t offset = 0;
		int32_t status = ELQ_OK;
		while (status == ELQ_OK) {
			status = next(cases[i].text, strlen(cases[i].text), offset, &span);
			offset = span.next;
		}
		assert_int_equal(status, ELQ_ERR_MALFORMED);
		assert_int_equal(span.start, cases[i].start);
		assert_int_equal(span.line, cases[i].line);
		assert_non_null(strstr(seen.message, cases[i].words));
	}
}

static void a_zero_byte_is_malformed(void **state)
{
	(void)state;
	static const char script[] = "SELECT 1;\nSELECT '\0', 2;";
	struct elq_span span;
	assert_int_equal(next(script, sizeof(script) - 1, 9, &span), ELQ_ERR_MALFORMED);
	assert_int_equal(span.line, 2);
	assert_non_null(strstr(seen.message, "zero byte"));
}

static void lines_are_counted_the_same_with_and_without_a_connection(void **state)
{
	(void)state;
	static char script[60000];
	size_t size = 0;
	for (int i = 0; i < 2000; i++)
		size += (size_t)snprintf(script + size, sizeof(script) - size, "SELECT\n%d;%s", i,
					 i % 3 ? "\n" : "");
	struct elq_connection *connection = open_write();
	uint64_t line = 1;
	uint64_t offset = 0;
	for (int i = 0; i < 2000; i++) {
		struct elq_span span = {.struct_size = sizeof(span)};
		assert_int_equal(driver->next_statement(&call, connection, script, size, offset, &span),
				 ELQ_OK);
		line += i > 0 && (i - 1) % 3 ? 1 : 0;
		assert_int_equal(span.line, line);
		line++;
		offset = span.next;
	}
	struct elq_span again = {.struct_size = sizeof(again)};
	assert_int_equal(driver->next_statement(&call, connection, script, size, 9, &again), ELQ_OK);
	assert_int_equal(again.line, 2);
	close_connection(connection);
}

static void many_statements_are_split_in_linear_time(void **state)
{
	(void)state;
	enum { COUNT = 200000, EACH = 16 };
	char *script = malloc((size_t)COUNT * EACH + 1);
	for (int i = 0; i < COUNT; i++)
		snprintf(script + (size_t)i * EACH, EACH + 1, "SELECT %7d;\n", i);
	struct elq_connection *connection = open_write();
	int64_t start = host_now_ns(&call);
	int count = 0;
	for (uint64_t offset = 0; offset < (uint64_t)COUNT * EACH; count++) {
		struct elq_span span = {.struct_size = sizeof(span)};
		assert_int_equal(driver->next_statement(&call, connection, script,
							(uint64_t)COUNT * EACH, offset, &span),
				 ELQ_OK);
		offset = span.next;
	}
	/* Quadratic counting took minutes. */
	assert_true(host_now_ns(&call) - start < INT64_C(20000000000));
	assert_int_equal(count, COUNT);
	close_connection(connection);
	free(script);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_prefix_of_every_script_is_judged_as_sqlite_does),
		TEST(every_script_has_the_effect_it_has_in_the_shell),
		TEST(a_statements_kind_is_told_by_its_first_words),
		TEST(hints_say_what_to_write_instead),
		TEST(a_shell_command_ends_with_its_line),
		TEST(a_span_begins_at_its_first_word_and_ends_before_the_semicolon),
		TEST(what_is_not_closed_is_named_with_its_line),
		TEST(a_zero_byte_is_malformed),
		TEST(lines_are_counted_the_same_with_and_without_a_connection),
		TEST(many_statements_are_split_in_linear_time),
	};
	return cmocka_run_group_tests(tests, load_plugin, NULL);
}
