"""`Where`, and the fingerprints of pipelines with functions."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from webfilter import Pipeline, RunError, Sandboxed
from webfilter.compose import Where
from webfilter.document import Document
from webfilter.errors import ConfigError
from webfilter.identity import canonical
from webfilter.testing import check_stage


def is_long(doc):
    return len(doc.text) > 20


def judged(predicate, *texts, reason="too short"):
    pipe = Pipeline((Where(predicate, reason=reason),))
    return pipe([Document(str(k), text) for k, text in enumerate(texts)])


def test_the_contract():
    check_stage(Where(is_long, reason="too short"))


def test_documents_for_which_it_says_true_are_kept():
    kept, dropped = judged(lambda doc: len(doc.text) > 3, "long enough", "no")
    assert kept.live
    assert dict(kept.signals) == {"where_too_short": False}
    assert dropped.verdict.reason == "too short"
    assert (dropped.verdict.stage, dropped.verdict.kind) == ("where", "dropped")
    assert str(dropped.verdict) == "where: too short"
    assert dict(dropped.signals) == {"where_too_short": True}


def test_numpy_says_true_too_and_none_is_no_opinion():
    found = judged(lambda doc: {"t": np.True_, "f": np.False_}.get(doc.text), "t", "f", "?")
    assert [doc.live for doc in found] == [True, False, True]
    assert found[2].signals["where_too_short"] is None


@pytest.mark.parametrize(
    "said", [0, 1, "yes", "", 0.5, [], [1], float("nan"), np.array([True]), np.int64(1)]
)
def test_anything_else_fails_that_document_alone(said):
    good, bad = judged(lambda doc: True if doc.text == "good" else said, "good", "bad")
    assert good.live
    assert bad.verdict.kind == "failed"
    assert "too short" in bad.verdict.reason


def test_what_it_raises_fails_that_document_alone():
    good, bad = judged(lambda doc: 1 / len(doc.text) < 2, "good", "")
    assert good.live
    assert (bad.verdict.kind, bad.verdict.stage) == ("failed", "where")
    assert bad.verdict.reason == "ZeroDivisionError: division by zero"


def test_several_have_signals_of_their_own():
    pipe = Where(is_long, reason="too short") | Where(is_long, reason="Zu kurz!") | Where(
        lambda doc: doc.signals["where_too_short"] is False, "never"
    )  # fmt: skip
    assert pipe.names == ("where", "where_2", "where_3")
    assert [s.name for s in pipe.signals] == ["where_too_short", "where_zu_kurz", "where_never"]
    assert all(doc.live for doc in pipe([Document("a", "x" * 30)]))


def test_it_is_explained(tmp_path):
    pipe = Pipeline((Where(lambda doc: len(doc.text) > 100, reason="too short"),))
    said = pipe.explain(text="short")
    assert said.decision == "dropped by where: too short"
    assert said.deciding.signal == "where_too_short"
    verdict = pipe([Document("a", "short")])[0].verdict
    assert (verdict.value, verdict.limit) == (True, 0.0)


def test_a_run_reports_the_reason_and_needs_no_recipe(tmp_path):
    pipe = Pipeline((Where(lambda doc: "x" in doc.text, reason="no x"),))
    report = pipe.run(["x", "y", "xy"], out=tmp_path / "out")
    assert (report.kept, report.dropped, report.failed) == (2, 1, 0)
    assert "no x" in str(report)


@pytest.mark.parametrize(
    ("given", "match"),
    [
        (("len(text)", "too short"), "predicate = 'len.text.' is not a function"),
        ((is_long, "..."), "reason = '...' says nothing"),
        ((is_long, ""), "reason = '' says nothing"),
        ((is_long, 3), "reason = 3 does not fit"),
    ],
)
def test_what_cannot_be_built_says_why(given, match):
    with pytest.raises(ConfigError, match=match):
        Where(*given)


def test_a_recipe_cannot_hold_it(monkeypatch):
    from webfilter import catalog

    monkeypatch.setitem(catalog.STAGES, "where", "webfilter.compose:Where")
    with pytest.raises(ConfigError, match="where: a recipe cannot hold <function"):
        Pipeline((Where(lambda doc: True, reason="x"),)).to_toml()
    with pytest.raises(ConfigError, match="where: predicate = 'x' is not a function"):
        Pipeline.from_toml('[[stage]]\nuse = "where"\npredicate = "x"\nreason = "y"\n')
    with pytest.raises(ConfigError, match="where: no value for predicate, reason, and no default"):
        Pipeline.from_toml('[[stage]]\nuse = "where"\n')


def test_a_lambda_travels_to_workers(tmp_path):
    least = 3
    pipe = Pipeline((Where(lambda doc: len(doc.text) > least, reason="too short"),))
    report = pipe.run(["four", "one", "three"], kept=tmp_path / "kept", workers=2)
    assert (report.kept, report.dropped, report.failed) == (2, 1, 0)


def test_without_cloudpickle_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "cloudpickle", None)
    pipe = Pipeline((Where(lambda doc: True, reason="too short"),))
    with pytest.raises(RunError, match=r'workers=1 needs none.*pip install "webfilter\[workers\]"'):
        pipe.run(["four"], kept=tmp_path / "kept", workers=2)
    with pytest.raises(RunError, match=r"^sandboxed: .*webfilter\[workers\]\"$"):  # of no other use
        Pipeline((Sandboxed(*pipe.steps),)).run(["four"], kept=tmp_path / "kept")
    named = Pipeline((Where(is_long, reason="too short"),))
    assert named.run(["four"], kept=tmp_path / "k", workers=2).dropped == 1


def test_functions_in_a_script_travel_too(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import webfilter as wf\n"
        "from webfilter.compose import Where\n"
        "def short(doc):\n    return len(doc.text) < LIMIT\n"
        "LIMIT = 4\n"
        "pipe = wf.Pipeline((Where(short, reason='too long'),))\n"
        f"report = pipe.run(['one', 'three'], kept={str(tmp_path / 'kept')!r}, workers=2)\n"
        "print(report.kept, report.dropped, report.failed)\n"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, sys.path))}
    done = subprocess.run(
        [sys.executable, script], env=env, capture_output=True, text=True, timeout=120
    )
    assert done.stdout.splitlines()[-1:] == ["1 1 0"], done.stderr


LIMIT = 10
WORDS = re.compile("a+")


def helper(doc):
    return len(doc.text) > LIMIT


def calls_helper(doc):
    return helper(doc)


def recursive(doc, depth=3):
    return depth == 0 or recursive(doc, depth - 1)


@dataclass
class Plain:
    least: int


class Longer:
    def __init__(self, least):
        self.least = least

    def __call__(self, doc):
        return len(doc.text) > self.least

    def test(self, doc):
        return len(doc.text) > self.least


def above(least):
    return lambda doc: len(doc.text) > least


def printed(predicate):
    return Pipeline((Where(predicate, reason="x"),)).fingerprint()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (lambda doc: len(doc.text) > 100, lambda doc: len(doc.text) > 101),
        (lambda doc: len(doc.text) > 100, lambda doc: len(doc.text) < 100),
        (lambda doc: len(doc.text) > 1, lambda doc: len(doc.text) > 1.0),
        (lambda doc: doc.text == "a", lambda doc: doc.text == "b"),
        (lambda doc: doc.text, lambda doc: doc.url),
        (lambda doc: doc.text in {"a", "b"}, lambda doc: doc.text in {"a", "c"}),
        (lambda doc, k=1: k > 0, lambda doc, k=2: k > 0),
        (lambda doc, *, k=1: k > 0, lambda doc, *, k=2: k > 0),
        (lambda doc: any(c == "a" for c in doc.text), lambda doc: any(c == "b" for c in doc.text)),
        (above(1), above(2)),
        (above([1]), above([2])),
        (above(Path("a")), above(Path("b"))),
        (partial(recursive, depth=1), partial(recursive, depth=2)),
        (Longer(1), Longer(2)),
        (Longer(1).test, Longer(2).test),
        (len, str.isupper),
        (Plain, Longer),
    ],
)
def test_different_functions_have_different_fingerprints(one, other):
    assert printed(one) != printed(other)


@pytest.mark.parametrize(
    "make",
    [
        lambda: lambda doc: doc.text in {"a", "b", "c"} and any(c for c in doc.text),
        lambda: above(3),
        lambda: Longer(3),
        lambda: Longer(3).test,
        lambda: partial(is_long),
        lambda: recursive,
        lambda: above(Longer(3)),
        lambda: above(WORDS),
    ],
)
def test_equal_functions_have_equal_ones_also_after_use(make):
    one = make()
    before = printed(one)
    for _ in range(5_000):
        one(Document("a", "a" * 50)) if not hasattr(one, "__closure__") else None
    assert printed(one) == printed(make()) == before


def test_long_patterns_count_whole():
    parts = [f"word{n:04d}" for n in range(60)]
    one, other, flagged = (
        re.compile("|".join(parts)),
        re.compile("|".join([*parts[:-1], "other"])),
        re.compile("|".join(parts), re.IGNORECASE),
    )
    for told in (canonical, lambda p: canonical(lambda doc: p.search(doc.text) is None)):
        assert told(one) == told(re.compile("|".join(parts)))
        assert len({str(told(p)) for p in (one, other, flagged)}) == 3


def test_what_a_function_takes_from_its_module_counts(monkeypatch):
    before = printed(calls_helper), printed(is_long)
    monkeypatch.setitem(globals(), "LIMIT", 11)
    assert printed(calls_helper) != before[0]
    assert printed(is_long) == before[1]
    assert "0x" not in str(canonical(above(Longer(1))))


def test_the_fingerprint_is_the_same_in_another_process(tmp_path):
    script = (
        "from webfilter import Judge, Pipeline, Rule, Where\n"
        "own = Where(lambda doc: doc.text in {'a', 'b', 'c', 'd'}, reason='x')\n"
        "p = own | Judge((Rule('s', isin=set('abcdefgh')),), given=True)\n"
        "print(p.fingerprint())\n"
    )
    (tmp_path / "script.py").write_text(script)
    found = set()
    for seed in "12":
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(
            [sys.executable, tmp_path / "script.py"],
            env=env, capture_output=True, text=True, check=True,
        )  # fmt: skip
        found.add(done.stdout)
    assert len(found) == 1


STAGE = """
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar
import webfilter as wf

LIMIT = 3

class Base(wf.Transform):
    WORDS = ("a", "b")

    @property
    def most(self):
        return 5

@dataclass(frozen=True)
class Mine(Base):
    "About it."
    name: ClassVar[str] = "mine"
    cut: int = 1

    @cached_property
    def table(self):
        return {"x": LIMIT}

    @staticmethod
    def trimmed(text):
        return text[:9]

    def transform(self, doc):
        return self.trimmed(doc.text), {}

    def __getitem__(self, place):
        return place + 1
"""


def stage_print(code):
    names = {"__name__": "__main__"}
    exec(code, names)
    return Pipeline((names["Mine"](),)).fingerprint()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("text[:9]", "text[:8]"), ("LIMIT = 3", "LIMIT = 4"), ('{"x": LIMIT}', '{"y": LIMIT}'),
        ("return 5", "return 6"), ('("a", "b")', '("a", "c")'), ("cut: int = 1", "cut: int = 2"),
        ("place + 1", "place + 2"),
    ],
)  # fmt: skip
def test_the_fingerprint_follows_the_code_of_stages_of_ones_own(old, new):
    assert stage_print(STAGE.replace(old, new)) != stage_print(STAGE)


@pytest.mark.parametrize(("old", "new"), [("About it.", "Of it."), ("LIMIT = 3", "LIMIT = 3\n\n")])
def test_words_and_places_do_not_change_the_fingerprint(old, new):
    assert stage_print(STAGE.replace(old, new)) == stage_print(STAGE)
