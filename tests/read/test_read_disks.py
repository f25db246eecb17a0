"""What disks and copies do to files: holes, spoiled beginnings, sectors that cannot be read."""

import bz2
import errno
import gzip
import io
import json
import lzma
import os
from functools import partial

import lz4.frame
import pytest
import zstandard
from warcbuild import PAGE, failures, pages, read_all, read_bytes, recompress, urls, without_digests

import webfilter.read as read
from webfilter.errors import SourceError
from webfilter.read import stored
from webfilter.read.decoders import SUFFIXES, codec_of

COMPRESSORS = {
    "gz": gzip.compress,
    "zst": zstandard.ZstdCompressor(write_checksum=True).compress,
    "lz4": partial(lz4.frame.compress, content_checksum=True),
    "xz": lzma.compress,
    "bz2": bz2.compress,
}
LINES = [json.dumps({"id": f"r{n}", "text": f"Text {n}. " * 40}).encode() + b"\n" for n in range(4)]


@pytest.mark.parametrize("stored", ["plain", "one member"])
def test_a_hole_over_two_headers_does_not_join_their_records(stored):
    warc = pages(4, compressed=False)
    data, (_, first, second, *_) = warc.data, warc.offsets
    for start in range(first + 12, data.index(b"\r\n\r\n", first), 9):
        for end in range(second + 12, data.index(b"\r\n\r\n", second), 37):
            holed = data[:start] + bytes(end - start) + data[end:]
            docs = read_bytes(holed if stored == "plain" else gzip.compress(holed))
            assert urls(docs) == "03", (start, end)
            assert len(failures(docs)) == 1


def test_a_record_with_a_hole_in_its_header_is_failed_as_what_it_still_says():
    warc = pages(3, compressed=False)
    at = warc.data.index(b"Content-Type:", warc.offsets[1])
    docs = read_bytes(warc.data[:at] + bytes(5) + warc.data[at + 5 :])
    assert urls(docs) == "02"
    assert (docs[1].id, docs[1].url) == (warc.ids[1], "https://a.example/1")
    begins = warc.offsets[1]
    assert failures(docs) == [
        f"its header has zero bytes in it, in the record at byte {begins} of a.warc"
    ]


@pytest.mark.parametrize("name", [b"WARC-Record-ID", b"warc-record-id"])
def test_records_of_which_the_middle_is_gone_are_not_joined(name):
    warc = pages(4, compressed=False)
    data = without_digests(warc.data).replace(b"WARC-Record-ID", name)
    first, second = (data.index(warc.ids[n].encode()) for n in (1, 2))
    for start in (first + 60, first + 100):
        docs = read_bytes(data[:start] + data[second - 18 :])
        assert urls(docs) == "03"
        assert [doc.id for doc in docs if not doc.live] == [warc.ids[1]]
        assert "its header has the ids of several records" in failures(docs)[0]
    again = data.replace(warc.ids[1].encode(), warc.ids[1].encode() + b"\r\nWARC-Record-Id: <x>", 1)
    assert urls(read_bytes(again)) == "023"
    named = name + b": " + warc.ids[1].encode() + b"\r\n"
    assert urls(read_bytes(data.replace(named, named * 2))) == "0123"  # it says nothing else


@pytest.mark.parametrize("suffix", COMPRESSORS)
@pytest.mark.parametrize("spoiled", [1, 4, 40])
def test_a_spoiled_beginning_does_not_make_a_packed_file_plain(suffix, spoiled, tmp_path):
    path = tmp_path / f"a.jsonl.{suffix}"
    first, *rest = map(COMPRESSORS[suffix], LINES)
    for junk in (bytes(spoiled), bytes(255 - byte for byte in first[:spoiled])):
        path.write_bytes(junk + first[spoiled:] + b"".join(rest))
        docs = list(read.read(path))
        assert [doc.id for doc in docs if doc.live] == ["r1", "r2", "r3"]
        codec = SUFFIXES[f".{suffix}"]
        assert failures(docs) == [
            f"it does not begin like {codec} data, which its name says it is, "
            f"at byte 0 of {path}, after line 0"
        ]


@pytest.mark.parametrize("name", ["a.warc.gz", "a.jsonl.gz", "a.html.gz"])
def test_a_file_that_is_one_hole_is_no_empty_file(name, tmp_path):
    (tmp_path / name).write_bytes(bytes(5000))
    (doc,) = read.read(tmp_path)
    assert "it does not begin like gzip data" in doc.verdict.reason
    assert str(tmp_path / name) in doc.verdict.reason


def test_what_is_plain_in_spite_of_its_name_is_read(tmp_path):
    warc = pages(3, compressed=False)
    (tmp_path / "a.warc.gz").write_bytes(warc.data)
    (tmp_path / "b.jsonl.zst").write_bytes(b"".join(LINES))
    (tmp_path / "c.html.xz").write_bytes(b"\xff\xfe" + PAGE.decode().encode("utf-16-le"))
    assert [doc.live for doc in read.read(tmp_path)] == [True] * 8


def test_a_long_frame_without_content_is_of_the_codec_that_the_name_says(tmp_path):
    skipped = b"\x50\x2a\x4d\x18" + (200_000).to_bytes(4, "little") + bytes(200_000)
    for suffix in ("lz4", "zst"):
        path = tmp_path / f"a.jsonl.{suffix}"
        path.write_bytes(skipped + b"".join(map(COMPRESSORS[suffix], LINES)))
        assert [doc.id for doc in read.read(path)] == ["r0", "r1", "r2", "r3"]
    short = skipped[:4] + (9).to_bytes(4, "little") + bytes(9)
    assert codec_of(short + zstandard.compress(b"x"), "lz4") == "zstd"


class Stream(io.BytesIO):
    def seekable(self):
        return False

    def seek(self, *_):
        raise OSError("no")


@pytest.mark.parametrize("suffix", COMPRESSORS)
def test_damage_of_a_stream_costs_no_more_than_that_of_a_file(suffix):
    records = pages(5, compressed=False).records()
    first, bad, *rest = map(COMPRESSORS[suffix], records)
    for at in range(8, len(bad) - 1, 7):
        data = b"".join([first, bad[:at], b"\xff\x55", bad[at + 2 :], *rest])
        from_stream, from_file = (read_all(data, handle)[0] for handle in (Stream, io.BytesIO))
        assert from_stream == from_file
        assert urls(from_stream).endswith("234")


def test_behind_damage_in_a_member_longer_than_what_is_at_hand_a_stream_goes_on(monkeypatch):
    monkeypatch.setattr(stored, "CHUNK", 64)
    first, bad, *rest = map(gzip.compress, pages(5, compressed=False).records())
    assert len(bad) > 3 * 64
    for at in (len(bad) - 6, len(bad) // 2):
        data = b"".join([first, bad[:at], bytes([bad[at] ^ 255]), bad[at + 1 :], *rest])
        assert urls(read_all(data, Stream)[0]).endswith("234")


@pytest.mark.parametrize("handle", [Stream, io.BytesIO])
def test_members_that_each_swallow_all_that_follow_are_not_read_again_and_again(
    handle, monkeypatch
):
    monkeypatch.setattr(stored, "_REPEAT", 1 << 16)
    record = b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 10\r\n\r\n"
    size = len(record)
    block = b"\0" + size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little") + record
    member = b"\x1f\x8b\x08\0\0\0\0\0\0\3" + block + b"\0\xff\xff\0\0"  # 64 KB as they are
    for count in (100, 200, 400):
        docs, _ = read_all(member * count, handle)
        assert count <= len(docs) < (2 * (1 << 16) + 16 * len(member) * count) / size


class BadSectors(io.BytesIO):
    """Raises at the access number `after`, and from then on."""

    after = count = 0

    def _access(self):
        self.count += 1
        if self.count > self.after:
            raise OSError(errno.EIO, "Input/output error")

    def read(self, size=-1):
        self._access()
        return super().read(min(size, 1000))

    def seek(self, *place):
        self._access()
        return super().seek(*place)


@pytest.mark.parametrize("limit", [1 << 25, 300])
def test_whichever_access_fails_it_costs_its_file_alone(limit):
    warc = pages(5, compressed=False)
    noise = warc.data[: warc.offsets[2]] + b"noise" + warc.data[warc.offsets[2] :]
    for data in (warc.data, noise, warc.data[:-300], recompress(warc.data, warc.offsets)):
        for after in range(40):
            handle = type("Handle", (BadSectors,), {"after": after})
            docs, _ = read_all(data, handle, max_bytes=limit)
            said = [reason for reason in failures(docs) if "Input/output error" in reason]
            assert len(said) <= 1
            if not said:
                break
            assert "a.warc" in said[0]
        assert 2 < after < 39


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_a_pipe_that_a_pattern_matches_is_not_waited_for(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(LINES[0])
    os.mkfifo(tmp_path / "b.jsonl")
    with pytest.raises(SourceError, match=r"b\.jsonl: no ordinary file: give a pipe by itself"):
        read.read(str(tmp_path / "*.jsonl"))
