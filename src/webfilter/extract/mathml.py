"""MathML as TeX: what stands above and below its line stays there, which characters alone lose.

Presentation MathML of web pages, with or without a prefix (``mml:mfrac``): fractions, roots, what
is raised, lowered, over and under, matrices. A formula in one line is its characters, as they are.
"""

from __future__ import annotations

import re
from typing import Any

__all__ = ["tex"]

_DEEPEST = 40
_COMMAND = re.compile(r"\\[a-zA-Z]+$")
_DROPPED = {"annotation", "annotation-xml", "mphantom", "malignmark", "maligngroup"}
_UNSEEN = str.maketrans("", "", "\u2061\u2062\u2063\u2064\u200b")  # "times" and the like
_ACCENTS = {
    "¯": "bar", "‾": "bar", "_": "bar", "^": "hat", "ˆ": "hat", "̂": "hat", "~": "tilde",
    "˜": "tilde", "→": "vec", "⃗": "vec", "˙": "dot", ".": "dot", "¨": "ddot",
}  # fmt: skip
_NAMES = (
    "sin cos tan cot sec csc sinh cosh tanh arcsin arccos arctan log ln lg exp lim max min sup inf "
    "det dim ker gcd deg arg"
)
_FUNCTIONS = frozenset(_NAMES.split())
_PAIRS = {"msub": "_", "munder": "_", "msup": "^", "mover": "^"}


def tex(math: Any) -> str | None:
    """Return the TeX of a ``math`` element without delimiters; None: it is in one line."""
    writer = _Writer()
    written = " ".join(writer.row(math, 0).split())
    return written if writer.folded and written else None


class _Writer:
    def __init__(self) -> None:
        self.folded = False
        """Whether anything stood above or below the line."""

    def row(self, node: Any, level: int) -> str:
        """Return what is within `node`, in its order."""
        parts: list[str] = []
        for child in node.iter(include_text=True):
            if part := self._written(child, level + 1):
                goes_on = part[0].isalpha() and parts and _COMMAND.search(parts[-1])
                parts.append(f" {part}" if goes_on else part)
        return "".join(parts)

    def _written(self, node: Any, level: int) -> str:
        name = (node.tag or "").rpartition(":")[2]
        if name == "-text":
            return str(node.text_content or "").translate(_UNSEEN)
        if name in _DROPPED:
            return ""
        if level > _DEEPEST:
            return str(node.text(deep=True))
        if name in _PAIRS or name in ("msubsup", "munderover", "mfrac", "msqrt", "mroot"):
            return self._folded(name, node, level)
        if name == "mtable":
            return self._table(node, level)
        if name == "mfenced":
            said = node.attributes
            begin, end = said.get("open") or "(", said.get("close") or ")"
            between = (said.get("separators") or ",")[:1]
            return begin + between.join(self._children(node, level)) + end
        if name in ("mi", "mn", "mo", "mtext", "ms"):
            text = " ".join(node.text(deep=True).translate(_UNSEEN).split())
            if name == "mi" and text in _FUNCTIONS:
                return f"\\{text}"
            if name in ("mtext", "ms") and len(text) > 1:
                return f"\\text{{{text}}}"
            return text
        return " " if name == "mspace" else self.row(node, level)

    def _children(self, node: Any, level: int) -> list[str]:
        return [self._written(child, level + 1).strip() for child in node.iter()]

    def _folded(self, name: str, node: Any, level: int) -> str:
        """Return what has one part above or below another; what lacks a part is a row."""
        if name == "msqrt":
            self.folded = True
            return f"\\sqrt{{{self.row(node, level).strip()}}}"
        parts = self._children(node, level)
        if len(parts) != (3 if name in ("msubsup", "munderover") else 2):
            return "".join(parts)
        self.folded = True
        base, *scripts = parts
        if name == "mfrac":
            return f"\\frac{{{base}}}{{{scripts[0]}}}"
        if name == "mroot":
            return f"\\sqrt[{scripts[0]}]{{{base}}}"
        if name == "mover" and scripts[0] in _ACCENTS:
            return f"\\{_ACCENTS[scripts[0]]}{{{base}}}"
        marks = "_^" if len(scripts) == 2 else _PAIRS[name]
        tail = "".join(m + _argument(s) for m, s in zip(marks, scripts, strict=True) if s)
        return _argument(base, command=True) + tail

    def _table(self, node: Any, level: int) -> str:
        self.folded = True
        rows = [" & ".join(self._children(row, level + 1)) for row in node.iter()]
        return "\\begin{matrix} " + " \\\\ ".join(rows) + " \\end{matrix}"


def _argument(text: str, command: bool = False) -> str:
    """Return `text` in braces, unless it is one thing; `command`: the name of one needs none."""
    one = len(text) <= 1 or (command and (text.isalnum() or text[1:] in _FUNCTIONS))
    return text if one else f"{{{text}}}"
