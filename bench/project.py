"""The projects that the benchmarks run in: files of one shape and size, an INI,
and a clean environment. What is measured and judged stands in bench/run."""

import os
import pathlib
import sqlite3

FILE_SIZE = 930  # bytes: what hand-written migrations weigh
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "USER": "bench", "HOME": "/nonexistent"}


def migration_text(number):
    """One table, one index, and words to the usual size."""
    up = (
        f"-- migrate:up\n"
        f"CREATE TABLE item_{number:05d} (\n"
        f"\tid INTEGER PRIMARY KEY,\n"
        f"\towner_id INTEGER NOT NULL,\n"
        f"\ttitle TEXT NOT NULL,\n"
        f"\tcreated_at TEXT NOT NULL\n"
        f");\n"
        f"CREATE INDEX item_{number:05d}_owner ON item_{number:05d} (owner_id);\n"
        f"\n-- migrate:down\n"
    )
    down = f"DROP TABLE item_{number:05d};\n"
    comment = "-- The table is dropped with its index; nothing else refers to it."
    filler = ""
    while len(up) + len(filler) + len(comment) + 1 + len(down) <= FILE_SIZE:
        filler += comment + "\n"
    return up + filler + down


def migration_name(number):
    """A stamp of fourteen digits, one second apart."""
    seconds = number
    return f"20260101{seconds // 3600:02d}{seconds // 60 % 60:02d}{seconds % 60:02d}_item_{number:05d}.sql"


def write_migrations(folder, count):
    """COUNT files below folder/sqlite; returns that folder."""
    target = pathlib.Path(folder) / "sqlite"
    target.mkdir(parents=True)
    for number in range(1, count + 1):
        (target / migration_name(number)).write_text(migration_text(number))
    return target


class Project:
    """A folder with an eloquent.ini whose database does not exist yet."""

    def __init__(self, root, migrations):
        self.root = pathlib.Path(root)
        self.root.mkdir(parents=True)
        self.database = self.root / "app.sqlite"
        (self.root / "eloquent.ini").write_text(
            f"[project]\ndefault = sqlite\nmigrations = {migrations}\n\n"
            f"[connection:sqlite]\ndriver = sqlite\npath = {self.database}\n\n"
            f"[audit]\npath = {self.root}/audit.jsonl\n"
        )

    def command(self, program, *words):
        """The command line of the program in this project."""
        return [str(program), "--config", str(self.root / "eloquent.ini"), *words]

    def applied(self):
        """How many rows of the tracker say `applied`."""
        connection = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)
        try:
            return connection.execute(
                "SELECT count(*) FROM eloquent_history WHERE event = 'applied'").fetchone()[0]
        finally:
            connection.close()

    def tracker(self):
        """The CREATE statements of the program's own tables."""
        connection = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)
        try:
            rows = connection.execute(
                "SELECT sql FROM sqlite_master WHERE tbl_name LIKE 'eloquent_%' AND sql IS NOT NULL"
            ).fetchall()
        finally:
            connection.close()
        return "".join(row[0] + ";\n" for row in rows)


def sync():
    """Leaves no dirty pages of the set-up behind for a measured run to write."""
    os.sync()
