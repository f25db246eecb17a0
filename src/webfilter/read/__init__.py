"""Where pages come from: paths, tables, lists and iterators in, documents out.

``read(source)`` finds out what it was given; ``read.warc``, ``read.wet``, ``read.html``,
``read.jsonl``, ``read.parquet``, ``read.files``, ``read.frame`` and ``read.memory`` are told. Each
returns a `Source`: iterate over it. What cannot be opened at all raises `SourceError` at once; what
is wrong with one record, line or row comes out as a document whose verdict has the stage ``read``,
so that nothing is lost before it was counted.

The package itself can be called: ``wf.read("crawl/*.warc.gz")`` works like ``wf.read.warc(...)``.

>>> from webfilter import read
>>> [doc.text for doc in read(["Water boils at 100 °C."])]
['Water boils at 100 °C.']
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

from webfilter.read.reader import Reader, read
from webfilter.read.source import Source

__all__ = [
    "Reader",
    "Source",
    "files",
    "frame",
    "html",
    "jsonl",
    "memory",
    "parquet",
    "read",
    "warc",
    "wet",
]

files = read.files
frame = read.frame
html = read.html
jsonl = read.jsonl
memory = read.memory
parquet = read.parquet
warc = read.warc
wet = read.wet


class _Callable(ModuleType):
    def __call__(self, source: Any, **options: Any) -> Source:
        return read(source, **options)

    def __reduce__(self) -> tuple[Any, tuple[str]]:  # a function that uses it can go to a cluster
        return import_module, (self.__name__,)


sys.modules[__name__].__class__ = _Callable
