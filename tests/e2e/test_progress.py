"""Long work shows on a real terminal how far it is, on one line that is gone at the end,
and nowhere else. No test hopes that work is slow: it waits at a gate that the test opens,
or for a statement that nobody waits for."""

import signal
import threading

import pytest

from backups import Backups
from terminal import Terminal, run_beside_terminal
from test_concurrency import held  # a fixture
from test_seed import seed
from test_signals import ENDLESS

NUMBERS = "CREATE TABLE numbers (n);"


class Gate:
    """One call of the program's waits until the test opens."""

    def __init__(self, project, call, path):
        self.file = project.root.parent / "gate"
        self.env = {"LD_PRELOAD": project.installation.shim("syscalls"), "FAIL_CALL": f"{call}:1:wait", "FAIL_PATH": path,
                    "FAIL_GATE": str(self.file)}

    def open(self):
        self.file.touch()


@pytest.fixture
def endless(project):
    project.migration("1_quick", NUMBERS)
    project.migration("2_endless", ENDLESS)
    return project


def cancelled(terminal):
    """Stops what never ends by itself."""
    terminal.interrupts().sees("stopping at the next statement boundary")
    terminal.interrupts().done(130)
    return terminal


def gone(terminal, text):
    """It was shown, and at the end nothing of it is there."""
    assert text in terminal.bytes
    assert not [line for line in terminal.screen if text in line], terminal.screen


# ---- where it is shown ------------------------------------------------------------------


@pytest.mark.preload
def test_a_backup_under_way_is_shown_and_gone_at_the_end(applied):
    gate = Gate(applied, "write", "/dump")
    terminal = Terminal(applied, "db:backup", env=gate.env).sees("backing up sqlite")
    gate.open()
    terminal.done(0)
    gone(terminal, "backing up")
    assert [line.split()[0] for line in terminal.screen if line] == ["backup"], terminal.screen


@pytest.mark.preload
def test_a_backup_that_is_read_back_is_shown_by_its_id(applied):
    name = Backups(applied).take()
    gate = Gate(applied, "read", ".zst")
    terminal = Terminal(applied, "db:backup:verify", env=gate.env).sees(f"verifying {name}")
    gate.open()
    terminal.done(0)
    gone(terminal, "verifying")


@pytest.mark.preload
def test_what_is_there_is_shown_while_a_restore_keeps_it(applied):
    name = Backups(applied).take()
    gate = Gate(applied, "write", "/dump")
    terminal = Terminal(applied, "db:restore", name, env=gate.env).sees("DESTROY_DATA").types("DESTROY_DATA")
    terminal.sees("backing up sqlite")
    gate.open()
    terminal.done(0)
    gone(terminal, "backing up")
    assert terminal.screen[-2] == f"restored {name}", terminal.screen


@pytest.mark.preload
def test_a_trail_that_is_verified_is_shown(applied):
    gate = Gate(applied, "read", "audit.jsonl")
    terminal = Terminal(applied, "audit:verify", env=gate.env, columns=250).sees("verifying ", "audit.jsonl")
    gate.open()
    terminal.done(0)
    gone(terminal, "verifying")
    assert "the chain is whole" in terminal.screen[0]


def test_a_migration_under_way_is_shown_with_its_number_and_its_time(endless):
    terminal = Terminal(endless, "migrate:run").sees("2 of 2  2_endless, ")
    terminal.child.expect(r"2 of 2  2_endless, (?!1 s)\d+ s")
    gone(cancelled(terminal), "2 of 2  2_")
    assert endless.applied_names() == ["1_quick"]


def test_a_seed_under_way_is_shown(project):
    project.migration("1_numbers", NUMBERS)
    project.must("migrate:run")
    seed(project, "NumberSeeder.sql", ENDLESS)
    terminal = Terminal(project, "db:seed").sees("1 of 2 statements  sowing Number, 1 of 1, ")
    gone(cancelled(terminal), "sowing")


def test_a_wait_for_the_lock_is_shown(held):
    project, _ = held
    terminal = Terminal(project, "migrate:run", "--wait", columns=250).sees("waiting for the lock of ", "app.sqlite")
    terminal.interrupts().done(130)
    gone(terminal, "waiting for")


@pytest.mark.preload
def test_files_and_history_under_check_are_shown(applied):
    gate = Gate(applied, "read", "create_posts.sql")
    terminal = Terminal(applied, "migrate:validate", env=gate.env).sees("checking sqlite, ")
    gate.open()
    terminal.done(0)
    gone(terminal, "checking")


@pytest.mark.preload
def test_dropping_everything_is_shown(applied):
    gate = Gate(applied, "pwrite", "app.sqlite-journal")
    terminal = Terminal(applied, "migrate:fresh", env=gate.env).sees("DESTROY_DATA").types("DESTROY_DATA")
    terminal.sees("dropping everything in app.sqlite, ")
    gate.open()
    terminal.done(0)
    gone(terminal, "dropping everything in")


def test_of_several_connections_one_is_shown_and_the_others_are_counted(bare):
    bare.configure("[project]\ndefault = one\n[connection:one]\ndriver = sqlite\npath = database/one.sqlite\n"
                   "[connection:two]\ndriver = sqlite\npath = database/two.sqlite\n")
    for name in ("one", "two"):
        bare.migration("1_endless", NUMBERS + ENDLESS, connection=name)
    terminal = Terminal(bare, "migrate:run", "--all-connections").sees("1 of 1  1_endless on ", ", and 1 more")
    gone(cancelled(terminal), "1 of 1")


# ---- what else is written there -------------------------------------------------------------


def test_what_else_is_written_stands_on_lines_of_its_own(endless):
    terminal = Terminal(endless, "migrate:run").sees("2 of 2  2_endless")
    terminal.interrupts().sees("once more cancels the statement", "2 of 2  2_endless")
    terminal.interrupts().done(130)
    shown = [line for line in terminal.screen if line]
    assert shown[0].startswith("applied  1_quick"), shown
    assert shown[1] == "eloquent: stopping at the next statement boundary; once more cancels the statement"
    assert shown[2] == "eloquent: cancelling the statement"
    assert shown[3].startswith("eloquent: sqlite: ") and len(shown) == 5, shown


@pytest.mark.preload
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_ends_a_reading_command_takes_the_line_away(applied, number):
    """By its default action, as the shell expects it."""
    gate = Gate(applied, "read", "audit.jsonl")
    terminal = Terminal(applied, "audit:verify", env=gate.env, columns=250).sees("verifying ")
    if number == signal.SIGINT:
        terminal.interrupts()
    else:
        terminal.child.kill(number)
    terminal.done(-number)
    gone(terminal, "verifying")
    assert not [line for line in terminal.screen if line.strip("^C")], terminal.screen


def test_on_a_narrow_terminal_the_line_does_not_wrap(endless):
    terminal = cancelled(Terminal(endless, "migrate:run", columns=12).sees("\r2 of 2  2_e\x1b[K"))
    gone(terminal, "2 of 2  2_")


def test_a_secret_in_a_name_is_not_shown(bare):
    bare.configure(more="[connection:other]\ndriver = leaky\npassword = ${THE_SECRET}\n")
    bare.migration("1_for_kanarienvogel", NUMBERS + ENDLESS)
    terminal = Terminal(bare, "migrate:run", env={"THE_SECRET": "kanarienvogel"}).sees("1 of 1  1_for_[REDACTED]")
    assert "kanarien" not in cancelled(terminal).bytes


# ---- where it is not --------------------------------------------------------------------------


def opened_late(gate):
    """Long after the line would have been there."""
    timer = threading.Timer(2.5, gate.open)
    timer.start()
    return timer


@pytest.mark.preload
@pytest.mark.parametrize("words,env", [(["--quiet"], {}), (["--silent"], {}), (["--json"], {}), ([], {"TERM": "dumb"}), ([], {"TERM": ""})])
def test_nothing_of_it_is_shown_to_whoever_wants_none(applied, words, env):
    gate = Gate(applied, "write", "/dump")
    timer = opened_late(gate)
    terminal = Terminal(applied, "db:backup", *words, env={**gate.env, **env})
    terminal.done(0)
    timer.join()
    assert "backing up" not in terminal.bytes and "\x1b[K" not in terminal.bytes


@pytest.mark.preload
def test_nothing_of_it_reaches_a_pipe(applied):
    gate = Gate(applied, "write", "/dump")
    timer = opened_late(gate)
    code, out, err, shown = run_beside_terminal(applied, "db:backup", env=gate.env)
    timer.join()
    assert code == 0 and out.startswith("backup ") and out.count("\n") == 1
    assert (err, shown) == ("", "")
