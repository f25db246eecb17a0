"""Small versions of the monsters of benchmarks/extraction_robustness.py, for every engine."""

from __future__ import annotations

import importlib.util
import time
from pathlib import Path

import pytest

from webfilter.document import Document
from webfilter.extract import ENGINES, Extract

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "extraction_robustness.py"


def monsters() -> dict[str, bytes]:
    spec = importlib.util.spec_from_file_location("extraction_robustness", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.monsters(0.001)


DOCS = [Document(name, html=html) for name, html in monsters().items()]


@pytest.mark.parametrize(
    ("name", "fallback"), [*((name, None) for name in ENGINES), ("trafilatura", "resiliparse")]
)
def test_no_monster_is_lost_and_none_takes_the_others_along(name, fallback):
    began = time.monotonic()
    stage = Extract(engine=name, fallback=fallback, seconds=20, memory_mb=1024, max_bytes=None)
    marked = stage.process(DOCS)
    assert time.monotonic() - began < 60
    assert [doc.id for doc in marked] == [doc.id for doc in DOCS]
    fates = {doc.id: "kept" if doc.verdict is None else doc.verdict.kind for doc in marked}
    assert set(fates.values()) <= {"kept", "dropped", "failed"}
    assert "kept" in fates.values()
    for doc in marked:
        assert doc.verdict is None or doc.html is not None
        doc.text.encode()
    if fallback:
        assert fates["colspan 2^53"] == fates["UTF-16 said to be UTF-8"] == "kept"
    assert fates["nothing"] == "dropped"
