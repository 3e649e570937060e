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

void secret_register(const struct loader *loader, const char *value)
{
	if (value[0])
		redact_add(loader->observer, value, strlen(value));
	(void)redact_add_url(loader->observer, value);
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
