"""Cut words out of a text, and join what is left: no words glued, paragraph breaks kept."""

from __future__ import annotations

from collections.abc import Sequence

from webfilter.text import Tokens

__all__ = ["without"]


def without(text: str, tokens: Tokens, spans: Sequence[tuple[int, int]]) -> str:
    """Return `text` without the words of `spans`, and the marks that touch them.

    Args:
        text: the text.
        tokens: its words.
        spans: first word and word after the last of each; ascending, none touches another.

    >>> from webfilter.text import tokenize
    >>> text = "One (two, three). Four."
    >>> without(text, tokenize(text, "unicode"), [(1, 3)])
    'One Four.'
    """
    starts, ends = tokens.starts, tokens.ends
    parts: list[str] = []
    done = 0
    for begin, end in spans:
        before = int(ends[begin - 1]) if begin else 0
        after = int(starts[end]) if end < len(starts) else len(text)
        left, right = int(starts[begin]), int(ends[end - 1])
        if begin == 0:
            left = 0
        while left > before and not text[left - 1].isspace():
            left -= 1
        if end == len(starts):
            right = len(text)
        while right < after and not text[right].isspace():
            right += 1
        kept = text[done:left]
        parts.append(kept)
        parts.append(text[left:right])
        done = right
    parts.append(text[done:])
    return _joined(parts)


def _joined(parts: Sequence[str]) -> str:
    """Join every other of `parts` with the greatest break around and in those between.

    >>> _joined(["One. ", "cut", "\\nTwo", " cut\\n\\n cut", " three"])
    'One.\\nTwo\\n\\nthree'
    """
    found = [parts[0].rstrip() if len(parts) > 1 else parts[0]]
    gap = parts[0][len(found[0]) :]
    for cut, kept in zip(parts[1::2], parts[2::2], strict=True):
        gap += cut
        inner = kept.lstrip()
        gap += kept[: len(kept) - len(inner)]
        bare = inner.rstrip()
        if bare:
            found.append(_between(gap) if any(found) else "")
            found.append(bare)
            gap = ""
        gap += inner[len(bare) :]
    return "".join(found)


def _between(gap: str) -> str:
    lines = f"{gap}.".splitlines()
    if any(not line.strip() for line in lines[1:-1]):
        return "\n\n"
    return "\n" if len(lines) > 1 else " "
