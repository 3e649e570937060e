/* secrets.c - which keys hold secrets, how they are registered with the
 * redactor, and files that hold one. Masking is observe's. */
#include "config/private.h"

#include <string.h>

#define SECRET_CAP ((size_t)64 << 10)

bool key_is_secret(const char *name)
{
	static const char *const words[] = {"password", "secret", "token", "url"};
	static const char *const endings[] = {"_password", "_secret", "_token"};

	for (size_t i = 0; i < COUNT_OF(words); i++) {
		if (strcmp(name, words[i]) == 0)
			return true;
	}
	for (size_t i = 0; i < COUNT_OF(endings); i++) {
		if (text_ends(name, endings[i]))
			return true;
	}
	return false;
}

const char *url_password(const char *url, size_t *ret_size)
{
	const char *start = strstr(url, "://");
	const char *at;
	const char *colon;

	if (!start)
		return NULL;
	start += 3;
	/* The last '@' of the authority: passwords with an '@' of their own occur, and with an
	 * unescaped '/' too, which makes the authority look shorter than it was meant. */
	at = memrchr(start, '@', strcspn(start, "/?#"));
	if (!at)
		at = strrchr(start, '@');
	colon = at ? memchr(start, ':', (size_t)(at - start)) : NULL;
	if (!colon || colon + 1 == at)
		return NULL;
	*ret_size = (size_t)(at - colon) - 1;
	return colon + 1;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* %40 -> @; what is no escape stays. Returns the new size. */
static size_t percent_decode(char *data, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < size; i++) {
		char c = data[i];

		if (c == '%' && i + 2 < size && hex_value(data[i + 1]) >= 0 &&
		    hex_value(data[i + 2]) >= 0) {
			c = (char)(hex_value(data[i + 1]) * 16 + hex_value(data[i + 2]));
			i += 2;
		}
		data[used++] = c;
	}
	return used;
}

void secret_register(const struct loader *loader, const char *value)
{
	struct arena arena = {0};
	size_t size = 0;
	const char *password = url_password(value, &size);

	if (value[0])
		redact_add(loader->observer, value, strlen(value));
	/* A driver's own error shows the password without the URL around it, decoded. */
	if (password) {
		char *plain = arena_copy(&arena, password, size);

		redact_add(loader->observer, plain, size);
		redact_add(loader->observer, plain, percent_decode(plain, size));
	}
	arena_free(&arena);
}

enum status secret_file_read(struct observer *observer, struct arena *arena, const char *path,
			     const char **ret, struct error *error)
{
	TEXT_CLEANUP struct text text = {0};
	enum status status = file_read(path, SECRET_CAP, &text, error);

	if (status) {
		error->status = STATUS_CONFIG;
		error_prefix(error, "the secret file");
		error_hint(error, "a secret file holds the secret alone, at most 64 KiB");
		return STATUS_CONFIG;
	}
	if (text.size > 0 && text.data[text.size - 1] == '\n')
		text_cut(&text, text.size - 1);
	if (text.size > 0 && text.data[text.size - 1] == '\r')
		text_cut(&text, text.size - 1);
	if (text.size > 0)
		redact_add(observer, text.data, text.size);
	if (memchr(text_string(&text), '\0', text.size) ||
	    !utf8_valid(text_string(&text), text.size, NULL))
		return error_set(error, STATUS_CONFIG,
				 "the secret file %s holds a zero byte or bytes that are not UTF-8; a "
				 "secret is text",
				 path);
	*ret = arena_copy(arena, text_string(&text), text.size);
	return STATUS_OK;
}
