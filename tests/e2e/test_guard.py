"""What may run where: production, stamps, the contract, and questions to a person
at a real terminal."""

import re
import shlex

import pytest

from project import CONTRACT, FULL, INI, NO_BACKUP, PRODUCTION, first_error, refused
from terminal import Terminal, run_beside_terminal

UNDOING = [["migrate:fresh"], ["migrate:reset"], ["migrate:rollback"], ["migrate:redo"]]


@pytest.fixture
def live(applied):
    """A database stamped production whose policy needs no backup; three migrations, rows."""
    applied.ini.write_text(INI + NO_BACKUP)
    applied.stamp("production", env=PRODUCTION)
    return applied


# ---- what counts as production -------------------------------------------------------


@pytest.mark.parametrize("env", [{"APP_ENV": w} for w in ("production", "PRODUCTION", " production ", "prod", "prod-eu", "prd1", "live",
                                                         "live_2", "prodcution", "produktion", "productin")]
                         + [{"NODE_ENV": "production"}, {"NODE_ENV": "Production"}, {"APP_ENV": "staging", "NODE_ENV": "production"}],
                         ids=lambda e: "-".join(f"{k}={v}" for k, v in e.items()))
def test_words_that_mean_production(applied, env):
    assert "allow_variable" in refused(applied, "migrate:fresh", "--force", "--yes", env=env)


@pytest.mark.parametrize("env", [{}, {"APP_ENV": "development"}, {"APP_ENV": "staging"}, {"APP_ENV": "test"}, {"NODE_ENV": "prod"},
                                 {"NODE_ENV": "live"}], ids=lambda e: "-".join(f"{k}={v}" for k, v in e.items()) or "unset")
def test_words_that_do_not_mean_production(applied, env):
    applied.must("migrate:fresh", "--force", env=env)


def test_a_connection_can_say_that_it_is_production_whatever_the_environment_says(applied):
    applied.ini.write_text(INI + "production = yes\n")
    assert "allow_variable" in refused(applied, "migrate:fresh", "--force", "--yes")


def test_dotenv_can_say_that_it_is_production(applied):
    applied.write(".env", "APP_ENV=production\n", mode=0o600)
    assert "allow_variable" in refused(applied, "migrate:fresh", "--force", "--yes")


# ---- the contract -----------------------------------------------------------------------


@pytest.mark.parametrize("command", UNDOING, ids=lambda c: c[0])
def test_in_production_a_destructive_command_names_every_missing_condition_at_once(live, command):
    assert refused(live, *command, env=PRODUCTION) == {"allow_variable", "force", "yes"}


@pytest.mark.parametrize("words,env,missing", [
    ([], CONTRACT, {"force", "yes"}), (["--force"], CONTRACT, {"yes"}), (["--yes"], CONTRACT, {"force"}),
    (["--force", "--yes"], PRODUCTION, {"allow_variable"}),
    (["--force", "--yes"], {**PRODUCTION, "ELOQUENT_ALLOW_PROD_DESTRUCTIVE": "false"}, {"allow_variable"}),
    (["--force", "--yes"], {**PRODUCTION, "ELOQUENT_ALLOW_PROD_DESTRUCTIVE": "0"}, {"allow_variable"})])
def test_each_part_of_the_contract_is_needed(live, words, env, missing):
    assert refused(live, "migrate:fresh", *words, env=env) == missing


@pytest.mark.parametrize("command", UNDOING, ids=lambda c: c[0])
@pytest.mark.parametrize("allow", ["true", "1", "YES", "on"])
def test_the_whole_contract_allows_it(live, command, allow):
    live.must(*command, "--force", "--yes", env={**FULL, "ELOQUENT_ALLOW_PROD_DESTRUCTIVE": allow})


def test_a_refusal_shows_the_exact_command(live):
    result = live.must("migrate:fresh", code=3, env=PRODUCTION)
    result.names("ELOQUENT_ALLOW_PROD_DESTRUCTIVE=true", "--force --yes", "eloquent migrate:fresh", "Nothing was changed")


def test_a_refusal_by_the_databases_facts_shows_its_state(live):
    live.migration("20260104000000_more", "CREATE TABLE more (x);")
    live.must("migrate:run", code=3).names("stamped production", "database/app.sqlite", "pending", "last verified backup: none")


def printed_commands(err):
    """[(environment, words)] of the command lines that a refusal prints."""
    lines = re.findall(r"((?:[A-Z_]+=\S+ )*)eloquent ([a-z]+:[^\n;]*--(?:yes|force)\b)", err)
    return [(dict(v.split("=", 1) for v in env.split()), shlex.split(words)) for env, words in lines]


def printed_command(err):
    commands = printed_commands(err)
    assert len(commands) == 1, err
    return commands[0]


def test_the_command_that_a_refusal_prints_works(live):
    """The person pastes the line into a shell that is in production."""
    env, words = printed_command(live.must("migrate:fresh", code=3, env=PRODUCTION).err)
    live.must(*words, env={**PRODUCTION, **env})


def test_the_command_that_a_refusal_prints_is_the_one_that_was_typed(live):
    """Rolling back one migration is not rolling back a batch."""
    env, words = printed_command(live.must("migrate:rollback", "--step", "1", "--wait=5s", code=3, env=PRODUCTION).err)
    assert set(words) == {"migrate:rollback", "--step", "1", "--wait=5s", "-c", "sqlite", "--force", "--yes"}
    live.must(*words, env={**PRODUCTION, **env})
    assert live.applied_names() == ["20260101000000_create_users", "20260102000000_create_posts"]


@pytest.fixture
def two(bare):
    """Two databases with rows, of the connections alpha and sqlite."""
    bare.configure(INI, more="\n[connection:alpha]\ndriver = sqlite\npath = database/alpha.sqlite\n" + NO_BACKUP)
    bare.add_blog()
    bare.migration("1_x", "CREATE TABLE x (y);\nINSERT INTO x VALUES (1);", "DROP TABLE x;", connection="alpha")
    bare.must("migrate:run", "--all-connections")
    return bare


@pytest.mark.parametrize("chosen", [["--all-connections"], ["-c", "alpha", "-c", "sqlite"]], ids=lambda c: c[0])
def test_of_several_refused_connections_each_has_its_reasons_and_all_have_one_command(two, chosen):
    two.stamp("production", env=PRODUCTION)
    two.must("db:stamp", "production", "-c", "alpha", env=PRODUCTION)
    err = two.must("migrate:fresh", *chosen, code=3, env=PRODUCTION).err
    assert err.count("add --force") == 2
    env, words = printed_command(err)
    assert [w for w in words if w in ("--all-connections", "alpha", "sqlite")] == [w for w in chosen if w != "-c"]
    two.must(*words, env={**PRODUCTION, **env})


def test_a_connection_that_is_not_refused_stays_in_the_command(two):
    two.ini.write_text(two.ini.read_text().replace("[connection:alpha]\n", "[connection:alpha]\nproduction = yes\n"))
    err = two.must("migrate:rollback", "-c", "alpha", "-c", "sqlite", code=3).err
    env, words = printed_command(err)
    assert "alpha" in words and "sqlite" in words
    two.must("db:stamp", "production", "-c", "alpha")
    two.must(*words, env=env)


def test_connections_that_need_different_words_have_a_command_each(two):
    two.ini.write_text(two.ini.read_text().replace("[connection:alpha]\n", "[connection:alpha]\nproduction = yes\n"))
    commands = printed_commands(two.must("migrate:fresh", "--all-connections", code=3).err)
    assert [(w[w.index("-c") + 1], "--yes" in w) for _, w in commands] == [("alpha", True), ("sqlite", False)]


def test_where_the_policy_forbids_no_command_is_offered(applied):
    applied.ini.write_text(INI + "\n[guard]\nproduction = forbid\nrequire_backup = no\n")
    assert printed_commands(applied.must("migrate:fresh", code=3, env=PRODUCTION).err) == []


def test_the_hint_of_a_refusal_in_json_holds_the_command(live):
    error = first_error(live.document("migrate:fresh", code=3, env=PRODUCTION))
    assert "the command: ELOQUENT_ALLOW_PROD_DESTRUCTIVE=true eloquent migrate:fresh" in error["hint"]


def test_the_schema_changes_in_production_only_behind_a_verified_backup(applied):
    applied.stamp("production", env=PRODUCTION)
    applied.migration("20260104000000_more", "CREATE TABLE more (x);")
    assert refused(applied, "migrate:run", env=FULL) == {"backup"}


def test_the_refusal_for_want_of_a_backup_ends_with_the_command_that_takes_one_and_migrates(applied):
    applied.ini.write_text(INI + "\n[backup]\ndir = backups\n")
    applied.stamp("production", env=PRODUCTION)
    applied.migration("20260104000000_more", "CREATE TABLE more (x);")
    with applied.untouched():
        hint = first_error(applied.document("migrate:run", code=3, env=FULL))["hint"]
    assert hint == (f"the database: {applied.database}, stamped production, 1 pending, last verified backup: none; "
                    "eloquent db:migrate -c sqlite takes and verifies one, then runs the migrations")
    applied.must(*re.search(r"eloquent (db:migrate -c sqlite)", hint)[1].split(), env=FULL)
    assert "more" in applied.tables()


def test_what_destroys_takes_its_backup_itself_and_needs_a_place_for_it(applied):
    applied.stamp("production", env=PRODUCTION)
    applied.fails(2, "migrate:fresh", "--force", "--yes", env=FULL, names=["[backup] dir"])
    applied.ini.write_text(INI + "\n[backup]\ndir = backups\n")
    applied.must("migrate:fresh", "--force", "--yes", env=FULL)
    assert [b["reason"] for b in applied.document("db:backup:list", env=FULL)["connections"][0]["result"]["backups"]] == ["before migrate:fresh"]


def test_an_empty_database_needs_no_backup(blog):
    blog.must("migrate:run", env=PRODUCTION)
    assert blog.tables() == ["posts", "users"]


def test_forbid_refuses_outright_whatever_is_given(applied):
    applied.ini.write_text(INI + "\n[guard]\nproduction = forbid\nrequire_backup = no\n")
    applied.stamp("production", env=PRODUCTION)
    assert refused(applied, "migrate:fresh", "--force", "--yes", env=FULL) == {"forbidden"}


def test_a_policy_that_was_stored_is_not_loosened_by_editing_the_ini(applied):
    applied.ini.write_text(INI + "\n[guard]\nproduction = forbid\n")
    applied.stamp("production", env=PRODUCTION)
    applied.ini.write_text(INI + NO_BACKUP)
    assert refused(applied, "migrate:fresh", "--force", "--yes", env=FULL) == {"forbidden"}
    applied.migration("20260104000000_more", "CREATE TABLE more (x);")
    assert refused(applied, "migrate:run", env=FULL) == {"backup"}


def test_generators_need_the_contract_in_production_and_no_backup(project):
    assert refused(project, "make:migration", "x", "--sql", env=PRODUCTION) == {"allow_variable", "force", "yes"}
    project.must("make:migration", "x", "--sql", "--force", "--yes", env=CONTRACT)
    project.must("make:migration", "y", "--sql")


def test_a_refusal_by_local_facts_opens_nothing(blog):
    blog.ini.write_text(INI.replace("database/app.sqlite", "no/such/folder/app.sqlite"))
    assert "allow_variable" in refused(blog, "migrate:fresh", env=PRODUCTION)


@pytest.mark.parametrize("command", [["migrate:status"], ["migrate:validate"], ["list"], ["plugin:list"], ["audit:show"],
                                     ["audit:verify"], ["migrate:fresh", "--dry-run"]],
                         ids=lambda c: c[0])
def test_safe_commands_run_in_production(live, command):
    live.must(*command, env=PRODUCTION)


# ---- the role -----------------------------------------------------------------------------


@pytest.fixture
def with_roles(applied):
    applied.ini.write_text(INI + "migration.path = database/app.sqlite\n" + NO_BACKUP)
    applied.stamp("production", env={**PRODUCTION, "ELOQUENT_DB_ROLE": "migration"})
    applied.migration("20260104000000_more", "CREATE TABLE more (x);")
    return applied


def test_with_values_per_role_the_schema_is_changed_as_migration_only(with_roles):
    assert refused(with_roles, "migrate:run", env=PRODUCTION) == {"role"}
    with_roles.must("migrate:run", env={**PRODUCTION, "ELOQUENT_DB_ROLE": "migration"})


def test_outside_production_the_wrong_role_is_a_warning(bare):
    bare.configure(INI + "migration.path = database/app.sqlite\n")
    bare.add_blog()
    result = bare.must("migrate:run")
    assert "ELOQUENT_DB_ROLE=migration" in result.err


# ---- the stamp --------------------------------------------------------------------------------


@pytest.mark.parametrize("env,word", [({}, "development"), ({"APP_ENV": "Staging"}, "staging"), (PRODUCTION, "production"), ({"APP_ENV": "prod"}, "production")])
def test_the_first_write_stamps_with_the_environment_of_that_run(blog, env, word):
    blog.must("migrate:run", env=env)
    assert blog.value("SELECT value FROM eloquent_meta WHERE key = 'stamp.word'") == word


def test_a_later_run_does_not_change_the_stamp(applied):
    applied.migration("20260104000000_more", "CREATE TABLE more (x);")
    applied.must("migrate:run", env={"APP_ENV": "staging"})
    assert applied.value("SELECT value FROM eloquent_meta WHERE key = 'stamp.word'") == "development"


@pytest.mark.parametrize("words", [["migrate:run"], ["migrate:fresh", "--force", "--yes"], ["migrate:reset", "--force", "--yes"],
                                   ["migrate:rollback", "--force", "--yes"], ["migrate:redo", "--force", "--yes"],
                                   ["migrate:repair", "--mark", "reverted", "20260103000000_first_users"], ["db:stamp", "production"]],
                         ids=lambda w: w[0])
@pytest.mark.parametrize("env", [{}, {"ELOQUENT_ALLOW_PROD_DESTRUCTIVE": "true"}], ids=["plain", "allowed"])
def test_a_development_shell_on_a_database_stamped_production_is_refused_and_no_flag_helps(live, words, env):
    live.migration("20260104000000_more", "CREATE TABLE more (x);", "DROP TABLE more;")
    assert refused(live, *words, env=env) == {"stamp_mismatch"}


def test_there_no_flag_is_asked_for_and_the_line_that_restamps_is_printed_and_works(live):
    err = live.must("migrate:fresh", "--force", code=3).err
    assert "ELOQUENT_ALLOW_PROD_DESTRUCTIVE=true; " not in err and "add --" not in err and "the command:" not in err
    env, words = printed_command(err)
    assert words[0] == "db:stamp"
    Terminal(live, *words, env=env).sees("app.sqlite").types("app.sqlite").done(0)
    live.must("migrate:fresh", "--force")


def test_a_refused_restamp_names_what_helps_and_its_command_works_at_a_terminal(live):
    assert refused(live, "db:stamp", "development") == {"not_production", "allow_variable", "force", "yes", "terminal"}
    err = live.must("db:stamp", "development", code=3).err
    assert "no flag helps" not in err
    env, words = printed_command(err)
    Terminal(live, *words, env=env).sees("app.sqlite").types("app.sqlite").done(0)


def test_stamping_again_what_is_stamped_does_not_send_to_itself(live):
    err = live.must("db:stamp", "production", code=3).err
    assert "APP_ENV=production" in err and "restamp" not in err


def test_there_safe_commands_run_with_a_warning(live):
    result = live.must("migrate:status")
    assert "stamped production" in result.err


def test_production_on_a_database_stamped_otherwise_warns_and_is_production(applied):
    assert "stamped development" in applied.must("migrate:status", env=PRODUCTION).err
    assert refused(applied, "migrate:fresh", "--force", "--yes", env=PRODUCTION) == {"allow_variable"}
    applied.ini.write_text(INI + NO_BACKUP)
    result = applied.must("migrate:fresh", "--force", "--yes", env=FULL)
    assert "stamped development" in result.err


def test_production_without_a_stamp_and_with_rows_refuses_destruction_until_it_is_stamped(blog):
    blog.ini.write_text(INI + NO_BACKUP)
    blog.sql("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1);")
    assert refused(blog, "migrate:fresh", "--force", "--yes", env=FULL) == {"unstamped"}
    blog.stamp("production", env=PRODUCTION)
    blog.must("migrate:fresh", "--force", "--yes", env=FULL)


def test_stamping_production_stores_the_policy(applied):
    applied.stamp("production", env=PRODUCTION)
    assert applied.value("SELECT count(*) FROM eloquent_meta WHERE key = 'policy'") == 1


def test_an_automatic_stamp_stores_no_policy(applied):
    assert applied.value("SELECT count(*) FROM eloquent_meta WHERE key = 'policy'") == 0


@pytest.mark.parametrize("word", ["Pro duction", "a/b", "", "x;y", "Ünder"])
def test_a_stamp_that_is_no_word_is_an_error(applied, word):
    applied.fails(2, "db:stamp", word)


def test_taking_the_stamp_away_needs_a_person_who_types_the_name(live):
    assert refused(live, "db:stamp", "development", "--force", "--yes", env=FULL) == {"terminal"}
    terminal = Terminal(live, "db:stamp", "development", "--force", "--yes", env=FULL)
    terminal.sees("app.sqlite").types("app.sqlite").done(0)
    assert live.value("SELECT value FROM eloquent_meta WHERE key = 'stamp.word'") == "development"


def test_the_database_keeps_its_id_when_it_is_stamped_anew(live):
    before = live.value("SELECT value FROM eloquent_meta WHERE key = 'stamp.id'")
    Terminal(live, "db:stamp", "staging", "--force", "--yes", env=FULL).sees("app.sqlite").types("app.sqlite").done(0)
    assert live.value("SELECT value FROM eloquent_meta WHERE key = 'stamp.id'") == before


# ---- a person at a terminal ------------------------------------------------------------------


@pytest.mark.parametrize("command", ["migrate:fresh", "migrate:reset"])
def test_outside_production_a_terminal_is_asked_for_destroy_data(applied, command):
    before = len(applied.events())
    Terminal(applied, command).sees("DESTROY_DATA").types("DESTROY_DATA").done(0)
    assert len(applied.applied_names()) == (0 if command == "migrate:reset" else 3)
    assert applied.events()[before][0] == ("reverted" if command == "migrate:reset" else "wiped")


@pytest.mark.parametrize("answer", ["", "yes", "destroy_data", "DESTROY_DATA ", "DESTROY", "y", "DESTROY_DATAA", "x" * 300])
def test_any_other_answer_is_no_and_no_exits_3(applied, answer):
    with applied.untouched():
        Terminal(applied, "migrate:fresh").sees("DESTROY_DATA").types(answer).done(3)


def test_end_of_input_is_no(applied):
    with applied.untouched():
        Terminal(applied, "migrate:fresh").sees("DESTROY_DATA").ends_input().done(3)


def test_a_hangup_is_no(applied):
    terminal = Terminal(applied, "migrate:fresh").sees("DESTROY_DATA")
    with applied.untouched():
        assert terminal.hangs_up() in (3, 143)


def test_force_does_not_answer_in_the_persons_place(applied):
    with applied.untouched():
        Terminal(applied, "migrate:fresh", "--force").sees("DESTROY_DATA").types("no").done(3)


def test_without_a_terminal_force_is_needed(applied):
    assert refused(applied, "migrate:fresh") == {"force"}
    applied.must("migrate:fresh", "--force")


@pytest.mark.parametrize("command", ["migrate:rollback", "migrate:redo"])
def test_outside_production_rollback_and_redo_ask_nothing(applied, command):
    assert "DESTROY_DATA" not in Terminal(applied, command).done(0)


def test_a_database_without_rows_is_not_asked_about(project):
    project.migration("1_x", "CREATE TABLE x (y);", "DROP TABLE x;")
    project.must("migrate:run")
    assert "DESTROY_DATA" not in Terminal(project, "migrate:fresh").done(0)


def test_a_test_twin_is_not_asked_about(bare):
    bare.configure(INI, more="\n[connection:sqlite_test]\ndriver = sqlite\npath = database/test.sqlite\n")
    bare.add_blog()
    bare.must("migrate:run", "--test")
    assert "DESTROY_DATA" not in Terminal(bare, "migrate:fresh", "--test").done(0)


def test_in_production_a_terminal_is_asked_twice(live):
    terminal = Terminal(live, "migrate:fresh", "--force", "--yes", env=FULL)
    terminal.sees("DESTROY_DATA").types("DESTROY_DATA").sees("app.sqlite").types("app.sqlite").done(0)


def test_in_production_the_wrong_name_is_no(live):
    with live.untouched():
        terminal = Terminal(live, "migrate:fresh", "--force", "--yes", env=FULL)
        terminal.sees("DESTROY_DATA").types("DESTROY_DATA").sees("app.sqlite").types("other.sqlite").done(3)


def test_each_databases_name_is_asked_for_in_sorted_order(bare):
    bare.configure(INI, more="\n[connection:alpha]\ndriver = sqlite\npath = database/zulu.sqlite\n" + NO_BACKUP)
    bare.add_blog()
    bare.migration("1_x", "CREATE TABLE x (y);\nINSERT INTO x VALUES (1);", "DROP TABLE x;", connection="alpha")
    bare.must("migrate:run", "--all-connections", env=PRODUCTION)
    terminal = Terminal(bare, "migrate:fresh", "--all-connections", "--force", "--yes", env=FULL)
    terminal.sees("DESTROY_DATA").types("DESTROY_DATA")
    terminal.sees("zulu.sqlite").types("zulu.sqlite").sees("app.sqlite").types("app.sqlite").done(0)


def test_a_pipe_cannot_answer(applied):
    with applied.untouched():
        code, _, err, shown = run_beside_terminal(applied, "migrate:fresh", standard_input=b"DESTROY_DATA\n" * 5, typed=b"no\n")
    assert code == 3, err
    assert "DESTROY_DATA" in shown


def test_the_terminal_answers_though_input_and_output_are_pipes(applied):
    code, _, err, _ = run_beside_terminal(applied, "migrate:fresh", standard_input=b"no\n", typed=b"DESTROY_DATA\n")
    assert code == 0, err


def test_a_change_of_the_database_between_question_and_answer_is_refused(applied):
    """The person said yes to a database stamped development."""
    terminal = Terminal(applied, "migrate:fresh").sees("DESTROY_DATA")
    applied.sql("UPDATE eloquent_meta SET value = 'staging-2' WHERE key = 'stamp.word'; DELETE FROM users;")
    with applied.untouched():
        assert "changed" in terminal.types("DESTROY_DATA").done(3)


# ---- the audit trail -------------------------------------------------------------------------------


def test_refusals_writes_and_destruction_are_on_record_and_safe_commands_are_not(live):
    count = len(live.audit_records())
    live.must("migrate:status", env=PRODUCTION)
    assert len(live.audit_records()) == count
    live.must("migrate:fresh", code=3, env=PRODUCTION)
    live.must("migrate:fresh", "--force", "--yes", env=FULL)
    added = live.audit_records()[count:]
    assert [(r["command"], r["phase"], r["verdict"]) for r in added] == [
        ("migrate:fresh", "refusal", "refused"), ("migrate:fresh", "intent", "allowed"), ("migrate:fresh", "outcome", "allowed")]
    assert added[0]["exit"] == 3 and added[2]["exit"] == 0


def test_the_trail_is_one_chain_over_all_runs(live):
    live.must("migrate:fresh", "--force", "--yes", env=FULL)
    live.must("migrate:fresh", code=3, env=PRODUCTION)
    live.must("migrate:rollback", "--force", "--yes", env=FULL)
    assert live.check_audit_chain() == len(live.audit_records()) >= 7


def test_a_change_in_the_trail_breaks_the_chain(live):
    """So that the check above can fail."""
    live.audit.write_text(live.audit.read_text().replace('"seq":1,', '"seq":1, ', 1))
    with pytest.raises(AssertionError):
        live.check_audit_chain()


def test_the_history_carries_the_head_of_the_trail(applied):
    import hashlib
    lines = applied.audit.read_bytes().splitlines()
    heads = {hashlib.sha256(line + b"\n").hexdigest() for line in lines}
    assert {h for (h,) in applied.events("audit_head")} <= heads


@pytest.mark.not_root
def test_without_a_writable_trail_nothing_destructive_runs(live):
    live.audit.chmod(0o444)
    with live.untouched():
        result = live.must("migrate:fresh", "--force", "--yes", code=3, env=FULL)
    result.names(".eloquent/audit.jsonl")


def test_a_trail_behind_a_link_is_refused(live):
    other = live.root.parent / "elsewhere"
    other.write_text("")
    live.audit.unlink()
    live.audit.symlink_to(other)
    with live.untouched():
        live.must("migrate:fresh", "--force", "--yes", code=3, env=FULL).names("audit.jsonl")
    assert other.read_text() == ""
