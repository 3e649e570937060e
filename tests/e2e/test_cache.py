"""cache:stats and cache:clear, the file store behind them, and the commands that
empty the cache themselves. The application is tests/tools/cache_tool.c."""

import json
import signal
import subprocess
import time

import pytest

from backups import flip
from project import INI, first_error
from skip import skip_because

CHAIN = INI + "\n[cache]\ndevelopment = file\nproduction = file\nstaging = file\n"
PREFIX = "eloquent:blog:development:"


@pytest.fixture
def cached(bare):
    if not (bare.installation.plugins / "elq_cache_file.so").is_file():
        skip_because("the plugin cache_file was not built (liblmdb-dev)")
    bare.configure(CHAIN)
    return bare


# ---- the chain that nobody chose -----------------------------------------------------


@pytest.mark.parametrize("words", [["cache:stats"], ["cache:clear"]])
def test_of_the_default_chain_what_is_not_installed_is_left_out(cached, words):
    cached.configure(INI)
    stores = cached.document(*words, env={"APP_ENV": "production"})["result"]["stores"]
    assert [store["name"] for store in stores] == ["file"]
    cached.fails(2, *words, env={"APP_ENV": "production", "REDIS_URL": "redis://h/0"}, names=['"redis" cannot be loaded'])


def test_where_no_store_of_the_default_chain_is_installed_the_error_says_what_to_write(cached):
    cached.configure(INI)
    with cached.untouched():
        for words in (["cache:stats"], ["cache:clear"]):
            cached.fails(2, *words, names=["no cache is chosen for development", '"development = file"', "eloquent.ini"])
    cached.configure(INI + "\n[cache]\ndevelopment = file\n")
    cached.must("cache:stats")


def test_a_chosen_chain_needs_each_of_its_stores(cached):
    cached.configure(INI + "\n[cache]\ndevelopment = file memory\n")
    cached.fails(2, "cache:stats", names=['"memory" cannot be loaded'])


class Tool:
    """The application."""

    def __init__(self, project, env=None):
        self.project, self.env = project, env
        self.words = [str(project.installation.build / "tests" / "tools" / "cache_tool"),
                      str(project.installation.plugins)]

    def run(self, *words, code=0):
        done = subprocess.run([*self.words, *map(str, words)], cwd=self.project.root, timeout=60, capture_output=True,
                              env=self.project.environment(self.env), check=False)
        assert done.returncode == code, done.stderr.decode()
        return done.stdout.decode().strip()

    def start(self, *words):
        return subprocess.Popen([*self.words, *map(str, words)], cwd=self.project.root,
                                env=self.project.environment(self.env), stderr=subprocess.PIPE)


@pytest.fixture
def tool(cached):
    return Tool(cached)


def folder_of(project):
    return project.root / ".eloquent" / "cache"


def store_of(project, *words, **kwargs):
    return project.document("cache:stats", *words, **kwargs)["result"]["stores"][0]


def records(project):
    return [json.loads(line) for line in project.audit.read_text().splitlines()] if project.audit.exists() else []


# ---- stats ---------------------------------------------------------------------------


def test_stats_of_a_cache_that_was_never_used_are_zero_and_create_nothing(cached):
    store = store_of(cached)
    assert (store["entries"], store["bytes"], store["hits"], store["misses"]) == (0, 0, 0, 0)
    assert store["hit_rate"] is None
    assert store["active"] and not store["behind"]
    assert not (cached.root / ".eloquent").exists()


def test_stats_tell_what_other_processes_did(cached, tool):
    tool.run("set", "user:1", "Ada")
    tool.run("set", "user:2", "Bob", "0.001")
    time.sleep(0.01)
    assert tool.run("get", "user:1") == "Ada"
    assert tool.run("get", "user:1") == "Ada"
    assert tool.run("get", "user:1") == "Ada"
    tool.run("get", "user:2", code=4)
    store = store_of(cached)
    assert (store["entries"], store["hits"], store["misses"], store["hit_rate"]) == (1, 3, 1, 0.75)
    assert store["bytes"] == len(PREFIX + "user:1" + "Ada")
    assert store["shared"] and store["persistent"]
    assert store["location"] == str(folder_of(cached))
    out = cached.must("cache:stats").out
    assert f"the cache of development, keys {PREFIX}*" in out
    assert "75.0 %" in out and "active" in out


def test_prefix_narrows_what_stats_count(cached, tool):
    tool.run("set", "user:1", "1")
    tool.run("set", "user:2", "1")
    tool.run("set", "post:1", "1")
    assert store_of(cached)["entries"] == 3
    assert store_of(cached, "--prefix", "user:")["entries"] == 2
    assert store_of(cached, "--prefix", "nobody:")["entries"] == 0


def test_each_environment_has_entries_and_counters_of_its_own(cached, tool):
    tool.run("set", "a", "1")
    tool.run("get", "a")
    assert store_of(cached, env={"APP_ENV": "staging"})["entries"] == 0
    assert store_of(cached, env={"APP_ENV": "staging"})["hits"] == 0
    assert store_of(cached)["hits"] == 1


def test_looking_does_not_count(cached, tool):
    tool.run("set", "a", "1")
    for _ in range(3):
        store = store_of(cached)
    assert (store["hits"], store["misses"]) == (0, 0)


# ---- clear ----------------------------------------------------------------------------


def test_clear_removes_our_keys_and_nothing_else_and_says_how_many(cached, tool):
    tool.run("fill", 3)
    other = Tool(cached, {"APP_ENV": "staging"})
    other.run("set", "a", "theirs")
    cached.write(".eloquent/cache/notes.txt", "mine")
    result = cached.must("cache:clear")
    assert "3 entries removed" in result.out
    assert store_of(cached)["entries"] == 0
    assert other.run("get", "a") == "theirs"
    assert (folder_of(cached) / "notes.txt").read_text() == "mine"
    assert cached.document("cache:clear")["result"]["removed"] == 0


def test_prefix_narrows_what_clear_removes(cached, tool):
    tool.run("set", "user:1", "1")
    tool.run("set", "user:2", "1")
    tool.run("set", "post:1", "1")
    assert cached.document("cache:clear", "--prefix", "user:")["result"]["removed"] == 2
    assert tool.run("get", "post:1") == "1"


def test_store_narrows_to_one_and_an_unknown_one_is_refused(cached, tool):
    tool.run("set", "a", "1")
    cached.fails(2, "cache:clear", "--store", "redis", names=["redis", "it has: file"])
    cached.fails(2, "cache:stats", "--store", "redis", names=["redis"])
    assert cached.document("cache:clear", "--store", "file")["result"]["removed"] == 1


def test_a_dry_run_counts_and_removes_nothing(cached, tool):
    tool.run("fill", 2)
    tool.run("set", "other", "1")
    document = cached.document("cache:clear", "--dry-run", "--prefix", "key:")
    assert document["result"]["would_remove"] == [{"name": "file", "entries": 2, "error": None}]
    assert "2 entries would go" in cached.must("cache:clear", "--dry-run", "--prefix", "key:").out
    assert store_of(cached)["entries"] == 3
    assert records(cached) == []


@pytest.mark.parametrize("prefix", ["", "a\x01b", "x" * 400])
def test_a_prefix_that_is_none_is_refused(cached, prefix):
    cached.fails(2, "cache:clear", "--prefix", prefix, names=["--prefix"])


# ---- guard and audit ---------------------------------------------------------------------


def test_clear_opens_no_database_and_needs_no_driver(cached, tool):
    cached.configure(CHAIN.replace("driver = sqlite", "driver = nowhere"))
    tool.run("set", "a", "1")
    assert cached.document("cache:clear")["result"]["removed"] == 1
    assert not cached.database.exists()


def test_clear_is_on_record_and_stats_are_not(cached, tool):
    tool.run("set", "a", "1")
    cached.must("cache:stats")
    assert records(cached) == []
    cached.must("cache:clear")
    assert [(r["command"], r["class"], r["phase"]) for r in records(cached)] == [
        ("cache:clear", "writes", "intent"), ("cache:clear", "writes", "outcome")]
    assert all(r.get("connection") is None for r in records(cached))


def test_in_production_clear_runs_and_its_intent_must_be_on_record(cached):
    production = {"APP_ENV": "production"}
    tool = Tool(cached, production)
    tool.run("set", "a", "1")
    cached.configure(CHAIN + f"[audit]\npath = {cached.root}/eloquent.ini/audit.jsonl\n")
    result = cached.must("cache:clear", code=3, env=production)
    assert "audit" in result.err
    assert tool.run("get", "a") == "1"
    cached.configure(CHAIN)
    assert cached.document("cache:clear", env=production)["result"]["removed"] == 1


# ---- configuration ------------------------------------------------------------------------


def test_cache_dir_and_the_dir_setting_say_where_it_lies(cached):
    cached.configure(CHAIN + "[cache:file]\ndir = var/cache\n")
    Tool(cached).run("set", "a", "1")
    assert (cached.root / "var" / "cache" / "data.mdb").is_file()
    assert (cached.root / "var").stat().st_mode & 0o777 == 0o700
    other = Tool(cached, {"CACHE_DIR": "elsewhere"})
    other.run("get", "a", code=4)
    other.run("set", "a", "1")
    assert (cached.root / "elsewhere" / "data.mdb").stat().st_mode & 0o777 == 0o600


def test_a_store_without_a_plugin_is_named_with_the_place_that_chose_it(cached):
    cached.configure(CHAIN.replace("development = file", "development = moon file"))
    cached.fails(2, "cache:clear", names=["eloquent.ini:", "elq_cache_moon.so", "does not exist"])
    assert cached.error_code("cache:stats", code=2) == "plugin_missing"


@pytest.mark.parametrize("setting,names", [("max_size = 1KiB", ["max_size", "out of range"]), ("colour = blue", ["colour", "dir, max_size"])])
def test_a_wrong_setting_of_a_store_is_refused(cached, setting, names):
    cached.configure(CHAIN + f"[cache:file]\n{setting}\n")
    cached.fails(2, "cache:stats", names=names)


def test_enable_keeps_a_cache_out(cached):
    cached.configure(CHAIN + "[plugins]\nenable = driver/sqlite\n")
    cached.fails(2, "cache:stats", names=["[plugins] enable does not name cache/file"])
    cached.configure(CHAIN + "[plugins]\nenable = driver/sqlite cache/file\n")
    cached.must("cache:stats")


def test_plugin_list_shows_the_cache(cached):
    plugins = {p.get("name"): p for p in cached.document("plugin:list")["result"]["plugins"]}
    assert plugins["file"]["kind"] == "cache" and plugins["file"]["accepted"]


def test_a_folder_that_others_may_write_is_refused(cached):
    folder_of(cached).mkdir(parents=True)
    folder_of(cached).chmod(0o777)
    result = cached.must("cache:stats", code=6)
    result.names("can be written by others", "chmod 700")
    cached.must("cache:clear", code=1).names("can be written by others")


# ---- faults ---------------------------------------------------------------------------------


def test_a_damaged_cache_is_said_so_with_what_to_do(cached, tool):
    tool.run("set", "a", "1")
    (folder_of(cached) / "data.mdb").write_bytes(b"no cache" * 2000)
    cached.must("cache:stats", code=1).names("is damaged", "remove its folder")
    document = cached.document("cache:clear", code=1)
    assert first_error(document)["code"] == "failed"
    assert "is damaged" in first_error(document)["message"]
    assert document["result"]["stores"][0]["error"]


@pytest.mark.preload
def test_on_a_full_disk_clear_fails_and_keeps_what_was_there(cached, tool):
    tool.run("set", "a", "1")
    result = cached.must("cache:clear", code=1, preload="syscalls",
                         env={"FAIL_CALL": "pwrite:1+:ENOSPC", "FAIL_PATH": "data.mdb"})
    result.names("cannot be written", "free some space")
    assert tool.run("get", "a") == "1"


@pytest.mark.preload
@pytest.mark.parametrize("words", [["cache:stats"], ["--json", "cache:clear"]], ids=lambda w: w[-1].replace(":", "-"))
def test_when_the_nth_allocation_fails_the_command_ends_in_order(cached, tool, words):
    tool.run("fill", 3)
    mark = cached.root.parent / "mark"
    for number in range(1, 2000, 4):
        mark.unlink(missing_ok=True)
        result = cached.run(*words, preload="failalloc", env={"FAIL_ALLOC": str(number), "FAIL_ALLOC_MARK": str(mark)})
        if not mark.exists():
            assert number > 50, "the shim never struck"
            return
        assert result.code in (0, 1, 2, 3, 6), result
        assert result.code == 0 or result.err.strip(), f"it failed without a word\n{result!r}"
    raise AssertionError("no clean run was reached")


def test_an_application_that_is_killed_leaves_a_cache_that_works(cached, tool):
    for pause in (0.05, 0.11, 0.17):
        child = tool.start("fill", 100000)
        time.sleep(pause)
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stderr.close()
        assert store_of(cached)["entries"] > 0
    assert cached.document("cache:clear")["result"]["removed"] > 0
    tool.run("set", "a", "1")
    assert tool.run("get", "a") == "1"


def test_applications_that_write_while_it_is_cleared_lose_nothing_of_their_own_later_writes(cached, tool):
    children = [tool.start("fill", 60) for _ in range(3)]
    for _ in range(5):
        cached.must("cache:clear")
    for child in children:
        assert child.wait(timeout=60) == 0, child.stderr.read()
        child.stderr.close()
    tool.run("fill", 60)
    assert store_of(cached)["entries"] == 60


# ---- commands that empty it themselves -------------------------------------------------------


def test_fresh_empties_the_cache_and_says_so(cached, tool):
    cached.add_blog()
    tool.run("fill", 2)
    result = cached.must("migrate:fresh", "--force")
    assert "the cache of development: 2 entries removed" in result.out
    assert store_of(cached)["entries"] == 0
    tool.run("set", "a", "1")
    cache = cached.document("migrate:fresh", "--force")["connections"][0]["result"]["cache"]
    assert cache == {"removed": 1, "stores": [{"name": "file", "removed": 1, "error": None}]}


def test_fresh_without_a_chosen_chain_does_not_speak_of_the_cache(cached):
    cached.configure(INI)
    cached.add_blog()
    assert "cache" not in cached.must("migrate:fresh", "--force").out
    assert "cache" not in cached.document("migrate:fresh", "--force")["connections"][0]["result"]


def test_fresh_with_a_chain_that_cannot_work_drops_nothing(cached):
    cached.add_blog()
    cached.must("migrate:run")
    cached.configure(CHAIN.replace("development = file", "development = moon"))
    cached.fails(2, "migrate:fresh", "--force", names=["elq_cache_moon.so"])
    assert cached.value("SELECT count(*) FROM users") == 2


def test_fresh_that_cannot_empty_the_cache_says_what_stands(cached, tool):
    cached.add_blog()
    tool.run("set", "a", "1")
    (folder_of(cached) / "data.mdb").write_bytes(b"no cache" * 2000)
    result = cached.must("migrate:fresh", "--force", code=1)
    result.names("the migrations are done, but the cache may hold what is no longer true", "eloquent cache:clear")
    assert cached.value("SELECT count(*) FROM users") == 2


def test_a_dry_run_of_fresh_leaves_the_cache(cached, tool):
    cached.add_blog()
    tool.run("set", "a", "1")
    cached.must("migrate:fresh", "--dry-run")
    assert tool.run("get", "a") == "1"


def test_fresh_that_fails_half_way_empties_the_cache_too(cached, tool):
    cached.add_blog()
    cached.must("migrate:run")
    cached.migration("20260201000000_bad", "CREATE TABEL x (y);")
    tool.run("set", "a", "1")
    cached.must("migrate:fresh", "--force", code=1)
    tool.run("get", "a", code=4)


@pytest.fixture
def saved(cached):
    """A backup of two users, then a third, and two entries in the cache."""
    cached.add_blog()
    cached.must("migrate:run")
    cached.must("db:backup")
    cached.sql("INSERT INTO users (name) VALUES ('zoe')")
    Tool(cached).run("fill", 2)
    return cached


def test_restore_empties_the_cache_and_says_so(saved, tool):
    result = saved.must("db:restore", "latest", "--force")
    assert "the cache of development: 2 entries removed" in result.out
    assert store_of(saved)["entries"] == 0
    tool.run("set", "a", "1")
    cache = saved.document("db:restore", "latest", "--force")["connections"][0]["result"]["cache"]
    assert cache == {"removed": 1, "stores": [{"name": "file", "removed": 1, "error": None}]}


def test_restore_without_a_chosen_chain_does_not_speak_of_the_cache(saved):
    saved.configure(INI)
    assert "cache" not in saved.must("db:restore", "latest", "--force").out
    assert "cache" not in saved.document("db:restore", "latest", "--force")["connections"][0]["result"]


def test_restore_of_another_name_leaves_the_cache(saved, tmp_path):
    result = saved.document("db:restore", "latest", "--into", str(tmp_path / "copy.sqlite"))["connections"][0]["result"]
    assert "cache" not in result and store_of(saved)["entries"] == 2


def test_a_dry_run_of_restore_leaves_the_cache(saved):
    saved.must("db:restore", "latest", "--force", "--dry-run")
    assert store_of(saved)["entries"] == 2


def test_restore_that_is_refused_or_fails_leaves_the_cache(saved):
    saved.fails(3, "db:restore", "latest")
    dump, = saved.root.glob(".eloquent/backups/sqlite/*.zst")
    flip(dump, 0.5)
    saved.fails(1, "db:restore", "latest", "--force")
    assert store_of(saved)["entries"] == 2


@pytest.mark.parametrize("broken", ["data", "chain"])
def test_restore_that_cannot_empty_the_cache_says_what_stands(saved, broken):
    if broken == "data":
        (folder_of(saved) / "data.mdb").write_bytes(b"no cache" * 2000)
    else:
        saved.configure(CHAIN.replace("development = file", "development = moon"))
    result = saved.must("db:restore", "latest", "--force", code=1)
    result.names("the database is restored, but the cache may hold what is no longer true", "eloquent cache:clear")
    assert saved.value("SELECT count(*) FROM users") == 2
