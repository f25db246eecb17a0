from datetime import UTC, date, datetime
from decimal import Decimal

from webfilter import Document, Verdict
from webfilter.run.spool import Spool

DOCS = [
    Document("a", "text", url="https://x.example", signals={"n": 1, "f": 0.1, "b": True, "s": "x"}),
    Document("\ud800", "lone \udfff", html=b"\x00\xff", url="http://\ud800"),
    Document("nothing", signals={"undefined": None}),
    Document(
        "meta",
        meta={
            "when": datetime(2024, 5, 1, tzinfo=UTC),
            "day": date(2024, 5, 1),
            "price": Decimal("1.10"),
            "raw": b"\x00",
            "list": [1, {"a": (2, None)}],
        },
    ),
    Document("judged", "x", verdict=Verdict("s", "r", "n", 3, 4.0, of="a", op="<")),
]


def test_documents_come_back_as_they_were_in_order(tmp_path):
    spool = Spool(tmp_path / "s.arrow")
    spool.write(DOCS[:2])
    spool.write([])
    spool.write(DOCS[2:])
    assert [doc for batch in spool.read() for doc in batch] == DOCS
    spool.delete()
    assert list(tmp_path.iterdir()) == []


def test_an_empty_spool_reads_as_nothing(tmp_path):
    assert list(Spool(tmp_path / "s.arrow").read()) == []


def test_floats_and_types_survive_exactly(tmp_path):
    signals = {"f": 0.1 + 0.2, "whole": 2.0, "int": 2, "big": 2**60}
    spool = Spool(tmp_path / "s.arrow")
    spool.write([Document("a", signals=signals)])
    [[doc]] = spool.read()
    assert [(k, type(v), v) for k, v in doc.signals.items()] == [
        (k, type(v), v) for k, v in signals.items()
    ]
