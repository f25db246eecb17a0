"""Formulas of a page as text: TeX where they carry it.

A formula is written where it stands, between ``\\(`` and ``\\)`` (a block: ``\\[`` and ``\\]``):

- ``math``: its annotation or ``alttext`` in TeX, else TeX made of it (`webfilter.extract.mathml`)
  or, where nothing is raised or lowered, its characters. Where there is a copy for the eye
  (``aria-hidden``), that is not read if it comes after (KaTeX), and the ``math`` is not if it comes
  before (MathJax).
- ``script`` of the type ``math/tex``, which MathJax shows (kramdown writes these): what MathJax
  drew beside it is not read.
- Pictures whose alternative text is TeX: those of WordPress, MediaWiki, Moodle, Sphinx, doxygen,
  LaTeX2HTML, AoPS, known by their class, by who draws them, or by a text that is TeX by its ends.

So is the reading that stands above a character (``rt``): in brackets.
What is TeX in the text itself, for MathJax to show, is text like any other.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote_plus

from webfilter.extract import raised
from webfilter.extract.mathml import tex

__all__ = ["Drawn", "sign", "undrawn"]

_SCRIPTS = ("math/tex", "math/asciimath")

_NAMES = (
    "tex latex latexcenter math texrender mwe-math-fallback-image-inline "
    "mwe-math-fallback-image-display inlineformula displayformula numberedequation"
)
_CLASSES = frozenset(_NAMES.split())
_DRAWN_BY = re.compile(
    r"latex\.php\?|(?:latex\.)?codecogs\.com/|[?&]cht=tx|/(?:mimetex|mathtex)\.cgi\?"
    r"|/media/math/render/"
)
_IN_DRAWN = ("tex", "cht=tx", "/math/")  # one of these, or it is not looked for
_IN_ADDRESS = re.compile(
    r"(?:[?&](?:chl|latex)=|\.latex\?|/(?:mimetex|mathtex)\.cgi\?)(?P<tex>[^&]+)", re.IGNORECASE
)
_ENDS = (("$$", "$$", True), ("\\[", "\\]", True), ("\\(", "\\)", False), ("$", "$", False))
_BLOCK = re.compile(r"\\begin\{(?:displaymath|equation|eqnarray|align|gather|multline)\*?\}")
_SIZE = re.compile(r"\{?\\(?:displaystyle|textstyle|scriptstyle)\b\s*(?P<tex>.*)", re.DOTALL)
_LIKE_TEX = re.compile(r"[\\^_={}<>+*/|$]|^\S{1,3}$")  # pictures of a class in mathematics are not
_LEAST_WITH_ENDS = 3
_LONGEST = 5_000


class Drawn(Exception):
    """A script of MathJax stands behind what it drew."""


def sign(node: Any) -> str | None:
    """Return what is read of an element that may be a formula, or stand above or below a line.

    Args:
        node: a ``math``, ``img``, ``script``, ``sub``, ``sup`` or ``rt``.

    Returns:
        None if it is read like any other of its kind.

    Raises:
        Drawn: what MathJax drew of it was read already.
    """
    if node.tag in ("sup", "sub"):
        return raised.written(node)
    if node.tag == "img":
        return _pictured(node)
    if node.tag == "rt":
        return _annotated(node)
    if node.tag != "script":
        return _formula(node)
    kind = node.attributes.get("type") or ""
    if not kind.startswith(_SCRIPTS):
        return None
    if _is_drawn(_neighbor(node)):
        raise Drawn
    return _delimited(node.text(deep=True), "mode=display" in kind)


def undrawn(root: Any) -> None:
    """Take out what MathJax drew of the formulas under `root`."""
    for script in root.css(", ".join(f"script[type^='{kind}']" for kind in _SCRIPTS)):
        drawn = _neighbor(script)
        while _is_drawn(drawn):
            before = _neighbor(drawn)
            drawn.decompose()
            drawn = before


def _formula(node: Any) -> str:
    """Return what is read of a ``math``, in one line; its copy for the eye is taken out."""
    around = node.parent
    if around.tag == "span" and _neighbor(node) is None:
        if _for_the_eye(around.prev):
            return ""
        if _for_the_eye(around.next):
            around.next.decompose()
    said = node.attributes
    block = said.get("display") == "block"
    notes = node.css("annotation, annotation-xml")
    for note in notes:
        if note.attributes.get("encoding") in ("application/x-tex", "TeX", "LaTeX"):
            return _delimited(note.text(deep=True), block)
    written = said.get("alttext") or tex(node)
    if written:
        return _delimited(written, block)
    for note in reversed(notes):  # the inner ones first
        note.decompose()
    return " ".join(node.text(deep=True).split())


def _for_the_eye(node: Any) -> bool:
    return (
        node is not None
        and node.tag in ("span", "nobr", "i")
        and node.attributes.get("aria-hidden") == "true"
        and bool(node.text(deep=True).strip())
    )


def _annotated(node: Any) -> str | None:
    """Return the reading of a character in brackets, if the page has none around it (``rp``)."""
    before = _neighbor(node)
    text = " ".join(node.text(deep=True).split())
    return None if not text or (before is not None and before.tag == "rp") else f"({text})"


def _neighbor(node: Any) -> Any:
    """Return the element before `node` with only space between them."""
    before = node.prev
    while before is not None and before.tag == "-text" and not before.text_content.strip():
        before = before.prev
    return before


def _is_drawn(node: Any) -> bool:
    if node is None or node.tag not in ("span", "div", "mjx-container"):
        return False
    names = node.attributes.get("class") or ""
    return names.startswith(("MathJax", "mjx-"))


def _is_copy(image: Any) -> bool:
    """Whether a picture is beside the formula itself, as in MediaWiki."""
    before = image.prev
    return (
        before is not None
        and before.tag in ("span", "div")
        and before.css_first("math") is not None
    )


def _pictured(image: Any) -> str | None:
    """Return the formula that a picture shows; None: it shows none, or one that was read."""
    said = image.attrs
    written, names = (said.get("alt") or "").strip(), said.get("class") or ""
    source = said.get("src") or ""
    by = _DRAWN_BY.search(source[:_LONGEST]) if any(sign in source for sign in _IN_DRAWN) else None
    if by is None and _CLASSES.isdisjoint(names.split()):
        return _delimited(written, False) if _has_ends(written) else None
    if not written or written.startswith("Rendered by "):
        found = _IN_ADDRESS.search(source[:_LONGEST])
        written = unquote_plus(found["tex"]) if found else ""
    if len(written) > _LONGEST or not _LIKE_TEX.search(written) or _is_copy(image):
        return None
    return _delimited(written, "display" in names or "center" in names)


def _has_ends(text: str) -> bool:
    if not _LEAST_WITH_ENDS <= len(text) <= _LONGEST or text[0] not in "\\$":
        return False
    if _BLOCK.match(text):
        return True
    return any(
        text.startswith(begin) and text.endswith(end) and begin not in text[len(begin) : -len(end)]
        for begin, end, _ in _ENDS
    )


def _delimited(written: str, block: bool) -> str:
    """Return TeX in one line between delimiters, without those that it had."""
    text = " ".join(written.split())
    for begin, end, display in _ENDS:
        if len(text) > len(begin + end) and text.startswith(begin) and text.endswith(end):
            text, block = text[len(begin) : -len(end)].strip(), display
            break
    if found := _SIZE.fullmatch(text):
        inner = found["tex"].rstrip()
        text = inner.removesuffix("}").rstrip() if text.startswith("{") else inner
    if not text:
        return ""
    if _BLOCK.match(text):
        return text
    return f"\\[{text}\\]" if block else f"\\({text}\\)"
