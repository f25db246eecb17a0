"""How benchmarks/conformance_chain.py tells why a page's fate differs there and here."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import conformance_chain as chain

KEPT = chain.Fate("kept", None, "Ask email@example.com, please.", "page")


def left(step: str, reason: str | None = None, **changes: object) -> chain.Fate:
    return replace(KEPT, step=step, reason=reason, **changes)


def test_what_is_the_same_has_no_cause() -> None:
    assert chain.cause(KEPT, KEPT) is None
    assert chain.cause(KEPT, replace(KEPT, html="decoded otherwise, to the same text")) is None
    assert chain.cause(left("words", "words"), left("words", "words")) is None
    assert chain.cause(left("extract", text=""), left("extract", text="", html="other")) is None
    assert chain.cause(left("reader", "no page"), left("reader", "http_status")) is None
    rewritten = left("c4_quality", "c4_sentences", text="Ask.")
    assert chain.cause(left("c4_quality", "c4_sentences"), rewritten) is None


@pytest.mark.parametrize(
    ("there", "here", "said"),
    [
        (left("reader", "not decoded"), KEPT, "not read there (not decoded)"),
        (KEPT, left("reader", "http_status"), "not read here (http_status)"),
        (left("url_filter"), KEPT, "other lists of addresses"),
        (KEPT, replace(KEPT, text="Ask ’em.", html="other"), "decoded otherwise"),
        (left("extract", text=""), KEPT, "text found by one only"),
        (
            KEPT,
            replace(KEPT, text="Ask firstname.lastname@example.org, please."),
            "other example addresses",
        ),
        (KEPT, replace(KEPT, text="Ask."), "another text of the same page"),
        (left("language", spaced=True), KEPT, "white space that does not end words there"),
        (left("language", spaced=False), KEPT, "unexplained"),
        (left("minhash"), KEPT, "another copy stays, or none is found"),
        (left("gopher_quality", "words"), left("gopher_quality", "stop_words"), "unexplained"),
        (left("gopher_quality", "words"), KEPT, "unexplained"),
    ],
)
def test_each_difference_has_its_cause(there: chain.Fate, here: chain.Fate, said: str) -> None:
    assert chain.cause(there, here) == said
