"""Does the recipe dclm keep the texts that DCLM's own code keeps, and why not where it does not?

Theirs is what DCLM's repository says: the steps of ``dclm_baseline_refinedweb.yaml`` in their
order, each by its function there, from the removal of addresses within texts to the last rule, on
the words removed. Ours is the recipe from the same point on. Both get the same texts (WARC pages by
the recipe's own extraction) and the same fastText model. Not compared are extraction and the lists
of banned addresses, of which the repository does not have the first.

Of every text the step that dropped it, the rule of Gopher quality, and what is left of it are
compared. Each difference is counted under its cause; what has none is listed. Then the recipe with
one part changed, to see what the part decides::

    git clone https://github.com/mlfoundations/dclm
    pip install retrie uniseg nltk pyyaml fasttext-community
    python benchmarks/conformance_dclm.py texts.jsonl.xz pages.warc.gz --dclm dclm --lid lid.176.ftz

Sources are JSONL with ``text``, plain, .gz or .xz, and WARC files. Stand-ins serve for what DCLM's
modules import and these steps do not use: transformers, jusText, Beautiful Soup, langdetect.
"""

from __future__ import annotations

import argparse
import importlib
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
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

RULES = {
    "url_removal_modifier": ("text_urls", None),
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
OURS = ("text_urls", "language", "gopher_quality", "gopher_repetition", "lines", "kept")


@dataclass(frozen=True)
class Fate:
    """What became of a text."""

    step: str
    """Our name of the step that dropped it, or ``kept``."""
    reason: str | None
    """The name of our rule, where theirs tells it."""
    text: str
    """What was left, of more than two newlines two."""


def chain(folder: Path, lid: Path) -> list[tuple[str, Step]]:
    """Return the names and functions of DCLM's steps, from `FIRST` on.

    Raises:
        SystemExit: `folder` is no checkout of DCLM.
    """
    if not (folder / CONFIG).exists():
        raise SystemExit(f"{folder} is no checkout of mlfoundations/dclm: it has no {CONFIG}")
    for name in UNUSED:
        sys.modules[name] = MagicMock()
    sys.path[:0] = [str(folder), str(folder / "baselines")]
    import fasttext
    import yaml

    modules = [importlib.import_module(f"baselines.mappers.{name}") for name in MODULES]
    modules[-1].load_fasttext_model = lambda: fasttext.load_model(str(lid))
    [source] = yaml.safe_load((folder / CONFIG).read_text("utf-8"))
    first = [step["func"] for step in source["steps"]].index(FIRST)
    steps: list[tuple[str, Step]] = []
    for step in source["steps"][first:]:
        name, fields = step["func"], {key: value for key, value in step.items() if key != "func"}
        if name == FIRST:
            fields["tlds_filepath"] = str(folder / "baselines/mappers/iana_tlds.txt")
        made = next(getattr(module, name) for module in modules if hasattr(module, name))
        is_factory = hasattr(made, "_is_factory")
        steps.append((name, made(**fields) if is_factory else partial(made, **fields)))
    return steps


def theirs(steps: Iterable[tuple[str, Step]], text: str) -> Fate:
    """Return the fate of `text` there."""
    page: dict[str, Any] = {"text": text}
    for name, step in steps:
        left = step(page)
        if not left:
            return Fate(*RULES.get(name, ("lines", None)), page["text"])
        [page] = left
    return Fate("kept", None, page["text"])


def ours(stages: Sequence[wf.Stage], texts: Sequence[str]) -> list[Fate]:
    """Return the fates of `texts` here."""
    docs: Sequence[wf.Document] = [wf.Document(str(k), text) for k, text in enumerate(texts)]
    for stage in stages:
        live = iter(stage.process([doc for doc in docs if doc.live]))
        docs = [next(live) if doc.live else doc for doc in docs]
    fates = []
    for doc in docs:
        step, reason = "kept", None
        if doc.verdict is not None:
            step = doc.verdict.stage
            reason = doc.verdict.reason if step == "gopher_quality" else None
        fates.append(Fate(step, reason, re.sub(r"\n{3,}", "\n\n", doc.text)))
    return fates


def cause(there: Fate, here: Fate, spaced: Fate) -> str | None:
    """Return why two fates of a text differ, as far as that is known; None: they do not.

    Args:
        there: the text's fate there.
        here: its fate here.
        spaced: its fate there if new lines are spaces to the language model, as here.
    """
    if (there.step, there.reason) == (here.step, here.reason):
        if there.step == "lines" or re.sub(r"\n{3,}", "\n\n", there.text) == here.text:
            return None
        return "another text"
    if (spaced.step, spaced.reason) == (here.step, here.reason):
        return "new lines, deleted there before fastText, so that words run together"
    return "unexplained"


def spacing(steps: Iterable[tuple[str, Step]]) -> list[tuple[str, Step]]:
    """Return the steps, with white space that is one space each for the language model."""

    def asking(step: Step) -> Step:
        def ask(page: dict[str, Any]) -> list[dict[str, Any]]:
            [found] = step({"text": " ".join(page["text"].split())})
            return [{**found, **page}]

        return ask

    asks = "detect_lang_whole_page_enricher"
    return [(name, asking(step) if name == asks else step) for name, step in steps]


def funnel(pairs: Sequence[tuple[Fate, Fate]]) -> None:
    """Print how many texts left at each step, and of how many both say so."""
    print("\n| step | texts that leave there | here | the same texts |\n| --- | --- | --- | --- |")
    for step in OURS:
        left = [(there.step == step, here.step == step) for there, here in pairs]
        print(
            f"| {step} | {sum(a for a, _ in left):,} | {sum(b for _, b in left):,} | "
            f"{left.count((True, True)):,} |"
        )


def texts_of(paths: Sequence[Path], extract: wf.Stage) -> list[str]:
    """Return the texts of the files, pages as `extract` has them."""
    found = []
    for path in paths:
        docs = wf.read([str(path)])
        if ".warc" in path.name:
            docs = wf.Pipeline((extract,)).kept(docs)
        found += [doc.text for doc in docs if doc.text]
    return found


def main() -> None:
    """Compare; print three tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="+", type=Path, help="JSONL and WARC files")
    parser.add_argument("--dclm", required=True, type=Path, help="a checkout of mlfoundations/dclm")
    parser.add_argument("--lid", required=True, type=Path, help="fastText model, such as lid.176")
    parser.add_argument("--show", type=int, default=5, help="unexplained differences to print")
    args = parser.parse_args()
    recipe = {step.name: step for step in wf.recipe("dclm").steps}
    texts = texts_of(args.paths, recipe["extract"])
    steps = chain(args.dclm, args.lid)
    there = [theirs(steps, text) for text in texts]
    print(f"{len(texts):,} texts")

    remove = steps[0][1]
    known = "leaf.com"
    asked = [{"text": f"{text} {known}"} for text in texts]
    looked = sum(not remove(page) or not page["text"].endswith(known) for page in asked)
    print(f"texts in which theirs looks for names: {looked:,}")

    language = replace(recipe["language"], engine="fasttext", model=args.lid)
    stages = {"text_urls": recipe["text_urls"], "language": language}
    stages |= {name: recipe[name] for name in OURS[2:-1]}
    here = ours(list(stages.values()), texts)
    funnel(list(zip(there, here, strict=True)))
    counts: Counter[str] = Counter()
    spaced = spacing(steps)
    for text, one, other in zip(texts, there, here, strict=True):
        if cause(one, other, one) is None:
            continue
        why = cause(one, other, theirs(spaced, text)) or "none"
        counts[why] += 1
        if why in ("unexplained", "another text") and counts[why] <= args.show:
            print(f"{why}: {one.step}, {one.reason} there; {other.step}, {other.reason} here")
    print("\n| cause | texts |\n| --- | --- |")
    for why, number in counts.most_common():
        print(f"| {why} | {number} |")
    print(f"\nthe same fate: {len(texts) - counts.total():,} of {len(texts):,}")

    refinedweb = stages | {"lines": wf.Lines.profile("refinedweb")}
    changed = {
        "as it is": stages,
        "its own language model": stages | {"language": recipe["language"]},
        "addresses in texts stay": {k: v for k, v in stages.items() if k != "text_urls"},
        "addresses go in every text": stages | {"text_urls": wf.TextUrls.profile("refinedweb")},
        "lines of profile refinedweb": refinedweb,
        "both, as it was": {k: v for k, v in refinedweb.items() if k != "text_urls"},
    }
    print("\n| recipe | kept | by both | of these the same text |\n| --- | --- | --- | --- |")
    for name, some in changed.items():
        found = ours(list(some.values()), texts)
        both = [(a, b) for a, b in zip(there, found, strict=True) if a.step == b.step == "kept"]
        same_text = sum(re.sub(r"\n{3,}", "\n\n", a.text) == b.text for a, b in both)
        kept = sum(fate.step == "kept" for fate in found)
        print(f"| {name} | {kept:,} | {len(both):,} | {same_text:,} |")


if __name__ == "__main__":
    main()
