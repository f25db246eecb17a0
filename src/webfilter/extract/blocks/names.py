"""What the names of elements say: classes of keywords in ``class``, ``id`` and ``role``.

Pages in every language name their parts in English, so these serve beyond English texts. Tags with
a meaning of their own (``nav``, ``footer``, ``article``) count as names.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

__all__ = ["CLASSES", "LONGEST", "Said", "split", "tokens", "understood"]

Ints = NDArray[np.int64]

CLASSES: dict[str, str] = {
    "comment": r"comments?|disqus|respond|commentlist",
    "foot": r"footer|foot|colophon|bottom",
    "head": r"header|masthead|topbar|banner|head",
    "menu": r"nav|navbar|navigation|menu|submenu|dropdown|megamenu|tabs?",
    "side": r"side|sidebar|aside|rail|widget|secondary|complementary",
    "related": r"related|recommend\w*|recirc\w*|similar|popular|trending|more|upsell|suggest\w*|"
    r"also|readnext|latest|recent",
    "social": r"share|sharing|social|facebook|twitter|follow|addthis|likes?|sharedaddy",
    "ad": r"ads?|advert\w*|sponsor\w*|promo\w*|outbrain|taboola|affiliate|dfp|gpt",
    "consent": r"cookies?|consent|gdpr|onetrust|privacy|ccpa",
    "modal": r"modal|popup|popover|dialog|overlay|lightbox|tooltip|toast|drawer|offcanvas|flyout",
    "crumbs": r"breadcrumbs?|crumbs?",
    "byline": r"author|byline|by|contributor|writer|bio",
    "date": r"date|time|timestamp|published|updated|posted|when",
    "meta": r"meta|info|stats?|details",
    "tags": r"tags?|tagged|category|categories|topics?|keywords|labels?",
    "content": r"content|body|text|copy|prose|markdown|richtext|wysiwyg|entry|rte",
    "article": r"article|post|story|blog|single|articlebody|hentry",
    "main": r"main|primary|page|center|middle",
    "title": r"title|headline|heading|subtitle|hed|dek",
    "product": r"product|pdp|item|sku|goods|variant|swatch|size|color|colour",
    "price": r"prices?|cost|sale|discount|savings|currency|money",
    "review": r"reviews?|ratings?|stars?|testimonials?|feedback",
    "describe": r"description|desc|summary|excerpt|abstract|intro|lead|lede|overview|about",
    "spec": r"specs?|specifications?|attributes?|features?|params?|properties|ingredients",
    "faq": r"faqs?|accordion|questions?|qa|collapse|expand\w*|toggle|panel",
    "thread": r"thread|forum|topic|message|msg|replies|reply|answers?|postbody|posts|cooked|bbcode",
    "signature": r"signature|sig",
    "user": r"users?|profile|avatar|member|account|nick|username",
    "sign": r"login|signin|signup|register|subscri\w*|newsletter|optin|mailing|email",
    "form": r"form|input|search|filters?|facets?|sort\w*|refine\w*|select|checkbox|field",
    "pages": r"pagination|pager|paging|prev|next|previous",
    "hidden": r"hidden|hide|invisible|none|sr|collapsed|visuallyhidden|offscreen|noprint",
    "caption": r"caption|credit|figure|gallery|image|img|photo|media|thumb\w*|video|player",
    "quote": r"quote|blockquote|pullquote|quoted",
    "code": r"code|highlight|snippet|syntax|hljs|pre|prettyprint",
    "list": r"list|listing|grid|results?|archive|feed|index|directory|table|rows?",
    "card": r"card|tile|teaser|cell|box|block|slide|carousel|slider|swiper",
    "hero": r"hero|jumbotron|cover|splash|intro",
    "action": r"btn|button|cta|action|cart|basket|buy|checkout|wishlist|compare",
    "legal": r"copyright|legal|disclaimer|terms|license|imprint",
    "toc": r"toc|contents|outline|anchor",
    "tools": r"toolbar|tools|utility|controls?|actions|print|edit|vote\w*|skip",
    "contact": r"contact|address|phone|tel|location|map|hours|store",
    "doc": r"docs?|documentation|section|chapter|api|method|manual|reference|guide|tutorial",
    "job": r"jobs?|event|course|recipe|property|vehicle|hotel|company|team|service|pricing|plan",
}
"""Class of keywords to what stands for it, between the parts of a name."""

LONGEST = 400
"""Characters of names that are looked at."""
_MARK = b"\x01"  # begins a name
_MARKED = -1 << 63
_MOST_KEPT = 20_000


def _letters() -> bytes:
    """Return a table for `bytes.translate`: letters in lower case, the mark, spaces otherwise."""
    small = (bytes((code,)).lower() for code in range(256))
    return b"".join(c if c.isalpha() or c == _MARK else b" " for c in small)


_LETTERS = _letters()


def _tables() -> tuple[dict[bytes, int], dict[bytes, int]]:
    """Return the words of the classes, and the beginnings of words, as bits."""
    whole: dict[bytes, int] = {}
    begun: dict[bytes, int] = {}
    for i, words in enumerate(CLASSES.values()):
        for word in words.split("|"):
            table = begun if word.endswith(r"\w*") else whole
            for form in _forms(word.removesuffix(r"\w*")):
                key = form.encode()
                table[key] = table.get(key, 0) | 1 << i
    return whole, begun


def _forms(word: str) -> list[str]:
    """Return `word` with and without the character before each question mark."""
    before, mark, after = word.partition("?")
    if not mark:
        return [word]
    return [start + end for start in (before, before[:-1]) for end in _forms(after)]


_WHOLE, _BEGUN = _tables()
_BEGINNINGS = sorted({len(word) for word in _BEGUN})
_STARTS = frozenset(word[: _BEGINNINGS[0]] for word in _BEGUN)


class _Classes(dict[bytes, int]):
    """The classes of each part of a name, found when it is first asked for."""

    def __missing__(self, part: bytes) -> int:
        found = _WHOLE.get(part, 0)
        if part[: _BEGINNINGS[0]] in _STARTS:
            for length in _BEGINNINGS:
                found |= _BEGUN.get(part[:length], 0)
        self[part] = found
        return found


_classes = _Classes({_MARK: _MARKED})


class Said(NamedTuple):
    """What names say."""

    parts: list[bytes]
    """The parts of all of them, lower-case, and before those of each a mark that says nothing."""
    starts: Ints
    """Where in `parts` each name begins."""
    classes: Ints
    """Those of `CLASSES` each speaks of, as bits."""


def understood(names: Sequence[str]) -> Said:
    """Return what `names`, at least one, say.

    >>> said = understood(["siteFooter__share col-2"])
    >>> said.parts[1:], [name for i, name in enumerate(CLASSES) if said.classes[0] >> i & 1]
    ([b'site', b'footer', b'share', b'col'], ['foot', 'social'])
    """
    parts = _split(names)
    if len(_classes) > _MOST_KEPT:
        _classes.clear()
        _classes[_MARK] = _MARKED
    bits = np.fromiter(map(_classes.__getitem__, parts), np.int64, len(parts))
    starts = np.flatnonzero(bits < 0)
    return Said(parts, starts, np.bitwise_or.reduceat(bits, starts) & ~_MARKED)


def _split(names: Sequence[str]) -> list[bytes]:
    """Return the parts of `names`, and a mark before those of each."""
    cut = [said[:LONGEST] for said in names]
    joined = " \x01 ".join(["", *cut]).encode("ascii", "replace")
    if joined.count(_MARK) > len(names):  # somebody writes it
        return [part for said in cut for part in (_MARK, *split(said.replace("\x01", " ")))]
    codes = np.frombuffer(joined, dtype=np.uint8)
    small, large = codes - np.uint8(ord("a")) < 26, codes - np.uint8(ord("A")) < 26
    humps = np.flatnonzero(small[:-1] & large[1:]) + 1
    if len(humps):
        joined = np.insert(codes, humps, ord(" ")).tobytes()
    return joined.translate(_LETTERS).split()


def split(said: str) -> list[bytes]:
    """Return the parts of a name, lower-case."""
    return _split([said])[1:]


def tokens(tag: str, names: str) -> list[int]:
    """Return the hashes of a tag and of the parts of `names`, each as often as it stands there."""
    return [crc32(said) for said in (tag.encode(), *split(names))]
