"""kill -9 in the middle of migrate:run, again and again.

Twenty migrations of about 300 ms of real work each; the run is killed at a
seeded moment; then the same command must finish the work, each migration
exactly once, with an unbroken history. Where a kill fell is known from the page
that the preloaded phase.c shares. Kills inside a statement, between two
statements and inside COMMIT must each make up a tenth: a trial that has fallen
short so far waits for such a moment before it strikes."""

import mmap
import pathlib
import random
import signal
import struct
import subprocess
import sys
import tempfile
import time

import support

MIGRATIONS = 20
FULL = 200
KEPT = 1000  # one counted row in so many is inserted: work without many pages, so that COMMIT stays short
PAUSE_US = 8000
DISK_US = 4000
PHASES = ("outside a transaction", "between statements", "inside a statement",
          "inside a statement of the tool's", "inside COMMIT")
REQUIRED = (1, 2, 4)  # of PHASES; each at least a tenth of the trials
SHARE = 0.10
LINGER = {1: 0.010, 2: 0.150, 4: 0.060}  # seconds; about the length of each phase


def migrations(work):
    """Each inserts, and changes what the earlier ones inserted: a double or half
    application shows in the rows."""
    counter = (f"WITH RECURSIVE counter (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counter WHERE n < {work}) "
               f"SELECT n FROM counter WHERE n % {KEPT} = 0")
    files = {}
    for number in range(1, MIGRATIONS + 1):
        text = "-- migrate:up\n"
        if number == 1:
            text += "CREATE TABLE tally (migration INTEGER NOT NULL, touched INTEGER NOT NULL);\n"
        text += (f"CREATE TABLE step_{number} (id INTEGER PRIMARY KEY, value INTEGER NOT NULL);\n"
                 f"INSERT INTO step_{number} (value) {counter};\n"
                 f"UPDATE tally SET touched = touched + 1;\n"
                 f"INSERT INTO step_{number} (value) {counter};\n"
                 f"INSERT INTO tally VALUES ({number}, 0);\n"
                 f"\n-- migrate:down\nDROP TABLE step_{number};\n")
        files[f"202601010000{number:02d}_step_{number}.sql"] = text
    return files


def calibrate():
    """How far a counter gets in 150 ms on this machine, by the native tool."""
    sql = ("CREATE TABLE t (v INTEGER); INSERT INTO t WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL "
           f"SELECT n + 1 FROM c WHERE n < 1000000) SELECT n FROM c WHERE n % {KEPT} = 0;")
    best = min(timed(["/usr/bin/sqlite3", ":memory:", sql]) for _ in range(3))
    return max(KEPT, int(1000000 * 0.150 / best) // KEPT * KEPT)


def timed(command):
    start = time.monotonic()
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return time.monotonic() - start


class Page:
    """The four numbers of phase.h."""

    def __init__(self, folder):
        self.path = pathlib.Path(folder) / "phase"
        self.path.write_bytes(bytes(16))
        self.file = self.path.open("r+b")
        self.map = mmap.mmap(self.file.fileno(), 16)

    def clear(self):
        self.map[:] = bytes(16)

    def read(self):
        return struct.unpack("=4I", self.map[:])


class Killer:
    """One program, one library, one page; and the record of where kills fell."""

    def __init__(self, found, folder):
        self.random = random.Random(found.seed)
        self.trials = found.trials
        self.program = support.build(found.prefix)
        self.library = pathlib.Path(folder) / "phase.so"
        support.quiet("cc", "-shared", "-fPIC", "-O2", "-std=gnu17", "-D_GNU_SOURCE", "-o", self.library,
                      support.HERE / "phase.c", "-ldl")
        self.page = Page(folder)
        self.work = calibrate()
        self.files = migrations(self.work)
        self.versions = [name.split("_")[0] for name in self.files]
        self.fell = [0] * len(PHASES)
        self.commits = []
        self.hot = 0
        self.duration = self.measure()

    def start(self, project):
        self.page.clear()
        return project.start("migrate:run", LD_PRELOAD=str(self.library), SOAK_PHASE=str(self.page.path),
                             SOAK_PAUSE_US=str(PAUSE_US), SOAK_DISK_US=str(DISK_US))

    def measure(self):
        """Seconds of a run that nobody kills."""
        with support.Project(self.program, self.files) as project:
            start = time.monotonic()
            child = self.start(project)
            _, err = child.communicate()
            if child.returncode != 0:
                sys.exit(f"soak: the run fails without a kill: {err.strip()}")
            _, statements, commits, calls = self.page.read()
            if statements < 5 * MIGRATIONS or commits < MIGRATIONS or calls < MIGRATIONS:
                sys.exit(f"soak: the phases were not seen ({statements} statements, {commits} commits)")
            self.judge(project)
            return time.monotonic() - start

    def wanted(self):
        """A phase that is short of its share, or None. Half as much again is aimed
        at, so that the share holds at the end."""
        done = sum(self.fell)
        short = [phase for phase in REQUIRED if self.fell[phase] < 1.5 * SHARE * (done + 1)]
        return self.random.choice(short) if short else None

    def wait_for(self, wanted, child):
        """Returns when the run has been in this phase for a random while, so that
        its end is hit as often as its beginning. A few such moments are let pass."""
        passes = self.random.randrange(3)
        while child.poll() is None:
            if self.page.read()[0] != wanted:
                continue
            end = time.monotonic() + self.random.uniform(0.0, LINGER[wanted])
            while time.monotonic() < end and self.page.read()[0] == wanted:
                pass
            if self.page.read()[0] == wanted:
                if passes == 0:
                    return
                passes -= 1
            while self.page.read()[0] == wanted and child.poll() is None:
                pass

    def strike(self, project):
        """Kills one run; the phase that was hit, or None when the run was over before."""
        child = self.start(project)
        moment = time.monotonic() + self.random.uniform(0.0, 0.9 * self.duration)
        wanted = self.wanted()
        while time.monotonic() < moment and child.poll() is None:
            time.sleep(0.0005)
        if wanted is not None:
            self.wait_for(wanted, child)
        child.send_signal(signal.SIGKILL)
        child.communicate()
        if child.returncode != -signal.SIGKILL:
            return None
        phase, _, commits, _ = self.page.read()
        self.fell[phase] += 1
        self.commits.append(commits)
        self.hot += pathlib.Path(f"{project.database}-journal").exists()
        return phase

    def judge(self, project):
        """The rows by the native tool, the history recomputed, the tool's own opinion last."""
        support.check_applied_once(project, self.versions)
        tally = project.rows("SELECT migration, touched FROM tally ORDER BY rowid")
        if tally != [{"migration": n, "touched": MIGRATIONS - n} for n in range(1, MIGRATIONS + 1)]:
            raise support.Failure(f"rows: tally is {tally}")
        for number in range(1, MIGRATIONS + 1):
            rows = project.rows(f"SELECT count(*) AS rows FROM step_{number}")[0]["rows"]
            if rows != 2 * (self.work // KEPT):
                raise support.Failure(f"rows: step_{number} holds {rows}")
        project.check_trail()
        project.run("migrate:validate")

    def trial(self, number):
        with support.Project(self.program, self.files) as project:
            phase = self.strike(project)
            if phase is None:
                return self.trial(number)
            if number % 4 == 0 and project.database.exists():
                project.run("migrate:status")  # a reader meets the dead run's journal first
            project.run("migrate:run")
            self.judge(project)
            return phase


def main():
    found = support.options("kill -9 in the middle of a run", FULL)
    started = time.monotonic()
    failures = []
    with tempfile.TemporaryDirectory(prefix="eloquent-soak-") as folder:
        killer = Killer(found, folder)
        for number in range(1, found.trials + 1):
            try:
                killer.trial(number)
            except support.Failure as failure:
                failures.append(f"trial {number}: {failure}")
    fell = dict(zip(PHASES, killer.fell))
    for phase in REQUIRED:
        if killer.fell[phase] < SHARE * found.trials:
            failures.append(f"only {killer.fell[phase]} of {found.trials} kills fell {PHASES[phase]}")
    print("kills fell: " + ", ".join(f"{name} {count}" for name, count in fell.items()))
    return support.finish("kill", found, started, {
        "migrations": MIGRATIONS, "run_seconds": round(killer.duration, 2), "fell": fell,
        "commits_before_the_kill": {"least": min(killer.commits), "most": max(killer.commits)},
        "journals_left": killer.hot}, failures)


if __name__ == "__main__":
    sys.exit(main())
