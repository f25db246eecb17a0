"""The bound on what two sets share, and how few pages of one template it lets be compared."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from webfilter.dedup import candidates, verify
from webfilter.dedup.folds import BINS, MOST, folded, overlap
from webfilter.dedup.index import MinHashIndex
from webfilter.dedup.minhash import MinHash
from webfilter.dedup.verify import Sets, jaccard, verified
from webfilter.document import Document

WORDS = [a + b + c for a in "bdfklmnprst" for b in "aeiou" for c in "bdglmnrst"]
HASHES = st.one_of(st.integers(0, 2**32 - 1), st.integers(0, 40))  # anywhere, or in one bin


def sets_of(lists: list[list[int]]) -> Sets:
    found = [np.array(sorted(set(one)), dtype=np.uint32) for one in lists]
    return Sets(np.concatenate(found), np.cumsum([0, *map(len, found)]))


@given(st.lists(st.lists(HASHES, max_size=60), min_size=2, max_size=6))
def test_no_two_sets_share_more_than_their_folds_say(lists: list[list[int]]) -> None:
    sets = sets_of(lists)
    counts = folded(sets.hashes, sets.offsets)
    assert counts.shape == (len(lists), BINS)
    left, right = np.triu_indices(len(lists), 1)
    most = overlap(counts, left, right)
    shared = [len({*lists[i]} & {*lists[j]}) for i, j in zip(left, right, strict=True)]
    assert (most >= shared).all()
    sizes = np.diff(sets.offsets)
    assert (most <= np.minimum(sizes[left], sizes[right])).all()


def test_a_bin_that_holds_more_than_a_byte_counts_is_no_limit() -> None:
    """All hashes in one bin, as no hash function gives them: 4,000 counts do not fit."""
    one, other = range(MOST), range(100, MOST + 100)
    counts = folded(*vars(sets_of([[*one], [*other]])).values())
    assert overlap(counts, np.array([0]), np.array([1]))[0] >= MOST - 100


def test_sets_that_fill_the_bins_thinly_share_little_more_than_they_do() -> None:
    rng = np.random.default_rng(3)
    common = rng.integers(0, 2**32, 240)
    sets = sets_of([[*common, *rng.integers(0, 2**32, 60)] for _ in range(100)])
    left, right = np.triu_indices(100, 1)
    most = overlap(folded(sets.hashes, sets.offsets), left, right)
    assert 240 <= most.min() <= most.max() < 256


@pytest.mark.parametrize("held", [verify._FOLDED, 10])
def test_many_pairs_of_few_documents_have_the_similarity_that_matters(
    held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(5)
    common = rng.integers(0, 2**32, 400)
    lists = []
    for own in rng.integers(0, 250, 40).tolist():
        kept = common[: 400 - int(rng.integers(0, 60))]
        lists.append([*kept, *rng.integers(0, 2**32, own)])
    lists[7] = [*rng.integers(0, 2**32, MOST - 50)]  # one just below the limit, one beyond it
    lists[8] = [*lists[7], *rng.integers(0, 2**32, 200)]
    sets = sets_of(lists)
    left, right = np.triu_indices(len(lists), 1)
    expected = jaccard(sets, left, right)
    compared = []

    def counted(sets: Sets, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        compared.append(len(left))
        return jaccard(sets, left, right)

    monkeypatch.setattr(verify, "_FOLDED", held)
    monkeypatch.setattr(verify, "jaccard", counted)
    for least in (0, 0.4, 0.6, 0.75, 0.9, 1):
        found = verified(sets, left, right, least)
        alike = expected >= least
        assert (found[alike] == expected[alike]).all()
        assert (found[~alike] < max(least, 1e-9)).all()
        assert compared[-1] < alike.sum() + 0.25 * len(left)


def pages(size: int) -> list[Document]:
    """Return pages of three templates: words of their own, phrases out of thirty, days."""
    rng = random.Random(8)

    def some(count: int) -> list[str]:
        return rng.choices(WORDS, k=count)

    head, tail, days = some(60), some(90), [some(6) for _ in range(24)]
    usual, entries = some(4), [some(4) for _ in range(12)]
    phrases = [some(8) for _ in range(30)]
    found = []
    for number in range(size):
        words = (
            lambda: [*head, *some(36), *tail],
            lambda: [*tail, *(w for p in rng.sample(phrases, 6) for w in p), *head],
            lambda: [
                w
                for day in days
                for w in (*day, *(usual if rng.random() < 0.85 else rng.choice(entries)))
            ],
        )[number % 3]()
        found.append(Document(f"{number:05}", " ".join(words)))
    return found


def compared_by(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count the pairs that are compared by all their n-grams from here on."""
    counts: list[int] = []
    real = verify.jaccard

    def counted(sets: Sets, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        counts.append(len(left))
        return real(sets, left, right)

    monkeypatch.setattr(verify, "jaccard", counted)
    return counts


def test_pages_of_one_template_are_compared_in_full_a_few_times_however_many_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[int] = []
    compared = compared_by(monkeypatch)

    def long(sets: Sets, left: np.ndarray, right: np.ndarray, least: float) -> np.ndarray:
        asked.append(len(left))
        return jaccard(sets, left, right)

    for size in (600, 1_200):
        docs = pages(size)
        with monkeypatch.context() as patched:
            patched.setattr(candidates, "verified", long)
            expected = MinHash().clusters(docs)
        assert 10 < len(expected) < expected.members < size
        compared.clear()
        assert MinHash().clusters(docs) == expected
        assert sum(compared) < 6 * size
        assert sum(asked) > 100 * size, "these pages are no test: few pairs are asked about"
        asked.clear()


def test_an_index_compares_pages_of_one_template_with_few_of_those_it_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docs = pages(900)[::3]  # words of their own: none is like another
    index = MinHashIndex.create(tmp_path / "index", MinHash())
    index.add(docs[:200])
    compared = compared_by(monkeypatch)
    assert index.query(docs[200:]) == [None] * 100
    assert sum(compared) < 100
    [found] = index.query([Document("copy", docs[7].text + " end")])
    assert found is not None
    assert found.id == docs[7].id
