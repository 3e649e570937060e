/* Which backups there are, which are kept, and which count. */
#include "forged.h"

#define HOUR 3600

/* ---- the list --------------------------------------------------------------------- */

static void a_folder_that_is_not_there_holds_nothing(void **state)
{
	struct yard *yard = *state;
	struct backups list = yard_list(yard);
	assert_int_equal(list.count, 0);
	backups_free(&list);
}

static void the_newest_stands_first_and_the_future_last(void **state)
{
	struct yard *yard = *state;
	const char *order[4];
	order[1] = forged_add(yard, 60, BACKUP_FAILED, false);
	order[0] = forged_add(yard, -30, BACKUP_RESTORED, false);
	order[3] = forged_add(yard, -2 * HOUR, BACKUP_RESTORED, false);
	order[2] = forged_add(yard, HOUR, BACKUP_RESTORED, false);
	struct backups list = yard_list(yard);
	assert_int_equal(list.count, 4);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(list.items[i].id, order[i]);
	backups_free(&list);
}

static void two_of_one_second_are_told_apart_by_the_microsecond(void **state)
{
	struct yard *yard = *state;
	int64_t now = clock_wall_us() / SECOND_US * SECOND_US;
	const char *first = NULL;
	const char *last = NULL;
	for (int i = 0; i < 20; i++) {
		struct backup backup = forged(yard, now - SECOND_US + i, BACKUP_RESTORED);
		last = forged_put(yard, &backup);
		first = first ? first : last;
	}
	struct backups list = yard_list(yard);
	assert_int_equal(list.count, 20);
	assert_string_equal(list.items[0].id, last);
	assert_string_equal(list.items[19].id, first);
	backups_free(&list);
}

static void latest_is_the_newest_verified_one(void **state)
{
	struct yard *yard = *state;
	const struct backup *found = NULL;
	forged_add(yard, 10, BACKUP_WRITTEN, false);
	forged_add(yard, 20, BACKUP_FAILED, false);
	forged_add(yard, 30, BACKUP_RAW, false);
	const char *verified = forged_add(yard, 40, BACKUP_RESTORED, false);
	forged_add(yard, 50, BACKUP_RESTORED, false);
	struct backups list = yard_list(yard);
	yard_must(yard, backups_find(&list, NULL, "latest", &found, &yard->error));
	assert_string_equal(found->id, verified);
	yard_fails(yard, backups_find(&list, NULL, "20260101T000000Z-000000", &found, &yard->error),
		   STATUS_UNKNOWN_NAME, "there is no backup \"20260101T000000Z-000000\"");
	backups_free(&list);
}

static void without_a_verified_one_there_is_no_latest(void **state)
{
	struct yard *yard = *state;
	const struct backup *found = NULL;
	forged_add(yard, 10, BACKUP_WRITTEN, false);
	struct backups list = yard_list(yard);
	yard_fails(yard, backups_find(&list, NULL, "latest", &found, &yard->error), STATUS_UNKNOWN_NAME,
		   "there is no verified backup");
	backups_free(&list);
}

static void a_damaged_manifest_stays_in_the_list_and_cannot_be_chosen(void **state)
{
	struct yard *yard = *state;
	const struct backup *found = NULL;
	const char *id = forged_add(yard, 10, BACKUP_RESTORED, false);
	const char *path = arena_printf(&yard->arena, "%s/%s.json", yard->folder, id);
	assert_int_equal(truncate(path, 100), 0);
	struct backups list = yard_list(yard);
	assert_int_equal(list.count, 1);
	assert_int_equal(list.items[0].level, BACKUP_UNREADABLE);
	yard_fails(yard, backups_find(&list, NULL, id, &found, &yard->error), STATUS_CORRUPT,
		   "the manifest is damaged");
	yard_fails(yard, backups_find(&list, NULL, "latest", &found, &yard->error), STATUS_UNKNOWN_NAME,
		   "no verified backup");
	backups_free(&list);
}

static void a_manifest_of_another_id_or_connection_is_none(void **state)
{
	struct yard *yard = *state;
	const char *id = forged_add(yard, 10, BACKUP_RESTORED, false);
	const char *from = arena_printf(&yard->arena, "%s/%s.json", yard->folder, id);
	assert_int_equal(rename(from, arena_printf(&yard->arena, "%s/20260101T000000Z-000000.json",
						   yard->folder)),
			 0);
	struct backup other = forged(yard, clock_wall_us(), BACKUP_RESTORED);
	other.connection = "elsewhere";
	forged_put(yard, &other);
	struct backups list = yard_list(yard);
	assert_int_equal(list.count, 2);
	assert_int_equal(list.items[0].level, BACKUP_UNREADABLE);
	assert_int_equal(list.items[1].level, BACKUP_UNREADABLE);
	backups_free(&list);
}

static void a_backup_whose_dump_is_gone_cut_off_or_a_link_counts_for_nothing(void **state)
{
	struct yard *yard = *state;
	for (int kind = 0; kind < 3; kind++) {
		const char *id = forged_add(yard, kind, BACKUP_RESTORED, false);
		const char *dump = arena_printf(&yard->arena, "%s/%s.sqlite.zst", yard->folder, id);
		const char *beside = arena_printf(&yard->arena, "%s/beside", yard->folder);
		if (kind == 0)
			assert_int_equal(unlink(dump), 0);
		if (kind == 1)
			assert_int_equal(truncate(dump, 3), 0);
		if (kind == 2)
			assert_int_equal(rename(dump, beside) || symlink(beside, dump), 0);
	}
	struct backups list = yard_list(yard);
	assert_int_equal(list.count, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(list.items[i].level, BACKUP_FAILED);
		assert_non_null(list.items[i].message);
	}
	backups_free(&list);
}

/* ---- what is kept --------------------------------------------------------------------- */

static int64_t retain(struct yard *yard)
{
	int64_t removed = -1;
	yard_must(yard, backups_retain(&yard->store, &removed, &yard->error));
	return removed;
}

static void the_ten_newest_verified_ones_are_kept(void **state)
{
	struct yard *yard = *state;
	const char *ids[13];
	for (int i = 0; i < 13; i++)
		ids[i] = forged_add(yard, 10 + i, BACKUP_RESTORED, false);
	assert_int_equal(retain(yard), 3);
	for (int i = 0; i < 13; i++)
		assert_int_equal(forged_is_there(yard, ids[i]), i < 10);
	assert_int_equal(retain(yard), 0);
}

static void ten_failed_runs_evict_nothing(void **state)
{
	struct yard *yard = *state;
	const char *verified[10];
	for (int i = 0; i < 10; i++)
		verified[i] = forged_add(yard, 1000 + i, BACKUP_RESTORED, false);
	for (int i = 0; i < 12; i++)
		forged_add(yard, 10 + i, i % 2 ? BACKUP_FAILED : BACKUP_WRITTEN, false);
	assert_int_equal(retain(yard), 0);
	for (int i = 0; i < 10; i++)
		assert_true(forged_is_there(yard, verified[i]));
}

static void the_last_verified_one_is_never_removed(void **state)
{
	struct yard *yard = *state;
	yard->store.keep = 1;
	const char *verified = forged_add(yard, 1000 * HOUR, BACKUP_RESTORED, false);
	for (int i = 0; i < 5; i++)
		forged_add(yard, 10 + i, BACKUP_FAILED, false);
	assert_int_equal(retain(yard), 0);
	assert_true(forged_is_there(yard, verified));
	const char *newer = forged_add(yard, 1, BACKUP_RESTORED, false);
	assert_int_equal(retain(yard), 6);
	assert_true(forged_is_there(yard, newer));
	assert_false(forged_is_there(yard, verified));
}

static void another_databases_displace_none(void **state)
{
	struct yard *yard = *state;
	yard->store.keep = 2;
	const char *own = forged_add(yard, 500, BACKUP_RESTORED, false);
	const char *failed = forged_add(yard, 400, BACKUP_FAILED, false);
	for (int i = 0; i < 4; i++) {
		struct backup other =
			forged(yard, clock_wall_us() - (10 + i) * SECOND_US, BACKUP_RESTORED);
		other.database_id = i % 2 ? NULL : "0123456789abcdef0123456789abcdef";
		forged_put(yard, &other);
	}
	assert_int_equal(retain(yard), 0);
	assert_true(forged_is_there(yard, own));
	assert_true(forged_is_there(yard, failed));
}

static void a_pinned_one_is_never_removed(void **state)
{
	struct yard *yard = *state;
	yard->store.keep = 2;
	const char *raw = forged_add(yard, 500, BACKUP_RAW, true);
	const char *pinned = forged_add(yard, 400, BACKUP_RESTORED, true);
	for (int i = 0; i < 4; i++)
		forged_add(yard, 10 + i, BACKUP_RESTORED, false);
	assert_int_equal(retain(yard), 2);
	assert_true(forged_is_there(yard, pinned));
	assert_true(forged_is_there(yard, raw));
}

static void what_failed_goes_once_as_many_verified_ones_are_newer(void **state)
{
	struct yard *yard = *state;
	yard->store.keep = 2;
	const char *old = forged_add(yard, 100, BACKUP_FAILED, false);
	forged_add(yard, 50, BACKUP_RESTORED, false);
	assert_int_equal(retain(yard), 0);
	forged_add(yard, 40, BACKUP_RESTORED, false);
	const char *recent = forged_add(yard, 30, BACKUP_FAILED, false);
	assert_int_equal(retain(yard), 1);
	assert_false(forged_is_there(yard, old));
	assert_true(forged_is_there(yard, recent));
}

static void what_cannot_be_read_is_not_removed(void **state)
{
	struct yard *yard = *state;
	yard->store.keep = 1;
	const char *id = forged_add(yard, 100, BACKUP_RESTORED, false);
	assert_int_equal(truncate(arena_printf(&yard->arena, "%s/%s.json", yard->folder, id), 9), 0);
	forged_add(yard, 20, BACKUP_RESTORED, false);
	forged_add(yard, 10, BACKUP_RESTORED, false);
	assert_int_equal(retain(yard), 1);
	assert_true(forged_is_there(yard, id));
}

/* A clock that was ahead for a day left ten backups of tomorrow. */
static void a_clock_that_went_back_does_not_evict_what_is_new(void **state)
{
	struct yard *yard = *state;
	const char *future[10];
	for (int i = 0; i < 10; i++)
		future[i] = forged_add(yard, -24 * HOUR - i, BACKUP_RESTORED, false);
	const char *now = forged_add(yard, 0, BACKUP_RESTORED, false);
	assert_int_equal(retain(yard), 1);
	assert_true(forged_is_there(yard, now));
	assert_false(forged_is_there(yard, future[0]));
}

/* ---- does one count? -------------------------------------------------------------------- */

#define NOW INT64_C(1767323045000000)

static bool counts(struct yard *yard, struct backup backup)
{
	(void)yard;
	struct history_head head = {.sequence = 6};
	snprintf(head.hash, sizeof(head.hash), "dd");
	const struct backup_wanted wanted = {
		.database_id = "9b1d4e7a2c5f8036e1d4b7a0c3f69258",
		.identity = "sqlite:1:2",
		.head = &head,
		.now_us = NOW,
		.max_age_us = HOUR * SECOND_US,
	};
	return backup_counts(&backup, &wanted);
}

static struct backup fresh(struct yard *yard)
{
	struct backup backup = forged(yard, NOW - 600 * SECOND_US, BACKUP_RESTORED);
	backup.head_sequence = 6;
	backup.head = "dd";
	return backup;
}

static void a_verified_one_of_this_database_as_it_is_now_counts(void **state)
{
	assert_true(counts(*state, fresh(*state)));
}

static void only_a_verified_one_counts(void **state)
{
	for (enum backup_level level = BACKUP_UNREADABLE; level < BACKUP_RESTORED; level++) {
		struct backup backup = fresh(*state);
		backup.level = level;
		assert_false(counts(*state, backup));
	}
}

static void one_of_another_stamp_or_another_place_does_not_count(void **state)
{
	struct backup backup = fresh(*state);
	backup.database_id = "00000000000000000000000000000000";
	assert_false(counts(*state, backup));
	backup.database_id = NULL;
	assert_false(counts(*state, backup));
	backup = fresh(*state);
	backup.identity = "sqlite:1:3";
	assert_false(counts(*state, backup));
}

static void one_from_before_the_last_migration_does_not_count(void **state)
{
	struct backup backup = fresh(*state);
	backup.head_sequence = 5;
	assert_false(counts(*state, backup));
	backup = fresh(*state);
	backup.head = "de";
	assert_false(counts(*state, backup));
	backup.head = NULL;
	assert_false(counts(*state, backup));
}

static void one_counts_to_the_last_microsecond_of_its_age(void **state)
{
	struct backup backup = fresh(*state);
	backup.began_us = NOW - HOUR * SECOND_US;
	assert_true(counts(*state, backup));
	backup.began_us--;
	assert_false(counts(*state, backup));
}

static void one_from_the_future_counts_for_a_minute_only(void **state)
{
	struct backup backup = fresh(*state);
	backup.began_us = NOW + 60 * SECOND_US;
	assert_true(counts(*state, backup));
	backup.began_us++;
	assert_false(counts(*state, backup));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_folder_that_is_not_there_holds_nothing),
		CASE(the_newest_stands_first_and_the_future_last),
		CASE(two_of_one_second_are_told_apart_by_the_microsecond),
		CASE(latest_is_the_newest_verified_one),
		CASE(without_a_verified_one_there_is_no_latest),
		CASE(a_damaged_manifest_stays_in_the_list_and_cannot_be_chosen),
		CASE(a_manifest_of_another_id_or_connection_is_none),
		CASE(a_backup_whose_dump_is_gone_cut_off_or_a_link_counts_for_nothing),
		CASE(the_ten_newest_verified_ones_are_kept),
		CASE(ten_failed_runs_evict_nothing),
		CASE(the_last_verified_one_is_never_removed),
		CASE(another_databases_displace_none),
		CASE(a_pinned_one_is_never_removed),
		CASE(what_failed_goes_once_as_many_verified_ones_are_newer),
		CASE(what_cannot_be_read_is_not_removed),
		CASE(a_clock_that_went_back_does_not_evict_what_is_new),
		CASE(a_verified_one_of_this_database_as_it_is_now_counts),
		CASE(only_a_verified_one_counts),
		CASE(one_of_another_stamp_or_another_place_does_not_count),
		CASE(one_from_before_the_last_migration_does_not_count),
		CASE(one_counts_to_the_last_microsecond_of_its_age),
		CASE(one_from_the_future_counts_for_a_minute_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
