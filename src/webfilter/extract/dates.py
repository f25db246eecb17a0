"""Dates as pages declare them, to ``yyyy-mm-dd``."""

from __future__ import annotations

import re
from datetime import date

__all__ = ["iso_date"]

_FIRST_YEAR, _LAST_YEAR = 1990, 2099  # there was no web before; 1970 and 2100 are broken clocks
_ISO = re.compile(r"\s*(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_COMPACT = re.compile(r"\s*(\d{4})(\d\d)(\d\d)(?!\d{3})(?:T|\b|\d)")
_NAMES = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
_MONTHS = {name[:3]: number for number, name in enumerate(_NAMES, start=1)}
_MONTH = "(" + "|".join((*_NAMES, "sept", *_MONTHS)) + r")\b\.?"
_DAY_FIRST = re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?[\s\-]+{_MONTH},?[\s\-]+(\d{{4}})\b", re.I)
_MONTH_FIRST = re.compile(rf"\b{_MONTH}\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s+(\d{{4}})\b", re.I)


def iso_date(said: str) -> str | None:
    """Return the date that `said` gives, as it is there (no change of time zone); None if none.

    ISO 8601 and its like with the year first, RFC 2822, and dates with an English month. Not
    ``04/05/2024``, which means two days. Years 1990 to 2099.

    >>> [iso_date(said) for said in ("2024-05-04T23:30:00-08:00", "Sat, 4 May 2024", "04/05/2024")]
    ['2024-05-04', '2024-05-04', None]
    """
    said = said[:100]
    if match := _ISO.match(said) or _COMPACT.match(said):
        year, month, day = int(match[1]), int(match[2]), int(match[3])
    elif match := _DAY_FIRST.search(said):
        year, month, day = int(match[3]), _MONTHS[match[2][:3].lower()], int(match[1])
    elif match := _MONTH_FIRST.search(said):
        year, month, day = int(match[3]), _MONTHS[match[1][:3].lower()], int(match[2])
    else:
        return None
    try:
        found = date(year, month, day)
    except ValueError:
        return None
    return found.isoformat() if _FIRST_YEAR <= year <= _LAST_YEAR else None
