/* docs/configuration.md: its tables of keys and variables are those of the
 * code. With ELOQUENT_WRITE_DOCS=1 in the environment the page is rewritten
 * instead of compared. */
#include "support.h"

#define PAGE TEST_SOURCE_DIR "/docs/configuration.md"
static const char begin_mark[] =
	"<!-- begin: keys (from core/config/keys.c; written by unit_config_reference) -->\n";
static const char end_mark[] = "<!-- end: keys -->\n";

static void add_range(struct text *text, const struct key *key)
{
	if (key->choices) {
		char *rest = mem_text(key->choices);
		char *whole = rest;
		const char *between = " ";

		for (char *choice; (choice = strsep(&rest, " ")) != NULL; between = ", ")
			text_printf(text, "%s`%s`", between, choice);
		mem_free(whole);
	}
	if (key->type == KEY_INTEGER)
		text_printf(text, " %lld to %lld", (long long)key->minimum, (long long)key->maximum);
	if (key->flags & KEY_ABSOLUTE)
		text_add(text, " (absolute)");
}

static void add_row(struct text *text, const struct key *key)
{
	bool variable = strcmp(key->section, "environment") == 0;

	text_printf(text, "| `%s` | %s", key->name, key_type_text(key->type));
	add_range(text, key);
	text_add(text, " |");
	if (key->default_value)
		text_printf(text, " `%s`", key->default_value);
	text_printf(text, " | %s", key->help);
	if (key->variable && !variable)
		text_printf(text, "; the variable `%s` stands above it", key->variable);
	if (key->flags & KEY_SECRET)
		text_add(text, variable ? " (secret; also as a file)" : " (secret)");
	if (key->flags & KEY_PROGRAM)
		text_add(text, " (program)");
	if (key->flags & KEY_LATER)
		text_add(text, " (later)");
	if (key->flags & KEY_REFUSED)
		text_add(text, " (refused)");
	text_add(text, " |\n");
}

static void add_table(struct text *text, const struct key *keys, size_t count)
{
	const char *section = "";

	for (size_t i = 0; i < count; i++) {
		bool named = text_ends(keys[i].section, ":");

		if (strcmp(keys[i].section, section) != 0) {
			section = keys[i].section;
			if (strcmp(section, "environment") == 0)
				text_add(text, "\n### Variables\n\n");
			else
				text_printf(text, "\n### [%s%s]\n\n", section, named ? "NAME" : "");
			text_add(text, "| name | value | default | meaning |\n|---|---|---|---|\n");
		}
		add_row(text, &keys[i]);
	}
}

static void the_pages_tables_are_those_of_the_code(void **state UNUSED)
{
	TEXT_CLEANUP struct text page = {0};
	TEXT_CLEANUP struct text expected = {0};
	ERROR_CLEANUP struct error error = {0};
	const char *begin;
	const char *end;

	if (file_read(PAGE, (size_t)1 << 20, &page, &error))
		fail_msg("%s", error.message);
	begin = strstr(text_string(&page), begin_mark);
	end = strstr(text_string(&page), end_mark);
	assert_true(begin && end && begin < end);
	text_append(&expected, page.data, (size_t)(begin - page.data) + strlen(begin_mark));
	add_table(&expected, config_keys, config_key_count);
	add_table(&expected, config_variables, config_variable_count);
	text_printf(&expected, "\n%s", end);
	if (getenv("ELOQUENT_WRITE_DOCS")) {
		FILE *file = fopen(PAGE, "wb");

		assert_non_null(file);
		assert_int_equal(fwrite(expected.data, 1, expected.size, file), expected.size);
		fclose(file);
		return;
	}
	if (!text_equal(text_string(&page), text_string(&expected)))
		fail_msg("docs/configuration.md is not what the key table says; "
			 "run unit_config_reference with ELOQUENT_WRITE_DOCS=1");
}

static void every_convention_stands_on_the_page(void **state UNUSED)
{
	static const char *const words[] = {"DB_<ROLE>_X",      "PG_<ROLE>_X",     "SQLITE_<ROLE>_PATH",
					    "MONGO_<ROLE>_URI", "PG_DB_NAME",      "MONGO_DB_NAME",
					    "MONGO_DATABASE",   "DB_TEST_<ROLE>_X"};
	TEXT_CLEANUP struct text page = {0};
	ERROR_CLEANUP struct error error = {0};

	assert_int_equal(file_read(PAGE, (size_t)1 << 20, &page, &error), STATUS_OK);
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		if (!strstr(page.data, words[i]))
			fail_msg("%s is not on the page", words[i]);
	}
}

static void the_table_is_well_formed(void **state UNUSED)
{
	for (size_t i = 0; i < config_key_count; i++) {
		const struct key *key = &config_keys[i];

		assert_true(key->help && key->help[0]);
		assert_true((key->type == KEY_CHOICE) == (key->choices != NULL));
		assert_true(key->type != KEY_ARGUMENTS || (key->flags & KEY_PROGRAM));
		for (size_t j = 0; j < i; j++)
			assert_false(strcmp(key->section, config_keys[j].section) == 0 &&
				     strcmp(key->name, config_keys[j].name) == 0);
		/* A section's rows stand together. */
		if (i > 0 && strcmp(key->section, config_keys[i - 1].section) != 0)
			for (size_t j = 0; j < i; j++)
				assert_string_not_equal(key->section, config_keys[j].section);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_is_well_formed),
		cmocka_unit_test(the_pages_tables_are_those_of_the_code),
		cmocka_unit_test(every_convention_stands_on_the_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
