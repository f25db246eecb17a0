"""Takes wrongly labelled web excerpts out of the training data, by models that have not seen them.

Web excerpts were labelled by a machine, and for small languages often wrongly: Italian shop lists
under Venetian, English under Buginese. Left in, they teach the model to doubt its English. Each
half of the excerpts is read by a small model trained on the other half and on the trusted sources
(sentences and declarations); an excerpt goes where that model is sure of another label.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from data import Example
from fit import fit, matrix, probabilities

from webfilter.language.features import Characters

__all__ = ["clean"]

Rows = Callable[[Mapping[str, Sequence[Example]]], list[tuple[str, str]]]


def clean(
    by: Mapping[str, Sequence[Example]],
    rows: Rows,
    characters: Characters,
    settings: Mapping[str, Any],
) -> tuple[dict[str, list[Example]], dict[str, int]]:
    """Return the examples without the wrongly labelled, and how many went, by label.

    Args:
        by: examples by label; only those of `hplt2_weak` are judged.
        rows: makes training pairs (label, text).
        characters: the character tables.
        settings: `sure` (least probability of another label), `own` (greatest of the given one)
            and `model` (what `fit` takes).
    """
    bad: set[int] = set()
    for half in (0, 1):
        kept = {
            label: [e for e in found if e.source != "hplt2_weak" or _half(e) == half]
            for label, found in by.items()
        }
        pairs = rows({label: found for label, found in kept.items() if found})
        names = sorted({label for label, _ in pairs})
        place = {name: number for number, name in enumerate(names)}
        labels = np.array([place[label] for label, _ in pairs])
        model = fit([text for _, text in pairs], labels, len(names), characters,
                    settings["model"], lambda said: None)  # fmt: skip
        for label, found in by.items():
            judged = [e for e in found if e.source == "hplt2_weak" and _half(e) != half]
            if not judged:
                continue
            shares = probabilities(model, matrix([e.text for e in judged], characters, model.kept))
            own = shares[:, place[label]] if label in place else np.zeros(len(judged))
            wrong = (shares.max(axis=1) > settings["sure"]) & (own < settings["own"])
            bad.update(id(e) for e, w in zip(judged, wrong, strict=True) if w)
    kept = {label: [e for e in found if id(e) not in bad] for label, found in by.items()}
    gone = Counter({label: len(by[label]) - len(kept[label]) for label in by})
    return kept, {label: n for label, n in gone.most_common() if n}


def _half(example: Example) -> int:
    return hashlib.sha256(example.text.encode()).digest()[-1] % 2
