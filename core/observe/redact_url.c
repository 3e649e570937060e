/* redact_url.c - the secrets inside a URL: a driver's own error shows them without
 * the URL around them, decoded. They stand before the '@', and behind the query's keys
 * that end like one (password, sslpassword, tlsCertificateKeyFilePassword). */
#include "observe/observe.h"

#include <string.h>
#include <strings.h>

struct part {
	const char *data; /* NULL: none */
	size_t size;
};

/* The last '@' of the authority ends the password, which may hold one itself; an
 * unescaped '/' in it makes the authority look shorter than it was meant. */
static const char *password_end(const char *authority)
{
	const char *end = memrchr(authority, '@', strcspn(authority, "/?#"));

	return end ? end : strrchr(authority, '@');
}

static struct part user_password(const char *authority)
{
	const char *end = password_end(authority);
	const char *colon = end ? memchr(authority, ':', (size_t)(end - authority)) : NULL;

	if (!colon || colon + 1 == end)
		return (struct part){NULL, 0};
	return (struct part){colon + 1, (size_t)(end - colon) - 1};
}

static bool key_is_secret(const char *key, size_t size)
{
	static const char *const endings[] = {"password", "secret", "token"};

	for (size_t i = 0; i < COUNT_OF(endings); i++) {
		size_t length = strlen(endings[i]);

		if (size >= length && strncasecmp(key + size - length, endings[i], length) == 0)
			return true;
	}
	return false;
}

/* The value of the next such key. *at stands on a '?' or '&', or is NULL: no more. */
static struct part query_secret(const char **at)
{
	while (*at) {
		const char *key = *at + 1;
		size_t size = strcspn(key, "&#");
		const char *equals = memchr(key, '=', size);

		*at = key[size] == '&' ? key + size : NULL;
		if (equals && equals + 1 < key + size && key_is_secret(key, (size_t)(equals - key)))
			return (struct part){equals + 1, size - (size_t)(equals + 1 - key)};
	}
	return (struct part){NULL, 0};
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* %40 -> @; what is no escape stays. Returns the new size. */
static size_t percent_decode(char *data, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < size; i++) {
		int high = data[i] == '%' && size - i > 2 ? hex_value(data[i + 1]) : -1;
		int low = high >= 0 ? hex_value(data[i + 2]) : -1;

		data[used++] = low >= 0 ? (char)(high * 16 + low) : data[i];
		i += low >= 0 ? 2 : 0;
	}
	return used;
}

static void add_both(struct observer *observer, struct part part)
{
	char *plain = mem_copy(part.data, part.size);
	size_t size;

	redact_add(observer, plain, part.size);
	size = percent_decode(plain, part.size);
	redact_add(observer, plain, size);
	explicit_bzero(plain, part.size);
	mem_free(plain);
}

bool redact_add_url(struct observer *observer, const char *url)
{
	const char *scheme = strstr(url, "://");
	const char *query = scheme ? strchr(scheme, '?') : NULL;
	struct part part = scheme ? user_password(scheme + 3) : (struct part){NULL, 0};
	bool found = part.data != NULL;

	if (found && observer)
		add_both(observer, part);
	while ((part = query_secret(&query)).data) {
		found = true;
		if (observer)
			add_both(observer, part);
	}
	return found;
}
