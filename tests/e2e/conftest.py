"""Where the tests find the program, and the projects that they are given.

Run against an installed build:

    ELOQUENT_PREFIX=/tmp/prefix ELOQUENT_BUILD=/tmp/build /usr/bin/python3 -m pytest tests/e2e

ELOQUENT_PREFIX is what `cmake --install` filled; ELOQUENT_BUILD is the build
folder, for the zoo of plugins and the preloaded shims. With
ELOQUENT_SANITIZED=1 the tests that preload something are left out: under
AddressSanitizer a preloaded library must not come first.
"""

import os
import signal
from pathlib import Path

import pytest

from backups import Backups
from project import Installation, Project


def hear_signals():
    """What was started in the background, or by nohup, ignores signals, and so would every child: they
    are to mean to the program what they mean to one that a person starts."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGQUIT):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


def pytest_configure(config):
    hear_signals()
    config.addinivalue_line("markers", "preload: preloads a shim into the program (plain build only)")
    config.addinivalue_line("markers", "slow: many processes or long work")
    config.addinivalue_line("markers", "not_root: permissions mean nothing to root")


def pytest_collection_modifyitems(config, items):
    sanitized = os.environ.get("ELOQUENT_SANITIZED") == "1"
    left_out = [i for i in items if sanitized and i.get_closest_marker("preload")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [i for i in items if i not in left_out]
    if os.geteuid() == 0:
        skip = pytest.mark.skip(reason="permissions mean nothing to root; scripts/test runs this as a user")
        for item in items:
            if item.get_closest_marker("not_root"):
                item.add_marker(skip)


@pytest.fixture(scope="session")
def installation():
    prefix = os.environ.get("ELOQUENT_PREFIX")
    build = os.environ.get("ELOQUENT_BUILD")
    if not prefix or not build:
        pytest.exit("set ELOQUENT_PREFIX and ELOQUENT_BUILD (scripts/test does)", returncode=2)
    return Installation(Path(prefix).resolve(), Path(build).resolve())


@pytest.fixture
def folder(tmp_path):
    """A folder of our own, closed to others, whatever the umask."""
    tmp_path.chmod(0o755)
    return tmp_path


@pytest.fixture
def bare(installation, folder):
    """A project folder without a single file."""
    root = folder / "project"
    root.mkdir(mode=0o755)
    return Project(installation, root)


@pytest.fixture
def project(bare):
    """A project with one SQLite connection and no migrations yet."""
    bare.configure()
    return bare


@pytest.fixture
def blog(project):
    """Three migrations, not yet run: users, posts, and two rows of users."""
    project.add_blog()
    return project


@pytest.fixture
def applied(blog):
    """The same, run."""
    blog.must("migrate:run")
    return blog


@pytest.fixture
def backups(applied):
    """Those of the project's connection; there is none yet."""
    return Backups(applied)
