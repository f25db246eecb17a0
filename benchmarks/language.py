"""How good, how fast and how soon ready is language identification, beside others?

    python benchmarks/language.py DATA [--model lid.176.ftz] [--only accuracy speed ...]

DATA is the folder that `classifiers/language/data.py` describes; only its test parts are used. The
others are measured where they are installed: lingua-language-detector (both modes), langdetect
(seeded), py3langid, pycld2, and the fastText file given by `--model`. Prints Markdown. One core.

- ``accuracy``: texts of 20, 50, 100 and 300 characters: sentences (lingua_sentences) and paragraphs
  (udhr), cut, or joined with others of the same language where they are shorter. Each of the others
  on all languages that it knows, beside ours on the same texts (a language that ours lacks counts
  as wrong); and all of them on the languages that all know. Micro counts texts, macro languages.
- ``confusions``: what ours takes for what, and how well families of near relatives are told apart.
- ``speed``: texts of 300 characters a second of processor time, medians of runs in turn.
- ``load``: processor time from a fresh process to the first answer, peak memory (Linux).

A member of a macrolanguage is right for it (yue for zh), not the reverse. Ours was trained on other
texts of the same collections, which favors it. Serbian in Latin script, which we transliterate, is
in the confusions only.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import statistics
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

if __name__ == "__main__":  # before NumPy and lingua start threads
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"):
        os.environ[name] = "1"
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

sys.path.insert(0, str(Path(__file__).parents[1] / "classifiers" / "language"))
from data import Example, examples
from language_peers import Peer, Predict, peers
from lengths import of_length

from webfilter.codes import accepted
from webfilter.codes import known as known_codes

LENGTHS = (20, 50, 100, 300)
SOURCES = {"sentences": "lingua_sentences", "declaration": "udhr"}
FAMILIES = {
    "Bosnian, Croatian, Serbian": "bs hr sr",
    "Malay, Indonesian": "id ms",
    "Danish, Bokmål, Nynorsk, Swedish": "da nb nn sv",
    "Czech, Slovak": "cs sk",
    "Spanish, Portuguese, Catalan, Galician": "ca es gl pt",
    "Bulgarian, Macedonian, Mongolian, Kazakh": "bg kk mk mn",
    "Russian, Ukrainian, Belarusian": "be ru uk",
    "Chinese, Cantonese, Japanese": "ja yue zh",
    "Zulu, Xhosa": "xh zu",
    "Arabic, Persian, Urdu": "ar fa ur",
    "Hindi, Marathi": "hi mr",
}
Texts = Sequence[Example]


def share(codes: Sequence[str], texts: Texts) -> tuple[float, float]:
    """Return the share that is right: of the texts, and the mean over languages."""
    by = defaultdict(list)
    for code, example in zip(codes, texts, strict=True):
        by[example.code].append(code in accepted({example.code}))
    hits = [hit for one in by.values() for hit in one]
    return statistics.mean(hits), statistics.mean(map(statistics.mean, by.values()))


def known(codes: frozenset[str]) -> frozenset[str]:
    """Return what an identifier with these answers can be right about, macrolanguages included."""
    every = (code for code in known_codes() if accepted({code}) & codes)
    return codes.union(every)


class Told:
    """What every identifier says of every text; each is asked once, about what it knows."""

    def __init__(self, data: Path, built: Mapping[str, tuple[Predict, frozenset[str]]], each: int):
        self.knows = {name: known(codes) for name, (_, codes) in built.items()}
        self.ours = next(iter(built))
        self.texts: dict[tuple[str, int], list[Example]] = {}
        self.codes: dict[tuple[str, int, str], list[str | None]] = {}
        for name, source in SOURCES.items():
            found = [e for e in examples(data, [source], "test") if e.kind in ("sentences", "text")]
            for size in LENGTHS:
                texts = self.texts[name, size] = of_length(found, size, each)
                for peer, (predict, _) in built.items():
                    mine = [e for e in texts if peer == self.ours or e.code in self.knows[peer]]
                    said = iter(predict([e.text for e in mine]))
                    told = {id(e): code for e, code in zip(mine, said, strict=True)}
                    self.codes[name, size, peer] = [told.get(id(e)) for e in texts]

    def on(self, name: str, size: int, peer: str, languages: frozenset[str]) -> tuple[float, float]:
        """Return micro and macro of `peer` on the texts in `languages`."""
        pairs = [
            (code or "und", example)
            for code, example in zip(
                self.codes[name, size, peer], self.texts[name, size], strict=True
            )
            if example.code in languages and example.label != "sr_Latn"
        ]
        return share([code for code, _ in pairs], [example for _, example in pairs])

    def languages(self, name: str, size: int, *knowers: str) -> frozenset[str]:
        """Return the languages of the texts that all `knowers` know."""
        there = frozenset(example.code for example in self.texts[name, size])
        return there.intersection(*(self.knows[one] for one in knowers))


def accuracy(told: Told) -> None:
    """Print each of the others beside ours, then all on what all know."""
    others = [name for name in told.knows if name != told.ours]
    for name in SOURCES:
        print(f"\n### Accuracy, {name}: each on all languages that it knows, beside ours there\n")
        print("Micro / macro; theirs, then ours.\n")
        print(f"| beside | languages (ours lacks) | {' | '.join(f'{n} chars' for n in LENGTHS)} |")
        print("|---|---|" + "---|" * len(LENGTHS))
        missing: set[str] = set()
        for peer in others:
            cells = []
            for size in LENGTHS:
                there = told.languages(name, size, peer)
                theirs = told.on(name, size, peer, there)
                ours = told.on(name, size, told.ours, there)
                cells.append(f"{_pair(theirs, ours)}; {_pair(ours, theirs)}")
            lacks = there - told.knows[told.ours]
            missing |= lacks
            print(f"| {peer} | {len(there)} ({len(lacks)}) | {' | '.join(cells)} |")
        everything = told.languages(name, LENGTHS[-1], told.ours)
        cells = [
            "{:.3f} / {:.3f}".format(*told.on(name, size, told.ours, everything))
            for size in LENGTHS
        ]
        print(f"| ours alone, on its own | {len(everything)} | {' | '.join(cells)} |")
        if missing:
            print(f"\nOurs lacks {', '.join(sorted(missing))}.")
    for name in SOURCES:
        common = told.languages(name, LENGTHS[-1], *told.knows)
        print(f"\n### Accuracy, {name}: all on the {len(common)} languages that all know\n")
        print(f"| identifier | {' | '.join(f'{n} chars' for n in LENGTHS)} |")
        print("|---|" + "---|" * len(LENGTHS))
        for peer in told.knows:
            cells = [
                "{:.3f} / {:.3f}".format(*told.on(name, size, peer, common)) for size in LENGTHS
            ]
            print(f"| {peer} | {' | '.join(cells)} |")


def _pair(of: tuple[float, float], beside: tuple[float, float]) -> str:
    """Return both figures, the greater in bold."""
    return " / ".join(
        f"**{a:.3f}**" if round(a, 3) > round(b, 3) else f"{a:.3f}"
        for a, b in zip(of, beside, strict=True)
    )


def confusions(told: Told, most: int = 25) -> None:
    """Print what ours takes for what, and the accuracy on families of near relatives."""
    print(f"\n### Confusions of ours: the {most} commonest at 50 to 300 characters\n")
    mixed: Counter[tuple[str, str]] = Counter()
    total: Counter[str] = Counter()
    for (name, size), texts in told.texts.items():
        for example, code in zip(texts, told.codes[name, size, told.ours], strict=True):
            if size >= 50 and example.code in told.knows[told.ours]:
                total[example.code] += 1
                if code not in accepted({example.code}):
                    mixed[example.code, code or "und"] += 1
    print("| language | taken for | share of its texts | texts |\n|---|---|---|---|")
    for (gold, code), count in mixed.most_common(most):
        print(f"| {gold} | {code} | {count / total[gold]:.3f} | {count} |")
    print("\n### Near relatives, 100 characters, sentences and declaration\n")
    print("Micro over the languages of the family that the identifier and the data know.\n")
    print(f"| family | {' | '.join(told.knows)} |\n|---|{'---|' * len(told.knows)}")
    for family, codes in FAMILIES.items():
        cells = []
        for peer in told.knows:
            wanted = frozenset(codes.split()) & told.knows[peer]
            hits = [
                code in accepted({example.code})
                for name in SOURCES
                for code, example in zip(
                    told.codes[name, 100, peer], told.texts[name, 100], strict=True
                )
                if example.code in wanted
            ]
            lacking = sorted(set(codes.split()) - wanted)
            cells.append(
                (f"{statistics.mean(hits):.3f}" if hits else "-")
                + (f" (no {', '.join(lacking)})" if lacking else "")
            )
        print(f"| {family} | {' | '.join(cells)} |")


def speed(
    data: Path,
    built: Mapping[str, tuple[Predict, frozenset[str]]],
    runs: int,
    seconds: float = 0.4,
    many: int = 2000,
) -> None:
    """Print texts of 300 characters a second of processor time, in batches of two sizes."""
    found = [e for e in examples(data, [SOURCES["sentences"]], "test") if e.kind == "sentences"]
    common = frozenset.intersection(*(known(codes) for _, codes in built.values()))
    made = of_length([e for e in found if e.code in common], 300, many)
    rng = random.Random(5)
    texts = [rng.choice(made).text for _ in range(many)]
    rates: dict[tuple[str, int], list[float]] = defaultdict(list)
    count = {}
    for peer, (predict, _) in built.items():
        predict(texts[:16])
        started = time.process_time()
        predict(texts[16:48])
        each = max((time.process_time() - started) / 32, 1e-7)
        count[peer] = min(max(int(seconds / each), 64), 20_000)
    for _ in range(runs):
        for size in (64, 1000):
            for peer, (predict, _) in built.items():
                pool = (texts * (count[peer] // many + 1))[: count[peer]]
                batches = [pool[at : at + size] for at in range(0, len(pool), size)]
                started = time.process_time()
                for batch in batches:
                    predict(batch)
                taken = time.process_time() - started
                rates[peer, size].append(len(pool) / max(taken, 1e-9))
    print(f"\n### Speed: texts of 300 characters a second, median of {runs} runs in turn\n")
    print(f"In {len({e.label for e in made})} labels. In brackets, ours over theirs.\n")
    print("| identifier | batches of 64 | batches of 1,000 | least - most |\n|---|---|---|---|")
    ours = next(iter(built))
    for peer in built:
        cells = []
        for size in (64, 1000):
            ratio = [a / b for a, b in zip(rates[ours, size], rates[peer, size], strict=True)]
            own = "" if peer == ours else f" ({statistics.median(ratio):.3g})"
            cells.append(f"{statistics.median(rates[peer, size]):,.0f}{own}")
        low, high = min(rates[peer, 1000]), max(rates[peer, 1000])
        print(f"| {peer} | {' | '.join(cells)} | {low:,.0f} - {high:,.0f} |")


def load(tested: Sequence[Peer], runs: int) -> None:
    """Print the processor time from a fresh process to the first answer."""
    print(f"\n### Load: seconds of processor time in a fresh process, median of {runs}\n")
    print("NumPy is imported before the clock starts; a bare process with it is taken off.\n")
    print("| identifier | import | model and first text | whole process | peak memory, MB |")
    print("|---|---|---|---|---|")
    bare = statistics.median(_process("import numpy")[0] for _ in range(runs))
    for peer in tested:
        rows = []
        for _ in range(runs):
            code = (
                "import numpy, time\nt0 = time.process_time()\n"
                f"{peer.imports}\nt1 = time.process_time()\n{peer.source}\n"
                "detect(['The moon has risen and the stars are out.'])\n"
                "t2 = time.process_time()\n"
                "status = open('/proc/self/status').read()\n"
                "print(t1 - t0, t2 - t1, status.partition('VmHWM:')[2].split()[0])"
            )
            taken, said = _process(code)
            imported, first, memory = map(float, said.split()[-3:])
            rows.append((imported, first, max(taken - bare, 0.0), memory / 1024))
        middle = [statistics.median(column) for column in zip(*rows, strict=True)]
        print(f"| {peer.name} | {' | '.join(f'{n:.3f}' for n in middle[:3])} | {middle[3]:.0f} |")


def _process(code: str) -> tuple[float, str]:
    """Return the processor time of a fresh process that runs `code`, and what it prints."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def main() -> None:
    """Measure what is asked for."""
    parts = ("accuracy", "confusions", "speed", "load")
    parser = argparse.ArgumentParser(description="Compare language identifiers.")
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", type=Path, help="a fastText language model, such as lid.176.ftz")
    parser.add_argument("--only", nargs="+", choices=parts, default=parts)
    parser.add_argument("--each", type=int, default=30, help="texts a language and length")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--peers", nargs="+", help="names to measure beside ours, instead of all")
    options = parser.parse_args()
    tested = peers(options.model)
    if options.peers:
        tested = [tested[0], *(peer for peer in tested[1:] if peer.name in options.peers)]
    built = {peer.name: peer.build() for peer in tested}
    if {"accuracy", "confusions"} & set(options.only):
        told = Told(options.data, built, options.each)
    run = {
        "accuracy": lambda: accuracy(told),
        "confusions": lambda: confusions(told),
        "speed": partial(speed, options.data, built, options.runs),
        "load": partial(load, tested, options.runs),
    }
    for part in options.only:
        run[part]()


if __name__ == "__main__":
    main()
