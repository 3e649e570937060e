"""-DELOQUENT_BUILTIN: the same sources inside the program instead of beside it."""

import shutil

import pytest

from project import SOURCE, Installation, Project
from sdk import tool


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    """The program with the SQLite driver built in, and no other file of ours."""
    build = tmp_path_factory.mktemp("builtin") / "build"
    tool("cmake", "-S", SOURCE, "-B", build, "-G", "Ninja", "-DELOQUENT_BUILTIN=sqlite", "-DELOQUENT_PLUGINS=sqlite",
         "-DCMAKE_BUILD_TYPE=Debug", "-DELOQUENT_WERROR=ON", f"-DCMAKE_INSTALL_PREFIX={build}/prefix")
    tool("cmake", "--build", build, "--target", "eloquent")
    (build / "prefix/bin").mkdir(parents=True)
    shutil.copy(build / "core/eloquent", build / "prefix/bin/eloquent")
    assert not list(build.rglob("*.so"))
    return build


@pytest.fixture
def blog(build, folder):
    root = folder / "project"
    root.mkdir(mode=0o755)
    project = Project(Installation(build / "prefix", build), root)
    project.configure()
    project.add_blog()
    return project


def test_migrations_run_and_go_back_without_any_plugin_file(blog):
    blog.must("migrate:run")
    assert blog.tables() == ["posts", "users"]
    blog.must("migrate:rollback")
    assert blog.tables() == []


def test_plugin_list_shows_it_as_built_in(blog):
    (plugin,) = blog.document("plugin:list")["result"]["plugins"]
    assert (plugin["kind"], plugin["name"], plugin["path"], plugin["accepted"]) == ("driver", "sqlite", "(built in)", True)
    assert plugin["family"] == "sql" and "sqlite3" in plugin["schemes"]


def test_the_program_exports_nothing_of_it(build):
    names = tool("nm", "-D", "--defined-only", build / "core/eloquent")
    assert "elq_" not in names


def test_the_plugin_brings_its_entries_and_no_other_name(build):
    (joined,) = build.rglob("elq_builtin_driver_sqlite.o")
    assert [line.split()[-1] for line in tool("nm", "-g", "--defined-only", joined).splitlines()] == \
        ["elq_builtin_driver_sqlite", "elq_builtin_note_driver_sqlite"]


def test_a_name_that_no_plugin_has_is_not_configured(tmp_path):
    out = tool("cmake", "-S", SOURCE, "-B", tmp_path, "-G", "Ninja", "-DELOQUENT_BUILTIN=sqlit", "-DELOQUENT_PLUGINS=sqlite", code=1)
    assert '"sqlit"' in out
