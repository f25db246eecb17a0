"""Does the recipe dclm keep the texts that DCLM's own code keeps, and why not where it does not?

Theirs is what DCLM's repository says: the steps of ``dclm_baseline_refinedweb.yaml`` in their order,
each by its function there, from the removal of addresses within texts to the last rule on removed
words. Ours is the recipe from the same point on. Both get the same texts (WARC pages by the
recipe's own extraction) and the same fastText model. Not compared are extraction and the lists of
banned addresses, of which the repository does not have the first.

Every text's fate is compared: the step that dropped it, the rule of Gopher quality, the text. Each
difference is counted under its cause; what has none is listed::

    git clone https://github.com/mlfoundations/dclm
    pip install retrie uniseg nltk pyyaml fasttext-community
    python benchmarks/conformance_dclm.py texts.jsonl.xz pages.warc.gz --dclm dclm --lid lid.176.ftz

Sources are JSONL with ``text``, plain, .gz or .xz, and WARC files. What else DCLM's modules import
(transformers, justext, Beautiful Soup, langdetect ...) these steps do not use: stand-ins serve.
"""

from __future__ import annotations

import argparse
import importlib
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import webfilter as wf

CONFIG = "baselines/baselines_configs/dclm_baseline_refinedweb.yaml"
MODULES = (
    "modifiers", "filters.content_filters", "filters.metadata_filters", "enrichers.enrichers",
    "enrichers.language_id_enrichers",
)  # fmt: skip
UNUSED = ("justext", "bs4", "transformers", "blingfire", "unidecode", "langdetect")
FIRST = "url_removal_modifier"

Step = Callable[[dict[str, Any]], list[dict[str, Any]]]

STEPS = {
    "url_removal_modifier": ("urls", None),
    "newline_removal_modifier": ("urls", None),
    "language_filter": ("language", None),
    "page_length_filter": ("gopher_quality", "words"),
    "word_length_filter": ("gopher_quality", "mean_word_length"),
    "symbol_ratio_filter": ("gopher_quality", "symbol_word_ratio"),
    "bullet_count_filter": ("gopher_quality", "bullet_line_ratio"),
    "ellipsis_count_filter": ("gopher_quality", "ellipsis_line_ratio"),
    "alphabetic_word_ratio_filter": ("gopher_quality", "alpha_word_ratio"),
    "stop_word_filter": ("gopher_quality", "stop_words"),
    "massive_web_repetition_filters": ("gopher_repetition", None),
}
"""Our stage and rule for a step of theirs; the others are rules on lines."""


@dataclass(frozen=True)
class Fate:
    """What became of a text."""

    step: str
    """Our name of the step that dropped it, or ``kept``."""
    reason: str | None
    """The name of our rule, where the step has several there, too."""
    text: str
    """The text when it left."""


def chain(folder: Path, lid: Path) -> list[tuple[str, Step]]:
    """Return the names and functions of DCLM's steps, from `FIRST` on.

    Raises:
        SystemExit: `folder` is no checkout of DCLM, or one of its requirements is missing.
    """
    if not (folder / CONFIG).exists():
        raise SystemExit(f"{folder} is no checkout of mlfoundations/dclm: no {CONFIG}")
    for name in UNUSED:
        sys.modules[name] = MagicMock()
    sys.path[:0] = [str(folder), str(folder / "baselines")]
    import fasttext
    import yaml

    found = [importlib.import_module(f"baselines.mappers.{name}") for name in MODULES]
    found[-1].load_fasttext_model = lambda: fasttext.load_model(str(lid))
    [source] = yaml.safe_load((folder / CONFIG).read_text("utf-8"))
    names = [step["func"] for step in source["steps"]]
    steps: list[tuple[str, Step]] = []
    for step in source["steps"][names.index(FIRST) :]:
        name, fields = step["func"], {key: value for key, value in step.items() if key != "func"}
        if name == FIRST:
            fields["tlds_filepath"] = str(folder / "baselines/mappers/iana_tlds.txt")
        function = next(getattr(module, name) for module in found if hasattr(module, name))
        made = (
            function(**fields) if hasattr(function, "_is_factory") else partial(function, **fields)
        )
        steps.append((name, made))
    return steps


def theirs(steps: Sequence[tuple[str, Step]], text: str) -> Fate:
    """Return the fate of `text` there."""
    page: dict[str, Any] = {"text": text}
    for name, step in steps:
        left = step(page)
        if not left:
            return Fate(*STEPS.get(name, ("lines", None)), page["text"])
        [page] = left
    return Fate("kept", None, page["text"])
