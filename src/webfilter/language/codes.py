"""Language codes: every spelling of a language leads to one code.

Engines, corpora and people spell the same language as ``en``, ``eng``, ``EN``, ``en-US``,
``eng_Latn`` or ``English``; compared as strings these silently keep nothing. `canonical` brings all
of them to one code: ISO 639-1 where there is one, else ISO 639-3. `accepted` says which codes
satisfy a code somebody asked for: a macrolanguage asked for accepts its members (``no``: Bokmål and
Nynorsk), a member asked for accepts itself only.

It does not say whether any engine can recognize the language, and it drops scripts and regions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

__all__ = ["UNDETERMINED", "accepted", "canonical", "known", "script_of"]

UNDETERMINED = "und"
"""ISO 639's code for a text in no language that can be told: code, digits, random letters."""

_MEMBERS = {
    "ak": "fat tw",
    "ar": "acm acq aeb afb apc apd arq ars ary arz",
    "az": "azb",
    "et": "vro",
    "ku": "ckb sdh",
    "lah": "pnb skr",
    "lv": "ltg",
    "no": "nb nn",
    "sh": "bs hr sr",
    "sq": "aln",
    "uz": "uzs",
    "zh": "gan hak hsn lzh nan wuu yue",
}
"""ISO 639-3 macrolanguages with members that keep a code of their own.

Malay is left out: ``ms`` means standard Malay to everybody, and Indonesian has its own two letters.
"""

_SPLIT = re.compile(r"[-_]")
_SCRIPT = re.compile(r"[-_]([A-Za-z]{4})(?![A-Za-z0-9])")


@cache
def _spellings() -> Mapping[str, str]:
    table = {UNDETERMINED: UNDETERMINED, "zxx": UNDETERMINED, "unknown": UNDETERMINED}
    named: dict[str, str] = {}
    text = (files("webfilter.language") / "codes.tsv").read_text("utf-8")
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        code, others, names = line.split("\t")
        table.update(dict.fromkeys((code, *others.split()), code))
        named.update(dict.fromkeys(names.lower().split(";"), code))
    return {**named, **table}  # codes win: "ga" is Irish, though a language is called Ga


def known() -> frozenset[str]:
    """Return every canonical code of the table (engines may know more)."""
    return frozenset(_spellings().values())


def canonical(code: str) -> str:
    """Return the one code for the language that `code` spells.

    Takes ISO 639-1, 639-2 and 639-3 codes in any case, with script or region after ``-`` or ``_``,
    fastText labels (``__label__eng_Latn``) and English names. What the table does not have comes
    back in lower case without script and region.

    >>> [canonical(code) for code in ("eng", "EN", "en-US", "__label__eng_Latn", "English")]
    ['en', 'en', 'en', 'en', 'en']
    >>> [canonical(code) for code in ("nob", "cmn_Hani", "yue", "arb", "zsm", "iw", "kmr")]
    ['nb', 'zh', 'yue', 'ar', 'ms', 'he', 'ku']
    """
    spelling = code.strip().removeprefix("__label__").strip().lower()
    table = _spellings()
    if spelling in table:
        return table[spelling]
    first = _SPLIT.split(spelling, maxsplit=1)[0]
    return table.get(first, first)


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
    return frozenset(member for code in codes for member in (code, *_MEMBERS.get(code, "").split()))
