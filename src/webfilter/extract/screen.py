"""Which of the stages that judge a final text can judge a draft of it first, and how they do.

A document that clearly fails a later stage is dropped in the end, whatever stands between, so the
screen takes the ordinary stages that follow: it looks past corpus stages that `commute` (dedup),
and ends at the first other one (a quota counts who comes to it). Left out is what has no limit that
says anything of a draft, and what needs signals of a stage that was passed over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from webfilter.document import Document, Verdict
from webfilter.errors import RunError
from webfilter.extract.slack import Loose, loosened
from webfilter.stage import CorpusStage, Filter, Rule, Signal, Stage, Step

__all__ = ["Screen", "isolated", "named", "screenable"]

Named = tuple[tuple[str, Stage], ...]


def named(stages: Sequence[Stage]) -> Named:
    """Return `stages` with unique names, as a pipeline gives them."""
    seen: Counter[str] = Counter()
    found = []
    for stage in stages:
        seen[stage.name] += 1
        count = seen[stage.name]
        found.append((stage.name if count == 1 else f"{stage.name}_{count}", stage))
    return tuple(found)


def screenable(
    later: Sequence[tuple[str, Step]], slack: Mapping[str, float], share: float
) -> Named:
    """Return which of the steps that follow can judge a draft.

    Args:
        later: the steps that follow, with their unique names.
        slack: see `loosened`.
        share: see `loosened`.
    """
    missing: set[str] = set()
    found: list[tuple[str, Stage]] = []
    for name, step in later:
        signals = {signal.name for signal in step.measures}
        if isinstance(step, CorpusStage) and step.commutes:
            missing |= signals
        elif not isinstance(step, Stage) or "html_bytes" in signals:  # it reads the page itself
            break
        elif missing.isdisjoint(_wanted(step)):
            found.append((name, step))
            missing -= signals
        elif isinstance(step, Filter):
            missing |= signals
        else:  # it would have changed the text
            break
    return _judging(found, slack, share)


def _wanted(step: Step) -> Set[str]:
    own = {signal.name for signal in step.measures}
    return {*step.needs, *({rule.signal for rule in step.rules} - own)}


def _judging(
    stages: Sequence[tuple[str, Stage]], slack: Mapping[str, float], share: float
) -> Named:
    """Leave out stages that neither judge a draft nor change what a later one judges."""
    declared = {signal.name: signal for _, stage in stages for signal in stage.measures}
    wanted: set[str] = set()
    found: list[tuple[str, Stage]] = []
    for name, stage in reversed(stages):
        judges = bool(loosened(name, stage.rules, declared, slack, share))
        changes = not isinstance(stage, Filter) and bool(found)
        gives = not wanted.isdisjoint(signal.name for signal in stage.measures)
        if judges or changes or gives:
            found.append((name, stage))
            wanted |= _wanted(stage)
    return tuple(reversed(found))


@dataclass
class Screen:
    """Stages, with slack on every limit.

    The truth about a page lies between what a choosy draft and an all-embracing one say of it, so
    a page is dropped by a limit only if both miss it. Of 1,854 real pages whose final text has 50
    words, 143 have a draft (resiliparse's) of fewer than 25: it took the wrong part of the page.
    None has so few visible ones.
    """

    stages: Named
    slack: Mapping[str, float]
    share: float
    _loose: dict[tuple[int, tuple[Rule, ...] | None], tuple[Loose, ...]] = field(
        default_factory=dict
    )

    def __post_init__(self) -> None:
        self._declared: dict[str, Signal] = {
            signal.name: signal for _, stage in self.stages for signal in stage.measures
        }

    def broken(
        self, drafts: Sequence[Document], second: Callable[[Sequence[int]], Sequence[Document]]
    ) -> list[Verdict | None]:
        """Return for each draft a limit that it and its second draft miss by more than the slack.

        A draft that a stage breaks on is judged no further: it may pass.

        Args:
            drafts: the texts to judge.
            second: returns the second drafts of the documents at some places; asked once for each
                document, and only if the first one misses a limit.
        """
        verdicts: list[Verdict | None] = [None] * len(drafts)
        first = dict(enumerate(drafts))
        others: dict[int, Document] = {}
        for at, (_, stage) in enumerate(self.stages):
            first = _marked(stage, first)
            others = _marked(stage, others)
            missed = {
                place: found for place, doc in first.items() if (found := self._missed(at, doc))
            }
            new = [place for place in missed if place not in others]
            if new:
                others |= self._up_to(at, dict(zip(new, second(new), strict=True)))
            for place, found in missed.items():
                other = others.get(place)
                also = {} if other is None else self._missed(at, other)
                verdicts[place] = next((v for loose, v in found.items() if loose in also), None)
                if verdicts[place] is not None or other is None:
                    del first[place]
                    others.pop(place, None)
        return verdicts

    def _up_to(self, last: int, docs: dict[int, Document]) -> dict[int, Document]:
        docs = {place: doc for place, doc in docs.items() if doc.live}
        for _, stage in self.stages[: last + 1]:
            docs = _marked(stage, docs)
        return docs

    def _missed(self, at: int, doc: Document) -> dict[Loose, Verdict]:
        """Return what the limits of a stage say of `doc`: those that it misses."""
        name, stage = self.stages[at]
        key = (at, stage.rules_for(doc) if stage.by_document else None)
        if key not in self._loose:
            rules = stage.rules_for(doc)
            self._loose[key] = loosened(name, rules, self._declared, self.slack, self.share)
        found = {}
        for loose in self._loose[key]:
            broken = loose.broken(doc.signals)
            if broken is not None:
                value, op, limit = broken
                found[loose] = Verdict("cascade", loose.reason, loose.reason, value, limit, op=op)
        return found


def _marked(stage: Stage, docs: Mapping[int, Document]) -> dict[int, Document]:
    """Return `docs` as the stage marks them, without verdicts and without those it broke on."""
    if not docs:
        return {}
    pairs = zip(docs, isolated(stage, list(docs.values())), strict=True)
    return {
        place: doc if doc.verdict is None else replace(doc, verdict=None)
        for place, doc in pairs
        if doc.verdict is None or doc.verdict.kind == "dropped"
    }


def isolated(stage: Stage, batch: Sequence[Document]) -> list[Document]:
    """Run `stage`; what breaks it fails alone.

    Raises:
        RunError: the machine is broken, not a document.
    """
    try:
        marked = list(stage.process(batch))
        if [doc.id for doc in marked] == [doc.id for doc in batch]:
            return marked
        reason = "not the documents that it was given"
    except RunError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
    if len(batch) == 1:
        return [batch[0].fail(stage.name, reason)]
    return [doc for one in batch for doc in isolated(stage, [one])]
