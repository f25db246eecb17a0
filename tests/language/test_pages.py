"""The labels of the real pages, which benchmarks judge by: each page once, codes that we know."""

from pathlib import Path

from webfilter.codes import canonical, known

PAGES = Path(__file__).parents[2] / "classifiers" / "language" / "pages.tsv"
ROWS = [
    line.split("\t") for line in PAGES.read_text("utf-8").splitlines() if not line.startswith("#")
]


def test_every_page_has_one_label_and_how_it_was_decided() -> None:
    assert len({name for name, _, _ in ROWS}) == len(ROWS)
    assert {how for _, _, how in ROWS} == {"agreed", "agreed, read", "read"}


def test_labels_are_canonical_codes() -> None:
    codes = {code for _, code, _ in ROWS} - {"mul"}
    assert codes <= known()
    assert {canonical(code) for code in codes} == codes
