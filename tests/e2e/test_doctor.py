"""doctor: the whole set-up looked at, each finding with its remedy; nothing changed."""

import socket
import subprocess

import pytest

from backups import Backups, flip
from project import CONTRACT
from terminal import Terminal
from test_concurrency import end, held  # noqa: F401

CANARY = "canary-4f6d81c2"


def findings(project, *words, code=0, **kwargs):
    document = project.document("doctor", *words, code=code, **kwargs)
    return [(f["level"], f["area"], f["message"], f["remedy"]) for f in document["result"]["findings"]]


def the_one(found, level, area):
    hits = [f for f in found if f[0] == level and f[1] == area]
    assert len(hits) == 1, found
    return hits[0]


def test_a_sound_project_has_no_problem_and_nothing_is_changed(applied):
    with applied.untouched():
        assert not [f for f in findings(applied) if f[0] == "problem"]


def test_each_value_is_shown_with_the_place_that_it_comes_from(applied):
    out = applied.must("doctor", env={"ELOQUENT_LOG_LEVEL": "warn"}).out
    assert f"connection:sqlite.driver = sqlite  {applied.ini}:6" in out
    assert "ELOQUENT_LOG_LEVEL = warn  the variable ELOQUENT_LOG_LEVEL" in out


def test_defaults_are_shown_with_verbose_alone(applied):
    assert "backup.keep = 10" not in applied.must("doctor").out
    assert "backup.keep = 10  the default" in applied.must("doctor", "--verbose").out


@pytest.mark.parametrize("words", [[], ["--verbose"], ["--json"]], ids=["text", "verbose", "json"])
def test_a_secret_is_named_and_never_shown(applied, words):
    applied.configure(more=f"\n[connection:pg]\ndriver = postgres\nhost = 127.0.0.1\nuser = u\npassword = {CANARY}\n")
    applied.ini.chmod(0o600)
    result = applied.must("doctor", *words, code=4)
    assert CANARY not in result.out + result.err
    assert "connection:pg.password" in result.out and "[REDACTED]" in result.out


def test_a_password_in_a_file_that_everybody_can_read_is_a_problem_with_the_mending_command(applied):
    applied.configure(more="\n[connection:pg]\ndriver = postgres\nhost = 127.0.0.1\nuser = u\npassword = secret-word\n")
    problem = the_one(findings(applied, code=4), "problem", "secrets")
    assert problem[2].startswith(f"a password stands in {applied.ini}:") and problem[3] == f"run: chmod o-r {applied.ini}"


def git(project, *words):
    subprocess.run(["git", *words], cwd=project.root, check=True, env={"PATH": "/usr/bin:/bin", "HOME": str(project.root.parent)})


KINDS_OF_INDEX = {
    "version 2": [["init", "-q"], ["add", "-f", "."]],
    "version 3": [["init", "-q"], ["add", "-f", ".env"], ["add", "-f", "-N", "database"]],
    "version 4": [["init", "-q"], ["config", "feature.manyFiles", "true"], ["add", "-f", "."]],
    "sha256": [["init", "-q", "--object-format=sha256"], ["add", "-f", "."]],
    "sha256, version 4": [["init", "-q", "--object-format=sha256"], ["update-index", "--index-version", "4"], ["add", "-f", "."]],
}


@pytest.mark.parametrize("kind", KINDS_OF_INDEX)
def test_a_password_in_a_file_that_git_tracks_is_a_problem_whatever_the_index(applied, kind):
    (applied.root / ".gitignore").write_text(".eloquent\n")
    applied.write(".env", "PG_PASSWORD=secret-word\nPG_HOST=127.0.0.1\n", 0o600)
    for words in KINDS_OF_INDEX[kind]:
        git(applied, *words)
    version = (applied.root / ".git/index").read_bytes()[7]
    assert version == int(next((digit for digit in "34" if kind.endswith(digit)), "2"))
    problem = the_one(findings(applied, "-c", "sqlite", code=4), "problem", "secrets")
    assert "git tracks the file" in problem[2] and "git rm --cached" in problem[3]
    git(applied, "rm", "-q", "--cached", ".env")
    the_one(findings(applied, "-c", "sqlite"), "fine", "secrets")


def test_what_a_split_index_cannot_tell_is_never_fine(applied):
    applied.write(".env", "PG_PASSWORD=secret-word\nPG_HOST=127.0.0.1\n", 0o600)
    for words in (["init", "-q"], ["add", "-f", ".env"], ["update-index", "--split-index"], ["add", "eloquent.ini"]):
        git(applied, *words)
    found = findings(applied, "-c", "sqlite")
    advice = the_one(found, "advice", "secrets")
    assert "whether git tracks the file cannot be told" in advice[2] and "split" in advice[2]
    assert f"git -C {applied.root} ls-files --error-unmatch {applied.root}/.env" in advice[3]
    assert not [f for f in found if f[:2] == ("fine", "secrets")]
    result = applied.must("migrate:status", "--env-file", ".env", env={"APP_ENV": "production"})
    assert "a password stands here, in production, and whether git tracks the file cannot be told" in result.err


@pytest.mark.parametrize("written", ["ini", "variable", "relative"])
def test_a_file_of_one_secret_that_git_tracks_is_a_problem_and_no_error(applied, written):
    secret = applied.write("secrets/pg", "secret-word\n", 0o600)
    more = "\n[connection:pg]\ndriver = postgres\nhost = 127.0.0.1\nuser = u\n"
    env = {}
    if written == "variable":
        env["PG_PASSWORD_FILE"] = str(secret)
    else:
        more += f"password_file = {secret if written == 'ini' else 'secrets/../secrets/pg'}\n"
    applied.configure(more=more)
    found = findings(applied, code=4, env=env)
    the_one(found, "fine", "secrets")
    git(applied, "init", "-q")
    git(applied, "add", "secrets/pg")
    secret.chmod(0o644)
    problem = the_one(findings(applied, code=4, env=env), "problem", "secrets")
    assert "secrets/pg, and git tracks the file" in problem[2] and "git rm --cached" in problem[3]
    production = applied.must("migrate:status", "-c", "sqlite", env={**env, "APP_ENV": "production"})
    assert "git" not in production.err


def test_a_file_of_one_secret_that_everybody_can_read_is_advice_and_not_fine(applied):
    secret = applied.write("secrets/pg", "secret-word\n", 0o444)
    applied.configure(more=f"\n[connection:pg]\ndriver = postgres\nhost = h\nuser = u\npassword_file = {secret}\n")
    found = findings(applied, code=4)
    advice = the_one(found, "advice", "secrets")
    assert advice[2] == f"a secret stands in {secret}, and everybody can read the file (mode 0444)"
    assert advice[3].endswith(f"run: chmod o-r {secret}")
    assert not [f for f in found if f[1] == "secrets" and f[0] != "advice"]


def test_a_connection_that_cannot_be_opened_is_a_problem_and_the_others_are_looked_at(applied):
    applied.configure(more="\n[connection:broken]\ndriver = sqlite\npath = missing/folder/x.sqlite\n")
    found = findings(applied, code=4)
    assert "missing/folder" in the_one(found, "problem", "connection broken")[2]
    assert any(f[1] == "connection sqlite" and "stamped development" in f[2] for f in found)


def test_a_refused_plugin_is_a_problem_with_its_reason(applied):
    stray = applied.write("plugins/elq_driver_stray.so", "no plugin", 0o755)
    stray.parent.chmod(0o755)
    applied.configure(more=f"\n[plugins]\ndir = {stray.parent}\n")
    applied.ini.chmod(0o644)
    assert "elq_driver_stray.so is refused" in the_one(findings(applied, code=4), "problem", "plugins")[2]


def test_a_stamp_that_the_environment_does_not_share_is_advice(applied):
    applied.must("db:stamp", "production", env=CONTRACT)
    hits = [f for f in findings(applied) if f[0] == "advice" and f[1] == "connection sqlite"]
    assert any("stamped production, but the environment says development" in f[2] for f in hits)


def test_a_stamp_of_development_where_the_environment_says_production_is_advice(applied):
    applied.stamp("development")
    applied.configure(more=f"\n[backup]\ndir = {applied.root.parent / 'outside'}\n")
    hits = [f for f in findings(applied, env={"APP_ENV": "production"}) if f[0] == "advice" and "stamped development" in f[2]]
    assert len(hits) == 1 and "the environment says production, which counts" in hits[0][2]
    assert "eloquent db:stamp production -c sqlite" in hits[0][3]


@pytest.mark.parametrize("dir_", [".eloquent/backups", "deep/er/backups", "link/backups"])
def test_in_production_a_folder_of_backups_in_the_project_is_a_problem(applied, dir_):
    (applied.root.parent / "link").symlink_to(applied.root)
    applied.configure(more=f"\n[backup]\ndir = {dir_ if 'link' not in dir_ else applied.root.parent / dir_}\n")
    found = findings(applied, code=4, env={"APP_ENV": "production"})
    assert not [f for f in found if f[:2] == ("fine", "backup")]
    problem = the_one(found, "problem", "backup")
    assert "lies in the project's folder" in problem[2] and "another disk" in problem[3]
    assert not [f for f in findings(applied) if f[0] == "problem"]


def test_in_production_a_folder_of_backups_beside_the_project_is_fine(applied):
    applied.configure(more=f"\n[backup]\ndir = {applied.root}-backups\n")
    the_one(findings(applied, env={"APP_ENV": "production"}), "fine", "backup")


@pytest.mark.parametrize("name", ["eloquent.ini", ".env"])
def test_a_configuration_that_everybody_can_write_is_a_problem_with_the_mending_command(applied, name):
    path = applied.write(name, applied.ini.read_text() if name == "eloquent.ini" else "APP_ENV=development\n", 0o666)
    problem = the_one(findings(applied, code=4), "problem", "configuration")
    assert problem[2] == f"everybody can write {path} (mode 0666)" and problem[3].endswith(f"chmod o-w {path}")


def test_a_file_in_the_place_of_the_backups_folder_is_a_problem(applied):
    applied.write("taken", "")
    applied.configure(more="\n[backup]\ndir = taken\n")
    assert "it is no folder" in [f for f in findings(applied, code=4) if f[:2] == ("problem", "backup")][0][2]


@pytest.mark.not_root
@pytest.mark.parametrize("closed,area", [("backups", "backup"), ("backups/sqlite", "connection sqlite")])
def test_a_folder_of_backups_that_cannot_be_written_is_a_problem(applied, closed, area):
    applied.configure(more="\n[backup]\ndir = backups\n")
    applied.must("db:backup")
    (applied.root / closed).chmod(0o500)
    problem = the_one(findings(applied, code=4), "problem", area)
    (applied.root / closed).chmod(0o700)
    assert "cannot be written" in problem[2] and "right to write" in problem[3]


def test_in_production_the_folder_of_the_backups_must_be_chosen(applied):
    said = [f for f in findings(applied, code=4, env={"APP_ENV": "production"}) if "backup" in f[1] or "backup" in f[2]]
    problem, = said  # and nothing that says where they go
    assert problem[:2] == ("problem", "backup") and "[backup] dir" in problem[2]


def test_a_cache_whose_stores_are_not_installed_is_found(applied):
    level, _, message, remedy = [f for f in findings(applied) if f[1] == "cache"][0]
    assert level == "advice" and "development has no cache" in message and '"development = file"' in remedy
    applied.configure(more="\n[cache]\ndevelopment = memory\n")
    assert "not installed: memory" in the_one(findings(applied, code=4), "problem", "cache")[2]


def test_only_the_chosen_connections_are_looked_at(applied):
    applied.configure(more="\n[connection:other]\ndriver = sqlite\npath = database/other.sqlite\n")
    areas = {f[1] for f in findings(applied, "-c", "other")}
    assert "connection other" in areas and "connection sqlite" not in areas


@pytest.mark.not_root
def test_a_trail_that_cannot_be_written_is_a_problem(applied):
    applied.audit.chmod(0o400)
    assert "cannot be written" in the_one(findings(applied, code=4), "problem", "audit")[2]


def test_without_any_connection_there_is_a_problem(bare):
    assert "there is no connection" in the_one([f for f in findings(bare, code=4) if "connection" in f[2]], "problem", "configuration")[2]


# ---- who else can write ------------------------------------------------------------------------


@pytest.mark.parametrize("path,mode,area", [
    ("database/app.sqlite", 0o666, "connection sqlite"), (".eloquent/audit.jsonl", 0o602, "audit"), (".eloquent", 0o777, "files"),
    ("outside", 0o777, "backup"), ("outside/sqlite", 0o702, "connection sqlite"), ("trail", 0o777, "audit")])
def test_what_everybody_can_write_is_a_problem_with_the_mending_command(applied, path, mode, area):
    more = f"\n[backup]\ndir = {applied.root / 'outside'}\n"
    if path == "trail":
        (applied.root / "trail").mkdir()
        more += "[audit]\npath = trail/audit.jsonl\n"
    applied.configure(more=more)
    applied.must("db:backup")
    before = findings(applied)
    assert not [f for f in before if f[0] == "problem"]
    (applied.root / path).chmod(mode)
    problem = the_one(findings(applied, code=4), "problem", area)
    assert problem[2] == f"everybody can write {applied.root / path} (mode {mode:04o})"
    assert problem[3].endswith(f"run: chmod o-w {applied.root / path}")
    subprocess.run(problem[3].partition("run: ")[2], shell=True, check=True)
    assert [f for f in findings(applied) if f[0] == "problem"] == []


# ---- what a database says of itself ----------------------------------------------------------------


@pytest.mark.parametrize("word", ["", "Staging", "no word", "stagi\u00f1g"])
def test_a_stamp_that_is_no_word_is_a_problem_and_its_remedy_mends_it(applied, word):
    applied.sql(f"UPDATE eloquent_meta SET value = '{word}' WHERE key = 'stamp.word'")
    problem = the_one(findings(applied, code=4), "problem", "connection sqlite")
    assert problem[2] == f'its stamp "{word}" is no word of an environment'
    command, _, rest = problem[3].partition(" says")
    assert rest == " what it is"
    applied.must(*command.split()[1:])
    assert ("fine", "connection sqlite", "stamped development, with a [guard] policy of its own", None) in findings(applied)


def test_a_stamp_of_another_word_than_the_environments_is_advice(applied):
    applied.stamp("staging")
    advice = [f for f in findings(applied) if f[0] == "advice" and "stamped" in f[2]]
    assert [f[2] for f in advice] == ["it is stamped staging, but the environment says development, which counts"]
    assert "APP_ENV=staging" in advice[0][3] and "eloquent db:stamp development -c sqlite" in advice[0][3]
    assert any("stamped staging" in f[2] and f[0] == "fine" for f in findings(applied, env={"APP_ENV": "staging"}))


def test_a_stored_policy_that_cannot_be_read_is_a_problem_and_its_remedy_mends_it(applied):
    applied.stamp("development")
    applied.sql("UPDATE eloquent_meta SET value = 'forbid=perhaps' WHERE key = 'policy'")
    problem = the_one(findings(applied, code=4), "problem", "connection sqlite")
    assert "policy that is stored in it cannot be read, and counts as the strictest" in problem[2]
    before, _, command = problem[3].partition(" stores")[0].partition(" eloquent ")
    assert before == "on a terminal: APP_ENV=production ELOQUENT_ALLOW_PROD_DESTRUCTIVE=true"
    assert command == "db:stamp development -c sqlite --force --yes"
    Terminal(applied, *command.split(), env=CONTRACT).sees("app.sqlite").types("app.sqlite").done(0)
    assert not [f for f in findings(applied) if f[0] == "problem"]


def test_a_damaged_table_of_ours_is_a_problem_and_its_remedy_mends_it(applied):
    applied.must("db:backup")
    applied.sql("ALTER TABLE eloquent_meta RENAME COLUMN key TO kee")
    problem = the_one(findings(applied, code=4), "problem", "connection sqlite")
    assert "what it says of itself cannot be read" in problem[2] and "key" in problem[2]
    assert problem[3].startswith(f"move {applied.database} and what lies beside it away")
    for path in applied.database.parent.glob("app.sqlite*"):
        path.rename(applied.root.parent / path.name)
    applied.must(*problem[3].partition("eloquent ")[2].split(), "--force")
    assert not [f for f in findings(applied) if f[0] == "problem"]


# ---- the rest of a connection --------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["migration", "runtime"])
def test_where_there_are_credentials_per_role_the_role_in_use_is_said(applied, role):
    applied.configure(more="migration.path = database/app.sqlite\n")
    found = findings(applied, env={"ELOQUENT_DB_ROLE": role})
    assert ("fine", "connection sqlite", f"the role is {role}", None) in found


def test_in_production_one_set_of_credentials_for_all_is_advice(applied):
    applied.stamp("production", env=CONTRACT)
    applied.configure(more=f"\n[backup]\ndir = {applied.root.parent / 'outside'}\n")
    says = "it has one set of credentials for the application and for migrations"
    hits = [f for f in findings(applied, env={"APP_ENV": "production"}) if f[2] == says]
    assert [f[:2] for f in hits] == [("advice", "connection sqlite")] and "migration.user" in hits[0][3]
    assert says not in [f[2] for f in findings(applied)]


def test_a_lock_that_is_held_is_shown_with_its_holder(held):  # noqa: F811
    project, holder = held
    hits = [f for f in findings(project) if "holds its lock" in f[2]]
    assert [f[:2] for f in hits] == [("fine", "connection sqlite")]
    assert f"migrate:run by carol on {socket.gethostname()} (pid {holder.pid}) holds its lock since 2" in hits[0][2]


def test_a_name_that_a_dead_run_left_in_the_lock_is_advice_and_its_remedy_removes_it(held):  # noqa: F811
    project, holder = held
    end(holder)
    holder.communicate()
    hits = [f for f in findings(project) if "left its name in the lock" in f[2]]
    assert [f[:2] for f in hits] == [("advice", "connection sqlite")]
    assert "(migrate:run) left its name in the lock; it is no longer held" in hits[0][2]
    project.must(*hits[0][3].partition(" removes it")[0].split()[1:])
    assert not [f for f in findings(project) if "lock" in f[2]]


@pytest.mark.parametrize("broken", ["failed", "unreadable"])
def test_a_damaged_backup_is_a_problem_that_names_it(applied, broken):
    backups = Backups(applied)
    name = backups.take()
    if broken == "failed":
        flip(backups.dump(name), 0.5)
        applied.run("db:backup:verify", name)
    else:
        (backups.folder / f"{name}.json").write_text("{}")
    found = findings(applied, code=4)
    problem = the_one(found, "problem", "connection sqlite")
    assert problem[2].startswith(f"the backup {name}: ") and "do not rely on it" in problem[3]
    assert any(f[0] == "advice" and f[2] == "there is no verified backup" for f in found)
    backups.take()
    assert any(f[0] == "fine" and f[2] == "1 verified backup" for f in findings(applied, code=4))


@pytest.mark.not_root
def test_a_database_that_can_only_be_read_is_a_problem(applied):
    applied.database.chmod(0o400)
    problem = the_one(findings(applied, code=4), "problem", "connection sqlite")
    applied.database.chmod(0o600)
    assert problem[2] == "it can only be read" and "right to write the database and its folder" in problem[3]


# ---- the drivers' parameters -----------------------------------------------------------------------------


def test_the_parameters_of_each_loaded_driver_are_shown_with_verbose(applied):
    applied.configure(more="\n[connection:other]\ndriver = sqlite\npath = database/other.sqlite\n")
    assert "parameters of" not in applied.must("doctor").out
    lines = applied.must("doctor", "--verbose").out.splitlines()
    assert lines.count("parameters of the driver sqlite") == 1
    shown = [" ".join(line.split()) for line in lines]
    assert "path path connection the database file; its folder must exist" in shown
    assert "url text connection (secret) instead of path: sqlite:relative/path or sqlite:///absolute/path" in shown
    assert "lock_timeout duration connection (default 5s) how long to wait for other programs' locks on the file" in shown
    assert "foreign_keys bool migration (default no) enforce foreign keys while this migration runs" in shown


def test_the_parameters_of_each_loaded_driver_stand_in_the_document(applied):
    driver, = applied.document("doctor")["result"]["drivers"]
    assert driver["name"] == "sqlite"
    by_name = {parameter["name"]: parameter for parameter in driver["parameters"]}
    assert set(by_name) == {"path", "url", "lock_timeout", "foreign_keys"}
    assert by_name["url"]["secret"] is True and by_name["path"]["secret"] is False
    assert by_name["lock_timeout"] == {"name": "lock_timeout", "type": "duration", "place": "connection", "secret": False, "required": False,
                                       "default": "5s", "help": "how long to wait for other programs' locks on the file"}
    assert (by_name["foreign_keys"]["place"], by_name["path"]["default"]) == ("migration", None)
