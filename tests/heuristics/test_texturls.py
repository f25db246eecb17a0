"""TextUrls: DCLM's rules on addresses within texts, and what of them the default leaves."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webfilter.document import Document
from webfilter.heuristics.lists import shipped
from webfilter.heuristics.texturls import TextUrls
from webfilter.heuristics.written_urls import written
from webfilter.testing import check_stage

PLAIN = TextUrls()
ALL = TextUrls.profile("refinedweb")
DCLM = TextUrls.profile("dclm")


def without(text, stage=ALL):
    return stage.transform(Document("a", text))[0]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("See http://leaf.com/a?b=1#c for more.", "See for more."),
        ("See https://leaf.co.uk/why.html. It is green.", "See It is green."),
        ("See (ftp://leaf.de/a(b)) now", "See ( now"),
        ("See LEAF.com/a+b~c&d=e@f%g-h_i#j:k now", "See now"),
        ("Leaves\n \nwww.leaf.org/green\nRoots", "Leaves\nRoots"),
        ("http://leaf.com", ""),
        ("Ask Leaf.com or ann@firm.info.", "Ask or"),
        ("It rained.so we went", "It we went"),
        ("It rained.So we went", "It rained.So we went"),
        ("see xhttp://leaf.com", "see x"),
        ("see HTTP://leaf.com", "see HTTP://"),
        ("see https://http://leaf.com", "see https://"),
        ("http://localhost/a and file.txt", "http://localhost/a and file.txt"),
        ("leaf.comma, leaf.com2, leaf.com_x", "leaf.comma, leaf.com2, leaf.com_x"),
        ("a.com" + " " * 12 + "b.com", " " * 2),
        ("a" * 300 + ".com", "a" * 44),
        ("é.com .com a..com", "é.com .com"),
        ("сайт.рф, abc.рф and abc.москва", "сайт.рф, and"),
        ("at 10.0.0.1:80/x and http://8.8.4.4, not 1.2.3", "at and, not 1.2.3"),
        ("version 2.8.6.0 of 3.2.2021", "version of 3.2.2021"),
    ],
)
def test_what_goes_by_the_rules_of_dclm(text, left):
    assert without(text) == left
    assert without(f"The {text}", DCLM) == without(f"The {text}", ALL)


def test_dclm_looks_for_names_only_where_the_text_begins_like_a_domain():
    for start in ("The", "the", "THE", "in", "And", "Buy", "An"):
        assert without(f"{start} leaf.com", DCLM) == start
    for start in ("We", "I", "A", "Leaves", " The", "\nThe", "é", "1", '"The'):
        text = f"{start} leaf.com"
        assert without(text, DCLM) == text
        assert without(text, ALL) != text
        assert without(f"{text} 8.8.4.4", DCLM) == text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("See http://leaf.com/a?b=1#c for more.", "See for more."),
        ("See https://leaf.com/why.html. It is green.", "See. It is green."),
        ("Leaves (see www.leaf.com/why), roots", "Leaves (see), roots"),
        ("Leaves: http://leaf.com/a_(b) and roots", "Leaves: and roots"),
        ("Find leaf.com/why!", "Find!"),
        ("Leaves\nhttp://leaf.com\nRoots", "Leaves\nRoots"),
        (
            "Ask Leaf.com or ann@firm.com. It rained.so",
            "Ask Leaf.com or ann@firm.com. It rained.so",
        ),
        ("Version 2.8.6.0 at 10.0.0.0/24", "Version 2.8.6.0 at 10.0.0.0/24"),
        ("Try http://10.0.0.1:8080/x now", "Try now"),
        ("Try http://intranet/x, http://localhost:80 and http://[2001:db8::1]/x.", "Try, and."),
        ("See HTTP://LEAF.COM/X, Www.leaf.COM or sftp://leaf.com/x now", "See, or now"),
        ("Ask Www.leaf.COM now", "Ask now"),
        ("See http:// and https://{host}/x and www. and www.leaf and ftp://", None),
        ("See https://leaf.de/Bäume_(grün) and https://bäume.leaf.de/x", "See and"),
        ("See http://лист.рф/дерево, лист.рф/дерево or http://leaf.in/हिन्दी now", "See, or now"),
        ("見 https://leaf.jp/wiki/東京_(都)。是 http://www.木.cn/x。", "見。是。"),
        ("見http://leaf.cn/x是,www.leaf.cn木,leaf.cn/1木", "見是,木,木"),
        ("見leaf.cn/x。", "見。"),
        ("See http://leaf.com/a;b=2,3!c&d=$e*f'gh+{i}[j]~k@l#!m now", "See now"),
        ("See http://leaf.com/a's, 'http://leaf.com' and “http://leaf.com”", "See's, '' and “”"),
        ("See leaf.com/a(b and leaf.com/c)d or leaf.com/x...", "See(b and)d or..."),
        ("Ask ann@leaf.com/x, @leaf.com/x, a/leaf.com/x, x_leaf.com/y, a:b@leaf.com/x", None),
        ("Not leaf.js/x, leaf.Com/x, .com/x or leaf.com:y/x", None),
        ("Read src/leaf.py, leaf.py/x and LEAF.md", "Read src/leaf.py, and LEAF.md"),
    ],
)
def test_the_default_takes_out_what_is_written_as_an_address(text, left):
    assert without(text, PLAIN) == (text if left is None else left)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("See [leaves](https://leaf.com/x). Roots (www.leaf.com) grow", "See [leaves]. Roots grow"),
        ("See <http://leaf.com>, [http://leaf.com] and (http://leaf.com.)", "See, and (.)"),
        ("[url=http://leaf.com]leaf[/url]", "[url=]leaf[/url]"),
        ("See (http://leaf.com] or (http://leaf.com", "See (] or ("),
        ("http://leaf.com) and (", ") and ("),
        ("http://leaf.com is ", "is "),
    ],
)
def test_brackets_around_nothing_else_go_with_an_address(text, left):
    assert without(text, PLAIN) == left


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Leaves\n\nhttp://leaf.com is on roots", "Leaves\n\nis on roots"),
        ('Leaves\n - http://leaf.com.\r\n\n"www.leaf.com"\nRoots', "Leaves\n\nRoots"),
        ("Leaves\n\nhttp://leaf.com\n\n \nRoots\n\n\nBark", "Leaves\n\nRoots\n\n\nBark"),
        ("Leaves\nhttp://leaf.com\n \n\nRoots\n\n\nBark", "Leaves\n \nRoots\n\n\nBark"),
        ("http://leaf.com\n\nwww.leaf.de\n\nRoots www.leaf.de\n\n\n", "Roots\n\n\n"),
        ("http://leaf.com\thttp://leaf.de\xa0Roots", "Roots"),
        ("- Roots at http://leaf.com\n--\n", "- Roots at\n--\n"),
        ("http://leaf.com", ""),
        ("\t Roots at http://leaf.com", "\t Roots at"),
    ],
)
def test_by_default_lines_stay_lines(text, left):
    assert without(text, PLAIN) == left


FORM = re.compile(r"(?:(?:https?|s?ftps?)://|www\.)|[^/]+\.[^\W\d_]+(?::\d+)?/", re.IGNORECASE)
HINTS = ["http://", "www.", ".com/", "a", "b.", "東", "ä", "(", ")", "<", ">", "[", "]", "{", "}"]


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(HINTS) | st.characters(), max_size=20).map("".join))
def test_by_default_nothing_goes_but_addresses_and_what_is_around_them(text):
    text = f"Bark\n{text}\nRoots"  # blank lines at the start would go with an address
    left, signals = PLAIN.transform(Document("a", text))
    line = text.replace("\n", " ")
    spans = list(written(line))
    places = [place for span in spans for place in span]
    assert places == sorted(places)
    for start, end in spans:
        assert FORM.match(line, start, end)
        assert len(line[start:end].split()) == 1
    if signals["text_urls"]:
        assert len(left) < len(text)
    else:
        assert left is text
    assert without(f"Leaves\n(http://leaf.com) .\n{text}", PLAIN) == f"Leaves\n{left}"


def test_names_may_go_without_the_marks_behind_them():
    names = TextUrls(bare_names=True)
    assert (
        without("Leaves (see leaf.com). Roots (http://leaf.com/x)!", names)
        == "Leaves (see). Roots ()!"
    )
    assert without("Leaves, leaf.com/a(b)! At (8.8.4.4:80).", names) == "Leaves,! At ()."


def test_signals_say_how_much_went():
    signals = ALL.transform(Document("a", "See leaf.com, 8.8.4.4"))[1]
    assert signals == {"text_urls": 2, "text_url_character_ratio": 17 / 21}
    assert DCLM.transform(Document("a", "We leaf.com 8.8.4.4"))[1]["text_urls"] == 1
    assert ALL.transform(Document("a", "www.leaf.co.uk/a.com/b.de"))[1]["text_urls"] == 1
    assert PLAIN.transform(Document("a", ""))[1] == {
        "text_urls": 0,
        "text_url_character_ratio": None,
    }


def test_what_is_removed_depends_on_the_list_of_domains():
    assert PLAIN.artifacts == ALL.artifacts == {"domains": shipped("domains")[1]}


def test_a_text_without_addresses_comes_back_as_it_was():
    text = " Tea is hot.\r\n\r\n\x0bIt rained. so what? 3.5 of 10.\n"
    for stage in (PLAIN, ALL, DCLM):
        assert without(text, stage) is text


NAME, TAIL = r"[-a-zA-Z0-9@:%._+~#=]", r"[-a-zA-Z0-9()@:%_+.~#?&/=]*"
SCHEME = r"\s{0,10}(?:(?:https?|ftp)://)?"
BY_EXPRESSION = re.compile(rf"{SCHEME}{NAME}{{1,256}}\.(?:com|so|uk|co|org)\b{TAIL}")
PIECES = [
    "q", "The ", ".", "..", ".com", ".co.uk", "org", "http://", "https://", "ftp://", "/", "(",
    ")", " ", "\n", "\t\xa0", " " * 7, "@", ":", "_", "-", "é", ".So", ".so", "x" * 90, "com2",
    "?y=1", ".comx",
]  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_it_finds_what_one_expression_finds(text):
    assert {"com", "so", "uk", "co", "org"} <= shipped("domains")[0]
    assert not {"comx", "com2", "q", "qq", "qqq"} & shipped("domains")[0]
    assert without(text) == BY_EXPRESSION.sub("", text)


@pytest.mark.parametrize("name", TextUrls.profiles)
def test_contract(name):
    check_stage(TextUrls.profile(name))
