"""Which texts must stay together when folds are made: `domain` of a URL, or a group as given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt

from webfilter.errors import ConfigError
from webfilter.score.fit import key

__all__ = ["domain", "grouped"]


def domain(url: str) -> str:
    """Return about the registered domain of `url`: two labels, three where the last are short.

    >>> domain("https://www.example.co.uk/a"), domain("http://me.blogspot.com/")
    ('example.co.uk', 'blogspot.com')
    """
    try:
        host = urlsplit(url).hostname or url
    except ValueError:  # such as "http://[": no host to be had
        return url
    labels = host.split(".")
    keep = 3 if len(labels[-1]) == 2 and len(labels) > 2 and len(labels[-2]) <= 3 else 2
    return ".".join(labels[-keep:])


def grouped(
    groups: Sequence[Any] | npt.NDArray[Any] | None, texts: Sequence[str]
) -> npt.NDArray[np.str_]:
    """Return one group a text: the domain of a URL, anything else as it is.

    Equal texts are one group where `groups` is None, and so is a text whose group is None or NaN
    (or NA of pandas).

    Raises:
        ConfigError: `groups` is one text, or of another length than `texts`, or holds arrays.

    >>> grouped(["http://www.a.example/1", "book"], ["one", "two"]).tolist()
    ['a.example', 'book']
    """
    if groups is None:
        return np.array([key(text) for text in texts])
    if isinstance(groups, str):
        raise ConfigError(f"training: groups = {groups!r} is one text: a list is needed")
    found = list(groups)
    if len(found) != len(texts):
        raise ConfigError(f"training: {len(found)} groups for {len(texts)} texts: one a text")
    return np.array(
        [
            key(text) if _missing(group) else _group(str(group))
            for group, text in zip(found, texts, strict=True)
        ]
    )


def _missing(group: Any) -> bool:
    """Return whether it is None, NaN, or NA of pandas, which is neither equal nor unequal."""
    try:
        return group is None or bool(group != group)
    except TypeError:
        return True
    except ValueError:  # an array is neither
        raise ConfigError(
            "training: a group is an array of values: give one value a text"
        ) from None


def _group(group: str) -> str:
    # what cannot be told apart in an array of NumPy, which drops NUL at the end, is kept apart
    safe = group.encode("unicode_escape").decode("ascii") if not group.isprintable() else group
    return domain(safe) if "://" in safe else safe
