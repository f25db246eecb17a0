"""Synthetic texts with known labels: the more a text teaches, the more words of teaching it has."""

from __future__ import annotations

import random

TEACH = ("because", "therefore", "energy", "equation", "explains", "example", "theorem", "suppose")
SELL = ("cart", "buy", "sale", "discount", "shipping", "checkout", "price", "offer", "subscribe")
COMMON = ("the", "of", "and", "to", "in", "is", "that", "for", "it", "on", "with", "as", "this")


def lesson(label: float, rng: random.Random, size: int = 60) -> str:
    """Return a text; a label of 0 only sells, one of 5 only teaches."""
    words = (
        COMMON if rng.random() < 0.4 else TEACH if rng.random() * 5 < label else SELL
        for _ in range(size)
    )  # fmt: skip
    return " ".join(rng.choice(kind) for kind in words)


def lessons(
    count: int, seed: int = 0, size: int = 60, noise: float = 0.0
) -> tuple[list[str], list[float]]:
    """Return texts and labels 0-5; `noise` is the standard deviation of what labels are off by."""
    rng = random.Random(seed)
    truths = [i % 6 for i in range(count)]
    texts = [lesson(truth, rng, size) for truth in truths]
    labels = [min(5.0, max(0.0, truth + rng.gauss(0, noise))) if noise else float(truth)
              for truth in truths]  # fmt: skip
    return texts, labels


HOSTILE = (
    "", " \n\t\u00a0", "\x00", "\ud800" * 300, "word " * 200_000, "x" * 1_000_000, "\u202eabc",
    "😀" * 500, "123 456 " * 90, "يغلي الماء عند مئة درجة", "\n" * 5_000,
)  # fmt: skip
