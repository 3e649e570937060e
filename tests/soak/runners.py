"""Twenty runners at once on one database that does not exist yet.

Every round: without --wait one runner does the work and every other one exits 5
naming the holder; with --wait all exit 0. In both, each migration is applied
exactly once. The runners are forked first and let go together."""

import os
import random
import re
import sys
import time

import support

RUNNERS = 20
MIGRATIONS = 5
FULL = 100


def migrations(work):
    """Long enough that the last runner arrives while the first one works."""
    files = {}
    for number in range(1, MIGRATIONS + 1):
        create = "CREATE TABLE tally (migration INTEGER NOT NULL);\n" if number == 1 else ""
        files[f"202601010000{number:02d}_step_{number}.sql"] = (
            f"-- migrate:up\n{create}"
            f"CREATE TABLE step_{number} AS WITH RECURSIVE counter (n) AS (SELECT 1 UNION ALL "
            f"SELECT n + 1 FROM counter WHERE n < {work}) SELECT n FROM counter WHERE n % 50 = 0;\n"
            f"INSERT INTO tally VALUES ({number});\n"
            f"\n-- migrate:down\nDROP TABLE step_{number};\n")
    return files


class Runner:
    """A child that waits at the gate, then becomes the program."""

    def __init__(self, project, gate, number, words):
        self.out = project.root / f"runner-{number}.txt"
        self.pid = os.fork()
        if self.pid == 0:
            self.become(project, gate, words)

    def become(self, project, gate, words):
        try:
            os.close(gate[1])
            os.read(gate[0], 1)
            os.setsid()
            os.chdir(project.root)
            null = os.open("/dev/null", os.O_RDONLY)
            out = os.open(self.out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.dup2(null, 0)
            os.dup2(out, 1)
            os.dup2(out, 2)
            os.execve(project.program, [str(project.program), *words], support.environment())
        finally:
            os._exit(99)

    def wait(self):
        """(exit code, output)"""
        _, status = os.waitpid(self.pid, 0)
        return os.waitstatus_to_exitcode(status), self.out.read_text(errors="replace")


def race(project, words):
    """What each of the runners came to."""
    gate = os.pipe()
    runners = [Runner(project, gate, number, words) for number in range(RUNNERS)]
    os.close(gate[0])
    os.close(gate[1])
    return [runner.wait() for runner in runners]


def check_round(program, files, wait):
    versions = [name.split("_")[0] for name in files]
    with support.Project(program, files) as project:
        answers = race(project, ["migrate:run", "--wait"] if wait else ["migrate:run"])
        codes = sorted(code for code, _ in answers)
        expected = [0] * RUNNERS if wait else [0] + [5] * (RUNNERS - 1)
        if codes != expected:
            odd = next((text for code, text in answers if code not in (0, 5)), answers[0][1])
            raise support.Failure(f"exit codes {codes}: {odd.strip()}")
        if not wait:
            check_holders(answers)
        support.check_applied_once(project, versions)
        tally = [row["migration"] for row in project.rows("SELECT migration FROM tally ORDER BY rowid")]
        if tally != list(range(1, MIGRATIONS + 1)):
            raise support.Failure(f"rows: tally is {tally}")
        runs = {event["run"] for event in project.history()}
        if len(runs) != 1:
            raise support.Failure(f"{len(runs)} runs wrote the history of one round")
        project.check_trail()
        project.run("migrate:validate")


def check_holders(answers):
    """Exit 5 says who holds the lock: a process that was one of ours, and where."""
    for code, text in answers:
        if code == 5 and not re.search(r"\b[0-9]{2,}\b", text):
            raise support.Failure(f"exit 5 does not name the holder: {text.strip()}")


def main():
    found = support.options("twenty runners at once", FULL)
    started = time.monotonic()
    order = random.Random(found.seed)
    program = support.build(found.prefix)
    failures = []
    for number in range(1, found.trials + 1):
        files = migrations(order.randrange(700000, 1000000))
        modes = [False, True]
        order.shuffle(modes)
        for wait in modes:
            try:
                check_round(program, files, wait)
            except support.Failure as failure:
                failures.append(f"round {number}{' with --wait' if wait else ''}: {failure}")
                break
    return support.finish("runners", found, started, {
        "runners": RUNNERS, "migrations": MIGRATIONS, "modes": ["exit 5 at once", "--wait"]}, failures)


if __name__ == "__main__":
    sys.exit(main())
