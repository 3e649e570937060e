"""Failing memory, failing disks and damaged databases: one clear sentence, and
nothing lost. The shims are tests/preload/."""

import os
import resource
import shutil
import time

import pytest

from project import INI, first_error

USERS = "20260101000000_create_users"

# Each command on a project with three applied migrations and a pending one.
COMMANDS = [
    ["version"], ["list"], ["help", "migrate:run"], ["plugin:list"], ["make:migration", "more", "--sql"],
    ["migrate:status"], ["--json", "migrate:status"], ["--json", "migrate:run"], ["migrate:validate"], ["migrate:run", "--dry-run"], ["migrate:run"],
    ["migrate:rollback"], ["migrate:redo"], ["migrate:reset", "--force"], ["migrate:fresh", "--force"],
    ["migrate:repair", "--mark", "reverted", "20260103000000_first_users"], ["migrate:unlock", "0" * 32], ["db:stamp", "staging"],
    ["audit:show"], ["audit:verify", "-c", "sqlite"],
    ["db:backup"], ["db:backup:list"], ["--json", "db:backup:verify"], ["db:restore", "latest", "--force"], ["db:migrate"],
]
READING = {"version", "list", "help", "plugin:list", "migrate:status", "audit:show", "audit:verify", "db:backup:list", "db:backup:verify"}
ORDERLY = {0, 1, 2, 3, 4, 5, 6}


@pytest.fixture
def prepared(applied):
    applied.must("db:backup")
    applied.migration("20260104000000_more", "CREATE TABLE more (x);", "DROP TABLE more;")
    return applied


class Copies:
    """Fresh copies of one prepared project, one per trial."""

    def __init__(self, project):
        self.project = project
        self.kept = project.root.parent / "kept"
        shutil.copytree(project.root, self.kept, symlinks=True)

    def restore(self):
        shutil.rmtree(self.project.root)
        shutil.copytree(self.kept, self.project.root, symlinks=True)


def whole(project, words):
    """After whatever happened: the chain verifies, and the work can be done."""
    assert project.value("PRAGMA integrity_check") == "ok", words
    project.must("migrate:validate")
    project.must("migrate:run")
    assert sorted(project.tables()) == ["more", "posts", "users"], words
    applied = project.applied_names()
    assert len(applied) == len(list((project.migrations / "sqlite").iterdir())), words


def trials(limit):
    """1, 2, 3, ... densely at first, then wider: the interesting places are many and alike."""
    number = 1
    while number <= limit:
        yield number
        number += 1 if number < 60 else max(1, number // 40)


@pytest.mark.preload
@pytest.mark.slow
@pytest.mark.parametrize("words", COMMANDS, ids=lambda w: "-".join(w).replace(":", "-"))
def test_when_the_nth_allocation_fails_the_program_ends_in_order(prepared, words):
    copies = Copies(prepared)
    mark = prepared.root.parent / "mark"
    struck = 0
    for number in trials(100_000):
        mark.unlink(missing_ok=True)
        result = prepared.run(*words, preload="failalloc", env={"FAIL_ALLOC": str(number), "FAIL_ALLOC_MARK": str(mark)})
        if not mark.exists():
            assert struck > 5, "the shim never struck"
            return
        struck += 1
        assert result.code in ORDERLY, f"allocation {number}: {result!r}"
        assert result.code == 0 or result.err.strip(), f"allocation {number}: it failed without a word"
        if words[0] == "--json":
            assert_whole_document(result, number)
        if not READING.intersection(words):
            if struck % 7 == 0 or result.code == 0:
                whole(prepared, words)
            copies.restore()
    raise AssertionError("no clean run was reached")


def assert_whole_document(result, number):
    """One valid document, whatever failed; a process that ends before main has none."""
    assert result.code == 0 or result.out or number < 20, f"allocation {number}: no document\n{result!r}"
    if result.out:
        assert result.document["connections"] or not result.document["ok"], f"allocation {number}: {result!r}"


CALLS = ["open", "read", "pread", "write", "pwrite", "fdatasync", "ftruncate", "close"]


@pytest.mark.preload
@pytest.mark.slow
@pytest.mark.parametrize("error", ["EIO", "ENOSPC", "EINTR", "short"])
@pytest.mark.parametrize("call", CALLS)
def test_when_the_nth_call_into_the_system_fails_nothing_is_lost(prepared, call, error):
    if error == "short" and call not in ("read", "pread", "write", "pwrite"):
        error = "EACCES"
    copies = Copies(prepared)
    mark = prepared.root.parent / "mark"
    for number in trials(100_000):
        mark.unlink(missing_ok=True)
        result = prepared.run("migrate:run", preload="syscalls",
                              env={"FAIL_CALL": f"{call}:{number}:{error}", "FAIL_MARK": str(mark)})
        if not mark.exists():
            assert number > 1, f"the shim never struck {call}"
            return
        assert result.code in ORDERLY, f"{call} {number} {error}: {result!r}"
        assert result.code == 0 or result.err.strip() or call == "write", f"{call} {number} {error}: it failed without a word"
        whole(prepared, [call, number, error])
        copies.restore()
    raise AssertionError("no clean run was reached")


@pytest.mark.preload
@pytest.mark.parametrize("number", [1, 2, 3])
def test_eintr_while_reading_or_writing_files_of_ours_is_no_failure(prepared, number):
    for call, path in (("read", "eloquent.ini"), ("read", "migrations"), ("write", "audit.jsonl"), ("fsync", "audit.jsonl")):
        prepared.must("migrate:status" if call == "read" else "db:stamp", *([] if call == "read" else ["staging"]), preload="syscalls",
                      env={"FAIL_CALL": f"{call}:{number}:EINTR", "FAIL_PATH": path})


# ---- full disks -----------------------------------------------------------------------


@pytest.mark.preload
@pytest.mark.parametrize("number", [1, 2, 3, 5, 8, 13])
def test_a_disk_that_is_full_from_some_write_on_loses_nothing(prepared, number):
    result = prepared.run("migrate:run", preload="syscalls", env={"FAIL_CALL": f"pwrite:{number}+:ENOSPC"})
    assert result.code == 1, result
    assert "full" in result.err or "space" in result.err
    whole(prepared, ["full", number])


@pytest.mark.preload
def test_a_full_disk_under_the_audit_trail_stops_a_destructive_command(prepared):
    with prepared.untouched():
        result = prepared.must("migrate:fresh", "--force", code=3, preload="syscalls",
                               env={"FAIL_CALL": "write:1+:ENOSPC", "FAIL_PATH": "audit.jsonl"})
    result.names("audit.jsonl")
    assert first_error(prepared.must("--json", "migrate:fresh", "--force", code=3, preload="syscalls",
                                     env={"FAIL_CALL": "write:1+:ENOSPC", "FAIL_PATH": "audit.jsonl"}).document)["code"] == "audit_unwritable"


@pytest.mark.preload
def test_a_torn_tail_of_the_audit_trail_is_closed_and_the_chain_goes_on(prepared):
    with open(prepared.audit, "ab") as trail:
        trail.write(b'{"sequence":99,"torn')
    prepared.must("db:stamp", "staging")
    records = [line for line in prepared.audit.read_text().splitlines() if "recovered" in line]
    assert len(records) == 1


def limit_files(size):
    def in_child():
        import signal
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    return in_child


def test_a_file_that_may_not_grow_loses_nothing(prepared):
    prepared.migration("20260105000000_large", "CREATE TABLE large (x);\nINSERT INTO large VALUES (zeroblob(3000000));", "DROP TABLE large;")
    result = prepared.must("migrate:run", code=1, limits=limit_files(200_000))
    assert prepared.value("PRAGMA integrity_check") == "ok"
    result.names("20260105000000_large.sql")
    assert "20260105000000_large" not in prepared.applied_names()
    prepared.must("migrate:run")
    assert prepared.value("SELECT length(x) FROM large") == 3000000


def test_a_database_that_cannot_be_created_at_all_leaves_no_table(blog):
    result = blog.run("migrate:run", limits=limit_files(0))
    assert result.code == 1, result
    assert not blog.database.exists()
    blog.must("migrate:run")


# ---- databases that are not what they should be ----------------------------------------


def test_a_folder_in_the_databases_place_is_exit_6(blog):
    blog.database.mkdir()
    blog.fails(6, "migrate:run", names=["database/app.sqlite"])
    blog.fails(6, "migrate:status", names=["database/app.sqlite"])


def test_a_file_that_is_no_database_is_exit_6(blog):
    blog.write("database/app.sqlite", "this is no database, and it is long enough to be one" * 100)
    blog.fails(6, "migrate:run", names=["database/app.sqlite"])
    blog.fails(6, "migrate:status", names=["database/app.sqlite"])


def test_a_corrupt_schema_is_found_when_opening(applied):
    data = bytearray(applied.database.read_bytes())
    data[100:300] = b"\xff" * 200
    applied.database.write_bytes(bytes(data))
    applied.fails(6, "migrate:run", names=["database/app.sqlite"])


def test_corruption_met_later_is_exit_1_and_named(applied):
    """Every page but the first is overwritten: the file opens, its tables do not."""
    size = 4096
    data = bytearray(applied.database.read_bytes())
    for page in range(1, len(data) // size):
        data[page * size:(page + 1) * size] = b"\xaa" * size
    applied.database.write_bytes(bytes(data))
    result = applied.run("migrate:status")
    assert result.code == 1, result
    assert "malformed" in result.err


def test_an_empty_file_is_an_empty_database(blog):
    blog.write("database/app.sqlite", b"")
    assert "never migrated" in blog.must("migrate:status").out
    blog.must("migrate:run")


def test_a_folder_that_does_not_exist_is_exit_6_and_is_not_made(blog):
    blog.ini.write_text(INI.replace("database/app.sqlite", "no/such/app.sqlite"))
    blog.fails(6, "migrate:run", names=["no/such"])


def test_an_empty_path_says_what_to_do(blog):
    blog.fails(2, "migrate:run", env={"SQLITE_PATH": ""},
               names=["SQLITE_PATH", "not a path", "give it a value: a path, or take it away"])


def test_a_folder_in_the_lock_files_place_says_what_to_do(applied):
    lock = applied.database.parent / (applied.database.name + ".eloquent-lock")
    lock.unlink()
    lock.mkdir()
    applied.migration("20260105000000_more", "CREATE TABLE more (x);")
    applied.fails(1, "migrate:run", names=["cannot open the lock file", "remove that folder"])


@pytest.mark.preload
@pytest.mark.parametrize("error,remedy", [("ENOSPC", "free some space"), ("EIO", "look at the disk")])
def test_a_lock_file_that_cannot_be_written_says_what_to_do(prepared, error, remedy):
    prepared.fails(1, "migrate:run", names=["cannot write the lock file", remedy], preload="syscalls",
                   env={"FAIL_CALL": f"pwrite:1:{error}", "FAIL_PATH": "eloquent-lock"})


@pytest.mark.parametrize("path", [":memory:", ""])
def test_a_database_that_forgets_is_refused_where_history_is_written(blog, path):
    with blog.untouched():
        blog.fails(2, "migrate:run", env={"SQLITE_PATH": path})


def test_a_hard_link_to_the_database_is_refused_for_writing_only(applied):
    os.link(applied.database, applied.root / "database/other-name.sqlite")
    applied.must("migrate:status")
    applied.migration("20260104000000_more", "CREATE TABLE more (x);")
    applied.fails(6, "migrate:run", names=["link"])


@pytest.mark.not_root
def test_a_read_only_database_can_be_read_and_writing_is_exit_6(applied):
    applied.database.chmod(0o444)
    applied.must("migrate:status")
    applied.migration("20260104000000_more", "CREATE TABLE more (x);")
    applied.fails(6, "migrate:run", names=["database/app.sqlite"])


@pytest.mark.not_root
def test_a_read_only_folder_can_be_read_and_writing_fails_in_one_sentence(applied):
    folder = applied.database.parent
    applied.migration("20260104000000_more", "CREATE TABLE more (x);")
    folder.chmod(0o555)
    try:
        applied.must("migrate:status")
        with applied.untouched():
            result = applied.run("migrate:run")
    finally:
        folder.chmod(0o755)
    assert result.code == 6, result
    result.names("database")


@pytest.mark.not_root
def test_a_missing_database_in_a_read_only_folder_is_said(blog):
    folder = blog.database.parent
    folder.chmod(0o555)
    try:
        blog.must("migrate:status")
        result = blog.run("migrate:run")
    finally:
        folder.chmod(0o755)
    assert result.code == 6, result
    result.names("database")


def test_connect_wait_tries_again_until_the_database_is_there(blog):
    child = None
    blog.database.mkdir()
    began = time.monotonic()
    blog.must("migrate:run", "--connect-wait", "1s", code=6)
    assert time.monotonic() - began >= 0.9
    child = blog.start("migrate:run", "--connect-wait", "20s")
    time.sleep(0.5)
    blog.database.rmdir()
    out, err = child.communicate(timeout=30)
    assert child.returncode == 0, (out, err)
