"""Reads real source files and takes their comments out, for texts that are in no language.

What comes in: folders with source files in any programming languages. A file's part (training,
calibration, test) depends on its content only.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from data import Part, cut, part_of

__all__ = ["ENDINGS", "source_texts", "without_comments"]

ENDINGS = frozenset(
    str.split(
        "ada asm bat c cc clj cmake coffee cpp cs css d dart ex erl f90 fs go groovy h hpp hs html "
        "ini java jl js json kt less lisp lua m mjs ml nim pas php pl ps1 py r rb rs s sass scala "
        "scm scss sh sql swift tcl toml ts v vb vhd xml yaml yml zig"
    )
)
"""Endings of the files that are read."""

_LONGEST = 200_000
_COMMENTS = re.compile(
    r"/\*.*?\*/|<!--.*?-->|\(\*.*?\*\)|(?:\"\"\"|''').*?(?:\"\"\"|''')"
    r"|(?:^|(?<=\s))(?:#|//|--|;|%|REM )[^\n]*",
    re.DOTALL | re.MULTILINE,
)


def without_comments(code: str) -> str:
    """Return `code` without blank lines, comments and long strings, as most languages mark them.

    >>> without_comments("x = 1  # one\\n\\n/* the\\nend */ y();")
    'x = 1\\ny();'
    """
    lines = (line.rstrip() for line in _COMMENTS.sub("", code).splitlines())
    return "\n".join(line.lstrip() if line.strip() == line.lstrip() else line
                     for line in lines if line.strip()).strip()  # fmt: skip


def source_texts(
    folders: Iterable[Path], part: Part, count: int, rng: random.Random
) -> list[tuple[str, str]]:
    """Return up to `count` pairs (ending, text) of 40 to 450 characters, endings in turn."""
    by: dict[str, list[str]] = defaultdict(list)
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            ending = path.suffix.lstrip(".").lower()
            if ending in ENDINGS and path.is_file() and path.stat().st_size <= _LONGEST:
                code = without_comments(path.read_text("utf-8", "replace"))
                if len(code) >= 40 and part_of(code, "code") == part:
                    by[ending].append(code)
    found: list[tuple[str, str]] = []
    while by and len(found) < count:
        for ending in sorted(by):
            text = cut(rng.choice(by[ending]), rng.choice((60, 150, 300, 450)), rng)
            found.append((ending, text))
    return found[:count]
