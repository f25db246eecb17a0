"""What a code point is: the classes that tokens, sentences and heuristics ask for, as one table.

The letters, marks and icons are those of the systems that we agree with (spaCy's English tokenizer
and sentencizer, datatrove's punctuation), written as ranges of hexadecimal code points so that they
do not move with the Unicode version of the interpreter; "alphabetic" and "punctuation category" do
move with it, as they do there.
"""

from __future__ import annotations

import sys
import unicodedata
from functools import cache

import numpy as np
import numpy.typing as npt

__all__ = [
    "ALPHA",
    "ALPHABETIC",
    "BLANK",
    "COLON",
    "DIGIT",
    "DOT",
    "EDGE",
    "HARD",
    "HEAD",
    "ICONS",
    "LEAD",
    "LETTER",
    "LOWER",
    "NO_PUNCTUATION",
    "NO_SYMBOL",
    "PEELED",
    "QUOTES",
    "SENTENCE_END",
    "SENTENCE_END_BIT",
    "SOLO",
    "SYMBOLS",
    "TERMINAL_MARKS",
    "TO_DOT",
    "TO_DOT_BIT",
    "UPPER",
    "UPPER_BIT",
    "class_table",
    "ranges",
]


def ranges(spec: str) -> frozenset[str]:
    """Return the characters of `spec`: hexadecimal code points and ranges, space-separated.

    >>> sorted(ranges("41-43 61"))
    ['A', 'B', 'C', 'a']
    """
    found: set[str] = set()
    for part in spec.split():
        first, _, last = part.partition("-")
        found.update(map(chr, range(int(first, 16), int(last or first, 16) + 1)))
    return frozenset(found)


_CASED = (
    "41-5A 61-7A C0-D6 D8-F6 F8-1BF 1C4-2AF 386 388-38A 38C 38E-38F 391-3A9 3AC-3AF 3B1-3C9 "
    "3CC-3CE 400-401 403-40A 40C-40D 410-451 453-45A 45C-45D 490-491 496-497 4A2-4A3 4AE-4AF "
    "4BA-4BB 4D8-4D9 4E8-4E9 1D00-1D25 1D6B-1D77 1D79-1D9A 1E00-1EFF 2C60-2C7B 2C7E-2C7F "
    "A722-A76F A771-A787 A78B-A78E A790-A7B9 A7FA AB30-AB5A AB60-AB64 FF21-FF3A FF41-FF5A"
)
_UNCASED = (
    "591-5F4 620-64A 66E-6D5 6E5-6FF 750-77F 8A0-8BD 900-9FF B80-CFF D80-DFF 1100-137F "
    "2E80-2FDF 2FF0-30FF 31C0-31EF 3200-4DBF 4E00-9FFF AC00-D7AF F900-FAFF FB1D-FBB1 FBD3-FD3D "
    "FD50-FDC7 FDF0-FDFB FE30-FE4F FE70-FEFC 1EE00-1EEBB 1F200-1F2FF 20000-2A6DF 2A700-2EBEF "
    "2F800-2FA1F"
)
_ICONS = (
    "A6 A9 AE B0 482 58D-58E 60E-60F 6DE 6E9 6FD-6FE 7F6 9FA B70 BF3-BF8 BFA C7F D4F D79 "
    "F01-F03 F13 F15-F17 F1A-F1F F34 F36 F38 FBE-FC5 FC7-FCC FCE-FCF FD5-FD8 109E-109F "
    "1390-1399 1940 19DE-19FF 1B61-1B6A 1B74-1B7C 2100-2101 2103-2106 2108-2109 2114 2116-2117 "
    "211E-2123 2125 2127 2129 212E 213A-213B 214A 214C-214D 214F 218A-218B 2195-2199 219C-219F "
    "21A1-21A2 21A4-21A5 21A7-21AD 21AF-21CD 21D0-21D1 21D3 21D5-21F3 2300-2307 230C-231F "
    "2322-2328 232B-237B 237D-239A 23B4-23DB 23E2-2426 2440-244A 249C-24E9 2500-25B6 25B8-25C0 "
    "25C2-25F7 2600-266E 2670-2767 2794-27BF 2800-28FF 2B00-2B2F 2B45-2B46 2B4D-2B73 2B76-2B95 "
    "2B98-2BC8 2BCA-2BFE 2CE5-2CEA 2E80-2E99 2E9B-2EF3 2F00-2FD5 2FF0-2FFB 3004 3012-3013 3020 "
    "3036-3037 303E-303F 3190-3191 3196-319F 31C0-31E3 3200-321E 322A-3247 3250 3260-327F "
    "328A-32B0 32C0-32FE 3300-33FF 4DC0-4DFF A490-A4C6 A828-A82B A836-A837 A839 AA77-AA79 FDFD "
    "FFE4 FFE8 FFED-FFEE FFFC-FFFD 10137-1013F 10179-10189 1018C-1018E 10190-1019B 101A0 "
    "101D0-101FC 10877-10878 10AC8 1173F 16B3C-16B3F 16B45 1BC9C 1D000-1D0F5 1D100-1D126 "
    "1D129-1D164 1D16A-1D16C 1D183-1D184 1D18C-1D1A9 1D1AE-1D1E8 1D200-1D241 1D245 1D300-1D356 "
    "1D800-1D9FF 1DA37-1DA3A 1DA6D-1DA74 1DA76-1DA83 1DA85-1DA86 1ECAC 1F000-1F02B 1F030-1F093 "
    "1F0A0-1F0AE 1F0B1-1F0BF 1F0C1-1F0CF 1F0D1-1F0F5 1F110-1F16B 1F170-1F1AC 1F1E6-1F202 "
    "1F210-1F23B 1F240-1F248 1F250-1F251 1F260-1F265 1F300-1F3FA 1F400-1F6D4 1F6E0-1F6EC "
    "1F6F0-1F6F9 1F700-1F773 1F780-1F7D8 1F800-1F80B 1F810-1F847 1F850-1F859 1F860-1F887 "
    "1F890-1F8AD 1F900-1F90B 1F910-1F93E 1F940-1F970 1F973-1F976 1F97A 1F97C-1F9A2 1F9B0-1F9B9 "
    "1F9C0-1F9C2 1F9D0-1F9FF 1FA60-1FA6D"
)
_TERMINAL = (
    "21 2E 3F 589 61D-61F 6D4 700-702 7F9 837 839 83D-83E 964-965 104A-104B 1362 1367-1368 166E "
    "1735-1736 17D4-17D6 17D9-17DA 1803 1809 1944-1945 1AA8-1AAB 1B5A-1B5B 1B5E-1B5F 1B7D-1B7E "
    "1C3B-1C3C 1C7E-1C7F 203C-203D 2047-2049 2E2E 2E3C 2E53-2E54 3002 A4FF A60E-A60F A6F3 A6F7 "
    "A876-A877 A8CE-A8CF A92F A9C8-A9C9 AA5D-AA5F AAF0-AAF1 ABEB FE52 FE56-FE57 FF01 FF0E FF1F "
    "FF61 10A56-10A57 10F55-10F59 10F86-10F89 11047-11048 110BE-110C1 11141-11143 111C5-111C6 "
    "111CD 111DE-111DF 11238-11239 1123B-1123C 112A9 1144B-1144C 115C2-115C3 115C9-115D7 "
    "11641-11642 1173C-1173E 11944 11946 11A42-11A43 11A9B-11A9C 11C41-11C42 11EF7-11EF8 "
    "11F43-11F44 16A6E-16A6F 16AF5 16B37-16B38 16B44 16E98 1BC9F 1DA88"
)
_NO_SENTENCE_END = (
    "61D-61E 837 839 83D-83E 17D4-17D6 17D9-17DA 1B7D-1B7E 2E53-2E54 10F55-10F59 10F86-10F89 "
    "11944 11946 11EF7-11EF8 11F43-11F44 16E98"
)
_SYMBOLS = (
    "0-8 B-1F 22-2D 2F 3A-3E 40 5B-60 7B-9F AB B4 BB 2013-2014 2019 201C-201E 2026 2236 2501 "
    "25BA 3001 3008-300D 3010-3011 FF05 FF08-FF09 FF0C FF11 FF1A-FF1B FF5E"
)

ICONS = ranges(_ICONS)
"""Symbols, dingbats and emoji that spaCy splits off wherever they stand."""
ALPHA = ranges(_CASED) | ranges(_UNCASED)
"""spaCy's letters; scripts without case count as both lower and upper."""
LOWER = frozenset(c for c in ranges(_CASED) if c.islower()) | ranges(_UNCASED) | {"\u0294"}
UPPER = frozenset(c for c in ranges(_CASED) if c.isupper()) | ranges(_UNCASED)
QUOTES = frozenset("'\"”“`‘´’‚,„»«「」『』（）〔〕【】《》\u3008\u3009\u2329\u232a⟦⟧")
PUNCTUATION = frozenset("…,:;!?¿؟¡()[]{}<>_#*&。？！，、；：～·।،۔؛٪")
PEELED = PUNCTUATION | QUOTES | ICONS
"""Single characters that spaCy peels off either end of a chunk."""
TO_DOT = LOWER | PUNCTUATION | QUOTES | frozenset("0123456789%²-+|(?:)")
"""Characters after which a final period is a token of its own."""
TERMINAL_MARKS = ranges(_TERMINAL)
"""The 159 marks that end a sentence in some script, as datatrove has them; no quotes, no "…"."""
SENTENCE_END = TERMINAL_MARKS - ranges(_NO_SENTENCE_END)
"""Those of them at which spaCy's sentencizer ends a sentence."""
SYMBOLS = TERMINAL_MARKS | ranges(_SYMBOLS)
"""datatrove's punctuation set; a token of these alone is no word for Gopher. "•" is not in it."""

# one bit a class
BLANK = 1
LETTER = 2
"""Takes part in no splitting rule: letters and marks of all scripts, other digits, the rest."""
DIGIT = 4
"""0 to 9."""
EDGE = 8
"""Punctuation that always splits off at the edge of a chunk, with no exception to look up."""
DOT = 16
COLON = 32
HARD = 64
"""Takes part in a rule that looks further: apostrophes, hyphens, currency, icons and so on."""
TO_DOT_BIT = 128
UPPER_BIT = 256
ALPHABETIC = 512
"""`str.isalpha`."""
NO_SYMBOL = 1024
"""Not in `SYMBOLS`."""
NO_PUNCTUATION = 2048
"""Not of a Unicode punctuation category."""
SENTENCE_END_BIT = 4096
SOLO = 8192
"""Han, Hiragana and their punctuation: each a token of its own in the profile ``scripts``."""
HEAD = 16384
"""Thai, Lao, Khmer: a cluster begins here."""
LEAD = 32768
"""Thai, Lao: a vowel written before its consonant; Khmer: the sign that joins the next one."""

_SOLO = (
    "2E80-2FDF 3001-3003 3005-3011 3014-301F 3041-3096 309D-309F 30FB 3400-4DBF 4E00-9FFF "
    "F900-FAFF FF01-FF0F FF1A-FF20 FF3B-FF40 FF5B-FF65 20000-323AF"
)
_HEADS = "E01-E2E E40-E44 E81-EAE EC0-EC4 1780-17B3"
_LEADS = "E40-E44 EC0-EC4 17D2"
_EDGE = frozenset(',!?()[]"”“«»')
_ASSIGNED = 0x323B0  # beyond: nothing but tags, selectors, private use


@cache
def class_table() -> npt.NDArray[np.uint16]:
    """Return the classes of every code point, shape (0x110000,): read-only, built once."""
    table = np.full(sys.maxunicode + 1, LETTER | NO_SYMBOL | NO_PUNCTUATION, dtype=np.uint16)
    alphabetic, punctuation, blank = [], [], []
    for code in range(_ASSIGNED):
        char = chr(code)
        if char.isalpha():
            alphabetic.append(code)
        elif char.isspace():
            blank.append(code)
        elif unicodedata.category(char)[0] == "P":
            punctuation.append(code)
    table[alphabetic] |= ALPHABETIC
    table[punctuation] &= 0xFFFF ^ NO_PUNCTUATION

    def classed(chars: frozenset[str], bit: int, instead_of: int = 0) -> None:
        codes = [ord(char) for char in chars]
        table[codes] = (table[codes] & (0xFFFF ^ instead_of)) | bit

    classed(SYMBOLS, 0, instead_of=NO_SYMBOL)
    classed(PEELED | frozenset("§%=—–+-*^/~<>$£€¥฿₽﷼") | ranges("20A0-20BF"), HARD, LETTER)
    classed(_EDGE, EDGE, instead_of=HARD)
    classed(frozenset("."), DOT, instead_of=LETTER)
    classed(frozenset(":;"), COLON, instead_of=HARD)
    classed(frozenset("0123456789"), DIGIT, instead_of=LETTER)
    classed(TO_DOT, TO_DOT_BIT)
    classed(UPPER, UPPER_BIT)
    classed(SENTENCE_END, SENTENCE_END_BIT)
    classed(ranges(_SOLO), SOLO)
    classed(ranges(_HEADS), HEAD)
    classed(ranges(_LEADS), LEAD)
    table[blank] = BLANK
    table.flags.writeable = False
    return table
