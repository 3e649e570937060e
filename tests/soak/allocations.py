"""The n-th allocation fails, n = 1, 2, 3, ... until the command no longer meets it.

Two seams. `core`: the program is built with ELOQUENT_FAULTS, and an allocation
of the core fails: the command says one sentence and exits 1. `process`: any
malloc, calloc or realloc of the process fails, those of SQLite, the JSON
library and the dynamic loader included (tests/preload/failalloc.c): the command
ends by itself, never by a signal, and says why. In both, what stands in the
database afterwards is what the history says, and the same project is finished
by an ordinary run. --trials is the most points that are tried per command and
seam, drawn by the seed; the full count tries them all."""

import json
import pathlib
import random
import shutil
import sys
import tempfile
import time

import support

FULL = 100000
MIGRATIONS = 3
SENTENCE = "memory is exhausted"

# words, exit code of an undisturbed run, migrations that are applied before
COMMANDS = (
    ("version", 0, 0), ("list", 0, 0), ("help migrate:run", 0, 0), ("plugin:list", 0, 0),
    ("make:migration later --sql", 0, 0), ("migrate:status", 0, 0),
    ("migrate:status --json", 0, 3), ("migrate:validate", 0, 3), ("migrate:run", 0, 0),
    ("migrate:run --json", 0, 0), ("migrate:run --dry-run", 0, 0),
    ("migrate:rollback", 0, 3), ("migrate:redo", 0, 3), ("migrate:reset --force", 0, 3),
    ("migrate:fresh --force", 0, 3), ("db:stamp development", 0, 3),
    ("migrate:baseline 20260101000003_step_3", 4, 3),
    ("migrate:repair --mark applied 20260101000003_step_3", 0, 2), ("migrate:unlock nobody", 0, 3),
    ("audit:show", 0, 3), ("audit:verify -c sqlite", 0, 3),
    ("db:backup", 0, 3), ("db:backup:list", 0, 3), ("db:backup:verify", 0, 3), ("db:migrate", 0, 2),
    ("db:restore latest --force", 0, 3), ("db:seed", 0, 3), ("db:seed:precheck", 0, 3),
    ("cache:stats", 0, 0), ("cache:clear", 0, 0), ("init", 0, 0), ("doctor", 0, 3),
    ("completion bash", 0, 0), ("plugin:new driver acme", 0, 0),
    ("migrate:rnu", 2, 0), ("migrate:run -c nobody", 2, 0),
)
BACKED_UP = {"db:backup:list", "db:backup:verify", "db:restore"}
"""What needs a backup to work on."""
FINDS = {"doctor": {4}}
"""Codes by which a command tells of a fault that it met as a find of its own."""


def migrations():
    return {f"2026010100000{number}_step_{number}.sql":
            f"-- migrate:up\nCREATE TABLE step_{number} (id INTEGER PRIMARY KEY);\n"
            f"INSERT INTO step_{number} VALUES ({number});\n"
            f"\n-- migrate:down\nDROP TABLE step_{number};\n"
            for number in range(1, MIGRATIONS + 1)}


class Seam:
    """How a fault is ordered, and what the command must answer."""

    def __init__(self, name, program, variables, mark):
        self.name = name
        self.program = program
        self.variables = variables  # function(n) -> environment
        self.mark = mark            # a file that appears when it struck; None: the core's sentence says so

    def attempt(self, project, words, number):
        """(whether the number-th allocation was met, exit code, standard error)"""
        if self.mark:
            self.mark.unlink(missing_ok=True)
        child = project.start(*words, **self.variables(number))
        _, err = child.communicate(timeout=60)
        met = self.mark.exists() if self.mark else SENTENCE in err
        if child.returncode < 0:
            raise support.Failure(f"killed by signal {-child.returncode}: {err.strip()}")
        return met, child.returncode, err

    def judge(self, met, code, err, expected):
        """Is this how a command ends that met the fault?"""
        if not met:
            raise support.Failure(f"the fault was not met, exit {code}")
        if not self.mark and (code != 1 or err.count(SENTENCE) != 1):
            raise support.Failure(f"exit {code}: {err.strip()}")
        if code not in expected | {1, 2, 3, 6}:
            raise support.Failure(f"exit {code}: {err.strip()}")
        if code != 0 and not err.strip():
            raise support.Failure(f"exit {code} without a word")


def furnish(project):
    """A cache and a seed, for those that work on one."""
    with open(project.root / "eloquent.ini", "a", encoding="utf-8") as ini:
        ini.write("\n[cache]\ndevelopment = file\n")
    seeds = project.root / "database" / "seeds"
    seeds.mkdir(parents=True)
    (seeds / "StepSeeder.sql").write_text("INSERT INTO step_1 (id) VALUES (NULL);\n")


def uncovered(program):
    """Commands of the table that no entry tries."""
    with support.Project(program, {}) as project:
        table = json.loads(project.run("list", "--json"))["result"]["commands"]
    return sorted({row["name"] for row in table} - {line.split()[0] for line, *_ in COMMANDS})


def restore(base, project):
    """The project as it was before the command."""
    shutil.rmtree(project.root)
    shutil.copytree(base, project.root)


def contents(root):
    """Every file's bytes by its path."""
    return {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def recover(project, base):
    """An ordinary run finishes the work, and the history is whole. What was not
    touched needs no proof."""
    if contents(project.root) == contents(base):
        return
    project.run("migrate:run", "--allow-missing")
    project.run("migrate:validate")
    project.history()
    project.check_trail()


def undisturbed(seam, project, base, words, expected):
    """Raises when the command does not end with the code that its entry names."""
    restore(base, project)
    project.run(*words, expected=expected)


def last_point(seam, project, base, words):
    """The number of the last allocation that the command makes."""
    def met(number):
        restore(base, project)
        return seam.attempt(project, words, number)[0]
    low, high = 0, 64
    while met(high):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if met(middle) else (low, middle)
    return low


def try_command(seam, entry, found, draw):
    """(points tried, failures) of one command."""
    line, expected, applied = entry
    words = line.split()
    failures = []
    with support.Project(seam.program, migrations()) as project:
        furnish(project)
        if applied:
            project.run("migrate:run", "--step", str(applied))
        if words[0] in BACKED_UP:
            project.run("db:backup")
        base = pathlib.Path(tempfile.mkdtemp(prefix="eloquent-soak-")) / "base"
        try:
            shutil.copytree(project.root, base)
            undisturbed(seam, project, base, words, expected)
            last = last_point(seam, project, base, words)
            points = range(1, last + 1)
            if found.trials < last:
                points = sorted(draw.sample(points, found.trials))
            for number in points:
                try:
                    restore(base, project)
                    seam.judge(*seam.attempt(project, words, number), {expected} | FINDS.get(words[0], set()))
                    recover(project, base)
                except support.Failure as failure:
                    failures.append(f"{seam.name}: {line}, allocation {number} of {last}: {failure}")
        finally:
            shutil.rmtree(base.parent, ignore_errors=True)
    return len(points), failures


def seams(found, folder):
    """The core's seam, and the whole process's where its library is there."""
    faulty = support.make("soak-faults", "-DELOQUENT_FAULTS=ON")
    yield Seam("core", faulty, lambda n: {"ELQ_FAULT_ALLOC": str(n)}, None)
    source = support.ROOT / "tests" / "preload" / "failalloc.c"
    library = pathlib.Path(folder) / "failalloc.so"
    mark = pathlib.Path(folder) / "struck"
    support.quiet("cc", "-shared", "-fPIC", "-O2", "-std=gnu17", "-D_GNU_SOURCE", "-o", library, source, "-ldl")
    yield Seam("process", support.build(found.prefix),
               lambda n: {"LD_PRELOAD": str(library), "FAIL_ALLOC": str(n), "FAIL_ALLOC_MARK": str(mark)}, mark)


def main():
    found = support.options("the n-th allocation fails", FULL)
    started = time.monotonic()
    draw = random.Random(found.seed)
    failures = []
    tried = {}
    with tempfile.TemporaryDirectory(prefix="eloquent-soak-") as folder:
        for seam in seams(found, folder):
            failures += [f"{seam.name}: {name} is tried nowhere" for name in uncovered(seam.program)]
            for entry in COMMANDS:
                points, found_failures = try_command(seam, entry, found, draw)
                tried.setdefault(seam.name, {})[entry[0]] = points
                failures += found_failures
                print(f"{seam.name:<8} {entry[0]:<56} {points:6d} points, {len(found_failures)} failed")
    found.trials = sum(sum(points.values()) for points in tried.values())
    return support.finish("allocations", found, started, {"points": tried}, failures)


if __name__ == "__main__":
    sys.exit(main())
