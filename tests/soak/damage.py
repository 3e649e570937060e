"""A damaged backup is never taken for a sound one.

Every single byte of a backup of 64 KiB is changed, and of its manifest, and both are cut at
every length. Each time the program itself is asked, once with `db:backup:verify` and once with
`db:restore`: both refuse with one of the documented exit codes and a sentence, and the live
database keeps every byte. --trials is the most points that are tried of each of the four
kinds, drawn by the seed; the full count tries them all."""

import multiprocessing
import random
import sys
import time

import support

FULL = 100000
SIZE = 64 * 1024
REFUSED = {1, 4}
COMMANDS = (("db:backup:verify",), ("db:restore", "--force"))
MIGRATIONS = {"20260101000001_blobs.sql":
              "-- migrate:up\nCREATE TABLE blobs (id INTEGER PRIMARY KEY, data BLOB NOT NULL);\n"
              "\n-- migrate:down\nDROP TABLE blobs;\n"}


class Victim:
    """A project with one verified backup, and what it was before it was damaged."""

    def __init__(self, project, seed):
        self.project = project
        draw = random.Random(seed)
        project.run("migrate:run")
        # What cannot be compressed: the dump is as large as what lies in the table.
        rows = ", ".join(f"(x'{draw.randbytes(4000).hex()}')" for _ in range(SIZE // 4000))
        project.rows(f"INSERT INTO blobs (data) VALUES {rows}")
        project.run("db:backup")
        folder = project.root / ".eloquent" / "backups" / "sqlite"
        self.files = {"dump": next(folder.glob("*.sqlite.zst")), "manifest": next(folder.glob("*.json"))}
        self.id = self.files["manifest"].stem
        self.sound = {name: path.read_bytes() for name, path in self.files.items()}
        project.rows("UPDATE blobs SET data = x'00'")  # a restore that went through would show
        self.live = project.database.read_bytes()

    def mend(self):
        for name, path in self.files.items():
            path.write_bytes(self.sound[name])

    def attempt(self, what, content):
        """What is wrong with how the two commands take this content of the file."""
        for words in COMMANDS:
            self.mend()
            self.files[what].write_bytes(content)
            child = self.project.start(words[0], self.id, *words[1:])
            _, err = child.communicate(timeout=60)
            if child.returncode not in REFUSED or not err.strip():
                yield f"{words[0]}: exit {child.returncode}: {err.strip()[:300]}"
            if self.project.database.read_bytes() != self.live:
                yield f"{words[0]}: the live database was changed"
                self.project.database.write_bytes(self.live)


def damaged(point, sound, seed):
    """The file's content at one point: (kind, file, position)."""
    kind, _, position = point
    if kind == "cut":
        return sound[:position]
    change = random.Random(f"{seed} {point}").randrange(1, 256)
    return sound[:position] + bytes([sound[position] ^ change]) + sound[position + 1:]


def points_of(victim, found, draw):
    """Every point, or as many of each kind as --trials says."""
    tried = []
    for what, sound in victim.sound.items():
        for kind in ("flip", "cut"):
            positions = range(len(sound))
            if found.trials < len(positions):
                positions = sorted(draw.sample(positions, found.trials))
            tried += [(kind, what, position) for position in positions]
    return tried


def work(share):
    """One process: its own project, and its share of the positions."""
    program, found, number, count = share
    failures, tried = [], {}
    with support.Project(program, MIGRATIONS) as project:
        victim = Victim(project, found.seed)
        points = points_of(victim, found, random.Random(found.seed))
        for kind, what, position in points:
            if position % count != number:
                continue
            content = damaged((kind, what, position), victim.sound[what], found.seed)
            name = f"{kind} {what}"
            tried[name] = tried.get(name, 0) + 1
            failures += [f"{name}, {position} of {len(victim.sound[what])}: {problem}"
                         for problem in victim.attempt(what, content)]
        victim.mend()
        project.run("db:backup:verify", victim.id)  # it was the damage that was refused
        project.run("db:restore", victim.id, "--force")
        if project.rows("SELECT count(*) AS n FROM blobs WHERE length(data) = 4000") != [{"n": SIZE // 4000}]:
            failures.append("the sound backup does not bring its rows back")
    return failures, tried


def main():
    found = support.options("every byte of a backup changed, every length cut", FULL)
    started = time.monotonic()
    program = support.build(found.prefix)
    count = multiprocessing.cpu_count()
    with multiprocessing.Pool(count) as pool:
        answers = pool.map(work, [(program, found, number, count) for number in range(count)])
    failures = [failure for answer, _ in answers for failure in answer]
    tried = {}
    for _, shares in answers:
        for name, points in shares.items():
            tried[name] = tried.get(name, 0) + points
    for name, points in tried.items():
        print(f"{name:<16} {points:6d} points")
    found.trials = sum(tried.values())
    return support.finish("damage", found, started, {"points": tried}, failures)


if __name__ == "__main__":
    sys.exit(main())
