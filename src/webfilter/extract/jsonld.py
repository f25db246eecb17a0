"""What the JSON-LD blocks of a page say about it, in the words of schema.org."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["KIND", "Node", "declared", "named", "texts"]

_MOST_BLOCKS = 20
_BLOCK_CHARACTERS = 2**18
_MOST_NODES = 500
_DECODER = json.JSONDecoder(strict=False)  # line breaks in texts are common
KIND = "application/ld"
"""What a page with JSON-LD holds; some write the rest, ``+json``, with an entity."""
_OPEN = re.compile(
    r"(?:\+|&#(?:43|x2b);)json[^<>]{0,200}>\s*(?:<!--\s*|(?://)?\s*<!\[CDATA\[\s*)?",
    re.IGNORECASE,
)
_CLOSE = re.compile(r"</script", re.IGNORECASE)
_SOURCES = ("article", "posting", "recipe", "report", "howto", "review", "qapage", "webpage")

_POSTED = ("posting", "question", "answer", "comment")
_HOLDERS = (
    "@graph", "mainEntity", "acceptedAnswer", "suggestedAnswer", "answer", "comment", "hasPart",
)  # fmt: skip


_NOBODY: Mapping[str, Any] = {}


@dataclass
class Node:
    """What was declared, from the nodes that stand for the page."""

    types: list[str] = field(default_factory=list)
    headline: str | None = None
    author: str | None = None
    published: str | None = None
    site: str | None = None


def declared(html: str) -> Node:
    """Return what the JSON-LD of `html` declares; broken blocks count as absent.

    >>> declared('<script type="application/ld+json">{"@type": "Article", "headline": "Bees"}'
    ...          '</script>')
    Node(types=['Article'], headline='Bees', author=None, published=None, site=None)
    """
    found = Node()
    nodes = [node for block in _blocks(html) for node in _nodes(block)][:_MOST_NODES]
    known: dict[str, Any] = {}
    for node in nodes:
        if "name" in node and isinstance(at := node.get("@id"), str):
            known.setdefault(at, node["name"])
    for node in nodes:
        types = _types(node)
        found.types += types
        content = any(name.lower().endswith(_SOURCES) for name in types)
        if content and "WebPage" not in types:
            found.headline = found.headline or _text(node.get("headline"))
            found.author = found.author or named(node.get("author") or node.get("creator"), known)
            found.site = found.site or named(node.get("publisher"), known)
        if "WebSite" in types:
            found.site = named(node) or found.site
    for node in nodes:
        if any(name.lower().endswith(_SOURCES) for name in _types(node)):
            found.published = found.published or _text(node.get("datePublished"))
    return found


def texts(html: str) -> list[str]:
    """Return the texts that the JSON-LD of `html` carries whole: of the article, or of all posts.

    Pages that are filled by scripts often have them for search engines. HTML is left as it is.

    >>> texts('<script type="application/ld+json">{"@type": "Question", "text": "Why?",'
    ...       '"acceptedAnswer": {"@type": "Answer", "text": "Because."}}</script>')
    ['Why?', 'Because.']
    """
    found: dict[str, None] = {}
    for block in _blocks(html):
        stack = [block]
        for _ in range(_MOST_NODES):
            if not stack:
                break
            item = stack.pop()
            if isinstance(item, list):
                stack += item[_MOST_NODES - 1 :: -1]
            elif isinstance(item, dict):
                posted = any(name.lower().endswith(_POSTED) for name in _types(item))
                for key in ("articleBody", "text") if posted else ("articleBody",):
                    if text := _text(item.get(key)):
                        found[text] = None
                stack += [item[key] for key in reversed(_HOLDERS) if key in item]
    return list(found)


def named(value: Any, known: Mapping[str, Any] = _NOBODY, depth: int = 3) -> str | None:
    """Return the name, or names joined by commas, of a person, an organization or a list of them.

    Args:
        value: what stands where a name belongs.
        known: names by the ``@id`` of their nodes, for those who are only referred to.
        depth: of lists and nodes within each other.

    >>> named([{"@type": "Person", "name": "Ada"}, "Bo", {"@id": "#c"}], {"#c": "Cy"})
    'Ada, Bo, Cy'
    """
    if depth == 0:
        return None
    if isinstance(value, list):
        names = [name for item in value[:10] if (name := named(item, known, depth - 1))]
        return ", ".join(dict.fromkeys(names)) or None
    if isinstance(value, dict):
        said = value["name"] if "name" in value else known.get(str(value.get("@id")))
        return named(said, known, depth - 1)
    return _text(value)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _types(node: dict[str, Any]) -> list[str]:
    said = node.get("@type")
    names = said[:10] if isinstance(said, list) else [said]
    return [name.rpartition("/")[2] for name in names if isinstance(name, str)]


def _blocks(html: str) -> Iterator[Any]:
    at = 0
    for _ in range(_MOST_BLOCKS):
        at = html.find(KIND, at)
        if at < 0:
            return
        at += len(KIND)
        opened = _OPEN.match(html, at)
        if opened is None:
            continue
        closed = _CLOSE.search(html, opened.end(), opened.end() + _BLOCK_CHARACTERS)
        if closed is None:
            continue
        block = html[opened.end() : closed.start()]
        at = closed.end()
        try:
            yield _loads(block)
        except (ValueError, RecursionError):
            continue


def _loads(block: str) -> Any:
    """Return the first JSON value in `block`: what stands behind it (``-->``, ``;``) is let be."""
    return _DECODER.raw_decode(block)[0]


def _nodes(block: Any) -> Iterator[dict[str, Any]]:
    """Yield the nodes that stand for the page: the roots, those of a graph, the main entities."""
    stack = [block]
    for _ in range(_MOST_NODES):
        if not stack:
            return
        item = stack.pop()
        if isinstance(item, list):
            stack += item[_MOST_NODES - 1 :: -1]
        elif isinstance(item, dict):
            yield item
            stack += [item[key] for key in ("mainEntity", "@graph") if key in item]
