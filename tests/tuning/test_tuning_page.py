import html.parser
import re
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from traits import Traits, corpus

from webfilter.document import Document
from webfilter.stage import Filter, Rule, Signal
from webfilter.tuning import tune
from webfilter.tuning.histogram import histogram

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&lt;\u202e\ud800\x00</style></svg>"


@dataclass(frozen=True)
class Evil(Filter):
    """A stage whose names are hostile."""

    name: ClassVar[str] = EVIL
    measures: ClassVar[tuple[Signal, ...]] = (Signal(EVIL, "float", EVIL, EVIL),)
    min_evil: float | None = None

    @property
    def rules(self):
        return () if self.min_evil is None else (Rule(EVIL, ge=self.min_evil),)

    def measure(self, doc):
        return {EVIL: doc.meta["height"]}


class Checker(html.parser.HTMLParser):
    """Checks that tags are balanced, and that nothing runs or loads."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.numbers = [], [], []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        assert tag not in ("script", "img", "a", "link", "iframe", "object", "image", "use")
        for name, value in attributes:
            assert not name.startswith("on")
            assert name not in ("src", "href", "xlink:href")
            if name in ("x", "y", "width", "height") and tag == "rect":
                self.numbers.append(float(value))
        self.tags.append(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def planted(stage, **options):
    rng = np.random.default_rng(1)
    good, bad = rng.uniform(10, 90, 600), rng.uniform(0, 50, 600)
    counts = rng.integers(0, 9, 600)
    return tune(
        corpus("g", good, counts=counts),
        corpus("b", bad, counts=counts // 2),
        stage,
        max_loss=0.05,
        **options,
    )


def test_the_page_is_well_formed_and_loads_nothing():
    tuning = planted(Traits(min_height=5.0, max_count=4))
    page = Checker(tuning.to_html())
    assert page.tags.count("svg") == 3  # one a signal, both sides on it
    assert all(0 <= number <= 100 for number in page.numbers)
    assert "default-src 'none'" in tuning.to_html()
    Checker(tuning._repr_html_())


def test_hostile_names_are_escaped_everywhere():
    tuning = planted(Evil())
    assert tuning.pooled.limits
    page = tuning.to_html()
    Checker(page)
    for said in (page, str(tuning)):
        assert "\x00" not in said
        assert "\u202e" not in said
    assert "<script>" not in page


def test_limits_are_drawn_where_they_are():
    tuning = planted(Traits(min_height=45.0))
    page = tuning.to_html()
    places = [float(x) for x in re.findall(r'class="given" d="M([\d.]+) 0', page)]
    assert places == [pytest.approx(50, abs=2)]
    tuned = [float(x) for x in re.findall(r'class="tuned" d="M([\d.]+) 0', page)]
    assert min(tuned) == pytest.approx(100 * tuning.proposals[0].proposed / 90, abs=6)


def test_without_a_proposal_or_values_there_is_a_page_all_the_same():
    rng = np.random.default_rng(1)
    docs = corpus("g", rng.normal(size=100))
    docs = [Document(d.id, d.text, meta={**d.meta, "width": None}) for d in docs]
    page = tune(docs, docs, Traits()).to_html()
    Checker(page)
    assert "No limit" in page
    assert "undefined everywhere" in page


def test_languages_are_on_the_page():
    rng = np.random.default_rng(1)
    sides = []
    for tag, low in (("g", 10), ("b", 0)):
        docs = corpus(tag, rng.uniform(low, 90, 600))
        codes = ["en"] * 280 + ["de"] * 280 + [EVIL] * 40
        sides.append(
            [
                d.with_signals({**d.meta, "language": code})
                for d, code in zip(docs, codes, strict=True)
            ]
        )
    tuning = tune(*sides, Traits(), by="language", given=True, min_documents=200, max_loss=0.05)
    assert len(tuning.languages) == 2
    page = tuning.to_html()
    Checker(page)
    assert "Limits for en" in page
    assert "Too few documents for limits of their own" in page
    assert "All others have the limits above.</p>" in page
    assert "macrolanguage" not in page  # none of these has one


@pytest.mark.parametrize(
    "values",
    [
        [0.0] * 50,
        [5.0] * 50,
        list(range(50)),
        [0.0] * 25 + [0.5] * 25,
        list(np.geomspace(1, 1e6, 50).round()),
        [1e300, -1e300] * 25,
        [1.0, 1.0 + 2**-52] * 25,
        [5e-324, 0.0] * 25,
        [1e15] * 50,
        [-1e16] * 50,
        [1e17] * 50,
        [1e300] * 50,
        [1e16, 1e16 + 2] * 25,
    ],
)
def test_histograms_of_any_shape_have_rising_edges_and_hold_everything(values):
    good, bad = np.array(values, dtype=float), np.array([*values[:-1], np.nan], dtype=float)
    drawn = histogram(good, bad)
    assert (np.diff(drawn.edges) > 0).all()
    assert sum(drawn.good) == pytest.approx(1)
    assert sum(drawn.bad) == pytest.approx(1 - drawn.undefined[1])
    inner = np.array(drawn.edges[1:-1])  # what lies beyond the ends is in the last bins
    for side, shares in ((good, drawn.good), (bad[:-1], drawn.bad)):
        bins = [int((inner <= value).sum()) for value in side]
        counts = [bins.count(place) / len(good) for place in range(len(shares))]
        assert shares == pytest.approx(counts)
    assert histogram(good * np.nan, bad * np.nan) is None


def test_bins_are_one_for_each_count_or_widen_with_a_long_tail():
    few = histogram(np.repeat(np.arange(40.0), 10), np.array([3.0]))
    assert few.edges == tuple(np.arange(-0.5, 40))
    assert few.good == pytest.approx([1 / 40] * 40)
    more = histogram(np.repeat(np.arange(41.0), 10), np.array([3.0]))
    assert len(more.edges) == 41
    assert np.ptp(np.diff(more.edges[1:])) < 1e-9
    long = np.array([1.0] * 60 + [2.0] * 35 + [900.0] * 5)
    wide = np.array(histogram(long, long).edges)
    assert (wide[1:] / wide[:-1]) == pytest.approx(900 ** (1 / 40))
    half = histogram(long + 0.5, long)  # no counts, so no such bins
    assert np.ptp(np.diff(half.edges[1:])) < 1e-9
    near = np.array([10.0] * 60 + [2.0] * 35 + [199.0] * 5)  # less than 20 times the median
    assert np.ptp(np.diff(histogram(near, near).edges[1:])) < 1e-9
    once = histogram(np.array([0.25] * 9), np.array([np.nan]))
    assert (once.edges, once.good, once.bad) == ((-0.25, 0.75), (1.0,), (0.0,))
    assert once.undefined == (0.0, 1.0)
