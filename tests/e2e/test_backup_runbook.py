"""docs/backup.md and docs/backup-format.md are executed: the steps for an emergency in
order, the steps by hand without the program, and the example's own hash."""

import os
import hashlib
import json
import re
import struct
import subprocess

import pytest

from backups import Backups, contents
from project import SOURCE

RUNBOOK = SOURCE / "docs/backup.md"
FORMAT = SOURCE / "docs/backup-format.md"


def fenced(path, language):
    """The lines of each block of this language, in order, without their indent."""
    return [[line.strip() for line in block.splitlines() if line.strip()]
            for block in re.findall(rf"^ *```{language}\n(.*?)^ *```$", path.read_text(), re.M | re.S)]


def shell(project, command, **sick):
    tools = project.root.parent / "bin"
    tools.mkdir(exist_ok=True)
    if not (tools / "eloquent").exists():
        (tools / "eloquent").symlink_to(project.installation.program)
    environment = {**project.environment(**sick), "PATH": f"{tools}:/usr/bin:/bin"}
    return subprocess.run(["/bin/bash", "-c", command], cwd=project.root, env=environment, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, start_new_session=True, timeout=60, check=False)


def test_the_steps_for_an_emergency_bring_everything_back(applied):
    saved = contents(applied)
    applied.must("db:backup")
    applied.sql("DELETE FROM users; DROP TABLE posts")
    steps = fenced(RUNBOOK, "sh")
    assert len(steps) == 6
    for times in (1, 2):  # whoever is not sure begins again
        done = shell(applied, "\n".join(["set -e", *sum(steps[:4], [])]))
        assert done.returncode == 0, f"{done.stdout}{done.stderr}"
        assert contents(applied) == saved
        assert [b["level"] for b in Backups(applied).list()] == ["restored"] * (1 + times)
        assert sum(b["pinned"] for b in Backups(applied).list()) == times


@pytest.mark.parametrize("state", ["missing", "emptied", "garbage"])
def test_the_steps_for_an_emergency_work_whatever_is_left_of_the_file(applied, state):
    saved = contents(applied)
    applied.must("db:backup")
    if state == "missing":
        applied.database.unlink()
    elif state == "emptied":
        applied.database.write_bytes(b"")
        applied.must("db:backup")  # a nightly job that noticed nothing
    else:
        applied.database.write_bytes(os.urandom(30_000))
    done = shell(applied, "\n".join(["set -e", *sum(fenced(RUNBOOK, "sh")[:4], [])]))
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    assert contents(applied) == saved


def test_a_backup_is_looked_into_as_the_page_says(applied):
    saved = contents(applied)
    applied.must("db:backup")
    applied.sql("DELETE FROM users")
    done = shell(applied, "\n".join(fenced(RUNBOOK, "sh")[4]))
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    assert contents(applied, applied.root.parent / "yesterday.sqlite") == saved != contents(applied)


@pytest.mark.preload
@pytest.mark.parametrize("failure", ["change:1+:EROFS", "grow:2+:ENOSPC"], ids=["read-only", "full"])
@pytest.mark.parametrize("said", [True, False], ids=["dir-is-set", "dir-is-a-comment"])
def test_on_a_disk_without_room_the_steps_restore_from_another_one(applied, failure, said):
    """`../backups` cannot be written by anything that the page's commands start."""
    disk = applied.root.parent / "backups"
    ini = applied.ini.read_text()
    applied.ini.write_text(f"{ini}\n[backup]\ndir = ../backups\nkeep = 3\n")
    saved = contents(applied)
    applied.must("db:backup")
    before = {path: path.read_bytes() for path in disk.rglob("*") if path.is_file()}
    applied.sql("DELETE FROM users; DROP TABLE posts")
    sick = {"preload": "syscalls", "env": {"FAIL_CALL": failure, "FAIL_PATH": "/backups/"}}
    with applied.untouched():
        for words in (["db:backup:verify"], ["db:restore", "latest", "--force"]):
            applied.must(*words, code=1, **sick).names("/backups/.work/", "copy the backups to another disk and set [backup] dir to it")
    assert "restored" in applied.must("db:backup:list", **sick).out
    if not said:
        applied.ini.write_text(f"{ini}\n[backup]\n; dir = ../backups\nkeep = 3\n")
    done = shell(applied, "\n".join(["set -e", *fenced(RUNBOOK, "sh")[5]]), **sick)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    assert contents(applied) == saved
    assert {path: path.read_bytes() for path in disk.rglob("*") if path.is_file()} == before
    assert "/room/sqlite/" in done.stdout, "the copy of what was there"


def test_the_example_hashes_to_what_it_says():
    (line,), = fenced(FORMAT, "json")
    before, _, tail = line.rpartition(',"hash":"')
    assert hashlib.sha256(before.encode()).hexdigest() == tail[:64]
    users, = json.loads(line)["tables"]
    total = 0
    for number, text in ((1, b"a"), (2, b"b")):
        row = b"i" + struct.pack("<q", number) + b"t" + struct.pack("<Q", len(text)) + text
        total += int.from_bytes(hashlib.sha256(row).digest(), "little")
    assert users["sha256"] == (total % 2**256).to_bytes(32, "little").hex()


def test_the_example_has_the_members_of_a_real_one(applied):
    def shape(value):
        if isinstance(value, dict):
            return {key: shape(inner) for key, inner in value.items()}
        return shape(value[0]) if isinstance(value, list) else None
    backups = Backups(applied)
    (line,), = fenced(FORMAT, "json")
    real = backups.manifest(backups.take())
    assert shape(json.loads(line)) == shape(real)
    assert list(json.loads(line)) == list(real), "in this order"
    page = FORMAT.read_text()
    assert all(f"`{member}`" in page for member in real)


@pytest.mark.parametrize("broken", [False, True], ids=["whole", "changed"])
def test_a_backup_is_proved_and_restored_by_hand(applied, broken):
    """The commands of the page, with its own numbers."""
    backups = Backups(applied)
    saved, name = contents(applied), backups.take()
    manifest = backups.folder / f"{name}.json"
    if broken:
        manifest.write_text(manifest.read_text().replace('"rows":2', '"rows":3'))
    commands = re.findall(r"`([^`\n]*\bID\.[^`\n]*)`", FORMAT.read_text().split("## Restoring by hand")[1])
    head, stored, raw, unpack = [c.replace("ID", name) for c in commands if c.split()[0] in ("head", "sha256sum", "zstd")]

    def digest(command):
        return shell(applied, f"cd '{backups.folder}' && {command}").stdout.split()[0]
    said = json.loads(manifest.read_text())
    assert (digest(head) == said["hash"]) is not broken
    assert digest(stored) == said["dump"]["stored_sha256"]
    assert digest(raw) == said["dump"]["sha256"]
    applied.database.unlink()
    done = shell(applied, f"cd database && cp '{backups.dump(name)}' . && {unpack}")
    assert done.returncode == 0, done.stderr
    assert contents(applied) == saved
    applied.must("migrate:validate")
