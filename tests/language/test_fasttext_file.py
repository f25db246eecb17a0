"""What lies in a model's place is told apart: clipped, damaged, compressed, a page, a pointer."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import pytest

from webfilter.errors import ConfigError
from webfilter.language.fasttext_file import inspect, load


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model, plain and quantized."""
    import fasttext

    folder = tmp_path_factory.mktemp("files")
    words = "__label__en the cell is the unit of life\n__label__de die Zelle ist der Anfang\n"
    (folder / "train.txt").write_text(words * 200, "utf-8")
    model = fasttext.train_supervised(
        str(folder / "train.txt"), dim=8, minn=2, maxn=3, bucket=500, epoch=3, thread=1, verbose=0
    )
    model.save_model(str(folder / "plain.bin"))
    model.quantize(str(folder / "train.txt"), retrain=False, qnorm=True, cutoff=300)
    model.save_model(str(folder / "small.ftz"))
    return folder


@pytest.mark.parametrize("name", ["plain.bin", "small.ftz"])
def test_both_kinds_are_read_and_a_clipped_one_is_clipped(folder: Path, name: str) -> None:
    data = (folder / name).read_bytes()
    assert set(inspect(folder / name, "x: model").labels) == {"__label__en", "__label__de"}
    clipped = folder / f"clipped-{name}"
    for size in {*range(1, 200), *range(200, len(data), 499), len(data) - 1}:
        clipped.write_bytes(data[:size])
        with pytest.raises(ConfigError, match=rf"x: model = .*is clipped.* {size:,} bytes"):
            inspect(clipped, "x: model")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda data: b"", "is empty"),
        (lambda data: gzip.compress(data), "is compressed with gzip; unpack it: gunzip"),
        (lambda data: b"PK\x03\x04" + data, "is a zip archive"),
        (lambda data: b"\x28\xb5\x2f\xfd" + data, "zstd"),
        (lambda data: b"\n <!DOCTYPE html>", "a page"),
        (lambda data: b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
        (lambda data: b"GGUF" + data, "is not a fastText model"),
        (lambda data: data[:4] + struct.pack("<i", 11) + data[8:], "of version 11, not 12"),
        (lambda data: data + b"x", "is damaged: its parts do not fit"),
        (lambda data: data[:8] + struct.pack("<i", -5) + data[12:], "is damaged"),
    ],
)
def test_what_is_no_good_model_is_told_apart(folder: Path, change: object, said: str) -> None:
    other = folder / "other.bin"
    other.write_bytes(change((folder / "plain.bin").read_bytes()))  # type: ignore[operator]
    for look in (inspect, load):
        with pytest.raises(ConfigError, match=rf"other\.bin' .*{said}"):
            look(other, "x: model")


def test_a_folder_and_nothing_cannot_be_read(folder: Path) -> None:
    for path in (folder, folder / "none.bin"):
        with pytest.raises(ConfigError, match="cannot be read"):
            inspect(path, "x: model")
