"""`check_stage` must catch each broken promise: one faulty stage for every one of them."""

import os
import subprocess
import sys
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
import pytest
from toys import FirstOf, Length, Quota, Same

from webfilter import (
    CorpusStage,
    Document,
    Filter,
    Rule,
    Scorer,
    Signal,
    Stage,
    Transform,
    Verdict,
)
from webfilter.testing import check_stage

N = Signal("n", "int", "A number", "", 0, 10)


@dataclass(frozen=True)
class Good(Length):
    """Measures one number."""

    measures: ClassVar[tuple[Signal, ...]] = (N,)
    min_length: int | None = None

    def measure(self, doc):
        return {"n": 1}


@dataclass(frozen=True)
class Undeclared(Good):
    """Sets a signal that it does not declare."""

    def measure(self, doc):
        return {"n": 1, "m": 2}


@dataclass(frozen=True)
class OutOfRange(Good):
    """Exceeds its declared range."""

    def measure(self, doc):
        return {"n": 11}


@dataclass(frozen=True)
class WrongKind(Good):
    """Declares int, gives float."""

    def measure(self, doc):
        return {"n": 1.0}


@dataclass(frozen=True)
class Loses(Good):
    """Removes a document."""

    def process(self, batch):
        return super().process(batch)[1:]


@dataclass(frozen=True)
class Reorders(Good):
    """Turns the batch around."""

    def process(self, batch):
        return super().process(batch)[::-1]


@dataclass(frozen=True)
class LooksAtNeighbors(Good):
    """Measures the batch, not the document."""

    def process(self, batch):
        return [doc.with_signals({"n": min(len(batch), 10)}) for doc in batch]


@dataclass(frozen=True)
class Mutates(Good):
    """Changes the given document's signals in place."""

    def process(self, batch):
        for doc in batch:
            doc.signals["n"] = 1
        return batch


@dataclass(frozen=True)
class DropsSignals(Good):
    """Forgets what was measured before."""

    def process(self, batch):
        return [replace(doc, signals={"n": 1}) for doc in batch]


@dataclass(frozen=True)
class ChangesUrl(Good):
    """Rewrites the URL."""

    def process(self, batch):
        return [replace(doc, url="x") for doc in batch]


@dataclass(frozen=True)
class Raises(Good):
    """Cannot take an empty text."""

    def measure(self, doc):
        return {"n": 1 if doc.text[0] else 0}


@dataclass(frozen=True)
class Backwards(Good):
    """Drops more when its limit is loosened."""

    min_n: int = 5

    def process(self, batch):
        drop = Verdict(self.name, "n")
        return [doc if self.min_n >= 5 else doc.drop(drop) for doc in batch]


@dataclass(frozen=True)
class Unpicklable(Good):
    """Holds what cannot be pickled."""

    held: object = field(default_factory=lambda: (x for x in ()))


@dataclass(frozen=True)
class JudgesUnknown(Good):
    """Has a rule on a signal that it does not measure."""

    @property
    def rules(self):
        return (Rule("unmeasured", ge=1),)


@dataclass(frozen=True)
class OrderedFirst(FirstOf):
    """Keeps the copy that happened to come first."""

    def resolve(self, sketches):
        table = {}
        for sketch in sketches:
            for text, name in sketch:
                table.setdefault(text, name)
        return Same(table)


@dataclass(frozen=True)
class ByHost(FirstOf):
    """Takes every address for one with a host."""

    def sketch(self, batch):
        return [((doc.url or "//none").split("/")[2], doc.id) for doc in batch]


@dataclass(frozen=True)
class Forgets(Quota):
    """Does not save its state."""

    def save(self, state, path):
        path.write_text('{"seen": 0}')


@dataclass(frozen=True)
class OneSignal(Good):
    """Declares a signal, and not a tuple of them."""

    measures: ClassVar = N


@dataclass(frozen=True)
class OneRule(Good):
    """Has a rule, and not a tuple of them."""

    @property
    def rules(self):
        return Rule("n", ge=0)


MADE = {
    "nothing": lambda doc: None,
    "text": lambda doc: doc.text,
    "no meta": lambda doc: replace(doc, meta=None),
    "signals in a list": lambda doc: replace(doc, signals=[]),
    "words for a verdict": lambda doc: replace(doc, verdict="bad"),
    "bytes for a text": lambda doc: replace(doc, text=b""),
}


@dataclass(frozen=True)
class Returns(Good):
    """Answers something else than documents."""

    make: str = "nothing"

    def process(self, batch):
        return [MADE[self.make](doc) for doc in batch]


@dataclass(frozen=True)
class Answers(Filter):
    """Measures something that is no mapping."""

    answer: object = None

    def measure(self, doc):
        return self.answer


@dataclass(frozen=True)
class Short(Scorer):
    """Forgets the last document."""

    def measure_batch(self, docs):
        return [{} for _ in docs[1:]]


@dataclass(frozen=True)
class Named(CorpusStage):
    """Resolves into a stage of another name."""

    def sketch(self, batch):
        return None

    def resolve(self, sketches):
        return Good()


class Undecorated(Stage):
    """Is no dataclass."""

    def process(self, batch):
        return batch


@dataclass(frozen=True)
class TextAlone(Transform):
    """Returns no signals."""

    def transform(self, doc):
        return doc.text


@dataclass(frozen=True)
class HoldsArray(Good):
    """Has a field that cannot be compared."""

    weights: object = field(default_factory=lambda: np.zeros(3))


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (Good, "give one as configured"),
        (lambda doc: doc, "neither a Stage, a CorpusStage nor an OnlineStage"),
        (OneSignal(), r"one_signal: measures must be a tuple of Signal, such as \(Signal"),
        (OneRule(), r"one_rule: rules must be a tuple of Rule, such as \(Rule"),
        (Returns(), "other documents or order"),
        (Returns(make="text"), "other documents or order"),
        (Returns(make="no meta"), "document 'prose': meta are None, no mapping"),
        (Returns(make="signals in a list"), r"document 'prose': signals are \[\], no mapping"),
        (Returns(make="words for a verdict"), "document 'prose': 'bad' is no Verdict"),
        (Returns(make="bytes for a text"), "raised on document 'prose': DocumentError"),
        (Answers(), "measure must return a mapping of signals, .* not NoneType"),
        (Answers(False), "measure must return a mapping of signals, .* not bool"),
        (Short(), "signals of each document, in order: 1, not 0"),
        (Named(), "resolved into 'good'; write name = 'named' in its class"),
        (Undecorated(), r"undecorated: write @dataclass\(frozen=True\)"),
        (TextAlone(), r"transform must return \(text, signals\), not str"),
        (HoldsArray(), "holds_array: its fields cannot be compared"),
        (Undeclared(), "undeclared signal 'm'"),
        (OutOfRange(), "n = 11 is outside"),
        (WrongKind(), "declared int"),
        (Loses(), "other documents or order"),
        (Reorders(), "other documents or order"),
        (LooksAtNeighbors(), "differently alone"),
        (Mutates(), "changed the documents"),
        (DropsSignals(), "lost signals"),
        (ChangesUrl(), "changed the URL"),
        (Backwards(), "drops more"),
        (JudgesUnknown(), "does not measure"),
        (OrderedFirst(), "order of the sketches"),
        (Forgets(), "save and load"),
    ],
)
def test_a_broken_promise_is_caught(step, said):
    with pytest.raises(AssertionError, match=said):
        check_stage(step)


def test_a_stage_that_breaks_on_hostile_text_or_cannot_travel_is_caught():
    with pytest.raises(AssertionError, match="raised on document 'html': IndexError"):
        check_stage(Raises())
    with pytest.raises(
        AssertionError, match="sketch raised on document 'hostile-url-1': IndexError"
    ):
        check_stage(ByHost())
    with pytest.raises(AssertionError, match=r"does not survive pickling \(TypeError: .*pickle"):
        check_stage(Unpicklable())


def test_a_good_stage_passes_and_own_documents_are_used():
    check_stage(Good())
    seen = []

    @dataclass(frozen=True)
    class Spy(Good):
        """Looks out for one document."""

        def __reduce__(self):
            return (Good, ())

        def __eq__(self, other):
            return True

        __hash__ = None

        def measure(self, doc):
            seen.append(doc.id)
            return {"n": 1}

    check_stage(Spy(), [Document("mine")])
    assert "mine" in seen


def test_without_asserts_nothing_passes_unchecked():
    code = "import webfilter as wf, webfilter.testing as t; t.check_stage(wf.Sample())"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-O", "-c", code]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert "run Python without -O" in done.stderr
