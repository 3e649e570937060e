/* Where the INI is found, what each plain key comes to, and what bad input gets. */
#include "support.h"

static void the_ini_of_the_nearest_folder_upwards_counts(void **state)
{
	struct fixture *fixture = *state;

	put_folder(fixture, "a");
	put_folder(fixture, "a/b");
	put_ini(fixture, "[project]\nname = outer\n");
	fixture->input.cwd = in_folder(fixture, "a/b");
	load(fixture, NULL);
	must(fixture);
	assert_string_equal(fixture->project.name, "outer");
	assert_string_equal(fixture->project.root, fixture->folder);
	assert_string_equal(fixture->project.ini, in_folder(fixture, "eloquent.ini"));
	put(fixture, "a/eloquent.ini", "[project]\nname = inner\n");
	load(fixture, NULL);
	must(fixture);
	assert_string_equal(fixture->project.name, "inner");
	assert_string_equal(fixture->project.root, in_folder(fixture, "a"));
}

static void config_names_another_ini(void **state)
{
	struct fixture *fixture = *state;

	put_folder(fixture, "sub");
	put(fixture, "sub/other.ini", "[project]\nname = other\n");
	put(fixture, "sub/.env", "ELOQUENT_ACTOR=beside-the-ini\n");
	put(fixture, ".env", "ELOQUENT_ACTOR=wrong\n");
	fixture->input.config = "sub/other.ini";
	load(fixture, NULL);
	must(fixture);
	assert_string_equal(fixture->project.name, "other");
	assert_string_equal(fixture->project.root, in_folder(fixture, "sub"));
	assert_string_equal(fixture->project.actor, "beside-the-ini");
	fixture->input.config = "";
	load(fixture, NULL);
	refused(fixture, "--config", NULL);
}

static void without_an_ini_the_working_directory_is_the_root(void **state)
{
	struct fixture *fixture = *state;

	load(fixture, NULL);
	must(fixture);
	assert_null(fixture->project.ini);
	assert_string_equal(fixture->project.root, fixture->folder);
	assert_string_equal(fixture->project.name, path_name(fixture->folder));
	assert_int_equal(fixture->project.connection_count, 0);
	assert_null(fixture->project.default_connection);
	assert_string_equal(project_connection_names(&fixture->project, &fixture->arena),
			    "known: none, because no connection is configured");
}

static void what_cannot_be_read_as_an_ini_is_an_error_that_names_it(void **state)
{
	struct fixture *fixture = *state;

	fixture->input.config = "nowhere.ini";
	load(fixture, NULL);
	refused(fixture, "nowhere.ini", "No such file", "eloquent init", NULL);
	fixture->input.config = NULL;
	put_folder(fixture, "eloquent.ini");
	load(fixture, NULL);
	refused(fixture, "eloquent.ini", "not a regular file", NULL);
	rmdir(in_folder(fixture, "eloquent.ini"));
	assert_int_equal(symlink("nowhere", in_folder(fixture, "eloquent.ini")), 0);
	load(fixture, NULL);
	refused(fixture, "eloquent.ini", "No such file", NULL);
}

static void an_unreadable_ini_is_an_error_that_names_it(void **state)
{
	struct fixture *fixture = *state;

	put_bytes(fixture, "eloquent.ini", "", 0, 0);
	if (geteuid() == 0) { /* who reads everything: look with another user's eyes */
		assert_int_equal(chmod(fixture->folder, 0755), 0);
		assert_int_equal(seteuid(12345), 0);
	}
	load(fixture, NULL);
	assert_int_equal(seteuid(getuid()), 0);
	refused(fixture, "eloquent.ini", "Permission denied", NULL);
}

static void an_ini_above_its_cap_is_refused(void **state)
{
	struct fixture *fixture = *state;
	char *large = arena_alloc(&fixture->arena, (1 << 20) + 2);

	memset(large, '\n', (1 << 20) + 1);
	put_ini(fixture, large);
	load(fixture, NULL);
	refused(fixture, "eloquent.ini", "1048576", NULL);
}

static void a_zero_byte_in_the_ini_is_an_error_with_its_line(void **state)
{
	struct fixture *fixture = *state;

	put_bytes(fixture, "eloquent.ini", "[guard]\nproduc\0tion = x\n", 24, 0600);
	load(fixture, NULL);
	refused(fixture, "eloquent.ini:2: ", "zero byte", NULL);
}

static void plain_keys_have_the_defaults_of_the_table(void **state)
{
	struct fixture *fixture = *state;

	load(fixture, NULL);
	must(fixture);
	assert_string_equal(fixture->project.migrations, in_folder(fixture, "database/migrations"));
	assert_int_equal(fixture->project.max_migration, 16 << 20);
	assert_string_equal(fixture->project.plugin_dir, "/usr/lib/eloquent/plugins");
	assert_false(fixture->project.enable_set);
	assert_string_equal(fixture->project.audit.path, in_folder(fixture, ".eloquent/audit.jsonl"));
	assert_true(fixture->project.audit.enabled);
	assert_int_equal(fixture->project.log_level, LOG_INFO);
	assert_int_equal(fixture->project.log_format, LOG_TEXT);
	assert_false(fixture->project.allow_destructive);
	assert_false(fixture->project.role_migration);
	assert_string_equal(fixture->project.actor, process_user(fixture));
}

static void plain_keys_are_read_from_the_ini(void **state)
{
	struct fixture *fixture = *state;

	put_ini(fixture, "[project]\nname = my project\nmigrations = db\nmax_migration = "
			 "1MiB\n[audit]\npath = a.log\n"
			 "[cache]\nqa = memory\n[backup]\nkeep = 3\n");
	load(fixture, NULL);
	must(fixture);
	assert_string_equal(fixture->project.name, "my project");
	assert_string_equal(fixture->project.migrations, in_folder(fixture, "db"));
	assert_int_equal(fixture->project.max_migration, 1 << 20);
	assert_string_equal(fixture->project.audit.path, in_folder(fixture, "a.log"));
	assert_string_equal(resolved(fixture, "cache.qa")->value, "memory");
	assert_string_equal(resolved(fixture, "backup.keep")->value, "3");
}

static void the_sample_of_every_section_is_accepted(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, "k", "0123456789abcdef\n");
	put_ini(fixture,
		"[project]\nname = blog\ndefault = sqlite\nmigrations = database/migrations     ; a "
		"folder\nmodels = models\n"
		"factories = database/factories\nseeds = database/seeds\nmax_migration = 16MiB\n"
		"[plugins]\ndir = /usr/lib/eloquent/plugins\nenable = driver/sqlite cache/file\n"
		"[plugin:acme]\nkind = driver\npath = /opt/acme/elq_driver_acme.so\n"
		"[connection:sqlite]\n"
		"[connection:pg]\ndriver = postgres\nhost = 127.0.0.1\nport = 5432\ndatabase = "
		"blog\nuser = blog_runtime\n"
		"password_file = /run/secrets/pg_runtime\nmigration.user = blog_migrator\n"
		"migration.password = ${PG_MIGRATOR_PASSWORD}\nproduction = yes\nhistory_schema = "
		"public\n"
		"lock_timeout = 5s\nsslmode = verify-full\n"
		"[connection:pg_test]\ndriver = postgres\nurl = postgres://tester@127.0.0.1/blog_test\n"
		"[guard]\nproduction = contract\nrequire_backup = yes\nbackup_max_age = "
		"1h\nrequire_rehearsal = no\n"
		"require_plan = no\nrequire_ci = no\ndestructive_statements = block\napprovers = a b\n"
		"[backup]\ndir = /var/backups/eloquent\nkeep = 10\ncompress = zstd:3\ngate = restored\n"
		"scratch = pg_scratch\ntools = /usr/lib/postgresql/15/bin\nrecipients =\n"
		"after_write = [\"/usr/local/bin/upload\"]\n"
		"[audit]\npath = .eloquent/audit.jsonl\nmax_size = 1MiB\nkey_file = k\n"
		"[cache]\nprefix = eloquent:blog\ndevelopment = memory\nstaging = file\nproduction = "
		"redis file memory\n"
		"[hooks]\nmaintenance_on = [\"/usr/local/bin/maintenance\", \"on\"]\nnotify = "
		"[\"/bin/true\"]\n");
	load(fixture, NULL);
	must(fixture);
	assert_int_equal(fixture->project.connection_count, 3);
	assert_int_equal(fixture->project.plugin_count, 1);
}

static void rules_that_are_not_enforced_yet_are_said_to_be_so(void **state)
{
	struct fixture *fixture = *state;

	put_ini(fixture,
		"[guard]\nrequire_plan = no\nrequire_ci = yes\n[hooks]\nnotify = [\"/bin/true\"]\n");
	load(fixture, NULL);
	must(fixture);
	assert_true(warned(fixture, "[guard] require_ci (line 3), [hooks] notify (line 5)"));
	assert_false(warned(fixture, "require_plan"));
}

static void every_key_that_is_not_built_yet_is_said_to_be_so_when_it_is_set(void **state)
{
	struct fixture *fixture = *state;
	TEXT_CLEANUP struct text ini = {0};

	for (size_t i = 0; i < config_key_count; i++) {
		const struct key *key = &config_keys[i];
		const char *value = key->type == KEY_ARGUMENTS ? "[\"/bin/true\"]"
				    : key->type == KEY_BOOL    ? "yes"
				    : key->choices             ? strrchr(key->choices, ' ') + 1
							       : "/elsewhere";

		if (!(key->flags & KEY_LATER))
			continue;
		text_clear(&ini);
		text_printf(&ini, "[%s%s]\n%s = %s\n", key->section,
			    text_ends(key->section, ":") ? "sqlite" : "", key->name, value);
		put_ini(fixture, text_string(&ini));
		load(fixture, NULL);
		must(fixture);
		assert_true(warned(fixture, arena_printf(&fixture->project.arena, "] %s (line 2) yet",
							 key->name)));
	}
}

static void a_key_that_promises_sealed_backups_is_refused(void **state)
{
	struct fixture *fixture = *state;

	put_ini(fixture, "[backup]\nrecipients = age1xyz\n");
	load(fixture, NULL);
	refused(fixture, "eloquent.ini:2: [backup] recipients is not built yet", NULL);
}

static void bad_input_is_refused_with_file_line_and_remedy(void **state)
{
	static const char *const bad[][4] = {
		{"[gaurd]\n", ":1: ", "[gaurd]", "did you mean [guard]?"},
		{"[conection:pg]\n", ":1: ", "[conection:pg]", "did you mean [connection:pg]?"},
		{"[connection]\n", ":1: ", "[connection]", "did you mean [connection:NAME]?"},
		{"[plugin]\n", ":1: ", "[plugin]", "did you mean [plugin"},
		{"[guard:x]\n", ":1: ", "[guard:x]", "sections:"},
		{"[zzz]\n", ":1: ", "[zzz]", "sections:"},
		{"[guard]\nrequire_bakup = yes\n", ":2: ", "require_bakup",
		 "did you mean require_backup?"},
		{"[guard]\nzzz = yes\n", ":2: ", "zzz", "docs/configuration.md"},
		{"[project]\nNAME = x\n", ":2: ", "NAME", "docs/configuration.md"},
		{"[cache]\nprefx = x\n", ":2: ", "prefx", "did you mean prefix?"},
		{"[cache]\nProduction = x\n", ":2: ", "Production", "cache"},
		{"[guard]\nrequire_backup = maybe\n", ":2: ", "require_backup = \"maybe\"",
		 "yes or no"},
		{"[guard]\nrequire_backup =\n", ":2: ", "require_backup", "yes or no"},
		{"[guard]\nbackup_max_age = soon\n", ":2: ", "backup_max_age = \"soon\"", "1h"},
		{"[guard]\nbackup_max_age = 0\n", ":2: ", "backup_max_age", "out of range"},
		{"[guard]\nbackup_max_age = -1h\n", ":2: ", "backup_max_age", "not a duration"},
		{"[guard]\nproduction = perhaps\n", ":2: ", "production = \"perhaps\"",
		 "contract or forbid"},
		{"[backup]\nkeep = many\n", ":2: ", "keep = \"many\"", "digits"},
		{"[backup]\nkeep = 0\n", ":2: ", "keep", "out of range"},
		{"[backup]\nkeep = 99999999999999999999\n", ":2: ", "keep", "not a number"},
		{"[project]\nmax_migration = 16 MB\n", ":2: ", "max_migration", "16MiB"},
		{"[project]\nmax_migration = 0\n", ":2: ", "max_migration", "out of range"},
		{"[project]\nmax_migration = 1GiB\n", ":2: ", "max_migration", "out of range"},
		{"[project]\nmigrations =\n", ":2: ", "migrations", "empty path"},
		{"[plugins]\ndir = plugins\n", ":2: ", "dir = \"plugins\"", "begin it with /"},
		{"[plugins]\nenable = sqlite\n", ":2: ", "\"sqlite\"", "driver/sqlite"},
		{"[plugins]\nenable = engine/x\n", ":2: ", "\"engine/x\"", "kind"},
		{"[plugins]\nenable = driver/../x\n", ":2: ", "driver/../x", "kind"},
		{"[plugin:acme]\npath = /x\n", ":1: ", "no kind", "kind = driver"},
		{"[plugin:acme]\nkind = engine\n", ":2: ", "engine", "driver, seeder or cache"},
		{"[plugin:acme]\nkind = driver\npath = x.so\n", ":3: ", "path", "begin it with /"},
		{"[plugin:acme]\nkind = driver\nsha256 = abc\n", ":3: ", "sha256", "64 hex"},
		{"[plugin:Acme]\nkind = driver\n", ":1: ", "Acme", "a-z"},
		{"[plugin:acme]\nkind = driver\nfile = x\n", ":3: ", "file", "there is no key"},
		{"[hooks]\nnotify = /bin/true\n", ":2: ", "notify", "JSON array"},
		{"[hooks]\nnotify = []\n", ":2: ", "notify", "JSON array"},
		{"[hooks]\nnotify = [\"/bin/true\", 1]\n", ":2: ", "notify", "JSON array"},
		{"[hooks]\nnotify = [\"\"]\n", ":2: ", "notify", "JSON array"},
		{"[guard]\nproduction = contract\nproduction = forbid\n", ":3: ", "twice", "line 2"},
		{"[guard]\nproduction = contract\n  require_plan = no\n", ":3: ", "blank", "continued"},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		put_ini(fixture, bad[i][0]);
		load(fixture, NULL);
		refused(fixture, arena_printf(&fixture->arena, "eloquent.ini%s", bad[i][1]), bad[i][2],
			bad[i][3], NULL);
		assert_string_equal(fixture->error.file, in_folder(fixture, "eloquent.ini"));
		assert_true(fixture->error.line > 0);
		if (!fixture->error.hint)
			fail_msg("no remedy: %s", fixture->error.message);
	}
}

static void a_long_wrong_value_is_shown_shortened_and_in_whole_characters(void **state)
{
	struct fixture *fixture = *state;
	TEXT_CLEANUP struct text text = {0};

	text_add(&text, "[guard]\nproduction = x");
	for (int i = 0; i < 100; i++)
		text_add(&text, "\xc3\xbc");
	put_ini(fixture, text_string(&text));
	load(fixture, NULL);
	refused(fixture, "...", NULL);
	assert_true(utf8_valid(fixture->error.message, strlen(fixture->error.message), NULL));
	assert_true(strlen(fixture->error.message) < 250);
}

/* ---- plugins -------------------------------------------------------------------------- */

static void plugin_sections_are_read(void **state)
{
	struct fixture *fixture = *state;
	const char hash[] = "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef";

	put_ini(fixture,
		arena_printf(&fixture->arena,
			     "[plugins]\ndir = /opt/plugins\nenable = driver/sqlite  cache/file\n"
			     "[plugin:acme]\nkind = driver\npath = /opt/acme.so\nsha256 = "
			     "%s\n[plugin:other]\n"
			     "kind = cache\n",
			     hash));
	load(fixture, NULL);
	must(fixture);
	assert_string_equal(fixture->project.plugin_dir, "/opt/plugins");
	assert_true(fixture->project.enable_set);
	assert_int_equal(fixture->project.enable_count, 2);
	assert_string_equal(fixture->project.enable[1], "cache/file");
	assert_int_equal(fixture->project.plugin_count, 2);
	assert_string_equal(fixture->project.plugins[0].name, "acme");
	assert_string_equal(fixture->project.plugins[0].kind, "driver");
	assert_string_equal(fixture->project.plugins[0].path, "/opt/acme.so");
	assert_string_equal(fixture->project.plugins[0].sha256,
			    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
	assert_int_equal(fixture->project.plugins[0].origin.line, 4);
	assert_null(fixture->project.plugins[1].path);
}

static void an_empty_enable_lets_nothing_load(void **state)
{
	struct fixture *fixture = *state;

	put_ini(fixture, "[plugins]\nenable =\n");
	load(fixture, NULL);
	must(fixture);
	assert_true(fixture->project.enable_set);
	assert_int_equal(fixture->project.enable_count, 0);
}

/* ---- audit -------------------------------------------------------------------------------- */

static void the_audit_path_goes_from_where_it_was_written(void **state)
{
	struct fixture *fixture = *state;

	put_folder(fixture, "sub");
	put_ini(fixture, "[audit]\npath = ini.log\n");
	fixture->input.cwd = in_folder(fixture, "sub");
	load(fixture, NULL);
	must(fixture);
	assert_string_equal(fixture->project.audit.path, in_folder(fixture, "ini.log"));
	load(fixture, "ELOQUENT_AUDIT_PATH=env.log", NULL);
	must(fixture);
	assert_string_equal(fixture->project.audit.path, in_folder(fixture, "sub/env.log"));
	put(fixture, ".env", "ELOQUENT_AUDIT_PATH=dotenv.log\n");
	load(fixture, NULL);
	must(fixture);
	assert_string_equal(fixture->project.audit.path, in_folder(fixture, "dotenv.log"));
	load(fixture, "ELOQUENT_AUDIT_PATH=", NULL);
	refused(fixture, "ELOQUENT_AUDIT_PATH", "empty path", NULL);
}

static void the_audit_trail_cannot_be_off_in_production(void **state)
{
	struct fixture *fixture = *state;

	load(fixture, "ELOQUENT_AUDIT_ENABLED=no", NULL);
	must(fixture);
	assert_false(fixture->project.audit.enabled);
	load(fixture, "APP_ENV=production", "ELOQUENT_AUDIT_ENABLED=no", NULL);
	refused(fixture, "ELOQUENT_AUDIT_ENABLED", "APP_ENV", NULL);
	load(fixture, "NODE_ENV=production", "ELOQUENT_AUDIT_ENABLED=0", NULL);
	refused(fixture, "ELOQUENT_AUDIT_ENABLED", "NODE_ENV", NULL);
	put_ini(fixture, "[connection:a]\ndriver = d\nproduction = yes\n");
	load(fixture, "ELOQUENT_AUDIT_ENABLED=off", NULL);
	refused(fixture, "ELOQUENT_AUDIT_ENABLED", "[connection:a]", NULL);
	load(fixture, "APP_ENV=production", "ELOQUENT_AUDIT_ENABLED=yes", NULL);
	must(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_ini_of_the_nearest_folder_upwards_counts),
		CASE(config_names_another_ini),
		CASE(without_an_ini_the_working_directory_is_the_root),
		CASE(what_cannot_be_read_as_an_ini_is_an_error_that_names_it),
		CASE(an_unreadable_ini_is_an_error_that_names_it),
		CASE(an_ini_above_its_cap_is_refused),
		CASE(a_zero_byte_in_the_ini_is_an_error_with_its_line),
		CASE(plain_keys_have_the_defaults_of_the_table),
		CASE(plain_keys_are_read_from_the_ini),
		CASE(the_sample_of_every_section_is_accepted),
		CASE(rules_that_are_not_enforced_yet_are_said_to_be_so),
		CASE(every_key_that_is_not_built_yet_is_said_to_be_so_when_it_is_set),
		CASE(a_key_that_promises_sealed_backups_is_refused),
		CASE(bad_input_is_refused_with_file_line_and_remedy),
		CASE(a_long_wrong_value_is_shown_shortened_and_in_whole_characters),
		CASE(plugin_sections_are_read),
		CASE(an_empty_enable_lets_nothing_load),
		CASE(the_audit_path_goes_from_where_it_was_written),
		CASE(the_audit_trail_cannot_be_off_in_production),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
