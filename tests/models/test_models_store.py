"""Names of models: what they mean, where files lie, and what is said when there are none."""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path

import pytest

from webfilter import models
from webfilter.cli import main
from webfilter.errors import ConfigError
from webfilter.models import store

HEX = re.compile(r"[0-9a-f]{64}")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "store"
    place.mkdir()
    monkeypatch.setenv("WEBFILTER_MODELS", str(place))
    monkeypatch.chdir(tmp_path)
    return place


def test_the_table_is_sound() -> None:
    names = [n.lower() for m in models.KNOWN for n in {m.name, m.file}]
    assert len(names) == len(set(names))
    for model in models.KNOWN:
        assert model.url.startswith("https://")
        assert "/resolve/main/" not in model.url or model.sha256 is None
        assert model.sha256 is None or HEX.fullmatch(model.sha256)
        assert model.bytes is None or abs(model.bytes / 1e6 - model.megabytes) < 1
        assert model.source
        assert model.file == Path(model.file).name
        assert model.labels > 1
    known = [model.sha256 for model in models.KNOWN if model.sha256]
    assert len(known) == len(set(known)) >= 7


@pytest.mark.parametrize(
    ("platform", "env", "ends"),
    [
        ("linux", {}, "home/.cache/webfilter/models"),
        ("linux", {"XDG_CACHE_HOME": "{}/var/c"}, "/var/c/webfilter/models"),
        ("linux", {"XDG_CACHE_HOME": "relative"}, "home/.cache/webfilter/models"),
        ("darwin", {"XDG_CACHE_HOME": "{}/var/c"}, "home/Library/Caches/webfilter/models"),
        ("win32", {}, "home/AppData/Local/webfilter/models"),
        ("win32", {"LOCALAPPDATA": "{}/local"}, "/local/webfilter/models"),
        ("linux", {"WEBFILTER_MODELS": "{}/data/m"}, "/data/m"),
        ("linux", {"WEBFILTER_MODELS": "~/m"}, "home/m"),
    ],
)
def test_where_the_store_is(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    platform: str,
    env: dict[str, str],
    ends: str,
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    for name in ("WEBFILTER_MODELS", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "USERPROFILE"):  # the latter on Windows
        monkeypatch.setenv(name, str(tmp_path / "home"))
    for name, value in env.items():
        monkeypatch.setenv(name, value.format(tmp_path))
    assert models.folder().as_posix().endswith(ends)
    assert models.folder().is_absolute()


def test_without_a_home_the_error_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("WEBFILTER_MODELS")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(ConfigError, match="WEBFILTER_MODELS"):
        models.folder()


def test_a_file_goes_before_a_name_and_a_name_before_the_store(place: Path) -> None:
    (place / "lid.176.bin").write_bytes(b"stored")
    (place / "mine.bin").write_bytes(b"stored")
    for name in ("lid.176", "LID.176", "lid.176.bin", Path("lid.176")):
        assert models.resolve(name) == place / "lid.176.bin"
    assert models.resolve("mine.bin") == place / "mine.bin"
    Path("lid.176.bin").write_bytes(b"here")
    assert models.resolve("lid.176.bin") == Path("lid.176.bin")
    assert models.resolve("lid.176") == place / "lid.176.bin"
    assert models.resolve(str(place / "mine.bin")) == place / "mine.bin"
    Path("glotlid").mkdir()
    with pytest.raises(ConfigError, match="webfilter models fetch glotlid"):
        models.resolve("glotlid")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("glotlid-v3.bin", r"has not been fetched; fetch it with: webfilter models fetch glotlid$"),
        ("openlid", r"webfilter models fetch openlid --sha256 HEX \(see https://"),
        ("lid176.bin", r"cannot be read \(no such file, and .*did you mean 'lid\.176'\?\)"),
        ("zzz", r"known: lid\.176, lid\.176\.ftz, openlid"),
        ("some/folder/lid.176", r"cannot be read \(no such file\)"),
        ("", "cannot be read"),
        ("x" * 5000, "cannot be read"),
        ("nul\0", "cannot be read"),
    ],
)
def test_what_is_not_there_says_how_to_get_it(name: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        models.resolve(name, "language: model")
    assert str(caught.value).startswith("language: model = ")


def test_verify_compares_with_what_was_noted_given_or_known(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = hashlib.sha256(b"data").hexdigest()
    (place / "a.bin").write_bytes(b"data")
    with pytest.raises(ConfigError, match=f"its sha256 is {right}, and nothing says"):
        models.verify("a.bin")
    assert models.verify("a.bin", sha256=right.upper()) == right
    with pytest.raises(ConfigError, match=f"expected {64 * '0'}, got {right}"):
        models.verify("a.bin", sha256=64 * "0")
    (place / "a.bin.sha256").write_text(f"{right} *a.bin\n")
    assert models.verify("a.bin") == right
    (place / "a.bin.sha256").write_bytes(b"\xff no checksum")
    with pytest.raises(ConfigError, match="nothing says"):
        models.verify("a.bin")
    (place / "glotlid-v3.bin").write_bytes(b"data")
    (place / "glotlid-v3.bin.sha256").write_text(right)
    with pytest.raises(ConfigError, match=f"expected {models.known('glotlid').sha256}, got"):
        models.verify("glotlid")  # the table goes before the note
    toy = models.KNOWN[0].__class__(**{**vars(models.KNOWN[0]), "sha256": right})
    monkeypatch.setattr(store, "KNOWN", (toy,))
    Path("copy.bin").write_bytes(b"data")
    assert models.verify("copy.bin") == right


def test_stored_says_what_is_there(place: Path) -> None:
    right = hashlib.sha256(b"data").hexdigest()
    for name in ("good.bin", "bad.bin", "own.bin", "openlid.bin", ".hidden.part"):
        (place / name).write_bytes(b"data")
    (place / "lid.176.ftz").write_bytes(b"damaged")
    (place / "good.bin.sha256").write_text(f"{right}  good.bin\n")
    (place / "bad.bin.sha256").write_text(f"{64 * '0'}  bad.bin\n")
    states = {row.name: row.state for row in models.stored()}
    assert states["lid.176"] == "absent"
    assert states["lid.176.ftz"] == "damaged"
    assert states["openlid"] == "unchecked"
    others = {row.name: row.state for row in models.stored() if row.known is None}
    assert others == {"bad.bin": "damaged", "good.bin": "verified", "own.bin": "unchecked"}


def test_the_commands(
    tmp_path: Path, place: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEBFILTER_MODELS", str(place / "new"))
    source = tmp_path / "stick" / "mine.bin"
    source.parent.mkdir()
    source.write_bytes(b"data")
    right = hashlib.sha256(b"data").hexdigest()
    fetch = ["models", "fetch", str(source), "--sha256", right]
    for word in ("fetched: 4 bytes", "there already: 4 bytes"):
        assert main(fetch) == 0
        said = capfd.readouterr()
        assert said.out.splitlines()[0] == str(place / "new" / "mine.bin")
        assert word in said.out
        assert said.err == ""  # no bar where there is no terminal
    assert main(["models", "verify", "mine.bin"]) == 0
    assert f"verified: 4 bytes, sha256 {right}" in capfd.readouterr().out
    assert main(["models", "list"]) == 0
    said = capfd.readouterr()
    for model in models.KNOWN:
        assert model.name in said.out
    assert re.search(r"^mine\.bin +0 kB +verified$", said.out, re.MULTILINE)
    assert max(map(len, said.out.splitlines())) <= 130
    for argv, word in (
        (["fetch", "gloltid"], "did you mean 'glotlid'?"),
        (["fetch", "glotlid", "--from", str(source)], "wrong checksum: expected a818"),
        (["verify", "glotlid"], "webfilter models fetch glotlid"),
        (["verify", str(source)], "nothing says what it should be"),
        (["verify", "mine.bin", "--sha256", 64 * "0"], f"expected {64 * '0'}, got {right}"),
    ):
        assert main(["models", *argv]) == 2
        said = capfd.readouterr()
        assert said.out == ""
        assert said.err.startswith("webfilter: error: ")
        assert word in said.err
        assert len(said.err.splitlines()) == 1
    assert sorted(p.name for p in (place / "new").iterdir()) == ["mine.bin", "mine.bin.sha256"]
