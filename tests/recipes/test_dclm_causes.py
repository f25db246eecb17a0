"""How benchmarks/conformance_dclm.py tells why a text's fate differs there and here."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import conformance_dclm as chain

import webfilter as wf

KEPT = chain.Fate("kept", None, "Leaves are green.")
NOT_ENGLISH = chain.Fate("language", None, "Leaves are green.")
SHORT = chain.Fate("gopher_quality", "words", "Leaves are green.")


@pytest.mark.parametrize(
    ("there", "here", "spaced", "said"),
    [
        (KEPT, KEPT, KEPT, None),
        (chain.Fate("lines", None, "a"), chain.Fate("lines", None, "b"), KEPT, None),
        (chain.Fate("kept", None, "a\n\n\nb"), chain.Fate("kept", None, "a\n\nb"), KEPT, None),
        (KEPT, chain.Fate("kept", None, "Leaves"), KEPT, "another text"),
        (SHORT, chain.Fate("gopher_quality", "stop_words", SHORT.text), SHORT, "unexplained"),
        (NOT_ENGLISH, KEPT, NOT_ENGLISH, "unexplained"),
        (SHORT, KEPT, KEPT, "new lines, deleted there before fastText, so that words run together"),
    ],
)
def test_each_difference_has_its_cause(there, here, spaced, said) -> None:
    assert chain.cause(there, here, spaced) == said


def test_their_steps_are_asked_in_order_and_ours_stage_by_stage() -> None:
    steps = [
        ("url_removal_modifier", lambda page: [{"text": page["text"] + "!"}]),
        ("stop_word_filter", lambda page: [page] if "the" in page["text"] else []),
        ("counter_line_modifier", lambda page: [] if "likes" in page["text"] else [page]),
    ]
    assert chain.theirs(steps, "the leaf") == chain.Fate("kept", None, "the leaf!")
    assert chain.theirs(steps, "leaf") == chain.Fate("gopher_quality", "stop_words", "leaf!")
    assert chain.theirs(steps, "the likes") == chain.Fate("lines", None, "the likes!")
    stages = [wf.TextUrls.profile("dclm"), wf.GopherQuality.profile("dclm"), wf.Lines()]
    prose = "The leaf is green, and that is the color of the light that it has no use for. " * 4
    found = chain.ours(stages, [f"{prose}leaf.com", "The leaf"])
    assert found == [
        chain.Fate("kept", None, prose.rstrip()),
        chain.Fate("gopher_quality", "words", "The leaf"),
    ]


def test_new_lines_can_be_spaces_to_the_language_model() -> None:
    asked = []

    def asks(page):
        asked.append(page["text"])
        return [{**page, "language": "en"}]

    [(_, step)] = chain.spacing([("detect_lang_whole_page_enricher", asks)])
    assert step({"text": "a\n\nb"}) == [{"text": "a\n\nb", "language": "en"}]
    assert asked == ["a b"]
