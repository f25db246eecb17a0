"""What a stage can do wrong on one document costs that document only."""

from __future__ import annotations

import enum
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
from toys import FirstOf, Length

from webfilter import Document, Pipeline, RunError, Stage, Verdict, write
from webfilter.document import Value
from webfilter.report.ledger import Ledger
from webfilter.run.local import apply


class Panic(BaseException):
    """What an extension in another language raises."""


class Mute(Exception):
    """Cannot say what it is."""

    def __str__(self):
        raise ValueError("no words")


def raising(error: BaseException) -> Callable[[Document], Document]:
    def act(doc):
        raise error

    return act


@dataclass(frozen=True)
class Acts(Stage):
    """Does what a text names."""

    name: ClassVar[str] = "acts"
    acts: ClassVar[dict[str, Callable[[Document], Document]]] = {
        "panic": raising(Panic("index out of bounds")),
        "mute": raising(Mute()),
        "exit": lambda doc: sys.exit(3),
        "str": lambda doc: doc.drop("too short"),
        "rejected": lambda doc: doc.drop(Verdict("acts", "r", kind="rejected")),
        "no reason": lambda doc: doc.drop(Verdict("acts", None)),
        "two reasons": lambda doc: doc.drop(Verdict("acts", ["a", "b"])),
        "of": lambda doc: doc.drop(Verdict("acts", "r", of=7)),
        "value": lambda doc: doc.drop(Verdict("acts", "r", "s", [1], 2.0, op="<")),
        "limit": lambda doc: doc.drop(Verdict("acts", "r", "s", 1, "2", op="<")),
        "huge": lambda doc: doc.drop(Verdict("acts", "r", "s", 1, 10**400, op="<")),
        "no signals": lambda doc: replace(doc, signals=None),
        "list": lambda doc: replace(doc, signals={"s": [1]}),
        "name": lambda doc: replace(doc, signals={"s": 1.0, 7: 1.0}),
        "no meta": lambda doc: replace(doc, meta=None),
        "none": lambda doc: None,
        "other": lambda doc: Document("other", "x"),
    }

    def process(self, batch: Sequence[Document]) -> Sequence[Document]:
        return [self.acts.get(doc.text, lambda doc: doc)(doc) for doc in batch]


SAID = {
    "panic": "Panic: index out of bounds",
    "mute": "Mute: (its message cannot be shown)",
    "exit": "SystemExit: 3",
    "str": "TypeError: a verdict must be a Verdict, not str: doc.drop(Verdict(...))",
    "rejected": "ValueError: Verdict.kind is 'rejected'; there are 'dropped' and 'failed'",
    "no reason": "TypeError: Verdict.reason must be a str, not NoneType",
    "two reasons": "TypeError: Verdict.reason must be a str, not list",
    "of": "TypeError: Verdict.of must be a str, not int",
    "value": "DocumentError: signal 'Verdict.value' is a list: "
    "signals are int, float, bool, str or None",
    "limit": "TypeError: Verdict.limit must be a number, not str",
    "huge": "ValueError: Verdict.limit is an int beyond all floats",
    "no signals": "TypeError: signals must be a mapping, not NoneType",
    "list": "DocumentError: signal 's' is a list: signals are int, float, bool, str or None",
    "name": "TypeError: names of signals must be str: ['s', 7]",
    "no meta": "TypeError: meta must be a mapping, not NoneType",
    "none": "TypeError: the stage must return the documents it was given, in the same order: "
    "NoneType came for 'none'",
    "other": "TypeError: the stage must return the documents it was given, in the same order: "
    "'other' came for 'other one'",
}


@pytest.mark.parametrize("workers", [1, 2])
def test_whatever_a_stage_does_to_a_document_its_neighbors_are_unharmed(tmp_path, workers):
    docs = [Document(text if text != "other" else "other one", text) for text in SAID]
    docs = [doc for odd in docs for doc in (odd, Document(f"after {odd.id}", f"fine {odd.id}"))]
    kept, failed = write.memory(), write.memory()
    report = (Acts() | FirstOf()).run(
        docs, tmp_path, kept=kept, failed=failed, workers=workers, batch_size=20
    )
    assert [doc.verdict.reason for doc in failed.docs] == list(SAID.values())
    assert {doc.verdict.stage for doc in failed.docs} == {"acts"}
    assert (report.kept, report.failed) == (len(SAID), len(SAID))
    assert [doc.id for doc in kept.docs] == [doc.id for doc in docs[1::2]]


class Word(enum.StrEnum):
    SHORT = "short"


@dataclass(frozen=True)
class Numpy(Stage):
    """Answers in the types of a library."""

    def process(self, batch: Sequence[Document]) -> Sequence[Document]:
        signals = {"f": np.float32(0.5), "n": np.float64("nan"), "i": np.int64(7), Word.SHORT: 1}
        said = Verdict("numpy", Word.SHORT, "i", np.int64(7), np.float32(8.0), op="<")
        marked = [replace(doc, signals={**doc.signals, **signals}) for doc in batch]
        return [doc.drop(said) if "drop" in doc.text else doc for doc in marked]


def test_scalars_of_a_library_become_plain_ones():
    kept, dropped = (Numpy() | FirstOf())([Document("a", "x"), Document("b", "drop")])
    expected: dict[str, Value] = {"f": 0.5, "n": None, "i": 7, "short": 1}
    for doc in (kept, dropped):
        assert [(k, type(v), v) for k, v in doc.signals.items() if k in expected] == [
            (k, type(v), v) for k, v in expected.items()
        ]
    said = dropped.verdict
    assert (type(said.value), type(said.limit), said.limit) == (int, float, 8.0)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), GeneratorExit(), RunError("no disk")])
def test_what_ends_a_run_ends_it_at_a_corpus_stage_too(error):
    @dataclass(frozen=True)
    class Sketches(FirstOf):
        def sketch(self, batch):
            raise error

    @dataclass(frozen=True)
    class Works(Length):
        def process(self, batch):
            raise error

    for step in (Sketches(), Works()):
        with pytest.raises(type(error)):
            list(Pipeline((step,)).kept(["a", "b"]))


@pytest.mark.parametrize("docs", [["a"], ["a", "b"]])
def test_an_exit_that_does_not_come_again_is_not_the_documents(docs):
    asked = []

    @dataclass(frozen=True)
    class Signaled(Stage):
        def process(self, batch):
            asked.append(len(batch))
            if len(asked) == 1:  # as by a handler of SIGTERM
                sys.exit(143)
            return batch

    with pytest.raises(SystemExit, match="143"):
        Pipeline((Signaled(),))(docs)
    assert asked == [len(docs), *[1] * len(docs)]


def test_a_panic_in_a_sketch_costs_its_document_only():
    @dataclass(frozen=True)
    class Sketches(FirstOf):
        def sketch(self, batch):
            if any(doc.text == "bad" for doc in batch):
                raise Panic("index out of bounds")
            return super().sketch(batch)

    marked = Pipeline((Sketches(),))(["a", "bad", "a"])
    assert [str(doc.verdict).partition(" (of")[0] for doc in marked] == [
        "None",
        "sketches failed: Panic: index out of bounds",
        "sketches: copy",
    ]


class Forgets(FirstOf):
    def resolve(self, sketches):
        list(sketches)


@pytest.mark.parametrize(
    "through",
    [
        lambda pipe, docs, out: pipe(docs),
        lambda pipe, docs, out: pipe.fit(docs),
        lambda pipe, docs, out: list(pipe.kept(docs)),
        lambda pipe, docs, out: pipe.run(docs, out),
    ],
    ids=["call", "fit", "kept", "run"],
)
def test_a_corpus_stage_that_resolves_into_nothing_is_named(through, tmp_path):
    docs = [Document(f"d{n}", f"text {n}") for n in range(5)]
    with pytest.raises(
        RunError, match="forgets: resolve returned NoneType; it must return a Stage"
    ):
        through(Pipeline((Forgets(),)), docs, tmp_path / "out")


@dataclass(frozen=True)
class LiveOnly(Stage):
    """Drops what is live, and cannot work on anything else, nor on "boom"."""

    def process(self, batch: Sequence[Document]) -> Sequence[Document]:
        if not all(doc.live and doc.text != "boom" for doc in batch):
            raise ValueError("not to be worked on")
        return [doc.drop(Verdict(self.name, "live")) for doc in batch]


def test_stages_measure_what_was_dropped_as_if_it_were_live():
    gone = Verdict("length", "length", "length", 1, 3.0)
    docs = [Document("a", "x", verdict=gone), Document("b", "boom", verdict=gone), Document("c")]
    ledger = Ledger()
    after = apply(LiveOnly(), "last", docs, ledger, measure_all=True)
    assert [doc.verdict for doc in after] == [gone, gone, Verdict("last", "live")]
    [row] = ledger.rows()
    assert row.unmeasured == 1  # the one that it broke on
