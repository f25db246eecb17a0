"""Raw web crawl in, training text that a small model can learn from out.

Three ideas:

1. A `Document` is an immutable record that gathers *signals* and at most one *verdict*.
2. A stage takes a batch of documents and returns them in the same order, marked. A stage is its
   configuration: a frozen dataclass.
3. A corpus stage (dedup) must see everything first: it sketches batches, then resolves into an
   ordinary stage.

``a | b`` is a `Pipeline`; it owns batching, error isolation, counting and routing::

    import webfilter as wf

    pipe = wf.recipe("educational")
    report = pipe.run(wf.read("crawl/*.warc.gz"), "out", workers=2)
    pipe.explain(html=page)

Names are resolved when first used, so importing webfilter loads nothing heavy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOME = {
    "Annotations": "webfilter.score.annotation",
    "Annotator": "webfilter.score.annotator",
    "BadWords": "webfilter.heuristics.badwords",
    "ByLanguage": "webfilter.compose",
    "C4Quality": "webfilter.heuristics.c4",
    "Cascade": "webfilter.extract",
    "Composition": "webfilter.heuristics.composition",
    "ConfigError": "webfilter.errors",
    "Contamination": "webfilter.heuristics.contamination",
    "CorpusStage": "webfilter.stage",
    "Document": "webfilter.document",
    "DocumentError": "webfilter.errors",
    "DraftLanguage": "webfilter.language",
    "Educational": "webfilter.score.educational",
    "EducationalTrainer": "webfilter.score.trainer",
    "Ensemble": "webfilter.score.ensemble",
    "Estimator": "webfilter.score.estimator",
    "ExactDedup": "webfilter.dedup.exact",
    "Explanation": "webfilter.report",
    "Extract": "webfilter.extract",
    "FastTextQuality": "webfilter.score.fasttext_quality",
    "Filter": "webfilter.stage",
    "FineWebQuality": "webfilter.heuristics.fineweb",
    "GopherQuality": "webfilter.heuristics.gopher",
    "GopherRepetition": "webfilter.heuristics.repetition",
    "Judge": "webfilter.compose",
    "Language": "webfilter.language",
    "LanguageFacts": "webfilter.languages",
    "LanguageParts": "webfilter.language",
    "Length": "webfilter.heuristics.length",
    "LineDedup": "webfilter.dedup.lines",
    "Lines": "webfilter.heuristics.lines",
    "MinHash": "webfilter.dedup.minhash",
    "MinHashIndex": "webfilter.dedup.index",
    "MinHashOnline": "webfilter.dedup.minhash_online",
    "MissingExtra": "webfilter.errors",
    "OnlineStage": "webfilter.stage",
    "OutputError": "webfilter.errors",
    "PassageDedup": "webfilter.dedup.passages",
    "Pii": "webfilter.heuristics.pii",
    "Pipeline": "webfilter.pipeline",
    "RankEnsemble": "webfilter.score.ensemble",
    "RayWorkers": "webfilter.run.ray",
    "Report": "webfilter.report",
    "Rubric": "webfilter.score.annotation",
    "Rule": "webfilter.stage",
    "RunError": "webfilter.errors",
    "Sample": "webfilter.compose",
    "Sandboxed": "webfilter.extract",
    "Scorer": "webfilter.stage",
    "SeenBefore": "webfilter.dedup.seen",
    "SeenIn": "webfilter.dedup.seen_in",
    "Signal": "webfilter.stage",
    "SourceError": "webfilter.errors",
    "Stage": "webfilter.stage",
    "SubstringDedup": "webfilter.dedup.substrings",
    "TableWorker": "webfilter.run.tables",
    "Teacher": "webfilter.score.teacher",
    "TextUrls": "webfilter.heuristics.texturls",
    "Tiers": "webfilter.score.tiers",
    "TokenBudget": "webfilter.score.threshold",
    "Tokens": "webfilter.score.tokens",
    "TopShare": "webfilter.score.threshold",
    "Transform": "webfilter.stage",
    "TransformersModel": "webfilter.score.transformers_model",
    "Tuning": "webfilter.tuning",
    "UnknownName": "webfilter.errors",
    "UrlFilter": "webfilter.heuristics.url",
    "Verdict": "webfilter.document",
    "WebfilterError": "webfilter.errors",
    "Where": "webfilter.compose",
    "canonical": "webfilter.codes",
    "check_tiers": "webfilter.run.tiers",
    "compare": "webfilter.report.compare",
    "distill": "webfilter.score.teacher",
    "fineweb2": "webfilter.recipes.fineweb2",
    "fit_cascade": "webfilter.tuning",
    "fit_order": "webfilter.tuning",
    "known_languages": "webfilter.languages",
    "language_facts": "webfilter.languages",
    "recipe": "webfilter.recipes",
    "select": "webfilter.score.select",
    "tune": "webfilter.tuning",
}
_MODULES = ("catalog", "models", "read", "testing", "write")

__all__ = [
    "Annotations",
    "Annotator",
    "BadWords",
    "ByLanguage",
    "C4Quality",
    "Cascade",
    "Composition",
    "ConfigError",
    "Contamination",
    "CorpusStage",
    "Document",
    "DocumentError",
    "DraftLanguage",
    "Educational",
    "EducationalTrainer",
    "Ensemble",
    "Estimator",
    "ExactDedup",
    "Explanation",
    "Extract",
    "FastTextQuality",
    "Filter",
    "FineWebQuality",
    "GopherQuality",
    "GopherRepetition",
    "Judge",
    "Language",
    "LanguageFacts",
    "LanguageParts",
    "Length",
    "LineDedup",
    "Lines",
    "MinHash",
    "MinHashIndex",
    "MinHashOnline",
    "MissingExtra",
    "OnlineStage",
    "OutputError",
    "PassageDedup",
    "Pii",
    "Pipeline",
    "RankEnsemble",
    "RayWorkers",
    "Report",
    "Rubric",
    "Rule",
    "RunError",
    "Sample",
    "Sandboxed",
    "Scorer",
    "SeenBefore",
    "SeenIn",
    "Signal",
    "SourceError",
    "Stage",
    "SubstringDedup",
    "TableWorker",
    "Teacher",
    "TextUrls",
    "Tiers",
    "TokenBudget",
    "Tokens",
    "TopShare",
    "Transform",
    "TransformersModel",
    "Tuning",
    "UnknownName",
    "UrlFilter",
    "Verdict",
    "WebfilterError",
    "Where",
    "__version__",
    "canonical",
    "catalog",
    "check_tiers",
    "compare",
    "distill",
    "fineweb2",
    "fit_cascade",
    "fit_order",
    "known_languages",
    "language_facts",
    "models",
    "read",
    "recipe",
    "select",
    "testing",
    "tune",
    "write",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        found = getattr(importlib.import_module(_HOME[name]), name)
    elif name in _MODULES:
        found = importlib.import_module(f"webfilter.{name}")
    else:
        raise AttributeError(f"module 'webfilter' has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__


if TYPE_CHECKING:
    from webfilter import catalog, models, testing, write
    from webfilter.codes import canonical
    from webfilter.compose import ByLanguage, Judge, Sample, Where
    from webfilter.dedup.exact import ExactDedup
    from webfilter.dedup.index import MinHashIndex
    from webfilter.dedup.lines import LineDedup
    from webfilter.dedup.minhash import MinHash
    from webfilter.dedup.minhash_online import MinHashOnline
    from webfilter.dedup.passages import PassageDedup
    from webfilter.dedup.seen import SeenBefore
    from webfilter.dedup.seen_in import SeenIn
    from webfilter.dedup.substrings import SubstringDedup
    from webfilter.document import Document, Verdict
    from webfilter.errors import (
        ConfigError,
        DocumentError,
        MissingExtra,
        OutputError,
        RunError,
        SourceError,
        UnknownName,
        WebfilterError,
    )
    from webfilter.extract import Cascade, Extract, Sandboxed
    from webfilter.heuristics.badwords import BadWords
    from webfilter.heuristics.c4 import C4Quality
    from webfilter.heuristics.composition import Composition
    from webfilter.heuristics.contamination import Contamination
    from webfilter.heuristics.fineweb import FineWebQuality
    from webfilter.heuristics.gopher import GopherQuality
    from webfilter.heuristics.length import Length
    from webfilter.heuristics.lines import Lines
    from webfilter.heuristics.pii import Pii
    from webfilter.heuristics.repetition import GopherRepetition
    from webfilter.heuristics.texturls import TextUrls
    from webfilter.heuristics.url import UrlFilter
    from webfilter.language import DraftLanguage, Language, LanguageParts
    from webfilter.languages import LanguageFacts, known_languages, language_facts
    from webfilter.pipeline import Pipeline
    from webfilter.read import read  # the module, which can be called, as mypy understands it
    from webfilter.recipes import recipe
    from webfilter.recipes.fineweb2 import fineweb2
    from webfilter.report import Explanation, Report
    from webfilter.report.compare import compare
    from webfilter.run.ray import RayWorkers
    from webfilter.run.tables import TableWorker
    from webfilter.run.tiers import check_tiers
    from webfilter.score.annotation import Annotations, Rubric
    from webfilter.score.annotator import Annotator
    from webfilter.score.educational import Educational
    from webfilter.score.ensemble import Ensemble, RankEnsemble
    from webfilter.score.estimator import Estimator
    from webfilter.score.fasttext_quality import FastTextQuality
    from webfilter.score.select import select
    from webfilter.score.teacher import Teacher, distill
    from webfilter.score.threshold import TokenBudget, TopShare
    from webfilter.score.tiers import Tiers
    from webfilter.score.tokens import Tokens
    from webfilter.score.trainer import EducationalTrainer
    from webfilter.score.transformers_model import TransformersModel
    from webfilter.stage import (
        CorpusStage,
        Filter,
        OnlineStage,
        Rule,
        Scorer,
        Signal,
        Stage,
        Transform,
    )
    from webfilter.tuning import Tuning, fit_cascade, fit_order, tune
