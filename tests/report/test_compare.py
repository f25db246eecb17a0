"""Two runs compared, held against what their files say when they are read without the library."""

import gzip
import json
import random
import re
import shutil
import tracemalloc
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import pyarrow.parquet as pq
import pytest
from reruns import Cut, Vowels, texts

import webfilter as wf
from webfilter import Document, Filter, Judge, Length, Pipeline, Report, Rule, Signal, Verdict
from webfilter.cli import main
from webfilter.errors import ConfigError, SourceError, UnknownName
from webfilter.report.comparison import Comparison, RuleChange

KINDS = ("kept", "dropped", "failed")


@dataclass(frozen=True)
class Breaks(Filter):
    """Breaks on texts that hold a word."""

    measures: ClassVar[tuple[Signal, ...]] = (Signal("whole", "bool", "Whether it is whole"),)
    on: str = "sunlight sugar"

    @property
    def rules(self):
        return ()

    def measure(self, doc: Document) -> Mapping[str, bool]:
        if self.on in doc.text:
            raise ValueError(f"{self.on} in {doc.id}")
        return {"whole": True}


FIRST = Pipeline((Breaks(), Length(min_words=10), Cut(after=220), Vowels()))
SECOND = Pipeline((Length(min_words=20), Breaks("boils"), Cut(after=180), Vowels(quiet=False)))


def rows(folder):
    """Yield the kind and the fields of every document in a run folder, by other people's code."""
    for kind in KINDS:
        for path in sorted((folder / kind).rglob("part-*")):
            if path.suffix == ".parquet":
                found = pq.read_table(path).to_pylist()
            else:
                lines = gzip.decompress(path.read_bytes()).decode("utf-8").split("\n")
                found = [json.loads(line) for line in lines if line]
            for row in found:
                yield kind, row


def fate(kind, row):
    verdict = row["verdict"]
    if kind == "kept":
        return ("kept", "", "")
    if kind == "failed":
        return ("failed", verdict["stage"], verdict["reason"].partition(":")[0])
    said = " ".join(part for part in (verdict["reason"], verdict["op"]) if part)
    return ("dropped", verdict["stage"], said)


def truth(before, after):
    """Return the moves, and the ids of what was kept with another text."""
    one, other = ({row["id"]: (kind, row) for kind, row in rows(f)} for f in (before, after))
    absent = ("absent", "", "")
    moves = Counter(
        (
            fate(*one[name]) if name in one else absent,
            fate(*other[name]) if name in other else absent,
        )
        for name in one.keys() | other.keys()
    )
    both = [n for n in one.keys() & other.keys() if one[n][0] == other[n][0] == "kept"]
    return moves, {name for name in both if one[name][1]["text"] != other[name][1]["text"]}


def moves_of(found):
    def plain(outcome):
        return (outcome.kind, outcome.stage, outcome.rule)

    return {(plain(m.before), plain(m.after)): m.documents for m in found.moves}


def whole(found):
    """Return what each run's documents add up to, by kind, over the moves."""
    sides = (Counter(), Counter())
    for move in found.moves:
        sides[0][move.before.kind] += move.documents
        sides[1][move.after.kind] += move.documents
    return sides


@pytest.fixture(scope="module", params=["parquet", "jsonl.gz"])
def runs(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    docs = texts(random.Random(1), 400)
    FIRST.run(docs[:350], folder / "one", progress=False)
    SECOND.run(docs[50:], folder / "other", progress=False, format=request.param)
    return folder / "one", folder / "other"


def test_every_document_is_where_the_files_say(runs):
    found = wf.compare(*runs)
    moves, rewritten = truth(*runs)
    assert moves_of(found) == moves
    assert found.rewritten == len(rewritten) > 0
    assert sum(found.transitions.values()) == 400
    wanted = ["kept -> dropped", "dropped -> kept", "kept -> failed", "dropped -> dropped"]
    wanted += ["absent -> kept", "dropped -> absent", "failed -> dropped"]
    assert set(wanted) <= set(found.transitions)
    for side, (counts, folder) in enumerate(zip(whole(found), runs, strict=True)):
        report = Report.load(folder)
        assert [counts[kind] for kind in KINDS] == [getattr(report, kind) for kind in KINDS]
        assert [found.counts[kind][side] for kind in ("in", *KINDS)] == [
            report.total, report.kept, report.dropped, report.failed,
        ]  # fmt: skip
        kept = [row["text"] for kind, row in rows(folder) if kind == "kept"]
        assert found.counts["characters"][side] == sum(map(len, kept))


def test_examples_are_documents_of_their_transition(runs):
    found = wf.compare(*runs, examples=7)
    _, rewritten = truth(*runs)
    one, other = ({row["id"]: (kind, row) for kind, row in rows(folder)} for folder in runs)
    names = {each.transition for each in found.drawn}
    assert {"rewritten", "kept -> dropped", "dropped -> kept", "kept -> failed"} <= names
    for each in found.drawn:
        if each.transition == "rewritten":
            assert each.id in rewritten
            texts_ = [side[each.id][1]["text"] for side in (one, other)]
            assert texts_[0] != texts_[1]
            for text, shown in zip(texts_, (each.excerpt, each.rewritten), strict=True):
                assert shown in " ".join(text.split())
            continue
        kinds = tuple(side[each.id][0] if each.id in side else "absent" for side in (one, other))
        assert each.transition == " -> ".join(kinds)
        place = other if kinds[1] in KINDS[1:] else one
        verdict = place[each.id][1]["verdict"] if each.id in place else None
        if "absent" in kinds:
            assert not each.said.endswith((" before", " after"))
        if verdict is not None:
            assert each.rule == f"{verdict['stage']} {verdict['reason']}"
            assert each.limit == verdict["limit"]
            value = verdict["value"]
            assert each.value == (json.loads(value) if isinstance(value, str) else value)
    for name, (count, examples) in found.shown().items():
        assert len(examples) == min(7, count)
        assert examples == found.examples(name)
        assert found.examples(name, 2) == examples[:2]


def test_examples_are_the_same_for_any_order_and_batch(tmp_path):
    docs = texts(random.Random(2), 200)
    found = []
    for name, order, batch in (("a", docs, 64), ("b", docs[::-1], 7)):
        FIRST.run(order, tmp_path / name / "1", progress=False, batch_size=batch)
        SECOND.run(order, tmp_path / name / "2", progress=False, batch_size=batch)
        found.append(wf.compare(tmp_path / name / "1", tmp_path / name / "2", examples=5))
    assert found[0].drawn == found[1].drawn
    assert len(found[0].drawn) > 10
    assert found[0].moves == found[1].moves
    few = wf.compare(tmp_path / "a" / "1", tmp_path / "a" / "2", examples=2)
    assert few.examples("kept -> dropped") == found[0].examples("kept -> dropped", 2)


def test_every_rule_has_its_turn_among_the_examples():
    docs = [Document(f"d{n}", "x", signals={"a": n, "b": 500 if n == 7 else 0}) for n in range(300)]
    loose = Judge((Rule("a", ge=0), Rule("b", ge=0)), given=True)
    strict = Judge((Rule("b", le=100), Rule("a", ge=299)), given=True)
    found = wf.compare(*(Report.of(pipe, Pipeline((pipe,))(docs)) for pipe in (loose, strict)))
    assert found.transitions == {"kept -> kept": 1, "kept -> dropped": 299}
    assert Counter(each.rule for each in found.examples("kept -> dropped", 2)) == {
        "judge a": 1,
        "judge b": 1,
    }


def test_an_example_tells_what_the_other_run_measured():
    docs = [Document("x", "Water boils."), Document("y", "Water boils at sea level.")]
    cut, plain = Cut(after=5) | Length(min_words=3), Pipeline((Length(min_words=2),))
    found = wf.compare(Report.of(plain, plain(docs)), Report.of(cut, cut(docs)))
    gone = {each.id: each for each in found.examples("kept->dropped")}
    assert (gone["y"].rule, gone["y"].value, gone["y"].limit) == ("length words", 1, 3.0)
    assert gone["y"].said == "length: words 1 < 3; 5 before"
    assert gone["x"].said == "length: words 1 < 3; 2 before"
    back = wf.compare(Report.of(cut, cut(docs)), Report.of(plain, plain(docs)))
    said = {each.id: each.said for each in back.examples("dropped -> kept")}
    assert said["y"] == "length: words 1 < 3; 5 after"


def test_a_run_compared_with_itself_is_the_same(runs):
    for run in runs:
        found = wf.compare(run, run / "report.json")
        assert found.same
        assert (found.changes, found.drawn, found.moved, found.notes) == ((), (), [], ())
        assert set(found.transitions) <= {f"{kind} -> {kind}" for kind in KINDS}
        assert all(row.documents[0] == row.documents[1] for row in found.rules)
    assert not wf.compare(*runs).same


HOSTILE = [
    "\ud800 lone", "nul\0nul", "two\nlines", "<script>alert(1)</script>", "\u202eright to left",
    "a -> b", " ", "#2", "é", "e\u0301", "x" * 5_000, "\x1b[31mred", "日本", "🙂",
]  # fmt: skip


def test_hostile_ids_match_between_formats_and_memory(tmp_path):
    docs = [Document(name, f"Water boils {name}" * 3, url=name) for name in HOSTILE]
    docs += [Document("empty", "")]
    pipe = Pipeline((Length(min_words=1),))
    one = pipe.run(docs, tmp_path / "one", progress=False)
    pipe.run(docs, tmp_path / "other", progress=False, format="jsonl")
    held = Report.of(pipe, pipe(docs))
    for before, after in ((one, tmp_path / "other"), (tmp_path / "other", held), (held, one)):
        found = wf.compare(before, after)
        assert found.same
        assert sum(found.transitions.values()) == len(docs)
    strict = Pipeline((Length(min_words=100),))
    found = wf.compare(one, strict.run(docs, tmp_path / "none", progress=False), examples=50)
    assert found.transitions == {"kept -> dropped": len(HOSTILE), "dropped -> dropped": 1}
    assert {each.id for each in found.drawn} == {"\ufffd lone", *HOSTILE[1:]}
    page = found.to_html()
    assert "<script" not in page
    assert "alert(1)" in page
    for text in (str(found), repr(found)):
        assert all(c.isprintable() or c == "\n" for c in text)
    json.dumps(found.to_dict()).encode()


def test_empty_runs(tmp_path):
    pipe = Pipeline((Length(),))
    pipe.run([], tmp_path / "none", progress=False)
    pipe.run(["Water boils. " * 30, "Water."], tmp_path / "some", progress=False)
    nothing = wf.compare(tmp_path / "none", tmp_path / "none")
    assert (nothing.moves, nothing.same) == ((), True)
    for found in (nothing, wf.compare(tmp_path / "none", tmp_path / "some")):
        assert str(found)
        assert found.to_html().startswith("<!doctype html>")
        assert found._repr_html_()
    gone = wf.compare(tmp_path / "some", tmp_path / "none")
    assert sum(gone.transitions.values()) == 2
    assert all(name.endswith("-> absent") for name in gone.transitions)
    assert gone.counts["words"][1] == 0


def of(documents):
    """Return the report of documents, given as ids and whether they were kept."""
    gone = Verdict("judge", "w", "w", 0, 1.0, op="<")
    docs = [Document(name) if kept else Document(name, verdict=gone) for name, kept in documents]
    return Report.of(Judge((Rule("w", ge=1),), given=True), docs)


def test_ids_that_come_twice_are_each_counted_once():
    def report(*kept):
        return of(("a", each) for each in kept)

    found = wf.compare(report(True, False, True), report(False, True))
    assert found.transitions == {
        "kept -> kept": 1,
        "kept -> absent": 1,
        "dropped -> dropped": 1,
    }
    assert [note for note in found.notes if "2 documents have an id" in note]
    for one, other in ((3, 7), (7, 3), (5, 5)):
        sides = whole(wf.compare(report(*[True] * one), report(*[False] * other)))
        assert [(s["kept"] + s["dropped"]) for s in sides] == [one, other]


def test_many_documents_are_matched_over_several_blocks(monkeypatch):
    monkeypatch.setattr("webfilter.report.compare._AT_ONCE", 16)
    rng = random.Random(3)
    for _ in range(20):
        sides = []
        for _ in "ab":
            names = [f"d{rng.randrange(60)}" for _ in range(rng.randrange(90))]
            sides.append(of((name, rng.random() < 0.5) for name in names))
        found = wf.compare(*sides)
        for side, counts in zip(sides, whole(found), strict=True):
            assert (counts["kept"], counts["dropped"]) == (side.kept, side.dropped)
        ids = [Counter(doc.id for doc in side.documents or ()) for side in sides]
        both = sum((ids[0] & ids[1]).values())
        assert sum(n for k, n in found.transitions.items() if "absent" not in k) == both


@pytest.mark.parametrize("how", ["removed", "never written"])
def test_what_was_dropped_need_not_be_stored(tmp_path, how):
    docs = [Document(f"d{n}", "water boils " * n) for n in range(1, 60)]
    if how == "removed":
        Pipeline((Length(min_words=40),)).run(docs, tmp_path / "a", progress=False)
        shutil.rmtree(tmp_path / "a" / "dropped")
    else:
        report = Pipeline((Length(min_words=40),)).run(docs, kept=tmp_path / "a" / "kept")
        report.save(tmp_path / "a" / "report.json")
    Pipeline((Length(min_words=20),)).run(docs[5:], tmp_path / "b", progress=False)
    found = wf.compare(tmp_path / "a", tmp_path / "b")
    assert found.transitions == {
        "kept -> kept": 40,
        "unstored -> kept": 10,
        "unstored -> dropped": 4,
    }
    assert any("before: 19 documents" in note for note in found.notes)
    [row] = found.rules
    assert (row.documents, row.limits) == ((19, 4), ("40", "20"))
    back = wf.compare(tmp_path / "b", tmp_path / "a")
    assert back.transitions == {
        "kept -> kept": 40,
        "kept -> unstored": 10,
        "dropped -> unstored": 4,
    }


def test_without_what_was_kept_nothing_can_be_said(tmp_path):
    Pipeline((Length(min_words=1),)).run(["Water boils."], tmp_path / "a", progress=False)
    shutil.rmtree(tmp_path / "a" / "kept")
    with pytest.raises(SourceError, match="kept documents of the run are not there"):
        wf.compare(tmp_path / "a", tmp_path / "a")


def test_nested_tiers_are_read_once(tmp_path):
    docs = [Document(f"d{n}", "Water.", signals={"educational": n}) for n in range(8)]
    for name, limits in (("a", (2.0, 4.0)), ("b", (3.0, 6.0))):
        tiers = {f"phase{n}": {"educational": limit} for n, limit in enumerate(limits, 1)}
        pipe = wf.Tiers(tiers, given=True) | Judge((Rule("educational", lt=7),), given=True)
        pipe.run(docs, tmp_path / name, progress=False)
    assert (tmp_path / "a" / "kept" / "phase2").is_dir()
    found = wf.compare(tmp_path / "a", tmp_path / "b")
    assert found.transitions == {"kept -> kept": 4, "kept -> dropped": 1, "dropped -> dropped": 3}
    assert {"educational >="} < {m.before.rule for m in found.moves}
    moved = {each.id: each.said for each in found.examples("kept -> kept")}
    assert moved == {"d4": "phase2 -> phase1", "d5": "phase2 -> phase1"}
    tiers = {
        (m.before.rule, m.after.rule): m.documents for m in found.moves if m.after.kind == "kept"
    }
    assert tiers == {("phase1", "phase1"): 1, ("phase2", "phase1"): 2, ("phase2", "phase2"): 1}
    assert not found.same
    assert "kept phase2" in str(found)


def test_words_and_tokens_of_what_was_kept(tmp_path):
    docs = ["Water boils at sea level. " * n for n in range(1, 9)]
    counted = Length(min_words=12) | wf.Tokens()
    counted.run(docs, tmp_path / "a", progress=False)
    Pipeline((Length(min_words=22),)).run(docs, tmp_path / "b", progress=False)
    found = wf.compare(tmp_path / "a", tmp_path / "b")
    tables = [pq.read_table(tmp_path / name / "kept") for name in "ab"]
    assert found.counts["words"] == tuple(sum(t["words"].to_pylist()) for t in tables)
    assert found.counts["tokens"] == (sum(tables[0]["tokens"].to_pylist()), None)


def test_what_is_different_in_the_recipes(tmp_path):
    one = wf.Language({"en"}) | wf.GopherQuality(min_words=50) | wf.ExactDedup()
    other = wf.GopherQuality(min_words=80, max_words=None) | wf.Language({"en", "de"}) | wf.Pii()
    for name, pipe in (("a", one), ("b", other)):
        pipe.run(["Water boils."], tmp_path / name, progress=False)
    found = {
        c.name: (c.before, c.after) for c in wf.compare(tmp_path / "a", tmp_path / "b").changes
    }
    assert found["gopher_quality.min_words"] == ("50", "80")
    assert found["gopher_quality.max_words"] == ("100000", "false")
    assert found["language.languages"] == ('["en"]', '["de", "en"]')
    assert found["order"] == ("language, gopher_quality", "gopher_quality, language")
    assert found["exact_dedup"][1] is None
    assert found["pii"][0] is None
    assert len(found) == 6


def test_what_is_different_in_versions_models_and_nested_stages(tmp_path):
    by = {"en": wf.GopherQuality(min_words=60)}
    pipe = wf.Language(None) | wf.ByLanguage(by)
    pipe.run(["Water boils."], tmp_path / "a", progress=False)
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    said = json.loads((tmp_path / "b" / "report.json").read_text("utf-8"))
    said["versions"]["webfilter"] = "9.9"
    said["artifacts"]["language: language_model"] = "other"
    said["recipe"] = said["recipe"].replace("min_words = 60", "min_words = 61")
    said["new field"] = {"of": "a later version"}
    (tmp_path / "b" / "report.json").write_text(json.dumps(said), "utf-8")
    found = {c.name: c.after for c in wf.compare(tmp_path / "a", tmp_path / "b").changes}
    assert found.pop("language: language_model") == "other"
    assert found.pop("webfilter") == "9.9"
    assert found == {"by_language.stages.en.min_words": "61"}


def test_a_rule_of_a_list_or_tier_that_differs_is_named_alone(tmp_path):
    for name, limit in (("a", 30), ("b", 20)):
        tiers = wf.Tiers({"wide": {"words": 1}, "narrow": {"words": limit}})
        pipe = Length() | Judge((Rule("words", ge=5), Rule("words", le=90 * limit))) | tiers
        pipe.run(["Water boils."], tmp_path / name, progress=False)
    found = wf.compare(tmp_path / "a", tmp_path / "b")
    assert {each.name: (each.before, each.after) for each in found.changes} == {
        "judge.judged.2.le": ("2700.0", "1800.0"),
        "tiers.tiers.2.rules.1.ge": ("30.0", "20.0"),
    }


def test_stages_that_no_recipe_can_name_are_told_by_their_repr(runs):
    changes = {each.name: (each.before, each.after) for each in wf.compare(*runs).changes}
    assert changes["vowels.quiet"] == ("True", "False")
    assert changes["length.min_words"] == ("10", "20")
    assert changes["order"] == ("breaks, length", "length, breaks")


def test_what_differs_between_processes_alone_is_no_change():
    docs, reports = [Document("a", "Water boils.")], []
    for order, address, least in (("'en', 'de'", "7f1c", 3), ("'de', 'en'", "66ab", 3),
                                  ("'de', 'fr'", "7f1c", 4)):  # fmt: skip
        pipe = wf.Where(lambda doc: True, reason="nothing") | Length(min_words=1)
        report = Report.of(pipe, pipe(docs))
        report.recipe = "\n".join(
            [
                "# where: no recipe can hold it",
                f"# Where(predicate=<function <lambda> at 0x{address}>, reason='nothing')",
                f"# Length(min_words={least}, known=frozenset({{{order}}}))",
            ]
        )
        reports.append(report)
    assert wf.compare(reports[0], reports[1]).changes == ()
    found = wf.compare(reports[0], reports[2]).changes
    assert [(each.name, each.before, each.after) for each in found] == [
        ("length.min_words", "3", "4"),
        ("length.known", "frozenset({'de', 'en'})", "frozenset({'de', 'fr'})"),
    ]


def test_what_is_no_run_says_so(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "half" / ".journal").mkdir(parents=True)
    (tmp_path / "text").write_text("{}", "utf-8")
    Pipeline((Length(min_words=1),)).run(["Water boils."], tmp_path / "run", progress=False)
    cases = [
        (tmp_path / "empty", SourceError, "no report.json"),
        (tmp_path / "half", SourceError, "interrupted"),
        (tmp_path / "text", SourceError, "no report of webfilter"),
        (tmp_path / "nowhere", SourceError, "nowhere"),
        (7, ConfigError, "7 is no run"),
    ]
    for wrong, error, said in cases:
        for pair in ((wrong, tmp_path / "run"), (tmp_path / "run", wrong)):
            with pytest.raises(error, match=said):
                wf.compare(*pair)
    report = json.loads((tmp_path / "run" / "report.json").read_text("utf-8"))
    (tmp_path / "run" / "report.json").write_text(json.dumps({**report, "version": 2}), "utf-8")
    with pytest.raises(SourceError, match="version 2"):
        wf.compare(tmp_path / "run", tmp_path / "run")


def test_other_files_than_the_reports_are_refused(runs, tmp_path):
    folder = shutil.copytree(runs[1], tmp_path / "run")
    for part in (folder / "dropped").glob("part-*"):
        shutil.copy(part, part.with_name(part.name.replace("part-00000", "part-00001")))
    with pytest.raises(SourceError, match="not the files"):
        wf.compare(folder, runs[1])
    said = json.loads((runs[1] / "report.json").read_text("utf-8"))
    (runs[1] / "altered.json").write_text(json.dumps({**said, "in": said["in"] + 1}), "utf-8")
    with pytest.raises(SourceError, match="not the files"):
        wf.compare(runs[0], runs[1] / "altered.json")


def test_an_interrupted_later_run_is_told(tmp_path):
    Pipeline((Length(min_words=1),)).run(["Water boils."], tmp_path / "run", progress=False)
    (tmp_path / "run" / ".journal").mkdir()
    notes = wf.compare(tmp_path / "run", tmp_path / "run").notes
    assert [note.partition(":")[0] for note in notes if "interrupted" in note] == [
        "before",
        "after",
    ]


def test_runs_with_nothing_in_common(tmp_path):
    for name in "ab":
        (tmp_path / f"{name}.jsonl").write_text(
            json.dumps({"text": f"Water {name} boils."}), "utf-8"
        )
        pipe = Pipeline((Length(min_words=1),))
        pipe.run(wf.read(tmp_path / f"{name}.jsonl"), tmp_path / name, progress=False)
    found = wf.compare(tmp_path / "a", tmp_path / "b")
    assert found.transitions == {"kept -> absent": 1, "absent -> kept": 1}
    assert "1 only before, 1 only after" in found.notes[0]
    assert "no document is in both" in found.notes[1]


def test_texts_are_not_held(tmp_path):
    docs = (Document(f"d{n}", f"{n} water boils " * 800) for n in range(3_000))
    Pipeline((Length(min_words=1, max_words=None),)).run(docs, tmp_path / "run", progress=False)
    wf.compare(tmp_path / "run", tmp_path / "run")
    tracemalloc.start()
    wf.compare(tmp_path / "run", tmp_path / "run")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30_000_000  # of 48 MB; one block of rows is 16 MB


def test_wrong_questions(runs):
    found = wf.compare(*runs, examples=1)
    with pytest.raises(UnknownName, match="did you mean 'kept -> dropped'"):
        found.examples("kept -> droped")
    for wrong in (-1, 1.5, True):
        with pytest.raises(ConfigError, match="whole number"):
            found.examples("kept -> dropped", wrong)
        with pytest.raises(ConfigError, match="whole number"):
            wf.compare(*runs, examples=wrong)
    assert wf.compare(*runs, examples=0).drawn == ()


def test_the_command_line(runs, tmp_path, capsys):
    argv = ["compare", *map(str, runs)]
    truth_ = wf.compare(*runs)
    assert main(argv) == 0
    assert capsys.readouterr().out == f"{truth_}\n"
    for option in (["--json"], ["--as", "json"]):
        assert main([*argv, *option]) == 0
        said = json.loads(capsys.readouterr().out)
        assert said == json.loads(json.dumps(truth_.to_dict()))
        assert sum(said["transitions"].values()) == 400
    page = tmp_path / "page.html"
    assert main([*argv, "--html", str(page), "-n", "2"]) == 0
    assert page.read_text("utf-8") == wf.compare(*runs, examples=2).to_html()
    capsys.readouterr()
    for wrong, said in (
        ([*argv, "--html", str(page)], "--overwrite"),
        (["compare", str(runs[0]), str(tmp_path)], "no report.json"),
    ):
        assert main(wrong) == 2
        assert said in capsys.readouterr().err


def test_of_many_rules_those_are_shown_that_took_out_the_most():
    rules = tuple(RuleChange("mine", f"r{n}", "dropped", ("", ""), (n, n + 1)) for n in range(70))
    counts = {name: (1, 1) for name in ("in", "kept", "dropped", "failed")}
    found = Comparison(("a", "b"), counts, (), 0, rules, ())
    assert found.largest == list(rules[10:])
    assert "  and 10 more rules" in str(found).splitlines()
    assert "And 10 more rules." in found.to_html()
    assert len(found.to_dict()["rules"]) == 70


def test_the_text_tells_every_difference():
    def ran(pipe, made):
        docs = [
            Document(name, text, url=url, signals={"good": good, "words": words})
            for name, text, url, good, words in made
        ]
        return Report.of(pipe, pipe(docs))

    both = [
        ("a", "Water boils.", None, 1, 20),
        ("b", "Iron rusts.", "https://b.example/", 1, 10),
        ("c", "Salt melts ice.", None, 2, 9),
        ("d", "Ice floats.", None, 3, 50),
        ("g", "x y", None, 5, 100),
    ]
    sun = "The sun is {} star, and so on."
    before = ran(
        Judge((Rule("words", ge=8, le=90), Rule("good", ge=1)), given=True),
        [*both, ("e", sun.format("a"), None, 3, 50), ("f", "x", None, 0, 50)],
    )
    after = ran(
        Judge((Rule("words", ge=12), Rule("good", ge=2)), given=True) | Length(min_words=2),
        [*both, ("e", sun.format("no"), None, 3, 50), ("h", "x y", None, 5, 100)],
    )
    found = wf.compare(before, after)
    assert repr(found) == "Comparison('in memory' -> 'in memory': 5 -> 4 kept, 3 lost, 2 gained)"
    named = Comparison(("one", "two"), found.counts, (), 0, (), (), ("Noted.",))
    assert str(named).splitlines()[:2] == ["before: one", "after:  two"]
    assert repr(named).startswith("Comparison('one' -> 'two'")
    assert str(named).endswith("\n\nNoted.")
    blocks = [
        [re.split("  +", line.strip()) for line in block.splitlines()]
        for block in str(found).split("\n\n")
    ]
    assert [block[0][0] for block in blocks[6:]] == [
        "rewritten: 1 document",
        "kept -> dropped: 3 documents",
        "dropped -> kept: 1 document",
        "dropped -> absent: 1 document",
        "absent -> kept: 1 document",
    ]
    assert blocks[1][:6] == [
        ["before", "after", "change"],
        ["in", "7", "7", "0"],
        ["kept", "5", "4", "-1"],
        ["dropped", "2", "3", "+1"],
        ["failed", "0", "0", "0"],
        ["characters kept", "78", "47", "-31"],
    ]
    assert blocks[2][1:4] == [
        ["judge.judged.1.ge", "8.0 -> 12.0"],
        ["judge.judged.1.le", "only before: 90.0"],
        ["judge.judged.2.ge", "1.0 -> 2.0"],
    ]
    assert blocks[2][4][1].startswith('only after: use = "length"')
    assert blocks[3][1:] == [
        ["kept -> kept", "2", "25.0 %"],
        ["kept -> dropped", "3", "37.5 %"],
        ["dropped -> kept", "1", "12.5 %"],
        ["dropped -> absent", "1", "12.5 %"],
        ["absent -> kept", "1", "12.5 %"],
        ["rewritten, of those kept", "1"],
    ]
    assert sorted(blocks[4][2:]) == [
        ["absent", "-> kept", "1"],
        ["judge good <", "-> absent", "1"],
        ["judge words >", "-> kept", "1"],
        ["kept", "-> judge good <", "1"],
    ]
    assert blocks[4][1] == ["kept", "-> judge words <", "2"]
    assert blocks[5][1:] == [
        ["stage", "rule", "limit", "before", "after", "change"],
        ["judge", "good <", "1 -> 2", "1", "1", "0"],
        ["judge", "words >", "90 -> -", "1", "0", "-1"],
        ["judge", "words <", "- -> 12", "0", "2", "+2"],
    ]
    assert blocks[6][1:] == [["e"], [sun.format("a")], [sun.format("no")]]
    shown = {block[n][0]: block[n : n + 2] for block in blocks[7:] for n in range(1, len(block), 2)}
    assert shown == {
        "a": [["a", "judge: good 1 < 2; 1 before"], ["Water boils."]],
        "https://b.example/": [
            ["https://b.example/", "judge: words 10 < 12; 10 before"], ["Iron rusts."],
        ],
        "c": [["c", "judge: words 9 < 12; 9 before"], ["Salt melts ice."]],
        "g": [["g", "judge: words 100 > 90; 2 after"], ["x y"]],
        "f": [["f", "judge: good 0 < 1"], ["x"]],
        "h": [["h"], ["x y"]],
    }  # fmt: skip


def test_of_long_texts_the_place_is_shown_where_they_begin_to_differ():
    start = "".join(f"{n} " for n in range(400))
    runs = [
        Report.of(Length(), Length()([Document("a", f"{start}{end}")]))
        for end in ("old end", "new end", "")
    ]
    [case] = wf.compare(runs[0], runs[1]).examples("rewritten")
    lead = case.excerpt.removesuffix("old end")
    assert start.endswith(lead.strip() + " ")
    assert case.rewritten == f"{lead}new end"
    assert 10 < len(lead) < 100
    [cut] = wf.compare(runs[0], runs[2]).examples("rewritten")
    assert cut.rewritten
    assert cut.excerpt == f"{cut.rewritten} old end"
