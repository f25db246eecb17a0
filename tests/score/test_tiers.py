"""Nested tiers: each is a subset of the one before, in verdicts, in files, in the report."""

import json
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toys import KILL, KILLED, Length

from webfilter import (
    ConfigError,
    Document,
    OutputError,
    Pipeline,
    Report,
    Rule,
    RunError,
    SourceError,
    UnknownName,
    catalog,
    read,
    write,
)
from webfilter.run.tiers import check_tiers
from webfilter.score.threshold import TokenBudget, TopShare
from webfilter.score.tiers import Tier, Tiers
from webfilter.score.tokens import Tokens, estimated_tokens
from webfilter.stage import Filter, Signal
from webfilter.testing import check_stage
from webfilter.write.tiers import TieredSink

LIMITS = {
    "phase1": {"educational": 1.5},
    "phase2": {"educational": 2.5, "reasoning": 1.0, "lasting": 1.5},
}


@dataclass(frozen=True)
class Scores(Filter):
    """Scores that follow from the length of the text; some are undefined."""

    measures: ClassVar[tuple[Signal, ...]] = (
        Signal("educational", "float", "Teaches", "score", 0, 5),
        Signal("reasoning", "float", "Argues", "score", 0, 3),
        Signal("lasting", "float", "Lasts", "score", 0, 2),
        Signal("language", "str", "A language"),
    )

    def measure(self, doc):
        n = len(doc.text)
        if "die" in doc.text:
            import os

            os.kill(os.getpid(), KILL)
        return {
            "educational": n % 11 / 2,
            "reasoning": n % 7 / 2 if n % 13 else None,
            "lasting": n % 5 / 2,
            "language": "en" if n % 2 else "de",
        }


PIPE = Scores() | Tiers(LIMITS)


def documents(count=300):
    return [Document(f"d{n:04}", "é\ud800a" * (n * 7 % 101), meta={"n": n}) for n in range(count)]


def bytes_of(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("part-*"))
    }


def in_phase_2(doc):
    s = doc.signals
    return (
        s["educational"] >= 2.5
        and (s["reasoning"] is None or s["reasoning"] >= 1)
        and s["lasting"] >= 1.5
    )


def test_a_run_writes_nested_folders_in_one_pass(tmp_path):
    report = PIPE.run(iter(documents()), tmp_path / "out")
    kept = tmp_path / "out" / "kept"
    rows = {name: pq.read_table(kept / name).to_pylist() for name in LIMITS}
    marked = PIPE(documents())
    assert [row["id"] for row in rows["phase1"]] == [doc.id for doc in marked if doc.live]
    assert [row["id"] for row in rows["phase2"]] == [
        doc.id for doc in marked if doc.live and in_phase_2(doc)
    ]
    wide = {row["id"]: row for row in rows["phase1"]}
    assert all(wide[row["id"]] == row for row in rows["phase2"])
    assert report.kept + report.dropped + report.failed == report.total == 300
    assert [row.documents for row in report.tiers] == [len(rows[name]) for name in LIMITS]
    assert report.tiers[0].documents == report.kept > report.tiers[1].documents > 5
    assert [row.tokens for row in report.tiers] == [
        sum(row["tokens"] for row in rows[name]) for name in LIMITS
    ]
    assert check_tiers(kept) == {name: len(rows[name]) for name in LIMITS}
    assert check_tiers(kept, ["phase1", "phase2"]) == check_tiers(kept)
    assert {path.name for path in kept.iterdir()} == {"phase1", "phase2", "tiers.json"}
    assert Report.load(tmp_path / "out").tiers == report.tiers


@pytest.mark.parametrize("format", ["jsonl", "jsonl.gz", "jsonl.zst"])
def test_lines_are_the_same_in_every_tier(format, tmp_path):
    report = PIPE.run(documents(), kept=tmp_path, format=format)
    assert check_tiers(tmp_path) == {row.name: row.documents for row in report.tiers}
    if format == "jsonl":
        lines = [
            (tmp_path / name / "part-00000.jsonl").read_bytes().splitlines() for name in LIMITS
        ]
        assert set(lines[1]) < set(lines[0])


def test_workers_and_batches_change_no_byte(tmp_path):
    pipe = (
        Scores()
        | TopShare(share=0.9, by="language")
        | Tokens(len)
        | TokenBudget(26_000)
        | Tiers(
            {
                "phase1": {"educational_percentile": 20},
                "phase2": {"educational_percentile": 60, "reasoning": 1},
            }
        )
    )
    found = []
    for workers, size in ((1, 64), (2, 7)):
        out = tmp_path / f"{workers}"
        report = pipe.run(iter(documents()), out, workers=workers, batch_size=size)
        found.append(bytes_of(out))
        assert report.tiers[0].documents > report.tiers[1].documents > 5
        assert report.tiers[0].tokens <= 26_000
        assert "tokenizer" in report.tiers[0].counted
        check_tiers(out / "kept")
    assert found[0] == found[1]


def loosens(tiers, name, side):
    """Whether some number passes a later tier's bounds on a side, but not an earlier one's."""
    ops = {"ge": ("ge", "gt"), "le": ("le", "lt")}[side]
    passing = []
    for rules in tiers.values():
        bounds = [(r.signal, op, x) for r in rules for op, x in r.bounds()]
        own = [Rule(name, **{op: x}) for signal, op, x in bounds if signal == name and op in ops]
        if own:
            passing.append(
                {n / 4 for n in range(-4, 16) if not any(r.violated(n / 4) for r in own)}
            )
    return any(not later <= first for n, first in enumerate(passing) for later in passing[n:])


def leaves_none(tiers, name):
    """Whether no number passes every bound."""
    own = [r for rules in tiers.values() for r in rules if r.signal == name]
    return all(any(r.violated(n / 4) for r in own) for n in range(-4, 16))


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_tiers_are_subsets_by_construction(data):
    names = ["a", "b", "c"]
    bound = st.sampled_from([None, 0.0, 0.5, 1.0, 2.0])
    tiers = {
        f"t{n}": [
            Rule(name, **{data.draw(st.sampled_from(["ge", "gt", "le", "lt"])): limit})
            for name in names
            if (limit := data.draw(bound)) is not None
        ]
        for n in range(3)
    }
    empty = any(leaves_none(tiers, name) for name in names)
    try:
        stage = Tiers(tiers, given=True)
    except ConfigError:
        assert empty or any(loosens(tiers, name, side) for name in names for side in ("ge", "le"))
        return
    assert not empty
    value = st.sampled_from([None, 0, 0.25, 0.5, 1.0, True, 1.5, 2.0, 3])
    rows = data.draw(st.lists(st.tuples(value, value, value), max_size=20))
    docs = [
        Document(str(n), signals=dict(zip(names, row, strict=True))) for n, row in enumerate(rows)
    ]
    sink = write.memory()
    report = Pipeline((stage,)).run(docs, kept=sink)
    counts = [row.documents for row in report.tiers]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] == report.kept == len(sink.docs)
    order = {name: rank for rank, name in enumerate(tiers)}
    for doc in stage(docs):
        rank = order.get(doc.signals["tier"], -1)
        passes = [
            all(not r.violated(doc.signals[r.signal]) for r in rules) for rules in tiers.values()
        ]
        assert passes[: rank + 1] == [True] * (rank + 1)
        assert rank == 2 or not passes[rank + 1]
        assert doc.live == (rank >= 0)


def test_the_first_tiers_limit_decides_and_tells():
    stage = Tiers({"a": {"x": 1, "max_y": 5}, "b": {"x": 2}}, given=True)
    docs = [
        Document(str(n), signals={"x": x, "y": y})
        for n, (x, y) in enumerate([(0, 0), (3, 6), (1, 5)])
    ]
    assert [str(doc.verdict) for doc in stage(docs)] == ["tiers: x 0 < 1", "tiers: y 6 > 5", "None"]
    assert [doc.signals["tier"] for doc in stage(docs)] == [None, None, "a"]


def test_limits_can_be_said_in_several_ways():
    same = [
        {"a": {"x": 1, "max_y": 5, "language": ["en"]}, "b": {}},
        {"a": {"min_x": 1.0, "max_y": 5.0, "language": {"en"}}, "b": []},
        {"a": [Rule("x", ge=1), Rule("y", le=5), Rule("language", isin={"en"})], "b": ()},
        {"a": [{"signal": "x", "ge": 1}, Rule("y", le=5), Rule("language", isin=["en"])], "b": {}},
        [Tier("a", (Rule("x", ge=1), Rule("y", le=5), Rule("language", isin={"en"}))), Tier("b")],
    ]
    assert len({Tiers(each) for each in same}) == 1
    assert len({Pipeline((Tiers(each, given=True),)).fingerprint() for each in same}) == 1


def test_a_limit_may_stand_again_in_the_next_tier_as_tight_as_before():
    for same in (Rule("x", gt=2), Rule("x", ge=2), Rule("x", lt=2), Rule("x", le=2)):
        assert list(Tiers({"a": [same], "b": [same]}).nested) == ["a", "b"]
    assert list(Tiers({"a": [Rule("x", ge=2)], "b": [Rule("x", gt=2)]}).nested) == ["a", "b"]


def test_limits_may_leave_one_value():
    only = Tiers({"a": {"x": 3, "max_y": 0}, "b": {"max_x": 3, "y": 0}}, given=True)
    assert only.measure(Document("a", signals={"x": 3, "y": 0}))["tier"] == "b"
    for mixed in ({"a": {"x": ["y"]}, "b": {"x": 1}}, {"a": {"x": 1}, "b": {"x": ["y"]}}):
        assert list(Tiers(mixed).nested) == ["a", "b"]  # refused where it is known what x is


def test_the_order_of_tiers_counts():
    one, other = {"a": {"x": 1}, "b": {"y": 1}}, {"b": {"y": 1}, "a": {"x": 1}}
    assert Tiers(one) != Tiers(other)
    prints = {Pipeline((Tiers(each, given=True),)).fingerprint() for each in (one, other)}
    assert len(prints) == 2


@pytest.mark.parametrize(
    ("tiers", "said"),
    [
        ({}, "tiers is empty"),
        ([], "tiers is empty"),
        ({"a": {"x": 2}, "b": {"x": 1}}, r"b wants x >= 1, looser than a \(>= 2\)"),
        ({"a": {"x": 2}, "b": {}, "c": {"x": 1.5}}, r"c wants x >= 1.5, looser than a \(>= 2\)"),
        ({"a": {"max_x": 2}, "b": {"max_x": 3}}, r"b wants x <= 3, looser than a \(<= 2\)"),
        ({"a": [Rule("x", gt=2)], "b": {"x": 2}}, "looser"),
        ({"a": {"l": ["en"]}, "b": {"l": ["en", "de"]}}, "b accepts l de, but a does not"),
        ({"a": {"l": []}}, "a leaves no l that could pass"),
        ({"a": {"l": ["en"]}, "b": {"l": []}}, "a and b together leave no l"),
        ([Tier("a", (Rule("l", isin={"x"}), Rule("l", isin={"y"})))], "a leaves no l"),
        ({"a": {"x": 5, "max_x": 3}}, "a leaves no x"),
        ({"a": {"x": 5}, "b": {}, "c": {"max_x": 3}}, "a and c together leave no x"),
        ({"a": {"max_x": 3}, "b": {"x": 5}}, "b and a together leave no x"),
        ({"a": [Rule("x", gt=3)], "b": {"max_x": 3}}, "a and b together leave no x"),
        ({"a": [Rule("x", ge=3), Rule("x", lt=3)]}, "a leaves no x"),
        ({"a": {"x": 1, "min_x": 2}}, "limits 'x' twice"),
        ({"a": {"x": "1"}}, "tiers"),
        ({"a": {"x": True}}, "tiers"),
        ({"a": {"x": float("nan")}}, "tiers"),
        ({"a": {"max_x": ["en"]}}, "takes a number"),
        ({"a": {"": 1}}, "without the name"),
        ({"../a": {"x": 1}}, "cannot be a folder"),
        ({"": {"x": 1}}, "cannot be a folder"),
        ({".a": {"x": 1}}, "cannot be a folder"),
        ({"a/b": {"x": 1}}, "cannot be a folder"),
        ({"Tiers.json": {"x": 1}}, "'Tiers.json' is the name of a file there"),
        ({"NUL": {"x": 1}}, "is no device of Windows"),
        ({"a" * 65: {"x": 1}}, "cannot be a folder"),
        ({"a": {"x": 1}, "A": {"x": 2}}, "case does not count"),
        ([Tier("a"), Tier("a")], "two are called"),
        ("phase1", "tiers"),
    ],
)
def test_impossible_tiers_are_refused_when_built(tiers, said):
    with pytest.raises(ConfigError, match=said):
        Tiers(tiers)


@pytest.mark.parametrize(
    ("limits", "error", "said"),
    [
        ({"a": {"educatonal": 1}}, UnknownName, "did you mean 'educational'"),
        ({"a": {}, "b": {"educatonal": 1}}, UnknownName, "did you mean 'educational'"),
        ({"a": {}, "b": {"language": 1}}, ConfigError, "'language' is a text"),
    ],
)
def test_unknown_signals_are_refused_when_the_pipeline_is_built(limits, error, said):
    with pytest.raises(error, match=said):
        Scores() | Tiers(limits)


def test_a_pipeline_has_one_tiers():
    with pytest.raises(ConfigError, match="has one Tiers"):
        PIPE | Tiers(LIMITS)


@pytest.mark.parametrize("stage", [Tiers(LIMITS), Tiers({"a": {}, "b": {"max_x": 1}})])
def test_the_contract(stage):
    check_stage(stage)


def test_a_recipe_holds_tiers(monkeypatch):
    monkeypatch.setitem(catalog.STAGES, "tiers", "webfilter.score.tiers:Tiers")
    monkeypatch.setitem(catalog.STAGES, "top_share", "webfilter.score.threshold:TopShare")
    monkeypatch.setitem(catalog.STAGES, "tokens", "webfilter.score.tokens:Tokens")
    monkeypatch.setitem(catalog.STAGES, "token_budget", "webfilter.score.threshold:TokenBudget")
    text = """
    [[stage]]
    use = "tokens"

    [[stage]]
    use = "top_share"
    signal = "tokens"
    share = false

    [[stage]]
    use = "token_budget"
    tokens = 1e9
    signal = "tokens"

    [[stage]]
    use = "tiers"
    [stage.tiers.phase1]
    tokens_percentile = 20
    max_tokens = 100000
    [stage.tiers.phase2]
    tokens_percentile = 60
    """
    pipe = Pipeline.from_toml(text)
    assert pipe.steps[-1] == Tiers(
        {
            "phase1": {"tokens_percentile": 20, "max_tokens": 100_000},
            "phase2": {"tokens_percentile": 60},
        }
    )
    assert pipe.steps[1].share is None
    for full in (False, True):
        again = Pipeline.from_toml(pipe.to_toml(full=full))
        assert again == pipe
        assert again.fingerprint() == pipe.fingerprint()
    report = pipe.run(["water " * n for n in range(1, 40)])
    assert report.tiers[0].documents > report.tiers[1].documents > 0


def test_tokens_are_those_measured_before_or_an_estimate():
    text = "Water boils at 100 °C."
    assert PIPE([text])[0].signals["tokens"] == estimated_tokens(text)
    pipe = Scores() | Tokens(len) | Tiers(LIMITS)
    assert pipe([text])[0].signals["tokens"] == len(text)
    assert "estimated" in Report.of(PIPE, PIPE([text])).tiers[0].counted
    assert "tokenizer" in Report.of(pipe, pipe([text])).tiers[0].counted


def test_documents_can_be_sorted_anew_from_an_earlier_run(tmp_path):
    PIPE.run(documents(), kept=tmp_path / "first")
    again = Pipeline((Tiers({"best": {"educational": 4}}, given=True),))
    report = again.run(read(tmp_path / "first" / "phase1"), kept=tmp_path / "second")
    docs = list(read(tmp_path / "second" / "best"))
    assert report.kept == len(docs) > 0
    assert {doc.signals["tier"] for doc in docs} == {"best"}


def test_without_a_folder_documents_carry_their_tier():
    sink = write.memory()
    report = PIPE.run(documents(), kept=sink)
    assert [d.signals["tier"] for d in sink.docs] == [
        d.signals["tier"] for d in PIPE.kept(documents())
    ]
    of = Report.of(PIPE, PIPE(documents()))
    assert of.tiers == report.tiers == PIPE.run(documents()).tiers
    assert (Scores() | Length()).run(documents(3)).tiers == ()


def test_stages_may_follow_and_the_tiers_stay_nested(tmp_path):
    pipe = Scores() | Tiers(LIMITS) | Length(50)
    report = pipe.run(documents(), kept=tmp_path)
    assert check_tiers(tmp_path) == {row.name: row.documents for row in report.tiers}
    assert report.kept == report.tiers[0].documents < PIPE.run(documents()).kept


def test_an_earlier_output_is_not_mixed_with_a_new_one(tmp_path):
    flat = Scores() | Length()
    three = Scores() | Tiers({"phase1": {"educational": 1}, "x": {}, "y": {"educational": 4}})
    PIPE.run(documents(), kept=tmp_path)
    for pipe in (PIPE, flat, three):
        with pytest.raises(OutputError, match="already holds"):
            pipe.run(documents(), kept=tmp_path)
    check_tiers(tmp_path)
    three.run(documents(), kept=tmp_path, overwrite=True)
    assert list(check_tiers(tmp_path)) == ["phase1", "x", "y"]
    assert {name.split("/")[0] for name in bytes_of(tmp_path)} == {"phase1", "x", "y"}
    flat.run(documents(), kept=tmp_path, overwrite=True)
    assert list(bytes_of(tmp_path)) == ["part-00000.parquet"]
    with pytest.raises(OutputError, match="already holds"):
        PIPE.run(documents(), kept=tmp_path)
    PIPE.run(documents(), kept=tmp_path, overwrite=True)
    assert {name.split("/")[0] for name in bytes_of(tmp_path)} == {"phase1", "phase2"}
    check_tiers(tmp_path)


def test_a_folder_without_tiers_is_refused_with_what_to_give(tmp_path):
    PIPE.run(documents(), tmp_path, progress=False)
    with pytest.raises(SourceError, match=r"a run with tiers wrote them \(kept/\)"):
        check_tiers(tmp_path)


def test_the_widest_tier_is_complete_last(tmp_path):
    closed = []

    class Recorder(write.Memory):
        def __init__(self, folder):
            super().__init__()
            self.folder = folder

        def close(self):
            closed.append(self.folder.rpartition("/")[2])
            assert not (tmp_path / "tiers.json").exists()

    TieredSink(tmp_path, ("a", "b", "c"), Recorder).close()
    assert closed == ["c", "b", "a"]
    assert (tmp_path / "tiers.json").exists()


def test_a_mark_that_cannot_be_put_in_place_leaves_no_other_file(tmp_path):
    with pytest.raises(OutputError, match="cannot write to"):
        TieredSink(Path(__file__), ("a",), lambda folder: write.memory())
    (tmp_path / "tiers.json").mkdir()
    sink = TieredSink(tmp_path, ("a",), lambda folder: write.memory())
    with pytest.raises(OutputError, match="cannot write to"):
        sink.close()
    sink.abort()
    assert [path.name for path in tmp_path.iterdir()] == ["tiers.json"]


def test_a_tier_that_cannot_be_opened_closes_the_others(tmp_path):
    opened = []

    def open_one(folder):
        if opened:
            raise OutputError("no room")
        opened.append(write.memory())
        return opened[0]

    with pytest.raises(OutputError, match="no room"):
        TieredSink(tmp_path, ("a", "b"), open_one)
    assert opened[0].closed
    with (
        pytest.raises(RunError, match="'x' is kept, but its tier is 'b'"),
        TieredSink(tmp_path, ("a",), lambda folder: write.memory()) as sink,
    ):
        sink.write([Document("x", signals={"tier": "b"})])


def test_one_writer_at_a_time_has_the_folder_of_the_tiers(tmp_path):
    def opened(*names):
        return TieredSink(tmp_path / "kept", names, lambda folder: write.memory())

    for end in ("close", "abort"):
        first = opened("a")
        with pytest.raises(OutputError, match=r"^another run"):
            opened("b")
        getattr(first, end)()
    opened("b").close()


def test_a_remote_folder_gets_tiers_too(tmp_path):
    kept = f"memory://{tmp_path.name}/kept"
    PIPE.run(documents(), kept=kept)
    assert list(check_tiers(kept)) == ["phase1", "phase2"]
    with pytest.raises(OutputError, match="already holds"):
        PIPE.run(documents(), kept=kept)
    one = Scores() | Tiers({"phase1": {"educational": 1}})
    one.run(documents(), kept=kept, overwrite=True)
    assert list(check_tiers(kept)) == ["phase1"]
    with pytest.raises(SourceError):
        list(read.files([f"{kept}/phase2"]))


def test_tiers_and_other_kinds_go_to_different_folders(tmp_path):
    with pytest.raises(ConfigError, match="two folders"):
        PIPE.run(documents(3), kept=tmp_path, dropped=tmp_path / "phase2")


def test_a_source_that_breaks_leaves_nothing_behind(tmp_path):
    def broken():
        yield from documents(5)
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        PIPE.run(broken(), tmp_path / "out", batch_size=1)
    assert [p for p in (tmp_path / "out").glob("[!.]*/**/*") if p.is_file()] == []


def test_after_a_killed_run_the_next_one_starts_clean(tmp_path):
    code = f"""
import sys
sys.path[:0] = {[str(Path(__file__).parent), str(Path(__file__).parents[1])]!r}
from test_tiers import PIPE, documents
from webfilter import Document
docs = [*documents(200), Document("last", "die")]
PIPE.run(docs, {str(tmp_path / "out")!r}, batch_size=8, format="jsonl")
"""
    killed = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert killed.returncode == KILLED, killed.stderr.decode()
    kept = tmp_path / "out" / "kept"
    left = {p.suffix for p in kept.rglob("*") if p.is_file()}
    assert left - {".lock"} == {".tmp"}  # Windows locks files beside folders
    PIPE.run(documents(200), tmp_path / "out", format="jsonl")
    PIPE.run(documents(200), tmp_path / "fresh", format="jsonl")
    assert bytes_of(kept) == bytes_of(tmp_path / "fresh" / "kept")
    assert not list(kept.rglob("*.tmp"))
    check_tiers(kept)


def test_the_check_of_written_tiers_sees_what_is_wrong(tmp_path):
    PIPE.run(documents(), kept=tmp_path, format="jsonl")
    wide, narrow = (tmp_path / name / "part-00000.jsonl" for name in LIMITS)
    lines = narrow.read_text().splitlines(keepends=True)
    whole = wide.read_text().splitlines(keepends=True)
    other = json.loads(lines[0]) | {"text": "another text"}
    outside = next(line for line in whole if line not in lines)
    for changed, said in (
        ([*lines, json.dumps(other) + "\n"], "1 of the .* not the same, in phase1"),
        ([*lines, outside], "whose tier is 'phase1'"),
        ([*lines, lines[0]], "a document twice"),
        (lines[1:], "were written"),
        ([*lines, "{"], "damaged"),
    ):
        narrow.write_text("".join(changed))
        with pytest.raises((RunError, SourceError), match=said):
            check_tiers(tmp_path)
    narrow.write_text("".join(lines))
    check_tiers(tmp_path)
    mark = json.loads((tmp_path / "tiers.json").read_text())
    for counts in (["x", "y"], [None, 1], [-1, 0], [True, True]):
        (tmp_path / "tiers.json").write_text(json.dumps({**mark, "documents": counts}))
        with pytest.raises(SourceError, match=r"tiers\.json .*documents is .*not a list of counts"):
            check_tiers(tmp_path)
    (tmp_path / "tiers.json").write_text("{}")
    with pytest.raises(SourceError, match=r"tiers\.json"):
        check_tiers(tmp_path)
    with pytest.raises(SourceError):
        check_tiers(tmp_path / "nowhere")


def test_a_kept_document_without_a_tier_stops_the_run(tmp_path):
    @dataclass(frozen=True)
    class Forgets(Length):
        """Takes the tier away, without saying so."""

        def process(self, batch):
            return [replace(doc, signals={}) for doc in super().process(batch)]

    with pytest.raises(RunError, match="without one of the tiers"):
        (PIPE | Forgets(0)).run(documents(), tmp_path / "out")
    assert not [p for p in (tmp_path / "out").glob("[!.]*/**/*") if p.is_file()]


def test_the_report_tells_of_tiers_and_answers_questions(tmp_path):
    report = PIPE.run(documents(), tmp_path / "out", measure_all=True)
    for told in (report, Report.load(tmp_path / "out")):
        text = " ".join(str(told).split())
        phase2 = report.tiers[1]
        assert "tiers, each inside the one before" in text
        assert f"phase2 {phase2.documents} " in text
        assert "educational >= 2.5, reasoning >= 1, lasting >= 1.5" in text
        page = told.to_html()
        assert "<h2>Tiers</h2>" in page
        assert "lasting ≥ 1.5" in page
        assert f"{phase2.tokens:,}" in page
        assert "phase2" in told.card()
        assert "/phase1" in told.card()
    loaded = Report.load(tmp_path / "out")
    sweep = loaded.sweep("educational", [1.5, 3.0], pipe=PIPE)
    assert [row.kept for row in sweep] == [
        report.kept,
        sum(doc.signals["educational"] >= 3 for doc in PIPE(documents())),
    ]
    assert len(loaded.borderline("educational", n=4, pipe=PIPE)) == 4


def test_hostile_names_of_limits_do_not_break_the_page():
    evil = "<script>alert(1)</script>"
    stage = Tiers({"a": {evil: 1}, "b": {"topic": [evil]}}, given=True)
    page = Report.of(stage, stage([Document("x", "y", signals={"topic": evil})])).to_html()
    assert evil not in page


def test_explain_tells_what_each_tier_wants():
    said = str(PIPE.explain(text="a" * 48))  # educational 2.0
    assert "tiers: phase2" in said
    assert said.startswith("kept")
    assert "FAIL" in said
    dropped = PIPE.explain(text="a" * 44)
    assert dropped.deciding.stage == "tiers"
