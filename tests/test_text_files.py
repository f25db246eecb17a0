"""Text files are the same on every system: UTF-8, and lines that end by a newline only."""

from __future__ import annotations

import ast
from pathlib import Path

import webfilter

SOURCE = Path(webfilter.__file__).parent
MODES = {"r", "rt", "w", "wt", "a", "at", "x", "xt"}


def left_open(call: ast.Call) -> set[str]:
    """Return what `call` leaves to the system: the encoding of a text, how its lines end."""
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    given = {word.arg for word in call.keywords}
    said = {each.value for each in call.args if isinstance(each, ast.Constant)}
    if "utf-8" in said:
        given.add("encoding")
    modes = said & MODES if "open" in name else set()
    if name == "write_text" or modes - {"r", "rt"}:
        return {"encoding", "newline"} - given
    plain = isinstance(call.func, ast.Name) and name == "open" and len(call.args) == 1
    return {"encoding"} - given if modes or plain or name == "read_text" else set()


def test_no_text_is_left_to_the_system() -> None:
    found = [
        f"{path.relative_to(SOURCE).as_posix()}:{node.lineno} {' and '.join(sorted(missing))}"
        for path in sorted(SOURCE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and (missing := left_open(node))
    ]
    assert "\n".join(found) == ""
