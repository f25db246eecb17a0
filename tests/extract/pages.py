"""Pages written by us, and stages that misbehave; importable, so that child processes find them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from webfilter.document import Document, Value
from webfilter.stage import Filter, Rule, Signal

FIRST = (
    "Bees do not see red, but they see a light that we cannot see. Many flowers carry marks in "
    "this light, and the marks lead to the place where the sugar is."
)
SECOND = (
    "A scout that has found a good field flies home and dances on the comb. The angle of her dance "
    "tells the way, and its length tells how far the others have to fly."
)
CRASHED = "killed by SIGSEGV" if os.name == "posix" else f"exit code {int(signal.SIGSEGV)}"
"""Why a document fails that crashes its process."""
MENU = "".join(f'<li><a href="/{n}">Section {n}</a></li>' for n in range(12))


def page(body: str = "", head: str = "", lang: str = "en") -> str:
    """Return an article with menu and footer, and `body` between its two paragraphs."""
    return (
        f'<!DOCTYPE html><html lang="{lang}"><head><title>How bees find food</title>{head}</head>'
        f"<body><nav><ul>{MENU}</ul></nav><article><h1>How bees find food</h1><p>{FIRST}</p>"
        f"{body}<p>{SECOND}</p></article><footer>Imprint, cookies, jobs</footer></body></html>"
    )


@dataclass(frozen=True)
class Misbehaves(Filter):
    """Does what the text says: sleeps, crashes, leaves, eats memory, raises; else counts."""

    measures: ClassVar[tuple[Signal, ...]] = (
        Signal("length", "int", "Characters of the text", "characters", 0),
    )
    max_length: int | None = 1000

    @property
    def rules(self) -> tuple[Rule, ...]:
        return () if self.max_length is None else (Rule("length", le=self.max_length),)

    @property
    def artifacts(self) -> Mapping[str, str]:
        return {"temper": "bad"}

    def measure(self, doc: Document) -> Mapping[str, Value]:
        if doc.text == "sleep":
            time.sleep(60)
        if doc.text == "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
            time.sleep(5)
        if doc.text == "leave":
            os._exit(3)
        if doc.text == "starve":  # as OpenBLAS does
            os.write(2, b"OpenBLAS error: Memory allocation still failed after 10 retries\n")
            os._exit(1)
        if doc.text == "eat":
            bytearray(300 * 2**20)
        if doc.text == "raise":
            raise ValueError("not today")
        return {"length": len(doc.text)}
