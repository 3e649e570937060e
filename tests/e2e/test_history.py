"""Files and history that disagree, and what mends them: repair, baseline, the
chain of events."""

import hashlib

import pytest

from project import first_error, row_states

USERS = "20260101000000_create_users"
POSTS = "20260102000000_create_posts"
FIRST = "20260103000000_first_users"


# ---- edited, deleted, out of order -----------------------------------------------------------


def spoil(project, change):
    file = project.migrations / "sqlite" / f"{POSTS}.sql"
    if change == "edit":
        file.write_text(file.read_text() + "-- a word more\n")
    elif change == "delete":
        file.unlink()
    elif change == "older":
        project.migration("20250101000000_older", "CREATE TABLE older (x);", "DROP TABLE older;")


@pytest.mark.parametrize("change,state", [("edit", "modified"), ("delete", "missing"), ("older", "out of order")])
def test_status_shows_what_is_wrong_with_0_and_under_exit_code_with_4(applied, change, state):
    name = {"edit": POSTS, "delete": POSTS, "older": "20250101000000_older"}[change]
    spoil(applied, change)
    assert row_states(applied.document("migrate:status"))[name] == state
    applied.fails(4, "migrate:status", "--exit-code", names=[name])


def test_what_was_applied_counts_as_applied_whatever_became_of_its_file_and_is_named_apart(applied):
    view = applied.write("database/migrations/sqlite/R_names.sql", "-- migrate:up\nDROP VIEW IF EXISTS names;\nCREATE VIEW names AS SELECT 1 AS name;\n")
    applied.must("migrate:run")
    assert applied.must("migrate:status").out.endswith("\n4 applied, 0 pending\n")
    view.write_text(view.read_text().replace("SELECT 1", "SELECT 2"))
    (applied.migrations / "sqlite" / f"{USERS}.sql").unlink()
    for change in ("edit", "older"):
        spoil(applied, change)
    applied.migration("20260104000000_more", "CREATE TABLE more (x);")
    assert applied.must("migrate:status").out.endswith("\n4 applied (1 modified, 1 missing, 1 stale), 2 pending (1 out of order)\n")
    result = applied.document("migrate:status")["connections"][0]["result"]
    assert (result["applied"], result["pending"]) == (4, 2)


def test_a_half_applied_migration_counts_as_pending_also_when_its_file_was_edited(project):
    file = project.write("database/migrations/sqlite/1_half.sql", "-- migrate:up transaction:false\nCREATE TABLE one (x);\nbroken;\n")
    project.must("migrate:run", code=1)
    assert project.must("migrate:status").out.endswith("\n0 applied, 1 pending (1 partial)\n")
    file.write_text(file.read_text() + "-- a word more\n")
    assert project.must("migrate:status").out.endswith("\n0 applied, 1 pending (1 modified)\n")


@pytest.mark.parametrize("change,code,name", [("edit", "modified", POSTS), ("delete", "missing", POSTS),
                                              ("older", "out_of_order", "20250101000000_older")])
@pytest.mark.parametrize("command", [["migrate:run"], ["migrate:rollback", "--all-migrations"], ["migrate:redo"], ["migrate:validate"]])
def test_a_history_that_disagrees_with_the_files_stops_writing_commands(applied, change, code, name, command):
    applied.migration("20260104000000_more", "CREATE TABLE more (x);", "DROP TABLE more;")
    spoil(applied, change)
    result = applied.run(*command)
    assert result.code == 4, result
    result.names(name)
    with applied.untouched():
        assert first_error(applied.run("--json", *command).document)["code"] == code


def test_allow_missing_runs_an_older_file(applied):
    spoil(applied, "older")
    applied.must("migrate:run", "--allow-missing")
    assert "older" in applied.tables()


def test_the_same_version_and_checksum_under_another_name_is_the_same_migration(applied):
    folder = applied.migrations / "sqlite"
    (folder / f"{POSTS}.sql").rename(folder / "20260102000000_renamed.sql")
    applied.must("migrate:run")
    applied.must("migrate:validate")
    assert len(applied.events()) == 3


# ---- baseline --------------------------------------------------------------------------------


def existing(project):
    project.sql("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL); CREATE TABLE posts (id INTEGER PRIMARY KEY, author INTEGER);")


def test_baseline_records_without_running_and_the_rest_runs(blog):
    existing(blog)
    blog.must("migrate:baseline", POSTS)
    assert blog.events() == [("baselined", USERS), ("baselined", POSTS)]
    blog.must("migrate:run")
    assert blog.events()[-1] == ("applied", FIRST)


def test_baseline_under_dry_run_lists_what_it_would_record_and_records_nothing(blog):
    blog.sql("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL);")
    with blog.untouched():
        out = blog.must("migrate:baseline", POSTS, "--dry-run").out
        result = blog.document("migrate:baseline", POSTS, "--dry-run")["connections"][0]["result"]
    assert [line.split()[2] for line in out.splitlines()] == [USERS, POSTS]
    assert result["pending"] == [USERS, POSTS]


def test_a_baselined_migration_is_never_rolled_back(blog):
    existing(blog)
    blog.must("migrate:baseline", POSTS)
    blog.must("migrate:run")
    blog.must("migrate:rollback", "--all-migrations")
    assert blog.applied_names() == [USERS, POSTS]
    assert blog.tables() == ["posts", "users"]


def test_baseline_needs_an_existing_schema(blog):
    result = blog.run("migrate:baseline", POSTS)
    assert result.code == 4, result
    assert blog.events() == [] if blog.database.exists() else True


def test_baseline_needs_a_history_without_applied_migrations(applied):
    applied.fails(4, "migrate:baseline", POSTS)


def test_baseline_of_an_unknown_name_is_an_error(blog):
    existing(blog)
    blog.fails(2, "migrate:baseline", "nobody", names=["nobody"])


# ---- repair ----------------------------------------------------------------------------------


def test_repair_accept_takes_the_edited_file_and_shows_before_and_after(applied):
    spoil(applied, "edit")
    result = applied.document("migrate:repair", "--accept", POSTS)["connections"][0]["result"]
    assert result["before"] != result["after"]
    applied.must("migrate:validate")
    checksum = hashlib.sha256((applied.migrations / "sqlite" / f"{POSTS}.sql").read_bytes()).hexdigest()
    assert applied.events("event, name, checksum")[-1] == ("repaired", POSTS, checksum)


def test_repair_forget_takes_a_migration_whose_file_is_gone_out(applied):
    spoil(applied, "delete")
    applied.must("migrate:repair", "--forget", POSTS)
    applied.must("migrate:validate")
    assert applied.applied_names() == [USERS, FIRST]
    assert applied.tables() == ["posts", "users"], "repair runs nothing"


def test_repair_mark_records_what_stands(applied):
    applied.must("migrate:repair", "--mark", "reverted", FIRST)
    assert applied.applied_names() == [USERS, POSTS]
    applied.must("migrate:repair", "--mark", "applied", FIRST)
    assert applied.applied_names() == [USERS, POSTS, FIRST]
    assert applied.value("SELECT count(*) FROM users") == 2, "nothing ran"


@pytest.mark.parametrize("words,code", [(["--accept", POSTS], 4), (["--forget", POSTS], 4), (["--mark", "applied", POSTS], 4),
                                        (["--accept", "nobody"], 2), (["--forget", "nobody"], 2), (["--mark", "reverted", "nobody"], 2),
                                        ([], 2), (["--accept", POSTS, "--forget", POSTS], 2), (["--mark", "gone", POSTS], 2),
                                        (["--mark", "applied"], 2), (["--accept", POSTS, "more"], 2)])
def test_repair_of_what_needs_none_or_is_unknown_is_an_error(applied, words, code):
    applied.fails(code, "migrate:repair", *words)


def test_repair_appends_and_rewrites_nothing(applied):
    before = applied.events("sequence, hash")
    spoil(applied, "edit")
    applied.must("migrate:repair", "--accept", POSTS)
    assert applied.events("sequence, hash")[:3] == before


# ---- validate and the chain ------------------------------------------------------------------


def test_validate_accepts_a_sound_project(applied):
    assert "agree" in applied.must("migrate:validate").out


@pytest.mark.parametrize("damage", ["UPDATE eloquent_history SET name = 'x' WHERE sequence = 2",
                                    "UPDATE eloquent_history SET checksum = replace(checksum, substr(checksum, 1, 1), 'f') WHERE sequence = 1",
                                    "DELETE FROM eloquent_history WHERE sequence = 2",
                                    "UPDATE eloquent_history SET previous = hash WHERE sequence = 3"])
def test_a_history_that_was_tampered_with_is_found_by_validate(applied, damage):
    applied.sql("DROP TRIGGER IF EXISTS eloquent_history_update; DROP TRIGGER IF EXISTS eloquent_history_delete; " + damage)
    assert applied.error_code("migrate:validate", code=4) == "history_broken"


@pytest.mark.parametrize("sequence", [1, 2, 3])
def test_a_missing_event_is_found_by_status_too_whichever_it_is(applied, sequence):
    applied.sql(f"DELETE FROM eloquent_history WHERE sequence = {sequence}")
    applied.fails(4, "migrate:status", names=[f"event {sequence} of the history is missing"])
    assert applied.error_code("migrate:status", code=4) == "history_broken"


def findings(document):
    """(code, file's name, line) of the error and of all that was found beside it."""
    error = first_error(document)
    return [(e["code"], e["file"] and e["file"].rsplit("/", 1)[-1], e["line"]) for e in [error, *error.get("more", [])]]


def test_validate_reports_all_findings_at_once_each_with_its_place(applied):
    applied.migration("20260104000000_one", "SELECT 1;\nCOMMIT;\nVACUUM;", "SELECT 'open;")
    applied.write("database/migrations/sqlite/20260105000000_two.sql", "no directive\n")
    spoil(applied, "edit")
    applied.sql("UPDATE eloquent_history SET actor = 'eve' WHERE sequence = 2")
    result = applied.fails(4, "migrate:validate", names=[
        "20260105000000_two.sql:1", "20260104000000_one.sql:3", "20260104000000_one.sql:4", "20260104000000_one.sql:7", "event 2"])
    assert result.err.count("eloquent: sqlite: ") == 5
    document = applied.document("migrate:validate", code=4)
    assert findings(document) == [
        ("malformed", "20260105000000_two.sql", 1), ("history_broken", None, None), ("malformed", "20260104000000_one.sql", 3),
        ("malformed", "20260104000000_one.sql", 4), ("malformed", "20260104000000_one.sql", 7)]


def test_a_malformed_applied_file_is_not_called_missing_and_the_others_are_still_compared(applied):
    applied.write(f"database/migrations/sqlite/{USERS}.sql", "no directive\n")
    spoil(applied, "edit")
    assert findings(applied.document("migrate:validate", code=4)) == [("malformed", f"{USERS}.sql", 1), ("modified", f"{POSTS}.sql", None)]


def test_a_run_names_all_that_stops_it_before_anything_runs(applied):
    applied.migration("20260104000000_good", "CREATE TABLE good (x);")
    applied.migration("20260105000000_one", "COMMIT;")
    applied.migration("20260106000000_two", "SELECT 'open;")
    with applied.untouched():
        document = applied.document("migrate:run", code=4)
    assert findings(document) == [("malformed", "20260105000000_one.sql", 2), ("malformed", "20260106000000_two.sql", 2)]


def test_validate_reads_pending_files_too(applied):
    applied.migration("20260104000000_bad", "CREATE TABLE 'open (x);")
    applied.fails(4, "migrate:validate", names=["20260104000000_bad.sql"])


def test_the_chain_is_whole_by_the_documents_own_rule(applied):
    """Recomputed from docs/history-format.md, not by the program."""
    applied.must("migrate:rollback", "--step", "1")
    applied.must("migrate:run")
    columns = ["sequence", "run", "batch", "version", "name", "checksum", "direction", "event", "statement", "actor", "host", "tool",
               "audit_head", "detail", "previous"]
    previous = "0" * 64
    rows = applied.sql(f"SELECT {', '.join(columns)}, hash FROM eloquent_history ORDER BY sequence")
    assert [r[0] for r in rows] == list(range(1, 6))
    for row in rows:
        assert row[14] == previous
        canonical = b"\x01"
        for value in row[:15]:
            if value is None:
                canonical += b"\xff" * 8
            else:
                data = str(value).encode()
                canonical += len(data).to_bytes(8, "little") + data
        assert hashlib.sha256(canonical).hexdigest() == row[15]
        previous = row[15]
