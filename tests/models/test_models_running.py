"""A model that goes away amid a run ends the run: no document fails for it, then or later."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from webfilter import (
    DraftLanguage,
    Educational,
    FastTextQuality,
    Language,
    LanguageParts,
    Length,
    Lines,
    Pipeline,
    Sandboxed,
)
from webfilter.document import Document
from webfilter.errors import MissingExtra, RunError
from webfilter.models.running import loading
from webfilter.run import journal
from webfilter.score.trainer import EducationalTrainer
from webfilter.stage import Stage

TEXTS = [f"{word} {n % 7} because of a cart" for n in range(30) for word in ("energy", "sale")]


def trained(path: Path) -> Path:
    pytest.importorskip("sklearn")
    return EducationalTrainer(tops=[5]).fit(TEXTS, [4, 0] * 30).save(path)


def supervised(path: Path) -> Path:
    fasttext = pytest.importorskip("fasttext")
    lines = path.with_suffix(".txt")
    lines.write_text("__label__en water of the sea\n__label__de Wasser und Meer\n" * 20)
    model = fasttext.train_supervised(str(lines), dim=4, thread=1, verbose=0, epoch=2)
    model.save_model(str(path))
    return path


KINDS: dict[str, tuple[Callable[[Path], Path], Callable[[Path], Stage]]] = {
    "model.npz": (trained, lambda path: Educational(min_score=None, model=path)),
    "quality.bin": (supervised, lambda path: FastTextQuality(path, label="__label__en")),
    "language.bin": (supervised, lambda path: Language(None, engine="fasttext", model=path)),
    "parts.bin": (supervised, lambda path: LanguageParts(None, engine="fasttext", model=path)),
    "draft.bin": (supervised, lambda path: DraftLanguage(None, engine="fasttext", model=path)),
}


@pytest.mark.parametrize("name", KINDS)
def test_no_document_fails_for_a_model_that_went_away(tmp_path: Path, name: str) -> None:
    make, build = KINDS[name]
    path = make(tmp_path / name)
    stage = build(path)
    path.unlink()
    with pytest.raises(RunError, match=rf"^{stage.name}: its model cannot be loaded: .*{name}"):
        stage(["water of the sea"])


def test_nor_does_one_in_a_sandbox(tmp_path: Path) -> None:
    path = trained(tmp_path / "model.npz")
    stage = Sandboxed(Educational(min_score=None, model=path), seconds=60)
    path.unlink()
    with pytest.raises(RunError, match=r"^sandboxed: educational: its model cannot be loaded"):
        stage(["water of the sea"])


def test_a_resumed_run_works_on_what_came_while_the_model_was_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "WORTH", 0.0)
    path = trained(tmp_path / "model.npz")
    away = path.with_name("away")
    pipe = Educational(min_score=None, model=path) | Educational(min_score=None)

    def pages(vanish: bool) -> Iterator[Document]:
        for i, text in enumerate(TEXTS):
            if vanish and i == 30:
                path.rename(away)
            yield Document(str(i), text)

    with pytest.raises(RunError, match="its model cannot be loaded"):
        pipe.run(pages(True), tmp_path / "out", batch_size=10, progress=False)
    away.rename(path)
    report = pipe.run(pages(False), tmp_path / "out", batch_size=10, progress=False)
    assert (report.kept, report.failed) == (len(TEXTS), 0)


def test_neither_does_one_for_a_package_that_a_worker_lacks() -> None:
    with pytest.raises(RunError, match=r'pip install "webfilter\[fasttext\]"'), loading("language"):
        raise MissingExtra("language: model", "fasttext")


@pytest.mark.parametrize("end", ["replaced", "gone"])
def test_a_run_says_that_a_model_was_not_the_same_to_its_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, end: str
) -> None:
    path = trained(tmp_path / "model.npz")
    pipe = Pipeline((Educational(min_score=None, model=path),))
    first = pipe.steps[0].artifacts["model"]
    turned = EducationalTrainer(tops=[5]).fit(TEXTS, [0, 4] * 30)

    def pages() -> Iterator[Document]:
        yield from (Document(str(i), text) for i, text in enumerate(TEXTS))
        turned.save(path)
        if end == "replaced":
            yield Document("last", TEXTS[0])
        else:
            path.unlink()

    report = pipe.run(pages(), tmp_path / "out", batch_size=len(TEXTS), progress=False)
    assert report.artifacts == {"educational: model": first}
    [text] = [text for text in report.warnings if "during the run" in text]
    assert text.startswith("educational: model changed or went away")
    assert text in caplog.messages
    same = pipe.run(TEXTS, progress=False) if end == "replaced" else None
    assert same is None or not any("during the run" in text for text in same.warnings)


def test_a_score_that_takes_the_place_of_another_models_is_told_of(tmp_path: Path) -> None:
    ours = Educational(min_score=None)
    theirs = Educational(min_score=None, model=trained(tmp_path / "model.npz"))

    def told(pipe: Pipeline) -> list[str]:
        return [text for text in pipe.run(TEXTS[:3], progress=False).warnings if "again" in text]

    assert told(ours | theirs) == [
        "educational_2 scores educational again, by another model: what educational made of it was "
        "judged there, and is not stored"
    ]
    for pipe in (
        ours | Educational(min_score=1.0),  # the same model, so the same score
        ours | Lines() | theirs,  # of another text
        ours | Length(),
        Pipeline((theirs,)),
    ):
        assert told(pipe) == []
