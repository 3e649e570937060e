/* Rules of redaction: a registered secret is masked in all its spellings. What
 * is masked for the place where it stands is test_redact_place.c's. */
#include "../base/scratch.h"

#include "observe/observe.h"

#include <jansson.h>
#include <pthread.h>

static char *redacted(struct arena *arena, struct observer *observer, const char *data, size_t size)
{
	TEXT_CLEANUP struct text text = {0};

	redact(observer, data, size, &text);
	return arena_copy(arena, text_string(&text), text.size);
}

static void check(struct observer *observer, const char *given, const char *expected)
{
	struct arena arena = {0};
	const char *got = redacted(&arena, observer, given, strlen(given));

	if (!text_equal(got, expected))
		fail_msg("%s\n  became   %s\n  expected %s", given, got, expected);
	arena_free(&arena);
}

static struct observer *observer_with(const char *secret)
{
	struct observer *observer = observer_new();

	redact_add(observer, secret, strlen(secret));
	return observer;
}

static void a_secret_is_masked_in_every_spelling(void **state)
{
	/* All but the first column made by other programs: Python's urllib, json,
	 * shlex, base64 and binascii. */
	static const char *const cases[][2] = {
		{"is k9/'Q\"é+w !", "is [REDACTED]!"},
		{"is k9%2F%27Q%22%C3%A9%2Bw%20!", "is [REDACTED]!"},
		{"is k9%2f%27Q%22%c3%a9%2bw%20!", "is [REDACTED]!"},
		{"is k9/'Q%22%C3%A9%2Bw%20!", "is [REDACTED]!"},
		{"is k9%2F%27Q%22%C3%A9%2Bw+!", "is [REDACTED]!"},
		{"{\"a\":\"k9/'Q\\\"é+w !\"}", "{\"a\":\"[REDACTED]!\"}"},
		{"{\"a\":\"k9\\/'Q\\\"\\u00e9+w !\"}", "{\"a\":\"[REDACTED]!\"}"},
		{"{\"a\":\"k9/\\u0027Q\\u0022\\u00E9\\u002Bw !\"}", "{\"a\":\"[REDACTED]!\"}"},
		{"'is k9/'\\''Q\"é+w !'", "'is [REDACTED]!'"},
		{"'is k9/'\"'\"'Q\"é+w !'", "'is [REDACTED]!'"},
		{"is k9/\\'Q\\\"é+w\\ !", "is [REDACTED]!"},
		{"'is k9/''Q\"é+w !'", "'is [REDACTED]!'"},
		{"6b392f275122c3a92b7720", "[REDACTED]"},
		{"\\x6B392F275122C3A92B7720", "\\x[REDACTED]"},
	};
	struct observer *observer = observer_with("k9/'Q\"é+w ");

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		check(observer, cases[i][0], cases[i][1]);
	observer_free(observer);
}

static void base64_is_masked_at_each_alignment(void **state)
{
	/* base64 of "", "u:" and ":" before "correct-horse", and of "", ":" and ":x"
	 * behind it. A digit that holds but one bit of the secret goes too. */
	static const char *const cases[][2] = {
		{"Basic Y29ycmVjdC1ob3JzZQ==", "Basic [REDACTED]=="},
		{"Basic Y29ycmVjdC1ob3JzZTo=", "Basic [REDACTED]o="},
		{"Basic Y29ycmVjdC1ob3JzZTp4", "Basic [REDACTED]p4"},
		{"Basic dTpjb3JyZWN0LWhvcnNl", "Basic dT[REDACTED]"},
		{"Basic OmNvcnJlY3QtaG9yc2U=", "Basic O[REDACTED]="},
	};
	struct observer *observer = observer_with("correct-horse");

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		check(observer, cases[i][0], cases[i][1]);
	observer_free(observer);
}

static void both_alphabets_of_base64_are_masked(void **state)
{
	struct observer *observer = observer_with("\xfb\xff\xbf\xfb\xff\xbf");

	(void)state;
	check(observer, "a +/+/+/+/ b", "a [REDACTED] b");
	check(observer, "a -_-_-_-_ b", "a [REDACTED] b");
	observer_free(observer);
}

static void from_six_bytes_on_a_secret_is_masked_anywhere(void **state)
{
	struct observer *observer = observer_new();

	(void)state;
	redact_add(observer, "12345", 5);
	redact_add(observer, "", 0);
	check(observer, "12345 abc123456", "12345 abc123456");
	redact_add(observer, "123456", 6);
	check(observer, "12345 abc123456", "12345 abc[REDACTED]");
	observer_free(observer);
}

static void an_escape_is_masked_as_a_whole(void **state)
{
	/* The secret ends with the first byte of a character. */
	struct observer *observer = observer_with("abcde\xc3");

	(void)state;
	check(observer, "abcde\\u00e9-", "[REDACTED]-");
	check(observer, "abcde\\u00c3", "[REDACTED]");
	observer_free(observer);
}

static void a_short_secret_is_masked_where_credentials_stand(void **state)
{
	struct observer *observer = observer_with("blog");

	(void)state;
	check(observer, "database blog: cannot open postgres://u:blog@h/blog password=blog",
	      "database blog: cannot open postgres://u:[REDACTED]@h/blog password=[REDACTED]");
	observer_free(observer);
}

static void several_finds_are_each_masked_and_the_rest_stays(void **state)
{
	struct observer *observer = observer_with("hunter22");

	(void)state;
	redact_add(observer, "swordfish", 9);
	check(observer, "hunter22", "[REDACTED]");
	check(observer, "a hunter22 b swordfish c hunter22", "a [REDACTED] b [REDACTED] c [REDACTED]");
	check(observer, "hunter22swordfish", "[REDACTED]");
	check(observer, "hunter2", "hunter2");
	check(observer, "HUNTER22", "HUNTER22");
	observer_free(observer);
}

static void overlapping_finds_leave_nothing_behind(void **state)
{
	struct observer *observer = observer_with("abcabc");

	(void)state;
	redact_add(observer, "aaaaaaa", 7);
	redact_add(observer, "bcabcX", 6);
	check(observer, "-abcabcabc-", "-[REDACTED]-");
	check(observer, "-aaaaaaaaaaa-", "-[REDACTED]-");
	check(observer, "-abcabcX-", "-[REDACTED]-");
	check(observer, "-abcabca-", "-[REDACTED]a-");
	observer_free(observer);
}

static void redacting_twice_changes_nothing(void **state)
{
	static const char *const cases[] = {
		"hunter22 x",        "password=abc,",        "password=\"a b\" c",
		"{\"password\":12}", "postgres://u:p@h/d",   "Authorization: Bearer x y",
		"password: abc",     "Authorization: abc d", "(password=abc)",
		"token='a' x",       "PASSWORD 'abc'",       "{\"a\":\"password=abc\\n\"}",
	};
	struct observer *observer = observer_with("hunter22");
	struct arena arena = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const char *once = redacted(&arena, observer, cases[i], strlen(cases[i]));

		assert_non_null(strstr(once, REDACTED));
		check(observer, once, once);
	}
	arena_free(&arena);
	observer_free(observer);
}

static void bytes_of_any_kind_pass_through(void **state)
{
	struct observer *observer = observer_with("hunter22");
	struct arena arena = {0};
	static const char given[] = "\0\xff\0hunter22\0=:'\"\\%";
	static const char expected[] = "\0\xff\0[REDACTED]\0=:'\"\\%";

	(void)state;
	assert_memory_equal(redacted(&arena, observer, given, sizeof(given) - 1), expected,
			    sizeof(expected) - 1);
	assert_string_equal(redacted(&arena, observer, "", 0), "");
	arena_free(&arena);
	observer_free(observer);
}

static void a_json_document_stays_one(void **state)
{
	/* Secrets that begin or end like an escape. */
	static const char *const secrets[] = {"nabcdef", "u00e9abc", "abcdef\\",
					      "00e9ab",  "123456",   "\\\\\\\\\\\\"};
	static const char *const documents[] = {
		"{\"a\":\"x\\nabcdef\"}",
		"{\"a\":\"\\u00e9abc\"}",
		"{\"a\":\"abcdef\\\" x\"}",
		"{\"a\":\"abcdef\\\\\"}",
		"{\"a\":\"x\\\\\\nabcdef\"}",
		"{\"a\":\"\\\\\\\\\\\\\\\\\"}",
		"{\"a\":\"password=\\\"x y\\\" z\"}",
		"{\"a\":\"password=x\\\"\"}",
		"{\"a\":\"password=x\\\\\"}",
		"{\"a\":\"Authorization: Basic x\\\"y\"}",
		"{\"a\":\"postgres://u:p\\\"w@h\"}",
		"{\"password\":\"x\\\"y\",\"b\":[1]}",
		"{\"password\":\"\"}",
		"{\"password\":12345,\"token\":-1e5}",
		"{\"password\":null,\"secret\":true,\"b\":[{\"pwd\":false}]}",
		"{\"password\" : 12345 }",
		"{\"passwords\":[\"a\",1]}",
		"{\"session\":{\"a\":\"password: \\\"x\\\"\"}}",
		"{\"a\":\"password '\",\"b\":\"x\"}",
		"{\"a\":\"the password \",\"b\":\"x\"}",
		"{\"a\":\"password=\",\"b\":\"x\"}",
		"{\"a\":\"password='x\\\\\",\"b\":\"x'\"}",
		"{\"a\":\"password: \",\"b\":\"x\"}",
		"{\"a\":\"{\\\"password\\\":\",\"b\":\"x\"}",
		"{\"a\":\"'password':\",\"b\":\"x\"}",
		"{\"a\":\"Cookie: x\",\"b\":\"x\"}",
		" [\"password `\", \"`x\"]",
		"{\"a\":\"\\\"password\\\":\\\"x y\\\"\"}",
		"{\"a\":\"\\\"password\\\":1234\"}",
	};
	struct arena arena = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(secrets); i++) {
		struct observer *observer = observer_with(secrets[i]);

		for (size_t j = 0; j < COUNT_OF(documents); j++) {
			const char *got =
				redacted(&arena, observer, documents[j], strlen(documents[j]));
			json_error_t where;
			json_t *json = json_loads(got, 0, &where);

			if (!json)
				fail_msg("%s became %s: %s", documents[j], got, where.text);
			json_decref(json);
		}
		observer_free(observer);
	}
	arena_free(&arena);
}

static void redaction_takes_linear_time(void **state)
{
	/* A mebibyte of each kind that could make a search go back again and again.
	 * Going back from every byte would take hours; the limit is for sanitizers. */
	static const char *const units[] = {
		"an ordinary line of output, 42 rows changed\\n",
		"a",
		"a://",
		"a:",
		"a=",
		"://a:",
		"'",
		"\\",
		"%41",
		"password=",
		"password='",
		"password 'x ",
		"\"a\":",
		"by '",
		"identified by by by '",
		"a@",
		"x://u:p@",
		"password=a;b",
		"Authorization: ",
		"\\u00e9",
		"aaaaab",
	};
	struct observer *observer = observer_with("correct-horse");
	struct text secret = {0};

	(void)state;
	for (int i = 0; i < 60000; i++)
		text_add_char(&secret, 'a');
	redact_add(observer, secret.data, secret.size);
	text_free(&secret);
	redact_add(observer, "hunter22", 8);
	for (size_t i = 0; i < COUNT_OF(units); i++) {
		TEXT_CLEANUP struct text given = {0};
		TEXT_CLEANUP struct text got = {0};
		int64_t started;

		while (given.size < 1 << 20)
			text_add(&given, units[i]);
		started = clock_monotonic_ns();
		redact(observer, given.data, given.size, &got);
		started = clock_monotonic_ns() - started;
		if (started > 10000000000)
			fail_msg("%s: %lld ms", units[i], (long long)(started / 1000000));
		if (getenv("SHOW_TIMES"))
			print_message("%8.2f ms  %s\n", (double)started / 1e6, units[i]);
	}
	observer_free(observer);
}

struct work {
	struct observer *observer;
	int number;
	int failures;
};

static void *add_and_redact(void *context)
{
	struct work *work = context;

	for (int i = 0; i < 100; i++) {
		TEXT_CLEANUP struct text got = {0};
		char secret[32];

		snprintf(secret, sizeof(secret), "secret-%d-%03d", work->number, i);
		redact_add(work->observer, secret, strlen(secret));
		redact(work->observer, secret, strlen(secret), &got);
		work->failures += !text_equal(got.data, REDACTED);
	}
	return NULL;
}

static void many_threads_may_add_and_redact(void **state)
{
	struct observer *observer = observer_new();
	struct work work[4];
	pthread_t threads[4];

	(void)state;
	for (int i = 0; i < 4; i++) {
		work[i] = (struct work){.observer = observer, .number = i};
		assert_int_equal(pthread_create(&threads[i], NULL, add_and_redact, &work[i]), 0);
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(work[i].failures, 0);
	}
	observer_free(observer);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_secret_is_masked_in_every_spelling),
		cmocka_unit_test(base64_is_masked_at_each_alignment),
		cmocka_unit_test(both_alphabets_of_base64_are_masked),
		cmocka_unit_test(from_six_bytes_on_a_secret_is_masked_anywhere),
		cmocka_unit_test(an_escape_is_masked_as_a_whole),
		cmocka_unit_test(a_short_secret_is_masked_where_credentials_stand),
		cmocka_unit_test(several_finds_are_each_masked_and_the_rest_stays),
		cmocka_unit_test(overlapping_finds_leave_nothing_behind),
		cmocka_unit_test(redacting_twice_changes_nothing),
		cmocka_unit_test(bytes_of_any_kind_pass_through),
		cmocka_unit_test(a_json_document_stays_one),
		cmocka_unit_test(redaction_takes_linear_time),
		cmocka_unit_test(many_threads_may_add_and_redact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
