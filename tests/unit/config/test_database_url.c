/* DATABASE_URL: what it may stand beside, and what it leaves behind. */
#include "support.h"

static void database_url_is_kept_for_the_default_connection(void **state)
{
	struct fixture *fixture = *state;

	load(fixture, "DATABASE_URL=postgres://u:of-the-url@h/d", "DB_CONNECTION=pg", NULL);
	must(fixture);
	assert_string_equal(fixture->project.database_url, "postgres://u:of-the-url@h/d");
	assert_int_equal(fixture->project.database_url_origin.layer, LAYER_ENVIRONMENT);
	assert_true(masked(fixture, "of-the-url"));
	load(fixture, "DATABASE_URL=postgres://u:with/slash@h/d", "DB_CONNECTION=pg", NULL);
	must(fixture);
	assert_true(masked(fixture, "with/slash"));
	assert_non_null(connection(fixture, "pg"));
	assert_int_equal(connection(fixture, "pg")->settings.count, 0);
}

static void database_url_beside_another_endpoint_is_an_error_that_names_both(void **state)
{
	struct fixture *fixture = *state;

	load(fixture, "DATABASE_URL=postgres://h/d", "DB_CONNECTION=pg", "PG_HOST=h", NULL);
	refused(fixture, "DATABASE_URL", "PG_HOST", NULL);
	put(fixture, ".env", "DATABASE_URL=postgres://h/d\n");
	load(fixture, "DB_CONNECTION=pg", "PG_NAME=d", NULL);
	refused(fixture, ".env:1", "DATABASE_URL", "PG_NAME", NULL);
	load(fixture, "DB_CONNECTION=pg", "PG_USER=u", "DB_HOST=h", NULL);
	must(fixture);
	load(fixture, "DATABASE_URL=", "DB_CONNECTION=pg", NULL);
	refused(fixture, "DATABASE_URL", "empty", NULL);
}

static void database_url_stands_above_a_weaker_endpoint_and_leaves_its_credentials_behind(void **state)
{
	struct fixture *fixture = *state;
	struct settings settings;

	put_ini(fixture,
		"[connection:pg]\nhost = ini\nuser = ini\npassword = of-the-ini\nsslmode = full\n");
	put(fixture, ".env", "PG_HOST=dotenv\nPG_USER=dotenv\n");
	load(fixture, "DATABASE_URL=postgres://h/d", NULL);
	must(fixture);
	settings = connection_settings_with_url(&fixture->project, connection(fixture, "pg"),
						&fixture->arena);
	assert_string_equal(settings_find(&settings, "url")->value, "postgres://h/d");
	assert_true(settings_find(&settings, "url")->secret);
	assert_null(settings_find(&settings, "host"));
	assert_null(settings_find(&settings, "user"));
	assert_null(settings_find(&settings, "password"));
	assert_string_equal(settings_find(&settings, "sslmode")->value, "full");
	load(fixture, "DATABASE_URL=postgres://h/d", "PG_PASSWORD=real", NULL);
	must(fixture);
	settings = connection_settings_with_url(&fixture->project, connection(fixture, "pg"),
						&fixture->arena);
	assert_string_equal(settings_find(&settings, "password")->value, "real");
}

static void database_url_without_a_default_connection_is_said_to_be_unused(void **state)
{
	struct fixture *fixture = *state;

	load(fixture, "DATABASE_URL=postgres://h/d", NULL);
	must(fixture);
	assert_true(warned(fixture, "DATABASE_URL is not used"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(database_url_is_kept_for_the_default_connection),
		CASE(database_url_beside_another_endpoint_is_an_error_that_names_both),
		CASE(database_url_stands_above_a_weaker_endpoint_and_leaves_its_credentials_behind),
		CASE(database_url_without_a_default_connection_is_said_to_be_unused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
