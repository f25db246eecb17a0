"""A word-piece tokenizer of transformers that knows a few whole words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest


def tiny_tokenizer(words: Sequence[str]) -> Any:
    """Return it, with BERT's special words before `words`; skip the test without the packages."""
    tokenizers: Any = pytest.importorskip("tokenizers")
    transformers: Any = pytest.importorskip("transformers")
    known = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *words]
    inner = tokenizers.Tokenizer(
        tokenizers.models.WordPiece({w: i for i, w in enumerate(known)}, unk_token="[UNK]")
    )
    inner.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    inner.post_processor = tokenizers.processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    names = {f"{n}_token": f"[{n.upper()}]" for n in ("unk", "pad", "cls", "sep")}
    return transformers.PreTrainedTokenizerFast(tokenizer_object=inner, **names)
