"""Datasets of Hugging Face."""

import datasets
import pytest

import webfilter as wf
from webfilter.errors import SourceError

ROWS = [
    {"id": f"d{n}", "text": f"Water {n}.", "url": f"https://a.example/{n}", "tags": ["x"]}
    for n in range(5)
]


@pytest.fixture(scope="module")
def rows():
    return datasets.Dataset.from_list(ROWS)


@pytest.mark.parametrize(
    "given",
    [
        lambda rows: rows,
        lambda rows: rows.with_format("arrow"),
        lambda rows: rows.with_format("numpy"),
        lambda rows: rows.to_iterable_dataset(),
        lambda rows: rows.to_iterable_dataset(num_shards=2),
        lambda rows: rows.to_iterable_dataset().with_format("arrow"),
        lambda rows: rows.with_format("arrow").iter(batch_size=2),
    ],
)
def test_datasets_of_every_format_are_read(rows, given):
    docs = list(wf.read(given(rows)))
    assert [(doc.id, doc.text, doc.url) for doc in docs] == [
        (row["id"], row["text"], row["url"]) for row in ROWS
    ]
    assert [list(doc.meta["tags"]) for doc in docs] == [["x"]] * 5


def test_a_dataset_is_read_again_and_split_by_split(rows):
    source = wf.read(rows.to_iterable_dataset())
    assert len(list(source)) == len(list(source)) == 5
    splits = datasets.DatasetDict(train=rows)
    with pytest.raises(SourceError, match="choose one split"):
        wf.read(splits)


def test_what_a_run_wrote_is_a_dataset_and_the_same_documents(rows, tmp_path):
    wf.Pipeline((wf.Length(),)).run(rows, tmp_path / "out", progress=False)
    files = str(tmp_path / "out" / "kept" / "*.parquet")
    back = datasets.Dataset.from_parquet(files, cache_dir=str(tmp_path / "cache"))
    assert back.column_names[:3] == ["id", "text", "url"]
    ours, theirs = ([*wf.read(given)] for given in (files, back))
    assert ours == theirs


def test_a_pipeline_marks_the_rows_of_a_dataset(rows):
    worker = wf.TableWorker(wf.Pipeline((wf.Length(max_characters=7),)))
    marked = rows.with_format("arrow").map(worker, batched=True, batch_size=2)
    assert marked.with_format(None)["characters"][:] == [8] * 5
