"""Stages made of rules, functions or other stages: `Judge`, `Where`, `Sample`, `ByLanguage`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from webfilter.codes import branches, canonical, keyed, under
from webfilter.codes.spelled import spelled
from webfilter.document import Document, Value, Verdict
from webfilter.errors import ConfigError
from webfilter.stage import Filter, Rule, Signal, Stage, artifacts_of

__all__ = ["ByLanguage", "Judge", "Sample", "Where"]


@dataclass(frozen=True)
class Judge(Filter):
    """Judges signals that were measured before: move a threshold without measuring again.

    >>> strict = Judge((Rule("educational", ge=3.0),), given=True)
    >>> doc = Document("a", "Water boils.", signals={"educational": 2.5})
    >>> str(strict([doc])[0].verdict)
    'judge: educational 2.5 < 3'
    """

    judged: tuple[Rule, ...] = ()
    """The rules, in order; the first one violated decides. Of ``language`` any spelling of a code
    may be asked for (``Rule("language", isin={"eng"})``); the code, its members and the spelling as
    given are accepted."""
    given: bool = False
    """Whether the signals come with the documents (read from an earlier run's output), so that no
    stage of this pipeline needs to measure them."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.judged:
            raise ConfigError("judge: judged is empty; give at least one rule")
        rules = tuple(_also(rule) for rule in self.judged)
        object.__setattr__(self, "judged", rules)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules given."""
        return self.judged

    @property
    def needs(self) -> tuple[str, ...]:
        """Every signal that a rule names, unless they are given."""
        return () if self.given else tuple(dict.fromkeys(rule.signal for rule in self.judged))

    def measure(self, doc: Document) -> Mapping[str, Value]:
        """Measure nothing."""
        return {}


def _also(rule: Rule) -> Rule:
    """Return `rule`, of languages with every code that what it accepts stands for.

    What was given stays in it: signals that come with the documents may be spelled so.
    """
    found = spelled(rule, "language in judge")
    if rule.isin is None or found.isin is None or found.isin == rule.isin:
        return rule
    return Rule(rule.signal, isin=found.isin | rule.isin)


@dataclass(frozen=True)
class Where(Filter):
    """Keeps the documents for which a function of yours says True, and says why it dropped others.

    ``Where(lambda doc: len(doc.text) > 100, reason="too short")``. The function returns True
    (keep), False (drop) or None (no opinion: the document stays). Anything else, and anything it
    raises, makes that document a failed one. It must depend on the document alone.

    It measures one signal, named after the reason: ``where_too_short`` is True where the document
    was dropped for it. A lambda reaches worker processes by the extra ``workers``; a function in a
    module needs nothing. A recipe cannot hold functions.

    Raises:
        ConfigError: `predicate` is not callable, or `reason` has no letter or digit.

    >>> long = Where(lambda doc: len(doc.text) > 100, reason="too short")
    >>> str(long([Document("a", "Water boils.")])[0].verdict)
    'where: too short'
    """

    pure: ClassVar[bool] = False  # the function may look at any signal

    predicate: Callable[[Document], bool | None]
    """Gets a document, says whether to keep it."""
    reason: str
    """Why a document is dropped, as the verdict and the report give it: what the others are not."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not callable(self.predicate):
            raise ConfigError(
                f"where: predicate = {self.predicate!r} is not a function; in a recipe use a stage "
                "that has limits, or one of your own (entry point group webfilter.stages)"
            )
        if not _slug(self.reason):
            raise ConfigError(f"where: reason = {self.reason!r} says nothing; give words")

    @property
    def measures(self) -> tuple[Signal, ...]:  # type: ignore[override]
        """One signal, named after the reason."""
        about = f"Whether the document was dropped: {self.reason}"
        return (Signal(f"where_{_slug(self.reason)}", "bool", about),)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The signal must not be True."""
        return (Rule(self.measures[0].name, le=0),)

    def measure(self, doc: Document) -> Mapping[str, Value]:
        """Return whether `doc` is to be dropped; None where the function has no opinion.

        Raises:
            TypeError: the function returned something else than True, False or None.
        """
        said: Any = self.predicate(doc)
        kept = said.item() if getattr(said, "ndim", None) == 0 else said  # NumPy's bools
        if kept is not None and type(kept) is not bool:
            raise TypeError(
                f"the predicate of {self.reason!r} returned {type(said).__name__}, not a bool: "
                "return True (keep), False (drop) or None (no opinion)"
            )
        return {self.measures[0].name: None if kept is None else not kept}

    def process(self, batch: Sequence[Document]) -> Sequence[Document]:
        """Measure, then judge; the verdict gives the reason as it was given."""
        [signal] = self.measures
        marked = []
        for doc in batch:
            doc = doc.with_signals(self.measure(doc))
            if doc.signals[signal.name]:
                doc = doc.drop(Verdict(self.name, self.reason, signal.name, True, 0.0))
            marked.append(doc)
        return marked


def _slug(reason: str) -> str:
    """Return `reason` as the name of a signal.

    >>> _slug("Too short!")
    'too_short'
    """
    return re.sub(r"[\W_]+", "_", reason.lower()).strip("_")


@dataclass(frozen=True)
class Sample(Filter):
    """Keeps a random share of the documents, chosen by a hash of the id: the same ones every time.

    Raises:
        ConfigError: `rate` is outside 0 to 1.
    """

    measures: ClassVar[tuple[Signal, ...]] = (
        Signal("sample_rank", "float", "Uniform number from the document's id", "share", 0.0, 1.0),
    )

    rate: float = 0.01
    """Share to keep, 0 to 1."""
    seed: int = 0
    """Another seed keeps other documents; a smaller rate keeps a subset of a larger one's. So a
    sample of what a sample kept needs a seed of its own: with the same one, half of a tenth is all
    of the tenth."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.0 <= self.rate <= 1.0:
            raise ConfigError(f"sample: rate = {self.rate} is not between 0 and 1")

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Keep ranks below the rate."""
        return (Rule("sample_rank", lt=self.rate),)

    def measure(self, doc: Document) -> Mapping[str, Value]:
        """Return the rank of `doc`, in [0, 1)."""
        key = f"{self.seed}:{doc.id}".encode("utf-8", "surrogatepass")
        digest = hashlib.blake2b(key, digest_size=8).digest()
        return {"sample_rank": (int.from_bytes(digest, "big") >> 11) / 2**53}


@dataclass(frozen=True)
class ByLanguage(Stage):
    """Sends each document to the stage of its language; put it after `Language`.

    ``ByLanguage({"en": GopherQuality(), "de": GopherQuality(min_stop_words=None)})``. A document
    whose language has no stage goes to `default`; without one it passes unjudged.

    Any spelling of a code is taken (``eng``, ``eng_Latn``, ``English``) and held as `Language`
    measures it. The stage of a macrolanguage is for its members, too: ``no`` for ``nb`` and ``nn``,
    unless they have their own.

    Raises:
        UnknownName: a key is no language; carries a near match.
        ConfigError: no stage at all, or two keys that spell one language.
    """

    stages: Mapping[str, Stage]
    """Language code to stage."""
    default: Stage | None = None
    """Of documents in all other languages, or in none; None leaves them unjudged."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.stages:
            raise ConfigError("by_language: stages is empty; give at least one language")
        keys = keyed(self.stages, "key of by_language")
        stages = {code: self.stages[key] for code, key in keys.items()}
        object.__setattr__(self, "stages", stages)

    def __hash__(self) -> int:
        return hash((tuple(sorted(self.stages.items(), key=lambda item: item[0])), self.default))

    def _all(self) -> list[Stage]:
        inner = [self.stages[code] for code in sorted(self.stages)]
        return inner if self.default is None else [*inner, self.default]

    def _stage_of(self, doc: Document) -> Stage | None:
        language = doc.signals.get("language")
        if not isinstance(language, str):
            return self.default
        if language in self.stages:
            return self.stages[language]
        code = under(canonical(language), self.stages)
        return self.default if code is None else self.stages[code]

    @property
    def given(self) -> bool:
        """Whether an inner stage judges signals that come with the documents, as `Judge` may."""
        return any(getattr(stage, "given", False) for stage in self._all())

    @property
    def pure(self) -> bool:  # type: ignore[override]
        """Whether all inner stages are."""
        return all(stage.pure for stage in self._all())

    @property
    def measures(self) -> tuple[Signal, ...]:  # type: ignore[override]
        """What any of the inner stages measures."""
        return tuple({signal.name: signal for s in self._all() for signal in s.measures}.values())

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules of all inner stages; `rules_for` gives those that judge a document."""
        return tuple(dict.fromkeys(rule for s in self._all() for rule in s.rules))

    def rules_for(self, doc: Document) -> tuple[Rule, ...]:
        """Return the rules of the stage for `doc`'s language."""
        stage = self._stage_of(doc)
        return () if stage is None else stage.rules_for(doc)

    @property
    def branches(self) -> Mapping[str, frozenset[str]]:
        """The codes that each stage is for; none if one goes by more than the language."""
        by_more = any(stage.by_document and not stage.branches for stage in self._all())
        return {} if by_more else branches(self.stages)

    @property
    def needs(self) -> tuple[str, ...]:
        """The language, and what the inner stages need."""
        return ("language", *dict.fromkeys(need for s in self._all() for need in s.needs))

    @property
    def artifacts(self) -> Mapping[str, str]:
        """Those of all inner stages."""
        return artifacts_of(self._all())

    def process(self, batch: Sequence[Document]) -> Sequence[Document]:
        """Group the batch by stage, run each group, put the documents back in order."""
        groups: dict[int, tuple[Stage, list[int]]] = {}
        marked = list(batch)
        for index, doc in enumerate(batch):
            stage = self._stage_of(doc)
            if stage is not None:
                groups.setdefault(id(stage), (stage, []))[1].append(index)
        for inner, indices in groups.values():
            for index, doc in zip(indices, inner.process([batch[i] for i in indices]), strict=True):
                marked[index] = doc
        return marked
