"""In: a text. Out: where personal data stands in it, by kind.

One kind a file: `email`, `ip`, `iban`, `card`, `phone`. All work on a folded text (`folded`)
with NumPy: cheap looks over the whole text find the few places that can begin a match, and only
these are looked at closer, in windows of bounded length. So the time is linear on any text.
"""

from __future__ import annotations

from webfilter.heuristics.personal.kinds import KINDS, Kind, find
from webfilter.heuristics.personal.masking import Matches, masked

__all__ = ["KINDS", "Kind", "Matches", "find", "masked"]
