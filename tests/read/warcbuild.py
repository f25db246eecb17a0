"""Small WARC files for the tests, written by warcio, which shares no code with our reader."""

import gzip
import io
import re
from collections import Counter
from itertools import pairwise

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from webfilter.read.options import Options
from webfilter.read.stored import Raw
from webfilter.read.warc_files import read_warc

PAGE = b"<!doctype html><title>Tide</title><p>The tide comes twice a day.</p>"


class Writer(WARCWriter):
    """warcio's writer, without the temporary files that it leaves open."""

    def _create_temp_file(self):
        return io.BytesIO()


class Warc:
    """Collects records; `data` is the file, `offsets` where records begin and the last ends."""

    def __init__(self, compressed=True):
        self._out = io.BytesIO()
        self._writer = Writer(self._out, gzip=compressed)
        self.offsets = [0]
        self.ids = []

    @property
    def data(self):
        return self._out.getvalue()

    def add(
        self, url="https://a.example/", body=PAGE, kind="response", http=None, warc=None, **more
    ):
        """Write a record; `http` is (status, headers), for responses 200 and HTML by default."""
        head = None
        if kind in ("response", "revisit") and http is not False:
            status, fields = http or ("200 OK", [("Content-Type", "text/html")])
            head = StatusAndHeaders(status, list(fields), protocol="HTTP/1.1")
        record = self._writer.create_warc_record(
            url,
            kind,
            payload=io.BytesIO(body),
            http_headers=head,
            warc_headers_dict={
                "WARC-Record-ID": f"<urn:uuid:{len(self.ids):032x}>",
                "WARC-Date": "2024-05-18T01:58:10Z",
                **(warc or {}),
            },
            **more,
        )
        self._writer.write_record(record)
        self.offsets.append(self._out.tell())
        self.ids.append(record.rec_headers.get_header("WARC-Record-ID"))
        return self

    def records(self):
        """Return the stored bytes of each record."""
        data = self.data
        return [data[a:b] for a, b in pairwise(self.offsets)]


def pages(count, compressed=True):
    """Return a file of `count` pages at ``https://a.example/0`` and so on."""
    warc = Warc(compressed)
    for index in range(count):
        body = PAGE + f"<p>Page {index} of {count}, and {index * 7919} grains of sand.".encode()
        warc.add(f"https://a.example/{index}", body)
    return warc


def read_bytes(data, **options):
    """Return the documents in a WARC file given as bytes."""
    return read_all(data, **options)[0]


def read_all(data, handle=io.BytesIO, **options):
    """Return the documents in a WARC file given as bytes, and what was skipped."""
    skipped = Counter()
    docs = list(read_warc(Raw(handle(data)), "a.warc", Options(**options), skipped))
    return docs, skipped


def without_digests(data):
    """Return a plain file without its block digests: then only its structure tells of damage."""
    return re.sub(rb"WARC-Block-Digest:[^\n]*\n", b"", data)


def one(**record):
    """Return the only document of a file with one record."""
    (doc,) = read_bytes(Warc().add(**record).data)
    return doc


def urls(docs):
    """Return the last letters of the URLs of live documents."""
    return "".join(doc.url[-1] for doc in docs if doc.live)


def failures(docs):
    """Return the reasons of failed documents."""
    return [doc.verdict.reason for doc in docs if doc.verdict and doc.verdict.kind == "failed"]


def recompress(plain, members):
    """Return `plain` as gzip members that end at the offsets `members`."""
    return b"".join(gzip.compress(plain[a:b]) for a, b in pairwise(members))
