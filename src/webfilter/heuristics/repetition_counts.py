"""What each version of Gopher's repetition rules measures: on lines, paragraphs and runs of words.

Text and words in, signals out; `webfilter.heuristics.repetition` judges them, and its `PROFILES`
say in words what is done here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from webfilter.document import Value
from webfilter.heuristics.copies import Copies
from webfilter.heuristics.ngrams import TokenRuns, duplicate_characters, top_characters
from webfilter.heuristics.removed import later_copies, most_common_removed, written_parts
from webfilter.text import Tokens

__all__ = ["DUPLICATE", "TOP", "of_parts", "set_runs"]

_Found: TypeAlias = Sequence[dict[str, Value]]

TOP = (2, 3, 4)
"""Words of the n-grams of which the most common one is measured."""
DUPLICATE = (5, 6, 7, 8, 9, 10)
"""Words of those of which all that occur again are."""


def of_parts(text: str, version: str) -> dict[str, Value]:
    """Return what `version` measures on the paragraphs and lines of `text`."""
    found: dict[str, Value] = {}
    if version == "datatrove-2024-12":
        parts = {"paragraph": _paragraphs(text), "line": _lines(text)}
    elif version == "datatrove-2024-04":
        parts = {"paragraph": _paragraphs(text), "line": text.splitlines()}
    elif version == "dolma":
        parts = {"line": text.split("\n")}
    elif version == "nemo-curator":
        parts = written_parts(text)
    else:
        parts = {"paragraph": _stripped(text, "\n\n"), "line": _stripped(text, "\n")}
    datatrove = version.startswith("datatrove")
    later = datatrove or version == "nemo-curator"
    for unit, segments in parts.items():
        if not text or not segments:
            continue
        number, characters = _again(segments) if later else _copied(segments)
        whole = len(text) if datatrove else sum(map(len, segments))
        if version == "dolma":
            whole = sum(map(len, text.split()))
        found[f"duplicate_{unit}_ratio"] = number / len(segments)
        if whole:
            found[f"duplicate_{unit}_character_ratio"] = characters / whole
    return found


def set_runs(found: _Found, version: str, texts: Sequence[str], tokens: Sequence[Tokens]) -> None:
    """Set in `found` what `version` measures on runs of words.

    Args:
        found: the signals of each text, with ``characters`` among them; changed in place.
        version: whose way of counting.
        texts: up to `MOST_DOCUMENTS` texts.
        tokens: the words of each.
    """
    runs = TokenRuns.of(tokens)
    if version == "nemo-curator":
        _removed(found, runs, texts, tokens)
    elif version.startswith("datatrove"):
        _later_copies(found, runs)
    else:
        _all_copies(found, runs, version)


def _later_copies(found: _Found, runs: TokenRuns) -> None:
    """Set in `found` what datatrove measures on runs of words."""
    for n in TOP:
        _set_shares(found, f"top_{n}gram_character_ratio", top_characters(runs, n))
    for n in DUPLICATE:
        name = f"duplicate_{n}gram_character_ratio"
        _set_shares(found, name, duplicate_characters(runs, n))


def _removed(
    found: _Found, runs: TokenRuns, texts: Sequence[str], tokens: Sequence[Tokens]
) -> None:
    """Set in `found` what NeMo Curator measures on runs of words."""
    for n in TOP:
        shares = most_common_removed(runs, n, texts, tokens)
        for signals, share in zip(found, shares, strict=True):
            signals[f"top_{n}gram_character_ratio"] = share
    for n in DUPLICATE:
        for signals, share in zip(found, later_copies(runs, n, texts), strict=True):
            signals[f"duplicate_{n}gram_character_ratio"] = share


def _all_copies(found: _Found, runs: TokenRuns, version: str) -> None:
    """Set in `found` what the paper, DCLM and Dolma measure on runs of words."""
    wholes = np.diff(runs.offsets.take(runs.bounds)).tolist()
    for n in TOP:
        top = (
            top_characters(runs, n, spaces=0)
            if version == "dolma"
            else Copies.of(runs, n).longest_of_most_common()
        )
        for signals, part, whole in zip(found, top, wholes, strict=True):
            signals[f"top_{n}gram_character_ratio"] = None if part is None else part / whole
    for n in DUPLICATE:
        copies, name = Copies.of(runs, n), f"duplicate_{n}gram_character_ratio"
        if version == "dolma":
            for signals, share in zip(found, copies.share_of_all(), strict=True):
                signals[name] = share
        else:
            for signals, part, whole in zip(found, copies.covered(), wholes, strict=True):
                signals[name] = part / whole if whole else None


def _set_shares(found: _Found, name: str, characters: Sequence[int | None]) -> None:
    for signals, part in zip(found, characters, strict=True):
        whole = signals["characters"]
        if part is not None and isinstance(whole, int) and whole:
            signals[name] = part / whole


def _paragraphs(text: str) -> list[str]:
    """Return what ``re.split(r"\\n{2,}", text.strip())`` does, four times as fast."""
    parts = text.strip().split("\n\n")
    return [part.lstrip("\n") for part in parts if part not in ("", "\n")] or [""]


def _lines(text: str) -> list[str]:
    """Return what ``re.split(r"\\n+", text)`` does, four times as fast."""
    parts = [part for part in text.split("\n") if part]
    return [""] * text.startswith("\n") + parts + [""] * text.endswith("\n")


def _stripped(text: str, end: str) -> list[str]:
    return [part for part in map(str.strip, text.split(end)) if part]


def _copied(parts: Sequence[str]) -> tuple[int, int]:
    """Return how many of `parts` occur more than once, all copies counted, and their characters."""
    if len(set(parts)) == len(parts):
        return 0, 0
    several = [(part, count) for part, count in Counter(parts).items() if count > 1]
    return sum(n for _, n in several), sum(len(part) * n for part, n in several)


def _again(parts: Sequence[str]) -> tuple[int, int]:
    """Return how many of `parts` occurred before, and their characters."""
    different = set(parts)
    if len(different) == len(parts):
        return 0, 0
    characters = sum(map(len, parts)) - sum(map(len, different))
    return len(parts) - len(different), characters
