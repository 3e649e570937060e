"""db:restore --into: a backup becomes a new database beside; whatever is there stays as it is."""

import json
import os
import stat

import pytest

from backups import contents
from project import PRODUCTION


@pytest.fixture
def project(backups):
    return backups.project


@pytest.fixture
def copy(project):
    (project.root.parent / "looking").mkdir()
    return project.root.parent / "looking/copy.sqlite"


def leftovers(path):
    return sorted(entry.name for entry in path.parent.iterdir() if entry.name.startswith(path.name) and entry != path)


def test_the_new_database_holds_what_the_backup_held_and_the_live_one_is_untouched(project, backups, copy):
    saved, name = contents(project), backups.take()
    project.sql("DELETE FROM users")
    with project.untouched():
        result = project.document("db:restore", name, "--into", str(copy))["connections"][0]["result"]
    assert result["into"] == str(copy) and result["backup"]["id"] == name and "copy" not in result
    assert contents(project, copy) == saved
    assert project.value("PRAGMA integrity_check", copy) == "ok"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600 and leftovers(copy) == []
    backups.check_clean()


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_the_new_database_is_whole_in_one_file_whatever_the_journal(project, backups, copy, mode):
    project.sql(f"PRAGMA journal_mode = {mode}")
    saved, name = contents(project), backups.take()
    project.must("db:restore", name, "--into", str(copy))
    assert leftovers(copy) == []
    assert contents(project, copy) == saved


def test_in_production_it_needs_no_contract_because_nothing_is_changed(project, backups, copy):
    project.stamp("production", env=PRODUCTION)
    project.ini.write_text(project.ini.read_text() + f"\n[backup]\ndir = {project.root.parent / 'outside'}\n")
    project.must("db:backup", env=PRODUCTION)
    with project.untouched():
        project.must("db:restore", "latest", "--into", str(copy), env=PRODUCTION)
    project.fails(3, "db:restore", "latest", env=PRODUCTION)


def meta(project, key, database=None):
    return project.value(f"SELECT value FROM eloquent_meta WHERE key = '{key}'", database)


@pytest.mark.parametrize("environment", ["production", "staging"])
def test_the_new_database_is_stamped_with_the_word_of_the_run_and_has_an_id_of_its_own(project, backups, copy, environment):
    project.configure(project.ini.read_text() + f"\n[backup]\ndir = {project.root.parent / 'outside'}\n")
    project.stamp("testing")
    project.must("db:backup")
    result = project.must("db:restore", "latest", "--into", str(copy), env={"APP_ENV": environment})
    assert f"stamped {environment}; the backup said testing" in result.out
    assert meta(project, "stamp.word", copy) == environment and meta(project, "stamp.word") == "testing"
    assert len(meta(project, "stamp.id", copy)) == len(meta(project, "stamp.id")) > 0
    assert meta(project, "stamp.id", copy) != meta(project, "stamp.id")


def test_a_connection_that_is_production_stamps_the_new_database_so(project, backups, copy):
    project.must("db:backup")
    project.configure(project.ini.read_text() + f"production = yes\n[backup]\ndir = {project.root / '.eloquent/backups'}\n")
    project.must("db:restore", "latest", "--into", str(copy))
    assert meta(project, "stamp.word", copy) == "production"


def test_the_history_of_the_new_database_says_where_it_came_from_and_is_whole(project, backups, copy):
    name = backups.take()
    project.must("db:restore", name, "--into", str(copy))
    event = project.value("SELECT detail FROM eloquent_history WHERE event = 'restored'", copy)
    assert json.loads(event) == {"backup": name}
    assert project.value("SELECT count(*) FROM eloquent_history WHERE event = 'restored'") == 0
    project.configure(project.ini.read_text().replace("database/app.sqlite", str(copy)))
    project.must("migrate:validate")
    project.must("migrate:status", "--exit-code")


def test_the_policy_that_the_backup_held_stays_in_the_new_database(project, backups, copy):
    project.configure(project.ini.read_text() + f"\n[guard]\nproduction = forbid\n[backup]\ndir = {project.root.parent / 'outside'}\n")
    project.stamp("production", env=PRODUCTION)
    project.must("db:backup", env=PRODUCTION)
    project.must("db:restore", "latest", "--into", str(copy), env=PRODUCTION)
    assert meta(project, "policy", copy) == meta(project, "policy") and meta(project, "policy")


def test_it_is_on_record_like_any_other_restore(project, backups, copy):
    name = backups.take()
    records = lambda: [json.loads(line) for line in project.audit.read_text().splitlines()]
    before = len(records())
    project.must("db:restore", name, "--into", str(copy), "--dry-run")
    assert len(records()) == before
    project.must("db:restore", name, "--into", str(copy))
    new = records()[before:]
    assert [(r["phase"], r["command"], r["class"], r["exit"]) for r in new] == [
        ("intent", "db:restore", "recovery", None), ("outcome", "db:restore", "recovery", 0)]
    assert {r["database"] for r in new} == {meta(project, "stamp.id")}
    project.check_audit_chain()


@pytest.mark.parametrize("taken", ["copy.sqlite", "copy.sqlite-journal", "copy.sqlite-wal"])
def test_nothing_that_is_there_is_replaced(project, backups, copy, taken):
    """A journal that lies there would be played into the new file."""
    name = backups.take()
    (copy.parent / taken).write_text("mine")
    with project.untouched():
        project.fails(4, "db:restore", name, "--into", str(copy), names=[f"{taken} exists already"])
    assert (copy.parent / taken).read_text() == "mine"
    assert taken == copy.name or not copy.exists()


def test_the_live_database_itself_is_a_name_that_is_taken(project, backups):
    name = backups.take()
    with project.untouched():
        project.fails(4, "db:restore", name, "--into", str(project.database), "--force", names=["exists already"])


def test_a_link_that_leads_nowhere_is_a_name_that_is_taken(project, backups, copy):
    name = backups.take()
    copy.symlink_to(copy.parent / "elsewhere")
    project.fails(4, "db:restore", name, "--into", str(copy), names=["exists already"])
    assert not (copy.parent / "elsewhere").exists()


@pytest.mark.parametrize("ending", ["-journal", "-wal", "-shm"])
def test_a_name_that_sqlite_takes_for_a_journal_is_refused(project, backups, ending):
    name = backups.take()
    project.fails(4, "db:restore", name, "--into", f"{project.database}{ending}", names=["journal"])


@pytest.mark.parametrize("name,says", [("missing/copy.sqlite", "missing"), ("copy.sqlite/", "copy.sqlite"), ("x" * 300, "File name too long")])
def test_a_name_that_cannot_be_a_file_is_refused_before_the_backup_is_read(project, backups, name, says):
    backup = backups.take()
    os.truncate(backups.dump(backup), 10)
    project.fails(4, "db:restore", backup, "--into", name, names=[says])


def test_into_takes_one_connection_a_name_and_no_word_about_copies(project, backups):
    project.configure(project.ini.read_text() + "\n[connection:other]\ndriver = sqlite\npath = database/other.sqlite\n")
    project.fails(2, "db:restore", "latest", "--into", "")
    project.fails(2, "db:restore", "latest", "--into", "x", "--without-copy", names=["--into"])
    backups.take()
    project.migration("20260101000000_one", "CREATE TABLE one (x);", "DROP TABLE one;", connection="other")
    project.must("migrate:run", "-c", "other")
    project.must("db:backup", "-c", "other")
    project.fails(2, "db:restore", "latest", "--into", "x", "--all-connections", names=["choose one"])


def test_of_a_dry_run_nothing_is_left(project, backups, copy):
    name = backups.take()
    with project.untouched():
        assert str(copy) in project.must("db:restore", name, "--into", str(copy), "--dry-run").out
    assert not copy.exists()


def test_a_backup_is_looked_into_when_the_live_database_is_gone(project, backups, copy):
    saved, name = contents(project), backups.take()
    project.database.unlink()
    project.must("db:restore", name, "--into", str(copy))
    assert contents(project, copy) == saved
    assert not project.database.exists()


@pytest.mark.preload
@pytest.mark.parametrize("call,error", [("pwrite", "ENOSPC"), ("pwrite", "EIO"), ("fsync", "EIO"), ("open", "ENOSPC"), ("link", "EIO")])
def test_when_the_nth_call_fails_there_is_no_half_of_it(project, backups, copy, call, error, tmp_path):
    name = backups.take()
    for number in range(1, 400):
        mark = tmp_path / f"mark{number}"
        with project.untouched():
            result = project.run("db:restore", name, "--into", str(copy), preload="syscalls",
                                 env={"FAIL_CALL": f"{call}:{number}:{error}", "FAIL_MARK": str(mark), "FAIL_PATH": "/looking"})
        if not mark.exists():
            assert number > 1, f"it never calls {call}"
            assert result.code == 0
            break
        assert result.code == 1 and result.err.strip(), result
        assert leftovers(copy) == [] and not copy.exists()
    else:
        raise AssertionError("it never ended")


@pytest.mark.preload
def test_killed_anywhere_the_name_stands_for_all_of_it_or_for_nothing(project, backups, copy):
    saved, name, whole = contents(project), backups.take(), 0
    for number in range(1, 400):
        with project.untouched():
            result = project.run("db:restore", name, "--into", str(copy), preload="syscalls",
                                 env={"FAIL_CALL": f"change:{number}:kill", "FAIL_PATH": "/looking"})
        if copy.exists():
            assert contents(project, copy) == saved
            copy.unlink()
            whole += 1
        for name_left in leftovers(copy):
            assert name_left.endswith(".partial")
            (copy.parent / name_left).unlink()
        if result.code == 0:
            break
    assert number > 3 and whole >= 2, "killed before, and after, the name stood"
