"""Control characters of U+0080 to U+009F to the quotes, dashes and letters that were meant.

Pages have them where somebody read Windows-1252 as Latin-1 and saved it as UTF-8: "d\\x92abord",
"c\\x9cur". Nobody means a control character there, and U+0085 would end a line. The HTML standard
reads numeric references so (``&#146;``), but not the characters themselves, of which a browser
shows nothing, or a box. 31 of 2,150 real pages have some that are no part of mojibake.

In mojibake ("â\\x80\\x99") they are read so, too, which gives its commoner form ("â€™") and loses
nothing: `webfilter.extract.repair` undoes both. The five that Windows-1252 does not have stay.
"""

from __future__ import annotations

__all__ = ["meant"]

_MEANT = {
    byte: bytes((byte,)).decode("cp1252")
    for byte in range(0x80, 0xA0)
    if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}
_CONTROLS = tuple(map(chr, _MEANT))


def meant(text: str) -> str:
    """Return `text` with these control characters as Windows-1252 has them.

    >>> meant("l\\x92\\x9cuf \\x96 5 \\x80")
    'l’œuf – 5 €'
    """
    if text.isascii() or not any(control in text for control in _CONTROLS):
        return text
    return text.translate(_MEANT)
