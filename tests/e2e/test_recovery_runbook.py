"""docs/rollback-recovery.md is executed: its fenced commands, in order, on damaged
databases. Each chapter begins with the damage that it is about."""

import shutil
import subprocess

import pytest

from project import SOURCE

RUNBOOK = SOURCE / "docs" / "rollback-recovery.md"
USERS, POSTS, PHONES = "20260101000000_create_users", "20260102000000_create_posts", "20260103000000_add_phones"


def chapters():
    """{title: [(command, expected exit code)]}; a line `# exit N` above a command says what
    it must exit with, otherwise 0."""
    found, title, inside, expected = {}, None, False, 0
    for line in RUNBOOK.read_text().split("\n"):
        if line.startswith("## "):
            title = line[3:]
            found[title] = []
        elif line.startswith("```"):
            inside = line == "```sh" and not inside
        elif inside and line.startswith("# exit "):
            expected = int(line[7:])
        elif inside and line.strip() and not line.startswith("#"):
            found[title].append((line, expected))
            expected = 0
    return {t: commands for t, commands in found.items() if commands}


DAMAGE = {}


def damage(title):
    def remember(function):
        DAMAGE[title] = function
        return function
    return remember


def phones(project, down):
    project.migration(PHONES, "ALTER TABLE users ADD COLUMN phone TEXT;", down)


@damage("A down section failed")
def _(project):
    phones(project, "ALTER TABLE users DROP COLUMN fone;")
    project.must("migrate:run")
    project.must("migrate:rollback", "--step", "1", code=1)


@damage("There is no down section")
def _(project):
    phones(project, None)
    project.must("migrate:run")
    project.must("migrate:rollback", "--step", "1", code=4)


@damage("A migration without a transaction stopped half way")
def _(project):
    project.write(f"database/migrations/sqlite/{PHONES}.sql", "-- migrate:up transaction:false\nALTER TABLE users ADD COLUMN phone TEXT;\n"
                  "CREATE INDEX phones ON user (phone);\n-- migrate:down\nDROP INDEX phones;\nALTER TABLE users DROP COLUMN phone;\n")
    project.must("migrate:run", code=1)


@damage("An applied file was edited")
def _(project):
    phones(project, "ALTER TABLE users DROP COLUMN phone;")
    project.must("migrate:run")
    file = project.migrations / "sqlite" / f"{POSTS}.sql"
    file.write_text(file.read_text() + "-- a remark\n")
    project.must("migrate:rollback", code=4)


@damage("An applied file is gone")
def _(project):
    phones(project, "ALTER TABLE users DROP COLUMN phone;")
    project.must("migrate:run")
    (project.migrations / "sqlite" / f"{PHONES}.sql").unlink()
    project.must("migrate:run", code=4)


@damage("A run was killed")
def _(project):
    project.must("migrate:run")


@damage("The chain of the history is broken")
def _(project):
    phones(project, "ALTER TABLE users DROP COLUMN phone;")
    project.must("migrate:run")
    shutil.copy(project.database, project.root / "database/last-good.sqlite")
    project.sql("UPDATE eloquent_history SET actor = 'nobody' WHERE sequence = 2")


@damage("The chain is broken, and no copy holds it whole")
def _(project):
    project.must("migrate:run")
    project.sql("DELETE FROM eloquent_history WHERE sequence = 2")
    phones(project, "ALTER TABLE users DROP COLUMN phone;")


@damage("The database file is damaged")
def _(project):
    project.must("migrate:run")
    project.sql("CREATE TABLE filler (x); INSERT INTO filler WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 3000) "
                "SELECT hex(randomblob(40)) FROM c; CREATE INDEX filler_x ON filler (x);")
    page = int(project.value("SELECT rootpage FROM sqlite_schema WHERE name = 'filler_x'"))
    with open(project.database, "r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xaa" * 4096)


def test_every_chapter_with_commands_has_its_damage_here():
    assert list(chapters()) == list(DAMAGE)


@pytest.mark.parametrize("title", list(DAMAGE))
def test_the_commands_of_a_chapter_mend_its_damage(project, title):
    project.add_blog()
    (project.migrations / "sqlite" / "20260103000000_first_users.sql").unlink()
    DAMAGE[title](project)
    tools = project.root.parent / "bin"
    tools.mkdir()
    (tools / "eloquent").symlink_to(project.installation.program)
    environment = {**project.environment(), "PATH": f"{tools}:/usr/bin:/bin", "EDITOR": "true"}
    for command, expected in chapters()[title]:
        child = subprocess.run(["/bin/bash", "-c", command], cwd=project.root, env=environment, stdin=subprocess.DEVNULL,
                               capture_output=True, start_new_session=True, timeout=60, check=False)
        assert child.returncode == expected, f"$ {command}\nexit {child.returncode} instead of {expected}\n{child.stdout.decode()}{child.stderr.decode()}"
    project.must("migrate:validate")
    project.must("migrate:status", "--exit-code")
    assert project.value("PRAGMA integrity_check") == "ok"
    assert {"users", "posts"} <= set(project.tables())


def test_the_page_quotes_what_a_broken_chain_is_called(project):
    """Its two sentences are the program's."""
    text = " ".join(RUNBOOK.read_text().split())
    project.add_blog()
    project.must("migrate:run")
    whole = project.database.read_bytes()
    for damage, sentence in (("UPDATE eloquent_history SET actor = 'nobody' WHERE sequence = 2",
                              "event 2 of the history was changed: its hash does not fit"),
                             ("DELETE FROM eloquent_history WHERE sequence = 3",
                              "event 3 of the history is missing: the history was verified beyond it before")):
        project.database.write_bytes(whole)
        project.sql(damage)
        project.must("migrate:validate", code=4).names(sentence)
        assert f'"{sentence}"' in text


def test_a_wrong_copy_of_the_history_is_found(project):
    """An older copy put back: the chapter says that the chain proves it."""
    project.add_blog()
    project.must("migrate:run", "--step", "2")
    shutil.copy(project.database, project.root / "database/last-good.sqlite")
    project.must("migrate:run")
    put_back = [c for c, _ in chapters()["The chain of the history is broken"] if "ATTACH" in c]
    assert len(put_back) == 1
    subprocess.run(["/bin/bash", "-c", put_back[0]], cwd=project.root, env=project.environment(), check=True, timeout=60)
    assert project.error_code("migrate:validate", code=4) == "history_broken"
