"""Which distribution's module ``fasttext`` is in place, and that a model is asked rightly."""

from __future__ import annotations

import base64
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from webfilter.errors import ConfigError, MissingExtra
from webfilter.language import fasttext_module
from webfilter.language.fasttext_module import Predictor, claims, installed, require


@pytest.fixture(autouse=True)
def afresh() -> Iterator[None]:
    for cached in (claims, installed):
        cached.cache_clear()
    yield
    for cached in (claims, installed):
        cached.cache_clear()


def distribution(site: Path, name: str, code: str, binary: bytes) -> None:
    """Install a distribution as pip does: over what is there, with checksums in RECORD."""
    lines = []
    (site / "fasttext").mkdir(exist_ok=True)
    (site / "fasttext" / "__init__.py").write_text("")
    contents = {"fasttext/FastText.py": code.encode(), "fasttext_pybind.x.so": binary}
    for path, content in contents.items():
        (site / path).write_bytes(content)
        code64 = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.append(f"{path},sha256={code64},{len(content)}\n")
    info = site / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "top_level.txt").write_text("fasttext\nfasttext_pybind\n")
    (info / "RECORD").write_text("".join(lines))


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty place for packages, the only one there is."""

    def take() -> dict[str, ModuleType]:
        names = [name for name in sys.modules if name.partition(".")[0] == "fasttext"]
        return {name: sys.modules.pop(name) for name in names}

    real = take()
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    yield tmp_path
    take()
    sys.modules.update(real)


def test_none_is_a_missing_extra(site: Path) -> None:
    assert installed() == ()
    with pytest.raises(MissingExtra, match=r'^x: model: .*pip install "webfilter\[fasttext\]"'):
        require("x: model")


def test_the_last_one_installed_is_in_place(site: Path) -> None:
    distribution(site, "fasttext-wheel", "a", b"1")
    assert installed() == ("fasttext-wheel 1.0",)
    distribution(site, "fasttext-predict", "b", b"2")
    distribution(site, "fasttext-numpy2", "a", b"3")  # the same FastText.py as the first
    claims.cache_clear()
    installed.cache_clear()
    names = ("fasttext-numpy2 1.0", "fasttext-predict 1.0", "fasttext-wheel 1.0")
    assert claims() == names
    assert installed() == ("fasttext-numpy2 1.0",)
    (site / "fasttext" / "FastText.py").write_text("b")  # half of it another's
    installed.cache_clear()
    assert installed() == names
    require("x: model")


@pytest.mark.parametrize("folder_left", [True, False])
def test_one_uninstalled_over_another_says_so(site: Path, folder_left: bool) -> None:
    distribution(site, "fasttext-community", "a", b"1")
    for path in ("fasttext/FastText.py", "fasttext/__init__.py", "fasttext_pybind.x.so"):
        (site / path).unlink()
    if not folder_left:
        (site / "fasttext").rmdir()
    with pytest.raises(ConfigError, match=r"fasttext-community 1\.0 installed it.*reinstall"):
        require("x: model")


def test_a_module_that_cannot_load_names_where_it_is_from(site: Path, tmp_path: Path) -> None:
    distribution(site, "fasttext-predict", "def load_model(path): ...\n", b"2")
    with pytest.raises(ConfigError, match=r"= 'm\.bin' .*_FastText.* that of fasttext-predict 1\."):
        fasttext_module.open_model("m.bin", "x: model")


def test_a_line_is_asked_with_its_end_and_labels_keep_their_probabilities() -> None:
    asked = []

    def predict(line: str, k: int, threshold: float, on_error: str) -> list[tuple[float, str]]:
        asked.append((line, k))
        return [] if line == "\n" else [(0.75, "__label__a"), (0.25, "__label__b")][:k]

    model = Predictor(SimpleNamespace(f=SimpleNamespace(predict=predict)))
    labels, scores = model.predict(["one\ntwo", ""], k=2)
    assert labels == [("__label__a", "__label__b"), ()]
    assert scores == [(0.75, 0.25), ()]
    assert asked == [("one two\n", 2), ("\n", 2)]


def test_a_line_is_read_beyond_the_word_that_ends_it_for_fasttext(tmp_path: Path) -> None:
    import fasttext

    (tmp_path / "t.txt").write_text("__label__a one two three\n__label__b four five\n" * 99)
    model = Predictor(fasttext.train_supervised(str(tmp_path / "t.txt"), thread=1, verbose=0))
    for ended, plain in (
        ("</s> four", "four"),
        ("one </s> </s>\n</s>\ttwo</s>", "one two</s>"),
        ("a" * 1_000 + " </s>" * 10_000 + " one", "a" * 1_000 + " one"),
    ):
        assert model.predict([ended]) == model.predict([plain]) != model.predict([""])


def test_the_installed_one_is_asked_as_its_own_list_form_is(tmp_path: Path) -> None:
    import fasttext

    (tmp_path / "t.txt").write_text("__label__a one two three\n__label__b four five\n" * 99)
    model = fasttext.train_supervised(str(tmp_path / "t.txt"), dim=4, thread=1, verbose=0)
    lines = ["one two", "four one", "", "né", "five\tfour"]
    labels, scores = Predictor(model).predict(lines, k=-1)
    own = model.predict(lines, k=-1)
    assert [list(found) for found in labels] == own[0]
    for ours, theirs in zip(scores, own[1], strict=True):
        assert ours == pytest.approx(list(theirs), abs=1e-6)
