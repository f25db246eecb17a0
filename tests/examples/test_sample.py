"""The embedded sample is what its sources say, byte for byte, and other tools can read it."""

from __future__ import annotations

import importlib.util
import io
import re
import sys
import zlib
from collections import Counter
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from urllib.parse import urlsplit

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SAMPLE = EXAMPLES / "data" / "sample.warc.gz"
PROBE = 0x8A4BA016

KINDS = {
    "teaching": 15, "howto": 6, "news": 8, "shop": 6, "forum": 4, "blog": 3, "spam": 4,
    "links": 3, "junk": 3, "language": 6, "copy": 8, "response": 5,
}  # fmt: skip


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_sample", EXAMPLES / "make_sample.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["make_sample"] = module
    spec.loader.exec_module(module)
    return module


make_sample = _load()
PAGES = make_sample.read_manifest()
BY_URL = {page.url: page for page in PAGES}


def members(data: bytes) -> list[bytes]:
    """Unpack a file of several gzip members, one by one."""
    out = []
    while data:
        unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
        out.append(unpacker.decompress(data) + unpacker.flush())
        assert unpacker.eof
        data = unpacker.unused_data
    return out


def same_deflate() -> bool:
    """Whether this zlib compresses as the one did that packed the sample; zlib-ng does not."""
    probe = " ".join(str(n * n % 97 + n % 7) for n in range(4000)).encode()
    return zlib.crc32(zlib.compress(probe, 9)) == PROBE


def test_packing_again_gives_the_committed_records() -> None:
    assert members(make_sample.pack(PAGES)) == members(SAMPLE.read_bytes())


@pytest.mark.skipif(not same_deflate(), reason="another deflate: same records, other bytes")
def test_packing_again_gives_the_committed_bytes() -> None:
    assert make_sample.pack(PAGES) == SAMPLE.read_bytes()


def test_the_order_of_the_manifest_does_not_matter() -> None:
    assert make_sample.records(PAGES[::-1]) == make_sample.records(PAGES)


def test_the_command_writes_the_sample(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert make_sample.main(["--out", str(tmp_path / "new" / "s.warc.gz")]) == 0
    assert members((tmp_path / "new" / "s.warc.gz").read_bytes()) == members(SAMPLE.read_bytes())
    assert make_sample.main(["--list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1 + len(PAGES)


def test_the_sample_is_small() -> None:
    assert SAMPLE.stat().st_size < 400_000


def test_every_member_is_one_record_with_its_own_id() -> None:
    records = members(SAMPLE.read_bytes())
    assert all(each.startswith(b"WARC/1.0\r\n") for each in records)
    ids = [
        re.findall(rb"\r\nWARC-Record-ID: (\S+)\r\n", each.split(b"\r\n\r\n")[0])
        for each in records
    ]
    assert all(len(found) == 1 for found in ids)
    assert len({found[0] for found in ids}) == len(records)


def test_pages_and_records_by_kind() -> None:
    assert Counter(page.kind for page in PAGES) == KINDS
    types = [re.search(rb"WARC-Type: (\w+)", each)[1] for each in members(SAMPLE.read_bytes())]  # type: ignore[index]
    assert types[0] == b"warcinfo"
    assert Counter(types) == {
        b"warcinfo": 1,
        b"request": 1,
        b"metadata": 1,
        b"response": len(PAGES),
    }


def test_every_address_is_on_an_invented_host() -> None:
    for page in PAGES:
        found = re.findall(rb"""(?:https?:|[("'])//([\w.-]+)""", make_sample.content(page))
        hosts = {urlsplit(page.url).hostname or "", *(host.decode() for host in found)}
        assert {host for host in hosts if not host.endswith(".example")} == set(), page.url


def test_every_file_is_used_and_every_reference_resolves() -> None:
    used = {page.file for page in PAGES if page.file}
    folder = EXAMPLES / "pages"
    included = {
        name
        for path in folder.rglob("*.html")
        for name in make_sample.INCLUDE.findall(path.read_text(encoding="utf-8"))
    }
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert files - {"manifest.toml"} == used | included
    assert {page.copy_of for page in PAGES if page.copy_of} <= BY_URL.keys()
    assert {page.expect for page in PAGES} == {"keep", "drop", "either"}


def test_no_mark_of_the_sources_is_left_in_a_page() -> None:
    for page in PAGES:
        assert not re.search(rb"<!-- (include|/?body)", make_sample.content(page)), page.url


def test_an_edit_that_replaces_nothing_is_an_error() -> None:
    page = make_sample.Page("https://a.example/", "copy", "drop", "", "junk/login.html",
                            edits=(("not there", "x"),))  # fmt: skip
    with pytest.raises(ValueError, match="replaces nothing"):
        make_sample.content(page)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags[tag] += 1


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.kind != "response"], ids=lambda p: p.url
)
def test_every_page_parses_as_a_page(page: object) -> None:
    parser = _Tags()
    parser.feed(make_sample.content(page).decode(page.encoding))  # type: ignore[attr-defined]
    assert parser.tags["title"] == 1
    assert parser.tags["body"] == 1


def test_fastwarc_reads_every_answer_and_undoes_the_codings() -> None:
    from fastwarc.warc import ArchiveIterator, WarcRecordType

    seen = {}
    stream = io.BytesIO(SAMPLE.read_bytes())
    for record in ArchiveIterator(
        stream, record_types=WarcRecordType.response, parse_http=True, auto_decode="all"
    ):
        url = record.headers["WARC-Target-URI"]
        seen[url] = (record.http_headers.status_code, record.reader.read())
    assert seen.keys() == BY_URL.keys()
    for url, (status, body) in seen.items():
        assert status == int(BY_URL[url].status.split()[0])
        assert body == make_sample.content(BY_URL[url]), url


def test_warcio_agrees_with_every_digest() -> None:
    archiveiterator = pytest.importorskip("warcio.archiveiterator")
    count = 0
    for record in archiveiterator.ArchiveIterator(
        io.BytesIO(SAMPLE.read_bytes()), check_digests="raise"
    ):
        record.raw_stream.read()
        count += 1
    assert count == 3 + len(PAGES)


def test_the_broken_pages_are_broken_as_they_say() -> None:
    def page(part: str) -> bytes:
        (url,) = [url for url in BY_URL if part in url]
        return make_sample.content(BY_URL[url])  # type: ignore[no-any-return]

    assert page("weather-warning").count(b"\0") == 2
    assert not page("Clock_Museum").rstrip().endswith(b"</html>")
    assert page("knots").count(b"<TD") > page("knots").count(b"</TD")
    with pytest.raises(UnicodeDecodeError):
        page("wanderandfork").decode("utf-8")
    for part, encoding in (
        ("kuesten", "iso-8859-1"),
        ("tanaka", "shift_jis"),
        ("zaozhi", "gb18030"),
    ):
        with pytest.raises(UnicodeDecodeError):
            page(part).decode("utf-8")
        assert encoding.encode() in page(part).lower()  # only the page says so
    assert b"charset" not in page("raduga")  # only the header says so


def _prose(file: str) -> str:
    text = (EXAMPLES / "pages" / file).read_text(encoding="utf-8")
    return unescape(re.sub("<[^>]*>", " ", make_sample.BODY.search(text)[1]))


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.kind == "teaching"], ids=lambda p: p.url
)
def test_a_teaching_page_extracts_whole_and_without_navigation(page: object) -> None:
    trafilatura = pytest.importorskip("trafilatura")
    words = Counter(re.findall(r"\w+", _prose(page.file).lower()))  # type: ignore[attr-defined]
    html = make_sample.content(page).decode(page.encoding)  # type: ignore[attr-defined]
    text = trafilatura.extract(html, include_comments=False, deduplicate=False)
    got = Counter(re.findall(r"\w+", text.lower()))
    both = sum((words & got).values())
    assert 350 <= sum(words.values()) <= 900
    assert both >= 0.95 * sum(words.values())
    assert both >= 0.95 * sum(got.values())


def test_copies_are_as_near_to_their_originals_as_they_say() -> None:
    trafilatura = pytest.importorskip("trafilatura")

    def extract(url: str) -> str:
        page = BY_URL[url]
        html = make_sample.content(page).decode(page.encoding)
        return str(trafilatura.extract(html, include_comments=False, deduplicate=False))

    def shingles(text: str) -> set[tuple[str, ...]]:
        words = re.findall(r"\w+", text.lower())
        return {tuple(words[at : at + 5]) for at in range(len(words) - 4)}

    exact = 0
    for page in PAGES:
        if page.copy_of is None:
            continue
        copy, original = extract(page.url), extract(page.copy_of)
        exact += copy == original
        one, two = shingles(copy), shingles(original)
        assert len(one & two) / len(one | two) > 0.7, page.url
    assert exact == 3
