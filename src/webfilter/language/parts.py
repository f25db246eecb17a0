"""The stage `LanguageParts`: keeps the parts of a page that are in the languages asked for.

Pages in two languages are common: a translation below the text, a foreign notice above it, comments
in every language under an article. `Language` judges such a page as a whole, and tells by `shares`
how much of it is in what; this cuts it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import ClassVar, NamedTuple

from webfilter.codes import UNDETERMINED, accepted
from webfilter.config import AnyPath
from webfilter.document import Document, Value
from webfilter.errors import ConfigError
from webfilter.language.engines import Engine, Guess, engine
from webfilter.language.language import language_of
from webfilter.language.segments import letter_count
from webfilter.models.running import loading
from webfilter.stage import Rule, Signal, Transform, judge

__all__ = ["LanguageParts", "Part"]

_LEAST = 10
"""Letters of a line that is told by itself."""
_SURE = 0.65
"""A line told with less than this probability goes with the next one."""
_TOP = 5


class Part(NamedTuple):
    """Lines of a text, one below the other, in one language."""

    start: int
    """Where it starts in the text, in characters."""
    end: int
    """Where it ends: the text is ``text[start:end]``."""
    language: str
    """Canonical code; ``und`` where no line of the text can be told."""
    letters: int
    """Letters in it."""


@dataclass(frozen=True)
class LanguageParts(Transform):
    """Remove the lines of a page that are in other languages; drop pages that lose too much.

    Each line is told by itself. One of less than 10 letters, in no language (figures, code) or told
    without certainty goes with the line below: a heading with its text; the last ones with the line
    above. What goes are runs of such lines with enough letters, which the engine tells as a whole
    to be in another language, and surely so. So a name, a title or a short quotation stays. A line
    is never cut: of one in two languages the larger part decides. Where nothing is removed the text
    comes back as it was.

    `parts` returns where in a text which language stands.

    `benchmarks/language_parts.py` measures what is left and what is lost. Near relatives (Danish
    and Bokmål, Malay and Indonesian) get mixed up here as in `Language`: ask for both.

    Raises:
        UnknownName, ConfigError, MissingExtra: as `Language` does.

    >>> english = "The moon has risen, and the golden stars shine in the sky, bright and clear."
    >>> german = "Der Mond ist aufgegangen, die goldnen Sternlein prangen am Himmel hell und klar."
    >>> text, signals = LanguageParts({"en"}).transform(Document("a", f"{german}\\n\\n{english}"))
    >>> text == english, signals
    (True, {'foreign_lines': 1, 'foreign_letter_ratio': 0.528})
    """

    name: ClassVar[str] = "language_parts"
    measures: ClassVar[tuple[Signal, ...]] = (
        Signal("foreign_lines", "int", "Lines removed: in other languages", "lines", 0),
        Signal("foreign_letter_ratio", "float", "Letters in the lines removed", "share", 0, 1),
    )

    languages: Set[str] | None = frozenset({"en"})
    """Languages to keep, as for `Language`; None keeps the one that most letters of the page are
    in."""
    part_min_score: float = 0.8
    """Least probability that lines are in another language for them to be removed; 0 to 1."""
    part_min_letters: int = 60
    """Least letters of lines in a row in another language for them to be removed."""
    max_foreign_letter_ratio: float | None = 0.9
    """Greatest share of letters that may go before the page is dropped."""
    engine: str = "embedded"
    """As for `Language`."""
    model: AnyPath | None = None
    """As for `Language`."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.part_min_score <= 1:
            raise ConfigError(
                f"{self.name}: part_min_score = {self.part_min_score!r} is not in 0 to 1"
            )
        known = language_of(self.name, self.languages, self.engine, self.model)
        object.__setattr__(self, "languages", known.languages)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The limit on what may go."""
        if self.max_foreign_letter_ratio is None:
            return ()
        return (Rule("foreign_letter_ratio", le=self.max_foreign_letter_ratio),)

    @property
    def artifacts(self) -> Mapping[str, str]:
        """The engine's model and version."""
        return self._engine().artifacts

    def _engine(self) -> Engine:
        return engine(self.engine, self.model, self.name)

    def parts(self, text: str) -> list[Part]:
        """Return where in `text` which language stands: parts in order, which are all of the text.

        Neither `languages` nor the limits make a difference to it.

        >>> text = "It rains in the mountains today.\\nHeute regnet es in den Bergen."
        >>> [(part.start, part.end, part.language) for part in LanguageParts().parts(text)]
        [(0, 33, 'en'), (33, 63, 'de')]
        """
        ((lines, codes),) = _told(self._engine(), [text])
        runs = [list(run) for _, run in groupby(range(len(lines)), codes.__getitem__)]
        found, end = [], 0
        for run in runs:
            start, end = end, end + sum(len(lines[place]) for place in run)
            letters = sum(letter_count(lines[place]) for place in run)
            found.append(Part(start, end, codes[run[0]] or UNDETERMINED, letters))
        return found

    def transform(self, doc: Document) -> tuple[str, Mapping[str, Value]]:
        """Return the lines kept as one text, and the signals."""
        return self._transform_all([doc.text])[0]

    def process(self, batch: Sequence[Document]) -> Sequence[Document]:
        """Transform the batch, its lines told together, then judge each document."""
        rules, found = self.rules, []
        for doc, (text, signals) in zip(
            batch, self._transform_all([doc.text for doc in batch]), strict=True
        ):
            merged = {**doc.signals, **signals}
            verdict = judge(rules, merged, self.name)
            found.append(Document(doc.id, text, doc.html, doc.url, merged, doc.meta, verdict))
        return found

    def _transform_all(self, texts: Sequence[str]) -> list[tuple[str, dict[str, Value]]]:
        with loading(self.name):
            recognizer = self._engine()
        told = _told(recognizer, texts)
        asked = None if self.languages is None else accepted(self.languages)
        wanted = [_main(*each) if asked is None else asked for each in told]
        runs = [list(self._runs(*each, own)) for each, own in zip(told, wanted, strict=True)]
        joined = [
            "".join(lines[start:end])
            for (lines, _), found in zip(told, runs, strict=True)
            for start, end in found
        ]
        guesses = iter(recognizer.predict(joined, _TOP) if joined else ())
        answers = []
        for text, (lines, _), own, found in zip(texts, told, wanted, runs, strict=True):
            gone = [run for run in found if _foreign(next(guesses), own) >= self.part_min_score]
            answers.append(_without(text, lines, gone))
        return answers

    def _runs(
        self, lines: Sequence[str], codes: Sequence[str | None], own: Set[str]
    ) -> Iterator[tuple[int, int]]:
        """Yield where lines in languages that are not `own` begin and end, if they are enough."""
        foreign = [code is not None and code not in own for code in codes]
        edges = [place for place in range(1, len(lines)) if foreign[place] != foreign[place - 1]]
        for start, end in pairwise([0, *edges, len(lines)]):
            if foreign[start] and sum(map(letter_count, lines[start:end])) >= self.part_min_letters:
                yield start, end


def _told(recognizer: Engine, texts: Sequence[str]) -> list[tuple[list[str], list[str | None]]]:
    """Return the lines of each text, with their ends, and the language of each.

    Lines that cannot be told have that of the next one that can; blank ones, and those at the end,
    that of the one before. None: no line of the text can be told.
    """
    split = [text.splitlines(keepends=True) or [""] for text in texts]
    asked = [line for lines in split for line in lines if letter_count(line) >= _LEAST]
    guesses = iter(recognizer.predict(asked) if asked else ())
    found = []
    for lines in split:
        codes = [_code(next(guesses)) if letter_count(line) >= _LEAST else None for line in lines]
        below: str | None = None
        for place in reversed(range(len(lines))):
            if codes[place] is None and lines[place].strip():
                codes[place] = below
            below = codes[place] or below
        above = below  # blank lines at the start go with the first that is told
        for place in range(len(lines)):
            codes[place] = above = codes[place] or above
        found.append((lines, codes))
    return found


def _code(guess: Guess) -> str | None:
    sure = guess.code != UNDETERMINED and (guess.probability or 0.0) >= _SURE
    return guess.code if sure else None


def _main(lines: Sequence[str], codes: Sequence[str | None]) -> Set[str]:
    """Return the language that most letters are in, with its members; nothing where none is."""
    letters: Counter[str] = Counter()
    for line, code in zip(lines, codes, strict=True):
        if code is not None:
            letters[code] += letter_count(line)
    most = min(letters, key=lambda code: (-letters[code], code), default=None)
    return frozenset() if most is None else accepted({most})


def _foreign(guess: Guess, own: Set[str]) -> float:
    """Return the probability that a text is in a language, and not in one of `own`."""
    if guess.code == UNDETERMINED or guess.probability is None:
        return 0.0
    named = ((guess.code, guess.probability), *guess.others)
    return 1.0 - sum(probability for code, probability in named if code in own)


def _without(
    text: str, lines: Sequence[str], gone: Sequence[tuple[int, int]]
) -> tuple[str, dict[str, Value]]:
    """Return `text` without the lines that go, and the signals."""
    whole = letter_count(text)
    places = {place for start, end in gone for place in range(start, end)}
    removed = sum(letter_count(lines[place]) for place in places)
    signals: dict[str, Value] = {
        "foreign_lines": sum(not lines[place].isspace() for place in places),
        "foreign_letter_ratio": round(removed / whole, 4) if whole else None,
    }
    if not places:
        return text, signals
    return "".join(line for place, line in enumerate(lines) if place not in places).strip(), signals
