/* Seeders and caches go through the same door as drivers: found, examined, adopted and
 * called by the same rules, and refused with the same sentences. */
#include "scene.h"

#include "plugin/private.h"

static enum status load(struct scene *scene, const char *kind, const char *name, const void **ret)
{
	error_clear(&scene->error);
	const struct seeder_plugin *seeder = NULL;
	const struct cache_plugin *cache = NULL;
	enum status status;
	if (text_equal(kind, "seeder"))
		status = seeder_load(scene->observer, &scene->project, name, &seeder, &scene->error);
	else
		status = cache_load(scene->observer, &scene->project, name, &cache, &scene->error);
	*ret = seeder != NULL ? (const void *)seeder : cache;
	return status;
}

static const char *const both[] = {"seeder", "cache"};

static const struct {
	const char *kind;
	const char *name;
	const char *says;
} refused[] = {
	{"seeder", "short_ops", "lacks the required slot \"run\""},
	{"cache", "short_ops", "lacks the required slot \"stats\""},
	{"seeder", "missing_slot", "lacks the required slot \"run\""},
	{"cache", "missing_slot", "lacks the required slot \"clear\""},
	{"seeder", "other_kind", "is a driver, not a seeder"},
	{"cache", "other_kind", "is a driver, not a cache"},
	{"seeder", "differs_kind", "kind is 2 in the note and 1 in the manifest"},
	{"cache", "differs_kind", "kind is 3 in the note and 1 in the manifest"},
	{"seeder", "null_ops", "its manifest has no table of functions"},
	{"cache", "null_ops", "its manifest has no table of functions"},
	{"seeder", "init_fails", "its process_init failed: the moon is not full"},
	{"cache", "init_fails", "its process_init failed: the moon is not full"},
};

static void a_broken_seeder_or_cache_is_refused_with_its_own_sentence(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		struct scene scene;
		const void *plugin;
		scene_open(&scene);
		const char *path = scene_install_kind(&scene, refused[i].kind, refused[i].name);
		assert_int_equal(load(&scene, refused[i].kind, refused[i].name, &plugin),
				 STATUS_PLUGIN_REFUSED);
		assert_says(&scene, arena_printf(&scene.arena, "the %s \"%s\" cannot be loaded: %s: ",
						 refused[i].kind, refused[i].name, path));
		assert_says(&scene, refused[i].says);
		assert_null(plugin);
		scene_close(&scene);
	}
}

static void older_and_newer_tables_with_the_required_slots_are_accepted(void **state)
{
	static const char *const names[] = {"good", "newer", "older_ops"};
	(void)state;
	for (size_t k = 0; k < COUNT_OF(both); k++) {
		for (size_t i = 0; i < COUNT_OF(names); i++) {
			struct scene scene;
			const void *plugin;
			scene_open(&scene);
			scene_install_kind(&scene, both[k], names[i]);
			assert_int_equal(load(&scene, both[k], names[i], &plugin), STATUS_OK);
			assert_string_equal(((const struct plugin *)plugin)->name, names[i]);
			scene_close(&scene);
		}
	}
}

static void plugins_of_one_name_and_two_kinds_are_two_plugins(void **state)
{
	struct scene scene;
	const void *seeder, *cache;
	(void)state;
	scene_open(&scene);
	scene_install_kind(&scene, "seeder", "good");
	scene_install_kind(&scene, "cache", "good");
	assert_int_equal(load(&scene, "seeder", "good", &seeder), STATUS_OK);
	assert_int_equal(load(&scene, "cache", "good", &cache), STATUS_OK);
	assert_ptr_not_equal(seeder, cache);
	assert_int_equal(((const struct plugin *)cache)->note.kind, ELQ_KIND_CACHE);
	scene_close(&scene);
}

/* Two sections may name one file; what was loaded as the one is not the other. */
static void a_loaded_file_is_not_handed_out_as_another_kind(void **state)
{
	struct scene scene;
	const void *seeder, *cache;
	(void)state;
	scene_open(&scene);
	const char *path = scene_install_kind(&scene, "seeder", "good");
	scene_add_section(&scene, "good", path, NULL);
	struct plugin_config *section = (struct plugin_config *)&scene.project.plugins[0];
	assert_int_equal(load(&scene, "seeder", "good", &seeder), STATUS_OK);
	section->kind = "cache";
	assert_int_equal(load(&scene, "cache", "good", &cache), STATUS_PLUGIN_REFUSED);
	assert_says(&scene, "is a seeder, not a cache");
	scene_close(&scene);
}

static void enable_names_each_kind_for_itself(void **state)
{
	static const char *enable[] = {"seeder/good"};
	struct scene scene;
	const void *plugin;
	(void)state;
	scene_open(&scene);
	scene_install_kind(&scene, "seeder", "good");
	scene_install_kind(&scene, "cache", "good");
	scene.project.enable_set = true;
	scene.project.enable = enable;
	scene.project.enable_count = 1;
	assert_int_equal(load(&scene, "seeder", "good", &plugin), STATUS_OK);
	assert_int_equal(load(&scene, "cache", "good", &plugin), STATUS_PLUGIN_REFUSED);
	assert_says(&scene, "[plugins] enable does not name cache/good");
	scene_close(&scene);
}

static void what_is_missing_is_named_with_those_of_its_kind(void **state)
{
	struct scene scene;
	const void *plugin;
	(void)state;
	scene_open(&scene);
	scene_install_kind(&scene, "seeder", "good");
	assert_int_equal(load(&scene, "cache", "file", &plugin), STATUS_PLUGIN_MISSING);
	assert_says(&scene, "has no caches");
	scene_install_kind(&scene, "cache", "good");
	assert_int_equal(load(&scene, "cache", "goot", &plugin), STATUS_PLUGIN_MISSING);
	assert_says(&scene, "has the caches: good");
	scene_close(&scene);
}

/* ---- a seeder at work ------------------------------------------------------------------ */

struct garden {
	struct scene scene;
	const struct seeder_plugin *seeder;
	struct sower *sower;
	char found[256];
	size_t count;
	size_t limit;
};

static void garden_open(struct garden *garden)
{
	*garden = (struct garden){.limit = 100};
	scene_open(&garden->scene);
	scene_install_kind(&garden->scene, "seeder", "puppet");
	assert_int_equal(seeder_load(garden->scene.observer, &garden->scene.project, "puppet",
				     &garden->seeder, &garden->scene.error),
			 STATUS_OK);
	garden->sower = sower_new(garden->scene.observer, garden->seeder, NULL);
}

static void garden_close(struct garden *garden)
{
	sower_free(garden->sower);
	scene_close(&garden->scene);
}

static int32_t note_seed(void *context, const struct elq_seed *seed)
{
	struct garden *garden = context;
	size_t used = strlen(garden->found);
	snprintf(garden->found + used, sizeof(garden->found) - used, "%.*s(%u)@%llu ",
		 (int)seed->name.size, seed->name.data, (unsigned)seed->storage,
		 (unsigned long long)seed->line);
	return ++garden->count >= garden->limit;
}

static enum status list(struct garden *garden, const char *folder)
{
	error_clear(&garden->scene.error);
	garden->found[0] = '\0';
	garden->count = 0;
	return sower_list(garden->sower, folder, note_seed, garden, &garden->scene.error);
}

static void a_seeder_lists_its_seeds(void **state)
{
	struct garden garden;
	(void)state;
	garden_open(&garden);
	assert_int_equal(list(&garden, "/p/two"), STATUS_OK);
	assert_string_equal(garden.found, "User(1)@3 Post(0)@0 ");
	assert_int_equal(list(&garden, "/p/empty"), STATUS_OK);
	assert_string_equal(garden.found, "");
	garden.limit = 1;
	assert_int_equal(list(&garden, "/p/two"), STATUS_OK);
	assert_string_equal(garden.found, "User(1)@3 ");
	garden_close(&garden);
}

static void what_a_seeder_says_of_a_malformed_folder_is_the_error(void **state)
{
	struct garden garden;
	(void)state;
	garden_open(&garden);
	assert_int_equal(list(&garden, "/p/fails"), STATUS_MALFORMED);
	assert_says(&garden.scene, "/p/fails | ask the puppet");
	garden_close(&garden);
}

static void a_seed_that_breaks_the_contract_blames_the_plugin(void **state)
{
	static const char *const cases[][2] = {{"/unnamed", "a seed has no name"},
					       {"/short", "a seed's struct is too short"},
					       {"/bytes", "a seed's name is no text"}};
	struct garden garden;
	(void)state;
	garden_open(&garden);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(list(&garden, cases[i][0]), STATUS_INTERNAL);
		assert_says(&garden.scene, "the seeder puppet broke its contract in the slot list: ");
		assert_says(&garden.scene, cases[i][1]);
		assert_says(&garden.scene, garden.seeder->plugin.path);
		assert_string_equal(garden.found, "");
	}
	garden_close(&garden);
}

static enum status sow(struct garden *garden, const char *name)
{
	const struct elq_seed seed = {.struct_size = sizeof(seed), .name = {name, strlen(name)}};
	const struct elq_seed_target target = {.struct_size = sizeof(target)};
	error_clear(&garden->scene.error);
	return sower_run(garden->sower, &seed, &target, &garden->scene.error);
}

static void a_seeders_errors_and_logs_reach_the_host(void **state)
{
	struct garden garden;
	size_t count;
	(void)state;
	garden_open(&garden);
	assert_int_equal(sow(&garden, "the soil is dry"), STATUS_FAILED);
	assert_says(&garden.scene, "the soil is dry | ask the puppet");
	assert_int_equal(sow(&garden, "mute"), STATUS_FAILED);
	assert_says(&garden.scene, "the seeder puppet failed in its slot run and does not say why "
				   "(ELQ_ERR_FAILED)");
	assert_int_equal(sow(&garden, "log"), STATUS_OK);
	const char *const *warnings = log_warnings(garden.scene.observer, &count);
	assert_int_equal(count, 1);
	assert_non_null(strstr(warnings[0], "(seeder puppet): sown"));
	garden_close(&garden);
}

static void note_progress(void *context, uint64_t done, uint64_t total, const char *unit)
{
	snprintf(context, 64, "%llu/%llu %s", (unsigned long long)done, (unsigned long long)total,
		 unit);
}

static void a_seeders_progress_reaches_who_looks(void **state)
{
	struct garden garden;
	char seen[64] = "";
	(void)state;
	garden_open(&garden);
	assert_int_equal(sow(&garden, "progress"), STATUS_OK);
	sower_on_progress(garden.sower, note_progress, seen);
	assert_int_equal(sow(&garden, "progress"), STATUS_OK);
	assert_string_equal(seen, "3/7 rows");
	garden_close(&garden);
}

static void *cancel_soon(void *context)
{
	usleep(20000);
	database_cancel(context);
	return NULL;
}

/* The database that the seeder works for is all that a signal knows of. */
static void cancelling_the_database_ends_its_seeder(void **state)
{
	struct garden garden;
	struct connection connection = {.name = "main", .driver = "puppet"};
	struct setting setting = {.key = "database", .value = "d"};
	const struct driver *driver;
	struct database *database;
	pthread_t thread;
	(void)state;
	garden_open(&garden);
	struct scene *scene = &garden.scene;
	scene_install_kind(scene, "driver", "puppet");
	connection.settings.items = &setting;
	connection.settings.count = 1;
	assert_int_equal(
		driver_load(scene->observer, &scene->project, "puppet", &driver, &scene->error),
		STATUS_OK);
	assert_int_equal(database_open(scene->observer, &scene->project, &connection, driver, true,
				       &database, &scene->error),
			 STATUS_OK);
	sower_free(garden.sower);
	garden.sower = sower_new(scene->observer, garden.seeder, database);
	assert_int_equal(sow(&garden, "progress"), STATUS_OK);
	assert_int_equal(pthread_create(&thread, NULL, cancel_soon, database), 0);
	assert_int_equal(sow(&garden, "wait"), STATUS_INTERRUPTED);
	pthread_join(thread, NULL);
	assert_int_equal(sow(&garden, "progress"), STATUS_INTERRUPTED);
	assert_says(scene, "the work of the seeder puppet was cancelled");
	database_close(database);
	garden_close(&garden);
}

/* ---- a cache's handle -------------------------------------------------------------------- */

struct shelf {
	struct scene scene;
	const struct cache_plugin *plugin;
	const char *control;
	struct setting setting;
	struct settings settings;
	struct store *store;
};

static enum status shelf_try(struct shelf *shelf)
{
	error_clear(&shelf->scene.error);
	return store_open(shelf->scene.observer, &shelf->scene.project, "[cache:puppet]",
			  &shelf->settings, shelf->plugin, "us:", &shelf->store, &shelf->scene.error);
}

static void shelf_open(struct shelf *shelf)
{
	*shelf = (struct shelf){0};
	scene_open(&shelf->scene);
	scene_install_kind(&shelf->scene, "cache", "puppet");
	shelf->control = path_join(&shelf->scene.arena, shelf->scene.folder, "switch");
	shelf->setting = (struct setting){.key = "switch", .value = shelf->control};
	shelf->settings = (struct settings){&shelf->setting, 1, 1};
	assert_int_equal(cache_load(shelf->scene.observer, &shelf->scene.project, "puppet",
				    &shelf->plugin, &shelf->scene.error),
			 STATUS_OK);
}

static void shelf_close(struct shelf *shelf)
{
	store_close(shelf->store);
	scene_close(&shelf->scene);
}

static void shelf_switch(struct shelf *shelf, const char *word)
{
	scene_write(shelf->control, word, strlen(word));
}

static struct elq_str str(const char *text)
{
	return (struct elq_str){text, strlen(text)};
}

static void a_value_comes_back_until_it_is_removed(void **state)
{
	struct shelf shelf;
	TEXT_CLEANUP struct text value = {0};
	bool found = false;
	int64_t count = -1;
	(void)state;
	shelf_open(&shelf);
	struct error *error = &shelf.scene.error;
	assert_int_equal(shelf_try(&shelf), STATUS_OK);
	assert_int_equal(store_set(shelf.store, str("us:a"), str("1"), 0, error), STATUS_OK);
	assert_int_equal(store_set(shelf.store, str("us:b"), str("2"), 0, error), STATUS_OK);
	assert_int_equal(store_get(shelf.store, str("us:a"), &value, &found, error), STATUS_OK);
	assert_true(found);
	assert_string_equal(text_string(&value), "1");
	assert_int_equal(store_remove(shelf.store, str("us:a"), &found, error), STATUS_OK);
	assert_true(found);
	assert_int_equal(store_remove(shelf.store, str("us:a"), &found, error), STATUS_OK);
	assert_false(found);
	assert_int_equal(store_get(shelf.store, str("us:a"), &value, &found, error), STATUS_OK);
	assert_false(found);
	assert_int_equal(store_clear(shelf.store, "us:", &count, error), STATUS_OK);
	assert_int_equal(count, 1);
	shelf_close(&shelf);
}

static void what_a_cache_does_not_count_is_unknown_not_zero(void **state)
{
	struct shelf shelf;
	struct store_stats stats;
	(void)state;
	shelf_open(&shelf);
	assert_int_equal(shelf_try(&shelf), STATUS_OK);
	assert_int_equal(store_get_stats(shelf.store, &stats, &shelf.scene.error), STATUS_OK);
	assert_int_equal(stats.entries, 0);
	assert_int_equal(stats.evictions, -1);
	assert_string_equal(stats.location, "puppet");
	shelf_close(&shelf);
}

static void a_cache_that_breaks_its_contract_is_blamed(void **state)
{
	struct shelf shelf;
	TEXT_CLEANUP struct text value = {0};
	bool found = false;
	int64_t count = 7;
	(void)state;
	shelf_open(&shelf);
	struct error *error = &shelf.scene.error;
	shelf_switch(&shelf, "null");
	assert_int_equal(shelf_try(&shelf), STATUS_INTERNAL);
	assert_says(&shelf.scene, "the cache puppet broke its contract in the slot open");
	shelf_switch(&shelf, "fine");
	assert_int_equal(shelf_try(&shelf), STATUS_OK);
	assert_int_equal(store_set(shelf.store, str("us:c"), str("3"), 0, error), STATUS_OK);
	shelf_switch(&shelf, "twice");
	assert_int_equal(store_get(shelf.store, str("us:c"), &value, &found, error), STATUS_INTERNAL);
	assert_says(&shelf.scene, "it gave no value, or several");
	shelf_switch(&shelf, "silent");
	assert_int_equal(store_get(shelf.store, str("us:c"), &value, &found, error), STATUS_INTERNAL);
	shelf_switch(&shelf, "lie");
	assert_int_equal(store_clear(shelf.store, "us:", &count, error), STATUS_INTERNAL);
	assert_int_equal(store_remove(shelf.store, str("us:c"), &found, error), STATUS_INTERNAL);
	assert_int_equal(count, 7);
	assert_int_equal(value.size, 0);
	shelf_close(&shelf);
}

static void a_cache_says_itself_why_it_failed(void **state)
{
	struct shelf shelf;
	bool found;
	(void)state;
	shelf_open(&shelf);
	shelf_switch(&shelf, "fail 5");
	assert_int_equal(shelf_try(&shelf), STATUS_CONNECT);
	assert_says(&shelf.scene, "the puppet drops everything | pick it up");
	shelf_switch(&shelf, "fine");
	assert_int_equal(shelf_try(&shelf), STATUS_OK);
	shelf_switch(&shelf, "mute 1");
	assert_int_equal(store_remove(shelf.store, str("us:x"), &found, &shelf.scene.error),
			 STATUS_FAILED);
	assert_says(&shelf.scene, "the cache puppet failed in its slot remove and does not say why");
	shelf_close(&shelf);
}

static void a_key_that_the_cache_does_not_know_is_refused_with_its_section(void **state)
{
	struct shelf shelf;
	(void)state;
	shelf_open(&shelf);
	shelf.setting = (struct setting){
		.key = "nmae", .value = "x", .origin = {LAYER_INI, "/p/eloquent.ini", 9}};
	assert_int_equal(shelf_try(&shelf), STATUS_CONFIG);
	assert_says(&shelf.scene,
		    "/p/eloquent.ini:9: the cache puppet of [cache:puppet] knows no key \"nmae\"");
	assert_says(&shelf.scene, "did you mean \"name\"? The cache puppet knows: name, switch");
	shelf_close(&shelf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_broken_seeder_or_cache_is_refused_with_its_own_sentence),
		cmocka_unit_test(older_and_newer_tables_with_the_required_slots_are_accepted),
		cmocka_unit_test(plugins_of_one_name_and_two_kinds_are_two_plugins),
		cmocka_unit_test(a_loaded_file_is_not_handed_out_as_another_kind),
		cmocka_unit_test(enable_names_each_kind_for_itself),
		cmocka_unit_test(what_is_missing_is_named_with_those_of_its_kind),
		cmocka_unit_test(a_seeder_lists_its_seeds),
		cmocka_unit_test(what_a_seeder_says_of_a_malformed_folder_is_the_error),
		cmocka_unit_test(a_seed_that_breaks_the_contract_blames_the_plugin),
		cmocka_unit_test(a_seeders_errors_and_logs_reach_the_host),
		cmocka_unit_test(a_seeders_progress_reaches_who_looks),
		cmocka_unit_test(cancelling_the_database_ends_its_seeder),
		cmocka_unit_test(a_value_comes_back_until_it_is_removed),
		cmocka_unit_test(what_a_cache_does_not_count_is_unknown_not_zero),
		cmocka_unit_test(a_cache_that_breaks_its_contract_is_blamed),
		cmocka_unit_test(a_cache_says_itself_why_it_failed),
		cmocka_unit_test(a_key_that_the_cache_does_not_know_is_refused_with_its_section),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
