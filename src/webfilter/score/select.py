"""Choose what to label, where labels teach most: `select`.

Drawn as it comes, nearly all of a crawl is at the low end of a scale, and a label there tells a
model little it does not know. So documents that have been scored are drawn from bands of the score,
as many from each, and within a band more often where the model is unsure. Sites are capped, since
ten pages of one site are about one page.

A draw is decided by a hash of the document's id, so it is the same for any order of the documents.
Memory holds the candidates only, `count` for each band, however long the source is.
"""

from __future__ import annotations

import hashlib
import math
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Sequence
from itertools import pairwise
from numbers import Integral
from urllib.parse import urlsplit

from webfilter.document import Document
from webfilter.errors import ConfigError, UnknownName
from webfilter.score.above import number

__all__ = ["select"]

_BANDS = (0.5, 1.5, 2.5, 3.5)
_Key = tuple[float, float, str]
"""What decides: the draw by weight, the draw as such, the id."""


def select(
    docs: Iterable[Document],
    count: int,
    *,
    by: str | None = "educational",
    edges: Sequence[float] = _BANDS,
    weight: str | tuple[str, str] | None = None,
    per_host: int | None = None,
    seed: int = 0,
) -> list[Document]:
    """Return `count` of `docs` for labeling, or all if there are fewer; in an order of the draw.

    Args:
        docs: documents as a scorer marked them, such as ``Educational(min_score=None)(docs)``. Read
            once. Those that were dropped or have no text are passed over.
        count: how many to draw.
        by: the signal whose bands are drawn from evenly; what a band lacks the others give. A
            document where it is None is in a band of its own. None: no bands.
        edges: where bands meet; a score on an edge is in the upper one.
        weight: draw more often where this signal is high: with chances in proportion to it. A pair
            is the width between two signals: ``("educational_low", "educational_high")`` draws by
            the model's doubt. Where it is 0 or undefined, a document is drawn only if there is
            nothing else.
        per_host: most documents of one host from one band; None: any number. Documents without a
            URL are not capped.
        seed: another seed, another draw.

    Raises:
        ConfigError: an argument does not fit, or documents lack the signals.

    >>> docs = [Document(str(i), "text", signals={"score": i / 100}) for i in range(500)]
    >>> drawn = select(docs, 4, by="score", edges=(1.0, 4.9))
    >>> sorted(doc.signals["score"] // 0.98 for doc in drawn)[-1]
    5.0
    """
    _check(count, edges, per_host)
    bands: dict[int, _Band] = {}
    for doc in docs:
        if doc.verdict is not None or not doc.text.strip():
            continue
        band = -1 if by is None else _band(_signal(doc, by), edges)
        if band not in bands:
            bands[band] = _Band(count, per_host)
        bands[band].offer(_chance(doc, weight, seed), doc)
    found = [bands[band].taken for band in sorted(bands)]
    quotas = _shares(count, [len(taken) for taken in found])
    drawn = [pair for taken, quota in zip(found, quotas, strict=True) for pair in taken[:quota]]
    return [doc for _, doc in sorted(drawn, key=_order)]


class _Band:
    """The candidates of a band: those with the lowest draws, at most so many of a host.

    Exact for any order of offers: what is turned away for its host has enough of the same host
    below it, and what is pushed out at the end has `count` below it.
    """

    def __init__(self, count: int, per_host: int | None) -> None:
        self._count, self._per_host = count, per_host
        self._of_host: dict[str, list[_Key]] = {}
        self._ids: set[str] = set()
        self.taken: list[tuple[_Key, Document]] = []

    def offer(self, key: _Key, doc: Document) -> None:
        """Take `doc` in if its draw is low enough."""
        full = len(self.taken) == self._count
        if doc.id in self._ids or (full and (not self.taken or key >= self.taken[-1][0])):
            return
        host = _host(doc)
        theirs = [] if host is None else self._of_host.get(host, [])
        if len(theirs) == self._per_host:
            if key >= theirs[-1]:
                return
            self._remove(bisect_left(self.taken, theirs[-1], key=_order))
        elif full:
            self._remove(-1)
        insort(self.taken, (key, doc), key=_order)
        self._ids.add(doc.id)
        if host is not None:
            insort(self._of_host.setdefault(host, []), key)

    def _remove(self, at: int) -> None:
        key, doc = self.taken.pop(at)
        self._ids.discard(doc.id)
        host = _host(doc)
        if host is not None:
            theirs = self._of_host[host]
            theirs.remove(key)
            if not theirs:
                del self._of_host[host]


def _order(pair: tuple[_Key, Document]) -> _Key:
    return pair[0]


def _check(count: int, edges: Sequence[float], per_host: int | None) -> None:
    for what, value, least in (("count", count, 0), ("per_host", per_host, 1)):
        if value is not None and not (isinstance(value, Integral) and value >= least):
            raise ConfigError(
                f"select: {what} = {value!r} does not fit; it takes a whole number from {least}"
            )
    if not all(math.isfinite(edge) for edge in edges) or any(a >= b for a, b in pairwise(edges)):
        raise ConfigError(f"select: edges = {edges!r} does not fit; it takes rising numbers")


def _signal(doc: Document, name: str) -> float | None:
    if name not in doc.signals:
        if not doc.signals:
            raise ConfigError(
                f"select: document {doc.id!r} has no signal {name!r}: score documents first, for "
                "instance with Educational(min_score=None)"
            )
        raise UnknownName(f"signal of document {doc.id!r}", name, doc.signals)
    value = doc.signals[name]
    if isinstance(value, str):
        raise ConfigError(f"select: signal {name!r} of document {doc.id!r} is text, not a number")
    return None if value is None or value != value else number(name, value)


def _band(value: float | None, edges: Sequence[float]) -> int:
    return -1 if value is None else bisect_right(edges, value)


def _chance(doc: Document, weight: str | tuple[str, str] | None, seed: int) -> _Key:
    """Return the draw of `doc`, the low are chosen: -ln(u) / weight (Efraimidis, Spirakis 2006)."""
    named = f"{seed}\n{doc.id}".encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(named, digest_size=8).digest()
    uniform = (int.from_bytes(digest, "big") + 0.5) / 2.0**64
    draw = -math.log(min(uniform, 1.0 - 2.0**-53))
    if weight is None:
        return draw, draw, doc.id
    if isinstance(weight, str):
        heavy = _signal(doc, weight)
    else:
        low, high = (_signal(doc, name) for name in weight)
        heavy = None if low is None or high is None else high - low
    scaled = draw / heavy if heavy is not None and heavy > 0 else math.inf
    return scaled, draw, doc.id


def _shares(count: int, sizes: list[int]) -> list[int]:
    """Share `count` evenly among bands; what one lacks goes to the others, from the highest on."""
    shares = [0] * len(sizes)
    left = min(count, sum(sizes))
    while left:
        open_ = [i for i in reversed(range(len(sizes))) if shares[i] < sizes[i]]
        each = max(left // len(open_), 1)
        for i in open_[:left]:
            more = min(each, sizes[i] - shares[i])
            shares[i] += more
            left -= more
    return shares


def _host(doc: Document) -> str | None:
    try:
        return urlsplit(doc.url or "").hostname
    except ValueError:  # brackets that are no IPv6 address
        return None
