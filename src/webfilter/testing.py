"""Check that a stage keeps the contract: for our catalogue and for authors of plug-ins.

``check_stage(MyStage())`` raises `AssertionError` with what is wrong. It looks at the promises
every stage makes: same documents in the same order, nothing changed in place, no looking at
neighbors, hostile text survived, only declared and finite signals, pickling, and that a loosened
limit never drops more. It does not judge whether the stage is any good.
"""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from itertools import permutations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from webfilter.config import field_types
from webfilter.document import Document, Verdict
from webfilter.errors import ConfigError, RunError
from webfilter.stage import CorpusStage, OnlineStage, Signal, Stage, Step, check_declared

__all__ = ["check_stage", "hostile_documents", "plain_documents"]

T = TypeVar("T")

_OTHERS = "other documents or order; every document comes back, a dropped one with its verdict"
_PROSE = (
    "Plants make sugar from light. The green pigment in their leaves takes up the energy of the "
    "sun, and with it they join water to the gas that we breathe out. This is how nearly all of "
    "the food on Earth begins. When the light is gone, the work stops, and the plant lives on "
    "what it has stored. You can see this for yourself with a leaf that was covered for a day: "
    "it holds no starch, while the leaf beside it does."
)


def plain_documents() -> list[Document]:
    """Return documents as they occur: prose, a shop page, two copies, HTML, another language."""
    page = f"<html><head><title>Leaves</title></head><body><nav><a href='/'>Home</a></nav><p>{_PROSE}</p><p>{_PROSE[::-1]}</p></body></html>"  # noqa: E501 - one page
    return [
        Document("prose", _PROSE, url="https://school.example/leaves"),
        Document("copy", _PROSE, url="https://mirror.example/leaves?utm_source=x"),
        Document("near", _PROSE + " It is easy to try.", url="http://school.example/leaves/2"),
        Document("long", "\n\n".join([_PROSE, _PROSE.upper(), _PROSE[:200]] * 8)),
        Document(
            "shop", "Buy now\n$ 19.99\nAdd to cart\n- red\n- blue\n...", url="https://a.example"
        ),
        Document(
            "german", "Die Katze liegt auf dem Sofa und schläft, weil es draußen regnet. " * 9
        ),
        Document("html", html=page.encode(), url="https://school.example/page"),
        Document("marked", _PROSE, signals={"language": "en", "words": 7}, meta={"date": "2024"}),
    ]


def hostile_documents() -> list[Document]:
    """Return documents that break naive code: empty, NUL, surrogates, 1 MB on one line and more."""
    texts = {
        "empty": "",
        "space": " \n\t\r\n ",
        "nul": "a\x00b\x00 the\x00",
        "surrogate": "the \ud800 and \udfff of",
        "digits": "0123456789 " * 50,
        "one-line": "wordy " * 170_000,
        "one-word": "a" * 1_000_000,
        "newlines": "\n" * 20_000,
        "rtl": "‮שלום עולם، مرحبا بالعالم. " * 20,
        "emoji": "😀👩‍👩‍👧‍👦🏳️‍🌈 " * 100,
        "combining": "e" + "\u0301" * 5_000,
        "cjk": "光合作用是植物利用阳光制造糖分的过程。" * 40,
        "thai": "การสังเคราะห์ด้วยแสง" * 40,
        "separators": "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg",
        "markup": "<p>{ 'a': [1, 2] }</p> lorem ipsum javascript",
        "bars": "| | | --- ... … • #### !!! ???" * 30,
    }
    docs = [Document(f"hostile-{name}", text) for name, text in texts.items()]
    pages = {
        "nothing": b"",
        "binary": bytes(range(256)) * 8,
        "unclosed": b"<html><body><div><p>" + b"<b>deep" * 300,
        "utf-16": "<p>hello there</p>".encode("utf-16"),
        "cut": "<p>Grüße aus Köln".encode()[:-1],
    }
    docs += [Document(f"hostile-html-{name}", html=html) for name, html in pages.items()]
    urls = [
        "",
        "::::",
        "http://[::1",
        "//",
        "http://a:99999/",
        "http://\ud800/",
        "data:,x",
        "x" * 9999,
    ]
    docs += [Document(f"hostile-url-{n}", "the text", url=url) for n, url in enumerate(urls)]
    return docs


def check_stage(step: Step, docs: Iterable[Document] | None = None) -> None:
    """Check that `step` keeps the contract of its kind.

    Args:
        step: a stage, corpus stage or online stage, as configured.
        docs: documents of your own to check it on, beside the plain and hostile ones; ids distinct.

    Raises:
        AssertionError: with the promise that is broken, and the document it is broken on.
        RunError: Python runs without asserts (``-O``), so nothing would be checked.

    >>> from webfilter import Sample
    >>> check_stage(Sample(rate=0.5))
    """
    if not __debug__:
        raise RunError("check_stage checks nothing without asserts; run Python without -O")
    kinds = (Stage, CorpusStage, OnlineStage)
    assert isinstance(step, kinds), (
        f"{step!r} is neither a Stage, a CorpusStage nor an OnlineStage: give one as configured, "
        "such as MyStage()"
    )
    try:
        _check(step, [*plain_documents(), *hostile_documents(), *(docs or ())])
    except AssertionError:
        raise
    except Exception as error:
        raise AssertionError(f"{step.name}: raised {_said(error)}") from error


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _check(step: Step, batch: list[Document]) -> None:
    _check_declaration(step)
    batch = [replace(doc, signals={**_given(step), **doc.signals}) for doc in batch]
    _check_configuration(step)
    if isinstance(step, Stage):
        _check_process(step, batch)
        _check_limits(step, batch)
    elif isinstance(step, CorpusStage):
        _check_corpus(step, batch)
    elif isinstance(step, OnlineStage):
        _check_online(step, batch)


def _given(step: Step) -> dict[str, Any]:
    return {name: "en" if name == "language" else 1.0 for name in step.needs}


def _check_configuration(step: Step) -> None:
    name = step.name
    assert is_dataclass(step), f"{name}: write @dataclass(frozen=True)"
    params = type(step).__dataclass_params__
    assert params.frozen, f"{name}: write @dataclass(frozen=True)"
    assert _equal(replace(step), step), f"{name}: replace(stage) is not equal to the stage"
    try:
        copied = pickle.loads(pickle.dumps(step))
    except Exception as error:
        raise AssertionError(
            f"{name}: does not survive pickling ({_said(error)}): keep functions without a name, "
            "locks and open files out of its fields"
        ) from error
    assert _equal(copied, step), f"{name}: does not survive pickling"
    assert _equal(copy.deepcopy(step), step), f"{name}: a deep copy is not equal"
    assert type(step).__name__ in repr(step), f"{name}: its repr does not name its class"
    for f in fields(step):
        if f.init:
            assert getattr(step, f.name) == getattr(replace(step), f.name), f"{name}: {f.name}"


def _equal(one: Step, other: Step) -> bool:
    try:
        return bool(one == other)
    except ValueError as error:  # arrays have no one `==`
        raise AssertionError(f"{one.name}: its fields cannot be compared: {error}") from error


def _check_declaration(step: Step) -> None:
    name = step.name
    try:
        check_declared(step, name)
    except ConfigError as error:
        raise AssertionError(str(error)) from error
    assert type(step).__doc__, f"{name}: has no docstring"
    declared = [signal.name for signal in step.measures]
    assert len(declared) == len(set(declared)), f"{name}: declares a signal twice"
    for signal in step.measures:
        assert isinstance(signal, Signal), f"{name}: measures holds {signal!r}"
        assert signal.about, f"{name}: says nothing about the signal {signal.name!r}"
    known = {*declared, *step.needs}
    if not getattr(step, "given", False):
        for rule in step.rules:
            assert rule.signal in known, (
                f"{name}: judges {rule.signal!r}, which it does not measure"
            )


def _snapshot(batch: Sequence[Document]) -> list[Any]:
    return [(d, dict(d.signals), copy.deepcopy(dict(d.meta))) for d in batch]


def _check_process(stage: Stage, batch: list[Document]) -> None:
    name = stage.name
    before = _snapshot(batch)
    marked = _processed(stage, batch)
    assert _snapshot(batch) == before, f"{name}: changed the documents it was given"
    ids = [getattr(doc, "id", doc) for doc in marked]
    assert ids == [d.id for d in batch], f"{name}: {_OTHERS}"
    for given, doc in zip(batch, marked, strict=True):
        _check_marked(stage, given, doc)
    for doc, together in zip(batch, marked, strict=True):
        [alone] = stage.process([doc])
        _same(name, together, alone, "is marked differently alone than in a batch")
    for together, again in zip(reversed(marked), stage.process(batch[::-1]), strict=True):
        _same(name, together, again, "is marked differently when the batch is reversed")
    assert list(stage.process([])) == [], f"{name}: an empty batch does not stay empty"


def _processed(stage: Stage, batch: Sequence[Document]) -> list[Document]:
    """Return what `stage` makes of `batch`; where it raises, say on which document."""
    return list(_done(f"{stage.name}: raised", stage.process, batch))


def _done(what: str, work: Callable[[Sequence[Document]], T], batch: Sequence[Document]) -> T:
    try:
        return work(batch)
    except Exception as error:
        for doc in batch if len(batch) > 1 else ():
            _done(what, work, [doc])
        where = f"document {batch[0].id!r}" if len(batch) == 1 else "a whole batch"
        raise AssertionError(f"{what} on {where}: {_said(error)}") from error


def _same(name: str, one: Document, other: Document, what: str) -> None:
    assert one == other, (
        f"{name}: document {one.id!r} {what}:\n{one.verdict} {dict(one.signals)}\n"
        f"{other.verdict} {dict(other.signals)}"
    )


def _check_marked(step: Step, given: Document, doc: Document) -> None:
    where = f"{step.name}: document {doc.id!r}"
    declared = {signal.name: signal for signal in step.measures}
    for what, held in (("signals", doc.signals), ("meta", doc.meta)):
        assert isinstance(held, Mapping), f"{where}: {what} are {held!r}, no mapping"
    for key, value in doc.signals.items():
        if key in given.signals and given.signals[key] == value:
            continue
        assert key in declared, f"{where}: undeclared signal {key!r}"
        _check_value(where, declared[key], value)
    assert given.signals.keys() <= doc.signals.keys(), f"{where}: lost signals"
    assert given.meta.keys() <= doc.meta.keys(), f"{where}: lost meta fields"
    assert doc.url == given.url, f"{where}: changed the URL"
    verdict = doc.verdict
    if verdict is not None:
        assert isinstance(verdict, Verdict), f"{where}: {verdict!r} is no Verdict"
        assert verdict.reason, f"{where}: verdict without a reason"


def _check_value(where: str, signal: Signal, value: Any) -> None:
    if value is None:
        return
    kinds: dict[str, tuple[type, ...]] = {
        "int": (int,),
        "float": (float, int),
        "bool": (bool,),
        "str": (str,),
    }
    fits = type(value) in kinds[signal.kind]
    assert fits, f"{where}: {signal.name} = {value!r}, declared {signal.kind}"
    if isinstance(value, (int, float)):
        assert math.isfinite(value), f"{where}: {signal.name} is {value}"
        low_ok = signal.low is None or value >= signal.low
        high_ok = signal.high is None or value <= signal.high
        bounds = f"[{signal.low}, {signal.high}]"
        inside = low_ok and high_ok
        assert inside, f"{where}: {signal.name} = {value} is outside {bounds}"


def _loosened(stage: Stage) -> Iterator[tuple[str, Stage]]:
    for f in fields(stage):  # type: ignore[arg-type]
        value = getattr(stage, f.name)
        side, _, noun = f.name.partition("_")
        if side not in ("min", "max") or not noun or not f.init:
            continue
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            continue
        looser: list[Any] = []
        if type(None) in getattr(field_types(type(stage))[f.name], "__args__", ()):
            looser.append(None)
        looser.append(type(value)(value * 0.5 if side == "min" else value * 1.5 + 1))
        for new in looser:
            try:
                yield f"{f.name}={new}", replace(stage, **{f.name: new})  # type: ignore[type-var]
            except ConfigError:  # out of the stage's range: not a setting that anybody can have
                continue


def _check_limits(stage: Stage, batch: list[Document]) -> None:
    batch = [doc for doc in batch if len(doc.text) < 100_000]  # measured once for every limit
    dropped = {doc.id for doc in stage.process(batch) if not doc.live}
    for what, looser in _loosened(stage):
        more = {doc.id for doc in looser.process(batch) if not doc.live} - dropped
        assert not more, f"{stage.name}: with the looser {what} it drops more: {sorted(more)}"


def _check_corpus(step: CorpusStage[Any], batch: list[Document]) -> None:
    name = step.name
    before = _snapshot(batch)
    whole = _done(f"{name}: sketch raised", step.sketch, batch)
    halves = [step.sketch(batch[::2]), step.sketch(batch[1::2])]
    singles = [step.sketch([doc]) for doc in batch]
    assert _snapshot(batch) == before, f"{name}: sketch changed the documents"
    orders: list[list[Any]] = [[whole], singles, singles[::-1]]
    orders += [list(order) for order in permutations(halves)]
    orders.append(pickle.loads(pickle.dumps(halves)))
    results = []
    for sketches in orders:
        stage = step.resolve(iter(sketches))
        assert isinstance(stage, Stage), f"{name}: resolve returned {stage!r}"
        results.append(_processed(stage, batch))
    for result in results[1:]:
        for one, other in zip(results[0], result, strict=True):
            _same(name, one, other, "is judged by the batching or order of the sketches")
    for one, other in zip(results[0], _in_rounds(step, batch), strict=True):
        _same(name, one, other, "is judged otherwise by the lean form")
    resolved = step.resolve([step.sketch(batch)])
    assert resolved.name == name, (
        f"{name}: resolved into {resolved.name!r}; write name = {name!r} in its class"
    )
    _check_configuration(resolved)
    _check_process(resolved, batch)
    assert list(step.resolve([]).process([])) == [], f"{name}: cannot resolve an empty corpus"


def _in_rounds(step: CorpusStage[Any], batch: list[Document]) -> list[Document]:
    """Resolve as a pipeline does: sketches as they are asked for, a folder, maybe again."""
    found: Stage | CorpusStage[Any] = pickle.loads(pickle.dumps(step.lean))  # to workers
    with TemporaryDirectory(ignore_cleanup_errors=True) as work:
        while isinstance(found, CorpusStage):
            sketches = map(found.sketch, (batch[1::2], batch[:1], batch[2::2]))
            folder = Path(work, f"{len(list(Path(work).iterdir()))}")
            folder.mkdir()
            found = found.resolve_in(sketches, folder)
        return list(found.process(batch))


def _check_online(step: OnlineStage[Any], batch: list[Document]) -> None:
    name = step.name
    before = _snapshot(batch)
    together = list(step.observe(step.start(), batch))
    alone: list[Document] = []
    state = step.start()
    for doc in batch:
        alone.extend(step.observe(state, [doc]))
    assert _snapshot(batch) == before, f"{name}: changed the documents it was given"
    assert [d.id for d in together] == [d.id for d in batch], f"{name}: {_OTHERS}"
    for one, other in zip(together, alone, strict=True):
        _same(name, one, other, "is marked differently alone than in a batch")
        _check_marked(step, next(d for d in batch if d.id == one.id), one)
    middle = len(batch) // 2
    state = step.start()
    first = list(step.observe(state, batch[:middle]))
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        step.save(state, Path(folder) / "state")
        loaded = step.load(Path(folder) / "state")
    resumed = [*first, *step.observe(loaded, batch[middle:])]
    for one, other in zip(together, resumed, strict=True):
        _same(name, one, other, "is marked differently after save and load")
    if step.whole:
        _check_whole(step, batch, together)


def _check_whole(step: OnlineStage[Any], batch: list[Document], expected: list[Document]) -> None:
    """Check that a batch on which `observe` raises leaves no trace in the state."""
    state = step.start()
    try:
        step.observe(state, [*batch, None])  # type: ignore[list-item]
    except Exception:
        again = step.observe(state, batch)
    else:
        return
    for one, other in zip(expected, again, strict=True):
        _same(step.name, one, other, "is marked by a batch on which `observe` raised before")
