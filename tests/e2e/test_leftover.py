"""A write-ahead log whose database is gone: SQLite would delete it with the next opening."""

import shutil
import sqlite3

import pytest

from backups import Backups


@pytest.fixture
def lost(applied):
    """The newest rows stand in the log alone, and the database's file was removed."""
    Backups(applied).take()
    kept = applied.root.parent / "kept"
    kept.mkdir()
    user = sqlite3.connect(applied.database)
    user.execute("PRAGMA journal_mode = wal")
    user.execute("INSERT INTO users (id, name) VALUES (77, 'newest')")
    user.commit()
    names = [applied.database.name, applied.database.name + "-wal"]
    for name in names:
        shutil.copy(applied.database.parent / name, kept / name)
    user.close()
    applied.database.unlink()
    shutil.copy(kept / names[1], applied.database.parent / names[1])
    applied.kept = kept / names[0]
    return applied


@pytest.mark.parametrize("words", [["migrate:run"], ["db:restore", "latest", "--force"], ["migrate:status"]])
def test_no_command_makes_the_database_while_its_log_lies_there(lost, words):
    with lost.untouched():
        lost.must(*words, code=6).names(
            f"{lost.database.name}-wal lies there", "SQLite would delete it, and the committed rows in it",
            "put the database's file back beside it, or move this one aside; then run again")


def test_with_the_file_put_back_the_rows_are_there(lost):
    shutil.copy(lost.kept, lost.database)
    lost.must("migrate:status")
    assert lost.value("SELECT name FROM users WHERE id = 77") == "newest"


def test_with_the_log_moved_aside_a_backup_is_restored(lost):
    (lost.database.parent / (lost.database.name + "-wal")).rename(lost.kept.parent / "aside")
    lost.must("db:restore", "latest", "--force")
    assert lost.value("SELECT count(*) FROM users WHERE id = 77") == 0
