/* url.c - does DATABASE_URL speak of this connection, and the password inside a
 * URL. The URL itself is parsed by the driver alone: what stands behind the
 * scheme differs. */
#include "plugin/private.h"

#include <string.h>

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Is the URL's scheme among the words of a note's `schemes`? */
static bool scheme_claimed(const char *url, const char *schemes)
{
	size_t size = strcspn(url, ":");
	if (size == 0 || url[size] == '\0')
		return false;
	for (const char *word = schemes; *word != '\0';) {
		size_t length = strcspn(word, " ");
		size_t same = 0;
		while (same < size && same < length && lower(url[same]) == word[same])
			same++;
		if (length == size && same == size)
			return true;
		word += length;
		word += strspn(word, " ");
	}
	return false;
}

bool url_applies(struct observer *observer, const struct project *project,
		 const struct connection *connection, const struct driver *driver)
{
	const char *url = project->database_url;
	if (url == NULL || !text_equal(connection->name, project->default_connection))
		return false;
	if (scheme_claimed(url, driver->plugin.note.schemes))
		return true;
	log_write(observer, LOG_WARN,
		  "DATABASE_URL is not used: the driver %s of the default connection \"%s\" takes URLs "
		  "of the schemes: %s",
		  driver->plugin.name, connection->name,
		  driver->plugin.note.schemes[0] != '\0' ? driver->plugin.note.schemes : "none");
	return false;
}

/* ---- the password inside --------------------------------------------------------------- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void add_decoded(struct observer *observer, const char *data, size_t size)
{
	TEXT_CLEANUP struct text decoded = {0};
	for (size_t i = 0; i < size; i++) {
		int high = data[i] == '%' && size - i > 2 ? hex_digit(data[i + 1]) : -1;
		int low = high >= 0 ? hex_digit(data[i + 2]) : -1;
		if (low >= 0) {
			text_add_char(&decoded, (char)(high * 16 + low));
			i += 2;
		} else {
			text_add_char(&decoded, data[i]);
		}
	}
	if (decoded.size > 0)
		redact_add(observer, decoded.data, decoded.size);
}

/* The last '@' of the authority ends the password, which may hold one itself; an
 * unescaped '/' in it makes the authority look shorter than it was meant. */
static const char *password_end(const char *authority)
{
	const char *end = memrchr(authority, '@', strcspn(authority, "/?#"));
	return end != NULL ? end : strrchr(authority, '@');
}

void url_hide_password(struct observer *observer, const char *url)
{
	const char *authority = strstr(url, "://");
	if (authority == NULL)
		return;
	authority += strlen("://");
	const char *end = password_end(authority);
	const char *colon = strchr(authority, ':');
	if (end == NULL || colon == NULL || colon + 1 >= end)
		return;
	size_t size = (size_t)(end - colon - 1);
	redact_add(observer, colon + 1, size);
	add_decoded(observer, colon + 1, size);
}
