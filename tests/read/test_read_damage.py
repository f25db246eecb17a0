"""Broken WARC files: what is readable comes out, and each damage is counted once."""

import bz2
import gzip
import io
import lzma
import random
import zlib
from functools import partial

import lz4.frame
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from warcbuild import (
    PAGE,
    Warc,
    failures,
    pages,
    read_all,
    read_bytes,
    recompress,
    urls,
    without_digests,
)

from webfilter.read.stored import CHUNK
from webfilter.read.tape import Tape

COMPRESSORS = {
    "zstd": zstandard.ZstdCompressor(write_checksum=True).compress,
    "lz4": partial(lz4.frame.compress, content_checksum=True),
    "xz": lzma.compress,
    "bz2": bz2.compress,
}


def test_a_gzip_file_cut_anywhere_gives_every_whole_record_and_one_failure():
    warc = pages(4)
    ends = warc.offsets
    for cut in range(len(warc.data) + 1):
        docs = read_bytes(warc.data[:cut])
        assert urls(docs) == "0123"[: sum(end <= cut for end in ends[1:])]
        assert len(failures(docs)) == (cut not in ends), cut


@pytest.mark.parametrize("codec", COMPRESSORS)
def test_other_codecs_cut_anywhere(codec):
    records = [COMPRESSORS[codec](record) for record in pages(3, compressed=False).records()]
    data = b"".join(records)
    ends = [sum(map(len, records[:n])) for n in range(4)]
    for cut in range(0, len(data) + 1, 3):
        docs = read_bytes(data[:cut])
        assert urls(docs) == "012"[: sum(end <= cut for end in ends[1:])]
        assert len(failures(docs)) == (cut not in ends), cut


def test_a_plain_file_cut_anywhere_gives_every_whole_record_and_at_most_one_failure():
    warc = pages(3, compressed=False)
    for cut in range(len(warc.data) + 1):
        docs = read_bytes(warc.data[:cut])
        whole = sum(end - 4 <= cut for end in warc.offsets[1:])  # without the newlines behind
        assert urls(docs) == "012"[:whole]
        near = {end - missing for end in warc.offsets for missing in range(5)}
        assert len(failures(docs)) == (cut not in near)


def test_a_file_that_is_one_gzip_member_cut_anywhere():
    plain = pages(3, compressed=False)
    data = gzip.compress(plain.data)
    for cut in range(1, len(data)):
        docs = read_bytes(data[:cut])
        assert len(failures(docs)) == 1
        assert "012".startswith(urls(docs))
    assert urls(read_bytes(data[:-1])) == "012"


def test_a_failed_record_keeps_its_id_and_url():
    warc = pages(3)
    failed = read_bytes(warc.data[:-20])[-1]
    assert (failed.id, failed.url) == (warc.ids[2], "https://a.example/2")
    assert failed.verdict.stage == "read"
    assert failed.meta["offset"] == warc.offsets[2]
    at = warc.offsets[2]
    assert failed.verdict.reason == (
        f"the file ends inside its gzip data, in the record at byte {at} of a.warc"
    )


@pytest.mark.parametrize("codec", ["gzip", *COMPRESSORS])
def test_one_flipped_byte_costs_one_record_at_most(codec):
    compress = COMPRESSORS.get(codec, gzip.compress)
    records = [compress(record) for record in pages(5, compressed=False).records()]
    before, bad, after = records[:2], records[2], records[3:]
    for at in range(0, len(bad), 5):
        flipped = bad[:at] + bytes([bad[at] ^ 0x55]) + bad[at + 1 :]
        docs = read_bytes(b"".join([*before, flipped, *after]))
        assert urls(docs) in ("0134", "01234"), at
        if urls(docs) == "0134":
            assert len(failures(docs)) == 1, at
        else:  # a byte of the member's header that says nothing (date, operating system)
            assert docs[2].html == read_bytes(b"".join(records))[2].html


@pytest.mark.parametrize("junk", [b"junk " * 40, gzip.compress(b"junk " * 40, mtime=0)])
@pytest.mark.parametrize("compressed", [True, False])
def test_junk_between_records_costs_none(junk, compressed):
    warc = pages(4, compressed)
    middle = warc.offsets[2]
    docs = read_bytes(warc.data[:middle] + junk + warc.data[middle:])
    assert urls(docs) == "0123"
    assert len(failures(docs)) == 1
    assert f"at byte {middle} of a.warc" in failures(docs)[0]


def test_each_damage_within_a_member_is_told():
    records = pages(3, compressed=False).records()
    junk = b"no record at all\r\n\r\n"
    docs = read_bytes(gzip.compress(junk.join(records)))
    assert urls(docs) == "012"
    assert len(failures(docs)) == 2
    records[1] = records[1].replace(b"WARC-Type", b"WARC-Kind")
    docs = read_bytes(gzip.compress(junk + records[1] + records[2]))
    assert urls(docs) == "2"
    first, second = failures(docs)
    assert "no WARC record" in first
    assert "it has no WARC-Type" in second


@pytest.mark.parametrize("stored", ["plain", "members"])
def test_without_digests_the_newlines_tell_a_sound_record_from_a_cut_one(stored):
    warc = pages(4, compressed=False)
    records = [without_digests(record) for record in warc.records()]
    pack = bytes if stored == "plain" else gzip.compress
    first, second, *rest = map(pack, records)
    docs = read_bytes(b"".join([first, second, pack(b"junk " * 40), *rest]))
    assert urls(docs) == "0123"
    assert len(failures(docs)) == 1
    if stored == "members":  # where a member ends, newlines are not needed
        bare = pack(records[1].removesuffix(b"\r\n\r\n"))
        docs = read_bytes(b"".join([first, bare, pack(b"junk " * 40), *rest]))
        assert urls(docs) == "0123"
    cut = pack(records[1][:-50])
    docs = read_bytes(b"".join([first, cut, *rest]))
    assert urls(docs) == "023"
    assert len(failures(docs)) == 1
    longer = pack(records[1][:-4] + b"<p>more of it\r\n\r\n")
    docs = read_bytes(b"".join([first, longer, *rest]))
    assert urls(docs) == "023"
    assert len(failures(docs)) == 1


def test_where_the_body_is_as_its_digest_says_no_newlines_are_needed():
    first, second, third = pages(3, compressed=False).records()
    bare = second.removesuffix(b"\r\n\r\n")
    docs = read_bytes(first + bare + b"junk " * 40 + third)
    assert (urls(docs), len(failures(docs))) == ("012", 1)
    spoiled = second.replace(b"grains", b"drains")
    for end in (b"\r\n\r\n", b"\n\n"):
        docs = read_bytes(first + spoiled[:-4] + end + b"junk " * 40 + third)
        assert (urls(docs), len(failures(docs))) == ("02", 1)
        docs = read_bytes(first + without_digests(spoiled[:-4]) + end + b"junk " * 40 + third)
        assert (urls(docs), len(failures(docs))) == ("012", 1)


def test_everything_before_the_damage_in_a_long_member_is_read():
    warc = pages(4000, compressed=False)
    pack = zlib.compressobj(wbits=31)
    data = pack.compress(warc.data[: warc.offsets[3000]]) + pack.flush(zlib.Z_FULL_FLUSH)
    assert len(data) > 1 << 17  # more than one chunk
    docs = read_bytes(data + b"\x07 no such type of block" + warc.data)
    assert docs[-1].meta["offset"] == 0  # where one has to start to get there
    assert failures(docs) == ["damaged gzip data (invalid block type), at byte 0 of a.warc"]
    assert [doc.id for doc in docs if doc.live] == warc.ids[:3000]


def test_padding_is_no_damage():
    assert failures(read_bytes(pages(2).data + b"\0" * 500)) == []
    assert urls(read_bytes(pages(2).data + b"\0" * 300_000 + pages(2).data)) == "0101"
    assert failures(read_bytes(pages(2, False).data + b"\r\n" * 500)) == []


SAID = [b"3", b"350", b"99999", b"999999999999", b"-5", b"", b"x", "²".encode(), b"9" * 30]


@pytest.mark.parametrize("said", SAID, ids=ascii)
@pytest.mark.parametrize("stored", ["plain", "members", "one member"])
@pytest.mark.parametrize("limit", [1 << 25, 300])
def test_a_wrong_content_length_costs_that_record(said, stored, limit):
    warc = pages(5, compressed=False)
    data, at = warc.data, warc.offsets[2]
    start = data.index(b"Content-Length:", at)
    data = data[:start] + b"Content-Length: " + said + data[data.index(b"\r\n", start) :]
    change = len(data) - len(warc.data)
    members = [*warc.offsets[:3], *(end + change for end in warc.offsets[3:])]
    if stored == "members":
        data = recompress(data, members)
    elif stored == "one member":
        data = gzip.compress(data)
    docs = read_bytes(data, max_bytes=limit)
    reasons = [doc.verdict and doc.verdict.reason for doc in docs]
    assert len(failures(docs)) == 1
    assert docs[2].url == "https://a.example/2"
    assert not docs[2].live
    if not said.isdigit():
        reason = f"Content-Length is {said.decode()!r}" if said else "it has no Content-Length"
        assert failures(docs)[0].startswith(f"{reason}, in the record at byte ")
    if stored == "one member" and ((limit == 300 and len(said) == 5) or len(said) == 12):
        assert len(docs) == 3  # too long to be kept in memory, and there is no way back
    elif stored == "one member" and limit == 300 and said == b"350":
        assert urls(docs) == "014"  # the same, but the file goes on behind what was skipped
    else:
        assert [doc.url for doc in docs] == [f"https://a.example/{n}" for n in range(5)], reasons


@pytest.mark.parametrize("more", [b"9", b"9999"], ids=["some", "all"])
def test_of_a_file_of_wrong_lengths_little_is_read_again_for_each(more, monkeypatch):
    """Else all that follows is searched once a record: hours for a large file."""
    monkeypatch.setattr("webfilter.read.records._REPEAT", 300_000)
    again, put_back = [], Tape.put_back

    def counted(self, data, at):
        again.append(len(data))
        put_back(self, data, at)

    monkeypatch.setattr(Tape, "put_back", counted)
    data = pages(300, compressed=False).data.replace(
        b"Content-Length: ", b"Content-Length: " + more
    )
    docs = read_bytes(gzip.compress(data))
    assert 0 < sum(again) <= 300_000 + 4 * len(data)
    assert not any(doc.live for doc in docs)


@pytest.mark.parametrize("codec", ["gzip", *COMPRESSORS])
def test_large_members_are_found_behind_a_broken_one(codec):
    compress = COMPRESSORS.get(codec, gzip.compress)
    noise = random.Random(1)
    warc = Warc(compressed=False)
    for index in range(4):
        warc.add(f"https://a.example/{index}", b"<p>" + noise.randbytes(300_000).hex().encode())
    records = [compress(record) for record in warc.records()]
    middle = len(records[1]) // 2
    records[1] = records[1][:middle] + b"\0" * 50 + records[1][middle + 50 :]
    docs = read_bytes(b"".join(records))
    assert urls(docs) == "023"
    assert len(failures(docs)) == 1


@pytest.mark.parametrize("codec", ["gzip", *COMPRESSORS])
@pytest.mark.parametrize("before", range(1, 11))
def test_a_member_is_found_whose_beginning_is_not_read_at_once(codec, before):
    compress = COMPRESSORS.get(codec, gzip.compress)
    broken, sound = (compress(record) for record in pages(2, compressed=False).records())
    begins = 1 + CHUNK - before  # where it is searched from, byte 1, so much is read
    data = (broken[:60].ljust(begins, b"x")) + sound
    docs = read_bytes(data)
    assert (urls(docs), len(failures(docs))) == ("1", 1)


def test_what_looks_like_a_member_behind_damage_is_no_further_damage():
    first, second = pages(2).records()
    looks = b"\x1f\x8b\x08\0" + b"\xff" * 40
    docs = read_bytes(first[:60] + looks * 3 + second)
    assert (urls(docs), len(failures(docs))) == ("1", 1)


def test_a_record_that_lost_its_middle_is_failed_not_clipped():
    warc = pages(4, compressed=False)
    cut = warc.offsets[2] - 40
    data = warc.data[:cut] + warc.data[warc.offsets[2] :]
    for stored in (
        data,
        gzip.compress(data),
        recompress(data, [0, warc.offsets[1], cut, len(data)]),
    ):
        docs = read_bytes(stored)
        assert urls(docs) == "023"
        assert len(failures(docs)) == 1
        assert docs[1].id == warc.ids[1]


def test_a_header_without_an_end_is_given_up_on_at_a_megabyte():
    warc = pages(3, compressed=False)
    head = b"WARC/1.0\r\nWARC-Type: response\r\n" + b"X-Fold: a\r\n" * 150_000
    docs = read_bytes(warc.data[: warc.offsets[1]] + head + warc.data[warc.offsets[1] :])
    assert urls(docs) == "012"
    assert failures(docs) == [
        f"its header does not end within 1048576 bytes, at byte {warc.offsets[1]} of a.warc"
    ]


def test_a_long_record_may_end_with_the_file():
    body = PAGE + random.Random(3).randbytes(300_000)
    for compressed in (False, True):
        data = gzip.decompress(Warc().add().add(url="https://a.example/1", body=body).data).rstrip()
        data = gzip.compress(data) if compressed else data
        small, large = read_bytes(data)
        assert (small.html, large.html) == (PAGE, body)


@pytest.mark.parametrize("limit", [None, 100])
@pytest.mark.parametrize("left", [0, 10, 200_000])
def test_it_is_told_how_much_of_a_cut_record_is_there(limit, left):
    warc = Warc(compressed=False).add()
    warc.add(body=PAGE + random.Random(3).randbytes(300_000)).add()
    data, (_, begins, ends, _) = warc.data, warc.offsets
    body = data.index(b"\r\n\r\n", begins) + 4
    part = f"after {left} of its {ends - body - 4} bytes"
    for first, rest, said in (
        (data[begins : body + left], b"", f"the file ends {part}"),
        (data[begins : begins + 40], b"", "the file ends inside its header"),
        (data[begins : body + left], data[ends:], f"the next record begins {part}"),
        (data[begins : begins + 40], data[ends:], "the next record begins inside its header"),
    ):
        stored = [data[:begins], first, rest]
        docs = read_bytes(b"".join(map(gzip.compress, stored)), max_bytes=limit)
        assert len(docs) == 2 + bool(rest)
        assert failures(docs)[0].startswith(f"{said}, ")
        if not rest or "header" in said:  # else the next one is taken for its body
            assert failures(read_bytes(b"".join(stored), max_bytes=limit))[0].startswith(said)


@pytest.mark.parametrize("behind", ["a record", "nothing", "zeros"])
def test_what_is_left_of_a_header_tells_what_is_whole_in_it(behind):
    warc = pages(4, compressed=False)
    at = warc.offsets[1]
    for cut in range(at + 12, at + 200, 7):
        head = warc.data[at:cut]
        rest = {
            "a record": warc.data[warc.offsets[2] :],
            "nothing": b"",
            "zeros": bytes(20) + warc.data[cut + 20 :],
        }[behind]
        docs = read_bytes(warc.data[:cut] + rest)
        assert urls(docs) == ("0" if behind == "nothing" else "023"), cut
        assert len(failures(docs)) == 1
        [broken] = [doc for doc in docs if not doc.live]
        lines = head[: head.rindex(b"\n")].decode().splitlines()[1:]
        whole = dict(line.split(": ", 1) for line in lines)
        assert broken.id == whole.get("WARC-Record-ID", f"a.warc@{at}"), cut
        assert broken.url == whole.get("WARC-Target-URI"), cut
        assert broken.meta["offset"] == at


def test_a_header_that_speaks_of_warc_files_is_whole():
    warc = Warc(compressed=False)
    for index in range(3):
        warc.add(f"https://a.example/WARC/1.0/{index}", warc={"X-Note": "WARC/1.0 is a format"})
    docs = read_bytes(warc.data)
    assert (urls(docs), failures(docs)) == ("012", [])


def test_records_may_span_members():
    warc = pages(6, compressed=False)
    size = len(warc.data)
    for step in (100, 333, 1000):
        docs = read_bytes(recompress(warc.data, [*range(0, size, step), size]))
        assert urls(docs) == "012345"
        assert failures(docs) == []


class Unseekable(io.BytesIO):
    def seekable(self):
        return False

    def seek(self, *_):
        raise OSError("no")


def test_streams_that_cannot_go_back_are_read_behind_damage_too():
    warc = pages(4)
    middle = warc.offsets[2]
    data = warc.data[:middle] + b"junk" * 30 + warc.data[middle:]
    docs, _ = read_all(data, Unseekable)
    assert urls(docs) == "0123"
    assert len(failures(docs)) == 1


class Failing(io.BytesIO):
    def read(self, size=-1):
        if self.tell() > 700:
            raise OSError("the network is gone")
        return super().read(min(size, 200))


def test_a_file_that_stops_being_readable_is_one_failure():
    docs, _ = read_all(pages(5).data, Failing)
    assert urls(docs) == "01"
    assert len(failures(docs)) == 1
    assert "the network is gone" in failures(docs)[0]


class Stuck(io.BytesIO):
    def seek(self, *_):
        raise OSError("the disk is gone")


def test_a_file_that_cannot_be_searched_behind_damage_is_one_failure():
    docs, _ = read_all(pages(5).data[:-900] + b"junk" * 30, Stuck)
    assert len(failures(docs)) == 1


def sound(docs):
    for doc in docs:
        assert doc.live or doc.verdict.stage == "read"
        assert doc.id
    return docs


@given(st.binary(max_size=400))
@settings(max_examples=150, deadline=None)
def test_random_bytes_never_raise(noise):
    for data in (noise, b"WARC/1.0\r\n" + noise, gzip.compress(noise), b"\x1f\x8b\x08\0" + noise):
        sound(read_bytes(data))
        sound(read_bytes(data, max_bytes=20))


@given(st.integers(0, 10**9), st.booleans(), st.integers(1, 12))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_mutilated_files_never_raise(seed, compressed, count):
    chance = random.Random(seed)
    data = bytearray(FILES[compressed])
    for _ in range(count):
        at = chance.randrange(len(data))
        change = chance.randrange(4)
        if change == 0:
            data[at] = chance.randrange(256)
        elif change == 1:
            del data[at : at + chance.randrange(60)]
        elif change == 2:
            data[at:at] = chance.randbytes(chance.randrange(60))
        else:
            data[at:at] = data[chance.randrange(len(data)) :][: chance.randrange(300)]
    docs = sound(read_bytes(bytes(data), max_bytes=chance.choice([50, 400, 1 << 20])))
    assert len(docs) <= 40


FILES = {compressed: pages(6, compressed).data for compressed in (True, False)}
