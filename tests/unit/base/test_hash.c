/* Rules of base/hash.h and base/clock.h. */
#include "scratch.h"

static void sha256_gives_the_vectors_of_fips_180(void **state)
{
	TEXT_CLEANUP struct text million = {0};
	char hash[HASH_TEXT];

	(void)state;
	hash_bytes("abc", 3, hash);
	assert_string_equal(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	hash_bytes(NULL, 0, hash);
	assert_string_equal(hash, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	hash_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, hash);
	assert_string_equal(hash, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	for (int i = 0; i < 1000000; i++)
		text_add_char(&million, 'a');
	hash_bytes(million.data, million.size, hash);
	assert_string_equal(hash, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void hmac_gives_the_vectors_of_rfc_4231(void **state)
{
	char hash[HASH_TEXT];
	char key[131];

	(void)state;
	hash_hmac("Jefe", 4, "what do ya want for nothing?", 28, hash);
	assert_string_equal(hash, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0x0b, 20);
	hash_hmac(key, 20, "Hi There", 8, hash);
	assert_string_equal(hash, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	memset(key, 0xaa, 131); /* longer than a block */
	hash_hmac(key, 131, "Test Using Larger Than Block-Size Key - Hash Key First", 54, hash);
	assert_string_equal(hash, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void hex_is_lower_case_and_terminated(void **state)
{
	static const uint8_t bytes[] = {0x00, 0x0f, 0xa0, 0xff};
	char text[9] = "xxxxxxxx";

	(void)state;
	hex_encode(bytes, 4, text);
	assert_string_equal(text, "000fa0ff");
	hex_encode(bytes, 0, text);
	assert_string_equal(text, "");
}

static void random_ids_are_32_digits_and_differ(void **state)
{
	char ids[100][RANDOM_ID_TEXT];

	(void)state;
	for (int i = 0; i < 100; i++) {
		random_id(ids[i]);
		assert_int_equal(strspn(ids[i], "0123456789abcdef"), 32);
		assert_int_equal(ids[i][32], 0);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(ids[i], ids[j]);
	}
}

static void times_are_rfc_3339_in_utc(void **state)
{
	static const struct {
		int64_t wall_us;
		const char *text;
		const char *compact;
	} cases[] = {
		{0, "1970-01-01T00:00:00.000000Z", "19700101000000"},
		{1767323045678901, "2026-01-02T03:04:05.678901Z", "20260102030405"},
		{951782400000001, "2000-02-29T00:00:00.000001Z", "20000229000000"},
		{-1, "1969-12-31T23:59:59.999999Z", "19691231235959"},
		{253402300799999999, "9999-12-31T23:59:59.999999Z", "99991231235959"},
	};

	(void)state;
	setenv("TZ", "Asia/Tokyo", 1);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char text[CLOCK_TEXT];

		int64_t again = 0;
		clock_format(cases[i].wall_us, text);
		assert_string_equal(text, cases[i].text);
		assert_true(clock_parse(text, &again));
		assert_int_equal(again, cases[i].wall_us);
		clock_format_compact(cases[i].wall_us, text);
		assert_string_equal(text, cases[i].compact);
	}
}

static void only_what_is_written_so_is_a_time(void **state)
{
	static const char *const others[] = {
		"",
		"2026-01-02",
		"2026-01-02T03:04:05.678901",
		"2026-01-02 03:04:05.678901Z",
		"2026-01-02T03:04:05.67890Z",
		"2026-1-002T03:04:05.678901Z",
		"2026-02-30T03:04:05.678901Z",
		"2026-13-02T03:04:05.678901Z",
		"2026-01-02T24:04:05.678901Z",
		"2026-01-02T03:04:60.678901Z",
		"2026-01-02T03:04:05.678901Z ",
		"+026-01-02T03:04:05.678901Z",
	};
	int64_t untouched = 7;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(others); i++)
		assert_false(clock_parse(others[i], &untouched));
	assert_int_equal(untouched, 7);
}

static void any_time_has_a_text(void **state)
{
	char text[CLOCK_TEXT];

	(void)state;
	clock_format(INT64_MAX, text);
	assert_string_equal(text, "294247-01-10T04:00:54.775807Z");
	clock_format(INT64_MIN, text);
	assert_true(strlen(text) > 0);
	clock_format_compact(INT64_MIN, text);
	assert_true(strlen(text) > 0);
}

static void the_monotonic_clock_does_not_go_back_while_we_sleep(void **state)
{
	int64_t before = clock_monotonic_ns();

	(void)state;
	clock_sleep_ms(0);
	clock_sleep_ms(-5);
	clock_sleep_ms(20);
	assert_true(clock_monotonic_ns() - before >= 20000000);
}

static void the_wall_clock_tells_this_century(void **state)
{
	(void)state;
	assert_true(clock_wall_us() > 1767225600000000);
	assert_true(clock_wall_us() < 4102444800000000);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_gives_the_vectors_of_fips_180),
		cmocka_unit_test(hmac_gives_the_vectors_of_rfc_4231),
		cmocka_unit_test(hex_is_lower_case_and_terminated),
		cmocka_unit_test(random_ids_are_32_digits_and_differ),
		cmocka_unit_test(times_are_rfc_3339_in_utc),
		cmocka_unit_test(only_what_is_written_so_is_a_time),
		cmocka_unit_test(any_time_has_a_text),
		cmocka_unit_test(the_monotonic_clock_does_not_go_back_while_we_sleep),
		cmocka_unit_test(the_wall_clock_tells_this_century),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
