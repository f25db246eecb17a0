import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reruns import WORDS
from test_report_page import Checker

from webfilter import Document
from webfilter.report.cluster import Member
from webfilter.report.diff import Fold, diff
from webfilter.report.matching import matched, similarity, words_of


def sentences(rng, count):
    return " ".join(" ".join(rng.choices(WORDS, k=9)).capitalize() + "." for _ in range(count))


ITEMS = st.lists(st.sampled_from("abcde"), max_size=40)


@given(ITEMS, ITEMS)
def test_a_match_is_a_common_subsequence(left, right):
    at, there = 0, 0
    runs = matched(left, right)
    for run in runs:
        assert run.size > 0
        assert run.left >= at
        assert run.right >= there
        at, there = run.left + run.size, run.right + run.size
        assert left[run.left : at] == right[run.right : there]
    assert at <= len(left)
    assert there <= len(right)
    if set(left) & set(right):
        assert runs


@given(ITEMS, ITEMS, ITEMS)
def test_what_is_equal_is_matched_whole(left, middle, right):
    assert sum(run.size for run in matched(middle, middle)) == len(middle)
    both = sum(run.size for run in matched(left + middle + right, middle))
    assert both <= len(middle)
    unique = [f"word {n}" for n in range(30)]
    found = matched(left + unique + right, right + unique + left)
    assert sum(run.size for run in found) >= len(unique)


def members(*texts):
    return [Member.of(Document(f"d{n}", text)) for n, text in enumerate(texts)]


TEXTS = st.text(max_size=200) | st.text("ab. \n\ud800\x00\u202eא北ก็", max_size=200)


@settings(deadline=None, max_examples=60)
@given(TEXTS, TEXTS)
def test_nothing_is_lost_in_a_diff(left, right):
    found = diff(*members(left, right))
    for side, text in (("left", left), ("right", right)):
        shown = "".join(piece.text for row in found.rows for piece in getattr(row, side))
        assert "".join(shown.split()) == "".join(text.split())
    same = [
        "".join(p.text for row in found.rows for p in getattr(row, side) if not p.changed)
        for side in ("left", "right")
    ]
    assert "".join(same[0].split()) == "".join(same[1].split())
    assert sum(r.rows if isinstance(r, Fold) else 1 for r in found.folded()) == len(found.rows)
    if found.equal:
        assert "".join(left.split()) == "".join(right.split())
    assert found.equal == ([w.text for w in words_of(left)] == [w.text for w in words_of(right)])
    assert 0 <= found.similarity <= 1
    str(found).encode("utf-8", "strict" if not {*left, *right} & {"\ud800"} else "replace")
    Checker(found.to_html())


def test_changed_words_are_marked_and_equal_stretches_folded():
    lines = [f"Line {n} says something of its own." for n in range(40)]
    other = [*lines]
    other[20] = "Line 20 says nothing of its own."
    found = diff(*members("\n".join(lines), "\n".join(other)))
    said = str(found).splitlines()
    assert "- Line 20 says [-something-] of its own." in said
    assert "+ Line 20 says {+nothing+} of its own." in said
    assert said.count("... 19 equal lines ...") == 1
    assert said.count("... 18 equal lines ...") == 1
    assert len(said) == 4 + 2 + 2 + 2
    assert (found.removed, found.added, found.both) == (1, 1, 40 * 7 - 1)
    page = found.to_html()
    assert "<del>something</del>" in page
    assert "<ins>nothing</ins>" in page
    assert "19 equal lines" in page


def test_a_paragraph_put_in_is_shown_alone():
    story = "The kettle sings. The baker waits. The ferry leaves at noon."
    found = diff(*members(story, f"Sign in to comment. {story} All rights reserved."))
    assert [row for row in str(found).splitlines() if row[:2] in ("- ", "+ ")] == [
        "+ Sign in to comment.",
        "+ All rights reserved.",
    ]
    assert found.removed == 0


def test_lines_wrapped_anew_are_no_change():
    text = sentences(random.Random(3), 20)
    found = diff(*members(text, text.replace(" ", "\n")))
    assert found.equal
    assert found.notes == ("the texts differ in white space only",)
    assert diff(*members(text, text)).notes == ("the texts are equal",)
    assert diff(*members("", "")).equal


def test_right_to_left_text_is_laid_out_by_its_own_direction():
    one = "الماء يغلي عند مئة درجة. تذوب الثلوج في الربيع."
    found = diff(*members(one, one.replace("مئة", "تسعين")))
    assert "<del>مئة</del>" in found.to_html()
    assert '<p dir="auto">الماء' in found.to_html()
    assert "[-مئة-]" in str(found)


def test_words_are_those_of_their_script():
    assert [w.text for w in words_of("Don't, 北京! हिन्दी ที่ดี a\u0301b")] == [
        *("Don", "'", "t", ",", "北", "京", "!", "हिन्दी", "ที่", "ดี", "a\u0301b"),
    ]
    assert similarity(words_of("A b C d e F"), words_of("a, B c d E f!")) == 1.0
    assert similarity(words_of("北京是首都也是城市"), words_of("北京是首都不是城市")) < 0.7


MB = 1_000_000
HOSTILE = {
    "one line": ("x" * MB, "x" * (MB - 1) + "y"),
    "one word again": ("a " * (MB // 2), "a " * (MB // 2 - 7) + "b"),
    "two words in turn": ("a b " * (MB // 4), "b a " * (MB // 4)),
    "lines of nothing": ("\n" * MB, " \n" * (MB // 2)),
    "signs": (".!?" * (MB // 3), "?!." * (MB // 3)),
    "nul": ("\x00" * MB, "\x00 " * (MB // 2)),
    "surrogates": ("\ud800" * MB, "\udfff" * MB),
    "random of few": (
        " ".join(random.Random(1).choices("abcdefgh", k=MB // 2)),
        " ".join(random.Random(2).choices("abcdefgh", k=MB // 2)),
    ),
    "reversed": (
        " ".join(f"w{n}" for n in range(MB // 7)),
        " ".join(f"w{n}" for n in range(MB // 7, 0, -1)),
    ),
}


@pytest.mark.parametrize("kind", sorted(HOSTILE))
def test_two_megabytes_are_compared_in_bounded_time(kind):
    start = time.process_time()
    found = diff(*members(*HOSTILE[kind]))
    page = found.to_html()
    said = str(found)
    assert time.process_time() - start < 8
    assert len(page) < 4_000_000
    assert len(said) < 2_000_000
    assert "is cut: the first 40,000 of" in said


def test_matching_is_not_quadratic():
    rng = random.Random(0)
    for items in (["a", "b"] * 50_000, rng.choices("abc", k=100_000), rng.choices(range(9_999), k=100_000)):  # fmt: skip  # noqa: E501
        start = time.process_time()
        matched(items, items[::-1])
        assert time.process_time() - start < 8
