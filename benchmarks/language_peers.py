"""Language identifiers that `language.py` measures: ours, and what is installed of the others.

Each is built from source text (`Peer.source`), so that the same code runs here and in the fresh
processes where loading is timed. Codes are brought to ours; what is just Norwegian is Bokmål.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from webfilter.codes import canonical

Predict = Callable[[Sequence[str]], list[str]]


@dataclass(frozen=True)
class Peer:
    """One identifier."""

    name: str
    module: str
    """What must be installed."""
    imports: str
    """Statements that import it."""
    source: str
    """Statements that make `detect`, from texts to raw codes, and `codes`, all that it may say."""

    def build(self) -> tuple[Predict, frozenset[str]]:
        """Return what predicts canonical codes, and the languages that it knows."""
        scope: dict[str, Any] = {}
        exec(f"{self.imports}\n{self.source}", scope)
        detect, seen = scope["detect"], {code: _ours(code) for code in scope["codes"]}

        def predict(texts: Sequence[str]) -> list[str]:
            return [seen.get(code) or _ours(code) for code in detect(texts)]

        return predict, frozenset(seen.values()) - {"und"}


_OURS = """
one = engine("embedded", None)
codes = one.languages
def detect(texts):
    return [guess.code for guess in one.predict(texts)]
"""
_LINGUA = """
builder = LanguageDetectorBuilder.from_all_languages()
{mode}
one = builder.build()
codes = [language.iso_code_639_1.name for language in Language.all()]
def detect(texts):
    found = map(one.detect_language_of, texts)
    return ["und" if code is None else code.iso_code_639_1.name for code in found]
"""
_LANGID = """
codes = [code for code, _ in py3langid.rank("load the model")]
def detect(texts):
    return [py3langid.classify(text)[0] for text in texts]
"""
_CLD2 = """
named = dict(pycld2.LANGUAGES)
codes = [named[name] for name in pycld2.DETECTED_LANGUAGES if name in named]
def cld2(text):
    try:
        return pycld2.detect(text, bestEffort=True)[2][0][1]
    except pycld2.error:  # control characters are invalid UTF-8 to it
        return "und"
def detect(texts):
    return [cld2(text) for text in texts]
"""
_LANGDETECT = """
DetectorFactory.seed = 0  # else it draws at random
factory = DetectorFactory()
factory.load_profile(PROFILES_DIRECTORY)
codes = factory.langlist
def langdetect(text):
    detector = factory.create()
    detector.append(text)
    try:
        return detector.detect()
    except LangDetectException:
        return "und"
def detect(texts):
    return [langdetect(text) for text in texts]
"""
_FASTTEXT = """
fasttext.FastText.eprint = lambda *_: None
model = fasttext.load_model({path!r})
codes = [label[9:] for label in model.get_labels()]
def detect(texts):
    labels, _ = model.predict([" ".join(text.split()) for text in texts], k=1)
    return [found[0][9:] if found else "und" for found in labels]
"""


def peers(model: Path | None) -> list[Peer]:
    """Return ours first, then those of the others that are installed.

    Args:
        model: a fastText language model, such as lid.176.ftz; None for none.
    """
    ours = "from webfilter.language.engines import engine"
    lingua = "from lingua import Language, LanguageDetectorBuilder"
    found = [
        Peer("embedded (ours)", "webfilter", ours, _OURS),
        Peer("lingua", "lingua", lingua, _LINGUA.format(mode="")),
        Peer(
            "lingua, low accuracy",
            "lingua",
            lingua,
            _LINGUA.format(mode="builder = builder.with_low_accuracy_mode()"),
        ),
        Peer(
            "langdetect",
            "langdetect",
            "from langdetect import PROFILES_DIRECTORY, DetectorFactory, LangDetectException",
            _LANGDETECT,
        ),
        Peer("py3langid", "py3langid", "import py3langid", _LANGID),
        Peer("pycld2", "pycld2", "import pycld2", _CLD2),
    ]
    if model is not None:
        source = _FASTTEXT.format(path=str(model))
        found.append(Peer(model.name, "fasttext", "import fasttext", source))
    return [peer for peer in found if importlib.util.find_spec(peer.module)]


def _ours(code: str) -> str:
    if code == "als":  # lid.176: Alemannic, not Tosk Albanian
        return "gsw"
    return "nb" if canonical(code) == "no" else canonical(code)
