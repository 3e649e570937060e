/* shop.h - the built file store, loaded as the program loads it, on a folder of the
 * test's own. One header, because each test program is one source file.
 *
 * LMDB must not be carried over a fork: a test closes its stores before it forks. */
#ifndef TEST_CACHE_FILE_SHOP_H
#define TEST_CACHE_FILE_SHOP_H

#include "../build.h"
#include "plugin/plugin.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct shop {
	struct arena arena;
	struct observer *observer;
	struct project project;
	const char *root;
	const char *dir;
	const char *max_size;
	const struct cache_plugin *plugin;
	struct store *store;
	struct error error;
};

static inline void shop_open(struct shop *shop)
{
	char root[] = "/tmp/elq-shop-XXXXXX";
	*shop = (struct shop){.max_size = "4MiB"};
	shop->observer = observer_new();
	assert_non_null(mkdtemp(root));
	shop->root = arena_text(&shop->arena, root);
	shop->dir = arena_printf(&shop->arena, "%s/state/cache", root);
	shop->project.root = shop->root;
	shop->project.plugin_dir = build_path(&shop->arena, "plugins/cache_file");
	if (cache_load(shop->observer, &shop->project, "file", &shop->plugin, &shop->error))
		fail_msg("%s", shop->error.message);
}

static inline int shop_remove(const char *path, const struct stat *info, int type, struct FTW *walk)
{
	(void)info, (void)type, (void)walk;
	return remove(path);
}

/* Closes the store: nobody of this process has the folder open. */
static inline void shop_rest(struct shop *shop)
{
	store_close(shop->store);
	shop->store = NULL;
}

static inline void shop_close(struct shop *shop)
{
	shop_rest(shop);
	nftw(shop->root, shop_remove, 16, FTW_DEPTH | FTW_PHYS);
	error_clear(&shop->error);
	observer_free(shop->observer);
	arena_free(&shop->arena);
}

/* A handle for a prefix; the caller closes it. */
static inline struct store *shop_handle(struct shop *shop, const char *prefix)
{
	struct setting items[] = {{.key = "dir", .value = shop->dir},
				  {.key = "max_size", .value = shop->max_size}};
	struct settings settings = {items, COUNT_OF(items), COUNT_OF(items)};
	struct store *store = NULL;
	if (store_open(shop->observer, &shop->project, "[cache:file]", &settings, shop->plugin, prefix,
		       &store, &shop->error))
		fail_msg("%s", shop->error.message);
	return store;
}

static inline void shop_reopen(struct shop *shop)
{
	shop_rest(shop);
	shop->store = shop_handle(shop, "us:");
}

static inline struct elq_str str(const char *text)
{
	return (struct elq_str){text, strlen(text)};
}

static inline enum status try_set(struct shop *shop, const char *key, const char *value)
{
	error_clear(&shop->error);
	return store_set(shop->store, str(key), str(value), 0, &shop->error);
}

static inline void put_for(struct shop *shop, const char *key, const char *value, int64_t ttl_us)
{
	error_clear(&shop->error);
	if (store_set(shop->store, str(key), str(value), ttl_us, &shop->error))
		fail_msg("%s", shop->error.message);
}

static inline void put(struct shop *shop, const char *key, const char *value)
{
	put_for(shop, key, value, 0);
}

/* So many values of so many bytes, under us:0, us:1, ... */
static inline void put_many(struct shop *shop, int count, size_t size, int64_t ttl_us)
{
	char key[32];
	char *value = arena_alloc(&shop->arena, size + 1);
	memset(value, 'v', size);
	value[size] = '\0';
	for (int i = 0; i < count; i++) {
		snprintf(key, sizeof(key), "us:%d", i);
		put_for(shop, key, value, ttl_us);
	}
}

static inline enum status try_get(struct shop *shop, const char *key)
{
	TEXT_CLEANUP struct text value = {0};
	bool found;
	error_clear(&shop->error);
	return store_get(shop->store, str(key), &value, &found, &shop->error);
}

/* The value, or "-" for none. */
static inline const char *take_from(struct shop *shop, struct store *store, const char *key)
{
	TEXT_CLEANUP struct text value = {0};
	bool found = false;
	error_clear(&shop->error);
	if (store_get(store, str(key), &value, &found, &shop->error))
		fail_msg("%s", shop->error.message);
	return found ? arena_text(&shop->arena, text_string(&value)) : "-";
}

static inline const char *take(struct shop *shop, const char *key)
{
	return take_from(shop, shop->store, key);
}

static inline int64_t clear(struct shop *shop, struct store *store, const char *prefix)
{
	int64_t removed = -1;
	error_clear(&shop->error);
	if (store_clear(store, prefix, &removed, &shop->error))
		fail_msg("%s", shop->error.message);
	return removed;
}

static inline struct store_stats stats(struct shop *shop)
{
	struct store_stats found = {0};
	error_clear(&shop->error);
	if (store_get_stats(shop->store, &found, &shop->error))
		fail_msg("%s", shop->error.message);
	return found;
}

static inline const char *in_dir(struct shop *shop, const char *name)
{
	return arena_printf(&shop->arena, "%s/%s", shop->dir, name);
}

static inline void assert_says(struct shop *shop, const char *part)
{
	const char *said =
		arena_printf(&shop->arena, "%s | %s", shop->error.message ? shop->error.message : "",
			     shop->error.hint ? shop->error.hint : "");
	if (strstr(said, part) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", said, part);
}

/* Runs `work` in a process of its own; its answer is the exit code. */
static inline pid_t start_child(struct shop *shop, int (*work)(struct shop *shop, int number),
				int number)
{
	assert_null(shop->store);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(work(shop, number));
	return child;
}

static inline int end_of(pid_t child)
{
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

#endif
