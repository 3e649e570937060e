"""A secret appears in no output, whoever wrote the message. The zoo's leaky driver
puts its password into every error, log line and description."""

import base64
import json
import re
import resource
import shutil
import subprocess
import time
import urllib.parse
from pathlib import Path

import pytest

from project import end

CANARY = "Kanarien'vogel/7+\"&%"
COMMANDS = [["migrate:status"], ["migrate:run"], ["migrate:rollback"], ["migrate:validate"], ["migrate:fresh", "--force"],
            ["db:stamp", "staging"], ["migrate:unlock", "0" * 32], ["plugin:list"], ["migrate:run", "--dry-run"]]


def forms(secret):
    """Each way in which a secret may stand in a text, but for the parts that base64 shares
    with its neighbours."""
    raw = secret.encode()
    found = {"plain": secret, "percent": urllib.parse.quote(secret, safe=""), "percent lower": urllib.parse.quote(secret, safe="").lower(),
             "json": json.dumps(secret)[1:-1], "shell": secret.replace("'", "'\\''"), "hex": raw.hex(), "HEX": raw.hex().upper()}
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")
        found[f"base64 at {shift}"] = encoded[4 if shift else 0:-2]
    return found


def assert_hidden(text, where):
    for name, form in forms(CANARY).items():
        assert form not in text, f"the secret stands in {where} ({name})"
    assert CANARY[:8] not in text, f"a part of the secret stands in {where}"


@pytest.fixture
def leaky(bare):
    cage = bare.root.parent / "cage"
    cage.mkdir(mode=0o755)
    shutil.copy(bare.installation.zoo / "elq_driver_leaky.so", cage)
    (cage / "elq_driver_leaky.so").chmod(0o755)
    bare.write("secret", CANARY + "\n", mode=0o600)
    bare.configure(f"[project]\nname = blog\ndefault = x\n[plugins]\ndir = {cage}\n"
                   "[connection:x]\ndriver = leaky\npassword = ${THE_SECRET}\n")
    bare.migration("1_x", "SELECT 1;", connection="x")
    return bare


@pytest.mark.parametrize("words", COMMANDS, ids=lambda w: w[0])
@pytest.mark.parametrize("flags", [[], ["--json"], ["--verbose", "--log-level", "debug"], ["--log-format", "json", "--verbose"]],
                         ids=["text", "json", "verbose", "log-json"])
def test_a_secret_from_the_environment_is_in_no_output(leaky, words, flags):
    result = leaky.run(*flags, *words, env={"THE_SECRET": CANARY})
    assert_hidden(result.out, "standard output")
    assert_hidden(result.err, "standard error")
    for file in leaky.root.rglob("*"):
        if file.is_file() and file.name != "secret":
            assert_hidden(file.read_text(errors="replace"), file)


def test_the_leaky_driver_does_leak_into_what_is_masked(leaky):
    """Without this the tests above could not fail."""
    result = leaky.run("migrate:run", "--verbose", env={"THE_SECRET": CANARY})
    assert "[REDACTED]" in result.out + result.err


@pytest.mark.parametrize("how", ["file key", "dotenv", "ini"])
def test_a_secret_from_a_file_is_in_no_output(leaky, how):
    text = leaky.ini.read_text()
    env = {}
    if how == "file key":
        leaky.ini.write_text(text.replace("password = ${THE_SECRET}", "password_file = secret"))
    elif how == "dotenv":
        leaky.write(".env", "THE_SECRET='" + CANARY.replace("'", "") + "'\n", mode=0o600)
        env = {"THE_SECRET": CANARY}
    else:
        leaky.ini.write_text(text.replace("${THE_SECRET}", "'" + CANARY.replace('"', "") + "'"))
    for words in (["migrate:run", "--verbose"], ["--json", "migrate:run"]):
        result = leaky.run(*words, env=env)
        for secret in (CANARY, CANARY.replace("'", ""), CANARY.replace('"', "")):
            assert secret not in result.out + result.err


def test_a_url_with_a_password_is_in_no_output(project):
    for url in ("sqlite://user:Kanarienvogel@host/x", "nosuch://user:Kanarienvogel@host/x?password=Kanarienvogel"):
        for flags in ([], ["--json"], ["--verbose"]):
            result = project.run(*flags, "migrate:status", env={"DATABASE_URL": url})
            assert "Kanarienvogel" not in result.out + result.err, result


def test_a_secret_in_an_unknown_keys_value_is_not_repeated(bare):
    from project import INI
    bare.configure(INI + "pasword = Kanarienvogel\n")
    result = bare.fails(2, "migrate:status", names=["pasword"])
    assert "Kanarienvogel" not in result.err


def test_a_secret_in_a_failing_statement_that_was_registered_is_masked(bare):
    from project import INI
    bare.configure(INI)
    bare.migration("1_x", "INSERT INTO nowhere VALUES ('Kanarienvogel');")
    bare.write(".env", "MYSQL_PASSWORD=x\nDB_PASSWORD=Kanarienvogel\nDB_HOST=h\n", mode=0o600)
    result = bare.run("migrate:run", "--verbose")
    assert "Kanarienvogel" not in result.out + result.err
    assert "Kanarienvogel" not in str(bare.sql("SELECT detail FROM eloquent_history"))


@pytest.fixture
def knowing(project):
    """A project whose .env makes Kanarienvogel a secret that no driver is given."""
    project.write(".env", "DB_PASSWORD=Kanarienvogel\nDB_HOST=h\n", mode=0o600)
    project.migration("1_x", "SELECT 'Kanarienvogel';")
    return project


@pytest.mark.parametrize("flags,stream", [([], "err"), (["--json"], "out")], ids=["text", "json"])
def test_a_secret_in_an_error_of_ours_is_masked(knowing, flags, stream):
    """No driver says this: it is masked where it is written."""
    said = getattr(knowing.must(*flags, "migrate:run", "Kanarienvogel", code=2), stream)
    assert "[REDACTED]" in said and "Kanarienvogel" not in said


@pytest.mark.parametrize("flags", [[], ["--json"]], ids=["text", "json"])
def test_a_secret_in_a_statement_is_masked_in_the_preview(knowing, flags):
    said = knowing.must(*flags, "migrate:run", "--dry-run").out
    assert "[REDACTED]" in said and "Kanarienvogel" not in said


def test_no_secret_is_in_the_arguments_of_the_process(leaky):
    """What ps shows is what was typed."""
    child = subprocess.Popen(leaky.command(["migrate:run"]), cwd=leaky.root, env=leaky.environment({"THE_SECRET": CANARY}),
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    try:
        with open(f"/proc/{child.pid}/cmdline", "rb") as file:
            assert CANARY.encode() not in file.read()
    finally:
        child.communicate(timeout=30)


@pytest.mark.preload
def test_a_core_file_with_secrets_in_it_cannot_come_of_a_crash_once_anything_is_read(knowing):
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    if hard == 0:
        pytest.skip("nobody may leave a core file here")
    gate, mark = knowing.root.parent / "gate", knowing.root.parent / "mark"
    shim = {"FAIL_CALL": "open:1:wait", "FAIL_PATH": "eloquent.ini", "FAIL_MARK": str(mark), "FAIL_GATE": str(gate)}
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    try:
        child = knowing.start("migrate:status", env=shim, preload="syscalls")
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))
    try:
        deadline = time.monotonic() + 20
        while not mark.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        limits = (Path("/proc") / str(child.pid) / "limits").read_text()
        assert re.search(r"^Max core file size +(\S+)", limits, re.MULTILINE)[1] == "0", limits
    finally:
        end(child)
