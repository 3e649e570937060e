/* The digest of a table against vectors that another program computed from the definition
 * in sqlkit/digest.h (Python: hashlib, struct). */
#include "sqlkit/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void expect(const struct sqlkit_digest *digest, int64_t rows, const char *expected)
{
	char text[SQLKIT_DIGEST_TEXT];
	sqlkit_digest_end(digest, text);
	assert_string_equal(text, expected);
	assert_int_equal(digest->rows, rows);
}

static void no_row_is_zero(void **state)
{
	struct sqlkit_digest digest;
	(void)state;
	sqlkit_digest_begin(&digest);
	expect(&digest, 0, "0000000000000000000000000000000000000000000000000000000000000000");
}

static void every_kind_of_value_is_hashed_as_the_definition_says(void **state)
{
	struct sqlkit_digest digest;
	(void)state;
	sqlkit_digest_begin(&digest);
	sqlkit_digest_null(&digest);
	sqlkit_digest_integer(&digest, -2);
	sqlkit_digest_real(&digest, 1.5);
	sqlkit_digest_text(&digest, "h\xc3\xa9", 3);
	sqlkit_digest_bytes(&digest, "\x00\xff", 2);
	sqlkit_digest_row(&digest);
	expect(&digest, 1, "f79ca35867ea622fcdaf632494f51a0204f6ba3e9f23de98e8364cbcaf68ec56");
}

static void add(struct sqlkit_digest *digest, int64_t number, const char *text)
{
	sqlkit_digest_integer(digest, number);
	if (text)
		sqlkit_digest_text(digest, text, strlen(text));
	sqlkit_digest_row(digest);
}

static void the_order_of_rows_does_not_matter(void **state)
{
	static const char two[] = "40e7f2621c3fe2fdbc9a2dc0aa2fb5c243bfd65ab7de942b09df1c47728fc6e9";
	struct sqlkit_digest digest;
	(void)state;
	sqlkit_digest_begin(&digest);
	add(&digest, 1, "a");
	add(&digest, 2, "b");
	expect(&digest, 2, two);
	sqlkit_digest_begin(&digest);
	add(&digest, 2, "b");
	add(&digest, 1, "a");
	expect(&digest, 2, two);
}

static void a_row_that_stands_twice_does_not_cancel_itself(void **state)
{
	struct sqlkit_digest digest;
	(void)state;
	sqlkit_digest_begin(&digest);
	add(&digest, 1, NULL);
	add(&digest, 1, NULL);
	expect(&digest, 2, "a43398efd4fa924d8cadebcb83597af06791b5cc2c988cd3cbeb499e5e85a473");
}

/* Sums over all four limbs, with their carries. */
static void many_rows_are_summed_without_losing_a_carry(void **state)
{
	struct sqlkit_digest digest;
	(void)state;
	sqlkit_digest_begin(&digest);
	for (int i = 0; i < 300; i++)
		add(&digest, i, NULL);
	expect(&digest, 300, "a8af59cee8da4ac6952704f6e64f746290d7358a6c252bc744dc4915da8d6964");
}

static void add_long(struct sqlkit_digest *digest, uint64_t size)
{
	static char data[5000];
	memset(data, 'x', sizeof(data));
	sqlkit_digest_bytes(digest, data, size);
	sqlkit_digest_bytes(digest, "y", 1);
	memset(data, 'z', sizeof(data));
	sqlkit_digest_bytes(digest, data, size);
	sqlkit_digest_row(digest);
}

static void values_of_any_length_are_hashed_whole(void **state)
{
	static const uint64_t longer[] = {1023, 1024, 1025, 5000};
	struct sqlkit_digest digest;
	(void)state;
	sqlkit_digest_begin(&digest);
	for (uint64_t size = 480; size < 530; size++)
		add_long(&digest, size);
	for (size_t i = 0; i < sizeof(longer) / sizeof(longer[0]); i++)
		add_long(&digest, longer[i]);
	expect(&digest, 54, "3ffe5d303390578dff2acbec640bc4ca99afa1c07d6ec303f276f675235ffc1f");
}

/* "ab","c" and "a","bc"; 1 and 1.0; text and bytes; NULL and nothing. */
static void values_do_not_run_into_one_another(void **state)
{
	char texts[7][SQLKIT_DIGEST_TEXT];
	(void)state;
	for (int i = 0; i < 7; i++) {
		struct sqlkit_digest digest;
		sqlkit_digest_begin(&digest);
		if (i < 2) {
			sqlkit_digest_text(&digest, "abc", i ? 1 : 2);
			sqlkit_digest_text(&digest, i ? "bc" : "c", i ? 2 : 1);
		}
		if (i == 2)
			sqlkit_digest_integer(&digest, 1);
		if (i == 3)
			sqlkit_digest_real(&digest, 1.0);
		if (i == 4)
			sqlkit_digest_bytes(&digest, "abc", 3);
		if (i == 5)
			sqlkit_digest_null(&digest);
		sqlkit_digest_row(&digest);
		sqlkit_digest_end(&digest, texts[i]);
		for (int k = 0; k < i; k++)
			assert_string_not_equal(texts[k], texts[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_row_is_zero),
		cmocka_unit_test(every_kind_of_value_is_hashed_as_the_definition_says),
		cmocka_unit_test(the_order_of_rows_does_not_matter),
		cmocka_unit_test(a_row_that_stands_twice_does_not_cancel_itself),
		cmocka_unit_test(many_rows_are_summed_without_losing_a_carry),
		cmocka_unit_test(values_of_any_length_are_hashed_whole),
		cmocka_unit_test(values_do_not_run_into_one_another),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
