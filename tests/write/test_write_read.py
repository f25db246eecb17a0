"""What is written comes back: the two ends of the package agree on the layout."""

import random

import pytest

from webfilter import read
from webfilter.document import Document, Verdict
from webfilter.stage import Signal
from webfilter.write import open_sink, to_arrow

SIGNALS = [Signal("words", "int", ""), Signal("score", "float", ""), Signal("note", "str", "")]
KNOWN = {"words": None, "score": None, "note": None}
DOCS = [
    Document("a", "Water boils.", url="https://example.org/", signals={"words": 2, "score": 0.1}),
    Document("b", "é ☕ \u2028 \x00", html=b"\xff<p>\x00", signals={"words": 0, "new": True}),
    Document("c", "c", meta={"_signals": {"words": 9}, "deep": {"x": [1, None]}}),
    Document("d", "d", signals={"words": "many", "score": 2**60 + 1, "note": "é", "big": 2**70}),
    Document("e", "e", verdict=Verdict("gopher", "words", "words", 12, 50.0, "dropped", "a", "<")),
    Document("f", "f", html=b"<p>", verdict=Verdict("extract", "timeout: 10 s", kind="failed")),
    Document("g", "g", verdict=Verdict("language", "language", "language", "fr", op="not in")),
]


@pytest.mark.parametrize("format", ["parquet", "jsonl", "jsonl.zst", "jsonl.gz"])
def test_documents_come_back_equal_from_files(tmp_path, format):
    with open_sink(tmp_path, signals=SIGNALS, html=True, format=format) as sink:
        sink.write(DOCS)
    back = list(read(tmp_path, verdicts=True))
    columns = KNOWN if format == "parquet" else {}
    assert [{**columns, **doc.signals} for doc in back] == [{**columns, **d.signals} for d in DOCS]
    for doc, written in zip(back, DOCS, strict=True):
        assert (doc.id, doc.text, doc.url) == (written.id, written.text, written.url)
        assert (doc.html, doc.meta, doc.verdict) == (written.html, written.meta, written.verdict)


def test_documents_come_back_equal_from_a_table():
    back = list(read(to_arrow(DOCS[:1])))
    assert back == DOCS[:1]


@pytest.mark.parametrize("format", ["parquet", "jsonl.zst", "jsonl.gz"])
def test_damage_of_what_was_written_is_told_and_changes_no_text(tmp_path, format):
    chance = random.Random(4)
    texts = {
        f"d{n}": " ".join(chance.choices(["water", "boils", "ice", "melts"], k=60))
        for n in range(300)
    }
    with open_sink(tmp_path, format=format) as sink:
        sink.write([Document(id, text) for id, text in texts.items()])
    (path,) = tmp_path.iterdir()
    data = path.read_bytes()
    for at in range(40, len(data) * 2 // 3, 61):
        path.write_bytes(data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :])
        docs = list(read(path))
        whole = [doc.live and texts.get(doc.id) == doc.text for doc in docs]
        assert any(doc.verdict for doc in docs) or (all(whole) and len(docs) == len(texts)), at
        if format == "parquet":  # a checksum of a whole file comes after what it is about
            assert all(good or doc.verdict for good, doc in zip(whole, docs, strict=True)), at
