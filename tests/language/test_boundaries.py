"""Wherever a language comes in, its spelling does not matter, and what nobody knows is refused."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest

import webfilter as wf
from webfilter import ByLanguage, Judge, Pipeline, Rule, Tiers
from webfilter.compose import Sample
from webfilter.document import Document
from webfilter.errors import ConfigError, UnknownName
from webfilter.extract.engine import Options
from webfilter.extract.justext import Justext
from webfilter.heuristics.length import Length
from webfilter.score.above import group_of
from webfilter.tuning.measure import measure

NONE, ALL = Sample(0.0), Sample(1.0)


def kept(stage: Any, *codes: str) -> list[str]:
    docs = [Document(code, "text", signals={"language": code}) for code in codes]
    return [doc.id for doc in stage.process(docs) if doc.verdict is None]


@pytest.mark.parametrize("spelling", ["en", "eng", "EN", "eng_Latn", "en-US", "English"])
def test_by_language_takes_any_spelling(spelling: str) -> None:
    stage = ByLanguage({spelling: NONE})
    assert stage == ByLanguage({"en": NONE})
    assert hash(stage) == hash(ByLanguage({"en": NONE}))
    assert pickle.loads(pickle.dumps(stage)) == stage
    assert kept(stage, "en", "de") == ["de"]
    assert kept(stage, spelling) == []  # signals from elsewhere, too


def test_by_language_serves_members() -> None:
    stage = ByLanguage({"nor": NONE, "zho_Hans": NONE}, default=ALL)
    assert kept(stage, "no", "nb", "nob_Latn", "nn", "zh", "yue", "da") == ["da"]
    stage = ByLanguage({"no": NONE, "nn": ALL})
    assert kept(stage, "no", "nb", "nn") == ["nn"]
    assert kept(ByLanguage({"nb": NONE}), "no", "nb", "nn") == ["no", "nn"]
    assert kept(ByLanguage({"en": NONE}), " ", "\ud800", "x" * 9999) == [" ", "\ud800", "x" * 9999]


def test_recipes_name_languages_as_they_like() -> None:
    text = """
        [[stage]]
        use = "language"
        languages = ["deu", "eng_Latn"]
        [[stage]]
        use = "by_language"
        [stage.stages]
        "deu_Latn" = {use = "length", min_words = 3}
    """
    pipe = Pipeline.from_toml(text)
    assert list(pipe.steps[1].stages) == ["de"]  # type: ignore[attr-defined]
    assert Pipeline.from_toml(pipe.to_toml()) == pipe
    with pytest.raises(UnknownName, match=r"by_language 'germn': did you mean 'german'"):
        Pipeline.from_toml(text.replace("deu_Latn", "germn"))


@pytest.mark.parametrize(
    "build",
    [
        lambda code: ByLanguage({code: ALL}),
        lambda code: Judge((Rule("language", isin={code}),), given=True),
        lambda code: Tiers({"a": {"language": [code]}}, given=True),
        lambda code: wf.Language({"en"}, min_scores={code: 0.5}),
        lambda code: wf.Language({code}),
    ],
)
def test_what_nobody_knows_is_refused_where_it_is_built(build: Callable[[str], Any]) -> None:
    with pytest.raises(UnknownName, match=r"'inglish': did you mean '\w+'"):
        build("inglish")
    build("eng")


def test_two_stages_for_one_language_are_refused() -> None:
    with pytest.raises(ConfigError, match="'en' and 'eng' are the same language"):
        ByLanguage({"en": ALL, "eng": NONE})


def test_rules_on_the_language_take_any_spelling() -> None:
    judge = Judge((Rule("language", isin={"eng", "nor"}), Rule("words", ge=1)), given=True)
    assert kept(judge, "en", "nb", "de", "eng") == ["en", "nb", "eng"]
    plain = Judge((Rule("language", isin={"en", "de"}), Rule("topic", isin={"a"})), given=True)
    assert plain.judged[0].isin == {"en", "de"}
    assert plain.judged[1].isin == {"a"}
    tiers = Tiers({"a": {"language": ["eng", "de"]}, "b": {"language": ["en"]}}, given=True)
    assert kept(tiers, "en", "de", "fr") == ["en", "de"]


def test_a_stored_run_is_asked_in_any_spelling() -> None:
    by = ByLanguage({"eng": Length(min_words=5), "no": Length(min_words=2)})
    texts = ("one", "one two three", "one two three four five six")
    docs = [
        Document(f"{code}{n}", text, signals={"language": code})
        for code in ("en", "eng_Latn", "nb", "no", "de")
        for n, text in enumerate(texts)
    ]
    spoken = Judge((Rule("language", isin={"en", "eng_Latn", "no", "de"}),), given=True)
    pipe = _Given() | spoken | by
    report = wf.Report.of(pipe, pipe(docs))
    assert report.kept == 5 + 3 + 2 - 1
    for asked in ("en", "eng", "English"):
        [row] = report.sweep("words", [3], language=asked).rows
        assert row.kept == report.kept + 2  # of both spellings
    for asked in ("nob", "no"):
        [row] = report.sweep("words", [0], language=asked).rows
        assert row.kept == report.kept + 2


class _Given(wf.Filter):
    """Says that the language is the one that was given."""

    name = "given"
    measures = (wf.Signal("language", "str", "Language"),)

    def measure(self, doc: Document) -> dict[str, Any]:
        return {"language": doc.signals.get("language")}


def test_groups_of_a_share_are_by_language_and_not_by_spelling() -> None:
    groups = [Document("a", signals={"language": code}) for code in ("en", "eng", "de")]
    one, other, third = (group_of(doc, "language") for doc in groups)
    assert one == other != third


def test_given_languages_are_tuned_together() -> None:
    docs = [Document(c, "a b", signals={"language": c}) for c in ("en", "eng", "eng_Latn", "de")]
    corpus = measure(docs, "good", Pipeline((Length(),)), (), given=True)
    assert sorted(corpus.languages.tolist()) == ["de", "en", "en", "en"]


@pytest.mark.parametrize(
    "declared", ["he", "iw", "heb", "iw-IL"], ids=lambda code: f"hebrew as {code}"
)
def test_justext_finds_the_stop_words_of_the_language_declared(declared: str) -> None:
    text = "אני חושב שזה לא כל כך פשוט כמו שהוא אמר לי אתמול, כי אין לנו עוד זמן לכל הדברים. " * 4
    page = f"<html lang='{declared}'><body><p>{text}</p></body></html>"
    assert "חושב" in Justext(Options()).extract(page, None).text
