"""The reader: what it computes, against the definition in slow steps; word pieces; broken files."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from webfilter.score.pieces import MOST, Pieces
from webfilter.score.reader import Reader

VOCABULARY = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "boil", "boils", "water", "##ing", "##s", "at",
              "a", "##b", ".", "_", "1", "##00", "100", "ecole", "don", "'", "t")  # fmt: skip


def tiny(seed: int = 0, layers: int = 2) -> Reader:
    """Return a reader with random weights: 8 directions, 2 heads, 12 hidden, 3 targets."""
    rng = np.random.default_rng(seed)
    v, d, h, t, k = len(VOCABULARY), 8, 12, 3, layers

    def whole(*shape: int) -> np.ndarray:
        return rng.integers(-15, 16, shape).astype(np.int8)

    def real(*shape: int, mean: float = 0.0, spread: float = 0.3) -> np.ndarray:
        return rng.normal(mean, spread, shape).astype(np.float32)

    return Reader(
        vocabulary=np.frombuffer("\n".join(VOCABULARY).encode(), np.uint8),
        heads=np.full(k, 2),
        pieces=whole(v, d), pieces_unit=real(v, mean=0.1, spread=0.02),
        places=real(MOST, d).astype(np.float16),
        asked=whole(k, d, 3 * d), asked_unit=real(k, 3 * d, mean=0.05, spread=0.01),
        told=whole(k, d, d), told_unit=real(k, d, mean=0.05, spread=0.01),
        opened=whole(k, d, h), opened_unit=real(k, h, mean=0.05, spread=0.01),
        closed=whole(k, h, d), closed_unit=real(k, d, mean=0.05, spread=0.01),
        asked_base=real(k, 3 * d), told_base=real(k, d), opened_base=real(k, h),
        closed_base=real(k, d),
        norms=real(1 + 2 * k, 2, d, mean=1.0), head=real(2 * d, t),
        base=np.array([0.25, 0.5, 0.0]), constant=np.array([0.5, 0.0, -0.5]),
        mixed=np.array([[1.0, 0.5], [0.5, 1.0], [1.0, 0.0]]),
        curve=np.tile([[-8.0, 0.0, 8.0], [-8.0, 1.0, 9.0]], (t, 1, 1)),
        spread=np.tile([[0.0, 5.0], [-1.0, -0.5], [0.5, 1.0]], (t, 1, 1)),
        top=np.array([5.0, 3.0, 2.0]), names=np.array(["one", "two", "three"]),
    )  # fmt: skip


def by_definition(reader: Reader, text: str) -> list[float]:
    """Return what BERT's definition says, number by number, in double precision."""
    numbers = Pieces(VOCABULARY)(text)
    d, heads = reader.pieces.shape[1], int(reader.heads[0])

    def normal(row: list[float], norm: np.ndarray) -> list[float]:
        mean = math.fsum(row) / d
        sd = math.sqrt(math.fsum((x - mean) ** 2 for x in row) / d + 1e-12)
        return [(x - mean) / sd * g + b for x, g, b in zip(row, *norm.tolist(), strict=True)]

    def product(row: list[float], name: str, i: int) -> list[float]:
        table, unit, base = (
            getattr(reader, f"{name}{of}")[i].tolist() for of in ("", "_unit", "_base")
        )
        return [
            math.fsum(x * table[a][b] for a, x in enumerate(row)) * unit[b] + base[b]
            for b in range(len(base))
        ]

    rows = [
        normal(
            [
                float(reader.pieces[n][a]) * float(reader.pieces_unit[n])
                + float(reader.places[i][a])
                for a in range(d)
            ],
            reader.norms[0],
        )
        for i, n in enumerate(numbers)
    ]
    for i in range(len(reader.heads)):
        asked = [product(row, "asked", i) for row in rows]
        heard = []
        for row in asked:
            out: list[float] = []
            for head in range(heads):
                of = slice(head * d // heads, (head + 1) * d // heads)
                query = row[:d][of]
                fits = [
                    math.exp(
                        math.fsum(x * y for x, y in zip(query, other[d : 2 * d][of], strict=True))
                        / math.sqrt(d / heads)
                    )
                    for other in asked
                ]
                values = [other[2 * d :][of] for other in asked]
                out += [
                    math.fsum(f * value[a] for f, value in zip(fits, values, strict=True))
                    / math.fsum(fits)
                    for a in range(d // heads)
                ]
            heard.append(product(out, "told", i))
        rows = [
            normal([x + y for x, y in zip(row, out, strict=True)], reader.norms[1 + 2 * i])
            for row, out in zip(rows, heard, strict=True)
        ]
        after = []
        for row in rows:
            inner = [x / (1 + math.exp(-1.702 * x)) for x in product(row, "opened", i)]
            out = product(inner, "closed", i)
            after.append(
                normal([x + y for x, y in zip(row, out, strict=True)], reader.norms[2 + 2 * i])
            )
        rows = after
    columns = list(zip(*rows, strict=True))
    seen = [math.fsum(c) / len(rows) for c in columns] + [max(c) for c in columns]
    return [
        math.fsum(x * w for x, w in zip(seen, head, strict=True)) + base
        for head, base in zip(reader.head.T.tolist(), reader.base.tolist(), strict=True)
    ]


@pytest.mark.parametrize("text", ["Water boils at 100.", "", "boiling " * 9, "a_b don't école ☃"])
def test_the_encoder_is_what_its_definition_says(text: str) -> None:
    reader = tiny()
    assert reader.encode([text])[0].tolist() == pytest.approx(by_definition(reader, text), abs=1e-4)


def test_order_changes_what_is_read() -> None:
    reader = tiny()
    one, other = reader.encode(["water boils at 100", "100 at boils water"])
    assert np.abs(one - other).max() > 1e-3


def test_what_is_beyond_the_places_is_not_read() -> None:
    reader = tiny()
    long = "water " * (MOST - 2)
    plain, longer, other = reader.encode([long, long + "boils at a", "boils " + long]).tolist()
    assert plain == longer != other


def test_scores_mix_encoder_and_regression_then_follow_the_curve() -> None:
    reader = tiny()
    texts, raw = ["water boils", "a"], np.array([[1.0, 2.0, 0.5], [-3.0, 0.0, 9.0]])
    mixed = reader.encode(texts) * [1.0, 0.5, 1.0] + raw * [0.5, 1.0, 0.0] + [0.5, 0.0, -0.5]
    wanted = np.clip(np.where(mixed < 0, 1 + mixed * 9 / 8, 1 + mixed), 0, [5.0, 3.0, 2.0])
    assert reader.predict(texts, raw) == pytest.approx(wanted)
    assert reader.predict([], np.zeros((0, 3))).shape == (0, 3)


def test_a_score_has_the_same_bits_in_every_batch() -> None:
    reader, texts = tiny(), ["water boils", "a", "boils at 100 .", ""]
    raw = np.arange(12.0).reshape(4, 3)
    whole = reader.predict(texts, raw)
    for i, text in enumerate(texts):
        assert reader.predict([text], raw[i : i + 1]).tolist() == [whole[i].tolist()]


def test_intervals_lie_around_the_score_and_within_the_scale() -> None:
    assert tiny().intervals(np.array([0.0, 2.5, 5.0])).tolist() == [
        [0.0, 0.5], [1.75, 3.25], [4.5, 5.0]
    ]  # fmt: skip


def test_a_file_gives_the_same_reader_and_the_same_bytes() -> None:
    reader = tiny()
    data = reader.save()
    again = Reader.load(data)
    assert again.save() == data
    assert again.encode(["water boils"]).tolist() == reader.encode(["water boils"]).tolist()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("head", np.zeros((3, 3), np.float32), r"head has shape \(3, 3\), not \(16, 3\)"),
        ("told_unit", np.ones((1, 8), np.float32), "told_unit has shape"),
        ("asked", np.zeros((2, 8, 8), np.int8), "asked has shape"),
        (
            "norms",
            np.full((5, 2, 8), np.nan, np.float32),
            "norms holds numbers that are not",
        ),
        ("heads", np.array([2, 3]), "does not divide"),
        ("vocabulary", np.frombuffer(b"[UNK]\n[CLS]\n[SEP]", np.uint8), "3 pieces, not 21"),
        ("vocabulary", np.frombuffer(b"water", np.uint8), r"lacks \[UNK\]"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(name: str, value: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Reader.load(replace(tiny(), **{name: value}).save())


def test_a_file_without_an_array_is_refused() -> None:
    from webfilter.score.packaged import load

    with pytest.raises(ValueError, match="its arrays are"):
        Reader.load(load("educational").save())


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("Boiling WATER", ["boil", "##ing", "water"]),
        ("boils", ["boils"]),  # the longest, not boil ##s
        ("École ", ["ecole"]),
        ("1000 100100 100", ["[UNK]", "[UNK]", "100"]),
        ("don't a_ab", ["don", "'", "t", "a", "_", "a", "##b"]),
        ("boilx water", ["[UNK]", "water"]),  # not in part
        ("water." * 2, ["water", ".", "water", "."]),
        ("", []),
        ("x" * 5_000 + " water", ["[UNK]", "water"]),
    ],
)
def test_words_are_cut_as_in_bert(text: str, pieces: list[str]) -> None:
    found = [VOCABULARY[i] for i in Pieces(VOCABULARY)(text)]
    assert found == ["[CLS]", *pieces, "[SEP]"]


def test_a_long_text_is_cut_but_keeps_its_end_mark() -> None:
    found = Pieces(VOCABULARY)("water " * 1_000)
    assert len(found) == MOST
    assert (found[0], found[-1]) == (2, 3)
    assert Pieces(VOCABULARY)("water boils at", 4) == [2, 6, 5, 3]


def test_words_are_cut_as_tokenizers_does() -> None:
    tokenizers = pytest.importorskip("tokenizers")
    numbers = {piece: i for i, piece in enumerate(VOCABULARY)}
    model = tokenizers.models.WordPiece(numbers, unk_token="[UNK]", max_input_chars_per_word=100)
    peer = tokenizers.Tokenizer(model)
    peer.normalizer = tokenizers.normalizers.BertNormalizer(lowercase=True)
    peer.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    ours = Pieces(VOCABULARY)
    for text in ("Boiling water, boils at 100.", "a_b__a don’t ÉCOLE\tx1 100 1", "…water—boils!?"):
        assert ours(text)[1:-1] == peer.encode(text).ids


def test_a_hidden_value_far_below_zero_is_nothing_and_warns_nobody() -> None:
    reader = replace(tiny(), opened_base=np.full((2, 12), -200.0, np.float32))
    assert np.isfinite(reader.encode(["water boils"])).all()
