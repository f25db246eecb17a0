"""Tokens: counted by whatever counts, or estimated."""

import pickle

import numpy as np
import pytest

from webfilter import ConfigError, Document, Pipeline
from webfilter.score.tokens import Tokenizer, Tokens, estimated_tokens
from webfilter.testing import check_stage


def words(text):
    """Count words."""
    return len(text.split())


class Encodes:
    """Like the tokenizers of Hugging Face: it can be called, too, and returns something else."""

    name = "stub"

    def encode(self, text):
        text.encode("utf-8")  # as compiled ones do
        return text.split()

    def __call__(self, text):
        return {"input_ids": [], "attention_mask": []}

    def __eq__(self, other):
        return isinstance(other, Encodes)

    __hash__ = None


class Special(Encodes):
    """Like tiktoken's encodings."""

    def encode(self, text):
        raise ValueError("disallowed special token")

    def encode_ordinary(self, text):
        return text.split()


def count(tokenizer, text):
    [doc] = Pipeline((Tokens(tokenizer),))([Document("a", text)])
    return doc.signals.get("tokens"), doc.verdict and doc.verdict.reason


@pytest.mark.parametrize(
    "tokenizer", [words, Encodes(), Special(), lambda t: np.int64(len(t.split()))]
)
def test_functions_and_encoders_count(tokenizer):
    assert count(tokenizer, "one two <|endoftext|>") == (3, None)
    assert count(tokenizer, "one \ud800 three") == (3, None)
    assert count(tokenizer, "") == (0, None)


@pytest.mark.parametrize(
    ("said", "reason"),
    [(-1, "-1 tokens"), (True, "bool"), (2.5, "float"), (None, "NoneType"), ("7", "str")],
)
def test_what_is_no_count_fails_the_document(said, reason):
    assert reason in count(lambda text: said, "text")[1]


@pytest.mark.parametrize("wrong", [7, "gpt2", int, [], Encodes])
def test_what_cannot_count_is_refused(wrong):
    with pytest.raises(ConfigError, match="tokenizer"):
        Tokens(wrong)


def test_limits():
    assert [d.live for d in Tokens(words, min_tokens=2, max_tokens=3)(["a", "a b", "a b c d"])] == [
        False,
        True,
        False,
    ]
    with pytest.raises(ConfigError, match="max_tokens"):
        Tokens(max_tokens=-1)


def test_the_estimate_grows_with_the_text_and_knows_bytes():
    assert [estimated_tokens("a" * n) for n in (0, 1, 4, 5, 9, 10)] == [0, 1, 1, 2, 2, 3]
    assert estimated_tokens("é" * 9) == 4
    assert estimated_tokens("\ud800" * 3) == 2
    assert estimated_tokens("a" * 10**6) == 222_223


def test_what_counts_is_part_of_the_fingerprint():
    prints = {Pipeline((Tokens(t),)).fingerprint() for t in (None, words, len, Encodes())}
    assert len(prints) == 4
    assert Tokens(Encodes()).artifacts == {"tokenizer": "test_tokens.Encodes stub"}
    assert isinstance(Encodes(), Tokenizer)
    assert "estimated" in Tokens().measures[0].about
    assert "tokenizer" in Tokens(words).measures[0].about


@pytest.mark.parametrize("stage", [Tokens(), Tokens(words, min_tokens=3), Tokens(Encodes())])
def test_the_contract(stage):
    check_stage(stage)
    assert pickle.loads(pickle.dumps(stage)) == stage
