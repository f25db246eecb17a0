"""Which script a text is written in: ISO 15924, from the ranges of its letters.

It counts letters by Unicode block. Chinese is told to be Simplified or Traditional (``Hans``,
``Hant``) by its commonest characters of two forms, and is ``Hani`` where these do not decide.
Japanese without kana looks the same; telling the language is the engine's business.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from webfilter.language.features import TOP, Letters, letters, points_of

__all__ = ["SCRIPTS", "main_script", "main_scripts"]

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

_SIMPLIFIED = frozenset(
    "们这为说时会对来发国学东车书长门问间见觉让认识话谁读谢钱银铁错难题馆马鱼鸟龙爱网"
    "电视现实应该给过还样种经济业务员体关开无产动两儿亲听写买卖单双变条张带师总战报场"
    "处妈办边进远连运选达岁义乐习乡亚传价众优伟伤军农决况净凉减击刘则刚创剧劝劳势医华"
    "协卫历压县参叶启响园围图团圆坚坏块声备够头奋奖妇权构标树桥机杀杂极层属岛币帮归忆"
    "忧怀态惊惯护担拥择换损据扩断旧显晓暂术满灵灯点烧热爷牵独状环画疗盘码确离积称稳穷"
    "竞笔签简类粮紧级纪约红纯线组细终结绝统继续维绿编缘罗职联胜脑脸艺节苏药虑补装规观"
    "计订讨训议记讲许论设访证评词试诗诚语误请诸课调谈谓负贡财责贤败货质贵费资赏赛赶转"
    "轮软轻载较辆输辑"
)
_TRADITIONAL = frozenset(
    "們這為說時會對來發國學東車書長門問間見覺讓認識話誰讀謝錢銀鐵錯難題館馬魚鳥龍愛網"
    "電視現實應該給過還樣種經濟業務員體關開無產動兩兒親聽寫買賣單雙變條張帶師總戰報場"
    "處媽辦邊進遠連運選達歲義樂習鄉亞傳價眾優偉傷軍農決況淨涼減擊劉則剛創劇勸勞勢醫華"
    "協衛歷壓縣參葉啟響園圍圖團圓堅壞塊聲備夠頭奮獎婦權構標樹橋機殺雜極層屬島幣幫歸憶"
    "憂懷態驚慣護擔擁擇換損據擴斷舊顯曉暫術滿靈燈點燒熱爺牽獨狀環畫療盤碼確離積稱穩窮"
    "競筆簽簡類糧緊級紀約紅純線組細終結絕統繼續維綠編緣羅職聯勝腦臉藝節蘇藥慮補裝規觀"
    "計訂討訓議記講許論設訪證評詞試詩誠語誤請諸課調談謂負貢財責賢敗貨質貴費資賞賽趕轉"
    "輪軟輕載較輛輸輯"
)
"""The commonest characters that have two forms, in the same order: each written in one of them."""

SCRIPTS = (
    "Zzzz", "Hans", "Hant", "Jpan", *sorted({*_RANGES.split()[1::2]} - {"Hira", "Kana"}),
)  # fmt: skip
"""What `main_scripts` counts by; ``Zzzz`` is a letter of no known range, ``Jpan`` a kana."""
_HANI, _HANS, _HANT, _JPAN = map(SCRIPTS.index, ("Hani", "Hans", "Hant", "Jpan"))
_NONE = len(SCRIPTS)


@lru_cache(maxsize=1)
def _table() -> NDArray[np.uint8]:
    """Return the place in `SCRIPTS` for every code point, `_NONE` for what is no letter."""
    of = np.zeros(TOP, np.uint8)
    spans = _RANGES.split()
    for span, script in zip(spans[::2], spans[1::2], strict=True):
        start, _, end = span.partition("-")
        kana = script in {"Hira", "Kana"}
        of[int(start, 16) : int(end, 16) + 1] = _JPAN if kana else SCRIPTS.index(script)
    for chars, place in ((_SIMPLIFIED, _HANS), (_TRADITIONAL, _HANT)):
        of[[ord(char) for char in chars]] = place
    letters = np.fromiter(map(str.isalpha, map(chr, range(TOP))), bool, TOP)
    of[~letters] = _NONE
    of[-1] = _HANI  # what lies above the table: rare ideographs
    return of


def main_scripts(found: Letters, texts: int) -> NDArray[np.int64]:
    """Return the place in `SCRIPTS` of each text's main script; -1 where there is no letter.

    Args:
        found: the letters of all texts.
        texts: how many there are.
    """
    width = _NONE + 1
    places = found.owners * width + _table().take(found.points)
    counts = np.bincount(places, found.times, texts * width).astype(np.int64)
    counts = counts.reshape(texts, width)[:, :_NONE].copy()
    simplified, traditional = counts[:, _HANS].copy(), counts[:, _HANT].copy()
    counts[:, _HANI] += simplified + traditional
    counts[:, [_HANS, _HANT]] = 0
    counts[:, _JPAN] += np.where(counts[:, _JPAN] > 0, counts[:, _HANI], 0)  # so more than these
    best = np.where(counts.any(axis=1), counts.argmax(axis=1), -1)
    chinese = np.sign(simplified - traditional) * (best == _HANI)
    return np.where(chinese > 0, _HANS, np.where(chinese < 0, _HANT, best))


def main_script(text: str) -> str | None:
    """Return the script of most letters of `text`; None where there are none.

    Any kana among Han makes Japanese (``Jpan``); Hangul is ``Hang``; letters of no known range are
    ``Zzzz``. Ties go to the script that comes first in `SCRIPTS`.

    >>> [main_script(text) for text in ("Ωμέγα", "漢字かな", "漢字", "한국어 OK", "12:30 €")]
    ['Grek', 'Jpan', 'Hani', 'Hang', None]
    >>> [main_script(text) for text in ("我们说话", "我們說話")]
    ['Hans', 'Hant']
    """
    (place,) = main_scripts(letters(*points_of([text])), 1)
    return None if place < 0 else SCRIPTS[place]
