"""What two runs made of their documents: the result of `compare`, and its text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from webfilter.document import Value
from webfilter.errors import ConfigError, UnknownName
from webfilter.report.figures import aligned, label, number, remarks, share, visible
from webfilter.report.sweep import changed

__all__ = ["Change", "Comparison", "Example", "Move", "Outcome", "RuleChange"]

KINDS = ("kept", "dropped", "failed", "unstored", "absent")
REWRITTEN = "rewritten"
MOVES, RULES = 25, 60
"""Moves and rules that are shown."""
_EXAMPLES = 3


@dataclass(frozen=True, order=True)
class Outcome:
    """What became of a document in a run."""

    kind: str
    """``kept``, ``dropped``, ``failed``; ``absent``: it is not in the run; ``unstored``: the run
    did not store all that it dropped or failed on, and it is not among what it did store."""
    stage: str = ""
    """Unique name of the stage where it left."""
    rule: str = ""
    """Reason and comparison (``words <``), the class of failure, or the tier of what was kept."""

    def __str__(self) -> str:
        said = " ".join(filter(None, (self.stage, self.rule)))
        return visible(said if self.kind == "dropped" else f"{self.kind} {said}".rstrip(), 80)


@dataclass(frozen=True)
class Move:
    """Documents with one outcome before and one after."""

    before: Outcome
    after: Outcome
    documents: int

    @property
    def transition(self) -> str:
        """The kinds of both: ``kept -> dropped``."""
        return f"{self.before.kind} -> {self.after.kind}"


@dataclass(frozen=True)
class RuleChange:
    """What one rule took out in both runs, as their reports count it."""

    stage: str
    rule: str
    """Reason and comparison, or the class of failure."""
    kind: str
    """``dropped`` or ``failed``."""
    limits: tuple[str, str]
    """Limits that were violated before and after; empty where there are none, or nobody did."""
    documents: tuple[int, int]
    """Before and after."""

    def cells(self, minus: str = "-") -> tuple[str, ...]:
        """Return the rule, its limits and its counts, to be shown."""
        one, other = (visible(limit, 30) or "-" for limit in self.limits)
        limits = "" if one == other == "-" else one if one == other else f"{one} -> {other}"
        failed = " (failed)" if self.kind == "failed" else ""
        counts = figures(self.documents, minus)
        return visible(self.stage, 40), visible(self.rule, 60) + failed, limits, *counts


@dataclass(frozen=True)
class Change:
    """A setting, version or model that differs; None: one run does not have it."""

    name: str
    before: str | None
    """As JSON, where it is a setting; as Python, where a stage is one that no recipe can name."""
    after: str | None


@dataclass(frozen=True)
class Example:
    """A document that ended otherwise, or was kept with another text."""

    id: str
    url: str | None
    transition: str
    rule: str
    """Stage and reason of the verdict that decided: that of the second run, else of the first."""
    value: Value
    """What that verdict judged."""
    limit: float | None
    """What it compared with."""
    said: str
    """The verdicts in words, and what the other run measured there."""
    excerpt: str
    """Beginning of the text (of the second run, where it is there); of a rewritten one what the
    first run has from shortly before the first difference."""
    rewritten: str = ""
    """What the second run has there."""


@dataclass(frozen=True, repr=False)
class Comparison:
    """Two runs, document by document. Each document of either run is in exactly one of `moves`.

    >>> from webfilter import Document, Judge, Pipeline, Rule
    >>> from webfilter.report import Report
    >>> from webfilter.report.compare import compare
    >>> docs = [Document(str(n), signals={"words": n}) for n in (10, 40, 60)]
    >>> pipes = [Pipeline((Judge((Rule("words", ge=limit),), given=True),)) for limit in (50, 20)]
    >>> found = compare(*(Report.of(pipe, pipe(docs)) for pipe in pipes))
    >>> found
    Comparison('in memory' -> 'in memory': 1 -> 2 kept, 0 lost, 1 gained)
    >>> found.transitions
    {'kept -> kept': 1, 'dropped -> kept': 1, 'dropped -> dropped': 1}
    >>> [(each.id, each.rule, each.value, each.limit) for each in found.examples("dropped -> kept")]
    [('40', 'judge words', 40, 50.0)]
    """

    runs: tuple[str, str]
    """Folders, before and after."""
    counts: Mapping[str, tuple[int | None, int | None]]
    """Before and after: ``in``, ``kept``, ``dropped``, ``failed``, and of what was kept
    ``characters`` and the sums of the signals ``words`` and ``tokens`` (as measured: a later stage
    may have cut the text), None where some documents do not have them."""
    moves: tuple[Move, ...]
    """Documents by what became of them in both runs: by kinds, then by falling count."""
    rewritten: int
    """Documents kept in both with another text; they are among those ``kept -> kept``."""
    rules: tuple[RuleChange, ...]
    """What each rule took out, in pipeline order."""
    changes: tuple[Change, ...]
    """What differs in recipes, versions and models."""
    notes: tuple[str, ...] = ()
    """What must be known to read the counts."""
    drawn: tuple[Example, ...] = field(default=())
    """Some documents of each transition; see `examples`."""

    @property
    def counted(self) -> list[tuple[str, tuple[int | None, int | None]]]:
        """The counts that are known of one run at least, with their names to be shown."""
        documents = ("in", "kept", "dropped", "failed")
        return [
            (name if name in documents else f"{name} kept", both)
            for name, both in self.counts.items()
            if both != (None, None)
        ]

    @property
    def transitions(self) -> dict[str, int]:
        """Documents by their kinds of outcome in both runs, such as ``kept -> dropped``."""
        found: Counter[str] = Counter()
        for move in self.moves:
            found[move.transition] += move.documents
        return dict(found)

    @property
    def moved(self) -> list[Move]:
        """The moves between outcomes that differ, the largest first."""
        differ = [move for move in self.moves if move.before != move.after]
        return sorted(differ, key=lambda m: (-m.documents, m.before, m.after))

    @property
    def largest(self) -> list[RuleChange]:
        """The rules that are shown: those that took out the most, in pipeline order."""
        most = set(sorted(self.rules, key=lambda rule: -max(rule.documents))[:RULES])
        return [rule for rule in self.rules if rule in most]

    @property
    def same(self) -> bool:
        """Whether both runs made the same of the same documents, by the same rules."""
        return not self.rewritten and not self.moved

    def examples(self, transition: str, n: int | None = None) -> tuple[Example, ...]:
        """Return documents of a transition, of each rule in turn, drawn by a hash of the id.

        Args:
            transition: such as ``dropped -> kept``; ``rewritten``: kept in both, with another text.
                ``dropped -> dropped`` are those that another rule dropped.
            n: how many at most; None: all that `compare` was asked for.

        Raises:
            UnknownName: there is no such transition.
            ConfigError: `n` is below 0.
        """
        named = " -> ".join(part.strip() for part in str(transition).split("->"))
        known = [f"{one} -> {other}" for one in KINDS for other in KINDS] + [REWRITTEN]
        if named not in known:
            raise UnknownName("transition", str(transition), known)
        if n is not None and (type(n) is not int or n < 0):
            raise ConfigError(f"n = {n!r}; it takes a whole number, 0 or more")
        return tuple(each for each in self.drawn if each.transition == named)[:n]

    def shown(self) -> dict[str, tuple[int, tuple[Example, ...]]]:
        """Return for each transition with examples how many documents it has, and those."""
        counts: Counter[str] = Counter({REWRITTEN: self.rewritten})
        for move in self.moved:
            counts[move.transition] += move.documents
        names = dict.fromkeys(each.transition for each in self.drawn)
        return {name: (counts[name], self.examples(name)) for name in names}

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as JSON data."""
        said = asdict(self)
        said["examples"] = said.pop("drawn")
        return {**said, "transitions": self.transitions, "same": self.same}

    def __repr__(self) -> str:
        (one, other), counts = self.counts["kept"], self.transitions.items()
        both = dict(counts).get("kept -> kept", 0)
        lost = sum(n for name, n in counts if name.startswith("kept ->")) - both
        gained = sum(n for name, n in counts if name.endswith("-> kept")) - both
        return (
            f"Comparison({self.runs[0]!r} -> {self.runs[1]!r}: {one:,} -> {other:,} kept, "
            f"{lost:,} lost, {gained:,} gained)"
        )

    def __str__(self) -> str:
        whole = sum(move.documents for move in self.moves)
        counted = [(f"  {name}", *figures(both)) for name, both in self.counted]
        became = [(f"  {k}", number(n), share(n, whole)) for k, n in self.transitions.items()]
        if self.rewritten:
            became.append(("  rewritten, of those kept", number(self.rewritten), ""))
        moved = [(f"  {m.before}", f"-> {m.after}", number(m.documents)) for m in self.moved]
        rules = [(f"  {name}", *cells) for name, *cells in (rule.cells() for rule in self.largest)]
        if rules:
            rules.insert(0, ("  stage", "rule", "limit", "before", "after", "change"))
        blocks = [
            (f"before: {visible(self.runs[0])}\nafter:  {visible(self.runs[1])}\n",
             aligned([("", "before", "after", "change"), *counted], {1, 2, 3})),
            ("what is different", [f"  {_setting(each)}" for each in self.changes]),
            ("what became of the documents", _table(became, {1, 2})),
            ("which ended otherwise",
             _table(moved[:MOVES], {2}) + _more(len(moved) - MOVES, "move")),
            ("what rules took out",
             _table(rules, {3, 4, 5}) + _more(len(self.rules) - RULES, "rule")),
            *((f"{name}: {label(count, 'document')}", _examples(examples))
              for name, (count, examples) in self.shown().items()),
            ("", remarks(self.notes)),
        ]  # fmt: skip
        return "\n\n".join("\n".join(filter(None, (head, *rows))) for head, rows in blocks if rows)

    def to_html(self) -> str:
        """Return the comparison as one page that needs nothing else."""
        from webfilter.report.comparison_page import comparison_page

        return comparison_page(self)

    def _repr_html_(self) -> str:
        from webfilter.report.comparison_page import comparison_fragment

        return comparison_fragment(self)


def figures(both: tuple[int | None, int | None], minus: str = "-") -> tuple[str, str, str]:
    """Return two counts and their change; ``?`` where one is not known.

    >>> figures((1200, 1000)), figures((None, 3))
    (('1,200', '1,000', '-200'), ('?', '3', ''))
    """
    one, other = both
    if one is None or other is None:
        return "?" if one is None else number(one), "?" if other is None else number(other), ""
    return number(one), number(other), changed(other - one, minus)


def _table(rows: Sequence[Sequence[str]], right: set[int]) -> list[str]:
    return aligned(rows, right) if rows else []


def _more(count: int, what: str) -> list[str]:
    return [f"  and {label(count, f'more {what}')}"] if count > 0 else []


def _setting(each: Change) -> str:
    name, one, other = (visible(s or "", 60) for s in (each.name, each.before, each.after))
    if each.before is None or each.after is None:
        return f"{name}  only {'after' if each.before is None else 'before'}: {one or other}"
    return f"{name}  {one} -> {other}"


def _examples(examples: Sequence[Example]) -> list[str]:
    lines = []
    for each in examples[:_EXAMPLES]:
        lines.append(f"  {visible(each.url or each.id, 90)}  {visible(each.said, 110)}".rstrip())
        lines += [f"    {visible(said, 96)}" for said in (each.excerpt, each.rewritten) if said]
    return lines
