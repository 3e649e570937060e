"""plugin:new: a project that builds against a copy of the installed SDK alone,
is accepted by the program, and passes its own first test."""

import os

import pytest

from project import INI, SOURCE
from sdk import Sdk, exported, tool
from skip import skip_because

KINDS = ["driver", "seeder", "cache"]
STRICT = "-Werror -Wshadow -Wconversion -Wno-sign-conversion -Wstrict-prototypes -Wundef -Wvla -Wwrite-strings"


@pytest.fixture
def sdk(installation, folder):
    return Sdk(installation, folder)


def make(sdk, folder, kind, name="acme"):
    """By the moved program, in a folder of the author's."""
    tool(sdk.program, "plugin:new", kind, name, cwd=folder)
    return folder / name


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_new_plugin_builds_without_a_warning_and_passes_its_own_tests(installation, sdk, folder, kind, compiler):
    if not os.path.exists(f"/usr/bin/{compiler}"):
        skip_because(f"{compiler} is not installed; scripts/test installs it")
    root = make(sdk, folder, kind)
    build = sdk.build(root, f"-DCMAKE_C_COMPILER={compiler}", f"-DCMAKE_C_FLAGS={STRICT}")
    said = tool("ctest", "--test-dir", build, "--output-on-failure")
    assert "100% tests passed, 0 tests failed out of 2" in said
    assert exported(build / "plugins" / f"elq_{kind}_acme.so") == ["elq_plugin_v1"]
    for place in (SOURCE, installation.prefix):
        assert str(place) not in (build / "build.ninja").read_text()


@pytest.mark.parametrize("kind", KINDS)
def test_the_program_accepts_it_from_its_build_folder_and_once_installed(bare, sdk, folder, kind):
    root = make(sdk, folder, kind)
    build = sdk.build(root)
    bare.configure(f"[project]\nname = blog\n[plugins]\ndir = {build}/plugins\n")
    (plugin,) = bare.document("plugin:list")["result"]["plugins"]
    assert (plugin["kind"], plugin["name"], plugin["refusal"]) == (kind, "acme", None)
    tool("cmake", "--install", build, "--prefix", sdk.prefix)
    bare.configure(f"[project]\nname = blog\n[plugins]\ndir = {sdk.plugins}\n")
    plugins = {p["name"]: p for p in bare.document("plugin:list")["result"]["plugins"]}
    assert plugins["acme"]["path"] == str(sdk.plugins / f"elq_{kind}_acme.so") and not plugins["acme"]["refusal"]


def test_the_first_test_notices_a_broken_plugin(sdk, folder):
    root = make(sdk, folder, "cache")
    source = root / "cache.c"
    source.write_text(source.read_text().replace("store->evictions++;", ""))
    assert "evictions == 1" in tool("ctest", "--test-dir", sdk.build(root), "--output-on-failure", code=8)


def test_a_new_driver_is_loaded_and_says_what_it_lacks(bare, sdk, folder):
    build = sdk.build(make(sdk, folder, "driver"))
    bare.configure(f"[project]\nname = blog\ndefault = files\n[plugins]\ndir = {build}/plugins\n"
                   "[connection:files]\ndriver = acme\npath = data\n")
    (bare.root / "data").mkdir()
    bare.migration("1_x", "put a", connection="files")
    bare.fails(2, "migrate:status", names=["acme", "elq.history"])
    bare.configure(bare.ini.read_text().replace("path = data\n", ""))
    bare.fails(2, "migrate:status", names=["files", "path"])


def use(project, kind, build, rest=""):
    """The project names the plugin in its build folder."""
    project.configure(INI + f"\n[plugin:acme]\nkind = {kind}\npath = {build}/plugins/elq_{kind}_acme.so\n{rest}")


def test_a_new_seeder_sows_rows_into_a_database(bare, sdk, folder):
    use(bare, "seeder", sdk.build(make(sdk, folder, "seeder")))
    bare.migration("1_users", "CREATE TABLE users (name TEXT, email TEXT);")
    bare.must("migrate:run")
    bare.write("database/seeds/users.acme", "users\tname\temail\nAda\tada@example.org\nBob\t\n")
    bare.must("db:seed")
    assert bare.sql("SELECT name, email FROM users ORDER BY name") == [["Ada", "ada@example.org"], ["Bob", None]]


def test_a_new_cache_is_asked_for_its_figures_and_cleared(bare, sdk, folder):
    use(bare, "cache", sdk.build(make(sdk, folder, "cache")), "[cache]\ndevelopment = acme\n")
    (store,) = bare.document("cache:stats")["result"]["stores"]
    assert (store["name"], store["entries"]) == ("acme", 0)
    bare.must("cache:clear")


# ---- what is written -----------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_it_says_what_it_wrote(bare, kind):
    result = bare.document("plugin:new", kind, "acme", "plugins/mine")["result"]
    files = sorted(str(p.relative_to(bare.root / "plugins/mine")) for p in (bare.root / "plugins/mine").rglob("*") if p.is_file())
    assert sorted(result["files"]) == files
    assert {"CMakeLists.txt", "README.md", f"{kind}.c", "tests/first.c"} <= set(files)
    assert (result["kind"], result["name"], result["folder"]) == (kind, "acme", str(bare.root / "plugins/mine"))
    for file in files:
        text = (bare.root / "plugins/mine" / file).read_text()
        assert not any(f"@{word}@" in text for word in ("NAME", "KIND", "VERSION")), file


def test_an_empty_folder_is_filled(bare):
    (bare.root / "acme").mkdir()
    bare.must("plugin:new", "cache", "acme", "acme/")
    assert (bare.root / "acme/cache.c").exists()
    assert [p.name for p in bare.root.iterdir()] == ["acme"]


@pytest.mark.parametrize("words,named", [
    (["motor", "acme"], ["motor", "driver", "seeder", "cache"]), (["driver", "Acme"], ["Acme"]), (["driver", "../acme"], ["../acme"]),
    (["driver", "a" * 33], ["a" * 33]), (["driver", ""], ["name"]), (["driver"], ["usage"]), (["driver", "a", "b", "c"], ["c"]),
    (["driver", "acme", "--dry-run"], ["--dry-run"]),
], ids=range(8))
def test_what_could_never_be_a_plugin_is_refused_and_nothing_is_written(bare, words, named):
    bare.fails(2, "plugin:new", *words, names=named)


@pytest.mark.parametrize("there", ["acme", "acme/mine.txt"])
def test_what_is_there_is_never_written_over(bare, there):
    bare.write(there, "mine\n")
    bare.fails(2, "plugin:new", "driver", "acme", names=["acme", "already"])
    assert (bare.root / there).read_text() == "mine\n"


@pytest.mark.not_root
def test_a_folder_that_cannot_be_made_is_an_error(bare):
    (bare.root / "closed").mkdir(mode=0o555)
    bare.fails(1, "plugin:new", "driver", "acme", "closed/acme", names=["closed"])
