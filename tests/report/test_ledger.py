import pickle
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webfilter.document import Document, Verdict
from webfilter.errors import RunError
from webfilter.report import Ledger
from webfilter.report.ledger import Tally, failure_class

STAGES = ("extract", "words", "minhash")


def dropped(name, stage="words", reason="words", value=12, limit=50.0, op="<"):
    return Document(name).drop(Verdict(stage, reason, reason, value, limit, op=op))


def failed(name, reason, stage="extract"):
    return Document(name).fail(stage, reason)


def live(*names):
    return [Document(name) for name in names]


def test_counts_by_stage_reason_limit_and_failure():
    ledger = Ledger(STAGES)
    results = [*live("a"), failed("b", "timeout: 10 s"), failed("c", "ValueError: odd")]
    ledger.add("extract", 3, results, seconds=1.5)
    ledger.add("words", 1, [dropped("a")])
    ledger.check(3)
    extract, words, minhash = ledger.rows()
    assert (extract.docs_in, extract.kept, extract.seconds) == (3, 1, 1.5)
    assert extract.failed == {"timeout": 1, "ValueError": 1}
    assert extract.examples == {
        "timeout": {"timeout: 10 s": "b"},
        "ValueError": {"ValueError: odd": "c"},
    }
    assert words.dropped == {"words": 1}
    assert words.limits == {"words": {"< 50": 1}}
    assert minhash == Tally("minhash")


def test_reasons_tell_both_ends_of_a_range_apart_and_sum_up():
    tally = Tally("words")
    docs = [dropped("a"), dropped("b"), dropped("c", value=10**6, limit=100_000.0, op=">")]
    tally.count([*docs, Document("d").drop(Verdict("words", "words")), failed("e", "KeyError")])
    said = [(r.name, r.limit, r.count, r.kind) for r in tally.reasons()]
    assert said == [
        ("words", "< 50", 2, "dropped"),
        ("words", "", 1, "dropped"),
        ("words", "> 100,000", 1, "dropped"),
        ("KeyError", "", 1, "failed"),
    ]
    assert sum(r.count for r in tally.reasons()) == tally.gone == 5


def test_a_reason_that_is_not_the_signal_names_the_signal_with_its_limit():
    tally = Tally("s")
    tally.count([Document("a").drop(Verdict("s", "too short", "words", 1, 50.0, op="<"))])
    assert tally.limits == {"too short": {"words < 50": 1}}


@pytest.mark.parametrize(
    ("lost", "where"),
    [
        ([], "extract: 3 documents came in, but 2 kept"),
        (["a"], "3 documents were on their way to words, but 2 came in"),
    ],
)
def test_a_lost_document_is_caught(lost, where):
    ledger = Ledger(STAGES)
    ledger.add("extract", 3, live("a", "b", *("c" for _ in lost)))
    ledger.add("words", 2, live("a", "b"))
    with pytest.raises(RunError, match=where):
        ledger.check(3)


def test_a_document_that_no_stage_counted_is_caught():
    ledger = Ledger(STAGES)
    with pytest.raises(RunError, match="1 documents were on their way to extract"):
        ledger.check(1)
    Ledger(STAGES).check(0)


@pytest.mark.parametrize("whole", [True, False])
def test_what_the_reader_judged_stands_in_a_first_row(whole):
    ledger = Ledger()
    ledger.add("extract", 8, live(*"abcdefgh"))
    broken = [failed("i", "ValueError: clipped", "read"), failed("j", "ValueError: empty", "read")]
    if whole:
        ledger.add("read", 10, [*broken, *live(*"abcdefgh")])
    else:
        for doc in broken:
            ledger.add("read", 1, [doc])
    ledger.check(10)
    first, second = ledger.rows(10)
    assert (first.name, first.docs_in, first.kept, first.failed) == (
        "read",
        10,
        8,
        {"ValueError": 2},
    )
    assert second.docs_in == 8
    with pytest.raises(RunError):
        ledger.check(11)


def test_completing_the_row_of_the_reader_does_not_change_the_ledger():
    ledger = Ledger()
    ledger.add("read", 1, [failed("a", "ValueError", "read")])
    assert ledger.rows(5)[0].docs_in == 5
    assert ledger.rows()[0].docs_in == 1
    assert ledger.rows(7)[0].kept == 6


documents = st.builds(
    lambda n, how: (
        Document(str(n))
        if how == 0
        else dropped(str(n), reason="ab"[how % 2], limit=float(how))
        if how < 4
        else failed(str(n), f"{'XY'[how % 2]}Error: message {how}")
    ),
    st.integers(0, 99),
    st.integers(0, 12),
)
ledgers = st.lists(
    st.tuples(st.sampled_from(STAGES), st.lists(documents, max_size=9), st.floats(0, 3)),
    max_size=4,
).map(lambda batches: _add(batches))


def _add(batches):
    ledger = Ledger(STAGES)
    for stage, docs, seconds in batches:
        ledger.add(stage, len(docs), docs, seconds)
    return ledger


def merged(*parts):
    whole = Ledger()
    for part in parts:
        whole.merge(part)
    return whole


@given(ledgers, ledgers, ledgers)
def test_merging_is_associative_and_commutative(a, b, c):
    one = merged(a, b, c)
    assert all(merged(*parts) == one for parts in permutations((a, b, c)))
    assert merged(a, merged(b, c)) == merged(merged(a, b), c) == one


@given(ledgers)
def test_a_ledger_survives_pickle_and_json(ledger):
    assert pickle.loads(pickle.dumps(ledger)) == ledger
    for row in ledger.rows():
        assert Tally.from_dict(row.to_dict()) == row


def test_merging_does_not_touch_the_other_ledger():
    a, b = Ledger(STAGES), Ledger(STAGES)
    b.add("words", 1, [dropped("a")])
    a.merge(b)
    a.add("words", 1, [dropped("b")])
    assert b.rows()[1].docs_in == 1
    assert b.rows()[1].limits == {"words": {"< 50": 1}}


def test_five_different_examples_of_a_failure_are_kept_whatever_the_order():
    docs = [failed(str(i), f"ValueError: number {i % 40:02}") for i in range(80)]
    tallies = []
    for order in (docs, docs[::-1]):
        tally = Tally("extract")
        tally.count(order)
        tallies.append(tally)
    assert tallies[0] == tallies[1]
    assert list(tallies[0].examples["ValueError"]) == [
        f"ValueError: number {i:02}" for i in range(5)
    ]
    assert tallies[0].failed == {"ValueError": 80}


@pytest.mark.parametrize(
    ("reason", "group"),
    [
        ("ValueError: bad", "ValueError"),
        ("zlib.error: Error -3 while decompressing", "zlib.error"),
        ("timeout", "timeout"),
        ("timeout: 10 s", "timeout"),
        ("TimeoutError: x", "timeout"),
        ("timed out after 10.5 s", "timeout"),
        ("time limit of 10 s", "timeout"),
        ("worker died (signal 9)", "worker died"),
        ("record 17 is clipped", "record"),
        ("", "unknown"),
        ("12345", "unknown"),
        ("\ud800\x00", "unknown"),
        ("x" * 10_000, "x" * 60),
    ],
)
def test_free_text_is_grouped(reason, group):
    assert failure_class(reason) == group
