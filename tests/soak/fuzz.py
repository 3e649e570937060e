"""Each fuzz target for --trials minutes (60), with libFuzzer, ASan and UBSan.

It begins with the corpus of tests/fuzz/corpus and with what earlier runs found and kept in
--keep DIR. A finding is a crash, a leak, an input that takes more than 10 s of a processor or
more than 2 GiB; it stays in DIR/findings, to be shrunk and added to the corpus. The summary holds, for
each target, how many inputs were run, how many blocks of code they reach, and the minutes of
processor time that it had: with more --jobs than processors they are fewer than the minutes
on the clock."""

import argparse
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile
import time

import support

FULL = 60
SLOW = 10
FUZZ = support.ROOT / "tests/fuzz"
DONE = re.compile(r"#(\d+)\s+(?:DONE|pulse|NEW|REDUCE|RELOAD|INITED)\s+cov: (\d+) ft: (\d+)")


def options():
    """support.options, and which targets, where findings are kept, and how many run at once."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--only", action="append")
    parser.add_argument("--keep", type=pathlib.Path)
    parser.add_argument("--jobs", type=int, default=1)
    own, rest = parser.parse_known_args()
    sys.argv[1:] = rest
    found = support.options("minutes of fuzzing per target (also: --only TARGET, --keep DIR, --jobs N)", FULL)
    found.only, found.keep, found.jobs = own.only, own.keep, own.jobs
    found.full = found.full and not own.only
    return found


def build():
    """build/soak-fuzz: the targets, with clang."""
    folder = support.ROOT / "build/soak-fuzz"
    support.quiet("cmake", "--preset", "fuzz", "-S", support.ROOT, "-B", folder)
    support.quiet("cmake", "--build", folder, "-j2")
    return folder / "tests/fuzz"


def start(program, keep, minutes, seed):
    """The target at work, its output in a file."""
    subject = program.name.removeprefix("fuzz_")
    found, findings = keep / subject, keep / "findings"
    for folder in (found, findings):
        folder.mkdir(parents=True, exist_ok=True)
    log = keep / f"{subject}.log"
    with open(log, "wb") as out:
        return subject, log, subprocess.Popen(
            [program, f"-max_total_time={round(minutes * 60)}", "-max_len=80000", "-timeout=600", "-rss_limit_mb=2048",
             f"-seed={seed}", f"-artifact_prefix={findings}/{subject}-", "-print_final_stats=1", found, FUZZ / "corpus" / subject],
            stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)


def sum_up(log):
    """How many inputs were run, and what they reach."""
    text = log.read_text("utf-8", "replace")
    last = (DONE.findall(text) or [(0, 0, 0)])[-1]
    runs = re.search(r"stat::number_of_executed_units: (\d+)", text)
    return {"runs": int(runs[1]) if runs else int(last[0]), "blocks": int(last[1]), "features": int(last[2])}, text


def slow(program, findings):
    """Inputs that need more than 10 s of a processor: on a machine with other work the clock alone says nothing."""
    subject = program.name.removeprefix("fuzz_")
    for path in sorted(findings.glob(f"{subject}-slow-unit-*")):
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        subprocess.run([program, path], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        if resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before > SLOW:
            yield path.name
        else:
            path.unlink()


def fuzz(programs, keep, found, failures):
    """All of them, --jobs at once; {target: its figures}."""
    waiting, working, figures = list(programs), [], {}
    while waiting or working:
        while waiting and len(working) < found.jobs:
            working.append(start(waiting.pop(0), keep, found.trials, found.seed))
        subject, log, child = working.pop(0)
        _, wait_status, used = os.wait4(child.pid, 0)
        code = child.returncode = os.waitstatus_to_exitcode(wait_status)
        figures[subject], text = sum_up(log)
        figures[subject]["processor_minutes"] = round((used.ru_utime + used.ru_stime) / 60, 1)
        if code != 0:
            failures.append(f"{subject}: exit {code}: {text[-600:]}")
        elif not figures[subject]["runs"]:
            failures.append(f"{subject}: no input was run")
    for program in programs:
        failures += [f"{name} needs more than {SLOW} s" for name in slow(program, keep / "findings")]
    return figures


def main():
    found = options()
    started = time.monotonic()
    programs = sorted(path for path in build().glob("fuzz_*") if path.is_file() and not path.suffix)
    if found.only:
        programs = [path for path in programs if path.name.removeprefix("fuzz_") in found.only]
    if not programs:
        sys.exit("soak fuzz: there is no such target")
    failures = []
    with tempfile.TemporaryDirectory(prefix="eloquent-soak-") as folder:
        figures = fuzz(programs, found.keep or pathlib.Path(folder), found, failures)
    minutes, found.trials = found.trials, len(figures)
    return support.finish("fuzz", found, started, {"minutes_each": minutes, "targets": figures}, failures)


if __name__ == "__main__":
    sys.exit(main())
