/* Rules of base/parse.h: a word is a value, or it is refused. */
#include "scratch.h"

static void booleans_are_eight_words_in_any_case(void **state)
{
	static const char *const yes[] = {"1", "true", "yes", "on", "TRUE", "Yes", "oN"};
	static const char *const no[] = {"0", "false", "no", "off", "FALSE", "No", "oFF"};
	static const char *const refused[] = {"",     "2",  "y",    "n",    "t",  "ja",     " yes",
					      "yes ", "01", "yess", "nope", "-1", "enabled"};
	bool value;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(yes); i++) {
		value = false;
		assert_true(parse_bool(yes[i], &value));
		assert_true(value);
	}
	for (size_t i = 0; i < COUNT_OF(no); i++) {
		value = true;
		assert_true(parse_bool(no[i], &value));
		assert_false(value);
	}
	for (size_t i = 0; i < COUNT_OF(refused); i++)
		assert_false(parse_bool(refused[i], &value));
}

struct number {
	const char *word;
	int64_t value;
};

static void check(bool (*parse)(const char *, int64_t *), const struct number *good, size_t good_count,
		  const char *const *bad, size_t bad_count)
{
	for (size_t i = 0; i < good_count; i++) {
		int64_t value = -77;

		if (!parse(good[i].word, &value) || value != good[i].value)
			fail_msg("%s is %lld", good[i].word, (long long)value);
	}
	for (size_t i = 0; i < bad_count; i++) {
		int64_t value = -77;

		if (parse(bad[i], &value))
			fail_msg("%s was taken for %lld", bad[i], (long long)value);
		assert_int_equal(value, -77);
	}
}

static void integers_are_decimal_and_fit(void **state)
{
	static const struct number good[] = {
		{"0", 0},
		{"-0", 0},
		{"5432", 5432},
		{"007", 7},
		{"-1", -1},
		{"9223372036854775807", INT64_MAX},
		{"-9223372036854775808", INT64_MIN},
	};
	static const char *const bad[] = {"",    "-",   "+1",  "1 ",
					  " 1",  "1.0", "0x1", "1e3",
					  "--1", "1-",  "abc", "9223372036854775808",
					  "1_0", "٣",   "1,0", "-9223372036854775809"};

	(void)state;
	check(parse_integer, good, COUNT_OF(good), bad, COUNT_OF(bad));
}

static void durations_have_five_units_and_seconds_without_one(void **state)
{
	static const struct number good[] = {
		{"250ms", 250000},    {"5s", 5000000},
		{"5", 5000000},       {"0", 0},
		{"10m", 600000000},   {"1h", 3600000000},
		{"7d", 604800000000}, {"9223372036854s", 9223372036854000000},
	};
	static const char *const bad[] = {
		"",    "ms",  "-5s", "5 s",  "5S",  "1.5s", "5min",           "5w",
		"5us", "5ss", "s5",  "1h5m", "+5s", "5s ",  "9223372036855s", "106751992d"};

	(void)state;
	check(parse_duration_us, good, COUNT_OF(good), bad, COUNT_OF(bad));
}

static void sizes_are_bytes_or_binary_units(void **state)
{
	static const struct number good[] = {
		{"0", 0}, {"1024", 1024}, {"64KiB", 65536}, {"16MiB", 16777216}, {"2GiB", 2147483648},
	};
	static const char *const bad[] = {"",      "KiB",    "64KB", "64K",  "64kib", "-1",
					  "1 MiB", "1.5MiB", "16M",  "1TiB", "10B",   "8589934592GiB"};

	(void)state;
	check(parse_size, good, COUNT_OF(good), bad, COUNT_OF(bad));
}

static void names_begin_with_a_letter_and_have_at_most_32(void **state)
{
	(void)state;
	assert_true(parse_name("a"));
	assert_true(parse_name("pg_test"));
	assert_true(parse_name("z9_"));
	assert_true(parse_name("abcdefghijabcdefghijabcdefghij12"));
	assert_false(parse_name("abcdefghijabcdefghijabcdefghij123"));
	assert_false(parse_name(""));
	assert_false(parse_name("9a"));
	assert_false(parse_name("_a"));
	assert_false(parse_name("Pg"));
	assert_false(parse_name("pG"));
	assert_false(parse_name("a-b"));
	assert_false(parse_name("a b"));
	assert_false(parse_name("../a"));
	assert_false(parse_name("a\n"));
}

static void a_date_is_a_day_of_the_calendar(void **state)
{
	static const char *const good[] = {"2026-01-31", "2024-02-29", "2000-02-29", "0000-12-31"};
	static const char *const bad[] = {"",           "2026-1-31",  "2026-01-32", "2026-02-29",
					  "1900-02-29", "2026-13-01", "2026-00-10", "2026-01-00",
					  "2026/01/31", "2026-01-3x", "x026-01-31", "2026-01-310"};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++)
		assert_true(parse_date(good[i]));
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		if (parse_date(bad[i]))
			fail_msg("%s is taken for a date", bad[i]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(booleans_are_eight_words_in_any_case),
		cmocka_unit_test(integers_are_decimal_and_fit),
		cmocka_unit_test(durations_have_five_units_and_seconds_without_one),
		cmocka_unit_test(sizes_are_bytes_or_binary_units),
		cmocka_unit_test(names_begin_with_a_letter_and_have_at_most_32),
		cmocka_unit_test(a_date_is_a_day_of_the_calendar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
