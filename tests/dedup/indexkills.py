"""Run by a test: kill -9 writers of an index, at each step and at random; look at what is left.

    python indexkills.py FOLDER EVERY

EVERY: kill at each step, or each second one, and so on; half as many times at random as well.

Forks, because that is fast; so it is a process of its own, without threads.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from webfilter.dedup import MinHash, index, manifest, segmentfiles
from webfilter.dedup.index import MinHashIndex
from webfilter.document import Document

VOCABULARY = [a + b + c for a in "bdfklm" for b in "aeiou" for c in "bdglmn"]
STEPS = ("fsync", "rename", "replace", "mkdir", "rmdir", "unlink")


def documents(seed: int, count: int) -> list[Document]:
    """Return documents, some of them near-duplicates of others, of any seed."""
    rng = random.Random(seed)
    docs = []
    for n in range(count):
        found = random.Random(n % 40).choices(VOCABULARY, k=60)
        found[rng.randrange(60)] = rng.choice(VOCABULARY)
        docs.append(Document(f"{seed}-{n}", " ".join(found)))
    return docs


def state(folder: Path) -> tuple[str, int]:
    """Return what the index is, after making sure that it is sound."""
    found = MinHashIndex.open(folder)
    found.check()
    return found.fingerprint, len(found)


def killed(work: Callable[[], object], when: Callable[[int], None]) -> bool:
    """Do `work` in a child; `when` gets its process id. Return whether it was killed."""
    child = os.fork()
    if not child:
        work()
        os._exit(0)
    when(child)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the child failed"
    return os.WIFSIGNALED(status)


def dying(step: int) -> None:
    """Make this process kill itself at its `step`-th call that changes files."""
    left = [step]

    def wrapped(call: Callable[..., object]) -> Callable[..., object]:
        def counted(*args: object, **kwargs: object) -> object:
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*args, **kwargs)

        return counted

    for name in STEPS:
        setattr(os, name, wrapped(getattr(os, name)))
    shutil.rmtree = wrapped(shutil.rmtree)  # type: ignore[assignment]


def trial(folder: Path, base: Path, work: Callable[[], object], kill: int | float) -> bool:
    """Kill `work` on a copy of the index `base`; check what is left; return whether it was."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(base, folder)
    before = state(folder)

    def doomed() -> None:
        if isinstance(kill, int):
            dying(kill)
        work()

    def when(child: int) -> None:
        if isinstance(kill, float):
            time.sleep(kill)
            os.kill(child, signal.SIGKILL)

    done = killed(doomed, when)
    left = state(folder)
    work()  # again, by somebody else
    after = state(folder)
    assert left in (before, after), f"killed at {kill}: neither before nor after"
    held = MinHashIndex.open(folder)._manifest.segments
    assert {path.name for path in folder.iterdir() if path.is_dir()} == {e.name for e in held}
    return done


def main() -> None:
    """Kill adding and compacting; print how often."""
    work, every = Path(sys.argv[1]), int(sys.argv[2])
    os.fsync = lambda handle: None  # kill -9 leaves what was written; and it is slow
    base, folder = work / "base", work / "index"
    index._BATCH = 20
    index._FLUSH = 8_000  # several segments in one add
    found = MinHashIndex.create(base, MinHash(bands=8))
    for seed, count in ((0, 60), (1, 12)):
        found.add(documents(seed, count))
    more = documents(3, 60)

    def add() -> None:
        MinHashIndex.open(folder).add(more)

    def compact() -> None:
        MinHashIndex.open(folder).compact()

    counts = {}
    never = work / "never"
    shutil.copytree(base, never)
    MinHashIndex.open(never).add(more)
    for job in (add, compact):
        begun, step = time.perf_counter(), 1
        while trial(folder, base, job, step):
            step += every
        took = (time.perf_counter() - begun) * every / step
        rng, times = random.Random(5), step // every // 2
        hits = sum(trial(folder, base, job, rng.random() * took) for _ in range(times))
        counts[job.__name__] = (step, hits)
        if job is add:
            assert state(folder) == state(never)
            asked = documents(4, 100)
            assert MinHashIndex.open(folder).query(asked) == MinHashIndex.open(never).query(asked)
    print(json.dumps(counts))  # noqa: T201 - what the test reads


assert manifest.os is os is segmentfiles.os
if __name__ == "__main__":
    main()
