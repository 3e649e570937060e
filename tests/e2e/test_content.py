"""What pending files destroy: shown everywhere, and in production refused unless the
file declares it and --allow-destructive is given under the contract."""

import pytest

from backups import FRESH, Backups
from project import CONTRACT, INI, NO_BACKUP, PRODUCTION, first_error

WORDS = ["--force", "--yes", "--allow-destructive"]
DROP = "20260201000000_drop_users"


@pytest.fixture
def live(applied):
    """A database stamped production whose policy needs no backup; three migrations, rows."""
    applied.ini.write_text(INI + NO_BACKUP)
    applied.stamp("production", env=PRODUCTION)
    return applied


def refusal(project, *words, env=PRODUCTION, command="migrate:run"):
    """The refused connection's part of the document; nothing changed."""
    with project.untouched():
        document = project.document(command, *words, code=3, env=env)
    assert first_error(document)["code"] == "refused", document
    return document["connections"][0]


def reasons(project, *words, env=PRODUCTION):
    return set(refusal(project, *words, env=env)["error"]["reasons"])


def findings(connection):
    return [(f["severity"], f["rule"], f["object"], f["declared"]) for f in connection["result"]["findings"]]


# ---- refused ------------------------------------------------------------------------------


def test_an_undeclared_loss_names_every_missing_condition_at_once(live):
    live.migration(DROP, "DROP TABLE users;")
    assert reasons(live) == {"undeclared", "allow_flag", "allow_variable", "force", "yes"}


def test_a_loss_that_no_file_declares_is_refused_whatever_is_given(live):
    live.migration(DROP, "DROP TABLE users;")
    assert reasons(live, *WORDS, env=CONTRACT) == {"undeclared"}


@pytest.mark.parametrize("words,env,missing", [
    (["--force", "--yes"], CONTRACT, {"allow_flag"}), (["--yes", "--allow-destructive"], CONTRACT, {"force"}),
    (["--force", "--allow-destructive"], CONTRACT, {"yes"}), (WORDS, PRODUCTION, {"allow_variable"})])
def test_each_condition_is_needed(live, words, env, missing):
    live.migration(DROP, "-- eloquent:destroys users\nDROP TABLE users;")
    assert reasons(live, *words, env=env) == missing


def test_the_refusal_names_file_line_object_and_the_command(live):
    live.migration(DROP, "SELECT 1;\nDROP TABLE users;")
    live.fails(3, "migrate:run", env=PRODUCTION, names=[
        f"{DROP}:3: drops the table users", "-- eloquent:destroys users",
        "ELOQUENT_ALLOW_PROD_DESTRUCTIVE=true eloquent migrate:run -c sqlite --force --yes --allow-destructive"])


def test_the_refusal_lists_the_findings_as_json(live):
    live.migration(DROP, "-- eloquent:destroys posts\nDROP TABLE users;\nDELETE FROM posts;\nSELECT nobody_has_this();")
    assert findings(refusal(live)) == [("destroys", "drop_table", "users", False), ("destroys", "delete_all", "posts", True),
                                       ("opaque", "cannot_run", None, False)]


def test_a_declaration_counts_for_its_own_file_only(live):
    live.migration("20260131000000_other", "-- eloquent:destroys users\nSELECT 1;")
    live.migration(DROP, "DROP TABLE users;")
    assert reasons(live, *WORDS, env=CONTRACT) == {"undeclared"}


def test_a_declaration_of_another_object_does_not_count(live):
    live.migration(DROP, "-- eloquent:destroys users.name posts\nDROP TABLE users;")
    assert reasons(live, *WORDS, env=CONTRACT) == {"undeclared"}


def test_a_loss_is_not_declared_as_opaque(live):
    live.migration(DROP, "-- eloquent:opaque trust me\nDROP TABLE users;")
    assert reasons(live, *WORDS, env=CONTRACT) == {"undeclared"}


def test_what_nobody_can_judge_is_refused_like_a_loss(live):
    live.migration(DROP, "PRAGMA some_new_thing = 1;")
    assert reasons(live) == {"undeclared", "allow_flag", "allow_variable", "force", "yes"}


def test_forbid_stops_a_declared_and_allowed_loss(live):
    live.ini.write_text(INI + NO_BACKUP + "production = forbid\n")
    live.migration(DROP, "-- eloquent:destroys users\nDROP TABLE users;")
    assert reasons(live, *WORDS, env=CONTRACT) == {"forbidden"}


def test_a_database_without_a_stamp_is_not_destroyed(applied):
    applied.ini.write_text(INI + NO_BACKUP)
    applied.sql("DELETE FROM eloquent_meta WHERE key LIKE 'stamp.%'")
    applied.migration(DROP, "-- eloquent:destroys users\nDROP TABLE users;")
    assert reasons(applied, *WORDS, env=CONTRACT) == {"unstamped"}


def test_a_missing_backup_is_named_beside_the_loss(applied):
    applied.stamp("production", env=PRODUCTION)
    applied.migration(DROP, "DROP TABLE users;")
    assert reasons(applied, *WORDS, env=CONTRACT) == {"backup", "undeclared"}


def test_the_connection_or_the_stamp_makes_it_production_too(applied):
    applied.ini.write_text(INI + "production = yes\n" + NO_BACKUP)
    applied.stamp("production", env=PRODUCTION)
    applied.migration(DROP, "DROP TABLE users;")
    assert "undeclared" in reasons(applied, env={})


def test_one_connection_that_is_refused_stops_the_others(live):
    live.ini.write_text(live.ini.read_text() + "\n[connection:other]\ndriver = sqlite\npath = database/other.sqlite\n")
    live.migration(DROP, "DROP TABLE users;")
    live.migration("20260101000000_a", "CREATE TABLE a (x);", connection="other")
    with live.untouched():
        live.must("migrate:run", "--all-connections", *WORDS, code=3, env=CONTRACT)


def test_a_loss_in_a_repeatable_is_refused(live):
    live.migration("R_clean", "DELETE FROM posts;")
    assert reasons(live, *WORDS, env=CONTRACT) == {"undeclared"}


def test_the_refusal_is_on_record(live):
    live.migration(DROP, "DROP TABLE users;")
    live.must("migrate:run", code=3, env=PRODUCTION)
    record = live.audit_records()[-1]
    assert record["verdict"] == "refused" and "do not say that it is meant" in record["message"], record


# ---- allowed --------------------------------------------------------------------------------


def test_a_declared_and_allowed_loss_runs_under_the_contract(live):
    live.migration(DROP, "-- eloquent:destroys users\nDROP TABLE users;")
    document = live.document("migrate:run", *WORDS, env=CONTRACT)
    assert findings(document["connections"][0]) == [("destroys", "drop_table", "users", True)]
    assert "users" not in live.tables()


def test_a_declared_opaque_statement_runs_under_the_contract(live):
    live.migration(DROP, "-- eloquent:opaque it sets a number that nobody reads\nPRAGMA schema_version;\nPRAGMA some_new_thing = 1;")
    live.must("migrate:run", *WORDS, env=CONTRACT)
    assert live.applied_names()[-1] == DROP


def test_several_objects_stand_on_one_line(live):
    live.migration(DROP, "-- eloquent:destroys users.name posts\nUPDATE users SET name = '';\nDELETE FROM posts;")
    live.must("migrate:run", *WORDS, env=CONTRACT)


def test_files_that_destroy_nothing_need_no_contract(live):
    live.migration("20260201000000_more", "CREATE TABLE tags (name TEXT);\nALTER TABLE users ADD COLUMN nick TEXT;\n"
                                          "UPDATE users SET nick = name;\nINSERT INTO users (name) VALUES ('eve');")
    live.must("migrate:run", env=PRODUCTION)


def test_the_common_rebuild_needs_no_contract(live):
    live.migration("20260201000000_rebuild", "CREATE TABLE users_new (id INTEGER PRIMARY KEY, name TEXT);\n"
                   "INSERT INTO users_new SELECT * FROM users;\nDROP TABLE users;\nALTER TABLE users_new RENAME TO users;")
    before = live.sql("SELECT * FROM users")
    live.must("migrate:run", env=PRODUCTION)
    assert live.sql("SELECT * FROM users") == before


def test_a_first_run_on_an_empty_database_needs_no_contract(project):
    project.configure()
    project.add_blog()
    project.migration("20260104000000_undo", "DELETE FROM users;\nDROP TABLE posts;")
    project.must("migrate:run", env=PRODUCTION)


def test_nothing_pending_needs_nothing(live):
    live.must("migrate:run", env=PRODUCTION)


def test_an_applied_file_is_not_judged_again(live):
    live.migration(DROP, "-- eloquent:destroys users\nDROP TABLE users;")
    live.must("migrate:run", *WORDS, env=CONTRACT)
    live.must("migrate:run", env=PRODUCTION)


def test_only_the_selected_files_are_judged(live):
    live.migration("20260131000000_safe", "CREATE TABLE tags (name TEXT);")
    live.migration(DROP, "DROP TABLE users;")
    live.must("migrate:run", "--step", "1", env=PRODUCTION)
    assert reasons(live, *WORDS, env=CONTRACT) == {"undeclared"}


def test_statements_that_stand_already_are_not_judged_again(live):
    up = "-- eloquent:destroys posts\nDELETE FROM posts;\nINSERT INTO nobody VALUES (1);"
    live.write(f"database/migrations/sqlite/{DROP}.sql", f"-- migrate:up transaction:false\n{up}\n-- eloquent:opaque the table comes later\n")
    live.must("migrate:run", *WORDS, env=CONTRACT, code=1)
    live.sql("CREATE TABLE nobody (a)")
    live.must("migrate:run", env=PRODUCTION)


def test_an_option_of_the_section_counts(live):
    live.sql("CREATE TABLE pets (id INTEGER PRIMARY KEY, owner INTEGER REFERENCES users (id) ON DELETE CASCADE)")
    live.write(f"database/migrations/sqlite/{DROP}.sql",
               "-- migrate:up foreign_keys:on\n-- eloquent:destroys users\nDELETE FROM users WHERE id = 1;\n")
    assert ("destroys", "delete_rows", "pets", False) in findings(refusal(live))


# ---- db:migrate ---------------------------------------------------------------------------------


@pytest.fixture
def kept(applied):
    """A database stamped production whose backups have a place; three migrations, rows."""
    applied.ini.write_text(INI + "\n[backup]\ndir = backups\n")
    applied.stamp("production", env=PRODUCTION)
    return applied


def test_db_migrate_refuses_an_undeclared_loss_before_it_takes_a_backup(kept):
    kept.migration(DROP, "DROP TABLE users;")
    refused = refusal(kept, command="db:migrate", env=FRESH)
    assert set(refused["error"]["reasons"]) == {"undeclared", "allow_flag", "allow_variable", "force", "yes"}
    assert findings(refused) == [("destroys", "drop_table", "users", False)]
    assert not Backups(kept, "backups").ids(env=FRESH)


def test_the_refusal_of_db_migrate_names_its_own_command(kept):
    kept.migration(DROP, "-- eloquent:destroys users\nDROP TABLE users;")
    kept.fails(3, "db:migrate", "--step", "1", env=FRESH, names=[
        "ELOQUENT_ALLOW_PROD_DESTRUCTIVE=true eloquent db:migrate --step 1 -c sqlite --force --yes --allow-destructive"])


def test_the_command_that_is_printed_has_the_flag_once(kept):
    kept.migration(DROP, "-- eloquent:destroys users\nDROP TABLE users;")
    refused = kept.must("db:migrate", "--allow-destructive", code=3, env=FRESH)
    assert refused.err.count("--allow-destructive") == 1, refused.err
    refused.names("db:migrate --allow-destructive -c sqlite --force --yes")


def test_db_migrate_runs_a_declared_and_allowed_loss_behind_its_backup(kept):
    kept.migration(DROP, "-- eloquent:destroys users\nDROP TABLE users;")
    result = kept.document("db:migrate", *WORDS, env={**CONTRACT, **FRESH})["connections"][0]["result"]
    assert [step["name"] for step in result["applied"]] == [DROP] and result["backup"]["level"] == "restored"
    assert [(f["object"], f["declared"]) for f in result["findings"]] == [("users", True)]
    assert "users" not in kept.tables()


def test_db_migrate_needs_no_contract_for_files_that_destroy_nothing(kept):
    kept.migration("20260201000000_more", "CREATE TABLE tags (name TEXT);")
    kept.must("db:migrate", env=FRESH)
    assert "tags" in kept.tables()


def test_a_dry_run_of_db_migrate_shows_what_would_be_destroyed(kept):
    kept.migration(DROP, "DROP TABLE posts;")
    with kept.untouched():
        document = kept.document("db:migrate", "--dry-run", env=FRESH)
    assert findings(document["connections"][0]) == [("destroys", "drop_table", "posts", False)]


# ---- elsewhere -------------------------------------------------------------------------------


def test_outside_production_nothing_is_asked_for(applied):
    applied.migration(DROP, "DROP TABLE posts;")
    assert "findings" not in applied.document("migrate:run")["connections"][0]["result"]
    assert "posts" not in applied.tables()


def test_a_dry_run_shows_what_would_be_destroyed_everywhere(applied):
    applied.migration(DROP, "-- eloquent:destroys users.name\nUPDATE users SET name = 'x';\nDROP TABLE posts;\nDROP INDEX IF EXISTS i;")
    for env in ({}, PRODUCTION):
        with applied.untouched():
            document = applied.document("migrate:run", "--dry-run", env=env)
            text = applied.must("migrate:run", "--dry-run", env=env).out
        assert findings(document["connections"][0]) == [("destroys", "update", "users.name", True), ("destroys", "drop_table", "posts", False)]
        assert f"destroys {DROP}:3: overwrites values of users.name (declared)" in text
        assert f"destroys {DROP}:4: drops the table posts and all its rows (not declared)" in text


def test_validate_shows_what_the_pending_files_would_destroy(applied):
    applied.migration(DROP, "DROP TABLE posts;")
    with applied.untouched():
        document = applied.document("migrate:validate")
        text = applied.must("migrate:validate").out
    assert findings(document["connections"][0]) == [("destroys", "drop_table", "posts", False)]
    assert "drops the table posts" in text


def test_validate_shows_the_losses_beside_what_is_wrong_elsewhere(applied):
    """A down section that cannot be sent is found, and what the up sections destroy all the same."""
    applied.migration(DROP, "DROP TABLE posts;", "BEGIN;\nSELECT 1;")
    document = applied.document("migrate:validate", code=4)
    assert first_error(document)["code"] == "malformed"
    assert findings(document["connections"][0]) == [("destroys", "drop_table", "posts", False)]


def test_validate_says_nothing_of_losses_where_the_plan_cannot_be_made(applied):
    applied.migration(DROP, "DROP TABLE posts;")
    applied.migration("20260101000000_create_users", "CREATE TABLE other (x);")
    document = applied.document("migrate:validate", code=4)
    assert first_error(document)["code"] == "modified"
    assert document["connections"][0]["result"]["findings"] == []


def test_validate_passes_over_a_half_rollback_and_says_that_losses_were_not_judged(applied):
    applied.write("database/migrations/sqlite/20260104000000_half.sql",
                  "-- migrate:up\nCREATE TABLE half (x);\n-- migrate:down transaction:false\nDROP TABLE half;\nINSERT INTO nobody VALUES (1);\n")
    applied.must("migrate:run")
    applied.must("migrate:rollback", "--step", "1", "--force", code=1)
    document = applied.document("migrate:validate")
    assert any("cannot be judged" in warning for warning in document["warnings"]), document
    assert document["connections"][0]["result"]["findings"] == []


def test_a_declaration_in_vain_is_a_note(applied):
    applied.migration(DROP, "-- eloquent:destroys user\nSELECT 1;")
    document = applied.document("migrate:validate")
    found = document["connections"][0]["result"]["findings"]
    assert [(f["severity"], f["rule"], f["object"], f["line"]) for f in found] == [("note", "declared_in_vain", "user", 2)]


@pytest.mark.parametrize("objects", ["users,posts", "users.", ".name", '"users', "users.name extra-", "1st"])
def test_a_malformed_declaration_is_refused_with_its_line(applied, objects):
    file = applied.migration(DROP, f"SELECT 1;\n-- eloquent:destroys {objects}")
    applied.fails(4, "migrate:run", names=[f"{file}:3", "does not name an object"])


def test_allow_destructive_alone_is_accepted_where_nothing_needs_it(applied):
    applied.migration(DROP, "DROP TABLE posts;")
    applied.must("migrate:run", "--allow-destructive")


def test_other_commands_do_not_know_the_flag(applied):
    for command in ("db:seed", "migrate:fresh", "migrate:redo", "migrate:reset", "migrate:rollback"):
        applied.fails(2, command, "--allow-destructive", names=["--allow-destructive"])


def test_destructive_commands_are_not_judged(live):
    live.migration(DROP, "DROP TABLE users;", "SELECT 1;")
    live.must("migrate:fresh", "--force", "--yes", env={**CONTRACT})
