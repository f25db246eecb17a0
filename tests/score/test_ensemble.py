"""Ensembles: scaled means, and ranks as Nemotron-CC counts them, beside a direct computation."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Sequence
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from webfilter import Pipeline
from webfilter.config import build
from webfilter.document import Document
from webfilter.errors import ConfigError, UnknownName
from webfilter.recipes import literal
from webfilter.report.ledger import Ledger
from webfilter.run.local import apply
from webfilter.score.educational import Educational
from webfilter.score.ensemble import Ensemble, RankEnsemble
from webfilter.testing import check_stage


def doc(name: str = "a", text: str = "text", **signals: float | str | None) -> Document:
    return Document(name, text, signals=signals)


def quality(stage: Ensemble, **signals: float | str | None) -> object:
    return stage.measure(doc(**signals))["quality"]


def corpus(seed: int, count: int = 400) -> list[Document]:
    rng = random.Random(seed)
    return [
        doc(str(i), "x" * rng.randrange(1, 300), a=round(rng.gauss(2, 1), 3), b=rng.random() ** 4)
        for i in range(count)
    ]


def test_both_keep_the_contract() -> None:
    docs = [doc(f"d{i}", "x" * (i % 7), a=i / 40, b=(i * 7) % 11 / 11) for i in range(40)]
    docs += [doc("no-a", a=None, b=0.5), doc("none", a=None, b=None)]
    check_stage(Ensemble(("a", "b"), min_score=0.5), docs)
    check_stage(Ensemble(("a", "b"), how="min", min_score=0.2), docs)
    check_stage(RankEnsemble(("a", "b"), min_bucket=15), docs)
    check_stage(RankEnsemble(("a", "b"), buckets=3, weight="documents", min_bucket=1), docs)


def test_scores_are_scaled_by_their_ranges_first() -> None:
    signals = {"educational": 2.5, "clean": 2.0, "hq": 0.0, "logit": 0.0}
    ranges = {"logit": (-4, 4)}
    stage = Ensemble(tuple(signals), ranges=ranges)
    assert quality(stage, **signals) == pytest.approx((0.5 + 1 + 0 + 0.5) / 4)
    assert quality(Ensemble(tuple(signals), how="max", ranges=ranges), **signals) == 1.0
    assert quality(Ensemble(tuple(signals), how="min", ranges=ranges), **signals) == 0.0
    weighted = Ensemble(("educational", "hq"), weights={"educational": 3, "hq": 1})
    assert quality(weighted, educational=5, hq=0.2) == pytest.approx((3 + 0.2) / 4)
    ignored = Ensemble(("educational", "hq"), weights={"hq": 0})
    assert quality(ignored, educational=5, hq=0.2) == 1.0


def test_an_undefined_score_leaves_the_whole_undefined_and_unjudged() -> None:
    stage = Ensemble(("educational", "hq"), min_score=0.9)
    [found] = stage.process([doc(educational=None, hq=0.1)])
    assert found.signals["quality"] is None
    assert found.live


def test_a_value_outside_of_its_range_fails_the_document_with_the_fix() -> None:
    stage = Ensemble(("fineweb_edu",))
    for value, match in ((3.2, "is 3.2, outside 0 to 1: give its range"), ("high", "numbers")):
        [found] = apply(stage, stage.name, [doc(fineweb_edu=value)], Ledger())
        assert found.verdict is not None
        assert found.verdict.kind == "failed"
        assert match in found.verdict.reason


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=5),
    st.lists(st.floats(0, 1e200), min_size=5, max_size=5),
)
def test_the_mean_lies_between_the_least_and_the_greatest(
    values: list[float], weights: list[float]
) -> None:
    names = tuple(f"s{i}" for i in range(len(values)))
    given_weights = dict(zip(names, weights[: len(values)], strict=True))
    if not sum(given_weights.values()):
        return
    signals = dict(zip(names, values, strict=True))
    found = quality(Ensemble(names, weights=given_weights), **signals)
    assert min(values) - 1e-6 <= found <= max(values) + 1e-6  # type: ignore[operator]


def test_mistakes_are_named_when_built() -> None:
    for settings, match in (
        ({"signals": ()}, "signals is empty"),
        ({"signals": ("a", "a")}, "has one twice"),
        ({"signals": ("quality", "a")}, "among the signals"),
        ({"signals": ("a",), "how": "max_rank"}, "take RankEnsemble"),
        ({"signals": ("a",), "how": "median"}, "'mean' or 'max' or 'min'"),
        ({"signals": ("a",), "weights": {"a": -1}}, "weights"),
        ({"signals": ("a",), "weights": {"a": 0}}, "of which one is above 0"),
        ({"signals": ("a",), "weights": {"a": 1}, "how": "max"}, "weights go with"),
        ({"signals": ("a",), "ranges": {"a": (1, 0)}}, "is not a least and a greatest"),
        ({"signals": ("a",), "ranges": {"a": (0, 1, 2)}}, "is not a least and a greatest"),
        ({"signals": ("a",), "min_score": 2.5}, r"min_score = 2\.5 is outside"),
    ):
        with pytest.raises(ConfigError, match=match):
            Ensemble(**settings)  # type: ignore[arg-type]
    with pytest.raises(UnknownName, match="did you mean 'educational'"):
        Ensemble(("educational", "hq"), ranges={"educationel": (0, 5)})
    with pytest.raises(UnknownName, match="no earlier stage measures it"):
        Pipeline((Ensemble(("educational",)),))
    for settings, match in (({"buckets": 1}, "buckets = 1"), ({"min_bucket": 20}, "min_bucket")):
        with pytest.raises(ConfigError, match=match):
            RankEnsemble(("a",), **settings)  # type: ignore[arg-type]


def test_it_stands_behind_what_it_combines() -> None:
    lesson = "Water boils because its vapor presses as hard as the air. For example, on a mountain."
    pipe = Educational(min_score=None) | Ensemble(("educational", "clean"), min_score=0.3)
    [found] = pipe([lesson])
    assert found.signals["quality"] == pytest.approx(
        (found.signals["educational"] / 5 + found.signals["clean"] / 2) / 2, abs=1e-6
    )


def nemotron(docs: Sequence[Document], name: str) -> list[int]:
    """Thresholds at every 5 % of the bytes by the inverted distribution, then np.digitize."""
    values = np.array([d.signals[name] for d in docs], dtype=float)
    weights = np.array([len(d.text) for d in docs])
    order = np.argsort(values)
    share = np.cumsum(weights[order]) / weights.sum()
    at = [np.searchsorted(share, p / 100, side="left") for p in range(5, 100, 5)]
    return list(np.digitize(values, values[order][at]))


def test_ranks_are_those_of_nemotron_cc_up_to_the_documents_on_an_edge() -> None:
    docs = corpus(1)
    stage = RankEnsemble(("a", "b"))
    resolved = stage.resolve([stage.sketch(docs)])
    found = [resolved.measure(d)["quality_bucket"] for d in docs]
    wanted = np.maximum(nemotron(docs, "a"), nemotron(docs, "b"))
    apart = np.abs(np.array(found) - wanted)
    assert apart.max() <= 1
    assert apart.mean() < 0.12  # one document a threshold and signal: 38 of 400 at most


def test_a_bucket_holds_its_share_of_the_text() -> None:
    docs = corpus(2, 3_000)
    stage = RankEnsemble(("a",), buckets=10)
    resolved = stage.resolve([stage.sketch(docs)])
    held = np.zeros(10)
    for d in docs:
        held[resolved.measure(d)["quality_bucket"]] += len(d.text)
    assert np.abs(held / held.sum() - 0.1).max() < 0.01


def test_a_bucket_holds_its_share_of_the_documents_where_that_is_asked_for() -> None:
    docs = corpus(2, 3_000)
    stage = RankEnsemble(("a",), buckets=10, weight="documents")
    resolved = stage.resolve([stage.sketch(docs)])
    held = np.bincount([resolved.measure(d)["quality_bucket"] for d in docs], minlength=10)
    assert np.abs(held / 3_000 - 0.1).max() < 0.01
    bare = [Document(d.id, "", signals=d.signals) for d in docs]  # how long they are is nothing
    assert stage.resolve([stage.sketch(bare)]) == resolved


def test_a_tie_at_the_bottom_stays_at_the_bottom() -> None:
    docs = [doc(str(i), a=0.0 if i < 30 else i / 100) for i in range(100)]
    stage = RankEnsemble(("a",))
    resolved = stage.resolve([stage.sketch(docs)])
    buckets = [resolved.measure(d)["quality_bucket"] for d in docs]
    assert set(buckets[:30]) == {0}
    assert buckets[30] == 6
    assert buckets[-1] == 19


def test_the_best_rank_counts_and_a_missing_one_does_not() -> None:
    docs = [doc(str(i), a=i, b=100 - i) for i in range(100)]
    stage = RankEnsemble(("a", "b"), buckets=4)
    resolved = stage.resolve([stage.sketch(docs)])
    assert [resolved.measure(docs[i])["quality_bucket"] for i in (0, 40, 60, 99)] == [3, 2, 2, 3]
    assert resolved.measure(doc(a=None, b=1))["quality_bucket"] == 0
    assert resolved.measure(doc(a=None, b=None))["quality_bucket"] is None


def test_what_is_no_number_is_refused_before_it_moves_other_ranks() -> None:
    with pytest.raises(ValueError, match="signal 'a' is nan"):
        RankEnsemble(("a",)).sketch([doc(a=1.0), doc("odd", a=float("nan"))])


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.integers(0, 50)), max_size=60), st.randoms())
def test_the_order_of_documents_and_batches_never_matters(
    rows: list[tuple[float, int]], rng: random.Random
) -> None:
    docs = [doc(str(i), "y" * n, a=value) for i, (value, n) in enumerate(rows)]
    stage = RankEnsemble(("a",), buckets=5)
    whole = stage.resolve([stage.sketch(docs)])
    rng.shuffle(docs)
    cut = rng.randrange(len(docs) + 1)
    assert stage.resolve([stage.sketch(docs[:cut]), stage.sketch(docs[cut:])]) == whole
    ranked = sorted(docs, key=lambda d: d.signals["a"])  # type: ignore[arg-type, return-value]
    buckets = [whole.measure(d)["quality_bucket"] for d in ranked]
    assert buckets == sorted(buckets)  # type: ignore[type-var]


def test_a_pipeline_ranks_what_reaches_it() -> None:
    lesson = "Water boils because the vapor presses as hard as the air does. "
    shop = "Buy now! Add to cart. Free shipping on orders over $50. Sale! "
    texts = [lesson * (1 + i % 3) + shop * (i % 5) for i in range(40)]
    pipe = Educational(min_score=None) | RankEnsemble(("educational", "lasting"), min_bucket=15)
    found = pipe(texts)
    buckets = [d.signals["quality_bucket"] for d in found]
    assert [d.live for d in found] == [b >= 15 for b in buckets]
    assert 0 < sum(d.live for d in found) < 30


def test_recipes_hold_both() -> None:
    for stage in (
        Ensemble(("educational", "clean"), weights={"clean": 2}, ranges={"clean": (0, 2)}),
        RankEnsemble(("educational",), min_bucket=18),
    ):
        values = [f"{f.name} = {literal(getattr(stage, f.name), 'x')}" for f in fields(stage)]
        table = tomllib.loads("\n".join(values))
        assert build(type(stage), stage.name, table) == stage
