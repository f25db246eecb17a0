"""One question to an OpenAI-compatible endpoint, over HTTP, and what became of it.

`Chat.ask` posts to ``{endpoint}/chat/completions`` and returns a `Reply`, or raises what the asker
has to do about it: `Transient` (ask again), `Refused` (this question fails), `Broke` (no more
money there), or `ConfigError` (no question would be answered: wrong key, model or address).

Redirects are not followed: the key would go wherever they point. The key is read from the
environment when the first question is asked, and is removed from whatever a server says before
anybody sees it.
"""

from __future__ import annotations

import json
import math
import os
import ssl
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NoReturn
from urllib.parse import SplitResult, urlsplit

from webfilter.errors import ConfigError
from webfilter.score.annotation.timed import Plain, Secure
from webfilter.score.annotation.waits import Clock, retry_after

__all__ = ["Broke", "Chat", "Refused", "Reply", "Transient", "address", "tokens_of"]

_LARGEST = 4_000_000  # bytes of an answer
_SHOWN = 300  # characters of what a server says
_GLIMPSE = 80  # of what is no JSON
_SECRETS = ("key", "token", "secret", "sig", "password")
_CODES = frozenset(map(str, range(400, 600)))
_LOCAL = ("localhost", "127.0.0.1", "::1")


class Transient(Exception):
    """It may work later: busy, broken, cut off, out of reach."""

    def __init__(
        self,
        reason: str,
        wait: float | None = None,
        *,
        limited: bool = False,
        billed: bool = False,
    ) -> None:
        super().__init__(reason)
        self.billed = billed
        """Whether the server may have done its work, so that it costs."""
        self.wait = wait
        """Seconds that the server asks to wait."""
        self.limited = limited
        """Whether the server is overrun, so that all should wait."""


class Refused(Exception):
    """The server will not answer this question, however often it is asked."""

    def __init__(self, reason: str, status: int) -> None:
        super().__init__(reason)
        self.status = status


class Broke(Exception):
    """The account behind the key has no money left."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model said."""

    content: str
    problem: str | None
    """Why the answer does not count though one came: refused, cut off, empty; or None."""
    final: bool
    """Whether asking again is in vain."""
    tokens_in: int
    tokens_out: int
    estimated: bool
    """Whether the server did not report tokens, so that they are reckoned from characters."""


def address(endpoint: str) -> str:
    """Return where to post questions.

    Raises:
        ConfigError: it is no http or https URL, or has a password or key in it, which would be
            shown wherever the endpoint is.

    >>> address("http://localhost:8000/v1/")
    'http://localhost:8000/v1/chat/completions'
    """
    fix = "give a URL such as http://localhost:8000/v1"
    try:
        parts: SplitResult = urlsplit(endpoint)
        good = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1)
    except ValueError:
        good = False
    if _holds_secret(endpoint):
        raise ConfigError(
            "annotator: endpoint holds a password or key, which would be shown; name an "
            "environment variable with key_env"
        )
    if not good or not endpoint.isascii() or any(c.isspace() for c in endpoint):
        raise ConfigError(f"annotator: endpoint = {endpoint!r} does not fit; {fix}")
    path = parts.path.rstrip("/").removesuffix("/chat/completions")
    return parts._replace(path=f"{path}/chat/completions", fragment="").geturl()


def _holds_secret(endpoint: str) -> bool:
    """Return whether `endpoint` has user information, or a parameter named like a secret."""
    names = (item.partition("=")[0].lower() for item in endpoint.partition("?")[2].split("&"))
    return "@" in endpoint or any(secret in name for name in names for secret in _SECRETS)


def tokens_of(text: str) -> int:
    """Return about how many tokens `text` has: one for 3.5 bytes of UTF-8, rounded up.

    English has more bytes a token (4.4 or so), so this is on the dear side.

    >>> tokens_of("Water boils at 100 degrees.")
    8
    """
    return math.ceil(len(text.encode("utf-8", "surrogatepass")) / 3.5)


class Chat:
    """Asks one endpoint. Threads may share it."""

    def __init__(self, endpoint: str, key_env: str | None, timeout: float, clock: Clock) -> None:
        self._url, self._timeout, self._clock = address(endpoint), timeout, clock
        self._key_env = key_env
        self.__key = _key(key_env)
        self._served = False  # whether a question was ever answered: address and key are right
        local = urlsplit(self._url).hostname in _LOCAL
        # neither an error processor nor a redirect handler: any status comes as a response
        self._opener = urllib.request.OpenerDirector()
        for handler in (urllib.request.ProxyHandler({} if local else None), Plain(), Secure()):
            self._opener.add_handler(handler)

    def __repr__(self) -> str:
        return f"Chat({self._url!r}, key_env={self._key_env!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Chat holds a key and cannot be pickled; pickle its Annotator")

    def ask(self, body: Mapping[str, Any]) -> Reply:
        """Post `body` and return what the model said.

        Raises:
            Transient, Refused, Broke, ConfigError: see above.
        """
        failure = response = None
        try:
            response = self._post(json.dumps(body).encode())
            status, headers, data = _received(response)
        except Exception as caught:
            failure = self._unreached(caught, begun=response is not None)
        if failure is not None:
            raise failure  # out here, so that it has no context, which would hold the request
        text = data.decode("utf-8-sig", "replace")
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            found = None
        error = found.get("error") if isinstance(found, dict) else None
        if 200 <= status < 300 and error:  # some proxies answer so
            code = str(error.get("code")) if isinstance(error, dict) else ""
            status = int(code) if code in _CODES else 500
        if not 200 <= status < 300:
            self._refuse(status, headers, error, text)
        if not isinstance(found, dict):
            said = self.scrub(text)[:_GLIMPSE]
            shown = f": {said}" if said and said.isprintable() else ""
            raise Transient(f"the answer is not JSON{shown}", billed=True)
        reply = _reply(found, body)
        self._served = True
        return reply if reply.problem is None else replace(reply, problem=self.scrub(reply.problem))

    def scrub(self, text: str) -> str:
        """Return `text` without the key, on one line, cut to what is worth showing."""
        if self.__key:
            text = text.replace(self.__key, "***").replace(self.__key.replace("/", r"\/"), "***")
        return " ".join(text[: 4 * _SHOWN].split())[:_SHOWN]

    def _post(self, data: bytes) -> Any:
        request = urllib.request.Request(self._url, data, method="POST")
        request.add_header("Content-Type", "application/json")
        request.add_header("Accept", "application/json")
        request.add_header("User-Agent", "webfilter")
        if self.__key:
            request.add_unredirected_header("Authorization", f"Bearer {self.__key}")
        response = self._opener.open(request, timeout=self._timeout)
        if response is None:
            raise OSError("no answer")
        return response

    def _unreached(self, error: Exception, *, begun: bool) -> ConfigError | Transient:
        cause = getattr(error, "reason", None)
        if isinstance(cause, ssl.SSLCertVerificationError):
            return ConfigError(
                f"annotator: the certificate of {self._url} cannot be verified: "
                f"{self.scrub(str(cause))}"
            )
        if isinstance(error, TimeoutError) or isinstance(cause, TimeoutError):
            return Transient(f"no answer within {self._timeout:g} s", billed=True)
        shown = cause if isinstance(cause, Exception) else error
        said = self.scrub(f"{type(shown).__name__}: {shown}".rstrip(": "))
        return Transient(said, billed=begun)  # what breaks off was written all the same

    def _refuse(self, status: int, headers: Mapping[str, str], error: Any, text: str) -> NoReturn:
        fields = error if isinstance(error, Mapping) else {}
        said = self.scrub(str(fields.get("message") or error or text))
        shown = f"HTTP {status}: {said}" if said else f"HTTP {status}"
        if status == 401 or (status == 403 and not self._served):  # later, 403 is about one text
            who = f"the key in {self._key_env}" if self._key_env else "a question without a key"
            fix = "check it" if self._key_env else "name the variable that holds one with key_env"
            raise ConfigError(f"annotator: {self._url} does not accept {who} ({shown}): {fix}")
        if 300 <= status < 400 and not self._served:
            where = self.scrub(headers.get("location", "somewhere else"))
            raise ConfigError(
                f"annotator: {self._url} redirects to {where} (HTTP {status}); redirects are not "
                "followed, since the key would go along: give the final address as endpoint"
            )
        if status in (404, 405) and not self._served:
            raise ConfigError(
                f"annotator: {self._url} does not answer questions ({shown}): check endpoint and "
                "model"
            )
        if status == 402 or "insufficient_quota" in (fields.get("code"), fields.get("type")):
            raise Broke(shown)
        if status < 400 or status in (404, 405, 408, 409, 425, 429) or status >= 500:
            wait = retry_after(headers, self._clock.today())
            raise Transient(shown, wait, limited=status == 429 or wait is not None)
        raise Refused(shown, status)


def _received(response: Any) -> tuple[int, dict[str, str], bytes]:
    with response:
        parts, size = [], 0
        while part := response.read1(65_536):
            parts.append(part)
            size += len(part)
            if size > _LARGEST:
                raise OSError(f"the answer is over {_LARGEST:,} bytes")
        headers = {name.lower(): value for name, value in response.headers.items()}
        return response.status, headers, b"".join(parts)


def _key(name: str | None) -> str | None:
    if name is None:
        return None
    key = os.environ.get(name, "").strip()
    if not key:
        raise ConfigError(
            f"annotator: key_env = {name!r}: there is no such environment variable, or it is "
            "empty; set it to the key of the endpoint"
        )
    if not (key.isascii() and key.isprintable() and " " not in key):
        raise ConfigError(
            f"annotator: key_env = {name!r}: what it holds is no key: it has spaces or characters "
            "that no header may hold"
        )
    return key


def _reply(found: Mapping[str, Any], body: Mapping[str, Any]) -> Reply:
    choices = found.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, Mapping) or not isinstance(choice.get("message"), Mapping):
        raise Transient("the answer has no choices", billed=True)
    message = choice["message"]
    content = _content(message.get("content"))
    finish = choice.get("finish_reason")
    problem, final = None, False
    if message.get("refusal"):
        problem, final = f"the model refused: {message['refusal']}", True
    elif finish == "content_filter":
        problem, final = "the endpoint's content filter withheld the answer", True
    elif finish == "length":
        problem = "it was cut off at the largest number of tokens"
    elif not content.strip():
        problem = "it is empty"
    usage = found.get("usage")
    usage = usage if isinstance(usage, Mapping) else {}
    asked, said = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
    estimated = asked is None or said is None
    if asked is None:
        asked = sum(tokens_of(message["content"]) for message in body["messages"])
    if said is None:
        said = tokens_of(content)
    return Reply(content, problem, final, asked, said, estimated)


def _content(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):  # parts, as some servers send
        texts = [part.get("text") for part in value if isinstance(part, Mapping)]
        return "".join(text for text in texts if isinstance(text, str))
    return ""


def _count(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value < 10**9 else None
