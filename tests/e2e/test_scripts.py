"""The checks of scripts/lint find what they are for: each is shown a tree with one
fault, and one without. And what the README prints works as it stands there."""

import re
import shutil
import subprocess
import sys

import pytest

from project import SOURCE


@pytest.fixture
def tree(tmp_path):
    """A tree with the lint scripts and nothing wrong in it."""
    (tmp_path / "scripts").mkdir()
    for name in ("lint-includes", "lint-core"):
        shutil.copy(SOURCE / "scripts" / name, tmp_path / "scripts" / name)
    for path, text in {"core/base/base.h": "#include <stddef.h>\n", "core/run/run.h": '#include "base/base.h"\n',
                       "core/migrate/migrate.h": '#include "base/text.h"\n#include "plugin/plugin.h"\n',
                       "core/config/conventions.c": 'static const char *const name = "sqlite";\n',
                       "plugins/sqlite/driver.c": '#include <eloquent/driver.h>\n#include "sqlkit/lexer.h"\n#include <sqlite3.h>\n',
                       "include/eloquent/abi.h": "#include <stdint.h>\n"}.items():
        write(tmp_path, path, text)
    return tmp_path


def write(root, path, text):
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def lint(root, script, *words):
    done = subprocess.run([sys.executable, str(root / "scripts" / script), *words], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


@pytest.mark.parametrize("words", [["lint-includes"], *(["lint-core", c] for c in ("sql", "drivers", "banned", "length", "marks"))],
                         ids=lambda w: w[-1])
def test_a_tree_without_faults_passes(tree, words):
    assert lint(tree, *words) == (0, "")


@pytest.mark.parametrize("path,include", [
    ("core/base/x.c", '"observe/observe.h"'), ("core/migrate/x.c", '"run/run.h"'), ("core/migrate/x.c", '"generate/generate.h"'),
    ("core/guard/x.c", '"plugin/plugin.h"'), ("core/run/x.c", '"cli/cli.h"'), ("core/run/x.c", '"config/private.h"'),
    ("core/run/x.c", '"migrate/private.h"'), ("core/cli/x.c", '"sqlkit/lexer.h"'), ("core/config/x.c", '"config.h"'),
    ("core/config/x.c", "<base/base.h>"), ("plugins/sqlite/x.c", '"base/base.h"'), ("plugins/sqlite/x.c", "<base/base.h>"),
    ("plugins/sqlite/x.c", '"postgres/driver.h"'), ("include/eloquent/x.h", "<stdio.h>"), ("include/eloquent/x.h", '"abi.h"'),
    ("core/newroom/x.c", '"base/base.h"')])
def test_an_include_against_the_order_is_found(tree, path, include):
    write(tree, path, f"/* x */\n#include {include}\n")
    code, out = lint(tree, "lint-includes")
    assert (code, f"{path}:2:" in out) == (1, True), out


@pytest.mark.parametrize("text", ['"SELECT 1"', '"  insert INTO x"'.replace("insert", "INSERT"), '"DROP TABLE x"', '"COMMIT"', '"PRAGMA x"'])
def test_sql_in_the_core_is_found_and_in_a_plugin_is_not(tree, text):
    write(tree, "plugins/sqlite/x.c", f"const char *x = {text};\n")
    assert lint(tree, "lint-core", "sql")[0] == 0
    write(tree, "core/migrate/x.c", f"const char *x = {text};\n")
    code, out = lint(tree, "lint-core", "sql")
    assert code == 1 and "core/migrate/x.c:1" in out


@pytest.mark.parametrize("text", ["begin", "updated", "Create a file", "commits stand"])
def test_plain_english_is_no_sql(tree, text):
    write(tree, "core/migrate/x.c", f'const char *x = "{text}"; /* SELECT 1 */\n')
    assert lint(tree, "lint-core", "sql")[0] == 0


@pytest.mark.parametrize("text", ['const char *x = "postgres";', "int sqlite_only;", 'f("see MySQL");'])
def test_a_drivers_name_in_the_core_is_found_but_in_a_comment(tree, text):
    write(tree, "core/migrate/x.c", "/* what SQLite does */\n")
    assert lint(tree, "lint-core", "drivers")[0] == 0
    write(tree, "core/migrate/x.c", text + "\n")
    assert lint(tree, "lint-core", "drivers")[0] == 1


@pytest.mark.parametrize("call", ["strcpy(a, b)", "sprintf (a, b)", "x = atoi(s)", "system(c)", "alloca(4)"])
def test_a_banned_call_is_found_and_its_safe_kin_is_not(tree, call):
    write(tree, "core/base/x.c", "void f(void) { snprintf(a, 1, b); /* strcpy(a, b) */ g(\"strcpy(a)\"); vector.system(1); }\n")
    assert lint(tree, "lint-core", "banned")[0] == 0
    write(tree, "plugins/sqlite/x.c", f"void f(void) {{ {call}; }}\n")
    assert lint(tree, "lint-core", "banned")[0] == 1


def test_a_file_of_600_lines_passes_and_of_601_does_not(tree):
    write(tree, "core/base/x.c", "int x;\n" * 600)
    assert lint(tree, "lint-core", "length")[0] == 0
    write(tree, "core/base/x.c", "int x;\n" * 601)
    assert lint(tree, "lint-core", "length")[0] == 1


def test_an_unfinished_mark_is_found(tree):
    write(tree, "core/base/x.c", "/* " + "TO" + "DO */\n")
    assert lint(tree, "lint-core", "marks")[0] == 1


# ---- the README -----------------------------------------------------------------------


def test_the_readmes_first_project_works_as_printed(bare):
    blocks = re.findall(r"```sh\n(.*?)```", (SOURCE / "README.md").read_text(), re.S)
    block = next(b for b in blocks if "eloquent init" in b)
    tools = bare.root.parent / "bin"
    tools.mkdir()
    (tools / "eloquent").symlink_to(bare.installation.program)
    done = subprocess.run(["/bin/bash", "-e", "-c", block], cwd=bare.root, env=bare.environment({"PATH": f"{tools}:/usr/bin:/bin"}),
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, start_new_session=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    database = bare.root / "blog" / "database" / "app.sqlite"
    assert bare.events("event", database) == [("applied",), ("reverted",)]
    assert bare.tables(database) == []


def test_the_readmes_exit_codes_are_the_documents(bare):
    """The README's table is docs/exit-codes.md's first one, shortened: the same codes."""
    def codes(path):
        return re.findall(r"^\| (\d[\d /]*) \|", (SOURCE / path).read_text(), re.M)
    assert codes("README.md") == codes("docs/exit-codes.md")


def test_every_page_that_the_documents_link_to_is_there():
    for page in [SOURCE / "README.md", SOURCE / "CONTRIBUTING.md", *(SOURCE / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
