/* Rules of redaction inside JSON documents: they stay documents, and no secret
 * stays in them. Documents and secrets are made at random from the pieces that
 * could do harm; a failure prints both, the seed is fixed. */
#include "../base/scratch.h"

#include "observe/observe.h"

#include <jansson.h>

static const char *const pieces[] = {
	"password",
	"=",
	":",
	"secret",
	"'",
	"\"",
	"\\",
	"http://",
	"u:p@h",
	"/",
	"@",
	"{",
	"}",
	"]",
	",",
	";",
	"&",
	"\n",
	"n",
	"é",
	"%41",
	"%",
	"`",
	"token",
	"Bearer ",
	"Authorization: ",
	"identified by ",
	"1",
	"23",
	"a",
	"b",
	"+",
	"''",
	"PASSWORD '",
	"😀",
	" ",
	"Cookie:",
	"(",
	")",
	"null",
	"\t",
	"u00e9",
	"\\\"",
	"x",
};

struct random {
	uint64_t state;
};

static unsigned random_below(struct random *random, unsigned count)
{
	random->state ^= random->state << 13;
	random->state ^= random->state >> 7;
	random->state ^= random->state << 17;
	return (unsigned)((random->state >> 11) % count);
}

static void add_pieces(struct random *random, struct text *text, unsigned count)
{
	while (count--)
		text_add(text, pieces[random_below(random, COUNT_OF(pieces))]);
}

/* A string of pieces that holds the secret now and then. */
static json_t *random_string(struct random *random, const char *secret)
{
	TEXT_CLEANUP struct text text = {0};

	add_pieces(random, &text, random_below(random, 8));
	if (random_below(random, 3) == 0)
		text_add(&text, secret);
	add_pieces(random, &text, random_below(random, 4));
	return json_string(text_string(&text));
}

static json_t *random_value(struct random *random, const char *secret, int depth)
{
	unsigned count = random_below(random, 4);
	json_t *json;

	switch (random_below(random, depth > 0 ? 7 : 5)) {
	case 0:
		return json_integer(random_below(random, 10000000));
	case 1:
		return json_null();
	case 5:
		json = json_array();
		while (count--)
			json_array_append_new(json, random_value(random, secret, depth - 1));
		return json;
	case 6:
		json = json_object();
		while (count--) {
			TEXT_CLEANUP struct text key = {0};

			add_pieces(random, &key, 1 + random_below(random, 3));
			json_object_set_new(json, key.data, random_value(random, secret, depth - 1));
		}
		return json;
	default:
		return random_string(random, secret);
	}
}

static bool holds(json_t *json, const char *secret)
{
	const char *key;
	json_t *value;
	size_t i;

	if (json_is_string(json))
		return strstr(json_string_value(json), secret) != NULL;
	json_array_foreach(json, i, value)
	{
		if (holds(value, secret))
			return true;
	}
	json_object_foreach(json, key, value)
	{
		if (strstr(key, secret) || holds(value, secret))
			return true;
	}
	return false;
}

static void check_document(json_t *json, const char *secret, size_t flags)
{
	struct observer *observer = observer_new();
	char *given = json_dumps(json, flags);
	TEXT_CLEANUP struct text got = {0};
	json_t *again;

	redact_add(observer, secret, strlen(secret));
	redact(observer, given, strlen(given), &got);
	again = json_loads(text_string(&got), 0, NULL);
	if (!again)
		fail_msg("secret %s\n%s\nbecame\n%s", secret, given, got.data);
	if (holds(again, secret))
		fail_msg("secret %s stayed in\n%s\nbecame\n%s", secret, given, got.data);
	json_decref(again);
	free(given);
	observer_free(observer);
}

static void any_document_stays_one_and_loses_its_secrets(void **state)
{
	static const size_t flags[] = {0, JSON_ENSURE_ASCII | JSON_COMPACT,
				       JSON_INDENT(1) | JSON_ESCAPE_SLASH,
				       JSON_ENSURE_ASCII | JSON_ESCAPE_SLASH};
	struct random random = {.state = 88172645463325252};

	(void)state;
	for (int i = 0; i < 3000; i++) {
		TEXT_CLEANUP struct text secret = {0};
		json_t *json = json_array();

		while (secret.size < 6)
			add_pieces(&random, &secret, 2);
		for (int j = 0; j < 4; j++)
			json_array_append_new(json, random_value(&random, secret.data, 3));
		check_document(json, secret.data, flags[i % 4]);
		json_decref(json);
	}
}

static void only_what_can_be_masked_in_a_document_is(void **state)
{
	static const char *const cases[][3] = {
		/* secret, document, expected */
		{"123456", "{\"a\":123456,\"b\":[1234567]}",
		 "{\"a\":\"[REDACTED]\",\"b\":[\"[REDACTED]\"]}"},
		{"aa\",\"bb", "[\"aa\",\"bb\",\"aa\\\",\\\"bb\"]",
		 "[\"[REDACTED]\",\"[REDACTED]\",\"[REDACTED]\"]"},
		{"secret-key", "{\"secret-key\":1}", "{\"[REDACTED]\":\"[REDACTED]\"}"},
		{"canary", "{\"passwords\":[\"a\",2,null],\"b\":\"c\"}",
		 "{\"passwords\":[\"[REDACTED]\",\"[REDACTED]\",null],\"b\":\"c\"}"},
		{"canary", "{\"credentials\":{\"user\":\"a\",\"pass\":\"b\"}}",
		 "{\"credentials\":{\"user\":\"a\",\"pass\":\"[REDACTED]\"}}"},
		{"canary", "{\"p\\u0061ssword\":\"a\"}", "{\"p\\u0061ssword\":\"[REDACTED]\"}"},
		{"canary", "\n [{\"a\":\"c\\u0061nary\"}] \n", "\n [{\"a\":\"[REDACTED]\"}] \n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct observer *observer = observer_new();
		TEXT_CLEANUP struct text got = {0};

		redact_add(observer, cases[i][0], strlen(cases[i][0]));
		redact(observer, cases[i][1], strlen(cases[i][1]), &got);
		assert_string_equal(text_string(&got), cases[i][2]);
		observer_free(observer);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_document_stays_one_and_loses_its_secrets),
		cmocka_unit_test(only_what_can_be_masked_in_a_document_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
