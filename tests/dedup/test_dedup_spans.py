"""Repeated spans, against looking at every pair of places."""

from __future__ import annotations

import pickle
import random
import re
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webfilter import Pipeline
from webfilter.dedup import columns, pieces
from webfilter.dedup.fingerprints import gram_starts, grams, token_hashes, winnowed
from webfilter.dedup.substrings import RepeatedSpans, SubstringDedup
from webfilter.document import Document
from webfilter.errors import ConfigError
from webfilter.testing import check_stage


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def places(docs: list[Document], size: int) -> list[tuple[str, int, tuple[str, ...]]]:
    """Return every run of `size` words, in the order in which copies are kept."""
    ordered = sorted(docs, key=lambda doc: (-len(doc.text), doc.id))
    return [
        (doc.id, at, tuple(found[at : at + size]))
        for doc in ordered
        for found in (words(doc.text),)
        for at in range(len(found) - size + 1)
    ]


def oracle(stage: SubstringDedup, docs: list[Document]) -> dict[str, list[str]]:
    """Return the words that must be left of each document, by comparing all pairs of places."""
    runs = places(docs, stage.tokens)
    gone: dict[str, set[int]] = {doc.id: set() for doc in docs}
    for number, (name, at, run) in enumerate(runs):
        others = runs[:number] if stage.keep == "first" else runs[:number] + runs[number + 1 :]
        if any(run == other for _, _, other in others):
            gone[name].update(range(at, at + stage.tokens))
    return {
        doc.id: [word for at, word in enumerate(words(doc.text)) if at not in gone[doc.id]]
        for doc in docs
    }


def resolved(stage: SubstringDedup, docs: list[Document], size: int = 100) -> RepeatedSpans:
    parts = [docs[at : at + size] for at in range(0, len(docs), size)]
    return stage.resolve([stage.sketch(part) for part in parts])


def leanly(
    stage: SubstringDedup, docs: list[Document], folder: Path, size: int = 100
) -> RepeatedSpans:
    """Resolve as a pipeline does: in two rounds."""
    parts = [docs[at : at + size] for at in range(0, len(docs), size)]
    step = stage.lean
    for number in range(2):
        place = folder / str(number)
        place.mkdir()
        step = step.resolve_in([step.sketch(part) for part in parts], place)  # type: ignore[assignment]
    assert isinstance(step, RepeatedSpans)
    return step


# few different words, so that runs repeat within and across documents, and overlap
token = st.sampled_from(["a", "b", "A", "1", "c, ", "d.", "(e)", "\nf", "g\n\n", "h-i"])
documents = st.lists(st.lists(token, max_size=25).map(" ".join), max_size=6).map(
    lambda texts: [Document(f"d{n}", text) for n, text in enumerate(texts)]
)
stages = st.builds(
    SubstringDedup,
    tokens=st.integers(2, 7),
    keep=st.sampled_from(["first", "none"]),
    prefer=st.just("-length"),
)


@settings(max_examples=80, deadline=None)
@given(stages, documents)
def test_what_stays_is_what_all_pairs_say(stage: SubstringDedup, docs: list[Document]) -> None:
    marked = resolved(stage, docs).process(docs)
    wanted = oracle(stage, docs)
    for doc, after in zip(docs, marked, strict=True):
        assert words(after.text) == wanted[doc.id]
        assert after.live == bool(after.text.strip())
        if wanted[doc.id] == words(doc.text):
            assert (after.text, after.signals["repeated_spans"]) == (doc.text, 0)
        else:
            assert after.signals["repeated_spans"] > 0


@settings(max_examples=30, deadline=None)
@given(stages, documents, st.randoms(use_true_random=False), st.integers(1, 3))
def test_rounds_order_batches_and_small_memory_do_not_matter(
    tmp_path_factory: pytest.TempPathFactory,
    stage: SubstringDedup,
    docs: list[Document],
    rng: random.Random,
    size: int,
) -> None:
    expected = resolved(stage, docs)
    shuffled = rng.sample(docs, len(docs))
    assert leanly(stage, shuffled, tmp_path_factory.mktemp("lean"), size) == expected
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "ROWS", 16)
        patch.setattr(pieces, "CHARACTERS", 9)
        assert resolved(stage, shuffled, size) == expected
        assert leanly(stage, shuffled, tmp_path_factory.mktemp("lean"), size) == expected
        in_pieces = expected.process(docs)
    assert in_pieces == expected.process(docs)


@settings(max_examples=30, deadline=None)
@given(stages, documents)
def test_no_word_is_lost_where_a_copy_stays(stage: SubstringDedup, docs: list[Document]) -> None:
    first = SubstringDedup(tokens=stage.tokens, prefer="-length")
    marked = resolved(first, docs).process(docs)
    left = {word for doc in marked for word in words(doc.text)}
    assert left == {word for doc in docs for word in words(doc.text)}


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(0, 3), max_size=40),
    st.lists(st.integers(0, 3), max_size=40),
    st.integers(2, 9),
)
def test_every_shared_run_shares_a_fingerprint(
    one: list[int], other: list[int], tokens: int
) -> None:
    stage = SubstringDedup(tokens=tokens)
    chosen: list[set[int]] = []
    for numbers in (one, other):
        hashes, offsets = token_hashes([" ".join(map(str, numbers))])
        starts, bounds = gram_starts(offsets, stage.gram)
        found = grams(hashes, starts, stage.gram)
        picked = found[winnowed(found, bounds, stage.window)]
        chosen.append(set(picked.tolist()))
        least = [found[at : at + stage.window] for at in range(len(found) - stage.window + 1)]
        assert chosen[-1] == {int(window.min()) for window in least}  # winnowing, spelled out
    runs = [
        {tuple(numbers[at : at + tokens]) for at in range(len(numbers) - tokens + 1)}
        for numbers in (one, other)
    ]
    assert not runs[0] & runs[1] or chosen[0] & chosen[1]


LEAF = "plants make sugar from light and keep some of it for the night"  # 13 words


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"One two. {LEAF}. Three.", "One two. Three."),
        (f"One two.\n{LEAF}.\nThree.", "One two.\nThree."),
        (f"One two.\n\n{LEAF}\n\nThree.", "One two.\n\nThree."),
        (f"One two.\r{LEAF}.\rThree.", "One two.\nThree."),
        (f"One two.\r\n \r\n{LEAF}\u2028Three.", "One two.\n\nThree."),
        (f"One two.\r\r{LEAF} Three.", "One two.\n\nThree."),
        (f"One ({LEAF}) two.", "One two."),
        (f'One "{LEAF}" "two".', 'One "two".'),
        (f"One {LEAF.replace('from', chr(10) * 2 + 'from')} two.", "One\n\ntwo."),
        (f"{LEAF}, one.", "one."),
        (f"One: {LEAF}!", "One:"),
        (f"{LEAF}. {LEAF.title()} one.", f"{LEAF.title()} one."),
        (f"one-{LEAF}-two", "one two"),
    ],
)
def test_cut_ends_are_joined(text: str, left: str) -> None:
    docs = [Document("a", text), Document("b", f"{LEAF} {'and so on ' * 2}")]
    stage = SubstringDedup(tokens=10, prefer="-id")
    assert resolved(stage, docs).process(docs)[0].text == left


def test_one_word_less_is_no_repeat() -> None:
    docs = [Document("a", f"one {LEAF} two"), Document("b", f"three {LEAF} four")]
    assert len(resolved(SubstringDedup(tokens=14), docs).spans) == 0
    [span] = zip(*resolved(SubstringDedup(tokens=13, prefer=()), docs).spans.columns, strict=True)
    assert span[1:] == (1, 14)


def test_case_and_numbers_count_and_white_space_and_marks_do_not() -> None:
    stage = SubstringDedup(tokens=4, prefer=())
    docs = [Document("a", "it was 20 degrees"), Document("b", "it was 21 degrees")]
    assert len(resolved(stage, docs).spans) == 0
    docs = [Document("a", "It was 20 degrees"), Document("b", "it was 20 degrees")]
    assert len(resolved(stage, docs).spans) == 0
    docs = [Document("a", "it was 20 degrees"), Document("b", "it was,\n\n20 – degrees")]
    assert len(resolved(stage, docs).spans) == 1


def test_a_text_that_repeats_itself_keeps_one_period() -> None:
    docs = [Document("a", "buy now " * 50)]
    assert resolved(SubstringDedup(), docs).process(docs)[0].text == "buy now"


def test_a_whole_copy_is_dropped_and_its_mark_with_it() -> None:
    docs = [Document("a", f"“{LEAF}.”"), Document("b", f"{LEAF}. More.")]
    a, b = resolved(SubstringDedup(tokens=10), docs).process(docs)
    assert str(a.verdict) == "substring_dedup: characters_left 0 < 1"
    assert b.text == docs[1].text
    both = resolved(SubstringDedup(tokens=10, keep="none"), docs).process(docs)
    assert [doc.text for doc in both] == ["", "More."]
    assert dict(both[1].signals) == {
        "repeated_spans": 1,
        "repeated_span_ratio": (len(b.text) - 5) / len(b.text),
        "characters_left": 5,
    }


def test_the_preferred_document_keeps_its_copy() -> None:
    docs = [
        Document("a", f"{LEAF} and more", signals={"educational": 1.0}),
        Document("b", LEAF, signals={"educational": 2.5}),
    ]
    for prefer, texts in (
        ("-educational", [" and more".strip(), LEAF]),
        ("id", [docs[0].text, ""]),
    ):
        stage = SubstringDedup(tokens=10, prefer=prefer)
        assert [doc.text for doc in resolved(stage, docs).process(docs)] == texts


def test_a_text_that_was_not_sketched_is_left_alone() -> None:
    docs = [Document("a", LEAF), Document("b", f"{LEAF} more")]
    stage = resolved(SubstringDedup(tokens=10), docs)
    other = Document("a", f"other {LEAF}")
    assert stage.process([other])[0].text == other.text


def test_a_document_sketched_twice_repeats_nothing() -> None:
    docs = [Document("a", LEAF), Document("b", "ice floats")]
    for keep in ("first", "none"):
        stage = SubstringDedup(tokens=10, keep=keep)
        assert len(stage.resolve([stage.sketch(docs), stage.sketch(docs)]).spans) == 0


def crawl(count: int) -> list[Document]:
    """Return documents of random words, a third of them with a run of another in their midst."""
    rng = random.Random(5)
    texts = [" ".join(f"w{rng.randrange(3000)}" for _ in range(150)) for _ in range(count)]
    for at in range(0, count, 3):
        source = texts[(at + 1) % count].split()
        begin, size = rng.randrange(60), rng.randrange(45, 80)
        own = texts[at].split()
        texts[at] = " ".join(own[:70] + source[begin : begin + size] + own[70:])
    return [Document(f"{n}", text) for n, text in enumerate(texts)]


def test_a_pipeline_gives_the_same_and_loses_nothing(tmp_path: Path) -> None:
    docs = crawl(60)
    for stage in (SubstringDedup(), SubstringDedup(keep="none")):
        found = resolved(stage, docs)
        assert 15 < len(found.spans) < 45
        expected = found.process(docs)
        pipe = Pipeline((stage,))
        assert pipe(docs) == expected
        assert list(pipe.kept(docs, batch_size=7)) == expected
        assert pipe.fit(docs).steps == (found,)
    report = Pipeline((SubstringDedup(),)).run(docs, tmp_path / "out", workers=2, batch_size=9)
    assert (report.total, report.kept, report.failed) == (60, 60, 0)


def test_the_first_round_sketches_little() -> None:
    docs = crawl(300)
    stage = SubstringDedup()
    runs = sum(len(words(doc.text)) - 49 for doc in docs)
    assert len(stage.sketch(docs).hashes) == runs
    assert len(stage.lean.sketch(docs)) < 0.12 * runs


def test_what_resolves_is_data() -> None:
    docs = [Document("a", LEAF), Document("b", f"{LEAF} more")]
    found = resolved(SubstringDedup(tokens=10), docs)
    assert pickle.loads(pickle.dumps(found)) == found
    assert found != RepeatedSpans()
    assert np.array_equal(found.spans.columns[2] - found.spans.columns[1], [13])


@pytest.mark.parametrize(
    "stage", [SubstringDedup(), SubstringDedup(tokens=8, keep="none", prefer="-words")]
)
def test_the_contract_holds(stage: SubstringDedup) -> None:
    check_stage(stage)


@pytest.mark.parametrize(
    ("field", "value"), [("tokens", 1), ("keep", "last"), ("prefer", "-"), ("tokens", 7.5)]
)
def test_an_impossible_field_is_refused(field: str, value: object) -> None:
    with pytest.raises(ConfigError, match=f"substring_dedup: {field}"):
        SubstringDedup(**{field: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("piece", ["wordy ", "a b ", "... - ", "\n\n", "e\u0301", "光"])
def test_hostile_repetition_takes_linear_time(piece: str) -> None:
    stage = SubstringDedup()
    seconds = []
    for size in (30_000, 120_000):
        docs = [Document(name, piece * size) for name in "xy"]
        start = time.process_time()
        resolved(stage, docs).process(docs)
        stage.lean.sketch(docs)
        seconds.append(time.process_time() - start)
    assert seconds[1] < 16 * seconds[0] + 1


def test_many_cuts_in_one_text_take_linear_time() -> None:
    unit = f"{LEAF}. "
    seconds = []
    for size in (2_000, 8_000):
        docs = [
            Document("a", "".join(f"n{n} {unit}" for n in range(size))),
            Document("b", unit + "and more " * 20_000 * (size // 2000)),
        ]
        stage = SubstringDedup(tokens=13, keep="none", prefer=())
        start = time.process_time()
        after = resolved(stage, docs).process(docs)[0]
        seconds.append(time.process_time() - start)
        assert words(after.text) == [f"n{n}" for n in range(size)]
    assert seconds[1] < 16 * seconds[0] + 1
