"""Ctrl-C, SIGTERM and kill -9 while a run is under way: what stands is known, and
the next run completes it."""

import os
import signal
import sqlite3
import subprocess
import time

import pytest

from project import SLOWNESS, end
from terminal import Terminal

# A statement that works for some hundred milliseconds and writes one row, and one that nobody
# waits for. They write little, so that SQLite lets others read meanwhile.
COUNT = "SELECT count(*) FROM (WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {count}) SELECT n FROM c)"
SLOW = "INSERT INTO numbers " + COUNT.format(count=1_500_000) + ";"
ENDLESS = "INSERT INTO numbers VALUES (0);\nINSERT INTO numbers " + COUNT.format(count=10**12) + ";"


@pytest.fixture
def slow(project):
    """One quick migration, then one of five slow statements."""
    project.migration("1_quick", "CREATE TABLE numbers (n);", "DROP TABLE numbers;")
    project.migration("2_slow", "\n".join([SLOW] * 5), "DELETE FROM numbers;")
    project.migration("3_after", "CREATE TABLE after (x);", "DROP TABLE after;")
    return project


@pytest.fixture
def endless(project):
    project.migration("1_quick", "CREATE TABLE numbers (n);", "DROP TABLE numbers;")
    project.migration("2_endless", ENDLESS, "DELETE FROM numbers;")
    return project


def until_the_second_migration_runs(project):
    """The first is committed, and the second has written (its journal is there)."""
    deadline = time.monotonic() + 20 * SLOWNESS
    journal = project.database.parent / "app.sqlite-journal"
    while time.monotonic() < deadline:
        if project.database.exists() and "1_quick" in recorded(project) and journal.exists():
            time.sleep(0.1)
            return
        time.sleep(0.02)
    raise AssertionError("the second migration never began")


def recorded(project):
    """Names of the applied events; read without disturbing the run."""
    try:
        connection = sqlite3.connect(f"file:{project.database}?mode=ro", uri=True, timeout=0.2)
        try:
            return [r[0] for r in connection.execute("SELECT name FROM eloquent_history WHERE event = 'applied'")]
        finally:
            connection.close()
    except sqlite3.OperationalError:
        return []


def stood_still(project, name):
    """Only the first stands, the second left nothing and says so."""
    assert project.applied_names() == ["1_quick"]
    assert project.value("SELECT count(*) FROM numbers") == 0
    assert project.events()[-1] == ("failed", name)


def test_one_ctrl_c_stops_at_the_next_statement_boundary(slow):
    terminal = Terminal(slow, "migrate:run")
    until_the_second_migration_runs(slow)
    shown = terminal.interrupts().done(130)
    assert "stopping at the next statement boundary" in shown
    stood_still(slow, "2_slow")


def test_a_stop_during_the_last_statement_commits_and_stops_before_the_next_migration(project):
    project.migration("1_quick", "CREATE TABLE numbers (n);")
    project.migration("2_slow", "INSERT INTO numbers VALUES (0);\nINSERT INTO numbers " + COUNT.format(count=6_000_000) + ";")
    project.migration("3_after", "CREATE TABLE after (x);")
    child = project.start("migrate:run")
    until_the_second_migration_runs(project)
    child.send_signal(signal.SIGTERM)
    out, err = child.communicate(timeout=60)
    assert child.returncode == 143, (out, err)
    assert project.applied_names() == ["1_quick", "2_slow"]
    assert b"3_after" in out + err and project.value("SELECT count(*) FROM numbers") == 2


def test_the_next_run_after_ctrl_c_completes(slow):
    terminal = Terminal(slow, "migrate:run")
    until_the_second_migration_runs(slow)
    terminal.interrupts().done(130)
    slow.must("migrate:run")
    assert slow.applied_names() == ["1_quick", "2_slow", "3_after"]
    assert slow.sql("SELECT n FROM numbers") == [[1_500_000]] * 5


def test_a_second_ctrl_c_cancels_the_statement(endless):
    terminal = Terminal(endless, "migrate:run")
    until_the_second_migration_runs(endless)
    terminal.interrupts().sees("once more cancels")
    terminal.interrupts().done(130)
    stood_still(endless, "2_endless")


def test_a_third_ctrl_c_takes_the_default_action_at_the_latest(endless):
    terminal = Terminal(endless, "migrate:run")
    until_the_second_migration_runs(endless)
    os.kill(terminal.child.pid, signal.SIGSTOP)
    for _ in range(3):
        os.kill(terminal.child.pid, signal.SIGINT)
        time.sleep(0.05)
    os.kill(terminal.child.pid, signal.SIGCONT)
    for _ in range(3):
        time.sleep(0.1)
        if not terminal.child.isalive():
            break
        os.kill(terminal.child.pid, signal.SIGINT)
    terminal.child.wait()
    assert terminal.child.exitstatus == 130 or terminal.child.signalstatus == signal.SIGINT


@pytest.mark.parametrize("number,code", [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 143)])
def test_a_signal_without_a_terminal_stops_at_the_next_statement_boundary(slow, number, code):
    child = slow.start("--json", "migrate:run")
    until_the_second_migration_runs(slow)
    child.send_signal(number)
    out, err = child.communicate(timeout=60)
    assert child.returncode == code, (out, err)
    stood_still(slow, "2_slow")
    import json
    assert json.loads(out)["connections"][0]["error"]["code"] == ("interrupted" if code == 130 else "terminated")


def test_a_signal_during_a_reading_command_ends_it(applied):
    """Reading commands take the default action: nothing to undo."""
    for number in range(400):
        applied.migration(f"2027010100{number:04d}_x", "SELECT 1;\n" * 200)
    child = applied.start("migrate:validate")
    time.sleep(0.01)
    child.send_signal(signal.SIGTERM)
    child.communicate(timeout=20)
    assert child.returncode in (0, -signal.SIGTERM, 143)


def test_ctrl_c_at_a_question_changes_nothing(applied):
    with applied.untouched():
        Terminal(applied, "migrate:fresh").sees("DESTROY_DATA").interrupts().done(130)


def test_ctrl_c_while_waiting_for_the_lock_changes_nothing(endless):
    holder = endless.start("migrate:run")
    try:
        until_the_second_migration_runs(endless)
        waiter = Terminal(endless, "migrate:run", "--wait")
        time.sleep(1.5)
        waiter.interrupts().done(130)
    finally:
        end(holder)
        holder.communicate()


@pytest.mark.parametrize("delay", [0.0, 0.05, 0.15, 0.4])
def test_after_kill_9_nothing_is_half_done_and_the_next_run_completes(slow, delay):
    child = slow.start("migrate:run")
    until_the_second_migration_runs(slow)
    time.sleep(delay)
    end(child)
    child.communicate()
    status = slow.document("migrate:status")
    assert status["connections"][0]["result"]["applied"] <= 1
    slow.must("migrate:run")
    assert slow.applied_names() == ["1_quick", "2_slow", "3_after"]
    assert slow.sql("SELECT n FROM numbers") == [[1_500_000]] * 5
    assert [e for e, _ in slow.events()].count("applied") == 3
    slow.must("migrate:validate")


def test_after_kill_9_in_the_middle_of_fresh_the_next_run_completes(slow):
    slow.must("migrate:run")
    slow.sql("CREATE TABLE theirs (x)")
    child = slow.start("migrate:fresh", "--force")
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and recorded(slow).count("1_quick") < 2:
        time.sleep(0.01)
    end(child)
    child.communicate()
    assert "theirs" not in slow.tables(), "it was wiped"
    assert slow.applied_names()[:1] == ["1_quick"]
    slow.must("migrate:run")
    assert slow.applied_names() == ["1_quick", "2_slow", "3_after"]
    assert slow.sql("SELECT n FROM numbers") == [[1_500_000]] * 5
    slow.must("migrate:validate")
    slow.check_audit_chain()


def test_after_kill_9_without_a_transaction_the_next_run_resumes(project):
    project.migration("1_quick", "CREATE TABLE numbers (n);")
    project.write("database/migrations/sqlite/2_steps.sql", "-- migrate:up transaction:false\n" + "\n".join(
        f"INSERT INTO numbers SELECT {step} FROM (" + COUNT.format(count=700_000) + ");" for step in range(1, 7)))
    child = project.start("migrate:run")
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and not started_two(project):
        time.sleep(0.01)
    end(child)
    child.communicate()
    project.must("migrate:run")
    assert [r[0] for r in project.sql("SELECT DISTINCT n FROM numbers ORDER BY n")] == [1, 2, 3, 4, 5, 6]
    assert project.applied_names() == ["1_quick", "2_steps"]
    project.must("migrate:validate")


def started_two(project):
    try:
        connection = sqlite3.connect(f"file:{project.database}?mode=ro", uri=True, timeout=0.2)
        try:
            return connection.execute("SELECT count(*) FROM eloquent_history WHERE event = 'statement'").fetchone()[0] >= 2
        finally:
            connection.close()
    except sqlite3.OperationalError:
        return False


def test_kill_9_leaves_no_lock_behind(slow):
    child = slow.start("migrate:run")
    until_the_second_migration_runs(slow)
    end(child)
    child.communicate()
    assert slow.run("migrate:run").code == 0


def test_a_stopped_holder_keeps_its_lock(slow):
    child = slow.start("migrate:run")
    until_the_second_migration_runs(slow)
    child.send_signal(signal.SIGSTOP)
    try:
        slow.must("migrate:run", code=5)
    finally:
        child.send_signal(signal.SIGCONT)
    child.communicate(timeout=60)
    assert child.returncode == 0


def test_a_reader_that_goes_away_does_not_kill_the_work(slow):
    """`eloquent migrate:run | head`: standard output is a closed pipe."""
    child = subprocess.Popen(slow.command(["migrate:run"]), cwd=slow.root, env=slow.environment(), stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    child.stdout.close()
    err = child.stderr.read()
    assert child.wait(timeout=60) == 1, err
    assert slow.applied_names() == ["1_quick", "2_slow", "3_after"]
