"""The sandbox: one document fails, with its reason; its neighbors never notice."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import pytest
from pages import CRASHED, Misbehaves

from webfilter.document import Document
from webfilter.errors import ConfigError, RunError
from webfilter.extract import Sandboxed
from webfilter.extract.sandbox import _KEPT, _MOST, _idle
from webfilter.stage import Filter, Signal
from webfilter.testing import check_stage

linux = pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are Linux's")
STAGE = Misbehaves()


def failures(texts: list[str], **limits) -> list[str | None]:
    docs = [Document(str(n), text) for n, text in enumerate(texts)]
    marked = Sandboxed(STAGE, **limits).process(docs)
    assert [doc.id for doc in marked] == [doc.id for doc in docs]
    for doc in marked:
        assert (doc.verdict is None) == (doc.signals == {"length": len(doc.text)})
    return [doc.verdict and f"{doc.verdict.kind}: {doc.verdict.reason}" for doc in marked]


def test_hang_crash_exit_and_error_each_fail_one_document():
    texts = ["a", "sleep", "b", "crash", "leave", "c", "raise", "d"]
    assert failures(texts, seconds=0.5) == [
        None, "failed: timeout after 0.5 s", None, f"failed: {CRASHED}",
        "failed: exit code 3", None, "failed: ValueError: not today", None,
    ]  # fmt: skip


@linux
def test_too_much_memory_fails_one_document():
    assert failures(["a", "eat", "b"], memory_mb=200) == [
        None,
        "failed: out of memory (200 MiB allowed)",
        None,
    ]


def test_a_library_that_ends_the_process_for_want_of_memory_is_understood():
    assert failures(["a", "starve"], memory_mb=900) == [
        None, "failed: out of memory (900 MiB allowed)",
    ]  # fmt: skip


@linux
def test_a_limit_that_does_not_even_hold_python_is_named():
    with pytest.raises(RunError, match=r"MemoryError; memory_mb = 1 must hold Python, libraries"):
        Sandboxed(STAGE, memory_mb=1).process([Document("a", "x")])


def test_the_result_is_that_of_the_stage_itself():
    docs = [
        Document(
            "a", "short", html=b"<p>short</p>", signals={"x": 1}, meta={"k": [1, {"d": None}]}
        ),
        Document("b", "long" * 1000),
    ]
    assert Sandboxed(STAGE).process(docs) == STAGE.process(docs)
    assert Sandboxed(STAGE).process([]) == []


def test_it_stands_for_the_stage_it_holds():
    boxed = Sandboxed(STAGE)
    assert boxed.measures == STAGE.measures
    assert boxed.rules == STAGE.rules
    assert boxed.needs == STAGE.needs
    assert boxed.artifacts == {"temper": "bad"}
    assert boxed.name == Sandboxed.name == "sandboxed"


def test_contract():
    check_stage(Sandboxed(STAGE, seconds=20))
    assert pickle.loads(pickle.dumps(Sandboxed(STAGE))) == Sandboxed(STAGE)


@pytest.mark.parametrize("limits", [{"seconds": 0}, {"memory_mb": -1}, {"seconds": "long"}])
def test_limits_that_make_no_sense_are_refused(limits):
    with pytest.raises(ConfigError, match=r"sandboxed: (seconds|memory_mb) = "):
        Sandboxed(STAGE, **limits)


def test_one_child_serves_equal_stages_and_idle_ones_are_few():
    _idle_before = len(_idle)
    for _ in range(3):
        Sandboxed(STAGE, seconds=9).process([Document("a", "x")])
    assert len(_idle) <= max(_idle_before, 1) + 1
    for n in range(_KEPT + 2):
        Sandboxed(Misbehaves(max_length=n)).process([Document("a", "x")])
    assert len(_idle) == _KEPT


def test_a_pipeline_of_six_sandboxed_stages_starts_each_of_them_once():
    row = [Sandboxed(Misbehaves(max_length=100 + n)) for n in range(6)]
    seen = []
    for _ in range(2):
        for stage in row:
            stage.process([Document("a", "x")])
        seen.append({id(child._running) for _, child in _idle[-6:]})
    assert seen[0] == seen[1]


def test_threads_do_not_get_each_others_results():
    wrong: list[str] = []

    def work(name: str) -> None:
        for n in range(30):
            [doc] = Sandboxed(STAGE).process([Document(f"{name}{n}", name * n)])
            if doc.id != f"{name}{n}" or doc.signals["length"] != n:
                wrong.append(doc.id)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@dataclass(frozen=True)
class Place(Filter):
    """Tells the process it is in, after a while."""

    measures = (Signal("process", "int", "Id of the process"),)

    def measure(self, doc):
        time.sleep(0.02)
        return {"process": os.getpid()}


def test_more_threads_than_children_wait_for_one_instead_of_starting_their_own():
    stage = Sandboxed(Place())
    with ThreadPoolExecutor(_MOST + 4) as threads:
        batches = [[Document(str(n), "x")] for n in range(4 * (_MOST + 4))]
        found = {doc.signals["process"] for [doc] in threads.map(stage.process, batches)}
    assert 1 <= len(found) <= _MOST


FORKS = """
import os, threading
from webfilter.document import Document
from webfilter.extract import Sandboxed, sandbox
from webfilter.compose import Sample

stage = Sandboxed(Sample(rate=1.0))
held = threading.Barrier(sandbox._MOST + 1)

def hold():
    with sandbox._child(stage, None):
        held.wait()
        held.wait()

threads = [threading.Thread(target=hold) for _ in range(sandbox._MOST)]
for thread in threads:
    thread.start()
held.wait()
if (child := os.fork()) == 0:
    os._exit(0 if stage.process([Document("a", "x")])[0].live else 1)
held.wait()
print("left with", os.waitpid(child, 0)[1])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_fork_does_not_wait_for_threads_that_it_does_not_have():
    # as of a server that loads an application and then forks its workers
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORKS], capture_output=True, text=True, timeout=60
    )
    assert (ran.stdout, ran.stderr) == ("left with 0\n", "")


@dataclass(frozen=True)
class CannotLoad(Filter):
    """Has a model that is not there."""

    def load(self):
        raise FileNotFoundError("model.bin")

    def measure(self, doc):
        return {}


def test_a_stage_that_cannot_be_set_up_says_so_and_blames_no_document():
    with pytest.raises(RunError, match=r"cannot be started: FileNotFoundError: model\.bin"):
        Sandboxed(CannotLoad()).process([Document("a", "x")])


def test_replace_keeps_the_limits_apart_from_the_stage():
    assert replace(Sandboxed(STAGE, seconds=1), seconds=2) == Sandboxed(STAGE, seconds=2)
