"""Encodings: labels against Python's own codecs, real confusions, and bytes that are no text."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st
from resiliparse.parse.encoding import map_encoding_to_html5

from webfilter.extract.charsets import characters
from webfilter.extract.encoding import decode, detect
from webfilter.extract.labels import _NAMES, CODECS, name_of

RUSSIAN = "Пчёлы видят свет, которого не видим мы. Многие цветы несут на себе метки в этом свете. "
JAPANESE = "蜜蜂は人間には見えない光を見ることができます。多くの花はこの光の中に印を持っています。"
CHINESE = "蜜蜂能看见我们看不见的光。许多花在这种光里带有标记，这些标记指向有糖的地方。"
TAIWANESE = "蜜蜂能看見我們看不見的光。許多花在這種光裡帶有標記，這些標記指向有糖的地方。"
KOREAN = "벌은 우리가 볼 수 없는 빛을 본다. 많은 꽃은 이 빛 속에 표시를 지니고 있다. "
GREEK = "Οι μέλισσες βλέπουν ένα φως που εμείς δεν βλέπουμε. Πολλά λουλούδια έχουν σημάδια. "
GERMAN = (
    "Bienen sehen Licht, das wir nicht sehen. Viele Blüten tragen Zeichen, größer als man glaubt. "
)
CZECH = "Včely vidí světlo, které my nevidíme. Mnoho květů nese značky, které vedou k cukru. "
SAMPLES = [
    (RUSSIAN, "windows-1251"), (RUSSIAN, "koi8-r"), (JAPANESE, "shift_jis"), (JAPANESE, "euc-jp"),
    (CHINESE, "gb18030"), (TAIWANESE, "big5"), (KOREAN, "euc-kr"), (GREEK, "windows-1253"),
    (GERMAN, "windows-1252"), (CZECH, "windows-1250"), (CZECH, "iso-8859-2"),
]  # fmt: skip

NAMES = [name for _, name in SAMPLES]


def html(text: str, charset: str | None = None) -> str:
    meta = f'<meta charset="{charset}">' if charset else ""
    return (
        f"<html><head>{meta}<style>p {{color: red}}</style></head><body><p>{text}</p></body></html>"
    )


def test_labels_mean_what_the_standard_says():
    """resiliparse's map of the same standard is the oracle, where it has not adjusted it."""
    adjusted = {"iso-8859-8-i", "windows-874", "x-mac-cyrillic", "iso-2022-kr", "hz-gb-2312"}
    compared = 0
    for label, name in _NAMES.items():
        other = map_encoding_to_html5(label, fallback_utf8=False)
        if name in adjusted or other is None or label == "gb18030":
            continue
        wanted = {"gb18030": "gbk", "big5": "big5", "shift_jis": "shift_jis", "euc-kr": "euc_kr"}
        wanted["iso-2022-jp"] = "iso2022_jp"
        mine = wanted.get(name, CODECS[name])
        assert codecs.lookup(other).name == codecs.lookup(mine).name, label
        compared += 1
    assert compared > 190


def test_labels_forgive_case_and_space_and_know_no_python_specials():
    assert name_of("\tUTF-8 ") == "utf-8"
    for label in ("rot13", "zlib", "unicode_escape", "idna", "utf-7", "", None):
        assert name_of(label) is None


@pytest.mark.parametrize(("text", "name"), SAMPLES, ids=NAMES)
def test_header_and_meta_are_believed(text, name):
    text = text * 3
    page = html(text)
    raw = page.encode(CODECS[name])
    assert decode(raw, f"text/html; charset={name}") == (page, name, "header")
    page = html(text, name.upper())
    assert decode(page.encode(CODECS[name]), "text/html") == (page, name, "meta")


@pytest.mark.parametrize(("text", "name"), SAMPLES, ids=NAMES)
def test_without_a_declaration_it_is_detected(text, name):
    raw = html(text * 3).encode(CODECS[name])
    decoded = decode(raw, None)
    assert decoded.text == html(text * 3)  # cousins that agree on this text are as good
    assert (decoded.encoding, decoded.source) == (detect(raw), "detected")


def test_detection_finds_text_that_comes_after_much_markup():
    raw = b"<html><script>" + b"var a = 1;\n" * 20_000 + b"</script>" + RUSSIAN.encode("cp1251")
    assert detect(raw * 2) == "windows-1251"
    flat = b"<html><script>" + b"var a = 1; " * 200_000 + b"</script>" + RUSSIAN.encode("cp1251")
    assert detect(flat) == "windows-1251"


def test_big5_that_the_detector_takes_for_gbk_is_told_apart(monkeypatch):
    """It did for 15 of 428 real texts."""
    monkeypatch.setattr("resiliparse.parse.encoding.detect_encoding", lambda *_, **__: "gb18030")
    assert detect(html(TAIWANESE).encode("big5hkscs")) == "big5"
    assert detect(html(CHINESE).encode("gb18030")) == "gb18030"


@pytest.mark.parametrize("declared", ["iso-8859-1", "windows-1251", "gb2312", "shift_jis"])
def test_utf_8_is_seen_through_a_wrong_declaration(declared):
    page = html(GERMAN)
    assert decode(page.encode(), f"text/html;charset={declared}") == (page, "utf-8", "detected")
    page = html(RUSSIAN, declared) + "<script>'~{\x1b$B'</script>"
    assert decode(page.encode()).text == page


@pytest.mark.parametrize("declared", ["iso-2022-jp", "iso-2022-kr", "hz-gb-2312"])
def test_what_is_declared_to_be_of_seven_bits_and_has_no_sign_of_it_is_not(declared):
    page = html(RUSSIAN, declared)
    assert decode(page.encode()).text == page


def test_a_wrong_utf_8_is_seen_through_too():
    page = html(GERMAN * 3, "utf-8")
    decoded = decode(page.encode("windows-1252"), "text/html; charset=utf-8")
    assert decoded == (page, "windows-1252", "detected")


def test_the_header_stands_above_meta_and_meta_above_an_unknown_header():
    raw = html(RUSSIAN, "koi8-r").encode("cp1251")
    assert decode(raw, 'text/html; charset="windows-1251"').source == "header"
    raw = html(RUSSIAN, "koi8-r").encode("koi8-r")
    assert decode(raw, "text/html; charset=klingon").source == "meta"


def test_cut_and_slightly_broken_utf_8_stays_utf_8():
    raw = html(JAPANESE).encode()[: -len("</p></body></html>") - 1]
    assert decode(raw).encoding == "utf-8"
    raw = html(RUSSIAN * 3).encode().replace("света".encode(), b"\xff")
    assert decode(raw + b"\xff", "text/html; charset=iso-8859-1").encoding == "utf-8"


@pytest.mark.parametrize("head", ["<meta charset=utf-8>", ""])
def test_a_character_cut_within_does_not_overrule_a_declared_utf_8(head):
    raw = f"<html>{head}<p>Grüße aus Köln".encode() + b"<p>sch\xc3..."
    said = None if head else "text/html; charset=utf-8"
    assert decode(raw, said).text == f"<html>{head}<p>Grüße aus Köln<p>sch\ufffd..."


def test_one_accent_at_the_end_is_not_cut_utf_8():
    assert decode(b"<p>caf\xe9").text == "<p>café"


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf_16_with_and_without_a_mark(codec):
    name = codec.replace("-16-", "-16")
    page = html(JAPANESE)
    raw = page.encode(codec)
    assert decode(raw) == (page, name, "detected")
    assert decode(raw, f"text/html; charset={name}") == (page, name, "header")
    mark = codecs.BOM_UTF16_LE if codec.endswith("le") else codecs.BOM_UTF16_BE
    assert decode(mark + raw, "text/html; charset=utf-8") == (page, name, "bom")


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    "text", [RUSSIAN, GREEK, JAPANESE * 30, CHINESE * 30, "礼 一\u3000" * 500, "礼删" + "见 " * 9]
)
def test_utf_16_of_text_that_is_not_latin(text, codec):
    """Russian in UTF-16 is valid UTF-8, and the NULs of its markup are far from a quarter."""
    name, page = codec.replace("-16-", "-16"), f"<p>{text}</p><p>{text}</p>"
    assert decode(page.encode(codec), f"text/html; charset={name}") == (page, name, "header")
    assert decode(page.encode(codec), "text/html") == (page, name, "detected")


@pytest.mark.parametrize("raw", [b"<p>a\0b", b"<p>a\0b\0<b>c\0d\0e\0</b>", b"<p>a" + b" \0" * 5])
@pytest.mark.parametrize("name", ["utf-16le", "utf-16be"])
def test_some_nuls_make_no_utf_16_whatever_is_declared(raw, name):
    text = raw.replace(b"\0", b"").decode()
    assert decode(raw, f"text/html; charset={name}") == (text, "utf-8", "detected")


def test_a_declaration_of_utf_16_that_could_be_read_is_wrong():
    page = html(GERMAN, "utf-16")
    assert decode(page.encode()) == (page, "utf-8", "meta")


def test_bom_xml_declaration_and_http_equiv():
    assert decode("\ufeff<p>é".encode()) == ("<p>é", "utf-8", "bom")
    raw = b'<?xml version="1.0" encoding="iso-8859-2"?><html><p>' + CZECH.encode("iso-8859-2")
    assert decode(raw).encoding == "iso-8859-2"
    meta = b'<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=windows-1251">'
    assert decode(meta + RUSSIAN.encode("cp1251")).source == "meta"


RUSSIANS = "<meta charset=windows-1251>"
BY_HTTP = "<meta content='text/html; charset=windows-1251' http-equiv=content-type>"


@pytest.mark.parametrize(
    "other",
    [
        "<?xml version='1.0' encoding='iso-8859-1'?>",
        "<meta name='keywords' content='fonts, charset=koi8-r'>",
        "<meta name=description content=\"'charset=koi8-r'\">",
        "<meta data-charset=koi8-r property=charset content=koi8-r>",
        "<meta http-equiv=refresh content='5; charset=koi8-r'>",
        "<meta charset=klingon>",
        "<metadata charset=koi8-r>",
    ],
)
@pytest.mark.parametrize("meta", [RUSSIANS, BY_HTTP])
def test_only_what_declares_the_encoding_is_asked_and_meta_before_xml(other, meta):
    raw = f"{other}<html>{meta}<p>{RUSSIAN}".encode("cp1251")
    assert decode(raw) == (raw.decode("cp1251"), "windows-1251", "meta")


@pytest.mark.parametrize(
    "meta",
    [
        "<META HTTP-EQUIV=Content-Type CONTENT=text/html;charset=koi8-r>",
        "<meta http-equiv='Content-Type' content='text/html' charset='KOI8-R'/>",
        '<meta http-equiv="content-type" content="text/html; charset=koi8-r>',
        "<meta http-equiv=content-type content='; charset=windows-1251' charset=koi8-r>",
        '<meta name="a=b" charset = " koi8-r ">',
        "<meta charset='koi8-r' charset='windows-1251'>",
    ],
)
def test_ways_to_write_the_declaration(meta):
    raw = f"<html>{meta}<p>{RUSSIAN}".encode("koi8-r")
    assert decode(raw) == (raw.decode("koi8-r"), "koi8-r", "meta")


def test_a_declaration_in_a_comment_does_not_count():
    raw = b'<!-- <meta charset="koi8-r"> --><html><p>' + RUSSIAN.encode("cp1251")
    assert decode(raw) == (raw.decode("cp1251"), "windows-1251", "detected")


@pytest.mark.parametrize(
    ("raw", "name", "text"),
    [
        (b"\xad\xa1\xad\xb6\xad\xea\xfc\xe2", "euc-jp", "①Ⅱ㈱髙"),
        (b"\xa1\xc1\xa1\xdd\xa1\xf1", "euc-jp", "～－￠"),
        (b"\x1b$B-!-6-j|b\x1b(B \x1b(I123\x1b(B", "iso-2022-jp", "①Ⅱ㈱髙 ｱｲｳ"),
        (b"\x80 5\xa3\xa0\xa1\xa3\xa8\xbc", "gbk", "€ 5\u3000。ḿ"),
        (b"\xa3\xe1 \xa1E\xa1\xe3\xa2F", "big5", "€ ‧～￠"),
        (b"\xae\xbe", "koi8-u", "ўЎ"),
    ],
)
def test_what_windows_added_to_a_set_is_read_as_browsers_do(raw, name, text):
    """The indexes of the Encoding Standard; read by Chromium, too."""
    written = {"euc-jp": JAPANESE, "gbk": CHINESE, "big5": TAIWANESE, "koi8-u": RUSSIAN}
    page = f"<p>{written.get(name, 'x')}</p>"
    whole = f"{page}<p>|</p>{page}".encode(CODECS[name_of(name)]).replace(b"|", raw)
    decoded = decode(whole, f"text/html; charset={name}")
    assert (decoded.text, decoded.source) == (f"{page}<p>{text}</p>{page}", "header")


@pytest.mark.parametrize(
    ("raw", "name", "text"),
    [
        (b"\xad\xbf<b>\xad<b>\xad", "euc-jp", "\ufffd\ufffd<b>\ufffd<b>\ufffd"),
        (b"\xf9\xff<b>\xf9\xa0", "euc-jp", "\ufffd\ufffd<b>\ufffd\ufffd"),
        (b"\x8f\xa2\xa1<b>\x8f\xa2<b>\x80\xa2", "euc-jp", "\ufffd<b>\ufffd\ufffd<b>\ufffd\ufffd"),
        (b"\x1b$B-?\x1b(B<b>\xad", "iso-2022-jp", "\ufffd<b>\ufffd"),
        (b"\xff<b>\xff", "gb18030", "\ufffd<b>\ufffd"),
        (b"\xa3<b>\xa3", "big5", "\ufffd<b>\ufffd"),
        (b"\xa0\xfd<b>", "shift_jis", "\ufffd\ufffd<b>"),
    ],
)
def test_broken_characters_are_told_and_take_no_markup_along(raw, name, text):
    assert characters(raw, name) == text


def test_seven_bit_japanese():
    page = html(JAPANESE, "iso-2022-jp")
    assert decode(page.encode("iso-2022-jp")) == (page, "iso-2022-jp", "meta")


def test_nul_is_removed():
    assert decode(b"<p>a\0b").text == "<p>ab"


@given(st.binary(max_size=300), st.one_of(st.none(), st.text(max_size=40), st.integers()))
def test_it_never_raises(raw, content_type):
    text, name, source = decode(raw, content_type)
    assert "\0" not in text
    assert name in CODECS
    assert source in {"bom", "header", "meta", "detected"}


@pytest.mark.parametrize(
    "raw", [b"", b"\xff", b"\xfe\xff\x00", b"\xff\xfe\x00\x00", bytes(range(256)) * 8]
)
@pytest.mark.parametrize("name", sorted(CODECS))
def test_any_bytes_under_any_declaration(raw, name):
    text = decode(raw, f"text/html; charset={name}").text
    assert "\0" not in text
    text.encode()


def test_a_header_of_blanks_is_passed_by():
    said = "text/html; charset=" + " " * 500_000 + ";"  # not done in hours, if any is tried again
    assert decode(b"<p>Tide.", said).encoding == "utf-8"
