"""A case for every command of the table: words that make it do its work, and a
project in which they can. What must hold for all of them walks over CASES:
failing calls (tests/soak/faults.py), secrets (test_canary.py). A command without
a case, or a case without a command, is a red test (test_every_command.py).
"""

import shutil
from dataclasses import dataclass
from typing import Callable

FIRST = "20260101000000_create_users"
LAST = "20260103000000_first_users"
CACHE = "[cache]\ndevelopment = file\n"


# ---- projects ------------------------------------------------------------------------


def working(project):
    """Three applied migrations, a pending one, a verified backup, a cache."""
    project.configure(more=CACHE)
    project.add_blog()
    project.must("migrate:run")
    project.must("db:backup")
    project.migration("20260104000000_more", "CREATE TABLE more (x);", "DROP TABLE more;")


def empty(_):
    """A folder without a file."""


def unmanaged(project):
    """A schema that somebody else made, and its migrations."""
    project.configure()
    project.add_blog()
    project.sql("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL);"
                "CREATE TABLE posts (id INTEGER PRIMARY KEY, author INTEGER REFERENCES users (id));")


def sown(project):
    """Nothing is pending, and there is a seed."""
    project.configure()
    project.add_blog()
    project.must("migrate:run")
    project.write("database/seeds/PostSeeder.sql", "INSERT INTO posts (author) VALUES (1);\nINSERT INTO posts (author) VALUES (2);\n")


@dataclass(frozen=True)
class Case:
    words: str
    prepare: Callable = working
    code: int = 0
    again: str = "" # what finishes the work when it failed, if not the same words


CASES = {
    "init": Case("init", empty),
    "list": Case("list"),
    "help": Case("help migrate:run"),
    "version": Case("version"),
    "doctor": Case("doctor"),
    "completion": Case("completion bash"),
    "plugin:list": Case("plugin:list"),
    "plugin:new": Case("plugin:new driver acme"),
    "make:migration": Case("make:migration later --sql"),
    "migrate:run": Case("migrate:run"),
    "migrate:rollback": Case("migrate:rollback"),
    "migrate:status": Case("migrate:status"),
    "migrate:reset": Case("migrate:reset --force"),
    "migrate:fresh": Case("migrate:fresh --force"),
    "migrate:redo": Case("migrate:redo", again="migrate:run"),
    "migrate:baseline": Case(f"migrate:baseline {LAST}", unmanaged),
    "migrate:validate": Case("migrate:validate"),
    "migrate:repair": Case(f"migrate:repair --mark reverted {LAST}"),
    "migrate:unlock": Case(f"migrate:unlock {'0' * 32}"),
    "db:stamp": Case("db:stamp staging"),
    "db:migrate": Case("db:migrate"),
    "db:backup": Case("db:backup"),
    "db:backup:list": Case("db:backup:list"),
    "db:backup:verify": Case("db:backup:verify"),
    "db:restore": Case("db:restore latest --force"),
    "db:seed": Case("db:seed", sown),
    "db:seed:precheck": Case("db:seed:precheck", sown),
    "audit:show": Case("audit:show"),
    "audit:verify": Case("audit:verify"),
    "cache:stats": Case("cache:stats"),
    "cache:clear": Case("cache:clear"),
}


def commands_of(project):
    """The names of the table, as the program itself lists them."""
    return {row["name"] for row in project.document("list")["result"]["commands"]}


class Copies:
    """Fresh copies of one prepared project, one per trial."""

    def __init__(self, project):
        self.project = project
        self.kept = project.root.parent / f"{project.root.name}-kept"
        shutil.copytree(project.root, self.kept, symlinks=True)

    def restore(self):
        shutil.rmtree(self.project.root)
        shutil.copytree(self.kept, self.project.root, symlinks=True)
