"""Does `fineweb2` decide as FineWeb-2's filters do, language by language?

datatrove's three filters as FineWeb-2's pipeline calls them, with the values of its config of the
language, beside the three of `wf.fineweb2`, text by text; compared are the step and the rule that
drop it. Twice: with our words on both sides and the limits that ours has, which tests the rules;
and with datatrove's tokenizer of the language there, which shows what other words change. Then its
formatters beside our last steps, on the texts that both keep.

    python benchmarks/conformance_fineweb2.py CONFIGS LID pages-*.warc.gz turku_lines.jsonl.xz

CONFIGS is a folder with files such as ``deu_Latn.yml`` from FineWeb-2's repository, LID that with
`hplt2_weak.jsonl.xz`, `lingua_sentences.jsonl.xz` and `udhr.jsonl.xz`; the language of other texts
is told by our model. The texts of LID are joined to pages of 1,200 characters or more, a third of
the excerpts stay as they are. Of every second text there is a copy with a phrase of it again and
again in place of a part, of every fourth one cut into short lines, of which some repeat.

Needs ``pip install datatrove[processing] spacy ftfy pyyaml`` beside webfilter, and the tokenizers:
jieba, pythainlp, kiwipiepy, indic-nlp-library, pyvi, sudachipy, sudachidict_core, khmer-nltk,
laonlp and pyidaungsu-numpy2. A language whose tokenizer is not installed is compared by our words
alone. ``tokens`` are those with letters, and others, that we have for one of theirs: what
`fineweb2` moves limits by.
"""

from __future__ import annotations

import argparse
import json
import lzma
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import datatrove.utils.word_tokenizers as their_words
import yaml
from conformance import texts
from conformance_reasons import REASONS
from datatrove.data import Document as Theirs
from datatrove.pipeline.filters import (
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
    fineweb_quality_filter,
    gopher_quality_filter,
    gopher_repetition_filter,
)
from datatrove.pipeline.formatters import FTFYFormatter, PIIFormatter, SymbolLinesFormatter
from datatrove.utils.text import split_into_words
from repetition import stuffed

import webfilter as wf
from webfilter.codes import canonical
from webfilter.text import Words, tokenize
from webfilter.text.chars import TERMINAL_MARKS

SOURCES = {"hplt2_weak": 1, "lingua_sentences": 4, "udhr": 1}
"""How many texts of a source are a paragraph."""
SIZE = 1200


def joined(parts: Sequence[str], together: int) -> Iterator[str]:
    """Yield pages of `SIZE` characters or more, a line for each `together` of `parts`."""
    held: list[str] = []
    for start in range(0, len(parts), together):
        held.append(" ".join(parts[start : start + together]))
        if sum(map(len, held)) >= SIZE:
            yield "\n".join(held)
            held = []


def ended(text: str) -> str:
    """Return an excerpt up to its last sentence, if that leaves something."""
    last = max((place for place, char in enumerate(text) if char in TERMINAL_MARKS), default=-1)
    return text[: last + 1] if last > 100 else text


def pages(codes: set[str], lid: Path, others: Sequence[Path], cache: Path) -> dict[str, list[str]]:
    """Return the texts of each language."""
    found: dict[str, list[str]] = defaultdict(list)
    for source, together in SOURCES.items():
        parts: dict[str, list[str]] = defaultdict(list)
        with lzma.open(lid / f"{source}.jsonl.xz", "rt", encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                code = canonical(row["lang"])
                if code in codes and row.get("kind", "sentences") == "sentences":
                    parts[code].append(ended(row["text"]) if source[0] == "h" else row["text"])
        for code, some in parts.items():
            found[code] += joined(some, together)
            if source == "hplt2_weak":
                found[code] += some[::3]
    docs = [wf.Document(name, text) for path in others for name, text in texts(path, cache)]
    for doc in wf.Pipeline((wf.Language(None),)).kept(docs):
        code = str(doc.signals["language"])
        if code in codes and doc.text:
            found[code].append(doc.text)
    return found


def spoiled(good: Sequence[str], rng: random.Random) -> list[str]:
    """Return copies with a phrase again and again, and copies in short lines, some repeated."""
    found = [
        stuffed(text, rng.choice((0.1, 0.2, 0.3)), rng) for text in good[::2] if len(text) > 200
    ]
    for text in good[1::4]:
        words, size = text.split(), rng.choice((2, 4, 8, 16))
        lines = [" ".join(words[at : at + size]) for at in range(0, len(words), size)]
        lines += rng.choices(lines, k=len(lines) // rng.choice((2, 5, 10)))
        found.append("\n".join(lines))
    return found


Stages = tuple[wf.GopherRepetition, wf.FineWebQuality, wf.GopherQuality]


def as_config(stages: Stages) -> Mapping[str, Any]:
    """Return the limits of ours under FineWeb-2's names; 0 where there is none."""
    repetition, lines, quality = stages

    def runs(kind: str, sizes: range) -> list[tuple[int, float]]:
        limits = [(n, getattr(repetition, f"max_{kind}_{n}gram_character_ratio")) for n in sizes]
        return [(n, limit) for n, limit in limits if limit is not None]

    return {
        "dup_line_frac": repetition.max_duplicate_line_ratio or 0,
        "top_n_grams": runs("top", range(2, 5)),
        "dup_n_grams": runs("duplicate", range(5, 11)),
        "line_punct_thr": lines.min_terminal_line_ratio,
        "new_line_ratio": lines.max_newline_word_ratio,
        "min_avg_word_length": quality.min_mean_word_length or 0,
        "max_avg_word_length": quality.max_mean_word_length or 0,
        "max_non_alpha_words_ratio": quality.min_alpha_word_ratio or 0,
        "stopwords": quality.stop_words,
        "min_doc_words": quality.min_words,
        "min_stop_words": quality.min_stop_words or 0,
    }


def judges(language: str, config: Mapping[str, Any]) -> dict[str, Callable[[Theirs], Any]]:
    """Return datatrove's filters, as FineWeb-2 calls them, by our names."""
    repetition = GopherRepetitionFilter(
        language=language,
        dup_para_frac=0,
        dup_line_char_frac=0,
        dup_para_char_frac=0,
        dup_line_frac=config["dup_line_frac"],
        top_n_grams=config["top_n_grams"],
        dup_n_grams=config["dup_n_grams"],
    )
    lines = FineWebQualityFilter(
        language=language,
        short_line_thr=999,
        char_duplicates_ratio=0.1,
        line_punct_thr=config["line_punct_thr"],
        new_line_ratio=config["new_line_ratio"],
    )
    quality = GopherQualityFilter(
        language=language,
        min_doc_words=config.get("min_doc_words", 50),
        max_avg_word_length=config["max_avg_word_length"],
        min_avg_word_length=config["min_avg_word_length"],
        stop_words=config["stopwords"],
        max_non_alpha_words_ratio=config["max_non_alpha_words_ratio"],
        min_stop_words=config.get("min_stop_words", 2),
    )
    return {
        "gopher_repetition": repetition.filter,
        "fineweb_quality": lines.filter,
        "gopher_quality": quality.filter,
    }


def there(text: str, filters: Mapping[str, Callable[[Theirs], Any]]) -> tuple[str, str]:
    """Return the step and the rule, in our words, that drop `text` there."""
    for step, judge in filters.items():
        outcome = judge(Theirs(text=text, id="a"))
        if outcome is not True:
            return step, REASONS.get(outcome[1], outcome[1])
    return "kept", ""


def here(text: str, stages: Stages) -> tuple[str, str]:
    """Return the step and the rule that drop `text` here."""
    doc = wf.Document("a", text)
    for stage in stages:
        [doc] = stage.process([doc])
        if doc.verdict is not None:
            return stage.name, doc.verdict.reason
    return "kept", ""


@dataclass
class Tally:
    """Agreement on the texts of a language."""

    texts: int = 0
    there: int = 0
    here: int = 0
    both: int = 0
    rules: int = 0
    causes: Counter[str] = field(default_factory=Counter)
    """Of texts that one keeps: the rule that drops them, and on which side."""
    kept: list[str] = field(default_factory=list)
    """Texts that both keep."""

    def add(self, text: str, theirs: tuple[str, str], ours: tuple[str, str]) -> None:
        """Count one text."""
        self.texts += 1
        kept = (theirs[0] == "kept", ours[0] == "kept")
        self.there += kept[0]
        self.here += kept[1]
        self.both += all(kept)
        self.rules += theirs == ours
        if all(kept):
            self.kept.append(text)
        elif any(kept):
            self.causes[f"{ours[1]} here" if kept[0] else f"{theirs[1]} there"] += 1

    @property
    def decisions(self) -> float:
        """The share of texts that both keep or both drop."""
        return 1 - (self.there + self.here - 2 * self.both) / max(1, self.texts)


def compare(some: Sequence[str], stages: Stages, filters: Mapping[str, Any], cut: Any) -> Tally:
    """Return how far both agree, datatrove with the words that `cut` gives."""
    for module in (gopher_repetition_filter, fineweb_quality_filter, gopher_quality_filter):
        module.split_into_words = cut
    tally = Tally()
    for text in some:
        tally.add(text, there(text, filters), here(text, stages))
    return tally


def tokens(some: Sequence[str], language: str, ours: Callable[[str], Any]) -> str:
    """Return how many tokens with letters, and others, `ours` gives for one of datatrove's."""
    counts: Counter[tuple[str, bool]] = Counter()
    for text in some:
        for side, words in (("here", ours(text)), ("there", split_into_words(text, language))):
            counts.update((side, any(map(str.isalpha, word))) for word in words)
    shares = (counts["here", of] / max(1, counts["there", of]) for of in (True, False))
    return ", ".join(f"{share:.2f}" for share in shares)


def last_steps(some: Sequence[str], pipe: wf.Pipeline) -> Counter[str]:
    """Return on how many texts the lines are the same after both last steps, and why not."""
    mends, bars = FTFYFormatter(), SymbolLinesFormatter(["|"], replace_char="\n")
    ours = wf.Pipeline((wf.Extract(repair=True, min_characters=None), *pipe.steps[-2:]))
    found: Counter[str] = Counter()
    for text, doc in zip(some, ours(some), strict=True):
        theirs = bars.format(PIIFormatter().format(mends.format(text)))
        a, b = ([line for line in each.split("\n") if line.strip()] for each in (theirs, doc.text))
        bare = [line for line in a if any(map(str.isalnum, line))]
        found["equal" if a == b else "lines of marks" if bare == b else "other"] += 1
    return found


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("configs", type=Path)
    parser.add_argument("lid", type=Path)
    parser.add_argument("others", nargs="*", type=Path, help="WARC, or JSONL with text")
    parser.add_argument("--cache", type=Path, default=Path(), help="folder for extracted texts")
    parser.add_argument("--languages", nargs="*", help="names of configs, such as deu_Latn")
    args = parser.parse_args()
    kiwi = their_words.KiwiTokenizer.__init__  # the model "sbg" is not in kiwipiepy any more
    their_words.KiwiTokenizer.__init__ = lambda self, _=None: kiwi(self, None)
    paths = {path.stem: path for path in sorted(args.configs.glob("*.yml"))}
    paths = {name: path for name, path in paths.items() if name in (args.languages or paths)}
    of = pages({canonical(name) for name in paths}, args.lid, args.others, args.cache)
    ends: Counter[str] = Counter()
    head = ("language", "texts", "our words: same rule", "tokens", "kept there, here, both")
    print(f"| {' | '.join((*head, 'same decision', 'same rule', 'kept by one, and why'))} |")
    print("| --- " * 8 + "|")
    for name, path in paths.items():
        good = of[canonical(name)]
        some = good + spoiled(good, random.Random(1))
        pipe = wf.fineweb2({name: path})
        stages: Any = pipe.steps[4:7]

        def ours(text: str, _: str = "", words: Words = stages[0].words) -> list[str]:
            return tokenize(text, words).words(text)

        own = compare(some, stages, judges(name, as_config(stages)), ours)
        row = [name, f"{own.texts:,}", f"{own.rules / max(1, own.texts):.1%}"]
        config = yaml.safe_load(path.read_text("utf-8"))
        try:
            tally = compare(some, stages, judges(name, config), split_into_words)
            row.append(tokens(good, name, ours))
        except ImportError as error:
            print(f"| {' | '.join((*row, '', f'no tokenizer: {error}', '', '', ''))} |")
            continue
        why = ", ".join(f"{cause} {count}" for cause, count in tally.causes.most_common(3))
        row += [f"{tally.there}, {tally.here}, {tally.both}", f"{tally.decisions:.1%}"]
        print(
            f"| {' | '.join((*row, f'{tally.rules / max(1, tally.texts):.1%}', why))} |", flush=True
        )
        ends += last_steps(tally.kept, pipe)
    print(f"\nafter the last steps, the lines of texts that both keep: {dict(ends)}")


if __name__ == "__main__":
    main()
