"""Applies the patches of this folder, one at a time, to a copy of the tree, and
requires the test that each of them names to turn red. The tree itself is not
touched. All patches share one copy and its build: per patch only what the
named test needs is built again.
"""

import os
import random
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

SECONDS = 300
"""After this long a test that hangs counts as red."""
LEFT_OUT = (".git", "build", "build-*", "__pycache__", ".eloquent", ".pytest_cache")
PYTHON = "/usr/bin/python3"


class Unusable(Exception):
    """A patch, a tool or the unchanged tree is not as it must be."""


@dataclass(frozen=True)
class UnitTest:
    """One case of one program of tests/unit."""
    room: str
    subject: str
    case: str

    target = property(lambda self: f"unit_{self.room}_{self.subject}")
    installs = False

    def command(self, copy):
        return [copy.build / "tests" / self.target]

    def passed(self, code, output):
        return code == 0 and f"[       OK ] {self.case}\n" in output

    def failed(self, code, output):
        """The case itself, or the program's death while it ran."""
        begun = re.findall(r"^\[ RUN      \] (\w+)$", output, re.MULTILINE)
        died = code < 0 and begun and begun[-1] == self.case
        return code != 0 and (died or f"[  FAILED  ] {self.case}\n" in output)


@dataclass(frozen=True)
class EndToEndTest:
    """One test of tests/e2e, with all its parameters or with one of them."""
    node: str

    target = "e2e"
    installs = True

    def command(self, copy):
        return [PYTHON, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", copy.source / "tests/e2e" / self.node]

    def passed(self, code, output):
        return code == 0 and re.search(r"\b\d+ passed", output) is not None

    def failed(self, code, output):
        return code == 1


def read_test(text):
    unit = re.fullmatch(r"(\w+)/(\w+) (\w+)", text)
    if unit:
        return UnitTest(*unit.groups())
    if re.fullmatch(r"test_\w+\.py::test_\w+(\[.+\])?", text):
        return EndToEndTest(text)
    raise Unusable(f"\"{text}\" is neither ROOM/SUBJECT CASE nor test_FILE.py::test_CASE")


@dataclass(frozen=True)
class Patch:
    path: Path
    rule: str
    test: UnitTest | EndToEndTest

    name = property(lambda self: self.path.stem)


def read(path):
    head = re.split(r"^(?:diff |--- )", path.read_text(), maxsplit=1, flags=re.MULTILINE)[0]
    lines = dict(re.findall(r"^(Rule|Test): (.+)$", head, re.MULTILINE))
    for name in ("Rule", "Test"):
        if name not in lines:
            raise Unusable(f"{path.name}: no line \"{name}: ...\" above the first file")
    try:
        return Patch(path, lines["Rule"], read_test(lines["Test"]))
    except Unusable as error:
        raise Unusable(f"{path.name}: {error}") from None


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

    def make(self, targets, install, what):
        call(["cmake", "--build", self.build, "-j", self.jobs, "--target", *targets], what)
        if install:
            # Otherwise what was built within a second of the last mutant counts as installed.
            call(["cmake", "--install", self.build], what, env=dict(os.environ, CMAKE_INSTALL_ALWAYS="1"))

    def apply(self, patch, *more):
        call(["patch", "-p1", "--silent", "--force", "--fuzz=0", "--no-backup-if-mismatch", *more,
              "-i", patch.path], f"{patch.path.name}: does not apply", cwd=self.source)

    def run(self, test):
        """(exit code, what it wrote); a hang is None."""
        environment = dict(os.environ, ELOQUENT_PREFIX=str(self.prefix), ELOQUENT_BUILD=str(self.build),
                           PYTHONDONTWRITEBYTECODE="1")
        try:
            done = subprocess.run(list(map(str, test.command(self))), cwd=self.build, env=environment,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  text=True, errors="replace", timeout=SECONDS)
        except subprocess.TimeoutExpired:
            return None, ""
        return done.returncode, done.stdout

    def check_green(self, tests):
        """Nothing can be said of a test that is red, or skipped, without a mutant."""
        self.make(sorted({test.target for test in tests}), any(test.installs for test in tests),
                  "the unchanged tree does not build")
        for test in tests:
            code, output = self.run(test)
            if code is None or not test.passed(code, output):
                raise Unusable(f"does not pass without a mutant: {test}\n{output[-2000:]}")

    def killed(self, patch):
        self.apply(patch)
        try:
            self.make([patch.test.target], patch.test.installs, f"{patch.path.name}: the mutant does not build")
            code, output = self.run(patch.test)
            return code is None or patch.test.failed(code, output)
        finally:
            self.apply(patch, "--reverse")


def judge(source, work, chosen, jobs):
    copy = Copy(source, work, jobs)
    copy.check_green(list(dict.fromkeys(patch.test for patch in chosen)))
    killed = 0
    for patch in chosen:
        dead = copy.killed(patch)
        killed += dead
        print(f"{'killed' if dead else 'SURVIVED'}: {patch.name}: {patch.rule}", flush=True)
    print(f"{len(chosen)} mutants, {killed} killed")
    return 0 if killed == len(chosen) else 1


def run(source, options):
    os.umask(0o022)  # plugins are not loaded from folders that others can write
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
