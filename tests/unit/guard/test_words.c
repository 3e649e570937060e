/* test_words.c - what the guard's classes and reasons are called, and that each
 * sentence tells a person what to do. */
#include "guard/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void a_class_has_the_name_of_the_contract(void **state)
{
	(void)state;
	assert_string_equal(guard_class_name(GUARD_SAFE), "safe");
	assert_string_equal(guard_class_name(GUARD_WRITES), "writes");
	assert_string_equal(guard_class_name(GUARD_DESTRUCTIVE), "destructive");
	assert_string_equal(guard_class_name(GUARD_RECOVERY), "recovery");
	assert_string_equal(guard_class_name(GUARD_GENERATOR), "generator");
	assert_string_equal(guard_class_name(GUARD_STAMP), "writes");
	assert_string_equal(guard_class_name((enum guard_class)99), "unknown");
}

static void a_reason_has_a_word_and_a_sentence_of_its_own(void **state)
{
	(void)state;
	for (unsigned i = 0; i < GUARD_REASON_COUNT; i++) {
		const char *text = guard_reason_text(i);
		assert_non_null(text);
		assert_true(strlen(text) >= 9);
		for (unsigned other = 0; other < i; other++) {
			assert_string_not_equal(guard_reason_word(i), guard_reason_word(other));
			assert_string_not_equal(text, guard_reason_text(other));
		}
	}
}

/* run/ joins them: "X is refused: A; B. Nothing was changed". */
static void a_sentence_can_stand_among_others(void **state)
{
	(void)state;
	for (unsigned i = 0; i < GUARD_REASON_COUNT; i++) {
		const char *text = guard_reason_text(i);
		assert_true(text[0] >= 'a' && text[0] <= 'z');
		assert_null(strchr(text, '\n'));
		assert_null(strchr(text, ';'));
		assert_int_not_equal(text[strlen(text) - 1], '.');
	}
}

static void the_remedy_is_named_as_it_is_typed(void **state)
{
	(void)state;
	static const struct {
		unsigned reason;
		const char *remedy;
	} remedies[] = {
		{GUARD_INDEX_STAMP_MISMATCH, "APP_ENV=production"},
		{GUARD_INDEX_UNSTAMPED, "db:stamp"},
		{GUARD_INDEX_ALLOW_VARIABLE, "ELOQUENT_ALLOW_PROD_DESTRUCTIVE=true"},
		{GUARD_INDEX_FORCE, "--force"},
		{GUARD_INDEX_YES, "--yes"},
		{GUARD_INDEX_FORBIDDEN, "production = forbid"},
		{GUARD_INDEX_BACKUP, "[guard] require_backup"},
		{GUARD_INDEX_BACKUP, "backup_max_age"},
		{GUARD_INDEX_ROLE, "ELOQUENT_DB_ROLE=migration"},
		{GUARD_INDEX_NOT_PRODUCTION, "APP_ENV=production"},
		{GUARD_INDEX_TERMINAL, "terminal"},
		{GUARD_INDEX_UNKNOWN_PRODUCTION, "APP_ENV"},
		{GUARD_INDEX_UNKNOWN_ROLE, "ELOQUENT_DB_ROLE=migration"},
	};
	for (size_t i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++)
		assert_non_null(strstr(guard_reason_text(remedies[i].reason), remedies[i].remedy));
}

static void of_a_stamp_that_the_environment_contradicts_nothing_else_is_said(void **state)
{
	(void)state;
	for (unsigned i = 0; i < GUARD_REASON_COUNT; i++) {
		if (i == GUARD_INDEX_NOT_PRODUCTION)
			continue;
		assert_int_equal(guard_reasons_shown(GUARD_REASON_STAMP_MISMATCH | 1u << i),
				 GUARD_REASON_STAMP_MISMATCH);
	}
}

/* Both of them say APP_ENV=production; the other conditions do help there. */
static void who_loosens_is_told_every_condition_of_loosening(void **state)
{
	(void)state;
	uint32_t loosening = GUARD_REASON_NOT_PRODUCTION | GUARD_REASON_ALLOW_VARIABLE |
			     GUARD_REASON_FORCE | GUARD_REASON_YES | GUARD_REASON_TERMINAL;
	assert_int_equal(guard_reasons_shown(loosening | GUARD_REASON_STAMP_MISMATCH), loosening);
	assert_int_equal(guard_reasons_shown(loosening), loosening);
}

static void without_such_a_stamp_every_reason_is_said(void **state)
{
	(void)state;
	uint32_t all = (1u << GUARD_REASON_COUNT) - 1;
	uint32_t others = all & ~(uint32_t)(GUARD_REASON_STAMP_MISMATCH | GUARD_REASON_NOT_PRODUCTION);
	assert_int_equal(guard_reasons_shown(others), others);
	for (unsigned i = 0; i < GUARD_REASON_COUNT; i++)
		assert_int_equal(guard_reasons_shown(1u << i), 1u << i);
	assert_int_equal(guard_reasons_shown(0), 0);
}

/* "| `force` | add --force | ..." in docs/safety.md. */
static void the_users_page_has_a_row_for_every_reason(void **state)
{
	(void)state;
	static char page[1 << 16];
	FILE *file = fopen(TEST_SOURCE_DIR "/docs/safety.md", "re");
	assert_non_null(file);
	size_t size = fread(page, 1, sizeof(page) - 1, file);
	assert_true(size > 0 && size < sizeof(page) - 1);
	fclose(file);
	for (unsigned i = 0; i < GUARD_REASON_COUNT; i++) {
		char row[512];
		int length = snprintf(row, sizeof(row), "\n| `%s` | %s |", guard_reason_word(i),
				      guard_reason_text(i));
		assert_true(length > 0 && (size_t)length < sizeof(row));
		if (!strstr(page, row))
			fail_msg("docs/safety.md has no row \"%s\"", row + 1);
	}
}

static void an_index_beyond_the_last_has_words_too(void **state)
{
	(void)state;
	assert_string_equal(guard_reason_word(GUARD_INDEX_STAMP_MISMATCH), "stamp_mismatch");
	assert_string_equal(guard_reason_word(GUARD_REASON_COUNT - 1), "unknown_content");
	assert_string_equal(guard_reason_word(GUARD_REASON_COUNT), "unknown");
	assert_string_equal(guard_reason_word(31), "unknown");
	assert_string_equal(guard_reason_text(GUARD_REASON_COUNT), "an unknown condition is missing");
	assert_string_equal(guard_reason_text(31), "an unknown condition is missing");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_class_has_the_name_of_the_contract),
		cmocka_unit_test(a_reason_has_a_word_and_a_sentence_of_its_own),
		cmocka_unit_test(a_sentence_can_stand_among_others),
		cmocka_unit_test(the_remedy_is_named_as_it_is_typed),
		cmocka_unit_test(of_a_stamp_that_the_environment_contradicts_nothing_else_is_said),
		cmocka_unit_test(who_loosens_is_told_every_condition_of_loosening),
		cmocka_unit_test(without_such_a_stamp_every_reason_is_said),
		cmocka_unit_test(the_users_page_has_a_row_for_every_reason),
		cmocka_unit_test(an_index_beyond_the_last_has_words_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
