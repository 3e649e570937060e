"""The SDK: what `cmake --install` gives to authors of plugins, built with from a
copy of the prefix and nothing else."""

import os
import re

import pytest

from project import SOURCE
from sdk import Sdk, exported, tool

PLUGIN = """\
#include <eloquent/driver.h>
#include <eloquent/plugin.h>
%(more)s
static const struct elq_driver ops = {.struct_size = sizeof(struct elq_driver)};
static const struct elq_manifest manifest = {
	.magic = ELQ_MANIFEST_MAGIC, .struct_size = sizeof(struct elq_manifest),
	.abi_major = ELQ_ABI_MAJOR, .abi_minor = ELQ_ABI_MINOR, .kind = ELQ_KIND_DRIVER,
	.name = {"acme", 4}, .version = {"1.0.0", 5}, .ops = &ops,
};
ELQ_PLUGIN_NOTE(ELQ_KIND_DRIVER, "acme", "1.0.0", "sql", "acme", "sql")
ELQ_PLUGIN_ENTRY(driver, acme, &manifest)
"""
WITH_SQLKIT = """
#include <sqlkit/error.h>
#include <sqlkit/history.h>
#include <sqlkit/ours.h>
#include <sqlkit/splitter.h>
int32_t two_statements(struct elq_span *ret);
int32_t two_statements(struct elq_span *ret)
{
	static const struct sqlkit_splitter splitter = {.lexer = {.quotes = "'"}};
	const char *reason;
	return sqlkit_name_is_ours("x") ? 1 : sqlkit_splitter_next(&splitter, "a; b;", 5, 0, 1, ret, &reason);
}
"""
STRICT = ["-std=c11", "-pedantic", "-Wall", "-Wextra", "-Werror"]
LISTS = """\
cmake_minimum_required(VERSION 3.25)
project(acme LANGUAGES C)
find_package(Eloquent %s REQUIRED)
eloquent_add_plugin(%s)
"""


@pytest.fixture
def sdk(installation, folder):
    return Sdk(installation, folder)


@pytest.fixture
def author(folder):
    """An author's folder."""
    root = folder / "acme"
    root.mkdir(mode=0o755)
    return root


def listed(project, folder):
    """What plugin:list says of the plugins in a folder: name -> refusal."""
    project.configure(f"[project]\nname = blog\n[plugins]\ndir = {folder}\n[connection:x]\ndriver = acme\n")
    return {p["name"]: p["refusal"] for p in project.document("plugin:list")["result"]["plugins"] if "name" in p}


def test_the_sdk_names_neither_the_source_tree_nor_where_it_was_built(installation, sdk):
    files = [f for part in ("cmake", "pkgconfig") for f in (sdk.library / part).rglob("*") if f.is_file()]
    assert {"EloquentConfig.cmake", "EloquentConfigVersion.cmake", "EloquentPlugin.cmake", "plugin.map", "eloquent.pc",
            "eloquent-sqlkit.pc"} <= {f.name for f in files}
    for file in files:
        text = file.read_text()
        for place in (SOURCE, installation.build, installation.prefix):
            assert str(place) not in text, f"{file} names {place}"


def test_a_plugin_builds_with_cmake_from_a_moved_sdk_alone_and_exports_one_symbol(bare, sdk, author):
    (author / "acme.c").write_text(PLUGIN % {"more": WITH_SQLKIT})
    (author / "CMakeLists.txt").write_text(LISTS % ("0.1", "driver acme SOURCES acme.c LIBRARIES eloquent::sqlkit"))
    build = sdk.build(author, f"-DCMAKE_C_FLAGS={' '.join(STRICT)}")
    assert exported(build / "elq_driver_acme.so") == ["elq_plugin_v1"]
    assert str(SOURCE) not in (build / "build.ninja").read_text()
    assert listed(bare, build) == {"acme": None}


def test_a_plugin_builds_with_pkg_config_alone(bare, sdk, author):
    (author / "acme.c").write_text(PLUGIN % {"more": ""})
    map_file = sdk.library / "cmake" / "Eloquent" / "plugin.map"
    tool("gcc", *STRICT, "-shared", "-fPIC", "-fvisibility=hidden", f"-Wl,--version-script={map_file}", "-Wl,-z,defs",
         "-Wl,-z,nodelete", *sdk.pkg_config("--cflags", "--libs", "eloquent"), author / "acme.c", "-o",
         author / "elq_driver_acme.so")
    assert exported(author / "elq_driver_acme.so") == ["elq_plugin_v1"]
    assert listed(bare, author) == {"acme": None}


def test_pkg_config_says_the_version_the_abi_and_where_plugins_belong(bare, sdk):
    version, abi = re.match(r"eloquent (\S+) \(plugin ABI (\S+)\)", bare.must("version").out).groups()
    assert sdk.pkg_config("--modversion", "eloquent") == [version]
    assert sdk.pkg_config("--variable=abi", "eloquent") == [abi]
    assert os.path.realpath(sdk.pkg_config("--variable=plugindir", "eloquent")[0]) == str(sdk.plugins)
    words = sdk.pkg_config("--cflags", "--libs", "eloquent-sqlkit")
    assert any(w.startswith("-I") and w.endswith("/eloquent-sqlkit") for w in words) and "-leloquent_sqlkit" in words


@pytest.mark.parametrize("words,named", [("motor acme SOURCES acme.c", "motor"), ("driver Acme SOURCES acme.c", "Acme"),
                                         ("driver " + "a" * 33 + " SOURCES acme.c", "a" * 33), ("driver acme", "SOURCES"),
                                         ("driver acme acme.c", "SOURCES")], ids=range(5))
def test_a_plugin_that_could_never_be_found_is_not_configured(sdk, author, words, named):
    (author / "acme.c").write_text(PLUGIN % {"more": ""})
    (author / "CMakeLists.txt").write_text(LISTS % ("0.1", words))
    assert named in sdk.configure(author, author / "build", code=1)


def test_an_sdk_of_another_version_is_not_taken(sdk, author):
    (author / "CMakeLists.txt").write_text(LISTS % ("9.9", "driver acme SOURCES acme.c"))
    assert "0.1" in sdk.configure(author, author / "build", code=1)
