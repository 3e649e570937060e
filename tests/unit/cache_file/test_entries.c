/* The file store's entries: what comes back, for how long, and whose. */
#include "shop.h"

static void a_value_of_any_bytes_comes_back(void **state)
{
	struct shop shop;
	TEXT_CLEANUP struct text value = {0};
	bool found = false;
	(void)state;
	shop_open(&shop);
	shop_reopen(&shop);
	put(&shop, "us:text", "one");
	put(&shop, "us:text", "two");
	put(&shop, "us:empty", "");
	assert_string_equal(take(&shop, "us:text"), "two");
	assert_string_equal(take(&shop, "us:empty"), "");
	assert_string_equal(take(&shop, "us:none"), "-");
	const struct elq_str zeros = {"a\0b", 3};
	assert_int_equal(store_set(shop.store, str("us:zeros"), zeros, 0, &shop.error), STATUS_OK);
	assert_int_equal(store_get(shop.store, str("us:zeros"), &value, &found, &shop.error),
			 STATUS_OK);
	assert_int_equal(value.size, 3);
	assert_memory_equal(value.data, "a\0b", 3);
	shop_close(&shop);
}

#define SHORT_US 100000

static void an_entry_ends_with_its_time(void **state)
{
	struct shop shop;
	bool removed = true;
	(void)state;
	shop_open(&shop);
	shop_reopen(&shop);
	int64_t began_us = clock_wall_us();
	put_for(&shop, "us:short", "1", SHORT_US);
	put_for(&shop, "us:long", "1", INT64_MAX);
	put(&shop, "us:ever", "1");
	const char *taken = take(&shop, "us:short");
	int64_t entries = stats(&shop).entries;
	/* On a machine that stood still so long its time is over already, and rightly so. */
	if (clock_wall_us() - began_us < SHORT_US) {
		assert_string_equal(taken, "1");
		assert_int_equal(entries, 3);
	}
	usleep(SHORT_US + 10000);
	assert_string_equal(take(&shop, "us:short"), "-");
	assert_string_equal(take(&shop, "us:long"), "1");
	assert_int_equal(stats(&shop).entries, 2);
	assert_int_equal(store_remove(shop.store, str("us:short"), &removed, &shop.error), STATUS_OK);
	assert_false(removed);
	assert_int_equal(clear(&shop, shop.store, "us:"), 2);
	shop_close(&shop);
}

static void entries_outlive_handle_and_process(void **state)
{
	struct shop shop;
	(void)state;
	shop_open(&shop);
	shop_reopen(&shop);
	put(&shop, "us:a", "1");
	shop_reopen(&shop);
	assert_string_equal(take(&shop, "us:a"), "1");
	shop_close(&shop);
}

static void a_key_is_removed_once(void **state)
{
	struct shop shop;
	bool removed = false;
	(void)state;
	shop_open(&shop);
	shop_reopen(&shop);
	put(&shop, "us:a", "1");
	assert_int_equal(store_remove(shop.store, str("us:a"), &removed, &shop.error), STATUS_OK);
	assert_true(removed);
	assert_int_equal(store_remove(shop.store, str("us:a"), &removed, &shop.error), STATUS_OK);
	assert_false(removed);
	assert_string_equal(take(&shop, "us:a"), "-");
	shop_close(&shop);
}

static void clearing_takes_our_prefix_and_nothing_else(void **state)
{
	struct shop shop;
	(void)state;
	shop_open(&shop);
	shop_reopen(&shop);
	struct store *other = shop_handle(&shop, "use:");
	put(&shop, "us:user:1", "1");
	put(&shop, "us:user:2", "2");
	put(&shop, "us:post:1", "3");
	assert_int_equal(store_set(other, str("use:user:1"), str("theirs"), 0, &shop.error), STATUS_OK);
	FILE *file = fopen(in_dir(&shop, "notes.txt"), "we");
	assert_non_null(file);
	fclose(file);
	assert_int_equal(clear(&shop, shop.store, "us:user:"), 2);
	assert_string_equal(take(&shop, "us:post:1"), "3");
	assert_int_equal(clear(&shop, shop.store, "us:"), 1);
	assert_int_equal(clear(&shop, shop.store, "us:"), 0);
	assert_string_equal(take_from(&shop, other, "use:user:1"), "theirs");
	assert_int_equal(access(in_dir(&shop, "notes.txt"), F_OK), 0);
	store_close(other);
	shop_close(&shop);
}

static void what_is_not_under_the_prefix_is_refused(void **state)
{
	struct shop shop;
	int64_t removed;
	char longest[520] = "us:";
	(void)state;
	shop_open(&shop);
	shop_reopen(&shop);
	memset(longest + 3, 'k', 509);
	longest[512] = '\0';
	assert_int_equal(try_set(&shop, longest, "1"), STATUS_INTERNAL);
	longest[511] = '\0';
	put(&shop, longest, "1");
	assert_string_equal(take(&shop, longest), "1");
	assert_int_equal(try_set(&shop, "them:a", "1"), STATUS_INTERNAL);
	assert_int_equal(try_set(&shop, "us:", "1"), STATUS_INTERNAL);
	assert_int_equal(try_get(&shop, "them:a"), STATUS_INTERNAL);
	error_clear(&shop.error);
	assert_int_equal(store_clear(shop.store, "u", &removed, &shop.error), STATUS_INTERNAL);
	error_clear(&shop.error);
	assert_int_equal(store_clear(shop.store, "", &removed, &shop.error), STATUS_INTERNAL);
	shop_close(&shop);
}

static void the_hosts_own_keys_count_nowhere(void **state)
{
	struct shop shop;
	(void)state;
	shop_open(&shop);
	shop_reopen(&shop);
	put(&shop, "us:\001generation", "7");
	assert_string_equal(take(&shop, "us:\001generation"), "7");
	assert_string_equal(take(&shop, "us:\001other"), "-");
	struct store_stats found = stats(&shop);
	assert_int_equal(found.entries, 0);
	assert_int_equal(found.bytes, 0);
	assert_int_equal(found.hits, 0);
	assert_int_equal(found.misses, 0);
	assert_int_equal(clear(&shop, shop.store, "us:"), 0);
	assert_string_equal(take(&shop, "us:\001generation"), "-");
	shop_close(&shop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_of_any_bytes_comes_back),
		cmocka_unit_test(an_entry_ends_with_its_time),
		cmocka_unit_test(entries_outlive_handle_and_process),
		cmocka_unit_test(a_key_is_removed_once),
		cmocka_unit_test(clearing_takes_our_prefix_and_nothing_else),
		cmocka_unit_test(what_is_not_under_the_prefix_is_refused),
		cmocka_unit_test(the_hosts_own_keys_count_nowhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
