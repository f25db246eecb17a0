import errno
import gzip
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from webfilter import Pipeline, RunError, __version__
from webfilter.cli import main
from webfilter.run.spool import Spool

SAMPLE = Path(__file__).parent.parent / "examples" / "data" / "sample.warc.gz"
PROSE = "The cell is the unit of life. It takes in food, and it has to give off waste. " * 12
QUICK = """
[[stage]]
use = "gopher_quality"
[[stage]]
use = "exact_dedup"
"""


@pytest.fixture
def job(tmp_path):
    """A recipe, an input and a place for the output."""
    (tmp_path / "quick.toml").write_text(QUICK)
    lines = [{"id": str(n), "text": PROSE + str(n % 3)} for n in range(9)]
    lines.append({"id": "short", "text": "Too short."})
    (tmp_path / "in.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n{broken\n")
    return tmp_path


def run(job, *more, recipe="quick.toml", source="in.jsonl", out="out"):
    return main(["run", str(job / recipe), str(job / source), "--out", str(job / out), *more])


def test_run_writes_the_whole_run_folder(job, capsys):
    assert run(job) == 0
    said = capsys.readouterr().out
    assert "gopher_quality" in said
    assert "report.html" in said
    report = json.loads((job / "out" / "report.json").read_text())
    counts = {key: report[key] for key in ("in", "kept", "dropped", "failed")}
    assert counts == {"in": 11, "kept": 3, "dropped": 7, "failed": 1}
    for kind in ("kept", "dropped", "failed"):
        assert pq.read_table(job / "out" / kind).num_rows == report[kind]
    assert {p.name for p in (job / "out").iterdir()} == {
        "kept",
        "dropped",
        "failed",
        "report.json",
        "report.html",
        "card.md",
    }


def test_fields_of_the_input_can_be_named(job, capsys):
    url = "https://a.example/"
    rows = [
        {"key": n, "content": f"{PROSE}{n}", "text": "no", "metadata": {"uri": url}}
        for n in range(3)
    ]
    (job / "in.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    table = pa.Table.from_pylist([{**row, "key": row["key"] + 3} for row in rows])
    pq.write_table(table, job / "in.parquet")
    given = ("--text", "content", "--id", "key", "--url", "uri")
    for source, ids in (("in.jsonl", "012"), ("in.parquet", "345")):
        assert run(job, *given, source=source, out=source[3:]) == 0
        kept = pq.read_table(job / source[3:] / "kept")
        assert kept["id"].to_pylist() == [*ids]
        assert kept["url"].to_pylist() == [url] * 3
        assert all(text.startswith(PROSE) for text in kept["text"].to_pylist())
    pq.write_table(table.drop_columns("text"), job / "in.parquet")
    assert run(job, source="in.parquet") == 2
    said = "name the one that holds the texts with --text, or the pages with --html; "
    assert said in capsys.readouterr().err


def test_a_field_can_be_named_for_pages(job):
    page = f"<html><body><p>{PROSE}</p></body></html>"
    (job / "in.jsonl").write_text(json.dumps({"body": page, "n": 1}), encoding="utf-8")
    (job / "pages.toml").write_text(
        "[[stage]]\nuse = 'extract'\nengine = 'plain'\n", encoding="utf-8"
    )
    given = [str(job / "pages.toml"), str(job / "in.jsonl"), "--out", str(job / "out")]
    assert main(["run", *given, "--html", "body"]) == 0
    (kept,) = pq.read_table(job / "out" / "kept").to_pylist()
    assert kept["text"] == PROSE.strip()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_recipe_is_tried_on_the_first_documents(job, capsys, workers):
    assert run(job, "--limit", "4", "--workers", workers) == 0
    said = "only the first 4 documents of the input were read, as asked"
    assert f"warning: {said}" in capsys.readouterr().out
    report = json.loads((job / "out" / "report.json").read_text())
    counts = {key: report[key] for key in ("in", "kept", "dropped", "failed")}
    assert counts == {"in": 4, "kept": 3, "dropped": 1, "failed": 0}
    assert report["warnings"] == [said]
    assert sorted(pq.read_table(job / "out" / "kept")["id"].to_pylist()) == ["0", "1", "2"]
    with pytest.raises(SystemExit):
        run(job, "--limit", "0")
    assert "--limit: '0' is no whole number from 1" in capsys.readouterr().err


def test_a_second_run_needs_overwrite(job, capsys):
    assert run(job) == 0
    assert run(job) == 2
    assert "overwrite" in capsys.readouterr().err
    assert run(job, "--overwrite") == 0


def test_errors_propose_options_of_the_command_line(job, capsys, monkeypatch):
    assert run(job) == 0
    assert run(job) == 2
    assert "or --overwrite to replace" in capsys.readouterr().err
    assert main(["sweep", str(job / "out"), "median_word_length", "9"]) == 2
    said = capsys.readouterr().err
    assert "so say which way: --bound 'ge' drops" in said
    assert main(["sweep", str(job / "out"), "median_word_length", "9", "--bound", "ge"]) == 0

    def full(self, docs):
        raise self._refused(OSError(errno.ENOSPC, "No space left on device"))

    monkeypatch.setattr(Spool, "write", full)
    assert run(job, "--overwrite") == 2
    assert "give another folder with --work" in capsys.readouterr().err


def test_options_reach_the_run(job, monkeypatch):
    asked = []
    monkeypatch.setattr(Pipeline, "run", lambda self, *_, **settings: asked.append(settings))
    plain = {"format": "parquet", "workers": 1, "batch_size": 64, "measure_all": False}
    plain |= {"overwrite": False, "work": None, "resume": True}
    other = {"format": "jsonl", "workers": 2, "batch_size": 7, "measure_all": True}
    other |= {"overwrite": True, "work": "w", "resume": False}
    more = "--format jsonl --workers 2 --batch-size 7 --measure-all --overwrite --work w"
    assert run(job) == run(job, *more.split(), "--no-resume") == 0
    assert asked == [plain, other]


def test_the_spool_lies_where_it_is_asked_to(job, monkeypatch):
    places = []
    start = Spool.__init__
    monkeypatch.setattr(
        Spool, "__init__", lambda self, path: places.append(path) or start(self, path)
    )
    assert run(job, "--work", str(job / "spool")) == 0
    assert places
    assert all(job / "spool" in place.parents for place in places)


@pytest.mark.parametrize("form", ["parquet", "jsonl", "jsonl.zst", "jsonl.gz"])
def test_formats_are_asked_for_by_name(job, form):
    assert run(job, "--format", form) == 0
    assert (job / "out" / "kept" / f"part-00000.{form}").is_file()


def test_bad_input_is_one_clear_error_with_exit_code_2(job, capsys, tmp_path):
    (job / "empty").mkdir()
    (job / "bad-key.toml").write_text('[[stage]]\nuse = "gopher_quality"\nmin_wrds = 3\n')
    (job / "bad-stage.toml").write_text('[[stage]]\nuse = "gopher_qualty"\n')
    rule = 'judged = [{signal = "word_count", ge = 3}]'
    (job / "bad-signal.toml").write_text(f'[[stage]]\nuse = "gopher_quality"\n[[stage]]\nuse = "judge"\n{rule}\n')  # fmt: skip  # noqa: E501
    (job / "file").write_text("")
    cases = [
        ({"source": "nothing.jsonl"}, "nothing.jsonl"),
        ({"source": "empty"}, "empty"),
        ({"recipe": "bad-key.toml"}, "did you mean 'min_words'"),
        ({"recipe": "bad-stage.toml"}, "did you mean 'gopher_quality'"),
        ({"recipe": "bad-signal.toml"}, "word_count"),
        ({"recipe": "none.toml"}, "no such file"),
        ({"out": "file/below"}, "file"),
    ]
    for given, said in cases:
        assert run(job, **given) == 2, given
        captured = capsys.readouterr()
        assert captured.err.startswith("webfilter: error: ")
        assert len(captured.err.splitlines()) == 1
        assert said in captured.err
        assert captured.out == ""
        assert not (job / "out").exists()


def test_wrong_usage_is_exit_code_2(capsys):
    for argv in (
        [],
        ["run"],
        ["run", "x"],
        ["fly"],
        ["run", "a", "b"],
        ["run", "a", "b", "--out", "c", "--workers", "0"],
        ["run", "a", "b", "--out", "c", "--format", "csv"],
        ["explain", "a", "--as", "xml"],
    ):
        with pytest.raises(SystemExit) as stop:
            main(argv)
        assert stop.value.code == 2


def test_the_version_is_told(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"webfilter {__version__}\n"


@pytest.mark.skipif(sys.platform != "linux", reason="names are text elsewhere")
def test_names_that_are_no_unicode_are_read_and_written(job):
    (job / "in.jsonl").rename(job / "in\udcff.jsonl")
    names = [str(job / name) for name in ("quick.toml", "in\udcff.jsonl", "out\udcff")]
    command = [sys.executable, "-m", "webfilter", "run", *names[:2], "--out", names[2]]
    done = subprocess.run(command, capture_output=True)  # what is logged here, xdist cannot send
    assert done.returncode == 0, done.stderr
    assert b"out?" in done.stdout
    assert (job / "out\udcff" / "report.html").exists()


def test_explain_answers_as_text_html_and_json(tmp_path, capsys):
    page = tmp_path / "page.html"
    page.write_text(f"<html><body><article><p>{PROSE}</p></article></body></html>")
    assert main(["explain", str(page), "--url", "https://school.example/cell"]) == 0
    text = capsys.readouterr().out
    for stage in ("url_filter", "language", "gopher_repetition", "gopher_quality", "c4_quality"):
        assert stage in text
    packed = tmp_path / "packed.html.gz"
    packed.write_bytes(gzip.compress(page.read_bytes()))
    assert main(["explain", str(packed), "--as", "json"]) == 0
    same = capsys.readouterr().out
    assert main(["explain", str(page), "--as", "json"]) == 0
    said = capsys.readouterr().out
    assert said == same
    rows = json.loads(said)["rows"]
    assert {"stage", "signal", "value", "limit", "margin", "passed"} <= rows[0].keys()
    assert main(["explain", str(page), "--as", "html"]) == 0
    assert capsys.readouterr().out.lower().startswith("<!doctype html>")
    assert main(["explain", str(tmp_path / "none.html")]) == 2


def test_explain_reads_standard_input():
    command = [sys.executable, "-m", "webfilter", "explain", "-", "--text"]
    data = PROSE.encode() + b"\xff."  # not UTF-8
    done = subprocess.run(command, input=data, capture_output=True, check=True)
    assert b"gopher_quality" in done.stdout


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_run_reads_standard_input_as_it_reads_a_file(job, compress):
    assert run(job) == 0
    command = [sys.executable, "-m", "webfilter", "run", str(job / "quick.toml"), "-"]
    data = compress((job / "in.jsonl").read_bytes())
    done = subprocess.run(
        [*command, "--out", str(job / "piped"), "--workers", "2"],
        input=data,
        capture_output=True,
        check=True,
    )
    assert b"3 of 11 documents kept" in done.stdout
    kept = [job / out / "kept" / "part-00000.parquet" for out in ("out", "piped")]
    assert kept[0].read_bytes() == kept[1].read_bytes()


def test_nothing_in_standard_input_is_one_clear_error(job, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
    assert main(["run", str(job / "quick.toml"), "-", "--out", str(job / "out")]) == 2
    assert main(["tune", "-", "-", "--out", str(job / "tuned.toml")]) == 2
    empty, both = capsys.readouterr().err.splitlines()
    assert "<stdin> is empty" in empty
    assert "standard input is one corpus" in both
    assert not (job / "out").exists()


def test_explain_takes_the_one_page_of_a_file_that_can_hold_many(job, capsys):
    line = json.dumps({"id": "a", "url": "https://a.example/", "text": PROSE})
    (job / "one.jsonl").write_text(line)
    (job / "page.html.gz").write_bytes(gzip.compress(f"<html><p>{PROSE}</p></html>".encode()))
    (job / "broken.jsonl").write_text("{broken")
    (job / "note.gz").write_bytes(gzip.compress(b"hello"))
    pq.write_table(pa.table({"text": [PROSE]}), job / "one.parquet")
    recipe = ["--recipe", str(job / "quick.toml"), "--as", "json"]

    def words(found):
        return next(row["value"] for row in found["rows"] if row["signal"] == "words")

    assert main(["explain", str(job / "one.jsonl"), *recipe]) == 0
    line = json.loads(capsys.readouterr().out)
    assert main(["explain", str(job / "page.html.gz"), "--as", "json"]) == 0
    page = json.loads(capsys.readouterr().out)
    assert words(line) == words(page)
    for name, said in (
        ("in.jsonl", "is jsonl, of more than one page; explain takes one"),
        ("note.gz", "is gzip data, of no page"),
        ("one.parquet", "is parquet; explain takes one"),
        ("broken.jsonl", "malformed JSON"),
    ):
        assert main(["explain", str(job / name), *recipe]) == 2
        assert said in capsys.readouterr().err


def test_explain_judges_the_url_that_it_is_given_or_else_the_pages_own(job, capsys):
    line = {"id": "a", "url": "https://own.example/", "text": PROSE}
    (job / "a.jsonl").write_text(json.dumps(line), encoding="utf-8")
    (job / "a.html").write_text(f"<html><p>{PROSE}</p></html>", encoding="utf-8")
    (job / "a").write_text(PROSE, encoding="utf-8")  # what says nothing of itself is HTML
    for name, own in (("a.jsonl", line["url"]), ("a.html", None), ("a", None)):
        for more, url in (((), own), (("--url", "https://b.example/"), "https://b.example/")):
            asked = ["explain", str(job / name), "--recipe", "gopher", "--as", "json", *more]
            assert main(asked) == 0
            found = json.loads(capsys.readouterr().out)
            assert (found["url"], found["text"].strip()) == (url, PROSE.strip())


def test_a_count_that_is_none_says_what_is_wanted(job, capsys):
    for given in ("0", "-1", "1.5", "many", ""):
        with pytest.raises(SystemExit):
            run(job, f"--batch-size={given}")
        assert f"--batch-size: {given!r} is no whole number from 1" in capsys.readouterr().err


def test_a_name_of_a_stage_and_a_recipe_is_told_once(capsys):
    assert main(["list", "~"]) == 2
    assert capsys.readouterr().err.count("educational") == 1


def test_list_names_stages_signals_and_recipes(capsys):
    assert main(["list"]) == 0
    said = capsys.readouterr().out
    for word in ("minhash", "educational", "mean_word_length", "fineweb", "url_filter"):
        assert word in said


@pytest.mark.parametrize("command", ["list", "run"])
def test_a_terminal_that_says_it_takes_ascii_only_gets_utf_8(job, command):
    out = job / "é\N{SNOWMAN}"
    asked = {
        "list": ["list"],
        "run": ["run", str(job / "quick.toml"), str(job / "in.jsonl"), "--out", str(out)],
    }
    done = subprocess.run(
        [sys.executable, "-m", "webfilter", *asked[command]],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "1"},
        check=False,
    )
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False)
    said = done.stdout.decode()
    assert not said.isascii()
    assert "gopher_quality" in said


def test_nothing_that_a_terminal_would_obey_reaches_it(tmp_path, capsys):
    page = tmp_path / "page.txt"
    page.write_text(f"{PROSE} \x1b[31m \x9b31m \x7f \u202e \u200f é", encoding="utf-8")
    for form in ("text", "html", "json"):
        asked = ["explain", "--text", str(page), "--url", "http://a.example/\x9b\u202e"]
        assert main([*asked, "--recipe", "gopher", "--as", form]) == 0
        said = capsys.readouterr().out
        assert all(c.isprintable() for c in said.replace("\n", ""))
    found = json.loads(said)
    assert found["url"] == "http://a.example/\x9b\u202e"
    assert found["text"].endswith("\x9b31m \x7f \u202e \u200f é")
    assert main(["explain", str(tmp_path / "\x1b]0;owned\x07.html")]) == 2
    said = capsys.readouterr().err
    assert all(c.isprintable() for c in said.replace("\n", ""))
    assert r"\x1b]0;owned" in said


def test_streams_that_are_closed_end_nothing(job, monkeypatch):
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    assert main(["explain", "-"]) == 2
    assert main(["explain", str(job / "in.jsonl"), "--text"]) == 0
    assert main(["list"]) == 0
    assert main(["models", "list"]) == 0
    assert run(job) == 0
    assert (job / "out" / "report.json").is_file()


def test_output_that_cannot_be_written_is_one_clear_error(job, capsys, monkeypatch):
    class Full(io.RawIOBase):
        def writable(self):
            return True

        def write(self, data):
            raise OSError(errno.ENOSPC, "No space left on device")

    for out in (Full(), io.BufferedWriter(Full(), 1 << 20)):
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(out))
        assert main(["list"]) == 1
        said = capsys.readouterr().err
        assert said.startswith("webfilter: error: ")
        assert "No space left" in said


@pytest.mark.skipif(sys.platform == "win32", reason="there it is an error as any other")
def test_who_stops_reading_hears_no_complaint():
    command = [sys.executable, "-m", "webfilter", "list", "length"]  # less than a buffer
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, env=buffered) as asked:
        asked.stdout.close()
        assert asked.stderr.read() == b""
    assert asked.returncode == 0


@pytest.mark.parametrize("long", [300, 5_000])
def test_names_that_are_too_long_are_clear_errors(job, capsys, long):
    name, given = "x" * long, str(job / "in.jsonl")
    for argv in (
        ["tune", given, given, "--out", name],
        ["tune", given, given, "--out", str(job / "a.toml"), "--html", f"{name}.html"],
        ["cascade", "educational", given, "--out", name],
        ["order", "educational", given, "--out", name],
        ["clusters", str(job), "--html", f"{name}.html"],
        ["clusters", name],
        ["explain", name],
        ["compare", name, name],
        ["models", "fetch", name],
        ["run", name, given, "--out", str(job / "out")],
        ["run", "educational", name, "--out", str(job / "out")],
        ["run", "educational", given, "--out", name],
    ):
        assert main(argv) == 2
        assert capsys.readouterr().err.startswith("webfilter: error: ")


def test_an_interrupted_run_says_how_to_go_on(job, monkeypatch, capsys):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(Pipeline, "run", interrupted)
    again = "; the same command goes on from here"
    for more, said in (((), again), (("--no-resume",), "")):
        assert run(job, *more) == 130
        assert capsys.readouterr().err.strip().endswith(f"put in place{said}")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"text": "One."}')))
    assert main(["run", str(job / "quick.toml"), "-", "--out", str(job / "out")]) == 130
    assert "the same command, given the same input, goes on" in capsys.readouterr().err
    monkeypatch.setattr(Pipeline, "explain", interrupted)
    assert main(["explain", str(job / "in.jsonl"), "--text"]) == 130
    assert capsys.readouterr().err.endswith("put in place\n")


def test_a_run_that_broke_is_exit_code_1(job, monkeypatch, capsys):
    def broken(*_, **__):
        raise RunError("counts differ")

    monkeypatch.setattr(Pipeline, "run", broken)
    assert run(job) == 1
    assert capsys.readouterr().err == "webfilter: error: counts differ\n"
