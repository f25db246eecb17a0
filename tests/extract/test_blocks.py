"""Our own engine: what it keeps of pages of several kinds and languages, and that it stays sane."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pages import FIRST, MENU, SECOND, page

from webfilter.document import Document
from webfilter.errors import ConfigError
from webfilter.extract import Extract
from webfilter.extract.blocks import engine as blocks_engine
from webfilter.extract.blocks.engine import Blocks, _once, _whole
from webfilter.extract.blocks.features import NAMES, features, first_words, word_hashes
from webfilter.extract.blocks.model import TYPES, Model, see
from webfilter.extract.blocks.names import CLASSES, LONGEST, split, tokens, understood
from webfilter.extract.dom import read
from webfilter.extract.engine import Options, engine

ARTICLES = {
    "de": (
        "Bienen sehen kein Rot, aber sie sehen ein Licht, das wir nicht sehen können. Viele Blüten "
        "tragen Zeichen in diesem Licht, und sie führen an den Ort, an dem der Zucker ist.",
        "Eine Kundschafterin, die ein gutes Feld gefunden hat, fliegt heim und tanzt auf der Wabe. "
        "Der Winkel ihres Tanzes nennt den Weg, und seine Länge sagt, wie weit er ist.",
        "Impressum", "Über uns",
    ),
    "ru": (
        "Пчёлы не видят красного цвета, но видят свет, которого не видим мы. На многих цветах есть "
        "знаки, видимые только в этом свете, и они ведут туда, где спрятан сахар.",
        "Разведчица, нашедшая хорошее поле, летит домой и танцует на сотах. Угол её танца "
        "указывает путь, а его длина говорит, как далеко придётся лететь остальным.",
        "Контакты", "О проекте",
    ),
    "ar": (
        "لا يرى النحل اللون الأحمر، لكنه يرى ضوءا لا نستطيع أن نراه. تحمل أزهار كثيرة علامات في "
        "هذا الضوء، وهذه العلامات تقود إلى المكان الذي يوجد فيه السكر.",
        "النحلة التي تجد حقلا جيدا تطير إلى البيت وترقص على القرص. زاوية رقصتها تدل على الطريق، "
        "وطولها يدل على المسافة التي يجب على الأخريات أن يقطعنها.",
        "اتصل بنا", "من نحن",
    ),
    "ja": (
        "ミツバチは赤い色を見ることができませんが、私たちには見えない光を見ることができます。"
        "多くの花にはこの光の中でだけ見える印があり、その印は蜜のある場所へと導きます。",
        "よい花畑を見つけた偵察のハチは巣に帰り、巣板の上で踊ります。踊りの角度は方向を示し、"
        "その長さは仲間がどれだけ遠くまで飛ばなければならないかを伝えます。",
        "お問い合わせ", "会社概要",
    ),
}  # fmt: skip
POSTS = [
    "Has anybody seen bees on their lavender this early? Mine came out in the first week of March.",
    "Yes, here too. It was a very mild winter, and the willows have been in flower for ten days.",
    "Leave them a shallow dish with water and some stones, they drink more than you would think.",
    "Thank you both, I have put one out and they found it within the hour. What a lovely sight.",
]


def text_of(html: str, **options) -> str:
    return engine("blocks", Options(**options)).extract(html, None).text


def article(language: str) -> str:
    first, second, imprint, about = ARTICLES[language]
    menu = f'<li><a href="/1">{about}</a></li><li><a href="/2">{imprint}</a></li>' * 3
    return (
        f'<html lang="{language}"><head><title>{first[:20]}</title></head><body><header><nav><ul>'
        f"{menu}</ul></nav></header><main><article><h1>{first[:20]}</h1><p>{first}</p><p>{second}"
        f"</p></article></main><footer><ul>{menu}</ul></footer></body></html>"
    )


def thread(texts: Sequence[str] = POSTS) -> str:
    posts = "".join(
        f'<li class="message" id="post-{n}"><div class="message-user"><a href="/u/{n}">user{n}</a>'
        f'<span>Member since 2019</span></div><div class="message-body"><p>{post}</p></div>'
        '<div class="message-actions"><a href="#">Like</a> <a href="#">Reply</a></div></li>'
        for n, post in enumerate(texts)
    )
    return (
        "<html><head><title>Bees in March - Garden Forum</title></head><body>"
        f'<nav class="menu"><ul>{MENU}</ul></nav><h1>Bees in March</h1>'
        f'<ol class="thread">{posts}</ol><div class="footer"><a href="/terms">Terms and rules</a> '
        '<a href="/privacy">Privacy policy</a></div></body></html>'
    )


@pytest.mark.parametrize("language", sorted(ARTICLES))
def test_articles_in_other_languages_and_scripts(language):
    found = text_of(article(language))
    first, second, imprint, about = ARTICLES[language]
    assert first in found
    assert second in found
    assert imprint not in found
    assert about not in found


def test_all_posts_of_a_thread_are_content_and_its_buttons_are_not():
    found = text_of(thread())
    for post in POSTS:
        assert post in found
    for noise in ("Section 3", "Privacy policy"):
        assert noise not in found


def test_a_text_that_stands_twice_in_the_page_is_written_once():
    """For narrow and for wide screens: 1 in 20 pages of WCXB has its text twice."""
    twice = page(f'<div class="mobile-only"><p>{FIRST}</p><p>{SECOND}</p></div>')
    assert text_of(twice).count(FIRST) == 1
    assert text_of(twice).count(SECOND) == 1


def test_the_text_that_a_page_of_scripts_carries_for_search_engines():
    body = f"<p>{FIRST}</p><p>{SECOND}</p>"
    data = json.dumps({"@type": "NewsArticle", "headline": "Bees", "articleBody": body})
    script = f'<script type="application/ld+json">{data}</script>'
    empty = f'<html><head>{script}</head><body><div id="root">Loading</div></body></html>'
    assert text_of(empty) == f"{FIRST}\n{SECOND}"
    [doc] = Extract(seconds=None, memory_mb=None)([Document("a", html=empty.encode())])
    assert doc.text == f"{FIRST}\n{SECOND}"  # nobody else is asked: there is no doubt in a choice
    assert doc.signals["extract_engine"] == "blocks"
    assert doc.signals["extract_confidence"] is None
    assert text_of(page(head=script)) == text_of(page())


def once(*lines: str, within: str = "p") -> list[int]:
    """Return which of these lines are kept; those in another element than `within` say so."""
    dom = read(
        "".join(line if line.startswith("<") else f"<{within}>{line}</{within}>" for line in lines)
    )
    return _once(dom, list(range(len(dom.blocks))))


def test_short_paragraphs_may_repeat_and_longer_ones_not():
    lines = ["Yes", "No way", FIRST, "no  way", "Yes", SECOND, FIRST.upper(), "Read it all"]
    assert once(*lines, "Read it<br>all", "Yes") == [0, 1, 2, 3, 4, 5, 7, 9]
    assert once("beekeepersguild", "x", "beekeepersguild", "beekeeperguild", "beekeeperguild") == [
        0,
        1,
        3,
        4,
    ]


@pytest.mark.parametrize("within", ["li", "dt", "dd", "h2", "h4"])
def test_single_items_and_headings_may_repeat_unless_they_are_long(within):
    lines = ["Yes", "No way", FIRST, "no  way", "Yes", SECOND, FIRST.upper(), "Read it all"]
    kept = [0, 1, 2, 3, 4, 5, 7, 8, 9]
    if within.startswith("h"):
        kept.remove(8)  # right behind itself
    assert once(*lines, "Read it<br>all", "Yes", within=within) == kept


def test_items_that_repeat_in_a_row_are_a_copy_if_they_are_long_together():
    lines = ["How to fix it", "Turn it off and on", "Look at all of the cables", "Ask us by mail"]
    rest = ["Then call us on the phone", "Or come to the workshop"]
    assert len("".join(lines)) < blocks_engine._LEAST_COPIED <= len("".join(lines + rest))
    assert once(*lines, FIRST, *lines, within="li") == list(range(9))
    assert once(*lines, *rest, FIRST, *lines, *rest, within="li") == list(range(7))
    assert once(*lines, *rest, FIRST, *reversed([*lines, *rest]), within="li") == list(range(13))
    assert once(*lines, *rest, *lines, "x", *rest, within="li") == list(range(13))
    answers = ["Agree", "Disagree"] * 50
    assert once(*answers, within="li") == list(range(100))


@pytest.mark.parametrize("within", ["pre", "table"])
def test_nothing_in_a_table_or_as_it_is_written_is_a_copy(within):
    def row(text: str) -> str:
        return f"<pre><p>{text}</pre>" if within == "pre" else f"<table><tr><td>{text}</table>"

    rows = [row(FIRST), row(SECOND)]
    assert once(*rows, *rows, FIRST, SECOND) == list(range(6))
    assert once(FIRST, row("x"), SECOND, row("x"), FIRST, SECOND) == [0, 1, 2, 3]
    lines = [f"<li>{line}" for line in ("Turn it off and on", "Look at all of the cables")] * 2
    assert once(*lines, row("x"), *lines, row("x"), *lines) == list(range(14))


def test_what_repeats_in_the_text_is_written_each_time():
    quiz = "<p>{} Where do you find {}?</p><ul><li>Only in plants</li><li>Only in animals</li></ul>"
    table = (
        "<table><tr><th>What</th><th>Clover</th><th>Lime</th></tr><tr><td>Bees in March</td>"
        "<td>Not seen at all</td><td>Seen since 2009</td></tr><tr><td>Bees in April</td>"
        "<td>Not seen at all</td><td>Seen since 2009</td></tr></table>"
    )
    code = "<pre><code><div>return None  # nothing</div><div>fly()</div></code></pre>"
    html = page(
        quiz.format("1.", "sugar") + quiz.format("2.", "wings") + table + code + f"<p>{SECOND[:60]}"
        f"</p>{code}<h2>How to help them</h2><p>{FIRST[:70]}</p><h2>How to help them</h2>"
    )
    found = text_of(html)
    for text in ("Only in plants", "Only in animals", "Not seen at all", "Seen since 2009"):
        assert found.count(text) == 2
    assert found.count("return None  # nothing") == 2
    assert found.count("How to help them") == 2


def test_a_second_reply_that_is_alike_is_written_where_replies_are_items():
    reply = "Thank you very much, that was it!"
    assert text_of(thread([*POSTS[:2], reply, *POSTS[2:], reply])).count(reply) == 2


def test_precision_keeps_less():
    for html in (page(), thread(), article("de")):
        sure, more = (text_of(html, precision=only).split("\n") for only in (True, False))
        # the dash of an item goes to its first line that is kept
        assert {line.removeprefix("- ") for line in sure} <= {
            line.removeprefix("- ") for line in more
        }


def test_markdown_has_the_same_words():
    html = page("<ul><li>Clover</li><li>Lime</li></ul><pre>a = 1\nb = 2</pre>")
    plain, marked = text_of(html), text_of(html, markdown=True)
    assert re.findall(r"\w+", marked) == re.findall(r"\w+", plain)
    assert FIRST in marked


def judged(html: str, *chances: float, alike: bool = False) -> list[float]:
    """Return the chances of blocks of one character, or of their lengths, as `_whole` has them."""
    dom = read(html)
    seen = see(html, dom, None)
    size = np.array([len(block.text) - 1 for block in dom.blocks], dtype=np.float32)
    seen = replace(seen, page=seen.page._replace(size=size))
    with pytest.MonkeyPatch.context() as patch:
        if not alike:
            patch.setattr(blocks_engine, "_alike", lambda tree: np.full(len(tree.chain), -1))
        found = _whole(dom, np.array(chances, dtype=np.float32), seen)
    return [round(chance, 4) for chance in found.tolist()]


@pytest.mark.parametrize(
    ("whole", "part"),
    [
        ("<table>{}</table>", "<tr><td>{}</td><td>{}</td></tr>"),
        ("<ul>{}</ul>", "<li>{}</li><li>{}</li>"),
        ("<ol>{}</ol>", "<li><p>{}</p><p>{}</p></li>"),
        ("<dl>{}</dl>", "<dt>{}</dt><dd>{}</dd>"),
    ],
)
def test_a_table_or_list_is_kept_whole_or_not_at_all(whole, part):
    parts = part.format("a", "b" * 3) + part.format("c", "d" * 5)
    html = f"<p>e</p>{whole.format(parts)}<p>f</p>"
    assert judged(html, 0, 0.1, 0.2, 0.3, 0.4, 1) == [0, 0.3, 0.3, 0.3, 0.3, 1]
    if "dt" not in part:
        html = html.replace("c", "c" * 201)
        assert judged(html, 0, 0.1, 0.2, 0.3, 0.4, 1) == [0, 0.1, 0.2, 0.3, 0.4, 1]


def test_a_term_of_a_long_list_is_as_likely_as_what_explains_it():
    said = f"<dd>{'x' * 201}<p>y</p></dd>"
    html = f"<dl><dt>a<dt>b{said}<dt>c{said}<dt>d</dl><dl><div><dt>e{said}</div></dl>"
    found = judged(html, 0.1, 0.2, 0.7, 0, 0.8, 0.5, 0.9, 0.3, 0.1, 0.6, 0.2)
    assert found == [0.7, 0.7, 0.7, 0, 0.8, 0.5, 0.9, 0.3, 0.6, 0.6, 0.2]


def test_a_heading_is_judged_by_what_stands_under_it_too():
    html = "<p>a<h1>b</h1><h2>c</h2><p>d<h3></h3><div><h4>e</h4></div>f<h2>g</h2>"
    found = judged(html, 0.1, 0.3, 0.5, 0.9, 0.6, 0.2, 0.8)
    assert found == [0.1, 0.5, 0.7, 0.9, 0.4, 0.2, 0.8]


def test_a_formula_is_as_likely_as_what_stands_beside_it():
    one = r"<p>\(x = \frac{1}{2}\)"
    html = f"<p>a{one}{one}<p>b<p>for each \\(x\\) of them<p>c{one}"
    found = judged(html, 0.9, 0.1, 0, 0.2, 0.3, 0.4, 0.8)
    assert found == [0.9, 0.9, 0.9, 0.2, 0.3, 0.4, 0.8]
    html = f"{one}<p>a<p>b{one}<p>c<p>d"
    assert judged(html, 0.1, 0.3, 0.2, 0, 0.4, 0.9) == [0.3, 0.3, 0.2, 0.4, 0.4, 0.9]


def test_a_list_within_an_item_is_judged_for_itself():
    html = "<ul><li>a<ul><li>b<li>c</ul><li>d</ul>"
    assert judged(html, 0, 0.5, 0.7, 1, alike=True) == [0.5, 0.6, 0.6, 0.5]


def cards(tags="div div div", names="card card card", first="a") -> str:
    """Return three cards with a front and a back, and a paragraph."""
    parts = [
        f'<div class="{name} c{n}"><{tag} id="front-{n}">{first if n == 0 else "b"}</{tag}>'
        '<div class="back">c</div></div>'
        for n, (tag, name) in enumerate(zip(tags.split(), names.split(), strict=True))
    ]
    return f'<div class="cards">{"".join(parts)}</div><p>d</p>'


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (cards(), [0.3, 0.6, 0.3, 0.6, 0.3, 0.6, 0]),
        (cards("p div div"), [0.1, 0.6, 0.2, 0.6, 0.6, 0.6, 0]),  # two are too few
        (cards(names="card other card"), [0.1, 0.9, 0.2, 0.5, 0.6, 0.4, 0]),
        (cards(first="a" * 201), [0.1, 0.6, 0.2, 0.6, 0.6, 0.6, 0]),
        (cards().replace("card c2", "card c2x"), [0.1, 0.9, 0.2, 0.5, 0.6, 0.4, 0]),
        (cards("li li li").replace("back", "b"), [0.1, 0.6, 0.2, 0.6, 0.6, 0.6, 0]),
        # in lists beside each other, but not in parts beside each other
        (
            cards().replace(
                "</div></div><div class", "</div></div></div><div class=cards><div class"
            ),
            [0.3, 0.6, 0.3, 0.6, 0.3, 0.6, 0],
        ),
        (
            cards()
            .replace(
                "</div></div><div class",
                "</div></div></div></div><div class=part><div class=cards><div class",
            )
            .replace("<div", "<div class=part><div", 1)
            + "</div>",
            [0.1, 0.9, 0.2, 0.5, 0.6, 0.4, 0],
        ),
    ],
)
def test_what_looks_alike_is_kept_whole_too(html, expected):
    assert judged(html, 0.1, 0.9, 0.2, 0.5, 0.6, 0.4, 0, alike=True) == expected


def test_a_term_is_kept_with_its_definition():
    terms = "".join(
        f"<dt>{name}</dt><dd>{said}</dd>"
        for name, said in (
            ("Photon", FIRST[:120]),
            ("Quark", SECOND[:120]),
            ("Muon", FIRST[20:140]),
        )
    )
    text = engine("blocks").extract(page(f"<dl>{terms}</dl>"), None).text
    assert [name in text for name in ("Photon", "Quark", "Muon")] in ([True] * 3, [False] * 3)


def test_confidence_is_high_on_an_article_and_0_on_nothing():
    good = engine("blocks").extract(page(), None)
    assert good.confidence is not None
    assert good.confidence > 0.7
    for html in ("", "<html></html>", "<script>1</script>", "   "):
        assert engine("blocks").extract(html, None) == ("", 0.0)


def test_a_page_of_which_nothing_is_kept_is_unsure_but_not_given_to_another_engine():
    html = "<nav><ul><li><a href=/>Home</a><li><a href=/a>About</a></ul></nav><footer>© 2020"
    found = engine("blocks").extract(html, None)
    assert found.text == ""
    assert 0 < found.confidence < engine("blocks").extract(page(), None).confidence - 0.2
    [doc] = Extract("auto", seconds=None, memory_mb=None).process(
        [Document("a", html=html.encode())]
    )
    assert doc.signals["extract_engine"].startswith("blocks")


def test_a_page_is_the_same_whatever_came_before_and_without_address():
    pages = [page(), thread(), article("ja"), page("<p>One more paragraph, and a long one.</p>")]
    first = [text_of(html) for html in pages]
    assert [text_of(html) for html in reversed(pages)] == first[::-1]
    made = Blocks(Options())  # a fresh one, with empty caches
    assert [made.extract(html, None).text for html in pages] == first


def test_the_number_of_threads_changes_nothing():
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        one = text_of(thread())
    with threadpool_limits(4):
        assert text_of(thread()) == one


PIECES = (
    "<p> </p> <div> </div> <a href=x> </a> <br> <li> <ul> </ul> <table> <tr> <td> </table> <pre> "
    "</pre> <template> </template> <iframe> <noscript> <h1> </h1> <option> <select> <main> <svg> "
    "<footer> </svg> <b> </i> <!-- --> <x-y> &amp; &#0;"
)
PARTS = st.one_of(st.text(max_size=30), st.sampled_from(PIECES.split()))


@settings(max_examples=60, deadline=None)
@given(st.lists(PARTS, max_size=60))
def test_features_and_chances_are_numbers_for_any_page(parts):
    html = "".join(parts)
    dom = read(html)
    if dom.blocks:
        _, _, numbers = features(dom, "A title", first_words([block.text for block in dom.blocks]))
        assert numbers.shape == (len(dom.blocks), len(NAMES))
        assert np.isfinite(numbers).all()
        chances = blocks_engine._packaged().probabilities(see(html, dom, None))
        assert ((chances >= 0) & (chances <= 1)).all()
    found = engine("blocks").extract(html, "https://a.example/x")
    assert 0 <= found.confidence <= 1


def test_types_are_probabilities_and_the_address_helps():
    dom, model = read(thread()), blocks_engine._packaged()
    unlocated = model.types(see(thread(), dom, None))
    located = model.types(see(thread(), dom, "https://a.example/forum/threads/bees-in-march.123/"))
    for chances in (unlocated, located):
        assert chances.sum() == pytest.approx(1, abs=1e-3)
    forum = TYPES.index("forum")
    assert located[forum] > 5 * unlocated[forum]
    assert TYPES[int((located / unlocated).argmax())] == "forum"


def test_a_damaged_model_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(blocks_engine, "_FOLDER", tmp_path)
    blocks_engine._packaged.cache_clear()
    try:
        with pytest.raises(ConfigError, match=r"no entry in manifest\.json"):
            Blocks(Options())
    finally:
        blocks_engine._packaged.cache_clear()
    with pytest.raises((ValueError, OSError)):
        Model.load(b"nothing")
    pickled = io.BytesIO()
    np.savez(pickled, w1=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="pickle"):
        Model.load(pickled.getvalue())


WORDS = st.lists(
    st.sampled_from(["read", "Read", "more", "5", "the", "qqzz", "home", "été"]), max_size=10
)
NAMES_OF = st.lists(st.sampled_from(["post", "siteFooter", "xqz", "nav", "nav-2", "main"]))


@given(WORDS.filter(len), NAMES_OF, NAMES_OF, st.sampled_from(["div", "main", "nav", "x-y"]))
def test_what_words_and_names_say_is_the_sum_over_their_hashes(words, near, far, tag):
    """The model takes short cuts to it: only what can be known is hashed."""
    model, text = blocks_engine._packaged(), " ".join(words)
    inner, outer = " ".join(near), " ".join(far)
    html = f'<{tag} id="{outer}"><div><{tag} class="{inner}"><div><p>{text}'
    weights = {
        row: dict(zip(model._a[hashes].tolist(), model._a[row].tolist(), strict=True))
        for row, hashes in (
            ("near", "token_hashes"),
            ("far", "token_hashes"),
            ("words", "word_hashes"),
        )
    }
    wanted = [
        sum(weights[row].get(h, 0.0) for part in parts for h in part)
        for row, parts in (
            ("near", (tokens("p", ""), tokens("div", ""), tokens(tag, inner))),
            ("far", (tokens("div", ""), tokens(tag, outer), tokens("body", ""))),
            ("words", (word_hashes(text, text.lower().split()),)),
        )
    ]
    [found] = model.linear(see(html, read(html), None)).T
    assert found == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize(
    "part",
    ["comment", "comments", "recommended", "recommends", "subscribed", "xcomment", "ad"],
)
def test_kinds_of_names_are_what_their_patterns_say(part):
    """They are looked up in tables made from the patterns."""
    [classes] = understood([part]).classes.tolist()
    wanted = {name for name, words in CLASSES.items() if re.fullmatch(words, part)}
    assert {name for i, name in enumerate(CLASSES) if classes >> i & 1} == wanted


def parts_of(name: str) -> list[bytes]:
    apart = re.sub("([a-z])([A-Z])", r"\1 \2", name[:LONGEST])
    return [part.lower().encode() for part in re.findall("[a-zA-Z]+", apart)]


PARTS = st.sampled_from(
    ["post", "Footer", "aB", "É", "_", "-2", " ", "\n", "\x01", "\x00", "x" * 150, "\ud800"]
)


@given(st.lists(st.lists(PARTS, max_size=6).map("".join), min_size=1, max_size=6))
def test_names_are_read_apart(said):
    """All at once, whatever they contain."""
    found = understood(said)
    ends = [*found.starts[1:].tolist(), len(found.parts)]
    each = [found.parts[at + 1 : end] for at, end in zip(found.starts.tolist(), ends, strict=True)]
    assert each == [parts_of(name) for name in said] == [split(name) for name in said]
    alone = [understood([name]).classes[0] for name in said]
    assert found.classes.tolist() == alone
    assert (found.classes >= 0).all()
