/* Rules of base/text.h: the growing string, and questions about words. */
#include "scratch.h"

static void a_text_that_was_never_used_is_the_empty_string(void **state)
{
	struct text text = {0};
	char *taken;

	(void)state;
	assert_string_equal(text_string(&text), "");
	text_add(&text, NULL);
	assert_null(text.data);
	taken = text_take(&text);
	assert_string_equal(taken, "");
	mem_free(taken);
}

static void bytes_of_any_kind_are_followed_by_a_zero(void **state)
{
	TEXT_CLEANUP struct text text = {0};

	(void)state;
	text_append(&text, "a\0b", 3);
	text_add_char(&text, 'c');
	assert_int_equal(text.size, 4);
	assert_memory_equal(text.data, "a\0bc", 5);
	text_append(&text, NULL, 0);
	assert_int_equal(text.size, 4);
}

static void growth_keeps_what_was_added(void **state)
{
	TEXT_CLEANUP struct text text = {0};

	(void)state;
	for (int i = 0; i < 100000; i++)
		text_add_char(&text, (char)('a' + i % 26));
	assert_int_equal(text.size, 100000);
	for (int i = 0; i < 100000; i++)
		assert_int_equal(text.data[i], 'a' + i % 26);
	assert_int_equal(text.data[100000], 0);
}

static void formatting_appends(void **state)
{
	TEXT_CLEANUP struct text text = {0};

	(void)state;
	text_printf(&text, "%s=%d;", "a", 1);
	text_printf(&text, "%0300d", 5);
	assert_int_equal(text.size, 304);
	assert_memory_equal(text.data, "a=1;000", 7);
}

static void cut_and_clear_keep_the_memory(void **state)
{
	TEXT_CLEANUP struct text text = {0};
	const char *data;

	(void)state;
	text_cut(&text, 0);
	text_clear(&text);
	text_add(&text, "abcdef");
	data = text.data;
	text_cut(&text, 10);
	assert_string_equal(text.data, "abcdef");
	text_cut(&text, 2);
	assert_string_equal(text.data, "ab");
	text_clear(&text);
	assert_string_equal(text.data, "");
	assert_ptr_equal(text.data, data);
}

static void end_at_cap(void)
{
	_exit(42);
}

static int fill(void *context)
{
	struct text text = {0};
	char *block = mem_alloc(1 << 20);
	size_t beyond = *(size_t *)context;

	mem_on_exhausted(end_at_cap);
	for (int i = 0; i < 64; i++)
		text_append(&text, block, 1 << 20);
	text_append(&text, block, beyond);
	mem_free(block);
	text_free(&text);
	return 0;
}

static void a_text_holds_its_cap_and_not_one_byte_more(void **state)
{
	size_t none = 0;
	size_t one = 1;

	(void)state;
	assert_int_equal(TEXT_CAP, 64 << 20);
	assert_int_equal(WEXITSTATUS(in_child(fill, &none)), 0);
	assert_int_equal(WEXITSTATUS(in_child(fill, &one)), 42);
}

static void null_equals_only_null(void **state)
{
	(void)state;
	assert_true(text_equal(NULL, NULL));
	assert_false(text_equal(NULL, ""));
	assert_false(text_equal("", NULL));
	assert_true(text_equal("a", "a"));
	assert_false(text_equal("a", "A"));
}

static void prefixes_and_suffixes(void **state)
{
	(void)state;
	assert_true(text_starts("abc", "ab"));
	assert_true(text_starts("abc", ""));
	assert_false(text_starts("ab", "abc"));
	assert_true(text_ends("abc", "bc"));
	assert_true(text_ends("abc", ""));
	assert_false(text_ends("bc", "abc"));
}

static void utf8_is_what_rfc_3629_allows(void **state)
{
	static const struct {
		const char *data;
		size_t bad; /* SIZE_MAX: valid */
	} cases[] = {
		{"", SIZE_MAX},
		{"plain", SIZE_MAX},
		{"\x7f", SIZE_MAX},
		{"\xc2\x80", SIZE_MAX},
		{"\xdf\xbf", SIZE_MAX},
		{"\xe0\xa0\x80", SIZE_MAX},
		{"\xed\x9f\xbf", SIZE_MAX},
		{"\xee\x80\x80", SIZE_MAX},
		{"\xf0\x90\x80\x80", SIZE_MAX},
		{"\xf4\x8f\xbf\xbf", SIZE_MAX},
		{"a\x80", 1},
		{"\xc0\xaf", 0},         /* overlong */
		{"\xc1\xbf", 0},         /* overlong */
		{"\xe0\x9f\xbf", 0},     /* overlong */
		{"\xf0\x8f\xbf\xbf", 0}, /* overlong */
		{"\xed\xa0\x80", 0},     /* surrogate */
		{"\xf4\x90\x80\x80", 0}, /* above U+10FFFF */
		{"\xf5\x80\x80\x80", 0},
		{"\xff", 0},
		{"ab\xc3", 2}, /* cut */
		{"ab\xe2\x82", 2},
		{"ab\xf0\x9f\x98", 2},
		{"\xe2\x28\xa1", 0},
		{"\xe2\x82\x28", 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		size_t bad = SIZE_MAX;

		assert_int_equal(utf8_valid(cases[i].data, strlen(cases[i].data), &bad),
				 cases[i].bad == SIZE_MAX);
		assert_int_equal(bad, cases[i].bad);
	}
	assert_true(utf8_valid("a\0b", 3, NULL));
	assert_false(utf8_valid("\xff", 1, NULL));
}

static void the_nearest_word_is_at_most_a_third_away(void **state)
{
	static const char *const words[] = {"migrate:run", "migrate:rollback", "list", "db", "help",
					    "seed"};
	static const struct {
		const char *word;
		const char *nearest;
	} cases[] = {
		{"migrate:rnu", "migrate:run"}, /* a swap is one edit */
		{"migrate:un", "migrate:run"},
		{"migrate:runn", "migrate:run"},
		{"migrate:rub", "migrate:run"},
		{"migrat:rolback", "migrate:rollback"},
		{"migrations:run", "migrate:run"}, /* 4 of 14 letters */
		{"lsit", "list"},
		{"lits", "list"},
		{"x", NULL},
		{"dx", "db"},
		{"xx", NULL},
		{"hlpe", NULL}, /* two edits in four letters */
		{"seed", "seed"},
		{"", NULL},
		{"completely-different", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const char *nearest = text_nearest(cases[i].word, words, COUNT_OF(words));

		if (cases[i].nearest)
			assert_string_equal(nearest, cases[i].nearest);
		else
			assert_null(nearest);
	}
}

static void of_equally_near_words_the_first_is_meant(void **state)
{
	static const char *const words[] = {"abcx", "abcy", "abcd"};

	(void)state;
	assert_string_equal(text_nearest("abcz", words, 3), "abcx");
	assert_string_equal(text_nearest("abcd", words, 3), "abcd");
	assert_null(text_nearest("abcd", words, 0));
}

static void a_word_of_any_length_can_be_asked_for(void **state)
{
	char long_word[5000];
	const char *const words[] = {"list", long_word};

	(void)state;
	memset(long_word, 'l', sizeof(long_word) - 1);
	long_word[sizeof(long_word) - 1] = '\0';
	assert_null(text_nearest(long_word, words, 2));
	assert_string_equal(text_nearest("lisd", words, 2), "list");
}

static void a_shell_reads_a_quoted_word_back(void **state)
{
	static const char *const words[] = {"plain", "",   "a b",  "it's",  "$HOME", "a\"b",
					    "*",     "~",  "a\nb", "-x=1",  "`id`",  "a\\b",
					    "''",    "!x", "#c",   "a;b&c", "@%+,./"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		TEXT_CLEANUP struct text command = {0};
		char back[64] = {0};
		int ends[2];
		pid_t pid;
		int status;

		text_add(&command, "printf %s ");
		text_add_shell_quoted(&command, words[i]);
		assert_int_equal(pipe(ends), 0);
		pid = fork();
		if (pid == 0) {
			dup2(ends[1], 1);
			execl("/bin/sh", "sh", "-c", command.data, (char *)NULL);
			_exit(99);
		}
		close(ends[1]);
		assert_true(read(ends[0], back, sizeof(back) - 1) >= 0);
		close(ends[0]);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		assert_string_equal(back, words[i]);
	}
}

static void a_plain_word_is_not_quoted(void **state)
{
	TEXT_CLEANUP struct text text = {0};

	(void)state;
	text_add_shell_quoted(&text, "--connection=pg_test");
	assert_string_equal(text.data, "--connection=pg_test");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_that_was_never_used_is_the_empty_string),
		cmocka_unit_test(bytes_of_any_kind_are_followed_by_a_zero),
		cmocka_unit_test(growth_keeps_what_was_added),
		cmocka_unit_test(formatting_appends),
		cmocka_unit_test(cut_and_clear_keep_the_memory),
		cmocka_unit_test(a_text_holds_its_cap_and_not_one_byte_more),
		cmocka_unit_test(null_equals_only_null),
		cmocka_unit_test(prefixes_and_suffixes),
		cmocka_unit_test(utf8_is_what_rfc_3629_allows),
		cmocka_unit_test(the_nearest_word_is_at_most_a_third_away),
		cmocka_unit_test(of_equally_near_words_the_first_is_meant),
		cmocka_unit_test(a_word_of_any_length_can_be_asked_for),
		cmocka_unit_test(a_shell_reads_a_quoted_word_back),
		cmocka_unit_test(a_plain_word_is_not_quoted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
