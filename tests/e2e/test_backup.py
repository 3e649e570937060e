"""db:backup, db:backup:list, db:backup:verify and db:migrate on real databases; db:restore has
test_restore.py. That any damaged byte is found is proved unit by unit (tests/unit/backup);
here is a sample."""

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import time

import pytest

from backups import FRESH, LATE, Backups, contents, flip, late, make_production
from project import FULL, INI, end, refused
from terminal import Terminal


@pytest.fixture
def project(backups):
    """Three migrations applied, two users; no backup yet."""
    return backups.project


@pytest.fixture
def production(project):
    """The same, stamped production, with a folder for backups."""
    make_production(project)
    return project


# ---- what a backup is ---------------------------------------------------------------------


def test_a_backup_is_a_database_that_zstd_and_sqlite3_open_alone(project, backups):
    name = backups.take()
    copy = backups.unpacked(name)
    assert contents(project, copy) == contents(project)
    assert project.events(database=copy) == project.events()
    assert project.value("PRAGMA integrity_check", database=copy) == "ok"


def test_the_manifest_says_what_is_in_it_and_hashes_every_byte(project, backups):
    name = backups.take("--reason", "for the test", "--pin")
    manifest = backups.manifest(name)
    assert manifest["format"] == "eloquent-backup/1" and manifest["id"] == name
    assert manifest["reason"] == "for the test" and manifest["pinned"] is True
    assert manifest["database"]["id"] == project.value("SELECT value FROM eloquent_meta WHERE key = 'stamp.id'")
    dump = subprocess.run(["/usr/bin/sha256sum", str(backups.dump(name)), str(backups.unpacked(name))], capture_output=True, check=True)
    stored, raw = [line.split()[0] for line in dump.stdout.decode().splitlines()]
    assert (manifest["dump"]["stored_sha256"], manifest["dump"]["sha256"]) == (stored, raw)
    assert {t["name"]: t["rows"] for t in manifest["tables"] if not t["ours"]} == {"users": 2, "posts": 0}
    assert manifest["verification"]["level"] == "restored"
    assert manifest["head"]["hash"] == project.sql("SELECT hash FROM eloquent_history ORDER BY sequence DESC LIMIT 1")[0][0]


def test_backups_are_for_their_owner_alone(project, backups):
    name = backups.take()
    for path in (backups.root, backups.folder, backups.root / ".work"):
        assert path.stat().st_mode & 0o7777 == 0o700, path
    for path in (backups.dump(name), backups.folder / f"{name}.json", backups.root / ".work/guard"):
        assert path.stat().st_mode & 0o7777 == 0o600, path


def test_a_secret_is_not_written_into_a_manifest(project, backups):
    name = backups.take("--reason", "password=hunter22 https://me:hunter22@host/", env={"ELOQUENT_ACTOR": "token=hunter22"})
    assert "hunter22" not in (backups.folder / f"{name}.json").read_text()
    assert "hunter22" not in project.must("db:backup:list").out


@pytest.mark.parametrize("reason", ["a\n20260101 verified", "a\rb", "a\tb", "\033[2Ka", "a\x7f", "a\u009b2K", "a\u0085b"])
def test_a_reason_with_a_control_character_is_refused_because_a_line_of_the_list_could_be_forged(project, reason):
    with project.untouched():
        project.fails(2, "db:backup", "--reason", reason, names=["--reason holds a control character", "one line of plain text"])


def test_a_reason_of_letters_beyond_ascii_is_kept(project, backups):
    backups.take("--reason", "après l'accident – №2")
    assert backups.list()[0]["reason"] == "après l'accident – №2"


def test_a_reason_that_is_no_utf8_is_shown_as_such(project, backups):
    backups.take("--reason", os.fsdecode(b"caf\xe9"))
    assert backups.list()[0]["reason"] == "caf\ufffd"


def test_the_list_stands_newest_first_and_in_words(project, backups):
    first, second = backups.take("--reason", "one"), backups.take("--pin")
    assert backups.ids() == [second, first]
    lines = project.must("db:backup:list").out.splitlines()
    assert lines[0].startswith(f"{second}  restored") and lines[0].endswith("by hand, pinned")
    assert lines[1].endswith("one")


def test_the_text_says_where_it_is(project, backups):
    out = project.must("db:backup").out
    assert f"backup {backups.dump(backups.ids()[0])}" in out and "restored and compared" in out


def test_the_oldest_verified_ones_make_room(project, backups):
    project.ini.write_text(INI + "\n[backup]\nkeep = 2\n")
    pinned = backups.take("--pin")
    names = [backups.take() for _ in range(4)]
    assert backups.ids() == [names[3], names[2], pinned]
    backups.check_clean()


def test_a_folder_behind_a_link_is_used(project):
    (project.root / "disk").mkdir()
    (project.root / "link").symlink_to("disk")
    project.ini.write_text(INI + "\n[backup]\ndir = link\n")
    backups = Backups(project, "disk")
    name = backups.take()
    project.must("db:backup:verify", name)
    project.must("db:restore", name, "--force")
    backups.check_clean()


def test_a_dry_run_says_where_it_would_go_and_does_nothing(project, backups):
    with project.untouched():
        assert str(backups.folder) in project.must("db:backup", "--dry-run").out
    assert not backups.root.exists()


def test_a_database_that_is_not_there_yet_has_no_backup(bare):
    bare.configure()
    bare.fails(4, "db:backup", names=["there is no database", "app.sqlite"])


# ---- verification ---------------------------------------------------------------------------


def test_a_backup_is_verified_again(project, backups):
    name = backups.take()
    before = backups.manifest(name)["verification"]["at"]
    assert project.must("db:backup:verify").out.startswith(f"verified {name}")
    assert backups.manifest(name)["verification"]["at"] > before
    backups.check_clean()


@pytest.mark.parametrize("at", [0, 5, 0.25, 0.5, 0.75, 1.0])
def test_a_flipped_byte_is_found_and_the_backup_counts_no_longer(project, backups, at):
    good, bad = backups.take(), backups.take()
    flip(backups.dump(bad), at)
    before = project.database.read_bytes()
    project.must("db:backup:verify", bad, code=1).names(bad, "damaged")
    assert backups.ids("failed") == [bad]
    project.must("db:restore", bad, "--force", code=1).names(bad)
    assert project.database.read_bytes() == before
    assert project.document("db:restore", "latest", "--force")["connections"][0]["result"]["backup"]["id"] == good


@pytest.mark.parametrize("cut", [0, 1, 100])
def test_a_backup_that_was_cut_off_is_found_by_the_list_alone(project, backups, cut):
    name = backups.take()
    os.truncate(backups.dump(name), cut)
    assert backups.ids("failed") == [name]
    project.fails(2, "db:restore", "latest", "--force", names=["there is no verified backup", name])


def test_a_backup_whose_dump_is_gone_counts_for_nothing(production):
    backups = Backups(production, "backups")
    name = backups.take(env=FRESH)
    production.sql("DELETE FROM eloquent_meta WHERE key = 'backup'")
    late(production)
    backups.dump(name).unlink()
    assert refused(production, "migrate:run", env=FRESH) == {"backup"}


def test_a_changed_manifest_is_unreadable_and_says_so(project, backups):
    name = backups.take()
    path = backups.folder / f"{name}.json"
    path.write_text(path.read_text().replace('"actor":"', '"actor":"x', 1))
    assert backups.ids("unreadable") == [name]
    project.fails(1, "db:restore", name, "--force", names=[name, "the manifest is damaged"])


@pytest.mark.parametrize("name", ["20260101T000000Z-000000", "../../etc/passwd", "", "LATEST"])
def test_a_name_that_no_backup_has_is_refused_with_those_there_are(project, backups, name):
    known = backups.take()
    project.fails(2, "db:restore", name, "--force", names=[known])


# ---- others at work ---------------------------------------------------------------------------


@pytest.fixture
def impatient(project):
    project.ini.write_text(INI + "lock_timeout = 200ms\n")
    return project


def test_a_database_that_another_program_writes_is_busy(impatient, backups):
    name = backups.take()
    writer = sqlite3.connect(impatient.database)
    writer.execute("BEGIN EXCLUSIVE")
    for words in (["db:backup"], ["db:restore", name, "--force"]):
        impatient.must(*words, code=5)
    writer.rollback()
    writer.close()
    assert backups.ids() == [name]
    backups.check_clean()


def test_beside_a_writer_a_backup_is_taken_and_is_not_on_record_but_nothing_is_migrated_behind_it(impatient, backups):
    late(impatient)
    writer = sqlite3.connect(impatient.database)
    writer.execute("BEGIN IMMEDIATE")
    missing = "stands and is verified, but it is not on record in the database itself: database is locked"
    impatient.must("db:backup").names("warning: ", missing)
    impatient.must("db:migrate", code=5).names(missing)
    writer.rollback()
    writer.close()
    assert len(backups.ids("restored")) == 2 and LATE not in impatient.applied_names()
    assert not impatient.sql("SELECT value FROM eloquent_meta WHERE key = 'backup'")


def test_a_restore_waits_for_no_reader_for_ever_and_changes_nothing(impatient, backups):
    name = backups.take()
    impatient.sql("DELETE FROM users")
    reader = sqlite3.connect(impatient.database)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM users").fetchone()
    impatient.must("db:restore", name, "--force", code=5).names("nothing was changed", "another program")
    reader.rollback()
    assert reader.execute("SELECT count(*) FROM users").fetchone() == (0,)
    reader.close()
    assert impatient.value("PRAGMA integrity_check") == "ok"


def test_a_backup_needs_no_lock_of_ours_and_runs_beside_a_migration(project, backups):
    """A run that holds the lock lets backups be taken between its transactions."""
    project.migration(LATE, "SELECT count(*) FROM (WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 8000000) "
                            "SELECT n FROM c);\nCREATE TABLE late (x);", "DROP TABLE late;")
    runner = project.start("migrate:run")
    lock = project.database.parent / "app.sqlite.eloquent-lock"
    deadline = time.monotonic() + 20
    while not (lock.exists() and lock.read_bytes()) and time.monotonic() < deadline:
        time.sleep(0.01)
    try:
        backups.take()
        assert runner.wait(timeout=60) == 0
    finally:
        end(runner)


def test_backups_at_once_each_stand(project, backups):
    children = [project.start("db:backup") for _ in range(4)]
    assert [child.wait(timeout=60) for child in children] == [0] * 4
    assert len(backups.ids("restored")) == 4
    backups.check_clean()


def large(project):
    project.sql("CREATE TABLE large (x); INSERT INTO large WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c "
                "WHERE n < 600) SELECT randomblob(100000) FROM c")


@pytest.mark.parametrize("number,code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_backup_and_leaves_nothing_of_it(project, backups, number, code):
    earlier = backups.take()
    large(project)
    child = project.start("db:backup")
    deadline = time.monotonic() + 20
    while not list((backups.root / ".work").glob("*/dump")) and time.monotonic() < deadline:
        time.sleep(0.001)
    child.send_signal(number)
    _, err = child.communicate(timeout=60)
    assert child.returncode == code, err.decode()
    assert backups.ids() == [earlier]
    backups.check_clean()


@pytest.mark.parametrize("words", [["db:backup"], ["db:backup:verify"], ["db:restore", "latest", "--force"]], ids=lambda w: w[0])
def test_what_a_killed_run_left_is_removed_by_the_next(project, backups, words):
    earlier = backups.take()
    large(project)
    child = project.start(*words)
    deadline = time.monotonic() + 20
    while not list((backups.root / ".work").glob("*/*.sqlite")) and time.monotonic() < deadline:
        time.sleep(0.001)
    end(child, signal.SIGKILL)
    assert earlier in backups.ids("restored")
    assert project.value("PRAGMA integrity_check") == "ok"
    backups.take()
    backups.check_clean()


def test_a_pinned_backup_is_removed_by_hand_manifest_first(project, backups):
    pinned, other = backups.take("--pin"), backups.take()
    for file in (backups.folder / f"{pinned}.json", backups.dump(pinned)):
        file.unlink()
        assert backups.ids("restored") == [other]
    assert "manifest" not in project.must("db:backup").err
    assert other in backups.ids("restored")
    backups.check_clean()


# ---- disks and rights -------------------------------------------------------------------------


def limit_files(size):
    def in_child():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    return in_child


@pytest.mark.parametrize("size", [20_000, 100_000, 3_000_000])
def test_a_file_that_may_not_grow_is_no_backup(project, backups, size):
    earlier = backups.take()
    project.sql("CREATE TABLE large (x); INSERT INTO large VALUES (randomblob(4000000))")
    result = project.must("db:backup", code=1, limits=limit_files(size))
    assert len(result.err.strip().splitlines()) <= 2, result
    assert "full" in result.err or "space" in result.err, result
    assert backups.ids("restored") == [earlier]
    backups.check_clean()


@pytest.mark.not_root
def test_a_database_that_can_only_be_read_is_backed_up(project, backups):
    project.database.chmod(0o444)
    project.database.parent.chmod(0o555)
    try:
        backups.take()
        assert not project.sql("SELECT * FROM eloquent_meta WHERE key = 'backup'")
    finally:
        project.database.parent.chmod(0o755)


@pytest.mark.not_root
def test_a_folder_that_cannot_be_written_is_named(project):
    (project.root / "closed").mkdir(mode=0o500)
    project.ini.write_text(INI + "\n[backup]\ndir = closed\n")
    project.fails(1, "db:backup", names=["[backup] dir cannot be written", "closed", "this user the right to write there"])


@pytest.mark.not_root
def test_of_a_read_only_folder_the_backups_are_listed_and_verifying_says_what_it_needs(project, backups):
    name = backups.take()
    shut = [backups.root, backups.folder, backups.root / ".work"]
    guard = backups.root / ".work/guard"
    guard.chmod(0o400)
    for folder in shut:
        folder.chmod(0o500)
    try:
        assert backups.ids("restored") == [name]
        project.fails(1, "db:backup:verify", names=["[backup] dir cannot be written", ".work", "give this user the right to write there"])
    finally:
        for folder in shut:
            folder.chmod(0o700)
        guard.chmod(0o600)
    assert backups.ids("restored") == [name]


def test_a_file_in_the_place_of_the_folder_is_named(project):
    project.write("taken", "x")
    project.ini.write_text(INI + "\n[backup]\ndir = taken\n")
    project.fails(1, "db:backup", names=["[backup] dir cannot be written", "taken"])


# ---- production ----------------------------------------------------------------------------------


def test_in_production_the_folder_must_be_set(production):
    production.ini.write_text(INI)
    late(production)
    for words in (["db:backup"], ["db:migrate"], ["migrate:fresh", "--force", "--yes"]):
        production.fails(2, *words, env=FULL, names=["[backup] dir"])


def test_in_production_migrations_need_a_backup_of_this_database_as_it_is_now(production):
    backups = Backups(production, "backups")
    late(production)
    assert refused(production, "migrate:run", env=FRESH) == {"backup"}
    backups.take(env=FRESH)
    production.must("migrate:run", env=FRESH)
    production.migration("20260105000000_later", "CREATE TABLE later (x);", "DROP TABLE later;")
    assert refused(production, "migrate:run", env=FRESH) == {"backup"}, "the backup is from before the last migration"
    backups.take(env=FRESH)
    production.must("migrate:run", env=FRESH)


def test_a_backup_that_is_too_old_does_not_count(production):
    production.ini.write_text(INI + "\n[backup]\ndir = backups\n[guard]\nbackup_max_age = 1s\n")
    Backups(production, "backups").take(env=FRESH)
    late(production)
    time.sleep(1.1)
    assert refused(production, "migrate:run", env=FRESH) == {"backup"}


def test_the_record_in_the_database_counts_when_the_folder_is_gone(production):
    Backups(production, "backups").take(env=FRESH)
    late(production)
    shutil.rmtree(production.root / "backups")
    production.must("migrate:run", env=FRESH)


def test_neither_folder_nor_record_of_another_database_counts(production):
    """A copy has the stamp, the record and the folder of what it was copied from."""
    Backups(production, "backups").take(env=FRESH)
    late(production)
    copy = production.database.with_name("copy.sqlite")
    shutil.copy(production.database, copy)
    copy.rename(production.database)
    assert refused(production, "migrate:run", env=FRESH) == {"backup"}


def test_a_run_that_has_nothing_to_do_needs_no_backup(production):
    production.must("migrate:run", env=FRESH)
    production.must("db:migrate", env=FRESH)
    assert not Backups(production, "backups").ids(env=FRESH)


def test_what_changed_between_question_and_answer_is_refused_before_a_backup_is_taken(production):
    terminal = Terminal(production, "migrate:fresh", "--force", "--yes", env=FULL).sees("DESTROY_DATA").types("DESTROY_DATA").sees("app.sqlite")
    production.sql("UPDATE eloquent_meta SET value = 'another' WHERE key = 'stamp.id'")
    with production.untouched():
        assert "nothing was written" in " ".join(terminal.types("app.sqlite").done(3).split())
    assert not (production.root / "backups").exists()


# ---- db:migrate ------------------------------------------------------------------------------------


def test_db_migrate_backs_up_and_then_migrates(project, backups):
    saved = contents(project)
    late(project)
    result = project.document("db:migrate")["connections"][0]["result"]
    assert [step["name"] for step in result["applied"]] == [LATE]
    assert result["backup"]["level"] == "restored" and result["backup"]["reason"] == "before db:migrate"
    assert contents(project, backups.unpacked(result["backup"]["id"])) == saved
    project.must("db:restore", result["backup"]["id"], "--force")
    assert contents(project) == saved


def test_db_migrate_is_enough_in_production(production):
    late(production)
    production.must("db:migrate", env=FRESH)
    assert LATE in production.applied_names()
    assert len(Backups(production, "backups").ids("restored", env=FRESH)) == 1


def test_a_migration_that_fails_leaves_the_backup(project, backups):
    late(project, "CREATE TABLE late (x);\nINSERT INTO nowhere VALUES (1);")
    saved = contents(project)
    project.must("db:migrate", code=1).names(LATE)
    assert contents(project) == saved
    assert len(backups.ids("restored")) == 1


@pytest.mark.preload
def test_a_backup_that_fails_stops_db_migrate_before_any_migration(project, backups):
    late(project)
    with project.untouched():
        project.must("db:migrate", code=1, preload="syscalls", env={"FAIL_CALL": "write:1+:ENOSPC", "FAIL_PATH": "/dump"}).names("no backup was made")
    assert LATE not in project.applied_names()


@pytest.mark.preload
@pytest.mark.parametrize("call,path", [("write:1:wait", "/dump"), ("rename:2:wait", "/backups/sqlite/")], ids=["dump", "verified"])
def test_while_db_migrate_takes_and_verifies_its_backup_nobody_migrates(project, backups, call, path):
    """One lock around all of it: the backup is of what the migrations find. At neither gate is the file itself in use."""
    late(project)
    gate, mark = project.root.parent / "gate", project.root.parent / "mark"
    shim = {"FAIL_CALL": call, "FAIL_PATH": path, "FAIL_MARK": str(mark), "FAIL_GATE": str(gate)}
    child = project.start("db:migrate", env=shim, preload="syscalls")
    try:
        deadline = time.monotonic() + 20
        while not mark.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert mark.exists()
        project.must("migrate:run", code=5).names("is locked by db:migrate")
        assert LATE not in project.applied_names()
        gate.touch()
        assert child.wait(timeout=60) == 0
    finally:
        end(child)
    assert LATE in project.applied_names() and len(backups.ids("restored")) == 1


def test_a_dry_run_of_db_migrate_shows_the_statements_and_takes_nothing(project, backups):
    late(project)
    with project.untouched():
        assert "CREATE TABLE late" in project.must("db:migrate", "--dry-run").out
    assert not backups.root.exists()


def test_a_new_database_is_migrated_without_a_backup(bare):
    bare.configure()
    bare.add_blog()
    bare.must("db:migrate")
    assert len(bare.applied_names()) == 3
    assert not Backups(bare).root.exists()
