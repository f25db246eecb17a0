import gzip
import json
import random

import pytest
import zstandard

from webfilter.document import Document, Verdict
from webfilter.errors import ConfigError
from webfilter.read import read
from webfilter.write import jsonl, open_sink, to_arrow
from webfilter.write.jsonl import line


def pages(count):
    return [
        Document(f"id-{i}", f"line one\nline two \u2028 {i} é\ud800", signals={"words": i})
        for i in range(count)
    ]


def plain(path):
    data = path.read_bytes()
    if path.suffix == ".gz":
        return gzip.decompress(data)
    if path.suffix == ".zst":  # one frame: a second one would stay unused
        reader = zstandard.ZstdDecompressor().decompressobj()
        text = reader.decompress(data)
        assert reader.unused_data == b""
        return text
    return data


@pytest.mark.parametrize("format", ["jsonl", "jsonl.gz", "jsonl.zst"])
def test_one_document_a_line_in_every_compression(tmp_path, format):
    sink = open_sink(tmp_path, format=format)
    sink.write(pages(50))
    sink.close()
    assert [path.name for path in tmp_path.iterdir()] == [f"part-00000.{format}"]
    lines = plain(tmp_path / f"part-00000.{format}").decode().split("\n")
    assert lines.pop() == ""
    assert len(lines) == 50
    assert json.loads(lines[7]) == {
        "id": "id-7",
        "text": "line one\nline two \u2028 7 é\ufffd",
        "url": None,
        "meta": {},
        "signals": {"words": 7},
        "verdict": None,
    }


@pytest.mark.parametrize("compression", ["", "gz", "zst"])
def test_bytes_do_not_depend_on_how_documents_were_batched(tmp_path, compression):
    draw = random.Random(1)
    docs = [Document(str(i), draw.randbytes(i * 30).hex()) for i in range(300)]
    for name, step in {"a": 300, "b": 1, "c": 37}.items():
        with jsonl(tmp_path / name, compression=compression, part_bytes=50_000) as sink:
            for start in range(0, 300, step):
                sink.write(docs[start : start + step])
    results = [
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in "abc"
    ]
    assert results[0] == results[1] == results[2]
    assert len(results[0]) >= 3


def test_a_part_ends_with_the_document_that_reaches_its_size(tmp_path):
    docs = pages(6)
    size = sum(len(f"{line(doc)}\n".encode()) for doc in docs[:2])
    with jsonl(tmp_path, part_bytes=size) as sink:
        sink.write(docs)
    parts = [path.read_bytes().count(b"\n") for path in sorted(tmp_path.iterdir())]
    assert parts == [2, 2, 2]


def test_gzip_has_no_date_in_its_header(tmp_path):
    with jsonl(tmp_path, compression="gz") as sink:
        sink.write(pages(1))
    assert (tmp_path / "part-00000.jsonl.gz").read_bytes()[4:8] == bytes(4)


@pytest.mark.parametrize("compression", ["", "gz", "zst"])
def test_no_documents_make_one_empty_file(tmp_path, compression):
    with jsonl(tmp_path, compression=compression):
        pass
    [path] = tmp_path.iterdir()
    assert plain(path) == b""


def test_verdict_values_are_json_of_their_own():
    verdict = Verdict("s", "words", "words", 12, float("inf"), op="<", of="b")
    said = json.loads(line(Document("a", verdict=verdict)))["verdict"]
    assert said == {
        "stage": "s",
        "reason": "words",
        "signal": "words",
        "value": 12,
        "limit": None,
        "op": "<",
        "kind": "dropped",
        "of": "b",
    }


@pytest.mark.parametrize(
    ("limit", "kept"),
    [(10**400, None), (-(10**400), None), (float("nan"), None), ("fifty", None), (50, 50.0)],
    ids=["above", "below", "nan", "text", "int"],
)
def test_a_limit_that_is_no_float_is_none(limit, kept):
    """One beyond all floats would be refused when it is read again."""
    doc = Document("a", "Hi.", verdict=Verdict("s", ValueError("é"), "words", 12, limit, op="<"))
    for said in (json.loads(line(doc))["verdict"], to_arrow([doc]).to_pylist()[0]["verdict"]):
        assert (said["reason"], repr(said["limit"])) == ("é", repr(kept))


def test_pages_go_along_in_base64_where_asked_for():
    doc = Document("a", html=b"\xff<p>")
    assert json.loads(line(doc, html=True))["html_base64"] == "/zxwPg=="
    assert "html_base64" not in json.loads(line(doc))


def test_unknown_compressions_and_sizes_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="xz"):
        jsonl(tmp_path, compression="xz")
    with pytest.raises(ConfigError, match="at least 1"):
        jsonl(tmp_path, part_bytes=0)


def test_the_layout_of_datatrove_has_signals_and_url_in_its_metadata(tmp_path):
    verdict = Verdict("gopher_quality", "too_few_words", "words", 7, 50, "<")
    docs = [
        Document(
            "a",
            "Hi \u2028 é\ud800",
            url="https://a.test/",
            signals={"words": 7, "language": "en", "language_score": None},
            meta={"words": 1, "url": "of the source", "date": "2026-01-02", "n": float("nan")},
            verdict=verdict,
        ),
        Document("b", "Water boils."),
        Document("c", "Ice.", meta={"url": "of the source"}),
    ]
    with jsonl(tmp_path, layout="datatrove") as sink:
        sink.write(docs)
    first, second, third = map(json.loads, plain(tmp_path / "part-00000.jsonl").splitlines())
    assert list(first) == ["text", "id", "metadata"]
    assert first == {
        "text": "Hi \u2028 é\ufffd",
        "id": "a",
        "metadata": {
            "date": "2026-01-02",
            "filter_reason": "gopher_quality.too_few_words",
            "language": "en",
            "language_score": None,
            "n": None,
            "url": "https://a.test/",
            "words": 7,
        },
    }
    assert second["metadata"] == {}
    assert third["metadata"] == {"url": "of the source"}
    back = list(read(tmp_path))
    assert [(doc.id, doc.url, doc.text) for doc in back] == [
        ("a", "https://a.test/", first["text"]),
        ("b", None, "Water boils."),
        ("c", "of the source", "Ice."),
    ]
    assert back[0].meta["words"] == 7
    assert back[0].verdict is None


def test_media_of_datatrove_go_back_to_where_its_reader_looks_for_them(tmp_path):
    keys = ("id", "type", "url", "alt", "path", "offset", "length", "media_bytes", "metadata")
    media = [
        dict(zip(keys, ("m", 0, "https://a.test/1.png", "", "", 0, 2, "AP8=", {}), strict=True))
    ]
    theirs = {"text": "Hi.", "id": "a", "media": media, "metadata": {"url": "https://a.test/"}}
    (tmp_path / "theirs.jsonl").write_text(json.dumps(theirs), "utf-8")
    [doc] = read(tmp_path / "theirs.jsonl")
    back = json.loads(line(doc, layout="datatrove"))
    assert back["media"] == media
    assert back["metadata"] == {"url": "https://a.test/"}
    # its reader would fail on these
    for other in ("a.png", [{"id": "m"}], ["a.png"], [*media, "a.png"], {"id": "m"}):
        back = json.loads(line(Document("b", "Hi.", meta={"media": other}), layout="datatrove"))
        assert "media" not in back
        assert back["metadata"] == {"media": other}


def test_a_layout_that_cannot_be_written_is_refused_before_the_folder_is_made(tmp_path):
    with pytest.raises(ConfigError, match="no place for pages"):
        jsonl(tmp_path / "out", layout="datatrove", html=True)
    with pytest.raises(ConfigError, match="unknown layout 'datatrov': did you mean 'datatrove'"):
        jsonl(tmp_path / "out", layout="datatrov")
    with pytest.raises(ConfigError, match="unknown layout 'None'"):
        jsonl(tmp_path / "out", layout=None)
    assert not (tmp_path / "out").exists()
