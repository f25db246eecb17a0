"""The cheapest engine: all text that is visible, by resiliparse's parser, boilerplate included.

For pages on which nothing else finds anything, for text that is judged line by line later, and as
the floor that every other engine is measured against. On 300 pages of the WCXB development set it
has word F1 .714, precision .607, recall .969 at 274 pages a second on one core (resiliparse with
main content in the same run: .792, .813, .850, 117).

Left out are captions of figures, what stands in forms beside their fields (labels, buttons, lists
to choose from), ``noscript`` and drawings. Styles are not looked at: what they hide is there.

It is not given the shapes of page that `webfilter.extract.resiliparse` names.
"""

from __future__ import annotations

from typing import ClassVar

from webfilter.extract.engine import Extracted, Options
from webfilter.extract.resiliparse import written

__all__ = ["Plain"]


class Plain:
    """All visible text; ``precision`` means nothing to it."""

    packages: ClassVar[tuple[str, ...]] = ("resiliparse",)

    def __init__(self, options: Options) -> None:
        self._options = options

    def extract(self, html: str, url: str | None) -> Extracted:
        """Return the text of the page; see `Engine`."""
        return written(html, url, self._options, main_content=False, comments=True)
