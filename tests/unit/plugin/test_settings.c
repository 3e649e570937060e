/* From a connection's keys to what a driver's open() receives, seen from inside
 * the driver. */
#include "stage.h"

#define INI                                                                                            \
	{                                                                                              \
		LAYER_INI, "/p/eloquent.ini", 12                                                       \
	}
#define VARIABLE                                                                                       \
	{                                                                                              \
		LAYER_ENVIRONMENT, "SOME_VARIABLE", 0                                                  \
	}

static void given_keys_arrive_in_order_with_defaults_behind(void **state)
{
	struct stage stage;
	(void)state;
	stage_open(&stage);
	stage_set(&stage, "host", "h");
	stage_set(&stage, "database", "d");
	assert_int_equal(stage_try(&stage), STATUS_OK);
	assert_string_equal(stage_received(&stage), "host=h database=d wait=5000000");
	stage_close(&stage);
}

static void each_type_arrives_in_its_one_form(void **state)
{
	static const struct {
		const char *key;
		const char *value;
		const char *arrives;
	} cases[] = {
		{"port", "0042", "port=42 "},       {"port", "-1", "port=-1 "},
		{"verify", "TRUE", "verify=yes "},  {"verify", "off", "verify=no "},
		{"verify", "1", "verify=yes "},     {"wait", "250ms", "wait=250000"},
		{"wait", "10m", "wait=600000000"},  {"wait", "3", "wait=3000000"},
		{"path", "/abs/x", "path=/abs/x "}, {"host", "", "host= "},
		{"host", "a b;c", "host=a b;c "},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct stage stage;
		stage_open(&stage);
		stage_set(&stage, "database", "d");
		stage_set(&stage, cases[i].key, cases[i].value);
		assert_int_equal(stage_try(&stage), STATUS_OK);
		const char *received = arena_printf(&stage.scene.arena, "%s ", stage_received(&stage));
		if (strstr(received, cases[i].arrives) == NULL)
			fail_msg("\"%s\" has no \"%s\"", received, cases[i].arrives);
		stage_close(&stage);
	}
}

static void a_value_of_the_wrong_type_names_file_line_key_and_what_belongs_there(void **state)
{
	static const struct {
		const char *key;
		const char *value;
		const char *says;
	} cases[] = {
		{"port", "80a", "is \"80a\", not a whole number"},
		{"port", "", "is \"\", not a whole number"},
		{"port", "99999999999999999999", "not a whole number"},
		{"verify", "maybe", "is \"maybe\", not yes or no"},
		{"wait", "soon", "not a duration such as"},
		{"wait", "-5s", "not a duration such as"},
		{"path", "", "not a path"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct stage stage;
		stage_open(&stage);
		stage_set(&stage, "database", "d");
		stage_set(&stage, cases[i].key, cases[i].value);
		assert_int_equal(stage_try(&stage), STATUS_CONFIG);
		assert_says(&stage.scene, "/p/eloquent.ini:12: the key ");
		assert_says(&stage.scene, cases[i].key);
		assert_says(&stage.scene, "connection \"main\"");
		assert_says(&stage.scene, cases[i].says);
		assert_int_equal(stage.scene.error.line, 12);
		assert_null(stage.database);
		stage_close(&stage);
	}
}

static void a_wrong_secret_is_not_shown(void **state)
{
	struct stage stage;
	(void)state;
	stage_open(&stage);
	stage_set(&stage, "database", "d");
	stage_set(&stage, "pin", "one-two-three");
	assert_int_equal(stage_try(&stage), STATUS_CONFIG);
	assert_says(&stage.scene, "\"pin\"");
	assert_null(strstr(scene_said(&stage.scene), "one-two"));
	stage_close(&stage);
}

static void an_unknown_key_is_refused_with_the_nearest_known_one(void **state)
{
	struct stage stage;
	(void)state;
	stage_open(&stage);
	stage_set(&stage, "database", "d");
	stage_set(&stage, "pasword", "x");
	assert_int_equal(stage_try(&stage), STATUS_CONFIG);
	assert_says(&stage.scene,
		    "/p/eloquent.ini:12: the driver puppet of the connection \"main\" knows no key "
		    "\"pasword\"");
	assert_says(&stage.scene, "did you mean \"password\"?");
	assert_says(&stage.scene, "database, mode, host");
	stage_close(&stage);
}

static void an_option_of_migrations_is_no_key_of_a_connection(void **state)
{
	struct stage stage;
	(void)state;
	stage_open(&stage);
	stage_set(&stage, "database", "d");
	stage_set(&stage, "foreign_keys", "on");
	assert_int_equal(stage_try(&stage), STATUS_CONFIG);
	assert_says(&stage.scene, "knows no key \"foreign_keys\"");
	stage_close(&stage);
}

static void a_required_key_that_nobody_gave_is_named(void **state)
{
	struct stage stage;
	(void)state;
	stage_open(&stage);
	stage_set(&stage, "host", "h");
	assert_int_equal(stage_try(&stage), STATUS_CONFIG);
	assert_says(&stage.scene,
		    "the connection \"main\" has no \"database\", which its driver puppet needs");
	assert_says(&stage.scene, "database: for tests");
	stage_close(&stage);
}

static void a_relative_path_counts_from_where_it_was_written(void **state)
{
	static const struct origin origins[] = {INI, {LAYER_DOTENV, "/p/.env", 3}, VARIABLE};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(origins); i++) {
		struct stage stage;
		stage_open(&stage);
		stage_set(&stage, "database", "d");
		stage_set_from(&stage, "path", "x/y", origins[i]);
		assert_int_equal(stage_try(&stage), STATUS_OK);
		const char *folder = origins[i].layer == LAYER_ENVIRONMENT
					     ? path_working_directory(&stage.scene.arena)
					     : stage.scene.folder;
		const char *expected = arena_printf(&stage.scene.arena, "path=%s/x/y", folder);
		assert_non_null(strstr(stage_received(&stage), expected));
		stage_close(&stage);
	}
}

/* ---- secrets ------------------------------------------------------------------------ */

static void a_secret_arrives_and_is_masked_wherever_the_driver_shows_it(void **state)
{
	struct stage stage;
	(void)state;
	stage_open(&stage);
	stage_set(&stage, "database", "d");
	stage_set(&stage, "password", "hunter22");
	assert_int_equal(stage_try(&stage), STATUS_OK);
	assert_non_null(strstr(stage_received(&stage), "!password=" REDACTED));
	assert_int_equal(stage_run(&stage, "is password hunter22"), STATUS_OK);
	assert_int_equal(stage_run(&stage, "fail 1 0 it was hunter22"), STATUS_STATEMENT_FAILED);
	assert_string_equal(stage.scene.error.message, "it was " REDACTED);
	stage_close(&stage);
}

static void the_password_inside_a_url_is_masked_alone_too(void **state)
{
	static const struct {
		const char *url;
		const char *leak;
	} cases[] = {
		{"puppet://me:hunter22@h/db", "hunter22"},
		{"puppet://me:hunter%4022@h/db", "hunter@22"},
		{"puppet://me:hunter@22@h/db?x=a", "hunter@22"},
		{"puppet://me:hunter/22@h/db", "hunter/22"},
		{"puppet://:hunter22@h", "hunter22"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct stage stage;
		stage_open(&stage);
		stage_set(&stage, "database", "d");
		stage_set(&stage, "url", cases[i].url);
		assert_int_equal(stage_try(&stage), STATUS_OK);
		assert_int_equal(stage_run(&stage, arena_printf(&stage.scene.arena, "fail 1 0 <%s>",
								cases[i].leak)),
				 STATUS_STATEMENT_FAILED);
		assert_string_equal(stage.scene.error.message, "<" REDACTED ">");
		stage_close(&stage);
	}
}

static void a_secret_is_read_from_the_file_that_its_file_key_names(void **state)
{
	struct stage stage;
	(void)state;
	stage_open(&stage);
	scene_write(path_join(&stage.scene.arena, stage.scene.folder, "pw"), "hunter22\n", 9);
	stage_set(&stage, "database", "d");
	stage_set(&stage, "password_file", "pw");
	assert_int_equal(stage_try(&stage), STATUS_OK);
	assert_int_equal(stage_run(&stage, "is password hunter22"), STATUS_OK);
	assert_int_equal(stage_run(&stage, "is password_file pw"), STATUS_STATEMENT_FAILED);
	stage_close(&stage);
}

static void a_secret_file_that_is_not_there_names_key_and_line(void **state)
{
	struct stage stage;
	(void)state;
	stage_open(&stage);
	stage_set(&stage, "database", "d");
	stage_set(&stage, "password_file", "nowhere");
	assert_int_equal(stage_try(&stage), STATUS_CONFIG);
	assert_says(&stage.scene,
		    "/p/eloquent.ini:12: the key \"password_file\" of the connection \"main\"");
	assert_says(&stage.scene, "/nowhere");
	stage_close(&stage);
}

static void both_a_secret_and_its_file_are_an_error(void **state)
{
	struct stage stage;
	(void)state;
	stage_open(&stage);
	stage_set(&stage, "database", "d");
	stage_set_from(&stage, "password", "x", (struct origin)VARIABLE);
	stage_set(&stage, "password_file", "pw");
	assert_int_equal(stage_try(&stage), STATUS_CONFIG);
	assert_says(&stage.scene,
		    "has both password_file and password (from the variable SOME_VARIABLE)");
	stage_close(&stage);
}

static void only_secrets_have_a_file_form(void **state)
{
	struct stage stage;
	(void)state;
	stage_open(&stage);
	stage_set(&stage, "database_file", "d");
	assert_int_equal(stage_try(&stage), STATUS_CONFIG);
	assert_says(&stage.scene, "knows no key \"database_file\"");
	stage_close(&stage);
}

/* ---- DATABASE_URL --------------------------------------------------------------------- */

static void stage_url(struct stage *stage, const char *url)
{
	stage_open(stage);
	stage->scene.project.default_connection = "main";
	stage->scene.project.database_url = url;
	stage->scene.project.database_url_origin =
		(struct origin){LAYER_ENVIRONMENT, "DATABASE_URL", 0};
}

static void database_url_replaces_the_inis_endpoint_and_its_credentials(void **state)
{
	static const char *const urls[] = {"puppet://h/x", "PUPPET+tls://h/x"};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(urls); i++) {
		struct stage stage;
		stage_url(&stage, urls[i]);
		stage_set(&stage, "host", "ini-host");
		stage_set(&stage, "user", "ini-user");
		stage_set(&stage, "password", "ini-password");
		stage_set(&stage, "verify", "on");
		stage_set_from(&stage, "mode", "m", (struct origin)VARIABLE);
		/* `database` is an endpoint key as well, and this driver requires it. */
		assert_int_equal(stage_try(&stage), STATUS_CONFIG);
		assert_says(&stage.scene, "has no \"database\"");
		stage_close(&stage);
	}
}

static void credentials_of_the_urls_own_layer_stay(void **state)
{
	struct elq_param params[16];
	struct stage stage;
	(void)state;
	stage_url(&stage, "puppet://h/x");
	/* The same driver without a required endpoint key. */
	struct driver driver = *stage.driver;
	memcpy(params, driver.plugin.params, driver.plugin.param_count * sizeof(params[0]));
	params[0].flags = 0;
	driver.plugin.params = params;
	stage.driver = &driver;
	stage_set(&stage, "host", "ini-host");
	stage_set(&stage, "port", "17");
	stage_set(&stage, "user", "ini-user");
	stage_set(&stage, "verify", "on");
	stage_set_from(&stage, "password", "hunter22", (struct origin)VARIABLE);
	assert_int_equal(stage_try(&stage), STATUS_OK);
	assert_int_equal(stage_run(&stage, "is url puppet://h/x"), STATUS_OK);
	assert_int_equal(stage_run(&stage, "is password hunter22"), STATUS_OK);
	assert_int_equal(stage_run(&stage, "is verify yes"), STATUS_OK);
	assert_null(strstr(stage_received(&stage), "ini-host"));
	assert_null(strstr(stage_received(&stage), "ini-user"));
	assert_null(strstr(stage_received(&stage), "port=17"));
	stage_close(&stage);
}

static void a_scheme_of_another_installed_driver_is_a_warning_that_names_ours(void **state)
{
	struct stage stage;
	size_t count;
	(void)state;
	stage_url(&stage, "leaky://me:hunter22@h/x");
	scene_install(&stage.scene, "leaky");
	stage_set(&stage, "database", "d");
	assert_int_equal(stage_try(&stage), STATUS_OK);
	assert_string_equal(stage_received(&stage), "database=d wait=5000000");
	const char *const *warnings = log_warnings(stage.scene.observer, &count);
	assert_int_equal(count, 1);
	assert_non_null(strstr(warnings[0], "DATABASE_URL is not used"));
	assert_non_null(strstr(warnings[0], "puppet puppet+tls"));
	assert_null(strstr(warnings[0], "hunter22"));
	stage_close(&stage);
}

static void a_scheme_of_no_installed_driver_is_an_error_that_names_what_is_there(void **state)
{
	static const struct {
		const char *url;
		const char *names;
	} cases[] = {
		{"postgres://me:hunter22@h/x", "the scheme postgres"},
		{"puppe://h", "the scheme puppe"},
		{"puppets://h", "the scheme puppets"},
		{"puppet", "without a scheme"},
		{":x", "without a scheme"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct stage stage;
		stage_url(&stage, cases[i].url);
		/* Refused ones are not there. */
		scene_copy(&stage.scene, "note_magic", "plugins/elq_driver_postgres.so");
		stage_set(&stage, "database", "d");
		assert_int_equal(stage_try(&stage), STATUS_CONFIG);
		assert_says(&stage.scene, "DATABASE_URL");
		assert_says(&stage.scene, "\"main\"");
		assert_says(&stage.scene, cases[i].names);
		assert_says(&stage.scene, "takes: puppet (puppet puppet+tls). ");
		assert_null(strstr(scene_said(&stage.scene), "hunter22"));
		stage_close(&stage);
	}
}

static void database_url_speaks_of_the_default_connection_only(void **state)
{
	struct stage stage;
	size_t count;
	(void)state;
	stage_url(&stage, "puppet://h/x");
	stage.scene.project.default_connection = "another";
	stage_set(&stage, "database", "d");
	assert_int_equal(stage_try(&stage), STATUS_OK);
	assert_string_equal(stage_received(&stage), "database=d wait=5000000");
	log_warnings(stage.scene.observer, &count);
	assert_int_equal(count, 0);
	stage_close(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(given_keys_arrive_in_order_with_defaults_behind),
		cmocka_unit_test(each_type_arrives_in_its_one_form),
		cmocka_unit_test(a_value_of_the_wrong_type_names_file_line_key_and_what_belongs_there),
		cmocka_unit_test(a_wrong_secret_is_not_shown),
		cmocka_unit_test(an_unknown_key_is_refused_with_the_nearest_known_one),
		cmocka_unit_test(an_option_of_migrations_is_no_key_of_a_connection),
		cmocka_unit_test(a_required_key_that_nobody_gave_is_named),
		cmocka_unit_test(a_relative_path_counts_from_where_it_was_written),
		cmocka_unit_test(a_secret_arrives_and_is_masked_wherever_the_driver_shows_it),
		cmocka_unit_test(the_password_inside_a_url_is_masked_alone_too),
		cmocka_unit_test(a_secret_is_read_from_the_file_that_its_file_key_names),
		cmocka_unit_test(a_secret_file_that_is_not_there_names_key_and_line),
		cmocka_unit_test(both_a_secret_and_its_file_are_an_error),
		cmocka_unit_test(only_secrets_have_a_file_form),
		cmocka_unit_test(database_url_replaces_the_inis_endpoint_and_its_credentials),
		cmocka_unit_test(credentials_of_the_urls_own_layer_stay),
		cmocka_unit_test(a_scheme_of_another_installed_driver_is_a_warning_that_names_ours),
		cmocka_unit_test(a_scheme_of_no_installed_driver_is_an_error_that_names_what_is_there),
		cmocka_unit_test(database_url_speaks_of_the_default_connection_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
