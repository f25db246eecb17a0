"""The trainer: a regressor of scikit-learn over texts, and everything in one call."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import pickle
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lessons import HOSTILE, TEACH, lessons

from webfilter.document import Document
from webfilter.errors import ConfigError, OutputError, SourceError, UnknownName
from webfilter.score import Educational, packaged
from webfilter.score.annotation.rubric import Rubric
from webfilter.score.fit import Settings, fit
from webfilter.score.groups import domain, grouped
from webfilter.score.pages import pages
from webfilter.score.trainer import EducationalTrainer
from webfilter.score.training import flaws, head_report

sklearn = pytest.importorskip("sklearn")
from sklearn.base import clone, is_regressor  # noqa: E402
from sklearn.metrics import precision_score, r2_score, recall_score  # noqa: E402
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score  # noqa: E402
from sklearn.pipeline import Pipeline  # noqa: E402
from sklearn.utils import estimator_checks  # noqa: E402


@pytest.fixture(scope="module")
def fitted() -> EducationalTrainer:
    return EducationalTrainer(tops=[5]).fit(*lessons(60))


# -- scikit-learn ------------------------------------------------------------------------------


def test_it_is_a_regressor_that_clones_and_compares() -> None:
    trainer = EducationalTrainer(names=["a"], tops=[3], settings=Settings(style_share=0), seed=3)
    again = clone(trainer)
    assert again is not trainer
    assert again.get_params() == trainer.get_params()
    assert is_regressor(trainer)
    assert repr(EducationalTrainer(seed=3)) == "EducationalTrainer(seed=3)"
    assert eval(repr(trainer)).get_params() == trainer.get_params()


@pytest.mark.parametrize(
    "check",
    [
        "check_estimator_cloneable", "check_estimator_repr", "check_estimator_tags_renamed",
        "check_valid_tag_types", "check_no_attributes_set_in_init", "check_get_params_invariance",
        "check_parameters_default_constructible", "check_set_params",
        "check_do_not_raise_errors_in_init_or_set_param",
    ],
)  # fmt: skip
def test_the_checks_of_scikit_learn_that_need_no_table(check: str) -> None:
    if not hasattr(estimator_checks, check):
        pytest.skip(f"this scikit-learn has no {check}")
    getattr(estimator_checks, check)("EducationalTrainer", EducationalTrainer())


def test_settings_are_set_one_by_one() -> None:
    trainer = EducationalTrainer().set_params(settings__ridge_penalty=2.0, seed=1)
    assert (trainer.settings, trainer.seed) == (Settings(ridge_penalty=2.0), 1)
    assert trainer.get_params()["settings__ridge_penalty"] == 2.0
    assert "settings__ridge_penalty" not in trainer.get_params(deep=False)
    with pytest.raises(UnknownName, match="settings__ridge_penalty"):
        trainer.set_params(settings__ridge_penalti=2.0)
    with pytest.raises(UnknownName, match="seed"):
        trainer.set_params(sed=1)


def test_it_works_in_a_grid_search_and_a_pipeline() -> None:
    texts, labels = lessons(60)
    search = GridSearchCV(
        Pipeline([("edu", EducationalTrainer(tops=[5]))]),
        {"edu__settings__ridge_penalty": [0.5, 1e6]},
        cv=3,
        scoring="neg_mean_absolute_error",
    ).fit(texts, labels)
    assert search.best_params_ == {"edu__settings__ridge_penalty": 0.5}
    assert search.predict(texts[:6]).shape == (6,)
    groups = [f"g{i % 9}" for i in range(60)]
    found = cross_val_score(
        EducationalTrainer(tops=[5]), texts, labels, groups=groups, cv=GroupKFold(3)
    )
    assert (found > 0.5).all()


def test_several_heads_in_a_search() -> None:
    texts, labels = lessons(60)
    both = np.column_stack([labels, 5 - np.array(labels)])
    search = GridSearchCV(EducationalTrainer(tops=[5, 5]), {"seed": [0, 1]}, cv=2, scoring="r2")
    assert search.fit(texts, both).best_score_ > 0.7
    assert search.predict(texts).shape == (60, 2)


def test_score_is_r2_or_what_was_asked_for(fitted: EducationalTrainer) -> None:
    texts, labels = lessons(40, seed=4, noise=0.5)
    assert fitted.score(texts, labels) == pytest.approx(r2_score(labels, fitted.predict(texts)))
    weights = np.arange(1.0, 41)
    assert fitted.score(texts, labels, weights) == pytest.approx(
        r2_score(labels, fitted.predict(texts), sample_weight=weights)
    )
    values = {}
    for scoring in ("kappa", "pearson", "spearman", "mae"):
        trainer = pickle.loads(pickle.dumps(fitted)).set_params(scoring=scoring)
        values[scoring] = trainer.score(texts, labels)
        with pytest.raises(ConfigError, match="sample_weight"):
            trainer.score(texts, labels, weights)
    assert values["mae"] < 0 < min(values["kappa"], values["pearson"], values["spearman"])
    with pytest.raises(UnknownName, match="kappa"):
        pickle.loads(pickle.dumps(fitted)).set_params(scoring="kapa").score(texts, labels)


def test_score_takes_what_fit_takes_and_says_what_does_not_fit() -> None:
    texts, labels = lessons(60)
    one = EducationalTrainer(tops=[5]).fit(texts, labels)
    assert one.score((text for text in texts), labels) == one.score(texts, labels)
    assert np.isnan(one.score([], []))
    assert np.isnan(one.score(texts, labels, sample_weight=[0] * 60))
    both = [labels, labels[::-1]]
    two = EducationalTrainer(tops=[5, 5]).fit(texts, np.transpose(both))
    for trainer, wrong in (
        (one, np.transpose(both)),
        (one, labels[1:]),
        (two, labels),
        (two, both),
    ):
        with pytest.raises(ConfigError, match=r"labels have shape .* need \(60, [12]\)"):
            trainer.score(texts, wrong)
    with pytest.raises(ConfigError, match="labels must be numbers"):
        one.score(texts, ["good"] * 60)
    with pytest.raises(ConfigError, match=r"sample_weight have shape \(59,\)"):
        one.score(texts, labels, sample_weight=[1] * 59)


def test_labels_come_as_array_dict_or_frame() -> None:
    pandas = pytest.importorskip("pandas")
    texts, labels = lessons(60)
    columns = {"educational": labels, "shop": [1 - label / 5 for label in labels]}
    by_dict = EducationalTrainer().fit(texts, columns)
    by_frame = EducationalTrainer().fit(pandas.Series(texts), pandas.DataFrame(columns))
    assert by_dict.names_ == by_frame.names_ == ("educational", "shop")
    assert by_dict.tops_ == (5.0, 1.0)
    assert (by_dict.predict(texts) == by_frame.predict(np.array(texts))).all()
    assert by_dict.score(texts, columns) > 0.8
    assert by_dict.predict_interval(texts).shape == (60, 2, 2)
    plain = EducationalTrainer().fit(texts, np.column_stack(list(columns.values())))
    assert plain.names_ == ("head_1", "head_2")
    one = EducationalTrainer().fit(texts, [label / 2 for label in labels])
    assert one.tops_ == (5.0,)  # of our rubric: the highest label here is 2.5
    with pytest.raises(UnknownName, match="educational"):
        EducationalTrainer(names=["educationl"]).fit(texts, columns)
    turned = EducationalTrainer(names=["shop", "educational"]).fit(texts, columns)
    frame = pandas.DataFrame(columns)
    assert turned.score(texts, frame) == turned.score(texts, columns) > 0.8
    assert turned.score(texts, frame[["shop", "educational"]]) == turned.score(texts, frame)
    half = EducationalTrainer(names=["shop"]).fit(texts, frame)
    assert half.score(texts, frame) == half.score(texts, frame[["shop"]]) > 0.8
    with pytest.raises(UnknownName, match="shop"):
        half.score(texts, frame[["educational"]])


def test_heads_of_ones_own_may_hold_anything_that_is_a_label() -> None:
    texts, labels = lessons(60)
    both = EducationalTrainer().fit(texts, np.column_stack([labels, [0] * 60]))
    assert both.tops_ == (5.0, 1.0)
    assert not both.predict(texts)[:, 1].any()
    assert "tops=array([5, 3])" in repr(EducationalTrainer(tops=np.array([5, 3])))


def test_before_fit_it_says_so() -> None:
    with pytest.raises(sklearn.exceptions.NotFittedError, match="fit or load"):
        EducationalTrainer().predict(["text"])


def test_fitting_and_pickling_keep_every_bit(fitted: EducationalTrainer) -> None:
    texts, labels = lessons(60)
    again = EducationalTrainer(tops=[5]).fit(texts, labels)
    assert again.model_.save() == fitted.model_.save()
    stored = pickle.loads(pickle.dumps(fitted))
    assert (stored.predict(texts) == fitted.predict(texts)).all()
    assert stored.get_params() == fitted.get_params()


def test_long_texts_are_windows_of_one_text(fitted: EducationalTrainer) -> None:
    texts, labels = lessons(60, size=400)
    assert min(map(len, texts)) > 2_000
    trainer = EducationalTrainer(tops=[5]).fit(texts, labels)
    fresh, truths = lessons(30, seed=7, size=400)
    assert np.abs(trainer.predict(fresh) - truths).mean() < 0.4
    one = [text[:900] for text in texts]
    assert (
        fitted.predict(one) == fitted.model_.predict([t.strip() for t in one]).values[:, 0]
    ).all()
    assert (pages(fitted.model_, texts)[::7] == pages(fitted.model_, texts[::7])).all()


def test_hostile_texts_in_fit_and_predict(fitted: EducationalTrainer) -> None:
    texts, labels = lessons(50)
    rows = texts + list(HOSTILE)
    trainer = EducationalTrainer(tops=[5]).fit(rows, labels + [0.0] * len(HOSTILE))
    for model in (fitted, trainer):
        scores, ends = model.predict(HOSTILE), model.predict_interval(HOSTILE)
        assert ((scores >= 0) & (scores <= 5)).all()
        assert ((ends[:, 0] <= scores + 1e-9) & (scores <= ends[:, 1] + 1e-9)).all()
        assert scores[0] == scores[1] == ends[0, 1] == 0
    assert fitted.predict([]).shape == (0,)


@pytest.mark.parametrize(
    ("texts", "labels", "said"),
    [
        ([], [], "no texts"),
        (["a"] * 50, [[]] * 50, "no texts, or no labels"),
        ("text", [1], "a list of texts"),
        ([b"a"] * 50, [1] * 50, "text 0 is of type bytes"),
        (["a"] * 50, ["x"] * 50, "must be numbers"),
        (["a"] * 50, {"a": [1] * 49}, r"labels of 'a' have shape \(49,\)"),
        (["a"] * 50, [1] * 49, r"shape \(49, 1\)"),
        (["a"] * 50, [-1] * 50, "label -1 of row 0 and head 'educational'"),
        (["a"] * 50, {"fun": [-1] * 50}, "label -1 of row 0 and head 'fun'"),
        (["a"] * 50, {"fun": [float("nan")] * 50}, "'fun'"),
        (["a"], 5, "labels = 5 is one number"),
    ],
)
def test_what_cannot_be_trained_on_is_refused(texts: Any, labels: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        EducationalTrainer().fit(texts, labels)


def test_one_name_is_not_a_list_of_its_letters() -> None:
    with pytest.raises(ConfigError, match="names = 'educational' must be a list"):
        EducationalTrainer(names="educational").fit(*lessons(60))
    with pytest.raises(ConfigError, match="names = 5 must be a list"):
        EducationalTrainer(names=5).fit(*lessons(60))  # type: ignore[arg-type]


def test_names_and_tops_are_one_of_each() -> None:
    texts, labels = lessons(60)
    for names, tops in ((["a", "b"], [5]), (["a", "b"], [5, 5, 5])):
        with pytest.raises(ConfigError, match=f"2 names and {len(tops)} tops"):
            EducationalTrainer(names, tops).fit(texts, np.column_stack([labels, labels]))


# -- files -------------------------------------------------------------------------------------


def test_a_table_is_not_the_list_of_its_column_s_names(fitted: EducationalTrainer) -> None:
    texts, _ = lessons(4)
    expected = fitted.predict(texts).tolist()
    for library in ("pandas", "polars", "pyarrow"):
        module = pytest.importorskip(library)
        make = module.table if library == "pyarrow" else module.DataFrame
        table = make({"text": texts})
        assert fitted.predict(table["text"]).tolist() == expected
        with pytest.raises(ConfigError, match="give that column of the table"):
            fitted.predict(table)
    for table in ({"text": texts}, np.array(texts)[:, None]):
        with pytest.raises(ConfigError, match="give that column of the table"):
            fitted.predict(table)
    array = pytest.importorskip("pyarrow").array(texts)
    assert fitted.predict(array).tolist() == expected


def test_save_and_load(fitted: EducationalTrainer, tmp_path: Path) -> None:
    path = fitted.save(tmp_path / "deep" / "model.npz")
    again = EducationalTrainer.load(path)
    texts, _ = lessons(12, seed=3)
    assert again.names_ == again.names == ("educational",)
    assert again.tops_ == again.tops == (5.0,)
    assert (again.predict(texts) == fitted.predict(texts)).all()
    assert again.save(tmp_path / "two.npz").read_bytes() == path.read_bytes()
    assert clone(again).get_params() == again.get_params()


def test_a_file_that_is_no_model_is_refused(fitted: EducationalTrainer, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"none\.npz: No such .* give the model\.npz that"):
        EducationalTrainer.load(tmp_path / "none.npz")
    with pytest.raises(SourceError, match=r"give the model\.npz that train or save wrote"):
        EducationalTrainer.load(tmp_path)  # the folder that `train` wrote
    (tmp_path / "bad.npz").write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(ConfigError, match=r"bad\.npz is no model: it is no \.npz file$"):
        EducationalTrainer.load(tmp_path / "bad.npz")
    with np.load(fitted.save(tmp_path / "good.npz")) as found:
        arrays = {name: found[name] for name in found.files}
    arrays["curve"] = arrays["curve"][:, :, :1]
    np.savez(tmp_path / "cut.npz", **arrays)
    with pytest.raises(ConfigError, match=r"cut\.npz is no model"):
        EducationalTrainer.load(tmp_path / "cut.npz")
    with pytest.raises(OutputError, match="EducationalTrainer"):
        fitted.save(tmp_path)


def test_predicting_needs_no_training_library(fitted: EducationalTrainer, tmp_path: Path) -> None:
    path = fitted.save(tmp_path / "model.npz")
    code = (
        "import sys; from webfilter.score.trainer import EducationalTrainer as T\n"
        f"T.load({str(path)!r}).predict(['water'])\n"
        "print([m for m in ('sklearn', 'scipy', 'matplotlib') if m in sys.modules])\n"
        "sys.modules['sklearn.isotonic'] = None\n"
        "try: T().fit(['a'] * 50, [1] * 50)\n"
        "except ImportError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[0] == "[]"
    assert 'pip install "webfilter[train]"' in done.stdout


# -- everything in one call --------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, EducationalTrainer, Path]:
    texts, labels = lessons(240, noise=0.7)
    folder = tmp_path_factory.mktemp("trained")
    trainer = EducationalTrainer(tops=[5, 1])
    report = trainer.train(
        texts,
        {"educational": labels, "good | <b>": [float(label > 2.5) for label in labels]},
        groups=[f"https://www.site{i % 37}.example/{i}" for i in range(240)],
        out=folder,
        ids=[f"id`{i}|" for i in range(240)],
        folds=3,
        learning_curve=True,
    )
    return report, trainer, folder


def test_one_call_writes_model_card_and_pictures(trained: Any) -> None:
    report, trainer, folder = trained
    assert sorted(path.name for path in folder.iterdir()) == sorted(report.files)
    data = (folder / "model.npz").read_bytes()
    assert hashlib.sha256(data).hexdigest() == report.model_sha256
    assert packaged.load("model", folder).names.tolist() == ["educational", "good | <b>"]
    assert (EducationalTrainer.load(folder / "model.npz").model_.save()) == data
    stored = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert stored["heads"][0]["figures"]["kappa"] == report["educational"].figures["kappa"]
    assert stored["files"] == list(report.files)
    assert report.groups == 37
    assert trainer.names_ == ("educational", "good | <b>")


def test_the_figures_are_of_texts_held_out(trained: Any) -> None:
    report, trainer, _ = trained
    head = report["educational"]
    fresh, truth = lessons(600, seed=8, noise=0.7)
    again = np.corrcoef(trainer.predict(fresh)[:, 0], truth)[0, 1]
    assert head.figures["pearson"] == pytest.approx(again, abs=0.03)
    assert head.bounds["pearson"][0] < head.figures["pearson"] < head.bounds["pearson"][1]
    assert sum(head.label_histogram) == sum(head.score_histogram) == head.labels == 240
    assert sum(b.count for b in head.bins) == 240
    assert head.interval.holds == pytest.approx(0.9, abs=0.08)
    ends = trainer.predict_interval(fresh)[:, 0]
    inside = (ends[:, 0] <= truth) & (truth <= ends[:, 1])
    assert inside.mean() == pytest.approx(0.9, abs=0.08)
    assert set(head.cuts) == {1.5, 2.5, 3.5}
    assert [step.texts for step in report.learning] == sorted(s.texts for s in report.learning)
    assert [at for at, _ in head.sweep] == pytest.approx(np.linspace(0, 5, 51))
    assert (head.sweep[0][1].kept, head.sweep[0][1].recall) == (1, 1)
    errors = [abs(row.label - row.score) for row in head.worst]
    assert errors == sorted(errors, reverse=True)
    assert len(errors) == 20
    with pytest.raises(KeyError):
        report["nothing"]
    assert "kappa" in str(report)


def test_the_pictures_are_well_formed(trained: Any) -> None:
    _, _, folder = trained
    drawn = sorted(folder.glob("*.svg"))
    assert len(drawn) == 7
    for path in drawn:
        text = path.read_text(encoding="utf-8")
        root = ET.fromstring(text)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert "nan" not in text
        assert "script" not in text
        for found in re.findall(r'\b(?:x|y|cx|cy|width|height)="([^"]+)"', text):
            assert 0 <= float(found) <= 600
        assert not root.findall(".//{http://www.w3.org/2000/svg}b")


def test_the_card_says_what_was_measured(trained: Any) -> None:
    report, _, folder = trained
    card = (folder / "card.md").read_text(encoding="utf-8")
    for said in (
        report.texts_sha256, report.labels_sha256, report.model_sha256, "240 labeled texts",
        "37 groups", "Worst disagreements", "interval holds", "Limits", "learning-curve.svg",
    ):  # fmt: skip
        assert said in card
    for head in report.heads:
        (cells,) = [
            line.split(" | ")
            for line in card.splitlines()
            if f"| {head.labels:,} |" in line and "[" in line and head.name[:4] in line
        ]
        figures = [*(head.figures[n] for n in ("kappa", "pearson", "spearman", "mae"))]
        assert [cell.split(" [")[0].strip("| ") for cell in cells[2:]] == [
            f"{value:.3f}" for value in (*figures, head.calibration_error)
        ]
        low, high = head.bounds["kappa"]
        assert cells[2].endswith(f" [{low:.3f}, {high:.3f}]")
    assert ("Worth checking" in card) == bool(report.warnings)
    assert "unlabeled texts" not in card
    for name in re.findall(r"\]\(([^)]+)\)", card):
        assert (folder / name).exists()
    rows = [line for line in card.splitlines() if line.startswith("|")]
    for line in rows:
        assert line.count("|") in range(3, 10)
    assert "because" not in card  # texts only by request


def test_one_call_gives_the_same_files_each_time(tmp_path: Path) -> None:
    texts, labels = lessons(60)
    for name in ("one", "two"):
        EducationalTrainer().train(texts, labels, out=tmp_path / name, folds=2)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_seeds_and_folds_of_numpy_are_numbers(tmp_path: Path) -> None:
    trainer = EducationalTrainer(tops=[5], seed=np.int64(3))  # type: ignore[arg-type]
    trainer.train(*lessons(60), folds=np.int64(2), out=tmp_path)  # type: ignore[arg-type]
    said = json.loads((tmp_path / "report.json").read_text())
    assert (said["seed"], said["folds"]) == (3, 2)


def test_texts_are_shown_by_request_and_cannot_break_the_card(tmp_path: Path) -> None:
    texts, labels = lessons(60)
    texts[:3] = ["```\n| a | <script>x</script> \u202e \ud800", "\x00", "   "]
    labels[:3] = [5.0, 5.0, 5.0]
    report = EducationalTrainer().train(texts, labels, out=tmp_path, show_texts=True, folds=2)
    card = (tmp_path / "card.md").read_text(encoding="utf-8")
    assert "```" not in card
    assert "\u202e" not in card
    assert any(row.text == texts[0] for row in report["educational"].worst)
    assert any("1 texts are blank" in text for text in report.warnings)


def test_the_report_warns_of_what_flatters() -> None:
    texts, labels = lessons(60)
    shared = texts + [text.upper() + " " for text in texts[:10]]
    groups = [f"g{i % 20}" for i in range(60)] + [f"h{i}" for i in range(10)]
    report = EducationalTrainer().train(shared, labels + labels[:10], groups=groups, folds=2)
    assert any("20 texts stand in more than one group too" in w for w in report.warnings)
    alone = EducationalTrainer(names=["flat"], tops=[5]).train(texts, [3.0] * 60, folds=2)
    assert any("no groups were given" in w for w in alone.warnings)
    assert str(alone).count("\nwarning: ") == len(alone.warnings) > 1
    assert any("every label of 'flat' is 3" in w for w in alone.warnings)
    assert any("'educational' has 70 labels: figures are rough" in w for w in report.warnings)
    assert json.loads(alone.to_json())["heads"][0]["figures"]["kappa"] is None
    rng = np.random.default_rng(0)
    noise = EducationalTrainer().train(texts, rng.permutation(labels), folds=2)
    assert any("no better than chance" in w for w in noise.warnings)


@pytest.mark.parametrize(("width", "warned"), [(0.6, False), (0.3, True), (9.0, True)])
def test_it_warns_of_an_interval_that_holds_too_many_or_too_few(width: float, warned: bool) -> None:
    rng = np.random.default_rng(0)
    labels = rng.uniform(0, 5, 900)
    scores = labels + rng.uniform(-2 / 3, 2 / 3, 900)  # within 0.6 are nine of ten
    ends = np.column_stack([scores - width, scores + width])
    groups, ids = np.arange(900).astype(str), [str(n) for n in range(900)]
    head = head_report("clean", 5.0, labels, scores, ends, groups, ids)
    wanted, kept = labels >= 2.5, scores >= 2.5
    assert head.cuts[2.5].precision == pytest.approx(precision_score(wanted, kept))
    assert head.cuts[2.5].recall == pytest.approx(recall_score(wanted, kept))
    found = flaws(ids, labels[:, None], groups, False, [head], 0.9)
    assert [text[:24] for text in found] == ["the interval of 'clean' "] * warned


class Lengths:
    """An encoder that knows how long a text is."""

    def encode(self, texts: list[str]) -> list[list[float]]:
        return [[float(len(text))] for text in texts]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"groups": ["a", "b"] * 30}, "2 groups cannot be put into 5 folds.*or fewer folds$"),
        ({"groups": list("abcdef") * 10}, "4 groups .* calibration_folds in Settings"),
        ({"groups": ["a"]}, "1 groups for 60 texts"),
        ({"groups": np.zeros((60, 2))}, "a group is an array"),
        ({"folds": 1}, "folds = 1 must be a whole number from 2"),
        ({"folds": "5"}, "folds = '5' must be"),
        ({"ids": ["a"]}, "1 ids for 60 texts"),
        ({"teacher": object()}, "a teacher needs unlabeled texts"),
        ({"teacher": object(), "unlabeled": ["a"]}, "has no method encode"),
        ({"teacher": Lengths(), "unlabeled": ["a"], "groups": ["a", "b"] * 30}, "2 groups cannot"),
    ],
)
def test_one_call_refuses_what_it_cannot_use(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        EducationalTrainer().train(*lessons(60), **change)


def test_a_folder_that_cannot_be_written_is_told_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts, labels = lessons(60)
    trainer = EducationalTrainer(tops=[5])
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="file"):
        trainer.train(texts, labels, out=tmp_path / "file")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(OutputError, match="it is read-only"):
        trainer.train(texts, labels, out=tmp_path)
    assert not hasattr(trainer, "model_")


def test_a_model_that_is_there_stays_until_the_new_one_is_whole(
    fitted: EducationalTrainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = fitted.save(tmp_path / "model.npz")
    before = path.read_bytes()

    def full(self: Path, data: bytes) -> int:
        with self.open("wb") as file:
            file.write(data[:100])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match="No space left"):
        fitted.save(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["model.npz"]


def test_urls_are_grouped_by_domain() -> None:
    urls = [
        "http://a.example.org/1",
        "https://www.example.org/2",
        "book",
        None,
        "http://[",
        float("nan"),
    ]
    found = grouped(urls, ["t"] * 5 + ["u"]).tolist()
    assert found[0] == found[1] == "example.org"
    assert found[2] == "book"
    assert len(set(found)) == 5
    assert domain("https://www.bbc.co.uk/x") == "bbc.co.uk"
    assert domain("https://www.zeitung.de/x") == domain("http://zeitung.de/y") == "zeitung.de"
    assert domain("http://t.co/x") == "t.co"
    assert domain("http://[") == "http://["
    assert domain("file:///books/one.html") == "file:///books/one.html"  # no host at all
    pandas = pytest.importorskip("pandas")
    unsaid = pandas.Series([None, "book"], dtype="string")
    assert grouped(unsaid, ["t", "u"]).tolist() == [grouped(None, ["t"])[0], "book"]
    named = ["C:\\Bücher", "a", "a\0"]
    assert grouped(named, ["t"] * 3).tolist() == [*named[:2], "a\\x00"]
    with pytest.raises(ConfigError, match="2 groups for 1 texts"):
        grouped(["a", "b"], ["t"])
    with pytest.raises(ConfigError, match="groups = 'ab' is one text"):
        grouped("ab", ["t", "u"])


def test_a_trainer_of_short_texts_is_fit_itself() -> None:
    texts, labels = lessons(60)
    plain = fit(texts, labels, tops=[5], names=["educational"])
    assert EducationalTrainer().fit(texts, labels).model_.save() == plain.save()


def test_the_stage_takes_a_file_as_it_is_now_and_refuses_one_that_cannot_score(
    tmp_path: Path,
) -> None:
    texts, labels = lessons(80)
    path = tmp_path / "model.npz"
    EducationalTrainer(tops=[5]).fit(texts, labels).save(path)
    first = Educational(min_score=None, model=str(path))
    before = first.measure(Document("a", texts[0]))["educational"]
    turned = EducationalTrainer(tops=[5]).fit(texts, [5 - label for label in labels])
    turned.save(path)
    again = Educational(min_score=None, model=path)
    assert again == first
    after = again.measure(Document("a", texts[0]))["educational"]
    assert abs(after - before) > 2
    assert after == pytest.approx(float(turned.predict(texts[:1])[0]), abs=1e-4)
    assert again.artifacts == {"model": f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"}
    with np.load(path) as found:
        arrays = {name: found[name] for name in found.files}
    for name in ("curve", "spread"):
        flat = arrays[name].copy()
        flat[:, 0] = 1.0
        for bad in (flat, flat[:, :, :1]):
            np.savez(path, **{**arrays, name: bad})
            with pytest.raises(ConfigError, match=f"the knots of its array {name}"):
                Educational(model=str(path))


def test_the_stage_and_the_trainer_give_a_page_the_same_score(tmp_path: Path) -> None:
    texts, labels = lessons(80)
    trainer = EducationalTrainer(tops=[5]).fit(texts, labels)
    trainer.save(tmp_path / "model.npz")
    stage = Educational(min_score=None, model=str(tmp_path / "model.npz"))
    line = " ".join(TEACH * 3)
    for page in (texts[0], "\n".join([line] * 6), "\n".join([*texts, line, line]), " "):
        score = stage.measure(Document("page", page))["educational"]
        assert score == pytest.approx(float(np.ravel(trainer.predict([page]))[0]), abs=1e-4)
    found = stage.measure(Document("page", line))  # of the heads that it has not, nothing
    assert set(found) == {signal.name for signal in stage.measures}
    assert [found[name] for name in ("reasoning", "clean_low", "lasting_high")] == [None] * 3


def test_heads_without_names_are_told_how_the_stage_would_take_them(tmp_path: Path) -> None:
    texts, labels = lessons(80)
    rubric = Rubric.packaged("educational")
    both = np.array([labels, labels]).T.clip(0, 2)
    path = EducationalTrainer().fit(texts, both).save(tmp_path / "model.npz")
    with pytest.raises(ConfigError, match=r"head_1.*EducationalTrainer\(names=rubric\.names\)"):
        Educational(model=path)
    four = np.concatenate([both, both], axis=1)
    EducationalTrainer(names=rubric.names).fit(texts, four).save(path)
    assert Educational(model=path).measure(Document("a", texts[0]))["clean"] is not None
