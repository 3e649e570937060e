"""doctor: the whole set-up looked at, each finding with its remedy; nothing changed."""

import subprocess

import pytest

from project import CONTRACT

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


def test_a_password_in_a_file_that_git_tracks_is_a_problem(applied):
    applied.write(".env", "PG_PASSWORD=secret-word\nPG_HOST=127.0.0.1\n", 0o600)
    for words in (["init", "-q"], ["add", "-f", ".env"]):
        subprocess.run(["git", *words], cwd=applied.root, check=True, env={"PATH": "/usr/bin:/bin", "HOME": str(applied.root)})
    problem = the_one(findings(applied, code=4), "problem", "secrets")
    assert "git tracks the file" in problem[2] and "git rm --cached" in problem[3]


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
