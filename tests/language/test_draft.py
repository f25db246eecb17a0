"""DraftLanguage: what a look at raw HTML tells, whom it spares, and that nothing slows it down."""

from __future__ import annotations

import codecs
import pickle
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import webfilter as wf
from webfilter.document import Document
from webfilter.errors import ConfigError, MissingExtra, UnknownName
from webfilter.language import Language, LanguageParts, engines
from webfilter.language import prose as prose_module
from webfilter.language.draft import DraftLanguage
from webfilter.language.prose import prose
from webfilter.testing import check_stage

GERMAN = (
    "Der Zug nach München hatte gestern wieder eine halbe Stunde Verspätung, und im Abteil war es "
    "so kalt, dass die Fahrgäste ihre Mäntel anbehielten.",
    "Am Abend erzählte meine Großmutter, wie sie als Kind jeden Winter über den zugefrorenen See "
    "zur Schule gegangen war.",
    "Die Bäckerei an der Ecke öffnet schon um sechs Uhr, weil die Leute vor der Arbeit frische "
    "Brötchen kaufen wollen.",
)
ENGLISH = (
    "The committee meets every second Thursday in the old library near the station, and anybody "
    "who lives in the village may come and listen.",
    "In the evening my grandmother told us how she had walked to school across the frozen lake "
    "every winter when she was a child.",
    "The bakery on the corner opens as early as six, because people want to buy fresh bread before "
    "they go to work.",
)
RUSSIAN = (
    "Вчера вечером мы долго гуляли по набережной и разговаривали о работе, а потом пошли домой.",
    "Бабушка рассказывала, как в детстве каждую зиму ходила в школу по льду через замёрзшее озеро.",
)
JAPANESE = (
    "昨日の夕方、私たちは川沿いを散歩しながら仕事の話をしました。それから家に帰って夕食を食べました。",
    "祖母は子供のころ、毎年冬になると凍った湖を渡って学校に通っていたと話してくれました。",
)
CHINESE = (
    "昨天傍晚我们沿着河边散步，聊了很久关于工作的事情，然后一起回家吃了晚饭。",
    "祖母告诉我们，她小时候每年冬天都要走过结冰的湖面去上学。",
)
ENGLISH_MENU = (
    "<div>We use cookies to make this site better. By clicking Accept you agree to our use of "
    "cookies and similar technologies on this website.</div><nav>"
    + "".join(
        f"<a href=/{n}>{n}</a>" for n in ("Home", "About", "Contact", "Shop", "Login", "Help")
    )
    + "</nav>"
)
GERMAN_MENU = (
    "<div>Wir verwenden Cookies, um unsere Webseite für Sie möglichst benutzerfreundlich zu "
    "gestalten. Mehr erfahren Sie in der Datenschutzerklärung.</div><nav>"
    + "".join(f"<a>{n}</a>" for n in ("Startseite", "Über uns", "Kontakt", "Anmelden", "Hilfe"))
    + "</nav>"
)


def page(*paragraphs: str, menu: str = "", head: str = "", times: int = 6) -> str:
    body = "".join(f"<p class='text'>{text}</p>\n" for text in paragraphs * times)
    return f"<!DOCTYPE html><html><head>{head}</head><body>{menu}<main>{body}</main></body></html>"


def told(html: str | bytes, stage: DraftLanguage | None = None, **meta: str) -> Document:
    raw = html.encode() if isinstance(html, str) else html
    (doc,) = (stage or DraftLanguage({"en"})).process([Document("a", html=raw, meta=meta)])
    return doc


def test_pages_in_languages_asked_for_stay_and_others_go() -> None:
    pages = {"de": GERMAN, "en": ENGLISH, "ru": RUSSIAN, "ja": JAPANESE, "zh": CHINESE}
    for asked in pages:
        for language, paragraphs in pages.items():
            doc = told(page(*paragraphs), DraftLanguage({asked}))
            assert doc.signals["draft_language"] == language
            assert doc.live == (language == asked)
    assert str(told(page(*GERMAN)).verdict).startswith("draft_language: draft_language_score 0")


def test_menus_and_banners_do_not_decide() -> None:
    german = page(*GERMAN, menu=ENGLISH_MENU)
    assert told(german).signals["draft_language"] == "de"
    assert told(german, DraftLanguage({"de"})).live
    english = page(*ENGLISH, menu=GERMAN_MENU)
    assert told(english).signals["draft_language"] == "en"
    assert told(english).live


@pytest.mark.parametrize("half", [GERMAN, RUSSIAN, JAPANESE])
def test_mixed_pages_pass_for_both_languages(half: tuple[str, ...]) -> None:
    other = told(page(*half)).signals["draft_language"]
    for mixed in (page(*ENGLISH) + page(*half), page(*half) + page(*ENGLISH)):
        assert told(mixed, DraftLanguage({"en"})).live
        assert told(mixed, DraftLanguage({other})).live


def test_a_quarter_in_the_language_asked_for_saves_the_page() -> None:
    for place in range(4):
        parts = [page(*GERMAN)] * 4
        parts[place] = page(*ENGLISH)
        assert told("".join(parts)).live


def test_the_language_told_is_that_of_most_parts() -> None:
    for few in (ENGLISH, RUSSIAN):  # whichever way the codes are sorted
        raw = page(*few) + page(*GERMAN) * 4
        assert told(raw, DraftLanguage(None)).signals["draft_language"] == "de"


def test_the_declared_language_does_not_matter() -> None:
    lying = page(*GERMAN).replace("<html>", "<html lang='en-US'>")
    assert not told(lying).live
    assert told(page(*ENGLISH).replace("<html>", "<html lang='de'>")).live


@pytest.mark.parametrize(
    ("language", "paragraphs", "encoding"),
    [
        ("ru", RUSSIAN, "windows-1251"),
        ("ru", RUSSIAN, "koi8-r"),
        ("ja", JAPANESE, "shift_jis"),
        ("ja", JAPANESE, "euc-jp"),
        ("zh", CHINESE, "gbk"),
        ("zh", CHINESE, "utf-8"),
        ("de", GERMAN, "latin-1"),
        ("de", GERMAN, "utf-16"),
        ("de", GERMAN, "utf-16-le"),
        ("ru", RUSSIAN, "utf-16-be"),
        ("en", ENGLISH, "utf-16"),
    ],
)
def test_encodings_undeclared_or_declared_wrong(
    language: str, paragraphs: tuple[str, ...], encoding: str
) -> None:
    links = "<link rel=stylesheet href=style.css>" * 20  # UTF-16 is told by its markup
    for head in (links, "<meta charset=utf-8>" + links):
        raw = page(*paragraphs, head=head).encode(encoding)
        doc = told(raw, DraftLanguage({language}))
        assert (doc.live, doc.signals["draft_language"]) == (True, language)
        assert not told(raw, DraftLanguage({"fi"})).live
    raw = page(*paragraphs, head=links).encode(encoding)
    assert told(raw, content_type="text/html; charset=utf-8").signals["draft_language"] == language


def test_seven_bit_japanese_is_read_as_declared() -> None:
    raw = page(*JAPANESE, head="<meta charset=iso-2022-jp>").encode("iso-2022-jp")
    assert told(raw).signals["draft_language"] == "ja"


def test_the_encoding_that_the_head_declares_is_believed() -> None:
    turkish = "Kütüphaneler pazar günleri de açıktır, böylece herkes ücretsiz kitap okuyabilir. "
    raw = page(turkish, times=6, head="<meta charset=iso-8859-3>").encode("iso-8859-3")
    assert turkish.strip() in prose(raw)  # detected, it would be windows-1252


def test_text_written_as_entities_is_read() -> None:
    written = page(*("".join(f"&#{ord(char)};" for char in text) for text in RUSSIAN))
    assert told(written).signals["draft_language"] == "ru"


@pytest.mark.parametrize("tag", ["script", "STYLE", "noscript", "Template", "svg"])
def test_text_that_is_not_shown_does_not_count(tag: str) -> None:
    hidden = f"<{tag}><b>{'</b>: <b>'.join(ENGLISH * 9)}</b></{tag} >"
    assert not told(page(*GERMAN, menu=hidden)).live
    comment = f"<!-- <p>{'</p><p>'.join(ENGLISH * 9)}</p> -->"
    assert not told(page(*GERMAN, menu=comment)).live
    assert prose(hidden.encode()) == ""


def test_what_looks_hidden_and_is_not() -> None:
    assert told("<strong>" + page(*ENGLISH)).live
    for opener in ("<!-->", "<!--->", "<noscript>", "<svg>", "<template>"):
        assert prose((opener + page(*ENGLISH)).encode()).count("library") == 6
    for opener in ("<script>", "<style>", "<!-- "):  # all that follows
        assert prose((opener + page(*ENGLISH)).encode()) == ""


def test_a_title_counts() -> None:
    title = f"<title>{ENGLISH[0]}</title>"
    assert "library" in prose(title.encode())
    assert told(title).signals["draft_language"] == "en"


def test_pages_with_nothing_to_go_by_are_not_judged() -> None:
    for html in (
        "",
        "<p>",
        "<div id=app></div><script src=a.js></script>",
        "<p>12:30 99 € 2024</p>",
        "<a>Přeskočit na obsah</a>",
    ):
        doc = told(html)
        assert doc.live
        assert doc.signals == {"draft_language": None, "draft_language_score": None}
    figures = "<td>" + "2024-05-01 12:30:45 99.5 % +49 30 1234567 " * 20
    assert told(figures, DraftLanguage({"de"})).live


def test_documents_without_html_are_not_judged() -> None:
    (doc,) = DraftLanguage({"en"}).process([Document("a", " ".join(GERMAN))])
    assert doc.live
    assert doc.signals == {"draft_language": None, "draft_language_score": None}


def test_the_ends_and_the_middle_of_a_large_page_are_read() -> None:
    padding = "<i class='padding of some kind'></i>" * 20_000
    for paragraphs in (("", "", "x"), ("", "x", ""), ("x", "", "")):
        html = padding.join(page(*ENGLISH) if mark else "<p></p>" for mark in paragraphs)
        assert told(html).signals["draft_language"] == "en"


def test_a_script_that_a_piece_begins_in_is_not_read() -> None:
    script = f"<script>var pages = ['<p>{ENGLISH[0]}</p>'];" + "/* <b> */" * 20_000 + "</script>"
    data = f"<script>[{', '.join(f'<p>{text}</p>' for text in ENGLISH * 600)}]</SCRIPT>"
    for hidden in (script, data):
        assert not told(page(*GERMAN) + hidden + page(*GERMAN)).live
        assert prose(hidden.encode()) == ""
    data = f"<script>[{'1, ' * 100_000}]</SCRIPT>{page(*ENGLISH)}"
    assert prose(data.encode()).count("library") == 6


def test_blank_runs_are_none_and_short_ones_are_read_where_there_is_no_other() -> None:
    cells = f"<tr>{' ' * 60}<td>{' ' * 60}Der Hund bellt.{' ' * 9}</td>" * 20
    assert prose(cells.encode()) == "\n".join(["Der Hund bellt."] * 20)


def test_a_page_cut_into_pieces_keeps_its_encoding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prose_module, "_PIECE", 1_001)
    for paragraphs, encoding in ((RUSSIAN, "utf-8"), (JAPANESE, "shift_jis"), (CHINESE, "gbk")):
        text = prose(page(*paragraphs, times=40).encode(encoding))
        lines = set(text.splitlines())
        assert "\ufffd" not in text
        assert any(paragraph in lines for paragraph in paragraphs)


HOSTILE = {
    "comment": b"<!--" + b"x" * 250_000,
    "comments": b"<!--" * 15_000,
    "empty comments": b"<!---->" * 40_000,
    "script": b"<script>" + b"if (a<b && c>d) " * 15_000,
    "scripts": b"<script " * 30_000,
    "noscripts": b"<noscript>" * 25_000,
    "pairs": b"<script></script>" * 15_000,
    "less": b"<" * 250_000,
    "more": b">" * 250_000,
    "both": b"><" * 125_000,
    "nul": b"\0" * 250_000,
    "nul in text": b"<p>w\0o\0r\0d\0 " * 30_000,
    "deep": b"<div>" * 40_000,
    "entities": b"<p>" + b"&" * 250_000,
    "numbers": b"<p>" + b"&#x110000;&#55296;" * 15_000,
    "one line": b"<p>" + b"wordy " * 40_000,
    "attributes": b"<p " + b"a='>' " * 40_000,
    "escapes": b"\x1b$B" * 80_000,
    "high": b"\xff\xfe\xfd" * 80_000,
    "bom": codecs.BOM_UTF16_LE + b"<" * 249_999,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_of_a_hostile_page_of_megabytes_little_is_read(name: str) -> None:
    raw = HOSTILE[name] * 20
    assert sum(map(len, prose_module._pieces(raw))) <= 3 * prose_module._PIECE < len(raw) / 5
    assert told(raw).signals.keys() == {"draft_language", "draft_language_score"}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_read_is_read_in_linear_time(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight times the bytes may take three times as long as they should; quadratic: eight times."""
    monkeypatch.setattr(prose_module, "_PIECE", 10_000_000)

    def seconds(raw: bytes) -> float:
        start = time.process_time()
        prose(raw)
        return time.process_time() - start

    raw = HOSTILE[name]
    small = min(seconds(raw[: len(raw) // 8]) for _ in range(3))
    assert seconds(raw) < 24 * small + 0.1


@settings(max_examples=50, deadline=None)
@given(st.lists(st.binary(max_size=60) | st.sampled_from([
    b"<", b">", b"<!--", b"-->", b"<script>", b"</script>", b"<svg", b"<p>", b"\0", b"\x1b$B",
    b"\xff\xfe", ENGLISH[0].encode(), RUSSIAN[0].encode("cp1251"), b"<meta charset=utf-16>",
]), max_size=30))  # fmt: skip
def test_anything_is_measured(pieces: list[bytes]) -> None:
    raw = b"".join(pieces)
    doc = told(raw, DraftLanguage(None))
    score = doc.signals["draft_language_score"]
    assert doc.live
    assert (score is None) == (doc.signals["draft_language"] is None)
    assert score is None or 0 <= score <= 1
    assert told(b" " + raw).id == "a"


@pytest.mark.parametrize(
    "stage", [DraftLanguage(), DraftLanguage(None), DraftLanguage({"de", "fi"}, 0.6)]
)
def test_the_contract_of_stages(stage: DraftLanguage) -> None:
    pages = [page(*GERMAN), page(*ENGLISH, menu=GERMAN_MENU), page(*RUSSIAN)]
    docs = [Document(f"page-{n}", html=html.encode()) for n, html in enumerate(pages)]
    check_stage(stage, [*docs, Document("cp1251", html=page(*RUSSIAN).encode("cp1251"))])


def test_none_judges_nothing() -> None:
    for stage in (DraftLanguage(None), DraftLanguage({"en"}, min_score=None)):
        assert stage.rules == ()
        doc = told(page(*GERMAN), stage)
        assert (doc.live, doc.signals["draft_language"]) == (True, "de")
    assert told(page(*GERMAN), DraftLanguage(None)).signals["draft_language_score"] > 0.9


@pytest.mark.parametrize("stage", [DraftLanguage, Language, LanguageParts])
def test_errors_of_an_engine_name_the_stage_that_asked(
    stage: type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engines._open.cache_clear()
    for engine in ("lingua", "langdetect"):
        monkeypatch.setitem(sys.modules, engine, None)
        with pytest.raises(MissingExtra, match=rf"^{stage.name}: engine '{engine}': .*\[{engine}"):
            stage({"en"}, engine=engine)
    (bad := tmp_path / "bad.bin").write_bytes(b"no model at all")
    for model in (tmp_path / "none.bin", bad):
        with pytest.raises(ConfigError, match=rf"^{stage.name}: model = .*{model.name}"):
            stage({"en"}, engine="fasttext", model=model)
    monkeypatch.setattr("webfilter.language.fasttext_module._there", lambda: False)
    monkeypatch.setattr("webfilter.language.fasttext_module.claims", list)
    with pytest.raises(MissingExtra, match=rf"^{stage.name}: engine 'fasttext': .*\[fasttext"):
        stage({"en"}, engine="fasttext", model=bad)


def test_configuration_errors_name_the_stage_the_field_and_the_fix() -> None:
    with pytest.raises(UnknownName, match="did you mean"):
        DraftLanguage({"germn"})
    with pytest.raises(ConfigError, match=r"draft_language: languages is empty"):
        DraftLanguage(frozenset())
    with pytest.raises(ConfigError, match=r"draft_language: min_score = 30"):
        DraftLanguage({"en"}, min_score=30)
    with pytest.raises(ConfigError, match=r"draft_language: engine = 'fasttext'.*needs a model"):
        DraftLanguage({"en"}, engine="fasttext")
    with pytest.raises(ConfigError, match=r"draft_language: engine = 'cld3'"):
        DraftLanguage({"en"}, engine="cld3")
    with pytest.raises(ConfigError, match=r"draft_language: languages = 'en'"):
        DraftLanguage("en")  # type: ignore[arg-type]


def test_codes_are_normalized_and_members_accepted() -> None:
    assert DraftLanguage({"eng_Latn", "German"}) == DraftLanguage({"en", "de"})
    assert told(page(*CHINESE), DraftLanguage({"zho"})).live
    stage = DraftLanguage({"de"})
    assert pickle.loads(pickle.dumps(stage)) == stage
    assert stage.artifacts == Language({"de"}).artifacts
    assert replace(stage, min_score=0.1).languages == {"de"}


@pytest.mark.parametrize("cascade", [False, True])
def test_before_extraction_in_a_pipeline(cascade: bool) -> None:
    extract = wf.Extract(engine="resiliparse", seconds=None, memory_mb=None)
    pipe = DraftLanguage({"en"}) | extract | Language({"en"})
    if cascade:
        pipe = pipe.cascaded(draft=extract)
    raws = {
        "english": page(*ENGLISH, menu=GERMAN_MENU).encode(),
        "german": page(*GERMAN, menu=ENGLISH_MENU).encode(),
        "russian": page(*RUSSIAN).encode("cp1251"),
        "empty": b"<p></p>",
    }
    docs = {doc.id: doc for doc in pipe(Document(name, html=raw) for name, raw in raws.items())}
    assert docs["english"].live
    assert docs["english"].signals["draft_language"] == docs["english"].signals["language"] == "en"
    for name in ("german", "russian"):
        verdict = docs[name].verdict
        assert verdict is not None
        assert (verdict.stage, verdict.reason) == ("draft_language", "draft_language_score")
        assert docs[name].html == raws[name]
        assert "language" not in docs[name].signals
    assert docs["empty"].verdict is not None
    assert docs["empty"].verdict.stage != "draft_language"


def test_measuring_everything_audits_the_draft() -> None:
    extract = wf.Extract(engine="resiliparse", seconds=None, memory_mb=None)
    pipe = DraftLanguage({"en"}) | extract | Language({"en"})
    docs = [Document("german", html=page(*GERMAN).encode())]
    dropped = wf.write.memory()
    pipe.run(docs, dropped=dropped, measure_all=True, progress=False)
    [doc] = dropped.docs
    assert doc.verdict is not None
    assert (doc.verdict.stage, doc.signals["language"]) == ("draft_language", "de")
