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
static int chain_open(void **state)
{
	static const char *const names[STORES] = {"puppet", "second"};
	static struct chain fixture;
	static int test;
	struct chain *chain = &fixture;
	*state = chain;
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
	return 0;
}

static int chain_close(void **state)
{
	struct chain *chain = *state;
	cache_close(chain->cache);
	scene_close(&chain->scene);
	return 0;
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

/* A write that one store misses, because it is down meanwhile. */
static void set_without(struct chain *chain, size_t index, const char *key, const char *value)
{
	break_store(chain, index);
	set(chain, key, value);
	mend_store(chain, index);
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
	struct chain *chain = *state;
	assert_string_equal(get(chain, "a"), "-");
	set(chain, "a", "1");
	assert_string_equal(get(chain, "a"), "1");
	assert_int_equal(stats(chain)[0].stats.entries, 1);
	assert_int_equal(chain->reports[1].stats.entries, 0);
	assert_true(chain->reports[0].active);
	assert_false(chain->reports[1].active);
}

static void a_value_ends_with_its_time(void **state)
{
	struct chain *chain = *state;
	int64_t began_us = clock_wall_us();
	assert_int_equal(cache_set(chain->cache, "a", "1", 1, 100000, &chain->scene.error), STATUS_OK);
	const char *taken = get(chain, "a");
	/* On a machine that stood still so long its time is over already, and rightly so. */
	if (clock_wall_us() - began_us < 100000)
		assert_string_equal(taken, "1");
	usleep(110000);
	assert_string_equal(get(chain, "a"), "-");
}

static void a_store_that_fails_hands_over_to_the_next(void **state)
{
	struct chain *chain = *state;
	size_t count;
	set(chain, "a", "1");
	break_store(chain, 0);
	assert_string_equal(get(chain, "a"), "-");
	set(chain, "a", "2");
	assert_string_equal(get(chain, "a"), "2");
	assert_true(stats(chain)[1].active);
	assert_int_equal(chain->reports[0].status, STATUS_FAILED);
	assert_string_equal(chain->reports[0].message, "the puppet drops everything");
	const char *const *warnings = log_warnings(chain->scene.observer, &count);
	assert_int_equal(count, 1);
	assert_non_null(strstr(warnings[0], "the cache store puppet is down: the puppet drops"));
}

static void when_all_are_down_each_is_named_with_its_reason(void **state)
{
	struct chain *chain = *state;
	TEXT_CLEANUP struct text value = {0};
	bool found;
	break_store(chain, 0);
	break_store(chain, 1);
	struct error *error = &chain->scene.error;
	assert_int_equal(cache_get(chain->cache, "a", &value, &found, error), STATUS_FAILED);
	assert_says(&chain->scene, "no store of the cache can be used: puppet: the puppet drops "
				   "everything; second: the puppet drops everything");
	assert_int_equal(cache_set(chain->cache, "a", "1", 1, 0, error), STATUS_FAILED);
	assert_int_equal(cache_remove(chain->cache, "a", &found, error), STATUS_FAILED);
}

/* ---- what is no longer true --------------------------------------------------------------- */

static void a_write_takes_the_key_out_of_every_other_store(void **state)
{
	struct chain *chain = *state;
	set_without(chain, 0, "a", "of the second");
	chain_reopen(chain);
	set(chain, "a", "of the first");
	break_store(chain, 0);
	chain_reopen(chain);
	assert_string_equal(get(chain, "a"), "-");
}

static void a_removal_reaches_every_store(void **state)
{
	struct chain *chain = *state;
	bool removed = false;
	set(chain, "a", "1");
	assert_int_equal(cache_remove(chain->cache, "a", &removed, &chain->scene.error), STATUS_OK);
	assert_true(removed);
	assert_string_equal(get(chain, "a"), "-");
	assert_int_equal(cache_remove(chain->cache, "a", &removed, &chain->scene.error), STATUS_OK);
	assert_false(removed);
}

/* Another process may have written nothing at all: what counts stands in the stores. */
static void a_store_that_missed_a_write_is_emptied_before_it_answers_again(void **state)
{
	struct chain *chain = *state;
	set(chain, "a", "old");
	set(chain, "b", "old");
	set_without(chain, 0, "a", "new");
	chain_reopen(chain);
	assert_true(stats(chain)[0].behind);
	assert_false(chain->reports[1].behind);
	assert_string_equal(get(chain, "a"), "-");
	assert_string_equal(get(chain, "b"), "-");
	assert_false(stats(chain)[0].behind);
	set(chain, "a", "newer");
	assert_string_equal(get(chain, "a"), "newer");
	assert_int_equal(chain->reports[1].stats.entries, 1);
}

static void a_store_comes_back_in_the_same_process_after_a_second(void **state)
{
	struct chain *chain = *state;
	set(chain, "a", "old");
	set_without(chain, 0, "a", "new");
	assert_string_equal(get(chain, "a"), "new");
	usleep(1050000);
	assert_string_equal(get(chain, "a"), "-");
	set(chain, "a", "newest");
	assert_int_equal(stats(chain)[0].stats.entries, 1);
}

static void a_store_that_only_failed_to_answer_keeps_what_it_has(void **state)
{
	struct chain *chain = *state;
	set(chain, "a", "1");
	break_store(chain, 0);
	assert_string_equal(get(chain, "a"), "-");
	mend_store(chain, 0);
	chain_reopen(chain);
	assert_string_equal(get(chain, "a"), "1");
}

/* Each was down while a process wrote to the other: the later writer is right. */
static void of_two_stores_that_each_missed_something_the_later_written_counts(void **state)
{
	struct chain *chain = *state;
	set_without(chain, 0, "a", "1");
	break_store(chain, 1);
	chain_reopen(chain);
	set(chain, "a", "2");
	mend_store(chain, 1);
	chain_reopen(chain);
	assert_string_equal(get(chain, "a"), "2");
	break_store(chain, 0);
	chain_reopen(chain);
	assert_string_equal(get(chain, "a"), "-");
}

static void looking_at_the_cache_writes_nothing(void **state)
{
	struct chain *chain = *state;
	set(chain, "a", "old");
	set_without(chain, 0, "b", "1");
	chain_reopen(chain);
	assert_int_equal(stats(chain)[0].stats.entries, 1);
	assert_int_equal(stats(chain)[0].stats.entries, 1);
	assert_true(chain->reports[0].behind);
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
	struct chain *chain = *state;
	set_without(chain, 0, "a", "1");
	chain_reopen(chain);
	set(chain, "b", "2");
	set(chain, "c", "3");
	assert_int_equal(clear(chain, "", NULL), STATUS_OK);
	assert_int_equal(chain->reports[0].removed, 2);
	assert_int_equal(chain->reports[1].removed, 1);
	assert_int_equal(stats(chain)[0].stats.entries, 0);
	assert_int_equal(chain->reports[1].stats.entries, 0);
	assert_false(chain->reports[0].behind);
	assert_false(chain->reports[1].behind);
}

static void clearing_narrows_by_prefix_and_by_store(void **state)
{
	struct chain *chain = *state;
	set(chain, "user:1", "1");
	set(chain, "user:2", "2");
	set(chain, "post:1", "3");
	assert_int_equal(clear(chain, "user:", NULL), STATUS_OK);
	assert_int_equal(chain->reports[0].removed, 2);
	assert_string_equal(get(chain, "post:1"), "3");
	assert_int_equal(clear(chain, "", "second"), STATUS_OK);
	assert_null(chain->reports[0].name);
	assert_int_equal(chain->reports[1].removed, 0);
	assert_string_equal(get(chain, "post:1"), "3");
}

static void emptying_one_store_leaves_the_others_current(void **state)
{
	struct chain *chain = *state;
	set_without(chain, 1, "a", "1");
	chain_reopen(chain);
	set(chain, "a", "2");
	assert_int_equal(clear(chain, "", "second"), STATUS_OK);
	assert_false(stats(chain)[0].behind);
	assert_false(chain->reports[1].behind);
	chain_reopen(chain);
	assert_string_equal(get(chain, "a"), "2");
}

static void a_store_that_cannot_be_emptied_is_named_and_emptied_later(void **state)
{
	struct chain *chain = *state;
	set(chain, "a", "1");
	break_store(chain, 0);
	chain_reopen(chain);
	assert_int_equal(clear(chain, "", NULL), STATUS_FAILED);
	assert_says(&chain->scene, "the cache store puppet could not be emptied: the puppet drops "
				   "everything | pick it up");
	assert_int_equal(chain->reports[1].status, STATUS_OK);
	mend_store(chain, 0);
	chain_reopen(chain);
	assert_string_equal(get(chain, "a"), "-");
}

static void a_narrow_clear_does_not_bless_a_store_that_is_behind(void **state)
{
	struct chain *chain = *state;
	set(chain, "a", "old");
	set_without(chain, 0, "a", "new");
	chain_reopen(chain);
	assert_int_equal(clear(chain, "other:", NULL), STATUS_OK);
	assert_true(stats(chain)[0].behind);
	assert_string_equal(get(chain, "a"), "-");
}

/* ---- what is refused -------------------------------------------------------------------------- */

static void a_key_that_is_none_is_refused(void **state)
{
	char longest[CACHE_KEY_CAP + 2];
	struct chain *chain = *state;
	memset(longest, 'k', sizeof(longest));
	longest[CACHE_KEY_CAP + 1] = '\0';
	const char *const keys[] = {"", "\001generation", longest};
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		error_clear(&chain->scene.error);
		assert_int_equal(cache_set(chain->cache, keys[i], "1", 1, 0, &chain->scene.error),
				 STATUS_INTERNAL);
	}
	longest[CACHE_KEY_CAP] = '\0';
	set(chain, longest, "1");
	assert_string_equal(get(chain, longest), "1");
}

static void a_store_without_a_plugin_ends_it_with_the_chains_place(void **state)
{
	struct chain *chain = *state;
	struct cache *cache = NULL;
	chain->stores[1] = "moon";
	chain->scene.project.cache.origin = (struct origin){LAYER_INI, "/p/eloquent.ini", 4};
	assert_int_equal(
		cache_open(chain->scene.observer, &chain->scene.project, &cache, &chain->scene.error),
		STATUS_PLUGIN_MISSING);
	assert_says(&chain->scene, "the cache's chain for staging (/p/eloquent.ini:4): the cache "
				   "\"moon\" cannot be loaded");
	assert_null(cache);
}

static void a_wrong_setting_is_a_mistake_and_no_store_that_is_down(void **state)
{
	struct chain *chain = *state;
	struct cache *cache = NULL;
	chain->settings[1][0].key = "nmae";
	assert_int_equal(
		cache_open(chain->scene.observer, &chain->scene.project, &cache, &chain->scene.error),
		STATUS_CONFIG);
	assert_says(&chain->scene, "the cache second of [cache:second] knows no key \"nmae\"");
}

static void an_unknown_store_is_answered_with_the_chains(void **state)
{
	struct chain *chain = *state;
	size_t index;
	assert_int_equal(cache_find_store(chain->cache, "redis", &index, &chain->scene.error),
			 STATUS_UNKNOWN_NAME);
	assert_says(&chain->scene, "the cache's chain for staging has no store \"redis\" | it has: "
				   "puppet, second");
}

int main(void)
{
#define RULE(name) cmocka_unit_test_setup_teardown(name, chain_open, chain_close)
	const struct CMUnitTest tests[] = {
		RULE(the_first_store_takes_writes_and_answers),
		RULE(a_value_ends_with_its_time),
		RULE(a_store_that_fails_hands_over_to_the_next),
		RULE(when_all_are_down_each_is_named_with_its_reason),
		RULE(a_write_takes_the_key_out_of_every_other_store),
		RULE(a_removal_reaches_every_store),
		RULE(a_store_that_missed_a_write_is_emptied_before_it_answers_again),
		RULE(a_store_comes_back_in_the_same_process_after_a_second),
		RULE(a_store_that_only_failed_to_answer_keeps_what_it_has),
		RULE(of_two_stores_that_each_missed_something_the_later_written_counts),
		RULE(looking_at_the_cache_writes_nothing),
		RULE(clearing_empties_every_store_and_counts),
		RULE(clearing_narrows_by_prefix_and_by_store),
		RULE(emptying_one_store_leaves_the_others_current),
		RULE(a_store_that_cannot_be_emptied_is_named_and_emptied_later),
		RULE(a_narrow_clear_does_not_bless_a_store_that_is_behind),
		RULE(a_key_that_is_none_is_refused),
		RULE(a_store_without_a_plugin_ends_it_with_the_chains_place),
		RULE(a_wrong_setting_is_a_mistake_and_no_store_that_is_down),
		RULE(an_unknown_store_is_answered_with_the_chains),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
