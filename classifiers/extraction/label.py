"""Show pages as numbered blocks to readers, and make labels.jsonl of what they answer.

    python classifiers/extraction/label.py show WARC ... --out FOLDER
    python classifiers/extraction/label.py show WCXB/pages.jsonl.xz --out FOLDER --most 20
    python classifiers/extraction/label.py collect ANSWERS.jsonl ... --crawl WARC ...

LABELING.md is what readers are told. Pages with gold texts are shown with what they keep (``+``) as
examples. An answer is ``{"id": ..., "type": ..., "keep": "3,7-19"}``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

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
    take.add_argument("--crawl", type=Path, nargs="+", required=True, help="the WARC files")
    take.add_argument("--labels", type=Path, default=HERE / "labels.jsonl")
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
    known |= collect(args.answers, args.crawl)
    lines = [json.dumps(label._asdict()) + "\n" for label in known.values()]
    args.labels.write_text("".join(lines), encoding="utf-8")
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
            document.id, answer["type"], _ranges(sorted(kept)), fingerprint(dom)
        )
    if said:
        raise ValueError(f"{len(said)} answers on pages that are not there: {next(iter(said))} ...")
    return made


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
