/* test_seeds.c - which seeds there are, what they are called, and for whom they are. */
#include "garden.h"

/* The real seeder of scripts, in a project of its own. */
static void garden_of_scripts(struct garden *garden)
{
	garden_open(garden);
	garden->project.plugin_dir = build_path(&garden->arena, "plugins/seed_sql");
}

static enum status list(struct garden *garden)
{
	seeds_free(&garden->seeds);
	error_clear(&garden->error);
	return seeds_list(garden->observer, &garden->project, &garden->seeds, &garden->error);
}

static void seeds_stand_in_the_order_of_their_numbers_then_of_their_names(void **state)
{
	struct garden garden;
	TEXT_CLEANUP struct text names = {0};
	(void)state;
	garden_of_scripts(&garden);
	garden_write(&garden, "b.sql", "SELECT 1;");
	garden_write(&garden, "10_TenSeeder.sql", "SELECT 1;");
	garden_write(&garden, "002_Two.sql", "SELECT 1;");
	garden_write(&garden, "Alpha.sql", "SELECT 1;");
	garden_write(&garden, ".hidden.sql", "no seed");
	garden_write(&garden, "notes.txt", "no seed");
	garden_must(&garden, list(&garden));
	for (size_t i = 0; i < garden.seeds.count; i++)
		text_printf(&names, "%s %s;", garden.seeds.items[i].name, garden.seeds.items[i].listed);
	assert_string_equal(text_string(&names), "Two Two;Ten TenSeeder;Alpha Alpha;b b;");
	garden_close(&garden);
}

static void seeder_at_the_end_of_a_name_makes_no_difference(void **state)
{
	struct garden garden;
	const struct seed *seed = NULL;
	(void)state;
	garden_of_scripts(&garden);
	garden_write(&garden, "UserSeeder.sql", "SELECT 1;");
	garden_write(&garden, "Seeder.sql", "SELECT 1;");
	garden_must(&garden, list(&garden));
	assert_ptr_equal(seeds_find(&garden.seeds, "User"), seeds_find(&garden.seeds, "UserSeeder"));
	assert_string_equal(seeds_find(&garden.seeds, "Seeder")->name, "Seeder");
	assert_null(seeds_find(&garden.seeds, "user"));
	assert_int_equal(seeds_require(&garden.seeds, "UsersSeeder", &seed, &garden.error),
			 STATUS_UNKNOWN_NAME);
	garden_says(&garden, "did you mean User? Known seeds: Seeder, User");
	garden_close(&garden);
}

static void one_name_twice_is_refused_and_both_are_named(void **state)
{
	struct garden garden;
	(void)state;
	garden_of_scripts(&garden);
	garden_write(&garden, "1_User.sql", "SELECT 1;");
	garden_write(&garden, "2_UserSeeder.sql", "SELECT 1;");
	assert_int_equal(list(&garden), STATUS_MALFORMED);
	garden_says(&garden, "1_User.sql and 2_UserSeeder.sql");
	garden_close(&garden);
}

static void without_folder_or_seeder_nothing_is_listed(void **state)
{
	struct garden garden;
	(void)state;
	garden_of_scripts(&garden);
	garden.project.seeds = "/nowhere/seeds";
	assert_int_equal(list(&garden), STATUS_CONFIG);
	garden_says(&garden, "the seeds folder /nowhere/seeds does not exist");
	garden.project.seeds = path_join(&garden.arena, garden.root, "seeds");
	garden.project.plugin_dir = build_path(&garden.arena, "plugins/sqlite");
	assert_int_equal(list(&garden), STATUS_PLUGIN_MISSING);
	garden_close(&garden);
}

static void a_seeder_that_is_not_enabled_is_left_out_and_said(void **state)
{
	struct garden garden;
	size_t count = 0;
	(void)state;
	garden_of_scripts(&garden);
	garden.project.enable_set = true;
	assert_int_equal(list(&garden), STATUS_PLUGIN_MISSING);
	assert_non_null(strstr(log_warnings(garden.observer, &count)[0], "is left out"));
	garden_close(&garden);
}

static void production_is_named_or_it_is_not_meant(void **state)
{
	static const struct {
		const char *environments;
		const char *word;
		bool fits;
	} cases[] = {
		{NULL, "development", true},       {NULL, "staging", true},
		{NULL, "production", false},       {"staging", "staging", true},
		{"staging", "development", false}, {"staging", "stag", false},
		{"stag", "staging", false},        {"staging production", "production", true},
		{"prod", "production", true},      {"development staging", "production", false},
	};
	struct arena arena = {0};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct seed seed = {
			.name = "x", .environments = cases[i].environments, .storage = ELQ_STORAGE_SQL};
		const char *why = seed_unfit(&seed, "sql", cases[i].word, &arena);
		if ((why == NULL) != cases[i].fits)
			fail_msg("case %zu: %s", i, why ? why : "fits");
	}
	arena_free(&arena);
}

static void a_seed_is_for_databases_of_its_storage(void **state)
{
	struct arena arena = {0};
	(void)state;
	const struct seed sql = {.storage = ELQ_STORAGE_SQL}, any = {.storage = ELQ_STORAGE_ANY},
			  document = {.storage = ELQ_STORAGE_DOCUMENT};
	assert_null(seed_unfit(&sql, "sql", "staging", &arena));
	assert_string_equal(seed_unfit(&sql, "document", "staging", &arena), "it is for sql databases");
	assert_non_null(seed_unfit(&document, "sql", "staging", &arena));
	assert_null(seed_unfit(&document, "document", "staging", &arena));
	assert_null(seed_unfit(&any, "document", "staging", &arena));
	assert_null(seed_unfit(&any, "other", "staging", &arena));
	arena_free(&arena);
}

/* ---- files -------------------------------------------------------------------------- */

static void files_are_read_below_the_folder_and_nowhere_else(void **state)
{
	struct garden garden;
	static const char *const outside[] = {"/etc/passwd", "../app.db",  "sub/../../app.db", "",
					      "./a.csv",     "sub//a.csv", "link.csv"};
	(void)state;
	garden_open(&garden);
	const char *folder = garden.project.seeds;
	assert_int_equal(mkdir(path_join(&garden.arena, folder, "sub"), 0755), 0);
	garden_write(&garden, "sub/a.csv", "1,2\n");
	assert_int_equal(symlink("sub/a.csv", path_join(&garden.arena, folder, "link.csv")), 0);
	assert_int_equal(symlink("..", path_join(&garden.arena, folder, "up")), 0);
	assert_int_equal(mkfifo(path_join(&garden.arena, folder, "pipe"), 0600), 0);
	TEXT_CLEANUP struct text content = {0};
	garden_must(&garden, seed_file_read(folder, "sub/a.csv", 4, &content, &garden.error));
	assert_string_equal(text_string(&content), "1,2\n");
	for (size_t i = 0; i < COUNT_OF(outside); i++)
		assert_int_equal(seed_file_read(folder, outside[i], 100, &content, &garden.error),
				 STATUS_MALFORMED);
	assert_int_equal(seed_file_read(folder, "up/app.db", 100, &content, &garden.error), STATUS_IO);
	assert_int_equal(seed_file_read(folder, "pipe", 100, &content, &garden.error), STATUS_IO);
	assert_int_equal(seed_file_read(folder, "sub", 100, &content, &garden.error), STATUS_IO);
	assert_int_equal(seed_file_read(folder, "none", 100, &content, &garden.error), STATUS_IO);
	text_clear(&content);
	assert_int_equal(seed_file_read(folder, "sub/a.csv", 3, &content, &garden.error),
			 STATUS_MALFORMED);
	garden_says(&garden, "larger than 3 bytes");
	garden_close(&garden);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seeds_stand_in_the_order_of_their_numbers_then_of_their_names),
		cmocka_unit_test(seeder_at_the_end_of_a_name_makes_no_difference),
		cmocka_unit_test(one_name_twice_is_refused_and_both_are_named),
		cmocka_unit_test(without_folder_or_seeder_nothing_is_listed),
		cmocka_unit_test(a_seeder_that_is_not_enabled_is_left_out_and_said),
		cmocka_unit_test(production_is_named_or_it_is_not_meant),
		cmocka_unit_test(a_seed_is_for_databases_of_its_storage),
		cmocka_unit_test(files_are_read_below_the_folder_and_nowhere_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
