"""Does `GopherRepetition` see repetition where no spaces part words, and leave good pages alone?

    python benchmarks/repetition.py DATA [--peer]

DATA is the folder with `hplt2_weak.jsonl.xz` (web), `lingua_sentences.jsonl.xz` (news, books) and
`udhr.jsonl.xz` (the declaration of human rights). Pages are joined to 1,200 characters or more, of
excerpts, of paragraphs of four sentences, of paragraphs. Stuffed pages are these with a phrase of
theirs, of 12 to 40 characters, again and again in place of a share of the text. Dropped are:

- default: by the stage as it is, to which a word is what stands between spaces and marks;
- cut: by the words of the language, with the limits of English;
- for_language: by `GopherRepetition.for_language`.

With ``--peer`` also by FineWeb-2's limits (its `configs`) on the words of the tokenizer
that it took, for Chinese (jieba) and Thai (pythainlp): the share of all pages, stuffed or not, that
each decides as FineWeb-2 does.
"""

from __future__ import annotations

import argparse
import json
import lzma
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import mean

import webfilter as wf
from webfilter.codes import canonical

CODES = ("zh", "yue", "ja", "th", "lo", "km", "my", "bo")
SOURCES = ("hplt2_weak", "lingua_sentences", "udhr")
SIZE, MOST = 1200, 1500
STUFFED = (0.0, 0.1, 0.2, 0.3)
FINEWEB_2: Mapping[str, Mapping[str, Sequence[float]]] = {
    "zh": {
        "top": (0.256, 0.201, 0.171),
        "duplicate": (0.198, 0.182, 0.167, 0.154, 0.14, 0.127),
    },
    "th": {
        "top": (0.221, 0.197, 0.162),
        "duplicate": (0.185, 0.168, 0.152, 0.137, 0.124, 0.111),
    },
}


def pages(folder: Path) -> dict[str, list[str]]:
    """Return the pages of each language."""
    found: dict[str, list[str]] = defaultdict(list)
    for source in SOURCES:
        texts: dict[str, list[str]] = defaultdict(list)
        with lzma.open(folder / f"{source}.jsonl.xz", "rt", encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                if row.get("kind", "sentences") == "sentences":
                    texts[canonical(row["lang"])].append(row["text"])
        together = 4 if source == "lingua_sentences" else 1
        for code in CODES:
            held: list[str] = []
            some = texts[code][:MOST]
            for start in range(0, len(some), together):
                held.append(" ".join(some[start : start + together]))
                if sum(map(len, held)) >= SIZE:
                    found[code].append("\n\n".join(held))
                    held = []
    return found


def stuffed(page: str, share: float, rng: random.Random) -> str:
    """Return the page with a phrase of it over and over in place of `share` of it."""
    if not share:
        return page
    flat = page.replace("\n", " ")
    size = rng.randint(12, 40)
    at = rng.randrange(len(flat) - size)
    kept, phrase = flat[: int(len(flat) * (1 - share))], flat[at : at + size].strip()
    middle = len(kept) // 2
    return kept[:middle] + phrase * int(len(flat) * share / size) + kept[middle:]


def fineweb_2(code: str) -> Callable[[str], bool] | None:
    """Return what tells whether FineWeb-2 drops a page, if its tokenizer is installed."""
    if code == "zh":
        import jieba

        jieba.setLogLevel(60)
        cut = jieba.lcut
    elif code == "th":
        from pythainlp import word_tokenize as cut
    else:
        return None
    limits = FINEWEB_2[code]

    def drops(text: str) -> bool:
        words = [word.strip() for word in cut(text) if word.strip()]
        for n, limit in enumerate(limits["top"], 2):
            runs = Counter(" ".join(words[k : k + n]) for k in range(len(words) - n + 1))
            run, count = runs.most_common(1)[0]
            if len(run) * count / len(text) > limit:
                return True
        for n, limit in enumerate(limits["duplicate"], 5):
            seen: set[str] = set()
            again = place = 0
            while place < len(words) - n + 1:
                run = "".join(words[place : place + n])
                again += len(run) if run in seen else 0
                place += n if run in seen else 1
                seen.add(run)
            if again / len(text) > limit:
                return True
        return False

    return drops


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--peer", action="store_true", help="compare with FineWeb-2's limits")
    options = parser.parse_args()
    rows = []
    agrees = []
    for code, good in pages(options.data).items():
        rng = random.Random(1)
        words = wf.language_facts(code).words
        stages = {
            "default": wf.GopherRepetition(),
            "cut": wf.GopherRepetition(words=words),
            "for_language": wf.GopherRepetition.for_language(code),
        }
        theirs = fineweb_2(code) if options.peer else None
        cells = [code, str(len(good))]
        same: dict[str, list[bool]] = defaultdict(list)
        for share in STUFFED:
            docs = [wf.Document(str(n), stuffed(page, share, rng)) for n, page in enumerate(good)]
            reference = [theirs(doc.text) for doc in docs] if theirs else []
            shares = []
            for name, stage in stages.items():
                dropped = [not doc.live for doc in stage.process(docs)]
                shares.append(f"{mean(dropped):.0%}")
                same[name] += [a == b for a, b in zip(dropped, reference, strict=False)]
            cells.append(" / ".join(shares))
        rows.append(cells)
        if theirs:
            agrees.append([code, *(f"{mean(same[name]):.1%}" for name in stages)])
    head = ["language", "pages", *(f"stuffed {share:.0%}" for share in STUFFED)]
    print("Dropped: default / cut / for_language\n")
    for table in ([head, ["---"] * len(head), *rows], [["language", *stages], *agrees]):
        print("\n".join(f"| {' | '.join(row)} |" for row in table), end="\n\n")


if __name__ == "__main__":
    main()
