"""Does a page hold items of the benchmarks that a model will be measured with?

By n-gram overlap, as GPT-3 did it ("Language Models are Few-Shot Learners", Brown et al. 2020,
appendix C): 13 words in a row, case and punctuation ignored. One is enough to drop the page, as in
datatrove. What others do, and why not by default:

- GPT-3 used n from 8 to 13, by the length of a benchmark's items; here it goes by the length of
  each text: 13 words in a row, or half of the text if that is fewer, but at least 8. ``share=1``
  wants 13 words, or a text of fewer as a whole. GPT-3 cut out 200 characters around the n-gram and
  kept the rest of the page; here a page is dropped or kept.
- datatrove (``NGramsDecontFilter``) takes 12 words, of the answer and of question and answer run
  together unless told otherwise, and knows no items of fewer words. Here question, passage and
  options are texts of their own: on a page they rarely stand in the order of a prompt.
- PaLM and Tülu 3 want a share of an item's 8-grams: ``n=8, max_contaminated_ngrams=None,
  max_contamination_item_ratio=0.5`` is that kind of rule. It survives many edits, and misses a page
  that quotes less than the share.
- GPT-3 ignored n-grams in more than ten documents of its corpus. A stage that sees one document at
  a time cannot know those; it ignores what many items of a benchmark share, and `ignore`.

N-grams of numbers, single letters or a few words again and again ("1 2 3 4 ...") never count.

It finds copies, however typeset. It does not find paraphrases, translations, or an item in which no
n words in a row are left alone. Textbooks that a benchmark took its passages from are found, too:
`fields` leaves the passages out.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, NamedTuple

from webfilter.config import AnyPath
from webfilter.document import Document, Value
from webfilter.errors import ConfigError, RunError, SourceError, UnknownName
from webfilter.heuristics.indexing import Options, build
from webfilter.heuristics.items import read_items, stem
from webfilter.heuristics.limits import limit
from webfilter.heuristics.overlap import Match, NgramIndex
from webfilter.stage import Rule, Scorer, Signal
from webfilter.text.folded import FOLDED_VERSION

__all__ = ["Contamination"]

_NAME = re.compile(r"[^\s,;:@]+")
_LONGEST = 1000


@dataclass(frozen=True)
class Contamination(Scorer):
    """Drop pages that hold items of benchmarks, and say which items and where.

    ``Contamination({"gsm8k": "gsm8k.jsonl", "arc": "arc.jsonl"})``, or a list of files, each named
    after itself. A file is JSON Lines, JSON (a list), Parquet, CSV, TSV or text with one item a
    line, plain or compressed (gz, xz, bz2, zst). Files are read when the stage is built, and again
    in each worker process.

    ``contamination_spans`` is like ``gsm8k:17@120-260 arc:5@0-61 +3``: benchmark, number of the
    item (from 0, blank lines not counted), first character of the text and the one behind the last.
    It has the longest stretches, at most eight, and how many more there are. An item that occurs
    several times in a file is told as the first one.

    A document is compared as folded words (`webfilter.text.folded`): case, punctuation, accents and
    character references make no difference. In Chinese and Japanese a character counts as half a
    word, in Thai, Lao, Khmer and Burmese as a quarter: an n-gram of those has 26 or 52 characters.

    N-grams are compared by 64-bit hashes: a million of them and a trillion words meet by chance
    .05 times.

    Raises:
        SourceError: a file is missing, empty or malformed.
        ConfigError: no file, two of one name, a file without a text that is long enough, or one
            of `fields` is in no file.
        UnknownName: a file has none of `fields`; carries the nearest one that it has.

    >>> import tempfile
    >>> item = "A farmer has 17 sheep and sells all but 9 of them. How many are left?"
    >>> file = Path(tempfile.mkdtemp(), "sheep.txt")
    >>> _ = file.write_text(item, "utf-8")
    >>> stage = Contamination([file])
    >>> signals = stage.measure(Document("a", f"Riddle: {item.upper()}!"))
    >>> signals["contaminated_ngrams"], signals["contamination_spans"]
    (9, 'sheep:0@8-76')
    """

    name: ClassVar[str] = "contamination"
    measures: ClassVar[tuple[Signal, ...]] = (
        Signal(
            "contaminated_ngrams",
            "int",
            "Places at which an n-gram of a benchmark is",
            "n-grams",
            0,
        ),
        Signal("contamination_ratio", "float", "Words in such n-grams", "share", 0, 1),
        Signal(
            "contamination_item_ratio",
            "float",
            "Words of the best-matched text of an item in such n-grams",
            "share",
            0,
            1,
        ),
        Signal("contamination_benchmarks", "str", "Names of their benchmarks, with commas"),
        Signal("contamination_spans", "str", "The longest stretches, as benchmark:item@start-end"),
    )

    benchmarks: Mapping[str, AnyPath] | Sequence[AnyPath] | AnyPath
    """The files, by the name to report; a list of files is named after them."""
    max_contaminated_ngrams: int | None = 0
    """Most places at which an n-gram of a benchmark may stand."""
    max_contamination_ratio: float | None = None
    """Greatest share of the document's words in such n-grams."""
    max_contamination_item_ratio: float | None = None
    """Greatest share of the words of one text of an item that may be found."""
    n: int = 13
    """Words of an n-gram."""
    share: float = 0.5
    """A text is told by n-grams of this share of its words where that is fewer than `n`, above 0
    and up to 1. With a half, no single changed word hides a text of 16 words or more."""
    shortest: int | None = 8
    """Least words of an n-gram, so of a text that can be found, but no more than `n`; None: `n`."""
    commonest: int | None = 10
    """An n-gram in more items of one benchmark than this is boilerplate and does not count; None:
    all count."""
    fields: tuple[str, ...] | None = None
    """Keys of the rows, or paths (``doc.question``), whose texts count; None: all texts."""
    ignore: tuple[str, ...] = ()
    """Passages whose n-grams do not count, such as a quotation that many pages have."""

    def __post_init__(self) -> None:
        super().__post_init__()
        named = _named(self.benchmarks)
        object.__setattr__(self, "benchmarks", named)
        self._check()
        # absolute, so that workers find them wherever they run; no field, so recipes can travel
        sources = tuple(
            _Source(name, path.absolute(), *_stat(path)) for name, path in named.items()
        )
        _, digests = _index(sources, self._options, self.fields)
        object.__setattr__(self, "_sources", sources)
        object.__setattr__(self, "_digests", digests)

    def _check(self) -> None:
        if self.n < 2 or self.n > _LONGEST:
            raise ConfigError(f"{self.name}: n = {self.n} is not between 2 and {_LONGEST}")
        if self.shortest is not None and self.shortest < 1:
            raise ConfigError(
                f"{self.name}: shortest = {self.shortest} is not 1 or more; None leaves out texts "
                f"of fewer than n = {self.n} words"
            )
        if not 0 < self.share <= 1:
            raise ConfigError(f"{self.name}: share = {self.share} is not above 0 and up to 1")
        if self.commonest is not None and self.commonest < 1:
            raise ConfigError(
                f"{self.name}: commonest = {self.commonest}: nothing would count; "
                "give 1 or more, or None for all"
            )
        if self.fields == ():
            raise ConfigError(f"{self.name}: fields is empty; None takes all texts")

    @property
    def _options(self) -> Options:
        return Options(self.n, self.shortest, self.commonest, self.share, self.ignore)

    def __hash__(self) -> int:
        assert isinstance(self.benchmarks, Mapping)
        return hash((tuple(sorted(self.benchmarks.items())), self._options, self.fields))

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The limits, the one on n-grams first."""
        return (
            *limit("contaminated_ngrams", le=self.max_contaminated_ngrams),
            *limit("contamination_ratio", le=self.max_contamination_ratio),
            *limit("contamination_item_ratio", le=self.max_contamination_item_ratio),
        )

    @property
    def artifacts(self) -> Mapping[str, str]:
        """The sha256 of each file, and the version of the folded words."""
        digests: dict[str, str] = self._digests  # type: ignore[attr-defined]
        found = {f"benchmark {name}": digest for name, digest in digests.items()}
        return {**found, "words": FOLDED_VERSION}

    @property
    def index(self) -> NgramIndex:
        """The n-grams of the benchmarks; built once in a process.

        Raises:
            RunError: a file is no longer what it was when the stage was built.
        """
        sources: tuple[_Source, ...] = self._sources  # type: ignore[attr-defined]
        try:
            found, digests = _index(sources, self._options, self.fields)
        except (SourceError, ConfigError) as error:
            raise RunError(f"{self.name}: a benchmark's file is gone or damaged: {error}") from None
        if digests != self._digests:  # type: ignore[attr-defined]
            raise RunError(f"{self.name}: a benchmark's file changed since the stage was built")
        return found

    def measure_batch(self, docs: Sequence[Document]) -> Sequence[Mapping[str, Value]]:
        """Return the signals of each document; ratios of an empty text are None."""
        return [_signals(match) for match in self.index.matches([doc.text for doc in docs])]


def _signals(match: Match) -> dict[str, Value]:
    spans = " ".join(f"{s.benchmark}:{s.item}@{s.start}-{s.end}" for s in match.spans)
    more = match.stretches - len(match.spans)
    return {
        "contaminated_ngrams": match.ngrams,
        "contamination_ratio": match.words / match.whole if match.whole else None,
        "contamination_item_ratio": match.item_ratio if match.whole else None,
        "contamination_benchmarks": ",".join(match.names),
        "contamination_spans": f"{spans} +{more}" if more else spans,
    }


class _Source(NamedTuple):
    name: str
    path: Path
    changed: int
    size: int


def _named(given: Mapping[str, AnyPath] | Sequence[AnyPath] | AnyPath) -> dict[str, Path]:
    """Return the files by name, in the order of the names."""
    if isinstance(given, Mapping):
        found = {name: Path(path) for name, path in given.items()}
    else:
        found = {}
        for path in map(Path, (given,) if isinstance(given, str | os.PathLike) else given):
            if stem(path) in found:
                raise ConfigError(
                    f"contamination: two files are called {stem(path)!r}: {found[stem(path)]} and "
                    f"{path}; give them names: {{'name': path}}"
                )
            found[stem(path)] = path
    if not found:
        raise ConfigError("contamination: benchmarks is empty; give at least one file")
    for name in found:
        if not _NAME.fullmatch(name):
            raise ConfigError(
                f"contamination: benchmarks: a name cannot be {name!r}: no blanks, commas, "
                "semicolons, colons or @; give another: {'name': path}"
            )
    return dict(sorted(found.items()))


def _stat(path: Path) -> tuple[int, int]:
    try:
        stat = path.stat()
    except (OSError, ValueError):  # reading says what is wrong with it
        return 0, 0
    return stat.st_mtime_ns, stat.st_size


@lru_cache(maxsize=4)
def _index(
    sources: tuple[_Source, ...], options: Options, fields: tuple[str, ...] | None
) -> tuple[NgramIndex, dict[str, str]]:
    """Return the index of the files and the sha256 of each."""
    items, digests = {}, {}
    missing = set(fields or ())
    for name, path, _, _ in sources:
        try:
            items[name], found, digests[name] = read_items(path, fields)
        except UnknownName as error:
            error.args = (f"contamination: {error}",)
            raise
        except SourceError as error:
            raise SourceError(f"contamination: benchmarks: {error}") from None
        missing -= found
    if missing:
        raise ConfigError(f"contamination: fields: no file has {', '.join(sorted(missing))}")
    index = build(items, options)
    for name, path, _, _ in sources:
        if name not in index.present:
            least = min(options.n, options.shortest or options.n)
            raise ConfigError(
                f"contamination: benchmarks: {path} has no text of {least} words or more that "
                "counts; lower shortest, ignore less, or leave it out"
            )
    return index, digests
