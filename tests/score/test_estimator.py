"""Estimator: scikit-learn's and anybody's own, checked when built and on every batch."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lessons import lessons

from webfilter import Pipeline
from webfilter.document import Document
from webfilter.errors import ConfigError, UnknownName
from webfilter.recipes import literal
from webfilter.score.educational import Educational
from webfilter.score.estimator import Estimator, _pickled
from webfilter.score.trainer import EducationalTrainer
from webfilter.testing import check_stage

pytest.importorskip("sklearn")
TEXTS = [
    "because the force of water explains energy",
    "buy cheap things on sale now",
    "light is energy, for example of the sun",
    "add to cart, free shipping, best price",
] * 5
LABELS = [4, 0, 3, 1] * 5


def regression() -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline

    return make_pipeline(TfidfVectorizer(), Ridge()).fit(TEXTS, LABELS)


def classes(labels: Sequence[object]) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    return make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(TEXTS, labels)


class Says:
    """An estimator that answers what it is told to."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def predict(self, texts: list[str]) -> Any:
        return self.answer(texts) if callable(self.answer) else [self.answer] * len(texts)


def length(texts: list[str]) -> list[float]:
    return [float(len(text)) for text in texts]


def fussy(texts: list[str]) -> list[float]:
    if any("boom" in text for text in texts):
        raise ValueError("cannot digest boom")
    return [float("nan") if "nan" in text else len(text) for text in texts]


def test_scikit_learn_estimators_keep_the_contract() -> None:
    check_stage(Estimator(regression(), low=0, high=5, min_score=2.5))
    check_stage(Estimator(classes(LABELS), method="expected", window=500))
    check_stage(Estimator(classes(["hq", "cc"] * 10), method="predict_proba", min_score=0.5))


def test_the_score_is_the_estimators_rounded_and_clipped() -> None:
    model = regression()
    stage = Estimator(model, signal="taught", low=0.5, high=3)
    texts = [*TEXTS[:4], "unseen words", " ", ""]
    found = [row["taught"] for row in stage.measure_batch([Document(t or "e", t) for t in texts])]
    raw = [min(max(round(float(v), 4), 0.5), 3.0) for v in model.predict(texts)]
    assert found == [*raw[:5], 0.5, 0.5]  # blank: the least


def test_without_a_least_score_a_blank_text_is_asked_about() -> None:
    assert Estimator(Says(length)).measure(Document("a", "  "))["estimate"] == 2.0


def test_expected_is_the_mean_of_the_classes_by_their_probabilities() -> None:
    model = classes(LABELS)
    stage = Estimator(model, method="expected")
    wanted = model.predict_proba(TEXTS[:4]) @ model.classes_
    found = [stage.measure(Document("a", text))["estimate"] for text in TEXTS[:4]]
    assert found == pytest.approx(wanted, abs=6e-5)
    one = Estimator(model, method="predict_proba", label=3, signal="three")
    assert one.measure(Document("a", TEXTS[2]))["three"] == pytest.approx(
        model.predict_proba([TEXTS[2]])[0][2], abs=6e-5
    )
    assert (one.measures[0].low, one.measures[0].high) == (0.0, 1.0)


def test_windows_are_averaged_by_length() -> None:
    text = "word " * 30 + "water energy force"
    assert Estimator(Says(length)).measure(Document("a", text))["estimate"] == len(text)
    found = Estimator(Says(length), window=50).measure(Document("a", text))["estimate"]
    assert 30 < found <= 50
    seen: list[str] = []

    def remember(texts: list[str]) -> list[float]:
        seen.extend(texts)
        return length(texts)

    class Own:
        predict = staticmethod(remember)

    stage = Estimator(Own(), window=100, windows=3)
    seen.clear()
    stage.measure(Document("a", "wordy " * 100_000))
    assert len(seen) == 3  # the work per page is bounded


def test_a_bad_document_costs_itself_only_and_says_why() -> None:
    stage = Estimator(Says(fussy), min_score=3)
    texts = {"a": "fine text", "b": "a boom here", "c": "nan", "d": "no", "e": "also fine"}
    found = {doc.id: doc for doc in stage([Document(k, text) for k, text in texts.items()])}
    assert [k for k, doc in found.items() if doc.live] == ["a", "e"]
    assert str(found["b"].verdict) == "estimator failed: ValueError: cannot digest boom"
    assert str(found["c"].verdict) == "estimator failed: ValueError: Says.predict returned nan"
    assert str(found["d"].verdict) == "estimator: estimate 2 < 3"


def two_columns(texts: list[str]) -> list[list[float]]:
    return [[1.0, 2.0] for _ in texts]


def too_few(texts: list[str]) -> list[float]:
    return []


def broken(texts: list[str]) -> list[float]:
    raise RuntimeError("no license")


@pytest.mark.parametrize(
    ("answer", "match"),
    [
        (two_columns, "one number a text, not 2 values"),
        (too_few, "returned 0 rows for 1 texts"),
        (broken, "RuntimeError: no license"),
        ("hq", "not 'hq'; take method = 'predict_proba'"),
        (None, "not None"),
        (float("inf"), "returned inf"),
    ],
)
def test_an_estimator_that_cannot_do_it_is_an_error_when_built(answer: Any, match: str) -> None:
    with pytest.raises(ConfigError, match=f"estimator: .*Says.*{match}"):
        Estimator(Says(answer))


def test_other_mistakes_are_named_when_built() -> None:
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline

    with pytest.raises(ConfigError, match="cannot score a text by predict: NotFittedError"):
        Estimator(make_pipeline(Ridge()))
    with pytest.raises(ConfigError, match="not read from paths"):
        Estimator("model.pkl")
    with pytest.raises(ConfigError, match="has no method decision_function"):
        Estimator(Says(1.0), method="decision_function")
    with pytest.raises(ConfigError, match="has 4 classes: give label = one of 0, 1, 3, 4"):
        Estimator(classes(LABELS), method="predict_proba")
    with pytest.raises(UnknownName, match="unknown class of Pipeline"):
        Estimator(classes(["hq", "cc"] * 10), method="predict_proba", label="h")
    with pytest.raises(ConfigError, match="label goes with"):
        Estimator(Says(1.0), label="hq")
    with pytest.raises(ConfigError, match="a class must return one number"):
        Estimator(classes(["hq", "cc"] * 10), method="expected")
    with pytest.raises(ConfigError, match=r"low = 3\.0 is not below high = 1\.0"):
        Estimator(Says(1.0), low=3, high=1)
    with pytest.raises(ConfigError, match="windows = 0"):
        Estimator(Says(1.0), windows=0)
    held = Estimator(classes([0, 1] * 10), method="predict_proba", low=0.2, high=0.3)
    assert (held.low, held.high) == (0.2, 0.3)
    assert Estimator(Says(1.0), window=1, windows=1).measure(Document("a", "ab")) == {"estimate": 1}


def test_a_trainer_of_several_heads_scores_by_the_one_asked_for(tmp_path: Path) -> None:
    texts, labels = lessons(60)
    both = {"polite": [label / 5 for label in labels], "calm": labels}
    path = EducationalTrainer().fit(texts, both).save(tmp_path / "model.npz")
    with pytest.raises(ConfigError, match=r"load\(path\), label='polite', signal="):
        Educational(model=path)
    trainer = EducationalTrainer.load(path)
    wanted = trainer.predict(texts[:2])
    for t, head in enumerate(trainer.names_):
        stage = Estimator(trainer, label=head, signal="own")
        found = [stage.measure(Document("a", text))["own"] for text in texts[:2]]
        assert found == pytest.approx(wanted[:, t], abs=6e-5)
    with pytest.raises(ConfigError, match="2 heads: give label = one of polite, calm"):
        Estimator(trainer)
    with pytest.raises(UnknownName, match="head of EducationalTrainer 'calmer'"):
        Estimator(trainer, label="calmer")
    single = EducationalTrainer(names=["calm"]).fit(texts, labels)
    assert Estimator(single, label="calm").sha256 == Estimator(single).sha256


def test_what_cannot_be_pickled_is_refused_with_the_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "cloudpickle", None)
    with pytest.raises(ConfigError, match=r"cannot be pickled.*webfilter\[workers\]"):
        Estimator(Says(lambda texts: [1.0] * len(texts)))


def test_equal_is_what_holds_the_same_estimator() -> None:
    model = regression()
    stage = Estimator(model, min_score=1)
    again = pickle.loads(pickle.dumps(stage))
    assert again == stage == replace(again)
    assert again.measure(Document("a", TEXTS[0])) == stage.measure(Document("a", TEXTS[0]))
    assert Pipeline((again,)).fingerprint() == Pipeline((stage,)).fingerprint()
    model.steps[-1][1].coef_ = model.steps[-1][1].coef_ * 2
    other = Estimator(model, min_score=1)
    assert other != stage
    assert Pipeline((other,)).fingerprint() != Pipeline((stage,)).fingerprint()


class Noted:
    """Notes where something lies in memory, as scikit-learn's vectorizers do, and what it met."""

    def __init__(self, address: int, words: int = 1) -> None:
        self._stop_words_id = address
        self.words = words
        self.met = False

    def predict(self, texts: list[str]) -> list[float]:
        self.met = True
        return [float(self.words)] * len(texts)


def test_the_same_estimator_of_another_process_or_moment_is_equal() -> None:
    assert "_stop_words_id" in vars(regression()[0])
    stage = Estimator(Noted(1))
    assert stage == Estimator(Noted(2)) == Estimator(stage.model)
    assert stage != Estimator(Noted(1, words=2))
    before, after = regression(), regression()
    vars(after[0])["_stop_words_id"] = 1
    assert len({_pickled(model, pickle.Pickler) for model in (before, after)}) == 1


def test_a_trainer_is_the_same_estimator_before_and_after_it_has_scored() -> None:
    texts = [f"{text} {i}" for i, text in enumerate(TEXTS)]
    trainer, again = (EducationalTrainer(tops=[5]).fit(texts, LABELS) for _ in range(2))
    assert Estimator(trainer) == Estimator(trainer)
    again.predict(texts)
    assert Estimator(trainer) == Estimator(again)


def test_an_estimator_with_lambdas_is_the_same_in_another_process() -> None:
    pytest.importorskip("cloudpickle")

    def made(address: int) -> Any:
        model = Says(lambda texts: [1.0] * len(texts))
        model.within = Noted(address)
        return Estimator(model)

    assert made(1) == made(2)


def test_another_code_of_its_class_is_another_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = Pipeline((Estimator(Noted(1)),))
    before = pipe.fingerprint()
    monkeypatch.setattr(Noted, "predict", lambda self, texts: [2.0 for _ in texts])
    assert pipe.fingerprint() != before
    monkeypatch.undo()
    assert pipe.fingerprint() == before
    assert "code" not in Estimator(regression()).artifacts


def test_a_recipe_cannot_hold_one() -> None:
    with pytest.raises(ConfigError, match="a recipe cannot hold"):
        literal(Says(1.0), "estimator")


@pytest.mark.slow
def test_worker_processes_get_the_estimator(tmp_path: Any) -> None:
    docs = [Document(str(i), text) for i, text in enumerate(TEXTS[:8])]
    pipe = Pipeline((Estimator(regression(), low=0, high=5, min_score=2),))
    alone = [doc.live for doc in pipe(docs)]
    report = pipe.run(docs, tmp_path / "out", workers=2, batch_size=2, progress=False)
    assert report.kept == sum(alone) == 4
