"""The errors webfilter raises, as one tree.

::

    WebfilterError
    ├── ConfigError          a stage, rule or recipe that cannot be built   (also a ValueError)
    │   └── UnknownName      a stage, key, signal or language nobody knows; has a near match
    ├── MissingExtra         an optional dependency is not installed         (also an ImportError)
    ├── SourceError          an input that cannot be opened or has no pages (also an OSError)
    ├── OutputError          an output that cannot be written                (also an OSError)
    ├── DocumentError        a document whose fields have the wrong type     (also a ValueError)
    └── RunError             the run broke a promise (a worker would not start, counts differ)

What can be told before any work starts is raised then. Later come `RunError`, and `SourceError` and
`OutputError` where a file goes away or a disk fills up. What goes wrong with *one document* while a
pipeline runs is never raised: it becomes a failed document whose verdict holds the reason.
"""

from __future__ import annotations

import difflib
import errno
from collections.abc import Iterable

__all__ = [
    "ConfigError",
    "DocumentError",
    "MissingExtra",
    "OutputError",
    "RunError",
    "SourceError",
    "UnknownName",
    "WebfilterError",
    "because",
]


class WebfilterError(Exception):
    """Base of everything that webfilter raises on purpose."""


class ConfigError(WebfilterError, ValueError):
    """A stage, rule or recipe cannot be built from what was given."""


class UnknownName(ConfigError):
    """A name that nobody knows, with the nearest known one.

    Args:
        what: the kind of thing, such as ``"stage"`` or ``"key of gopher_quality"``.
        name: what was asked for.
        known: the names that exist.

    >>> str(UnknownName("stage", "gofer_quality", ["gopher_quality", "minhash"]))
    "unknown stage 'gofer_quality': did you mean 'gopher_quality'?"
    """

    def __init__(self, what: str, name: str, known: Iterable[str]) -> None:
        names = sorted(set(known))
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names) or 'none'}"
        super().__init__(f"unknown {what} {name!r}: {hint}")
        self.name: str = name
        """What was asked for."""
        self.near: str | None = near[0] if near else None
        """The nearest name that exists; None where none is near."""


class MissingExtra(WebfilterError, ImportError):
    """An optional dependency is needed and not installed.

    >>> str(MissingExtra("lz4 files", "lz4"))
    'lz4 files: needs an optional dependency; install it with: pip install "webfilter[lz4]"'
    """

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(
            f"{what}: needs an optional dependency; install it with: "
            f'pip install "webfilter[{extra}]"'
        )
        self.extra: str = extra
        """What to install, as it stands in the brackets."""


class SourceError(WebfilterError, OSError):
    """An input cannot be opened, or there are no pages in it."""


class OutputError(WebfilterError, OSError):
    """An output cannot be written."""


class DocumentError(WebfilterError, ValueError):
    """A document's fields do not have the types that `Document` declares."""


class RunError(WebfilterError):
    """The run broke a promise of its own: report it, it is a bug or a broken machine."""


_FULL = "make room there"
_CLOSED = "give a place that you may write to"
_FIX = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EACCES: _CLOSED,
    errno.EPERM: _CLOSED,
    errno.EROFS: _CLOSED,
}


def because(error: BaseException, fix: str = "") -> str:
    """Return why something cannot be written, and what to do: `fix`, or what follows from why.

    >>> because(OSError(errno.ENOSPC, "No space left on device"))
    'No space left on device; make room there'
    """
    why = getattr(error, "strerror", None) or str(error) or type(error).__name__
    fix = fix or _FIX.get(getattr(error, "errno", None) or 0, "")
    return f"{why}{fix and '; '}{fix}"
