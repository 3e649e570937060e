"""Twenty processes append to one audit trail, some of them killed by kill -9.

Each appends --records records (1,000) through the program's own code
(append.c); at moments drawn by the seed a few are killed, and every third trial's
killer stops one first, in the middle of whatever it does. The trail rotates often,
and every second one is authenticated. Afterwards `audit:verify` has no finding
but `recovered`, the chain recomputed here is whole, and each record that its
writer saw written is there exactly once, in its writer's order."""

import argparse
import collections
import hashlib
import hmac
import json
import pathlib
import random
import re
import signal
import subprocess
import sys
import tempfile
import time

import support

PROCESSES = 20
FULL = 20
RECORDS = 1000
KEY = "0123456789abcdef0123456789abcdef"


def build_append(folder):
    """append.c, linked with the rooms that it needs and no others."""
    program = pathlib.Path(folder) / "append"
    core = support.ROOT / "core"
    sources = sorted([*(core / "base").glob("*.c"), *(core / "observe").glob("*.c")])
    support.quiet("cc", "-O2", "-std=gnu11", "-D_GNU_SOURCE", "-I", core, "-I", support.ROOT / "include", "-o", program,
                  support.HERE / "append.c", *sources, "-lnettle", "-ljansson", "-lpthread")
    return program


class Writer:
    """One process that appends; what it saw written stands in its file."""

    def __init__(self, program, project, tag, records, size, key):
        self.tag = tag
        self.seen = project.root / f"{tag}.txt"
        with open(self.seen, "wb") as out:
            self.child = subprocess.Popen([program, project.trail, str(records), str(size), key or "-", tag],
                                          stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE, env=support.environment())
        self.killed = False

    def kill(self, stop):
        """False: it was over already."""
        if self.child.poll() is not None:
            return False
        if stop:
            self.child.send_signal(signal.SIGSTOP)
            time.sleep(0.01)
        self.child.send_signal(signal.SIGKILL)
        self.killed = self.child.wait() == -signal.SIGKILL
        return self.killed

    def finish(self):
        code = self.child.wait(timeout=3600)
        err = self.child.stderr.read().decode(errors="replace").strip()
        if not self.killed and code != 0:
            raise support.Failure(f"{self.tag}: exit {code}: {err}")

    def numbers(self):
        return [int(line) for line in self.seen.read_text().splitlines()]


def files_of(trail):
    """The rotated files by number, then the trail."""
    numbered = [(int(path.name[len(trail.name) + 1:]), path) for path in trail.parent.glob(trail.name + ".*")
                if re.fullmatch(r"[1-9][0-9]*", path.name[len(trail.name) + 1:])]
    return [path for _, path in sorted(numbered)] + ([trail] if trail.exists() else [])


def check_hmac(line, key, number):
    covered, _, told = line.partition(b',"hmac":"')
    if bool(told) != bool(key):
        raise support.Failure(f"record {number}: an HMAC where there is no key, or none where there is one")
    if key and told != hmac.new(key.encode(), covered, hashlib.sha256).hexdigest().encode() + b'"}\n':
        raise support.Failure(f"record {number}: its HMAC is wrong")


def read_chain(trail, key):
    """(numbers by writer, recovered) of a chain recomputed from docs/audit-format.md."""
    previous, number, torn, recovered = support.GENESIS, 0, b"", 0
    found = collections.defaultdict(list)
    for path in files_of(trail):
        for line in path.read_bytes().splitlines(keepends=True):
            record = support.trail_record(line)
            if record is None:
                torn += line
                continue
            number += 1
            if record["seq"] != number or record["previous"] != previous:
                raise support.Failure(f"{path.name}: record {number} does not follow the one before it")
            if torn and record["phase"] != "recovered":
                raise support.Failure(f"{path.name}: {len(torn)} torn bytes that nothing closes")
            check_hmac(line, key, number)
            recovered += record["phase"] == "recovered"
            previous, torn = hashlib.sha256(line).hexdigest(), b""
            if record["phase"] == "outcome":
                tag, told = record["message"].split()
                found[tag].append(int(told))
        if path != trail and path.name != f"{trail.name}.{number}":
            raise support.Failure(f"{path.name} ends in record {number}")
    if torn:
        raise support.Failure(f"{len(torn)} torn bytes at the trail's end")
    return found, recovered


def check_writers(writers, found):
    for writer in writers:
        told, there = writer.numbers(), found.get(writer.tag, [])
        if there != list(range(1, len(there) + 1)):
            raise support.Failure(f"{writer.tag}: its records are not there once each, in order")
        # The last one may be written, and its writer killed before saying so.
        if not len(told) <= len(there) <= len(told) + 1:
            raise support.Failure(f"{writer.tag}: saw {len(told)} records written, {len(there)} are there")


def one_trial(program, append, found, draw, number):
    """(kills, recovered records, files) of one trial."""
    key = KEY if number % 2 == 0 else None
    with support.Project(program, {}) as project:
        if key:
            (project.root / "audit.key").write_text(key + "\n")
            with open(project.root / "eloquent.ini", "a", encoding="utf-8") as ini:
                ini.write("key_file = audit.key\n")
        size = draw.choice([2000, 20000, 200000])
        writers = [Writer(append, project, f"w{i}", found.records, size, key) for i in range(PROCESSES)]
        kills = 0
        for victim in draw.sample(writers, draw.randrange(3, 8)):
            time.sleep(draw.random() * 0.05 * found.records / RECORDS)
            kills += victim.kill(stop=number % 3 == 0)
        for writer in writers:
            writer.finish()
        last = Writer(append, project, "last", 1, size, key)  # closes what a kill may have torn
        last.finish()
        chain, recovered = read_chain(project.trail, key)
        check_writers([*writers, last], chain)
        document = json.loads(project.run("audit:verify", "--json"))
        if document["result"]["findings_total"] or document["result"]["recovered_total"] != recovered:
            raise support.Failure(f"audit:verify: {document['result']}")
        return kills, recovered, len(files_of(project.trail))


def options():
    """support.options, and how many records each process appends."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--records", type=int)
    own, rest = parser.parse_known_args()
    sys.argv[1:] = rest
    found = support.options("twenty processes append to one audit trail (also: --records N)", FULL)
    found.records = own.records or (RECORDS if found.full else 50)
    found.full = found.full and found.records >= RECORDS
    return found


def main():
    found = options()
    started = time.monotonic()
    draw = random.Random(found.seed)
    program = support.build(found.prefix)
    failures = []
    kills = recovered = files = 0
    with tempfile.TemporaryDirectory(prefix="eloquent-soak-") as folder:
        append = build_append(folder)
        for number in range(1, found.trials + 1):
            try:
                counts = one_trial(program, append, found, draw, number)
                kills, recovered, files = kills + counts[0], recovered + counts[1], files + counts[2]
            except support.Failure as failure:
                failures.append(f"trial {number}: {failure}")
    if not kills:
        failures.append("no process was killed: the trials prove nothing about kills")
    return support.finish("audit", found, started, {
        "processes": PROCESSES, "records": found.records, "kills": kills, "recovered": recovered,
        "files": files}, failures)


if __name__ == "__main__":
    sys.exit(main())
