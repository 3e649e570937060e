"""Undoing: rollback, reset, fresh and redo, judged by the native sqlite3 shell."""

import pytest

USERS = "20260101000000_create_users"
POSTS = "20260102000000_create_posts"
FIRST = "20260103000000_first_users"


# ---- rollback --------------------------------------------------------------------------------


def test_rollback_undoes_the_last_batch_newest_first(blog):
    blog.must("migrate:run", "--step", "1")
    blog.must("migrate:run")
    blog.must("migrate:rollback")
    assert blog.applied_names() == [USERS]
    assert [e for e in blog.events() if e[0] == "reverted"] == [("reverted", FIRST), ("reverted", POSTS)]
    assert blog.tables() == ["users"]


@pytest.mark.parametrize("words,left", [(["--step", "1"], [USERS, POSTS]), (["--step", "2"], [USERS]), (["--step", "99"], []),
                                        (["--to", USERS], [USERS]), (["--to", FIRST], [USERS, POSTS, FIRST]),
                                        (["--batch", "1"], []), (["--all-migrations"], [])])
def test_rollback_takes_step_to_batch_and_all(applied, words, left):
    applied.must("migrate:rollback", *words)
    assert applied.applied_names() == left


def test_rollback_of_a_batch_in_the_middle_undoes_only_that_batch(blog):
    blog.must("migrate:run", "--step", "1")
    blog.must("migrate:run", "--step", "1")
    blog.must("migrate:run")
    blog.must("migrate:rollback", "--batch", "3")
    assert blog.applied_names() == [USERS, POSTS]


def test_rollback_with_nothing_applied_does_nothing(blog):
    assert "nothing" in blog.must("migrate:rollback").out


def test_rollback_without_a_down_section_stops_before_anything_runs(blog):
    blog.migration("20260104000000_no_down", "CREATE TABLE kept (x);")
    blog.migration("20260105000000_with_down", "CREATE TABLE undone (x);", "DROP TABLE undone;")
    blog.must("migrate:run")
    assert blog.error_code("migrate:rollback", code=4) == "down_missing"
    blog.fails(4, "migrate:rollback", names=["20260104000000_no_down"])
    assert blog.tables() == ["kept", "posts", "undone", "users"]


def test_a_down_section_of_comments_runs_and_does_nothing(project):
    project.migration("1_x", "CREATE TABLE x (y);", "-- nothing to undo")
    project.must("migrate:run")
    project.must("migrate:rollback")
    assert project.tables() == ["x"]
    assert project.applied_names() == []


def test_a_failed_down_leaves_a_recorded_state_and_nothing_half_done(project):
    project.migration("1_x", "CREATE TABLE x (y);\nCREATE TABLE z (y);", "DROP TABLE x;\nDROP TABLE nowhere;")
    project.must("migrate:run")
    project.must("migrate:rollback", code=1).names("1_x", "nowhere")
    assert project.tables() == ["x", "z"]
    assert project.applied_names() == ["1_x"]
    assert project.events("event, direction")[-1] == ("failed", "down")


def test_up_down_up_leaves_the_schema_of_the_first_up(applied):
    before = applied.schema()
    applied.must("migrate:rollback", "--all-migrations")
    assert applied.schema() == []
    applied.must("migrate:run")
    assert applied.schema() == before


# ---- reset, fresh, redo ----------------------------------------------------------------------


def test_reset_undoes_everything(applied):
    applied.must("migrate:reset", "--force")
    assert applied.tables() == []
    assert applied.applied_names() == []


def test_fresh_drops_what_is_not_ours_and_runs_again(applied):
    applied.sql("CREATE TABLE theirs (x); CREATE VIEW v AS SELECT * FROM theirs; INSERT INTO users (name) VALUES ('carl');")
    applied.must("migrate:fresh", "--force")
    assert applied.tables() == ["posts", "users"]
    assert applied.sql("SELECT name FROM sqlite_schema WHERE type = 'view'") == []
    assert applied.sql("SELECT name FROM users") == [["ann"], ["bob"]]
    assert ("wiped", None) in [(e, None) for e, _ in applied.events()]
    assert applied.applied_names() == [USERS, POSTS, FIRST]


def test_fresh_keeps_the_history(applied):
    before = applied.events("sequence, hash")
    applied.must("migrate:fresh", "--force")
    assert applied.events("sequence, hash")[:len(before)] == before


def test_fresh_checks_every_file_before_anything_is_dropped(applied):
    applied.migration("20260104000000_bad", "CREATE TABLE 'open (x);")
    applied.fails(4, "migrate:fresh", "--force", names=["20260104000000_bad.sql"])
    assert applied.tables() == ["posts", "users"]


def test_fresh_passes_over_an_edited_file_for_it_starts_anew(applied):
    applied.migration(FIRST, "INSERT INTO users (name) VALUES ('ann'), ('bob');", "DELETE FROM users;")
    applied.must("migrate:fresh", "--force")
    applied.must("migrate:validate")


@pytest.mark.parametrize("words,undone", [([], [FIRST]), (["--step", "2"], [FIRST, POSTS])])
def test_redo_undoes_and_runs_again_the_last_ones(applied, words, undone):
    applied.must("migrate:redo", *words)
    assert applied.events()[3:] == [("reverted", n) for n in undone] + [("applied", n) for n in reversed(undone)]
    assert applied.applied_names() == [USERS, POSTS, FIRST]


def test_a_redo_that_failed_on_its_way_up_is_finished_by_the_command_that_it_names(applied):
    """The same command would undo one migration more."""
    applied.sql("CREATE TRIGGER full BEFORE INSERT ON users BEGIN SELECT raise(ABORT, 'no room'); END")
    applied.must("migrate:redo", code=1).names("eloquent migrate:run applies what was rolled back")
    assert applied.applied_names() == [USERS, POSTS]
    applied.sql("DROP TRIGGER full")
    applied.must("migrate:run")
    assert applied.applied_names() == [USERS, POSTS, FIRST]
