"""Do two stop words of its language tell prose from what is none? By language, on unseen texts.

    python benchmarks/stop_words.py DATA [--each 60] [--all]

DATA is the folder that `classifiers/language/stop_words.py` reads; measured is the half that it did
not, at most `each` texts a language and source, by `GopherQuality.for_language`:

- own: texts with at least two stop words of their language. Sentences and paragraphs are joined to
  100 words (250 characters without spaces); web excerpts are as they are, with weak labels.
- other: texts of all other languages in the same script; relatives share function words.
- lists: 60 words drawn from the different words of the language that are in at most two texts of
  that half: keyword lists, as near as texts of prose give them. salad: 60 from all languages of the
  script. code: generated source code, markup, logs and the like.
- length: texts whose mean word is outside the limits of the stage, and outside those of English (3
  to 10 characters), where spaces part words; the source with most of them.
- marks: whole sentences (lingua) that end with a mark of the language, closing quotes apart; for
  Thai, which has none, with a full stop or the like: here the corpus has put them there.

Beside it, how many of the stop words are in lists that others made, where installed: stopwordsiso,
NLTK's (its download). They hold many more words and no two agree.
"""

from __future__ import annotations

import argparse
import random
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean, median

sys.path.insert(0, str(Path(__file__).parents[1] / "classifiers" / "language"))
from nonlanguage import generate
from stop_words import is_word, texts

import webfilter as wf
from webfilter.codes import canonical
from webfilter.languages import LanguageFacts, find_language, known_languages, language_facts
from webfilter.text import tokenize

CLOSING = "\"'”’“»«)]」』›"
Sources = dict[str, list[str]]


def measured(folder: Path, each: int) -> tuple[dict[str, Sources], dict[str, list[str]]]:
    """Return texts by language and source, and whole sentences by language."""
    raw: dict[str, Sources] = defaultdict(lambda: defaultdict(list))
    for code, script, source, text in texts(folder, 1):
        facts = find_language(code)
        if facts and script == facts.scripts[0]:
            raw[code][source].append(unicodedata.normalize("NFC", text))
    found: dict[str, Sources] = {}
    for code, by in raw.items():
        spaced = language_facts(code).spaced
        joined = {s: t if s == "hplt" else documents(t, spaced) for s, t in by.items()}
        found[code] = {source: some[:each] for source, some in joined.items() if some}
    return found, {code: by["lingua"] for code, by in raw.items() if by.get("lingua")}


def documents(sentences: Sequence[str], spaced: bool) -> list[str]:
    """Return the sentences, joined to 100 words, or to 250 characters."""
    out, held, size = [], [], 0
    for sentence in sentences:
        held.append(sentence)
        size += len(sentence.split()) if spaced else len(sentence)
        if size >= (100 if spaced else 250):
            out.append("\n".join(held))
            held, size = [], 0
    return out


def counted(stage: wf.GopherQuality, found: Sequence[str]) -> list[Mapping[str, wf.Value]]:
    """Return the signals of the texts."""
    return list(stage.measure_batch([wf.Document(str(k), text) for k, text in enumerate(found)]))


def share(stage: wf.GopherQuality, found: Sequence[str]) -> float:
    """Return the share of the texts with at least two stop words."""
    return mean(signals["stop_words"] >= 2 for signals in counted(stage, found))


def rare_words(facts: LanguageFacts, found: Sequence[str]) -> list[str]:
    """Return the different words that are in at most two of the texts."""
    words = facts.words or "english"
    counts = Counter(w for text in found for w in set(tokenize(text, words).words(text)))
    return sorted(word for word, n in counts.items() if n <= 2 and is_word(word))


def lists(words: Sequence[str], rng: random.Random, spaced: bool, many: int = 50) -> list[str]:
    """Return lists of 60 words."""
    between = ", " if spaced else "、"
    return [between.join(rng.choices(words, k=60)) for _ in range(many)] if words else []


def others() -> dict[str, dict[str, set[str]]]:
    """Return the lists of stop words of what is installed, by name and language."""
    found: dict[str, dict[str, set[str]]] = {}
    try:
        import stopwordsiso

        found["stopwordsiso"] = {
            canonical(c): stopwordsiso.stopwords(c) for c in stopwordsiso.langs()
        }
    except ImportError:
        pass
    try:
        from nltk.corpus import stopwords

        found["NLTK"] = {
            canonical(name): set(stopwords.words(name)) for name in stopwords.fileids()
        }
    except (ImportError, LookupError):
        pass
    return found


def percent(value: float | None) -> str:
    """Return a share as text."""
    return "" if value is None else f"{value:.1%}"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--each", type=int, default=60, help="texts a language and source")
    parser.add_argument("--all", action="store_true", help="print every language")
    options = parser.parse_args()
    rng = random.Random(7)
    found, sentences = measured(options.data, options.each)
    code = [text for _, text in generate(200, random.Random(99))]
    rows: dict[str, dict[str, float | None]] = {}
    by_script: dict[str, dict[str, list[str]]] = defaultdict(dict)
    rare: dict[str, list[str]] = {}
    for language, by in found.items():
        facts = language_facts(language)
        every = [text for some in by.values() for text in some]
        by_script[facts.scripts[0]][language] = rng.sample(every, min(5, len(every)))
        rare[language] = rare_words(facts, every)
    for language in sorted(found):
        facts, by = language_facts(language), found[language]
        script = by_script[facts.scripts[0]]
        stage = wf.GopherQuality.for_language(language, min_stop_words=None)
        row: dict[str, float | None] = {}
        if facts.spaced and any(by.values()):
            lengths = [
                [signals["mean_word_length"] or 0 for signals in counted(stage, some)]
                for some in by.values()
                if some
            ]
            low, high = stage.min_mean_word_length or 0, stage.max_mean_word_length or 1000
            row["length"] = max(mean(not low <= each <= high for each in of) for of in lengths)
            row["english"] = max(mean(not 3 <= each <= 10 for each in of) for of in lengths)
        if language in sentences:
            ends = [text.rstrip().rstrip(CLOSING)[-1:] for text in sentences[language]]
            marks = facts.terminal_marks or language_facts("zh").terminal_marks
            row["marks"] = mean(end in marks for end in ends)
        if facts.stop_words:
            row |= {source: share(stage, some) for source, some in by.items()}
            foreign = [text for name, some in script.items() if name != language for text in some]
            salad = [word for name in script for word in rare[name][:2000]]
            row |= {
                "other": share(stage, foreign) if foreign else None,
                "lists": share(stage, lists(rare[language], rng, facts.spaced)),
                "salad": share(stage, lists(salad, rng, facts.spaced)),
                "code": share(stage, code),
            }
        rows[language] = row
    listed = [name for name in sorted(known_languages()) if language_facts(name).stop_words]
    print(f"{len(known_languages())} languages, {len(listed)} with stop words\n")
    print("| at least two stop words | languages | least | median | below 90 % |")
    print("| --- | --- | --- | --- | --- |")
    for column in ("lingua", "hplt", "udhr", "other", "lists", "salad", "code"):
        values = {n: r[column] for n, r in rows.items() if r.get(column) is not None}
        if values:
            low = sum(value < 0.9 for value in values.values())
            print(f"| {column} | {len(values)} | {percent(min(values.values()))} | "
                  f"{percent(median(values.values()))} | {low} |")  # fmt: skip
    for column, lowest in (
        ("lingua", True), ("hplt", True), ("udhr", True), ("lists", False), ("salad", False),
        ("other", False), ("length", False), ("english", False), ("marks", True),
    ):  # fmt: skip
        values = {n: r[column] for n, r in rows.items() if r.get(column) is not None}
        worst = sorted(values, key=lambda n: values[n] if lowest else -values[n])[:15]
        said = ", ".join(f"{name} {percent(values[name])}" for name in worst)
        middle = percent(median(values.values()))
        print(f"\n{column}, worst of {len(values)} (median {middle}): {said}")
    for name, theirs in others().items():
        both = {n: language_facts(n).stop_words for n in theirs if n in listed}
        lacking = {n: [word for word in of if word not in theirs[n]] for n, of in both.items()}
        shares = {n: 1 - len(of) / len(both[n]) for n, of in lacking.items()}
        worst = sorted(shares, key=shares.__getitem__)[:12]
        said = ", ".join(f"{n} {percent(shares[n])} (not: {' '.join(lacking[n])})" for n in worst)
        middle = percent(median(shares.values()))
        print(f"\n{name}: {len(shares)} languages, median {middle} of our words; least: {said}")
    if options.all:
        columns = ("hplt", "lingua", "udhr", "other", "lists", "salad", "length", "english")
        columns += ("marks",)
        print(f"\n| language | words | {' | '.join(columns)} |\n|{' --- |' * (len(columns) + 2)}")
        for name in sorted(rows):
            cells = " | ".join(percent(rows[name].get(column)) for column in columns)
            print(f"| {name} | {len(language_facts(name).stop_words)} | {cells} |")


if __name__ == "__main__":
    main()
