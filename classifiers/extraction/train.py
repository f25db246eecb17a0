"""Train the model of the engine ``blocks``: cross-validated by site, then on everything.

    python classifiers/extraction/train.py WCXB.jsonl.xz --crawl WARC ... --folds work/folds
    python classifiers/extraction/train.py WCXB.jsonl.xz --crawl WARC ... --confidence work/folds

The first writes one model a fold and ``folds.json`` (page to fold), for benchmarks/extraction.py,
which judges each page by the model that saw no page of its site. The second writes the packaged
model and its manifest, with the confidence that these folds earned. The pages of the crawl that
labels.jsonl knows are trained on, too, and never judged by. Needs
``pip install scikit-learn scipy jax optax``.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import time
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import network
import numpy as np
import scipy.sparse as sp
from data import Example, Hashes, examples, folds, labelled, pages, words
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression, SGDClassifier

from webfilter.extract.blocks.engine import Blocks
from webfilter.extract.blocks.linear import NEAR
from webfilter.extract.blocks.model import OF_PAGE, TYPES, Model, choose, inputs
from webfilter.extract.blocks.tree import Tree
from webfilter.extract.engine import Options

HERE = Path(__file__).parent
PACKAGE = HERE.parents[1] / "src" / "webfilter" / "extract" / "models"
Arrays = dict[str, NDArray[Any]]
UNFITTED = np.array([[0.0, 1.0], [0.0, 1.0]])
"""A confidence that is the surety."""


def main() -> None:
    """Train from the command line."""
    parser = argparse.ArgumentParser(description="Train the model of the engine blocks.")
    parser.add_argument("data", type=Path, help="WCXB pages, .jsonl or .jsonl.xz")
    parser.add_argument("--crawl", type=Path, nargs="*", default=[], help="WARC files of labels")
    parser.add_argument("--labels", type=Path, default=HERE / "labels.jsonl")
    parser.add_argument("--folds", type=Path, help="write one model a fold here, and no package")
    parser.add_argument("--confidence", type=Path, help="what --folds wrote")
    parser.add_argument("--count", type=int, default=5, help="folds")
    parser.add_argument("--only", type=int, nargs="*", help="of the folds, for several processes")
    parser.add_argument("--out", type=Path, default=PACKAGE)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--config", type=Path, default=HERE / "config.toml")
    args = parser.parse_args()
    config = tomllib.loads(args.config.read_text(encoding="utf-8"))
    made = list(examples(args.data))
    more = list(labelled(args.labels, args.crawl)) if args.crawl else []
    print(f"{len(made)} pages with gold texts, {len(more)} with labels", flush=True)
    if args.folds is None:
        arrays = train(made + more, config, args.seed)
        if args.confidence is not None:
            arrays["confidence"] = confidence(judged(args.data, args.confidence))
        data = packed(arrays)
        args.out.mkdir(parents=True, exist_ok=True)
        (args.out / "blocks.npz").write_bytes(data)
        about = {
            "blocks": {
                "bytes": len(data),
                "file": "blocks.npz",
                "seed": args.seed,
                "sha256": hashlib.sha256(data).hexdigest(),
                "trained_on": {
                    "labelled": len(more),
                    "pages": len(made),
                    "sha256": hashlib.sha256(args.data.read_bytes()).hexdigest(),
                },
            }
        }
        text = json.dumps(about, indent=2, sort_keys=True) + "\n"
        (args.out / "manifest.json").write_text(text, encoding="utf-8")
        return
    args.folds.mkdir(parents=True, exist_ok=True)
    fold = folds([page.site for page in made], args.count, args.seed)
    of = {page.id: int(k) for page, k in zip(made, fold, strict=True)}
    (args.folds / "folds.json").write_text(json.dumps(of), encoding="utf-8")
    for k in range(args.count) if args.only is None else args.only:
        start = time.perf_counter()
        judged_by = [page for page in made if of[page.id] == k]
        unseen = {page.site for page in judged_by}
        rest = [page for page in made + more if page.site not in unseen]
        arrays = train(rest, config, args.seed)
        (args.folds / f"{k}.npz").write_bytes(packed(arrays))
        score = np.mean([_f1(page, Model(arrays).probabilities(page.seen)) for page in judged_by])
        print(f"fold {k}: {score:.4f} in {time.perf_counter() - start:.0f} s", flush=True)
    if all((args.folds / f"{k}.npz").exists() for k in range(args.count)):
        calibrate(args.data, args.folds)


def calibrate(data: Path, path: Path) -> None:
    """Give each fold's model the confidence that the other folds earned."""
    found = judged(data, path)
    for k in range(int(found[:, 2].max()) + 1):
        with np.load(path / f"{k}.npz") as saved:
            arrays = dict(saved)
        arrays["confidence"] = confidence(found[found[:, 2] != k])
        (path / f"{k}.npz").write_bytes(packed(arrays))


def judged(data: Path, path: Path) -> NDArray[np.float64]:
    """Return (surety, word F1 of the text, fold) of each page of the WCXB file `data`.

    Each is judged by the model that saw no page of its site, as the engine does it.
    """
    of = json.loads((path / "folds.json").read_text(encoding="utf-8"))
    engines = {}
    for k in set(of.values()):
        with np.load(path / f"{k}.npz") as saved:
            engines[k] = Blocks(Options(), Model(dict(saved) | {"confidence": UNFITTED}))
    found = []
    for page in pages(data):
        if (k := of.get(page["id"])) is None:  # it has no blocks
            continue
        said = engines[k].extract(page["html"], page["url"])
        if said.confidence is not None:
            found.append((said.confidence, f1(said.text, page["gold_text"]), k))
    return np.array(found)


def f1(text: str, gold: str) -> float:
    """Return the F1 of the bags of words, 1 if both are empty."""
    said, wanted = Counter(words(text)), Counter(words(gold))
    both = said.total() + wanted.total()
    return 2 * (said & wanted).total() / both if both else 1.0


def confidence(found: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the steps of the isotonic curve through what `judged` found: mean surety, F1."""
    x = found[:, 0]
    fitted = IsotonicRegression(y_min=0, y_max=1).fit(x, found[:, 1]).predict(x)
    steps, of = np.unique(fitted, return_inverse=True)
    return np.stack([np.bincount(of, x) / np.bincount(of), steps])


def _f1(page: Example, chances: NDArray[np.float32]) -> float:
    """Return the word F1 by the labels of the blocks: an estimate, without rendering."""
    kept = np.zeros_like(page.counts)
    chosen = choose(chances, page.seen.page.size + 1)
    kept[chosen] = page.counts[chosen]
    if not page.gold or not kept.sum():
        return float(not page.gold and not kept.sum())
    return float(2 * (kept * page.labels).sum() / (kept.sum() + page.gold))


def packed(arrays: Arrays) -> bytes:
    """Return the arrays as a compressed ``.npz``, floats in half precision, the same each time."""
    small = {
        key: value.astype(np.float16) if value.dtype.kind == "f" else value
        for key, value in sorted(arrays.items())
    }
    for key in ("mean", "std", "page_mean", "page_std", "confidence"):
        small[key] = arrays[key].astype(np.float32)
    out = io.BytesIO()
    np.savez_compressed(out, **small)
    return out.getvalue()


def train(made: Sequence[Example], config: dict[str, Any], seed: int) -> Arrays:
    """Return all arrays of a model trained on `made`."""
    said = [np.zeros((len(page.labels), 3 + len(TYPES)), np.float32) for page in made]
    fold = folds([page.site for page in made], config["linear"]["folds"], seed + 1)
    for k in range(config["linear"]["folds"]):
        rest = [page for page, f in zip(made, fold, strict=True) if f != k]
        part = Model(linear(rest, config["linear"], seed) | types(rest, config["types"]))
        for i in np.flatnonzero(fold == k):
            said[i][:, :3] = part.linear(made[i].seen).T
            said[i][:, 3:] = part.types(made[i].seen if i % 3 else made[i].unlocated)
    arrays = linear(made, config["linear"], seed) | types(made, config["types"])
    arrays["confidence"] = UNFITTED
    unscaled = [
        inputs(page.seen.page.numbers, extra.T) for page, extra in zip(made, said, strict=True)
    ]
    everything = np.concatenate(unscaled)
    arrays["mean"] = everything.mean(axis=0)
    arrays["std"] = everything.std(axis=0) + 1e-3
    scaled = [
        np.clip((page - arrays["mean"]) / arrays["std"], -4, 4).astype(np.float32)
        for page in unscaled
    ]
    del everything, unscaled
    members = [
        network.fit(made, scaled, config["network"], seed + m)
        for m in range(config["network"]["members"])
    ]
    arrays |= {name: np.stack([member[name] for member in members]) for name in members[0]}
    assert _same(arrays, made[0], scaled[0], config["network"]), "NumPy and JAX differ"
    return arrays


def _same(
    arrays: Arrays, page: Example, scaled: NDArray[np.float32], config: dict[str, Any]
) -> bool:
    """Whether NumPy and JAX agree on `page`."""
    size = page.seen.page.size + 1
    raw = scaled * arrays["std"] + arrays["mean"]
    ours = Model(arrays).network(raw, size)
    theirs = []
    for m in range(config["members"]):
        weights = {name: arrays[name][m] for name in network.LAYERS}
        one = np.ones((1, len(size)), np.float32)
        z = network.forward(weights, scaled[None], size[None], one, None, config)
        theirs.append(1 / (1 + np.exp(-np.asarray(z[0]))))
    return bool(np.allclose(ours, np.mean(theirs, axis=0), atol=1e-3))


# ---- names and words ----------------------------------------------------------------------------


def _known(sets: Iterable[NDArray[np.uint32]], least: int) -> NDArray[np.uint32]:
    """Return the hashes that `least` pages have, in order."""
    every, pages = np.unique(np.concatenate([np.unique(said) for said in sets]), return_counts=True)
    return every[pages >= least]


def _matrix(rows: Sequence[Hashes], known: NDArray[np.uint32]) -> Any:
    """Return what each row of `rows`, one after the other, has of the `known`."""
    values = np.concatenate([some.values for some in rows])
    counts = np.concatenate([some.counts for some in rows])
    at = np.searchsorted(known, values).clip(max=len(known) - 1)
    has = known[at] == values
    of = np.repeat(np.arange(len(counts)), counts)[has]
    ends = np.concatenate([[0], np.cumsum(np.bincount(of, minlength=len(counts)))])
    ones = np.ones(int(has.sum()), np.float32)
    return sp.csr_matrix((ones, at[has], ends), shape=(len(counts), len(known)))


def linear(made: Sequence[Example], config: dict[str, Any], seed: int) -> Arrays:
    """Return the weights of names and words."""
    rng = np.random.RandomState(seed)
    tokens = _known((page.named.values for page in made), config["min_pages"])
    said = _known((page.said.values for page in made), config["min_pages"])
    parts, labels, weights = [], [], []
    for page in made:
        n = len(page.labels)
        take = np.arange(n)
        if n > config["blocks"]:
            take = np.sort(rng.choice(n, config["blocks"], replace=False))
        looks = _matrix([page.named], tokens)
        tree = page.seen.page.tree
        chain = tree.chain[take]
        near, far = (_around(c, tree) for c in (chain[:, :NEAR], chain[:, NEAR:]))
        own = _matrix([page.said], said)[take]
        parts.append(sp.hstack([near @ looks, far @ looks * 0.5, own]).tocsr())
        labels.append(page.labels[take] >= 0.5)
        weight = np.sqrt(page.counts) + 0.3
        weights.append((weight / weight.sum() ** 0.7)[take])
    weight = np.concatenate(weights)
    weight /= weight.mean()
    model = SGDClassifier(
        loss="log_loss", alpha=config["alpha"], max_iter=config["epochs"], tol=None, average=True,
        random_state=seed,
    )  # fmt: skip
    model.fit(sp.vstack(parts).tocsr(), np.concatenate(labels), sample_weight=weight)
    near, far, own = np.split(model.coef_[0].astype(np.float32), [len(tokens), 2 * len(tokens)])
    return {
        "token_hashes": tokens,
        "near": near,
        "far": far * 0.5,
        "word_hashes": said,
        "words": own,
    }


def _around(chain: NDArray[np.int64], tree: Tree) -> Any:
    """Return how often each look is among the elements of each row of `chain`."""
    rows = np.repeat(np.arange(len(chain)), chain.shape[1])
    at = chain.ravel()
    inner = at > 0  # the root says nothing
    ones = np.ones(int(inner.sum()), np.float32)
    columns = tree.look[at[inner]]
    return sp.csr_matrix((ones, (rows[inner], columns)), shape=(len(chain), len(tree.looks)))


# ---- page types ---------------------------------------------------------------------------------


def types(made: Sequence[Example], config: dict[str, Any]) -> Arrays:
    """Return the weights of the page types; each page is shown with and without its address."""
    made = [page for page in made if page.type is not None]
    located, unlocated = ([page.seen for page in made], [page.unlocated for page in made])
    hinted = [Hashes.of(page.hints for page in pages) for pages in (located, unlocated)]
    known = _known((np.array(page.hints, np.uint32) for page in located), config["min_pages"])
    numbers = np.stack([page.seen.page.numbers[0, OF_PAGE] for page in made])
    mean, std = numbers.mean(axis=0), numbers.std(axis=0) + 1e-3
    scaled = sp.csr_matrix(np.clip((numbers - mean) / std, -4, 4))
    shown = sp.hstack([_matrix(hinted, known), sp.vstack([scaled, scaled])]).tocsr()
    labels = np.array([page.type for page in made] * 2)
    model = LogisticRegression(C=config["strength"], max_iter=300)
    model.fit(shown, labels, sample_weight=np.full(len(labels), 0.5))
    weights = np.zeros((len(known) + len(OF_PAGE), len(TYPES)), np.float32)
    bias = np.full(len(TYPES), -9.0, np.float32)  # of types that no page has
    weights[:, model.classes_] = model.coef_.T
    bias[model.classes_] = model.intercept_
    return {
        "hint_hashes": known,
        "type_hints": weights[: len(known)],
        "type_numbers": weights[len(known) :],
        "type_bias": bias,
        "page_mean": mean,
        "page_std": std,
    }


if __name__ == "__main__":
    main()
