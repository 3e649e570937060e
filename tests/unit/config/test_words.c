/* Which words mean production, and which are words at all. */
#include "support.h"

static void these_words_mean_production(void **state UNUSED)
{
	static const char *const words[] = {
		"production", "PRODUCTION",  " Production\n", "prod",         "prod-eu",    "product",
		"prd",        "PRD2",        "live",          "live_eu",      "liverpool",  "roduction",
		"porduction", "pproduction", "preduction",    "produktion",   "pruductiom", "reduction",
		"prduction",  "poduction",   "oduction",      "xyproduction",
	};

	for (size_t i = 0; i < COUNT_OF(words); i++) {
		if (!word_is_production(words[i]))
			fail_msg("\"%s\" is not production", words[i]);
	}
}

static void these_words_do_not(void **state UNUSED)
{
	static const char *const words[] = {
		"development",   "staging", "test",
		"local",         "",        " ",
		"pro",           "preprod", "pre-production",
		"nonproduction", "duction", "induction",
		"xyzproduction", "ci",      "lab",
	};

	for (size_t i = 0; i < COUNT_OF(words); i++) {
		if (word_is_production(words[i]))
			fail_msg("\"%s\" is production", words[i]);
	}
}

static void a_word_is_lower_case_letters_digits_underscore_and_minus(void **state UNUSED)
{
	static const char *const good[] = {"a", "staging-2", "x_y", "0"};
	static const char *const bad[] = {"", "A", "a b", "a.b", "ü", "a/b", " a"};

	for (size_t i = 0; i < COUNT_OF(good); i++)
		assert_true(word_valid(good[i]));
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_false(word_valid(bad[i]));
}

static void app_env_is_trimmed_and_lowered(void **state)
{
	struct fixture *fixture = *state;

	load(fixture, "APP_ENV= Staging ", NULL);
	must(fixture);
	assert_string_equal(fixture->project.word, "staging");
	assert_false(fixture->project.production);
	assert_int_equal(fixture->project.word_origin.layer, LAYER_ENVIRONMENT);
}

static void unset_is_development(void **state)
{
	struct fixture *fixture = *state;

	load(fixture, NULL);
	must(fixture);
	assert_string_equal(fixture->project.word, "development");
	assert_int_equal(fixture->project.word_origin.layer, LAYER_DEFAULT);
	assert_false(fixture->project.production);
}

static void a_word_that_is_none_is_an_error_that_names_the_variable(void **state)
{
	struct fixture *fixture = *state;

	load(fixture, "APP_ENV=pro duction", NULL);
	refused(fixture, "APP_ENV", "pro duction", NULL);
	load(fixture, "APP_ENV=", NULL);
	refused(fixture, "APP_ENV", NULL);
	load(fixture, "APP_ENV=B\xc3\xbchne", NULL);
	refused(fixture, "APP_ENV", NULL);
	load(fixture, "APP_ENV=\xff", NULL);
	refused(fixture, "APP_ENV", "UTF-8", NULL);
}

static void app_env_and_node_env_each_say_production(void **state)
{
	struct fixture *fixture = *state;

	load(fixture, "APP_ENV=prod-eu", "NODE_ENV=test", NULL);
	must(fixture);
	assert_true(fixture->project.production);
	assert_string_equal(fixture->project.production_source, "APP_ENV");
	assert_string_equal(fixture->project.word, "prod-eu");
	load(fixture, "APP_ENV=staging", "NODE_ENV=Production", NULL);
	must(fixture);
	assert_true(fixture->project.production);
	assert_string_equal(fixture->project.production_source, "NODE_ENV");
}

static void of_node_env_only_the_word_itself_counts(void **state)
{
	struct fixture *fixture = *state;

	load(fixture, "NODE_ENV=prod", NULL);
	must(fixture);
	assert_false(fixture->project.production);
	load(fixture, "NODE_ENV=anything at all", NULL);
	must(fixture);
	assert_false(fixture->project.production);
}

static void the_word_that_counts_for_a_connection(void **state)
{
	struct fixture *fixture = *state;

	put_ini(fixture,
		"[connection:a]\ndriver = sqlite\n[connection:b]\ndriver = sqlite\nproduction = yes\n");
	load(fixture, "APP_ENV=staging", NULL);
	assert_string_equal(connection_word(&fixture->project, connection(fixture, "a")), "staging");
	assert_string_equal(connection_word(&fixture->project, connection(fixture, "b")), "production");
	load(fixture, "APP_ENV=prd", NULL);
	assert_string_equal(connection_word(&fixture->project, connection(fixture, "a")), "production");
	load(fixture, "APP_ENV=staging", "NODE_ENV=production", NULL);
	assert_string_equal(connection_word(&fixture->project, connection(fixture, "a")), "production");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(these_words_mean_production),
		cmocka_unit_test(these_words_do_not),
		cmocka_unit_test(a_word_is_lower_case_letters_digits_underscore_and_minus),
		CASE(app_env_is_trimmed_and_lowered),
		CASE(unset_is_development),
		CASE(a_word_that_is_none_is_an_error_that_names_the_variable),
		CASE(app_env_and_node_env_each_say_production),
		CASE(of_node_env_only_the_word_itself_counts),
		CASE(the_word_that_counts_for_a_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
