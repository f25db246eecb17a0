"""A page that breaks an engine is kept, whole, so that it can be replayed."""

from __future__ import annotations

import json
import logging

import pytest
from pages import CRASHED, Misbehaves, page

import webfilter.extract.failures as failures
from webfilter.document import Document
from webfilter.errors import ConfigError
from webfilter.extract import Extract, Sandboxed
from webfilter.extract.failures import read_failure, save_failure
from webfilter.pipeline import Pipeline

PAGE = b"<p>Gr\xfc\xdfe"


def known(folder) -> list[dict]:
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]


def test_what_kills_the_child_is_saved_and_nothing_else(tmp_path):
    texts = ["fine", "sleep", "crash", "raise", "x" * 2000]
    docs = [Document(str(n), text) for n, text in enumerate(texts)]
    stage = Sandboxed(Misbehaves(), seconds=0.5, save_failures=tmp_path / "new" / "folder")
    marked = stage.process(docs)
    assert marked == Sandboxed(Misbehaves(), seconds=0.5).process(docs)
    found = {one["id"]: one for one in known(stage.save_failures)}
    assert {id: one["reason"] for id, one in found.items()} == {
        "1": "timeout after 0.5 s", "2": CRASHED, "3": "ValueError: not today",
    }  # fmt: skip
    assert 'raise ValueError("not today")' in found["3"]["details"]
    assert found["1"]["versions"].keys() > {"webfilter", "python", "temper"}
    assert (found["1"]["stage"], found["1"]["seconds"]) == ("sandboxed", 0.5)
    for path in stage.save_failures.glob("*.json"):
        doc = read_failure(path)
        assert doc == docs[int(doc.id)]
    assert len(list(stage.save_failures.iterdir())) == 6
    stage.process(docs)
    assert len(list(stage.save_failures.iterdir())) == 6


def test_the_pages_own_bytes_are_saved(tmp_path):
    doc = Document("a", html=PAGE, url="https://a.example/", meta={"content_type": "text/html"})
    path = save_failure(tmp_path, doc, {"reason": "x"})
    assert path.with_suffix(".html").read_bytes() == PAGE
    assert read_failure(path) == doc
    assert save_failure(tmp_path, doc, {"reason": "y"}) is None
    assert [one["reason"] for one in known(tmp_path)] == ["x"]
    odd = Document("b\ud800", "text \ud800", url="\ud800")
    assert read_failure(save_failure(tmp_path, odd, {"odd": object()})) == odd


def test_a_folder_does_not_grow_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(failures, "MOST", 3)
    for n in range(9):
        save_failure(tmp_path, Document(str(n), html=bytes([n])), {})
    assert len(list(tmp_path.iterdir())) == 6


def test_a_failing_disk_is_logged_and_fails_nothing(tmp_path, caplog):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    stage = Sandboxed(Misbehaves(), seconds=20, save_failures=blocked)
    with caplog.at_level(logging.WARNING, logger="webfilter"):
        [doc] = stage.process([Document("a", "raise")])
    assert doc.verdict.reason == "ValueError: not today"
    assert "the page 'a' that failed could not be saved" in caplog.text


def test_a_half_written_file_does_not_stay(tmp_path, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(failures.os, "replace", full)
    assert save_failure(tmp_path, Document("a", html=PAGE), {}) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["[]", "{}", "no", '{"file": 3}'])
def test_other_files_are_refused(tmp_path, text):
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(ValueError, match="does not describe a saved page"):
        read_failure(path)


def test_the_stage_takes_the_folder_and_recipes_do(tmp_path):
    stage = Extract(engine="resiliparse", seconds=0.000001, save_failures=tmp_path)
    [doc] = stage.process([Document("a", html=page().encode())])
    if doc.verdict is not None:  # the answer may have been there already
        assert doc.verdict.reason == "timeout after 1e-06 s"
        assert [one["engine"] for one in known(tmp_path)] == ["resiliparse"]
    pipe = Pipeline((stage,))
    assert Pipeline.from_toml(pipe.to_toml()) == pipe
    with pytest.raises(ConfigError, match="save_failures = 'x' needs a limit"):
        Extract(seconds=None, memory_mb=None, save_failures="x")
