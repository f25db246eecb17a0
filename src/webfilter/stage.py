"""What a stage is: a frozen dataclass that marks documents, and never removes one.

Four kinds are written by hand:

- `Filter`: measures named signals on one document; declarative `Rule`s judge them.
- `Scorer`: a filter that measures whole batches at once (learned models).
- `Transform`: changes the text and says in signals what it removed; rules may judge those.
- `CorpusStage`: must see everything first; sketches batches, resolves the sketches into a `Stage`.

`OnlineStage` serves endless streams: it sees documents in arrival order and keeps a state.

A stage knows nothing of batching, processes, counting or files: that is the pipeline's business.
Whatever a stage needs at run time (a model, a compiled pattern) lives outside its fields, loaded
once per process.
"""

from __future__ import annotations

import operator
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar

from webfilter.config import conform
from webfilter.document import Document, Value, Verdict, broken, marked, plain
from webfilter.errors import ConfigError

if TYPE_CHECKING:
    from webfilter.pipeline import Explanation, Pipeline, Report

__all__ = [
    "CorpusStage",
    "Filter",
    "OnlineStage",
    "Rule",
    "Scorer",
    "Signal",
    "Stage",
    "Step",
    "Transform",
    "artifacts_of",
    "check_declared",
]

S = TypeVar("S")


@dataclass(frozen=True)
class Signal:
    """What a stage measures: the name is public interface; with type, unit and range.

    Raises:
        ConfigError: the name is no text, or the kind none that there is.
    """

    name: str
    kind: Literal["int", "float", "bool", "str"]
    """Type of its values, beside None."""
    about: str
    """One line for the catalogue."""
    unit: str = ""
    """Such as ``words``, ``characters``, ``share`` (0 to 1), ``probability``; empty for flags."""
    low: float | None = None
    """Least possible value; None: unbounded or not a number."""
    high: float | None = None
    """Greatest possible value; the same."""

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise ConfigError(f"Signal: name = {self.name!r} does not fit; it takes a text")
        conform(self, f"Signal({self.name!r})")

    @property
    def meaning(self) -> str:
        """What it is, with its unit and range.

        >>> Signal("words", "int", "Words of the text", "words", low=0).meaning
        'Words of the text (words, from 0)'
        """
        span = ""
        if self.low is not None:
            span = f"from {self.low:g}"
            if self.high is not None:
                span = f"{self.low:g} to {self.high:g}"
        said = ", ".join(part for part in (self.unit, span) if part)
        return f"{self.about} ({said})" if said else self.about


# op to test, and the words for its violation
_OPS: dict[str, tuple[Callable[[Any, Any], bool], str]] = {
    "ge": (operator.ge, "<"),
    "gt": (operator.gt, "<="),
    "le": (operator.le, ">"),
    "lt": (operator.lt, ">="),
}
SIGNS = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
"""Each bound of a rule as errors write it."""


@dataclass(frozen=True)
class Rule:
    """Limits on one signal. It is data, so it can be shown, swept and stored.

    A bound of None is no bound; 0 is one. A signal that is None (undefined on the document) is not
    judged. Bools count as 0 and 1, so ``Rule("lorem_ipsum", le=0)`` wants it absent.

    Raises:
        ConfigError: no bound at all, or `isin` together with numeric bounds.

    >>> Rule("words", ge=50, le=100_000).violated(12)
    ('<', 50.0)
    >>> Rule("words", ge=50).violated(None)
    """

    signal: str
    """Name of the signal that is judged."""
    ge: float | None = None
    """Least value that is kept."""
    gt: float | None = None
    """Value above which documents are kept."""
    le: float | None = None
    """Greatest value that is kept."""
    lt: float | None = None
    """Value below which documents are kept."""
    isin: Set[str] | None = None
    """Texts that are kept."""

    def __post_init__(self) -> None:
        conform(self, "Rule")
        found = ((op, getattr(self, op)) for op in _OPS)
        bounds = tuple((op, limit) for op, limit in found if limit is not None)
        object.__setattr__(self, "_bounds", bounds)
        tests = tuple((*_OPS[op], limit) for op, limit in bounds)
        object.__setattr__(self, "_tests", tests)  # asked for on every document
        if not self.bounds() and self.isin is None:
            raise ConfigError(
                f"Rule({self.signal!r}) has no bound: give one of ge, gt, le, lt, isin"
            )
        if self.bounds() and self.isin is not None:
            raise ConfigError(f"Rule({self.signal!r}): isin does not go with numeric bounds")

    def bounds(self) -> tuple[tuple[str, float], ...]:
        """Return the numeric bounds as (``ge`` | ``gt`` | ``le`` | ``lt``, limit)."""
        bounds: tuple[tuple[str, float], ...] = self._bounds  # type: ignore[attr-defined]
        return bounds

    def excludes(self, other: Rule) -> bool:
        """Return whether all that is as great as this rule wants is too great for `other`.

        Or, of texts, whether none passes both.

        >>> Rule("words", ge=50).excludes(Rule("words", lt=50))
        True
        """
        if self.isin is not None and other.isin is not None:
            return self.isin.isdisjoint(other.isin)
        return any(
            low > high or (low == high and (op, up) != ("ge", "le"))
            for op, low in self.bounds()
            if op in ("ge", "gt")
            for up, high in other.bounds()
            if up in ("le", "lt")
        )

    def violated(self, value: Value) -> tuple[str, float | None] | None:
        """Return (comparison, limit) of the first bound that `value` violates, else None.

        Raises:
            TypeError: `value` is not of the kind the rule judges (str against numeric bounds).
        """
        if value is None:
            return None
        if self.isin is not None:
            return None if value in self.isin else ("not in", None)
        for test, violation, limit in self._tests:  # type: ignore[attr-defined]
            if isinstance(value, str):
                raise TypeError(f"signal {self.signal!r} is {value!r}, the rule wants a number")
            if not test(value, limit):
                return violation, limit
        return None


def judge(rules: Sequence[Rule], signals: Mapping[str, Value], stage: str) -> Verdict | None:
    """Return the verdict for the first rule that `signals` violate, or None."""
    for rule in rules:
        value = signals.get(rule.signal)
        found = rule.violated(value)
        if found is not None:
            op, limit = found
            return broken(stage, rule.signal, value, limit, op)
    return None


class Step(ABC):
    """What every member of a pipeline shares: a name, declared signals, a configuration.

    Subclasses are frozen dataclasses; their fields are converted and checked when built, so
    ``Language({"en"})`` holds a frozenset and ``GopherQuality(min_words="many")`` is a clear error.
    """

    name: ClassVar[str]
    """Name in the catalogue, in recipes and verdicts; by default the class name in snake case."""
    measures: ClassVar[tuple[Signal, ...]] = ()
    """Every signal the stage may set, declared."""
    gates: ClassVar[tuple[str, ...]] = ()
    """Signals whose broken rules spare the stage its work, so that nothing else is measured."""
    beside: ClassVar[tuple[str, ...]] = ()
    """What a field that names signals may name beside them; for the error on an unknown one."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "name" not in cls.__dict__:
            cls.name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()

    def __post_init__(self) -> None:
        conform(self, self.name)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules that judge, in order; built from the fields, so a limit of None is no rule."""
        return ()

    def rules_for(self, doc: Document) -> tuple[Rule, ...]:
        """Return the rules that judge `doc`: all, unless the stage chooses by document."""
        return self.rules

    @property
    def by_document(self) -> bool:
        """Whether `rules_for` may differ from `rules`.

        Then limits cannot be moved afterwards, unless there are `branches`.
        """
        return type(self).rules_for is not Step.rules_for

    @property
    def branches(self) -> Mapping[str, frozenset[str]]:
        """Codes by the name of the branch that judges documents in them.

        Given where `rules_for` goes by the signal ``language`` alone, so that limits can be moved
        afterwards all the same: each name is a code in its branch. All other documents, and those
        without a language, are judged alike. Empty for every other stage.
        """
        return {}

    @property
    def needs(self) -> tuple[str, ...]:
        """Signals that an earlier stage must have measured."""
        return ()

    @property
    def artifacts(self) -> Mapping[str, str]:
        """Versions and checksums of what results depend on beside the fields (models, engines)."""
        return {}

    @property
    def ranked(self) -> tuple[str, ...]:
        """Signals of earlier stages that the step takes as numbers, beside those of its rules."""
        return ()

    @property
    def nested(self) -> Mapping[str, tuple[Rule, ...]]:
        """Names of nested sets of documents, the widest first, with the rules of each.

        The step's signal ``tier`` is the name of the narrowest that a document is in, and a run
        writes the documents that it keeps to a folder for each. Empty unless the step sorts so.
        """
        return {}

    def placed(self, later: Sequence[tuple[str, Step]]) -> Step:
        """Return the step as it runs before the steps `later`: itself, unless it looks at them."""
        return self

    @property
    def thorough(self) -> Step:
        """The step as it runs where everything is to be measured, with nothing dropped unmeasured.

        So `Pipeline.run` takes it with ``measure_all``, and `Pipeline.explain` goes on with it.
        """
        return self

    def __or__(self, other: Step | Pipeline) -> Pipeline:
        return self._alone() | other

    def __call__(self, docs: Iterable[Any]) -> list[Document]:
        """Run the stage alone, as a pipeline of one: documents already judged pass untouched."""
        return self._alone()(docs)

    def kept(self, source: Any, *, batch_size: int = 64) -> Iterator[Document]:
        """Yield what the stage alone keeps of `source`; see `Pipeline.kept`."""
        return self._alone().kept(source, batch_size=batch_size)

    def fit(self, source: Any, *, batch_size: int = 64) -> Pipeline:
        """Return the stage as a pipeline, resolved on `source`; see `Pipeline.fit`."""
        return self._alone().fit(source, batch_size=batch_size)

    def explain(self, page: str | bytes | Document | None = None, **given: Any) -> Explanation:
        """Say what each rule of the stage finds on one page; see `Pipeline.explain`."""
        return self._alone().explain(page, **given)

    def run(self, source: Any, out: str | Path | None = None, **settings: Any) -> Report:
        """Run the stage alone over `source` and write what comes out; see `Pipeline.run`."""
        return self._alone().run(source, out, **settings)

    def _alone(self) -> Pipeline:
        from webfilter.pipeline import Pipeline

        return Pipeline((self,))


def artifacts_of(steps: Iterable[Step]) -> dict[str, str]:
    """Return the artifacts of `steps`; under a name that several have, all that it stands for."""
    found: dict[str, dict[str, None]] = {}
    for step in steps:
        for key, value in step.artifacts.items():
            found.setdefault(key, {})[value] = None
    return {key: ", ".join(values) for key, values in found.items()}


def check_declared(step: Step, name: str) -> None:
    """Make sure that `step`, called `name`, declares signals and rules as others can read them.

    Raises:
        ConfigError: its `measures` are not a tuple of `Signal`, its `rules` not one of `Rule`, or
            no value passes all that judge a signal.
    """
    for what, kind in (("measures", Signal), ("rules", Rule)):
        found = getattr(step, what)
        if not isinstance(found, tuple | list) or not all(isinstance(f, kind) for f in found):
            raise ConfigError(
                f"{name}: {what} must be a tuple of {kind.__name__}, such as "
                f"({kind.__name__}(...),) with its comma, not {found!r}"
            )
    if not step.by_document:
        for one, other in product(step.rules, repeat=2):
            if one.signal == other.signal and one.excludes(other):
                said = " and ".join(dict.fromkeys((_wanted(one), _wanted(other))))
                raise ConfigError(
                    f"{name}: no {one.signal} is {said}, so that every document would be dropped; "
                    "loosen one of its limits"
                )


def _wanted(rule: Rule) -> str:
    if rule.isin is not None:
        return f"one of {sorted(rule.isin)}"
    return " and ".join(f"{SIGNS[op]} {limit:.15g}" for op, limit in rule.bounds())


class Stage(Step):
    """Takes a batch of live documents, returns the same documents in the same order, marked.

    It never removes one and never looks at a neighbour, so
    ``stage([a, b]) == stage([a]) + stage([b])``.
    """

    pure: ClassVar[bool] = False
    """Whether the stage only measures and judges: it changes nothing but its own signals, and what
    it says of a document depends on that document, and of its signals on those in `needs` and in
    its rules alone. Then it may change places with its like: see `webfilter.fit_order`."""

    @abstractmethod
    def process(self, batch: Sequence[Document]) -> Sequence[Document]:
        """Return `batch` marked: same length, same order, same ids."""


class Filter(Stage):
    """Measures named signals on each document and judges them by `rules`. Nine stages in ten."""

    pure: ClassVar[bool] = True

    @abstractmethod
    def measure(self, doc: Document) -> Mapping[str, Value]:
        """Return the signals of `doc`: every name among `measures`; None where undefined."""

    def process(self, batch: Sequence[Document]) -> Sequence[Document]:
        """Measure, then judge."""
        rules = self.rules
        return [self._mark(doc, self.measure(doc), rules) for doc in batch]

    def _mark(self, doc: Document, signals: Mapping[str, Value], rules: Sequence[Rule]) -> Document:
        try:
            merged = {**doc.signals, **signals}
        except TypeError:
            raise TypeError(
                "measure must return a mapping of signals, such as {'words': 5}, not "
                f"{type(signals).__name__}"
            ) from None
        for key, value in signals.items():
            if type(value) is not float or value - value:  # most signals are finite floats
                merged[key] = plain(key, value)
        verdict = judge(rules, merged, self.name)
        return marked(doc, merged, verdict)


class Scorer(Filter):
    """A filter that measures whole batches: learned models, where one call for many is cheaper."""

    @abstractmethod
    def measure_batch(self, docs: Sequence[Document]) -> Sequence[Mapping[str, Value]]:
        """Return the signals of each document, in order; the same whatever else is in the batch."""

    def measure(self, doc: Document) -> Mapping[str, Value]:
        """Measure one document, as a batch of one."""
        return self.measure_batch([doc])[0]

    def process(self, batch: Sequence[Document]) -> Sequence[Document]:
        """Measure the batch, then judge each document."""
        rules = self.rules
        measured = list(self.measure_batch(batch))
        if len(measured) != len(batch):
            raise ValueError(
                f"measure_batch must return the signals of each document, in order: {len(batch)}, "
                f"not {len(measured)}"
            )
        pairs = zip(batch, measured, strict=True)
        return [self._mark(doc, signals, rules) for doc, signals in pairs]


class Transform(Stage):
    """Changes the text (extraction, line cleaning); says what it removed in signals.

    Its rules judge those signals. A document that it drops keeps the text it came with when a
    pipeline runs, so that what was dropped can be read.
    """

    @abstractmethod
    def transform(self, doc: Document) -> tuple[str, Mapping[str, Value]]:
        """Return the new text of `doc` and the signals about the change."""

    def process(self, batch: Sequence[Document]) -> Sequence[Document]:
        """Transform each document, then judge the signals."""
        rules = self.rules
        return [self._apply(doc, rules) for doc in batch]

    def _apply(self, doc: Document, rules: Sequence[Rule]) -> Document:
        answer = self.transform(doc)
        if not isinstance(answer, tuple) or len(answer) != 2:
            raise TypeError(
                f"transform must return (text, signals), not {type(answer).__name__}; "
                "signals may be {}"
            )
        text, signals = answer
        merged = dict(doc.signals)
        merged.update((key, plain(key, value)) for key, value in signals.items())
        return replace(doc, text=text, signals=merged, verdict=judge(rules, merged, self.name))


class CorpusStage(Step, Generic[S]):
    """Must see everything before it can judge: dedup, top-k %, per-host caps.

    The pipeline calls `sketch` on every batch of live documents and spools the documents; `resolve`
    takes the sketches as they come, and the stage that it returns runs over the spool. Document ids
    are unique within a run: the pipeline sees to that.

    Where sketches of everything would be large, a stage may ask twice: see `lean`.
    """

    commutes: ClassVar[bool] = False
    """Whether what a later stage drops may as well be dropped before this one, and nothing that
    would be kept is lost by it. True of dedup; not of quotas, nor of what changes texts."""

    @property
    def lean(self) -> CorpusStage[Any]:
        """The stage as it runs where documents can be read again: itself, unless it asks twice.

        A pipeline spools its documents anyway. So a stage that needs much of a few documents (the
        n-grams of those that may be duplicates) can take little of all of them first: its `lean`
        form makes the small sketches and resolves them into another `CorpusStage`, which sketches
        the same documents once more; and so on, until a `Stage` comes out.
        """
        return self

    @abstractmethod
    def sketch(self, batch: Sequence[Document]) -> S:
        """Return a small, picklable summary of `batch`."""

    @abstractmethod
    def resolve(self, sketches: Iterable[S]) -> Stage:
        """Return the stage that marks the documents; the same for any order of the sketches."""

    def resolve_in(self, sketches: Iterable[S], folder: Path) -> Stage | CorpusStage[Any]:
        """Resolve with `folder` for what does not fit into memory: an existing folder, empty.

        The folder stays until the documents are through. By default nothing is put there. Only a
        `lean` form may return another corpus stage.
        """
        return self.resolve(sketches)


class OnlineStage(Step, Generic[S]):
    """Judges each document by those that came before: for endless streams.

    Arrival order is part of its contract, so it runs in one place (the parent process). The stage
    itself is configuration only; what it has seen is the state, which saves and loads.

    A pipeline calls `start` before the first document and `finish` when all have been written; not
    when the run fails or is abandoned. So a stage that loads its state in `start` and saves it in
    `finish` goes on where the last complete run stopped, and after a failed one the same documents
    may come again.
    """

    whole: ClassVar[bool] = False
    """Whether `observe` leaves the state as it was when it raises. Then a pipeline hands over whole
    batches, and asks again for one document at a time if that fails; else it hands over one
    document at a time from the beginning, since it could not ask twice."""

    @abstractmethod
    def start(self) -> S:
        """Return a fresh state, or the one that `finish` left behind."""

    @abstractmethod
    def observe(self, state: S, batch: Sequence[Document]) -> Sequence[Document]:
        """Return `batch` marked, same length and order, and update `state`.

        The answers are those for the same documents handed over one by one. With `whole`, whatever
        can go wrong with a document (hashing, measuring) comes before the first change of `state`.
        """

    @abstractmethod
    def save(self, state: S, path: Path) -> None:
        """Write `state` to `path` as plain data, atomically."""

    @abstractmethod
    def load(self, path: Path) -> S:
        """Read a state that `save` wrote."""

    def finish(self, state: S) -> None:
        """Take leave of `state` after a complete run: save it where the configuration says so."""

    def finishing(self, state: S) -> Callable[[], object]:
        """Do of `finish` what can fail, such as writing; return what does the rest.

        A pipeline asks all of its online stages before it calls what they returned: where one of
        them cannot be saved (the disk is full), the others must not go on as if they all had been.
        By default all of `finish` is left to what is returned.
        """
        return partial(self.finish, state)
