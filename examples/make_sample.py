"""Pack the pages of `examples/pages` into `examples/data/sample.warc.gz`, a crawl that fits here.

Every page is our own, on invented hosts under ``.example``, and may be copied freely. What becomes
of a page (address, encoding, headers, damage) is said in ``pages/manifest.toml``; the pages
themselves are plain UTF-8 files that a person can read. The same files always give the same bytes:
dates and record ids come from the addresses, and no clock is read.

This is no general WARC writer: it holds every record in memory and writes what our sample needs.
It runs on the standard library alone::

    python examples/make_sample.py            # write the sample
    python examples/make_sample.py --list     # one line a page: kind, what to expect, why
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import re
import sys
import tomllib
import uuid
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGES = HERE / "pages"
SAMPLE = HERE / "data" / "sample.warc.gz"

CRAWL_START = datetime(2024, 3, 14, 6, 0, 0, tzinfo=UTC)
CRAWL_SECONDS = 6 * 3600
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "sample.webfilter.example")
WARCINFO_ADDRESS = "warcinfo:sample.warc.gz"

INCLUDE = re.compile(r"<!-- include ([\w./-]+) -->\n?")
BODY = re.compile(r"<!-- body -->\n?(.*?)<!-- /body -->\n?", re.DOTALL)
MARKERS = re.compile(r"<!-- /?body -->\n?")


@dataclass(frozen=True)
class Page:
    """One entry of the manifest: an address and what a crawler is answered there."""

    url: str
    kind: str
    """What sort of page: ``teaching``, ``howto``, ``news``, ``shop``, ... or ``response``."""
    expect: str
    """``keep``, ``drop`` or ``either``; copies of a page are kept or dropped as a group."""
    why: str
    """What about the page decides that, in a few words."""
    file: str | None = None
    """Path under ``pages``; None for an answer given by `body` or without one."""
    copy_of: str | None = None
    """Address of the page whose text this one repeats."""
    edits: tuple[tuple[str, str], ...] = ()
    """Replacements, in order; each must occur in the page."""
    encoding: str = "utf-8"
    """Encoding of the bytes sent, whatever the page or its headers say."""
    content_type: str | None = "text/html; charset=utf-8"
    """The HTTP header; None (an empty string in the manifest) sends none."""
    status: str = "200 OK"
    headers: tuple[tuple[str, str], ...] = ()
    body: str | None = None
    """Base64 of the bytes sent, for answers that are not pages."""
    coding: str | None = None
    """``gzip`` (a Content-Encoding) or ``chunked`` (a Transfer-Encoding)."""
    truncate: int | None = None
    """Number of bytes after which the crawler gave up."""
    extra: tuple[str, ...] = field(default=())
    """Further records about the same fetch: ``request``, ``metadata``."""


def read_manifest(path: Path = PAGES / "manifest.toml") -> list[Page]:
    """Return the pages of the manifest, in its order.

    Raises:
        TypeError: an entry has an unknown key.
        ValueError: two entries have the same address.
    """
    pages = []
    for entry in tomllib.loads(path.read_text(encoding="utf-8"))["page"]:
        if "content_type" in entry:
            entry["content_type"] = entry["content_type"] or None
        for key in ("edits", "headers"):
            entry[key] = tuple((old, new) for old, new in entry.get(key, ()))
        entry["extra"] = tuple(entry.get("extra", ()))
        pages.append(Page(**entry))
    if len({page.url for page in pages}) != len(pages):
        raise ValueError("the manifest names an address twice")
    return pages


def render(name: str) -> str:
    """Return the page file `name` with the bodies of the files that it includes."""
    text = (PAGES / name).read_text(encoding="utf-8")
    return MARKERS.sub("", INCLUDE.sub(lambda found: _body(found[1]), text))


def _body(name: str) -> str:
    text = (PAGES / name).read_text(encoding="utf-8")
    found = BODY.search(text)
    return found[1] if found else text


def content(page: Page) -> bytes:
    """Return the bytes of `page` before any coding: included, edited, encoded and cut.

    Raises:
        ValueError: an edit replaces nothing.
    """
    if page.file is None:
        return base64.b64decode(page.body or "")
    text = render(page.file)
    for old, new in page.edits:
        if old not in text:
            raise ValueError(f"{page.url}: the edit {old!r} replaces nothing in {page.file}")
        text = text.replace(old, new)
    return text.encode(page.encoding)[: page.truncate]


def response(page: Page) -> bytes:
    """Return the whole HTTP answer: status line, headers, body."""
    body = content(page)
    headers = [("Server", "sample/1.0")]
    if page.content_type is not None:
        headers.append(("Content-Type", page.content_type))
    headers += page.headers
    if page.coding == "gzip":
        body = stored_gzip(body)
        headers.append(("Content-Encoding", "gzip"))
    if page.coding == "chunked":
        body = chunked(body)
        headers.append(("Transfer-Encoding", "chunked"))
    else:
        length = len(body) if page.truncate is None else 3 * len(body)  # cut: less than promised
        headers.append(("Content-Length", str(length)))
    return _head(f"HTTP/1.1 {page.status}", headers) + body


def stored_gzip(data: bytes) -> bytes:
    """Return `data` as a gzip file without compression: the same bytes with every zlib."""
    blocks = [data[at : at + 0xFFFF] for at in range(0, len(data), 0xFFFF)] or [b""]
    return _gzip_file(
        data,
        b"".join(
            bytes([number == len(blocks)])
            + len(block).to_bytes(2, "little")
            + (len(block) ^ 0xFFFF).to_bytes(2, "little")
            + block
            for number, block in enumerate(blocks, 1)
        ),
    )


def deflated_gzip(data: bytes) -> bytes:
    """Return `data` as a compressed gzip file, with a header that no Python version changes."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return _gzip_file(data, packer.compress(data) + packer.flush())


def _gzip_file(data: bytes, deflated: bytes) -> bytes:
    head = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"  # no name, no time, no system
    return (
        head + deflated + zlib.crc32(data).to_bytes(4, "little") + len(data).to_bytes(4, "little")
    )


def chunked(data: bytes, size: int = 1500) -> bytes:
    """Return `data` in the chunked transfer coding, `size` bytes a chunk."""
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def record_id(kind: str, address: str) -> str:
    """Return the WARC-Record-ID of the record of type `kind` about `address`."""
    return f"<urn:uuid:{uuid.uuid5(NAMESPACE, f'{kind} {address}')}>"


def fetched(url: str) -> str:
    """Return when `url` was fetched: a moment of the crawl that its hash chooses."""
    seconds = uuid.uuid5(NAMESPACE, url).int % CRAWL_SECONDS
    return (CRAWL_START + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def record(
    kind: str,
    address: str,
    date: str,
    content_type: str,
    block: bytes,
    more: tuple[tuple[str, str], ...] = (),
) -> bytes:
    """Return one WARC/1.0 record, not compressed."""
    headers = [("WARC-Type", kind), ("WARC-Record-ID", record_id(kind, address))]
    headers += [("WARC-Date", date)]
    if kind != "warcinfo":
        headers.append(("WARC-Target-URI", address))
        headers.append(("WARC-Warcinfo-ID", record_id("warcinfo", WARCINFO_ADDRESS)))
    headers += more
    headers += [
        ("WARC-Block-Digest", sha1(block)),
        ("Content-Type", content_type),
        ("Content-Length", str(len(block))),
    ]
    return _head("WARC/1.0", headers) + block + b"\r\n\r\n"


def sha1(data: bytes) -> str:
    """Return the digest of `data` as WARC headers spell it."""
    return "sha1:" + base64.b32encode(hashlib.sha1(data).digest()).decode()


def _head(first: str, headers: list[tuple[str, str]]) -> bytes:
    lines = [first, *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode()


def records(pages: list[Page]) -> list[bytes]:
    """Return the records of the sample, in the order of the crawl."""
    about = "software: webfilter examples/make_sample.py\r\nformat: WARC File Format 1.0\r\n"
    start = CRAWL_START.strftime("%Y-%m-%dT%H:%M:%SZ")
    out = [record("warcinfo", WARCINFO_ADDRESS, start, "application/warc-fields", about.encode())]
    for page in sorted(pages, key=lambda page: (fetched(page.url), page.url)):
        date = fetched(page.url)
        answer = response(page)
        more = [("WARC-Payload-Digest", sha1(answer.split(b"\r\n\r\n", 1)[1]))]
        if page.truncate is not None:
            more.append(("WARC-Truncated", "length"))
        concurrent = ("WARC-Concurrent-To", record_id("response", page.url))
        http = "application/http; msgtype="
        if "request" in page.extra:
            _, _, host, path = page.url.split("/", 3)
            asked = _head(f"GET /{path} HTTP/1.1", [("Host", host), ("User-Agent", "sample/1.0")])
            out.append(record("request", page.url, date, http + "request", asked, (concurrent,)))
        out.append(record("response", page.url, date, http + "response", answer, tuple(more)))
        if "metadata" in page.extra:
            fields = b"fetchTimeMs: 212\r\ncharset-detected: UTF-8\r\n"
            kind = "application/warc-fields"
            out.append(record("metadata", page.url, date, kind, fields, (concurrent,)))
    return out


def pack(pages: list[Page]) -> bytes:
    """Return the sample as bytes: one gzip member a record."""
    return b"".join(deflated_gzip(each) for each in records(pages))


def main(argv: list[str] | None = None) -> int:
    """Write the sample, or list what is in it; return the exit status."""
    parser = argparse.ArgumentParser(description="Pack examples/pages into a WARC file.")
    parser.add_argument("--out", type=Path, default=SAMPLE, help="where to write the sample")
    parser.add_argument("--list", action="store_true", help="list the pages and write nothing")
    args = parser.parse_args(argv)
    pages = read_manifest()
    if args.list:
        for page in pages:
            print(f"{page.expect:6}  {page.kind:9}  {page.url}  ({page.why})")
        return 0
    data = pack(pages)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_bytes(data)
    print(f"{args.out}: {len(pages)} pages, {len(data):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
