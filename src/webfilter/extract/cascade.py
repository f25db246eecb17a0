"""The stage `Cascade`: a fast draft is filtered first, what passes is extracted with care.

Heavy filtering keeps one page in ten or fewer, so nearly all the time of a careful extractor goes
into pages that are thrown away. A draft by a fast engine costs a tenth, and most of those pages
fail on it so clearly that no better text would save them. The same filters judge it, with slack on
every limit (see `webfilter.extract.slack`), and only what passes is extracted again.

How often that drops what would have been kept is not a matter of trust: a random share of what the
screen would drop is extracted all the same, marked, and judged by the later stages, and
`Report.audit` counts how many of them were kept. `webfilter.fit_cascade` fits the slack to a bound
on that share.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from webfilter.document import Document, Value, Verdict
from webfilter.errors import ConfigError
from webfilter.extract.page import Extract
from webfilter.extract.screen import Named, Screen, isolated, named, screenable
from webfilter.extract.slack import check_slack
from webfilter.stage import Rule, Signal, Stage, Step, artifacts_of

__all__ = ["Cascade", "cascaded", "uncascaded"]


def _draft() -> Stage:
    return Extract(engine="resiliparse", fallback=None)


def _second() -> Stage:
    return Extract(engine="plain", fallback=None)


@dataclass(frozen=True)
class Cascade(Stage):
    """Extracts a fast draft, drops what clearly fails on it, extracts the rest with care.

    It stands where `Extract` would, and the stages that follow are its screen: nothing is written
    twice. ``wf.recipe("educational").cascaded()`` puts one into a pipeline that has an `Extract`.

    What is dropped has a verdict such as ``cascade: gopher_quality.words 12 < 25``: the stage and
    the signal, the value on the draft, and the limit after slack. Its text is the draft; its
    signals are those of the cascade only. All other documents are as the final stage makes them.
    Pages on which both drafts fail or find nothing, and documents without HTML, go straight to the
    final stage.

    The screen looks past dedup. So a copy may survive that was dropped as a duplicate of a page
    that failed later; what is dropped would have been dropped anyway, up to the error that the
    audit states. A run with ``measure_all`` audits everything.

    Raises:
        ConfigError: `audit` or `default_slack` is outside 0 to 1, a slack is negative, or there is
            one cascade in another.
        UnknownName: a key of `slack` names a limit that its stage does not have.

    >>> from webfilter import Length
    >>> pages = [Document(str(n), html=b"<article><p>" + b"word " * n) for n in (5, 90)]
    >>> pipe = Cascade(audit=0.0) | Length(min_words=50)
    >>> [str(doc.verdict) for doc in pipe(pages)]
    ['cascade: length.words 5 < 25', 'None']
    """

    final: Stage = field(default_factory=Extract)
    """The accurate extraction, of what passes."""
    draft: Stage = field(default_factory=_draft)
    """The fast one, of everything. What no draft is made of goes on to `final`."""
    second: Stage | None = field(default_factory=_second)
    """Another draft of what the first one misses a limit on: a page is dropped only if both miss
    the same limit. By default all visible text, so that a draft that took the wrong part of a page
    is found out. It also stands in where the first one failed or is empty. None: there is one."""
    screen: tuple[Stage, ...] | None = None
    """The stages that judge the draft; None: those that follow in the pipeline."""
    slack: Mapping[str, float] = field(default_factory=dict)
    """How far beyond a limit a draft may be, by ``stage.signal.op`` (``gopher_quality.words.ge``)
    or ``stage.signal``, in the units of the signal; ``inf``: the limit does not judge drafts. For a
    rule on a text (``language.language.in``): the least score at which the text is believed."""
    default_slack: float = 0.5
    """For limits without a slack: how much of the way to the end of the signal's range they move;
    0: not at all, 1: they do not judge drafts. A text is then believed from a score of .9."""
    audit: float = 0.01
    """Share, 0 to 1, of what the screen would drop that is extracted all the same."""
    seed: int = 0
    """Another seed audits other documents."""
    follows: Named = field(default=(), init=False, repr=False, compare=False)
    """The screen that the pipeline found."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for key, value in (("audit", self.audit), ("default_slack", self.default_slack)):
            if not 0.0 <= value <= 1.0:
                raise ConfigError(f"{self.name}: {key} = {value} is not between 0 and 1")
        for key, value in self.slack.items():
            if value < 0.0:
                raise ConfigError(f"{self.name}: slack of {key} = {value}; 0 or more, inf is off")
        if any(isinstance(stage, Cascade) for stage in (self.final, self.draft, self.second)):
            raise ConfigError(f"{self.name}: one cascade in another; give it the inner stages")
        if self.screen is not None:
            object.__setattr__(self, "follows", named(self.screen))
            check_slack(self.name, self.slack, dict(self.follows))

    def __hash__(self) -> int:
        slack = tuple(sorted(self.slack.items()))
        rest = (self.default_slack, self.audit, self.seed)
        return hash((self.final, self.draft, self.second, self.screen, slack, *rest))

    def placed(self, later: Sequence[tuple[str, Step]]) -> Step:
        """Return the stage with the screen that the steps `later` make."""
        if self.screen is not None:
            return self
        found = replace(self)
        # all of them: a slack may be for one that the screen leaves out
        check_slack(self.name, self.slack, dict(later))
        chosen = screenable(later, self.slack, self.default_slack)
        object.__setattr__(found, "follows", chosen)
        return found

    @property
    def measures(self) -> tuple[Signal, ...]:  # type: ignore[override]
        """What the final stage measures, and what became of the draft."""
        return (
            *self.final.measures,
            Signal("draft_characters", "int", "Length of the draft", "characters", 0),
            Signal("screened_by", "str", "Rule that the draft broke beyond slack; None: none"),
            Signal("cascade_audit", "bool", "Extracted for the audit, though the draft failed"),
        )

    def rules_for(self, doc: Document) -> tuple[Rule, ...]:
        """Return the final stage's rules, if it got `doc`."""
        screened = doc.signals.get("screened_by") is not None
        return () if screened and not doc.signals.get("cascade_audit") else self.final.rules

    @property
    def thorough(self) -> Step:
        """The same stage, with everything audited."""
        found = replace(self, audit=1.0)
        object.__setattr__(found, "follows", self.follows)
        return found

    @property
    def needs(self) -> tuple[str, ...]:
        """What the inner stages need that none of them measures."""
        made = [stage for stage in (self.draft, self.second, self.final) if stage is not None]
        own = {signal.name for stage in made for signal in stage.measures}
        found: dict[str, None] = dict.fromkeys(need for stage in made for need in stage.needs)
        for stage in self.screen or ():
            found |= dict.fromkeys(need for need in stage.needs if need not in own)
            own |= {signal.name for signal in stage.measures}
        return tuple(found)

    @property
    def artifacts(self) -> Mapping[str, str]:
        """Those of draft, screen and final."""
        inner = (self.draft, self.second, *(stage for _, stage in self.follows), self.final)
        return artifacts_of(stage for stage in inner if stage is not None)

    def process(self, batch: Sequence[Document]) -> Sequence[Document]:
        """Draft and screen the pages of `batch`, then extract those that pass."""
        drafts = self._drafts(batch)
        going = [place for place, draft in enumerate(drafts) if draft.goes_on]
        done = self.final.process([batch[place] for place in going]) if going else ()
        extracted = dict(zip(going, done, strict=True))
        marked = []
        for place, (doc, draft) in enumerate(zip(batch, drafts, strict=True)):
            if place in extracted:
                doc = extracted[place]
                marked.append(replace(doc, signals={**doc.signals, **draft.signals}))
            else:
                signals = {**doc.signals, **draft.signals}
                marked.append(replace(doc, text=draft.text, signals=signals, verdict=draft.verdict))
        return marked

    def _drafts(self, batch: Sequence[Document]) -> list[_Draft]:
        """Return what became of the draft of each document."""
        found = [_Draft() for _ in batch]
        pages = [place for place, doc in enumerate(batch) if doc.html is not None]
        if not (pages and self.follows):
            return found
        drafted = dict(zip(pages, isolated(self.draft, [batch[n] for n in pages]), strict=True))
        without = [place for place, doc in drafted.items() if not doc.live]
        drafted.update(zip(without, self._second([batch[n] for n in without]), strict=True))
        good = [place for place, doc in drafted.items() if doc.live]
        once = set(without)

        def second(places: Sequence[int]) -> Sequence[Document]:
            asked = [good[n] for n in places]
            twice = [place for place in asked if place not in once and self.second is not None]
            made = dict(zip(twice, self._second([batch[n] for n in twice]), strict=True))
            return [made.get(place, drafted[place]) for place in asked]

        screen = Screen(self.follows, self.slack, self.default_slack)
        verdicts = screen.broken([drafted[place] for place in good], second)
        for place, verdict in zip(good, verdicts, strict=True):
            doc = drafted[place]
            audited = verdict is not None and self._audited(doc)
            found[place] = _Draft(doc.text, len(doc.text), verdict, audited)
        return found

    def _second(self, docs: Sequence[Document]) -> list[Document]:
        """Return the second drafts; failed ones where there are none."""
        if not docs:
            return []
        if self.second is None:
            return [doc.fail(self.name, "no draft") for doc in docs]
        return isolated(self.second, docs)

    def _audited(self, doc: Document) -> bool:
        key = f"cascade audit:{self.seed}:{doc.id}".encode("utf-8", "surrogatepass")
        digest = hashlib.blake2b(key, digest_size=8).digest()
        return (int.from_bytes(digest, "big") >> 11) / 2**53 < self.audit


@dataclass(frozen=True)
class _Draft:
    """What became of the draft of a document; nothing, if none was judged."""

    text: str = ""
    characters: int | None = None
    verdict: Verdict | None = None
    audited: bool = False

    @property
    def goes_on(self) -> bool:
        return self.verdict is None or self.audited

    @property
    def signals(self) -> dict[str, Value]:
        return {
            "draft_characters": self.characters,
            "screened_by": None if self.verdict is None else self.verdict.reason,
            "cascade_audit": self.audited,
        }


def cascaded(
    steps: Sequence[Step],
    draft: Stage | None,
    slack: Mapping[str, float],
    settings: Mapping[str, Any],
) -> tuple[Step, ...]:
    """Return `steps` with a `Cascade` in place of their one `Extract`; see `Pipeline.cascaded`.

    Raises:
        ConfigError: there is no `Extract`, or several.
    """
    steps = uncascaded(steps)
    places = [place for place, step in enumerate(steps) if isinstance(step, Extract)]
    if len(places) != 1:
        count = "no stage" if not places else f"{len(places)} stages"
        raise ConfigError(
            f"cascade: the pipeline has {count} Extract, and it takes one; write "
            "Cascade(final=...) where the page becomes text"
        )
    final = steps[places[0]]
    assert isinstance(final, Extract)
    made = Cascade(final, draft or _draft(), slack=slack, **settings)
    return tuple(made if place == places[0] else step for place, step in enumerate(steps))


def uncascaded(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Return `steps` with the final stage in place of each `Cascade`."""
    return tuple(step.final if isinstance(step, Cascade) else step for step in steps)
