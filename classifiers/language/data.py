"""Reads the labelled texts, splits them for good, and makes training texts of many lengths.

What comes in: a folder with `hplt2_weak.jsonl.xz`, `lingua_sentences.jsonl.xz`, `udhr.jsonl.xz`
(one JSON object a line with `text` and `lang`), and files of English pages (`text` only). What goes
out: `Example`s with a canonical label. The split of a text depends on its own content only, so
evaluation never meets a training text, whatever was trained with which seed.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from webfilter.codes import canonical, script_of
from webfilter.language.scripts import main_script

__all__ = [
    "Example",
    "cut",
    "english",
    "examples",
    "fits_script",
    "label",
    "part_of",
    "to_latin",
]

Part = Literal["train", "calibrate", "test"]

_SHARES = {
    "hplt2_weak": (0.85, 0.05),
    "lingua_sentences": (0.75, 0.1),
    "udhr": (0.5, 0.1),
    "english": (0.5, 0.1),
    "code": (0.7, 0.1),
}
"""Share of each source for training and for calibration; the rest is for testing."""

_SERBIAN = dict(
    zip(
        "абвгдђежзијклљмнњопрстћуфхцчџш",
        str.split("a b v g d đ e ž z i j k l lj m n nj o p r s t ć u f h c č dž š"),
        strict=True,
    )
)


@dataclass(frozen=True)
class Example:
    """One labelled text."""

    text: str
    label: str
    """Canonical code, with the script where the model tells two apart (``sr_Latn``)."""
    source: str
    kind: str = "text"
    """``text``, or lingua's ``sentences``, ``word-pairs``, ``single-words``."""

    @property
    def code(self) -> str:
        """The label without its script."""
        return self.label.partition("_")[0]


def part_of(text: str, source: str) -> Part:
    """Return the part that `text` belongs to, from a hash of the text alone."""
    train, calibrate = _SHARES[source]
    place = int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big") / 2**48
    return "train" if place < train else "calibrate" if place < train + calibrate else "test"


def label(code: str) -> str:
    """Return the label for a corpus' code: ``bjn_Arab`` to itself, ``eng_Latn`` to ``en``."""
    base, script = canonical(code), script_of(code)
    return f"{base}_{script}" if base == "bjn" and script else base


def fits_script(text: str, code: str) -> bool:
    """Return whether `text` is in the script that a corpus' code names (``khk_Cyrl``)."""
    script = script_of(code)
    han = {"Hani", "Hans", "Hant"}
    wanted = {"Hans": han, "Hant": han, "Jpan": han | {"Jpan"}}
    return script is None or main_script(text) in wanted.get(script, {script})


def english(paths: Iterable[Path], part: Part) -> Iterator[Example]:
    """Yield the English pages of `part`, at most 2,000 characters from the middle of each."""
    for path in paths:
        with lzma.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                text = json.loads(line)["text"]
                if part_of(text, "english") == part:
                    start = max(0, (len(text) - 2000) // 2)
                    yield Example(text[start : start + 2000], "en", "english")


def to_latin(text: str) -> str:
    """Transliterate Serbian Cyrillic, letter by letter, as the language itself does."""
    out = []
    for char in text:
        latin = _SERBIAN.get(char.lower(), char)
        out.append(latin.capitalize() if char.isupper() else latin)
    return "".join(out)


def examples(folder: Path, sources: Iterable[str], part: Part) -> Iterator[Example]:
    """Yield the examples of `part`, in file order; Serbian also in Latin script."""
    for source in sources:
        with lzma.open(folder / f"{source}.jsonl.xz", "rt", encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                if part_of(row["text"], source) != part:
                    continue
                if not fits_script(row["text"], row["lang"]):
                    continue
                found = Example(row["text"], label(row["lang"]), source, row.get("kind", "text"))
                yield found
                if found.label == "sr":
                    yield Example(to_latin(found.text), "sr_Latn", source, found.kind)


def cut(text: str, size: int, rng: random.Random) -> str:
    """Return about `size` characters of `text` from a random place, at word boundaries."""
    if len(text) <= size:
        return text
    start = rng.randrange(len(text) - size + 1)
    if start:
        space = text.find(" ", start, start + 20)
        start = space + 1 if space >= 0 else start
    end = min(len(text), start + size)
    if end < len(text):
        space = text.rfind(" ", start + size // 2, end)
        end = space if space >= 0 else end
    return text[start:end]
