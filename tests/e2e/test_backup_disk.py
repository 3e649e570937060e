"""Backups and the disk that they are written to: full from some call on, calls that fail, and
the order of the calls that makes a backup survive a lost machine."""

import json
import re
from pathlib import Path

import pytest

from backups import FRESH, Backups
from project import CONTRACT, INI

pytestmark = pytest.mark.preload
FULL = {**CONTRACT, "ELOQUENT_DB_ROLE": "migration"}
LATE = "20260104000000_late"


@pytest.fixture
def project(backups):
    """Three migrations applied, two users; no backup yet."""
    return backups.project


@pytest.fixture
def production(project):
    """The same, stamped production, with a folder for backups."""
    project.ini.write_text(INI + "\n[backup]\ndir = backups\n")
    project.stamp("production", env={"APP_ENV": "production"})
    return project


def late(project):
    project.migration(LATE, "CREATE TABLE late (x);", "DROP TABLE late;")


# ---- a disk that fails -----------------------------------------------------------------------------


def recorded(project):
    """The id of the backup that the database itself knows of."""
    return json.loads(project.value("SELECT value FROM eloquent_meta WHERE key = 'backup'"))["id"]


@pytest.mark.parametrize("number", [1, 2, 4, 7, 8, 9, 12, 15, 17, 18, 19, 25, 32, 33, 1000])
def test_a_disk_that_is_full_from_some_call_on_fails_the_backup_and_leaves_earlier_ones_as_they_were(project, backups, number):
    """Exit 0 says: one more verified backup, and the database knows of it."""
    earlier = backups.take()
    before = backups.dump(earlier).read_bytes()
    result = project.run("db:backup", preload="syscalls", env={"FAIL_CALL": f"grow:{number}+:ENOSPC", "FAIL_PATH": str(project.root)})
    new = [name for name in backups.ids("restored") if name != earlier]
    if result.code == 0:
        assert new == [recorded(project)], result
    else:
        assert result.code == 1 and result.err.strip(), result
        assert all(f"the backup {name} stands and is verified, but " in result.err for name in new), result
    assert (number == 1000) == (result.code == 0), result
    assert backups.dump(earlier).read_bytes() == before
    assert earlier in backups.ids("restored") and not backups.ids("failed")
    backups.check_clean()


NO_RECORD = {"FAIL_CALL": "pwrite:1:ENOSPC", "FAIL_PATH": "/database/app.sqlite-journal"}
STAYS = {"FAIL_CALL": "unlink:1+:EIO", "FAIL_PATH": "/backups/sqlite/"}


def test_a_backup_that_the_database_does_not_know_of_is_named_and_exits_1(project, backups):
    result = project.must("db:backup", code=1, preload="syscalls", env=NO_RECORD)
    name, = backups.ids("restored")
    result.names(f"the backup {name} stands and is verified, but it is not on record in the database itself: ")
    assert not project.sql("SELECT value FROM eloquent_meta WHERE key = 'backup'")


def test_older_backups_that_cannot_be_removed_are_said_beside_the_one_that_stands_and_exit_1(project, backups):
    project.ini.write_text(INI + "\n[backup]\nkeep = 1\n")
    earlier = backups.take()
    result = project.must("db:backup", code=1, preload="syscalls", env=STAYS)
    name, = {recorded(project)} - {earlier}
    assert set(backups.ids("restored")) == {name, earlier}
    result.names(f"the backup {name} stands and is verified, but older ones could not be removed: ", f"{earlier}.json")


@pytest.mark.parametrize("words", [["db:migrate"], ["migrate:fresh", "--force", "--yes"]], ids=lambda w: w[0])
def test_a_command_goes_no_further_when_the_database_cannot_take_the_record_of_its_backup(production, words):
    late(production)
    before = production.database.read_bytes()
    result = production.must(*words, code=1, preload="syscalls", env={**FULL, **NO_RECORD})
    assert production.database.read_bytes() == before
    name, = Backups(production, "backups").ids("restored", env=FRESH)
    result.names(f"the backup {name} stands and is verified, but it is not on record in the database itself: ", f"{words[0]} has changed nothing else")
    assert production.audit_records()[-1]["phase"] == "outcome"


@pytest.mark.parametrize("words", [["db:migrate"], ["migrate:fresh", "--force", "--yes"]], ids=lambda w: w[0])
def test_a_command_goes_on_when_only_older_backups_cannot_be_removed(production, words):
    production.ini.write_text(INI + "\n[backup]\ndir = backups\nkeep = 1\n")
    backups = Backups(production, "backups")
    backups.take(env=FRESH)
    late(production)
    production.must(*words, preload="syscalls", env={**FULL, **STAYS}).names("warning", "older ones could not be removed")
    assert LATE in production.applied_names() and len(backups.ids("restored", env=FRESH)) == 2


# ---- what survives a lost machine ------------------------------------------------------------------


def changes(project, *words, below=""):
    """The calls of this command that change something below the folder: "NAME PATH", ids as ID, repeats once."""
    trace = project.root.parent / "trace"
    project.must(*words, preload="syscalls", env={"FAIL_CALL": "change:1000000:kill", "FAIL_PATH": str(project.root / below),
                                                  "FAIL_TRACE": str(trace)})
    calls = [re.sub(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}", "ID", line.replace(f"{project.root}/", "")) for line in trace.read_text().splitlines()]
    return [call for call, before in zip(calls, [None, *calls]) if call != before]


def test_the_dump_is_synced_before_it_has_its_name_and_the_folder_before_the_manifest_is_written(project, backups):
    """Temporary file, fsync, rename, fsync of the folder, the manifest last; verification writes it once more."""
    backups.take()
    calls = changes(project, "db:backup", below=".eloquent/backups")
    work, folder = ".eloquent/backups/.work/ID", ".eloquent/backups/sqlite"
    manifest = [f"open {work}/manifest", f"write {work}/manifest", f"fsync {work}/manifest", f"rename {folder}/ID.json", f"fsync {folder}"]
    durable = [call for call in calls if not call.startswith("unlink ") and call.endswith(("/dump", "/manifest", ".zst", ".json", "/sqlite"))]
    assert durable == [f"open {work}/dump", f"write {work}/dump", f"fsync {work}/dump", f"rename {folder}/ID.sqlite.zst", f"fsync {folder}",
                       *manifest, *manifest]


def test_each_folder_that_a_backup_makes_is_synced_into_the_one_above_before_the_dump_has_its_name(project):
    calls = changes(project, "db:backup")
    named = calls.index("rename .eloquent/backups/sqlite/ID.sqlite.zst")
    for folder in (".eloquent/backups", ".eloquent/backups/sqlite"):
        assert f"fsync {Path(folder).parent}" in calls[calls.index(f"mkdir {folder}"):named], calls
