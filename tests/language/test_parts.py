"""LanguageParts: what is cut from a page in two languages, what stays, and where parts stand."""

from __future__ import annotations

import pytest

from webfilter import Document, LanguageParts
from webfilter.errors import ConfigError, UnknownName
from webfilter.language.engines import Guess
from webfilter.language.parts import Part, _foreign, _told
from webfilter.testing import check_stage

ENGLISH = (
    "Leaves are green because of a pigment that takes up red and blue light.",
    "When the nights grow long, the tree takes it back and the leaf turns yellow.",
)
GERMAN = (
    "Blätter sind grün, weil ein Farbstoff rotes und blaues Licht aufnimmt.",
    "Wenn die Nächte länger werden, holt der Baum ihn zurück, und das Blatt wird gelb.",
)
HINDI = (
    "पत्ते हरे होते हैं क्योंकि उनमें एक रंग होता है जो लाल और नीले प्रकाश को सोख लेता है। "
    "जब रातें लंबी हो जाती हैं, तब पेड़ उसे वापस ले लेता है और पत्ता पीला हो जाता है।"
)
CHINESE = "树叶是绿色的，因为其中有一种色素，它吸收红光和蓝光。夜晚变长的时候，它就变黄了。" * 2


def cut(text: str, *languages: str, **fields: object) -> Document:
    stage = LanguageParts(set(languages) or None, **fields)  # type: ignore[arg-type]
    (doc,) = stage.process([Document("a", text)])
    return doc


def test_each_half_can_be_kept_and_paragraphs_stay_apart() -> None:
    first, second = "\n\n".join(ENGLISH), "\n\n".join(GERMAN)
    text = f"{first}\n\n{second}\n\n{first}\n"
    english = cut(text, "en")
    assert english.text == f"{first}\n\n{first}"
    assert english.signals["foreign_lines"] == 2
    assert cut(text, "de").text == second
    assert cut(text, "de", "en").text == text
    assert cut(text).text == english.text  # the language of most letters


@pytest.mark.parametrize("other", [HINDI, CHINESE])
def test_scripts_part_too(other: str) -> None:
    text = "\n".join((*ENGLISH, other))
    assert cut(text, "en").text == "\n".join(ENGLISH)
    assert cut(text, "hi", "zh").text == other


def test_headings_and_figures_go_with_the_text_below_and_the_last_ones_with_that_above() -> None:
    german = ("Herbst", "1. 2. 3.", *GERMAN, "Ende")
    text = "\n".join(("Leaves", *ENGLISH, "", *german))
    assert cut(text, "en").text == "\n".join(("Leaves", *ENGLISH))
    assert cut(text, "de").text == "\n".join(german)


def test_a_short_quotation_stays() -> None:
    text = "\n".join((ENGLISH[0], "Alle Vögel sind schon da, alle Vögel, alle!", ENGLISH[1]))
    assert cut(text, "en") == Document(
        "a", text, signals={"foreign_lines": 0, "foreign_letter_ratio": 0.0}
    )
    assert cut(text, "en", part_min_letters=10).text == "\n".join(ENGLISH)


def test_lines_of_relatives_go_where_together_they_are_surely_foreign() -> None:
    mixed = "\n".join((*GERMAN, "De bladeren zijn groen omdat een kleurstof het licht opneemt."))
    assert cut(f"{mixed}\n{ENGLISH[0]}", "en").text == ENGLISH[0]


def test_a_page_with_too_little_left_is_dropped() -> None:
    doc = cut("\n".join(GERMAN), "en")
    assert str(doc.verdict) == "language_parts: foreign_letter_ratio 1 > 0.9"
    assert cut("\n".join(GERMAN), "en", max_foreign_letter_ratio=None).live
    assert cut("\n".join(GERMAN * 3 + ENGLISH), "en").live


class Knows:
    """An engine that is told what to say of a line: its language and how sure it is."""

    def predict(self, texts: list[str], top: int = 1) -> list[Guess]:
        said = [text.split() for text in texts]
        return [Guess(code, None, None if sure == "?" else float(sure)) for code, sure, *_ in said]


def test_a_line_told_without_certainty_goes_with_the_next_one_and_the_last_with_the_one_above():
    lines = ["de .64 wordsofit", "en .65 wordsofit", "und 1 wordsofit", "fr .1 wordsofit",
             "nl .9 wordsofit", "en ? wordsofit"]  # fmt: skip
    ((_, codes),) = _told(Knows(), ["\n".join(lines)])
    assert codes == ["en", "en", "nl", "nl", "nl", "nl"]


@pytest.mark.parametrize(
    ("guess", "foreign"),
    [
        (Guess("de", "Latn", 0.7, (("en", 0.2),)), 0.8),
        (Guess("en", "Latn", 0.7, (("de", 0.2),)), 0.3),
        (Guess("und", None, 0.9), 0.0),
        (Guess("de", "Latn", None), 0.0),
    ],
)
def test_foreign_is_what_is_left_to_no_language_of_the_own(guess: Guess, foreign: float) -> None:
    assert _foreign(guess, {"en"}) == pytest.approx(foreign)


@pytest.mark.parametrize("text", ["", "\n \n", "12 345\n6 789", "x", "\n\nHi.\n"])
def test_what_nobody_can_tell_stays(text: str) -> None:
    assert cut(text, "en").text == cut(text).text == text
    assert cut(text, "en").signals["foreign_lines"] == 0


def test_parts_are_all_of_the_text_in_order() -> None:
    text = "\n" + "\n".join((*ENGLISH, "", "Herbst", *GERMAN, "")) + CHINESE
    found = LanguageParts().parts(text)
    assert [part.language for part in found] == ["en", "de", "zh"]
    assert "".join(text[part.start : part.end] for part in found) == text
    assert text[found[1].start : found[1].end].startswith("Herbst\n")
    assert sum(part.letters for part in found) == sum(map(str.isalpha, text))
    assert LanguageParts().parts("") == [Part(0, 0, "und", 0)]


def test_the_contract_holds_for_the_page_s_own_language() -> None:
    check_stage(LanguageParts(None, part_min_letters=1))


def test_what_is_wrong_is_told_in_the_stage_s_name() -> None:
    with pytest.raises(ConfigError, match=r"language_parts: part_min_score = 2.0 is not in 0 to 1"):
        LanguageParts(part_min_score=2)
    with pytest.raises(UnknownName, match="language_parts"):
        LanguageParts({"engl"})


def test_lines_in_a_near_language_go_from_the_probability_that_is_asked():
    norwegian = "Regjeringen har besluttet at skolene skal få mer penger til bøker neste år."
    danish = "Regeringen har besluttet, at skolerne skal have flere penge til bøger næste år."
    doc = Document("a", f"{norwegian}\n\n{danish}")
    gone = {
        least: LanguageParts({"nb"}, part_min_score=least).transform(doc)[1]["foreign_lines"]
        for least in (0.5, 1.0)
    }
    assert gone == {0.5: 1, 1.0: 0}
