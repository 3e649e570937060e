/* location.c - the connection's settings, and the place that they name.
 *
 * The database's real path is found here, links resolved by hand, because the
 * last component may be absent and because the lock file must lie beside the
 * real file however it was named. Nothing is opened or created. */
#include "sqlite/internal.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINKS_MAX 40 /* as many as Linux follows */
#define LOCK_TIMEOUT_US 5000000

static bool str_is(const struct elq_str *str, const char *text)
{
	return str->size == strlen(text) && memcmp(str->data, text, str->size) == 0;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* %41 -> A, in place. A '%' that no two hex digits follow, or that makes a zero, is refused. */
static bool decode_percent(char *text)
{
	char *to = text;
	for (const char *from = text; *from; from++) {
		if (*from != '%') {
			*to++ = *from;
			continue;
		}
		int high = hex_value(from[1]);
		int low = high < 0 ? -1 : hex_value(from[2]);
		if (low < 0 || high * 16 + low == 0)
			return false;
		*to++ = (char)(high * 16 + low);
		from += 2;
	}
	*to = '\0';
	return true;
}

/* sqlite:name, sqlite:/a/b, sqlite:///a/b; also sqlite3:. In place; the URL is
 * a secret parameter and is therefore not repeated in any message. */
static int32_t path_of_url(const struct elq_call *call, char *url, char **ret_path)
{
	static const char forms[] = "write sqlite:relative/path or sqlite:///absolute/path";
	char *colon = strchr(url, ':');
	size_t scheme = colon ? (size_t)(colon - url) : 0;
	if (!(scheme == 6 && sqlite3_strnicmp(url, "sqlite", 6) == 0) &&
	    !(scheme == 7 && sqlite3_strnicmp(url, "sqlite3", 7) == 0))
		return sqlkit_fail(call, ELQ_ERR_INVALID, forms,
				   "the url of an SQLite database begins with sqlite:");
	char *path = colon + 1;
	if (strncmp(path, "//", 2) == 0) {
		path += 2;
		if (path[0] != '/')
			return sqlkit_fail(call, ELQ_ERR_INVALID, forms,
					   "the url of an SQLite database names no host");
	}
	if (strpbrk(path, "?#"))
		return sqlkit_fail(call, ELQ_ERR_INVALID,
				   "set options as keys of the connection; write %3F for a question "
				   "mark in a name",
				   "the url of an SQLite database takes no options");
	if (!decode_percent(path))
		return sqlkit_fail(call, ELQ_ERR_INVALID, "write a percent sign as %25",
				   "the url of the SQLite database has a broken %% sequence");
	*ret_path = path;
	return ELQ_OK;
}

static int32_t refuse_folder(const struct elq_call *call, const char *folder)
{
	int reason = errno;
	if (reason == ENOENT)
		return sqlkit_fail(call, ELQ_ERR_CONNECT, "create it, or correct the path",
				   "the folder %s does not exist", folder);
	return sqlkit_fail(call, ELQ_ERR_CONNECT, "correct the path, or the rights on its folders",
			   "cannot reach the folder %s: %s", folder, strerrordesc_np(reason));
}

/* The folder of `path`, links resolved, and the name behind it. Cuts `path`. */
static int32_t resolve_folder(const struct elq_call *call, char *path, char **ret_folder,
			      const char **ret_name)
{
	char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return sqlkit_fail(call, ELQ_ERR_CONNECT, "name the database file in it",
				   "%s is a folder, not an SQLite database", path);
	char resolved[PATH_MAX];
	const char *folder = ".";
	if (slash) {
		*slash = '\0';
		folder = slash == path ? "/" : path;
	}
	if (!realpath(folder, resolved))
		return refuse_folder(call, folder);
	char *copy = sqlite3_mprintf("%s", resolved);
	if (!copy)
		return failure_no_memory(call);
	*ret_folder = copy;
	*ret_name = name;
	return ELQ_OK;
}

static char *join(const char *folder, const char *name)
{
	if (*name == '/')
		return sqlite3_mprintf("%s", name);
	return sqlite3_mprintf("%s/%s", strcmp(folder, "/") == 0 ? "" : folder, name);
}

/* One step from `path` (which is cut): its folder resolved and, when a link
 * stands at its name, what that leads to. *ret_link: look again from there. */
static int32_t resolve_once(const struct elq_call *call, char *path, char **ret_folder, char **ret_path,
			    bool *ret_link)
{
	char *folder = NULL;
	const char *name = NULL;
	int32_t status = resolve_folder(call, path, &folder, &name);
	if (status != ELQ_OK || !folder)
		return status;
	char target[PATH_MAX];
	char *joined = join(folder, name);
	ssize_t size = joined ? readlink(joined, target, sizeof(target) - 1) : -1;
	if (size > 0) {
		target[size] = '\0';
		sqlite3_free(joined);
		joined = join(folder, target);
	}
	if (!joined) {
		sqlite3_free(folder);
		return failure_no_memory(call);
	}
	*ret_folder = folder;
	*ret_path = joined;
	*ret_link = size > 0;
	return ELQ_OK;
}

static int32_t resolve(const struct elq_call *call, const char *named, struct location *ret)
{
	char *path = sqlite3_mprintf("%s", named);
	if (!path)
		return failure_no_memory(call);
	for (int links = 0; path && links < LINKS_MAX; links++) {
		char *folder = NULL;
		char *next = NULL;
		bool link = false;
		int32_t status = resolve_once(call, path, &folder, &next, &link);
		sqlite3_free(path);
		if (status != ELQ_OK || !next)
			return status;
		path = next;
		if (!link) {
			ret->path = path;
			ret->folder = folder;
			ret->name = strrchr(path, '/') + 1;
			return ELQ_OK;
		}
		sqlite3_free(folder);
	}
	sqlite3_free(path);
	return sqlkit_fail(call, ELQ_ERR_CONNECT, "correct the links", "%s is behind too many links",
			   named);
}

static int32_t check_named(const struct elq_call *call, const char *path)
{
	const char *slash = strrchr(path, '/');
	if (*path == '\0')
		return sqlkit_fail(call, ELQ_ERR_INVALID, "set path to a file, or take it away",
				   "the SQLite database has an empty path");
	if (strcmp(slash ? slash + 1 : path, ":memory:") == 0)
		return sqlkit_fail(call, ELQ_ERR_INVALID, "set path to a file",
				   "an SQLite database in memory would forget its history at once");
	return ELQ_OK;
}

/* A relative path inside a url counts from where the url was written. */
static int32_t resolve_from(const struct elq_call *call, const struct elq_str *folder, const char *path,
			    struct location *ret)
{
	if (path[0] == '/' || !folder->data)
		return resolve(call, path, ret);
	char *absolute = sqlite3_mprintf("%.*s/%s", (int)folder->size, folder->data, path);
	if (!absolute)
		return failure_no_memory(call);
	int32_t status = resolve(call, absolute, ret);
	sqlite3_free(absolute);
	return status;
}

static int32_t resolve_setting(const struct elq_call *call, const struct elq_str *setting,
			       const struct elq_str *folder, bool is_url, struct location *ret)
{
	if (setting->size >= PATH_MAX || memchr(setting->data, '\0', (size_t)setting->size))
		return sqlkit_fail(call, ELQ_ERR_INVALID, "set path to a file",
				   "the path of the SQLite database is too long or holds a zero byte");
	char *text = sqlite3_mprintf("%.*s", (int)setting->size, setting->data);
	if (!text)
		return failure_no_memory(call);
	char *path = text;
	int32_t status = is_url ? path_of_url(call, text, &path) : ELQ_OK;
	if (status == ELQ_OK)
		status = check_named(call, path);
	if (status == ELQ_OK)
		status = resolve_from(call, folder, path, ret);
	sqlite3_free(text);
	return status;
}

/* A duration arrives as decimal microseconds. */
static bool read_duration(const struct elq_str *value, int64_t *ret)
{
	int64_t number = 0;
	if (value->size == 0 || value->size > 18)
		return false;
	for (uint64_t i = 0; i < value->size; i++) {
		if (value->data[i] < '0' || value->data[i] > '9')
			return false;
		number = number * 10 + (value->data[i] - '0');
	}
	*ret = number;
	return true;
}

int32_t location_read(const struct elq_call *call, const struct elq_setting *settings,
		      uint64_t setting_count, struct location *ret)
{
	struct elq_str path = {0};
	struct elq_str url = {0};
	struct elq_str folder = {0};
	struct location location = {.lock_timeout_us = LOCK_TIMEOUT_US};
	uint64_t stride = setting_count ? settings[0].struct_size : 0;
	for (uint64_t i = 0; i < setting_count; i++) {
		const struct elq_setting *setting = (const void *)((const char *)settings + i * stride);
		if (ELQ_REACHES(stride, struct elq_setting, folder))
			folder = setting->folder;
		if (str_is(&setting->name, "path"))
			path = setting->value;
		else if (str_is(&setting->name, "url"))
			url = setting->value;
		else if (!str_is(&setting->name, "lock_timeout"))
			return sqlkit_fail(call, ELQ_ERR_INVALID,
					   "the keys are path, url and lock_timeout",
					   "the SQLite driver has no key %.*s", (int)setting->name.size,
					   setting->name.data);
		else if (!read_duration(&setting->value, &location.lock_timeout_us))
			return sqlkit_fail(call, ELQ_ERR_INVALID, NULL,
					   "lock_timeout did not arrive as microseconds");
	}
	if (!path.data == !url.data)
		return sqlkit_fail(call, ELQ_ERR_INVALID, "set path = database/app.sqlite, or url",
				   "an SQLite connection needs either path or url");
	int32_t status =
		resolve_setting(call, path.data ? &path : &url, &folder, !path.data, &location);
	if (status == ELQ_OK)
		*ret = location;
	return status;
}

void location_free(struct location *location)
{
	sqlite3_free(location->path);
	sqlite3_free(location->folder);
	*location = (struct location){0};
}
