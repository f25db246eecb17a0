import pickle

import pandas
import pyarrow as pa
import pytest
from toys import Breaks, FirstOf, Length, Quota, Upper

import webfilter as wf

ROWS = {
    "id": ["a", "b", "c", "d", "e"],
    "text": ["alpha", "b", "boom", "", "gamma"],
    "url": ["https://a.example/", None, None, None, None],
    "year": [2024, 2025, 2026, 2026, None],
}
PIPE = Length(2) | Breaks() | Upper()


@pytest.mark.parametrize(
    "form", [pa.table, pandas.DataFrame, lambda rows: pa.table(rows).to_batches()[0]]
)
def test_rows_come_back_marked_in_order(form):
    done = wf.TableWorker(PIPE)(form(ROWS))
    assert done["id"].to_pylist() == ROWS["id"]
    assert done["text"].to_pylist() == ["ALPHA", "b", "boom", "", "GAMMA"]
    assert done["length"].to_pylist() == [5, 1, 4, None, 5]
    stages = [said and (said["stage"], said["kind"]) for said in done["verdict"].to_pylist()]
    failed, dropped = ("breaks", "failed"), ("length", "dropped")
    assert stages == [None, dropped, failed, ("read", "dropped"), None]
    assert [doc.meta["year"] for doc in wf.read(done)][:3] == [2024, 2025, 2026]
    assert done["url"].to_pylist()[0] == "https://a.example/"


def test_the_cut_into_batches_and_repeated_ids_change_nothing():
    table = pa.table({"id": ["x"] * 40, "text": [f"text {'a' * (n % 9)}" for n in range(40)]})
    work = pickle.loads(pickle.dumps(wf.TableWorker(Length(7) | Upper())))
    whole = work(table)
    parts = pa.concat_tables([work(table.slice(at, 3)) for at in range(0, 40, 3)])
    assert whole == parts
    assert whole.schema.equals(parts.schema, check_metadata=True)
    assert set(whole["id"].to_pylist()) == {"x"}


@pytest.mark.parametrize("html", [False, True])
def test_the_columns_are_known_before_there_are_rows(html):
    work = wf.TableWorker(PIPE, html=html)
    for rows in (pa.table(ROWS), pa.table(ROWS).slice(0, 0), pandas.DataFrame()):
        assert work(rows).schema.equals(work.schema, check_metadata=True)


def test_what_was_dropped_stays_dropped_and_pages_come_where_asked_for():
    rows = {"id": ["a", "b"], "html": [b"<p>Water", b"<p>Ice"], "text": ["Water", "I"]}
    first = wf.TableWorker(Length(2), html=True)(pa.table(rows))
    assert first["html"].to_pylist() == rows["html"]
    second = wf.TableWorker(Upper())(first)
    assert second["text"].to_pylist() == ["WATER", "I"]
    assert second["verdict"].to_pylist() == first["verdict"].to_pylist()
    assert second["verdict"][1].as_py()["stage"] == "length"
    assert "html" not in second.column_names


def test_a_corpus_stage_must_be_fitted_first():
    pipe = Length(2) | FirstOf()
    with pytest.raises(wf.ConfigError, match=r"first_of must see all .* TableWorker\(pipe\.fit\("):
        wf.TableWorker(pipe)
    table = pa.table({"id": ["a", "b", "c"], "text": ["same", "same", "other"]})
    work = wf.TableWorker(pipe.fit(table))
    parts = [work(table.slice(at, 1)).to_pylist()[0]["verdict"] for at in range(3)]
    assert [said and said["of"] for said in parts] == [None, "a", None]


def test_what_cannot_work_is_refused():
    with pytest.raises(wf.ConfigError, match="quota must see all documents in one place"):
        wf.TableWorker(wf.Pipeline((Quota(3),)))
    with pytest.raises(wf.ConfigError, match="empty"):
        wf.TableWorker(wf.Pipeline())
    with pytest.raises(wf.SourceError, match=r'is dict.*="pyarrow".*with_format\("arrow"\)'):
        wf.TableWorker(PIPE)(dict(ROWS))
    with pytest.raises(wf.SourceError, match=r"no column 'text' or 'html'.*; TableWorker takes no"):
        wf.TableWorker(PIPE)(pa.table({"body": ["alpha"]}))
