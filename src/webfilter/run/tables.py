"""Apply a pipeline to tables, batch by batch, within a job of somebody else.

Engines that hand out batches of rows (Ray Data, Spark, Daft, Hugging Face `datasets`) do the
reading, the balancing and the writing; each batch is worked on by itself. What `Pipeline.run` does
beyond that does not happen: no report, no warning of a stage that keeps nothing, no resume, ids
stay as they are, and a worker that dies is the engine's business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from webfilter.errors import ConfigError, SourceError
from webfilter.pipeline import Pipeline
from webfilter.read import read
from webfilter.run.local import Task, perform, segments
from webfilter.stage import OnlineStage, Stage
from webfilter.write import to_arrow

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["TableWorker"]


class TableWorker:
    """A pipeline as a callable over tables: rows in, the same rows in the same order out, marked.

    For Ray Data give the class, so that each actor builds one and loads its models once::

        rows = ray.data.read_parquet("pages")  # columns id, url, html or text; any others
        done = rows.map_batches(
            wf.TableWorker,
            fn_constructor_args=(pipe,),
            batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(size=8),
        )
        kept = done.filter(lambda row: row["verdict"] is None)

    Where a function over batches is wanted, as in Spark, build one outside of it::

        worker = wf.TableWorker(pipe)

        def mark(batches):
            for batch in batches:
                yield from worker(batch).to_batches()

        done = rows.mapInArrow(mark, pyspark.sql.pandas.types.from_arrow_schema(worker.schema))

    What comes out has the columns of our Parquet files (`webfilter.write.columns`): ``id``,
    ``text``, ``url``, ``meta`` (the other columns that came in, as JSON), one for each signal that
    the pipeline declares, and ``verdict``, null for what is kept. A stage that raises costs a row a
    verdict of kind ``failed``. Rows that come with a verdict of ours keep it.

    To keep the columns of a data set as they are, take only the verdict, row by row: the function
    ``live`` below goes to ``map_batches`` of Ray and, with ``batched=True``, to ``map`` of a
    `datasets.Dataset` ``with_format("arrow")``.

    Corpus stages must have seen all rows first: give what ``pipe.fit(source)`` returns. They know
    documents by their id, so the rows must then have a column ``id`` without repetitions.

    Args:
        pipe: a pipeline of ordinary stages.
        html: add the pages, as the column ``html``.

    Raises:
        ConfigError: `pipe` is empty, or holds a corpus stage that is not fitted or an online stage.

    >>> import pyarrow as pa
    >>> from webfilter import Length
    >>> rows = pa.table({"id": ["a", "b"], "text": ["Water boils at 100 °C.", "Buy!"]})
    >>> done = TableWorker(Length(min_words=3))(rows)
    >>> [None if said is None else said["reason"] for said in done["verdict"].to_pylist()]
    [None, 'words']

    >>> import pyarrow.compute as pc
    >>> worker = TableWorker(Length(min_words=3))
    >>> def live(table):
    ...     return table.filter(pc.is_null(worker(table)["verdict"]))
    >>> live(rows.append_column("score", [[4, 5]])).to_pylist()
    [{'id': 'a', 'text': 'Water boils at 100 °C.', 'score': 4}]
    """

    def __init__(self, pipe: Pipeline | Stage, *, html: bool = False) -> None:
        self._pipe, self._html = Pipeline((pipe,)), html  # type: ignore[arg-type]
        if not self._pipe.steps:
            raise ConfigError("TableWorker: the pipeline is empty; give at least one stage")
        for name, step in zip(self._pipe.names, self._pipe.steps, strict=True):
            if isinstance(step, OnlineStage):
                raise ConfigError(
                    f"TableWorker: {name} must see all documents in one place, as they arrive; "
                    "use Pipeline.run or Pipeline.kept"
                )
            if not isinstance(step, Stage):
                raise ConfigError(
                    f"TableWorker: {name} must see all documents before it judges one; let it look "
                    "at them first: TableWorker(pipe.fit(source))"
                )
        self._cut = segments(self._pipe.names, self._pipe.steps)

    @property
    def schema(self) -> pa.Schema:
        """The columns of what comes out, whatever comes in."""
        return to_arrow([], self._pipe.signals, html=self._html).schema

    def __call__(self, table: Any) -> pa.Table:
        """Return the rows of `table`, marked.

        Args:
            table: an Arrow table or record batch, or a data frame (pandas, polars).

        Raises:
            SourceError: it is no table, or has no column ``text`` or ``html``.
        """
        from webfilter.read.frames import is_frame

        if not (is_frame(table) and hasattr(table, "__len__")):
            raise SourceError(
                f"TableWorker: a batch is {type(table).__name__}, which is no table: give an Arrow "
                'table or a data frame (Ray Data: batch_format="pyarrow", datasets: '
                'with_format("arrow"), polars: collect())'
            )
        try:
            docs = list(read(table, verdicts=True)) if len(table) else []
        except SourceError as error:
            said = "TableWorker takes no names: rename the column in the batches"
            raise SourceError(f"{error}; {said}") from error
        done = perform(self._cut, Task(0, docs), False)
        return to_arrow(done.docs, self._pipe.signals, html=self._html)
