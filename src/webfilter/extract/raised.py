"""Exponents and indices as text: ``10<sup>-6</sup>`` is 10^-6, not 10-6.

Most of what pages raise is neither: notes, prices, ordinals, trade marks. So only what by the text
around it can hardly be anything else is marked, with ``^`` and ``_``, and with braces around more
than one sign or number: the power of a variable, of a unit of length, of 10, of another number
beside an operator, of what is in brackets with an operator, of a function; the charge of an ion
behind an index; the index of a variable. What chemists write on the line (H2O, Ca2+) stays there. A
fraction behind a number is kept apart from it, and so is the number of a note or verse from the
text that it begins right before. Of the 1,913 on 3,508 pages of the web, 36 on nine pages are
written in one of these ways, each rightly.
"""

from __future__ import annotations

import re
from typing import Any

__all__ = ["exponent", "index", "written"]

_OPERATOR = r"[=×·*+−<>≤≥≈÷^/-]"
_NUMBER = re.compile(r"[-+−–]?\d{1,3}")
_NEGATIVE = re.compile(r"[-−–]\d{1,3}")
_TERM = r"[a-zA-Zα-ωΑ-Ω\d]{1,3}"
_EXPRESSION = re.compile(rf"[-+−–]?(?=\d*\D){_TERM}(?:\s?[-+−–/*·,]\s?{_TERM}){{0,3}}")
_WITHIN = re.compile(r"[^\W_]{1,12}|(?=.{3,12}$)[\w()+−*/,. -]*\w[\w()+−*/,. -]*")
_WITH_OPERATOR = re.compile(r"\w\s?[-+−–/*·]\s?\w")
_CHARGE = re.compile(r"\d?[+−–-]")
_RAISED_WORDS = (  # ordinals, abbreviations and notes, which many languages raise
    "a aa as b c ce d da de do e em ema eme er ers es f g gr h ia ie int l la le lla lle m ma mas "
    "me mes mgr mlle mme mo mr nda nde nds new nr o oa or os r ra rd rda re res ro ros rs s sa se "
    "sen ser sm sr st sta sto sup sv t ta te ter th the tm to ts va ve vo xs"
)
_NO_EXPONENTS = frozenset(_RAISED_WORDS.split())
_EXPONENTS_OF_NUMBERS = frozenset("nkxijN")
_PRICES = frozenset(("00", "49", "50", "90", "95", "98", "99"))
_MONEY = re.compile(r"[$€£¥₽₹]|\b(?:EUR|USD|CHF|GBP|RUB|kr|zł|Kč|Ft)\b")

_VARIABLE = re.compile(
    r"(?:(?<![^\W\d_])|(?<=(?<![^\W\d_])[α-ωΑ-Ω]))(?<!['’.&])(?<![^\W\d_]{2}[-/])"
    r"(?P<name>[a-zA-Zα-ωΑ-Ωℝℤℚℕℂ])$"  # alone, or behind one Greek letter: πr
)
_NAMED = re.compile(r"\b[^\W\d_]{4,}[ -][A-Z]$|\b(?:Gen|gen) [A-Z]$")  # vitamin D, Part B
_PRODUCT = re.compile(rf"{_OPERATOR}\s?[a-z]{{2}}$")  # mc in E = mc
_UNIT = re.compile(r"(?:^|[\s\d/·(])(?:[kcdmµμnh]?m|ft|yd|mi|kg|mol|rad|s|K|L)$|\d\s?in$")
_TEN = re.compile(r"(?<![\w.,-])10$")
_TWO = re.compile(r"(?<![\w.,-])2$")
_SIZES = frozenset(("31", "32", "53", "63", "64", "128", "256"))
_OF_A_NAME = re.compile(r"\b(?:[A-Z]\w*|top) 10$")  # Windows 10, May 10
_INTEGER = re.compile(r"(?<![\w.,])-?\d{1,4}$")
_BEHIND = re.compile(rf"(?:^|[\s\d)]){_OPERATOR}\s?\d{{1,4}}$")
_BEFORE = re.compile(rf"\s?{_OPERATOR}\s?[\w(]")
_BRACKETS = re.compile(r"[(\[](?P<inner>[^()\[\]]{1,30})[)\]]$")
_CALCULATION = re.compile(rf"[^{_OPERATOR[1:]}{{0,20}}{_OPERATOR}[^{_OPERATOR[1:]}{{0,20}}")
_WORD = re.compile(r"[^\W\d_]{3}")
_FUNCTION = re.compile(r"(?<![^\W\d_])(?:sin|cos|tan|cot|sec|csc|sinh|cosh|tanh|log|ln)$")
_WITH_INDEX = re.compile(r"(?<![^\W\d_])(?:log|lim|max|min|sup|inf)$")
_ISOTOPE = re.compile(r"[A-Z][a-z]?(?![^\W\d_])")
_PARTICLES = {
    "A": range(0), "Am": range(223, 260), "As": range(60, 99), "At": range(191, 230),
    "Be": range(6, 17), "He": range(3, 11), "I": range(108, 150), "In": range(96, 138),
    "No": range(248, 265),
}  # fmt: skip
"""Of elements that are words, too: how many their isotopes have."""
_ENDS = frozenset('.,;:!?)]”"’')
_LOOKED_AT = 32
_LONGEST = 12
_WITHIN_A_LINE = frozenset(
    ("-text", "a", "b", "em", "font", "i", "span", "strong", "sub", "sup", "var")
)


def exponent(before: str, text: str, after: str = "") -> str | None:
    """Return what is written for `text`, raised between `before` and `after`.

    Returns:
        None if it is no exponent, or may well be none.

    >>> exponent("a mass of 10", "-6"), exponent("x", "n+1"), exponent("said so", "2")
    ('^-6', '^{n+1}', None)
    """
    before = before[-_LOOKED_AT:]
    if len(text) == 2 and (text in _PRICES or _MONEY.search(before[-12:] + "\n" + after[:12])):
        return None
    if _NUMBER.fullmatch(text):
        fits = text != "1" and _is_power(before, text, after)
    elif _EXPRESSION.fullmatch(text) and text.lower() not in _NO_EXPONENTS:
        fits = bool(_VARIABLE.search(before)) and not _NAMED.search(before)
        fits = fits or _is_calculated(before)
        if _INTEGER.search(before):
            fits = text in _EXPONENTS_OF_NUMBERS or bool(_WITH_OPERATOR.search(text))
    else:
        return None
    return _marked("^", text) if fits else None


def _is_power(before: str, text: str, after: str) -> bool:
    if variable := _VARIABLE.search(before):
        usual = variable["name"].islower() or (
            len(text.lstrip("-−–+")) == 1 and not after[:2].isalpha()  # M3AAWG
        )
        return usual and not _NAMED.search(before)
    if _TEN.search(before):
        return not _OF_A_NAME.search(before)
    if text in _SIZES and _TWO.search(before):  # of the numbers of computers
        return True
    if _INTEGER.search(before):
        near = _BEHIND.search(before) or _BEFORE.match(after) or _NEGATIVE.fullmatch(text)
        return bool(near)
    if _UNIT.search(before):
        return text in ("2", "3") or bool(_NEGATIVE.fullmatch(text))
    return bool(_PRODUCT.search(before) or _FUNCTION.search(before)) or _is_calculated(before)


def _is_calculated(before: str) -> bool:
    """Whether `before` ends with brackets around an operator, or around one letter."""
    brackets = _BRACKETS.search(before)
    if not brackets or _WORD.search(brackets["inner"]):
        return False
    return len(brackets["inner"]) == 1 or bool(_CALCULATION.fullmatch(brackets["inner"]))


def index(before: str, text: str) -> str | None:
    """Return what is written for `text`, lowered behind `before`; None: it stays on the line.

    >>> index("the sum of x", "i"), index("x", "12"), index("H", "2")
    ('_i', '_12', None)
    """
    before = before[-_LOOKED_AT:]
    if _WITH_INDEX.search(before):
        return _marked("_", text) if len(text) <= _LONGEST else None
    variable = _VARIABLE.search(before)
    if not variable:
        return None
    if _NUMBER.fullmatch(text):
        return None if "A" <= variable["name"] <= "Z" else _marked("_", text)
    fits = _EXPRESSION.fullmatch(text) or _WITHIN.fullmatch(text)
    return _marked("_", text) if fits else None


def _marked(mark: str, text: str) -> str:
    text = " ".join(text.split())
    bare = len(text) == 1 or _NUMBER.fullmatch(text)
    return mark + (text if bare else f"{{{text}}}")


def written(node: Any) -> str | None:
    """Return what is written for a ``sub`` or ``sup``; None: its text, like that of any element."""
    text = node.text(deep=True).strip()
    if not text or node.parent.tag in ("pre", "code"):
        return None
    before, after = _beside(node.prev), _beside(node.next)
    if before and node.parent.tag != "a" and node.css_first("a") is None:
        if node.tag == "sub":
            return index(_behind_one(node.prev, "sup"), text)
        if after.strip() in ("/", "⁄") and (of := node.next.next) is not None and of.tag == "sub":
            return f" {text}" if before[-1].isdigit() else None
        if node.prev.tag == "sub":
            of_variable = _VARIABLE.search(_behind_one(node.prev, "sub")[-_LOOKED_AT:])
            fits = of_variable and (_NUMBER.fullmatch(text) or _EXPRESSION.fullmatch(text))
            return _marked("^", text) if fits or _CHARGE.fullmatch(text) else None
        if power := exponent(before, text, after):
            return power
    return f"{text} " if node.tag == "sup" and _is_note(before, text, after) else None


def _beside(node: Any) -> str:
    """Return the text of what stands in one line with an element, next to it."""
    return "" if node is None or node.tag not in _WITHIN_A_LINE else str(node.text(deep=True))


def _is_note(before: str, text: str, after: str) -> bool:
    """Whether `text` is the number of a note or verse that `after` begins right behind.

    So is no isotope (``<sup>14</sup>C``), nor what stands within a name (C4ISR).
    """
    if not text.isdecimal() or len(text) > 3 or not after[:1].isalnum():
        return False
    if before and not (before[-1].isspace() or before[-1] in _ENDS or before[-2:].islower()):
        return False
    isotope = _ISOTOPE.match(after)
    return isotope is None or int(text) not in _PARTICLES.get(isotope[0], range(1000))


def _behind_one(node: Any, tag: str) -> str:
    """Return the text of `node`, or of what is before it if it is a `tag`."""
    return _beside(node.prev if node.tag == tag else node)
