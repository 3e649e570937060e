/* The file store on disks that fail: a full one, or a damaged file, is a sentence, and
 * never the end of the process. */
#include "shop.h"

#define TOLD "us:told"

static int write_on_a_full_disk(struct shop *shop, int number)
{
	static char large[600000];
	struct stat info;
	(void)number;
	memset(large, 'x', sizeof(large) - 1);
	signal(SIGXFSZ, SIG_IGN);
	if (stat(in_dir(shop, "data.mdb"), &info) != 0)
		return 2;
	const struct rlimit limit = {(rlim_t)info.st_size + 100000, (rlim_t)info.st_size + 100000};
	setrlimit(RLIMIT_FSIZE, &limit);
	shop_reopen(shop);
	if (try_set(shop, "us:large", large) != STATUS_FAILED)
		return 3;
	if (strstr(shop->error.message, "cannot be written") == NULL || shop->error.hint == NULL)
		return 4;
	if (!text_equal(take(shop, TOLD), "1"))
		return 5;
	return stats(shop).errors == 1 ? 0 : 6;
}

static void a_full_disk_fails_the_write_and_harms_nothing(void **state)
{
	struct shop shop;
	(void)state;
	shop_open(&shop);
	shop_reopen(&shop);
	put(&shop, TOLD, "1");
	take(&shop, TOLD);
	shop_rest(&shop);
	assert_int_equal(end_of(start_child(&shop, write_on_a_full_disk, 0)), 0);
	shop_reopen(&shop);
	assert_string_equal(take(&shop, TOLD), "1");
	assert_string_equal(take(&shop, "us:large"), "-");
	put(&shop, "us:large", "2");
	shop_close(&shop);
}

static void a_file_that_is_no_cache_is_damaged_and_says_what_to_do(void **state)
{
	struct shop shop;
	(void)state;
	shop_open(&shop);
	shop_reopen(&shop);
	put(&shop, "us:a", "1");
	shop_rest(&shop);
	int fd = open(in_dir(&shop, "data.mdb"), O_WRONLY | O_TRUNC | O_CLOEXEC);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(write(fd, "this is no cache", 16), 16);
	close(fd);
	shop_reopen(&shop);
	assert_int_equal(try_get(&shop, "us:a"), STATUS_CORRUPT);
	assert_says(&shop, "is damaged: ");
	assert_says(&shop, "it is only a cache: remove its folder");
	assert_int_equal(try_set(&shop, "us:a", "1"), STATUS_CORRUPT);
	nftw(shop.dir, shop_remove, 16, FTW_DEPTH | FTW_PHYS);
	put(&shop, "us:a", "2");
	shop_close(&shop);
}

/* Reading a mapping behind the end of its file would kill the process. */
static void a_file_that_was_cut_off_is_damaged_and_kills_nobody(void **state)
{
	struct shop shop;
	struct stat info;
	char key[32];
	(void)state;
	shop_open(&shop);
	shop_reopen(&shop);
	put_many(&shop, 60, 2999, 0);
	shop_rest(&shop);
	assert_int_equal(stat(in_dir(&shop, "data.mdb"), &info), 0);
	assert_int_equal(truncate(in_dir(&shop, "data.mdb"), info.st_size / 8 / 4096 * 4096), 0);
	shop_reopen(&shop);
	int damaged = 0;
	for (int i = 0; i < 60; i++) {
		snprintf(key, sizeof(key), "us:%d", i);
		damaged += try_get(&shop, key) == STATUS_CORRUPT;
	}
	assert_true(damaged > 0);
	shop_close(&shop);
}

/* ---- damaged pages ------------------------------------------------------------------------ */

static uint64_t chance_state;

/* The same in each run. */
static unsigned chance(unsigned below)
{
	chance_state = chance_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(chance_state >> 33) % below;
}

static void store_something(struct shop *shop, unsigned number)
{
	static char value[20000];
	char key[32];
	size_t size = chance(4) == 0 ? chance(sizeof(value) - 1) : chance(300);
	memset(value, 'a' + (int)(number % 26), sizeof(value));
	snprintf(key, sizeof(key), "us:%u", number);
	error_clear(&shop->error);
	if (store_set(shop->store, str(key), (struct elq_str){value, size}, 0, &shop->error))
		fail_msg("%s", shop->error.message);
}

/* Otherwise the check at opening would find fault with what LMDB does rightly. */
static void what_lmdb_wrote_is_sound_at_each_opening(void **state)
{
	struct shop shop;
	bool removed;
	char key[32];
	(void)state;
	shop_open(&shop);
	chance_state = 1;
	for (int round = 0; round < 40; round++) {
		shop_reopen(&shop);
		for (int i = 0; i < 15; i++)
			store_something(&shop, chance(200));
		for (int i = 0; i < 5; i++) {
			snprintf(key, sizeof(key), "us:%u", chance(200));
			if (store_remove(shop.store, str(key), &removed, &shop.error))
				fail_msg("%s", shop.error.message);
		}
		if (chance(5) == 0)
			clear(&shop, shop.store, "us:1");
		if (chance(15) == 0)
			clear(&shop, shop.store, "us:");
	}
	shop_close(&shop);
}

static int use_what_is_damaged(struct shop *shop, int number)
{
	TEXT_CLEANUP struct text value = {0};
	struct store_stats found;
	int64_t removed;
	bool there;
	char key[32];
	int failures = 0;
	signal(SIGABRT, SIG_DFL);
	shop_reopen(shop);
	failures += store_get_stats(shop->store, &found, &shop->error) != STATUS_OK;
	for (int i = 0; i < 200; i += 9) {
		snprintf(key, sizeof(key), "us:%d", i);
		failures += store_get(shop->store, str(key), &value, &there, &shop->error) != STATUS_OK;
		failures += store_set(shop->store, str(key), str("new"), 0, &shop->error) != STATUS_OK;
	}
	if (number % 2 == 0)
		failures += store_clear(shop->store, "us:", &removed, &shop->error) != STATUS_OK;
	return failures > 0;
}

static void write_file(const char *path, const char *data, size_t size)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, data, size), STATUS_OK);
	close(fd);
}

static void a_file_with_damaged_pages_kills_nobody(void **state)
{
	struct shop shop;
	TEXT_CLEANUP struct text whole = {0};
	int found = 0;
	(void)state;
	shop_open(&shop);
	shop_reopen(&shop);
	chance_state = 2;
	for (unsigned i = 0; i < 200; i++)
		store_something(&shop, i);
	shop_rest(&shop);
	const char *path = in_dir(&shop, "data.mdb");
	assert_int_equal(file_read(path, TEXT_CAP, &whole, &shop.error), STATUS_OK);
	char *bytes = mem_copy(whole.data, whole.size);
	for (int trial = 0; trial < 60; trial++) {
		memcpy(bytes, whole.data, whole.size);
		for (unsigned i = 0, hits = 1 + chance(12); i < hits; i++) {
			size_t page = chance((unsigned)(whole.size / 4096)) * (size_t)4096;
			size_t at = page + (chance(2) == 0 ? chance(64) : chance(4096));
			bytes[at] = (char)chance(256);
		}
		write_file(path, bytes, whole.size);
		int end = end_of(start_child(&shop, use_what_is_damaged, trial));
		if (end > 1)
			fail_msg("trial %d ended with %d", trial, end);
		found += end;
	}
	mem_free(bytes);
	assert_true(found > 20);
	shop_close(&shop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_disk_fails_the_write_and_harms_nothing),
		cmocka_unit_test(a_file_that_is_no_cache_is_damaged_and_says_what_to_do),
		cmocka_unit_test(a_file_that_was_cut_off_is_damaged_and_kills_nobody),
		cmocka_unit_test(what_lmdb_wrote_is_sound_at_each_opening),
		cmocka_unit_test(a_file_with_damaged_pages_kills_nobody),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
