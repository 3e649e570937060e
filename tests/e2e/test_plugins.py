"""Plugins: found, listed, refused and loaded. Refusing and listing run none of
their code; only the driver in use is loaded, as seen from outside."""

import hashlib
import os
import shutil

import pytest

from project import INI

# (the zoo's animal, words that its refusal must hold); refused before any code runs.
BY_NOTE = [
    ("no_note", ["note"]), ("two_notes", ["2 eloquent notes"]), ("note_magic", ["0x12345678"]), ("note_short", ["cut off", "100 bytes"]), ("note_long", ["cut off", "4096 bytes"]),
    ("note_family", ["family"]), ("note_name", ["name"]), ("other_draft", ["draft 99", "draft 2"]), ("other_major", ["ABI"]),
    ("other_kind", ["seeder", "driver"]), ("unknown_kind", ["9"]), ("other_name", ["somebody_else"]),
]
# Refused by the dynamic linker or by what the loaded plugin says of itself.
AFTER_LOADING = [
    ("undefined_symbol", ["zoo_symbol_that_nobody_has"]), ("no_entry", ["elq_plugin_v1"]), ("manifest_null", ["no manifest"]),
    ("manifest_magic", ["0x12345678"]), ("manifest_short", ["88 bytes"]), ("manifest_changes", ["another manifest"]), ("differs_name", ["name", "differs"]),
    ("differs_version", ["version", "1.0.0", "1.0.1"]), ("differs_kind", ["disagree", "kind is 1"]), ("differs_abi", ["disagree", "abi_minor is 2"]),
    ("needs_unknown", ["0x12"]), ("null_ops", ["table of functions"]), ("missing_slot", ["commit"]), ("older_ops", ["get_extension"]),
    ("param_type", ["parameter 1", "type"]), ("param_twice", ["one"]), ("no_extension", ["lock"]), ("broken_extension", ["history"]),
    ("init_fails", ["process_init"]),
]


@pytest.fixture
def zoo(bare):
    """A project whose plugin folder is a copy of the zoo; `use` chooses an animal."""
    cage = bare.root.parent / "zoo"
    cage.mkdir(mode=0o755)
    for file in bare.installation.zoo.glob("*.so"):
        shutil.copy(file, cage / file.name)
        (cage / file.name).chmod(0o755)
    assert len(list(cage.iterdir())) > 20
    bare.cage = cage
    bare.marker = bare.root.parent / "marker"

    def use(name, more=""):
        bare.configure(f"[project]\nname = blog\ndefault = x\n[plugins]\ndir = {cage}\n[connection:x]\ndriver = {name}\n{more}")
        bare.migration("1_x", "SELECT 1;", connection="x")
    bare.use = use
    return bare


def sentence(text, name):
    """What is said, without the words of the file's and the driver's own name."""
    return text.replace(f"elq_driver_{name}.so", "FILE").replace(f'"{name}"', "NAME").replace("the driver NAME", "")


def says(result, name, words):
    said = sentence(result.err, name)
    for word in words:
        assert word in said, f"{word!r} is not said: {said}"


def marked(project):
    return project.marker.read_text().split() if project.marker.exists() else []


# ---- refusals -------------------------------------------------------------------------


@pytest.mark.parametrize("name,words", BY_NOTE, ids=[n for n, _ in BY_NOTE])
def test_a_plugin_with_a_wrong_note_is_refused_by_name_and_none_of_its_code_runs(zoo, name, words):
    zoo.use(name)
    says(zoo.fails(2, "migrate:run", names=[f"elq_driver_{name}.so"], env={"ZOO_MARKER": str(zoo.marker)}), name, words)
    assert zoo.error_code("migrate:run", code=2) == "plugin_refused"
    assert marked(zoo) == []


@pytest.mark.parametrize("name,words", AFTER_LOADING, ids=[n for n, _ in AFTER_LOADING])
def test_a_plugin_that_is_not_what_its_note_says_is_refused_with_its_own_sentence(zoo, name, words):
    zoo.use(name)
    says(zoo.fails(2, "migrate:run", names=[f"elq_driver_{name}.so"]), name, words)
    assert zoo.error_code("migrate:run", code=2) == "plugin_refused"


@pytest.mark.parametrize("name", ["good", "newer", "two_exports"])
def test_a_plugin_that_has_grown_or_only_shows_too_much_is_accepted(zoo, name):
    """Its open() then says that it cannot connect: exit 6."""
    zoo.use(name)
    zoo.must("migrate:run", code=6)


def test_a_missing_driver_names_the_place_where_it_was_looked_for(zoo):
    zoo.use("nothere")
    zoo.fails(2, "migrate:run", names=["nothere", str(zoo.cage)])
    assert zoo.error_code("migrate:run", code=2) == "plugin_missing"


@pytest.mark.parametrize("name", ["../zoo/elq_driver_good", "/good", "Good", "good.so", "g" * 33])
def test_a_name_that_is_none_is_refused_and_never_a_path(zoo, name):
    zoo.use(name)
    zoo.fails(2, "migrate:run", env={"ZOO_MARKER": str(zoo.marker)})
    assert marked(zoo) == []


@pytest.mark.parametrize("size", [0, 1, 63, 64, 1000, 4096])
def test_a_truncated_plugin_is_refused(zoo, size):
    file = zoo.cage / "elq_driver_good.so"
    file.write_bytes(file.read_bytes()[:size])
    zoo.use("good")
    zoo.fails(2, "migrate:run", names=["elq_driver_good.so"])


def test_a_text_file_in_its_place_is_refused(zoo):
    (zoo.cage / "elq_driver_good.so").write_text("#!/bin/sh\necho no\n")
    zoo.use("good")
    zoo.fails(2, "migrate:run", names=["elq_driver_good.so", "ELF"])


def test_a_folder_in_its_place_is_refused(zoo):
    (zoo.cage / "elq_driver_good.so").unlink()
    (zoo.cage / "elq_driver_good.so").mkdir()
    zoo.use("good")
    zoo.fails(2, "migrate:run", names=["elq_driver_good.so"])


@pytest.mark.parametrize("mode", [0o775, 0o757, 0o777, 0o646])
def test_a_plugin_that_others_can_write_is_refused_with_mode_and_remedy(zoo, mode):
    (zoo.cage / "elq_driver_good.so").chmod(mode)
    zoo.use("good")
    result = zoo.fails(2, "migrate:run", names=["elq_driver_good.so", "writ"], env={"ZOO_MARKER": str(zoo.marker)})
    assert marked(zoo) == []
    assert "chmod" in result.err and f"{mode:o}" in result.err


def test_a_plugin_below_a_folder_that_others_can_write_is_refused(zoo):
    zoo.cage.chmod(0o777)
    zoo.use("good")
    zoo.fails(2, "migrate:run", names=[str(zoo.cage)], env={"ZOO_MARKER": str(zoo.marker)})
    assert marked(zoo) == []


def test_a_plugin_behind_a_link_is_refused(zoo):
    file = zoo.cage / "elq_driver_good.so"
    file.rename(zoo.root.parent / "moved.so")
    file.symlink_to(zoo.root.parent / "moved.so")
    zoo.use("good")
    zoo.fails(2, "migrate:run", names=["elq_driver_good.so", "link"], env={"ZOO_MARKER": str(zoo.marker)})
    assert marked(zoo) == []


def test_a_plugin_folder_behind_a_link_is_refused(zoo):
    (zoo.root.parent / "link").symlink_to(zoo.cage)
    zoo.use("good")
    zoo.ini.write_text(zoo.ini.read_text().replace(str(zoo.cage), str(zoo.root.parent / "link")))
    zoo.fails(2, "migrate:run", env={"ZOO_MARKER": str(zoo.marker)})
    assert marked(zoo) == []


# ---- sections and pins -----------------------------------------------------------------


def section(zoo, name, path, sha256=None, kind="driver"):
    pin = f"sha256 = {sha256}\n" if sha256 else ""
    zoo.ini.write_text(zoo.ini.read_text() + f"\n[plugin:{name}]\nkind = {kind}\npath = {path}\n{pin}")


def test_a_plugin_of_a_section_is_loaded_from_its_path(zoo):
    elsewhere = zoo.root.parent / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    shutil.move(zoo.cage / "elq_driver_good.so", elsewhere / "acme.so")
    zoo.use("good")
    section(zoo, "good", elsewhere / "acme.so")
    zoo.must("migrate:run", code=6)


def test_a_relative_path_of_a_plugin_is_refused(zoo):
    zoo.use("good")
    section(zoo, "good", "elq_driver_good.so")
    zoo.fails(2, "migrate:run", names=["path", "absolute"])


def test_a_wrong_hash_refuses_the_plugin_and_shows_both(zoo):
    file = zoo.cage / "elq_driver_good.so"
    zoo.use("good")
    section(zoo, "good", file, "0" * 64)
    zoo.fails(2, "migrate:run", names=["elq_driver_good.so", "0" * 64, hashlib.sha256(file.read_bytes()).hexdigest()],
              env={"ZOO_MARKER": str(zoo.marker)})
    assert marked(zoo) == []


def test_the_right_hash_loads_it(zoo):
    file = zoo.cage / "elq_driver_good.so"
    zoo.use("good")
    section(zoo, "good", file, hashlib.sha256(file.read_bytes()).hexdigest())
    zoo.must("migrate:run", code=6)


@pytest.mark.parametrize("pin", ["abc", "z" * 64, ""])
def test_a_hash_that_is_none_is_an_error_of_the_ini(zoo, pin):
    zoo.use("good")
    section(zoo, "good", zoo.cage / "elq_driver_good.so", pin or " ")
    zoo.fails(2, "migrate:run", names=["eloquent.ini", "sha256"])


def test_enable_narrows_what_may_load(zoo):
    zoo.use("good")
    text = zoo.ini.read_text()
    zoo.ini.write_text(text.replace("[connection:x]", "enable = driver/newer\n[connection:x]"))
    zoo.fails(2, "migrate:run", names=["good", "enable"], env={"ZOO_MARKER": str(zoo.marker)})
    assert marked(zoo) == []
    zoo.ini.write_text(text.replace("[connection:x]", "enable = driver/newer driver/good\n[connection:x]"))
    zoo.must("migrate:run", code=6)


# ---- plugin:list ------------------------------------------------------------------------


def test_plugin_list_shows_the_sqlite_driver_with_kind_version_abi_and_path(project):
    plugins = {p.get("name"): p for p in project.document("plugin:list")["result"]["plugins"]}
    sqlite = plugins["sqlite"]
    assert (sqlite["kind"], sqlite["abi"], sqlite["accepted"]) == ("driver", "0.2", True)
    assert sqlite["path"] == str(project.installation.plugins / "elq_driver_sqlite.so")
    out = project.must("plugin:list").out
    assert "sqlite" in out and sqlite["path"] in out


def test_plugin_list_says_why_each_refused_one_was_refused_and_runs_no_plugin_code(zoo):
    zoo.use("good")
    (zoo.cage / "elq_driver_text.so").write_text("no ELF at all")
    document = zoo.document("plugin:list", env={"ZOO_MARKER": str(zoo.marker)})
    listed = {os.path.basename(p["path"]): p for p in document["result"]["plugins"]}
    assert marked(zoo) == []
    for name, words in BY_NOTE:
        refusal = listed[f"elq_driver_{name}.so"]["refusal"]
        assert refusal, name
        assert all(word in sentence(refusal, name) for word in words), (name, refusal)
    assert "ELF" in listed["elq_driver_text.so"]["refusal"]
    assert listed["elq_driver_good.so"]["refusal"] is None


def test_plugin_list_of_an_empty_folder_says_so(bare):
    empty = bare.root.parent / "empty"
    empty.mkdir()
    bare.configure(INI, more=f"\n[plugins]\ndir = {empty}\n")
    assert str(empty) in bare.must("plugin:list").out


def test_a_plugin_folder_that_is_not_there_lists_nothing(bare):
    bare.configure(INI, more="\n[plugins]\ndir = /nowhere/at/all\n")
    assert bare.document("plugin:list")["result"]["plugins"] == []
    bare.must("migrate:run", code=2)


# ---- what is in the process --------------------------------------------------------------


def maps(project, *words, **kwargs):
    """The program's map of memory when it ended."""
    path = project.root.parent / "maps"
    path.unlink(missing_ok=True)
    project.run(*words, preload="mapdump", env={"MAPDUMP": str(path), **kwargs.pop("env", {})}, **kwargs)
    return path.read_text()


@pytest.mark.preload
@pytest.mark.parametrize("words", [["version"], ["list"], ["help"], ["init"], ["plugin:list"], ["make:migration", "x", "--sql"],
                                   ["migrate:status", "-c", "nobody"]], ids=lambda w: w[0])
def test_commands_that_need_no_driver_load_none(blog, words):
    text = maps(blog, *words)
    assert "eloquent" in text
    assert "elq_driver_" not in text
    assert "libsqlite3" not in text


@pytest.mark.preload
@pytest.mark.parametrize("command", [["migrate:status"], ["migrate:run"], ["migrate:fresh", "--force"]], ids=lambda c: c[0])
def test_only_the_driver_in_use_is_loaded(bare, command):
    """The plugin folder holds others as well."""
    cage = bare.root.parent / "plugins"
    cage.mkdir(mode=0o755)
    for file in [bare.installation.plugins / "elq_driver_sqlite.so", *bare.installation.zoo.glob("elq_driver_*.so")]:
        shutil.copy(file, cage / file.name)
        (cage / file.name).chmod(0o755)
    bare.configure(INI, more=f"\n[plugins]\ndir = {cage}\n\n[connection:other]\ndriver = good\n")
    bare.add_blog()
    text = maps(bare, *command)
    loaded = {line.split()[-1] for line in text.splitlines() if "elq_driver_" in line}
    assert loaded == {str(cage / "elq_driver_sqlite.so")}


@pytest.mark.preload
def test_a_local_refusal_loads_no_driver(applied):
    assert "elq_driver_" not in maps(applied, "migrate:fresh", env={"APP_ENV": "production"})


# ---- a driver that cannot judge statements ---------------------------------------------------


def test_under_a_driver_without_a_review_nobody_can_judge_any_statement(zoo):
    zoo.use("puppet", "database = d\nmode = no_review\n[guard]\nrequire_backup = no\n")
    document = zoo.document("migrate:run", code=3, env={"APP_ENV": "production"})
    connection = document["connections"][0]
    assert "undeclared" in connection["error"]["reasons"], document
    assert [(f["severity"], f["rule"], f["declared"]) for f in connection["result"]["findings"]] == [("opaque", "not_reviewed", False)]


def test_a_review_that_breaks_its_contract_stops_the_run(zoo):
    zoo.use("puppet", "database = d\n[guard]\nrequire_backup = no\n")
    zoo.migration("1_x", "find 9 rule x;", connection="x")
    zoo.must("migrate:run", code=1, env={"APP_ENV": "production"}).names("review.feed", "severity is unknown")
