"""The audit trail as a person meets it: show, verify, the key, rotation, and a
trail that cannot be written."""

import hashlib
import hmac
import json
import re
import resource
import signal

import pytest

from project import FULL, NO_BACKUP, PRODUCTION, first_error

KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def story(applied):
    """A real trail: a run, a refusal, a rollback, a run that fails, a stamp."""
    applied.must("migrate:fresh", code=3, env=PRODUCTION)
    applied.must("migrate:rollback")
    broken = applied.migration("20260104000000_broken", "CREATE TABEL no;")
    applied.must("migrate:run", code=1)
    broken.unlink()
    applied.must("db:stamp", "staging")
    assert applied.check_audit_chain() >= 9
    return applied


@pytest.fixture
def keyed(blog):
    """A project whose trail is authenticated from its first record on."""
    blog.write("audit.key", KEY + "\n", 0o600)
    blog.configure(more="\n[audit]\nkey_file = audit.key\n")
    blog.must("migrate:run")
    return blog


def lines_of(project):
    return project.audit.read_bytes().splitlines(keepends=True)


def findings(project, *words, code=4):
    """The findings of audit:verify."""
    with project.untouched():
        document = project.document("audit:verify", *words, code=code)
    if code == 4:
        assert first_error(document)["code"] == "check_failed"
    result = document["connections"][0]["result"] if words else document["result"]
    assert result["findings_total"] == len(result["findings"])
    return result["findings"]


def place(finding):
    return finding["problem"], finding["first"], finding["last"], finding["line"]


# ---- verify --------------------------------------------------------------------------


def test_a_whole_trail_verifies(story):
    document = story.document("audit:verify")
    result = document["result"]
    assert result["records"] == len(lines_of(story)) and result["files"] == 1
    assert result["head"] == hashlib.sha256(lines_of(story)[-1]).hexdigest()
    assert "the chain is whole" in story.must("audit:verify").out


def test_each_changed_record_is_named_with_its_line(story):
    lines = lines_of(story)
    for number in range(1, len(lines)):
        changed = list(lines)
        changed[number - 1] = re.sub(rb'"actor":"(.)', rb'"actor":"\1x', changed[number - 1])
        assert changed != lines
        story.audit.write_bytes(b"".join(changed))
        assert [place(f) for f in findings(story)] == [("changed", number, number, number)]
    story.must("audit:verify", code=4).names(f"record {len(lines) - 1} was changed", "audit.jsonl")


def test_each_removed_record_is_named_with_the_line_behind_it(story):
    lines = lines_of(story)
    for number in range(1, len(lines)):
        story.audit.write_bytes(b"".join(lines[:number - 1] + lines[number:]))
        assert [place(f) for f in findings(story)] == [("missing", number, number, number)]


def test_each_swapped_neighbour_is_named(story):
    lines = lines_of(story)
    for number in range(1, len(lines)):
        swapped = list(lines)
        swapped[number - 1], swapped[number] = swapped[number], swapped[number - 1]
        story.audit.write_bytes(b"".join(swapped))
        assert [place(f) for f in findings(story)] == [("moved", number + 1, number + 1, number)]


def test_a_trail_that_ends_in_a_line_is_cut_until_the_next_append_closes_it(story):
    whole = story.audit.read_bytes()
    count = len(lines_of(story))
    story.audit.write_bytes(whole[:-20])
    assert [place(f) for f in findings(story)] == [("cut", count, count, count)]
    story.must("db:stamp", "development")
    document = story.document("audit:verify")
    assert [r["record"] for r in document["result"]["recovered"]] == [count]
    assert "recovered" in story.must("audit:verify").out


def test_a_tail_that_was_cut_off_shows_by_the_databases_history(story):
    assert findings(story, "-c", "sqlite", code=0) == []
    lines = lines_of(story)
    last = max(i for i, line in enumerate(lines) if b'"command":"migrate:run"' in line and b'"phase":"intent"' in line)
    story.audit.write_bytes(b"".join(lines[:last]))
    assert findings(story, code=0) == []
    (lost,) = findings(story, "-c", "sqlite")
    assert lost["problem"] == "head_lost" and lost["file"] is None
    run = json.loads(lines[last])["run"]
    assert run in lost["message"] and "sqlite" in lost["message"]


def test_verify_opens_no_database_unless_one_is_named(story):
    story.database.write_bytes(b"this is no database")
    story.must("audit:verify")
    story.must("audit:verify", "-c", "nobody", code=2)
    story.fails(6, "audit:verify", "-c", "sqlite", names=["database/app.sqlite"])


def test_where_there_is_no_trail_nothing_was_verified_and_every_head_is_lost(applied):
    applied.audit.unlink()
    result = applied.document("audit:verify", code=4)["result"]
    assert result["records"] == 0 and [f["problem"] for f in result["findings"]] == ["absent"]
    assert {f["problem"] for f in findings(applied, "-c", "sqlite")} == {"absent", "head_lost"}
    assert "no records" in applied.must("audit:show").out


def test_a_mistyped_path_of_the_trail_is_named(applied):
    applied.must("audit:verify", env={"ELOQUENT_AUDIT_PATH": "no/such.jsonl"}, code=4).names(
        "there is no trail at", "no/such.jsonl", "nothing was verified", "ELOQUENT_AUDIT_PATH names another place")


def test_an_empty_trail_and_a_project_without_records_have_verified_nothing(blog):
    blog.fails(4, "audit:verify", names=["there is no trail at", "never written a record has none"])
    blog.audit.parent.mkdir(exist_ok=True)
    blog.audit.write_bytes(b"")
    blog.fails(4, "audit:verify", names=["holds no record: nothing was verified"])


# ---- the key ---------------------------------------------------------------------------


def test_records_carry_the_hmac_that_the_document_says(keyed):
    for line in lines_of(keyed):
        covered, told = line.split(b',"hmac":"')
        assert told == hmac.new(KEY.encode(), covered, hashlib.sha256).hexdigest().encode() + b'"}\n'
    result = keyed.document("audit:verify")["result"]
    assert result["key"] and result["authenticated"] == result["records"] == len(lines_of(keyed))


def test_with_the_key_the_last_record_has_a_witness_too(keyed):
    lines = lines_of(keyed)
    lines[-1] = lines[-1].replace(b'"exit":0', b'"exit":1')
    keyed.audit.write_bytes(b"".join(lines))
    assert [place(f)[:2] for f in findings(keyed)] == [("changed", len(lines))]


def test_without_its_key_an_authenticated_trail_is_not_appended_to(keyed):
    keyed.configure(more=NO_BACKUP)
    before = keyed.audit.read_bytes()
    with keyed.untouched():
        keyed.must("migrate:fresh", "--force", code=3).names("audit.jsonl", "key_file")
    assert keyed.audit.read_bytes() == before


def test_the_key_appears_nowhere(keyed):
    for words in (["audit:show"], ["audit:verify"], ["--json", "audit:verify"], ["--verbose", "audit:show"]):
        result = keyed.must(*words)
        assert KEY not in result.out + result.err


def test_a_key_that_everybody_can_read_is_refused_in_production(keyed):
    (keyed.root / "audit.key").chmod(0o644)
    keyed.fails(2, "migrate:run", env=PRODUCTION, names=["audit.key", "chmod o-r"])


def test_a_missing_key_is_named(keyed):
    (keyed.root / "audit.key").unlink()
    keyed.fails(2, "audit:verify", names=["audit.key", "key_file"])


# ---- rotation -----------------------------------------------------------------------------


def forge(project, count, size=0):
    """A trail of this many records, by the document's own rules; the last one fills it up to `size`."""
    previous, text = "0" * 64, b""
    for number in range(1, count + 1):
        fill = max(500, size - len(text) - 450) if number == count else 500
        line = json.dumps({"seq": number, "time": "2026-01-02T03:04:05.678901Z", "run": "0" * 32, "pid": 1,
                           "host": "h", "actor": "a", "command": "migrate:run", "connection": None,
                           "database": None, "class": "writes", "verdict": "allowed", "phase": "intent",
                           "duration_us": None, "exit": None, "message": "x" * fill, "previous": previous},
                          separators=(",", ":")).encode() + b"\n"
        previous, text = hashlib.sha256(line).hexdigest(), text + line
    project.audit.parent.mkdir(exist_ok=True)
    project.audit.write_bytes(text)


def test_a_full_file_is_rotated_and_the_chain_goes_on_over_both(blog):
    blog.configure(more="\n[audit]\nmax_size = 64KiB\n")
    forge(blog, 75, 65400)
    assert 65300 < blog.audit.stat().st_size < 65536
    blog.must("migrate:run")
    rotated = blog.audit.with_name("audit.jsonl.75")
    assert [json.loads(line)["seq"] for line in lines_of(blog)] == [76, 77]
    assert json.loads(lines_of(blog)[0])["previous"] == hashlib.sha256(rotated.read_bytes().splitlines(True)[-1]).hexdigest()
    document = blog.document("audit:verify", "-c", "sqlite")
    assert document["connections"][0]["result"]["files"] == 2 and document["connections"][0]["result"]["records"] == 77
    assert [r["seq"] for r in blog.document("audit:show", "--last", "3")["result"]["records"]] == [75, 76, 77]
    rotated.unlink()
    assert [place(f) for f in findings(blog)] == [("missing", 1, 75, 1)]


@pytest.mark.not_root
def test_a_full_file_that_cannot_be_renamed_refuses_and_says_so(blog):
    blog.configure(more="\n[audit]\nmax_size = 64KiB\n" + NO_BACKUP)
    forge(blog, 75, 65400)
    blog.audit.parent.chmod(0o555)
    with blog.untouched():
        blog.must("migrate:fresh", "--force", code=3).names("audit.jsonl.75", "max_size")
    blog.audit.parent.chmod(0o755)


# ---- show -------------------------------------------------------------------------------------


def test_show_lists_the_newest_records_last(story):
    records = story.document("audit:show", "--last", "4")["result"]["records"]
    assert [r["seq"] for r in records] == [json.loads(line)["seq"] for line in lines_of(story)[-4:]]
    for shown, line in zip(records, lines_of(story)[-4:]):
        record = json.loads(line)
        del record["previous"]
        assert {k: v for k, v in shown.items() if k not in ("file", "line")} == record
    out = story.must("audit:show", "--last", "2").out
    assert len(out.splitlines()) == 2 and out.splitlines()[-1].split()[3] == "outcome"


def test_one_run_is_shown_as_a_report(story):
    failed = next(json.loads(line) for line in lines_of(story) if b'"exit":1' in line)
    out = story.must("audit:show", "--run", failed["run"][:8]).out
    for text in (failed["run"], "migrate:run", "intent", "outcome", "exit 1", "TABEL", "sqlite: ended with exit 1"):
        assert text in out, out
    refused = next(json.loads(line) for line in lines_of(story) if b'"phase":"refusal"' in line)
    assert "refused; nothing was changed" in story.must("audit:show", "--run", refused["run"]).out


def test_a_run_without_an_outcome_says_so(story):
    lines = lines_of(story)
    intent = max(i for i, line in enumerate(lines) if json.loads(line)["phase"] == "intent")
    story.audit.write_bytes(b"".join(lines[:intent + 1]))
    assert "no outcome is on record" in story.must("audit:show", "--run", json.loads(lines[intent])["run"]).out


@pytest.mark.parametrize("words,text", [(["--run", "xyz"], "xyz"), (["--run", "ab"], "first 4"), (["--run", "0" * 33], "32 digits"),
                                        (["--last", "0"], "--last"), (["--last", "10001"], "10000"),
                                        (["--run", "abcd", "--last", "3"], "together"), (["--run", "f" * 32], "no record")])
def test_bad_words_of_show_exit_2_and_are_named(applied, words, text):
    applied.fails(2, "audit:show", *words, names=[text])


def test_lines_that_are_no_records_are_left_out_with_a_warning(story):
    lines = lines_of(story)
    story.audit.write_bytes(b"".join(lines[:3]) + b"something else\n" + b"".join(lines[3:]))
    story.must("audit:show").names("audit:verify")
    assert len(story.document("audit:show")["result"]["records"]) == len(lines)


# ---- a trail that cannot be written ---------------------------------------------------------------


def limit(size):
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.fixture
def live(applied):
    """Stamped production; its policy needs no backup."""
    applied.configure(more=NO_BACKUP)
    applied.stamp("production", env=PRODUCTION)
    return applied


@pytest.mark.parametrize("words", [["migrate:fresh", "--force", "--yes"], ["migrate:rollback", "--force", "--yes"], ["migrate:run"]],
                         ids=lambda w: w[0])
def test_on_a_full_disk_nothing_runs_in_production(live, words):
    live.migration("20260104000000_more", "CREATE TABLE more (x);", "DROP TABLE more;")
    forge(live, 120)
    before = live.audit.read_bytes()
    with live.untouched():
        result = live.must(*words, code=3, env=FULL, limits=lambda: limit(len(before) + 100))
    result.names("audit.jsonl", "cannot be written")
    assert live.audit.read_bytes() == before
    live.must(*words, env=FULL)


@pytest.mark.parametrize("words", [["migrate:fresh", "--force", "--yes"], ["migrate:run"]], ids=lambda w: w[0])
def test_a_folder_in_the_place_of_the_trail_stops_production(live, words):
    live.migration("20260104000000_more", "CREATE TABLE more (x);", "DROP TABLE more;")
    live.audit.unlink()
    live.audit.mkdir()
    with live.untouched():
        live.must(*words, code=3, env=FULL).names(".eloquent/audit.jsonl")
    live.must("audit:verify", code=1).names("audit.jsonl", "not a regular file")
    live.must("audit:show", code=1).names("audit.jsonl")


@pytest.fixture
def saving(applied):
    """Stamped production; what destroys or migrates takes its backup first."""
    applied.configure(more="\n[backup]\ndir = backups\n")
    applied.stamp("production", env={"APP_ENV": "production"})
    applied.migration("20260104000000_more", "CREATE TABLE more (x);", "DROP TABLE more;")
    return applied


BACKING_UP = pytest.mark.parametrize("words", [["migrate:fresh", "--force", "--yes"], ["migrate:rollback", "--force", "--yes"], ["db:migrate"]],
                                     ids=lambda w: w[0])


@BACKING_UP
def test_without_an_intent_on_record_no_backup_is_taken_and_none_is_recorded_in_the_database(saving, words):
    saving.audit.unlink()
    saving.audit.mkdir()
    with saving.untouched():
        saving.must(*words, code=3, env=FULL).names(".eloquent/audit.jsonl")
    assert not (saving.root / "backups").exists()
    saving.audit.rmdir()
    saving.must(*words, env=FULL)
    assert saving.sql("SELECT value FROM eloquent_meta WHERE key = 'backup'")


@BACKING_UP
def test_a_backup_that_cannot_be_taken_is_the_outcome_of_an_intent(saving, words):
    (saving.root / "backups").write_text("no folder")
    with saving.untouched():
        saving.must(*words, code=1, env=FULL).names("[backup] dir cannot be written")
    intent, outcome = saving.audit_records()[-2:]
    assert [r["phase"] for r in (intent, outcome)] == ["intent", "outcome"] and intent["run"] == outcome["run"]
    assert outcome["exit"] == 1 and "[backup] dir cannot be written" in outcome["message"]


def test_outside_production_a_writing_command_warns_and_goes_on(blog):
    blog.audit.mkdir(parents=True)
    blog.must("migrate:run").names("audit.jsonl")
    assert blog.tables() == ["posts", "users"]
    with blog.untouched():
        blog.must("migrate:fresh", "--force", code=3).names("audit.jsonl")
