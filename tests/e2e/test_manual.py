"""docs/manual.md is executed from its first command to its last, and leads to every page."""

import re

import pytest

from project import SOURCE
from test_backup_runbook import fenced, shell

PAGE = SOURCE / "docs/manual.md"
PAGES = sorted(page.name for page in (SOURCE / "docs").glob("*.md"))


@pytest.fixture
def walked(bare):
    """What the walk printed, and where it ended."""
    script = "set -eE\ntrap 'echo \"at: $BASH_COMMAND\" >&2' ERR\n" + "\n".join(sum(fenced(PAGE, "sh"), []))
    done = shell(bare, script)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    return bare, done


def test_the_walk_leads_from_an_empty_folder_to_a_seeded_production_database(walked):
    project, _ = walked
    live = project.root / "blog/database/live.sqlite"
    assert project.value("SELECT value FROM eloquent_meta WHERE key = 'stamp.word'", live) == "production"
    assert project.sql("SELECT name FROM users", live) == [["Ada"], ["Grace"]]
    assert project.sql("SELECT name FROM users", project.root / "blog/database/app.sqlite") == [["Ada"], ["Grace"]]
    assert list((project.root / "blog-backups").rglob("*.json"))


def test_the_commands_that_the_walk_shows_as_refused_are_refused(walked):
    """`!` would let any failure pass."""
    _, done = walked
    assert done.stderr.count("Nothing was changed") == 2, done.stderr
    assert "add --force" in done.stderr and "no flag helps" in done.stderr


@pytest.mark.parametrize("page", [name for name in PAGES if name != PAGE.name])
def test_the_manual_leads_to_every_page(page):
    assert f"]({page})" in PAGE.read_text().split("## All pages")[1]


@pytest.mark.parametrize("page", [*sorted((SOURCE / "docs").rglob("*.md")), SOURCE / "README.md", SOURCE / "CONTRIBUTING.md"],
                         ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_link_of_a_page_is_dead(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        name = target.partition("#")[0]
        assert "://" in target or not name or (page.parent / name).exists(), target
