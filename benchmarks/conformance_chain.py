"""Does the chain keep what datatrove's FineWeb chain keeps, and why not where it does not?

datatrove's own example (WARC, URLs, trafilatura with precision, language above .65, Gopher
repetition and quality, C4 without the terminal rule, FineWeb, MinHash of 14 bands of 8, personal
data) runs over the files in one process of PEER; ours over the same files, here: the recipe
``fineweb``. Both by the same trafilatura and the same fastText model, so that only the rest
differs. Then each page's fate there and here is compared: the step and the rule that dropped it,
and the text. Every difference is counted under its cause; what has none of them is listed.

    python benchmarks/conformance_chain.py pages-*.warc.gz --peer PEER/bin/python --lid lid.176.ftz

PEER: an environment with ``datatrove[io,processing]`` 0.10, or 0.2 (of April 2024; with NLTK's
``punkt_tab``) and the version of trafilatura that is here. Ours takes the rules of that version:
``--words nltk`` (or ``spacy``) those tokens, too. With ``--deduplicate`` trafilatura drops there
what it has seen on earlier pages, as datatrove lets it; else it does not, as it never does here.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import json
import subprocess
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from conformance_reasons import REASONS

import webfilter as wf
from webfilter.extract.encoding import decode

STEPS = ("reader", "url_filter", "extract", "language", "gopher_repetition", "gopher_quality")
STEPS += ("c4_quality", "fineweb_quality", "minhash", "kept")

PEER = """
import importlib.metadata, inspect, io, json, logging, os, sys, tempfile
from loguru import logger
logger.remove()
logging.getLogger("trafilatura").setLevel(logging.CRITICAL + 1)
import magic, tldextract
from fasttext.FastText import _FastText
from datatrove.data import Document
from datatrove.pipeline.dedup import (
    MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature)
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.extractors import Trafilatura
from datatrove.pipeline.filters import (
    C4QualityFilter, FineWebQualityFilter, GopherQualityFilter, GopherRepetitionFilter,
    LanguageFilter, URLFilter)
from datatrove.pipeline.formatters import PIIFormatter
from datatrove.pipeline.readers import WarcReader, warc

model, deduplicate, out, *paths = sys.argv[1:]
fates = {}
process_record = warc.process_record

def process(record):
    page = record.content_stream().read()
    record.content_stream = lambda: io.BytesIO(page)
    found = process_record(record)
    if record.rec_type in ("response", "conversion"):
        kind = magic.from_buffer(page, mime=True)
        why = "not decoded" if kind == "text/html" else "libmagic: " + kind
        name = record.rec_headers.get("WARC-Record-ID")
        fates[name] = {"step": "reader", "reason": None if found else why}
    return found

def seen(docs, step, key="text"):
    for doc in docs:
        fates[doc.id].update({"step": step, "reason": None, key: doc.text})
        yield doc

def noting(step, judge):
    def judged(doc):
        outcome = judge(doc)
        if step == "language":
            spaced = Document(text=" ".join(doc.text.split()), id=doc.id)
            fates[doc.id]["spaced"] = bool(judge(spaced))
        if isinstance(outcome, tuple) and not outcome[0]:
            fates[doc.id]["reason"] = outcome[1]
        return outcome
    return judged

warc.process_record = process
urls, language = URLFilter(), LanguageFilter(["en"])
urls.tldextractor = tldextract.TLDExtract(suffix_list_urls=())
(language if hasattr(language, "_model") else language.model)._model = _FastText(model)
steps = {
    "url_filter": urls,
    "extract": Trafilatura(favour_precision=True, deduplicate=deduplicate == "True", timeout=60),
    "language": language,
    "gopher_repetition": GopherRepetitionFilter(),
    "gopher_quality": GopherQualityFilter(),
    "c4_quality": C4QualityFilter(filter_no_terminal_punct=False),
    "fineweb_quality": FineWebQualityFilter(exclusion_writer=None),
}
files = map(os.path.split, paths)
docs = (doc for folder, name in files for doc in WarcReader(folder).read_file(name))
docs = seen(docs, "url_filter", "html")
for step, following in zip(steps, [*list(steps)[1:], "minhash"]):
    if step != "extract":
        steps[step].filter = noting(step, steps[step].filter)
    docs = seen(steps[step].run(docs, 0, 1), following)
docs = list(docs)
old = "use_64bit_hashes" in inspect.signature(MinhashConfig).parameters
config = MinhashConfig(use_64bit_hashes=True) if old else MinhashConfig()
with tempfile.TemporaryDirectory() as work:
    at = lambda name: os.path.join(work, name)
    MinhashDedupSignature(at("sigs"), config=config).run(iter(docs), 0, 1)
    for rank in range(14):
        MinhashDedupBuckets(at("sigs"), at("buckets"), config=config).run(None, rank, 14)
    MinhashDedupCluster(at("buckets"), at("removed"), config=config).run(None, 0, 1)
    docs = PIIFormatter().run(MinhashDedupFilter(at("removed")).run(iter(docs), 0, 1), 0, 1)
    for doc in seen(docs, "kept"):
        pass
versions = {name: importlib.metadata.version(name) for name in ("datatrove", "trafilatura")}
json.dump({"versions": versions, "fates": fates}, open(out, "w"))
"""


@dataclass(frozen=True)
class Fate:
    """What became of a page."""

    step: str
    """The step that dropped it, or ``kept``."""
    reason: str | None
    """The name of our rule."""
    text: str
    """The text when it left, as far as it came."""
    html: str
    """Digest of the page as it was decoded."""
    spaced: bool | None = None
    """Whether theirs keeps the language if all white space is spaces."""


def digest(html: str) -> str:
    """Return the same for two readings of a page that differ by byte order mark and NUL alone."""
    plain = html.removeprefix("\ufeff").replace("\0", "").encode("utf-8", "surrogatepass")
    return hashlib.sha256(plain).hexdigest()


def masked(text: str) -> str:
    """Return `text` with all of FineWeb's example addresses as one."""
    found = wf.Pii.profile("fineweb", mask="tag")([wf.Document("a", text)])
    return found[0].text


def cause(there: Fate, here: Fate) -> str | None:
    """Return why the fates of a page differ, as far as that is known; None: they do not."""
    fates = (there.step, here.step)
    if fates in (("reader", "reader"), ("extract", "extract")):  # no text to compare
        return None
    same_text = there.text == here.text or "c4_quality" in fates  # it rewrites what it drops
    if (there.step, there.reason) == (here.step, here.reason) and same_text:
        return None
    if there.step == "reader":
        return f"not read there ({there.reason})"
    if here.step == "reader":
        return f"not read here ({here.reason})"
    if "url_filter" in fates:
        return "other lists of addresses"
    if there.html != here.html and not same_text:
        return "decoded otherwise"
    if "extract" in fates:
        return "text found by one only"
    if fates == ("kept", "kept") and masked(there.text) == masked(here.text):
        return "other example addresses"
    if not same_text:
        return "another text of the same page"
    if "language" in fates and there.spaced == (here.step != "language"):
        return "white space that does not end words there"
    if "minhash" in fates:
        return "another copy stays, or none is found"
    return "unexplained"


def theirs(python: str, lid: Path, deduplicate: bool, paths: list[str]) -> tuple[str, dict]:
    """Return the version of datatrove, and the fates of the pages there by id.

    Raises:
        SystemExit: the peer failed, or has another trafilatura.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "fates.json"
        job = [python, "-c", PEER, str(lid.resolve()), str(deduplicate), str(out), *paths]
        ran = subprocess.run(job, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if ran.returncode:
            raise SystemExit(ran.stderr[-3000:])
        answer = json.loads(out.read_text())
    versions, here = answer["versions"], importlib.metadata.version("trafilatura")
    if versions["trafilatura"] != here:
        raise SystemExit(f"trafilatura {versions['trafilatura']} there, {here} here")
    fates = {
        name: Fate(
            fate["step"],
            REASONS.get(fate["reason"], fate["reason"]),
            fate.get("text", ""),
            digest(fate.get("html", "")),
            fate.get("spaced"),
        )
        for name, fate in answer["fates"].items()
    }
    return versions["datatrove"], fates


def ran(pipe: wf.Pipeline, docs: Iterable[wf.Document]) -> list[wf.Document]:
    """Return all documents of a run, marked."""
    sinks = [wf.write.memory() for _ in range(3)]
    pipe.run(docs, kept=sinks[0], dropped=sinks[1], failed=sinks[2], progress=False)
    return [doc for sink in sinks for doc in sink.docs]


def fates_of(docs: Iterable[wf.Document], pages: dict[str, str]) -> dict[str, Fate]:
    """Return the fates of `docs` by id; `pages` has the digests of what was decoded."""
    found = {}
    for doc in docs:
        step, reason = "kept", None
        if doc.verdict is not None:
            step, reason = doc.verdict.stage, doc.verdict.reason
        if step == "read":
            step = "reader"
        if step in ("language", "minhash", "extract"):  # theirs gives no reasons
            reason = None
        found[doc.id] = Fate(step, reason, doc.text, pages[doc.id])
    return found


def as_theirs(pipe: wf.Pipeline, version: str, words: str, lid: Path) -> wf.Pipeline:
    """Return the recipe with the rules of datatrove's `version`, and the fastText model."""
    profile = "datatrove-2024-04" if version.startswith("0.2.") else "datatrove-2024-12"
    steps = {step.name: step for step in pipe.steps}
    for family in (wf.GopherRepetition, wf.GopherQuality, wf.FineWebQuality):
        steps[family.name] = family.profile(profile, words=words)
    steps["c4_quality"] = replace(steps["c4_quality"], words=words)
    steps["language"] = replace(steps["language"], engine="fasttext", model=lid)
    return wf.Pipeline(tuple(steps.values()))


def funnel(pairs: dict[str, tuple[Fate, Fate]]) -> None:
    """Print how many pages left at each step, and of how many both say so."""
    print("| step | pages that leave there | here | the same pages |\n| --- | --- | --- | --- |")
    for step in STEPS:
        left = [(there.step == step, here.step == step) for there, here in pairs.values()]
        print(
            f"| {step} | {sum(a for a, _ in left)} | {sum(b for _, b in left)} | "
            f"{left.count((True, True))} |"
        )


def causes(pairs: dict[str, tuple[Fate, Fate]]) -> None:
    """Print why fates differ, and the pages of which that is not known."""
    counts: dict[str, Counter[tuple[bool, bool]]] = defaultdict(Counter)
    for name, (there, here) in pairs.items():
        why = cause(there, here)
        if why is not None:
            counts[why][there.step == "kept", here.step == "kept"] += 1
        if why == "unexplained":
            print(f"{why}: {name}: {there.step}, {there.reason} there; {here.step}, {here.reason}")
    print("\n| cause | pages | kept there only | here only | by both, with another text |")
    print("| --- | --- | --- | --- | --- |")
    for why, count in sorted(counts.items(), key=lambda item: -item[1].total()):
        kept = (count[True, False], count[False, True], count[True, True])
        print(f"| {why} | {count.total()} | {' | '.join(map(str, kept))} |")
    same = len(pairs) - sum(count.total() for count in counts.values())
    both = sum("reader" not in (there.step, here.step) for there, here in pairs.values())
    print(f"\nthe same fate: {same:,} of {both:,} pages that both read")


def main() -> None:
    """Compare, print two tables for each of two ways to set ours."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("warc", nargs="+", type=Path)
    parser.add_argument("--peer", required=True, help="Python of an environment with datatrove")
    parser.add_argument("--lid", required=True, type=Path, help="fastText model, such as lid.176")
    parser.add_argument("--words", default="english", help="our tokens: english, spacy or nltk")
    parser.add_argument("--deduplicate", action="store_true", help="as datatrove does by default")
    args = parser.parse_args()
    paths = [str(path.resolve()) for path in args.warc]

    version, there = theirs(args.peer, args.lid, args.deduplicate, paths)
    pages = {
        doc.id: digest(decode(doc.html or b"", doc.meta.get("content_type")).text)
        for doc in wf.read.files(paths)
    }
    recipe = wf.recipe("fineweb")
    extracted = ran(wf.Pipeline(recipe.steps[:2]), wf.read.files(paths))
    print(f"datatrove {version}, {len(pages):,} pages; tokens of ours: {args.words}")
    same = as_theirs(recipe, version, args.words, args.lid)
    for name, pipe in (("its rules and language model", same), ("the recipe as it is", recipe)):
        gone = [doc for doc in extracted if not doc.live]
        docs = ran(wf.Pipeline(pipe.steps[2:]), [doc for doc in extracted if doc.live])
        here = fates_of([*gone, *docs], pages)
        read = {page for page, fate in there.items() if fate.step != "reader"}
        none = Fate("reader", "no page", "", "")
        pairs = {page: (there.get(page, none), here.get(page, none)) for page in here.keys() | read}
        print(f"\nours: {name}\n")
        funnel(pairs)
        if pipe is same:
            causes(pairs)


if __name__ == "__main__":
    main()
