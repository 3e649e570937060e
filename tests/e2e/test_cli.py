"""The command line's grammar, help, output and exit codes."""

import csv
import os
import re
import subprocess

import pytest

from project import INI, SOURCE, first_error
from terminal import Terminal

def _table():
    """tests/guard/commands.csv, written by hand from the contract: name -> class as `list` shows it."""
    with open(SOURCE / "tests/guard/commands.csv", encoding="utf-8") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return {row["command"]: row["class"].replace("stamp", "writes") for row in rows}


CLASSES = _table()
COMMANDS = list(CLASSES)


# ---- help ------------------------------------------------------------------------


def test_the_program_alone_prints_help_and_exits_2(bare):
    result = bare.must(code=2)
    assert "usage: eloquent" in result.out + result.err
    assert "migrate:run" in result.out + result.err


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_and_its_help_option_print_the_same_page_and_exit_0(bare, command):
    by_help = bare.must("help", command)
    by_option = bare.must(command, "--help")
    assert by_help.out == by_option.out
    assert f"usage: eloquent {command}" in by_help.out


def test_help_of_an_unknown_command_exits_2_and_names_it(bare):
    bare.fails(2, "help", "migrate:nothing", names=["migrate:nothing"])


def test_help_of_a_command_lists_the_options_that_it_takes(bare):
    page = bare.must("help", "migrate:rollback").out
    for option in ("--step", "--batch", "--to", "--all-migrations", "--connection", "--json", "--sqlite", "--pg"):
        assert option in page


def test_list_shows_every_command_with_its_class(bare):
    out = bare.must("list").out
    for command in COMMANDS:
        assert re.search(rf"^\s+{re.escape(command)}\s", out, re.M), command
    for command, word in CLASSES.items():
        assert re.search(rf"^\s+{re.escape(command)}\s+{word}\b", out, re.M), command


def test_list_as_json_names_the_commands_that_there_are_and_no_others(bare):
    document = bare.document("list")
    assert [c["name"] for c in document["result"]["commands"]] == COMMANDS
    assert {c["name"]: c["class"] for c in document["result"]["commands"]} == CLASSES


@pytest.mark.parametrize("words", [["version"], ["--version"]])
def test_version_prints_one_line_and_exits_0(bare, words):
    result = bare.must(*words)
    assert re.fullmatch(r"eloquent \d+\.\d+\.\d+.*\n", result.out)
    assert result.err == ""


# ---- grammar -----------------------------------------------------------------------


@pytest.mark.parametrize("typed,near", [("migrate:rum", "migrate:run"), ("migrat:status", "migrate:status"),
                                        ("migrate:rolback", "migrate:rollback"), ("plugins:list", "plugin:list")])
def test_an_unknown_command_names_the_nearest_one(project, typed, near):
    project.fails(2, typed, names=[typed, near])


@pytest.mark.parametrize("typed,near", [("--stp", "--step"), ("--forse", "--force"), ("--alow-missing", "--allow-missing")])
def test_an_unknown_option_names_the_nearest_one(project, typed, near):
    project.fails(2, "migrate:run", typed, names=[typed, near])


@pytest.mark.parametrize("abbreviated", ["--y", "--ye", "--forc", "--js", "--dry", "-y", "-f"])
def test_abbreviations_are_refused(applied, abbreviated):
    applied.fails(2, "migrate:fresh", "--force", abbreviated, names=[abbreviated])


@pytest.mark.parametrize("words", [["migrate:status", "one"], ["migrate:run", "a", "b"], ["version", "x"],
                                   ["migrate:baseline", "a", "b"], ["db:stamp", "a", "b"]])
def test_surplus_arguments_are_an_error_that_names_the_first(project, words):
    project.fails(2, *words, names=[words[-1], words[0]])


@pytest.mark.parametrize("command", ["make:migration", "migrate:baseline", "migrate:unlock", "db:stamp"])
def test_a_missing_argument_is_an_error_that_shows_the_usage(project, command):
    project.fails(2, command, names=[command, "usage"])


@pytest.mark.parametrize("option", ["--step", "--to", "--config", "--connection", "-c", "--log-level"])
def test_an_option_without_its_value_is_an_error(project, option):
    project.fails(2, "migrate:run", option, names=[option.lstrip("-") if option != "-c" else "connection"])


@pytest.mark.parametrize("value", ["0", "-1", "x", "1x", "", "99999999999999999999", "1.5"])
def test_step_takes_a_whole_number_from_1_on(blog, value):
    blog.fails(2, "migrate:run", f"--step={value}", names=["--step"])


@pytest.mark.parametrize("words", [["migrate:run", "--step=0"], ["migrate:redo", "--step", "none"], ["migrate:rollback", "--batch=x"],
                                   ["migrate:rollback", "--step", "1", "--batch", "1"], ["migrate:run", "NAME", "--step", "1"],
                                   ["migrate:repair"], ["migrate:repair", "--mark", "done", "NAME"], ["migrate:repair", "--mark", "applied"],
                                   ["migrate:run", "--wait=soon"], ["migrate:run", "--connect-wait="], ["migrate:run", "--jobs", "0"],
                                   ["db:stamp", "Pro duction"], ["make:migration", "more"]], ids=" ".join)
def test_a_wrong_command_line_is_said_once_and_of_no_connection(bare, words):
    bare.configure(INI, more="\n[connection:other]\ndriver = sqlite\npath = database/other.sqlite\n")
    result = bare.fails(2, *words, "--all-connections")
    assert result.err.count("eloquent: ") == 1
    assert "sqlite:" not in result.err and "other:" not in result.err
    document = bare.document(*words, "--all-connections", code=2)
    assert document["command"] == words[0]
    assert document["error"]["code"] == "usage" and document["connections"] == []


def test_a_wrong_command_line_is_found_before_the_configuration_is_read(project):
    project.ini.write_text("nonsense\n")
    project.fails(2, "migrate:run", "--step=0", names=["--step"])


@pytest.mark.parametrize("value", ["0", "x", "-3", "99999999999999999999"])
def test_jobs_takes_a_whole_number_from_1_on(blog, value):
    blog.fails(2, "migrate:run", f"--jobs={value}", names=["--jobs"])


@pytest.mark.parametrize("option", ["--wait", "--connect-wait"])
def test_a_wait_that_is_no_duration_is_an_error(blog, option):
    blog.fails(2, "migrate:run", f"{option}=soon", names=[option, "soon"])


def test_a_flag_takes_no_value(blog):
    blog.fails(2, "migrate:fresh", "--force=no", names=["--force"])


@pytest.mark.parametrize("option", [["--step", "1"], ["--batch", "1"], ["--accept", "x"], ["--sql"]])
def test_an_option_of_another_command_is_an_error_that_names_both(project, option):
    project.fails(2, "migrate:status", *option, names=["migrate:status", option[0]])


@pytest.mark.parametrize("words", [["--json", "migrate:status"], ["migrate:status", "--json"],
                                   ["--sqlite", "migrate:status", "--json"], ["-c", "sqlite", "--json", "migrate:status"],
                                   ["--connection=sqlite", "migrate:status", "--json"]])
def test_options_may_stand_anywhere(applied, words):
    document = applied.must(*words).document
    assert document["connections"][0]["result"]["applied"] == 3


def test_one_connection_named_twice_is_worked_on_once(applied):
    document = applied.document("migrate:status", "-c", "sqlite", "--sqlite", "--connection", "sqlite")
    assert [c["name"] for c in document["connections"]] == ["sqlite"]


def test_a_value_given_twice_is_an_error(blog):
    blog.fails(2, "migrate:run", "--step", "1", "--step", "2", names=["--step"])


@pytest.mark.parametrize("words", [["--step", "1", "20260101000000_create_users"], ["--to", "x", "20260101000000_create_users"]])
def test_name_alone_does_not_go_together_with_a_selection(blog, words):
    blog.fails(2, "migrate:run", *words)


@pytest.mark.parametrize("words", [["--step", "1", "--batch", "1"], ["--to", "x", "--all-migrations"]])
def test_a_rollback_takes_one_selection(applied, words):
    applied.fails(2, "migrate:rollback", *words)


# ---- what the users' documents prohibit --------------------------------------------------


@pytest.mark.parametrize("words", [["db:push"], ["db:reset"], ["migrate:dev"], ["db:push", "--force-reset"],
                                   ["migrate:run", "--force-reset"], ["migrate:fresh", "--force-reset", "--force", "--yes"]])
def test_a_prohibited_word_is_answered_with_the_reason_and_the_safe_way(applied, words):
    result = applied.fails(2, *words)
    assert "does not exist here" in result.err
    assert "migrate:" in result.err.replace(" ".join(words), ""), "the safe way is a command"
    assert "did you mean" not in result.err
    assert applied.error_code(*words, code=2) == "prohibited"


# ---- output ----------------------------------------------------------------------------------


@pytest.mark.parametrize("words,code", [
    (["version"], 0), (["list"], 0), (["help"], 0), (["completion", "zsh"], 0), (["plugin:new", "cache", "acme"], 0), (["plugin:list"], 0), (["migrate:status"], 0),
    (["migrate:validate"], 0), (["migrate:run"], 0), (["migrate:rollback"], 0), (["migrate:redo"], 0),
    (["migrate:reset", "--force"], 0), (["migrate:fresh", "--force"], 0), (["db:stamp", "staging"], 0),
    (["migrate:run", "--dry-run"], 0), (["migrate:rollback", "--dry-run"], 0), (["migrate:fresh", "--dry-run"], 0),
    (["make:migration", "more", "--sql"], 0),
    (["migrate:status", "-c", "nobody"], 2), (["nonsense"], 2), (["migrate:run", "--nonsense"], 2), ([], 2),
    (["migrate:unlock", "0" * 32], 0), (["migrate:repair"], 2), (["migrate:fresh"], 3)])
def test_json_is_exactly_one_valid_document_on_success_and_on_failure(applied, words, code):
    document = applied.must("--json", *words, code=code).document
    if code:
        assert first_error(document)["message"]
    else:
        assert document["error"] is None
        assert all(c["ok"] and c["error"] is None for c in document["connections"])


def test_json_shows_file_line_and_statement_of_a_failed_statement(project):
    project.migration("20260101000000_bad", "CREATE TABLE a (b);\nCREATE TABEL c (d);")
    error = first_error(project.document("migrate:run", code=1))
    assert error["code"] == "statement_failed"
    assert error["file"].endswith("20260101000000_bad.sql")
    assert (error["line"], error["statement"]) == (3, 2)
    assert "TABEL" in error["message"]
    assert error["hint"]


def test_results_go_to_standard_output_and_failures_to_standard_error(applied):
    good = applied.must("migrate:status")
    assert good.out and not good.err
    bad = applied.must("migrate:status", "-c", "nobody", code=2)
    assert bad.err and not bad.out


@pytest.mark.parametrize("flag", ["--quiet", "--silent"])
def test_quiet_hides_results_and_never_failures(applied, flag):
    good = applied.must("migrate:status", flag)
    assert (good.out, good.err) == ("", "")
    bad = applied.must("migrate:status", flag, "-c", "nobody", code=2)
    assert "nobody" in bad.err


@pytest.mark.parametrize("words", [["migrate:status"], ["migrate:run"], ["list"], ["migrate:status", "-c", "nobody"]])
def test_no_colour_leaves_a_program_that_is_not_on_a_terminal(applied, words):
    result = applied.run(*words)
    assert "\x1b" not in result.out + result.err


def test_a_terminal_gets_colour(applied):
    assert "\x1b[" in Terminal(applied, "migrate:status").done(0)


@pytest.mark.parametrize("words,env", [(["--no-color"], {}), ([], {"NO_COLOR": "1"}), ([], {"TERM": "dumb"})])
def test_no_color_by_option_or_variable_is_obeyed_on_a_terminal(applied, words, env):
    assert "\x1b[" not in Terminal(applied, "migrate:status", *words, env=env).done(0)


@pytest.mark.parametrize("words", [["version"], ["migrate:status"], ["--json", "migrate:status"], ["list"]])
def test_a_full_device_behind_standard_output_exits_1(applied, words):
    with open("/dev/full", "wb") as full:
        result = applied.must(*words, stdout=full, code=1)
    assert "standard output" in result.err


def test_work_whose_output_is_lost_is_done_and_said_so(blog):
    with open("/dev/full", "wb") as full:
        result = blog.must("migrate:run", stdout=full, code=1)
    assert "standard output" in result.err
    assert len(blog.applied_names()) == 3


def test_log_lines_are_json_when_asked(applied):
    applied.stamp("production", env={"APP_ENV": "production"})
    result = applied.must("migrate:status", "--log-format", "json")
    import json
    lines = [json.loads(line) for line in result.err.splitlines()]
    assert lines and lines[0]["level"] == "warn"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", lines[0]["time"])


@pytest.mark.parametrize("option,value", [("--log-level", "loud"), ("--log-format", "xml")])
def test_an_unknown_log_word_is_an_error_that_names_it(applied, option, value):
    applied.fails(2, "migrate:status", option, value, names=[value])


def test_the_alias_migrate_run_test_works_on_the_twin(bare):
    bare.configure(INI, more="\n[connection:sqlite_test]\ndriver = sqlite\npath = database/test.sqlite\n")
    bare.add_blog()
    bare.must("migrate:run:test")
    assert not bare.database.exists()
    assert bare.tables(bare.root / "database/test.sqlite") == ["posts", "users"]


BAD_TEXT = os.fsdecode(b"n\xe9me")  # Latin-1, no UTF-8


@pytest.mark.parametrize("code,words", [
    ("usage", [BAD_TEXT]), ("unknown_name", ["migrate:run", BAD_TEXT]), ("unknown_name", ["migrate:status", "-c", BAD_TEXT]),
    ("unknown_name", ["migrate:repair", "--accept", BAD_TEXT]), ("usage", ["migrate:run", "--" + BAD_TEXT]), ("usage", ["help", BAD_TEXT]),
    ("config", ["migrate:status", "--config", BAD_TEXT])], ids=range(7))
def test_words_that_are_not_utf_8_are_named_in_a_valid_document(applied, code, words):
    with applied.untouched():
        document = applied.run("--json", *words).document
    assert first_error(document)["message"]
    assert first_error(document)["code"] == code


def test_control_characters_from_outside_reach_no_terminal(project):
    """A name in a file, an actor in a history: neither may draw on the screen of who looks."""
    project.migration("1_x", 'INSERT INTO "no\x1b[31mwhere" VALUES (1);')
    result = project.must("migrate:run", code=1, env={"ELOQUENT_ACTOR": "ann\x1b[2J"})
    result.names("where", "syntax" if "syntax" in result.err else "no such table")
    assert "\x1b" not in result.err
    shown = project.run("migrate:status", env={"ELOQUENT_ACTOR": "ann"})
    assert "\x1b" not in shown.out + shown.err
    unknown = project.must("mig\x1b[31mrate", code=2)
    assert "\x1b" not in unknown.err


@pytest.mark.parametrize("words", [["migrate:run"], ["--json", "migrate:run"], ["migrate:fresh", "--force"], ["nonsense"]],
                         ids=lambda w: w[-1])
def test_a_program_without_standard_descriptors_writes_into_no_file_of_its_own(applied, words):
    applied.migration("20260104000000_more", "CREATE TABLE more (x);", "DROP TABLE more;")
    subprocess.run(["/bin/bash", "-c", '"$@" <&- >&- 2>&-', "bash", *applied.command(words)], cwd=applied.root,
                   env=applied.environment(), start_new_session=True, check=False, timeout=60)
    assert applied.value("PRAGMA integrity_check") == "ok"
    assert applied.audit_records()
    lock = (applied.root / "database/app.sqlite.eloquent-lock").read_text()
    assert "eloquent:" not in lock and "applied" not in lock and "schema" not in lock
    applied.must("migrate:validate")


# ---- dry run --------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["migrate:run", "migrate:rollback", "migrate:fresh", "migrate:reset", "migrate:redo"])
def test_a_dry_run_changes_nothing_and_shows_statements(applied, command):
    applied.migration("20260104000000_more", "CREATE TABLE more (id);", "DROP TABLE more;")
    with applied.untouched():
        out = applied.must(command, "--dry-run").out
    assert re.search(r"^(CREATE|DROP|DELETE|INSERT)\b.*;", out, re.M)
    assert applied.tables() == ["posts", "users"]


def test_a_dry_run_on_a_missing_database_creates_nothing(blog):
    with blog.untouched():
        blog.must("migrate:run", "--dry-run")
    assert not blog.database.exists()


def test_a_dry_run_is_safe_in_production(applied):
    applied.stamp("production", env={"APP_ENV": "production"})
    with applied.untouched():
        applied.must("migrate:fresh", "--dry-run", env={"APP_ENV": "production"})


# ---- the table of exit codes ------------------------------------------------------------------


def status_table():
    """(json code, exit code, meaning) of STATUS_TABLE in core/base/error.h."""
    text = (SOURCE / "core/base/error.h").read_text()
    rows = re.findall(r'X\((\w+), (\d+), "(\w+)",\s*\\?\s*"([^"]+)"\)', text)
    assert len(rows) > 20
    return [(code, int(number), meaning) for _, number, code, meaning in rows]


def test_the_documented_exit_codes_are_the_programs_table():
    text = (SOURCE / "docs/exit-codes.md").read_text()
    documented = re.findall(r"^\| `(\w+)` \| (\d+) \| (.+?) \|$", text, re.M)
    assert [(code, int(number), meaning) for code, number, meaning in documented] == status_table()


def test_the_schema_of_errors_knows_every_code():
    import json
    envelope = json.loads((SOURCE / "docs/json/envelope.json").read_text())
    assert set(envelope["$defs"]["error"]["properties"]["code"]["enum"]) == {c for c, _, _ in status_table() if c != "ok"}


def test_every_command_has_a_schema(bare):
    for command in COMMANDS:
        assert (SOURCE / "docs/json" / f"{command.replace(':', '-')}.json").is_file(), command
