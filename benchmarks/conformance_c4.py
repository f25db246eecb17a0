"""Does the recipe c4 keep the pages and lines that C4's own code keeps?

C4's code is ``c4_utils.py`` of TensorFlow Datasets, run as it stands but for TensorFlow, Beam and
NLTK: the joins over all pages are loops here, and sentences are counted by our tokenizer on both
sides. Compared are the stages up to the second count of sentences; the language (langdetect there)
and bad words (another list) are not. Pages have the ids that decide there who keeps a line, hashes
of their addresses::

    pip download --no-deps tensorflow-datasets && unzip -j *.whl '*/text/c4_utils.py'
    python benchmarks/conformance_c4.py c4_utils.py texts.jsonl.xz --crawl pages.warc.gz

Sources are JSONL with ``text``, ``url`` and ``date``, plain, .gz or .xz, and WARC files.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from difflib import unified_diff
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import MagicMock

import webfilter as wf

JUDGED = slice(1, -2)
"""Of the recipe's stages, those between extraction and language."""


def theirs(path: Path) -> Any:
    """Return the module of `path`, with stand-ins for what it imports."""
    for name in (
        "absl", "tensorflow_datasets", "tensorflow_datasets.core", "tensorflow_datasets.core.utils",
        "tensorflow_datasets.core.utils.lazy_imports_utils", "tensorflow_datasets.public_api",
    ):  # fmt: skip
        sys.modules[name] = MagicMock()
    module: Any = ModuleType("c4_utils")
    sys.modules["c4_utils"] = module
    exec(compile(path.read_text("utf-8"), str(path), "exec"), module.__dict__)
    module.tf.compat.as_text = str
    module._get_sentences = sentences
    return module


COUNTING = wf.C4Quality.profile(
    "tfds-2019", min_sentences=None, terminal_punctuation=False, line_min_words=None
)


def sentences(text: str) -> list[int]:
    """Return a list as long as there are sentences in `text`."""
    [doc] = COUNTING.process([wf.Document("a", text)])
    return [0] * int(doc.signals["c4_sentences"] or 0)


def pages(paths: Iterable[Path], crawl: Iterable[Path]) -> Iterator[wf.Document]:
    """Yield the pages that have an address, with a hash of it as id; crawled ones as plain text."""
    plain = wf.Pipeline((wf.Extract(engine="plain", metadata=False),))
    sources = [wf.read([str(path) for path in paths])] if paths else []
    if crawl:
        sources.append(plain.kept(wf.read([str(path) for path in crawl])))
    seen: defaultdict[str, int] = defaultdict(int)
    for source in sources:
        for doc in source:
            if doc.url is None or not doc.live:
                continue
            key = hashlib.md5(doc.url.encode()).hexdigest()
            seen[key] += 1
            meta = {"date": str(doc.meta.get("date") or "2000")}
            name = key if seen[key] == 1 else f"{key}-{seen[key]}"
            yield wf.Document(name, doc.text, url=doc.url, meta=meta)


def kept_there(c4: Any, docs: Iterable[wf.Document]) -> dict[str, str]:
    """Return the texts that C4's code keeps, by address."""
    by_url = defaultdict(list)
    for doc in docs:
        url = str(doc.url)
        page = c4.PageFeatures(
            url=url, normalized_url=c4.normalize_url(url), text=doc.text, timestamp=doc.meta["date"]
        )
        if c4.is_valid_length(page):
            by_url[page.normalized_url].append(page)
    clean = c4.get_clean_page_fn()
    found = [page for same in by_url.values() for page in clean(c4.select_newest_page(same))]
    owners: dict[str, str] = {}
    for page in found:
        for line, url in c4._emit_url_to_lines(page):
            owners[line] = min(owners.get(line, url), url, key=c4._hash_text)
    lines = defaultdict(list)
    for line, url in owners.items():
        lines[url].append(line)
    kept = {}
    for page in found:
        joined = (page.url, {"pages": [page], "lines": lines[page.url]})
        for left in c4._remove_lines_from_text(joined, MagicMock(), c4._MIN_NUM_SENTENCES):
            kept[left.url] = left.text
    return kept


def main() -> None:
    """Print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("code", type=Path, help="c4_utils.py of TensorFlow Datasets")
    parser.add_argument("paths", nargs="*", type=Path, help="JSONL files")
    parser.add_argument("--crawl", nargs="*", type=Path, default=[], help="WARC files")
    parser.add_argument("--show", type=int, default=5, help="differences to print")
    args = parser.parse_args()
    docs = list(pages(args.paths, args.crawl))
    reference = kept_there(theirs(args.code), docs)
    pipe = wf.Pipeline(wf.recipe("c4").steps[JUDGED])
    ours = {str(doc.url): doc.text for doc in pipe.kept(docs)}
    both = reference.keys() & ours.keys()
    other = sorted(url for url in both if reference[url] != ours[url])
    print(f"{len(docs)} pages; kept there {len(reference)}, here {len(ours)}, by both {len(both)}")
    print(f"same text: {len(both) - len(other)} of {len(both)}")
    for url in other[: args.show]:
        lines = unified_diff(reference[url].splitlines(), ours[url].splitlines(), n=0, lineterm="")
        print(f"\n{url}", *list(lines)[3:9], sep="\n    ")
    for name, some in (("there", reference.keys() - both), ("here", ours.keys() - both)):
        print(f"\nkept only {name}: {len(some)}", *sorted(some)[: args.show], sep="\n    ")


if __name__ == "__main__":
    main()
