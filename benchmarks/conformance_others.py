"""Do our other profiles decide as the systems that they are named after?

- ``dolma``: the tagger gopher_v1 of an installed Dolma, with the exclusions of its configuration
  dolma-v1_5/mixing/cc-head.yaml (and the limits on the most common n-grams in force, which there
  never apply because the names differ).
- ``dclm``: DCLM is no package; its rules are written out here as plain loops, over the words of an
  installed ``uniseg``.
- ``datatrove-2024-04``: the filters of an installed datatrove 0.2.0, with NLTK and its punkt model;
  ours with the words of NLTK and with our own.
- ``tfds-2019``: the lines of C4's ``clean_page`` in TensorFlow Datasets, written out here; without
  its count of sentences, which is NLTK's, and its bad words.

Each but the last needs its system in the environment: ``pip install dolma``, ``pip install
uniseg``, or ``pip install datatrove==0.2.0 nltk`` and ``python -m nltk.downloader punkt_tab``.
Sources are JSONL with ``text``, plain, .gz or .xz::

    python benchmarks/conformance_others.py dolma texts.jsonl.xz --every 2
"""

from __future__ import annotations

import argparse
import gzip
import json
import lzma
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import webfilter as wf

Judge = Callable[[str], str | None]
"""Why a text is dropped, by the name of our signal; None: kept."""
GRAMS = {2: 0.2, 3: 0.18, 4: 0.16, 5: 0.15, 6: 0.14, 7: 0.13, 8: 0.12, 9: 0.11, 10: 0.10}


def gram(n: int) -> str:
    """Return the name of our signal on n-grams."""
    return f"{'top' if n < 5 else 'duplicate'}_{n}gram_character_ratio"


def dolma() -> dict[str, tuple[Judge, wf.Stage]]:
    """Return the judges of Dolma and our stages."""
    from dolma.taggers.gopher import get_attributes

    def quality(text: str) -> str | None:
        a = get_attributes(text)
        for name, wrong in (
            ("words", not 50 <= a.word_count <= 100_000),
            ("median_word_length", not 3 <= a.median_word_length <= 10),
            ("symbol_word_ratio", a.symbol_to_word_ratio > 0.1),
            ("alpha_word_ratio", a.fraction_of_words_with_alpha_character < 0.8),
            ("stop_words", a.required_word_count < 2),
            ("bullet_line_ratio", a.fraction_of_lines_starting_with_bullet_point > 0.9),
            ("ellipsis_line_ratio", a.fraction_of_lines_ending_with_ellipsis > 0.3),
        ):
            if wrong:
                return name
        return None

    def repetition(text: str) -> str | None:
        a = get_attributes(text)
        if a.fraction_of_duplicate_lines > 0.3:
            return "duplicate_line_ratio"
        if a.fraction_of_characters_in_duplicate_lines > 0.3:
            return "duplicate_line_character_ratio"
        both = (
            *a.fraction_of_characters_in_most_common_ngram,
            *a.fraction_of_characters_in_duplicate_ngrams,
        )
        return next((gram(n) for n, share in both if share > GRAMS[n]), None)

    from dolma.taggers.c4 import get_attributes as c4_attributes

    def lines(text: str) -> str:
        kept, end = "", 0
        for span in c4_attributes(text).lines_with_no_ending_punctuation:
            kept, end = kept + text[end : span.start], span.end
        return "\n".join(line.strip() for line in (kept + text[end:]).split("\n")).strip()

    c4 = wf.C4Quality.profile("dolma")

    def same_text(text: str) -> str | None:
        [doc] = c4.process([wf.Document("a", text)])
        return None if doc.text == lines(text) else "other text"

    return {
        "c4_quality (text)": (same_text, c4),
        "gopher_quality": (quality, wf.GopherQuality.profile("dolma")),
        "gopher_repetition": (repetition, wf.GopherRepetition.profile("dolma")),
    }


def dclm() -> dict[str, tuple[Judge, wf.Stage]]:
    """Return the judges of DCLM, as its source has them, and our stages."""
    from uniseg.wordbreak import words as uniseg_words

    def parts(text: str, end: str) -> list[str]:
        return [part for part in map(str.strip, text.split(end)) if part]

    def quality(text: str) -> str | None:
        words, lines = text.split(), parts(text, "\n")
        if not 50 <= sum(word[0].isalnum() for word in words) <= 100_000:
            return "words"
        if not 3 <= sum(map(len, words)) / len(words) <= 10:
            return "mean_word_length"
        if sum(map(text.count, ("#", "...", ". . .", "…"))) / len(words) > 0.1:
            return "symbol_word_ratio"
        if sum(line.startswith(("●", "•", "*", "-")) for line in lines) > 0.9 * len(lines):
            return "bullet_line_ratio"
        if sum(line.endswith(("...", ". . .", "…")) for line in lines) > 0.3 * len(lines):
            return "ellipsis_line_ratio"
        if sum(not any(map(str.isalpha, word)) for word in words) / len(words) > 0.2:
            return "alpha_word_ratio"
        stops = {"the", "be", "to", "of", "and", "that", "have", "with"}
        return "stop_words" if sum(word.lower() in stops for word in words) < 2 else None

    def repetition(text: str) -> str | None:
        if not text:
            return "characters"
        for characters, most in ((False, 0.3), (True, 0.2)):
            for unit, end in (("line", "\n"), ("paragraph", "\n\n")):
                segments = parts(text, end)
                size = len if characters else lambda part: 1
                again = sum(
                    size(part) * count for part, count in Counter(segments).items() if count > 1
                )
                if segments and again / sum(map(size, segments)) > most:
                    return f"duplicate_{unit}_{'character_' if characters else ''}ratio"
        words = [word for word in uniseg_words(text) if word[0].isalnum()]
        whole = sum(map(len, words))
        for n, most in GRAMS.items():
            grams = list(zip(*(words[k:] for k in range(n)), strict=False))
            counts = Counter(grams)
            times = max(counts.values(), default=0)
            if times < 2:
                continue
            if n < 5:
                longest = max(sum(map(len, g)) for g, count in counts.items() if count == times)
                share = longest * times / whole
            else:
                inside = {i + k for i, g in enumerate(grams) if counts[g] > 1 for k in range(n)}
                share = sum(len(words[i]) for i in inside) / whole
            if share > most:
                return gram(n)
        return None

    return {
        "gopher_quality": (quality, wf.GopherQuality.profile("dclm")),
        "gopher_repetition": (repetition, wf.GopherRepetition.profile("dclm")),
    }


def april() -> dict[str, tuple[Judge, wf.Stage]]:
    """Return the filters of datatrove 0.2.0 and our stages, with NLTK's words and with ours."""
    from conformance_reasons import REASONS
    from datatrove.data import Document
    from datatrove.pipeline.filters import (
        C4QualityFilter,
        FineWebQualityFilter,
        GopherQualityFilter,
        GopherRepetitionFilter,
    )

    def judge(theirs: Any) -> Judge:
        def asked(text: str) -> str | None:
            outcome = theirs.filter(Document(text=text, id="a"))
            return None if outcome is True else REASONS[outcome[1]]

        return asked

    found: dict[str, tuple[Judge, wf.Stage]] = {}
    for family, theirs in (
        (wf.GopherRepetition, GopherRepetitionFilter()),
        (wf.GopherQuality, GopherQualityFilter()),
        (wf.C4Quality, C4QualityFilter()),
        (wf.FineWebQuality, FineWebQualityFilter(None)),
    ):
        for words in ("nltk", "english"):
            stage = family.profile("datatrove-2024-04", words=words)
            found[f"{stage.name}, {words}"] = (judge(theirs), stage)
    return found


def tfds() -> dict[str, tuple[Judge, wf.Stage]]:
    """Return why C4's code drops a page or keeps another text than we, and our stage."""
    stage = wf.C4Quality.profile("tfds-2019", min_sentences=None)
    policies = ("terms of use", "privacy policy", "cookie policy", "uses cookies")
    policies += ("use of cookies", "use cookies")

    def lines(text: str) -> Iterator[str]:
        for line in text.splitlines():
            found = re.sub(r"\[\d*\]|\[edit\]|\[citation needed\]", "", line.strip())
            ends = found.endswith((".", "?", "!", '"')) and not found.endswith("...")
            if ends and len(found.split()) >= 5:
                yield found

    def judge(text: str) -> str | None:
        kept = []
        for line in lines(text):
            low = line.lower()
            if "lorem ipsum" in low:
                return "lorem_ipsum"
            if "javascript" in low:
                continue
            if "{" in line:
                return "curly_bracket"
            if not any(policy in low for policy in policies):
                kept.append(line)
        [ours] = stage.process([wf.Document("a", text)])
        return None if ours.text == "\n".join(kept).strip() else "other text"

    return {"c4_quality": (judge, stage)}


SYSTEMS = {"dolma": dolma, "dclm": dclm, "datatrove-2024-04": april, "tfds-2019": tfds}


def texts(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (id, text) of the documents of `path`."""
    opened: Any = {".gz": gzip.open, ".xz": lzma.open}.get(path.suffix, open)
    with opened(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            row = json.loads(line)
            yield str(row.get("id", f"{path.name}:{number}")), row["text"]


def main() -> None:
    """Print the table and the differences."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("system", choices=SYSTEMS)
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--every", type=int, default=1, help="take every n-th document")
    args = parser.parse_args()
    documents = [pair for path in args.paths for pair in texts(path) if pair[1].strip()]
    documents = documents[:: args.every]
    print(f"{len(documents)} documents\n\n| {args.system} | dropped | decision | reason |")
    print("| --- | --- | --- | --- |")
    said = []
    for name, (judge, stage) in SYSTEMS[args.system]().items():
        dropped = decisions = reasons = 0
        for key, text in documents:
            theirs = judge(text)
            verdict = stage.process([wf.Document(key, text)])[0].verdict
            ours = None if verdict is None else verdict.reason
            dropped += theirs is not None
            decisions += (theirs is None) == (ours is None)
            reasons += theirs == ours
            if theirs != ours:
                said.append(f"{name}: {key}: theirs {theirs or 'kept'}, ours {verdict or 'kept'}")
        shares = (dropped, decisions, reasons)
        print(f"| {name} | {' | '.join(f'{n / len(documents):.2%}' for n in shares)} |")
    print("\n" + "\n".join(said))


if __name__ == "__main__":
    main()
