/* Rules of redaction without any registered secret: what stands where
 * credentials stand is masked, and what only looks like it stays. */
#include "../base/scratch.h"

#include "observe/observe.h"
#include "observe/private.h"

struct example {
	const char *given;
	const char *expected; /* NULL: unchanged */
};

static void check(const struct example *examples, size_t count)
{
	struct observer *observer = observer_new();

	for (size_t i = 0; i < count; i++) {
		TEXT_CLEANUP struct text got = {0};
		const char *expected = examples[i].expected ? examples[i].expected : examples[i].given;

		redact(observer, examples[i].given, strlen(examples[i].given), &got);
		if (!text_equal(text_string(&got), expected))
			fail_msg("%s\n  became   %s\n  expected %s", examples[i].given,
				 text_string(&got), expected);
	}
	observer_free(observer);
}

static void a_urls_password_is_masked_and_its_user_stays(void **state)
{
	static const struct example examples[] = {
		{"postgres://app:hunter2@db/blog", "postgres://app:[REDACTED]@db/blog"},
		{"cannot open mysql://app:a@db:3306/blog?x=1.",
		 "cannot open mysql://app:[REDACTED]@db:3306/blog?x=1."},
		{"postgres://app:p@ss@w@db/blog", "postgres://app:[REDACTED]@db/blog"},
		{"postgres://app:p/w?#x@db/blog", "postgres://app:[REDACTED]@db/blog"},
		{"postgres://app:p/w@x@db/blog", "postgres://app:[REDACTED]@db/blog"},
		{"redis://:hunter2@cache:6379/0", "redis://:[REDACTED]@cache:6379/0"},
		{"mongodb+srv://a:b@h1,h2/db?authSource=admin",
		 "mongodb+srv://a:[REDACTED]@h1,h2/db?authSource=admin"},
		{"postgres://u:1234@h/d", "postgres://u:[REDACTED]@h/d"},
		{"postgres://u:p@h/d@x", "postgres://u:[REDACTED]@h/d@x"},
		{"a://u:p@h b://v:q@i", "a://u:[REDACTED]@h b://v:[REDACTED]@i"},
		{"\"postgres://u:p@h\",\"x@y\"", "\"postgres://u:[REDACTED]@h\",\"x@y\""},
		{"postgres:\\/\\/u:p@h\\/d", "postgres:\\/\\/u:[REDACTED]@h\\/d"},
		{"postgres://u:p@h/d?password=x&sslmode=require",
		 "postgres://u:[REDACTED]@h/d?password=[REDACTED]&sslmode=require"},
		{"postgres://u:%70%77@h/d", "postgres://u:[REDACTED]@h/d"},
		{"postgres://app@db/blog", NULL},
		{"postgres://app:@db/blog", NULL},
		{"http://localhost:8080/a@b", NULL},
		{"http://localhost:8080", NULL},
		{"https://example.org/a:b@c", NULL},
		{"https://example.org/?mail=a:b@c", NULL},
		{"sqlite:///tmp/a.db", NULL},
		{"mail a:b@c or ://u:p@h", NULL},
		{"http://[::1]/x", NULL},
	};

	(void)state;
	check(examples, COUNT_OF(examples));
}

static void the_value_of_a_credentials_key_is_masked(void **state)
{
	static const struct example examples[] = {
		{"password=hunter2", "password=[REDACTED]"},
		{"password = hunter2", "password = [REDACTED]"},
		{"password=hunter2 host=db", "password=[REDACTED] host=db"},
		{"host=db password='it''s \\' me' user=x", "host=db password='[REDACTED]' user=x"},
		{"password=\"a b\" c", "password=\"[REDACTED]\" c"},
		{"password=\"unclosed and on\nnext", "password=\"[REDACTED]\nnext"},
		{"password=a,b;c&d", "password=[REDACTED]"},
		{"password=a;user=x", "password=[REDACTED];user=x"},
		{"password=a,b, user=x", "password=[REDACTED], user=x"},
		{"?token=a&x=1", "?token=[REDACTED]&x=1"},
		{"(password=abc)", "(password=[REDACTED])"},
		{"password=it's", "password=[REDACTED]"},
		{"PASSWORD=a\tPGPASSWORD=b", "PASSWORD=[REDACTED]\tPGPASSWORD=[REDACTED]"},
		{"DB_MIGRATION_PASSWORD=a", "DB_MIGRATION_PASSWORD=[REDACTED]"},
		{"dbPassword=a", "dbPassword=[REDACTED]"},
		{"--password=a -x", "--password=[REDACTED] -x"},
		{"migration.password = a", "migration.password = [REDACTED]"},
		{"MYSQL_PWD=a", "MYSQL_PWD=[REDACTED]"},
		{"Pwd=a;Uid=b", "Pwd=[REDACTED];Uid=b"},
		{"pass=a", "pass=[REDACTED]"},
		{"DB_PASS=a", "DB_PASS=[REDACTED]"},
		{"api_key=a", "api_key=[REDACTED]"},
		{"APIKey=a", "APIKey=[REDACTED]"},
		{"apikey=a", "apikey=[REDACTED]"},
		{"api-key=a", "api-key=[REDACTED]"},
		{"AWS_SECRET_ACCESS_KEY=a", "AWS_SECRET_ACCESS_KEY=[REDACTED]"},
		{"private_key=a", "private_key=[REDACTED]"},
		{"client_secret=a", "client_secret=[REDACTED]"},
		{"access_token=a", "access_token=[REDACTED]"},
		{"GITHUB_TOKEN=a", "GITHUB_TOKEN=[REDACTED]"},
		{"session_id=a", "session_id=[REDACTED]"},
		{"credential=a", "credential=[REDACTED]"},
		{"dsn=a:b@tcp(c)", "dsn=[REDACTED]"},
		{"cookie=a", "cookie=[REDACTED]"},
		{"session=a", "session=[REDACTED]"},
		{"password2=a", "password2=[REDACTED]"},
		{"PG_PASSWORD_TEST=a", "PG_PASSWORD_TEST=[REDACTED]"},
		{"@password := 'a b'", "@password := '[REDACTED]'"},
		{"config['password'] = 'a b';", "config['password'] = '[REDACTED]';"},
		{"{:password => \"a b\"}", "{:password => \"[REDACTED]\"}"},
		{"if password == 'a b'", "if password == '[REDACTED]'"},
		{"password=", NULL},
		{"password=''", NULL},
	};

	(void)state;
	check(examples, COUNT_OF(examples));
}

static void keys_that_hold_no_credential_stay(void **state)
{
	static const struct example examples[] = {
		{"compass=north", NULL},
		{"bypass=yes", NULL},
		{"passenger=4", NULL},
		{"passport = x", NULL},
		{"password_file=/run/secrets/pg", NULL},
		{"password_command=[\"pass\", \"show\"]", NULL},
		{"password_encryption = 'scram-sha-256'", NULL},
		{"tokenize='unicode61'", NULL},
		{"tokenizer=porter", NULL},
		{"session_replication_role = replica", NULL},
		{"@@session.sql_mode='ANSI'", NULL},
		{"key=value", NULL},
		{"primary_key=id", NULL},
		{"keyboard=de", NULL},
		{"secretary=x", NULL},
		{"author=x", NULL},
		{"authors = x", NULL},
		{"user=app", NULL},
		{"database=blog", NULL},
		{"=x", NULL},
		{"a == b", NULL},
	};

	(void)state;
	check(examples, COUNT_OF(examples));
}

static void the_value_of_a_json_key_is_masked(void **state)
{
	static const struct example examples[] = {
		{"{\"password\":\"hunter2\"}", "{\"password\":\"[REDACTED]\"}"},
		{"{\"password\" : \"a \\\" b\",\"x\":1}", "{\"password\" : \"[REDACTED]\",\"x\":1}"},
		{"{\"a\":{\"api key\":\"x\"}}", "{\"a\":{\"api key\":\"[REDACTED]\"}}"},
		{"{\"password\":12345}", "{\"password\":\"[REDACTED]\"}"},
		{"{\"token\":\"x\",\"session\":\"y\"}",
		 "{\"token\":\"[REDACTED]\",\"session\":\"[REDACTED]\"}"},
		{"{\"Authorization\":\"Bearer x y\"}", "{\"Authorization\":\"[REDACTED]\"}"},
		{"{\"m\":\"{\\\"password\\\":\\\"x y\\\"}\"}",
		 "{\"m\":\"{\\\"password\\\":\\\"[REDACTED]\\\"}\"}"},
		{"{'password': 'x y', 'b': 'c'}", "{'password': '[REDACTED]', 'b': 'c'}"},
		{"{\"password\":null}", NULL},
		{"{\"password\":\"\"}", NULL},
		{"{\"compass\":\"north\"}", NULL},
		{"{\"password_file\":\"/a\"}", NULL},
		{"[\"password\", \"x\"]", NULL},
	};

	(void)state;
	check(examples, COUNT_OF(examples));
}

static void a_headers_value_is_masked(void **state)
{
	static const struct example examples[] = {
		{"Authorization: Bearer abc.def", "Authorization: Bearer [REDACTED]"},
		{"authorization: basic abc==\nHost: x", "authorization: basic [REDACTED]\nHost: x"},
		{"Proxy-Authorization:Bearer abc", "Proxy-Authorization:Bearer [REDACTED]"},
		{"-H 'Authorization: Bearer abc' http://h",
		 "-H 'Authorization: Bearer [REDACTED]' http://h"},
		{"-H \"Authorization: Bearer abc\" http://h",
		 "-H \"Authorization: Bearer [REDACTED]\" http://h"},
		{"Authorization: Digest username=\"x\", y", "Authorization: [REDACTED]\"x\", y"},
		{"authorization=Bearer abc", "authorization=Bearer [REDACTED]"},
		{"Authorization: abc def\nx", "Authorization: [REDACTED]\nx"},
		{"Cookie: a=b; c=d\nx", "Cookie: [REDACTED]\nx"},
		{"Set-Cookie: a=b", "Set-Cookie: [REDACTED]"},
		{"X-Api-Key: abc", "X-Api-Key: [REDACTED]"},
	};

	(void)state;
	check(examples, COUNT_OF(examples));
}

static void a_line_that_ends_with_the_value_is_masked_and_prose_stays(void **state)
{
	static const struct example examples[] = {
		{"password: hunter2", "password: [REDACTED]"},
		{"  password: hunter2\nuser: x", "  password: [REDACTED]\nuser: x"},
		{"password: 'a b' # c", "password: '[REDACTED]' # c"},
		{"password: authentication failed", NULL},
		{"Access denied for user 'a'@'h' (using password: YES)", NULL},
		{"FATAL: password authentication failed for user \"a\"", NULL},
		{"unrecognized token: \"#\"", NULL},
		{"unexpected token: )", NULL},
		{"session: closed", NULL},
		{"the secret is out", NULL},
		{"a.sql:3: near \"x\": syntax error", NULL},
		{"eloquent.ini:12: unknown key 'pasword', did you mean 'password'?", NULL},
		{"pass \"--yes\" to go on", NULL},
	};

	(void)state;
	check(examples, COUNT_OF(examples));
}

static void a_statements_password_is_masked(void **state)
{
	static const struct example examples[] = {
		{"CREATE ROLE a PASSWORD 'x y' LOGIN", "CREATE ROLE a PASSWORD '[REDACTED]' LOGIN"},
		{"ALTER USER a WITH ENCRYPTED PASSWORD\n'it''s'",
		 "ALTER USER a WITH ENCRYPTED PASSWORD\n'[REDACTED]'"},
		{"CREATE USER 'a'@'%' IDENTIFIED BY 'x y';",
		 "CREATE USER 'a'@'%' IDENTIFIED BY '[REDACTED]';"},
		{"identified with caching_sha2_password by 'x'",
		 "identified with caching_sha2_password by '[REDACTED]'"},
		{"ORDER BY 'x'", NULL},
		{"SELECT 'password ' || x, 'y'", "SELECT 'password '[REDACTED]'y'"},
	};

	(void)state;
	/* The last one is what it costs: a closing quote behind the word. */
	check(examples, COUNT_OF(examples));
}

static void names_are_read_word_by_word(void **state)
{
	static const struct {
		const char *name;
		enum place_key kind;
	} cases[] = {
		{"", PLACE_NONE},
		{"_", PLACE_NONE},
		{"password", PLACE_SECRET},
		{"thepassword", PLACE_SECRET},
		{"password_prod", PLACE_SECRET},
		{"passwordFile", PLACE_NONE},
		{"secretKeyBase", PLACE_SECRET},
		{"HTTPAuthorization", PLACE_HEADER},
		{"csrfToken", PLACE_TOKEN},
		{"token_count", PLACE_NONE},
		{"token.value", PLACE_TOKEN},
		{"tokens", PLACE_TOKEN},
		{"max_tokens_per_day", PLACE_NONE},
		{"session_timeout", PLACE_NONE},
		{"key", PLACE_NONE},
		{"encryption_key", PLACE_SECRET},
		{"aVeryLongNameThatGoesOnAndOnUntilItsVeryEndWhereItSaysPassword", PLACE_SECRET},
		{"averylongnamewithoutanybreaksinsideitthatendsinpassword", PLACE_SECRET},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		if (place_key_kind(cases[i].name, strlen(cases[i].name)) != cases[i].kind)
			fail_msg("%s", cases[i].name);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_urls_password_is_masked_and_its_user_stays),
		cmocka_unit_test(the_value_of_a_credentials_key_is_masked),
		cmocka_unit_test(keys_that_hold_no_credential_stay),
		cmocka_unit_test(the_value_of_a_json_key_is_masked),
		cmocka_unit_test(a_headers_value_is_masked),
		cmocka_unit_test(a_line_that_ends_with_the_value_is_masked_and_prose_stays),
		cmocka_unit_test(a_statements_password_is_masked),
		cmocka_unit_test(names_are_read_word_by_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
