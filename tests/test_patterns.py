"""Patterns match alike in every Python: `re` of 3.11.2 (Debian 12) is wrong about ``(...)*+``."""

import re
from pathlib import Path

import webfilter as wf
from webfilter.extract.xhtml import opened

_SOURCES = Path(wf.__file__).parent
_TAKES_ALL = re.compile(r"\)(?:[*+?]|\{\d*,?\d*\}+)\+(?!,)|\(\?>")
"""A group that gives nothing back; that of one character (``\\s*+``) is right everywhere."""


def test_no_pattern_has_a_group_that_gives_nothing_back():
    assert _TAKES_ALL.search(r"(?:\s|-->)*+<p")
    assert _TAKES_ALL.search(r"(?:a\.){2,3}+")
    found = [
        f"{path.relative_to(_SOURCES)}:{number}: {line.strip()}"
        for path in sorted(_SOURCES.rglob("*.py"))
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if _TAKES_ALL.search(line) and not line.lstrip().startswith("#")
    ]
    assert not found


def test_an_address_is_one_word():
    text = "See bees.co.uk/x and bees.ag/how,this,that, not bees.lt.These"
    found = wf.Length().measure(wf.Document("a", text))
    assert found["words"] == 7  # "bees.lt", "These"


def test_elements_that_end_at_once_have_attributes():
    page = '<script src="a/b.js" async="async"/><a id=\'p1\'/>Bees'
    assert opened(page, "application/xhtml+xml") == (
        '<script src="a/b.js" async="async"></script><a id=\'p1\'></a>Bees'
    )


def test_many_attributes_cost_little():
    page = "<?xml?><a " + '""' * 400_000 + "/>"
    assert opened(page) == page  # no element has so many
