/* plugin:list's list: everything in the folder and every section, each with its
 * note or its refusal, and no code run for it. */
#include "scene.h"

static const struct candidate *find(const struct candidates *list, const char *path)
{
	for (size_t i = 0; i < list->count; i++)
		if (text_ends(list->items[i].path, path))
			return &list->items[i];
	return NULL;
}

static void list(struct scene *scene, struct candidates *ret)
{
	*ret = (struct candidates){0};
	assert_int_equal(candidates_list(&scene->project, ret, &scene->error), STATUS_OK);
}

static void the_list_shows_every_file_by_name_and_runs_none(void **state)
{
	struct scene scene;
	struct candidates candidates;
	(void)state;
	scene_open(&scene);
	scene_install(&scene, "newer");
	scene_install(&scene, "good");
	scene_install(&scene, "other_draft");
	scene_install(&scene, "no_note");
	scene_install(&scene, "missing_slot");
	scene_write(path_join(&scene.arena, scene.plugins, "README"), "hello", 5);
	const char *marker = scene_watch(&scene);
	list(&scene, &candidates);
	assert_int_equal(candidates.count, 6);
	for (size_t i = 1; i < candidates.count; i++)
		assert_true(strcmp(candidates.items[i - 1].path, candidates.items[i].path) < 0);

	const struct candidate *good = find(&candidates, "elq_driver_good.so");
	assert_null(good->refusal);
	assert_true(good->has_note);
	assert_string_equal(good->note.version, "1.0.0");
	/* What is wrong behind the note is not known without running it. */
	assert_null(find(&candidates, "elq_driver_missing_slot.so")->refusal);

	const struct candidate *draft = find(&candidates, "elq_driver_other_draft.so");
	assert_true(draft->has_note);
	assert_int_equal(draft->note.abi_minor, 99);
	assert_string_equal(draft->refusal,
			    "was built for draft 99 of the plugin ABI; this program speaks draft 2");
	assert_false(find(&candidates, "elq_driver_no_note.so")->has_note);
	assert_string_equal(find(&candidates, "elq_driver_no_note.so")->refusal,
			    "carries no eloquent note");
	assert_string_equal(find(&candidates, "README")->refusal,
			    "its name is not of the form elq_<kind>_<name>.so");
	assert_false(file_exists(marker));
	candidates_free(&candidates);
	scene_close(&scene);
}

static void a_folder_that_is_not_there_is_an_empty_list(void **state)
{
	struct scene scene;
	struct candidates candidates;
	(void)state;
	scene_open(&scene);
	scene.project.plugin_dir = "/nonexistent/folder";
	list(&scene, &candidates);
	assert_int_equal(candidates.count, 0);
	candidates_free(&candidates);
	scene_close(&scene);
}

static void a_folder_that_cannot_be_listed_is_an_error(void **state)
{
	struct scene scene;
	struct candidates candidates = {0};
	(void)state;
	scene_open(&scene);
	scene.project.plugin_dir = scene_install(&scene, "good");
	assert_int_equal(candidates_list(&scene.project, &candidates, &scene.error), STATUS_CONFIG);
	assert_says(&scene, "cannot be listed: Not a directory");
	scene_close(&scene);
}

static void sections_are_listed_once_with_their_pins_checked(void **state)
{
	struct scene scene;
	struct candidates candidates;
	char wrong[HASH_TEXT];
	(void)state;
	scene_open(&scene);
	scene_install(&scene, "good");
	scene_install(&scene, "newer");
	hash_bytes("", 0, wrong);
	scene_add_section(&scene, "good", NULL, wrong);
	scene_add_section(&scene, "newer", scene_copy(&scene, "newer", "elsewhere.so"), NULL);
	scene_add_section(&scene, "absent", NULL, NULL);
	const char *marker = scene_watch(&scene);
	list(&scene, &candidates);
	assert_int_equal(candidates.count, 4);
	assert_non_null(strstr(find(&candidates, "elq_driver_good.so")->refusal, "its SHA-256 is"));
	assert_string_equal(find(&candidates, "elq_driver_newer.so")->refusal,
			    "passed over: [plugin:newer] names another file");
	assert_null(find(&candidates, "elsewhere.so")->refusal);
	assert_string_equal(find(&candidates, "elq_driver_absent.so")->refusal, "does not exist");
	assert_false(file_exists(marker));
	candidates_free(&candidates);
	scene_close(&scene);
}

static void what_enable_leaves_out_is_listed_as_refused(void **state)
{
	struct scene scene;
	struct candidates candidates;
	const char *enabled = "driver/newer";
	(void)state;
	scene_open(&scene);
	scene_install(&scene, "good");
	scene_install(&scene, "newer");
	scene.project.enable_set = true;
	scene.project.enable = &enabled;
	scene.project.enable_count = 1;
	list(&scene, &candidates);
	assert_true(find(&candidates, "elq_driver_good.so")->has_note);
	assert_non_null(
		strstr(find(&candidates, "elq_driver_good.so")->refusal, "does not name driver/good"));
	assert_null(find(&candidates, "elq_driver_newer.so")->refusal);
	candidates_free(&candidates);
	scene_close(&scene);
}

static void names_that_only_look_like_a_plugins_are_told_apart(void **state)
{
	static const char *const names[] = {"elq_driver_.so",     "elq_driver.so", "elq_hat_x.so",
					    "elq_driver_X.so",    "elq__x.so",     "libelq_driver_x.so",
					    "elq_driver_x.so.bak"};
	struct scene scene;
	struct candidates candidates;
	(void)state;
	scene_open(&scene);
	for (size_t i = 0; i < COUNT_OF(names); i++)
		scene_copy(&scene, "good", arena_printf(&scene.arena, "plugins/%s", names[i]));
	list(&scene, &candidates);
	assert_int_equal(candidates.count, COUNT_OF(names));
	for (size_t i = 0; i < candidates.count; i++)
		assert_string_equal(candidates.items[i].refusal,
				    "its name is not of the form elq_<kind>_<name>.so");
	candidates_free(&candidates);
	scene_close(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_list_shows_every_file_by_name_and_runs_none),
		cmocka_unit_test(a_folder_that_is_not_there_is_an_empty_list),
		cmocka_unit_test(a_folder_that_cannot_be_listed_is_an_error),
		cmocka_unit_test(sections_are_listed_once_with_their_pins_checked),
		cmocka_unit_test(what_enable_leaves_out_is_listed_as_refused),
		cmocka_unit_test(names_that_only_look_like_a_plugins_are_told_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
