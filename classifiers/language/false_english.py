"""Counts what is called English and is not: real pages, web excerpts, source files, word salad.

    python classifiers/language/false_english.py DATA CRAWL [--code FOLDER ...]
        [--model lid.176.ftz] [--cache FILE] [--only pages web code made] [--show N]

DATA and CRAWL are the folders of `train.py` and `pages.py`. English means what `Language({"en"})`
keeps: ``en`` with a score above .65. Prints Markdown.

- ``pages``: crawl pages labelled by `pages.py`;
- ``web``: held-out excerpts with weak labels, of 300 characters; `--show` prints those called
  English, to be read, as many of them are;
- ``code``: source files below the folders, whole, without comments, without strings, too;
- ``made``: generated texts, by `nonlanguage.py` with a seed that training has not, and others that
  it does not make.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import random
import re
import sys
import tokenize
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from data import Example, cut, examples
from nonlanguage import generate
from pages import labelled

from webfilter.codes import accepted
from webfilter.language.engines import Engine, engine

LIMIT = 0.65
_SLASHED = re.compile(
    r"""("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|//[^\n]*|/\*.*?(?:\*/|\Z)""",
    re.S,
)
_STARRED = re.compile(r"""("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|/\*.*?(?:\*/|\Z)""", re.S)
_DASHED = re.compile(r"""("(?:[^"\n])*"|'(?:[^'])*')|--[^\n]*|/\*.*?(?:\*/|\Z)""", re.S)
_HASHED = re.compile(r"""("(?:\\.|[^"\\])*"|'[^']*')|(?<![^\s;])#[^\n]*""")
COMMENTS = {
    **dict.fromkeys((".js", ".c", ".h", ".cpp", ".java", ".go", ".ts", ".rs"), _SLASHED),
    ".css": _STARRED,
    ".sql": _DASHED,
    ".sh": _HASHED,
}
"""Comments by ending; what the first group matches is a string and stays."""
DATA_FILES = (".min.js", ".json", ".csv")
"""Endings of real files that have no comments to take out."""


def is_english(with_: Engine, texts: Sequence[str]) -> list[bool]:
    """Return what the stage would keep as English."""
    return [
        guess.code == "en" and (guess.probability or 0) > LIMIT for guess in with_.predict(texts)
    ]


def row(name: str, texts: Sequence[str], engines: dict[str, Engine]) -> str:
    """Return a line of a table: for each engine the share English, and the share ``und``."""
    cells = []
    for with_ in engines.values():
        found = with_.predict(texts)
        english = [g.code == "en" and (g.probability or 0) > LIMIT for g in found]
        und = [g.code == "und" for g in found]
        cells.append(f"{_mean(english):.3f} ({sum(english)})")
        cells.append(f"{_mean(und):.3f}")
    return f"| {name} | {len(texts):,} | {' | '.join(cells)} |"


def head(first: str, engines: dict[str, Engine]) -> str:
    """Return the head of such a table."""
    names = " | ".join(f"{name}: English | und" for name in engines)
    return f"| {first} | texts | {names} |\n|---|---|{'---|' * 2 * len(engines)}"


def _mean(hits: Sequence[bool]) -> float:
    return sum(hits) / max(1, len(hits))


def pages(crawl: Path, cache: Path | None, engines: dict[str, Engine]) -> None:
    """Print the accuracy on the real pages, and the false English."""
    found = labelled(crawl, cache)
    clear = [(code, text) for code, text in found if code != "mul"]
    foreign = [(code, text) for code, text in clear if code != "en"]
    print(f"\n### Real pages: {len(found):,}, {len(found) - len(clear)} of them half and half\n")
    print("| engine | right | false English | found of English | what is called English |")
    print("|---|---|---|---|---|")
    mixed: dict[str, Counter[str]] = {}
    for name, with_ in engines.items():
        codes = [guess.code for guess in with_.predict([text for _, text in clear])]
        right = [c in accepted({code}) for c, (code, _) in zip(codes, clear, strict=True)]
        wrong = is_english(with_, [text for _, text in foreign])
        recall = is_english(with_, [text for code, text in clear if code == "en"])
        called = Counter(code for (code, _), hit in zip(foreign, wrong, strict=True) if hit)
        print(
            f"| {name} | {_mean(right):.4f} | {sum(wrong)} of {len(wrong)} ({_mean(wrong):.4f}) "
            f"| {_mean(recall):.4f} | {', '.join(f'{c} {n}' for c, n in called.most_common())} |"
        )
        pairs = zip(codes, clear, strict=True)
        mixed[name] = Counter(
            f"{code} > {c}" for c, (code, _) in pairs if c not in accepted({code})
        )
    for name, counts in mixed.items():
        said = ", ".join(f"{pair} {count}" for pair, count in counts.most_common(12))
        print(f"\n{name}: {counts.total()} wrong: {said}.")
    for least in (200, 500):
        long = [text for _, text in foreign if len(text) >= least]
        share = ", ".join(
            f"{n} {_mean(is_english(e, long)):.4f} ({sum(is_english(e, long))})"
            for n, e in engines.items()
        )
        print(f"\nFalse English of the {len(long)} with {least} characters or more: {share}.")


def web(data: Path, engines: dict[str, Engine], show: int) -> None:
    """Print the false English among web excerpts, by their weak labels."""
    rng = random.Random(6)
    found = [
        Example(cut(e.text, 300, rng), e.label, e.source)
        for e in examples(data, ["hplt2_weak"], "test")
        if e.code != "en" and len(e.text) >= 240
    ]
    by: dict[str, list[str]] = defaultdict(list)
    for example in found:
        by[example.code].append(example.text)
    print(f"\n### Web excerpts of 300 characters with another (weak) label: {len(by)} languages\n")
    print(head("excerpts", engines))
    print(row("all", [e.text for e in found], engines))
    ours = next(iter(engines.values()))
    shares = {code: _mean(is_english(ours, texts)) for code, texts in by.items()}
    for code in sorted(shares, key=shares.__getitem__, reverse=True)[:10]:
        print(row(code, by[code], engines))
    if show:
        hits = is_english(ours, [e.text for e in found])
        called = [e for e, hit in zip(found, hits, strict=True) if hit]
        for example in random.Random(7).sample(called, min(show, len(called))):
            print(f"\n{example.code}: {' '.join(example.text.split())}")


def without_comments(text: str, ending: str, *, strings: bool = True) -> str:
    """Return source text without comments (for Python docstrings, too), or without strings, too."""
    if ending != ".py":
        return COMMENTS[ending].sub(lambda match: (strings and match[1]) or " ", text)
    lines, before = text.splitlines(keepends=True), tokenize.NEWLINE
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    gone = []
    for token, after in zip(tokens, [*tokens[1:], tokens[-1]], strict=True):
        alone = before in (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
        docstring = alone and token.type == tokenize.STRING and after.type == tokenize.NEWLINE
        string = token.type == tokenize.STRING and not strings
        if docstring or string or token.type == tokenize.COMMENT:
            gone.append((token.start, token.end))
        if token.type not in (tokenize.NL, tokenize.COMMENT):
            before = token.type
    for (top, left), (bottom, right) in reversed(gone):
        lines[top - 1 : bottom] = [lines[top - 1][:left] + lines[bottom - 1][right:]]
    return "".join(lines)


def code(folders: Sequence[Path], engines: dict[str, Engine], each: int = 300) -> None:
    """Print what source files are called, whole and without comments, by ending."""
    paths = sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())
    by: dict[str, list[Path]] = defaultdict(list)
    for path in paths:
        ending = next((e for e in DATA_FILES if path.name.endswith(e)), path.suffix)
        if ending in COMMENTS or ending in DATA_FILES or ending == ".py":
            by[ending].append(path)
    rng = random.Random(5)
    whole: dict[str, list[str]] = {}
    for ending, found in sorted(by.items()):
        texts: set[str] = set()
        for path in rng.sample(found, len(found)):
            text = path.read_text("utf-8", "replace")[:50_000]
            texts |= {text} if len(text) > 200 else set()
            if len(texts) == each:
                break
        whole[ending] = sorted(texts)
    code_files = {e: texts for e, texts in whole.items() if e not in DATA_FILES}
    tables = {
        "whole files": whole,
        "without comments": {e: _bare(texts, e, True) for e, texts in code_files.items()},
        "without comments and strings": {
            e: _bare(texts, e, False) for e, texts in code_files.items()
        },
    }
    print("\n### Source files, up to 50,000 characters of each")
    for name, table in tables.items():
        print(f"\n{head(name, engines)}")
        for ending, chosen in table.items():
            print(row(ending, chosen, engines))
        sources = [text for e in code_files for text in table[e]]
        print(row("all but data files", sources, engines))


def _bare(texts: Sequence[str], ending: str, strings: bool) -> list[str]:
    found = []
    for text in texts:
        try:
            bare = without_comments(text, ending, strings=strings)
        except (tokenize.TokenError, SyntaxError, IndexError):  # cut off, or Python 2
            continue
        if len(bare.strip()) > 200:
            found.append(bare)
    return found


def made(data: Path, engines: dict[str, Engine], each: int = 300) -> None:
    """Print what generated texts in no language are called."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for kind, text in generate(3000, random.Random(99)):
        kinds[f"nonlanguage.py: {kind}"].append(text)
    print("\n### Made texts\n")
    print(head("texts", engines))
    for kind, texts in sorted(kinds.items()):
        print(row(kind, texts, engines))
    print(row("nonlanguage.py: all", [t for texts in kinds.values() for t in texts], engines))
    rng, found = random.Random(2024), list(examples(data, ["lingua_sentences"], "test"))
    words: dict[str, list[str]] = defaultdict(list)
    for example in found:
        if example.kind == "single-words":
            words[example.code].append(example.text)
    latin = {c: [w for w in of if w.isascii()] for c, of in words.items()}
    latin = {c: of for c, of in latin.items() if len(of) > 30}
    english = [e.text for e in found if e.code == "en" and e.kind == "sentences"]

    def words_of() -> list[str]:
        return " ".join(rng.sample(english, 6)).split()

    def salad(of: dict[str, list[str]]) -> str:
        codes = sorted(of)
        return " ".join(rng.choice(of[rng.choice(codes)]) for _ in range(rng.randint(8, 50)))

    makers = {
        "salad: a word each from any of 75 languages": partial(salad, words),
        "salad: of words in plain ASCII": partial(salad, latin),
        "salad: English words, shuffled": lambda: " ".join(rng.sample(words_of(), 30)),
        "base64 of bytes": lambda: base64.b64encode(rng.randbytes(rng.randint(60, 600))).decode(),
        "base64 of English text": lambda: base64.b64encode(" ".join(words_of()).encode()).decode(),
        "hex dump": lambda: "\n".join(
            f"{16 * n:08x}  {rng.randbytes(16).hex(' ')}" for n in range(rng.randint(6, 20))
        ),
        "URLs": lambda: "\n".join(_url(rng, latin["en"]) for _ in range(rng.randint(4, 15))),
        "server log": lambda: "\n".join(_log(rng, latin["en"]) for _ in range(rng.randint(4, 15))),
        "figures in columns": lambda: "\n".join(
            "\t".join(f"{rng.gauss(0, 999):.{rng.randint(0, 4)}f}" for _ in range(6))
            for _ in range(rng.randint(5, 20))
        ),
        "JSON, keys of English words": lambda: json.dumps(
            [
                {w: rng.choice((rng.random(), rng.getrandbits(40), True, None)) for w in keys}
                for keys in [rng.sample(latin["en"], 6)] * rng.randint(3, 9)
            ]
        ),
        "CSV, head of English words": lambda: "\n".join(
            [",".join(rng.sample(latin["en"], 6))]
            + [",".join(f"{rng.random():.4f}" for _ in range(6)) for _ in range(rng.randint(6, 20))]
        ),
        "random letters": lambda: " ".join(
            "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(2, 11)))
            for _ in range(rng.randint(8, 60))
        ),
    }
    for name, make in makers.items():
        print(row(name, [make() for _ in range(each)], engines))


def _url(rng: random.Random, words: Sequence[str]) -> str:
    path = "/".join(rng.choice(words).lower() for _ in range(rng.randint(1, 4)))
    site = rng.choice(words).lower()
    return f"https://www.{site}.com/{path}?id={rng.randrange(10**6)}&{rng.choice(words)}=1"


def _log(rng: random.Random, words: Sequence[str]) -> str:
    address = ".".join(str(rng.randrange(256)) for _ in range(4))
    day = f"{rng.randint(1, 28):02}/Mar/2021:{rng.randrange(24):02}:{rng.randrange(60):02}:00"
    path = "/".join(rng.choice(words).lower() for _ in range(2))
    return f'{address} - - [{day} +0000] "GET /{path} HTTP/1.1" 200 {rng.randrange(10**5)} "-"'


def main() -> None:
    """Print the tables asked for."""
    parts = ("pages", "web", "code", "made")
    parser = argparse.ArgumentParser(description="Count false English.")
    parser.add_argument("data", type=Path)
    parser.add_argument("crawl", type=Path)
    parser.add_argument("--code", type=Path, nargs="+", default=[], help="folders with sources")
    parser.add_argument("--model", type=Path, help="a fastText language model, beside ours")
    parser.add_argument("--cache", type=Path, help="file to keep the extracted texts in")
    parser.add_argument("--only", nargs="+", choices=parts, default=parts)
    parser.add_argument("--show", type=int, default=0, help="false English excerpts to print")
    options = parser.parse_args()
    engines = {"embedded": engine("embedded", None)}
    if options.model:
        engines[options.model.name] = engine("fasttext", options.model)
    run = {
        "pages": partial(pages, options.crawl, options.cache, engines),
        "web": partial(web, options.data, engines, options.show),
        "code": partial(code, options.code, engines),
        "made": partial(made, options.data, engines),
    }
    for part in options.only:
        if part != "code" or options.code:
            run[part]()


if __name__ == "__main__":
    main()
