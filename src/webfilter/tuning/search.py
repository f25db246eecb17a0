"""`tune`: from two corpora to a pipeline with limits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from webfilter.codes import recognized, under
from webfilter.compose import ByLanguage
from webfilter.errors import ConfigError, UnknownName
from webfilter.extract.cascade import uncascaded
from webfilter.language import Language
from webfilter.pipeline import Pipeline
from webfilter.stage import Filter, Stage, Step
from webfilter.tuning.choose import Demands
from webfilter.tuning.knobs import Knob, knobs, turned
from webfilter.tuning.measure import Corpus, measure
from webfilter.tuning.profile import Settings, chosen_limits, effect_of, profiled
from webfilter.tuning.result import Profile, Tuning

__all__ = ["tune"]

_LEAST = 50
"""Documents of a corpus below which nothing can be said."""
_HALF = 10
"""Documents of a half below which a corpus cannot be halved: its ids must be few."""
_FEW = 500
"""Documents of a corpus below which limits are rough."""
_EXPECTED = 5
"""Good documents that the budget should be worth on the half where limits are chosen."""


def tune(
    good: Any,
    bad: Any,
    pipe: Pipeline | Step | Sequence[Step] | None = None,
    *,
    max_loss: float = 0.01,
    by: Literal["language"] | None = None,
    skip: Iterable[str] = (),
    others: Literal["off", "keep"] = "off",
    given: bool = False,
    min_gain: float = 0.01,
    min_lift: float = 2.0,
    min_documents: int = 500,
    resamples: int = 1_000,
    seed: int = 0,
    batch_size: int = 256,
) -> Tuning:
    """Find the limits that remove much of `bad` and little of `good`.

    As FineWeb found its own (Penedo et al. 2024, section 3.5): measure many signals on a better
    and a worse corpus, compare the distributions, and set limits in the tails where the worse one
    has documents and the better one has none. Deviations: the cost to the better corpus is bounded
    in advance, limits come with intervals, signals are ranked by the gain that a limit on them can
    have (not by Wasserstein distance), and the effect is that on documents held out. The last step
    of FineWeb, training models on what is kept, remains with you.

    The documents are halved by a hash of their ids. On one half limits are chosen, each in the tail
    of the good corpus, together within `max_loss` (see `webfilter.tuning.choose`); a limit must
    beat chance by an exact test at 5 %, divided by the number of limits looked at (Bonferroni). On
    the other half their effect is measured; the loss there differs from `max_loss` by chance.

    What is tuned is every ``min_``/``max_`` field that sets the bound of a rule, those that are
    None included. Corpus and online stages are neither run nor changed. A filter left without a
    rule is left out, unless a later step needs what it measures.

    Args:
        good: what should be kept: whatever `webfilter.read` takes.
        bad: what should be dropped, the same. Both should be of the same kind: excerpts against
            whole pages would differ in length and nothing else.
        pipe: the pipeline, stage or stages to tune; None: the four heuristics as FineWeb runs them.
        max_loss: share of `good` that all limits together may cost, 0 to below 1.
        by: ``language`` also tunes each language with enough documents by itself, and puts
            `ByLanguage` stages in the pipeline, behind a `Language` if there is none. A language
            with too few has the limits chosen on all documents, also where its macrolanguage has
            its own; a member of that which neither corpus has goes with it.
        skip: what to leave as it is: signals, stages, fields or ``stage.field``.
        others: what becomes of limits without a proposal. ``off`` switches them off, those too that
            guard against what neither corpus has (`skip` leaves them on); the bound on the loss
            holds. ``keep`` leaves them as they are, at whatever cost.
        given: take the signals that the documents have (from a run with ``measure_all=True``)
            instead of running the stages.
        min_gain: least worth of a limit: share removed of bad minus `min_lift` times that lost of
            good.
        min_lift: share of bad that pays for the same share of good, 1 or more.
        min_documents: documents of each corpus that a language needs for limits of its own.
        resamples: bootstrap samples for the intervals.
        seed: of the halves and the bootstrap. The order of the documents changes nothing.
        batch_size: documents a batch; changes nothing.

    Raises:
        ConfigError: a setting does not fit, a corpus has fewer than 50 documents, or there is
            nothing to tune.
        SourceError: a corpus cannot be read.

    >>> from webfilter import Document, GopherQuality
    >>> good = [Document(f"g{n}", "The sun is a star. " * (n + 9)) for n in range(300)]
    >>> bad = [Document(f"b{n}", "The sun is a star. " * (n % 20)) for n in range(300)]
    >>> found = tune(good, bad, GopherQuality())
    >>> found.proposals[0].knob.signal, found.proposals[0].proposed
    ('words', 50)
    """
    settings = Settings(
        Demands(
            _between("max_loss", max_loss, 0, 1),
            _between("min_gain", min_gain, 0, 1),
            _between("min_lift", min_lift, 1, 1e6),
        ),
        _one_of("others", others, ("off", "keep")),
        _counted("resamples", resamples),
        _counted("seed", seed, 0),
    )
    _one_of("by", by, (None, "language"))
    _counted("min_documents", min_documents)
    _counted("batch_size", batch_size)
    start = Pipeline(uncascaded(_pipeline(pipe, by).steps))  # a screen would drop what is measured
    tuned = knobs(start, [skip] if isinstance(skip, str) else skip)
    if by is not None:
        tuned = tuple(_by_language(start, tuned))
    if not tuned:
        raise ConfigError(
            f"tune: nothing to tune in {', '.join(start.names) or 'an empty pipeline'}: "
            "no min_ or max_ field sets a limit on a signal"
        )
    if given:
        _once(start, tuned)
    corpora = [
        measure(source, label, start, tuned, given=given, seed=seed, batch_size=batch_size)
        for source, label in ((good, "good"), (bad, "bad"))
    ]
    for corpus in corpora:
        _enough(corpus)
    if given and all(bool(np.isnan(corpus.values).all()) for corpus in corpora):
        raise ConfigError(
            f"tune: given, but no document has a signal such as {tuned[0].signal!r}; "
            "measure them by a run with measure_all=True, or leave given out"
        )
    return _tuned(start, tuned, corpora[0], corpora[1], settings, by, min_documents)


def _tuned(
    start: Pipeline,
    tuned: Sequence[Knob],
    good: Corpus,
    bad: Corpus,
    settings: Settings,
    by: str | None,
    min_documents: int,
) -> Tuning:
    pooled = profiled(tuned, good, bad, settings)
    languages: dict[str, Profile] = {}
    few: dict[str, tuple[int, int]] = {}
    own = [np.zeros(len(side), dtype=np.bool_) for side in (good, bad)]
    for code in _languages(good, bad) if by is not None else ():
        masks = [side.languages == code for side in (good, bad)]
        ours, theirs = good.part(masks[0]), bad.part(masks[1])
        enough = min(len(ours), len(theirs)) >= max(min_documents, _LEAST)
        if not enough or min(ours.halved, theirs.halved) < _HALF or not _has_code(code):
            few[code] = (len(ours), len(theirs))
            continue
        languages[code] = profiled(tuned, ours, theirs, settings)
        own = [before | mask for before, mask in zip(own, masks, strict=True)]
    rest = [side.part(~mask) for side, mask in zip((good, bad), own, strict=True)]
    before, after = (
        effect_of(tuned, rest[0], rest[1], limits)
        for limits in ({k: k.current for k in tuned}, chosen_limits(tuned, pooled, settings))
    )
    for profile in languages.values():
        before, after = before + profile.before, after + profile.after
    return Tuning(
        pipe=_built(start, tuned, pooled, languages, few, settings),
        pooled=pooled,
        languages=languages,
        few=few,
        before=before,
        after=after,
        max_loss=settings.demands.max_loss,
        seed=settings.seed,
        warnings=tuple(_warnings(good, bad, pooled, settings)),
    )


def _by_language(start: Pipeline, tuned: Iterable[Knob]) -> Iterator[Knob]:
    """Yield the limits that a language can have for itself.

    Of `Language` it is the score. Its table has no off: 0 stands for it, so that documents with a
    score of 0 take no part.
    """
    for knob in tuned:
        if not isinstance(start.steps[knob.step], Language):
            yield knob
        elif knob.field == "min_score":
            yield replace(knob, off=0.0)


def _languages(good: Corpus, bad: Corpus) -> list[str]:
    """Return the languages that occur, those with most documents first."""
    counts = Counter(good.languages.tolist()) + Counter(bad.languages.tolist())
    return sorted(set(counts) - {""}, key=lambda code: (-counts[code], code))


def _has_code(language: str) -> bool:
    """Return whether `language`, which came with documents, is one that a stage can be for."""
    try:
        return bool(recognized(language))
    except UnknownName:
        return False


def _built(
    start: Pipeline,
    tuned: Sequence[Knob],
    pooled: Profile,
    languages: Mapping[str, Profile],
    few: Iterable[str],
    settings: Settings,
) -> Pipeline:
    default = turned(start.steps, chosen_limits(tuned, pooled, settings))
    own = {
        code: turned(start.steps, chosen_limits(tuned, profile, settings))
        for code, profile in languages.items()
    }
    seen = {**own, **dict.fromkeys(few, default)}
    steps: list[Step] = []
    for place, step in enumerate(default):
        inner = _entries({code: other[place] for code, other in seen.items()}, step)
        if inner and isinstance(step, Language):
            steps.append(_by_score(step, inner))
        elif inner and isinstance(step, Stage):
            stages = {code: s for code, s in inner.items() if isinstance(s, Stage)}
            steps.append(ByLanguage(stages, default=step))
        else:
            steps.append(step)
    left = [
        step
        for place, step in enumerate(steps)
        if not _idle(step, start.steps[place]) or _needed(step, steps[place + 1 :])
    ]
    return Pipeline(tuple(left or steps))


def _entries(wanted: Mapping[str, Step], default: Step) -> dict[str, Step]:
    """Return those of `wanted` that need an entry beside `default`.

    They are another step, or would go to that of their macrolanguage.
    """
    others = {code for code, step in wanted.items() if step != default}
    return {code: step for code, step in wanted.items() if under(code, others) is not None}


def _by_score(step: Language, own: Mapping[str, Step]) -> Language:
    """Return `step` with limits of `own` for languages: it cannot follow itself as `ByLanguage`."""
    scores = {code: other.min_score for code, other in own.items() if isinstance(other, Language)}
    return replace(step, min_scores={code: score or 0.0 for code, score in scores.items()})


def _idle(step: Step, before: Step) -> bool:
    """Return whether tuning has left the filter without any rule."""
    return isinstance(before, Filter) and bool(before.rules) and not step.rules


def _needed(step: Step, later: Iterable[Step]) -> bool:
    measured = {signal.name for signal in step.measures}
    wanted = {name for s in later for name in (*s.needs, *(rule.signal for rule in s.rules))}
    return bool(measured & wanted)


def _warnings(good: Corpus, bad: Corpus, pooled: Profile, settings: Settings) -> list[str]:
    said = []
    for side in (good, bad):
        for what, counts in (
            ("broke on", side.failed),
            ("dropped, by what is not tuned,", side.gone),
        ):
            said += [
                f"{stage} {what} {count:,} of the {side.label} documents: they took no part"
                for stage, count in counts.items()
            ]
        if len(side) < _FEW:
            said.append(f"only {len(side):,} {side.label} documents: the limits are rough")
    may = settings.demands.max_loss * pooled.good.chosen_on
    if may < _EXPECTED:
        said.append(
            f"max_loss is {int(may + 1e-9)} of the {pooled.good.chosen_on:,} good documents that "
            "limits are chosen on: few limits have room, and they rest on the most extreme ones"
        )
    both = len(np.intersect1d(good.ids, bad.ids))
    if both:
        said.append(f"{both:,} documents are in both corpora, by their ids")
    if not pooled.limits:
        said.append("no limit is proposed: the tails of these corpora do not differ enough")
    return said


def _pipeline(pipe: Pipeline | Step | Sequence[Step] | None, by: str | None) -> Pipeline:
    if pipe is None:
        from webfilter.heuristics.c4 import C4Quality
        from webfilter.heuristics.fineweb import FineWebQuality
        from webfilter.heuristics.gopher import GopherQuality
        from webfilter.heuristics.repetition import GopherRepetition

        c4 = C4Quality(terminal_punctuation=False)
        pipe = (GopherRepetition(), GopherQuality(), c4, FineWebQuality())
    several = isinstance(pipe, (list, tuple))
    start = Pipeline(tuple(pipe) if several else (pipe,))  # type: ignore[arg-type]
    if by is None or any(signal.name == "language" for signal in start.signals):
        return start
    first = min((knob.step for knob in knobs(start)), default=0)
    return Pipeline((*start.steps[:first], Language(None), *start.steps[first:]))


def _once(start: Pipeline, tuned: Sequence[Knob]) -> None:
    """Refuse given signals where one name stands for two measurements."""
    for knob in tuned:
        owners = [
            name
            for name, step in zip(start.names, start.steps, strict=True)
            if any(signal.name == knob.signal for signal in step.measures)
        ]
        if len(owners) > 1:
            raise ConfigError(
                f"tune: {' and '.join(owners)} both measure {knob.signal!r}, so given signals do "
                "not say which one; leave given out"
            )


def _enough(corpus: Corpus) -> None:
    if len(corpus) >= _LEAST and corpus.halved >= _HALF:
        return
    if len(corpus) >= _LEAST:
        raise ConfigError(
            f"tune: the {corpus.label} corpus has {len(np.unique(corpus.ids)):,} different ids in "
            f"{len(corpus):,} documents; it is halved by id, so they must differ"
        )
    count = f"{len(corpus):,} usable documents" if len(corpus) else "no usable documents"
    left = [
        f"{count:,} {what} {stage}"
        for what, counts in (("broken in", corpus.failed), ("dropped, untuned, by", corpus.gone))
        for stage, count in counts.items()
    ]
    more = f" ({', '.join(left)})" if left else ""
    raise ConfigError(
        f"tune: the {corpus.label} corpus has {count}{more}; it needs {_LEAST}, better {_FEW:,}"
    )


def _between(name: str, value: float, low: float, high: float) -> float:
    fits = isinstance(value, (int, float)) and not isinstance(value, bool) and low <= value < high
    if not fits:
        raise ConfigError(f"tune: {name} = {value!r} is not from {low} to below {high:g}")
    return float(value)


def _counted(name: str, value: int, least: int = 1) -> int:
    if type(value) is not int or value < least:
        raise ConfigError(f"tune: {name} = {value!r}; it takes a whole number, {least} or more")
    return value


def _one_of(name: str, value: Any, known: tuple[Any, ...]) -> Any:
    if value not in known:
        raise UnknownName(f"value of {name} in tune", str(value), [k for k in known if k])
    return value
