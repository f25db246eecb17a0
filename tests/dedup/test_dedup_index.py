"""The index of earlier runs against brute force, and against kill -9, damage and other writers."""

from __future__ import annotations

import json
import os
import pickle
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from webfilter.dedup import MinHash, index, manifest, matching, seen_in
from webfilter.dedup.index import Match, MinHashIndex
from webfilter.dedup.postings import column, find, pack
from webfilter.dedup.ragged import Ragged
from webfilter.dedup.seen_in import SeenIn
from webfilter.document import Document, Verdict
from webfilter.errors import ConfigError, OutputError, RunError, SourceError
from webfilter.pipeline import Pipeline
from webfilter.testing import check_stage, hostile_documents, plain_documents

VOCABULARY = [a + b + c for a in "bdfklm" for b in "aeiou" for c in "bdglmn"]
FILES = ("names", "digests", "bands", "heads", "ids", "id_offsets", "grams", "gram_offsets")


@pytest.fixture(scope="module", autouse=True)
def _power_stays_on() -> Iterator[None]:
    """Spare the tests what only matters in a power cut, and takes most of their time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda handle: None)
        yield


def family(seed: int, count: int, size: int = 40) -> list[Document]:
    """Return documents of which many are edits of a few."""
    rng = random.Random(seed)
    heads = [rng.choices(VOCABULARY, k=size) for _ in range(max(count // 5, 1))]
    docs = []
    for n in range(count):
        found = list(rng.choice(heads))
        for _ in range(rng.randrange(4)):
            found[rng.randrange(len(found))] = rng.choice(VOCABULARY)
        docs.append(Document(f"{seed}/{n}", " ".join(found)))
    return docs


def grams(doc: Document, ngram: int) -> set[tuple[str, ...]]:
    words = doc.text.split()
    return {tuple(words[n : n + ngram]) for n in range(len(words) - ngram + 1)}


def brute(step: MinHash, held: Sequence[Document], asked: Document) -> Match | None:
    """Return the answer the long way."""
    assert step.threshold is not None
    own = grams(asked, step.ngram)
    best = None
    for doc in held:
        other = grams(doc, step.ngram)
        if not own or not other:
            continue
        similarity = len(own & other) / len(own | other)
        if similarity >= step.threshold and similarity > 0:
            best = min(best or (0.0, ""), (-similarity, doc.id))
    return None if best is None else Match(best[1], -best[0])


SURE = MinHash(ngram=2, bands=60, rows=1, threshold=0.5)
TEXT = st.lists(st.sampled_from("abcd"), max_size=8).map(" ".join)


@settings(max_examples=15, deadline=None)
@given(st.lists(TEXT, max_size=14), st.lists(TEXT, max_size=6), st.data())
def test_answers_are_those_of_brute_force_however_documents_came(
    texts: list[str], asked: list[str], data: st.DataObject
) -> None:
    held = [Document(str(n), text) for n, text in enumerate(texts)]
    queries = [Document(f"q{n}", text) for n, text in enumerate(asked)]
    expected = [brute(SURE, held, doc) for doc in queries]
    order = data.draw(st.permutations(held))
    cuts = data.draw(st.lists(st.integers(0, len(held)), max_size=4).map(sorted))
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:  # Windows: it is mapped yet
        found = MinHashIndex.create(folder, SURE)
        for begin, end in zip([0, *cuts], [*cuts, len(order)], strict=True):
            found.add(order[begin:end])
        assert found.query(queries) == expected
        found.compact()
        assert found.query(queries) == expected
        once = MinHashIndex.create(Path(folder, "once"), SURE)
        once.add(held)
        assert once.fingerprint == found.fingerprint == MinHashIndex.open(folder).fingerprint


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 700), st.integers(1, 4), st.integers(1, 40), st.integers(0, 5))
@example(256, 2, 2, 0)  # the number of the last row has no bit that is not set
@example(512, 1, 40, 0)
def test_packed_bands_have_the_rows_of_each_key(
    size: int, bands: int, kinds: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    some = rng.integers(0, 2**64, (kinds, bands), dtype=np.uint64)
    some[0], some[-1] = 0, 2**64 - 1
    keys = some[rng.integers(0, kinds, size)]
    packed = [pack(keys[:, band].copy()) for band in range(bands)]
    stacked = np.stack([entries for entries, _ in packed])
    heads = np.stack([starts for _, starts in packed])
    for band, (entries, starts) in enumerate(packed):
        assert np.array_equal(column(entries, starts) >> 8, keys[:, band] >> 8)
    asked = np.concatenate((some, rng.integers(0, 2**64, (9, bands), dtype=np.uint64)))
    for most in (size, 3):
        found = sorted(
            zip(*(part.tolist() for part in find(stacked, heads, asked, most)), strict=True)
        )
        expected = [
            (n, band, row)
            for n in range(len(asked))
            for band in range(bands)
            for row in np.flatnonzero(keys[:, band] >> 8 == (asked[n] >> 8)[band])[:most].tolist()
        ]
        assert found == expected


def test_many_small_adds_make_few_segments_and_the_same_index(tmp_path: Path) -> None:
    docs = family(1, 45)
    one, many = MinHashIndex.create(tmp_path / "one"), MinHashIndex.create(tmp_path / "many")
    assert one.add(docs) == 45
    for doc in docs[::-1]:
        assert many.add([doc]) == 1
    assert len(many._segments) <= 6
    asked = family(1, 45) + family(2, 20)
    assert one.query(asked) == many.query(asked)
    assert one.fingerprint == many.fingerprint
    assert len(one) == len(many) == 45
    many.compact()
    assert len(many._segments) == 1
    assert one.query(asked) == many.query(asked)
    assert repr(many).startswith("MinHashIndex(")
    assert "45 documents" in repr(many)
    many.check()


def test_sketches_are_added_in_pieces_within_little_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docs = family(1, 120)
    whole = MinHashIndex.create(tmp_path / "whole")
    whole.add(docs)
    monkeypatch.setattr(index, "_FLUSH", 5_000)
    monkeypatch.setattr("webfilter.dedup.segmentfiles._AT_ONCE", 50)
    monkeypatch.setattr("webfilter.dedup.matching._AT_ONCE", 50)
    pieces = MinHashIndex.create(tmp_path / "pieces")
    step = MinHash(
        prefer="-words", threshold=0.9, rows=4
    )  # keeps and drops otherwise, same n-grams
    sketches = [step.sketch(docs[at : at + 7]) for at in range(0, 120, 7)]
    folders = []

    def coming():
        for item in [*sketches, *docs[:50]]:
            folders.append(sum(path.is_dir() for path in pieces.folder.iterdir()))
            yield item

    assert pieces.add(coming()) == 120
    assert 2 < max(folders) < 7, "what is merged meanwhile does not stay"
    asked = family(1, 120)
    assert pieces.query(asked) == whole.query(asked)
    assert pieces.query([*asked[:9], step.sketch(asked[9:70]), *asked[70:]]) == whole.query(asked)
    assert pieces.fingerprint == whole.fingerprint


def test_adding_again_adds_nothing_and_only_live_documents_with_words_count(
    tmp_path: Path,
) -> None:
    docs = family(3, 30)
    found = MinHashIndex.create(tmp_path / "index")
    assert found.add(docs[:20]) == 20
    before = found.fingerprint
    assert found.add(docs[:20]) == 0
    assert found.fingerprint == before
    assert found.add(docs) == 10
    assert found.fingerprint != before
    assert found.add([Document("short", "a b c"), Document("none")]) == 0
    assert found.add([replace(family(4, 1)[0], verdict=Verdict("a", "b"))]) == 0
    assert found.add([Document("twice", docs[0].text), Document("twice", docs[5].text)]) == 1
    assert "twice" in found
    assert "3/7" in found
    assert "short" not in found
    assert 7 not in found
    strange = Document("\ud800", docs[0].text)
    assert found.add([strange]) == 1
    assert "\ud800" in MinHashIndex.open(tmp_path / "index")
    with pytest.raises(ConfigError, match=r"takes documents \(webfilter.read.* not str"):
        found.add(["text"])  # type: ignore[list-item]


def test_a_source_that_breaks_leaves_the_index_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = MinHashIndex.create(tmp_path / "index")
    found.add(family(1, 10))
    before, files = found.fingerprint, sorted(p.name for p in found.folder.iterdir())
    monkeypatch.setattr(index, "_FLUSH", 1)
    monkeypatch.setattr(index, "_BATCH", 5)

    def broken():
        yield from family(2, 20)
        raise KeyError("broken")

    with pytest.raises(KeyError):
        found.add(broken())
    assert sorted(p.name for p in found.folder.iterdir()) == files
    assert (found.fingerprint, len(found)) == (before, 10)
    assert MinHashIndex.open(found.folder).fingerprint == before
    assert found.add(family(2, 20)) == 20


def test_merging_is_adding_all(tmp_path: Path) -> None:
    docs = family(6, 90)
    one, other = MinHashIndex.create(tmp_path / "one"), MinHashIndex.create(tmp_path / "other")
    both = MinHashIndex.create(tmp_path / "both")
    one.add(docs[:50])
    other.add(docs[40:70])
    other.add(docs[70:])
    both.add(docs)
    assert one.merge(other) == 40
    assert one.merge(tmp_path / "other") == 0
    assert one.merge(one) == 0
    asked = family(6, 90) + family(7, 20)
    assert one.query(asked) == both.query(asked)
    assert one.fingerprint == both.fingerprint
    assert len(other) == 50


@pytest.mark.parametrize("threshold", [0.75, None])
def test_a_crowd_of_equal_documents_is_answered_alike_however_it_came(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threshold: float | None
) -> None:
    monkeypatch.setattr(matching, "REACH", 5)
    text = family(1, 1)[0].text
    docs = [Document(f"copy{n}", text) for n in range(60)] + family(2, 20)
    random.Random(3).shuffle(docs)
    step = MinHash(threshold=threshold)
    asked = [Document("q", text), *family(2, 5)]
    answers = set()
    for number, size in enumerate((80, 3, 7, 33)):
        found = MinHashIndex.create(tmp_path / str(number), step)
        for at in range(0, 80, size):
            found.add(docs[at : at + size])
        answers.add(tuple(found.query(asked)))
        docs.reverse()
    [answer] = answers
    assert answer[0] is not None
    assert answer[0].id.startswith("copy")


def test_without_a_threshold_sharing_a_band_is_enough_and_the_most_bands_win(
    tmp_path: Path,
) -> None:
    step = MinHash(threshold=None, bands=40, rows=1)
    words = random.Random(1).choices(VOCABULARY, k=60)
    far, near = words[:20] + VOCABULARY[:40], [*words[:55], *VOCABULARY[5:10]]
    found = MinHashIndex.create(tmp_path / "index", step)
    found.add([Document("a-far", " ".join(far)), Document("b-near", " ".join(near))])
    assert found.query([Document("q", " ".join(words))]) == [Match("b-near", None)]
    assert found.query([Document("q", " ".join(far))]) == [Match("a-far", None)]
    assert not list(found.folder.rglob("grams.npy"))
    [entry] = found._manifest.segments
    held = sum(size for name, (size, _) in entry.files.items() if name != "ids.npy")
    assert held < 2 * (40 * 8 + 8 + 8 + 8) + 200 * len(entry.files)


def test_scopes_are_kept_apart(tmp_path: Path) -> None:
    text = family(1, 1)[0].text
    step = MinHash(scope="host, language")
    found = MinHashIndex.create(tmp_path / "index", step)
    here = Document("a", text, url="https://x.org/1", signals={"language": "en"})
    found.add([here])
    there = replace(here, id="b", url="https://y.org/")
    german = replace(here, id="c", signals={"language": "de"})
    again = replace(here, id="d", url="https://X.org/2")
    answers = found.query([there, german, again])
    assert answers == [None, None, Match("a", 1.0)]
    assert SeenIn(tmp_path / "index").needs == ("language",)


def test_schemes_that_differ_are_refused_by_name(tmp_path: Path) -> None:
    docs = family(1, 5)
    found = MinHashIndex.create(tmp_path / "index")
    for other, said in (
        (MinHash(seed=2), "seed = 1 and seed = 2"),
        (MinHash(ngram=6), "ngram = 5 and ngram = 6"),
        (MinHash(bands=20, rows=4), "bands = 28 and bands = 20"),
        (MinHash(unit="character"), "unit = 'word' and unit = 'character'"),
        (MinHash(scope="host"), "scope = '' and scope = 'host'"),
    ):
        with pytest.raises(
            ConfigError, match=f"minhash index: sketches made with {re.escape(said)}"
        ):
            found.add([other.sketch(docs)])
        with pytest.raises(ConfigError, match=re.escape(said)):
            MinHashIndex.create(tmp_path / "index", other, exist_ok=True)
        foreign = MinHashIndex.create(tmp_path / said, other)
        with pytest.raises(ConfigError, match="minhash index: sketches made with"):
            found.merge(foreign)
    bare = MinHash(threshold=None, bands=28, rows=4)
    with pytest.raises(ConfigError, match=r"has threshold = 0.75, the sketch was made without"):
        found.add([bare.sketch(docs)])
    with pytest.raises(ConfigError, match="the sketch was made without"):
        found.query([bare.sketch(docs)])
    with pytest.raises(ConfigError, match=r"has threshold = None and .* 0.75: only one"):
        found.merge(MinHashIndex.create(tmp_path / "bare", bare))
    with pytest.raises(ConfigError, match="step = 5 is not a MinHash"):
        MinHashIndex.create(tmp_path / "five", 5)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"index has threshold = 0.75, not 0.8"):
        MinHashIndex.create(tmp_path / "index", MinHash(threshold=0.8, rows=4), exist_ok=True)
    again = MinHashIndex.create(tmp_path / "index", MinHash(prefer="url"), exist_ok=True)
    assert again.fingerprint == found.fingerprint


def test_folders_that_are_no_index_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no index in .*MinHashIndex.create"):
        MinHashIndex.open(tmp_path / "none")
    MinHashIndex.create(tmp_path / "index")
    with pytest.raises(OutputError, match="there is an index in"):
        MinHashIndex.create(tmp_path / "index")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"full is not empty \(notes.txt\)"):
        MinHashIndex.create(tmp_path / "full")
    with pytest.raises(SourceError, match=r"^seen_in: no index"):
        SeenIn(tmp_path / "full")


def test_a_manifest_that_is_damaged_foreign_or_newer_is_refused(tmp_path: Path) -> None:
    found = MinHashIndex.create(tmp_path / "index")
    found.add(family(1, 5))
    path = found.folder / "manifest.json"
    good = path.read_text()
    held = json.loads(good)

    def changed(**keys: object) -> str:
        return json.dumps({**held, **keys})

    away = [{**held["segments"][0], "name": "../elsewhere"}]
    for text, said in (
        (good[:-40], "damaged: it is no JSON"),
        ("[" * 100_000, "damaged: it is no JSON"),
        ("[]", "not the manifest of a webfilter index"),
        ('{"a": 1}', "not the manifest of a webfilter index"),
        (changed(version=2), r"version 2 of the format.*reads up to 1; install a newer"),
        (changed(segments=away), "'../elsewhere' is no segment"),
        (changed(segments=[{}]), "damaged: KeyError"),
        (changed(segments=5), "damaged: TypeError.*make the index again from its documents"),
        (changed(next=-1), "-1 is no count"),
    ):
        path.write_text(text)
        with pytest.raises(SourceError, match=f"manifest.json.*{said}"):
            MinHashIndex.open(found.folder)
    path.write_text(changed(settings={"ngrams": 5}))
    with pytest.raises(ConfigError, match=r"settings in .*manifest.json 'ngrams'"):
        MinHashIndex.open(found.folder)


def changed_in(found: MinHashIndex, name: str, data: bytes | npt.NDArray[Any] | None) -> Path:
    """Return a copy of an index where a file holds `data`, or is missing.

    A copy, since Windows changes no file that is mapped.
    """
    place = Path(mkdtemp(dir=found.folder.parent)) / "index"
    shutil.copytree(found.folder, place)
    path = place / found._segments[0].entry.name / f"{name}.npy"
    if data is None:
        path.unlink()
    elif isinstance(data, bytes):
        path.write_bytes(data)
    else:
        np.save(path, data)
    return place


@pytest.mark.parametrize("name", FILES)
def test_files_of_another_kind_are_refused(tmp_path: Path, name: str) -> None:
    found = MinHashIndex.create(tmp_path / "index")
    found.add(family(1, 12))
    good = np.load(found.folder / found._segments[0].entry.name / f"{name}.npy")
    for other in (good.view(f"i{good.itemsize}" if good.dtype.kind == "u" else "u8"), good[None]):
        with pytest.raises(SourceError, match=rf"{name}.npy is not ours: it holds .* of shape"):
            MinHashIndex.open(changed_in(found, name, other))
    if good.ndim == 2:
        with pytest.raises(SourceError, match=rf"{name}.npy is not ours"):
            MinHashIndex.open(changed_in(found, name, good.reshape(good.shape[::-1])))


@pytest.mark.parametrize(
    ("offsets", "said"),
    [([0, 2, 4], "beyond the end"), ([0, 2, 1], "do not ascend"), ([-1, 2, 3], "do not ascend")],
)
def test_offsets_that_lead_elsewhere_are_refused(offsets: list[int], said: str) -> None:
    held = Ragged(np.arange(3), np.array(offsets))
    with pytest.raises(ValueError, match=said):
        held.take(np.array([0, 1]))


@pytest.mark.parametrize("name", FILES)
def test_damaged_files_are_named(tmp_path: Path, name: str) -> None:
    docs = family(1, 12)
    found = MinHashIndex.create(tmp_path / "index")
    found.add(docs)
    path = found.folder / found._segments[0].entry.name / f"{name}.npy"
    good = path.read_bytes()

    def with_it(data: bytes | None) -> MinHashIndex:
        return MinHashIndex.open(changed_in(found, name, data))

    with pytest.raises(SourceError, match=rf"{name}.npy is damaged: it has"):
        with_it(good[:-1])
    with pytest.raises(SourceError, match=rf"{name}.npy is missing"):
        with_it(None)
    flipped = with_it(good[:-3] + bytes([good[-3] ^ 64]) + good[-2:])
    with pytest.raises(SourceError, match=rf"{name}.npy is damaged: it is not what was written"):
        flipped.check()
    with pytest.raises(SourceError, match=f"{name}.npy is damaged"):
        flipped.add(family(2, 40))  # would merge the segment, and so hide the damage
    with pytest.raises(SourceError, match=rf"{name}.npy is damaged or not ours"):
        with_it(b"\x93NUMPY" + b"\xff" * (len(good) - 6))
    with pytest.raises(SourceError, match=rf"{name}.npy is damaged or not ours: \(.*statement"):
        with_it(good.replace(b"), }", b"(, }", 1))
    with pytest.raises(SourceError, match=rf"{name}.npy is damaged or not ours") as refused:
        with_it(b"?" * len(good))
    assert "pickle" not in str(refused.value)  # NumPy proposes to load what is none as a pickle
    rng = random.Random(name)
    for _ in range(8):  # whatever the bytes are, an answer or a clear error
        noise = bytes(rng.randrange(256) for _ in good[128:])
        with suppress(SourceError):
            with_it(good[:128] + noise).query(docs)


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    found = MinHashIndex.create(tmp_path / "index")
    found.add(family(1, 3))
    place = changed_in(found, "names", np.array([{"a": 1}, 2, 3], dtype=object))
    held = json.loads((place / "manifest.json").read_text())
    size = (place / found._segments[0].entry.name / "names.npy").stat().st_size
    held["segments"][0]["files"]["names.npy"]["bytes"] = size
    (place / "manifest.json").write_text(json.dumps(held))
    with pytest.raises(SourceError, match=r"names.npy is damaged or not ours"):
        MinHashIndex.open(place)


def test_one_writes_while_others_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    docs = family(1, 60)
    writer = MinHashIndex.create(tmp_path / "index")
    writer.add(docs[:20])
    writer.add(docs[20:30])
    reader = MinHashIndex.open(tmp_path / "index")
    asked = family(1, 60)
    before = reader.query(asked)
    with manifest.locked(writer.folder):
        for attempt in (lambda: writer.add(docs), writer.compact, lambda: writer.merge(reader)):
            with pytest.raises(OutputError, match=r"somebody else writes to the index"):
                attempt()
        assert reader.query(asked) == before
    stale = manifest.Manifest.read(writer.folder)
    writer.add(docs)
    writer.compact()
    assert reader.query(asked) == before
    assert len(reader) == 30
    reader.check()
    assert MinHashIndex.create(tmp_path / "other").merge(reader) == 60
    fresh = MinHashIndex.open(tmp_path / "index")
    assert len(fresh) == 60
    assert fresh.query(asked) != before
    read = iter([stale, manifest.Manifest.read(writer.folder)])
    monkeypatch.setattr(index.Manifest, "read", lambda folder: next(read))
    # what it was made of is gone, or on Windows still there, whole, for the reader
    wanted = reader if os.name == "nt" else fresh
    assert MinHashIndex.open(tmp_path / "index").fingerprint == wanted.fingerprint
    monkeypatch.undo()
    assert reader.add([docs[0]]) == 0
    assert len(reader) == 60, "whoever writes sees the newest state first"


def test_an_index_that_somebody_makes_meanwhile_is_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "index"
    made = MinHash(ngram=3)
    mkdir, hold = Path.mkdir, index.locked

    def other(*_: object, **__: object) -> None:
        monkeypatch.undo()
        MinHashIndex.create(folder, made)

    def made_before_listing(path: Path, *args: Any, **named: Any) -> None:
        other()
        mkdir(path, *args, **named)

    def made_before_locking(path: Path) -> Any:
        other()
        return hold(path)

    for owner, name, attempt in (
        (Path, "mkdir", made_before_listing),
        (index, "locked", made_before_locking),
    ):
        for step, exist_ok, error in (
            (made, True, None),
            (MinHash(), True, "ngram = 3 and ngram = 5"),
            (made, False, "there is an index in"),
        ):
            shutil.rmtree(folder, ignore_errors=True)
            monkeypatch.setattr(owner, name, attempt)
            if error is None:
                assert MinHashIndex.create(folder, step, exist_ok=exist_ok).step.ngram == 3
                continue
            with pytest.raises((ConfigError, OutputError), match=error):
                MinHashIndex.create(folder, step, exist_ok=exist_ok)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("every", [24, pytest.param(1, marks=pytest.mark.slow)])
def test_killed_at_any_moment_it_is_as_before_or_as_after(tmp_path: Path, every: int) -> None:
    script = Path(__file__).with_name("indexkills.py")
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path), str(every)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    for steps, _ in json.loads(done.stdout).values():
        assert steps > 30, "too few steps: the calls that change files are others"


def test_the_stage_keeps_the_contract(tmp_path: Path) -> None:
    found = MinHashIndex.create(tmp_path / "index", MinHash(ngram=3))
    found.add(plain_documents()[:1] + hostile_documents())
    stage = SeenIn(tmp_path / "index")
    check_stage(stage, family(1, 20))
    assert pickle.loads(pickle.dumps(stage)).artifacts == stage.artifacts


def test_what_a_run_kept_is_dropped_by_the_next_one(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    found = MinHashIndex.create(folder)
    first, second = family(1, 40), family(1, 40)[5:15] + family(2, 10)
    kept = [doc for doc in Pipeline((SeenIn(folder), MinHash()))(first) if doc.live]
    assert found.add(kept) == len(kept) < 40
    pipe = Pipeline((SeenIn(folder),))
    marked = pipe([replace(doc, id=f"new {doc.id}") for doc in second])
    dropped = [doc for doc in marked if not doc.live]
    assert {doc.id for doc in dropped} >= {f"new 1/{n}" for n in range(5, 15)}
    assert all(doc.id.startswith("new 1") for doc in dropped)
    for doc in dropped:
        of = doc.signals["indexed_duplicate"]
        assert doc.verdict == Verdict("seen_in", "near_duplicate", of=of)  # type: ignore[arg-type]
        assert of in {k.id for k in kept}
        assert doc.signals["indexed_similarity"] >= 0.75  # type: ignore[operator]
    free = next(doc for doc in marked if doc.live)
    assert dict(free.signals) == {"indexed_duplicate": None, "indexed_similarity": None}


def test_what_a_run_wrote_is_added_from_its_folder(tmp_path: Path) -> None:
    import webfilter as wf

    found = MinHashIndex.create(tmp_path / "index")
    docs = family(1, 40)
    pipe = SeenIn(found.folder) | MinHash()
    report = pipe.run(docs, tmp_path / "out", progress=False)
    assert report.kept < 40
    assert found.add(wf.read(tmp_path / "out" / "kept")) == report.kept
    assert found.add(wf.read(tmp_path / "out" / "kept")) == 0
    again = [replace(doc, id=f"later {doc.id}") for doc in docs]
    pipe = SeenIn(found.folder) | MinHash()
    assert pipe.run(again, tmp_path / "next", progress=False).kept == 0
    recipe = pipe.to_toml() if "seen_in" in wf.catalog.names() else ""
    assert not recipe or Pipeline.from_toml(recipe) == pipe


def test_an_index_made_under_another_version_of_unicode_says_so(tmp_path: Path) -> None:
    found = MinHashIndex.create(tmp_path / "index")
    path = found.folder / "manifest.json"
    made = found.step.artifacts["unicode"]
    path.write_text(path.read_text().replace(f'"{made}"', '"1.0"'))
    said = f"unicode = '1.0' and unicode = '{made}'"
    with pytest.raises(ConfigError, match=said):
        SeenIn(found.folder)
    with pytest.raises(ConfigError, match=said):
        MinHashIndex.open(found.folder).add(family(1, 2))


def test_the_stage_is_of_one_state_of_the_index(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    found = MinHashIndex.create(folder)
    docs = family(1, 4)
    stage = SeenIn(folder)
    before = Pipeline((stage,)).fingerprint()
    found.add(docs)
    assert Pipeline((SeenIn(folder),)).fingerprint() != before
    assert Pipeline((stage,)).fingerprint() == before
    assert all(doc.live for doc in stage(docs)), "it goes on with what it opened"
    seen_in._held.clear()  # as in a worker that starts now
    with pytest.raises(RunError, match="changed since the stage was built: build it again"):
        stage.measure_batch(docs)
    assert not any(doc.live for doc in SeenIn(folder)(docs))
    found.compact()
    seen_in._held.clear()
    assert not any(doc.live for doc in SeenIn(folder)(docs))


def test_hostile_documents_go_in_and_are_found(tmp_path: Path) -> None:
    docs = [*plain_documents(), *hostile_documents()]
    found = MinHashIndex.create(tmp_path / "index")
    found.add(docs)
    for doc, match in zip(docs, found.query(docs), strict=True):
        assert (match is None) == (doc.id not in found)
        assert match is None or match.similarity == 1.0
