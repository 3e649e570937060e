"""docs/production.md is executed: each cell of its tables, and each of its fenced commands."""

import shlex

import pytest

from project import INI, SOURCE, first_error
from test_backup_runbook import fenced, shell

PAGE = SOURCE / "docs/production.md"
ROLES = INI + "migration.path = database/app.sqlite\n"
PENDING = ("migrate:run", "db:migrate")
ROLE_WARNING = "set ELOQUENT_DB_ROLE=migration"


def tables():
    """{the heading: [row]}, a row being its cells, of the page's tables."""
    found = {}
    for chapter in PAGE.read_text().split("\n## ")[1:]:
        heading, _, text = chapter.partition("\n")
        found[heading] = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    return found


def environments():
    """{the name: its variables}, as the first table says."""
    head, _, *rows = tables()["The four environments"]
    names = [cell.strip("`") for cell in head[2:]]
    return {row[0]: dict(zip(names, (cell.strip("`") for cell in row[2:]))) for row in rows}


def cells(heading):
    """[(command line, environment's name, what the page says)] of a chapter's table."""
    head, _, *rows = tables()[heading]
    assert set(head[1:]) <= set(environments())
    return [(row[0].strip("`"), name, cell) for row in rows for name, cell in zip(head[1:], row[1:])]


def words_of(line):
    """(variables in front, words) of a command line."""
    words = shlex.split(line)
    at = words.index("eloquent")
    return dict(word.split("=", 1) for word in words[:at]), words[at + 1:]


def outcome(project, variables, words):
    """What happened, in the page's own words; what was refused has changed nothing."""
    before = project.fingerprint()
    result = project.run("--json", *words, env=variables)
    if result.code == 0:
        return "runs, warns" if ROLE_WARNING in result.err else "runs"
    assert project.fingerprint() == before, result
    if result.code == 3:
        return "refused: " + ", ".join(first_error(result.document)["reasons"])
    return f"exit {result.code}"


@pytest.fixture
def place(applied):
    """The project of the page: values per role, a folder for backups, a cache; a seed for everywhere."""
    applied.ini.write_text(ROLES + f"\n[backup]\ndir = {applied.root.parent / 'backups'}\n\n[cache]\ndevelopment = file\nproduction = file\n")
    applied.write("database/seeds/UserSeeder.sql", "-- eloquent:seed environments=development,production\nINSERT INTO users (name) VALUES ('Ada');\n")
    return applied


def add_pending(project):
    project.migration("20260104000000_more", "CREATE TABLE more (x);", "DROP TABLE more;")


def executed(project, name, line):
    variables = environments()[name]
    added, words = words_of(line)
    if words[0] in PENDING:
        add_pending(project)
    if words[0] == "db:restore":
        project.must("db:backup", env=variables)
    return outcome(project, {**variables, **added}, words)


def test_the_four_environments_are_every_pair_of_place_and_role():
    assert sorted(tuple(v.values()) for v in environments().values()) == [(place, role) for place in ("development", "production")
                                                                          for role in ("migration", "runtime")]
    assert tables()["What runs in each"][0][1:] == list(environments())


@pytest.mark.parametrize("line,name,said", cells("What runs in each"), ids=lambda text: text.replace("eloquent ", ""))
def test_each_command_does_in_each_environment_what_the_page_says(place, line, name, said):
    variables = environments()[name]
    place.stamp(variables["APP_ENV"], env=variables)
    assert executed(place, name, line) == said


@pytest.mark.parametrize("line,name,said", cells("The wrong shell"), ids=lambda text: text.replace("eloquent ", ""))
def test_from_the_wrong_shell_each_command_does_what_the_page_says(place, line, name, said):
    place.stamp("production", env={"APP_ENV": "production"})
    assert executed(place, name, line) == said


# ---- the fenced commands ---------------------------------------------------------------------------


def execute(project, lines):
    """The lines as one script of a shell that ends at the first that fails."""
    done = shell(project, "\n".join(["set -e", *lines]))
    assert done.returncode == 0, f"{lines}\n{done.stdout}{done.stderr}"
    return done


def test_the_steps_of_a_release_migrate_and_seed_a_production_database(place):
    release, _ = fenced(PAGE, "sh")
    place.stamp("production", env={"APP_ENV": "production"})
    add_pending(place)
    execute(place, release)
    assert place.applied_names()[-1] == "20260104000000_more"
    assert place.value("SELECT count(*) FROM users WHERE name = 'Ada'") == 1
    assert list((place.root.parent / "backups").rglob("*.json")), "db:migrate took a backup"


def test_the_steps_of_a_meant_destruction_take_back_every_migration_and_leave_a_backup(place):
    _, destruction = fenced(PAGE, "sh")
    place.stamp("production", env={"APP_ENV": "production"})
    done = execute(place, destruction)
    assert place.applied_names() == [] and place.tables() == []
    assert "restored" in done.stdout.splitlines()[-1]


LINES = ["eloquent db:seed --all-connections --class UserSeeder", "eloquent db:seed:precheck --all-connections",
         "eloquent migrate:reset --all-connections --all-migrations --force --yes", "eloquent cache:stats", "eloquent cache:clear",
         "eloquent migrate:status", "export APP_ENV=production", "export ELOQUENT_DB_ROLE=migration",
         "export ELOQUENT_ALLOW_PROD_DESTRUCTIVE=true"]
"""What people have in their own runbooks, to the letter."""


@pytest.mark.parametrize("line", LINES)
def test_the_lines_of_peoples_own_runbooks_stand_on_the_page_to_the_letter(line):
    assert line in sum(fenced(PAGE, "sh"), [])


@pytest.mark.parametrize("remedy", ["eloquent migrate:run", "eloquent migrate:run --test"])
def test_a_precheck_that_fails_is_clean_after_the_migrations_ran(bare, remedy):
    """With --test the twin's database is the one that is behind and is mended."""
    bare.configure(INI + "\n[connection:sqlite_test]\ndriver = sqlite\npath = database/test.sqlite\n")
    bare.add_blog()
    bare.must("migrate:run")
    bare.must("migrate:run", "--test")
    add_pending(bare)
    words = shlex.split(remedy)[1:]
    twin = words[1:]
    bare.must("db:seed:precheck", *twin, code=4)
    bare.must(*words)
    bare.must("db:seed:precheck", *twin)
