"""What the soaks share: the program under test, projects, the judges that are
not ourselves (the native sqlite3 tool, and the hash chain recomputed here from
docs/history-format.md), and the summary."""

import argparse
import hashlib
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
GENESIS = "0" * 64
FORMAT = b"\x01"
NO_VALUE = struct.pack("<Q", 2**64 - 1)
HASHED = ("sequence", "run", "batch", "version", "name", "checksum", "direction", "event", "statement",
          "actor", "host", "tool", "audit_head", "detail", "previous")


class Failure(Exception):
    """A judged rule that does not hold."""


def environment(**more):
    """Nothing of the caller's but what the program needs."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "USER": "soak", "HOME": "/nonexistent", **more}


def build(prefix):
    """The installed program: --prefix, SOAK_PREFIX, or a build of our own."""
    prefix = prefix or os.environ.get("SOAK_PREFIX")
    program = pathlib.Path(prefix).resolve() / "bin" / "eloquent" if prefix else make("soak")
    if not program.exists():
        sys.exit(f"soak: there is no {program}; --prefix is the folder that the program was installed to")
    return program


def make(name, *settings):
    """The program, built with these settings and installed below build/NAME."""
    folder = pathlib.Path(os.environ.get("SOAK_BUILD", ROOT / "build")) / name
    quiet("cmake", "-S", ROOT, "-B", folder, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
          f"-DCMAKE_INSTALL_PREFIX={folder}/prefix", *settings)
    quiet("cmake", "--build", folder, "-j2")
    quiet("cmake", "--install", folder)
    return folder / "prefix" / "bin" / "eloquent"


def quiet(*words):
    """A step of the set-up: its output is shown only when it fails."""
    done = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
                          stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"soak: {' '.join(map(str, words))} failed:\n{done.stdout}")


class Project:
    """A temporary project with one SQLite connection; removed when left."""

    def __init__(self, program, migrations):
        self.program = program
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="eloquent-soak-"))
        self.database = self.root / "app.sqlite"
        self.trail = self.root / "audit.jsonl"
        self.folder = self.root / "migrations" / "sqlite"
        self.folder.mkdir(parents=True)
        for name, text in migrations.items():
            (self.folder / name).write_text(text)
        (self.root / "eloquent.ini").write_text(
            "[project]\ndefault = sqlite\nmigrations = migrations\n\n"
            "[connection:sqlite]\ndriver = sqlite\npath = app.sqlite\n\n"
            "[audit]\npath = audit.jsonl\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.root, ignore_errors=True)

    def start(self, *words, **variables):
        """A child in this project, its output to a file each."""
        return subprocess.Popen([str(self.program), *words], cwd=self.root, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                start_new_session=True, env=environment(**variables))

    def run(self, *words, expected=0, **variables):
        """Standard output of a child that ends with the expected code."""
        child = self.start(*words, **variables)
        out, err = child.communicate(timeout=300)
        if child.returncode != expected:
            raise Failure(f"{' '.join(words)}: exit {child.returncode}, not {expected}: {err.strip()}")
        return out

    def rows(self, sql):
        """The native tool's answer as a list of objects."""
        done = subprocess.run(["/usr/bin/sqlite3", "-json", str(self.database), sql], capture_output=True,
                              stdin=subprocess.DEVNULL, env=environment(), check=False)
        if done.returncode != 0:
            raise Failure(f"sqlite3: {done.stderr.decode(errors='replace').strip()}")
        return json.loads(done.stdout or b"[]")

    def history(self):
        """Every event in order, its chain recomputed."""
        return check_history(self.rows("SELECT * FROM eloquent_history ORDER BY sequence"))

    def check_trail(self, open_end=False):
        check_trail(self.trail.read_bytes(), open_end)


def check_history(events):
    """The chain of docs/history-format.md, recomputed; the events, each an object."""
    previous = GENESIS
    for number, event in enumerate(events, 1):
        if event["sequence"] != number:
            raise Failure(f"history: event {number} has the sequence number {event['sequence']}")
        if event["previous"] != previous:
            raise Failure(f"history: event {number} does not name the hash before it")
        if event["hash"] != event_hash(event):
            raise Failure(f"history: event {number} does not hash to what it says")
        previous = event["hash"]
    return events


def check_trail(trail, open_end=False):
    """The chain of docs/audit-format.md. A torn line must be followed by the record that closes it;
    with open_end the last line may be torn: nothing was appended since."""
    previous, number, torn = GENESIS, 0, b""
    for line in trail.splitlines(keepends=True):
        record = trail_record(line)
        if record is None:
            torn += line
            continue
        number += 1
        if record["seq"] != number or record["previous"] != previous:
            raise Failure(f"audit trail: record {number} does not follow the one before it")
        if bool(torn) != (record["phase"] == "recovered"):
            raise Failure(f"audit trail: record {number}: {len(torn)} torn bytes, phase {record['phase']}")
        previous, torn = hashlib.sha256(line).hexdigest(), b""
    if torn and not open_end:
        raise Failure(f"audit trail: {len(torn)} torn bytes at its end")


def trail_record(line):
    """The record that a line is, or None."""
    try:
        return json.loads(line) if line.endswith(b"\n") else None
    except ValueError:
        return None


def event_hash(event):
    """The canonical bytes of docs/history-format.md, hashed."""
    data = bytearray(FORMAT)
    for field in HASHED:
        value = event[field]
        if value is None:
            data += NO_VALUE
        else:
            text = str(value).encode()
            data += struct.pack("<Q", len(text)) + text
    return hashlib.sha256(data).hexdigest()


def check_applied_once(project, versions):
    """Each version has exactly one `applied` event, in order, and nothing else happened."""
    events = project.history()
    applied = [event["version"] for event in events if event["event"] == "applied"]
    if applied != versions:
        raise Failure(f"history: applied {applied}, expected {versions}")
    others = sorted({event["event"] for event in events} - {"applied"})
    if others:
        raise Failure(f"history: unexpected events {others}")
    integrity = project.rows("PRAGMA integrity_check")
    if integrity != [{"integrity_check": "ok"}]:
        raise Failure(f"integrity_check: {integrity}")


def options(description, full, seed=1):
    """The arguments every soak takes."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--trials", type=int, default=full, help=f"default {full}, the full count")
    parser.add_argument("--seed", type=int, default=seed)
    parser.add_argument("--prefix", help="an installed program (default: SOAK_PREFIX, else build one)")
    parser.add_argument("--json", help="write the summary here too")
    found = parser.parse_args()
    found.full = found.trials >= full
    return found


def commit():
    """What was tested: the commit, and whether the tree differed from it, other summaries apart. A tree that
    was exported has no history: then SOAK_COMMIT says it."""
    def git(*words):
        return subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, check=False).stdout.strip()
    told = os.environ.get("SOAK_COMMIT")
    return {"commit": told or git("rev-parse", "HEAD") or None,
            "modified": not told and bool(git("status", "--porcelain", "--", ".", ":!tests/soak/*.json"))}


def finish(kind, found, started, summary, failures):
    """Prints the closing line, writes the summary, returns the exit code."""
    document = {"kind": kind, **commit(), "seed": found.seed, "trials": found.trials,
                "minutes": round((time.monotonic() - started) / 60, 2), **summary,
                "failed": len(failures), "failures": failures[:20]}
    paths = ([HERE / f"{kind}.json"] if found.full else []) + ([pathlib.Path(found.json)] if found.json else [])
    for path in paths:
        path.write_text(json.dumps(document, indent=2) + "\n")
    for line in failures[:20]:
        print(f"FAIL {line}", file=sys.stderr)
    print(f"soak {kind}: {found.trials - len(failures)} passed, {len(failures)} failed, "
          f"seed {found.seed}, {document['minutes']} minutes")
    return 1 if failures else 0
