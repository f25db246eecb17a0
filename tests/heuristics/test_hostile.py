"""Every heuristic, in every profile, on texts made to break it."""

import math
import time
from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webfilter.document import Document
from webfilter.errors import MissingExtra
from webfilter.heuristics.badwords import BadWords
from webfilter.heuristics.c4 import C4Quality
from webfilter.heuristics.composition import Composition
from webfilter.heuristics.fineweb import FineWebQuality
from webfilter.heuristics.gopher import GopherQuality
from webfilter.heuristics.length import Length
from webfilter.heuristics.lines import Lines
from webfilter.heuristics.pii import Pii
from webfilter.heuristics.repetition import GopherRepetition
from webfilter.heuristics.texturls import TextUrls

FAMILIES = (GopherRepetition, GopherQuality, C4Quality, FineWebQuality)
PROFILES = [(family, name) for family in FAMILIES for name in family.profiles]
STAGES = [family.profile(name) for family, name in PROFILES]
IDS = [f"{family.name}-{name}" for family, name in PROFILES]
OTHERS = [
    Lines(),
    Lines.profile("refinedweb"),
    Lines.profile("dclm"),
    TextUrls(),
    TextUrls.profile("refinedweb"),
    Pii(max_pii=2, max_pii_character_ratio=0.5),
    BadWords(words=("cat", "a b"), max_bad_words=3),
    Composition(max_longest_word=40),
    Length(min_words=3, max_words=40, min_characters=5, max_lines=6, max_bytes=400),
]
IDS += [f"{stage.name}-{n}" for n, stage in enumerate(OTHERS)]
ALL = [*STAGES, *OTHERS]
SIZE = 200_000
HOSTILE = {
    "one word": "a" * SIZE,
    "one word again": "wordy " * (SIZE // 6),
    "newlines": "\n" * SIZE,
    "spaces": " " * SIZE,
    "lines": "ab cd ef.\n" * (SIZE // 10),
    "digits": "0123456789 " * (SIZE // 11),
    "marks": "? " * (SIZE // 2),
    "brackets": "[" * SIZE,
    "citations": "[1]" * (SIZE // 3),
    "surrogates": "\ud800 \udfff" * (SIZE // 3),
    "nul": "\x00" * SIZE,
    "emoji": "😀" * SIZE,
    "names": "a.com" * (SIZE // 5),
    "names with spaces": "a.com " * (SIZE // 6),
    "dots": ".so" + "." * SIZE,
    "numbers with dots": "1.2." * (SIZE // 4),
    "pairs": " ".join(f"w{k % 9000} v{k % 9000}" for k in range(SIZE // 12)),
    "right to left": "‮שלום עולם، مرحبا. " * (SIZE // 20),
}


@pytest.mark.parametrize("stage", ALL, ids=IDS)
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_long_text_takes_no_quadratic_time(stage, text):
    began = time.process_time()
    [doc] = stage.process([Document("a", text)])
    assert time.process_time() - began < 3  # a quadratic step takes minutes
    assert {signal.name for signal in stage.measures} <= doc.signals.keys()


def looser(stage):
    """The stage with one limit on its signals loosened, for each."""
    for field in fields(stage):
        value = getattr(stage, field.name)
        if field.name.startswith(("min_", "max_")) and value is not None:
            yield replace(stage, **{field.name: None})
            factor = 0.5 if field.name.startswith("min_") else 1.5
            yield replace(stage, **{field.name: type(value)(value * factor)})


SENTENCE = st.sampled_from(
    [
        "The cat sat.",
        "a b a b",
        "- item",
        "#",
        "...",
        "more…",
        "\n",
        "\n\n",
        "{",
        "1 2 3",
        "of to be",
    ]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(SENTENCE, max_size=25).map(" ".join), st.sampled_from(ALL))
def test_a_looser_limit_never_drops_more(text, stage):
    batch = [Document("a", text), Document("b", text * 4)]
    live = [doc.live for doc in stage.process(batch)]
    for loosened in looser(stage):
        now = [doc.live for doc in loosened.process(batch)]
        assert all(after >= before for before, after in zip(live, now, strict=True)), loosened


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(max_size=80), max_size=6), st.sampled_from(ALL))
def test_any_text_gives_finite_signals_and_the_same_alone(texts, stage):
    docs = [Document(str(n), text) for n, text in enumerate(["", *texts])]
    marked = stage.process(docs)
    declared = {signal.name: signal for signal in stage.measures}
    for before, doc in zip(docs, marked, strict=True):
        assert [doc] == stage.process([before])
        assert doc.signals.keys() == declared.keys()
        for name, value in doc.signals.items():
            low, high = declared[name].low, declared[name].high
            assert value is None or isinstance(value, str) or math.isfinite(value)
            assert value is None or low is None or value >= low
            assert value is None or high is None or value <= high


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_missing_spacy_speaks_when_the_stage_is_built(family, monkeypatch):
    monkeypatch.setattr("webfilter.text.tokens.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=rf"^{family.name}: words = 'spacy': .*filter\[spacy\]"):
        family(words="spacy")


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_artifacts_name_the_tokenizer(family):
    stage = family()
    assert stage.artifacts["words"].startswith("english-1 unicode ")
    assert replace(stage, words="scripts").artifacts != stage.artifacts
