/* test_parse.c - the grammar of the command line, rule by rule. */
#include "cli/cli.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

struct parsed {
	struct invocation invocation;
	struct error error;
	enum status status;
};

#define PARSE(...) parse((const char *const[]){__VA_ARGS__, NULL})

static struct parsed parse(const char *const *words)
{
	struct parsed parsed = {0};
	int count = 0;
	while (words[count])
		count++;
	parsed.status = invocation_parse(count, words, &parsed.invocation, &parsed.error);
	return parsed;
}

static void parsed_free(struct parsed *parsed)
{
	invocation_free(&parsed->invocation);
	error_clear(&parsed->error);
}

static void options_may_stand_anywhere(void **state)
{
	(void)state;
	struct parsed parsed = PARSE("--json", "migrate:run", "-c", "a", "NAME", "--wait=3s", "--pg");
	assert_int_equal(parsed.status, STATUS_OK);
	assert_string_equal(parsed.invocation.command->name, "migrate:run");
	assert_true(option_given(&parsed.invocation, OPTION_JSON));
	assert_string_equal(argument(&parsed.invocation, 0), "NAME");
	assert_string_equal(option_value(&parsed.invocation, OPTION_WAIT), "3s");
	assert_int_equal(parsed.invocation.connections.count, 2);
	assert_string_equal(parsed.invocation.connections.items[1], "pg");
	parsed_free(&parsed);
}

static void abbreviations_are_refused(void **state)
{
	(void)state;
	const char *const short_forms[] = {"--y", "--ye", "--forc", "--conn"};
	for (size_t i = 0; i < COUNT_OF(short_forms); i++) {
		struct parsed parsed = PARSE("migrate:fresh", short_forms[i]);
		assert_int_equal(parsed.status, STATUS_USAGE);
		assert_non_null(strstr(parsed.error.message, short_forms[i]));
		parsed_free(&parsed);
	}
}

static void an_unknown_word_names_the_nearest_known_one(void **state)
{
	(void)state;
	struct parsed command = PARSE("migrate:rnu");
	assert_int_equal(command.status, STATUS_USAGE);
	assert_non_null(strstr(command.error.hint, "migrate:run"));
	parsed_free(&command);
	struct parsed option = PARSE("migrate:run", "--stpe", "1");
	assert_int_equal(option.status, STATUS_USAGE);
	assert_non_null(strstr(option.error.hint, "--step"));
	parsed_free(&option);
}

static void prohibited_words_are_answered_with_the_safe_way(void **state)
{
	(void)state;
	const char *const words[] = {"db:push", "migrate:dev", "db:reset"};
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		struct parsed parsed = PARSE(words[i]);
		assert_int_equal(parsed.status, STATUS_PROHIBITED);
		assert_non_null(strstr(parsed.error.message, "migrate:"));
		parsed_free(&parsed);
	}
	struct parsed parsed = PARSE("migrate:run", "--force-reset");
	assert_int_equal(parsed.status, STATUS_PROHIBITED);
	parsed_free(&parsed);
}

static void surplus_and_missing_arguments_are_errors(void **state)
{
	(void)state;
	struct parsed surplus = PARSE("migrate:status", "extra");
	assert_int_equal(surplus.status, STATUS_USAGE);
	assert_non_null(strstr(surplus.error.message, "extra"));
	parsed_free(&surplus);
	struct parsed missing = PARSE("db:stamp");
	assert_int_equal(missing.status, STATUS_USAGE);
	assert_non_null(strstr(missing.error.hint, "ENV"));
	parsed_free(&missing);
}

static void a_flag_takes_no_value_and_a_value_is_not_left_out(void **state)
{
	(void)state;
	struct parsed flag = PARSE("migrate:fresh", "--force=yes");
	assert_int_equal(flag.status, STATUS_USAGE);
	parsed_free(&flag);
	struct parsed value = PARSE("migrate:run", "--step");
	assert_int_equal(value.status, STATUS_USAGE);
	parsed_free(&value);
}

static void a_value_given_twice_is_an_error(void **state)
{
	(void)state;
	struct parsed parsed = PARSE("migrate:run", "--step", "1", "--step", "2");
	assert_int_equal(parsed.status, STATUS_USAGE);
	parsed_free(&parsed);
}

static void an_option_of_another_command_is_refused(void **state)
{
	(void)state;
	struct parsed parsed = PARSE("migrate:run", "--batch", "1");
	assert_int_equal(parsed.status, STATUS_USAGE);
	assert_non_null(strstr(parsed.error.message, "--batch"));
	parsed_free(&parsed);
}

static void behind_two_dashes_everything_is_an_argument(void **state)
{
	(void)state;
	struct parsed parsed = PARSE("migrate:run", "--", "--step");
	assert_int_equal(parsed.status, STATUS_OK);
	assert_string_equal(argument(&parsed.invocation, 0), "--step");
	assert_false(option_given(&parsed.invocation, OPTION_STEP));
	parsed_free(&parsed);
}

static void counts_are_whole_numbers_from_one(void **state)
{
	(void)state;
	const char *const bad[] = {"0", "-1", "two", "1.5", "", "99999999999999999999"};
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct parsed parsed = PARSE("migrate:run", "--step", bad[i]);
		assert_int_equal(parsed.status, STATUS_USAGE);
		assert_non_null(strstr(parsed.error.message, "--step"));
		parsed_free(&parsed);
	}
	struct parsed parsed = PARSE("migrate:run", "--step", "12");
	assert_int_equal(parsed.status, STATUS_OK);
	assert_int_equal(option_count(&parsed.invocation, OPTION_STEP, 7), 12);
	assert_int_equal(option_count(&parsed.invocation, OPTION_JOBS, 7), 7);
	parsed_free(&parsed);
}

static void a_duration_has_a_number_and_may_have_a_unit(void **state)
{
	(void)state;
	const char *const bad[] = {"soon", "-1s", "", "5x"};
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct parsed parsed = PARSE("migrate:run", "--connect-wait", bad[i]);
		assert_int_equal(parsed.status, STATUS_USAGE);
		assert_non_null(strstr(parsed.error.message, "--connect-wait"));
		parsed_free(&parsed);
	}
	struct parsed parsed = PARSE("migrate:run", "--connect-wait", "2s", "--wait");
	assert_int_equal(parsed.status, STATUS_OK);
	assert_int_equal(option_duration_us(&parsed.invocation, OPTION_CONNECT_WAIT, 7), 2000000);
	assert_int_equal(option_duration_us(&parsed.invocation, OPTION_WAIT, 7), 7);
	parsed_free(&parsed);
}

static void words_that_do_not_go_together_are_an_error_of_the_command_line(void **state)
{
	(void)state;
	static const char *const lines[][6] = {
		{"migrate:run", "NAME", "--step", "1"},
		{"migrate:run", "NAME", "--to", "OTHER"},
		{"migrate:rollback", "--step", "1", "--batch", "1"},
		{"migrate:rollback", "--to", "NAME", "--all-migrations"},
		{"migrate:repair"},
		{"migrate:repair", "--accept", "NAME", "--forget", "NAME"},
		{"migrate:repair", "--accept", "NAME", "OTHER"},
		{"migrate:repair", "--mark", "applied"},
		{"migrate:repair", "--mark", "done", "NAME"},
		{"make:migration", "NAME"},
		{"make:migration", "NAME", "--sql", "--dry-run"},
		{"db:stamp", "Pro duction"},
	};
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		struct parsed parsed = parse(lines[i]);
		if (parsed.status != STATUS_USAGE)
			fail_msg("%s, line %zu of the test", lines[i][0], i);
		parsed_free(&parsed);
	}
}

static void of_a_wrong_command_line_the_command_stays_known(void **state)
{
	(void)state;
	struct parsed parsed = PARSE("migrate:run", "--step", "none");
	assert_int_equal(parsed.status, STATUS_USAGE);
	assert_ptr_equal(parsed.invocation.command, command_find("migrate:run"));
	parsed_free(&parsed);
}

static void no_two_commands_share_a_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < command_count; i++) {
		assert_ptr_equal(command_find(command_table[i]->name), command_table[i]);
		if (command_table[i]->alias)
			assert_ptr_equal(command_find(command_table[i]->alias), command_table[i]);
	}
}

static void every_row_can_be_run_one_way_only(void **state)
{
	(void)state;
	for (size_t i = 0; i < command_count; i++) {
		const struct command *command = command_table[i];
		if (command->flags & COMMAND_NAMED) /* one way each: with a named connection, without */
			assert_true(command->local && !command->work &&
				    !command->check == !!(command->flags & COMMAND_CHOOSES));
		else
			assert_true((command->local != NULL) != (command->check != NULL));
		/* What has a check opens its connections. */
		assert_false(command->check && (command->flags & COMMAND_CHOOSES));
		assert_true(command->guard.class_ == GUARD_SAFE || command->work || command->local);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_may_stand_anywhere),
		cmocka_unit_test(abbreviations_are_refused),
		cmocka_unit_test(an_unknown_word_names_the_nearest_known_one),
		cmocka_unit_test(prohibited_words_are_answered_with_the_safe_way),
		cmocka_unit_test(surplus_and_missing_arguments_are_errors),
		cmocka_unit_test(a_flag_takes_no_value_and_a_value_is_not_left_out),
		cmocka_unit_test(a_value_given_twice_is_an_error),
		cmocka_unit_test(an_option_of_another_command_is_refused),
		cmocka_unit_test(behind_two_dashes_everything_is_an_argument),
		cmocka_unit_test(counts_are_whole_numbers_from_one),
		cmocka_unit_test(a_duration_has_a_number_and_may_have_a_unit),
		cmocka_unit_test(words_that_do_not_go_together_are_an_error_of_the_command_line),
		cmocka_unit_test(of_a_wrong_command_line_the_command_stays_known),
		cmocka_unit_test(no_two_commands_share_a_name),
		cmocka_unit_test(every_row_can_be_run_one_way_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
