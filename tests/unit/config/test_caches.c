/* [cache], [cache:NAME] and their variables: which stores, under which prefix, with
 * which settings. */
#include "support.h"

static const char *chain_of(struct fixture *fixture)
{
	const struct cache_chain *chain = &fixture->project.cache;
	TEXT_CLEANUP struct text text = {0};

	for (size_t i = 0; i < chain->store_count; i++)
		text_printf(&text, "%s%s", i ? " " : "", chain->stores[i]);
	return arena_text(&fixture->arena, text_string(&text));
}

static const struct setting *setting_of(struct fixture *fixture, const char *store, const char *key)
{
	struct settings settings = project_cache_settings(&fixture->project, store);

	return settings_find(&settings, key);
}

static void the_environments_word_chooses_the_chain(void **state)
{
	static const struct {
		const char *word, *chain, *prefix;
		bool chosen;
	} cases[] = {
		{"APP_ENV=development", "memory", "eloquent:blog:development:", false},
		{"APP_ENV=staging", "file memory", "eloquent:blog:staging:", true},
		{"APP_ENV=qa", "memory file", "eloquent:blog:qa:", true},
		{"APP_ENV=test", "memory", "eloquent:blog:test:", false},
		{"APP_ENV=Production", "redis file memory", "eloquent:blog:production:", false},
		{"APP_ENV=live", "file", "eloquent:blog:production:", true},
		{"APP_ENV=prefix", "memory", "eloquent:blog:prefix:", false},
	};
	struct fixture *fixture = *state;

	put_ini(fixture, "[project]\nname = blog\n[cache]\nstaging = file  memory\nqa = memory file\n"
			 "live = file\n");
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		load(fixture, cases[i].word, NULL);
		must(fixture);
		assert_string_equal(chain_of(fixture), cases[i].chain);
		assert_string_equal(fixture->project.cache.prefix, cases[i].prefix);
		assert_int_equal(fixture->project.cache.chosen, cases[i].chosen);
	}
}

static void a_chain_that_names_nonsense_is_refused(void **state)
{
	static const char *const chains[][2] = {{"file ../etc", "../etc"},
						{"File", "File"},
						{"file memory file", "twice"},
						{"a b c d e f g h i", "one too many"}};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT_OF(chains); i++) {
		put_ini(fixture,
			arena_printf(&fixture->arena, "[cache]\nstaging = %s\n", chains[i][0]));
		load(fixture, "APP_ENV=staging", NULL);
		refused(fixture, "eloquent.ini:2", "cache.staging", chains[i][1], NULL);
	}
}

static void a_chain_may_be_empty_and_is_then_not_chosen(void **state)
{
	struct fixture *fixture = *state;

	put_ini(fixture, "[cache]\nstaging =\n");
	load(fixture, "APP_ENV=staging", NULL);
	must(fixture);
	assert_int_equal(fixture->project.cache.store_count, 0);
	assert_false(fixture->project.cache.chosen);
}

static void the_prefix_ends_in_a_colon_and_holds_no_blank(void **state)
{
	static const char *const good[][2] = {{"blog", "blog:"}, {"blog:", "blog:"}, {"a:b", "a:b:"}};
	struct fixture *fixture = *state;
	char longest[CACHE_PREFIX_CAP + 2];

	for (size_t i = 0; i < COUNT_OF(good); i++) {
		put_ini(fixture, arena_printf(&fixture->arena, "[cache]\nprefix = %s\n", good[i][0]));
		load(fixture, NULL);
		must(fixture);
		assert_string_equal(fixture->project.cache.prefix, good[i][1]);
	}
	memset(longest, 'p', sizeof(longest));
	longest[CACHE_PREFIX_CAP + 1] = '\0';
	put_ini(fixture, arena_printf(&fixture->arena, "[cache]\nprefix = %s\n", longest));
	load(fixture, NULL);
	refused(fixture, "prefix", "not 1 to 128", NULL);
	put_ini(fixture, "[cache]\nprefix = a b\n");
	load(fixture, NULL);
	refused(fixture, "prefix", "a blank", NULL);
	put_ini(fixture, "[cache]\nprefix =\n");
	load(fixture, NULL);
	refused(fixture, "prefix", "0 bytes", NULL);
}

/* Otherwise "a:b" of one project would be "b" of the project "a". */
static void parts_of_the_default_prefix_cannot_run_into_each_other(void **state)
{
	struct fixture *fixture = *state;

	put_ini(fixture, "[project]\nname = my blog:50%\n");
	load(fixture, NULL);
	must(fixture);
	assert_string_equal(fixture->project.cache.prefix, "eloquent:my%20blog%3A50%25:development:");
}

static void a_stores_section_is_its_plugins_settings(void **state)
{
	struct fixture *fixture = *state;

	put_ini(fixture,
		"[cache:file]\ndir = var/cache\nmax_size = 64MiB\n[cache:acme]\nhost = ${HOST}\n");
	load(fixture, "HOST=h1", NULL);
	must(fixture);
	assert_string_equal(setting_of(fixture, "file", "dir")->value, in_folder(fixture, "var/cache"));
	assert_string_equal(setting_of(fixture, "file", "max_size")->value, "64MiB");
	assert_string_equal(setting_of(fixture, "acme", "host")->value, "h1");
	assert_null(setting_of(fixture, "memory", "host"));
}

static void cache_dir_stands_above_the_ini_and_counts_from_its_own_place(void **state)
{
	struct fixture *fixture = *state;

	put_ini(fixture, "[cache:file]\ndir = of-ini\n");
	put_folder(fixture, "sub");
	put(fixture, ".env", "CACHE_DIR=of-dotenv\n");
	fixture->input.cwd = in_folder(fixture, "sub");
	load(fixture, NULL);
	must(fixture);
	assert_string_equal(setting_of(fixture, "file", "dir")->value, in_folder(fixture, "of-dotenv"));
	load(fixture, "CACHE_DIR=of-variable", NULL);
	must(fixture);
	assert_string_equal(setting_of(fixture, "file", "dir")->value,
			    in_folder(fixture, "sub/of-variable"));
	load(fixture, "CACHE_DIR=", NULL);
	refused(fixture, "CACHE_DIR", NULL);
}

static void a_stores_secret_never_shows(void **state)
{
	struct fixture *fixture = *state;
	TEXT_CLEANUP struct text masked = {0};

	load(fixture, "REDIS_URL=redis://:hunter2hunter2@h/0", NULL);
	must(fixture);
	assert_true(setting_of(fixture, "redis", "url")->secret);
	redact(fixture->observer, "x hunter2hunter2 x", 18, &masked);
	assert_null(strstr(text_string(&masked), "hunter2"));
	const char *ini = "[cache:redis]\npassword = hunter3hunter3\n";
	put_bytes(fixture, "eloquent.ini", ini, strlen(ini), 0644);
	load(fixture, "APP_ENV=production", NULL);
	refused(fixture, "eloquent.ini:2", NULL);
}

static void a_section_of_a_store_needs_a_name(void **state)
{
	struct fixture *fixture = *state;

	put_ini(fixture, "[cache:]\ndir = x\n");
	load(fixture, NULL);
	refused(fixture, "cannot be a name", NULL);
	put_ini(fixture, "[cahce:file]\ndir = x\n");
	load(fixture, NULL);
	refused(fixture, "did you mean [cache:file]?", NULL);
	put_ini(fixture, "[cache:file]\nmax_size = much\n");
	load(fixture, NULL);
	refused(fixture, "eloquent.ini:2", "max_size", "not a size", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_environments_word_chooses_the_chain),
		CASE(a_chain_that_names_nonsense_is_refused),
		CASE(a_chain_may_be_empty_and_is_then_not_chosen),
		CASE(the_prefix_ends_in_a_colon_and_holds_no_blank),
		CASE(parts_of_the_default_prefix_cannot_run_into_each_other),
		CASE(a_stores_section_is_its_plugins_settings),
		CASE(cache_dir_stands_above_the_ini_and_counts_from_its_own_place),
		CASE(a_stores_secret_never_shows),
		CASE(a_section_of_a_store_needs_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
