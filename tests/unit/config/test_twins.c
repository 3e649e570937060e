/* Test twins, and which connection is meant when none is named. */
#include "support.h"

static void the_ending_test_makes_a_twin(void **state)
{
	struct fixture *fixture = *state;

	put_ini(fixture, "[connection:a]\ndriver = d\nhost = h\n[connection:a_test]\ndriver = "
			 "e\n[connection:b_test]\n"
			 "driver = d\n");
	load(fixture, NULL);
	assert_false(connection(fixture, "a")->twin);
	assert_string_equal(connection(fixture, "a")->test, "a_test");
	assert_true(connection(fixture, "a_test")->twin);
	assert_string_equal(connection(fixture, "a_test")->application, "a");
	assert_int_equal(connection(fixture, "a_test")->settings.count, 0); /* it inherits nothing */
	assert_true(connection(fixture, "b_test")->twin);
	assert_null(connection(fixture, "b_test")->application);
	assert_null(connection(fixture, "a_test")->test);
}

static void the_key_test_names_another_twin(void **state)
{
	struct fixture *fixture = *state;

	put_ini(fixture,
		"[connection:a]\ndriver = d\ntest = scratch\n[connection:scratch]\ndriver = d\n"
		"[connection:a_test]\ndriver = d\n");
	load(fixture, NULL);
	assert_string_equal(connection(fixture, "a")->test, "scratch");
	assert_true(connection(fixture, "scratch")->twin);
	assert_string_equal(connection(fixture, "scratch")->application, "a");
	assert_string_equal(connection(fixture, "a_test")->application, "a");
	assert_int_equal(resolved(fixture, "connection:a.test")->origin.line, 3);
}

static void one_database_is_never_the_twin_of_two(void **state)
{
	struct fixture *fixture = *state;

	put_ini(fixture, "[connection:a]\ndriver = d\ntest = b_test\n[connection:b]\ndriver = "
			 "d\n[connection:b_test]\n"
			 "driver = d\n");
	load(fixture, NULL);
	assert_string_equal(connection(fixture, "b_test")->application, "a");
	assert_null(connection(fixture, "b")->test);
}

static void variables_make_twins_too(void **state)
{
	struct fixture *fixture = *state;

	load(fixture, "SQLITE_PATH=a", "SQLITE_TEST_PATH=b", NULL);
	assert_string_equal(connection(fixture, "sqlite")->test, "sqlite_test");
	assert_string_equal(connection(fixture, "sqlite_test")->application, "sqlite");
}

static void twins_that_make_no_sense_are_refused_with_their_line(void **state)
{
	static const char *const bad[][4] = {
		{"[connection:a]\ndriver = d\ntest = b\n", ":3: ", "\"b\"", "known: a"},
		{"[connection:a]\ndriver = d\ntest =\n", ":3: ", "names no connection", "known: a"},
		{"[connection:a]\ndriver = d\ntest = a\n", ":3: ", "its own", "a"},
		{"[connection:a]\ndriver = d\ntest = b\n[connection:b]\ndriver = d\ntest = a\n",
		 ":3: ", "cannot have one", "twin"},
		{"[connection:a]\ndriver = d\ntest = c\n[connection:b]\ndriver = d\ntest = "
		 "c\n[connection:c]\n"
		 "driver = d\n",
		 ":6: ", "c", "of a already"},
		{"[connection:a_test]\ndriver = d\ntest = b\n[connection:b]\ndriver = d\n",
		 ":3: ", "a_test", "is a test twin"},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		put_ini(fixture, bad[i][0]);
		load(fixture, NULL);
		refused(fixture, arena_printf(&fixture->arena, "eloquent.ini%s", bad[i][1]), bad[i][2],
			bad[i][3], NULL);
	}
}

/* ---- defaults --------------------------------------------------------------------------- */

static void default_is(struct fixture *fixture, const char *name, enum layer layer)
{
	must(fixture);
	if (!text_equal(fixture->project.default_connection, name))
		fail_msg("the default is %s, not %s",
			 fixture->project.default_connection ? fixture->project.default_connection
							     : "unset",
			 name ? name : "unset");
	if (name)
		assert_int_equal(fixture->project.default_origin.layer, layer);
}

static void db_connection_stands_above_the_inis_default(void **state)
{
	struct fixture *fixture = *state;

	put_ini(fixture,
		"[project]\ndefault = a\n[connection:a]\ndriver = d\n[connection:b]\ndriver = d\n");
	load(fixture, NULL);
	default_is(fixture, "a", LAYER_INI);
	assert_int_equal(fixture->project.default_origin.line, 2);
	load(fixture, "DB_CONNECTION=b", "DB_TEST_CONNECTION=b_test", NULL);
	default_is(fixture, "b", LAYER_ENVIRONMENT);
	assert_string_equal(fixture->project.default_test_connection, "b_test");
}

static void the_inis_only_connection_is_the_default(void **state)
{
	struct fixture *fixture = *state;

	put_ini(fixture, "[connection:a]\ndriver = d\n[connection:a_test]\ndriver = d\n");
	load(fixture, "PG_HOST=h", NULL);
	default_is(fixture, "a", LAYER_DEFAULT);
	assert_non_null(strstr(fixture->project.default_origin.name, "the only connection of"));
}

static void of_several_none_is_guessed(void **state)
{
	struct fixture *fixture = *state;

	put_ini(fixture, "[connection:a]\ndriver = d\n[connection:b]\ndriver = d\n");
	load(fixture, NULL);
	default_is(fixture, NULL, LAYER_DEFAULT);
	put_ini(fixture, "[connection:a_test]\ndriver = d\n");
	load(fixture, NULL);
	default_is(fixture, NULL, LAYER_DEFAULT);
}

static void without_an_ini_the_only_connection_is_not_assumed(void **state)
{
	struct fixture *fixture = *state;

	load(fixture, "SQLITE_PATH=x", NULL);
	default_is(fixture, NULL, LAYER_DEFAULT);
	put_ini(fixture, "[project]\nname = x\n");
	load(fixture, "SQLITE_PATH=x", NULL);
	default_is(fixture, NULL, LAYER_DEFAULT);
}

static void a_default_that_names_nothing_is_an_error(void **state)
{
	struct fixture *fixture = *state;

	put_ini(fixture, "[project]\ndefault = b\n[connection:a]\ndriver = d\n");
	load(fixture, NULL);
	refused(fixture, "eloquent.ini:2: ", "default = b", "known: a", NULL);
	load(fixture, "DB_CONNECTION=a,b", NULL);
	refused(fixture, "DB_CONNECTION", "a,b", "one name", NULL);
	load(fixture, "DB_CONNECTION=", NULL);
	refused(fixture, "DB_CONNECTION", "one name", NULL);
	load(fixture, "DB_CONNECTION=a", "DB_TEST_CONNECTION=A", NULL);
	refused(fixture, "DB_TEST_CONNECTION", "one name", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_ending_test_makes_a_twin),
		CASE(the_key_test_names_another_twin),
		CASE(one_database_is_never_the_twin_of_two),
		CASE(variables_make_twins_too),
		CASE(twins_that_make_no_sense_are_refused_with_their_line),
		CASE(db_connection_stands_above_the_inis_default),
		CASE(the_inis_only_connection_is_the_default),
		CASE(of_several_none_is_guessed),
		CASE(without_an_ini_the_only_connection_is_not_assumed),
		CASE(a_default_that_names_nothing_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
