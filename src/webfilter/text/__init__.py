"""In: a text. Out: arrays about it: code points, tokens with their hashes, counts of sentences.

Everything that counts words, n-grams or shingles starts here, so that a text is decoded, cut and
hashed once and without a Python loop over its words.
"""

from __future__ import annotations

from webfilter.text.parts import LOCAL, keep_parts
from webfilter.text.points import BASE, code_points, hash_spans
from webfilter.text.tokens import (
    Tokens,
    Words,
    check_words,
    tokenize,
    tokenize_all,
    tokenizer_version,
)
from webfilter.text.treebank import nltk_sentences

__all__ = [
    "BASE",
    "LOCAL",
    "Tokens",
    "Words",
    "check_words",
    "code_points",
    "hash_spans",
    "keep_parts",
    "nltk_sentences",
    "tokenize",
    "tokenize_all",
    "tokenizer_version",
]
