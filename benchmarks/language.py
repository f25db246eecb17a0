"""How fast and how good is language identification, beside others?

    python benchmarks/language.py DATA [--each 10]

DATA is the folder that `classifiers/language/data.py` describes. Sentences of the held-out part, in
the languages that every engine tested can return, so that the figures compare. Others are measured
where they are installed: langdetect, py3langid, pycld2, lingua-language-detector (fast mode), and a
fastText file given by `--model`. One thread; seconds are processor time.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "classifiers" / "language"))
from evaluate import drawn

from webfilter.language.codes import accepted, canonical
from webfilter.language.engines import engine

Predict = Callable[[Sequence[str]], list[str]]


def engines(model: Path | None) -> Iterator[tuple[str, Predict, frozenset[str]]]:
    """Yield (name, predict, languages) of everything that is installed."""
    ours = [("embedded", None), ("langdetect", None)]
    for name, path in [*ours, ("fasttext", model)] if model else ours:
        try:
            found = engine(name, path)
        except ImportError:
            continue
        yield (
            name,
            lambda texts, found=found: [guess.code for guess in found.predict(texts)],
            found.languages,
        )
    try:
        import py3langid as langid

        langid.classify("load the model")
        yield (
            "py3langid",
            lambda texts: [canonical(langid.classify(text)[0]) for text in texts],
            frozenset(canonical(code) for code, _ in langid.rank("load")),
        )
    except ImportError:
        pass
    try:
        import pycld2

        yield (
            "pycld2",
            lambda texts: [_cld2(pycld2, text) for text in texts],
            frozenset(canonical(code) for _, code in pycld2.LANGUAGES),
        )
    except ImportError:
        pass
    try:
        from lingua import Language, LanguageDetectorBuilder

        lingua = LanguageDetectorBuilder.from_all_languages().with_low_accuracy_mode().build()
        yield (
            "lingua (low accuracy mode)",
            lambda texts: [
                "und"
                if (one := lingua.detect_language_of(text)) is None
                else canonical(one.iso_code_639_1.name)
                for text in texts
            ],
            frozenset(canonical(one.iso_code_639_1.name) for one in Language.all()),
        )
    except ImportError:
        pass


def _cld2(module: Any, text: str) -> str:
    try:
        return canonical(module.detect(text, bestEffort=True)[2][0][1])
    except module.error:  # control characters are invalid UTF-8 to it
        return "und"


def main() -> None:
    """Print accuracy and speed of each engine as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", type=Path, help="a fastText language model, such as lid.176.ftz")
    parser.add_argument("--each", type=int, default=10, help="sentences a language")
    options = parser.parse_args()
    tested = list(engines(options.model))
    common = frozenset.intersection(*(accepted(codes) for _, _, codes in tested))
    report: dict[str, object] = {"engines": len(tested)}
    for kind, found in drawn(options.data, "lingua_sentences", options.each).items():
        texts = [example for example in found if example.code in common]
        report[f"{kind}: texts, languages"] = [len(texts), len({e.code for e in texts})]
        for name, predict, _ in tested:
            predict([example.text for example in texts[:5]])
            started = time.process_time()
            codes = predict([example.text for example in texts])
            seconds = time.process_time() - started
            right = sum(c in accepted({e.code}) for c, e in zip(codes, texts, strict=True))
            report[f"{kind}: {name}"] = {
                "accuracy": round(right / len(texts), 4),
                "texts a second": round(len(texts) / max(seconds, 1e-9)),
            }
    print(json.dumps(report, indent=1, default=str))


if __name__ == "__main__":
    main()
