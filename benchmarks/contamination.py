"""How well and how fast are benchmark items found in web pages, and what is found that is none?

    python benchmarks/contamination.py --bench gsm8k=question=gsm8k.jsonl.xz \
        --bench sciq=doc.question=sciq.jsonl.xz --texts texts.jsonl.xz --crawl pages-*.warc.gz

Planted: items of each benchmark (the field named, texts of 8 words or more) are changed in one of
several ways and put between two paragraphs of a document of the first file of texts. Recall is by
kind of change; "named" is the share of those found of which the right item is told. The same
documents go to datatrove's n-gram decontamination, where it is installed (its own functions, the
index in memory, n-grams of question, answer and both), and to a set of 13-grams in plain Python.

Clean: everything that is found in documents as they are is printed to be read by eye (`--read`).
"""

from __future__ import annotations

import argparse
import html
import json
import lzma
import random
import re
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import webfilter as wf
from webfilter.document import Document
from webfilter.heuristics.contamination import Contamination
from webfilter.heuristics.items import read_items

WORD = re.compile(r"[^\W_]+")
Finder = Callable[[list[str]], list[set[str]]]


class Item(NamedTuple):
    """A text to plant, and what should be told of it."""

    name: str
    number: int
    text: str
    words: int


def unlabeled(text: str) -> str:
    """Return a prompt without "Question:" and "Answer:" at its ends."""
    return re.sub(r"^\s*Question:\s*|\s*Answer:\s*$", "", text)


def items_of(name: str, path: Path, field: str) -> list[Item]:
    """Return the texts of one field of a benchmark."""
    found = []
    for number, texts in enumerate(read_items(path, (field,))[0]):
        for text in texts[:1]:
            plain = unlabeled(text)
            found.append(Item(name, number, plain, len(WORD.findall(re.sub("['’]", "", plain)))))
    return found


def retyped(text: str, rng: random.Random) -> str:
    """Change case, punctuation and white space."""
    changed = rng.choice((str.upper, str.lower, str.title))(re.sub(r"[.,;:?!]", "", text))
    return re.sub(r" ", lambda _: rng.choice((" ", "  ", " - ", "\u00a0")), changed)


def escaped(text: str, rng: random.Random) -> str:
    """Write quotes and apostrophes as character references or in another form."""
    if rng.random() < 0.5:
        return html.escape(html.escape(text.replace("’", "'"))) if rng.random() < 0.5 else (
            html.escape(text.replace("’", "'"))
        )  # fmt: skip
    return text.replace("'", "’").replace('"', "”").replace("-", "–")


def broken(text: str, rng: random.Random) -> str:
    """Break the text into lines."""
    return re.sub(r" ", lambda _: "\n" if rng.random() < 0.15 else " ", text)


def one_word(text: str, rng: random.Random) -> str:
    """Replace the word in the middle."""
    words = text.split()
    words[len(words) // 2] = "zebra"
    return " ".join(words)


def fifths(text: str, rng: random.Random) -> str:
    """Replace every fifth word: what is left is no copy any more."""
    return " ".join("zebra" if k % 5 == 4 else word for k, word in enumerate(text.split()))


def shuffled(text: str, rng: random.Random) -> str:
    """Put the parts between marks in another order."""
    parts = re.split(r"(?<=[.,;?!])\s+", text)
    return " ".join(parts[::-1])


def cut(text: str, rng: random.Random) -> str:
    """Keep the first 60 % of the words."""
    words = text.split()
    return " ".join(words[: round(0.6 * len(words))])


def renumbered(text: str, rng: random.Random) -> str:
    """Change every number."""
    return re.sub(r"\d+", lambda found: str(int(found[0]) + rng.randint(1, 9)), text)


KINDS: dict[str, tuple[Callable[[str, random.Random], str], Callable[[Item], bool]]] = {
    "as it is": (lambda text, rng: text, lambda item: True),
    "case, marks, blanks changed": (retyped, lambda item: True),
    "character references, other quotes": (escaped, lambda item: True),
    "broken into lines": (broken, lambda item: True),
    "first 60 % (22 words and more)": (cut, lambda item: item.words >= 22),
    "first 60 % (fewer)": (cut, lambda item: item.words < 22),
    "middle word replaced (27 words and more)": (one_word, lambda item: item.words >= 27),
    "middle word replaced (17 to 26)": (one_word, lambda item: 17 <= item.words < 27),
    "middle word replaced (fewer)": (one_word, lambda item: item.words < 17),
    "calculations taken out (<<3*4=12>>)": (
        lambda text, rng: re.sub(r"<<[^>]*>>", "", text),
        lambda item: "<<" in item.text,
    ),
    "every number changed": (renumbered, lambda item: bool(re.search(r"\d", item.text))),
    "clauses in reverse order": (shuffled, lambda item: "." in item.text[:-1]),
    "every fifth word replaced": (fifths, lambda item: True),
}


def texts_of(paths: list[Path]) -> Iterator[str]:
    """Yield the texts (``text`` or ``gold_text``) of JSONL files, xz or plain."""
    for path in paths:
        opener = lzma.open if path.suffix == ".xz" else open
        with opener(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                yield row.get("text") or row["gold_text"]


def planted(text: str, item: str) -> str:
    """Put `item` between two paragraphs about the middle of `text`."""
    at = text.find("\n", len(text) // 2)
    return f"{text[:at]}\n{item}\n{text[at:]}" if at >= 0 else f"{text}\n{item}"


def ours(stage: Contamination) -> Finder:
    """Return a function that says for each text which items are in it."""

    def find(texts: list[str]) -> list[set[str]]:
        found = stage.process([Document(str(k), text) for k, text in enumerate(texts)])
        spans = (set() if doc.live else set(doc.signals["contamination_spans"].split())
                 for doc in found)  # fmt: skip
        return [{span.partition("@")[0] for span in each} for each in spans]

    return find


def plain_sets(benches: dict[str, list[list[str]]], n: int = 13) -> Finder:
    """Return the search by a Python set of n-grams, lower case, marks left out."""
    grams: set[str] = set()
    for items in benches.values():
        for texts in items:
            for text in texts:
                grams.update(ngrams(text, n))
    return lambda texts: [{"?"} if any(g in grams for g in ngrams(t, n)) else set() for t in texts]


def ngrams(text: str, n: int) -> Iterator[str]:
    """Yield the n-grams of words, lower case."""
    words = WORD.findall(text.lower())
    return (" ".join(words[k : k + n]) for k in range(len(words) - n + 1))


def datatrove(benches: dict[str, list[list[str]]], fields: dict[str, str]) -> Finder | None:
    """Return datatrove's search; None where it is not installed."""
    try:
        from datatrove.data import Document as Theirs
        from datatrove.pipeline.decont import n_grams as theirs
        from datatrove.utils.hashing import create_hash_func
        from datatrove.utils.word_tokenizers import load_word_tokenizer
    except ImportError:
        return None
    config = theirs.NGramsDecontConfig(find_query_ngrams=True)
    parts = SimpleNamespace(
        config=config,
        tokenizer=load_word_tokenizer("en"),
        hash_func=create_hash_func(config.hash_config),
    )
    index: dict[int, str] = {}
    for name, items in benches.items():
        for texts in items:
            query = unlabeled(texts[0]) if texts else ""
            for label in texts[1:] or [""]:
                hashes = theirs.NGramsDecontIndexer.compute_hashes(parts, label, query)
                index.update(dict.fromkeys(hashes, name))
    stage = theirs.NGramsDecontFilter.__new__(theirs.NGramsDecontFilter)
    vars(stage).update(vars(parts), _index_hashes=index, stat_update=lambda *names: None)

    def find(texts: list[str]) -> list[set[str]]:
        found = []
        for text in texts:
            doc = Theirs(text=text, id="", metadata={})
            kept = stage.filter(doc) is True
            found.append(set() if kept else {doc.metadata["contaminated_task"] + ":?"})
        return found

    return find


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description="Find benchmark items in web pages.")
    parser.add_argument("--bench", action="append", required=True, help="NAME=FIELD=PATH")
    parser.add_argument("--texts", type=Path, nargs="*", default=[], help="JSONL with text")
    parser.add_argument("--crawl", type=Path, nargs="*", default=[], help="WARC files")
    parser.add_argument("--each", type=int, default=100, help="items planted a kind and benchmark")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--read", action="store_true", help="print what is found in clean pages")
    args = parser.parse_args()
    given = [bench.split("=", 2) for bench in args.bench]
    files = {name: Path(path) for name, _, path in given}
    fields = {name: field for name, field, _ in given}
    began = time.process_time()
    stage = Contamination(files)
    spent, ngrams = time.process_time() - began, stage.index.ngrams
    print(f"{', '.join(files)}: {ngrams:,} n-grams, built in {spent:.2f} s of CPU")
    print(f"{stage.index.nbytes / 1e6:.1f} MB, {stage.index.nbytes / ngrams:.0f} a million\n")
    stages = {
        "default": stage,
        "share=1": replace(stage, share=1.0),
        "50 % in 8-grams": replace(
            stage, n=8, max_contaminated_ngrams=None, max_contamination_item_ratio=0.5
        ),
    }
    texts = list(texts_of(args.texts[:1]))
    for path in args.texts:
        clean(path.name, list(texts_of([path])), stages, args.read)
    clean("crawl", crawled(args.crawl), stages, args.read)
    items = [item for name in files for item in items_of(name, files[name], fields[name])]
    benches = {name: read_items(path)[0] for name, path in files.items()}
    chosen = {name: [[i.text, *_others(benches[name][i.number], i.text)]
                     for i in items if i.name == name] for name in files}  # fmt: skip
    finders: dict[str, Finder | None] = {
        **{name: ours(each) for name, each in stages.items()},
        "plain 13-grams": plain_sets(chosen),
        "datatrove": datatrove(chosen, fields),
    }
    some = {name: finder for name, finder in finders.items() if finder is not None}
    recall(items, texts, some, args.each, args.seed)
    speed(texts, stage, some)


def _others(texts: list[str], first: str) -> list[str]:
    return [text for text in texts if len(text.split()) > 2 and unlabeled(text) != first]


def crawled(paths: list[Path]) -> list[str]:
    """Return the texts of WARC files, as resiliparse extracts them."""
    if not paths:
        return []
    pipe = wf.Pipeline((wf.Extract(engine="resiliparse"),))
    return [doc.text for doc in pipe.kept(wf.read([str(path) for path in paths])) if doc.text]


def clean(what: str, texts: list[str], stages: dict[str, Contamination], read: bool) -> None:
    """Print how many of `texts` are flagged, and where."""
    if not texts:
        return
    for name, stage in stages.items():
        docs = [Document(str(k), text) for k, text in enumerate(texts)]
        found = [doc for doc in stage.process(docs) if not doc.live]
        told = Counter(doc.signals["contamination_benchmarks"] for doc in found)
        print(f"{what}, {name}: {len(found)} of {len(texts):,} flagged {dict(told)}")
        for doc in found if read else ():
            signals = doc.signals
            print(f"\n#{doc.id} n-grams {signals['contaminated_ngrams']}, "
                  f"item {signals['contamination_item_ratio']:.2f}")  # fmt: skip
            for span in signals["contamination_spans"].split()[:3]:
                if "@" in span:
                    start, end = map(int, span.partition("@")[2].split("-"))
                    print(f"  {span}: ...{doc.text[max(0, start - 60) : end + 60]!r}")
    print()


def recall(
    items: list[Item], texts: list[str], finders: dict[str, Finder], each: int, seed: int
) -> None:
    """Print the share of planted items that are found, by kind of change."""
    rng = random.Random(seed)
    rates: dict[str, Counter[str]] = defaultdict(Counter)
    by_name: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        if item.words >= 8:
            by_name[item.name].append(item)
    left = sum(item.words < 8 for item in items)
    print(f"{left} of {len(items):,} texts have fewer than 8 words and are not planted.")
    alone = finders["default"]([item.text for several in by_name.values() for item in several])
    found = sum(map(bool, alone))
    print(f"Of the other {len(alone):,}, {found:,} are found unchanged and alone.\n")
    for kind, (change, fits) in KINDS.items():
        for several in by_name.values():
            among = [item for item in several if fits(item)]
            chosen = rng.sample(among, min(each, len(among)))
            pages = [planted(rng.choice(texts), change(item.text, rng)) for item in chosen]
            rates[kind]["planted"] += len(pages)
            for name, finder in finders.items():
                for item, found in zip(chosen, finder(pages), strict=True):
                    rates[kind][name] += bool(found)
                    rates[kind][f"{name} named"] += f"{item.name}:{item.number}" in found
    names = list(finders)
    print(f"| planted | items | {' | '.join(names)} | named (default) |")
    print("| --- |" + " --- |" * (len(names) + 2))
    for kind, counts in rates.items():
        total = counts["planted"]
        if not total:
            continue
        cells = [f"{counts[name] / total:.3f}" for name in names]
        named = counts["default named"] / max(counts["default"], 1)
        print(f"| {kind} | {total} | {' | '.join(cells)} | {named:.3f} |")
    print()


def speed(texts: list[str], stage: Contamination, finders: dict[str, Finder]) -> None:
    """Print documents of 5,000 characters a second, and the time by length of the text."""
    whole = "\n".join(texts)[:6_000_000]
    pages = [whole[at : at + 5_000] for at in range(0, len(whole) - 5_000, 5_000)]
    print("| 5,000 characters each | documents / s of CPU |\n| --- | --- |")
    for name, finder in finders.items():
        some = pages[:150] if name in ("datatrove", "plain 13-grams") else pages
        finder(some[:20])
        rates = []
        for _ in range(3):
            began = time.process_time()
            for at in range(0, len(some), 64):
                finder(some[at : at + 64])
            rates.append(len(some) / (time.process_time() - began))
        print(f"| {name} | {statistics.median(rates):,.0f} |")
    print("\n| characters of one text | ms of CPU | ns a character |\n| --- | --- | --- |")
    for size in (10_000, 100_000, 1_000_000, 5_000_000):
        for name, text in (("prose", whole[:size]), ("an item, again and again", "")):
            if not text:
                item = max(stage_texts(stage), key=len)
                text = (item * (size // len(item) + 1))[:size]
            times = []
            for _ in range(3):
                began = time.process_time()
                stage.measure(Document("a", text))
                times.append(time.process_time() - began)
            spent = statistics.median(times)
            print(f"| {size:,} {name} | {1e3 * spent:.1f} | {1e9 * spent / size:.0f} |")


def stage_texts(stage: Contamination) -> list[str]:
    """Return all texts of the first file of `stage`."""
    paths: Any = stage.benchmarks
    return [text for texts in read_items(next(iter(paths.values())))[0] for text in texts]


if __name__ == "__main__":
    main()
