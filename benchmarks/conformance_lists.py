"""Do bad words, personal data and bans of addresses come out as datatrove's do?

Each filter of datatrove and ours with the same lists on the same texts or addresses; every
difference is printed. C4's bad words are those of our own list ``adult`` (in ASCII letters), as
theirs is downloaded; personal data is masked line by line; addresses are made up: those of a few
hosts, written in odd ways.

Needs ``pip install datatrove tldextract pyahocorasick fasteners`` beside webfilter. Sources are
JSONL with ``text``, plain, .gz or .xz::

    python benchmarks/conformance_lists.py texts.jsonl.xz --every 4
"""

from __future__ import annotations

import argparse
import importlib.metadata  # noqa: F401  datatrove needs it loaded
import re
from collections.abc import Callable, Iterable
from itertools import product
from pathlib import Path

import tldextract
from conformance_others import texts
from datatrove.data import Document as Theirs
from datatrove.pipeline.filters import URLFilter
from datatrove.pipeline.filters.c4_filters import C4BadWordsFilter
from datatrove.pipeline.formatters.pii import PIIFormatter

import webfilter as wf
from webfilter.heuristics.lists import shipped

Outcome = Callable[[str], object]
HOSTS = ("bad.com", "a.bad.com", "sub.ok.org", "a.b.sub.ok.org", "ok.org", "BAD.com", "münchen.de")
FORMS = ("http://{}", "https://{}", "{}", "//{}", "http://u:p@{}", "http://bad.com@{}")
PORTS = ("", ".", ":8080")
PATHS = (
    "",
    "/",
    "/page",
    "/a/porno",
    "/pornos",
    "/PORNO",
    "/x-video",
    "/sex/hot",
    "/sex?q=bad.com",
)


def bad_words() -> tuple[Outcome, Outcome]:
    """Return whether a text is kept, there and here."""
    words = [word for word in sorted(shipped("text/adult")[0]) if re.fullmatch(r"[a-z -]+", word)]
    theirs = C4BadWordsFilter()
    listed = "|".join(map(re.escape, words))
    theirs._badwords_regex["en"] = re.compile(rf"(?:\W|^)({listed})(?:\W|$)")
    ours = wf.BadWords.profile("c4", lists=(), words=words)
    return (
        lambda text: theirs.filter(Theirs(text=text, id="a")) is True,
        lambda text: ours.process([wf.Document("a", text)])[0].live,
    )


def personal() -> tuple[Outcome, Outcome]:
    """Return a line masked, there and here."""
    theirs = PIIFormatter(email_replacement="<EMAIL>", ip_replacement="<IP>")
    ours = wf.Pii.profile("fineweb", mask="tag")
    return theirs.format, lambda line: ours.process([wf.Document("a", line)])[0].text


def addresses() -> tuple[Outcome, Outcome]:
    """Return whether an address is kept, there and here."""
    theirs = URLFilter(
        extra_domains=["bad.com", "sub.ok.org", "münchen.de"],
        extra_urls=["http://ok.org/page"],
        banned_words=["porno"],
        soft_banned_words=["sex", "hot"],
        banned_subwords=["xvideo"],
        use_integrated_lists=False,
    )
    theirs.tldextractor = tldextract.TLDExtract(suffix_list_urls=())
    ours = wf.UrlFilter(
        adult=False,
        spam=False,
        blocked_hosts=("bad.com", "sub.ok.org", "münchen.de"),
        blocked_urls=("http://ok.org/page",),
        blocked_words=("porno",),
        suspect_words=("sex", "hot"),
        blocked_substrings=("xvideo",),
    )
    return (
        lambda url: theirs.filter(Theirs(text="", id="a", metadata={"url": url})) is True,
        lambda url: ours.process([wf.Document("a", url=url)])[0].live,
    )


def differences(given: Iterable[str], judges: tuple[Outcome, Outcome]) -> list[str]:
    """Return what of `given` comes out otherwise, with both outcomes."""
    theirs, ours = judges
    found = [(one, str(theirs(one)), str(ours(one))) for one in given]
    return [
        f"{one[:100]!r}: theirs {aside(there, here)}, ours {aside(here, there)}"
        for one, there, here in found
        if there != here
    ]


def aside(text: str, other: str) -> str:
    """Return `text` around where it begins to differ from `other`."""
    start = next((n for n, (a, b) in enumerate(zip(text, other, strict=False)) if a != b), 0)
    return repr(text[max(0, start - 30) : start + 30])


def main() -> None:
    """Print a table, then every difference."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--every", type=int, default=1, help="take every n-th document")
    args = parser.parse_args()
    documents = [text for path in args.paths for _, text in texts(path)][:: args.every]
    marked = re.compile(r"@|\d\.\d+\.\d+\.\d")
    lines = [line for text in documents for line in text.split("\n") if marked.search(line)]
    urls = [
        form.format(host + port + path)
        for form, host, port, path in product(FORMS, HOSTS, PORTS, PATHS)
    ]
    rows = {
        "bad words (texts)": (documents, bad_words()),
        "personal data (lines with @ or four numbers)": (lines, personal()),
        "addresses (made up)": (urls, addresses()),
    }
    print("| | compared | equal |\n| --- | --- | --- |")
    said = []
    for name, (given, judges) in rows.items():
        found = differences(given, judges)
        print(f"| {name} | {len(given):,} | {1 - len(found) / max(1, len(given)):.2%} |")
        said += [f"{name}: {difference}" for difference in found]
    print("\n" + "\n".join(said))


if __name__ == "__main__":
    main()
