"""A record gives back what stages made of a batch, exactly, or says nothing."""

import pickle
import threading
import zlib
from dataclasses import astuple, replace
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from webfilter.document import Document, Verdict
from webfilter.report.ledger import Ledger
from webfilter.run.local import Done
from webfilter.run.record import HEAD, digest, made, record

JSON = [None, 0, 1, True, False, 1.0, -0.0, "a", "é\ud800", [1, [True]], {"a": {"b": None}}, 2**70]
OTHERS = [(1,), {1: 2}, {"a": (1,)}, [b"x"], b"x", datetime(2026, 1, 1), {3}, threading.Lock()]
ids = st.integers(0, 99).map(str)
texts = st.sampled_from(["", "alpha", "gamma \ud800", "b\0"])
urls = st.sampled_from([None, "", "https://a.example/1", "https://b.example/\ud800"])
metas = st.dictionaries(st.sampled_from("abc"), st.sampled_from([*JSON, *OTHERS]), max_size=3)
plain = st.dictionaries(st.sampled_from("abcd"), st.sampled_from(JSON), max_size=3)
signals = st.dictionaries(st.sampled_from("xyz"), st.sampled_from([None, 1, True, 0.5, "en"]))
verdicts = st.none() | st.builds(
    Verdict,
    st.sampled_from(["one", "two"]),
    st.sampled_from(["words", "timeout"]),
    signal=st.sampled_from([None, "words"]),
    value=st.sampled_from([None, 3, True, 0.5, "x"]),
    limit=st.sampled_from([None, 5, 0.5]),
    kind=st.sampled_from(["dropped", "failed"]),
    of=st.none() | ids,
    op=st.sampled_from([None, "<"]),
)
pages = st.none() | st.just(b"<p>")
before = st.builds(Document, ids, texts, pages, urls, signals, metas)


def sent(value):
    """Return `value` as a worker has it, a copy, if it can be sent to one."""
    return value if isinstance(value, type(threading.Lock())) else pickle.loads(pickle.dumps(value))


@st.composite
def marked(draw):
    """Return a document as it came, as stages left it, and whether a record can tell all."""
    doc = draw(before)
    after = replace(
        doc,
        text=draw(st.just(doc.text) | texts),
        url=draw(st.just(doc.url) | urls),
        html=draw(st.sampled_from([doc.html, None])),
        signals={**doc.signals, **draw(signals)},
        verdict=draw(verdicts),
    )
    new = draw(plain)
    keys = draw(st.permutations([*{**doc.meta, **new}]))
    gone = draw(st.sets(st.sampled_from("abc")))
    meta = {key: new[key] if key in new else sent(doc.meta[key]) for key in keys if key not in gone}
    return doc, replace(after, meta=meta)


def strict(value):
    """Return `value` with its types and order, and zero with its sign, to be compared."""
    if isinstance(value, dict):
        return [(key, strict(item)) for key, item in value.items()]
    if isinstance(value, list):
        return [strict(item) for item in value]
    return value if isinstance(value, type(threading.Lock())) else (type(value), repr(value))


def told(doc):
    fields = (doc.id, doc.text, doc.html, doc.url, doc.verdict and astuple(doc.verdict))
    return repr(fields), strict(dict(doc.signals)), strict(dict(doc.meta))


def said(batch, after, seconds=1.0, worth=1e-3):
    done = Done(after, Ledger())
    done.ledger.add("one", len(batch), [doc for doc in after if not doc.live], seconds)
    data = record(batch, done, worth)
    size, of = HEAD.unpack(data[: HEAD.size])
    assert (size, of) == (len(data) - HEAD.size, digest(batch))
    return done, made(batch, zlib.decompress(data[HEAD.size :]))


@given(st.lists(marked(), min_size=1, max_size=3))
def test_what_stages_made_of_documents_comes_back_as_it_was(pairs):
    batch, after = [one for one, _ in pairs], [two for _, two in pairs]
    done, again = said(batch, after)
    assert again is not None  # what JSON does not have was there before, and has not changed
    assert list(map(told, again.docs)) == list(map(told, after))
    assert again.ledger.rows() == done.ledger.rows()


@given(before, st.sampled_from(OTHERS))
def test_what_a_record_cannot_tell_is_done_again(doc, value):
    for after in (
        replace(doc, meta={**doc.meta, "new": value}),
        replace(doc, meta={**doc.meta, "new": [{"deep": value}]}),
        replace(doc, meta={**doc.meta, 7: 1}),
        replace(doc, html=b"another page"),
    ):
        assert said([doc], [after])[1] is None


def test_what_cannot_be_compared_is_done_again():
    one, two = (Document("a", meta={"lock": threading.Lock()}) for _ in range(2))
    assert said([one], [one])[1] is not None
    assert said([one], [two])[1] is None


@given(before, before)
def test_whatever_a_stage_can_see_is_in_the_hash(one, two):
    others = [
        [],
        [one, two],
        [replace(one, signals={**one.signals, "x": 7})],
        [replace(one, meta={**one.meta, "a": "new"})],
        [replace(one, html=b"a page")],
        [replace(one, html=b"b page")],
        [replace(one, html=b"" if one.html is None else None)],
        [replace(one, verdict=Verdict("one", "words"))],
        *([replace(one, **{key: f"{getattr(one, key)}x"})] for key in ("id", "text", "url")),
    ]
    assert len({digest([one]), *map(digest, others)}) == 1 + len(others)


def test_quick_work_is_worth_no_record():
    batch = [Document("a", "alpha"), Document("b", "beta")]
    assert said(batch, batch, seconds=0.0021, worth=1e-3)[1] is not None
    assert said(batch, batch, seconds=0.0019, worth=1e-3)[1] is None
