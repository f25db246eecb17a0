"""Run a pipeline over a source and write the run folder."""

from __future__ import annotations

import json
import logging
import os
import platform
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, get_args

from webfilter.document import Document
from webfilter.errors import ConfigError, OutputError, RunError, UnknownName, because
from webfilter.read import Source, read
from webfilter.read.paths import is_url
from webfilter.report import Ledger, Report
from webfilter.report.largest import Largest
from webfilter.report.ledger import READ
from webfilter.report.marked import recipe_of
from webfilter.report.tiers import Counts
from webfilter.run import journal as journals
from webfilter.run.ahead import ahead
from webfilter.run.flow import Flow, batched, check_count
from webfilter.run.ids import UniqueIds
from webfilter.run.journal import Journal, half_placed
from webfilter.run.local import LocalRunner, Runner, Segment, segments, unpaged
from webfilter.run.memory import peak_memory
from webfilter.run.models import artifacts, changed, overtaken
from webfilter.run.processes import PoolRunner
from webfilter.run.progress import shown
from webfilter.run.ray import RayRunner, RayWorkers
from webfilter.run.watch import Watch
from webfilter.run.work import work_folder
from webfilter.write import (
    Format,
    Sink,
    check_writable,
    forget_tiers,
    inside,
    open_sink,
    open_tiers,
    tier_folders,
)
from webfilter.write.folders import local_path, resolved
from webfilter.write.tiers import TieredSink

if TYPE_CHECKING:
    from webfilter.pipeline import Pipeline

__all__ = ["run"]

logger = logging.getLogger("webfilter")

KINDS = ("kept", "dropped", "failed")
JOURNAL = ".journal"
"""Folder in the run folder that holds what an interrupted run has done."""
_READ, _READY = 64, 4
"""Documents that are read at a time, and how many times so many may wait for their turn."""


def run(
    pipe: Pipeline,
    source: Any,
    *,
    out: str | Path | None,
    sinks: Mapping[str, str | Path | Sink | None],
    format: Format,
    workers: int | RayWorkers,
    batch_size: int,
    measure_all: bool,
    overwrite: bool,
    work: str | Path | None,
    progress: bool | None,
    resume: bool,
) -> Report:
    """Run `pipe` over `source`; see `Pipeline.run`."""
    if not isinstance(workers, RayWorkers):
        check_count("run", "workers", workers)
    check_count("run", "batch_size", batch_size)
    if format not in get_args(Format):
        raise UnknownName("format", str(format), get_args(Format))
    if not pipe.steps:
        raise ConfigError("run: the pipeline is empty; give at least one stage")
    out, work = _here("out", out), _here("work", work)
    start, started = perf_counter(), datetime.now(UTC).isoformat(timespec="seconds")
    docs = read(source)
    counts = Counts(pipe)
    tiers = tuple(counts.nested)
    targets = _targets(out, sinks, tiers)
    if out is not None:
        check_writable(out)
    half = frozenset() if out is None else half_placed(out / JOURNAL)
    places = {kind: resolved(t) for kind, t in targets.items() if isinstance(t, (str, os.PathLike))}
    anew = {kind: overwrite or places.get(kind) in half for kind in targets}
    _check_folders(targets, tiers, anew)
    _check_unread(docs, [place for kind, place in places.items() if anew[kind]])

    steps = [step.thorough for step in pipe.steps] if measure_all else pipe.steps
    cut = segments(pipe.names, steps)
    metadata, begun = {"fingerprint": pipe.fingerprint()}, artifacts(pipe)
    logger.info(f"run reads {docs!r}, fingerprint {metadata['fingerprint']}")
    measured = {signal.name for signal in pipe.signals}
    with ExitStack() as stack:
        opened: dict[str, Sink] = {}
        for kind, target in targets.items():
            settings: dict[str, Any] = {
                "signals": (*pipe.signals, *(s for s in docs.signals if s.name not in measured)),
                "metadata": {**metadata, "kind": kind},
                "html": kind == "failed",
                "format": format,
                "overwrite": anew[kind],
            }
            if tiers and kind == "kept" and isinstance(target, (str, os.PathLike)):
                opened[kind] = open_tiers(target, tiers, **settings)
            else:
                opened[kind] = open_sink(target, **settings)
            stack.callback(opened[kind].abort)  # after `close` it does nothing
        worth = journals.WORTH if out is not None and resume else None
        runner, count = _runner(cut, workers, measure_all, worth)
        stack.callback(runner.close)
        journal = None
        if out is not None and not resume:
            shutil.rmtree(out / JOURNAL, ignore_errors=True)
        elif out is not None:
            trial = docs.limit is not None
            runner = journal = Journal(runner, cut, measure_all, out / JOURNAL, trial)
            stack.callback(journal.close)
        if work is None and journal is not None:
            place = work_folder(journal.folder, 0.0)  # of this run alone
        else:
            place = work_folder(out if work is None else work)
        folder = stack.enter_context(place)
        largest = Largest(pipe)
        router = _Router(opened, largest, counts)
        watch = Watch(pipe)
        flow = Flow(pipe, runner, router.settle, folder, measure_all, batch_size, watch=watch)
        ids, counted = UniqueIds(), _Counted(flow.ledger)
        stream = counted.over(ids.over(shown(_early(docs, count, stack), docs, progress)))
        for batch in flow.through(batched(stream, batch_size)):
            router.keep(batch)
        watch.finish(flow.ledger)
        flow.ledger.check(counted.total)
        router.check(counted.total)
        if journal is not None:
            journal.placing(places.values())
        for kind in reversed(KINDS):  # what is kept appears last: it is complete when it is there
            if kind in opened:
                opened[kind].close()
                if anew[kind]:
                    _forget(targets[kind], tiers if kind == "kept" else ())
        seen = flow.finishing()

    report = Report(
        stages=flow.ledger.rows(counted.total),
        total=counted.total,
        seconds=perf_counter() - start,
        workers=count,
        started=started,
        fingerprint=metadata["fingerprint"],
        recipe=recipe_of(pipe),
        inputs=_inputs(docs),
        outputs={k: os.fspath(t) for k, t in targets.items() if isinstance(t, (str, os.PathLike))},
        skipped_records=dict(docs.skipped),
        renamed_ids=ids.renamed,
        resumed=0 if journal is None else journal.known,
        artifacts=begun,
        versions=_versions(),
        peak_parent=peak_memory() or None,
        peak_worker=flow.memory or None,
        warnings=[
            *_limited(docs, counted.total),
            *(() if journal is None else journal.said),
            *overtaken(pipe),
            *watch.said,
            *changed(pipe, begun),
        ],
        measure_all=measure_all,
        tiers=counts.rows(),
        folder=None if out is None else os.fspath(out),
        pipe=pipe,
        largest=largest.found(counted.total, router.counts["dropped"]),
    )
    if out is not None:
        for name, text in (
            ("report.json", json.dumps(report.to_dict(), indent=2, ensure_ascii=False)),
            ("report.html", report.to_html()),
            ("card.md", report.card()),
        ):
            _put(out / name, text + "\n")
        if journal is not None:
            journal.placed()  # begun again from here on, online stages would have seen all of it
    seen()  # what was written, and nothing else, counts as seen by the next run
    if journal is not None and journal.longer:
        logger.warning(
            f"{str(journal.folder)!r} stays, since a longer run was interrupted there: given "
            "again, with overwrite=True, it goes on"
        )
    elif out is not None:
        shutil.rmtree(out / JOURNAL, ignore_errors=True)  # of this run, or of one given up
    return report


def _here(name: str, folder: str | Path | None) -> Path | None:
    """Return the path of a folder that has to be on this machine.

    Raises:
        OutputError: it is elsewhere.
    """
    path = None if folder is None else local_path(folder)
    if folder is not None and path is None:
        raise OutputError(
            f"{name} = {str(folder)!r} is not on this machine, where the journal, the spool and "
            "the report lie: give a folder here; kept=, dropped= and failed= may be URLs"
        )
    return path


def _runner(
    cut: Sequence[Segment], workers: int | RayWorkers, measure_all: bool, worth: float | None
) -> tuple[Runner, int]:
    """Return who does the work, and how many they are."""
    if isinstance(workers, RayWorkers):
        runner = RayRunner(cut, workers, measure_all, worth)
        return runner, runner.count
    if workers == 1:
        return LocalRunner(cut, measure_all), 1
    return PoolRunner(cut, workers, measure_all, worth), workers


def _early(docs: Source, workers: int, stack: ExitStack) -> Iterable[Document]:
    """Return `docs`, read ahead until `stack` is left if several wait for them or for a network.

    Only what is read from files: an iterator may belong to the thread that made it, and a thread
    that waits for standard input cannot be stopped.
    """
    if docs.once or not docs.paths or (workers == 1 and not any(map(is_url, docs.paths))):
        return docs
    return chain.from_iterable(stack.enter_context(closing(ahead(batched(docs, _READ), _READY))))


def _targets(
    out: Path | None,
    sinks: Mapping[str, str | Path | Sink | None],
    tiers: Sequence[str],
) -> dict[str, str | Path | Sink]:
    """Return where each kind of documents goes; refuse one folder for two kinds."""
    targets: dict[str, str | Path | Sink] = {}
    for kind in KINDS:
        given = sinks[kind]
        if given is not None:
            targets[kind] = given
        elif out is not None:
            targets[kind] = out / kind
    seen: dict[str, str] = {}
    for kind, target in targets.items():
        if isinstance(target, (str, os.PathLike)):
            inner = [inside(target, name) for name in tiers] if kind == "kept" else []
            for folder in (target, *inner):
                other = seen.setdefault(resolved(folder), kind)
                if other != kind:
                    raise ConfigError(
                        f"run: {other} and {kind} both go to {folder}; give two folders"
                    )
    return targets


def _check_folders(
    targets: Mapping[str, str | Path | Sink], tiers: Sequence[str], anew: Mapping[str, bool]
) -> None:
    """Make sure that every folder can be written, `anew` where what is there may be replaced.

    Raises:
        OutputError: one cannot, or holds the output of an earlier run.
    """
    for kind, target in targets.items():
        if not isinstance(target, (str, os.PathLike)):
            continue
        overwrite = anew[kind]
        check_writable(target, overwrite=overwrite)
        for name in tiers if kind == "kept" else ():
            check_writable(inside(target, name), overwrite=overwrite)
        left = tier_folders(target)
        if left and not overwrite:
            raise OutputError(
                f"{str(target)!r} already holds the tiers {', '.join(left)}: give another folder, "
                "or overwrite=True to replace them"
            )


def _check_unread(docs: Source, places: Sequence[str]) -> None:
    """Make sure that nothing is read from `places`, where what is there will be replaced.

    It is an earlier output, which a pattern or a folder above has let in; or the input itself, of
    which a run that is ended while it replaces files leaves a part.

    Raises:
        OutputError: a file is read from there.
    """
    within = tuple(place + sep for place in places for sep in {"/", os.sep})
    for folder, path in {os.path.dirname(path): path for path in docs.paths if places}.items():
        if f"{resolved(folder or os.curdir)}/".startswith(within):
            raise OutputError(
                f"{path!r} would be read, and replaced by what this run writes: give another "
                "folder, or input without it, or remove it if it is of an earlier run"
            )


def _forget(target: str | Path | Sink, tiers: Sequence[str]) -> None:
    if isinstance(target, (str, os.PathLike)):
        forget_tiers(target, tiers)


class _Router:
    """Sends documents to the sink of their kind, and counts them on its own account."""

    def __init__(self, sinks: Mapping[str, Sink], largest: Largest, tiers: Counts) -> None:
        self.counts: Counter[str] = Counter()
        self._sinks, self._largest, self._tiers = sinks, largest, tiers

    def keep(self, docs: Sequence[Document]) -> None:
        self._send("kept", docs)

    def settle(self, docs: Sequence[Document]) -> None:
        for kind in ("dropped", "failed"):
            self._send(kind, [d for d in docs if d.verdict is not None and d.verdict.kind == kind])

    def _send(self, kind: str, docs: Sequence[Document]) -> None:
        self.counts[kind] += len(docs)
        self._largest.see(docs)
        self._tiers.see(docs)
        if docs and kind in self._sinks:
            self._sinks[kind].write([unpaged(doc) for doc in docs])

    def check(self, total: int) -> None:
        """Make sure that every document went somewhere, and the kept ones into nested tiers.

        Raises:
            RunError: in != kept + dropped + failed, or a tier is not inside the one before.
        """
        if self.counts.total() != total:
            raise RunError(
                f"{total} documents came in, but {self.counts['kept']} kept + "
                f"{self.counts['dropped']} dropped + {self.counts['failed']} failed were written"
            )
        sink = self._sinks.get("kept")
        self._tiers.check(
            self.counts["kept"], sink.counts if isinstance(sink, TieredSink) else None
        )


class _Counted:
    """Counts what comes from the reader, what the reader itself judged, and the time it took."""

    def __init__(self, ledger: Ledger) -> None:
        self.total = 0
        self._ledger = ledger

    def over(self, docs: Iterable[Document]) -> Iterator[Document]:
        stream = iter(docs)
        seconds = 0.0
        while True:
            start = perf_counter()
            doc = next(stream, None)
            seconds += perf_counter() - start
            if doc is None:
                break
            self.total += 1
            if doc.verdict is not None:
                self._ledger.add(READ, 1, [doc])
            yield doc
        self._ledger.add(READ, 0, [], seconds)


def _inputs(docs: Source) -> list[tuple[str, int | None]]:
    sized: list[tuple[str, int | None]] = []
    for path in docs.paths:
        try:
            sized.append((str(path), os.path.getsize(path)))
        except OSError:  # a URL
            sized.append((str(path), None))
    return sized


def _limited(docs: Source, total: int) -> list[str]:
    """Return what is to be said of a run that was not to read all of its source."""
    if docs.limit is None or total < docs.limit:
        return []
    return [f"only the first {total:,} documents of the input were read, as asked"]


def _versions() -> dict[str, str]:
    from webfilter import __version__

    return {
        "webfilter": __version__,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
    }


def _put(path: Path, text: str) -> None:
    """Write `text` to `path` under a temporary name, then rename."""
    temporary = path.with_name(path.name + ".tmp")
    try:
        temporary.write_text(text, "utf-8", errors="replace", newline="\n")
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise OutputError(f"cannot write {path}: {because(error)}") from error
