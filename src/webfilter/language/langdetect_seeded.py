"""Engine ``langdetect``: the package of that name, made repeatable.

langdetect draws at random unless seeded, and throws on texts that have no letters it knows. Here
each text is detected with the same seed, so that it does not matter which text came before; what it
throws on is ``und`` without a probability. It names no language below a probability of .1, so there
are few further ones. Slow (about 5 ms a text) and meant for comparison.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from webfilter.codes import UNDETERMINED, canonical, script_of
from webfilter.errors import MissingExtra
from webfilter.language.engines import Guess, ranked
from webfilter.language.scripts import main_script

__all__ = ["SeededLangdetect"]


class SeededLangdetect:
    """langdetect with a fixed seed.

    Raises:
        MissingExtra: langdetect is not installed.
    """

    def __init__(self) -> None:
        try:
            from langdetect import PROFILES_DIRECTORY, DetectorFactory
        except ImportError:
            raise MissingExtra("engine 'langdetect'", "langdetect") from None
        self._factory: Any = DetectorFactory()  # our own: the package's is shared and unseeded
        self._factory.load_profile(PROFILES_DIRECTORY)
        self._codes = {name: _code(name) for name in self._factory.langlist}

    @property
    def languages(self) -> frozenset[str]:
        """The codes that langdetect has profiles for."""
        return frozenset(self._codes.values()) | {UNDETERMINED}

    @property
    def artifacts(self) -> Mapping[str, str]:
        """The version of langdetect."""
        return {"langdetect": version("langdetect")}

    def predict(self, texts: Sequence[str], top: int = 1) -> list[Guess]:
        """Return one guess a text; a text without letters is ``und``."""
        return [self._one(text, top) for text in texts]

    def _one(self, text: str, top: int) -> Guess:
        from langdetect.lang_detect_exception import LangDetectException

        script = main_script(text)
        if script is None:
            return Guess(UNDETERMINED, None, 1.0)
        detector = self._factory.create()
        detector.seed = 0
        try:
            detector.append(text)
            found = detector.get_probabilities()
        except LangDetectException:
            found = []
        if not found:
            return Guess(UNDETERMINED, script, None)
        shares: dict[str, float] = defaultdict(float)  # zh-cn and zh-tw are one language
        for each in found:
            shares[self._codes[each.lang]] += each.prob
        best = sorted(shares.items(), key=lambda item: -item[1])
        (code, probability), *others = ranked(best, top)
        named = script_of(found[0].lang) if self._codes[found[0].lang] == code else None
        return Guess(code, named or script, probability, tuple(others))


def _code(name: str) -> str:
    return "nb" if name == "no" else canonical(name)
