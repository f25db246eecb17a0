"""Which kind of words that spaces part is nearest to datatrove's tokenizer of each language?

    pip install datatrove[processing] spacy
    python benchmarks/words_spaced.py LID pages-*.warc.gz turku_lines.jsonl.xz --cache DIR

Texts are those of `conformance_fineweb2.py` (see there), at most 150 a language. F1 is of tokens
that start and end alike, over all texts of a language. A language whose tokenizer is not installed
or does not find its tokens in the text is left out, as are scripts that `languages.tsv` gives other
words.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from conformance_fineweb2 import pages
from datatrove.utils.word_tokenizers import load_word_tokenizer

from webfilter.languages import known_languages, language_facts
from webfilter.text import tokenize
from webfilter.text.manners import SpacedWords

MOST = 150
Spans = set[tuple[int, int]]


def placed(text: str, words: Sequence[str]) -> Spans:
    """Return where `words` stand in `text`, in their order."""
    found, at = set(), 0
    for word in words:
        start = text.index(word, at)
        at = start + len(word)
        found.add((start, at))
    return found


def agreement(theirs: Sequence[Spans], ours: Sequence[Spans]) -> float:
    """Return the F1 of tokens."""
    both = sum(len(a & b) for a, b in zip(theirs, ours, strict=True))
    return 2 * both / max(1, sum(map(len, theirs)) + sum(map(len, ours)))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("lid", type=Path)
    parser.add_argument("others", nargs="*", type=Path, help="WARC, or JSONL with text")
    parser.add_argument("--cache", type=Path, default=Path(), help="folder for extracted texts")
    args = parser.parse_args()
    kinds = get_args(SpacedWords)
    codes = {code for code in known_languages() if language_facts(code).words in kinds}
    of = pages(codes, args.lid, args.others, args.cache)
    print(f"| language | its tokenizer | {' | '.join(kinds)} | taken |")
    print("| --- " * (3 + len(kinds)) + "|")
    for code in sorted(codes):
        some = of.get(code, [])
        some = some[:: max(1, len(some) // MOST)][:MOST]
        try:
            judge = load_word_tokenizer(f"{code}_{language_facts(code).scripts[0]}")
            theirs = [placed(text, judge.word_tokenize(text)) for text in some]
        except (ImportError, OSError, ValueError):
            continue
        if not some:
            continue
        shares = [
            agreement(
                theirs,
                [
                    set(zip(cut.starts.tolist(), cut.ends.tolist(), strict=True))
                    for cut in (tokenize(text, kind) for text in some)
                ],
            )
            for kind in kinds
        ]
        cells = " | ".join(f"{share:.2%}" for share in shares)
        name = f"{type(judge).__name__.removesuffix('Tokenizer')} {judge.language or ''}"
        print(f"| {code} | {name} | {cells} | {language_facts(code).words} |", flush=True)


if __name__ == "__main__":
    main()
