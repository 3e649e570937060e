/* Which connections there are, and what each one's settings are: conventions,
 * roles, paths, and what is refused. */
#include "support.h"

static void a_section_makes_a_connection(void **state)
{
	struct fixture *fixture = *state;

	put_ini(fixture,
		"[connection:shop]\ndriver = acme\nhost = h\nport = 1\nretries = 5\nproduction = yes\n"
		"lock_timeout = 5s\nhistory_schema = s\n");
	load(fixture, NULL);
	assert_int_equal(fixture->project.connection_count, 1);
	assert_string_equal(connection(fixture, "shop")->driver, "acme");
	assert_null(connection(fixture, "shop")->family);
	assert_true(connection(fixture, "shop")->production);
	assert_false(connection(fixture, "shop")->role_credentials);
	assert_int_equal(connection(fixture, "shop")->origin.line, 1);
	value_is(fixture, "shop", "host", "h");
	value_is(fixture, "shop", "port", "1");
	value_is(fixture, "shop", "retries", "5");
	value_is(fixture, "shop", "lock_timeout", "5s");
	value_is(fixture, "shop", "history_schema", "s");
}

static void our_own_keys_are_not_passed_to_the_driver(void **state)
{
	struct fixture *fixture = *state;

	put_ini(fixture, "[connection:a]\ndriver = d\nproduction = no\ntest = b\npassword_command = "
			 "[\"/bin/x\"]\n"
			 "[connection:b]\ndriver = d\n");
	load(fixture, NULL);
	assert_int_equal(connection(fixture, "a")->settings.count, 0);
	assert_non_null(resolved(fixture, "connection:a.password_command"));
	assert_true(warned(fixture, "password_command (line 5)"));
}

static void a_conventional_name_has_its_driver_and_family(void **state)
{
	static const char *const expected[][3] = {{"sqlite", "sqlite", "sql"},
						  {"pg", "postgres", "sql"},
						  {"mysql", "mysql", "sql"},
						  {"mongo", "mongo", "document"},
						  {"pg_test", "postgres", "sql"}};
	struct fixture *fixture = *state;

	put_ini(fixture,
		"[connection:sqlite]\n[connection:pg]\n[connection:mysql]\n[connection:mongo]\n"
		"[connection:pg_test]\n[connection:other]\ndriver = sqlite\n");
	load(fixture, NULL);
	for (size_t i = 0; i < COUNT_OF(expected); i++) {
		assert_string_equal(connection(fixture, expected[i][0])->driver, expected[i][1]);
		assert_string_equal(connection(fixture, expected[i][0])->family, expected[i][2]);
	}
	assert_string_equal(connection(fixture, "other")->family, "sql");
}

static void connections_are_sorted_by_name(void **state)
{
	struct fixture *fixture = *state;

	put_ini(fixture, "[connection:z]\ndriver = d\n[connection:a]\ndriver = d\n");
	load(fixture, "PG_HOST=h", NULL);
	must(fixture);
	assert_int_equal(fixture->project.connection_count, 3);
	assert_string_equal(project_connection_names(&fixture->project, &fixture->arena),
			    "known: a, pg, z");
}

static void a_section_and_variables_make_one_connection(void **state)
{
	struct fixture *fixture = *state;

	put_ini(fixture, "[connection:pg]\nsslmode = full\n");
	load(fixture, "PG_HOST=h", NULL);
	value_is(fixture, "pg", "host", "h");
	value_is(fixture, "pg", "sslmode", "full");
	assert_int_equal(fixture->project.connection_count, 1);
	assert_int_equal(connection(fixture, "pg")->origin.layer, LAYER_INI);
}

static void without_an_ini_only_a_variable_of_its_own_makes_a_connection(void **state)
{
	static const struct {
		const char *variable;
		const char *name; /* NULL: none */
	} cases[] = {
		{"SQLITE_PATH=x", "sqlite"},
		{"SQLITE_RUNTIME_PATH=x", "sqlite"},
		{"SQLITE_MIGRATION_PATH=x", NULL}, /* of the role that does not count */
		{"SQLITE_TEST_PATH=x", "sqlite_test"},
		{"SQLITE_TEST_RUNTIME_PATH=x", "sqlite_test"},
		{"PG_HOST=x", "pg"},
		{"PG_DB_NAME=x", "pg"},
		{"PG_TEST_NAME=x", "pg_test"},
		{"DB_PASSWORD=", "mysql"},
		{"DB_TEST_HOST=x", "mysql_test"},
		{"MONGO_URI=x", "mongo"},
		{"MONGO_DATABASE=x", "mongo"},
		{"MONGO_TEST_DB_NAME=x", "mongo_test"},
		{"MONGO_TEST_DB=x", "mongo_test"},
		{"DB_CONNECTION=pg", NULL},
		{"PGHOST=x", NULL},
		{"DATABASE_URL=postgres://h/d", NULL},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		load(fixture, cases[i].variable, NULL);
		must(fixture);
		if (!cases[i].name && fixture->project.connection_count)
			fail_msg("%s makes %s", cases[i].variable,
				 fixture->project.connections[0].name);
		if (cases[i].name && !connection(fixture, cases[i].name))
			fail_msg("%s does not make %s", cases[i].variable, cases[i].name);
		if (cases[i].name)
			assert_int_equal(fixture->project.connection_count, 1);
	}
}

/* ---- conventions and roles ------------------------------------------------------ */

static void each_variable_feeds_its_setting(void **state)
{
	static const char *const cases[][3] = {
		{"mysql", "host", "DB_HOST"},
		{"mysql", "port", "DB_PORT"},
		{"mysql", "user", "DB_USER"},
		{"mysql", "password", "DB_PASSWORD"},
		{"mysql", "database", "DB_NAME"},
		{"pg", "host", "PG_HOST"},
		{"pg", "port", "PG_PORT"},
		{"pg", "user", "PG_USER"},
		{"pg", "password", "PG_PASSWORD"},
		{"pg", "database", "PG_NAME"},
		{"pg", "database", "PG_DB_NAME"},
		{"sqlite", "path", "SQLITE_PATH"},
		{"mongo", "url", "MONGO_URI"},
		{"mongo", "database", "MONGO_DB_NAME"},
		{"mongo", "database", "MONGO_DB"},
		{"mongo", "database", "MONGO_DATABASE"},
		{"mysql_test", "host", "DB_TEST_HOST"},
		{"pg_test", "database", "PG_TEST_DB_NAME"},
		{"sqlite_test", "path", "SQLITE_TEST_PATH"},
		{"mongo_test", "url", "MONGO_TEST_URI"},
		{"mongo_test", "database", "MONGO_TEST_DATABASE"},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		load(fixture, arena_printf(&fixture->arena, "%s=/7", cases[i][2]), NULL);
		if (strcmp(cases[i][1], "port") == 0) {
			refused(fixture, cases[i][2], NULL);
			load(fixture, arena_printf(&fixture->arena, "%s=7", cases[i][2]), NULL);
			value_is(fixture, cases[i][0], cases[i][1], "7");
		} else {
			value_is(fixture, cases[i][0], cases[i][1], "/7");
		}
		assert_int_equal(connection(fixture, cases[i][0])->settings.count, 1);
	}
}

static void the_role_chooses_among_role_specific_variables(void **state)
{
	struct fixture *fixture = *state;
	static const char *const variables[] = {"PG_HOST=h", "PG_USER=u", "PG_RUNTIME_USER=r",
						"PG_MIGRATION_USER=m", "PG_MIGRATION_PASSWORD=mp"};

	load(fixture, variables[0], variables[1], variables[2], variables[3], variables[4], NULL);
	value_is(fixture, "pg", "user", "r");
	value_is(fixture, "pg", "password", NULL);
	assert_true(connection(fixture, "pg")->role_credentials);
	load(fixture, "ELOQUENT_DB_ROLE= Migration", variables[0], variables[1], variables[2],
	     variables[3], variables[4], NULL);
	value_is(fixture, "pg", "user", "m");
	value_is(fixture, "pg", "password", "mp");
	assert_true(fixture->project.role_migration);
	load(fixture, "ELOQUENT_DB_ROLE=migration", variables[0], variables[1], variables[2], NULL);
	value_is(fixture, "pg", "user", "u");
	assert_true(connection(fixture, "pg")->role_credentials);
	load(fixture, variables[0], variables[1], variables[3], NULL);
	assert_true(connection(fixture, "pg")->role_credentials);
	load(fixture, variables[0], variables[1], NULL);
	assert_false(connection(fixture, "pg")->role_credentials);
}

static void the_role_chooses_among_role_specific_keys_of_the_ini(void **state)
{
	struct fixture *fixture = *state;

	put_ini(fixture,
		"[connection:x]\ndriver = d\nhost = h\nuser = u\nmigration.user = m\nruntime.user = r\n"
		"migration.sslmode = full\n");
	load(fixture, NULL);
	value_is(fixture, "x", "user", "r");
	value_is(fixture, "x", "sslmode", NULL);
	assert_true(connection(fixture, "x")->role_credentials);
	load(fixture, "ELOQUENT_DB_ROLE=migration", NULL);
	value_is(fixture, "x", "user", "m");
	value_is(fixture, "x", "sslmode", "full");
}

static void a_roles_password_takes_the_place_of_every_form_of_the_common_one(void **state)
{
	struct fixture *fixture = *state;

	put_ini(fixture, "[connection:x]\ndriver = d\nmigration.password = m\npassword_file = f\n");
	load(fixture, "ELOQUENT_DB_ROLE=migration", NULL);
	value_is(fixture, "x", "password", "m");
	value_is(fixture, "x", "password_file", NULL);
	load(fixture, NULL);
	value_is(fixture, "x", "password", NULL);
	value_is(fixture, "x", "password_file", in_folder(fixture, "f"));
}

static void a_roles_url_takes_the_place_of_the_common_parts(void **state)
{
	struct fixture *fixture = *state;

	put_ini(fixture, "[connection:x]\ndriver = d\nhost = h\nport = 1\nmigration.url = d://h\n");
	load(fixture, "ELOQUENT_DB_ROLE=migration", NULL);
	value_is(fixture, "x", "url", "d://h");
	value_is(fixture, "x", "host", NULL);
	value_is(fixture, "x", "port", NULL);
	load(fixture, NULL);
	value_is(fixture, "x", "url", NULL);
	value_is(fixture, "x", "host", "h");
}

static void two_spellings_that_disagree_are_an_error_that_names_both(void **state)
{
	struct fixture *fixture = *state;

	load(fixture, "PG_NAME=a", "PG_DB_NAME=b", NULL);
	refused(fixture, "PG_NAME", "PG_DB_NAME", NULL);
	load(fixture, "PG_NAME=a", "PG_DB_NAME=a", NULL);
	value_is(fixture, "pg", "database", "a");
	load(fixture, "PG_RUNTIME_DB_NAME=a", "PG_NAME=b", NULL);
	value_is(fixture, "pg", "database", "a");
}

/* ---- paths ---------------------------------------------------------------------- */

static void relative_paths_go_from_the_ini_or_from_where_the_variable_was_typed(void **state)
{
	struct fixture *fixture = *state;

	put_folder(fixture, "sub");
	put_ini(fixture, "[connection:a]\ndriver = d\npath = a.db\nssl_file = k\nother = o\n"
			 "[connection:b]\ndriver = d\npath = /b.db\n[connection:c]\ndriver = d\npath = "
			 ":memory:\n"
			 "[connection:d]\ndriver = d\npath =\n");
	put(fixture, ".env", "SQLITE_TEST_PATH=t.db\n");
	fixture->input.cwd = in_folder(fixture, "sub");
	load(fixture, "SQLITE_PATH=r.db", NULL);
	value_is(fixture, "a", "path", in_folder(fixture, "a.db"));
	value_is(fixture, "a", "ssl_file", in_folder(fixture, "k"));
	value_is(fixture, "a", "other", "o");
	value_is(fixture, "b", "path", "/b.db");
	value_is(fixture, "c", "path", ":memory:");
	value_is(fixture, "d", "path", "");
	value_is(fixture, "sqlite_test", "path", in_folder(fixture, "t.db"));
	value_is(fixture, "sqlite", "path", in_folder(fixture, "sub/r.db"));
}

static void without_an_ini_paths_of_dotenv_go_from_the_working_directory(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, ".env", "SQLITE_PATH=x.db\n");
	load(fixture, NULL);
	value_is(fixture, "sqlite", "path", in_folder(fixture, "x.db"));
}

/* ---- what is refused ------------------------------------------------------------ */

static void bad_connections_are_refused_with_file_and_line(void **state)
{
	static const char *const bad[][4] = {
		{"[connection:x]\n", ":1: ", "has no driver", "driver = "},
		{"[connection:x]\ndriver = Acme\n", ":2: ", "Acme", "a-z"},
		{"[connection:x]\ndriver =\n", ":2: ", "driver", "a-z"},
		{"[connection:X]\ndriver = d\n", ":1: ", "\"X\"", "a-z"},
		{"[connection:]\ndriver = d\n", ":1: ", "[connection:]", "a-z"},
		{"[connection:a-b]\ndriver = d\n", ":1: ", "a-b", "a-z"},
		{"[connection:a]\ndriver = d\nport = abc\n", ":3: ", "port", "abc"},
		{"[connection:a]\ndriver = d\nport = 0\n", ":3: ", "port", "65535"},
		{"[connection:a]\ndriver = d\nport = 65536\n", ":3: ", "port", "65535"},
		{"[connection:a]\ndriver = d\nport =\n", ":3: ", "port", "not a number"},
		{"[connection:a]\ndriver = d\nproduction = maybe\n", ":3: ", "production", "maybe"},
		{"[connection:a]\ndriver = d\nprodution = yes\n", ":3: ", "prodution",
		 "did you mean production?"},
		{"[connection:a]\ndriver = d\npruduktion = yes\n", ":3: ", "pruduktion",
		 "did you mean production?"},
		{"[connection:a]\ndriver = d\npaht = x\n", ":3: ", "paht", "did you mean path?"},
		{"[connection:a]\ndriver = d\npasword = x\n", ":3: ", "pasword",
		 "did you mean password?"},
		{"[connection:a]\ndirver = d\n", ":2: ", "dirver", "did you mean driver?"},
		{"[connection:a]\ndriver = d\nlock_timeout = soon\n", ":3: ", "lock_timeout", "soon"},
		{"[connection:a]\ndriver = d\nmigration.driver = e\n", ":3: ", "driver",
		 "cannot differ by role"},
		{"[connection:a]\ndriver = d\nadmin.user = e\n", ":3: ", "admin.user",
		 "migration or runtime"},
		{"[connection:a]\ndriver = d\nmigration. = e\n", ":3: ", "migration.", "role"},
		{"[connection:a]\ndriver = d\npassword_command = /bin/x\n", ":3: ", "password_command",
		 "JSON array"},
		{"[connection:a]\ndriver = d\npassword_file =\n", ":3: ", "password_file",
		 "empty path"},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		put_ini(fixture, bad[i][0]);
		load(fixture, NULL);
		refused(fixture, arena_printf(&fixture->arena, "eloquent.ini%s", bad[i][1]), bad[i][2],
			bad[i][3], NULL);
	}
}

static void keys_of_a_driver_that_only_resemble_ours_are_the_drivers(void **state)
{
	struct fixture *fixture = *state;

	put_ini(fixture, "[connection:a]\ndriver = d\nhosts = x\nrest = y\ndatabases = z\npat = "
			 "q\npasswords = p\n");
	load(fixture, NULL);
	value_is(fixture, "a", "hosts", "x");
	value_is(fixture, "a", "rest", "y");
	value_is(fixture, "a", "databases", "z");
	value_is(fixture, "a", "pat", "q");
}

static void a_bad_variable_is_an_error_that_names_it(void **state)
{
	struct fixture *fixture = *state;

	load(fixture, "PG_PORT=abc", NULL);
	refused(fixture, "PG_PORT", "abc", "not a number", NULL);
	load(fixture, "PG_PORT=", NULL);
	refused(fixture, "PG_PORT", "not a number", NULL);
	load(fixture, "DB_TEST_RUNTIME_PORT=99999", NULL);
	refused(fixture, "DB_TEST_RUNTIME_PORT", "65535", NULL);
	put(fixture, ".env", "\nDB_PORT=x\n");
	load(fixture, NULL);
	refused(fixture, ".env:2", "DB_PORT", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_section_makes_a_connection),
		CASE(our_own_keys_are_not_passed_to_the_driver),
		CASE(a_conventional_name_has_its_driver_and_family),
		CASE(connections_are_sorted_by_name),
		CASE(a_section_and_variables_make_one_connection),
		CASE(without_an_ini_only_a_variable_of_its_own_makes_a_connection),
		CASE(each_variable_feeds_its_setting),
		CASE(the_role_chooses_among_role_specific_variables),
		CASE(the_role_chooses_among_role_specific_keys_of_the_ini),
		CASE(a_roles_password_takes_the_place_of_every_form_of_the_common_one),
		CASE(a_roles_url_takes_the_place_of_the_common_parts),
		CASE(two_spellings_that_disagree_are_an_error_that_names_both),
		CASE(relative_paths_go_from_the_ini_or_from_where_the_variable_was_typed),
		CASE(without_an_ini_paths_of_dotenv_go_from_the_working_directory),
		CASE(bad_connections_are_refused_with_file_and_line),
		CASE(keys_of_a_driver_that_only_resemble_ours_are_the_drivers),
		CASE(a_bad_variable_is_an_error_that_names_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
