"""The catalogue: which stages exist, by name.

Our own stand in a plain dict of ``name: "module:Class"``, imported when asked for. Other packages
add theirs by the entry point group ``webfilter.stages`` (``name = "package.module:Class"``).
Recipes name stages through this catalogue only, never by a dotted path: a recipe from elsewhere
runs no code that is not installed.
"""

from __future__ import annotations

import importlib
import inspect
from contextlib import suppress
from dataclasses import is_dataclass
from importlib.metadata import EntryPoint, entry_points

from webfilter.errors import ConfigError, UnknownName
from webfilter.stage import Step

__all__ = ["STAGES", "name_of", "names", "stage_class", "summary"]

STAGES: dict[str, str] = {
    "url_filter": "webfilter.heuristics.url:UrlFilter",
    "draft_language": "webfilter.language:DraftLanguage",
    "extract": "webfilter.extract:Extract",
    "cascade": "webfilter.extract:Cascade",
    "sandboxed": "webfilter.extract:Sandboxed",
    "text_urls": "webfilter.heuristics.texturls:TextUrls",
    "language": "webfilter.language:Language",
    "language_parts": "webfilter.language:LanguageParts",
    "lines": "webfilter.heuristics.lines:Lines",
    "length": "webfilter.heuristics.length:Length",
    "composition": "webfilter.heuristics.composition:Composition",
    "gopher_repetition": "webfilter.heuristics.repetition:GopherRepetition",
    "gopher_quality": "webfilter.heuristics.gopher:GopherQuality",
    "c4_quality": "webfilter.heuristics.c4:C4Quality",
    "fineweb_quality": "webfilter.heuristics.fineweb:FineWebQuality",
    "bad_words": "webfilter.heuristics.badwords:BadWords",
    "pii": "webfilter.heuristics.pii:Pii",
    "contamination": "webfilter.heuristics.contamination:Contamination",
    "exact_dedup": "webfilter.dedup.exact:ExactDedup",
    "seen_in": "webfilter.dedup.seen_in:SeenIn",
    "minhash": "webfilter.dedup.minhash:MinHash",
    "passage_dedup": "webfilter.dedup.passages:PassageDedup",
    "line_dedup": "webfilter.dedup.lines:LineDedup",
    "substring_dedup": "webfilter.dedup.substrings:SubstringDedup",
    "seen_before": "webfilter.dedup.seen:SeenBefore",
    "minhash_online": "webfilter.dedup.minhash_online:MinHashOnline",
    "educational": "webfilter.score.educational:Educational",
    "fasttext_quality": "webfilter.score.fasttext_quality:FastTextQuality",
    "estimator": "webfilter.score.estimator:Estimator",
    "transformers_model": "webfilter.score.transformers_model:TransformersModel",
    "ensemble": "webfilter.score.ensemble:Ensemble",
    "rank_ensemble": "webfilter.score.ensemble:RankEnsemble",
    "tokens": "webfilter.score.tokens:Tokens",
    "top_share": "webfilter.score.threshold:TopShare",
    "token_budget": "webfilter.score.threshold:TokenBudget",
    "tiers": "webfilter.score.tiers:Tiers",
    "judge": "webfilter.compose:Judge",
    "where": "webfilter.compose:Where",
    "sample": "webfilter.compose:Sample",
    "by_language": "webfilter.compose:ByLanguage",
}
"""Our own stages, in the order in which a pipeline usually has them."""

_GROUP = "webfilter.stages"


def _plugins() -> dict[str, list[EntryPoint]]:
    """Return the entry points of each name: several, where packages disagree about it."""
    found: dict[str, dict[str, EntryPoint]] = {}
    for point in entry_points(group=_GROUP):
        found.setdefault(point.name, {})[point.value] = point
    return {name: list(points.values()) for name, points in found.items()}


def names() -> list[str]:
    """Return the names of all stages: ours in pipeline order, then those of installed plug-ins.

    >>> names()[:2]
    ['url_filter', 'draft_language']
    """
    return [*STAGES, *(name for name in sorted(_plugins()) if name not in STAGES)]


def stage_class(name: str) -> type[Step]:
    """Return the class of the stage called `name`. A plug-in cannot replace one of ours.

    Raises:
        UnknownName: nobody has a stage of that name; carries the nearest one.
        ConfigError: a plug-in's entry point does not lead to a stage that is a dataclass, or two
            plug-ins claim the name.
    """
    if name in STAGES:
        module, _, attribute = STAGES[name].partition(":")
        found = getattr(importlib.import_module(module), attribute)
    else:
        points = _plugins().get(name)
        if points is None:
            raise UnknownName("stage", name, names())
        if len(points) > 1:
            claims = " and ".join(sorted(point.value for point in points))
            raise ConfigError(
                f"stage {name!r}: the plug-ins {claims} both claim this name: uninstall one"
            )
        [point] = points
        try:
            found = point.load()
        except (Exception, SystemExit) as error:
            raise ConfigError(
                f"stage {name!r}: its plug-in {point.value} is broken: {error}"
            ) from error
    if not (isinstance(found, type) and issubclass(found, Step)):
        raise ConfigError(f"stage {name!r}: {found!r} is not a webfilter stage class")
    if not is_dataclass(found):
        raise ConfigError(
            f"stage {name!r}: {found!r} is no dataclass; write @dataclass(frozen=True)"
        )
    return found


def name_of(cls: type[Step]) -> str | None:
    """Return the name of `cls` in the catalogue; None: it is not there.

    That of a plug-in's entry point may be another than `Step.name`, by which verdicts call it.

    Raises:
        ConfigError: a plug-in of its name is broken.
    """
    if cls.name in STAGES and stage_class(cls.name) is cls:
        return cls.name
    plugins = _plugins()
    if cls.name in plugins and stage_class(cls.name) is cls:
        return cls.name
    for name in plugins:
        with suppress(ConfigError):  # another one is broken
            if stage_class(name) is cls:
                return name
    return None


def summary(name: str) -> str:
    """Return the first line of what the stage called `name`, or its base, says of itself."""
    return (inspect.getdoc(stage_class(name)) or "").partition("\n")[0]
