/* What the variables of the process come to: the actor, booleans, the log's; and what an
 * unknown word gets. */
#include "config/private.h"
#include "support.h"

static void the_actor_is_the_first_of_its_chain_that_is_not_empty(void **state)
{
	struct fixture *fixture = *state;
	static const char *const chain[] = {"ELOQUENT_ACTOR=a", "GITHUB_ACTOR=b", "GITLAB_USER_LOGIN=c",
					    "CI_ACTOR=d", "USER=e"};

	load(fixture, chain[0], chain[1], chain[2], chain[3], chain[4], NULL);
	assert_string_equal(fixture->project.actor, "a");
	load(fixture, chain[1], chain[2], chain[3], chain[4], NULL);
	assert_string_equal(fixture->project.actor, "b");
	load(fixture, "ELOQUENT_ACTOR=", chain[2], chain[3], chain[4], NULL);
	assert_string_equal(fixture->project.actor, "c");
	load(fixture, chain[3], chain[4], NULL);
	assert_string_equal(fixture->project.actor, "d");
	load(fixture, chain[4], NULL);
	assert_string_equal(fixture->project.actor, "e");
	assert_string_equal(resolved(fixture, "USER")->value, "e");
}

static void without_a_variable_the_actor_is_the_user_that_the_process_runs_as(void **state)
{
	struct fixture *fixture = *state;

	load(fixture, "USER=", NULL);
	must(fixture);
	assert_string_equal(fixture->project.actor, process_user(fixture));
	assert_string_equal(actor_of_user(&fixture->arena, 0), "root");
}

static void a_user_without_a_name_is_a_number(void **state)
{
	struct fixture *fixture = *state;

	assert_string_equal(actor_of_user(&fixture->arena, 3999999999u), "uid 3999999999");
}

static void booleans_have_one_rule_for_every_variable(void **state)
{
	static const char *const yes[] = {"1", "true", "YES", "On", " yes "};
	static const char *const no[] = {"0", "false", "No", "oFF"};
	static const char *const bad[] = {"maybe", "", "2", "y", "enabled"};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT_OF(yes); i++) {
		load(fixture,
		     arena_printf(&fixture->arena, "ELOQUENT_ALLOW_PROD_DESTRUCTIVE=%s", yes[i]), NULL);
		must(fixture);
		assert_true(fixture->project.allow_destructive);
	}
	for (size_t i = 0; i < COUNT_OF(no); i++) {
		load(fixture,
		     arena_printf(&fixture->arena, "ELOQUENT_ALLOW_PROD_DESTRUCTIVE=%s", no[i]),
		     arena_printf(&fixture->arena, "ELOQUENT_AUDIT_ENABLED=%s", no[i]), NULL);
		must(fixture);
		assert_false(fixture->project.allow_destructive);
		assert_false(fixture->project.audit.enabled);
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		load(fixture,
		     arena_printf(&fixture->arena, "ELOQUENT_ALLOW_PROD_DESTRUCTIVE=%s", bad[i]), NULL);
		refused(fixture, "ELOQUENT_ALLOW_PROD_DESTRUCTIVE", "yes or no", NULL);
		load(fixture, arena_printf(&fixture->arena, "ELOQUENT_AUDIT_ENABLED=%s", bad[i]), NULL);
		refused(fixture, "ELOQUENT_AUDIT_ENABLED", "yes or no", NULL);
	}
}

static void the_command_line_stands_above_the_log_variables(void **state)
{
	struct fixture *fixture = *state;

	load(fixture, "ELOQUENT_LOG_LEVEL=DEBUG", "ELOQUENT_LOG_FORMAT=json", NULL);
	must(fixture);
	assert_int_equal(fixture->project.log_level, LOG_DEBUG);
	assert_int_equal(fixture->project.log_format, LOG_JSON);
	fixture->input.log_level = "error";
	fixture->input.log_format = "text";
	load(fixture, "ELOQUENT_LOG_LEVEL=debug", "ELOQUENT_LOG_FORMAT=json", NULL);
	must(fixture);
	assert_int_equal(fixture->project.log_level, LOG_ERROR);
	assert_int_equal(fixture->project.log_format, LOG_TEXT);
	assert_int_equal(resolved(fixture, "ELOQUENT_LOG_LEVEL")->origin.layer, LAYER_COMMAND_LINE);
}

static void unknown_words_are_errors_that_name_where_they_stand(void **state)
{
	struct fixture *fixture = *state;

	load(fixture, "ELOQUENT_LOG_LEVEL=loud", NULL);
	refused(fixture, "ELOQUENT_LOG_LEVEL", "loud", "debug", NULL);
	load(fixture, "ELOQUENT_LOG_FORMAT=xml", NULL);
	refused(fixture, "ELOQUENT_LOG_FORMAT", "xml", "json", NULL);
	load(fixture, "ELOQUENT_DB_ROLE=admin", NULL);
	refused(fixture, "ELOQUENT_DB_ROLE", "admin", "runtime or migration", NULL);
	load(fixture, "MEMCACHED_PORT=x", NULL);
	refused(fixture, "MEMCACHED_PORT", NULL);
	fixture->input.log_level = "loud";
	load(fixture, NULL);
	refused(fixture, "--log-level", "loud", NULL);
	fixture->input.log_level = NULL;
	fixture->input.log_format = "xml";
	load(fixture, NULL);
	refused(fixture, "--log-format", "xml", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_actor_is_the_first_of_its_chain_that_is_not_empty),
		CASE(without_a_variable_the_actor_is_the_user_that_the_process_runs_as),
		CASE(a_user_without_a_name_is_a_number),
		CASE(booleans_have_one_rule_for_every_variable),
		CASE(the_command_line_stands_above_the_log_variables),
		CASE(unknown_words_are_errors_that_name_where_they_stand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
