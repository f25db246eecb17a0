"""Which module ``fasttext`` is installed, and one way to ask a model that is right in all of them.

At least seven distributions install a module of that name and overwrite each other's files.
`installed` says whose files are in place, by the checksums that each noted when it was installed.

`Predictor` asks the compiled part line by line. Their ``predict`` for lists cannot be relied on:
fasttext-wheel 0.9.2 gives every label of a text the probability of the first, fasttext-predict
pairs labels with texts where it should not; and ``predict`` for a string raises on NumPy 2 in
fasttext 0.9.3 and fasttext-wheel. Asked this way, all of them give the same, as fast.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import re
from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions
from typing import Any

from webfilter.errors import ConfigError, MissingExtra

__all__ = ["Predictor", "claims", "installed", "open_model", "require"]

ADVICE = "pip install --force-reinstall fasttext-community"

_END = re.compile(r"(?<![^ \t\v\f\r\0])</s>(?![^ \t\v\f\r\0])")
"""The word at which fastText stops reading, as if the line ended there."""


def require(what: str) -> None:
    """Make sure that there is a module ``fasttext``, without importing it.

    Args:
        what: names in errors what needs it, such as ``language: model``.

    Raises:
        MissingExtra: there is none.
        ConfigError: a distribution claims to have installed it, but its files are gone: another
            one had overwritten them and was uninstalled.
    """
    if _there():
        return
    if claimed := claims():
        raise ConfigError(
            f"{what}: the module fasttext is gone, though {', '.join(claimed)} installed it: "
            f"another distribution's took its place and was uninstalled. Put it back: {ADVICE}"
        )
    raise MissingExtra(what, "fasttext")


def _there() -> bool:
    try:
        found = importlib.util.find_spec("fasttext")
    except (ImportError, ValueError):
        return False
    # a folder without __init__.py is what uninstalling sometimes leaves
    return found is not None and found.origin is not None


@lru_cache(maxsize=1)
def claims() -> tuple[str, ...]:
    """Return the distributions that say they installed the module ``fasttext``, with versions."""
    names = sorted(set(packages_distributions().get("fasttext", ())))
    return tuple(f"{name} {distribution(name).version}" for name in names)


@lru_cache(maxsize=1)
def installed() -> tuple[str, ...]:
    """Return the distribution whose module ``fasttext`` is in place, with its version.

    Where several claim it: the one whose noted checksums fit the compiled part and ``FastText.py``
    as they are on disk; all that claim it, where these fit none or differ.
    """
    claimed = claims()
    if len(claimed) > 1:
        fitting = tuple(claim for claim in claimed if _in_place(claim.rpartition(" ")[0]))
        if len(fitting) == 1:
            return fitting
    return claimed


def _in_place(name: str) -> bool:
    """Return whether the files that make the difference are those of the distribution `name`."""
    try:
        files = distribution(name).files or ()
    except PackageNotFoundError:
        return False
    parts = [
        file
        for file in files
        if str(file) == "fasttext/FastText.py"
        or ("fasttext_pybind" in file.name and file.suffix in (".so", ".pyd"))
    ]
    if not parts or any(file.hash is None for file in parts):
        return False
    for file in parts:
        assert file.hash is not None
        try:
            with open(str(file.locate()), "rb") as opened:
                raw = hashlib.file_digest(opened, file.hash.mode).digest()
        except (OSError, ValueError):
            return False
        if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != file.hash.value:
            return False
    return True


class Predictor:
    """A loaded model, asked for texts of one line each.

    Args:
        model: what a distribution's ``load_model`` returns.
    """

    def __init__(self, model: Any) -> None:
        self._ask = model.f.predict

    def predict(
        self, lines: Sequence[str], k: int = 1
    ) -> tuple[list[tuple[str, ...]], list[tuple[float, ...]]]:
        """Return the `k` likeliest labels of each line, and their probabilities.

        Args:
            lines: texts that can be encoded as UTF-8; a line end becomes a space, and so does the
                word ``</s>``, which is fastText's own line end: nothing after it would be read.
            k: how many; -1 is all.
        """
        labels, scores = [], []
        for line in lines:
            line = line.replace("\n", " ")
            if "</s>" in line:
                line = _END.sub(" ", line)
            found = self._ask(f"{line}\n", k, 0.0, "replace")
            labels.append(tuple(label for _, label in found))
            scores.append(tuple(score for score, _ in found))
        return labels, scores


def open_model(path: str, what: str) -> Predictor:
    """Return the model in a file that has been checked, after a first prediction.

    Raises:
        ConfigError, MissingExtra: see `require`; or the module cannot load or ask the file.
    """
    require(what)
    try:
        import fasttext.FastText

        # load_model of older distributions prints a warning to stderr; the class does not
        model = Predictor(fasttext.FastText._FastText(model_path=path))
        model.predict(["one line"])
    except Exception as error:
        claimed = claims()
        from_ = ", ".join(installed()) or "an unknown distribution"
        many = f" ({len(claimed)} distributions overwrite it: {', '.join(claimed)})"
        raise ConfigError(
            f"{what} = {path!r} does not load or predict ({type(error).__name__}: {error}); the "
            f"module fasttext is that of {from_}{many if len(claimed) > 1 else ''}; a good one: "
            f"{ADVICE}"
        ) from error
    return model
