"""Migration files that are malformed or refused: each is exit 4 before anything is
sent, with file and line and what to do; nothing changes."""

import os

import pytest

from project import first_error

BAD = "20260104000000_bad"
FILE = f"database/migrations/sqlite/{BAD}.sql"

# (what it is, the file's bytes, where, words that the message must hold)
MALFORMED = [
    ("no up section", "CREATE TABLE x (y);\n", f"{BAD}.sql", ["migrate:up"]),
    ("two up sections", "-- migrate:up\nSELECT 1;\n-- migrate:up\nSELECT 2;\n", f"{BAD}.sql:3", ["migrate:up"]),
    ("two down sections", "-- migrate:up\nSELECT 1;\n-- migrate:down\n-- migrate:down\n", f"{BAD}.sql:4", ["migrate:down"]),
    ("only a down section", "-- migrate:down\nSELECT 1;\n", f"{BAD}.sql", ["migrate:up"]),
    ("statements before the first section", "CREATE TABLE x (y);\n-- migrate:up\n", f"{BAD}.sql:1", []),
    ("not UTF-8", b"-- migrate:up\nSELECT '\xff\xfe';\n", f"{BAD}.sql:2", ["UTF-8"]),
    ("a zero byte", b"-- migrate:up\nSELECT 'a\0b';\n", f"{BAD}.sql", []),
    ("empty", b"", f"{BAD}.sql", ["empty"]),
    ("blank", b"\n\n  \n", f"{BAD}.sql", []),
    ("an unknown option", "-- migrate:up transaktion:false\nSELECT 1;\n", f"{BAD}.sql:1", ["transaktion", "transaction"]),
    ("an option twice", "-- migrate:up timeout:1s timeout:2s\nSELECT 1;\n", f"{BAD}.sql:1", ["timeout"]),
    ("an option without a value", "-- migrate:up timeout\nSELECT 1;\n", f"{BAD}.sql:1", ["timeout"]),
    ("a bad boolean", "-- migrate:up transaction:perhaps\nSELECT 1;\n", f"{BAD}.sql:1", ["transaction", "perhaps"]),
    ("a bad duration", "-- migrate:up timeout:soon\nSELECT 1;\n", f"{BAD}.sql:1", ["timeout", "soon"]),
    ("a bad option of the driver", "-- migrate:up foreign_keys:perhaps\nSELECT 1;\n", f"{BAD}.sql:1", ["foreign_keys"]),
    ("an unknown directive", "-- migrate:sideways\n-- migrate:up\nSELECT 1;\n", f"{BAD}.sql:1", ["sideways"]),
    ("an unknown word of ours", "-- eloquent:destroy x\n-- migrate:up\nSELECT 1;\n", f"{BAD}.sql:1", ["destroy"]),
    ("a bad condition", "-- eloquent:only word=staging\n-- migrate:up\nSELECT 1;\n", f"{BAD}.sql:1", []),
    ("an unterminated string", "-- migrate:up\nSELECT 1;\nINSERT INTO x VALUES ('open);\n", f"{BAD}.sql:3", []),
    ("an unterminated identifier", "-- migrate:up\nSELECT 1;\nSELECT \"open;\n", f"{BAD}.sql:3", []),
    ("an unterminated comment", "-- migrate:up\nSELECT 1;\n/* open\n", f"{BAD}.sql:3", ["comment"]),
    ("an unterminated trigger", "-- migrate:up\nCREATE TRIGGER t AFTER INSERT ON users BEGIN\nSELECT 1;\n", f"{BAD}.sql:2", []),
    ("COMMIT in the middle", "-- migrate:up\nCREATE TABLE x (y);\nCOMMIT;\nCREATE TABLE z (y);\n", f"{BAD}.sql:3", ["statement 2", "transaction"]),
    ("END in the middle", "-- migrate:up\nCREATE TABLE x (y);\nEND TRANSACTION;\nCREATE TABLE z (y);\n", f"{BAD}.sql:3", []),
    ("BEGIN in the middle", "-- migrate:up\nCREATE TABLE x (y);\nbegin immediate;\n", f"{BAD}.sql:3", []),
    ("ROLLBACK in the middle", "-- migrate:up\nCREATE TABLE x (y);\n/**/ROLLBACK;\n", f"{BAD}.sql:3", ["transaction"]),
    ("a savepoint", "-- migrate:up\nSAVEPOINT a;\nCREATE TABLE x (y);\n", f"{BAD}.sql:2", []),
    ("a statement that needs to be outside a transaction", "-- migrate:up\nCREATE TABLE x (y);\nVACUUM;\n", f"{BAD}.sql:3", ["transaction:false"]),
    ("a command of the client", "-- migrate:up\n.tables\n", f"{BAD}.sql:2", []),
]


@pytest.mark.parametrize("text,place,words", [c[1:] for c in MALFORMED], ids=[c[0].replace(" ", "-") for c in MALFORMED])
def test_a_malformed_file_is_named_with_its_line_and_nothing_changes(applied, text, place, words):
    applied.write(FILE, text)
    for command in ("migrate:run", "migrate:validate"):
        applied.fails(4, command, names=[place, *words])
        assert applied.error_code(command, code=4) == "malformed"


def test_a_down_section_that_cannot_be_split_is_found_by_validate_and_by_the_rollback(applied):
    applied.migration(BAD, "CREATE TABLE x (y);", "DROP TABLE 'x;")
    applied.fails(4, "migrate:validate", names=[f"{BAD}.sql:5"])
    applied.must("migrate:run")
    applied.fails(4, "migrate:rollback", names=[f"{BAD}.sql:5"])


def test_what_is_not_closed_is_placed_by_the_files_own_line_and_by_no_other(applied):
    applied.write(FILE, "-- migrate:up\nSELECT 1;\n\n-- migrate:down\nSELECT 1;\nSELECT\n  'open;\n")
    error = first_error(applied.document("migrate:validate", code=4))
    assert error["line"] == 7
    assert f"{BAD}.sql:7: statement 2: a string or quoted name begins here and is not closed" in error["message"]
    assert "line" not in error["message"] + error["hint"]


def test_a_file_above_the_cap_is_refused_with_the_cap(applied):
    applied.write(FILE, b"-- migrate:up\n" + b"-- " + b"x" * (16 << 20) + b"\n")
    applied.fails(4, "migrate:run", names=[f"{BAD}.sql", "16"])


def test_the_cap_can_be_set_and_a_file_of_exactly_that_size_runs(applied):
    applied.ini.write_text(applied.ini.read_text().replace("[project]", "[project]\nmax_migration = 1KiB"))
    head = b"-- migrate:up\n-- "
    applied.write(FILE, head + b"x" * (1024 - len(head)))
    applied.must("migrate:run")
    applied.write("database/migrations/sqlite/20260105000000_more.sql", head + b"x" * (1025 - len(head)))
    applied.fails(4, "migrate:run", names=["20260105000000_more.sql"])


def test_a_statement_above_8_mib_is_refused_and_named(applied):
    applied.write(FILE, b"-- migrate:up\nSELECT 1;\nSELECT '" + b"x" * (8 << 20) + b"';\n")
    applied.fails(4, "migrate:run", names=[f"{BAD}.sql:3"])


def test_a_syntax_error_in_statement_7_of_9_names_file_line_statement_and_the_databases_words(applied):
    lines = [f"CREATE TABLE t{n} (x);" for n in range(1, 10)]
    lines[6] = "CREATE TABEL t7 (x);"
    applied.migration(BAD, "\n".join(lines))
    result = applied.must("migrate:run", code=1)
    result.names(f"{BAD}.sql:8", "statement 7 of 9", 'near "TABEL": syntax error')
    assert applied.tables() == ["posts", "users"]


def test_the_line_of_an_error_inside_a_long_statement_is_the_errors_own(applied):
    applied.migration(BAD, "CREATE TABLE x (\n  a,\n  b,\n  c nonsense ((,\n  d);")
    applied.must("migrate:run", code=1).names(f"{BAD}.sql:5")


@pytest.mark.parametrize("names", [("20260104000000_a", "20260104000000_b"), ("0020260104000000_a", "20260104000000_b")])
def test_two_files_of_one_version_are_refused_and_both_named(applied, names):
    for number, name in enumerate(names):
        applied.migration(name, f"CREATE TABLE x{number} (y);")
    applied.fails(4, "migrate:run", names=[f"{n}.sql" for n in names])
    assert applied.error_code("migrate:run", code=4) == "duplicate_version"


def test_a_folder_that_does_not_exist_is_named_with_a_remedy(project):
    project.fails(2, "migrate:run", names=["database/migrations/sqlite", "make:migration"])


def test_a_file_in_the_folders_place_is_named(project):
    project.write("database/migrations/sqlite", "no folder\n")
    result = project.run("migrate:run")
    assert result.code == 1, result
    result.names("database/migrations/sqlite")


@pytest.mark.not_root
def test_an_unreadable_file_is_named_with_a_remedy_and_nothing_runs(applied):
    applied.migration(BAD, "CREATE TABLE x (y);").chmod(0)
    applied.fails(4, "migrate:run", names=[f"{BAD}.sql", "right to read"])


@pytest.mark.not_root
def test_an_unreadable_folder_is_named_and_nothing_runs(blog):
    (blog.migrations / "sqlite").chmod(0)
    result = blog.run("migrate:run")
    (blog.migrations / "sqlite").chmod(0o755)
    assert result.code == 1, result
    result.names("migrations/sqlite")
    assert not blog.database.exists()


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), os.mkfifo, lambda path: path.symlink_to("gone.sql"),
                                  lambda path: path.symlink_to(path.name), lambda path: path.symlink_to("/dev/zero")],
                         ids=["folder", "pipe", "dangling-link", "looping-link", "device"])
def test_what_has_a_migrations_name_and_is_no_file_is_refused_with_a_remedy_and_never_waited_for(applied, make):
    make(applied.migrations / "sqlite" / f"{BAD}.sql")
    for command in ("migrate:run", "migrate:status", "migrate:validate"):
        applied.fails(4, command, names=[f"{BAD}.sql", "\n  "], timeout=10)
        assert applied.error_code(command, code=4) == "malformed"


def test_files_that_are_no_migrations_are_left_alone(applied):
    for name in ("README.md", ".hidden.sql", "notes.txt", "20260104000000_backup.sql~", "20260104000000_x.sql.orig"):
        applied.write(f"database/migrations/sqlite/{name}", "nonsense")
    assert "nothing" in applied.must("migrate:run").out


def test_a_migration_in_another_language_is_refused_and_not_passed_over(applied):
    applied.write("database/migrations/sqlite/20260104000000_x.json", '{"up": []}')
    for command in ("migrate:run", "migrate:status", "migrate:validate"):
        applied.fails(4, command, names=["20260104000000_x.json", "never run", ".sql"])


def test_a_file_that_changes_while_the_run_is_under_way_is_not_run(project):
    """The first migration holds the run long enough; the second is edited meanwhile."""
    project.migration("1_slow", "CREATE TABLE numbers (n);\nINSERT INTO numbers WITH RECURSIVE c(n) AS "
                      "(SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 3000000) SELECT n FROM c;")
    second = project.migration("2_edited", "CREATE TABLE two (x);")
    child = project.start("migrate:run")
    import time
    deadline = time.monotonic() + 20
    while not (project.database.parent / "app.sqlite-journal").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    second.write_text("-- migrate:up\nCREATE TABLE three (x);\n")
    out, err = child.communicate(timeout=60)
    assert child.returncode == 4, (out, err)
    assert b"2_edited" in err
    assert project.tables() == ["numbers"]
