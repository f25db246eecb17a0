"""`SeenBefore` against sets."""

import logging
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import webfilter as wf
from webfilter.dedup.bloom import BloomFilter
from webfilter.dedup.seen import SeenBefore
from webfilter.document import Document
from webfilter.errors import ConfigError, SourceError
from webfilter.testing import check_stage


@pytest.mark.parametrize(
    "stage",
    [
        SeenBefore(),
        SeenBefore(by=("url", "text")),
        SeenBefore(by="url", window=3),
        SeenBefore(by=("text", "url"), window=2),
        SeenBefore(false_positive_rate=0.3, capacity=5, by=("text", "url")),
    ],
    ids=repr,
)
def test_it_keeps_the_contract(stage):
    check_stage(stage)


DOCS = st.lists(
    st.tuples(
        st.sampled_from(["", " ", "a", "A", "b", "c c", "C  c", "d", "e", "f"]),
        st.sampled_from([None, "", "http://a.example", "https://a.example/", "x", "y", "z"]),
    ),
    max_size=40,
).map(lambda pairs: [Document(str(n), text, url=url) for n, (text, url) in enumerate(pairs)])
CUTS = st.lists(st.integers(1, 10), max_size=8)


def batches(docs, cuts):
    begin = 0
    for cut in [*cuts, len(docs)]:
        yield docs[begin : begin + cut]
        begin += cut


def oracle(docs, by, window):
    """Return, for each document, the id of the one that stands for it; itself: it stays."""
    stays = []
    seen = {}  # key to (arrival, id)
    for arrival, doc in enumerate(docs):
        text = " ".join(doc.text.lower().split())
        url = {"https://a.example/": "http://a.example"}.get(doc.url, doc.url)
        keys = [(kind, key) for kind, key in (("text", text), ("url", url)) if kind in by and key]
        live = {
            key: seen[key]
            for key in keys
            if key in seen and (window is None or seen[key][0] >= arrival - window)
        }
        name = next(iter(live.values()))[1] if live else doc.id
        for key in keys:
            if key not in live:
                seen[key] = (arrival, name)
        stays.append(name)
    return stays


@settings(max_examples=80, deadline=None)
@given(
    DOCS,
    CUTS,
    st.sampled_from([("text",), ("url",), ("text", "url")]),
    st.none() | st.integers(1, 9),
)
def test_any_batching_says_what_a_set_says(docs, cuts, by, window):
    stage = SeenBefore(by=by, window=window)
    state = stage.start()
    marked = [doc for some in batches(docs, cuts) for doc in stage.observe(state, some)]
    found = [doc.id if doc.verdict is None else doc.verdict.of for doc in marked]
    assert found == oracle(docs, by, window)
    for doc in marked:
        empty = not (("text" in by and doc.text.strip()) or ("url" in by and doc.url))
        assert doc.signals["seen_before"] == (None if empty else not doc.live)


@settings(max_examples=30, deadline=None)
@given(DOCS, CUTS, st.sampled_from([0.0, 1e-9]), st.booleans())
def test_saving_and_loading_anywhere_changes_nothing(tmp_path_factory, docs, cuts, rate, spill):
    stage = SeenBefore(by=("text", "url"), false_positive_rate=rate, capacity=1000)
    path = tmp_path_factory.mktemp("state") / "saved"
    state = stage.start()
    marked = []
    for some in batches(docs, cuts):
        if spill and not rate:
            state._seal()
        marked += stage.observe(state, some)
        stage.save(state, path)
        state = stage.load(path)
    assert [doc.live for doc in marked] == [
        name == doc.id for name, doc in zip(oracle(docs, stage.by, None), docs, strict=True)
    ]


def many(count, start=0):
    return [Document(str(n), f"text number {n}") for n in range(start, start + count)]


def test_beyond_its_memory_it_is_still_exact():
    stage = SeenBefore(memory_mb=1)
    state = stage.start()
    docs = many(5_000)
    assert all(doc.live for doc in stage.observe(state, docs))
    assert state._segments
    assert state._weight < 0.4e6
    again = stage.observe(state, [replace(doc, id=f"again {doc.id}") for doc in docs])
    assert [doc.verdict.of for doc in again] == [doc.id for doc in docs]
    assert str(again[0].verdict) == "seen_before: duplicate (of 0)"


def test_a_bloom_filter_keeps_its_rate_and_its_size_and_says_when_it_is_full(caplog):
    stage = SeenBefore(false_positive_rate=0.01, capacity=2_000)
    state = stage.start()
    size = state.nbytes
    with caplog.at_level(logging.WARNING, "webfilter"):
        dropped = sum(not doc.live for doc in stage.observe(state, many(1_950)))
        assert dropped < 40
        assert not caplog.records
        stage.observe(state, many(500, 2_000))
    [warning] = caplog.records
    assert "made for 2,000" in warning.message
    assert state.nbytes == size
    [doc] = stage.observe(state, many(1))
    assert (doc.verdict.reason, doc.verdict.of) == ("duplicate", None)


def test_impossible_settings():
    for fields, said in [
        ({"by": ()}, "by = "),
        ({"by": "id"}, "'text' or 'url'"),
        ({"false_positive_rate": 1.0}, "false_positive_rate = 1.0 must be"),
        ({"false_positive_rate": -0.1}, "false_positive_rate = -0.1 must be"),
        ({"false_positive_rate": float("nan")}, "false_positive_rate = nan does not fit"),
        ({"capacity": 0}, "capacity = 0 must be at least 1"),
        ({"window": 0}, "window = 0 must be at least 1"),
        ({"memory_mb": 0.5}, "memory_mb = 0.5 must be at least 1"),
        ({"memory_mb": float("inf")}, "memory_mb = inf"),
        ({"state": ""}, "state = '' names no folder"),
        ({"false_positive_rate": 0.1, "window": 5}, "window = 5 goes with exact hashes only"),
        ({"false_positive_rate": 1e-6, "capacity": 10**9}, "takes 3,594.4 MB, more than memory_mb"),
    ]:
        with pytest.raises(ConfigError, match="seen_before: ") as error:
            SeenBefore(**fields)
        assert said in str(error.value)


def test_a_state_of_another_kind_is_refused(tmp_path):
    exact = SeenBefore(state=tmp_path / "exact")
    bloom = SeenBefore(false_positive_rate=0.01, capacity=100, state=tmp_path / "bloom")
    for stage in (exact, bloom):
        stage.finish(stage.start())
        assert type(stage.start()) is (BloomFilter if stage is bloom else type(exact.start()))
    with pytest.raises(ConfigError, match="is a folder and so no Bloom filter"):
        replace(bloom, state=tmp_path / "exact").start()
    with pytest.raises(ConfigError, match="is a file and so no set of exact hashes"):
        replace(exact, state=tmp_path / "bloom").start()
    with pytest.raises(ConfigError, match="capacity = 100, this stage 200"):
        replace(bloom, capacity=200).start()
    with pytest.raises(ConfigError, match="by = 'text', this stage 'url'"):
        replace(bloom, by="url").start()
    with pytest.raises(ConfigError, match="by = 'text', this stage 'text, url'"):
        replace(exact, by=("url", "text")).start()
    (tmp_path / "bloom").write_bytes(b"something else")
    with pytest.raises(SourceError, match="not a Bloom filter"):
        bloom.start()


def test_a_state_made_with_other_unicode_tables_is_refused(tmp_path, monkeypatch):
    stage = SeenBefore(state=tmp_path)
    stage.finish(stage.start())
    monkeypatch.setattr("webfilter.dedup.seen.normalized_text", str)
    with pytest.raises(ConfigError, match="normalization = "):
        stage.start()
    monkeypatch.setattr("unicodedata.unidata_version", "1.0.0")
    with pytest.raises(ConfigError, match="unicode = "):
        stage.start()


@pytest.mark.parametrize("rate", [0.0, 1e-6])
def test_a_pipeline_goes_on_where_it_stopped(tmp_path, rate):
    state = tmp_path / "deep" / "state"
    stage = SeenBefore(false_positive_rate=rate, capacity=1000, state=state)
    pipe = wf.Pipeline((stage,))
    assert [doc.live for doc in pipe(many(3))] == [True, True, True]
    assert [doc.live for doc in pipe(many(3, 1))] == [False, False, True]
    assert [doc.id for doc in pipe.kept(many(6))] == ["4", "5"]
