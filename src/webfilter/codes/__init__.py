"""Language codes: every spelling of a language leads to one code.

Engines, corpora and people spell the same language as ``en``, ``eng``, ``EN``, ``en-US``,
``eng_Latn`` or ``English``; compared as strings these silently keep nothing. `canonical` brings all
of them to one code: ISO 639-1 where there is one, else ISO 639-3. `recognized` does so for what a
person wrote, and refuses what nobody knows. `accepted` says which codes satisfy a code somebody
asked for: a macrolanguage asked for accepts its members (``no``: Bokmål and Nynorsk), a member
asked for accepts itself only; `under` is the same question from the other side.

It does not say whether any engine can recognize the language, and it drops scripts and regions.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Container, Iterable, Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

from webfilter.codes.members import MEMBERS
from webfilter.errors import ConfigError, UnknownName

__all__ = [
    "UNDETERMINED",
    "accepted",
    "branches",
    "canonical",
    "keyed",
    "known",
    "recognized",
    "script_of",
    "under",
]

UNDETERMINED = "und"
"""ISO 639's code for a text in no language that can be told: code, digits, random letters."""

_NO_LANGUAGE = (UNDETERMINED, "zxx", "unknown", "unk", "un", "xx", "xxx")
"""Spellings of it, CLD2's among them (``un``, ``xx-Arab``)."""
_SCRIPT = re.compile(r"[-_]([A-Za-z]{4})(?![A-Za-z0-9])")


class _Table(NamedTuple):
    codes: Mapping[str, str]
    """Canonical code by spelling, and by English name in lower case."""
    names: tuple[str, ...]


@cache
def _table() -> _Table:
    table = dict.fromkeys(_NO_LANGUAGE, UNDETERMINED)
    named: dict[str, str] = {}
    text = (files("webfilter.codes") / "codes.tsv").read_text("utf-8")
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        code, others, names = line.split("\t")
        table.update(dict.fromkeys((code, *others.split()), code))
        named.update(dict.fromkeys(names.lower().split(";"), code))
    # codes win: "ga" is Irish, though a language is called Ga
    return _Table({**named, **table}, tuple(named))


@cache
def _iso() -> frozenset[str]:
    text = (files("webfilter.codes") / "iso639.txt").read_text("utf-8")
    return frozenset(c for line in text.splitlines() if line[0] != "#" for c in line.split())


@cache
def known() -> frozenset[str]:
    """Return the canonical codes of the table, those that have names (engines may know more)."""
    return frozenset(_table().codes.values())


@lru_cache(maxsize=4096)
def canonical(code: str) -> str:
    """Return the one code for the language that `code` spells.

    Takes ISO 639-1, 639-2 and 639-3 codes in any case, with script or region after ``-`` or ``_``,
    fastText labels (``__label__eng_Latn``), Wikipedia's codes and English names. What the table
    does not have comes back in lower case without script and region.

    >>> [canonical(code) for code in ("eng", "EN", "en-US", "__label__eng_Latn", "English")]
    ['en', 'en', 'en', 'en', 'en']
    >>> [canonical(code) for code in ("nob", "cmn_Hani", "yue", "zh-yue", "arb", "zsm", "iw")]
    ['nb', 'zh', 'yue', 'yue', 'ar', 'ms', 'he']
    """
    spelling = code.strip().removeprefix("__label__").strip().lower().replace("_", "-")
    table = _table().codes
    if spelling in table:
        return table[spelling]
    first, *rest = spelling.split("-")
    found = table.get(first, first)
    if rest and len(rest[0]) == 3:  # "zh-yue": the second says which member of the first
        member = table.get(rest[0], rest[0])
        if member in MEMBERS.get(found, ()):
            return member
    return found


def recognized(code: str, what: str = "language") -> str:
    """Return the canonical code for what a person or a file calls a language.

    Args:
        code: any spelling that `canonical` takes.
        what: names the place in the error, such as ``key of by_language``.

    Raises:
        UnknownName: it is neither in the table nor in ISO 639-3; carries a near match.

    >>> recognized("German"), recognized("deu_Latn"), recognized("aae")
    ('de', 'de', 'aae')
    >>> recognized("germn")
    Traceback (most recent call last):
    webfilter.errors.UnknownName: unknown language 'germn': did you mean 'german'?
    """
    found = canonical(code)
    if found in known() or found in _iso():
        return found
    pool = {*known(), *_table().names}
    near = difflib.get_close_matches(code[:50].lower(), pool, n=1, cutoff=0.5)
    raise UnknownName(what, code, near or (c for c in known() if len(c) == 2))


def keyed(table: Mapping[str, object], what: str) -> dict[str, str]:
    """Return the keys of `table` by their canonical codes.

    Raises:
        UnknownName: see `recognized`.
        ConfigError: two keys spell one language.

    >>> keyed({"eng": 1, "DE": 2}, "key of by_language")
    {'en': 'eng', 'de': 'DE'}
    """
    found: dict[str, str] = {}
    for key in table:
        code = recognized(key, what)
        if code in found:
            raise ConfigError(
                f"{what}: {found[code]!r} and {key!r} are the same language, {code!r}; keep one"
            )
        found[code] = key
    return found


def script_of(code: str) -> str | None:
    """Return the ISO 15924 script that `code` names (``zho_Hant``: ``Hant``), or None.

    >>> script_of("zho_Hant"), script_of("zh-tw"), script_of("en")
    ('Hant', 'Hant', None)
    """
    found = _SCRIPT.search(code)
    if found:
        return found[1].title()
    return {
        "zh-cn": "Hans",
        "zh-sg": "Hans",
        "zh-tw": "Hant",
        "zh-hk": "Hant",
        "zh-mo": "Hant",
    }.get(code.strip().removeprefix("__label__").lower().replace("_", "-"))


def accepted(codes: Iterable[str]) -> frozenset[str]:
    """Return the canonical codes that satisfy any of the canonical `codes`.

    >>> sorted(accepted({"no", "en"}))
    ['en', 'nb', 'nn', 'no']
    """
    return frozenset(member for code in codes for member in (code, *MEMBERS.get(code, ())))


@cache
def _holders() -> Mapping[str, tuple[str, ...]]:
    members = sorted({member for of in MEMBERS.values() for member in of})
    return {member: tuple(c for c, of in MEMBERS.items() if member in of) for member in members}


def under(code: str, keys: Container[str]) -> str | None:
    """Return which of the canonical `keys` a canonical `code` goes to, None where none is for it.

    Its own comes first, then that of its macrolanguage.

    >>> under("nb", {"no", "nn"}), under("nn", {"no", "nn"}), under("no", {"nb"})
    ('no', 'nn', None)
    """
    if code in keys:
        return code
    return next((macro for macro in _holders().get(code, ()) if macro in keys), None)


def branches(keys: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return for each of the canonical `keys` the codes that go to it, as `under` says.

    >>> {key: sorted(codes) for key, codes in branches(["no", "nn"]).items()}
    {'no': ['nb', 'no'], 'nn': ['nn']}
    """
    held = frozenset(keys)
    return {
        key: frozenset(code for code in accepted({key}) if under(code, held) == key) for key in keys
    }
