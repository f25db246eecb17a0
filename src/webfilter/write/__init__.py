"""Where documents go: marked documents in, files (or a list, or an Arrow table) out.

A `Sink` takes documents in order, and finishes or gives up as a whole: part files get their names
when everything is written. `parquet` and `jsonl` write part files, `memory` keeps a list, and
`open_sink` finds the right one for what a user gave, and `open_tiers` one for each of
several nested sets.

>>> sink = memory()
>>> sink.write([])
>>> sink.close()
"""

from webfilter.write.columns import to_arrow
from webfilter.write.jsonl import jsonl
from webfilter.write.parquet import parquet
from webfilter.write.parts import check_writable
from webfilter.write.sink import Memory, Sink, memory
from webfilter.write.target import Format, open_sink, open_tiers
from webfilter.write.tiers import forget_tiers, inside, tier_folders

__all__ = [
    "Format",
    "Memory",
    "Sink",
    "check_writable",
    "forget_tiers",
    "inside",
    "jsonl",
    "memory",
    "open_sink",
    "open_tiers",
    "parquet",
    "tier_folders",
    "to_arrow",
]
