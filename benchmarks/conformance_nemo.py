"""Does the recipe nemo-curator keep the texts that NeMo Curator's English heuristics keep?

Theirs is the chain of ``heuristic_filter_english_pipeline.yaml`` in the installed package, its own
filters with its own limits. Ours are the recipe's stages behind the language. Both get the same
texts (WARC pages by the recipe's own extraction). Each filter is asked about every text, also
behind one that dropped it, so the rules are compared one by one: whether a text breaks it there,
and here. Differences are counted under their cause; what has none is listed::

    pip install --no-deps nemo-curator && pip install regex loguru pyyaml
    python benchmarks/conformance_nemo.py texts.jsonl.xz pages.warc.gz

Sources are JSONL with ``text``, plain, .gz or .xz, and WARC files. The package's filters are loaded
without the rest of it, which wants Ray and more.
"""

from __future__ import annotations

import argparse
import importlib
import random
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from conformance_dclm import texts_of

import webfilter as wf
from webfilter.testing import hostile_documents, plain_documents

CONFIG = "config/text/heuristic_filter_english_pipeline.yaml"
SKIPPED = ("", ".stages", ".stages.text", ".stages.text.filters")
"""Packages that are not run when their modules are imported."""
GRAMS = {f"repeating_top_{n}grams": f"top_{n}gram_character_ratio" for n in (2, 3, 4)}
GRAMS |= {f"repeating_dup_{n}gram": f"duplicate_{n}gram_character_ratio" for n in range(5, 11)}
SIGNALS = {
    "alpha_numeric": "non_alphanumeric_ratio",
    "symbol_to_word": "symbol_word_ratio",
    "numbers_ratio": "digit_ratio",
    "urls_ratio": "url_character_ratio",
    "white_space": "white_space_ratio",
    "parentheses_ratio": "bracket_ratio",
    "boilerplate_string_ratio": "boilerplate_paragraph_ratio",
    "repeated_lines": "duplicate_line_ratio",
    "repeated_paragraphs": "duplicate_paragraph_ratio",
    "repeated_lines_char": "duplicate_line_character_ratio",
    "repeated_paragraphs_char": "duplicate_paragraph_character_ratio",
    "word_count": "words",
    "punctuation": "unterminated_line_ratio",
    "words_without_alphabets": "alpha_word_ratio",
    "common_english_words": "stop_words",
    "mean_word_length": "mean_word_length",
    "max_word_length": "longest_word",
    "ellipsis": "ellipsis_line_ratio",
    "bullet_ratio": "bullet_line_ratio",
    **GRAMS,
}
"""Our signal for a filter of theirs."""
STAGES = ("composition", "gopher_quality", "gopher_repetition")
PIECES = (
    "the", "of", "leaf", "Light", "green leaves make sugar", "so be it.", "12", "٣", "²", "Ⅳ",
    "...", "…", "[…]", "-»", "(...)", "• a", "● b", "- c", "#", "##", "#a#", "Read More", "!", '"',
    "\n", "\n\n", "\t", "\x0c", "\x85", "\b", "\xa0", "\r\n", "(", "]", "⟨", "ü", "İ", "\u0301",
    "http://a.b/%41%4", "https://", "http://x.de<b>;c", "HTTP://A.B", "光合作用", "\x00", "\ud800",
    "use cookies", "Cookie Policy", "terms\nof use", "lorem", "Lorem Ipsum", "privacy overview",
)  # fmt: skip
OLD_ADDRESS = r"http[s]?://(?:[a-zA-Z]|[0-9]|[$-_@.&+]|[!*\(\),]|(?:%[0-9a-fA-F][0-9a-fA-F]))+"
"""What was an address until NeMo Curator 1.2."""


@dataclass(frozen=True)
class Found:
    """What the rules say of a text."""

    broken: frozenset[str]
    """The signals whose rules it breaks."""
    failed: frozenset[str] = frozenset()
    """Those that cannot be computed: the filter divides by zero, or has no greatest word."""

    def first(self, order: Sequence[str]) -> str:
        """Return the signal that decides in `order`, ``kept``, or ``breaks the run``."""
        for signal in order:
            if signal in self.failed:
                return "breaks the run"
            if signal in self.broken:
                return signal
        return "kept"


def chain() -> dict[str, Any]:
    """Return the filters of NeMo Curator's configuration, in order, by our signal.

    Raises:
        SystemExit: the package is not installed.
    """
    spec = find_spec("nemo_curator")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("pip install --no-deps nemo-curator, and regex, loguru and pyyaml")
    import yaml

    root = Path(spec.submodule_search_locations[0])
    for name in SKIPPED:
        package = ModuleType(f"nemo_curator{name}")
        package.__path__ = [str(root.joinpath(*name.split(".")))]
        sys.modules[package.__name__] = package
    found: dict[str, Any] = {}
    for stage in yaml.safe_load((root / CONFIG).read_text("utf-8"))["stages"]:
        fields = dict(stage.get("filter_obj", {}))
        if fields:
            module, _, made = fields.pop("_target_").rpartition(".")
            judge = getattr(importlib.import_module(module), made)(**fields)
            found[SIGNALS[judge.name]] = judge
    return found


def theirs(filters: Mapping[str, Any], text: str) -> Found:
    """Return what each filter says of `text`."""
    broken, failed = set(), set()
    for signal, judge in filters.items():
        try:
            if not judge.keep_document(judge.score_document(text)):
                broken.add(signal)
        except (ZeroDivisionError, ValueError):
            failed.add(signal)
    return Found(frozenset(broken), frozenset(failed))


def ours(stages: Sequence[wf.Scorer | wf.Filter], texts: Sequence[str]) -> list[Found]:
    """Return what each rule of `stages` says of each of `texts`."""
    docs = [wf.Document(str(k), text) for k, text in enumerate(texts)]
    broken: list[set[str]] = [set() for _ in docs]
    for stage in stages:
        for mine, doc in zip(broken, stage.process(docs), strict=True):
            mine |= {r.signal for r in stage.rules if r.violated(doc.signals[r.signal])}
    return [Found(frozenset(mine)) for mine in broken]


def tops(text: str, n: int) -> list[float]:
    """Return the share that goes with each of the most common runs of `n` words, one for each."""
    words = text.split()
    counts = Counter(zip(*(words[k:] for k in range(n)), strict=False))
    most = max(counts.values())
    grams = [" ".join(gram) for gram, count in counts.items() if count == most]
    return [len(gram) * text.count(gram) / len(text) for gram in grams]


def letters(text: str) -> bool:
    """Return whether a word of `text` has a letter to `regex` and none to `str.isalpha`."""
    import regex

    alpha = regex.compile("[[:alpha:]]")
    return any(alpha.search(word) and not any(map(str.isalpha, word)) for word in text.split())


def cause(signal: str, text: str, limit: float) -> str:
    """Return why the rules on `signal` differ about `text`, as far as that is known."""
    if signal.startswith("top_"):
        shares = tops(text, int(signal[4]))
        if min(shares) <= limit < max(shares):
            return "several n-grams are the most common: there any of them, here the first"
    if signal == "alpha_word_ratio" and letters(text):
        return "marks and numerals that are letters to regex, and not to str.isalpha"
    return "unexplained"


def made(count: int) -> list[str]:
    """Return texts that break naive code, and `count` of pieces that the rules look at."""
    dice = random.Random(0)
    texts = [doc.text for doc in (*hostile_documents(), *plain_documents())]
    texts += ["http://a.b/" + "c" * 1_000_000, "word " * 12, "#", "...", "\n\n" * 60, "1 2\n" * 40]
    for _ in range(count):
        some = dice.sample(PIECES, dice.randint(2, 12))
        parts = dice.choices(some, k=dice.randint(1, 120))
        texts.append(dice.choice(["", " ", " ", "\n"]).join(parts))
    return texts


def seconds(call: Any) -> tuple[float, Any]:
    """Return the CPU seconds of a call, and its answer."""
    began = time.process_time()
    answer = call()
    return time.process_time() - began, answer


def chained(filters: Mapping[str, Any], texts: Sequence[str]) -> int:
    """Return how many of `texts` the filters keep, each asked until one drops it, as there."""
    kept = 0
    for text in texts:
        try:
            kept += all(f.keep_document(f.score_document(text)) for f in filters.values())
        except (ZeroDivisionError, ValueError):
            continue
    return kept


def family(signal: str) -> str:
    """Return what a rule looks at, as the table calls it."""
    if "gram_" in signal:
        return "most common 2 to 4-grams" if signal.startswith("top") else "repeated 5 to 10-grams"
    if signal.startswith("duplicate_"):
        return "repeated lines and paragraphs"
    if any(signal == mine.name for mine in wf.Composition.measures):
        return "`Composition`"
    return "`GopherQuality`"


def report(
    filters: Mapping[str, Any], texts: Sequence[str], there: list[Found], here: list[Found]
) -> None:
    """Print how often texts break the rules of each family, and the fate of all."""
    pairs = [(a, b) for a, b in zip(there, here, strict=True) if not a.failed]
    print("\n| rules | broken there | here | both |\n| --- | --- | --- | --- |")
    families: dict[str, list[str]] = {}
    for signal in filters:
        families.setdefault(family(signal), []).append(signal)
    for name, signals in families.items():
        cells = [0, 0, 0]
        for signal in signals:
            for a, b in pairs:
                both = (signal in a.broken, signal in b.broken)
                cells = [n + m for n, m in zip(cells, (*both, all(both)), strict=True)]
        print(f"| {name} ({len(signals)}) | {' | '.join(f'{cell:,}' for cell in cells)} |")
    pairs = list(zip(there, here, strict=True))
    order = list(filters)
    fates = [(a.first(order), b.first(order)) for a, b in pairs]
    kept = [(a == "kept", b == "kept") for a, b in fates]
    print(f"\ntexts that end the run there: {sum(a == 'breaks the run' for a, _ in fates)}")
    print(f"kept there {sum(a for a, _ in kept):,}, here {sum(b for _, b in kept):,}, ", end="")
    print(f"by both {kept.count((True, True)):,}")
    print(f"the same first reason: {sum(a == b for a, b in fates):,} of {len(texts):,}")


def main() -> None:
    """Compare; print two tables and two rates."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="*", type=Path, help="JSONL and WARC files")
    parser.add_argument("--made", type=int, help="add hostile texts, and so many of odd pieces")
    parser.add_argument("--show", type=int, default=5, help="unexplained differences to print")
    args = parser.parse_args()
    filters = chain()
    recipe = {step.name: step for step in wf.recipe("nemo-curator").steps}
    stages = [recipe[name] for name in STAGES]
    limits = {r.signal: limit for s in stages for r in s.rules for _, limit in r.bounds()}
    texts = texts_of(args.paths, recipe["extract"])
    if args.made is not None:
        texts += made(args.made)
    texts = [text for text in texts if text]  # an empty one is dropped on both sides
    print(f"{len(texts):,} texts")
    there = [theirs(filters, text) for text in texts]
    here = ours(stages, texts)
    report(filters, texts, there, here)

    counts: Counter[tuple[str, str]] = Counter()
    for text, a, b in zip(texts, there, here, strict=True):
        for signal in () if a.failed else sorted(a.broken ^ b.broken):
            why = cause(signal, text, limits[signal])
            counts[signal, why] += 1
            if why == "unexplained" and counts[signal, why] <= args.show:
                print(f"{signal}: {text[:60]!r}: there {signal in a.broken}, {signal in b.broken}")
    print("\n| rule | cause of a difference | texts |\n| --- | --- | --- |")
    for (signal, why), number in counts.most_common():
        print(f"| {signal} | {why} | {number} |")

    old = type(filters["url_character_ratio"])(url_regex=OLD_ADDRESS)
    moved = sum(
        old.keep_document(old.score_document(text)) == ("url_character_ratio" in a.broken)
        for text, a in zip(texts, there, strict=True)
    )
    print(f"\ntexts that the addresses of NeMo Curator until 1.2 judge otherwise: {moved}")
    pipe = wf.Pipeline(tuple(stages))
    docs = [wf.Document(str(k), text) for k, text in enumerate(texts)]
    slow, _ = seconds(lambda: chained(filters, texts))
    fast, _ = seconds(lambda: sum(1 for _ in pipe.kept(docs)))
    rates = (len(texts) / slow, len(texts) / fast)
    print(f"texts a CPU second: {rates[0]:.0f} there, {rates[1]:.0f} here, ratio {slow / fast:.1f}")


if __name__ == "__main__":
    main()
