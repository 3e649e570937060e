"""Seeds: which are sown where, all of them or none, and what must hold before."""

import os
import signal
import sqlite3
import time

import pytest

from project import CONTRACT, PRODUCTION, first_error

TWO = """\
[project]
default = one

[connection:one]
driver = sqlite
path = database/one.sqlite

[connection:two]
driver = sqlite
path = database/two.sqlite
"""

USERS_TABLE = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"


def seed(project, name, text):
    return project.write(f"database/seeds/{name}", text)


@pytest.fixture
def shop(project):
    """One connection with a table, and one seed for it."""
    project.migration("20260101000000_create_users", up=USERS_TABLE, down="DROP TABLE users;")
    project.must("migrate:run")
    seed(project, "UserSeeder.sql", "INSERT INTO users VALUES (1, 'Ada');\nINSERT INTO users VALUES (2, 'Grace');\n")
    return project


@pytest.fixture
def two(bare):
    """Two connections with one migration each, both run, and a seed."""
    bare.configure(TWO)
    (bare.root / "database").mkdir(mode=0o755, exist_ok=True)
    for name in ("one", "two"):
        bare.migration("1_users", up=USERS_TABLE, connection=name)
    bare.must("migrate:run", "--all-connections")
    seed(bare, "UserSeeder.sql", "INSERT INTO users VALUES (1, 'Ada');\n")
    return bare


def names_of(project, database=None):
    return [row[0] for row in project.sql("SELECT name FROM users ORDER BY id", database and project.root / database)]


# ---- sowing ------------------------------------------------------------------------------------


def test_seeds_are_sown_in_the_order_of_their_files(shop):
    seed(shop, "10_Later.sql", "INSERT INTO users SELECT 4, 'after ' || max(id) FROM users;\n")
    seed(shop, "2_Sooner.sql", "INSERT INTO users VALUES (3, 'sooner');\n")
    document = shop.document("db:seed")
    assert [s["name"] for s in document["connections"][0]["result"]["seeds"]] == ["Sooner", "Later", "User"]
    assert names_of(shop) == ["Ada", "Grace", "sooner", "after 3"]


def test_one_seed_is_chosen_by_its_name_with_or_without_seeder(shop):
    seed(shop, "Other.sql", "INSERT INTO users VALUES (9, 'other');\n")
    assert "User" in shop.must("db:seed", "--class", "UserSeeder").out
    assert names_of(shop) == ["Ada", "Grace"]
    shop.sql("DELETE FROM users")
    shop.must("db:seed", "--class", "User")
    assert names_of(shop) == ["Ada", "Grace"]


def test_what_was_sown_is_told_with_its_rows(shop):
    result = shop.document("db:seed")["connections"][0]["result"]
    assert [(s["name"], s["file"], s["statements"], s["rows"]) for s in result["seeds"]] == [("User", "UserSeeder.sql", 2, 2)]
    assert result["left_out"] == []


def test_an_unknown_seed_is_an_error_on_every_connection_and_names_the_known_ones(two):
    document = two.document("db:seed", "--all-connections", "--class", "Uzer", code=2)
    errors = [c["error"] for c in document["connections"]]
    assert [e["code"] for e in errors] == ["unknown_name", "unknown_name"]
    assert all("known seeds: user" in e["hint"].lower() for e in errors)


def test_without_a_seeds_folder_nothing_happens(project):
    project.migration("1_users", up=USERS_TABLE)
    project.must("migrate:run")
    project.fails(2, "db:seed", names=["database/seeds", "does not exist"])


def test_a_database_that_is_not_there_is_not_made_for_seeds(project):
    seed(project, "User.sql", "CREATE TABLE users (id);\n")
    (project.root / "database").mkdir(mode=0o755, exist_ok=True)
    project.fails(4, "db:seed", names=["does not exist yet", "eloquent migrate:run -c sqlite"])
    assert not (project.root / "database/app.sqlite").exists()


def test_with_no_seed_for_this_place_nothing_is_written(shop):
    seed(shop, "UserSeeder.sql", "-- eloquent:seed environments=staging\nINSERT INTO users VALUES (1, 'Ada');\n")
    before = shop.fingerprint()
    assert "nothing to sow" in shop.must("db:seed").out
    assert shop.fingerprint() == before


# ---- all or nothing ------------------------------------------------------------------------------


def test_a_seed_that_fails_leaves_nothing_of_any_seed(shop):
    seed(shop, "ZipSeeder.sql", "INSERT INTO users VALUES (3, 'Zoe');\n\nINSERT INTO users\n  VALUES (4, 'Ada');\n")
    result = shop.must("db:seed", code=1)
    result.names("ZipSeeder.sql:3", "statement 2 of 2", "UNIQUE constraint failed: users.name", "nothing of this run's seeds stands here")
    assert names_of(shop) == []
    error = first_error(shop.document("db:seed", code=1))
    assert (error["code"], error["line"], error["statement"]) == ("statement_failed", 3, 2)
    assert error["file"].endswith("database/seeds/ZipSeeder.sql")


def test_foreign_keys_are_enforced(shop):
    shop.sql("CREATE TABLE posts (user_id REFERENCES users (id))")
    seed(shop, "PostSeeder.sql", "INSERT INTO posts VALUES (99);\n")
    shop.fails(1, "db:seed", "--class", "Post", names=["FOREIGN KEY constraint failed"])
    assert shop.value("SELECT count(*) FROM posts") == 0


def test_nothing_is_said_to_be_sown_before_it_stands(shop):
    """A reader is no obstacle to the statements, and one to the commit."""
    shop.ini.write_text(shop.ini.read_text() + "lock_timeout = 200ms\n")
    reader = sqlite3.connect(shop.root / "database/app.sqlite")
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM users").fetchone()
    result = shop.must("db:seed", code=5)
    assert "sown" not in result.out, result.out
    document = shop.document("db:seed", code=5)
    assert document["connections"][0]["result"]["seeds"] == []
    reader.close()
    assert names_of(shop) == []
    assert "sown User" in shop.must("db:seed").out


def test_a_statement_of_a_seed_is_not_called_a_migrations(shop):
    for text in ("INSERT INTO users VALUES (7, 'x');\nINSERT OR ROLLBACK INTO users VALUES (8, 'x');\n", "PRAGMA query_only = 1;\n", "INSERT INTO users VALUES (?, ?);\n"):
        seed(shop, "ASeeder.sql", text)
        assert "migration" not in shop.must("db:seed", code=1).err


@pytest.mark.parametrize("statement", ["BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT a", "VACUUM", ".read other.sql"])
def test_what_would_end_the_transaction_is_refused_before_anything_is_sent(shop, statement):
    seed(shop, "ASeeder.sql", f"INSERT INTO users VALUES (7, 'first');\n{statement};\n")
    before = shop.fingerprint()
    shop.fails(4, "db:seed", names=["ASeeder.sql:2", "statement 2"])
    assert shop.fingerprint() == before


def test_a_script_that_cannot_be_split_is_refused_with_its_line(shop):
    seed(shop, "ASeeder.sql", "INSERT INTO users VALUES (7, 'first');\nINSERT INTO users VALUES (8, 'open);\n")
    shop.fails(4, "db:seed", names=["ASeeder.sql:2"])
    assert names_of(shop) == []


def test_a_seed_cannot_touch_the_history(shop):
    seed(shop, "ASeeder.sql", "DELETE FROM eloquent_history;\n")
    events = shop.events()
    shop.fails(1, "db:seed", names=["belong to eloquent"])
    assert shop.events() == events


def test_a_statement_that_rolls_back_by_itself_is_not_taken_for_done(shop):
    seed(shop, "ASeeder.sql", "INSERT INTO users VALUES (7, 'first');\nINSERT OR ROLLBACK INTO users VALUES (8, 'first');\n")
    shop.fails(1, "db:seed", names=["ASeeder.sql:2"])
    assert names_of(shop) == []


def test_a_signal_between_statements_rolls_everything_back(shop):
    slow = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT count(*) FROM n"
    seed(shop, "ASeeder.sql", "INSERT INTO users VALUES (7, 'first');\n" + f"{slow};\n" * 40)
    child = shop.start("db:seed", "--class", "A")
    time.sleep(1)
    os.kill(child.pid, signal.SIGTERM)
    assert child.wait(timeout=60) == 143
    assert names_of(shop) == []
    shop.must("db:seed", "--class", "User")


# ---- environments ----------------------------------------------------------------------------------


def test_a_seed_is_for_the_environments_that_it_names(shop):
    seed(shop, "UserSeeder.sql", "-- people of the tests\n-- eloquent:seed environments=staging,testing\nINSERT INTO users VALUES (1, 'Ada');\n")
    seed(shop, "Other.sql", "INSERT INTO users VALUES (9, 'other');\n")
    result = shop.document("db:seed")["connections"][0]["result"]
    assert [s["name"] for s in result["seeds"]] == ["Other"]
    assert result["left_out"][0]["name"] == "User"
    assert "staging testing" in result["left_out"][0]["reason"]
    shop.must("db:seed", "--class", "User", env={"APP_ENV": "staging"})
    assert names_of(shop) == ["Ada", "other"]


def test_a_seed_that_is_named_but_for_another_place_is_refused(shop):
    seed(shop, "UserSeeder.sql", "-- eloquent:seed environments=staging\nINSERT INTO users VALUES (1, 'Ada');\n")
    before = shop.fingerprint()
    shop.fails(4, "db:seed", "--class", "User", names=["not for this connection", "staging", "development"])
    assert shop.fingerprint() == before


def test_production_is_never_implied(shop):
    shop.stamp("production", env=PRODUCTION)
    result = shop.document("db:seed", env=PRODUCTION)["connections"][0]["result"]
    assert result["left_out"][0]["name"] == "User" and result["seeds"] == []
    shop.fails(4, "db:seed", "--class", "User", env=PRODUCTION, names=["production"])
    assert names_of(shop) == []
    seed(shop, "UserSeeder.sql", "-- eloquent:seed environments=production\nINSERT INTO users VALUES (1, 'Ada');\n")
    shop.must("db:seed", env=PRODUCTION)
    assert names_of(shop) == ["Ada"]


def test_a_production_database_is_not_sown_from_elsewhere(shop):
    shop.stamp("production", env=PRODUCTION)
    shop.fails(3, "db:seed", names=["stamped production"])
    assert names_of(shop) == []


# ---- what a seed may do in production ----------------------------------------------------------------

FOR_PRODUCTION = "-- eloquent:seed environments=production\n"


@pytest.fixture
def live(shop):
    """A database stamped production, with a user, and no seeds."""
    (shop.root / "database/seeds/UserSeeder.sql").unlink()
    shop.sql("INSERT INTO users VALUES (1, 'Ada')")
    shop.sql("CREATE TABLE notes (id INTEGER PRIMARY KEY, text)")
    shop.stamp("production", env=PRODUCTION)
    return shop


@pytest.mark.parametrize("statement, what, remedy", [
    ("DELETE FROM users", "deletes every row of users (delete_all)", "-- eloquent:destroys users"),
    ("DELETE FROM users WHERE id = 1", "(delete_rows)", "-- eloquent:destroys users"),
    ("DROP TABLE users", "drops the table users", "-- eloquent:destroys users"),
    ("UPDATE users SET name = 'x'", "(update)", "-- eloquent:destroys users.name"),
    ("INSERT INTO users VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET name = 'x'", "(update)", "-- eloquent:destroys users.name"),
    ("REPLACE INTO users VALUES (1, 'x')", "(replace)", "-- eloquent:destroys users"),
    ("ALTER TABLE notes DROP COLUMN text", "(drop_column)", "-- eloquent:destroys notes.text"),
    ("PRAGMA writable_schema = 1", "(pragma)", "-- eloquent:opaque REASON"),
    ("SELECT nobody_has_this()", "(cannot_run)", "-- eloquent:opaque REASON"),
])
def test_in_production_a_seed_that_destroys_data_is_refused_before_anything_is_written(live, statement, what, remedy):
    seed(live, "1_More.sql", FOR_PRODUCTION + "INSERT INTO users VALUES (2, 'Grace');\n")
    seed(live, "2_Bad.sql", FOR_PRODUCTION + f"INSERT INTO users VALUES (3, 'x3');\n{statement};\n")
    with live.untouched():
        live.fails(3, "db:seed", env=PRODUCTION, names=["database/seeds/2_Bad.sql:3: statement 2", what, "in production a seed", remedy])
    assert names_of(live) == ["Ada"]
    error = first_error(live.document("db:seed", code=3, env=PRODUCTION))
    assert (error["code"], error["line"], error["statement"]) == ("refused", 3, 2)
    assert error["file"].endswith("database/seeds/2_Bad.sql")


def test_no_words_let_a_seed_destroy_data_in_production(live):
    seed(live, "Bad.sql", FOR_PRODUCTION + "DELETE FROM users;\n")
    live.must("db:seed", env=CONTRACT, code=3)
    live.must("db:seed", "--force", "--yes", env=CONTRACT, code=2)
    seed(live, "Bad.sql", FOR_PRODUCTION + "-- eloquent:destroys users\nDELETE FROM users;\n")
    live.must("db:seed", env=PRODUCTION, code=4)
    assert names_of(live) == ["Ada"]


def test_a_dry_run_in_production_finds_what_would_be_refused(live):
    seed(live, "Bad.sql", FOR_PRODUCTION + "DELETE FROM users;\n")
    live.fails(3, "db:seed", "--dry-run", env=PRODUCTION, names=["deletes every row of users"])


@pytest.mark.parametrize("where", ["environment", "connection", "stamp"])
def test_whatever_says_that_it_is_production_guards_the_seeds(shop, where):
    seed(shop, "Bad.sql", "-- eloquent:seed environments=development,production\nDELETE FROM users;\n")
    words = ["--class", "Bad"]
    if where == "connection":
        shop.ini.write_text(shop.ini.read_text() + "production = yes\n")
    if where == "stamp":
        shop.stamp("production", env=PRODUCTION)
        words.append("--dry-run")  # without it the stamp alone is a refusal
    shop.sql("INSERT INTO users VALUES (1, 'Ada')")
    shop.fails(3, "db:seed", *words, env=PRODUCTION if where == "environment" else {}, names=["in production a seed destroys nothing"])
    assert names_of(shop) == ["Ada"]


def test_in_production_a_seed_may_empty_what_the_seeds_made(live):
    seed(live, "1_A.sql", FOR_PRODUCTION + "CREATE TABLE own (x);\nINSERT INTO own VALUES (1);\n")
    seed(live, "2_B.sql", FOR_PRODUCTION + "DELETE FROM own;\nDROP TABLE own;\nINSERT OR IGNORE INTO users VALUES (1, 'x');\n")
    live.must("db:seed", env=PRODUCTION)
    assert names_of(live) == ["Ada"]


def test_outside_production_a_seed_begins_anew(shop):
    shop.sql("INSERT INTO users VALUES (1, 'old')")
    seed(shop, "UserSeeder.sql", "DELETE FROM users;\nINSERT INTO users VALUES (1, 'Ada');\n")
    shop.must("db:seed")
    assert names_of(shop) == ["Ada"]


def test_one_production_connection_that_refuses_stops_the_others(two):
    two.configure(TWO + "production = yes\n")
    seed(two, "UserSeeder.sql", "-- eloquent:seed environments=development,production\nINSERT INTO users VALUES (1, 'Ada');\nDELETE FROM users;\n")
    result = two.fails(3, "db:seed", "--all-connections", names=["two: ", "UserSeeder.sql:3"])
    assert "one: " not in result.err
    assert names_of(two, "database/one.sqlite") == [] and names_of(two, "database/two.sqlite") == []


def test_the_refusal_of_a_seed_is_on_record(live):
    seed(live, "Bad.sql", FOR_PRODUCTION + "DELETE FROM users;\n")
    live.must("db:seed", code=3, env=PRODUCTION)
    record = live.audit_records()[-1]
    assert (record["command"], record["verdict"], record["exit"]) == ("db:seed", "refused", 3), record
    assert "in production a seed destroys nothing" in record["message"]


# ---- files ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text, said", [
    ("-- eloquent:seed\n", "says nothing"),
    ("-- eloquent:seed environments=\n", "not an environment's word"),
    ("-- eloquent:seed environments=Staging\n", "not an environment's word"),
    ("-- eloquent:seed env=staging\n", "not known in a seed's directive"),
    ("-- eloquent:seed storage=document\n", "not a storage"),
    (" -- eloquent:seed environments=staging\n", "not a seed's directive"),
    ("-- Eloquent:seed environments=staging\n", "not a seed's directive"),
    ("-- eloquent:only env=staging\n", "not a seed's directive"),
    ("-- eloquent:seed environments=a\n-- eloquent:seed environments=b\n", "a second"),
    ("SELECT 1;\n-- eloquent:seed environments=staging\n", "below its first statement"),
    ("/* a */ SELECT 1;\n-- eloquent:seed environments=staging\n", "below its first statement"),
    ("/*\n-- eloquent:seed environments=staging\n*/\n", "inside a block comment"),
    ("/* a */ -- eloquent:seed environments=staging\n", "not a seed's directive"),
    ("-- migrate:up\nSELECT 1;\n", "this is a migration"),
    ("-- two files in one\n\ufeff-- eloquent:seed environments=staging\n", "not a seed's directive"),
])
def test_a_directive_that_is_not_one_stops_every_seed(shop, text, said):
    seed(shop, "ASeeder.sql", text)
    shop.fails(4, "db:seed", names=["ASeeder.sql:", said])
    assert names_of(shop) == []


@pytest.mark.parametrize("licence", ["/* licence */\n", "-- licence\n", "/*\n * licence;\n */\n\n"])
def test_comments_may_stand_above_a_seeds_directive_and_above_a_migration(shop, licence):
    seed(shop, "UserSeeder.sql", licence + "-- eloquent:seed environments=development\nINSERT INTO users VALUES (1, 'Ada');\n")
    seed(shop, "WrongSeeder.sql", licence + "-- eloquent:seed environments=staging\nINSERT INTO users VALUES (2, 'Bob');\n")
    shop.must("db:seed")
    assert shop.value("SELECT group_concat(name) FROM users") == "Ada"
    shop.write("database/migrations/sqlite/20260109000000_licensed.sql", licence + "-- migrate:up\nCREATE TABLE licensed (x);\n")
    shop.must("migrate:run")
    assert "licensed" in shop.tables()


def test_a_byte_order_mark_takes_nothing_from_a_directive(shop):
    """The file restricts its seed to staging, whatever an editor put before it."""
    seed(shop, "UserSeeder.sql", "\ufeff-- eloquent:seed environments=staging\nINSERT INTO users VALUES (1, 'Ada');\n")
    assert (shop.root / "database/seeds/UserSeeder.sql").read_bytes().startswith(b"\xef\xbb\xbf--")
    shop.fails(4, "db:seed", "--class", "User", names=["not for this connection", "staging"])
    assert names_of(shop) == []
    shop.must("db:seed", env={"APP_ENV": "staging"})
    assert names_of(shop) == ["Ada"]


def test_two_seeds_of_one_name_are_refused(shop):
    seed(shop, "01_User.sql", "SELECT 1;\n")
    shop.fails(4, "db:seed", names=["01_User.sql", "UserSeeder.sql"])


def test_a_file_whose_name_is_no_seeds_name_is_refused(shop):
    seed(shop, "001.sql", "SELECT 1;\n")
    shop.fails(4, "db:seed", names=["001.sql"])


def test_a_link_in_the_seeds_folder_is_refused(shop):
    outside = shop.write("outside.sql", "INSERT INTO users VALUES (9, 'outside');\n")
    (shop.root / "database/seeds/Link.sql").symlink_to(outside)
    shop.fails(4, "db:seed", names=["Link.sql", "it is a link"])
    assert names_of(shop) == []


# ---- before several connections --------------------------------------------------------------------


def test_all_connections_are_sown_when_all_of_them_are_ready(two):
    two.must("db:seed", "--all-connections", "--class", "UserSeeder")
    assert names_of(two, "database/one.sqlite") == ["Ada"]
    assert names_of(two, "database/two.sqlite") == ["Ada"]


def test_one_connection_that_is_behind_stops_all_before_anything_is_written(two):
    two.migration("2_more", up="CREATE TABLE more (id);", connection="two")
    before = two.fingerprint()
    result = two.fails(4, "db:seed", "--all-connections", names=["two: 1 migration is to be run: 2_more", "eloquent migrate:run -c two, then retry"])
    assert "one:" not in result.err
    assert two.fingerprint() == before
    assert names_of(two, "database/one.sqlite") == [] and names_of(two, "database/two.sqlite") == []
    two.must("migrate:run", "-c", "two")
    two.must("db:seed", "--all-connections")


def test_one_connection_alone_needs_no_precheck(two):
    two.migration("2_more", up="CREATE TABLE more (id);", connection="one")
    two.must("db:seed", "-c", "one")
    assert names_of(two, "database/one.sqlite") == ["Ada"]


def test_the_precheck_is_clean_when_the_migrations_are_applied(two):
    document = two.document("db:seed:precheck", "--all-connections")
    assert [c["result"] for c in document["connections"]] == [{"clean": True, "remedy": None}] * 2


def test_the_precheck_names_the_connection_and_the_line_that_mends_it(two):
    two.migration("2_more", up="CREATE TABLE more (id);", connection="two")
    before = two.fingerprint()
    two.fails(4, "db:seed:precheck", "--all-connections", names=["two: 1 migration is to be run", "eloquent migrate:run -c two"])
    document = two.document("db:seed:precheck", "--all-connections", code=4)
    assert [(c["name"], c["exit"], c["result"]["clean"], c["result"]["remedy"]) for c in document["connections"]] == [
        ("one", 0, True, None), ("two", 4, False, "eloquent migrate:run -c two")]
    assert two.fingerprint() == before


def test_the_precheck_finds_an_edited_migration(two):
    two.migration("1_users", up=USERS_TABLE + "\n-- edited", connection="two")
    assert two.error_code("db:seed:precheck", "--all-connections", code=4) == "modified"
    two.fails(4, "db:seed", "--all-connections", names=["1_users"])


def test_the_precheck_finds_two_connections_on_one_database(two):
    two.configure(TWO.replace("two.sqlite", "one.sqlite"))
    two.fails(4, "db:seed:precheck", "--all-connections", names=["is the same database as"])
    two.fails(4, "db:seed", "--all-connections", names=["is the same database as"])
    assert two.error_code("db:seed", "--all-connections", code=4) == "check_failed"


def test_an_unreachable_connection_stops_all(two):
    (two.root / "database/two.sqlite").write_bytes(b"not a database, and long enough to be looked at" * 20)
    two.fails(6, "db:seed", "--all-connections", names=["two"])
    assert names_of(two, "database/one.sqlite") == []


# ---- looking on -------------------------------------------------------------------------------------


def test_a_dry_run_shows_the_statements_and_writes_nothing(shop):
    before = shop.fingerprint()
    out = shop.must("db:seed", "--dry-run").out
    assert "-- User (UserSeeder.sql)" in out and "INSERT INTO users VALUES (2, 'Grace');" in out
    result = shop.document("db:seed", "--dry-run")["connections"][0]["result"]
    assert [s["text"] for s in result["statements"]] == ["INSERT INTO users VALUES (1, 'Ada')", "INSERT INTO users VALUES (2, 'Grace')"]
    assert shop.fingerprint() == before


@pytest.mark.parametrize("words, said", [
    (["--count", "0"], "--count"), (["--count", "x"], "--count"), (["--seed", "0"], "--seed"),
    (["--as-of", "2026-02-30"], "--as-of"), (["--as-of", "yesterday"], "--as-of"), (["--as-of", "2026-1-01"], "--as-of"),
    (["--class"], "--class"),
])
def test_an_option_that_makes_no_sense_is_refused(shop, words, said):
    shop.fails(2, "db:seed", *words, names=[said])
    assert names_of(shop) == []


def test_an_option_that_no_seed_uses_is_said(shop):
    result = shop.must("db:seed", "--count", "5", "--seed", "7", "--as-of", "2024-02-29")
    result.names("none of these seeds makes use of --count", "--seed", "--as-of")


def test_what_was_sown_is_on_record(shop):
    shop.must("db:seed")
    records = [(r["command"], r["phase"]) for r in shop.audit_records() if r["command"] == "db:seed"]
    assert records == [("db:seed", "intent"), ("db:seed", "outcome")]
