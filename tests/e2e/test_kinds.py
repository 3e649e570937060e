"""Migrations of a special kind: without a transaction, repeatable, conditional."""

import contextlib
import sqlite3

import pytest

from project import first_error, row_states

USERS = "20260101000000_create_users"
POSTS = "20260102000000_create_posts"
FIRST = "20260103000000_first_users"


# ---- transaction:false -----------------------------------------------------------------------


def without_transaction(project, name, up, down=""):
    project.write(f"database/migrations/sqlite/{name}.sql",
                  f"-- migrate:up transaction:false\n{up}\n-- migrate:down transaction:false\n{down}\n")


def test_without_a_transaction_each_statement_is_recorded(project):
    without_transaction(project, "1_steps", "CREATE TABLE one (x);\nVACUUM;\nCREATE TABLE two (x);")
    project.must("migrate:run")
    assert project.tables() == ["one", "two"]
    assert project.events("event, statement") == [("started", None), ("statement", 1), ("statement", 2), ("applied", None)]


def test_without_a_transaction_what_ran_before_a_failure_stands_and_is_said(project):
    without_transaction(project, "1_steps", "CREATE TABLE one (x);\nINSERT INTO two VALUES (1);\nCREATE TABLE three (x);")
    result = project.must("migrate:run", code=1)
    assert project.tables() == ["one"]
    result.names("statement 2 of 3")
    assert row_states(project.document("migrate:status"))["1_steps"] == "partial"


def test_without_a_transaction_the_next_run_resumes_at_the_failed_statement(project):
    without_transaction(project, "1_steps", "CREATE TABLE one (x);\nINSERT INTO two VALUES (1);\nCREATE TABLE three (x);")
    project.must("migrate:run", code=1)
    project.sql("CREATE TABLE two (x);")
    project.must("migrate:run")
    assert project.tables() == ["one", "three", "two"]
    assert project.value("SELECT count(*) FROM two") == 1
    assert project.applied_names() == ["1_steps"]


def test_a_half_done_migration_whose_file_changed_does_not_resume(project):
    without_transaction(project, "1_steps", "CREATE TABLE one (x);\nINSERT INTO two VALUES (1);")
    project.must("migrate:run", code=1)
    without_transaction(project, "1_steps", "CREATE TABLE one (x);\nCREATE TABLE two (x);")
    project.fails(4, "migrate:run", names=["1_steps"])


def outcome_of_pragma(path, name, value, in_transaction):
    """What SQLite itself makes of it: rows or error, and what is set behind it."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        if in_transaction:
            connection.execute("BEGIN IMMEDIATE")
        try:
            said = connection.execute(f"PRAGMA {name} = {value}").fetchall()
        except sqlite3.OperationalError as problem:
            said = str(problem)
        if in_transaction:
            connection.execute("COMMIT")
        return said, connection.execute(f"PRAGMA {name}").fetchall()
    finally:
        connection.close()


def pragmas_that_a_transaction_changes(folder):
    """By experiment with the library that is installed; each with the value that shows it."""
    # What reaches the whole process is refused anyway; defer_foreign_keys ends with every transaction by its definition.
    left_out = {"hard_heap_limit", "soft_heap_limit", "temp_store_directory", "data_store_directory", "defer_foreign_keys"}
    with contextlib.closing(sqlite3.connect(":memory:")) as memory:
        names = {row[0] for row in memory.execute("PRAGMA pragma_list")} - left_out
    path = folder / "pragma.sqlite"
    found = {}
    for name in sorted(names):
        for value in ("0", "1", "2", "wal"):
            outcomes = []
            for in_transaction in (False, True):
                for file in folder.glob("pragma.sqlite*"):
                    file.unlink()
                with contextlib.closing(sqlite3.connect(path)) as fresh:
                    fresh.execute("CREATE TABLE t (x)")
                outcomes.append(outcome_of_pragma(path, name, value, in_transaction))
            if outcomes[0] != outcomes[1]:
                found[name] = value
    return found


def test_every_pragma_that_a_transaction_changes_is_kept_outside_of_one(project, tmp_path_factory):
    found = pragmas_that_a_transaction_changes(tmp_path_factory.mktemp("pragmas"))
    assert {"foreign_keys", "journal_mode", "synchronous"} <= found.keys()
    lines = [f"PRAGMA {name} = {value};" for name, value in sorted(found.items())]
    project.migration("1_pragmas", "\n".join(lines))
    error = first_error(project.document("migrate:run", code=4))
    assert [e["line"] for e in [error, *error.get("more", [])]] == [2 + n for n in range(len(lines))]
    without_transaction(project, "1_pragmas", "CREATE TABLE one (x);\n" + "\n".join(lines))
    project.must("migrate:run")


def test_a_statement_that_cannot_be_recorded_is_undone_and_runs_once(project):
    """A trigger on the history stands for the kill that no test can place."""
    project.migration("1_table", "CREATE TABLE one (x);")
    project.must("migrate:run")
    project.sql("CREATE TRIGGER full BEFORE INSERT ON eloquent_history WHEN new.event = 'statement' AND new.statement = 2 "
                "BEGIN SELECT RAISE(ABORT, 'no room'); END")
    without_transaction(project, "2_steps", "INSERT INTO one VALUES (1);\nINSERT INTO one VALUES (2);\nVACUUM;")
    result = project.must("migrate:run", code=1)
    result.names("2_steps.sql:3: statement 2 of 3 was undone: it could not be recorded", "no room", "1 of 3 statements")
    assert "may stand" not in result.err
    assert project.sql("SELECT x FROM one") == [[1]]
    project.sql("DROP TRIGGER full")
    project.must("migrate:run")
    assert project.sql("SELECT x FROM one") == [[1], [2]]


def test_attaching_a_file_that_is_not_there_fails_the_statement_and_creates_nothing(project):
    other = project.root / "database" / "other.sqlite"
    without_transaction(project, "1_attach", f"CREATE TABLE one (x);\nATTACH '{other}' AS other;\nCREATE TABLE other.two (x);")
    result = project.must("migrate:run", code=1)
    result.names("1_attach.sql:3: statement 2 of 3 failed", "unable to open database", str(other), "creates none", "1 of 3 statements")
    assert not other.exists()
    other.touch()
    project.must("migrate:run")
    assert project.applied_names() == ["1_attach"]
    assert project.tables(other) == ["two"]


# ---- repeatables and conditions --------------------------------------------------------------


def test_a_repeatable_runs_after_the_versioned_ones_and_again_when_it_changed(blog):
    view = blog.write("database/migrations/sqlite/R_names.sql", "-- migrate:up\nDROP VIEW IF EXISTS names;\nCREATE VIEW names AS SELECT name FROM users;\n")
    blog.must("migrate:run")
    assert blog.events()[-1] == ("applied", "R_names")
    blog.must("migrate:run")
    assert len(blog.events()) == 4
    view.write_text(view.read_text().replace("SELECT name", "SELECT upper(name) AS name"))
    assert row_states(blog.document("migrate:status"))["R_names"] == "stale"
    blog.must("migrate:run")
    assert blog.sql("SELECT name FROM names") == [["ANN"], ["BOB"]]


def test_a_repeatable_waits_until_nothing_versioned_is_pending_and_is_not_counted(blog):
    blog.write("database/migrations/sqlite/R_names.sql", "-- migrate:up\nDROP VIEW IF EXISTS names;\nCREATE VIEW names AS SELECT name FROM users;\n")
    blog.must("migrate:run", "--step", "1")
    assert blog.applied_names() == [USERS]
    blog.must("migrate:run", "--step", "2")
    assert blog.applied_names() == [USERS, POSTS, FIRST, "R_names"]


def test_a_repeatable_is_never_rolled_back_and_runs_again_after_a_reset(blog):
    blog.write("database/migrations/sqlite/R_names.sql", "-- migrate:up\nDROP VIEW IF EXISTS names;\nCREATE VIEW names AS SELECT 1 AS name;\n")
    blog.must("migrate:run")
    blog.must("migrate:reset", "--force")
    assert blog.sql("SELECT name FROM sqlite_schema WHERE type = 'view'") == [["names"]]
    blog.must("migrate:run")
    assert blog.events()[-1] == ("applied", "R_names")


@pytest.mark.parametrize("env,there", [({}, False), ({"APP_ENV": "staging"}, True), ({"APP_ENV": "Staging "}, True)])
def test_a_file_whose_condition_does_not_hold_is_treated_as_absent(project, env, there):
    project.write("database/migrations/sqlite/1_only.sql", "-- eloquent:only env=staging\n-- migrate:up\nCREATE TABLE only_staging (x);\n")
    project.migration("2_all", "CREATE TABLE everywhere (x);")
    project.must("migrate:run", env=env)
    assert project.tables() == (["everywhere", "only_staging"] if there else ["everywhere"])
