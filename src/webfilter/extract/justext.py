"""The engine that knows languages: jusText, which keeps paragraphs that read like sentences.

A paragraph is good if it is long enough, has enough stop words of the language that the page
declares (of all languages if it declares none that has a list) and few links; what is short goes
with its neighbors. Languages without spaces, declared or told by their letters, are judged without
stop words, and a character of Chinese, Japanese or Korean is as long as two and a half letters.

On 300 pages of the WCXB development set (word F1, mean over pages; pages a second on one core, in
one run with resiliparse, which has .792 and 117 there):

====================================================  =====  =========  ======  =======
options                                                  F1  precision  recall  pages/s
====================================================  =====  =========  ======  =======
as here: 30 to 100 characters, stop words .10 to .15,
links up to .4                                         .785       .779    .851       29
as jusText is: 70 to 200, .30 to .32, .2               .699       .779    .695       16
the same, stop words of all languages at once          .719       .778    .729
the same, without stop words                           .740       .776    .766
====================================================  =====  =========  ======  =======

Two deviations make it faster and change no decision: a paragraph remembers its text, and the
classes are revised in linear time (for the 200,000 cells of one table jusText takes hours). A line
break in the source is a space here, and so is a control character, over which lxml stumbles where
it removes an element beside one. lxml drops, without a word, whatever is nested deeper than 256
elements: its error log is asked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from functools import cache, cached_property
from typing import Any, ClassVar

from justext.core import ParagraphMaker, classify_paragraphs, preprocessor  # type: ignore[import-untyped]
from justext.paragraph import Paragraph  # type: ignore[import-untyped]
from justext.utils import get_stoplist, get_stoplists  # type: ignore[import-untyped]
from lxml.etree import ParserError
from lxml.html import HTMLParser, document_fromstring

from webfilter.codes import canonical, under
from webfilter.extract.engine import Extracted, Options, Unfit
from webfilter.extract.matched import as_markdown
from webfilter.extract.metadata import declared_language
from webfilter.languages import find_language

__all__ = ["Justext"]

_LENGTH_LOW, _LENGTH_HIGH, _HEADING_DISTANCE = 30, 100, 200  # characters
_STOPWORDS_LOW, _STOPWORDS_HIGH, _LINK_DENSITY = 0.10, 0.15, 0.4  # shares
_WIDE = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]+")
_WIDTH = 2.5  # as of `webfilter.heuristics.surroundings`
_TOGETHER = re.compile("[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uf900-\ufaff]+")
_SURE = frozenset({"good", "bad"})
_NOT_XML = re.compile(r"[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_LISTS = {
    "af": "Afrikaans", "an": "Aragonese", "ar": "Arabic", "ast": "Asturian", "az": "Azerbaijani",
    "be": "Belarusian", "bg": "Bulgarian", "bn": "Bengali", "br": "Breton", "bs": "Bosnian",
    "ca": "Catalan", "ceb": "Cebuano", "cs": "Czech", "cv": "Chuvash", "cy": "Welsh",
    "da": "Danish", "de": "German", "el": "Greek", "en": "English", "eo": "Esperanto",
    "es": "Spanish", "et": "Estonian", "eu": "Basque", "fa": "Persian", "fi": "Finnish",
    "fr": "French", "fy": "West_Frisian", "ga": "Irish", "gl": "Galician",
    "gu": "Gujarati", "he": "Hebrew", "hi": "Hindi", "hr": "Croatian", "ht": "Haitian",
    "hu": "Hungarian", "hy": "Armenian", "id": "Indonesian", "ig": "Igbo", "io": "Ido",
    "is": "Icelandic", "it": "Italian", "jv": "Javanese", "ka": "Georgian",
    "kk": "Kazakh", "kn": "Kannada", "ko": "Korean", "ku": "Kurdish", "ky": "Kyrgyz",
    "la": "Latin", "lb": "Luxembourgish", "lt": "Lithuanian", "lv": "Latvian",
    "mk": "Macedonian", "ml": "Malayalam", "mr": "Marathi", "ms": "Malay", "mt": "Maltese",
    "nb": "Norwegian_Bokmal", "nds": "Low_Saxon", "ne": "Nepali", "nl": "Dutch",
    "nn": "Norwegian_Nynorsk", "no": "Norwegian_Bokmal", "oc": "Occitan", "pl": "Polish",
    "pt": "Portuguese", "qu": "Quechua", "ro": "Romanian", "ru": "Russian",
    "sh": "Serbo_Croatian", "sk": "Slovak", "sl": "Slovenian", "sq": "Albanian",
    "sr": "Serbian", "su": "Sundanese", "sv": "Swedish", "sw": "Swahili", "ta": "Tamil",
    "te": "Telugu", "tk": "Turkmen", "tl": "Tagalog", "tr": "Turkish", "uk": "Ukrainian",
    "ur": "Urdu", "uz": "Uzbek", "vi": "Vietnamese", "wa": "Walloon", "war": "Waray_Waray",
    "yo": "Yoruba",
}  # fmt: skip
"""Its lists of stop words by canonical language code."""


class Justext:
    """Paragraphs with stop words and few links, and what stands between them.

    It knows no ``precision``.
    """

    packages: ClassVar[tuple[str, ...]] = ("justext", "lxml", "lxml_html_clean")

    def __init__(self, options: Options) -> None:
        self._options = options

    def extract(self, html: str, url: str | None) -> Extracted:
        """Return the text of the main content; see `Engine`."""
        parser = HTMLParser(encoding="utf-8")
        try:
            tree = document_fromstring(html.encode("utf-8", "replace"), parser=parser)
        except ParserError:  # nothing in it
            return Extracted("")
        if any("depth" in error.message for error in parser.error_log):
            raise Unfit("nested more than 256 deep")
        _without_controls(tree)
        paragraphs = _Maker.make_paragraphs(preprocessor(tree))
        code = canonical(declared_language(html) or "")
        named = _LISTS.get(under(code, _LISTS) or "")
        said = "".join(paragraph.text for paragraph in paragraphs)
        together = _unspaced(code) or _mostly(_TOGETHER, said)
        low, high = (0.0, 0.0) if together else (_STOPWORDS_LOW, _STOPWORDS_HIGH)
        width = _WIDTH if _mostly(_WIDE, said) else 1
        classify_paragraphs(
            paragraphs, _stop_words(named), _LENGTH_LOW / width, _LENGTH_HIGH / width, low, high,
            _LINK_DENSITY,
        )  # fmt: skip
        kept = revised(paragraphs)
        good = (p.text for p, kind in zip(paragraphs, kept, strict=True) if kind == "good")
        text = "\n".join(good)
        if self._options.markdown:
            text = as_markdown(html, text, self._options.links, url)
        return Extracted(text)


def _without_controls(tree: Any) -> None:
    """Put spaces in the texts of `tree` for what lxml reads from a page but does not set."""
    for node in tree.iter():
        for place in ("text", "tail"):
            text = getattr(node, place)
            if text and _NOT_XML.search(text):
                setattr(node, place, _NOT_XML.sub(" ", text))


class _Paragraph(Paragraph):  # type: ignore[misc]
    """One that remembers its text instead of joining it each time, and has no XPath."""

    def __init__(self, path: Any) -> None:
        self.dom_path = path.dom
        self.text_nodes: list[str] = []
        self.chars_count_in_links = 0
        self.tags_count = 0
        self.class_type = ""

    @cached_property
    def text(self) -> str:
        """The text; asked for when it is complete."""
        return " ".join("".join(self.text_nodes).split())


class _Maker(ParagraphMaker):  # type: ignore[misc]
    paragraph: Any

    def _start_new_pragraph(self) -> None:
        if self.paragraph and self.paragraph.contains_text():
            self.paragraphs.append(self.paragraph)
        self.paragraph = _Paragraph(self.path)


def _unspaced(code: str) -> bool:
    """Return whether words of the language are written together: nothing to look up in a list."""
    facts = find_language(code)
    return facts is not None and not facts.spaced


def _mostly(letters: re.Pattern[str], text: str) -> bool:
    """Return whether half of the characters of `text`, or more, are `letters`."""
    return not text.isascii() and 2 * sum(map(len, letters.findall(text))) >= len(text)


@cache
def _stop_words(name: str | None) -> frozenset[str]:
    """Return the stop words of the list called `name`; None: of all lists together."""
    if name is not None:
        return frozenset(get_stoplist(name))
    return frozenset(word for name in sorted(get_stoplists()) for word in get_stoplist(name))


def revised(paragraphs: Sequence[Any]) -> list[str]:
    """Return the class of each paragraph in its context: ``good`` or ``bad``.

    The same as `justext.core.revise_paragraph_classification` gives, in linear time: that one walks
    to the neighbors of each paragraph, which takes minutes for the cells of one large table.
    """
    kinds = [paragraph.cf_class for paragraph in paragraphs]
    before, after = _nearest(kinds, _SURE), _nearest(kinds[::-1], _SURE)[::-1]
    near = {"good", "bad", "neargood"}
    before_near, after_near = _nearest(kinds, near), _nearest(kinds[::-1], near)[::-1]
    context = list(kinds)
    for i, kind in enumerate(kinds):
        if kind == "short":
            sides = (before[i], after[i])
            beside = (sides[0] == "bad" and before_near[i] == "neargood") or (
                sides[1] == "bad" and after_near[i] == "neargood"
            )
            mixed = sides[0] != sides[1]
            good = sides == ("good", "good") or (mixed and beside)
            context[i] = "good" if good else "bad"
    after = _nearest(context[::-1], _SURE)[::-1]
    last = "bad"
    for i, kind in enumerate(context):
        if kind == "neargood":
            context[i] = "good" if "good" in (last, after[i]) else "bad"
        last = context[i]
    return _with_headings(paragraphs, kinds, context)


def _nearest(kinds: Sequence[str], among: Set[str]) -> list[str]:
    """Return, for each place, the last kind before it that is `among` those; else ``bad``."""
    found, last = [], "bad"
    for kind in kinds:
        found.append(last)
        if kind in among:
            last = kind
    return found


def _with_headings(
    paragraphs: Sequence[Any], kinds: Sequence[str], context: Sequence[str]
) -> list[str]:
    """Return the classes with the headings that stand shortly before something good."""
    result = list(context)
    between: int | None = None  # characters up to the next good paragraph
    for i in range(len(paragraphs) - 1, -1, -1):
        if (
            context[i] == "bad"
            and kinds[i] != "bad"
            and paragraphs[i].heading
            and between is not None
            and between <= _HEADING_DISTANCE
        ):
            result[i] = "good"
        if context[i] == "good":
            between = 0
        elif between is not None:
            between += len(paragraphs[i].text)
    return result
