"""Near-duplicates against exact Jaccard, the S-curve, and datasketch."""

from __future__ import annotations

import math
import pickle
import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webfilter.dedup import MinHash, NearDuplicates, signature
from webfilter.dedup.signature import band_keys, shingles, signatures
from webfilter.dedup.words import character_hashes
from webfilter.document import Document, Verdict
from webfilter.errors import ConfigError
from webfilter.pipeline import Pipeline
from webfilter.testing import check_stage

VOCABULARY = [a + b + c for a in "bdfklmnprst" for b in "aeiou" for c in "bdglmnrst"]


def words(rng: random.Random, size: int) -> list[str]:
    return [rng.choice(VOCABULARY) for _ in range(size)]


def edited(rng: random.Random, found: list[str], edits: int) -> list[str]:
    changed = set(rng.sample(range(len(found)), edits))
    return [rng.choice(VOCABULARY) if n in changed else word for n, word in enumerate(found)]


def grams(found: list[str]) -> set[tuple[str, ...]]:
    return {tuple(found[n : n + 5]) for n in range(len(found) - 4)}


def similarity(one: list[str], other: list[str]) -> float:
    return len(grams(one) & grams(other)) / len(grams(one) | grams(other))


def shared_bands(one: list[str], other: list[str]) -> np.ndarray:
    texts = one + other
    hashes, offsets = shingles(texts, 5, 1)
    keys = band_keys(signatures(hashes, offsets, 112), 14, 8)
    return (keys[: len(one)] == keys[len(one) :]).any(axis=1)


@pytest.mark.parametrize("size", [40, 300])
def test_pairs_match_as_often_as_the_s_curve_says(size: int) -> None:
    rng = random.Random(size)
    stage = MinHash.profile("datatrove")
    pairs = []
    for _ in range(2500):
        one = words(rng, size)
        pairs.append((one, edited(rng, one, rng.randint(1, max(2, size // 12)))))
    found = shared_bands([" ".join(a) for a, _ in pairs], [" ".join(b) for _, b in pairs])
    expected = np.array([stage.match_probability(similarity(a, b)) for a, b in pairs])
    for low, high in ((0, 0.1), (0.1, 0.5), (0.5, 0.9), (0.9, 1), (0, 1)):
        here = (expected >= low) & (expected <= high)
        error = math.sqrt((expected * (1 - expected))[here].sum())
        assert abs(found[here].sum() - expected[here].sum()) < 4 * error + 1


def test_signatures_estimate_jaccard_no_worse_than_independent_permutations() -> None:
    rng = random.Random(3)
    errors, bound = [], []
    texts, truths = [], []
    for _ in range(600):
        one = words(rng, 150)
        other = edited(rng, one, rng.randint(2, 12))
        texts += [" ".join(one), " ".join(other)]
        truths.append(similarity(one, other))
    hashes, offsets = shingles(texts, 5, 1)
    signs = signatures(hashes, offsets, 112)
    for truth, left, right in zip(truths, signs[0::2], signs[1::2], strict=True):
        errors.append((left == right).mean() - truth)
        bound.append(truth * (1 - truth) / 112)
    assert abs(np.mean(errors)) < 4 * math.sqrt(np.mean(bound) / 600)
    assert np.mean(np.square(errors)) < 1.1 * np.mean(bound)


def test_recall_is_that_of_datasketch_with_the_same_bands() -> None:
    datasketch = pytest.importorskip("datasketch")
    rng = random.Random(11)
    ours, theirs, count = 0, 0, 300
    pairs = []
    for _ in range(count):
        one = words(rng, 120)
        pairs.append((one, edited(rng, one, 5)))
    ours = shared_bands([" ".join(a) for a, _ in pairs], [" ".join(b) for _, b in pairs]).sum()
    for pair in pairs:
        index = datasketch.MinHashLSH(num_perm=112, params=(14, 8))
        one, other = (datasketch.MinHash(num_perm=112) for _ in pair)
        for sketch, found in zip((one, other), pair, strict=True):
            sketch.update_batch([" ".join(gram).encode() for gram in grams(found)])
        index.insert("one", one)
        theirs += bool(index.query(other))
    share = (ours + theirs) / (2 * count)
    assert 0.2 < share < 0.95
    assert abs(ours - theirs) < 4 * math.sqrt(2 * count * share * (1 - share))


def corpus(seed: int = 0) -> list[Document]:
    rng = random.Random(seed)
    docs = []
    for n in range(120):
        one = words(rng, rng.randint(30, 200))
        docs.append(Document(f"{n:03}", " ".join(one)))
        if n % 3 == 0:
            docs.append(Document(f"{n:03}-copy", " ".join(edited(rng, one, 1))))
        if n % 4 == 0:
            docs.append(Document(f"{n:03}-near", " ".join(edited(rng, one, len(one) // 12))))
    return docs


def true_pairs(docs: list[Document], least: float) -> set[tuple[str, str]]:
    sets = [(doc.id, grams(doc.text.split())) for doc in docs]
    return {
        (a, b)
        for n, (a, one) in enumerate(sets)
        for b, other in sets[n + 1 :]
        if len(one & other) / len(one | other) >= least
    }


def found_pairs(stage: MinHash, docs: list[Document]) -> set[tuple[str, str]]:
    clusters = stage.resolve([stage.sketch(docs)]).clusters
    return {(a, b) for cluster in clusters for a in cluster for b in cluster if a < b}


def test_planted_copies_are_found_and_nothing_unlike_is() -> None:
    docs = corpus()
    found = found_pairs(MinHash(), docs)
    sure = true_pairs(docs, 0.9)
    assert len(sure) >= 20
    assert sure <= found
    assert {a[:3] for a, _ in found} == {b[:3] for _, b in found}
    assert all(a[:3] == b[:3] for a, b in found)


def greedy(docs: list[Document], least: float) -> dict[str, set[str]]:
    """Return which ones that stay each dropped document duplicates, the long way."""
    like = true_pairs(docs, least)
    kept: list[str] = []
    dropped = {}
    for doc in sorted(docs, key=lambda doc: (-len(doc.text), doc.id)):
        better = {k for k in kept if (k, doc.id) in like or (doc.id, k) in like}
        if better:
            dropped[doc.id] = better
        else:
            kept.append(doc.id)
    return dropped


def chains(seed: int) -> list[Document]:
    """Return documents each of which is an edit of the one before, now and then a new one."""
    rng = random.Random(seed)
    found, docs = words(rng, 60), []
    for n in range(90):
        found = words(rng, rng.randint(20, 60)) if n % 9 == 0 else edited(rng, found, 1)
        docs.append(Document(f"{n:02}", " ".join(found[: len(found) - n % 3])))
    return docs


@pytest.mark.parametrize("least", [0.5, 0.7, 0.9])
def test_each_document_is_dropped_for_a_better_one_that_stays_and_chains_are_cut(
    least: float,
) -> None:
    for seed in range(4):
        docs = chains(seed)
        expected = greedy(docs, least)
        assert expected
        sure = MinHash(threshold=least, bands=90, rows=1)
        for stage in (sure, replace(sure, bands=None, rows=None)):
            found = of(stage, docs)
            assert found.keys() == expected.keys()
            assert all(found[name] in expected[name] for name in found)
        assert len(of(replace(sure, threshold=None), docs)) > len(expected), "nothing to cut"


def of(stage: MinHash, docs: list[Document]) -> dict[str, str]:
    """Return whom each dropped document duplicates, through a pipeline."""
    return {d.id: d.verdict.of for d in Pipeline((stage,))(docs) if d.verdict}  # type: ignore[misc]


@pytest.mark.parametrize("edited", [False, True])
@pytest.mark.parametrize("seed", [2, 5, 11])
def test_of_many_copies_none_stays_beside_a_better_one(seed: int, edited: bool) -> None:
    """Some share a bucket with each other and not with the best: one a pass would be too few."""
    rng = random.Random(seed)
    page = ["".join(rng.choices("abcdefghijklmnop", k=5)) for _ in range(300)]
    more = ["".join(rng.choices("abcdefghijklmnop", k=5)) for _ in range(30)]
    docs = [Document("best", " ".join(page + more))]
    for number in range(100):
        copy = list(page)
        if edited:
            copy[rng.randrange(len(copy))] = "edited"
        docs.append(Document(f"{number:03}", " ".join(copy)))
    [cluster] = MinHash().clusters(docs)
    assert cluster[0] == "best"
    assert len(cluster) == len(docs)


def test_a_pipeline_and_sketches_resolved_by_hand_say_the_same() -> None:
    docs = corpus(3) + chains(5)
    for stage in (MinHash(), MinHash(threshold=None), MinHash(scope="host", ngram=3)):
        by_hand = stage.resolve([stage.sketch(docs)]).process(docs)
        assert Pipeline((stage,))(docs) == list(by_hand)
        assert any(not doc.live for doc in by_hand)


def test_only_documents_of_one_scope_are_compared() -> None:
    text = " ".join(words(random.Random(2), 60))
    docs = [
        Document("a", text, url="https://x.org/1", signals={"language": "en"}),
        Document("b", text, url="http://X.org/2", signals={"language": "de"}),
        Document("c", text, url="https://y.org/", signals={"language": "en"}),
        Document("d", text),
        Document("e", text),
    ]
    for scope, expected in (
        ((), {"b": "a", "c": "a", "d": "a", "e": "a"}),
        ("host", {"b": "a", "e": "d"}),
        ("language", {"c": "a", "e": "d"}),
        (("host", "language"), {"e": "d"}),
    ):
        for threshold in (None, 0.75):
            stage = MinHash(threshold=threshold, prefer="id", scope=scope)
            found = stage.resolve([stage.sketch(docs)]).process(docs)
            assert {d.id: d.verdict.of for d in found if d.verdict} == expected
    assert MinHash(scope="host, language").needs == ("language",)


def test_rows_follow_from_the_threshold_so_that_hardly_any_pair_is_missed() -> None:
    assert MinHash().layout == (28, 4)
    assert MinHash(threshold=None).layout == MinHash.profile("datatrove").layout == (14, 8)
    for threshold in (0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0):
        stage = MinHash(threshold=threshold)
        assert stage.match_probability(threshold) >= 0.9995
        _, rows = stage.layout
        tighter = MinHash(threshold=threshold, rows=rows + 1)
        assert rows == 16 or tighter.match_probability(threshold) < 0.9995
    assert "0.75: 0.772" in repr(MinHash.profile("datatrove"))
    assert repr(MinHash(ngram=7)).startswith("MinHash(ngram=7) <28 bands of 4; compares 0.5: 0.8")


def test_characters_find_what_words_do_not() -> None:
    rng = random.Random(8)
    found = words(rng, 80)
    glued = "".join(word + " " * (n % 8 > 0) for n, word in enumerate(found))
    docs = [Document("a", " ".join(found)), Document("b", glued.upper().replace(" ", " - "))]
    assert found_pairs(MinHash(threshold=0.5), docs) == set()
    assert found_pairs(MinHash(threshold=0.5, unit="character", ngram=8), docs) == {("a", "b")}
    spaced, _ = character_hashes([" - ab!  ", "ab"])
    assert spaced[:2].tolist() == spaced[2:].tolist()
    short = [Document("a", "Ab, c"), Document("b", "ab c"), Document("c", "abc"), Document("d")]
    stage = MinHash(unit="character", ngram=4)
    assert found_pairs(stage, short) == {("a", "b")}


def test_sketches_made_differently_are_not_compared() -> None:
    doc = Document("a", " ".join(words(random.Random(2), 60)))
    stage = MinHash()
    for other, said in (
        (MinHash(seed=2), "seed = 1 and seed = 2"),
        (MinHash(ngram=6), "ngram = 5 and ngram = 6"),
        (MinHash(unit="character"), "unit = 'word' and unit = 'character'"),
        (MinHash(rows=5), "rows = 4 and rows = 5"),
        (MinHash(scope="host"), "scope = '' and scope = 'host'"),
    ):
        with pytest.raises(ConfigError, match=f"minhash: sketches made with {said} cannot"):
            stage.resolve([stage.sketch([doc]), other.sketch([doc])])
    moved = MinHash(threshold=0.9, rows=4)  # judges otherwise what was made in the same way
    assert len(moved.resolve([stage.sketch([doc])]).clusters) == 0


def test_a_pipeline_holds_few_bytes_of_each_document() -> None:
    docs = [Document(doc.id + "x" * 200, doc.text, url="u" * 300) for doc in corpus()]
    for stage, most in ((MinHash(), 240), (MinHash.profile("datatrove"), 120)):
        keys = stage.lean.sketch(docs)
        assert keys.keys.nbytes + keys.names.nbytes == len(docs) * (most - 8 * (most == 240))


def test_a_pair_just_as_similar_as_the_threshold_is_one() -> None:
    text = " ".join(VOCABULARY[:100])
    for size in (55, 56, 75, 80):  # 100 * 0.55 > 55 in floating point
        docs = [Document("a", text), Document("b", " ".join(VOCABULARY[:size]))]
        assert MinHash(ngram=1, threshold=size / 100).clusters(docs) == (("a", "b"),)


def test_typography_and_numbers_are_not_edits() -> None:
    text = "On 4 May 2021 the café sold 1,234 cups; nobody knew why it was so popular that day."
    other = "on 9 june 1999 the CAFE sold 7 cups - nobody knew why it was so popular that day"
    docs = [Document("a", text), Document("b", text.upper()), Document("c", other)]
    assert found_pairs(MinHash(), docs[:2]) == {("a", "b")}
    assert ("a", "c") in found_pairs(MinHash(bands=50, rows=2, threshold=None), docs)


def test_documents_below_one_shingle_are_never_dropped() -> None:
    stage = MinHash()
    docs = [Document(str(n), "a b c d!") for n in range(3)] + [Document("e", ""), Document("f")]
    assert len(stage.sketch(docs)) == 0
    assert all(doc.live for doc in stage.resolve([stage.sketch(docs)]).process(docs))
    five = [Document(str(n), "a b c d e") for n in range(2)]
    assert found_pairs(stage, five) == {("0", "1")}


def test_texts_in_scripts_without_spaces_have_shingles() -> None:
    text = "光合作用是植物利用阳光制造糖分的过程，也是地球上几乎所有食物的来源。"
    docs = [Document("a", text * 3), Document("b", text * 3 + "完"), Document("c", text[::-1] * 3)]
    assert found_pairs(MinHash(), docs) == {("a", "b")}


def test_marks_say_which_document_stays_and_how_many_there_are() -> None:
    stage = MinHash()
    text = " ".join(words(random.Random(1), 60))
    docs = [Document("a", text), Document("b", text + "."), Document("c", "unlike " + text[::-1])]
    resolved = stage.resolve([stage.sketch(docs)])
    assert isinstance(resolved, NearDuplicates)
    a, b, c = resolved.process(docs)
    assert a.verdict == Verdict("minhash", "near_duplicate", of="b")
    assert b.live
    assert dict(a.signals) == dict(b.signals)
    assert dict(b.signals) == {"duplicate_cluster": "b", "duplicate_cluster_size": 2}
    assert dict(c.signals) == {"duplicate_cluster": None, "duplicate_cluster_size": None}
    assert [signal.name for signal in resolved.measures] == list(c.signals)
    assert str(a.verdict) == "minhash: near_duplicate (of b)"


@pytest.mark.parametrize("threshold", [None, 0.7])
def test_batches_and_their_order_do_not_matter(threshold: float | None) -> None:
    stage = MinHash(threshold=threshold)
    docs = corpus(4)
    expected = stage.resolve([stage.sketch(docs)])
    assert expected.clusters
    rng = random.Random(9)
    for size in (1, 7, 50):
        rng.shuffle(docs)
        parts = [docs[at : at + size] for at in range(0, len(docs), size)]
        sketches = [pickle.loads(pickle.dumps(stage.sketch(part))) for part in parts]
        assert stage.resolve(iter(sketches)) == expected
    assert pickle.loads(pickle.dumps(expected)) == expected
    few = NearDuplicates(expected.clusters[:2])  # type: ignore[arg-type]
    assert eval(repr(few)) == few != expected
    assert repr(expected).startswith("NearDuplicates(clusters=<")


def test_pieces_of_a_batch_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = MinHash(threshold=0.5)
    whole = stage.sketch(corpus(5))
    monkeypatch.setattr("webfilter.dedup.pieces.CHARACTERS", 1)
    pieces = stage.sketch(corpus(5))
    assert whole.details.ids == pieces.details.ids
    assert np.array_equal(whole.keys.keys, pieces.keys.keys)
    assert whole.details.sets is not None
    assert pieces.details.sets is not None
    assert np.array_equal(whole.details.sets.hashes, pieces.details.sets.hashes)
    assert np.array_equal(whole.details.sets.offsets, pieces.details.sets.offsets)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(st.sampled_from("ab ."), max_size=30), max_size=8), st.integers(1, 3))
def test_signatures_depend_on_the_set_of_shingles_only(texts: list[str], ngram: int) -> None:
    hashes, offsets = shingles(texts, ngram, 1)
    sets: dict[tuple[str, ...], bytes] = {}
    for n, text in enumerate(texts):
        found = text.replace(".", " ").split()
        own = sorted({" ".join(found[i : i + ngram]) for i in range(len(found) - ngram + 1)})
        mine = hashes[offsets[n] : offsets[n + 1]]
        assert len(np.unique(mine)) == len(own)
        if own:
            sign = signatures(mine, np.array([0, len(mine)]), 24).tobytes()
            assert sets.setdefault(tuple(own), sign) == sign
    assert len(set(sets.values())) == len(sets)


def mixed(value: int) -> int:
    """The finalizer of splitmix64 (Steele, Lea and Flood 2014)."""
    value ^= value >> 30
    value = value * 0xBF58476D1CE4E5B9 % 2**64
    value ^= value >> 27
    value = value * 0x94D049BB133111EB % 2**64
    return value ^ value >> 31


def plainly_sketched(shingles: set[int], size: int) -> list[int]:
    """Throw all shingles into bins, round after round, until every bin has one (the paper)."""
    bins: dict[int, int] = {}
    turn = 0
    while len(bins) < size:
        for one in shingles:
            thrown = mixed((one + turn * 0x9E3779B97F4A7C15) % 2**64) if turn else one
            place, value = (thrown >> 32) * size >> 32, turn << 32 | thrown % 2**32
            bins[place] = min(bins.get(place, value), value)
        turn += 1
    return [bins[place] for place in range(size)]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 30), st.integers(1, 40)), min_size=1, max_size=6),
    st.integers(1, 12),
    st.integers(0, 2**32),
)
def test_signatures_are_those_of_a_plain_loop_whoever_is_sketched_together(
    shapes: list[tuple[int, int]], size: int, seed: int
) -> None:
    rng = random.Random(seed)
    texts = []
    for distinct, copies in shapes:
        texts.append([rng.randrange(2**64) for _ in range(distinct)] * copies)
        rng.shuffle(texts[-1])
        texts[-1].insert(0, rng.randrange(2**64))
    offsets = np.cumsum([0, *map(len, texts)])
    hashes = np.array([one for text in texts for one in text], dtype=np.uint64)
    expected = []
    for text in texts:
        halves = set(text), {mixed(one ^ 0x9E3779B97F4A7C15) for one in text}
        found = [0] * size
        found[::2] = plainly_sketched(halves[0], (size + 1) // 2)
        found[1::2] = plainly_sketched(halves[1], size // 2)
        expected.append(found)
    assert signatures(hashes, offsets, size).tolist() == expected


def test_a_text_that_repeats_itself_has_the_signature_of_its_few_shingles() -> None:
    once, often = ("one two three four five six " * times for times in (2, 5000))
    hashes, offsets = shingles([once, often], 5, 1)
    signs = signatures(hashes, offsets, 112)
    assert np.array_equal(signs[0], signs[1])


@pytest.mark.parametrize(("distinct", "copies"), [(1, 900), (1, 3_000), (3, 900), (20, 100)])
def test_a_text_that_repeats_itself_is_little_work(
    distinct: int, copies: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    thrown: list[int] = []

    def counted(table, base, hashes, turn, size, throw=signature._throw):
        thrown.append(len(hashes))
        throw(table, base, hashes, turn, size)

    monkeypatch.setattr(signature, "_throw", counted)
    few = np.random.default_rng(0).integers(0, 2**64, distinct, np.uint64)
    hashes, size = np.tile(few, copies), 1_000
    again = signatures(hashes, np.array([0, len(hashes)]), size)
    assert (again == signatures(few, np.array([0, distinct]), size)).all()
    assert sum(thrown) < 100 * size + 2 * len(hashes)


def test_the_seed_selects_other_hash_functions() -> None:
    text = " ".join(words(random.Random(1), 60))
    found = [MinHash(seed=seed).sketch([Document("a", text)]) for seed in (1, 2, -1, 2**70)]
    assert len({sketch.keys.keys.tobytes() for sketch in found}) == 4


def test_signatures_stay_what_they_are_across_releases() -> None:
    text = "Water boils at 100 °C at sea level, and sooner on a mountain."
    stage = MinHash.profile("datatrove")
    [[[first], *_]] = stage.sketch([Document("a", text)]).keys.keys.tolist()
    assert first == GOLDEN


GOLDEN = 8084057241796060185


@pytest.mark.parametrize(
    ("bands", "rows", "expected"),
    [
        (14, 8, (0.565, 0.772, 0.924, 0.988)),
        (450, 20, (0.302, 0.761, 0.995, 1.0)),
        (20, 13, (0.177, 0.382, 0.677, 0.924)),
        (14, 9, (0.438, 0.665, 0.867, 0.975)),
    ],
)
def test_match_probability_is_what_the_systems_publish(
    bands: int, rows: int, expected: tuple[float, ...]
) -> None:
    stage = MinHash(bands=bands, rows=rows)
    found = tuple(round(stage.match_probability(s), 3) for s in (0.7, 0.75, 0.8, 0.85))
    assert found == expected
    with pytest.raises(ValueError, match="between 0 and 1"):
        stage.match_probability(1.5)


@pytest.mark.parametrize(
    "stage",
    [
        MinHash(),
        MinHash(threshold=None),
        MinHash(ngram=1, bands=2, rows=1, prefer="-words"),
        MinHash(ngram=9, unit="character", scope="host, language"),
    ],
)
def test_the_contract_holds(stage: MinHash) -> None:
    check_stage(stage)
    assert replace(stage, seed=3) != stage


@pytest.mark.parametrize(
    "wrong",
    [
        {"ngram": 0},
        {"bands": 0},
        {"rows": -1},
        {"threshold": 1.5},
        {"threshold": -0.1},
        {"seed": "x"},
    ],
)
def test_impossible_settings_are_refused(wrong: dict[str, object]) -> None:
    [field] = wrong
    with pytest.raises(ConfigError, match=f"minhash: {field}"):
        MinHash(**wrong)  # type: ignore[arg-type]


# defaults of datatrove 0.10, NeMo Curator 1.4 (FuzzyDeduplicationWorkflow), and of RedPajama-Data's
# rp_v2.0.conf with its optimal_param(0.7, 128)
@pytest.mark.parametrize(
    ("name", "layout", "ngram", "unit"),
    [
        ("datatrove", (14, 8), 5, "word"),
        ("refinedweb", (450, 20), 5, "word"),
        ("nemo-curator", (20, 13), 24, "character"),
        ("redpajama-v2", (14, 9), 13, "word"),
    ],
)
def test_a_profile_has_the_settings_of_its_system(name, layout, ngram, unit):
    stage = MinHash.profile(name)
    assert (stage.layout, stage.ngram, stage.unit) == (layout, ngram, unit)
    assert stage.threshold is None
    piece = "word " if unit == "word" else "a"
    docs = [Document(str(size), piece * size) for size in (ngram - 1, ngram)]
    assert [doc.id for doc in stage.signatures(docs)[0]] == [str(ngram)]
