"""NFC in linear time: the same as the standard library's, which never sees a long unsorted run."""

from __future__ import annotations

import unicodedata
from itertools import groupby, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import webfilter.composed as module
from webfilter.composed import composed
from webfilter.dedup import ExactDedup, MinHash
from webfilter.document import Document

STARTERS = st.sampled_from(["a", "é", "\u1161", "각", "ι", "\u0fb2", "\u200d", "x\n", "\u115f"])
MARKS = st.sampled_from(["\u0301", "\u0316", "\u0345", "\u0344", "\u0f73", "\u0f71", "\u3099"])
RUNS = st.builds(
    lambda start, marks, size: start + "".join(marks) * size,
    STARTERS,
    st.lists(MARKS, min_size=1, max_size=7),
    st.sampled_from([0, 1, 18, 19, 43, 64, 127, 128, 129]),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(RUNS, max_size=6).map("".join))
def test_it_is_nfc(text: str) -> None:
    assert composed(text) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize("run", ["\u0301\u0316", "\u0f73", "\u0345\u0301\u0316", "\u0316\u0344"])
@pytest.mark.parametrize("start", ["", "e", "é", "x" * 127])
def test_no_long_run_out_of_order_reaches_the_standard_library(
    run: str, start: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    normalize, seen = unicodedata.normalize, []

    def careful(form: str, text: str) -> str:
        parts = "".join(normalize("NFD", char) for char in text)
        for marks, chars in groupby(parts, key=lambda char: unicodedata.combining(char) > 0):
            classes = [unicodedata.combining(char) for char in chars]
            falls = sum(one > two for one, two in pairwise(classes)) if marks else 0
            seen.append(falls * len(classes))
        return normalize(form, text)

    monkeypatch.setattr(module.unicodedata, "normalize", careful)
    text = start + run * 400 + "a\u1161"
    for use in (ExactDedup().sketch, MinHash(ngram=1).sketch):
        seen.clear()
        use([Document("a", text)])
        assert seen
        assert max(seen) <= 10 * len(text)
