"""Which backups count, which are kept, and what a restore may not take away: the rules by which
a backup that looks right cannot do harm."""

import os
import shutil
import signal
import subprocess
import time

import pytest

from backups import FRESH, LATE, Backups, contents, flip, make_production
from project import FULL, INI, PRODUCTION, refused
from terminal import Terminal


@pytest.fixture
def project(backups):
    return backups.project


@pytest.fixture
def production(project):
    make_production(project)
    project.migration(LATE, "CREATE TABLE late (x);", "DROP TABLE late;")
    return project


@pytest.fixture
def kept(production):
    """Its backups, in the folder that it names."""
    return Backups(production, "backups")


def stamp(project):
    return project.value("SELECT value FROM eloquent_meta WHERE key = 'stamp.word'")


# ---- what a restore may not take away ------------------------------------------------------------


def test_a_backup_from_before_the_stamp_does_not_take_the_stamp_away(project, backups):
    saved, name = contents(project), backups.take()
    project.ini.write_text(INI + "\n[backup]\ndir = .eloquent/backups\n\n[guard]\nproduction = forbid\n")
    project.stamp("production", env=PRODUCTION)
    project.ini.write_text(INI + "\n[backup]\ndir = .eloquent/backups\n")
    project.sql("DELETE FROM users")
    terminal = Terminal(project, "db:restore", name, "--force", "--yes", env=FULL)
    terminal.sees(name, "Type the name of the database").types("app.sqlite")
    assert "the stamp production stays; the backup said development" in terminal.done(0)
    assert stamp(project) == "production" and contents(project) == saved
    assert "forbid" in project.value("SELECT value FROM eloquent_meta WHERE key = 'policy'")
    assert refused(project, "migrate:fresh", "--force", "--yes") == {"stamp_mismatch"}
    project.must("migrate:validate")


def test_a_stored_policy_that_is_stricter_than_the_backups_stays(project, backups):
    project.ini.write_text(INI + "\n[guard]\nrequire_backup = no\n")
    project.stamp("staging")
    name = backups.take()
    project.ini.write_text(INI + "\n[guard]\nbackup_max_age = 5m\n")
    project.stamp("staging")
    strict = project.value("SELECT value FROM eloquent_meta WHERE key = 'policy'")
    assert "the policy that db:stamp stored stays" in project.must("db:restore", name, "--force").out
    assert project.value("SELECT value FROM eloquent_meta WHERE key = 'policy'") == strict


def test_a_restore_that_is_tried_again_does_not_put_back_the_accident(project, backups):
    """The copy of what was there is newer than the backup, and verified."""
    project.ini.write_text(INI + "lock_timeout = 200ms\n")
    saved, first = contents(project), backups.take()
    project.sql("DELETE FROM users")
    writer = subprocess.Popen(["/usr/bin/sqlite3", project.database], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    writer.stdin.write(b"BEGIN; SELECT count(*) FROM users;\n")
    writer.stdin.flush()
    assert writer.stdout.readline() == b"0\n", "it reads, and keeps the database from being replaced"
    project.must("db:restore", "latest", "--force", code=5)
    writer.communicate(b"ROLLBACK;\n")
    assert backups.ids() == [first], "of what is there still, nobody needs a copy"
    for copies in (1, 2):
        assert project.document("db:restore", "latest", "--force")["connections"][0]["result"]["backup"]["id"] == first
        assert contents(project) == saved and len(backups.ids("restored")) == 1 + copies


def test_latest_is_of_this_database_also_when_another_lay_in_its_place(project, backups):
    own = backups.take()
    saved = contents(project)
    aside = project.database.with_name("aside.sqlite")
    project.database.rename(aside)
    project.must("migrate:run")
    other = backups.take()
    aside.rename(project.database)
    assert project.document("db:restore", "latest", "--force")["connections"][0]["result"]["backup"]["id"] == own
    assert contents(project) == saved and other in backups.ids("restored")


@pytest.mark.parametrize("damage", ["history", "folder"])
def test_neither_a_broken_history_nor_missing_files_keep_the_rows_from_coming_back(project, backups, damage):
    if damage == "history":
        project.sql("DELETE FROM eloquent_history WHERE sequence = (SELECT max(sequence) FROM eloquent_history)")
    saved, name = contents(project), backups.take()
    project.sql("DELETE FROM users")
    if damage == "folder":
        shutil.rmtree(project.root / "database/migrations")
    result = project.must("db:restore", name, "--force")
    assert contents(project) == saved
    assert ("does not say that it was restored" in result.err) == (damage == "history")


@pytest.mark.preload
def test_a_restore_whose_event_cannot_be_written_has_changed_nothing(project, backups):
    name = backups.take()
    project.sql("DELETE FROM users")
    for number in range(1, 60):
        before = project.fingerprint()
        result = project.run("db:restore", name, "--force", "--without-copy", preload="syscalls",
                             env={"FAIL_CALL": f"pwrite:{number}+:ENOSPC", "FAIL_PATH": "/scratch-"})
        if result.code == 0:
            break
        assert result.code == 1 and "nothing was changed" in result.err, result
        assert project.fingerprint() == before
    assert result.code == 0 and number > 2


@pytest.mark.parametrize("damage", ["missing", "header"])
def test_what_is_restored_in_production_is_production(project, backups, damage):
    """The backup is from before the stamp, and no database is left that could say so."""
    project.ini.write_text(INI + "\n[backup]\ndir = .eloquent/backups\n")
    saved, name = contents(project), backups.take()
    project.stamp("production", env=PRODUCTION)
    identity = project.value("SELECT value FROM eloquent_meta WHERE key = 'stamp.id'")
    if damage == "missing":
        project.database.unlink()
    else:
        project.database.write_bytes(os.urandom(4096) + project.database.read_bytes()[4096:])
    terminal = Terminal(project, "db:restore", name, "--force", "--yes", env=FULL)
    terminal.sees("Type the name of the database").types("app.sqlite").done(0)
    assert stamp(project) == "production" and contents(project) == saved
    assert project.value("SELECT value FROM eloquent_meta WHERE key = 'stamp.id'") == identity


def test_a_damaged_database_is_production_when_any_backup_of_it_is(production, kept):
    development = kept.take(env=PRODUCTION)
    production.sql("UPDATE eloquent_meta SET value = 'development' WHERE key = 'stamp.word'")
    older = kept.take()
    assert development != older
    production.database.write_bytes(os.urandom(4096) + production.database.read_bytes()[4096:])
    assert refused(production, "db:restore", older, "--force") == {"stamp_mismatch"}


@pytest.mark.parametrize("page", range(1, 9))
def test_a_restore_goes_over_a_database_whose_pages_are_damaged_whichever_they_are(project, backups, page):
    """Those of our own tables among them."""
    saved, name = contents(project), backups.take()
    with open(project.database, "r+b") as file:
        file.seek(4096 * page)
        file.write(os.urandom(4096))
    project.must("db:restore", name, "--force")
    assert contents(project) == saved and project.value("PRAGMA integrity_check") == "ok"


def test_a_signal_ends_a_restore_before_anything_is_replaced(project, backups):
    project.sql("CREATE TABLE large (x); INSERT INTO large WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c "
                "WHERE n < 600) SELECT randomblob(100000) FROM c")
    name = backups.take()
    project.sql("DELETE FROM users")
    lost = contents(project)
    child = project.start("db:restore", name, "--force")
    verifying(backups)
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=60)
    assert child.returncode == 130, err.decode()
    assert contents(project) == lost and backups.ids() == [name]
    backups.check_clean()


# ---- which backups count --------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["flipped", "cut", "gone"])
def test_the_record_in_the_database_does_not_speak_for_a_backup_that_is_known_to_be_bad(production, kept, how):
    name = kept.take(env=FRESH)
    if how == "flipped":
        flip(kept.dump(name), 0.5)
        production.must("db:backup:verify", name, code=1, env=FRESH)
    elif how == "cut":
        os.truncate(kept.dump(name), 100)
    else:
        kept.dump(name).unlink()
    assert refused(production, "migrate:run", env=FRESH) == {"backup"}


def test_a_shell_that_does_not_say_production_leaves_a_production_database_as_it_is(production, kept):
    before = production.database.read_bytes()
    name = kept.take()
    assert production.database.read_bytes() == before, "no record in it either"
    assert kept.ids("restored") == [name]
    shutil.rmtree(production.root / "backups")
    assert refused(production, "migrate:run", env=FRESH) == {"backup"}


def test_a_refusal_does_not_speak_of_another_databases_backup(production, kept):
    other = kept.take(env=FRESH)
    production.sql("UPDATE eloquent_meta SET value = '0123456789abcdef0123456789abcdef' WHERE key = 'stamp.id';"
                   "DELETE FROM eloquent_meta WHERE key = 'backup'")
    assert other not in production.must("migrate:run", code=3, env=FRESH).err


# ---- which are kept ---------------------------------------------------------------------------------


def test_backups_of_an_emptied_file_displace_none_that_hold_rows(project, backups):
    project.ini.write_text(INI + "\n[backup]\nkeep = 2\n")
    good = backups.take()
    os.truncate(project.database, 0)
    for _ in range(3):
        backups.take()
    assert good in backups.ids("restored")
    assert len(backups.ids()) == 3, "of the empty ones, two"


def test_copies_that_restores_made_displace_nothing(project, backups):
    project.ini.write_text(INI + "\n[backup]\nkeep = 3\n")
    good = [backups.take() for _ in range(3)]
    project.sql("DELETE FROM users")
    for _ in range(4):
        project.must("db:restore", good[0], "--force")
    backups.take()
    assert set(good[1:]) < set(backups.ids("restored"))


def test_a_dump_whose_manifest_is_missing_is_named_and_stays(project, backups):
    name = backups.take()
    manifest = backups.folder / f"{name}.json"
    aside = project.root.parent / "aside.json"
    manifest.rename(aside)
    project.must("db:backup").names(backups.dump(name).name, "has no manifest")
    assert backups.dump(name).exists() and name not in backups.ids()
    aside.rename(manifest)
    project.must("db:backup:verify", name)


@pytest.mark.preload
@pytest.mark.parametrize("number", range(1, 6))
def test_a_removal_that_is_cut_short_is_finished_by_the_next(project, backups, number):
    project.ini.write_text(INI + "\n[backup]\nkeep = 1\n")
    first = backups.take()
    project.run("db:backup", preload="syscalls", env={"FAIL_CALL": f"unlink:{number}:kill", "FAIL_PATH": first})
    for _ in range(2):
        backups.take()
    assert first not in backups.ids() and len(backups.ids()) == 1
    backups.check_clean()


def test_one_database_that_is_not_there_does_not_leave_the_others_without_a_backup(project, backups):
    project.configure(INI + "\n[connection:other]\ndriver = sqlite\npath = database/other.sqlite\n")
    result = project.must("db:backup", "--all-connections", code=4)
    result.names("other", "there is no database")
    assert len(backups.ids("restored")) == 1


# ---- stopped while it is verified ------------------------------------------------------------------


def verifying(backups):
    """Waits until a scratch database is being filled."""
    deadline = time.monotonic() + 20
    while not list((backups.root / ".work").glob("*/scratch-*")) and time.monotonic() < deadline:
        time.sleep(0.001)


def test_a_backup_that_is_interrupted_while_it_is_verified_is_removed_as_it_says(project, backups):
    earlier = backups.take()
    project.sql("CREATE TABLE large (x); INSERT INTO large WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c "
                "WHERE n < 600) SELECT randomblob(100000) FROM c")
    child = project.start("db:backup")
    verifying(backups)
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=60)
    assert child.returncode == 130, err.decode()
    assert backups.ids() == [earlier]
    backups.check_clean()


@pytest.mark.preload
def test_a_disk_that_is_full_while_a_backup_is_verified_is_left_as_it_was(project, backups):
    earlier = backups.take()
    project.must("db:backup", code=1, preload="syscalls", env={"FAIL_CALL": "write:1+:ENOSPC", "FAIL_PATH": "/scratch-"})
    assert backups.ids() == [earlier]
    backups.check_clean()
