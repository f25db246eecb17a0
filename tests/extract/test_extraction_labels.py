"""The labels of readers: the file as it is, and the script that asks for them and collects them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from zlib import crc32

import pytest

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
    page = next(page for page in shown.split("\n\n") if "[20]" in page)
    name = page.split()[1]
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
    done = collect(tmp_path, {"id": name, "type": "form", "keep": ""})
    (label,) = map(json.loads, (tmp_path / "labels.jsonl").read_text("utf-8").splitlines())
    assert (label["type"], label["keep"]) == ("form", "")


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
