"""Every mutant of core/guard must turn one of the guard's unit tests red.

The tests are compiled once; per mutant only the changed source is compiled and
linked with them, by the C compiler itself.
"""

import os
import random
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from generate import mutants_of

SOURCES = {
    "core/guard/guard.c": ["matrix", "properties", "words"],
    "core/guard/words.c": ["words", "matrix", "properties"],
}
"""Each with its tests, in the order in which they are likely to notice."""
HEADER = "core/guard/guard.h"
SECONDS = 120
"""After this long a test that hangs counts as red."""


class Bench:
    """The tests as object files, ready to be linked with a mutant."""

    def __init__(self, source, work):
        self.source, self.work = source, work
        self.compiler = os.environ.get("CC", "cc")
        for name in SOURCES["core/guard/guard.c"]:
            self.compile(source / f"tests/unit/guard/test_{name}.c", work / f"test_{name}.o", "-O2")
        for path in SOURCES:
            self.compile(source / path, self.object_of(path), "-O1")

    def object_of(self, path):
        return self.work / (Path(path).stem + ".o")

    def compile(self, source, target, level):
        words = [self.compiler, "-std=gnu17", "-D_GNU_SOURCE", level, "-w", f"-I{self.source}/core",
                 f'-DTEST_SOURCE_DIR="{self.source}"', "-c", str(source), "-o", str(target)]
        done = subprocess.run(words, capture_output=True, text=True)
        if done.returncode:
            raise SyntaxError(done.stderr)

    def red(self, tests, objects, folder):
        """The first of these tests that fails with these objects, or None."""
        for name in tests:
            program = folder / name
            subprocess.run([self.compiler, str(self.work / f"test_{name}.o"), *map(str, objects), "-lcmocka",
                            "-o", str(program)], check=True)
            try:
                code = subprocess.run([str(program)], capture_output=True, timeout=SECONDS).returncode
            except subprocess.TimeoutExpired:
                return name
            if code:
                return name
        return None

    def judge(self, mutant):
        """"killed", "survived" or the compiler's words."""
        with tempfile.TemporaryDirectory(dir=self.work) as name:
            folder = Path(name)
            changed = folder / Path(mutant.path).name
            changed.write_text(mutant.text)
            try:
                self.compile(changed, folder / "mutant.o", "-O1")
            except SyntaxError as error:
                return str(error)
            others = [self.object_of(path) for path in SOURCES if path != mutant.path]
            red = self.red(SOURCES[mutant.path], [folder / "mutant.o", *others], folder)
            return "killed" if red else "survived"


def run(source, options):
    header = (source / HEADER).read_text()
    mutants = [m for path in SOURCES for m in mutants_of(path, (source / path).read_text(), header)]
    if options.sample:
        mutants = random.Random(options.seed).sample(mutants, min(options.sample, len(mutants)))
    with tempfile.TemporaryDirectory(prefix="guard-mutants-") as name:
        bench = Bench(source, Path(name))
        red = bench.red(["words", "matrix", "properties"], [bench.object_of(path) for path in SOURCES], Path(name))
        if red:
            print(f"the guard's test {red} is red without a mutant: nothing can be said")
            return 1
        with ThreadPoolExecutor(options.jobs) as pool:
            verdicts = list(pool.map(bench.judge, mutants))
    for mutant, verdict in zip(mutants, verdicts):
        if verdict == "survived":
            print(f"survived: {mutant}")
        elif verdict != "killed":
            print(f"does not compile: {mutant}\n{verdict}")
    killed = verdicts.count("killed")
    print(f"{len(mutants)} mutants, {killed} killed")
    return 0 if mutants and killed == len(mutants) else 1
