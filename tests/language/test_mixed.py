"""`top` and `shares`: what else a text may be, and what a page consists of."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webfilter import Pipeline
from webfilter.document import Document
from webfilter.errors import ConfigError
from webfilter.language import Language
from webfilter.language import language as module
from webfilter.language.engines import Guess
from webfilter.language.segments import MOST, letter_count, pieces, shares

DE = "Am Abend gingen wir noch einmal durch den alten Hafen und sprachen über die Arbeit. "
EN = "In the evening we walked through the old harbor once more and talked about work. "
PARTS = ["\n", "\r\n", "\u2028", " ", "a", "word ", "漢" * 40, DE, "\0", "\ud800", "x" * 700, "12 "]
SHARED = Language(None, shares=True)


def measured(text: str, stage: Language = SHARED) -> dict[str, object]:
    return dict(stage.process([Document("a", text)])[0].signals)


def letters(text: str) -> int:
    return sum(map(str.isalpha, text))


def share_of(said: object, code: str) -> float:
    return dict(p.split(":") for p in str(said).split()).get(code, 0) and float(
        dict(p.split(":") for p in str(said).split())[code]
    )


def test_a_page_in_two_languages_by_share() -> None:
    page = "\n".join([DE * 3] * 6 + [EN * 3] * 3)
    signals = measured(page)
    german = 6 * letters(DE) / (6 * letters(DE) + 3 * letters(EN))
    assert share_of(signals["language_shares"], "de") == pytest.approx(german, abs=0.01)
    assert share_of(signals["language_shares"], "en") == pytest.approx(1 - german, abs=0.01)
    assert str(signals["language_shares"]).startswith("de:")
    of = share_of(signals["language_shares"], str(signals["language"]))
    assert signals["language_share"] == pytest.approx(of, abs=0.01)


def test_language_is_the_same_with_shares_and_without() -> None:
    for page in (DE * 20 + "\n" + EN * 20, EN + "\n" + DE * 40, "", "12 34", DE):
        plain = measured(page, Language(None))
        more = measured(page, Language(None, shares=True, top=3))
        assert {key: more[key] for key in plain} == plain


def test_a_page_in_one_piece_is_what_it_was_recognized_as() -> None:
    signals = measured(DE)
    assert (signals["language_share"], signals["language_shares"]) == (1.0, "de:1.00")


def test_a_page_without_letters_has_no_shares() -> None:
    for page in ("", "\n \n", "12:30\n" * 100, "\n" * 5000):
        signals = measured(page)
        assert (signals["language_share"], signals["language_shares"]) == (None, None)


def test_what_is_no_language_is_a_share_of_its_own() -> None:
    page = DE * 10 + "\n" + "\n".join(["xkqj vzzt qpwf jjxkl brrtz mnbvq wqzx kjhgf zzxq"] * 20)
    assert share_of(measured(page)["language_shares"], "und") > 0.3


def test_the_share_is_a_limit() -> None:
    page = Document("a", "\n".join([DE * 3] * 6 + [EN * 3] * 5))
    for least, kept in ((0.3, True), (0.8, False), (None, True)):
        stage = Language({"de", "en"}, min_score=None, shares=True, min_share=least)
        verdict = stage.process([page])[0].verdict
        assert (verdict is None) == kept
    assert verdict is None
    stage = Language({"de", "en"}, min_score=None, shares=True, min_share=0.8)
    assert str(stage([page])[0].verdict).startswith("language: language_share 0.5")
    assert Language({"de"}, shares=True, min_share=0.0)([Document("a", DE)])[0].verdict is None


def test_errors_say_what_goes_together() -> None:
    with pytest.raises(ConfigError, match=r"min_share = 0.5 judges .* shares=True"):
        Language({"en"}, min_share=0.5)
    with pytest.raises(ConfigError, match="min_share = 50"):
        Language({"en"}, shares=True, min_share=50)
    for top in (0, 1, 6, -1):
        with pytest.raises(ConfigError, match=f"top = {top} is not 2 to 5"):
            Language({"en"}, top=top)


def test_only_what_is_asked_for_is_declared_and_measured() -> None:
    assert [s.name for s in Language().measures] == [
        "language", "language_score", "language_script"]  # fmt: skip
    assert "language_top" not in measured(DE, Language(None))
    assert "language_top" in [s.name for s in Language(None, top=2).measures]
    for stage in (Language(None), Language(None, top=4), Language(None, shares=True)):
        assert set(measured(DE, stage)) == {signal.name for signal in stage.measures}
    pipe = Pipeline((Language(None, top=2, shares=True),))
    assert {"language_top", "language_share", "language_shares"} < {s.name for s in pipe.signals}


def test_top_names_the_likeliest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    said = measured(DE, Language(None, top=3))
    assert str(said["language_top"]).startswith("de:")

    class Fixed:
        languages = frozenset(["nl"])
        asked: list[int] = []  # noqa: RUF012

        def predict(self, texts: list[str], top: int = 1) -> list[Guess]:
            self.asked.append(top)
            if texts == ["none"]:
                return [Guess("und", "Latn", None)]
            return [Guess("nl", "Latn", 0.617, (("af", 0.31), ("de", 0.004)))] * len(texts)

    engine = Fixed()
    monkeypatch.setattr(module, "engine", lambda name, model, stage: engine)
    assert measured("x", Language(None, top=3))["language_top"] == "nl:0.62 af:0.31 de:0.00"
    assert measured("none", Language(None, top=3))["language_top"] is None
    measured("x", Language(None))
    assert engine.asked == [3, 3, 1]


def test_the_engine_is_asked_about_all_pieces_of_a_batch_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Counts:
        languages = frozenset(["de"])
        calls: list[int] = []  # noqa: RUF012

        def predict(self, texts: list[str], top: int = 1) -> list[Guess]:
            self.calls.append(len(texts))
            return [Guess("de", "Latn", 1.0)] * len(texts)

    engine = Counts()
    monkeypatch.setattr(module, "engine", lambda name, model, stage: engine)
    docs = [Document(str(n), DE * 30) for n in range(4)]
    Language(None, shares=True).process([*docs, Document("short", DE)])
    each = len(pieces(DE * 30))
    assert engine.calls == [5, 4 * each]


def test_pieces_end_at_line_ends_and_are_of_fair_length() -> None:
    rng = random.Random(0)
    lines = [("wort " * rng.randint(1, 120)).strip() for _ in range(60)]
    found = pieces("\n".join(lines), most=10_000)
    assert " ".join(" ".join(found).split()) == " ".join(" ".join(lines).split())
    assert all(40 <= len(piece) <= 400 for piece in found)
    short = pieces("\n".join(f"Zeile {n}" for n in range(100)))
    assert all(150 <= len(piece) <= 300 for piece in short[:-1])


def test_paragraphs_of_two_languages_do_not_share_a_piece() -> None:
    paragraphs = [DE * 2, EN * 2] * 10  # 160 characters each
    for piece in pieces("\n\n".join(paragraphs)):
        assert ("Abend" in piece) != ("evening" in piece)


def test_a_heading_goes_with_what_follows() -> None:
    [first, *_] = pieces("Heim\n" + DE * 4)
    assert first.startswith("Heim\nAm Abend")


def test_long_pages_are_sampled_evenly() -> None:
    lines = [f"{n:04d} " + "x" * 200 for n in range(1000)]
    found = [int(piece[:4]) for piece in pieces("\n".join(lines))]
    assert len(found) == MOST
    gaps = {b - a for a, b in pairwise(found)}
    assert gaps <= {15, 16}
    assert found[0] < 10
    assert found[-1] > 990


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(PARTS), max_size=60).map("".join))
def test_pieces_keep_every_letter(text: str) -> None:
    found = pieces(text, most=10**6)
    assert "".join("".join(found).split()) == "".join(text.split())
    assert all(piece.strip() == piece and len(piece) <= 400 for piece in found)
    counted = shares([("x", piece) for piece in found])
    assert counted["x"] == letters(text)


def test_long_blanks_within_a_line_are_no_pieces() -> None:
    signals = measured(DE + " " * 100_000 + DE)
    assert (signals["language_share"], signals["language_shares"]) == (1.0, "de:1.00")


def test_hostile_pages_are_cut_into_few_pieces() -> None:
    for text in ("x" * 1_000_000, "\n" * 500_000, "a\n" * 300_000, "a b " * 200_000, "\0" * 9999):
        assert len(pieces(text)) <= MOST


@pytest.mark.parametrize(
    "text", ["", "a1_", "Ça va? 2½ ª", "слово 1", "aé" * 9, "語a", "\ud800x", "é\x00" * 3]
)
def test_letters_are_those_of_python(text):
    assert letter_count(text) == sum(map(str.isalpha, text))
