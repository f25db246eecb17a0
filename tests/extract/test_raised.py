"""Exponents and indices: marked where they are some, and nothing else is."""

from __future__ import annotations

import time

import pytest

from webfilter.extract.dom import read
from webfilter.extract.raised import exponent, index


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        # powers
        ("10<sup>-6</sup> m", "10^-6 m"),
        ("10<sup>−6</sup> m", "10^−6 m"),
        ("about 10<sup>9</sup> years", "about 10^9 years"),
        ("3 × 10<sup>8</sup> m/s", "3 × 10^8 m/s"),
        ("2<sup>10</sup> = 1024", "2^10 = 1024"),
        ("at most 2<sup>32</sup> bytes", "at most 2^32 bytes"),
        ("5<sup>2</sup> + 12<sup>2</sup> = 13<sup>2</sup>", "5^2 + 12^2 = 13^2"),
        ("2<sup>n</sup> ways, 2<sup>n+1</sup> more", "2^n ways, 2^{n+1} more"),
        ("x<sup>2</sup> + y<sup>2</sup>", "x^2 + y^2"),
        ("3x<sup>2</sup>", "3x^2"),
        ("<i>x</i><sup>2</sup>", "x^2"),
        ("<i>x</i><sup><i>n</i></sup>", "x^n"),
        ("E = mc<sup>2</sup>", "E = mc^2"),
        ("πr<sup>2</sup>", "πr^2"),
        ("e<sup>-kt</sup>", "e^{-kt}"),
        ("(a + b)<sup>2</sup>", "(a + b)^2"),
        ("f(x)<sup>3</sup>", "f(x)^3"),
        ("sin<sup>2</sup> α", "sin^2 α"),
        ("an R<sup>2</sup> of .9", "an R^2 of .9"),
        ("5 km<sup>2</sup>, 9 cm<sup>3</sup>", "5 km^2, 9 cm^3"),
        ("9.8 m/s<sup>2</sup>", "9.8 m/s^2"),
        ("5 W m<sup>-2</sup> K<sup>-1</sup>", "5 W m^-2 K^-1"),
        ("x<sup>10</sup>", "x^10"),
        *[
            (f"<{tag}>x</{tag}><sup>2</sup>", "x^2")
            for tag in ("b", "em", "font", "i", "span", "strong", "var")
        ],
        ("<b><i>x</i></b><sup><b>2</b></sup>", "x^2"),
        ("x<sup> n + 1 </sup>", "x^{n + 1}"),
        ("(1 + x)<sup>n</sup>", "(1 + x)^n"),
        *[(f"2<sup>{n}</sup> of them", f"2^{n} of them") for n in (31, 53, 63, 64, 128, 256)],
        ("is 3<sup>-2</sup> now", "is 3^-2 now"),
        ("that 3<sup>2</sup> × 4", "that 3^2 × 4"),
        ("so = 3<sup>2</sup>.", "so = 3^2."),
        ("5 kg<sup>-1</sup>", "5 kg^-1"),
        # indices
        ("x<sub>i</sub><sup>n+1</sup>", "x_i^{n+1}"),
        ("x<sub> max </sub>", "x_{max}"),
        ("log<sub>twelve signs</sub>", "log_{twelve signs}"),
        ("x<sub>1</sub> to x<sub>n</sub>", "x_1 to x_n"),
        ("a<sub>n+1</sub> and r<sub>(n+1)/2</sub>", "a_{n+1} and r_{(n+1)/2}"),
        ("V<sub>max</sub>", "V_{max}"),
        ("log<sub>2</sub> n", "log_2 n"),
        ("x<sub>i</sub><sup>2</sup>", "x_i^2"),
        ("x<sup>2</sup><sub>i</sub>", "x^2_i"),
        # chemistry stays on its line, but for a charge behind an index
        ("H<sub>2</sub>O, CO<sub>2</sub>", "H2O, CO2"),
        ("Ca<sup>2+</sup>, Na<sup>+</sup>", "Ca2+, Na+"),
        ("SO<sub>4</sub><sup>2−</sup>", "SO4^{2−}"),
        ("<sup>14</sup>C", "14C"),
        ("NO<sub>x</sub>", "NOx"),
        ("A<sub>1</sub> Z<sub>1</sub>", "A1 Z1"),
        # fractions
        ("2<sup>1</sup>/<sub>2</sub> cups", "2 1/2 cups"),
        ("2<sup>1</sup> ⁄ <sub>2</sub> cups", "2 1 ⁄ 2 cups"),
        ("a<sup>1</sup>/<sub>2</sub> b", "a1/2 b"),
        ("12<sup>1</sup>/<i>2</i>", "121/2"),
        ("<sup>1</sup>⁄<sub>2</sub> cup", "1⁄2 cup"),
        ("a <sup>3</sup>/<sub>4</sub> cup", "a 3/4 cup"),
    ],
)
def test_what_is_raised_or_lowered_by_its_meaning(html, expected):
    [block] = read(f"<p>{html}").blocks
    assert block.text == expected


@pytest.mark.parametrize(
    "html",
    [
        # notes
        "it was so.<sup>2</sup>", "it was so<sup>2</sup>", "claims <sup>2</sup>",
        "claims<sup>11,12</sup>", "claims<sup>[3]</sup>", "x<sup><a href=#n>2</a></sup>",
        "<a href=#n>x<sup>2</sup></a>", "800 Wh/L<sup>6</sup>", "12,800Pa<sup>3</sup>",
        "vitamin D<sup>3</sup>", "Part B<sup>2</sup>", "hepatitis C<sup>12</sup>",
        "CO<sub>2</sub><sup>3</sup>", "SARS-CoV-2<sup>10</sup>", "Windows 10<sup>2</sup>",
        "May 10<sup>3</sup>", "in 2020<sup>3</sup>", "aged 18<sup>3</sup>", "type 2<sup>15</sup>",
        "x<sup>1</sup>", "people's<sup>2</sup>", "the U.S.<sup>2</sup>",
        "(see above)<sup>2</sup>", "(ACSI)<sup>2</sup>", "five km<sup>7</sup>", "και<sup>2</sup>",
        "да<sup>2</sup>", "group A<sup>b</sup>", "e-mail<sup>2</sup>", "Mingle<sup>2</sup>",
        # prices, ordinals, trade marks and other words
        "$1,149<sup>00</sup>", "12<sup>99</sup> €", "9<sup>95</sup>", "$10<sup>45</sup>",
        "1<sup>st</sup>", "4<sup>th</sup>", "1<sup>er</sup>", "2<sup>e</sup>", "M<sup>me</sup>",
        "n<sup>o</sup> 5", "D<sup>r</sup>", "5<sup>a</sup>", "Xbox<sup>TM</sup>", "A<sup>®</sup>",
        "New<sup>NEW</sup>", "12<sup>h</sup>30", "M<sup>c</sup>Donald",
        "a<sub>see the note below</sub>",
        *[f"10<sup>{price}</sup> each" for price in ("00", "49", "50", "90", "95", "98", "99")],
        "only 10<sup>45</sup> €", "€ 10<sup>45</sup>", "x<sup>ER</sup>", "R<sup>10</sup>",
        "so 15<sup>63</sup> of", "(sum + all)<sup>2</sup>", "log<sub>more than twelve</sub>",
        "CO<sub>2</sub><sup>n</sup>", "<sub>1</sub>Department", "<h2>x</h2><sup>2</sup>",
        "x<sup></sup>",
        # code is as written
        "<code>x<sup>2</sup></code>",
    ],
)  # fmt: skip
def test_what_is_raised_for_other_reasons_stays_as_it_was(html):
    found = " ".join(block.text for block in read(f"<p>{html}").blocks)
    assert "^" not in found
    assert "_" not in found


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        # notes and verses
        ("<sup>1</sup>Department of Physics", "1 Department of Physics"),
        ("<sup>1</sup>2025 report", "1 2025 report"),
        ("<sup>1</sup><a href=#x>Smith</a>", "1 Smith"),
        ("<sup><a href=#x>12</a></sup>See there", "12 See there"),
        ("so.<sup>2</sup>Then it was", "so.2 Then it was"),
        ("about it<sup>4</sup>No more", "about it4 No more"),
        ("<sup>3</sup>I do not", "3 I do not"),
        ("<sup>24</sup>He is", "24 He is"),
        ("<sup>2</sup>He said", "2 He said"),
        ("<sup>123</sup>Then", "123 Then"),
        ("<sup>1234</sup>Then", "1234Then"),
        ("<sub>1</sub>Then", "1Then"),
        ("so <sup>2</sup>then", "so 2 then"),
        *[(f"<sup>9</sup>{word} a", f"9 {word} a") for word in ["A", "Am", "As", "At", "I", "No"]],
        ("<sup>3</sup>Be still, <sup>7</sup>Be", "3 Be still, 7Be"),
        ("<sup>10</sup>He, <sup>11</sup>He", "10He, 11 He"),
        ("<sup>1</sup> In the beginning", "1 In the beginning"),
        ("<sup>1</sup>In the beginning", "1 In the beginning"),
        # isotopes and names
        ("<sup>14</sup>C and <sup>235</sup>U", "14C and 235U"),
        ("<sup>3</sup>He, <sup>131</sup>I, <sup>115</sup>In", "3He, 131I, 115In"),
        ("C<sup>4</sup>ISR and M<sup>3</sup>AAWG", "C4ISR and M3AAWG"),
        ("<sup>a</sup>See there", "aSee there"),
        ("<sup>1</sup>", "1"),
        ("<sup>1</sup>, then", "1, then"),
        ("<pre>x<sup>1</sup>Two</pre>", "x1Two"),
    ],
)  # fmt: skip
def test_the_number_of_a_note_is_apart_from_what_it_begins(html, expected):
    assert "\n".join(block.text for block in read(f"<p>{html}").blocks) == expected


def test_words_of_what_is_around_are_not_lost():
    [block] = read("<p>one x<sup>2</sup> two <b>x<sub>i</sub></b> three<sup>4</sup> five").blocks
    assert block.text == "one x^2 two x_i three4 five"


def test_text_in_links_is_counted_with_its_marks():
    [block] = read("<p>a <a href=/>the <b>x</b><i>b<sub>n</sub></i> of</a>").blocks
    assert block.text == "a the xb_n of"
    assert block.linked == len("the xb_n of")


def test_long_texts_before_are_not_looked_through():
    long = "(" * 200_000
    start = time.perf_counter()
    for before in (long, "a" * 200_000, "1" * 200_000, "- " * 100_000, "α" * 200_000):
        exponent(before, "2")
        index(before, "i")
    assert time.perf_counter() - start < 1


def test_many_exponents_take_linear_time():
    start = time.perf_counter()
    read("<p>" + "x<sup>2</sup><sub>i</sub>" * 20_000)
    read("<p>" + "<sup>" * 1_000 + "x")
    assert time.perf_counter() - start < 5
