import html.parser
import re

import pytest

from webfilter.document import Document, Verdict
from webfilter.report import Explanation, Ledger, Report
from webfilter.report.explanation import Row

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&lt;\u202e\ud800\x00</style></pre>"
ALLOWED = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "main",
        "div",
        "header",
        "section",
        "aside",
    ),
    *("p", "h1", "h2", "h3", "small", "span", "i", "b", "q", "bdi", "code", "pre", "details"),
    *(
        "del",
        "ins",
        "summary",
        "ol",
        "ul",
        "li",
        "dl",
        "dt",
        "dd",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "wbr",
    ),
}


class Checker(html.parser.HTMLParser):
    """Checks that tags are ours and balanced, and that no attribute runs or loads anything."""

    def __init__(self, page):
        super().__init__()
        self.open, self.said = [], []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        assert tag in ALLOWED, tag
        names = {name for name, _ in attributes}
        assert not {n for n in names if n.startswith("on")} | names & {"src", "href"}
        if tag not in ("meta", "wbr"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        if tag not in ("bdi", "i", "b"):
            self.said.append(" ")

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.said.append(data)

    @property
    def text(self):
        return " ".join("".join(self.said).split())


def hostile_report():
    ledger = Ledger()
    docs = [
        Document(EVIL).drop(Verdict(EVIL, EVIL, EVIL, EVIL, 1.0, op=EVIL)),
        Document(EVIL).fail(EVIL, EVIL),
        Document(EVIL).fail(EVIL, f"ValueError: {EVIL}"),
        Document("fine"),
    ]
    ledger.add(EVIL, 4, docs, 1.0)
    return Report(
        stages=ledger.rows(), total=4, started=EVIL, fingerprint=EVIL, recipe=EVIL, seconds=1.0,
        inputs=[(EVIL, 1), (EVIL, None)], outputs={EVIL: EVIL}, skipped_records={EVIL: 1},
        artifacts={EVIL: EVIL}, versions={EVIL: EVIL}, warnings=[EVIL], renamed_ids=1,
    )  # fmt: skip


def hostile_explanation():
    verdict = Verdict(EVIL, EVIL, EVIL, EVIL, 1.0, op="<", of=EVIL)
    rows = (
        Row(EVIL, EVIL, EVIL, EVIL, EVIL, -1.0, False, EVIL, EVIL, EVIL),
        Row(EVIL, note=EVIL),
        Row(EVIL, EVIL, None, ">=", 1.0, None, None, EVIL),
    )
    doc = Document(EVIL, url=EVIL, signals={EVIL: EVIL})
    return Explanation(doc, rows, verdict, EVIL + "\n" + EVIL)


@pytest.mark.parametrize("make", [hostile_report, hostile_explanation])
@pytest.mark.parametrize("face", ["to_html", "_repr_html_"])
def test_nothing_foreign_breaks_out_of_a_page(make, face):
    page = getattr(make(), face)()
    checked = Checker(page)
    assert "<script>alert(1)</script>" in checked.text
    assert not re.search("[\x00\u202e\ud800-\udfff]", page)
    page.encode()


@pytest.mark.parametrize("make", [hostile_report, hostile_explanation])
def test_a_page_needs_nothing_else_and_forbids_the_rest(make):
    page = make().to_html()
    assert "default-src 'none'" in page
    assert "url(" not in page
    assert "@import" not in page
    assert "prefers-color-scheme" in page


@pytest.mark.parametrize("make", [hostile_report, hostile_explanation])
@pytest.mark.parametrize("face", ["to_html", "_repr_html_"])
def test_a_long_name_breaks_wherever_it_stands(make, face):
    page = getattr(make(), face)()
    roots = re.findall(r"(?<![\w ])\.wf\{(.*?)\}", page)
    assert "overflow-wrap:anywhere" in ";".join(roots).split(";")
    [kept_whole] = re.findall(r"(\S[^{}\n]*)\{[^}]*overflow-wrap:normal", page)
    assert kept_whole.endswith(".wf td.n")  # figures


def test_counts_of_any_size_have_room_beside_their_shares():
    page = hostile_report().to_html()
    grids = re.findall(r"\.(?:funnel|why)\S* li\{[^}]*?grid-template-columns:([^;}]*)", page)
    assert len(grids) == 9
    for grid in grids:
        *_, count, last = [part for part in grid.split() if part != "4.25rem"]
        assert "auto" in count + last, grid


def test_the_page_tells_what_the_report_knows():
    ledger = Ledger(["extract", "words"])
    ledger.add(
        "extract",
        3,
        [Document("a"), Document("b"), Document("c").fail("extract", "KeyError: x")],
        2.0,
    )
    ledger.add(
        "words",
        2,
        [Document("a"), Document("b").drop(Verdict("words", "words", "words", 1, 5.0, op="<="))],
        1.0,
    )
    report = Report(
        stages=ledger.rows(), total=3, seconds=2.5, recipe="use = 'extract'",
        warnings=["look here"], inputs=[("a.warc", 10)], versions={"python": "3.11"},
        fingerprint="f00d",
    )  # fmt: skip
    text = Checker(report.to_html()).text
    for said in (
        "1 of 3 documents kept 33.3 %",
        "words ≤ 5 1 50.0 %",
        "failed KeyError 1 33.3 % KeyError: x (c)",
        "look here",
        "2.0 s 66.7 %",
        "use = 'extract'",
        "a.warc 10 B",
        "python 3.11",
        "run f00d",
    ):
        assert said in text


def test_bars_are_shares_of_all_documents():
    ledger = Ledger()
    ledger.add(
        "a", 4, [Document("x"), *[Document(str(i)).drop(Verdict("a", "r")) for i in range(3)]]
    )
    page = Report(stages=ledger.rows(), total=4).to_html()
    assert '<i class="kept" style="width:25%"></i><i class="dropped" style="width:75%"></i>' in page
