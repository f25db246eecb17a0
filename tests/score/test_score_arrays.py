"""Files of models: any reader of zip and npz reads them, and weights take less than elsewhere."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from dataclasses import dataclass

import numpy as np
import pytest

from webfilter.score.arrays import from_bytes, to_bytes


@dataclass(frozen=True)
class Two:
    weights: np.ndarray
    names: np.ndarray


def two(weights: np.ndarray) -> Two:
    return Two(weights, np.array(["water", "été"]))


def peer(model: Two) -> bytes:
    out = io.BytesIO()
    np.savez_compressed(out, weights=model.weights, names=model.names)
    return out.getvalue()


WEIGHTS = np.clip(np.rint(np.random.default_rng(0).normal(0, 2, (200, 300))), -6, 6).astype(np.int8)
ARRAYS = (WEIGHTS, WEIGHTS.T, WEIGHTS[:0], np.array(3.5), np.zeros((300, 300), np.int16),
          np.tile(np.arange(1_000), 50))  # fmt: skip


@pytest.mark.parametrize("array", ARRAYS)
def test_numpy_and_zipfile_read_it_and_it_is_never_larger_than_theirs(array: np.ndarray) -> None:
    data = to_bytes(two(array))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["weights.npy", "names.npy"]
    found = np.load(io.BytesIO(data), allow_pickle=False)
    assert found["weights"].dtype == array.dtype
    np.testing.assert_array_equal(found["weights"], array)
    assert from_bytes(Two, data)["names"].tolist() == ["water", "été"]
    assert len(data) <= len(peer(two(array)))


def test_weights_take_about_as_many_bits_as_they_hold() -> None:
    share = np.bincount(WEIGHTS.ravel() + 6) / WEIGHTS.size
    bits = -(share * np.log2(share)).sum() * WEIGHTS.size
    assert 8 * len(to_bytes(two(WEIGHTS))) < 1.07 * bits
    assert 8 * len(peer(two(WEIGHTS))) > 1.1 * bits


def test_the_standard_tool_of_another_process_unpacks_it(tmp_path) -> None:
    (tmp_path / "two.npz").write_bytes(to_bytes(two(WEIGHTS)))
    command = [sys.executable, "-m", "zipfile", "-e", "two.npz", "out"]
    subprocess.run(command, cwd=tmp_path, check=True)
    np.testing.assert_array_equal(np.load(tmp_path / "out" / "weights.npy"), WEIGHTS)


def test_an_array_that_belongs_to_something_else_is_not_even_read(monkeypatch) -> None:
    out = io.BytesIO()
    np.savez(out, weights=WEIGHTS, other=WEIGHTS)
    monkeypatch.setattr(np.lib.npyio.NpzFile, "__getitem__", lambda *_: pytest.fail("read"))
    with pytest.raises(ValueError, match=r"its arrays are \['other', 'weights'\]"):
        from_bytes(Two, out.getvalue())


def test_pickles_are_refused() -> None:
    with pytest.raises(ValueError, match="pickle"):
        to_bytes(two(np.array([{}], dtype=object)))


def test_an_array_of_objects_is_refused_and_not_unpickled() -> None:
    class Met:
        def __reduce__(self) -> object:
            return print, ("unpickled",)

    out = io.BytesIO()
    np.savez(out, weights=np.array([Met()], dtype=object), names=np.array(["water"]))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        from_bytes(Two, out.getvalue())
