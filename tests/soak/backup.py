"""db:backup, db:restore, db:migrate and migrate:fresh, killed at every system call that
changes a file, before it and in the middle of it; with a disk that is full from any such
call on; and killed at random moments of a larger work.

The points are counted first, by a run that nobody disturbs (tests/preload/syscalls.c).
After each trial the judges are the native sqlite3 tool and zstd: the live database is as
before or wholly new, earlier backups are byte for byte what they were, no half backup
stands in the catalog, and the next run leaves nothing behind but whole backups. What a
command was about to destroy is in a verified backup."""

import collections
import hashlib
import json
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import support

RANDOM = 200   # trials at random moments
FULL = 100000  # every point
FAULTS = ("change:{}:kill", "change:{}:torn", "grow:{}+:ENOSPC")
CONTRACT = {"APP_ENV": "production", "ELOQUENT_ALLOW_PROD_DESTRUCTIVE": "true", "ELOQUENT_DB_ROLE": "migration"}
ROWS = "SELECT 'users', count(*) AS n, group_concat(name) AS names FROM (SELECT name FROM users ORDER BY id)"

FILES = {
    "20260101000000_users.sql":
        "-- migrate:up\nCREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL);\n"
        "-- migrate:down\nDROP TABLE users;\n",
    "20260101000001_posts.sql":
        "-- migrate:up\nCREATE TABLE posts (id INTEGER PRIMARY KEY, body TEXT);\nCREATE INDEX posts_body ON posts (body);\n"
        "-- migrate:down\nDROP TABLE posts;\n",
}
PENDING = ("20260101000002_late.sql",
           "-- migrate:up\nCREATE TABLE late (id INTEGER);\nINSERT INTO late VALUES (1);\nUPDATE users SET name = upper(name);\n"
           "-- migrate:down\nDROP TABLE late;\n")

Scene = collections.namedtuple("Scene", "name words variables prepare")


def grown(project):
    """Rows that the backup does not have, and that only a copy of now can bring back."""
    project.rows("INSERT INTO users (name) VALUES ('eve'); DELETE FROM posts WHERE id > 100")


def grown_wal(project):
    project.rows("PRAGMA journal_mode = WAL")
    grown(project)


def garbled(project):
    with open(project.database, "r+b") as file:
        file.write(b"\x5a" * 3000)


def missing(project):
    project.database.unlink()


def pending(project):
    (project.folder / PENDING[0]).write_text(PENDING[1])


SCENES = (
    Scene("db:backup", ["db:backup"], {}, grown),
    Scene("db:restore", ["db:restore", "{first}", "--force"], {}, grown),
    Scene("db:restore, WAL", ["db:restore", "{first}", "--force"], {}, grown_wal),
    Scene("db:restore, damaged", ["db:restore", "{first}", "--force"], {}, garbled),
    Scene("db:restore, missing", ["db:restore", "{first}", "--force"], {}, missing),
    Scene("db:migrate", ["db:migrate"], {}, pending),
    Scene("migrate:fresh, production", ["migrate:fresh", "--force", "--yes"], CONTRACT, grown),
)

BACKING_UP = ("db:backup", "db:migrate", "migrate:fresh, production")


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Catalog:
    """The folder of the backups, by its own eyes."""

    def __init__(self, project):
        self.folder = project.root / "backups" / "sqlite"
        self.work = project.root / "backups" / ".work"

    def dumps(self):
        return {path.name.split(".")[0]: path for path in self.folder.glob("*.zst")}

    def manifests(self):
        return {path.stem: json.loads(path.read_text()) for path in self.folder.glob("*.json")}

    def verified(self):
        return {name: one for name, one in self.manifests().items() if one["verification"]["level"] == "restored"}

    def check(self, earlier):
        """Every manifest's dump is there, whole; the earlier ones are what they were."""
        dumps, manifests = self.dumps(), self.manifests()
        for name, manifest in manifests.items():
            if name not in dumps or sha256(dumps[name]) != manifest["dump"]["stored_sha256"]:
                raise support.Failure(f"half a backup stands in the catalog: {name}")
            if manifest["verification"]["level"] == "failed":
                raise support.Failure(f"{name} is marked as damaged: {manifest['verification']['message']}")
        for name, digest in earlier.items():
            if name not in manifests or sha256(dumps[name]) != digest:
                raise support.Failure(f"the earlier backup {name} is not what it was")
            if manifests[name]["verification"]["level"] != "restored":
                raise support.Failure(f"the earlier backup {name} no longer counts")

    def check_swept(self):
        left = sorted(path.name for path in self.work.iterdir())
        if left != ["guard"]:
            raise support.Failure(f"left in {self.work}: {left}")
        if set(self.dumps()) != set(self.manifests()):
            raise support.Failure(f"dumps without manifests: {sorted(set(self.dumps()) - set(self.manifests()))}")


def dump(database):
    """Everything of the user's, by the native tool; None: no readable database."""
    done = subprocess.run(["/usr/bin/sqlite3", "-readonly", str(database), ".dump --nosys"], capture_output=True,
                          stdin=subprocess.DEVNULL, env=support.environment(), check=False)
    if done.returncode != 0 or b"ROLLBACK; -- due to errors" in done.stdout:
        return None
    inside, lines = False, []
    for line in done.stdout.decode(errors="replace").splitlines():
        if "eloquent_" not in line:
            lines.append(line)
    return "\n".join(lines)


def state(project):
    """What the live database is: absent, empty, unreadable, or its dump after SQLite's own recovery."""
    if not project.database.exists():
        return "absent"
    subprocess.run(["/usr/bin/sqlite3", str(project.database), "SELECT count(*) FROM sqlite_schema"], capture_output=True,
                   stdin=subprocess.DEVNULL, env=support.environment(), check=False)
    return dump(project.database)


class Stage:
    """One scene's project as it is before the command, copied for each trial."""

    def __init__(self, scene, program, library, folder, rows):
        self.scene, self.library = scene, library
        self.project = support.Project(program, FILES)
        ini = self.project.root / "eloquent.ini"
        ini.write_text(ini.read_text() + "\n[backup]\ndir = backups\n")
        self.project.run("migrate:run")
        if scene.variables:
            self.project.run("db:stamp", "production", **scene.variables)
        self.project.rows("INSERT INTO users (name) VALUES ('ann'), ('bob')")
        self.project.rows("WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < "
                          f"{rows}) INSERT INTO posts (body) SELECT hex(randomblob(50)) FROM c")
        for _ in range(2):
            self.project.run("db:backup", **self.variables())
        self.catalog = Catalog(self.project)
        self.first = sorted(self.catalog.manifests().items(), key=lambda item: item[1]["began"])[0][0]
        self.words = [word.format(first=self.first) for word in scene.words]
        self.backed_up = state(self.project)
        scene.prepare(self.project)
        self.earlier = {name: sha256(path) for name, path in self.catalog.dumps().items()}
        self.before = state(self.project)
        self.rows_before = self.count()
        self.base = pathlib.Path(tempfile.mkdtemp(dir=folder)) / "base"
        shutil.copytree(self.project.root, self.base, symlinks=True)
        self.after = None

    def variables(self):
        return {"APP_ENV": "production"} if self.scene.variables else {}

    def count(self):
        """Rows of the user's in the live database."""
        try:
            return sum(self.project.rows(f"SELECT count(*) AS n FROM {table}")[0]["n"] for table in ("users", "posts"))
        except support.Failure:
            return None

    def reset(self):
        shutil.rmtree(self.project.root)
        shutil.copytree(self.base, self.project.root, symlinks=True)

    def undisturbed(self, trace):
        """Runs the command once, whole, and returns the names of the calls that it makes."""
        self.reset()
        trace.unlink(missing_ok=True)
        child = self.start("change:1000000000:kill", FAIL_TRACE=str(trace))
        _, err = child.communicate(timeout=300)
        if child.returncode != 0:
            raise support.Failure(f"{self.scene.name} fails undisturbed: {err.strip()}")
        self.after = state(self.project)
        self.catalog.check_swept()
        if self.scene.name.startswith("db:restore") and self.after != self.backed_up:
            raise support.Failure("db:restore does not bring back what was backed up")
        return [line.split()[0] for line in trace.read_text().splitlines()]

    def start(self, fault=None, **more):
        shim = {"LD_PRELOAD": str(self.library), "FAIL_CALL": fault} if fault else {}
        return self.project.start(*self.words, **self.scene.variables, **shim, **more)

    def judge(self):
        """After a kill or a full disk."""
        self.catalog.check(self.earlier)
        now = state(self.project)
        allowed = [self.before, self.after]
        if self.scene.name == "db:restore, missing":  # made, and not yet filled
            allowed.append(empty())
        if self.scene.name.startswith("migrate:fresh"):
            if now != self.before:
                self.check_saved()
        elif now not in allowed:
            raise support.Failure(f"the live database is neither as before nor as after: {str(now)[:300]}")

    def check_saved(self):
        """What was destroyed is in a verified backup that is newer than the earlier ones."""
        saved = [one for name, one in self.catalog.verified().items() if name not in self.earlier]
        if not any(sum(t["rows"] for t in one["tables"] if not t["ours"]) == self.rows_before for one in saved):
            raise support.Failure("rows were destroyed, and no verified backup holds them")

    def check_backed_up(self):
        """One more verified backup, and the database's own record of it."""
        new = set(self.catalog.verified()) - set(self.earlier)
        record = json.loads(self.project.rows("SELECT value FROM eloquent_meta WHERE key = 'backup'")[0]["value"])["id"]
        if new != {record}:
            raise support.Failure(f"it exits 0; newly verified: {sorted(new)}, on record: {record}")

    def judge_next(self):
        """The next run does the work, and cleans up."""
        self.project.run(*self.words, **self.scene.variables)
        self.catalog.check_swept()
        self.catalog.check(self.earlier)
        if state(self.project) != self.after:
            raise support.Failure("run again, the command does not end as it does undisturbed")
        if self.project.rows("PRAGMA integrity_check") != [{"integrity_check": "ok"}]:
            raise support.Failure("integrity_check")
        self.project.run("migrate:validate", **self.variables())
        # A run that finds nothing left to do appends nothing, and leaves a torn end to the next.
        self.project.check_trail(open_end=True)

    def kill(self, fault):
        """Whether the point was met."""
        self.reset()
        child = self.start(fault)
        child.communicate(timeout=300)
        if child.returncode != -signal.SIGKILL:
            return False
        self.judge()
        self.judge_next()
        return True

    def fill(self, fault, mark):
        """A disk that is full from this call on: an orderly end, and nothing left."""
        self.reset()
        mark.unlink(missing_ok=True)
        child = self.start(fault, FAIL_MARK=str(mark), FAIL_PATH=str(self.project.root))
        _, err = child.communicate(timeout=300)
        if not mark.exists():
            return False
        if child.returncode < 0 or (child.returncode and not err.strip()):
            raise support.Failure(f"exit {child.returncode}: {err.strip()}")
        self.judge()
        if child.returncode == 0 and state(self.project) != self.after:
            raise support.Failure("it exits 0 and has not done its work")
        if child.returncode == 0 and self.scene.name in BACKING_UP:
            self.check_backed_up()
        if self.catalog.work.exists():
            self.catalog.check_swept()
        self.judge_next()
        return True

    def strike(self, draw, seconds):
        """kill -9 at a random moment."""
        self.reset()
        child = self.start()
        time.sleep(draw.uniform(0, seconds))
        child.send_signal(signal.SIGKILL)
        child.communicate()
        if child.returncode != -signal.SIGKILL:
            return False
        self.judge()
        self.judge_next()
        return True

    def close(self):
        self.project.__exit__()


def empty():
    with tempfile.NamedTemporaryFile() as file:
        return dump(file.name)


def points(stage, draw, found, calls):
    """(fault, number) of each trial of this scene."""
    every = []
    for fault in FAULTS:
        of_class = len(calls) if fault.startswith("change") else sum(c in ("open", "write", "pwrite", "mkdir") for c in calls)
        every += [(fault, number) for number in range(1, of_class + 1)]
    return every if found.full else draw.sample(every, min(len(every), -(-found.trials // len(SCENES))))


def disturb(stage, found, draw, folder, report):
    mark = folder / "struck"
    calls = stage.undisturbed(folder / "trace")
    counted = collections.Counter(calls)
    chosen, met, failures = points(stage, draw, found, calls), 0, []
    for fault, number in chosen:
        try:
            ordered = fault.format(number)
            met += stage.fill(ordered, mark) if "ENOSPC" in fault else stage.kill(ordered)
        except support.Failure as failure:
            failures.append(f"{stage.scene.name}, {ordered}: {failure}")
    names = ", ".join(f"{name} {count}" for name, count in sorted(counted.items()))
    print(f"{stage.scene.name:<26} {len(calls):4d} calls ({names}); {len(chosen)} trials, {met} struck, {len(failures)} failed")
    if met < 0.9 * len(chosen):
        failures.append(f"{stage.scene.name}: only {met} of {len(chosen)} points were met")
    report[stage.scene.name] = {"calls": counted, "trials": len(chosen), "struck": met}
    return failures


def random_kills(program, library, draw, folder, report):
    failures, struck = [], collections.Counter()
    stages = [Stage(scene, program, library, folder, 40000) for scene in SCENES]
    try:
        durations = {}
        for stage in stages:
            began = time.monotonic()
            stage.undisturbed(folder / "trace")
            durations[stage.scene.name] = time.monotonic() - began
        while sum(struck.values()) < RANDOM and len(failures) < 20:
            stage = draw.choice(stages)
            try:
                struck[stage.scene.name] += stage.strike(draw, durations[stage.scene.name])
            except support.Failure as failure:
                failures.append(f"{stage.scene.name}, at a random moment: {failure}")
    finally:
        for stage in stages:
            stage.close()
    print(f"at random moments: {sum(struck.values())} kills, {len(failures)} failed")
    report["random"] = struck
    return failures


def main():
    found = support.options("backups, killed at every call and on a full disk", FULL)
    started = time.monotonic()
    draw = random.Random(found.seed)
    program = support.build(found.prefix)
    failures, report = [], {}
    with tempfile.TemporaryDirectory(prefix="eloquent-soak-") as name:
        folder = pathlib.Path(name)
        library = folder / "syscalls.so"
        support.quiet("cc", "-shared", "-fPIC", "-O2", "-std=gnu17", "-D_GNU_SOURCE", "-fno-builtin", "-U_FORTIFY_SOURCE",
                      "-o", library, support.ROOT / "tests" / "preload" / "syscalls.c", "-ldl")
        for scene in SCENES:
            stage = Stage(scene, program, library, folder, 300)
            try:
                failures += disturb(stage, found, draw, folder, report)
            finally:
                stage.close()
        if found.full:
            failures += random_kills(program, library, draw, folder, report)
    found.trials = sum(one.get("trials", 0) for one in report.values()) + sum(report.get("random", {}).values())
    return support.finish("backup", found, started, {"scenes": report}, failures)


if __name__ == "__main__":
    sys.exit(main())
