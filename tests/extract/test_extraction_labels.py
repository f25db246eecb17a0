"""The labels of readers: the file as it is, and the script that asks for them and collects them."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID
from zlib import crc32

import pytest
from pages import FIRST, SECOND, page

import webfilter as wf
from webfilter.extract.blocks.model import TYPES
from webfilter.extract.dom import read
from webfilter.extract.encoding import decode

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "classifiers" / "extraction"
SAMPLE = ROOT / "examples" / "data" / "sample.warc.gz"
LABELS = [json.loads(line) for line in (FOLDER / "labels.jsonl").read_text("utf-8").splitlines()]


def test_every_page_has_one_label_with_ranges_in_order() -> None:
    assert len({label["id"] for label in LABELS}) == len(LABELS) > 1000
    for label in LABELS:
        assert label["type"] in (*TYPES, "form")
        ends = [int(n) for part in label["keep"].split(",") if part for n in part.split("-")]
        assert ends == sorted(set(ends))


def run(*told: object) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, str(FOLDER / "label.py"), *map(str, told)]
    return subprocess.run(line, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def shown(tmp_path_factory) -> str:
    out = tmp_path_factory.mktemp("shown")
    done = run("show", SAMPLE, "--out", out)
    assert not done.returncode, done.stderr
    return "\n\n".join(path.read_text("utf-8") for path in sorted(out.iterdir()))


def collect(folder: Path, *answers: dict[str, str]) -> subprocess.CompletedProcess[str]:
    said = folder / "answers.jsonl"
    said.write_text("".join(json.dumps(answer) + "\n" for answer in answers), "utf-8")
    return run("collect", said, "--crawl", SAMPLE, "--labels", folder / "labels.jsonl")


def test_answers_become_labels_that_fit_the_blocks_shown(shown, tmp_path) -> None:
    pages = {page.split()[1]: page for page in shown.split("\n\n")}
    assert len(pages) == shown.count("=== ")
    name, page = next((name, page) for name, page in pages.items() if "[20]" in page)
    first = re.search(r"^\[3\] <[a-z0-9]+(?: LINK)?> (.*)$", page, re.MULTILINE)[1]
    done = collect(tmp_path, {"id": name, "type": "article", "keep": "9-11,3,5,4"})
    assert not done.returncode, done.stderr
    (label,) = map(json.loads, (tmp_path / "labels.jsonl").read_text("utf-8").splitlines())
    assert (label["id"], label["type"], label["keep"]) == (name, "article", "3-5,9-11")
    document = next(d for d in wf.read.warc(SAMPLE) if d.id == name)
    html, _, _ = decode(document.html, document.meta.get("content_type"))
    dom = read(html)
    assert dom.blocks[3].text.replace("\n", " / ").startswith(first.partition(" ...(+")[0])
    texts = [block.text for block in dom.blocks]
    assert label["fingerprint"] == crc32("\n\n".join(texts).encode())
    assert "habits" not in label
    done = collect(tmp_path, {"id": name, "type": "form", "keep": "", "habits": "gold"})
    (label,) = map(json.loads, (tmp_path / "labels.jsonl").read_text("utf-8").splitlines())
    assert (label["type"], label["keep"], label["habits"]) == ("form", "", "gold")
    other = next(other for other in pages if other != name)
    done = collect(tmp_path, {"id": other, "type": "listing", "keep": "1"})
    lines = (tmp_path / "labels.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["id"] for line in lines] == [name, other]


def test_labels_are_carried_to_the_blocks_as_they_are_now(shown, tmp_path) -> None:
    name = next(page.split()[1] for page in shown.split("\n\n") if "[20]" in page)
    labels, blocks = tmp_path / "labels.jsonl", tmp_path / "blocks.jsonl"
    collect(tmp_path, {"id": name, "type": "article", "keep": "3-5,9-11"})
    now = labels.read_text("utf-8")
    files = ("--crawl", SAMPLE, "--labels", labels)
    done = run("blocks", *files, "--out", blocks)
    assert not done.returncode, done.stderr
    row = json.loads(blocks.read_text("utf-8"))
    texts = row["blocks"]
    row["blocks"] = [*texts[:3], f"1 {texts[3]}", f"{texts[4]} {texts[5]}", "gone", *texts[6:]]
    blocks.write_text(json.dumps(row) + "\n", "utf-8")
    before = crc32("\n\n".join(row["blocks"]).encode())
    label = json.loads(now) | {"keep": "3-4,9-11", "fingerprint": before}
    labels.write_text(json.dumps(label) + "\n", "utf-8")
    done = run("carry", blocks, *files)
    assert "1 labels carried" in done.stdout
    assert labels.read_text("utf-8") == now
    assert "0 labels carried" in run("carry", blocks, *files).stdout


@pytest.mark.parametrize(
    ("before", "kept", "now", "found"),
    [
        (["a b", "c d", "e"], {1}, ["a b", "c", "d", "e"], {1, 2}),
        (["a b", "c d", "e"], {0}, ["a b c d", "e"], {0}),
        (["a", "b c d", "e"], {0, 2}, ["a b c d", "e"], {1}),
        (["a", "b"], {0, 1}, ["a", "new", "b", "new"], {0, 1, 2}),
        (["a", "b"], {0}, ["a", "new", "b"], {0}),
        (["a", "b"], {1}, [], set()),
        (["a b a", "c"], {0}, ["c"], set()),
    ],
)
def test_a_block_is_kept_as_most_of_its_words_were(script, before, kept, now, found) -> None:
    assert script.carry(before, kept, now) == found


def test_pages_are_shown_with_what_their_gold_texts_keep(tmp_path) -> None:
    row = {
        "id": "w/1", "html": page(), "gold_text": f"How bees find food\n{FIRST}\n{SECOND}",
        "url": "https://bees.example/food", "page_type": "article", "domain": "bees.example",
    }  # fmt: skip
    short = row | {"id": "w/2", "html": f"<p>{FIRST}", "gold_text": FIRST}
    path = tmp_path / "pages.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in (row, short)), "utf-8")
    done = run("show", path, "--out", tmp_path / "out", "--blocks", 2, 330)
    assert not done.returncode, done.stderr
    (told,) = (tmp_path / "out").iterdir()
    lines = told.read_text("utf-8").splitlines()
    assert lines[0] == "=== article  https://bees.example/food  TITLE: how bees find food"
    kept = [line for line in lines if line.startswith("+ [")]
    assert [line.split("] ")[1][:12] for line in kept] == [
        "<h1> How bee",
        "<p> Bees do ",
        "<p> A scout ",
    ]
    assert sum(line.startswith("- [") for line in lines) == 13  # the menu, the footer


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"keep": "0,99999"}, "no block 99999"),
        ({"type": "story"}, "no type 'story'"),
        ({"id": "<urn:uuid:0>"}, "1 answers on pages that are not there"),
    ],
)
def test_wrong_answers_are_refused(shown, tmp_path, change, says) -> None:
    done = collect(tmp_path, {"id": shown.split()[1], "type": "article", "keep": "0"} | change)
    assert done.returncode
    assert says in done.stderr
    assert not (tmp_path / "labels.jsonl").exists()


@pytest.fixture(scope="module")
def script(data):
    spec = importlib.util.spec_from_file_location("extraction_label", FOLDER / "label.py")
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(sys.modules, "data", data)
        spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def data():
    spec = importlib.util.spec_from_file_location("extraction_data", FOLDER / "data.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_labelled_pages_are_read_with_what_the_reader_kept(data, tmp_path, capsys) -> None:
    document, html = next(page for page in data.crawl([SAMPLE]) if len(read(page[1]).blocks) > 20)
    dom = read(html)
    label = {"id": document.id, "type": "form", "keep": "2-4,9", "fingerprint": crc32(b"")}
    path = tmp_path / "labels.jsonl"
    path.write_text(json.dumps(label) + "\n", "utf-8")
    assert not list(data.labelled(path, [SAMPLE]))
    assert "other blocks" in capsys.readouterr().out

    label["fingerprint"] = data.fingerprint(dom)
    absent = label | {"id": "<urn:uuid:0>"}
    path.write_text(json.dumps(label) + "\n" + json.dumps(absent) + "\n", "utf-8")
    (example,) = data.labelled(path, [SAMPLE])
    assert "1 labelled pages are not in these files" in capsys.readouterr().out
    assert [i for i, kept in enumerate(example.labels) if kept] == [2, 3, 4, 9]
    assert example.gold == sum(len(data.words(dom.blocks[i].text)) for i in (2, 3, 4, 9))
    assert (example.type, example.by_reader) == (None, True)
    assert example.site == data.site(urlsplit(document.url).hostname)
    assert len(example.said.counts) == len(dom.blocks)
    assert len(example.named.counts) == len(example.seen.page.tree.looks)
    assert example.said.values.size == example.said.counts.sum()
    path.write_text(json.dumps(label | {"habits": "gold"}) + "\n", "utf-8")
    assert not next(data.labelled(path, [SAMPLE])).by_reader


def record(number: int, text: str) -> bytes:
    """Return the WARC record of a page whose address is not known."""
    said = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + text.encode()
    return (
        f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:{UUID(int=number)}>\r\n"
        f"WARC-Target-URI: http://set.invalid/{number}\r\nWARC-Date: 2026-01-01T00:00:00Z\r\n"
        f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(said)}\r\n\r\n"
    ).encode() + said + b"\r\n\r\n"  # fmt: skip


def test_a_page_of_an_unknown_address_belongs_to_the_site_it_names(data, tmp_path) -> None:
    canonical = '<link rel="canonical" href="https://shop.bees.co.uk/food">'
    texts = [page(head=canonical), page()]
    crawl = tmp_path / "crawl.warc"
    crawl.write_bytes(b"".join(record(i, text) for i, text in enumerate(texts)))
    ids = [document.id for document, _ in data.crawl([crawl])]
    rows = [
        {"id": name, "type": "article", "keep": "", "fingerprint": data.fingerprint(read(text))}
        for name, text in zip(ids, texts, strict=True)
    ]
    path = tmp_path / "labels.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    sites = [example.site for example in data.labelled(path, [crawl])]
    assert sites == ["bees.co.uk", ids[1]]


@pytest.mark.parametrize(
    ("host", "site"),
    [
        ("www.Bees.org", "bees.org"),
        ("a.b.bees.com.au", "bees.com.au"),
        ("bees.de", "bees.de"),
        ("localhost", "localhost"),
    ],
)
def test_pages_of_one_registered_name_go_together(data, host, site) -> None:
    assert data.site(host) == site


@pytest.mark.parametrize(
    ("said", "gold", "covered"),
    [
        ("a b c d", "x a b c y", "1110"),
        ("a b c - a b c", "a b c", "1110000"),  # said twice, wanted once
        ("a b c - a b c", "a b c - a b c", "1111111"),
        ("a b c - x a b c d", "q a b c d", "000001111"),  # where more of it goes together
        ("a b a b a b", "a b a b", "111100"),
        ("a b", "a b", "00"),
        ("a b c", "", "000"),
    ],
)
def test_each_word_of_the_gold_text_covers_one_of_the_page(data, said, gold, covered) -> None:
    found = data._covered(said.split(), gold.split())
    assert "".join(str(int(word)) for word in found) == covered


def test_blocks_are_labelled_by_their_share_of_the_gold_text(data) -> None:
    gold = "Bees see no red\nPrice\nThey see a light that we cannot see"
    said = [
        "Menu", "Bees see no red", "Price", "They see a light that we cannot see today",
        "Bees see no red", "They see a light", "Price",
    ]  # fmt: skip
    labels = data.shares([data.words(text) for text in said], gold)
    assert labels[[0, 1, 2, 4, 5, 6]].tolist() == [0, 1, 1, 1, 0, 0]  # a copy counts like the first
    assert labels[3] == pytest.approx(8 / 9)


def test_a_short_line_of_the_gold_text_counts_beside_its_content_only(data) -> None:
    said = ["Price", "Bees see no red", "Menu", "Imprint", "Jobs", "Price"]
    labels = data.shares([data.words(text) for text in said], "Bees see no red\nPrice")
    assert labels.tolist() == pytest.approx([0.9, 1, 0, 0, 0, 0])
    labels = data.shares([data.words(text) for text in said[1:]], "Bees see no red\nPrice")
    assert labels.tolist() == [1, 0, 0, 0, 0]
