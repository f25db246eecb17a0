"""Nested sets of training text: what is good, and inside it what is better."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise, product
from typing import ClassVar

from webfilter.codes.spelled import spelled
from webfilter.config import conform
from webfilter.document import Document, Value
from webfilter.errors import ConfigError
from webfilter.score.tokens import ESTIMATED, estimated_tokens
from webfilter.stage import SIGNS, Filter, Rule, Signal, Step

__all__ = ["Tier", "Tiers"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_MARK = "tiers.json"  # lies beside the tiers, and says what they are
_LOWER = ("ge", "gt")

Limits = Mapping[str, float | Set[str] | Sequence[str]]


@dataclass(frozen=True)
class Tier:
    """One of the nested sets: its name, and what it takes beyond the tier before it.

    >>> Tier("phase1", (Rule("educational", ge=1.5),)).name
    'phase1'
    """

    name: str
    """Also the name of its folder."""
    rules: tuple[Rule, ...] = ()
    """Limits on signals; none: the same documents as the tier before."""

    def __post_init__(self) -> None:
        conform(self, "Tier")
        what = f"language in tier {self.name}"
        object.__setattr__(self, "rules", tuple(spelled(rule, what) for rule in self.rules))


@dataclass(frozen=True)
class Tiers(Filter):
    """Sort documents into nested tiers, and drop those that are in none.

    ``Tiers({"phase1": {"educational": 1.5}, "phase2": {"educational": 2.5, "reasoning": 1.0}})``
    judges signals that earlier stages measured. A document is in a tier if it passes the limits of
    that tier *and* of all before it, so each tier is a subset of the one before. The signal
    ``tier`` is the name of the narrowest that it is in; what is not in the first is dropped.

    A limit is the least that a signal may be; ``max_words`` is the most that ``words`` may be, and
    a list is the texts that are accepted (``{"language": ["en"]}``, in any spelling of a code; a
    macrolanguage's members with it). Anything else, and signals
    whose names begin so, are said by rules: ``{"phase1": [Rule("words", gt=50, lt=900)]}``. As
    everywhere, a limit on a signal that is undefined on a document does not judge it.

    Where a pipeline with this stage writes its kept documents to a folder, each tier gets a folder
    of its own inside: ``kept/phase1``, ``kept/phase2``. A document stands in that of each tier that
    it is in, the same in all, so each folder is a whole set to train on (and ``kept`` as a whole is
    not: read one of them). The run makes sure that they are nested, and
    `webfilter.run.tiers.check_tiers` does so again from the files.

    Put it into a pipeline as it is: inside another stage, such as `ByLanguage`, it marks documents
    and nothing is written by tier.

    It measures ``tokens`` too, which the report sums: what `Tokens` measured before it, or the same
    estimate. For a share or budget as a tier, let `TopShare` measure: after
    ``TopShare(share=None)``, ``{"phase1": {"educational_percentile": 80}}`` is the best fifth.

    The name and idea are those of Phi-3 (Abdin et al. 2024): phase 2 of its pre-training uses an
    even more heavily filtered subset of the web data of phase 1, with less ephemeral fact. It gives
    no limits; these are yours.

    Raises:
        ConfigError: no tier, a name that cannot be a folder, a limit that is looser than one of a
            tier before it, so that it would never judge, or limits that no value passes together.

    >>> tiers = Tiers({"phase1": {"educational": 1.5}, "phase2": {"educational": 2.5}}, given=True)
    >>> docs = [Document(str(n), signals={"educational": n}) for n in (1, 2, 3)]
    >>> [doc.signals["tier"] for doc in tiers(docs)], str(tiers(docs)[0].verdict)
    ([None, 'phase1', 'phase2'], 'tiers: educational 1 < 1.5')
    """

    name: ClassVar[str] = "tiers"
    measures: ClassVar[tuple[Signal, ...]] = (
        Signal("tier", "str", "Name of the narrowest tier that the document is in"),
        ESTIMATED,
    )

    tiers: Mapping[str, Limits | Sequence[Rule]] | Sequence[Tier]
    """Limits by the name of the tier, the widest tier first; held as a tuple of `Tier`."""
    given: bool = False
    """Whether the signals come with the documents (read from an earlier run's output), so that no
    stage of this pipeline needs to measure them."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.tiers, Mapping):
            made = (Tier(name, _rules(name, limits)) for name, limits in self.tiers.items())
            object.__setattr__(self, "tiers", tuple(made))
        held = self._held
        if not held:
            raise ConfigError("tiers: tiers is empty; give at least one tier with its limits")
        _check_names([tier.name for tier in held])
        for place, tier in enumerate(held):
            for before in held[:place]:
                _check_nested(before, tier)
        _check_open(held)

    @property
    def _held(self) -> tuple[Tier, ...]:
        assert isinstance(self.tiers, tuple)
        return self.tiers

    @property
    def nested(self) -> Mapping[str, tuple[Rule, ...]]:
        """The rules of each tier, the widest first."""
        return {tier.name: tier.rules for tier in self._held}

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Those of the first tier: what breaks them is dropped."""
        return self._held[0].rules

    @property
    def needs(self) -> tuple[str, ...]:
        """Every signal that a limit names, unless they are given."""
        named = (rule.signal for tier in self._held for rule in tier.rules)
        return () if self.given else tuple(dict.fromkeys(named))

    def placed(self, later: Sequence[tuple[str, Step]]) -> Step:
        """Return itself.

        Raises:
            ConfigError: a later stage measures ``tier`` too.
        """
        for name, step in later:
            if any(signal.name == "tier" for signal in step.measures):
                raise ConfigError(f"tiers: {name} measures 'tier' again; a pipeline has one Tiers")
        return self

    def measure(self, doc: Document) -> Mapping[str, Value]:
        """Return the tier, and the tokens that were measured, or else estimated."""
        found: str | None = None
        for tier in self._held:
            if any(rule.violated(doc.signals.get(rule.signal)) for rule in tier.rules):
                break
            found = tier.name
        tokens = doc.signals.get("tokens")
        return {"tier": found, "tokens": estimated_tokens(doc.text) if tokens is None else tokens}


def _rules(tier: str, limits: Limits | Sequence[Rule]) -> tuple[Rule, ...]:
    """Return the limits of a tier as rules."""
    if not isinstance(limits, Mapping):
        return tuple(limits)
    found: dict[tuple[str, str], Rule] = {}
    for key, limit in limits.items():
        side, _, noun = key.partition("_")
        op, signal = ("le", noun) if side == "max" and noun else ("ge", key)
        if side == "min" and noun:
            signal = noun
        if not signal:
            raise ConfigError(f"tiers: {tier} has a limit without the name of a signal")
        if isinstance(limit, (Set, Sequence)):
            if signal != key:
                raise ConfigError(f"tiers: {tier}: {key} takes a number; a list goes with {noun!r}")
            rule = Rule(signal, isin=frozenset(limit))
        else:
            rule = Rule(signal, ge=limit) if op == "ge" else Rule(signal, le=limit)
        if (signal, op) in found:
            raise ConfigError(f"tiers: {tier} limits {signal!r} twice; keep one of them")
        found[signal, op] = rule
    return tuple(found.values())


def _check_names(names: Sequence[str]) -> None:
    for name in names:
        if not _NAME.fullmatch(name) or name.endswith(".") or _DEVICES.fullmatch(name):
            raise ConfigError(
                f"tiers: {name!r} cannot be a folder; a name has letters, digits, '_', '-' and "
                "'.', begins with a letter or digit, ends with no '.', has at most 64 of them, and "
                "is no device of Windows (con, nul)"
            )
        if name.lower() == _MARK:
            raise ConfigError(f"tiers: {name!r} is the name of a file there; take another")
    ordered = sorted(name.lower() for name in names)
    for one, other in pairwise(ordered):
        if one == other:
            raise ConfigError(f"tiers: two are called {one!r} (case does not count in folders)")


def _check_nested(before: Tier, tier: Tier) -> None:
    """Raise where a limit of `tier` is looser than one of `before`."""
    for first in before.rules:
        for second in tier.rules:
            if first.signal != second.signal:
                continue
            if first.isin is not None and second.isin is not None and not second.isin <= first.isin:
                more = ", ".join(sorted(second.isin - first.isin))
                raise ConfigError(
                    f"tiers: {tier.name} accepts {second.signal} {more}, but {before.name} does "
                    f"not, and {tier.name} is inside it; take it out, or put it into both"
                )
            for op, limit in first.bounds():
                for other, looser in second.bounds():
                    if _is_looser(op, limit, other, looser):
                        raise ConfigError(
                            f"tiers: {tier.name} wants {second.signal} {SIGNS[other]} {looser:g}, "
                            f"looser than {before.name} ({SIGNS[op]} {limit:g}), and {tier.name} "
                            "is inside it; make it as tight, leave it out, or change the order"
                        )


def _check_open(tiers: Sequence[Tier]) -> None:
    """Raise where two limits leave no value; the narrower of the tiers is inside both."""
    rules = [(tier.name, rule) for tier in tiers for rule in tier.rules]
    for (name, one), (other, second) in product(rules, repeat=2):
        if one.signal == second.signal and one.excludes(second):
            whose = f"{name} and {other} together leave" if name != other else f"{name} leaves"
            raise ConfigError(f"tiers: {whose} no {one.signal} that could pass; loosen a limit")


def _is_looser(op: str, limit: float, other: str, looser: float) -> bool:
    """Return whether a bound lets pass what one of the tier before does not."""
    if (op in _LOWER) != (other in _LOWER):
        return False
    if limit == looser:
        return op in ("gt", "lt") and other in ("ge", "le")
    return looser < limit if op in _LOWER else looser > limit
