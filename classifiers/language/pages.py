"""Labels real crawl pages with their language, and reads them: `pages.tsv` is what it made.

    python classifiers/language/pages.py CRAWL [--show N]

CRAWL is a folder with `pages-*.warc.gz`. `pages.tsv` has one line a page that has text after
`Extract()`: record id, main language of the extracted text (canonical code; ``mul`` where two
languages share it about evenly, ``und`` where it has none), and how that was decided:

- ``agreed``: three identifiers that have nothing of ours (pycld2, lingua, py3langid) name the same
  language, the page's own ``lang`` attribute names it too or is missing, and pycld2 gives it at
  least 90 % of the bytes;
- ``agreed, read``: the same, and read as one of a random hundred to see how often they are wrong;
- ``read``: all others, decided by a reader from the text's beginning, middle and end.

The script decides again what agrees, keeps what was read, prints what nobody has decided yet (after
a change of the extractor, say; `--show` characters of each), and writes the file. No text is in it.
What was read is to be looked at again where the extractor now makes another text of the page.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import webfilter as wf
from webfilter.codes import canonical

PAGES = Path(__file__).parent / "pages.tsv"
_LANG = re.compile(rb"<html[^>]*?\slang\s*=\s*[\"']?([A-Za-z_-]+)", re.IGNORECASE)
_SURE = 90
"""Percent of the bytes that pycld2 gives to the language agreed on."""


class Page(NamedTuple):
    """A page with text."""

    id: str
    text: str
    said: str | None
    """The language that its ``lang`` attribute names, canonical."""


def extracted(crawl: Path, cache: Path | None = None) -> Iterator[Page]:
    """Yield the pages of a crawl that have text after extraction (engine ``auto``).

    Args:
        crawl: the folder.
        cache: file to keep the texts in, for repeated runs; made where it is missing.
    """
    if cache is not None and cache.is_file():
        for line in cache.read_text("utf-8").splitlines():
            yield Page(*json.loads(line))
        return
    found, total, stage = [], 0, wf.Extract()
    documents = iter(wf.read(str(crawl / "pages-*.warc.gz")))
    while batch := list(islice(documents, 64)):
        total += len(batch)
        found += _texts(stage, batch)
    print(f"{len(found):,} pages with text, {total - len(found):,} without", file=sys.stderr)
    if cache is not None:
        cache.write_text("".join(json.dumps(page) + "\n" for page in found), "utf-8")
    yield from found


def _texts(stage: wf.Extract, batch: list[wf.Document]) -> list[Page]:
    pages = []
    for before, after in zip(batch, stage.process(batch), strict=True):
        said = _LANG.search((before.html or b"")[:20_000])
        if after.text.strip():
            code = canonical(said[1].decode()) if said else None
            pages.append(Page(before.id, after.text, code))
    return pages


def labels() -> dict[str, tuple[str, str]]:
    """Return (language, how decided) of every labelled page, by record id."""
    lines = PAGES.read_text("utf-8").splitlines() if PAGES.is_file() else []
    rows = (line.split("\t") for line in lines if not line.startswith("#"))
    return {name: (code, how) for name, code, how in rows}


def labelled(crawl: Path, cache: Path | None = None) -> list[tuple[str, str]]:
    """Return (language, text) of every page that is labelled and has text."""
    known = labels()
    return [(known[page.id][0], page.text) for page in extracted(crawl, cache) if page.id in known]


def agreed(page: Page, lingua: object) -> tuple[str | None, str]:
    """Return the language that the identifiers agree on, or None; and what each says."""
    import py3langid
    import pycld2

    text = page.text.strip()
    plain = "".join(char for char in text if char.isprintable() or char in "\n\t")
    try:
        parts = [(code, share) for _, code, share, _ in pycld2.detect(plain, bestEffort=True)[2]]
    except pycld2.error:
        parts = [("un", 0)]
    middle = len(text) // 2
    if len(text) > 4000:  # lingua's time grows with the text
        text = "\n".join((text[:1500], text[middle - 600 : middle + 600], text[-1300:]))
    one = lingua.detect_language_of(text)  # type: ignore[attr-defined]
    votes = {
        _bokmal(parts[0][0]),
        _bokmal(one.iso_code_639_1.name if one else "und"),
        _bokmal(py3langid.classify(page.text)[0]),
    }
    fits = page.said is None or _bokmal(page.said) in votes
    said = f"cld2 {parts} {sorted(votes)} lang={page.said}"
    return (votes.pop() if len(votes) == 1 and fits and parts[0][1] >= _SURE else None), said


def _bokmal(code: str) -> str:
    return "nb" if canonical(code) == "no" else canonical(code)


def main() -> None:
    """Decide what agrees, keep what was read, print the rest, write the file."""
    from lingua import LanguageDetectorBuilder

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("crawl", type=Path, help="folder with pages-*.warc.gz")
    parser.add_argument("--cache", type=Path, help="file to keep the extracted texts in")
    parser.add_argument("--show", type=int, default=300, help="characters to print of a page")
    options = parser.parse_args()
    lingua = LanguageDetectorBuilder.from_all_languages().build()
    known, rows, undecided = labels(), [], 0
    for page in extracted(options.crawl, options.cache):
        code, how = known.get(page.id, ("", ""))
        if "read" not in how:
            found, said = agreed(page, lingua)
            code, how = (found, "agreed") if found else ("", "")
            if not found:
                undecided += 1
                print(page.id, said, " ".join(page.text.split())[: options.show])
        if code:
            rows.append((page.id, code, how))
    head = "# record id, main language of the extracted text, how decided: see pages.py\n"
    PAGES.write_text(head + "".join("\t".join(row) + "\n" for row in sorted(rows)), "utf-8")
    by_how, by_code = Counter(row[2] for row in rows), Counter(row[1] for row in rows)
    print(f"{len(rows):,} labelled {dict(by_how)}, {undecided:,} undecided")
    print(", ".join(f"{code} {count:,}" for code, count in by_code.most_common()))


if __name__ == "__main__":
    main()
