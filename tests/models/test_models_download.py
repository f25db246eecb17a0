"""Fetching from servers that behave, break off, lie, and answer with something else."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from webfilter import models
from webfilter.errors import ConfigError, OutputError, SourceError, UnknownName
from webfilter.models import store, table, transfer

DATA = bytes(range(256)) * 3000  # more than one chunk
RIGHT = hashlib.sha256(DATA).hexdigest()


class Server(ThreadingHTTPServer):
    """Answers by path; `asked` keeps what it was asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str | None]] = []
        self.cuts = 0

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{path}"

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # a client that hangs up is what these tests are about


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, *_: object) -> None:
        pass

    def send(self, code: int, body: bytes, *headers: tuple[str, str], said: int | None = None):
        self.send_response(code)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if said is None else said))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def do_GET(self) -> None:
        given = self.headers.get("Range")
        self.server.asked.append((self.path, given))
        start = int(given.removeprefix("bytes=").rstrip("-")) if given else 0
        getattr(self, self.path.split("/")[1].split(".")[0])(start)

    def good(self, start: int) -> None:
        self.send(200, DATA)

    def moved(self, start: int) -> None:
        self.send(302, b"", ("Location", "/good.bin"))

    def round(self, start: int) -> None:
        self.send(302, b"", ("Location", self.path))

    def page(self, start: int) -> None:
        self.send(200, b"\n<!DOCTYPE html><title>Log in</title>" + DATA)

    def pointer(self, start: int) -> None:
        self.send(200, b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n")

    def other(self, start: int) -> None:
        self.send(200, DATA[::-1])

    def longer(self, start: int) -> None:
        self.send(200, DATA + b"x")

    def nothing(self, start: int) -> None:
        self.send(200, b"")

    def busy(self, start: int) -> None:
        self.server.cuts += 1
        self.send(503, b"later") if self.server.cuts < 3 else self.send(200, DATA)

    def cut(self, start: int) -> None:
        """Break off twice; the tag lets the client take it up."""
        self.server.cuts += 1
        tag = ("ETag", '"v1"')
        if start and self.headers.get("If-Range") == '"v1"':
            span = ("Content-Range", f"bytes {start}-{len(DATA) - 1}/{len(DATA)}")
            end = start + 200_000 if self.server.cuts < 3 else len(DATA)
            self.send(206, DATA[start:end], tag, span, said=len(DATA) - start)
        else:
            self.send(200, DATA[:300_000], tag, said=len(DATA))

    def changed(self, start: int) -> None:
        """Break off, then have another file: the client must begin again."""
        self.server.cuts += 1
        if self.server.cuts == 1:
            self.send(200, DATA[::-1][:300_000], ("ETag", '"v1"'), said=len(DATA))
        else:
            self.send(200, DATA, ("ETag", '"v2"'))

    def untagged(self, start: int) -> None:
        self.server.cuts += 1
        if self.server.cuts == 1:
            self.send(200, DATA[:300_000], said=len(DATA))
        else:
            self.send(200, DATA)

    def elsewhere(self, start: int) -> None:
        """Send another part than it was asked for."""
        if start:
            span = ("Content-Range", f"bytes 7-{len(DATA) - 1}/{len(DATA)}")
            self.send(206, DATA[7:], ("ETag", '"v1"'), span)
        elif self.server.cuts:
            self.send(200, DATA)
        else:
            self.server.cuts += 1
            self.send(200, DATA[:300_000], ("ETag", '"v1"'), said=len(DATA))

    def lies(self, start: int) -> None:
        self.send(200, DATA, ("ETag", '"v1"'), said=len(DATA) + 9)

    def chunked(self, start: int) -> None:
        self.server.cuts += 1
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(f"{len(DATA):x}\r\n".encode() + DATA + b"\r\n")
        if self.server.cuts > 1:
            self.wfile.write(b"0\r\n\r\n")
        self.close_connection = True


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WEBFILTER_MODELS", str(tmp_path / "store"))
    monkeypatch.setattr(transfer, "_PAUSE", 0)
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "store"


def known(monkeypatch: pytest.MonkeyPatch, url: str, **changes: object) -> None:
    """Make ``toy`` the one model that is known."""
    about: dict[str, object] = {
        "name": "toy",
        "file": "toy.bin",
        "about": "a toy",
        "url": url,
        "labels": 2,
        "license": "MIT",
        "megabytes": 1,
        "sha256": RIGHT,
        "source": "here",
        "bytes": len(DATA),
    }
    toy = table.KnownModel(**{**about, **changes})  # type: ignore[arg-type]
    monkeypatch.setattr(table, "KNOWN", (toy,))
    monkeypatch.setattr(store, "KNOWN", (toy,))


def files(place: Path) -> list[str]:
    return sorted(path.name for path in place.iterdir()) if place.is_dir() else []


def test_a_file_arrives_whole_with_its_checksum_beside_it(server: Server, place: Path) -> None:
    path = models.fetch(server.url("good/my%20model.bin?download=true"), sha256=f"SHA256:{RIGHT}")
    assert path == place / "my model.bin"
    assert path.read_bytes() == DATA
    assert files(place) == ["my model.bin", "my model.bin.sha256"]
    assert (place / "my model.bin.sha256").read_text() == f"{RIGHT}  my model.bin\n"
    assert models.verify("my model.bin") == RIGHT


def test_what_is_there_is_not_fetched_again_and_what_is_damaged_is(
    server: Server, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known(monkeypatch, server.url("good.bin"))
    path = models.fetch("toy")
    assert models.fetch("TOY") == path
    assert len(server.asked) == 1
    path.write_bytes(DATA[:-1])
    assert models.fetch("toy").read_bytes() == DATA
    assert len(server.asked) == 2


@pytest.mark.parametrize("path", ["moved", "busy", "untagged", "changed", "elsewhere", "chunked"])
@pytest.mark.parametrize("length", [None, len(DATA)])
def test_redirects_and_troubles_that_pass(
    server: Server, monkeypatch: pytest.MonkeyPatch, path: str, length: int | None
) -> None:
    known(monkeypatch, server.url(path), bytes=length)
    assert models.fetch("toy").read_bytes() == DATA


def test_a_broken_connection_is_taken_up_where_it_broke(server: Server, place: Path) -> None:
    assert models.fetch(server.url("cut.bin"), sha256=RIGHT).read_bytes() == DATA
    assert [given for _, given in server.asked] == [None, "bytes=300000-", "bytes=500000-"]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("page", "a web page"),
        ("pointer", "a Git LFS pointer"),
        ("other", f"wrong checksum: expected {RIGHT}, got "),
        ("longer", "what is there is 768,001 bytes"),
        ("nothing", "what is there is 0 bytes"),
        ("lies", "what is there is 768,009 bytes"),
        ("round", "302 The HTTP server returned a redirect error that would lead to an infinite"),
        ("file.bin", "501"),
    ],
)
def test_what_is_not_the_model_leaves_nothing_behind(
    server: Server, place: Path, monkeypatch: pytest.MonkeyPatch, path: str, said: str
) -> None:
    monkeypatch.setattr(Handler, "file", lambda self, start: self.send(501, b""), raising=False)
    known(monkeypatch, server.url(path))
    with pytest.raises(SourceError, match=said):
        models.fetch("toy")
    assert files(place) == []


def test_a_server_that_promises_more_than_it_has_is_given_up(server: Server, place: Path) -> None:
    with pytest.raises(SourceError, match=r"broke after 768,000 of 768,009 bytes, 8 times"):
        models.fetch(server.url("lies.bin"), sha256=RIGHT)
    assert files(place) == []


def test_a_failure_leaves_the_file_that_was_there(
    server: Server, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known(monkeypatch, server.url("other"))
    place.mkdir()
    (place / "toy.bin").write_bytes(b"older")
    with pytest.raises(SourceError):
        models.fetch("toy")
    assert (place / "toy.bin").read_bytes() == b"older"
    assert files(place) == ["toy.bin"]


def test_ctrl_c_leaves_nothing_behind(
    server: Server, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(self: object, chunk: bytes) -> None:
        assert len(files(place)) == 1
        raise KeyboardInterrupt

    monkeypatch.setattr(transfer.Transfer, "_take", interrupted)
    with pytest.raises(KeyboardInterrupt):
        models.fetch(server.url("good.bin"), sha256=RIGHT)
    assert files(place) == []


def test_a_full_disk_is_said_before_and_during(
    server: Server, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno
    import shutil

    def full(self: object, chunk: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as during:
        during.setattr(transfer.Transfer, "_take", full)
        with pytest.raises(OutputError, match="the disk is full"):
            models.fetch(server.url("good.bin"), sha256=RIGHT)
    usage = shutil.disk_usage(place)._replace(free=9)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(OutputError, match="room for 9 bytes, not for 768,000"):
        models.fetch(server.url("good.bin"), sha256=RIGHT)
    assert files(place) == []


def test_what_a_killed_process_left_is_swept_after_a_day(server: Server, place: Path) -> None:
    import os

    place.mkdir()
    for name in (".good.bin.00000000.part", ".good.bin.11111111.part", ".good.bin2.0.part"):
        (place / name).write_bytes(b"half")
    os.utime(place / ".good.bin.00000000.part", (0, 0))
    os.utime(place / ".good.bin2.0.part", (0, 0))
    models.fetch(server.url("good.bin"), sha256=RIGHT)
    left = [".good.bin.11111111.part", ".good.bin2.0.part", "good.bin", "good.bin.sha256"]
    assert files(place) == left


@pytest.mark.parametrize("as_url", [True, False])
def test_local_files_and_mirrors(
    tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch, as_url: bool
) -> None:
    known(monkeypatch, "http://127.0.0.1:9/unreachable")
    source = tmp_path / "a mémory stick.bin"
    source.write_bytes(DATA)
    given = source.as_uri() if as_url else str(source)
    assert models.fetch("toy", url=given) == place / "toy.bin"
    assert models.fetch(given, sha256=RIGHT, to=tmp_path / "own").name == source.name
    source.write_bytes(DATA[1:])
    with pytest.raises(SourceError, match="767,999 bytes"):
        models.fetch("toy", url=given, to=tmp_path / "third")
    for url, said in ((f"{given}x", "No such file"), (place.as_uri(), "is not a file")):
        with pytest.raises(SourceError, match=said):
            models.fetch("toy", url=url, to=tmp_path / "third")
    assert files(tmp_path / "third") == []


def test_several_at_once_do_not_disturb_each_other(server: Server, place: Path) -> None:
    url = server.url("good.bin")
    with ThreadPoolExecutor(4) as pool:
        paths = list(pool.map(lambda _: models.fetch(url, sha256=RIGHT), range(8)))
    assert {path.read_bytes() for path in paths} == {DATA}
    assert files(place) == ["good.bin", "good.bin.sha256"]


def test_a_checksum_must_be_known_or_given_and_agree(
    server: Server, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError, match=r"good\.bin --sha256 HEX"):
        models.fetch(server.url("good.bin"))
    with pytest.raises(ConfigError, match="64 hexadecimal digits"):
        models.fetch(server.url("good.bin"), sha256=RIGHT[1:])
    known(monkeypatch, server.url("good"))
    with pytest.raises(ConfigError, match="is not that of the model known as toy"):
        models.fetch("toy", sha256=64 * "0")
    known(monkeypatch, server.url("good"), sha256=None)
    with pytest.raises(ConfigError, match=r"here states it.*fetch toy --sha256 HEX"):
        models.fetch("toy")
    assert server.asked == []
    models.fetch("toy", sha256=RIGHT)
    assert models.verify("toy") == RIGHT


def test_another_file_does_not_take_the_name_of_a_known_model(
    server: Server, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known(monkeypatch, server.url("good"), sha256=64 * "0")
    for path in ("good/toy.bin", "good/TOY.bin", "good/toy"):
        with pytest.raises(ConfigError, match="fetch toy --from http"):
            models.fetch(server.url(path), sha256=RIGHT)
    assert files(place) == []
    assert models.fetch(server.url("good/toy.bin"), sha256=RIGHT, to=place).is_file()
    known(monkeypatch, server.url("good"))
    assert models.fetch(server.url("good/toy.bin"), sha256=RIGHT) == models.resolve("toy")


def test_bad_names_and_addresses_are_clear_errors(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match=r"did you mean 'glotlid'\?"):
        models.fetch("gloltid")
    for url in ("https://x.example/", "https://x.example/.hidden", "https://x.example/a.sha256"):
        with pytest.raises(ConfigError, match="does not do as a file name"):
            models.fetch(url, sha256=RIGHT)
    with pytest.raises(SourceError, match="ftp is not read"):
        models.fetch("ftp://x.example/a.bin", sha256=RIGHT)
    with pytest.raises(ConfigError, match="an address already"):
        models.fetch("https://x.example/a.bin", sha256=RIGHT, url="https://y.example/a.bin")


def test_nobody_there_is_one_clear_error(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(SourceError, match=r"127\.0\.0\.1 cannot be reached .*directly"):
        models.fetch("http://127.0.0.1:9/a.bin", sha256=RIGHT)
    monkeypatch.setenv("http_proxy", "http://user:secret@127.0.0.1:9")
    with pytest.raises(SourceError, match=r"through the proxy 127\.0\.0\.1\)") as caught:
        models.fetch("http://models.example/a.bin", sha256=RIGHT)
    assert "secret" not in str(caught.value)


def test_proxies_of_the_environment_are_used(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Handler, "do_GET", lambda self: self.send(200, DATA))
    monkeypatch.setenv("http_proxy", server.url(""))
    assert models.fetch("http://models.example/a.bin", sha256=RIGHT).read_bytes() == DATA


def test_a_place_that_cannot_be_written_is_an_output_error(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    for to in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(OutputError, match="cannot be written"):
            models.fetch(server.url("good.bin"), sha256=RIGHT, to=to)
    (tmp_path / "good.bin").mkdir()
    with pytest.raises(OutputError, match="a folder of that name"):
        models.fetch(server.url("good.bin"), sha256=RIGHT, to=tmp_path)
