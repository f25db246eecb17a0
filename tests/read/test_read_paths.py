"""From paths to files: folders, patterns, URLs, mistakes."""

import bz2
import contextlib
import gzip
import importlib
import io
import json
import os
import pickle
import sys
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from warcbuild import PAGE, pages

import webfilter.read as read
from webfilter import Length, Pipeline, Tiers
from webfilter.document import Document
from webfilter.errors import MissingExtra, SourceError
from webfilter.read.paths import _parts
from webfilter.write import jsonl


@pytest.fixture
def crawl(tmp_path):
    """A folder with every kind of file, and some that are none of ours."""
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    (tmp_path / "deep" / "a.warc.gz").write_bytes(pages(2).data)
    (tmp_path / "b.jsonl").write_text(json.dumps({"id": "j", "text": "Line."}) + "\n")
    pq.write_table(pa.table({"id": ["p"], "text": ["Row."]}), tmp_path / "c.parquet")
    (tmp_path / "deep" / "er" / "index.html").write_bytes(PAGE)
    (tmp_path / "page.htm").write_bytes(PAGE)
    (tmp_path / "README.md").write_text("# none of ours")
    (tmp_path / ".hidden.html").write_bytes(PAGE)
    (tmp_path / ".git" / "x.html").write_bytes(PAGE)
    return tmp_path


def test_a_folder_is_read_to_the_bottom_each_file_by_its_kind(crawl):
    source = read.read(crawl)
    docs = list(source)
    assert [doc.id for doc in docs if "urn" not in doc.id] == [
        "j",
        "p",
        "deep/er/index.html",
        "page.htm",
    ]
    assert len(docs) == 6
    assert [os.path.relpath(path, crawl).replace(os.sep, "/") for path in source.paths] == [
        "b.jsonl",
        "c.parquet",
        "deep/a.warc.gz",
        "deep/er/index.html",
        "page.htm",
    ]
    assert source.size == sum(os.path.getsize(path) for path in source.paths) == source.position
    assert list(source) == docs
    assert source.position == source.size


def test_what_was_skipped_is_counted_anew_in_each_iteration(tmp_path):
    warc = pages(1).add(kind="request", body=b"GET / HTTP/1.1\r\n\r\n")
    (tmp_path / "a.warc.gz").write_bytes(warc.data)
    source = read.read(tmp_path)
    for _ in range(2):
        assert len(list(source)) == 1
        assert source.skipped == {"request": 1}


def test_the_report_in_a_run_folder_is_no_page(tmp_path):
    report = Pipeline((Length(min_words=2),)).run(["a b c", "d"], tmp_path)
    assert sorted(doc.text for doc in read.read(tmp_path)) == ["a b c", "d"]
    (tmp_path / "report.json").unlink()
    assert len(list(read.read(tmp_path))) == report.total + 1


def test_who_reads_a_whole_run_is_told_that_dropped_documents_and_tiers_come_along(
    tmp_path, caplog, monkeypatch
):
    tiers = Tiers({"wide": {"words": 1}, "narrow": {"words": 3}})
    Pipeline((Length(min_words=2), tiers)).run(["a b c", "a b", "d"], tmp_path / "run")

    def said(given, **settings):
        caplog.clear()
        list(read.read(given, **settings))
        return [record.getMessage().replace(tmp_path.as_posix(), "T") for record in caplog.records]

    whole = "T/run is a run folder: dropped and failed documents are read too, live; "
    tiered = (
        "T/run/kept looks like tiers of a run: a document is then read from each that it is in; "
    )
    told = [whole + "'T/run/kept' is what was kept", tiered + "'T/run/kept/narrow' is one of them"]
    assert said(tmp_path) == said(tmp_path / "run") == said(str(tmp_path / "*")) == told
    assert said(tmp_path / "run" / "kept") == told[1:]
    assert said(tmp_path / "run" / "kept" / "wide") == said(tmp_path / "run" / "dropped") == []
    assert said([tmp_path / "run" / "kept" / "wide", tmp_path / "run" / "dropped"]) == []
    assert said(tmp_path / "run", verdicts=True) == []
    monkeypatch.chdir(tmp_path / "run")
    assert [sentence[:18] for sentence in said(".")] == [". is a run folder:", "./kept looks like "]
    assert [sentence[:18] for sentence in said("kept")] == ["kept looks like ti"]


def test_compressed_json_is_json_lines_as_data_sets_have_it(tmp_path):
    line = b'{"id": "%s", "text": "Line."}\n'
    (tmp_path / "c4-train.00000-of-01024.json.gz").write_bytes(gzip.compress(line % b"a"))
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.JSON.bz2").write_bytes(bz2.compress(line % b"b"))
    (tmp_path / "dataset_info.json").write_bytes(b'{"features": {}}')
    for given in (tmp_path, tmp_path / "**" / "*.*", [tmp_path / "*.json.gz", tmp_path / "deep"]):
        for reader in (read.read, read.jsonl):
            assert [doc.id for doc in reader(given)] == ["a", "b"]
    with pytest.raises(SourceError, match=r"wanted: \.parquet, \.pq\)"):
        read.parquet(tmp_path)
    (tmp_path / "deep" / "b.JSON.bz2").rename(tmp_path / "deep" / "b.json")
    for given in (tmp_path / "deep", tmp_path / "deep" / "*.json"):
        with pytest.raises(
            SourceError, match=r"there are \.json; JSON Lines called \.json are read"
        ):
            read.read(given)


def test_the_order_of_the_arguments_and_repetitions_change_nothing(crawl):
    paths = [crawl / "page.htm", crawl / "deep", crawl / "b.jsonl", str(crawl / "*.jsonl")]
    wanted = list(read.files(paths))
    assert len(wanted) == 5
    for given in (paths[::-1], paths * 2, [*paths, str(crawl / "deep" / ".." / "b.jsonl")]):
        docs = list(read.files(given))
        assert [doc.id for doc in docs] == [doc.id for doc in wanted]


def test_explicit_readers_take_their_kind_only(crawl):
    assert [doc.id for doc in read.html(crawl)] == ["deep/er/index.html", "page.htm"]
    assert [doc.text for doc in read.jsonl(crawl)] == ["Line."]
    assert len(list(read.warc(crawl))) == 2
    with pytest.raises(SourceError, match=r"no files to read .*\.wet.*; there are .*\.md"):
        read.wet(crawl)


def test_patterns(crawl):
    assert [doc.id for doc in read.read(str(crawl / "**" / "*.htm*"))] == [
        "deep/er/index.html",
        "page.htm",
    ]
    assert [doc.id for doc in read.read(str(crawl / "*.htm"))] == ["page.htm"]
    assert len(list(read.read(str(crawl / "*")))) == 6
    odd = crawl / "odd[1].html"
    odd.write_bytes(PAGE)
    assert [doc.id for doc in read.read(str(odd))] == ["odd[1].html"]
    with pytest.raises(SourceError, match=r"no file matches; .* has README\.md, b\.jsonl"):
        read.read(str(crawl / "*.wet"))
    with pytest.raises(SourceError, match="there is no folder"):
        read.read(str(crawl / "nowhere" / "*.wet"))
    with pytest.raises(SourceError, match=r"cannot be read .*\.md"):
        read.read(str(crawl / "*.md"))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("b.jsnl", r"did you mean 'b\.jsonl'"),
        ("nowhere/at/all.warc.gz", "is there, what follows is not"),
        ("README.md", "not a kind of file that webfilter reads"),
    ],
)
def test_mistakes_are_told_at_once_with_a_way_out(crawl, name, said):
    with pytest.raises(SourceError, match=said) as caught:
        read.read(crawl / name)
    assert name.split("/")[0] in str(caught.value)
    assert isinstance(caught.value, OSError)


def test_other_mistakes(tmp_path):
    with pytest.raises(SourceError, match="it is empty"):
        read.read(tmp_path)
    with pytest.raises(SourceError, match="no paths given"):
        read.warc([])
    with pytest.raises(SourceError, match="a path is int"):
        read.warc([5])
    with pytest.raises(SourceError, match="a path is int"):
        read.warc(5)
    with pytest.raises(SourceError, match="is no path"):
        read.warc("a\0b")
    array = tmp_path / "a.json"
    array.write_text('[{"text": "x"}]')
    with pytest.raises(SourceError, match="JSON Lines has one object a line"):
        read.read(array)
    for name in ("a.arc", "a.arc.gz"):  # it holds pages, and is none
        archive = b"filedesc://a.arc 0.0.0.0 20000101000000 text/plain 9\n1 0 A\n\n\n" + PAGE
        (tmp_path / name).write_bytes(gzip.compress(archive) if "gz" in name else archive)
        with pytest.raises(SourceError, match="makes WARC from ARC"):
            read.read(tmp_path / name)


def test_a_file_without_a_telling_name_is_known_by_its_content(tmp_path):
    for content in (pages(1).data, gzip.compress(b'{"text": "x"}'), b'{"text": "x"}', PAGE):
        path = tmp_path / "data"
        path.write_bytes(content)
        assert [doc.live for doc in read.read(path)] == [True]
    pq.write_table(pa.table({"text": ["x"]}), path)
    assert [doc.text for doc in read.read(path)] == ["x"]


def test_empty_files_hold_nothing(tmp_path):
    for name in ("a.warc.gz", "b.jsonl"):
        (tmp_path / name).write_bytes(b"")
    assert list(read.read(tmp_path)) == []
    (tmp_path / "c.html").write_bytes(b"")
    (doc,) = read.read(tmp_path)
    assert (doc.id, doc.verdict.reason) == ("c.html", "empty")


def test_html_files_plain_packed_large_and_broken(tmp_path):
    (tmp_path / "a.html").write_bytes(PAGE)
    (tmp_path / "b.html.gz").write_bytes(gzip.compress(PAGE))
    (tmp_path / "c.html").write_bytes(PAGE * 1000)
    (tmp_path / "d.html.gz").write_bytes(gzip.compress(PAGE)[:-3])
    docs = list(read.html(tmp_path, max_bytes=1000))
    assert [doc.html for doc in docs] == [PAGE, PAGE, None, None]
    assert [str(doc.verdict) for doc in docs[2:]] == [
        "read: too_large",
        f"read failed: the file ends inside its gzip data, at byte 0 of {tmp_path / 'd.html.gz'}",
    ]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_unreadable_files_are_told_at_once(crawl):
    (crawl / "b.jsonl").chmod(0)
    for path in (crawl, crawl / "b.jsonl"):
        with pytest.raises(SourceError, match=r"b\.jsonl: cannot be read"):
            read.read(path)


def test_a_file_that_vanishes_is_one_failure(crawl):
    source = read.read(crawl)
    (crawl / "b.jsonl").unlink()
    docs = list(source)
    assert "b.jsonl cannot be opened" in docs[0].verdict.reason
    assert len(docs) == 6


def test_urls_go_through_fsspec(crawl):
    memory = fsspec.filesystem("memory")
    for path in read.read(crawl).paths:
        with (
            open(path, "rb") as local,
            memory.open("/crawl/" + Path(path).relative_to(crawl).as_posix(), "wb") as far,
        ):
            far.write(local.read())
    for name in ("README.md", "deep/.half.jsonl"):
        memory.pipe(f"/crawl/{name}", b'{"text": "Not read."}')
    near, far = read.read(crawl), read.read("memory://crawl")
    assert [(d.id, d.text, d.html) for d in far] == [(d.id, d.text, d.html) for d in near]
    assert far.size == near.size == far.position
    assert len(list(read.read("memory://crawl/deep/*.warc.gz"))) == 2
    assert [d.id for d in read.read(["memory://crawl/page.htm"])] == ["page.htm"]
    assert [d.id for d in read.read(f"file://{crawl}/page.htm")] == ["page.htm"]
    with pytest.raises(SourceError, match="no such file"):
        read.read("memory://crawl/absent.warc.gz")
    with pytest.raises(SourceError, match="memory://crawl/"):
        read.read("memory://crawl/*.wet")
    with pytest.raises(SourceError, match="cannot be opened"):
        read.read("nosuchscheme://x/y.warc.gz")


@pytest.mark.skipif(os.name != "nt", reason="of drives")
def test_the_drive_of_a_path_is_no_part_of_a_pattern(crawl):
    far = rf"\\?\{crawl}"  # as Windows writes long paths
    near = [doc.id for doc in read.read(str(crawl / "*.jsonl"))]
    assert [doc.id for doc in read.read(rf"{far}\*.jsonl")] == near
    for name, said in (("nothing.jsonl", "no such file"), ("*.nothing", "no file matches")):
        with pytest.raises(SourceError, match=said):
            read.read(rf"{far}\{name}")
    assert _parts(r"C:\*.jsonl") == (["", "*.jsonl"], "C:/")  # not where we are on that drive


class Web(MemoryFileSystem):
    """As fsspec takes the web: whatever has links is a folder too."""

    protocol = ("http", "https")
    PAGES = ("https://a.example/b/index.html", "https://a.example/b/deep/c.html")

    @classmethod
    def _strip_protocol(cls, path):
        return path

    def isdir(self, path):
        return path.rstrip("/") + "/" in ("https://a.example/b/index.html/", "https://a.example/b/")

    def exists(self, path, **more):
        return path.partition("?")[0] in self.PAGES

    def info(self, path, **more):
        return {"name": path, "size": len(PAGE), "type": "file"}

    def find(self, path, **more):
        return {page: self.info(page) for page in self.PAGES if page.startswith(path)}

    def open(self, path, mode="rb", **more):
        return io.BytesIO(PAGE)


def test_a_page_of_the_web_is_no_folder_for_its_links(monkeypatch):
    monkeypatch.setitem(importlib.import_module("fsspec.registry")._registry, "https", Web)
    for url in (Web.PAGES[0], f"{Web.PAGES[0]}?q=1"):
        [doc] = read.read(url)
        assert (doc.html, doc.url, doc.meta["source"]) == (PAGE, url, url)
    folder = list(read.read("https://a.example/b/"))
    assert [doc.url for doc in folder] == sorted(Web.PAGES)
    assert [doc.id for doc in folder] == ["deep/c.html", "index.html"]
    with pytest.raises(SourceError, match="no such file"):
        read.read("https://a.example/b")


def test_a_missing_extra_is_told_when_the_source_is_built(tmp_path, monkeypatch):
    path = tmp_path / "a.warc.lz4"
    path.write_bytes(b"\x04\x22\x4d\x18")
    fsspec.filesystem("memory").pipe("/lz4/a.warc.lz4", path.read_bytes())
    monkeypatch.setitem(sys.modules, "lz4", None)
    monkeypatch.setattr("webfilter.read.decoders.find_spec", lambda name: None)
    for given in (path, tmp_path, tmp_path / "*", "memory://lz4/a.warc.lz4", "memory://lz4/"):
        with pytest.raises(MissingExtra, match=r'pip install "webfilter\[lz4\]"'):
            read.read(given)


def test_digests_are_checked_by_those_who_ask(tmp_path):
    path = tmp_path / "a.warc"
    path.write_bytes(pages(2, compressed=False).data.replace(b"Page 1", b"Page 7"))
    for reader in (read.read, read.warc, read.wet):
        assert [doc.live for doc in reader(path)] == [True, True]
        assert [doc.live for doc in reader(path, digests=True)] == [True, False]


def test_a_source_says_what_it_is_and_can_be_sent_to_a_worker(crawl):
    source = read.warc(crawl)
    assert repr(source).startswith("Source(")
    assert "bytes)" in repr(source)
    again = pickle.loads(pickle.dumps(source))
    assert [doc.id for doc in again] == [doc.id for doc in source]


def test_position_grows_while_reading(crawl):
    (crawl / "big.warc.gz").write_bytes(pages(400).data)
    source = read.warc(crawl / "big.warc.gz")
    seen = [source.position for _ in source]
    assert seen == sorted(seen) == [source.position for _ in source]
    assert 0 < seen[0] <= source.size
    assert seen[-1] == source.size == source.position


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_a_link_to_nothing_is_no_silent_loss(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "one"}\n')
    (tmp_path / "b.txt").symlink_to("nothing")  # of no kind that is read
    (tmp_path / "c.jsonl").mkdir()
    assert [doc.text for doc in read(str(tmp_path))] == ["one"]
    (tmp_path / "d.jsonl").symlink_to("nothing")  # such as a file of git-annex that is elsewhere
    for given in (tmp_path, tmp_path / "*.jsonl"):
        with pytest.raises(SourceError, match=r"d\.jsonl: cannot be read: it is a link to nothing"):
            read(str(given))


def test_a_folder_that_a_writer_left_with_a_part_of_its_files_renamed_is_told_of(
    tmp_path, caplog, monkeypatch
):
    docs = [Document(str(n), f"Text {n}.") for n in range(4)]
    kept, renamed = tmp_path / "run" / "kept", []

    def write(fails_at=None, **settings):
        def rename(folder, old, new):
            renamed.append(new)
            if len(renamed) == fails_at:
                raise KeyboardInterrupt
            os.replace(folder._path / old, folder._path / new)

        renamed.clear()
        monkeypatch.setattr("webfilter.write.folders._Local.rename", rename)
        with jsonl(kept, part_bytes=1, **settings) as sink:
            sink.write(docs)
            assert not said()

    def said(given=kept):
        caplog.clear()
        with contextlib.suppress(SourceError):  # there are none but temporary files
            list(read.read(given))
        return [*caplog.messages]

    for fails_at, settings in ((3, {}), (2, {"overwrite": True})):
        with pytest.raises(KeyboardInterrupt):
            write(fails_at, **settings)
        left = sorted(path.name for path in kept.glob("*.tmp"))
        assert len(left) == 5 - fails_at
        [told] = said()
        assert said(str(tmp_path / "run" / "*")) == said(tmp_path) == [told]
        assert told.startswith(f"{kept} holds {left[0]!r}: a writer was ended while it renamed ")
        assert f"take {left[0][-13:]!r} off their names" in told
        assert said(kept / "part-00000.jsonl") == []
        write(overwrite=True)
        assert said() == []
    with pytest.raises(KeyboardInterrupt):
        write(1, overwrite=True)
    assert list(read.read(kept)) == docs
    assert said() == []
    (kept / "part-00009.jsonl.tmp").touch()  # somebody's download
    assert said() == []


def test_so_is_one_far_away(caplog):
    system = MemoryFileSystem()
    for name in ("part-00000.jsonl", "part-00001.jsonl.0123abcd.tmp"):
        system.pipe(f"/left/kept/{name}", b'{"id": "a", "text": "Line."}\n')
    assert len(list(read.read("memory://left"))) == 1
    [told] = caplog.messages
    assert told.startswith("memory:///left/kept holds 'part-00001.jsonl.0123abcd.tmp': ")


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_links_to_folders_are_told_of_and_go_round_once(tmp_path, caplog):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "a" / "b" / "x.jsonl").write_text('{"text": "one"}\n')
    (tmp_path / "elsewhere" / "y.jsonl").write_text('{"text": "two"}\n')
    (tmp_path / "a" / "around").symlink_to(tmp_path / "a")
    assert [doc.text for doc in read(str(tmp_path / "a" / "**" / "*.jsonl"))] == ["one"]
    assert caplog.messages == []
    (tmp_path / "a" / "around").unlink()
    (tmp_path / "a" / "more").symlink_to(tmp_path / "elsewhere")
    assert [doc.text for doc in read(str(tmp_path / "a"))] == ["one"]
    (said,) = caplog.messages
    assert said.endswith("more is a link to a folder, and not followed: give it, too")
    assert [doc.text for doc in read(str(tmp_path / "a" / "**"))] == ["one", "two"]
    (tmp_path / "gone").symlink_to("nothing")
    with pytest.raises(SourceError, match=r"gone: cannot be read: it is a link to nothing$"):
        read(str(tmp_path / "gone"))


def test_a_pattern_in_a_folder_that_cannot_be_listed_says_so(tmp_path, monkeypatch):
    def refuse(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "listdir", refuse)
    with pytest.raises(SourceError, match=r"no file matches; .* cannot be read: Permission denied"):
        read(str(tmp_path / "*.jsonl"))
