"""`Educational` with `read_from`: who is read, what changes for them, and what for nobody else."""

from __future__ import annotations

import hashlib
import random
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import educational_texts as own

from webfilter.document import Document
from webfilter.errors import ConfigError
from webfilter.score import Educational
from webfilter.score.packaged import FOLDER, checksum, entry, load, load_reader
from webfilter.score.windows import windows
from webfilter.testing import check_stage

LESSONS = list(own.lessons("standard").values())
HEADS = ("educational", "reasoning", "lasting", "clean")
CHAT = "lol yeah same here, see you at eight, bring the tickets and do not be late again ok? " * 3
GERMAN = next(page.text for page in own.adversarial() if page.name == "German lesson")
HALF = f"{LESSONS[0][:100]} {GERMAN[:700]}"
"""Of words of which too few are known: what it scores counts in part."""
TEXTS = [HALF, *LESSONS, CHAT, "", " \n", "water boils", "\n\n".join(LESSONS * 4)]


def docs() -> list[Document]:
    return [Document(str(i), text) for i, text in enumerate(TEXTS)]


def test_keeps_the_contract_of_a_stage() -> None:
    check_stage(Educational(read_from=0))
    check_stage(Educational(read_from=1.5, min_score=2))


@pytest.mark.parametrize("bound", [0.0, 1.5])
def test_who_scores_less_is_not_read_and_who_is_read_has_the_readers_scores(bound: float) -> None:
    before = Educational(None).measure_batch(docs())
    after = Educational(None, read_from=bound).measure_batch(docs())
    model, reader = load("educational"), load_reader()
    read = [
        i
        for i, found in enumerate(before)
        if found["educational"] >= bound and not TEXTS[i].isspace() and TEXTS[i]
    ]
    assert 0 < len(read) < len(TEXTS)
    assert 0 < model.predict([HALF]).trust[0] < 1
    for i, (one, other) in enumerate(zip(before, after, strict=True)):
        if i not in read:
            assert other == one
            continue
        pieces = windows(TEXTS[i])
        found = model.predict(pieces)
        values = reader.predict(pieces, found.raw) * found.trust[:, None]
        lengths = np.array(list(map(len, pieces)), dtype=float)
        mean = lengths @ values / lengths.sum()
        again = len(pieces) > 1  # the last text says nearly all four times
        mean, near = (mean / 4, 0.02) if again else (mean, 1e-4)
        said = [other[head] for head in HEADS]
        assert said == pytest.approx(mean.tolist(), abs=near)
        assert said != [one[head] for head in HEADS]


def test_the_interval_is_the_readers() -> None:
    stage = Educational(None, read_from=0)
    found = stage.measure(Document("a", LESSONS[0]))
    reader = load_reader()
    for t, head in enumerate(HEADS):
        low, high = reader.intervals(np.array([found[head]]), t)[0]
        assert (found[f"{head}_low"], found[f"{head}_high"]) == pytest.approx((low, high), abs=1e-3)
        assert low <= found[head] <= high


def test_a_score_has_the_same_bits_in_every_batch() -> None:
    stage = Educational(None, read_from=1.0)
    whole = stage.measure_batch(docs())
    assert [stage.measure(doc) for doc in docs()] == whole
    assert stage.measure_batch(docs()[::-1])[::-1] == whole


def test_a_blank_text_scores_nothing_without_doubt() -> None:
    found = Educational(None, read_from=0).measure_batch([Document("a", ""), Document("b", " \n")])
    assert {value for row in found for value in row.values()} == {0.0}


def test_a_higher_bound_reads_no_more() -> None:
    before = Educational(None).measure_batch(docs())
    changed = []
    for bound in (0, 0.5, 1.5, 2.5, 5):
        after = Educational(None, read_from=bound).measure_batch(docs())
        changed.append({i for i in range(len(TEXTS)) if after[i] != before[i]})
    assert all(more >= fewer for more, fewer in pairwise(changed))
    assert len(changed[0]) > len(changed[-1])


def test_words_in_any_order_are_seen_through() -> None:
    stage, rng = Educational(None, read_from=0), random.Random(1)
    for lesson in LESSONS[:3]:
        words, out = lesson.split(), []
        for i in range(0, len(words), 5):
            run = words[i : i + 5]
            rng.shuffle(run)
            out += run
        plain, mixed = stage.measure_batch([Document("a", lesson), Document("b", " ".join(out))])
        assert mixed["educational"] < plain["educational"] - 1


def test_bad_bounds_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"educational: read_from = 6\.0 is not from 0 to 5"):
        Educational(read_from=6.0)
    with pytest.raises(ConfigError, match="read_from = nan"):
        Educational(read_from=float("nan"))
    with pytest.raises(ConfigError, match="read_from belongs to the packaged model"):
        Educational(read_from=1.0, model="mine/model.npz")


def test_the_reader_is_named_with_its_checksum_where_it_reads() -> None:
    assert "reader.npz" not in Educational().artifacts
    found = Educational(read_from=1.0).artifacts
    assert found == {f"{n}.npz": f"sha256:{checksum(n)}" for n in ("educational", "reader")}


def test_the_file_is_small_holds_no_pickle_and_is_what_the_manifest_says() -> None:
    data = (FOLDER / entry("reader")["file"]).read_bytes()
    assert len(data) == entry("reader")["bytes"] <= 5_000_000
    assert hashlib.sha256(data).hexdigest() == checksum("reader")
    with np.load(FOLDER / "reader.npz", allow_pickle=False) as arrays:
        assert all(arrays[name].dtype.kind in "iufU" for name in arrays.files)
    assert load_reader().names.tolist() == list(HEADS) == load("educational").names.tolist()


def test_a_damaged_reader_is_told_of_when_the_stage_is_built(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def damaged() -> None:
        raise ConfigError("model 'reader': reader.npz is damaged")

    monkeypatch.setattr("webfilter.score.educational.load_reader", damaged)
    Educational()
    with pytest.raises(ConfigError, match="is damaged"):
        Educational(read_from=1.0)
