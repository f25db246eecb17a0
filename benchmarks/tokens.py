"""How far is the estimate of `Tokens` from real vocabularies?

    pip install tiktoken
    python benchmarks/tokens.py fineweb_sample.jsonl.xz train.jsonl.xz --by-language weak.jsonl.xz

Each file is JSON Lines with ``text`` (and ``lang`` for ``--by-language``). tiktoken fetches its
vocabularies, or finds them in the folder that TIKTOKEN_CACHE_DIR names. For each file and
vocabulary: real bytes a token, the estimated total by the real one, the mean error of a document,
and the tenth and ninetieth percentile of estimated by real. By language: the share of estimated by
real tokens of the language where it is least, middle and greatest, and of some others.
"""

from __future__ import annotations

import argparse
import statistics
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import webfilter as wf
from webfilter.score.tokens import estimated_tokens

SHOWN = ("eng", "deu", "fra", "spa", "rus", "jpn", "hin", "arb", "zho")


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description="Measure the estimate of tokens.")
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--by-language", type=Path)
    parser.add_argument(
        "--vocabularies", nargs="+", default=["p50k_base", "cl100k_base", "o200k_base"]
    )
    parser.add_argument("--documents", type=int, default=2_000, help="of each file, evenly spread")
    args = parser.parse_args()
    import tiktoken

    encoders = {name: tiktoken.get_encoding(name) for name in args.vocabularies}
    print("| file | vocabulary | bytes a token | total | mean error | 10 % | 90 % |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
    for path in args.files:
        texts = [doc.text for doc in spread(path, args.documents)]
        size = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
        guessed = np.array([estimated_tokens(text) for text in texts])
        for name, encoder in encoders.items():
            real = np.array([max(1, len(encoder.encode_ordinary(text))) for text in texts])
            ratio = guessed / real
            low, high = np.quantile(ratio, (0.1, 0.9))
            print(
                f"| {path.name} ({len(texts):,}) | {name} | {size / real.sum():.2f} "
                f"| {guessed.sum() / real.sum():.3f} | {np.abs(ratio - 1).mean():.3f} "
                f"| {low:.2f} | {high:.2f} |"
            )
    if args.by_language is not None:
        languages(args.by_language, encoders)


def languages(path: Path, encoders: dict[str, object]) -> None:
    """Print estimated by real tokens, by language."""
    texts = defaultdict(list)
    for doc in spread(path, 20_000):
        texts[str(doc.meta.get("lang"))].append(doc.text)
    print(f"\n| vocabulary | least | middle | greatest | {' | '.join(SHOWN)} |")
    print("| --- | " + " | ".join(["---:"] * (3 + len(SHOWN))) + " |")
    for name, encoder in encoders.items():
        found = {}
        for language, group in texts.items():
            real = sum(len(encoder.encode_ordinary(text)) for text in group)  # type: ignore[attr-defined]
            found[language] = sum(map(estimated_tokens, group)) / real
        few = [next((f"{r:.2f}" for k, r in found.items() if k.startswith(s)), "") for s in SHOWN]
        ends = (min(found.values()), statistics.median(found.values()), max(found.values()))
        print(f"| {name} | " + " | ".join([*(f"{r:.2f}" for r in ends), *few]) + " |")
    print(f"\n{len(texts)} languages, {sum(map(len, texts.values())):,} excerpts")


def spread(path: Path, most: int) -> Iterator[wf.Document]:
    """Yield at most `most` documents of a file, evenly spread."""
    docs = [doc for doc in wf.read.jsonl(path) if doc.live]
    yield from docs[:: max(1, -(-len(docs) // most))]


if __name__ == "__main__":
    main()
