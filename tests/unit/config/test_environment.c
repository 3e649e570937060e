/* Variables: the real environment above .env above the INI, _FILE forms, and
 * ${NAME} in the INI. */
#include "support.h"

static void the_environment_stands_above_dotenv_and_dotenv_above_the_ini(void **state)
{
	struct fixture *fixture = *state;

	put_ini(fixture, "[connection:sqlite]\npath = ini.db\n");
	load(fixture, NULL);
	value_is(fixture, "sqlite", "path", in_folder(fixture, "ini.db"));
	put(fixture, ".env", "SQLITE_PATH=dotenv.db\n");
	load(fixture, NULL);
	value_is(fixture, "sqlite", "path", in_folder(fixture, "dotenv.db"));
	load(fixture, "SQLITE_PATH=/real.db", NULL);
	value_is(fixture, "sqlite", "path", "/real.db");
}

static void every_value_remembers_where_it_came_from(void **state)
{
	struct fixture *fixture = *state;
	const struct setting *setting;

	put_ini(fixture, "[connection:pg]\nhost = h\n\nuser = u\n");
	put(fixture, ".env", "\nPG_PASSWORD=secret-of-dotenv\n");
	load(fixture, "PG_USER=v", NULL);
	setting = settings_find(&connection(fixture, "pg")->settings, "host");
	assert_int_equal(setting->origin.layer, LAYER_INI);
	assert_int_equal(setting->origin.line, 2);
	assert_string_equal(setting->origin.name, in_folder(fixture, "eloquent.ini"));
	setting = settings_find(&connection(fixture, "pg")->settings, "password");
	assert_int_equal(setting->origin.layer, LAYER_DOTENV);
	assert_int_equal(setting->origin.line, 2);
	assert_string_equal(origin_text(&setting->origin, &fixture->arena),
			    arena_printf(&fixture->arena, "%s/.env:2", fixture->folder));
	setting = settings_find(&connection(fixture, "pg")->settings, "user");
	assert_int_equal(setting->origin.layer, LAYER_ENVIRONMENT);
	assert_string_equal(origin_text(&setting->origin, &fixture->arena), "the variable PG_USER");
	setting = resolved(fixture, "guard.require_backup");
	assert_int_equal(setting->origin.layer, LAYER_DEFAULT);
	assert_string_equal(origin_text(&setting->origin, &fixture->arena), "the default");
	assert_non_null(resolved(fixture, "connection:pg.host"));
	assert_true(resolved(fixture, "connection:pg.password")->secret);
}

static void dotenv_is_not_read_when_the_real_environment_says_production(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, ".env", "ELOQUENT_ACTOR=dotenv\n");
	load(fixture, "APP_ENV=Prod-EU", NULL);
	must(fixture);
	assert_string_equal(fixture->project.actor, process_user(fixture));
	load(fixture, "NODE_ENV=production", NULL);
	must(fixture);
	assert_string_equal(fixture->project.actor, process_user(fixture));
	load(fixture, "APP_ENV=staging", "NODE_ENV=prod", NULL);
	must(fixture);
	assert_string_equal(fixture->project.actor, "dotenv");
}

static void a_dotenv_that_says_production_is_read_and_believed(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, ".env", "APP_ENV=production\nELOQUENT_ACTOR=dotenv\n");
	load(fixture, NULL);
	must(fixture);
	assert_true(fixture->project.production);
	assert_string_equal(fixture->project.actor, "dotenv");
}

static void env_files_are_read_in_production_too_and_the_later_one_counts(void **state)
{
	struct fixture *fixture = *state;
	const char *files[] = {"one.env", "two.env"};

	put(fixture, ".env", "A=dotenv\nELOQUENT_ACTOR=dotenv\nCI_ACTOR=only\n");
	put(fixture, "one.env", "ELOQUENT_ACTOR=one\nDB_CONNECTION=x\n");
	put(fixture, "two.env", "ELOQUENT_ACTOR=two\n");
	fixture->input.env_files = files;
	fixture->input.env_file_count = 2;
	load(fixture, "APP_ENV=production", NULL);
	must(fixture);
	assert_string_equal(fixture->project.actor, "two");
	assert_string_equal(fixture->project.default_connection, "x");
	fixture->input.env_file_count = 1;
	load(fixture, NULL);
	must(fixture);
	assert_string_equal(fixture->project.actor, "one");
	load(fixture, "ELOQUENT_ACTOR=real", NULL);
	must(fixture);
	assert_string_equal(fixture->project.actor, "real");
}

static void dotenv_production_is_not_read_by_itself(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, ".env.production", "ELOQUENT_ACTOR=x\n");
	load(fixture, "APP_ENV=production", NULL);
	must(fixture);
	assert_string_equal(fixture->project.actor, process_user(fixture));
}

static void a_missing_or_unreadable_file_of_variables_is_an_error_that_names_it(void **state)
{
	struct fixture *fixture = *state;
	const char *files[] = {"nowhere.env"};

	put_folder(fixture, ".env");
	load(fixture, NULL);
	refused(fixture, ".env", NULL);
	rmdir(in_folder(fixture, ".env"));
	fixture->input.env_files = files;
	fixture->input.env_file_count = 1;
	load(fixture, NULL);
	refused(fixture, "nowhere.env", "No such file", NULL);
}

static void a_bad_line_of_dotenv_is_an_error_with_its_line(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, ".env", "A=1\nno equals\n");
	load(fixture, NULL);
	refused(fixture, "/.env:2: ", NULL);
}

static void an_empty_variable_is_a_value(void **state)
{
	struct fixture *fixture = *state;

	load(fixture, "PG_HOST=h", "PG_USER=u", "PG_RUNTIME_PASSWORD=", "PG_PASSWORD=generic", NULL);
	value_is(fixture, "pg", "password", "");
}

/* ---- secrets -------------------------------------------------------------------- */

static void a_secret_comes_from_the_file_that_its_file_form_names(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, "secret", "from-a-file-1\n");
	load(fixture, "PG_HOST=h",
	     arena_printf(&fixture->arena, "PG_PASSWORD_FILE=%s", in_folder(fixture, "secret")), NULL);
	value_is(fixture, "pg", "password", "from-a-file-1");
	assert_true(settings_find(&connection(fixture, "pg")->settings, "password")->secret);
	assert_null(value(fixture, "pg", "password_file"));
	assert_true(masked(fixture, "from-a-file-1"));
}

static void only_one_newline_is_removed_from_a_secret_file(void **state)
{
	struct fixture *fixture = *state;
	const char *found = NULL;

	put(fixture, "secret", " a b \n\n");
	assert_int_equal(secret_file_read(fixture->observer, &fixture->arena,
					  in_folder(fixture, "secret"), &found, &fixture->error),
			 STATUS_OK);
	assert_string_equal(found, " a b \n");
	put(fixture, "secret", "dos\r\n");
	assert_int_equal(secret_file_read(fixture->observer, &fixture->arena,
					  in_folder(fixture, "secret"), &found, &fixture->error),
			 STATUS_OK);
	assert_string_equal(found, "dos");
	put(fixture, "secret", "");
	assert_int_equal(secret_file_read(fixture->observer, &fixture->arena,
					  in_folder(fixture, "secret"), &found, &fixture->error),
			 STATUS_OK);
	assert_string_equal(found, "");
}

static void a_secret_file_that_cannot_be_one_is_an_error_that_names_it(void **state)
{
	struct fixture *fixture = *state;
	char *large = arena_alloc(&fixture->arena, 65538);

	memset(large, 'x', 65537);
	put_bytes(fixture, "zero", "a\0b", 3, 0600);
	put(fixture, "latin", "\xe4");
	put(fixture, "large", large);
	load(fixture, "PG_PASSWORD_FILE=zero", NULL);
	refused(fixture, "PG_PASSWORD_FILE", "zero", NULL);
	load(fixture, "PG_PASSWORD_FILE=latin", NULL);
	refused(fixture, "PG_PASSWORD_FILE", "latin", "UTF-8", NULL);
	load(fixture, "PG_PASSWORD_FILE=large", NULL);
	refused(fixture, "PG_PASSWORD_FILE", "large", "65536", NULL);
	load(fixture, "PG_PASSWORD_FILE=nowhere", NULL);
	refused(fixture, "PG_PASSWORD_FILE", "nowhere", NULL);
	load(fixture, "PG_PASSWORD_FILE=", NULL);
	refused(fixture, "PG_PASSWORD_FILE", "empty", NULL);
}

static void both_forms_of_a_secret_are_an_error_that_names_both(void **state)
{
	static const char *const names[] = {"PG_PASSWORD",     "DB_RUNTIME_PASSWORD", "MONGO_URI",
					    "MONGO_TEST_URI",  "DATABASE_URL",        "REDIS_URL",
					    "DB_TEST_PASSWORD"};
	struct fixture *fixture = *state;

	put(fixture, "secret", "x");
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		load(fixture, arena_printf(&fixture->arena, "%s=x", names[i]),
		     arena_printf(&fixture->arena, "%s_FILE=secret", names[i]), NULL);
		refused(fixture, names[i], arena_printf(&fixture->arena, "%s_FILE", names[i]), NULL);
	}
}

static void of_two_layers_the_stronger_form_of_a_secret_counts(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, "secret", "file\n");
	put(fixture, ".env", "PG_PASSWORD=dotenv\n");
	load(fixture, "PG_HOST=h", "PG_PASSWORD_FILE=secret", NULL);
	value_is(fixture, "pg", "password", "file");
}

static void secrets_are_registered_when_they_are_read_whoever_uses_them(void **state)
{
	struct fixture *fixture = *state;

	put_ini(fixture,
		"[connection:pg]\nhost = h\npassword = of-the-ini-1\nmigration.password = "
		"of-the-ini-2\n"
		"url_token = of-the-ini-3\n[connection:m]\ndriver = d\nurl = x://u:in%40the-url@h/d\n");
	put(fixture, ".env", "DB_MIGRATION_PASSWORD=of-dotenv-4\nDB_HOST=h\n");
	load(fixture, "DB_PASSWORD=of-the-environment-5", "REDIS_URL=redis://:of-redis-6@h", NULL);
	must(fixture);
	assert_true(masked(fixture, "of-the-ini-1"));
	assert_true(masked(fixture, "of-the-ini-2"));
	assert_true(masked(fixture, "of-the-ini-3"));
	assert_true(masked(fixture, "of-dotenv-4"));
	assert_true(masked(fixture, "of-the-environment-5"));
	assert_true(masked(fixture, "of-redis-6"));
	assert_true(masked(fixture, "in%40the-url"));
	assert_true(masked(fixture, "in@the-url"));
	assert_false(masked(fixture, "never-registered"));
}

static void an_error_does_not_show_a_secret(void **state)
{
	struct fixture *fixture = *state;

	load(fixture, "PG_HOST=h", "PG_PASSWORD=\xff-hunter2", NULL);
	refused(fixture, "PG_PASSWORD", "UTF-8", NULL);
	assert_null(strstr(fixture->error.message, "hunter2"));
}

/* ---- ${NAME} -------------------------------------------------------------------------- */

static void a_variable_in_the_ini_is_filled_in_once(void **state)
{
	struct fixture *fixture = *state;

	put_ini(fixture, "[connection:x]\ndriver = d\nhost = ${HOST}.example\nuser = $$${A}$b $ ${B}\n"
			 "password = ${PASS}\n");
	put(fixture, ".env", "B=from-dotenv\nHOST=weaker\n");
	load(fixture, "HOST=${A}", "A=", "PASS=of-the-variable", NULL);
	value_is(fixture, "x", "host", "${A}.example");
	value_is(fixture, "x", "user", "$$b $ from-dotenv");
	value_is(fixture, "x", "password", "of-the-variable");
	assert_true(masked(fixture, "of-the-variable"));
}

static void an_unset_variable_in_the_ini_is_an_error_with_its_line(void **state)
{
	struct fixture *fixture = *state;

	put_ini(fixture, "[connection:x]\ndriver = d\n\nhost = ${NO_SUCH}\n");
	load(fixture, NULL);
	refused(fixture, "eloquent.ini:4: ", "NO_SUCH", NULL);
	put_ini(fixture, "[audit]\npath = ${NO_SUCH}\n");
	load(fixture, NULL);
	refused(fixture, "eloquent.ini:2: ", "NO_SUCH", NULL);
}

static void a_variable_that_does_not_count_need_not_be_set(void **state)
{
	struct fixture *fixture = *state;

	put_ini(fixture,
		"[connection:pg]\nhost = h\npassword = ${UNSET}\nmigration.password = ${UNSET}\n");
	load(fixture, "PG_PASSWORD=x", NULL);
	value_is(fixture, "pg", "password", "x");
	load(fixture, "PG_PASSWORD=x", "ELOQUENT_DB_ROLE=migration", NULL);
	value_is(fixture, "pg", "password", "x");
	load(fixture, "ELOQUENT_DB_ROLE=migration", NULL);
	refused(fixture, "eloquent.ini:4: ", "UNSET", NULL);
}

static void a_broken_reference_is_an_error_with_its_line(void **state)
{
	struct fixture *fixture = *state;

	put_ini(fixture, "[connection:x]\ndriver = d\nhost = ${OPEN\n");
	load(fixture, NULL);
	refused(fixture, "eloquent.ini:3: ", "$$", NULL);
	put_ini(fixture, "[connection:x]\ndriver = d\nhost = ${}\n");
	load(fixture, NULL);
	refused(fixture, "eloquent.ini:3: ", "$$", NULL);
	put_ini(fixture, "[connection:x]\ndriver = d\nhost = ${A-b}\n");
	load(fixture, "A-b=c", NULL);
	refused(fixture, "eloquent.ini:3: ", "A-b", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_environment_stands_above_dotenv_and_dotenv_above_the_ini),
		CASE(every_value_remembers_where_it_came_from),
		CASE(dotenv_is_not_read_when_the_real_environment_says_production),
		CASE(a_dotenv_that_says_production_is_read_and_believed),
		CASE(env_files_are_read_in_production_too_and_the_later_one_counts),
		CASE(dotenv_production_is_not_read_by_itself),
		CASE(a_missing_or_unreadable_file_of_variables_is_an_error_that_names_it),
		CASE(a_bad_line_of_dotenv_is_an_error_with_its_line),
		CASE(an_empty_variable_is_a_value),
		CASE(a_secret_comes_from_the_file_that_its_file_form_names),
		CASE(only_one_newline_is_removed_from_a_secret_file),
		CASE(a_secret_file_that_cannot_be_one_is_an_error_that_names_it),
		CASE(both_forms_of_a_secret_are_an_error_that_names_both),
		CASE(of_two_layers_the_stronger_form_of_a_secret_counts),
		CASE(secrets_are_registered_when_they_are_read_whoever_uses_them),
		CASE(an_error_does_not_show_a_secret),
		CASE(a_variable_in_the_ini_is_filled_in_once),
		CASE(an_unset_variable_in_the_ini_is_an_error_with_its_line),
		CASE(a_variable_that_does_not_count_need_not_be_set),
		CASE(a_broken_reference_is_an_error_with_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
