"""db:restore on real databases: rows come back, what was there is kept, damaged and missing
files are no obstacle. That a killed restore leaves the live database whole is the soak
`backup`'s; here is a sample."""

import os
import sqlite3

import pytest

from backups import LATE, contents, late
from terminal import Terminal


@pytest.fixture
def project(backups):
    """Three migrations applied, two users; no backup yet."""
    return backups.project


def test_a_restore_brings_back_every_row_and_keeps_what_was_there(project, backups):
    saved, name = contents(project), backups.take()
    project.sql("DELETE FROM users; INSERT INTO posts VALUES (7, 7); CREATE TABLE extra (x)")
    lost = contents(project)
    result = project.document("db:restore", name, "--force")["connections"][0]["result"]
    assert contents(project) == saved
    assert result["copy"]["pinned"] and result["copy"]["level"] == "restored"
    project.must("migrate:validate")
    project.must("migrate:status", "--exit-code")
    project.must("db:restore", result["copy"]["id"], "--force")
    assert contents(project) == lost
    backups.check_clean()


def test_the_history_goes_on_from_the_backup_and_says_so(project, backups):
    name = backups.take()
    late(project)
    project.must("migrate:run")
    project.must("db:restore", name, "--force")
    assert [e for e, _ in project.events()][-2:] == ["applied", "restored"]
    assert LATE not in project.applied_names()
    assert name in project.sql("SELECT detail FROM eloquent_history WHERE event = 'restored'")[0][0]
    project.must("migrate:run")
    project.must("migrate:validate")
    assert LATE in project.applied_names()


def test_a_restore_is_on_record_before_and_after(project, backups):
    project.must("db:restore", backups.take(), "--force")
    last = [(r["command"], r["class"], r["phase"]) for r in project.audit_records()][-2:]
    assert last == [("db:restore", "recovery", "intent"), ("db:restore", "recovery", "outcome")]
    project.check_audit_chain()


def garbage(path):
    with open(path, "r+b") as file:
        file.write(os.urandom(2000))


def corrupt_page(path):
    """Between the header and the end: found only when the page is read."""
    with open(path, "r+b") as file:
        file.seek(4096 * 4)
        file.write(b"\xaa" * 4096 * 40)


def cut(path):
    os.truncate(path, 3000)


def emptied(path):
    os.truncate(path, 0)


@pytest.mark.parametrize("damage", [garbage, corrupt_page, cut, emptied, os.unlink], ids=lambda d: d.__name__)
def test_a_restore_goes_over_a_damaged_or_missing_file(project, backups, damage):
    project.sql("CREATE TABLE filler (x); INSERT INTO filler WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c "
                "WHERE n < 3000) SELECT hex(randomblob(40)) FROM c; CREATE INDEX filler_x ON filler (x)")
    saved, name = contents(project), backups.take()
    damage(project.database)
    wrecked = project.database.read_bytes() if project.database.exists() else None
    result = project.document("db:restore", name, "--force")["connections"][0]["result"]
    assert contents(project) == saved
    assert project.value("PRAGMA integrity_check") == "ok"
    project.must("migrate:validate")
    if wrecked is not None and damage is not emptied:
        assert result["copy"]["level"] == "raw" and result["copy"]["pinned"]
        assert len(backups.unpacked(result["copy"]["id"]).read_bytes()) == len(wrecked) or damage is cut
        project.fails(4, "db:restore", result["copy"]["id"], "--force", names=["cannot be restored"])
    backups.check_clean()


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077], ids=oct)
def test_a_database_that_was_gone_comes_back_for_its_owner_alone(project, backups, mask):
    saved, name = contents(project), backups.take()
    project.database.unlink()
    before = os.umask(mask)
    try:
        project.must("db:restore", name, "--force")
    finally:
        os.umask(before)
    assert project.database.stat().st_mode & 0o777 == 0o600
    assert contents(project) == saved


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664], ids=oct)
def test_a_database_that_is_there_keeps_its_mode(project, backups, mode):
    name = backups.take()
    project.database.chmod(mode)
    project.must("db:restore", name, "--force")
    assert project.database.stat().st_mode & 0o777 == mode


@pytest.mark.parametrize("damage", [garbage, corrupt_page, cut], ids=lambda d: d.__name__)
def test_of_a_damaged_database_the_bytes_are_kept_and_it_is_no_success(project, backups, damage):
    project.sql("CREATE TABLE filler (x); INSERT INTO filler WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c "
                "WHERE n < 3000) SELECT hex(randomblob(40)) FROM c; CREATE INDEX filler_x ON filler (x)")
    damage(project.database)
    project.must("db:backup", code=1).names("damaged", "no verified backup")
    assert backups.ids("raw") == backups.ids()


def with_a_log(project, page_size):
    """A database whose last change stands in its log alone, and whose first page is damaged; kept open."""
    owner = sqlite3.connect(project.database)
    owner.executescript(f"PRAGMA journal_mode = DELETE; PRAGMA page_size = {page_size}; VACUUM; PRAGMA journal_mode = WAL;"
                        "CREATE TABLE kept (x); INSERT INTO kept VALUES ('old'); PRAGMA wal_checkpoint(TRUNCATE);")
    owner.execute("UPDATE kept SET x = 'new'")
    owner.commit()
    with open(project.database, "r+b") as file:
        file.write(b"\xaa" * 1000)
    return owner


def as_a_reader_sees_it(database, log):
    """The frames of the log put over the pages, by SQLite's file format."""
    pages, frames = bytearray(database), log[32:]
    size = int.from_bytes(log[8:12], "big")
    assert frames and len(frames) % (24 + size) == 0
    for at in range(0, len(frames), 24 + size):
        number = int.from_bytes(frames[at:at + 4], "big")
        pages[(number - 1) * size:number * size] = frames[at + 24:at + 24 + size]
    return bytes(pages)


@pytest.mark.parametrize("page_size", [512, 4096, 65536])
@pytest.mark.parametrize("torn", [b"", b"\x00" * 100], ids=["whole", "torn"])
def test_the_bytes_of_a_damaged_database_hold_what_its_log_holds(project, backups, page_size, torn):
    owner = with_a_log(project, page_size)
    log = project.database.with_name("app.sqlite-wal")
    database, frames = project.database.read_bytes(), log.read_bytes()
    log.write_bytes(frames + torn)
    project.must("db:backup", code=1).names("damaged", "no verified backup")
    name, = backups.ids("raw")
    kept = backups.unpacked(name).read_bytes()
    assert kept == as_a_reader_sees_it(database, frames) and b"new" in kept and b"new" not in database
    assert (project.database.read_bytes(), log.read_bytes()) == (database, frames + torn), "it only reads"
    backups.check_clean()
    owner.close()


def test_a_restore_over_a_damaged_database_keeps_what_its_log_holds(project, backups):
    name, saved = backups.take(), contents(project)
    owner = with_a_log(project, 4096)
    expected = as_a_reader_sees_it(project.database.read_bytes(), project.database.with_name("app.sqlite-wal").read_bytes())
    copy = project.document("db:restore", name, "--force")["connections"][0]["result"]["copy"]
    owner.close()
    assert copy["level"] == "raw" and backups.unpacked(copy["id"]).read_bytes() == expected
    assert contents(project) == saved


@pytest.mark.preload
def test_a_log_that_cannot_be_kept_stops_the_restore_of_a_damaged_database(project, backups):
    name = backups.take()
    owner = with_a_log(project, 4096)
    sick = {"preload": "syscalls", "env": {"FAIL_CALL": "read:1+:EIO", "FAIL_PATH": "app.sqlite-wal"}}
    files = [project.database, project.database.with_name("app.sqlite-wal")]
    before = [file.read_bytes() for file in files]
    project.must("db:restore", name, "--force", code=1, **sick).names("nothing was changed", "app.sqlite-wal", "--without-copy")
    assert [file.read_bytes() for file in files] == before and backups.ids() == [name]
    owner.close()


@pytest.mark.preload
def test_without_a_copy_nothing_is_restored_unless_that_is_said(project, backups):
    """The copy's own file cannot be written."""
    saved, name = contents(project), backups.take()
    project.sql("DELETE FROM users")
    full = {"FAIL_CALL": "write:1+:ENOSPC", "FAIL_PATH": "/dump"}
    with project.untouched():
        project.must("db:restore", name, "--force", code=1, preload="syscalls", env=full).names(
            "nothing was changed", "free some space there", "--without-copy")
    project.must("db:restore", name, "--force", "--without-copy", preload="syscalls", env=full).names("could not be backed up")
    assert contents(project) == saved
    backups.check_clean()


def test_at_a_terminal_the_backup_is_chosen_by_its_number(project, backups):
    older, newer = backups.take(), backups.take()
    project.sql("DELETE FROM users WHERE name = 'ann'")
    terminal = Terminal(project, "db:restore").sees(f"1  {newer}", f"2  {older}", "Type its number: ").types("2")
    terminal.sees("DESTROY_DATA").types("DESTROY_DATA")
    assert older in terminal.done(0).splitlines()[-1]
    assert project.value("SELECT count(*) FROM users") == 2


@pytest.mark.parametrize("answer", ["0", "3", "x", "", "11"])
def test_at_a_terminal_another_answer_restores_nothing(project, backups, answer):
    backups.take(), backups.take()
    with project.untouched():
        Terminal(project, "db:restore").sees("Type its number: ").types(answer).done(3)
        Terminal(project, "db:restore").sees("Type its number: ").ends_input().done(3)


def test_without_a_terminal_the_id_must_be_given_whatever_else_is_wrong(project, backups):
    backups.take()
    missing = ["needs the id of a backup", "db:backup:list", "latest"]
    project.fails(2, "db:restore", "--force", names=missing)
    project.fails(2, "db:restore", names=missing, env={"APP_ENV": "production"})  # the guard is not asked
    project.fails(2, "db:restore", "--into", "copy.sqlite", names=missing)
    project.ini.write_text("no section\n")
    project.fails(2, "db:restore", "--force", names=missing)


def test_at_a_terminal_without_any_backup_there_is_nothing_to_choose(project):
    with project.untouched():
        assert "there is no backup yet" in Terminal(project, "db:restore").done(2)


def test_a_backup_of_another_database_is_not_restored(project, backups):
    name = backups.take()
    project.sql("UPDATE eloquent_meta SET value = '0123456789abcdef0123456789abcdef' WHERE key = 'stamp.id'")
    project.fails(4, "db:restore", name, "--force", names=[name, "of another database"])


def test_a_restore_goes_into_a_database_with_a_write_ahead_log_while_others_read(project, backups):
    saved, name = contents(project), backups.take()
    project.sql("PRAGMA journal_mode = WAL; DELETE FROM users")
    reader = sqlite3.connect(project.database)
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM users").fetchone() == (0,)
    project.must("db:restore", name, "--force")
    assert reader.execute("SELECT count(*) FROM users").fetchone() == (0,), "its snapshot is its own"
    reader.rollback()
    assert reader.execute("SELECT count(*) FROM users").fetchone() == (2,)
    reader.close()
    assert contents(project) == saved


def test_a_program_that_has_the_database_open_sees_the_restored_one(project, backups):
    name = backups.take()
    reader = sqlite3.connect(project.database)
    reader.execute("DELETE FROM users")
    reader.commit()
    project.must("db:restore", name, "--force")
    assert reader.execute("SELECT count(*) FROM users").fetchone() == (2,)
    reader.close()


# ---- killed: a sample of the soak -----------------------------------------------------------------


@pytest.mark.preload
@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 40, 80, 90, 100, 110, 120])
@pytest.mark.parametrize("how", ["kill", "torn"])
def test_a_restore_that_is_killed_leaves_the_database_as_before_or_wholly_new(project, backups, how, number):
    saved, name = contents(project), backups.take()
    project.sql("DELETE FROM users; CREATE TABLE extra (x)")
    lost = contents(project)
    project.run("db:restore", name, "--force", preload="syscalls", env={"FAIL_CALL": f"change:{number}:{how}"})
    assert project.value("PRAGMA integrity_check") == "ok"
    assert contents(project) in (saved, lost)
    assert name in backups.ids("restored") and not backups.ids("failed") and not backups.ids("unreadable")
    project.must("db:restore", name, "--force")
    assert contents(project) == saved
    backups.check_clean()


@pytest.mark.preload
@pytest.mark.slow
@pytest.mark.parametrize("error", ["EIO", "EINTR", "short"])
@pytest.mark.parametrize("call", ["open", "read", "pread", "write", "pwrite", "fsync", "fdatasync", "rename", "unlink", "mkdir", "ftruncate"])
def test_a_restore_whose_nth_call_fails_ends_in_order(project, backups, call, error):
    saved, name = contents(project), backups.take()
    project.sql("DELETE FROM users; CREATE TABLE extra (x)")
    lost = contents(project)
    for number in (1, 2, 3, 5, 8, 13, 21, 34):
        mark = project.root.parent / "mark"
        mark.unlink(missing_ok=True)
        result = project.run("db:restore", name, "--force", preload="syscalls",
                             env={"FAIL_CALL": f"{call}:{number}:{error}", "FAIL_MARK": str(mark), "FAIL_PATH": str(project.root)})
        if not mark.exists():
            assert number > 1, f"a restore never calls {call}"
            break
        assert result.code in range(7) and (result.code == 0 or result.err.strip()), result
        assert contents(project) in (saved, lost), result
        assert contents(project) == saved or result.code, result
        # A disk that cannot be read says of any backup that it is damaged, until it is verified again.
        assert name in backups.ids("restored") + backups.ids("failed") * (error == "EIO"), result
    project.must("db:restore", name, "--force")
    assert contents(project) == saved
    assert name in backups.ids("restored")
    assert project.value("PRAGMA integrity_check") == "ok"
