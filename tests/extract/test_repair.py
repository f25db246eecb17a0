"""Mojibake is undone, and nothing else is touched."""

from __future__ import annotations

import importlib.util
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pages import page

from webfilter.document import Document
from webfilter.errors import MissingExtra
from webfilter.extract import ENGINES, Extract
from webfilter.extract.repair import repaired
from webfilter.testing import check_stage

HERE = {"seconds": None, "memory_mb": None}
ftfy = pytest.mark.skipif(importlib.util.find_spec("ftfy") is None, reason="ftfy not installed")

TEXTS = {
    "de": "„Schöne Grüße“, sagte der Fuchs – und ging über die Straße.",
    "fr": "L’été où nous étions là, c’était déjà la fête à l’œuvre… « voilà »",
    "es": "¿Dónde está el niño? ¡Mañana será otro día!",
    "pt": "As informações estão à disposição não só dos irmãos.",
    "pl": "Zażółć gęślą jaźń, a potem pójdź, kiń tę chmurność w głąb flaszy.",
    "cs": "Příliš žluťoučký kůň úpěl ďábelské ódy.",
    "hu": "Árvíztűrő tükörfúrógép, az őszi szőlő és a hűs víz.",
    "tr": "Işığı gören çocuk şöyle dedi: güneş doğdu, İstanbul uyanıyor.",
    "vi": "Tôi có thể ăn thuỷ tinh mà không hại gì.",
    "is": "Ég get etið gler án þess að meiða mig, sagði Þór.",
    "ro": "Și știința își găsește calea în țară.",
    "el": "Το ψωμί και το κρασί, ύστερα από τη βροχή, είναι ωραία.",
    "ru": "Съешь же ещё этих мягких французских булок — «да выпей чаю».",
    "uk": "Її ґанок, їжак і єнот; п’ять днів.",
    "he": "שלום עולם, אכלתי לחם בבוקר.",
    "ar": "السماء زرقاء، والماء بارد في الصباح.",
    "hi": "आकाश नीला है और पानी ठंडा है।",
    "th": "ท้องฟ้าเป็นสีฟ้าและน้ำเย็น",
    "zh": "天空是蓝色的，水是冷的。“很好”，他说。",
    "ja": "空は青く、水は冷たい。「いいね」と彼は言った。ＡＢＣ ｶﾀｶﾅ",
    "ko": "하늘은 파랗고 물은 차갑다.",
    "signs": "½ × 3 ≤ 2 · ±1 °C — “quotes”, ‘single’, ﬁne ligatures, ™ ® © € £ ¥, naïve café",
    "odd": "VOILÀ; SÃO PAULO; ÀÉÎÕÜ; Ångström; Ðe þorn",
    "emoji": "😀 👩‍👩‍👧 🏳️‍🌈",
}


def broken(text: str, codec: str = "latin-1") -> str:
    return text.encode().decode(codec)


@ftfy
@pytest.mark.parametrize("language", sorted(TEXTS))
def test_correct_text_stays_as_it_is(language):
    text = TEXTS[language]
    assert repaired(text) is text
    html = page(f'<p title="{text}">{text}</p>')
    assert repaired(html) is html


@ftfy
@pytest.mark.parametrize("language", sorted(set(TEXTS) - {"signs", "odd"}))
def test_text_encoded_twice_is_undone(language):
    assert repaired(broken(TEXTS[language])) == TEXTS[language]
    assert repaired(broken(broken(TEXTS[language]))) == TEXTS[language]


@ftfy
def test_one_broken_piece_among_correct_ones_is_undone():
    html = f"<p>{TEXTS['zh']}</p><p>{broken(TEXTS['fr'])}</p><p>{TEXTS['ru']}</p>\n"
    assert repaired(html) == f"<p>{TEXTS['zh']}</p><p>{TEXTS['fr']}</p><p>{TEXTS['ru']}</p>\n"


@ftfy
@pytest.mark.parametrize("name", sorted(ENGINES))
def test_the_stage_undoes_it_and_says_so(name):
    body = f"<p>{TEXTS['de']} The girl saw the café, and it was not too far for us.</p>"
    head = '<meta name="author" content="Zoë Brontë">'
    twice = broken(page(body, head)).encode()
    [doc] = Extract(engine=name, repair=True, **HERE).process([Document("a", html=twice)])
    assert TEXTS["de"] in doc.text
    assert doc.meta["author"] == "Zoë Brontë"
    assert doc.signals["repaired"] is True
    [right] = Extract(engine=name, repair=True, **HERE).process(
        [Document("a", html=page(body, head).encode())]
    )
    assert right.text == doc.text
    assert right.signals["repaired"] is False
    [left] = Extract(engine=name, **HERE).process([Document("a", html=twice)])
    assert TEXTS["de"] not in left.text
    assert left.signals["repaired"] is None


@ftfy
def test_mojibake_in_entities_and_in_given_texts_is_undone_too():
    stage = Extract(engine="resiliparse", repair=True, **HERE)
    entities = page("<p>The caf&Atilde;&copy; on the corner has closed its doors.</p>").encode()
    html, text = stage.process([Document("a", html=entities), Document("b", broken(TEXTS["de"]))])
    assert "The café on the corner" in html.text
    assert text.text == TEXTS["de"]
    assert html.signals["repaired"] is text.signals["repaired"] is True


@ftfy
def test_contract_and_artifacts():
    check_stage(Extract(engine="resiliparse", repair=True, **HERE))
    assert "ftfy" in Extract(repair=True).artifacts
    assert "ftfy" not in Extract().artifacts


@ftfy
@pytest.mark.parametrize("unit", ["Ã", "Ã\x83", "â€™ ", "Ã©漢", "é", "é<", "â\x80"])
def test_hostile_text_takes_linear_time(unit):
    text = unit * (200_000 // len(unit))
    began = time.process_time()
    repaired(text)
    assert time.process_time() - began < 5


@ftfy
@given(st.text(max_size=200))
def test_any_text_is_survived_and_a_repair_is_final(text):
    once = repaired(text)
    assert repaired(once) == once


def test_a_missing_extra_speaks_when_the_stage_is_built(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"webfilter\[ftfy\]"):
        Extract(repair=True)
    Extract()
