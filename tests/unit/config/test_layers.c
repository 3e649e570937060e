/* Of the layers that speak of one connection: endpoints whole from one, and
 * credentials never from a weaker one. */
#include "support.h"

static void an_endpoint_is_taken_whole_from_one_layer(void **state)
{
	struct fixture *fixture = *state;

	put_ini(fixture, "[connection:pg]\nhost = ini\nport = 1\ndatabase = ini\nsslmode = full\n");
	put(fixture, ".env", "PG_HOST=dotenv\nPG_NAME=dotenv\n");
	load(fixture, "PG_PORT=7", NULL);
	value_is(fixture, "pg", "port", "7");
	value_is(fixture, "pg", "host", NULL);
	value_is(fixture, "pg", "database", NULL);
	value_is(fixture, "pg", "sslmode", "full");
	assert_true(warned(fixture, "PG_HOST"));
	load(fixture, NULL);
	value_is(fixture, "pg", "host", "dotenv");
	value_is(fixture, "pg", "database", "dotenv");
	value_is(fixture, "pg", "port", NULL);
}

static void credentials_never_come_from_a_weaker_layer_than_the_endpoint(void **state)
{
	struct fixture *fixture = *state;

	put_ini(fixture, "[connection:pg]\nhost = ini\nuser = ini\npassword = of-the-ini\n");
	put(fixture, ".env", "PG_PASSWORD=of-dotenv\n");
	load(fixture, "PG_HOST=elsewhere", NULL);
	value_is(fixture, "pg", "host", "elsewhere");
	value_is(fixture, "pg", "user", NULL);
	value_is(fixture, "pg", "password", NULL);
	assert_true(warned(fixture, "credentials never come from a weaker layer"));
	load(fixture, "PG_HOST=elsewhere", "PG_PASSWORD=mine", NULL);
	value_is(fixture, "pg", "password", "mine");
	value_is(fixture, "pg", "user", NULL);
}

static void a_drivers_own_secret_is_a_credential(void **state)
{
	struct fixture *fixture = *state;

	put_ini(fixture,
		"[connection:pg]\nhost = ini\napi_token = t\nkey_password_file = f\nsslmode = full\n");
	load(fixture, "PG_HOST=elsewhere", NULL);
	value_is(fixture, "pg", "api_token", NULL);
	value_is(fixture, "pg", "key_password_file", NULL);
	value_is(fixture, "pg", "sslmode", "full");
	load(fixture, NULL);
	value_is(fixture, "pg", "api_token", "t");
	assert_true(settings_find(&connection(fixture, "pg")->settings, "api_token")->secret);
}

static void the_endpoint_of_the_ini_takes_credentials_from_every_layer(void **state)
{
	struct fixture *fixture = *state;

	put_ini(fixture, "[connection:pg]\nhost = ini\nuser = ini\npassword = of-the-ini\n");
	put(fixture, ".env", "PG_PASSWORD=of-dotenv\n");
	load(fixture, NULL);
	value_is(fixture, "pg", "user", "ini");
	value_is(fixture, "pg", "password", "of-dotenv");
	load(fixture, "PG_PASSWORD=real", NULL);
	value_is(fixture, "pg", "host", "ini");
	value_is(fixture, "pg", "password", "real");
}

static void a_stronger_password_replaces_the_inis_password_file(void **state)
{
	struct fixture *fixture = *state;

	put_ini(fixture, "[connection:pg]\nhost = ini\npassword_file = f\n");
	load(fixture, "PG_PASSWORD=real", NULL);
	value_is(fixture, "pg", "password", "real");
	value_is(fixture, "pg", "password_file", NULL);
}

static void a_url_from_a_stronger_layer_replaces_the_parts(void **state)
{
	struct fixture *fixture = *state;

	put_ini(fixture, "[connection:mongo]\nhost = ini\nuser = ini\n");
	load(fixture, "MONGO_URI=mongodb://h/d", NULL);
	value_is(fixture, "mongo", "url", "mongodb://h/d");
	value_is(fixture, "mongo", "host", NULL);
	value_is(fixture, "mongo", "user", NULL);
	assert_true(settings_find(&connection(fixture, "mongo")->settings, "url")->secret);
}

static void what_is_said_twice_in_one_layer_is_an_error_that_names_both(void **state)
{
	static const char *const bad[][3] = {
		{"url = d://h\nhost = h\n", "url", "host"},
		{"url = d://h\nport = 1\n", "url", "port"},
		{"path = p\nurl = d://h\n", "url", "path"},
		{"password = p\npassword_file = f\n", "password", "password_file"},
		{"password = p\npassword_command = [\"/x\"]\n", "password", "password_command"},
		{"password_command = [\"/x\"]\npassword_file = f\n", "password_file",
		 "password_command"},
		{"runtime.host = h\nurl = d://h\n", "url", "runtime.host"},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		put_ini(fixture,
			arena_printf(&fixture->arena, "[connection:x]\ndriver = d\n%s", bad[i][0]));
		load(fixture, NULL);
		refused(fixture, "eloquent.ini:", "both set", bad[i][1], bad[i][2], NULL);
	}
	put_ini(fixture,
		"[connection:x]\ndriver = d\nurl = d://u@h/d\ndatabase = d\nuser = u\npassword = p\n");
	load(fixture, NULL);
	must(fixture);
}

static void a_test_value_never_falls_back_to_the_application(void **state)
{
	struct fixture *fixture = *state;

	put_ini(fixture, "[connection:pg]\nhost = h\ndatabase = app\nuser = u\n[connection:pg_test]\n");
	load(fixture, "PG_PASSWORD=p", "PG_TEST_HOST=t", NULL);
	value_is(fixture, "pg_test", "host", "t");
	assert_int_equal(connection(fixture, "pg_test")->settings.count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(an_endpoint_is_taken_whole_from_one_layer),
		CASE(credentials_never_come_from_a_weaker_layer_than_the_endpoint),
		CASE(a_drivers_own_secret_is_a_credential),
		CASE(the_endpoint_of_the_ini_takes_credentials_from_every_layer),
		CASE(a_stronger_password_replaces_the_inis_password_file),
		CASE(a_url_from_a_stronger_layer_replaces_the_parts),
		CASE(what_is_said_twice_in_one_layer_is_an_error_that_names_both),
		CASE(a_test_value_never_falls_back_to_the_application),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
