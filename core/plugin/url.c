/* url.c - does DATABASE_URL speak of this connection? The URL itself is parsed by
 * the driver alone: what stands behind the scheme differs. */
#include "plugin/private.h"

#include <string.h>

#define SCHEME_CAP 32 /* longer is not a scheme, and perhaps a secret */

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

struct claims {
	bool claimed;          /* some loadable driver takes URLs of this scheme */
	struct text installed; /* "sqlite (sqlite file), postgres (postgres postgresql)" */
};

static void claims_free(struct claims *claims)
{
	text_free(&claims->installed);
}

/* What the installed drivers take, by their notes: no code of theirs runs. */
static enum status claims_read(const struct project *project, const char *url, struct claims *ret,
			       struct error *error)
{
	CLEANUP(candidates_free) struct candidates list = {0};
	enum status status = candidates_list(project, &list, error);
	for (size_t i = 0; status == STATUS_OK && i < list.count; i++) {
		const struct elq_note *note = &list.items[i].note;
		if (list.items[i].refusal != NULL || note->kind != ELQ_KIND_DRIVER)
			continue;
		ret->claimed = ret->claimed || scheme_claimed(url, note->schemes);
		text_printf(&ret->installed, "%s%s (%s)", ret->installed.size > 0 ? ", " : "",
			    note->name, note->schemes[0] != '\0' ? note->schemes : "no URLs");
	}
	return status;
}

/* The URL itself may hold a password; its scheme does not. */
static enum status nobody_claims(const struct project *project, const struct connection *connection,
				 const struct driver *driver, const struct text *installed,
				 struct error *error)
{
	TEXT_CLEANUP struct text scheme = {0};
	const char *url = project->database_url;
	struct arena arena = {0};
	size_t size = strcspn(url, ":");
	if (size > 0 && url[size] == ':' && size <= SCHEME_CAP)
		text_printf(&scheme, "the scheme %.*s", (int)size, url);
	else
		text_add(&scheme, "a URL without a scheme");
	error_set(error, STATUS_CONFIG,
		  "DATABASE_URL (%s) stands for the default connection \"%s\", and no installed driver "
		  "takes %s",
		  origin_text(&project->database_url_origin, &arena), connection->name,
		  text_string(&scheme));
	error_hint(error,
		   "installed, with the schemes that each takes: %s. Give a URL that the driver %s "
		   "takes, install the plugin and choose its connection, or unset DATABASE_URL",
		   text_string(installed), driver->plugin.name);
	arena_free(&arena);
	return STATUS_CONFIG;
}

enum status url_applies(struct observer *observer, const struct project *project,
			const struct connection *connection, const struct driver *driver, bool *ret,
			struct error *error)
{
	CLEANUP(claims_free) struct claims claims = {0};
	const char *url = project->database_url;
	*ret = url != NULL && text_equal(connection->name, project->default_connection);
	if (!*ret || scheme_claimed(url, driver->plugin.note.schemes))
		return STATUS_OK;
	*ret = false;
	enum status status = claims_read(project, url, &claims, error);
	if (status != STATUS_OK)
		return status;
	if (!claims.claimed)
		return nobody_claims(project, connection, driver, &claims.installed, error);
	log_write(observer, LOG_WARN,
		  "DATABASE_URL is not used: the driver %s of the default connection \"%s\" takes URLs "
		  "of the schemes: %s",
		  driver->plugin.name, connection->name,
		  driver->plugin.note.schemes[0] != '\0' ? driver->plugin.note.schemes : "none");
	return STATUS_OK;
}
