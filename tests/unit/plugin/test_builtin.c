/* builtin.c and what the loader makes of it: two drivers that are part of this
 * program, from the macros that every plugin uses, around the zoo's table. */
#define ELQ_BUILTIN
#include "../../zoo/zoo_driver.h"
#include "scene.h"

#define MANIFEST(name_)                                                                                \
	{                                                                                              \
		.magic = ELQ_MANIFEST_MAGIC, .struct_size = sizeof(struct elq_manifest),               \
		.abi_major = ELQ_ABI_MAJOR, .abi_minor = ELQ_ABI_MINOR, .kind = ELQ_KIND_DRIVER,       \
		.name = {name_, sizeof(name_) - 1}, .version = {"1.0.0", 5}, .ops = &ops.known         \
	}
static const struct elq_manifest puppet_manifest = MANIFEST("puppet");
static const struct elq_manifest twin_manifest = MANIFEST("twin");

ELQ_PLUGIN_NOTE(ELQ_KIND_DRIVER, "puppet", "1.0.0", "other", "puppet", "json")
ELQ_PLUGIN_ENTRY(driver, puppet, &puppet_manifest)
#define elq_note_record_ elq_note_record_of_twin
ELQ_PLUGIN_NOTE(ELQ_KIND_DRIVER, "twin", "1.0.0", "other", "twin", "json")
ELQ_PLUGIN_ENTRY(driver, twin, &twin_manifest)

static const struct builtin table[] = {{elq_builtin_note_driver_puppet, elq_builtin_driver_puppet},
				       {elq_builtin_note_driver_twin, elq_builtin_driver_twin},
				       {NULL, NULL}};

static const struct driver *load(struct scene *scene, const char *name)
{
	const struct driver *driver = NULL;
	error_clear(&scene->error);
	if (driver_load(scene->observer, &scene->project, name, &driver, &scene->error) != STATUS_OK)
		fail_msg("%s", scene_said(scene));
	return driver;
}

/* What the list says of a path: the refusal, "" when accepted, NULL when it is not there. */
static const char *listed(struct scene *scene, const char *path, const char *name)
{
	const char *said = NULL;
	struct candidates list = {0};
	assert_int_equal(candidates_list(&scene->project, &list, &scene->error), STATUS_OK);
	for (size_t i = 0; i < list.count; i++)
		if (text_equal(list.items[i].path, path) && text_equal(list.items[i].note.name, name))
			said = arena_text(&scene->arena,
					  list.items[i].refusal ? list.items[i].refusal : "");
	candidates_free(&list);
	return said;
}

static void a_built_in_driver_is_loaded_without_any_file(void **state)
{
	struct scene *scene = *state;
	const struct driver *driver = load(scene, "puppet");
	assert_string_equal(driver->plugin.path, "(built in)");
	assert_string_equal(driver->plugin.note.language, "json");
	assert_ptr_equal(driver, load(scene, "puppet"));
}

static void two_of_them_are_told_apart(void **state)
{
	struct scene *scene = *state;
	assert_string_equal(load(scene, "twin")->plugin.name, "twin");
	assert_string_equal(load(scene, "puppet")->plugin.name, "puppet");
}

static void they_are_listed_with_the_files(void **state)
{
	struct scene *scene = *state;
	const char *file = scene_install(scene, "good");
	assert_string_equal(listed(scene, "(built in)", "puppet"), "");
	assert_string_equal(listed(scene, "(built in)", "twin"), "");
	assert_string_equal(listed(scene, file, "good"), "");
}

static void a_file_of_the_folder_is_passed_over_for_the_built_in_one(void **state)
{
	struct scene *scene = *state;
	const char *file = scene_install(scene, "puppet");
	assert_string_equal(load(scene, "puppet")->plugin.path, "(built in)");
	assert_non_null(strstr(listed(scene, file, "puppet"), "built in is used"));
}

static void a_section_that_names_a_file_stands_above_the_built_in_one(void **state)
{
	struct scene *scene = *state;
	const char *file = scene_copy(scene, "puppet", "elsewhere.so");
	scene_add_section(scene, "puppet", file, NULL);
	assert_string_equal(load(scene, "puppet")->plugin.path, file);
	assert_non_null(strstr(listed(scene, "(built in)", "puppet"), "names another file"));
	assert_string_equal(listed(scene, file, "puppet"), "");
}

static void a_pin_means_a_file(void **state)
{
	struct scene *scene = *state;
	struct driver const *driver = NULL;
	scene_add_section(scene, "puppet", NULL, "00");
	assert_int_equal(
		driver_load(scene->observer, &scene->project, "puppet", &driver, &scene->error),
		STATUS_PLUGIN_MISSING);
	assert_says(scene, "elq_driver_puppet.so");
}

static void enable_narrows_the_built_in_ones_too(void **state)
{
	struct scene *scene = *state;
	const char *enable[] = {"driver/twin"};
	const struct driver *driver = NULL;
	scene->project.enable = enable;
	scene->project.enable_count = 1;
	scene->project.enable_set = true;
	assert_string_equal(load(scene, "twin")->plugin.name, "twin");
	assert_int_equal(
		driver_load(scene->observer, &scene->project, "puppet", &driver, &scene->error),
		STATUS_PLUGIN_REFUSED);
	assert_says(scene, "enable does not name driver/puppet");
	assert_non_null(strstr(listed(scene, "(built in)", "puppet"), "enable"));
}

static void a_missing_driver_names_the_built_in_ones(void **state)
{
	struct scene *scene = *state;
	const struct driver *driver = NULL;
	assert_int_equal(driver_load(scene->observer, &scene->project, "pupet", &driver, &scene->error),
			 STATUS_PLUGIN_MISSING);
	assert_says(scene, "did you mean \"puppet\"?");
	assert_says(scene, "built in: puppet, twin");
}

static int set_up(void **state)
{
	static struct scene scene;
	scene_open(&scene);
	builtin_set(table);
	*state = &scene;
	return 0;
}

static int tear_down(void **state)
{
	scene_close(*state);
	return 0;
}

int main(void)
{
#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest rules[] = {
		RULE(a_built_in_driver_is_loaded_without_any_file),
		RULE(two_of_them_are_told_apart),
		RULE(they_are_listed_with_the_files),
		RULE(a_file_of_the_folder_is_passed_over_for_the_built_in_one),
		RULE(a_section_that_names_a_file_stands_above_the_built_in_one),
		RULE(a_pin_means_a_file),
		RULE(enable_narrows_the_built_in_ones_too),
		RULE(a_missing_driver_names_the_built_in_ones),
	};
	return cmocka_run_group_tests(rules, NULL, NULL);
}
