"""Bytes that are no text are known; pages in any encoding, and damaged ones, are not refused."""

from __future__ import annotations

import gzip
import io
import random
import struct
import tarfile
import zipfile
import zlib

import pytest

from webfilter.binary import binary_kind
from webfilter.document import Document
from webfilter.extract import Extract
from webfilter.extract.encoding import decode

NOISE = random.Random(7).randbytes(20_000)
TEXTS = {
    "en": "Bees see a light that we do not see, and many flowers bear marks in that light. " * 9,
    "ru": "Пчёлы видят свет, которого не видим мы. Многие цветы несут на себе метки. " * 9,
    "ja": "蜜蜂は人間には見えない光を見ることができます。多くの花は印を持っています。" * 9,
    "zh": "蜜蜂能看见我们看不见的光。许多花在这种光里带有标记，这些标记指向有糖的地方。" * 9,
    "ko": "벌은 우리가 볼 수 없는 빛을 본다. 많은 꽃은 이 빛 속에 표시를 지니고 있다. " * 9,
}


def page(text: str) -> str:
    return f"<html><head><title>Light</title></head><body><p>{text}</p></body></html>"


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.html", page(TEXTS["en"]))
    return out.getvalue()


def tarred() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.html"))
    return out.getvalue()


def drawn() -> bytes:
    rows = zlib.compress(bytes(60))
    size = struct.pack(">IIBBBBB", 4, 4, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in ((b"IHDR", size), (b"IDAT", rows), (b"IEND", b""))
    )


FILES = [
    ("a JPEG image", b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01" + NOISE),
    ("a PNG image", drawn()),
    ("a GIF image", b"GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff\0\0\0,\0\0\0\0\x01\0\x01\0;"),
    ("a PDF document", b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"),
    ("a ZIP archive", zipped()),
    ("gzip data", gzip.compress(tarred())),
    ("a tar archive", tarred()),
    ("an MP4 file", struct.pack(">I", 24) + b"ftypisom\0\0\x02\0isomavc1" + NOISE),
    ("a font", b"\0\x01\0\0\0\x0b\0\x80\0\x03\x000OS/2" + NOISE),
    ("a program", b"\x7fELF\x02\x01\x01" + bytes(9) + NOISE),
    ("binary data", NOISE),
    ("a font", b"wOF2\0\x01\0\0" + NOISE),
    ("a program", b"MZ\x90\0" + bytes(56) + b"\x80\0\0\0" + b"This program cannot be run. " * 99),
    # samples of sound: where markup would be, UTF-16 has bytes like these
    ("binary data", struct.pack("<4000H", *(byte % 64 for byte in NOISE[:4000]))),
]


@pytest.mark.parametrize(("kind", "data"), FILES)
def test_a_file_that_is_sent_as_a_page_fails_and_says_what_it_is(kind, data):
    stage = Extract(engine="resiliparse", seconds=None, memory_mb=None)
    [doc] = stage([Document("a", html=data, meta={"content_type": "text/html"})])
    assert doc.text == ""
    assert str(doc.verdict) == f"extract failed: not a page: {kind}"


def pages():
    for name, text in TEXTS.items():
        for codec in ("utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"):
            yield f"{name} {codec}", page(text).encode(codec)
    for name, codec in (
        ("ja", "shift_jis"), ("ja", "euc_jp"), ("ja", "iso2022_jp"), ("zh", "gb18030"),
        ("ko", "euc_kr"), ("ko", "iso2022_kr"), ("ru", "koi8_r"), ("ru", "cp1251"),
    ):  # fmt: skip
        yield codec, page(TEXTS[name]).encode(codec)
    html = page(TEXTS["en"]).encode()
    yield "an image within", html.replace(b"<p>", b'<img src="data:image/png;base64,iVBORw0KG">')
    yield "cut", html[: len(html) // 2]
    yield "cut within a character", page(TEXTS["ru"]).encode()[:301]
    yield "NUL first", bytes(2048) + html
    yield "NUL between", html.replace(b" ", b" \0")
    yield "codes for bullets", html.replace(b" ", b" ", 1).replace(b"light", b"\x0b\x1elight")
    yield "MHTML", b"MIME-Version: 1.0\r\nContent-Type: multipart/related\r\n\r\n" + html
    yield "a page that tells of files", b"GIF, %PDF-1.7 and PK: how files begin. " + html
    yield "nothing", b""


@pytest.mark.parametrize(("name", "data"), list(pages()))
def test_pages_are_not_refused(name, data):
    assert binary_kind(data, decode(data).encoding) is None
