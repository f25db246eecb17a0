"""Filters in the order that costs least: the same documents are kept, and clocks decide nothing."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from counted import A, B, C, D, Meter
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import webfilter as wf
from webfilter.cli import main
from webfilter.document import Document
from webfilter.errors import ConfigError
from webfilter.pipeline import Pipeline
from webfilter.report.ledger import Ledger
from webfilter.run.local import apply
from webfilter.stage import Filter, Rule, Signal
from webfilter.testing import hostile_documents, plain_documents
from webfilter.text.tokens import forget
from webfilter.tuning import fit_order
from webfilter.tuning.cheapest import Costs, cheapest
from webfilter.tuning.commuting import bound, stretches


@pytest.fixture(autouse=True)
def meter(monkeypatch):
    """Count the work of stages instead of the time it takes."""
    for module in ("stretch", "order"):
        monkeypatch.setattr(f"webfilter.tuning.{module}.perf_counter", Meter())


def texts(*shares: tuple[str, int]) -> list[Document]:
    """Return documents: so many with each text."""
    return [Document(f"{text}-{n}", f"{text} {n}") for text, count in shares for n in range(count)]


def kept(pipe: Pipeline, docs: Sequence[Document]) -> dict[str, tuple[str, dict[str, object]]]:
    return {doc.id: (doc.text, dict(doc.signals)) for doc in pipe(docs) if doc.live}


# the cheapest order


def test_what_is_cheap_and_drops_much_goes_first_and_the_report_says_so(tmp_path):
    docs = texts(("A", 10), ("B", 180), ("x", 10))
    pipe = A(cost=10.0) | B(cost=1.0)
    found = fit_order(pipe, docs)
    assert found.pipe == B(cost=1.0) | A(cost=10.0)
    assert found.changed
    assert (found.given, found.found) == (200 * 10 + 190, 200 + 20 * 10)
    assert [(row.name, row.place, row.was, row.alone) for row in found.places] == [
        ("B", 1, 2, 1.0),
        ("A", 2, 1, 10.0),
    ]
    assert [row.passed.count for row in found.places] == [20, 190]
    assert kept(found.pipe, docs) == kept(pipe, docs)
    assert found.pipe.fingerprint() != pipe.fingerprint()
    report = found.pipe.run(docs, tmp_path / "out")
    assert [row.name for row in report.stages] == ["read", "B", "A"]


def test_a_near_tie_keeps_the_given_order():
    docs = texts(("A", 100), ("B", 100), ("x", 50))
    for cost, changed in ((1.15, False), (2.0, True)):
        found = fit_order(A(cost=cost) | B(cost=1.0), docs)
        assert found.changed == changed


def test_a_pair_that_saves_next_to_nothing_stays_beside_one_that_saves_much():
    docs = texts(("A", 100), ("B", 101), ("C", 190), ("x", 10))
    found = fit_order(A() | B() | C(cost=0.1), docs)
    assert found.pipe.names == ("C", "A", "B")


def test_an_order_that_is_slower_than_promised_is_not_taken(monkeypatch):
    docs = texts(("A", 10), ("B", 180), ("x", 10))
    monkeypatch.setattr(
        "webfilter.tuning.stretch._timed", lambda *_: ([10.0, 1.0], [[10.0, 1.0], [10.0, 1.0]])
    )
    assert not fit_order(A(cost=1.0) | B(cost=9.0), docs).changed


def test_work_that_stages_share_is_paid_once():
    docs = texts(("A", 20), ("B", 20), ("C", 18), ("x", 22))
    # by itself B costs 11, A 4: but the tokens that C needs all the same are most of it
    pipe = A(cost=4.0) | B(cost=1.0, shared=10.0) | C(cost=1.0, shared=10.0)
    found = fit_order(pipe, docs)
    assert {row.name: (row.alone, row.shared) for row in found.places} == {
        "A": (4.0, 4.0),
        "B": (11.0, 1.0),
        "C": (11.0, 1.0),
    }


def counted(stages: Sequence[Filter], docs: Sequence[Document]) -> float:
    """Return what `docs` cost in this order, by running them."""
    start = Meter.now
    forget()
    marked = list(docs)
    for stage in stages:
        marked = apply(stage, stage.name, marked, Ledger())
    return Meter.now - start


COSTS = st.integers(1, 20).map(float)
SHARED = st.sampled_from([0.0, 0.0, 15.0])


@settings(max_examples=12, deadline=None)
@given(
    st.lists(st.tuples(COSTS, SHARED), min_size=3, max_size=4),
    st.lists(st.sets(st.sampled_from("ABCD")).map(sorted).map("".join), min_size=5, max_size=12),
)
def test_no_order_is_much_cheaper_when_it_runs(costs, kinds):
    docs = [Document(str(n), f"{kind} {n}") for n, kind in enumerate(kinds * 3)]
    stages = [
        made(cost=cost, shared=shared)
        for made, (cost, shared) in zip((A, B, C, D), costs, strict=False)
    ]
    found = fit_order(Pipeline(tuple(stages)), docs)
    orders = [counted(order, docs) for order in itertools.permutations(stages)]
    ours = counted(found.pipe.steps, docs)
    assert ours == pytest.approx(found.found)
    assert ours <= min(orders) + (0.1 + 0.01 * 6) * orders[0]


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_the_cheapest_order_is_that_of_brute_force(data):
    count = data.draw(st.integers(1, 5))
    some = st.integers(0, 50).map(float)
    row = st.lists(some, min_size=count, max_size=count)
    masks = st.integers(0, (1 << count) - 1)
    costs = Costs(
        data.draw(row),
        data.draw(st.lists(row, min_size=count, max_size=count)),
        data.draw(st.dictionaries(masks, st.integers(0, 30), max_size=8)),
        [data.draw(masks) & ((1 << n) - 1) for n in range(count)],
    )
    allowed = [
        order
        for order in itertools.permutations(range(count))
        if not any(
            costs.needs[stage] & ~sum(1 << other for other in order[:place])
            for place, stage in enumerate(order)
        )
    ]
    order = cheapest(costs)
    assert order in allowed
    assert costs.whole(order) == min(map(costs.whole, allowed))
    if all(costs.whole(other) == costs.whole(order) for other in allowed):
        assert cheapest(costs, swap=1e-6) == tuple(range(count))


@pytest.mark.parametrize("swap", [0.0, 30.0])
def test_the_cheapest_order_saves_what_swaps_and_shared_work_cost(swap):
    rng = random.Random(1)
    moved = 0
    for _ in range(25):
        alone = [rng.choice([1.0, 2.0, 5.0, 9.0]) for _ in range(4)]
        after = [[rng.choice([0.25, 1.0]) * cost for cost in alone] for _ in alone]
        fail = {failed: rng.randrange(20) for failed in range(16)}
        needs = [0, 0, rng.choice([0, 1]), rng.choice([0, 4])]

        def whole(order, fail=fail, alone=alone, after=after):
            total = 0.0
            for failed, count in fail.items():
                for at, stage in enumerate(order):
                    before = order[:at]
                    if not any(failed >> other & 1 for other in before):
                        shared = [after[other][stage] for other in before]
                        total += count * min([alone[stage], *shared])
            return total

        def swaps(order):
            return sum(a > b for a, b in itertools.combinations(order, 2))

        costs = Costs(alone, after, fail, needs)
        allowed = [
            order
            for order in itertools.permutations(range(4))
            if all(
                needs[s] & sum(1 << other for other in order[order.index(s) :]) == 0 for s in order
            )
        ]
        best = min(allowed, key=lambda order: (whole(order) + swap * swaps(order), order))
        found = cheapest(costs, swap)
        assert found in allowed
        assert costs.whole(found) == pytest.approx(whole(found))
        assert whole(found) + swap * swaps(found) == pytest.approx(whole(best) + swap * swaps(best))
        moved += found != (0, 1, 2, 3)
    assert moved > 5


# what may change places


@dataclass(frozen=True)
class Digits(Filter):
    """Breaks on digits."""

    measures = (Signal("digits", "int", "Digits", "", 0),)

    def measure(self, doc):
        if any(letter.isdigit() for letter in doc.text):
            raise ValueError("a digit")
        return {"digits": 0}


STAGES = (
    wf.Language({"en"}, min_score=0.2),
    wf.Language(None, top=2),
    wf.GopherQuality(min_words=5, min_stop_words=None),
    wf.GopherQuality(words="whitespace", max_words=60),
    wf.GopherRepetition(),
    wf.FineWebQuality(),
    wf.Length(min_words=4),
    wf.Length(words="unicode", max_lines=3),
    wf.BadWords(),
    wf.UrlFilter(),
    wf.Sample(0.7),
    wf.Tokens(),
    wf.Educational(min_score=0.1),
    wf.Ensemble(("educational", "clean"), min_score=0.2),
    wf.Tiers({"wide": {"words": 3}, "narrow": {"words": 30}}),
    wf.Judge((Rule("words", ge=8),)),
    wf.Judge((Rule("words", le=50), Rule("mark", ge=0.5)), given=True),
    wf.Judge((Rule("language", isin={"en", "de"}),), given=True),
    wf.Where(lambda doc: doc.signals.get("words", 9) != 9, reason="nine words"),
    wf.ByLanguage({"en": wf.Length(min_words=9), "de": wf.GopherQuality(max_words=200)}),
    wf.C4Quality(),
    wf.Pii(),
    Digits(),
)
DOCS = [doc for doc in (*plain_documents(), *hostile_documents()) if len(doc.text) < 5_000]
DOCS = [replace(doc, signals={"words": n, "mark": n % 3, "language": "de"} if n % 2 else {})
        for n, doc in enumerate(DOCS)]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(STAGES), min_size=2, max_size=7),
    st.lists(st.text(max_size=60), max_size=4),
    st.randoms(use_true_random=False),
)
def test_any_order_that_is_allowed_keeps_the_same(steps, more, random):
    try:
        pipe = Pipeline(tuple(steps))
    except ConfigError:
        assume(False)
    parts = stretches(pipe.steps)
    assume(parts)
    order = list(range(len(steps)))
    for part in parts:
        left, taken = list(part), []
        while left:
            free = [n for n in left if not any(bound(steps[m], steps[n]) for m in left if m < n)]
            taken.append(random.choice(free))
            left.remove(taken[-1])
        order[part.start : part.stop] = taken
    other = Pipeline(tuple(pipe.steps[n] for n in order))
    assert [pipe.names[n] for n in order] == list(other.names)
    docs = [*DOCS, *(Document(f"more-{n}", text) for n, text in enumerate(more))]
    one, two = pipe(docs), other(docs)
    assert [doc.id for doc in one] == [doc.id for doc in two]
    assert [doc.live for doc in one] == [doc.live for doc in two]
    assert [doc for doc in one if doc.live] == [doc for doc in two if doc.live]


def test_who_reads_a_signal_stays_behind_who_measures_it():
    reader = wf.Judge((Rule("has_A", le=0.5),))
    assert bound(A(), reader)
    assert not bound(B(), reader)
    assert bound(wf.Judge((Rule("has_A", le=0.5),), given=True), A())  # it reads what came before
    assert bound(wf.Length(), wf.GopherQuality())  # both measure words
    low, high = (wf.Judge((Rule("mark", **{op: 1.0}),), given=True) for op in ("ge", "le"))
    assert bound(low, high)  # judge and judge_2 go by their order
    tiers = wf.Tiers({"wide": {"max_has_A": 1}, "narrow": {"max_has_B": 0}}, given=True)
    assert bound(B(), tiers)


@dataclass(frozen=True)
class Tongue(Filter):
    """Says that texts with a B are English, and others German."""

    measures = (Signal("language", "str", "Language of the text"),)

    def measure(self, doc: Document) -> dict[str, str]:
        return {"language": "en" if "B" in doc.text else "de"}


def test_what_a_stage_measures_in_some_languages_only_stays_elsewhere_as_it_was():
    docs = texts(("B", 40), ("A", 40), ("D", 40))
    pipe = Tongue() | A() | wf.ByLanguage({"en": A()}) | C(cost=5.0) | D(cost=1.0)
    found = fit_order(pipe, docs)
    assert found.changed
    assert [step for step in found.pipe.steps if step in pipe.steps[:3]] == [*pipe.steps[:3]]
    assert kept(found.pipe, docs) == kept(pipe, docs)


def test_stretches_end_at_whatever_else_there_is():
    where = wf.Where(lambda doc: True, reason="nothing")
    for wall in (wf.C4Quality(), wf.ExactDedup(), wf.SeenBefore(state="seen"), where,
                 wf.Sandboxed(A()), wf.Cascade(screen=(A(),))):  # fmt: skip
        assert stretches((A(), B(), wall, C(), D())) == (range(2), range(3, 5)), wall
    assert stretches((A(), B(), wf.Cascade(), C(), D())) == (range(2),)
    assert stretches((A(), wf.C4Quality(), B(), A(), A())) == (range(2, 5),)
    assert stretches((A(), A())) == ()
    by_language = wf.ByLanguage({"en": A()})
    assert stretches((by_language, B())) == (range(2),)
    assert stretches((wf.ByLanguage({"en": wf.Pii()}), B())) == ()
    assert stretches([A(), B(), C()] * 4) == (range(10), range(10, 12))  # cut where it is long


def test_where_one_stage_breaks_and_another_drops_the_first_decides():
    docs = texts(("A break B", 5), ("A", 100), ("x", 20))
    pipe = B(cost=9.0) | A()
    found = fit_order(pipe, docs)
    assert found.pipe.names == ("A", "B")
    gone = [
        [doc.verdict.kind for doc in made(docs) if doc.verdict is not None]
        for made in (pipe, found.pipe)
    ]
    assert (gone[0].count("failed"), gone[1].count("failed")) == (5, 0)
    assert len(gone[0]) == len(gone[1]) == 105
    assert kept(pipe, docs) == kept(found.pipe, docs)


# what is said


@dataclass(frozen=True)
class Liar(Filter):
    """Says that it is pure."""

    measures = (Signal("lie", "bool", "A lie"),)
    how: str = "text"

    def measure(self, doc):
        return {"lie": bool(doc.signals.get("has_A", self.how == "reads"))}

    def process(self, batch):
        marked = super().process(batch)
        if self.how == "text":
            return [replace(doc, text=doc.text.upper()) for doc in marked]
        if self.how == "sets":
            return [doc.with_signals({"other": 1}) for doc in marked]
        return marked


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("text", r"liar is not pure: on document 'x-0' it changes more than signals"),
        ("sets", r"sets signals that it does not declare \(other\); add them to measures"),
        ("reads", r"says other things without the stages before it; name .* in needs"),
    ],
)
def test_a_stage_that_is_not_pure_is_found_out(how, said):
    with pytest.raises(ConfigError, match=said):
        fit_order(A() | Liar(how), texts(("x", 5)))


def test_what_is_not_pure_by_its_own_account_stays():
    @dataclass(frozen=True)
    class Honest(Liar):
        """Says that it is not."""

        pure = False

    found = fit_order(A() | Honest() | B(), texts(("x", 5)))
    assert not found.changed
    assert str(found) == (
        "the order stays as it is\n\nno two filters stand side by side that may change places"
    )


def test_what_follows_a_cascade_is_its_screen_and_stays():
    docs = [Document(str(n), html=b"<p>B</p>") for n in range(3)]
    here = {"seconds": None, "memory_mb": None}
    pipe = wf.Extract(engine="plain", **here) | A(cost=9.0) | B()
    assert fit_order(pipe, docs).pipe.names == ("extract", "B", "A")
    found = fit_order(pipe.cascaded(draft=wf.Extract(engine="plain", **here)), docs)
    assert found.pipe.names == ("cascade", "A", "B")
    assert "order first, then cascade" in str(found)


def test_the_whole_sample_passes_corpus_stages_and_stops_at_an_online_one(tmp_path):
    docs = texts(("A", 10), ("B", 170), ("x", 20))
    best = wf.Length() | wf.TopShare("words", share=0.9)
    found = fit_order(
        best | A(cost=9.0) | B() | wf.Judge((Rule("words_percentile", ge=0.0),)), docs
    )
    assert found.pipe.names == ("length", "top_share", "B", "A", "judge")
    online = wf.SeenBefore(state=str(tmp_path / "seen"))
    found = fit_order(A(cost=9.0) | B() | online | A(cost=9.0) | B(), docs)
    assert found.pipe.names == ("B", "A", "seen_before", "A_2", "B_2")
    assert found.notes == ("what follows seen_before was not run: it goes by what came before",)
    assert not (tmp_path / "seen").exists()


def test_only_the_first_documents_are_read():
    def endless():
        for n in itertools.count():
            assert n < 150
            yield Document(str(n), "B")

    found = fit_order(A(cost=9.0) | B(), endless(), documents=150)
    assert (found.documents, found.changed) == (150, True)
    assert fit_order(A() | B(), texts(("B", 3)), documents=10**400).documents == 3


def test_what_a_run_has_dropped_comes_in_afresh_and_what_failed_does_not():
    docs = [doc for doc in (A() | B())(texts(("A", 9), ("B", 150), ("x", 9)))]
    docs += [Document("f").fail("A", "broke"), Document("r").drop(wf.Verdict("read", "empty"))]
    found = fit_order(A(cost=9.0) | B(), docs)
    assert (found.documents, found.changed) == (168, True)


def test_a_sample_that_says_nothing_is_told():
    for docs, count in (([], 5), (["x"], 0)):
        with pytest.raises(ConfigError, match=r"fit_order: (the sample has no doc|documents = 0)"):
            fit_order(A() | B(), docs, documents=count)
    found = fit_order(C() | wf.Pii() | A(cost=9.0) | B(), texts(("C", 5)))
    assert not found.changed
    assert "only 0 documents came to A" in str(found)


def test_it_reads_well():
    found = fit_order(A(cost=0.01) | B(cost=0.002), texts(("A", 10), ("B", 180), ("x", 10)))
    assert str(found) == (
        "200 documents: filters take 3.0 ms a document instead of 12 ms, 3.97 times faster; "
        "that saves 74.8 % of the whole pipeline\n"
        "\n"
        "stage  place  was   first  after another  passed\n"
        "B          1    2  2.0 ms         2.0 ms  10.0 %\n"
        "A          2    1   10 ms          10 ms  95.0 %"
    )


def test_the_command_writes_a_recipe(tmp_path, capsys):
    (tmp_path / "in.txt").write_text("Water boils. " * 30)
    out = tmp_path / "ordered.toml"
    argv = ["order", "gopher", str(tmp_path / "in.txt"), "--out", str(out), "--documents", "5"]
    (tmp_path / "in.jsonl").write_text('{"text": "Water boils at 100 degrees."}\n' * 3)
    argv[2] = str(tmp_path / "in.jsonl")
    assert main(argv) == 0
    assert sorted(wf.recipe("gopher").names) == sorted(Pipeline.from_toml(out).names)
    assert "3 documents: filters take" in capsys.readouterr().out
    assert main(argv) == 2
    assert "exists; give --overwrite" in capsys.readouterr().err
