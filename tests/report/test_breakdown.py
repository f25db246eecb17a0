"""Who is kept: against pandas over the written files, and against the documents themselves."""

import json
import random
import re

import pandas
import pytest
from reruns import Vowels
from test_report_page import EVIL, Checker
from test_sweep import Tongue
from toys import Breaks

import webfilter as wf
from webfilter import Document, Report
from webfilter.errors import ConfigError, UnknownName
from webfilter.report.breakdown import legend

PIPE = Tongue() | Vowels(None, None) | wf.Length(min_words=3, max_words=8) | Breaks()


def documents(count=400):
    """Return documents of few hosts and many, some without URL, some on which a stage breaks."""
    chance = random.Random(5)
    docs = []
    for number in range(count):
        words = ["water", "wasser", "boils!", "boom", "kocht", "and", "so", "on"]
        text = " ".join(chance.choices(words, [9, 9, 1, 1, 9, 9, 9, 9], k=chance.randrange(1, 12)))
        host = chance.choice(["A.example", "b.example", f"h{number}.example:80", ""])
        docs.append(
            Document(
                f"{number:03}",
                text,
                url=f"https://{host}/{number}" if host else None,
                signals={
                    "language": chance.choice(["en", "de", None]),
                    **({"odd": bool(number % 2)} if number % 3 else {}),
                },
                meta={"source": f"file-{number % 4}", "year": number % 2 + 2020, "all": [1]},
            )
        )
    return docs


@pytest.fixture(scope="module", params=["parquet", "jsonl", "memory"])
def ran(request, tmp_path_factory):
    """Return a report, and the truth as a table: a row a document."""
    out = tmp_path_factory.mktemp("ran") / "run"
    if request.param == "memory":
        report = Report.of(PIPE, PIPE(documents()))
        marked = report.documents
    else:
        report = PIPE.run(documents(), out, format=request.param, progress=False)
        marked = [
            doc
            for kind in ("kept", "dropped", "failed")
            for doc in wf.read(out / kind, verdicts=True)
        ]
        report = Report.load(out)
    rows = [
        {
            "host": "" if doc.url is None else doc.url.split("/")[2].split(":")[0].lower(),
            "kept": doc.live,
            "failed": doc.verdict is not None and doc.verdict.kind == "failed",
            "why": "" if doc.live else f"{doc.verdict.stage}: {doc.verdict.reason}",
            **{name: doc.signals.get(name) for name in ("language", "shouts", "odd", "words")},
            **{f"meta.{name}": doc.meta[name] for name in ("source", "year")},
        }
        for doc in marked
    ]
    return report, pandas.DataFrame(rows)


def said(value):
    if value is None or value != value or value == "":
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("by", ["host", "language", "shouts", "odd", "meta.source", "meta.year"])
@pytest.mark.parametrize("n", [1, 3, 1000])
def test_every_count_is_that_of_the_documents(ran, by, n):
    report, table = ran
    found = report.breakdown(by, n, mean="words")
    groups = table[by].map(said)
    truth = dict(list(table.groupby(groups.fillna("(none)"))))
    order = sorted(truth, key=lambda name: (-len(truth[name]), "" if name == "(none)" else name))
    shown = [name for name in order if name != "(none)"][: n - ("(none)" in truth)]
    names = [name for name in order if name in shown or name == "(none)"]
    assert [row.value or "(none)" for row in found] == names
    rest = [truth[name] for name in truth if name not in names]
    assert found.others == len(rest)
    pairs = [(row, truth[name]) for row, name in zip(found, names, strict=True)]
    if rest:
        pairs.append((found.rest, pandas.concat(rest)))
    for row, rows in pairs:
        kept = rows[rows.kept]
        assert (row.documents, row.kept, row.failed) == (len(rows), len(kept), rows.failed.sum())
        assert row.size == kept.words.sum()
        assert row.mean == (pytest.approx(kept.words.mean()) if len(kept) else None)
        why = rows[~rows.kept].why.value_counts().to_dict()
        most = sorted(why.items(), key=lambda item: (-item[1], item[0]))[:3]
        assert list(row.reasons) == most
    assert sum(row.documents for row, _ in pairs) == found.documents == report.total == 400
    assert sum(row.kept for row, _ in pairs) == found.kept == report.kept
    assert sum(row.size for row, _ in pairs) == found.size
    assert found.unit == "words"


def test_more_and_less_are_told_beyond_chance_alone():
    pipe = wf.Judge((wf.Rule("good", ge=1),), given=True)

    def marks(**groups):
        docs = [
            Document(f"{name}{n}", signals={"good": n < good, "of": name})
            for name, (good, count) in groups.items()
            for n in range(count)
        ]
        found = Report.of(pipe, pipe(docs)).breakdown("of")
        at = str(found).splitlines()[2].index("of group") + len("of group")
        lines = {row.value: line[at : at + 4].strip() for row, line in
                 zip(found, str(found).splitlines()[3:], strict=False)}  # fmt: skip
        assert lines.keys() == groups.keys()
        return lines

    apart = marks(a=(90, 100), b=(50, 100), c=(10, 100))
    assert apart == {"a": "+", "b": "", "c": "-"}
    assert marks(a=(2, 860), b=(0, 574)) == {"a": "", "b": ""}
    assert marks(a=(5, 10)) == {"a": ""}
    assert marks(a=(0, 1), b=(1, 1)) == {"a": "", "b": ""}


def test_the_page_the_text_and_the_data_tell_the_same(ran):
    report, _ = ran
    found = report.breakdown("meta.source", 2, mean="words")
    data = json.loads(json.dumps(found.to_dict()))
    assert [row["value"] for row in data["rows"]] == [row.value for row in found]
    assert data["rest"]["documents"] == found.rest.documents
    assert all(row["low"] <= row["share"] <= row["high"] for row in data["rows"])
    page = found.to_html()
    assert "default-src 'none'" in page
    for row in (*found, found.rest):
        for shown in (str(found), page):
            assert f"{row.documents:,}" in shown
            assert f"{row.mean:.4g}" in shown
    assert "(2 more)" in str(found)
    assert "(2 more)" in page


def test_text_and_page_show_each_figure_in_its_column():
    rules = (wf.Rule("good", ge=1), wf.Rule("words", ge=5, le=90), wf.Rule("odd", le=0))
    pipe = wf.Judge(rules, given=True)
    made = [  # documents of a group, with their signals
        *((40, "a", 1, 50, 0), (8, "a", 0, 50, 0), (2, "a", 1, 3, 0)),
        *((5, "b", 1, 20, 0), (20, "b", 0, 20, 0), (13, "b", 1, 4, 0), (1, "b", 1, 9, 1)),
        *((10, None, 1, 8, 0), (3, "c", 0, 1, 0), (1, "d", 1, 30, 0), (1, "e", 1, 3, 0)),
    ]
    docs = [
        Document(f"{at}/{n}", signals={"of": of, "good": good, "words": words, "odd": odd})
        for at, (count, of, good, words, odd) in enumerate(made)
        for n in range(count)
    ]
    found = Report.of(pipe, pipe(docs)).breakdown("of", 4, mean="words")
    page = re.findall("<tr>(.*?)</tr>", found.to_html())
    page = [re.findall("<t[hd][^>]*>(.*?)</t[hd]>", row.replace("&nbsp;", " ")) for row in page]
    bars = [re.findall(r'class="(\w+)" style="width:([\d.]+)%', row[1]) for row in page]
    page = [[re.sub("<[^>]*>", "", cell) for cell in row] for row in page]
    head = ["of", "documents", "kept", "of group", "of kept", "words kept", "mean words"]
    assert page == [
        ["of", "", *head[1:], "why documents left"],
        ["a", "", "50", "40", "80.0 % +", "71.4 %", "90.5 %", "50",
         "judge: good 16.0 %, judge: words 4.0 %"],
        ["b", "", "39", "5", "12.8 % −", "8.9 %", "4.5 %", "20",
         "judge: good 51.3 %, judge: words 33.3 %"],
        ["(not known)", "", "10", "10", "100 % +", "17.9 %", "3.6 %", "8", ""],
        ["c", "", "3", "-", "0 %", "", "", "", "judge: good 100 %"],
        ["(2 more)", "", "2", "1", "50.0 %", "1.8 %", "1.4 %", "30", "judge: words 50.0 %"],
    ]  # fmt: skip
    assert bars[1:] == [
        *([("kept", "80"), ("dropped", "20")], [("kept", "12.82"), ("dropped", "87.18")]),
        *([("kept", "100")], [("dropped", "100")], [("kept", "50"), ("dropped", "50")]),
    ]
    lines = str(found).splitlines()
    assert lines[:2] == ["56 of 104 documents kept (53.8 %)", ""]
    told = [" ".join(line.split()) for line in lines[2:8]]
    assert told == [" ".join(" ".join(row).replace("−", "-").split()) for row in page]
    for line, row in zip(lines[3:8], page[1:], strict=True):
        row[4] = row[4].rstrip(" +−")
        for name, cell in zip(head[1:], row[2:8], strict=True):
            at = lines[2].index(f"  {name}") + len(name) + 2
            assert line[:at].endswith(f"  {cell}")
    assert lines[8:10] == ["", legend(found)[0][:99]]
    assert lines[-1] == legend(found)[1]
    assert len(found) == 4
    everything = Report.of(pipe, pipe(docs[:89])).breakdown("of")
    assert "(not known)" not in str(everything)
    assert "more)" not in str(everything)


def test_sizes_are_told_where_all_that_was_kept_is_measured():
    pipe = wf.Judge((wf.Rule("words", ge=5),), given=True)
    sized = [Document(str(n), signals={"words": n, "of": "a"}) for n in range(10)]
    unsized = [*sized, Document("b", signals={"of": "a"})]
    for docs, size in ((sized, 35), (unsized, 0), (sized[:5], 0)):
        found = Report.of(pipe, pipe(docs)).breakdown("of")
        assert (found.unit, found.size, found.rows[0].size) == ("words" * bool(size), size, size)


@pytest.mark.parametrize("format", ["parquet", "jsonl", "memory"])
@pytest.mark.parametrize("known", [True, False])
def test_the_same_is_told_however_documents_are_stored(tmp_path, format, known):
    docs = [
        Document(
            str(n), "Water boils. " * (n + 1), url="https://a.example/",
            signals={"tokens": 3 * n, "odd": bool(n % 2) if n > 6 else None},
        )
        for n in range(20)
    ]  # fmt: skip
    pipe = wf.Length(min_words=8) | (wf.Tokens() if known else Breaks())
    if format == "memory":
        report = Report.of(pipe, pipe(docs))
    else:
        pipe.run(docs, tmp_path / "run", format=format, progress=False)
        report = Report.load(tmp_path / "run")
    tokens = wf.Tokens()(docs) if known else docs
    found = report.breakdown("odd", mean="tokens")
    assert found.unit == "tokens"
    assert found.size == sum(doc.signals["tokens"] for doc in tokens[3:])
    assert [(row.value, row.documents) for row in found] == [
        (None, 7), ("true", 7), ("false", 6),
    ]  # fmt: skip
    with pytest.raises(UnknownName, match="did you mean 'tokens'"):
        report.breakdown("host", mean="tokns")


def test_nothing_foreign_breaks_out():
    pipe = wf.Judge((wf.Rule(EVIL, ge=1),), given=True)
    docs = [
        Document(
            str(n), url=f"https://{n}.example/", signals={EVIL: n, "of": EVIL}, meta={EVIL: EVIL}
        )
        for n in range(3)
    ]
    report = Report.of(pipe, pipe(docs))
    for by in ("of", f"meta.{EVIL}", EVIL, "host"):
        found = report.breakdown(by, mean=EVIL)
        for page in (found.to_html(), found._repr_html_()):
            Checker(page)
            page.encode()
            assert "\u202e" not in page
        assert not {"\u202e", "\x00", "\ud800"} & set(str(found))


def test_a_field_that_is_no_text_is_told_as_json():
    loop = {}
    loop["self"] = loop
    values = [{"b": [1, None], "a": "é"}, 2.5, True, loop, {(1, 2): 3}, None]
    docs = [Document(str(n), meta={"field": value}) for n, value in enumerate(values)]
    found = Report.of(wf.Length(), wf.Length()(docs)).breakdown("meta.field")
    assert {row.value: row.documents for row in found} == {
        '{"a": "é", "b": [1, null]}': 1, "2.5": 1, "true": 1, "<dict>": 2, None: 1,
    }  # fmt: skip


def test_what_no_document_has_is_a_clear_error(ran):
    report, _ = ran
    for by in ("", "meta.", None):
        with pytest.raises(ConfigError, match="give 'host', a signal"):
            report.breakdown(by)
    for n in (0, True, 2.0):
        with pytest.raises(ConfigError, match="at least 1"):
            report.breakdown("host", n)
    with pytest.raises(UnknownName, match="signal to break down by 'langage'"):
        report.breakdown("langage")
    with pytest.raises(UnknownName, match=r"'meta\.sorce': did you mean 'meta\.source'"):
        report.breakdown("meta.sorce")
    with pytest.raises(UnknownName, match="unknown signal 'wrods'"):
        report.breakdown("host", mean="wrods")
    with pytest.raises(ConfigError, match="'language': it is no number"):
        report.breakdown("host", mean="language")


def test_numbers_are_groups_while_they_are_few():
    docs = [Document(str(n), "a " * n) for n in range(150)]
    few, many = (Report.of(wf.Length(), wf.Length()(part)) for part in (docs[:50], docs))
    assert [row.value for row in few.breakdown("words", 3)] == ["0", "1", "10"]
    assert len(Report.of(wf.Length(), wf.Length()(docs[:100])).breakdown("words")) == 20
    with pytest.raises(ConfigError, match=r"150 numbers, too many .* sweep\('words', limits\)"):
        many.breakdown("words")


def test_documents_without_urls_have_no_host():
    report = Report.of(wf.Length(), wf.Length()([Document("a", "Hi.")]))
    with pytest.raises(ConfigError, match="no document of the run has a URL"):
        report.breakdown("host")


def test_a_run_of_no_documents_has_no_groups(tmp_path):
    report = wf.Length().run([], tmp_path / "out", progress=False)
    found = report.breakdown("host", mean="words")
    assert (list(found), found.rest, found.documents) == ([], None, 0)
    assert "0 of 0 documents kept" in str(found)
    Checker(found.to_html())
