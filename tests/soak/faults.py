"""The n-th call into the system fails, for every command of the table.

Calls and errors: tests/preload/syscalls.c. Commands and their projects:
tests/e2e/every_command.py. First the command runs undisturbed, twice, and its
calls are counted; then one call of a fresh copy of the project fails. Whatever
happens:

  - it ends by itself, with a documented exit code, and every failure has its sentence;
  - exit 0 means done, and what says "nothing was changed" changed nothing;
  - run again it does what it does undisturbed: once, or after a first time;
  - the chain of the history, that of the audit trail, the database and the
    backups are whole, and nothing is left lying about.

--trials is how many points are tried per command, drawn by the seed; the full
count tries every call with every error."""

import collections
import hashlib
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time

import support

sys.path.insert(0, str(support.ROOT / "tests" / "e2e"))
import every_command  # noqa: E402
import project as e2e  # noqa: E402

FULL = 1000000
ERRORS = ("EIO", "ENOSPC", "EINTR", "short")
MOVING = {"read", "pread", "write", "pwrite"}
CHANGED_NOTHING = {2, 3, 4, 5, 6}
ORDERLY = {0, 1} | CHANGED_NOTHING
OURS = "('eloquent_history', 'eloquent_meta')"


class Scene:
    """A project with one command's case, its copies, and what the command does undisturbed."""

    def __init__(self, installation, folder, case):
        self.project = e2e.Project(installation, folder / "project")
        self.project.root.mkdir()
        self.words = case.words.split()
        self.again = case.again.split() or self.words
        case.prepare(self.project)
        self.copies = every_command.Copies(self.project)
        self.before = state(self.project)
        trace = folder / "trace"
        first = self.project.must(*self.words, code=case.code, preload="syscalls",
                                  env={"FAIL_CALL": f"any:{2**40}:EIO", "FAIL_TRACE": str(trace)})
        self.once = state(self.project)
        second = self.project.run(*self.again)
        self.twice = state(self.project)
        self.codes = {first.code, second.code}
        self.counts = collections.Counter(line.split()[0] for line in trace.read_text().splitlines())
        self.mark = folder / "mark"

    def points(self):
        """Every call with every error that it can have."""
        for call, count in sorted(self.counts.items()):
            for number in range(1, count + 1):
                for error in ERRORS:
                    if error != "short" or call in MOVING:
                        yield f"{call}:{number}:{error}"
                if call in ("open", "write", "pwrite", "mkdir"):
                    yield f"{call}:{number}+:ENOSPC"

    def attempt(self, point, as_json):
        """One trial; a Failure says which rule did not hold."""
        self.copies.restore()
        self.mark.unlink(missing_ok=True)
        words = ["--json", *self.words] if as_json else self.words
        result = self.project.run(*words, preload="syscalls", env={"FAIL_CALL": point, "FAIL_MARK": str(self.mark)})
        struck = self.mark.read_text().strip() if self.mark.exists() else ""
        try:
            self.judge_end(result, as_json, struck)
            self.judge_state(result)
            self.judge_rerun()
        except (AssertionError, support.Failure) as problem:
            raise support.Failure(f"struck: {struck}; {result!r}\n{problem}") from problem

    def judge_end(self, result, as_json, struck):
        demand(result.code in ORDERLY, "the exit code is none of the documented ones")
        sentences = re.findall(r"^eloquent: (?!warning: )", result.err, re.M)
        unheard = struck.startswith("write 2 ") # standard error itself
        demand(result.code == 0 or sentences or unheard, "it failed without a sentence")
        if as_json and not re.match("write [12] ", struck): # nor standard output
            demand(result.document["command"] == self.words[0], "the document is another command's")

    def judge_state(self, result):
        now = state(self.project)
        if result.code == 0:
            demand(now == self.once, f"it says done, and is not:\n{difference(self.once, now)}")
        elif result.code in CHANGED_NOTHING:
            demand(now == self.before, f"it says that nothing was changed:\n{difference(self.before, now)}")

    def judge_rerun(self):
        again = self.project.run(*self.again)
        demand(again.code in self.codes, f"run again it does not work: {again!r}")
        now = state(self.project)
        taken = now.pop("backups") # a run that failed later than its backup leaves one more
        demand(self.once["backups"] <= taken <= self.twice["backups"] + 1, f"run again there are {taken} backups")
        demand(any(now.items() <= of.items() for of in (self.once, self.twice)),
               f"run again it does something else:\n{difference(self.once, now)}\nor {difference(self.twice, now)}")
        demand(not leftovers(self.project), f"it left {leftovers(self.project)}")
        if self.project.database.exists():
            self.project.must("db:stamp", "afterwards") # closes a torn line of the trail
            support.check_trail(self.project.audit.read_bytes())


def demand(holds, problem):
    if not holds:
        raise support.Failure(problem)


# ---- the judges --------------------------------------------------------------------------


def state(project):
    """What a project is, by the native client and by its files: all that a command may change."""
    return {"database": database_state(project), "backups": backups_state(project), "files": files_state(project)}


def database_state(project):
    if not project.database.exists() or not project.database.stat().st_size:
        return None
    demand(project.value("PRAGMA integrity_check") == "ok", "the database is damaged")
    names = {row[0] for row in project.sql(f"SELECT name FROM sqlite_schema WHERE name IN {OURS}")}
    if "eloquent_history" in names:
        support.check_history(objects(project, "SELECT * FROM eloquent_history ORDER BY sequence"))
    return {"schema": project.schema(), "rows": {table: project.sql(f'SELECT * FROM "{table}"') for table in project.tables()},
            "applied": project.applied_names() if "eloquent_history" in names else [],
            "stamp": project.sql("SELECT value FROM eloquent_meta WHERE key = 'stamp.word'") if "eloquent_meta" in names else []}


def objects(project, query):
    """Rows with their columns' names, by the native shell."""
    shell = subprocess.run(["/usr/bin/sqlite3", "-batch", "-init", "/dev/null", "-json", str(project.database), query],
                           env={"PATH": "/usr/bin:/bin"}, stdin=subprocess.DEVNULL, capture_output=True, check=True)
    return json.loads(shell.stdout or b"[]")


def backups_state(project):
    """How many are verified, each of them checked by the native zstd; nothing else may lie there for long."""
    folder = project.root / ".eloquent" / "backups" / "sqlite"
    levels = []
    for manifest in sorted(folder.glob("*.json")):
        said = json.loads(manifest.read_bytes())
        levels.append(said["verification"]["level"])
        if levels[-1] == "restored":
            check_dump(folder, said["dump"])
    return levels.count("restored")


def check_dump(folder, dump):
    stored = (folder / dump["file"]).read_bytes()
    demand(hashlib.sha256(stored).hexdigest() == dump["stored_sha256"], f"{dump['file']} is not what its manifest says")
    raw = subprocess.run(["/usr/bin/zstd", "-dcq"], input=stored, stdout=subprocess.PIPE, check=True).stdout
    demand(hashlib.sha256(raw).hexdigest() == dump["sha256"], f"{dump['file']} holds something else")


def leftovers(project):
    """Files below the backups that belong to none."""
    folder = project.root / ".eloquent" / "backups"
    known = {folder / ".work" / "guard"}
    for manifest in folder.glob("*/*.json"):
        known |= {manifest, manifest.parent / json.loads(manifest.read_bytes())["dump"]["file"]}
    return sorted(str(path) for path in folder.rglob("*") if path.is_file() and path not in known)


def files_state(project):
    """Every other file; digits are dates and ids, and one is as good as another."""
    found = []
    for path in project.root.rglob("*"):
        inside = path.relative_to(project.root)
        if inside.parts[0] == ".eloquent" or path == project.database or path.name.endswith(".eloquent-lock"):
            continue
        content = path.read_text(errors="replace") if path.is_file() else None
        found.append((re.sub(r"\d", "0", str(inside)), content and re.sub(r"\d", "0", content)))
    return sorted(found, key=str)


def difference(expected, found):
    return "\n".join(f"{key}: expected {expected[key]}, found {found[key]}" for key in found if expected[key] != found[key])


# ---- the walk -----------------------------------------------------------------------------


def try_command(installation, folder, name, found, draw):
    """(points tried, failures) of one command."""
    failures = []
    scene = Scene(installation, folder, every_command.CASES[name])
    points = list(scene.points())
    if found.trials < len(points):
        points = draw.sample(points, found.trials)
    for point in points:
        try:
            scene.attempt(point, as_json=draw.random() < 0.3)
        except support.Failure as failure:
            failures.append(f"{name}, {point}: {failure}")
        except subprocess.TimeoutExpired:
            failures.append(f"{name}, {point}: it hangs")
    return len(points), failures


def shims(folder):
    """A build folder with what is preloaded."""
    place = pathlib.Path(folder) / "tests" / "preload"
    place.mkdir(parents=True)
    support.quiet("cc", "-shared", "-fPIC", "-O2", "-std=gnu17", "-D_GNU_SOURCE", "-fno-builtin", "-U_FORTIFY_SOURCE",
                  "-o", place / "syscalls.so", support.ROOT / "tests" / "preload" / "syscalls.c", "-ldl")


def main():
    found = support.options("the n-th call into the system fails", FULL)
    started = time.monotonic()
    draw = random.Random(found.seed)
    failures = []
    tried = {}
    with tempfile.TemporaryDirectory(prefix="eloquent-soak-") as top:
        shims(top)
        installation = e2e.Installation(support.build(found.prefix).parent.parent, pathlib.Path(top))
        (pathlib.Path(top) / "bare").mkdir()
        known = every_command.commands_of(e2e.Project(installation, pathlib.Path(top) / "bare"))
        failures += [f"{name}: the command has no case" for name in sorted(known - set(every_command.CASES))]
        for name in sorted(known & set(every_command.CASES)):
            folder = pathlib.Path(tempfile.mkdtemp(dir=top))
            folder.chmod(0o755)
            tried[name], problems = try_command(installation, folder, name, found, draw)
            failures += problems
            print(f"{name:<20} {tried[name]:6d} points, {len(problems)} failed", flush=True)
    found.trials = sum(tried.values())
    return support.finish("faults", found, started, {"points": tried}, failures)


if __name__ == "__main__":
    sys.exit(main())
