"""What the names of elements say: classes of keywords in ``class``, ``id`` and ``role``.

Pages in every language name their parts in English, so these serve beyond English texts. Tags with
a meaning of their own (``nav``, ``footer``, ``article``) count as names.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any, NamedTuple
from zlib import crc32

__all__ = ["CLASSES", "LONGEST", "Said", "split", "tokens", "understood"]

CLASSES: dict[str, str] = {
    "comment": r"comments?|disqus|respond|commentlist",
    "foot": r"footer|foot|colophon|bottom",
    "head": r"header|masthead|topbar|banner|head",
    "menu": r"nav|navbar|navigation|menu|submenu|dropdown|megamenu|tabs?",
    "side": r"side|sidebar|aside|rail|widget|secondary|complementary",
    "related": r"related|recommend\w*|recirc\w*|similar|popular|trending|more|upsell|suggest\w*|"
    r"also|read-?next|latest|recent",
    "social": r"share|sharing|social|facebook|twitter|follow|addthis|likes?|sharedaddy",
    "ad": r"ads?|advert\w*|sponsor\w*|promo\w*|outbrain|taboola|affiliate|dfp|gpt",
    "consent": r"cookies?|consent|gdpr|onetrust|privacy|ccpa",
    "modal": r"modal|popup|popover|dialog|overlay|lightbox|tooltip|toast|drawer|offcanvas|flyout",
    "crumbs": r"breadcrumbs?|crumbs?|you-are-here",
    "byline": r"author|byline|by|contributor|writer|bio",
    "date": r"date|time|timestamp|published|updated|posted|when",
    "meta": r"meta|info|stats?|details",
    "tags": r"tags?|tagged|category|categories|topics?|keywords|labels?",
    "content": r"content|body|text|copy|prose|markdown|richtext|rich-text|wysiwyg|entry|rte",
    "article": r"article|post|story|blog|single|articlebody|hentry",
    "main": r"main|primary|page|center|middle",
    "title": r"title|headline|heading|subtitle|h1|hed|dek",
    "product": r"product|pdp|item|sku|goods|variant|swatch|size|color|colour",
    "price": r"prices?|cost|sale|discount|savings|currency|money",
    "review": r"reviews?|ratings?|stars?|testimonials?|feedback",
    "describe": r"description|desc|summary|excerpt|abstract|intro|lead|lede|overview|about",
    "spec": r"specs?|specifications?|attributes?|features?|params?|properties|ingredients",
    "faq": r"faqs?|accordion|questions?|qa|collapse|expand\w*|toggle|panel",
    "thread": r"thread|forum|topic|message|msg|replies|reply|answers?|postbody|posts|cooked|bbcode",
    "signature": r"signature|sig",
    "user": r"users?|profile|avatar|member|account|nick|username",
    "sign": r"login|signin|sign-in|signup|register|subscri\w*|newsletter|optin|mailing|email",
    "form": r"form|input|search|filters?|facets?|sort\w*|refine\w*|select|checkbox|field",
    "pages": r"pagination|pager|paging|page-numbers|prev|next|previous",
    "hidden": r"hidden|hide|invisible|sr-only|visually-hidden|screen-reader\w*|d-none|collapsed|"
    r"visuallyhidden|offscreen|noprint",
    "caption": r"caption|credit|figure|gallery|image|img|photo|media|thumb\w*|video|player",
    "quote": r"quote|blockquote|pullquote|quoted",
    "code": r"code|highlight|snippet|syntax|hljs|pre|prettyprint",
    "list": r"list|listing|grid|results?|archive|feed|index|directory|table|rows?",
    "card": r"card|tile|teaser|cell|box|block|slide|carousel|slider|swiper",
    "hero": r"hero|jumbotron|cover|splash|intro",
    "action": r"btn|button|cta|action|cart|basket|buy|checkout|wishlist|compare",
    "legal": r"copyright|legal|disclaimer|terms|license|imprint",
    "toc": r"toc|contents|table-of-contents|outline|anchor",
    "tools": r"toolbar|tools|utility|controls?|actions|print|edit|vote\w*|skip",
    "contact": r"contact|address|phone|tel|location|map|hours|store",
    "doc": r"docs?|documentation|section|chapter|api|method|manual|reference|guide|tutorial",
    "job": r"jobs?|event|course|recipe|property|vehicle|hotel|company|team|service|pricing|plan",
}
"""Class of keywords to what stands for it, between the parts of a name."""

_PARTS = re.compile(r"[a-z]+(?:-?[0-9])?")
_HUMPS = re.compile(r"([a-z])([A-Z])")
LONGEST = 400
"""Characters of names that are looked at."""
_MOST_PARTS = 24
_MOST_KEPT = 20_000
_new: Any = tuple.__new__


def _tables() -> tuple[dict[str, int], dict[str, int]]:
    """Return the words of the classes, and the beginnings of words, as bits."""
    whole: dict[str, int] = {}
    begun: dict[str, int] = {}
    for i, words in enumerate(CLASSES.values()):
        for word in words.split("|"):
            table = begun if word.endswith(r"\w*") else whole
            for form in _forms(word.removesuffix(r"\w*")):
                table[form] = table.get(form, 0) | 1 << i
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


class Said(NamedTuple):
    """What names say."""

    parts: list[str]
    """The first 24, lower-case, each once."""
    classes: int
    """Those of `CLASSES` they speak of, as bits."""


_kept: dict[str, Said] = {}  # pages of a site are alike


def understood(names: Sequence[str]) -> list[Said]:
    """Return what each of `names` says.

    >>> [said] = understood(["siteFooter__share col-2"])
    >>> said.parts, [name for i, name in enumerate(CLASSES) if said.classes >> i & 1]
    (['site', 'footer', 'share', 'col-2'], ['foot', 'social'])
    """
    global _kept
    if len(_kept) > _MOST_KEPT:
        _kept = {}
    if len(_classes) > _MOST_KEPT:
        _classes.clear()
    kept = _kept
    short = [said[:LONGEST] for said in names]  # so that hostile ones are not kept whole
    new = [said for said in dict.fromkeys(short) if said not in kept]
    for said, parts in zip(new, split(new) if new else (), strict=True):
        once = list(dict.fromkeys(parts))
        classes = reduce(or_, map(_classes.__getitem__, once), 0)
        kept[said] = _new(Said, (once[:_MOST_PARTS], classes))
    return [kept[said] for said in short]


def split(names: Sequence[str]) -> list[list[str]]:
    """Return the parts of each of `names`, lower-case; at least one is given."""
    joined = "\n".join([said[:LONGEST].replace("\n", " ") for said in names])
    if not joined.islower():
        joined = _HUMPS.sub(r"\1-\2", joined).lower()
    return list(map(_PARTS.findall, joined.split("\n")))


class _Classes(dict[str, int]):
    """The classes of each part of a name, found when it is first asked for."""

    def __missing__(self, part: str) -> int:
        found = _WHOLE.get(part, 0)
        if part[: _BEGINNINGS[0]] in _STARTS and "-" not in part:
            for length in _BEGINNINGS:
                found |= _BEGUN.get(part[:length], 0)
        self[part] = found
        return found


_classes = _Classes()


def tokens(tag: str, names: str) -> list[int]:
    """Return the hashes of a tag, of the parts of `names`, and of each of these with the tag."""
    [(parts, _)] = understood([names])
    said = (tag, *parts, *(f"{tag}.{part}" for part in parts))
    return [crc32(token.encode()) for token in said]
