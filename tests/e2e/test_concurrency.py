"""Many runners on one database: each migration once; the others wait or are told."""

import fcntl
import json
import signal
import socket
import sqlite3
import time

import pytest

from project import INI, end
from terminal import Terminal
from test_signals import ENDLESS, until_the_second_migration_runs

RUNNERS = 8


def start_all(project, *words, count=RUNNERS, env=None):
    return [project.start("--json", "migrate:run", *words, env=env) for _ in range(count)]


def finish(children):
    """[(exit code, document)]"""
    ends = []
    for child in children:
        out, err = child.communicate(timeout=120)
        assert "Sanitizer" not in err.decode(), err
        ends.append((child.returncode, json.loads(out)))
    return ends


def each_once(project, names):
    assert sorted(n for e, n in project.events() if e == "applied") == sorted(names)
    project.must("migrate:validate")
    project.check_audit_chain()


@pytest.mark.slow
@pytest.mark.parametrize("round", range(3))
def test_of_many_runners_that_wait_all_succeed_and_each_migration_runs_once(project, round):
    names = project.numbered(10)
    ends = finish(start_all(project, "--wait"))
    assert [code for code, _ in ends] == [0] * RUNNERS, ends
    each_once(project, names)


@pytest.mark.slow
@pytest.mark.parametrize("round", range(3))
def test_of_many_runners_that_do_not_wait_the_others_are_locked_out_or_find_nothing_to_do(project, round):
    names = project.numbered(10)
    ends = finish(start_all(project))
    assert {code for code, _ in ends} <= {0, 5}, ends
    assert any(code == 0 for code, _ in ends)
    for code, document in ends:
        if code == 5:
            assert document["connections"][0]["error"]["code"] == "locked"
    each_once(project, names)


@pytest.fixture
def held(project):
    """A database whose lock is held by a run that does not end; yields (project, holder)."""
    project.migration("1_quick", "CREATE TABLE numbers (n);")
    project.migration("2_endless", ENDLESS)
    holder = project.start("migrate:run", env={"ELOQUENT_ACTOR": "carol"})
    until_the_second_migration_runs(project)
    yield project, holder
    end(holder)
    holder.communicate()


def test_a_locked_database_names_holder_host_and_since_when(held):
    project, holder = held
    result = project.must("migrate:run", code=5)
    result.names("carol", socket.gethostname(), str(holder.pid), "since", "--wait", time.strftime("%Y-", time.gmtime()))


def test_a_run_that_keeps_readers_out_as_well_is_named_at_once_too(project):
    """A migration that writes much: SQLite itself lets nobody read until it is done."""
    project.migration("1_quick", "CREATE TABLE numbers (n);")
    project.migration("2_large", "INSERT INTO numbers WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c;")
    holder = project.start("migrate:run", env={"ELOQUENT_ACTOR": "carol"})
    try:
        until_nobody_can_read(project)
        began = time.monotonic()
        project.must("migrate:run", code=5).names("carol", str(holder.pid))
        assert time.monotonic() - began < 4
        project.must("migrate:run", "--wait=7s", code=5).names("carol")
    finally:
        end(holder)
        holder.communicate()


def until_nobody_can_read(project):
    """A small transaction locks readers out too, for the moment of its commit; what the
    large one could not keep in memory stands in the file."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            other = sqlite3.connect(f"file:{project.database}?mode=ro", uri=True, timeout=0)
            try:
                other.execute("SELECT count(*) FROM eloquent_history").fetchone()
            finally:
                other.close()
        except sqlite3.OperationalError as problem:
            if "locked" in str(problem) and project.database.stat().st_size > 1 << 20:
                return
        time.sleep(0.02)
    raise AssertionError("the run never kept readers out")


def test_wait_with_a_duration_gives_up_after_it(held):
    project, _ = held
    began = time.monotonic()
    project.must("migrate:run", "--wait=1s", code=5)
    assert 0.9 < time.monotonic() - began < 5


def test_who_has_waited_in_vain_is_told_to_wait_longer_and_who_has_not_to_wait(held):
    project, _ = held
    waited = project.must("migrate:run", "--wait=10ms", code=5)
    assert "wait longer" in waited.err and "wait for it with --wait" not in waited.err
    at_once = project.must("migrate:run", code=5)
    assert "wait for it with --wait" in at_once.err and "wait longer" not in at_once.err


def test_reading_commands_do_not_take_the_lock(held):
    project, _ = held
    document = project.document("migrate:status")
    assert document["connections"][0]["result"]["applied"] == 1


def test_unlock_of_a_living_holder_is_refused(held):
    project, _ = held
    holder_id = project.run("--json", "migrate:unlock", "0" * 32).document["connections"][0]["result"]["holder"]["id"]
    result = project.must("migrate:unlock", holder_id, code=5)
    result.names("alive")
    assert project.must("migrate:run", code=5)


def test_unlock_shows_the_holder_and_needs_its_id(held):
    project, _ = held
    result = project.must("migrate:unlock", "f" * 32, code=2)
    result.names("f" * 32, "migrate:unlock")


def test_what_a_dead_run_left_can_be_unlocked_with_its_id(held):
    project, holder = held
    end(holder)
    holder.communicate()
    document = project.run("--json", "migrate:unlock", "0" * 32).document
    left = document["connections"][0]["result"]["holder"]
    assert left["held"] is False
    assert left["actor"] == "carol"
    project.must("migrate:unlock", left["id"])
    assert "nobody holds the lock" in project.must("migrate:unlock", left["id"]).out


def test_unlock_where_nobody_ever_locked_has_nothing_to_do_and_says_so(project):
    project.sql("CREATE TABLE x (y);")
    with project.untouched():
        assert "nobody holds the lock" in project.must("migrate:unlock", "0" * 32).out
    assert not project.audit_records()
    connection = project.document("migrate:unlock", "0" * 32)["connections"][0]
    assert connection["result"]["holder"] == {"held": False, "id": None, "actor": None, "host": None, "command": None,
                                              "since": None, "pid": 0}


def test_a_link_in_the_lock_files_place_is_not_followed(blog):
    victim = blog.root / "victim"
    victim.write_text("precious\n")
    (blog.root / "database/app.sqlite-lock").write_text("")
    (blog.root / "database/app.sqlite.eloquent-lock").symlink_to(victim)
    result = blog.run("migrate:run")
    assert result.code == 1, result
    assert victim.read_text() == "precious\n"
    assert not blog.database.exists()


def test_the_lock_file_lies_beside_the_real_path(blog):
    (blog.root / "real").mkdir()
    blog.sql("CREATE TABLE x (y);", blog.root / "real/app.sqlite")
    blog.database.symlink_to("../real/app.sqlite")
    blog.must("migrate:run")
    assert (blog.root / "real/app.sqlite.eloquent-lock").exists()
    assert not (blog.root / "database/app.sqlite.eloquent-lock").exists()


def test_the_database_itself_being_busy_is_waited_for_a_moment_and_then_said(blog):
    """Another program holds SQLite's own lock."""
    blog.ini.write_text(INI + "lock_timeout = 500ms\n")
    blog.must("migrate:run", "--step", "1")
    other = sqlite3.connect(blog.database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        began = time.monotonic()
        result = blog.run("migrate:run")
        assert result.code == 5, result
        assert "locked" in result.err
        assert time.monotonic() - began < 10
    finally:
        other.close()
    blog.must("migrate:run")
    assert len(blog.applied_names()) == 3


def test_two_runs_of_different_connections_do_not_disturb_each_other(bare):
    bare.configure(INI, more="\n[connection:other]\ndriver = sqlite\npath = database/other.sqlite\n")
    names = bare.numbered(20)
    for n in range(1, 21):
        bare.migration(f"2026010100{n:04d}_t{n}", f"CREATE TABLE t{n} (x);", connection="other")
    children = [bare.start("--json", "migrate:run", "-c", c) for c in ("sqlite", "other")]
    assert [code for code, _ in finish(children)] == [0, 0]
    assert bare.applied_names() == names
    assert bare.applied_names(bare.root / "database/other.sqlite") == names


def test_sigstop_of_a_waiter_does_not_break_the_others(project):
    names = project.numbered(10)
    children = start_all(project, "--wait", count=4)
    children[1].send_signal(signal.SIGSTOP)
    time.sleep(0.5)
    children[1].send_signal(signal.SIGCONT)
    assert [code for code, _ in finish(children)] == [0] * 4
    each_once(project, names)


# ---- between the plan and the lock: while a person is asked ------------------------------------


def test_what_another_run_did_during_the_question_is_planned_for_anew(applied):
    applied.sql("CREATE TABLE keep (x); INSERT INTO keep VALUES (1);")
    terminal = Terminal(applied, "migrate:reset").sees("DESTROY_DATA")
    applied.must("migrate:rollback", "--step", "2")
    terminal.types("DESTROY_DATA").done(0)
    assert [event for event, _ in applied.events()] == ["applied"] * 3 + ["reverted"] * 3
    applied.must("migrate:validate")


def is_locked(database):
    with open(f"{database}.eloquent-lock", "ab") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def takes_two_while_one_is_held(project, one, two):
    """Under these names of the connections: does a run that waits for one.sqlite hold two.sqlite?"""
    files = {name: project.root / f"database/{file}.sqlite" for name, file in ((one, "one"), (two, "two"))}
    project.configure(f"[project]\nname = x\ndefault = {one}\n",
                      more="".join(f"[connection:{name}]\ndriver = sqlite\npath = {file}\n" for name, file in files.items()))
    for name in files:
        project.migration("1_t", "CREATE TABLE t (x); INSERT INTO t VALUES (1);", connection=name)
    project.must("migrate:run", "--all-connections")
    terminal = Terminal(project, "migrate:fresh", "--all-connections", "--wait").sees("DESTROY_DATA")
    with open(f"{files[one]}.eloquent-lock", "ab") as held:
        fcntl.lockf(held, fcntl.LOCK_EX)
        terminal.types("DESTROY_DATA")
        deadline = time.monotonic() + 1.5
        taken = False
        while not taken and time.monotonic() < deadline:
            time.sleep(0.05)
            taken = is_locked(files[two])
    terminal.done(0)
    return taken


def test_locks_are_taken_in_the_same_order_whatever_the_connections_are_called(bare):
    """Otherwise two projects that name two databases crosswise would wait for each other for ever."""
    assert takes_two_while_one_is_held(bare, "a", "b") == takes_two_while_one_is_held(bare, "b", "a")
