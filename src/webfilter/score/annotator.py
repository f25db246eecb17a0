"""Labels for training from any OpenAI-compatible endpoint: `Annotator`.

It shows excerpts to a language model with a rubric, and takes nothing but allowed scores for an
answer. Answers are cached by content, so a run that was cut off goes on where it was, and the same
run again costs nothing and gives the same rows. Whatever happens to an excerpt, there is a row for
it: with scores, or with the reason why not.

What it does not do: choose what to label (`select` does), say whether the reader is right
(`Annotations.agreement` with labels of people does), or run a model.
"""

from __future__ import annotations

import hashlib
import math
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from webfilter.config import AnyPath, conform
from webfilter.document import Document
from webfilter.errors import ConfigError
from webfilter.score.annotation.annotations import Annotations
from webfilter.score.annotation.cache import Cache
from webfilter.score.annotation.chat import address, tokens_of
from webfilter.score.annotation.prompt import messages, sendable
from webfilter.score.annotation.rows import Annotation, Cost, Reading
from webfilter.score.annotation.rubric import Rubric
from webfilter.score.annotation.session import Reader, Session, Settings
from webfilter.score.annotation.waits import Clock, Stopped
from webfilter.score.windows import windows

__all__ = ["Annotator"]

_AHEAD = 8  # excerpts under way for each thread: one that waits does not hold up the others
_LONGEST = 1e9  # seconds: no system waits much longer
_OURS = frozenset(("model", "messages", "response_format", "stream", "n"))
_CLOCK = Clock()


@dataclass(frozen=True)
class Annotator:
    """Ask a language model to score texts by a rubric.

    Faults are met where they occur: 429 (with ``Retry-After`` or without) slows all threads, 5xx,
    timeouts and broken connections are tried again with growing pauses, an answer that is not
    exactly the rubric's scores is asked for once more with what was wrong, a text that the endpoint
    refuses fails alone. A wrong key, model or address ends the run at once.

    The key is read from the environment when the first question is asked. It is in no field, so in
    no repr, pickle, cache or message.

    Raises:
        ConfigError: a field does not fit, or fields do not go together.

    >>> annotator = Annotator("http://localhost:8000/v1", "some-model", readers=2)
    >>> annotator.estimate(["Water boils at 100 degrees.", ""]).questions
    2
    """

    endpoint: str
    """Where the API is, such as ``https://api.openai.com/v1`` or ``http://localhost:8000/v1``."""
    model: str | tuple[str, ...]
    """Name of the model; of several, each reads every excerpt."""
    rubric: Rubric = field(default_factory=lambda: Rubric.packaged("educational"))
    """What to judge by."""
    key_env: str | None = None
    """Name of the environment variable that holds the API key; None sends none."""
    readers: int = 1
    """How often each model is asked. At temperature 0 a model mostly repeats itself: for its noise
    ask above 0, for a second opinion ask another model."""
    max_chars: int = 1_000
    """Longest excerpt, in characters: a text is cut as `Educational` cuts it, into windows."""
    windows: int = 1
    """Most excerpts of a text: 1 is its beginning, more are spread over it evenly."""
    temperature: float | None = 0.0
    """None does not send it: some models refuse to be told."""
    seed: int | None = 0
    """Of the first reader, the next have the numbers that follow; None does not send it."""
    max_tokens: int | None = 1_000
    """Longest answer; models that think aloud need thousands. None does not send it."""
    max_tokens_name: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """What the endpoint calls it."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Further fields of each request, as JSON data, such as ``{"reasoning_effort": "low"}``."""
    json_schema: bool = True
    """Send the rubric as ``response_format``, which keeps most models to the form. An endpoint that
    refuses it is asked without."""
    concurrency: int = 8
    """Most requests at once; fewer after the endpoint asked for a rest."""
    timeout: float = 120.0
    """Seconds to wait for an answer."""
    retries: int = 6
    """How often a question is asked again after faults of the endpoint or the network."""
    corrections: int = 1
    """How often it is asked again after an answer that cannot be used."""
    max_wait: float = 600.0
    """Longest pause that an endpoint may ask for, in seconds; a question fails if it wants more."""
    stop_after: int | None = 20
    """Ask nothing more after so many failures of the endpoint in a row; None goes on."""
    prices: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """By model, the price of a million tokens of input and of output, in any currency."""
    budget: float | None = None
    """Most to spend in one run, at `prices`: a question that might exceed it is not asked."""
    cache: AnyPath | None = None
    """Folder of answers, shared between runs; None keeps none. The endpoint is no part of what an
    answer is kept under, so give other models other names."""
    clock: Any = field(default=_CLOCK, repr=False, compare=False)
    """For tests: a `webfilter.score.annotation.waits.Clock`."""

    def __post_init__(self) -> None:
        conform(self, "annotator")
        address(self.endpoint)
        if self.key_env is not None and not _names_variable(self.key_env):
            raise ConfigError(
                "annotator: key_env takes the name of an environment variable, such as "
                "OPENAI_API_KEY, and what was given does not look like one; if it is the key "
                "itself, put it into a variable"
            )
        models = self.models
        if not all(models) or not models or len(set(models)) < len(models):
            raise _misfit("model", self.model, "a name, or several different ones")
        least = {"readers": 1, "max_chars": 1, "windows": 1, "concurrency": 1, "retries": 0}
        least |= {"corrections": 0, "stop_after": 1, "max_tokens": 1}
        for name, low in least.items():
            value = getattr(self, name)
            if value is not None and value < low:
                raise _misfit(name, value, f"a number of at least {low}")
        for name in ("timeout", "max_wait"):
            if not 0 < getattr(self, name) <= _LONGEST:
                raise _misfit(name, getattr(self, name), f"seconds above 0, up to {_LONGEST:g}")
        if self.budget is not None and not 0 < self.budget < math.inf:
            raise _misfit("budget", self.budget, "a number above 0")
        if self.temperature is not None and not 0 <= self.temperature < math.inf:
            raise _misfit("temperature", self.temperature, "a number of at least 0, or None")
        try:
            Cache.key(self.extra)
        except (TypeError, ValueError):
            raise _misfit("extra", self.extra, "JSON data") from None
        taken = sorted(_OURS & set(self.extra))
        if taken:
            raise ConfigError(f"annotator: extra has {taken[0]!r}, which the annotator sets itself")
        self._check_money()

    @property
    def models(self) -> tuple[str, ...]:
        """The models that read, in order."""
        return (self.model,) if isinstance(self.model, str) else self.model

    def annotate(self, items: Iterable[str | Document]) -> Annotations:
        """Return the annotations of `items`, all in memory; see `stream` for more than fit.

        Raises:
            ConfigError: the key is missing, or the endpoint refuses key, model or address.
            OutputError: the cache cannot be read or written.
        """
        return Annotations(self.stream(items), self.rubric, self.prices)

    def stream(self, items: Iterable[str | Document]) -> Iterator[Annotation]:
        """Yield a row for each excerpt of `items`, in their order, as soon as it is there.

        Reads ahead by a bounded number of excerpts, so `items` may be endless. What comes late is
        waited for; end the loop at any time (an interrupt too): answers so far are in the cache,
        and the questions under way are waited for.

        Args:
            items: texts, or documents with a text; a text's id is the hash of its content. Those
                that were dropped or have no text are not asked about, and get a row with a reason.

        Raises:
            ConfigError, OutputError: as `annotate`.
        """
        readers = self._readers()
        session = Session(self._settings())
        pool = ThreadPoolExecutor(self.concurrency, thread_name_prefix="annotator")
        waiting: deque[tuple[Annotation, list[Future[Reading]]]] = deque()
        try:
            for row in self._excerpts(items):
                asked = () if row.unread is not None else readers
                futures = [pool.submit(session.read, row.text, reader) for reader in asked]
                waiting.append((row, futures))
                while len(waiting) > _AHEAD * self.concurrency:
                    yield _settled(*waiting.popleft())
            while waiting:
                yield _settled(*waiting.popleft())
        except Stopped:
            assert session.fatal is not None  # nothing else stops a session while it is read
            raise session.fatal from None
        finally:
            session.end()
            pool.shutdown(wait=True, cancel_futures=True)
            session.close()

    def estimate(self, items: Iterable[str | Document]) -> Cost:
        """Return about what `items` would cost, without asking anything; reads the cache.

        Tokens are reckoned from characters, answers as the shortest possible: a model that thinks
        aloud writes (and costs) many times more.
        """
        cache = Cache(self.cache, self.rubric, read_only=True)
        readers = self._readers()
        keys = ", ".join(f'"{name}": 0' for name in self.rubric.names)
        tokens_out = tokens_of("{" + keys + "}")
        known: set[str] = set()

        def readings() -> Iterator[Reading]:
            for row in self._excerpts(items):
                if row.unread is not None:
                    continue
                sent = sendable(row.text)
                said = messages(self.rubric, sent)
                tokens_in = sum(tokens_of(message["content"]) for message in said)
                for reader in readers:
                    key = reader.key(self.rubric, sent)
                    cached = key in known or cache.get(key) is not None
                    known.add(key)
                    yield Reading(
                        reader.name, reader.model, None, None, tokens_in, tokens_out, True,
                        int(not cached), cached,
                    )  # fmt: skip

        return Cost.of(readings(), self.prices)

    def _excerpts(self, items: Iterable[str | Document]) -> Iterator[Annotation]:
        if isinstance(items, (str, Document)):
            raise ConfigError("annotator: a list of texts or documents is needed, not one of them")
        for item in items:
            if isinstance(item, str):
                digest = hashlib.sha256(item.encode("utf-8", "surrogatepass")).hexdigest()
                item = Document(digest[:32], str(item))
            elif not isinstance(item, Document):
                raise ConfigError(
                    f"annotator: an item is {type(item).__name__}; it takes str and Document: read "
                    "files and tables with webfilter.read"
                )
            given = item.meta.get("src") or item.meta.get("source")
            source = given if isinstance(given, str) else item.id
            row = Annotation(item.id, item.text, (), item.url, source)
            pieces = windows(item.text, self.max_chars, self.windows)
            if item.verdict is not None:
                yield replace(row, unread=f"not live: {item.verdict}")
            elif not pieces:
                what = "it has no text yet: extract it" if item.html is not None else "it is empty"
                yield replace(row, unread=what)
            else:
                whole = len(pieces) == 1 and pieces[0] == item.text.strip()
                at = 0
                for piece in pieces:
                    at = item.text.find(piece, at)
                    id = item.id if whole else f"{item.id}@{at}"
                    yield replace(row, id=id, text=piece, offset=at)
                    at += 1

    def _readers(self) -> tuple[Reader, ...]:
        found = []
        for model in self.models:
            price = self.prices.get(model)
            for i in range(self.readers):
                name = model if i == 0 else f"{model}#{i + 1}"
                options = self._options(i)
                found.append(Reader(name, model, i, options, _longest(options) or 0, price))
        return tuple(found)

    def _options(self, reader: int) -> dict[str, Any]:
        options: dict[str, Any] = {
            "temperature": self.temperature,
            "seed": None if self.seed is None else self.seed + reader,
            self.max_tokens_name: self.max_tokens,
        }
        told = {name: value for name, value in options.items() if value is not None}
        return {**told, **self.extra}

    def _settings(self) -> Settings:
        return Settings(
            self.endpoint, self.key_env, self.rubric, self.json_schema, self.concurrency,
            self.timeout, self.retries, self.corrections, self.max_wait, self.stop_after,
            self.budget, self.cache, self.clock,
        )  # fmt: skip

    def _check_money(self) -> None:
        for model, price in self.prices.items():
            if model not in self.models:
                raise ConfigError(
                    f"annotator: prices has {model!r}, but the models are {', '.join(self.models)}"
                )
            if len(price) != 2 or not all(0 <= part < math.inf for part in price):
                raise _misfit("prices", price, "two numbers for each model: input and output")
        if self.budget is None:
            return
        missing = [model for model in self.models if model not in self.prices]
        if missing:
            raise ConfigError(f"annotator: budget needs prices of every model; give {missing[0]!r}")
        if _longest(self._options(0)) is None:
            raise ConfigError(
                "annotator: budget needs max_tokens, which limits what an answer can cost"
            )


def _misfit(name: str, value: object, takes: str) -> ConfigError:
    return ConfigError(f"annotator: {name} = {value!r} does not fit; it takes {takes}")


def _names_variable(name: str) -> bool:
    known = name.isidentifier() and name.isascii()
    return known and (name.isupper() or len(name) <= 20)  # long and not in capitals: a key


def _longest(options: Mapping[str, Any]) -> int | None:
    """Return the most tokens that a request lets an answer have; None where it has no limit."""
    found = [options.get(name) for name in ("max_tokens", "max_completion_tokens")]
    return max((limit for limit in found if type(limit) is int), default=None)


def _settled(row: Annotation, futures: list[Future[Reading]]) -> Annotation:
    return replace(row, readings=tuple(future.result() for future in futures))
