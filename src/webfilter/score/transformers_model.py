"""`TransformersModel`: score texts with a sequence classifier of Hugging Face's transformers.

The model is a folder on this machine, as ``save_pretrained`` or a download leaves it. Nothing is
fetched, weights are read from safetensors only (never from pickles), and no code that lies beside
the model runs. Needs the extra ``transformers``, which brings torch.

What it does not do: run on several devices, or quantize. FineWeb-Edu's classifier does some hundred
texts a second on a GPU and a few on a core, so put it behind everything that is cheaper.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import json
import math
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, ClassVar, Literal

from webfilter.config import AnyPath
from webfilter.document import Document, Value
from webfilter.errors import ConfigError, MissingExtra, RunError, UnknownName
from webfilter.language.engines import readable
from webfilter.models.held import held
from webfilter.models.running import loading
from webfilter.profiles import Profile, Profiled
from webfilter.score.foreign import (
    at_least,
    by_windows,
    check_fields,
    score_signal,
    within,
)
from webfilter.stage import Rule, Scorer, Signal

__all__ = ["TransformersModel"]

_DIGITS = 3
_PROBE = "A line of text, to see whether the model answers."
_Files = tuple[tuple[str, int, int], ...]
_CHARS_A_TOKEN = 32
"""A piece is cut at so many characters for each token allowed before it is tokenized."""


@dataclass(frozen=True)
class TransformersModel(Profiled, Scorer):
    """Keep texts that a transformer in a local folder scores at `min_score` or more.

    A regression (one output, FineWeb-Edu's kind) gives its output; a classification the probability
    of one label, or the mean of the labels' numbers. Scores are rounded to 3 decimals and clipped
    to `low` and `high` where given. A text is cut off after `length` tokens, as FineWeb-Edu does,
    unless `window` cuts it into pieces, whose mean it then scores. A blank text scores the least
    that is possible; where there is none, the model is asked.

    The model is loaded when the stage is built, and asked about a short text, so that what is wrong
    with it is said then, and loaded again in each worker process (on a GPU mind that they share its
    memory) and where its files have changed.

    With ``batch=1`` a score depends on its text alone. More texts at once are faster on a GPU; they
    are sorted by length, so little is padded, but padding and the size of a batch change the last
    bits of a sum, so a score near a step of the rounding may come out 0.001 otherwise.

    Raises:
        ConfigError: the folder is missing, has no safetensors, needs code of its own, lacks its
            classification head, or cannot be loaded; a field does not fit.
        UnknownName: there is no such label; carries the nearest one.
        MissingExtra: transformers or torch is not installed.

    >>> print(TransformersModel.profiles["fineweb-edu"].settings["min_score"])
    2.5
    """

    name: ClassVar[str] = "transformers_model"
    profiles: ClassVar[Mapping[str, Profile]] = {
        "fineweb-edu": Profile(
            source="FineWeb-Edu (Penedo et al. 2024), HuggingFaceFW/fineweb-edu-classifier",
            words="the first 512 tokens of the model's own tokenizer",
            order="the score clipped to 0-5; inside the limit, this included",
            deviations=(
                "FineWeb-Edu rounds to whole numbers and keeps >= 3: that is 2.5 here, except that "
                "its rounding takes exactly 2.5 to 2; blank texts score 0"
            ),
            settings={"signal": "fineweb_edu", "low": 0.0, "high": 5.0, "min_score": 2.5},
        ),
    }

    path: AnyPath
    """Folder with ``config.json``, the tokenizer's files and ``*.safetensors``."""
    signal: str = "transformers_score"
    """What the signal is called."""
    min_score: float | None = None
    """Least score; None only measures."""
    output: Literal["logit", "probability", "expected"] = "logit"
    """``logit``: the one output of a regression. ``probability``: of `label` (softmax; sigmoid for
    a multi-label model). ``expected``: the mean of the labels' numbers, 0 to their count - 1, by
    their probabilities."""
    label: str | None = None
    """The label whose probability is the score; one of the model's ``id2label``."""
    low: float | None = None
    """Least possible score; lower ones are set to it. None: unbounded, 0 for the other outputs."""
    high: float | None = None
    """Greatest possible score; higher ones are set to it."""
    length: int = 512
    """Tokens, special ones included, after which a text or piece is cut off; or fewer, where the
    model takes no more."""
    window: int | None = None
    """Longest piece that is scored, in characters; a longer text scores the mean of its pieces,
    weighted by length. None scores the beginning."""
    windows: int = 8
    """Largest number of pieces; a longer text is sampled, evenly."""
    batch: int = 1
    """How many texts the model sees at once; see above."""
    device: str = "cpu"
    """Where it runs, in torch's words: ``cpu``, ``cuda``, ``cuda:1``, ``mps``."""
    dtype: Literal["float32", "float16", "bfloat16"] = "float32"
    """Precision of the weights; the halves are for GPUs."""

    def __post_init__(self) -> None:
        super().__post_init__()
        labels = _labels(self._folder)
        if self.output == "logit" and len(labels) != 1:
            raise ConfigError(
                f"{self.name}: the model has {len(labels)} outputs ({', '.join(labels)}): take "
                "output = 'probability' with a label, or output = 'expected'"
            )
        if self.output != "logit" and len(labels) == 1:
            raise ConfigError(f"{self.name}: the model has one output: take output = 'logit'")
        if (self.label is not None) != (self.output == "probability"):
            raise ConfigError(
                f"{self.name}: label = {self.label!r} with output = {self.output!r}: "
                "'probability' needs a label, the others take none"
            )
        if self.label is not None and self.label not in labels:
            raise UnknownName(f"label of {self._folder.name}", self.label, labels)
        if self.output != "logit":
            top = 1.0 if self.output == "probability" else len(labels) - 1.0
            object.__setattr__(self, "low", 0.0 if self.low is None else self.low)
            object.__setattr__(self, "high", top if self.high is None else self.high)
        check_fields(self.name, self.signal, self.min_score, self.low, self.high)
        for key in ("length", "window", "windows", "batch"):
            value = getattr(self, key)
            if value is not None and value < 1:
                raise ConfigError(f"{self.name}: {key} = {value} is not at least 1")
        for package in ("transformers", "torch"):
            if not (package in sys.modules or importlib.util.find_spec(package)):
                raise MissingExtra(f"{self.name}: {package} is not installed", "transformers")
        self._probe()

    @property
    def _folder(self) -> Path:
        return Path(self.path)

    @property
    def _model(self) -> _Model:
        return _load(self._folder, self.device, self.dtype, _files(self._folder))

    def _probe(self) -> None:
        model = self._model
        if self.length <= model.special:
            raise ConfigError(
                f"{self.name}: length = {self.length} leaves no room for text: the tokenizer adds "
                f"{model.special} special tokens"
            )
        texts = [_PROBE, 2 * _PROBE][: self.batch]
        try:
            model.logits(texts, self.length)
        except RunError:
            raise
        except Exception as error:
            raise ConfigError(
                f"{self.name}: path = {str(self._folder)!r} cannot score texts with batch = "
                f"{self.batch}: {type(error).__name__}: {error}"
            ) from error

    @property
    def measures(self) -> tuple[Signal, ...]:  # type: ignore[override]
        """The one score."""
        of = f" of {self.label}" if self.label is not None else ""
        about = f"{self.output.capitalize()}{of} by the transformer {self._folder.name}"
        return score_signal(self.signal, about, self.low, self.high)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """One, unless `min_score` is None."""
        return at_least(self.signal, self.min_score)

    @property
    def artifacts(self) -> Mapping[str, str]:
        """The checksum of configuration, tokenizer and weights, and the packages' versions."""
        found = {self._folder.name: _digest(self._folder, _files(self._folder))}
        for package in ("transformers", "torch"):
            try:
                found[package] = version(package)
            except PackageNotFoundError:  # a module of that name that nobody installed
                found[package] = "unknown"
        return found

    def measure_batch(self, docs: Sequence[Document]) -> Sequence[Mapping[str, Value]]:
        """Return the score of each text."""
        texts = [doc.text for doc in docs]
        scores = by_windows(texts, self._scores, self.window, self.windows, self.low)
        return [{self.signal: within(s, self.low, self.high, _DIGITS)} for s in scores]

    def _scores(self, pieces: list[str]) -> list[float]:
        with loading(self.name):
            model = self._model
        most = self.length * _CHARS_A_TOKEN
        cut = [readable(piece[:most]) for piece in pieces]
        order = sorted(range(len(cut)), key=lambda i: len(cut[i]))
        scores = [0.0] * len(cut)
        for start in range(0, len(order), self.batch):
            rows = order[start : start + self.batch]
            answers = model.logits([cut[i] for i in rows], self.length)
            for i, logits in zip(rows, answers, strict=True):
                scores[i] = self._score(logits, model)
        return scores

    def _score(self, logits: list[float], model: _Model) -> float:
        if self.output == "logit":
            return logits[0]
        if not all(map(math.isfinite, logits)):
            raise ValueError(f"the model's outputs are {logits}")
        if self.label is not None:
            at = model.labels.index(self.label)
            return _sigmoid(logits[at]) if model.multiple else _softmax(logits)[at]
        return math.fsum(i * p for i, p in enumerate(_softmax(logits)))


class _Model:
    """A tokenizer and a model, loaded."""

    _most = 10**9
    """Tokens that the model takes."""

    def __init__(self, path: Path, device: str, dtype: str) -> None:
        try:
            torch: Any = importlib.import_module("torch")
            transformers: Any = importlib.import_module("transformers")
        except ImportError as error:
            raise MissingExtra(f"transformers_model: {error}", "transformers") from error
        kept: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        self.labels = _labels(path)
        self.multiple = _config(path).get("problem_type") == "multi_label_classification"
        try:
            self._tokenizer = transformers.AutoTokenizer.from_pretrained(str(path), **kept)
            model, info = transformers.AutoModelForSequenceClassification.from_pretrained(
                str(path), use_safetensors=True, output_loading_info=True, **kept
            )
            made_up = set(info.get("missing_keys", ())) & {n for n, _ in model.named_parameters()}
            if made_up:  # transformers only warns, and fills them with random numbers
                raise ValueError(f"it has no weights for {', '.join(sorted(made_up)[:4])}")
            self._model = model.to(device=device, dtype=getattr(torch, dtype)).eval()
            places = _places(model) or self._most
            self._most = min(self._tokenizer.model_max_length, places, self._most)
            self.special = int(self._tokenizer.num_special_tokens_to_add())
        except Exception as error:
            raise ConfigError(
                f"transformers_model: path = {str(path)!r} on {device} cannot be loaded as a "
                f"sequence classifier: {type(error).__name__}: {error}"
            ) from error
        self._torch, self._device = torch, device

    def logits(self, texts: list[str], length: int) -> list[list[float]]:
        """Return the model's outputs for each text.

        Raises:
            RunError: the device is out of memory.
        """
        torch = self._torch
        inputs = self._tokenizer(
            texts,
            truncation=True,
            max_length=min(length, self._most),
            padding=len(texts) > 1,  # some have no token for it
            return_tensors="pt",
        ).to(self._device)
        try:
            with torch.inference_mode():
                found: list[list[float]] = self._model(**inputs).logits.float().cpu().tolist()
        except torch.OutOfMemoryError as error:  # no document's fault
            raise RunError(
                f"transformers_model: {self._device} is out of memory: set a smaller batch or "
                f"length ({error})"
            ) from error
        return found


def _loaded(path: Path, device: str, dtype: str, _changed: _Files) -> _Model:
    return _Model(path, device, dtype)


_load = held(_loaded, most=4)  # they may fill the memory of a GPU


def _places(model: Any) -> int | None:
    """Return how many tokens the model has places for; None where it does not say.

    RoBERTa and its kin number them from the one behind the padding's.
    """
    places: int | None = getattr(model.config, "max_position_embeddings", None)
    embeddings = getattr(getattr(model, "base_model", None), "embeddings", None)
    padding = getattr(getattr(embeddings, "position_embeddings", None), "padding_idx", None)
    return places if places is None or padding is None else places - padding - 1


def _config(path: Path) -> dict[str, Any]:
    """Return the model's configuration, checked as far as that goes without loading it.

    Raises:
        ConfigError: names the fix.
    """
    where = f"transformers_model: path = {str(path)!r}"
    if not os.path.isdir(path):  # of a path that no system takes, too
        raise ConfigError(
            f"{where} is no folder: models are read from this machine only; get one with "
            "huggingface_hub.snapshot_download(..., local_dir=...)"
        )
    try:
        found = json.loads((path / "config.json").read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{where}: its config.json cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise ConfigError(f"{where}: its config.json is not an object")
    if not any(path.glob("*.safetensors")):
        raise ConfigError(
            f"{where} has no *.safetensors; pickled weights are not read: load them where you "
            "trust them and save_pretrained(..., safe_serialization=True)"
        )
    if "auto_map" in found:
        raise ConfigError(f"{where} needs code that lies beside it (auto_map), which never runs")
    if (path / "adapter_config.json").exists():
        raise ConfigError(f"{where} is an adapter of another model: merge it and save the whole")
    return found


def _labels(path: Path) -> list[str]:
    """Return the names of the model's outputs, in order; transformers' own defaults are not saved.

    Raises:
        ConfigError: they make no sense.
    """
    config = _config(path)
    named = config.get("id2label")
    if not named:
        count = config.get("num_labels", 2)
        named = {str(i): f"LABEL_{i}" for i in range(count if isinstance(count, int) else 0)}
    try:
        labels = [str(named[key]) for key in sorted(named, key=int)]
    except (TypeError, ValueError, KeyError):
        labels = []
    if not labels:
        raise ConfigError(f"transformers_model: path = {str(path)!r}: its labels make no sense")
    return labels


def _files(path: Path) -> _Files:
    """Return name, time and size of each file: what changes when the model does."""
    files = sorted(f for f in path.iterdir() if f.is_file())
    return tuple((f.name, f.stat().st_mtime_ns, f.stat().st_size) for f in files)


@lru_cache(maxsize=4)
def _digest(path: Path, files: _Files) -> str:
    whole = hashlib.sha256()
    for name, _, _ in files:
        if name.endswith((".json", ".txt", ".model", ".safetensors")):
            with (path / name).open("rb") as file:
                whole.update(f"{name} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return f"sha256:{whole.hexdigest()}"


def _softmax(logits: Sequence[float]) -> list[float]:
    top = max(logits)
    powers = [math.exp(value - top) for value in logits]
    total = math.fsum(powers)
    return [power / total for power in powers]


def _sigmoid(value: float) -> float:
    small = math.exp(-abs(value))
    return 1 / (1 + small) if value >= 0 else small / (1 + small)
