"""Applies the patches of this folder, one at a time, to a copy of the tree, and
requires the test that each of them names to turn red. The tree itself is not
touched.
"""

import os
import random
import re
import shlex
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

SECONDS = 900
"""After this long a test that hangs counts as red."""
LEFT_OUT = (".git", "build", "build-*", "__pycache__", ".eloquent", ".pytest_cache")


@dataclass(frozen=True)
class Patch:
    path: Path
    rule: str
    test: str
    """The command that must fail, as written: {source}, {build} and {prefix} are filled in."""


class Unusable(Exception):
    """A patch, a tool or the unchanged tree is not as it must be."""


def read(path):
    head = re.split(r"^(?:diff |--- )", path.read_text(), maxsplit=1, flags=re.MULTILINE)[0]
    lines = dict(re.findall(r"^(Rule|Test): (.+)$", head, re.MULTILINE))
    for name in ("Rule", "Test"):
        if name not in lines:
            raise Unusable(f"{path.name}: no line \"{name}: ...\" above the first file")
    return Patch(path, lines["Rule"], lines["Test"])


def choose(folder, options):
    found = {path.stem: path for path in sorted(folder.glob("*.patch"))}
    for name in options.names:
        if name not in found:
            raise Unusable(f"no patch is called {name}; known: {', '.join(found)}")
    names = options.names or list(found)
    if options.sample and options.sample < len(names):
        names = sorted(random.Random(options.seed).sample(names, options.sample))
    return [read(found[name]) for name in names]


def call(words, what, **more):
    done = subprocess.run(list(map(str, words)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", **more)
    if done.returncode:
        raise Unusable(f"{what}:\n{done.stdout[-4000:]}")


class Copy:
    """The tree, copied and built where it may be damaged."""

    def __init__(self, source, work, jobs):
        self.source, self.build, self.prefix = work / "source", work / "build", work / "prefix"
        self.jobs = jobs
        shutil.rmtree(self.source, ignore_errors=True)
        # New times: a build folder of an earlier run may hold objects of its last mutant.
        shutil.copytree(source, self.source, symlinks=True, copy_function=shutil.copy,
                        ignore=shutil.ignore_patterns(*LEFT_OUT))
        call(["cmake", "-S", self.source, "-B", self.build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug",
              "-DELOQUENT_TESTS=ON", f"-DCMAKE_INSTALL_PREFIX={self.prefix}"], "the copy cannot be configured")
        self.make("the unchanged tree does not build")

    def make(self, what):
        call(["cmake", "--build", self.build, "-j", self.jobs], what)
        call(["cmake", "--install", self.build], what)

    def apply(self, patch, *more):
        call(["patch", "-p1", "--silent", "--force", "--fuzz=0", "--no-backup-if-mismatch", *more,
              "-i", patch.path], f"{patch.path.name}: does not apply", cwd=self.source)

    def red(self, patch):
        filled = patch.test.format(source=self.source, build=self.build, prefix=self.prefix)
        words = shlex.split(filled)
        if words[0] == "ctest":
            words.insert(1, "--no-tests=error")
        environment = dict(os.environ, ELOQUENT_PREFIX=str(self.prefix), ELOQUENT_BUILD=str(self.build))
        try:
            done = subprocess.run(words, cwd=self.build, env=environment, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            return True
        return done.returncode != 0

    def killed(self, patch):
        self.apply(patch)
        try:
            self.make(f"{patch.path.name}: the mutant does not build")
            return self.red(patch)
        finally:
            self.apply(patch, "--reverse")


def judge(source, work, chosen, jobs):
    copy = Copy(source, work, jobs)
    for test in sorted({patch.test for patch in chosen}):
        example = next(patch for patch in chosen if patch.test == test)
        if copy.red(example):
            raise Unusable(f"red without a mutant: {test}")
    killed = 0
    for patch in chosen:
        dead = copy.killed(patch)
        killed += dead
        print(f"{'killed' if dead else 'SURVIVED'}: {patch.path.stem}: {patch.rule}", flush=True)
    print(f"{len(chosen)} mutants, {killed} killed")
    return 0 if killed == len(chosen) else 1


def run(source, options):
    try:
        chosen = choose(source / "tests/mutants", options)
        if not chosen:
            raise Unusable("there are no patches")
        if not shutil.which("patch"):
            raise Unusable("the program patch is missing: apt-get install patch")
        if options.work:
            options.work.mkdir(parents=True, exist_ok=True)
            return judge(source, options.work.resolve(), chosen, options.jobs)
        with tempfile.TemporaryDirectory(prefix="mutants-") as work:
            return judge(source, Path(work), chosen, options.jobs)
    except Unusable as error:
        print(error)
        return 1
