"""Signatures out and in: against datasketch where it is installed, and the layout of datatrove."""

from __future__ import annotations

import math
import pickle
import random
import struct
import sys
from collections import defaultdict
from inspect import signature
from pathlib import Path

import numpy as np
import pytest

from webfilter.dedup import MinHash
from webfilter.dedup.interchange import (
    _cut,
    banded,
    from_datasketch,
    linked,
    to_datasketch,
)
from webfilter.dedup.sigfiles import from_datatrove, to_datatrove
from webfilter.dedup.signature import signatures
from webfilter.document import Document
from webfilter.errors import ConfigError, MissingExtra, OutputError, SourceError

VOCABULARY = [a + b + c for a in "bdfklmnprst" for b in "aeiou" for c in "bdglmnrst"]
REFERENCE = MinHash.profile("datatrove")


def edited(rng: random.Random, found: list[str], edits: int) -> list[str]:
    changed = set(rng.sample(range(len(found)), edits))
    return [rng.choice(VOCABULARY) if n in changed else word for n, word in enumerate(found)]


def grams(text: str) -> set[str]:
    words = text.split()
    return {" ".join(words[n : n + 5]) for n in range(len(words) - 4)}


def corpus(seed: int, count: int = 150) -> list[Document]:
    """Return texts with near-duplicates of many similarities, and some too short for any."""
    rng = random.Random(seed)
    docs = []
    for n in range(count):
        found = [rng.choice(VOCABULARY) for _ in range(rng.randint(30, 150))]
        docs.append(Document(f"{n:03}", " ".join(found)))
        if n % 10 == 0:
            docs.append(Document(f"{n:03}-short", "one two three"))
        for copy in range(n % 3):
            more = " ".join(edited(rng, found, rng.randint(1, len(found) // 15 + 1)))
            docs.append(Document(f"{n:03}-{copy}", more))
    return docs


def test_jaccard_of_exported_signatures_is_that_of_the_texts() -> None:
    pytest.importorskip("datasketch")
    rng = random.Random(1)
    docs, truths = [], []
    for n in range(300):
        one = [rng.choice(VOCABULARY) for _ in range(150)]
        texts = [" ".join(one), " ".join(edited(rng, one, rng.randint(0, 15)))]
        docs += [Document(f"{n}-{side}", text) for side, text in enumerate(texts)]
        left, right = map(grams, texts)
        truths.append(len(left & right) / len(left | right))
    signed = to_datasketch(MinHash(), docs)
    assert [name for name, _ in signed] == [doc.id for doc in docs]
    errors = [
        signed[2 * n][1].jaccard(signed[2 * n + 1][1]) - truth for n, truth in enumerate(truths)
    ]
    bound = [truth * (1 - truth) / 112 for truth in truths]
    assert abs(np.mean(errors)) < 4 * math.sqrt(np.mean(bound) / 300)
    assert np.mean(np.square(errors)) < 1.3 * np.mean(bound)


def test_bands_of_datasketch_find_what_ours_do() -> None:
    datasketch = pytest.importorskip("datasketch")
    docs = corpus(2)
    signed = to_datasketch(REFERENCE, docs)
    theirs = datasketch.MinHashLSH(num_perm=112, params=(14, 8))
    for name, one in signed:
        theirs.insert(name, one)
    pairs = {tuple(sorted((name, o))) for name, one in signed for o in theirs.query(one)}
    _, keys = REFERENCE.keyed(docs)
    names = [name for name, _ in signed]
    shared = (keys[:, None, :, 0] == keys[None, :, :, 0]).any(axis=2)
    ours = {tuple(sorted((names[a], names[b]))) for a, b in np.argwhere(shared).tolist()}
    assert ours == pairs
    assert len(ours) > len(names) + 30
    back = linked([from_datasketch(signed[:90]), from_datasketch(signed[90:])])
    expected = {frozenset(cluster) for cluster in REFERENCE.clusters(docs)}
    assert {frozenset(cluster) for cluster in back} == expected


def test_exported_signatures_unite_and_travel_as_bytes() -> None:
    pytest.importorskip("datasketch")
    rng = random.Random(3)
    one, other = ([rng.choice(VOCABULARY) for _ in range(60)] for _ in range(2))
    texts = [" ".join(one), " ".join(other)]
    (_, a), (_, b) = to_datasketch(MinHash(), [Document(t, t) for t in texts])
    union = type(a).union(a, b)
    hashes = [MinHash()._shingles([Document(t, t)])[0] for t in texts]
    both = np.concatenate(hashes)
    expected = signatures(both, np.array([0, len(both)]), 112)
    if not hasattr(a, "scheme"):  # before 2.0
        expected = _cut(expected)
    assert np.array_equal(union.hashvalues, expected[0])
    again = pickle.loads(pickle.dumps(a))
    assert again.jaccard(a) == 1.0
    assert from_datasketch([("a", again)]).keys.scheme == from_datasketch([("a", a)]).keys.scheme


def test_what_was_made_differently_is_not_compared() -> None:
    datasketch = pytest.importorskip("datasketch")
    doc = Document("a", " ".join(VOCABULARY[:60]))
    [(_, ours)] = to_datasketch(MinHash(), [doc])
    [(_, seven)] = to_datasketch(MinHash(ngram=7), [doc])
    schemes = "scheme" in signature(datasketch.MinHash).parameters  # since 2.0
    theirs = datasketch.MinHash(num_perm=112, **({"scheme": "affine64"} if schemes else {}))
    theirs.update_batch([gram.encode() for gram in grams(doc.text)])
    for other in (seven, datasketch.LeanMinHash(theirs)):
        with pytest.raises(ValueError, match="seed"):
            ours.jaccard(other)
        with pytest.raises(
            ConfigError, match=r"from_datasketch: sketches made with seed = \d+ and"
        ):
            from_datasketch([("a", ours), ("b", other)])


class Signed:
    """What an object of datasketch looks like; before 2.0 it had no scheme."""

    def __init__(self, values: list[int], seed: int = 1, scheme: str | None = None) -> None:
        self.seed = seed
        self.hashvalues = np.array(values, dtype=np.uint64)
        if scheme is not None:
            self.scheme = scheme


def test_hash_families_of_datasketch_are_told_apart() -> None:
    values = list(range(128))
    old, new = Signed(values), Signed(values, scheme="affine32")
    sketch = from_datasketch([("a", old), ("b", old)])
    assert dict(sketch.keys.scheme) == {
        "signature": "datasketch legacy",
        "seed": 1,
        "num_perm": 128,
        "bands": 14,
        "rows": 8,
    }
    assert linked([sketch]) == (("a", "b"),)
    families = "signature = 'datasketch legacy' and signature = 'datasketch affine32'"
    with pytest.raises(ConfigError, match=families):
        from_datasketch([("a", old), ("b", new)])
    with pytest.raises(ConfigError, match=f"linked: sketches made with {families}"):
        linked([sketch, from_datasketch([("b", new)])])
    with pytest.raises(ConfigError, match="seed = 1 and seed = 2"):
        from_datasketch([("a", old), ("b", Signed(values, 2))])
    with pytest.raises(ConfigError, match="num_perm = 128 and num_perm = 127"):
        from_datasketch([("a", old), ("b", Signed(values[:127]))])
    with pytest.raises(ConfigError, match=r"bands = 17 and rows = 8 need 136 values"):
        from_datasketch([("a", old)], bands=17)
    with pytest.raises(ConfigError, match="bands = 14 and bands = 16"):
        linked([sketch, from_datasketch([("b", old)], bands=16)])


def test_signatures_of_nothing_are_no_duplicates() -> None:
    nothing = [2**32 - 1] * 128
    found = from_datasketch([("a", Signed(nothing)), ("b", Signed(nothing))])
    assert len(found) == 0
    assert linked([found]) == ()
    wide = [Signed([2**64 - 1] * 128, scheme="affine64") for _ in range(2)]
    assert len(from_datasketch(enumerate_names(wide))) == 0
    assert len(from_datasketch(enumerate_names([Signed(nothing, scheme="affine64")]))) == 1
    assert len(from_datasketch([])) == 0
    assert linked([]) == ()


def enumerate_names(found: list[Signed]) -> list[tuple[str, Signed]]:
    return [(str(n), one) for n, one in enumerate(found)]


def test_signatures_from_anywhere_are_linked_by_bands() -> None:
    signs = np.array([[1, 2, 3, 4], [1, 2, 9, 9], [8, 8, 9, 9], [2, 1, 4, 3]], dtype=np.uint16)
    made = {"signature": "toy"}
    assert linked([banded("dcba", signs, 2, 2, made)]) == (("b", "c", "d"),)
    parts = [banded("dc", signs[:2], 2, 2, made), banded("ba", signs[2:], 2, 2, made)]
    assert linked(iter(parts)) == (("b", "c", "d"),)
    with pytest.raises(ConfigError, match=r"signs has shape \(4, 4\).*need \(4, 6\)"):
        banded("dcba", signs, 3, 2, made)
    wide = signs[:2]  # as many values, but a row is no document
    for some, bands, rows in ((wide.T, 1, 4), (wide, 0, 4), (wide, 4, 0), (wide, -2, -2)):
        with pytest.raises(ConfigError, match="need"):
            banded("dc", some, bands, rows, made)
    assert linked([banded("dc", signs[:2, :1], 1, 1, made)]) == (("c", "d"),)


def test_values_cut_to_32_bits_keep_their_order_and_differ() -> None:
    docs = corpus(4)
    _, signs = MinHash().signatures(docs)
    cut = _cut(signs)
    assert cut.max() < 2**32
    flat, order = cut.reshape(-1), np.argsort(signs.reshape(-1), kind="stable")
    assert (np.diff(flat[order].astype(np.int64)) >= 0).all()
    same, cut_same = signs[:-1] == signs[1:], cut[:-1] == cut[1:]
    assert (cut_same[same]).all()
    assert (cut_same & ~same).mean() < 1e-3


def test_without_datasketch_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasketch", None)
    with pytest.raises(MissingExtra, match=r'pip install "webfilter\[datasketch\]"'):
        to_datasketch(MinHash(), [])


def records(path: Path, rows: int, letter: str) -> list[tuple[tuple[int, ...], int]]:
    """Read a file as datatrove does: struct by struct."""
    raw = path.read_bytes()
    size = struct.calcsize(f"<{rows}{letter}I")
    assert len(raw) % size == 0
    found = [struct.unpack_from(f"<{rows}{letter}I", raw, at) for at in range(0, len(raw), size)]
    return [(tuple(record[:-1]), record[-1]) for record in found]


@pytest.mark.parametrize(
    ("precision", "letter", "top"), [(64, "Q", 2**61 - 1), (32, "I", 2**32 - 1)]
)
def test_files_are_as_datatrove_lays_them_out(
    tmp_path: Path, precision: int, letter: str, top: int
) -> None:
    docs = corpus(5)
    parts = [docs[:77], docs[77:]]
    for rank, part in enumerate(parts):
        count = to_datatrove(REFERENCE, iter(part), tmp_path, rank=rank, precision=precision)  # type: ignore[arg-type]
        assert count == len(part)
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"bucket_{n:03d}" for n in range(14)]
    groups: dict[tuple[int, tuple[int, ...]], set[str]] = defaultdict(set)
    for bucket in range(14):
        folder = tmp_path / f"bucket_{bucket:03d}"
        assert sorted(p.name for p in folder.iterdir()) == [
            "00000.minhash.sig",
            "00001.minhash.sig",
        ]
        for rank, part in enumerate(parts):
            found = records(folder / f"{rank:05d}.minhash.sig", 8, letter)
            assert found == sorted(found)
            assert max(max(values) for values, _ in found) < top
            signed = [n for n, doc in enumerate(part) if "short" not in doc.id]
            assert sorted(number for _, number in found) == signed
            for values, number in found:
                groups[bucket, values].add(part[number].id)
    _, keys = REFERENCE.keyed(docs)
    ids = [doc.id for doc in docs if "short" not in doc.id]
    ours: dict[tuple[int, int], set[str]] = defaultdict(set)
    for name, row in zip(ids, keys[:, :, 0].tolist(), strict=True):
        for bucket, key in enumerate(row):
            ours[bucket, key].add(name)
    assert sorted(map(sorted, groups.values())) == sorted(map(sorted, ours.values()))
    spread = [values[0] for (bucket, values) in groups if not bucket]
    assert 0.3 < np.mean(np.array(spread) / top) < 0.7


def write_signatures(folder: Path, ranks: list[dict[int, list[int]]], rows: int) -> None:
    """Write signatures the way datatrove's first step is described to."""
    for rank, found in enumerate(ranks):
        for bucket in range(len(next(iter(found.values()))) // rows):
            part = folder / f"bucket_{bucket:03d}"
            part.mkdir(exist_ok=True)
            lines = sorted(
                (*values[bucket * rows : (bucket + 1) * rows], number)
                for number, values in found.items()
            )
            raw = b"".join(struct.pack(f"<{rows}QI", *line) for line in lines)
            (part / f"{rank:05d}.minhash.sig").write_bytes(raw)


def test_files_of_datatrove_are_read_and_linked(tmp_path: Path) -> None:
    big = 2**61 - 2
    ranks = [
        {0: [1, big, 5, 5], 3: [7, 7, 8, 9], 12: [big, 1, 2, 2]},
        {1: [1, big, 3, 3], 2: [4, 4, 8, 9], 70_000: [big, 2, 3, 3]},
    ]
    write_signatures(tmp_path, ranks, 2)
    (tmp_path / "bucket_000" / "notes.txt").write_text("not ours")
    sketches = list(from_datatrove(tmp_path, rows=2, made={"seed": 1}))
    assert dict(sketches[0].keys.scheme) == {
        "signature": "datatrove",
        "seed": 1,
        "precision": 64,
        "bands": 2,
        "rows": 2,
    }
    assert linked(sketches) == (
        ("00000:0000000000", "00001:0000000001", "00001:0000070000"),
        ("00000:0000000003", "00001:0000000002"),
    )


def test_what_we_write_is_what_we_read(tmp_path: Path) -> None:
    docs = corpus(6)
    expected = {frozenset(cluster) for cluster in REFERENCE.clusters(docs)}
    for precision in (32, 64):
        folder = tmp_path / str(precision)
        to_datatrove(REFERENCE, docs[:100], folder, precision=precision)  # type: ignore[arg-type]
        to_datatrove(REFERENCE, docs[100:], folder, rank=1, precision=precision)  # type: ignore[arg-type]
        to_datatrove(REFERENCE, docs[100:], folder, rank=1, precision=precision)  # type: ignore[arg-type]
        found = linked(from_datatrove(folder, precision=precision))  # type: ignore[arg-type]
        place = {f"{n // 100:05d}:{n % 100:010d}": doc.id for n, doc in enumerate(docs[:100])}
        place |= {f"00001:{n:010d}": doc.id for n, doc in enumerate(docs[100:])}
        assert {frozenset(place[name] for name in cluster) for cluster in found} == expected


def test_files_that_are_cut_or_of_another_layout_are_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no signatures of datatrove in"):
        list(from_datatrove(tmp_path))
    to_datatrove(REFERENCE, corpus(7, 10), tmp_path)
    with pytest.raises(SourceError, match=r"00000.minhash.sig is cut or of another layout"):
        list(from_datatrove(tmp_path, precision=32))
    path = tmp_path / "bucket_003" / "00000.minhash.sig"
    raw = path.read_bytes()
    path.write_bytes(raw[:-1])
    with pytest.raises(SourceError, match=r"bucket_003[/\\]00000.minhash.sig is cut"):
        list(from_datatrove(tmp_path))
    path.write_bytes(raw[:-68])
    with pytest.raises(SourceError, match=r"bucket_003[/\\]00000.minhash.sig has other documents"):
        list(from_datatrove(tmp_path))
    path.unlink()
    to_datatrove(REFERENCE, corpus(7, 10), tmp_path, rank=4)
    with pytest.raises(SourceError, match="rank 0 is in 13 of 14 buckets"):
        list(from_datatrove(tmp_path))
    (tmp_path / "bucket_003" / "00004.minhash.sig").unlink()
    with pytest.raises(SourceError, match="rank 0 is in 13 of 14 buckets"):
        list(from_datatrove(tmp_path))
    first = tmp_path / "bucket_000" / "00000.minhash.sig"
    raw = first.read_bytes()
    records = [raw[at : at + 68] for at in range(0, len(raw), 68)]
    first.write_bytes(raw + max(records, key=lambda record: record[-4:]))
    for bucket in (0, 3):
        (tmp_path / f"bucket_{bucket:03d}" / "00000.minhash.sig").write_bytes(first.read_bytes())
    with pytest.raises(SourceError, match=r"bucket_000[/\\]00000.minhash.sig has a document twice"):
        list(from_datatrove(tmp_path))
    with pytest.raises(ConfigError, match="rank = -1"):
        to_datatrove(REFERENCE, [], tmp_path, rank=-1)
    with pytest.raises(ConfigError, match="precision = 16"):
        list(from_datatrove(tmp_path, precision=16))  # type: ignore[arg-type]
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        to_datatrove(REFERENCE, corpus(1, 2), tmp_path / "file")
