"""FineWeb-2's chain, out of the values that it fitted to each language.

FineWeb-2 (Penedo et al. 2025, its ``fineweb-2-pipeline.py``) keeps FineWeb's filters and moves
their limits from language to language. They stand in a file for each of 1,900 languages, such as
``deu_Latn.yml``, at https://github.com/huggingface/fineweb-2/tree/main/configs. `fineweb2` makes
the chain out of such files, or of values of your own under the same keys.

Those limits were fitted to the words of a tokenizer for each language. The words here are our own;
what that changes, language by language: `benchmarks/conformance_fineweb2.py`.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from webfilter.codes import keyed, script_of
from webfilter.compose import ByLanguage
from webfilter.config import AnyPath, build, conform
from webfilter.dedup.minhash import MinHash
from webfilter.errors import ConfigError, MissingExtra
from webfilter.extract import Extract
from webfilter.heuristics.fineweb import FineWebQuality
from webfilter.heuristics.gopher import GopherQuality
from webfilter.heuristics.lines import Lines
from webfilter.heuristics.pii import Pii
from webfilter.heuristics.repetition import GopherRepetition
from webfilter.heuristics.url import UrlFilter
from webfilter.language import Language
from webfilter.languages import find_language, language_facts, scripts
from webfilter.pipeline import Pipeline
from webfilter.stage import Stage

__all__ = ["fineweb2"]

_TOKENS = {
    "zh": (1.75, 0.9), "yue": (1.75, 0.9), "ja": (1.5, 0.85), "th": (2.65, 1.0), "lo": (2.65, 0.8),
    "km": (2.4, 0.8), "my": (3.5, 1.15), "ko": (0.5, 0.7), "vi": (1.3, 0.9),
    "da": (1, 1.06), "nb": (1, 1.06), "nn": (1, 1.07), "sv": (1, 1.03), "nl": (1, 1.03),
    "ro": (1, 1.04), "el": (1, 1.05), "hu": (1, 1.04), "pl": (1, 0.95),
    "bn": (1, 0.96), "hi": (1, 0.96), "ur": (1, 0.93),
}  # fmt: skip
"""Tokens with letters, and others, that are here for one of FineWeb-2's, where its tokenizer cuts
otherwise: into words where no spaces part them, Korean into morphemes, Vietnamese into words of
several syllables; or periods from numbers and abbreviations as ours does not. Languages that are
not here have one for one, or nearly, or were not measured (`benchmarks/conformance_fineweb2.py`).
"""


@dataclass(frozen=True)
class _Config:
    """The values of one language, under the names that FineWeb-2 gives them."""

    dup_line_frac: float
    top_n_grams: tuple[tuple[float, ...], ...]
    dup_n_grams: tuple[tuple[float, ...], ...]
    line_punct_thr: float
    new_line_ratio: float
    min_avg_word_length: float
    max_avg_word_length: float
    max_non_alpha_words_ratio: float
    """Least share of tokens with a letter, whatever the name says."""
    stopwords: tuple[str, ...]
    language_score: float


def fineweb2(
    configs: Mapping[str, Mapping[str, Any] | AnyPath], *, model: AnyPath | None = None
) -> Pipeline:
    """Return FineWeb-2's chain for the languages of `configs`.

    Addresses, trafilatura, language, MinHash within each language (deduplication comes first
    there), then repetition, FineWeb's and Gopher's quality rules with the limits of the language,
    and the e-mail and IP addresses. A language that `configs` does not name is dropped.

    Not as there:

    - Languages are told by our model, above .65, and `language_score`, which is a limit for
      GlotLID's scores, is not looked at. With `model` it decides (above it, there at or above).
      Labels are codes here, so what is labelled Egyptian (``arz``) goes with Arabic, Cantonese with
      Chinese, unless `configs` has it, too. A script that no key names is dropped, if all name one.
    - Words are ours. Limits on numbers and shares of tokens move by how many are here for one
      there, where that was measured: that on letters in 21 languages; those on words and line ends,
      too, where its tokenizer does not cut at spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese,
      Korean, Vietnamese). Where marks are no tokens here (Amharic, Armenian, Georgian, Gujarati)
      too few letters are seldom found.
    - Where no spaces part words, ten tokens may have what five words may, as in
      `GopherRepetition.for_language`, the limits on shorter runs and on the length of words are
      off, and stop words are those of `language_facts`. Korean has none: there they are morphemes.
    - Lines of marks alone are taken out (there of bars alone, which trafilatura makes of tables),
      and of a cluster of copies the longest stays. Addresses and personal data: see `UrlFilter` and
      `Pii.profile`. Mojibake stays; ``repair = true`` of the stage ``extract`` undoes it.

    As there, a limit of 0 on repeated lines, length of words or letters switches the rule off.

    Args:
        configs: language in any spelling (``de``, ``deu_Latn``) to its values, or to the path of
            the YAML file with them (needs the extra ``yaml``).
        model: GlotLID's file, or another fastText model with such labels (extra ``fasttext``).

    Raises:
        UnknownName: a key of `configs` is no language, or one that the model cannot tell, or a key
            of a config is none of FineWeb-2's.
        ConfigError: no language at all, two keys that spell one, a file that cannot be read, a
            value that is missing or does not fit.
        MissingExtra: PyYAML or fastText is not installed.

    >>> german = {
    ...     "dup_line_frac": 0.263, "line_punct_thr": 0.0, "new_line_ratio": 0.152,
    ...     "dup_n_grams": [[5, 0.141], [6, 0.134]], "top_n_grams": [[2, 0.169]],
    ...     "min_avg_word_length": 0, "max_avg_word_length": 15, "language_score": 0.821,
    ...     "max_non_alpha_words_ratio": 0.774, "stopwords": ["der", "und", "die"],
    ... }
    >>> pipe = fineweb2({"deu_Latn": german})
    >>> pipe.names[2:7]
    ('language', 'minhash', 'gopher_repetition', 'fineweb_quality', 'gopher_quality')
    """
    if not isinstance(configs, Mapping) or not configs:
        raise ConfigError(
            f"fineweb2: configs = {configs!r} names no language; give a dict such as "
            '{"deu_Latn": "deu_Latn.yml"}'
        )
    codes = keyed(configs, "language of fineweb2's configs")
    values = {code: _config(key, configs[key]) for code, key in codes.items()}
    stages = {code: _filters(key, values[code]) for code, key in codes.items()}
    return Pipeline(
        (
            UrlFilter(),
            Extract(engine="trafilatura", precision=True, fallback=None),
            _language(list(configs), values, model),
            MinHash.profile("datatrove", scope="language"),
            *(
                next(iter(of.values())) if len(of) == 1 else ByLanguage(of)
                for of in ({code: found[n] for code, found in stages.items()} for n in range(3))
            ),
            Pii.profile("fineweb"),
            _no_bars(),
        )
    )


def _config(key: str, given: Mapping[str, Any] | AnyPath) -> _Config:
    """Return the values of the language `key`, checked."""
    where = f"fineweb2: config of {key!r}"
    if not isinstance(given, (Mapping, str, os.PathLike)):
        raise ConfigError(f"{where}: {given!r} is neither a dict of values nor the path of a file")
    read = given if isinstance(given, Mapping) else _yaml(Path(given), where)
    found: _Config = build(_Config, where, read)
    conform(found, where)
    return found


def _yaml(path: Path, where: str) -> Mapping[str, Any]:
    if importlib.util.find_spec("yaml") is None:
        raise MissingExtra(where, "yaml")
    yaml = importlib.import_module("yaml")
    try:
        found = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{where}: {str(path)!r} cannot be read: {error}") from error
    if not isinstance(found, Mapping) or not all(isinstance(name, str) for name in found):
        raise ConfigError(f"{where}: {str(path)!r} holds no table of values")
    return found


def _language(keys: list[str], values: Mapping[str, _Config], model: AnyPath | None) -> Language:
    named = {script_of(key) for key in keys}
    written = None if None in named else {script for script in named if script}
    if written and "Hani" in written:
        written |= {"Hans", "Hant"}
    if model is None:
        return Language(set(values), scripts=written)
    scores = {code: config.language_score for code, config in values.items()}
    return Language(set(values), min_scores=scores, scripts=written, engine="fasttext", model=model)


def _filters(key: str, config: _Config) -> tuple[Stage, Stage, Stage]:
    """Return the three filters of the language `key`."""
    known, script = find_language(key), script_of(key)
    if known is not None and script in scripts() and script != known.scripts[0]:
        known = None  # of a text in another script only that is known
    facts = known or scripts().get(script or "") or language_facts(key)
    letters, newlines = config.max_non_alpha_words_ratio, config.new_line_ratio
    tokens, others = (1, 1) if known is None else _TOKENS.get(known.code, (1, 1))
    if tokens != others:
        letters = round(letters * tokens / (letters * tokens + (1 - letters) * others), 3)
    if tokens != 1:
        newlines = round(newlines / tokens, 3)
    words: dict[str, Any] = {"words": facts.words or "english"}
    repetition = {
        "max_duplicate_line_ratio": _limit(config.dup_line_frac),
        **_runs(key, "top_n_grams", "top", range(2, 5), config.top_n_grams),
        **_runs(key, "dup_n_grams", "duplicate", range(5, 11), config.dup_n_grams),
    }
    quality: dict[str, Any] = {
        "min_mean_word_length": _limit(config.min_avg_word_length),
        "max_mean_word_length": _limit(config.max_avg_word_length),
        "min_alpha_word_ratio": _limit(letters),
        "min_words": round(50 * tokens),
        "stop_words": config.stopwords,
    }
    if facts.segmentation != "spaces":
        first, *between, last = (_name("duplicate", n) for n in range(5, 11))
        repetition |= {**dict.fromkeys((first, *between)), last: repetition[first]}
        quality |= {"min_mean_word_length": None, "max_mean_word_length": None}
        stop_words = () if known is None else known.stop_words
        quality |= {"stop_words": stop_words} if stop_words else {"min_stop_words": None}
    if known is not None and known.code == "ko":  # its morphemes are no tokens here
        quality |= {"min_stop_words": None}
    if facts.words is None:  # nothing here cuts it
        quality["min_words"] = None
    return (
        GopherRepetition.profile("fineweb-2", **repetition, **words),
        FineWebQuality.profile(
            "fineweb-2",
            min_terminal_line_ratio=config.line_punct_thr,
            max_newline_word_ratio=newlines,
            **words,
        ),
        GopherQuality.profile("datatrove-2024-12", **quality, **words),
    )


def _runs(
    key: str, field: str, kind: str, sizes: range, given: tuple[tuple[float, ...], ...]
) -> dict[str, float | None]:
    """Return the limits on runs of words by name: pairs of a size and its limit; others are off."""
    found: dict[str, float | None] = dict.fromkeys(_name(kind, n) for n in sizes)
    for pair in given:
        if len(pair) != 2 or pair[0] not in sizes:
            raise ConfigError(
                f"fineweb2: config of {key!r}: {field} = {list(pair)} is no pair of a limit with "
                f"its number of words, {sizes[0]} to {sizes[-1]}"
            )
        found[_name(kind, int(pair[0]))] = pair[1]
    return found


def _name(kind: str, size: int) -> str:
    return f"max_{kind}_{size}gram_character_ratio"


def _limit(value: float) -> float | None:
    """Return the limit that datatrove takes `value` for."""
    return None if value == 0 else value


def _no_bars() -> Lines:
    """Return the stage that takes out lines of marks, and nothing else."""
    off = {f.name: False for f in fields(Lines) if f.name.startswith("remove_")}
    marks: dict[str, Any] = {**off, "remove_symbols": True}
    return Lines(**marks, fragment_length=None, max_line_removed_word_ratio=None)
