/* redact_key.c - does a key's name say that its value is a credential? A name is
 * taken apart into words first (db_password, apiKey, PGPASSWORD), so that compass
 * is not pass and password_file is the path that it is. */
#include "observe/private.h"

#include <ctype.h>
#include <string.h>

#define WORD_CAP ((size_t)32)

struct word {
	char text[WORD_CAP]; /* lower case; of a longer word its end */
	size_t size;
};

/* What a word says about the name that it stands in. */
enum role {
	ROLE_NONE,
	ROLE_SECRET, /* a secret, wherever it stands */
	ROLE_TOKEN,  /* means many things; a credential at the end of a name only */
	ROLE_HEADER, /* a header that carries credentials */
	ROLE_KEY,    /* a secret behind ROLE_OWNER */
	ROLE_OWNER,
	ROLE_FOLLOWER, /* may end a name after ROLE_TOKEN */
	ROLE_HARMLESS, /* a name that ends so is about a credential, and is none */
};

#define WHOLE(word, role)                                                                              \
	{                                                                                              \
		word, sizeof(word) - 1, role, false                                                    \
	}
#define ENDING(word, role)                                                                             \
	{                                                                                              \
		word, sizeof(word) - 1, role, true                                                     \
	}

static const struct {
	const char *text;
	size_t size;
	enum role role;
	bool ending; /* words that end so count too: dbpassword */
} roles[] = {
	ENDING("password", ROLE_SECRET),
	ENDING("passwords", ROLE_SECRET),
	ENDING("passwd", ROLE_SECRET),
	ENDING("passphrase", ROLE_SECRET),
	ENDING("secret", ROLE_SECRET),
	ENDING("secrets", ROLE_SECRET),
	ENDING("credential", ROLE_SECRET),
	ENDING("credentials", ROLE_SECRET),
	ENDING("apikey", ROLE_SECRET),
	ENDING("accesskey", ROLE_SECRET),
	ENDING("secretkey", ROLE_SECRET),
	ENDING("privatekey", ROLE_SECRET),
	WHOLE("pass", ROLE_SECRET),
	WHOLE("pwd", ROLE_SECRET),
	WHOLE("pw", ROLE_SECRET),
	WHOLE("dbpass", ROLE_SECRET),
	WHOLE("userpass", ROLE_SECRET),
	ENDING("token", ROLE_TOKEN),
	ENDING("tokens", ROLE_TOKEN),
	ENDING("sessionid", ROLE_TOKEN),
	WHOLE("session", ROLE_TOKEN),
	WHOLE("dsn", ROLE_TOKEN),
	WHOLE("jwt", ROLE_TOKEN),
	WHOLE("bearer", ROLE_TOKEN),
	WHOLE("sid", ROLE_TOKEN),
	WHOLE("authorization", ROLE_HEADER),
	WHOLE("cookie", ROLE_HEADER),
	WHOLE("cookies", ROLE_HEADER),
	WHOLE("key", ROLE_KEY),
	WHOLE("api", ROLE_OWNER),
	WHOLE("access", ROLE_OWNER),
	WHOLE("private", ROLE_OWNER),
	WHOLE("encryption", ROLE_OWNER),
	WHOLE("signing", ROLE_OWNER),
	WHOLE("account", ROLE_OWNER),
	WHOLE("master", ROLE_OWNER),
	WHOLE("auth", ROLE_OWNER),
	WHOLE("shared", ROLE_OWNER),
	WHOLE("hmac", ROLE_OWNER),
	WHOLE("id", ROLE_FOLLOWER),
	WHOLE("value", ROLE_FOLLOWER),
	WHOLE("hash", ROLE_FOLLOWER),
	WHOLE("file", ROLE_HARMLESS),
	WHOLE("path", ROLE_HARMLESS),
	WHOLE("dir", ROLE_HARMLESS),
	WHOLE("command", ROLE_HARMLESS),
	WHOLE("name", ROLE_HARMLESS),
	WHOLE("type", ROLE_HARMLESS),
	WHOLE("length", ROLE_HARMLESS),
	WHOLE("size", ROLE_HARMLESS),
	WHOLE("min", ROLE_HARMLESS),
	WHOLE("max", ROLE_HARMLESS),
	WHOLE("age", ROLE_HARMLESS),
	WHOLE("timeout", ROLE_HARMLESS),
	WHOLE("policy", ROLE_HARMLESS),
	WHOLE("history", ROLE_HARMLESS),
	WHOLE("plugin", ROLE_HARMLESS),
	WHOLE("count", ROLE_HARMLESS),
	WHOLE("format", ROLE_HARMLESS),
	WHOLE("method", ROLE_HARMLESS),
	WHOLE("lifetime", ROLE_HARMLESS),
	WHOLE("required", ROLE_HARMLESS),
};

static enum role word_role(const struct word *word)
{
	for (size_t i = 0; i < COUNT_OF(roles); i++) {
		size_t size = roles[i].size;

		if ((size == word->size || (roles[i].ending && size < word->size)) &&
		    memcmp(word->text + word->size - size, roles[i].text, size) == 0)
			return roles[i].role;
	}
	return ROLE_NONE;
}

/* A new word begins at a capital after a small letter (apiKey), and at the last
 * capital of several (APIKey). */
static bool word_begins(const char *key, size_t size, size_t at)
{
	unsigned char now = (unsigned char)key[at];
	unsigned char before = (unsigned char)key[at - 1];

	return isupper(now) && (islower(before) || (isupper(before) && at + 1 < size &&
						    islower((unsigned char)key[at + 1])));
}

/* The word at or behind *at, which moves behind it. False: there is none. */
static bool word_next(const char *key, size_t size, size_t *at, struct word *ret)
{
	size_t start;

	while (*at < size && !isalpha((unsigned char)key[*at]))
		(*at)++;
	start = *at;
	ret->size = 0;
	while (*at < size && isalpha((unsigned char)key[*at]) &&
	       (*at == start || !word_begins(key, size, *at))) {
		if (ret->size == WORD_CAP)
			memmove(ret->text, ret->text + 1, --ret->size);
		ret->text[ret->size++] = (char)tolower((unsigned char)key[*at]);
		(*at)++;
	}
	return *at > start;
}

enum place_key place_key_kind(const char *key, size_t size)
{
	enum place_key kind = PLACE_NONE;
	enum role previous = ROLE_NONE;
	struct word word;
	size_t at = 0;

	while (word_next(key, size, &at, &word)) {
		enum role role = word_role(&word);

		if (role == ROLE_SECRET || (role == ROLE_KEY && previous == ROLE_OWNER))
			kind = PLACE_SECRET;
		else if (kind == PLACE_SECRET || role == ROLE_FOLLOWER || role == ROLE_KEY)
			; /* what it follows decides */
		else if (role == ROLE_TOKEN)
			kind = PLACE_TOKEN;
		else
			kind = role == ROLE_HEADER ? PLACE_HEADER : PLACE_NONE;
		previous = role;
	}
	/* password_encryption is a setting, encryption_key was seen above. */
	return previous == ROLE_HARMLESS || previous == ROLE_OWNER ? PLACE_NONE : kind;
}
