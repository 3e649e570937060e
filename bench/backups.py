"""The part `backup` of bench/run: db:backup and db:restore against what the native
tools need for the same, phase by phase, on one database of a given size."""

import json
import os
import random
import shutil
import sqlite3
import statistics
import subprocess

import project as projects

MIB = 1024 * 1024
TARGET = 1.15
PEAK = 32


def fill(path, size):
    """Rows as applications have them: words, addresses, numbers, and an index."""
    draw = random.Random(1)
    words = [f"{draw.getrandbits(32):x}" for _ in range(5000)]

    def rows(first, count):
        for number in range(first, first + count):
            yield (number, draw.choice(words), f"{draw.choice(words)}@example.org", draw.random() * 1000,
                   f"2026-01-{number % 28 + 1:02d}", " ".join(draw.choices(words, k=20)))

    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("CREATE TABLE IF NOT EXISTS people (id INTEGER PRIMARY KEY, name TEXT, mail TEXT, amount REAL, "
                       "day TEXT, body TEXT)")
    connection.execute("CREATE INDEX IF NOT EXISTS people_mail ON people (mail)")
    number = 0
    while os.path.getsize(path) < size * MIB:
        connection.executemany("INSERT INTO people VALUES (?, ?, ?, ?, ?, ?)", rows(number, 20000))
        connection.commit()
        number += 20000
    connection.close()


class Costs:
    """Figures by name: wall seconds of each round, and the largest peak."""

    def __init__(self, bench):
        self.bench = bench
        self.walls = {}
        self.processors = {}
        self.peak = 0.0

    def add(self, name, wall, processor=0.0):
        self.walls.setdefault(name, []).append(wall)
        self.processors.setdefault(name, []).append(processor)

    def run(self, name, command, ours=False):
        """Runs it, measured; its standard output when it is ours."""
        output = self.bench.work / "output"
        done = subprocess.run([str(self.bench.floors / "bench_measure"), *map(str, command)], cwd=self.bench.work, text=True,
                              env={**projects.ENVIRONMENT, "BENCH_OUTPUT": str(output)}, capture_output=True,
                              stdin=subprocess.DEVNULL, check=False)
        wall, user, system, peak, code = map(int, done.stdout.split())
        if code != 0:
            raise SystemExit(f"bench: exit {code}: {' '.join(map(str, command))}\n{done.stderr}")
        self.add(name, wall / 1e9, (user + system) / 1e6)
        if not ours:
            return None
        self.peak = max(self.peak, peak / 1024)
        return json.loads(output.read_text())["connections"][0]["result"]

    def median(self, *names):
        """Of the sums of each round."""
        return statistics.median(map(sum, zip(*(self.walls[name] for name in names))))

    def show(self):
        for name, walls in self.walls.items():
            cost = statistics.median(self.processors[name])
            print(f"  {name:<34}{statistics.median(walls):9.3f} s"
                  + (f"  ({cost:.3f} s of processor)" if cost else "")
                  + "   rounds: " + " ".join(f"{wall:.3f}" for wall in walls))


def native(costs, project, folder):
    """.backup and zstd -3; and back: zstd -d, a check, .restore."""
    copy, packed, back = folder / "copy.sqlite", folder / "copy.zst", folder / "back.sqlite"
    live = folder / "live.sqlite"
    costs.run("sqlite3 .backup", ["/usr/bin/sqlite3", project.database, f".backup {copy}"])
    costs.run("zstd -3", ["/usr/bin/zstd", "-q", "-3", copy, "-o", packed])
    costs.run("zstd -d", ["/usr/bin/zstd", "-q", "-d", packed, "-o", back])
    costs.run("sqlite3 integrity_check", ["/usr/bin/sqlite3", back, "PRAGMA integrity_check"])
    shutil.copyfile(project.database, live)
    projects.sync()
    costs.run("sqlite3 .restore", ["/usr/bin/sqlite3", live, f".restore {back}"])
    for path in (copy, packed, back, live):
        path.unlink()


def ours(costs, project, program):
    """db:backup; and db:restore over the same database, of which it takes a copy first."""
    taken = costs.run("db:backup", project.command(program, "--json", "db:backup"), ours=True)["backup"]
    costs.add("  its dump", taken["dump_duration_us"] / 1e6)
    costs.add("  its verification", taken["verify_duration_us"] / 1e6)
    result = costs.run("db:restore", project.command(program, "--json", "db:restore", taken["id"], "--force"), ours=True)
    phases = {"  its verification ": result["backup"]["verify_duration_us"],
              "  its copy of what was there": result["copy"]["dump_duration_us"] + result["copy"]["verify_duration_us"]}
    for name, duration in phases.items():
        costs.add(name, duration / 1e6)
    costs.add("  putting it in its place", costs.walls["db:restore"][-1] - sum(phases.values()) / 1e6)


def measure(bench):
    size = bench.options.size
    folder = bench.work / "backup"
    folder.mkdir()
    project = projects.Project(folder / "project", projects.write_migrations(folder / "files", 1).parent)
    bench.once(project.command(bench.program, "migrate:run", "--quiet"))
    fill(project.database, size)
    costs = Costs(bench)
    for number in range(bench.options.rounds):
        steps = [lambda: native(costs, project, folder), lambda: ours(costs, project, bench.program)]
        for step in steps if number % 2 == 0 else reversed(steps):
            projects.sync()
            step()
    print(f"\nbackup, a database of {size} MiB")
    costs.show()
    floor = costs.median("sqlite3 .backup", "zstd -3")
    back = costs.median("zstd -d", "sqlite3 integrity_check", "sqlite3 .restore")
    bench.judge("the dump of db:backup against .backup and zstd -3", costs.median("  its dump") / floor, TARGET, "x")
    bench.judge("db:restore, its copy left out, against zstd -d, a check and .restore",
                costs.median("  its verification ", "  putting it in its place") / back, TARGET, "x")
    bench.judge("own memory, peak", costs.peak, PEAK, "MiB")
