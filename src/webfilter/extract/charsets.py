"""Bytes of a known encoding to characters, as browsers read them.

Python's codecs are of the same sets as those of the WHATWG Encoding Standard, less what Windows
added to them and pages use: ``①``, ``Ⅱ``, ``㈱`` and the Chinese characters of names in EUC-JP
and ISO-2022-JP, the euro in GBK and Big5. These are read here, and what Python reads as another
character, mostly one for private use, is what the standard says. Held against Chromium: all
sequences of one and two bytes, those of three in EUC-JP, and of four in GB 18030 up to U+FFFF.

Left as Python has it: 191 rare characters of Big5 (HKSCS of 2008, second places of some), one of
windows-1255, what stands for nothing in a single-byte set (U+FFFD here, a control character
there), and how many U+FFFD stand for a broken character.
"""

from __future__ import annotations

import codecs
import re

from webfilter.extract.labels import CODECS

__all__ = ["characters"]

_JAPANESE = ("〜‖−¢£¬", "～∥－￠￡￢")
_OTHERWISE = {
    "gb18030": (
        "\ue5e5\ue78d\ue78e\ue78f\ue790\ue791\ue792\ue793\ue794\ue795\ue796\ue7c7"
        "\ue81e\ue826\ue82b\ue82c\ue832\ue843\ue854\ue864\u1e3f",
        "\u3000︐︒︑︓︔︕︖︗︘︙\u1e3f龴龵龶龷龸龹龺龻\ue7c7",
    ),
    "big5": ("•､‾∼♁☉¥¢£", "‧﹑¯～⊕⊙￥￠￡"),
    "euc-jp": _JAPANESE,
    "iso-2022-jp": _JAPANESE,
    "koi8-u": ("╝╬", "ўЎ"),
    "shift_jis": ("\uf8f0\uf8f1\uf8f2\uf8f3", "\ufffd" * 4),
}
"""Characters that Python reads, and those that browsers do, by encoding."""
_TABLES = {name: str.maketrans(*pair) for name, pair in _OTHERWISE.items()}
_ANY = {name: re.compile(f"[{python}]") for name, (python, _) in _OTHERWISE.items()}
_ADDED_ROWS = (13, 89, 90, 91, 92)  # of JIS X 0208, by NEC and IBM
_OF_THREE = re.compile(rb"\x8f[\xa1-\xfe]{2}")  # JIS X 0212 in EUC-JP
_ASKED = ("gb18030", "big5", "euc-jp", "iso-2022-jp")  # what Python does not know


def characters(raw: bytes, name: str) -> str:
    """Return the text of `raw`; what cannot be decoded becomes U+FFFD.

    Args:
        raw: any bytes.
        name: an encoding that `webfilter.extract.labels.CODECS` names.

    >>> characters(b"\\xa4\\xb3\\xad\\xa1", "euc-jp"), characters(b"\\x805", "gb18030")
    ('こ①', '€5')
    """
    text = raw.decode(CODECS[name], f"webfilter.{name}" if name in _ASKED else "replace")
    if name not in _TABLES:
        return text
    table = _TABLES[name]
    return _ANY[name].sub(lambda found: chr(table[ord(found[0])]), text)


def _japanese(pair: bytes) -> str:
    """Return the character of a row that Windows added; empty if it is none."""
    row, cell = ((byte & 0x7F) - 0x20 for byte in pair)
    if row not in _ADDED_ROWS or not 1 <= cell <= 94 or (pair[0] ^ pair[1]) & 0x80:
        return ""
    lead = (row + 1) // 2 + (0x80 if row < 63 else 0xC0)  # the same in Shift_JIS
    trail = cell + (0x9E if row % 2 == 0 else 0x3F if cell < 64 else 0x40)
    found = bytes((lead, trail)).decode("cp932", "replace")
    return "" if "\ufffd" in found else found


def _in_japanese(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    if _OF_THREE.match(error.object, error.start):
        return "\ufffd", error.start + 3
    pair = error.object[error.start : error.start + 2]
    found = _japanese(pair) if len(pair) == 2 else ""
    return (found, error.start + 2) if found else ("\ufffd", error.end)


def _in_gb18030(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    euro = error.object[error.start] == 0x80
    return ("€", error.start + 1) if euro else ("\ufffd", error.end)


def _in_big5(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    euro = error.object.startswith(b"\xa3\xe1", error.start)
    return ("€", error.start + 2) if euro else ("\ufffd", error.end)


for _name, _handler in (
    ("gb18030", _in_gb18030),
    ("big5", _in_big5),
    ("euc-jp", _in_japanese),
    ("iso-2022-jp", _in_japanese),
):
    codecs.register_error(f"webfilter.{_name}", _handler)
