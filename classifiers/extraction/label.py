"""Show pages as numbered blocks to readers, and make labels.jsonl of what they answer.

    python classifiers/extraction/label.py show WARC ... --out FOLDER
    python classifiers/extraction/label.py show WCXB/pages.jsonl.xz --out FOLDER --most 20
    python classifiers/extraction/label.py collect ANSWERS.jsonl ... --crawl WARC ...
    python classifiers/extraction/label.py blocks --crawl WARC ... --out BLOCKS.jsonl
    python classifiers/extraction/label.py carry BLOCKS.jsonl --crawl WARC ...

LABELING.md is what readers are told. Pages with gold texts are shown with what they keep (``+``) as
examples. An answer is ``{"id": ..., "type": ..., "keep": "3,7-19"}``, with ``"habits": "gold"``
where the reader left out titles of articles, as the gold texts do.

Labels are of the blocks that a reader saw, and of no other ones. Before a change of what a block is
(`webfilter.extract.dom`), ``blocks`` writes those of the labelled pages; after it, ``carry`` gives
the labels to the blocks that have the same words now.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import islice
from pathlib import Path
from typing import Any

from data import Label, crawl, fingerprint, labels_of, numbers, pages, shares, words

from webfilter.extract.blocks.hints import head_of, title_of
from webfilter.extract.blocks.model import TYPES
from webfilter.extract.dom import Dom
from webfilter.extract.dom import read as read_dom
from webfilter.extract.engine import Unfit

HERE = Path(__file__).parent
_CHARACTERS = 110
_FILE = 24_000
_LANDMARKS = {"main", "nav", "header", "footer", "aside", "article", "form", "table"}


def main() -> None:
    """Show or collect, from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    does = parser.add_subparsers(dest="does", required=True)
    show = does.add_parser("show", help="write pages as numbered blocks")
    show.add_argument("pages", type=Path, nargs="+", help="WARC files, or one of WCXB")
    show.add_argument("--out", type=Path, required=True)
    show.add_argument("--blocks", type=int, nargs=2, default=(15, 330), metavar=("LEAST", "MOST"))
    show.add_argument("--most", type=int, help="pages")
    take = does.add_parser("collect", help="write labels.jsonl")
    take.add_argument("answers", type=Path, nargs="+", help="later ones replace earlier ones")
    write = does.add_parser("blocks", help="write the blocks of the labelled pages")
    write.add_argument("--out", type=Path, required=True)
    carry = does.add_parser("carry", help="give labels to the blocks as they are now")
    carry.add_argument("blocks", type=Path, help="what `blocks` wrote")
    for one in (take, write, carry):
        one.add_argument("--crawl", type=Path, nargs="+", required=True, help="the WARC files")
        one.add_argument("--labels", type=Path, default=HERE / "labels.jsonl")
    args = parser.parse_args()
    if args.does == "show":
        gold = ".jsonl" in args.pages[0].suffixes
        told = with_gold(args.pages[0]) if gold else of_crawl(args.pages)
        least, most = args.blocks
        chosen = (text for count, text in told if least <= count <= most)
        args.out.mkdir(parents=True, exist_ok=True)
        for i, text in enumerate(_files(islice(chosen, args.most))):
            (args.out / f"{i:03}.txt").write_text(text, encoding="utf-8")
        return
    known = labels_of(args.labels) if args.labels.exists() else {}
    if args.does == "blocks":
        text = "".join(json.dumps(row) + "\n" for row in seen(known, args.crawl))
        args.out.write_text(text, encoding="utf-8", newline="\n")
        print(f"blocks of {text.count(chr(10))} pages in {args.out}")
        return
    known |= (
        carried(known, args.blocks, args.crawl)
        if args.does == "carry"
        else collect(args.answers, args.crawl)
    )
    rows = [{k: v for k, v in label._asdict().items() if v != "" or k == "keep"}
            for label in known.values()]  # fmt: skip
    lines = [json.dumps(row) + "\n" for row in rows]
    args.labels.write_text("".join(lines), encoding="utf-8", newline="\n")
    print(f"{len(known)} labels in {args.labels}")


def of_crawl(warcs: Sequence[Path]) -> Iterator[tuple[int, str]]:
    """Yield the number of blocks and the text of each page that can be read."""
    for document, html in crawl(warcs):
        try:
            dom = read_dom(html)
        except Unfit:
            continue
        yield len(dom.blocks), "\n".join(_page(document.id, document.url, html, dom))


def with_gold(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the same of pages with gold texts, with what these keep."""
    for record in pages(path):
        dom = read_dom(record["html"])
        said = [words(block.text) for block in dom.blocks]
        marks = ["+" if share >= 0.5 else "-" for share in shares(said, record["gold_text"])]
        lines = _page(record["page_type"], record["url"], record["html"], dom, marks)
        yield len(dom.blocks), "\n".join(lines)


def collect(answers: Sequence[Path], warcs: Sequence[Path]) -> dict[str, Label]:
    """Return the labels that the files of `answers` hold, checked against the pages.

    Raises:
        ValueError: an answer names a page, a block or a type that is not there.
    """
    said = {}
    for path in answers:
        for line in path.read_text(encoding="utf-8").splitlines():
            answer = json.loads(line)
            said[answer["id"]] = answer
    made = {}
    for document, html in crawl(warcs):
        answer = said.pop(document.id, None)
        if answer is None:
            continue
        dom = read_dom(html)
        kept = numbers(answer["keep"])
        if kept and max(kept) >= len(dom.blocks):
            raise ValueError(f"{document.id}: no block {max(kept)}, it has {len(dom.blocks)}")
        if answer["type"] not in (*TYPES, "form"):
            raise ValueError(f"{document.id}: no type {answer['type']!r}")
        made[document.id] = Label(
            document.id, answer["type"], _ranges(sorted(kept)), fingerprint(dom),
            answer.get("habits", ""),
        )  # fmt: skip
    if said:
        raise ValueError(f"{len(said)} answers on pages that are not there: {next(iter(said))} ...")
    return made


def seen(known: Mapping[str, Label], warcs: Sequence[Path]) -> Iterator[dict[str, Any]]:
    """Yield id and texts of the blocks of the labelled pages whose blocks are what readers saw."""
    for document, html in crawl(warcs):
        if label := known.get(document.id):
            dom = read_dom(html)
            if fingerprint(dom) == label.fingerprint:
                yield {"id": document.id, "blocks": [block.text for block in dom.blocks]}


def carried(known: Mapping[str, Label], blocks: Path, warcs: Sequence[Path]) -> dict[str, Label]:
    """Return the labels of pages whose blocks are other ones now than in the file `blocks`."""
    lines = blocks.read_text(encoding="utf-8").splitlines()
    before = {row["id"]: row["blocks"] for row in map(json.loads, lines)}
    made = {}
    for document, html in crawl(warcs):
        label = known.get(document.id)
        if label is None or document.id not in before:
            continue
        dom = read_dom(html)
        if (now := fingerprint(dom)) != label.fingerprint:
            texts = [block.text for block in dom.blocks]
            kept = carry(before[document.id], numbers(label.keep), texts)
            made[document.id] = label._replace(keep=_ranges(sorted(kept)), fingerprint=now)
    print(f"{len(made)} labels carried to other blocks")
    return made


def carry(before: Sequence[str], kept: Collection[int], now: Sequence[str]) -> set[int]:
    """Return which blocks of `now` have most of their words from blocks `kept` of `before`.

    A block all of whose words are new is as those around it, if these are alike.
    """
    old = [(word, i in kept) for i, text in enumerate(before) for word in text.split()]
    new = [(word, i) for i, text in enumerate(now) for word in text.split()]
    same = SequenceMatcher(None, [w for w, _ in old], [w for w, _ in new], autojunk=False)
    marks: dict[int, list[bool]] = {}
    for a, b, count in same.get_matching_blocks():
        for at in range(count):
            marks.setdefault(new[b + at][1], []).append(old[a + at][1])
    found = {i for i, of in marks.items() if 2 * sum(of) >= len(of)}
    return found | {
        i for i in range(len(now)) if i not in marks and i - 1 in found and i + 1 in found
    }


def _ranges(kept: Sequence[int]) -> str:
    runs: list[list[int]] = []
    for number in kept:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(f"{a}-{b}" if b > a else f"{a}" for a, b in runs)


def _page(
    name: str, url: str | None, html: str, dom: Dom, marks: Sequence[str] = ()
) -> Iterator[str]:
    yield f"=== {name}  {url or ''}  TITLE: {title_of(head_of(html))[:_CHARACTERS]}"
    before = ""
    for i, block in enumerate(dom.blocks):
        around = " < ".join(islice(_around(dom, block.element), 2))
        if around != before:
            yield f"      in {around}"
        before = around
        text = block.text.replace("\n", " / ")
        more = f" ...(+{len(text) - _CHARACTERS})" if len(text) > _CHARACTERS else ""
        link = " LINK" if block.linked >= 0.8 * len(block.text) else ""
        mark = marks[i] + " " if marks else ""
        yield f"{mark}[{i}] <{dom.tags[block.element]}{link}> {text[:_CHARACTERS]}{more}"


def _around(dom: Dom, element: int) -> Iterator[str]:
    """Yield the elements around `element` that say something, from the inside."""
    at = dom.parents[element]
    while at > 0:
        tag, said = dom.tags[at], dom.attributes[at]
        names = f"{said.get('id') or ''} {said.get('class') or ''}".split()
        if names or tag in _LANDMARKS:
            yield tag + (f".{names[0][:24]}" if names else "")
        at = dom.parents[at]


def _files(texts: Iterable[str]) -> Iterator[str]:
    """Yield the pages some at a time, as much as can be read with care."""
    some: list[str] = []
    for text in texts:
        some.append(text)
        if sum(map(len, some)) > _FILE:
            yield "\n\n".join(some)
            some = []
    if some:
        yield "\n\n".join(some)


if __name__ == "__main__":
    main()
