"""Top shares and budgets: against numpy and scipy, and the same for any order and parts."""

import math
import random
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import percentileofscore
from toys import Length

from webfilter import ConfigError, Document, Judge, Pipeline, Rule, UnknownName, write
from webfilter.score import ranking
from webfilter.score.above import tie_of
from webfilter.score.threshold import TokenBudget, TopShare
from webfilter.stage import Filter, Signal
from webfilter.testing import check_stage


def documents(scores, **more):
    columns = [dict(zip(more, row, strict=True)) for row in zip(*more.values(), strict=True)]
    return [
        Document(f"d{n:05}", signals={"educational": score, **(columns[n] if columns else {})})
        for n, score in enumerate(scores)
    ]


def kept(step, docs):
    return [doc.id for doc in Pipeline((step,))(docs) if doc.live]


@pytest.mark.parametrize("share", [0.0, 0.01, 0.1, 0.29, 0.5, 0.999, 1.0])
@pytest.mark.parametrize("kind", ["scores", "wide", "negative"])
def test_the_best_share_is_that_of_numpy(share, kind):
    rng = np.random.default_rng(3)
    scores = {
        "scores": rng.permutation(50_001)[:1_000] / 10_000,
        "wide": np.exp(rng.normal(0, 20, 1_000)),
        "negative": rng.normal(0, 1e-3, 1_000),
    }[kind]
    docs = documents(scores.tolist())
    marked = Pipeline((TopShare(share=share, given=True),))(docs)
    count = round(share * 1_000)
    best = set(np.argsort(scores)[1_000 - count :].tolist())
    assert {n for n, doc in enumerate(marked) if doc.live} == best
    for doc in marked:
        if 0 < count < 1_000 and not doc.live:
            assert doc.verdict.limit == np.sort(scores)[1_000 - count]
            assert doc.verdict.limit == np.quantile(scores, 1 - share, method="higher")


def test_the_percentile_is_that_of_scipy():
    rng = random.Random(1)
    scores = [rng.choice([0.0, 0.5, 1.25, 3.0, rng.random()]) for _ in range(300)]
    marked = Pipeline((TopShare(share=None, given=True),))(documents(scores))
    for doc, score in zip(marked, scores, strict=True):
        expected = percentileofscore(scores, score, kind="mean")
        assert doc.live
        assert doc.signals["educational_percentile"] == pytest.approx(expected, abs=1e-4)


def test_ties_are_parted_exactly_and_by_the_id_alone():
    docs = documents([1.0] * 700 + [2.0] * 50 + [0.5] * 250)
    best = kept(TopShare(share=0.2, given=True), docs)
    assert len(best) == 200
    assert set(best) >= {doc.id for doc in docs[700:750]}
    ties = {name for name in best if int(name[1:]) < 700}
    assert ties != {f"d{n:05}" for n in range(150)}  # not the first ones
    shuffled = random.Random(2).sample(docs, len(docs))
    assert set(kept(TopShare(share=0.2, given=True), shuffled)) == set(best)
    fewer = set(kept(TopShare(share=0.1, given=True), docs))
    assert fewer < set(best)  # a smaller share is a subset of a larger one


def test_a_lost_tie_says_so():
    marked = Pipeline((TopShare(share=0.5, given=True),))(documents([1, 1, 1, 1, 0.25, 0.25]))
    said = sorted(str(doc.verdict) for doc in marked if not doc.live)
    lower = "top_share: educational 0.25 < 1 (top 50 %)"
    assert said == [lower, lower, "top_share: educational 1 <= 1 (top 50 %)"]
    assert {doc.verdict.reason for doc in marked if not doc.live} == {"top 50 %"}


def test_shares_are_counted_as_they_are_written():
    docs = documents([n / 100 for n in range(100)])
    for percent in range(101):
        assert len(kept(TopShare(share=percent / 100, given=True), docs)) == percent
    assert len(kept(TopShare(share=0.1, given=True), docs[:9])) == 0
    assert len(kept(TopShare(share=0.1, min_each=2, given=True), docs[:9])) == 2
    assert len(kept(TopShare(share=0.1, min_each=99, given=True), docs[:9])) == 9


def test_each_language_gets_its_share():
    docs = documents(
        [n / 10 for n in range(60)], language=[("en", "de", None)[n % 3] for n in range(60)]
    )
    step = TopShare(share=0.25, by="language", given=True)
    marked = Pipeline((step,))(docs)
    best = [doc.id for doc in marked if doc.live]
    assert best == [f"d{n:05}" for n in range(45, 60)]
    limits = {doc.signals["language"]: doc.verdict.limit for doc in marked if not doc.live}
    assert limits == {"en": 4.5, "de": 4.6, None: 4.7}
    assert marked[0].signals["educational_percentile"] == 2.5
    assert "language" in step.measures[0].about
    assert marked[0].verdict.reason == "top 25 % of its language"


def test_each_host_gets_its_share():
    docs = [
        Document(f"{host}{n}", url=url and f"{url}{n}", signals={"educational": n - 9 * ord(host)})
        for host, url in (("a", "http://A.org/"), ("b", "https://b.org/"), ("c", None), ("d", "["))
        for n in range(4)
    ]
    best = kept(TopShare(share=0.5, by="host", given=True), docs)
    assert best == ["a2", "a3", "b2", "b3", "c0", "c1", "c2", "c3"]  # without a host: one group


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_order_parts_and_merging_never_change_a_verdict(data):
    number = st.one_of(
        st.sampled_from([0.0, -0.0, 1.0, 2.5, True, 3]),
        st.floats(allow_nan=False, allow_infinity=False),
        st.integers(),
        st.none(),
    )
    scores = data.draw(st.lists(number, max_size=40))
    groups = data.draw(st.lists(st.sampled_from(["en", "de"]), min_size=40, max_size=40))
    tokens = data.draw(st.lists(st.integers(0, 100), min_size=40, max_size=40))
    docs = documents(scores, language=groups[: len(scores)], tokens=tokens[: len(scores)])
    by = data.draw(st.sampled_from([None, "language"]))
    step = data.draw(
        st.sampled_from(
            [
                TopShare(share=data.draw(st.floats(0, 1)), by=by),
                TokenBudget(data.draw(st.integers(0, 2_000)), by=by),
            ]
        )
    )
    bins = data.draw(st.sampled_from([2, 7, 1 << 20]))
    before, ranking.BINS = ranking.BINS, bins
    try:
        expected = step.resolve([step.sketch(docs)]).process(docs)
        order = data.draw(st.permutations(docs))
        cuts = sorted(data.draw(st.lists(st.integers(0, len(docs)), max_size=6)))
        edges = [0, *cuts, len(docs)]
        parts = [order[a:b] for a, b in pairwise(edges)]
        found = step.lean
        found = found.resolve_in(map(found.sketch, parts), None)
        if hasattr(found, "sketch"):
            found = found.resolve_in(map(found.sketch, parts[::-1]), None)
        assert list(found.process(docs)) == list(expected)
        lean = step.lean
        tree = ranking.merged(
            [ranking.merged(map(lean.sketch, parts[:2])), *map(lean.sketch, parts[2:])]
        )
        whole = ranking.merged([lean.sketch(docs)])
        assert tree.shift == whole.shift
        for one, other in zip(tree[:3], whole[:3], strict=True):
            assert one.tolist() == other.tolist()
    finally:
        ranking.BINS = before


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([None, 0.5, 1.0, 2.0, 3.5]), st.integers(0, 50)), max_size=40
    ),
    st.integers(0, 900),
)
def test_a_budget_is_met_from_below_by_the_best(rows, budget):
    docs = documents([score for score, _ in rows], tokens=[tokens for _, tokens in rows])
    marked = Pipeline((TokenBudget(budget, given=True),))(docs)
    scored = [doc for doc in marked if doc.signals["educational"] is not None]
    free = sum(doc.signals["tokens"] for doc in marked) - sum(d.signals["tokens"] for d in scored)
    order = sorted(scored, key=lambda d: -d.signals["educational"])
    good = [doc for doc in order if doc.live]
    lost = [doc for doc in order if not doc.live]
    spent = free + sum(doc.signals["tokens"] for doc in good)
    assert spent <= budget or not good or sum(d.signals["tokens"] for d in good) == 0
    if good and lost:
        assert good[-1].signals["educational"] >= lost[0].signals["educational"]
    if lost:  # the next one would not have fitted
        best = max(doc.signals["educational"] for doc in lost)
        smallest = max(d.signals["tokens"] for d in lost if d.signals["educational"] == best)
        assert spent + smallest > budget
    assert all(doc.live for doc in marked if doc.signals["educational"] is None)


def test_wide_numbers_are_cut_exactly_in_bounded_memory(monkeypatch):
    monkeypatch.setattr(ranking, "BINS", 512)
    rng = np.random.default_rng(5)
    scores = np.exp(rng.normal(0, 3, 5_000))
    docs = documents(scores.tolist())
    step = TopShare(share=0.1, given=True)
    first = step.lean
    parts = [docs[at : at + 50] for at in range(0, 5_000, 50)]
    second = first.resolve_in(map(first.sketch, parts), None)
    assert len(second.bins.key) <= 512
    looked = sum(len(second.sketch(part).key) for part in parts)
    assert 0 < looked < 1_000
    stage = second.resolve_in(map(second.sketch, parts), None)
    best = {doc.id for doc in stage.process(docs) if doc.live}
    assert best == {docs[n].id for n in np.argsort(scores)[-500:]}
    for doc, score in zip(stage.process(docs), scores, strict=True):
        exact = percentileofscore(scores, score, kind="mean")
        assert doc.signals["educational_percentile"] == pytest.approx(exact, abs=5)


def test_nothing_is_kept_of_wide_bins_either(monkeypatch):
    monkeypatch.setattr(ranking, "BINS", 4)
    docs = documents([1 + n / 1_000 for n in range(50)], tokens=[5] * 50)
    for step in (
        TopShare(share=0, given=True),
        TokenBudget(0, given=True),
        TokenBudget(4, given=True),
    ):
        assert kept(step, docs) == []


def test_the_limit_that_is_told_is_the_last_one_kept():
    docs = documents([3.0, 2.0, 1.0], tokens=[300, 900, 100])
    marked = Pipeline((TokenBudget(500, given=True),))(docs)
    said = [str(doc.verdict) for doc in marked[1:]]
    assert marked[0].live
    assert said == [f"token_budget: educational {n} < 3 (best 500 tokens)" for n in (2, 1)]


def test_bins_are_never_wider_than_a_sixteenth(monkeypatch):
    numbers = np.array([1.0, 1.07, 1e300, -1e-300, -3.7, 0.0])
    bits = ranking.keys(numbers)
    low = ranking.values(bits >> np.uint64(48) << np.uint64(48))
    assert np.all(np.abs(numbers - low) <= np.abs(numbers) / 16)
    assert ranking.values(bits).tolist() == numbers.tolist()
    order = np.argsort(bits, kind="stable")
    assert numbers[order].tolist() == sorted(numbers.tolist())
    monkeypatch.setattr(ranking, "BINS", 2)
    none = np.zeros(6, np.uint64)
    ones = np.ones(6, np.int64)
    found = ranking.merged([ranking.binned(ranking.Rows(none, bits, ones, ones))])
    assert (found.shift, len(found.key)) == (48, 6)  # more than two of them, all the same


def test_what_is_undefined_stays_and_is_counted():
    docs = documents([None, 1.0, None, 2.0, 3.0, 4.0])
    sink = write.memory()
    report = Pipeline((TopShare(share=0.5, given=True),)).run(docs, kept=sink)
    assert [doc.id for doc in sink.docs] == ["d00000", "d00002", "d00004", "d00005"]
    assert report.stages[-1].undefined == {"educational": 2}
    assert sink.docs[0].signals["educational_percentile"] is None
    assert "top 50 % educational < 3" in " ".join(str(report).split())


@pytest.mark.parametrize("budget", [0, 20, 25])
def test_a_budget_that_is_full_of_undefined_ones_says_so(budget):
    docs = documents([None, None, None, 2.0, 3.0], tokens=[10] * 5)
    step = TokenBudget(budget, given=True)
    marked = Pipeline((step,))(docs)
    assert [doc.live for doc in marked] == [True, True, True, False, False]
    said = f"token_budget: best {budget} tokens: full of documents without educational"
    assert {str(doc.verdict) for doc in marked[3:]} == {said}
    found = step.resolve([step.sketch(docs)])
    assert found.rules == ()
    assert found.rules_for(docs[3]) == ()


def test_what_cannot_be_ranked_fails_alone():
    docs = [
        *documents([1.0, 2.0, "good", 10**400, -(10**400), True]),
        Document("none", signals={"educational": 1.0, "tokens": None}),
    ]
    report = Pipeline((TopShare(share=0.5, given=True),)).run(docs)
    assert (report.kept, report.dropped, report.failed) == (3, 3, 1)
    [message] = report.stages[-1].examples["TypeError"]
    assert "'good': a text cannot be ranked" in message
    report = Pipeline((TopShare(share=0.5, given=True),)).run(documents([1.0, math.nan, 2.0]))
    assert (report.kept, report.dropped, report.failed) == (1, 1, 1)
    docs = documents([1.0] * 8, tokens=[5, 5.0, -1, 2.5, True, None, "7", math.nan])
    report = Pipeline((TokenBudget(100, given=True),)).run(docs)
    assert (report.kept, report.failed) == (2, 6)


@pytest.mark.parametrize("tokens", [2**40, 2**62])
def test_no_number_of_tokens_runs_over(tokens):
    docs = documents([4.0, 3.0, 2.0, 1.0], tokens=[500, *[tokens] * 3])
    report = Pipeline((TokenBudget(1_000, given=True),)).run(docs)
    assert report.kept == 1
    assert report.failed == (3 if tokens > 2**40 else 0)


@dataclass(frozen=True)
class Scores(Filter):
    """Measures a score, a text and the tokens."""

    measures: ClassVar[tuple[Signal, ...]] = (
        Signal("educational", "float", "A score", "score", 0, 5),
        Signal("language", "str", "A language"),
    )

    def measure(self, doc):
        return {"educational": len(doc.text) % 7 / 2, "language": "en" if "a" in doc.text else "de"}


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        (lambda: Scores() | TopShare("educatonal"), UnknownName, "did you mean 'educational'"),
        (lambda: Scores() | TopShare("language"), ConfigError, "'language' is a text"),
        (lambda: Scores() | TokenBudget(5), UnknownName, "tokens"),
        (lambda: Scores() | TopShare(by="lang"), UnknownName, "did you mean 'language'"),
        (lambda: Scores() | Judge((Rule("language", ge=1),)), ConfigError, "is a text"),
        (lambda: TopShare(share=10), ConfigError, "0.1 is the top 10 %"),
        (lambda: TopShare(share=-0.1), ConfigError, "share"),
        (lambda: TopShare(share=math.nan), ConfigError, "share"),
        (lambda: TopShare(share="0.1"), ConfigError, "share"),
        (lambda: TopShare(min_each=-1), ConfigError, "min_each"),
        (lambda: TopShare(""), ConfigError, "signal is empty"),
        (lambda: TopShare(by=""), ConfigError, "by is empty"),
        (lambda: TokenBudget(5, ""), ConfigError, "signal is empty"),
        (lambda: TokenBudget(5, by=""), ConfigError, "by is empty"),
        (lambda: TokenBudget(-1), ConfigError, "tokens"),
        (lambda: TokenBudget(math.inf), ConfigError, "tokens"),
        (lambda: TokenBudget(2**63), ConfigError, "tokens"),
    ],
)
def test_impossible_settings_are_refused_when_built(make, error, said):
    with pytest.raises(error, match=said):
        make()


@pytest.mark.parametrize(
    "step",
    [
        TopShare(),
        TopShare(share=None),
        TopShare(share=0.5, by="language", min_each=2),
        TopShare(share=0.4, by="host"),
        TokenBudget(5),
        TokenBudget(10e9),
        TokenBudget(3, by="host"),
    ],
)
def test_the_contract(step):
    scored = [Document(f"x{n}", "", signals={"educational": n % 5, "tokens": n}) for n in range(20)]
    check_stage(step, scored)


def test_a_fitted_pipeline_judges_one_by_one():
    docs = [Document(f"d{n:04}", "ab" * (n % 31)) for n in range(100)]
    pipe = Pipeline((Scores(), TopShare(share=0.25)))
    fitted = pipe.fit(docs)
    assert [d.verdict for d in fitted(docs)] == [d.verdict for d in pipe(docs)]
    assert fitted.fingerprint() == pipe.fit(docs[::-1]).fingerprint()
    assert fitted.fingerprint() != pipe.fit(docs[:50]).fingerprint()
    assert "educational" in str(fitted.explain(text="a" * 6))
    alone = fitted([Document("new", "abc")])[0]
    assert alone.verdict.signal == "educational"


def test_a_group_that_came_later_is_kept_and_has_no_rank():
    docs = [Document(f"d{n:04}", "ab" * (n % 31)) for n in range(100)]
    fitted = Pipeline((Scores(), TopShare(share=0.25, by="language"))).fit(docs)
    late = Document("late", "", signals={"educational": 1.0, "language": "xx"})
    step = fitted.steps[-1]
    [marked] = step.process([late])
    assert marked.live
    assert marked.signals["educational_percentile"] is None
    assert step.rules_for(late) == ()


def test_a_share_of_what_came():
    docs = [Document(str(n), "a" * n) for n in range(1, 21)]
    pipe = Length(11) | Scores() | TopShare("educational", share=0.5)
    assert sum(doc.live for doc in pipe(docs)) == 5


@pytest.mark.parametrize("tokens", [5, 0])
def test_what_has_no_tokens_fits_into_a_full_budget(tokens):
    scores = {"best": tokens, "x": 3, **{f"empty {n}": 0 for n in range(9)}}
    docs = [
        Document(name, signals={"educational": name == "best", "tokens": count})
        for name, count in scores.items()
    ]
    first = {name for name in scores if name != "best" and tie_of(name) < tie_of("x")}
    assert 0 < len(first) < 9
    assert set(kept(TokenBudget(tokens, given=True), docs)) == {"best", *first}
