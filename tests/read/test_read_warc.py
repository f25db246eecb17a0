"""What a WARC record becomes, against files that warcio wrote."""

import base64
import bz2
import gzip
import hashlib
import io
import lzma
import random
import re
import tracemalloc
import zlib

import brotli
import lz4.frame
import pytest
import zstandard
from warcbuild import PAGE, Warc, Writer, one, pages, read_all, read_bytes
from warcio.archiveiterator import ArchiveIterator
from warcio.statusandheaders import StatusAndHeaders

from webfilter.read.decoders import decoder_for
from webfilter.read.records import _headers

HTML = ("Content-Type", "text/html; charset=utf-8")


def chunked(*chunks):
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


def verdict(doc):
    return None if doc.verdict is None else (doc.verdict.kind, doc.verdict.reason)


def test_a_page_has_id_url_bytes_and_what_was_said_of_it():
    warc = Warc().add(
        "https://a.example/tide?x=1",
        http=("200 OK", [HTML, ("Content-Language", "en"), ("Last-Modified", "Mon")]),
        warc={"WARC-Identified-Content-Language": "eng"},
    )
    (doc,) = read_bytes(warc.data, http_headers=("Last-Modified",))
    assert (doc.id, doc.url, doc.html, doc.text) == (
        warc.ids[0],
        "https://a.example/tide?x=1",
        PAGE,
        "",
    )
    assert doc.live
    assert doc.id.startswith("<urn:uuid:")
    wanted = {
        "source": "a.warc",
        "record_type": "response",
        "offset": 0,
        "http_status": 200,
        "content_type": "text/html; charset=utf-8",
        "content_language": "en",
        "identified_language": "eng",
        "last_modified": "Mon",
    }
    assert wanted.items() <= doc.meta.items()
    assert doc.meta["date"].endswith("Z")


def test_ids_urls_and_payloads_are_those_that_warcio_reads():
    warc = Warc()
    for index in range(40):
        body = PAGE * (1 + index * 90)
        warc.add(f"https://a.example/{index}", body)
        warc.add(f"https://a.example/{index}", b"GET / HTTP/1.1\r\n\r\n", "request")
    theirs = {
        r.rec_headers.get_header("WARC-Record-ID"): (
            r.rec_headers.get_header("WARC-Target-URI"),
            r.content_stream().read(),
        )
        for r in ArchiveIterator(io.BytesIO(warc.data))
        if r.rec_type == "response"
    }
    docs, skipped = read_all(warc.data)
    assert {doc.id: (doc.url, doc.html) for doc in docs} == theirs
    assert skipped == {"request": 40}
    assert [doc.meta["offset"] for doc in docs] == warc.offsets[0:-1:2]


class Dribbles(io.BytesIO):
    """Gives a byte at a time, as what comes over the network may at first."""

    def read(self, size=-1):
        return super().read(min(size, 1))


@pytest.mark.parametrize(
    "compress",
    [
        bytes,
        gzip.compress,
        bz2.compress,
        lzma.compress,
        lz4.frame.compress,
        zstandard.ZstdCompressor().compress,
    ],
)
def test_compression_makes_no_difference(compress):
    warc = pages(20, compressed=False)
    records = [compress(record) for record in warc.records()]
    docs = read_bytes(b"".join(records))
    assert [(doc.id, doc.url) for doc in docs] == [
        (id, f"https://a.example/{index}") for index, id in enumerate(warc.ids)
    ]
    assert all(doc.live for doc in docs)
    sizes = [len(record) for record in records]
    assert [doc.meta["offset"] for doc in docs] == [sum(sizes[:n]) for n in range(20)]
    whole = read_bytes(compress(warc.data))
    assert [doc.html for doc in whole] == [doc.html for doc in docs]
    dribbled, _ = read_all(b"".join(records), Dribbles)
    assert dribbled == docs


@pytest.mark.parametrize("sizes", [(500, 500, 500), (30_000, 110_000, 100_000)])
def test_of_records_that_are_too_large_the_same_is_told_however_they_are_stored(sizes):
    warc = Warc(compressed=False)
    for index, size in enumerate(sizes):
        warc.add(f"https://a.example/{index}", PAGE + random.Random(index).randbytes(size))
    data = re.sub(rb"WARC-Record-ID:[^\n]*\n", b"", warc.data)  # so that ids tell what was seen
    told = []
    for stored, handle in (
        (data, io.BytesIO),
        (gzip.compress(data), io.BytesIO),
        (gzip.compress(data), Dribbles),
        (zstandard.compress(data), io.BytesIO),
    ):
        docs, _ = read_all(stored, handle, max_bytes=400)
        assert [(doc.url, verdict(doc)) for doc in docs] == [
            (f"https://a.example/{index}", ("dropped", "too_large")) for index in range(3)
        ]
        told.append([(doc.id, doc.meta | {"offset": None}) for doc in docs])
    assert told[1:] == told[:-1]
    assert told[0][0][1]["http_status"] == 200


@pytest.mark.parametrize("compress", [lz4.frame.compress, zstandard.compress])
def test_frames_without_content_are_passed_over(compress):
    warc = pages(3, compressed=False)
    stored = b""
    for record, size in zip(warc.records(), (5, 300_000, 0), strict=True):
        stored += b"\x53\x2a\x4d\x18" + size.to_bytes(4, "little") + b"x" * size
        stored += compress(record)
    docs = read_bytes(stored)
    assert [(doc.id, doc.live) for doc in docs] == [(id, True) for id in warc.ids]


def test_zstd_files_with_a_dictionary_of_their_own_are_read():
    warc = pages(40, compressed=False)
    dictionary = zstandard.train_dictionary(512, [*warc.records()] * 5)
    packed = zstandard.ZstdCompressor(dict_data=dictionary)
    for stored in (
        dictionary.as_bytes(),
        zstandard.ZstdCompressor().compress(dictionary.as_bytes()),
    ):
        head = b"\x5d\x2a\x4d\x18" + len(stored).to_bytes(4, "little") + stored
        docs = read_bytes(head + b"".join(packed.compress(r) for r in warc.records()))
        assert [doc.id for doc in docs] == warc.ids
        assert all(doc.live for doc in docs)


@pytest.mark.parametrize(
    ("coding", "payload"),
    [
        ("gzip", gzip.compress(PAGE)),
        ("x-gzip", gzip.compress(PAGE[:20]) + gzip.compress(PAGE[20:])),
        ("deflate", zlib.compress(PAGE)),
        ("deflate", zlib.compress(PAGE)[2:-4]),
        ("br", brotli.compress(PAGE)),
        ("zstd", zstandard.ZstdCompressor().compress(PAGE)),
        ("gzip, br", brotli.compress(gzip.compress(PAGE))),
        ("identity", PAGE),
        ("utf-8", PAGE),
        ("gzip", PAGE),
        ("br", PAGE),
        ("deflate", PAGE),
        ("zstd", PAGE),
    ],
)
def test_packed_bodies_are_unpacked_and_unpacked_ones_are_left(coding, payload):
    doc = one(body=payload, http=("200 OK", [HTML, ("Content-Encoding", coding)]))
    assert (verdict(doc), doc.html) == (None, PAGE)


@pytest.mark.parametrize(
    ("coding", "compress"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("br", brotli.compress),
        ("zstd", zstandard.compress),
    ],
)
def test_a_body_of_megabytes_from_few_bytes_is_unpacked_as_it_was(coding, compress):
    page = PAGE + b"<p>The tide comes twice a day." * 120_000
    doc = one(body=compress(page), http=("200 OK", [HTML, ("Content-Encoding", coding)]))
    assert (verdict(doc), doc.html == page) == (None, True)


@pytest.mark.parametrize(
    "payload",
    [
        chunked(PAGE),
        chunked(PAGE[:10], PAGE[10:]),
        b"a;x=1\r\n" + PAGE[:10] + b"\r\n" + chunked(PAGE[10:]),
        PAGE,
    ],
)
def test_chunks_are_joined_and_joined_bodies_are_left(payload):
    doc = one(body=payload, http=("200 OK", [HTML, ("Transfer-Encoding", "chunked")]))
    assert (verdict(doc), doc.html) == (None, PAGE)


def test_of_a_chunked_body_that_the_archive_cut_all_that_is_there_is_taken():
    whole = chunked(PAGE[:10], PAGE[10:])
    fields = [HTML, ("Transfer-Encoding", "chunked")]
    for cut in range(8, len(whole)):
        doc = one(body=whole[:cut], http=("200 OK", fields), warc={"WARC-Truncated": "length"})
        assert verdict(doc) is None, cut
        assert PAGE.startswith(doc.html), cut
        assert len(doc.html) >= min(len(PAGE), cut - 9), cut


def test_chunked_and_packed():
    fields = [HTML, ("Transfer-Encoding", "chunked"), ("Content-Encoding", "gzip")]
    doc = one(body=chunked(gzip.compress(PAGE)), http=("200 OK", fields))
    assert doc.html == PAGE


@pytest.mark.parametrize(
    ("more", "payload"),
    [
        ([], PAGE),
        ([], gzip.compress(PAGE)),
        ([("Content-Encoding", "gzip")], PAGE),
        ([("Content-Encoding", "gzip")], gzip.compress(PAGE)),
        ([("Content-Encoding", "gzip")], gzip.compress(gzip.compress(PAGE))),
        ([("Content-Encoding", "br")], gzip.compress(brotli.compress(PAGE))),
    ],
)
def test_packed_for_the_transfer(more, payload):
    fields = [HTML, ("Transfer-Encoding", "gzip, chunked"), *more]
    for body in (chunked(payload), payload):
        assert one(body=body, http=("200 OK", fields)).html == PAGE


@pytest.mark.parametrize(
    ("fields", "payload", "said"),
    [
        ([("Transfer-Encoding", "chunked")], chunked(PAGE)[:-9], "bad chunking: a chunk of"),
        ([("Transfer-Encoding", "chunked")], chunked(PAGE)[:-5], "the last chunk is missing"),
        ([("Transfer-Encoding", "chunked")], b"5\r\n" + PAGE, "no end of chunk at byte 8"),
        (
            [("Content-Encoding", "gzip")],
            gzip.compress(PAGE, mtime=0)[:-9],
            "gzip: it ends too early",
        ),
        ([("Content-Encoding", "br")], brotli.compress(PAGE)[:-9], "content-encoding br: "),
        ([("Content-Encoding", "deflate")], zlib.compress(PAGE)[:-9], "deflate: it ends too"),
        ([("Content-Encoding", "sdch")], b"\0\1\2" + PAGE, "content-encoding 'sdch' is not known"),
    ],
)
def test_bodies_that_cannot_be_decoded_fail_and_say_why(fields, payload, said):
    doc = one(url="https://a.example/x", body=payload, http=("200 OK", [HTML, *fields]))
    kind, reason = verdict(doc)
    assert kind == "failed"
    assert said in reason
    assert doc.url == "https://a.example/x"
    if "not known" not in said:  # what the crawler cut, and says so, is taken as far as it goes
        doc = one(body=payload, http=("200 OK", [HTML, *fields]), warc={"WARC-Truncated": "length"})
        assert doc.meta["truncated"] == "length"
        if said[:4] != "no e" and said[-4:] != "br: ":  # Arrow gives out whole blocks
            assert doc.html
            assert PAGE.startswith(doc.html)


@pytest.mark.parametrize("packed", [gzip.compress, zstandard.compress], ids=["gzip", "zstd"])
def test_a_body_of_very_many_members_is_not_copied_for_each(packed, monkeypatch):
    given = []

    class Counting:
        def __init__(self, codec, dictionary=None, after=None):
            self.inner = decoder_for(codec, dictionary, after and after.inner)

        def __getattr__(self, name):
            return getattr(self.inner, name)

        def push(self, data):
            given.append(len(data))
            return self.inner.push(data)

    monkeypatch.setattr("webfilter.read.http.decoder_for", Counting)
    coding = ("Content-Encoding", "gzip" if packed is gzip.compress else "zstd")
    whole = packed(b"") * 20_000 + packed(PAGE * 20_000)
    doc = one(body=whole, http=("200 OK", [HTML, coding]))
    assert doc.html == PAGE * 20_000
    assert sum(given) < 20_000 * 2_048  # of all that is left each time, gigabytes


@pytest.mark.parametrize("packed", [gzip.compress, zstandard.compress], ids=["gzip", "zstd"])
def test_a_body_of_members_without_end_fails(packed, monkeypatch):
    monkeypatch.setattr("webfilter.read.http._MOST_MEMBERS", 100)
    coding = ("Content-Encoding", "gzip" if packed is gzip.compress else "zstd")
    for members in (99, 100):
        doc = one(body=packed(b"") * members + packed(PAGE), http=("200 OK", [HTML, coding]))
        if members == 99:
            assert doc.html == PAGE
        else:
            kind, reason = verdict(doc)
            assert kind == "failed"
            assert "more than 100 members" in reason


@pytest.mark.parametrize("where", ["file", "body"])
def test_zstd_members_share_their_memory(where, monkeypatch):
    """To get it takes thirty times as long as to decompress a small member."""
    made = []
    real = zstandard.ZstdDecompressor
    monkeypatch.setattr(zstandard, "ZstdDecompressor", lambda **k: made.append(k) or real(**k))
    if where == "file":
        raw = pages(50, compressed=False)
        data = b"".join(map(zstandard.compress, raw.records()))
        assert len([doc for doc in read_bytes(data) if doc.live]) == 50
    else:
        body = b"".join(zstandard.compress(PAGE[at : at + 1]) for at in range(len(PAGE)))
        doc = one(body=body, http=("200 OK", [HTML, ("Content-Encoding", "zstd")]))
        assert doc.html == PAGE
    assert len(made) == 1


def test_a_body_packed_again_and_again_is_not_unpacked():
    for times in (5, 6):
        body = PAGE
        for _ in range(times):
            body = gzip.compress(body)
        doc = one(
            body=body, http=("200 OK", [HTML, ("Content-Encoding", ", ".join(["gzip"] * times))])
        )
        if times == 5:
            assert doc.html == PAGE
        else:
            kind, reason = verdict(doc)
            assert kind == "failed"
            assert "6 content codings > 5" in reason


def test_a_wrong_http_content_length_is_of_no_interest():
    for said in ("3", "99999", "many"):
        doc = one(http=("200 OK", [HTML, ("Content-Length", said)]))
        assert doc.html == PAGE


def test_interim_responses_are_passed_over():
    block = (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + PAGE
    )
    doc = one(body=block, http=False)
    assert (doc.html, doc.meta["http_status"]) == (PAGE, 200)


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"http": ("404 Not Found", [HTML])}, "http_status"),
        ({"http": ("301 Moved", [HTML, ("Location", "/x")]), "body": b""}, "http_status"),
        ({"body": b""}, "empty"),
        ({"http": ("200 OK", [("Content-Type", "image/png")])}, "content_type"),
        ({"http": ("200 OK", [("Content-Type", "application/json")])}, "content_type"),
        ({"http": ("200 OK", []), "body": b"%PDF-1.7 \0\1"}, "content_type"),
        (
            {"http": ("200 OK", [("Content-Type", "text/plain")]), "body": b"%PDF-1.7"},
            "content_type",
        ),
        ({"http": ("200 OK", [("Content-Encoding", "gzip")]), "body": gzip.compress(b"")}, "empty"),
        ({"kind": "conversion", "body": b"", "warc_content_type": "text/plain"}, "empty"),
        ({"kind": "resource", "warc_content_type": "text/css"}, "content_type"),
        (
            {"kind": "resource", "url": "metadata://x", "warc_content_type": "text/plain"},
            "metadata",
        ),
        ({"http": ("300 Multiple Choices", [HTML])}, "http_status"),
        ({"kind": "revisit", "body": b""}, "revisit"),
    ],
)
def test_what_is_no_page_is_dropped_with_a_reason(record, reason):
    doc = one(**record)
    assert verdict(doc) == ("dropped", reason)
    assert (doc.verdict.stage, doc.verdict.signal) == ("read", None)


def test_a_revisit_need_not_hold_a_response():
    data = Warc(compressed=False).add(kind="revisit", body=b"").data
    [doc] = read_bytes(data.replace(b"HTTP/1.1", b"NONE 1.1"))
    assert verdict(doc) == ("dropped", "revisit")


def test_redirects_say_where_to():
    doc = one(http=("301 Moved", [("Location", "https://b.example/")]), body=b"")
    assert (doc.meta["http_status"], doc.meta["location"]) == (301, "https://b.example/")


@pytest.mark.parametrize(
    "said", [[], [("Content-Type", "application/octet-stream")], [("Content-Type", "html")]]
)
@pytest.mark.parametrize(
    "page",
    [
        b"\r\n" * 700 + PAGE,
        b"\xef\xbb\xbf<HTML lang=en>hi",
        b"<?xml version='1.0'?>\n<!-- x --><html xmlns='x'/>",
        b"\xff\xfe" + "<html>hi".encode("utf-16-le"),
    ],
)
def test_unlabelled_pages_are_known_by_their_beginning(said, page):
    doc = one(body=page, http=("200 OK", said))
    assert (verdict(doc), doc.html) == (None, page)


@pytest.mark.parametrize(
    "page",
    [
        b" " * 10_000 + b"{}",
        b"<?xml version='1.0'?>" + b"\n  " * 5_000 + b"<rss/>",
        b"<!-- x -->" * 1_500 + b"tide",
        b"<!--" * 4_000,
    ],
)
def test_what_is_no_page_behind_many_blanks_is_told_at_once(page):
    """Not done in years, if each way to part the blanks is tried."""
    said = "charset=" + " " * 500_000 + "; x"
    for fields in ([], [("Content-Type", "text/xml")], [("Content-Type", said)]):
        assert verdict(one(body=page, http=("200 OK", fields))) == ("dropped", "content_type")


def test_wet_records_become_text():
    text = "Ebbe und Flut wechseln täglich.\n"
    doc = one(
        kind="conversion",
        body=text.encode() + b"\xff\xed\xa0\x80",
        warc_content_type="text/plain",
        warc={"WARC-Identified-Content-Language": "deu", "WARC-Refers-To": "<urn:x>"},
    )
    assert doc.text == text + "\ufffd" * 4
    assert doc.html is None
    assert (doc.meta["identified_language"], doc.meta["refers_to"]) == ("deu", "<urn:x>")


@pytest.mark.parametrize(
    ("said", "payload"),
    [
        ("text/plain", "Fjörður".encode()),
        ("text/plain; charset=iso-8859-1", "Fjörður".encode("latin-1")),
        ('text/plain; charset="UTF-16"', "\ufeffFjörður".encode("utf-16-le")),
        ("text/plain; charset=rot13", "Fjörður".encode()),
    ],
)
def test_plain_text_is_decoded(said, payload):
    doc = one(body=payload, http=("200 OK", [("Content-Type", said)]))
    assert (verdict(doc), doc.text) == (None, "Fjörður")


def test_a_resource_is_taken_by_its_own_content_type():
    doc = one(kind="resource", warc_content_type="text/html")
    assert doc.html == PAGE
    assert doc.meta["content_type"] == "text/html"


def test_a_record_of_as_many_bytes_as_may_be_is_loaded():
    data = gzip.decompress(Warc().add().data)
    size = int(re.findall(rb"Content-Length: ([0-9]+)", data)[0])
    for limit, loaded in ((size, True), (size - 1, False), (None, True)):
        (doc,) = read_bytes(data, max_bytes=limit)
        assert doc.live == loaded


def test_large_records_are_dropped_unread_but_judged_by_their_head():
    big = PAGE * 2000
    warc = (
        Warc()
        .add(body=big)
        .add(http=("404 Not Found", [HTML]), body=big)
        .add("https://a.example/z")
    )
    for data in (warc.data, gzip.compress(gzip.decompress(warc.data)), gzip.decompress(warc.data)):
        first, second, third = read_bytes(data, max_bytes=100_000)
        assert verdict(first) == ("dropped", "too_large")
        assert first.meta["content_length"] > len(big)
        assert verdict(second) == ("dropped", "http_status")
        assert third.html == PAGE


@pytest.mark.parametrize(
    ("coding", "compress"),
    [
        ("deflate", zlib.compress),
        ("gzip", gzip.compress),
        ("br", brotli.compress),
        ("zstd", zstandard.compress),
    ],
)
def test_a_bomb_is_not_unpacked(coding, compress):
    bomb = compress(b"<p>" * 10_000_000)
    warc = Warc().add(body=bomb, http=("200 OK", [HTML, ("Content-Encoding", coding)]))
    tracemalloc.start()
    (doc,) = read_bytes(warc.data, max_bytes=100_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert verdict(doc) == ("dropped", "too_large")
    assert peak < 16_000_000


def test_records_without_an_id_are_named_by_what_they_hold():
    def without_id(data):
        plain = gzip.decompress(data)
        at = plain.index(b"WARC-Record-ID")
        return plain[:at] + plain[plain.index(b"\n", at) + 1 :]

    date = {"WARC-Date": "2024-01-01T00:00:00Z"}
    (a,), (b,), (c,) = (
        read_bytes(without_id(Warc().add(body=body, warc=date).data))
        for body in (PAGE, PAGE, b"<p>")
    )
    assert a.id == b.id != c.id


def test_angle_brackets_around_urls_go():
    (doc,) = read_bytes(
        pages(1, False).data.replace(b"https://a.example/0", b"<https://a.example/0>")
    )
    assert doc.url == "https://a.example/0"


def test_a_page_without_an_end_of_its_head_takes_linear_time():
    """All of it is one folded header: not done in an hour, if that is copied for each line."""
    block = b"HTTP/1.1 200 OK\r\nX-A: b\r\n" + b" <p>\n" * 2_000_000
    doc = one(body=block, http=False)
    assert verdict(doc) == ("dropped", "empty")


def test_a_warc_header_folded_very_often_takes_linear_time():
    """Minutes, if it is copied for each line."""
    headers = _headers(b"WARC/1.0\r\nX-A: b\r\n" + b" c\n" * 2_000_000)
    assert headers == {"x-a": "b" + " c" * 2_000_000}


def test_a_warc_header_that_goes_on_before_it_begins_is_read():
    data = pages(1, compressed=False).data
    [doc] = read_bytes(data.replace(b"WARC/1.0\r\n", b"WARC/1.0\r\n of what\r\n"))
    assert (doc.live, doc.url) == (True, "https://a.example/0")


def test_what_a_folded_header_says_is_no_other_header():
    head = (
        b"WARC/1.0\r\nWARC-Type : response\r\nX-Note: of\r\n\tContent-Length: 3\r\n"
        b"WARC-Target-URI:\r\n https://a.example/\r\nContent-Length: %d\r\n\r\n"
    )
    block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + PAGE
    [doc] = read_bytes(head % len(block) + block)
    assert (doc.url, doc.html) == ("https://a.example/", PAGE)


def test_folded_headers_are_joined_by_a_blank():
    fields = [("X-A", "b\r\n\tc\r\n d"), ("Content-Type", "text/html")]
    [doc] = read_bytes(Warc().add(http=("200 OK", fields)).data, http_headers=("x-a",))
    assert doc.meta["x_a"] == "b c d"


def test_digests_are_checked_when_asked():
    data = pages(2, compressed=False).data.replace(b"Page 1", b"Page 7")
    assert all(doc.live for doc in read_bytes(data))
    good, bad = read_bytes(data, digests=True)
    assert good.live
    assert "its block is not what sha1:" in bad.verdict.reason


@pytest.mark.parametrize("name", ["sha1", "SHA-1", "sha256", "SHA-256", "sha512", "md5"])
@pytest.mark.parametrize("base", ["hex", "HEX", "base32", "unpadded", "lower"])
def test_digests_of_every_kind_are_checked(name, base):
    block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + PAGE
    digest = hashlib.new(name.lower().replace("-", ""), block).digest()
    value = {
        "hex": digest.hex(),
        "HEX": digest.hex().upper(),
        "base32": base64.b32encode(digest).decode(),
        "unpadded": base64.b32encode(digest).decode().rstrip("="),
        "lower": base64.b32encode(digest).decode().lower(),
    }[base]
    head = (
        "WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:x>\r\n"
        f"WARC-Block-Digest: {name} : {value} \r\nContent-Length: {len(block)}\r\n\r\n"
    ).encode()
    spoiled = block.replace(b"tide", b"ride")
    good, bad = read_bytes(head + block + b"\r\n\r\n" + head + spoiled, digests=True)
    assert good.live
    assert bad.verdict is not None
    for unknown in (
        head.replace(b"Digest: ", b"Digest: x"),
        head.replace(f"{value} ".encode(), b"!"),
    ):
        [doc] = read_bytes(unknown + spoiled, digests=True)
        assert doc.live


def test_newlines_alone_as_in_old_archives_will_do():
    head = b"WARC/0.18\nWARC-Type: response\nWARC-Record-ID: <urn:x>\nContent-Length: %d\n\n"
    block = b"HTTP/1.1 200 OK\nContent-Type: text/html\n\n" + PAGE
    docs = read_bytes((head % len(block) + block + b"\n\n") * 3)
    assert [doc.html for doc in docs] == [PAGE] * 3


def test_every_page_record_is_counted_once_and_the_others_by_type():
    out = io.BytesIO()
    writer = Writer(out)
    writer.write_record(writer.create_warcinfo_record("a.warc.gz", {"software": "us"}))
    for kind in ("request", "metadata", "response", "revisit"):
        head = StatusAndHeaders("200 OK", [HTML], protocol="HTTP/1.1")
        writer.write_record(
            writer.create_warc_record(
                "https://a.example/", kind, payload=io.BytesIO(PAGE), http_headers=head
            )
        )
    docs, skipped = read_all(out.getvalue())
    assert [doc.meta["record_type"] for doc in docs] == ["response", "revisit"]
    assert skipped == {"warcinfo": 1, "request": 1, "metadata": 1}


def test_broken_status_lines_fail_and_missing_ones_are_sniffed():
    head = (
        b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:x>\r\n"
        b"Content-Type: application/http\r\nContent-Length: %d\r\n\r\n"
    )
    blocks = [b"HTTP/1.1 abc\r\n\r\n" + PAGE, PAGE, b"\0\1\2"]
    bad, page, binary = read_bytes(b"".join(head % len(b) + b + b"\r\n\r\n" for b in blocks))
    assert bad.verdict.reason == "malformed HTTP status line 'HTTP/1.1 abc'"
    assert page.html == PAGE
    assert binary.verdict.reason == "HTTP response without a status line"
