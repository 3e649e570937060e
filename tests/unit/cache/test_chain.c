/* The chain of stores: who answers, who takes over, and that nothing which is no longer
 * true comes back with a store that was down. The stores are the zoo's puppets. */
#include "../plugin/scene.h"

#include "cache/cache.h"

#define STORES 2

struct chain {
	struct scene scene;
	struct cache *cache;
	const char *stores[STORES];
	struct cache_config configs[STORES];
	struct setting settings[STORES][2];
	const char *controls[STORES];
	struct cache_report reports[CACHE_STORES_CAP];
};

static void chain_reopen(struct chain *chain)
{
	cache_close(chain->cache);
	chain->cache = NULL;
	error_clear(&chain->scene.error);
	assert_int_equal(cache_open(chain->scene.observer, &chain->scene.project, &chain->cache,
				    &chain->scene.error),
			 STATUS_OK);
}

/* The puppets' memory lasts as long as the process: each test has its own. */
static void chain_open(struct chain *chain)
{
	static const char *const names[STORES] = {"puppet", "second"};
	static int test;
	*chain = (struct chain){0};
	scene_open(&chain->scene);
	struct arena *arena = &chain->scene.arena;
	test++;
	for (size_t i = 0; i < STORES; i++) {
		scene_install_kind(&chain->scene, "cache", names[i]);
		chain->stores[i] = names[i];
		chain->controls[i] = path_join(arena, chain->scene.folder, names[i]);
		chain->settings[i][0] = (struct setting){
			.key = "name", .value = arena_printf(arena, "%s%d", names[i], test)};
		chain->settings[i][1] = (struct setting){.key = "switch", .value = chain->controls[i]};
		chain->configs[i] =
			(struct cache_config){.name = names[i], .settings = {chain->settings[i], 2, 2}};
	}
	chain->scene.project.cache = (struct cache_chain){.word = "staging",
							  .prefix = "eloquent:blog:staging:",
							  .stores = chain->stores,
							  .store_count = STORES,
							  .chosen = true,
							  .configs = chain->configs,
							  .config_count = STORES};
	chain_reopen(chain);
}

static void chain_close(struct chain *chain)
{
	cache_close(chain->cache);
	scene_close(&chain->scene);
}

static void break_store(struct chain *chain, size_t index)
{
	scene_write(chain->controls[index], "fail 13", 7);
}

static void mend_store(struct chain *chain, size_t index)
{
	unlink(chain->controls[index]);
}

static void set(struct chain *chain, const char *key, const char *value)
{
	assert_int_equal(cache_set(chain->cache, key, value, strlen(value), 0, &chain->scene.error),
			 STATUS_OK);
}

/* The value, or "-" for none. */
static const char *get(struct chain *chain, const char *key)
{
	TEXT_CLEANUP struct text value = {0};
	bool found = false;
	if (cache_get(chain->cache, key, &value, &found, &chain->scene.error) != STATUS_OK)
		fail_msg("%s", chain->scene.error.message);
	return found ? arena_text(&chain->scene.arena, text_string(&value)) : "-";
}

static const struct cache_report *stats(struct chain *chain)
{
	cache_stats(chain->cache, NULL, chain->reports);
	return chain->reports;
}

/* ---- who answers ----------------------------------------------------------------------- */

static void the_first_store_takes_writes_and_answers(void **state)
{
	struct chain chain;
	(void)state;
	chain_open(&chain);
	assert_string_equal(get(&chain, "a"), "-");
	set(&chain, "a", "1");
	assert_string_equal(get(&chain, "a"), "1");
	assert_int_equal(stats(&chain)[0].stats.entries, 1);
	assert_int_equal(chain.reports[1].stats.entries, 0);
	assert_true(chain.reports[0].active);
	assert_false(chain.reports[1].active);
	chain_close(&chain);
}

static void a_value_ends_with_its_time(void **state)
{
	struct chain chain;
	(void)state;
	chain_open(&chain);
	assert_int_equal(cache_set(chain.cache, "a", "1", 1, 30000, &chain.scene.error), STATUS_OK);
	assert_string_equal(get(&chain, "a"), "1");
	usleep(40000);
	assert_string_equal(get(&chain, "a"), "-");
	chain_close(&chain);
}

static void a_store_that_fails_hands_over_to_the_next(void **state)
{
	struct chain chain;
	size_t count;
	(void)state;
	chain_open(&chain);
	set(&chain, "a", "1");
	break_store(&chain, 0);
	assert_string_equal(get(&chain, "a"), "-");
	set(&chain, "a", "2");
	assert_string_equal(get(&chain, "a"), "2");
	assert_true(stats(&chain)[1].active);
	assert_int_equal(chain.reports[0].status, STATUS_FAILED);
	assert_string_equal(chain.reports[0].message, "the puppet drops everything");
	const char *const *warnings = log_warnings(chain.scene.observer, &count);
	assert_int_equal(count, 1);
	assert_non_null(strstr(warnings[0], "the cache store puppet is down: the puppet drops"));
	chain_close(&chain);
}

static void when_all_are_down_each_is_named_with_its_reason(void **state)
{
	struct chain chain;
	TEXT_CLEANUP struct text value = {0};
	bool found;
	(void)state;
	chain_open(&chain);
	break_store(&chain, 0);
	break_store(&chain, 1);
	struct error *error = &chain.scene.error;
	assert_int_equal(cache_get(chain.cache, "a", &value, &found, error), STATUS_FAILED);
	assert_says(&chain.scene, "no store of the cache can be used: puppet: the puppet drops "
				  "everything; second: the puppet drops everything");
	assert_int_equal(cache_set(chain.cache, "a", "1", 1, 0, error), STATUS_FAILED);
	assert_int_equal(cache_remove(chain.cache, "a", &found, error), STATUS_FAILED);
	chain_close(&chain);
}

/* ---- what is no longer true --------------------------------------------------------------- */

static void a_write_takes_the_key_out_of_every_other_store(void **state)
{
	struct chain chain;
	(void)state;
	chain_open(&chain);
	break_store(&chain, 0);
	set(&chain, "a", "of the second");
	mend_store(&chain, 0);
	chain_reopen(&chain);
	set(&chain, "a", "of the first");
	break_store(&chain, 0);
	chain_reopen(&chain);
	assert_string_equal(get(&chain, "a"), "-");
	chain_close(&chain);
}

static void a_removal_reaches_every_store(void **state)
{
	struct chain chain;
	bool removed = false;
	(void)state;
	chain_open(&chain);
	set(&chain, "a", "1");
	assert_int_equal(cache_remove(chain.cache, "a", &removed, &chain.scene.error), STATUS_OK);
	assert_true(removed);
	assert_string_equal(get(&chain, "a"), "-");
	assert_int_equal(cache_remove(chain.cache, "a", &removed, &chain.scene.error), STATUS_OK);
	assert_false(removed);
	chain_close(&chain);
}

/* Another process may have written nothing at all: what counts stands in the stores. */
static void a_store_that_missed_a_write_is_emptied_before_it_answers_again(void **state)
{
	struct chain chain;
	(void)state;
	chain_open(&chain);
	set(&chain, "a", "old");
	set(&chain, "b", "old");
	break_store(&chain, 0);
	set(&chain, "a", "new");
	mend_store(&chain, 0);
	chain_reopen(&chain);
	assert_true(stats(&chain)[0].behind);
	assert_false(chain.reports[1].behind);
	assert_string_equal(get(&chain, "a"), "-");
	assert_string_equal(get(&chain, "b"), "-");
	assert_false(stats(&chain)[0].behind);
	set(&chain, "a", "newer");
	assert_string_equal(get(&chain, "a"), "newer");
	assert_int_equal(chain.reports[1].stats.entries, 1);
	chain_close(&chain);
}

static void a_store_comes_back_in_the_same_process_after_a_second(void **state)
{
	struct chain chain;
	(void)state;
	chain_open(&chain);
	set(&chain, "a", "old");
	break_store(&chain, 0);
	set(&chain, "a", "new");
	mend_store(&chain, 0);
	assert_string_equal(get(&chain, "a"), "new");
	usleep(1050000);
	assert_string_equal(get(&chain, "a"), "-");
	set(&chain, "a", "newest");
	assert_int_equal(stats(&chain)[0].stats.entries, 1);
	chain_close(&chain);
}

static void a_store_that_only_failed_to_answer_keeps_what_it_has(void **state)
{
	struct chain chain;
	(void)state;
	chain_open(&chain);
	set(&chain, "a", "1");
	break_store(&chain, 0);
	assert_string_equal(get(&chain, "a"), "-");
	mend_store(&chain, 0);
	chain_reopen(&chain);
	assert_string_equal(get(&chain, "a"), "1");
	chain_close(&chain);
}

/* Each was down while a process wrote to the other: the later writer is right. */
static void of_two_stores_that_each_missed_something_the_later_written_counts(void **state)
{
	struct chain chain;
	(void)state;
	chain_open(&chain);
	break_store(&chain, 0);
	set(&chain, "a", "1");
	mend_store(&chain, 0);
	break_store(&chain, 1);
	chain_reopen(&chain);
	set(&chain, "a", "2");
	mend_store(&chain, 1);
	chain_reopen(&chain);
	assert_string_equal(get(&chain, "a"), "2");
	break_store(&chain, 0);
	chain_reopen(&chain);
	assert_string_equal(get(&chain, "a"), "-");
	chain_close(&chain);
}

static void looking_at_the_cache_writes_nothing(void **state)
{
	struct chain chain;
	(void)state;
	chain_open(&chain);
	set(&chain, "a", "old");
	break_store(&chain, 0);
	set(&chain, "b", "1");
	mend_store(&chain, 0);
	chain_reopen(&chain);
	assert_int_equal(stats(&chain)[0].stats.entries, 1);
	assert_int_equal(stats(&chain)[0].stats.entries, 1);
	assert_true(chain.reports[0].behind);
	chain_close(&chain);
}

/* ---- clearing -------------------------------------------------------------------------------- */

static enum status clear(struct chain *chain, const char *prefix, const char *store)
{
	size_t index;
	error_clear(&chain->scene.error);
	if (store == NULL)
		return cache_clear(chain->cache, prefix, NULL, chain->reports, &chain->scene.error);
	assert_int_equal(cache_find_store(chain->cache, store, &index, &chain->scene.error), STATUS_OK);
	return cache_clear(chain->cache, prefix, &index, chain->reports, &chain->scene.error);
}

static void clearing_empties_every_store_and_counts(void **state)
{
	struct chain chain;
	(void)state;
	chain_open(&chain);
	break_store(&chain, 0);
	set(&chain, "a", "1");
	mend_store(&chain, 0);
	chain_reopen(&chain);
	set(&chain, "b", "2");
	set(&chain, "c", "3");
	assert_int_equal(clear(&chain, "", NULL), STATUS_OK);
	assert_int_equal(chain.reports[0].removed, 2);
	assert_int_equal(chain.reports[1].removed, 1);
	assert_int_equal(stats(&chain)[0].stats.entries, 0);
	assert_int_equal(chain.reports[1].stats.entries, 0);
	assert_false(chain.reports[0].behind);
	assert_false(chain.reports[1].behind);
	chain_close(&chain);
}

static void clearing_narrows_by_prefix_and_by_store(void **state)
{
	struct chain chain;
	(void)state;
	chain_open(&chain);
	set(&chain, "user:1", "1");
	set(&chain, "user:2", "2");
	set(&chain, "post:1", "3");
	assert_int_equal(clear(&chain, "user:", NULL), STATUS_OK);
	assert_int_equal(chain.reports[0].removed, 2);
	assert_string_equal(get(&chain, "post:1"), "3");
	assert_int_equal(clear(&chain, "", "second"), STATUS_OK);
	assert_null(chain.reports[0].name);
	assert_int_equal(chain.reports[1].removed, 0);
	assert_string_equal(get(&chain, "post:1"), "3");
	chain_close(&chain);
}

static void emptying_one_store_leaves_the_others_current(void **state)
{
	struct chain chain;
	(void)state;
	chain_open(&chain);
	break_store(&chain, 1);
	set(&chain, "a", "1");
	mend_store(&chain, 1);
	chain_reopen(&chain);
	set(&chain, "a", "2");
	assert_int_equal(clear(&chain, "", "second"), STATUS_OK);
	assert_false(stats(&chain)[0].behind);
	assert_false(chain.reports[1].behind);
	chain_reopen(&chain);
	assert_string_equal(get(&chain, "a"), "2");
	chain_close(&chain);
}

static void a_store_that_cannot_be_emptied_is_named_and_emptied_later(void **state)
{
	struct chain chain;
	(void)state;
	chain_open(&chain);
	set(&chain, "a", "1");
	break_store(&chain, 0);
	chain_reopen(&chain);
	assert_int_equal(clear(&chain, "", NULL), STATUS_FAILED);
	assert_says(&chain.scene, "the cache store puppet could not be emptied: the puppet drops "
				  "everything | pick it up");
	assert_int_equal(chain.reports[1].status, STATUS_OK);
	mend_store(&chain, 0);
	chain_reopen(&chain);
	assert_string_equal(get(&chain, "a"), "-");
	chain_close(&chain);
}

static void a_narrow_clear_does_not_bless_a_store_that_is_behind(void **state)
{
	struct chain chain;
	(void)state;
	chain_open(&chain);
	set(&chain, "a", "old");
	break_store(&chain, 0);
	set(&chain, "a", "new");
	mend_store(&chain, 0);
	chain_reopen(&chain);
	assert_int_equal(clear(&chain, "other:", NULL), STATUS_OK);
	assert_true(stats(&chain)[0].behind);
	assert_string_equal(get(&chain, "a"), "-");
	chain_close(&chain);
}

/* ---- what is refused -------------------------------------------------------------------------- */

static void a_key_that_is_none_is_refused(void **state)
{
	char longest[CACHE_KEY_CAP + 2];
	struct chain chain;
	(void)state;
	chain_open(&chain);
	memset(longest, 'k', sizeof(longest));
	longest[CACHE_KEY_CAP + 1] = '\0';
	const char *const keys[] = {"", "\001generation", longest};
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		error_clear(&chain.scene.error);
		assert_int_equal(cache_set(chain.cache, keys[i], "1", 1, 0, &chain.scene.error),
				 STATUS_INTERNAL);
	}
	longest[CACHE_KEY_CAP] = '\0';
	set(&chain, longest, "1");
	assert_string_equal(get(&chain, longest), "1");
	chain_close(&chain);
}

static void a_store_without_a_plugin_ends_it_with_the_chains_place(void **state)
{
	struct chain chain;
	struct cache *cache = NULL;
	(void)state;
	chain_open(&chain);
	chain.stores[1] = "moon";
	chain.scene.project.cache.origin = (struct origin){LAYER_INI, "/p/eloquent.ini", 4};
	assert_int_equal(
		cache_open(chain.scene.observer, &chain.scene.project, &cache, &chain.scene.error),
		STATUS_PLUGIN_MISSING);
	assert_says(&chain.scene, "the cache's chain for staging (/p/eloquent.ini:4): the cache "
				  "\"moon\" cannot be loaded");
	assert_null(cache);
	chain_close(&chain);
}

static void a_wrong_setting_is_a_mistake_and_no_store_that_is_down(void **state)
{
	struct chain chain;
	struct cache *cache = NULL;
	(void)state;
	chain_open(&chain);
	chain.settings[1][0].key = "nmae";
	assert_int_equal(
		cache_open(chain.scene.observer, &chain.scene.project, &cache, &chain.scene.error),
		STATUS_CONFIG);
	assert_says(&chain.scene, "the cache second of [cache:second] knows no key \"nmae\"");
	chain_close(&chain);
}

static void an_unknown_store_is_answered_with_the_chains(void **state)
{
	struct chain chain;
	size_t index;
	(void)state;
	chain_open(&chain);
	assert_int_equal(cache_find_store(chain.cache, "redis", &index, &chain.scene.error),
			 STATUS_UNKNOWN_NAME);
	assert_says(&chain.scene, "the cache's chain for staging has no store \"redis\" | it has: "
				  "puppet, second");
	chain_close(&chain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_store_takes_writes_and_answers),
		cmocka_unit_test(a_value_ends_with_its_time),
		cmocka_unit_test(a_store_that_fails_hands_over_to_the_next),
		cmocka_unit_test(when_all_are_down_each_is_named_with_its_reason),
		cmocka_unit_test(a_write_takes_the_key_out_of_every_other_store),
		cmocka_unit_test(a_removal_reaches_every_store),
		cmocka_unit_test(a_store_that_missed_a_write_is_emptied_before_it_answers_again),
		cmocka_unit_test(a_store_comes_back_in_the_same_process_after_a_second),
		cmocka_unit_test(a_store_that_only_failed_to_answer_keeps_what_it_has),
		cmocka_unit_test(of_two_stores_that_each_missed_something_the_later_written_counts),
		cmocka_unit_test(looking_at_the_cache_writes_nothing),
		cmocka_unit_test(clearing_empties_every_store_and_counts),
		cmocka_unit_test(clearing_narrows_by_prefix_and_by_store),
		cmocka_unit_test(emptying_one_store_leaves_the_others_current),
		cmocka_unit_test(a_store_that_cannot_be_emptied_is_named_and_emptied_later),
		cmocka_unit_test(a_narrow_clear_does_not_bless_a_store_that_is_behind),
		cmocka_unit_test(a_key_that_is_none_is_refused),
		cmocka_unit_test(a_store_without_a_plugin_ends_it_with_the_chains_place),
		cmocka_unit_test(a_wrong_setting_is_a_mistake_and_no_store_that_is_down),
		cmocka_unit_test(an_unknown_store_is_answered_with_the_chains),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
