"""What a page gives away about its type: its address, the classes of its body, what it declares.

From these come the probabilities of the page types, which tell the blocks' model what is wanted:
all posts of a thread, the description of a product, the entries of a list.
"""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import urlsplit
from zlib import crc32

from webfilter.extract.blocks.names import split
from webfilter.extract.dom import Dom

__all__ = ["head_of", "hints", "title_of"]

_HEAD_CHARACTERS = 65536
_MOST_CHARACTERS = 2_000_000
_TITLE = re.compile(r"<title\b[^<>]{0,500}>([^<]{1,2000})")
_TYPE = re.compile(r"og:type[\"'][^<>]{0,50}?content=[\"']([\w.:-]{1,40})")
_CANONICAL = re.compile(r"rel=[\"']canonical[\"'][^<>]{0,100}?href=[\"']([^\"'<>]{1,500})")
_DECLARED = re.compile(r"(?<=\")@type\"\s*+:\s*+\[?\s*+\"(?:https?://schema.org/)?(\w{1,40})\"")
_GENERATOR = re.compile(r"name=[\"']generator[\"'][^<>]{0,50}?content=[\"'](\w{1,30})")
_PARTS = re.compile(r"[a-z]+|[0-9]+")


def head_of(html: str) -> str:
    """Return the beginning of the page with the letters of ASCII in lower case.

    Patterns without regard to case are slow, and so is `str.lower` beyond ASCII.
    """
    head = html[:_HEAD_CHARACTERS]
    if head.isascii():
        return head.lower()
    return head.encode("utf-8", "replace").lower().decode("utf-8")


def title_of(head: str) -> str:
    """Return the title of a page in lower case, empty if it has none; `head` is its `head_of`."""
    found = _TITLE.search(head)
    return " ".join(unescape(found[1].lower()).split()) if found else ""


def hints(html: str, head: str, dom: Dom, url: str | None) -> list[int]:
    """Return hashes of what the page says about its type; `head` is its `head_of`."""
    said = set()
    if not url and (found := _CANONICAL.search(head)):
        url = unescape(found[1])
    try:
        parts = urlsplit((url or "")[:2000])
    except ValueError:
        parts = urlsplit("")
    path = [part for part in parts.path.lower().split("/") if part]
    said.add(f"depth {min(len(path), 6)}")
    for place, part in enumerate(path):
        last = "last" if place == len(path) - 1 else "dir"
        words = _PARTS.findall(part)
        said.add(f"{last} {min(len(words), 8)} words")
        for word in words[:12]:
            said.add(f"{last} {word if word.isalpha() else 'digits ' + str(min(len(word), 9))}")
        if place < 3 and last == "dir":
            said.add(f"{place} {part}")
    if parts.query:
        said.add("query")
    host = (parts.hostname or "").split(".")
    said.update(f"host {part}" for part in host if part != "www")
    for key, word, pattern in (("og", "og:type", _TYPE), ("generator", "generator", _GENERATOR)):
        if word in head and (found := pattern.search(head)):
            said.add(f"{key} {found[1].lower()}")
    at = html.find("@", 0, _MOST_CHARACTERS)  # twice as fast as a look for more
    while at >= 0:
        if found := _DECLARED.match(html, at):
            said.add(f"ld {found[1].lower()}")
        at = html.find("@", at + 1, _MOST_CHARACTERS)
    for tag, of in zip(dom.tags[:40], dom.attributes[:40], strict=True):
        if of and tag in ("html", "body", "main"):
            names = " ".join(of[key] or "" for key in ("class", "id", "itemtype") if key in of)
            said.update(f"{tag} {part.decode()}" for part in split(names))
    return sorted({crc32(part.encode("utf-8", "replace")) for part in said})
