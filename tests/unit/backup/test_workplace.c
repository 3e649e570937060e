/* A run's own folder: what a killed run left goes, what a living one has stays. */
#include "forged.h"

#define ID "20260102T030405Z-1a2b3c"
#define OTHER "20260102T030405Z-00ff00"

static struct place open_place(struct yard *yard, const char *id)
{
	struct place place;
	yard_must(yard, place_open(&yard->store, id, &place, &yard->error));
	return place;
}

static void put(const char *folder, const char *name)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
}

/* A run that has a place, leaves things in it, and is killed. */
static void killed_run(struct yard *yard, const char *id)
{
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct place place;
		if (place_open(&yard->store, id, &place, &yard->error))
			_exit(1);
		char inner[4096];
		snprintf(inner, sizeof(inner), "%s/deep", place.workplace.folder);
		if (mkdir(inner, 0700) != 0)
			_exit(1);
		put(inner, "file");
		put(place.workplace.folder, "scratch-1.sqlite-wal");
		kill(getpid(), SIGKILL);
	}
	int outcome = 0;
	waitpid(child, &outcome, 0);
	assert_true(WIFSIGNALED(outcome));
}

static void a_place_is_closed_to_others_and_goes_with_all_that_lies_in_it(void **state)
{
	struct yard *yard = *state;
	struct stat found;
	struct place place = open_place(yard, ID);
	for (const char *const *path = (const char *const[]){place.workplace.folder, yard->folder,
							     yard->store.dir, yard_work(yard), NULL};
	     *path; path++) {
		assert_int_equal(stat(*path, &found), 0);
		assert_int_equal(found.st_mode & 07777, 0700);
	}
	assert_string_equal(place.workplace.id, "20260102t030405z1a2b3c");
	put(place.workplace.folder, "file");
	place_close(&place);
	yard_is_clean(yard);
}

static void what_a_killed_run_left_goes_with_the_next(void **state)
{
	struct yard *yard = *state;
	killed_run(yard, ID);
	assert_string_equal(yard_names(yard, yard_work(yard)), ID " guard");
	struct place place = open_place(yard, OTHER);
	assert_string_equal(yard_names(yard, yard_work(yard)), OTHER " guard");
	place_close(&place);
}

/* Killed between mkdir and its lock. */
static void a_folder_without_a_lock_goes_too(void **state)
{
	struct yard *yard = *state;
	yard_must(yard,
		  folder_create(path_join(&yard->arena, yard_work(yard), ID), 0700, &yard->error));
	struct place place = open_place(yard, OTHER);
	assert_string_equal(yard_names(yard, yard_work(yard)), OTHER " guard");
	place_close(&place);
}

static void a_living_runs_folder_and_dump_stay(void **state)
{
	struct yard *yard = *state;
	struct place living = open_place(yard, ID);
	put(living.workplace.folder, "dump");
	put(yard->folder, ID ".sqlite.zst");
	struct place place = open_place(yard, OTHER);
	assert_string_equal(yard_names(yard, living.workplace.folder), "dump lock");
	assert_string_equal(yard_names(yard, yard->folder), ID ".sqlite.zst");
	place_close(&place);
	place_close(&living);
}

/* Killed between the two renames; the next run may be another connection's. */
static void the_dump_of_a_killed_run_goes_and_nothing_else(void **state)
{
	struct yard *yard = *state;
	const char *whole = forged_add(yard, 10, BACKUP_RESTORED, false);
	const char *other = path_join(&yard->arena, yard->store.dir, "other");
	yard_must(yard, folder_create(other, 0700, &yard->error));
	killed_run(yard, ID);
	put(yard->folder, ID ".sqlite.zst");
	put(other, ID ".sqlite.zst");
	put(other, ID ".json");
	put(yard->folder, "notes.zst");
	put(yard->folder, "20260102T030405Z-1a2b3c.json.bak");
	put(yard_work(yard), "somebody");
	struct place place = open_place(yard, OTHER);
	place_close(&place);
	assert_true(forged_is_there(yard, whole));
	assert_string_equal(yard_names(yard, yard->folder),
			    arena_printf(&yard->arena, ID ".json.bak %s.json %s.sqlite.zst notes.zst",
					 whole, whole));
	assert_string_equal(yard_names(yard, yard_work(yard)), "guard somebody");
	assert_string_equal(yard_names(yard, other), ID ".json " ID ".sqlite.zst");
}

/* Its manifest may lie elsewhere, or come back. */
static void a_dump_whose_manifest_nobody_took_stays(void **state)
{
	struct yard *yard = *state;
	const char *whole = forged_add(yard, 10, BACKUP_RESTORED, false);
	const char *manifest = arena_printf(&yard->arena, "%s/%s.json", yard->folder, whole);
	assert_int_equal(unlink(manifest), 0);
	struct place place = open_place(yard, OTHER);
	place_close(&place);
	assert_string_equal(yard_names(yard, yard->folder),
			    arena_printf(&yard->arena, "%s.sqlite.zst", whole));
	size_t count = 0;
	const char *const *warnings = log_warnings(yard->store.observer, &count);
	assert_int_equal(count, 1);
	assert_non_null(strstr(warnings[0], whole));
}

static void a_link_of_a_runs_name_is_not_followed(void **state)
{
	struct yard *yard = *state;
	const char *elsewhere = path_join(&yard->arena, yard->root, "elsewhere");
	yard_must(yard, folder_create(elsewhere, 0700, &yard->error));
	yard_must(yard, folder_create(yard_work(yard), 0700, &yard->error));
	put(elsewhere, "precious");
	assert_int_equal(symlink(elsewhere, path_join(&yard->arena, yard_work(yard), ID)), 0);
	struct place place = open_place(yard, OTHER);
	/* Nor is a link inside a dead run's folder. */
	assert_int_equal(symlink(elsewhere, path_join(&yard->arena, place.workplace.folder, "link")),
			 0);
	place_close(&place);
	assert_string_equal(yard_names(yard, elsewhere), "precious");
}

static void a_name_that_is_taken_is_not_taken_over(void **state)
{
	struct yard *yard = *state;
	struct place place;
	struct place living = open_place(yard, ID);
	put(living.workplace.folder, "dump");
	yard_fails(yard, place_open(&yard->store, ID, &place, &yard->error), STATUS_IO, ID);
	assert_string_equal(yard_names(yard, living.workplace.folder), "dump lock");
	place_close(&living);
}

static void a_signal_ends_the_wait_for_the_guard(void **state)
{
	struct yard *yard = *state;
	struct place place;
	int guard = -1;
	yard_must(yard, folder_create(yard_work(yard), 0700, &yard->error));
	yard_must(yard, guard_take(&yard->store, &guard, &yard->error));
	atomic_store(&yard->stop, SIGTERM);
	yard_fails(yard, place_open(&yard->store, ID, &place, &yard->error), STATUS_TERMINATED,
		   "terminated");
	atomic_store(&yard->stop, 0);
	close(guard);
	place = open_place(yard, ID);
	place_close(&place);
}

/* Children make and leave places as fast as they can: none loses its own. */
static void many_at_once_do_not_sweep_each_other(void **state)
{
	struct yard *yard = *state;
	pid_t children[4];
	for (size_t i = 0; i < COUNT_OF(children); i++) {
		children[i] = fork();
		assert_true(children[i] >= 0);
		for (int k = 0; children[i] == 0 && k < 50; k++) {
			char id[32];
			struct place place;
			backup_id_make(clock_wall_us(), id);
			if (place_open(&yard->store, id, &place, &yard->error))
				_exit(2);
			put(place.workplace.folder, "dump");
			clock_sleep_ms(1);
			if (access(path_join(&place.arena, place.workplace.folder, "dump"), F_OK) != 0)
				_exit(3);
			place_close(&place);
		}
		if (children[i] == 0)
			_exit(0);
	}
	for (size_t i = 0; i < COUNT_OF(children); i++) {
		int outcome = -1;
		waitpid(children[i], &outcome, 0);
		assert_int_equal(outcome, 0);
	}
	yard_is_clean(yard);
}

static void a_folder_that_cannot_be_made_is_named_with_the_key(void **state)
{
	struct yard *yard = *state;
	struct place place;
	put(yard->root, "backups");
	enum status status = place_open(&yard->store, ID, &place, &yard->error);
	assert_non_null(strstr(yard->error.hint, "[backup] dir"));
	yard_fails(yard, status, STATUS_IO, yard->store.dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_place_is_closed_to_others_and_goes_with_all_that_lies_in_it),
		CASE(what_a_killed_run_left_goes_with_the_next),
		CASE(a_folder_without_a_lock_goes_too),
		CASE(a_living_runs_folder_and_dump_stay),
		CASE(the_dump_of_a_killed_run_goes_and_nothing_else),
		CASE(a_dump_whose_manifest_nobody_took_stays),
		CASE(a_link_of_a_runs_name_is_not_followed),
		CASE(a_name_that_is_taken_is_not_taken_over),
		CASE(a_signal_ends_the_wait_for_the_guard),
		CASE(many_at_once_do_not_sweep_each_other),
		CASE(a_folder_that_cannot_be_made_is_named_with_the_key),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
