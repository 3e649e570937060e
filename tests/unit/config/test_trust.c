/* Which INI may name programs, and passwords in files that others can see. */
#include "../skip.h"
#include "support.h"

static void a_file_of_ones_own_that_only_the_owner_writes_is_trusted(void **state)
{
	struct fixture *fixture = *state;
	static const mode_t modes[] = {0600, 0644, 0400, 0755};

	for (size_t i = 0; i < COUNT_OF(modes); i++) {
		const char *path = put_bytes(fixture, "x", "", 0, modes[i]);

		assert_int_equal(config_file_trusted(path, &fixture->error), STATUS_OK);
		unlink(path);
	}
}

static void a_file_that_others_write_is_not(void **state)
{
	struct fixture *fixture = *state;
	static const mode_t modes[] = {0620, 0602, 0664, 0666};

	for (size_t i = 0; i < COUNT_OF(modes); i++) {
		const char *path = put_bytes(fixture, "x", "", 0, modes[i]);

		assert_int_equal(config_file_trusted(path, &fixture->error), STATUS_CONFIG);
		assert_non_null(strstr(fixture->error.message,
				       arena_printf(&fixture->arena, "mode %04o", (unsigned)modes[i])));
		assert_non_null(strstr(fixture->error.message,
				       arena_printf(&fixture->arena, "(uid %u)", (unsigned)geteuid())));
		assert_string_equal(fixture->error.hint,
				    arena_printf(&fixture->arena, "run: chmod go-w %s", path));
	}
}

static void a_file_of_somebody_else_is_not(void **state)
{
	struct fixture *fixture = *state;
	const char *path = put_bytes(fixture, "x", "", 0, 0644);

	if (geteuid() != 0)
		SKIP_BECAUSE("only root gives a file to another owner");
	assert_int_equal(chown(path, 4711, 4711), 0);
	assert_int_equal(config_file_trusted(path, &fixture->error), STATUS_CONFIG);
	assert_non_null(strstr(fixture->error.message, "uid 4711"));
	assert_non_null(strstr(fixture->error.hint, "chown 0"));
}

static void a_file_that_is_not_there_is_an_error(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(config_file_trusted(in_folder(fixture, "nowhere"), &fixture->error),
			 STATUS_CONFIG);
	assert_non_null(strstr(fixture->error.message, "nowhere"));
}

static void keys_that_name_programs_count_only_in_a_trusted_ini(void **state)
{
	static const char *const texts[] = {
		"[plugin:acme]\nkind = driver\n",
		"[plugins]\ndir = /opt/plugins\n",
		"[hooks]\nnotify = [\"/bin/true\"]\n",
		"[hooks]\nbefore_migrate = [\"/bin/true\"]\n",
		"[backup]\ntools = /usr/bin\n",
		"[backup]\nafter_write = [\"/bin/true\"]\n",
		"[connection:a]\npassword_command = [\"/bin/true\"]\ndriver = d\n",
		"[connection:a]\nmigration.password_command = [\"/bin/true\"]\ndriver = d\n",
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		put_bytes(fixture, "eloquent.ini", texts[i], strlen(texts[i]), 0664);
		load(fixture, NULL);
		refused(fixture, "eloquent.ini:", "names a program", "0664", "chmod go-w", NULL);
		assert_true(fixture->error.line == 2 || strstr(texts[i], "plugin:") != NULL);
		put_bytes(fixture, "eloquent.ini", texts[i], strlen(texts[i]), 0644);
		load(fixture, NULL);
		must(fixture);
	}
}

static void without_such_keys_an_ini_may_be_written_by_a_group(void **state)
{
	struct fixture *fixture = *state;
	const char text[] = "[project]\nname = x\n[connection:a]\ndriver = d\nhost = "
			    "h\n[plugins]\nenable = driver/d\n";

	put_bytes(fixture, "eloquent.ini", text, strlen(text), 0664);
	load(fixture, NULL);
	must(fixture);
}

/* ---- passwords in files ------------------------------------------------------------- */

static void put_readable(struct fixture *fixture, const char *name, const char *text)
{
	put_bytes(fixture, name, text, strlen(text), 0644);
}

static void in_production_a_password_in_a_file_that_everybody_reads_is_an_error(void **state)
{
	static const char *const texts[] = {
		"[connection:a]\ndriver = d\npassword = hunter2hunter2\n",
		"[connection:a]\ndriver = d\nmigration.password = hunter2hunter2\n",
		"[connection:a]\ndriver = d\nurl = d://u:hunter2hunter2@h/d\n",
		"[connection:a]\ndriver = d\napi_token = hunter2:hunter2\n",
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		put_readable(fixture, "eloquent.ini", texts[i]);
		load(fixture, NULL);
		must(fixture);
		load(fixture, "APP_ENV=production", NULL);
		refused(fixture, "eloquent.ini:3: ", "0644", "chmod o-r", NULL);
		assert_null(strstr(fixture->error.message, "hunter2"));
		put(fixture, "eloquent.ini", texts[i]);
		load(fixture, "APP_ENV=production", NULL);
		must(fixture);
	}
}

static void what_holds_no_password_may_be_read_by_everybody(void **state)
{
	static const char *const texts[] = {
		"[connection:a]\ndriver = d\npassword = ${PASS}\n",
		"[connection:a]\ndriver = d\npassword_file = f\n",
		"[connection:a]\ndriver = d\nurl = d://u@h/d\n",
		"[connection:a]\ndriver = d\nurl = sqlite:x\n",
		"[connection:a]\ndriver = d\npassword =\n",
		"[connection:a]\ndriver = d\nuser = u\n",
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		put_readable(fixture, "eloquent.ini", texts[i]);
		load(fixture, "APP_ENV=production", "PASS=x", NULL);
		must(fixture);
	}
}

static void a_group_may_read_a_password(void **state)
{
	struct fixture *fixture = *state;
	const char text[] = "[connection:a]\ndriver = d\npassword = hunter2\n";

	put_bytes(fixture, "eloquent.ini", text, strlen(text), 0640);
	load(fixture, "APP_ENV=production", NULL);
	must(fixture);
	put_bytes(fixture, "eloquent.ini", text, strlen(text), 0604);
	load(fixture, "APP_ENV=production", NULL);
	refused(fixture, "0604", NULL);
}

static void a_production_connection_is_enough(void **state)
{
	struct fixture *fixture = *state;

	put_readable(fixture, "eloquent.ini",
		     "[connection:a]\ndriver = d\nproduction = yes\npassword = hunter2\n");
	load(fixture, NULL);
	refused(fixture, "eloquent.ini:4: ", NULL);
	put_readable(fixture, "eloquent.ini",
		     "[connection:a]\ndriver = d\nproduction = yes\n[connection:b]\ndriver = d\n"
		     "password = hunter2\n");
	load(fixture, NULL);
	must(fixture);
}

static void variables_of_a_readable_file_are_the_same(void **state)
{
	struct fixture *fixture = *state;

	put_readable(fixture, ".env", "APP_ENV=production\nPG_HOST=h\nPG_PASSWORD=hunter2\n");
	load(fixture, NULL);
	refused(fixture, ".env:3: ", "chmod o-r", NULL);
	put_readable(fixture, ".env", "APP_ENV=production\nDATABASE_URL=d://u:hunter2@h/d\n");
	load(fixture, NULL);
	refused(fixture, ".env:2: ", NULL);
	put_readable(fixture, ".env", "APP_ENV=production\nPG_HOST=h\nPG_USER=u\n");
	load(fixture, NULL);
	must(fixture);
}

/* An index of version 2 with one entry per path, as git writes it (hashes left zero). */
static void put_index(struct fixture *fixture, const char *const *paths, size_t count)
{
	TEXT_CLEANUP struct text text = {0};
	const char zeros[64] = {0};

	text_append(&text, "DIRC\0\0\0\2\0\0\0", 11);
	text_add_char(&text, (char)count);
	for (size_t i = 0; i < count; i++) {
		size_t start = text.size;

		text_append(&text, zeros, 60);
		text_add_char(&text, 0);
		text_add_char(&text, (char)strlen(paths[i]));
		text_append(&text, paths[i], strlen(paths[i]));
		do
			text_append(&text, zeros, 1);
		while ((text.size - start) % 8);
	}
	text_append(&text, zeros, 20);
	put_bytes(fixture, ".git/index", text.data, text.size, 0600);
}

static void in_production_a_password_in_a_file_that_git_tracks_is_an_error(void **state)
{
	static const char *const with[] = {".gitignore", "app/eloquent.ini", "zzz"};
	static const char *const without[] = {"app/eloquent.ini.sample", "eloquent.ini",
					      "other/app/eloquent.ini"};
	struct fixture *fixture = *state;

	put_folder(fixture, ".git");
	put_folder(fixture, "app");
	put(fixture, "app/eloquent.ini", "[connection:a]\ndriver = d\npassword = hunter2\n");
	fixture->input.cwd = in_folder(fixture, "app");
	put_index(fixture, with, COUNT_OF(with));
	load(fixture, "APP_ENV=production", NULL);
	refused(fixture, "eloquent.ini:3: ", "git tracks", "git rm --cached", NULL);
	load(fixture, NULL);
	must(fixture);
	put_index(fixture, without, COUNT_OF(without));
	load(fixture, "APP_ENV=production", NULL);
	must(fixture);
}

static void in_production_the_trails_key_is_readable_by_its_owner_only(void **state)
{
	struct fixture *fixture = *state;

	put_ini(fixture, "[connection:a]\ndriver = d\n[audit]\nkey_file = audit.key\n");
	put_bytes(fixture, "audit.key", "0123456789abcdef\n", 17, 0644);
	load(fixture, "APP_ENV=production", NULL);
	refused(fixture, "audit.key", "the audit trail's key", "chmod o-r", NULL);
	load(fixture, NULL);
	must(fixture);
	assert_string_equal(fixture->project.audit.key, "0123456789abcdef");
	put_bytes(fixture, "audit.key", "0123456789abcdef\n", 17, 0640);
	load(fixture, "APP_ENV=production", NULL);
	must(fixture);
	put_ini(fixture,
		"[connection:a]\ndriver = d\nproduction = yes\n[audit]\nkey_file = audit.key\n");
	put_bytes(fixture, "audit.key", "0123456789abcdef\n", 17, 0644);
	load(fixture, NULL);
	refused(fixture, "audit.key", "the audit trail's key", NULL);
}

static void a_key_of_the_trail_that_is_missing_or_short_is_refused(void **state)
{
	struct fixture *fixture = *state;

	put_ini(fixture, "[audit]\nkey_file = audit.key\n");
	load(fixture, NULL);
	refused(fixture, "eloquent.ini:2: key_file", "audit.key", "No such file", NULL);
	put(fixture, "audit.key", "0123456789abcde\n");
	load(fixture, NULL);
	refused(fixture, "eloquent.ini:2: key_file", "15 bytes", "openssl rand", NULL);
	put(fixture, "audit.key", "");
	load(fixture, NULL);
	refused(fixture, "0 bytes", NULL);
}

static void a_linked_work_tree_has_its_index_elsewhere(void **state)
{
	static const char *const with[] = {"eloquent.ini"};
	struct fixture *fixture = *state;

	put_folder(fixture, ".git");
	put_folder(fixture, "linked");
	put(fixture, "linked/eloquent.ini", "[connection:a]\ndriver = d\npassword = hunter2\n");
	fixture->input.cwd = in_folder(fixture, "linked");
	put_index(fixture, with, COUNT_OF(with));
	load(fixture, "APP_ENV=production", NULL);
	must(fixture);
	put(fixture, "linked/.git", "gitdir: ../.git\n");
	load(fixture, "APP_ENV=production", NULL);
	refused(fixture, "git tracks", NULL);
}

static bool is_warned_of(struct fixture *fixture, const char *text)
{
	size_t count = 0;
	const char *const *warnings = log_warnings(fixture->observer, &count);
	bool found = false;

	for (size_t i = 0; i < count; i++)
		found = found || strstr(warnings[i], text) != NULL;
	return found;
}

/* An index of one entry that fills it whole, and `tail` of `size` bytes behind it. */
static void put_index_with(struct fixture *fixture, const char *name, const char *tail, size_t size)
{
	TEXT_CLEANUP struct text text = {0};
	const char zeros[64] = {0};

	text_append(&text, "DIRC\0\0\0\4\0\0\0\1", 12);
	text_append(&text, zeros, 61);
	text_add_char(&text, (char)strlen(name));
	text_append(&text, zeros, 1); /* of the path before nothing goes */
	text_append(&text, name, strlen(name) + 1);
	text_append(&text, tail, size);
	text_append(&text, zeros, 20);
	put_bytes(fixture, ".git/index", text.data, text.size, 0600);
}

static void what_an_index_alone_cannot_tell_is_said_in_production_and_kept_for_doctor(void **state)
{
	static const struct {
		const char *tail;
		size_t size;
		const char *why; /* NULL: it can be told */
	} tails[] = {
		{"", 0, NULL},
		{"TREE\0\0\0\1x", 9, NULL},
		{"link\0\0\0\1x", 9, "its index is split"},
		{"TREE\0\0\0\1xlink\0\0\0\0", 17, "its index is split"},
		{"sdir\0\0\0\0", 8, "its index is sparse"},
		{"moon\0\0\0\0", 8, "of a later kind"},
		{"TREE\0\0\0\2x", 9, "cannot be understood"},
		{"TREE", 4, "cannot be understood"},
	};
	struct fixture *fixture = *state;

	put_folder(fixture, ".git");
	put(fixture, "eloquent.ini", "[connection:a]\ndriver = d\npassword = hunter2\n");
	for (size_t i = 0; i < COUNT_OF(tails); i++) {
		put_index_with(fixture, "other", tails[i].tail, tails[i].size);
		load(fixture, NULL);
		must(fixture);
		assert_int_equal(fixture->project.exposed.count, tails[i].why != NULL);
		if (!tails[i].why)
			continue;
		assert_true(fixture->project.exposed.items[0].advice);
		assert_non_null(strstr(fixture->project.exposed.items[0].danger, tails[i].why));
		assert_non_null(
			strstr(fixture->project.exposed.items[0].remedy, "ls-files --error-unmatch"));
		assert_false(is_warned_of(fixture, tails[i].why));
	}
	load(fixture, "APP_ENV=production", NULL);
	must(fixture);
	assert_true(is_warned_of(fixture, "eloquent.ini:3: a password stands here, in production, and "
					  "whether git tracks the file cannot be told: "));
}

static void what_a_split_index_names_itself_is_tracked(void **state)
{
	struct fixture *fixture = *state;

	put_folder(fixture, ".git");
	put(fixture, "eloquent.ini", "[connection:a]\ndriver = d\npassword = hunter2\n");
	put_index_with(fixture, "eloquent.ini", "link\0\0\0\0", 8);
	load(fixture, "APP_ENV=production", NULL);
	refused(fixture, "git tracks the file", NULL);
}

static void a_broken_index_says_nothing_about_any_file(void **state)
{
	static const struct {
		const char *data;
		size_t size;
	} broken[] = {
		{"", 0},
		{"DIRC", 4},
		{"DIRC\0\0\0\2\xff\xff\xff\xff", 12},
		{"DIRC\0\0\0\2\0\0\0\1aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		 "aaaaa",
		 82},
		{"DIRC\0\0\0\4\0\0\0\1", 12},
		{"nonsense that is long enough for a header", 41},
	};
	struct fixture *fixture = *state;

	put_folder(fixture, ".git");
	put(fixture, "eloquent.ini", "[connection:a]\ndriver = d\npassword = hunter2\n");
	for (size_t i = 0; i < COUNT_OF(broken); i++) {
		put_bytes(fixture, ".git/index", broken[i].data, broken[i].size, 0600);
		load(fixture, "APP_ENV=production", NULL);
		must(fixture);
		assert_int_equal(fixture->project.exposed.count, 1);
		assert_true(fixture->project.exposed.items[0].advice);
	}
	assert_true(is_warned_of(fixture, "cannot be understood"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_file_of_ones_own_that_only_the_owner_writes_is_trusted),
		CASE(a_file_that_others_write_is_not),
		CASE(a_file_of_somebody_else_is_not),
		CASE(a_file_that_is_not_there_is_an_error),
		CASE(keys_that_name_programs_count_only_in_a_trusted_ini),
		CASE(without_such_keys_an_ini_may_be_written_by_a_group),
		CASE(in_production_a_password_in_a_file_that_everybody_reads_is_an_error),
		CASE(what_holds_no_password_may_be_read_by_everybody),
		CASE(a_group_may_read_a_password),
		CASE(a_production_connection_is_enough),
		CASE(variables_of_a_readable_file_are_the_same),
		CASE(in_production_a_password_in_a_file_that_git_tracks_is_an_error),
		CASE(in_production_the_trails_key_is_readable_by_its_owner_only),
		CASE(a_key_of_the_trail_that_is_missing_or_short_is_refused),
		CASE(a_linked_work_tree_has_its_index_elsewhere),
		CASE(what_an_index_alone_cannot_tell_is_said_in_production_and_kept_for_doctor),
		CASE(what_a_split_index_names_itself_is_tracked),
		CASE(a_broken_index_says_nothing_about_any_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
