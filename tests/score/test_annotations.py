"""What the result answers: agreement as others reckon it, files that training reads."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import webfilter as wf
from webfilter.score.annotation import Annotation, Annotations, Cost, Reading, Rubric
from webfilter.score.annotation.agreement import agreement
from webfilter.score.figures import quadratic_kappa

RUBRIC = Rubric.packaged("educational")
SCRIPTS = Path(__file__).parents[2] / "classifiers" / "educational"


def reading(name, *scores):
    given = dict(zip(RUBRIC.names, map(float, scores), strict=True)) if scores else None
    return Reading(name, name, given, None if scores else "HTTP 500", 10, 2, attempts=1)


def rows():
    return [
        Annotation("a", "Water boils.", (reading("m", 4, 2, 2, 2), reading("n", 3, 2, 2, 1)),
                   "https://a.example/1", "set", 0),
        Annotation("b@7", "Buy \ud800 now.", (reading("m", 0, 0, 0, 0), reading("n"))),
        Annotation("c", "", unread="it is empty"),
        Annotation("d", "Both failed.", (reading("m"), reading("n"))),
        Annotation("e", "Plants eat light.", (reading("m", 2, 1, 2, 2), reading("n", 5, 3, 0, 2))),
    ]  # fmt: skip


def test_nothing_is_lost():
    found = Annotations(rows(), RUBRIC)
    assert len(found) == len(found.labeled) + len(found.failed) == 5
    assert found.reasons == {"it is empty": 1, "HTTP 500": 1}
    assert len(found.texts) == len(found.labels) == 3
    assert found.labels[0].tolist() == [3.5, 2, 2, 1.5]
    assert repr(found) == "Annotations(3 labeled, 2 failed)"
    assert Annotations([], RUBRIC).labels.shape == (0, 4)


@settings(deadline=None)  # the first example imports scikit-learn
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=40))
def test_kappa_is_that_of_scikit_learn(pairs):
    metrics = pytest.importorskip("sklearn.metrics")
    one, two = zip(*pairs, strict=True)
    ours = quadratic_kappa(one, two)
    if len(set(one) | set(two)) == 1:
        assert ours is None
    else:
        theirs = metrics.cohen_kappa_score(one, two, weights="quadratic", labels=range(6))
        assert ours == pytest.approx(theirs, abs=1e-9)


def test_agreement_of_readers():
    found = {row.scale: row for row in Annotations(rows(), RUBRIC).agreement()}
    assert list(found) == list(RUBRIC.names)
    edu = found["educational"]
    assert (edu.first, edu.second, edu.count) == ("m", "n", 2)
    assert (edu.exact, edu.near, edu.bias) == (0.0, 0.5, 1.0)
    assert edu.kappa == quadratic_kappa([4, 2], [3, 5])
    assert found["clean"].exact == 0.5
    assert agreement("x", "a", "b", []).kappa is None
    assert agreement("x", "a", "b", [(0.5, 1), (2.5, 3)]).exact == 1  # halves go up, all of them
    assert agreement("x", "a", "b", [(0.4, 0), (1.25, 1)]).exact == 1
    halves = agreement("x", "a", "b", [(0.5, 1), (2, 2), (0, 1.5)], whole=False)
    assert (halves.exact, halves.near) == (pytest.approx(1 / 3), pytest.approx(2 / 3))
    alone = Annotations([Annotation("a", "x", (reading("m", 1, 1, 1, 1),))], RUBRIC)
    assert alone.agreement() == ()


def test_agreement_with_people(tmp_path):
    found = Annotations(rows(), RUBRIC)
    path = tmp_path / "people.jsonl"
    people = [
        {"id": "a", "text": "?", "edu": 4, "reason": 2, "lasting": 1, "clean": 2},
        {"text": "Plants eat light.", "educational": 3, "clean": None, "lasting": True},
        {"id": "unknown", "edu": 1},
        {"id": "b@7", "edu": float("nan"), "clean": float("inf"), "lasting": "2"},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in people), "utf-8")
    for other in (path, str(path)):
        by_scale = {row.scale: row for row in found.agreement(other)}
        assert [by_scale[name].count for name in RUBRIC.names] == [2, 1, 1, 1]
        edu = by_scale["educational"]
        assert edu.bias == pytest.approx(((4 - 3.5) + (3 - 3.5)) / 2)
        assert edu.exact == 0.5  # 3.5 is rounded up, as 3.5 against 4
    same = {row.scale: row for row in found.agreement(found)}
    assert same["educational"].kappa == 1
    by_id = {row.scale: row for row in found.agreement({"a": {"educational": 4}, "z": {}})}
    assert (by_id["educational"].count, by_id["clean"].count) == (1, 0)
    unsaid = found.agreement({"a": {"educational": float("nan"), "clean": None}})
    assert [row.count for row in unsaid] == [0] * 4
    path.write_text('{"id": "a", "edu": 1' + "0" * 400 + "}", "utf-8")
    assert [row.count for row in found.agreement(path)] == [0] * 4


@pytest.mark.parametrize("text", ["{", "[]", "[" * 100_000])
def test_a_file_that_holds_no_labels_says_where(tmp_path, text):
    path = tmp_path / "bad.jsonl"
    path.write_text('{"id": "a"}\n' + text, "utf-8")
    with pytest.raises(wf.SourceError, match="line 2"):
        Annotations(rows(), RUBRIC).agreement(path)
    with pytest.raises(wf.SourceError, match="cannot be read"):
        Annotations(rows(), RUBRIC).agreement(tmp_path / "none.jsonl")
    xz = tmp_path / "bad.jsonl.xz"
    xz.write_bytes(b"no")
    with pytest.raises(wf.SourceError, match="xz"):
        Annotations(rows(), RUBRIC).agreement(xz)


def test_disagreements_come_worst_first():
    found = Annotations(rows(), RUBRIC)
    assert [row.id for row in found.disagreements()] == ["e", "a"]
    assert [row.id for row in found.disagreements(1)] == ["e"]


def test_what_is_written_is_read_back_and_by_training(tmp_path, monkeypatch):
    found = Annotations(rows(), RUBRIC, {"m": (1, 1), "n": (1, 1)})
    path = tmp_path / "labels.jsonl"
    beside = found.write(path)
    assert beside == tmp_path / "labels.failed.jsonl"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["labels.failed.jsonl", "labels.jsonl"]
    again = Annotations.read(path, RUBRIC)
    assert again.agreement() == found.agreement()
    assert [row.text for row in again] == found.texts
    assert [row.scores for row in again] == [row.scores for row in found.labeled]
    failed = [json.loads(line) for line in beside.read_text("utf-8").splitlines()]
    assert [row["failed"] for row in failed] == ["it is empty", "HTTP 500"]
    assert [row.reason for row in Annotations.read(beside, RUBRIC)] == ["it is empty", "HTTP 500"]

    monkeypatch.syspath_prepend(str(SCRIPTS))
    monkeypatch.delitem(sys.modules, "data", raising=False)
    import data

    excerpts = data.read(path)
    assert excerpts.texts == found.texts
    assert np.array_equal(excerpts.labels, found.labels)
    assert excerpts.groups.tolist() == ["a.example", "b@7", "e"]
    assert excerpts.pages.tolist() == ["https://a.example/1", "b", "e"]
    monkeypatch.delitem(sys.modules, "data", raising=False)

    assert Annotations(found.labeled, RUBRIC).write(path) is None
    assert not beside.exists()  # it would be of another run


def test_webfilter_reads_what_is_written(tmp_path):
    Annotations(rows(), RUBRIC).write(tmp_path / "labels.jsonl")
    docs = list(wf.read(tmp_path / "labels.jsonl"))
    assert [doc.id for doc in docs] == ["a", "b@7", "e"]
    assert docs[0].meta["edu"] == docs[0].meta["educational"] == 3.5
    assert docs[0].live


def test_files_that_cannot_be_written_or_are_no_annotations(tmp_path):
    found = Annotations(rows(), RUBRIC)
    with pytest.raises(wf.OutputError, match="cannot be written"):
        found.write(tmp_path / "none" / "labels.jsonl")
    path = tmp_path / "other.jsonl"
    path.write_text('{"id": "a", "text": "b"}', "utf-8")
    with pytest.raises(wf.SourceError, match="line 1: no annotation"):
        Annotations.read(path, RUBRIC)
    found.write(path)
    [good, *_] = path.read_text("utf-8").splitlines()
    for field, value in (("text", None), ("id", 5), ("offset", "x")):
        path.write_text(json.dumps({**json.loads(good), field: value}), "utf-8")
        with pytest.raises(wf.SourceError, match=f"line 1: no annotation.*{field}"):
            Annotations.read(path, RUBRIC)
    readings = [{**json.loads(good)["readings"][0], "tokens_in": "many"}]
    path.write_text(json.dumps({**json.loads(good), "readings": readings}), "utf-8")
    with pytest.raises(wf.SourceError, match="tokens_in"):
        Annotations.read(path, RUBRIC)
    readings[0] |= {"tokens_in": 1, "scores": {**readings[0]["scores"], "clean": 3}}
    path.write_text(json.dumps({**json.loads(good), "readings": readings}), "utf-8")
    with pytest.raises(wf.SourceError, match="clean must be a whole number from 0 to 2"):
        Annotations.read(path, RUBRIC)
    (tmp_path / "labels.failed.jsonl").mkdir()
    with pytest.raises(wf.OutputError, match="cannot be removed"):
        Annotations(found.labeled, RUBRIC).write(tmp_path / "labels.jsonl")


def test_labels_are_compressed_where_the_name_says_so(tmp_path):
    found = Annotations(rows(), RUBRIC)
    path = tmp_path / "labels.jsonl.xz"
    assert found.write(path) == tmp_path / "labels.failed.jsonl.xz"
    assert Annotations.read(path, RUBRIC).texts == found.texts
    assert len(list(wf.read(path))) == len(found.labeled)


def test_cost_adds_up_by_model_and_is_unknown_without_a_price():
    found = Annotations(rows(), RUBRIC, {"m": (1e6, 0), "n": (0, 1e6)})
    assert found.cost.money == 4 * 10 + 4 * 2
    assert found.cost.by_model["n"].money == 8
    assert Annotations(rows(), RUBRIC, {"m": (1, 1)}).cost.money is None
    cached = Reading("m", "m", {}, None, 7, 7, True, cached=True)
    cost = Cost.of([cached, reading("m", 1, 1, 1, 1)], {"m": (1e6, 1e6)})
    assert (cost.money, cost.tokens_in, cost.cached, cost.estimated) == (12, 10, 1, False)
    assert Cost.of([], {}) == Cost()
    assert Cost().cached_share == 0
