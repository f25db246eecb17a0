"""The network over the blocks of a page, trained for the word F1 of the page (JAX).

`webfilter/extract/blocks/model.py` has the same in NumPy for use; train.py compares the two.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from data import Example
from numpy.typing import NDArray

from webfilter.extract.blocks.model import DILATIONS, LAYERS

__all__ = ["LAYERS", "fit", "forward"]

Floats = NDArray[np.float32]
_BATCH = 16


def _start(key: Any, inputs: int, h: int) -> dict[str, Any]:
    keys = jax.random.split(key, 8)

    def weights(key: Any, rows: int, columns: int, scale: float) -> Any:
        return jax.random.normal(key, (rows, columns)) * scale * np.sqrt(1.6 / rows)

    p = {"w1": weights(keys[0], inputs, h, 1.0), "b1": jnp.zeros(h)}
    for i in range(len(DILATIONS)):
        p[f"c{i}"], p[f"cb{i}"] = weights(keys[1 + i], 3 * h, h, 0.5), jnp.zeros(h)
    p |= {"wa": jnp.zeros((h, 1)), "wg": weights(keys[4], 3 * h, h, 0.5), "bg": jnp.zeros(h)}
    p |= {"w2": weights(keys[5], h, h, 1.0), "b2": jnp.zeros(h)}
    return p | {"wo": weights(keys[6], h, 1, 0.3), "bo": jnp.zeros(1)}


def _moved(h: Any, by: int) -> Any:
    if by > 0:
        return jnp.pad(h, ((0, 0), (by, 0), (0, 0)))[:, :-by]
    return jnp.pad(h, ((0, 0), (0, -by), (0, 0)))[:, -by:]


def forward(p: Any, x: Any, size: Any, mask: Any, key: Any, config: dict[str, Any]) -> Any:
    """Return the logits (pages x blocks); `key` None: as in use, without dropout."""

    def drop(h: Any, place: int) -> Any:
        if key is None:
            return h
        stay = 1 - config["dropout"]
        return h * jax.random.bernoulli(jax.random.fold_in(key, place), stay, h.shape) / stay

    if key is not None:
        shape = (x.shape[0], 1, x.shape[2])
        x = x * jax.random.bernoulli(jax.random.fold_in(key, 99), config["inputs"], shape)
    on = mask[..., None]
    h = drop(jax.nn.relu(x @ p["w1"] + p["b1"]) * on, 0)
    for i, by in enumerate(DILATIONS):
        around = jnp.concatenate([_moved(h, by), h, _moved(h, -by)], axis=-1)
        h = drop((h + jax.nn.relu(around @ p[f"c{i}"] + p[f"cb{i}"])) * on, 1 + i)
    a = jnp.where(mask > 0, (h @ p["wa"])[..., 0] + jnp.log1p(size), -1e9)
    shares = [jax.nn.softmax(a, axis=1), mask / mask.sum(1, keepdims=True)]
    shares.append(size * mask / (size * mask).sum(1, keepdims=True))
    g = jnp.concatenate([(h * share[..., None]).sum(1) for share in shares], axis=-1)
    g = jax.nn.relu(g @ p["wg"] + p["bg"])
    h = drop(jax.nn.relu((h + g[:, None]) @ p["w2"] + p["b2"]), 7)
    return (h @ p["wo"] + p["bo"])[..., 0]


def _loss(p: Any, batch: Any, key: Any, config: dict[str, Any]) -> Any:
    x, size, mask, labels, counts, gold = batch
    z = forward(p, x, size, mask, key, config)
    kept = jax.nn.sigmoid(z) * counts
    f1 = 2 * (kept * labels).sum(1) / (kept.sum(1) + jnp.maximum(gold, 1))
    f1 = jnp.where(gold > 0, f1, jnp.exp(-kept.sum(1) / 50))  # nothing wanted: the less the better
    weight = (jnp.sqrt(counts) + 0.3) * mask
    weight = weight / weight.sum(1, keepdims=True)
    likelihood = (weight * (jax.nn.softplus(z) - labels * z)).sum(1)
    return (1 - f1 + config["likelihood"] * likelihood).mean()


def _batches(lengths: list[int], most: int, rng: Any) -> list[tuple[int, int, NDArray[np.int64]]]:
    """Return (padded length, pages, which): pages of like length together, in random order."""
    by_length = defaultdict(list)
    for i, n in enumerate(lengths):
        by_length[max(64, 1 << (min(n, most) - 1).bit_length())].append(i)
    out = []
    for length, which in by_length.items():
        rng.shuffle(which)
        size = max(1, min(_BATCH, _BATCH * 256 // length))
        out += [
            (length, size, np.array(which[at : at + size])) for at in range(0, len(which), size)
        ]
    rng.shuffle(out)
    return out


def _pack(
    length: int, size: int, which: Any, made: Sequence[Example], inputs: list[Floats], rng: Any
) -> tuple[Floats, ...]:
    x = np.zeros((size, length, inputs[0].shape[1]), np.float32)
    sizes, mask, labels, counts = (np.zeros((size, length), np.float32) for _ in range(4))
    gold = np.zeros(size, np.float32)
    for row, i in enumerate(which):
        page, n = made[i], min(len(inputs[i]), length)
        at = rng.randint(0, len(inputs[i]) - n + 1)
        part = slice(at, at + n)
        x[row, :n], mask[row, :n] = inputs[i][part], 1
        sizes[row, :n] = page.seen.page.size[part] + 1
        labels[row, :n], counts[row, :n] = page.labels[part], page.counts[part]
        cropped = n < len(inputs[i])
        gold[row] = (page.labels[part] * page.counts[part]).sum() if cropped else page.gold
    mask[len(which) :, 0] = 1e-6
    sizes[len(which) :] = 1
    return x, sizes, mask, labels, counts, gold


@cache
def _stepper(settings: tuple[tuple[str, float], ...]) -> tuple[Any, Any]:
    """Return the optimizer and its step, compiled once for all networks of these `settings`."""
    config = dict(settings)
    optimizer = optax.chain(
        optax.clip_by_global_norm(1.0),
        optax.scale_by_adam(),
        optax.add_decayed_weights(config["decay"]),
    )

    @jax.jit
    def step(p: Any, state: Any, batch: Any, key: Any, rate: Any) -> tuple[Any, Any]:
        slope = jax.grad(_loss)(p, batch, key, config)
        updates, state = optimizer.update(slope, state, p)
        return jax.tree.map(lambda value, change: value - rate * change, p, updates), state

    return optimizer, step


def fit(
    made: Sequence[Example], inputs: list[Floats], config: dict[str, Any], seed: int
) -> dict[str, Floats]:
    """Return the weights of one network for scaled `inputs`, one array (blocks x inputs) a page.

    Readers have other habits than annotators, so training has an input more: whether a reader gave
    the labels. In use it is 0, and its weights are left out.
    """
    inputs = [
        np.pad(page, ((0, 0), (0, 1)), constant_values=one.by_reader)
        for one, page in zip(made, inputs, strict=True)
    ]
    rng = np.random.RandomState(seed)
    lengths = [len(page) for page in inputs]
    key = jax.random.PRNGKey(seed)
    p = _start(key, inputs[0].shape[1], config["hidden"])
    steps = config["epochs"] * len(_batches(lengths, config["blocks"], np.random.RandomState(0)))
    schedule = optax.cosine_decay_schedule(config["rate"], steps)
    optimizer, step = _stepper(tuple(sorted(config.items())))
    state = optimizer.init(p)
    count = 0
    for _ in range(config["epochs"]):
        for length, size, which in _batches(lengths, config["blocks"], rng):
            count += 1
            batch = _pack(length, size, which, made, inputs, rng)
            rate = schedule(count - 1)
            p, state = step(p, state, batch, jax.random.fold_in(key, count), rate)
    found = {name: np.asarray(values) for name, values in p.items()}
    return found | {"w1": found["w1"][:-1]}
