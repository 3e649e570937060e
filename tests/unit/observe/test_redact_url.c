/* The secrets inside a URL are masked without the URL around them, as they stand
 * there and decoded. */
#include "observe/observe.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

/* Is this text masked once the URL's secrets are known? */
static bool hides(const char *url, const char *secret)
{
	struct observer *observer = observer_new();
	TEXT_CLEANUP struct text text = {0};

	assert_true(redact_add_url(observer, url));
	assert_true(redact_add_url(NULL, url));
	redact(observer, secret, strlen(secret), &text);
	observer_free(observer);
	return strcmp(text_string(&text), REDACTED) == 0;
}

static void the_password_of_the_user_part_is_masked_as_written_and_decoded(void **state)
{
	(void)state;
	assert_true(hides("postgres://u:hunter%2F2@h/d", "hunter%2F2"));
	assert_true(hides("postgres://u:hunter%2F2@h/d", "hunter/2"));
	assert_true(hides("postgres://u:with@sign@h/d", "with@sign"));
	assert_true(hides("postgres://u:with/slash@h/d", "with/slash"));
	assert_true(hides("redis://:hunter2@h", "hunter2"));
	assert_true(hides("postgres://u:percent%zz%4@h/d", "percent%zz%4"));
}

static void each_secret_of_the_query_is_masked_as_written_and_decoded(void **state)
{
	(void)state;
	assert_true(hides("postgres://h/d?user=u&password=hunter%262", "hunter&2"));
	assert_true(hides("postgres://h/d?user=u&password=hunter%262", "hunter%262"));
	assert_true(hides("postgres://u:first-one@h/d?sslpassword=second-one", "first-one"));
	assert_true(hides("postgres://u:first-one@h/d?sslpassword=second-one", "second-one"));
	assert_true(hides("mongodb://h/d?tlsCertificateKeyFilePassword=hunter2&x=y#z", "hunter2"));
	assert_true(hides("https://h/d?auth_token=hunter2", "hunter2"));
	assert_true(hides("https://h/d?client_secret=hunter2#fragment", "hunter2"));
}

static void a_url_without_a_secret_holds_none(void **state)
{
	static const char *const urls[] = {
		"postgres://u@h/d",
		"postgres://u:@h/d",
		"postgres://h:5432/d?user=u",
		"postgres://h?password=",
		"postgres://h?password",
		"sqlite:database/app.sqlite?password=x",
		"postgres://h/d?passwords=x",
		"hunter2",
		"",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(urls); i++)
		if (redact_add_url(NULL, urls[i]))
			fail_msg("%s holds a secret", urls[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_password_of_the_user_part_is_masked_as_written_and_decoded),
		cmocka_unit_test(each_secret_of_the_query_is_masked_as_written_and_decoded),
		cmocka_unit_test(a_url_without_a_secret_holds_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
