import re
import time
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webfilter.document import Document
from webfilter.errors import ConfigError, UnknownName
from webfilter.heuristics.lines import Lines
from webfilter.heuristics.phrases import Phrases, phrases, plain
from webfilter.heuristics.surroundings import surroundings
from webfilter.testing import check_stage

PROSE = [
    "Plants make sugar from light, and they keep a part of it for the night.",
    "The green pigment in their leaves takes up the energy of the sun.",
    "With it they join water to the gas that we breathe out.",
    "This is how nearly all of the food on Earth begins.",
    "When the light is gone, the work stops until the morning comes.",
    "You can see this for yourself with a leaf that was covered for a day.",
]
CAUSES = [s.name[6:] for s in Lines.measures if s.name.startswith("lines_")]


def causes(text, **fields):
    return [cause for _, _, cause in Lines(**fields).judge_lines(text)]


def cause(line, **fields):
    """The cause of a line in the middle of prose."""
    return causes("\n".join([*PROSE[:3], line, *PROSE[3:]]), **fields)[3]


def test_words_are_what_stands_between_white_space():
    for line in ("Tea is  hot.", "Tea\tis\u00a0hot.", "Tea" + " " * 1000 + "is\u2003 hot."):
        assert Lines().judge_lines(line) == [(line, 3, None)]
        assert Lines.profile("refinedweb").judge_lines(line) == [(line, 3, None)]


def kept(text, **fields):
    return Lines(**fields).transform(Document("a", text))[0]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("* * *", "symbols"),
        ("||", "symbols"),
        ("→", "symbols"),
        ("12.03.2014", "numbers"),
        ("$ 19.99", "numbers"),
        ("١٢٣", "numbers"),
        ("This site uses cookies to improve what you see, as our partners do.", "consent"),
        ("Diese Website verwendet Cookies.", "consent"),
        ("Käytämme evästeitä sivustolla.", "consent"),
        ("Please enable JavaScript to view the comments.", "browser"),
        ("© 2015 Somebody & Sons", "legal"),
        ("Copyright 2012. All rights reserved", "legal"),
        ("Tous droits réservés", "legal"),
        ("版权所有 某公司", "legal"),
        ("Share on Facebook", "sharing"),
        ("Seuraa meitä Twitterissä", "sharing"),
        ("Поделиться", "sharing"),
        ("12 comments", "counter"),
        ("1,204 Views", "counter"),
        ("4 332 avis", "counter"),
        ("3 kommentarer:", "counter"),
        ("0件のコメント", "counter"),
        ("Log in", "account"),
        ("Passwort vergessen?", "account"),
        ("Añadir al carrito", "account"),
        ("» Read more...", "navigation"),
        ("Weiterlesen →", "navigation"),
        ("Lire la suite…", "navigation"),
        ("Leggi tutto", "navigation"),
        ("Saiba mais", "navigation"),
        ("Lees meer", "navigation"),
        ("Czytaj więcej", "navigation"),
        ("Читать далее", "navigation"),
        ("Läs mer »", "navigation"),
        ("Lue lisää", "navigation"),
        ("Devamını oku", "navigation"),
        ("下一页", "navigation"),
        ("続きを読む", "navigation"),
        ("더보기", "navigation"),
        ("Home", "navigation"),
    ],
)
def test_what_a_line_is_gives_its_cause(line, expected):
    assert cause(line) == expected
    assert cause(line, **{f"remove_{expected}": False}) != expected


@pytest.mark.parametrize(
    "line",
    [
        "Why leaves are green",
        "Baked into the cookies were raisins, nuts and a little salt.",
        "She went home.",
        "The next page of the book was torn out, and nobody knew who had done it.",
        "He bought his shares in 2012.",
        "Sharecroppers",
        "- Water and light",
        "Chapter 3",
        "x = 2",
    ],
)
def test_lines_of_a_text_stay_amid_prose(line):
    assert cause(line) is None


def test_a_line_has_one_cause_and_the_counts_add_up():
    text = "\n".join(["Home", "", "***", "Log in", *PROSE, PROSE[0], "42", "© 2020 Us", "Home"])
    stage = Lines()
    _, signals = stage.transform(Document("a", text))
    removed = sum(signals[f"lines_{name}"] for name in CAUSES)
    assert removed + signals["lines"] == sum(1 for line in text.splitlines() if line)
    assert signals["lines_repeated"] == 1
    assert signals["lines_navigation"] == 2
    assert signals["lines"] == len(PROSE)


def test_a_heading_stays_and_a_list_of_links_goes():
    links = ["Green leaves", "Red leaves", "All about roots", "Garden tools", "Seeds"]
    text = "\n".join(["Why leaves are green", *PROSE, *links])
    found = causes(text)
    assert found[0] is None
    assert found[-len(links) :] == ["fragment"] * len(links)
    assert causes(text, fragment_length=None)[-1] is None


def test_a_shorter_fragment_length_never_removes_more():
    text = "\n".join([*PROSE, "Red leaves", "All about roots and how they find water", "Seeds"])
    counts = [sum(map(bool, causes(text, fragment_length=n))) for n in (1, 20, 100, 500, 2000)]
    assert counts == sorted(counts)
    assert counts[0] == 0
    assert counts[-1] >= 3


@pytest.mark.parametrize("text", ["Red leaves", "Red leaves\nGreen leaves", "\n\nRed leaves\n\n"])
def test_one_or_two_lines_are_no_fragments(text):
    assert kept(text) == text


def test_long_lines_and_sentences_are_no_fragments_anywhere():
    alone = "A sentence among links is what the page is for."
    menu = ["Red leaves", "Green leaves", "Garden tools", "Seeds"]
    assert causes("\n".join([*menu, alone]))[4] is None
    assert causes("\n".join([*menu, "word " * 60]))[4] is None


def test_wrapped_lines_poems_and_dialog_stay():
    wrapped = "The leaves of a plant take up\nthe light of the sun, and\nthe roots take up water"
    wrapped += "\nfrom the soil below them, so\nthat sugar can be made from\nthe two of them."
    dialog = "\n".join(["— Where is it?", "— I do not know.", "— Look again!", "— There it is."])
    poem = "The leaf is green,\nthe sky is blue;\nwhat have you seen,\nand was it true?"
    assert kept(wrapped) == wrapped
    assert kept(dialog) == dialog
    assert kept(poem) == poem


def test_scripts_without_capitals_spaces_or_marks_keep_their_prose():
    chinese = "\n".join(
        ["植物利用阳光制造糖分，并把一部分留到夜里。" * 2] * 1 + ["叶子里的绿色色素吸收光能。"] * 1
    )
    chinese += "\n它们把水和我们呼出的气体结合起来。\n地球上几乎所有的食物都是这样开始的。"
    thai = "\n".join("การสังเคราะห์ด้วยแสง" * (5 + k) for k in range(4))
    tibetan = "\n".join(f"{'ཤིང་ལོ་ལྗང་ཁུ་ཡིན། ' * (3 + k)}ཉི་མ་ཤར་སོང་།" for k in range(6))
    assert kept(chinese) == chinese
    assert kept(thai) == thai
    assert kept(tibetan) == tibetan
    amharic = "\n".join(f"{'ልጆቹ ዛሬ ጠዋት ወደ ' * (1 + k)}ትምህርት ቤት ሄዱ፡፡" for k in range(6))
    assert kept(amharic) == amharic


def test_code_in_a_fence_and_the_rule_of_a_table_stay():
    code = ["```", "}", "12", "Home", "```"]
    assert causes("\n".join([*PROSE, *code])) == [None] * (len(PROSE) + 5)
    assert causes("\n".join([*PROSE, *code[:-1]]))[-2:] == ["numbers", "navigation"]
    around = ["````markdown", "```", "}", "```", "12", "```` x", "```a```", "  `````"]
    assert causes("\n".join([*PROSE, *around])) == [None] * (len(PROSE) + 8)
    assert causes("\n".join([*PROSE, *around[:-1]]))[-3] == "numbers"
    table = ["| a leaf | a root |", "| --- | --- |", "| green | brown |"]
    text = "\n".join([*PROSE[:3], *table, *PROSE[3:]])
    assert causes(text, fragment_length=None) == [None] * 9


def test_a_text_that_loses_nothing_comes_back_as_it_was():
    text = f" {PROSE[0]} \r\n\r\n\r\n\t{PROSE[1]}\x0b{PROSE[2]}\n\n"
    assert kept(text) == text


def test_blank_lines_do_not_pile_up_where_lines_went():
    text = f"Home\n\n{PROSE[0]}\n\nLog in\n\n\n  {PROSE[1]}\n\n\n{PROSE[2]}\n\nHome\n"
    assert kept(text) == f"{PROSE[0]}\n\n  {PROSE[1]}\n\n\n{PROSE[2]}"


def test_repeats_are_found_in_any_case_and_the_first_stays():
    text = f"{PROSE[0]}\n{PROSE[1]}\n{PROSE[0].upper()}\n{PROSE[2]}"
    assert causes(text) == [None, None, "repeated", None]
    assert causes(text, remove_repeated=False) == [None] * 4


def test_a_long_line_is_not_removed_for_a_phrase():
    long = "Read more about " + "leaves and roots and " * 10 + "seeds."
    assert cause(long) is None
    assert cause(long, phrase_max_words=50) == "navigation"
    notice = "We use cookies. " + "It is so. " * 30
    assert cause(notice) is None
    assert cause(notice, part_max_words=200) == "consent"


@pytest.mark.parametrize(("limit", "live"), [(0.6, False), (0.8, True), (None, True), (0.0, False)])
def test_a_page_that_loses_too_many_words_is_dropped(limit, live):
    text = "one two three four five\n" + "share on facebook\n" + "log in\n" + "1 comment\n" * 4
    stage = Lines(max_line_removed_word_ratio=limit, fragment_length=None, remove_repeated=False)
    [doc] = stage.process([Document("a", text)])
    assert doc.signals["line_removed_word_ratio"] == 13 / 18
    assert doc.live is live


def test_no_words_no_share():
    for text in ("", " \n\t\n"):
        result, signals = Lines().transform(Document("a", text))
        assert result == text
        assert signals["line_removed_word_ratio"] is None
        assert signals["lines"] == 0


def test_words_written_together_count_by_character():
    _, signals = Lines().transform(Document("a", "下一页\n植物利用阳光。"))
    assert signals["line_removed_word_ratio"] == pytest.approx(3 / 10)


def test_the_profile_of_refinedweb_does_what_the_paper_says():
    stage = Lines.profile("refinedweb")
    text = [
        "MOSTLY CAPITALS Are here",
        "2014",
        "3 likes",
        "Leaves",
        "Sign-in to see it",
        "The whole story. Read more...",
        "You have 2 items in cart now",
        "Green leaves",
        "Share on Facebook",
        PROSE[0],
        PROSE[0],
    ]
    found = [cause for _, _, cause in stage.judge_lines("\n".join(text))]
    assert found == [
        "uppercase",
        "numbers",
        "counter",
        "short",
        "account",
        "navigation",
        "account",
        *[None] * 4,
    ]
    assert [rule.bounds() for rule in stage.rules] == [(("le", 0.05),)]
    assert Lines.profile("refinedweb", max_line_removed_word_ratio=None).rules == ()
    assert Lines.profile("webfilter-2026-11") == Lines()


def as_dclm(text, **fields):
    [doc] = Lines.profile("dclm", **fields).process([Document("a", text)])
    return doc.text


WHOLE = "Plants make sugar from light, and they keep a part of it for the night."


@pytest.mark.parametrize(
    ("line", "left", "cause"),
    [
        ("MOSTLY CAPITALS Are here", None, "uppercase"),
        ("ABCD efg", "ABCD efg", None),
        ("2014", None, "numbers"),
        ("٢٠١٤", None, "numbers"),
        ("$ 19.99", "$ 19.99", None),
        ("12.03.2014 10:22", "12.03.2014 10:22", None),
        ("3 likes", None, "counter"),
        ("» 1,204.5K Views!", None, "counter"),
        ("12 votes", "12 votes", None),
        ("3 likes and shares", "3 likes and shares", None),
        ("Leaves", None, "short"),
        ("   ", None, "short"),
        ("You have 2 items in cart now", "You have 2 now", "account"),
        ("Items in cart", None, "account"),
        ("The whole story. Read more...", "The whole story.", "navigation"),
        ("The whole story. read more>>>", "The whole story.", "navigation"),
        ("The whole story, read more of", "The whole story,", "navigation"),
        ("The whole story. Read more", "The whole story. Read more", None),
        ("Sign-in to see it", "to see it", "account"),
        ("You can sign-in here", "You can sign-in here", None),
        ("a b c d e f g h i Read more...", "a b c d e f g h i Read more...", None),
        ("a b c d e f g h Read more...", "a b c d e f g h", "navigation"),
        ("Share on Facebook", "Share on Facebook", None),
    ],
)
def test_the_lines_of_dclm_lose_what_they_lose_there(line, left, cause):
    text = f"{WHOLE}\n\n{line}\n\n{WHOLE}"
    expected = f"{WHOLE}\n\n{WHOLE}" if left is None else f"{WHOLE}\n\n{left}\n\n{WHOLE}"
    found, signals = Lines.profile("dclm").transform(Document("a", text))
    assert found.replace("\n\n\n\n", "\n\n").replace("\n\n\n", "\n\n") == expected
    assert {name for name in CAUSES if signals[f"lines_{name}"]} == ({cause} if cause else set())
    if cause in ("numbers", "counter", "account", "navigation"):
        assert as_dclm(text, **{f"remove_{cause}": False, "line_min_words": None}) == text


def test_dclm_goes_through_the_text_once_for_each_rule():
    assert as_dclm(f"  {WHOLE}\n\n\n\n{WHOLE} \n") == f"{WHOLE}\n\n{WHOLE}"
    # stripped by the rule before
    assert as_dclm(f"  2014\n{WHOLE}", line_min_words=None) == WHOLE
    assert as_dclm(f"{WHOLE}\nA: Read more...") == f"{WHOLE}\nA:"  # two words when they count
    assert as_dclm(f"{WHOLE}\nSIGN-IN to the green leaf and its roots") == (
        f"{WHOLE}\nto the green leaf and its roots"
    )
    assert as_dclm("HOME\n2014\n3 likes\nLeaves") == ""
    assert as_dclm("Home\n Read\n\n") == ""
    assert as_dclm(f"Home\n\n{WHOLE}\n\nHome") == WHOLE  # the last rules strip, too
    assert as_dclm(f"{WHOLE}\nItems in cart \n{WHOLE}") == f"{WHOLE}\n{WHOLE}"
    assert as_dclm(WHOLE.upper(), line_max_uppercase_ratio=None) == WHOLE.upper()


def test_dclm_counts_words_that_begin_with_a_letter_or_digit():
    stage = Lines.profile("dclm")
    for rest, live in ((19, True), (18, False)):
        text = "– 3 likes –\n" + "leaf (leaf) " * rest + "leaf " * rest
        [doc] = stage.process([Document("a", text)])
        assert doc.signals["line_removed_word_ratio"] == 2 / (2 + 2 * rest)
        assert doc.live is live
    assert stage.transform(Document("a", "– –"))[1]["line_removed_word_ratio"] is None


def test_dclm_has_no_cause_for_each_line():
    with pytest.raises(ConfigError, match="judge_lines has no cause"):
        Lines.profile("dclm").judge_lines("Home")
    assert Lines.profile("dclm").artifacts == {}


def test_wrong_configuration_is_said():
    with pytest.raises(UnknownName, match="did you mean 'refinedweb'"):
        Lines.profile("refined_web")
    with pytest.raises(ConfigError, match="lines: phrase_set = 'c4'"):
        Lines(phrase_set="c4")
    with pytest.raises(TypeError):
        Lines.profile("refinedweb", nothing=1)


@pytest.mark.parametrize("stage", [Lines.profile(name) for name in Lines.profiles])
def test_contract(stage):
    check_stage(stage)


def test_phrases_are_written_as_they_are_compared():
    for name in ("web", "refinedweb"):
        folder = files("webfilter.heuristics.lists").joinpath("lines", name)
        for file in folder.iterdir():
            entries = [e for e in file.read_text("utf-8").splitlines() if e and e[0] != "#"]
            for entry in entries:
                assert entry == entry.strip()
                assert entry.casefold() == entry, entry
                bare = entry.strip("*")
                assert "*" not in bare
                assert not re.search(r"[1-9]", bare), entry
                found = phrases(name, (file.name[:-4],))
                if entry[0] == entry[-1] == "*":
                    assert found.within(f"a {bare} b"), entry
                    assert len(bare) > 4 or not bare.isascii(), entry
                else:
                    assert plain(bare) or bare
                    assert found.cause(bare, 1, 99) == file.name[:-4], entry


def test_starts_and_ends_are_whole_words():
    found = phrases("web", ("navigation", "sharing"))
    assert found.cause("read more about it", 4, 9) == "navigation"
    assert found.cause("jump to:everywhere", 2, 9) == "navigation"
    assert found.cause("palaava", 1, 9) is None
    assert found.cause("spread the word", 3, 9) is None
    assert found.cause("mehr lesende", 2, 9) is None


def test_surroundings_see_both_sides():
    found = surroundings("\n".join([*PROSE, "Seeds"]))
    assert [each.after for each in found] == [5, 4, 3, 2, 1, 0, 0]
    assert found[-1].running == 1.0
    assert found[0].running == pytest.approx(5 / 6)
    assert [each.own for each in found] == [True] * 6 + [False]


@pytest.mark.parametrize(
    "text",
    [
        "a" * 1_000_000,
        "wordy " * 170_000,
        "\n" * 200_000,
        "ab\n" * 60_000,
        "\n".join(f"Line {k}" for k in range(50_000)),
        "```\n" * 50_000,
        "| " * 200_000,
        "1 2 3, 4. " * 50_000,
        "read more" * 50_000,
        "\ud800\n\x00 the\n" * 10_000,
        "使用cookie\n" * 20_000,
        '"' * 500_000,
        "a" + " " * 500_000 + "b",
    ],
    ids=range(13),
)
def test_hostile_text_takes_no_quadratic_time(text):
    began = time.process_time()
    Lines().transform(Document("a", text))
    assert time.process_time() - began < 8  # about half a second; a quadratic step takes minutes


LINE = st.one_of(
    st.text(max_size=40),
    st.sampled_from([*PROSE, "", "Home", "Log in", "12 comments", "```", "|---|", "下一页", "* *"]),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(LINE, max_size=12).map("\n".join))
def test_what_is_kept_was_there_in_this_order(text):
    result, signals = Lines().transform(Document("a", text))
    lines = iter(text.splitlines())
    assert all(line in lines for line in result.splitlines())
    assert signals["lines"] == sum(bool(line.strip()) for line in result.splitlines())
    ratio = signals["line_removed_word_ratio"]
    assert ratio is None or 0 <= ratio <= 1
    assert (result == text) or sum(signals[f"lines_{name}"] for name in CAUSES) > 0


def test_the_start_or_end_of_a_line_ends_with_a_word_where_words_are_apart():
    listed = Phrases([("続き*", "more"), ("©*", "notice"), ("share*", "share"), ("*shop", "shop")])
    said = {
        "続き": "more", "続きを読む": "more", "©acme": "notice", "© acme": "notice",
        "share": "share", "share this": "share", "share: this": "share", "shareholders": None,
        "my shop": "shop", "my e-shop": "shop", "workshop": None, "shopping": None,
    }  # fmt: skip
    assert {line: listed.cause(line, len(line.split()), 5) for line in said} == said
    assert listed.cause("share this with all of your friends", 7, 5) is None
