"""Deduplication in whole runs: any order, batch size and workers; killed and run again."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from webfilter import Document, ExactDedup, MinHash, Pipeline, read
from webfilter.read import memory

VOCABULARY = [a + b + c for a in "bdfklmnprst" for b in "aeiou" for c in "bdglmnrst"]


def corpus(size: int = 400, seed: int = 0) -> list[Document]:
    """Return documents of which many are edits of an earlier one, in chains."""
    rng = random.Random(seed)
    texts: list[list[str]] = []
    for _ in range(size):
        if texts and rng.random() < 0.6:
            words = list(rng.choice(texts[-30:]))
            words[rng.randrange(len(words))] = rng.choice(VOCABULARY)
        else:
            words = [rng.choice(VOCABULARY) for _ in range(rng.randint(20, 80))]
        texts.append(words)
    return [
        Document(f"{n:04}", " ".join(words), url=f"https://h{n % 7}.org/{n}")
        for n, words in enumerate(texts)
    ]


def outcome(folder: Path) -> dict[str, tuple[str | None, object, object]]:
    """Return for each document of a run which one it duplicates, and its signals."""
    return {
        doc.id: (
            doc.verdict.of if doc.verdict else None,
            doc.signals.get("duplicate_cluster"),
            doc.signals.get("duplicate_cluster_size"),
        )
        for kind in ("kept", "dropped")
        for doc in read(folder / kind, verdicts=True)
    }


PIPE = ExactDedup(by="url") | MinHash()


def test_order_workers_and_batches_do_not_matter(tmp_path: Path) -> None:
    docs = corpus()
    PIPE.run(memory(docs), tmp_path / "first", progress=False)
    expected = outcome(tmp_path / "first")
    assert 50 < sum(of is not None for of, _, _ in expected.values()) < 350
    rng = random.Random(1)
    for workers, batch_size in ((1, 7), (2, 64), (3, 1)):
        rng.shuffle(docs)
        out = tmp_path / f"{workers}"
        report = PIPE.run(memory(docs), out, workers=workers, batch_size=batch_size, progress=False)
        assert outcome(out) == expected
        assert report.total == len(docs)
        assert not list(out.glob(".webfilter-*")), "scratch files are left"


SCRIPT = """
import sys
import test_dedup_runs as t
from webfilter.dedup import buckets, candidates, stars

def slowly(function):  # so that a signal finds it at work
    import functools, time
    @functools.wraps(function)
    def wrapped(*args, **kwargs):
        print("there", flush=True)
        time.sleep(5)
        return function(*args, **kwargs)
    return wrapped

module, name = {"sort": (buckets, "_shared"), "decide": (candidates, "stars"),
                "compare": (stars, "_compare")}[sys.argv[2]]
setattr(module, name, slowly(getattr(module, name)))
t.PIPE.run(t.memory(t.corpus()), sys.argv[1], overwrite=True, progress=False)
"""


@pytest.mark.parametrize("place", ["sort", "decide", "compare"])
def test_a_run_that_was_killed_while_it_resolved_gives_the_same_when_it_runs_again(
    tmp_path: Path, place: str
) -> None:
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "out"), place]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "there\n"
        child.kill()
    assert not (tmp_path / "out" / "kept").exists() or not list((tmp_path / "out/kept").iterdir())
    PIPE.run(memory(corpus()), tmp_path / "out", overwrite=True, progress=False)
    PIPE.run(memory(corpus()), tmp_path / "whole", progress=False)
    assert outcome(tmp_path / "out") == outcome(tmp_path / "whole")


class Broken(MinHash):
    """Cannot look at one of the documents a second time."""

    name = "minhash"

    def sets(self, docs):  # type: ignore[no-untyped-def]
        if any(doc.id == "0003" for doc in docs):
            raise ValueError("no second look")
        return super().sets(docs)


def test_a_document_that_breaks_at_the_second_look_fails_alone() -> None:
    docs = corpus(60)
    docs = [docs[3], Document("copy", docs[3].text), *docs]
    docs[0] = Document("other", docs[0].text)
    marked = Pipeline((Broken(prefer="-id"),))(docs)
    by_id = {doc.id: doc for doc in marked}
    failed = by_id["0003"].verdict
    assert failed is not None
    assert (failed.kind, failed.stage) == ("failed", "minhash")
    assert failed.reason == "ValueError: no second look"
    assert [doc.id for doc in marked if doc.verdict and doc.verdict.kind == "failed"] == ["0003"]
    assert by_id["other"].live
    assert by_id["copy"].verdict is not None
    assert by_id["copy"].verdict.of == "other"


class Hasty(MinHash):
    """Resolves without a look at the sketches."""

    name = "minhash"

    @property
    def lean(self):  # type: ignore[no-untyped-def]
        return self

    def resolve(self, sketches):  # type: ignore[no-untyped-def]
        return super().resolve(())


def test_documents_are_spooled_whether_or_not_their_sketches_are_looked_at() -> None:
    docs = corpus(200)
    assert [doc.id for doc in Pipeline((Hasty(),)).kept(docs)] == [doc.id for doc in docs]
