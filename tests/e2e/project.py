"""A project on disk, the installed program run in it, and judges that are not
the program: the native sqlite3 shell, hashes of the folder, jsonschema.

Children are clean: an empty environment plus what the test names, a session of
their own (no terminal unless the test gives one), no standard input.
"""

import contextlib
import hashlib
import json
import os
import signal
import subprocess
from pathlib import Path

import jsonschema

SOURCE = Path(__file__).resolve().parents[2]
SCHEMAS = SOURCE / "docs" / "json"
SLOWNESS = 5 if os.environ.get("ELOQUENT_SANITIZED") == "1" else 1
"""A sanitized program is slower; so long is everything waited for."""
TIMEOUT = 60 * SLOWNESS

INI = """\
[project]
name = blog
default = sqlite

[connection:sqlite]
driver = sqlite
path = database/app.sqlite
"""

NO_BACKUP = "\n[guard]\nrequire_backup = no\n"
"""Behind INI: a policy that asks for no backup."""

PRODUCTION = {"APP_ENV": "production"}
CONTRACT = {**PRODUCTION, "ELOQUENT_ALLOW_PROD_DESTRUCTIVE": "true"}
"""The environment's part of the production contract; --force and --yes are the words'."""
FULL = {**CONTRACT, "ELOQUENT_DB_ROLE": "migration"}
"""The same, in the role that may change the schema."""


class Installation:
    """An installed program, and the build folder that it came from."""

    def __init__(self, prefix, build):
        self.prefix = prefix
        self.build = build
        self.program = prefix / "bin" / "eloquent"
        found = sorted(prefix.glob("lib*/**/eloquent/plugins"))
        self.plugins = found[0] if found else prefix / "lib/eloquent/plugins"
        self.zoo = build / "tests" / "zoo"
        assert self.program.is_file(), f"{self.program} is not there: build and install first"

    def shim(self, name):
        path = self.build / "tests" / "preload" / f"{name}.so"
        assert path.is_file(), f"{path} is not there: the plain build makes it"
        return str(path)


class Result:
    """What one run of the program came to."""

    def __init__(self, words, code, out, err):
        self.words, self.code, self.out, self.err = words, code, out, err

    def __repr__(self):
        return (f"$ eloquent {' '.join(self.words)}\nexit {self.code}\n"
                f"--- out\n{self.out}\n--- err\n{self.err}")

    def names(self, *texts):
        """Standard error names each of these."""
        for text in texts:
            assert str(text) in self.err, f"standard error does not name {text!r}\n{self!r}"
        return self

    @property
    def document(self):
        """The one JSON document on standard output, valid by its schema."""
        try:
            document = json.loads(self.out)
        except ValueError as problem:
            raise AssertionError(f"not exactly one JSON document: {problem}\n{self!r}")
        assert_valid(document)
        assert document["exit"] == self.code, self
        assert document["ok"] == (self.code == 0), self
        return document


def schema_path(command):
    """The schema of a command's document; without a known command, the envelope's."""
    path = SCHEMAS / f"{(command or 'envelope').replace(':', '-')}.json"
    return path if path.is_file() else SCHEMAS / "envelope.json"


def assert_valid(document):
    path = schema_path(document.get("command"))
    schema = json.loads(path.read_text())
    store = {}
    for file in SCHEMAS.glob("*.json"):
        store[file.name] = json.loads(file.read_text())
    resolver = jsonschema.RefResolver(base_uri=path.name, referrer=schema, store=store)
    jsonschema.Draft202012Validator(schema, resolver=resolver,
                                    format_checker=jsonschema.FormatChecker()).validate(document)


class Project:
    def __init__(self, installation, root):
        self.installation = installation
        self.root = root
        self.ini = root / "eloquent.ini"
        self.database = root / "database" / "app.sqlite"
        self.migrations = root / "database" / "migrations"
        self.audit = root / ".eloquent" / "audit.jsonl"

    # ---- files -----------------------------------------------------------------

    def configure(self, text=INI, more=""):
        (self.root / "database").mkdir(exist_ok=True)
        return self.write("eloquent.ini", text + more)

    def write(self, path, text, mode=0o644):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(text, bytes):
            file.write_bytes(text)
        else:
            file.write_text(text, encoding="utf-8")
        file.chmod(mode)
        return file

    def migration(self, name, up="", down=None, connection="sqlite"):
        """name: 20260101000000_words; returns the file."""
        text = f"-- migrate:up\n{up}\n"
        if down is not None:
            text += f"\n-- migrate:down\n{down}\n"
        return self.write(f"database/migrations/{connection}/{name}.sql", text)

    def add_blog(self):
        self.migration("20260101000000_create_users",
                       "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL);",
                       "DROP TABLE users;")
        self.migration("20260102000000_create_posts",
                       "CREATE TABLE posts (id INTEGER PRIMARY KEY, author INTEGER REFERENCES users (id));",
                       "DROP TABLE posts;")
        self.migration("20260103000000_first_users",
                       "INSERT INTO users (name) VALUES ('ann');\nINSERT INTO users (name) VALUES ('bob');",
                       "DELETE FROM users;")

    def numbered(self, count, up="CREATE TABLE t{n} (id INTEGER);", down="DROP TABLE t{n};"):
        """count migrations; returns their names."""
        names = []
        for n in range(1, count + 1):
            names.append(f"2026010100{n:04d}_t{n}")
            self.migration(names[-1], up.format(n=n), down.format(n=n))
        return names

    def fingerprint(self):
        """What a command that failed must have left alone: every path, mode, link and
        byte of the project, but for our own trail and lock files."""
        digest = hashlib.sha256()
        for path in sorted(self.root.rglob("*")):
            inside = path.relative_to(self.root)
            if inside.parts[0] == ".eloquent" or path.name.endswith(".eloquent-lock"):
                continue
            digest.update(f"{inside} {path.lstat().st_mode:o}\n".encode("utf-8", "surrogateescape"))
            if path.is_symlink():
                digest.update(os.readlink(path).encode())
            elif path.is_file() and os.access(path, os.R_OK):
                digest.update(path.read_bytes())
        return digest.hexdigest()

    @contextlib.contextmanager
    def untouched(self):
        before = self.fingerprint()
        yield
        assert self.fingerprint() == before, "a file of the project changed"

    # ---- the program -------------------------------------------------------------

    def command(self, words):
        return [str(self.installation.program), *map(str, words)]

    def environment(self, env=None, preload=None):
        clean = {"PATH": "/usr/bin:/bin"}
        if preload:
            clean["LD_PRELOAD"] = self.installation.shim(preload)
        clean.update(env or {})
        return clean

    def run(self, *words, env=None, preload=None, cwd=None, stdout=None, limits=None, timeout=TIMEOUT):
        """Runs to the end. limits: called in the child (resource limits)."""
        child = subprocess.run(self.command(words), cwd=cwd or self.root, env=self.environment(env, preload),
                               stdin=subprocess.DEVNULL, stdout=stdout or subprocess.PIPE,
                               stderr=subprocess.PIPE, start_new_session=True, preexec_fn=limits,
                               timeout=timeout, check=False)
        out = (child.stdout or b"").decode("utf-8", "replace")
        result = Result([ascii(str(w))[1:-1] for w in words], child.returncode, out, child.stderr.decode("utf-8", "replace"))
        assert "Sanitizer" not in result.err and "runtime error:" not in result.err, result
        return result

    def must(self, *words, code=0, **kwargs):
        result = self.run(*words, **kwargs)
        assert result.code == code, f"expected exit {code}\n{result!r}"
        return result

    def fails(self, code, *words, names=(), **kwargs):
        """The rule for bad input: this exit code, standard error names each of `names`,
        nothing on standard output, and no file or database changed."""
        with self.untouched():
            result = self.must(*words, code=code, **kwargs)
        assert result.err.strip(), f"it failed without a word\n{result!r}"
        return result.names(*names)

    def document(self, *words, code=0, **kwargs):
        return self.must("--json", *words, code=code, **kwargs).document

    def error_code(self, *words, code, **kwargs):
        """The error.code of a failing command, of the run or of its one failing connection."""
        with self.untouched():
            document = self.document(*words, code=code, **kwargs)
        return first_error(document)["code"]

    def start(self, *words, env=None, preload=None):
        """In the background; a session of its own."""
        return subprocess.Popen(self.command(words), cwd=self.root, env=self.environment(env, preload),
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                start_new_session=True)

    # ---- the judges ----------------------------------------------------------------

    def sql(self, query, database=None):
        """Rows as lists of text, by the native shell."""
        shell = subprocess.run(["/usr/bin/sqlite3", "-batch", "-bail", "-init", "/dev/null", "-json", str(database or self.database), query],
                               env={"PATH": "/usr/bin:/bin"}, stdin=subprocess.DEVNULL, capture_output=True,
                               timeout=TIMEOUT, check=False)
        assert shell.returncode == 0, shell.stderr.decode()
        rows = json.loads(shell.stdout or b"[]")
        return [list(row.values()) for row in rows]

    def value(self, query, database=None):
        return self.sql(query, database)[0][0]

    def tables(self, database=None):
        """Names of the user's tables."""
        return [r[0] for r in self.sql("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' "
                                       "AND name NOT LIKE 'eloquent_%' ORDER BY name", database)]

    def schema(self, database=None):
        """Everything of the user's, as the native shell dumps it."""
        return self.sql("SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'eloquent_%' "
                        "AND tbl_name NOT LIKE 'eloquent_%' AND name NOT LIKE 'sqlite_%' ORDER BY type, name", database)

    def events(self, columns="event, name", database=None):
        """The history in order, straight from the table."""
        if not (database or self.database).exists():
            return []
        return [tuple(r) for r in self.sql(f"SELECT {columns} FROM eloquent_history ORDER BY sequence", database)]

    def applied_names(self, database=None):
        """The fold over the history, by rules of this file's own: what is applied now."""
        now = []
        for event, direction, name in self.events("event, direction, name", database):
            if event == "wiped":
                now = []
            elif event in ("applied", "baselined") or (event == "repaired" and direction == "up"):
                if name not in now:
                    now.append(name)
            elif event == "reverted" or (event == "repaired" and direction == "down"):
                now = [n for n in now if n != name]
        return now

    def stamp(self, word, env=None):
        """Stamps the database, with all that may need."""
        return self.must("db:stamp", word, env=env or {})

    def check_audit_chain(self):
        """By docs/audit-format.md's own rule; returns the number of records."""
        previous, count = "0" * 64, 0
        for line in self.audit.read_bytes().splitlines(keepends=True):
            record = json.loads(line)
            count += 1
            assert (record["seq"], record["previous"]) == (count, previous), line
            previous = hashlib.sha256(line).hexdigest()
        return count

    def audit_records(self):
        return [json.loads(line) for line in self.audit.read_text().splitlines()] if self.audit.exists() else []


def first_error(document):
    """The document's own error, or its first failing connection's."""
    if document["error"]:
        return document["error"]
    failing = [c for c in document["connections"] if c["error"]]
    assert failing, document
    return failing[0]["error"]


def refused(project, *words, **kwargs):
    """Exit 3, nothing changed; the reasons as words."""
    with project.untouched():
        result = project.must("--json", *words, code=3, **kwargs)
    error = first_error(result.document)
    assert error["code"] == "refused", error
    return set(error["reasons"])


def row_states(document, connection=None):
    """name -> state of migrate:status."""
    for one in document["connections"]:
        if connection in (None, one["name"]):
            return {row["name"]: row["state"] for row in one["result"]["migrations"]}
    raise AssertionError(f"no connection {connection}")


def end(child, number=signal.SIGKILL):
    """Ends a child of ours that may be over already."""
    if child.poll() is None:
        child.send_signal(number)
    return child.wait(timeout=TIMEOUT)
