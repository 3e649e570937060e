/* What a migration file may say, and the sentence, line and remedy for what it may not. */
#include "migrate/private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define PATH "m/1_x.sql"

static struct arena arena;
static struct migration migration;
static struct error error;

static enum status parse_bytes(const char *data, size_t size, const char *word)
{
	error_clear(&error);
	migration = (struct migration){0};
	return migration_parse(&arena, PATH, "1_x.sql", data, size, word, &migration, &error);
}

static enum status parse(const char *text)
{
	return parse_bytes(text, strlen(text), "development");
}

static void expect_refused(const char *text, int64_t line, const char *part)
{
	assert_int_equal(parse(text), STATUS_MALFORMED);
	assert_non_null(strstr(error.message, part));
	assert_non_null(strstr(error.message, PATH));
	assert_string_equal(error.file, PATH);
	assert_int_equal(error.line, line);
	assert_non_null(error.hint);
	assert_null(migration.path);
}

static void expect_section(const char *text, const struct section *section, const char *content,
			   int64_t line)
{
	assert_true(section->present);
	assert_int_equal(section->size, strlen(content));
	assert_memory_equal(text + section->start, content, section->size);
	assert_int_equal(section->line, line);
}

static int teardown(void **state)
{
	(void)state;
	error_clear(&error);
	arena_free(&arena);
	return 0;
}

static void the_sections_are_what_stands_below_the_directives(void **state)
{
	(void)state;
	const char *text =
		"-- about this\n\n-- migrate:up\nCREATE TABLE a;\n\n-- migrate:down\nDROP TABLE a;\n";
	assert_int_equal(parse(text), STATUS_OK);
	expect_section(text, &migration.up, "CREATE TABLE a;\n\n", 4);
	expect_section(text, &migration.down, "DROP TABLE a;\n", 7);
	assert_string_equal(migration.version, "1");
	assert_true(migration.applies);
}

static void comments_of_both_kinds_may_stand_before_the_first_section(void **state)
{
	(void)state;
	const char *const texts[] = {
		"/* licence */\n-- migrate:up\nSELECT 1;\n",
		("/* licence\n * and more\n */\n\n"
		 "-- eloquent:destroys users\n-- migrate:up\nSELECT 1;\n"),
		"/* a */ /* b\n-- c\nd */ -- e\n-- f /*\n-- migrate:up\nSELECT 1;\n",
	};
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		assert_int_equal(parse(texts[i]), STATUS_OK);
		assert_memory_equal(texts[i] + migration.up.start, "SELECT 1;\n", 10);
	}
	expect_refused("/* a */ SELECT 1;\n-- migrate:up\n", 1, "text before the first");
	expect_refused("/* a\n-- b */ SELECT 1;\n-- migrate:up\n", 2, "text before the first");
	expect_refused("/*! SET x = 1 */\n-- migrate:up\n", 1, "text before the first");
	expect_refused("/* a */ -- migrate:up\n", 1, "text before the first");
	expect_refused("/*\n-- migrate:up\n*/\n", 2, "inside a block comment");
	expect_refused("/*\n-- eloquent:only env=a\n*/\n-- migrate:up\n", 2, "inside a block comment");
	expect_refused("/* never ended\n\n", 0, "no -- migrate:up");
}

static void the_checksum_is_the_sha256_of_the_bytes(void **state)
{
	(void)state;
	char hash[HASH_TEXT];
	const char *text = "-- migrate:up\n";
	assert_int_equal(parse(text), STATUS_OK);
	hash_bytes(text, strlen(text), hash);
	assert_string_equal(migration.checksum, hash);
}

static void a_section_may_be_empty_and_end_without_a_newline(void **state)
{
	(void)state;
	const char *text = "-- migrate:up\n-- migrate:down";
	assert_int_equal(parse(text), STATUS_OK);
	expect_section(text, &migration.up, "", 2);
	expect_section(text, &migration.down, "", 3);
}

static void down_is_optional(void **state)
{
	(void)state;
	assert_int_equal(parse("-- migrate:up\nSELECT 1;"), STATUS_OK);
	assert_false(migration.down.present);
}

static void windows_line_ends_and_a_byte_order_mark_are_accepted(void **state)
{
	(void)state;
	const char *text =
		"\xef\xbb\xbf-- migrate:up transaction:false\r\nSELECT 1;\r\n-- migrate:down\r\n";
	assert_int_equal(parse(text), STATUS_OK);
	assert_false(migration.up.transaction);
	expect_section(text, &migration.up, "SELECT 1;\r\n", 2);
}

static void the_blank_behind_the_dashes_may_be_missing(void **state)
{
	(void)state;
	assert_int_equal(parse("--migrate:up\n--migrate:down\n"), STATUS_OK);
	assert_true(migration.down.present);
}

static void options_have_defaults(void **state)
{
	(void)state;
	assert_int_equal(parse("-- migrate:up\n"), STATUS_OK);
	assert_true(migration.up.transaction);
	assert_int_equal(migration.up.timeout_us, 0);
	assert_true(migration.up.lock_timeout_us < 0);
	assert_int_equal(migration.up.options.count, 0);
}

static void options_count_for_their_own_section(void **state)
{
	(void)state;
	assert_int_equal(parse("-- migrate:up transaction:false  timeout:30s\tlock_timeout:250ms\n"
			       "-- migrate:down foreign_keys:on mode:a:b\n"),
			 STATUS_OK);
	assert_false(migration.up.transaction);
	assert_int_equal(migration.up.timeout_us, 30000000);
	assert_int_equal(migration.up.lock_timeout_us, 250000);
	assert_true(migration.down.transaction);
	assert_int_equal(migration.down.options.count, 2);
	assert_string_equal(migration.down.options.items[0].key, "foreign_keys");
	assert_string_equal(migration.down.options.items[0].value, "on");
	assert_string_equal(migration.down.options.items[1].value, "a:b");
	assert_int_equal(migration.down.options.items[1].origin.line, 2);
}

static void declared_losses_are_collected_in_order(void **state)
{
	(void)state;
	assert_int_equal(parse("-- eloquent:destroys users.a\n-- migrate:up\n-- eloquent:destroys  b.c "
			       "\t\"odd name\".\"a\"\"b\" \"plain\" \n"
			       "-- eloquent:opaque it is dynamic\n-- eloquent:opaque and long\n"),
			 STATUS_OK);
	assert_int_equal(migration.destroys.count, 4);
	assert_string_equal(migration.destroys.items[0].object, "users.a");
	assert_int_equal(migration.destroys.items[0].line, 1);
	assert_string_equal(migration.destroys.items[1].object, "b.c");
	assert_string_equal(migration.destroys.items[2].object, "\"odd name\".\"a\"\"b\"");
	assert_string_equal(migration.destroys.items[3].object, "plain");
	assert_int_equal(migration.destroys.items[3].line, 3);
	assert_string_equal(migration.opaque, "it is dynamic; and long");
}

static bool applies_in(const char *condition, const char *word)
{
	TEXT_CLEANUP struct text text = {0};
	text_printf(&text, "-- eloquent:only %s\n-- migrate:up\n", condition);
	assert_int_equal(parse_bytes(text.data, text.size, word), STATUS_OK);
	return migration.applies;
}

static void a_condition_names_the_environments_where_it_runs(void **state)
{
	(void)state;
	assert_true(applies_in("env=staging", "staging"));
	assert_false(applies_in("env=staging", "development"));
	assert_true(applies_in("env=test,staging", "staging"));
	assert_false(applies_in("env=staging", "staging2"));
	assert_true(applies_in("env=production", "production"));
}

static void every_word_for_production_is_production(void **state)
{
	(void)state;
	assert_true(applies_in("env=prod", "production"));
	assert_false(applies_in("env=prod", "development"));
}

static void conditions_that_cannot_be_read_are_refused(void **state)
{
	(void)state;
	expect_refused("-- eloquent:only env=a\n-- eloquent:only env=b\n-- migrate:up\n", 2, "second");
	expect_refused("-- eloquent:only staging\n-- migrate:up\n", 1, "not a condition");
	expect_refused("-- eloquent:only env=\n-- migrate:up\n", 1, "environment's word");
	expect_refused("-- eloquent:only env=a,,b\n-- migrate:up\n", 1, "environment's word");
	expect_refused("-- eloquent:only env=A\n-- migrate:up\n", 1, "environment's word");
}

static void an_empty_file_is_refused(void **state)
{
	(void)state;
	expect_refused("", 0, "empty");
}

static void a_file_without_up_is_refused(void **state)
{
	(void)state;
	expect_refused("-- nothing here\n", 0, "no -- migrate:up");
}

static void two_sections_of_a_kind_are_refused(void **state)
{
	(void)state;
	expect_refused("-- migrate:up\n-- migrate:down\n-- migrate:up\n", 3, "second -- migrate:up");
	expect_refused("-- migrate:up\n-- migrate:down\n\n-- migrate:down\n", 4,
		       "second -- migrate:down");
}

static void down_before_up_is_refused(void **state)
{
	(void)state;
	expect_refused("-- migrate:down\n-- migrate:up\n", 1, "before");
}

static void text_before_the_first_directive_is_refused(void **state)
{
	(void)state;
	expect_refused("-- fine\n\nCREATE TABLE a;\n-- migrate:up\n", 3, "before the first");
	expect_refused("CREATE TABLE a;\n", 1, "before the first");
}

static void a_near_miss_of_a_directive_is_refused(void **state)
{
	(void)state;
	expect_refused("-- migrate:up\n  -- migrate:down\n", 2, "not a directive");
	expect_refused("-- migrate:up\n-- Migrate:Down\n", 2, "not a directive");
	expect_refused("-- migrate:up\n-- Migrate:down\n", 2, "not a directive");
	expect_refused("-- migrate:up\n-- migrAte:down\n", 2, "not a directive");
	expect_refused("-- migrate:up\n-- Eloquent:only env=a\n", 2, "not a directive");
	expect_refused("-- migrate:up\n-- migrate: down\n", 2, "not a directive");
	expect_refused("-- migrate:up\n-- migrate:dwon\n", 2, "not a directive");
	expect_refused("-- migrate:upwards\n", 1, "not a directive");
	expect_refused("-- migrate:up\n -- eloquent:only env=a\n", 2, "not a directive");
	expect_refused("-- migrate:up\n-- eloquent:unless env=a\n", 2, "not a directive");
}

static void what_does_not_begin_with_two_dashes_is_no_directive(void **state)
{
	(void)state;
	const char *text =
		"-- migrate:up\nx- migrate:down\n-x migrate:down\nSELECT 5-- migrate:down\n-\n";
	assert_int_equal(parse(text), STATUS_OK);
	assert_false(migration.down.present);
	assert_int_equal(migration.up.size, strlen(text) - strlen("-- migrate:up\n"));
}

static void a_directive_of_ours_must_say_something(void **state)
{
	(void)state;
	expect_refused("-- migrate:up\n-- eloquent:destroys \n", 2, "says nothing");
	expect_refused("-- migrate:up\n-- eloquent:opaque\n", 2, "says nothing");
	static const char *const wrong[] = {"users.",    "users..a",     ".a",     "users,posts",
					    "users a-b", "1st",          "\"open", "\"\"",
					    "\"a\"b",    "users.\"a\"x", "main.*", "a.b c."};
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		char text[128];
		snprintf(text, sizeof(text), "-- migrate:up\n-- eloquent:destroys %s\n", wrong[i]);
		expect_refused(text, 2, "does not name an object");
	}
}

static void bad_options_are_refused(void **state)
{
	(void)state;
	expect_refused("-- migrate:up transaction\n", 1, "not an option");
	expect_refused("-- migrate:up transaction:\n", 1, "not an option");
	expect_refused("-- migrate:up transaction:maybe\n", 1, "neither true nor false");
	expect_refused("-- migrate:up timeout:soon\n", 1, "not a duration");
	expect_refused("-- migrate:up timeout:-1s\n", 1, "not a duration");
	expect_refused("-- migrate:up Timeout:1s\n", 1, "cannot be an option's name");
	expect_refused("-- migrate:up a:1 a:1\n", 1, "twice");
	expect_refused("-- migrate:up timeout:1s timeout:1s\n", 1, "twice");
	expect_refused("-- migrate:up a:1 b:2 -- a comment\n", 1, "not an option");
}

static void bytes_that_are_not_utf8_are_refused_with_their_line(void **state)
{
	(void)state;
	expect_refused("-- migrate:up\nSELECT '\xe9';\n", 2, "not UTF-8");
	const char zero[] = "-- migrate:up\n\nSELECT '\0';\n";
	assert_int_equal(parse_bytes(zero, sizeof(zero) - 1, "x"), STATUS_MALFORMED);
	assert_int_equal(error.line, 3);
	assert_non_null(strstr(error.message, "zero byte"));
}

static void a_file_that_is_not_called_like_a_migration_is_refused(void **state)
{
	(void)state;
	error_clear(&error);
	assert_int_equal(migration_parse(&arena, "m/x.sql", "x.sql", "-- migrate:up\n", 14, "a",
					 &migration, &error),
			 STATUS_MALFORMED);
	assert_non_null(strstr(error.message, "m/x.sql"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_sections_are_what_stands_below_the_directives),
		cmocka_unit_test(comments_of_both_kinds_may_stand_before_the_first_section),
		cmocka_unit_test(the_checksum_is_the_sha256_of_the_bytes),
		cmocka_unit_test(a_section_may_be_empty_and_end_without_a_newline),
		cmocka_unit_test(down_is_optional),
		cmocka_unit_test(windows_line_ends_and_a_byte_order_mark_are_accepted),
		cmocka_unit_test(the_blank_behind_the_dashes_may_be_missing),
		cmocka_unit_test(options_have_defaults),
		cmocka_unit_test(options_count_for_their_own_section),
		cmocka_unit_test(declared_losses_are_collected_in_order),
		cmocka_unit_test(a_condition_names_the_environments_where_it_runs),
		cmocka_unit_test(every_word_for_production_is_production),
		cmocka_unit_test(conditions_that_cannot_be_read_are_refused),
		cmocka_unit_test(an_empty_file_is_refused),
		cmocka_unit_test(a_file_without_up_is_refused),
		cmocka_unit_test(two_sections_of_a_kind_are_refused),
		cmocka_unit_test(down_before_up_is_refused),
		cmocka_unit_test(text_before_the_first_directive_is_refused),
		cmocka_unit_test(a_near_miss_of_a_directive_is_refused),
		cmocka_unit_test(what_does_not_begin_with_two_dashes_is_no_directive),
		cmocka_unit_test(a_directive_of_ours_must_say_something),
		cmocka_unit_test(bad_options_are_refused),
		cmocka_unit_test(bytes_that_are_not_utf8_are_refused_with_their_line),
		cmocka_unit_test(a_file_that_is_not_called_like_a_migration_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, teardown);
}
