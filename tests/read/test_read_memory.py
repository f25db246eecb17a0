"""Lists, generators and mappings."""

import itertools
import json
import pickle
from datetime import date
from uuid import UUID

import cloudpickle
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import webfilter.read as read
from webfilter.document import Document
from webfilter.errors import ConfigError, SourceError


def test_texts_pages_mappings_and_documents():
    doc = Document("x", "As it is.", signals={"words": 3})
    docs = list(read.read([doc, "One.", b"<p>Two.", {"text": "Three.", "n": 3}]))
    assert docs[0] is doc
    assert [d.text for d in docs] == ["As it is.", "One.", "", "Three."]
    assert docs[2].html == b"<p>Two."
    assert docs[3].meta == {"n": 3}


def test_the_package_is_a_function_too():
    import webfilter

    assert [doc.text for doc in webfilter.read(["One. Two."])] == ["One. Two."]
    assert [doc.text for doc in webfilter.read.memory(["One."])] == ["One."]
    source = read.memory(["One."])
    assert read.read(source) is source


def test_ids_come_from_content_and_not_from_places():
    items = ["One.", b"<p>One.", {"text": "Two.", "url": "https://a.example/"}, {"text": "Two."}]
    ids = {doc.id for doc in read.memory(items)}
    assert len(ids) == 4
    assert {doc.id for doc in read.memory(reversed(items))} == ids


@pytest.mark.parametrize(
    ("given", "id"),
    [
        ("k", "k"),
        (7, "7"),
        (np.int64(7), "7"),
        (7.0, "7"),
        (7.5, "7.5"),
        (b"\x01\xff", "01ff"),
        (0, "0"),
        (date(2024, 5, 18), "2024-05-18"),
        (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
    ],
)
def test_ids_of_many_types(given, id):
    (doc,) = read.memory([{"id": given, "text": "One."}])
    assert doc.id == id


@pytest.mark.parametrize("given", [None, "", float("nan")])
def test_without_an_id_the_content_is_the_name(given):
    a, b = read.memory([{"id": given, "text": "One."}, {"text": "One."}])
    assert a.id == b.id


@pytest.mark.parametrize(
    ("item", "said"),
    [
        (5, "an item is int: give a Document, a str (text), bytes (HTML), a mapping or a table"),
        (None, "an item is NoneType"),
        ({"body": "x"}, "no field 'text' or 'html' (fields: body)"),
        ({}, "(fields: none)"),
        ({"text": b"x"}, "text is bytes, not str; bytes go into html"),
        ({"text": ["x"]}, "text is list, not str"),
        ({"html": 5}, "html is int, not bytes or str"),
        ({"text": "x", "url": 5}, "url is int, not str"),
        ({"text": "x", "id": True}, "id is bool, not str or int"),
        ({"text": "x", "meta": {}, "signals": {"a": []}, "verdict": None}, "signal 'a' is a list"),
    ],
)
def test_what_cannot_be_a_document_fails_alone(item, said):
    docs = list(read.memory(["One.", item, "Two."]))
    assert [doc.text for doc in docs if doc.live] == ["One.", "Two."]
    assert docs[1].verdict.kind == "failed"
    assert said in docs[1].verdict.reason


class Hostile(dict):
    def items(self):
        raise RuntimeError("no")

    __repr__ = __str__ = __iter__ = items


def test_hostile_mappings_fail_alone():
    for names in ({}, {"url": "link"}):
        docs = list(read.memory([Hostile(text="x"), "Two."], **names))
        assert [doc.live for doc in docs] == [False, True]


@pytest.mark.parametrize("item", ["", b"", {"text": ""}, {"text": None}, {"html": b"", "text": ""}])
def test_empty_ones_are_dropped(item):
    (doc,) = read.memory([item])
    assert (doc.verdict.kind, doc.verdict.reason) == ("dropped", "empty")


def test_metadata_and_other_fields_become_meta():
    row = {"text": "x", "metadata": {"url": "https://a.example/", "date": 1}, "date": 2, "n": 3}
    (doc,) = read.memory([row])
    assert doc.meta == {"url": "https://a.example/", "date": 1, "n": 3}
    assert doc.url == "https://a.example/"
    (doc,) = read.memory([{"text": "x", "meta": "a note"}])
    assert doc.meta == {"meta": "a note"}


@pytest.mark.parametrize("key", ["metadata", "meta"])
def test_metadata_may_be_the_text_of_a_json_object(key):
    said = '{"url": "https://a.example/", "score": 1.5, "tags": ["x"]}'
    (doc,) = read.memory([{"text": "x", key: said, "n": 3}])
    assert doc.meta == {"url": "https://a.example/", "score": 1.5, "tags": ["x"], "n": 3}
    assert doc.url == "https://a.example/"
    for other in ("{broken", "[1, 2]", '"{}"', "{" * 100_000, "a note", ""):
        (doc,) = read.memory([{"text": "x", key: other}])
        assert doc.live
        assert doc.meta == {key: other}


def test_named_ids_and_urls_may_stand_in_the_metadata(tmp_path):
    within = {"WARC-Target-URI": "https://a.example/", "WARC-Record-ID": "<urn:1>", "id": "no"}
    rows = [
        {"text": "Tide.", "metadata": within},
        {"text": "Ebb.", "metadata": json.dumps(within)},
        {"text": "Sea.", "metadata": within, "WARC-Target-URI": "https://b.example/"},
        {"text": "Bay.", "metadata": {"WARC-Record-ID": None, "url": "https://c.example/"}},
    ]
    names = {"id": "WARC-Record-ID", "url": "WARC-Target-URI"}
    docs = list(read.memory(rows, **names))
    assert [doc.id for doc in docs[:3]] == ["<urn:1>"] * 3
    assert [doc.url for doc in docs] == [f"https://{host}.example/" for host in "aabc"]
    assert docs[0].meta == docs[1].meta == within
    assert docs[3].id == next(iter(read.memory(rows[3:]))).id
    table = pa.Table.from_pylist(rows[:1])
    pq.write_table(table, tmp_path / "a.parquet")
    for source in (table, tmp_path / "a.parquet"):
        (doc,) = read.read(source, **names)
        assert (doc.id, doc.url) == ("<urn:1>", "https://a.example/")
    (doc,) = read.memory(rows[:1])
    assert doc.id not in ("no", "<urn:1>")
    (doc,) = read.read(pa.Table.from_pylist(rows[1:2]), **names)  # as the text of an object
    assert (doc.id, doc.url) == ("<urn:1>", "https://a.example/")
    for columns in ({}, {"metadata": [within]}, {"meta": ["{}"], "links": ["x"]}):
        with pytest.raises(SourceError, match="no column 'link'"):
            read.read(pa.table({"text": ["Tide."], **columns}), url="link")


def test_items_are_not_changed():
    row = {"text": "x", "metadata": {"a": 1}, "html": "<p>", "id": 1}
    copy = {**row, "metadata": {"a": 1}}
    list(read.memory([row]))
    assert row == copy


def test_lone_surrogates_pass():
    text = "a\ud800b"
    docs = list(read.memory([text, {"text": text, "url": text}, {"html": text}]))
    assert docs[0].text == docs[1].text == text
    assert all(doc.live for doc in docs)


def test_generators_are_lazy_and_read_once():
    pulled = []

    def numbers():
        for n in itertools.count():
            pulled.append(n)
            yield f"Text {n}."

    source = read.read(numbers())
    assert pulled == []
    first = list(itertools.islice(source, 3))
    assert [doc.text for doc in first] == ["Text 0.", "Text 1.", "Text 2."]
    assert pulled == [0, 1, 2]
    with pytest.raises(SourceError, match="used up"):
        iter(source)


def test_what_can_be_iterated_again_can_be_read_again():
    class Dataset:
        def __iter__(self):
            return iter([{"text": "One."}, {"text": "Two."}])

    source = read.read(Dataset())
    assert list(source) == list(source)
    assert (source.paths, source.size, source.position) == ([], None, 0)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (5, "int cannot be read"),
        (None, "NoneType cannot be read"),
        ({"train": [1], "test": [2]}, "a single mapping was given"),
        (b"<p>", "a single bytes was given: put it in a list"),
        (Document("a", "Hi."), "a single Document was given: put it in a list"),
        ("Water boils.", "no such file or folder; if it is a text, put it in a list"),
        (lambda: iter([]), "call it"),
        (open, "cannot be read"),
        ("", "empty"),
        ("<p>Hi", "is no path"),
        ("One line.\nAnother.", "is no path"),
    ],
)
def test_what_cannot_be_read_is_refused_at_once(given, said):
    with pytest.raises(SourceError, match=said):
        read.read(given)


def test_options_are_checked():
    with pytest.raises(ConfigError, match="http_headers = 5 does not fit; it takes a list of str"):
        read.warc("pages.warc.gz", http_headers=5)
    with pytest.raises(ConfigError, match="max_bytes"):
        read.read(["x"], max_bytes=0)
    with pytest.raises(ConfigError, match="text"):
        read.memory(["x"], text=5)


def test_a_list_of_texts_is_not_taken_for_paths_nor_the_other_way(tmp_path):
    assert [doc.text for doc in read.read(["One two three.", "index.html"])] == [
        "One two three.",
        "index.html",
    ]
    assert [doc.text for doc in read.read(["Hello."])] == ["Hello."]
    page = tmp_path / "a.html"
    page.write_text("<p>x")
    assert [doc.html for doc in read.read([str(page)])] == [b"<p>x"]
    with pytest.raises(SourceError, match="no such file"):
        read.read(["absent.html"])
    with pytest.raises(SourceError, match=r"read\.files"):
        read.read([str(page), "absnt"])
    assert list(read.read([])) == []


def test_the_package_travels_with_a_function_that_uses_it():
    assert pickle.loads(pickle.dumps(read)) is read

    def count(texts):
        return len(list(read(texts)))

    count.__module__ = "__main__"  # as in a script: sent by value
    assert cloudpickle.loads(cloudpickle.dumps(count))(["one", "two"]) == 2


def test_a_named_field_that_no_record_has_is_told_of_once_a_file(tmp_path, caplog):
    rows = [
        {"text": f"Line {n}.", "address": f"https://a.example/{n}", "metadata": '{"key": "k"}'}
        for n in range(3)
    ]

    def said(given, **names):
        caplog.clear()
        docs = list(read.read(given, **names))
        assert [doc.live for doc in docs] == [True] * len(docs)
        return [text.replace(str(tmp_path), "T").replace("\\", "/") for text in caplog.messages]

    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_text("\n".join(map(json.dumps, rows)), "utf-8", newline="\n")
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "c.parquet")

    adress = "no field 'adress' (url=) in any of 3 records: did you mean 'address'?"
    assert said(tmp_path / "a.jsonl", url="adress") == [f"T/a.jsonl: {adress}"]
    assert said(rows, url="adress") == [f"list: {adress}"]
    other = "no field '#' (id=) in any of 3 records: fields: text, address, metadata, key"
    for given in (tmp_path, str(tmp_path / "*")):
        assert said(given, id="#") == [
            f"T/{name}: {other}" for name in ("a.jsonl", "b.jsonl", "c.parquet")
        ]
    source = read.read(tmp_path, url="#").take(2)
    caplog.clear()
    assert len(list(source)) == 2
    assert ["(url=) in any of 2 records" in text for text in caplog.messages] == [True]
    assert said(pa.Table.from_pylist(rows), id="#") == [f"Table: {other}"]
    assert len(said(rows, html="#", id="#", url="#")) == 3
    for given in (tmp_path, rows, pa.Table.from_pylist(rows)):
        assert said(given) == said(given, url="address", id="key") == []


def test_a_named_field_that_some_records_lack_is_not(caplog):
    rows = [{"text": "a"}, {"text": "b", "link": None}, {"text": "c"}]
    assert len(list(read.read(rows, url="link"))) == 3
    assert list(read.read([], url="link")) == list(read.read(["a"][:0], id="link")) == []
    assert [doc.text for doc in read.read(["a", Document("b", "b")], url="link")] == ["a", "b"]
    assert caplog.messages == []
    stream = iter(read.read(rows, url="link"))
    next(stream)
    stream.close()
    assert caplog.messages == ["list: no field 'link' (url=) in any of 1 records: fields: text"]


def test_the_first_documents_of_a_source_can_be_taken(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "a"}\n\nbad\n', "utf-8", newline="\n")
    (tmp_path / "b.jsonl").write_text('{"text": "b"}\n' * 3, "utf-8", newline="\n")
    whole = read.read(tmp_path)
    for count in (1, 2, 3, 5, 9):
        taken = whole.take(count)
        for _ in range(2):
            assert list(taken) == list(whole)[:count]
        assert (taken.paths, taken.limit, taken.size) == (whole.paths, count, None)
        assert pickle.loads(pickle.dumps(taken)).take(3).limit == min(count, 3)
    assert list(taken) == list(taken.take(100)) == list(whole)
    assert whole.take(1).skipped == {"blank line": 1}  # of the latest iteration
    assert list(whole.take(1))
    assert whole.take(1).skipped == {}
    assert whole.take(1).position == whole.position < whole.size
    assert repr(whole.take(1000)) == "Source(2 files, the first 1,000 documents)"
    assert repr(read.read(["One."]).take(1)) == "Source(the first 1 documents)"


def test_what_can_be_read_once_can_be_taken_once():
    source = read.read(iter(["One.", "Two.", "Three."]))
    assert [doc.text for doc in source.take(2)] == ["One.", "Two."]
    with pytest.raises(SourceError, match="used up"):
        list(source.take(1))


@pytest.mark.parametrize("count", [0, -1, 1.0, True, "5", None])
def test_no_number_of_documents_is_refused(count):
    with pytest.raises(
        ConfigError, match=r"take: .* documents; it takes a whole number, 1 or more"
    ):
        read.read(["One."]).take(count)
