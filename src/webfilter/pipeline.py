"""A pipeline: steps in a row, checked when built, run over documents in several ways.

`Pipeline` holds the steps and answers; how batches travel through them is `webfilter.run.flow`.
It owns what stages do not know of: batching, skipping what is already dropped, isolating errors,
counting, routing, spooling at a corpus stage.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from webfilter.document import Document
from webfilter.errors import ConfigError, UnknownName
from webfilter.identity import canonical, versions
from webfilter.stage import CorpusStage, OnlineStage, Signal, Stage, Step, check_declared

if TYPE_CHECKING:
    from webfilter.report import Explanation as Explanation  # `as`: for the types of `Step`, too
    from webfilter.report import Report as Report
    from webfilter.run.ray import RayWorkers
    from webfilter.write import Sink

__all__ = ["Pipeline"]

READER = "read"  # the reader's name in reports and verdicts
RESERVED = frozenset({"id", "text", "html", "url", "meta", "verdict", "signals"})


@dataclass(frozen=True)
class Pipeline:
    """Steps in a row. ``Pipeline((a, b))`` and ``a | b`` are the same thing.

    Raises:
        ConfigError: something is not a stage, or declares no signals and rules but something
            else; a step needs a signal that no earlier step measures, a rule judges a signal that
            nobody measures, or a text as a number, or two steps give one signal two meanings, or
            keep their state in one place.

    >>> from webfilter import Judge, Rule, Sample
    >>> pipe = Sample(rate=0.5) | Judge((Rule("sample_rank", ge=0.25),))
    >>> pipe.names
    ('sample', 'judge')
    """

    steps: tuple[Step, ...] = ()

    def __post_init__(self) -> None:
        steps: list[Step] = []
        for item in self.steps:
            steps.extend(item.steps if isinstance(item, Pipeline) else (_step(item),))
        object.__setattr__(self, "steps", tuple(steps))
        whole = list(zip(self.names, steps, strict=True))
        placed = (step.placed(whole[place + 1 :]) for place, step in enumerate(steps))
        object.__setattr__(self, "steps", tuple(placed))
        self._check_signals()
        self._check_states()

    def __or__(self, other: Step | Pipeline) -> Pipeline:
        return Pipeline((*self.steps, other))  # type: ignore[arg-type]

    def __len__(self) -> int:
        return len(self.steps)

    def __repr__(self) -> str:
        return " | ".join(map(repr, self.steps)) or "Pipeline(())"

    @property
    def names(self) -> tuple[str, ...]:
        """Unique name of each step: its stage's name, with ``_2``, ``_3`` where it comes again."""
        seen: Counter[str] = Counter()
        unique: dict[str, None] = {}
        for step in self.steps:
            name = step.name
            while name in unique:
                seen[step.name] += 1
                name = f"{step.name}_{seen[step.name] + 1}"
            unique[name] = None
        return tuple(unique)

    @property
    def signals(self) -> tuple[Signal, ...]:
        """Every signal that the steps declare, in order, each once."""
        return tuple({s.name: s for step in self.steps for s in step.measures}.values())

    def _check_signals(self) -> None:
        known: dict[str, tuple[Signal, str]] = {}
        for name, step in zip(self.names, self.steps, strict=True):
            check_declared(step, name)
            for need in step.needs:
                if need not in known:
                    also = f"; it may also name {', '.join(step.beside)}" if step.beside else ""
                    raise UnknownName(
                        f"signal in {name} (no earlier stage measures it{also})",
                        need,
                        (*known, *step.beside),
                    )
            for signal in step.measures:
                if signal.name in RESERVED:
                    raise ConfigError(f"{name}: a signal cannot be called {signal.name!r}")
                other, owner = known.setdefault(signal.name, (signal, name))
                if (other.kind, other.unit) != (signal.kind, signal.unit):
                    raise ConfigError(
                        f"{name} and {owner} both measure {signal.name!r}, differently"
                    )
            if not getattr(step, "given", False):
                for rule in step.rules:
                    if rule.signal not in known:
                        raise UnknownName(f"signal in a rule of {name}", rule.signal, known)
            sets = (rule for rules in step.nested.values() for rule in rules)
            numbers = [rule.signal for rule in (*step.rules, *sets) if rule.bounds()]
            for signal_name in (*numbers, *step.ranked):
                found, owner = known.get(signal_name, (None, ""))
                if found is not None and found.kind == "str":
                    raise ConfigError(
                        f"{name}: {signal_name!r} is a text ({owner} measures it), so it has no "
                        "limit and no rank; name a signal that is a number"
                    )

    def _check_states(self) -> None:
        """Make sure that no two online stages save what they have seen in one place."""
        known: dict[str, str] = {}
        for name, step in zip(self.names, self.steps, strict=True):
            state = getattr(step, "state", None) if isinstance(step, OnlineStage) else None
            if isinstance(state, (str, os.PathLike)):
                owner = known.setdefault(os.path.realpath(state), name)
                if owner != name:
                    raise ConfigError(
                        f"{owner} and {name} both keep their state in {os.fspath(state)!r}: give "
                        "each its own"
                    )

    def __call__(self, docs: Iterable[Any]) -> list[Document]:
        """Run over `docs` in memory; return all of them, in order, marked.

        Items may be whatever `webfilter.read` takes (documents, texts, dicts). Corpus stages judge
        within `docs`. Documents that come with a verdict pass untouched.

        Threads may share a pipeline, unless it has online stages: their state has one writer.
        """
        from webfilter.run.flow import run_in_memory

        return run_in_memory(self, docs)

    def kept(self, source: Any, *, batch_size: int = 64) -> Iterator[Document]:
        """Yield the documents of `source` that are kept, lazily, in order.

        Embeddable: memory is bounded by a batch, and no disk is used unless a corpus stage must
        spool (then to the system's folder for temporary files, removed at the end). Online stages
        save what they have seen when the last document has been taken, and not if you stop before.

        Args:
            source: whatever `webfilter.read` takes.
            batch_size: documents a batch; never changes a result.
        """
        from webfilter.run.flow import check_count, kept

        check_count("kept", "batch_size", batch_size)
        return kept(self, source, batch_size=batch_size)

    def fit(self, source: Any, *, batch_size: int = 64) -> Pipeline:
        """Return the pipeline with every corpus stage resolved on `source`.

        What comes back judges each document by itself, so it can be applied batch by batch. A
        pipeline without corpus stages comes back as it is.
        """
        from webfilter.run.flow import fit

        return fit(self, source, batch_size=batch_size)

    def cascaded(
        self,
        *,
        draft: Stage | None = None,
        slack: Mapping[str, float] | None = None,
        default_slack: float = 0.5,
        audit: float = 0.01,
        seed: int = 0,
    ) -> Pipeline:
        """Return the pipeline with its `Extract` made a `Cascade`: a fast draft is filtered first.

        Its filters judge the draft, with slack on every limit, and what fails clearly is dropped;
        only the rest is extracted as before. `webfilter.fit_cascade` finds the slack on pages of
        your own. A pipeline that has a cascade gets these settings for it.

        Args:
            draft: the fast extraction; by default ``Extract(engine="resiliparse")``.
            slack: see `Cascade`.
            default_slack: see `Cascade`.
            audit: see `Cascade`.
            seed: see `Cascade`.

        Raises:
            ConfigError: there is no `Extract`, or several.
            UnknownName: a key of `slack` names a limit that is not there.

        >>> from webfilter import Extract, Length
        >>> (Extract() | Length(min_words=50)).cascaded().names
        ('cascade', 'length')
        """
        from webfilter.extract.cascade import cascaded

        settings = {"default_slack": default_slack, "audit": audit, "seed": seed}
        return Pipeline(cascaded(self.steps, draft, slack or {}, settings))

    def explain(
        self,
        page: str | bytes | Document | None = None,
        *,
        html: str | bytes | None = None,
        text: str | None = None,
        url: str | None = None,
    ) -> Explanation:
        """Run every stage on one page, whatever the first verdict, and say what each rule found.

        Args:
            page: HTML (str or bytes) or a `Document`; the same as `html`.
            html: the page's HTML.
            text: a text already extracted, instead of HTML.
            url: the page's URL; rules about URLs abstain without it.

        Raises:
            ConfigError: not exactly one of `page`, `html` and `text` is given.
        """
        from webfilter.run.explain import explain

        given = [item for item in (page, html, text) if item is not None]
        if len(given) != 1:
            raise ConfigError("explain: give exactly one of page, html and text")
        if isinstance(page, Document):
            return explain(self, page)
        content = page if page is not None else html
        if isinstance(content, str):
            content = content.encode("utf-8", "surrogatepass")
        return explain(self, Document("page", text or "", html=content, url=url))

    def run(
        self,
        source: Any,
        out: str | Path | None = None,
        *,
        kept: str | Path | Sink | None = None,
        dropped: str | Path | Sink | None = None,
        failed: str | Path | Sink | None = None,
        format: Literal["parquet", "jsonl", "jsonl.zst", "jsonl.gz"] = "parquet",
        workers: int | RayWorkers = 1,
        batch_size: int = 64,
        measure_all: bool = False,
        overwrite: bool = False,
        work: str | Path | None = None,
        progress: bool | None = None,
        resume: bool = True,
    ) -> Report:
        """Run over `source`, write what is kept, dropped and failed, return the report.

        The output is the same, byte for byte, for any `workers` and `batch_size`.

        Args:
            source: whatever `webfilter.read` takes; to try a pipeline on the first documents,
                ``wf.read(...).take(1000)``.
            out: a run folder, on this machine: gets ``kept/ dropped/ failed/ report.json
                report.html card.md``.
            kept: folder (path, or URL for fsspec) or sink for the kept documents; ``out/kept``
                where `out` is given.
            dropped: the same for the dropped ones, without their HTML. Where the disk has no room
                for them, give a sink whose ``write`` does nothing; then limits cannot be moved
                afterwards.
            failed: the same for those on which a stage broke; with their HTML where `Extract` had
                made no text of it (or keeps it).
            format: of the part files.
            workers: processes that work; 1 means this one. Or `RayWorkers`, on a Ray cluster:
                reading, resolving corpus stages and writing stay here, and batches go there.
            batch_size: documents a batch; batches are also cut at about 4 MB.
            measure_all: run every stage on dropped documents too, so that all their signals are
                known; the first violated rule still decides. A cascade then drops nothing on its
                draft, and only says what it would have dropped: a full audit.
            overwrite: replace the outputs of an earlier run.
            work: folder for the spool of corpus stages; inside `out` where that is given.
            progress: show a bar; None shows it on a terminal or in a notebook.
            resume: go on where an interrupted run into `out` stopped, and keep what is needed for
                that until the run is complete (`webfilter.run.journal`). The work on a batch is
                taken over if its documents, the stages and `measure_all` are the same, so give the
                same `batch_size`; the output is what it would have been without interruption.
                What `fingerprint` cannot see (files that a stage of your own reads) may not have
                changed. False: from the beginning.

        Raises:
            SourceError, OutputError, ConfigError: before any work starts; later, where a folder or
                an index takes or gives no more (the disk is full).
            RunError: a worker cannot start, or the counts do not add up.
        """
        from webfilter.run.run import run

        return run(
            self,
            source,
            out=out,
            sinks={"kept": kept, "dropped": dropped, "failed": failed},
            format=format,
            workers=workers,
            batch_size=batch_size,
            measure_all=measure_all,
            overwrite=overwrite,
            work=work,
            progress=progress,
            resume=resume,
        )

    @classmethod
    def from_toml(cls, source: str | Path) -> Pipeline:
        """Build a pipeline from a recipe: a path, the name of a packaged recipe, or TOML text.

        Raises:
            UnknownName: a stage, key or recipe that nobody knows, with the nearest known one.
            ConfigError: not TOML, or a value does not fit; names the stage and the key.
        """
        from webfilter.recipes import load

        return load(source)

    def to_toml(self, *, full: bool = False) -> str:
        """Return the recipe of this pipeline; `from_toml` builds an equal one from it.

        Args:
            full: write every field, not only those that differ from the defaults.

        Raises:
            ConfigError: a stage is not in the catalogue, or has a field that TOML cannot hold.
        """
        from webfilter.recipes import dump

        return dump(self, full=full)

    def fingerprint(self) -> str:
        """Return 16 hex digits that change when results may: fields, defaults, models, versions.

        The versions are those of webfilter and of the Unicode tables of this Python. Functions of
        your own count by their code: see `webfilter.identity` for what that sees.

        >>> from webfilter import Sample
        >>> half, most = Pipeline((Sample(rate=0.5),)), Pipeline((Sample(rate=0.6),))
        >>> half.fingerprint() == most.fingerprint()
        False
        """
        parts: list[Any] = versions()
        parts += [[canonical(step), sorted(step.artifacts.items())] for step in self.steps]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def _step(item: object) -> Step:
    if isinstance(item, (Stage, CorpusStage, OnlineStage)):
        if item.name == READER:
            raise ConfigError(f"a stage cannot be called {READER!r}: that is the reader")
        return item
    if isinstance(item, type):
        raise ConfigError(f"{item.__name__} is a class: write {item.__name__}()")
    raise ConfigError(f"a pipeline is made of stages, not of {type(item).__name__}: {item!r}")
