"""Who is kept: against pandas over the written files, and against the documents themselves."""

import json
import random

import pandas
import pytest
from reruns import Vowels
from test_report_page import EVIL, Checker
from test_sweep import Tongue
from toys import Breaks

import webfilter as wf
from webfilter import Document, Report
from webfilter.errors import ConfigError, UnknownName

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
    if [row.value for row in found][-1] in ("0", "1"):  # of a stage that is not known here
        groups = groups.map({"true": "1", "false": "0"}).where(groups.notna(), None)
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
    with pytest.raises(ConfigError, match="'language'"):
        report.breakdown("host", mean="language")


def test_numbers_are_groups_while_they_are_few():
    docs = [Document(str(n), "a " * n) for n in range(150)]
    few, many = (Report.of(wf.Length(), wf.Length()(part)) for part in (docs[:50], docs))
    assert [row.value for row in few.breakdown("words", 3)] == ["0", "1", "10"]
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
