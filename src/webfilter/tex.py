r"""Formulas in a text: TeX between ``\(`` and ``\)``, ``\[`` and ``\]``, or ``$$`` and ``$$``."""

from __future__ import annotations

import re

__all__ = ["FORMULA", "is_formula"]

_WITHIN = r"(?:[^\\]|\\[^()\[\]])+?"
FORMULA = re.compile(
    rf"\\\((?P<inline>{_WITHIN})\\\)|\\\[(?P<block>{_WITHIN})\\\]|\$\$(?P<blocks>[^$]+)\$\$"
)
"""A formula with its delimiters; the group that matched is what is within, and its name says where
it stands."""


def is_formula(line: str) -> bool:
    r"""Return whether half of `line`, or more, is formulas.

    >>> is_formula(r"1. \(x^2 + y^2 = z^2\)"), is_formula(r"where the number \(x\) is even.")
    (True, False)
    """
    if "\\" not in line and "$$" not in line:
        return False
    return 2 * sum(len(found[0]) for found in FORMULA.finditer(line)) >= len(line) > 0
