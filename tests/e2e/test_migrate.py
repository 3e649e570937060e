"""Making, running and showing migrations on real SQLite files. What stands in a
database is judged by the native sqlite3 shell. Undoing stands in test_undo.py, the
history in test_history.py."""

import os
import re

import pytest

from project import INI, row_states

USERS = "20260101000000_create_users"
POSTS = "20260102000000_create_posts"
FIRST = "20260103000000_first_users"


# ---- make:migration --------------------------------------------------------------------------


def test_make_migration_writes_an_empty_pair_of_sections(project):
    path = project.document("make:migration", "create_users", "--sql")["result"]["files"][0]["path"]
    name = path.rsplit("/", 1)[1]
    assert re.fullmatch(r"\d{14}_create_users\.sql", name)
    text = (project.migrations / "sqlite" / name).read_text()
    assert text.index("-- migrate:up") < text.index("-- migrate:down")
    assert len(project.document("migrate:run")["connections"][0]["result"]["applied"]) == 1


def test_two_migrations_made_in_one_second_sort_in_the_order_in_which_they_were_made(project):
    for word in ("zebra", "apple", "mango"):
        project.must("make:migration", word, "--sql")
    names = [p.stem for p in sorted((project.migrations / "sqlite").iterdir())]
    assert [n.split("_", 1)[1] for n in names] == ["zebra", "apple", "mango"]


@pytest.mark.parametrize("name", ["../escape", "a/b", "", "sem;colon", "x" * 300])
def test_make_migration_refuses_a_name_that_is_none(project, name):
    project.fails(2, "make:migration", name, "--sql")


def test_make_migration_without_sql_says_what_to_add(project):
    project.fails(2, "make:migration", "x", names=["--sql"])


def test_make_migration_does_not_connect(project):
    project.must("make:migration", "x", "--sql")
    assert not project.database.exists()


# ---- run -------------------------------------------------------------------------------------


def test_run_applies_every_pending_migration_in_order_of_version(project):
    for version in ("10", "9", "20260101000000", "100"):
        project.migration(f"{version}_v", f"CREATE TABLE t{version} (x);", f"DROP TABLE t{version};")
    document = project.document("migrate:run")
    assert [a["version"] for a in document["connections"][0]["result"]["applied"]] == ["9", "10", "100", "20260101000000"]
    assert project.tables() == ["t10", "t100", "t20260101000000", "t9"]


def test_run_records_one_applied_event_per_migration_in_one_batch(blog):
    blog.must("migrate:run")
    assert blog.events("event, direction, name, batch") == [
        ("applied", "up", USERS, 1), ("applied", "up", POSTS, 1), ("applied", "up", FIRST, 1)]


def test_a_second_run_does_nothing_and_says_so(applied):
    before = applied.events()
    document = applied.document("migrate:run")
    assert document["connections"][0]["result"]["applied"] == []
    assert applied.events() == before
    assert "nothing" in applied.must("migrate:run").out


def test_a_later_run_is_a_batch_of_its_own(applied):
    applied.migration("20260104000000_more", "CREATE TABLE more (x);")
    applied.must("migrate:run")
    assert applied.events("name, batch")[-1] == ("20260104000000_more", 2)


def test_step_limits_the_number(blog):
    blog.must("migrate:run", "--step", "2")
    assert blog.applied_names() == [USERS, POSTS]


@pytest.mark.parametrize("name", [POSTS, POSTS + ".sql"])
def test_to_is_inclusive_and_takes_stem_or_file_name(blog, name):
    blog.must("migrate:run", "--to", name)
    assert blog.applied_names() == [USERS, POSTS]


def test_a_name_alone_runs_only_that_file(blog):
    blog.must("migrate:run", USERS)
    assert blog.applied_names() == [USERS]


@pytest.mark.parametrize("words", [["--to", "nobody"], ["nobody"], ["create_users"], ["20260101000000_create_user"]])
def test_names_match_exactly(blog, words):
    blog.fails(2, "migrate:run", *words, names=[words[-1]])


def test_an_empty_migration_is_recorded(project):
    project.migration("20260101000000_nothing", "-- only a comment")
    project.must("migrate:run")
    assert project.events() == [("applied", "20260101000000_nothing")]


def test_all_migrations_is_accepted_and_is_the_default(blog):
    blog.must("migrate:run", "--all-migrations")
    assert len(blog.applied_names()) == 3


def test_a_missing_database_is_created_by_a_writing_command_only(blog):
    out = blog.must("migrate:status").out
    assert "never migrated" in out
    assert not blog.database.exists()
    blog.must("migrate:run")
    assert blog.database.exists()


def test_reading_commands_create_no_table_in_a_database_that_is_not_ours(project):
    project.sql("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1);")
    project.add_blog()
    with project.untouched():
        assert "never migrated" in project.must("migrate:status").out
    assert project.value("SELECT count(*) FROM sqlite_schema") == 1


def test_a_failed_migration_leaves_nothing_and_those_before_it_stand(blog):
    blog.migration("20260104000000_bad", "CREATE TABLE half (x);\nINSERT INTO nowhere VALUES (1);")
    result = blog.must("migrate:run", code=1)
    assert "half" not in blog.tables()
    assert blog.applied_names() == [USERS, POSTS, FIRST]
    assert blog.events()[-1] == ("failed", "20260104000000_bad")
    result.names("20260104000000_bad.sql:3", "nowhere")


def test_a_failed_migration_runs_once_it_is_mended(blog):
    blog.migration("20260104000000_bad", "CREATE TABEL late (x);")
    blog.must("migrate:run", code=1)
    assert row_states(blog.document("migrate:status"))["20260104000000_bad"] == "failed"
    blog.migration("20260104000000_bad", "CREATE TABLE late (x);")
    blog.must("migrate:run")
    assert "late" in blog.tables()


def test_the_first_failure_stops_the_run(project):
    project.migration("1_good", "CREATE TABLE one (x);")
    project.migration("2_bad", "nonsense;")
    project.migration("3_good", "CREATE TABLE three (x);")
    project.must("migrate:run", code=1)
    assert project.tables() == ["one"]


def test_a_file_wrapped_in_begin_and_commit_runs_in_our_transaction(project):
    project.migration("1_wrapped", "BEGIN;\nCREATE TABLE one (x);\nCOMMIT;")
    project.must("migrate:run")
    assert project.tables() == ["one"]
    project.migration("2_wrapped_and_bad", "BEGIN;\nCREATE TABLE two (x);\nnonsense;\nCOMMIT;")
    project.must("migrate:run", code=1)
    assert project.tables() == ["one"]


def test_a_trigger_with_statements_in_its_body_is_one_statement(blog):
    blog.migration("20260104000000_trigger", """CREATE TABLE log (what);
CREATE TRIGGER seen AFTER INSERT ON users BEGIN
  INSERT INTO log VALUES ('a;b'); -- a ; in a comment
  UPDATE log SET what = CASE WHEN 1 THEN 'end;' END;
END;
INSERT INTO users (name) VALUES ('carl');""", "DROP TRIGGER seen;\nDROP TABLE log;")
    blog.must("migrate:run")
    assert blog.sql("SELECT what FROM log") == [["end;"]]


def test_what_a_migration_sets_for_its_session_reaches_no_other(project):
    project.migration("1_sets", "PRAGMA case_sensitive_like = 1;\nCREATE TEMP TABLE scratch (x);\nCREATE TABLE one (name);")
    project.migration("2_looks", "INSERT INTO one SELECT 'like' WHERE 'A' LIKE 'a';\nCREATE TABLE scratch (y);")
    project.must("migrate:run")
    assert project.sql("SELECT name FROM one") == [["like"]]
    assert project.tables() == ["one", "scratch"]


def test_the_journal_mode_is_never_changed(project):
    for mode in ("wal", "delete"):
        path = project.root / "database" / f"{mode}.sqlite"
        project.sql(f"PRAGMA journal_mode = {mode}; CREATE TABLE theirs (x);", path)
        project.migration(f"{len(mode)}_x", f"CREATE TABLE m_{mode} (x);")
        project.must("migrate:run", env={"SQLITE_PATH": str(path)})
        assert project.value("PRAGMA journal_mode", path) == mode


def test_rebuilding_a_parent_table_deletes_no_child_rows(project):
    project.migration("1_two_tables", "CREATE TABLE p (id INTEGER PRIMARY KEY);\nCREATE TABLE c (p INTEGER REFERENCES p (id) ON DELETE CASCADE);\n"
                      "INSERT INTO p VALUES (1);\nINSERT INTO c VALUES (1);")
    project.migration("2_rebuild", "CREATE TABLE new_p (id INTEGER PRIMARY KEY, name TEXT);\nINSERT INTO new_p SELECT id, 'x' FROM p;\n"
                      "DROP TABLE p;\nALTER TABLE new_p RENAME TO p;")
    project.must("migrate:run")
    assert project.value("SELECT count(*) FROM c") == 1


def test_a_new_foreign_key_violation_fails_the_migration_and_names_it(applied):
    applied.migration("20260104000000_orphan", "INSERT INTO posts (id, author) VALUES (1, 999);")
    result = applied.must("migrate:run", code=1)
    result.names("posts", "users")
    assert applied.value("SELECT count(*) FROM posts") == 0


def test_a_violation_that_stood_before_does_not_stop_a_migration(applied):
    applied.sql("PRAGMA foreign_keys = OFF; INSERT INTO posts (id, author) VALUES (7, 999);")
    applied.migration("20260104000000_touch", "INSERT INTO posts (id, author) VALUES (8, 1);")
    applied.must("migrate:run")
    assert applied.value("SELECT count(*) FROM posts") == 2


def test_foreign_keys_on_refuses_a_drop_that_would_delete_child_rows(applied):
    applied.sql("INSERT INTO posts (id, author) VALUES (1, 1);")
    applied.write("database/migrations/sqlite/20260104000000_drop.sql", "-- migrate:up foreign_keys:on\nDROP TABLE users;\n")
    applied.must("migrate:run", code=1)
    assert applied.tables() == ["posts", "users"]
    assert applied.value("SELECT count(*) FROM posts") == 1


def test_a_migration_cannot_write_our_history(applied):
    before = applied.events()
    for number, statement in enumerate(("DELETE FROM eloquent_history;", "UPDATE eloquent_meta SET value = 'x';",
                                        "DROP TABLE eloquent_history;", "INSERT INTO eloquent_meta VALUES ('a', 'b');")):
        applied.migration("20260104000000_ours", statement)
        result = applied.must("migrate:run", code=1)
        assert "eloquent_" in result.err
        assert applied.events()[:3] == before
        assert applied.events()[3 + number][0] == "failed"


# ---- status ----------------------------------------------------------------------------------


def test_without_a_name_in_the_environment_the_user_of_the_process_is_the_actor(applied):
    accounts = [line.split(":") for line in open("/etc/passwd", encoding="utf-8")]
    name = next((a[0] for a in accounts if a[2] == str(os.geteuid())), f"uid {os.geteuid()}")
    assert {actor for (actor,) in applied.events("actor")} == {name}
    assert {record["actor"] for record in applied.audit_records()} == {name}


def test_status_shows_applied_and_pending_with_batch_actor_and_time(applied):
    applied.migration("20260104000000_more", "CREATE TABLE more (x);")
    document = applied.document("migrate:status", env={"ELOQUENT_ACTOR": "ann"})
    rows = {r["name"]: r for r in document["connections"][0]["result"]["migrations"]}
    assert [rows[n]["state"] for n in (USERS, POSTS, FIRST, "20260104000000_more")] == ["applied"] * 3 + ["pending"]
    assert rows[USERS]["batch"] == 1
    assert re.match(r"\d{4}-\d\d-\d\dT", rows[USERS]["at"])


def test_status_shows_who_applied(blog):
    blog.must("migrate:run", env={"ELOQUENT_ACTOR": "carol"})
    assert "carol" in blog.must("migrate:status").out


def test_exit_code_tells_pending_work_with_4_and_none_with_0(applied):
    applied.must("migrate:status", "--exit-code")
    applied.migration("20260104000000_more", "CREATE TABLE more (x);")
    assert applied.error_code("migrate:status", "--exit-code", code=4) == "pending"


# ---- several connections ---------------------------------------------------------------------


@pytest.fixture
def three(bare):
    bare.configure(INI, more="".join(f"\n[connection:{n}]\ndriver = sqlite\npath = database/{n}.sqlite\n" for n in ("alpha", "beta")))
    for name in ("alpha", "beta", "sqlite"):
        bare.migration("1_one", f"CREATE TABLE of_{name} (x);", f"DROP TABLE of_{name};", connection=name)
    return bare


def test_several_connections_run_and_are_reported_in_order_of_name(three):
    document = three.document("migrate:run", "--all-connections")
    assert [c["name"] for c in document["connections"]] == ["alpha", "beta", "sqlite"]
    for name in ("alpha", "beta"):
        assert three.tables(three.root / f"database/{name}.sqlite") == [f"of_{name}"]
    assert three.tables() == ["of_sqlite"]


def test_one_malformed_file_means_that_nothing_runs_anywhere(three):
    three.migration("2_bad", "CREATE TABLE 'open (x);", connection="beta")
    three.fails(4, "migrate:run", "--all-connections", names=["beta", "2_bad.sql"])
    for name in ("alpha", "beta", "app"):
        assert not (three.root / f"database/{name}.sqlite").exists()


def test_a_failure_during_the_work_does_not_stop_the_others_and_decides_the_exit_code(three):
    three.migration("2_bad", "nonsense;", connection="beta")
    document = three.document("migrate:run", "--all-connections", "--jobs", "1", code=1)
    assert [(c["name"], c["exit"]) for c in document["connections"]] == [("alpha", 0), ("beta", 1), ("sqlite", 0)]
    assert three.tables() == ["of_sqlite"]


def test_an_unreachable_connection_means_that_nothing_runs_anywhere(three):
    (three.root / "database/beta.sqlite").mkdir()
    three.fails(6, "migrate:run", "--all-connections", names=["beta"])
    assert not three.database.exists()


def test_keep_going_goes_on_with_the_reachable_ones_and_still_fails(three):
    (three.root / "database/beta.sqlite").mkdir()
    document = three.document("migrate:run", "--all-connections", "--keep-going", code=6)
    assert [(c["name"], c["exit"]) for c in document["connections"]] == [("alpha", 0), ("beta", 6), ("sqlite", 0)]
    assert three.tables() == ["of_sqlite"]


def test_keep_going_leaves_out_only_what_cannot_be_opened(three):
    three.migration("2_bad", "CREATE TABLE a (b);\nCOMMIT;", connection="beta")
    three.fails(4, "migrate:run", "--all-connections", "--keep-going", names=["beta", "2_bad"])
    assert not any((three.root / f"database/{name}.sqlite").exists() and three.tables(three.root / f"database/{name}.sqlite")
                   for name in ("alpha", "beta", "app"))


def test_keep_going_with_nothing_to_reach_runs_nothing(three):
    for name in ("alpha", "beta", "app"):
        (three.root / f"database/{name}.sqlite").mkdir()
    document = three.document("migrate:run", "--all-connections", "--keep-going", code=6)
    assert [c["exit"] for c in document["connections"]] == [6, 6, 6]


def test_the_help_of_keep_going_says_what_is_left_out_and_what_the_exit_code_is(three):
    assert re.search(r"--keep-going +leave out connections that cannot be opened \(exit 6\)", three.must("help", "migrate:run").out)


def test_two_connections_of_one_command_that_are_one_database_are_refused(bare):
    bare.configure(INI, more="\n[connection:again]\ndriver = sqlite\npath = database/../database/app.sqlite\n")
    bare.add_blog()
    bare.migration("1_x", "CREATE TABLE x (y);", connection="again")
    with bare.untouched():
        bare.fails(4, "migrate:run", "--all-connections", names=['"sqlite" is the same database as "again"'])
        assert bare.error_code("migrate:run", "--all-connections", code=4) == "check_failed"


# ---- dry run ---------------------------------------------------------------------------------


def test_a_dry_run_lists_the_statements_in_the_order_in_which_they_would_run(blog):
    statements = blog.document("migrate:run", "--dry-run")["connections"][0]["result"]["statements"]
    assert [(s["migration"], s["text"].split()[0]) for s in statements] == [
        (USERS, "CREATE"), (POSTS, "CREATE"), (FIRST, "INSERT"), (FIRST, "INSERT")]
    assert {s["direction"] for s in statements} == {"up"}


def test_a_dry_run_finds_what_a_run_would_refuse(blog):
    blog.migration("20260104000000_bad", "CREATE TABLE x (y);\nCOMMIT;")
    blog.fails(4, "migrate:run", "--dry-run", names=["20260104000000_bad.sql"])
