"""The story that this program exists for: somebody runs a destructive command against
production by mistake. It is refused; and where it is meant, what it destroys is saved
first and comes back whole."""

import pytest

from backups import Backups, contents, make_production
from project import FULL, INI, PRODUCTION, first_error
from terminal import Terminal

DEVELOPER = {"APP_ENV": "development", "ELOQUENT_ALLOW_PROD_DESTRUCTIVE": "true", "ELOQUENT_DB_ROLE": "migration"}
FORCED = ["--force", "--yes"]


@pytest.fixture
def production(applied):
    """Stamped production, a thousand users, a folder for backups."""
    make_production(applied)
    applied.sql("INSERT INTO users (name) WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 1000) SELECT 'user ' || n FROM c")
    return applied


def restore(project, name):
    """In production a person at a terminal says so."""
    Terminal(project, "db:restore", name, *FORCED, env=FULL).sees("Type the name", "(app.sqlite) to go on: ").types("app.sqlite").done(0)


@pytest.mark.parametrize("env", [DEVELOPER, {}, {"APP_ENV": "test"}, {"APP_ENV": "staging", "ELOQUENT_ALLOW_PROD_DESTRUCTIVE": "true"}],
                         ids=["developer", "nothing", "test", "staging"])
@pytest.mark.parametrize("words", [["migrate:fresh"], ["migrate:reset"], ["migrate:rollback"], ["db:restore", "latest"]], ids=lambda w: w[0])
def test_a_shell_that_does_not_say_production_destroys_nothing(production, words, env):
    Backups(production, "backups").take(env=PRODUCTION)
    with production.untouched():
        result = production.must("--json", *words, *FORCED, code=3, env=env)
    assert first_error(result.document)["reasons"] == ["stamp_mismatch"]


def test_what_is_destroyed_on_purpose_comes_back_whole(production):
    backups = Backups(production, "backups")
    saved = contents(production)
    result = production.document("migrate:fresh", *FORCED, env=FULL)["connections"][0]["result"]
    assert result["backup"]["level"] == "restored" and result["backup"]["reason"] == "before migrate:fresh"
    assert production.value("SELECT count(*) FROM users") == 2, "the wipe really went through"
    restore(production, result["backup"]["id"])
    assert contents(production) == saved
    production.must("migrate:validate", env=PRODUCTION)
    backups.check_clean()


def test_latest_is_what_stood_before_the_accident(production):
    saved = contents(production)
    production.must("migrate:reset", "--all-migrations", *FORCED, env=FULL)
    assert "users" not in production.tables()
    restore(production, "latest")
    assert contents(production) == saved


@pytest.mark.preload
@pytest.mark.parametrize("words", [["migrate:fresh"], ["migrate:reset"], ["migrate:rollback"], ["migrate:redo"]], ids=lambda w: w[0])
def test_a_verified_backup_stands_before_the_first_byte_of_the_database_changes(production, words):
    """Killed where SQLite makes its journal for the first time: nothing was written yet."""
    backups = Backups(production, "backups")
    saved = contents(production)
    before = production.database.read_bytes()
    production.run(*words, *FORCED, env={**FULL, "FAIL_CALL": "change:1:kill", "FAIL_PATH": "app.sqlite-journal"}, preload="syscalls")
    assert production.database.read_bytes() == before
    name, = backups.ids("restored", env=PRODUCTION)
    assert contents(production, backups.unpacked(name)) == saved


def test_a_wipe_that_fails_leaves_the_rows_and_the_backup(production):
    """A virtual table whose module is missing stops the wipe."""
    production.sql("PRAGMA writable_schema = 1; INSERT INTO sqlite_schema VALUES ('table', 'v', 'v', 0, 'CREATE VIRTUAL TABLE v USING nomodule (a)')")
    saved = contents(production)
    production.must("migrate:fresh", *FORCED, env=FULL, code=1)
    assert contents(production) == saved
    assert len(Backups(production, "backups").ids("restored", env=PRODUCTION)) == 1


def test_where_no_backup_can_be_taken_nothing_is_destroyed(production):
    production.write("taken", "x")
    production.ini.write_text(INI + "\n[backup]\ndir = taken\n")
    with production.untouched():
        production.must("migrate:fresh", *FORCED, env=FULL, code=1).names("taken")


@pytest.mark.preload
def test_a_backup_that_cannot_be_verified_stops_the_command(production):
    """The scratch database cannot be written."""
    before = contents(production)
    production.must("migrate:fresh", *FORCED, code=1, preload="syscalls",
                    env={**FULL, "FAIL_CALL": "write:1+:ENOSPC", "FAIL_PATH": "/scratch-"}).names("is not verified")
    assert contents(production) == before


def test_a_fresh_backup_from_before_is_not_taken_for_the_one_that_is_needed_now(production):
    """Rows that came since the last backup are in the one that the command takes itself."""
    backups = Backups(production, "backups")
    backups.take(env=PRODUCTION)
    production.sql("INSERT INTO users (name) VALUES ('the newest')")
    saved = contents(production)
    production.must("migrate:fresh", *FORCED, env=FULL)
    newest = backups.ids("restored", env=PRODUCTION)[0]
    assert contents(production, backups.unpacked(newest)) == saved


def test_the_policy_can_say_that_no_backup_is_needed(production):
    production.ini.write_text(INI + "\n[guard]\nrequire_backup = no\n")
    with production.untouched():
        production.must("migrate:run", env=FULL)
        result = production.must("--json", "migrate:fresh", *FORCED, code=2, env=FULL)  # the stored policy is the stricter one
    assert first_error(result.document)["code"] == "config"
