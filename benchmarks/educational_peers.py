"""Scorers that `educational.py` measures beside ours: what a day's work would give anybody.

Each has `fit(texts, labels)` and `predict(texts)`; labels are the column `educational`, 0-5. None
is tuned to the data beyond the usual choices, which are written here.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def _words_and_letters() -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_union

    common: dict[str, Any] = {"sublinear_tf": True, "min_df": 3, "dtype": np.float32}
    return make_union(
        TfidfVectorizer(ngram_range=(1, 2), max_features=200_000, **common),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), max_features=200_000, **common),
    )


class Ridge:
    """TF-IDF of words, pairs of words and 3-5 letters, and ridge regression."""

    def fit(self, texts: list[str], labels: Floats) -> Ridge:
        """Train."""
        from sklearn.linear_model import Ridge as Regression
        from sklearn.pipeline import make_pipeline

        self.model = make_pipeline(_words_and_letters(), Regression(1.0, solver="sparse_cg"))
        self.model.fit(texts, labels)
        return self

    def predict(self, texts: list[str]) -> Floats:
        """Score."""
        return np.clip(self.model.predict(texts), 0.0, 5.0)


class Logistic:
    """TF-IDF of words and pairs, logistic regression on rounded labels, the expected class."""

    def fit(self, texts: list[str], labels: Floats) -> Logistic:
        """Train."""
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline

        words = TfidfVectorizer(
            ngram_range=(1, 2), sublinear_tf=True, min_df=3, max_features=100_000
        )
        self.model = make_pipeline(words, LogisticRegression(C=10.0, max_iter=200, tol=1e-3))
        self.model.fit(texts, np.floor(labels + 0.5).astype(int))
        return self

    def predict(self, texts: list[str]) -> Floats:
        """Score."""
        expected: Floats = self.model.predict_proba(texts) @ self.model.classes_
        return expected


class FastText:
    """fastText supervised on rounded labels (words and pairs, lower case), the expected class."""

    def fit(self, texts: list[str], labels: Floats) -> FastText:
        """Train; one thread, so that it comes out the same again."""
        import fasttext

        whole = np.floor(labels + 0.5).astype(int)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "train.txt")
            lines = (f"__label__{y} {self.line(t)}\n" for t, y in zip(texts, whole, strict=True))
            path.write_text("".join(lines), "utf-8")
            self.model = fasttext.train_supervised(
                str(path), lr=0.5, epoch=25, wordNgrams=2, dim=50, minCount=2, bucket=200_000,
                thread=1, verbose=0, seed=0,
            )  # fmt: skip
        return self

    def predict(self, texts: list[str]) -> Floats:
        """Score."""
        labels, values = self.model.predict([self.line(text) for text in texts], k=-1)
        return np.array(
            [
                sum(int(name[9:]) * p for name, p in zip(names, ps, strict=True))
                for names, ps in zip(labels, values, strict=True)
            ]
        )

    @staticmethod
    def line(text: str) -> str:
        """Return `text` as fastText reads it."""
        clean = text.encode("utf-8", "replace").decode("utf-8")
        return " ".join(clean.replace("\0", " ").lower().split())


PEERS = {
    "TF-IDF words, letters + ridge": Ridge,
    "TF-IDF words + logistic regression": Logistic,
    "fastText supervised": FastText,
}
