"""The other side of tests/review/sqlite.txt: what the review must say is no loss is run
by the native library on tables full of rows, and every value must still be there."""

import re
import sqlite3

import pytest

from project import SOURCE

CORPUS = SOURCE / "tests" / "review" / "sqlite.txt"
ROWS = 4


def read_corpus():
    """schemas by name, and cases as (heading, schema, script, findings)."""
    schemas, cases = {}, []
    blocks = re.split(r"(?m)^== ", "".join(line for line in CORPUS.read_text().splitlines(True) if not line.startswith("#")))
    for block in blocks[1:]:
        heading, text = block.split("\n", 1)
        if heading.startswith("schema "):
            schemas[heading[len("schema "):]] = text
            continue
        script = "".join(line for line in text.splitlines(True) if not line.startswith("--> "))
        findings = [line[4:] for line in text.splitlines() if line.startswith("--> ") and line != "--> nothing"]
        cases.append((heading, re.search(r"\((\w+)\)!?$", heading)[1], script, findings))
    return schemas, cases


SCHEMAS, CASES = read_corpus()
HARMLESS = [case for case in CASES if all(f.startswith("note ") for f in case[3]) and not case[0].endswith("!")]


def awkward(kind, row, column):
    """A value of this column that no conversion leaves alone, different in each row and place."""
    number = row * 100 + column
    if "INT" in kind:
        return 9007199254740993 + number
    if kind in ("REAL", "NUMERIC"):
        return 0.1 + number
    return f"00{number}7"


def fill(database):
    """Rows for every ordinary table; rows that triggers make count as any other."""
    tables = [r[0] for r in database.execute("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' "
                                             "AND name NOT LIKE 'sqlite_%'")]
    triggers = [r[0] for r in database.execute("SELECT sql FROM sqlite_schema WHERE type = 'trigger'")]
    for name, in database.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
        database.execute(f'DROP TRIGGER "{name}"')
    for at, table in enumerate(tables):
        columns = [(r[1], r[2]) for r in database.execute(f"SELECT * FROM pragma_table_xinfo('{table}') WHERE hidden = 0")]
        for row in range(ROWS):
            values = [awkward(kind, row + 10 * at, n) for n, (_, kind) in enumerate(columns)]
            names = ", ".join('"' + name.replace('"', '""') + '"' for name, _ in columns)
            database.execute(f'INSERT INTO "{table}" ({names}) VALUES ({", ".join("?" * len(values))})', values)
    for sql in triggers:
        database.execute(sql)


def columns_of(database):
    """Every column of every ordinary table, as the sorted list of its values and their types."""
    found = []
    for table, in database.execute("SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_stat%' "
                                   "AND sql NOT LIKE 'create virtual%'").fetchall():
        for column, in database.execute("SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0", (table,)).fetchall():
            quoted = column.replace('"', '""')
            values = [(type(v).__name__, str(v)) for v, in database.execute(f'SELECT "{quoted}" FROM main."{table}"')]
            found.append((f"{table}.{column}", values))
    return found


def is_kept(values, after):
    """Do these stand in one column, each as often as before?"""
    wanted = sorted(v for v in values if v[0] != "NoneType")
    for _, there in after:
        left = list(there)
        try:
            for value in wanted:
                left.remove(value)
            return True
        except ValueError:
            continue
    return False


def run_units(database, script):
    for part in re.split(r"(?m)^(?=-- unit)", script):
        enforced = part.split("\n", 1)[0].startswith("-- unit") and "foreign_keys:on" in part.split("\n", 1)[0]
        database.execute(f"PRAGMA foreign_keys = {int(enforced)}")
        statement = ""
        for line in part.splitlines(True):
            statement += line
            if sqlite3.complete_statement(statement):
                database.execute(statement)
                statement = ""
        for kind, name in database.execute("SELECT type, name FROM temp.sqlite_schema WHERE type IN ('table', 'trigger')").fetchall():
            database.execute(f'DROP {kind} IF EXISTS temp."{name}"')


def lost_by(script, schema):
    """The columns whose values are gone once the script has run."""
    database = sqlite3.connect(":memory:", isolation_level=None)
    try:
        database.executescript(SCHEMAS[schema])
        fill(database)
        before = columns_of(database)
        run_units(database, script)
        after = columns_of(database)
        return [name for name, values in before if not is_kept(values, after)]
    finally:
        database.close()


@pytest.mark.parametrize("case", HARMLESS, ids=[case[0] for case in HARMLESS])
def test_what_is_said_to_lose_nothing_loses_nothing(case):
    heading, schema, script, _ = case
    assert lost_by(script, schema) == [], heading


def test_the_judge_sees_a_loss():
    assert lost_by("DROP TABLE tags;", "blog") == ["tags.name", "tags.colour"]
    assert lost_by("ALTER TABLE users DROP COLUMN legacy_code;", "blog") == ["users.legacy_code"]
    assert "mixed.t" in lost_by("CREATE TABLE n (t INTEGER);\nINSERT INTO n SELECT t FROM mixed;\nDROP TABLE mixed;", "blog")


def test_the_corpus_is_large_and_has_both_sides():
    assert len(CASES) >= 150
    assert 60 <= len(HARMLESS) <= len(CASES) - 60
