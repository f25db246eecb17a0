import json
from dataclasses import dataclass

import pytest

import webfilter as wf
from webfilter.document import Document, Verdict
from webfilter.errors import OutputError, SourceError
from webfilter.report import Ledger, Report


def small_ledger():
    ledger = Ledger(["extract", "gopher_quality", "minhash"])
    broken = [Document("x").fail("read", "ValueError: clipped record")]
    ledger.add("read", 1, broken)
    pages = [Document(f"p{i}") for i in range(1_199)]
    slow = [d.fail("extract", "timeout: 10 s on one page") for d in pages[:2]]
    ledger.add("extract", 1_199, slow + pages[2:], 42.5)
    short = [
        d.drop(Verdict("gopher_quality", "words", "words", 3, 50.0, op="<")) for d in pages[2:802]
    ]
    odd = [pages[802].drop(Verdict("gopher_quality", "stop_words", "stop_words", 1, 2.0, op="<"))]
    ledger.add("gopher_quality", 1_197, short + odd + pages[803:], 0.25)
    ledger.add("minhash", 396, pages[803:], 0.0031)
    return ledger


def small_report(**changed):
    ledger = small_ledger()
    ledger.check(1_200)
    given = {
        "stages": ledger.rows(1_200),
        "total": 1_200,
        "seconds": 21.7,
        "workers": 2,
        "started": "2026-01-02T03:04:05+00:00",
        "fingerprint": "01234567",
        "recipe": '[[stage]]\nuse = "extract"\n',
        "inputs": [("crawl/a.warc.gz", 21_000_000), ("s3://b/c", None)],
        "outputs": {"kept": "out/kept"},
        "skipped_records": {"request": 1_200},
        "renamed_ids": 3,
        "artifacts": {"language: model": "sha256:12"},
        "versions": {"webfilter": "0.1.0"},
        "peak_parent": 400_000_000,
        "peak_worker": 600_000_000,
        "warnings": ["minhash dropped none of the first 396 documents"],
    }
    return Report(**{**given, **changed})


TABLE = """\
396 of 1,200 documents kept (33.0 %)

stage              in   kept          dropped  failed    time
read            1,200  1,199  99.9 %        -       1
extract         1,199  1,197  99.8 %        -       2  42.5 s
gopher_quality  1,197    396  33.1 %      801       -  250 ms
minhash           396    396   100 %        -       -  3.1 ms
-------------------------------------------------------------
all             1,200    396  33.0 %      801       3  42.8 s

why documents left
  read            ValueError (failed)    1  <0.1 %
  extract         timeout (failed)       2   0.2 %
  gopher_quality  words < 50           800  66.8 %
                  stop_words < 2         1  <0.1 %

warning: minhash dropped none of the first 396 documents
2 workers, 21.7 s, 55.3 documents/s, memory 400 MB + 600 MB a worker, fingerprint 01234567"""


def test_the_table_for_the_terminal():
    assert str(small_report()) == TABLE


def test_totals_add_up():
    report = small_report()
    assert report.total == report.kept + report.dropped + report.failed
    assert (report.kept, report.dropped, report.failed) == (396, 801, 3)


def test_json_has_the_totals_on_top_and_the_stages_in_order():
    said = json.loads(json.dumps(small_report().to_dict(), allow_nan=False))
    totals = {key: said[key] for key in ("version", "in", "kept", "dropped", "failed")}
    assert totals == {"version": 1, "in": 1_200, "kept": 396, "dropped": 801, "failed": 3}
    assert [row["name"] for row in said["stages"]] == [
        "read",
        "extract",
        "gopher_quality",
        "minhash",
    ]
    gopher = said["stages"][2]
    assert gopher == {
        "name": "gopher_quality",
        "in": 1_197,
        "kept": 396,
        "dropped": {"words": 800, "stop_words": 1},
        "failed": {},
        "seconds": 0.25,
        "limits": {"stop_words": {"< 2": 1}, "words": {"< 50": 800}},
    }


def test_a_saved_report_comes_back_equal(tmp_path):
    report = small_report()
    report.save(tmp_path / "report.json")
    assert Report.load(tmp_path / "report.json") == report
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_hostile_strings_can_be_saved(tmp_path):
    small_report(warnings=["a\ud800b\x00"]).save(tmp_path / "r.json")
    assert Report.load(tmp_path / "r.json").warnings == ("a?b\x00",)


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b"\xff", b'{"version": 2}', b'{"version": 1, "stages": 3}', b"[" * 9_999],
)
def test_what_is_no_report_is_refused(tmp_path, content):
    path = tmp_path / "report.json"
    path.write_bytes(content)
    with pytest.raises(SourceError):
        Report.load(path)


@pytest.mark.parametrize(
    "seconds", [float("nan"), float("inf"), 10**400], ids=["nan", "inf", "huge"]
)
def test_times_that_are_none_are_refused(seconds):
    said = small_report().to_dict()
    said["stages"][0]["seconds"] = seconds
    with pytest.raises(SourceError, match="not a number of seconds"):
        Report.from_dict(said)


def test_missing_and_unwritable_files_are_named(tmp_path):
    with pytest.raises(SourceError, match="missing"):
        Report.load(tmp_path / "missing")
    with pytest.raises(OutputError, match="nowhere"):
        small_report().save(tmp_path / "nowhere" / "report.json")


def test_an_empty_run_has_a_report_too():
    report = Report(stages=Ledger(["a"]).rows(), total=0)
    assert str(report).startswith("0 of 0 documents kept\n")
    assert "0 of 0 documents kept" in report.to_html()
    assert report.card()
    assert Report(stages=(), total=0).to_html()


def test_terminals_are_not_given_control_characters():
    ledger = Ledger()
    evil = Verdict("s\x1b[2J", "r\x1b]0;owned\x07\n", kind="dropped")
    ledger.add("s\x1b[2J", 1, [Document("a").drop(evil)])
    text = str(Report(stages=ledger.rows(), total=1, warnings=["w\x1b[0m\u202e"]))
    assert not {"\x1b", "\x07", "\u202e"} & set(text)
    assert r"\x1b[2J" in text


def test_many_reasons_are_cut_with_a_count_of_the_rest():
    ledger = Ledger()
    docs = [Document(str(i)).drop(Verdict("s", f"reason {i:02}")) for i in range(40)]
    ledger.add("s", 40, docs)
    report = Report(stages=ledger.rows(), total=40)
    assert "28 more reasons" in str(report)
    assert "28 more reasons" in report.to_html()


def test_the_card_says_what_how_and_what_a_person_must_add():
    card = small_report().card()
    for said in (
        "396 documents (33.0 %) that a webfilter pipeline kept of 1,200",
        'wf.read("out/kept")',
        "| `gopher_quality` | 1,197 | 396 | 801 | 0 | `words < 50` 99.9 % |",
        '```toml\n[[stage]]\nuse = "extract"\n```',
        "`01234567`",
        "license",
    ):
        assert said in card


def test_the_card_of_a_run_folder_reads_what_lies_beside_it_wherever_that_is(tmp_path):
    pipe = wf.Length(min_words=1) | wf.Tiers({"wide": {"words": 1}, "narrow": {"words": 2}})
    for run, inside in ((wf.Length(), "kept"), (pipe, "kept/wide")):
        out, elsewhere = tmp_path / inside.replace("/", "-"), tmp_path / f"{inside}-elsewhere"
        run.run(["Water boils."], out, progress=False)
        card = (out / "card.md").read_text(encoding="utf-8")
        assert f'wf.read("{inside}"):  # beside this card' in card
        assert str(tmp_path) not in card
        assert [doc.text for doc in wf.read(out / inside)] == ["Water boils."]
        run.run(["Water boils."], out, kept=elsewhere, progress=False, overwrite=True)
        card = (out / "card.md").read_text(encoding="utf-8")
        there = json.dumps(f"{elsewhere}{inside.removeprefix('kept')}")  # with \\ twice on Windows
        assert f"wf.read({there}):\n" in card


def test_card_and_page_say_what_the_signals_are_also_when_the_report_is_loaded(tmp_path):
    pipe = wf.Length(min_words=1) | wf.Sample(0.5)
    report = pipe.run(["Water boils."], tmp_path / "out", progress=False)
    words = "Words: tokens that are not punctuation alone (words, from 0)"
    for one in (report, Report.load(tmp_path / "out")):
        card, page = one.card(), one.to_html().replace("<wbr>", "")
        assert f"\n| `words` | int | {words} |\n" in card
        assert "\n| `sample_rank` | float | Uniform number from the document's id (share" in card
        assert f'<th scope="row">words</th><td>{words}</td>' in page
    unknown = small_report(recipe='[[stage]]\nuse = "nobodys"\n')
    assert "### Signals" not in unknown.card()
    assert "What the signals are" not in unknown.to_html()


def test_a_signal_of_a_plugin_breaks_out_of_neither_card_nor_page():
    @dataclass(frozen=True)
    class Odd(wf.Filter):
        measures = (wf.Signal("odd", "int", "a|b\n# Owned <script>"),)

        def measure(self, doc):
            return {"odd": 1}

    report = small_report(pipe=wf.Pipeline((Odd(),)))
    assert "| `odd` | int | a\\|b" in report.card()
    assert "\n# Owned" not in report.card()
    assert "<script>" not in report.card() + report.to_html()


def test_nothing_foreign_breaks_out_of_the_card():
    evil = "a`b|c\n# Owned\n<script>"
    card = small_report(
        recipe="````\n# Owned\n````", warnings=[evil], inputs=[(evil, 1)], versions={evil: evil}
    ).card()
    fence = "`" * 5
    assert f"{fence}toml\n````\n# Owned\n````\n{fence}" in card
    outside = card.split(fence)[0] + card.split(fence)[2]
    assert "\n# Owned" not in outside
    assert all(
        line.count("`") % 2 == 0 for line in outside.splitlines() if not line.startswith("```")
    )
