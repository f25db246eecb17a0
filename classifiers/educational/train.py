"""Train the packaged educational model: one command, the same bytes each time.

    python classifiers/educational/train.py train.jsonl.xz

One ridge regression for four targets over three blocks of features (words, meaning, style; see
``webfilter/score/model.py``), solved in its dual form. Calibration and interval come from a
group-wise cross-validation inside the training set, so from predictions on domains whose labels the
predicting regression has not seen.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.linalg
import scipy.sparse as sp
from data import LABELS, TOPS, Excerpts, read
from sklearn.isotonic import IsotonicRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.preprocessing import normalize
from sklearn.utils.extmath import randomized_svd
from threadpoolctl import threadpool_limits

from webfilter.score.features import BITS, CHUNK, TF, Features, features
from webfilter.score.model import UNIT, Model, fingerprint, meaning, style_ranks

Floats = npt.NDArray[np.float64]
HERE = Path(__file__).parent
PACKAGE = HERE.parents[1] / "src" / "webfilter" / "score" / "models"
WORD_STEPS, FORM_STEPS = 2**15 - 1, 2**20


def main() -> None:
    """Train from the command line."""
    parser = argparse.ArgumentParser(description="Train the educational model.")
    parser.add_argument("data", type=Path, help="labeled excerpts, .jsonl or .jsonl.xz")
    parser.add_argument("--out", type=Path, default=PACKAGE, help="folder for model and manifest")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--config", type=Path, default=HERE / "config.toml")
    args = parser.parse_args()
    excerpts = read(args.data)
    model = train(excerpts, tomllib.loads(args.config.read_text(encoding="utf-8")), args.seed)
    data = model.save()
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "educational.npz").write_bytes(data)
    manifest = args.out / "manifest.json"
    entries = json.loads(manifest.read_text(encoding="utf-8")) if manifest.exists() else {}
    entries["educational"] = {
        "file": "educational.npz",
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "trained_on": {
            "excerpts": len(excerpts),
            "sha256": hashlib.sha256(args.data.read_bytes()).hexdigest(),
        },
        "seed": args.seed,
    }
    manifest.write_text(json.dumps(entries, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    print(f"{args.out / 'educational.npz'}: {len(data):,} bytes, {len(excerpts):,} excerpts")


def train(excerpts: Excerpts, config: Mapping[str, Any], seed: int = 0) -> Model:
    """Return a calibrated model; the same arrays for the same arguments.

    One thread: how a sum is split between threads would show in its last bits.
    """
    with threadpool_limits(1):
        return _train(excerpts, config, seed)


def _train(excerpts: Excerpts, config: Mapping[str, Any], seed: int) -> Model:
    blocks = Blocks(excerpts.texts, config, seed)
    plain = blocks.solve(excerpts.labels)
    settings = config["calibration"]
    fold = folds(excerpts.labels[:, 0], excerpts.groups, settings["folds"], seed)
    raw = np.zeros_like(excerpts.labels)
    for k in np.unique(fold):
        raw[fold == k] = blocks.held_out(excerpts.labels, fold != k)
    curve, spread = [], []
    for t, top in enumerate(TOPS):
        xs, ys = _curve(raw[:, t], excerpts.labels[:, t], settings["bins"])
        calibrated = np.clip(np.interp(raw[:, t], xs, ys), 0.0, top)
        curve.append((xs, ys))
        spread.append(_spread(calibrated, excerpts.labels[:, t], settings["interval"]))
    return Model(**{**vars(plain), "curve": np.array(curve), "spread": np.array(spread)})


def folds(
    labels: Floats, groups: npt.NDArray[np.str_], count: int, seed: int
) -> npt.NDArray[np.intp]:
    """Return the fold of each row: groups stay whole, the mix of labels is about the same."""
    fold = np.zeros(len(labels), dtype=np.intp)
    splitter = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    classes = np.rint(labels).astype(int)
    for k, (_, held) in enumerate(splitter.split(classes, classes, groups)):
        fold[held] = k
    return fold


class Blocks:
    """The three blocks of features of the training texts, and the kernel that they make."""

    def __init__(self, texts: list[str], config: Mapping[str, Any], seed: int) -> None:
        self.config = config
        parts = [features(texts[i : i + CHUNK]) for i in range(0, len(texts), CHUNK)]
        ones = _matrix(parts, "ones", "one_tf", "one_ends")
        both = (ones + _matrix(parts, "twos", "two_tf", "two_ends")).tocsr()

        # words: log frequency times inverse document frequency, over the root of the frequencies
        seen = np.bincount(both.indices, minlength=both.shape[1])
        idf = np.log((1 + len(texts)) / (1 + seen)) + 1
        idf[seen < config["words"]["min_texts"]] = 0
        total = np.asarray(both.sum(axis=1)).ravel()
        words = sp.diags(1 / np.sqrt(np.maximum(total, 1))) @ both @ sp.diags(idf)
        unit = np.sqrt(words.multiply(words).sum(axis=1).mean())
        self.words = (words / unit).tocsr()
        self.words.eliminate_zeros()
        self.idf = idf / unit

        # meaning: latent semantic analysis, quantized first so that the fit sees what is shipped
        settings = config["meaning"]
        seen = np.bincount(ones.indices, minlength=ones.shape[1])
        kept = np.flatnonzero(seen >= settings["min_texts"])
        weight = np.log(len(texts) / seen[kept])
        by_word = normalize((ones[:, kept] @ sp.diags(weight)).tocsr())
        width = min(settings["directions"], len(kept) - 1, len(texts) - 1)
        _, _, axes = randomized_svd(by_word, width, n_iter=4, random_state=seed)
        vectors = weight[:, None] * axes.T
        steps = 127 / np.quantile(np.abs(vectors), 0.9995)
        self.vectors = np.zeros((len(kept) + 1, width), dtype=np.int8)
        self.vectors[1:] = np.clip(np.rint(vectors * steps), -127, 127)
        self.rows = np.zeros(1 << BITS, dtype=np.uint16)
        self.rows[kept] = np.arange(1, len(kept) + 1)
        quick = self.vectors.astype(np.float32)
        self.meaning = np.concatenate([meaning(part, self.rows, quick)[0] for part in parts]) / UNIT

        # style: ranks, centered, about -0.5 to 0.5
        style = np.concatenate([part.style for part in parts])
        self.knots = np.quantile(style, _middles(config["style"]["knots"]), axis=0).T
        self.ranks = style_ranks(style, self.knots) / (2 * self.knots.shape[1]) - 0.5

        near = (1 + self.meaning @ self.meaning.T) / 2
        self.kernel = (
            (self.words @ self.words.T).toarray()
            + settings["share"] * near**2
            + self._style_share * (self.ranks @ self.ranks.T)
        )

    @property
    def _style_share(self) -> float:
        # 3 makes a block of even ranks about as large as the others
        return float(self.config["style"]["share"] * 3 / self.ranks.shape[1])

    def held_out(self, labels: Floats, known: npt.NDArray[np.bool_]) -> Floats:
        """Return raw predictions for the rows that are not `known`, from those that are."""
        base = labels[known].mean(axis=0)
        dual = self._dual(self.kernel[np.ix_(known, known)], labels[known] - base)
        return self.kernel[np.ix_(~known, known)] @ dual + base

    def _dual(self, kernel: Floats, labels: Floats) -> Floats:
        penalized = kernel + self.config["ridge"]["penalty"] * np.eye(len(kernel))
        return scipy.linalg.solve(penalized, labels, assume_a="pos")

    def solve(self, labels: Floats) -> Model:
        """Return the model fitted to all rows, quantized, with calibration that changes nothing."""
        base = labels.mean(axis=0)
        dual = self._dual(self.kernel, labels - base)
        words = (self.words.T @ dual) * self.idf[:, None] / np.sqrt(TF)
        # ((1 + z.z') / 2)**2 = 1/4 + z.z'/2 + (z.z')**2/4, so the dual gives each part's weights
        share = self.config["meaning"]["share"]
        form = np.einsum("nt,ni,nj->tij", dual, self.meaning, self.meaning, optimize=True)
        form *= share / 4 / UNIT**2
        slope = (dual.T @ self.meaning) * share / 2 / UNIT
        style = self._style_share * (self.ranks.T @ dual) / (2 * self.knots.shape[1])
        # the ranks are centered when fitted, and integers from 0 when scored
        constant = base + dual.sum(axis=0) * share / 4
        constant -= self.knots.shape[1] * style.sum(axis=0)
        quantized = [
            _quantize(words, (0,), WORD_STEPS, np.int16),
            _quantize(form, (1, 2), FORM_STEPS, np.int32),
            _quantize(slope, (1,), FORM_STEPS, np.int32),
            _quantize(style, (0,), FORM_STEPS, np.int32),
        ]
        guard = self.config["guard"]
        same = np.array([0.0, 1.0])
        return Model(
            words=quantized[0][0],
            rows=self.rows,
            vectors=self.vectors,
            form=quantized[1][0],
            slope=quantized[2][0],
            knots=self.knots,
            style=quantized[3][0],
            scales=np.array([scale for _, scale in quantized]),
            constant=constant,
            curve=np.array([[same, same]] * len(LABELS)),
            spread=np.array([[same, same * 0, same * 0]] * len(LABELS)),
            top=np.array(TOPS, dtype=np.float64),
            guard=np.array([guard["low"], guard["full"]]),
            hashing=np.array([fingerprint()], dtype=np.uint64),
        )


def _matrix(parts: list[Features], buckets: str, frequencies: str, ends: str) -> sp.csr_matrix:
    columns = np.concatenate([getattr(part, buckets) for part in parts])
    values = np.concatenate([getattr(part, frequencies) for part in parts]) / TF
    sizes = np.concatenate([np.diff(getattr(part, ends)) for part in parts])
    starts = np.concatenate(([0], np.cumsum(sizes)))
    return sp.csr_matrix((values, columns, starts), shape=(len(sizes), 1 << BITS))


def _middles(count: int) -> Floats:
    return (np.arange(count) + 0.5) / count


def _quantize(
    weights: Floats, axes: tuple[int, ...], steps: int, kind: type[np.signedinteger[Any]]
) -> tuple[npt.NDArray[Any], Floats]:
    """Return integers and what a step of each target is worth."""
    largest = np.abs(weights).max(axis=axes, keepdims=True)
    scale = np.where(largest > 0, largest, 1.0) / steps
    return np.rint(weights / scale).astype(kind), scale.ravel()


def _curve(raw: Floats, labels: Floats, bins: int) -> tuple[Floats, Floats]:
    """Return knots of a strictly rising curve from raw score to mean label.

    Bins are finer at the top, where the scale is decided; above the highest the curve is almost
    level, because there is no evidence for more. It rises by at least 0.05 per point everywhere.
    """
    shares = [*np.arange(1, bins) / bins, 1 - 0.5 / bins, 1 - 0.25 / bins]
    parts = np.split(np.argsort(raw, kind="stable"), [round(len(raw) * s) for s in shares])
    parts = [part for part in parts if len(part)]
    xs = np.array([raw[part].mean() for part in parts])
    ys = np.array([labels[part].mean() for part in parts])
    ys = IsotonicRegression().fit_transform(xs, ys, sample_weight=[len(part) for part in parts])
    xs, ys = np.append(xs, max(raw.max(), xs[-1] + 1e-3)), np.append(ys, ys[-1])
    for i in range(1, len(xs)):  # no level piece, so that the order stays
        ys[i] = max(ys[i], ys[i - 1] + 0.05 * (xs[i] - xs[i - 1]))
    return xs, ys


def _spread(scores: Floats, labels: Floats, share: float) -> tuple[Floats, Floats, Floats]:
    """Return scores, and offsets from them, between which `share` of the labels lie."""
    order = np.argsort(scores, kind="stable")
    parts = np.array_split(order, 10)
    tails = ((1 - share) / 2, (1 + share) / 2)
    at = np.array([scores[part].mean() for part in parts])
    at += 1e-9 * np.arange(len(at))
    offsets = np.array([np.quantile(labels[part] - scores[part], tails) for part in parts])
    return at, offsets[:, 0], offsets[:, 1]


if __name__ == "__main__":
    main()
