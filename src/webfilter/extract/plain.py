"""The cheapest engine: all text that is visible, by resiliparse's parser, boilerplate included.

For pages on which nothing else finds anything, for text that is judged line by line later, and as
the floor that every other engine is measured against. On 300 pages of the WCXB development set it
has word F1 .714, precision .607, recall .969 at 274 pages a second on one core (resiliparse with
main content in the same run: .792, .813, .850, 117).

It is not given the shapes of page that `webfilter.extract.resiliparse` names.
"""

from __future__ import annotations

from typing import ClassVar

from resiliparse.extract.html2text import extract_plain_text

from webfilter.extract.engine import Extracted, Options
from webfilter.extract.matched import as_markdown
from webfilter.extract.resiliparse import parsed, shallow

__all__ = ["Plain"]


class Plain:
    """All visible text; ``precision`` means nothing to it."""

    packages: ClassVar[tuple[str, ...]] = ("resiliparse",)

    def __init__(self, options: Options) -> None:
        self._options = options

    def extract(self, html: str, url: str | None) -> Extracted:
        """Return the text of the page; see `Engine`."""
        text: str = extract_plain_text(
            parsed(html),
            main_content=False,
            preserve_formatting=True,
            list_bullets=False,
            alt_texts=False,
            links=False,
            form_fields=False,
            noscript=False,
        )
        text = shallow(text)
        if self._options.markdown:
            text = as_markdown(html, text, self._options.links, url)
        return Extracted(text)
