"""How many tokens a text has: by your tokenizer, or estimated from its bytes."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence, Sized
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from webfilter.document import Document, Value
from webfilter.errors import ConfigError
from webfilter.stage import Filter, Rule, Signal

__all__ = ["ESTIMATED", "Tokenizer", "Tokens", "estimated_tokens"]

ESTIMATED = Signal("tokens", "int", "Tokens, estimated: one for 4.5 bytes of UTF-8", "tokens", 0)
"""The signal where nobody gave a tokenizer."""
_COUNTED = Signal("tokens", "int", "Tokens, counted by the tokenizer given", "tokens", 0)


@runtime_checkable
class Tokenizer(Protocol):
    """What `Tokens` takes beside a function: an object that encodes a text into a sequence.

    So are the encodings of tiktoken, the tokenizers of Hugging Face (``tokenizers`` and
    ``transformers``) and the processors of sentencepiece.
    """

    def encode(self, text: str) -> Sized:
        """Return the tokens of `text`."""


def estimated_tokens(text: str) -> int:
    """Return about how many tokens `text` has: its bytes in UTF-8 by 4.5, rounded up.

    On English web text and textbooks, totals are within 5 % of BPE vocabularies of 50,000, 100,000
    and 200,000 tokens, and single documents are off by 7 to 11 % in the mean. In other languages
    and scripts it depends on the vocabulary: the estimate of a language is between .23 and 1.74 of
    the real number, in the middle .5 to .73 (``benchmarks/tokens.py``).

    >>> estimated_tokens("Water boils at 100 °C.")
    6
    """
    size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
    return -(-2 * size // 9)


@dataclass(frozen=True)
class Tokens(Filter):
    """Measure the tokens of each document; with limits, drop what is too short or too long.

    `TokenBudget` and `Tiers` sum this signal, so put it before them, with the tokenizer of the
    model that you train. Without one it is the estimate of `estimated_tokens`, good for budgets of
    English text; a tokenizer takes a hundred times as long.

    A recipe cannot hold a tokenizer. Special tokens that a tokenizer adds to every text (such as
    those of ``transformers``) count; of tiktoken's encodings ``encode_ordinary`` is asked, so that
    a page which says ``<|endoftext|>`` is like others. Lone surrogates are counted as U+FFFD.

    Raises:
        ConfigError: `tokenizer` is neither a function nor has `encode`, or a limit is below 0.

    >>> Tokens().measure(Document("a", "Water boils at 100 °C."))
    {'tokens': 6}
    >>> Tokens(lambda text: len(text.split())).measure(Document("a", "Water boils at 100 °C."))
    {'tokens': 5}
    """

    tokenizer: Callable[[str], int] | Tokenizer | None = None
    """A function from a text to its number of tokens, or an object with ``encode``; None: estimate.
    An object that has ``encode`` is asked for that, even where it can be called."""
    min_tokens: int | None = None
    """Least tokens."""
    max_tokens: int | None = None
    """Most tokens."""

    def __post_init__(self) -> None:
        super().__post_init__()
        given = self.tokenizer
        if given is not None and not _usable(given):
            raise ConfigError(
                f"{self.name}: tokenizer = {given!r} does not fit; it takes a function from a text "
                "to a number, an object with encode, or None for an estimate"
            )
        for key in ("min_tokens", "max_tokens"):
            limit = getattr(self, key)
            if limit is not None and limit < 0:
                raise ConfigError(f"{self.name}: {key} = {limit} is below 0")

    @property
    def measures(self) -> tuple[Signal, ...]:  # type: ignore[override]
        """The signal ``tokens``."""
        return (ESTIMATED if self.tokenizer is None else _COUNTED,)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The limits that are not None."""
        if self.min_tokens is None and self.max_tokens is None:
            return ()
        return (Rule("tokens", ge=self.min_tokens, le=self.max_tokens),)

    @property
    def artifacts(self) -> Mapping[str, str]:
        """What the tokenizer is called."""
        return {} if self.tokenizer is None else {"tokenizer": _called(self.tokenizer)}

    def measure(self, doc: Document) -> Mapping[str, Value]:
        """Return the number of tokens.

        Raises:
            TypeError, ValueError: the function returned no whole number of 0 or more.
        """
        if self.tokenizer is None:
            return {"tokens": estimated_tokens(doc.text)}
        return {"tokens": _counted(self.tokenizer, _encodable(doc.text))}


def _usable(given: Any) -> bool:
    if isinstance(given, (type, str)):  # they have what it takes, and mean something else
        return False
    return callable(given) or callable(getattr(given, "encode", None))


def _encode(given: Any) -> Callable[[str], Sized] | None:
    """Return what makes tokens of a text, where `given` is an object that does."""
    found = getattr(given, "encode_ordinary", None) or getattr(given, "encode", None)
    return found if callable(found) else None


def _counted(given: Any, text: str) -> int:
    encode = _encode(given)
    if encode is not None:
        return len(encode(text))
    said = given(text)
    if isinstance(said, bool):
        raise TypeError("the tokenizer returned a bool; it must return the number of tokens")
    count = operator.index(said)  # NumPy's integers too
    if count < 0:
        raise ValueError(f"the tokenizer returned {count} tokens")
    return count


def _encodable(text: str) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _called(given: Any) -> str:
    kind = given if hasattr(given, "__qualname__") else type(given)
    own: Sequence[Any] = [getattr(given, key, None) for key in ("name", "name_or_path")]
    said = next((name for name in own if isinstance(name, str) and name), "")
    return f"{kind.__module__}.{kind.__qualname__} {said}".rstrip()
