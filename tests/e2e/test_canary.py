"""A secret stands in every place that may hold one, each another, and every command
of the table runs, in text and in JSON, as talkative as it can be. No byte that it
prints or writes holds one of them, in any of the six forms of a secret. The zoo's
leaky driver does what it can to tell."""

import shutil
import subprocess
import urllib.parse

import pytest

from every_command import CASES, Copies, working
from test_secrets import forms

TALKATIVE = ["--verbose", "--log-level", "debug"]
FLAGS = {"text": [], "json": ["--json"], "talkative": TALKATIVE, "json-talkative": ["--json", *TALKATIVE, "--log-format", "json"]}

CAREFUL = "/7+&%x"          # what an INI line and an .env line hold between quotes
ANYTHING = "'/7+\"&%\\ x"


def percent(secret):
    return urllib.parse.quote(secret, safe="")


SECRETS = {
    "ini": "Amsel-in-ini" + CAREFUL,
    "role": "Buchfink-role" + CAREFUL,
    "dotenv": "Drossel-dotenv" + CAREFUL,
    "mysql": "Elster-by-name" + CAREFUL,
    "envfile": "Rotkehlchen-env-file" + CAREFUL,
    "environment": "Fasan-environment" + ANYTHING,
    "pg": "Gimpel-by-name" + ANYTHING,
    "file": "Habicht-in-file" + ANYTHING,
    "pg_test": "Ibis-file-form" + ANYTHING,
    "url": "Kleiber-in-url" + ANYTHING,
    "query": "Lerche-in-query" + ANYTHING,
    "mongo": "Meise-uri-file" + ANYTHING,
    "dburl": "Nachtigall-database-url" + ANYTHING,
    "redis": "Ortolan-redis-url" + ANYTHING,
    "key": "Pirol-of-the-trail" + ANYTHING,
}
TELLING = [name for name in SECRETS if name not in ("redis", "key")]
"""Each of these is a connection of the leaky driver whose password it is."""

SOURCES = {"eloquent.ini", ".env", "more.env", "secrets"}
ENV_FILE = ["--env-file", "more.env"]

ENVIRONMENT = {
    "ELOQUENT_DB_ROLE": "migration",
    "THE_ENVIRONMENT": SECRETS["environment"],
    "PG_PASSWORD": SECRETS["pg"],
    "DATABASE_URL": f"leaky://user:{percent(SECRETS['dburl'])}@host/x",
    "REDIS_URL": f"redis://:{percent(SECRETS['redis'])}@127.0.0.1:1/0",
}
IN_FILES = {"PG_TEST_PASSWORD_FILE": "pg_test", "MONGO_URI_FILE": "mongo"}

INI = f"""\
[project]
name = blog
default = dburl
[plugins]
dir = CAGE
[connection:sqlite]
driver = sqlite
path = database/app.sqlite
[connection:dburl]
driver = leaky
[connection:ini]
driver = leaky
password = "{SECRETS['ini']}"
[connection:role]
driver = leaky
migration.password = "{SECRETS['role']}"
[connection:dotenv]
driver = leaky
password = ${{THE_DOTENV}}
[connection:envfile]
driver = leaky
password = ${{THE_ENV_FILE}}
[connection:environment]
driver = leaky
password = ${{THE_ENVIRONMENT}}
[connection:file]
driver = leaky
password_file = secrets/file
[connection:url]
driver = leaky
url = leaky://user:{percent(SECRETS['url'])}@host/x
[connection:query]
driver = leaky
url = leaky://host/x?user=u&password={percent(SECRETS['query'])}
[connection:pg]
driver = leaky
[connection:pg_test]
driver = leaky
[connection:mysql]
driver = leaky
[connection:mongo]
driver = leaky
[audit]
key_file = secrets/key
[cache]
development = file
"""


def hide(project):
    """Puts every secret into its place. The project may already be at work."""
    cage = project.root.parent / "cage"
    cage.mkdir(mode=0o755)
    for plugin in (*project.installation.plugins.glob("*.so"), project.installation.zoo / "elq_driver_leaky.so"):
        shutil.copy(plugin, cage)
        (cage / plugin.name).chmod(0o755)
    project.write("eloquent.ini", INI.replace("CAGE", str(cage)), mode=0o600)
    project.write(".env", f"THE_DOTENV='{SECRETS['dotenv']}'\nDB_PASSWORD=\"{SECRETS['mysql']}\"\n", mode=0o600)
    project.write("more.env", f"THE_ENV_FILE='{SECRETS['envfile']}'\n", mode=0o600)
    for name in ("file", "key", "pg_test"):
        project.write(f"secrets/{name}", SECRETS[name] + "\n", mode=0o600)
    project.write("secrets/mongo", f"leaky://user:{percent(SECRETS['mongo'])}@host/x\n", mode=0o600)
    for name in TELLING:
        project.migration("20260101000000_x", "SELECT 1;", "SELECT 1;", connection=name)
    return project


def environment(project):
    return {**ENVIRONMENT, **{variable: str(project.root / "secrets" / name) for variable, name in IN_FILES.items()}}


def assert_hidden(text, where):
    for name, secret in SECRETS.items():
        for form, spelling in forms(secret).items():
            assert spelling not in text, f"the secret {name} stands in {where} ({form})"
        assert secret[:9] not in text, f"a part of the secret {name} stands in {where}"


def assert_result_hides(project, result):
    assert_hidden(result.out, f"standard output of {result.words}")
    assert_hidden(result.err, f"standard error of {result.words}")
    for file in project.root.rglob("*"):
        if file.is_file() and file.relative_to(project.root).parts[0] not in SOURCES:
            data = file.read_bytes()
            if file.suffix == ".zst":
                data = subprocess.run(["/usr/bin/zstd", "-dcq"], input=data, stdout=subprocess.PIPE, check=True).stdout
            assert_hidden(data.decode("utf-8", "replace"), f"{file}, by {result.words}")


@pytest.mark.parametrize("flags", FLAGS)
@pytest.mark.parametrize("name", CASES, ids=lambda n: n.replace(":", "-"))
def test_no_secret_is_in_what_a_command_prints_or_writes(bare, name, flags):
    CASES[name].prepare(bare)
    if CASES[name].prepare is not working:
        bare.root.joinpath("database").mkdir(exist_ok=True)
    hide(bare)
    copies = Copies(bare)
    chosen = [["-c", "sqlite"], [word for telling in TELLING for word in ("-c", telling)]]
    if "--connection" not in bare.must("help", name).out:
        chosen = [[]]
    for connections in chosen:
        copies.restore()
        result = bare.run(*FLAGS[flags], *ENV_FILE, *CASES[name].words.split(), *connections, env=environment(bare))
        assert_result_hides(bare, result)


@pytest.mark.parametrize("name", TELLING)
def test_each_of_these_secrets_reaches_the_driver_that_tells_it(bare, name):
    """Without this the walk could not fail."""
    bare.configure()
    hide(bare)
    result = bare.run(*ENV_FILE, "migrate:run", "-c", name, env=environment(bare))
    assert "plain [REDACTED] percent [REDACTED]" in result.err, result


# ---- secrets in places that are refused ------------------------------------------------

CANARY = "Kanarienvogel-the-last"
PLACES = {
    "a URL of a scheme that nobody takes": ({"DATABASE_URL": f"nosuch://u:{CANARY}@h/x?password={CANARY}"}, "", ""),
    "a URL with a port that is none": ({"DATABASE_URL": f"leaky://u:{CANARY}@h:port/x"}, "", ""),
    "a variable beside its file form": ({"PG_PASSWORD": CANARY, "PG_PASSWORD_FILE": "secrets/zero"}, "", ""),
    "a file with a zero byte": ({"PG_PASSWORD_FILE": "secrets/zero"}, "", ""),
    "a file that is too large": ({"PG_PASSWORD_FILE": "secrets/large"}, "", ""),
    "a key that is mistyped": ({}, f"pasword = {CANARY}\n", ""),
    "a section that is unknown": ({}, f"[conection:x]\npassword = {CANARY}\n", ""),
    "an INI line that does not end": ({}, f"[connection:b]\npassword = \"{CANARY}\n", ""),
    "an INI line without an equals sign": ({}, f"[connection:b]\npassword {CANARY}\n", ""),
    "an .env line that does not end": ({}, "", f"DB_PASSWORD=\"{CANARY}\n"),
    "an .env line twice": ({}, "", f"DB_PASSWORD={CANARY}\nDB_PASSWORD={CANARY}\n"),
    "the key of the trail, too short": ({}, "[audit]\nkey_file = secrets/short\n", ""),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_secret_in_a_place_that_is_refused_is_not_repeated(bare, place):
    env, ini, dotenv = PLACES[place]
    bare.configure(more="[connection:pg]\ndriver = leaky\n" + ini)
    bare.write(".env", dotenv, mode=0o600)
    bare.write("secrets/zero", f"{CANARY}\0{CANARY}", mode=0o600)
    bare.write("secrets/large", CANARY * 4000, mode=0o600)
    bare.write("secrets/short", CANARY[:12], mode=0o600)
    for name in CASES:
        for flags in (["--json"], TALKATIVE):
            result = bare.run(*flags, *CASES[name].words.split(), env=env)
            assert CANARY[:12] not in result.out + result.err, result
    assert bare.run("migrate:status", "-c", "pg", env=env).code == 2
