"""Formulas of pages: written once, as TeX, whoever drew them; what is none stays as it was."""

from __future__ import annotations

import time

import pytest
from selectolax.lexbor import LexborHTMLParser

from webfilter.extract.dom import read
from webfilter.extract.formulas import sign
from webfilter.extract.mathml import tex
from webfilter.extract.render import render


def text(html: str) -> str:
    return "\n".join(block.text for block in read(html).blocks)


# ---- MathML -------------------------------------------------------------------------------------

ACCENTS = {
    "bar": "¯‾_",
    "hat": "^ˆ\u0302",
    "tilde": "~˜",
    "vec": "→\u20d7",
    "dot": "˙.",
    "ddot": "¨",
}
X, TWO = "<mi>x</mi>", "<mn>2</mn>"


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        (f"<msup>{X}{TWO}</msup>", "x^2"),
        (f"<msub>{X}<mi>i</mi></msub>", "x_i"),
        (f"<msubsup>{X}<mi>i</mi><mrow><mi>n</mi><mo>+</mo><mn>1</mn></mrow></msubsup>",
         "x_i^{n+1}"),
        (f"<mfrac><mrow><mo>−</mo><mi>b</mi></mrow><mrow>{TWO}<mi>a</mi></mrow></mfrac>",
         r"\frac{−b}{2a}"),
        (f"<msqrt>{X}<mo>+</mo><mn>1</mn></msqrt>", r"\sqrt{x+1}"),
        (f"<mroot>{X}<mn>3</mn></mroot>", r"\sqrt[3]{x}"),
        ("<munderover><mo>∑</mo><mrow><mi>i</mi><mo>=</mo><mn>1</mn></mrow><mi>n</mi></munderover>"
         "<mi>i</mi>", "∑_{i=1}^ni"),
        (f"<mover>{X}<mo>¯</mo></mover>", r"\bar{x}"),
        ("<mover><mi>A</mi><mo>→</mo></mover>", r"\vec{A}"),
        ("<munder><mi>lim</mi><mi>n</mi></munder><mi>a</mi>", r"\lim_na"),
        (f"<mi>sin</mi><mo>&#x2061;</mo><msup>{X}{TWO}</msup>", r"\sin x^2"),
        (f"<msup><mi>sin</mi>{TWO}</msup><mi>y</mi>", r"\sin^2y"),
        (f"<msup><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow>{TWO}</msup>", "{a+b}^2"),
        (f"<msup><mfenced><mi>a</mi><mi>b</mi></mfenced>{TWO}</msup>", "{(a,b)}^2"),
        ("<mtable><mtr><mtd><mn>1</mn></mtd><mtd><mn>2</mn></mtd></mtr>"
         "<mtr><mtd><mn>3</mn></mtd><mtd><mn>4</mn></mtd></mtr></mtable>",
         r"\begin{matrix} 1 & 2 \\ 3 & 4 \end{matrix}"),
        (f"<msup>{X}{TWO}</msup><mtext>if it is so</mtext>", r"x^2\text{if it is so}"),
        (f"<mphantom><mi>q</mi></mphantom><msup>{X}{TWO}</msup>", "x^2"),
        (f"<semantics><mrow><msup>{X}{TWO}</msup></mrow>"
         "<annotation encoding='StarMath'>no</annotation></semantics>", "x^2"),
        ("<mfenced open='[' close='[' separators=';,'><mi>a</mi><msqrt><mi>b</mi></msqrt>",
         r"[a;\sqrt{b}["),
        *[(f"<mover>{X}<mo>{sign}</mo></mover>", rf"\{name}{{x}}")
          for name, signs in ACCENTS.items() for sign in signs],
        (f"<munder>{X}<mo>~</mo></munder>", "x_~"),
        (f"<mover>{X}<mo>+</mo></mover>", "x^+"),
        (f"<msup>{X}<mn>12</mn></msup><mn>34</mn><mo>+</mo><mi>sin</mi><mn>5</mn>",
         r"x^{12}34+\sin5"),
        (f"<msup>{X}{TWO}</msup><mtext>a</mtext><ms>no</ms><mi>max</mi><mi>ab</mi>",
         r"x^2a\text{no}\max ab"),
        (f"<msup>{X}{TWO}</msup><mspace/><mspace/>{X}", "x^2 x"),
        (f"<msup> {X}\n <mrow> {TWO} </mrow> </msup>\n +\u2062 {X}", "x^2 + x"),
        (f"<msup>{X}<mrow></mrow></msup><msqrt>{X}</msqrt>", r"x\sqrt{x}"),
        (f"<msup><mi>ab</mi>{TWO}</msup><msup><mi><b>c</b></mi>{TWO}</msup>", "ab^2c^2"),
        (f"<msup><mo>||</mo>{TWO}</msup>", "{||}^2"),
        (f"<msup>{X}</msup><maligngroup>no</maligngroup><malignmark>no</malignmark>"
         f"<annotation-xml>no</annotation-xml><msqrt>{TWO}</msqrt>", r"x\sqrt{2}"),
        ("<msqrt></msqrt>", r"\sqrt{}"),
        # what lacks a part is read all the same
        (f"<msup>{X}</msup><mfrac>{TWO}</mfrac>", None),
        (f"<mrow>{X}<mo>=</mo>{TWO}</mrow>", None),
        ("", None),
    ],
)  # fmt: skip
def test_what_stands_above_and_below_the_line_stays_there(inner, expected):
    math = LexborHTMLParser(f"<p><math>{inner}</math>").css_first("math")
    assert tex(math) == expected


def test_prefixes_of_mathml_mean_nothing():
    inner = "<mml:msup><mml:mi>x</mml:mi><mml:mn>2</mml:mn></mml:msup>"
    assert text(f"<p>a <mml:math>{inner}</mml:math> b") == r"a \(x^2\) b"


def test_a_formula_in_one_line_is_its_characters():
    assert text("<p>a <math><mi>x</mi><mo>=</mo><mn>2</mn></math> b") == "a x=2 b"


def test_deep_formulas_are_read_in_linear_time():
    for one in ("<msup><mi>x</mi>", "<mrow>", "<mfrac><mn>1</mn>", "<msqrt>"):
        deep = "<math>" + one * 1500 + "<mi>end</mi>"
        start = time.perf_counter()
        assert "end" in text(f"<p>a {deep}")
        assert time.perf_counter() - start < 2


# ---- scripts of MathJax -------------------------------------------------------------------------

TEX = '<script type="math/tex">a^2 &lt; b</script>'
BLOCK = "<script type='math/tex; mode=display'>\\int\n f</script>"


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>Then <script type='math/tex'>a^2</script> holds.", r"Then \(a^2\) holds."),
        (f"<p>Then {BLOCK} holds.", r"Then \[\int f\] holds."),
        ("<p>a <script type='math/asciimath'>x/y</script> b", r"a \(x/y\) b"),
        ("<p>a <script type='math/tex'> </script> b", "a b"),
        ("<p>a <script type='math/mml'>no</script><script>no</script> b", "a b"),
        # what was drawn of it is not read
        ("<p>a <span class='MathJax_Preview'>no</span><span class='MathJax' id=x><nobr>no</nobr>"
         "</span><script type='math/tex'>x</script> b", r"a \(x\) b"),
        (f"<div>a <div class='MathJax_Display'><p>no</p></div>\n{BLOCK} b</div><p>c",
         "a \\[\\int f\\] b\nc"),
        ("<p><span class='MathJax'>no</span><script type='math/tex'>x</script> and "
         "<span class='MathJax'>no</span><script type='math/tex'>y</script>", r"\(x\) and \(y\)"),
        ("<p><span class='MathJax'>kept</span> <script type='text/javascript'>x</script>", "kept"),
        ("<p><span class='MathJax'>kept</span> so <script type='math/tex'>x</script>",
         r"kept so \(x\)"),
        ("<p><mjx-container class='MathJax'>no</mjx-container><script type='math/tex'>x</script> "
         "<span class='mjx-chtml'>no</span><script type='math/tex'>y</script>", r"\(x\) \(y\)"),
    ],
)  # fmt: skip
def test_scripts_of_mathjax(html, expected):
    assert text(html) == expected


def test_a_page_that_mathjax_drew_has_its_links_and_no_block_twice():
    drawn = "<p>one <a href=/x>two</a> <span class=MathJax>no</span>"
    dom = read(f"<base href='https://a.example/'>{drawn}<script type='math/tex'>z</script>", True)
    assert [block.text for block in dom.blocks] == [r"one two \(z\)"]
    assert dom.base == "https://a.example/"
    assert [said for said in dom.attributes if "href" in said][-1] == {"href": "/x"}
    assert len(dom.tags) == len(dom.parents) == len(dom.ends) == len(dom.first) == len(dom.last)


def test_what_mathjax_drew_within_an_open_iframe_is_not_read():
    inner = "<p>a <span class=MathJax>no</span><script type='math/tex'>z</script> b" + "<p>c" * 400
    found = text(f"<p>first<iframe src=x>{inner}")
    assert found.startswith("first\na \\(z\\) b\nc\nc")


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<body class=mediawiki><b class=mw-editsection>no</b><p>a", "a"),
        ("<body class=mediawiki><p>a<b class=mw-editsection>[<i class=mw-editsection>e</i>]</b>b",
         "ab"),
        ("<p>a <math><annotation><annotation>no</annotation></annotation><mi>x</mi></math> b",
         "a x b"),
        ("<p>a <span class=MathJax><script type='math/tex'>no</script></span>"
         "<script type='math/tex'>x</script> b", r"a \(x\) b"),
        ("<p>a " + "<span class=MathJax></span> " * 3 + "<script type='math/tex'>x</script>",
         r"a \(x\)"),
    ],
)  # fmt: skip
def test_what_is_taken_out_within_what_is_taken_out(html, expected):
    for _ in range(50):  # what was freed is not always overwritten at once
        assert text(html) == expected


# ---- pictures -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (r'<img class="latex" src="//s0.wp.com/latex.php?latex=x" alt="x^2 + 1">', r"\(x^2 + 1\)"),
        (r'<img src="https://s0.wp.com/latex.php?latex=%5Cfrac%7Ba%7D%7Bb%7D&bg=fff">',
         r"\(\frac{a}{b}\)"),
        (r'<img class="mwe-math-fallback-image-display" alt="{\displaystyle a_{1}}">',
         r"\[a_{1}\]"),
        (r'<img class="tex" alt="\frac{a}{b}">', r"\(\frac{a}{b}\)"),
        (r'<img class="math" src="_images/math/0a.png" alt="n \to m">', r"\(n \to m\)"),
        (r'<img class="latexcenter" alt="\[ a = b \]">', r"\[a = b\]"),
        ('<img align="middle" src="img5.png" alt="$x_1$">', r"\(x_1\)"),
        (r'<img src="img6.png" alt="\begin{displaymath} x \end{displaymath}">',
         r"\begin{displaymath} x \end{displaymath}"),
        ('<img class="formulaInl" alt="$ A^T A $" src="form_0.png">', r"\(A^T A\)"),
        ('<img src="https://latex.codecogs.com/gif.latex?e%5Ex">', r"\(e^x\)"),
        ('<img src="https://chart.googleapis.com/chart?cht=tx&chl=x%2By">', r"\(x+y\)"),
        (r'<img src="https://x.example/media/math/render/svg/0a" alt="a_1">', r"\(a_1\)"),
        (r'<img src="img7.png" alt="\(a_1\)">', r"\(a_1\)"),
        (r'<img src="img8.png" alt="$$a_1$$">', r"\[a_1\]"),
        ('<img class="latexcenter" alt="a_1">', r"\[a_1\]"),
        (r'<img class="tex" alt="\displaystyle a_{1}">', r"\(a_{1}\)"),
        ('<span>so</span><img class="tex" alt="a_1">', r"so\(a_1\)"),
        ('<img src="https://latex.codecogs.com/GIF.LATEX?e_1">', r"\(e_1\)"),
        ('<img class="ql-img latex" alt="Rendered by QuickLaTeX.com" src="a.png">', ""),
        # pictures of something else
        ('<img alt="A dog" src="dog.png">', ""),
        ('<img alt="$20 gift card" src="card.png">', ""),
        ('<img alt="$" src="dollar.png">', ""),
        ('<img alt="from $5 to $9$" src="a.png">', ""),
        ('<img alt="$5 to $9$" src="a.png">', ""),
        (f'<img class="tex" alt="{"x^2" * 2000}">', ""),
        ('<img class="math" alt="Our class in mathematics" src="a.png">', ""),
        ('<img class="latex" alt="Gloves" src="a.png">', ""),
        ("<img>", ""),
    ],
)  # fmt: skip
def test_pictures_of_formulas(image, expected):
    assert text(f"<p>a {image} b") == " ".join(f"a {expected} b".split())


def test_a_picture_beside_its_formula_is_not_read_again():
    note = "<semantics><annotation encoding='application/x-tex'>{\\displaystyle x}</annotation>"
    image = '<img class="mwe-math-fallback-image-inline" alt="{\\displaystyle x}" src="x.svg">'
    html = f"<p>a <span><span><math>{note}</math></span>{image}</span> b"
    assert text(html) == r"a \(x\) b"


def test_a_picture_beside_its_formula_in_a_block_of_its_own_is_not_read_again():
    math = "<math display=block alttext='{\\displaystyle x}'></math>"
    image = '<img class="mwe-math-fallback-image-display" alt="{\\displaystyle x}" src="x.svg">'
    assert text(f"<p>a</p><div><div style='display:none'>{math}</div>{image}</div>") == "a\n\\[x\\]"


def test_a_formula_says_its_own_tex_if_it_can():
    assert text("<p><math alttext='x^{2}' display=block><mi>no</mi></math>") == r"\[x^{2}\]"
    for encoding in ("application/x-tex", "TeX", "LaTeX"):
        note = f"<annotation encoding={encoding}>x^2</annotation>"
        assert text(f"<p><math><semantics><mi>no</mi>{note}</semantics></math>") == r"\(x^2\)"


def test_a_picture_of_a_formula_in_a_link_is_text_of_the_link():
    [block] = read('<p>see <a href=/><img class="tex" alt="x^2"></a>').blocks
    assert (block.linked, block.links) == (len(r"\(x^2\)"), 1)


def test_ten_thousand_pictures_take_linear_time():
    for image in ('<img class="tex" alt="x^2">', f'<img src="data:tex{"A" * 200}">', "<img alt=$>"):
        html = "<p>a" + image * 10_000
        start = time.perf_counter()
        read(html)
        assert time.perf_counter() - start < 5


def test_formulas_beside_one_text_for_the_eye_take_linear_time():
    eye = f"<span aria-hidden=true>{'<b>x</b>' * 8_000}</span>"
    maths = f"<span>{'<math>y</math>' * 8_000}</span>"
    for html in (eye + maths, maths + eye.replace("x", "")):
        start = time.process_time()
        assert text(f"<p>{html}").endswith("y")
        assert time.process_time() - start < 0.7


def test_every_sign_is_text_or_an_element():
    html = "<p>a<sup>b</sup><img><math></math><script></script>"
    said = [sign(node) for node in LexborHTMLParser(html).css("sup, img, math, script")]
    assert said == [None, None, "", None]


# ---- Markdown -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>so <math alttext='a_b * c_d'></math> is", "so $a_b * c_d$ is"),
        ("<p><math alttext='a_b' display=block></math>", "$$a_b$$"),
        (r"<p>so \(a_{1} * b_{2}\) and $x_1$ and $$y_1$$ is",
         "so $a_{1} * b_{2}$ and $x_1$ and $$y_1$$ is"),
        (r"<p><b>Note</b> that \[a \le b\] <em>holds \(x_{1}\)</em>",
         r"**Note** that $$a \le b$$ *holds $x_{1}$*"),
        ("<p>from $5 to $10 *and* _on_", r"from $5 to $10 \*and\* \_on\_"),
        (r"<p>a \( b", r"a \\( b"),
        (r"<p>a \( \) b", r"a \\( \\) b"),
    ],
)  # fmt: skip
def test_formulas_in_markdown_stand_between_dollars_and_are_not_escaped(html, expected):
    dom = read(html)
    assert render(dom, range(len(dom.blocks)), True) == expected


def test_a_table_of_an_equation_and_its_number_is_none():
    cells = "<td></td><td><math alttext='a_b' display=block></math></td><td>(1)</td>"
    dom = read(f"<table><tr>{cells}</tr></table>")
    assert render(dom, range(2), True) == "$$a_b$$\n\n(1)"
    assert render(dom, range(2)) == "\\[a_b\\]\n(1)"
    for cell in (r"\[a\] it is", r"so \[a\]"):
        dom = read(f"<table><tr><td>{cell}<td>b</table>")
        assert render(dom, range(2)) == f"{cell} | b"


@pytest.mark.parametrize("one", [r"\(", r"\[a", "$", "$a_", "$$a", "\\(a\\\\", "$a_ " + " " * 50])
def test_open_formulas_take_linear_time(one):
    dom = read(f"<p>{one * 20_000}_")
    start = time.perf_counter()
    render(dom, [0], True)
    assert time.perf_counter() - start < 3
