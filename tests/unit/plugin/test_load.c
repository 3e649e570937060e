/* The loader against the zoo: each broken plugin is refused with its own sentence,
 * and none whose note, path or owner is wrong ever runs a line of code. */
#include "scene.h"

#include "plugin/private.h"

#include <pthread.h>

static enum status load(struct scene *scene, const char *name, const struct driver **ret)
{
	error_clear(&scene->error);
	return driver_load(scene->observer, &scene->project, name, ret, &scene->error);
}

enum ran { RAN_NOTHING, RAN_CONSTRUCTOR };

static const struct {
	const char *name;
	const char *says;
	enum ran ran;
} refused[] = {
	{"no_note", "carries no eloquent note", RAN_NOTHING},
	{"two_notes", "carries 2 eloquent notes instead of one", RAN_NOTHING},
	{"note_magic", "its note begins with 0x12345678 instead of 0x454c514e", RAN_NOTHING},
	{"note_short", "its note is cut off: it says 100 bytes", RAN_NOTHING},
	{"note_long", "its note is cut off: it says 4096 bytes, holds 212", RAN_NOTHING},
	{"note_family", "its note's member \"family\" is malformed", RAN_NOTHING},
	{"note_name", "its note's member \"name\" is malformed", RAN_NOTHING},
	{"other_draft", "was built for draft 99 of the plugin ABI; this program speaks draft 2",
	 RAN_NOTHING},
	{"other_major", "was built for the plugin ABI 1.2; this program speaks 0.2", RAN_NOTHING},
	{"other_kind", "is a seeder, not a driver", RAN_NOTHING},
	{"unknown_kind", "is a plugin of the kind 9, which this program does not know", RAN_NOTHING},
	{"other_name", "is the driver \"somebody_else\", not \"other_name\"", RAN_NOTHING},
	/* The linker resolves all symbols before it runs constructors. */
	{"undefined_symbol", "undefined symbol: zoo_symbol_that_nobody_has", RAN_NOTHING},
	{"no_entry", "does not export elq_plugin_v1", RAN_CONSTRUCTOR},
	{"manifest_null", "its elq_plugin_v1 returned no manifest", RAN_CONSTRUCTOR},
	{"manifest_magic", "its manifest begins with 0x12345678 instead of 0x454c514d",
	 RAN_CONSTRUCTOR},
	{"manifest_short", "its manifest has 88 bytes; 96 are needed", RAN_CONSTRUCTOR},
	{"manifest_changes", "returns another manifest at each call", RAN_CONSTRUCTOR},
	{"differs_name", "name is \"differs_name\" in the note and \"differs\" in the manifest",
	 RAN_CONSTRUCTOR},
	{"differs_version", "version is \"1.0.0\" in the note and \"1.0.1\" in the manifest",
	 RAN_CONSTRUCTOR},
	{"differs_kind", "kind is 1 in the note and 3 in the manifest", RAN_CONSTRUCTOR},
	{"differs_abi", "abi_minor is 2 in the note and 7 in the manifest", RAN_CONSTRUCTOR},
	{"needs_unknown", "needs features 0x12 that this program does not have", RAN_CONSTRUCTOR},
	{"null_ops", "its manifest has no table of functions", RAN_CONSTRUCTOR},
	{"missing_slot", "lacks the required slot \"commit\"", RAN_CONSTRUCTOR},
	{"older_ops", "lacks the required slot \"get_extension\"", RAN_CONSTRUCTOR},
	{"param_type", "its parameter 1 has a type that this program does not know", RAN_CONSTRUCTOR},
	{"param_twice", "its parameter 2 has the name of another one", RAN_CONSTRUCTOR},
	{"no_extension", "declares the extension elq.lock/draft-2 and does not have it",
	 RAN_CONSTRUCTOR},
	{"broken_extension", "its extension elq.history/draft-2 lacks the required slot \"create\"",
	 RAN_CONSTRUCTOR},
	{"init_fails", "its process_init failed: the moon is not full", RAN_CONSTRUCTOR},
};

static void each_broken_plugin_is_refused_with_its_own_sentence(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		struct scene scene;
		const struct driver *driver = NULL;
		scene_open(&scene);
		const char *path = scene_install(&scene, refused[i].name);
		const char *marker = scene_watch(&scene);
		assert_int_equal(load(&scene, refused[i].name, &driver), STATUS_PLUGIN_REFUSED);
		assert_says(&scene,
			    arena_printf(&scene.arena, "the driver \"%s\" cannot be loaded: %s: ",
					 refused[i].name, path));
		assert_says(&scene, refused[i].says);
		assert_null(driver);
		if (file_exists(marker) != (refused[i].ran == RAN_CONSTRUCTOR))
			fail_msg("%s: its code %s", refused[i].name,
				 file_exists(marker) ? "ran" : "did not run");
		scene_close(&scene);
	}
}

static void a_plugin_that_was_refused_after_loading_stays_refused(void **state)
{
	struct scene scene;
	const struct driver *driver = NULL;
	(void)state;
	scene_open(&scene);
	scene_install(&scene, "init_fails");
	assert_int_equal(load(&scene, "init_fails", &driver), STATUS_PLUGIN_REFUSED);
	assert_int_equal(load(&scene, "init_fails", &driver), STATUS_PLUGIN_REFUSED);
	assert_says(&scene, "its process_init failed: the moon is not full");
	scene_close(&scene);
}

static void a_good_plugin_is_copied_to_our_side(void **state)
{
	struct scene scene;
	const struct driver *driver = NULL;
	(void)state;
	scene_open(&scene);
	const char *path = scene_install(&scene, "good");
	assert_int_equal(load(&scene, "good", &driver), STATUS_OK);
	assert_string_equal(driver->plugin.name, "good");
	assert_string_equal(driver->plugin.version, "1.0.0");
	assert_string_equal(driver->plugin.path, path);
	assert_string_equal(driver->plugin.note.schemes, "zoo zoo+tls");
	assert_int_equal(driver->plugin.param_count, 2);
	assert_non_null(plugin_param(&driver->plugin, "one", 3));
	assert_null(plugin_param(&driver->plugin, "on", 2));
	assert_non_null(driver->ops.get_extension);
	assert_null(driver->history.append);
	scene_close(&scene);
}

/* Its process_init fails when it is called a second time. */
static void a_plugin_is_loaded_once_and_found_again(void **state)
{
	struct scene scene;
	const struct driver *first = NULL, *second = NULL;
	(void)state;
	scene_open(&scene);
	scene_install(&scene, "good");
	const char *marker = scene_watch(&scene);
	assert_int_equal(load(&scene, "good", &first), STATUS_OK);
	assert_true(file_exists(marker));
	unlink(marker);
	assert_int_equal(load(&scene, "good", &second), STATUS_OK);
	assert_ptr_equal(first, second);
	assert_false(file_exists(marker));
	scene_close(&scene);
}

struct loader {
	struct scene *scene;
	const struct driver *driver;
	enum status status;
};

static void *load_in_thread(void *context)
{
	struct loader *loader = context;
	ERROR_CLEANUP struct error error = {0};
	loader->status = driver_load(loader->scene->observer, &loader->scene->project, "good",
				     &loader->driver, &error);
	return NULL;
}

static void threads_that_load_at_once_get_one_driver(void **state)
{
	struct scene scene;
	pthread_t threads[8];
	struct loader loaders[8];
	(void)state;
	scene_open(&scene);
	scene_install(&scene, "good");
	for (size_t i = 0; i < COUNT_OF(threads); i++) {
		loaders[i] = (struct loader){.scene = &scene};
		assert_int_equal(pthread_create(&threads[i], NULL, load_in_thread, &loaders[i]), 0);
	}
	for (size_t i = 0; i < COUNT_OF(threads); i++)
		pthread_join(threads[i], NULL);
	for (size_t i = 0; i < COUNT_OF(threads); i++) {
		assert_int_equal(loaders[i].status, STATUS_OK);
		assert_ptr_equal(loaders[i].driver, loaders[0].driver);
	}
	scene_close(&scene);
}

static void structs_of_a_later_edition_are_accepted(void **state)
{
	struct scene scene;
	const struct driver *driver = NULL;
	(void)state;
	scene_open(&scene);
	scene_install(&scene, "newer");
	assert_int_equal(load(&scene, "newer", &driver), STATUS_OK);
	assert_non_null(driver->ops.get_extension);
	scene_close(&scene);
}

static void a_second_exported_symbol_is_only_a_warning(void **state)
{
	struct scene scene;
	const struct driver *driver = NULL;
	size_t count;
	(void)state;
	scene_open(&scene);
	scene_install(&scene, "two_exports");
	assert_int_equal(load(&scene, "two_exports", &driver), STATUS_OK);
	const char *const *warnings = log_warnings(scene.observer, &count);
	assert_int_equal(count, 1);
	assert_non_null(strstr(warnings[0], "zoo_second_export"));
	scene_close(&scene);
}

static void a_plugin_that_exports_its_entry_alone_is_not_warned_about(void **state)
{
	struct scene scene;
	const struct driver *driver = NULL;
	size_t count;
	(void)state;
	scene_open(&scene);
	scene_install(&scene, "good");
	assert_int_equal(load(&scene, "good", &driver), STATUS_OK);
	log_warnings(scene.observer, &count);
	assert_int_equal(count, 0);
	scene_close(&scene);
}

/* ---- where it may come from --------------------------------------------------------- */

static void a_missing_driver_names_the_path_and_what_is_there(void **state)
{
	struct scene scene;
	const struct driver *driver = NULL;
	(void)state;
	scene_open(&scene);
	assert_int_equal(load(&scene, "sqlight", &driver), STATUS_PLUGIN_MISSING);
	assert_says(&scene, arena_printf(&scene.arena, "%s/elq_driver_sqlight.so: does not exist",
					 scene.plugins));
	assert_says(&scene, "has no drivers");
	scene_install(&scene, "good");
	assert_int_equal(load(&scene, "sqlight", &driver), STATUS_PLUGIN_MISSING);
	scene_install(&scene, "newer");
	assert_int_equal(load(&scene, "goot", &driver), STATUS_PLUGIN_MISSING);
	assert_says(&scene, "did you mean \"good\"?");
	assert_says(&scene, "has the drivers: good, newer");
	scene_close(&scene);
}

static void a_name_that_is_no_name_reaches_no_file(void **state)
{
	static const char *const names[] = {
		"../good", "good/", "",       "Good",
		"/tmp/x",  "a b",   "good\n", "a123456789012345678901234567890123"};
	struct scene scene;
	const struct driver *driver = NULL;
	struct elq_note note;
	(void)state;
	scene_open(&scene);
	scene_install(&scene, "good");
	const char *marker = scene_watch(&scene);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		assert_int_equal(load(&scene, names[i], &driver), STATUS_PLUGIN_MISSING);
		assert_int_equal(driver_note(&scene.project, names[i], &note, &scene.error),
				 STATUS_PLUGIN_MISSING);
	}
	assert_false(file_exists(marker));
	scene_close(&scene);
}

static void an_unsafe_file_is_refused_before_any_code_runs(void **state)
{
	struct scene scene;
	const struct driver *driver = NULL;
	(void)state;
	scene_open(&scene);
	const char *path = scene_install(&scene, "good");
	const char *marker = scene_watch(&scene);
	assert_int_equal(chmod(path, 0664), 0);
	assert_int_equal(load(&scene, "good", &driver), STATUS_PLUGIN_REFUSED);
	assert_says(&scene, "is writable by its group (mode 0664)");
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(chmod(scene.folder, 0777), 0);
	assert_int_equal(load(&scene, "good", &driver), STATUS_PLUGIN_REFUSED);
	assert_says(&scene, "is writable by others (mode 0777)");
	assert_int_equal(chmod(scene.folder, 0700), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink(scene_copy(&scene, "good", "elsewhere.so"), path), 0);
	assert_int_equal(load(&scene, "good", &driver), STATUS_PLUGIN_REFUSED);
	assert_says(&scene, "is a symbolic link");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(load(&scene, "good", &driver), STATUS_PLUGIN_REFUSED);
	assert_says(&scene, "is a folder instead of a file");
	assert_false(file_exists(marker));
	scene_close(&scene);
}

static void enable_narrows_what_may_load(void **state)
{
	static const char *const lists[] = {"driver/other", "cache/good",  "driver/goo",
					    "driver/good2", "driver:good", "driver"};
	struct scene scene;
	const struct driver *driver = NULL;
	(void)state;
	scene_open(&scene);
	scene_install(&scene, "good");
	const char *marker = scene_watch(&scene);
	scene.project.enable_set = true;
	assert_int_equal(load(&scene, "good", &driver), STATUS_PLUGIN_REFUSED);
	for (size_t i = 0; i < COUNT_OF(lists); i++) {
		const char *entry = lists[i];
		scene.project.enable = &entry;
		scene.project.enable_count = 1;
		assert_int_equal(load(&scene, "good", &driver), STATUS_PLUGIN_REFUSED);
		assert_says(&scene, "[plugins] enable does not name driver/good");
	}
	assert_false(file_exists(marker));
	const char *right = "driver/good";
	scene.project.enable = &right;
	assert_int_equal(load(&scene, "good", &driver), STATUS_OK);
	/* Also for what is loaded already. */
	scene.project.enable_count = 0;
	assert_int_equal(load(&scene, "good", &driver), STATUS_PLUGIN_REFUSED);
	scene_close(&scene);
}

static void a_section_may_name_a_file_elsewhere_under_any_name(void **state)
{
	struct scene scene;
	const struct driver *driver = NULL;
	(void)state;
	scene_open(&scene);
	scene_add_section(&scene, "good", scene_copy(&scene, "good", "third-party.so"), NULL);
	assert_int_equal(load(&scene, "good", &driver), STATUS_OK);
	assert_true(text_ends(driver->plugin.path, "/third-party.so"));
	scene_close(&scene);
}

static void a_section_whose_file_is_another_plugin_is_refused(void **state)
{
	struct scene scene;
	const struct driver *driver = NULL;
	(void)state;
	scene_open(&scene);
	scene_add_section(&scene, "acme", scene_copy(&scene, "good", "third-party.so"), NULL);
	assert_int_equal(load(&scene, "acme", &driver), STATUS_PLUGIN_REFUSED);
	assert_says(&scene, "is the driver \"good\", not \"acme\"");
	scene_close(&scene);
}

static void a_section_wins_over_the_folder_and_the_error_names_both(void **state)
{
	struct scene scene;
	const struct driver *driver = NULL;
	(void)state;
	scene_open(&scene);
	const char *passed_over = scene_install(&scene, "good");
	const char *marker = scene_watch(&scene);
	scene_add_section(&scene, "good", path_join(&scene.arena, scene.folder, "gone.so"), NULL);
	assert_int_equal(load(&scene, "good", &driver), STATUS_PLUGIN_MISSING);
	assert_says(&scene, "/gone.so: does not exist");
	assert_says(&scene, arena_printf(&scene.arena,
					 "%s: passed over, because [plugin:good] names another file",
					 passed_over));
	assert_false(file_exists(marker));
	scene_close(&scene);
}

/* ---- pins ----------------------------------------------------------------------------- */

static const char *hash_of(struct scene *scene, const char *path)
{
	TEXT_CLEANUP struct text bytes = {0};
	char hash[HASH_TEXT];
	assert_int_equal(file_read(path, TEXT_CAP, &bytes, &scene->error), STATUS_OK);
	hash_bytes(bytes.data, bytes.size, hash);
	return arena_text(&scene->arena, hash);
}

static void a_right_pin_loads(void **state)
{
	struct scene scene;
	const struct driver *driver = NULL;
	(void)state;
	scene_open(&scene);
	scene_add_section(&scene, "good", NULL, hash_of(&scene, scene_install(&scene, "good")));
	assert_int_equal(load(&scene, "good", &driver), STATUS_OK);
	assert_string_equal(driver->plugin.name, "good");
	scene_close(&scene);
}

static void a_wrong_pin_runs_no_code(void **state)
{
	struct scene scene;
	const struct driver *driver = NULL;
	(void)state;
	scene_open(&scene);
	const char *path = scene_install(&scene, "good");
	const char *other = scene_copy(&scene, "newer", "newer.so");
	const char *marker = scene_watch(&scene);
	scene_add_section(&scene, "good", NULL, hash_of(&scene, other));
	assert_int_equal(load(&scene, "good", &driver), STATUS_PLUGIN_REFUSED);
	assert_says(&scene, hash_of(&scene, path));
	assert_false(file_exists(marker));
	scene_close(&scene);
}

/* A reused number in /proc/self/fd/N would make the linker return the first one. */
static void two_pinned_plugins_are_two_plugins(void **state)
{
	struct scene scene;
	const struct driver *good = NULL, *newer = NULL;
	(void)state;
	scene_open(&scene);
	scene_add_section(&scene, "good", NULL, hash_of(&scene, scene_install(&scene, "good")));
	scene_add_section(&scene, "newer", NULL, hash_of(&scene, scene_install(&scene, "newer")));
	assert_int_equal(load(&scene, "good", &good), STATUS_OK);
	assert_int_equal(load(&scene, "newer", &newer), STATUS_OK);
	assert_string_equal(good->plugin.name, "good");
	assert_string_equal(newer->plugin.name, "newer");
	assert_ptr_not_equal(good->ops.open, newer->ops.open);
	scene_close(&scene);
}

static void a_pinned_plugin_is_mapped_from_memory_not_from_its_file(void **state)
{
	struct scene scene;
	const struct driver *driver = NULL;
	TEXT_CLEANUP struct text maps = {0};
	char buffer[4096];
	(void)state;
	scene_open(&scene);
	const char *path = scene_install(&scene, "good");
	scene_add_section(&scene, "good", NULL, hash_of(&scene, path));
	assert_int_equal(load(&scene, "good", &driver), STATUS_OK);
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	for (ssize_t got; (got = read(fd, buffer, sizeof(buffer))) > 0;)
		text_append(&maps, buffer, (size_t)got);
	close(fd);
	assert_non_null(strstr(maps.data, "memfd:eloquent-plugin"));
	assert_null(strstr(maps.data, path));
	scene_close(&scene);
}

/* ---- notes alone ------------------------------------------------------------------------ */

static void a_note_is_read_without_running_code(void **state)
{
	struct scene scene;
	struct elq_note note;
	(void)state;
	scene_open(&scene);
	scene_install(&scene, "good");
	const char *marker = scene_watch(&scene);
	assert_int_equal(driver_note(&scene.project, "good", &note, &scene.error), STATUS_OK);
	assert_string_equal(note.name, "good");
	assert_string_equal(note.language, "sql");
	assert_int_equal(driver_note(&scene.project, "absent", &note, &scene.error),
			 STATUS_PLUGIN_MISSING);
	assert_says(&scene, "the driver \"absent\" cannot be used");
	assert_false(file_exists(marker));
	scene_close(&scene);
}

/* open() and /proc count; the pinned ones keep theirs, nothing else does. */
static void refusals_leave_no_descriptor_open(void **state)
{
	struct scene scene;
	const struct driver *driver = NULL;
	(void)state;
	scene_open(&scene);
	for (size_t i = 0; i < COUNT_OF(refused); i++)
		scene_install(&scene, refused[i].name);
	int before = dup(0);
	close(before);
	for (size_t i = 0; i < COUNT_OF(refused); i++)
		assert_int_equal(load(&scene, refused[i].name, &driver), STATUS_PLUGIN_REFUSED);
	int after = dup(0);
	close(after);
	assert_int_equal(before, after);
	scene_close(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_broken_plugin_is_refused_with_its_own_sentence),
		cmocka_unit_test(a_plugin_that_was_refused_after_loading_stays_refused),
		cmocka_unit_test(a_good_plugin_is_copied_to_our_side),
		cmocka_unit_test(a_plugin_is_loaded_once_and_found_again),
		cmocka_unit_test(threads_that_load_at_once_get_one_driver),
		cmocka_unit_test(structs_of_a_later_edition_are_accepted),
		cmocka_unit_test(a_second_exported_symbol_is_only_a_warning),
		cmocka_unit_test(a_plugin_that_exports_its_entry_alone_is_not_warned_about),
		cmocka_unit_test(a_missing_driver_names_the_path_and_what_is_there),
		cmocka_unit_test(a_name_that_is_no_name_reaches_no_file),
		cmocka_unit_test(an_unsafe_file_is_refused_before_any_code_runs),
		cmocka_unit_test(enable_narrows_what_may_load),
		cmocka_unit_test(a_section_may_name_a_file_elsewhere_under_any_name),
		cmocka_unit_test(a_section_whose_file_is_another_plugin_is_refused),
		cmocka_unit_test(a_section_wins_over_the_folder_and_the_error_names_both),
		cmocka_unit_test(a_right_pin_loads),
		cmocka_unit_test(a_wrong_pin_runs_no_code),
		cmocka_unit_test(two_pinned_plugins_are_two_plugins),
		cmocka_unit_test(a_pinned_plugin_is_mapped_from_memory_not_from_its_file),
		cmocka_unit_test(a_note_is_read_without_running_code),
		cmocka_unit_test(refusals_leave_no_descriptor_open),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
