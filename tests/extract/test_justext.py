"""jusText as an engine: its own decisions, in linear time, in the language of the page."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from justext.core import revise_paragraph_classification
from justext.utils import get_stoplists
from pages import FIRST, SECOND, page

from webfilter.extract.engine import Unfit, engine
from webfilter.extract.justext import _LISTS, _stop_words, revised

PARAGRAPHS = st.lists(
    st.builds(
        lambda kind, heading, size: SimpleNamespace(
            cf_class=kind, heading=heading, text="x" * size, class_type=""
        ),
        st.sampled_from(["good", "bad", "neargood", "short"]),
        st.booleans(),
        st.sampled_from([0, 5, 90, 150, 201]),
    ),
    max_size=25,
)


@given(PARAGRAPHS)
def test_classes_are_those_of_justext_itself(paragraphs):
    class Sized(SimpleNamespace):
        def __len__(self):
            return len(self.text)

    theirs = [Sized(**vars(paragraph)) for paragraph in paragraphs]
    revise_paragraph_classification(theirs)
    assert revised(paragraphs) == [paragraph.class_type for paragraph in theirs]


def test_every_list_of_stop_words_is_there():
    assert set(_LISTS.values()) <= set(get_stoplists())
    assert "und" in _stop_words("German")
    assert _stop_words(None) > _stop_words("German") | _stop_words("English")


@pytest.mark.parametrize("lang", ["en-GB", "EN_us", "xx", ""])
def test_the_language_may_be_written_in_any_way(lang):
    assert FIRST in engine("justext").extract(page(lang=lang), None).text


def test_the_list_of_another_language_finds_nothing():
    assert SECOND not in engine("justext").extract(page(lang="fa"), None).text


def test_languages_without_spaces_are_found():
    text = "植物利用阳光、水和空气中的气体制造糖分。" * 8
    html = f'<html lang="zh-CN"><body><p>{text}</p><p><a href="/">首页</a></p></body></html>'
    assert engine("justext").extract(html, None).text == text


@pytest.mark.parametrize(
    ("sentence", "times"),
    [
        ("植物利用阳光、水和空气中的气体制造糖分，夜里再把糖用掉。", 2),
        ("植物は日光と水と空気中の気体から糖を作り、夜にそれを使います。", 2),
        ("พืชใช้แสงแดดน้ำและก๊าซในอากาศเพื่อสร้างน้ำตาล", 3),
        ("식물은 햇빛과 물과 공기 중의 기체로 당을 만들고 밤에 그것을 씁니다. ", 2),
    ],
)
def test_languages_without_spaces_need_not_be_declared_nor_their_lines_be_long(sentence, times):
    """Characters that say as much as two or three letters count as that."""
    text = (sentence * times).strip()
    links = "".join(f'<p><a href="/{n}">{sentence}</a></p>' for n in range(3))
    for lang in ("", ' lang="ko"' if " " in text else ' lang="xx"'):
        html = f"<html{lang}><body>{links}<p>{text}</p><p>{text}</p>{links}</body></html>"
        assert engine("justext").extract(html, None).text == f"{text}\n{text}"


def test_a_few_characters_of_a_script_without_spaces_change_nothing():
    words = "Trees grow tall: 植物利用阳光、水和空气中的气体制造糖分。"
    html = page(f"<p>{FIRST}</p><p>{words}</p>", lang="fa")
    assert engine("justext").extract(html, None).text == ""


def test_line_breaks_of_the_source_are_spaces():
    html = page("<p>" + FIRST.replace(" ", "\n") + "</p>")
    assert engine("justext").extract(html, None).text.count(FIRST) == 2


@pytest.mark.parametrize("mark", ["\x08", "\x0b", "\f", "\ufffe", "&#8;", "&#xffff;"])
def test_a_control_character_beside_what_is_removed_is_a_space(mark):
    html = page(f"<p>{FIRST} <script>x</script>{mark}{FIRST}</p><!-- {mark} -->")
    assert engine("justext").extract(html, None).text.count(FIRST) == 3


@pytest.mark.parametrize("unit", ["<td>12</td>", "<p>ab</p>", "<h2>a</h2>", "<p><br></p>"])
def test_long_runs_of_short_paragraphs_take_linear_time(unit):
    began = time.process_time()
    engine("justext").extract(page("<table><tr>" + unit * 20_000), None)
    assert time.process_time() - began < 5


def test_what_lxml_would_cut_is_refused():
    with pytest.raises(Unfit, match="256"):
        engine("justext").extract("<div>" * 300 + FIRST, None)
