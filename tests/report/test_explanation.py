import json

import pytest

from webfilter.document import Document, Verdict
from webfilter.report import Explanation
from webfilter.report.explanation import Row

WORDS = "Words that are more than punctuation."


def example(verdict=True):
    rows = (
        Row("extract", "extracted_share", 0.31),
        Row("language", "language", "en", "in", "de, en", None, True),
        Row("gopher_quality", "words", 412, ">=", 50.0, 362.0, True, about=WORDS, unit="words"),
        Row("gopher_quality", "words", 412, "<=", 100_000.0, 99_588.0, True, about=WORDS),
        Row("gopher_quality", "alpha_word_ratio", 0.7612, ">=", 0.8, -0.0388, False),
        Row("gopher_quality", "stop_words", 1, ">=", 2.0, -1.0, False, note="one only"),
        Row("gopher_quality", "bullet_lines", None, "<=", 0.9, None, None),
        Row("minhash", note="needs the whole corpus: not judged on one page"),
    )
    said = Verdict("gopher_quality", "alpha_word_ratio", "alpha_word_ratio", 0.7612, 0.8, op="<")
    doc = Document("a", url="https://example.org/lenses", signals={"words": 412, "odd": "x"})
    return Explanation(doc, rows, said if verdict else None, "A lens\nis thin.")


def test_the_text_for_the_terminal():
    lines = str(example()).splitlines()
    assert lines == [
        "dropped by gopher_quality: alpha_word_ratio 0.7612 < 0.8",
        "https://example.org/lenses",
        "",
        "extract",
        "  extracted_share        0.31",
        "",
        "language",
        "  language                 en  in de, en            pass",
        "",
        "gopher_quality",
        "  words                   412  >= 50          +362  pass",
        "  words                   412  <= 100,000  +99,588  pass",
        "  alpha_word_ratio     0.7612  >= 0.8      -0.0388  FAIL      <- decides",
        "  stop_words                1  >= 2             -1  FAIL      one only",
        "  bullet_lines      undefined  <= 0.9               abstains",
        "",
        "minhash",
        "  needs the whole corpus: not judged on one page",
        "",
        "text, 15 characters",
        "  A lens is thin.",
    ]


def test_the_deciding_row_is_the_one_of_the_verdict_not_the_first_that_fails():
    rows = (
        Row("a", "x", 1, ">=", 2.0, -1.0, False),
        Row("b", "x", 9, ">=", 2.0, 7.0, True),
        Row("b", "x", 9, "<=", 8.0, -1.0, False),
    )
    verdict = Verdict("b", "x", "x", 9, 8.0, op=">")
    assert Explanation(Document("d"), rows, verdict).deciding is rows[2]
    other = (Row("b", "y", 0, ">=", 2.0, -2.0, False), Row("b", "x", 9, "<=", 7.0, -2.0, False))
    assert Explanation(Document("d"), (*other, *rows), verdict).deciding is rows[2]
    assert Explanation(Document("d"), rows, None).deciding is None
    assert (
        Explanation(Document("d"), rows, Verdict("b", "KeyError", kind="failed")).deciding is None
    )


@pytest.mark.parametrize(
    ("verdict", "decision"),
    [
        (None, "kept"),
        (Verdict("extract", "timeout: 10 s", kind="failed"), "failed in extract: timeout: 10 s"),
        (Verdict("minhash", "duplicate", of="b"), "dropped by minhash: duplicate (of b)"),
        (Verdict("language", "language", "language", "fr", op="not in"),
         "dropped by language: language 'fr' not in the accepted set"),
    ],
)  # fmt: skip
def test_the_decision_in_one_line(verdict, decision):
    said = Explanation(Document("a"), (), verdict)
    assert said.decision == str(said).splitlines()[0] == decision
    assert said.kept == (verdict is None)


def test_the_page_marks_the_deciding_rule_and_what_is_not_judged():
    page = example().to_html()
    assert page.count('<tr class="decides">') == 1
    assert "✗ decides" in page
    assert "✗ not met" in page
    assert "needs the whole corpus" in page
    assert "2 of 4 rules met" in page
    assert page.count(WORDS) == 1
    assert "Every rule is met" in example(verdict=False).to_html()


def test_the_explanation_is_json_data():
    said = json.loads(json.dumps(example().to_dict(), allow_nan=False))
    assert said["kept"] is False
    assert [row["decides"] for row in said["rows"]].index(True) == 4
    assert said["signals"] == {"words": 412, "odd": "x"}
    assert said["verdict"]["limit"] == 0.8


def test_infinite_limits_are_null_in_json():
    """A recipe may have them, and JSON has none."""
    rows = (Row("a", "x", 1, "<=", float("-inf"), float("-inf"), False),)
    doc = Document("a", verdict=Verdict("a", "x", "x", 1, float("-inf"), op=">"))
    said = json.loads(json.dumps(Explanation(doc, rows, doc.verdict).to_dict(), allow_nan=False))
    assert said["rows"][0]["limit"] is said["rows"][0]["margin"] is said["verdict"]["limit"] is None
    assert said["rows"][0]["decides"] is True


def test_empty_and_hostile_texts_can_be_told():
    for text in ("", "\x00\ud800\u202e", "x" * 1_000_000, "\n" * 1_000):
        said = Explanation(Document("\ud800\x1b"), (), None, text)
        assert not {"\x1b", "\x00", "\u202e", "\ud800"} & set(str(said))
        said.to_html().encode()
