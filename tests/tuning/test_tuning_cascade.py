"""Slack fitted to pages: within the bound, honest about few, and no slower than without."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace

import numpy as np
import pytest

import webfilter as wf
from webfilter import catalog
from webfilter.document import Document, Value
from webfilter.errors import ConfigError
from webfilter.extract import Cascade
from webfilter.pipeline import Pipeline
from webfilter.stage import Filter, Rule, Signal, Transform
from webfilter.tuning import fit_cascade
from webfilter.tuning.drafts import Drafts, Limit, measured
from webfilter.tuning.slack import Times, Way, choose, lost, nearest, needed, ways


@dataclass(frozen=True)
class Number(Transform):
    """Reads one of the two numbers of a page as its text."""

    measures = (Signal("html_bytes", "int", "Size", "bytes", 0),)
    at: int = 0

    def transform(self, doc: Document) -> tuple[str, dict[str, Value]]:
        html = b"" if doc.html is None else doc.html
        text = html.decode().split("|")[self.at]
        if text == "none":
            raise ValueError("no draft")
        return text, {"html_bytes": len(html)}


@dataclass(frozen=True)
class Value_(Filter):
    """Keeps large numbers."""

    name = "value"
    measures = (Signal("value", "float", "The number", "points"),)
    min_value: float | None = 10.0

    @property
    def rules(self) -> tuple[Rule, ...]:
        return () if self.min_value is None else (Rule("value", ge=self.min_value),)

    def measure(self, doc: Document) -> dict[str, Value]:
        return {"value": float(doc.text)}


OFF = math.inf
PIPE = Pipeline((Cascade(Number(1), Number(0), None), Value_()))


@pytest.fixture
def slow(monkeypatch):
    """Let the final text cost a hundred times what the draft does, as a clock would tell."""
    times = Times(1.0, 0.0, 100.0, [("value", 0.1, False)])
    monkeypatch.setattr(
        "webfilter.tuning.cascade.ways", lambda drafts: [Way("first", drafts, times)]
    )


def pages(rng: np.random.Generator, count: int, off: float, wild: float = 0.0) -> list[Document]:
    """Return pages with finals of 0 to 12 and drafts off by `off`; a share of them hopelessly."""
    final = rng.uniform(0, 12, count)
    draft = final - rng.uniform(0, off, count)
    draft = np.where(rng.uniform(size=count) < wild, -50.0, draft)
    return [
        Document(f"{n}", html=f"{d}|{f}".encode())
        for n, (d, f) in enumerate(zip(draft, final, strict=True))
    ]


def drafts(final, draft, seconds=(1.0, 100.0)) -> Drafts:
    final, draft = np.atleast_2d(final).astype(float), np.atleast_2d(draft).astype(float)
    limits = tuple(Limit("value", f"v{n}", "ge", 0.0) for n in range(len(final)))
    size = final.shape[1]
    return Drafts(
        limits=limits,
        final=final,
        draft=draft,
        second=None,
        drafted=draft[0] > -math.inf,
        kept=(final <= 0).all(axis=0),
        ranks=np.arange(size) / size,
        gone={},
        seconds={"draft": seconds[0], "second": 0.0, "final": seconds[1], "value": 0.1},
        always={"value": False},
    )


@pytest.mark.parametrize("second", [0.0, 7.0])
@pytest.mark.parametrize("slack", [[1, 3, 2], [OFF, 3, OFF], [OFF] * 3, [2, OFF, 0]])
def test_times_are_those_of_page_after_page(second, slack):
    rng = np.random.default_rng(6)
    shown = rng.integers(-4, 5, (3, 50))
    found = drafts(shown, shown)
    stages = ["a", "a", "c"]
    limits = tuple(Limit(stage, f"v{n}", "ge", 0.0) for n, stage in enumerate(stages))
    found = replace(found, limits=limits)
    costs = [("a", 0.5, False), ("b", 0.25, True), ("c", 2.0, False), ("d", 9.0, True)]
    total = 0.0
    judging = {stage for stage, limit in zip(stages, slack, strict=True) if limit < math.inf}
    last = max((n for n, (name, *_) in enumerate(costs) if name in judging), default=-1)
    for page in shown.T:
        alive = True
        total += 1.0 if judging else 0.0
        for name, seconds, always in costs[: last + 1]:
            if alive and (name in judging or always):
                total += seconds * (2 if second else 1)
                alive = not any(
                    stage == name and value >= limit
                    for stage, value, limit in zip(stages, page, slack, strict=True)
                )
        total += 100.0 if alive else second
    times = Times(1.0, second, 100.0, costs)
    assert times.of(found, np.array(slack, float)) == pytest.approx(total)


def test_pages_are_near_that_miss_limits_by_less_than_others():
    rng = np.random.default_rng(8)
    final = rng.integers(-3, 6, (2, 60))
    found = drafts(final, np.zeros((2, 60)))
    missed = [
        sum(1 + sum(0 < other < value for other in row)
            for value, row in zip(page, final, strict=True) if value > 0)
        for page in final.T
    ]  # fmt: skip
    order = sorted(range(60), key=lambda n: (not found.kept[n], missed[n], n))
    kept = int(found.kept.sum())
    assert 2 < kept < 40
    for least in (1, kept, kept + 9, 99):
        assert nearest(found, least).tolist() == order[: max(least, kept)]


def test_measured_tells_by_how_much_draft_and_final_miss_the_limit():
    docs = [
        Document("a", html=b"3|12"), Document("b", html=b"11|4"), Document("c", html=b"none|10"),
        Document("d", "no page"), Document("e", html=b"1|x"),
    ]  # fmt: skip
    found = measured(PIPE, docs)
    assert found.limits == (Limit("value", "value", "ge", 10.0),)
    rows = sorted(zip(found.final[0], found.draft[0], found.kept, strict=True))
    assert rows == [(-2.0, 7.0, True), (0.0, -math.inf, True), (6.0, -1.0, False)]
    assert found.gone == {"value": 1, "without HTML": 1}
    assert (np.diff(found.ranks) > 0).all()
    turned = measured(PIPE, docs[::-1])  # the order is that of the ids' hashes
    assert turned.final.tolist() == found.final.tolist()
    assert turned.draft.tolist() == found.draft.tolist()


def test_what_is_needed_is_how_far_a_page_at_the_limit_would_be_off():
    found = needed(drafts([-5.0, 3.0, 0.0], [2.0, 4.0, -1.0]))
    assert found.tolist() == [[2.0, 1.0, -1.0]]


def test_the_nearest_are_those_kept_then_those_that_miss_least():
    found = drafts([-5.0, 3.0, 1.0, 9.0, 2.0], [1.0, 1.0, 1.0, 1.0, -math.inf])
    assert nearest(found, 3).tolist() == [0, 2, 1]
    assert nearest(found, 99).tolist() == [0, 2, 1, 3]


def test_the_slack_covers_what_was_seen_and_holds_on_new_pages(slow):
    rng = np.random.default_rng(0)
    fitted = fit_cascade(PIPE, pages(rng, 1200, 2.0))
    [row] = fitted.slacks
    assert row.limit.key == "value.value.ge"
    assert 1.9 < row.slack < 3.1
    assert fitted.proved
    assert fitted.pool.of >= 628
    gone = fitted.pages - fitted.passed
    assert row.dropped == row.alone == gone > 400
    seconds = 1200 * (1.0 + 0.1) + fitted.passed * 100.0 + gone * 0.01 * 100.0  # the audit last
    assert fitted.speedup == pytest.approx(1200 * 100.0 / seconds, rel=0.005)
    assert re.search(r"value\.value\.ge +10 ", str(fitted))
    fresh = [Document(f"new{d.id}", html=d.html) for d in pages(rng, 2000, 2.0)]
    without = {doc.id for doc in (Number(1) | Value_())(fresh) if doc.live}
    marked = fitted.pipe(fresh)
    kept = {doc.id for doc in marked if doc.live}
    assert len(without - kept) <= 0.01 * len(without)
    assert kept <= without
    assert sum(doc.verdict is not None and doc.verdict.stage == "cascade" for doc in marked) > 800


def test_a_few_hopeless_drafts_are_given_up_within_the_bound_and_many_are_not():
    rng = np.random.default_rng(1)
    final = rng.uniform(-2, 10, 4000)
    off = rng.uniform(0, 2, 4000)
    for share, screens in ((0.002, True), (0.03, False)):
        wild = rng.uniform(size=4000) < share
        found = drafts(final, np.where(wild, 60.0, final + off))
        times = ways(found)[0].times
        chosen = choose(found, nearest(found, 1500), times, 0.01, 0.95)
        assert math.isfinite(chosen.slack[0]) == screens
        kept = found.part(found.kept)
        assert lost(needed(kept), chosen.slack).mean() <= 0.01


def test_the_bound_is_held_on_samples_of_the_same_pages():
    """Of many samples few have a slack that loses more than the bound: the confidence."""
    worse = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        final = rng.uniform(-6, 6, 1600)
        off = rng.exponential(1.0, 1600)
        found = drafts(final, final + off)
        pool = nearest(found, 628)
        chosen = choose(found, pool, ways(found)[0].times, 0.01, 0.95)
        if math.isfinite(chosen.slack[0]):
            # kept pages are uniform on 0 to 6 above the limit
            at = np.linspace(0, 6, 1000) + chosen.slack[0]
            worse += np.exp(-at).mean() > 0.01
    assert worse <= 5


def test_limits_that_save_nothing_do_not_judge():
    rng = np.random.default_rng(2)
    final = rng.uniform(-2, 10, 1500)
    useless = rng.uniform(-9, -5, 1500)
    useless[:5] = 1.0
    found = drafts([final, useless], [final + rng.uniform(0, 1, 1500), useless])
    chosen = choose(found, nearest(found, 628), ways(found)[0].times, 0.01, 0.95)
    assert np.isfinite(chosen.slack).tolist() == [True, False]


def test_a_draft_that_costs_as_much_as_the_final_text_is_not_made():
    rng = np.random.default_rng(3)
    final = rng.uniform(-2, 10, 1500)
    found = drafts(final, final, seconds=(100.0, 100.0))
    chosen = choose(found, nearest(found, 628), ways(found)[0].times, 0.01, 0.95)
    assert np.isinf(chosen.slack).all()


def test_few_pages_are_said_to_be_few(slow):
    fitted = fit_cascade(PIPE, pages(np.random.default_rng(4), 60, 1.0))
    assert not fitted.proved
    assert any("too few to state 1 %" in note for note in fitted.notes)
    assert "it takes 299" in str(fitted)
    assert fitted.pipe.steps[0].default_slack == 1.0


def test_order_batches_and_repeats_do_not_matter(slow):
    docs = pages(np.random.default_rng(5), 700, 2.0)
    one, other = fit_cascade(PIPE, docs), fit_cascade(PIPE, docs[::-1])
    assert (one.pool, one.kept, one.passed) == (other.pool, other.kept, other.passed)
    assert [row.slack for row in one.slacks] == [row.slack for row in other.slacks]


def test_a_fitted_pipeline_is_saved_as_a_recipe(tmp_path, monkeypatch):
    monkeypatch.setitem(catalog.STAGES, "cascade", "webfilter.extract:Cascade")
    body = "<html><body><article><p>{}</p></article></body></html>"
    docs = [Document(f"{n}", html=body.format("The sun is a star. " * n).encode()) for n in range(40)]  # fmt: skip  # noqa: E501
    here = {"seconds": None, "memory_mb": None}
    pipe = wf.Extract(engine="resiliparse", **here) | wf.Length(min_words=100)
    fitted = fit_cascade(pipe, docs, draft=wf.Extract(engine="plain", fallback=None, **here))
    fitted.save(tmp_path / "fitted.toml")
    assert Pipeline.from_toml(tmp_path / "fitted.toml") == fitted.pipe
    assert fitted.kept.count == 0


@pytest.mark.parametrize(
    ("pipe", "docs", "fields", "says"),
    [
        (PIPE, [], {}, "has no pages"),
        (PIPE, [], {"max_loss": 0}, "max_loss = 0 is not between"),
        (PIPE, [], {"confidence": 1}, "confidence = 1 is not between"),
        (Pipeline((Value_(),)), [], {}, "no stage Extract"),
        (Pipeline((Cascade(Number(1), Number(0)),)), [], {}, "no stage after the extraction"),
    ],
)
def test_what_cannot_be_fitted_is_a_clear_error(pipe, docs, fields, says):
    with pytest.raises(ConfigError, match=says):
        fit_cascade(pipe, docs, **fields)
