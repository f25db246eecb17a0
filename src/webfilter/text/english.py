"""Tokens of one chunk (a run without white space), as spaCy's blank English has them, or its "xx".

Affixes are peeled off both ends while they last, exceptions (`webfilter.text.exceptions`) stay as
they are listed, addresses stay whole, and what is left is cut at infixes. The rules are spaCy 3.8's
(MIT license; ``spacy/lang``), written anew: no step scans the whole chunk for each affix, so the
time is linear in its length, where spaCy's is quadratic.

It does not know about white space: `webfilter.text.spans` cuts the plain chunks by itself and asks
here for the rest. What other languages have otherwise than English is in `webfilter.text.manners`.

One difference is known: spaCy seeks exceptions over white space, too. Where marks on both sides of
a space could begin one (``' ''a``, ``: o.O.``), it finds nothing there and then overlooks the one
that follows (here ``''`` and ``o.``), which is one token here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from webfilter.text.chars import ALPHA, ICONS, LOWER, PEELED, QUOTES, TO_DOT, UPPER
from webfilter.text.manners import DIGITS, Manner, SpacedWords, manner

__all__ = ["cut_all"]

_HYPHENS = {"-": ("-", "--", "---"), "–": ("–",), "—": ("—", "——"), "~": ("~",)}
_CURRENCY = frozenset("$£€¥฿₽﷼") | frozenset(map(chr, range(0x20A0, 0x20C0)))
_PREFIXES = PEELED | _CURRENCY | frozenset("§%=—–")
_SUFFIXES = PEELED | frozenset("—–")
_METRIC = """
    km km² km³ m m² m³ dm dm² dm³ cm cm² cm³ mm mm² mm³ ha µm nm yd in ft kg g mg µg t lb oz m/s
    km/h kmh mph hPa Pa mbar mb MB kb KB gb GB tb TB T G M K % км км² км³ м м² м³ дм дм² дм³ см см²
    см³ мм мм² мм³ нм кг г мг м/с км/ч кПа Па мбар Кб КБ кб Мб МБ мб Гб ГБ гб Тб ТБ тбكم كم كم² كم³
    م م² م³ سم سم² سم³ مم مم² مم³ غرام جرام جم كغ ملغ كوب اكواب
"""
_UNITS = frozenset(_METRIC.split()) | _CURRENCY | {"US$", "C$", "A$"}
_LONGEST_UNIT = max(map(len, _UNITS))


def _prefix(chunk: str, low: int, high: int) -> int:
    char = chunk[low]
    if char in _PREFIXES:
        return 1
    if char == "+":
        return 0 if low + 1 < high and chunk[low + 1] in DIGITS else 1
    if char == ".":
        end = low
        while end < high and chunk[end] == ".":
            end += 1
        return end - low if end - low > 1 else 0
    if char in "USCA":
        for sign in ("US$", "C$", "A$"):
            if chunk.startswith(sign, low, high):
                return len(sign)
    return 0


def _suffix(chunk: str, low: int, high: int) -> int:
    if low >= high:
        return 0
    last = chunk[high - 1]
    if last in _SUFFIXES:
        return 2 if last == "…" and high - 2 >= low and chunk[high - 2] == "…" else 1
    if last == ".":
        return _final_dots(chunk, low, high)
    if last in "sS" and high - 2 >= low and chunk[high - 2] in "'’":
        return 2
    if last == "+":
        return 1 if high - 2 >= low and chunk[high - 2] in DIGITS else 0
    for size in range(min(_LONGEST_UNIT, high - low - 1), 0, -1):
        if chunk[high - size - 1] in DIGITS and chunk[high - size : high] in _UNITS:
            return size
    return 0


def _final_dots(chunk: str, low: int, high: int) -> int:
    start = high - 1
    while start > low and chunk[start - 1] == ".":
        start -= 1
    if high - start > 1:
        return high - start
    if start > low and chunk[start - 1] in TO_DOT:
        return 1
    both = start - 1 > low and chunk[start - 1] in UPPER and chunk[start - 2] in UPPER
    return 1 if both else 0


def _set(chars: frozenset[str]) -> str:
    """Return `chars` as the inside of a character class, in ranges."""
    spans: list[list[int]] = []
    for code in sorted(map(ord, chars)):
        if spans and spans[-1][1] == code - 1:
            spans[-1][1] = code
        else:
            spans.append([code, code])
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in spans)


@cache
def _infix_place(elision: bool) -> re.Pattern[str]:
    """Return the pattern of characters with which an infix can begin; dots come in runs.

    With `elision`, also of the empty place behind an apostrophe.
    """
    behind = "|(?<=['’])" if elision else ""
    return re.compile(rf"\.+|[-+*^,–—~:<>=/…{_set(ICONS)}]{behind}")


_ALPHA_OR_DIGIT = ALPHA | DIGITS
_DIGIT_OR_MINUS = DIGITS | {"-"}
_UPPER_OR_QUOTE = UPPER | QUOTES
_LOWER_OR_QUOTE = LOWER | QUOTES


def _infix(core: str, place: int, run: int, of: Manner) -> int:
    """Return how many characters the infix at `place` has, 0 if there is none.

    Args:
        core: what is left of a chunk between its affixes.
        place: where a character stands with which an infix can begin.
        run: how many dots stand there, if dots.
        of: whose hyphens.
    """
    char = core[place]
    if char == ".":
        if run > 1:
            return run
        inside = 0 < place < len(core) - 1
        return int(
            inside and core[place - 1] in _LOWER_OR_QUOTE and core[place + 1] in _UPPER_OR_QUOTE
        )
    if char == "…" or char in ICONS:
        return 1
    if place == 0:
        return 0
    before, after = core[place - 1], core[place + 1 : place + 2]
    if char in "+-*^" and before in DIGITS and after in _DIGIT_OR_MINUS:
        return 1
    if char == ",":
        return int(before in ALPHA and after in ALPHA)
    if char in ":<>=/":
        return int(before in _ALPHA_OR_DIGIT and after in ALPHA)
    if char in "-–—~":
        for sign in _HYPHENS[char]:
            end = place + len(sign)
            if core.startswith(sign, place) and core[end : end + 1] in ALPHA:
                return len(sign) * (before in (of.before_hyphen if sign == "-" else of.before_dash))
    return 0


_SCHEME = re.compile(r"[\w+\-.]{2,}://")


@cache
def _host() -> re.Pattern[str]:
    """Return the pattern of what follows an optional scheme and login in an address."""
    inner = r"A-Za-z0-9\u00a1-\uffff"
    octet = r"\.(?:1?\d{1,2}|2[0-4]\d|25[0-5])"
    number = (
        r"(?!(?:10|127)(?:\.\d{1,3}){3})(?!(?:169\.254|192\.168)(?:\.\d{1,3}){2})"
        r"(?!172\.(?:1[6-9]|2\d|3[0-1])(?:\.\d{1,3}){2})"
        rf"(?:[1-9]\d?|1\d\d|2[01]\d|22[0-3]){octet}{octet}"
        r"\.(?:[1-9]\d?|1\d\d|2[0-4]\d|25[0-4])"
    )
    name = rf"(?:[{inner}](?:[{inner}_-]{{0,62}}[{inner}])?\.)+[{_set(LOWER)}]{{2,63}}"
    return re.compile(rf"(?:{number}|{name})(?::\d{{2,5}})?(?:[/?#]|\Z)")


def _is_address(core: str) -> bool:
    if "." not in core:
        return False
    match = _host().match
    if match(core):
        return True
    scheme = _SCHEME.match(core)
    if scheme and match(core, scheme.end()):
        return True
    at = core.find("@", 1)
    while at > 0:
        if match(core, at + 1):
            return True
        at = core.find("@", at + 1)
    return False


def _inner(chunk: str, low: int, high: int, of: Manner) -> list[int]:
    """Return where tokens start in what is left between the affixes, `low` included."""
    core = chunk[low:high]
    if _is_address(core):
        return [low]
    found, start = [low], 0
    for match in _infix_place(of.elision).finditer(core):
        first = match.start()
        if first == match.end():  # behind an apostrophe
            if first > 1 and core[first - 2] in ALPHA and core[first : first + 1] in ALPHA:
                found.append(low + first)
                start = first
            continue
        length = _infix(core, first, match.end() - first, of) if first >= start else 0
        if not length or first == 0:
            continue
        if first != start:
            found.append(low + first)
        start = first + length
        if start < len(core):
            found.append(low + start)
    return found


def _peel_marks(
    chunk: str, low: int, high: int, shortest: int, before: list[int], after: list[int]
) -> tuple[int, int]:
    """Peel single marks off both ends, as `_peel` does, while too much is left for an exception.

    In step, while each end has a mark or nothing to peel at all: where the two meet, "……" is one
    token or two by how far each came.
    """
    if high - low <= shortest:
        return low, high
    bare_left, bare_right = not _prefix(chunk, low, high), not _suffix(chunk, low, high)
    while high - low > shortest:
        prefix = chunk[low] in _PREFIXES or (chunk[low] == "+" and chunk[low + 1] not in DIGITS)
        suffix = chunk[high - 1] in _SUFFIXES and chunk[high - 1] != "…"
        if not ((prefix or bare_left) and (suffix or bare_right) and (prefix or suffix)):
            break
        if prefix:
            before.append(low)
            low += 1
        if suffix:
            high -= 1
            after.append(high)
    return low, high


def _peel(chunk: str, of: Manner, special: dict[str, tuple[int, ...]], longest: int) -> list[int]:
    """Return where the tokens of `chunk` start, given the cuts of exceptions."""

    def listed(low: int, high: int) -> bool:
        return 0 < high - low <= longest and chunk[low:high] in special

    low, high = 0, len(chunk)
    before: list[int] = []
    after: list[int] = []
    while low < high and not listed(low, high):
        low, high = _peel_marks(chunk, low, high, longest + 2, before, after)
        prefix = _prefix(chunk, low, high)
        if prefix and listed(low + prefix, high):
            before.append(low)
            low += prefix
            break
        suffix = _suffix(chunk, low + prefix, high)
        if suffix and listed(low, high - suffix):
            high -= suffix
            after.append(high)
            break
        if prefix:
            before.append(low)
            low += prefix
        if suffix:
            high -= suffix
            after.append(high)
        if not prefix and not suffix:
            break
    middle: list[int] = []
    if listed(low, high):
        middle = [low, *(low + cut for cut in special[chunk[low:high]])]
    elif low < high:
        middle = _inner(chunk, low, high, of)
    return [*before, *middle, *reversed(after)]


@cache
def _patterns(of: Manner) -> tuple[dict[str, tuple[int, ...]], dict[str, int]]:
    """Return the exceptions that the affix rules cut, with those cuts; their first two tokens.

    Where these cuts turn up inside a longer chunk ("x-Mr.", "text:)"), the exception is restored.
    With each two first tokens comes the greatest number of tokens that begin so.
    """
    found: dict[str, tuple[int, ...]] = {}
    pairs: dict[str, int] = {}
    for chunk in of.specials:
        cut = tuple(_peel(chunk, of, {}, 0)[1:])
        if cut:
            found[chunk] = cut
            pair = chunk[: (*cut, len(chunk))[1]]
            pairs[pair] = max(pairs.get(pair, 0), len(cut) + 1)
    return found, pairs


def _restore(chunk: str, starts: list[int], of: Manner) -> list[int]:
    """Return `starts` with exceptions restored: the longest first, then from the left."""
    patterns, pairs = _patterns(of)
    bounds = [*starts, len(chunk)]
    found: list[tuple[int, int, int]] = []
    for i in range(len(starts) - 1):
        start = bounds[i]
        longest = pairs.get(chunk[start : bounds[i + 2]])
        if longest is None:
            continue
        for j in range(i + 2, min(i + longest, len(starts)) + 1):
            cut = patterns.get(chunk[start : bounds[j]])
            if cut is not None and cut == tuple(bound - start for bound in bounds[i + 1 : j]):
                found.append((i - j, i, j))
    if not found:
        return starts
    taken = bytearray(len(starts))
    replaced = bytearray(len(starts))
    added: list[int] = []
    for _, i, j in sorted(found):
        if not taken[i] and not taken[j - 1]:
            replaced[i + 1 : j] = b"\1" * (j - i - 1)
            added += [bounds[i] + cut for cut in of.cuts[chunk[bounds[i] : bounds[j]]]]
        taken[i:j] = b"\1" * (j - i)
    kept = [start for start, gone in zip(starts, replaced, strict=True) if not gone]
    return sorted(kept + added) if added else kept


# shapes of chunk that are cut alike, whatever their letters and digits are
_SHAPES = re.compile(
    r"""(?P<number>[$£€]?[0-9]+(?:[.,][0-9]+)*%?)
    |(?P<hyphens>[A-Za-z]+(?:-[A-Za-z]+)+|[0-9]+(?:-[A-Za-z]{2,})+|[0-9]+(?:-[0-9]+)+)
    |(?P<whole>[0-9]+(?:[:/][0-9]+)+|[A-Za-z]+-?[0-9]+|[A-Za-z]+-+|(?:[A-Z]\.)+)
    |(?P<dashed>[A-Za-z]+(?:--|---|–|—|——|\.{2,}|…|/)[A-Za-z]+)
    |(?P<dots>[A-Za-z]+(?:\.{2,}|…))
    |(?P<dot>[A-Za-z]+\.[A-Za-z]+)
    |(?P<apostrophe>[A-Za-z]+['’][A-Za-z]+)
    |(?P<opened>['‘][A-Za-z]+)
    |(?P<unit>[0-9]+[A-Za-z]+)""",
    re.VERBOSE,
)
_MIDDLE = re.compile(r"[^A-Za-z0-9]+")
_FINAL = frozenset(",.;:!?)\"”'’")
_LEADING = frozenset('(["“')


def _core_cuts(chunk: str, of: Manner) -> tuple[int, ...] | None:
    """Return the cuts of an exception, a word, or a chunk of some simple shape; None: neither."""
    special = of.cuts
    if chunk in special:
        return special[chunk]
    if chunk.isalpha():
        return ()
    if chunk[-2:] in ("'s", "’s"):
        owner = chunk[:-2]
        return (len(owner),) if owner.isalpha() and owner not in special else None
    match = _SHAPES.fullmatch(chunk)
    return None if match is None else _shape_cuts(chunk, match.lastgroup or "", of)


def _shape_cuts(chunk: str, shape: str, of: Manner) -> tuple[int, ...] | None:
    """Return the cuts of a chunk of that shape; None where an exception may be inside."""
    special = of.cuts
    if shape in ("whole", "apostrophe"):
        if chunk[-2:] in ("'S", "’S"):
            return None
        elided = of.elision and shape == "apostrophe"
        return (max(chunk.find("'"), chunk.find("’")) + 1,) if elided else ()
    if shape == "number":
        found = () if chunk[0] in DIGITS else (1,)
        return found if chunk[-1] != "%" else (*found, len(chunk) - 1)
    if shape == "hyphens":
        hyphens = [
            place
            for place, char in enumerate(chunk)
            if char == "-" and (chunk[place + 1] in DIGITS or chunk[place - 1] in of.before_hyphen)
        ]
        return tuple(cut for place in hyphens for cut in (place, place + 1))
    if shape == "opened":
        return None if chunk[1:] in special else (1,)
    if shape == "unit":
        digits = len(chunk.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"))
        return (digits,) if chunk[digits:] in _UNITS else ()
    middle = _MIDDLE.search(chunk)
    if middle is None or chunk[: middle.start()] in special:
        return None
    first, last = middle.span()
    if shape == "dots":
        return None if chunk[:first] in special else (first,)
    if shape == "dot":
        if chunk[:last] in special:
            return None
        return (first, last) if chunk[first - 1].islower() and chunk[last].isupper() else ()
    return None if chunk[last:] in special else (first, last)  # dashed


def _common(chunk: str, of: Manner) -> tuple[int, ...] | None:
    """Return what `_cut` would, sooner, for the most common kinds of chunk; None for others."""
    special, found = of.cuts, _core_cuts(chunk, of)
    if found is not None or len(chunk) < 3:
        return found
    core, last = chunk[:-1], chunk[-1]
    if chunk[1:] in special:
        return None
    if last in "'’" and not (chunk[0].isalnum() and (core[-1].isalnum() or core[-1] in ".,!?")):
        return None
    if last in _FINAL:
        found = None if last == "." and core[-1] not in TO_DOT else _common(core, of)
        if found is None or (not found and not core[-1].isalnum()):
            return None
        ending = chunk[found[-1] if found else 0 :]
        return None if ending in special else (*found, len(core))
    if chunk[0] in _LEADING and chunk[1:3].isalnum():
        found = _common(chunk[1:], of)
        return None if found is None else (1, *(cut + 1 for cut in found))
    return None


_RESTORED_LENGTH = 50_000  # no writing has longer chunks; it keeps the worst case bearable


def _cut(chunk: str, of: Manner) -> tuple[int, ...]:
    starts = _peel(chunk, of, of.cuts, of.longest)
    if len(chunk) <= _RESTORED_LENGTH:
        starts = _restore(chunk, starts, of)
    return tuple(starts[1:])


_KEPT_LENGTH = 40
_KEPT = 1 << 15


class _Recent(dict[str, tuple[int, ...]]):
    """The cuts of recent short chunks: those of two generations, of which the older is let go."""

    def __init__(self, of: Manner) -> None:
        super().__init__()
        self._of = of
        self._older: dict[str, tuple[int, ...]] = {}

    def __missing__(self, chunk: str) -> tuple[int, ...]:
        if len(chunk) > _KEPT_LENGTH:
            return _cut(chunk, self._of)
        found = self._older.get(chunk)
        if found is None:
            found = _common(chunk, self._of)
        if found is None:
            found = _cut(chunk, self._of)
        if len(self) >= _KEPT:
            self._older = self.copy()
            self.clear()
        self[chunk] = found
        return found


@cache
def _recent(words: SpacedWords) -> _Recent:
    return _Recent(manner(words))


def cut_all(chunks: Sequence[str], words: SpacedWords = "english") -> list[tuple[int, ...]]:
    """Return for each chunk where its tokens after the first one start, counted from its start.

    Args:
        chunks: non-empty runs of characters without white space. Recent short ones are remembered.
        words: in which manner.

    >>> cut_all(["well-known,", "U.S.", "can't", "https://a.example/b?c=d)."])
    [(4, 5, 10), (), (2,), (23, 24)]
    >>> cut_all(["well-known,", "l'eau"], "elided")
    [(10,), (2,)]
    """
    return list(map(_recent(words).__getitem__, chunks))
