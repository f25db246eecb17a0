"""`min_scores`: each language under its own limit, in a stage, a cascade, a sweep and a tuning."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

import webfilter as wf
from webfilter import Pipeline
from webfilter.document import Document, Verdict
from webfilter.errors import ConfigError, UnknownName
from webfilter.language import Language
from webfilter.language import language as module
from webfilter.language.engines import Guess
from webfilter.stage import Rule, Transform
from webfilter.testing import check_stage
from webfilter.tuning.knobs import knobs
from webfilter.tuning.measure import _hash


class Told:
    """An engine that is told the answer by the text: ``de 0.7 ...``."""

    languages = frozenset(["de", "en", "fr", "nb", "nn", "no", "und", "yue", "zh"])
    artifacts: Mapping[str, str] = {}

    def predict(self, texts: Sequence[str], top: int = 1) -> list[Guess]:
        found = []
        for text in texts:
            code, _, rest = text.partition(" ")
            score = rest.partition(" ")[0]
            found.append(Guess(code or "und", "Latn", float(score) if score else None))
        return found


@pytest.fixture(autouse=True)
def told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "engine", lambda name, model, stage: Told())


def doc(code: str, score: float) -> Document:
    return Document(f"{code}-{score}", f"{code} {score}")


DOCS = [doc(code, score / 20) for code in ("de", "en", "fr", "nb", "nn") for score in range(1, 20)]


def kept(stage: wf.Stage | Pipeline, docs: Sequence[Document] = DOCS) -> list[str]:
    return [each.id for each in stage(docs) if each.verdict is None]


def test_each_language_is_judged_by_its_own_limit() -> None:
    stage = Language({"de", "en"}, min_score=0.5, min_scores={"deu": 0.3})
    ids = [f"de-{n / 20}" for n in range(7, 20)] + [f"en-{n / 20}" for n in range(11, 20)]
    assert kept(stage) == ids
    [gone] = stage([doc("de", 0.3)])
    assert gone.verdict == Verdict(
        "language", "language_score", "language_score", 0.3, 0.3, op="<="
    )


def test_a_stronger_limit_and_one_of_zero_count() -> None:
    stage = Language({"de", "en"}, min_score=None, min_scores={"de": 0.9, "en": 0})
    assert kept(stage) == ["de-0.95", *(f"en-{n / 20}" for n in range(1, 20))]
    assert kept(Language({"en"}, min_score=0.99, min_scores={"en": 0.0}))[0] == "en-0.05"


def test_a_macrolanguage_covers_members_without_their_own() -> None:
    stage = Language({"no"}, min_score=0.1, min_scores={"nor": 0.5, "nno": 0.8})
    assert kept(stage) == [
        *(f"nb-{n / 20}" for n in range(11, 20)),
        *(f"nn-{n / 20}" for n in range(17, 20)),
    ]
    assert stage.branches == {"nn": {"nn"}, "no": {"no", "nb"}}
    # a member that is asked for does not bring the others' limit with it
    assert Language({"nb"}, min_scores={"nb": 0.2}).rules_for(doc("x", 1)) == (
        Rule("language", isin={"nb"}), Rule("language_score", gt=0.65))  # fmt: skip


def test_the_language_measured_counts_and_not_the_one_that_came_along() -> None:
    stage = Language({"de", "en"}, min_score=0.5, min_scores={"de": 0.1})
    given = Document("a", "en 0.3", signals={"language": "de"})
    assert stage.process([given])[0].verdict is not None
    given = Document("a", "de 0.3", signals={"language": "en"})
    assert stage.process([given])[0].verdict is None
    assert str(Pipeline((stage,)).explain(given)).startswith("kept")


def test_other_rules_stand_beside_it() -> None:
    stage = Language({"de", "en"}, min_scores={"de": 0.1}, scripts={"Cyrl"})
    [gone] = stage([doc("de", 0.4)])
    assert gone.verdict is not None
    assert gone.verdict.reason == "language_script"
    assert [r.signal for r in stage.rules_for(gone)] == [
        "language", "language_score", "language_script"]  # fmt: skip


def test_an_engine_without_a_score_is_not_judged_by_it() -> None:
    assert kept(Language({"und"}, min_scores={"und": 0.5}), [Document("a", "und")]) == ["a"]


def test_errors_name_the_key_and_the_fix() -> None:
    with pytest.raises(UnknownName, match=r"min_scores 'germn': did you mean 'german'"):
        Language({"de"}, min_scores={"germn": 0.5})
    with pytest.raises(ConfigError, match=r"limit for 'fra'.*does not ask for \(de\)"):
        Language({"de"}, min_scores={"fra": 0.5})
    with pytest.raises(ConfigError, match=r"does not ask for \(none\)"):
        Language(None, min_scores={"de": 0.5})
    with pytest.raises(ConfigError, match=r"min_scores\['de'\] = 1.5 is not in 0 to 1"):
        Language({"de"}, min_scores={"de": 1.5})
    with pytest.raises(ConfigError, match="'de' and 'German' are the same language"):
        Language({"de"}, min_scores={"de": 0.5, "German": 0.5})
    with pytest.raises(ConfigError, match=r"limit for 'zh'"):  # who asks for Cantonese only
        Language({"yue"}, min_scores={"zh": 0.5})
    with pytest.raises(ConfigError, match="min_scores = "):
        Language({"de"}, min_scores={"de": "much"})  # type: ignore[dict-item]


def test_it_is_configuration_like_any_other() -> None:
    stage = Language({"de", "en"}, min_scores={"eng": 0.5, "de": 0.2})
    same = Language({"de", "en"}, min_scores={"de": 0.2, "en": 0.5})
    assert stage == same
    assert hash(stage) == hash(same)
    assert pickle.loads(pickle.dumps(stage)) == stage
    assert replace(stage, min_scores={}).min_scores == {}
    given = {"de": 0.2}
    held = Language({"de"}, min_scores=given)
    given["de"] = 0.9
    assert held.min_scores == {"de": 0.2}
    assert (
        Pipeline((stage,)).fingerprint() != Pipeline((replace(stage, min_scores={}),)).fingerprint()
    )


def test_recipes_hold_it_as_a_table() -> None:
    text = """
        [[stage]]
        use = "language"
        languages = ["de", "no"]
        top = 3
        shares = true
        min_share = 0.5
        [stage.min_scores]
        deu = 0.4
        nn = 0.3
    """
    pipe = Pipeline.from_toml(text)
    [stage] = pipe.steps
    assert isinstance(stage, Language)
    assert stage.min_scores == {"de": 0.4, "nn": 0.3}
    assert Pipeline.from_toml(pipe.to_toml()) == pipe
    assert Pipeline.from_toml(pipe.to_toml(full=True)) == pipe


def test_without_it_nothing_changes() -> None:
    stage = Language({"de"})
    assert not stage.by_document
    assert not stage.branches
    assert [knob.name for knob in knobs(Pipeline((stage,)))] == ["language.min_score"]
    with_it = Language({"de"}, min_scores={"de": 0.3})
    assert with_it.by_document
    # each of its limits judges some documents only, so no field is one to tune for all
    assert knobs(Pipeline((with_it,))) == ()


def test_a_run_is_swept_by_language_exactly() -> None:
    stage = Language({"de", "no", "en"}, min_score=0.5, min_scores={"de": 0.3, "no": 0.7})
    report = wf.Report.of(Pipeline((stage,)), Pipeline((stage,))(DOCS))
    with pytest.raises(ConfigError, match="say which with language="):
        report.sweep("language_score", [0.2])
    for row in report.sweep("language_score", [0.1, 0.45, 0.9], language="deu"):
        moved = replace(stage, min_scores={**stage.min_scores, "de": row.limit})
        assert row.kept == len(kept(moved))
    for row in report.sweep("language_score", [0.1, 0.9], language="nob"):
        moved = replace(stage, min_scores={**stage.min_scores, "no": row.limit})
        assert row.kept == len(kept(moved))
    for row in report.sweep("language_score", [0.1, 0.9], language="other"):
        assert row.kept == len(kept(replace(stage, min_score=row.limit)))
    near = report.borderline("language_score", n=1, language="de")
    assert near.limit == 0.3


class Cut(Transform):
    """A draft: the text without its last word."""

    name = "cut"

    def transform(self, doc: Document) -> tuple[str, Mapping[str, object]]:  # type: ignore[override]
        return (doc.html or b"").decode(), {}


def test_a_cascade_believes_the_draft_by_the_language_on_it() -> None:
    from webfilter.extract.cascade import Cascade

    stage = Language({"de", "en"}, min_score=0.9, min_scores={"de": 0.2})
    pages = [Document(f"{c}-{s}", html=f"{c} {s}".encode()) for c in ("de", "en", "fr")
             for s in (0.05, 0.15, 0.3, 0.5, 0.95)]  # fmt: skip
    screen = Cascade(draft=Cut(), final=Cut(), second=None, audit=0.0, default_slack=0.5)
    gone = {d.id: str(d.verdict) for d in (screen | stage)(pages) if d.verdict is not None}
    assert "cascade" in gone["en-0.3"]  # .9 with slack is .45
    assert "cascade" in gone["de-0.05"]  # .2 with slack is .1
    assert "cascade" not in gone["de-0.15"]
    assert "cascade" not in gone["en-0.5"]
    assert "cascade" in gone["fr-0.95"]  # the language itself, as it is believed
    alone = {d.id for d in stage([replace(p, text=p.html.decode(), html=None) for p in pages])  # type: ignore[union-attr]
             if d.verdict is not None}  # fmt: skip
    assert set(gone) == alone


def test_tuning_by_language_makes_such_a_table() -> None:
    def corpus(low: Mapping[str, float], high: Mapping[str, float]) -> list[Document]:
        return [
            Document(f"{code}{n}{low}", f"{code} {low[code] + (high[code] - low[code]) * n / 300}")
            for code in low
            for n in range(300)
        ]

    good = corpus({"de": 0.30, "en": 0.80}, {"de": 0.6, "en": 0.99})
    bad = corpus({"de": 0.01, "en": 0.40}, {"de": 0.2, "en": 0.7})
    found = wf.tune(
        good, bad, Language({"de", "en"}), by="language", min_documents=100, resamples=20
    )
    [stage] = found.pipe.steps
    assert isinstance(stage, Language)
    limits = {code: stage.min_scores.get(code, stage.min_score) for code in ("de", "en")}
    assert limits["de"] == pytest.approx(0.25, abs=0.06)
    assert limits["en"] == pytest.approx(0.75, abs=0.06)
    assert stage.min_scores  # no one limit does both
    assert len(kept(stage, good)) > 590
    assert len(kept(stage, bad)) < 10


def spoken(kind: str, sizes: Mapping[str, tuple[int, float]]) -> list[Document]:
    """So many documents of each language, good ones with a score above its bound."""
    return [
        Document(f"{code}-{n}-{kind}", f"{code} {bound + (0.05 if kind == 'good' else -0.05)}")
        for code, (count, bound) in sizes.items()
        for n in range(count)
    ]


def kept_of_held_out(stage: wf.Stage | Pipeline, docs: Sequence[Document]) -> tuple[int, int]:
    held = [each for each in docs if not _hash(each.id, 0) & 1]
    return len(kept(stage, held)), len(held)


def tuned(good: list[Document], bad: list[Document], code: str) -> tuple[wf.Tuning, Language]:
    """Return what was found for `code` and English, and the one stage that is left."""
    found = wf.tune(
        good, bad, Language({code, "en"}), by="language", min_documents=150, max_loss=0.05,
        resamples=20,
    )  # fmt: skip
    [stage] = found.pipe.steps
    assert isinstance(stage, Language)
    return found, stage


@pytest.mark.parametrize(
    ("sizes", "members"),
    [
        ({"no": (200, 0.8), "nn": (40, 0.3), "en": (300, 0.3)}, {"nn"}),  # too few
        ({"no": (200, 0.8), "nn": (200, 0.3), "en": (300, 0.3)}, {"nn"}),  # the limits of all
        ({"no": (200, 0.8), "nn": (40, 0.3), "nb": (200, 0.5), "en": (300, 0.3)}, {"nb", "nn"}),
        ({"no": (40, 0.3), "nn": (200, 0.8), "en": (300, 0.3)}, {"nn"}),
    ],
)
def test_a_tuned_table_judges_members_of_a_macrolanguage_as_it_is_said(
    sizes: Mapping[str, tuple[int, float]], members: set[str]
) -> None:
    good, bad = spoken("good", sizes), spoken("bad", sizes)
    found, stage = tuned(good, bad, "no")
    assert stage.min_score == pytest.approx(0.3, abs=0.05)
    assert set(stage.min_scores) == members | {code for code in sizes if sizes[code][1] == 0.8}
    for code, limit in stage.min_scores.items():
        assert limit == pytest.approx(sizes[code][1], abs=0.05)
    for docs, told in ((good, found.after.good), (bad, found.after.bad)):
        assert kept_of_held_out(found.pipe, docs) == (told.count, told.of)


def test_where_a_tuned_table_has_no_limit_scores_of_zero_take_no_part() -> None:
    def docs(kind: str) -> list[Document]:
        same = [Document(f"en-{n}-{kind}", f"en {n % 4 / 4}") for n in range(200)]
        return [*spoken(kind, {"de": (200, 0.8)}), *same]

    good, bad = docs("good"), docs("bad")
    found, stage = tuned(good, bad, "de")
    assert {code: stage.min_scores.get(code, stage.min_score) for code in ("de", "en")} == {
        "de": pytest.approx(0.8, abs=0.05), "en": 0.0}  # fmt: skip
    assert found.pooled.good.gone == {"language": 50}
    for side, told in ((good, found.after.good), (bad, found.after.bad)):
        part = [each for each in side if not each.text.endswith(" 0.0")]
        assert kept_of_held_out(found.pipe, part) == (told.count, told.of)
        assert len(kept(found.pipe, side)) == len(kept(found.pipe, part))


def test_the_stage_keeps_the_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    check_stage(Language({"de", "en"}, min_scores={"de": 0.5}, top=3, shares=True, min_share=0.5))
