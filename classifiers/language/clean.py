"""Takes wrongly labelled web excerpts out of the training data, by models that have not seen them.

Web excerpts were labelled by a machine, and for small languages often wrongly: Italian shop lists
under Venetian, English under Buginese. Left in, they teach the model to doubt its English. Each
half of the excerpts is read by a small model trained on the other half and on the trusted sources
(sentences and declarations); an excerpt goes where that model is sure of another label.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from data import Example

from webfilter.language.prepare import prepare

__all__ = ["clean"]

Lines = Callable[[Mapping[str, Sequence[Example]]], list[str]]


def clean(
    by: Mapping[str, Sequence[Example]], lines: Lines, settings: Mapping[str, Any]
) -> tuple[dict[str, list[Example]], dict[str, int]]:
    """Return the examples without the wrongly labelled, and how many went, by label.

    Args:
        by: examples by label; only those of `hplt2_weak` are judged.
        lines: makes training lines for fastText.
        settings: `sure` (least probability of another label), `own` (greatest of the given one)
            and `model` (fastText's arguments).
    """
    bad: set[int] = set()
    for half in (0, 1):
        kept = {
            label: [e for e in found if e.source != "hplt2_weak" or _half(e) == half]
            for label, found in by.items()
        }
        model = _train(lines({label: found for label, found in kept.items() if found}), settings)
        for label, found in by.items():
            judged = [e for e in found if e.source == "hplt2_weak" and _half(e) != half]
            names, scores = model.predict([prepare(e.text) for e in judged], k=5)
            for example, top, values in zip(judged, names, scores, strict=True):
                of = dict(
                    zip((name.removeprefix("__label__") for name in top), values, strict=True)
                )
                best = max(of, key=of.__getitem__, default=label)
                if (
                    best != label
                    and of[best] > settings["sure"]
                    and of.get(label, 0) < settings["own"]
                ):
                    bad.add(id(example))
    kept = {label: [e for e in found if id(e) not in bad] for label, found in by.items()}
    gone = Counter({label: len(by[label]) - len(kept[label]) for label in by})
    return kept, {label: n for label, n in gone.most_common() if n}


def _half(example: Example) -> int:
    return hashlib.sha256(example.text.encode()).digest()[-1] % 2


def _train(lines: Sequence[str], settings: Mapping[str, Any]) -> Any:
    import fasttext

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.txt"
        path.write_text("".join(lines), "utf-8")
        return fasttext.train_supervised(str(path), thread=1, verbose=0, **settings["model"])
