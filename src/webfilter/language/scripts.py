"""Which script a text is written in: ISO 15924, from the ranges of its letters.

It counts letters by Unicode block, which is enough to name the script of a text; it does not tell
Simplified from Traditional Chinese (``Hani``), which is the language model's business.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from functools import lru_cache

__all__ = ["main_script"]

_RANGES = """
0041-007A Latn 00AA-024F Latn 0250-02AF Latn 0370-03FF Grek 0400-052F Cyrl 0531-058F Armn
0591-05F4 Hebr 0600-06FF Arab 0700-074F Syrc 0750-077F Arab 0780-07BF Thaa 07C0-07FF Nkoo
0800-083F Samr 0840-085F Mand 0860-086F Syrc 0870-08FF Arab 0900-097F Deva 0980-09FF Beng
0A00-0A7F Guru 0A80-0AFF Gujr 0B00-0B7F Orya 0B80-0BFF Taml 0C00-0C7F Telu 0C80-0CFF Knda
0D00-0D7F Mlym 0D80-0DFF Sinh 0E00-0E7F Thai 0E80-0EFF Laoo 0F00-0FFF Tibt 1000-109F Mymr
10A0-10FF Geor 1100-11FF Hang 1200-139F Ethi 13A0-13FF Cher 1400-167F Cans 1680-169F Ogam
16A0-16FF Runr 1700-171F Tglg 1780-17FF Khmr 1800-18AF Mong 18B0-18FF Cans 1900-194F Limb
1950-197F Tale 1980-19DF Talu 19E0-19FF Khmr 1A00-1A1F Bugi 1A20-1AAF Lana 1B00-1B7F Bali
1B80-1BBF Sund 1BC0-1BFF Batk 1C00-1C4F Lepc 1C50-1C7F Olck 1C80-1C8F Cyrl 1C90-1CBF Geor
1D00-1D7F Latn 1E00-1EFF Latn 1F00-1FFF Grek 2C00-2C5F Glag 2C60-2C7F Latn 2C80-2CFF Copt
2D00-2D2F Geor 2D30-2D7F Tfng 2D80-2DDF Ethi 2DE0-2DFF Cyrl 2E80-2FDF Hani 3005-3007 Hani
3041-309F Hira 30A1-30FF Kana 3105-312F Bopo 3131-318F Hang 31A0-31BF Bopo 31F0-31FF Kana
3400-4DBF Hani 4E00-9FFF Hani A000-A4CF Yiii A4D0-A4FF Lisu A500-A63F Vaii A640-A69F Cyrl
A720-A7FF Latn A800-A82F Sylo A840-A87F Phag A880-A8DF Saur A8E0-A8FF Deva A900-A92F Kali
A930-A95F Rjng A960-A97F Hang A980-A9DF Java A9E0-A9FF Mymr AA00-AA5F Cham AA60-AA7F Mymr
AAE0-AAFF Mtei AB00-AB2F Ethi AB30-AB6F Latn AB70-ABBF Cher ABC0-ABFF Mtei AC00-D7FF Hang
F900-FAFF Hani FB00-FB06 Latn FB13-FB17 Armn FB1D-FB4F Hebr FB50-FDFF Arab FE70-FEFE Arab
FF21-FF5A Latn FF66-FF9F Kana FFA0-FFDC Hang 10300-1032F Ital 10330-1034F Goth 10400-1044F Dsrt
11000-1107F Brah 1E800-1E8DF Mend 1E900-1E95F Adlm 20000-3FFFF Hani
"""

_TABLE = sorted(
    (int(span.partition("-")[0], 16), int(span.partition("-")[2], 16), script)
    for span, script in zip(_RANGES.split()[::2], _RANGES.split()[1::2], strict=True)
)
_STARTS = [start for start, _, _ in _TABLE]


@lru_cache(maxsize=8192)
def _script(char: str) -> str | None:
    point = ord(char)
    place = bisect_right(_STARTS, point) - 1
    if place < 0 or point > _TABLE[place][1]:
        return None
    return _TABLE[place][2]


def main_script(text: str) -> str | None:
    """Return the script of most letters of `text`; None where there are none.

    Any kana among Han makes Japanese (``Jpan``); Hangul is ``Hang``; letters of no known range are
    ``Zzzz``. Ties go to the script met first.

    >>> [main_script(text) for text in ("Ωμέγα", "漢字かな", "漢字", "한국어 OK", "12:30 €")]
    ['Grek', 'Jpan', 'Hani', 'Hang', None]
    """
    counts: Counter[str] = Counter()
    for char, times in Counter(text).items():
        if char.isalpha():
            counts[_script(char) or "Zzzz"] += times
    if not counts:
        return None
    kana = counts.pop("Hira", 0) + counts.pop("Kana", 0)
    if kana:
        counts["Jpan"] = kana + counts.pop("Hani", 0)
    return max(counts, key=counts.__getitem__)
