"""What the model of ``blocks`` sees, beside plain ways to say the same."""

from __future__ import annotations

import gc
import re
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webfilter.extract.blocks import engine as blocks_engine
from webfilter.extract.blocks import names
from webfilter.extract.blocks.characters import KINDS, characters
from webfilter.extract.blocks.features import NAMES, Page, features, first_words
from webfilter.extract.blocks.hints import head_of, hints, title_of
from webfilter.extract.blocks.model import DILATIONS, LAYERS, OF_PAGE, Model, inputs, see
from webfilter.extract.blocks.names import CLASSES, understood
from webfilter.extract.blocks.tree import CHAIN, SIGNS, tree
from webfilter.extract.dom import INLINE, Dom, read
from webfilter.extract.engine import engine

TEXTS = st.lists(
    st.text("aZ9é5½ .,!?\n\"'«»€$%|•©@_中。٣", min_size=1, max_size=12)
    | st.text(st.characters(codec="utf-8"), min_size=1, max_size=8),
    min_size=1,
    max_size=6,
)


def dom_of(*texts: str) -> Dom:
    return read("".join(f"<p>{text}</p>" for text in texts))


def page_of(dom: Dom, title: str = "") -> Page:
    return features(dom, title, first_words([block.text for block in dom.blocks]))


def column(html: str, name: str) -> list[float]:
    dom = read(html)
    found: list[float] = page_of(dom, "Bees in March").numbers[:, NAMES.index(name)].tolist()
    return found


@given(TEXTS)
def test_characters_are_counted_by_kind(texts):
    found = characters(texts)
    tests = {
        "alnum": str.isalnum, "digit": str.isdigit, "upper": str.isupper, "space": str.isspace,
        "end": ".!?。！？…؟।".__contains__, "comma": ",;:、，；：،".__contains__,
        "money": "$€£¥₹%".__contains__, "line": "\n".__eq__,
        "copyright": "©".__eq__, "at": "@".__eq__,
    }  # fmt: skip
    for kind, test in tests.items():
        at = KINDS.index(kind)
        plane = [["\uffff" if ord(c) > 65535 else c for c in text] for text in texts]
        assert found.counts[at].tolist() == [sum(map(test, text)) for text in plane]
        assert (found.first >> at & 1).tolist() == [test(text[0]) for text in plane]
        assert (found.last >> at & 1).tolist() == [test(text[-1]) for text in plane]


@given(st.lists(st.text("aB9_é .-", max_size=60) | st.text(max_size=250), max_size=4))
def test_first_words_are_those_of_the_first_200_characters(texts):
    dom = Dom()
    dom.blocks = [read("<p>x").blocks[0]._replace(text=text * 3) for text in texts]
    for block, found in zip(
        dom.blocks, first_words([block.text for block in dom.blocks]), strict=True
    ):
        wanted = re.findall(r"\w+", block.text[:200].lower())
        assert found[:8] == wanted[:8]
        if len(block.text) < 150:
            assert found == wanted


DATE = re.compile(
    r"\b(?:19|20)\d\d\b|\b\d{1,2}[:/.]\d{1,2}\b|\b\d+\s*(?:min|hours?|days?|weeks?|months?|years?)\b"
)
PRICE = re.compile(r"[$€£¥₹]\s*\d|\d\s*[$€£¥₹]|\b(?:USD|EUR|GBP)\b")
PIECES = st.sampled_from(
    [*"50xé.:/-$€%_٣ ", "", "19", "20", "min", "day", "days", "year", "USD", "EUR"]
)


@settings(max_examples=500)
@given(st.lists(PIECES, min_size=1, max_size=8).map("".join))
def test_dates_and_prices_are_what_their_plain_patterns_find(text):
    html = f"<p>x {text}</p>"
    digit = any(c.isdigit() for c in text)
    said = " ".join(f"x {text}".split())
    assert column(html, "date") == [digit and DATE.search(said) is not None]
    assert column(html, "price") == [digit and PRICE.search(said) is not None]


def test_signs_count_near_the_beginning_only():
    html = f"<p>© 2020</p><p>{'bee ' * 60}© @</p><p>me@a.example</p>"
    assert column(html, "copyright") == [1, 0, 0]
    assert column(html, "at") == [0, 0, 1]


TAGS = st.sampled_from(["div", "ul", "li", "section", "nav", "span", "p", "article"])
SAID = st.sampled_from(
    ["", 'class="post"', 'class="siteFooter x1" id="nav"', "hidden", 'aria-hidden="true"',
     'style="display : none"', 'role="main" itemprop="text"', 'class="a\nmenu"']
)  # fmt: skip


@st.composite
def pages(draw) -> str:
    found, opened = "", []
    for _ in range(draw(st.integers(1, 40))):
        what = draw(st.sampled_from(["open", "open", "close", "text"]))
        if what == "open":
            opened.append(draw(TAGS))
            found += f"<{opened[-1]} {draw(SAID)}>"
        elif what == "close" and opened:
            found += f"</{opened.pop()}>"
        else:
            found += draw(st.sampled_from(["one ", "two", "<img>", "<input>"]))
    return found + "end"


def around(dom: Dom, block: int) -> list[int]:
    at, found = dom.blocks[block].element, []
    while at >= 0:
        found.append(at)
        at = dom.parents[at]
    return found


@settings(max_examples=60, deadline=None)
@given(pages(), st.sampled_from([0, 30]))
def test_the_tree_is_what_climbing_finds(html, deep):
    dom = read("<div>" * deep + html)
    over = tree(dom)
    ways = [around(dom, i) for i in range(len(dom.blocks))]
    paths = [tuple(dom.tags[at] for at in way) for way in ways]

    def named(at: int) -> str:
        said = dom.attributes[at]
        return " ".join(filter(None, map(said.get, ("class", "id", "role", "itemprop"))))

    def signs(at: int) -> set[str]:
        said, tag = dom.attributes[at], dom.tags[at]
        bits = understood([named(at)]).classes[0]
        found = {f"in_{name}" for i, name in enumerate(CLASSES) if bits >> i & 1}
        found |= {f"tag_{tag}"} & set(SIGNS)
        found |= {"tag_hidden"} if "hidden" in said else set()
        found |= {"tag_aria"} if said.get("aria-hidden") == "true" else set()
        return found | ({"tag_none"} if "none" in (said.get("style") or "") else set())

    for i, way in enumerate(ways):
        inner = way[:CHAIN]
        wanted = [at for at in inner if at] + [0] * (CHAIN - sum(at > 0 for at in inner))
        assert over.start[over.chain[i]].tolist() == wanted
        own = over.chain[i, 0]
        assert over.looks[over.look[own]] == (dom.tags[way[0]], named(way[0]))
        assert (over.first[own], over.last[own]) == (dom.first[way[0]], dom.last[way[0]])
        for j, sign in enumerate(SIGNS):
            up = next((k for k, at in enumerate(inner) if sign in signs(at)), CHAIN)
            assert over.near[i, j] == up
        for other in range(i):
            assert (over.group[i] == over.group[other]) == (paths[i] == paths[other])
            two = [[(dom.tags[at], named(at)) for at in w[:2]] for w in (way, ways[other])]
            assert (over.like[i] == over.like[other]) == (two[0] == two[1])


@settings(max_examples=40, deadline=None)
@given(pages())
def test_what_an_element_holds_is_counted(html):
    dom = read(html)
    sizes = [sum(map(str.isalnum, block.text)) for block in dom.blocks]
    found = dict(zip(NAMES, page_of(dom).numbers.T.tolist(), strict=True))
    for i in range(len(dom.blocks)):
        for k, at in enumerate((around(dom, i) + [0] * 5)[:5]):
            if dom.tags[at] in INLINE:
                continue
            inside = range(dom.first[at], dom.last[at])
            size = sum(sizes[b] for b in inside)
            held = dom.tags[at : dom.ends[at]]
            near = f"up{k}_"
            assert found[near + "size"][i] == pytest.approx(np.log1p(size), abs=1e-5)
            assert found[near + "share"][i] == pytest.approx(size / sum(sizes), abs=1e-5)
            assert found[near + "own"][i] == pytest.approx(sizes[i] / max(size, 1), abs=1e-5)
            assert found[near + "blocks"][i] == pytest.approx(np.log1p(len(inside)), abs=1e-5)
            assert found[near + "at"][i] == pytest.approx((i - inside[0]) / len(inside), abs=1e-5)
            assert found[near + "images"][i] == pytest.approx(np.log1p(held.count("img")), abs=1e-5)
            assert found[near + "fields"][i] == pytest.approx(
                np.log1p(held.count("input")), abs=1e-5
            )


def test_blocks_of_a_group_are_described_together():
    html = "<ul><li>one<li>three</ul><p>a b<p>c.<ul><li>seventeen</ul>"
    assert column(html, "path_count") == pytest.approx(np.log1p([3, 3, 2, 2, 3]))
    assert column(html, "path_size") == pytest.approx(np.log1p([17, 17, 3, 3, 17]))
    assert column(html, "path_order") == [0, 1, 0, 1, 2]
    assert column(html, "path_at") == pytest.approx([0, 1 / 3, 0, 1 / 2, 2 / 3])
    assert column(html, "path_span") == pytest.approx([4 / 5, 4 / 5, 1 / 5, 1 / 5, 4 / 5])
    assert column(html, "path_ends") == pytest.approx([0, 0, 100 / 3, 100 / 3, 0])


def test_features_of_the_page_are_the_same_for_all_its_blocks():
    dom = read("<main><p>one<p>two <img><article>three")
    numbers = page_of(dom).numbers
    assert (numbers[:, OF_PAGE] == numbers[0, OF_PAGE]).all()
    at = [NAMES.index(f"page_{name}") for name in ("blocks", "images", "articles", "mains", "pre")]
    assert numbers[0, at].tolist() == pytest.approx([np.log(4), np.log(2), np.log(2), 1, 0])


def test_whether_links_are_wanted_changes_nothing_that_is_seen():
    html = (
        '<div class="post"><a class="site-footer" href="/x" hidden><div>one two</div></a><p>three'
    )
    with_links, without = (page_of(dom).numbers for dom in (read(html, True), read(html)))
    assert (with_links == without).all()


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 9, 30])
def test_the_network_is_what_its_description_says(n):
    """The layers of the members in one product, and convolutions as sums of moved products."""
    model = blocks_engine._packaged()
    rng = np.random.default_rng(n)
    weights = model._a
    inputs = rng.normal(weights["mean"], 2 * weights["std"], (n, len(weights["mean"])))
    size = rng.integers(1, 300, n).astype(np.float32)
    x = np.clip((inputs - weights["mean"]) / weights["std"], -4, 4)
    wanted = []
    for m in range(len(weights["w1"])):
        p = {key: weights[key][m].astype(np.float64) for key in LAYERS}
        h = np.maximum(x @ p["w1"] + p["b1"], 0)
        for i, by in enumerate(DILATIONS):
            padded = np.pad(h, ((by, by), (0, 0)))
            near = np.concatenate([padded[:n], h, padded[2 * by :]], axis=1)
            h = h + np.maximum(near @ p[f"c{i}"] + p[f"cb{i}"], 0)
        a = np.exp((h @ p["wa"])[:, 0] + np.log1p(size))
        g = np.concatenate([a / a.sum() @ h, h.mean(axis=0), size / size.sum() @ h])
        h = np.maximum((h + np.maximum(g @ p["wg"] + p["bg"], 0)) @ p["w2"] + p["b2"], 0)
        wanted.append(1 / (1 + np.exp(-((h @ p["wo"])[:, 0] + p["bo"][0]))))
    found = model.network(inputs.astype(np.float32), size)
    assert found == pytest.approx(np.mean(wanted, axis=0), abs=1e-5)


def test_a_page_says_the_same_whatever_was_read_before(monkeypatch):
    """Names and words are remembered, up to a limit."""
    html = '<main><div id="post"><div class="siteFooter post"><div><p class="lead">the more'
    model = Model(blocks_engine._packaged()._a)
    before = model.linear(see(html, read(html), None))
    assert before.all()
    monkeypatch.setattr("webfilter.extract.blocks.names._MOST_KEPT", 3)
    monkeypatch.setattr("webfilter.extract.blocks.linear._MOST_KEPT", 3)
    for k in range(20):
        other = f'<x{k} class="x{k} menu"><p class="siteFooter">one w{k}</p></x{k}>'
        model.linear(see(other, read(other), None))
        assert (model.linear(see(html, read(html), None)) == before).all()
        kept = model._names._kept, model._words._kept, names._classes
        assert max(map(len, kept)) <= 3 + 8


@pytest.mark.parametrize("on", [False, True])
def test_the_collector_of_garbage_is_left_as_it_was(on):
    (gc.enable if on else gc.disable)()
    try:
        engine("blocks").extract("<p>one", None)
        assert gc.isenabled() == on
    finally:
        gc.enable()


def test_words_that_the_first_look_cuts_are_read_whole():
    text = " ".join(["abcdefghijk"] * 7 + ["x" * 30] * 5)
    dom = dom_of(text)
    assert first_words([block.text for block in dom.blocks])[0][:8] == text.split()[:8]


def test_short_blocks_are_compared_with_the_title():
    html = f"<p>Bees in May</p><p>Bees {'hum ' * 40}</p><p>none</p>"
    assert column(html, "title_overlap") == pytest.approx([2 / 4, 0, 0])


@pytest.mark.parametrize("text", ["5 USD", "EUR 5", "GBP 5", "$5", "5 €"])
def test_prices_are_seen(text):
    assert column(f"<p>{text}</p>", "price") == [1]


def test_the_elements_that_hold_shares_of_the_page_are_found():
    html = (
        "<main><section><p>" + "a" * 5 + "</p></section><p>" + "b" * 35 + "</p></main>" + "c" * 60
    )
    assert column(html, "big10_level") == [2, 0, 0]  # main holds 40 of 100, body all
    assert column(html, "big30_level") == [2, 0, 0]
    assert column(html, "big60_level") == [3, 2, 0]
    assert column(html, "big30_share") == pytest.approx([0.4, 0.35, 1])


def test_windows_reach_as_far_on_both_sides():
    html = "".join(f"<p>{'a' * 10**k}</p>" if k < 4 else "<p>a</p>" for k in range(12))
    sizes = [10**k if k < 4 else 1 for k in range(12)]
    wanted = [np.log1p(sum(sizes[max(i - 5, 0) : i + 6])) for i in range(12)]
    assert column(html, "around5_size") == pytest.approx(wanted, abs=1e-5)
    assert column(html, "around15_size") == pytest.approx([np.log1p(sum(sizes))] * 12, abs=1e-5)


def test_paths_differ_beyond_the_elements_looked_at():
    deep, other = "<div>" * 30, "<section>" + "<div>" * 29
    html = (
        f"{deep}<p>one</p>{'</div>' * 30}{other}<p>two</p>{'</div>' * 29}</section>{deep}<p>three"
    )
    one, two, three = tree(read(html)).group.tolist()
    assert one == three != two


def test_paths_have_an_order():
    html = "<div><ul><p>one</p></ul></div><ul><div><p>two</p></div></ul>"
    one, two = tree(read(html)).group.tolist()
    assert one != two


def test_copies_are_counted():
    html = "<p>a b</p><p>c</p><p>a b</p><p>a b</p><p>d</p><p>d</p>"
    assert column(html, "copies") == [3, 1, 3, 3, 2, 2]
    assert column(html, "seen_before") == [0, 0, 1, 2, 0, 1]


def test_elements_of_the_page_are_counted():
    html = (
        "<article><img><time>1</time><time>2</time><time>3</time></article><article><p>a</p>"
        "</article><main><p>b</p><select><option>c</select><input><button>d</button><x-y>e</x-y>"
        "<zz>f</zz></main>"
    )
    for name, count in (("articles", 2), ("times", 3), ("images", 1), ("fields", 3)):
        assert set(column(html, f"page_{name}")) == {np.float32(np.log1p(count))}
    assert set(column(html, "page_mains")) == {1}
    assert set(column(html, "page_pre")) == {0}
    assert set(column("<pre>x</pre>", "page_pre")) == {1}
    assert column(html, "custom")[-2:] == [1, 0]
    assert not any(column(html, "custom")[:-2])


def test_the_model_is_given_distances_as_nearness():
    dom = read('<nav><div class="menu"><p>one</p></div></nav>')
    page = page_of(dom)
    [found] = inputs(page.numbers, np.array([[7.0]]))
    for sign, up in (("tag_p", 0), ("in_menu", 1), ("tag_nav", 2), ("tag_main", CHAIN)):
        assert page.numbers[0, NAMES.index(sign)] == up
        assert found[NAMES.index(sign)] == pytest.approx(np.exp(-up / 4), abs=1e-6)
    assert found[NAMES.index("size")] == page.numbers[0, NAMES.index("size")]
    assert found[-1] == 7


def test_a_page_hints_at_its_type():
    html = (
        '<HTML><head><META property="og:type" CONTENT="Article"><title>É Bees</title>'
        '<meta name="Generator" content="WordPress 6">'
        '<script>{"@type": "WebSite", "x": {"@type": ["NewsArticle"]}}</script></head>'
        '<body class="single-post">'
    )
    head = head_of(html)
    assert title_of(head) == "é bees"
    wanted = {"og article", "generator wordpress", "ld website", "ld newsarticle", "body single"}
    wanted |= {"dir blog", "0 blog", "last bees", "host a", "body post"}
    found = hints(html, head, read(html), "https://a.example/blog/bees")
    assert {crc32(said.encode()) for said in wanted} <= set(found)


def test_of_names_without_end_only_the_beginning_is_remembered():
    model = Model(blocks_engine._packaged()._a)
    for k in range(3):
        html = f'<x{"y" * 5000}{k} class="{"post " * 2000}{k}"><p class="{"z" * 9000}{k}">one'
        model._names(tree(read(html)))
    assert max(map(len, names._classes)) <= names.LONGEST
    assert max(map(len, model._names._kept)) <= names.LONGEST
