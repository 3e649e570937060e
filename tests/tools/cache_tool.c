/* cache_tool.c - an application that uses the cache of the project in the working
 * directory: the other side of cache:stats and cache:clear in the end-to-end tests.
 *
 *   cache_tool PLUGINS set KEY VALUE [SECONDS]
 *   cache_tool PLUGINS get KEY          prints the value; 4: not there
 *   cache_tool PLUGINS remove KEY
 *   cache_tool PLUGINS fill COUNT       key:0 ... key:COUNT-1 */
#include "cache/cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

static enum status work(struct cache *cache, int count, char **words, struct error *error)
{
	bool found = false;
	enum status status = STATUS_OK;
	if (count >= 3 && strcmp(words[0], "set") == 0)
		return cache_set(cache, words[1], words[2], strlen(words[2]),
				 count > 3 ? (int64_t)(strtod(words[3], NULL) * 1e6) : 0, error);
	if (count == 2 && strcmp(words[0], "remove") == 0)
		return cache_remove(cache, words[1], &found, error);
	if (count == 2 && strcmp(words[0], "get") == 0) {
		TEXT_CLEANUP struct text value = {0};
		status = cache_get(cache, words[1], &value, &found, error);
		if (!status)
			printf("%s\n", text_string(&value));
		return !status && !found ? STATUS_CHECK_FAILED : status;
	}
	if (count == 2 && strcmp(words[0], "fill") == 0) {
		long fills = strtol(words[1], NULL, 10);
		for (int i = 0; i < fills && !status; i++) {
			char key[32];
			snprintf(key, sizeof(key), "key:%d", i);
			status = cache_set(cache, key, key, strlen(key), 0, error);
		}
		return status;
	}
	return error_set(error, STATUS_USAGE, "cache_tool: what?");
}

int main(int count, char **words)
{
	ERROR_CLEANUP struct error error = {0};
	struct observer *observer = observer_new();
	struct project project = {0};
	struct cache *cache = NULL;
	char folder[4096];
	if (count < 3 || getcwd(folder, sizeof(folder)) == NULL)
		return 99;
	const struct config_input input = {
		.environ = (const char *const *)environ, .cwd = folder, .installed_plugins = words[1]};
	enum status status = project_load(observer, &input, &project, &error);
	if (!status)
		status = cache_open(observer, &project, &cache, &error);
	if (!status)
		status = work(cache, count - 2, words + 2, &error);
	if (error.message)
		fprintf(stderr, "%s\n", error.message);
	cache_close(cache);
	project_free(&project);
	observer_free(observer);
	return status_exit(status);
}
