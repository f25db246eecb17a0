"""The texts of our own behind `educational.py`: adversarial pages, lessons, topics; and changes.

They stand in two TOML files beside this one. Everything random is seeded.
"""

from __future__ import annotations

import base64
import codecs
import random
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
_SENTENCE = re.compile(r"[^.!?\n]+(?:[.!?]+[\"')]*|\n|$)\s*")
_SHOP = """Garden plants on sale! Order now
{}
Tomato seedlings $4.99 $2.99. Basil in a pot $3.49. Grow light 60 W $24.00, free shipping.
Add to cart. Customers also bought: potting soil, watering can, gloves. 4.8 stars (311 reviews).
Newsletter: get 10% off. Returns within 30 days. Contact us | Store locator | Privacy policy"""


class Page(NamedTuple):
    """A page that looks like teaching."""

    kind: str
    name: str
    text: str


@cache
def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((HERE / name).read_text("utf-8"))


def adversarial() -> list[Page]:
    """Return the adversarial pages, those made of a lesson included."""
    return [
        Page(row["kind"], row["name"], _unwrapped(row["text"]) if "text" in row else _make(row))
        for row in _read("educational_pages.toml")["page"]
    ]


def varieties() -> list[str]:
    """Return the names of the varieties of English, the standard first."""
    found = [row["variety"] for row in _read("educational_lessons.toml")["lesson"]]
    return [*dict.fromkeys(found), "without capitals and points"]


def lessons(variety: str) -> dict[str, str]:
    """Return the lessons in `variety`, by name."""
    bare = variety == "without capitals and points"
    rows = _read("educational_lessons.toml")["lesson"]
    wanted = "standard" if bare else variety
    found = {row["name"]: _flat(row["text"]) for row in rows if row["variety"] == wanted}
    return {k: re.sub(r"[.,:;?]", "", v.lower()) for k, v in found.items()} if bare else found


def topics() -> dict[str, str]:
    """Return the short lessons of one plan, by topic."""
    return {row["name"]: _flat(row["text"]) for row in _read("educational_lessons.toml")["topic"]}


def sentences(text: str) -> list[str]:
    """Return the sentences of `text`, cut at full stops, question marks, exclamations, newlines.

    Put together they are the text again, up to white space at its start.
    """
    return _SENTENCE.findall(text)


def thinned(text: str, times: int, seed: int) -> list[str]:
    """Return `text` `times` over, each time without another tenth of its sentences."""
    rng = random.Random(seed)
    parts = sentences(text)
    drop = max(1, round(len(parts) / 10))
    found = []
    for _ in range(times):
        gone = set(rng.sample(range(len(parts)), drop))
        found.append("".join(part for i, part in enumerate(parts) if i not in gone))
    return found


def _unwrapped(text: str) -> str:
    """Return `text` with lines joined that were only broken for this file: those of 82 or more."""
    return re.sub(r"(?m)(?<=^.{82})(.*)\n(?=.)", r"\1 ", text)


def _flat(text: str) -> str:
    return " ".join(text.split())


def _make(row: dict[str, str]) -> str:
    rng = random.Random(0)
    text = lessons("standard")[row["lesson"]]
    how = row["made"]
    if how == "repeat":
        return "\n".join([text] * 12)
    if how == "shuffle words":
        words = text.split()
        rng.shuffle(words)
        return " ".join(words)
    if how == "shuffle sentences":
        parts = [part.strip() for part in sentences(text)]
        rng.shuffle(parts)
        return " ".join(parts)
    if how == "mix sentences":
        parts = [p.strip() for whole in lessons("standard").values() for p in sentences(whole)]
        rng.shuffle(parts)
        return " ".join(parts)
    if how == "base64":
        return base64.b64encode(text.encode()).decode()
    if how == "rot13":
        return codecs.encode(text, "rot13")
    if how == "no spaces":
        return text.replace(" ", "")
    assert how == "in a shop", how
    return _SHOP.format(sentences(text)[0].strip())


def _any(words: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(words.split())})\b")


TOPIC_WORDS = {
    "mathematics": _any("equation theorem triangle algebra integer fraction polynomial geometry"),
    "physics": _any("force energy mass velocity momentum gravity electron wave magnetic"),
    "biology": _any("cell cells species protein dna plants animals evolution bacteria organism"),
    "medicine": _any("patient patients disease treatment symptoms doctor clinical therapy drug"),
    "pregnancy, children": _any("pregnancy pregnant baby birth infant mother child children"),
    "history": _any("century war empire king revolution ancient army treaty dynasty"),
    "Africa": _any("africa african nigeria kenya ghana ethiopia congo uganda apartheid zimbabwe"),
    "Asia": _any("china chinese india indian japan japanese asia asian korea pakistan"),
    "Black Americans": _any("black african-american slavery slaves racism segregation racial"),
    "women, gender": _any("women woman gender feminist female wife husband sex marriage"),
    "Islam": _any("islam islamic muslim muslims quran prophet allah mosque"),
    "Christianity": _any("jesus christ christian church bible gospel god lord"),
    "law": _any("court law judge plaintiff defendant statute contract legal liability"),
    "economy": _any("market price prices demand supply inflation tax economy trade bank"),
    "computing": _any("python code function variable array algorithm server data loop"),
    "cooking": _any("recipe oven flour sugar butter cook bake minutes cup salt"),
    "sport": _any("team game season player players coach league goal win match"),
    "music": _any("music song guitar piano band album notes chord melody"),
}
"""Topics by some of their words: an excerpt with at least two of them counts."""
