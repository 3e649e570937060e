"""What the tests of backups share: the catalog through the program and past it, and
the judges: zstd and the native sqlite3 shell."""

import hashlib
import json
import subprocess

from project import INI, PRODUCTION

FRESH = {**PRODUCTION, "ELOQUENT_DB_ROLE": "migration"}
LATE = "20260104000000_late"


class Backups:
    """The backups of one project's connection."""

    def __init__(self, project, folder=".eloquent/backups", connection="sqlite"):
        self.project = project
        self.root = project.root / folder
        self.folder = self.root / connection

    def take(self, *words, env=None):
        """The id of a new one."""
        document = self.project.document("db:backup", *words, env=env or {})
        return document["connections"][0]["result"]["backup"]["id"]

    def list(self, env=None):
        return self.project.document("db:backup:list", env=env or {})["connections"][0]["result"]["backups"]

    def ids(self, level=None, env=None):
        return [b["id"] for b in self.list(env) if level in (None, b["level"])]

    def dump(self, name):
        return self.folder / f"{name}.sqlite.zst"

    def manifest(self, name):
        """By docs/backup-format.md's own rule: the last member is the hash of what stands before it."""
        data = (self.folder / f"{name}.json").read_bytes()
        before, mark, tail = data.rpartition(b',"hash":"')
        assert mark and tail.endswith(b'"}\n'), data[-100:]
        assert hashlib.sha256(before).hexdigest() == tail[:-3].decode()
        return json.loads(data)

    def unpacked(self, name):
        """The database that zstd alone makes of it."""
        target = self.project.root.parent / f"{name}.sqlite"
        subprocess.run(["/usr/bin/zstd", "-q", "-d", "-f", str(self.dump(name)), "-o", str(target)], check=True)
        return target

    def check_clean(self):
        """Nothing but whole backups: no run's folder, no dump without its manifest."""
        if self.root.exists():
            assert [p.name for p in (self.root / ".work").iterdir()] == ["guard"]
        if self.folder.exists():
            names = {p.name.split(".")[0] for p in self.folder.iterdir()}
            assert {p.name for p in self.folder.iterdir()} == {n + e for n in names for e in (".json", ".sqlite.zst")}


def make_production(project):
    """Stamps its database production, and gives it a folder for backups."""
    project.ini.write_text(INI + "\n[backup]\ndir = backups\n")
    project.stamp("production", env=PRODUCTION)


def late(project, up="CREATE TABLE late (x);\nINSERT INTO users (name) VALUES ('late');"):
    """One more migration, not yet run."""
    project.migration(LATE, up, "DROP TABLE late;")


def contents(project, database=None):
    """Every object and row of the user's, as the native shell writes them down."""
    shell = subprocess.run(["/usr/bin/sqlite3", str(database or project.database), ".dump"], capture_output=True, check=True)
    return [line for line in shell.stdout.decode("utf-8", "replace").splitlines() if "eloquent_" not in line]


def flip(path, at):
    """One bit of the byte at this place; `at` may be a part of the whole."""
    data = bytearray(path.read_bytes())
    data[int(at * (len(data) - 1)) if isinstance(at, float) else at] ^= 0x10
    path.write_bytes(data)
