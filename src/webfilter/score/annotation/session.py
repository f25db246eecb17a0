"""One run of an annotator: threads ask the questions, each until it has its answer or a reason.

What is shared is here: the cache, the gate that slows all threads when the server wants it, the
purse that keeps the budget, and when to stop asking. A question's failure is its own: it becomes a
`Reading` with a reason. Only what would befall every question (`ConfigError`: key, model, address;
`OutputError`: a cache that cannot be written) ends the run.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from webfilter.config import AnyPath
from webfilter.errors import WebfilterError
from webfilter.score.annotation.cache import Answer, Cache
from webfilter.score.annotation.chat import Broke, Chat, Refused, Reply, Transient, tokens_of
from webfilter.score.annotation.prompt import PROMPT_VERSION, messages, schema, sendable
from webfilter.score.annotation.purse import Purse
from webfilter.score.annotation.reply import Malformed, parse
from webfilter.score.annotation.rows import Reading, money_of
from webfilter.score.annotation.rubric import Rubric
from webfilter.score.annotation.waits import Clock, Gate, Stopped, backoff

__all__ = ["Reader", "Session", "Settings"]

_log = logging.getLogger("webfilter")


@dataclass(frozen=True)
class Settings:
    """What a session needs to know; the fields of `Annotator` say what each means."""

    endpoint: str
    key_env: str | None
    rubric: Rubric
    json_schema: bool
    concurrency: int
    timeout: float
    retries: int
    corrections: int
    max_wait: float
    stop_after: int | None
    budget: float | None
    cache: AnyPath | None
    clock: Clock


@dataclass(frozen=True)
class Reader:
    """Who is asked: a model with its settings."""

    name: str
    model: str
    number: int
    options: dict[str, Any]
    """Fields of the request beside model, messages and format."""
    most_out: int
    """Most tokens that an answer may have, as far as known."""
    price: tuple[float, ...] | None

    def key(self, rubric: Rubric, sent: str) -> str:
        """Return what the answer to `sent` is kept under."""
        return Cache.key(
            PROMPT_VERSION, rubric.checksum, self.model, self.options, self.number, sent
        )

    def cost(self, tokens_in: int, tokens_out: int) -> float:
        """Return the price of so many tokens; 0 where there is none."""
        return 0.0 if self.price is None else money_of(tokens_in, tokens_out, self.price)


@dataclass
class _Tally:
    """What a question has cost so far."""

    attempts: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    estimated: bool = False

    def add(self, reply: Reply) -> None:
        self.tokens_in += reply.tokens_in
        self.tokens_out += reply.tokens_out
        self.estimated |= reply.estimated


class Session:
    """Asks; threads share it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._rubric = settings.rubric
        self._stop = threading.Event()
        self._cache = Cache(settings.cache, settings.rubric)
        self._gate = Gate(settings.concurrency, settings.clock, self._stop)
        self._purse = Purse(settings.budget, self._stop)
        self._lock = threading.Lock()
        self._chat: Chat | None = None
        self._under_way: dict[str, list[Any]] = {}  # key: [lock, how many hold or want it]
        self._schema = schema(settings.rubric)
        self._takes_schema: bool | None = None if settings.json_schema else False
        self._answered = False
        self._failures = 0
        self._closed: str | None = None
        self.fatal: WebfilterError | None = None
        """What ended the run."""

    def read(self, text: str, reader: Reader) -> Reading:
        """Return what `reader` makes of `text`, from the cache if it is there.

        Raises:
            Stopped: the run has ended.
            ConfigError, OutputError: it ends now.
        """
        sent = sendable(text)
        key = reader.key(self._rubric, sent)
        try:
            with self._alone(key):
                answer = self._cache.get(key)
                if answer is None:
                    return self._asked(sent, reader, key)
        except WebfilterError as error:
            with self._lock:
                self.fatal = self.fatal or error
            self._stop.set()
            raise
        scores = dict(zip(self._rubric.names, answer.scores, strict=True))
        return Reading(
            reader.name, reader.model, scores, None, answer.tokens_in, answer.tokens_out,
            answer.estimated, cached=True,
        )  # fmt: skip

    def end(self) -> None:
        """Wake whoever waits; nothing is asked from now on."""
        self._stop.set()

    def close(self) -> None:
        """Close the cache; call it when no thread reads any more."""
        self._cache.close()

    def _asked(self, sent: str, reader: Reader, key: str) -> Reading:
        tally = _Tally()
        scores, reason = self._ask(sent, reader, tally)
        reading = Reading(
            reader.name, reader.model, scores, reason, tally.tokens_in, tally.tokens_out,
            tally.estimated, tally.attempts,
        )  # fmt: skip
        if scores is not None:
            kept = Answer(
                tuple(scores.values()), tally.tokens_in, tally.tokens_out, tally.estimated
            )
            self._cache.put(key, kept)
        return reading

    def _ask(
        self, sent: str, reader: Reader, tally: _Tally
    ) -> tuple[dict[str, float] | None, str | None]:
        """Return scores, or None and the reason."""
        faults, unusable, plain, complaint = 0, 0, False, None
        while True:
            if self._closed is not None:
                return None, self._closed
            formatted = not plain and self._takes_schema is not False
            body: dict[str, Any] = {
                "model": reader.model,
                "messages": messages(self._rubric, sent, complaint),
                **reader.options,
            }
            if formatted:
                body["response_format"] = self._schema
            try:
                reply = self._post(body, reader, tally)
            except Transient as fault:
                faults += 1
                wait = backoff(faults) if fault.wait is None else fault.wait
                if faults > 1:  # who says 0 s, and again, is obeyed once
                    wait = max(wait, backoff(faults - 1))
                if faults > self._settings.retries:
                    return None, self._count(f"{fault}, {faults} times")
                if fault.wait is not None and fault.wait > self._settings.max_wait:
                    return None, self._count(f"{fault}: asks to wait {fault.wait:.0f} s")
                if fault.limited:
                    self._gate.slow(wait)
                else:
                    self._settings.clock.sleep(wait, self._stop)
                continue
            except Refused as fault:
                if formatted and fault.status in (400, 422, 501) and not self._takes_schema:
                    plain = True  # perhaps it knows no schemas: if this helps, none is sent again
                    continue
                # a long text is refused by itself; all texts from the first one, by the settings
                return None, str(fault) if self._answered else self._count(str(fault))
            except Broke as fault:
                return None, self._close(f"the account has no money left: {fault}")
            if reply is None:
                return None, self._closed
            self._gate.went_well()
            with self._lock:
                self._answered, self._failures = True, 0
                if plain and self._takes_schema is None:
                    self._takes_schema = False
                    _log.info("the endpoint takes no JSON schema: asking without")
                elif formatted:
                    self._takes_schema = True
            problem = reply.problem
            if problem is None:
                try:
                    return parse(reply.content, self._rubric), None
                except Malformed as error:
                    problem = str(error)
            unusable += 1
            if reply.final or unusable > self._settings.corrections:
                return None, problem if reply.final else f"answer not usable: {problem}"
            complaint = problem

    def _post(self, body: dict[str, Any], reader: Reader, tally: _Tally) -> Reply | None:
        """Ask once; None where the budget does not allow it."""
        with self._gate.turn():
            tokens_in = sum(tokens_of(message["content"]) for message in body["messages"])
            most = reader.cost(2 * tokens_in, reader.most_out)  # twice: tokens are reckoned
            if not self._purse.take(most):
                self._close(
                    f"the budget of {self._settings.budget:g} is used up: {self._purse.spent:.4g} "
                    f"may be spent, and a question may cost {most:.2g}"
                )
                return None
            cost = 0.0
            try:
                tally.attempts += 1
                reply = self._client().ask(body)
                tally.add(reply)
                cost = reader.cost(reply.tokens_in, reply.tokens_out)
                return reply
            except Transient as fault:
                cost = most if fault.billed else 0.0
                raise
            finally:
                self._purse.settle(most, cost)

    def _client(self) -> Chat:
        with self._lock:
            if self._chat is None:
                settings = self._settings
                self._chat = Chat(
                    settings.endpoint, settings.key_env, settings.timeout, settings.clock
                )
            return self._chat

    def _count(self, reason: str) -> str:
        """Count a failure; after too many in a row nothing is asked any more."""
        limit = self._settings.stop_after
        with self._lock:
            self._failures += 1
            enough = limit is not None and self._failures >= limit
        if enough:
            self._close(f"{limit} questions in a row failed, the last with: {reason}")
        return reason

    def _close(self, reason: str) -> str:
        with self._lock:
            if self._closed is None:
                self._closed = f"not asked: {reason}"
                _log.warning("asking stops: %s", reason)
        return reason

    @contextmanager
    def _alone(self, key: str) -> Iterator[None]:
        """Hold `key`: of two equal texts the second waits, and finds the answer of the first."""
        with self._lock:
            entry = self._under_way.setdefault(key, [threading.Lock(), 0])
            entry[1] += 1
        try:
            with entry[0]:
                if self._stop.is_set():
                    raise Stopped
                yield
        finally:
            with self._lock:
                entry[1] -= 1
                if not entry[1]:
                    del self._under_way[key]
