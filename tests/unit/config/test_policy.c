/* The [guard] policy: from the INI, the stricter of two, its text and back. */
#include "support.h"

#define HOUR INT64_C(3600000000)

static void its_defaults_are_the_careful_ones(void **state)
{
	struct fixture *fixture = *state;

	load(fixture, NULL);
	must(fixture);
	assert_false(fixture->project.policy.forbid);
	assert_true(fixture->project.policy.require_backup);
	assert_int_equal(fixture->project.policy.backup_max_age_us, HOUR);
}

static void it_is_read_from_the_ini(void **state)
{
	struct fixture *fixture = *state;

	put_ini(fixture, "[guard]\nproduction = Forbid\nrequire_backup = off\nbackup_max_age = 90m\n");
	load(fixture, NULL);
	must(fixture);
	assert_true(fixture->project.policy.forbid);
	assert_false(fixture->project.policy.require_backup);
	assert_int_equal(fixture->project.policy.backup_max_age_us, 90 * HOUR / 60);
}

static void of_two_the_stricter_counts_member_by_member(void **state UNUSED)
{
	struct policy a = {.forbid = true, .require_backup = false, .backup_max_age_us = 5};
	struct policy b = {.forbid = false, .require_backup = true, .backup_max_age_us = 3};
	struct policy strict = policy_stricter(a, b);

	assert_true(strict.forbid && strict.require_backup);
	assert_int_equal(strict.backup_max_age_us, 3);
	strict = policy_stricter(b, a);
	assert_true(strict.forbid && strict.require_backup);
	assert_int_equal(strict.backup_max_age_us, 3);
	strict = policy_stricter((struct policy){.backup_max_age_us = 9},
				 (struct policy){.backup_max_age_us = 9});
	assert_false(strict.forbid || strict.require_backup);
	assert_int_equal(strict.backup_max_age_us, 9);
}

static void its_text_comes_back_as_the_same_policy(void **state UNUSED)
{
	for (int i = 0; i < 4; i++) {
		struct arena arena = {0};
		struct policy policy = {i & 1, i & 2, HOUR + i};
		struct policy back = {0};

		assert_true(policy_parse(policy_format(&arena, &policy), &back));
		assert_int_equal(back.forbid, policy.forbid);
		assert_int_equal(back.require_backup, policy.require_backup);
		assert_int_equal(back.backup_max_age_us, policy.backup_max_age_us);
		arena_free(&arena);
	}
}

static void its_text_is_canonical(void **state UNUSED)
{
	struct arena arena = {0};
	struct policy policy = {true, false, HOUR};

	assert_string_equal(policy_format(&arena, &policy),
			    "production=forbid require_backup=no backup_max_age_us=3600000000");
	arena_free(&arena);
}

static void members_of_a_later_version_are_passed_over(void **state UNUSED)
{
	struct policy policy = {0};

	assert_true(policy_parse(
		"production=forbid require_plan=yes require_backup=yes backup_max_age_us=7", &policy));
	assert_true(policy.forbid && policy.require_backup);
	assert_int_equal(policy.backup_max_age_us, 7);
}

static void a_text_that_leaves_anything_to_guess_is_no_policy(void **state UNUSED)
{
	static const char *const bad[] = {
		"",
		"production=forbid",
		"production=forbid require_backup=yes",
		"production=maybe require_backup=yes backup_max_age_us=7",
		"production=forbid require_backup=true backup_max_age_us=7",
		"production=forbid require_backup=yes backup_max_age_us=",
		"production=forbid require_backup=yes backup_max_age_us=-1",
		"production=forbid require_backup=yes backup_max_age_us=0",
		"production=forbid production=contract require_backup=yes backup_max_age_us=7",
		"production=forbid require_backup=yes backup_max_age_us=7 x",
		"production=forbid  require_backup=yes backup_max_age_us=7",
	};

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct policy policy = {.backup_max_age_us = 1234};

		if (policy_parse(bad[i], &policy))
			fail_msg("taken: %s", bad[i]);
		assert_int_equal(policy.backup_max_age_us, 1234);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(its_defaults_are_the_careful_ones),
		CASE(it_is_read_from_the_ini),
		cmocka_unit_test(of_two_the_stricter_counts_member_by_member),
		cmocka_unit_test(its_text_comes_back_as_the_same_policy),
		cmocka_unit_test(its_text_is_canonical),
		cmocka_unit_test(members_of_a_later_version_are_passed_over),
		cmocka_unit_test(a_text_that_leaves_anything_to_guess_is_no_policy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
