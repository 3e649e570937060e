"""eloquent.ini, .env and the environment: what counts, and what bad input gets."""

import os

import pytest

from project import INI, first_error

TWIN = "\n[connection:sqlite_test]\ndriver = sqlite\npath = {path}\n"


def line_of(text, needle):
    return next(n for n, line in enumerate(text.split("\n"), 1) if needle in line)


# ---- the INI itself -----------------------------------------------------------------


def test_a_missing_ini_that_was_asked_for_is_an_error_that_names_it(project):
    project.fails(2, "migrate:status", "--config", "nowhere.ini", names=["nowhere.ini"])


@pytest.mark.not_root
def test_an_unreadable_ini_is_an_error_that_names_it(project):
    project.ini.chmod(0)
    project.fails(2, "migrate:status", names=["eloquent.ini"])
    project.ini.chmod(0o644)


def test_a_folder_in_the_inis_place_is_an_error_that_names_it(bare):
    bare.ini.mkdir()
    bare.fails(2, "migrate:status", "--config", "eloquent.ini", names=["eloquent.ini"])


def test_without_any_ini_or_variable_the_error_says_how_to_begin(bare):
    result = bare.fails(2, "migrate:status")
    assert "eloquent init" in result.err and "eloquent.ini" in result.err


BAD_LINES = [
    ("an unknown key names the nearest known one", "[guard]\nrequire_bakup = yes\n", "require_bakup", ["require_bakup", "require_backup"]),
    ("an unknown section names the nearest known one", "[gaurd]\nproduction = contract\n", "[gaurd]", ["gaurd", "guard"]),
    ("an unknown key of a connection names the nearest known one", "[connection:more]\ndriver = sqlite\npaht = x.sqlite\n", "paht", ["paht", "path"]),
    ("a boolean that is none names the word", "[guard]\nrequire_backup = maybe\n", "maybe", ["require_backup", "maybe"]),
    ("a duration that is none names the word", "[guard]\nbackup_max_age = soon\n", "soon", ["backup_max_age", "soon"]),
    ("a number that is none names the word", "[backup]\nkeep = many\n", "many", ["keep", "many"]),
    ("a choice that is none names the word", "[guard]\nproduction = perhaps\n", "perhaps", ["production", "perhaps"]),
    ("a key twice names the key", "[guard]\nrequire_backup = yes\nrequire_backup = no\n", "require_backup = no", ["require_backup"]),
    ("an indented key is no continuation but an error", "[guard]\nrequire_backup = yes\n  production = contract\n", "  production", []),
    ("a section twice is an error", "[project]\nseeds = x\n", None, ["project"]),
    ("a key without = is an error", "[guard]\nrequire_backup\n", "require_backup", ["require_backup"]),
    ("an empty section name is an error", "[]\n", "[]", []),
    ("an unclosed section is an error", "[guard\n", "[guard", []),
    ("a line above 64 KiB is an error with its number", "[backup]\ndir = " + "x" * 65537 + "\n", "dir = x", ["64"]),
    ("a name above 49 bytes is an error", "[guard]\n" + "k" * 50 + " = 1\n", "kkk", []),
    ("a connection name that is none is an error", "[connection:Bad-Name]\ndriver = sqlite\npath = x\n", "Bad-Name", ["Bad-Name"]),
]


@pytest.mark.parametrize("text,needle,names", [case[1:] for case in BAD_LINES], ids=[case[0].replace(" ", "-") for case in BAD_LINES])
def test_a_bad_line_is_an_error_with_file_line_and_remedy(bare, text, needle, names):
    whole = INI + "\n" + text
    bare.configure(whole)
    place = f"eloquent.ini:{line_of(whole, needle)}" if needle else "eloquent.ini:"
    if needle is None:
        place = f"eloquent.ini:{len(INI.splitlines()) + 2}"
    bare.fails(2, "migrate:status", names=[place, *names])


def test_a_zero_byte_in_the_ini_is_an_error(bare):
    bare.configure(INI)
    bare.ini.write_bytes(INI.encode() + b"[guard]\nproduc\0tion = contract\n")
    bare.fails(2, "migrate:status", names=["eloquent.ini:"])


def test_recipients_that_no_backup_can_be_sealed_for_yet_are_refused(applied):
    applied.ini.write_text(applied.ini.read_text() + "\n[backup]\nrecipients = age1example\n")
    with applied.untouched():
        applied.fails(2, "db:backup", names=["[backup] recipients is not built yet", "take the line away"])


@pytest.mark.parametrize("line", ["gate = restored-daily", "scratch = other", 'after_write = ["/bin/true"]'])
def test_a_key_of_a_later_version_is_a_warning(applied, line):
    applied.ini.write_text(applied.ini.read_text() + f"\n[backup]\n{line}\n")
    assert f"this version does not act on [backup] {line.split()[0]} (line" in applied.must("db:backup").err


def test_a_byte_order_mark_and_dos_line_ends_are_read(bare):
    bare.configure(INI)
    bare.ini.write_bytes(b"\xef\xbb\xbf" + INI.replace("\n", "\r\n").encode())
    bare.add_blog()
    bare.must("migrate:run")
    assert bare.tables() == ["posts", "users"]


def test_a_value_of_64_kib_arrives_whole(bare):
    """It is a path that no file system takes, and the error repeats it."""
    path = "/" + "x" * (65536 - 16) + "/the-last-bytes"
    assert len(path) == 65536
    bare.configure(INI, more=f"\n[audit]\npath = {path}\n")
    error = first_error(bare.document("db:stamp", "staging", code=3))
    assert error["code"] == "audit_unwritable"
    assert path in error["message"]


def test_comments_and_quotes_are_the_readers(bare):
    bare.configure("""\
; a comment
[project]
name = blog   ; behind a value
default = sqlite
# another
[connection:sqlite]
driver = sqlite
path = "database/semi;colon.sqlite"
""")
    bare.add_blog()
    bare.must("migrate:run")
    assert bare.tables(bare.root / "database/semi;colon.sqlite") == ["posts", "users"]


# ---- where things lie -------------------------------------------------------------------


def test_the_ini_of_the_nearest_parent_is_found_and_paths_are_relative_to_it(applied):
    deep = applied.root / "src" / "deep"
    deep.mkdir(parents=True)
    assert applied.document("migrate:status", cwd=deep)["connections"][0]["result"]["applied"] == 3


def test_a_path_in_the_real_environment_is_relative_to_the_working_directory(applied):
    (applied.root / "sub").mkdir()
    applied.must("migrate:run", cwd=applied.root / "sub", env={"SQLITE_PATH": "here.sqlite"})
    assert applied.tables(applied.root / "sub/here.sqlite") == ["posts", "users"]


def test_a_path_in_dotenv_is_relative_to_the_inis_folder(blog):
    (blog.root / "sub").mkdir()
    blog.write(".env", "SQLITE_PATH=database/from-dotenv.sqlite\n", mode=0o600)
    blog.must("migrate:run", cwd=blog.root / "sub")
    assert blog.tables(blog.root / "database/from-dotenv.sqlite") == ["posts", "users"]


def test_the_environment_wins_over_dotenv_and_dotenv_over_the_ini(blog):
    blog.write(".env", "SQLITE_PATH=database/dotenv.sqlite\n", mode=0o600)
    blog.must("migrate:run", env={"SQLITE_PATH": "database/real.sqlite"})
    assert (blog.root / "database/real.sqlite").exists()
    assert not (blog.root / "database/dotenv.sqlite").exists()
    assert not blog.database.exists()


def test_dotenv_is_not_read_when_the_real_environment_says_production(blog):
    blog.write(".env", "SQLITE_PATH=database/dotenv.sqlite\n", mode=0o600)
    blog.must("migrate:run", env={"APP_ENV": "production"})
    assert blog.database.exists()
    assert not (blog.root / "database/dotenv.sqlite").exists()


def test_an_env_file_is_read_when_it_is_named(blog):
    blog.write(".env.production", "SQLITE_PATH=database/named.sqlite\n", mode=0o600)
    blog.must("migrate:run", "--env-file", ".env.production")
    assert (blog.root / "database/named.sqlite").exists()


def test_a_missing_env_file_is_an_error_that_names_it(blog):
    blog.fails(2, "migrate:run", "--env-file", "nowhere.env", names=["nowhere.env"])


@pytest.mark.parametrize("line", ["no equals sign", "1BAD=x", "X='unterminated"])
def test_a_bad_line_of_dotenv_is_an_error_with_file_and_line(blog, line):
    blog.write(".env", f"GOOD=1\n{line}\n", mode=0o600)
    blog.fails(2, "migrate:status", names=[".env:2"])


def test_without_an_ini_a_connection_comes_from_its_own_variable(bare):
    bare.migration("20260101000000_a", "CREATE TABLE a (b);")
    bare.must("migrate:run", "--sqlite", env={"SQLITE_PATH": "lone.sqlite"})
    assert bare.tables(bare.root / "lone.sqlite") == ["a"]


def test_database_url_is_the_default_connections_endpoint(blog):
    blog.must("migrate:run", env={"DATABASE_URL": "sqlite:database/by-url.sqlite"})
    assert blog.tables(blog.root / "database/by-url.sqlite") == ["posts", "users"]


def test_database_url_beside_another_endpoint_variable_is_an_error_that_names_both(blog):
    blog.fails(2, "migrate:run", names=["DATABASE_URL", "SQLITE_PATH"],
               env={"DATABASE_URL": "sqlite:a.sqlite", "SQLITE_PATH": "b.sqlite"})


def test_a_database_url_that_no_installed_driver_takes_is_an_error_and_the_configured_database_is_left_alone(blog):
    url = {"DATABASE_URL": "postgres://me:hunter22@db.example/blog"}
    result = blog.fails(2, "migrate:run", names=["DATABASE_URL", "postgres", "sqlite"], env=url)
    assert "hunter22" not in result.err
    assert not blog.database.exists()


def test_a_database_url_of_another_installed_driver_is_a_warning(blog):
    folder = blog.root.parent / "plugins"
    folder.mkdir(mode=0o755)
    for file in (blog.installation.plugins / "elq_driver_sqlite.so", blog.installation.zoo / "elq_driver_puppet.so"):
        (folder / file.name).write_bytes(file.read_bytes())
        (folder / file.name).chmod(0o644)
    blog.configure(more=f"\n[plugins]\ndir = {folder}\n")
    blog.must("migrate:run", env={"DATABASE_URL": "puppet://h/d"}).names("DATABASE_URL is not used")
    assert blog.tables() == ["posts", "users"]


def test_a_database_url_that_nobody_takes_is_no_matter_where_its_connection_is_not_chosen(blog):
    blog.configure(more="\n[connection:other]\ndriver = sqlite\npath = database/other.sqlite\n")
    blog.migration("1_x", "CREATE TABLE x (y);", connection="other")
    blog.must("migrate:run", "-c", "other", env={"DATABASE_URL": "postgres://h/d"})


@pytest.mark.parametrize("form", ["sqlite:{p}", "sqlite://{p}", "sqlite3:{p}"])
def test_the_forms_of_a_sqlite_url(blog, form):
    path = blog.root / "database" / "url.sqlite"
    blog.must("migrate:run", env={"DATABASE_URL": form.format(p=path)})
    assert blog.tables(path) == ["posts", "users"]


# ---- the environment's words --------------------------------------------------------------


@pytest.mark.parametrize("variable,value", [("ELOQUENT_DB_ROLE", "admin"), ("ELOQUENT_ALLOW_PROD_DESTRUCTIVE", "maybe"),
                                            ("APP_ENV", "pro duction"), ("APP_ENV", "Bühne"), ("APP_ENV", ""), ("APP_ENV", "  "), ("ELOQUENT_LOG_LEVEL", "loud"),
                                            ("ELOQUENT_LOG_FORMAT", "xml"), ("ELOQUENT_AUDIT_ENABLED", "perhaps")])
def test_a_bad_word_in_a_variable_is_an_error_that_names_the_variable(blog, variable, value):
    blog.fails(2, "migrate:status", env={variable: value}, names=[variable])


def test_a_variable_and_its_file_form_together_are_an_error_that_names_both(blog):
    blog.write("secret", "database/x.sqlite\n", mode=0o600)
    blog.fails(2, "migrate:status", env={"MONGO_URI": "mongodb://h/d", "MONGO_URI_FILE": str(blog.root / "secret")},
               names=["MONGO_URI", "MONGO_URI_FILE"])


def test_a_missing_variable_in_the_ini_is_an_error_that_names_it(bare):
    bare.configure(INI.replace("database/app.sqlite", "${NO_SUCH_VARIABLE}"))
    bare.fails(2, "migrate:status", names=["eloquent.ini:7", "NO_SUCH_VARIABLE"])


def test_a_variable_in_the_ini_is_filled_in_once_and_two_dollars_are_one(bare):
    bare.configure(INI.replace("database/app.sqlite", "database/${NAME}-$$.sqlite"))
    bare.add_blog()
    bare.must("migrate:run", env={"NAME": "${NAME}"})
    assert (bare.root / "database/${NAME}-$.sqlite").exists()


def test_an_audit_trail_cannot_be_switched_off_in_production(blog):
    blog.fails(2, "migrate:status", env={"APP_ENV": "production", "ELOQUENT_AUDIT_ENABLED": "no"},
               names=["ELOQUENT_AUDIT_ENABLED"])


# ---- choosing connections --------------------------------------------------------------------


def test_an_unknown_connection_is_an_error_that_lists_the_known_ones(project):
    project.fails(2, "migrate:status", "-c", "nobody", names=["nobody", "sqlite"])


def test_an_unknown_default_connection_in_a_variable_is_an_error(project):
    project.fails(2, "migrate:status", env={"DB_CONNECTION": "nobody"}, names=["nobody"])


def test_all_connections_with_a_named_one_is_an_error(project):
    project.fails(2, "migrate:status", "--all-connections", "-c", "sqlite", names=["--all-connections", "sqlite"])


def test_all_connections_leaves_test_twins_out(bare):
    bare.configure(INI, more="\n[connection:other]\ndriver = sqlite\npath = database/other.sqlite\n"
                   + TWIN.format(path="database/test.sqlite"))
    bare.add_blog()
    bare.migration("20260101000000_o", "CREATE TABLE o (p);", connection="other")
    document = bare.document("migrate:run", "--all-connections")
    assert [c["name"] for c in document["connections"]] == ["other", "sqlite"]
    assert not (bare.root / "database/test.sqlite").exists()


def test_test_without_a_twin_is_an_error_that_says_how_to_add_one(project):
    project.fails(2, "migrate:status", "--test", names=["sqlite", "sqlite_test"])


def test_the_key_test_names_a_twin(bare):
    bare.configure(INI + "test = scratch\n", more="\n[connection:scratch]\ndriver = sqlite\npath = database/scratch.sqlite\n")
    bare.add_blog()
    bare.must("migrate:run", "--test")
    assert bare.tables(bare.root / "database/scratch.sqlite") == ["posts", "users"]


@pytest.mark.parametrize("path", ["database/app.sqlite", "database/../database/app.sqlite", "database/link.sqlite", "./database/app.sqlite"])
def test_a_twin_that_is_the_applications_database_is_refused_before_anything_is_written(bare, path):
    """By name at once (exit 2), by identity after opening (exit 3)."""
    bare.configure(INI, more=TWIN.format(path=path))
    bare.add_blog()
    bare.must("migrate:run")
    if "link" in path:
        os.symlink("app.sqlite", bare.root / path)
    bare.migration("20260104000000_more", "CREATE TABLE more (x);")
    expected = (2,) if path == "database/app.sqlite" else (2, 3)
    with bare.untouched():
        result = bare.run("migrate:run", "--test")
    assert result.code in expected, result
    result.names("sqlite_test", "sqlite")
    assert bare.tables() == ["posts", "users"]


def test_a_hard_linked_twin_is_refused(bare):
    bare.configure(INI, more=TWIN.format(path="database/hard.sqlite"))
    bare.add_blog()
    bare.must("migrate:run")
    os.link(bare.database, bare.root / "database/hard.sqlite")
    with bare.untouched():
        bare.fails(6, "migrate:run", "--test", names=["hard links"])


def test_a_test_value_never_falls_back_to_the_applications_database(bare):
    bare.configure("[project]\nname = x\n")
    bare.migration("20260101000000_a", "CREATE TABLE a (b);")
    bare.fails(2, "migrate:run", "--sqlite", "--test", env={"SQLITE_PATH": "app.sqlite"})
    bare.must("migrate:run", "--sqlite", "--test", env={"SQLITE_PATH": "app.sqlite", "SQLITE_TEST_PATH": "test.sqlite"})
    assert bare.tables(bare.root / "test.sqlite") == ["a"]
    assert not (bare.root / "app.sqlite").exists()


# ---- trust --------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666])
def test_a_plugin_section_counts_only_in_an_ini_that_others_cannot_write(bare, mode):
    bare.configure(INI, more="\n[plugin:acme]\nkind = driver\npath = /opt/acme/elq_driver_acme.so\n")
    bare.ini.chmod(mode)
    result = bare.fails(2, "migrate:status", names=["eloquent.ini", f"{mode:o}"])
    assert "chmod" in result.err


# ---- init --------------------------------------------------------------------------------------------


def test_init_writes_a_project_that_runs(bare):
    bare.must("init")
    assert bare.ini.is_file()
    bare.must("make:migration", "create_users", "--sql")
    document = bare.document("migrate:run")
    assert len(document["connections"][0]["result"]["applied"]) == 1


def test_the_line_of_init_for_backups_says_where_they_lie_once_it_counts(bare):
    bare.must("init")
    written = bare.ini.read_text()
    line = "; dir = /var/backups/NAME\n"
    assert written.split("[backup]\n")[1].endswith(line)
    production = {"APP_ENV": "production"}
    bare.must("db:stamp", "production", env=production)
    bare.fails(2, "db:backup", env=production, names=["[backup] dir"])
    bare.ini.write_text(written.replace(line, f"dir = {bare.root.parent / 'backups'}\n"))
    bare.must("db:backup", env=production)
    assert list((bare.root.parent / "backups").rglob("*.json"))


def test_init_leaves_what_exists_alone_and_says_so(bare):
    bare.write("eloquent.ini", "[project]\nname = mine\n")
    bare.write(".gitignore", "mine\n")
    result = bare.must("init")
    assert bare.ini.read_text() == "[project]\nname = mine\n"
    assert (bare.root / ".gitignore").read_text().startswith("mine\n")
    assert "eloquent.ini" in result.out


def test_init_twice_changes_nothing(bare):
    bare.must("init")
    with bare.untouched():
        bare.must("init")


@pytest.mark.not_root
def test_init_in_a_read_only_folder_is_an_error_that_names_the_file(bare):
    bare.root.chmod(0o555)
    result = bare.run("init")
    bare.root.chmod(0o755)
    assert result.code == 1, result
    result.names("eloquent.ini")
    assert list(bare.root.iterdir()) == []
