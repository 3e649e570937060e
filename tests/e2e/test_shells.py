"""What is written from the command table for people's shells: the completions,
each judged by its own shell, and the manual page, judged by groff and mandoc."""

import re
import shutil
import subprocess

import pexpect
import pytest

from skip import skip_because

# (what is typed before TAB, what stands on the line after it)
CASES = [
    ("migrate:st", "migrate:status"), ("plugin:l", "plugin:list"), ("vers", "version"),
    ("help make:m", "help make:migration"), ("completion fi", "completion fish"),
    ("migrate:run --ste", "migrate:run --step"), ("--jso", "--json"), ("migrate:run --sq", "migrate:run --sqlite"),
    ("migrate:run --log-level de", "migrate:run --log-level debug"), ("--log-level=wa", "--log-level=warn"),
    ("migrate:repair --mark ap", "migrate:repair --mark applied"), ("-c pg migrate:st", "-c pg migrate:status"),
    ("migrate:status -c sq", "migrate:status -c sqlite"), ("--config eloq", "--config eloquent.ini"),
    ("migrate:run:test --ste", "migrate:run:test --step"),
    # options of others, and words behind the last argument, are not offered
    ("init --ste", "init --ste"), ("help list vers", "help list vers"),
]
FILES = {"bash": "bash-completion/completions/eloquent", "zsh": "zsh/site-functions/_eloquent",
         "fish": "fish/vendor_completions.d/eloquent.fish"}
START = {
    "bash": (["--norc", "--noprofile", "-i"], "PS1='ready%'; source {file}\n"),
    "zsh": (["-f", "-i"], "PS1='ready%%'; fpath=({folder} $fpath); autoload -Uz compinit; compinit -D -u\n"),
}


def need(tool):
    if not shutil.which(tool, path="/usr/bin:/bin"):
        skip_because(f"{tool} is not installed; scripts/test installs it")


def installed(installation, shell):
    return installation.prefix / "share" / FILES[shell]


class Shell:
    """An interactive shell on a terminal, in which `eloquent` prints its words."""

    def __init__(self, shell, file, cwd):
        words, start = START[shell]
        self.child = pexpect.spawn(f"/usr/bin/{shell}", words, cwd=str(cwd), env={"TERM": "dumb", "PATH": "/usr/bin:/bin"},
                                   encoding="utf-8", timeout=20, dimensions=(24, 200))
        self.child.send(start.format(file=file, folder=file.parent))
        self.child.send("eloquent() { printf '<%s>' \"$*\"; echo; }\n")
        self.child.send("echo 'all' 'set'\n")
        self.child.expect_exact("all set")

    def completes(self, typed):
        self.child.send(f"eloquent {typed}\t")
        self.child.send("\n")
        self.child.expect(r"<([^>%]*)>")
        return self.child.match.group(1).rstrip()

    def close(self):
        self.child.close(force=True)


@pytest.fixture(scope="module", params=["bash", "zsh"])
def shell(request, installation, tmp_path_factory):
    need(request.param)
    folder = tmp_path_factory.mktemp("shell")
    (folder / "eloquent.ini").write_text("")
    shell = Shell(request.param, installed(installation, request.param), folder)
    yield shell
    shell.close()


@pytest.mark.parametrize("typed,line", CASES, ids=[typed for typed, _ in CASES])
def test_tab_completes_commands_options_and_their_words(shell, typed, line):
    assert shell.completes(typed) == line


@pytest.mark.parametrize("typed,line", CASES, ids=[typed for typed, _ in CASES])
def test_fish_completes_commands_options_and_their_words(project, typed, line):
    need("fish")
    script = f"source {installed(project.installation, 'fish')}; complete -C 'eloquent {typed}'"
    done = subprocess.run(["/usr/bin/fish", "-N", "-c", script], cwd=project.root, capture_output=True, timeout=60, check=False,
                          env={"PATH": "/usr/bin:/bin", "HOME": str(project.root), "TERM": "dumb"}, stdin=subprocess.DEVNULL)
    assert not done.stderr, done.stderr.decode()
    offered = [row.split("\t")[0] for row in done.stdout.decode().splitlines()]
    assert offered == ([] if line == typed else [line.split()[-1]])


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_the_installed_completion_is_what_the_command_prints(bare, name):
    out = bare.must("completion", name).out
    assert out == installed(bare.installation, name).read_text()
    assert bare.document("completion", name)["result"] == {"shell": name, "text": out}


def test_a_shell_without_completion_is_refused_with_those_that_have_one(bare):
    bare.fails(2, "completion", "tcsh", names=["tcsh", "bash", "zsh", "fish"])


def test_completion_reads_no_project(project):
    project.write("eloquent.ini", "[nonsense\n")
    project.must("completion", "bash")


@pytest.fixture
def page(installation):
    return installation.prefix / "share/man/man1/eloquent.1"


@pytest.mark.parametrize("words", [["groff", "-ww", "-man", "-Tutf8"], ["mandoc", "-Tlint", "-Wwarning"]], ids=lambda w: w[0])
def test_the_manual_renders_without_a_warning(page, words):
    need(words[0])
    done = subprocess.run([*words, page], capture_output=True, env={"PATH": "/usr/bin:/bin"}, stdin=subprocess.DEVNULL,
                          timeout=60, check=False)
    found = done.stderr if words[0] == "groff" else done.stdout + done.stderr
    assert (done.returncode, found) == (0, b"")


def test_the_manual_has_every_command_option_variable_and_exit_code(bare, page):
    need("groff")
    done = subprocess.run(["groff", "-man", "-Tascii", "-P-cbou", page], capture_output=True, env={"PATH": "/usr/bin:/bin"},
                          stdin=subprocess.DEVNULL, timeout=60, check=True)
    text = done.stdout.decode()
    for command in bare.document("list")["result"]["commands"]:
        assert re.search(rf"^ +{re.escape(command['name'])}\b", text, re.M), command["name"]
        for option in re.findall(r"^ +(--[a-z-]+)", bare.must("help", command["name"]).out, re.M):
            assert re.search(rf"^ +{option}\b", text, re.M), option
    for word in ("APP_ENV", "ELOQUENT_ALLOW_PROD_DESTRUCTIVE", "eloquent.ini"):
        assert re.search(rf"^ +{re.escape(word)}\b", text, re.M), word
    for code in ("0", "1", "2", "3", "4", "5", "6", "130", "143"):
        assert re.search(rf"^ +{code} ", text, re.M), code
