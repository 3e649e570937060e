/* test_header.c - what a seed script says of itself, and what it goes by. */
#include "seed_sql/header.h"

/* The seeder exports nothing but its entry; this part of it is compiled in here. */
#include "seed_sql/header.c"

#include <setjmp.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static bool parse(const char *text, struct header *ret, struct header_problem *problem)
{
	return header_parse(text, strlen(text), ret, problem);
}

static void what_is_said_above_the_statements_counts(void **state)
{
	static const struct {
		const char *text;
		const char *environments;
		uint64_t line;
	} cases[] = {
		{"", "", 0},
		{"SELECT 1;", "", 0},
		{"-- a comment of eloquent: none\nSELECT 1;", "", 0},
		{"-- eloquent:seed environments=staging", "staging", 1},
		{"\n-- people\r\n--eloquent:seed  environments=a,b-c,d_1 \tstorage=sql\r\nSELECT 1;\n",
		 "a b-c d_1", 3},
		{"-- eloquent:seed storage=sql\nSELECT 1;", "", 1},
		{"\xef\xbb\xbf-- eloquent:seed environments=staging\nSELECT 1;", "staging", 1},
		{"\xef\xbb\xbf\r\n-- eloquent:seed environments=a\nSELECT 1;", "a", 2},
		{"\xef\xbb\xbf", "", 0},
		{"/* licence */\n-- eloquent:seed environments=a\n", "a", 2},
		{"/* licence\n * of people\n */\n\n-- eloquent:seed environments=a\n", "a", 5},
		{"/* a */ /* b\nb */ -- c\n/**/\n-- eloquent:seed environments=a\nSELECT 1;", "a", 4},
		{"-- no /* opens here\n-- eloquent:seed environments=a\n", "a", 2},
		{"/* -- no\n-- in */\n-- eloquent:seed environments=a\n", "a", 3},
		{"SELECT '/*';\n-- a comment\n", "", 0},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct header header;
		struct header_problem problem;
		if (!parse(cases[i].text, &header, &problem))
			fail_msg("case %zu: %s", i, problem.what);
		assert_string_equal(header.environments, cases[i].environments);
		assert_int_equal(header.line, cases[i].line);
	}
}

static void what_only_looks_like_a_directive_is_refused_with_its_line(void **state)
{
	static const struct {
		const char *text;
		uint64_t line;
	} cases[] = {
		{"-- eloquent:seed", 1},
		{"-- eloquent:seed   ", 1},
		{"\n-- eloquent:seeds environments=a", 2},
		{"-- eloquent: seed environments=a", 1},
		{"-- ELOQUENT:seed environments=a", 1},
		{"-- eloquent:SEED environments=a", 1},
		{"\t-- eloquent:seed environments=a", 1},
		{"\xef\xbb\xbf -- eloquent:seed environments=a", 1},
		{"\xef\xbb\xbf\xef\xbb\xbf-- eloquent:seed environments=a", 1},
		{"-- two files in one\n\xef\xbb\xbf-- eloquent:seed environments=a", 2},
		{"\xc2\xa0-- eloquent:seed environments=a", 1},
		{"\f-- eloquent:seed environments=a", 1},
		{"--\xc2\xa0"
		 "eloquent:seed environments=a",
		 1},
		{"-- eloquent:seed environments=", 1},
		{"-- eloquent:seed environments=a,", 1},
		{"-- eloquent:seed environments=,a", 1},
		{"-- eloquent:seed environments=A", 1},
		{"-- eloquent:seed environments=a environments=b", 1},
		{"-- eloquent:seed storage=any", 1},
		{"-- eloquent:seed storage=sql storage=sql", 1},
		{"-- eloquent:seed production", 1},
		{"-- eloquent:seed environments=a\n-- eloquent:seed storage=sql", 2},
		{"SELECT 1;\n\n-- eloquent:seed environments=a\n", 3},
		{"/* a */ SELECT 1;\n-- eloquent:seed environments=a\n", 2},
		{"/* a\n*/ SELECT 1;\n-- eloquent:seed environments=a\n", 3},
		{"/* a */ -- eloquent:seed environments=a\n", 1},
		{"/*\n-- eloquent:seed environments=a\n*/\n", 2},
		{"/* never ended\n\n-- eloquent:seed environments=a\n", 3},
		{"/*! SELECT 1 */\n-- eloquent:seed environments=a\n", 2},
		{"/*M! SELECT 1 */\n-- eloquent:seed environments=a\n", 2},
		{"SELECT 1; /* a\n*/\n-- eloquent:seed environments=a\n", 3},
		{"-- migrate:up\nSELECT 1;", 1},
		{"SELECT 1;\n-- Migrate:down", 2},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct header header;
		struct header_problem problem;
		if (parse(cases[i].text, &header, &problem))
			fail_msg("case %zu is accepted", i);
		assert_int_equal(problem.line, cases[i].line);
		assert_true(problem.what[0] != '\0' && problem.remedy != NULL);
	}
}

static void a_list_of_environments_has_an_end(void **state)
{
	struct header header;
	struct header_problem problem;
	char text[4096] = "-- eloquent:seed environments=a";
	(void)state;
	while (strlen(text) < 2000)
		memcpy(text + strlen(text), ",b", 3);
	assert_false(parse(text, &header, &problem));
	assert_non_null(strstr(problem.what, "too long"));
}

static void a_name_is_the_files_without_what_orders_it(void **state)
{
	static const struct {
		const char *file;
		const char *name; /* NULL: none */
	} cases[] = {
		{"UserSeeder.sql", "UserSeeder"},
		{"01_User.sql", "User"},
		{"20260101-users.sql", "users"},
		{"7up.sql", "up"},
		{"a_1-b.sql", "a_1-b"},
		{"001.sql", NULL},
		{"1_.sql", NULL},
		{".sql", NULL},
		{"a.txt", NULL},
		{"_a.sql", NULL},
		{"-a.sql", NULL},
		{"a b.sql", NULL},
		{"a.b.sql", NULL},
		{"1_2a.sql", NULL},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t size = 0;
		const char *name = header_name(cases[i].file, &size);
		if (!cases[i].name) {
			assert_null(name);
			continue;
		}
		assert_non_null(name);
		assert_int_equal(size, strlen(cases[i].name));
		assert_memory_equal(name, cases[i].name, size);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_said_above_the_statements_counts),
		cmocka_unit_test(what_only_looks_like_a_directive_is_refused_with_its_line),
		cmocka_unit_test(a_list_of_environments_has_an_end),
		cmocka_unit_test(a_name_is_the_files_without_what_orders_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
