"""`MinHashOnline` against a loop over all that came before, and against `MinHash`."""

import random
from dataclasses import replace
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webfilter.dedup import MinHash, minhash_online
from webfilter.dedup.minhash_online import CANDIDATES, MOST, MinHashOnline
from webfilter.dedup.signature import band_keys, shingles, signatures
from webfilter.document import Document
from webfilter.errors import ConfigError, SourceError
from webfilter.testing import check_stage

WORDS = [a + b + c for a in "bdfklmnprst" for b in "aeiou" for c in "bdglmnrst"]


@pytest.mark.parametrize(
    "stage",
    [
        MinHashOnline(),
        MinHashOnline(bands=14, rows=8, threshold=None),
        MinHashOnline(window=3, memory_mb=1),
    ],
    ids=repr,
)
def test_it_keeps_the_contract(stage):
    check_stage(stage)


def corpus(seed, count, edits=14):
    """Return texts of 12 to 60 words, half of them edited copies of earlier ones."""
    rng = random.Random(seed)
    texts = []
    for _ in range(count):
        words = [rng.choice(WORDS) for _ in range(rng.randint(12, 60))]
        if texts and rng.random() < 0.5:
            words = rng.choice(texts[-12:]).split()
            for _ in range(rng.randint(0, edits) // 4):
                words[rng.randrange(len(words))] = rng.choice(WORDS)
        texts.append(" ".join(words))
    return [Document(f"{n:04}", text) for n, text in enumerate(texts)]


def grams(text):
    words = text.split()
    return {tuple(words[n : n + 5]) for n in range(len(words) - 4)}


def similarity(one, other):
    left, right = grams(one), grams(other)
    return len(left & right) / len(left | right)


def oracle(stage, docs):
    """Return what each document is a copy of (None: it stays), by a loop over all earlier ones."""
    hashes, offsets = shingles([doc.text for doc in docs], stage.ngram, stage.seed)
    keys = band_keys(signatures(hashes, offsets, stage.bands * stage.rows), stage.bands, stage.rows)
    kept, found = [], []
    for n, doc in enumerate(docs):
        best = None
        for m in kept:
            shared = int((keys[n] == keys[m]).sum())
            if not shared or (stage.window is not None and m < n - stage.window):
                continue
            how = shared if stage.threshold is None else similarity(doc.text, docs[m].text)
            rank = (how, shared, -m)
            if best is None or rank > best:
                best = rank
        limit = stage.threshold or 0
        of = None if best is None or best[0] < limit else docs[-best[2]].id
        if of is None:
            kept.append(n)
        found.append(of)
    return found


def observed(stage, docs, cuts=(), state=None):
    state = stage.start() if state is None else state
    marked, begin = [], 0
    for cut in [*cuts, len(docs)]:
        marked += stage.observe(state, docs[begin : begin + cut])
        begin += cut
    return marked


STAGES = [
    MinHashOnline(),
    MinHashOnline(threshold=0.4, window=7),
    MinHashOnline(bands=14, rows=8, threshold=None),
    MinHashOnline(bands=20, rows=2, threshold=None, window=15),
]


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 10**6),
    st.sampled_from(STAGES),
    st.lists(st.integers(1, 30), max_size=8),
)
def test_any_batching_says_what_a_loop_says(seed, stage, cuts):
    docs = corpus(seed, 80)
    marked = observed(stage, docs, cuts)
    assert [doc.signals["earlier_duplicate"] for doc in marked] == oracle(stage, docs)
    assert [doc.verdict.of if doc.verdict else None for doc in marked] == oracle(stage, docs)


@pytest.mark.parametrize("stage", STAGES[:3], ids=repr)
def test_saving_and_loading_and_full_memory_change_nothing(stage, tmp_path):
    docs = corpus(5, 500)
    whole = observed(stage, docs, [64] * 7)
    state = replace(stage, memory_mb=1).start()
    state._memory = 150_000
    parts = []
    for n, cut in enumerate(range(0, 500, 50)):
        parts += stage.observe(state, docs[cut : cut + 50])
        if n % 3 == 1:
            stage.save(state, tmp_path / "state")
            state = stage.load(tmp_path / "state")
            state._memory = 150_000
    assert parts == whole
    assert state._weight <= 150_000


def test_pairs_at_the_threshold_are_found_and_no_others():
    docs = corpus(11, 1_200, edits=20)
    stage = MinHashOnline()
    kept, missed, due = [], 0, 0
    for doc in observed(stage, docs, [64] * 20):
        nearest = max((similarity(doc.text, other.text) for other in kept[-40:]), default=0.0)
        if doc.live:
            due += nearest >= 0.75
            missed += nearest >= 0.75
            kept.append(doc)
        else:
            due += 1
            [other] = [d for d in docs if d.id == doc.verdict.of]
            assert similarity(doc.text, other.text) >= 0.75
            assert doc.signals["earlier_similarity"] == pytest.approx(
                similarity(doc.text, other.text)
            )
            assert any(d.id == other.id for d in kept)  # only those that stay are remembered
    assert due > 150
    assert missed <= 1


def test_copies_of_one_document_are_what_the_batch_stage_finds():
    rng = random.Random(2)
    docs = []
    for n in range(150):
        words = [rng.choice(WORDS) for _ in range(80)]
        docs.append(Document(f"{n:04}", " ".join(words)))
        if n % 3 == 0:
            words[40] = "other"
            docs.append(Document(f"{n:04}-near", " ".join(words)))
    for fields in (
        {"bands": 28, "rows": 4, "threshold": 0.75},
        {"bands": 14, "rows": 8, "threshold": None},
    ):
        batch = MinHash(prefer="id", **fields)
        resolved = batch.resolve([batch.sketch(docs)]).process(docs)
        online = observed(MinHashOnline(**fields), docs)
        assert [d.verdict and d.verdict.of for d in online] == [
            d.verdict and d.verdict.of for d in resolved
        ]
        assert sum(not d.live for d in online) == 50


def test_a_window_forgets():
    text = "the quick brown fox jumps over the lazy dog and runs away"
    docs = [
        Document(str(n), text if n in (0, 3, 6, 9) else f"word{WORDS[n]} " * 9) for n in range(10)
    ]
    dropped = [d.id for d in observed(MinHashOnline(window=3), docs) if not d.live]
    assert dropped == ["3", "9"]  # 6 comes after 0 was forgotten, and only 0 silences
    dropped = [d.id for d in observed(MinHashOnline(window=2), docs) if not d.live]
    assert dropped == []


def test_what_is_dropped_is_not_remembered():
    rng = random.Random(1)
    first = [rng.choice(WORDS) for _ in range(200)]
    second = list(first)
    second[50:70] = [rng.choice(WORDS) for _ in range(20)]
    third = list(second)
    third[100:120] = [rng.choice(WORDS) for _ in range(20)]
    texts = [" ".join(words) for words in (first, second, third)]
    assert similarity(texts[1], texts[2]) >= 0.75 > similarity(texts[0], texts[2])
    docs = [Document(str(n), text) for n, text in enumerate(texts)]
    assert [d.live for d in observed(MinHashOnline(), docs)] == [True, False, True]
    assert [d.live for d in observed(MinHashOnline(), docs[1:])] == [True, False]


def test_a_crowd_that_shares_a_band_costs_a_bounded_number_of_comparisons(monkeypatch):
    """All share half of their text: hundreds of candidates each, none of them similar enough."""
    rng = random.Random(4)
    common = " ".join(rng.choice(WORDS) for _ in range(60))
    docs = [
        Document(str(n), f"{common} {' '.join(rng.choice(WORDS) for _ in range(40))}")
        for n in range(400)
    ]
    compared = []
    candidates = MinHashOnline._candidates

    def counted(*args):
        found = candidates(*args)
        compared.extend(map(len, found))
        return found

    monkeypatch.setattr(MinHashOnline, "_candidates", counted)
    marked = observed(MinHashOnline(), docs, [50] * 7)
    assert sum(not d.live for d in marked) < 5
    assert len(compared) == 400
    assert max(compared) == CANDIDATES < 200


def test_long_texts_are_compared_by_their_least_hashes():
    rng = random.Random(7)
    first = [rng.choice(WORDS) for _ in range(40_000)]
    for edits in (150, 600, 2_400, 6_000):
        second = list(first)
        for place in rng.sample(range(len(first)), edits):
            second[place] = rng.choice(WORDS)
        docs = [Document("0", " ".join(first)), Document("1", " ".join(second))]
        state = (stage := MinHashOnline(rows=1)).start()
        found = stage.observe(state, docs)[1].signals["earlier_similarity"]
        assert abs(found - similarity(docs[0].text, docs[1].text)) < 4 * 0.008
        assert len(state.record(0).payload) == 4 * MOST


HASHES = st.sets(st.integers(0, 40), max_size=20)


@given(HASHES, HASHES)
def test_long_sets_are_compared_up_to_where_both_are_known(one, other):
    """Against the whole sets, where four hashes are kept of each."""
    ceilings = [sorted(hashes)[3] for hashes in (one, other) if len(hashes) >= 4]
    known = [{n for n in hashes if n <= min(ceilings, default=99)} for hashes in (one, other)]
    kept = [np.array(sorted(hashes)[:4], dtype="<u4").tobytes() for hashes in (one, other)]
    with mock.patch.object(minhash_online, "MOST", 4):
        found = minhash_online._comparable(*kept)
    assert [set(np.frombuffer(raw, dtype="<u4").tolist()) for raw in found] == known


def test_long_and_odd_texts():
    rng = random.Random(9)
    long = " ".join(rng.choice(WORDS) for _ in range(30_000))
    texts = [long, long + " end", "one two", "", "\ud800 " * 50, "北京大学" * 20, "北京大学。" * 20]
    marked = observed(MinHashOnline(), [Document(str(n), t) for n, t in enumerate(texts)])
    assert [d.verdict.of if d.verdict else None for d in marked] == [
        None, "0", None, None, None, None, "5",
    ]  # fmt: skip
    assert [marked[n].signals["earlier_similarity"] for n in (2, 3)] == [None, None]
    assert marked[1].signals["earlier_similarity"] > 0.98


def test_impossible_settings():
    for field, value in [
        ("ngram", 0), ("bands", 0), ("rows", -1), ("window", 0), ("memory_mb", 0.1),
        ("threshold", 1.5), ("state", ""),
    ]:  # fmt: skip
        with pytest.raises(ConfigError, match=f"minhash_online: {field} = "):
            MinHashOnline(**{field: value})


def test_a_state_of_other_signatures_is_refused_by_the_field(tmp_path, monkeypatch):
    stage = MinHashOnline(state=tmp_path / "state")
    state = stage.start()
    stage.observe(state, corpus(1, 20))
    stage.finish(state)
    assert len(stage.start()) == len(state)
    for field, value in [("ngram", 4), ("bands", 27), ("rows", 5), ("seed", 2)]:
        with pytest.raises(ConfigError, match=f"has {field} = .*, this stage {value}, so"):
            replace(stage, **{field: value}).start()
    with pytest.raises(ConfigError, match="has compared = True, this stage False"):
        replace(stage, threshold=None).start()
    assert len(replace(stage, threshold=0.9, window=10, memory_mb=5).start()) == len(state)
    with monkeypatch.context() as patched:
        patched.setattr("unicodedata.unidata_version", "1.0.0")
        with pytest.raises(ConfigError, match="has unicode = "):
            stage.start()
    with monkeypatch.context() as patched:
        real = signatures
        patched.setattr(
            "webfilter.dedup.minhash_online.signatures", lambda *a: real(*a) ^ np.uint64(1)
        )
        with pytest.raises(ConfigError, match="has words and hash functions = "):
            stage.start()
    (tmp_path / "file").write_text("x")
    with pytest.raises(SourceError, match="no folder that an online stage saved"):
        replace(stage, state=tmp_path / "file").start()
