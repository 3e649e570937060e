/* The rules of a migration file's name and version. */
#include "migrate/private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct parsed {
	bool ok;
	const char *version;
	const char *name;
	bool repeatable;
};

static struct arena arena;

static struct parsed parse(const char *file_name)
{
	struct parsed parsed = {0};
	parsed.ok = migration_name_parse(&arena, file_name, &parsed.version, &parsed.name,
					 &parsed.repeatable);
	return parsed;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static void leading_digits_are_the_version(void **state)
{
	(void)state;
	struct parsed parsed = parse("20260102030405_create_users.sql");
	assert_true(parsed.ok);
	assert_string_equal(parsed.version, "20260102030405");
	assert_string_equal(parsed.name, "20260102030405_create_users");
	assert_false(parsed.repeatable);
}

static void a_version_may_stand_alone_and_be_of_any_length(void **state)
{
	(void)state;
	assert_string_equal(parse("7.sql").version, "7");
	assert_string_equal(parse("123456789012345678901234567890x.sql").version,
			    "123456789012345678901234567890");
}

static void an_R_and_words_are_a_repeatable_without_version(void **state)
{
	(void)state;
	struct parsed parsed = parse("R_views.sql");
	assert_true(parsed.ok && parsed.repeatable);
	assert_string_equal(parsed.version, "");
	assert_string_equal(parsed.name, "R_views");
}

static void other_names_are_no_migrations(void **state)
{
	(void)state;
	const char *const names[] = {
		"create_users.sql", "V1__x.sql", "R_.sql", "r_views.sql", ".sql", "1.SQL",
		"1_x.sql~",         "1_x.json",  "",       "sql"};
	for (size_t i = 0; i < COUNT_OF(names); i++)
		assert_false(parse(names[i]).ok);
}

static void versions_are_compared_as_numbers_of_any_length(void **state)
{
	(void)state;
	assert_true(version_compare("9", "10") < 0);
	assert_true(version_compare("10", "9") > 0);
	assert_int_equal(version_compare("007", "7"), 0);
	assert_int_equal(version_compare("000", "0"), 0);
	assert_true(version_compare("123456789012345678901234567890",
				    "123456789012345678901234567891") < 0);
	assert_true(version_compare("99999999999999999999", "100000000000000000000") < 0);
}

static void names_match_exactly_with_or_without_the_ending(void **state)
{
	(void)state;
	assert_true(name_matches("1_x", "1_x"));
	assert_true(name_matches("1_x", "1_x.sql"));
	assert_false(name_matches("1_x", "1_"));
	assert_false(name_matches("1_x", "1_xy"));
	assert_false(name_matches("1_x", "1_x.sq"));
	assert_false(name_matches("1_x", "1_X"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leading_digits_are_the_version),
		cmocka_unit_test(a_version_may_stand_alone_and_be_of_any_length),
		cmocka_unit_test(an_R_and_words_are_a_repeatable_without_version),
		cmocka_unit_test(other_names_are_no_migrations),
		cmocka_unit_test(versions_are_compared_as_numbers_of_any_length),
		cmocka_unit_test(names_match_exactly_with_or_without_the_ending),
	};
	return cmocka_run_group_tests(tests, NULL, teardown);
}
