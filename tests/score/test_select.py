"""A draw depends on the documents and the seed, not on their order; quotas and caps hold."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

import webfilter as wf
from webfilter.score.select import select

EDGES = (0.5, 1.5, 2.5, 3.5)


def doc(i, score, host=None, low=0.0, high=1.0):
    url = None if host is None else f"https://{host}/{i}"
    signals = {"educational": score, "educational_low": low, "educational_high": high}
    return wf.Document(f"doc{i}", "Some text.", url=url, signals=signals)


def crawl(count=2_000, seed=0):
    """Most of it is at the low end, as on the web."""
    rng = random.Random(seed)
    return [doc(i, min(5.0, rng.expovariate(1.2)), f"h{rng.randrange(40)}.example")
            for i in range(count)]  # fmt: skip


def band(document):
    return sum(document.signals["educational"] >= edge for edge in EDGES)


def test_bands_give_as_many_each_and_fill_up_for_those_that_lack():
    docs = crawl()
    there = Counter(map(band, docs))
    drawn = Counter(map(band, select(docs, 500)))
    assert sum(drawn.values()) == 500
    short = {b for b in there if there[b] < 100}
    assert short
    assert all(drawn[b] == there[b] for b in short)
    rest = [drawn[b] for b in there if b not in short]
    assert max(rest) - min(rest) <= 1


@given(st.lists(st.integers(0, 12), min_size=1, max_size=5), st.integers(0, 40))
def test_no_band_gives_two_more_than_another_that_has_them(there, count):
    docs = [doc(f"{b}-{n}", float(b)) for b, size in enumerate(there) for n in range(size)]
    drawn = Counter(map(band, select(docs, count)))
    assert sum(drawn.values()) == min(count, sum(there))
    for b, size in enumerate(there):
        if drawn[b] < size:
            assert max(drawn.values(), default=0) <= drawn[b] + 1


@given(st.randoms(use_true_random=False), st.integers(0, 60), st.sampled_from([None, 1, 2, 5]))
def test_the_order_of_documents_does_not_matter(rng, count, per_host):
    docs = crawl(120)
    shuffled = docs[:]
    rng.shuffle(shuffled)
    pair = ("educational_low", "educational_high")
    for weight in (None, "educational", pair):
        one = select(docs, count, per_host=per_host, weight=weight)
        assert select(iter(shuffled), count, per_host=per_host, weight=weight) == one
        assert len({d.id for d in one}) == len(one)


def test_a_score_on_an_edge_is_in_the_upper_band():
    docs = [doc(i, 0.0) for i in range(50)] + [doc(i, 2.0) for i in range(50, 100)]
    drawn = select(docs, 10, edges=(2.0,))
    assert Counter(d.signals["educational"] for d in drawn) == {0.0: 5, 2.0: 5}


def test_an_id_is_drawn_once():
    assert len(select([doc(i % 5, 1.0) for i in range(50)], 20)) == 5


def naive(docs, count, per_host):
    """Draw from one band, by its definition: the lowest draws, at most so many of a host."""
    order = [d.id for d in select(docs, len(docs), by=None)]
    hosts, found = Counter(), []
    for name in order:
        host = next(d.url.split("/")[2] for d in docs if d.id == name)
        hosts[host] += 1
        if hosts[host] <= per_host:
            found.append(name)
    return found[:count]


@given(st.integers(0, 50), st.integers(1, 4), st.integers(0, 1_000))
def test_caps_are_those_of_a_full_sort(count, per_host, seed):
    docs = crawl(100, seed)
    drawn = [d.id for d in select(docs, count, by=None, per_host=per_host)]
    assert drawn == naive(docs, count, per_host)


def test_a_smaller_draw_is_the_beginning_of_a_larger_one():
    docs = crawl(300)
    assert select(docs, 50, by=None) == select(docs, 200, by=None)[:50]


def test_another_seed_is_another_draw():
    docs = crawl()
    assert select(docs, 100) != select(docs, 100, seed=1)
    assert len({d.id for d in select(docs, 100)} & {d.id for d in select(docs, 100, seed=1)}) < 60


def test_weights_draw_in_proportion():
    docs = [doc(i, 1.0, low=1.0, high=1.0 + (3.0 if i % 2 else 1.0)) for i in range(10_000)]
    drawn = select(docs, 1_000, by=None, weight=("educational_low", "educational_high"))
    wide = sum(d.signals["educational_high"] > 3 for d in drawn)
    assert 0.70 < wide / 1_000 < 0.79  # three to one, a little less as they run out


def test_no_weight_comes_last_and_by_its_draw():
    docs = [doc(i, 1.0, low=0.0, high=float(i < 10)) for i in range(100)]
    docs.append(doc(100, 1.0, low=None, high=1.0))
    drawn = select(docs, 20, by=None, weight=("educational_low", "educational_high"))
    assert {d.id for d in docs[:10]} <= {d.id for d in drawn}
    rest = [d.id for d in drawn[10:]]
    assert rest != sorted(rest)


def test_what_cannot_be_labeled_is_passed_over():
    docs = [
        doc(1, 1.0).drop(wf.Verdict("x", "x")),
        wf.Document("empty", " ", signals={"educational": 1.0}),
        doc(2, None),
        doc(3, 1.0, "[bad"),
    ]
    assert {d.id for d in select(docs, 10, per_host=1)} == {"doc2", "doc3"}
    assert select([], 5) == []
    assert select(crawl(50), 0) == []


def test_arguments_that_do_not_fit_say_so():
    docs = crawl(5)
    for wrong in (
        {"count": -1},
        {"count": 2.5},
        {"count": "3"},
        {"per_host": 0},
        {"per_host": 1.5},
        {"edges": (2.0, 1.0)},
        {"edges": (float("nan"),)},
    ):
        with pytest.raises(wf.ConfigError, match=next(iter(wrong))):
            select(docs, **{"count": 3, **wrong})
    with pytest.raises(wf.UnknownName, match="did you mean 'educational'"):
        select(docs, 3, by="educationl")
    with pytest.raises(wf.ConfigError, match="score documents first"):
        select([wf.Document("a", "text")], 3)
    with pytest.raises(wf.ConfigError, match="is text"):
        select([wf.Document("a", "text", signals={"language": "en"})], 3, by="language")


def test_numbers_beyond_all_floats_are_drawn_like_others():
    docs = [doc(0, 10**400), doc(1, -(10**400)), doc(2, float("nan"))]
    assert len(select(docs, 3)) == len(select(docs, 3, weight="educational")) == 3


def test_it_goes_on_from_a_scorer():
    docs = [wf.Document(str(i), "Add to cart. Free shipping today. " * 5) for i in range(3)]
    scored = wf.Educational(min_score=None)(docs)
    pair = ("educational_low", "educational_high")
    assert len(select(scored, 2, weight=pair, per_host=1)) == 2
