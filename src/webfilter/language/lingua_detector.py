"""Engine ``lingua``: the package lingua-language-detector, in its high-accuracy mode.

It knows 75 languages, and is made for texts of a few words. It always names one of its languages,
also for code or random letters; a text without letters, or with none that it has met, is ``und``.

What it costs (2.1.1, one core): 0.6 to 1 ms a text of 300 characters, 2 to 3 ms one of 40, since
below 120 it looks at more. It loads what it needs when it needs it: for longer texts 90 MB in all,
for the first short one in each script more, in the end 1.1 GB and 15 s in each worker process.

Three things are done around it:

- It is asked about one text after the other. Its call for a whole batch spreads over all cores,
  takes the same CPU time (0.6 to 0.8 ms a text of 300 characters) and would fight with the worker
  processes of a run; `Pipeline.run` has ``workers`` for that.
- Its sums depend on the order of a hash table, so the last digits of a probability differ from call
  to call: they are rounded to four, and equals are in the order of their codes.
- It reads the first 10,000 characters, as langdetect does: a single word of 100,000 letters takes
  it 4 s, one of 10,000 takes 0.05 s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib.metadata import version
from typing import Any

from webfilter.codes import UNDETERMINED, canonical
from webfilter.errors import MissingExtra
from webfilter.language.engines import Guess, ranked, readable
from webfilter.language.scripts import main_script

__all__ = ["LinguaDetector"]

_MOST = 10_000
"""Characters of a text that are read."""
_DIGITS = 4


class LinguaDetector:
    """lingua with all its languages; the models are read at the first prediction.

    Raises:
        MissingExtra: lingua-language-detector is not installed.
    """

    def __init__(self) -> None:
        try:
            from lingua import Language
        except ImportError:
            raise MissingExtra("engine 'lingua'", "lingua") from None
        self._codes = {
            str(each.name): canonical(each.iso_code_639_1.name) for each in Language.all()
        }

    @property
    def languages(self) -> frozenset[str]:
        """The codes of its languages."""
        return frozenset(self._codes.values()) | {UNDETERMINED}

    @property
    def artifacts(self) -> Mapping[str, str]:
        """The version of lingua."""
        return {"lingua-language-detector": version("lingua-language-detector")}

    @cached_property
    def _detector(self) -> Any:
        from lingua import LanguageDetectorBuilder

        return LanguageDetectorBuilder.from_all_languages().build()

    def predict(self, texts: Sequence[str], top: int = 1) -> list[Guess]:
        """Return one guess a text; a text without letters is ``und``."""
        return [self._one(text[:_MOST], top) for text in texts]

    def _one(self, text: str, top: int) -> Guess:
        script = main_script(text)
        if script is None:
            return Guess(UNDETERMINED, None, 1.0)
        found = [
            (self._codes[each.language.name], round(each.value, _DIGITS))
            for each in self._detector.compute_language_confidence_values(readable(text))
        ]
        found.sort(key=lambda item: (-item[1], item[0]))
        if found[0][1] <= 0:
            return Guess(UNDETERMINED, script, None)
        (code, probability), *others = ranked((each for each in found if each[1] > 0), top)
        return Guess(code, script, probability, tuple(others))
