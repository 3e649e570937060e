/* The file store between processes: modes, counters, locks, and a folder that is full.
 * One process's death reaches no other. */
#include "shop.h"

#include <dirent.h>

#define TOLD "us:told"

/* ---- files ------------------------------------------------------------------------------- */

static unsigned mode_of(const char *path)
{
	struct stat info;
	assert_int_equal(stat(path, &info), 0);
	return info.st_mode & 07777;
}

static void reading_creates_nothing(void **state)
{
	struct shop shop;
	bool removed;
	(void)state;
	shop_open(&shop);
	shop_reopen(&shop);
	assert_string_equal(take(&shop, "us:a"), "-");
	assert_int_equal(stats(&shop).entries, 0);
	assert_int_equal(stats(&shop).hits, 0);
	assert_int_equal(store_remove(shop.store, str("us:a"), &removed, &shop.error), STATUS_OK);
	assert_int_equal(clear(&shop, shop.store, "us:"), 0);
	assert_int_equal(access(arena_printf(&shop.arena, "%s/state", shop.root), F_OK), -1);
	shop_close(&shop);
}

static void folders_are_0700_and_files_0600_whatever_the_umask(void **state)
{
	static const char *const names[] = {"data.mdb", "lock.mdb", "writer"};
	struct shop shop;
	(void)state;
	shop_open(&shop);
	mode_t before = umask(0);
	shop_reopen(&shop);
	put(&shop, "us:a", "1");
	umask(before);
	assert_int_equal(mode_of(shop.dir), 0700);
	assert_int_equal(mode_of(arena_printf(&shop.arena, "%s/state", shop.root)), 0700);
	for (size_t i = 0; i < COUNT_OF(names); i++)
		assert_int_equal(mode_of(in_dir(&shop, names[i])), 0600);
	shop_close(&shop);
}

static void a_folder_that_others_may_write_is_refused(void **state)
{
	struct shop shop;
	(void)state;
	shop_open(&shop);
	assert_int_equal(mkdir(arena_printf(&shop.arena, "%s/state", shop.root), 0700), 0);
	assert_int_equal(mkdir(shop.dir, 0700), 0);
	assert_int_equal(chmod(shop.dir, 0770), 0);
	shop_reopen(&shop);
	assert_int_equal(try_get(&shop, "us:a"), STATUS_CONNECT);
	assert_says(&shop, "can be written by others (mode 0770) | run: chmod 700");
	assert_int_equal(try_set(&shop, "us:a", "1"), STATUS_CONNECT);
	shop_close(&shop);
}

static void a_link_in_the_folders_place_is_refused(void **state)
{
	struct shop shop;
	(void)state;
	shop_open(&shop);
	const char *real = arena_printf(&shop.arena, "%s/real", shop.root);
	assert_int_equal(mkdir(arena_printf(&shop.arena, "%s/state", shop.root), 0700), 0);
	assert_int_equal(mkdir(real, 0700), 0);
	assert_int_equal(symlink(real, shop.dir), 0);
	shop_reopen(&shop);
	assert_int_equal(try_set(&shop, "us:a", "1"), STATUS_CONNECT);
	assert_says(&shop, "cannot be opened");
	shop_close(&shop);
}

static void a_folder_that_was_removed_is_made_anew(void **state)
{
	struct shop shop;
	(void)state;
	shop_open(&shop);
	shop_reopen(&shop);
	put(&shop, "us:a", "1");
	nftw(shop.dir, shop_remove, 16, FTW_DEPTH | FTW_PHYS);
	assert_string_equal(take(&shop, "us:a"), "-");
	put(&shop, "us:a", "2");
	assert_string_equal(take(&shop, "us:a"), "2");
	assert_int_equal(access(in_dir(&shop, "data.mdb"), F_OK), 0);
	shop_close(&shop);
}

/* ---- counters ----------------------------------------------------------------------------- */

static int ask_twice(struct shop *shop, int number)
{
	(void)number;
	shop_reopen(shop);
	take(shop, TOLD);
	take(shop, "us:untold");
	kill(getpid(), SIGKILL);
	return 0;
}

static void counters_are_of_all_processes_and_outlive_a_killed_one(void **state)
{
	struct shop shop;
	(void)state;
	shop_open(&shop);
	shop_reopen(&shop);
	put(&shop, TOLD, "1");
	take(&shop, TOLD);
	shop_rest(&shop);
	assert_int_equal(end_of(start_child(&shop, ask_twice, 0)), 128 + SIGKILL);
	assert_int_equal(end_of(start_child(&shop, ask_twice, 0)), 128 + SIGKILL);
	shop_reopen(&shop);
	struct store_stats found = stats(&shop);
	assert_int_equal(found.hits, 3);
	assert_int_equal(found.misses, 2);
	assert_int_equal(found.entries, 1);
	assert_int_equal(found.bytes, (int64_t)strlen(TOLD) + 1);
	assert_string_equal(found.location, shop.dir);
	struct store *other = shop_handle(&shop, "them:");
	assert_int_equal(store_get_stats(other, &found, &shop.error), STATUS_OK);
	assert_int_equal(found.hits, 0);
	store_close(other);
	shop_close(&shop);
}

static void counters_that_are_damaged_are_unknown_and_stop_nothing(void **state)
{
	struct shop shop;
	size_t count;
	(void)state;
	shop_open(&shop);
	shop_reopen(&shop);
	put(&shop, "us:a", "1");
	take(&shop, "us:a");
	shop_rest(&shop);
	/* Whatever its name: the one file that begins with "counters.". */
	DIR *folder = opendir(shop.dir);
	assert_non_null(folder);
	for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
		if (text_starts(entry->d_name, "counters."))
			assert_int_equal(truncate(in_dir(&shop, entry->d_name), 7), 0);
	closedir(folder);
	shop_reopen(&shop);
	assert_string_equal(take(&shop, "us:a"), "1");
	assert_int_equal(stats(&shop).hits, -1);
	assert_int_equal(stats(&shop).entries, 1);
	const char *const *warnings = log_warnings(shop.observer, &count);
	assert_int_equal(count, 1);
	assert_non_null(strstr(warnings[0], "are not kept: it has another size"));
	shop_close(&shop);
}

/* ---- many at once ---------------------------------------------------------------------------- */

#define WRITERS 4
#define WRITES 25

static int write_some(struct shop *shop, int number)
{
	char key[32];
	shop_reopen(shop);
	for (int i = 0; i < WRITES; i++) {
		snprintf(key, sizeof(key), "us:%d-%d", number, i);
		if (try_set(shop, key, "1") != STATUS_OK)
			return 1;
	}
	return 0;
}

static void processes_that_write_at_once_lose_nothing(void **state)
{
	struct shop shop;
	pid_t children[WRITERS];
	(void)state;
	shop_open(&shop);
	for (int i = 0; i < WRITERS; i++)
		children[i] = start_child(&shop, write_some, i);
	for (int i = 0; i < WRITERS; i++)
		assert_int_equal(end_of(children[i]), 0);
	shop_reopen(&shop);
	assert_int_equal(stats(&shop).entries, WRITERS * WRITES);
	shop_close(&shop);
}

struct hand {
	struct shop *shop;
	struct store *store;
	int number;
	int failures;
};

static void *write_in_thread(void *context)
{
	struct hand *hand = context;
	ERROR_CLEANUP struct error error = {0};
	char key[32];
	for (int i = 0; i < WRITES; i++) {
		snprintf(key, sizeof(key), "us:%d-%d", hand->number, i);
		hand->failures += store_set(hand->store, str(key), str("1"), 0, &error) != STATUS_OK;
	}
	return NULL;
}

static void handles_of_one_process_share_the_folder(void **state)
{
	struct shop shop;
	pthread_t threads[WRITERS];
	struct hand hands[WRITERS];
	(void)state;
	shop_open(&shop);
	shop_reopen(&shop);
	for (int i = 0; i < WRITERS; i++) {
		hands[i] = (struct hand){&shop, shop_handle(&shop, "us:"), i, 0};
		assert_int_equal(pthread_create(&threads[i], NULL, write_in_thread, &hands[i]), 0);
	}
	for (int i = 0; i < WRITERS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(hands[i].failures, 0);
		store_close(hands[i].store);
	}
	assert_int_equal(stats(&shop).entries, WRITERS * WRITES);
	shop_close(&shop);
}

static int write_for_ever(struct shop *shop, int number)
{
	char key[32];
	(void)number;
	shop_reopen(shop);
	for (int i = 0;; i++) {
		snprintf(key, sizeof(key), "us:%d", i % 50);
		if (try_set(shop, key, "12345678901234567890") != STATUS_OK)
			return 1;
	}
}

static void a_killed_writer_leaves_whole_values_and_a_free_lock(void **state)
{
	struct shop shop;
	char key[32];
	(void)state;
	shop_open(&shop);
	for (int round = 0; round < 10; round++) {
		pid_t child = start_child(&shop, write_for_ever, 0);
		usleep(15000 + (useconds_t)round * 1700);
		kill(child, SIGKILL);
		assert_int_equal(end_of(child), 128 + SIGKILL);
		shop_reopen(&shop);
		store_set_timeout(shop.store, 2000000);
		put(&shop, "us:mine", "1");
		for (int i = 0; i < 50; i++) {
			snprintf(key, sizeof(key), "us:%d", i);
			const char *value = take(&shop, key);
			if (!text_equal(value, "-"))
				assert_string_equal(value, "12345678901234567890");
		}
		shop_rest(&shop);
	}
	shop_close(&shop);
}

static void a_writer_that_hangs_is_waited_for_until_the_deadline(void **state)
{
	struct shop shop;
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	(void)state;
	shop_open(&shop);
	shop_reopen(&shop);
	put(&shop, "us:a", "1");
	int fd = open(in_dir(&shop, "writer"), O_RDWR | O_CLOEXEC);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
	store_set_timeout(shop.store, 60000);
	assert_int_equal(try_set(&shop, "us:a", "2"), STATUS_TIMEOUT);
	assert_says(&shop, "was written by another process for too long");
	assert_string_equal(take(&shop, "us:a"), "1");
	close(fd);
	put(&shop, "us:a", "2");
	shop_close(&shop);
}

/* ---- a full folder ------------------------------------------------------------------------ */

static void a_full_store_evicts_and_goes_on(void **state)
{
	static char value[60000];
	struct shop shop;
	struct stat info;
	char key[32];
	(void)state;
	shop_open(&shop);
	shop_reopen(&shop);
	struct store *other = shop_handle(&shop, "them:");
	assert_int_equal(store_set(other, str("them:a"), str("stays"), 0, &shop.error), STATUS_OK);
	memset(value, 'v', sizeof(value) - 1);
	for (int i = 0; i < 150; i++) {
		snprintf(key, sizeof(key), "us:%d", i);
		put(&shop, key, value);
		assert_string_equal(take(&shop, key), value);
	}
	struct store_stats found = stats(&shop);
	assert_true(found.evictions > 0);
	assert_int_equal(found.entries + found.evictions, 150);
	assert_true(found.bytes <= 4 << 20);
	assert_true(found.bytes > 2 << 20);
	assert_int_equal(stat(in_dir(&shop, "data.mdb"), &info), 0);
	assert_true(info.st_size <= (4 << 20) / 4 * 5 + (4 << 20));
	assert_string_equal(take_from(&shop, other, "them:a"), "stays");
	store_close(other);
	shop_close(&shop);
}

static void what_has_ended_goes_before_what_has_not(void **state)
{
	struct shop shop;
	(void)state;
	shop_open(&shop);
	shop_reopen(&shop);
	put(&shop, TOLD, "1");
	put_many(&shop, 150, 59999, 1);
	assert_int_equal(stats(&shop).evictions, 0);
	assert_string_equal(take(&shop, TOLD), "1");
	shop_close(&shop);
}

static void a_folder_full_of_others_entries_is_said_so(void **state)
{
	struct shop shop;
	(void)state;
	shop_open(&shop);
	shop_reopen(&shop);
	put_many(&shop, 66, 59999, 0);
	assert_int_equal(stats(&shop).evictions, 0);
	struct store *other = shop_handle(&shop, "them:");
	static char large[900000];
	memset(large, 'v', sizeof(large) - 1);
	error_clear(&shop.error);
	assert_int_equal(store_set(other, str("them:a"), str(large), 0, &shop.error), STATUS_FAILED);
	assert_says(&shop, "is full, and nothing in it is of this prefix");
	assert_int_equal(stats(&shop).entries, 66);
	store_close(other);
	shop_close(&shop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reading_creates_nothing),
		cmocka_unit_test(folders_are_0700_and_files_0600_whatever_the_umask),
		cmocka_unit_test(a_folder_that_others_may_write_is_refused),
		cmocka_unit_test(a_link_in_the_folders_place_is_refused),
		cmocka_unit_test(a_folder_that_was_removed_is_made_anew),
		cmocka_unit_test(counters_are_of_all_processes_and_outlive_a_killed_one),
		cmocka_unit_test(counters_that_are_damaged_are_unknown_and_stop_nothing),
		cmocka_unit_test(processes_that_write_at_once_lose_nothing),
		cmocka_unit_test(handles_of_one_process_share_the_folder),
		cmocka_unit_test(a_killed_writer_leaves_whole_values_and_a_free_lock),
		cmocka_unit_test(a_writer_that_hangs_is_waited_for_until_the_deadline),
		cmocka_unit_test(a_full_store_evicts_and_goes_on),
		cmocka_unit_test(what_has_ended_goes_before_what_has_not),
		cmocka_unit_test(a_folder_full_of_others_entries_is_said_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
