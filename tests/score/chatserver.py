"""A local server that answers like an OpenAI-compatible endpoint, or as badly as it is told to."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from webfilter.score.annotation.waits import Clock

GOOD = '{"educational": 4, "reasoning": 2, "lasting": 2, "clean": 1}'


@dataclass
class Says:
    """One response."""

    status: int = 200
    body: bytes | str | dict[str, Any] = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int = 0
    """Bytes of the body that are promised and not sent."""
    reset: bool = False
    """Break the connection instead."""
    drip: bool = False
    """Send a byte now and then, without an end."""
    wait: threading.Event | None = None
    """Say nothing until it is set."""


def chat(content: Any = GOOD, usage: Any = (100, 20), **choice: Any) -> Says:
    """Return a chat completion; `usage` None reports no tokens, other than a pair goes as it is."""
    message = {"role": "assistant", "content": content, **choice.pop("message", {})}
    body: dict[str, Any] = {
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", **choice}]
    }
    if isinstance(usage, tuple):
        usage = {"prompt_tokens": usage[0], "completion_tokens": usage[1]}
    if usage is not None:
        body["usage"] = usage
    return Says(body=body)


@dataclass
class Asked:
    """One request."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def excerpt(self) -> str:
        """What stands between the two lines."""
        said = self.body["messages"][-1]["content"]
        return said.split("<excerpt ", 1)[1].split(">\n", 1)[1].rsplit("\n</excerpt ", 1)[0]


class Fake(Clock):
    """A clock on which waiting takes no time."""

    def __init__(self) -> None:
        self.time, self.lock = 1_000.0, threading.Lock()
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def today(self) -> float:
        return 784_111_777.0  # Sun, 06 Nov 1994 08:49:37 GMT

    def sleep(self, seconds: float, stop: threading.Event) -> None:
        with self.lock:
            self.slept.append(seconds)
            self.time += seconds


class Server:
    """Answers by `script`, a function of the request and how many came before it."""

    def __init__(self, script: Callable[[Asked, int], Says]) -> None:
        self.script = script
        self.asked: list[Asked] = []
        self.active = self.most_active = 0
        self.lock = threading.Lock()
        self.endpoint = ""


@contextmanager
def serving(script: Callable[[Asked, int], Says] | list[Says]) -> Iterator[Server]:
    """Serve in a thread. A list answers one request after the other, then with its last."""
    if isinstance(script, list):
        says = script
        server = Server(lambda asked, n: says[min(n, len(says) - 1)])
    else:
        server = Server(script)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(self.path, headers, json.loads(data))
            with server.lock:
                n = len(server.asked)
                server.asked.append(asked)
                server.active += 1
                server.most_active = max(server.most_active, server.active)
            try:
                self.say(server.script(asked, n))
            finally:
                with server.lock:
                    server.active -= 1

        def say(self, says: Says) -> None:
            if says.wait is not None:
                says.wait.wait(30)
            if says.reset:
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.close_connection = True
                return
            body = json.dumps(says.body) if isinstance(says.body, dict) else says.body
            data = body.encode() if isinstance(body, str) else body
            try:
                if "Date" in says.headers:
                    self.send_response_only(says.status)
                else:
                    self.send_response(says.status)
                for name, value in says.headers.items():
                    self.send_header(name, value)
                if not says.drip:
                    self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                while says.drip:
                    self.wfile.write(b" ")
                    time.sleep(0.02)
                self.wfile.write(data[: len(data) - says.cut])
            except OSError:
                pass  # the asker has gone

        def log_message(self, *args: Any) -> None:
            pass

    class Listening(ThreadingHTTPServer):
        request_queue_size = 128  # with the usual 5, many at once wait a second to connect
        daemon_threads = True

    httpd = Listening(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    server.endpoint = f"http://127.0.0.1:{httpd.server_port}/v1"
    try:
        yield server
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()
